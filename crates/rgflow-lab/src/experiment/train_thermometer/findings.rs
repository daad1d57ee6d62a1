//! What one repetition found.

use crate::record::Measured;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Findings {
    /// Mean cross-entropy of the test set, nats, error over samples.
    pub cross_entropy: Measured,
    /// Fraction of the test set whose most probable label is right, error over samples.
    pub accuracy: Measured,
    pub best_epoch: usize,
    /// (epoch, cost of training samples, cost of the test set).
    pub learning: Vec<(usize, f64, f64)>,
    /// Mean P(label | sample) of the reference set by true label, with errors: `[true][read]`.
    pub curves: Vec<Vec<Measured>>,
    /// T* of the test set of each temperature (temperatures only), and its interval.
    pub t_star: Vec<(Measured, Option<[Option<f64>; 2]>)>,
    /// Samples in training, test and reference.
    pub samples: [usize; 3],
}
