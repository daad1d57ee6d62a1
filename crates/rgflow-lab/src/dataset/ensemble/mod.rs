//! Samples of the Ising model as series for histograms: energy, magnetisation and X of every configuration, chain after
//! chain.
//!
//! Files are `.npz` as `rgflow sample` writes them (`spins`, `temperatures`, `lattice`, and where they are there
//! `lattice_name`, `coordination`, `field`, `n_chains`, tau_int and n_eff); anyone can write the same with NumPy. Files
//! of one lattice make a [`Pool`].

mod arrays;
mod copies;
mod correlated;
mod edges;
mod repeats;

pub use edges::{Edge, Way};

use crate::artifact::{Error, user_file};
use arrays::{Arrays, Group};
pub(super) use edges::beyond;
use rayon::prelude::*;
use repeats::Block;
use rgflow::lattice::{Geometry, Ising, Lattice, Model, Temperature};
use rgflow::rg::operators::{self, Bits, Operator};
use rgflow::statistics::tau_int_chains;
use std::path::{Path, PathBuf};

/// Operator X that the field Y couples to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Coupled {
    /// The sum of the spins.
    M,
    /// Absolute value of the sum of the spins.
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
    /// Whether X changes its sign under a global spin flip.
    fn is_odd(&self) -> bool {
        match self {
            Self::M => true,
            Self::AbsM => false,
            Self::Products(operator) => operator.is_odd(),
        }
    }

    /// Work space on `lattice`; `None` if X is not defined there.
    fn bits(&self, lattice: &Geometry) -> Option<Bits> {
        match (self, lattice) {
            (Self::Products(o), Geometry::Square(s)) if o.extent() < s.lx().min(s.ly()) => {
                Bits::new(s.lx(), s.ly(), o.extent()).ok()
            }
            (Self::Products(_), _) => None,
            _ => Bits::new(1, 1, 0).ok(),
        }
    }

    /// X of `spins`, whose sum is `m`.
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

/// Configurations of one temperature and one field, chain after chain, each in time order.
#[derive(Clone, Debug)]
pub struct Part {
    /// File of the configurations.
    pub path: PathBuf,
    /// Temperature, above 0.
    pub temperature: Temperature,
    /// Field h in which they were sampled, in J.
    pub field: f64,
    /// Total energy without the field in J, shape `(n,)`.
    pub energy: Vec<f64>,
    /// Sum of the spins, shape `(n,)`.
    pub m: Vec<f64>,
    /// X, shape `(n,)`.
    pub x: Vec<f64>,
    /// Longer of the integrated autocorrelation times of E and |m|, in configurations of a chain: from the file, else
    /// estimated.
    pub tau_int: f64,
    /// The longest of those of E, |m| and X.
    pub tau_int_x: f64,
    /// Edges: configurations beyond the outermost ones.
    pub edges: Vec<Edge>,
}

/// Samples of one lattice: all temperatures of all files.
#[derive(Clone, Debug)]
pub struct Pool {
    /// The lattice.
    pub lattice: Geometry,
    /// Whether X changes its sign under a global spin flip.
    pub odd: bool,
    /// Parts by file, then in file order.
    pub parts: Vec<Part>,
    /// Notes on data left out, with the reason.
    pub notes: Vec<String>,
}

impl Pool {
    /// Whether a part was sampled in a field, or one of `fields` is not 0.
    pub fn is_in_field(&self, fields: &[f64]) -> bool {
        self.parts.iter().map(|p| p.field).chain(fields.iter().copied()).any(|field| field != 0.0)
    }
}

/// Reads `files`, measures X = `coupled`, and pools files of the same lattice; returns pools by rising number of sites.
///
/// # Errors
/// [`Error::User`] of one line that names the file, what it lacks and the remedy; also for a file given twice, and for
/// duplicate rows.
pub fn pools(files: &[PathBuf], coupled: &Coupled) -> Result<Vec<Pool>, Error> {
    let mut seen: Vec<(blake3::Hash, &Path)> = Vec::new();
    let mut pools: Vec<Pool> = Vec::new();
    let mut blocks: Vec<(usize, Block)> = Vec::new();
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
                pools.push(Pool { lattice, odd: coupled.is_odd(), parts: Vec::new(), notes: Vec::new() });
                pools.len() - 1
            }
        };
        let named = arrays.notes.iter().map(|note| format!("{}: {note}", path.display())).collect::<Vec<_>>();
        pools[at].notes.extend(named);
        let cold = arrays.groups.iter().any(|g| g.temperature == Temperature::ZERO);
        let own = Block::all(&arrays, path);
        let (parts, notes) = arrays.measure(path, coupled)?;
        let known = own.into_iter().zip(&parts).map(|(block, part)| block.clumped(2.0 * part.tau_int));
        blocks.extend(known.map(|block| (at, block)));
        if parts.is_empty() {
            return Err(wrong("has configurations at T = 0 alone, which know no other; sample at T > 0".into()));
        }
        if cold {
            pools[at].notes.push(format!("{}: T = 0 is left out: its configurations know no other T", path.display()));
        }
        pools[at].notes.extend(notes);
        pools[at].parts.extend(parts);
    }
    for at in 0..pools.len() {
        let own: Vec<&Block> = blocks.iter().filter(|b| b.0 == at).map(|b| &b.1).collect();
        repeats::refuse(&own).map_err(Error::user)?;
    }
    pools.sort_by_key(|p| p.lattice.n_sites());
    Ok(pools)
}

impl Arrays {
    /// Measures every configuration and warns where rows are more alike than their tau_int allows; T = 0 is left out.
    fn measure(self, path: &Path, coupled: &Coupled) -> Result<(Vec<Part>, Vec<String>), Error> {
        let wrong = |what: String| Error::user(format!("{}: {what}", path.display()));
        let field = self.groups.iter().map(|g| g.field).find(|h| *h != 0.0);
        if let (Some(h), true) = (field, *coupled != Coupled::M) {
            return Err(wrong(format!(
                "was sampled in the field h = {h}, which couples to m; leave --operator out, or sample without --field"
            )));
        }
        if coupled.bits(&self.lattice).is_none() {
            return Err(wrong(format!("{} has no operator {coupled}; take m or abs_m", self.lattice)));
        }
        let warm = self.groups.iter().filter(|g| g.temperature != Temperature::ZERO);
        let (parts, warnings): (_, Vec<Option<String>>) = warm.map(|group| self.part(group, path, coupled)).unzip();
        Ok((parts, warnings.into_iter().flatten().collect()))
    }

    fn part(&self, group: &Group, path: &Path, coupled: &Coupled) -> (Part, Option<String>) {
        let (model, rows) = (Ising::new(&self.lattice), &group.rows);
        let independent = group.n_chains == Some(0);
        let n_chains = group.n_chains.unwrap_or(1).max(1);
        let chains: Vec<Vec<usize>> =
            (0..n_chains).map(|c| rows.iter().skip(c).step_by(n_chains).copied().collect()).collect();
        let order: Vec<usize> = chains.iter().flatten().copied().collect();
        let spins = |row: usize| self.spins.row(row).to_slice().expect("rows of a new array are contiguous");
        let measure = |bits: &mut Option<Bits>, row: &usize| {
            let row = spins(*row);
            let m = row.iter().map(|s| i64::from(*s)).sum::<i64>() as f64;
            let x = bits.as_mut().map_or(m, |bits| coupled.read(bits, row, m));
            [model.energy(row), m, x]
        };
        let seen: Vec<[f64; 3]> = order.par_iter().map_init(|| coupled.bits(&self.lattice), measure).collect();
        let edges = edges::of(&seen, |i| spins(order[i]), &self.lattice, coupled);
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
        let known = group.tau_int;
        let tau_energy = known[0].unwrap_or_else(|| tau(&|i| energy[i]));
        let tau_int = tau_energy.max(known[1].unwrap_or_else(|| tau(&|i| m[i].abs()))).max(0.5);
        // n_eff = n/(2 tau_int): a file may give either.
        let tau_int = tau_int.max(group.n_eff.map_or(0.5, |n_eff| 0.5 * rows.len() as f64 / n_eff));
        // A global flip is a symmetry, so the decorrelation of |X| counts.
        let tau_int_x = tau_int.max(tau(&|i| if coupled.is_odd() { x[i].abs() } else { x[i] }));
        let (path, temperature, field) = (path.to_path_buf(), group.temperature, group.field);
        let part = Part { path, temperature, field, energy, m, x, tau_int, tau_int_x, edges };
        let warning = correlated::warning(&part, &chains, |row| self.spins.row(row));
        (part, warning)
    }
}

#[cfg(test)]
mod tests;
