//! Signs that a training has run away.

use super::{Rbm, RbmError, Samples};
use ndarray::{Array1, Array2};

/// Size of the weights, in the unit in which those of a {-1, +1} machine are measured, beyond which a training has
/// diverged: trained machines have about 1. Also that of a reconstruction by Gaussian units, in units of what their
/// values are by themselves.
const DIVERGED: f64 = 100.0;

/// How one sees that a training has run away, if it has; `bound` is that of [`bound`].
pub(super) fn runaway(rbm: &Rbm, reconstruction: f64, bound: Option<f64>) -> Option<String> {
    if !rbm.is_finite() || !reconstruction.is_finite() {
        return Some("a parameter or the reconstruction is not finite".into());
    }
    let far = bound.filter(|bound| reconstruction > DIVERGED * bound);
    far.map(|bound| format!("a reconstruction cost of {reconstruction:.1e}, that of zeros is {bound:.1e}"))
        .or_else(|| stuck(rbm))
}

/// The scale with which [`runaway`] compares the reconstruction of Gaussian units.
pub(super) fn bound(rbm: &Rbm, test: Samples) -> Result<Option<f64>, RbmError> {
    let Some(variances) = rbm.visible_units().variances(rbm.n_visible()) else { return Ok(None) };
    let (n, m) = rbm.weights.dim();
    let (visible, hidden) = (rbm.visible_units().clone(), rbm.hidden_units().clone());
    let zeros = Rbm::new(Array2::zeros((n, m)), Array1::zeros(n), Array1::zeros(m), visible, hidden)?;
    Ok(Some(zeros.reconstruction_cost(test) + variances.iter().sum::<f64>() / 2.0))
}

/// Says so where the weights of discrete units are beyond [`DIVERGED`]. Such units bound the gradient, so that their
/// weights stay finite: units that never waver are the sign. Gaussian hidden units take the unit 2 sigma; the data of
/// visible ones may be large.
pub(super) fn stuck(rbm: &Rbm) -> Option<String> {
    rbm.visible_units().sites()?;
    let (visible, hidden) = (rbm.visible_units().span(rbm.n_visible()), rbm.hidden_units().span(rbm.n_hidden()));
    let square = rbm.weights.iter().map(|w| f64::from(*w).powi(2)).sum::<f64>() / rbm.weights.len() as f64;
    let size = square.sqrt() * visible * hidden / 4.0;
    (size > DIVERGED).then(|| format!("weights of size {size:.1e}"))
}
