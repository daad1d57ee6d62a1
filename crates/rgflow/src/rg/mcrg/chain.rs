//! One Markov chain whose operators are summed level by level.

use super::super::RgError;
use super::super::block_spin::{Ladder, Rule};
use super::super::operators::{Bits, Operator};
use super::Settings;
use super::layout::Layout;
use crate::lattice::{Ising, Square, wolff};
use crate::random::{Generator, Streams};
use crate::restart::{Resumable, Unfit, decode, demand, encode, put, steps_per_advance};

/// The measurements of one chain.
pub(super) struct Seen {
    /// Rows of means, block by block.
    pub(super) blocks: Vec<f64>,
    /// Energy and |m| of its configurations.
    pub(super) series: [Vec<f64>; 2],
}

/// The lattices that one rule makes of a configuration, and their operators.
struct Levels {
    ladder: Ladder,
    bits: Vec<Bits>,
    /// By level and parity.
    values: Vec<[Vec<f64>; 2]>,
}

impl Levels {
    fn new(settings: &Settings, layout: &Layout, rule: Rule) -> Result<Self, RgError> {
        let sizes = (0..=settings.steps).map(|n| settings.size / settings.b.pow(n as u32));
        let extent = settings.operators.iter().flatten().map(Operator::extent).max().unwrap_or(0);
        Ok(Self {
            ladder: Ladder::new(settings.size, settings.b, rule, settings.steps)?,
            bits: sizes.map(|l| Bits::new(l, l, extent)).collect::<Result<_, _>>()?,
            values: (0..=settings.steps).map(|_| layout.n.map(|n| vec![0.0; n])).collect(),
        })
    }

    fn read(&mut self, settings: &Settings, spins: &[i8], rng: &mut Generator) {
        self.ladder.climb(spins, rng);
        for ((bits, spins), values) in self.bits.iter_mut().zip(self.ladder.levels()).zip(&mut self.values) {
            bits.set(spins);
            for (operators, values) in settings.operators.iter().zip(values) {
                operators.iter().zip(values).for_each(|(o, v)| *v = bits.sum(o) as f64);
            }
        }
    }
}

/// A chain on its way.
pub(super) struct Chain<'a> {
    settings: &'a Settings,
    layout: &'a Layout,
    wolff: wolff::Chain<'a, Square>,
    rng: Generator,
    block_rng: Generator,
    by_rule: Vec<Levels>,
    bits: Bits,
    /// Nearest neighbours and the magnetisation.
    operators: [Operator; 2],
    /// Configurations so far.
    done: usize,
    /// Sums in the block that is not complete.
    pub(super) seen: Seen,
    pub(super) steps_per_advance: usize,
}

impl<'a> Chain<'a> {
    pub(super) fn new(
        settings: &'a Settings,
        layout: &'a Layout,
        model: &Ising<'a, Square>,
        number: usize,
        streams: Streams,
    ) -> Result<Self, RgError> {
        let kept = settings.blocks * settings.per_block;
        let by_rule = settings.rules.iter().map(|rule| Levels::new(settings, layout, *rule));
        let mut rng = streams.generator("mcrg/chain", number as u64);
        let mut wolff = wolff::Chain::new(model, settings.temperature);
        wolff.start(number % 2 == 1, &mut rng);
        Ok(Self {
            settings,
            layout,
            wolff,
            rng,
            block_rng: streams.generator("mcrg/blocks", number as u64),
            by_rule: by_rule.collect::<Result<_, _>>()?,
            bits: Bits::new(settings.size, settings.size, 1)?,
            operators: [Operator::new("nn", &[(0, 0), (1, 0)]), Operator::new("m", &[(0, 0)])],
            done: 0,
            seen: Seen {
                blocks: vec![0.0; settings.blocks * layout.width],
                series: [Vec::with_capacity(kept), Vec::with_capacity(kept)],
            },
            steps_per_advance: steps_per_advance(100 * settings.size * settings.size),
        })
    }

    /// The next configuration.
    fn step(&mut self, clusters: usize) {
        let Self { settings, layout, wolff, seen, .. } = self;
        (0..clusters).for_each(|_| {
            wolff.flip_cluster(&mut self.rng);
        });
        self.bits.set(wolff.spins());
        let row = &mut seen.blocks[self.done / settings.per_block * layout.width..][..layout.width];
        let energy = self.bits.sum(&self.operators[0]) as f64;
        row[layout.energy] += energy;
        seen.series[0].push(energy);
        seen.series[1].push((self.bits.sum(&self.operators[1]) as f64).abs());
        for (levels, sums) in self.by_rule.iter_mut().zip(row.chunks_exact_mut(layout.of_rule)) {
            levels.read(settings, wolff.spins(), &mut self.block_rng);
            add(layout, sums, &levels.values);
        }
        self.done += 1;
        if self.done.is_multiple_of(settings.per_block) {
            row.iter_mut().for_each(|sum| *sum /= settings.per_block as f64);
        }
    }
}

impl Resumable for Chain<'_> {
    fn advance(&mut self) -> bool {
        let kept = self.settings.blocks * self.settings.per_block;
        let Some(clusters) = self.wolff.go_on_burning_in(&self.settings.length, &mut self.rng) else { return true };
        (0..self.steps_per_advance.min(kept - self.done)).for_each(|_| self.step(clusters));
        self.done < kept
    }

    fn done(&self) -> u64 {
        self.done as u64
    }

    fn save(&self) -> Vec<u8> {
        let at = (self.done, &self.rng, &self.block_rng);
        encode(&(at, self.wolff.save(), &self.seen.blocks, &self.seen.series))
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), Unfit> {
        type Saved = ((usize, Generator, Generator), Vec<u8>, Vec<f64>, [Vec<f64>; 2]);
        let ((done, rng, block_rng), wolff, blocks, series): Saved = decode(state)?;
        demand(done <= self.settings.blocks * self.settings.per_block && series.iter().all(|s| s.len() == done))?;
        self.wolff.restore(&wolff)?;
        put(&mut self.seen.blocks, &blocks)?;
        (self.done, self.rng, self.block_rng) = (done, rng, block_rng);
        self.seen.series = series;
        Ok(())
    }
}

/// Adds the operators of a configuration and their products to the sums of its block.
fn add(layout: &Layout, row: &mut [f64], values: &[[Vec<f64>; 2]]) {
    for (level, both) in values.iter().enumerate() {
        for (parity, own) in both.iter().enumerate() {
            let first = layout.mean(level, parity, 0);
            row[first..first + own.len()].iter_mut().zip(own).for_each(|(sum, v)| *sum += v);
        }
    }
    for (step, pair) in values.windows(2).enumerate() {
        for (parity, (before, after)) in pair[0].iter().zip(&pair[1]).enumerate() {
            for (later, other) in [before, after].into_iter().enumerate() {
                for (a, v) in after.iter().enumerate() {
                    let first = layout.products(step, parity, later == 1, a);
                    row[first..first + other.len()].iter_mut().zip(other).for_each(|(sum, w)| *sum += v * w);
                }
            }
        }
    }
}
