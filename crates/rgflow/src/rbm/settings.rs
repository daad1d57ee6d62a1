//! How a machine is trained: the description.

use super::{Method, RbmError, StopOn};
use crate::learning::{Batching, Descent, LearningError, Rule, Sgd};

/// How a machine is trained.
///
/// ```
/// use rgflow::rbm::{Method, Training};
/// let training = Training { updates: 500, cd_steps: 3, method: Method::Pcd, ..Training::default() };
/// assert_eq!(training.evaluate_every, 100);
/// ```
#[derive(Clone, Debug)]
pub struct Training {
    /// Number of updates of the machine that is returned.
    pub updates: usize,
    /// The portions of the data. A last batch of a sweep that is not full is left out.
    pub batching: Batching,
    /// Optimiser, learning rate and its decay, regularisation.
    pub descent: Descent,
    /// Steps k of the negative phase of CD, PCD and mean-field CD.
    pub cd_steps: usize,
    /// The negative phase.
    pub method: Method,
    /// Chains that go on from update to update; 0 = as many as a batch has samples. Those of PCD start at as many
    /// samples of the data.
    pub chains: usize,
    /// Machines whose chains exchange states, the present one among them: the temperatures of [`Method::Tempering`]; of
    /// [`Method::Trajectory`] at most as many. 2 to 1000.
    pub temperatures: usize,
    /// Whether the gradient is centred: offsets of both layers are taken away, so that the direction of an update does
    /// not depend on which values the units have (Montavon and Müller 2012). The gradient is zero where the plain one
    /// is.
    pub centred: bool,
    /// Last part of the updates, in [0, 1), whose parameters are averaged into the machine that is returned; 0 = the
    /// last machine. The average is of at most about 1000 machines, evenly spaced.
    pub tail_average: f64,
    /// Updates between two evaluations of the test set's reconstruction cost, >= 1.
    pub evaluate_every: usize,
    /// Evaluations without a new optimum before stopping; 0 = never.
    pub patience: usize,
    /// The measure whose optimum is meant.
    pub stop_on: StopOn,
    /// Numbers of updates after which a snapshot is kept; where they exceed `updates`, or early stopping has come, the
    /// training goes on for them alone.
    pub snapshots: Vec<usize>,
}

impl Default for Training {
    /// 1000 updates of CD-1 with batches of 100, plain ascent at the rate 0.01, an evaluation every 100 updates.
    fn default() -> Self {
        Self {
            updates: 1000,
            batching: Batching::Mini { size: 100, repeats: false },
            descent: Descent::new(Rule::Sgd(Sgd), 0.01),
            cd_steps: 1,
            method: Method::Cd,
            chains: 0,
            temperatures: 10,
            centred: false,
            tail_average: 0.0,
            evaluate_every: 100,
            patience: 0,
            stop_on: StopOn::Reconstruction,
            snapshots: vec![],
        }
    }
}

impl Training {
    /// Refuses settings that cannot be, for `n` samples.
    pub(super) fn check(&self, n: usize) -> Result<(), RbmError> {
        self.descent.check()?;
        self.batching.check(n)?;
        for (name, value) in [("cd_steps", self.cd_steps), ("evaluate_every", self.evaluate_every)] {
            if value == 0 {
                return Err(LearningError::Setting { name, value: 0.0, range: "at least 1" }.into());
            }
        }
        let (name, value) = ("tail_average", self.tail_average);
        let range =
            if self.patience > 0 { "0 with early stopping (patience), which keeps one machine" } else { "in [0, 1)" };
        if !(0.0..1.0).contains(&value) || (self.patience > 0 && value > 0.0) {
            return Err(LearningError::Setting { name, value, range }.into());
        }
        Ok(())
    }
}
