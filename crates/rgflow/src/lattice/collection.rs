//! Configurations with the diagnosis of the sampler that made them.

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::{Improved, Model, Order};
use crate::statistics::special::{normal_z, student_t_two_sided};
use crate::statistics::{TauInt, tau_int_chains};

/// Hot and cold starts that differ by more standard errors than this are reported.
const MAX_START_DIFFERENCE: f64 = 4.0;

/// Chains are to be this many autocorrelation times long, their burn-in included.
const MIN_LENGTH: f64 = 50.0;

/// Configurations of one temperature and how far they are independent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Collection {
    /// Shape `(n, n_sites)`, values +-1. Row `i` of a Markov chain sampler is from chain `i % n_chains`.
    pub spins: Array2<i8>,
    /// The sampler that made them, in words: "wolff", "metropolis as heat bath (T > 10)".
    pub sampler: String,
    /// Number of Markov chains; 0 if every row is independent by construction.
    pub n_chains: usize,
    /// Effective number of independent configurations for the mean of E or of |m| (or the slow mode of
    /// [`tau_int_abs_m`](Self::tau_int_abs_m)), whichever is smaller; at most n.
    pub n_eff: f64,
    /// Integrated autocorrelation time of the energy in kept configurations of a chain; 0.5 = independent.
    pub tau_int_energy: f64,
    /// Integrated autocorrelation time of |m| in kept configurations of a chain; 0.5 = independent. With couplings
    /// below 0 the longer of it and that of the slow mode ([`Order`]): the staggered |m|, or where they are frustrated
    /// the size of the overlap of two chains.
    pub tau_int_abs_m: f64,
    /// Difference of the chains started disordered and ordered in standard errors: the larger of E and |m|. Chain means
    /// are compared by Student's t, given as the normal z of the same probability (at most 37.5).
    pub start_difference_z: f64,
    /// Cluster estimators of each row, from Swendsen-Wang only.
    pub improved: Option<Improved>,
    /// Warnings to read before the averages are used, with the remedy; empty if all is well.
    pub warnings: Vec<String>,
}

impl Collection {
    /// Configurations by any sampler, with their diagnosis; `n_chains` as in [`Collection::n_chains`].
    ///
    /// ```
    /// use ndarray::arr2;
    /// use rgflow::lattice::{Collection, Ising, Ring};
    /// let ring = Ring::new(2)?;
    /// let spins = arr2(&[[1, 1], [1, -1], [-1, -1], [1, 1]]);
    /// let seen = Collection::of(spins, 0, &Ising::new(&ring));
    /// assert_eq!((seen.n_eff, seen.tau_int_energy), (4.0, 0.5));
    /// # Ok::<(), rgflow::lattice::LatticeError>(())
    /// ```
    pub fn of(spins: Array2<i8>, n_chains: usize, model: &impl Model) -> Self {
        let spins = if spins.is_standard_layout() { spins } else { spins.as_standard_layout().into_owned() };
        match n_chains {
            0 => Self::independent("given", spins),
            _ => Self { sampler: "given".into(), ..Chains { spins, n_chains, burn_in: 0.0 }.diagnose(model) },
        }
    }

    /// Configurations that are independent by construction.
    pub(crate) fn independent(sampler: &str, spins: Array2<i8>) -> Self {
        Self {
            n_eff: spins.nrows() as f64,
            spins,
            sampler: sampler.to_owned(),
            n_chains: 0,
            tau_int_energy: 0.5,
            tau_int_abs_m: 0.5,
            start_difference_z: 0.0,
            improved: None,
            warnings: Vec::new(),
        }
    }
}

/// Raw output of a Markov chain sampler: row `i` of `spins` is from chain `i % n_chains`, odd chains began disordered.
pub(crate) struct Chains {
    pub spins: Array2<i8>,
    pub n_chains: usize,
    /// Burn-in of each chain in units of the spacing of kept configurations.
    pub burn_in: f64,
}

impl Chains {
    /// Measures autocorrelation and the agreement of starts.
    pub(crate) fn diagnose(self, model: &impl Model) -> Collection {
        let Self { spins, n_chains, burn_in } = self;
        let mut energy = vec![Vec::new(); n_chains];
        let mut abs_m = vec![Vec::new(); n_chains];
        let order = model.order();
        for (i, (own, m)) in model.energies(&spins).into_iter().zip(magnetisations(&spins)).enumerate() {
            energy[i % n_chains].push(own);
            abs_m[i % n_chains].push(m.abs());
        }
        let n = spins.nrows();
        let slow = slow_mode(&spins, n_chains, &order);
        let (tau_e, mut tau_m) = (tau_int_chains(&energy), tau_int_chains(&abs_m));
        let mut start_difference_z = start_difference(&energy).max(start_difference(&abs_m));
        if slow.iter().any(|chain| !chain.is_empty()) {
            let tau = tau_int_chains(&slow);
            let longer = tau.error.is_infinite() && tau_m.error.is_finite() || tau.tau > tau_m.tau;
            tau_m = if longer { tau } else { tau_m };
        }
        if order.signs().is_some() {
            start_difference_z = start_difference_z.max(start_difference(&slow));
        }
        // Samplers that serve instead of single-spin updates.
        let other = if order == Order::Unknown { "" } else { ", or use a cluster or the exact sampler" };
        let unmeasured = |tau: &TauInt| tau.error.is_infinite();
        let mut n_eff = tau_e.n_eff(n).min(tau_m.n_eff(n));
        let mut warnings = Vec::new();
        let per_chain = n / n_chains.max(1);
        if unmeasured(&tau_e) || unmeasured(&tau_m) {
            n_eff = n_eff.min(n_chains as f64);
            warnings.push(if (per_chain as f64) < MIN_LENGTH {
                format!(
                    "tau_int cannot be measured from {per_chain} configuration(s) per chain, so n_eff counts one per \
                     chain: draw more configurations or use fewer chains"
                )
            } else {
                format!(
                    "tau_int is longer than chains of {per_chain} configurations or the chains do not agree \
                     (single-spin updates at low T stay in stripes), so n_eff counts one per chain: raise burn-in and \
                     spacing{other}"
                )
            });
        } else {
            let (length, tau) = (burn_in + per_chain as f64, tau_e.tau.max(tau_m.tau).max(0.5));
            if length < MIN_LENGTH * tau {
                warnings.push(format!(
                    "chains of {:.1} tau_int (burn-in included) are shorter than {MIN_LENGTH} tau_int, too short to \
                     forget their start or to measure tau: raise burn-in and spacing {:.0} times{other}",
                    length / tau,
                    (MIN_LENGTH * tau / length).ceil()
                ));
            }
        }
        if start_difference_z > MAX_START_DIFFERENCE {
            warnings.push(format!(
                "ordered and disordered starts differ by {start_difference_z:.1} standard errors, so the averages are \
                 not thermal: raise the burn-in{other}"
            ));
        }
        Collection {
            spins,
            sampler: String::new(),
            n_chains,
            n_eff,
            tau_int_energy: tau_e.tau,
            tau_int_abs_m: tau_m.tau,
            start_difference_z,
            improved: None,
            warnings,
        }
    }
}

/// The sum of the spins of each row.
fn magnetisations(spins: &Array2<i8>) -> Vec<f64> {
    spins.rows().into_iter().map(|row| f64::from(row.iter().map(|&s| i32::from(s)).sum::<i32>())).collect()
}

/// The slow mode that is not |m|, chain by chain: the size of the staggered magnetisation, or the overlap of chains by
/// pairs; empty where
/// |m| is the slow mode.
fn slow_mode(spins: &Array2<i8>, n_chains: usize, order: &Order) -> Vec<Vec<f64>> {
    let product =
        |a: &mut dyn Iterator<Item = (i8, i8)>| f64::from(a.map(|(a, b)| i32::from(a * b)).sum::<i32>().abs());
    let n = spins.nrows();
    let rows = |chain: usize| (chain..n).step_by(n_chains.max(1));
    let row = |i: usize| spins.row(i).into_iter().copied();
    match order {
        Order::Uniform => Vec::new(),
        Order::Staggered(signs) => {
            let chain = |c| rows(c).map(|i| product(&mut row(i).zip(signs.iter().copied()))).collect();
            (0..n_chains).map(chain).collect()
        }
        Order::Unknown => {
            let pair = |c: usize| rows(c + 1).map(|i| product(&mut row(i - 1).zip(row(i)))).collect();
            (0..n_chains.saturating_sub(1)).step_by(2).map(pair).collect()
        }
    }
}

/// |z| between the means of the even and of the odd chains.
fn start_difference(chains: &[Vec<f64>]) -> f64 {
    let means = |parity: usize| -> Vec<f64> {
        let chosen = chains.iter().skip(parity).step_by(2).filter(|c| !c.is_empty());
        chosen.map(|c| c.iter().sum::<f64>() / c.len() as f64).collect()
    };
    let (cold, hot) = (means(0), means(1));
    if cold.len() < 2 || hot.len() < 2 {
        return 0.0;
    }
    let (n_cold, n_hot) = (cold.len() as f64, hot.len() as f64);
    let mean_cold = cold.iter().sum::<f64>() / n_cold;
    let mean_hot = hot.iter().sum::<f64>() / n_hot;
    let squares = cold.iter().map(|v| (v - mean_cold) * (v - mean_cold)).sum::<f64>()
        + hot.iter().map(|v| (v - mean_hot) * (v - mean_hot)).sum::<f64>();
    let difference = (mean_hot - mean_cold).abs();
    if difference <= 1e-12 * mean_cold.abs() {
        return 0.0;
    }
    let dof = n_cold + n_hot - 2.0;
    let t = difference / (squares / dof * (1.0 / n_cold + 1.0 / n_hot)).sqrt();
    normal_z(student_t_two_sided(t, dof))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starts_that_disagree_are_seen() {
        let chains: Vec<Vec<f64>> = (0..16).map(|c| vec![f64::from(c % 2) + 0.01 * f64::from(c)]).collect();
        assert!(start_difference(&chains) > 7.0);
        let same: Vec<Vec<f64>> = (0..16).map(|c| vec![f64::from(c / 2)]).collect();
        assert_eq!(start_difference(&same), 0.0);
        let frozen: Vec<Vec<f64>> = (0..16).map(|c| vec![f64::from(c % 2)]).collect();
        assert!(start_difference(&frozen) > 37.0);
    }
}
