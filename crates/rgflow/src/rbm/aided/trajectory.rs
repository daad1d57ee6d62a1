//! Trajectory tempering (Béreux, Decelle, Furtlehner and Seoane, arXiv 2405.15376): chains of earlier machines of a
//! training exchange their states with those of the present one.
//!
//! Neighbours i, j in the order of the training exchange visible states with the probability min(1, p_i(v_j) p_j(v_i) /
//! (p_i(v_i) p_j(v_j))), in which the ln Z cancel: ln p_i(v) = -F_i(v) - ln Z_i. The states of the first machine are
//! drawn afresh at each step: it is one of independent units, or, where a machine of few units has grown, that machine,
//! of which exact draws are made. The present machine is kept as the last of the others as soon as exchanges with that
//! one become rare.

use super::TRAINED;
use crate::random::{Bulk, Stream, Streams};
use crate::rbm::{Chains, ExactDraws, IndependentUnits, Kernel, Rbm};
use crate::restart::{Unfit, decode, demand, encode, put};
use ndarray::{Array1, Array2, Axis};
use rayon::prelude::*;

/// Mean probability of an exchange with the last machine kept below which the present one is kept too.
const LEAST: f64 = 1.0 / 3.0;
/// Share of the newest exchanges in the mean of a pair.
const NEW: f64 = 0.1;
/// Most hidden units of a first machine of which exact draws are made.
const MOST_DRAWN: usize = 20;

/// A machine and its chains.
struct Rung {
    kernel: Kernel,
    v: Array2<f32>,
    random: Bulk,
    /// Exact draws, in the place of steps.
    draws: Option<ExactDraws>,
}

impl Rung {
    fn step(&mut self) {
        if let Some(draws) = &self.draws {
            self.v = draws.draw(self.v.nrows(), &mut self.random);
            return;
        }
        let mut chains = Chains::new(&self.kernel, self.v.nrows());
        chains.set_visible(self.v.view()).expect("as many rows and units");
        chains.step(&self.kernel, &mut self.random);
        chains.write_visible(self.v.as_slice_mut().expect("standard layout"));
    }
}

/// The chains of the present machine and of the earlier ones.
pub(in crate::rbm) struct Trajectory {
    /// In the order of the training; the last is the present machine.
    rungs: Vec<Rung>,
    /// Of each pair of neighbours: mean probability of an exchange.
    accepted: Vec<f64>,
    most: usize,
    /// Whether the next exchanges are of the pairs (1, 2), (3, 4) ...
    odd: bool,
    swaps: Bulk,
    /// Random numbers of the steps of each machine: the streams "PURPOSE/replicas" from 0 on.
    streams: Streams,
    purpose: String,
    begun: u64,
}

impl Trajectory {
    /// With the first machine alone beside `rbm`, both drawn from it: the trained hidden units of `rbm` where these are
    /// few, else the reference.
    pub(super) fn new(rbm: &Rbm, reference: &IndependentUnits, [most, chains]: [usize; 2], stream: Stream) -> Self {
        let (mut first, trained) = trained_part(rbm);
        let draws = (1..=MOST_DRAWN).contains(&trained).then(|| exact_draws(&first)).flatten();
        if draws.is_none() {
            first.weights.fill(0.0);
            first.hidden_bias.fill(0.0);
            first.visible_bias.iter_mut().zip(reference.biases()).for_each(|(to, b)| *to = *b);
        }
        let Stream { streams, purpose } = stream;
        let swaps = streams.bulk(&format!("{purpose}/swaps"), 0);
        let purpose = format!("{purpose}/replicas");
        let mut trajectory =
            Self { rungs: vec![], accepted: vec![1.0], most, odd: false, swaps, streams, purpose, begun: 0 };
        let mut rung = Rung {
            kernel: Kernel::new(&first),
            v: Array2::zeros((chains, rbm.n_visible())),
            random: trajectory.next_random(),
            draws,
        };
        rung.step();
        let mut present =
            Rung { kernel: rung.kernel.clone(), v: rung.v.clone(), random: trajectory.next_random(), draws: None };
        match &rung.draws {
            Some(draws) => present.v = draws.draw(chains, &mut present.random),
            None => present.step(),
        }
        trajectory.rungs = vec![rung, present];
        trajectory
    }

    fn next_random(&mut self) -> Bulk {
        self.begun += 1;
        self.streams.bulk(&self.purpose, self.begun - 1)
    }

    /// Most machines.
    pub(super) fn most(&self) -> usize {
        self.most
    }

    /// Visible states of the present machine.
    pub(super) fn visible(&self) -> &Array2<f32> {
        &self.rungs[self.rungs.len() - 1].v
    }

    /// `sweeps` sweeps of exchanges and a Gibbs step of all machines, the present one `rbm`.
    pub(super) fn advance(&mut self, rbm: &Rbm, sweeps: usize) {
        // Parameters that are not finite are seen by the next evaluation.
        if !rbm.is_finite() {
            return;
        }
        if self.accepted.last().is_some_and(|accepted| *accepted < LEAST) {
            self.keep_present();
        }
        let last = self.rungs.len() - 1;
        self.rungs[last].kernel = Kernel::new(rbm);
        for _ in 0..sweeps {
            self.exchange();
            self.rungs.par_iter_mut().for_each(Rung::step);
        }
    }

    /// Keeps the machine of the last update, with its states, as the last of the others.
    fn keep_present(&mut self) {
        if self.rungs.len() == self.most {
            // The inner machine whose neighbours are nearest goes.
            let near = |rung: usize| self.accepted[rung - 1] * self.accepted[rung];
            let Some(least) = (1..self.most - 1).max_by(|a, b| near(*a).total_cmp(&near(*b))) else { return };
            self.rungs.remove(least);
            let after = self.accepted.remove(least);
            self.accepted[least - 1] *= after;
        }
        let random = self.next_random();
        let present = &self.rungs[self.rungs.len() - 1];
        self.rungs.push(Rung { kernel: present.kernel.clone(), v: present.v.clone(), random, draws: None });
        self.accepted.push(1.0);
    }

    fn exchange(&mut self) {
        let first = usize::from(self.odd && self.rungs.len() > 2);
        self.odd = !self.odd;
        let mut words = vec![0; self.visible().nrows()];
        for pair in (first..self.rungs.len() - 1).step_by(2) {
            let (earlier, later) = self.rungs.split_at_mut(pair + 1);
            let (a, b) = (&mut earlier[pair], &mut later[0]);
            let at = |rung: &Rung, v: &Array2<f32>| Array1::from(rung.kernel.rbm().free_energy(v.view()));
            let ln_ratio = at(a, &a.v) + at(b, &b.v) - at(a, &b.v) - at(b, &a.v);
            self.swaps.fill(&mut words);
            let mut sum = 0.0;
            for ((row, ln_ratio), word) in ln_ratio.iter().enumerate().zip(&words) {
                let p = libm::exp(ln_ratio.min(0.0));
                sum += p;
                if (f64::from(*word) + 0.5) / 4_294_967_296.0 < p {
                    a.v.row_mut(row).into_iter().zip(b.v.row_mut(row)).for_each(|(a, b)| std::mem::swap(a, b));
                }
            }
            let mean = sum / words.len() as f64;
            self.accepted[pair] += NEW * (mean - self.accepted[pair]);
        }
    }

    /// All that updates go on from but the present machine.
    pub(super) fn save(&self) -> Vec<u8> {
        let rung = |rung: &Rung| {
            let parameters = rung.kernel.rbm().parameters().map(<[f32]>::to_vec);
            (parameters, rung.v.as_slice().expect("standard layout").to_vec(), rung.random.clone())
        };
        let rungs: Vec<Saved> = self.rungs.iter().map(rung).collect();
        encode(&(rungs, &self.accepted, self.odd, &self.swaps, self.begun))
    }

    /// Goes on from what [`Trajectory::save`] gave, of machines like `rbm`.
    pub(super) fn restore(&mut self, rbm: &Rbm, state: &[u8]) -> Result<(), Unfit> {
        let (rungs, accepted, odd, swaps, begun): (Vec<Saved>, Vec<f64>, bool, Bulk, u64) = decode(state)?;
        demand((2..=self.most).contains(&rungs.len()) && accepted.len() + 1 == rungs.len())?;
        let chains = self.visible().dim();
        let rung = |(parameters, values, random): Saved| {
            let mut v = Array2::zeros(chains);
            put(v.as_slice_mut().expect("standard layout"), &values)?;
            Ok(Rung { kernel: Kernel::new(&rbm.with_parameters(parameters)?), v, random, draws: None })
        };
        self.rungs = rungs.into_iter().map(rung).collect::<Result<_, Unfit>>()?;
        // Steps of independent units are draws already.
        self.rungs[0].draws = exact_draws(self.rungs[0].kernel.rbm());
        (self.accepted, self.odd, self.swaps, self.begun) = (accepted, odd, swaps, begun);
        Ok(())
    }
}

/// The restart of a machine's chains: its parameters, visible states and random numbers.
type Saved = ([Vec<f32>; 3], Vec<f32>, Bulk);

/// `rbm` with the hidden units alone that have a weight above [`TRAINED`], and the number of these; the others have no
/// weights, and no part in its law.
fn trained_part(rbm: &Rbm) -> (Rbm, usize) {
    let (mut part, mut trained) = (rbm.clone(), 0);
    for (mut weights, bias) in part.weights.columns_mut().into_iter().zip(&mut part.hidden_bias) {
        if weights.iter().any(|w| w.abs() > TRAINED) {
            trained += 1;
        } else {
            weights.fill(0.0);
            *bias = 0.0;
        }
    }
    (part, trained)
}

/// Draws from the law of `rbm`, of which hidden units without weights have no part; none if no unit has any, or such
/// draws cannot be made.
fn exact_draws(rbm: &Rbm) -> Option<ExactDraws> {
    let units: Vec<usize> =
        (0..rbm.n_hidden()).filter(|unit| rbm.weights.column(*unit).iter().any(|w| *w != 0.0)).collect();
    if units.is_empty() {
        return None;
    }
    let coupled = Rbm::new(
        rbm.weights.select(Axis(1), &units),
        rbm.visible_bias.clone(),
        rbm.hidden_bias.select(Axis(0), &units),
        rbm.visible_units().clone(),
        rbm.hidden_units().clone(),
    );
    ExactDraws::new(&coupled.ok()?).ok()
}
