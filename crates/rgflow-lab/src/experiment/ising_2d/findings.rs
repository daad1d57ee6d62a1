//! What one repetition found, as it lies in its JSON files.

use crate::study::prelude::*;

/// What needs no machine: thermal sets, nulls and block spins.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ThermalFindings {
    /// Mean over the test set, with its error over configurations.
    pub test_cross_entropy: Measured,
    pub best_epoch: usize,
    /// Reference set, per temperature: what the thermometers read of it, and its n_eff.
    pub reference: Vec<Observed>,
    pub reference_n_eff: Vec<f64>,
    /// Start set, per temperature.
    pub start: Vec<Observed>,
    /// The training mixture of each training set, without any machine.
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
    /// Per temperature.
    pub observed: Vec<Observed>,
    /// Per temperature, of the lattices before blocking.
    pub n_eff: Vec<f64>,
    pub start_difference_z: f64,
}

impl Blocked {
    /// Name in keys: `b2`, `b2x2`.
    pub fn name(&self) -> String {
        super::blocked::block_name(self.b, self.steps)
    }

    /// Extent of the lattices before blocking, given that after it.
    pub fn size_before(&self, size: usize) -> usize {
        size * self.b.pow(self.steps as u32)
    }

    /// In words: `blocked once, b = 2`.
    pub fn words(&self) -> String {
        format!("blocked {}, b = {}", if self.steps == 1 { "once" } else { "twice" }, self.b)
    }
}

/// The copy of a training at an epoch.
pub(super) struct SnapshotFindings {
    pub epoch: usize,
    pub flows: ByMode<FlowFindings>,
}
