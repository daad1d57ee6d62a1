//! Single-spin updates of many replicas at once with couplings of any size and sign: as [`replicas`](super::replicas),
//! which serves J = 1.
//!
//! A site with few neighbours has a table of acceptance thresholds by the pattern of their spins and its own; sites
//! with the same couplings share it. With more neighbours the local field is summed and the threshold computed for each
//! replica.

use std::collections::HashMap;
use std::ops::Range;

use super::{Ising, Lattice, Temperature};
use crate::cpu::{self, dispatched};
use crate::random::Bulk;

/// Neighbours up to which a site has a table.
const MOST_IN_TABLE: usize = 6;
/// Replicas in one inner loop; their number is a multiple of it.
const GROUP: usize = 16;

/// Visiting order, neighbours and acceptance thresholds.
pub(super) struct Rule {
    visits: Vec<Visit>,
    neighbours: Vec<usize>,
    /// In the order of the neighbours.
    couplings: Vec<f64>,
    /// Thresholds by pattern: bit k for the k-th neighbour up, the highest for the spin itself.
    tables: Vec<u32>,
    field: f64,
    beta: f64,
    accept: fn(f64) -> f64,
}

struct Visit {
    site: usize,
    bonds: Range<usize>,
    /// Where the table of the site begins, if it has one.
    table: Option<usize>,
}

impl Rule {
    /// The rule for couplings, or for more neighbours than the sums of [`replicas`](super::replicas) can hold.
    pub fn new<L: Lattice + ?Sized>(model: &Ising<'_, L>, temperature: Temperature, accept: fn(f64) -> f64) -> Self {
        let lattice = model.lattice;
        let mut order: Vec<usize> = (0..lattice.n_sites()).collect();
        if lattice.n_colours().is_some() {
            order.sort_by_key(|&site| lattice.colour(site));
        }
        let (visits, neighbours, couplings, tables) = Default::default();
        let (field, beta) = (model.field(), temperature.beta());
        let mut rule = Self { visits, neighbours, couplings, tables, field, beta, accept };
        let mut known: HashMap<Vec<u64>, usize> = HashMap::new();
        for site in order {
            let first = rule.neighbours.len();
            rule.neighbours.extend(lattice.neighbours(site).iter().map(|other| *other as usize));
            let bonds = first..rule.neighbours.len();
            match lattice.couplings(site) {
                Some(all) => rule.couplings.extend(all),
                None => rule.couplings.resize(bonds.end, 1.0),
            }
            let own = rule.couplings[bonds.clone()].to_vec();
            let table = (own.len() <= MOST_IN_TABLE).then(|| {
                *known.entry(own.iter().map(|j| j.to_bits()).collect()).or_insert_with(|| rule.add_table(&own))
            });
            rule.visits.push(Visit { site, bonds, table });
        }
        rule
    }

    /// Adds the table of a site with these `couplings`; returns where it begins.
    fn add_table(&mut self, couplings: &[f64]) -> usize {
        let first = self.tables.len();
        let up = |pattern: usize, k: usize| if pattern >> k & 1 == 1 { 1.0 } else { -1.0 };
        for pattern in 0..2 << couplings.len() {
            let sum: f64 = couplings.iter().enumerate().map(|(k, j)| j * up(pattern, k)).sum();
            self.tables.push(self.threshold(up(pattern, couplings.len()), sum));
        }
        first
    }

    /// A spin flips if its random word is below this.
    fn threshold(&self, spin: f64, sum: f64) -> u32 {
        ((self.accept)(self.beta * 2.0 * spin * (sum + self.field)) * 4_294_967_296.0).round() as u32
    }
}

dispatched! {
    fn sweep_on(spins: &mut [i8], rule: &Rule, words: &mut [u32], bulk: &mut Bulk) => visit_all
}

/// One visit of every site in every replica; spins by `[site][replica]`, a word for each replica.
pub(super) fn sweep(spins: &mut [i8], rule: &Rule, words: &mut [u32], bulk: &mut Bulk) {
    sweep_on(cpu::path(), spins, rule, words, bulk);
}

#[inline(always)]
fn visit_all(spins: &mut [i8], rule: &Rule, words: &mut [u32], bulk: &mut Bulk) {
    let replicas = words.len();
    for Visit { site, bonds, table } in &rule.visits {
        bulk.fill(words);
        let neighbours = &rule.neighbours[bonds.clone()];
        for group in (0..replicas).step_by(GROUP) {
            let words = &words[group..group + GROUP];
            if let Some(first) = *table {
                let mut patterns = [0u8; GROUP];
                for (k, &other) in neighbours.iter().enumerate() {
                    add_bits(&mut patterns, 1 << k, &spins[other * replicas + group..][..GROUP]);
                }
                let own = &mut spins[site * replicas + group..][..GROUP];
                add_bits(&mut patterns, 1 << neighbours.len(), own);
                let table = &rule.tables[first..first + (2 << neighbours.len())];
                for ((s, word), pattern) in own.iter_mut().zip(words).zip(&patterns) {
                    *s = if *word < table[usize::from(*pattern)] { -*s } else { *s };
                }
            } else {
                let mut sums = [0.0f64; GROUP];
                for (&other, coupling) in neighbours.iter().zip(&rule.couplings[bonds.clone()]) {
                    for (sum, s) in sums.iter_mut().zip(&spins[other * replicas + group..][..GROUP]) {
                        *sum += coupling * f64::from(*s);
                    }
                }
                let own = &mut spins[site * replicas + group..][..GROUP];
                for ((s, word), sum) in own.iter_mut().zip(words).zip(&sums) {
                    *s = if *word < rule.threshold(f64::from(*s), *sum) { -*s } else { *s };
                }
            }
        }
    }
}

/// Sets `bit` where the spin is up.
#[inline(always)]
fn add_bits(patterns: &mut [u8; GROUP], bit: u8, spins: &[i8]) {
    for (pattern, s) in patterns.iter_mut().zip(spins) {
        *pattern |= if *s > 0 { bit } else { 0 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lattice::{Bonds, heat_bath, metropolis};

    /// Thresholds of tables are the acceptance of the change of energy that the model says.
    #[test]
    fn thresholds_are_boltzmann_factors() {
        use crate::lattice::Model;
        let star = Bonds::new(4, &[(0, 1, -1.0), (0, 2, 0.25), (0, 3, 2.0)]).unwrap();
        let (model, t) = (Ising::in_field(&star, 0.3).unwrap(), Temperature::new(1.7).unwrap());
        for accept in [metropolis::acceptance, heat_bath::acceptance] {
            let rule = Rule::new(&model, t, accept);
            let centre = rule.visits.iter().find(|visit| visit.site == 0).unwrap();
            for state in 0..16usize {
                let spins: Vec<i8> = (0..4).map(|i| if state >> i & 1 == 1 { 1 } else { -1 }).collect();
                let expected = (accept(model.flip_change(&spins, 0) / 1.7) * 4_294_967_296.0).round() as u32;
                // The pattern has the neighbours 1, 2, 3 first and the spin itself last.
                let pattern = state >> 1 | (state & 1) << 3;
                let seen = rule.tables[centre.table.unwrap() + pattern];
                assert!(seen.abs_diff(expected) <= 2, "{state:04b}: {seen}, {expected}");
            }
        }
    }

    #[test]
    fn sites_with_the_same_couplings_share_a_table() {
        let ring: Vec<_> = (0..50).map(|i| (i, (i + 1) % 50, -1.5)).collect();
        let rule =
            Rule::new(&Ising::new(&Bonds::new(50, &ring).unwrap()), Temperature::CRITICAL, metropolis::acceptance);
        assert_eq!(rule.tables.len(), 8);
    }
}
