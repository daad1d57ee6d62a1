//! The modes of flows as a dimension of quantities.

use crate::record::{Dimension, Place};
use rgflow::flow::Mode;

/// The modes, in the order of columns.
pub const MODES: [Mode; 2] = [Mode::Gibbs, Mode::Mean];

impl Place for Mode {
    fn place(self) -> usize {
        MODES.iter().position(|mode| *mode == self).expect("all modes are listed")
    }
}

/// The dimension `mode`.
pub fn modes() -> Dimension {
    Dimension::names("mode", MODES.map(Mode::name))
}
