//! Methods by name. A new Markov chain is a file of `lattice` with its [`Algorithm`], and its line of `kinds!` here.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

use super::SamplingError;
use crate::lattice::algorithm::{Algorithm, Random, Request, SweepCost};
use crate::lattice::{Lattice, LatticeError, Sampling};
use crate::lattice::{heat_bath, metropolis, swendsen_wang, wolff};

macro_rules! kinds {
    ($($file:ident::$kind:ident: $what:literal),* $(,)?) => {
        /// A Markov chain sampler of the Ising model.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum Kind {
            $(#[doc = $what] $kind),*
        }

        impl Kind {
            /// All Markov chains.
            pub const ALL: [Self; [$($file::$kind::NAME),*].len()] = [$(Self::$kind),*];

            /// Its name, such as "heat-bath".
            ///
            /// ```
            /// use rgflow::sampling::Kind;
            /// assert_eq!(Kind::HeatBath.name(), "heat-bath");
            /// assert_eq!("heat-bath".parse(), Ok(Kind::HeatBath));
            /// ```
            pub fn name(self) -> &'static str {
                match self { $(Self::$kind => $file::$kind::NAME),* }
            }

            /// Whether it updates spin by spin.
            ///
            /// ```
            /// use rgflow::sampling::Kind;
            /// assert!(Kind::Metropolis.is_local() && !Kind::Wolff.is_local());
            /// ```
            pub fn is_local(self) -> bool {
                match self { $(Self::$kind => $file::$kind::IS_LOCAL),* }
            }

            /// As [`Algorithm::spacing`].
            pub(super) fn spacing(self, l: f64) -> f64 {
                match self { $(Self::$kind => $file::$kind::spacing(l)),* }
            }

            /// Time of a sweep.
            pub(super) fn cost(self) -> SweepCost {
                match self { $(Self::$kind => $file::$kind::COST),* }
            }

            /// As [`Algorithm::sampling`].
            pub(super) fn sampling<'a, L: Lattice + ?Sized>(
                self,
                request: Request<'a, '_, L>,
                random: &'a mut Random<'a>,
            ) -> Result<Sampling<'a>, LatticeError> {
                match self { $(Self::$kind => $file::$kind::sampling(request, random)),* }
            }
        }
    };
}

kinds! {
    metropolis::Metropolis: "Single-spin updates, [`metropolis`]: the heat bath where Metropolis does not mix.",
    heat_bath::HeatBath: "Single-spin updates, [`heat_bath`].",
    wolff::Wolff: "One cluster at a time, [`wolff`].",
    swendsen_wang::SwendsenWang: "All clusters at once, [`swendsen_wang`].",
}

/// The names of `first` and of all Markov chains in a sentence: "metropolis, heat-bath, wolff or swendsen-wang".
fn known(first: &[&'static str]) -> String {
    let all: Vec<&str> = first.iter().copied().chain(Kind::ALL.map(Kind::name)).collect();
    let (last, others) = all.split_last().expect("there are chains");
    format!("{} or {last}", others.join(", "))
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Kind {
    type Err = SamplingError;

    fn from_str(text: &str) -> Result<Self, SamplingError> {
        let found = Self::ALL.into_iter().find(|kind| kind.name() == text);
        found.ok_or_else(|| SamplingError::Method { name: text.to_owned(), known: known(&[]) })
    }
}

/// How configurations are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
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
    type Err = SamplingError;

    fn from_str(text: &str) -> Result<Self, SamplingError> {
        match text {
            "auto" => Ok(Self::Auto),
            "exact" => Ok(Self::Exact),
            name => {
                let known = || known(&["auto", "exact"]);
                let unknown = |_| SamplingError::Method { name: name.to_owned(), known: known() };
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
