//! Points that are known as value and error alone, such as those of a published table.

use super::Point;

/// A measured value of one lattice at one temperature.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// L in sites.
    pub size: usize,
    /// T in J/k_B, above 0.
    pub t: f64,
    /// The value.
    pub value: f64,
    /// Its standard error, above 0.
    pub error: f64,
}

/// The points of independent measurements, with replicas as [`collapse`](super::collapse) takes them.
///
/// Replicas stand for the blocks that are not known: in the replica b the value i is moved by its error times
/// h_ib/sqrt(B - 1), with the rows of a Hadamard matrix h of B > n columns, a power of two (balanced half-samples:
/// McCarthy, Rev. Int. Stat. Inst. 37 (1969) 239). The rows are orthogonal to each other and to a constant, so the
/// jackknife of a smooth function of the values has the error of linear propagation, sqrt(sum of (df/dy_i dy_i)^2), and
/// no bias.
///
/// ```
/// use rgflow::scaling::{Measured, points};
/// let at = |size, value, error| Measured { size, t: 2.3, value, error };
/// let seen = points(&[at(8, 0.6, 0.003), at(16, 0.5, 0.004)]);
/// // The sum of both: 1.1 +- 0.005.
/// let sum: Vec<f64> = (0..5).map(|b| seen[0].values[b] + seen[1].values[b]).collect();
/// let error = rgflow::reweighting::estimate(&sum).error;
/// assert!((sum[0] - 1.1).abs() < 1e-15 && (error - 0.005).abs() < 1e-15);
/// ```
pub fn points(measured: &[Measured]) -> Vec<Point> {
    let n_blocks = (measured.len() + 1).next_power_of_two().max(4);
    let sign = |i: usize, b: usize| if (i & b).count_ones().is_multiple_of(2) { 1.0 } else { -1.0 };
    let by = 1.0 / ((n_blocks - 1) as f64).sqrt();
    let point = |(i, m): (usize, &Measured)| {
        let moved = (0..n_blocks).map(|b| m.value + m.error * by * sign(i + 1, b));
        Point { size: m.size, t: m.t, values: std::iter::once(m.value).chain(moved).collect() }
    };
    measured.iter().enumerate().map(point).collect()
}
