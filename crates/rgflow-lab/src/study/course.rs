//! Course of a training towards the optimum of the likelihood: the learning rate falls to 0 over the second half, the
//! parameters are averaged over the last tenth. The exact gradient is followed by Adam.

use super::optimum::Ascent;
use super::values::{Named, Positive, Within};
use rgflow::learning::{Adam, Batching, Descent, Fall, Regulariser, Rule, Sgd};
use rgflow::rbm::{Method, Training};
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// Last part of the updates whose parameters are averaged.
const TAIL: f64 = 0.1;
/// Largest |w| of the exact gradient and of machines that grow. Data of T = 0, whose spins are all alike, would drive some weights without end, and sums over all states
/// would leave the range of f64. At 4 the probability of a spin against its field is 3e-4 and less.
pub const BOUND: f32 = 4.0;
/// First learning rate of Adam over that of plain ascent.
const ADAM: f64 = 0.1;

/// A training towards the optimum.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Course {
    pub method: Method,
    /// Steps k of its chains between updates.
    pub steps: usize,
    pub updates: usize,
    /// First learning rate of plain ascent; Adam, of the exact gradient, takes a tenth.
    pub rate: f64,
    /// Samples in a mini-batch.
    pub batch: usize,
    /// Chains that go on, of PCD; with tempering a tenth at each of ten temperatures.
    pub chains: usize,
    /// Largest |w| that is allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bound: Option<f32>,
}

impl Course {
    /// The training on so many `samples`.
    pub fn training(&self, samples: usize) -> Training {
        let updates = self.updates;
        let fall = Some(Fall { from: updates as u64 / 2, until: updates as u64 });
        let (rule, rate) = match self.method {
            Method::Exact => (Rule::Adam(Adam::default()), ADAM * self.rate),
            _ => (Rule::Sgd(Sgd), self.rate),
        };
        let regulariser = Regulariser { max_norm: self.bound, ..Regulariser::default() };
        Training {
            updates,
            batching: Batching::Mini { size: self.batch.min(samples), repeats: false },
            descent: Descent { fall, regulariser, ..Descent::new(rule, rate as f32) },
            cd_steps: self.steps,
            method: self.method,
            chains: self.ascent().chains,
            tail_average: TAIL,
            evaluate_every: updates,
            ..Training::default()
        }
    }

    /// Settings that the tests of the optimum ask for.
    pub fn ascent(&self) -> Ascent {
        let chains = match self.method {
            Method::Pcd => self.chains,
            method if method.is_persistent() => self.chains.div_ceil(10),
            _ => 0,
        };
        Ascent { method: self.method, chains, falls: true, averages: true }
    }

    /// Expected seconds of the training of a machine of so many units, on one core.
    pub fn seconds(&self, visible: usize, hidden: usize) -> f64 {
        let chains = match self.method {
            // Ten temperatures; measured to take three times as long as steps of as many chains.
            Method::Tempering | Method::Trajectory => 30 * self.steps,
            // Ten times the chains of a batch.
            Method::Pcd => 10 * self.steps,
            _ => self.steps.max(2),
        };
        let rows = (self.batch * hidden * chains * visible) as f64;
        let states = if self.method == Method::Exact { 2f64.powi(hidden as i32) * visible as f64 } else { 0.0 };
        self.updates as f64 * (5e-5 + 1e-10 * rows + 8e-10 * states)
    }
}

/// Settings of second machines beside those of the table `rbm`.
#[derive(Clone, Debug, Deserialize)]
pub struct Beside {
    pub method: Named<Choice>,
    pub updates: Within<10, 100_000_000>,
    pub learning_rate: Positive,
    pub chains: Within<1, 1_000_000>,
}

/// A method of training, or none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Choice(Option<Method>);

impl FromStr for Choice {
    type Err = String;

    /// "none", or the name of a [`Method`].
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "none" => Ok(Self(None)),
            name => name
                .parse()
                .map(|method| Self(Some(method)))
                .map_err(|why: String| why.replacen("must be ", "must be \"none\", ", 1)),
        }
    }
}

/// Most hidden units of a second machine by the exact gradient: their states are all visited at each update.
const MOST_EXACT: usize = 20;

impl Beside {
    /// The course of second machines of so many `hidden` units with mini-batches of `batch` samples; `None` where there
    /// are to be none.
    ///
    /// # Errors
    /// One line if the exact gradient would take too long.
    pub fn course(&self, hidden: usize, batch: usize) -> Result<Option<Course>, String> {
        let (updates, rate, chains) = (*self.updates, *self.learning_rate, *self.chains);
        let bound = |method| (method == Method::Exact).then_some(BOUND);
        let course = |method| Course { method, steps: 1, updates, rate, batch, chains, bound: bound(method) };
        match self.method.0 {
            Some(Method::Exact) if hidden > MOST_EXACT => Err(format!(
                "beside.method = \"exact\": visits all states of rbm.hidden = {hidden} units at each update; take at \
                 most {MOST_EXACT} units, or \"tempering\""
            )),
            method => Ok(method.map(course)),
        }
    }
}

/// A training in words: by `method`, with chains of `k` steps.
pub fn words(method: Method, k: usize) -> String {
    match method {
        Method::Exact => "exact gradient".into(),
        Method::MeanField => format!("mean-field CD-{k}"),
        Method::Tempering => format!("PCD-{k} with tempering"),
        Method::Trajectory => format!("PCD-{k} with trajectory tempering"),
        chains => format!("{}-{k}", chains.to_string().to_uppercase()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chains_and_batches_are_those_of_the_method() {
        let course =
            Course { method: Method::Pcd, steps: 2, updates: 100, rate: 0.5, batch: 80, chains: 1001, bound: None };
        let tempering = Course { method: Method::Tempering, ..course };
        let exact = Course { method: Method::Exact, ..course };
        assert_eq!([course, tempering, exact].map(|course| course.training(60).chains), [1001, 101, 0]);
        let training = course.training(60);
        assert!(matches!(training.batching, Batching::Mini { size: 60, .. }));
        assert!(training.descent.fall.is_some_and(|fall| (fall.from, fall.until) == (50, 100)));
        assert_eq!(words(Method::Tempering, 2), "PCD-2 with tempering");
        assert_eq!(words(Method::Cd, 3), "CD-3");
    }
}
