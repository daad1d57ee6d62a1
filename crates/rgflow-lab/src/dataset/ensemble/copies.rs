//! Rows that two blocks share in any order: a copy that was shuffled, thinned, flipped or shifted would count its
//! configurations twice.
//!
//! Rows fall into classes. Consider the classes with exactly two rows in both blocks together; in n of them each block
//! has one. Numbers of independent rows in a class are Poisson variables of means x and y, so that a class with two
//! rows has one in each block with probability 2xy/(x + y)^2 <= 1/2, whatever the two distributions are. So n is at
//! most binomial with p = 1/2, also on small and cold lattices, where classes repeat by themselves.

use super::arrays::{Arrays, Group};
use rayon::prelude::*;
use rgflow::lattice::{Geometry, Lattice};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hasher};

/// Probability, for all pairs of blocks together, below which shared rows are no coincidence.
const CHANCE: f64 = 1e-6;

/// Number of rows of a block in each class.
pub(super) struct Classes {
    /// Counts by class: rows equal up to a global spin flip; rows equal up to symmetries of the lattice.
    counts: [HashMap<u64, u32>; 2],
}

impl Classes {
    pub fn new(arrays: &Arrays, group: &Group) -> Self {
        let classes = |row: &usize| {
            let spins = arrays.spins.row(*row);
            let spins = spins.to_slice().expect("rows of a new array are contiguous");
            [same_up_to_turn(spins), shape(spins, &arrays.lattice)]
        };
        let all: Vec<[u64; 2]> = group.rows.par_iter().map(classes).collect();
        let count = |which: usize| {
            let mut counts = HashMap::new();
            all.iter().for_each(|classes| *counts.entry(classes[which]).or_insert(0) += 1);
            counts
        };
        Self { counts: [0, 1].map(count) }
    }
}

/// Number of rows shared by `a` and `b`, if chance does not explain them in one of `n_pairs` pairs of blocks.
///
/// `clump`: configurations per independent one; neighbours in a chain are found together.
pub(super) fn common(a: &Classes, b: &Classes, clump: f64, n_pairs: usize) -> Option<usize> {
    let least = libm::log(n_pairs as f64 / CHANCE);
    a.counts.iter().zip(&b.counts).find_map(|(a, b)| {
        let in_both = a.iter().filter(|(class, n)| **n == 1 && b.get(*class) == Some(&1)).count();
        if in_both == 0 {
            return None;
        }
        let twice = |a: &HashMap<u64, u32>, b: &HashMap<u64, u32>| {
            a.iter().filter(|(class, n)| **n == 2 && !b.contains_key(*class)).count()
        };
        let all = in_both + twice(a, b) + twice(b, a);
        (surprisal(in_both as f64, all as f64) > least * clump.max(1.0)).then_some(in_both)
    })
}

/// -ln of Chernoff's bound on the probability of `n` or more successes out of `all` with p = 1/2.
fn surprisal(n: f64, all: f64) -> f64 {
    let part = |q: f64| if q > 0.0 { q * libm::log(2.0 * q) } else { 0.0 };
    let share = n / all;
    if share <= 0.5 { 0.0 } else { all * (part(share) + part(1.0 - share)) }
}

/// Class of a row: equal rows, also up to a global spin flip.
pub(super) fn same_up_to_turn(spins: &[i8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    spins.iter().for_each(|s| hasher.write_u8(u8::from(*s == spins[0])));
    hasher.finish()
}

/// Class of a row up to symmetries: sites are distinguished by their bonds, then repeatedly by those of their
/// neighbours.
fn shape(spins: &[i8], lattice: &Geometry) -> u64 {
    /// The finalizer of SplitMix64.
    fn mix(z: u64) -> u64 {
        let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    let energy =
        |site: usize| lattice.neighbours(site).iter().map(|j| i64::from(spins[site] * spins[*j as usize])).sum::<i64>();
    let first: Vec<u64> = (0..spins.len()).map(|site| mix((64 + energy(site)) as u64)).collect();
    let round = |colours: &[u64]| -> Vec<u64> {
        let around = |site: usize| lattice.neighbours(site).iter().map(|j| colours[*j as usize]);
        let next = |site: usize| mix(around(site).fold(colours[site].rotate_left(1), u64::wrapping_add));
        (0..spins.len()).map(next).collect()
    };
    round(&round(&first)).into_iter().fold(0, u64::wrapping_add)
}
