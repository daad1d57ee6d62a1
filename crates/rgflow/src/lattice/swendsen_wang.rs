//! Cluster updates: all clusters of a configuration are turned at random (Swendsen and Wang 1987).
//!
//! A bond between like spins is set with probability 1 - e^{-2K}; every cluster of sites joined by bonds is then up or
//! down with probability 1/2. A field h is a ghost spin that points along it and is joined to every like spin with
//! probability 1 - e^{-2 beta |h|}; clusters that hold to the ghost keep their direction.
//!
//! Clusters are found in one pass over the sites by union-find with the smallest site as root (Hoshen and Kopelman
//! 1976): only bonds to earlier sites are looked at, so one further pass in the same order ends all chains of parents.
//! Bonds that close the torus follow from a list. Nothing is allocated between updates.

use ndarray::Array2;

use super::improved::{Improved, Meter};
use super::{Chains, Collection, Ising, Lattice, LatticeError, Temperature};
use crate::random::Bulk;

/// Random words are made for this many sites at a time, so that they stay in the nearest cache.
const BLOCK: usize = 512;

/// How long the chains are and how far kept configurations lie apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Number of independent chains, at least 1; chains with odd number begin disordered.
    pub chains: usize,
    /// Updates of all clusters before the first kept configuration.
    pub burn_in: usize,
    /// Updates of all clusters between kept configurations, at least 1.
    pub spacing: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { chains: 16, burn_in: 100, spacing: 4 }
    }
}

/// Samples `n` configurations of the Ising model at `temperature` in `(0, inf]`, with [`Improved`] estimators.
///
/// # Errors
/// [`LatticeError::ZeroTemperature`] at T = 0, [`LatticeError::ZeroSetting`] for no chains or no spacing.
///
/// ```
/// use rgflow::lattice::{Ising, Square, Temperature, swendsen_wang};
/// let square = Square::new(16, 16)?;
/// let mut bulk = rgflow::random::Streams::new(1).bulk("example", 0);
/// let settings = swendsen_wang::Settings::default();
/// let seen = swendsen_wang::sample(&Ising::new(&square), Temperature::CRITICAL, 200, &settings, &mut bulk)?;
/// assert_eq!(seen.spins.dim(), (200, 256));
/// assert_eq!(seen.improved.map(|i| i.m2.len()), Some(200));
/// # Ok::<(), rgflow::lattice::LatticeError>(())
/// ```
pub fn sample<L: Lattice + ?Sized>(
    model: &Ising<'_, L>,
    temperature: Temperature,
    n: usize,
    settings: &Settings,
    bulk: &mut Bulk,
) -> Result<Collection, LatticeError> {
    if temperature == Temperature::ZERO {
        return Err(LatticeError::ZeroTemperature);
    }
    if settings.chains == 0 || settings.spacing == 0 {
        return Err(LatticeError::ZeroSetting(if settings.chains == 0 { "chains" } else { "spacing" }));
    }
    let n_sites = model.lattice.n_sites();
    let mut spins = Array2::<i8>::ones((n, n_sites));
    let n_chains = settings.chains.min(n.next_multiple_of(2)).max(1);
    let mut chain = Chain::new(model, temperature);
    let mut meter = Meter::new(model.lattice);
    let mut improved = Improved { m2: vec![0.0; n], structure: vec![0.0; n] };
    for c in 0..n_chains {
        chain.start(c % 2 == 1, bulk);
        for _ in 0..settings.burn_in {
            chain.update(bulk);
        }
        for i in (c..n).step_by(n_chains) {
            for _ in 0..settings.spacing {
                chain.update(bulk);
            }
            spins.row_mut(i).iter_mut().zip(&chain.spins).for_each(|(out, &s)| *out = s);
            (improved.m2[i], improved.structure[i]) = meter.measure(&chain.parents, |label| chain.held[label]);
        }
    }
    let burn_in = settings.burn_in as f64 / settings.spacing as f64;
    let mut seen = Chains { spins, n_chains, burn_in }.diagnose(model);
    seen.sampler = "swendsen-wang".to_owned();
    seen.improved = Some(improved);
    Ok(seen)
}

struct Chain<'a, L: Lattice + ?Sized> {
    model: &'a Ising<'a, L>,
    spins: Vec<i8>,
    /// An earlier site of the same cluster, or the site itself; after an update the first site of its cluster.
    parents: Vec<u32>,
    /// Whether the cluster of this first site holds to the ghost spin; all false without field.
    held: Vec<bool>,
    /// Bonds to later sites, which close the torus: (site, other).
    closing: Vec<(u32, u32)>,
    /// Words of the closing bonds.
    closing_words: Vec<u32>,
    /// Bonds per site, seen from one of their ends.
    bonds: usize,
    words: Vec<u32>,
    /// One bit per cluster, by its first site.
    turns: Vec<u32>,
    /// A bond is set if its word is at most this: (1 - e^{-2K}) 2^32 - 1.
    limit: u32,
    /// The same for bonds to the ghost.
    ghost_limit: u32,
}

impl<'a, L: Lattice + ?Sized> Chain<'a, L> {
    fn new(model: &'a Ising<'a, L>, temperature: Temperature) -> Self {
        let n_sites = model.lattice.n_sites();
        let bonds = (0..n_sites).map(|site| model.lattice.neighbours(site).len()).max().unwrap_or(0) / 2;
        let mut closing = Vec::new();
        for site in 0..n_sites {
            for &other in model.lattice.neighbours(site).iter().skip(1).step_by(2) {
                if other as usize > site {
                    closing.push((site as u32, other));
                }
            }
        }
        let limit = |strength: f64| {
            let join = -libm::expm1(-2.0 * strength);
            ((join * 4_294_967_296.0).round() - 1.0).max(0.0) as u32
        };
        Self {
            model,
            spins: vec![1; n_sites],
            parents: vec![0; n_sites],
            held: vec![false; n_sites],
            closing_words: vec![0; closing.len()],
            closing,
            bonds,
            words: vec![0; bonds.max(1) * BLOCK],
            turns: vec![0; n_sites.div_ceil(32)],
            limit: limit(temperature.beta()),
            ghost_limit: limit(temperature.beta() * model.field().abs()),
        }
    }

    fn start(&mut self, disordered: bool, bulk: &mut Bulk) {
        bulk.fill(&mut self.turns);
        let field = self.model.field();
        let ordered = if field == 0.0 { sign(self.turns[0] & 1 == 1) } else { field.signum() as i8 };
        for (site, s) in self.spins.iter_mut().enumerate() {
            *s = if disordered { sign(self.turns[site / 32] >> (site % 32) & 1 == 1) } else { ordered };
        }
    }

    /// One update of all clusters.
    fn update(&mut self, bulk: &mut Bulk) {
        self.join(bulk);
        self.close(bulk);
        // Parents come before their sites, so theirs are final already.
        for site in 0..self.parents.len() {
            self.parents[site] = self.parents[self.parents[site] as usize];
        }
        let field = self.model.field();
        if field != 0.0 {
            self.hold_to_ghost(field.signum() as i8, bulk);
        }
        bulk.fill(&mut self.turns);
        if field != 0.0 {
            for (site, &held) in self.held.iter().enumerate() {
                self.turns[site / 32] &= !(u32::from(held) << (site % 32));
            }
        }
        for (s, &label) in self.spins.iter_mut().zip(&self.parents) {
            let turn = (self.turns[label as usize / 32] >> (label % 32)) as i8 & 1;
            *s *= 1 - 2 * turn;
        }
    }

    /// Bonds of every site to earlier ones.
    fn join(&mut self, bulk: &mut Bulk) {
        let lattice = self.model.lattice;
        for first in (0..self.spins.len()).step_by(BLOCK) {
            let end = (first + BLOCK).min(self.spins.len());
            bulk.fill(&mut self.words[..(end - first) * self.bonds]);
            let words = self.words.chunks_exact(self.bonds.max(1));
            for (site, words) in (first..end).zip(words) {
                let own = self.spins[site];
                let alone = site as u32;
                let mut parent = alone;
                for (pair, &word) in lattice.neighbours(site).chunks_exact(2).zip(words) {
                    let other = pair[1];
                    let set = (word <= self.limit) & (self.spins[other as usize] == own) & (other < alone);
                    // Mostly without a branch: the outcome is as random as can be.
                    let joined = if set { self.parents[other as usize] } else { parent };
                    if parent == alone || joined == parent {
                        parent = joined;
                    } else {
                        parent = unite(&mut self.parents, parent, joined);
                    }
                }
                self.parents[site] = parent;
            }
        }
    }

    /// Bonds that close the torus.
    fn close(&mut self, bulk: &mut Bulk) {
        bulk.fill(&mut self.closing_words);
        for (&(site, other), &word) in self.closing.iter().zip(&self.closing_words) {
            if word <= self.limit && self.spins[site as usize] == self.spins[other as usize] {
                unite(&mut self.parents, site, other);
            }
        }
    }

    /// Marks the clusters that hold to a ghost spin of the direction `ghost`.
    fn hold_to_ghost(&mut self, ghost: i8, bulk: &mut Bulk) {
        self.held.fill(false);
        for first in (0..self.spins.len()).step_by(BLOCK) {
            let end = (first + BLOCK).min(self.spins.len());
            let words = &mut self.words[..end - first];
            bulk.fill(words);
            for (site, word) in (first..end).zip(words) {
                let held = (self.spins[site] == ghost) & (*word <= self.ghost_limit);
                self.held[self.parents[site] as usize] |= held;
            }
        }
    }
}

fn sign(up: bool) -> i8 {
    if up { 1 } else { -1 }
}

/// Joins the clusters of two sites; returns the common first site. Paths are halved on the way.
fn unite(parents: &mut [u32], a: u32, b: u32) -> u32 {
    let mut root = |mut site: u32| {
        while parents[site as usize] != site {
            let above = parents[parents[site as usize] as usize];
            parents[site as usize] = above;
            site = above;
        }
        site
    };
    let (a, b) = (root(a), root(b));
    parents[a.max(b) as usize] = a.min(b);
    a.min(b)
}
