//! Models: energies of spin configurations. A new model is a new file beside the Ising model.

use super::Lattice;

/// A model of spins `+-1`: the energy of a configuration and what a flip changes.
pub trait Model {
    /// Energy of one configuration in units of J, in total (not per spin). `spins`: length `n_sites`, values +-1.
    fn energy(&self, spins: &[i8]) -> f64;

    /// Energy after minus energy before the flip of `site`, in units of J.
    fn flip_change(&self, spins: &[i8], site: usize) -> f64;
}

/// The Ising model without field, H = - sum over bonds of s_i s_j (thesis eq. 3.1.1, J = 1).
#[derive(Clone, Copy, Debug)]
pub struct Ising<'a, L: Lattice + ?Sized> {
    /// The lattice that carries the spins.
    pub lattice: &'a L,
}

impl<L: Lattice + ?Sized> Ising<'_, L> {
    /// Sum of the neighbours of `site`, each bond once.
    fn local_field(&self, spins: &[i8], site: usize) -> i32 {
        self.lattice.neighbours(site).iter().map(|&n| i32::from(spins[n as usize])).sum()
    }
}

impl<L: Lattice + ?Sized> Model for Ising<'_, L> {
    fn energy(&self, spins: &[i8]) -> f64 {
        let doubled: i64 =
            spins.iter().enumerate().map(|(site, &s)| i64::from(i32::from(s) * self.local_field(spins, site))).sum();
        -(doubled as f64) / 2.0
    }

    fn flip_change(&self, spins: &[i8], site: usize) -> f64 {
        f64::from(2 * i32::from(spins[site]) * self.local_field(spins, site))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lattice::{Ring, Square};

    #[test]
    fn flips_change_the_energy_as_announced() {
        let square = Square::new(3, 5).unwrap();
        let ising = Ising { lattice: &square };
        let mut spins: Vec<i8> = (0..15).map(|i| if (i * i) % 7 < 3 { 1 } else { -1 }).collect();
        for site in 0..15 {
            let (before, change) = (ising.energy(&spins), ising.flip_change(&spins, site));
            spins[site] = -spins[site];
            assert_eq!(ising.energy(&spins), before + change);
        }
        assert_eq!(ising.energy(&[1; 15]), -30.0);
        assert_eq!(Ising { lattice: &Ring::new(4).unwrap() }.energy(&[1, -1, 1, -1]), 4.0);
    }
}
