//! The recipe's values, parsed and validated.

use rgflow::lattice::Temperature;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    pub finite_size: FiniteSize,
    pub classifier: Classifier,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FiniteSize {
    pub sizes: Vec<usize>,
    pub temperatures: usize,
    pub reach: f64,
    pub samples: usize,
    pub chains: usize,
    pub blocks: usize,
    pub spacing: f64,
    pub burn_in: usize,
    pub degree: usize,
    pub omega: f64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Classifier {
    pub inputs: usize,
    pub half_width: f64,
    pub n_temperatures: usize,
    pub per_temperature: usize,
    pub far: f64,
    pub wrong: f64,
    pub wrong_reach: f64,
    pub hidden: usize,
    pub learning_rate: f64,
    pub batch: usize,
    pub epochs: usize,
}

/// Least blocks of the jackknife.
const BLOCKS: usize = 10;

impl Settings {
    pub fn parse(table: &toml::Table) -> Result<Self, String> {
        crate::study::checks::whole_numbers(table, "")?;
        let settings: Self = table.clone().try_into().map_err(|e: toml::de::Error| e.message().to_string())?;
        let (f, c) = (&settings.finite_size, &settings.classifier);
        crate::study::checks::check_rising("finite_size.sizes", &f.sizes, 1024)?;
        if f.sizes.len() < 3 || f.sizes[0] < 4 {
            return Err(format!(
                "finite_size.sizes = {:?}: must be three sizes or more, the smallest at least 4",
                f.sizes
            ));
        }
        for (key, value, least, most) in [
            ("finite_size.temperatures", f.temperatures, 3, 101),
            ("finite_size.chains", f.chains, 2, 1024),
            ("finite_size.burn_in", f.burn_in, 2, 1_000_000),
            ("finite_size.degree", f.degree, 1, 9),
            ("classifier.inputs", c.inputs, 2, 64),
            ("classifier.n_temperatures", c.n_temperatures, 4, 1000),
            ("classifier.per_temperature", c.per_temperature, 10, 100_000),
            ("classifier.hidden", c.hidden, 1, 4096),
            ("classifier.batch", c.batch, 1, 100_000),
            ("classifier.epochs", c.epochs, 1, 10_000),
        ] {
            if !(least..=most).contains(&value) {
                return Err(format!("{key} = {value}: must be {least} to {most}"));
            }
        }
        if let Some(size) = f.sizes.iter().find(|size| !size.is_multiple_of(c.inputs)) {
            return Err(format!(
                "classifier.inputs = {}: {size} of finite_size.sizes is no multiple of it, so that no blocks fit",
                c.inputs
            ));
        }
        if !f.blocks.is_multiple_of(f.chains) || f.blocks < BLOCKS {
            return Err(format!(
                "finite_size.blocks = {}: must be a multiple of finite_size.chains = {} and at least {BLOCKS}, fewer give no error by the \
                 jackknife",
                f.blocks, f.chains
            ));
        }
        if !f.samples.is_multiple_of(f.blocks) || f.samples < 10 * f.blocks || f.samples > 10_000_000 {
            return Err(format!(
                "finite_size.samples = {}: must be a multiple of finite_size.blocks = {}, at least ten times as many and at most 10000000",
                f.samples, f.blocks
            ));
        }
        let t_c = Temperature::CRITICAL.value();
        for (key, value, most) in [
            ("finite_size.reach", f.reach, 0.4 * t_c * f.sizes[0] as f64),
            ("finite_size.spacing", f.spacing, 1000.0),
            ("classifier.half_width", c.half_width, 2.0),
            ("classifier.far", c.far, 0.9 * c.half_width),
            ("classifier.wrong_reach", c.wrong_reach, 0.4 * t_c * f.sizes[0] as f64),
            ("classifier.learning_rate", c.learning_rate, 10.0),
        ] {
            if !(value > 0.0 && value <= most) {
                return Err(format!("{key} = {value}: must be above 0 and at most {most:.4}"));
            }
        }
        if !(0.0..=10.0).contains(&f.omega) {
            return Err(format!("finite_size.omega = {}: must be 0 (no correction) to 10", f.omega));
        }
        if !(t_c - 0.9 * c.half_width..0.98 * t_c).contains(&c.wrong) {
            return Err(format!(
                "classifier.wrong = {}: must lie among the training temperatures in the ordered phase, {:.3} to {:.3}",
                c.wrong,
                t_c - 0.9 * c.half_width,
                0.98 * t_c
            ));
        }
        Ok(settings)
    }

    /// Spontaneous magnetisation at the wrong label's temperature.
    pub fn threshold(&self) -> f64 {
        let wrong = Temperature::new(self.classifier.wrong).unwrap_or(Temperature::CRITICAL);
        rgflow::exact::infinite::magnetisation(wrong)
    }

    /// Temperatures about `centre` at which lattices of `size` are sampled.
    pub fn temperatures(&self, centre: f64, reach: f64, size: usize) -> Vec<f64> {
        let last = (self.finite_size.temperatures - 1) as f64;
        let x = |k: usize| reach * (2.0 * k as f64 / last - 1.0);
        (0..self.finite_size.temperatures).map(|k| centre + x(k) / size as f64).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{AnyExperiment, FiniteSize as Own};

    #[test]
    fn impossible_settings_are_named() {
        for (table, more, key) in [
            ("finite_size", "sizes = [8, 16]", "three sizes"),
            ("finite_size", "sizes = [16, 8, 32]", "finite_size.sizes"),
            ("finite_size", "blocks = 8", "at least 10"),
            ("finite_size", "samples = 100", "finite_size.samples"),
            ("finite_size", "reach = 100.0", "finite_size.reach"),
            ("finite_size", "omega = -1.0", "finite_size.omega"),
            ("classifier", "wrong = 3.0", "classifier.wrong"),
            ("classifier", "far = 0.5", "classifier.far"),
            ("classifier", "hidden = 0", "classifier.hidden"),
            ("classifier", "inputs = 3", "classifier.inputs"),
        ] {
            let mut all: toml::Table = Own.recipe().parse().unwrap();
            all[table].as_table_mut().unwrap().extend(more.parse::<toml::Table>().unwrap());
            let error = Settings::parse(&all).err().unwrap();
            assert!(error.contains(key), "{error}");
        }
    }
}
