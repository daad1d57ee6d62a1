//! All states of a small lattice, one after the other.

use super::Thermodynamics;
use crate::lattice::{Ising, Lattice, LatticeError, Model, Temperature};

/// Number of states at each energy (J, in total), by rising energy; from a Gray code over all 2^N states.
///
/// # Errors
/// [`LatticeError::TooManyStates`] beyond 25 sites.
pub fn density_of_states<L: Lattice + ?Sized>(lattice: &L) -> Result<Vec<(f64, u64)>, LatticeError> {
    let n = lattice.n_sites();
    if n > 25 {
        return Err(LatticeError::TooManyStates(n));
    }
    let ising = Ising::new(lattice);
    let mut spins = vec![1i8; n];
    let ground = ising.energy(&spins);
    let mut energy = ground;
    // Energies lie at even distances above the ground state.
    let mut counts = vec![0u64; (-ground) as usize + 1];
    counts[0] = 1;
    for state in 1u64..1 << n {
        let site = state.trailing_zeros() as usize;
        energy += ising.flip_change(&spins, site);
        spins[site] = -spins[site];
        counts[((energy - ground) / 2.0) as usize] += 1;
    }
    let level = |(i, count): (usize, u64)| (count > 0).then_some((ground + 2.0 * i as f64, count));
    Ok(counts.into_iter().enumerate().filter_map(level).collect())
}

/// Thermal averages per spin of a system of `n_sites` spins with the given levels (at least one, by rising energy).
pub fn thermodynamics(levels: &[(f64, u64)], n_sites: usize, temperature: Temperature) -> Thermodynamics {
    let (t, n) = (temperature.value(), n_sites as f64);
    let ground = levels[0].0;
    // Relative to the ground state: low temperatures keep their digits.
    let (mut z, mut first, mut second) = (0.0, 0.0, 0.0);
    for &(energy, count) in levels {
        let above = energy - ground;
        let weight = if above == 0.0 { 1.0 } else { libm::exp(-above * temperature.beta()) } * count as f64;
        z += weight;
        first += weight * above;
        second += weight * above * above;
    }
    let mean = first / z;
    let specific_heat = if t == 0.0 { 0.0 } else { (second / z - mean * mean) / (t * t * n) };
    let free_energy = (t < f64::INFINITY).then(|| (ground - t * libm::log(z)) / n);
    Thermodynamics { energy: (ground + mean) / n, specific_heat, free_energy }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lattice::{Ring, Square};

    #[test]
    fn small_systems() {
        let two = density_of_states(&Square::new(2, 2).unwrap()).unwrap();
        assert_eq!(two, [(-8.0, 2), (0.0, 12), (8.0, 2)]);
        let ring = density_of_states(&Ring::new(3).unwrap()).unwrap();
        assert_eq!(ring, [(-3.0, 2), (1.0, 6)]);
        assert!(density_of_states(&Ring::new(26).unwrap()).is_err());
        let zero = thermodynamics(&two, 4, Temperature::ZERO);
        assert_eq!((zero.energy, zero.specific_heat, zero.free_energy), (-2.0, 0.0, Some(-2.0)));
    }
}
