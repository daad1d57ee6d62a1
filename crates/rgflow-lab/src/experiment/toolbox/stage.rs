//! Stage "training": the neuron, the optimisers and the training that is stopped, on configurations of one repetition.

use super::settings::{DataSet, Settings, is_ordered};
use crate::artifact::{Error, Repetition, Stage, StageOut};
use crate::study::training::NetworkFit;
use ndarray::{Array2, ArrayView2, Axis, concatenate};
use rgflow::exact::transfer::Sampler;
use rgflow::lattice::{Observables, Square, Temperature};
use rgflow::learning::{Adam, Batching, Descent, Momentum, Rule, Sgd};
use rgflow::nn::{Activation, Data, Epoch, Mlp, Targets, Trained};
use rgflow::random::Streams;
use serde::{Deserialize, Serialize};

const REVISION: u32 = 1;

/// What a repetition found.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Findings {
    pub neurons: Vec<NeuronFound>,
    pub optimisers: Vec<Learnt>,
    pub stopping: Learnt,
}

/// What a single neuron makes of one kind of input.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct NeuronFound {
    pub input: String,
    /// Fraction of the test set that it puts on the right side of T_c.
    pub accuracy: f64,
    /// That of the best threshold on a single input, chosen on the test set itself.
    pub best: Option<f64>,
    /// Mean output, P(ordered), at each temperature.
    pub output: Vec<f64>,
}

/// A learning curve; nats per sample.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Learnt {
    pub name: String,
    pub epoch: Vec<usize>,
    pub updates: Vec<u64>,
    pub train: Vec<f64>,
    pub test: Vec<f64>,
}

impl Learnt {
    fn of(name: &str, curve: &[Epoch]) -> Self {
        Self {
            name: name.into(),
            epoch: curve.iter().map(|e| e.epoch).collect(),
            updates: curve.iter().map(|e| e.updates).collect(),
            train: curve.iter().map(|e| e.train_cost).collect(),
            test: curve.iter().map(|e| e.test_cost).collect(),
        }
    }

    /// The least test cost and its place in the curve.
    pub fn least(&self) -> (usize, f64) {
        let least = self.test.iter().copied().enumerate().min_by(|a, b| a.1.total_cmp(&b.1));
        least.unwrap_or((0, f64::NAN))
    }
}

/// Makes or keeps the findings.
pub(super) fn stage(repetition: &Repetition, settings: &Settings) -> Result<Findings, Error> {
    let file = "training/findings.json";
    let own = (&settings.data, &settings.neuron, &settings.optimisers, &settings.stopping);
    let what = Stage { name: "training", revision: REVISION, settings: own, inputs: &[], outputs: &[file] };
    let artifact = repetition.stage(what, |out| {
        let streams = out.streams();
        let [train, test] = [("train", settings.data.train), ("test", settings.data.test)]
            .map(|(name, n)| Set::sample(&settings.data, n, streams, name));
        let (train, test) = (train?, test?);
        let n = train.spins.nrows() as u64;
        let epochs = 3 * settings.neuron.epochs + 7 * settings.optimisers.epochs;
        out.add_work("training", epochs as u64 * n + settings.stopping.epochs as u64 * n / 10);
        let found = Findings {
            neurons: neurons(out, settings, &train, &test)?,
            optimisers: optimisers(out, settings, &train, &test)?,
            stopping: stopping(out, settings, &train, &test)?,
        };
        out.write_json(file, &found)
    })?;
    artifact.json(file)
}

/// Independent configurations of all temperatures, with what a neuron may be given of each.
struct Set {
    /// Shape (n, sites).
    spins: Array2<f32>,
    /// |m| and E per site, shape (n, 1).
    abs_m: Array2<f32>,
    energy: Array2<f32>,
    /// 0: disordered, 1: ordered.
    classes: Vec<usize>,
    per_temperature: usize,
}

impl Set {
    fn sample(data: &DataSet, per: usize, streams: Streams, name: &str) -> Result<Self, Error> {
        let square = Square::new(data.size, data.size)?;
        let mut parts = Vec::new();
        for (k, t) in data.temperatures.iter().enumerate() {
            let sampler = Sampler::new(data.size, data.size, Temperature::new(*t)?)?;
            parts.push(sampler.sample(per, &mut streams.generator(name, k as u64)).spins);
        }
        let spins = concatenate(Axis(0), &parts.iter().map(|p| p.view()).collect::<Vec<_>>())?;
        let seen = Observables::measure(&square, spins.view())?;
        let column = |values: &[f64]| Array2::from_shape_fn((values.len(), 1), |(i, _)| values[i] as f32);
        let class = |t: &f64| vec![usize::from(is_ordered(*t)); per];
        Ok(Self {
            spins: spins.mapv(f32::from),
            abs_m: column(&seen.abs_m),
            energy: column(&seen.energy),
            classes: data.temperatures.iter().flat_map(class).collect(),
            per_temperature: per,
        })
    }

    /// The first configurations of each temperature.
    fn first(&self, n: usize) -> (Array2<f32>, Vec<usize>) {
        let rows: Vec<usize> = (0..self.classes.len()).filter(|i| i % self.per_temperature < n).collect();
        (self.spins.select(Axis(0), &rows), rows.iter().map(|i| self.classes[*i]).collect())
    }
}

/// How a network is trained; its curve and, at the end, the network of the least test cost.
struct Job<'a> {
    /// Of its random streams, and of itself among the parts of the stage.
    name: &'a str,
    part: &'a str,
    sizes: &'a [usize],
    epochs: usize,
    batching: Batching,
    descent: Descent,
    /// Key of the learning rate.
    rate: &'static str,
}

impl Job<'_> {
    /// A neuron with the sigmoid and the cross-entropy, or a network with softmax.
    fn run(
        &self,
        out: &StageOut,
        (x, classes): (ArrayView2<f32>, &[usize]),
        (y, y_classes): (ArrayView2<f32>, &[usize]),
    ) -> Result<Trained, Error> {
        let neuron = self.sizes[self.sizes.len() - 1] == 1;
        let output = if neuron { Activation::Sigmoid } else { Activation::Softmax };
        // The same weights to begin with for all that have one shape.
        let mlp = Mlp::random(self.sizes, Activation::Tanh, output, &mut out.streams().generator("training/init", 0));
        let values = |classes: &[usize]| Array2::from_shape_fn((classes.len(), 1), |(i, _)| classes[i] as f32);
        let (x_values, y_values) = (values(classes), values(y_classes));
        let data = |x, values, classes| Data {
            x,
            targets: if neuron { Targets::Values(values) } else { Targets::Classes(classes) },
        };
        let (learn, test) = (data(x.into(), x_values.view(), classes), data(y.into(), y_values.view(), y_classes));
        let fit = NetworkFit {
            purpose: self.name,
            part: self.part,
            epochs: self.epochs,
            batching: self.batching,
            descent: self.descent,
            patience: 0,
            lower: &[(self.rate, f64::from(self.descent.rate))],
            units: x.nrows() as u64,
        };
        fit.run(out, mlp, learn, test)
    }
}

/// Single neurons that see the spins, |m| or E.
fn neurons(out: &StageOut, settings: &Settings, learn: &Set, test: &Set) -> Result<Vec<NeuronFound>, Error> {
    let inputs = [
        ("spins", &learn.spins, &test.spins),
        ("abs_m", &learn.abs_m, &test.abs_m),
        ("energy", &learn.energy, &test.energy),
    ];
    inputs
        .into_iter()
        .map(|(input, x, y)| {
            let job = Job {
                name: &format!("neuron/{input}"),
                part: &format!("neuron/{input}"),
                sizes: &[x.ncols(), 1],
                epochs: settings.neuron.epochs,
                batching: Batching::Mini { size: settings.neuron.batch, repeats: false },
                descent: Descent::new(Rule::Adam(Adam::default()), settings.neuron.learning_rate as f32),
                rate: "neuron.learning_rate",
            };
            let trained = job.run(out, (x.view(), &learn.classes), (y.view(), &test.classes))?;
            let p = trained.mlp.outputs(y.view());
            let right = p.iter().zip(&test.classes).filter(|(p, class)| (**p > 0.5) == (**class == 1)).count();
            let means =
                p.axis_chunks_iter(Axis(0), test.per_temperature).map(|p| p.iter().map(|p| f64::from(*p)).sum());
            Ok(NeuronFound {
                input: input.into(),
                accuracy: right as f64 / test.classes.len() as f64,
                best: (y.ncols() == 1).then(|| best_threshold(y.as_slice().unwrap_or(&[]), &test.classes)),
                output: means.map(|sum: f64| sum / test.per_temperature as f64).collect(),
            })
        })
        .collect()
}

/// The largest fraction that one threshold, with either side called ordered, puts right.
fn best_threshold(values: &[f32], classes: &[usize]) -> f64 {
    let mut order: Vec<(f32, usize)> = values.iter().copied().zip(classes.iter().copied()).collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0));
    let ordered = classes.iter().filter(|c| **c == 1).count();
    // Right if all from here on are called ordered.
    let (mut right, mut best) = (ordered, ordered.max(order.len() - ordered));
    for (i, (value, class)) in order.iter().enumerate() {
        if *class == 1 {
            right -= 1
        } else {
            right += 1
        }
        // Equal values are on one side.
        if order.get(i + 1).is_none_or(|next| next.0 > *value) {
            best = best.max(right).max(order.len() - right);
        }
    }
    best as f64 / order.len() as f64
}

fn optimisers(out: &StageOut, settings: &Settings, learn: &Set, test: &Set) -> Result<Vec<Learnt>, Error> {
    let s = &settings.optimisers;
    let rate = s.learning_rate as f32;
    let plain = Descent::new(Rule::Sgd(Sgd), rate);
    let momentum = Rule::Momentum(Momentum { alpha: 0.9 });
    let mini = |repeats| Batching::Mini { size: s.batch, repeats };
    [
        ("full gradient", Batching::Full, plain),
        // One sample at a time: as large a step a sample as a batch makes, for each of its samples.
        ("stochastic", Batching::Stochastic, Descent::new(Rule::Sgd(Sgd), rate / s.batch as f32)),
        ("batches", mini(false), plain),
        ("batches with repeats", mini(true), plain),
        ("decaying rate", mini(false), Descent { decay: s.decay, ..plain }),
        ("momentum", mini(false), Descent::new(momentum, rate / 10.0)),
        ("Adam", mini(false), Descent::new(Rule::Adam(Adam::default()), s.adam_rate as f32)),
    ]
    .into_iter()
    .map(|(name, batching, descent)| {
        let sizes = [learn.spins.ncols(), s.hidden, 2];
        let part = format!("optimisers/{name}");
        let rate = if name == "Adam" { "optimisers.adam_rate" } else { "optimisers.learning_rate" };
        let job = Job { name: "optimisers", part: &part, sizes: &sizes, epochs: s.epochs, batching, descent, rate };
        let (x, y) = ((learn.spins.view(), &learn.classes[..]), (test.spins.view(), &test.classes[..]));
        Ok(Learnt::of(name, &job.run(out, x, y)?.curve))
    })
    .collect()
}

fn stopping(out: &StageOut, settings: &Settings, learn: &Set, test: &Set) -> Result<Learnt, Error> {
    let s = &settings.stopping;
    let (x, classes) = learn.first(s.train);
    let job = Job {
        name: "stopping",
        part: "stopping",
        sizes: &[x.ncols(), s.hidden, 2],
        epochs: s.epochs,
        batching: Batching::Mini { size: s.batch, repeats: false },
        descent: Descent::new(Rule::Adam(Adam::default()), s.learning_rate as f32),
        rate: "stopping.learning_rate",
    };
    let trained = job.run(out, (x.view(), &classes), (test.spins.view(), &test.classes))?;
    Ok(Learnt::of("Adam", &trained.curve))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_threshold_is_the_best() {
        assert_eq!(best_threshold(&[0.1, 0.9, 0.8, 0.2], &[0, 1, 1, 0]), 1.0);
        assert_eq!(best_threshold(&[0.1, 0.9, 0.8, 0.2], &[1, 0, 0, 1]), 1.0);
        // Equal values cannot be told apart.
        assert_eq!(best_threshold(&[0.5, 0.5, 0.5, 0.1], &[1, 0, 1, 0]), 0.75);
        assert_eq!(best_threshold(&[1.0, 1.0], &[1, 1]), 1.0);
    }
}
