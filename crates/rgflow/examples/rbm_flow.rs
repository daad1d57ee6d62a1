//! The RBM flow: Ising samples, a network that reads their temperature, a machine trained on all of them, and where it
//! flows.

use ndarray::{Axis, concatenate};
use rgflow::prelude::*;
use rgflow::{flow, lattice::multispin::Grid, nn, rbm};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let streams = Streams::new(1);
    // 500 configurations of 10 x 10 spins at each of 12 temperatures: to train with, and for the reference curves P(T).
    let grid: Vec<f64> = (1..=12).map(|k| 0.5 * f64::from(k)).collect();
    let (square, temperatures) = (Square::new(10, 10)?, Temperature::list(&grid)?);
    let length = ChainLength { chains: 100, burn_in: 1000.0, spacing: 50.0 };
    let chains = Grid { square: &square, temperatures: &temperatures, length };
    let (train, reference) = (chains.spins(500, streams.of("train"))?, chains.spins(500, streams.of("reference"))?);
    let all = concatenate(Axis(0), &train.iter().map(|t| t.view()).collect::<Vec<_>>())?.mapv(f32::from);
    // The thermometer: a network of 64 hidden units whose classes are the temperatures.
    let classes: Vec<usize> = (0..12).flat_map(|k| vec![k; 500]).collect();
    let data = nn::Data { x: all.view().into(), targets: Targets::Classes(&classes) };
    let start = Mlp::random(&[100, 64, 12], Activation::Tanh, Activation::Softmax, &mut streams.generator("init", 0));
    let mlp = nn::train(start, data, data, &nn::Training::default(), streams.of("network"))?.mlp;
    let curves = Reference::of_spins(&mlp, &grid, &reference, streams)?;
    // A machine of 25 hidden units, by contrastive divergence (CD-1).
    let start = Rbm::random(100, 25, 0.01, &mut streams.generator("rbm/init", 0));
    let rbm = rbm::train(start, all.view(), all.view(), &rbm::Training::default(), streams.of("rbm"))?.rbm;
    // Its flow from T = 0.5, 2.5 and 6: 200 steps v -> h -> v.
    let spins = concatenate(Axis(0), &[0, 4, 11].map(|k| train[k].view()))?.mapv(f32::from);
    let flow = Flow { rbm: &rbm, mode: Mode::Gibbs, schedule: &Schedule::new(200) };
    let starts = Starts { values: spins.view().into(), n_starts: 3 };
    let end = flow::run(flow, Readout::network(&mlp), starts, streams.of("flow"))?.end;
    for (reading, t) in end.iter().zip([0.5, 2.5, 6.0]) {
        println!("from T = {t}: T* = {:.2}", curves.t_star(&reading.mean()).0);
    }
    Ok(())
}
