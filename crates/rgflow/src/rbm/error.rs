//! Errors of Boltzmann machines and their training.

use crate::learning::LearningError;
use crate::restart::Stopped;
use thiserror::Error;

/// Errors of machines, their training and their exact results.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum RbmError {
    /// Two values that are no unit kind.
    #[error("units {{{low}, {high}}}: both values must be finite and the first smaller than the second")]
    Levels {
        /// The lower value.
        low: f32,
        /// The higher value.
        high: f32,
    },
    /// A standard deviation that is none.
    #[error("sigma of Gaussian unit {unit} = {sigma}: must be finite and > 0")]
    Sigma {
        /// Number of the unit (0 if it stands for its whole layer).
        unit: usize,
        /// The value.
        sigma: f32,
    },
    /// A number of states that a site cannot have.
    #[error("categorical units of {states} states: must be 2 to {most}")]
    States {
        /// The number.
        states: usize,
        /// Most states.
        most: usize,
    },
    /// A machine whose smaller layer cannot be drawn from its exact law.
    #[error(
        "exact draws: a unit has a field beyond 300, so that states are listed, of at most {most} units; the smaller \
         layer has {units}"
    )]
    NoExactDraws {
        /// Units of the smaller layer.
        units: usize,
        /// Most units whose states are listed.
        most: usize,
    },
    /// A site of several units of which some are known and others are not.
    #[error("sample {sample}: site {site} of {units} units is known in part; mark all its units as unknown, or none")]
    PartlyKnown {
        /// Row of the data.
        sample: usize,
        /// Number of the site, from 0.
        site: usize,
        /// The unit kind.
        units: String,
    },
    /// A text that is no unit kind.
    #[error("units \"{0}\": must be {texts}", texts = super::units::texts())]
    UnitsText(String),
    /// An array whose size does not fit.
    #[error("{what}: has {found}, must have {expected}")]
    Shape {
        /// The array and its axis.
        what: &'static str,
        /// The size that fits.
        expected: usize,
        /// Its size.
        found: usize,
    },
    /// A setting outside its range.
    #[error(transparent)]
    Learning(#[from] LearningError),
    /// Data that the units cannot take.
    #[error("sample {sample}, unit {unit} = {value}: {units} units take values in [{low}, {high}]; rescale the data")]
    Data {
        /// Row of the data.
        sample: usize,
        /// Column of the data.
        unit: usize,
        /// The value.
        value: f32,
        /// The unit kind.
        units: String,
        /// Lowest value.
        low: f32,
        /// Highest value.
        high: f32,
    },
    /// Data that no state of a site of several units is.
    #[error(
        "sample {sample}, site {site} = {values:?}: no state of {units} units; code each site as one of their states"
    )]
    Site {
        /// Row of the data.
        sample: usize,
        /// Number of the site, from 0.
        site: usize,
        /// Values of its units.
        values: Vec<f32>,
        /// The unit kind.
        units: String,
    },
    /// A layer of a number of units that its kind cannot have.
    #[error("{n} {layer} units cannot be {units}: {demand}")]
    Layer {
        /// "visible" or "hidden".
        layer: &'static str,
        /// Units of the layer.
        n: usize,
        /// The unit kind.
        units: String,
        /// The numbers that fit.
        demand: String,
    },
    /// No samples to learn from or to test on.
    #[error("there are no samples: at least one is needed")]
    NoSamples,
    /// A layer too large for what enumerates it.
    #[error("{what} enumerates the states of a layer of at most {most} units, this one has {found}")]
    TooLarge {
        /// The request.
        what: &'static str,
        /// Most units.
        most: usize,
        /// Units.
        found: usize,
    },
    /// A layer too large for what keeps a number for each pair of its units.
    #[error("{what} keeps every pair of at most {most} visible units, this machine has {found}; give a smaller one")]
    TooManyPairs {
        /// The request.
        what: &'static str,
        /// Most units.
        most: usize,
        /// Units.
        found: usize,
    },
    /// The request needs units of two values, or of states that can be listed.
    #[error("{what} needs two-valued units, but the {layer} units are {kind}")]
    NotTwoValued {
        /// The request.
        what: &'static str,
        /// "visible" or "hidden".
        layer: &'static str,
        /// Name of their kind.
        kind: &'static str,
    },
    /// A Gaussian machine without a normalisation.
    #[error(
        "the machine cannot be normalised: exp(-H) grows along a direction of its Gaussian units, because the weights \
         are too large for their sigma (1 - (sigma_v W sigma_h)^T (sigma_v W sigma_h) must be positive definite)"
    )]
    NotNormalisable,
    /// An iteration that reached its limit.
    #[error("{what}: the iteration for its eigenvalues does not converge; give a machine with smaller weights")]
    NotConverged {
        /// The request.
        what: &'static str,
    },
    /// A parameter that is infinite or NaN.
    #[error("a parameter of the machine is infinite or NaN")]
    NotFinite,
    /// Unit kinds that are no reparametrisation of each other.
    #[error(
        "{layer} units cannot be converted from {from} to {to}: only to units of the same kind with as many states"
    )]
    Conversion {
        /// "visible" or "hidden".
        layer: &'static str,
        /// Present kind.
        from: String,
        /// Kind asked for.
        to: String,
    },
    /// A training that ran away.
    #[error("the training diverged after {update} updates ({sign}) with learning rate {learning_rate}: lower it")]
    Diverged {
        /// Updates so far.
        update: usize,
        /// How it was seen.
        sign: String,
        /// The initial learning rate.
        learning_rate: f32,
    },
    /// A training that was told to stop before its end.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// A distribution that is none, or has zeros where none may be.
    #[error("the distribution over visible states {0}")]
    Law(String),
}
