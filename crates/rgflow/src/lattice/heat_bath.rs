//! Single-spin updates that draw the spin afresh from its law given its neighbours: P(up) = 1/(1 + e^{-2 beta F}), F
//! the sum of the neighbours plus the field (Glauber 1963; thesis section 3.1).
//!
//! Each visit can leave the spin in either state, so the chain reaches every state on any lattice in any order of
//! visits. It decorrelates about half as fast as Metropolis near T_c.

use super::algorithm::{Algorithm, Random, Request, SINGLE_SPIN, SweepCost, single_spin_spacing};
use super::replicas::{self, Update};
use super::{ChainLength, Collection, Ising, Lattice, LatticeError, Sampling, Temperature};
use crate::random::Bulk;

/// Samples `n` configurations of the Ising model at `temperature` in `(0, inf]`.
///
/// Probabilities are rounded to 2^-32: below T = 0.36 excitations of an ordered state no longer occur.
///
/// # Errors
/// [`LatticeError::ZeroTemperature`] at T = 0; those of [`ChainLength::check`].
pub fn sample<L: Lattice + ?Sized>(
    model: &Ising<'_, L>,
    temperature: Temperature,
    n: usize,
    length: &ChainLength,
    bulk: &mut Bulk,
) -> Result<Collection, LatticeError> {
    Ok(sampling(model, temperature, n, length, bulk)?.finish())
}

/// [`sample`] on its way.
///
/// # Errors
/// As [`sample`].
pub fn sampling<'a, L: Lattice + ?Sized>(
    model: &'a Ising<'a, L>,
    temperature: Temperature,
    n: usize,
    length: &ChainLength,
    bulk: &'a mut Bulk,
) -> Result<Sampling<'a>, LatticeError> {
    let update = Update { accept: acceptance, name: HeatBath::NAME.to_owned() };
    replicas::sampling(Request { model, temperature, n, length }, update, bulk)
}

/// The sampler as a type, for lists.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HeatBath;

impl Algorithm for HeatBath {
    const NAME: &'static str = "heat-bath";
    const IS_LOCAL: bool = true;
    const COST: SweepCost = SINGLE_SPIN;

    fn spacing(l: f64) -> f64 {
        single_spin_spacing(l)
    }

    fn sampling<'a, L: Lattice + ?Sized>(
        request: Request<'a, '_, L>,
        random: &'a mut Random<'a>,
    ) -> Result<Sampling<'a>, LatticeError> {
        let Request { model, temperature, n, length } = request;
        sampling(model, temperature, n, length, &mut random.bulk)
    }
}

/// e^{-x}/(1 + e^{-x}), x = beta dE: the new spin does not depend on the old one.
pub(super) fn acceptance(x: f64) -> f64 {
    if x < 0.0 {
        return 1.0 / (1.0 + libm::exp(x));
    }
    let boltzmann = libm::exp(-x);
    boltzmann / (1.0 + boltzmann)
}
