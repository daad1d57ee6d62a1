//! Trainings in stages, common to all experiments, and settings of a descent shared by recipes.

use super::values::{Named, NotNegative, Positive, Within, real};
use crate::artifact::{Error, StageOut};
use ndarray::ArrayView2;
use rgflow::learning::{Batching, Descent, Momentum, Regulariser, Rule};
use rgflow::nn::{self, Cost, Data, Mlp, NnError};
use rgflow::rbm::{self, FreshSamples, Rbm, RbmError, Samples};
use serde::{Deserialize, Serialize};

/// Settings to lower if a training diverges: keys and values.
pub type Lower<'a> = &'a [(&'static str, f64)];

/// Training of a network in a stage.
pub struct NetworkFit<'a> {
    /// Purpose of its random streams.
    pub purpose: &'a str,
    /// Part under which an interrupted training is saved, unique in the stage.
    pub part: &'a str,
    pub epochs: usize,
    pub batching: Batching,
    pub descent: Descent,
    /// Epochs without a new minimum of the test cost before it stops; 0 = never.
    pub patience: usize,
    pub lower: Lower<'a>,
    /// Units of progress per epoch; the stage has announced all epochs.
    pub units: u64,
}

impl NetworkFit<'_> {
    /// Trains `mlp` with the cost that matches its output; returns the network of least test cost, and the learning
    /// curve.
    ///
    /// # Errors
    /// [`Error::Interrupted`] after a signal; a failure that names the settings to lower if the training diverges.
    pub fn run<'d>(&self, out: &StageOut, mlp: Mlp, train: Data<'d>, test: Data<'d>) -> Result<nn::Trained, Error> {
        let cost = Cost::matched(mlp.output).ok_or_else(|| Error::failure("no cost goes with the output"))?;
        let Self { epochs, batching, descent, patience, .. } = *self;
        let training = nn::Training { epochs, batching, descent, cost, patience };
        let failure = |error| match error {
            NnError::Diverged { sign, .. } => diverged(&sign, self.lower),
            other => other.into(),
        };
        let per_epoch = batching.updates(train.x.nrows()) as u64;
        let fit = nn::Fit::new(mlp, train, test, &training, out.streams().of(self.purpose));
        let mut fit = fit.map_err(failure)?;
        let done = out.complete(self.part, &mut fit, &|updates| updates * self.units / per_epoch)?;
        out.tick(epochs as u64 * self.units - done)?;
        fit.finish().map_err(failure)
    }
}

/// Samples of the training of an RBM.
#[derive(Clone, Copy)]
pub struct MachineData<'a> {
    pub train: Samples<'a>,
    /// Their weights, if they are not equal.
    pub weights: Option<&'a [f64]>,
    /// Marks of their unknown values, if there are any.
    pub unknown: Option<ArrayView2<'a, bool>>,
    pub test: Samples<'a>,
    /// Training samples whose cost is measured too.
    pub measured: Option<Samples<'a>>,
    /// Training samples of each epoch, where they are drawn.
    pub fresh: Option<FreshSamples<'a>>,
}

impl<'a> MachineData<'a> {
    /// Of which only the cost of the samples `test` is measured.
    pub fn new(train: impl Into<Samples<'a>>, test: impl Into<Samples<'a>>) -> Self {
        Self { train: train.into(), weights: None, unknown: None, test: test.into(), measured: None, fresh: None }
    }
}

/// Training of an RBM in a stage; its epochs are those of `training.evaluate_every`.
pub struct MachineFit<'a> {
    /// Purpose of its random streams.
    pub purpose: &'a str,
    /// Part under which an interrupted training is saved, unique in the stage.
    pub part: &'a str,
    pub training: rbm::Training,
    /// Updates between two measurements of ln p of the test set; 0 = none.
    pub likelihood_every: usize,
    pub lower: Lower<'a>,
    /// Units of progress per epoch; the stage has announced all epochs.
    pub units: u64,
}

impl MachineFit<'_> {
    /// Trains `start`.
    ///
    /// # Errors
    /// As [`NetworkFit::run`].
    pub fn run(&self, out: &StageOut, start: Rbm, data: &MachineData) -> Result<rbm::Trained, Error> {
        let failure = |error| match error {
            RbmError::Diverged { sign, .. } => diverged(&sign, self.lower),
            other => other.into(),
        };
        let (training, per_epoch) = (&self.training, self.training.evaluate_every.max(1) as u64);
        let longest = training.snapshots.iter().copied().max().unwrap_or(0).max(training.updates) as u64;
        let mut fit =
            rbm::Fit::new(start, data.train, data.test, training, out.streams().of(self.purpose)).map_err(failure)?;
        fit = fit.with_likelihood(self.likelihood_every);
        if let Some(weights) = data.weights {
            fit = fit.with_weights(weights).map_err(failure)?;
        }
        if let Some(unknown) = data.unknown {
            let random = out.streams().bulk(&format!("{}/unknown", self.purpose), 0);
            fit = fit.with_unknown(unknown, random).map_err(failure)?;
        }
        if let Some(fresh) = data.fresh {
            fit = fit.with_fresh_samples(fresh)?;
        }
        if let Some(measured) = data.measured {
            fit = fit.with_training_cost(measured).map_err(failure)?;
        }
        let units = |updates: u64| updates * self.units / per_epoch;
        let done = match out.complete(self.part, &mut fit, &units) {
            Err(Error::Interrupted) if out.is_in_memory() => return Ok(fit.so_far()),
            done => done?,
        };
        out.tick(units(longest) - done)?;
        fit.finish().map_err(failure)
    }
}

fn diverged(sign: &str, lower: Lower) -> Error {
    let settings: Vec<String> = lower.iter().map(|(key, value)| format!("{key} = {value:e}")).collect();
    Error::failure(format!("the training diverged: {sign}; lower {}", settings.join(" or ")))
}

/// Part of a table `[training]`: the rule of descent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Method {
    pub optimiser: Named<Rule>,
    pub learning_rate: Positive,
    pub decay: NotNegative,
    pub momentum: BelowOne,
    pub l1_weights: NotNegative,
    pub l2_weights: NotNegative,
    pub l1_biases: NotNegative,
    pub l2_biases: NotNegative,
    pub max_norm: NotNegative,
    pub batches: Batches,
    pub batch: Within<1, 1_000_000>,
}

real!(
    /// A fraction below 1: a decay rate, a part of the updates.
    BelowOne,
    |x| (0.0..1.0).contains(&(x as f32)),
    "must be 0 or above, and below 1"
);

impl BelowOne {
    /// 0.
    pub const NOTHING: Self = Self(0.0);
    /// A tenth.
    pub const TENTH: Self = Self(0.1);

    /// Whether it is 0.
    pub fn is_nothing(&self) -> bool {
        self.0 == 0.0
    }
}

/// Division of the data into batches, one per update.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Batches {
    Mini,
    Repeats,
    Full,
    Stochastic,
}

impl Method {
    /// The rule of descent with its parameters.
    pub fn descent(&self) -> Descent {
        let rule = match *self.optimiser {
            Rule::Momentum(_) => Rule::Momentum(Momentum { alpha: *self.momentum }),
            rule => rule,
        };
        let regulariser = Regulariser {
            lambda_w: *self.l1_weights as f32,
            mu_w: *self.l2_weights as f32,
            lambda_b: *self.l1_biases as f32,
            mu_b: *self.l2_biases as f32,
            max_norm: (*self.max_norm != 0.0).then_some(*self.max_norm as f32),
        };
        Descent { rule, rate: *self.learning_rate as f32, decay: *self.decay, fall: None, clip: None, regulariser }
    }

    /// Division of the data into batches.
    pub fn batching(&self) -> Batching {
        match self.batches {
            Batches::Mini => Batching::Mini { size: *self.batch, repeats: false },
            Batches::Repeats => Batching::Mini { size: *self.batch, repeats: true },
            Batches::Full => Batching::Full,
            Batches::Stochastic => Batching::Stochastic,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::values;
    use super::*;

    #[test]
    fn values_that_cannot_be_are_named_by_their_key() {
        let recipe = include_str!("../experiment/train_thermometer/recipe.toml");
        let with = |change: &str| {
            let mut table: toml::Table = recipe.parse().unwrap();
            let change: toml::Table = change.parse().unwrap();
            table["training"].as_table_mut().unwrap().extend(change);
            values::part::<Method>(&table, "training")
        };
        let fine = with("optimiser = \"momentum\"\nl2_weights = 0.5").unwrap().descent();
        assert!(fine.check().is_ok() && fine.regulariser.mu_w == 0.5);
        for (change, refusal) in [
            ("optimiser = \"newton\"", "training.optimiser = \"newton\": must be one of"),
            ("momentum = 1.5", "training.momentum = 1.5: must be"),
            ("l2_biases = -1.0", "training.l2_biases = -1.0: must be 0 or"),
            ("learning_rate = 0.0", "training.learning_rate = 0.0: must be a positive"),
            ("learning_rate = 1e-60", "training.learning_rate = 1e-60: must be a positive"),
            ("batch = 0", "training.batch = 0: must be 1 to"),
            ("batches = \"some\"", "training.batches = \"some\": must be one of \"mini\""),
        ] {
            let error = with(change).unwrap_err();
            assert!(error.starts_with(refusal), "{error}");
        }
    }
}
