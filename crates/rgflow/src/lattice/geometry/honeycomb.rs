//! The honeycomb lattice on a torus.

use super::{Lattice, Named, checked_sites};
use crate::lattice::LatticeError;

/// The honeycomb lattice of `lx * ly` sites on a torus as a wall of bricks, `site = y * lx + x`: three neighbours per
/// site.
///
/// Rows are zigzag chains. Site (x, y) is bound to (x +- 1, y) and, where x + y is even, to (x, y + 1), else to (x,
/// y - 1): two columns of a row are a cell of two sites. A column lies at (sqrt(3)/2) x in units of a bond, a row at
/// 3/2 y +- 1/4. G(r) along a row is that of one distance; from row to row the two kinds of sites differ for odd r, and
/// G(r) is their mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Honeycomb {
    lx: usize,
    ly: usize,
    neighbours: Vec<[u32; 3]>,
}

impl Honeycomb {
    /// The torus of `lx` columns and `ly` rows, both even.
    ///
    /// # Errors
    /// [`LatticeError::Extent`] if an extent is below 2 or the sites do not fit 31 bits, [`LatticeError::Unfit`] if one
    /// is odd.
    pub fn new(lx: usize, ly: usize) -> Result<Self, LatticeError> {
        let n_sites = checked_sites(&[lx, ly]).ok_or(LatticeError::Extent { lx, ly })?;
        if !(lx.is_multiple_of(2) && ly.is_multiple_of(2)) {
            let needs = "both must be even, so that its bonds close around the torus";
            return Err(LatticeError::Unfit { name: Self::NAME, extents: vec![lx, ly], needs });
        }
        let neighbours = (0..n_sites)
            .map(|site| {
                let (x, y) = (site % lx, site / lx);
                let across = if (x + y).is_multiple_of(2) { (y + 1) % ly } else { (y + ly - 1) % ly };
                [((x + 1) % lx, y), ((x + lx - 1) % lx, y), (x, across)].map(|(x, y)| (y * lx + x) as u32)
            })
            .collect();
        Ok(Self { lx, ly, neighbours })
    }
}

impl Named for Honeycomb {
    const NAME: &'static str = "honeycomb";
    const DIMENSION: usize = 2;
    const COORDINATION: usize = 3;
    const STEPS: &'static [&'static [isize]] = &[&[1, 0], &[-1, 0], &[0, 1]];
    const ALTERNATES: bool = true;

    fn of(extents: &[usize]) -> Result<Self, LatticeError> {
        Self::new(extents[0], extents[1])
    }

    fn signs_matter(_: &[f64]) -> bool {
        false
    }

    /// S_1 S_2 S_3/(S_1 + S_2 + S_3) (Houtappel 1950), whose numerator and denominator are divided by S_3, the largest,
    /// which may overflow.
    fn order(s: &[f64]) -> Option<f64> {
        match s {
            [a, b, c] => Some(a * b / (1.0 + (a + b) / c)),
            _ => None,
        }
    }
}

impl Lattice for Honeycomb {
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
        Some(2)
    }

    /// Along the rows, where the place of a site follows from its column alone.
    fn wave_axes(&self) -> Vec<usize> {
        vec![0]
    }

    /// (4/3) sum over the three bonds e of (1 - cos k e) for k along a row: (16/3) sin^2(pi/lx). From row to row by the
    /// means of rows, 3/2 apart: (16/9) sin^2(pi/ly).
    fn k_min_squared(&self, axis: usize) -> f64 {
        let sine = libm::sin(std::f64::consts::PI / self.extents()[axis] as f64);
        if axis == 0 { 16.0 / 3.0 * sine * sine } else { 16.0 / 9.0 * sine * sine }
    }

    fn critical_temperature(&self) -> Option<f64> {
        // 2 / ln(2 + sqrt 3) (Houtappel 1950).
        Some(1.518_651_435_000_414)
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
        let (lx, ly) = (6, 4);
        let lattice = Honeycomb::new(lx, ly).unwrap();
        assert!((lattice.critical_temperature().unwrap() - 2.0 / (2.0 + 3.0f64.sqrt()).ln()).abs() < 1e-12);
        let place = |site: usize| {
            let (x, y) = (site % lx, site / lx);
            let off = if (x + y).is_multiple_of(2) { 0.25 } else { -0.25 };
            (0.75f64.sqrt() * x as f64, 1.5 * y as f64 + off)
        };
        let (width, height) = (0.75f64.sqrt() * lx as f64, 1.5 * ly as f64);
        let wrap = |d: f64, l: f64| d - l * (d / l).round();
        for site in 0..lx * ly {
            let (x, y) = place(site);
            let mut sum = (0.0, 0.0);
            for &other in lattice.neighbours(site) {
                let (u, v) = place(other as usize);
                let (dx, dy) = (wrap(u - x, width), wrap(v - y, height));
                assert!((dx * dx + dy * dy - 1.0).abs() < 1e-12, "{site} - {other}");
                sum = (sum.0 + dx, sum.1 + dy);
            }
            assert!(sum.0.abs() < 1e-12 && sum.1.abs() < 1e-12, "bonds at 120 degrees");
        }
        assert!(Honeycomb::new(1, 4).is_err());
        for odd in [[3, 4], [4, 3]] {
            let error = Honeycomb::new(odd[0], odd[1]).unwrap_err().to_string();
            assert!(error.contains("honeycomb") && error.contains("even"), "{error}");
        }
        // k_min -> 2 pi/(length) of a large lattice.
        let large = Honeycomb::new(1000, 1000).unwrap();
        for (axis, step) in [(0, 0.75f64.sqrt()), (1, 1.5)] {
            let k = std::f64::consts::TAU / (1000.0 * step);
            assert!((large.k_min_squared(axis) / (k * k) - 1.0).abs() < 1e-5);
        }
    }
}
