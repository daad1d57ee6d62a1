//! Single-spin updates that accept a flip with min(1, e^{-beta dE}) (Metropolis et al. 1953; thesis section 3.1).
//!
//! A checkerboard of Metropolis updates always flips a spin whose neighbours cancel, which moves almost
//! deterministically in three places. There the flips follow the [heat bath](super::heat_bath) instead, which samples
//! the same law, and the collection says so in [`Collection::sampler`]:
//! - above T = 10: sweeps that flip every spin never randomise;
//! - with fewer than four distinct neighbours (rings, an extent of 2): walls march around the ring;
//! - on lattices without two colours (odd extents, triangular): in another order than the checkerboard a 3 x 3 torus at
//!   T = 1.5 missed its energies;
//! - with couplings of several strengths, or frustrated ones: a spin between neighbours that hardly move would flip at
//!   every visit.

use super::algorithm::{Algorithm, Random, Request, SINGLE_SPIN, SweepCost, single_spin_spacing};
use super::heat_bath;
use super::replicas::{self, Update};
use super::{
    ChainLength, Collection, GroundStates, Ising, Lattice, LatticeError, Sampling, Square, Temperature, bonds,
};
use crate::random::Bulk;

/// Above this temperature, in units of the coupling, the heat bath replaces Metropolis.
const HEAT_BATH_ABOVE: f64 = 10.0;

/// Samples `n` configurations of the Ising model at `temperature` in `(0, inf]`.
///
/// Acceptance probabilities are rounded to 2^-32: below T = 0.36 excitations of an ordered state no longer occur
/// (their energy per spin is below 2e-9).
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
    let update = match replaced_by_heat_bath(model.lattice, temperature) {
        Some(reason) => Update { accept: heat_bath::acceptance, name: format!("metropolis as heat bath ({reason})") },
        None => Update { accept: acceptance, name: Metropolis::NAME.to_owned() },
    };
    replicas::sampling(Request { model, temperature, n, length }, update, bulk)
}

/// Whether a [`Grid`](super::multispin::Grid) can be drawn at this temperature: even extents of at least 4, 0 < T <=
/// 10, no field.
pub fn is_bit_parallel(model: &Ising<'_, Square>, temperature: Temperature) -> bool {
    let extents = [model.lattice.lx(), model.lattice.ly()];
    temperature != Temperature::ZERO
        && temperature.value() <= HEAT_BATH_ABOVE
        && extents.iter().all(|l| l.is_multiple_of(2) && *l >= 4)
        && model.field() == 0.0
}

/// The sampler as a type, for lists.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Metropolis;

impl Algorithm for Metropolis {
    const NAME: &'static str = "metropolis";
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

/// min(1, e^{-x}), x = beta dE.
pub(super) fn acceptance(x: f64) -> f64 {
    libm::exp(-x.max(0.0))
}

/// Why the heat bath replaces Metropolis here, if it does.
fn replaced_by_heat_bath<L: Lattice + ?Sized>(lattice: &L, temperature: Temperature) -> Option<&'static str> {
    // One site tells of all where the lattice is alike everywhere.
    let alike = if lattice.is_translation_invariant() { 1 } else { lattice.n_sites() };
    let coupled = lattice.couplings(0).is_some();
    // Any bond, as all are to be of one strength.
    let strength = bonds(lattice).next().map_or(1.0, |bond| bond.2.abs());
    let few_neighbours = |site: usize| {
        let mut around = lattice.neighbours(site).to_vec();
        around.sort_unstable();
        around.dedup();
        around.len() < 4
    };
    if coupled && bonds(lattice).any(|bond| bond.2.abs() != strength) {
        Some("couplings of several strengths")
    } else if temperature.value() > HEAT_BATH_ABOVE * strength {
        Some(if coupled { "T > 10 |J|" } else { "T > 10" })
    } else if (0..alike).any(few_neighbours) {
        Some("fewer than four distinct neighbours")
    } else if lattice.n_colours() != Some(2) {
        Some("the lattice has no checkerboard")
    } else if coupled && GroundStates::of(lattice).is_err() {
        Some("frustrated couplings")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lattice::{Geometry, Ring};
    use crate::random::Streams;

    #[test]
    fn says_where_it_is_a_heat_bath() {
        let reason = |name, extents: &[usize], t| {
            let temperature = Temperature::new(t).unwrap();
            replaced_by_heat_bath(&Geometry::new(name, extents).unwrap(), temperature).is_some()
        };
        assert!(!reason("square", &[4], 2.0) && !reason("cubic", &[4], 2.0));
        assert!(reason("square", &[4], 10.5) && reason("square", &[3, 4], 2.0) && reason("square", &[2, 4], 2.0));
        assert!(reason("ring", &[8], 2.0) && reason("triangular", &[6], 2.0));
    }

    #[test]
    fn refuses_what_it_cannot_do() {
        let ring = Ring::new(5).unwrap();
        let ising = Ising::new(&ring);
        let mut bulk = Streams::new(1).bulk("test/metropolis", 0);
        let length = ChainLength::single_spin(&ring);
        let zero = sample(&ising, Temperature::ZERO, 10, &length, &mut bulk);
        assert_eq!(zero.unwrap_err(), LatticeError::ZeroTemperature);
        let none = ChainLength { chains: 0, ..length };
        assert!(sample(&ising, Temperature::CRITICAL, 10, &none, &mut bulk).is_err());
        assert_eq!(sample(&ising, Temperature::CRITICAL, 0, &length, &mut bulk).unwrap().spins.dim(), (0, 5));
    }
}
