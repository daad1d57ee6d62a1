//! Bonds with couplings of their own: as lists in text files, and as arrays of files of samples.

use crate::artifact::{Error, user_file};
use ndarray::{Array1, Array2};
use rgflow::lattice::{Bonds, Geometry, Lattice, bonds};
use std::path::Path;

/// Array of a file of samples with both ends of each bond, shape `(n, 2)`.
pub const BONDS: &str = "bonds";
/// Array with the coupling J of each bond, shape `(n,)`.
pub const COUPLINGS: &str = "couplings";

/// The list of bonds in the text file `path`: lines `i j` or `i j J`, sites numbered from 0, J = 1 where it is left
/// out; `#` begins a remark, and blanks, tabs or commas separate numbers. The number of sites is the largest number
/// plus one.
///
/// # Errors
/// [`Error::User`] of one line that names file, line and remedy.
pub fn read_list(path: &Path) -> Result<Bonds, Error> {
    let name = path.display();
    let bytes = user_file::read(path, "text of lines `i j J`")?;
    let text = String::from_utf8(bytes)
        .map_err(|_| Error::user(format!("--edges {name}: is no text; give lines of `i j J`")))?;
    parse(&text).map_err(|what| Error::user(format!("--edges {name}: {what}")))
}

fn parse(text: &str) -> Result<Bonds, String> {
    let (mut list, mut lines) = (Vec::new(), Vec::new());
    for (number, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default();
        let parts: Vec<&str> = line.split([' ', '\t', ',']).filter(|part| !part.is_empty()).collect();
        let wrong = |what: String| Err(format!("line {}: {what}", number + 1));
        let site = |part: &str| part.parse::<usize>().ok().filter(|site| *site < 1 << 31);
        let (i, j, coupling) = match parts[..] {
            [] => continue,
            [i, j] => (i, j, "1"),
            [i, j, coupling] => (i, j, coupling),
            _ => return wrong(format!("has {} entries; give `i j` or `i j J`", parts.len())),
        };
        let (Some(i), Some(j)) = (site(i), site(j)) else {
            return wrong(format!("`{i} {j}`: sites are whole numbers from 0 to below 2^31"));
        };
        let Some(coupling) = coupling.parse::<f64>().ok().filter(|j| j.is_finite()) else {
            return wrong(format!("`{coupling}`: J must be a finite number"));
        };
        list.push((i, j, coupling));
        lines.push(number + 1);
    }
    let n_sites = list.iter().map(|bond| bond.0.max(bond.1) + 1).max().unwrap_or(0);
    Bonds::new(n_sites, &list).map_err(|e| match e {
        rgflow::lattice::LatticeError::Bond { index, needs, i, j, .. } => {
            format!("line {}: `{i} {j}`: {needs}", lines[index])
        }
        other => other.to_string(),
    })
}

/// The arrays `bonds` and `couplings` of a file, as flat lists.
pub struct OwnBonds {
    /// Both ends of each bond, if the file has them.
    pub ends: Option<Vec<f64>>,
    /// The coupling of each bond, if the file has them.
    pub couplings: Option<Vec<f64>>,
}

impl OwnBonds {
    /// Those of a lattice that has its own; `None` for a named lattice with J = 1.
    pub fn of(lattice: &Geometry) -> Option<(Array2<u32>, Array1<f64>)> {
        let Geometry::Bonds(own) = lattice else { return None };
        let (ends, couplings): (Vec<_>, Vec<f64>) = bonds(&**own).map(|(i, j, c)| ([i as u32, j as u32], c)).unzip();
        Some((Array2::from(ends), Array1::from(couplings)))
    }
}

/// The lattice of a file of samples with bonds of its own.
///
/// # Errors
/// A sentence that says what is wrong with the arrays.
pub fn of_file(name: Option<&str>, extents: &[f64], own: &OwnBonds) -> Result<Geometry, String> {
    let (Some(ends), Some(couplings)) = (&own.ends, &own.couplings) else {
        let missing = if own.ends.is_none() { BONDS } else { COUPLINGS };
        return Err(format!("has no array `{missing}`; `{BONDS}` and `{COUPLINGS}` belong together"));
    };
    if ends.len() != 2 * couplings.len() {
        return Err(format!(
            "`{BONDS}` has {} numbers for {} values of `{COUPLINGS}`; give two ends of each bond",
            ends.len(),
            couplings.len()
        ));
    }
    let whole = |v: &f64| *v >= 0.0 && v.fract() == 0.0 && *v < (1u64 << 31) as f64;
    if let Some(bad) = ends.iter().chain(extents).find(|v| !whole(v)) {
        return Err(format!("`lattice` or `{BONDS}` holds {bad}: must be whole numbers of sites; correct it"));
    }
    let extents: Vec<usize> = extents.iter().map(|l| *l as usize).collect();
    let n_sites = extents.iter().try_fold(1usize, |n, l| n.checked_mul(*l)).filter(|n| *n < 1 << 31);
    let n_sites = n_sites.ok_or_else(|| format!("`lattice` is {extents:?}: more than 2^31 sites; correct it"))?;
    let list: Vec<_> =
        ends.chunks_exact(2).zip(couplings).map(|(pair, j)| (pair[0] as usize, pair[1] as usize, *j)).collect();
    let bonds = Bonds::new(n_sites, &list).map_err(|e| format!("`{BONDS}`: {e}"))?;
    let own = bonds.name().to_owned();
    bonds.named(name.unwrap_or(&own), &extents).map(Geometry::from).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_line_by_line() {
        let list = parse("# a triangle\n0 1 -1.5\n\n1,2   # J = 1\n 2\t0 0.5\n").unwrap();
        assert_eq!(list, Bonds::new(3, &[(0, 1, -1.5), (1, 2, 1.0), (2, 0, 0.5)]).unwrap());
        for (text, part) in [
            ("0 1\n1", "line 2: has 1 entries"),
            ("0 1\n1 x", "line 2: `1 x`: sites are whole numbers"),
            ("0 -1", "whole numbers"),
            ("0 1 inf", "J must be a finite number"),
            ("0 1\n# no\n2 2", "line 3: `2 2`: a bond joins two different sites"),
            ("# nothing\n", "no bonds"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn arrays_of_a_file_give_the_same_bonds() {
        let lattice = Geometry::new("square", &[3]).unwrap().with_bonds(&[-1.0, 0.5], &[]).unwrap();
        let (ends, couplings) = OwnBonds::of(&lattice).unwrap();
        let flat: Vec<f64> = ends.iter().map(|end| f64::from(*end)).collect();
        let own = OwnBonds { ends: Some(flat), couplings: Some(couplings.to_vec()) };
        let read = of_file(Some(lattice.name()), &[3.0, 3.0], &own).unwrap();
        assert_eq!(read.to_string(), lattice.to_string());
        let sorted = |lattice: &Geometry| {
            let mut all: Vec<_> = bonds(lattice).collect();
            all.sort_by(|a, b| a.partial_cmp(b).unwrap());
            all
        };
        assert_eq!(sorted(&read), sorted(&lattice));
        assert!(of_file(None, &[3.0, 4.0], &OwnBonds { ends: own.ends.clone(), couplings: None }).is_err());
        assert!(of_file(None, &[2.0, 4.0], &own).unwrap_err().contains("numbered from 0 to 7"));
        assert!(OwnBonds::of(&Geometry::new("square", &[3]).unwrap()).is_none());
    }
}
