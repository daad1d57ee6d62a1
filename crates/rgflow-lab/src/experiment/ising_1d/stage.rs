//! Stages "thermometer" and "machines": networks trained on samples, all that follows from them exact.

use super::laws::{self, Distances, Reading, Ring, distances, mixture, thermal};
use super::settings::Settings;
use crate::artifact::{Artifact, Error, Model, Repetition, Stage, StageOut, machine, network};
use crate::study::couplings::{Effective, effective};
use crate::study::training::{MachineFit, NetworkFit};
use ndarray::{Array1, Array2, ArrayView2, Axis, concatenate, s};
use rgflow::exact::chain;
use rgflow::flow::Mode;
use rgflow::lattice::{self, Temperature};
use rgflow::learning::{Adam, Batching, Descent, Regulariser, Rule, Sgd};
use rgflow::nn::{Activation, Data, Mlp, Targets};
use rgflow::random::Streams;
use rgflow::rbm::{ExactFit, ExactTraining, Objective, Rbm, Snapshot, TraceCondition, Training};
use serde::{Deserialize, Serialize};
use std::cell::Cell;

const REVISION: u32 = 1;
/// Two ends of the mean-field flow are one if no expectation value differs by more.
const SAME_END: f32 = 1e-2;
/// The objectives, in the order of [`Findings::objectives`].
pub(super) const OBJECTIVES: [Objective; 3] = [Objective::Kl, Objective::ReverseKl, Objective::JensenShannon];

/// The training sets: names and temperatures, `all` first.
pub(super) fn sets(settings: &Settings) -> Vec<(&'static str, Vec<f64>)> {
    let temperatures = settings.temperatures();
    let last = temperatures[temperatures.len() - 1];
    vec![("all", temperatures), ("cold", vec![0.0]), ("warm", vec![last]), ("hot", vec![settings.rbm.hot])]
}

/// Everything that one repetition found.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Findings {
    /// Fraction of the test collections whose nearest reference curve is their own.
    pub told_apart: f64,
    /// Exact curves P_ref(T) at all temperatures.
    pub reference: Vec<Vec<f64>>,
    /// What the training law itself reads, by training set.
    pub null: Vec<Reading>,
    /// By training set: the flows after 0, 1, 2, 4 ... steps, Gibbs and mean field.
    pub flows: Vec<[FlowFound; 2]>,
    /// Of the set `all`, by learning rate: the law along the training.
    pub along: Vec<Vec<LawFound>>,
    /// By objective.
    pub objectives: Vec<LawFound>,
    /// L1 then L2: by strength.
    pub penalties: [Vec<LawFound>; 2],
    /// The machines of the training sets as Ising models; from their files, not kept in that of the findings.
    #[serde(skip)]
    pub effective: Vec<Effective>,
    /// Of a set of one temperature above 0: distances of its machine from the Ising model at that temperature.
    #[serde(skip)]
    pub trace: Vec<Option<TraceCondition>>,
}

/// A flow from all temperatures (of the grid, then of the drawn starts).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct FlowFound {
    /// By start: after 0, 1, 2, 4 ... steps.
    pub starts: Vec<Vec<Reading>>,
    /// Distinct ends of the mean-field map over all states; 1 in the Gibbs flow, whose law is unique.
    pub ends: usize,
}

/// The stationary law of a machine.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct LawFound {
    pub reading: Reading,
    /// Temperature of the nearest thermal law, and the least distances from thermal laws.
    pub thermal: (f64, Distances),
    /// Distances from the mixture.
    pub mixture: Distances,
    /// Relaxation time of the Gibbs kernel, steps v -> h -> v.
    pub relaxation: Option<f64>,
    /// Probability by number of unlike neighbours 0, 2, 4 ...
    pub walls: Vec<f64>,
}

/// `n` independent configurations at each temperature, stacked; the stream is "PURPOSE" by position.
fn collection(
    spins: usize,
    temperatures: &[f64],
    n: usize,
    streams: Streams,
    purpose: &str,
) -> Result<Array2<f32>, Error> {
    let draw = |(k, t): (usize, &f64)| -> Result<Array2<f32>, Error> {
        let temperature = Temperature::new(*t)?;
        let drawn = chain::sample(spins, temperature, n, &mut streams.generator(purpose, k as u64))?;
        Ok(drawn.spins.mapv(f32::from))
    };
    let parts = temperatures.iter().enumerate().map(draw).collect::<Result<Vec<_>, _>>()?;
    Ok(concatenate(Axis(0), &parts.iter().map(|p| p.view()).collect::<Vec<_>>())?)
}

/// The trained thermometer.
fn thermometer(repetition: &Repetition, settings: &Settings) -> Result<Artifact, Error> {
    let file = "thermometer/model.safetensors";
    let what = Stage {
        name: "thermometer",
        revision: REVISION,
        settings: (&settings.chain, &settings.thermometer),
        inputs: &[],
        outputs: &[file],
    };
    repetition.stage(what, |out| {
        let (temperatures, n) = (settings.temperatures(), settings.chain.per_temperature);
        let streams = out.streams();
        let set = |purpose: &str| collection(settings.chain.spins, &temperatures, n, streams, purpose);
        let (x, y) = (set("chain/train")?, set("chain/test")?);
        let classes: Vec<usize> = (0..x.nrows()).map(|i| i / n).collect();
        let sizes = [settings.chain.spins, settings.thermometer.hidden, temperatures.len()];
        let mut init = streams.generator("thermometer/init", 0);
        let mlp = Mlp::random(&sizes, Activation::Tanh, Activation::Softmax, &mut init);
        let own = &settings.thermometer;
        out.add_work("thermometer", own.epochs as u64);
        let targets = Targets::Classes(&classes);
        let (data, test) = (Data { x: x.view().into(), targets }, Data { x: y.view().into(), targets });
        let fit = NetworkFit {
            purpose: "thermometer",
            part: "training",
            epochs: own.epochs,
            batching: Batching::Mini { size: own.batch, repeats: false },
            descent: Descent::new(Rule::Sgd(Sgd), own.learning_rate as f32),
            patience: 0,
            lower: &[("thermometer.learning_rate", own.learning_rate)],
            units: 1,
        };
        let mlp = fit.run(out, mlp, data, test)?.mlp;
        let metadata = serde_json::json!({
            "kind": "thermometer", "seed": out.seed(), "temperatures": temperatures, "lattice": [settings.chain.spins],
            "settings": settings.thermometer,
        });
        out.write(file, network::with_layers(Model::new(metadata), &mlp).to_bytes()?)
    })
}

/// Makes or keeps all stages and returns what was found.
pub(super) fn findings(repetition: &Repetition, settings: &Settings) -> Result<Findings, Error> {
    let thermometer = thermometer(repetition, settings)?;
    let file = "machines/findings.json";
    let what =
        Stage { name: "machines", revision: REVISION, settings, inputs: &[&thermometer], outputs: &["machines/"] };
    let artifact = repetition.stage(what, |out| {
        let mlp = network::layers(&Model::load(thermometer.path("thermometer/model.safetensors"))?)?;
        let found = Bench::new(out, settings, mlp).findings()?;
        out.write_json(file, &found)
    })?;
    let mut found: Findings = artifact.json(file)?;
    let spins = settings.chain.spins;
    let ring = lattice::Ring::new(spins)?;
    for (name, temperatures) in sets(settings) {
        let rbm = machine::rbm(&Model::load(artifact.path(&format!("machines/{name}.safetensors")))?)?;
        let purpose = format!("couplings/{name}");
        found.effective.push(effective(&rbm, &[spins], repetition.streams(), &purpose)?);
        found.trace.push(match temperatures[..] {
            [t] if t > 0.0 => {
                let temperature = Temperature::new(t)?;
                Some(rbm.trace_condition(&ring, temperature)?)
            }
            _ => None,
        });
    }
    Ok(found)
}

/// What the machines are trained and read with.
struct Bench<'a> {
    out: &'a StageOut<'a>,
    settings: &'a Settings,
    streams: Streams,
    temperatures: Vec<f64>,
    mixture: Array1<f64>,
    ring: Ring,
    parts: Cell<usize>,
}

impl<'a> Bench<'a> {
    fn new(out: &'a StageOut<'a>, settings: &'a Settings, mlp: Mlp) -> Self {
        let (temperatures, spins) = (settings.temperatures(), settings.chain.spins);
        let ring = Ring::new(spins, &temperatures, mlp);
        let mixture = mixture(spins, &temperatures);
        Self { out, settings, streams: out.streams(), temperatures, mixture, ring, parts: Cell::new(0) }
    }

    fn findings(&self) -> Result<Findings, Error> {
        let Self { settings, .. } = self;
        let (rates, strengths) = (settings.rates(), &settings.penalties.strengths);
        let machines = sets(settings).len() + rates.len() + 2 * strengths.len() + OBJECTIVES.len();
        self.out.add_work("machines", machines as u64);
        let spins = settings.chain.spins;
        let plain = Regulariser::default();
        let (mut null, mut flows) = (Vec::new(), Vec::new());
        for (name, temperatures) in sets(settings) {
            null.push(self.ring.read(&mixture(spins, &temperatures)));
            let trained = self.trained(
                name,
                &temperatures,
                (settings.rbm.learning_rate, "rbm.learning_rate"),
                plain,
                &[settings.rbm.epochs],
            )?;
            let rbm = &trained.first().ok_or_else(|| Error::failure("no snapshot was made"))?.rbm;
            let metadata = serde_json::json!({ "name": name, "seed": self.out.seed(), "settings": settings.rbm });
            self.out.write(&format!("machines/{name}.safetensors"), machine::model(rbm, metadata).to_bytes()?)?;
            flows.push([self.flow(rbm, Mode::Gibbs)?, self.flow(rbm, Mode::Mean)?]);
            self.out.tick(1)?;
        }
        let of_rate =
            |rate: f64| if rate == settings.rbm.learning_rate { "rbm.learning_rate" } else { "rbm.other_rates" };
        let all = |rate: (f64, _), regulariser, epochs: &[usize]| -> Result<Vec<LawFound>, Error> {
            let snapshots = self.trained("all", &self.temperatures, rate, regulariser, epochs)?;
            self.out.tick(1)?;
            snapshots.iter().map(|s| self.law(&s.rbm)).collect()
        };
        let along = rates
            .iter()
            .map(|rate| all((*rate, of_rate(*rate)), plain, &settings.rbm.snapshots))
            .collect::<Result<Vec<_>, Error>>()?;
        let penalised = |of: &dyn Fn(f32) -> Regulariser| -> Result<Vec<LawFound>, Error> {
            let one = |s: &f64| {
                Ok(all(
                    (settings.rbm.learning_rate, "penalties.strengths or rbm.learning_rate"),
                    of(*s as f32),
                    &[settings.rbm.epochs],
                )?
                .remove(0))
            };
            strengths.iter().map(one).collect()
        };
        let l1 = penalised(&|lambda_w| Regulariser { lambda_w, ..plain })?;
        let l2 = penalised(&|mu_w| Regulariser { mu_w, ..plain })?;
        let objectives = OBJECTIVES.iter().map(|o| self.exactly(*o)).collect::<Result<Vec<_>, _>>()?;
        let curve = |t: &f64| self.ring.read(&thermal(spins, *t)).curve;
        let reference = self.temperatures.iter().map(curve).collect();
        Ok(Findings {
            told_apart: self.told_apart()?,
            reference,
            null,
            flows,
            along,
            objectives,
            penalties: [l1, l2],
            effective: Vec::new(),
            trace: Vec::new(),
        })
    }

    /// Fraction of the result collections whose nearest curve is that of their own temperature.
    fn told_apart(&self) -> Result<f64, Error> {
        let (spins, n) = (self.settings.chain.spins, self.settings.chain.per_temperature);
        let drawn = collection(spins, &self.temperatures, n, self.streams, "chain/result")?;
        let own = |k: &usize| {
            let rows = drawn.slice(s![k * n..(k + 1) * n, ..]);
            self.ring.nearest(&self.ring.read(&frequencies(rows)).curve, &self.temperatures) == *k
        };
        let all = self.temperatures.len();
        Ok((0..all).filter(own).count() as f64 / all as f64)
    }

    /// The trainings are parts of the stage by their number.
    fn next_part(&self) -> String {
        self.parts.set(self.parts.get() + 1);
        format!("training/{}", self.parts.get())
    }

    fn start(&self) -> Rbm {
        let mut random = self.streams.generator("rbm/init", 0);
        Rbm::random(
            self.settings.chain.spins,
            self.settings.rbm.hidden,
            self.settings.rbm.weight_scale as f32,
            &mut random,
        )
    }

    /// Contrastive divergence on the set of `temperatures`: the machine after each of `epochs`.
    fn trained(
        &self,
        name: &str,
        temperatures: &[f64],
        (rate, key): (f64, &'static str),
        regulariser: Regulariser,
        epochs: &[usize],
    ) -> Result<Vec<Snapshot>, Error> {
        let (chain, rbm) = (&self.settings.chain, &self.settings.rbm);
        // Of `all` the configurations are those that the thermometer was trained on.
        let purpose = if name == "all" { "chain/train".into() } else { format!("chain/train-{name}") };
        let data = collection(chain.spins, temperatures, chain.per_temperature, self.streams, &purpose)?;
        let one = self.settings.updates_per_epoch();
        let updates = epochs.iter().max().unwrap_or(&1) * one;
        let training = Training {
            updates,
            batching: Batching::Mini { size: rbm.batch, repeats: false },
            descent: Descent { regulariser, ..Descent::new(Rule::Sgd(Sgd), rate as f32) },
            cd_steps: rbm.cd_steps,
            evaluate_every: one,
            snapshots: epochs.iter().map(|e| e * one).collect(),
            ..Training::default()
        };
        let test = data.slice(s![..rbm.batch, ..]);
        let fit = MachineFit {
            purpose: &format!("rbm/{name}"),
            part: &self.next_part(),
            training,
            lower: &[(key, rate)],
            units: 0,
        };
        Ok(fit.run(self.out, self.start(), data.view(), test, None)?.snapshots)
    }

    /// The law of a machine trained by exact gradients towards the mixture.
    fn exactly(&self, objective: Objective) -> Result<LawFound, Error> {
        let settings = &self.settings.objectives;
        let training = ExactTraining {
            objective,
            updates: settings.updates,
            descent: Descent::new(Rule::Adam(Adam::default()), settings.learning_rate as f32),
            record_every: 100,
        };
        let law = self.mixture.to_vec();
        let mut fit = ExactFit::new(self.start(), &law, &training)?;
        self.out.complete(&self.next_part(), &mut fit, &|_| 0)?;
        let (rbm, _) = fit.finish()?;
        self.out.tick(1)?;
        self.law(&rbm)
    }

    fn law(&self, rbm: &Rbm) -> Result<LawFound, Error> {
        let p = rbm.visible_law()?;
        let relaxation = rbm.gibbs_spectrum()?.relaxation_time();
        let spins = self.settings.chain.spins;
        let mut walls = vec![0.0; spins / 2 + 1];
        p.iter().enumerate().for_each(|(s, p)| walls[laws::walls(spins, s) / 2] += p);
        Ok(LawFound {
            reading: self.ring.read(&p),
            thermal: self.ring.nearest_thermal(&p),
            mixture: distances(&p, &self.mixture),
            relaxation: relaxation.is_finite().then_some(relaxation),
            walls,
        })
    }

    /// The flow of thermal laws, without sampling: by powers of the Gibbs kernel, or of every state by the mean-field map.
    fn flow(&self, rbm: &Rbm, mode: Mode) -> Result<FlowFound, Error> {
        let (spins, flow) = (self.settings.chain.spins, &self.settings.flow);
        let starts: Vec<Array1<f64>> =
            self.temperatures.iter().chain(&flow.starts).map(|t| thermal(spins, *t)).collect();
        let mut all: Vec<Vec<Reading>> = starts.iter().map(|p| vec![self.ring.read(p)]).collect();
        if mode == Mode::Gibbs {
            let mut kernel = rbm.gibbs_kernel()?;
            for doubling in 0..=flow.doublings {
                if doubling > 0 {
                    kernel = kernel.dot(&kernel);
                }
                all.iter_mut().zip(&starts).for_each(|(seen, p)| seen.push(self.ring.read(&p.dot(&kernel))));
                self.out.tick(0)?;
            }
            return Ok(FlowFound { starts: all, ends: 1 });
        }
        let mut v = laws::states(spins);
        let mut h = Array2::zeros((v.nrows(), rbm.n_hidden()));
        for step in 1..=1usize << flow.doublings {
            rbm.hidden_mean(v.view(), &mut h);
            rbm.visible_mean(h.view(), &mut v);
            if step.is_power_of_two() {
                all.iter_mut().zip(&starts).for_each(|(seen, p)| seen.push(self.ring.read_values(p, v.view())));
                self.out.tick(0)?;
            }
        }
        Ok(FlowFound { starts: all, ends: distinct(v.view()) })
    }
}

/// Frequencies of the states among rows of spins.
fn frequencies(rows: ArrayView2<f32>) -> Array1<f64> {
    let mut p = Array1::zeros(1 << rows.ncols());
    for row in rows.rows() {
        p[row.iter().enumerate().map(|(i, x)| usize::from(*x > 0.0) << i).sum::<usize>()] += 1.0;
    }
    p / rows.nrows() as f64
}

/// Number of rows that differ.
fn distinct(rows: ArrayView2<f32>) -> usize {
    let mut ends: Vec<usize> = Vec::new();
    for i in 0..rows.nrows() {
        let like = |k: &usize| rows.row(i).iter().zip(rows.row(*k)).all(|(a, b)| (a - b).abs() < SAME_END);
        if !ends.iter().any(like) {
            ends.push(i);
        }
    }
    ends.len()
}
