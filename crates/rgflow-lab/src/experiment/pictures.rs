//! Pictures of samples: shape and colours.

use crate::dataset::Dataset;
use crate::record::Lattice;
use rgflow::rbm::Units;

/// A picture of values of visible units; colours run from the low to the high value (from -1 to 1 for Gaussian units).
pub(super) fn picture(data: &Dataset, units: &Units, values: &[f32], label: String) -> Lattice {
    let (low, high) = units.levels().map_or((-1.0, 1.0), |l| (l.low(), l.high()));
    let scaled = values.iter().map(|v| (2.0 * (v - low) / (high - low) - 1.0).clamp(-1.0, 1.0)).collect();
    Lattice { label, width: width(data), values: scaled }
}

/// Length of a row of the picture of a sample.
pub(super) fn width(data: &Dataset) -> usize {
    match data.shape.as_slice() {
        [] => 1,
        // Samples without shape: as square as can be.
        [n] => (1..=*n).rev().find(|w| n.is_multiple_of(*w) && w * w <= *n).map_or(*n, |w| n / w),
        many => many[many.len() - 1],
    }
}
