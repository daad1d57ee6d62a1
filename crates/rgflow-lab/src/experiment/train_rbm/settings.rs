//! Settings of `rgflow train rbm`: units, divergence, test fraction.

use crate::dataset::{Dataset, Kind};
use crate::study::optimum::Ascent;
use crate::study::prelude::*;
use crate::study::training::{BelowOne, Method};
use crate::study::values::{Auto, Named, real};
use rgflow::rbm::{self, StopOn, Units};

#[derive(Clone, Debug, Serialize)]
pub struct Settings {
    pub data: Data,
    pub machine: Machine,
    pub training: Training,
    pub samples: Samples,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Data {
    pub array: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub labels: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub weights: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub unknown: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shape: Vec<usize>,
    pub scale: f64,
    #[serde(skip_serializing_if = "Grey::is_means")]
    pub grey: Grey,
    #[serde(skip_serializing_if = "Standardise::is_auto")]
    pub standardise: Standardise,
    pub test_fraction: TestFraction,
}

real!(
    /// Fraction of the samples held out from training; 0: none.
    TestFraction,
    |x| x == 0.0 || (0.01..=0.9).contains(&x),
    "must be 0, or 0.01 to 0.9"
);

/// Meaning of grey levels, values in [0, 1], for the training.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Grey {
    /// Expectation values of the visible units, which have no likelihood.
    Means,
    /// Probabilities of bits, which are drawn afresh in each epoch, and once for what is measured.
    Drawn,
}

impl Grey {
    fn is_means(&self) -> bool {
        *self == Self::Means
    }
}

/// Whether real data are standardised for the training.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Standardise {
    Auto,
    Yes,
    No,
}

impl Standardise {
    /// Whether the units decide.
    fn is_auto(&self) -> bool {
        *self == Self::Auto
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Machine {
    pub hidden: Within<1, 10_000>,
    pub units: Named<Auto<Units>>,
    pub hidden_units: Named<Auto<Units>>,
    pub weight_scale: NotNegative,
    pub visible_bias: VisibleBias,
}

/// Initial visible biases: from each unit's mean, or 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VisibleBias {
    Data,
    Zero,
}

#[derive(Clone, Debug, Serialize)]
pub struct Training {
    #[serde(flatten)]
    pub divergence: Divergence,
    #[serde(flatten)]
    pub descent: Method,
}

/// The negative phase and the length of the training. Stages of settings that are their defaults have the keys they
/// always had.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Divergence {
    pub method: rbm::Method,
    pub steps: Within<0, 1000>,
    pub epochs: Within<0, 100_000>,
    pub patience: usize,
    #[serde(skip_serializing_if = "Within::is_zero")]
    pub chains: Within<0, 1_000_000>,
    #[serde(skip_serializing_if = "Within::is_zero")]
    pub temperatures: Within<0, 1000>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub centred: bool,
    #[serde(skip_serializing_if = "Within::is_zero")]
    pub grow: Within<0, 10_000>,
    #[serde(skip_serializing_if = "is_one")]
    pub starts: Within<1, 100>,
    #[serde(skip_serializing_if = "Schedule::is_constant")]
    pub schedule: Schedule,
    #[serde(skip_serializing_if = "BelowOne::is_nothing")]
    pub fall: BelowOne,
    #[serde(skip_serializing_if = "BelowOne::is_nothing")]
    pub tail_average: BelowOne,
    #[serde(skip_serializing_if = "is_reconstruction")]
    pub stop_on: StopOn,
    #[serde(skip_serializing_if = "Within::is_zero")]
    pub least_updates: Within<0, 1_000_000_000>,
    #[serde(skip_serializing_if = "NotNegative::is_nothing")]
    pub clip: NotNegative,
    #[serde(skip_serializing_if = "Within::is_zero")]
    pub along: Within<0, 100>,
}

fn is_reconstruction(on: &StopOn) -> bool {
    *on == StopOn::Reconstruction
}

fn is_one(starts: &Within<1, 100>) -> bool {
    **starts == 1
}

/// Course of the learning rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Schedule {
    Auto,
    Constant,
    Fall,
}

impl Schedule {
    fn is_constant(&self) -> bool {
        *self == Self::Constant
    }
}

impl Divergence {
    /// Chains of PCD by default, and of methods whose chains exchange states with those of other machines.
    const CHAINS: [usize; 2] = [1000, 100];
    /// Machines that exchange states by default.
    const TEMPERATURES: usize = 10;
    /// Updates of chains that go on at least, where the number of epochs is not chosen: those of small sets are few.
    const LEAST_UPDATES: usize = 10_000;

    /// Passes through data of `per_epoch` updates each.
    pub fn epochs_of(&self, per_epoch: usize) -> usize {
        self.least_updates.div_ceil(per_epoch.max(1)).max(*self.epochs)
    }

    /// Settings that the tests of the optimum ask for; of [`Settings::resolved`].
    pub fn ascent(&self) -> Ascent {
        let (falls, averages) = (!self.fall.is_nothing(), !self.tail_average.is_nothing());
        Ascent { method: self.method, chains: *self.chains, falls, averages }
    }

    /// With what the method decides where nothing was chosen.
    fn resolved(&self) -> Self {
        let mut own = self.clone();
        let chosen = |value: usize, default: usize| if value == 0 { default } else { value };
        let within = "a default within the range";
        let (persistent, aided) = (own.method.is_persistent(), own.method.is_aided());
        let least = if persistent && own.epochs.is_zero() { Self::LEAST_UPDATES } else { 0 };
        own.least_updates = chosen(*own.least_updates, least).try_into().expect(within);
        own.steps = chosen(*own.steps, if persistent && !aided { 2 } else { 1 }).try_into().expect(within);
        own.epochs = chosen(*own.epochs, if persistent { 100 } else { 50 }).try_into().expect(within);
        let chains = Self::CHAINS[usize::from(aided)];
        own.chains = if persistent { chosen(*own.chains, chains) } else { 0 }.try_into().expect(within);
        let temperatures = if aided { chosen(*own.temperatures, Self::TEMPERATURES) } else { 0 };
        own.temperatures = temperatures.try_into().expect(within);
        let settles = persistent || own.method == rbm::Method::Exact;
        if own.schedule == Schedule::Auto {
            own.schedule = if settles { Schedule::Fall } else { Schedule::Constant };
        }
        if own.schedule == Schedule::Constant {
            own.fall = BelowOne::NOTHING;
        }
        if *own.starts > 1 && own.tail_average.is_nothing() && own.patience == 0 {
            own.tail_average = BelowOne::TENTH;
        }
        own
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Samples {
    pub steps: Within<0, 1_000_000>,
}

impl values::Settings for Settings {
    fn parse(table: &toml::Table) -> Result<Self, String> {
        let (machine, divergence) = (values::part(table, "machine")?, values::part(table, "training")?);
        Ok(Self {
            data: values::part(table, "data")?,
            training: Training {
                descent: values::part(&with_rate(table, &machine, &divergence), "training")?,
                divergence,
            },
            machine,
            samples: values::part(table, "samples")?,
        })
    }
}

/// The settings with the learning rate of the method where none is chosen.
fn with_rate(table: &toml::Table, machine: &Machine, divergence: &Divergence) -> toml::Table {
    let mut table = table.clone();
    let rate = table.get_mut("training").and_then(|training| training.get_mut("learning_rate"));
    if let Some(rate) = rate.filter(|rate| rate.as_float() == Some(0.0) || rate.as_integer() == Some(0)) {
        *rate = toml::Value::Float(default_rate(machine, divergence));
    }
    table
}

/// Learning rate where none is chosen (measured in docs/design/training.md). Twice as large would be too much for means
/// of Gaussian units.
fn default_rate(machine: &Machine, divergence: &Divergence) -> f64 {
    let gaussian = [&machine.units, &machine.hidden_units]
        .into_iter()
        .any(|units| matches!(&**units, Auto::Is(Units::Gaussian(_))));
    if divergence.method.is_persistent() && !gaussian { 0.1 } else { 0.05 }
}

impl Data {
    /// Value that stands for an unknown one, if there is one.
    ///
    /// # Errors
    /// [`Error::User`] if it is no number.
    pub fn unknown(&self) -> Result<Option<f64>, Error> {
        let text = self.unknown.trim();
        if text.is_empty() {
            return Ok(None);
        }
        let number = text.parse().map_err(|_| {
            Error::user(format!(
                "data.unknown = \"{text}\": must be a number or nan, the value that stands \
                 for an unknown one"
            ))
        });
        number.map(Some)
    }
}

impl Settings {
    /// Refuses unknown values of `data` where the training cannot draw them; where none is unknown there are no marks.
    pub fn check_unknown(&self, data: &mut Dataset) -> Result<(), String> {
        data.unknown = data.unknown.take().filter(|unknown| unknown.iter().any(|u| *u));
        let of = |what: &str| Err(format!("data.unknown = \"{}\": {what}", self.data.unknown));
        match data.unknown {
            None => Ok(()),
            Some(_) if self.states().is_some() => of("unknown values of categorical units are not learnt from; \
                 leave such samples out"),
            Some(_) if self.draws(data) => of("grey levels that are drawn as bits have no unknown values; \
                 take data.grey = \"means\""),
            Some(_) => Ok(()),
        }
    }

    /// Refuses to standardise for units that are not Gaussian, and a tail average with early stopping.
    pub fn check(&self) -> Result<(), String> {
        let divergence = &self.training.divergence;
        if divergence.patience > 0 && *divergence.tail_average > 0.0 {
            return Err(format!(
                "training.tail_average = {}: must be 0 with early stopping (training.patience = {}), which keeps one \
                 machine",
                *divergence.tail_average, divergence.patience
            ));
        }
        if divergence.patience > 0 && self.trains_on_all() {
            return Err(format!(
                "training.patience = {}: early stopping needs samples that are held out, and data.test_fraction = 0; \
                 take 0.2, or patience = 0",
                divergence.patience
            ));
        }
        let gaussian = matches!(&*self.machine.units, Auto::Is(Units::Gaussian(_)));
        if self.data.standardise == Standardise::Yes && !gaussian {
            let units = self.machine.units.text();
            return Err(format!(
                "data.standardise = \"yes\": only Gaussian units are standardised, and machine.units = \"{units}\"; \
                 add --units gaussian"
            ));
        }
        Ok(())
    }

    /// The same with whether to standardise, and what the method of training decides, decided: stages of the defaults
    /// have the keys they always had.
    pub fn resolved(&self) -> Self {
        let mut settings = self.clone();
        settings.training.divergence = self.training.divergence.resolved();
        if self.data.standardise == Standardise::Auto && self.machine.units.text() == "gaussian" {
            settings.data.standardise = Standardise::Yes;
        }
        settings
    }

    /// Whether no samples are held out.
    pub fn trains_on_all(&self) -> bool {
        *self.data.test_fraction == 0.0
    }

    /// Fewest samples of a training.
    pub fn least_samples(&self) -> usize {
        if self.trains_on_all() { 1 } else { 4 }
    }

    /// Whether the data are standardised; of [`Settings::resolved`].
    pub fn standardises(&self) -> bool {
        self.data.standardise == Standardise::Yes
    }

    /// Whether the data may be any real numbers.
    pub fn real(&self) -> bool {
        matches!(&*self.machine.units, Auto::Is(units) if units.range().is_none())
    }

    /// The two values of the visible units, where they are chosen.
    pub fn levels(&self) -> Option<[f32; 2]> {
        match &*self.machine.units {
            Auto::Is(units) if units.levels().is_some() => units.range().map(|(low, high)| [low, high]),
            _ => None,
        }
    }

    /// States of a site of categorical units.
    pub fn states(&self) -> Option<usize> {
        let Auto::Is(units @ Units::Categorical(_)) = &*self.machine.units else { return None };
        units.sites().map(|sites| sites.states())
    }

    /// Whether bits are drawn from the grey levels `data`.
    pub fn draws(&self, data: &Dataset) -> bool {
        self.data.grey == Grey::Drawn && data.kind == Kind::Grey
    }

    /// Kind of the visible units.
    pub fn visible(&self, data: &Dataset) -> Units {
        match &*self.machine.units {
            Auto::Is(units) => units.clone(),
            Auto::Auto if data.kind == Kind::Spins => Units::SPIN,
            Auto::Auto => Units::BINARY,
        }
    }

    /// Kinds of units of both layers, checked against the data.
    pub fn units(&self, data: &Dataset) -> Result<(Units, Units), String> {
        let visible = self.visible(data);
        if let Some((low, high)) = visible.range()
            && let Some(bad) = data.misfit(low, high)
        {
            return Err(format!(
                "machine.units = \"{}\": the data is {} and holds {bad}; choose the units that the data has",
                self.machine.units.text(),
                data.kind.name()
            ));
        }
        if self.draws(data) && visible != Units::BINARY {
            let units = self.machine.units.text();
            return Err(format!(
                "data.grey = \"drawn\": bits 0 and 1 are drawn, and machine.units = \"{units}\"; take --units binary"
            ));
        }
        data.check(&visible).map_err(|why| format!("machine.units = \"{}\": {why}", self.machine.units.text()))?;
        let hidden = match &*self.machine.hidden_units {
            Auto::Is(units) => units.clone(),
            Auto::Auto => visible.levels().map_or(Units::BINARY, |_| visible.clone()),
        };
        Ok((visible, hidden))
    }
}

#[cfg(test)]
mod tests {
    use super::super::TrainRbm;
    use super::*;

    #[test]
    fn all_samples_may_be_trained_on() {
        let all = "data.test_fraction=0";
        let settings = changed::<TrainRbm>(&[all]).unwrap();
        assert!(settings.trains_on_all() && settings.check().is_ok() && settings.least_samples() == 1);
        assert!(!changed::<TrainRbm>(&[]).unwrap().trains_on_all());
        let stops = changed::<TrainRbm>(&[all, "training.patience=3"]).unwrap().check().unwrap_err();
        assert!(stops.contains("training.patience = 3") && stops.contains("data.test_fraction = 0"), "{stops}");
        assert_refused::<TrainRbm>(&[("data.test_fraction=0.005", "must be 0, or 0.01 to 0.9")]);
    }

    /// Learning rate and updates by method, where none are chosen; what is chosen stays.
    #[test]
    fn defaults_follow_the_method() {
        let of = |changes: &[&str]| {
            let settings = changed::<TrainRbm>(changes).unwrap().resolved();
            let divergence = &settings.training.divergence;
            (*settings.training.descent.learning_rate, *divergence.epochs, divergence.epochs_of(10))
        };
        assert_eq!(of(&[]), (0.05, 50, 50));
        assert_eq!(of(&["training.method=\"exact\""]), (0.05, 50, 50));
        let pcd = "training.method=\"pcd\"";
        assert_eq!(of(&[pcd]), (0.1, 100, 1000));
        assert_eq!(of(&[pcd, "machine.units=\"gaussian:0.5\""]).0, 0.05);
        assert_eq!(of(&[pcd, "training.epochs=100", "training.learning_rate=0.2"]), (0.2, 100, 100));
        assert_eq!(of(&[pcd, "training.epochs=5", "training.least_updates=205"]), (0.1, 5, 21));
        assert_eq!(of(&["training.learning_rate=0"]).0, 0.05);
        assert!(changed::<TrainRbm>(&["training.learning_rate=-0.1"]).is_err());
    }
}
