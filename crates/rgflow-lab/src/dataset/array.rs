//! NumPy's `.npy` and `.npz`: any real type, any order, compressed or not.

use super::labels::{CLASSES, TEMPERATURES};
use super::{Labels, Options, Table, check_format};
use crate::artifact::{Error, npz};
use ndarray::{Array2, ArrayD, IxDyn};
use ndarray_npy::ReadableElement;
use std::path::Path;

/// Real types of NumPy, all of which fit f64 well enough for data (64-bit integers lose digits beyond 2^53).
trait Number: ReadableElement + Copy {
    fn number(self) -> f64;
}

macro_rules! number {
    ($($t:ty),*) => {$(impl Number for $t { fn number(self) -> f64 { self as f64 } })*};
}
number!(i8, u8, i16, u16, i32, u32, i64, u64, f32, f64);

impl Number for bool {
    fn number(self) -> f64 {
        f64::from(u8::from(self))
    }
}

/// Where an array is read from once its type is known.
pub(super) trait Source {
    fn read<T: ReadableElement>(&mut self) -> Result<ArrayD<T>, String>;
}

/// The bytes of an `.npy` file.
struct Npy<'a>(&'a [u8]);

impl Source for Npy<'_> {
    fn read<T: ReadableElement>(&mut self) -> Result<ArrayD<T>, String> {
        npz::read::<T, IxDyn>(self.0).map_err(|e| damaged(&e))
    }
}

/// An array of an `.npz` file.
pub(super) struct Member<'a> {
    pub file: &'a mut npz::Reader,
    pub name: &'a str,
}

impl Source for Member<'_> {
    fn read<T: ReadableElement>(&mut self) -> Result<ArrayD<T>, String> {
        self.file.array::<T, IxDyn>(self.name).map_err(|e| e.to_string())
    }
}

fn damaged(error: &dyn std::fmt::Display) -> String {
    format!("not a whole array of NumPy ({error}); write it again with numpy.save")
}

/// Reads an array of the NumPy type `dtype`, each value through `as_`.
pub(super) fn numbers<To>(dtype: &str, source: &mut impl Source, as_: fn(f64) -> To) -> Result<ArrayD<To>, String> {
    fn of<T: Number, To>(source: &mut impl Source, as_: fn(f64) -> To) -> Result<ArrayD<To>, String> {
        Ok(source.read::<T>()?.mapv(|v| as_(v.number())))
    }
    // The first character is the order of bytes.
    match dtype.get(1..).unwrap_or_default() {
        "b1" => of::<bool, To>(source, as_),
        "i1" => of::<i8, To>(source, as_),
        "u1" => of::<u8, To>(source, as_),
        "i2" => of::<i16, To>(source, as_),
        "u2" => of::<u16, To>(source, as_),
        "i4" => of::<i32, To>(source, as_),
        "u4" => of::<u32, To>(source, as_),
        "i8" => of::<i64, To>(source, as_),
        "u8" => of::<u64, To>(source, as_),
        "f4" => of::<f32, To>(source, as_),
        "f8" => of::<f64, To>(source, as_),
        _ => Err(format!("values of the type {dtype} cannot be read; convert with .astype(\"float32\")")),
    }
}

/// The array of an `.npy` file.
pub(super) fn npy(bytes: &[u8]) -> Result<Table, String> {
    let (dtype, _) = npz::header(bytes).map_err(|e| damaged(&e))?;
    let (values, shape) = samples(numbers(&dtype, &mut Npy(bytes), |v| v as f32)?)?;
    Ok(Table { values, shape, labels: None, lattice: None })
}

/// The samples and labels of an `.npz` file.
pub(super) fn npz(path: &Path, bytes: &[u8], options: &Options) -> Result<Table, Error> {
    let wrong = |what: String| Error::user(format!("{}: {what}", path.display()));
    let user = |e: Error| Error::user(e.to_string());
    let mut file = npz::Reader::of(path, bytes.to_vec()).map_err(user)?;
    let all = file.describe().map_err(user)?;
    let names: Vec<String> = all.iter().map(|d| d.name.clone()).collect();
    check_format(&mut file, &names).map_err(wrong)?;
    let of = |name: &str| all.iter().find(|d| d.name == name);
    let mut read = |name: &str| -> Result<ArrayD<f64>, Error> {
        let dtype = of(name).map(|d| d.dtype.clone()).unwrap_or_default();
        numbers(&dtype, &mut Member { file: &mut file, name }, |v| v).map_err(Error::user)
    };
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
    let (values, shape) = samples(read(&main)?.mapv(|v| v as f32)).map_err(|e| wrong(format!("`{main}` {e}")))?;
    let label = if options.labels.is_empty() {
        TEMPERATURES.iter().chain(&CLASSES).find(|name| **name != main && of(name).is_some()).map(|n| n.to_string())
    } else {
        let missing = || wrong(format!("has no array `{}` of labels; it has {}", options.labels, list()));
        Some(of(&options.labels).map(|d| d.name.clone()).ok_or_else(missing)?)
    };
    let labels = match &label {
        Some(name) => Some(Labels::of(name, read(name)?.into_iter().collect(), values.nrows()).map_err(wrong)?),
        None => None,
    };
    let mut whole = |name: &str| -> Option<Vec<f64>> {
        let array = of(name).and_then(|_| read(name).ok())?;
        Some(array.into_iter().collect())
    };
    let extents = whole("lattice").map(|l| l.iter().map(|e| *e as usize).collect::<Vec<_>>());
    let neighbours = whole("coordination").and_then(|c| c.first().map(|c| *c as u32));
    // Somebody else's array called `lattice` says nothing.
    let lattice = extents.filter(|l| l.iter().try_fold(1usize, |n, e| n.checked_mul(*e)) == Some(values.ncols()));
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

/// One row per sample, and the shape of a sample.
fn samples(array: ArrayD<f32>) -> Result<(Array2<f32>, Vec<usize>), String> {
    let shape = array.shape().to_vec();
    if shape.len() < 2 {
        return Err(format!("has the shape {shape:?}; expected (samples, units) or (samples, rows, columns)"));
    }
    let (n, units) = (shape[0], shape[1..].iter().product::<usize>());
    let values: Vec<f32> = array.into_iter().collect();
    let values = Array2::from_shape_vec((n, units), values).map_err(|e| e.to_string())?;
    Ok((values, shape[1..].to_vec()))
}
