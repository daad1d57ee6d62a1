//! Stages of the studies of digits, with the time that each is expected to take.

use super::rbms::MachineSpec;
use super::settings::{Common, PIXELS};
use crate::study::costs;
use crate::study::prelude::*;

impl Common {
    /// The stage `name`: a classifier trained on `images`.
    pub fn classifier_plan(&self, name: &str, images: usize) -> Plan {
        let epochs = *self.classifier.epochs as f64;
        Plan::new().stage("classifier", name, costs::network(epochs, images, &self.layers(PIXELS)))
    }

    /// The stage of a machine.
    pub fn machine_plan(&self, spec: &MachineSpec) -> Plan {
        let weights = (PIXELS * *self.rbm.hidden) as f64;
        let last = spec.snapshots.iter().map(|epoch| **epoch).max().unwrap_or(0).max(*spec.training.epochs);
        Plan::new().stage(
            "rbm",
            format!("rbm/{}", spec.name),
            (last * spec.set.images()) as f64 * (2e-6 + 3e-10 * weights),
        )
    }

    /// The stages of its flows, or of those of its copy at an epoch.
    pub fn flow_plan(&self, spec: &MachineSpec, epoch: Option<usize>) -> Plan {
        let at = epoch.map_or(String::new(), |epoch| format!("-epoch{epoch}"));
        let (weights, each) = ((PIXELS * *self.rbm.hidden) as f64, *self.flow.chains as f64);
        let walk = |steps: usize| steps as f64 * 10.0 * each * (1e-7 + 1e-10 * weights);
        // All relabellings of the 45 pairs of digits, which only ends that all differ need.
        let compared = 45.0 * *self.flow.permutations as f64 * (2e-8 * each + 5e-10 * each * each);
        let name = |mode: &str| format!("flow/{}{at}-{mode}", spec.name);
        let (gibbs, mean) = (walk(*self.flow.steps.last()), walk(*self.flow.mean_steps.last()));
        // Most chains of the mean field come to rest.
        let plan = Plan::new().stage("flow-gibbs", name("gibbs"), 0.1 + compared + gibbs);
        plan.stage("flow-mean", name("mean"), 0.1 + compared + 0.15 * mean)
    }
}
