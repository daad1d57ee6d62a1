//! The RBM flow: Ising samples, a network that reads their temperature, a machine trained on all of them, and where it flows.

use ndarray::{Axis, concatenate};
use rgflow::prelude::*;
use rgflow::{flow, lattice::multispin::Grid, nn, rbm};
use std::ops::ControlFlow::Continue;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let streams = Streams::new(1);
    // 500 configurations of 10 x 10 spins at each of 12 temperatures: to train with, and for the reference curves P(T).
    let grid: Vec<f64> = (1..=12).map(|k| 0.5 * f64::from(k)).collect();
    let temperatures = grid.iter().map(|t| Temperature::new(*t)).collect::<Result<Vec<_>, _>>()?;
    let square = Square::new(10, 10)?;
    let length = ChainLength { chains: 100, burn_in: 1000.0, spacing: 50.0 };
    let chains = Grid { square: &square, temperatures: &temperatures, length };
    let draw = |name| chains.spins(500, streams.of(name));
    let (train, reference) = (draw("train")?, draw("reference")?);
    let all = concatenate(Axis(0), &train.iter().map(|t| t.view()).collect::<Vec<_>>())?.mapv(f32::from);
    let classes: Vec<usize> = (0..12).flat_map(|k| vec![k; 500]).collect();
    let data = nn::Data { x: all.view().into(), targets: Targets::Classes(&classes) };
    let start = Mlp::random(&[100, 64, 12], Activation::Tanh, Activation::Softmax, &mut streams.generator("init", 0));
    let (batching, descent) =
        (Batching::Mini { size: 50, repeats: false }, Descent::new(Rule::Adam(Adam::default()), 1e-3));
    let training = nn::Training { epochs: 20, batching, descent, cost: Cost::CategoricalCrossEntropy, patience: 0 };
    let mlp = nn::train(start, data, data, &training, streams.of("network"))?.mlp;
    let read = |spins: &ndarray::Array2<i8>| Reading::of(probabilities(&mlp, spins.view()).view());
    let curves = Reference::new(&grid, reference.iter().map(read).collect(), streams);
    // A machine of 25 hidden units, by contrastive divergence (CD-1); its flow from T = 0.5, 2.5 and 6, 200 steps v -> h -> v.
    let start = Rbm::random(100, 25, 0.01, &mut streams.generator("rbm/init", 0));
    let rbm = rbm::train(start, all.view(), all.view(), &rbm::Training::default(), streams.of("rbm"))?;
    let starts = concatenate(Axis(0), &[0, 4, 11].map(|k| train[k].view()))?.mapv(f32::from);
    let (readout, starts) =
        (flow::Readout { mlp: Some(&mlp), lattice: None }, flow::Starts { values: starts.view().into(), n_starts: 3 });
    let steps = Schedule::new(200);
    let flow = flow::run(
        flow::Flow { rbm: &rbm.rbm, mode: Mode::Gibbs, schedule: &steps },
        readout,
        starts,
        streams.of("flow"),
        &|_| Continue(()),
    )?;
    for (end, t) in flow.end.iter().zip([0.5, 2.5, 6.0]) {
        println!("from T = {t}: T* = {:.2}", curves.t_star(&end.mean()).0);
    }
    Ok(())
}
