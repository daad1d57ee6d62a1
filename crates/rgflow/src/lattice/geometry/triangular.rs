//! The triangular lattice on a torus.

use super::{Lattice, Named, checked_sites};
use crate::lattice::LatticeError;

/// The triangular lattice of `lx * ly` sites on a torus, `site = y * lx + x`: six neighbours per site, at the steps
/// +-a1, +-a2 and +-(a1 - a2) with the basis a1 = (1, 0), a2 = (1/2, sqrt(3)/2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Triangular {
    lx: usize,
    ly: usize,
    neighbours: Vec<[u32; 6]>,
}

impl Triangular {
    /// The torus of `lx` steps along a1 and `ly` along a2.
    ///
    /// # Errors
    /// [`LatticeError::Extent`] if an extent is below 2 or the sites do not fit 31 bits.
    pub fn new(lx: usize, ly: usize) -> Result<Self, LatticeError> {
        let n_sites = checked_sites(&[lx, ly]).ok_or(LatticeError::Extent { lx, ly })?;
        let neighbours = (0..n_sites)
            .map(|site| {
                let (x, y) = (site % lx, site / lx);
                let (left, right) = ((x + lx - 1) % lx, (x + 1) % lx);
                let (up, down) = ((y + ly - 1) % ly, (y + 1) % ly);
                [(right, y), (left, y), (x, down), (x, up), (right, up), (left, down)].map(|(x, y)| (y * lx + x) as u32)
            })
            .collect();
        Ok(Self { lx, ly, neighbours })
    }
}

impl Named for Triangular {
    const NAME: &'static str = "triangular";
    const DIMENSION: usize = 2;
    const COORDINATION: usize = 6;
    const STEPS: &'static [&'static [isize]] = &[&[1, 0], &[0, 1], &[1, -1]];

    fn of(extents: &[usize]) -> Result<Self, LatticeError> {
        Self::new(extents[0], extents[1])
    }

    /// Around a triangle each direction occurs once; every other loop has each of its directions an even number of
    /// times.
    fn signs_matter(couplings: &[f64]) -> bool {
        couplings.iter().product::<f64>() < 0.0
    }

    /// S_1 S_2 + S_2 S_3 + S_3 S_1 (Houtappel 1950).
    fn order(s: &[f64]) -> Option<f64> {
        match s {
            [a, b, c] => Some(a * b + b * c + c * a),
            _ => None,
        }
    }
}

impl Lattice for Triangular {
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

    /// Three, by (x - y) mod 3, if both extents are multiples of 3.
    fn n_colours(&self) -> Option<usize> {
        (self.lx.is_multiple_of(3) && self.ly.is_multiple_of(3)).then_some(3)
    }

    fn colour(&self, site: usize) -> usize {
        // -y = 2 y modulo 3.
        (site % self.lx + 2 * (site / self.lx)) % 3
    }

    /// (4/3) sum over the three bonds e of (1 - cos k e) = (16/3) sin^2(pi/L): k e is 2 pi/L for the axis itself and
    /// for a1 - a2, and 0 for the other axis.
    fn k_min_squared(&self, axis: usize) -> f64 {
        let sine = libm::sin(std::f64::consts::PI / self.extents()[axis] as f64);
        16.0 / 3.0 * sine * sine
    }

    fn critical_temperature(&self) -> Option<f64> {
        // 4 / ln 3 (Houtappel 1950).
        Some(3.640_956_906_507_349_3)
    }

    fn resized(&self, extents: &[usize]) -> Option<Self> {
        Self::of(extents).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bonds_have_length_one_in_the_plane() {
        let (lx, ly) = (5, 7);
        let lattice = Triangular::new(lx, ly).unwrap();
        assert!((lattice.critical_temperature().unwrap() - 4.0 / 3.0f64.ln()).abs() < 1e-12);
        for site in 0..lx * ly {
            let mut seen: Vec<u32> = lattice.neighbours(site).to_vec();
            seen.sort_unstable();
            seen.dedup();
            assert_eq!(seen.len(), 6);
            for &other in &seen {
                let wrap = |d: usize, l: usize| if 2 * d > l { d as f64 - l as f64 } else { d as f64 };
                let dx = wrap((other as usize % lx + lx - site % lx) % lx, lx);
                let dy = wrap((other as usize / lx + ly - site / lx) % ly, ly);
                let (px, py) = (dx + 0.5 * dy, 0.75f64.sqrt() * dy);
                assert!((px * px + py * py - 1.0).abs() < 1e-12, "{site} - {other}");
            }
        }
        assert!(Triangular::new(1, 3).is_err());
    }
}
