//! NumPy's `.npy` and `.npz`: any real type, any order, compressed or not.

use super::labels::{CLASSES, TEMPERATURES};
use super::{Labels, Options, Table, check_format};
use crate::artifact::{Error, npy, npz};
use ndarray::{Array2, ArrayD};
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

/// The array of an `.npy` file.
pub(super) fn npy(file: &File) -> Result<Table, String> {
    let most = file.metadata().map_err(|e| e.to_string())?.len();
    let mut from = BufReader::new(file);
    let header = npy::Header::read(&mut from)?;
    let (values, shape) = samples(npy::numbers(&header, &mut from, most, |v| v as f32)?)?;
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
    let mut read = |name: &str| -> Result<ArrayD<f64>, Error> { file.numbers(name, |v| v).map_err(user) };
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
