//! Lattices that have a name: what the list, other couplings and open boundaries need of each.

use super::Lattice;
use crate::lattice::LatticeError;

/// A lattice of the list.
pub trait Named: Lattice + Sized {
    /// The name, in lower case.
    const NAME: &'static str;
    /// Number of extents.
    const DIMENSION: usize;
    /// Number of neighbours of a site.
    const COORDINATION: usize;
    /// Directions of the bonds: the step of each along the axes. Each site begins one bond of every direction, and ends
    /// one.
    const STEPS: &'static [&'static [isize]];
    /// Whether bonds begin only at the sites whose coordinates have an even sum, and end at the others.
    const ALTERNATES: bool = false;

    /// Whether the signs of `couplings`, one for each direction of [`Self::STEPS`], can move the critical temperature
    /// of the infinite lattice: by default where one is below 0. They never can where each closed loop has every
    /// direction an even number of times, so that none is frustrated.
    fn signs_matter(couplings: &[f64]) -> bool {
        couplings.iter().any(|j| *j < 0.0)
    }

    /// The criterion of order on the infinite lattice, given S_a = sinh(2 |J_a|/T) by direction, smallest first: it
    /// falls with T and is 1 at the critical temperature. `None` (the default) where it is not known.
    fn order(s: &[f64]) -> Option<f64> {
        _ = s;
        None
    }

    /// The lattice of [`Self::DIMENSION`] extents, fastest index first.
    ///
    /// # Errors
    /// [`LatticeError::Extent`] or another for extents that it cannot have.
    fn of(extents: &[usize]) -> Result<Self, LatticeError>;
}

/// Name, dimension, coordination number and cells of a lattice of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Family {
    /// The name, as [`Geometry::new`](super::Geometry::new) takes it.
    pub name: &'static str,
    /// Number of extents.
    pub dimension: usize,
    /// Number of neighbours of a site.
    pub coordination: usize,
    /// Number of directions of bonds, each of which can have a coupling of its own.
    pub directions: usize,
    /// Whether its cells are squares or cubes: every site is bound to its nearest neighbours along each axis, and to no
    /// others.
    pub is_hypercubic: bool,
}

impl Family {
    pub(super) const fn of<L: Named>() -> Self {
        let (name, dimension, coordination) = (L::NAME, L::DIMENSION, L::COORDINATION);
        Self { name, dimension, coordination, directions: L::STEPS.len(), is_hypercubic: is_hypercubic::<L>() }
    }
}

/// Whether the steps are one along each axis, from every site.
const fn is_hypercubic<L: Named>() -> bool {
    let mut direction = 0;
    while direction < L::STEPS.len() {
        let step = L::STEPS[direction];
        let mut axis = 0;
        while axis < step.len() {
            if step[axis] != (axis == direction) as isize {
                return false;
            }
            axis += 1;
        }
        direction += 1;
    }
    direction == L::DIMENSION && !L::ALTERNATES
}

#[cfg(test)]
mod tests {
    use crate::lattice::Geometry;

    #[test]
    fn cells_are_known_from_the_steps() {
        let hypercubic = Geometry::ALL.iter().filter(|family| family.is_hypercubic).map(|family| family.name);
        assert_eq!(hypercubic.collect::<Vec<_>>(), ["square", "ring", "cubic"]);
    }
}
