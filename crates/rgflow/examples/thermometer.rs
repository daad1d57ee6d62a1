//! A perceptron that reads the temperature of spin configurations: what it makes of samples that it never saw.

use ndarray::{Axis, concatenate};
use rgflow::prelude::*;
use rgflow::{lattice::multispin::Grid, nn};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let streams = Streams::new(1);
    let grid: Vec<f64> = (1..=6).map(f64::from).collect();
    let (square, temperatures) = (Square::new(10, 10)?, Temperature::list(&grid)?);
    let length = ChainLength { chains: 100, burn_in: 1000.0, spacing: 50.0 };
    let chains = Grid { square: &square, temperatures: &temperatures, length };
    let draw = |name| chains.spins(500, streams.of(name));
    let (train, reference, fresh) = (draw("train")?, draw("reference")?, draw("fresh")?);
    let x = concatenate(Axis(0), &train.iter().map(|t| t.view()).collect::<Vec<_>>())?.mapv(f32::from);
    let classes: Vec<usize> = (0..train.len()).flat_map(|k| vec![k; 500]).collect();
    let data = nn::Data { x: x.view().into(), targets: Targets::Classes(&classes) };
    let start = Mlp::random(&[100, 32, 6], Activation::Tanh, Activation::Softmax, &mut streams.generator("init", 0));
    let mlp = nn::train(start, data, data, &nn::Training::default(), streams.of("network"))?.mlp;
    let curves = Reference::of_spins(&mlp, &grid, &reference, streams)?;
    for (t, spins) in grid.iter().zip(&fresh) {
        let (t_star, kl) = curves.t_star(&Reading::of(probabilities(&mlp, spins.view())?.view()).mean());
        println!("T = {t}: T* = {t_star:.2}, KL that remains {kl:.1e} nats");
    }
    Ok(())
}
