//! Chains by Wolff's clusters whose configurations are blocked and read by observables on the way, and not kept: what
//! B.9 and B.11 of the thesis need of one lattice.

use ndarray::{Array2, s};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{PATTERNS, Series, patches, sum_of_patches};
use crate::lattice::{ChainLength, Ising, Square, Temperature, wolff};
use crate::nn::Mlp;
use crate::random::{Generator, Stream};
use crate::restart::{Drive, Resumable, Unfit, decode, demand, encode};
use crate::rg::RgError;
use crate::rg::block_spin::{Ladder, Rule};
use crate::rg::operators::{Bits, Operator};

/// Configurations that networks read at a time.
const BATCH: usize = 500;

/// A reader of block spins.
#[derive(Clone, Copy, Debug)]
pub enum Observable<'a> {
    /// The last output of a network that reads them as numbers +-1.
    Network(&'a Mlp),
    /// The mean over their lattice of a local read-out: its numbers for the [`PATTERNS`].
    Local(&'a [f64]),
}

/// Block spins, and what reads them.
#[derive(Clone, Debug)]
pub struct Level<'a> {
    /// Block-spin steps from the sampled lattice, which is the level of no steps.
    pub steps: usize,
    /// Readers.
    pub observables: Vec<Observable<'a>>,
}

/// A lattice, and what is read of it.
#[derive(Clone, Debug)]
pub struct Plan<'a> {
    /// Spins along each side of the periodic square that is sampled.
    pub size: usize,
    /// Its temperature.
    pub temperature: Temperature,
    /// Spins along each side of a block; the majority decides.
    pub b: usize,
    /// Block spins that are read.
    pub levels: Vec<Level<'a>>,
    /// Local read-outs that are summed over the sampled lattice itself.
    pub local: Vec<&'a [f64]>,
    /// Independent chains by Wolff's clusters, half of them from a disordered start.
    pub length: ChainLength,
    /// Configurations of each.
    pub per_chain: usize,
}

/// The readings: one number of each configuration, chain after chain.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Readings {
    /// Sum of s_i s_j over the bonds of the sampled lattice.
    pub energy: Vec<f64>,
    /// Sum of its spins.
    pub total: Vec<f64>,
    /// Sums over it of the local read-outs, by read-out.
    pub local: Vec<Vec<f64>>,
    /// By level.
    pub levels: Vec<LevelReadings>,
}

/// The readings of block spins.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LevelReadings {
    /// By observable, then configuration.
    pub f: Vec<Vec<f32>>,
    /// Their mean, by configuration.
    pub m: Vec<f32>,
}

impl Readings {
    /// An observable of its configurations.
    pub fn series<'a>(&'a self, f: &'a [f32]) -> Series<'a> {
        Series { f, energy: &self.energy }
    }

    fn and(mut self, other: Self) -> Self {
        fn extend<T>(all: &mut [Vec<T>], part: Vec<Vec<T>>) {
            all.iter_mut().zip(part).for_each(|(all, part)| all.extend(part));
        }
        self.energy.extend(other.energy);
        self.total.extend(other.total);
        extend(&mut self.local, other.local);
        for (all, part) in self.levels.iter_mut().zip(other.levels) {
            extend(&mut all.f, part.f);
            all.m.extend(part.m);
        }
        self
    }

    /// Whether there are `n` numbers of everything.
    fn are(&self, n: usize) -> bool {
        let of_levels = self.levels.iter().flat_map(|level| level.f.iter().chain([&level.m]));
        let numbers = self.local.iter().chain([&self.energy, &self.total]).map(Vec::len);
        numbers.chain(of_levels.map(Vec::len)).all(|found| found == n)
    }
}

impl Plan<'_> {
    /// Samples and reads, chain by chain: `drive` is given the number of each, from several threads, and brings it to
    /// its end. The work of a chain is counted in configurations; its random streams are those of `purpose`.
    ///
    /// # Errors
    /// [`RgError::Block`] if `b` does not divide a lattice, [`RgError::ZeroTemperature`] at T = 0, those of
    /// [`ChainLength::check`], [`LatticeError::Extent`](crate::lattice::LatticeError::Extent) for no such lattice;
    /// [`RgError::Stopped`] where `drive` stops.
    ///
    /// # Panics
    /// If a network reads another number of spins, or a local read-out a lattice below 3 x 3 spins.
    ///
    /// ```
    /// use rgflow::lattice::{ChainLength, Temperature};
    /// use rgflow::random::Streams;
    /// use rgflow::restart::through;
    /// use rgflow::rg::neural::{Level, Observable, PATTERNS, Plan};
    /// let up = vec![1.0; PATTERNS]; // a read-out that counts sites
    /// let plan = Plan {
    ///     size: 16,
    ///     temperature: Temperature::CRITICAL,
    ///     b: 2,
    ///     levels: vec![Level { steps: 1, observables: vec![Observable::Local(&up)] }],
    ///     local: vec![&up],
    ///     length: ChainLength { chains: 2, ..ChainLength::CLUSTERS },
    ///     per_chain: 5,
    /// };
    /// let seen = plan.read(Streams::new(1).of("example"), &through)?;
    /// assert_eq!((seen.local[0][3], seen.levels[0].f[0][3], seen.energy.len()), (256.0, 1.0, 10));
    /// # Ok::<(), rgflow::rg::RgError>(())
    /// ```
    pub fn read(&self, stream: Stream, drive: &Drive) -> Result<Readings, RgError> {
        self.length.check()?;
        let square = Square::new(self.size, self.size)?;
        if self.temperature == Temperature::ZERO {
            return Err(RgError::ZeroTemperature);
        }
        let model = Ising::new(&square);
        let one = |c: usize| {
            let mut chain = Chain::new(self, &model, c, stream)?;
            drive(c, &mut chain)?;
            Ok(chain.seen)
        };
        let chains = (0..self.length.chains).into_par_iter().map(one).collect::<Result<Vec<Readings>, RgError>>()?;
        Ok(chains.into_iter().reduce(Readings::and).unwrap_or_default())
    }
}

/// A chain on its way.
struct Chain<'a> {
    plan: &'a Plan<'a>,
    wolff: wolff::Chain<'a, Square>,
    rng: Generator,
    block_rng: Generator,
    ladder: Ladder,
    bits: Bits,
    operators: [Operator; 2],
    counts: Box<[f32; PATTERNS]>,
    /// Inputs of the networks, by level.
    inputs: Vec<Array2<f32>>,
    seen: Readings,
}

impl<'a> Chain<'a> {
    fn new(plan: &'a Plan<'a>, model: &Ising<'a, Square>, number: usize, stream: Stream) -> Result<Self, RgError> {
        let Stream { streams, purpose } = stream;
        let stream = |of: &str| streams.generator(&format!("{purpose}/{of}"), number as u64);
        let (mut wolff, mut rng) = (wolff::Chain::new(model, plan.temperature), stream("chain"));
        wolff.start(number % 2 == 1, &mut rng);
        let steps = plan.levels.iter().map(|level| level.steps).max().unwrap_or(0);
        let ladder = Ladder::new(plan.size, plan.b, Rule::Majority, steps)?;
        let level = |level: &Level| LevelReadings { f: vec![Vec::new(); level.observables.len()], m: Vec::new() };
        let inputs = plan.levels.iter().map(|level| Array2::zeros((BATCH, ladder.levels()[level.steps].len())));
        Ok(Self {
            plan,
            wolff,
            rng,
            block_rng: stream("blocks"),
            bits: Bits::new(plan.size, plan.size, 1)?,
            operators: [Operator::new("nn", &[(0, 0), (1, 0)]), Operator::new("m", &[(0, 0)])],
            counts: Box::new([0.0; PATTERNS]),
            inputs: inputs.collect(),
            seen: Readings {
                local: vec![Vec::new(); plan.local.len()],
                levels: plan.levels.iter().map(level).collect(),
                ..Readings::default()
            },
            ladder,
        })
    }

    /// Blocks the configuration and reads all but the networks, whose inputs become the row `row`.
    fn take(&mut self, row: usize) {
        let (plan, seen) = (self.plan, &mut self.seen);
        self.ladder.climb(self.wolff.spins(), &mut self.block_rng);
        self.bits.set(self.wolff.spins());
        seen.energy.push(self.bits.sum(&self.operators[0]) as f64);
        seen.total.push(self.bits.sum(&self.operators[1]) as f64);
        if !plan.local.is_empty() {
            patches(self.wolff.spins(), plan.size, plan.size, &mut self.counts);
        }
        for (table, to) in plan.local.iter().zip(&mut seen.local) {
            to.push(sum_of_patches(table, &self.counts));
        }
        for ((Level { steps, observables }, seen), inputs) in
            plan.levels.iter().zip(&mut seen.levels).zip(&mut self.inputs)
        {
            let (spins, extent) = (&self.ladder.levels()[*steps], plan.size / plan.b.pow(*steps as u32));
            let sum: i32 = spins.iter().map(|s| i32::from(*s)).sum();
            seen.m.push(sum as f32 / spins.len() as f32);
            inputs.row_mut(row).iter_mut().zip(spins).for_each(|(x, s)| *x = f32::from(*s));
            if observables.iter().any(|observable| matches!(observable, Observable::Local(_))) {
                patches(spins, extent, extent, &mut self.counts);
            }
            let scale = 1.0 / spins.len() as f64;
            for (observable, f) in observables.iter().zip(&mut seen.f) {
                if let Observable::Local(table) = observable {
                    f.push((scale * sum_of_patches(table, &self.counts)) as f32);
                }
            }
        }
    }

    /// Reads the networks of the `n` configurations taken last.
    fn read_networks(&mut self, n: usize) {
        for ((level, x), seen) in self.plan.levels.iter().zip(&self.inputs).zip(&mut self.seen.levels) {
            for (observable, f) in level.observables.iter().zip(&mut seen.f) {
                if let Observable::Network(mlp) = observable {
                    let outputs = mlp.outputs(x.slice(s![..n, ..]));
                    f.extend(outputs.column(outputs.ncols() - 1));
                }
            }
        }
    }
}

impl Resumable for Chain<'_> {
    fn advance(&mut self) -> bool {
        let Some(clusters) = self.wolff.go_on_burning_in(&self.plan.length, &mut self.rng) else { return true };
        let n = BATCH.min(self.plan.per_chain - self.seen.energy.len());
        for row in 0..n {
            for _ in 0..clusters {
                self.wolff.flip_cluster(&mut self.rng);
            }
            self.take(row);
        }
        self.read_networks(n);
        self.seen.energy.len() < self.plan.per_chain
    }

    fn done(&self) -> u64 {
        self.seen.energy.len() as u64
    }

    fn save(&self) -> Vec<u8> {
        encode(&(&self.rng, &self.block_rng, self.wolff.save(), &self.seen))
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), Unfit> {
        let (rng, block_rng, wolff, seen): (Generator, Generator, Vec<u8>, Readings) = decode(state)?;
        let n = seen.energy.len();
        demand(n <= self.plan.per_chain && seen.are(n) && seen.local.len() == self.seen.local.len())?;
        demand(seen.levels.len() == self.seen.levels.len())?;
        let mut levels = seen.levels.iter().zip(&self.seen.levels);
        demand(levels.all(|(found, expected)| found.f.len() == expected.f.len()))?;
        self.wolff.restore(&wolff)?;
        (self.rng, self.block_rng, self.seen) = (rng, block_rng, seen);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::Activation;
    use crate::random::Streams;
    use crate::restart::{Stopped, through};

    fn plan<'a>(mlp: &'a Mlp, table: &'a [f64]) -> Plan<'a> {
        let observables = vec![Observable::Local(table), Observable::Network(mlp)];
        Plan {
            size: 12,
            temperature: Temperature::CRITICAL,
            b: 2,
            levels: vec![
                Level { steps: 0, observables: vec![Observable::Local(table)] },
                Level { steps: 1, observables },
            ],
            local: vec![table],
            length: ChainLength { chains: 2, burn_in: 5.0, spacing: 1.0 },
            per_chain: 1100,
        }
    }

    fn mlp() -> Mlp {
        let mut rng = Streams::new(2).generator("test/reading", 0);
        Mlp::random(&[36, 1], Activation::Relu, Activation::Sigmoid, &mut rng)
    }

    /// By its centre spin, a patch of up tells the magnetisation.
    fn centre() -> Vec<f64> {
        (0..PATTERNS).map(|pattern| if pattern >> 4 & 1 == 1 { 1.0 } else { -1.0 }).collect()
    }

    #[test]
    fn observables_tell_what_they_are_made_to_tell() {
        let (mlp, table) = (mlp(), centre());
        let seen = plan(&mlp, &table).read(Streams::new(1).of("test"), &through).unwrap();
        assert!(seen.are(2200));
        assert_eq!(seen.local[0], seen.total);
        for level in &seen.levels {
            assert_eq!(level.f[0], level.m);
        }
        assert!(seen.levels[1].f[1].iter().all(|p| (0.0..=1.0).contains(p)) && seen.levels[1].f[1] != seen.levels[1].m);
        // Chains are different, and blocks have the sign of their sites on average.
        assert!(seen.energy[..1100] != seen.energy[1100..]);
        let products = seen.total.iter().zip(&seen.levels[1].m).map(|(total, m)| total * f64::from(*m));
        assert!(products.sum::<f64>() > 0.0);
    }

    /// Left after any number of advances and taken up by another, a chain ends with the same bytes.
    #[test]
    fn chains_left_anywhere_end_with_the_same_bytes() {
        let (mlp, table) = (mlp(), centre());
        let plan = plan(&mlp, &table);
        let square = Square::new(12, 12).unwrap();
        let model = Ising::new(&square);
        let chain = || Chain::new(&plan, &model, 1, Streams::new(1).of("test")).unwrap();
        let mut whole = chain();
        while whole.advance() {}
        for leave in 0..8 {
            let (mut first, mut second) = (chain(), chain());
            (0..leave).for_each(|_| {
                first.advance();
            });
            second.restore(&first.save()).unwrap();
            while second.advance() {}
            assert!(second.save() == whole.save(), "left after {leave} advances");
        }
        // A state of a plan with other observables is refused.
        let other = Plan { local: vec![], ..plan.clone() };
        let mut other = Chain::new(&other, &model, 1, Streams::new(1).of("test")).unwrap();
        assert_eq!(other.restore(&whole.save()), Err(Unfit));
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        let (mlp, table) = (mlp(), centre());
        let read = |change: &dyn Fn(&mut Plan)| {
            let mut plan = plan(&mlp, &table);
            change(&mut plan);
            plan.read(Streams::new(1).of("test"), &through)
        };
        assert_eq!(
            read(&|plan| plan.length.chains = 0),
            Err(crate::lattice::LatticeError::ZeroSetting("chains").into())
        );
        assert_eq!(read(&|plan| plan.temperature = Temperature::ZERO), Err(RgError::ZeroTemperature));
        assert!(matches!(read(&|plan| plan.b = 5), Err(RgError::Block { b: 5, .. })));
        let stopped = plan(&mlp, &table).read(Streams::new(1).of("test"), &|_, _| Err(Stopped));
        assert_eq!(stopped, Err(RgError::Stopped(Stopped)));
    }
}
