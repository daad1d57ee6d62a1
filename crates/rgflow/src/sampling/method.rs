//! Methods by name. A new Markov chain is a file of `lattice` and its lines here and in `chains.rs`.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

use crate::lattice::LatticeError;

/// A Markov chain sampler of the Ising model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// Single-spin updates, [`metropolis`](crate::lattice::metropolis): the heat bath where Metropolis does not mix.
    Metropolis,
    /// Single-spin updates, [`heat_bath`](crate::lattice::heat_bath).
    HeatBath,
    /// One cluster at a time, [`wolff`](crate::lattice::wolff).
    Wolff,
    /// All clusters at once, [`swendsen_wang`](crate::lattice::swendsen_wang).
    SwendsenWang,
}

impl Kind {
    /// All Markov chains.
    pub const ALL: [Self; 4] = [Self::Metropolis, Self::HeatBath, Self::Wolff, Self::SwendsenWang];

    /// Its name: "metropolis", "heat-bath", "wolff" or "swendsen-wang".
    pub fn name(self) -> &'static str {
        match self {
            Self::Metropolis => "metropolis",
            Self::HeatBath => "heat-bath",
            Self::Wolff => "wolff",
            Self::SwendsenWang => "swendsen-wang",
        }
    }

    /// Whether it updates spin by spin.
    pub fn is_local(self) -> bool {
        matches!(self, Self::Metropolis | Self::HeatBath)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Kind {
    type Err = LatticeError;

    fn from_str(text: &str) -> Result<Self, LatticeError> {
        let known = "metropolis, heat-bath, wolff or swendsen-wang";
        let unknown = || LatticeError::Sampler { name: text.to_owned(), known };
        Self::ALL.into_iter().find(|kind| kind.name() == text).ok_or_else(unknown)
    }
}

/// How configurations are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Method {
    /// The method of least cost per independent configuration.
    Auto,
    /// Independent configurations by the transfer matrix ([`transfer`](crate::exact::transfer)) or along the ring
    /// ([`chain`](crate::exact::chain)).
    Exact,
    /// A Markov chain.
    Markov(Kind),
}

impl From<Kind> for Method {
    fn from(kind: Kind) -> Self {
        Self::Markov(kind)
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.pad("auto"),
            Self::Exact => f.pad("exact"),
            Self::Markov(kind) => kind.fmt(f),
        }
    }
}

impl FromStr for Method {
    type Err = LatticeError;

    fn from_str(text: &str) -> Result<Self, LatticeError> {
        let known = "auto, exact, metropolis, heat-bath, wolff or swendsen-wang";
        match text {
            "auto" => Ok(Self::Auto),
            "exact" => Ok(Self::Exact),
            name => {
                let unknown = |_| LatticeError::Sampler { name: name.to_owned(), known };
                name.parse().map(Self::Markov).map_err(unknown)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_round() {
        for kind in Kind::ALL {
            assert_eq!(kind.to_string().parse::<Kind>().unwrap(), kind);
        }
        let unknown = "Wolf".parse::<Kind>().unwrap_err().to_string();
        assert!(unknown.contains("wolff") && unknown.contains("Wolf\""), "{unknown}");
        for name in ["auto", "exact", "metropolis", "heat-bath", "wolff", "swendsen-wang"] {
            assert_eq!(name.parse::<Method>().unwrap().to_string(), name);
        }
        assert!("best".parse::<Method>().unwrap_err().to_string().contains("auto, exact, metropolis"));
    }
}
