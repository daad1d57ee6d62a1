//! Lattices: sites, bonds, axes and colourings. A new periodic lattice is a new file here and its line in `lattices!`;
//! other couplings, open boundaries and lists of bonds are [`Bonds`].

mod bonds;
mod check;
mod critical;
mod cubic;
mod honeycomb;
mod named;
mod ring;
mod square;
mod triangular;

use std::fmt;

use super::LatticeError;

pub use bonds::{Bonds, Boundary};
pub use check::check;
pub use named::{Family, Named};

/// A lattice: which sites share a bond, and with which coupling. Samplers and observables take any type with this
/// trait; those that have a line in the list of [`Geometry`] can be named in commands and files. [`check`] tells
/// whether the lists of a lattice of your own agree.
pub trait Lattice: Sync {
    /// Its name, such as "square": what messages, files and the names of random streams say.
    fn name(&self) -> &str;

    /// Number of sites.
    fn n_sites(&self) -> usize;

    /// Neighbours of `site`; each bond is counted from both of its ends, so that two bonds between the same sites
    /// (where the lattice is two sites long) are two entries of either.
    ///
    /// The lattices of this crate with an even coordination number list pairs of opposite steps, forward and backward.
    /// Any other order samples the same law.
    fn neighbours(&self, site: usize) -> &[u32];

    /// Couplings J_ij of the bonds of `site` in the order of its [`neighbours`](Lattice::neighbours), in units of J;
    /// `None` (the default) where every bond of the lattice has the coupling 1.
    fn couplings(&self, site: usize) -> Option<&[f64]> {
        _ = site;
        None
    }

    /// Whether a shift by a cell along any axis leaves the lattice as it is. Correlation functions, structure factor
    /// and correlation length are measured only there; false by default.
    fn is_translation_invariant(&self) -> bool {
        false
    }

    /// A length in bonds that no correlation is longer than: by default the largest extent.
    fn longest(&self) -> usize {
        self.extents().into_iter().max().unwrap_or(1)
    }

    /// Extents, fastest index first: `[lx, ly]` or `[n]`; `site = x + lx (y + ly z)`. Their product is the number of
    /// sites.
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
    /// extent. By default those of the largest extent; none where the lattice is not [translation
    /// invariant](Lattice::is_translation_invariant).
    fn wave_axes(&self) -> Vec<usize> {
        if !self.is_translation_invariant() {
            return Vec::new();
        }
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

    /// Critical temperature of the infinite lattice in J/k_B; 0 in one dimension, `None` where it is not known.
    fn critical_temperature(&self) -> Option<f64>;

    /// The lattice of the same kind with other extents: pilot runs are made on a smaller one. `None` (the default)
    /// where it cannot be made.
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
#[non_exhaustive]
pub enum Solved<'a> {
    /// By the transfer matrix of the square torus.
    Square(&'a Square),
    /// Along the ring, without field.
    Ring(&'a Ring),
}

/// Every bond once, as (i, j, J_ij) with i < j, by rising i.
///
/// ```
/// use rgflow::lattice::{Ring, bonds};
/// let all: Vec<_> = bonds(&Ring::new(3)?).collect();
/// assert_eq!(all, [(0, 1, 1.0), (0, 2, 1.0), (1, 2, 1.0)]);
/// # Ok::<(), rgflow::lattice::LatticeError>(())
/// ```
pub fn bonds<L: Lattice + ?Sized>(lattice: &L) -> impl Iterator<Item = (usize, usize, f64)> + '_ {
    (0..lattice.n_sites()).flat_map(move |site| {
        let couplings = lattice.couplings(site);
        let all = lattice.neighbours(site).iter().enumerate();
        let later = all.filter(move |(_, other)| **other as usize > site);
        later.map(move |(k, other)| (site, *other as usize, couplings.map_or(1.0, |couplings| couplings[k])))
    })
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
        #[non_exhaustive]
        pub enum Geometry {
            $(#[doc = $what] $lattice($lattice),)*
            /// Bonds with couplings of their own.
            Bonds(Box<Bonds>),
        }

        impl Geometry {
            /// Every lattice that [`Geometry::new`] knows.
            pub const ALL: &'static [Family] = &[
                $(Family::of::<$lattice>()),*
            ];

            /// The lattice `name` of as many extents as it has.
            fn of(name: &str, extents: &[usize]) -> Result<Self, LatticeError> {
                match name {
                    $($lattice::NAME => $lattice::of(extents).map(Self::$lattice),)*
                    _ => Err(LatticeError::Geometry(name.to_owned())),
                }
            }

            /// The lattice with other couplings and boundaries; itself where every coupling is 1 and every boundary
            /// periodic.
            ///
            /// `couplings`: J of all bonds, or of each direction of bonds in the order of [`Family::directions`].
            /// `boundaries`: that of all axes, or of each; nothing stands for 1 and periodic.
            ///
            /// # Errors
            /// As [`Bonds::on`]; [`LatticeError::OwnBonds`] if it has bonds of its own already.
            ///
            /// ```
            /// use rgflow::lattice::{Boundary, Geometry, Lattice};
            /// let square = Geometry::new("square", &[4])?;
            /// let strip = square.with_bonds(&[-1.0], &[Boundary::Open, Boundary::Periodic])?;
            /// assert_eq!(strip.to_string(), "square(J=-1; open, periodic) 4 x 4");
            /// assert_eq!(strip.couplings(0), Some(&[-1.0; 3][..]));
            /// # Ok::<(), rgflow::lattice::LatticeError>(())
            /// ```
            pub fn with_bonds(self, couplings: &[f64], boundaries: &[Boundary]) -> Result<Self, LatticeError> {
                let plain = couplings.iter().all(|j| *j == 1.0) && boundaries.iter().all(|b| *b == Boundary::Periodic);
                // Of any lattice, so that no bond needs to be listed.
                if plain && couplings.len().max(boundaries.len()) <= 1 && !matches!(self, Self::Bonds(_)) {
                    return Ok(self);
                }
                let bonds = match &self {
                    $(Self::$lattice(lattice) => Bonds::on(lattice, couplings, boundaries)?,)*
                    Self::Bonds(lattice) => return Err(LatticeError::OwnBonds(lattice.name().to_owned())),
                };
                Ok(if plain { self } else { bonds.into() })
            }
        }

        impl Lattice for Geometry {
            fn name(&self) -> &str {
                match self { $(Self::$lattice(lattice) => lattice.name(),)* Self::Bonds(lattice) => lattice.name() }
            }

            fn n_sites(&self) -> usize {
                match self {
                    $(Self::$lattice(lattice) => lattice.n_sites(),)*
                    Self::Bonds(lattice) => lattice.n_sites(),
                }
            }

            #[inline]
            fn neighbours(&self, site: usize) -> &[u32] {
                match self {
                    $(Self::$lattice(lattice) => lattice.neighbours(site),)*
                    Self::Bonds(lattice) => lattice.neighbours(site),
                }
            }

            #[inline]
            fn couplings(&self, site: usize) -> Option<&[f64]> {
                match self { Self::Bonds(lattice) => lattice.couplings(site), _ => None }
            }

            fn is_translation_invariant(&self) -> bool {
                match self {
                    $(Self::$lattice(lattice) => lattice.is_translation_invariant(),)*
                    Self::Bonds(lattice) => lattice.is_translation_invariant(),
                }
            }

            fn longest(&self) -> usize {
                match self {
                    $(Self::$lattice(lattice) => lattice.longest(),)*
                    Self::Bonds(lattice) => lattice.longest(),
                }
            }

            fn extents(&self) -> Vec<usize> {
                match self {
                    $(Self::$lattice(lattice) => lattice.extents(),)*
                    Self::Bonds(lattice) => lattice.extents(),
                }
            }

            fn n_colours(&self) -> Option<usize> {
                match self {
                    $(Self::$lattice(lattice) => lattice.n_colours(),)*
                    Self::Bonds(lattice) => lattice.n_colours(),
                }
            }

            fn colour(&self, site: usize) -> usize {
                match self {
                    $(Self::$lattice(lattice) => lattice.colour(site),)*
                    Self::Bonds(lattice) => lattice.colour(site),
                }
            }

            fn wave_axes(&self) -> Vec<usize> {
                match self {
                    $(Self::$lattice(lattice) => lattice.wave_axes(),)*
                    Self::Bonds(lattice) => lattice.wave_axes(),
                }
            }

            fn k_min_squared(&self, axis: usize) -> f64 {
                match self {
                    $(Self::$lattice(lattice) => lattice.k_min_squared(axis),)*
                    Self::Bonds(lattice) => lattice.k_min_squared(axis),
                }
            }

            fn critical_temperature(&self) -> Option<f64> {
                match self {
                    $(Self::$lattice(lattice) => lattice.critical_temperature(),)*
                    Self::Bonds(lattice) => lattice.critical_temperature(),
                }
            }

            fn resized(&self, extents: &[usize]) -> Option<Self> {
                match self {
                    $(Self::$lattice(lattice) => lattice.resized(extents).map(Self::$lattice),)*
                    Self::Bonds(lattice) => lattice.resized(extents).map(|bonds| Self::Bonds(Box::new(bonds))),
                }
            }

            fn solved(&self) -> Option<Solved<'_>> {
                match self { $(Self::$lattice(lattice) => lattice.solved(),)* Self::Bonds(lattice) => lattice.solved() }
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
    /// the lattice has, [`LatticeError::Extent`], [`LatticeError::Extents`] or [`LatticeError::Unfit`] for extents that
    /// it cannot have.
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

impl From<Bonds> for Geometry {
    fn from(bonds: Bonds) -> Self {
        Self::Bonds(Box::new(bonds))
    }
}

/// Name and extents: "square 10 x 10", "ring 8".
impl fmt::Display for Geometry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&title(self))
    }
}

#[cfg(test)]
mod tests;
