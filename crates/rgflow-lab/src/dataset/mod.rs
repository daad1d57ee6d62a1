//! Data sets from files: the user's own `.npy`, `.npz` and `.csv`, and the samples that rgflow wrote.
//!
//! A file is data, never trusted: sizes are checked before memory is taken, and values must be what one can name: spins
//! -1 and +1, bits 0 and 1, or grey levels in [0, 1] (real-valued, never thresholded). Anything else is refused with the
//! place, the value and the remedy, unless any real number was asked for (Gaussian units).

mod array;
pub mod averages;
pub mod ensemble;
mod idx;
pub mod independence;
mod labels;
pub mod mnist;
pub mod sampled;
mod text;
mod values;

use crate::artifact::{Artifact, Error, npz, user_file};
use ndarray::Array2;
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};

pub use labels::{Labels, Meaning};
pub use values::{Values, packed};

/// Newest version of the samples' format that this version reads.
pub const FORMAT: u32 = 1;

/// Kinds of files that are read.
const KINDS: &str = ".npy, .npz or .csv";

/// What the values of a data set are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// -1 and +1.
    Spins,
    /// 0 and 1.
    Bits,
    /// Real numbers in [0, 1], such as grey levels: probabilities of a {0, 1} unit.
    Grey,
    /// Any finite real numbers; only where they were asked for.
    Real,
}

impl Kind {
    /// The word that is shown.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Spins => "spins (-1, +1)",
            Kind::Bits => "bits (0, 1)",
            Kind::Grey => "grey levels in [0, 1]",
            Kind::Real => "real numbers",
        }
    }
}

/// How a file is read where it leaves a choice.
#[derive(Clone, Debug)]
pub struct Options {
    /// Name of the array in an `.npz` file; empty: `spins`, else the only array of two and more dimensions.
    pub array: String,
    /// Name of the array (`.npz`) or the column (`.csv`) of labels; empty: `temperatures`, `labels` and their usual names.
    pub labels: String,
    /// Values are divided by this before they are looked at, such as 255 for bytes of grey.
    pub scale: f64,
    /// Whether any finite real number is allowed.
    pub real: bool,
    /// How the user allows any real number, said where one is refused; empty: there is no way.
    pub allow: &'static str,
}

impl Default for Options {
    fn default() -> Self {
        Self { array: String::new(), labels: String::new(), scale: 1.0, real: false, allow: "" }
    }
}

/// A data set in memory.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// Shape (samples, units); states take a byte each.
    pub values: Values,
    /// What the values are.
    pub kind: Kind,
    /// Shape of one sample as in the file, such as `[8, 8]`; its product is the number of units.
    pub shape: Vec<usize>,
    /// One label per sample, if the file has labels.
    pub labels: Option<Labels>,
    /// Extents of the lattice, fastest first, and its coordination number, if rgflow sampled it.
    pub lattice: Option<(Vec<usize>, u32)>,
    /// The file.
    pub path: PathBuf,
    /// Hash of the bytes of the file.
    pub hash: String,
}

/// Numbers of a file, before anyone says what they are.
struct Table {
    /// Shape (samples, units), divided by the scale.
    values: Values,
    shape: Vec<usize>,
    labels: Option<Labels>,
    lattice: Option<(Vec<usize>, u32)>,
}

impl Dataset {
    /// Reads `path`, an `.npy`, `.npz` or `.csv` file.
    ///
    /// # Errors
    /// [`Error::User`] of one line that names file, problem and remedy.
    pub fn read(path: &Path, options: &Options) -> Result<Self, Error> {
        let name = path.display();
        let wrong = |what: String| Error::user(format!("{name}: {what}"));
        if !(options.scale > 0.0 && options.scale.is_finite()) {
            return Err(Error::user(format!("data.scale = {}: must be a positive number", options.scale)));
        }
        let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
        let file = user_file::open(path, KINDS)?;
        let hash = user_file::hash(path, &file)?.to_hex().to_string();
        let table = match extension.as_str() {
            "npy" => array::npy(path, &file, options)?,
            "npz" => array::npz(path, &file, options)?,
            "csv" | "tsv" | "txt" => text::table(&user_file::read(path, KINDS)?, options).map_err(wrong)?,
            _ => return Err(wrong("unknown kind of file; give .npy, .npz or .csv".into())),
        };
        let Table { values, shape, labels, lattice } = table;
        if values.dim().0 == 0 || values.dim().1 == 0 {
            return Err(wrong("holds no numbers; expected one row per sample".into()));
        }
        let kind = kind_of(&values, options).map_err(wrong)?;
        Ok(Self { values, kind, shape, labels, lattice, path: path.into(), hash })
    }

    /// The file as an input of stages.
    pub fn artifact(&self) -> Artifact {
        Artifact { hash: self.hash.clone(), dir: self.path.clone() }
    }

    /// Number of samples.
    pub fn n_samples(&self) -> usize {
        self.values.dim().0
    }

    /// Number of units.
    pub fn n_units(&self) -> usize {
        self.values.dim().1
    }

    /// A value that units of the values `low` and `high` cannot have: states must be these, grey levels lie between.
    pub fn misfit(&self, low: f32, high: f32) -> Option<f32> {
        let states = matches!(self.kind, Kind::Spins | Kind::Bits);
        let fits = |v: f32| if states { v == low || v == high } else { (low..=high).contains(&v) };
        self.values.find(fits)
    }

    /// The samples `rows` as a data set of their own.
    pub fn select(&self, rows: &[usize]) -> Self {
        let labels = self.labels.as_ref().map(|labels| labels.select(rows));
        Self { values: self.values.select(rows), labels, ..self.clone_without_values() }
    }

    fn clone_without_values(&self) -> Self {
        Self {
            values: Values::States(Array2::zeros((0, self.n_units()))),
            kind: self.kind,
            shape: self.shape.clone(),
            labels: None,
            lattice: self.lattice.clone(),
            path: self.path.clone(),
            hash: self.hash.clone(),
        }
    }
}

/// Hash of the bytes of the file `path`, which the user named.
///
/// # Errors
/// [`Error::User`] if it cannot be read.
pub fn hash(path: &Path) -> Result<String, Error> {
    let file = user_file::open(path, KINDS)?;
    Ok(user_file::hash(path, &file)?.to_hex().to_string())
}

/// What the values are.
fn kind_of(values: &Values, options: &Options) -> Result<Kind, String> {
    let values = match values {
        Values::Real(values) => values,
        Values::States(_) if values.find(|v| v != 0.0).is_none() => return Ok(Kind::Spins),
        Values::States(_) if values.find(|v| v != -1.0).is_none() => return Ok(Kind::Bits),
        // Such data is refused, or are numbers that were asked for.
        Values::States(states) => &states.mapv(f32::from),
    };
    let place = |wanted: &dyn Fn(f32) -> bool| {
        let (at, value) = values.indexed_iter().find(|(_, v)| wanted(**v))?;
        Some(format!("{value} in row {}, column {}", at.0 + 1, at.1 + 1))
    };
    if let Some(place) = place(&|v| !v.is_finite()) {
        return Err(format!("{place}: every value must be a finite number; clean the data"));
    }
    let all = |allowed: &dyn Fn(f32) -> bool| values.iter().all(|v| allowed(*v));
    if all(&|v| v == 1.0 || v == -1.0) {
        Ok(Kind::Spins)
    } else if all(&|v| v == 0.0 || v == 1.0) {
        Ok(Kind::Bits)
    } else if all(&|v| (0.0..=1.0).contains(&v)) {
        Ok(Kind::Grey)
    } else if options.real {
        Ok(Kind::Real)
    } else {
        let place = place(&|v| !(0.0..=1.0).contains(&v)).unwrap_or_default();
        let largest = values.iter().copied().fold(0.0f32, f32::max);
        let remedy = match place.starts_with('-') {
            true => "map the data to one of these".to_string(),
            false => format!("divide by the largest value ({largest}), with --scale {largest} if 0 means nothing"),
        };
        let allow = if options.allow.is_empty() { String::new() } else { format!(", or {}", options.allow) };
        Err(format!(
            "{place}: the values are neither spins (-1, +1), nor bits (0, 1), nor grey levels in [0, 1]; {remedy}{allow}"
        ))
    }
}

/// Refuses samples of a newer format.
fn check_format<R: Read + Seek>(file: &mut npz::Reader<R>, names: &[String]) -> Result<(), String> {
    if !names.iter().any(|n| n == "format") {
        return Ok(());
    }
    match file.array::<u32, ndarray::Ix0>("format").map(|f| f.into_scalar()) {
        Ok(found) if found > FORMAT => {
            Err(format!("has the format {found} of a newer rgflow, this version reads up to {FORMAT}; update rgflow"))
        }
        // Somebody else's array of that name says nothing.
        _ => Ok(()),
    }
}
