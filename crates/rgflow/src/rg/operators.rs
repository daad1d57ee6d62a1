//! Operators of the square lattice: sums of products of spins over all places and all images under its symmetries.
//!
//! These are the couplings of a renormalized Hamiltonian, H = - sum_a K_a S_a (Swendsen 1979). Spins are bits here: a
//! product of spins is the exclusive or of their bits, a sum of products a count of bits.

use std::str::FromStr;

use super::RgError;
use thiserror::Error;

/// A sum over the lattice of products of spins. The list is open: any set of sites makes one.
///
/// ```
/// use rgflow::rg::operators::Operator;
/// let nn = Operator::new("nn", &[(0, 0), (1, 0)]);
/// assert_eq!((nn.n_images(), nn.is_odd()), (2, false)); // along x and along y
/// assert_eq!(Operator::new("corner", &[(0, 0), (1, 0), (0, 1)]).n_images(), 4);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    name: String,
    /// Sites of each image, the least coordinates 0.
    images: Vec<Vec<(usize, usize)>>,
}

impl Operator {
    /// The operator of a product of the spins at these sites (x, y), any integers; of no site, the constant 1.
    pub fn new(name: &str, sites: &[(i32, i32)]) -> Self {
        let mut images: Vec<Vec<(usize, usize)>> = Vec::new();
        for symmetry in 0..8 {
            let turned = sites.iter().map(|&(x, y)| {
                let (x, y) = (i64::from(x), i64::from(y));
                let (x, y) = if symmetry & 1 == 0 { (x, y) } else { (y, x) };
                (if symmetry & 2 == 0 { x } else { -x }, if symmetry & 4 == 0 { y } else { -y })
            });
            let turned: Vec<(i64, i64)> = turned.collect();
            let least = |f: fn(&(i64, i64)) -> i64| turned.iter().map(f).min().unwrap_or(0);
            let (x0, y0) = (least(|s| s.0), least(|s| s.1));
            let mut image: Vec<_> = turned.iter().map(|(x, y)| ((x - x0) as usize, (y - y0) as usize)).collect();
            image.sort_unstable();
            if !images.contains(&image) {
                images.push(image);
            }
        }
        Self { name: name.to_owned(), images }
    }

    /// Its name, such as `nn`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is the same sum, whatever its name.
    pub fn same_as(&self, other: &Self) -> bool {
        self.images.len() == other.images.len() && self.images.iter().all(|image| other.images.contains(image))
    }

    /// Number of images under the symmetries of the square lattice.
    pub fn n_images(&self) -> usize {
        self.images.len()
    }

    /// Whether it changes its sign when all spins are turned.
    pub fn is_odd(&self) -> bool {
        self.images[0].len() % 2 == 1
    }

    /// Whether it has no site.
    pub(super) fn is_constant(&self) -> bool {
        self.images[0].is_empty()
    }

    /// Largest coordinate of its sites.
    pub fn extent(&self) -> usize {
        self.images.iter().flatten().map(|&(x, y)| x.max(y)).max().unwrap_or(0)
    }
}

/// A text that is no operator.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("operator \"{text}\": {why}")]
pub struct OperatorError {
    /// The text.
    pub text: String,
    /// The fault, and the remedy.
    pub why: String,
}

/// One of [`even`] and [`odd`] by its name, or a new one: `NAME: x,y x,y ...`.
///
/// ```
/// use rgflow::rg::operators::Operator;
/// let far: Operator = "far: 0,0 3,0".parse()?;
/// assert_eq!((far.name(), far.extent()), ("far", 3));
/// assert!("plaquette".parse::<Operator>()?.same_as(&"cell: 5,5 6,5 5,6 6,6".parse()?));
/// # Ok::<(), rgflow::rg::operators::OperatorError>(())
/// ```
impl FromStr for Operator {
    type Err = OperatorError;

    fn from_str(text: &str) -> Result<Self, OperatorError> {
        let wrong = |why: &str| OperatorError { text: text.to_owned(), why: why.to_owned() };
        let known = [even(), odd()].concat();
        if let Some(found) = known.iter().find(|operator| operator.name == text) {
            return Ok(found.clone());
        }
        let (name, sites) = text.split_once(':').ok_or_else(|| {
            let names = known.iter().map(Self::name).collect::<Vec<_>>().join(", ");
            wrong(&format!("must be one of {names}, or new: \"NAME: x,y x,y ...\""))
        })?;
        let site = |site: &str| -> Option<(i32, i32)> {
            let (x, y) = site.split_once(',')?;
            Some((x.parse().ok()?, y.parse().ok()?))
        };
        let sites: Option<Vec<(i32, i32)>> = sites.split_whitespace().map(site).collect();
        let sites = sites.filter(|sites| !sites.is_empty());
        let sites = sites.ok_or_else(|| wrong("sites are pairs x,y such as 0,0 1,0 3,0"))?;
        if (1..sites.len()).any(|i| sites[..i].contains(&sites[i])) {
            return Err(wrong("a site is there twice; the square of a spin is 1"));
        }
        if sites.iter().any(|(x, y)| x.unsigned_abs() > 1000 || y.unsigned_abs() > 1000) {
            return Err(wrong("sites must lie near the origin, within 1000 of it"));
        }
        Ok(Self::new(name.trim(), &sites))
    }
}

/// Even operators, the usual first: nearest and next-nearest neighbours, plaquette, (2,0), (2,1).
pub fn even() -> Vec<Operator> {
    vec![
        Operator::new("nn", &[(0, 0), (1, 0)]),
        Operator::new("nnn", &[(0, 0), (1, 1)]),
        Operator::new("plaquette", &[(0, 0), (1, 0), (0, 1), (1, 1)]),
        Operator::new("(2,0)", &[(0, 0), (2, 0)]),
        Operator::new("(2,1)", &[(0, 0), (2, 1)]),
    ]
}

/// Odd operators: magnetisation, three spins at a corner, three in a line.
pub fn odd() -> Vec<Operator> {
    vec![
        Operator::new("m", &[(0, 0)]),
        Operator::new("corner", &[(0, 0), (1, 0), (0, 1)]),
        Operator::new("line", &[(0, 0), (1, 0), (2, 0)]),
    ]
}

/// Spins as bits, with which operators of one lattice are summed without allocating.
#[derive(Clone, Debug)]
pub struct Bits {
    lx: usize,
    ly: usize,
    /// Words of a line, with space for the shift.
    words: usize,
    /// Lines shifted by x = 0 .. extent, `[shift][line][word]`: bit i is the spin at i + shift.
    shifted: Vec<u64>,
    product: Vec<u64>,
    line: Vec<u64>,
}

impl Bits {
    /// For lattices of `lx` x `ly` and operators up to `extent`.
    ///
    /// # Errors
    /// [`RgError::Extent`] if the extent reaches around the lattice, or beyond 63.
    ///
    /// ```
    /// use rgflow::rg::operators::{Bits, Operator};
    /// let mut bits = Bits::new(4, 4, 1)?;
    /// bits.set(&[1; 16]);
    /// assert_eq!(bits.sum(&Operator::new("nn", &[(0, 0), (1, 0)])), 32);
    /// assert!(Bits::new(4, 4, 4).is_err());
    /// # Ok::<(), rgflow::rg::RgError>(())
    /// ```
    pub fn new(lx: usize, ly: usize, extent: usize) -> Result<Self, RgError> {
        if extent >= lx.min(ly).min(64) {
            return Err(RgError::Extent { extent, lx, ly });
        }
        let words = lx.div_ceil(64);
        Ok(Self {
            lx,
            ly,
            words,
            shifted: vec![0; (extent + 1) * ly * words],
            product: vec![0; words],
            line: vec![0; words + 1],
        })
    }

    /// Takes the `spins` (-1 or +1, `site = y * lx + x`).
    ///
    /// # Panics
    /// If there are not lx * ly of them, or no extent was given.
    pub fn set(&mut self, spins: &[i8]) {
        assert_eq!(spins.len(), self.lx * self.ly);
        let (words, lx) = (self.words, self.lx);
        let size = self.ly * words;
        let shifts = self.shifted.len() / size;
        let mask = if lx % 64 == 0 { u64::MAX } else { (1 << (lx % 64)) - 1 };
        for (y, spins) in spins.chunks_exact(lx).enumerate() {
            // The line and its first spins once more.
            self.line.fill(0);
            for (i, &s) in spins.iter().chain(&spins[..shifts - 1]).enumerate() {
                self.line[i / 64] |= u64::from(s < 0) << (i % 64);
            }
            for shift in 0..shifts {
                let to = &mut self.shifted[shift * size + y * words..][..words];
                for (w, to) in to.iter_mut().enumerate() {
                    let next = if shift == 0 { 0 } else { self.line[w + 1] << (64 - shift) };
                    *to = self.line[w] >> shift | next;
                }
                to[words - 1] &= mask;
            }
        }
    }

    /// Sum of the operator over the lattice.
    ///
    /// # Panics
    /// If its extent is beyond that of [`Bits::new`].
    pub fn sum(&mut self, operator: &Operator) -> i64 {
        let (words, n_sites) = (self.words, (self.lx * self.ly) as i64);
        let mut sum = 0;
        for image in &operator.images {
            let mut minus = 0;
            for y in 0..self.ly {
                self.product.fill(0);
                for &(dx, dy) in image {
                    let line = (dx * self.ly + (y + dy) % self.ly) * words;
                    self.product.iter_mut().zip(&self.shifted[line..line + words]).for_each(|(p, w)| *p ^= w);
                }
                minus += self.product.iter().map(|word| i64::from(word.count_ones())).sum::<i64>();
            }
            sum += n_sites - 2 * minus;
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Streams;
    use rand::RngExt;

    type Image = &'static [(usize, usize)];

    /// The sum as it is written: over sites, and over images found by hand.
    fn plain(spins: &[i8], lx: usize, ly: usize, images: &[Image]) -> i64 {
        let mut sum = 0;
        for image in images {
            for y in 0..ly {
                for x in 0..lx {
                    let at = |&(dx, dy): &(usize, usize)| i64::from(spins[(y + dy) % ly * lx + (x + dx) % lx]);
                    sum += image.iter().map(at).product::<i64>();
                }
            }
        }
        sum
    }

    #[test]
    fn texts_that_are_no_operators_are_refused() {
        assert_eq!("line".parse::<Operator>().unwrap(), odd()[2]);
        assert_eq!("far: 0,0 3,0".parse::<Operator>().unwrap(), Operator::new("far", &[(0, 0), (3, 0)]));
        for (text, why) in [
            ("nm", "operator \"nm\": must be one of nn, nnn"),
            ("far:", "sites are pairs"),
            ("far: 0,0 3", "sites are pairs"),
            ("far: 0,0 3,0 0,0", "twice"),
            ("far: 0,0 -2147483648,0", "near the origin"),
        ] {
            let error = text.parse::<Operator>().unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn sums_of_bits_are_sums_of_products() {
        let mut rng = Streams::new(1).generator("test/operators", 0);
        let images: [(&str, Vec<Image>); 8] = [
            ("nn", vec![&[(0, 0), (1, 0)], &[(0, 0), (0, 1)]]),
            ("nnn", vec![&[(0, 0), (1, 1)], &[(1, 0), (0, 1)]]),
            ("plaquette", vec![&[(0, 0), (1, 0), (0, 1), (1, 1)]]),
            ("(2,0)", vec![&[(0, 0), (2, 0)], &[(0, 0), (0, 2)]]),
            ("(2,1)", vec![&[(0, 0), (2, 1)], &[(0, 1), (2, 0)], &[(0, 0), (1, 2)], &[(1, 0), (0, 2)]]),
            ("m", vec![&[(0, 0)]]),
            (
                "corner",
                vec![
                    &[(0, 0), (1, 0), (0, 1)],
                    &[(0, 0), (1, 0), (1, 1)],
                    &[(0, 0), (0, 1), (1, 1)],
                    &[(1, 0), (0, 1), (1, 1)],
                ],
            ),
            ("line", vec![&[(0, 0), (1, 0), (2, 0)], &[(0, 0), (0, 1), (0, 2)]]),
        ];
        for (lx, ly) in [(4, 4), (5, 3), (64, 4), (63, 3), (65, 3), (130, 4)] {
            let spins: Vec<i8> = (0..lx * ly).map(|_| if rng.random::<bool>() { 1 } else { -1 }).collect();
            let mut bits = Bits::new(lx, ly, 2).unwrap();
            bits.set(&spins);
            for operator in even().iter().chain(&odd()) {
                let (_, images) = images.iter().find(|(name, _)| *name == operator.name()).unwrap();
                assert_eq!(operator.n_images(), images.len());
                assert_eq!(bits.sum(operator), plain(&spins, lx, ly, images), "{} on {lx} x {ly}", operator.name());
            }
        }
    }
}
