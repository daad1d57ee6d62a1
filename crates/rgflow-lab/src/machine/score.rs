//! How likely samples are under the machine: free energy, ln p where ln Z is known, pseudo-likelihood.

use super::transform::each_portion;
use super::{Machine, Table, Watch, mean};
use crate::artifact::Error;
use crate::artifact::progress::Observer;
use crate::dataset::Dataset;
use crate::study::costs;
use crate::study::likelihood::NO_STATES;
use crate::study::ln_z::LnZ;
use rgflow::random::Stream;
use rgflow::rbm::RbmError;
use rgflow::statistics::Estimate;

/// Multiplications of each weight for a sample: free energy and pseudo-likelihood.
const PASSES: u64 = 8;

/// Scores of samples, one for each in `table` and their means.
pub struct Score {
    /// Arrays `free_energy`, `ln_p` and `pseudo_likelihood`, as far as they are known.
    pub table: Table,
    /// Free energy F(v), k_B T.
    pub free_energy: Estimate,
    /// ln p(v) in nats (of real numbers the logarithm of the density), or the reason why it is not known.
    pub ln_p: Result<Estimate, String>,
    /// ln Z, where it is known.
    pub ln_z: Option<LnZ>,
    /// sum_i ln p(v_i | all others) in nats, or the reason why it is not known.
    pub pseudo_likelihood: Result<Estimate, String>,
    /// The same for each unit, or site where a state takes several.
    pub per_unit: Option<Estimate>,
}

/// Seconds on one core that the scores of `data` are expected to take.
pub fn score_seconds(machine: &Machine, data: &Dataset) -> f64 {
    costs::likelihood_seconds([machine.rbm.n_visible(), machine.rbm.n_hidden()], data.n_samples())
}

/// Scores every sample; errors are over samples, that of ln p also over ln Z. Annealing draws its random numbers from
/// `stream`.
///
/// # Errors
/// [`Error::Interrupted`].
pub fn score(machine: &Machine, data: &Dataset, stream: Stream, watch: &Watch) -> Result<Score, Error> {
    let rbm = &machine.rbm;
    let (mut energies, mut pseudo) = (Vec::new(), Ok(Vec::new()));
    // In the unit of annealing, thousands of multiplications.
    let of_samples = data.n_samples() as u64 * rbm.weights.len() as u64 / 1000 * PASSES;
    watch.announce(of_samples + LnZ::work(rbm));
    each_portion(data, |_, v| {
        energies.extend(rbm.free_energy(v.view()));
        if let Ok(all) = &mut pseudo {
            match rbm.pseudo_likelihoods(v.view()) {
                Ok(some) => all.extend(some),
                Err(e) => pseudo = Err(e),
            }
        }
    });
    watch.tick(of_samples)?;
    // Grey levels are means of two-valued units: no state has been seen, so there is no probability of one.
    let no_states = NO_STATES.to_string();
    let is_grey = matches!(pseudo, Err(RbmError::Data { .. } | RbmError::Site { .. }));
    let pseudo = pseudo.map_err(|e| if is_grey { no_states.clone() } else { e.to_string() });
    let ln_z = if is_grey { Err(no_states) } else { LnZ::of(rbm, stream, watch)? };
    let ln_p = ln_z.as_ref().map(|z| energies.iter().map(|f| -f - z.value).collect::<Vec<f64>>());
    let ln_p = ln_p.map_err(Clone::clone);
    let terms = rbm.n_terms() as f64;
    let total = pseudo.as_deref().map(mean).map_err(Clone::clone);
    let per_unit = total.as_ref().ok().map(|e| Estimate { value: e.value / terms, error: e.error / terms, ..*e });
    let free_energy = mean(&energies);
    let of_ln_z = ln_z.as_ref().map_or(0.0, LnZ::error);
    let with = |e: Estimate| Estimate { error: e.error.hypot(of_ln_z), ..e };
    let means = ln_p.as_deref().map(|all| with(mean(all))).map_err(Clone::clone);
    let mut table = Table::new().numbers("free_energy", energies);
    if let Ok(ln_p) = ln_p {
        table = table.numbers("ln_p", ln_p);
    }
    if let Ok(pseudo) = pseudo {
        table = table.numbers("pseudo_likelihood", pseudo);
    }
    Ok(Score { table, free_energy, ln_p: means, ln_z: ln_z.ok(), pseudo_likelihood: total, per_unit })
}
