//! How far a machine is from an Ising model, exactly.
//!
//! Mehta and Schwab (arXiv 1410.3831) call a coarse graining exact if tracing over the hidden units gives back the Hamiltonian:
//! sum_h exp(-H(v, h)) = exp(-beta E(v)) for all v. Up to a constant, that is ln p(v) + beta E(v) the same for all v.

use super::enumeration::VisibleStates;
use super::{Rbm, RbmError};
use crate::kernel::log_weights::LogSum;
use crate::lattice::{Lattice, Temperature};

/// Largest visible layer.
const MOST: usize = 16;

/// Distances of the law p of a machine from the thermal law q: see [`Rbm::trace_condition`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TraceCondition {
    /// Variance under q of ln p(v) + beta E(v), nats^2: zero where the trace condition holds.
    pub variance: f64,
    /// KL(q || p), nats.
    pub kl: f64,
}

impl Rbm {
    /// The trace condition for the nearest-neighbour Ising model (J = 1, no field) on `lattice` at `temperature` > 0, exactly, from
    /// all states: at most 16 two-valued visible units, one for each site; any hidden units.
    ///
    /// # Errors
    /// [`RbmError::NotTwoValued`], [`RbmError::TooLarge`], [`RbmError::NotFinite`]; [`RbmError::Shape`] for a lattice of
    /// another number of sites; [`RbmError::Law`] at T = 0, where most states have no weight.
    pub fn trace_condition<L: Lattice + ?Sized>(
        &self,
        lattice: &L,
        temperature: Temperature,
    ) -> Result<TraceCondition, RbmError> {
        self.visible_levels("the trace condition")?;
        VisibleStates::new(self, "the trace condition", MOST)?;
        let (expected, found) = (self.n_visible(), lattice.n_sites());
        if expected != found {
            return Err(RbmError::Shape { what: "sites of the lattice", expected, found });
        }
        let beta = temperature.beta();
        if !beta.is_finite() {
            return Err(RbmError::Law("at T = 0 has zeros: give T > 0".into()));
        }
        let ln_p = self.ln_visible_law()?;
        let energy: Vec<f64> = (0..ln_p.len()).map(|state| energy(lattice, state)).collect();
        let mut z = LogSum::default();
        energy.iter().for_each(|e| z.add(-beta * e));
        let ln_z = z.value();
        let q: Vec<f64> = energy.iter().map(|e| libm::exp(-beta * e - ln_z)).collect();
        let difference: Vec<f64> = ln_p.iter().zip(&energy).map(|(ln_p, e)| ln_p + beta * e).collect();
        let mean: f64 = q.iter().zip(&difference).map(|(q, d)| q * d).sum();
        let variance = q.iter().zip(&difference).map(|(q, d)| q * (d - mean) * (d - mean)).sum();
        // ln q - ln p = -ln Z - difference; rounding may be below zero.
        Ok(TraceCondition { variance, kl: (-ln_z - mean).max(0.0) })
    }
}

/// E = -sum over bonds of s_i s_j, spin i being +1 where bit i of `state` is 1.
fn energy<L: Lattice + ?Sized>(lattice: &L, state: usize) -> f64 {
    let spin = |i: usize| if state >> i & 1 == 1 { 1.0 } else { -1.0 };
    // Every bond is met from both of its ends.
    let ends = |i: usize| lattice.neighbours(i).iter().map(|j| spin(*j as usize)).sum::<f64>();
    -0.5 * (0..lattice.n_sites()).map(|i| spin(i) * ends(i)).sum::<f64>()
}
