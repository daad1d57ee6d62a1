//! Training by exact gradients: KL(q || p), KL(p || q) or the Jensen-Shannon divergence, by enumeration of the visible
//! states.
//!
//! With g(v) = -dF(v)/dtheta, dp(v)/dtheta = p(v) (g(v) - \<g>_p). So each gradient is sum_v c(v) g(v) with
//! - KL(q || p): c = p - q (thesis eq. 2.4.11),
//! - KL(p || q): c = p (L - \<L>_p), L = ln(p/q),
//! - Jensen-Shannon (thesis eq. 5.1): c = p (L - \<L>_p) / 2, L = ln(p/m), m = (p + q)/2.

use super::enumeration::VisibleStates;
use super::law::{Divergences, MOST_VISIBLE, check_law};
use super::{ExactFit, Rbm, RbmError};
use crate::learning::Descent;
use crate::restart::complete_and_tell;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::ControlFlow;
use std::str::FromStr;

/// An objective, which the training minimises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Objective {
    /// KL(q || p): maximum likelihood.
    Kl,
    /// KL(p || q); needs q > 0 in all states.
    ReverseKl,
    /// The Jensen-Shannon divergence of q and p.
    JensenShannon,
}

impl Objective {
    const ALL: [(Self, &'static str); 3] =
        [(Self::Kl, "kl"), (Self::ReverseKl, "reverse-kl"), (Self::JensenShannon, "jensen-shannon")];
}

impl fmt::Display for Objective {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        Self::ALL.iter().filter(|(objective, _)| objective == self).try_for_each(|(_, name)| f.write_str(name))
    }
}

impl FromStr for Objective {
    type Err = String;

    /// "kl", "reverse-kl" or "jensen-shannon".
    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().find(|(_, name)| *name == text).map(|(objective, _)| *objective);
        found.ok_or_else(|| format!("objective \"{text}\": must be \"kl\", \"reverse-kl\" or \"jensen-shannon\""))
    }
}

/// A gradient with respect to all parameters, in f64.
#[derive(Clone, Debug, PartialEq)]
pub struct ExactGradient {
    /// With respect to w_ia, row by row, n_visible x n_hidden.
    pub weights: Vec<f64>,
    /// With respect to b_i.
    pub visible_bias: Vec<f64>,
    /// With respect to c_a.
    pub hidden_bias: Vec<f64>,
}

/// How a machine is trained exactly.
#[derive(Clone, Debug)]
pub struct ExactTraining {
    /// The objective that is minimised.
    pub objective: Objective,
    /// Number of updates, each by the full gradient.
    pub updates: usize,
    /// Optimiser, learning rate and its decay, regularisation.
    pub descent: Descent,
    /// Updates between two records, >= 1.
    pub record_every: usize,
}

/// The distances of the machine from q after some number of updates.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExactStep {
    /// Updates so far.
    pub update: usize,
    /// The distances.
    pub divergences: Divergences,
}

impl Rbm {
    /// The exact distances from the law `q` and the exact gradient of `objective`. At most 2^20 visible states (20
    /// two-valued units), any hidden units. `q`: probabilities of the visible states in the order of
    /// [`Rbm::ln_visible_law`].
    ///
    /// O(states n_visible n_hidden), in parallel; the same bits for any number of threads.
    ///
    /// # Errors
    /// As [`Rbm::divergences`]; [`RbmError::Law`] if the objective is infinite because q = 0 somewhere.
    pub fn exact_gradient(&self, q: &[f64], objective: Objective) -> Result<(Divergences, ExactGradient), RbmError> {
        let ln_p = self.ln_visible_law()?;
        check_law(q, ln_p.len())?;
        if let (Objective::ReverseKl, Some(state)) = (objective, q.iter().position(|q| *q == 0.0)) {
            return Err(RbmError::Law(format!(
                "is 0 in state {state}, where KL(p || q) is infinite: take the law of a temperature > 0, or smooth it"
            )));
        }
        let p: Vec<f64> = ln_p.iter().map(|x| libm::exp(*x)).collect();
        let coefficients = coefficients(q, &p, &ln_p, objective);
        let states = VisibleStates::new(self, "the exact gradient", MOST_VISIBLE)?;
        let parts: Vec<ExactGradient> =
            (0..states.blocks()).into_par_iter().map(|block| self.part(&states, block, &coefficients)).collect();
        let mut sum = self.no_gradient();
        for part in &parts {
            add(&mut sum.weights, &part.weights);
            add(&mut sum.visible_bias, &part.visible_bias);
            add(&mut sum.hidden_bias, &part.hidden_bias);
        }
        Ok((Divergences::of(q, &p, &ln_p), sum))
    }

    fn no_gradient(&self) -> ExactGradient {
        let (n, m) = self.weights.dim();
        ExactGradient { weights: vec![0.0; n * m], visible_bias: vec![0.0; n], hidden_bias: vec![0.0; m] }
    }

    /// Sum of c(v) g(v) over a block of states: g = (v_i <h_a>_v, v_i, <h_a>_v).
    fn part(&self, states: &VisibleStates, block: usize, coefficients: &[f64]) -> ExactGradient {
        let mut part = self.no_gradient();
        let m = self.n_hidden();
        let mut h = vec![0.0; m];
        states.walk(block, &mut |visit| {
            let c = coefficients[visit.state];
            self.hidden_units().mean_wide(visit.fields, &mut h);
            h.iter_mut().for_each(|h| *h *= c);
            add(&mut part.hidden_bias, &h);
            for (i, v) in visit.values.iter().enumerate() {
                part.visible_bias[i] += c * v;
                part.weights[i * m..(i + 1) * m].iter_mut().zip(&h).for_each(|(w, h)| *w += v * h);
            }
        });
        part
    }
}

fn add(sum: &mut [f64], terms: &[f64]) {
    sum.iter_mut().zip(terms).for_each(|(s, t)| *s += t);
}

/// c(v) of the module's head.
fn coefficients(q: &[f64], p: &[f64], ln_p: &[f64], objective: Objective) -> Vec<f64> {
    let centred = |l: Vec<f64>, factor: f64| {
        let mean: f64 = p.iter().zip(&l).map(|(p, l)| p * l).sum();
        p.iter().zip(l).map(|(p, l)| factor * p * (l - mean)).collect()
    };
    match objective {
        Objective::Kl => p.iter().zip(q).map(|(p, q)| p - q).collect(),
        Objective::ReverseKl => centred(ln_p.iter().zip(q).map(|(ln_p, q)| ln_p - libm::log(*q)).collect(), 1.0),
        Objective::JensenShannon => {
            // Where p is too small for f64 the coefficient is 0 whatever the logarithm.
            let ln = |(p, q): (&f64, &f64)| if *p > 0.0 { libm::log(2.0 * p / (p + q)) } else { 0.0 };
            centred(p.iter().zip(q).map(ln).collect(), 0.5)
        }
    }
}

/// Trains `rbm` towards the law `q` by the full exact gradient, an [`ExactFit`] brought to its end; returns the machine
/// and the distances at update 0, every `record_every` updates and at the end. `progress` is called at each record.
///
/// # Errors
/// As [`Rbm::exact_gradient`]; settings that cannot be; [`RbmError::Diverged`]; [`RbmError::Stopped`] where
/// `progress` breaks.
///
/// ```
/// use std::ops::ControlFlow::Continue;
/// use rgflow::learning::{Descent, Rule, Sgd};
/// use rgflow::{random::Streams, rbm::{ExactTraining, Objective, Rbm, train_exactly}};
/// // Two spins that prefer to be alike.
/// let q = [0.4, 0.1, 0.1, 0.4];
/// let training = ExactTraining {
///     objective: Objective::ReverseKl,
///     updates: 2000,
///     descent: Descent::new(Rule::Sgd(Sgd), 0.2),
///     record_every: 1000,
/// };
/// let start = Rbm::random(2, 1, 0.1, &mut Streams::new(1).generator("example/init", 0));
/// let (_, steps) = train_exactly(start, &q, &training, &mut |_| Continue(()))?;
/// assert!(steps[2].divergences.reverse_kl < 1e-6);
/// # Ok::<(), rgflow::rbm::RbmError>(())
/// ```
pub fn train_exactly(
    rbm: Rbm,
    q: &[f64],
    training: &ExactTraining,
    progress: &mut dyn FnMut(ExactStep) -> ControlFlow<()>,
) -> Result<(Rbm, Vec<ExactStep>), RbmError> {
    let mut fit = ExactFit::new(rbm, q, training)?;
    complete_and_tell(&mut fit, ExactFit::steps, progress)?;
    fit.finish()
}
