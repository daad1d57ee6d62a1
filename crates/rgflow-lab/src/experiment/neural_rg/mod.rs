//! Thesis appendix B: exponents of the Ising model from a network's output, and why the thesis did not find them.

mod analysis;
mod networks;
mod record;
mod sampling;
mod settings;

use super::{Experiment, Item};
use crate::artifact::{Error, Run};
use crate::record::Record;
use settings::Settings;

/// The experiment.
pub struct NeuralRg;

const ITEMS: &[Item] = &[
    Item {
        id: "figB.1",
        title: "A network's output in a field coupled to it",
        claim: "f of the blocked and of the smaller lattice against Y: the exponents could not be reproduced",
        keys: &["neural-rg.nu.", "neural-rg.two-networks.", "neural-rg.pulls."],
    },
    Item {
        id: "figB.2",
        title: "Susceptibility of a network's output",
        claim: "chi_f against Y; theta_Y was expected near the magnetic exponent",
        keys: &["neural-rg.theta."],
    },
];

impl Experiment for NeuralRg {
    fn name(&self) -> &'static str {
        "neural-rg"
    }

    fn summary(&self) -> &'static str {
        "Exponents from a network's output on block spins and spins (thesis appendix B)"
    }

    fn recipe(&self) -> &'static str {
        include_str!("recipe.toml")
    }

    fn items(&self) -> &'static [Item] {
        ITEMS
    }

    fn is_long(&self) -> bool {
        true
    }

    fn repetitions(&self) -> u32 {
        7
    }

    fn check(&self, table: &toml::Table) -> Result<(), String> {
        Settings::parse(table).map(|_| ())
    }

    fn run(&self, table: &toml::Table, run: &Run) -> Result<Record, Error> {
        let settings = Settings::parse(table).map_err(Error::user)?;
        // One after the other: each uses all threads, and its samples all memory.
        let repeat = |repetition: &_| {
            let networks = networks::stage(repetition, &settings)?;
            analysis::stage(repetition, &settings, &networks)
        };
        let found = run.repetitions().iter().map(repeat).collect::<Result<Vec<_>, Error>>()?;
        Ok(record::record(&settings, &found))
    }
}
