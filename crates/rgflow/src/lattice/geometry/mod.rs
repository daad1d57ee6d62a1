//! Periodic lattices: sites, bonds, axes and colourings. A new lattice is a new file here and a line in [`Geometry`].

mod cubic;
mod ring;
mod square;
mod triangular;

pub use cubic::Cubic;
pub use ring::Ring;
pub use square::Square;
pub use triangular::Triangular;

use std::fmt;

use super::LatticeError;

/// A periodic lattice: which sites share a bond.
pub trait Lattice: Sync {
    /// Number of sites.
    fn n_sites(&self) -> usize;

    /// Neighbours of `site`, pairs of opposite steps one after the other (forward, backward), so that the backward
    /// steps of all sites meet each bond once; each bond is counted from both of its ends. Where the lattice is two sites long, the
    /// bond to the right and the bond to the left are two bonds between the same sites.
    fn neighbours(&self, site: usize) -> &[u32];

    /// Extents, fastest index first: `[lx, ly]` or `[n]`; `site = x + lx (y + ly z)`.
    fn extents(&self) -> Vec<usize>;

    /// Number of colours such that no bond joins sites of one [`colour`](Lattice::colour), where such a colouring is
    /// known: sites of one colour can be updated at once.
    fn n_colours(&self) -> Option<usize>;

    /// Colour of `site`, below [`n_colours`](Lattice::n_colours); of no meaning where that is `None`. By default the
    /// checkerboard, (x + y + z) mod 2.
    fn colour(&self, site: usize) -> usize {
        let mut rest = site;
        let mut sum = 0;
        for extent in self.extents() {
            sum += rest % extent;
            rest /= extent;
        }
        sum % 2
    }

    /// Square of the smallest wave number along `axis` as the lattice Laplacian sees it, in 1/(lattice spacing)^2:
    /// (2 d/q) sum over the q bonds of a site of (1 - cos k e) in d dimensions, 4 sin^2(pi/L) on hypercubic lattices.
    fn k_min_squared(&self, axis: usize) -> f64 {
        let sine = libm::sin(std::f64::consts::PI / self.extents()[axis] as f64);
        4.0 * sine * sine
    }

    /// Critical temperature of the infinite lattice in J/k_B; 0 in one dimension.
    fn critical_temperature(&self) -> f64;
}

/// The product of extents of at least 2 each, if below 2^31.
fn checked_sites(extents: &[usize]) -> Option<usize> {
    let n_sites = extents.iter().try_fold(1usize, |n, &l| if l < 2 { None } else { n.checked_mul(l) })?;
    (n_sites < 1 << 31).then_some(n_sites)
}

/// Any of the lattices, from its name and extents.
///
/// ```
/// use rgflow::lattice::{Geometry, Lattice};
/// let torus = Geometry::new("square", &[10])?;
/// assert_eq!(torus.n_sites(), 100);
/// assert_eq!(torus.to_string(), "square 10 x 10");
/// assert_eq!(Geometry::new("cubic", &[4, 4, 6])?.name(), "cubic");
/// assert!(Geometry::new("sqare", &[10]).is_err());
/// # Ok::<(), rgflow::lattice::LatticeError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Geometry {
    /// The square lattice on a torus.
    Square(Square),
    /// The periodic chain.
    Ring(Ring),
    /// The triangular lattice on a torus.
    Triangular(Triangular),
    /// The simple cubic lattice on a torus.
    Cubic(Cubic),
}

impl Geometry {
    /// The names that [`Geometry::new`] knows.
    pub const NAMES: [&'static str; 4] = ["square", "ring", "triangular", "cubic"];

    /// The lattice `name` of the given `extents`, fastest index first. One extent stands for all of them: `[10]` is
    /// 10 x 10 on the square lattice.
    ///
    /// # Errors
    /// [`LatticeError::Geometry`] for an unknown name, [`LatticeError::Dimension`] for another number of extents than
    /// the lattice has, [`LatticeError::Extent`] or [`LatticeError::Extents`] for an extent below 2.
    pub fn new(name: &str, extents: &[usize]) -> Result<Self, LatticeError> {
        let dimension = match name {
            "ring" => 1,
            "square" | "triangular" => 2,
            "cubic" => 3,
            _ => return Err(LatticeError::Geometry(name.to_owned())),
        };
        let all = match extents {
            [l] => vec![*l; dimension],
            many if many.len() == dimension => many.to_vec(),
            _ => return Err(LatticeError::Dimension { name: name.to_owned(), dimension, found: extents.len() }),
        };
        match (name, all.as_slice()) {
            ("square", &[lx, ly]) => Square::new(lx, ly).map(Self::Square),
            ("triangular", &[lx, ly]) => Triangular::new(lx, ly).map(Self::Triangular),
            ("cubic", &[lx, ly, lz]) => Cubic::new(lx, ly, lz).map(Self::Cubic),
            (_, all) => Ring::new(all[0]).map(Self::Ring),
        }
    }

    /// The lattice's name, one of [`Geometry::NAMES`].
    pub fn name(&self) -> &'static str {
        match self {
            Self::Square(_) => "square",
            Self::Ring(_) => "ring",
            Self::Triangular(_) => "triangular",
            Self::Cubic(_) => "cubic",
        }
    }

    fn lattice(&self) -> &dyn Lattice {
        match self {
            Self::Square(lattice) => lattice,
            Self::Ring(lattice) => lattice,
            Self::Triangular(lattice) => lattice,
            Self::Cubic(lattice) => lattice,
        }
    }
}

impl Lattice for Geometry {
    fn n_sites(&self) -> usize {
        self.lattice().n_sites()
    }

    #[inline]
    fn neighbours(&self, site: usize) -> &[u32] {
        match self {
            Self::Square(lattice) => lattice.neighbours(site),
            Self::Ring(lattice) => lattice.neighbours(site),
            Self::Triangular(lattice) => lattice.neighbours(site),
            Self::Cubic(lattice) => lattice.neighbours(site),
        }
    }

    fn extents(&self) -> Vec<usize> {
        self.lattice().extents()
    }

    fn n_colours(&self) -> Option<usize> {
        self.lattice().n_colours()
    }

    fn colour(&self, site: usize) -> usize {
        self.lattice().colour(site)
    }

    fn k_min_squared(&self, axis: usize) -> f64 {
        self.lattice().k_min_squared(axis)
    }

    fn critical_temperature(&self) -> f64 {
        self.lattice().critical_temperature()
    }
}

/// Name and extents: "square 10 x 10", "ring 8".
impl fmt::Display for Geometry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let extents: Vec<String> = self.extents().iter().map(usize::to_string).collect();
        write!(f, "{} {}", self.name(), extents.join(" x "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_mutual_and_differ_in_colour() {
        let all: [(&str, &[usize]); 14] = [
            ("square", &[2]),
            ("square", &[3]),
            ("square", &[3, 5]),
            ("square", &[5, 2]),
            ("square", &[4, 6]),
            ("ring", &[2]),
            ("ring", &[5]),
            ("triangular", &[2]),
            ("triangular", &[3]),
            ("triangular", &[3, 4]),
            ("triangular", &[6, 9]),
            ("cubic", &[2]),
            ("cubic", &[3, 2, 5]),
            ("cubic", &[4, 2, 6]),
        ];
        for (name, extents) in all {
            let lattice = Geometry::new(name, extents).unwrap();
            let degree = lattice.neighbours(0).len();
            let ends = |step: usize| (0..lattice.n_sites()).map(move |site| (site, step));
            let pair = |(site, step): (usize, usize)| (site, lattice.neighbours(site)[step] as usize);
            for step in (0..degree).step_by(2) {
                let mut forward: Vec<_> = ends(step).map(pair).collect();
                let mut backward: Vec<_> = ends(step + 1).map(pair).map(|(a, b)| (b, a)).collect();
                forward.sort_unstable();
                backward.sort_unstable();
                assert_eq!(forward, backward, "{lattice}: steps {step} are opposite");
            }
            for site in 0..lattice.n_sites() {
                assert_eq!(lattice.neighbours(site).len(), degree);
                for &other in lattice.neighbours(site) {
                    let count = |a: usize, b: usize| lattice.neighbours(a).iter().filter(|&&n| n as usize == b).count();
                    assert_ne!(site, other as usize);
                    assert_eq!(count(site, other as usize), count(other as usize, site), "{lattice}: {site} - {other}");
                    if let Some(colours) = lattice.n_colours() {
                        assert!(lattice.colour(site) < colours);
                        assert_ne!(lattice.colour(site), lattice.colour(other as usize), "{lattice}: {site} - {other}");
                    }
                }
            }
        }
    }

    #[test]
    fn names_and_extents() {
        assert_eq!(Geometry::new("cubic", &[3, 3, 2]).unwrap().to_string(), "cubic 3 x 3 x 2");
        for name in Geometry::NAMES {
            assert_eq!(Geometry::new(name, &[6]).unwrap().name(), name);
        }
        let unknown = Geometry::new("Square", &[4]).unwrap_err().to_string();
        assert!(unknown.contains("square, ring, triangular or cubic"), "{unknown}");
        let wrong = Geometry::new("ring", &[4, 4]).unwrap_err().to_string();
        assert!(wrong.contains("1 extent"), "{wrong}");
        assert!(Geometry::new("square", &[]).is_err());
        assert!(Geometry::new("cubic", &[1 << 20]).is_err());
    }

    #[test]
    fn small_wave_numbers_are_those_of_the_continuum() {
        // k_min -> 2 pi/L on the square lattice, (2/sqrt 3) 2 pi/L on the triangular one.
        let k = std::f64::consts::TAU / 1000.0;
        let square = Square::new(1000, 2).unwrap().k_min_squared(0);
        assert!((square / (k * k) - 1.0).abs() < 1e-5);
        let triangular = Triangular::new(1000, 2).unwrap().k_min_squared(0);
        assert!((triangular / (4.0 / 3.0 * k * k) - 1.0).abs() < 1e-5);
    }
}
