//! The simple cubic lattice on a three-dimensional torus.

use super::{Lattice, Named, checked_sites};
use crate::lattice::LatticeError;

/// The simple cubic lattice of `lx * ly * lz` sites on a torus: six neighbours per site,
/// `site = (z * ly + y) * lx + x`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cubic {
    extents: [usize; 3],
    neighbours: Vec<[u32; 6]>,
}

impl Cubic {
    /// The torus of the three extents.
    ///
    /// # Errors
    /// [`LatticeError::Extents`] if an extent is below 2 or the sites do not fit 31 bits.
    pub fn new(lx: usize, ly: usize, lz: usize) -> Result<Self, LatticeError> {
        let extents = [lx, ly, lz];
        let n_sites = checked_sites(&extents).ok_or_else(|| LatticeError::Extents(extents.to_vec()))?;
        let neighbours = (0..n_sites)
            .map(|site| {
                let (x, y, z) = (site % lx, site / lx % ly, site / (lx * ly));
                let index = |x: usize, y: usize, z: usize| ((z * ly + y) * lx + x) as u32;
                [
                    index((x + 1) % lx, y, z),
                    index((x + lx - 1) % lx, y, z),
                    index(x, (y + 1) % ly, z),
                    index(x, (y + ly - 1) % ly, z),
                    index(x, y, (z + 1) % lz),
                    index(x, y, (z + lz - 1) % lz),
                ]
            })
            .collect();
        Ok(Self { extents, neighbours })
    }
}

impl Named for Cubic {
    const NAME: &'static str = "cubic";
    const DIMENSION: usize = 3;
    const COORDINATION: usize = 6;
    const STEPS: &'static [&'static [isize]] = &[&[1, 0, 0], &[0, 1, 0], &[0, 0, 1]];

    fn of(extents: &[usize]) -> Result<Self, LatticeError> {
        Self::new(extents[0], extents[1], extents[2])
    }

    fn signs_matter(_: &[f64]) -> bool {
        false
    }
}

impl Lattice for Cubic {
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
        self.extents.to_vec()
    }

    fn n_colours(&self) -> Option<usize> {
        self.extents.iter().all(|l| l.is_multiple_of(2)).then_some(2)
    }

    fn critical_temperature(&self) -> Option<f64> {
        // beta_c = 0.221654626 (Ferrenberg, Xu, Landau 2018).
        Some(4.511_523_8)
    }

    fn resized(&self, extents: &[usize]) -> Option<Self> {
        Self::of(extents).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_along_the_three_axes() {
        let lattice = Cubic::new(3, 4, 5).unwrap();
        assert_eq!(lattice.neighbours(0), [1, 2, 3, 9, 12, 48]);
        assert_eq!(lattice.neighbours(59), [57, 58, 50, 56, 11, 47]);
        assert!(Cubic::new(3, 3, 1).is_err());
    }
}
