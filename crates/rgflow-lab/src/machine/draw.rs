//! Draws of the machine's visible units: independent ones where a layer is small, else along Gibbs chains, with what
//! tells whether these were long enough.

use super::{BURN_IN_TIMES, How, Machine, Table, Watch};
use crate::artifact::Error;
use crate::artifact::memory::{self, Need};
use ndarray::Array2;
use rgflow::random::Streams;
use rgflow::rbm::{ChainDraws, DrawnByChains, ExactDraws, RbmError, Units};
use rgflow::statistics::{Estimate, TauInt};

/// Chains where none are asked for.
pub const DRAW_CHAINS: usize = 100;
/// R-hat of chains of one law.
const MOST_R_HAT: f64 = 1.05;

/// Draws to be made.
#[derive(Clone, Copy, Debug)]
pub struct Draw {
    /// Number of draws, at least 1.
    pub n: usize,
    /// How they are made.
    pub how: How,
    /// Chains, burn-in in steps, and steps between the draws of a chain.
    pub chains: ChainDraws,
    /// Seed.
    pub seed: u64,
}

/// The way that was taken.
#[derive(Clone, Debug)]
pub enum Way {
    /// Independent draws, with the exact ln Z.
    Exact {
        /// ln Z.
        ln_z: f64,
    },
    /// Chains; the reason why draws are not independent, if that was tried.
    Gibbs {
        /// Why draws could not be exact.
        reason: Option<String>,
        /// Chains that ran, and draws of each.
        chains: [usize; 2],
        /// tau_int of the free energy in steps.
        tau: TauInt,
        /// tau_int of the mean of the visible units in steps.
        tau_mean: TauInt,
        /// Split R-hat.
        r_hat: Option<f64>,
    },
}

/// Draws, and how they were made.
pub struct Drawn {
    /// Shape (n, n_visible).
    pub values: Array2<f32>,
    /// Free energy F(v) of each, k_B T.
    pub free_energy: Vec<f64>,
    /// The way that was taken.
    pub way: Way,
    /// Warnings, with the remedy.
    pub warnings: Vec<String>,
}

impl Draw {
    /// Seconds on one core that the draws are expected to take.
    pub fn seconds(&self, machine: &Machine) -> f64 {
        if self.how != How::Gibbs && machine.rbm.has_exact_ln_z() {
            return 0.1;
        }
        self.chains.work(self.n) as f64 * (1e-7 + 5e-11 * machine.rbm.weights.len() as f64)
    }

    /// Draws visible states of `machine`; the same for any number of threads.
    ///
    /// # Errors
    /// [`Error::User`] if they do not fit into memory, or exact ones were asked for and cannot be;
    /// [`Error::Interrupted`].
    pub fn of(&self, machine: &Machine, watch: &Watch) -> Result<Drawn, Error> {
        let (rbm, units) = (&machine.rbm, machine.rbm.n_visible());
        let what = format!("-n {} draws of {units} units", self.n);
        memory::need(&[Need::new(&[9, self.n, units], what, "take a smaller -n")])?;
        let user = |e: RbmError| Error::user(format!("{}: {e}; take --sampler gibbs", machine.path.display()));
        let streams = Streams::new(self.seed);
        let exact = if self.how == How::Gibbs { None } else { Some(ExactDraws::new(rbm)) };
        let reason = match exact {
            Some(Ok(exact)) => {
                let values = exact.draw(self.n, &mut streams.bulk("machine/draw", 0));
                let (free_energy, way) = (rbm.free_energy(values.view()), Way::Exact { ln_z: exact.ln_z() });
                return Ok(Drawn { values, free_energy, way, warnings: vec![] });
            }
            Some(Err(e)) if self.how == How::Exact => return Err(user(e)),
            Some(Err(e)) => Some(e.to_string()),
            None => None,
        };
        let drawn = watch.work(self.chains.work(self.n), |tick| {
            self.chains.draw_watched(rbm, self.n, streams.of("machine/draw"), tick)
        })?;
        if drawn.values.iter().any(|v| !v.is_finite()) {
            return Err(Error::failure(format!(
                "{}: the chains ran away to infinity: {}",
                machine.path.display(),
                RbmError::NotNormalisable
            )));
        }
        let warnings = warnings(&self.chains, &drawn);
        let DrawnByChains { values, chains, kept, tau, tau_mean, r_hat } = drawn;
        let free_energy = rbm.free_energy(values.view());
        let way = Way::Gibbs { reason, chains: [chains, kept], tau, tau_mean, r_hat };
        Ok(Drawn { values, free_energy, way, warnings })
    }
}

/// Warnings on chains that were too short.
fn warnings(asked: &ChainDraws, drawn: &DrawnByChains) -> Vec<String> {
    let ChainDraws { burn_in, spacing, .. } = *asked;
    let (name, tau) = match drawn.tau_mean.tau > drawn.tau.tau {
        true => ("the mean of the units", drawn.tau_mean),
        false => ("the free energy", drawn.tau),
    };
    let measured = tau.error.is_finite();
    let said = if measured { format!("{:.3} steps", tau.tau) } else { "more than these chains can show".into() };
    let mut warnings = Vec::new();
    if !measured || tau.tau > spacing as f64 {
        let steps = if measured { (2.0 * tau.tau).ceil() as usize } else { 10 * spacing };
        warnings.push(format!(
            "--steps {spacing} is below tau_int of {name}, {said}: the draws of a chain are correlated, and may be \
             out of equilibrium; take --steps {steps} or more and a longer --burn-in"
        ));
    }
    if measured && BURN_IN_TIMES * tau.tau > burn_in as f64 {
        let steps = (BURN_IN_TIMES * tau.tau).ceil();
        warnings.push(format!(
            "--burn-in {burn_in} is below 20 tau_int of {name} (tau_int = {said}): the chains may still remember \
             their starts; take --burn-in {steps}"
        ));
    }
    if let Some(r_hat) = drawn.r_hat.filter(|r_hat| *r_hat > MOST_R_HAT) {
        warnings.push(format!(
            "R-hat of the chains is {r_hat:.3} (1 where all have one law): out of equilibrium; take a longer \
             --burn-in, or do not trust averages of these draws"
        ));
    }
    warnings
}

impl Drawn {
    /// Mean of F with its error over independent draws or chains.
    pub fn mean_free_energy(&self) -> Estimate {
        self.mean(&self.free_energy)
    }

    /// Mean of a value of each draw; of chains, the error is over their means.
    fn mean(&self, values: &[f64]) -> Estimate {
        let Way::Gibbs { chains: [_, kept], .. } = self.way else { return super::mean(values) };
        let means: Vec<f64> = values.chunks(kept).map(|chain| chain.iter().sum::<f64>() / chain.len() as f64).collect();
        Estimate { value: super::mean(values).value, ..super::mean(&means) }
    }

    /// The draws as a table: `spins` of {-1, +1} units, else `samples`, and `free_energy`; with the lattice of the
    /// machine's samples where its file says it.
    pub fn table(self, machine: &Machine) -> Table {
        let spins = *machine.rbm.visible_units() == Units::SPIN;
        let table = Table::new().states(if spins { "spins" } else { "samples" }, "s", self.values);
        let table = match &machine.input.lattice {
            Some(sites) => table.on_lattice(sites),
            None => table,
        };
        table.npz_numbers("free_energy", self.free_energy)
    }
}
