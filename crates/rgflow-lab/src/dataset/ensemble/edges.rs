//! Configurations just beyond the outermost of a sample: the nearest of those that the samples miss.

use super::{Coupled, Part};
use rgflow::lattice::{Geometry, Ising, Lattice, Model};

/// Most single flips of products of spins that are tried; all of them would take O(sites^2).
const MOST_FLIPS: usize = 512;

/// Direction in which a configuration is outermost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Towards high E.
    Hot,
    /// Towards low E.
    Cold,
    /// Towards large X, or |X| where X is odd.
    Large,
    /// Towards small X, or |X|.
    Small,
}

impl Way {
    const ALL: [Self; 4] = [Self::Hot, Self::Cold, Self::Large, Self::Small];

    /// How far out a configuration of (E, m, X) lies in this direction.
    fn of(self, [energy, _, x]: [f64; 3], odd: bool) -> f64 {
        let x = if odd { x.abs() } else { x };
        match self {
            Self::Hot => energy,
            Self::Cold => -energy,
            Self::Large => x,
            Self::Small => -x,
        }
    }
}

/// A configuration beyond the outermost of a part.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Edge {
    /// Direction of the edge.
    pub way: Way,
    /// E, sum of spins and X of the outermost configuration drawn.
    pub outermost: [f64; 3],
    /// The same for the farthest configuration that one spin flip reaches from it.
    pub beyond: [f64; 3],
}

/// Edges of the configurations `seen` (E, m, X), whose spins are given by `row`; none in a direction in which nothing
/// lies farther out.
pub(super) fn of<'a>(
    seen: &[[f64; 3]],
    row: impl Fn(usize) -> &'a [i8],
    lattice: &Geometry,
    coupled: &Coupled,
) -> Vec<Edge> {
    let (model, odd) = (Ising::new(lattice), coupled.is_odd());
    let edge = |way: Way| -> Option<Edge> {
        let at = (0..seen.len()).max_by(|a, b| way.of(seen[*a], odd).total_cmp(&way.of(seen[*b], odd)))?;
        let (outermost, mut spins) = (seen[at], row(at).to_vec());
        let mut bits = coupled.bits(lattice);
        let n = lattice.n_sites();
        let step = if matches!(coupled, Coupled::Products(_)) { n.div_ceil(MOST_FLIPS) } else { 1 };
        let mut best: Option<[f64; 3]> = None;
        for site in (0..n).step_by(step) {
            let change = model.flip_change(&spins, site);
            let m = outermost[1] - 2.0 * f64::from(spins[site]);
            spins[site] = -spins[site];
            let x = bits.as_mut().map_or(m, |bits| coupled.read(bits, &spins, m));
            spins[site] = -spins[site];
            let next = [outermost[0] + change, m, x];
            if best.is_none_or(|best| way.of(next, odd) > way.of(best, odd)) {
                best = Some(next);
            }
        }
        let beyond = best.filter(|best| way.of(*best, odd) > way.of(outermost, odd))?;
        Some(Edge { way, outermost, beyond })
    };
    Way::ALL.into_iter().filter_map(edge).collect()
}

/// Edges that lie beyond all parts: E, m and X.
pub(in crate::dataset) fn beyond(parts: &[&Part], odd: bool) -> Vec<[f64; 3]> {
    let farthest = |way: Way| {
        // A part without an edge in this direction already holds the outermost possible configuration.
        let own = |part: &&Part| part.edges.iter().copied().find(|e| e.way == way);
        let edges: Option<Vec<Edge>> = parts.iter().map(own).collect();
        edges?
            .into_iter()
            .max_by(|a, b| way.of(a.outermost, odd).total_cmp(&way.of(b.outermost, odd)))
            .map(|e| e.beyond)
    };
    Way::ALL.into_iter().filter_map(farthest).collect()
}
