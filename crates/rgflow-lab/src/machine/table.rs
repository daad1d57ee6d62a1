//! Results in a file: `.npz` (all arrays), `.npy` (the first one) or `.csv` (a column for each value of a sample),
//! written whole or not at all.

use crate::artifact::{Error, Model, atomic, npy, npz};
use ndarray::{Array1, Array2, ArrayView2, arr0};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Kinds of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Npz,
    Npy,
    Csv,
}

/// A file that results go to.
pub struct OutFile {
    path: PathBuf,
    format: Format,
}

impl OutFile {
    /// The file `path`, which must not exist unless it is to be replaced (`force`).
    ///
    /// # Errors
    /// [`Error::User`] for another kind of file, or one that exists.
    pub fn new(path: &Path, force: bool) -> Result<Self, Error> {
        let out = path.display();
        let format = match path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase().as_str() {
            "npz" => Format::Npz,
            "npy" => Format::Npy,
            "csv" => Format::Csv,
            _ => return Err(Error::user(format!("--out {out}: unknown kind of file; name it .npz, .npy or .csv"))),
        };
        refuse_existing(path, force)?;
        Ok(Self { path: path.into(), format })
    }

    /// The path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Refuses the kind `.npy` for results of several columns of their own.
    ///
    /// # Errors
    /// [`Error::User`] with the remedy.
    pub fn of_columns(self) -> Result<Self, Error> {
        if self.format == Format::Npy {
            let out = self.path.display();
            return Err(Error::user(format!(
                "--out {out}: an .npy file has no place for names of columns; write .npz or .csv"
            )));
        }
        Ok(self)
    }

    /// Writes `table`.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write(&self, table: &Table) -> Result<(), Error> {
        let written = atomic::write_by(&self.path, |file| match self.format {
            Format::Npz => table.npz(std::io::BufWriter::new(file)),
            Format::Npy => table.npy(file).map_err(|e| Error::failure(format!("npy: {e}"))),
            Format::Csv => table.csv(std::io::BufWriter::new(file)).map_err(|e| Error::failure(format!("csv: {e}"))),
        });
        let out = self.path.display();
        written.map_err(|e| match e {
            Error::Failure(what) => {
                Error::failure(format!("cannot write {out}: {what}; make room or choose another --out"))
            }
            other => other,
        })
    }
}

/// A model file that is written.
pub struct ModelFile(PathBuf);

impl ModelFile {
    /// The file `path`, which must not exist unless it is to be replaced (`force`).
    ///
    /// # Errors
    /// [`Error::User`] for another kind of file, or one that exists.
    pub fn new(path: &Path, force: bool) -> Result<Self, Error> {
        if path.extension().is_none_or(|e| e != "safetensors") {
            let out = path.display();
            return Err(Error::user(format!("--out {out}: unknown kind of file; name it .safetensors")));
        }
        refuse_existing(path, force)?;
        Ok(Self(path.into()))
    }

    /// Writes `model`.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write(&self, model: &Model) -> Result<(), Error> {
        model.save(&self.0)
    }
}

/// Refuses to replace the file `path` unless `force`.
///
/// # Errors
/// [`Error::User`] with the remedy.
fn refuse_existing(path: &Path, force: bool) -> Result<(), Error> {
    let out = path.display();
    match path.exists() && !force {
        true => Err(Error::user(format!("--out {out}: exists; add --force to replace it, or choose another name"))),
        false => Ok(()),
    }
}

/// Values of a column or of several.
enum Cells {
    States(Array2<i8>),
    Real(Array2<f32>),
    Numbers(Vec<f64>),
}

/// A value for each sample, or a row of values.
struct Column {
    /// Name of the array, and of the column where there is one.
    name: &'static str,
    /// Letter before the numbers of columns.
    letter: &'static str,
    /// Names of the columns, where these are not numbered.
    names: Option<Vec<String>>,
    cells: Cells,
}

/// Facts about all samples of a file.
enum About {
    Whole(Vec<u32>),
    One(u32),
    Numbers(Vec<f64>),
    Word(String),
    Words(Vec<String>),
}

/// Results, a row for each sample.
#[derive(Default)]
pub struct Table {
    columns: Vec<Column>,
    /// Arrays of `.npz` alone.
    about: Vec<(&'static str, About)>,
    /// Line above the names of `.csv`.
    remark: Option<String>,
}

impl Table {
    /// A table without columns.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds rows of values of units: as bytes where all are -1, 0 or 1. Columns of `.csv` are `letter` and the number
    /// of the unit.
    pub fn states(mut self, name: &'static str, letter: &'static str, values: Array2<f32>) -> Self {
        let cells = if values.iter().all(|v| *v == 0.0 || v.abs() == 1.0) {
            Cells::States(values.mapv(|v| v as i8))
        } else {
            Cells::Real(values)
        };
        self.columns.push(Column { name, letter, names: None, cells });
        self
    }

    /// Adds rows of real values.
    pub fn real(mut self, name: &'static str, letter: &'static str, values: Array2<f32>) -> Self {
        self.columns.push(Column { name, letter, names: None, cells: Cells::Real(values) });
        self
    }

    /// Gives the columns of the values added last names of their own, one for each.
    pub fn named(mut self, names: Vec<String>) -> Self {
        if let Some(last) = self.columns.last_mut() {
            last.names = Some(names);
        }
        self
    }

    /// Adds a value for each sample.
    pub fn numbers(mut self, name: &'static str, values: Vec<f64>) -> Self {
        self.columns.push(Column { name, letter: "", names: None, cells: Cells::Numbers(values) });
        self
    }

    /// Adds a value for each sample to `.npz` alone: a table of samples stays one of samples.
    pub fn npz_numbers(mut self, name: &'static str, values: Vec<f64>) -> Self {
        self.about.push((name, About::Numbers(values)));
        self
    }

    /// Adds words on all samples together, to `.npz` alone, one array for each: `NAME_0`, `NAME_1` ...
    pub fn words(mut self, name: &'static str, words: Vec<String>) -> Self {
        self.about.push((name, About::Words(words)));
        self
    }

    /// Says on which lattice the samples are, as files of `rgflow sample` do.
    pub(crate) fn on_lattice(mut self, sites: &crate::dataset::Sites) -> Self {
        self.about.push(("lattice", About::Whole(sites.extents.iter().map(|e| *e as u32).collect())));
        self.about.push(("coordination", About::One(sites.coordination)));
        let name = sites.family().map(|family| family.name.to_string()).or_else(|| sites.name.clone());
        if let Some(name) = name {
            self.about.push((crate::dataset::LATTICE_NAME, About::Word(name)));
        }
        self.remark = Some(format!("# lattice: {}", sites.title()));
        self
    }

    /// Number of rows.
    fn rows(&self) -> usize {
        self.columns.first().map_or(0, |column| match &column.cells {
            Cells::States(values) => values.nrows(),
            Cells::Real(values) => values.nrows(),
            Cells::Numbers(values) => values.len(),
        })
    }

    fn npz(&self, to: impl Write + std::io::Seek) -> Result<(), Error> {
        let mut file = npz::Writer::to(to);
        for Column { name, cells, .. } in &self.columns {
            match cells {
                Cells::States(values) => file.add(name, values)?,
                Cells::Real(values) => file.add(name, values)?,
                Cells::Numbers(values) => file.add(name, &Array1::from(values.clone()))?,
            }
        }
        for (name, about) in &self.about {
            match about {
                About::Whole(values) => file.add(name, &Array1::from(values.clone()))?,
                About::One(value) => file.add(name, &arr0(*value))?,
                About::Numbers(values) => file.add(name, &Array1::from(values.clone()))?,
                About::Word(word) => file.add_word(name, word)?,
                About::Words(words) => {
                    words.iter().enumerate().try_for_each(|(k, word)| file.add_word(&format!("{name}_{k}"), word))?;
                }
            }
        }
        file.close()?.flush().map_err(|e| Error::failure(format!("npz: {e}")))
    }

    fn npy(&self, mut to: impl Write) -> std::io::Result<()> {
        match self.columns.first().map(|column| &column.cells) {
            Some(Cells::States(values)) => npy::write(&mut to, values),
            Some(Cells::Real(values)) => npy::write(&mut to, values),
            Some(Cells::Numbers(values)) => npy::write(&mut to, &Array1::from(values.clone())),
            None => Ok(()),
        }
    }

    fn csv(&self, mut to: impl Write) -> std::io::Result<()> {
        if let Some(remark) = &self.remark {
            writeln!(to, "{remark}")?;
        }
        let mut first = true;
        let mut comma = |to: &mut dyn Write| if std::mem::take(&mut first) { Ok(()) } else { to.write_all(b",") };
        for Column { name, letter, names, cells } in &self.columns {
            let width = match cells {
                Cells::States(values) => values.ncols(),
                Cells::Real(values) => values.ncols(),
                Cells::Numbers(_) => {
                    comma(&mut to)?;
                    to.write_all(name.as_bytes())?;
                    continue;
                }
            };
            for k in 0..width {
                comma(&mut to)?;
                match names.as_ref().and_then(|names| names.get(k)) {
                    Some(name) => to.write_all(crate::report::csv::field(name).as_bytes())?,
                    None => write!(to, "{letter}{k}")?,
                }
            }
        }
        to.write_all(b"\n")?;
        fn row<T: std::fmt::Display>(
            to: &mut impl Write,
            values: ArrayView2<T>,
            row: usize,
            first: &mut bool,
        ) -> std::io::Result<()> {
            values.row(row).iter().try_for_each(|value| {
                let comma = if std::mem::take(first) { "" } else { "," };
                write!(to, "{comma}{value}")
            })
        }
        for r in 0..self.rows() {
            let mut first = true;
            for Column { cells, .. } in &self.columns {
                match cells {
                    Cells::States(values) => row(&mut to, values.view(), r, &mut first)?,
                    Cells::Real(values) => row(&mut to, values.view(), r, &mut first)?,
                    Cells::Numbers(values) => {
                        let value = ArrayView2::from_shape((1, 1), &values[r..=r]).expect("one value");
                        row(&mut to, value, 0, &mut first)?;
                    }
                }
            }
            to.write_all(b"\n")?;
        }
        to.flush()
    }
}
