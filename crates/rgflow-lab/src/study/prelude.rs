//! Names used by most experiments: `use crate::study::prelude::*`.

pub use super::experiment::{About, Experiment};
pub use super::likelihood::{Likelihood, Likelihoods};
pub use super::modes::{ByMode, ENDS, MIXTURE, MODES, modes};
pub use super::rbms::{Temperatures, ThermalMachine};
pub use super::readings::{ABOUT, FlowFindings, Observed, Thermal};
pub use super::settings::Torus;
pub use super::torus::{Examined, Study};
pub use super::values::{self, List, NotNegative, Positive, Rising, Within};
pub use crate::artifact::memory::Need;
pub use crate::artifact::progress::Plan;
pub use crate::artifact::{Artifact, Error, Repetition, Stage, StageOut};
pub use crate::record::{
    Axis, ByPlace, Cell, Claim, Combined, Curve, Dimension, Figure, Grouped, Lattice, Measured, Number, Numbers, Panel,
    Quantity, Record, Repeated, Section, Shades, Style, Table, Verdict,
};
pub use rayon::prelude::*;
pub use rgflow::flow::Mode;
pub use rgflow::lattice::Temperature;
pub use rgflow::statistics::Fraction;
pub use serde::{Deserialize, Serialize};

#[cfg(test)]
pub use super::experiment::{assert_refused, changed};
#[cfg(test)]
pub use super::readings::fabricated;
