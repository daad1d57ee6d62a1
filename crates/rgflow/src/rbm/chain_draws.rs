//! Draws along Gibbs chains, with what tells whether the chains were long enough.

use super::{Chains, Kernel, Rbm, RbmError};
use crate::learning::demand;
use crate::random::Stream;
use crate::restart::{Stopped, Tick, Ticks, unwatched};
use crate::statistics::{TauInt, convergence, tau_int_chains};
use ndarray::{Array2, Axis, s};
use rayon::prelude::*;

/// Chains that run side by side. Fixed, so that draws do not depend on the threads.
const GROUP: usize = 64;
/// Chains of a group of which free energy and mean are followed.
const FOLLOWED: usize = 8;
/// Most steps that are followed.
const MOST_FOLLOWED: usize = 10_000;

/// Draws of visible states along Gibbs chains, for a machine whose layers are too large for
/// [`ExactDraws`](super::ExactDraws).
///
/// Every second chain starts from the first state of all units (two-valued ones low), the others from units that are
/// drawn from their biases alone.
///
/// ```
/// use rgflow::{random::Streams, rbm::{ChainDraws, Rbm}};
/// let streams = Streams::new(1);
/// let rbm = Rbm::random(30, 30, 0.02, &mut streams.generator("example/init", 0));
/// let drawn = ChainDraws { chains: 20, burn_in: 100, spacing: 5 }.draw(&rbm, 200, streams.of("example/draws"))?;
/// assert_eq!(drawn.values.dim(), (200, 30));
/// // Weak weights: hardly any memory.
/// assert!(drawn.tau.tau < 1.0 && drawn.tau_mean.tau < 1.0 && drawn.kept == 10);
/// # Ok::<(), rgflow::rbm::RbmError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChainDraws {
    /// Chains, at least 1.
    pub chains: usize,
    /// Steps v -> h -> v of each chain before its first draw.
    pub burn_in: usize,
    /// Steps between the draws of a chain, at least 1.
    pub spacing: usize,
}

/// Draws of [`ChainDraws`].
#[derive(Clone, Debug)]
pub struct DrawnByChains {
    /// Visible states, shape (n, n_visible), chain after chain.
    pub values: Array2<f32>,
    /// Chains that ran.
    pub chains: usize,
    /// Draws of each chain (the last may have fewer).
    pub kept: usize,
    /// Integrated autocorrelation time of the free energy F(v) after the burn-in, in steps.
    pub tau: TauInt,
    /// The same of the mean of the visible units: F alone does not tell modes apart that a symmetry maps onto each
    /// other.
    pub tau_mean: TauInt,
    /// Rank-normalised split R-hat of the chains, of both series the larger; `None` where they do not vary or there
    /// are too few steps.
    pub r_hat: Option<f64>,
}

impl ChainDraws {
    /// `n` visible states of `rbm`, the same for any number of threads. Group k of 64 chains uses the stream k of
    /// `stream`.
    ///
    /// # Errors
    /// [`RbmError::Learning`] for no chains or a spacing of 0.
    pub fn draw(&self, rbm: &Rbm, n: usize, stream: Stream) -> Result<DrawnByChains, RbmError> {
        self.draw_watched(rbm, n, stream, &unwatched)
    }

    /// Chains that run for `n` draws, and draws of each.
    fn lengths(&self, n: usize) -> [usize; 2] {
        let kept = n.div_ceil(self.chains.max(1)).max(1);
        [n.div_ceil(kept), kept]
    }

    /// Steps of all chains together for `n` draws.
    pub fn work(&self, n: usize) -> u64 {
        let [chains, kept] = self.lengths(n);
        (chains * (self.burn_in + kept * self.spacing)) as u64
    }

    /// As [`ChainDraws::draw`]; `tick` is told of the steps of all chains together, [`ChainDraws::work`] in the end.
    ///
    /// # Errors
    /// As [`ChainDraws::draw`]; [`RbmError::Stopped`] where `tick` breaks.
    pub fn draw_watched(&self, rbm: &Rbm, n: usize, stream: Stream, tick: &Tick) -> Result<DrawnByChains, RbmError> {
        for (name, value) in [("chains", self.chains), ("spacing", self.spacing)] {
            demand(value > 0, name, value as f64, "at least 1")?;
        }
        let [chains, kept] = self.lengths(n);
        let kernel = Kernel::new(rbm);
        let mut values = Array2::zeros((chains * kept, rbm.n_visible()));
        let groups: Vec<_> = values.axis_chunks_iter_mut(Axis(0), GROUP * kept).enumerate().collect();
        let followed: Vec<[Vec<Vec<f64>>; 2]> = groups
            .into_par_iter()
            .map(|(group, mut to)| {
                let rows = to.nrows() / kept;
                let mut ticks = Ticks::new(tick, rows, rows * rbm.weights.len());
                let mut random = stream.bulk(group as u64);
                let mut chains = Chains::new(&kernel, rows);
                let mut v = Array2::zeros((rows, rbm.n_visible()));
                // Units drawn from their biases alone, in every second chain.
                let first = {
                    chains.write_visible(v.as_slice_mut().expect("standard layout"));
                    v.clone()
                };
                rbm.visible_mean(Array2::zeros((rows, rbm.n_hidden())).view(), &mut v);
                v.rows_mut().into_iter().zip(first.rows()).step_by(2).for_each(|(mut to, first)| to.assign(&first));
                chains.set_visible(v.view()).expect("as many rows and units");
                for _ in 0..self.burn_in {
                    chains.step(&kernel, &mut random);
                    ticks.step()?;
                }
                let count = rows.min(FOLLOWED);
                let mut series = [vec![Vec::new(); count], vec![Vec::new(); count]];
                for draw in 0..kept {
                    for step in 0..self.spacing {
                        chains.step(&kernel, &mut random);
                        ticks.step()?;
                        let is_kept = step + 1 == self.spacing;
                        let is_followed = series[0][0].len() < MOST_FOLLOWED;
                        if is_kept || is_followed {
                            chains.write_visible(v.as_slice_mut().expect("standard layout"));
                        }
                        if is_followed {
                            let v = v.slice(s![..count, ..]);
                            let means = v.rows().into_iter().map(|row| row.iter().map(|v| f64::from(*v)).sum::<f64>());
                            series[1].iter_mut().zip(means).for_each(|(series, m)| series.push(m));
                            series[0].iter_mut().zip(rbm.free_energy(v)).for_each(|(series, f)| series.push(f));
                        }
                    }
                    to.slice_mut(s![draw..; kept, ..]).assign(&v);
                }
                ticks.tell()?;
                Ok(series)
            })
            .collect::<Result<_, Stopped>>()?;
        let [energies, means] =
            [0, 1].map(|k| followed.iter().flat_map(|series| series[k].clone()).collect::<Vec<_>>());
        let r_hat = [&energies, &means].into_iter().filter_map(|series| convergence(series)).map(|seen| seen.r_hat);
        let (tau, tau_mean) = (tau_int_chains(&energies), tau_int_chains(&means));
        let r_hat = r_hat.reduce(f64::max);
        let values = if values.nrows() == n { values } else { values.slice(s![..n, ..]).to_owned() };
        Ok(DrawnByChains { values, chains, kept, tau, tau_mean, r_hat })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Streams;
    use crate::rbm::exact_sums::tests::machine;
    use crate::statistics::mean_error;
    use std::ops::ControlFlow;
    use std::sync::atomic::{AtomicU64, Ordering};

    /// Null: draws have the exact means: 20,000 draws of 200 chains, errors over the chains' means, |z| < 5 for each
    /// of 6 units (p < 4e-6 by the normal law).
    #[test]
    fn draws_have_the_exact_means() {
        for units in
            [["spin", "binary"], ["binary", "gaussian:0.5"], ["gaussian:0.7", "spin"], ["categorical:3", "spin"]]
        {
            let rbm = machine(6, 4, 0.5, units);
            let exact = rbm.moments().unwrap().visible;
            let draws = ChainDraws { chains: 200, burn_in: 200, spacing: 5 };
            let drawn = draws.draw(&rbm, 20_000, Streams::new(2).of("test/draws")).unwrap();
            assert!(
                drawn.tau.tau < 5.0 && drawn.r_hat.is_some_and(|r| r < 1.05),
                "{units:?}: {:?} {:?}",
                drawn.tau,
                drawn.r_hat
            );
            for (column, exact) in drawn.values.columns().into_iter().zip(exact) {
                let chains: Vec<f64> =
                    column.to_vec().chunks(100).map(|c| c.iter().map(|v| f64::from(*v)).sum::<f64>() / 100.0).collect();
                let seen = mean_error(&chains);
                assert!(((seen.value - exact) / seen.error).abs() < 5.0, "{units:?}: {seen:?} for {exact}");
            }
        }
    }

    /// Two modes far apart that the symmetry v -> -v maps onto each other: chains stay in theirs, which the mean of
    /// the units shows and F does not.
    #[test]
    fn chains_that_do_not_meet_are_seen() {
        let mut rbm = machine(20, 2, 0.0, ["spin", "spin"]);
        rbm.weights.fill(0.6);
        rbm.visible_bias.fill(0.0);
        rbm.hidden_bias.fill(0.0);
        let draws = ChainDraws { chains: 20, burn_in: 100, spacing: 10 };
        let drawn = draws.draw(&rbm, 2000, Streams::new(2).of("test/draws")).unwrap();
        assert!(drawn.r_hat.is_some_and(|r| r > 1.2) && drawn.tau_mean.tau > 50.0, "{drawn:?}");
        assert!(drawn.tau.tau < 2.0);
    }

    #[test]
    fn threads_and_odd_numbers_change_nothing() {
        let rbm = machine(9, 5, 0.4, ["spin", "spin"]);
        let draws = ChainDraws { chains: 150, burn_in: 3, spacing: 2 };
        let draw = || draws.draw(&rbm, 401, Streams::new(1).of("test/draws")).unwrap();
        let pool = |n: usize| rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap();
        let (one, two) = (pool(1).install(draw), pool(2).install(draw));
        assert!(one.values == two.values && one.tau == two.tau);
        assert_eq!((one.values.nrows(), one.kept, one.chains), (401, 3, 134));
    }

    #[test]
    fn steps_are_told_and_a_tick_stops_them() {
        let (rbm, draws) =
            (machine(9, 5, 0.4, ["spin", "spin"]), ChainDraws { chains: 150, burn_in: 3000, spacing: 2 });
        let (stream, done) = (Streams::new(1).of("test/draws"), AtomicU64::new(0));
        let count = |units| {
            done.fetch_add(units, Ordering::Relaxed);
            ControlFlow::Continue(())
        };
        let watched = draws.draw_watched(&rbm, 401, stream, &count).unwrap();
        assert!(watched.values == draws.draw(&rbm, 401, stream).unwrap().values);
        assert_eq!((done.into_inner(), draws.work(401)), (134 * 3006, 134 * 3006));
        let stopped = draws.draw_watched(&rbm, 401, stream, &|_| ControlFlow::Break(()));
        assert_eq!(stopped.err(), Some(RbmError::Stopped(Stopped)));
    }

    #[test]
    fn no_chains_and_no_spacing_are_refused() {
        let rbm = machine(3, 2, 0.1, ["spin", "spin"]);
        for (chains, spacing, fault) in [(0, 1, "chains = 0"), (1, 0, "spacing = 0")] {
            let draws = ChainDraws { chains, burn_in: 0, spacing };
            let error = draws.draw(&rbm, 5, Streams::new(1).of("test/draws")).unwrap_err().to_string();
            assert!(error.contains(fault) && error.contains("at least 1"), "{error}");
            assert_eq!(draws.work(0), 0);
        }
    }
}
