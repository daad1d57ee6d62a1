//! What one repetition found.

use crate::record::Measured;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Findings {
    /// Samples in training and test.
    pub samples: [usize; 2],
    pub updates: usize,
    /// Visible and hidden units, by name.
    pub units: [String; 2],
    /// Epoch, reconstruction cost per sample of training samples and of the test set, mean squared weight.
    pub learning: Vec<[f64; 4]>,
    /// Reconstruction cost per sample with its error over samples: training, test, and test of the mean of the data.
    pub reconstruction: [Measured; 3],
    /// ln p per sample, nats, error over samples: training and test, and of independent units; where ln Z can be had.
    pub log_likelihood: Option<[Measured; 3]>,
    /// Why not, else.
    pub no_likelihood: Option<String>,
    pub ln_z: Option<f64>,
    /// Mean free energy of the test set less that of the training set: > 0 shows overfitting.
    pub free_energy_gap: Measured,
    /// Largest |w|, and the fraction of weights above a tenth of it.
    pub largest_weight: f64,
    pub weights_in_use: f64,
    /// Pictures: weights of hidden units, test samples with their reconstructions, states drawn from the machine.
    pub weights: Vec<Vec<f32>>,
    pub pairs: Vec<[Vec<f32>; 2]>,
    pub drawn: Vec<Vec<f32>>,
}
