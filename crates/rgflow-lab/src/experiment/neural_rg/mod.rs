//! Thesis appendix B: exponents of the Ising model from a network's output, and why the thesis did not find them.

mod analysis;
mod networks;
mod record;
mod sampling;
mod settings;

use super::AnyExperiment;
use crate::artifact::memory::Need;
use crate::artifact::{Artifact, Error, Run, network, user_file};
use crate::dataset::{Input, Kind};
use crate::record::Record;
use rgflow::nn::Mlp;
use settings::Settings;
use std::path::PathBuf;

/// The experiment, by default with networks of its own.
#[derive(Default)]
pub struct NeuralRg {
    given: Vec<Given>,
}

/// A network of the user's, with its file and the hash of its bytes.
struct Given {
    /// What is converted or cannot be checked.
    notes: Vec<String>,
    path: PathBuf,
    hash: String,
    mlp: Mlp,
}

/// Inputs of the networks: 32 x 32 spins or block spins.
const INPUTS: usize = SIDE * SIDE;
const SIDE: usize = 32;

impl NeuralRg {
    /// With networks that it trains itself.
    pub const fn new() -> Self {
        Self { given: Vec::new() }
    }

    /// The networks in `files` read 32 x 32 spins and block spins in place of those that are trained here; the last output of each is
    /// taken as P(ordered).
    ///
    /// # Errors
    /// [`Error::User`] if a file cannot be read or its network does not read 32 x 32 spins.
    pub fn with_networks(files: &[PathBuf]) -> Result<Self, Error> {
        let read = |path: &PathBuf| {
            let at = |e: Error| Error::user(format!("{}: {e}", path.display()));
            let (mut model, hash) = user_file::model(path)?;
            let mut mlp = network::layers(&model).map_err(at)?;
            if mlp.n_in() != INPUTS {
                return Err(Error::user(format!(
                    "{}: the network reads {} values, lattices are blocked to 32 x 32 = {INPUTS} spins; give one that was trained on \
                     32 x 32 spins",
                    path.display(),
                    mlp.n_in()
                )));
            }
            // What the lattices here are made of.
            let spins = Input {
                name: "rg neural".into(),
                kind: Some(Kind::Spins),
                scale: None,
                shape: vec![],
                lattice: Some((vec![SIDE; 2], 4)),
                field: Some(0.0),
            };
            let said = Input::of_model(&model, &path.display().to_string(), INPUTS).map_err(Error::user)?;
            let agreement = said.agrees(&spins).map_err(Error::user)?;
            if let Some(conversion) = agreement.conversion {
                model = network::of_other_values(model, conversion).map_err(at)?;
                mlp = network::layers(&model).map_err(at)?;
            }
            Ok(Given { notes: agreement.notes, path: path.clone(), hash, mlp })
        };
        Ok(Self { given: files.iter().map(read).collect::<Result<_, Error>>()? })
    }
}

impl AnyExperiment for NeuralRg {
    fn name(&self) -> &'static str {
        "neural-rg"
    }

    fn summary(&self) -> &'static str {
        "Exponents from a network's output on block spins and spins (thesis appendix B)"
    }

    fn recipe(&self) -> &'static str {
        include_str!("recipe.toml")
    }

    fn is_long(&self) -> bool {
        true
    }

    fn repetitions(&self) -> u32 {
        7
    }

    fn input(&self) -> toml::Table {
        let entry = |(i, given): (usize, &Given)| {
            crate::study::user_files::file_entry(&format!("network{}", i + 1), &given.path, &given.hash)
        };
        self.given.iter().enumerate().flat_map(entry).collect()
    }

    fn check(&self, table: &toml::Table) -> Result<(), String> {
        Settings::parse(table).map(|_| ())
    }

    fn needs(&self, table: &toml::Table) -> Vec<Need> {
        Settings::parse(table).map_or(vec![], |s| {
            let n = &s.networks;
            let what =
                format!("networks.per_beta = {} at {} values of beta of 32 x 32 spins", n.per_beta, 2 * n.n_beta);
            vec![Need::new(&[4, n.per_beta, 2, n.n_beta, 32, 32], what, "take a smaller networks.per_beta")]
        })
    }

    fn notes(&self) -> Vec<String> {
        self.given.iter().flat_map(|given| given.notes.iter().cloned()).collect()
    }

    fn run(&self, table: &toml::Table, run: &Run) -> Result<Record, Error> {
        let settings = Settings::parse(table).map_err(Error::user)?;
        // One after the other: each uses all threads, and its samples all memory.
        let repeat = |repetition: &_| {
            let (artifact, mut networks) = networks::stage(repetition, &settings)?;
            let mut inputs = vec![artifact];
            inputs.extend(self.given.iter().map(|g| Artifact { hash: g.hash.clone(), dir: g.path.clone() }));
            if !self.given.is_empty() {
                networks.on32 = self.given.iter().map(|g| g.mlp.clone()).collect();
            }
            analysis::stage(repetition, &settings, &inputs.iter().collect::<Vec<_>>(), &networks)
        };
        let found = run.repetitions().iter().map(repeat).collect::<Result<Vec<_>, Error>>()?;
        Ok(record::record(&settings, &found))
    }
}
