//! Stages "blocked" and "blocked-twice": larger lattices after one or two block-spin steps.

use super::Settings;
use crate::study::prelude::*;
use crate::study::samples::{REVISION, UNITS, sampled, write};
use rgflow::lattice::{ChainLength, Collection, Ising, Square, wolff};
use rgflow::rg::block_spin;

/// Block-spin transformations: scale factor b and number of steps.
pub const BLOCKS: [(usize, usize); 4] = [(2, 1), (3, 1), (2, 2), (3, 2)];

/// Name of `steps` block-spin steps in keys and files: `b2` for one, `b2x2` for two.
pub fn block_name(b: usize, steps: usize) -> String {
    if steps == 1 { format!("b{b}") } else { format!("b{b}x{steps}") }
}

/// Makes or keeps the sets blocked `steps` times, from lattices of b^steps times the size.
pub fn stage(repetition: &Repetition, settings: &Settings, steps: usize) -> Result<Artifact, Error> {
    let (name, per) = match steps {
        1 => ("blocked", *settings.torus.samples.per_temperature),
        _ => ("blocked-twice", *settings.rg.twice_per_temperature),
    };
    let blocks: Vec<usize> = BLOCKS.iter().filter(|(_, of)| *of == steps).map(|(b, _)| *b).collect();
    let files: Vec<String> = blocks.iter().map(|b| format!("samples/blocked-{}.npz", block_name(*b, steps))).collect();
    let what = Stage {
        name,
        revision: REVISION,
        settings: (&settings.torus.lattice, &settings.torus.samples.t_max, &settings.torus.samples.t_step, per),
        inputs: &[],
        outputs: &files.iter().map(String::as_str).collect::<Vec<_>>(),
    };
    repetition.stage(what, |out| {
        let grid = settings.torus.temperatures();
        let streams = out.streams();
        out.add_work((blocks.len() * grid.len()) as u64 * UNITS);
        for b in &blocks {
            let size = *settings.torus.lattice.size * b.pow(steps as u32);
            let name = block_name(*b, steps);
            let purpose = format!("blocked/{name}");
            let blocked: Vec<Collection> = grid
                .par_iter()
                .enumerate()
                .map(|(k, t)| {
                    let part = format!("{purpose}/{k}");
                    out.keep(&part, UNITS, || {
                        let temperature = Temperature::new(*t)?;
                        let square = Square::new(size, size)?;
                        let (model, mut rng) = (Ising::new(&square), streams.generator(&purpose, k as u64));
                        let chains = wolff::sampling(&model, temperature, per, &ChainLength::CLUSTERS, &mut rng);
                        let mut drawn = sampled(out, &format!("{part}/chains"), chains?, UNITS)?;
                        let mut ties = streams.generator(&format!("{purpose}/ties"), k as u64);
                        for step in 0..steps {
                            let (size, spins) = (size / b.pow(step as u32), &mut drawn.spins);
                            *spins = block_spin::majority(spins.view(), size, size, *b, &mut ties)?;
                        }
                        Ok(drawn)
                    })
                })
                .collect::<Result<_, Error>>()?;
            let parts: Vec<&Collection> = blocked.iter().collect();
            write(out, &format!("blocked-{name}"), *settings.torus.lattice.size, &grid, &parts)?;
        }
        Ok(())
    })
}
