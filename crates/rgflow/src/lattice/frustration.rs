//! Frustration: whether some state satisfies every bond, J_ij s_i s_j > 0, and which (Toulouse 1977; Harary 1953 for
//! signed graphs).

use std::fmt;

use super::{Lattice, LatticeError, title};

/// The ground states without field of couplings that are not frustrated.
///
/// ```
/// use rgflow::lattice::{Bonds, GroundStates};
/// let chain = Bonds::new(4, &[(0, 1, -1.0), (1, 2, 2.0), (2, 3, -0.5)])?;
/// assert_eq!(GroundStates::of(&chain)?.signs, [1, -1, -1, 1]);
/// let triangle = Bonds::new(3, &[(0, 1, -1.0), (1, 2, -1.0), (0, 2, -1.0)])?;
/// assert!(GroundStates::of(&triangle).unwrap_err().to_string().contains("around the sites 0 - 2 - 1 - 0"));
/// # Ok::<(), rgflow::lattice::LatticeError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroundStates {
    /// One of them, the first site of each part up.
    pub signs: Vec<i8>,
    /// The part of each site, numbered from 0: sites that bonds join, one by one. Each part may be turned on its own.
    pub parts: Vec<u32>,
}

/// Sites around a loop whose couplings multiply to less than 0: no state satisfies all of its bonds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loop(pub Vec<usize>);

/// Most sites of a loop that a message names.
const NAMED: usize = 8;

/// Such as "0 - 1 - 2 - 0".
impl fmt::Display for Loop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named: Vec<String> = self.0.iter().take(NAMED).map(usize::to_string).collect();
        let rest = if self.0.len() > NAMED { " ..." } else { "" };
        write!(f, "{}{rest} - {}", named.join(" - "), self.0.first().copied().unwrap_or(0))
    }
}

impl GroundStates {
    /// Those of the couplings of `lattice`.
    ///
    /// # Errors
    /// [`LatticeError::Frustrated`] with a loop of bonds that cannot all be satisfied.
    pub fn of<L: Lattice + ?Sized>(lattice: &L) -> Result<Self, LatticeError> {
        let n = lattice.n_sites();
        let (mut signs, mut parts) = (vec![0i8; n], vec![0u32; n]);
        // The site from which a site was reached.
        let mut from: Vec<usize> = (0..n).collect();
        let mut queue = Vec::with_capacity(n);
        let mut part = 0;
        for root in 0..n {
            if signs[root] != 0 {
                continue;
            }
            (signs[root], parts[root]) = (1, part);
            queue.clear();
            queue.push(root);
            let mut head = 0;
            while let Some(&site) = queue.get(head) {
                head += 1;
                let couplings = lattice.couplings(site);
                for (k, &other) in lattice.neighbours(site).iter().enumerate() {
                    let (other, coupling) = (other as usize, couplings.map_or(1.0, |couplings| couplings[k]));
                    let sign = if coupling < 0.0 { -signs[site] } else { signs[site] };
                    if coupling == 0.0 || signs[other] == sign {
                        continue;
                    } else if signs[other] == -sign {
                        let around = Loop(around(&from, site, other));
                        return Err(LatticeError::Frustrated { lattice: title(lattice), around });
                    }
                    (signs[other], parts[other], from[other]) = (sign, part, site);
                    queue.push(other);
                }
            }
            part += 1;
        }
        Ok(Self { signs, parts })
    }

    /// Whether all spins are alike in them, part by part.
    pub fn are_uniform(&self) -> bool {
        self.signs.iter().all(|sign| *sign == 1)
    }
}

/// The loop, from its first site on, that a bond between `a` and `b` closes, whose sites were reached along `from`.
fn around(from: &[usize], a: usize, b: usize) -> Vec<usize> {
    let path = |mut site: usize| {
        let mut all = vec![site];
        while from[site] != site {
            site = from[site];
            all.push(site);
        }
        all
    };
    let (mut up, mut down) = (path(a), path(b));
    let mut common = None;
    while let (Some(x), Some(y)) = (up.last(), down.last()) {
        if x != y {
            break;
        }
        common = up.pop();
        down.pop();
    }
    up.extend(common);
    up.extend(down.into_iter().rev());
    let first = (0..up.len()).min_by_key(|k| up[*k]).unwrap_or(0);
    up.rotate_left(first);
    up
}

/// The slow mode of a model at low temperature, from which the autocorrelation of its chains is judged beside energy
/// and |m|.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// The magnetisation.
    Uniform,
    /// The magnetisation of the spins times these signs, +-1.
    Staggered(Vec<i8>),
    /// Not known, as in a frustrated magnet: the overlap of two chains stands for it.
    Unknown,
}

impl Order {
    /// That of the couplings of `lattice`.
    pub fn of<L: Lattice + ?Sized>(lattice: &L) -> Self {
        if lattice.n_sites() == 0 || lattice.couplings(0).is_none() {
            return Self::Uniform;
        }
        match GroundStates::of(lattice) {
            Ok(ground) if ground.are_uniform() => Self::Uniform,
            Ok(ground) => Self::Staggered(ground.signs),
            Err(_) => Self::Unknown,
        }
    }

    /// The signs of a staggered order.
    pub(super) fn signs(&self) -> Option<&[i8]> {
        match self {
            Self::Staggered(signs) => Some(signs),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lattice::{Bonds, Boundary, Geometry, Ising, Model, bonds};

    fn on(name: &str, extents: &[usize], couplings: &[f64], boundaries: &[Boundary]) -> Geometry {
        Geometry::new(name, extents).unwrap().with_bonds(couplings, boundaries).unwrap()
    }

    #[test]
    fn ground_states_satisfy_every_bond() {
        for lattice in [
            on("square", &[4, 6], &[-1.0], &[]),
            on("square", &[4, 5], &[-1.0, 0.5], &[]),
            on("square", &[3, 5], &[-1.0], &[Boundary::Open]),
            on("honeycomb", &[4, 4], &[-1.0, 1.0, -0.1], &[]),
            on("triangular", &[4, 4], &[-1.0, -1.0, 0.3], &[]),
            on("cubic", &[2, 4, 2], &[-1.0], &[]),
        ] {
            let ground = GroundStates::of(&lattice).unwrap();
            let all: f64 = bonds(&lattice).map(|bond| bond.2.abs()).sum();
            assert!((Ising::new(&lattice).energy(&ground.signs) + all).abs() < 1e-12, "{lattice}");
            assert!(ground.parts.iter().all(|part| *part == 0));
            assert_eq!(Order::of(&lattice), Order::Staggered(ground.signs));
        }
        let chains = on("square", &[3, 2], &[1.0, 0.0], &[]);
        assert_eq!(GroundStates::of(&chains).unwrap().parts, [0, 0, 0, 1, 1, 1]);
        assert_eq!(Order::of(&chains), Order::Uniform);
    }

    #[test]
    fn a_frustrated_loop_is_named() {
        for lattice in [
            on("square", &[4, 5], &[-1.0], &[]),
            on("ring", &[7], &[-1.0], &[]),
            on("triangular", &[5, 4], &[-1.0], &[Boundary::Open]),
            Bonds::new(5, &[(0, 3, 1.0), (3, 2, -1.0), (2, 0, 1.0), (1, 4, 1.0)]).unwrap().into(),
        ] {
            let Err(LatticeError::Frustrated { around: Loop(sites), .. }) = GroundStates::of(&lattice) else {
                panic!("{lattice} is frustrated")
            };
            let coupling = |a: usize, b: usize| {
                let at = lattice.neighbours(a).iter().position(|other| *other as usize == b).expect("a bond");
                lattice.couplings(a).unwrap()[at]
            };
            let next = |k: usize| sites[(k + 1) % sites.len()];
            let product: f64 = (0..sites.len()).map(|k| coupling(sites[k], next(k))).product();
            assert!(product < 0.0, "{lattice}: {sites:?}");
            assert_eq!(Order::of(&lattice), Order::Unknown);
        }
        // Two bonds between the same sites, of opposite signs.
        let pair = Bonds::new(2, &[(0, 1, 1.0), (1, 0, -1.0)]).unwrap();
        assert!(GroundStates::of(&pair).unwrap_err().to_string().contains("0 - 1 - 0"));
    }
}
