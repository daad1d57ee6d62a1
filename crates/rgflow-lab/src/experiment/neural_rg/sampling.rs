//! Lattices at one beta, blocked and read by all observables on the way: configurations themselves are not kept.

use super::networks::Networks;
use super::settings::Lattices;
use crate::artifact::{Error, StageOut};
use ndarray::{Array2, s};
use rayon::prelude::*;
use rgflow::lattice::{Ising, LatticeError, Square, Temperature, wolff};
use rgflow::nn::Mlp;
use rgflow::random::{Generator, Streams};
use rgflow::restart::{Resumable, Unfit, decode, encode};
use rgflow::rg::block_spin::{Blocks, Rule};
use rgflow::rg::neural::{PATTERNS, patches};
use rgflow::rg::operators::{Bits, Operator};
use serde::{Deserialize, Serialize};

/// Configurations that networks read at a time.
const BATCH: usize = 500;

/// What is read of block spins after some steps.
#[derive(Clone, Copy, Debug)]
pub(super) struct Level {
    pub steps: usize,
    /// Networks of this size, those of few samples, those trained on blocked samples, and local read-outs.
    pub f: bool,
    pub few: bool,
    pub blocked: bool,
    pub local: bool,
}

/// A lattice and what is read of it.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub size: usize,
    pub b: usize,
    pub levels: Vec<Level>,
    /// Whether local read-outs are summed over the lattice itself.
    pub local: bool,
}

impl Plan {
    /// The six lattices of the recipe.
    pub fn of(size: usize) -> Self {
        let level = |steps, few, blocked, local| Level { steps, f: true, few, blocked, local };
        let (b, levels, local) = match size {
            16 => (2, vec![level(0, false, false, false)], false),
            32 => (2, vec![level(0, true, false, false), level(1, false, false, true)], true),
            64 => (2, vec![level(1, true, true, false), Level { f: false, ..level(2, false, false, true) }], true),
            128 => (2, vec![level(2, false, false, false)], false),
            _ => (3, vec![level(1, false, false, false)], false),
        };
        Self { size, b, levels, local }
    }
}

/// Block spins as their observables tell them, in the order of the configurations.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct LevelSeen {
    /// Per network.
    pub f: Vec<Vec<f32>>,
    pub blocked: Vec<Vec<f32>>,
    /// The same, by networks of few samples.
    pub few: Vec<Vec<f32>>,
    pub few_blocked: Vec<Vec<f32>>,
    /// Mean of the local read-outs, per training.
    pub odd: Vec<Vec<f32>>,
    pub even: Vec<Vec<f32>>,
    /// Magnetisation.
    pub m: Vec<f32>,
}

/// A lattice as it was read.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Seen {
    /// Sum of s s' over bonds, and of s, of the sampled lattice.
    pub energy: Vec<f64>,
    pub total: Vec<f64>,
    /// Sums of the local read-outs over the sampled lattice.
    pub odd: Vec<Vec<f64>>,
    pub even: Vec<Vec<f64>>,
    pub levels: Vec<LevelSeen>,
}

/// Samples `n` configurations at `beta` (rounded up to whole chains) and reads them: each chain is a part of the stage.
pub(super) fn read(
    plan: &Plan,
    lattices: &Lattices,
    networks: &Networks,
    beta: f64,
    n: usize,
    (streams, purpose): (Streams, &str),
    (out, cost): (&StageOut, u64),
) -> Result<Seen, Error> {
    let per_chain = n.div_ceil(lattices.chains);
    let square = Square::new(plan.size, plan.size)?;
    let temperature = Temperature::new(1.0 / beta)?;
    let model = Ising::new(&square);
    let settings = wolff::Settings { chains: 1, burn_in: lattices.burn_in, spacing: lattices.spacing };
    let one = |c: usize| {
        let stream = |of: &str| streams.generator(&format!("{purpose}/{of}"), c as u64);
        let (mut wolff, mut rng) = (wolff::Chain::new(&model, temperature), stream("chain"));
        wolff.start(c % 2 == 1, &mut rng);
        let mut chain = Chain {
            wolff,
            settings,
            rng,
            block_rng: stream("blocks"),
            done: 0,
            per_chain,
            reader: Reader::new(plan, networks)?,
        };
        out.complete(&format!("{purpose}/{c}"), &mut chain, &|done| done * cost)?;
        Ok(chain.reader.seen)
    };
    let parts: Vec<Seen> = (0..lattices.chains).into_par_iter().map(one).collect::<Result<_, Error>>()?;
    Ok(parts.into_iter().fold(Seen::default(), join))
}

/// A chain on its way; its work is counted in configurations.
struct Chain<'a> {
    wolff: wolff::Chain<'a, Square>,
    settings: wolff::Settings,
    rng: Generator,
    block_rng: Generator,
    done: usize,
    per_chain: usize,
    reader: Reader<'a>,
}

impl Resumable for Chain<'_> {
    fn advance(&mut self) -> bool {
        let Some(clusters) = self.wolff.go_on_burning_in(&self.settings, &mut self.rng) else { return true };
        let size = BATCH.min(self.per_chain - self.done);
        for row in 0..size {
            for _ in 0..clusters {
                self.wolff.flip_cluster(&mut self.rng);
            }
            self.reader.take(row, self.wolff.spins(), &mut self.block_rng);
        }
        self.reader.read_networks(size);
        self.done += size;
        self.done < self.per_chain
    }

    fn done(&self) -> u64 {
        self.done as u64
    }

    fn save(&self) -> Vec<u8> {
        encode(&(self.done, &self.rng, &self.block_rng, self.wolff.save(), &self.reader.seen))
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), Unfit> {
        type Saved = (usize, Generator, Generator, Vec<u8>, Seen);
        let (done, rng, block_rng, wolff, seen): Saved = decode(state)?;
        if done > self.per_chain || seen.energy.len() != done || seen.levels.len() != self.reader.seen.levels.len() {
            return Err(Unfit);
        }
        self.wolff.restore(&wolff)?;
        (self.done, self.rng, self.block_rng) = (done, rng, block_rng);
        self.reader.seen = seen;
        Ok(())
    }
}

fn join(mut all: Seen, part: Seen) -> Seen {
    fn columns<T>(all: &mut Vec<Vec<T>>, part: Vec<Vec<T>>) {
        if all.is_empty() {
            *all = part;
        } else {
            all.iter_mut().zip(part).for_each(|(all, part)| all.extend(part));
        }
    }
    all.energy.extend(part.energy);
    all.total.extend(part.total);
    columns(&mut all.odd, part.odd);
    columns(&mut all.even, part.even);
    if all.levels.is_empty() {
        all.levels = part.levels;
    } else {
        for (all, part) in all.levels.iter_mut().zip(part.levels) {
            columns(&mut all.f, part.f);
            columns(&mut all.blocked, part.blocked);
            columns(&mut all.few, part.few);
            columns(&mut all.few_blocked, part.few_blocked);
            columns(&mut all.odd, part.odd);
            columns(&mut all.even, part.even);
            all.m.extend(part.m);
        }
    }
    all
}

/// One chain's block spins and observables.
struct Reader<'a> {
    plan: &'a Plan,
    networks: &'a Networks,
    blocks: Vec<Blocks>,
    ladder: Vec<Vec<i8>>,
    bits: Bits,
    operators: [Operator; 2],
    counts: Box<[f32; PATTERNS]>,
    /// Inputs of the networks, by level.
    inputs: Vec<Array2<f32>>,
    seen: Seen,
}

impl<'a> Reader<'a> {
    fn new(plan: &'a Plan, networks: &'a Networks) -> Result<Self, LatticeError> {
        let steps = plan.levels.iter().map(|l| l.steps).max().unwrap_or(0);
        let size = |n: usize| plan.size / plan.b.pow(n as u32);
        let blocks = (0..steps).map(|n| Blocks::new(size(n), size(n), plan.b, Rule::Majority));
        let n = networks;
        let on = |l: &Level| if size(l.steps) == 32 { &n.on32 } else { &n.on16 };
        let columns = |wanted: bool, k: usize| vec![Vec::new(); if wanted { k } else { 0 }];
        let level = |l: &Level| LevelSeen {
            f: columns(l.f, on(l).len()),
            blocked: columns(l.blocked, n.on_blocked.len()),
            few: columns(l.few, n.few32.len()),
            few_blocked: columns(l.few && l.blocked, n.few_blocked.len()),
            odd: columns(l.local, n.odd.len()),
            even: columns(l.local, n.even.len()),
            m: Vec::new(),
        };
        let doubles = |k: usize| vec![Vec::new(); if plan.local { k } else { 0 }];
        Ok(Self {
            plan,
            networks,
            blocks: blocks.collect::<Result<_, _>>()?,
            ladder: (0..=steps).map(|n| vec![0; size(n) * size(n)]).collect(),
            bits: Bits::new(plan.size, plan.size, 1),
            operators: [Operator::new("nn", &[(0, 0), (1, 0)]), Operator::new("m", &[(0, 0)])],
            counts: Box::new([0.0; PATTERNS]),
            inputs: plan
                .levels
                .iter()
                .map(|l| Array2::zeros((if l.f || l.blocked { BATCH } else { 0 }, size(l.steps).pow(2))))
                .collect(),
            seen: Seen {
                odd: doubles(n.odd.len()),
                even: doubles(n.even.len()),
                levels: plan.levels.iter().map(level).collect(),
                ..Seen::default()
            },
        })
    }

    /// Blocks a configuration and reads all but the networks.
    fn take(&mut self, row: usize, spins: &[i8], rng: &mut Generator) {
        self.ladder[0].copy_from_slice(spins);
        for (n, blocks) in self.blocks.iter_mut().enumerate() {
            let (before, after) = self.ladder.split_at_mut(n + 1);
            blocks.apply(&before[n], &mut after[0], rng);
        }
        self.bits.set(spins);
        self.seen.energy.push(self.bits.sum(&self.operators[0]) as f64);
        self.seen.total.push(self.bits.sum(&self.operators[1]) as f64);
        let dot = |table: &[f64], counts: &[f32; PATTERNS]| -> f64 {
            table.iter().zip(counts).map(|(phi, n)| phi * f64::from(*n)).sum()
        };
        if self.plan.local {
            patches(spins, self.plan.size, self.plan.size, &mut self.counts);
            for (table, to) in self.networks.odd.iter().zip(&mut self.seen.odd) {
                to.push(dot(table, &self.counts));
            }
            for (table, to) in self.networks.even.iter().zip(&mut self.seen.even) {
                to.push(dot(table, &self.counts));
            }
        }
        for (i, level) in self.plan.levels.iter().enumerate() {
            let spins = &self.ladder[level.steps];
            let size = self.plan.size / self.plan.b.pow(level.steps as u32);
            let seen = &mut self.seen.levels[i];
            let sum: i32 = spins.iter().map(|s| i32::from(*s)).sum();
            seen.m.push(sum as f32 / spins.len() as f32);
            if level.f || level.blocked {
                let mut to = self.inputs[i].row_mut(row);
                to.iter_mut().zip(spins).for_each(|(x, s)| *x = f32::from(*s));
            }
            if level.local {
                patches(spins, size, size, &mut self.counts);
                let scale = 1.0 / spins.len() as f64;
                for (table, to) in self.networks.odd.iter().zip(&mut seen.odd) {
                    to.push((scale * dot(table, &self.counts)) as f32);
                }
                for (table, to) in self.networks.even.iter().zip(&mut seen.even) {
                    to.push((scale * dot(table, &self.counts)) as f32);
                }
            }
        }
    }

    /// Reads the networks of the `n` configurations taken last.
    fn read_networks(&mut self, n: usize) {
        for ((level, x), seen) in self.plan.levels.iter().zip(&self.inputs).zip(&mut self.seen.levels) {
            let of = |mlps: &[Mlp], to: &mut Vec<Vec<f32>>| {
                for (mlp, to) in mlps.iter().zip(to) {
                    let outputs = mlp.outputs(x.slice(s![..n, ..]));
                    to.extend(outputs.column(outputs.ncols() - 1));
                }
            };
            if level.f {
                let mlps = if x.ncols() == 1024 { &self.networks.on32 } else { &self.networks.on16 };
                of(mlps, &mut seen.f);
            }
            if level.few {
                of(&self.networks.few32, &mut seen.few);
                of(&self.networks.few_blocked, &mut seen.few_blocked);
            }
            if level.blocked {
                of(&self.networks.on_blocked, &mut seen.blocked);
            }
        }
    }
}
