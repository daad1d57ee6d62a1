//! Bit-parallel Metropolis on even square lattices: 512 replicas in the bits of each site, at any temperatures.
//!
//! The spins of one site are 512 bits, one for each replica (1 = up). Bit logic counts the antiparallel neighbours of
//! all replicas at once: two and more flip always, one flips with probability e^{-4K}, none with e^{-8K} (Metropolis et
//! al. 1953). Each such decision compares the bits of a uniform number with those of its threshold, most significant
//! first, and stops once all replicas are decided: about ten random bits for a replica and site, of 32 that it may
//! need. Thresholds are rounded to 2^-32, so no probability is off by more than 2^-33. No two replicas share a random
//! bit.
//!
//! Sites are visited as a checkerboard. White sites of a row follow the black ones of the next row, so that a large
//! lattice passes through the cache once a sweep; the result is that of all black sites before all white ones.

mod grid;

pub use grid::Grid;

use super::{LatticeError, Temperature};
#[cfg(target_arch = "x86_64")]
use crate::cpu::Set;
use crate::cpu::{self, Path, dispatched};
use crate::random::Bulk;

/// Words of a site.
const WORDS: usize = 8;
/// Replicas of a group.
pub const REPLICAS: usize = 64 * WORDS;
/// Bits of a threshold.
const BITS: usize = 32;
/// Rounds before the first test whether all replicas are decided. Then 90 % of the visits are, so the test is foreseen;
/// an earlier one (after 7 rounds 10.2 words are used instead of 12.2) costs more in branches than it saves in random
/// bits.
const BLIND: usize = 12;
/// Above this temperature nearly every update flips, and sweeps hardly randomise.
const HOTTEST: f64 = 10.0;
/// Random words in stock, in sites' words; a decision takes at most `BITS`.
const STOCK: usize = 256;

/// The spins of one site: a bit for each replica.
type Site = [u64; WORDS];

/// 512 replicas of a lattice of even extents.
#[derive(Clone, Debug)]
pub struct Group {
    lx: usize,
    ly: usize,
    spins: Vec<Site>,
    thresholds: Thresholds,
    stock: Stock,
}

/// Random bits in stock.
#[derive(Clone, Debug)]
struct Stock {
    random: Bulk,
    words: Vec<Site>,
    used: usize,
}

/// Bits of the thresholds, most significant first; for each the replicas in which it is set.
#[derive(Clone, Debug)]
struct Thresholds {
    /// e^{-4K}: one antiparallel neighbour.
    one: [Site; BITS],
    /// e^{-8K}: none.
    none: [Site; BITS],
}

impl Group {
    /// Replicas on the torus of `lx` x `ly` sites, replica r at the temperature `temperatures[r]` in (0, 10]; even
    /// replicas begin ordered (all up or all down), odd ones disordered.
    ///
    /// # Errors
    /// [`LatticeError::Extent`] unless both extents are even and at least 2, [`LatticeError::ZeroTemperature`] at T =
    /// 0, [`LatticeError::TooHot`] above 10, where an update that flips nearly every spin hardly randomises.
    pub fn new(
        lx: usize,
        ly: usize,
        temperatures: &[Temperature; REPLICAS],
        mut random: Bulk,
    ) -> Result<Self, LatticeError> {
        let sites = lx.checked_mul(ly).filter(|n| lx >= 2 && ly >= 2 && *n < 1 << 31);
        let sites = sites.filter(|_| lx.is_multiple_of(2) && ly.is_multiple_of(2));
        let sites = sites.ok_or(LatticeError::Extent { lx, ly })?;
        let thresholds = Thresholds::of(temperatures)?;
        // An ordered replica has one random sign, a disordered one has fresh bits at every site.
        let mut signs = [[0; WORDS]];
        refill(&mut random, &mut signs);
        let mut spins = vec![[0; WORDS]; sites];
        refill(&mut random, &mut spins);
        const ODD: u64 = 0xaaaa_aaaa_aaaa_aaaa;
        for site in &mut spins {
            for (word, sign) in site.iter_mut().zip(&signs[0]) {
                *word = *word & ODD | sign & !ODD;
            }
        }
        let stock = Stock { random, words: vec![[0; WORDS]; STOCK], used: STOCK };
        Ok(Self { lx, ly, spins, thresholds, stock })
    }

    /// `n` sweeps: every spin of every replica is visited `n` times.
    pub fn sweeps(&mut self, n: usize) {
        self.sweeps_on(cpu::path(), n);
    }

    fn sweeps_on(&mut self, path: Path, n: usize) {
        for _ in 0..n {
            sweep(path, &mut self.spins, (self.lx, self.ly), &self.thresholds, &mut self.stock);
        }
    }

    /// Writes the spins of the replica `r` to `out`, values -1 and +1, `site = y * lx + x`.
    pub fn write(&self, r: usize, out: &mut [i8]) {
        let (word, bit) = (r / 64, r % 64);
        for (s, site) in out.iter_mut().zip(&self.spins) {
            *s = 2 * (site[word] >> bit & 1) as i8 - 1;
        }
    }
}

impl Thresholds {
    fn of(temperatures: &[Temperature; REPLICAS]) -> Result<Self, LatticeError> {
        let mut thresholds = Self { one: [[0; WORDS]; BITS], none: [[0; WORDS]; BITS] };
        for (r, temperature) in temperatures.iter().enumerate() {
            if *temperature == Temperature::ZERO {
                return Err(LatticeError::ZeroTemperature);
            }
            if temperature.value() > HOTTEST {
                return Err(LatticeError::TooHot(temperature.value()));
            }
            for (neighbours, masks) in [(4.0, &mut thresholds.one), (8.0, &mut thresholds.none)] {
                let threshold = (libm::exp(-neighbours * temperature.beta()) * 4_294_967_296.0).round() as u32;
                for (j, mask) in masks.iter_mut().enumerate() {
                    mask[r / 64] |= u64::from(threshold >> (BITS - 1 - j) & 1) << (r % 64);
                }
            }
        }
        Ok(thresholds)
    }
}

/// Where the random words of the decisions come from, one after the other.
trait Source {
    /// Before a decision.
    fn begin(&mut self);
    /// The word of a round of it; rounds come in their order, from 0.
    fn word(&mut self, round: usize) -> Site;
    /// After a decision of so many rounds.
    fn end(&mut self, rounds: usize);
}

impl Source for Stock {
    #[inline(always)]
    fn begin(&mut self) {
        if self.used + BITS > STOCK {
            let left = STOCK - self.used;
            self.words.copy_within(self.used.., 0);
            refill(&mut self.random, &mut self.words[left..]);
            self.used = 0;
        }
    }

    #[inline(always)]
    fn word(&mut self, round: usize) -> Site {
        self.words[self.used + round]
    }

    #[inline(always)]
    fn end(&mut self, rounds: usize) {
        self.used += rounds;
    }
}

/// The generator itself: with 32 registers of 512 bits its state stays in them. The same words as from the stock.
impl Source for Bulk {
    #[inline(always)]
    fn begin(&mut self) {}

    #[inline(always)]
    fn word(&mut self, _: usize) -> Site {
        bytemuck::cast(self.next_row())
    }

    #[inline(always)]
    fn end(&mut self, _: usize) {}
}

/// Fills `sites` with random bits.
fn refill(random: &mut Bulk, sites: &mut [Site]) {
    random.fill(bytemuck::cast_slice_mut(sites));
}

/// A sweep on one path, where a group goes on on the path it began on.
fn sweep(path: Path, spins: &mut [Site], extents: (usize, usize), thresholds: &Thresholds, stock: &mut Stock) {
    match path.set() {
        #[cfg(target_arch = "x86_64")]
        Set::Avx512 => sweep_fresh(path, spins, extents, thresholds, &mut stock.random),
        _ => sweep_stock(path, spins, extents, thresholds, stock),
    }
}

dispatched! {
    fn sweep_stock(spins: &mut [Site], extents: (usize, usize), thresholds: &Thresholds, stock: &mut Stock)
        => visit_all
}

dispatched! {
    fn sweep_fresh(spins: &mut [Site], extents: (usize, usize), thresholds: &Thresholds, random: &mut Bulk)
        => visit_all_fresh
}

#[inline(always)]
fn visit_all_fresh(spins: &mut [Site], extents: (usize, usize), thresholds: &Thresholds, random: &mut Bulk) {
    let mut local = random.clone();
    visit_all(spins, extents, thresholds, &mut local);
    *random = local;
}

#[inline(always)]
fn visit_all<S: Source>(spins: &mut [Site], (lx, ly): (usize, usize), thresholds: &Thresholds, source: &mut S) {
    for y in 0..=ly {
        if y < ly {
            half_row(spins, (lx, ly), HalfRow { y, first: y % 2 }, thresholds, source);
        }
        if y > 0 {
            half_row(spins, (lx, ly), HalfRow { y: y - 1, first: y % 2 }, thresholds, source);
        }
    }
}

/// The sites x = `first`, `first` + 2 ... of the row `y`.
struct HalfRow {
    y: usize,
    first: usize,
}

/// Visits the sites of half a row.
#[inline(always)]
fn half_row<S: Source>(
    spins: &mut [Site],
    (lx, ly): (usize, usize),
    HalfRow { y, first }: HalfRow,
    thresholds: &Thresholds,
    source: &mut S,
) {
    let row = y * lx;
    let up = (if y == 0 { ly - 1 } else { y - 1 }) * lx;
    let down = (if y == ly - 1 { 0 } else { y + 1 }) * lx;
    for x in (first..lx).step_by(2) {
        let left = if x == 0 { lx - 1 } else { x - 1 };
        let right = if x == lx - 1 { 0 } else { x + 1 };
        let neighbours = [spins[row + left], spins[row + right], spins[up + x], spins[down + x]];
        visit(&mut spins[row + x], &neighbours, thresholds, source);
    }
}

/// Flips the spins that accept.
#[inline(always)]
fn visit<S: Source>(own: &mut Site, neighbours: &[Site; 4], thresholds: &Thresholds, source: &mut S) {
    let (mut always, mut one, mut none) = ([0; WORDS], [0; WORDS], [0; WORDS]);
    for w in 0..WORDS {
        // Antiparallel neighbours, added up in pairs.
        let [a, b, c, d] = [0, 1, 2, 3].map(|n| neighbours[n][w] ^ own[w]);
        let (either, both) = (a ^ b, a & b);
        let (other, twice) = (c ^ d, c & d);
        always[w] = both | twice | either & other;
        one[w] = (either | other) & !always[w];
        none[w] = !(either | other | always[w]);
    }
    let mut open: Site = [0; WORDS];
    let mut flip = always;
    for w in 0..WORDS {
        open[w] = one[w] | none[w];
    }
    let mut round = 0;
    source.begin();
    while round < BITS {
        let (r, t1, t0) = (source.word(round), &thresholds.one[round], &thresholds.none[round]);
        for w in 0..WORDS {
            let threshold = one[w] & t1[w] | none[w] & t0[w];
            flip[w] |= open[w] & threshold & !r[w];
            open[w] &= !(r[w] ^ threshold);
        }
        round += 1;
        if round >= BLIND && open.iter().fold(0, |any, o| any | o) == 0 {
            break;
        }
    }
    source.end(round);
    for w in 0..WORDS {
        own[w] ^= flip[w];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Streams;

    #[test]
    fn every_path_gives_the_same_spins() {
        let temperatures = std::array::from_fn(|r| Temperature::new(0.5 + (r % 19) as f64 / 2.0).expect("positive"));
        let group = Group::new(6, 4, &temperatures, Streams::new(1).bulk("test/paths", 0)).expect("even extents");
        let spins = |path| {
            let mut group = group.clone();
            group.sweeps_on(path, 50);
            group.spins
        };
        let all: Vec<_> = Path::available().into_iter().map(spins).collect();
        assert!(all.iter().all(|s| *s == all[0]) && all[0] != group.spins);
    }
}
