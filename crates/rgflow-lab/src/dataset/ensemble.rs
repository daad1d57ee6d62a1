//! Samples of the Ising model as series for histograms: energy, magnetisation and X of every configuration, chain after chain.
//!
//! Files are `.npz` as `rgflow sample` writes them (`spins`, `temperatures`, `lattice`, and where they are there `coordination`, `field`,
//! `n_chains` and tau_int); anyone can write the same with NumPy. Files of one lattice make a [`Pool`].

use super::labels::TEMPERATURES;
use super::{Labels, check_format};
use crate::artifact::{Error, npz, user_file};
use ndarray::Array2;
use rand::RngExt;
use rayon::prelude::*;
use rgflow::lattice::{Geometry, Ising, Lattice, Model, Temperature};
use rgflow::random::Streams;
use rgflow::rg::operators::{self, Bits, Operator};
use rgflow::statistics::tau_int_chains;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

/// What the field Y couples to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Coupled {
    /// The sum of the spins.
    M,
    /// Its absolute value.
    AbsM,
    /// A sum of products of spins, on the square lattice.
    Products(Operator),
}

impl std::str::FromStr for Coupled {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let known: Vec<Operator> = operators::even().into_iter().chain(operators::odd()).collect();
        match name {
            "m" => Ok(Self::M),
            "abs_m" => Ok(Self::AbsM),
            _ => known.iter().find(|o| o.name() == name).cloned().map(Self::Products).ok_or_else(|| {
                let names: Vec<&str> = known.iter().map(Operator::name).filter(|name| *name != "m").collect();
                format!("is unknown; there are m, abs_m, {}", names.join(", "))
            }),
        }
    }
}

impl std::fmt::Display for Coupled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::M => "m",
            Self::AbsM => "abs_m",
            Self::Products(operator) => operator.name(),
        })
    }
}

impl Coupled {
    /// Whether X changes its sign when all spins are turned.
    fn is_odd(&self) -> bool {
        match self {
            Self::M => true,
            Self::AbsM => false,
            Self::Products(operator) => operator.is_odd(),
        }
    }

    /// Work space on `lattice`; `None` if X has no meaning there.
    fn bits(&self, lattice: &Geometry) -> Option<Bits> {
        match (self, lattice) {
            (Self::Products(o), Geometry::Square(s)) if o.extent() < s.lx().min(s.ly()) => {
                Some(Bits::new(s.lx(), s.ly(), o.extent()))
            }
            (Self::Products(_), _) => None,
            _ => Some(Bits::new(1, 1, 0)),
        }
    }

    /// X of `spins`, of which `m` is the sum.
    fn read(&self, bits: &mut Bits, spins: &[i8], m: f64) -> f64 {
        match self {
            Self::M => m,
            Self::AbsM => m.abs(),
            Self::Products(operator) => {
                bits.set(spins);
                bits.sum(operator) as f64
            }
        }
    }
}

/// The configurations of one temperature and one field, chain after chain in the order of each.
#[derive(Clone, Debug)]
pub struct Part {
    /// The file.
    pub path: PathBuf,
    /// The temperature, above 0.
    pub temperature: Temperature,
    /// Field h that was there when they were sampled, in J.
    pub field: f64,
    /// Total energy without the field in J, shape `(n,)`.
    pub energy: Vec<f64>,
    /// Sum of the spins, shape `(n,)`; of either sign with probability 1/2 where there is no field.
    pub m: Vec<f64>,
    /// X, shape `(n,)`.
    pub x: Vec<f64>,
    /// Longer of the integrated autocorrelation times of E and |m|, in configurations of a chain: that of the file, else estimated.
    pub tau_int: f64,
    /// The longest one where X counts too.
    pub tau_int_x: f64,
}

/// The samples of one lattice: all temperatures of all files.
#[derive(Clone, Debug)]
pub struct Pool {
    /// The lattice.
    pub lattice: Geometry,
    /// By file, then in the order of the file.
    pub parts: Vec<Part>,
    /// What is left out, and why.
    pub notes: Vec<String>,
}

/// What a file holds before it is measured.
struct Arrays {
    spins: Array2<i8>,
    /// Rows of each temperature in the order of the file.
    groups: Vec<(Temperature, Vec<usize>)>,
    lattice: Geometry,
    field: f64,
    /// Of each group, where the file says so.
    n_chains: Option<Vec<f64>>,
    tau_int: Option<Vec<f64>>,
}

const REMEDY: &str = "give an .npz file as `rgflow sample ising --out samples.npz` writes it";

/// Reads `files`, measures X = `coupled`, and puts those of one lattice together; pools by rising number of sites.
///
/// # Errors
/// [`Error::User`] of one line that names the file, what it lacks and the remedy; also for a file that is given twice.
pub fn pools(files: &[PathBuf], coupled: &Coupled) -> Result<Vec<Pool>, Error> {
    let mut seen: Vec<(blake3::Hash, &Path)> = Vec::new();
    let mut pools: Vec<Pool> = Vec::new();
    for path in files {
        let wrong = |what: String| Error::user(format!("{}: {what}", path.display()));
        let file = user_file::open(path, ".npz")?;
        let hash = user_file::hash(path, &file)?;
        if let Some((_, other)) = seen.iter().find(|(h, _)| *h == hash) {
            return Err(wrong(format!("holds the same as {}; give each file once", other.display())));
        }
        seen.push((hash, path));
        let arrays = Arrays::read(path, &file)?;
        let lattice = arrays.lattice.clone();
        let at = match pools.iter().position(|p| p.lattice == lattice) {
            Some(at) => at,
            None => {
                pools.push(Pool { lattice, parts: Vec::new(), notes: Vec::new() });
                pools.len() - 1
            }
        };
        let cold = arrays.groups.iter().any(|(t, _)| *t == Temperature::ZERO);
        let seed = hash.as_bytes()[..8].iter().fold(0, |seed, byte| seed << 8 | u64::from(*byte));
        let parts = arrays.measure(path, coupled, Streams::new(seed))?;
        if parts.is_empty() {
            return Err(wrong("has configurations at T = 0 alone, which know no other; sample at T > 0".into()));
        }
        if cold {
            pools[at].notes.push(format!("{}: T = 0 is left out: its configurations know no other T", path.display()));
        }
        pools[at].parts.extend(parts);
    }
    pools.sort_by_key(|p| p.lattice.n_sites());
    Ok(pools)
}

impl Arrays {
    fn read(path: &Path, file: &File) -> Result<Self, Error> {
        let wrong = |what: String| Error::user(format!("{}: {what}", path.display()));
        if path.extension().is_none_or(|e| !e.eq_ignore_ascii_case("npz")) {
            return Err(wrong(format!("has no place for temperatures and lattice; {REMEDY}")));
        }
        let mut file = npz::Reader::of(path, BufReader::new(file)).map_err(user_file::blame)?;
        let all = file.describe().map_err(user_file::blame)?;
        let names: Vec<String> = all.iter().map(|d| d.name.clone()).collect();
        check_format(&mut file, &names).map_err(wrong)?;
        let has = |name: &str| names.iter().any(|n| n == name);
        let missing = |what: &str| wrong(format!("has no array `{what}`; it has {}; {REMEDY}", names.join(", ")));
        let spin = |v: f64| if v.abs() == 1.0 { v as i8 } else { 0 };
        if !has("spins") {
            return Err(missing("spins"));
        }
        let spins = file.numbers("spins", spin).map_err(user_file::blame)?;
        if spins.ndim() < 2 || spins.is_empty() || spins.iter().any(|s| *s == 0) {
            return Err(wrong("`spins` must have the shape (n, sites) and values -1 and +1; correct it".into()));
        }
        let n = spins.shape()[0];
        let spins = spins.flatten().to_vec();
        let spins = Array2::from_shape_vec((n, spins.len() / n), spins).map_err(|e| wrong(e.to_string()))?;
        let mut read = |name: &str| -> Result<Option<Vec<f64>>, Error> {
            if !has(name) {
                return Ok(None);
            }
            let array = file.numbers(name, |v| v).map_err(user_file::blame)?;
            Ok(Some(array.into_iter().collect()))
        };
        let label = TEMPERATURES.into_iter().find(|name| has(name)).ok_or_else(|| missing("temperatures"))?;
        let temperatures = read(label)?.unwrap_or_default();
        let extents = read("lattice")?.ok_or_else(|| {
            wrong(format!("has no array `lattice`, so that its bonds are unknown; {REMEDY}, or add lattice=[L, L]"))
        })?;
        let extents: Vec<usize> = extents.iter().map(|e| *e as usize).collect();
        let coordination = read("coordination")?.and_then(|c| c.first().copied()).unwrap_or(2.0 * extents.len() as f64);
        let name = match (extents.len(), coordination as usize) {
            (1, 2) => "ring",
            (2, 4) => "square",
            (2, 6) => "triangular",
            (3, 6) => "cubic",
            _ => {
                return Err(wrong(format!(
                    "`lattice` is {extents:?} with {coordination} neighbours: no lattice that is known; there are {}",
                    Geometry::NAMES.join(", ")
                )));
            }
        };
        // Before the lattice is made: its neighbours take memory for what a file claims.
        if extents.iter().try_fold(1usize, |n, l| n.checked_mul(*l)) != Some(spins.ncols()) {
            return Err(wrong(format!(
                "`lattice` is {extents:?}, but a row of `spins` has {} sites; correct it",
                spins.ncols()
            )));
        }
        let lattice = Geometry::new(name, &extents).map_err(|e| wrong(format!("`lattice`: {e}")))?;
        let field = read("field")?.and_then(|f| f.first().copied()).unwrap_or(0.0);
        if !field.is_finite() {
            return Err(wrong(format!("`field` is {field}: must be a finite number (J); correct it")));
        }
        let of_groups = temperatures.len();
        let groups = groups(label, temperatures, n).map_err(wrong)?;
        let same = |v: Option<Vec<f64>>| v.filter(|v| v.len() == of_groups && v.len() == groups.len());
        let taus = (same(read("tau_int_energy")?), same(read("tau_int_abs_m")?));
        let tau_int = match taus {
            (Some(e), Some(m)) => Some(e.iter().zip(&m).map(|(e, m)| e.max(*m)).collect()),
            _ => None,
        };
        let n_chains = same(read("n_chains")?);
        Ok(Self { spins, groups, lattice, field, n_chains, tau_int })
    }

    /// Measures every configuration. Those without field are turned over, all spins at once, with probability 1/2: an update that leaves
    /// their law as it is, and does what single spin flips do not in an ordered magnet.
    fn measure(self, path: &Path, coupled: &Coupled, streams: Streams) -> Result<Vec<Part>, Error> {
        let wrong = |what: String| Error::user(format!("{}: {what}", path.display()));
        if self.field != 0.0 && *coupled != Coupled::M {
            return Err(wrong(format!(
                "was sampled in the field h = {}, which couples to m; leave --operator out, or sample without --field",
                self.field
            )));
        }
        if coupled.bits(&self.lattice).is_none() {
            return Err(wrong(format!("{} has no operator {coupled}; take m or abs_m", self.lattice)));
        }
        let (spins, model) = (&self.spins, Ising::new(&self.lattice));
        let mut parts = Vec::new();
        for (k, (temperature, rows)) in self.groups.iter().enumerate() {
            if *temperature == Temperature::ZERO {
                continue;
            }
            let independent = self.n_chains.as_ref().is_some_and(|n| n[k] == 0.0);
            let n_chains = self.n_chains.as_ref().map_or(1, |n| n[k] as usize).clamp(1, rows.len());
            let chains: Vec<Vec<usize>> =
                (0..n_chains).map(|c| rows.iter().skip(c).step_by(n_chains).copied().collect()).collect();
            let mut rng = streams.generator("ensemble/turn", k as u64);
            let turn: Vec<bool> = rows.iter().map(|_| self.field == 0.0 && rng.random()).collect();
            let order: Vec<(usize, bool)> = chains.iter().flatten().copied().zip(turn).collect();
            let measure = |bits: &mut Option<Bits>, (row, turn): &(usize, bool)| {
                let row = spins.row(*row);
                let row = row.as_slice().expect("rows of a new array are contiguous");
                let m = row.iter().map(|s| i64::from(*s)).sum::<i64>() as f64;
                let x = bits.as_mut().map_or(m, |bits| coupled.read(bits, row, m));
                let sign = if *turn { -1.0 } else { 1.0 };
                [model.energy(row), sign * m, if coupled.is_odd() { sign * x } else { x }]
            };
            let seen: Vec<[f64; 3]> = order.par_iter().map_init(|| coupled.bits(&self.lattice), measure).collect();
            let column = |c: usize| seen.iter().map(|v| v[c]).collect::<Vec<f64>>();
            let (energy, m, x) = (column(0), column(1), column(2));
            let tau = |of: &dyn Fn(usize) -> f64| {
                let mut first = 0;
                let series = chains.iter().map(|chain| {
                    first += chain.len();
                    (first - chain.len()..first).map(of).collect()
                });
                if independent { 0.5 } else { tau_int_chains(&series.collect::<Vec<Vec<f64>>>()).tau }
            };
            let tau_int = match &self.tau_int {
                Some(known) => known[k].max(0.5),
                None => tau(&|i| energy[i]).max(tau(&|i| m[i].abs())).max(0.5),
            };
            let tau_int_x = tau_int.max(tau(&|i| x[i]));
            let (path, temperature, field) = (path.to_path_buf(), *temperature, self.field);
            parts.push(Part { path, temperature, field, energy, m, x, tau_int, tau_int_x });
        }
        Ok(parts)
    }
}

/// Rows by temperature: equal blocks in their order, or rows of one value if each has its own.
fn groups(name: &str, values: Vec<f64>, n: usize) -> Result<Vec<(Temperature, Vec<usize>)>, String> {
    let blocks = values.len();
    let values = Labels::of(name, values, n)?.values;
    let mut groups: Vec<(Temperature, Vec<usize>)> = Vec::new();
    for (row, value) in values.into_iter().enumerate() {
        let t = Temperature::new(value).map_err(|e| e.to_string())?;
        let at = if blocks == n {
            groups.iter().position(|(own, _)| *own == t)
        } else {
            (row % (n / blocks) > 0).then(|| groups.len() - 1)
        };
        match at {
            Some(at) => groups[at].1.push(row),
            None => groups.push((t, vec![row])),
        }
    }
    Ok(groups)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifact::npz::Writer;
    use ndarray::{Array1, arr1};
    use rgflow::rg::multi_histogram::State;

    #[test]
    fn rows_are_read_chain_after_chain() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.npz");
        // Number of minus spins tells the row.
        let spins = Array2::from_shape_fn((12, 16), |(row, i)| if i < row { -1i8 } else { 1 });
        let write = |path: &Path, temperatures: &[f64], field: f64, chains: &[u32]| {
            let mut file = Writer::new();
            file.add("spins", &spins).unwrap();
            file.add("temperatures", &arr1(temperatures)).unwrap();
            file.add("lattice", &arr1(&[4u32, 4])).unwrap();
            file.add("field", &arr1(&[field])).unwrap();
            if !chains.is_empty() {
                file.add("n_chains", &arr1(chains)).unwrap();
                file.add("tau_int_energy", &Array1::from_elem(chains.len(), 0.7)).unwrap();
                file.add("tau_int_abs_m", &Array1::from_elem(chains.len(), 0.9)).unwrap();
            }
            file.save(path).unwrap();
        };
        let rows = |part: &Part| part.m.iter().map(|m| ((16.0 - m) / 2.0) as usize).collect::<Vec<_>>();
        write(&path, &[0.0, 2.0, 2.5], 0.25, &[1, 2, 0]);
        let pool = &pools(std::slice::from_ref(&path), &Coupled::M).unwrap()[0];
        assert_eq!((pool.parts.len(), pool.notes.len()), (2, 1));
        assert_eq!(rows(&pool.parts[0]), [4, 6, 5, 7]);
        assert_eq!(rows(&pool.parts[1]), [8, 9, 10, 11]);
        assert_eq!((pool.parts[0].tau_int, pool.parts[0].state()), (0.9, State { beta: 0.5, y: 0.25 }));
        assert_eq!((&pool.parts[1].x, pool.parts[1].tau_int_x), (&pool.parts[1].m, 0.9));
        // A temperature for each row, in any order.
        let mixed: Vec<f64> = (0..12).map(|i| if i % 3 == 0 { 3.0 } else { 2.0 }).collect();
        write(&path, &mixed, 0.25, &[]);
        let pool = &pools(std::slice::from_ref(&path), &Coupled::M).unwrap()[0];
        assert_eq!(rows(&pool.parts[0]), [0, 3, 6, 9]);
        assert_eq!(pool.parts[1].temperature.value(), 2.0);
        // Without a field some are turned over; E = -J sum s s is minus the operator nn.
        write(&path, &[2.0], 0.0, &[]);
        let part = &pools(&[path], &"nn".parse().unwrap()).unwrap()[0].parts[0];
        let turned = |(row, m): (usize, &f64)| (16.0 - 2.0 * row as f64) * m < 0.0;
        let n_turned = part.m.iter().enumerate().filter(|m| turned(*m)).count();
        assert!((1..11).contains(&n_turned), "{n_turned}");
        assert!(part.m.iter().enumerate().all(|(row, m)| m.abs() == (16.0 - 2.0 * row as f64).abs()));
        assert!(part.x.iter().zip(&part.energy).all(|(x, e)| *x == -e));
    }
}
