//! A restricted Boltzmann machine trained by persistent contrastive divergence on critical spins, and how far it is
//! from them.

use rgflow::exact::transfer;
use rgflow::prelude::*;
use rgflow::rbm::{self, Method, Training};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let streams = Streams::new(1);
    // Independent exact draws of 4 x 4 spins.
    let mut random = streams.generator("data", 0);
    let spins = transfer::Sampler::new(4, 4, Temperature::CRITICAL)?.sample(4000, &mut random).spins.mapv(f32::from);
    let (train, test) = spins.view().split_at(ndarray::Axis(0), 3000);
    let start = Rbm::random(16, 8, 0.01, &mut streams.generator("init", 0));
    let training = Training { updates: 5000, cd_steps: 5, method: Method::Pcd, ..Training::default() };
    let rbm = rbm::train(start, train, test, &training, streams.of("rbm"))?.rbm;
    // 8 hidden units: the partition function is a sum over 256 states.
    let ln_z = rbm.ln_z()?;
    for (name, data) in [("training", train), ("test", test)] {
        let ln_p = rbm.log_likelihood(data, ln_z);
        println!("{name}: ln p = {ln_p:.3} nats per sample");
    }
    Ok(())
}
