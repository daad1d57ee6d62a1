//! Exponents from an observable of block spins and of spins, such as the output of a network (Bachtis, Aarts and Lucini
//! 2021; thesis appendix B).
//!
//! One observable f is read on configurations of a lattice of b times the size after a block-spin step, f', and on
//! those of the smaller lattice. f'(beta) = f(beta') defines beta'; at the critical point both curves cross, and B.9
//! follows from their slopes, nu = ln b/ln(s'/s), s = d\<f>/d beta = cov(f, E) with E the sum of s_i s_j over bonds:
//! neither a fit nor a numerical derivative is needed. A field Y coupled to X, weight e^{Y X}, gives theta = ln
//! b/ln(dY'/dY) (B.11), dY'/dY = cov(f', X')/cov(f, X).

mod field;
mod patches;
mod reading;

pub use field::{InField, field_curve, field_rows, in_field, theta};
pub(crate) use patches::sum_of_patches;
pub use patches::{PATTERNS, of_parity, patches, turned};
pub use reading::{Level, LevelReadings, Observable, Plan, Readings};

use ndarray::Array2;

use crate::reweighting::Support;
use crate::reweighting::histogram::OVERLAP;
use crate::statistics::{Estimate, jackknife};

/// Blocks of the jackknife.
pub const BLOCKS: usize = 100;

/// An observable on the configurations of one lattice, in the order of its chains.
#[derive(Clone, Copy, Debug)]
pub struct Series<'a> {
    /// The observable.
    pub f: &'a [f32],
    /// Sum of s_i s_j over the bonds of the configuration that was sampled (before any block spins).
    pub energy: &'a [f64],
}

/// Errors of exponents from samples.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NeuralError {
    /// Reweighting would leave the samples.
    #[error(
        "reweighting by {shift:.4} in beta leaves {n_eff:.0} of {n} configurations, less than a tenth: sample nearer \
         to the crossing, or more"
    )]
    Overlap {
        /// Shift in beta.
        shift: f64,
        /// Configurations that still count.
        n_eff: f64,
        /// Their number.
        n: usize,
    },
    /// Reweighting to where configurations that were not drawn may weigh much.
    #[error(
        "reweighting by {shift:.4} in beta: one configuration beyond the outermost would carry {:.0} % of all \
         weights; sample nearer to the crossing, or more", 100.0 * .beyond
    )]
    Support {
        /// Shift in beta.
        shift: f64,
        /// Share of all weights of one configuration beyond the outermost.
        beyond: f64,
    },
    /// Curves that do not cross, or too few configurations.
    #[error("{0}")]
    Undefined(String),
}

/// Sums of one lattice at a shift: block means of w, w f, w x and w f x, x = E - mean of E, w = e^{shift x}.
fn weighted(series: &Series, shift: f64) -> Result<Array2<f64>, NeuralError> {
    let n = series.f.len().min(series.energy.len());
    if n < 2 * BLOCKS {
        return Err(NeuralError::Undefined(format!("{n} configurations: at least {} are needed", 2 * BLOCKS)));
    }
    let mean = series.energy[..n].iter().sum::<f64>() / n as f64;
    let mut rows = Array2::zeros((BLOCKS, 4));
    let mut weights = Vec::with_capacity(n);
    for block in 0..BLOCKS {
        let range = block * n / BLOCKS..(block + 1) * n / BLOCKS;
        let size = range.len() as f64;
        for i in range {
            let (f, x) = (f64::from(series.f[i]), series.energy[i] - mean);
            let w = libm::exp(shift * x);
            weights.push(w);
            for (k, value) in [w, w * f, w * x, w * f * x].into_iter().enumerate() {
                rows[[block, k]] += value / size;
            }
        }
    }
    let least = OVERLAP * n as f64;
    let Support { n_eff, beyond, .. } = match Support::of_one(&weights, &series.energy[..n]) {
        support if support.holds(least) => return Ok(rows),
        support => support,
    };
    Err(if n_eff < least { NeuralError::Overlap { shift, n_eff, n } } else { NeuralError::Support { shift, beyond } })
}

/// <f> and d<f>/d beta from means of w, w f, w x, w f x.
fn mean_and_slope(means: &[f64]) -> (f64, f64) {
    let [w, f, x, fx] = [means[0], means[1], means[2], means[3]];
    (f / w, fx / w - f * x / (w * w))
}

fn whole(rows: &Array2<f64>) -> Vec<f64> {
    rows.mean_axis(ndarray::Axis(0)).map_or_else(Vec::new, |m| m.to_vec())
}

/// Mean, d\<f>/d beta and share of configurations that count of `series` at a shift in beta.
///
/// # Errors
/// [`NeuralError::Overlap`] where fewer than a tenth count, [`NeuralError::Support`] where those that were not drawn
/// may weigh much.
pub fn reweighted(series: &Series, shift: f64) -> Result<(Estimate, Estimate), NeuralError> {
    let rows = weighted(series, shift)?;
    Ok((jackknife(rows.view(), |m| mean_and_slope(m).0), jackknife(rows.view(), |m| mean_and_slope(m).1)))
}

/// Where f' of block spins and f cross, and what follows.
#[derive(Clone, Copy, Debug)]
pub struct Crossing {
    /// beta* less the beta of the samples, with its statistical error: that of \<f'> - \<f> over |s' - s|.
    pub shift: Estimate,
    /// nu at the crossing.
    pub nu: Estimate,
    /// nu from the slopes at the beta of the samples.
    pub nu_here: Estimate,
}

/// Crossings of several observables (networks) on the same samples, and the mean of nu over them with the statistical
/// error that they share. `large`: on block spins of the larger lattice, `small`: on the smaller one; each pair is one
/// observable.
///
/// # Errors
/// [`NeuralError`] if there are no observables, curves do not cross within reach, or slopes are not positive.
pub fn crossings(b: usize, pairs: &[(Series, Series)]) -> Result<(Vec<Crossing>, Estimate), NeuralError> {
    let ln_b = libm::log(b as f64);
    let nu_of = |l: &[f64], s: &[f64]| ln_b / libm::log(mean_and_slope(l).1 / mean_and_slope(s).1);
    let mut found = Vec::new();
    let (mut all_large, mut all_small): (Vec<Array2<f64>>, Vec<Array2<f64>>) = (vec![], vec![]);
    for (large, small) in pairs {
        let here = (weighted(large, 0.0)?, weighted(small, 0.0)?);
        let mut shift = 0.0;
        let mut at = here.clone();
        for _ in 0..20 {
            let ((f_, s_), (f, s)) = (mean_and_slope(&whole(&at.0)), mean_and_slope(&whole(&at.1)));
            if s_ - s <= 0.0 || s <= 0.0 {
                return Err(NeuralError::Undefined(format!(
                    "slopes of f' and f are {s_:.4} and {s:.4}: f' must be steeper than f and both must rise with beta"
                )));
            }
            let step = (f - f_) / (s_ - s);
            shift += step;
            at = (weighted(large, shift)?, weighted(small, shift)?);
            if step.abs() < 1e-10 {
                break;
            }
        }
        let difference = two(&at.0, &at.1, |l, s| mean_and_slope(l).0 - mean_and_slope(s).0);
        let slopes = mean_and_slope(&whole(&at.0)).1 - mean_and_slope(&whole(&at.1)).1;
        found.push(Crossing {
            shift: Estimate { value: shift, error: difference.error / slopes, n_eff: BLOCKS as f64 },
            nu: two(&at.0, &at.1, nu_of),
            nu_here: two(&here.0, &here.1, nu_of),
        });
        all_large.push(at.0);
        all_small.push(at.1);
    }
    if found.is_empty() {
        return Err(NeuralError::Undefined("no observable".into()));
    }
    let joined = |rows: &[Array2<f64>]| {
        let views: Vec<_> = rows.iter().map(|rows| rows.view()).collect();
        ndarray::concatenate(ndarray::Axis(1), &views).expect("all have the same blocks")
    };
    let n = found.len() as f64;
    let mean = two(&joined(&all_large), &joined(&all_small), |l, s| {
        l.chunks_exact(4).zip(s.chunks_exact(4)).map(|(l, s)| nu_of(l, s)).sum::<f64>() / n
    });
    Ok((found, mean))
}

/// A function of the means of two independent lattices: jackknife over the blocks of each in turn, errors in
/// quadrature.
fn two(large: &Array2<f64>, small: &Array2<f64>, f: impl Fn(&[f64], &[f64]) -> f64) -> Estimate {
    let (l, s) = (whole(large), whole(small));
    let of_large = jackknife(large.view(), |means| f(means, &s));
    let of_small = jackknife(small.view(), |means| f(&l, means));
    let value = of_large.value + of_small.value - f(&l, &s);
    Estimate { value, error: of_large.error.hypot(of_small.error), n_eff: BLOCKS as f64 }
}

/// nu from the slopes of the Binder cumulant 1 - <m^4>/(3 <m^2>^2) of block spins and of the smaller lattice, at the
/// beta of the samples.
///
/// `m`: magnetisation of block spins, and of the smaller lattice, in [`Series::f`].
pub fn binder_nu(b: usize, large: &Series, small: &Series) -> Estimate {
    let rows = |series: &Series| {
        let n = series.f.len();
        let mean = series.energy.iter().sum::<f64>() / n as f64;
        let mut rows = Array2::zeros((BLOCKS, 5));
        for block in 0..BLOCKS {
            let range = block * n / BLOCKS..(block + 1) * n / BLOCKS;
            let size = range.len() as f64;
            for i in range {
                let (m2, x) = (f64::from(series.f[i]).powi(2), series.energy[i] - mean);
                for (k, value) in [m2, m2 * m2, x, m2 * x, m2 * m2 * x].into_iter().enumerate() {
                    rows[[block, k]] += value / size;
                }
            }
        }
        rows
    };
    let slope = |m: &[f64]| {
        let (two, four) = (m[3] - m[0] * m[2], m[4] - m[1] * m[2]);
        -(four / (m[0] * m[0]) - 2.0 * m[1] * two / m[0].powi(3)) / 3.0
    };
    let ln_b = libm::log(b as f64);
    two(&rows(large), &rows(small), |l, s| ln_b / libm::log(slope(l) / slope(s)))
}

/// Energy per spin in J and the variance of the energy, per spin, in J^2, by the jackknife over [`BLOCKS`] blocks.
///
/// `energy`: sums of s_i s_j over the bonds of `n_sites` spins, in the order of the chains, at least [`BLOCKS`] of
/// them.
pub fn energy_and_variance(energy: &[f64], n_sites: usize) -> [Estimate; 2] {
    let n_sites = n_sites as f64;
    let mean = energy.iter().sum::<f64>() / energy.len() as f64;
    let rows = Array2::from_shape_fn((BLOCKS, 2), |(b, k)| {
        let range = b * energy.len() / BLOCKS..(b + 1) * energy.len() / BLOCKS;
        let n = range.len() as f64;
        energy[range].iter().map(|e| (e - mean).powi(k as i32 + 1)).sum::<f64>() / n
    });
    [jackknife(rows.view(), |m| -(mean + m[0]) / n_sites), jackknife(rows.view(), |m| (m[1] - m[0] * m[0]) / n_sites)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact::square;
    use crate::lattice::{ChainLength, Ising, Model, Square, Temperature, wolff};
    use crate::random::Streams;
    use crate::rg::block_spin::majority;

    fn series(size: usize, blocked: bool, n: usize) -> (Vec<f32>, Vec<f64>, Vec<f64>) {
        let lattice = Square::new(size, size).unwrap();
        let model = Ising::new(&lattice);
        let streams = Streams::new(3);
        let mut rng = streams.generator("test/neural", size as u64);
        let length = ChainLength::in_spacings(1, 50, 3.0);
        let seen = wolff::sample(&model, Temperature::CRITICAL, n, &length, &mut rng).unwrap();
        let energy = seen.spins.rows().into_iter().map(|row| -model.energy(row.as_slice().unwrap())).collect();
        let sum = |row: ndarray::ArrayView1<i8>| row.iter().map(|s| i32::from(*s)).sum::<i32>();
        let total = seen.spins.rows().into_iter().map(|row| f64::from(sum(row))).collect();
        let spins = if blocked { majority(seen.spins.view(), size, size, 2, &mut rng).unwrap() } else { seen.spins };
        let m = spins.rows().into_iter().map(|row| sum(row) as f32 / row.len() as f32).collect();
        (m, energy, total)
    }

    /// Energies of 2 and 6 bonds at random: mean 4 and variance 4 of 8 sites.
    #[test]
    fn energies_have_their_mean_and_variance() {
        let energy: Vec<f64> = (0..10_000u32).map(|i| if (i * 7919) % 104_729 % 2 == 0 { 2.0 } else { 6.0 }).collect();
        let [mean, variance] = energy_and_variance(&energy, 8);
        assert!((mean.value + 0.5).abs() < 4.5 * mean.error && mean.error < 0.01, "{mean:?}");
        assert!((variance.value - 0.5).abs() < 0.01 && variance.error < 0.01, "{variance:?}");
    }

    /// Null: f = |m| at its crossing has nu = 1 up to 4 % at this size (prototype: 3.3(8) %), f = m has theta = 8/15 up
    /// to 1.5 %, Kaufman's <E>;
    /// |z| < 4.5 beside: p < 4e-5. The slopes of one lattice are cov(f, E): checked against a reweighted difference.
    #[test]
    fn control_observables_have_the_exponents_of_the_model() {
        let ((m_large, e_large, total_large), (m_small, e_small, total_small)) =
            (series(32, true, 20_000), series(16, false, 40_000));
        let mean = e_small.iter().sum::<f64>() / 40_000.0;
        let exact = square::thermodynamics(16, 16, Temperature::CRITICAL).unwrap();
        let error = (exact.specific_heat * 256.0).sqrt() / Temperature::CRITICAL.beta() / (20_000.0f64).sqrt();
        assert!((mean + 256.0 * exact.energy).abs() < 4.5 * error, "{mean} {}", exact.energy);
        let abs = |m: &[f32]| m.iter().map(|m| m.abs()).collect::<Vec<_>>();
        let (f_large, f_small) = (abs(&m_large), abs(&m_small));
        let large = Series { f: &f_large, energy: &e_large };
        let small = Series { f: &f_small, energy: &e_small };
        let (found, nu) = crossings(2, &[(large, small)]).unwrap();
        assert!((nu.value - 1.0).abs() < 0.04 + 4.5 * nu.error && nu.error < 0.06, "{nu:?}");
        assert!(found[0].shift.value.abs() < 0.002 + 4.5 * found[0].shift.error, "{found:?}");
        let slope = reweighted(&small, 0.0).unwrap().1.value;
        let [up, down] = [1e-4, -1e-4].map(|shift| reweighted(&small, shift).unwrap().0.value);
        assert!(((up - down) / 2e-4 / slope - 1.0).abs() < 1e-3);
        let pair = (field_rows(&m_large, &total_large), field_rows(&m_small, &total_small));
        let (_, theta) = theta(2, &[pair]);
        assert!((theta.value / (8.0 / 15.0) - 1.0).abs() < 0.015 && theta.error < 0.01, "{theta:?}");
        let binder = binder_nu(2, &Series { f: &m_large, energy: &e_large }, &Series { f: &m_small, energy: &e_small });
        assert!((binder.value - 1.0).abs() < 0.1 + 4.5 * binder.error, "{binder:?}");
        // Far away nothing is read.
        assert!(matches!(reweighted(&small, 0.2), Err(NeuralError::Overlap { .. })));
    }
}
