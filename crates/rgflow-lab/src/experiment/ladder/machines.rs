//! The machines: mixture, hidden units and method of training.

use super::Settings;
use crate::artifact::progress::Plan;
use crate::study::course::{self, Course};
use rgflow::rbm::Method;

/// Samples in a batch of the exact gradient over those of other methods.
const EXACT: usize = 10;

/// A machine to be trained.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Machine {
    /// Place of its law.
    pub law: usize,
    pub hidden: usize,
    pub method: Method,
    /// Steps k of its chains.
    pub steps: usize,
    pub starts: usize,
    pub begin: Begin,
}

/// How a training begins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Begin {
    /// From random weights.
    Random,
    /// Grown: units are added one at a time.
    Single,
    /// Grown: from the machine of the same law with so many hidden units, to which the others are added.
    From(usize),
}

impl Machine {
    /// Trained from random weights.
    pub fn random(law: usize, hidden: usize, method: Method, steps: usize) -> Self {
        Self { law, hidden, method, steps, starts: 1, begin: Begin::Random }
    }

    /// Name of the training in keys: `exact`, `pcd`, `cd10`.
    pub fn training(&self) -> String {
        match self.method {
            Method::Cd => format!("cd{}", self.steps),
            Method::Exact => "exact".into(),
            _ if self.is_grown() => "grown".into(),
            other => other.to_string(),
        }
    }

    /// Whether units are added to a smaller machine.
    pub fn is_grown(&self) -> bool {
        self.begin != Begin::Random
    }

    /// Hidden units of the machine that it begins with.
    pub fn from(&self) -> Option<usize> {
        match self.begin {
            Begin::From(hidden) => Some(hidden),
            _ => None,
        }
    }

    /// Name of the machine among those of its lattice.
    pub fn name(&self) -> String {
        format!("N{}.{}", self.hidden, self.training())
    }

    /// The training in words.
    pub fn words(&self) -> String {
        let words = course::words(self.method, self.steps);
        if self.is_grown() { format!("grown, {words}") } else { words }
    }

    /// Updates of a training `times` as long as the settings say.
    pub fn updates(&self, settings: &Settings, times: usize) -> usize {
        let own = &settings.ladder;
        times * if self.is_exact() { *own.updates_exact } else { *own.updates }
    }

    fn is_exact(&self) -> bool {
        self.method == Method::Exact
    }

    /// How it is trained, `times` as long as the settings say.
    pub fn course(&self, settings: &Settings, times: usize) -> Course {
        let (own, updates) = (&settings.ladder, self.updates(settings, times));
        let batch = if self.is_exact() { EXACT * *own.batch } else { *own.batch };
        let (rate, chains) = (*own.learning_rate, *own.chains);
        let bound = (self.is_exact() || self.is_grown()).then_some(course::BOUND);
        Course { method: self.method, steps: self.steps, updates, rate, batch, chains, bound }
    }

    /// Work of its training, up to a factor.
    pub fn work(&self) -> usize {
        let steps = match self.method {
            Method::Tempering | Method::Trajectory => 10,
            // Ten times the chains of a batch.
            Method::Pcd => 10 * self.steps,
            _ => self.steps.max(2),
        };
        self.hidden * steps * self.starts
    }

    /// The stages of a machine of the name `name`, with the time that each is expected to take.
    pub fn cost(&self, settings: &Settings, name: &str, visible: usize) -> Plan {
        let trainings = if self.starts > 1 { 1.5 * self.starts as f64 } else { 1.0 };
        let parts = if self.begin == Begin::Single { self.hidden as f64 } else { 1.0 };
        let training = trainings * parts * self.course(settings, 1).seconds(visible, self.hidden);
        let ln_z = if self.hidden.min(visible) > 25 {
            20.0
        } else {
            1.3e-9 * 2f64.powi(self.hidden.min(visible) as i32) * visible as f64
        };
        Plan::new().stage("rbm", format!("rbm/{name}"), training).stage("law", format!("law/{name}"), 0.5 + ln_z)
    }
}
