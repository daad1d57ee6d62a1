//! Settings of `ising-1d`: temperatures, training sets, learning rates, epochs.

use crate::study::checks::{check_temperature_grid, temperature_grid};
use crate::study::prelude::*;
use crate::study::settings::is_cd;
use ndarray::Array1;
use rgflow::exact::RingStates;
use rgflow::rbm::Method;
use rgflow::statistics::tail_of_errors;

type Epochs = Within<1, 10_000>;
/// Upper bound given by `chain.per_temperature`.
type Batch = Within<1, 100_000>;

/// Names of the training sets in keys and files.
pub(super) const SETS: [&str; 4] = ["all", "cold", "warm", "hot"];
pub(super) const ALL: usize = 0;
pub(super) const COLD: usize = 1;
pub(super) const WARM: usize = 2;
pub(super) const HOT: usize = 3;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Settings {
    pub(super) chain: Chain,
    pub(super) thermometer: Thermometer,
    pub(super) rbm: Rbm,
    pub(super) flow: Flow,
    pub(super) objectives: Objectives,
    pub(super) penalties: Penalties,
    /// Belongs to a stage of its own.
    #[serde(skip_serializing)]
    pub(super) optima: Optima,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Chain {
    pub spins: Within<3, 10>,
    pub t_max: Positive,
    pub t_step: Positive,
    pub per_temperature: Within<20, 100_000>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Thermometer {
    pub hidden: Within<1, 1000>,
    pub learning_rate: Positive,
    pub batch: Batch,
    pub epochs: Epochs,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Rbm {
    pub hidden: Within<1, 8>,
    pub learning_rate: Positive,
    pub other_rates: Vec<Positive>,
    pub batch: Batch,
    pub cd_steps: Within<1, 1000>,
    #[serde(skip_serializing_if = "is_cd")]
    pub method: Method,
    pub epochs: Epochs,
    pub snapshots: Rising<Epochs>,
    pub weight_scale: Positive,
    pub hot: Positive,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Flow {
    pub doublings: Within<1, 20>,
    pub starts: List<NotNegative, 1, 40>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Objectives {
    pub updates: Within<1, 1_000_000>,
    pub learning_rate: Positive,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Penalties {
    pub strengths: List<Positive, 1, 10>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Optima {
    pub units: Rising<Within<1, 16>>,
    pub starts: Within<1, 100>,
    pub learning_rate: Positive,
}

impl values::Settings for Settings {
    fn parse(table: &toml::Table) -> Result<Self, String> {
        let settings: Self = values::parse(table)?;
        let Self { chain, thermometer, rbm, .. } = &settings;
        let most = *chain.per_temperature;
        for (key, batch) in [("thermometer.batch", *thermometer.batch), ("rbm.batch", *rbm.batch)] {
            if batch > most {
                return Err(format!("{key} = {batch}: must be 1 to chain.per_temperature = {most}"));
            }
        }
        let rates = settings.rates();
        if let Some(twice) = (1..rates.len()).find(|i| rates[..*i].contains(&rates[*i])) {
            return Err(format!("rbm.other_rates = {}: is there twice; name it once", rates[twice]));
        }
        if !rbm.snapshots.contains(&rbm.epochs) || rbm.snapshots.len() > 40 {
            let (snapshots, epochs) = (values::plain(&rbm.snapshots), rbm.epochs);
            return Err(format!("rbm.snapshots = {snapshots:?}: must be at most 40 and hold rbm.epochs = {epochs}"));
        }
        check_temperature_grid("chain", *chain.t_max, *chain.t_step)?;
        Ok(settings)
    }
}

impl Settings {
    /// The temperatures, ascending from 0.
    pub(super) fn temperatures(&self) -> Vec<f64> {
        temperature_grid(*self.chain.t_max, *self.chain.t_step)
    }

    /// Temperatures of the training set at a position in [`SETS`].
    pub(super) fn trained_on(&self, set: usize) -> Vec<f64> {
        let all = self.temperatures();
        match set {
            ALL => all,
            COLD => vec![0.0],
            WARM => vec![all[all.len() - 1]],
            _ => vec![*self.rbm.hot],
        }
    }

    /// Whether the best test of all takes a collection at each temperature for one at a neighbouring temperature in at
    /// most one case of a thousand: by the overlap of the exact laws, of `chain.per_temperature` configurations each.
    pub(super) fn splits(&self) -> Result<Vec<bool>, Error> {
        /// Largest probability of a mistake.
        const MISTAKE: f64 = 1e-3;
        let (states, n) = (RingStates::new(*self.chain.spins)?, *self.chain.per_temperature as f64);
        let laws = self.temperatures().into_iter().map(|t| Ok(states.thermal(Temperature::new(t)?)));
        let laws = laws.collect::<Result<Vec<_>, Error>>()?;
        // Means of many configurations are normal: laws whose n-fold overlap is exp(-x) are 2 sqrt(2 x) deviations
        // apart, and the threshold between them is passed with the probability of sqrt(2 x) deviations, to one side.
        let is_split = |pair: &[Array1<f64>]| {
            let overlap: f64 = pair[0].iter().zip(&pair[1]).map(|(p, q)| (p * q).sqrt()).sum();
            0.5 * tail_of_errors((-2.0 * n * libm::log(overlap.min(1.0))).sqrt(), f64::INFINITY) < MISTAKE
        };
        let between: Vec<bool> = laws.windows(2).map(is_split).collect();
        let side = |i: Option<usize>| i.and_then(|i| between.get(i)).is_none_or(|split| *split);
        Ok((0..laws.len()).map(|k| side(k.checked_sub(1)) && side(Some(k))).collect())
    }

    /// All learning rates, the one of the figures first.
    pub(super) fn rates(&self) -> Vec<f64> {
        [&[self.rbm.learning_rate], &self.rbm.other_rates[..]].concat().iter().map(|rate| **rate).collect()
    }

    /// Position of the snapshot after `rbm.epochs`.
    pub(super) fn at_epochs(&self) -> usize {
        self.rbm.snapshots.iter().position(|epoch| *epoch == self.rbm.epochs).unwrap_or(0)
    }

    /// Updates in one pass through all temperatures.
    pub(super) fn updates_per_epoch(&self) -> usize {
        (self.temperatures().len() * *self.chain.per_temperature / *self.rbm.batch).max(1)
    }
}
