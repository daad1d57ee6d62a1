//! Models: energies of spin configurations. A new model is a new file beside the Ising model.

use ndarray::Array2;

use super::bond_runs::BondRuns;
use super::{Lattice, LatticeError, Order};

/// A model of spins `+-1`: the energy of a configuration and what a flip changes.
pub trait Model {
    /// Energy of one configuration in units of J, in total (not per spin). `spins`: length `n_sites`, values +-1.
    fn energy(&self, spins: &[i8]) -> f64;

    /// [`Model::energy`] of each row of `spins`, shape `(n, n_sites)`.
    ///
    /// # Panics
    /// If the rows are not contiguous (`spins.is_standard_layout()`), which is an error of the caller.
    fn energies(&self, spins: &Array2<i8>) -> Vec<f64> {
        rows(spins).map(|row| self.energy(row)).collect()
    }

    /// Energy after minus energy before the flip of `site`, in units of J.
    fn flip_change(&self, spins: &[i8], site: usize) -> f64;

    /// Its slow mode at low temperature.
    fn order(&self) -> Order {
        Order::Uniform
    }
}

/// The rows of configurations in standard layout.
fn rows(spins: &Array2<i8>) -> impl Iterator<Item = &[i8]> {
    spins.rows().into_iter().map(|row| row.to_slice().expect("configurations are rows"))
}

/// The Ising model, H = - sum over bonds of J_ij s_i s_j - h sum over sites of s_i; J = 1 unless its lattice says other
/// [couplings](Lattice::couplings).
///
/// The thesis writes beta H = -h S - K S S (section 3.2.3): its field is beta times this one, its K is beta.
///
/// ```
/// use rgflow::lattice::{Ising, Model, Ring};
/// let ring = Ring::new(4)?;
/// assert_eq!(Ising::new(&ring).energy(&[1, 1, 1, -1]), 0.0);
/// assert_eq!(Ising::in_field(&ring, 0.5)?.energy(&[1, 1, 1, -1]), -1.0);
/// # Ok::<(), rgflow::lattice::LatticeError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Ising<'a, L: Lattice + ?Sized> {
    /// The lattice that carries the spins.
    pub lattice: &'a L,
    field: f64,
}

impl<'a, L: Lattice + ?Sized> Ising<'a, L> {
    /// The model without field.
    pub fn new(lattice: &'a L) -> Self {
        Self { lattice, field: 0.0 }
    }

    /// The model in the field `field` (units of J, any sign).
    ///
    /// # Errors
    /// [`LatticeError::Field`] if the field is not finite.
    pub fn in_field(lattice: &'a L, field: f64) -> Result<Self, LatticeError> {
        // The sum turns -0 into 0.
        if field.is_finite() { Ok(Self { lattice, field: field + 0.0 }) } else { Err(LatticeError::Field(field)) }
    }

    /// The field h in units of J.
    pub fn field(&self) -> f64 {
        self.field
    }

    /// Whether the lattice has couplings other than 1.
    pub(crate) fn is_coupled(&self) -> bool {
        self.lattice.n_sites() > 0 && self.lattice.couplings(0).is_some()
    }

    /// Refuses couplings other than 1 for `what`, which does not know them.
    pub(crate) fn needs_plain(&self, what: &'static str, remedy: &'static str) -> Result<(), LatticeError> {
        match self.is_coupled() {
            true => Err(LatticeError::OtherCouplings { what, lattice: super::title(self.lattice), remedy }),
            false => Ok(()),
        }
    }

    /// Sum over the bonds of `site` of J_ij s_j.
    fn bond_sum(&self, spins: &[i8], site: usize) -> f64 {
        match self.lattice.couplings(site) {
            Some(couplings) => {
                let bonds = self.lattice.neighbours(site).iter().zip(couplings);
                bonds.map(|(other, coupling)| coupling * f64::from(spins[*other as usize])).sum()
            }
            None => f64::from(self.neighbour_sum(spins, site)),
        }
    }

    /// Sum of the neighbours of `site`, each bond once.
    fn neighbour_sum(&self, spins: &[i8], site: usize) -> i32 {
        self.lattice.neighbours(site).iter().map(|&n| i32::from(spins[n as usize])).sum()
    }
}

impl<L: Lattice + ?Sized> Model for Ising<'_, L> {
    fn energy(&self, spins: &[i8]) -> f64 {
        if self.is_coupled() {
            let each = |(site, s): (usize, &i8)| f64::from(*s) * (-0.5 * self.bond_sum(spins, site) - self.field);
            return spins.iter().enumerate().map(each).sum();
        }
        let (mut doubled, mut magnetisation) = (0i64, 0i64);
        for (site, &s) in spins.iter().enumerate() {
            doubled += i64::from(i32::from(s) * self.neighbour_sum(spins, site));
            magnetisation += i64::from(s);
        }
        -(doubled as f64) / 2.0 - self.field * magnetisation as f64
    }

    fn energies(&self, spins: &Array2<i8>) -> Vec<f64> {
        if self.is_coupled() {
            return rows(spins).map(|row| self.energy(row)).collect();
        }
        plain_energies(&BondRuns::new(self.lattice), self.field, spins)
    }

    fn flip_change(&self, spins: &[i8], site: usize) -> f64 {
        let s = f64::from(spins[site]);
        2.0 * s * (self.bond_sum(spins, site) + self.field)
    }

    fn order(&self) -> Order {
        Order::of(self.lattice)
    }
}

/// Energies where every coupling is 1.
fn plain_energies(bonds: &BondRuns, field: f64, spins: &Array2<i8>) -> Vec<f64> {
    let magnetisation = |row: &[i8]| row.iter().map(|s| i64::from(*s)).sum::<i64>();
    rows(spins).map(|row| -(bonds.sum(row) as f64) - field * magnetisation(row) as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lattice::{Geometry, Ring, Square};

    #[test]
    fn energies_of_rows_are_those_of_each() {
        for (name, extents) in [("square", vec![2, 5]), ("honeycomb", vec![4, 2]), ("cubic", vec![3, 2, 4])] {
            let plain = Geometry::new(name, &extents).unwrap();
            let coupled = plain.clone().with_bonds(&[-0.7], &[]).unwrap();
            for (lattice, field) in [(&plain, 0.0), (&plain, 0.3), (&coupled, -0.2)] {
                let model = Ising::in_field(lattice, field).unwrap();
                let sign = |(row, site): (usize, usize)| if (row * row + site * site * 3) % 7 < 3 { 1i8 } else { -1 };
                let spins = Array2::from_shape_fn((5, lattice.n_sites()), sign);
                let each: Vec<f64> = spins.rows().into_iter().map(|row| model.energy(&row.to_vec())).collect();
                assert_eq!(model.energies(&spins), each, "{lattice}, h = {field}");
            }
        }
    }

    #[test]
    fn flips_change_the_energy_as_announced() {
        for (name, extents) in [("square", vec![3, 5]), ("triangular", vec![3, 5]), ("cubic", vec![3, 2, 3])] {
            let lattice = Geometry::new(name, &extents).unwrap();
            for field in [0.0, 0.25, -1.5] {
                let ising = Ising::in_field(&lattice, field).unwrap();
                let n = lattice.n_sites();
                let mut spins: Vec<i8> = (0..n).map(|i| if (i * i) % 7 < 3 { 1 } else { -1 }).collect();
                for site in 0..n {
                    let (before, change) = (ising.energy(&spins), ising.flip_change(&spins, site));
                    spins[site] = -spins[site];
                    assert_eq!(ising.energy(&spins), before + change);
                }
            }
        }
        let square = Square::new(3, 5).unwrap();
        assert_eq!(Ising::new(&square).energy(&[1; 15]), -30.0);
        assert_eq!(Ising::in_field(&square, -2.0).unwrap().energy(&[1; 15]), 0.0);
        assert_eq!(Ising::new(&Ring::new(4).unwrap()).energy(&[1, -1, 1, -1]), 4.0);
        assert!(Ising::in_field(&square, f64::NAN).is_err());
        assert!(Ising::in_field(&square, f64::INFINITY).is_err());
    }
}
