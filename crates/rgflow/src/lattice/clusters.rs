//! Clusters of like spins joined by random bonds: the work of a Swendsen-Wang update, once a sweep.
//!
//! A bond between like spins is set with probability 1 - e^{-2K}. Most bonds join a site to the one a fixed distance
//! before it: whether these are set is computed for a block of sites at a time, by vectors. Clusters follow by
//! union-find in one pass over the sites with the first site as root (Hoshen and Kopelman 1976), and as parents come
//! before their sites, one further pass in the same order ends all chains of parents. The bonds that close the torus
//! are joined from a list between the two. Nothing is allocated.

use super::Lattice;
use super::geometry::in_opposite_pairs;
use crate::cpu::{self, dispatched};
use crate::random::Bulk;

/// Sites whose bonds are marked at a time, so that words and marks stay in the nearest cache.
const BLOCK: usize = 512;

/// Backward steps that have their own marks; further ones go to the list.
const MAX_STEPS: usize = 3;

/// A lattice prepared for finding clusters, and the clusters found last.
pub(super) struct Clusters {
    /// An earlier site of the same cluster, or the site itself; in the end the first site of its cluster.
    labels: Vec<u32>,
    steps: Vec<Step>,
    /// Bonds that are no regular steps, by both ends.
    closing: Vec<(u32, u32)>,
    closing_words: Vec<u32>,
    words: Vec<u32>,
    /// 1 where a bond is set, by `[step][site of the block]`.
    marks: Vec<u8>,
}

/// Bonds from sites to earlier ones at a fixed distance.
struct Step {
    distance: usize,
    /// 1 where the site has this bond.
    regular: Vec<u8>,
}

impl Clusters {
    pub fn new<L: Lattice + ?Sized>(lattice: &L) -> Self {
        let n_sites = lattice.n_sites();
        // Each bond belongs to one of its ends: to that of a backward step or, where steps do not come in pairs, to the
        // later site.
        let paired = in_opposite_pairs(lattice);
        let own = |site: usize, k: usize| {
            let all = lattice.neighbours(site);
            let earlier = || all.iter().filter(|&&other| (other as usize) < site).nth(k);
            if paired { all.get(2 * k + 1) } else { earlier() }.map(|&other| other as usize)
        };
        let owned = |site: usize| (0..).take_while(|&k| own(site, k).is_some()).count();
        let bonds = (0..n_sites).map(owned).max().unwrap_or(0);
        let mut closing = Vec::new();
        let mut steps = Vec::new();
        for k in 0..bonds {
            let backward = |site: usize| own(site, k);
            // The last site has its backward neighbours before it on every lattice whose sites are numbered by rows.
            let distance = backward(n_sites - 1).map_or(0, |other| n_sites - 1 - other);
            let is_regular = |site: usize| distance > 0 && backward(site).is_some_and(|other| other + distance == site);
            let regular = k < MAX_STEPS;
            let irregular = (0..n_sites).filter(|&site| !(regular && is_regular(site)));
            closing.extend(irregular.filter_map(|site| backward(site).map(|other| (site as u32, other as u32))));
            if regular {
                steps.push(Step { distance, regular: (0..n_sites).map(|site| u8::from(is_regular(site))).collect() });
            }
        }
        Self {
            labels: vec![0; n_sites],
            closing_words: vec![0; closing.len()],
            closing,
            words: vec![0; BLOCK],
            marks: vec![0; steps.len() * BLOCK],
            steps,
        }
    }

    /// The first site of each site's cluster.
    pub fn labels(&self) -> &[u32] {
        &self.labels
    }

    /// Sets bonds between like `spins` where a random word is at most `limit`, and finds the clusters.
    pub fn find(&mut self, spins: &[i8], limit: u32, bulk: &mut Bulk) {
        let path = cpu::path();
        for first in (0..spins.len()).step_by(BLOCK) {
            let block = first..(first + BLOCK).min(spins.len());
            for (step, marks) in self.steps.iter().zip(self.marks.chunks_exact_mut(BLOCK)) {
                bulk.fill(&mut self.words[..block.len()]);
                // Sites before the first earlier neighbour have no such bond.
                let from = step.distance.clamp(block.start, block.end);
                let none = from - block.start;
                marks[..none].fill(0);
                let other = &spins[from - step.distance.min(from)..];
                let bonds = Bonds { own: &spins[from..], other, regular: &step.regular[from..] };
                mark(path, &mut marks[none..block.len()], &self.words[none..], limit, bonds);
            }
            let marks = self.marks.as_slice();
            match self.steps.as_slice() {
                [a] => join(&mut self.labels, block, marks, [a.distance]),
                [a, b] => join(&mut self.labels, block, marks, [a.distance, b.distance]),
                [a, b, c] => join(&mut self.labels, block, marks, [a.distance, b.distance, c.distance]),
                _ => join(&mut self.labels, block, marks, []),
            }
        }
        bulk.fill(&mut self.closing_words);
        for (&(site, other), &word) in self.closing.iter().zip(&self.closing_words) {
            if word <= limit && spins[site as usize] == spins[other as usize] {
                unite(&mut self.labels, site, other);
            }
        }
        for site in 0..self.labels.len() {
            self.labels[site] = self.labels[self.labels[site] as usize];
        }
    }
}

/// Bonds of sites with those a step before them.
struct Bonds<'a> {
    /// Spins of the sites.
    own: &'a [i8],
    /// Spins at their other ends.
    other: &'a [i8],
    /// 1 where there is such a bond, else 0.
    regular: &'a [u8],
}

dispatched! {
    fn mark(marks: &mut [u8], words: &[u32], limit: u32, bonds: Bonds<'_>) => mark_all
}

/// Marks the bonds that are set.
#[inline(always)]
fn mark_all(marks: &mut [u8], words: &[u32], limit: u32, Bonds { own, other, regular }: Bonds<'_>) {
    let n = marks.len();
    let (words, own, other, regular) = (&words[..n], &own[..n], &other[..n], &regular[..n]);
    for i in 0..n {
        marks[i] = u8::from(words[i] <= limit) & u8::from(own[i] == other[i]) & regular[i];
    }
}

/// Joins the sites of a block to those at the `distances` before them where `marks` says so.
#[inline]
fn join<const D: usize>(labels: &mut [u32], block: std::ops::Range<usize>, marks: &[u8], distances: [usize; D]) {
    let first = block.start;
    for site in block {
        let alone = site as u32;
        let mut parent = alone;
        for (k, distance) in distances.into_iter().enumerate() {
            let set = 0u32.wrapping_sub(u32::from(marks[k * BLOCK + site - first]));
            // Without a branch: whether a bond is set is as random as can be. The minimum stands for "no such site".
            let other = labels[site.wrapping_sub(distance).min(site)];
            let joined = parent ^ (parent ^ other) & set;
            if parent == alone || joined == parent {
                parent = joined;
            } else {
                parent = unite(labels, parent, joined);
            }
        }
        labels[site] = parent;
    }
}

/// Joins the clusters of two sites; returns the common first site. Paths are halved on the way.
pub(super) fn unite(labels: &mut [u32], a: u32, b: u32) -> u32 {
    let mut root = |mut site: u32| {
        while labels[site as usize] != site {
            let above = labels[labels[site as usize] as usize];
            labels[site as usize] = above;
            site = above;
        }
        site
    };
    let (a, b) = (root(a), root(b));
    labels[a.max(b) as usize] = a.min(b);
    a.min(b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lattice::Geometry;
    use crate::random::Streams;

    /// Components of the graph of all bonds between like spins, by repeated sweeps of the smallest label.
    fn components(lattice: &Geometry, spins: &[i8]) -> Vec<u32> {
        let mut labels: Vec<u32> = (0..spins.len() as u32).collect();
        loop {
            let before = labels.clone();
            for site in 0..spins.len() {
                for &other in lattice.neighbours(site) {
                    if spins[site] == spins[other as usize] {
                        labels[site] = labels[site].min(labels[other as usize]);
                    }
                }
            }
            if labels == before {
                return labels;
            }
        }
    }

    #[test]
    fn clusters_at_zero_temperature_are_the_components() {
        let mut bulk = Streams::new(1).bulk("test/clusters", 0);
        let mut words = [0u32; 1200];
        let all: [(&str, &[usize]); 9] = [
            ("ring", &[2]),
            ("ring", &[700]),
            ("square", &[3, 5]),
            ("square", &[2]),
            ("square", &[30, 40]),
            ("triangular", &[2, 3]),
            ("triangular", &[29, 31]),
            ("cubic", &[3, 2, 5]),
            ("cubic", &[9, 10, 11]),
        ];
        for (name, extents) in all {
            let lattice = Geometry::new(name, extents).unwrap();
            let mut clusters = Clusters::new(&lattice);
            // Near the percolation threshold of sites, so that clusters wind.
            for up in [0.35, 0.5, 0.6] {
                bulk.fill(&mut words);
                let spin = |w: &u32| if f64::from(*w) < up * 4_294_967_296.0 { 1i8 } else { -1 };
                let spins: Vec<i8> = words[..lattice.n_sites()].iter().map(spin).collect();
                clusters.find(&spins, u32::MAX, &mut bulk);
                assert_eq!(clusters.labels(), components(&lattice, &spins), "{lattice}");
            }
            clusters.find(&vec![1; lattice.n_sites()], 0, &mut bulk);
            assert!(clusters.labels().iter().enumerate().all(|(i, &l)| i == l as usize), "no bonds, no clusters");
        }
    }

    #[test]
    fn bonds_are_set_with_their_probability_and_counted_once() {
        // Sites minus clusters on a tree-like sparse graph is the number of bonds: 0.1 % of them.
        for (name, extents, bonds) in
            [("square", vec![64, 64], 2.0), ("triangular", vec![64, 64], 3.0), ("cubic", vec![16], 3.0)]
        {
            let lattice = Geometry::new(name, &extents).unwrap();
            let n = lattice.n_sites();
            let mut clusters = Clusters::new(&lattice);
            let mut bulk = Streams::new(1).bulk("test/clusters", 1);
            let limit = (1e-3 * 4_294_967_296.0) as u32;
            let mut seen = 0;
            for _ in 0..200 {
                clusters.find(&vec![1; n], limit, &mut bulk);
                seen += clusters.labels().iter().enumerate().filter(|&(i, &l)| i != l as usize).count();
            }
            let expected = 200.0 * n as f64 * bonds * 1e-3;
            // Poisson, |z| < 4.5; closed triangles take away less than 1e-6 of them.
            assert!((seen as f64 - expected).abs() < 4.5 * expected.sqrt(), "{lattice}: {seen}, {expected}");
        }
    }
}
