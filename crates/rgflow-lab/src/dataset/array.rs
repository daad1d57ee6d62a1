//! NumPy's `.npy` and `.npz`: any real type, any order, compressed or not.

use super::labels::{CLASSES, TEMPERATURES};
use super::{Labels, Options, Table, Values, check_format};
use crate::artifact::memory::{self, Need};
use crate::artifact::{Error, npy, npz, user_file};
use ndarray::{Array2, ArrayD};
use std::cell::Cell;
use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::Path;

/// An array of a file; it can be read twice.
trait Source {
    /// Its values as bytes.
    fn bytes(&mut self, as_: &dyn Fn(f64) -> i8) -> Result<ArrayD<i8>, Error>;
    /// Its values as numbers.
    fn numbers(&mut self, as_: &dyn Fn(f64) -> f32) -> Result<ArrayD<f32>, Error>;
}

/// An `.npy` file.
struct Npy<'a> {
    path: &'a Path,
    file: &'a File,
}

impl Npy<'_> {
    fn wrong(&self, what: impl std::fmt::Display) -> Error {
        Error::user(format!("{}: {what}", self.path.display()))
    }

    /// The header, and the file at its first value.
    fn header(&self) -> Result<(npy::Header, BufReader<&File>), Error> {
        let mut from = BufReader::new(self.file);
        from.rewind().map_err(|e| self.wrong(e))?;
        let header = npy::Header::read(&mut from).map_err(|e| self.wrong(e))?;
        Ok((header, from))
    }

    fn read<To>(&self, as_: &dyn Fn(f64) -> To) -> Result<ArrayD<To>, Error> {
        let most = self.file.metadata().map_err(|e| self.wrong(e))?.len();
        let (header, mut from) = self.header()?;
        npy::numbers(&header, &mut from, most, as_).map_err(|e| self.wrong(e))
    }
}

impl Source for Npy<'_> {
    fn bytes(&mut self, as_: &dyn Fn(f64) -> i8) -> Result<ArrayD<i8>, Error> {
        self.read(as_)
    }

    fn numbers(&mut self, as_: &dyn Fn(f64) -> f32) -> Result<ArrayD<f32>, Error> {
        self.read(as_)
    }
}

/// An array of an `.npz` file.
struct Member<'a, R> {
    file: &'a mut npz::Reader<R>,
    name: &'a str,
}

impl<R: Read + Seek> Source for Member<'_, R> {
    fn bytes(&mut self, as_: &dyn Fn(f64) -> i8) -> Result<ArrayD<i8>, Error> {
        self.file.numbers(self.name, as_).map_err(user_file::blame)
    }

    fn numbers(&mut self, as_: &dyn Fn(f64) -> f32) -> Result<ArrayD<f32>, Error> {
        self.file.numbers(self.name, as_).map_err(user_file::blame)
    }
}

/// The samples of an array of this shape, divided by the scale of `options`: read as states of a byte each, and again as numbers
/// where they are none. Memory is asked for before it is taken.
fn values(source: &mut impl Source, path: &Path, shape: &[usize], options: &Options) -> Result<Values, Error> {
    // More than a packed file of this size can hold is a claim, which its reader refuses by name.
    let size = std::fs::metadata(path).map_or(0, |file| file.len());
    let fits = |bytes: usize| {
        if memory::product(shape) > 1032 * u128::from(size) {
            return Ok(());
        }
        let what = format!("{}: an array of shape {shape:?}", path.display());
        let bytes = memory::product(shape).saturating_mul(bytes as u128);
        memory::need(&[Need { bytes, what, remedy: "give fewer samples at a time" }])
    };
    let wrong = |what: String| Error::user(format!("{}: {what}", path.display()));
    let scale = options.scale as f32;
    let scaled = |v: f64| if scale == 1.0 { v as f32 } else { v as f32 / scale };
    fits(1)?;
    let states = Cell::new(true);
    let state = |v: f64| {
        let v = scaled(v);
        let is_state = v == 0.0 || v.abs() == 1.0;
        states.set(states.get() && is_state);
        if is_state { v as i8 } else { 0 }
    };
    let bytes = source.bytes(&state)?;
    if states.get() {
        return samples(bytes).map(Values::States).map_err(wrong);
    }
    drop(bytes);
    fits(4)?;
    samples(source.numbers(&scaled)?).map(Values::Real).map_err(wrong)
}

/// Shape of one sample of an array of shape `all`.
fn sample_shape(all: &[usize]) -> Result<Vec<usize>, String> {
    if all.len() < 2 {
        return Err(format!("has the shape {all:?}; expected (samples, units) or (samples, rows, columns)"));
    }
    Ok(all[1..].to_vec())
}

/// One row per sample, without a copy where the array is in the order of rows.
fn samples<T: Copy>(array: ArrayD<T>) -> Result<Array2<T>, String> {
    let n = array.shape().first().copied().unwrap_or(0);
    let units = array.shape().iter().skip(1).product();
    let values = match array.is_standard_layout() {
        true => array.into_raw_vec_and_offset().0,
        false => array.iter().copied().collect(),
    };
    Array2::from_shape_vec((n, units), values).map_err(|e| e.to_string())
}

/// The array of an `.npy` file.
pub(super) fn npy(path: &Path, file: &File, options: &Options) -> Result<Table, Error> {
    let mut source = Npy { path, file };
    let all = source.header()?.0.shape;
    let shape = sample_shape(&all).map_err(|e| source.wrong(e))?;
    let values = values(&mut source, path, &all, options)?;
    Ok(Table { values, shape, labels: None, lattice: None })
}

/// The samples and labels of an `.npz` file.
pub(super) fn npz(path: &Path, file: &File, options: &Options) -> Result<Table, Error> {
    let wrong = |what: String| Error::user(format!("{}: {what}", path.display()));
    let user = |e: Error| Error::user(e.to_string());
    let mut file = npz::Reader::of(path, BufReader::new(file)).map_err(user)?;
    let all = file.describe().map_err(user)?;
    let names: Vec<String> = all.iter().map(|d| d.name.clone()).collect();
    check_format(&mut file, &names).map_err(wrong)?;
    let of = |name: &str| all.iter().find(|d| d.name == name);
    let list = || names.join(", ");
    let main = if !options.array.is_empty() {
        let missing = || wrong(format!("has no array `{}`; it has {}", options.array, list()));
        of(&options.array).map(|d| d.name.clone()).ok_or_else(missing)?
    } else {
        let many: Vec<&String> = all.iter().filter(|d| d.shape.len() >= 2).map(|d| &d.name).collect();
        match (of("spins"), many.as_slice()) {
            (Some(d), _) => d.name.clone(),
            (None, [one]) => (*one).clone(),
            (None, []) => return Err(wrong(format!("has no array of two or more dimensions; it has {}", list()))),
            (None, _) => {
                return Err(wrong(format!("holds several arrays ({}); name one, as in --array {}", list(), many[0])));
            }
        }
    };
    let all_of_main = of(&main).map(|d| d.shape.clone()).unwrap_or_default();
    let shape = sample_shape(&all_of_main).map_err(|e| wrong(format!("`{main}` {e}")))?;
    let values = values(&mut Member { file: &mut file, name: &main }, path, &all_of_main, options)?;
    let mut read = |name: &str| -> Result<ArrayD<f64>, Error> { file.numbers(name, |v| v).map_err(user) };
    let label = if options.labels.is_empty() {
        TEMPERATURES.iter().chain(&CLASSES).find(|name| **name != main && of(name).is_some()).map(|n| n.to_string())
    } else {
        let missing = || wrong(format!("has no array `{}` of labels; it has {}", options.labels, list()));
        Some(of(&options.labels).map(|d| d.name.clone()).ok_or_else(missing)?)
    };
    let labels = match &label {
        Some(name) => Some(Labels::of(name, read(name)?.into_iter().collect(), values.dim().0).map_err(wrong)?),
        None => None,
    };
    let mut whole = |name: &str| -> Option<Vec<f64>> {
        let array = of(name).and_then(|_| read(name).ok())?;
        Some(array.into_iter().collect())
    };
    let extents = whole("lattice").map(|l| l.iter().map(|e| *e as usize).collect::<Vec<_>>());
    let neighbours = whole("coordination").and_then(|c| c.first().map(|c| *c as u32));
    // Somebody else's array called `lattice` says nothing.
    let lattice = extents.filter(|l| l.iter().try_fold(1usize, |n, e| n.checked_mul(*e)) == Some(values.dim().1));
    let lattice = lattice.map(|l| {
        let neighbours = neighbours.unwrap_or(2 * l.len() as u32);
        (l, neighbours)
    });
    // The picture of a lattice has its rows.
    let shape = match &lattice {
        Some((extents, _)) => extents.iter().rev().copied().collect(),
        None => shape,
    };
    Ok(Table { values, shape, labels, lattice })
}
