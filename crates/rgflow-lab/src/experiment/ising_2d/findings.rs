//! Findings of one repetition, in the form stored in its JSON files.

use crate::study::prelude::*;

/// Findings without a machine: thermal sets, nulls and block spins.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ThermalFindings {
    /// Mean over the test set, with its error over configurations.
    pub test_cross_entropy: Measured,
    pub best_epoch: usize,
    /// Readings of the reference set and its n_eff, per temperature.
    pub reference: Vec<Observed>,
    pub reference_n_eff: Vec<f64>,
    /// Readings of the start set, per temperature.
    pub start: Vec<Observed>,
    /// Readings of the mixture of each training set, without a machine.
    pub nulls: Vec<Observed>,
    pub blocked: Vec<Blocked>,
    /// Largest z-score between ordered and disordered starts, over the four sets and all temperatures.
    pub start_difference_z: f64,
}

/// Larger lattices after one or two block-spin steps.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Blocked {
    pub b: usize,
    pub steps: usize,
    /// Readings, per temperature.
    pub observed: Vec<Observed>,
    /// n_eff of the lattices before blocking, per temperature.
    pub n_eff: Vec<f64>,
    pub start_difference_z: f64,
}

impl Blocked {
    /// Name in keys: `b2`, `b2x2`.
    pub fn name(&self) -> String {
        super::blocked::block_name(self.b, self.steps)
    }

    /// Extent of the lattices before blocking, given the extent after it.
    pub fn size_before(&self, size: usize) -> usize {
        size * self.b.pow(self.steps as u32)
    }

    /// Name for people: `blocked once, b = 2`.
    pub fn words(&self) -> String {
        format!("blocked {}, b = {}", if self.steps == 1 { "once" } else { "twice" }, self.b)
    }
}

/// Findings from the snapshot of a training at one epoch.
pub(super) struct SnapshotFindings {
    pub epoch: usize,
    pub flows: ByMode<FlowFindings>,
}
