//! A machine as an Ising model: its couplings, their mean by distance, and how near p(v) is to a thermal law.

use super::{ValueWithError, finite_or_name};
use rgflow::lattice::{Geometry, Temperature};
use rgflow::rbm::{AtDistance, Couplings, Rbm, RbmError, effective_temperature};
use rgflow::statistics::Estimate;
use serde::Serialize;

/// Couplings that are listed by their size.
const LARGEST: usize = 10;

/// The couplings of a machine, as `rgflow inspect --couplings` prints them.
#[derive(Debug, Serialize)]
pub struct MachineCouplings {
    /// Always `couplings`.
    pub kind: &'static str,
    /// Visible units.
    pub n_visible: usize,
    /// Hidden units.
    pub n_hidden: usize,
    /// Their kinds.
    pub units: Units,
    /// Number of configurations they were sampled from; none if they are exact.
    pub configurations: Option<usize>,
    /// Seed of the configurations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u32>,
    /// On a lattice, where one is known.
    #[serde(flatten)]
    pub on_lattice: Option<OnLattice>,
    /// What the variance of ln p over uniform spins consists of.
    pub orders: Orders,
    /// The largest in absolute value.
    pub largest: Vec<Pair>,
    /// Distances of p(v) from the Ising model at a temperature.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace_condition: Option<TraceCondition>,
}

/// Kinds of units.
#[derive(Debug, Serialize)]
pub struct Units {
    /// Of the visible ones.
    pub visible: String,
    /// Of the hidden ones.
    pub hidden: String,
}

/// Couplings on a lattice.
#[derive(Debug, Serialize)]
pub struct OnLattice {
    /// The lattice.
    pub lattice: Periodic,
    /// J(r).
    pub by_distance: Vec<Shell>,
    /// Mean of a nearest-neighbour bond.
    #[serde(rename = "K_eff")]
    pub k_eff: ValueWithError,
    /// 1/K_eff in J/k_B, where K_eff is above 0.
    #[serde(rename = "T_eff")]
    pub t_eff: Option<ValueWithError>,
}

/// A periodic lattice of square cells.
#[derive(Clone, Debug, Serialize)]
pub struct Periodic {
    /// The fastest index first.
    pub extents: Vec<usize>,
    /// Whether nothing says so but the number of units.
    pub assumed: bool,
}

/// Couplings at one distance.
#[derive(Debug, Serialize)]
pub struct Shell {
    /// In lattice spacings.
    pub r: f64,
    /// Number of pairs.
    pub pairs: usize,
    /// Their mean.
    #[serde(rename = "J")]
    pub j: ValueWithError,
}

/// Parts of a variance by the number of spins.
#[derive(Debug, Serialize)]
pub struct Orders {
    /// Fields.
    pub one: Order,
    /// Pairs.
    pub two: Order,
    /// Three spins and more.
    pub more: Order,
}

/// A part of a variance.
#[derive(Debug, Serialize)]
pub struct Order {
    /// In nats^2.
    pub variance: ValueWithError,
    /// As a fraction of the whole.
    pub share: ValueWithError,
}

/// The coupling of two units.
#[derive(Debug, Serialize)]
pub struct Pair {
    /// One unit.
    pub i: usize,
    /// The other.
    pub j: usize,
    /// J_ij.
    #[serde(rename = "J")]
    pub coupling: ValueWithError,
}

/// Distances from a thermal law.
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
    /// The `couplings` of `rbm`, with the `seed` of their configurations where they were sampled.
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
    /// As a lattice of the Ising model: up to three axes.
    fn geometry(&self) -> Option<Geometry> {
        let name = ["ring", "square", "cubic"].get(self.extents.len().checked_sub(1)?)?;
        Geometry::new(name, &self.extents).ok()
    }
}

impl TraceCondition {
    /// Of `rbm` beside the Ising model on `lattice`.
    ///
    /// # Errors
    /// Those of [`Rbm::trace_condition`], and more axes than the Ising model has here.
    pub fn new(rbm: &Rbm, lattice: &Periodic, temperature: Temperature) -> Result<Self, RbmError> {
        let (what, expected, found) = ("axes of the lattice", 3, lattice.extents.len());
        let geometry = lattice.geometry().ok_or(RbmError::Shape { what, expected, found })?;
        let found = rbm.trace_condition(&geometry, temperature)?;
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
