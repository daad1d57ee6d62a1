//! Effective couplings of machines on a lattice: K_eff as a thermometer that needs no flow, and J(r).

use crate::artifact::Error;
use crate::record::{Axis, Curve, Dimension, Measured, Number, Numbers, Panel, Quantity, Repeated, list_together};
use rgflow::random::Streams;
use rgflow::rbm::{Couplings, Rbm, effective_temperature};

/// Configurations for the couplings of a machine: with 10 x 10 + 25 units they take 0.03 s, and K_eff is accurate to 1
/// % or better.
const SAMPLES: usize = 4096;

/// A machine as an Ising model.
#[derive(Clone, Debug)]
pub struct Effective {
    /// Mean coupling of nearest neighbours, dimensionless.
    pub k_eff: Measured,
    /// 1/K_eff in J/k_B, where K_eff > 0.
    pub t_eff: Option<Measured>,
    /// J(r) by distance r in lattice spacings.
    pub by_distance: Vec<(f64, Measured)>,
    /// Share of terms with three and more spins in the variance of ln p over uniform spins.
    pub more: Measured,
}

/// Couplings of `rbm` on the periodic lattice of square cells with the given `extents`; the streams are "PURPOSE/...".
///
/// # Errors
/// If the visible units are not two-valued, or the lattice does not fit.
pub fn effective(rbm: &Rbm, extents: &[usize], streams: Streams, purpose: &str) -> Result<Effective, Error> {
    let found = || {
        let couplings = if rbm.n_visible() <= Couplings::MOST_EXACT {
            rbm.couplings()?
        } else {
            rbm.sampled_couplings(SAMPLES, streams.of(purpose))?
        };
        of(&couplings, extents)
    };
    found().map_err(|e| Error::failure(format!("effective couplings: {e}")))
}

fn of(couplings: &Couplings, extents: &[usize]) -> Result<Effective, rgflow::rbm::RbmError> {
    let k_eff = couplings.nearest_neighbour(extents)?;
    let shells = couplings.by_distance(extents)?;
    let [.., more] = couplings.orders().shares();
    Ok(Effective {
        k_eff: k_eff.into(),
        t_eff: effective_temperature(k_eff).map(Into::into),
        by_distance: shells.iter().map(|s| (s.distance(), s.coupling.into())).collect(),
        more: more.into(),
    })
}

/// T_eff, K_eff and the share of the variance that is not two-body, over machines.
pub struct AsIsing<const N: usize> {
    pub t_eff: Quantity<N>,
    pub k_eff: Quantity<N>,
    pub beyond_pairs: Quantity<N>,
}

impl<const N: usize> AsIsing<N> {
    /// Quantities under `KEY.`; `what` describes the machine.
    pub fn new<'a, F>(
        over: &Repeated<'a, F>,
        key: &str,
        dimensions: [&Dimension; N],
        what: &str,
        of: impl Fn(&'a F, [usize; N]) -> &'a Effective,
    ) -> Self {
        let quantity = |name: &str, unit, words: &str, read: fn(&Effective) -> Option<Measured>| {
            let (key, what) = (format!("{key}{name}"), format!("{words}: {what}"));
            over.quantity(&key, dimensions, unit, &what, |f, place| read(of(f, place)))
        };
        let terms = "share of terms of three and more spins in the variance of ln p over uniform spins";
        Self {
            t_eff: quantity("T_eff", "J/k_B", "1/K_eff", |e| e.t_eff),
            k_eff: quantity("K_eff", "1", "mean effective coupling of nearest neighbours", |e| Some(e.k_eff)),
            // A machine with constant ln p has no shares.
            beyond_pairs: quantity("beyond_pairs", "1", terms, |e| Some(e.more).filter(|m| m.0.is_finite())),
        }
    }
}

impl<const N: usize> Numbers for AsIsing<N> {
    fn extent(&self, place: &[usize]) -> Option<usize> {
        self.t_eff.extent(place)
    }

    fn list<'a>(&'a self, place: &[usize], to: &mut Vec<&'a Number>) {
        list_together(&[&self.t_eff, &self.k_eff, &self.beyond_pairs], place, to);
    }
}

/// J(r) over repetitions.
pub fn curve<'a, F>(label: impl Into<String>, over: &Repeated<'a, F>, of: impl Fn(&'a F) -> &'a Effective) -> Curve {
    let r: Vec<f64> = of(&over.found[0]).by_distance.iter().map(|d| d.0).collect();
    let r = Dimension::new("r", &r, f64::to_string);
    let j = over.shown([&r], |f, [k]| of(f).by_distance[k].1);
    r.curve(label, |k| j.at(k))
}

/// J(r) on a logarithmic axis, where values below 0 are not drawn.
pub fn panel(curves: impl IntoIterator<Item = Curve>) -> Panel {
    Panel::curves("", "r (lattice spacings)", Axis::log("J(r)"), curves)
}
