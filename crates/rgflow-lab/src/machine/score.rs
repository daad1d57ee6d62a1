//! How likely samples are under the machine: free energy, ln p where ln Z is known, pseudo-likelihood.

use super::transform::each_portion;
use super::{Machine, Table, mean};
use crate::dataset::Dataset;
use rgflow::rbm::RbmError;
use rgflow::statistics::Estimate;

/// Scores of samples, one for each in `table` and their means.
pub struct Score {
    /// Arrays `free_energy`, `ln_p` and `pseudo_likelihood`, as far as they are known.
    pub table: Table,
    /// Free energy F(v), k_B T.
    pub free_energy: Estimate,
    /// ln p(v) in nats (of real numbers the logarithm of the density), or the reason why it is not known.
    pub ln_p: Result<Estimate, String>,
    /// Exact ln Z.
    pub ln_z: Option<f64>,
    /// sum_i ln p(v_i | all others) in nats, or the reason why it is not known.
    pub pseudo_likelihood: Result<Estimate, String>,
    /// The same for each unit, or site where a state takes several.
    pub per_unit: Option<Estimate>,
}

/// Scores every sample; errors are over samples.
pub fn score(machine: &Machine, data: &Dataset) -> Score {
    let rbm = &machine.rbm;
    let (mut energies, mut pseudo) = (Vec::new(), Ok(Vec::new()));
    each_portion(data, |_, v| {
        energies.extend(rbm.free_energy(v.view()));
        if let Ok(all) = &mut pseudo {
            match rbm.pseudo_likelihoods(v.view()) {
                Ok(some) => all.extend(some),
                Err(e) => pseudo = Err(e),
            }
        }
    });
    // Grey levels are means of two-valued units: no state has been seen, so there is no probability of one.
    let no_states = "grey levels are probabilities, not states: such data has no likelihood".to_string();
    let is_grey = matches!(pseudo, Err(RbmError::Data { .. } | RbmError::Site { .. }));
    let pseudo = pseudo.map_err(|e| if is_grey { no_states.clone() } else { e.to_string() });
    let ln_z = if is_grey { None } else { Some(rbm.ln_z()) };
    let ln_p = match &ln_z {
        None => Err(no_states),
        Some(Err(e @ RbmError::NotNormalisable)) => Err(e.to_string()),
        Some(Err(e)) => Err(format!("ln Z is not known exactly ({e}): -F is ln p up to that constant")),
        Some(Ok(z)) => Ok(energies.iter().map(|f| -f - z).collect::<Vec<f64>>()),
    };
    let terms = rbm.n_terms() as f64;
    let total = pseudo.as_deref().map(mean).map_err(Clone::clone);
    let per_unit = total.as_ref().ok().map(|e| Estimate { value: e.value / terms, error: e.error / terms, ..*e });
    let free_energy = mean(&energies);
    let means = ln_p.as_deref().map(mean).map_err(Clone::clone);
    let mut table = Table::new().numbers("free_energy", energies);
    if let Ok(ln_p) = ln_p {
        table = table.numbers("ln_p", ln_p);
    }
    if let Ok(pseudo) = pseudo {
        table = table.numbers("pseudo_likelihood", pseudo);
    }
    Score { table, free_energy, ln_p: means, ln_z: ln_z.and_then(Result::ok), pseudo_likelihood: total, per_unit }
}
