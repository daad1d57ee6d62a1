//! The periodic chain.

use super::{Lattice, Named, Solved, checked_sites};
use crate::lattice::LatticeError;

/// The periodic chain of `n` sites: two neighbours per site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ring {
    neighbours: Vec<[u32; 2]>,
}

impl Ring {
    /// The ring of `n` sites.
    ///
    /// # Errors
    /// [`LatticeError::Extent`] if `n` is below 2 or does not fit 31 bits.
    pub fn new(n: usize) -> Result<Self, LatticeError> {
        checked_sites(&[n]).ok_or(LatticeError::Extent { lx: n, ly: 1 })?;
        let neighbours = (0..n).map(|i| [((i + 1) % n) as u32, ((i + n - 1) % n) as u32]).collect();
        Ok(Self { neighbours })
    }
}

impl Named for Ring {
    const NAME: &'static str = "ring";
    const DIMENSION: usize = 1;
    const COORDINATION: usize = 2;
    const STEPS: &'static [&'static [isize]] = &[&[1]];

    fn of(extents: &[usize]) -> Result<Self, LatticeError> {
        Self::new(extents[0])
    }

    fn signs_matter(_: &[f64]) -> bool {
        false
    }
}

impl Lattice for Ring {
    fn name(&self) -> &str {
        Self::NAME
    }

    fn n_sites(&self) -> usize {
        self.neighbours.len()
    }

    #[inline]
    fn neighbours(&self, site: usize) -> &[u32] {
        &self.neighbours[site]
    }

    fn is_translation_invariant(&self) -> bool {
        true
    }

    fn extents(&self) -> Vec<usize> {
        vec![self.neighbours.len()]
    }

    fn n_colours(&self) -> Option<usize> {
        self.neighbours.len().is_multiple_of(2).then_some(2)
    }

    fn critical_temperature(&self) -> Option<f64> {
        Some(0.0)
    }

    fn resized(&self, extents: &[usize]) -> Option<Self> {
        Self::of(extents).ok()
    }

    fn solved(&self) -> Option<Solved<'_>> {
        Some(Solved::Ring(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_close() {
        assert_eq!(Ring::new(5).unwrap().neighbours(0), [1, 4]);
        assert!(Ring::new(1).is_err());
    }
}
