//! How far a machine is from an Ising model, exactly.
//!
//! Mehta and Schwab (arXiv 1410.3831) call a coarse graining exact if tracing over the hidden units gives back the
//! Hamiltonian: sum_h exp(-H(v, h)) = exp(-beta E(v)) for all v. Up to a constant, that is ln p(v) + beta E(v) the same
//! for all v.

use crate::kernel::log_weights::LogSum;
use crate::lattice::{Ising, Lattice, Model, Temperature};
use crate::rbm::{Rbm, RbmError};
use thiserror::Error;

/// Largest visible layer.
const MOST: usize = 16;

/// Machines that have no trace condition.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum TraceError {
    /// A machine whose law is not known exactly.
    #[error(transparent)]
    Machine(#[from] RbmError),
    /// A lattice of another number of sites than the machine has visible units.
    #[error("sites of the lattice: has {found}, must have {expected}")]
    Sites {
        /// Visible units.
        expected: usize,
        /// Sites.
        found: usize,
    },
    /// T = 0, where most states have no weight.
    #[error("the distribution over visible states at T = 0 has zeros: give T > 0")]
    Cold,
}

/// Distances of the law p of a machine from the thermal law q: see [`TraceCondition::of`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TraceCondition {
    /// Variance under q of ln p(v) + beta E(v), nats^2: zero where the trace condition holds.
    pub variance: f64,
    /// KL(q || p), nats.
    pub kl: f64,
}

impl TraceCondition {
    /// The trace condition of `rbm` for the Ising model without field on `lattice` at `temperature` > 0, exactly, from
    /// all states: at most 16 two-valued visible units, one for each site; any hidden units.
    ///
    /// # Errors
    /// [`TraceError::Machine`] with [`RbmError::NotTwoValued`], [`RbmError::TooLarge`] or [`RbmError::NotFinite`];
    /// [`TraceError::Sites`]; [`TraceError::Cold`].
    ///
    /// ```
    /// use rgflow::lattice::{Ring, Temperature};
    /// use rgflow::{random::Streams, rbm::Rbm, rg::trace_condition::TraceCondition};
    /// let rbm = Rbm::random(6, 3, 0.0, &mut Streams::new(1).generator("example/init", 0));
    /// // Without weights all states are alike: the Ising model at T = infinity.
    /// let hot = TraceCondition::of(&rbm, &Ring::new(6).unwrap(), Temperature::new(f64::INFINITY).unwrap())?;
    /// assert!(hot.variance < 1e-20 && hot.kl < 1e-12);
    /// # Ok::<(), rgflow::rg::trace_condition::TraceError>(())
    /// ```
    pub fn of<L: Lattice + ?Sized>(rbm: &Rbm, lattice: &L, temperature: Temperature) -> Result<Self, TraceError> {
        let (what, units, expected) = ("the trace condition", rbm.visible_units(), rbm.n_visible());
        if units.levels().is_none() {
            return Err(RbmError::NotTwoValued { what, layer: "visible", kind: units.kind() }.into());
        }
        if expected > MOST {
            return Err(RbmError::TooLarge { what, most: MOST, found: expected }.into());
        }
        let found = lattice.n_sites();
        if expected != found {
            return Err(TraceError::Sites { expected, found });
        }
        let beta = temperature.beta();
        if !beta.is_finite() {
            return Err(TraceError::Cold);
        }
        let ln_p = rbm.ln_visible_law()?;
        let energy: Vec<f64> = (0..ln_p.len()).map(|state| energy(lattice, state)).collect();
        let mut z = LogSum::default();
        energy.iter().for_each(|e| z.add(-beta * e));
        let ln_z = z.value();
        let q: Vec<f64> = energy.iter().map(|e| libm::exp(-beta * e - ln_z)).collect();
        let difference: Vec<f64> = ln_p.iter().zip(&energy).map(|(ln_p, e)| ln_p + beta * e).collect();
        let mean: f64 = q.iter().zip(&difference).map(|(q, d)| q * d).sum();
        let variance = q.iter().zip(&difference).map(|(q, d)| q * (d - mean) * (d - mean)).sum();
        // ln q - ln p = -ln Z - difference; rounding may be below zero.
        Ok(Self { variance, kl: (-ln_z - mean).max(0.0) })
    }
}

/// E = -sum over bonds of J_ij s_i s_j, spin i being +1 where bit i of `state` is 1.
fn energy<L: Lattice + ?Sized>(lattice: &L, state: usize) -> f64 {
    let spins: Vec<i8> = (0..lattice.n_sites()).map(|i| if state >> i & 1 == 1 { 1 } else { -1 }).collect();
    Ising::new(lattice).energy(&spins)
}
