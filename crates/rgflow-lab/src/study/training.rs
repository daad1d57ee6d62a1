//! Trainings in stages, one way for all experiments, and the settings of a descent that recipes share.

use crate::artifact::{Error, StageOut};
use rgflow::learning::{Batching, Descent, Momentum, Regulariser, Rule};
use rgflow::nn::{self, Cost, Data, Mlp, NnError};
use rgflow::rbm::{self, Rbm, RbmError, Samples};
use serde::{Deserialize, Serialize};

/// Settings to lower where a training diverges: keys and values.
pub type Lower<'a> = &'a [(&'static str, f64)];

/// How a network is trained in a stage.
pub struct NetworkFit<'a> {
    /// Of its random streams.
    pub purpose: &'a str,
    /// Under which a stopped training is kept, unique in the stage.
    pub part: &'a str,
    pub epochs: usize,
    pub batching: Batching,
    pub descent: Descent,
    /// Epochs without a new minimum of the test cost before it stops; 0 = never.
    pub patience: usize,
    pub lower: Lower<'a>,
    /// Units of progress of an epoch; the stage has announced all epochs.
    pub units: u64,
}

impl NetworkFit<'_> {
    /// Trains `mlp` with the cost that its output goes with; the network of the least test cost, and the learning curve.
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
        let fit = nn::Fit::new(mlp, train, test, &training, out.streams(), self.purpose);
        let mut fit = fit.map_err(failure)?;
        let done = out.complete(self.part, &mut fit, &|updates| updates * self.units / per_epoch)?;
        out.tick(epochs as u64 * self.units - done)?;
        fit.finish().map_err(failure)
    }
}

/// How a machine is trained in a stage; its epochs are those of `training.evaluate_every`.
pub struct MachineFit<'a> {
    /// Of its random streams.
    pub purpose: &'a str,
    /// Under which a stopped training is kept, unique in the stage.
    pub part: &'a str,
    pub training: rbm::Training,
    pub lower: Lower<'a>,
    /// Units of progress of an epoch; the stage has announced all epochs.
    pub units: u64,
}

impl MachineFit<'_> {
    /// Trains `start` on `data`, its reconstruction cost measured on `test`, and on `measured` of the data where there is some.
    ///
    /// # Errors
    /// As [`NetworkFit::run`].
    pub fn run<'d>(
        &self,
        out: &StageOut,
        start: Rbm,
        data: impl Into<Samples<'d>>,
        test: impl Into<Samples<'d>>,
        measured: Option<Samples<'d>>,
    ) -> Result<rbm::Trained, Error> {
        let failure = |error| match error {
            RbmError::Diverged { sign, .. } => diverged(&sign, self.lower),
            other => other.into(),
        };
        let (training, per_epoch) = (&self.training, self.training.evaluate_every.max(1) as u64);
        let longest = training.snapshots.iter().copied().max().unwrap_or(0).max(training.updates) as u64;
        let mut fit = rbm::Fit::new(start, data, test, training, out.streams(), self.purpose).map_err(failure)?;
        if let Some(measured) = measured {
            fit = fit.with_training_cost(measured).map_err(failure)?;
        }
        let units = |updates: u64| updates * self.units / per_epoch;
        let done = out.complete(self.part, &mut fit, &units)?;
        out.tick(units(longest) - done)?;
        fit.finish().map_err(failure)
    }
}

fn diverged(sign: &str, lower: Lower) -> Error {
    let settings: Vec<String> = lower.iter().map(|(key, value)| format!("{key} = {value:e}")).collect();
    Error::failure(format!("the training diverged: {sign}; lower {}", settings.join(" or ")))
}

/// The part of a table `[training]` that says how parameters change.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Method {
    pub optimiser: String,
    pub learning_rate: f64,
    pub decay: f64,
    pub momentum: f64,
    pub l1_weights: f64,
    pub l2_weights: f64,
    pub l1_biases: f64,
    pub l2_biases: f64,
    pub max_norm: f64,
    pub batches: String,
    pub batch: usize,
}

impl Method {
    /// The description of the descent; `table` is the name of the table, for messages.
    pub fn descent(&self, table: &str) -> Result<Descent, String> {
        let rule = match self.optimiser.parse::<Rule>().map_err(|e| format!("{table}.{e}"))? {
            Rule::Momentum(_) => Rule::Momentum(Momentum { alpha: self.momentum }),
            rule => rule,
        };
        let descent = Descent {
            rule,
            rate: self.learning_rate as f32,
            decay: self.decay,
            regulariser: Regulariser {
                lambda_w: self.l1_weights as f32,
                mu_w: self.l2_weights as f32,
                lambda_b: self.l1_biases as f32,
                mu_b: self.l2_biases as f32,
                max_norm: (self.max_norm != 0.0).then_some(self.max_norm as f32),
            },
        };
        // The library's names of the numbers, and the recipe's.
        let keys = [
            ("alpha", "momentum"),
            ("lambda_w", "l1_weights"),
            ("mu_w", "l2_weights"),
            ("lambda_b", "l1_biases"),
            ("mu_b", "l2_biases"),
        ];
        descent.check().map_err(|e| {
            let message = e.to_string();
            let renamed = keys.iter().find_map(|(ours, key)| Some(format!("{key}{}", message.strip_prefix(ours)?)));
            format!("{table}.{}", renamed.unwrap_or(message))
        })?;
        Ok(descent)
    }

    /// The portions of the data.
    pub fn batching(&self, table: &str) -> Result<Batching, String> {
        if self.batch == 0 || self.batch > 1_000_000 {
            return Err(format!("{table}.batch = {}: must be 1 to 1000000", self.batch));
        }
        match self.batches.as_str() {
            "mini" => Ok(Batching::Mini { size: self.batch, repeats: false }),
            "repeats" => Ok(Batching::Mini { size: self.batch, repeats: true }),
            "full" => Ok(Batching::Full),
            "stochastic" => Ok(Batching::Stochastic),
            other => {
                Err(format!("{table}.batches = \"{other}\": must be \"mini\", \"repeats\", \"full\" or \"stochastic\""))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn method() -> Method {
        Method {
            optimiser: "momentum".into(),
            learning_rate: 0.1,
            decay: 0.0,
            momentum: 0.9,
            l1_weights: 0.0,
            l2_weights: 0.5,
            l1_biases: 0.0,
            l2_biases: 0.0,
            max_norm: 0.0,
            batches: "mini".into(),
            batch: 10,
        }
    }

    #[test]
    fn values_that_cannot_be_are_named_by_their_key() {
        assert_eq!(method().descent("rbm").unwrap().regulariser.mu_w, 0.5);
        let refused = |change: fn(&mut Method)| {
            let mut m = method();
            change(&mut m);
            m.descent("rbm").and_then(|_| m.batching("rbm").map(|_| ())).unwrap_err()
        };
        assert!(refused(|m| m.optimiser = "newton".into()).starts_with("rbm.optimiser \"newton\": must be one of"));
        assert!(refused(|m| m.momentum = 1.5).starts_with("rbm.momentum = 1.5"));
        assert!(refused(|m| m.l2_biases = -1.0).starts_with("rbm.l2_biases = -1"));
        assert!(refused(|m| m.learning_rate = 0.0).starts_with("rbm.learning_rate = 0"));
        assert!(refused(|m| m.batch = 0).starts_with("rbm.batch = 0"));
        assert!(refused(|m| m.batches = "some".into()).contains("stochastic"));
    }
}
