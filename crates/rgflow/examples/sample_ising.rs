//! Ising configurations at the critical temperature, their averages with errors, and the exact energy of the torus.

use rgflow::exact::square;
use rgflow::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let torus = Geometry::new("square", &[32, 32])?;
    let (model, t) = (Ising::new(&torus), Temperature::CRITICAL);
    // The fastest sampler for this lattice and temperature, chosen by a short pilot.
    let drawn = Sampler::auto(&model, t).draw(2000, Streams::new(1).of("example"))?;
    let summary = Summary::measure(&model, t, &drawn.collection)?;
    println!("{}: tau_int = {:.2}", drawn.collection.sampler, drawn.collection.tau_int_energy);
    println!("E/N = {:.4} J", summary.energy);
    println!("exactly {:.4} J", square::thermodynamics(32, 32, t)?.energy);
    Ok(())
}
