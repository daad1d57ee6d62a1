//! Data sets from files: the user's own `.npy`, `.npz` and `.csv`, and samples written by rgflow.
//!
//! Files are untrusted: sizes are checked before memory is allocated, and values must be of a named kind: spins
//! -1 and +1, bits 0 and 1, or grey levels in [0, 1] (real-valued, never thresholded). Anything else is refused with
//! the place, the value and the remedy, unless the user asked for real numbers (Gaussian units).

mod array;
pub mod averages;
mod axes;
mod bins;
pub mod bonds;
mod cells;
pub mod columns;
mod content;
mod decimal;
mod digits;
mod doubts;
pub mod ensemble;
mod file_names;
mod foreign;
mod given_labels;
mod header;
pub mod histograms;
mod idx;
mod idx_pairs;
pub mod independence;
mod input;
mod kind;
mod label_columns;
mod label_names;
mod labels;
mod lattice;
mod marks;
pub mod mnist;
mod one_hot;
mod pairing;
pub mod sampled;
pub mod scaling_table;
pub mod series;
mod several;
mod text;
mod values;
mod weights;

use crate::artifact::{Artifact, Error, npz, user_file};
use content::{Content, Format};
use ndarray::Array2;
use rgflow::packed::{draw_levels, packed_len};
use rgflow::random::Bulk;
use rgflow::rbm::Units;
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};

pub use input::{Agreement, Input};
pub use kind::Kind;
pub use label_names::{Labelling, Meaning};
pub use labels::Labels;
pub use lattice::{LATTICE_NAME, Sites};
pub use marks::{Unknown, read_marks};
pub use pairing::some as listed;
pub use values::{Rows, Values, packed};

/// Newest version of the samples' format that this version reads.
pub const FORMAT: u32 = 1;

/// Accepted kinds of files.
const KINDS: &str = ".npy, .npz, .csv or IDX";

/// Options for reading a file.
#[derive(Clone, Debug)]
pub struct Options {
    /// Name of the array in an `.npz` file; empty: `spins`, else the only array of two and more dimensions.
    pub array: String,
    /// Name of the array (`.npz`) or the column (`.csv`) of labels, or a list of labels between commas; empty:
    /// `temperatures`, `labels` and similar names.
    pub labels: String,
    /// How labels are to be understood.
    pub labelling: Labelling,
    /// Name of the array (`.npz`) or the column (`.csv`, or its number) of the weights of samples; empty: none.
    pub weights: String,
    /// Whether labels are read; if not, arrays or columns named as labels are ignored.
    pub reads_labels: bool,
    /// Whether each sample may have a temperature of its own.
    pub continuous: bool,
    /// Shape of one sample; empty: that of the file.
    pub shape: Vec<usize>,
    /// Divisor of all values, such as 255 for bytes of grey; applied before the kind is determined.
    pub scale: f64,
    /// Whether any finite real number is allowed.
    pub real: bool,
    /// Whether whole numbers may be states of categorical units, which is then proposed where they are refused.
    pub states: bool,
    /// Values that are unknown: they are marked ([`Dataset::unknown`]) and not checked.
    pub unknown: Option<Unknown>,
    /// The two values of units that the user asked for, which are allowed whatever they are.
    pub levels: Option<[f32; 2]>,
    /// Option by which the user can allow real numbers, named where one is refused; empty: there is none.
    pub allow: &'static str,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            array: String::new(),
            labels: String::new(),
            labelling: Labelling::Auto,
            weights: String::new(),
            reads_labels: true,
            continuous: false,
            shape: Vec::new(),
            scale: 1.0,
            real: false,
            states: false,
            unknown: None,
            levels: None,
            allow: "",
        }
    }
}

/// A data set in memory.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// Shape (samples, units); states take one byte each.
    pub values: Values,
    /// Kind of the values.
    pub kind: Kind,
    /// Shape of one sample as in the file, such as `[8, 8]`; its product is the number of units.
    pub shape: Vec<usize>,
    /// One label per sample, if the file has labels.
    pub labels: Option<Labels>,
    /// Weight of each sample, in any unit, if options name them.
    pub weights: Option<Vec<f64>>,
    /// The lattice, if the file says it.
    pub lattice: Option<Sites>,
    /// Field h in units of J on that lattice, if rgflow sampled it.
    pub field: Option<f64>,
    /// The file, the first of several.
    pub path: PathBuf,
    /// Hash of the bytes of the file; of several, of their hashes in order.
    pub hash: String,
    /// The values of states, where whole numbers were coded one-hot: value k is state k + 1.
    pub states: Option<Vec<i64>>,
    /// Marks of unknown values, shape (samples, values of the file), where options say which they are; they hold any
    /// known value.
    pub unknown: Option<Array2<bool>>,
    /// Number of further files of samples.
    pub more: usize,
    /// All files that were read, in order, with the hashes of their bytes.
    pub files: Vec<(PathBuf, String)>,
    /// Choices made where the file could be read in two ways, one sentence each.
    pub notes: Vec<String>,
    /// Names of arrays or columns that could hold labels.
    pub candidates: Vec<String>,
}

/// Numbers of a file, before their kind is known.
struct Table {
    /// Shape (samples, units), divided by the scale.
    values: Values,
    shape: Vec<usize>,
    labels: Option<Labels>,
    weights: Option<Vec<f64>>,
    lattice: Option<Sites>,
    field: Option<f64>,
    notes: Vec<String>,
    origin: Option<Origin>,
    candidates: Vec<String>,
}

impl Table {
    /// Values without anything else known of them.
    fn of(values: Values) -> Self {
        let shape = vec![values.dim().1];
        let (notes, candidates) = (Vec::new(), Vec::new());
        Self { values, shape, labels: None, weights: None, lattice: None, field: None, notes, origin: None, candidates }
    }
}

/// Position of the values of a text table in the file: the line of every row (from 1), the column of every unit
/// (from 0), and the names of all columns, if it has any.
struct Origin {
    lines: Vec<u64>,
    columns: Vec<usize>,
    names: Option<Vec<String>>,
}

impl Origin {
    /// The column of the unit `unit` as the user names it: by its name, or its number.
    fn title(&self, unit: usize) -> String {
        let column = self.columns.get(unit).copied().unwrap_or(unit);
        let name = self.names.as_ref().and_then(|names| names.get(column)).filter(|name| !name.is_empty());
        name.cloned().unwrap_or_else(|| (column + 1).to_string())
    }
}

impl Dataset {
    /// Reads `path`: `.npy`, `.npz`, text or IDX, also packed by gzip.
    ///
    /// # Errors
    /// [`Error::User`] of one line that names file, problem and remedy.
    pub fn read(path: &Path, options: &Options) -> Result<Self, Error> {
        if !(options.scale > 0.0 && options.scale.is_finite()) {
            return Err(Error::user(format!("data.scale = {}: must be a positive number", options.scale)));
        }
        let found = idx_pairs::images(path).filter(|_| path.is_dir());
        let path = found.as_deref().unwrap_or(path);
        let name = path.display();
        let wrong = |what: String| Error::user(format!("{name}: {what}"));
        let content = Content::open(path)?;
        let (mut hash, format) = (content.hash.clone(), content.format);
        let mut files = vec![(path.to_path_buf(), hash.clone())];
        let table = match content.format {
            Format::Npy => array::npy(path, &content, options)?,
            Format::Npz => array::npz(path, &content, options)?,
            Format::Idx => array::idx(path, &content, options)?,
            Format::Text => text::read(path, content, options)?,
        };
        let Table { mut values, shape, mut labels, weights, lattice, field, mut notes, origin, candidates } = table;
        if values.dim().0 == 0 || values.dim().1 == 0 {
            return Err(wrong("holds no numbers; expected one row per sample".into()));
        }
        let unknown = options.unknown.as_ref().map(|unknown| unknown.take(&mut values, options.scale));
        let unknown = unknown.transpose().map_err(wrong)?;
        let kind = kind::of(&values, origin.as_ref(), options).map_err(wrong)?;
        if kind == Kind::Real && shape.len() == 1 {
            notes.extend(doubts::columns(&values, origin.as_ref(), options));
        }
        notes.extend((kind == Kind::Real).then(|| doubts::angles(&values)).flatten());
        if format == Format::Idx
            && options.reads_labels
            && options.labels.is_empty()
            && let Some(beside) = idx_pairs::labels(path, values.dim().0)?
        {
            let of = beside.path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
            notes.push(format!("the labels are those in {of} beside it"));
            files.push((beside.path.clone(), beside.hash.clone()));
            hash = blake3::hash(format!("{hash}\n{}\n", beside.hash).as_bytes()).to_hex().to_string();
            labels = Some(beside.labels);
        }
        Ok(Self {
            values,
            kind,
            shape,
            labels,
            weights,
            lattice,
            field,
            path: path.into(),
            hash,
            notes,
            candidates,
            files,
            more: 0,
            states: None,
            unknown,
        })
    }

    /// Samples that are in memory, shape (samples, units), of the kind that their values have.
    ///
    /// # Errors
    /// A message that names the first value that fits no kind, its place and the remedy.
    pub fn in_memory(values: Values, options: &Options) -> Result<Self, String> {
        let Table { mut values, shape, labels, weights, lattice, field, notes, candidates, .. } = Table::of(values);
        if values.dim().0 == 0 || values.dim().1 == 0 {
            return Err("holds no numbers; expected one row per sample".into());
        }
        let unknown = options.unknown.as_ref().map(|unknown| unknown.take(&mut values, options.scale)).transpose()?;
        let kind = kind::of(&values, None, options)?;
        let (path, hash, files) = (PathBuf::new(), String::new(), Vec::new());
        let (states, more) = (None, 0);
        Ok(Self {
            values,
            kind,
            shape,
            labels,
            weights,
            lattice,
            field,
            path,
            hash,
            states,
            unknown,
            more,
            files,
            notes,
            candidates,
        })
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

    /// A value that units with the values `low` and `high` cannot have: states must be one of them, grey levels lie
    /// between.
    pub fn misfit(&self, low: f32, high: f32) -> Option<f32> {
        let states = self.kind.levels().is_some();
        let fits = |v: f32| if states { v == low || v == high } else { (low..=high).contains(&v) };
        self.values.find(fits)
    }

    /// Refuses samples that are no states of the sites of `units`, where a site has several units; [`Dataset::misfit`]
    /// checks single units.
    ///
    /// # Errors
    /// A message that names the sample, the site and the remedy.
    pub fn check(&self, units: &Units) -> Result<(), String> {
        let Some(width) = units.sites().map(|sites| sites.width()).filter(|width| *width > 1) else { return Ok(()) };
        if !self.n_units().is_multiple_of(width) {
            return Err(format!("samples of {} values; sites of {units} units take {width} each", self.n_units()));
        }
        let all: Vec<usize> = (0..self.n_samples()).collect();
        for rows in self.values.portions(all.len()) {
            for (sample, row) in rows.clone().zip(self.values.rows(&all[rows]).rows()) {
                let Some(unit) = units.misfit(row) else { continue };
                let (site, first) = (unit / width + 1, unit / width * width);
                let values: Vec<String> = row.iter().skip(first).take(width).map(f32::to_string).collect();
                return Err(format!(
                    "sample {} holds {} in site {site} (values {} to {}), which is no state of {units} units; {}",
                    sample + 1,
                    values.join(", "),
                    first + 1,
                    first + width,
                    "code the states as these units do, or take other units"
                ));
            }
        }
        Ok(())
    }

    /// Converts spins or bits to the values `low` and `high` of other units, which is exact; a note says so. Other
    /// data, and data that such units can have, stay as they are.
    pub fn convert(&mut self, low: f32, high: f32) {
        if self.kind.levels().is_none() || self.misfit(low, high).is_none() {
            return;
        }
        let from = self.kind.name();
        self.values.map_states(|up| if up { high } else { low });
        self.kind = kind::of_levels(low, high);
        self.notes.push(match self.kind {
            Kind::Spins | Kind::Bits => format!("{from} are converted to {}, which is exact", self.kind.name()),
            _ => format!("{from} are converted to {low} and {high}, which is exact"),
        });
    }

    /// The samples `rows` as a data set of their own.
    pub fn select(&self, rows: &[usize]) -> Self {
        let labels = self.labels.as_ref().map(|labels| labels.select(rows));
        let unknown = self.unknown.as_ref().map(|unknown| unknown.select(ndarray::Axis(0), rows));
        let weights = self.weights.as_ref().map(|weights| rows.iter().map(|row| weights[*row]).collect());
        Self { values: self.values.select(rows), labels, weights, unknown, ..self.clone_without_values() }
    }

    /// Bits drawn with the grey levels of the samples `rows` as their probabilities, in the layout of [`packed`].
    pub fn drawn_bits(&self, rows: &[usize], random: &mut Bulk) -> Vec<u8> {
        let portions = self.values.portions(rows.len());
        portions.flat_map(|part| draw_levels(self.values.rows(&rows[part]).view(), 0.0, 1.0, random)).collect()
    }

    /// The same samples as bits, drawn with the grey levels as their probabilities.
    pub fn drawn(&self, random: &mut Bulk) -> Self {
        let (samples, units) = self.values.dim();
        let all: Vec<usize> = (0..samples).collect();
        let (bits, bytes) = (self.drawn_bits(&all, random), packed_len(units));
        let bit = |(sample, unit): (usize, usize)| (bits[sample * bytes + unit / 4] >> (unit % 4) & 1) as i8;
        let values = Values::States(Array2::from_shape_fn((samples, units), bit));
        let (labels, weights) = (self.labels.clone(), self.weights.clone());
        Self { values, kind: Kind::Bits, labels, weights, ..self.clone_without_values() }
    }

    fn clone_without_values(&self) -> Self {
        Self {
            values: Values::States(Array2::zeros((0, self.n_units()))),
            kind: self.kind,
            shape: self.shape.clone(),
            labels: None,
            weights: None,
            lattice: self.lattice.clone(),
            field: self.field,
            path: self.path.clone(),
            hash: self.hash.clone(),
            notes: self.notes.clone(),
            candidates: self.candidates.clone(),
            files: self.files.clone(),
            more: self.more,
            states: self.states.clone(),
            unknown: None,
        }
    }
}

/// Hash of the bytes of the file `path`, or of the images in that folder, named by the user.
///
/// # Errors
/// [`Error::User`] if it cannot be read.
pub fn hash(path: &Path) -> Result<String, Error> {
    let found = idx_pairs::images(path).filter(|_| path.is_dir());
    let path = found.as_deref().unwrap_or(path);
    let file = user_file::open(path, KINDS)?;
    Ok(user_file::hash(path, &file)?.to_hex().to_string())
}

/// Whether the folder `path` holds images in the format of MNIST, which are read as samples.
pub fn holds_images(path: &Path) -> bool {
    idx_pairs::images(path).is_some()
}

/// Whether the file `path` is of a kind that is read as samples, or of one that a message says how to convert.
pub fn is_samples(path: &Path) -> bool {
    content::is_known(path) || !foreign::is_unknown(&path.to_string_lossy())
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
        // An array of that name from another program is ignored if it has another meaning.
        _ => Ok(()),
    }
}
