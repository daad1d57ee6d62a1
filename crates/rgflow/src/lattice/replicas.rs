//! Single-spin updates of many replicas at once: the engine of [`metropolis`](super::metropolis) and
//! [`heat_bath`](super::heat_bath).
//!
//! The spins of one site lie side by side for all replicas, so the inner loop runs over replicas and is vectorised for
//! any lattice. Every replica draws its own random words. Sites are visited colour by colour where the lattice has a
//! colouring, else in their order; either way each visit keeps detailed balance, so the sweep keeps the Boltzmann law.
//!
//! Couplings other than 1 have an engine of their own, `coupled_sweeps`. Where replicas fill words of 512 bits,
//! [`multispin`](super::multispin) is faster on square lattices.

use ndarray::{Array2, ArrayViewMut1};

use super::chain_length::WholeSweeps;
use super::sampling::{Request, Sampling, Walk};
use super::{Chains, Collection, Ising, Lattice, LatticeError, Model, Temperature, coupled_sweeps};
use crate::cpu::{self, dispatched};
use crate::random::Bulk;
use crate::restart::{Unfit, decode, encode, put};

/// Replicas in one inner loop where their number is a multiple of it.
const GROUP: usize = 64;
/// Replicas in one inner loop otherwise: [`Bulk`] makes as many random words at a time, so fewer would not be faster.
const SMALL_GROUP: usize = 16;

/// A single-spin update.
pub(super) struct Update {
    /// Probability of a flip as a function of its energy over temperature.
    pub accept: fn(f64) -> f64,
    /// Name of the sampler.
    pub name: String,
}

/// Samples by sweeps of single-spin updates.
pub(super) fn sampling<'a, L: Lattice + ?Sized>(
    Request { model, temperature, n, length }: Request<'a, '_, L>,
    update: Update,
    bulk: &'a mut Bulk,
) -> Result<Sampling<'a>, LatticeError> {
    if temperature == Temperature::ZERO {
        return Err(LatticeError::ZeroTemperature);
    }
    let length = length.whole()?;
    let n_sites = model.lattice.n_sites();
    // Lanes that nobody asked for are swept with the others and never read.
    let lanes = length.chains.next_multiple_of(SMALL_GROUP);
    let engine = Engine::new(model, temperature, update.accept);
    let spins = start(model, lanes, bulk);
    let walk = Sweeps { model, length, engine, spins, words: vec![0u32; lanes], bulk, sampler: update.name };
    let steps = length.burn_in + n.div_ceil(length.chains) * length.spacing;
    Ok(Sampling::new(walk, [n, n_sites], steps, 10 * n_sites * lanes))
}

/// Replicas at work, sweep by sweep.
struct Sweeps<'a, L: Lattice + ?Sized> {
    model: &'a Ising<'a, L>,
    length: WholeSweeps,
    engine: Engine,
    /// By `[site][replica]`.
    spins: Vec<i8>,
    words: Vec<u32>,
    bulk: &'a mut Bulk,
    sampler: String,
}

impl<L: Lattice + ?Sized> Walk for Sweeps<'_, L> {
    fn step(&mut self, step: usize, kept: &mut Array2<i8>) {
        let (lanes, WholeSweeps { chains, burn_in, spacing }) = (self.words.len(), self.length);
        self.engine.sweep(&mut self.spins, &mut self.words, self.bulk);
        let Some(after) = (step + 1).checked_sub(burn_in).filter(|k| *k > 0 && k.is_multiple_of(spacing)) else {
            return;
        };
        let first = (after / spacing - 1) * chains;
        for replica in 0..chains.min(kept.nrows() - first) {
            keep(kept.row_mut(first + replica), &self.spins[replica..], lanes);
        }
    }

    fn save(&self) -> Vec<u8> {
        encode(&(&self.spins, &*self.bulk))
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), Unfit> {
        let (spins, bulk): (Vec<i8>, Bulk) = decode(state)?;
        put(&mut self.spins, &spins)?;
        *self.bulk = bulk;
        Ok(())
    }

    fn collect(self: Box<Self>, spins: Array2<i8>) -> Collection {
        let n_chains = self.length.chains.min(spins.nrows().max(1));
        let burn_in = self.length.burn_in as f64 / self.length.spacing as f64;
        let mut seen = Chains { spins, n_chains, burn_in }.diagnose(self.model);
        seen.sampler = self.sampler;
        seen
    }
}

/// Copies every spin at a distance of `lanes`, from the first on.
fn keep(row: ArrayViewMut1<'_, i8>, spins: &[i8], lanes: usize) {
    row.into_iter().zip(spins.iter().step_by(lanes)).for_each(|(out, &s)| *out = s);
}

/// Spins by `[site][replica]`: even replicas ordered (along the field, else all up or all down; a staggered order where
/// the couplings have one), odd ones at random.
fn start<L: Lattice + ?Sized>(model: &Ising<'_, L>, replicas: usize, bulk: &mut Bulk) -> Vec<i8> {
    let (n_sites, order) = (model.lattice.n_sites(), model.order());
    let field = if order.signs().is_some() { 0.0 } else { model.field() };
    let mut spins = vec![1i8; n_sites * replicas];
    let mut words = vec![0u32; replicas];
    bulk.fill(&mut words);
    let sign = |word: &u32| if *word >> 31 == 0 { 1 } else { -1 };
    let along = |word: &u32| if field == 0.0 { sign(word) } else { field.signum() as i8 };
    let signs: Vec<i8> = words.iter().map(along).collect();
    for row in spins.chunks_exact_mut(replicas) {
        bulk.fill(&mut words);
        for (r, (s, word)) in row.iter_mut().zip(&words).enumerate() {
            *s = if r % 2 == 1 { sign(word) } else { signs[r] };
        }
    }
    for (row, sign) in spins.chunks_exact_mut(replicas).zip(order.signs().unwrap_or_default()) {
        row.iter_mut().for_each(|s| *s *= sign);
    }
    spins
}

/// The two ways to visit all sites.
enum Engine {
    /// J = 1 on every bond.
    Plain(Rule),
    /// Other couplings, or very many neighbours.
    Coupled(coupled_sweeps::Rule),
}

/// Neighbours of a site whose sum of spins fits i8.
const MOST_NEIGHBOURS: usize = 127;

impl Engine {
    fn new<L: Lattice + ?Sized>(model: &Ising<'_, L>, temperature: Temperature, accept: fn(f64) -> f64) -> Self {
        let lattice = model.lattice;
        if model.is_coupled() || (0..lattice.n_sites()).any(|site| lattice.neighbours(site).len() > MOST_NEIGHBOURS) {
            Self::Coupled(coupled_sweeps::Rule::new(model, temperature, accept))
        } else {
            Self::Plain(Rule::new(model, temperature, accept))
        }
    }

    /// One visit of every site in every replica; their number is a multiple of [`SMALL_GROUP`].
    fn sweep(&self, spins: &mut [i8], words: &mut [u32], bulk: &mut Bulk) {
        match self {
            Self::Plain(rule) => sweep_on(cpu::path(), spins, rule, words, bulk),
            Self::Coupled(rule) => coupled_sweeps::sweep(spins, rule, words, bulk),
        }
    }
}

/// Visiting order, neighbours and acceptance thresholds.
struct Rule {
    /// (site, its neighbours), in the order of the visits.
    visits: Vec<(usize, Vec<usize>)>,
    /// By rising sum of the neighbours.
    levels: Vec<Level>,
    /// Whether the levels of up and of down spins differ by more than the sign of the sum.
    in_field: bool,
}

/// Spins flip if their word is below the threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Level {
    /// The level holds from this sum of neighbours on, times the spin itself if there is no field.
    from: i8,
    /// Threshold of an up spin.
    up: u32,
    /// Threshold of a down spin, of use in a field only.
    down: u32,
}

impl Rule {
    fn new<L: Lattice + ?Sized>(model: &Ising<'_, L>, temperature: Temperature, accept: fn(f64) -> f64) -> Self {
        let lattice = model.lattice;
        let n_sites = lattice.n_sites();
        let mut order: Vec<usize> = (0..n_sites).collect();
        if lattice.n_colours().is_some() {
            order.sort_by_key(|&site| lattice.colour(site));
        }
        let degree = |site: usize| lattice.neighbours(site).len() as i32;
        let largest = (0..n_sites).map(degree).max().unwrap_or(0);
        // Sums of an even number of spins are even, of an odd one odd.
        let step = if (0..n_sites).all(|site| degree(site) == largest) { 2 } else { 1 };
        let threshold = |spin: f64, sum: i32| {
            let change = 2.0 * spin * (f64::from(sum) + model.field());
            (accept(temperature.beta() * change) * 4_294_967_296.0).round() as u32
        };
        let mut levels: Vec<Level> = (-largest..=largest)
            .step_by(step)
            .map(|sum| Level { from: sum as i8, up: threshold(1.0, sum), down: threshold(-1.0, sum) })
            .collect();
        let in_field = model.field() != 0.0;
        levels.dedup_by(|next, kept| next.up == kept.up && (!in_field || next.down == kept.down));
        let neighbours = |site: usize| lattice.neighbours(site).iter().map(|&n| n as usize).collect();
        Self { visits: order.into_iter().map(|site| (site, neighbours(site))).collect(), levels, in_field }
    }
}

dispatched! {
    fn sweep_on(spins: &mut [i8], rule: &Rule, words: &mut [u32], bulk: &mut Bulk) => visit_all
}

#[inline(always)]
fn visit_all(spins: &mut [i8], rule: &Rule, words: &mut [u32], bulk: &mut Bulk) {
    let replicas = words.len();
    if replicas.is_multiple_of(GROUP) {
        visit_groups::<GROUP>(spins, replicas, rule, words, bulk);
    } else {
        visit_groups::<SMALL_GROUP>(spins, replicas, rule, words, bulk);
    }
}

#[inline(always)]
fn visit_groups<const GROUP: usize>(
    spins: &mut [i8],
    replicas: usize,
    rule: &Rule,
    words: &mut [u32],
    bulk: &mut Bulk,
) {
    for (site, neighbours) in &rule.visits {
        bulk.fill(words);
        for group in (0..replicas).step_by(GROUP) {
            let mut sum = [0i8; GROUP];
            for &neighbour in neighbours {
                let other = &spins[neighbour * replicas + group..][..GROUP];
                for (f, s) in sum.iter_mut().zip(other) {
                    *f += s;
                }
            }
            let own = &mut spins[site * replicas + group..][..GROUP];
            let mut thresholds = [rule.levels[0].up; GROUP];
            if rule.in_field {
                let mut down = [rule.levels[0].down; GROUP];
                for &Level { from, up, down: below } in &rule.levels[1..] {
                    for ((t, d), f) in thresholds.iter_mut().zip(&mut down).zip(&sum) {
                        *t = if *f >= from { up } else { *t };
                        *d = if *f >= from { below } else { *d };
                    }
                }
                for ((t, d), s) in thresholds.iter_mut().zip(&down).zip(own.iter()) {
                    *t = if *s > 0 { *t } else { *d };
                }
            } else {
                for (f, s) in sum.iter_mut().zip(own.iter()) {
                    *f *= s;
                }
                for &Level { from, up, down: _ } in &rule.levels[1..] {
                    for (t, f) in thresholds.iter_mut().zip(&sum) {
                        *t = if *f >= from { up } else { *t };
                    }
                }
            }
            for ((s, word), threshold) in own.iter_mut().zip(&words[group..group + GROUP]).zip(&thresholds) {
                *s = if word < threshold { -*s } else { *s };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lattice::{Geometry, Square, heat_bath, metropolis};

    fn scaled(p: f64) -> u32 {
        (p * 4_294_967_296.0).round() as u32
    }

    #[test]
    fn levels_are_boltzmann_factors() {
        let square = Square::new(4, 4).unwrap();
        let temperature = Temperature::new(2.0).unwrap();
        let rule = Rule::new(&Ising::new(&square), temperature, metropolis::acceptance);
        let seen: Vec<(i8, u32)> = rule.levels.iter().map(|l| (l.from, l.up)).collect();
        assert_eq!(seen, [(-4, u32::MAX), (2, scaled((-2.0f64).exp())), (4, scaled((-4.0f64).exp()))]);
        let model = Ising::in_field(&square, 0.5).unwrap();
        let field = Rule::new(&model, temperature, heat_bath::acceptance);
        assert_eq!(field.levels.len(), 5);
        for level in &field.levels {
            // The heat bath does not look at the old spin: P(up -> down) + P(down -> up) = 1, P(up) = sigmoid(2 beta
            // F).
            let sum = f64::from(level.from) + 0.5;
            assert!(level.up.abs_diff(scaled(1.0 / (1.0 + sum.exp()))) <= 1);
            assert!(level.up.abs_diff(u32::MAX - level.down) <= 2);
        }
        let hot = Rule::new(&Ising::new(&square), Temperature::INFINITE, heat_bath::acceptance);
        assert!(hot.levels.iter().all(|l| l.up == 1 << 31));
    }

    #[test]
    fn colours_are_visited_one_after_the_other() {
        let visits = |name: &str, extents: &[usize]| {
            let lattice = Geometry::new(name, extents).unwrap();
            let rule = Rule::new(&Ising::new(&lattice), Temperature::CRITICAL, heat_bath::acceptance);
            rule.visits.iter().map(|v| v.0).collect::<Vec<_>>()
        };
        assert_eq!(visits("square", &[4])[8], 1, "white sites come after the eight black ones");
        assert_eq!(visits("square", &[3, 4]), (0..12).collect::<Vec<_>>());
        assert_eq!(visits("triangular", &[3]), [0, 4, 8, 1, 5, 6, 2, 3, 7]);
    }
}
