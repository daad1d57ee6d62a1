//! Stages "thermometer" and "machines": networks trained on samples; everything derived from them is exact.

use super::optima::{self, Optima};
use super::settings::{ALL, SETS, Settings};
use crate::artifact::{Model, network_file, rbm_file};
use crate::study::couplings::{Effective, effective};
use crate::study::prelude::*;
use crate::study::training::{MachineData, MachineFit, NetworkFit};
use ndarray::{Array1, Array2, ArrayView2, concatenate, s};
use rgflow::exact::{RingStates, chain};
use rgflow::flow::{RingFlow, RingLaw, RingReading, RingSteps, RingThermometer};
use rgflow::lattice::{LatticeError, Ring};
use rgflow::learning::{Adam, Batching, Descent, Regulariser, Rule, Sgd};
use rgflow::nn::{Activation, Data, Mlp, Targets};
use rgflow::random::Streams;
use rgflow::rbm::{ExactFit, ExactTraining, Objective, Rbm, Snapshot, Training};
use rgflow::rg::trace_condition::TraceCondition;
use std::sync::atomic::{AtomicUsize, Ordering};

const REVISION: u32 = 1;
const MACHINES: u32 = 3;
/// The objectives, in the order of [`MachineFindings::objectives`].
pub(super) const OBJECTIVES: [Objective; 3] = [Objective::Kl, Objective::ReverseKl, Objective::JensenShannon];

/// MachineFindings of one repetition.
pub struct Findings {
    pub(super) stage: MachineFindings,
    pub(super) optima: Optima,
    /// Machines of the training sets as Ising models.
    pub(super) effective: Vec<Effective>,
    /// For a set of one temperature above 0: distances of its machine from the Ising model at that temperature.
    pub(super) trace: Vec<Option<TraceCondition>>,
}

/// MachineFindings of the stage "machines".
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct MachineFindings {
    /// Temperature, by position, of the reference curve nearest to each test collection.
    pub nearest: Vec<usize>,
    /// Exact curves P_ref(T) at all temperatures.
    pub reference: Vec<Vec<f64>>,
    /// Readings of the training law itself, by training set.
    pub null: Vec<RingReading>,
    /// Flows by training set, from all temperatures (of the grid, then of the drawn starts).
    pub flows: Vec<ByMode<RingFlow>>,
    /// Laws of the set `all`, by learning rate and snapshot.
    pub along: Vec<Vec<RingLaw>>,
    pub objectives: Vec<RingLaw>,
    /// Laws with L1, then L2, by strength.
    pub penalties: [Vec<RingLaw>; 2],
    /// Hidden units that are left with these.
    pub left: [Vec<usize>; 2],
}

pub(super) fn temperatures(values: &[f64]) -> Result<Vec<Temperature>, LatticeError> {
    values.iter().map(|t| Temperature::new(*t)).collect()
}

/// Configurations of `chain.per_temperature` at each temperature, stacked; streams are named "PURPOSE" and indexed by
/// position.
fn collection(settings: &Settings, at: &[f64], streams: Streams, purpose: &str) -> Result<Array2<f32>, Error> {
    let (spins, n) = (*settings.chain.spins, *settings.chain.per_temperature);
    let draw = |(k, t): (usize, &f64)| -> Result<Array2<f32>, Error> {
        let drawn = chain::sample(spins, Temperature::new(*t)?, n, &mut streams.generator(purpose, k as u64))?;
        Ok(drawn.spins.mapv(f32::from))
    };
    let parts = at.iter().enumerate().map(draw).collect::<Result<Vec<_>, _>>()?;
    Ok(concatenate(ndarray::Axis(0), &parts.iter().map(|p| p.view()).collect::<Vec<_>>())?)
}

/// The trained thermometer.
fn thermometer(repetition: &Repetition, settings: &Settings) -> Result<Artifact, Error> {
    let (file, own) = ("thermometer/model.safetensors", &settings.thermometer);
    let (name, revision, key) = ("thermometer", REVISION, (&settings.chain, own));
    repetition.stage(Stage { name, revision, settings: key, inputs: &[], outputs: &[file] }, |out| {
        let (temperatures, streams) = (settings.temperatures(), out.streams());
        let [x, y] = ["chain/train", "chain/test"].map(|purpose| collection(settings, &temperatures, streams, purpose));
        let (x, y) = (x?, y?);
        let classes: Vec<usize> = (0..x.nrows()).map(|i| i / *settings.chain.per_temperature).collect();
        let sizes = [*settings.chain.spins, *own.hidden, temperatures.len()];
        let mut init = streams.generator("thermometer/init", 0);
        let mlp = Mlp::random(&sizes, Activation::Tanh, Activation::Softmax, &mut init);
        out.add_work(*own.epochs as u64);
        let data = |x| Data { x: ArrayView2::into(x), targets: Targets::Classes(&classes) };
        let fit = NetworkFit {
            purpose: "thermometer",
            part: "training",
            epochs: *own.epochs,
            batching: Batching::Mini { size: *own.batch, repeats: false },
            descent: Descent::new(Rule::Sgd(Sgd), *own.learning_rate as f32),
            patience: 0,
            lower: &[("thermometer.learning_rate", *own.learning_rate)],
            units: 1,
        };
        let mlp = fit.run(out, mlp, data(x.view()), data(y.view()))?.mlp;
        let metadata = serde_json::json!({
            "kind": "thermometer", "seed": out.seed(), "temperatures": temperatures, "lattice": [settings.chain.spins],
            "settings": own,
        });
        out.write(file, network_file::with_layers(Model::new(metadata), &mlp).to_bytes()?)
    })
}

/// The trained thermometer with the states of the ring.
pub(super) fn reader(settings: &Settings, thermometer: &Artifact) -> Result<RingThermometer, Error> {
    let mlp = network_file::layers(&Model::load(thermometer.path("thermometer/model.safetensors"))?)?;
    let temperatures = temperatures(&settings.temperatures())?;
    Ok(RingThermometer::new(RingStates::new(*settings.chain.spins)?, &temperatures, mlp)?)
}

/// Units of progress of a machine by contrastive divergence, and by exact gradients; one reading of a flow is one unit.
const UNITS: u64 = 3;
const EXACT_UNITS: u64 = 8;

/// Makes or keeps all stages and returns the findings.
pub(super) fn found(repetition: &Repetition, settings: &Settings) -> Result<Findings, Error> {
    let thermometer = thermometer(repetition, settings)?;
    let (file, name, revision) = ("machines/findings.json", "machines", MACHINES);
    let what = Stage { name, revision, settings, inputs: &[&thermometer], outputs: &["machines/"] };
    let artifact = repetition.stage(what, |out| {
        let temperatures = temperatures(&settings.temperatures())?;
        let ring = reader(settings, &thermometer)?;
        out.write_json(
            file,
            &Machines { out, settings, temperatures, ring, trainings: AtomicUsize::new(0) }.findings()?,
        )
    })?;
    let optima = optima::found(repetition, settings, &thermometer)?;
    let mut found = Findings { stage: artifact.json(file)?, optima, effective: Vec::new(), trace: Vec::new() };
    let spins = *settings.chain.spins;
    let ring = Ring::new(spins)?;
    for (set, name) in SETS.iter().enumerate() {
        let rbm = rbm_file::rbm(&Model::load(artifact.path(&format!("machines/{name}.safetensors")))?)?;
        let purpose = format!("couplings/{name}");
        found.effective.push(effective(&rbm, &[spins], repetition.streams(), &purpose)?);
        found.trace.push(match settings.trained_on(set)[..] {
            [t] if t > 0.0 => Some(TraceCondition::of(&rbm, &ring, Temperature::new(t)?)?),
            _ => None,
        });
    }
    Ok(found)
}

/// Thermometer and samples used to train and read the machines.
struct Machines<'a> {
    out: &'a StageOut<'a>,
    settings: &'a Settings,
    temperatures: Vec<Temperature>,
    ring: RingThermometer,
    /// Number of trainings so far: each is a part of the stage under its number.
    trainings: AtomicUsize,
}

impl Machines<'_> {
    fn findings(&self) -> Result<MachineFindings, Error> {
        let Self { settings, ring, .. } = self;
        let (rates, strengths, epochs) = (settings.rates(), &settings.penalties.strengths, *settings.rbm.epochs);
        let readings = 2 * SETS.len() * (*settings.flow.doublings + 1);
        let machines = SETS.len() + rates.len() + 2 * strengths.len();
        self.out.add_work(readings as u64 + UNITS * machines as u64 + EXACT_UNITS * OBJECTIVES.len() as u64);
        let (plain, rate) = (Regulariser::default(), *settings.rbm.learning_rate);
        let mixture = ring.states().mixture(&self.temperatures).to_vec();
        let starts: Vec<f64> = settings.flow.starts.iter().map(|t| **t).collect();
        let starts = [&self.temperatures[..], &temperatures(&starts)?].concat();
        let starts: Vec<Array1<f64>> = starts.iter().map(|t| ring.states().thermal(*t)).collect();
        let (mut null, mut flows) = (Vec::new(), Vec::new());
        for (set, name) in SETS.iter().enumerate() {
            null.push(ring.read(&ring.states().mixture(&temperatures(&settings.trained_on(set))?)));
            let trained = self.trained(set, rate, plain, &[epochs])?;
            let rbm = &trained.first().ok_or_else(|| Error::failure("no snapshot was made"))?.rbm;
            let metadata = serde_json::json!({ "name": name, "seed": self.out.seed(), "settings": settings.rbm });
            self.out.write(&format!("machines/{name}.safetensors"), rbm_file::model(rbm, metadata).to_bytes()?)?;
            let doublings = *settings.flow.doublings;
            let flow = |mode| ring.flow(rbm, RingSteps { mode, doublings }, &starts, || self.out.tick(1));
            flows.push(ByMode::make(flow)?);
            self.out.tick(UNITS)?;
        }
        let epochs_seen = values::plain(&settings.rbm.snapshots);
        let along = |rate: &f64| -> Result<Vec<RingLaw>, Error> {
            let snapshots = self.trained(ALL, *rate, plain, &epochs_seen)?;
            self.out.tick(UNITS)?;
            snapshots.iter().map(|s| Ok(ring.law(&s.rbm, &mixture)?)).collect()
        };
        let along = rates.iter().map(along).collect::<Result<_, _>>()?;
        let penalised = |of: fn(f32) -> Regulariser| -> Result<(Vec<RingLaw>, Vec<usize>), Error> {
            let of = |s: &Positive| {
                let rbm = self.trained(ALL, rate, of(**s as f32), &[epochs])?.remove(0).rbm;
                self.out.tick(UNITS)?;
                Ok((ring.law(&rbm, &mixture)?, optima::units_left(&rbm)))
            };
            Ok(strengths.iter().map(of).collect::<Result<Vec<_>, Error>>()?.into_iter().unzip())
        };
        let (l1, left1) = penalised(|lambda_w| Regulariser { lambda_w, ..Regulariser::default() })?;
        let (l2, left2) = penalised(|mu_w| Regulariser { mu_w, ..Regulariser::default() })?;
        let objectives = OBJECTIVES.iter().map(|o| self.exactly(*o, &mixture)).collect::<Result<_, _>>()?;
        let reference = self.temperatures.iter().map(|t| ring.read(&ring.states().thermal(*t)).curve).collect();
        let nearest = self.recognised()?;
        Ok(MachineFindings {
            nearest,
            reference,
            null,
            flows,
            along,
            objectives,
            penalties: [l1, l2],
            left: [left1, left2],
        })
    }

    /// Temperature, by position, of the curve nearest to each test collection.
    fn recognised(&self) -> Result<Vec<usize>, Error> {
        let (n, all) = (*self.settings.chain.per_temperature, self.temperatures.len());
        let drawn = collection(self.settings, &self.settings.temperatures(), self.out.streams(), "chain/result")?;
        let nearest = |k: usize| {
            let law = self.ring.states().frequencies(drawn.slice(s![k * n..(k + 1) * n, ..]));
            self.ring.nearest(&self.ring.read(&law).curve, &self.temperatures)
        };
        Ok((0..all).map(nearest).collect())
    }

    fn next_part(&self) -> String {
        format!("training/{}", self.trainings.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn start(&self) -> Rbm {
        let (spins, rbm) = (*self.settings.chain.spins, &self.settings.rbm);
        Rbm::random(spins, *rbm.hidden, *rbm.weight_scale as f32, &mut self.out.streams().generator("rbm/init", 0))
    }

    /// Contrastive divergence on a training set; returns the machine after each of `epochs`.
    fn trained(
        &self,
        set: usize,
        rate: f64,
        regulariser: Regulariser,
        epochs: &[usize],
    ) -> Result<Vec<Snapshot>, Error> {
        let (name, rbm) = (SETS[set], &self.settings.rbm);
        // For `all`, the configurations that the thermometer was trained on.
        let purpose = if set == ALL { "chain/train".into() } else { format!("chain/train-{name}") };
        let data = collection(self.settings, &self.settings.trained_on(set), self.out.streams(), &purpose)?;
        let one = self.settings.updates_per_epoch();
        let lower = match rate == *rbm.learning_rate {
            true if regulariser != Regulariser::default() => "penalties.strengths or rbm.learning_rate",
            true => "rbm.learning_rate",
            false => "rbm.other_rates",
        };
        let training = Training {
            updates: epochs.iter().max().unwrap_or(&1) * one,
            batching: Batching::Mini { size: *rbm.batch, repeats: false },
            descent: Descent { regulariser, ..Descent::new(Rule::Sgd(Sgd), rate as f32) },
            cd_steps: *rbm.cd_steps,
            method: rbm.method,
            evaluate_every: one,
            snapshots: epochs.iter().map(|e| e * one).collect(),
            ..Training::default()
        };
        let (purpose, part, lower) = (&format!("rbm/{name}"), &self.next_part(), &[(lower, rate)]);
        let fit = MachineFit { purpose, part, training, likelihood_every: 0, lower, units: 0 };
        let test = data.slice(s![..*rbm.batch, ..]);
        Ok(fit.run(self.out, self.start(), &MachineData::new(data.view(), test))?.snapshots)
    }

    /// Law of a machine trained by exact gradients towards the `mixture`.
    fn exactly(&self, objective: Objective, mixture: &[f64]) -> Result<RingLaw, Error> {
        let settings = &self.settings.objectives;
        let descent = Descent::new(Rule::Adam(Adam::default()), *settings.learning_rate as f32);
        let training = ExactTraining { objective, updates: *settings.updates, descent, record_every: 100 };
        let mut fit = ExactFit::new(self.start(), mixture, &training)?;
        self.out.complete(&self.next_part(), &mut fit, &|_| 0)?;
        let (rbm, _) = fit.finish()?;
        self.out.tick(EXACT_UNITS)?;
        Ok(self.ring.law(&rbm, mixture)?)
    }
}
