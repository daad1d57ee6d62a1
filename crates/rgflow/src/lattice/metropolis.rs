//! Single-spin updates that accept a flip with min(1, e^{-beta dE}) (Metropolis et al. 1953; thesis section 3.1).
//!
//! A checkerboard of Metropolis updates always flips a spin whose neighbours cancel, which moves almost
//! deterministically in three places. There the flips follow the [heat bath](super::heat_bath) instead, which samples
//! the same law, and the collection says so in [`Collection::sampler`]:
//! - above T = 10: sweeps that flip every spin never randomise;
//! - with fewer than four distinct neighbours (rings, an extent of 2): walls march around the ring;
//! - on lattices without two colours (odd extents, triangular): in another order than the checkerboard a 3 x 3 torus at
//!   T = 1.5 missed its energies.

use rayon::prelude::*;

use super::{Chains, Collection, Ising, Lattice, LatticeError, Sampling, Square, Temperature};
use super::{heat_bath, multispin, replicas};
use crate::random::{Bulk, Streams};
use crate::restart::{Drive, through};

pub use super::replicas::Settings;

/// Above this temperature the heat bath replaces Metropolis.
const HEAT_BATH_ABOVE: f64 = 10.0;

/// Samples `n` configurations of the Ising model at `temperature` in `(0, inf]`.
///
/// Acceptance probabilities are rounded to 2^-32: below T = 0.36 excitations of an ordered state no longer occur
/// (their energy per spin is below 2e-9).
///
/// # Errors
/// [`LatticeError::ZeroTemperature`] at T = 0, [`LatticeError::ZeroSetting`] for no replicas or no spacing.
pub fn sample<L: Lattice + ?Sized>(
    model: &Ising<'_, L>,
    temperature: Temperature,
    n: usize,
    settings: &Settings,
    bulk: &mut Bulk,
) -> Result<Collection, LatticeError> {
    Ok(sampling(model, temperature, n, settings, bulk)?.finish())
}

/// [`sample`] on its way.
///
/// # Errors
/// As [`sample`].
pub fn sampling<'a, L: Lattice + ?Sized>(
    model: &'a Ising<'a, L>,
    temperature: Temperature,
    n: usize,
    settings: &Settings,
    bulk: &'a mut Bulk,
) -> Result<Sampling<'a>, LatticeError> {
    let how: (fn(f64) -> f64, String) = match replaced_by_heat_bath(model.lattice, temperature) {
        Some(reason) => (heat_bath::acceptance, format!("metropolis as heat bath ({reason})")),
        None => (acceptance, "metropolis".to_owned()),
    };
    replicas::sampling(model, temperature, n, settings, how, bulk)
}

/// Whether [`sample_grid`] can do this temperature: even extents of at least 4, 0 < T <= 10, no field.
pub fn is_bit_parallel(model: &Ising<'_, Square>, temperature: Temperature) -> bool {
    let extents = [model.lattice.lx(), model.lattice.ly()];
    temperature != Temperature::ZERO
        && temperature.value() <= HEAT_BATH_ABOVE
        && extents.iter().all(|l| l.is_multiple_of(2) && *l >= 4)
        && model.field() == 0.0
}

/// Samples `n` configurations at each of several temperatures with their replicas in the bits of words ([`multispin`]): the
/// law of [`sample`], five times as fast where temperatures x replicas is a multiple of 512 or far above.
///
/// The streams are "PURPOSE" with the number of the word.
///
/// # Errors
/// Where [`is_bit_parallel`] is false, [`LatticeError::ZeroSetting`] for no replicas or no spacing.
///
/// ```
/// use rgflow::{lattice::{Square, Temperature, metropolis::{Settings, sample_grid}}, random::Streams};
/// let square = Square::new(10, 10)?;
/// let temperatures = [Temperature::new(2.0)?, Temperature::new(3.0)?];
/// let seen = sample_grid(&square, &temperatures, 200, &Settings::for_lattice(&square), Streams::new(1), "example")?;
/// assert_eq!((seen.len(), seen[1].spins.dim()), (2, (200, 100)));
/// # Ok::<(), rgflow::lattice::LatticeError>(())
/// ```
pub fn sample_grid(
    square: &Square,
    temperatures: &[Temperature],
    n: usize,
    settings: &Settings,
    streams: Streams,
    purpose: &str,
) -> Result<Vec<Collection>, LatticeError> {
    sample_grid_by(square, temperatures, n, settings, (streams, purpose), &through)
}

/// As [`sample_grid`], word by word: `drive` is given the number of each, from several threads, and brings it to its end. Its work is
/// counted in sweeps.
///
/// # Errors
/// As [`sample_grid`], and those of `drive`.
pub fn sample_grid_by(
    square: &Square,
    temperatures: &[Temperature],
    n: usize,
    settings: &Settings,
    streams: (Streams, &str),
    drive: &Drive,
) -> Result<Vec<Collection>, LatticeError> {
    let Settings { replicas: chains, burn_in, spacing } = *settings;
    let lengths = multispin::Settings { chains, burn_in, spacing };
    let spins = multispin::sample_grid_by(square.lx(), square.ly(), temperatures, n, &lengths, streams, drive)?;
    let model = Ising::new(square);
    let diagnose = |spins| {
        let burn_in = burn_in as f64 / spacing as f64;
        let mut seen = Chains { spins, n_chains: chains.min(n.max(1)), burn_in }.diagnose(&model);
        seen.sampler = "metropolis, bit-parallel".to_owned();
        seen
    };
    Ok(spins.into_par_iter().map(diagnose).collect())
}

/// min(1, e^{-x}), x = beta dE.
pub(super) fn acceptance(x: f64) -> f64 {
    libm::exp(-x.max(0.0))
}

/// Why the heat bath replaces Metropolis here, if it does.
fn replaced_by_heat_bath<L: Lattice + ?Sized>(lattice: &L, temperature: Temperature) -> Option<&'static str> {
    let mut around = lattice.neighbours(0).to_vec();
    around.sort_unstable();
    around.dedup();
    if temperature.value() > HEAT_BATH_ABOVE {
        Some("T > 10")
    } else if around.len() < 4 {
        Some("fewer than four distinct neighbours")
    } else if lattice.n_colours() != Some(2) {
        Some("the lattice has no checkerboard")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lattice::{Geometry, Ring};

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
        let settings = Settings::for_lattice(&ring);
        let zero = sample(&ising, Temperature::ZERO, 10, &settings, &mut bulk);
        assert_eq!(zero.unwrap_err(), LatticeError::ZeroTemperature);
        let none = Settings { replicas: 0, ..settings };
        assert!(sample(&ising, Temperature::CRITICAL, 10, &none, &mut bulk).is_err());
        assert_eq!(sample(&ising, Temperature::CRITICAL, 0, &settings, &mut bulk).unwrap().spins.dim(), (0, 5));
    }
}
