//! The square lattice on a torus.

use super::{Lattice, Named, Solved, checked_sites};
use crate::lattice::LatticeError;

/// The square lattice of `lx * ly` sites on a torus: four neighbours per site, `site = y * lx + x`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Square {
    lx: usize,
    ly: usize,
    neighbours: Vec<[u32; 4]>,
}

impl Square {
    /// The torus of `lx` columns and `ly` rows.
    ///
    /// # Errors
    /// [`LatticeError::Extent`] if an extent is below 2 or the sites do not fit 31 bits.
    pub fn new(lx: usize, ly: usize) -> Result<Self, LatticeError> {
        let n_sites = checked_sites(&[lx, ly]).ok_or(LatticeError::Extent { lx, ly })?;
        let index = |x: usize, y: usize| (y * lx + x) as u32;
        let neighbours = (0..n_sites)
            .map(|site| {
                let (x, y) = (site % lx, site / lx);
                let (left, right) = ((x + lx - 1) % lx, (x + 1) % lx);
                let (up, down) = ((y + ly - 1) % ly, (y + 1) % ly);
                [index(right, y), index(left, y), index(x, down), index(x, up)]
            })
            .collect();
        Ok(Self { lx, ly, neighbours })
    }

    /// Number of columns.
    pub fn lx(&self) -> usize {
        self.lx
    }

    /// Number of rows.
    pub fn ly(&self) -> usize {
        self.ly
    }
}

impl Named for Square {
    const NAME: &'static str = "square";
    const DIMENSION: usize = 2;
    const COORDINATION: usize = 4;
    const STEPS: &'static [&'static [isize]] = &[&[1, 0], &[0, 1]];

    fn of(extents: &[usize]) -> Result<Self, LatticeError> {
        Self::new(extents[0], extents[1])
    }

    fn signs_matter(_: &[f64]) -> bool {
        false
    }

    /// S_1 S_2 (Onsager 1944).
    fn order(s: &[f64]) -> Option<f64> {
        match s {
            [a, b] => Some(a * b),
            _ => None,
        }
    }
}

impl Lattice for Square {
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
        vec![self.lx, self.ly]
    }

    fn n_colours(&self) -> Option<usize> {
        (self.lx.is_multiple_of(2) && self.ly.is_multiple_of(2)).then_some(2)
    }

    fn critical_temperature(&self) -> Option<f64> {
        Some(crate::lattice::Temperature::CRITICAL.value())
    }

    fn resized(&self, extents: &[usize]) -> Option<Self> {
        Self::of(extents).ok()
    }

    fn solved(&self) -> Option<Solved<'_>> {
        Some(Solved::Square(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bonds_run_along_one_axis() {
        for (lx, ly) in [(2, 2), (3, 3), (3, 5), (5, 2), (4, 6)] {
            let square = Square::new(lx, ly).unwrap();
            for site in 0..lx * ly {
                assert_eq!(square.neighbours(site).len(), 4);
                for &other in square.neighbours(site) {
                    let (dx, dy) = (site % lx != other as usize % lx, site / lx != other as usize / lx);
                    assert!(dx ^ dy, "a bond runs along x or along y");
                }
            }
        }
        assert_eq!(Square::new(3, 5).unwrap().neighbours(2), [0, 1, 5, 14]);
        assert!(Square::new(1, 4).is_err());
        assert!(Square::new(usize::MAX, 4).is_err());
    }
}
