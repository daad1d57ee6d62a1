//! Open and periodic boundaries, and their names.

use std::fmt;
use std::str::FromStr;

use crate::lattice::LatticeError;

/// The boundary of a lattice along an axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Boundary {
    /// The last site is bound to the first.
    #[default]
    Periodic,
    /// It is not.
    Open,
}

impl fmt::Display for Boundary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(if *self == Self::Open { "open" } else { "periodic" })
    }
}

impl FromStr for Boundary {
    type Err = LatticeError;

    fn from_str(text: &str) -> Result<Self, LatticeError> {
        match text {
            "periodic" => Ok(Self::Periodic),
            "open" => Ok(Self::Open),
            _ => Err(LatticeError::Boundary(text.to_owned())),
        }
    }
}
