//! Stage "training": the neuron, the optimisers and early stopping, on the configurations of one repetition.

use super::settings::{DataSet, Epochs, Many, Neuron, Optimisers, Rate, Settings, Stopping, is_ordered};
use crate::study::prelude::*;
use crate::study::training::NetworkFit;
use ndarray::{Array2, ArrayView2, Axis, concatenate};
use rgflow::exact::transfer::Sampler;
use rgflow::lattice::{Observables, Square};
use rgflow::learning::{Adam, Batching, Descent, Momentum, Rule, Sgd};
use rgflow::nn::{Activation, Data, Epoch, Mlp, Targets, Trained};
use rgflow::random::Streams;
use rgflow::statistics::best_threshold;

/// Findings of one repetition.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct TrainingFindings {
    /// Neurons by input: spins, |m|, energy.
    pub neurons: Vec<NeuronFindings>,
    pub optimisers: Vec<LearningCurve>,
    pub stopping: LearningCurve,
}

/// Findings for a single neuron with one kind of input.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct NeuronFindings {
    pub input: String,
    /// Fraction of the test set classified on the right side of T_c.
    pub accuracy: f64,
    /// Accuracy of the best threshold on a single input, chosen on the test set itself.
    pub best: Option<f64>,
    /// Mean output, P(ordered), at each temperature.
    pub output: Vec<f64>,
}

/// A learning curve; nats per sample.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct LearningCurve {
    pub name: String,
    pub epoch: Vec<usize>,
    pub updates: Vec<u64>,
    pub train: Vec<f64>,
    pub test: Vec<f64>,
}

impl LearningCurve {
    fn of(name: &str, curve: &[Epoch]) -> Self {
        Self {
            name: name.into(),
            epoch: curve.iter().map(|e| e.epoch).collect(),
            updates: curve.iter().map(|e| e.updates).collect(),
            train: curve.iter().map(|e| e.train_cost).collect(),
            test: curve.iter().map(|e| e.test_cost).collect(),
        }
    }

    /// Least test cost and its position in the curve.
    pub fn least(&self) -> (usize, f64) {
        let least = self.test.iter().copied().enumerate().min_by(|a, b| a.1.total_cmp(&b.1));
        least.unwrap_or((0, f64::NAN))
    }
}

/// Makes or keeps the stage.
pub(super) fn stage(repetition: &Repetition, s: &Settings) -> Result<TrainingFindings, Error> {
    let settings = (&s.data, &s.neuron, &s.optimisers, &s.stopping);
    let outputs = &["training/findings.json"];
    repetition.found(Stage { name: "training", revision: 1, settings, inputs: &[], outputs }, |out| {
        let train = Set::sample(&s.data, *s.data.train, out.streams(), "train")?;
        let test = Set::sample(&s.data, *s.data.test, out.streams(), "test")?;
        let n = train.classes.len() as u64;
        let epochs = (3 * *s.neuron.epochs + 7 * *s.optimisers.epochs) as u64;
        out.add_work(epochs * n + *s.stopping.epochs as u64 * n / 10);
        let data = [train.data(0), test.data(0)];
        let neuron = |i: usize| neuron(out, &s.neuron, INPUTS[i], [train.data(i), test.data(i)], &test);
        let (few, classes) = train.first(*s.stopping.train);
        Ok(TrainingFindings {
            neurons: (0..INPUTS.len()).map(neuron).collect::<Result<_, _>>()?,
            optimisers: optimisers(out, &s.optimisers, data)?,
            stopping: stopping(out, &s.stopping, [(&few, &classes), data[1]])?,
        })
    })
}

/// Kinds of input to a neuron: all spins, |m|, or E per site.
pub(super) const INPUTS: [&str; 3] = ["spins", "abs_m", "energy"];

/// Independent configurations of all temperatures.
struct Set {
    /// Inputs by kind, shape (n, sites), then (n, 1).
    inputs: [Array2<f32>; 3],
    /// 0: disordered, 1: ordered.
    classes: Vec<usize>,
    per_temperature: usize,
}

/// Inputs and classes.
type Labelled<'a> = (&'a Array2<f32>, &'a [usize]);

impl Set {
    fn sample(data: &DataSet, per_temperature: usize, streams: Streams, name: &str) -> Result<Self, Error> {
        let square = Square::new(*data.size, *data.size)?;
        let mut parts = Vec::new();
        for (k, t) in data.temperatures.iter().enumerate() {
            let sampler = Sampler::new(*data.size, *data.size, Temperature::new(*t)?)?;
            parts.push(sampler.sample(per_temperature, &mut streams.generator(name, k as u64)).spins);
        }
        let spins = concatenate(Axis(0), &parts.iter().map(|p| p.view()).collect::<Vec<_>>())?;
        let seen = Observables::measure(&square, spins.view())?;
        let column = |values: &[f64]| Array2::from_shape_fn((values.len(), 1), |(i, _)| values[i] as f32);
        let class = |i: usize| usize::from(is_ordered(data.temperatures[i / per_temperature]));
        let classes = (0..spins.nrows()).map(class).collect();
        let inputs = [spins.mapv(f32::from), column(&seen.abs_m), column(&seen.energy)];
        Ok(Self { inputs, classes, per_temperature })
    }

    fn data(&self, input: usize) -> Labelled<'_> {
        (&self.inputs[input], &self.classes)
    }

    /// The first configurations of each temperature.
    fn first(&self, n: usize) -> (Array2<f32>, Vec<usize>) {
        let rows: Vec<usize> = (0..self.classes.len()).filter(|i| i % self.per_temperature < n).collect();
        (self.inputs[0].select(Axis(0), &rows), rows.iter().map(|i| self.classes[*i]).collect())
    }
}

/// Training method of a network, with the key of its learning rate.
struct Method {
    batching: Batching,
    descent: Descent,
    rate: &'static str,
}

fn adam(batch: Many, rate: Rate, key: &'static str) -> Method {
    let descent = Descent::new(Rule::Adam(Adam::default()), *rate as f32);
    Method { batching: Batching::Mini { size: *batch, repeats: false }, descent, rate: key }
}

/// A network with a layer of `hidden` tanh units and softmax, or without one a neuron with the sigmoid, and the length
/// of its training.
struct Shape {
    hidden: Option<usize>,
    epochs: Epochs,
}

/// Trains a network. All of one shape start from the same weights.
fn train(
    out: &StageOut,
    [purpose, part]: [&str; 2],
    Shape { hidden, epochs }: Shape,
    method: &Method,
    data: [Labelled; 2],
) -> Result<Trained, Error> {
    let (n, mut random) = (data[0].0.ncols(), out.streams().generator("training/init", 0));
    let mlp = match hidden {
        Some(hidden) => Mlp::random(&[n, hidden, 2], Activation::Tanh, Activation::Softmax, &mut random),
        None => Mlp::random(&[n, 1], Activation::Tanh, Activation::Sigmoid, &mut random),
    };
    let values = data.map(|(x, classes)| Array2::from_shape_fn((x.nrows(), 1), |(i, _)| classes[i] as f32));
    let targets = |i: usize| match hidden {
        Some(_) => Targets::Classes(data[i].1),
        None => Targets::Values(values[i].view()),
    };
    let [learn, test] = [0, 1].map(|i| Data { x: data[i].0.view().into(), targets: targets(i) });
    let Method { batching, descent, rate } = *method;
    let (lower, units) = (&[(rate, f64::from(descent.rate))], data[0].1.len() as u64);
    let fit = NetworkFit { purpose, part, epochs: *epochs, batching, descent, patience: 0, lower, units };
    fit.run(out, mlp, learn, test)
}

/// A neuron that sees one `input`, tested on the configurations of `test`.
fn neuron(out: &StageOut, own: &Neuron, input: &str, data: [Labelled; 2], test: &Set) -> Result<NeuronFindings, Error> {
    let (name, method) = (&format!("neuron/{input}"), adam(own.batch, own.learning_rate, "neuron.learning_rate"));
    let trained = train(out, [name, name], Shape { hidden: None, epochs: own.epochs }, &method, data)?;
    let (y, ordered) = (data[1].0, test.classes.iter().map(|class| *class == 1).collect::<Vec<bool>>());
    let p = trained.mlp.outputs(y.view());
    let right = p.iter().zip(&ordered).filter(|(p, ordered)| (**p > 0.5) == **ordered).count();
    let mean = |p: ArrayView2<f32>| p.iter().map(|p| f64::from(*p)).sum::<f64>() / p.len() as f64;
    Ok(NeuronFindings {
        input: input.into(),
        accuracy: right as f64 / ordered.len() as f64,
        best: (y.ncols() == 1).then(|| best_threshold(&y.column(0).to_vec(), &ordered)),
        output: p.axis_chunks_iter(Axis(0), test.per_temperature).map(mean).collect(),
    })
}

fn optimisers(out: &StageOut, own: &Optimisers, data: [Labelled; 2]) -> Result<Vec<LearningCurve>, Error> {
    let (size, rate, adam) =
        (*own.batch, *own.learning_rate as f32, adam(own.batch, own.adam_rate, "optimisers.adam_rate"));
    let (plain, mini) = (Descent::new(Rule::Sgd(Sgd), rate), adam.batching);
    let method = |batching, descent| Method { batching, descent, rate: "optimisers.learning_rate" };
    let all = [
        ("full gradient", method(Batching::Full, plain)),
        // Single samples: the step per sample equals the contribution of each sample to a batch.
        ("stochastic", method(Batching::Stochastic, Descent::new(Rule::Sgd(Sgd), rate / size as f32))),
        ("batches", method(mini, plain)),
        ("batches with repeats", method(Batching::Mini { size, repeats: true }, plain)),
        ("decaying rate", method(mini, Descent { decay: *own.decay, ..plain })),
        ("momentum", method(mini, Descent::new(Rule::Momentum(Momentum { alpha: 0.9 }), rate / 10.0))),
        ("Adam", adam),
    ];
    let one = |(name, method): &(&str, Method)| {
        let part = &format!("optimisers/{name}");
        let shape = Shape { hidden: Some(*own.hidden), epochs: own.epochs };
        let trained = train(out, ["optimisers", part], shape, method, data)?;
        Ok(LearningCurve::of(name, &trained.curve))
    };
    all.iter().map(one).collect()
}

fn stopping(out: &StageOut, own: &Stopping, data: [Labelled; 2]) -> Result<LearningCurve, Error> {
    let method = adam(own.batch, own.learning_rate, "stopping.learning_rate");
    let shape = Shape { hidden: Some(*own.hidden), epochs: own.epochs };
    let trained = train(out, ["stopping"; 2], shape, &method, data)?;
    Ok(LearningCurve::of("Adam", &trained.curve))
}
