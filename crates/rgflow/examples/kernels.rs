//! Five hot loops, each a fixed piece of work on its own: `kernels NAME ROUNDS` does it ROUNDS times and prints a
//! checksum of the state it ends in. Run under an instruction counter they tell a change in the code from the noise of
//! the machine (`bench/instructions`).

use ndarray::Array2;
use rgflow::lattice::{Ising, Square, Temperature, multispin, wolff};
use rgflow::learning::{Adam, Batching, Descent, Rule};
use rgflow::nn::{self, Activation, Cost, Mlp, Targets};
use rgflow::random::Streams;
use rgflow::rbm::{Chains, Kernel, Rbm, Trainer, Training};

type Outcome = Result<Vec<u8>, Box<dyn std::error::Error>>;
/// So many rounds of a piece of work.
type Work = fn(usize) -> Outcome;

/// Name and work.
const KERNELS: [(&str, Work); 5] = [
    ("metropolis", metropolis),
    ("wolff", clusters),
    ("contrastive", |rounds| contrastive(rounds, 1.0)),
    ("gibbs", gibbs),
    ("network", network),
];

/// Sweeps of 64 x 64 spins, as many replicas as a word has bits.
fn metropolis(rounds: usize) -> Outcome {
    let temperatures = [Temperature::CRITICAL; multispin::REPLICAS];
    let mut group = multispin::Group::new(64, 64, &temperatures, Streams::new(1).bulk("kernels", 0))?;
    group.sweeps(10 * rounds);
    let mut spins = Array2::<i8>::zeros((multispin::REPLICAS, 64 * 64));
    (0..multispin::REPLICAS).for_each(|r| group.write(r, spins.row_mut(r).as_slice_mut().unwrap_or_default()));
    Ok(spins.iter().map(|s| *s as u8).collect())
}

/// Cluster flips of 64 x 64 spins.
fn clusters(rounds: usize) -> Outcome {
    let square = Square::new(64, 64)?;
    let model = Ising::new(&square);
    let mut random = Streams::new(1).generator("kernels", 0);
    let mut chain = wolff::Chain::new(&model, Temperature::CRITICAL);
    (0..50 * rounds).for_each(|_| _ = chain.flip_cluster(&mut random));
    Ok(chain.spins().iter().map(|s| *s as u8).collect())
}

/// 200 samples of `n` units.
fn data(n: usize, grey: f32) -> Array2<f32> {
    Array2::from_shape_fn((200, n), |(r, i)| if (r * r + 3 * i) % 5 < 2 { grey } else { -grey })
}

/// Updates of a machine of 100 + 25 units by CD-1.
fn contrastive(rounds: usize, grey: f32) -> Outcome {
    let streams = Streams::new(1);
    let rbm = Rbm::random(100, 25, 0.1, &mut streams.generator("kernels/init", 0));
    let training = Training { batching: Batching::Mini { size: 50, repeats: false }, ..Training::default() };
    let data = data(100, grey);
    let mut trainer = Trainer::new(rbm, data.view(), &training, streams.of("kernels"))?;
    (0..20 * rounds).for_each(|_| trainer.update());
    Ok(trainer.rbm().weights.iter().flat_map(|w| w.to_le_bytes()).collect())
}

/// Gibbs steps of 100 chains of a machine of 784 + 500 units.
fn gibbs(rounds: usize) -> Outcome {
    let streams = Streams::new(1);
    let kernel = Kernel::new(&Rbm::random(784, 500, 0.05, &mut streams.generator("kernels/init", 0)));
    let (mut chains, mut random) = (Chains::new(&kernel, 100), streams.bulk("kernels", 0));
    (0..rounds).for_each(|_| chains.step(&kernel, &mut random));
    let mut v = Array2::<f32>::zeros((100, 784));
    chains.write_visible(v.as_slice_mut().unwrap_or_default());
    Ok(v.iter().flat_map(|v| v.to_le_bytes()).collect())
}

/// Updates of a perceptron 100-64-25 by Adam.
fn network(rounds: usize) -> Outcome {
    let streams = Streams::new(1);
    let (data, classes) = (data(100, 1.0), (0..200).map(|i| i % 25).collect::<Vec<usize>>());
    let mut random = streams.generator("kernels/init", 0);
    let mlp = Mlp::random(&[100, 64, 25], Activation::Tanh, Activation::Softmax, &mut random);
    let training = nn::Training {
        epochs: 1,
        batching: Batching::Mini { size: 50, repeats: false },
        descent: Descent::new(Rule::Adam(Adam::default()), 0.01),
        cost: Cost::CategoricalCrossEntropy,
        patience: 0,
    };
    let data = nn::Data { x: data.view().into(), targets: Targets::Classes(&classes) };
    let mut trainer = nn::Trainer::new(mlp, data, &training, streams.of("kernels"))?;
    (0..20 * rounds).for_each(|_| trainer.update());
    let all = trainer.mlp().layers.iter().flat_map(|layer| layer.weights.iter());
    Ok(all.flat_map(|w| w.to_le_bytes()).collect())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let found = KERNELS.iter().find(|(name, _)| arguments.get(1).is_some_and(|a| a == name));
    let rounds = arguments.get(2).and_then(|rounds| rounds.parse().ok());
    let (Some((name, work)), Some(rounds)) = (found, rounds) else {
        return Err(
            format!("usage: kernels NAME ROUNDS; NAME is one of {}", KERNELS.map(|(name, _)| name).join(", ")).into()
        );
    };
    println!("{name} {}", blake3::hash(&work(rounds)?).to_hex());
    Ok(())
}
