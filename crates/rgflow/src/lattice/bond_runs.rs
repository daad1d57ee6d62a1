//! The sum over all bonds of many configurations.
//!
//! The neighbours of consecutive sites are consecutive nearly everywhere on a periodic lattice, so its bonds are a few
//! runs: a product of two slices of spins for each, which takes vectors.

use super::Lattice;

/// All bonds of a lattice, each once.
pub(super) struct BondRuns(Vec<Run>);

/// The bonds (first + k, second + k) for k below `length`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    first: usize,
    second: usize,
    length: usize,
}

impl BondRuns {
    pub fn new<L: Lattice + ?Sized>(lattice: &L) -> Self {
        let n_sites = lattice.n_sites();
        let places = (0..n_sites).map(|site| lattice.neighbours(site).len()).max().unwrap_or(0);
        let mut runs: Vec<Run> = Vec::new();
        for place in 0..places {
            for first in 0..n_sites {
                let other = lattice.neighbours(first).get(place).map(|&other| other as usize);
                // A bond belongs to its earlier end.
                let Some(second) = other.filter(|second| *second > first) else { continue };
                match runs.last_mut() {
                    Some(run) if run.first + run.length == first && run.second + run.length == second => {
                        run.length += 1;
                    }
                    _ => runs.push(Run { first, second, length: 1 }),
                }
            }
        }
        Self(runs)
    }

    /// Sum over the bonds of s s'. `spins`: one for each site.
    pub fn sum(&self, spins: &[i8]) -> i64 {
        let of_run = |run: &Run| -> i64 {
            let (first, second) = (&spins[run.first..][..run.length], &spins[run.second..][..run.length]);
            let products = first.iter().zip(second).map(|(a, b)| i32::from(*a) * i32::from(*b));
            products.sum::<i32>().into()
        };
        self.0.iter().map(of_run).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lattice::{Geometry, bonds};

    #[test]
    fn the_runs_are_the_bonds() {
        for (name, extents) in [
            ("square", vec![4, 3]),
            ("square", vec![2, 2]),
            ("square", vec![2, 5]),
            ("ring", vec![2]),
            ("ring", vec![7]),
            ("triangular", vec![4, 3]),
            ("honeycomb", vec![4, 6]),
            ("cubic", vec![3, 2, 4]),
        ] {
            let lattice = Geometry::new(name, &extents).unwrap();
            let mut seen: Vec<(usize, usize)> = Vec::new();
            for Run { first, second, length } in BondRuns::new(&lattice).0 {
                seen.extend((0..length).map(|k| (first + k, second + k)));
            }
            let mut all: Vec<(usize, usize)> = bonds(&lattice).map(|bond| (bond.0, bond.1)).collect();
            seen.sort_unstable();
            all.sort_unstable();
            assert_eq!(seen, all, "{lattice}");
        }
        // Rows of 31 bonds and the one that closes each, all bonds between rows, and those that close the columns.
        assert_eq!(BondRuns::new(&Geometry::new("square", &[32]).unwrap()).0.len(), 32 + 32 + 1 + 1);
    }
}
