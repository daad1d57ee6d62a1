//! A machine as an Ising model: its couplings, their mean by distance, and how close p(v) is to a thermal distribution.

use super::{ValueWithError, finite_or_name};
use rgflow::lattice::{Geometry, Temperature};
use rgflow::rbm::{AtDistance, Couplings, Rbm, RbmError, effective_temperature};
use rgflow::rg::trace_condition::{self, TraceError};
use rgflow::statistics::Estimate;
use serde::Serialize;

/// Number of couplings in the list of the largest.
const LARGEST: usize = 10;

/// Couplings of a machine, as `rgflow inspect --couplings` prints them.
#[derive(Debug, Serialize)]
pub struct MachineCouplings {
    /// Always `couplings`.
    pub kind: &'static str,
    /// Number of visible units.
    pub n_visible: usize,
    /// Number of hidden units.
    pub n_hidden: usize,
    /// Kinds of the units of both layers.
    pub units: Units,
    /// Number of configurations that the couplings were sampled from; `None` if they are exact.
    pub configurations: Option<usize>,
    /// Seed of the configurations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u32>,
    /// Couplings by distance, where the lattice is known.
    #[serde(flatten)]
    pub on_lattice: Option<OnLattice>,
    /// Variance of ln p over uniform spins, split by the number of spins.
    pub orders: Orders,
    /// Largest couplings in absolute value.
    pub largest: Vec<Pair>,
    /// Distances of p(v) from the Ising model at a temperature.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace_condition: Option<TraceCondition>,
}

/// Kinds of the units of both layers.
#[derive(Debug, Serialize)]
pub struct Units {
    /// Kind of the visible units.
    pub visible: String,
    /// Kind of the hidden units.
    pub hidden: String,
}

/// Couplings on a lattice.
#[derive(Debug, Serialize)]
pub struct OnLattice {
    /// The lattice.
    pub lattice: Periodic,
    /// Coupling J(r) by distance.
    pub by_distance: Vec<Shell>,
    /// Mean coupling of nearest neighbours.
    #[serde(rename = "K_eff")]
    pub k_eff: ValueWithError,
    /// 1/K_eff in J/k_B, where K_eff > 0.
    #[serde(rename = "T_eff")]
    pub t_eff: Option<ValueWithError>,
}

/// A periodic hypercubic lattice.
#[derive(Clone, Debug, Serialize)]
pub struct Periodic {
    /// Extents, the fastest index first.
    pub extents: Vec<usize>,
    /// Whether the lattice is only inferred from the number of units.
    pub assumed: bool,
}

/// Couplings at one distance.
#[derive(Debug, Serialize)]
pub struct Shell {
    /// Distance in lattice spacings.
    pub r: f64,
    /// Number of pairs.
    pub pairs: usize,
    /// Mean coupling.
    #[serde(rename = "J")]
    pub j: ValueWithError,
}

/// Contributions to a variance by the number of spins.
#[derive(Debug, Serialize)]
pub struct Orders {
    /// Fields (one spin).
    pub one: Order,
    /// Pairs.
    pub two: Order,
    /// Three spins and more.
    pub more: Order,
}

/// One contribution to a variance.
#[derive(Debug, Serialize)]
pub struct Order {
    /// Variance in nats^2.
    pub variance: ValueWithError,
    /// Fraction of the total variance.
    pub share: ValueWithError,
}

/// Coupling between two units.
#[derive(Debug, Serialize)]
pub struct Pair {
    /// First unit.
    pub i: usize,
    /// Second unit.
    pub j: usize,
    /// J_ij.
    #[serde(rename = "J")]
    pub coupling: ValueWithError,
}

/// Distances of p(v) from a thermal distribution.
#[derive(Debug, Serialize)]
pub struct TraceCondition {
    /// T in J/k_B.
    #[serde(serialize_with = "finite_or_name")]
    pub temperature: f64,
    /// Var[ln p + beta H] in nats^2.
    pub variance: f64,
    /// KL(thermal, p) in nats.
    pub kl: f64,
}

impl MachineCouplings {
    /// Describes the `couplings` of `rbm`; `seed` is recorded where configurations were sampled.
    ///
    /// # Errors
    /// [`RbmError::Shape`] if the lattice has another number of sites, or no neighbours.
    pub fn new(rbm: &Rbm, couplings: &Couplings, seed: u32, lattice: Option<Periodic>) -> Result<Self, RbmError> {
        let (orders, [one, two, more]) = (couplings.orders(), couplings.orders().shares());
        let order = |variance: Estimate, share: Estimate| Order { variance: variance.into(), share: share.into() };
        Ok(Self {
            kind: "couplings",
            n_visible: rbm.n_visible(),
            n_hidden: rbm.n_hidden(),
            units: Units { visible: rbm.visible_units().to_string(), hidden: rbm.hidden_units().to_string() },
            configurations: couplings.configurations(),
            seed: couplings.configurations().map(|_| seed),
            on_lattice: lattice.map(|lattice| OnLattice::new(couplings, lattice)).transpose()?,
            orders: Orders { one: order(orders.one, one), two: order(orders.two, two), more: order(orders.more, more) },
            largest: largest(couplings),
            trace_condition: None,
        })
    }
}

impl OnLattice {
    fn new(couplings: &Couplings, lattice: Periodic) -> Result<Self, RbmError> {
        let shells = couplings.by_distance(&lattice.extents)?;
        let nearest = couplings.nearest_neighbour(&lattice.extents)?;
        let shell = |s: &AtDistance| Shell { r: s.distance(), pairs: s.pairs, j: s.coupling.into() };
        let by_distance = shells.iter().map(shell).collect();
        Ok(Self { lattice, by_distance, k_eff: nearest.into(), t_eff: effective_temperature(nearest).map(Into::into) })
    }
}

impl std::fmt::Display for Periodic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.geometry() {
            Some(lattice) => write!(f, "{lattice}"),
            None => write!(f, "{:?}", self.extents),
        }
    }
}

impl Periodic {
    /// The same lattice for the Ising model: up to three axes.
    fn geometry(&self) -> Option<Geometry> {
        let name = ["ring", "square", "cubic"].get(self.extents.len().checked_sub(1)?)?;
        Geometry::new(name, &self.extents).ok()
    }
}

impl TraceCondition {
    /// Compares `rbm` with the Ising model on `lattice`.
    ///
    /// # Errors
    /// As [`trace_condition::TraceCondition::of`], or if there are more axes than the Ising model supports here.
    pub fn new(rbm: &Rbm, lattice: &Periodic, temperature: Temperature) -> Result<Self, TraceError> {
        let (what, expected, found) = ("axes of the lattice", 3, lattice.extents.len());
        let geometry = lattice.geometry().ok_or(RbmError::Shape { what, expected, found })?;
        let found = trace_condition::TraceCondition::of(rbm, &geometry, temperature)?;
        Ok(Self { temperature: temperature.value(), variance: found.variance, kl: found.kl })
    }
}

fn largest(couplings: &Couplings) -> Vec<Pair> {
    let n = couplings.n_visible();
    let pairs = (0..n).flat_map(|i| (i + 1..n).map(move |j| (i, j)));
    let mut all: Vec<Pair> = pairs.map(|(i, j)| Pair { i, j, coupling: couplings.pair(i, j).into() }).collect();
    all.sort_by(|a, b| b.coupling.value.abs().total_cmp(&a.coupling.value.abs()));
    all.truncate(LARGEST);
    all
}
