//! Tables shared by recipes on the 2D Ising model: lattice, samples, thermometer, machine, flow.

use super::checks::{check_temperature_grid, temperature_grid};
use super::course;
use super::optimum::Ascent;
use super::training::BelowOne;
use super::values::{self, List, NotNegative, Positive, Settings, Within, whole};
use crate::artifact::memory::Need;
use rgflow::rbm::Method;
use serde::{Deserialize, Serialize};

/// The recipe of ising-2d: default values for other recipes.
pub const RECIPE: &str = include_str!("ising-2d.toml");

/// Largest extent for the exact sampler.
pub const EXACT: usize = 12;

/// Passes through the data.
pub type Epochs = Within<1, 100_000>;
/// Units of a hidden layer.
pub type Units = Within<1, 10_000>;
/// Steps of a flow, at least the number that its windows need.
pub type Steps = Within<8, 1_000_000>;
/// Configurations of a set.
pub type Configurations = Within<20, 1_000_000>;

whole!(
    /// Spins along a side of a lattice with (L/2)^2 hidden units.
    EvenSide,
    |l| (4..=64).contains(&l) && l % 2 == 0,
    "must be even, 4 to 64"
);

/// Tables common to all studies of the torus.
#[derive(Clone, Debug, Deserialize)]
pub struct Torus {
    pub lattice: Lattice,
    pub samples: Samples,
    pub thermometer: Thermometer,
    pub rbm: Rbm,
    pub flow: Flow,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Lattice {
    pub size: Within<3, 256>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sampler {
    Exact,
    Metropolis,
    Wolff,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Samples {
    pub sampler: Sampler,
    pub per_temperature: Configurations,
    pub t_max: Positive,
    pub t_step: Positive,
    pub calibration: Configurations,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Thermometer {
    pub hidden: List<Units, 0, 8>,
    pub learning_rate: Positive,
    pub batch: Within<1, 1_000_000>,
    pub epochs: Epochs,
    pub patience: usize,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Rbm {
    pub hidden: Units,
    pub learning_rate: Positive,
    pub batch: Within<1, 2_000_000>,
    pub cd_steps: Within<1, 1000>,
    pub epochs: Epochs,
    pub weight_scale: NotNegative,
    pub patience: usize,
    pub snapshot_epochs: List<Epochs, 0, 100>,
    // Machines of the defaults have the stages they always had.
    #[serde(skip_serializing_if = "is_cd")]
    pub method: Method,
    #[serde(skip_serializing_if = "Within::is_zero")]
    pub chains: Within<0, 1_000_000>,
    #[serde(skip_serializing_if = "BelowOne::is_nothing")]
    pub fall: BelowOne,
    #[serde(skip_serializing_if = "NotNegative::is_nothing")]
    pub clip: NotNegative,
}

/// Whether it is contrastive divergence, as before there were other methods: keys of stages do not name it.
pub fn is_cd(method: &Method) -> bool {
    *method == Method::Cd
}

/// Checks that machines of so many visible and hidden units can be trained by the `method` of the table `rbm`.
///
/// # Errors
/// One line on the exact gradient of too many units.
pub fn check_method(method: Method, [visible, hidden]: [usize; 2]) -> Result<(), String> {
    match method {
        Method::Exact if visible.min(hidden) > LAYER => Err(format!(
            "rbm.method = \"exact\": sums over the states of the smaller layer, which has {} units; take \
             \"tempering\" or \"pcd\", or at most {LAYER} hidden units (rbm.hidden)",
            visible.min(hidden)
        )),
        _ => Ok(()),
    }
}

/// Most units of a layer whose states are all visited.
const LAYER: usize = 25;

impl Rbm {
    /// Largest norm of the gradient.
    pub fn clip(&self) -> Option<f32> {
        (!self.clip.is_nothing()).then_some(*self.clip as f32)
    }

    /// Its method in words.
    pub fn by(&self) -> String {
        course::words(self.method, *self.cd_steps)
    }

    /// Settings that the tests of the optimum ask for.
    pub fn ascent(&self) -> Ascent {
        let chains = match self.method.is_persistent() {
            true if self.chains.is_zero() => *self.batch,
            true => *self.chains,
            false => 0,
        };
        Ascent { method: self.method, chains, falls: !self.fall.is_nothing(), averages: false }
    }

    /// The training in words.
    pub fn trained_by(&self) -> String {
        let method = self.by();
        let fall = if *self.fall > 0.0 { ", falling to 0" } else { "" };
        format!("{} hidden units, {method}, rate {}{fall}, {} epochs", *self.hidden, *self.learning_rate, *self.epochs)
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Flow {
    pub steps: Steps,
    pub chains: Configurations,
}

impl Settings for Torus {
    /// Tables and keys missing from `table` have the values of [`RECIPE`].
    fn parse(table: &toml::Table) -> Result<Self, String> {
        let mut all: toml::Table = RECIPE.parse().map_err(|e: toml::de::Error| e.message().to_string())?;
        for (name, values) in table {
            if let (Some(toml::Value::Table(of)), toml::Value::Table(values)) = (all.get_mut(name), values) {
                of.extend(values.clone());
            }
        }
        let torus: Self = values::parse(&all)?;
        torus.check()?;
        Ok(torus)
    }
}

impl Torus {
    /// Checks the relations between values.
    ///
    /// # Errors
    /// One line that names the key, its value and the allowed values.
    pub fn check(&self) -> Result<(), String> {
        let (size, per) = (*self.lattice.size, *self.samples.per_temperature);
        if self.samples.sampler == Sampler::Exact && size > EXACT {
            return Err(format!(
                "lattice.size = {size}: samples.sampler = \"exact\" reaches {EXACT}; set samples.sampler to \"wolff\""
            ));
        }
        check_temperature_grid("samples", *self.samples.t_max, *self.samples.t_step)?;
        let (spins, limit) = (self.temperatures().len() * size.pow(2), 1_000_000_000);
        for (key, per) in [("samples.per_temperature", per), ("samples.calibration", *self.samples.calibration)] {
            if per * spins > limit {
                return Err(format!(
                    "{key} = {per}: a set of {} spins does not fit into memory; at most {} with this lattice and \
                     these temperatures",
                    per * spins,
                    limit / spins
                ));
            }
        }
        check_method(self.rbm.method, [size.pow(2), *self.rbm.hidden])?;
        if *self.rbm.batch > 2 * per {
            return Err(format!("rbm.batch = {}: must be at most {}", *self.rbm.batch, 2 * per));
        }
        self.check_chains("flow.chains", *self.flow.chains)
    }

    /// The same settings for `size` x `size` spins with (size / 2)^2 hidden units; sizes beyond the exact sampler are
    /// drawn by Wolff clusters.
    ///
    /// # Errors
    /// One line that names the key, its value and the allowed values.
    pub fn sized(&self, size: usize) -> Result<Self, String> {
        let mut torus = self.clone();
        torus.lattice.size = size.try_into()?;
        torus.rbm.hidden = (size / 2).pow(2).try_into()?;
        if size > EXACT && torus.samples.sampler == Sampler::Exact {
            torus.samples.sampler = Sampler::Wolff;
        }
        torus.check().map(|()| torus)
    }

    /// Checks that there are enough configurations to start `chains` from.
    ///
    /// # Errors
    /// One line that names `key`.
    pub fn check_chains(&self, key: &str, chains: usize) -> Result<(), String> {
        let limit = *self.samples.per_temperature;
        if chains <= limit {
            return Ok(());
        }
        Err(format!("{key} (samples.per_temperature is the limit) = {chains}: must be at most {limit}"))
    }

    /// The temperatures, ascending from 0.
    pub fn temperatures(&self) -> Vec<f64> {
        temperature_grid(*self.samples.t_max, *self.samples.t_step)
    }

    /// Positions of all temperatures.
    pub fn all(&self) -> Vec<usize> {
        (0..self.temperatures().len()).collect()
    }

    /// Positions of the temperatures for which `member` is true.
    pub fn classes(&self, member: impl Fn(f64) -> bool) -> Vec<usize> {
        let temperatures = self.temperatures();
        (0..temperatures.len()).filter(|k| member(temperatures[*k])).collect()
    }

    /// The largest arrays: four thermal sets; training and test set as 32-bit numbers; a network and its optimiser; a
    /// machine and its gradient.
    pub fn needs(&self) -> Vec<Need> {
        let (t, sites) = (self.temperatures().len(), self.lattice.size.pow(2));
        let sets = |key: &str, n: usize, bytes: usize, remedy| {
            Need::new(&[bytes, n, t, sites], format!("{key} = {n} at {t} temperatures of {sites} spins"), remedy)
        };
        let hidden = values::plain(&self.thermometer.hidden);
        let layers: Vec<usize> = [sites].into_iter().chain(hidden.iter().copied()).chain([t]).collect();
        let weights = layers.windows(2).map(|pair| pair[0] * pair[1]).sum();
        let what = format!("rbm.hidden = {} of {sites} visible units", *self.rbm.hidden);
        vec![
            sets(
                "samples.per_temperature",
                *self.samples.per_temperature,
                10,
                "take a smaller samples.per_temperature",
            ),
            sets("samples.calibration", *self.samples.calibration, 2, "take a smaller samples.calibration"),
            Need::new(&[16, weights], format!("thermometer.hidden = {hidden:?}"), "take smaller layers"),
            Need::new(&[8, sites, *self.rbm.hidden], what, "take a smaller rbm.hidden"),
        ]
    }

    /// Updates in one pass through all temperatures.
    pub fn updates(&self) -> usize {
        (self.temperatures().len() * *self.samples.per_temperature / *self.rbm.batch).max(1)
    }
}
