//! Thesis appendix B: exponents of the Ising model from a network's output, and why the thesis did not find them.

mod analysis;
mod exponents;
mod networks;
mod record;
mod sampling;
mod settings;

use crate::dataset::{self, Input, Sites};
use crate::study::costs;
use crate::study::prelude::*;
use crate::study::user_files::{InputFile, UserNetwork};
use analysis::Findings;
use networks::Kind;
use settings::Settings;
use std::path::PathBuf;

/// The experiment `neural-rg`, by default with networks it trains itself.
#[derive(Default)]
pub struct NeuralRg {
    given: Vec<UserNetwork>,
}

/// Extent of the lattices that networks read: 32 x 32 spins or block spins.
const SIDE: usize = 32;

impl NeuralRg {
    /// The experiment with networks that it trains itself.
    pub const fn new() -> Self {
        Self { given: Vec::new() }
    }

    /// The networks in `files` read 32 x 32 spins and block spins instead of those trained here; the last
    /// output of each is taken as P(ordered).
    ///
    /// # Errors
    /// [`Error::User`] if a file cannot be read or its network does not read 32 x 32 spins.
    pub fn with_networks(files: &[PathBuf]) -> Result<Self, Error> {
        // Description of the spins that the networks are to read.
        let spins = Input {
            name: "rg neural".into(),
            kind: Some(dataset::Kind::Spins),
            scale: None,
            shape: vec![],
            lattice: Some(Sites { name: Some("square".into()), extents: vec![SIDE; 2], coordination: 4 }),
            states: None,
            field: Some(0.0),
        };
        let n = SIDE * SIDE;
        let width = format!("lattices are blocked to 32 x 32 = {n} spins; give one that was trained on 32 x 32 spins");
        let read = |path: &PathBuf| UserNetwork::read(path, n, &spins, &width);
        Ok(Self { given: files.iter().map(read).collect::<Result<_, Error>>()? })
    }
}

impl Experiment for NeuralRg {
    type Settings = Settings;
    type Findings = Findings;

    const ABOUT: About = About {
        name: "neural-rg",
        summary: "Exponents from a network's output on block spins and spins (thesis appendix B)",
        recipe: include_str!("recipe.toml"),
        is_long: true,
        repetitions: 7,
        one_by_one: true,
        ..About::DEFAULT
    };

    fn files(&self) -> Vec<InputFile<'_>> {
        self.given.iter().zip(1..).map(|(given, i)| given.file(&format!("network{i}"))).collect()
    }

    fn needs(&self, settings: &Settings) -> Vec<Need> {
        let (per, n_beta) = (*settings.networks.per_beta, 2 * *settings.networks.n_beta);
        let what = format!("networks.per_beta = {per} at {n_beta} values of beta of 32 x 32 spins");
        vec![Need::new(&[4, per, n_beta, SIDE, SIDE], what, "take a smaller networks.per_beta")]
    }

    fn plan(&self, Settings { lattices, networks: n, figures }: &Settings) -> Plan {
        let read = |size: usize, n: usize| (size * size * n) as f64 * 6.5e-8;
        let figures: f64 = [32, 64].iter().map(|size| read(*size, figures.betas.len() * *figures.samples)).sum();
        let measured: f64 = lattices.sizes().into_iter().map(|(size, n)| read(size, n)).sum();
        let (per, few) = (2 * *n.n_beta * *n.per_beta, 2 * *n.n_beta * *n.per_beta_few);
        let one = |samples: usize| costs::network(*n.epochs as f64, samples, &[SIDE * SIDE, *n.hidden, 1]);
        // Seven kinds: four see all samples, two of them of 64 x 64 spins; two see few; two are local.
        let drawn = 4e-8 * ((4 * per + 2 * few) * SIDE * SIDE + per * 4 * SIDE * SIDE) as f64;
        let networks = 1.8 * *n.trainings as f64 * (3.0 * one(per) + 2.0 * one(few) + drawn);
        Plan::new().stage("networks", "networks", networks).stage("measure", "measure", measured + figures)
    }

    fn repeat(&self, repetition: &Repetition, settings: &Settings) -> Result<Findings, Error> {
        let (artifact, mut networks) = networks::stage(repetition, &settings.networks)?;
        let given = self.given.iter().map(UserNetwork::artifact);
        let inputs: Vec<Artifact> = std::iter::once(artifact).chain(given).collect();
        if !self.given.is_empty() {
            networks.mlps.insert(Kind::On32, self.given.iter().map(|given| given.mlp.clone()).collect());
        }
        analysis::stage(repetition, settings, &inputs.iter().collect::<Vec<_>>(), &networks)
    }

    fn record(&self, settings: &Settings, found: &[Findings]) -> Result<Record, Error> {
        record::record(settings, found)
    }
}
