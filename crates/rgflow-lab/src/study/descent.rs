//! The settings of a training that recipes share: optimiser, learning rate, regularisation, batches.

use crate::artifact::Error;
use rgflow::learning::{Batching, Descent, Momentum, Regulariser, Rule};
use rgflow::nn::NnError;
use rgflow::rbm::RbmError;
use serde::{Deserialize, Serialize};

/// Failures of the training of a network whose learning rate is the setting `rate`.
pub fn of_network(rate: &'static str) -> impl Fn(NnError) -> Error + Copy {
    move |error| match error {
        NnError::Diverged { sign, rate: value } => diverged(&sign, rate, value),
        other => other.into(),
    }
}

/// The same of a machine.
pub fn of_machine(rate: &'static str) -> impl Fn(RbmError) -> Error + Copy {
    move |error| match error {
        RbmError::Diverged { sign, learning_rate, .. } => diverged(&sign, rate, learning_rate),
        other => other.into(),
    }
}

fn diverged(sign: &str, rate: &str, value: f32) -> Error {
    Error::failure(format!("the training diverged: {sign}; lower {rate} = {value:e}"))
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
