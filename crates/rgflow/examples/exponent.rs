//! The magnetic exponent y_h of the 2D Ising model by the Monte Carlo renormalization group, next to the exact 15/8.

use rgflow::prelude::*;
use rgflow::rg::{block_spin::Rule, mcrg, operators};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let settings = mcrg::Settings {
        size: 32,
        b: 2,
        steps: 3,
        rules: vec![Rule::Majority],
        temperature: Temperature::CRITICAL,
        operators: [operators::even()[..3].to_vec(), operators::odd()[..2].to_vec()],
        blocks: 10,
        per_block: 200,
        length: ChainLength { chains: 4, ..ChainLength::CLUSTERS },
    };
    let seen = mcrg::measure(&settings, Streams::new(1))?;
    for (n, step) in seen.steps[0].iter().enumerate() {
        let y_h = &step.exponents[1][1];
        println!("step {}: y_h = {y_h:.4} (exactly 1.875)", n + 1);
    }
    Ok(())
}
