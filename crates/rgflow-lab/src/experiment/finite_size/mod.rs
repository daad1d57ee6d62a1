//! Finite-size scaling: T_c and exponents from several sizes, also of a classifier's output.

mod analysis;
mod classifiers;
mod observables;
mod record;
mod sampling;
mod settings;

use crate::study::costs;
use crate::study::prelude::*;
use analysis::Findings;
use classifiers::Labels;
use settings::Settings;

/// The experiment `finite-size-scaling`.
pub struct FiniteSize;

impl Experiment for FiniteSize {
    type Settings = Settings;
    type Findings = Findings;

    const ABOUT: About = About {
        name: "finite-size-scaling",
        summary: "Finite-size scaling of the square lattice: T_c and exponents by Binder's cumulant, |m| and \
            classifiers",
        recipe: include_str!("recipe.toml"),
        ..About::DEFAULT
    };

    fn needs(&self, Settings { finite_size: f, classifier: c }: &Settings) -> Vec<Need> {
        let (samples, sizes, t) = (*f.samples, f.sizes.len(), *f.temperatures);
        // E, m and P of a network, all kept; the weights of each in every state.
        let what = format!("finite_size.samples = {samples} at {t} temperatures of {sizes} sizes");
        let series = Need::new(&[24, samples, t, sizes], what, "take a smaller finite_size.samples");
        let what = format!("finite_size.samples = {samples} at {t} temperatures, reweighted,");
        let weights = Need::new(&[8, samples, t, t], what, "take a smaller finite_size.samples");
        let (n, t, inputs) = (*c.per_temperature, *c.n_temperatures, *c.inputs);
        let what = format!("classifier.per_temperature = {n} at {t} temperatures of {inputs} x {inputs} inputs");
        let inputs = Need::new(&[4, n, t, inputs, inputs], what, "take a smaller classifier.per_temperature");
        vec![series, weights, inputs]
    }

    fn plan(&self, Settings { finite_size: f, classifier: c }: &Settings) -> Plan {
        let spins: usize = f.sizes.iter().map(|size| size.pow(2)).sum();
        let layers = [c.inputs.pow(2), *c.hidden, 1];
        let trainings = Labels::ALL.len() * f.sizes.len();
        let drawn = *c.n_temperatures * *c.per_temperature;
        let networks =
            trainings as f64 * costs::network(*c.epochs as f64, drawn, &layers) + 1.8e-7 * (spins * drawn) as f64;
        let read = 2 * *f.temperatures * *f.samples;
        Plan::new().stage("classifiers", "classifiers", networks).stage(
            "scaling",
            "scaling",
            6e-8 * (read * spins) as f64 + 5e-6 * (read * f.sizes.len()) as f64,
        )
    }

    fn repeat(&self, repetition: &Repetition, settings: &Settings) -> Result<Findings, Error> {
        let (artifact, networks) = classifiers::stage(repetition, settings)?;
        analysis::stage(repetition, settings, &artifact, &networks)
    }

    fn record(&self, settings: &Settings, found: &[Findings]) -> Result<Record, Error> {
        Ok(record::record(settings, found))
    }
}
