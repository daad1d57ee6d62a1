//! Clusters with couplings of any size and sign: a bond joins where it is satisfied, J_ij s_i s_j > 0, with probability
//! 1 - e^{-2 |J_ij|/T}, so that spins of both signs can be in one cluster (Swendsen and Wang 1987).
//!
//! Turning a cluster keeps the Boltzmann law for any couplings. Where they are frustrated a cluster is no longer a
//! correlated region: it grows over the lattice above the temperatures of interest, so that the samplers refuse these.

use rand::Rng;

use super::clusters::unite;
use super::{Lattice, Temperature};
use crate::random::{Bulk, Generator};

/// How a bond joins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Join {
    /// The largest random word with which it joins: (1 - e^{-2 |J|/T}) 2^32 - 1.
    limit: u32,
    /// The sign of J.
    sign: i8,
}

impl Join {
    fn new(coupling: f64, temperature: Temperature) -> Self {
        let join = -libm::expm1(-2.0 * temperature.beta() * coupling.abs());
        let sign = if coupling == 0.0 { 0 } else { coupling.signum() as i8 };
        Self { limit: ((join * 4_294_967_296.0).round() - 1.0).max(0.0) as u32, sign }
    }

    #[inline(always)]
    fn joins(self, own: i8, other: i8, word: u32) -> bool {
        (own * other * self.sign > 0) & (word <= self.limit)
    }
}

/// The clusters of all spins.
pub(super) struct CoupledClusters {
    /// An earlier site of the same cluster, or the site itself; in the end the first site of its cluster.
    labels: Vec<u32>,
    bonds: Vec<(u32, u32, Join)>,
    words: Vec<u32>,
}

impl CoupledClusters {
    pub fn new<L: Lattice + ?Sized>(lattice: &L, temperature: Temperature) -> Self {
        let bond = |(i, j, coupling): (usize, usize, f64)| (i as u32, j as u32, Join::new(coupling, temperature));
        let bonds: Vec<_> = super::bonds(lattice).map(bond).collect();
        Self { labels: vec![0; lattice.n_sites()], words: vec![0; bonds.len()], bonds }
    }

    /// The first site of each site's cluster.
    pub fn labels(&self) -> &[u32] {
        &self.labels
    }

    /// Joins satisfied bonds at random and finds the clusters.
    pub fn find(&mut self, spins: &[i8], bulk: &mut Bulk) {
        bulk.fill(&mut self.words);
        self.labels.iter_mut().zip(0..).for_each(|(label, site)| *label = site);
        for (&(i, j, join), &word) in self.bonds.iter().zip(&self.words) {
            if join.joins(spins[i as usize], spins[j as usize], word) {
                unite(&mut self.labels, i, j);
            }
        }
        for site in 0..self.labels.len() {
            self.labels[site] = self.labels[self.labels[site] as usize];
        }
    }
}

/// Bonds by which one cluster grows.
pub(super) struct Growth {
    /// Where the bonds of each site begin.
    starts: Vec<usize>,
    neighbours: Vec<u32>,
    /// In the order of the neighbours.
    joins: Vec<Join>,
    /// Whether the site is in the cluster; all false between clusters.
    inside: Vec<bool>,
}

/// Clusters that a field does not hold: of at most `most` spins along its `sign`.
#[derive(Clone, Copy)]
pub(super) struct Free {
    pub sign: i8,
    pub most: f64,
}

impl Growth {
    /// `None` where all couplings are 1.
    pub fn new<L: Lattice + ?Sized>(lattice: &L, temperature: Temperature) -> Option<Self> {
        let n_sites = lattice.n_sites();
        let (mut starts, mut neighbours, mut joins) = (vec![0], Vec::new(), Vec::new());
        for site in 0..n_sites {
            joins.extend(lattice.couplings(site)?.iter().map(|coupling| Join::new(*coupling, temperature)));
            neighbours.extend_from_slice(lattice.neighbours(site));
            starts.push(joins.len());
        }
        Some(Self { starts, neighbours, joins, inside: vec![false; n_sites] })
    }

    /// Grows a cluster from `cluster[0]` and turns it unless the field holds it; growth stops where it does. Returns
    /// the number of spins that joined, the first of `cluster`, which has one place more than sites.
    pub fn turn(&mut self, spins: &mut [i8], cluster: &mut [u32], free: Free, rng: &mut Generator) -> usize {
        let seed = cluster[0] as usize;
        self.inside[seed] = true;
        let (mut head, mut size) = (0, 1);
        let mut along = usize::from(spins[seed] == free.sign);
        while head < size && along as f64 <= free.most {
            let site = cluster[head] as usize;
            head += 1;
            let own = spins[site];
            let bonds = self.starts[site]..self.starts[site + 1];
            let others = self.neighbours[bonds.clone()].chunks(2);
            for (others, joins) in others.zip(self.joins[bonds].chunks(2)) {
                let word = rng.next_u64();
                for ((&other, join), word) in others.iter().zip(joins).zip([word as u32, (word >> 32) as u32]) {
                    // Without a branch: whether a bond joins is as random as can be.
                    let (spin, inside) = (spins[other as usize], &mut self.inside[other as usize]);
                    let joined = join.joins(own, spin, word) & !*inside;
                    *inside |= joined;
                    cluster[size] = other;
                    size += usize::from(joined);
                    along += usize::from(joined & (spin == free.sign));
                }
            }
        }
        let turn = if along as f64 <= free.most { -1 } else { 1 };
        for &site in &cluster[..size] {
            self.inside[site as usize] = false;
            spins[site as usize] *= turn;
        }
        size
    }
}
