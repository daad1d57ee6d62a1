//! A Wolff chain on its way: burn-in, growing clusters, flipping them.

use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use super::burn_in_spacings;
use crate::lattice::coupled_clusters::{Free, Growth};
use crate::lattice::{ChainLength, Ising, Lattice, Model, Temperature};
use crate::random::Generator;
use crate::restart::{Unfit, decode, encode, put};

/// A chain that goes on cluster by cluster, for those who measure on the way.
///
/// ```
/// use rgflow::{lattice::{wolff, Ising, Square, Temperature}, random::Streams};
/// let square = Square::new(16, 16)?;
/// let mut rng = Streams::new(1).generator("example", 0);
/// let mut chain = wolff::Chain::new(&Ising::new(&square), Temperature::CRITICAL);
/// let size = chain.flip_cluster(&mut rng);
/// assert_eq!(chain.spins().iter().filter(|s| **s == -1).count(), size);
/// # Ok::<(), rgflow::lattice::LatticeError>(())
/// ```
pub struct Chain<'a, L: Lattice + ?Sized> {
    lattice: &'a L,
    /// Neighbours of a site less the site, modulo 2^32, where `interior` says so: most sites need no table, which on
    /// large lattices leaves the cache.
    offsets: Vec<u32>,
    interior: Vec<bool>,
    field: f64,
    spins: Vec<i8>,
    /// Sites of the cluster; one place more than sites, for the write that does not count.
    cluster: Vec<u32>,
    /// A bond joins if a random word of 32 bits is below this: (1 - e^{-2K}) 2^32.
    threshold: u64,
    /// 2 beta |h|: a like spin does not hold to the ghost with probability e^{-this}.
    ghost: f64,
    burning: BurnIn,
    /// For couplings other than 1, and the signs of their staggered order.
    coupled: Option<Growth>,
    signs: Option<Vec<i8>>,
}

/// How far the burn-in of a chain is.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct BurnIn {
    spacings: usize,
    /// Spins that joined in its first half and in its second.
    joined: [usize; 2],
    /// Clusters of its second half.
    clusters: usize,
}

impl<'a, L: Lattice + ?Sized> Chain<'a, L> {
    /// All spins up. T must be in (0, inf).
    pub fn new(model: &Ising<'a, L>, temperature: Temperature) -> Self {
        let lattice = model.lattice;
        let n_sites = lattice.n_sites();
        let join = -libm::expm1(-2.0 * temperature.beta());
        let threshold = (join * 4_294_967_296.0).round() as u64;
        let ghost = 2.0 * temperature.beta() * model.field().abs();
        let (spins, cluster) = (vec![1; n_sites], vec![0; n_sites + 1]);
        let (offsets, interior) = interior(lattice);
        Self {
            lattice,
            offsets,
            interior,
            field: model.field(),
            spins,
            cluster,
            threshold,
            ghost,
            burning: BurnIn::default(),
            coupled: Growth::new(lattice, temperature),
            signs: model.order().signs().map(<[i8]>::to_vec),
        }
    }

    /// The spins, -1 or +1 for each site.
    pub fn spins(&self) -> &[i8] {
        &self.spins
    }

    /// All that the chain needs to go on, beside what it was made from and its generator.
    pub fn save(&self) -> Vec<u8> {
        encode(&(&self.spins, &self.burning))
    }

    /// Goes on from what [`Chain::save`] gave.
    ///
    /// # Errors
    /// [`Unfit`] if it is of another lattice.
    pub fn restore(&mut self, state: &[u8]) -> Result<(), Unfit> {
        let (spins, burning): (Vec<i8>, BurnIn) = decode(state)?;
        put(&mut self.spins, &spins)?;
        self.burning = burning;
        Ok(())
    }

    /// Starts anew: disordered (T = inf), or ordered, along the field or else up or down at random; a staggered order
    /// where the couplings have one.
    pub fn start(&mut self, disordered: bool, rng: &mut Generator) {
        self.burning = BurnIn::default();
        let along_field = self.field != 0.0 && self.signs.is_none();
        self.spins.fill(if along_field && self.field < 0.0 { -1 } else { 1 });
        if disordered {
            self.spins.iter_mut().for_each(|s| *s = if rng.random() { 1 } else { -1 });
        } else if !along_field && rng.random() {
            self.spins.fill(-1);
        }
        self.spins.iter_mut().zip(self.signs.iter().flatten()).for_each(|(s, sign)| *s *= sign);
    }

    /// Brings the burn-in since [`Chain::start`] to its end and returns the number of clusters per spacing, from their
    /// mean size in its second half; where it is over it only says that number.
    pub fn burn_in(&mut self, length: &ChainLength, rng: &mut Generator) -> usize {
        loop {
            if let Some(clusters) = self.go_on_burning_in(length, rng) {
                return clusters;
            }
        }
    }

    /// [`Chain::burn_in`] by one spacing: `None` while it lasts.
    pub fn go_on_burning_in(&mut self, length: &ChainLength, rng: &mut Generator) -> Option<usize> {
        let spacing = length.spacing * self.lattice.n_sites() as f64;
        let spacings = burn_in_spacings(length);
        let half = spacing * spacings as f64 / 2.0;
        let mut now = self.burning;
        if (now.joined[1] as f64) < half {
            now.spacings += 1;
            let last = now.spacings >= spacings;
            let end = if last { f64::INFINITY } else { spacing * now.spacings as f64 };
            for part in 0..2 {
                while (now.joined[part] as f64) < half && (now.joined[0] + now.joined[1]) as f64 <= end {
                    now.joined[part] += self.flip_cluster(rng);
                    now.clusters += part;
                }
            }
            self.burning = now;
        }
        let clusters = spacing * now.clusters as f64 / now.joined[1] as f64;
        (now.joined[1] as f64 >= half).then(|| clusters.ceil().max(1.0) as usize)
    }

    /// Grows a cluster and flips it unless it holds to the ghost; returns the number of spins that joined.
    pub fn flip_cluster(&mut self, rng: &mut Generator) -> usize {
        // The seed's law may be anything: it cancels in detailed balance.
        let seed = (((rng.next_u64() >> 32) * self.spins.len() as u64) >> 32) as usize;
        if self.coupled.is_some() {
            return self.flip_coupled(seed, rng);
        }
        let sign = self.spins[seed];
        // A cluster of g spins is free with probability e^{-ghost g}: the first spin that holds has a geometric law.
        let like_ghost = f64::from(sign) * self.field > 0.0 && self.ghost > 0.0;
        let free = if like_ghost { -libm::log(1.0 - rng.random::<f64>()) / self.ghost } else { f64::INFINITY };
        let size = self.grow(seed, sign, free as usize, rng);
        if size as f64 > free {
            for &site in &self.cluster[..size] {
                self.spins[site as usize] = sign;
            }
        }
        size
    }

    /// [`Chain::flip_cluster`] with couplings other than 1.
    #[cold]
    #[inline(never)]
    fn flip_coupled(&mut self, seed: usize, rng: &mut Generator) -> usize {
        let Some(growth) = &mut self.coupled else { return 0 };
        let free = -libm::log(1.0 - rng.random::<f64>()) / self.ghost;
        self.cluster[0] = seed as u32;
        let sign = if self.field < 0.0 { -1 } else { 1 };
        let free = Free { sign, most: if self.ghost > 0.0 { free } else { f64::INFINITY } };
        growth.turn(&mut self.spins, &mut self.cluster, free, rng)
    }

    /// Grows a cluster until it is complete or has more than `free` spins; returns its size. The spins flip as they
    /// join, which marks them as visited.
    #[inline(never)]
    fn grow(&mut self, seed: usize, sign: i8, free: usize, rng: &mut Generator) -> usize {
        // A copy of the generator may stay in registers.
        let mut local = rng.clone();
        let mut growing =
            Growing { spins: &mut self.spins, cluster: &mut self.cluster, sign, threshold: self.threshold };
        growing.spins[seed] = -sign;
        growing.cluster[0] = seed as u32;
        let (mut head, mut size) = (0, 1);
        let (interior, offsets) = (self.interior.as_slice(), self.offsets.as_slice());
        let four: Option<[u32; 4]> = offsets.try_into().ok();
        while head < size && size <= free {
            let site = growing.cluster[head];
            head += 1;
            if let (true, Some([right, left, down, up])) = (interior[site as usize], four) {
                // The square lattice, with everything in registers.
                let words = [local.next_u64(), local.next_u64()];
                size = growing.visit(site.wrapping_add(right), words[0] as u32, size);
                size = growing.visit(site.wrapping_add(left), (words[0] >> 32) as u32, size);
                size = growing.visit(site.wrapping_add(down), words[1] as u32, size);
                size = growing.visit(site.wrapping_add(up), (words[1] >> 32) as u32, size);
            } else if interior[site as usize] {
                for pair in offsets.chunks(2) {
                    let word = local.next_u64();
                    for (offset, word) in pair.iter().zip([word as u32, (word >> 32) as u32]) {
                        size = growing.visit(site.wrapping_add(*offset), word, size);
                    }
                }
            } else {
                for pair in self.lattice.neighbours(site as usize).chunks(2) {
                    let word = local.next_u64();
                    for (neighbour, word) in pair.iter().zip([word as u32, (word >> 32) as u32]) {
                        size = growing.visit(*neighbour, word, size);
                    }
                }
            }
        }
        *rng = local;
        size
    }
}

/// A cluster on its way.
struct Growing<'a> {
    spins: &'a mut [i8],
    cluster: &'a mut [u32],
    sign: i8,
    threshold: u64,
}

impl Growing<'_> {
    /// Lets a neighbour of the cluster of `size` spins join; returns the size then.
    #[inline(always)]
    fn visit(&mut self, neighbour: u32, word: u32, size: usize) -> usize {
        let spin = &mut self.spins[neighbour as usize];
        let joins = (*spin == self.sign) & (u64::from(word) < self.threshold);
        // Without a branch: the outcome is as random as can be.
        *spin *= 1 - 2 * joins as i8;
        self.cluster[size] = neighbour;
        size + usize::from(joins)
    }
}

/// The differences to the neighbours that most sites have in common, modulo 2^32, and the sites that have them.
fn interior<L: Lattice + ?Sized>(lattice: &L) -> (Vec<u32>, Vec<bool>) {
    let n = lattice.n_sites();
    let offsets = |site: usize| lattice.neighbours(site).iter().map(move |other| other.wrapping_sub(site as u32));
    // A site of the middle that is on no edge, if there is one.
    let sites = |of: usize| (0..n).map(|site| offsets(site).eq(offsets(of))).collect::<Vec<_>>();
    let count = |inside: &Vec<bool>| inside.iter().filter(|inside| **inside).count();
    let candidates = (0..4).map(|i| (n / 2 + i) % n).map(|of| (of, sites(of)));
    let best = candidates.max_by_key(|(_, inside)| count(inside));
    best.map_or_else(|| (vec![], vec![]), |(of, inside)| (offsets(of).collect(), inside))
}
