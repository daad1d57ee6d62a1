//! Periodic lattices and their neighbour tables.

use super::LatticeError;

/// A lattice: which sites share a bond.
pub trait Lattice: Sync {
    /// Number of sites.
    fn n_sites(&self) -> usize;

    /// Neighbours of `site`; each bond is counted from both of its ends. Where the lattice is two sites long, the
    /// bond to the right and the bond to the left are two bonds between the same sites.
    fn neighbours(&self, site: usize) -> &[u32];

    /// Extents, fastest index first: `[lx, ly]` or `[n]`.
    fn extents(&self) -> Vec<usize>;
}

/// The square lattice of `lx * ly` sites on a torus: four neighbours per site, `site = y * lx + x`.
#[derive(Clone, Debug)]
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
        let n_sites = lx.checked_mul(ly).filter(|&n| lx >= 2 && ly >= 2 && n < 1 << 31);
        let n_sites = n_sites.ok_or(LatticeError::Extent { lx, ly })?;
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

impl Lattice for Square {
    fn n_sites(&self) -> usize {
        self.neighbours.len()
    }

    #[inline]
    fn neighbours(&self, site: usize) -> &[u32] {
        &self.neighbours[site]
    }

    fn extents(&self) -> Vec<usize> {
        vec![self.lx, self.ly]
    }
}

/// The periodic chain of `n` sites: two neighbours per site.
#[derive(Clone, Debug)]
pub struct Ring {
    neighbours: Vec<[u32; 2]>,
}

impl Ring {
    /// The ring of `n` sites.
    ///
    /// # Errors
    /// [`LatticeError::Extent`] if `n` is below 2 or does not fit 31 bits.
    pub fn new(n: usize) -> Result<Self, LatticeError> {
        if !(2..1 << 31).contains(&n) {
            return Err(LatticeError::Extent { lx: n, ly: 1 });
        }
        let neighbours = (0..n).map(|i| [((i + 1) % n) as u32, ((i + n - 1) % n) as u32]).collect();
        Ok(Self { neighbours })
    }
}

impl Lattice for Ring {
    fn n_sites(&self) -> usize {
        self.neighbours.len()
    }

    #[inline]
    fn neighbours(&self, site: usize) -> &[u32] {
        &self.neighbours[site]
    }

    fn extents(&self) -> Vec<usize> {
        vec![self.neighbours.len()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_mutual_also_on_odd_and_tiny_lattices() {
        for (lx, ly) in [(2, 2), (3, 3), (3, 5), (5, 2), (4, 6)] {
            let square = Square::new(lx, ly).unwrap();
            for site in 0..lx * ly {
                assert_eq!(square.neighbours(site).len(), 4);
                for &other in square.neighbours(site) {
                    let count = |a: usize, b: usize| square.neighbours(a).iter().filter(|&&n| n as usize == b).count();
                    assert_eq!(count(site, other as usize), count(other as usize, site));
                    let (dx, dy) = (site % lx != other as usize % lx, site / lx != other as usize / lx);
                    assert!(dx ^ dy, "a bond runs along x or along y");
                }
            }
        }
        assert_eq!(Square::new(3, 5).unwrap().neighbours(2), [0, 1, 5, 14]);
        assert!(Square::new(1, 4).is_err());
        assert!(Square::new(usize::MAX, 4).is_err());
        assert_eq!(Ring::new(5).unwrap().neighbours(0), [1, 4]);
        assert!(Ring::new(1).is_err());
    }
}
