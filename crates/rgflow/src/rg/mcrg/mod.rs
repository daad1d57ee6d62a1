//! Monte Carlo renormalization group (Swendsen 1979, 1982): exponents from correlations of operators before and after a
//! block-spin step.
//!
//! With S_a^(n) the operators after n steps, the linearized step T = d K^(n+1)/d K^(n) solves A = B T, where
//! A_ab = cov(S_a^(n+1), S_b^(n)) and B_ab = cov(S_a^(n+1), S_b^(n+1)). Its largest eigenvalue among even operators is
//! b^{y_t}, among odd ones b^{y_h}. On the square lattice y_t = 1 and y_h = 15/8.

mod chain;
mod layout;

use chain::{Chain, Seen};
use layout::Layout;

use nalgebra::DMatrix;
use ndarray::Array2;
use rayon::prelude::*;

use super::RgError;
use super::block_spin::Rule;
use super::operators::Operator;
use crate::lattice::{ChainLength, Ising, Square, Temperature};
use crate::random::Streams;
use crate::restart::{Drive, through};
use crate::statistics::{Estimate, TauInt, jackknife, tau_int_chains};

/// Operators, rules and lengths of a measurement.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Spins along each side before any step.
    pub size: usize,
    /// Spins along each side of a block.
    pub b: usize,
    /// Number of steps.
    pub steps: usize,
    /// How a block becomes a spin: all rules see the same configurations.
    pub rules: Vec<Rule>,
    /// Temperature at which the lattice is sampled.
    pub temperature: Temperature,
    /// Even and odd operators, the most important first.
    pub operators: [Vec<Operator>; 2],
    /// Blocks of the jackknife in each chain.
    pub blocks: usize,
    /// Configurations in each block.
    pub per_block: usize,
    /// Independent chains by Wolff's clusters, half of them from a disordered start.
    pub length: ChainLength,
}

impl Settings {
    /// Whether it can be measured.
    ///
    /// # Errors
    /// [`RgError::Block`] if `b` does not divide a lattice or leaves less than [`SMALLEST`] spins along a side,
    /// [`RgError::ZeroSetting`] for no steps, rules, operators or configurations, [`RgError::TooFew`] for fewer than
    /// [`BLOCKS`] blocks, those of [`ChainLength::check`];
    /// [`RgError::Operator`] for one of the other parity, one that is there twice or one that reaches over more than
    /// half of the last lattice; [`RgError::ZeroTemperature`] at T = 0.
    pub fn check(&self) -> Result<(), RgError> {
        for (name, zero) in [
            ("steps", self.steps == 0),
            ("rules", self.rules.is_empty()),
            ("per_block", self.per_block == 0),
            ("operators", self.operators.iter().any(Vec::is_empty)),
        ] {
            if zero {
                return Err(RgError::ZeroSetting(name));
            }
        }
        self.length.check()?;
        let blocks = self.length.chains * self.blocks;
        if blocks < BLOCKS {
            return Err(RgError::TooFew { name: "chains x blocks", value: blocks, least: BLOCKS });
        }
        if self.temperature == Temperature::ZERO {
            return Err(RgError::ZeroTemperature);
        }
        let possible = possible_steps(self.size, self.b);
        if self.steps > possible {
            let last = self.size / self.b.pow(possible as u32);
            return Err(RgError::Block { b: self.b, lx: last, ly: last });
        }
        let least = self.size / self.b.pow(self.steps as u32);
        for ((operators, list), is_odd) in self.operators.iter().zip(["even", "odd"]).zip([false, true]) {
            for (i, operator) in operators.iter().enumerate() {
                let extent = operator.extent();
                let why = if operator.is_constant() {
                    "has no site; give at least one".into()
                } else if operator.is_odd() != is_odd {
                    format!("is not {list}; move it to the other list")
                } else if operators[..i].iter().any(|other| other.same_as(operator)) {
                    "is there twice, perhaps by another name; name it once".into()
                } else if 2 * extent > least {
                    format!(
                        "reaches over {extent} sites, more than half of the last lattice ({least}); take fewer steps"
                    )
                } else {
                    continue;
                };
                return Err(RgError::Operator { list, name: operator.name().into(), why });
            }
        }
        Ok(())
    }
}

/// Least extent of the last lattice: on smaller ones operators of distance 2 meet themselves.
pub const SMALLEST: usize = 4;
/// Least number of blocks in all.
pub const BLOCKS: usize = 20;

/// Block-spin steps of a lattice of `size` spins along each side until it is no longer divisible by `b` or would have
/// less than [`SMALLEST`].
///
/// ```
/// use rgflow::rg::mcrg::possible_steps;
/// assert_eq!((possible_steps(64, 2), possible_steps(96, 2), possible_steps(48, 3)), (4, 4, 1));
/// ```
pub fn possible_steps(size: usize, b: usize) -> usize {
    let next = |l: &usize| (b >= 2 && l.is_multiple_of(b) && l / b >= SMALLEST).then_some(l / b);
    std::iter::successors(Some(size), next).count() - 1
}

/// The results of one renormalization step.
#[derive(Clone, Debug)]
pub struct Step {
    /// y_t and y_h by number of operators, from one to all.
    pub exponents: [Vec<Estimate>; 2],
}

/// All steps by all rules.
#[derive(Clone, Debug)]
pub struct Measured {
    /// By rule and step; the first step goes from the sampled lattice to its block spins.
    pub steps: Vec<Vec<Step>>,
    /// Energy per spin of the sampled lattice in J, with its jackknife error.
    pub energy: Estimate,
    /// Integrated autocorrelation times of the energy and of |m| of the sampled lattice, in configurations.
    pub tau_int: [TauInt; 2],
}

/// Samples and measures. A measurement that is watched, saved or stopped on its way is [`measure_by`].
///
/// Exponents are those of linear response about the sampled Hamiltonian: at the critical temperature, and from the
/// second step on, those of the fixed point up to a few tenths of a percent (the first step starts from a Hamiltonian
/// that is not yet near it). Errors by jackknife over all blocks, which must be much longer than tau_int.
///
/// # Errors
/// Those of [`Settings::check`].
///
/// ```
/// use rgflow::lattice::{ChainLength, Temperature};
/// use rgflow::random::Streams;
/// use rgflow::rg::{block_spin::Rule, mcrg, operators};
/// let settings = mcrg::Settings {
///     size: 16, b: 2, steps: 2, rules: vec![Rule::Majority], temperature: Temperature::CRITICAL,
///     operators: [operators::even()[..3].to_vec(), operators::odd()[..1].to_vec()],
///     blocks: 5, per_block: 200, length: ChainLength { chains: 4, ..ChainLength::CLUSTERS },
/// };
/// let seen = mcrg::measure(&settings, Streams::new(1))?;
/// assert!((seen.steps[0][1].exponents[1][0].value - 1.875).abs() < 0.02);
/// # Ok::<(), rgflow::rg::RgError>(())
/// ```
pub fn measure(settings: &Settings, streams: Streams) -> Result<Measured, RgError> {
    measure_by(settings, streams, &through)
}

/// As [`measure`], chain by chain: `drive` is given the number of each, from several threads, and brings it to its end.
/// The work of a chain is counted in configurations.
///
/// # Errors
/// As [`measure`]; [`RgError::Stopped`] where `drive` stops.
pub fn measure_by(settings: &Settings, streams: Streams, drive: &Drive) -> Result<Measured, RgError> {
    settings.check()?;
    let square = Square::new(settings.size, settings.size)?;
    let (layout, model) = (Layout::new(settings), Ising::new(&square));
    let chain = |c: usize| {
        let mut chain = Chain::new(settings, &layout, &model, c, streams)?;
        drive(c, &mut chain)?;
        Ok(chain.seen)
    };
    let chains: Vec<Seen> = (0..settings.length.chains).into_par_iter().map(chain).collect::<Result<_, RgError>>()?;
    let rows: Vec<f64> = chains.iter().flat_map(|c| c.blocks.iter().copied()).collect();
    let blocks =
        Array2::from_shape_vec((settings.length.chains * settings.blocks, layout.width), rows).expect("whole blocks");
    let step = |rule: usize, step: usize| {
        let of = |parity: usize| {
            let all = settings.operators[parity].len();
            let exponent = |m: usize| {
                jackknife(blocks.view(), |means| {
                    let lambda = eigenvalue(&layout, &means[rule * layout.of_rule..], step, parity, m);
                    libm::log(lambda) / libm::log(settings.b as f64)
                })
            };
            (1..=all).map(exponent).collect()
        };
        Step { exponents: [of(0), of(1)] }
    };
    let n_sites = (settings.size * settings.size) as f64;
    let series = |i: usize| chains.iter().map(|c| c.series[i].clone()).collect::<Vec<_>>();
    Ok(Measured {
        steps: (0..settings.rules.len()).map(|r| (0..settings.steps).map(|n| step(r, n)).collect()).collect(),
        energy: jackknife(blocks.view(), |means| -means[layout.energy] / n_sites),
        tau_int: [tau_int_chains(&series(0)), tau_int_chains(&series(1))],
    })
}

/// b^y of a step, from the first `m` operators of one parity; NaN where these do not fluctuate independently.
fn eigenvalue(layout: &Layout, means: &[f64], step: usize, parity: usize, m: usize) -> f64 {
    // Odd operators vanish by symmetry: their sample means would only add noise.
    let mean = |level: usize, a: usize| if parity == 1 { 0.0 } else { means[layout.mean(level, parity, a)] };
    let covariance = |later: bool| {
        let level = step + usize::from(later);
        DMatrix::from_fn(m, m, |a, b| {
            means[layout.products(step, parity, later, a) + b] - mean(step + 1, a) * mean(level, b)
        })
    };
    let Some(t) = covariance(true).lu().solve(&covariance(false)) else { return f64::NAN };
    let values = crate::decomposition::complex_eigenvalues(t).unwrap_or_default();
    values.iter().map(|(real, _)| *real).fold(f64::NAN, f64::max)
}

#[cfg(test)]
mod tests {
    use super::super::operators::{even, odd};
    use super::*;
    use crate::exact::square;
    use crate::restart::{Resumable, Stopped, complete};
    use std::ops::ControlFlow::{Break, Continue};
    use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

    fn settings(size: usize, b: usize, steps: usize) -> Settings {
        Settings {
            size,
            b,
            steps,
            rules: vec![Rule::Majority],
            temperature: Temperature::CRITICAL,
            operators: [even()[..3].to_vec(), odd()[..2].to_vec()],
            blocks: 5,
            per_block: 500,
            length: ChainLength::in_spacings(8, 50, 2.0),
        }
    }

    /// Null: Kaufman's energy, and y_t = 1 (at most 0.005 of truncation and size, targets of the literature), y_h =
    /// 15/8 (0.002) at the second step;
    /// |z| < 4.5 beside these: p < 3e-5.
    #[test]
    fn exponents_of_the_square_lattice() {
        let seen = measure(&settings(32, 2, 2), Streams::new(1)).unwrap();
        let exact = square::thermodynamics(32, 32, Temperature::CRITICAL).unwrap().energy;
        assert!((seen.energy.value - exact).abs() < 4.5 * seen.energy.error, "{:?}", seen.energy);
        let [y_t, y_h] = [0, 1].map(|parity| *seen.steps[0][1].exponents[parity].last().unwrap());
        assert!((y_t.value - 1.0).abs() < 4.5 * y_t.error + 0.005 && y_t.error < 0.02, "{y_t:?}");
        assert!((y_h.value - 1.875).abs() < 4.5 * y_h.error + 0.002 && y_h.error < 0.002, "{y_h:?}");
        // The first step is low by 3 %: not a fluke, and not hidden.
        let first = *seen.steps[0][0].exponents[0].last().unwrap();
        assert!(first.value < 1.0 - 2.0 * first.error, "{first:?}");
    }

    /// At T = inf every spin that decimation keeps correlates with itself only: cov(M', M) = cov(M', M'), y_h = 0. |z|
    /// < 4.5: p < 7e-6.
    #[test]
    fn free_spins_have_no_exponent() {
        let free = Settings {
            rules: vec![Rule::Decimation],
            temperature: Temperature::new(1e6).unwrap(),
            operators: [even()[..1].to_vec(), odd()[..1].to_vec()],
            ..settings(16, 2, 1)
        };
        let seen = measure(&free, Streams::new(2)).unwrap();
        let y_h = seen.steps[0][0].exponents[1][0];
        assert!(y_h.value.abs() < 4.5 * y_h.error && y_h.error < 0.1, "{y_h:?}");
    }

    /// Left after some advances and taken up by others, chains end with the same bytes: before the burn-in, in it, in a
    /// block and at the end; by rules that draw and one that does not.
    #[test]
    fn chains_left_anywhere_end_with_the_same_bytes() {
        let mut settings = settings(8, 2, 1);
        settings.rules = vec![Rule::Majority, Rule::Decimation, Rule::Soft(0.5)];
        (settings.length.chains, settings.blocks, settings.per_block) = (2, 10, 3);
        let (layout, square) = (Layout::new(&settings), Square::new(8, 8).unwrap());
        let model = Ising::new(&square);
        for number in 0..2 {
            let chain = || {
                let mut chain = Chain::new(&settings, &layout, &model, number, Streams::new(1)).unwrap();
                chain.steps_per_advance = 1;
                chain
            };
            let mut whole = chain();
            while whole.advance() {}
            let burn_in = 50usize;
            for leave in [0, 1, burn_in / 2].into_iter().chain(burn_in - 1..=burn_in + 29) {
                let (mut first, mut second) = (chain(), chain());
                (0..leave).for_each(|_| {
                    first.advance();
                });
                assert_eq!(first.done(), (leave + 1).saturating_sub(burn_in) as u64);
                second.restore(&first.save()).unwrap();
                while second.advance() {}
                assert!(second.save() == whole.save(), "left after {leave} advances");
            }
        }
    }

    /// Stopped in the middle, chains give [`Stopped`]; that they are watched changes nothing.
    #[test]
    fn what_is_stopped_is_not_measured() {
        let settings = Settings { blocks: 10, ..settings(8, 2, 1) };
        let (all, done) = ((8 * 10 * 500) as u64, AtomicU64::new(0));
        let until = |end: u64| {
            done.store(0, Relaxed);
            let tick = |n| if done.fetch_add(n, Relaxed) + n < end { Continue(()) } else { Break(()) };
            measure_by(&settings, Streams::new(1), &|_, work| complete(work, &tick))
        };
        assert_eq!(until(all / 2).err(), Some(RgError::Stopped(Stopped)));
        assert!(done.load(Relaxed) < all);
        let whole = until(u64::MAX).unwrap();
        assert_eq!(done.load(Relaxed), all);
        assert_eq!(format!("{whole:?}"), format!("{:?}", measure(&settings, Streams::new(1)).unwrap()));
    }

    #[test]
    fn what_cannot_be_measured_is_refused() {
        let refused = |change: &dyn Fn(&mut Settings)| {
            let mut settings = settings(32, 2, 2);
            change(&mut settings);
            measure(&settings, Streams::new(1)).is_err()
        };
        assert!(refused(&|s| s.b = 3));
        assert!(refused(&|s| s.b = 1));
        assert!(refused(&|s| s.steps = 4));
        assert!(refused(&|s| s.blocks = 2));
        assert!(refused(&|s| s.temperature = Temperature::ZERO));
        assert!(refused(&|s| s.operators[0] = odd()));
        assert!(refused(&|s| s.operators[0].push(Operator::new("also nn", &[(0, 0), (0, 1)]))));
        assert!(refused(&|s| s.operators[0].push(Operator::new("far", &[(0, 0), (5, 0)]))));
        assert!(refused(&|s| s.operators[0].push(Operator::new("none", &[]))));
    }
}
