//! Lattices at one temperature, read on the way: configurations themselves are not kept.

use super::classifiers::block_means;
use super::settings::Settings;
use ndarray::{Array2, s};
use rgflow::lattice::{Ising, LatticeError, Square, Temperature, wolff};
use rgflow::nn::Mlp;
use rgflow::random::Streams;
use rgflow::rg::multi_histogram::estimate;
use rgflow::rg::operators::{Bits, Operator};
use rgflow::statistics::tau_int_chains;

/// Configurations that networks read at a time.
const BATCH: usize = 250;

/// What is seen of the configurations of one size and temperature, chain after chain.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub temperature: Temperature,
    /// Total energy in J.
    pub energy: Vec<f64>,
    /// Magnetisation per spin.
    pub m: Vec<f64>,
    /// P(ordered) of every network.
    pub p: Vec<Vec<f64>>,
    /// Longest integrated autocorrelation time of E, |m| and all P, in configurations.
    pub tau_int: f64,
}

/// Samples `size` x `size` spins at `temperature` and reads them by `networks`; `tick` is called with the number of configurations done.
pub(super) fn read(
    size: usize,
    temperature: Temperature,
    networks: &[&Mlp],
    settings: &Settings,
    (streams, purpose): (Streams, &str),
    tick: &(dyn Fn(u64) -> bool + Sync),
) -> Result<Option<Seen>, LatticeError> {
    let square = Square::new(size, size)?;
    let model = Ising::new(&square);
    let operators = [Operator::new("nn", &[(0, 0), (1, 0)]), Operator::new("m", &[(0, 0)])];
    let mut bits = Bits::new(size, size, 1);
    let (settings, n_inputs) = (&settings.finite_size, settings.classifier.inputs);
    let mut inputs = Array2::<f32>::zeros((BATCH, n_inputs * n_inputs));
    let n = settings.samples;
    let mut seen = Seen {
        temperature,
        energy: Vec::with_capacity(n),
        m: Vec::with_capacity(n),
        p: vec![Vec::with_capacity(n); networks.len()],
        tau_int: 0.5,
    };
    let mut chain = wolff::Chain::new(&model, temperature);
    let per_chain = n / settings.chains;
    for c in 0..settings.chains {
        let mut rng = streams.generator(purpose, c as u64);
        chain.start(c % 2 == 1, &mut rng);
        let wolff = wolff::Settings { chains: 1, burn_in: settings.burn_in, spacing: settings.spacing };
        let clusters = chain.burn_in(&wolff, &mut rng);
        for first in (0..per_chain).step_by(BATCH) {
            let rows = BATCH.min(per_chain - first);
            for row in 0..rows {
                (0..clusters).for_each(|_| {
                    chain.flip_cluster(&mut rng);
                });
                bits.set(chain.spins());
                seen.energy.push(-(bits.sum(&operators[0]) as f64));
                seen.m.push(bits.sum(&operators[1]) as f64 / (size * size) as f64);
                if let Some(x) = inputs.row_mut(row).as_slice_mut() {
                    block_means(chain.spins(), size, n_inputs, x);
                }
            }
            for (mlp, p) in networks.iter().zip(&mut seen.p) {
                let outputs = mlp.outputs(inputs.slice(s![..rows, ..]));
                p.extend(outputs.column(outputs.ncols() - 1).iter().map(|p| f64::from(*p)));
            }
            if !tick(rows as u64) {
                return Ok(None);
            }
        }
    }
    let abs_m: Vec<f64> = seen.m.iter().map(|m| m.abs()).collect();
    let tau = |series: &Vec<f64>| {
        let chains: Vec<Vec<f64>> = series.chunks(per_chain).map(<[f64]>::to_vec).collect();
        tau_int_chains(&chains).tau
    };
    let times = [&seen.energy, &abs_m].into_iter().chain(&seen.p).map(tau);
    seen.tau_int = times.filter(|tau| tau.is_finite()).fold(0.5, f64::max);
    Ok(Some(seen))
}

impl Seen {
    /// A function of averages, from all configurations and without each of `blocks` blocks.
    pub fn replicas<const M: usize>(
        &self,
        blocks: usize,
        of: impl Fn(usize) -> [f64; M],
        f: impl Fn([f64; M]) -> f64,
    ) -> Vec<f64> {
        let n = self.energy.len();
        let mut sums = vec![[0.0; M]; blocks];
        let mut counts = vec![0.0; blocks];
        for i in 0..n {
            let b = i * blocks / n;
            counts[b] += 1.0;
            sums[b].iter_mut().zip(of(i)).for_each(|(sum, v)| *sum += v);
        }
        let mut all = [0.0; M];
        sums.iter().for_each(|s| all.iter_mut().zip(s).for_each(|(all, s)| *all += s));
        let whole = f(all.map(|s| s / n as f64));
        let without = |(sum, count): (&[f64; M], &f64)| {
            let mut rest = all;
            rest.iter_mut().zip(sum).for_each(|(rest, s)| *rest = (*rest - s) / (n as f64 - count));
            f(rest)
        };
        std::iter::once(whole).chain(sums.iter().zip(&counts).map(without)).collect()
    }
}

/// Value and error of replicas.
pub(super) fn pair(replicas: &[f64]) -> (f64, f64) {
    let e = estimate(replicas);
    (e.value, e.error)
}

/// Binder's cumulant of <m^2> and <m^4>.
pub(super) fn cumulant(m2: f64, m4: f64) -> f64 {
    1.0 - m4 / (3.0 * m2 * m2)
}
