//! Reading NumPy's `.npy` and `.npz`: any real type, any order, compressed or not; labels also as words.

use super::labels::{Labels, is_temperature};
use super::lattice::{self, LATTICE_NAME, Sites};
use super::pairing::{self, labels_for};
use super::{Options, Table, Values, check_format};
use crate::artifact::memory::{self, Need};
use crate::artifact::npz::Description;
use crate::artifact::{Error, npy, npz, user_file};
use ndarray::{Array2, ArrayD};
use std::cell::Cell;
use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::Path;

/// An array of a file, which can be read twice.
trait Source {
    /// Values mapped to bytes.
    fn bytes(&mut self, as_: &dyn Fn(f64) -> i8) -> Result<ArrayD<i8>, Error>;
    /// Values mapped to numbers.
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

    /// The header, and the file positioned at its first value.
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

/// Refuses an array of `shape` in the file `path` that needs more memory than there is, at `bytes` per value.
pub(super) fn fits(path: &Path, shape: &[usize], bytes: usize) -> Result<(), Error> {
    // A packed file of this size cannot hold more than this; a larger claim is refused by its reader, with a better message.
    let size = std::fs::metadata(path).map_or(0, |file| file.len());
    if memory::product(shape) > 1032 * u128::from(size) {
        return Ok(());
    }
    let what = format!("{}: an array of shape {shape:?}", path.display());
    let bytes = memory::product(shape).saturating_mul(bytes as u128);
    memory::need(&[Need { bytes, what, remedy: "give fewer samples at a time" }])
}

/// Samples in an array of this shape, counted by its first `axes` and divided by the scale of `options`: first read as states of
/// one byte each, then as numbers if they are not states. Memory is checked before it is allocated.
fn values(
    source: &mut impl Source,
    path: &Path,
    (shape, axes): (&[usize], usize),
    options: &Options,
) -> Result<Values, Error> {
    let fits = |bytes: usize| fits(path, shape, bytes);
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
        return samples(bytes, axes).map(Values::States).map_err(wrong);
    }
    drop(bytes);
    fits(4)?;
    samples(source.numbers(&scaled)?, axes).map(Values::Real).map_err(wrong)
}

/// One row per sample, without a copy if the array is in row order; the first `axes` count samples.
fn samples<T: Copy>(array: ArrayD<T>, axes: usize) -> Result<Array2<T>, String> {
    let (n, units) = (array.shape()[..axes].iter().product(), array.shape()[axes..].iter().product());
    let values = match array.is_standard_layout() {
        true => array.into_raw_vec_and_offset().0,
        false => array.iter().copied().collect(),
    };
    Array2::from_shape_vec((n, units), values).map_err(|e| e.to_string())
}

/// Table from an `.npy` file.
pub(super) fn npy(path: &Path, file: &File, options: &Options) -> Result<Table, Error> {
    let mut source = Npy { path, file };
    let all = source.header()?.0.shape;
    let (axes, notes) = sample_axes("the array", &all, &Says::default()).map_err(|e| source.wrong(e))?;
    let values = values(&mut source, path, (&all, axes), options)?;
    Ok(Table { values, shape: all[axes..].to_vec(), labels: None, lattice: None, field: None, notes, origin: None })
}

/// Samples and labels from an `.npz` file.
pub(super) fn npz(path: &Path, file: &File, options: &Options) -> Result<Table, Error> {
    let wrong = |what: String| Error::user(format!("{}: {what}", path.display()));
    let user = |e: Error| Error::user(e.to_string());
    let mut file = npz::Reader::of(path, BufReader::new(file)).map_err(user)?;
    let all = file.describe().map_err(user)?;
    let names: Vec<String> = all.iter().map(|d| d.name.clone()).collect();
    check_format(&mut file, &names).map_err(wrong)?;
    let of = |name: &str| all.iter().find(|d| d.name == name);
    let missing =
        |name: &str, what: &str| wrong(format!("has no array `{name}`{what}; it has {}", pairing::some(&names)));
    let main = match options.array.as_str() {
        "" => pairing::samples(&all).map_err(wrong)?,
        name => of(name).ok_or_else(|| missing(name, ""))?,
    };
    let label = match options.labels.as_str() {
        "" => labels_for(main, &all, options.reads_labels).map_err(wrong)?,
        name => Some(of(name).ok_or_else(|| missing(name, " of labels"))?),
    };
    let named = of(LATTICE_NAME).filter(|d| d.shape.is_empty() && npy::is_words(&d.dtype));
    let named = named.and_then(|_| file.words(LATTICE_NAME).ok()?.into_iter().next());
    // Somebody else's array of that name says nothing.
    let mut whole = |name: &str| -> Option<Vec<f64>> {
        of(name).filter(|d| d.shape.len() <= 1)?;
        Some(file.numbers(name, |v| v).ok()?.into_iter().collect())
    };
    let extents = whole("lattice")
        .filter(|l| (1..=3).contains(&l.len()) && l.iter().all(|e| *e >= 1.0 && *e <= 1e9 && e.fract() == 0.0));
    let extents = extents.map(|l| l.iter().map(|e| *e as usize).collect::<Vec<_>>());
    let neighbours = whole("coordination").and_then(|c| c.first().map(|c| *c as u32));
    let field = whole("field").and_then(|h| h.first().copied()).filter(|h| h.is_finite());
    let distinct = |name: &str, mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        is_temperature(pairing::stem(name)) && values.windows(2).all(|w| w[0] < w[1])
    };
    let says = Says {
        sites: extents.as_ref().and_then(|l| l.iter().try_fold(1usize, |n, e| n.checked_mul(*e))),
        labels: label.map(|d| d.shape.clone()),
        by_temperature: label.is_some_and(|d| whole(&d.name).is_some_and(|values| distinct(&d.name, values))),
    };
    let (axes, mut notes) = sample_axes(&format!("`{}`", main.name), &main.shape, &says).map_err(wrong)?;
    let shape = main.shape[axes..].to_vec();
    let values = values(&mut Member { file: &mut file, name: &main.name }, path, (&main.shape, axes), options)?;
    let (n, units) = values.dim();
    let labels = match label.filter(|_| options.reads_labels) {
        None => None,
        Some(d) => {
            if pairing::stem(&d.name) != d.name || d.name.starts_with("arr_") {
                notes.push(format!("`{}` is taken for the labels of `{}`", d.name, main.name));
            }
            // Number of samples per label: the second axis, where labels follow the first axis only.
            let times = if axes > 1 && d.shape == main.shape[..1] { n / main.shape[0].max(1) } else { 1 };
            Some(read_labels(&mut file, d, n, times).map_err(|e| match e {
                Error::User(what) => wrong(what),
                e => user(e),
            })?)
        }
    };
    if let Some(l) = extents.as_ref().filter(|_| says.sites != Some(units) && main.name == "spins") {
        return Err(wrong(format!(
            "`lattice` is {l:?}, {} sites, and `spins` of shape {:?} has {}; correct one of them",
            says.sites.unwrap_or(0),
            main.shape,
            units
        )));
    }
    let lattice = extents.filter(|_| says.sites == Some(units)).map(|l| {
        let found = lattice::family(named.as_deref(), l.len(), neighbours.map(f64::from));
        let own = found.as_ref().map_or(2 * l.len() as u32, |(family, _)| family.coordination as u32);
        notes.extend(found.ok().and_then(|(_, note)| note));
        Sites { name: named, extents: l, coordination: neighbours.unwrap_or(own) }
    });
    // A sample of a lattice is pictured with the rows of the lattice.
    let shape = match &lattice {
        Some(sites) => sites.extents.iter().rev().copied().collect(),
        None => shape,
    };
    let field = field.filter(|_| lattice.is_some());
    Ok(Table { values, shape, labels, lattice, field, notes, origin: None })
}

/// Labels in the array `of`, each for `times` consecutive samples.
fn read_labels(
    file: &mut npz::Reader<BufReader<&File>>,
    of: &Description,
    n: usize,
    times: usize,
) -> Result<Labels, Error> {
    fn repeated<T: Clone>(values: ArrayD<T>, times: usize) -> Vec<T> {
        values.into_iter().flat_map(|v| std::iter::repeat_n(v, times)).collect()
    }
    let stem = pairing::stem(&of.name);
    if npy::is_words(&of.dtype) {
        return Labels::of_words(stem, repeated(file.words(&of.name)?, times), n).map_err(Error::User);
    }
    Labels::of(stem, repeated(file.numbers(&of.name, |v| v)?, times), n).map_err(Error::User)
}

/// Information in a file about the shape of its samples.
#[derive(Default)]
struct Says {
    /// Number of sites of its lattice.
    sites: Option<usize>,
    /// Shape of its labels.
    labels: Option<Vec<usize>>,
    /// Whether the labels are temperatures, each occurring once.
    by_temperature: bool,
}

/// Number of leading axes that count samples, and notes on choices that the shape alone does not decide; `name` is for messages.
fn sample_axes(name: &str, shape: &[usize], says: &Says) -> Result<(usize, Vec<String>), String> {
    let units = |axes: usize| shape[axes..].iter().product::<usize>();
    let list = |of: &[usize]| of.iter().map(ToString::to_string).collect::<Vec<_>>().join(" x ");
    let taken = |axes: usize, by: &str| {
        let n = list(&shape[..axes]);
        let note =
            (axes > 1).then(|| format!("{name} is read as {n} samples of {} values, as its {by} says", units(axes)));
        Ok((axes, note.into_iter().collect()))
    };
    if shape.len() < 2 {
        return Err(format!("{name} has the shape {shape:?}; expected (samples, units) or (samples, rows, columns)"));
    }
    if shape.len() < 3 {
        return Ok((1, vec![]));
    }
    if let Some(axes) = says.sites.and_then(|sites| (1..shape.len()).find(|axes| units(*axes) == sites)) {
        return taken(axes, "lattice");
    }
    let labels = says.labels.as_deref().unwrap_or_default();
    if labels.len() >= 2 && labels.len() < shape.len() && shape.starts_with(labels) {
        return taken(labels.len(), "array of labels");
    }
    // Axes of length one, such as the one channel of an image, change nothing.
    let wide: Vec<usize> = shape[1..].iter().copied().filter(|extent| *extent != 1).collect();
    let by_first = labels == &shape[..1];
    if wide.len() > 2 && by_first && says.by_temperature {
        return taken(2, "array of temperatures");
    }
    let cubic = wide.len() == 3 && wide.iter().all(|extent| *extent == wide[0]);
    let doubtful = match wide.len() {
        0 | 1 => false,
        // Two temperatures of chains would look the same as two square lattices.
        2 => by_first && says.by_temperature && wide[0] != wide[1],
        _ => !by_first && !cubic,
    };
    if doubtful {
        let (one, two) = (list(&shape[..1]), list(&shape[..2]));
        return Err(format!(
            "{name} has the shape {shape:?}: {one} samples of {} values, or {two} of {}; say which by .reshape({}, -1) or \
             .reshape(-1, {})",
            units(1),
            units(2),
            shape[0],
            shape[2..].iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        ));
    }
    Ok((1, vec![]))
}
