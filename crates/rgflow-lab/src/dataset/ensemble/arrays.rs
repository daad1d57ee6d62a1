//! Arrays of a file of samples: spins, and for each row its temperature, field, number of chains and autocorrelation
//! time.
//!
//! An array has one value for all rows, one per equal block in order, or one per row. Duplicate information must agree.

use crate::artifact::{Error, npz, user_file};
use crate::dataset::array::fits;
use crate::dataset::bonds::{self, BONDS, COUPLINGS, OwnBonds};
use crate::dataset::check_format;
use crate::dataset::label_names::{BETAS, TEMPERATURES};
use crate::dataset::lattice::{self, LATTICE_NAME};
use crate::dataset::pairing::some;
use ndarray::{Array2, ArrayD};
use rgflow::lattice::{Geometry, Lattice, Temperature};
use std::collections::HashMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

/// Content of a file before its configurations are measured.
pub(super) struct Arrays {
    pub spins: Array2<i8>,
    pub groups: Vec<Group>,
    pub lattice: Geometry,
    /// Assumptions made where the file does not say, one sentence each.
    pub notes: Vec<String>,
}

/// Rows of one temperature and field, in file order.
pub(super) struct Group {
    pub temperature: Temperature,
    pub field: f64,
    pub rows: Vec<usize>,
    /// Number of chains, whose rows are interleaved; 0: independent rows. `None` where the file does not say.
    pub n_chains: Option<usize>,
    /// Autocorrelation times of E and of |m|, where the file gives them.
    pub tau_int: [Option<f64>; 2],
    /// Effective number of independent configurations, where the file gives it.
    pub n_eff: Option<f64>,
}

/// Usual array names of a field.
const FIELDS: [&str; 3] = ["field", "fields", "h"];
/// Usual array names of inverse temperatures.
const TAUS: [&str; 2] = ["tau_int_energy", "tau_int_abs_m"];
const REMEDY: &str = "give an .npz file as `rgflow sample ising --out samples.npz` writes it";

/// An array of the file that gives a value for every row.
struct Column {
    name: String,
    /// Number of consecutive rows that share a value: all, a block, or one.
    block: usize,
    values: Vec<f64>,
}

impl Column {
    fn new(name: &str, values: Vec<f64>, n: usize) -> Result<Self, String> {
        if values.is_empty() || !n.is_multiple_of(values.len()) {
            return Err(format!(
                "`{name}` has {} values for {n} rows of `spins`; give one, one for each of equal blocks, or one for \
                 each row",
                values.len()
            ));
        }
        Ok(Self { name: name.into(), block: n / values.len(), values })
    }

    fn at(&self, row: usize) -> f64 {
        // block * len = n > row.
        self.values[row / self.block]
    }

    /// Refuses a second array with other values of the same quantity; `as_` converts each to a temperature or a field.
    fn agree(&self, other: &Self, n: usize, as_: impl Fn(f64) -> f64) -> Result<(), String> {
        let differ = |row: &usize| {
            let (a, b) = (self.at(*row), as_(other.at(*row)));
            // Handles infinite values; the tolerance allows for values stored in single precision.
            !(a == b || (a - b).abs() <= 1e-5 * a.abs().max(b.abs()))
        };
        match (0..n).step_by(self.block.min(other.block)).find(differ) {
            Some(row) => Err(format!(
                "row {row} has {} in `{}` but {} in `{}`, which do not agree; correct one or leave it out",
                self.at(row),
                self.name,
                other.at(row),
                other.name
            )),
            None => Ok(()),
        }
    }
}

impl Arrays {
    pub fn read(path: &Path, file: &File) -> Result<Self, Error> {
        let wrong = |what: String| Error::user(format!("{}: {what}", path.display()));
        if path.extension().is_none_or(|e| !e.eq_ignore_ascii_case("npz")) {
            return Err(wrong(format!("has no place for temperatures and lattice; {REMEDY}")));
        }
        let mut file = npz::Reader::of(path, BufReader::new(file)).map_err(user_file::blame)?;
        let all = file.describe().map_err(user_file::blame)?;
        let names: Vec<String> = all.iter().map(|d| d.name.clone()).collect();
        check_format(&mut file, &names).map_err(wrong)?;
        let has = |name: &str| names.iter().any(|n| n == name);
        let missing = |what: &str| wrong(format!("has no array `{what}`; it has {}; {REMEDY}", some(&names)));
        let spin = |v: f64| if v.abs() == 1.0 { v as i8 } else { 0 };
        if !has("spins") {
            return Err(missing("spins"));
        }
        if let Some(spins) = all.iter().find(|d| d.name == "spins") {
            let size = std::fs::metadata(path).map_or(0, |file| file.len());
            fits((path, size), &spins.shape, 1)?;
        }
        let spins = file.numbers("spins", spin).map_err(user_file::blame)?;
        if spins.ndim() < 2 || spins.is_empty() || spins.iter().any(|s| *s == 0) {
            return Err(wrong("`spins` must have the shape (n, sites) and values -1 and +1; correct it".into()));
        }
        let named = match has(LATTICE_NAME) {
            true => file.words(LATTICE_NAME).map_err(user_file::blame)?.into_iter().next(),
            false => None,
        };
        let mut read = |name: &str| -> Result<Option<Vec<f64>>, Error> {
            if !has(name) {
                return Ok(None);
            }
            let array = file.numbers(name, |v| v).map_err(user_file::blame)?;
            Ok(Some(array.into_iter().collect()))
        };
        // The order in which missing arrays are reported.
        if TEMPERATURES.into_iter().chain(BETAS).all(|name| !has(name)) {
            return Err(missing("temperatures"));
        }
        let extents = read("lattice")?.ok_or_else(|| {
            wrong(format!("has no array `lattice`, so that its bonds are unknown; {REMEDY}, or add lattice=[L, L]"))
        })?;
        let (lattice, note) = match own_bonds(&has, &mut read).map_err(user_file::blame)? {
            Some(own) => (bonds::of_file(named.as_deref(), &extents, &own).map_err(wrong)?, None),
            None => {
                let said = (named.as_deref(), read("coordination")?);
                geometry(&extents, said, spins.shape()).map_err(wrong)?
            }
        };
        let spins = rows(spins, &lattice).map_err(wrong)?;
        let n = spins.nrows();
        let mut column = |name: &str| -> Result<Option<Column>, Error> {
            read(name)?.map(|values| Column::new(name, values, n)).transpose().map_err(wrong)
        };
        let mut columns = |names: &[&str]| -> Result<Vec<Column>, Error> {
            names.iter().filter_map(|name| column(name).transpose()).collect()
        };
        let (temperatures, betas) = (columns(&TEMPERATURES)?, columns(&BETAS)?);
        let (fields, n_chains) = (columns(&FIELDS)?, columns(&["n_chains"])?);
        let taus = [columns(&TAUS[..1])?, columns(&TAUS[1..])?];
        let n_eff = columns(&["n_eff"])?;
        let inverse = |beta: f64| 1.0 / beta;
        let temperature = match (temperatures.first(), betas.first()) {
            (Some(t), _) => t,
            (None, Some(beta)) => &Column {
                name: beta.name.clone(),
                block: beta.block,
                values: beta.values.iter().map(|b| 1.0 / b).collect(),
            },
            (None, None) => return Err(missing("temperatures")),
        };
        for other in temperatures.iter().skip(1) {
            temperature.agree(other, n, |t| t).map_err(wrong)?;
        }
        if let (false, Some(beta)) = (temperatures.is_empty(), betas.first()) {
            temperature.agree(beta, n, inverse).map_err(wrong)?;
        }
        let zero = Column { name: FIELDS[0].into(), block: n, values: vec![0.0] };
        let field = fields.first().unwrap_or(&zero);
        for other in fields.iter().skip(1) {
            field.agree(other, n, |h| h).map_err(wrong)?;
        }
        let mut groups = groups(temperature, field, n).map_err(wrong)?;
        for group in &mut groups {
            group.n_chains = n_chains.first().map(|c| group.chains(c)).transpose().map_err(wrong)?;
            let known =
                n_eff.first().map(|c| Group::only(c, &group.rows, group.temperature)).transpose().map_err(wrong)?;
            // NaN: n_eff of a series that does not fluctuate is undefined.
            group.n_eff = known.filter(|n| !n.is_nan());
            if let Some(bad) = group.n_eff.filter(|n| *n <= 0.0) {
                return Err(wrong(format!("`n_eff` holds {bad}: must be a number above 0; correct it")));
            }
            for (tau, column) in group.tau_int.iter_mut().zip(&taus) {
                *tau = match column.first() {
                    Some(c) => Some(Group::only(c, &group.rows, group.temperature).map_err(wrong)?),
                    None => None,
                };
                // NaN: a series that does not fluctuate has no tau; it is then estimated.
                *tau = tau.filter(|t| !t.is_nan());
                if let Some(t) = tau.filter(|t| !(*t >= 0.0 && t.is_finite())) {
                    return Err(wrong(format!(
                        "an autocorrelation time is {t}: must be a finite number >= 0; correct it"
                    )));
                }
            }
        }
        Ok(Self { spins, groups, lattice, notes: note.into_iter().collect() })
    }
}

impl Group {
    /// The common value of `column` in `rows`.
    fn only(column: &Column, rows: &[usize], t: Temperature) -> Result<f64, String> {
        let first = column.at(rows[0]);
        match rows.iter().map(|row| column.at(*row)).find(|v| v.to_bits() != first.to_bits()) {
            Some(other) => Err(format!(
                "`{}` holds {first} and {other} for rows of one temperature (T = {}) and field; give one value for \
                 them, or write them as two files",
                column.name,
                t.value()
            )),
            None => Ok(first),
        }
    }

    fn chains(&self, column: &Column) -> Result<usize, String> {
        let value = Self::only(column, &self.rows, self.temperature)?;
        if value < 0.0 || value.fract() != 0.0 || !value.is_finite() {
            return Err(format!(
                "`n_chains` holds {value}: must be a whole number, 0 for independent rows; correct it"
            ));
        }
        if value > self.rows.len() as f64 {
            return Err(format!(
                "`n_chains` holds {value}, but `spins` has {} rows at T = {}; correct one of them",
                self.rows.len(),
                self.temperature.value()
            ));
        }
        Ok(value as usize)
    }
}

/// The arrays `bonds` and `couplings`, where the file has them.
fn own_bonds(
    has: &impl Fn(&str) -> bool,
    read: &mut impl FnMut(&str) -> Result<Option<Vec<f64>>, Error>,
) -> Result<Option<OwnBonds>, Error> {
    match (has(BONDS), has(COUPLINGS)) {
        (false, false) => Ok(None),
        _ => Ok(Some(OwnBonds { ends: read(BONDS)?, couplings: read(COUPLINGS)? })),
    }
}

/// The lattice of these extents, of the name and `coordination` that are `said`, for spins of the shape `shape`; a note
/// where it has no name.
fn geometry(
    extents: &[f64],
    said: (Option<&str>, Option<Vec<f64>>),
    shape: &[usize],
) -> Result<(Geometry, Option<String>), String> {
    if let Some(bad) = extents.iter().find(|e| !(**e >= 1.0 && e.fract() == 0.0 && **e < 1e9)) {
        return Err(format!("`lattice` holds {bad}: must be whole numbers of sites, as in [L, L]; correct it"));
    }
    let extents: Vec<usize> = extents.iter().map(|e| *e as usize).collect();
    let (name, all) = (said.0, said.1.unwrap_or_default());
    if all.windows(2).any(|pair| pair[0] != pair[1]) {
        return Err(format!("`coordination` holds {all:?}: rows of one file have one lattice; write a file for each"));
    }
    let (family, note) = lattice::family(name, extents.len(), all.first().copied())?;
    // Before the lattice is made: its neighbours take memory for what a file claims.
    let sites = extents.iter().try_fold(1usize, |n, l| n.checked_mul(*l));
    if !(1..shape.len()).any(|k| Some(shape[k..].iter().product()) == sites) {
        let own: usize = shape[1..].iter().product();
        return Err(format!("`lattice` is {extents:?}, but a row of `spins` has {own} sites; correct it"));
    }
    let lattice = Geometry::new(family.name, &extents).map_err(|e| format!("`lattice`: {e}"))?;
    Ok((lattice, note))
}

/// One configuration per row, from shape `(n, sites)`, or `(..., L_z, L_y, L_x)` in site order, or
/// `(..., L_x, L_y, L_z)`, which is transposed.
fn rows(spins: ArrayD<i8>, lattice: &Geometry) -> Result<Array2<i8>, String> {
    let (shape, extents, sites) = (spins.shape().to_vec(), lattice.extents(), lattice.n_sites());
    let reversed: Vec<usize> = extents.iter().rev().copied().collect();
    let whole = |extents: &[usize]| shape.ends_with(extents) && shape.len() > extents.len();
    let n = spins.len() / sites;
    let flat: Vec<i8> = if whole(&reversed) || (shape.len() >= 2 && shape.ends_with(&[sites])) {
        match spins.is_standard_layout() {
            true => spins.into_raw_vec_and_offset().0,
            false => spins.iter().copied().collect(),
        }
    } else if whole(&extents) {
        let first = shape.len() - extents.len();
        let axes: Vec<usize> = (0..first).chain((first..shape.len()).rev()).collect();
        spins.permuted_axes(axes).iter().copied().collect()
    } else {
        let own: usize = shape[1..].iter().product();
        let what = if own == sites {
            format!("`spins` has the shape {shape:?}")
        } else {
            format!("a row of `spins` has {own} sites")
        };
        return Err(format!("`lattice` is {extents:?}, but {what}; correct it"));
    };
    Array2::from_shape_vec((n, sites), flat).map_err(|e| e.to_string())
}

/// Groups rows by temperature and field: equal blocks in order, or rows of one value if each row has its own.
fn groups(temperature: &Column, field: &Column, n: usize) -> Result<Vec<Group>, String> {
    if let Some(bad) = temperature.values.iter().find(|t| t.is_nan() || **t < 0.0) {
        return Err(format!("`{}` holds {bad}: a temperature is >= 0 (J/k_B); correct it", temperature.name));
    }
    if let Some(bad) = field.values.iter().find(|h| !h.is_finite()) {
        return Err(format!("`{}` is {bad}: must be a finite number (J); correct it", field.name));
    }
    let by_row = n > 1 && (temperature.block == 1 || field.block == 1);
    let mut groups: Vec<Group> = Vec::new();
    let mut known: HashMap<[u64; 2], usize> = HashMap::new();
    for row in 0..n {
        let (t, h) = (temperature.at(row), field.at(row));
        let key = if by_row {
            // -0 becomes 0.
            [(t + 0.0).to_bits(), (h + 0.0).to_bits()]
        } else {
            [(row / temperature.block) as u64, (row / field.block) as u64]
        };
        let at = *known.entry(key).or_insert(groups.len());
        if at == groups.len() {
            let temperature = Temperature::new(t).map_err(|e| e.to_string())?;
            groups.push(Group {
                temperature,
                field: h,
                rows: Vec::new(),
                n_chains: None,
                tau_int: [None; 2],
                n_eff: None,
            });
        }
        groups[at].rows.push(row);
    }
    Ok(groups)
}
