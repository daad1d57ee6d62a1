//! Finite-size scaling: T_c and exponents from several sizes, also of a classifier's output.

mod analysis;
mod classifiers;
mod record;
mod sampling;
mod settings;

use super::{AnyExperiment, Item};
use crate::artifact::memory::Need;
use crate::artifact::{Error, Run};
use crate::record::Record;
use settings::Settings;

/// The experiment.
pub struct FiniteSize;

const ITEMS: &[Item] = &[Item {
    id: "secB.fss",
    title: "Finite-size scaling: T_c and exponents, also of a classifier's output",
    claim: "(beside appendix B) several sizes give T_c and exponents; so does a network's P(ordered) (Carrasquilla and Melko)",
    keys: &["rg.fss."],
}];

impl AnyExperiment for FiniteSize {
    fn name(&self) -> &'static str {
        "finite-size-scaling"
    }

    fn summary(&self) -> &'static str {
        "Finite-size scaling of the square lattice: T_c and exponents by Binder's cumulant, |m| and classifiers"
    }

    fn recipe(&self) -> &'static str {
        include_str!("recipe.toml")
    }

    fn items(&self) -> &'static [Item] {
        ITEMS
    }

    fn check(&self, table: &toml::Table) -> Result<(), String> {
        Settings::parse(table).map(|_| ())
    }

    fn needs(&self, table: &toml::Table) -> Vec<Need> {
        Settings::parse(table).map_or(vec![], |s| {
            let (f, c) = (&s.finite_size, &s.classifier);
            let (sizes, t) = (f.sizes.len(), f.temperatures);
            // E, m and P of a network, all kept; the weights of each in every state.
            let what = format!("finite_size.samples = {} at {t} temperatures of {sizes} sizes", f.samples);
            let series = Need::new(&[24, f.samples, t, sizes], what, "take a smaller finite_size.samples");
            let what = format!("finite_size.samples = {} at {t} temperatures, reweighted,", f.samples);
            let weights = Need::new(&[8, f.samples, t, t], what, "take a smaller finite_size.samples");
            let (n, t) = (c.per_temperature, c.n_temperatures);
            let what = format!("classifier.per_temperature = {n} at {t} temperatures of {0} x {0} inputs", c.inputs);
            let inputs = Need::new(&[4, n, t, c.inputs, c.inputs], what, "take a smaller classifier.per_temperature");
            vec![series, weights, inputs]
        })
    }

    fn run(&self, table: &toml::Table, run: &Run) -> Result<Record, Error> {
        let settings = Settings::parse(table).map_err(Error::user)?;
        // One after the other: each uses all threads.
        let repeat = |repetition: &_| {
            let (artifact, networks) = classifiers::stage(repetition, &settings)?;
            analysis::stage(repetition, &settings, &artifact, &networks)
        };
        let found = run.repetitions().iter().map(repeat).collect::<Result<Vec<_>, Error>>()?;
        Ok(record::record(&settings, &found))
    }
}
