//! What one repetition found.

use crate::record::Measured;
use rgflow::flow::TStar;
use serde::{Deserialize, Serialize};

/// A collection read as a temperature.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Star {
    pub t_star: Measured,
    pub interval: Option<[Option<f64>; 2]>,
    pub kl: f64,
    pub p_thermal: f64,
}

impl From<TStar> for Star {
    fn from(t: TStar) -> Self {
        Self { t_star: (t.value, t.error), interval: t.interval, kl: t.kl, p_thermal: t.p_thermal }
    }
}

/// The flow in one mode.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Findings {
    pub mode: String,
    /// Recorded steps.
    pub steps: Vec<usize>,
    /// Mean P of the network's classes at start and end, by start, with errors over chains; empty without a network.
    pub probability: [Vec<Vec<Measured>>; 2],
    /// T* of all starts together, at start and end; with a thermometer.
    pub pooled: Option<[Star; 2]>,
    /// T* of the end of each start; with a thermometer.
    pub ends: Vec<Star>,
    /// By record and start: T* (with a thermometer), energy per spin and |m| (on a lattice), distance from the start.
    pub t_star: Vec<Vec<f64>>,
    pub energy: Vec<Vec<Measured>>,
    pub abs_m: Vec<Vec<Measured>>,
    pub distance: Vec<Vec<Measured>>,
    /// Distinct ends near step 100 and at the last (with a network); attractors and chains at rest (mean field).
    pub distinct: Option<[usize; 2]>,
    /// Total variation of the two ends that may be farthest apart at the last step, with its interval (with a network).
    pub apart: Option<[f64; 3]>,
    pub converged: f64,
    pub attractors: Option<usize>,
    pub at_rest: Option<f64>,
    /// Pictures of the first chain: starts and records that are shown, `[start][record]`.
    pub shown: (Vec<usize>, Vec<usize>),
    pub pictures: Vec<Vec<Vec<f32>>>,
}
