//! Bit-parallel Metropolis on even square lattices: 512 replicas in the bits of each site, at any temperatures.
//!
//! The spins of one site are 512 bits, one for each replica (1 = up). Bit logic counts the antiparallel neighbours of
//! all replicas at once: two and more flip always, one flips with probability e^{-4K}, none with e^{-8K} (Metropolis et al.
//! 1953). Each such decision compares the bits of a uniform number with those of its threshold, most significant first, and
//! stops once all replicas are decided: about ten random bits for a replica and site, of 32 that it may need. Thresholds are
//! rounded to 2^-32, so no probability is off by more than 2^-33. No two replicas share a random bit.
//!
//! Sites are visited as a checkerboard. White sites of a row follow the black ones of the next row, so that a large lattice
//! passes through the cache once a sweep; the result is that of all black sites before all white ones.

use ndarray::{Array2, ArrayViewMut1, Axis};
use rayon::prelude::*;

use super::{LatticeError, Temperature};
#[cfg(target_arch = "x86_64")]
use crate::cpu::Set;
use crate::cpu::{self, Path, dispatched};
use crate::random::{Bulk, Streams};
use crate::restart::{Drive, Resumable, Unfit, decode, demand, encode, put, through, together};

/// Words of a site.
const WORDS: usize = 8;
/// Replicas of a group.
pub const REPLICAS: usize = 64 * WORDS;
/// Bits of a threshold.
const BITS: usize = 32;
/// Rounds before the first test whether all replicas are decided. Then 90 % of the visits are, so the test is foreseen; an
/// earlier one (after 7 rounds 10.2 words are used instead of 12.2) costs more in branches than it saves in random bits.
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
    /// Replicas on the torus of `lx` x `ly` sites, replica r at the temperature `temperatures[r]` in (0, 10]; even replicas
    /// begin ordered (all up or all down), odd ones disordered.
    ///
    /// # Errors
    /// [`LatticeError::Extent`] unless both extents are even and at least 2, [`LatticeError::ZeroTemperature`] at T = 0,
    /// [`LatticeError::TooHot`] above 10, where an update that flips nearly every spin hardly randomises.
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

/// How long the chains of [`sample_grid`] are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Chains per temperature, at least 1; the more, the shorter each is.
    pub chains: usize,
    /// Sweeps of each chain before its first kept configuration.
    pub burn_in: usize,
    /// Sweeps between the kept configurations of a chain, at least 1.
    pub spacing: usize,
}

/// `n` configurations at each of `temperatures` in (0, 10], the chains of all temperatures side by side in groups of 512.
///
/// Returns an array of shape (n, lx * ly), values -1 and +1, for each temperature; row i is from chain i mod `chains`, of which
/// even ones began ordered, odd ones disordered. Groups run on all threads; the result does not depend on their number.
///
/// # Errors
/// As [`Group::new`], and [`LatticeError::ZeroSetting`] for no chains or no spacing.
///
/// ```
/// use rgflow::{lattice::{Temperature, multispin::{Settings, sample_grid}}, random::Streams};
/// let temperatures = [Temperature::new(1.5)?, Temperature::CRITICAL];
/// let settings = Settings { chains: 100, burn_in: 1000, spacing: 50 };
/// let spins = sample_grid(10, 10, &temperatures, 250, &settings, Streams::new(1), "example")?;
/// assert_eq!((spins.len(), spins[1].dim()), (2, (250, 100)));
/// # Ok::<(), rgflow::lattice::LatticeError>(())
/// ```
pub fn sample_grid(
    lx: usize,
    ly: usize,
    temperatures: &[Temperature],
    n: usize,
    settings: &Settings,
    streams: Streams,
    purpose: &str,
) -> Result<Vec<Array2<i8>>, LatticeError> {
    sample_grid_by(lx, ly, temperatures, n, settings, (streams, purpose), &through)
}

/// As [`sample_grid`], group by group: `drive` is given the number of each, from several threads, and brings it to its end. Its work is
/// counted in sweeps.
///
/// # Errors
/// As [`sample_grid`], and those of `drive`.
pub fn sample_grid_by(
    lx: usize,
    ly: usize,
    temperatures: &[Temperature],
    n: usize,
    settings: &Settings,
    (streams, purpose): (Streams, &str),
    drive: &Drive,
) -> Result<Vec<Array2<i8>>, LatticeError> {
    let Settings { chains, burn_in, spacing } = *settings;
    for (name, value) in [("chains", chains), ("spacing", spacing)] {
        if value == 0 {
            return Err(LatticeError::ZeroSetting(name));
        }
    }
    let (lanes, kept) = (chains * temperatures.len(), n.div_ceil(chains));
    let mut spins: Vec<Array2<i8>> = temperatures.iter().map(|_| Array2::ones((n, lx * ly))).collect();
    // The rows that each lane fills, one after the other.
    let mut rows: Vec<Vec<ArrayViewMut1<i8>>> = (0..lanes).map(|_| Vec::with_capacity(kept)).collect();
    for (t, spins) in spins.iter_mut().enumerate() {
        for (i, row) in spins.axis_iter_mut(Axis(0)).enumerate() {
            rows[t * chains + i % chains].push(row);
        }
    }
    let groups: Vec<_> = rows.chunks_mut(REPLICAS).enumerate().collect();
    groups.into_par_iter().try_for_each(|(g, rows)| {
        // Lanes that nobody asked for repeat the last temperature.
        let at = |r: usize| temperatures[((g * REPLICAS + r) / chains).min(temperatures.len() - 1)];
        let group = Group::new(lx, ly, &std::array::from_fn(at), streams.bulk(purpose, g as u64))?;
        drive(g, &mut Sweeps { group, rows, burn_in, spacing, kept, done: 0, written: 0 }).map_err(LatticeError::from)
    })?;
    Ok(spins)
}

/// A group at work: its configurations come after the burn-in and then a spacing apart.
struct Sweeps<'r, 'a> {
    group: Group,
    /// By lane, the rows that it fills.
    rows: &'r mut [Vec<ArrayViewMut1<'a, i8>>],
    burn_in: usize,
    spacing: usize,
    /// Configurations of each lane.
    kept: usize,
    /// Sweeps and configurations so far.
    done: usize,
    written: usize,
}

impl Resumable for Sweeps<'_, '_> {
    fn advance(&mut self) -> bool {
        // A visit of 512 spins takes about as long as 300 operations.
        let mut left = together(300 * self.group.spins.len());
        while self.written < self.kept {
            let next = self.burn_in + self.written * self.spacing;
            let sweeps = left.min(next - self.done);
            self.group.sweeps(sweeps);
            (left, self.done) = (left - sweeps, self.done + sweeps);
            if self.done < next {
                return true;
            }
            for (r, rows) in self.rows.iter_mut().enumerate() {
                if let Some(out) = rows.get_mut(self.written).and_then(ArrayViewMut1::as_slice_mut) {
                    self.group.write(r, out);
                }
            }
            self.written += 1;
        }
        false
    }

    fn done(&self) -> u64 {
        self.done as u64
    }

    fn save(&self) -> Vec<u8> {
        let Group { spins, stock, .. } = &self.group;
        let rows: Vec<i8> =
            self.rows.iter().flat_map(|rows| rows.iter().take(self.written).flatten()).copied().collect();
        encode(&((self.done, self.written), spins, &stock.random, &stock.words[stock.used..], rows))
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), Unfit> {
        type Saved = ((usize, usize), Vec<Site>, Bulk, Vec<Site>, Vec<i8>);
        let ((done, written), spins, random, words, rows): Saved = decode(state)?;
        demand(written <= self.kept && done <= self.burn_in + written * self.spacing)?;
        put(&mut self.group.spins, &spins)?;
        let stock = &mut self.group.stock;
        stock.used = STOCK.checked_sub(words.len()).ok_or(Unfit)?;
        stock.words[stock.used..].copy_from_slice(&words);
        (stock.random, self.done, self.written) = (random, done, written);
        let to: Vec<&mut i8> = self.rows.iter_mut().flat_map(|rows| rows.iter_mut().take(written).flatten()).collect();
        demand(to.len() == rows.len())?;
        to.into_iter().zip(rows).for_each(|(to, s)| *to = s);
        Ok(())
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
            half_row(spins, (lx, ly), (y, y % 2), thresholds, source);
        }
        if y > 0 {
            half_row(spins, (lx, ly), (y - 1, y % 2), thresholds, source);
        }
    }
}

/// Visits the sites x = `first`, `first` + 2 ... of the row `y`.
#[inline(always)]
fn half_row<S: Source>(
    spins: &mut [Site],
    (lx, ly): (usize, usize),
    (y, first): (usize, usize),
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

    /// Left after any advance and taken up by other groups, a grid ends with the same spins: in the burn-in, without one, between
    /// configurations and at the end. Two groups, the last one not full.
    #[test]
    fn a_grid_left_anywhere_ends_with_the_same_spins() {
        let temperatures = [1.5, 2.3, 4.0].map(|t| Temperature::new(t).expect("positive"));
        for (burn_in, n) in [(50, 700), (0, 201), (3, 1), (7, 0)] {
            let settings = Settings { chains: 200, burn_in, spacing: 9 };
            let grid = |drive: &Drive| {
                let streams = (Streams::new(1), "test/left");
                sample_grid_by(64, 64, &temperatures, n, &settings, streams, drive).expect("even extents")
            };
            let whole = sample_grid(64, 64, &temperatures, n, &settings, Streams::new(1), "test/left");
            let whole = whole.expect("even extents");
            for leave in [0, 1, 2, 5, 9] {
                let states = std::sync::Mutex::new(std::collections::BTreeMap::new());
                grid(&|g, work| {
                    (0..leave).for_each(|_| {
                        work.advance();
                    });
                    states.lock().expect("no panic").insert(g, (work.done(), work.save()));
                    Ok(())
                });
                let again = grid(&|g, work| {
                    let states = states.lock().expect("no panic");
                    work.restore(&states[&g].1).expect("of the same description");
                    assert_eq!(work.done(), states[&g].0);
                    drop(states);
                    through(g, work)
                });
                assert_eq!(again, whole, "burn-in {burn_in}, {n} each, left after {leave}");
            }
        }
    }
}
