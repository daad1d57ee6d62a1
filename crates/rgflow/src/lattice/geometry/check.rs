//! Whether the lists of a lattice agree with one another: for lattices of one's own.

use super::{Lattice, title};
use crate::lattice::LatticeError;

/// Checks what samplers and exact sums rely on: extents whose product is the number of sites, bonds that both of their
/// ends list, with one finite coupling, colours that no bond joins, and wave axes of one extent.
/// [`Sampler`](crate::sampling::Sampler) and enumeration refuse a lattice that fails; the samplers of single modules,
/// such as [`wolff`](crate::lattice::wolff), take a lattice of one's own as checked: they would sample it wrongly, or
/// panic.
///
/// ```
/// use rgflow::lattice::{self, Lattice, LatticeError};
/// /// A path of four sites, whose last site forgets its bond.
/// struct Path([Vec<u32>; 4]);
/// impl Lattice for Path {
///     fn name(&self) -> &str { "path" }
///     fn n_sites(&self) -> usize { 4 }
///     fn neighbours(&self, site: usize) -> &[u32] { &self.0[site] }
///     fn extents(&self) -> Vec<usize> { vec![4] }
///     fn critical_temperature(&self) -> Option<f64> { Some(0.0) }
/// }
/// let path = Path([vec![1], vec![0, 2], vec![1, 3], vec![]]);
/// assert!(lattice::check(&path).unwrap_err().to_string().contains("site 2 lists site 3 1 times"));
/// let path = Path([vec![1], vec![0, 2], vec![1, 3], vec![2]]);
/// lattice::check(&path)?;
/// # Ok::<(), LatticeError>(())
/// ```
///
/// # Errors
/// [`LatticeError::Inconsistent`], which names the first fault.
pub fn check<L: Lattice + ?Sized>(lattice: &L) -> Result<(), LatticeError> {
    let wrong = |why: String| Err(LatticeError::Inconsistent { lattice: title(lattice), why });
    let (n, extents) = (lattice.n_sites(), lattice.extents());
    if n == 0 {
        return wrong("has no sites".into());
    }
    let product = extents.iter().try_fold(1usize, |n, l| n.checked_mul(*l));
    if product != Some(n) {
        return wrong(format!("has {n} sites, which is not the product of its extents"));
    }
    let axes = lattice.wave_axes();
    if axes.iter().any(|axis| extents.get(*axis) != extents.get(axes[0]) || *axis >= extents.len()) {
        return wrong(format!("has the wave axes {axes:?}, which are not axes of one extent"));
    }
    let coupled = lattice.couplings(0).is_some();
    if let Some(site) = (0..n).find(|site| lattice.couplings(*site).is_some() != coupled) {
        return wrong(format!("gives couplings to only one of the sites 0 and {site}"));
    }
    let coupling = |site: usize, k: usize| lattice.couplings(site).map_or(Some(1.0), |all| all.get(k).copied());
    for site in 0..n {
        let neighbours = lattice.neighbours(site);
        if lattice.couplings(site).is_some_and(|all| all.len() != neighbours.len()) {
            return wrong(format!("gives site {site} another number of couplings than of neighbours"));
        }
        for (k, &other) in neighbours.iter().enumerate() {
            let other = other as usize;
            if other >= n || other == site {
                return wrong(format!("binds site {site} to {other}; a bond joins two sites from 0 to {}", n - 1));
            }
            let Some(j) = coupling(site, k).filter(|j| j.is_finite()) else {
                return wrong(format!("has a coupling of site {site} that is not finite"));
            };
            let times = |from: usize, to: usize| {
                let all = lattice.neighbours(from).iter().enumerate();
                all.filter(|(k, end)| **end as usize == to && coupling(from, *k) == Some(j)).count()
            };
            let (here, there) = (times(site, other), times(other, site));
            if here != there {
                return wrong(format!(
                    "at site {site} lists site {other} {here} times with J = {j}, but at site {other} lists site \
                     {site} {there} times"
                ));
            }
            if lattice.n_colours().is_some() && lattice.colour(site) == lattice.colour(other) {
                return wrong(format!("gives sites {site} and {other}, which share a bond, one colour"));
            }
        }
        if lattice.n_colours().is_some_and(|colours| lattice.colour(site) >= colours) {
            return wrong(format!("has a colour of site {site} that is not below n_colours"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lattice::{Bonds, Boundary, Geometry};

    /// Two sites with a bond; a coupling 0 stands for a site without couplings.
    struct Pair {
        neighbours: [Vec<u32>; 2],
        couplings: [Vec<f64>; 2],
        extent: usize,
        colours: [usize; 2],
        axes: Vec<usize>,
    }

    impl Lattice for Pair {
        fn name(&self) -> &str {
            "pair"
        }

        fn n_sites(&self) -> usize {
            2
        }

        fn neighbours(&self, site: usize) -> &[u32] {
            &self.neighbours[site]
        }

        fn couplings(&self, site: usize) -> Option<&[f64]> {
            Some(&self.couplings[site]).filter(|couplings| couplings.first() != Some(&0.0)).map(Vec::as_slice)
        }

        fn wave_axes(&self) -> Vec<usize> {
            self.axes.clone()
        }

        fn extents(&self) -> Vec<usize> {
            vec![self.extent]
        }

        fn n_colours(&self) -> Option<usize> {
            Some(2)
        }

        fn colour(&self, site: usize) -> usize {
            self.colours[site]
        }

        fn critical_temperature(&self) -> Option<f64> {
            None
        }
    }

    #[test]
    fn all_lattices_of_the_list_are_consistent() {
        for family in Geometry::ALL {
            for l in [2, 4] {
                let plain = Geometry::new(family.name, &[l]).unwrap();
                check(&plain).unwrap();
                check(&plain.with_bonds(&[-0.5], &[Boundary::Open]).unwrap()).unwrap();
            }
        }
        check(&Bonds::new(4, &[(0, 1, 1.0), (0, 1, -2.0), (2, 3, 0.5)]).unwrap()).unwrap();
    }

    #[test]
    fn each_fault_is_named() {
        let good = || Pair {
            neighbours: [vec![1], vec![0]],
            couplings: [vec![0.5], vec![0.5]],
            extent: 2,
            colours: [0, 1],
            axes: vec![0],
        };
        check(&good()).unwrap();
        let fault = |spoil: fn(&mut Pair), part: &str| {
            let mut pair = good();
            spoil(&mut pair);
            let error = check(&pair).unwrap_err().to_string();
            assert!(error.contains("lattice pair") && error.contains(part), "{error} lacks {part}");
        };
        fault(|pair| pair.extent = 3, "product of its extents");
        fault(|pair| pair.neighbours[0] = vec![2], "binds site 0 to 2");
        fault(|pair| pair.neighbours[0] = vec![0], "binds site 0 to 0");
        fault(|pair| pair.couplings[0] = vec![], "another number of couplings");
        fault(|pair| pair.couplings[0] = vec![f64::NAN], "not finite");
        fault(|pair| pair.couplings[1] = vec![-0.5], "lists site 0 0 times");
        fault(|pair| (pair.neighbours[1], pair.couplings[1]) = (vec![], vec![]), "1 times with J = 0.5");
        fault(|pair| pair.couplings[1] = vec![0.0], "only one of the sites 0 and 1");
        fault(|pair| pair.axes = vec![1], "wave axes [1]");
        fault(|pair| pair.colours = [1, 1], "one colour");
        fault(|pair| pair.colours = [0, 2], "below n_colours");
    }
}
