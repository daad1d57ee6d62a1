//! Pictures of samples: shape and colours.

use crate::dataset::{Dataset, Kind};
use crate::record::{Lattice, Shades};
use rgflow::rbm::Units;

/// A picture of the values of visible units, in the data's own units.
pub fn picture(data: &Dataset, values: &[f32], label: String) -> Lattice {
    Lattice { label, width: width(data), values: values.to_vec() }
}

/// Colours for values of visible units: grey from 0 to 1 for bits and grey levels, otherwise diverging; for real
/// numbers up to the largest value of `pictures`.
pub fn shades(data: &Dataset, units: &Units, pictures: &[Vec<Lattice>]) -> Shades {
    match units.range() {
        _ if matches!(data.kind, Kind::Bits | Kind::Grey) => Shades::grey(),
        Some((low, high)) => Shades { low, high, ..Shades::default() },
        None => Shades::symmetric(pictures.iter().flatten(), &Shades::default().what),
    }
}

/// Length of a row of the picture of a sample.
pub fn width(data: &Dataset) -> usize {
    match data.shape.as_slice() {
        [] => 1,
        // Samples without a shape are drawn as nearly square as possible.
        [n] => (1..=*n).rev().find(|w| n.is_multiple_of(*w) && w * w <= *n).map_or(*n, |w| n / w),
        many => many[many.len() - 1],
    }
}
