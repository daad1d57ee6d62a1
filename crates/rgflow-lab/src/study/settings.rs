//! The recipe's values, parsed and validated.

use crate::artifact::memory::Need;
use serde::{Deserialize, Serialize};

pub const RECIPE: &str = include_str!("../experiment/ising_2d/recipe.toml");

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub lattice: Lattice,
    pub samples: Samples,
    pub thermometer: Thermometer,
    pub rbm: Rbm,
    pub flow: Flow,
    pub rg: Rg,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lattice {
    pub size: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sampler {
    Exact,
    Metropolis,
    Wolff,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Samples {
    pub sampler: Sampler,
    pub per_temperature: usize,
    pub t_max: f64,
    pub t_step: f64,
    pub calibration: usize,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thermometer {
    pub hidden: Vec<usize>,
    pub learning_rate: f64,
    pub batch: usize,
    pub epochs: usize,
    pub patience: usize,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rbm {
    pub hidden: usize,
    pub learning_rate: f64,
    pub batch: usize,
    pub cd_steps: usize,
    pub epochs: usize,
    pub weight_scale: f64,
    pub patience: usize,
    pub snapshot_epochs: Vec<usize>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flow {
    pub steps: usize,
    pub chains: usize,
    pub control_steps: usize,
    pub snapshot_steps: usize,
    pub snapshot_chains: usize,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rg {
    pub block_spin: bool,
    pub twice_per_temperature: usize,
}

impl Settings {
    /// Parses and validates resolved settings.
    pub fn parse(table: &toml::Table) -> Result<Self, String> {
        super::checks::whole_numbers(table, "")?;
        let sampler = table.get("samples").and_then(|samples| samples.get("sampler")).and_then(|name| name.as_str());
        if let Some(name) = sampler.filter(|name| !["exact", "metropolis", "wolff"].contains(name)) {
            return Err(format!("samples.sampler = \"{name}\": must be \"exact\", \"metropolis\" or \"wolff\""));
        }
        let settings: Self = table.clone().try_into().map_err(|e: toml::de::Error| e.message().to_string())?;
        settings.check()?;
        Ok(settings)
    }

    /// Validates the values.
    pub fn check(&self) -> Result<(), String> {
        let at_least = |key: &str, value: usize, least: usize| {
            if value >= least { Ok(()) } else { Err(format!("{key} = {value}: must be at least {least}")) }
        };
        let positive = |key: &str, value: f64| {
            let fine = value > 0.0 && value.is_finite();
            if fine { Ok(()) } else { Err(format!("{key} = {value}: must be a positive number")) }
        };
        let most = |key: &str, value: usize, most: usize| {
            if value <= most { Ok(()) } else { Err(format!("{key} = {value}: must be at most {most}")) }
        };
        // Beyond these a slip of the keyboard would fill memory or run for ever.
        for (key, value, limit) in [
            ("samples.per_temperature", self.samples.per_temperature, 1_000_000),
            ("samples.calibration", self.samples.calibration, 1_000_000),
            ("thermometer.hidden (number of layers)", self.thermometer.hidden.len(), 8),
            ("thermometer.batch", self.thermometer.batch, 1_000_000),
            ("thermometer.epochs", self.thermometer.epochs, 100_000),
            ("rbm.hidden", self.rbm.hidden, 10_000),
            ("rbm.cd_steps", self.rbm.cd_steps, 1000),
            ("rbm.epochs", self.rbm.epochs, 100_000),
            ("rbm.snapshot_epochs (number of snapshots)", self.rbm.snapshot_epochs.len(), 100),
            ("flow.steps", self.flow.steps, 1_000_000),
            ("flow.control_steps", self.flow.control_steps, 1_000_000),
            ("flow.snapshot_steps", self.flow.snapshot_steps, 1_000_000),
        ] {
            most(key, value, limit)?;
        }
        self.thermometer.hidden.iter().try_for_each(|n| most("thermometer.hidden", *n, 10_000))?;
        self.rbm.snapshot_epochs.iter().try_for_each(|e| most("rbm.snapshot_epochs", *e, 100_000))?;
        at_least("lattice.size", self.lattice.size, 3)?;
        most("lattice.size", self.lattice.size, 256)?;
        if self.samples.sampler == Sampler::Exact && self.lattice.size > 12 {
            let size = self.lattice.size;
            return Err(format!(
                "lattice.size = {size}: samples.sampler = \"exact\" reaches 12; set samples.sampler to \"wolff\""
            ));
        }
        at_least("samples.per_temperature", self.samples.per_temperature, 20)?;
        at_least("samples.calibration", self.samples.calibration, 20)?;
        positive("samples.t_step", self.samples.t_step)?;
        positive("samples.t_max", self.samples.t_max)?;
        super::checks::check_temperature_grid("samples", self.samples.t_max, self.samples.t_step)?;
        let (spins, limit) = (self.temperatures().len() * self.lattice.size.pow(2), 1_000_000_000);
        for (key, per) in [
            ("samples.per_temperature", self.samples.per_temperature),
            ("samples.calibration", self.samples.calibration),
        ] {
            if per * spins > limit {
                return Err(format!(
                    "{key} = {per}: a set of {} spins does not fit into memory; at most {} with this lattice and these temperatures",
                    per * spins,
                    limit / spins
                ));
            }
        }
        self.thermometer.hidden.iter().try_for_each(|n| at_least("thermometer.hidden", *n, 1))?;
        positive("thermometer.learning_rate", self.thermometer.learning_rate)?;
        at_least("thermometer.batch", self.thermometer.batch, 1)?;
        at_least("thermometer.epochs", self.thermometer.epochs, 1)?;
        at_least("rg.twice_per_temperature", self.rg.twice_per_temperature, 20)?;
        most("rg.twice_per_temperature", self.rg.twice_per_temperature, 100_000)?;
        at_least("rbm.hidden", self.rbm.hidden, 1)?;
        positive("rbm.learning_rate", self.rbm.learning_rate)?;
        at_least("rbm.batch", self.rbm.batch, 1)?;
        most("rbm.batch", self.rbm.batch, 2 * self.samples.per_temperature)?;
        at_least("rbm.cd_steps", self.rbm.cd_steps, 1)?;
        at_least("rbm.epochs", self.rbm.epochs, 1)?;
        if !(self.rbm.weight_scale >= 0.0 && self.rbm.weight_scale.is_finite()) {
            return Err(format!("rbm.weight_scale = {}: must be 0 or a positive number", self.rbm.weight_scale));
        }
        self.rbm.snapshot_epochs.iter().try_for_each(|e| at_least("rbm.snapshot_epochs", *e, 1))?;
        let epochs = &self.rbm.snapshot_epochs;
        if let Some(twice) = epochs.iter().enumerate().find_map(|(i, e)| epochs[..i].contains(e).then_some(e)) {
            return Err(format!("rbm.snapshot_epochs = {epochs:?}: {twice} is there twice; name it once"));
        }
        for (key, steps) in [
            ("flow.steps", self.flow.steps),
            ("flow.control_steps", self.flow.control_steps),
            ("flow.snapshot_steps", self.flow.snapshot_steps),
        ] {
            at_least(key, steps, 8)?;
        }
        for (key, chains) in [("flow.chains", self.flow.chains), ("flow.snapshot_chains", self.flow.snapshot_chains)] {
            at_least(key, chains, 20)?;
            most(&format!("{key} (samples.per_temperature is the limit)"), chains, self.samples.per_temperature)?;
        }
        Ok(())
    }

    /// The temperatures, ascending from 0.
    pub fn temperatures(&self) -> Vec<f64> {
        super::checks::temperature_grid(self.samples.t_max, self.samples.t_step)
    }

    /// Classes (positions in `temperatures`) of a training set.
    pub fn training_classes(&self, set: fn(f64, f64) -> bool) -> Vec<usize> {
        let temperatures = self.temperatures();
        let last = temperatures[temperatures.len() - 1];
        (0..temperatures.len()).filter(|k| set(temperatures[*k], last)).collect()
    }

    /// The largest arrays: four thermal sets; training and test set as numbers of 32 bits; a network and its optimiser; a machine
    /// and its gradient.
    pub fn needs(&self) -> Vec<Need> {
        let (t, sites, per) = (self.temperatures().len(), self.lattice.size.pow(2), self.samples.per_temperature);
        let sets = |key: &str, n: usize, bytes: usize, remedy| {
            Need::new(&[bytes, n, t, sites], format!("{key} = {n} at {t} temperatures of {sites} spins"), remedy)
        };
        let hidden = &self.thermometer.hidden;
        let layers: Vec<usize> = [sites].into_iter().chain(hidden.iter().copied()).chain([t]).collect();
        let weights = layers.windows(2).map(|pair| pair[0] * pair[1]).sum();
        let what = format!("rbm.hidden = {} of {sites} visible units", self.rbm.hidden);
        vec![
            sets("samples.per_temperature", per, 10, "take a smaller samples.per_temperature"),
            sets("samples.calibration", self.samples.calibration, 2, "take a smaller samples.calibration"),
            Need::new(&[16, weights], format!("thermometer.hidden = {hidden:?}"), "take smaller layers"),
            Need::new(&[8, sites, self.rbm.hidden], what, "take a smaller rbm.hidden"),
        ]
    }

    /// The larger lattices that are blocked.
    pub fn blocked(&self) -> Vec<Need> {
        let (t, per, twice) = (self.temperatures().len(), self.samples.per_temperature, self.rg.twice_per_temperature);
        let one = |key: &str, n: usize, b: usize, remedy| {
            let size = b * self.lattice.size;
            Need::new(
                &[n, size, size],
                format!("{key} = {n} of {size} x {size} spins at one of {t} temperatures"),
                remedy,
            )
        };
        if !self.rg.block_spin {
            return Vec::new();
        }
        vec![
            one("samples.per_temperature", per, 3, "take a smaller samples.per_temperature or rg.block_spin=false"),
            one("rg.twice_per_temperature", twice, 9, "take a smaller rg.twice_per_temperature or rg.block_spin=false"),
        ]
    }

    /// Updates in `epochs` passes through all temperatures.
    pub fn updates(&self, epochs: usize) -> usize {
        epochs * (self.temperatures().len() * self.samples.per_temperature / self.rbm.batch).max(1)
    }
}
