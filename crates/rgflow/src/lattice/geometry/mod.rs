//! Periodic lattices: sites, bonds, axes and colourings. A new lattice is a new file here and its line in `lattices!`.

mod cubic;
mod honeycomb;
mod ring;
mod square;
mod triangular;

use std::fmt;

use super::LatticeError;

/// A periodic lattice: which sites share a bond. Samplers and observables take any type with this trait; those that have a
/// line in the list of [`Geometry`] can be named in commands and files.
pub trait Lattice: Sync {
    /// Its name, such as "square": what messages, files and the names of random streams say.
    fn name(&self) -> &str;

    /// Number of sites.
    fn n_sites(&self) -> usize;

    /// Neighbours of `site`; each bond is counted from both of its ends, so that two bonds between the same sites (where the
    /// lattice is two sites long) are two entries of either.
    ///
    /// The lattices of this crate with an even coordination number list pairs of opposite steps, forward and backward. Any other
    /// order samples the same law.
    fn neighbours(&self, site: usize) -> &[u32];

    /// Extents, fastest index first: `[lx, ly]` or `[n]`; `site = x + lx (y + ly z)`. Their product is the number of sites.
    fn extents(&self) -> Vec<usize>;

    /// Number of colours such that no bond joins sites of one [`colour`](Lattice::colour), where such a colouring is
    /// known: sites of one colour can be updated at once.
    fn n_colours(&self) -> Option<usize> {
        None
    }

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

    /// The axes along which the structure factor is taken at the smallest wave number; they are equivalent and have one
    /// extent. By default those of the largest extent.
    fn wave_axes(&self) -> Vec<usize> {
        let extents = self.extents();
        let longest = extents.iter().copied().max().unwrap_or(1);
        (0..extents.len()).filter(|&axis| extents[axis] == longest).collect()
    }

    /// Square of the smallest wave number along `axis` as the lattice Laplacian sees it, in 1/(lattice spacing)^2:
    /// (2 d/q) sum over the q bonds of a site of (1 - cos k e) in d dimensions, 4 sin^2(pi/L) on hypercubic lattices.
    fn k_min_squared(&self, axis: usize) -> f64 {
        let sine = libm::sin(std::f64::consts::PI / self.extents()[axis] as f64);
        4.0 * sine * sine
    }

    /// Critical temperature of the infinite lattice in J/k_B; 0 in one dimension.
    fn critical_temperature(&self) -> f64;

    /// The lattice of the same kind with other extents: pilot runs are made on a smaller one. `None` (the default) where it
    /// cannot be made.
    fn resized(&self, extents: &[usize]) -> Option<Self>
    where
        Self: Sized,
    {
        _ = extents;
        None
    }

    /// The lattice as one for which independent configurations are known to be drawn exactly, if it is one.
    fn solved(&self) -> Option<Solved<'_>> {
        None
    }
}

/// A lattice with an exact sampler.
#[derive(Clone, Copy, Debug)]
pub enum Solved<'a> {
    /// By the transfer matrix of the square torus.
    Square(&'a Square),
    /// Along the ring, without field.
    Ring(&'a Ring),
}

/// Name and extents of a lattice: "square 10 x 10", "ring 8".
pub fn title<L: Lattice + ?Sized>(lattice: &L) -> String {
    let extents: Vec<String> = lattice.extents().iter().map(usize::to_string).collect();
    format!("{} {}", lattice.name(), extents.join(" x "))
}

/// The product of extents of at least 2 each, if below 2^31.
fn checked_sites(extents: &[usize]) -> Option<usize> {
    let n_sites = extents.iter().try_fold(1usize, |n, &l| if l < 2 { None } else { n.checked_mul(l) })?;
    (n_sites < 1 << 31).then_some(n_sites)
}

/// Whether all neighbours stand in pairs of opposite steps, forward and backward.
pub(super) fn in_opposite_pairs<L: Lattice + ?Sized>(lattice: &L) -> bool {
    let step = |site: usize, k: usize| lattice.neighbours(site).get(k).map(|&other| other as usize);
    let returns = |site: usize, k: usize| step(site, k + 1).and_then(|back| step(back, k)) == Some(site);
    (0..lattice.n_sites()).all(|site| (0..lattice.neighbours(site).len()).step_by(2).all(|k| returns(site, k)))
}

/// What the list of lattices holds of each.
pub trait Named: Lattice + Sized {
    /// The name, in lower case.
    const NAME: &'static str;
    /// Number of extents.
    const DIMENSION: usize;
    /// Number of neighbours of a site.
    const COORDINATION: usize;

    /// The lattice of [`Self::DIMENSION`] extents, fastest index first.
    ///
    /// # Errors
    /// [`LatticeError::Extent`] or another for extents that it cannot have.
    fn of(extents: &[usize]) -> Result<Self, LatticeError>;
}

/// Name, dimension and coordination number of a lattice of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Family {
    /// The name, as [`Geometry::new`] takes it.
    pub name: &'static str,
    /// Number of extents.
    pub dimension: usize,
    /// Number of neighbours of a site.
    pub coordination: usize,
}

macro_rules! lattices {
    ($($file:ident::$lattice:ident: $what:literal),* $(,)?) => {
        $(pub use $file::$lattice;)*

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
            $(#[doc = $what] $lattice($lattice)),*
        }

        impl Geometry {
            /// Every lattice that [`Geometry::new`] knows.
            pub const ALL: &'static [Family] = &[
                $(Family { name: $lattice::NAME, dimension: $lattice::DIMENSION, coordination: $lattice::COORDINATION }),*
            ];

            /// The lattice `name` of as many extents as it has.
            fn of(name: &str, extents: &[usize]) -> Result<Self, LatticeError> {
                match name {
                    $($lattice::NAME => $lattice::of(extents).map(Self::$lattice),)*
                    _ => Err(LatticeError::Geometry(name.to_owned())),
                }
            }
        }

        impl Lattice for Geometry {
            fn name(&self) -> &str {
                match self { $(Self::$lattice(lattice) => lattice.name()),* }
            }

            fn n_sites(&self) -> usize {
                match self { $(Self::$lattice(lattice) => lattice.n_sites()),* }
            }

            #[inline]
            fn neighbours(&self, site: usize) -> &[u32] {
                match self { $(Self::$lattice(lattice) => lattice.neighbours(site)),* }
            }

            fn extents(&self) -> Vec<usize> {
                match self { $(Self::$lattice(lattice) => lattice.extents()),* }
            }

            fn n_colours(&self) -> Option<usize> {
                match self { $(Self::$lattice(lattice) => lattice.n_colours()),* }
            }

            fn colour(&self, site: usize) -> usize {
                match self { $(Self::$lattice(lattice) => lattice.colour(site)),* }
            }

            fn wave_axes(&self) -> Vec<usize> {
                match self { $(Self::$lattice(lattice) => lattice.wave_axes()),* }
            }

            fn k_min_squared(&self, axis: usize) -> f64 {
                match self { $(Self::$lattice(lattice) => lattice.k_min_squared(axis)),* }
            }

            fn critical_temperature(&self) -> f64 {
                match self { $(Self::$lattice(lattice) => lattice.critical_temperature()),* }
            }

            fn resized(&self, extents: &[usize]) -> Option<Self> {
                match self { $(Self::$lattice(lattice) => lattice.resized(extents).map(Self::$lattice)),* }
            }

            fn solved(&self) -> Option<Solved<'_>> {
                match self { $(Self::$lattice(lattice) => lattice.solved()),* }
            }
        }
    };
}

lattices! {
    square::Square: "The square lattice on a torus.",
    ring::Ring: "The periodic chain.",
    triangular::Triangular: "The triangular lattice on a torus.",
    cubic::Cubic: "The simple cubic lattice on a torus.",
    honeycomb::Honeycomb: "The honeycomb lattice on a torus.",
}

impl Geometry {
    /// The lattice `name` of the given `extents`, fastest index first. One extent stands for all of them: `[10]` is
    /// 10 x 10 on the square lattice.
    ///
    /// # Errors
    /// [`LatticeError::Geometry`] for an unknown name, [`LatticeError::Dimension`] for another number of extents than
    /// the lattice has, [`LatticeError::Extent`], [`LatticeError::Extents`] or [`LatticeError::Unfit`] for extents that it
    /// cannot have.
    pub fn new(name: &str, extents: &[usize]) -> Result<Self, LatticeError> {
        let dimension = Self::family(name)?.dimension;
        match extents {
            [l] => Self::of(name, &vec![*l; dimension]),
            many if many.len() == dimension => Self::of(name, many),
            _ => Err(LatticeError::Dimension { name: name.to_owned(), dimension, found: extents.len() }),
        }
    }

    /// Dimension and coordination number of the lattice `name`.
    ///
    /// # Errors
    /// [`LatticeError::Geometry`] for an unknown name.
    pub fn family(name: &str) -> Result<Family, LatticeError> {
        let known = Self::ALL.iter().find(|family| family.name == name);
        known.copied().ok_or_else(|| LatticeError::Geometry(name.to_owned()))
    }

    /// All names in a sentence, such as "square, ring or cubic".
    pub fn names() -> String {
        let names: Vec<&str> = Self::ALL.iter().map(|family| family.name).collect();
        match names.split_last() {
            Some((last, [])) => (*last).to_owned(),
            Some((last, others)) => format!("{} or {last}", others.join(", ")),
            None => String::new(),
        }
    }
}

/// Name and extents: "square 10 x 10", "ring 8".
impl fmt::Display for Geometry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&title(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_mutual_and_differ_in_colour() {
        let all: [(&str, &[usize]); 16] = [
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
            ("honeycomb", &[2]),
            ("honeycomb", &[4, 6]),
        ];
        for (name, extents) in all {
            let lattice = Geometry::new(name, extents).unwrap();
            let degree = lattice.neighbours(0).len();
            assert_eq!(in_opposite_pairs(&lattice), degree.is_multiple_of(2), "{lattice}");
            let ends = |step: usize| (0..lattice.n_sites()).map(move |site| (site, step));
            let pair = |(site, step): (usize, usize)| (site, lattice.neighbours(site)[step] as usize);
            for step in (0..degree / 2 * 2).step_by(2).filter(|_| degree.is_multiple_of(2)) {
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
        for family in Geometry::ALL {
            let lattice = Geometry::new(family.name, &[6]).unwrap();
            assert_eq!((lattice.name(), lattice.extents().len()), (family.name, family.dimension));
            assert!((0..lattice.n_sites()).all(|site| lattice.neighbours(site).len() == family.coordination));
            assert_eq!(lattice.resized(&lattice.extents()).unwrap(), lattice);
        }
        let unknown = Geometry::new("Square", &[4]).unwrap_err().to_string();
        assert!(unknown.contains(&format!("must be {}", Geometry::names())), "{unknown}");
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
