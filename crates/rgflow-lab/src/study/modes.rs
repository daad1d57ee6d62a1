//! Modes of flows: a dimension of quantities, and values by mode.

use crate::artifact::Error;
use crate::record::{Dimension, Place};
use rgflow::flow::Mode;
use serde::{Deserialize, Serialize};
use std::ops::Index;

/// The modes, in the order of columns.
pub const MODES: [Mode; 2] = [Mode::Gibbs, Mode::Mean];

/// Names for the ends of flows in tables and figures, by mode.
pub const ENDS: [&str; 2] = ["Gibbs ends", "mean-field ends"];

/// Name for the training mixture that ends are compared with.
pub const MIXTURE: &str = "mixture, no machine";

/// The dimension `mode`.
pub fn modes() -> Dimension {
    Dimension::names("mode", MODES.map(Mode::name))
}

impl Place for Mode {
    fn place(self) -> usize {
        match self {
            Mode::Gibbs => 0,
            Mode::Mean => 1,
        }
    }
}

/// A value for each mode, indexed by mode or by its place on the dimension.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ByMode<T>([T; 2]);

impl<T> ByMode<T> {
    /// The value `of` each mode.
    pub fn each(of: impl FnMut(Mode) -> T) -> Self {
        Self(MODES.map(of))
    }
}

impl<T: Send> ByMode<T> {
    /// The value `of` each mode, both computed in parallel.
    ///
    /// # Errors
    /// The first error of `of`.
    pub fn make(of: impl Fn(Mode) -> Result<T, Error> + Sync) -> Result<Self, Error> {
        let [first, second] = MODES;
        let (first, second) = rayon::join(|| of(first), || of(second));
        Ok(Self([first?, second?]))
    }
}

#[cfg(test)]
impl<T> ByMode<T> {
    /// One value for each mode.
    pub fn of(gibbs: T, mean: T) -> Self {
        Self([gibbs, mean])
    }
}

impl<T> Index<Mode> for ByMode<T> {
    type Output = T;

    fn index(&self, mode: Mode) -> &T {
        &self.0[mode.place()]
    }
}

impl<T> Index<usize> for ByMode<T> {
    type Output = T;

    fn index(&self, place: usize) -> &T {
        &self.0[place]
    }
}
