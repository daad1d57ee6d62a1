//! Sampling of lattices at one temperature; configurations are measured on the fly and not kept.

use super::classifiers::block_means;
use super::settings::Settings;
use crate::study::prelude::*;
use ndarray::{Array2, s};
use rgflow::lattice::{ChainLength, Ising, Square, wolff};
use rgflow::nn::Mlp;
use rgflow::random::{Generator, Stream};
use rgflow::restart::{Resumable, Unfit, decode, encode};
use rgflow::rg::operators::{Bits, Operator};
use rgflow::statistics::tau_int_chains;

/// Number of configurations that networks read at a time.
const BATCH: usize = 250;

/// Measurements on the configurations of one size and temperature, chain after chain.
#[derive(Clone, Debug)]
pub(super) struct Configurations {
    pub temperature: Temperature,
    /// Total energy in J.
    pub energy: Vec<f64>,
    /// Magnetisation per spin.
    pub m: Vec<f64>,
    /// Output P(ordered) of every network.
    pub p: Vec<Vec<f64>>,
    /// Longest integrated autocorrelation time of E, |m| and all P, in configurations.
    pub tau_int: f64,
}

/// A torus of `size` x `size` spins at a temperature.
#[derive(Clone, Copy)]
pub(super) struct ThermalTorus {
    pub size: usize,
    pub temperature: Temperature,
}

/// Samples spins and applies `networks` to them; `drive` completes the chains.
pub(super) fn read(
    ThermalTorus { size, temperature }: ThermalTorus,
    networks: &[&Mlp],
    settings: &Settings,
    stream: Stream,
    drive: &dyn Fn(&mut dyn Resumable) -> Result<(), Error>,
) -> Result<Configurations, Error> {
    let square = Square::new(size, size)?;
    let (own, n_inputs) = (&settings.finite_size, *settings.classifier.inputs);
    let n = *own.samples;
    let mut reading = Reading {
        size,
        n_inputs,
        networks,
        stream,
        length: ChainLength::in_spacings(*own.chains, *own.burn_in, *own.spacing),
        chain: wolff::Chain::new(&Ising::new(&square), temperature),
        operators: [Operator::new("nn", &[(0, 0), (1, 0)]), Operator::new("m", &[(0, 0)])],
        bits: Bits::new(size, size, 1)?,
        inputs: Array2::zeros((BATCH, n_inputs * n_inputs)),
        per_chain: n / *own.chains,
        running: None,
        done: 0,
        seen: Configurations {
            temperature,
            energy: Vec::with_capacity(n),
            m: Vec::with_capacity(n),
            p: vec![Vec::with_capacity(n); networks.len()],
            tau_int: 0.5,
        },
    };
    drive(&mut reading)?;
    Ok(reading.finish())
}

/// The chains, run one after the other; counted in configurations.
struct Reading<'a> {
    size: usize,
    n_inputs: usize,
    networks: &'a [&'a Mlp],
    stream: Stream<'a>,
    length: ChainLength,
    chain: wolff::Chain<'a, Square>,
    operators: [Operator; 2],
    bits: Bits,
    inputs: Array2<f32>,
    per_chain: usize,
    /// Generator of the running chain.
    running: Option<Generator>,
    done: usize,
    seen: Configurations,
}

impl Reading<'_> {
    fn finish(self) -> Configurations {
        let mut seen = self.seen;
        let abs_m: Vec<f64> = seen.m.iter().map(|m| m.abs()).collect();
        let tau = |series: &Vec<f64>| {
            let chains: Vec<Vec<f64>> = series.chunks(self.per_chain).map(<[f64]>::to_vec).collect();
            tau_int_chains(&chains).tau
        };
        let times = [&seen.energy, &abs_m].into_iter().chain(&seen.p).map(tau);
        seen.tau_int = times.filter(|tau| tau.is_finite()).fold(0.5, f64::max);
        seen
    }
}

impl Resumable for Reading<'_> {
    fn advance(&mut self) -> bool {
        let all = self.per_chain * self.length.chains;
        if self.done >= all {
            return false;
        }
        let Self { size, n_inputs, seen, chain, .. } = self;
        let rng = self.running.get_or_insert_with(|| {
            let number = self.done / self.per_chain;
            let mut rng = self.stream.generator(number as u64);
            chain.start(number % 2 == 1, &mut rng);
            rng
        });
        let Some(clusters) = chain.go_on_burning_in(&self.length, rng) else { return true };
        let rows = BATCH.min(self.per_chain - self.done % self.per_chain);
        for row in 0..rows {
            (0..clusters).for_each(|_| {
                chain.flip_cluster(rng);
            });
            self.bits.set(chain.spins());
            seen.energy.push(-(self.bits.sum(&self.operators[0]) as f64));
            seen.m.push(self.bits.sum(&self.operators[1]) as f64 / (*size * *size) as f64);
            if let Some(x) = self.inputs.row_mut(row).as_slice_mut() {
                block_means(chain.spins(), *size, *n_inputs, x);
            }
        }
        for (mlp, p) in self.networks.iter().zip(&mut seen.p) {
            let outputs = mlp.outputs(self.inputs.slice(s![..rows, ..]));
            p.extend(outputs.column(outputs.ncols() - 1).iter().map(|p| f64::from(*p)));
        }
        self.done += rows;
        if self.done.is_multiple_of(self.per_chain) {
            self.running = None;
        }
        self.done < all
    }

    fn done(&self) -> u64 {
        self.done as u64
    }

    fn save(&self) -> Vec<u8> {
        let Configurations { energy, m, p, .. } = &self.seen;
        encode(&(self.done, &self.running, self.chain.save(), energy, m, p))
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), Unfit> {
        type Saved = (usize, Option<Generator>, Vec<u8>, Vec<f64>, Vec<f64>, Vec<Vec<f64>>);
        let (done, running, chain, energy, m, p): Saved = decode(state)?;
        let series = || [&energy, &m].into_iter().chain(&p);
        if p.len() != self.networks.len() || series().any(|s| s.len() != done) {
            return Err(Unfit);
        }
        self.chain.restore(&chain)?;
        (self.done, self.running) = (done, running);
        (self.seen.energy, self.seen.m, self.seen.p) = (energy, m, p);
        Ok(())
    }
}
