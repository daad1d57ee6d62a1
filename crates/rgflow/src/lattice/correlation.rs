//! Two-point functions along the axes of a lattice, by FFT (thesis section 3.1).
//!
//! By the theorem of Wiener and Khinchin the sum over x of s(x) s(x + r) along a closed line is the inverse transform
//! of its power spectrum. Two lines share a complex transform: the real part of the result is the sum of both.

use std::sync::Arc;

use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlannerScalar};

use super::Lattice;
use super::improved::wave_axes;

/// Sums of s(x) s(x + r) along every axis of a lattice; of none where it is not translation invariant.
pub(super) struct Correlator {
    n_sites: usize,
    axes: Vec<Axis>,
}

struct Axis {
    /// Distance of the numbers of neighbouring sites.
    stride: usize,
    forward: Arc<dyn Fft<f64>>,
    inverse: Arc<dyn Fft<f64>>,
    line: Vec<Complex<f64>>,
    scratch: Vec<Complex<f64>>,
    power: Vec<f64>,
}

impl Correlator {
    pub fn new<L: Lattice + ?Sized>(lattice: &L) -> Self {
        // The scalar planner, because the others choose their arithmetic by the CPU.
        let mut planner = FftPlannerScalar::new();
        let mut stride = 1;
        let extents = if lattice.is_translation_invariant() { lattice.extents() } else { Vec::new() };
        let axes = extents.into_iter().map(|extent| {
            let (forward, inverse) = (planner.plan_fft_forward(extent), planner.plan_fft_inverse(extent));
            let zero = Complex::new(0.0, 0.0);
            let scratch = forward.get_inplace_scratch_len().max(inverse.get_inplace_scratch_len());
            let axis = Axis {
                stride,
                forward,
                inverse,
                line: vec![zero; extent],
                scratch: vec![zero; scratch],
                power: vec![0.0; extent],
            };
            stride *= extent;
            axis
        });
        Self { axes: axes.collect(), n_sites: lattice.n_sites() }
    }

    /// Adds one configuration.
    pub fn add(&mut self, spins: &[i8]) {
        for axis in &mut self.axes {
            let extent = axis.line.len();
            // Line number l begins at the site whose coordinate on the axis is 0.
            let begin = |l: usize| l / axis.stride * axis.stride * extent + l % axis.stride;
            let n_lines = self.n_sites / extent;
            for first in (0..n_lines).step_by(2) {
                let (a, b) = (begin(first), (first + 1 < n_lines).then(|| begin(first + 1)));
                for (x, value) in axis.line.iter_mut().enumerate() {
                    let at = |start: usize| f64::from(spins[start + x * axis.stride]);
                    *value = Complex::new(at(a), b.map_or(0.0, at));
                }
                axis.forward.process_with_scratch(&mut axis.line, &mut axis.scratch);
                for (p, v) in axis.power.iter_mut().zip(&axis.line) {
                    *p += v.norm_sqr();
                }
            }
        }
    }

    /// The sums over all sites of the configurations since the last call, one value of s(x) s(x + r) per site: appended
    /// to `out` for r = 0 .. L/2 of each axis in turn.
    pub fn take(&mut self, out: &mut Vec<f64>) {
        for axis in &mut self.axes {
            let extent = axis.line.len();
            for (value, p) in axis.line.iter_mut().zip(&mut axis.power) {
                *value = Complex::new(std::mem::take(p), 0.0);
            }
            axis.inverse.process_with_scratch(&mut axis.line, &mut axis.scratch);
            let per_site = (extent * self.n_sites) as f64;
            out.extend(axis.line[..=extent / 2].iter().map(|v| v.re / per_site));
        }
    }
}

/// Correlations of the walls of sites with one coordinate on an axis of waves: C(r) = sum over x of W(x) W(x + r)/N, W
/// the sum of the spins of a wall, so that the structure factor is S(k) = sum over r of C(r) cos kr. The mean over
/// these axes.
pub(super) struct WallCorrelator {
    strides: Vec<usize>,
    n_sites: usize,
    forward: Arc<dyn Fft<f64>>,
    inverse: Arc<dyn Fft<f64>>,
    sums: Vec<i64>,
    line: Vec<Complex<f64>>,
    power: Vec<f64>,
}

impl WallCorrelator {
    pub fn new<L: Lattice + ?Sized>(lattice: &L) -> Self {
        let axes = wave_axes(lattice);
        let extent = axes.first().map_or(1, |axis| axis.phases.len());
        let mut planner = FftPlannerScalar::new();
        Self {
            strides: axes.iter().map(|axis| axis.stride).collect(),
            n_sites: lattice.n_sites(),
            forward: planner.plan_fft_forward(extent),
            inverse: planner.plan_fft_inverse(extent),
            sums: vec![0; extent],
            line: vec![Complex::new(0.0, 0.0); extent],
            power: vec![0.0; extent],
        }
    }

    /// Adds one configuration.
    pub fn add(&mut self, spins: &[i8]) {
        let extent = self.sums.len();
        for stride in &self.strides {
            self.sums.fill(0);
            for (line, spins) in spins.chunks_exact(*stride).enumerate() {
                self.sums[line % extent] += spins.iter().map(|&s| i64::from(s)).sum::<i64>();
            }
            self.line.iter_mut().zip(&self.sums).for_each(|(v, &s)| *v = Complex::new(s as f64, 0.0));
            self.forward.process(&mut self.line);
            self.power.iter_mut().zip(&self.line).for_each(|(p, v)| *p += v.norm_sqr());
        }
    }

    /// Appends the sums over the configurations since the last call to `out`: C(r) for r = 0 .. L/2.
    pub fn take(&mut self, out: &mut Vec<f64>) {
        let extent = self.sums.len();
        for (value, p) in self.line.iter_mut().zip(&mut self.power) {
            *value = Complex::new(std::mem::take(p), 0.0);
        }
        self.inverse.process(&mut self.line);
        let per = (extent * self.n_sites * self.strides.len()) as f64;
        out.extend(self.line[..=extent / 2].iter().map(|v| v.re / per));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lattice::Geometry;

    #[test]
    fn sums_are_those_of_the_definition() {
        for (name, extents) in [("ring", vec![7]), ("square", vec![3, 5]), ("cubic", vec![3, 4, 2])] {
            let lattice = Geometry::new(name, &extents).unwrap();
            let n = lattice.n_sites();
            let spins = |c: usize| (0..n).map(move |i| if (i * i + 3 * i * c + c) % 7 < 3 { 1i8 } else { -1 });
            let mut correlator = Correlator::new(&lattice);
            let mut seen = Vec::new();
            (0..3).for_each(|c| correlator.add(&spins(c).collect::<Vec<_>>()));
            correlator.take(&mut seen);
            let mut expected = Vec::new();
            let mut stride = 1;
            for &extent in &extents {
                for r in 0..=extent / 2 {
                    let mut sum = 0;
                    for c in 0..3 {
                        let s: Vec<i8> = spins(c).collect();
                        for i in 0..n {
                            let x = i / stride % extent;
                            sum += i32::from(s[i] * s[i - x * stride + (x + r) % extent * stride]);
                        }
                    }
                    expected.push(f64::from(sum) / n as f64);
                }
                stride *= extent;
            }
            assert_eq!(seen.len(), expected.len());
            assert!(seen.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-12), "{seen:?} {expected:?}");
            let mut none = Vec::new();
            correlator.take(&mut none);
            assert!(none.iter().all(|v| *v == 0.0));
        }
    }
}
