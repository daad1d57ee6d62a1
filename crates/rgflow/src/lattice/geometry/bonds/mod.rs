//! Bonds with couplings of any sign: a list of them, or those of a named lattice with J by direction and open
//! boundaries.

mod boundary;
mod steps;

use super::{Lattice, Named, Solved, critical};
use crate::lattice::LatticeError;
pub use boundary::Boundary;
use steps::steps;

/// A lattice whose bonds have couplings of their own: H = - sum over bonds of J_ij s_i s_j - h sum of s_i.
///
/// ```
/// use rgflow::lattice::{Bonds, Boundary, Ising, Model, Square};
/// // Two antiferromagnetic bonds and a ferromagnetic one around a triangle: not frustrated.
/// let triangle = Bonds::new(3, &[(0, 1, -1.0), (1, 2, -1.0), (0, 2, 0.5)])?;
/// assert_eq!(Ising::new(&triangle).energy(&[1, -1, 1]), -2.5);
/// // A strip: open in x, periodic in y, weaker bonds along y.
/// let strip = Bonds::on(&Square::new(3, 4)?, &[1.0, 0.5], &[Boundary::Open, Boundary::Periodic])?;
/// assert_eq!(Ising::new(&strip).energy(&[1; 12]), -(8.0 + 6.0));
/// # Ok::<(), rgflow::lattice::LatticeError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Bonds {
    name: String,
    extents: Vec<usize>,
    /// Where the neighbours of each site begin; one more than sites.
    starts: Vec<usize>,
    neighbours: Vec<u32>,
    /// In the order of `neighbours`; empty where all are 1.
    couplings: Vec<f64>,
    /// Colours of the sites and their number, where a colouring is known.
    colours: Option<(usize, Vec<u8>)>,
    origin: Origin,
    longest: usize,
}

// No coupling is NaN.
impl Eq for Bonds {}

/// Source of the bonds.
#[derive(Clone, Debug, PartialEq)]
enum Origin {
    List,
    Lattice(Cells),
}

/// A named lattice with couplings by direction and boundaries by axis.
#[derive(Clone, Debug, PartialEq)]
struct Cells {
    base: &'static str,
    /// Whether that is the square lattice.
    is_square: bool,
    resize: Resize,
    couplings: Vec<f64>,
    boundaries: Vec<Boundary>,
    critical_temperature: Option<f64>,
    wave_axes: Vec<usize>,
    /// Squares of the smallest wave numbers, by axis.
    k_min_squared: Vec<f64>,
}

/// Makes the bonds of the lattice of other extents, from couplings and boundaries. The name of a lattice says which:
/// any two are equal.
#[derive(Clone, Copy, Debug)]
struct Resize(MakeBonds);

/// Bonds from extents, couplings and boundaries.
type MakeBonds = fn(&[usize], &[f64], &[Boundary]) -> Option<Bonds>;

impl PartialEq for Resize {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Bonds {
    /// The bonds (i, j, J_ij) between `n_sites` sites numbered from 0. Two bonds between the same sites are two bonds;
    /// their order does not matter.
    ///
    /// # Errors
    /// [`LatticeError::Bond`] for a bond of a site with itself, a site that is not below `n_sites`, or a coupling that
    /// is not finite; [`LatticeError::NoBonds`] if no coupling differs from 0, [`LatticeError::Sites`] from 2^31 sites
    /// on.
    pub fn new(n_sites: usize, bonds: &[(usize, usize, f64)]) -> Result<Self, LatticeError> {
        if n_sites >= 1 << 31 {
            return Err(LatticeError::Sites(n_sites));
        }
        for (index, &(i, j, coupling)) in bonds.iter().enumerate() {
            let wrong = |needs: String| Err(LatticeError::Bond { index, i, j, coupling, needs });
            if i.max(j) >= n_sites {
                return wrong(format!("sites are numbered from 0 to {}", n_sites as i64 - 1));
            } else if i == j {
                return wrong("a bond joins two different sites".to_owned());
            } else if !coupling.is_finite() {
                return wrong("J must be a finite number".to_owned());
            }
        }
        // + 0.0 makes +0 of -0.
        let mut sorted: Vec<_> = bonds.iter().map(|&(i, j, coupling)| (i.min(j), i.max(j), coupling + 0.0)).collect();
        sorted.sort_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)).then(a.2.total_cmp(&b.2)));
        let mut hash = blake3::Hasher::new();
        hash.update(&(n_sites as u64).to_le_bytes());
        for (i, j, coupling) in &sorted {
            [*i as u64, *j as u64, coupling.to_bits()].iter().for_each(|word| _ = hash.update(&word.to_le_bytes()));
        }
        let name = format!("graph({} bonds, {})", sorted.len(), &hash.finalize().to_hex()[..16]);
        let mut built = Self::build(name, vec![n_sites], &sorted, Origin::List)?;
        built.longest = built.diameter().max(1);
        Ok(built)
    }

    /// The bonds of `lattice` with other couplings and boundaries.
    ///
    /// `couplings`: J of all bonds, or of each direction of bonds, in the order of [`Named::STEPS`]; none stands for 1.
    /// `boundaries`: that of all axes, or of each; none stands for periodic. Along an open axis the bonds that go
    /// around it are left out.
    ///
    /// # Errors
    /// [`LatticeError::Couplings`] or [`LatticeError::Boundaries`] for another number of them,
    /// [`LatticeError::CouplingValue`] for a coupling that is not finite, [`LatticeError::NoBonds`] if all are 0.
    pub fn on<L: Named>(lattice: &L, couplings: &[f64], boundaries: &[Boundary]) -> Result<Self, LatticeError> {
        let couplings: Vec<f64> = match couplings {
            [] => vec![1.0; L::STEPS.len()],
            [one] => vec![*one; L::STEPS.len()],
            many if many.len() == L::STEPS.len() => many.to_vec(),
            many => {
                let (name, directions, found) = (L::NAME, L::STEPS.len(), many.len());
                return Err(LatticeError::Couplings { name, directions, found });
            }
        };
        if let Some(bad) = couplings.iter().find(|j| !j.is_finite()) {
            return Err(LatticeError::CouplingValue(*bad));
        }
        let boundaries: Vec<Boundary> = match boundaries {
            [] => vec![Boundary::Periodic; L::DIMENSION],
            [one] => vec![*one; L::DIMENSION],
            many if many.len() == L::DIMENSION => many.to_vec(),
            many => {
                let (name, dimension, found) = (L::NAME, L::DIMENSION, many.len());
                return Err(LatticeError::Boundaries { name, dimension, found });
            }
        };
        // + 0.0 makes +0 of -0.
        let couplings: Vec<f64> = couplings.iter().map(|j| j + 0.0).collect();
        let extents = lattice.extents();
        let bonds = steps::<L>(&extents).filter(|step| !step.crosses(&boundaries));
        let bonds: Vec<_> = bonds.map(|step| (step.from, step.to, couplings[step.direction])).collect();
        let periodic = boundaries.iter().all(|b| *b == Boundary::Periodic);
        // One correlation length belongs to one coupling, without alternation of the spins.
        let one_length = periodic && couplings[0] > 0.0 && couplings.iter().all(|j| *j == couplings[0]);
        let cells = Cells {
            base: L::NAME,
            is_square: matches!(lattice.solved(), Some(Solved::Square(_))),
            resize: Resize(|extents, couplings, boundaries| {
                Bonds::on(&L::of(extents).ok()?, couplings, boundaries).ok()
            }),
            critical_temperature: critical::temperature::<L>(&couplings, lattice.critical_temperature()),
            wave_axes: if one_length { lattice.wave_axes() } else { Vec::new() },
            k_min_squared: (0..L::DIMENSION).map(|axis| lattice.k_min_squared(axis)).collect(),
            couplings,
            boundaries,
        };
        let mut built = Self::build(cells.name(), extents, &bonds, Origin::Lattice(cells))?;
        if built.colours.is_none() {
            let of = |site| lattice.colour(site) as u8;
            built.colours = lattice.n_colours().map(|n| (n, (0..lattice.n_sites()).map(of).collect()));
        }
        Ok(built)
    }

    /// The same bonds under another name, with the `extents` of the lattice that they came from, as a file tells them.
    ///
    /// # Errors
    /// [`LatticeError::Shape`] if the product of the extents is not the number of sites.
    pub fn named(mut self, name: &str, extents: &[usize]) -> Result<Self, LatticeError> {
        let sites = extents.iter().try_fold(1usize, |n, l| n.checked_mul(*l)).unwrap_or(usize::MAX);
        if sites != self.n_sites() {
            return Err(LatticeError::Shape { expected: sites, found: self.n_sites() });
        }
        (self.name, self.extents) = (name.to_owned(), extents.to_vec());
        Ok(self)
    }

    /// Extents and J of a square torus all of whose bonds have one coupling and of which none is frustrated; `None` for
    /// other bonds.
    pub(crate) fn square_torus(&self) -> Option<(usize, usize, f64)> {
        let (Origin::Lattice(cells), [lx, ly]) = (&self.origin, &self.extents[..]) else { return None };
        let j = cells.couplings[0];
        let uniform = cells.couplings.iter().all(|other| *other == j);
        let periodic = cells.boundaries.iter().all(|b| *b == Boundary::Periodic);
        let satisfied = j > 0.0 || lx.is_multiple_of(2) && ly.is_multiple_of(2);
        (cells.is_square && uniform && periodic && satisfied).then_some((*lx, *ly, j))
    }

    /// Number of bonds.
    pub fn n_bonds(&self) -> usize {
        self.neighbours.len() / 2
    }

    fn build(
        name: String,
        extents: Vec<usize>,
        bonds: &[(usize, usize, f64)],
        origin: Origin,
    ) -> Result<Self, LatticeError> {
        if bonds.iter().all(|bond| bond.2 == 0.0) {
            return Err(LatticeError::NoBonds);
        }
        let n_sites = extents.iter().product();
        let mut starts = vec![0; n_sites + 1];
        for &(i, j, _) in bonds {
            starts[i + 1] += 1;
            starts[j + 1] += 1;
        }
        (0..n_sites).for_each(|site| starts[site + 1] += starts[site]);
        let mut next = starts.clone();
        let (mut neighbours, mut couplings) = (vec![0; 2 * bonds.len()], vec![0.0; 2 * bonds.len()]);
        for &(i, j, coupling) in bonds {
            for (here, there) in [(i, j), (j, i)] {
                (neighbours[next[here]], couplings[next[here]]) = (there as u32, coupling);
                next[here] += 1;
            }
        }
        if couplings.iter().all(|j| *j == 1.0) {
            couplings.clear();
        }
        let longest = extents.iter().copied().max().unwrap_or(1);
        let mut built = Self { name, extents, starts, neighbours, couplings, colours: None, origin, longest };
        built.colours = built.two_colours().map(|colours| (2, colours));
        Ok(built)
    }

    /// Distances in bonds from `root` to the sites that can be reached from it, in the order of their discovery; `seen`
    /// takes them in.
    fn distances(&self, root: usize, seen: &mut [bool]) -> Vec<(usize, usize)> {
        let mut reached = vec![(root, 0)];
        seen[root] = true;
        let mut head = 0;
        while let Some(&(site, distance)) = reached.get(head) {
            head += 1;
            for &other in self.neighbours(site) {
                if !std::mem::replace(&mut seen[other as usize], true) {
                    reached.push((other as usize, distance + 1));
                }
            }
        }
        reached
    }

    /// Two colours, if no closed path has an odd number of bonds.
    fn two_colours(&self) -> Option<Vec<u8>> {
        let mut colours = vec![0u8; self.n_sites()];
        let mut seen = vec![false; self.n_sites()];
        for root in 0..self.n_sites() {
            if !seen[root] {
                self.distances(root, &mut seen)
                    .iter()
                    .for_each(|(site, distance)| colours[*site] = (distance % 2) as u8);
            }
        }
        let unlike = |site: usize| self.neighbours(site).iter().all(|other| colours[*other as usize] != colours[site]);
        (0..self.n_sites()).all(unlike).then_some(colours)
    }

    /// The longest distance in bonds from a site that is farthest from another: at least half the diameter, and the
    /// diameter of a tree.
    fn diameter(&self) -> usize {
        let (mut seen, mut again) = (vec![false; self.n_sites()], vec![false; self.n_sites()]);
        let mut longest = 0;
        for root in 0..self.n_sites() {
            if !seen[root] {
                let (end, _) = self.distances(root, &mut seen).last().copied().unwrap_or((root, 0));
                longest = longest.max(self.distances(end, &mut again).last().map_or(0, |last| last.1));
            }
        }
        longest
    }
}

impl Cells {
    /// Such as "square(J=-1; open, periodic)".
    fn name(&self) -> String {
        let list = |all: Vec<String>| {
            let equal = all.iter().all(|one| *one == all[0]);
            if equal { all[0].clone() } else { all.join(", ") }
        };
        let couplings = list(self.couplings.iter().map(f64::to_string).collect());
        let boundaries = list(self.boundaries.iter().map(Boundary::to_string).collect());
        let said: Vec<String> = [(couplings == "1", format!("J={couplings}")), (boundaries == "periodic", boundaries)]
            .into_iter()
            .filter_map(|(usual, text)| (!usual).then_some(text))
            .collect();
        if said.is_empty() { self.base.to_owned() } else { format!("{}({})", self.base, said.join("; ")) }
    }
}

impl Lattice for Bonds {
    fn name(&self) -> &str {
        &self.name
    }

    fn n_sites(&self) -> usize {
        self.starts.len() - 1
    }

    #[inline]
    fn neighbours(&self, site: usize) -> &[u32] {
        &self.neighbours[self.starts[site]..self.starts[site + 1]]
    }

    #[inline]
    fn couplings(&self, site: usize) -> Option<&[f64]> {
        (!self.couplings.is_empty()).then(|| &self.couplings[self.starts[site]..self.starts[site + 1]])
    }

    /// Where no boundary is open; not known of a list.
    fn is_translation_invariant(&self) -> bool {
        match &self.origin {
            Origin::Lattice(cells) => cells.boundaries.iter().all(|b| *b == Boundary::Periodic),
            Origin::List => false,
        }
    }

    /// The largest extent; of a list the diameter of its graph, or at least half of it.
    fn longest(&self) -> usize {
        self.longest
    }

    fn extents(&self) -> Vec<usize> {
        self.extents.clone()
    }

    fn n_colours(&self) -> Option<usize> {
        self.colours.as_ref().map(|colours| colours.0)
    }

    fn colour(&self, site: usize) -> usize {
        self.colours.as_ref().map_or(0, |colours| colours.1[site].into())
    }

    /// None unless the lattice is periodic and its couplings are one positive number: else it has no single correlation
    /// length.
    fn wave_axes(&self) -> Vec<usize> {
        match &self.origin {
            Origin::Lattice(cells) => cells.wave_axes.clone(),
            Origin::List => Vec::new(),
        }
    }

    fn k_min_squared(&self, axis: usize) -> f64 {
        match &self.origin {
            Origin::Lattice(cells) => cells.k_min_squared[axis],
            Origin::List => f64::NAN,
        }
    }

    /// That of the infinite lattice with these couplings, whatever its boundaries; `None` for a list of bonds and for
    /// couplings for which it is not known.
    fn critical_temperature(&self) -> Option<f64> {
        match &self.origin {
            Origin::Lattice(cells) => cells.critical_temperature,
            Origin::List => None,
        }
    }

    fn resized(&self, extents: &[usize]) -> Option<Self> {
        let Origin::Lattice(cells) = &self.origin else { return None };
        (cells.resize.0)(extents, &cells.couplings, &cells.boundaries)
    }
}

#[cfg(test)]
mod tests;
