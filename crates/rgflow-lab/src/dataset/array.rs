//! Reading NumPy's `.npy` and `.npz`, and IDX: any real type, any order, compressed or not; labels also as words.

use super::axes::{Says, sample_axes};
use super::content::{Content, Readable};
use super::label_names::{Labelling, Meaning, usual};
use super::labels::Labels;
use super::lattice::{self, LATTICE_NAME, Sites};
use super::pairing::{self, labels_for};
use super::{Options, Table, Values, check_format, given_labels, idx, weights};
use crate::artifact::memory::{self, Need};
use crate::artifact::npz::Description;
use crate::artifact::{Error, npy, npz, user_file};
use ndarray::{Array2, ArrayD};
use std::cell::Cell;
use std::io::{BufReader, Read, Seek};
use std::path::Path;

/// A reader of a user's file.
type From<'a> = BufReader<Box<dyn Readable + 'a>>;
/// Reads the header in front of the values.
type ReadHeader = fn(&mut From) -> Result<npy::Header, String>;

/// An array of a file, which can be read twice.
trait Source {
    /// Values mapped to bytes.
    fn bytes(&mut self, as_: &dyn Fn(f64) -> i8) -> Result<ArrayD<i8>, Error>;
    /// Values mapped to numbers.
    fn numbers(&mut self, as_: &dyn Fn(f64) -> f32) -> Result<ArrayD<f32>, Error>;
}

/// A file that is one array: `.npy` or IDX.
struct One<'a> {
    path: &'a Path,
    content: &'a Content,
    header: ReadHeader,
}

impl One<'_> {
    fn wrong(&self, what: impl std::fmt::Display) -> Error {
        Error::user(format!("{}: {what}", self.path.display()))
    }

    /// The header, and the file positioned at its first value.
    fn header(&self) -> Result<(npy::Header, From<'_>), Error> {
        let mut from = self.content.reader()?;
        let header = (self.header)(&mut from).map_err(|e| self.wrong(e))?;
        Ok((header, from))
    }

    fn read<To>(&self, as_: &dyn Fn(f64) -> To) -> Result<ArrayD<To>, Error> {
        let (header, mut from) = self.header()?;
        npy::numbers(&header, &mut from, self.content.len(), as_).map_err(|e| self.wrong(e))
    }
}

impl Source for One<'_> {
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

/// Refuses an array of `shape` in the file `path` of `size` bytes that needs more memory than there is, at `bytes` per
/// value.
pub(super) fn fits((path, size): (&Path, u64), shape: &[usize], bytes: usize) -> Result<(), Error> {
    // A packed file of this size cannot hold more than this; a larger claim is refused by its reader, with a better
    // message.
    if memory::product(shape) > 1032 * u128::from(size) {
        return Ok(());
    }
    let what = format!("{}: an array of shape {shape:?}", path.display());
    let bytes = memory::product(shape).saturating_mul(bytes as u128);
    memory::need(&[Need { bytes, what, remedy: "give fewer samples at a time" }])
}

/// Samples in an array of this shape, counted by its first `axes` and divided by the scale of `options`: first read as
/// states of one byte each, then as numbers if they are not states. Memory is checked before it is allocated.
fn values(
    source: &mut impl Source,
    (path, size): (&Path, u64),
    (shape, axes): (&[usize], usize),
    options: &Options,
) -> Result<Values, Error> {
    let fits = |bytes: usize| fits((path, size), shape, bytes);
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
pub(super) fn npy(path: &Path, content: &Content, options: &Options) -> Result<Table, Error> {
    one(One { path, content, header: |from| npy::Header::read(from) }, options)
}

/// Table from an IDX file.
pub(super) fn idx(path: &Path, content: &Content, options: &Options) -> Result<Table, Error> {
    one(One { path, content, header: |from| idx::header(from) }, options)
}

fn one(mut source: One, options: &Options) -> Result<Table, Error> {
    let list = given_labels::list(options);
    let header = source.header()?.0;
    npy::check_type(&header).map_err(|e| source.wrong(e))?;
    let all = header.shape;
    let says = Says { labels: list.as_ref().map(|l| vec![l.len()]), ..says(options, list.as_deref()) };
    let (axes, mut notes) = sample_axes("the array", &all, &says).map_err(|e| source.wrong(e))?;
    let (path, size) = (source.path, source.content.len());
    let values = values(&mut source, (path, size), (&all, axes), options)?;
    let labels = match list.filter(|_| options.reads_labels) {
        Some(list) => {
            let (labels, note) = given_labels::labels(options, &list, values.dim().0).map_err(|e| source.wrong(e))?;
            notes.push(note);
            Some(labels)
        }
        None if options.reads_labels && !options.labels.is_empty() => {
            let labels = &options.labels;
            if Path::new(labels).is_file() {
                let (samples, key) =
                    (source.path.display(), if options.labelling.of("") == Labelling::Classes { "y" } else { "T" });
                return Err(source.wrong(format!(
                    "labels are not read from a file of their own; put both into one: import numpy; \
                     numpy.savez(\"all.npz\", x=numpy.load(\"{samples}\"), {key}=numpy.load(\"{labels}\"))"
                )));
            }
            return Err(source.wrong(format!(
                "is a single array without names, so no `{labels}` of labels; give the labels themselves, such as \
                 --temperatures 1.5,2.0, or an .npz file"
            )));
        }
        None => None,
    };
    if !options.weights.is_empty() {
        let weights = &options.weights;
        return Err(source.wrong(format!(
            "is a single array without names, so no `{weights}` of weights; give an .npz file that holds both"
        )));
    }
    let shape = if options.shape.is_empty() { all[axes..].to_vec() } else { options.shape.clone() };
    Ok(Table { shape, labels, notes, ..Table::of(values) })
}

/// The axes as the user describes them.
fn says(options: &Options, list: Option<&[&str]>) -> Says {
    let number = |v: &&str| v.parse().ok();
    let temperatures = list.filter(|_| matches!(options.labelling, Labelling::Temperatures | Labelling::Beta));
    let values: Option<Vec<f64>> = temperatures.and_then(|list| list.iter().map(number).collect());
    Says {
        by_temperature: values.is_some_and(distinct),
        continuous: options.continuous,
        shape: options.shape.clone(),
        ..Says::default()
    }
}

fn distinct(mut values: Vec<f64>) -> bool {
    values.sort_by(f64::total_cmp);
    values.windows(2).all(|w| w[0] < w[1])
}

/// Samples and labels from an `.npz` file.
pub(super) fn npz(path: &Path, content: &Content, options: &Options) -> Result<Table, Error> {
    let wrong = |what: String| Error::user(format!("{}: {what}", path.display()));
    let user = |e: Error| Error::user(e.to_string());
    let mut file = npz::Reader::of(path, content.reader()?).map_err(user)?;
    let all = file.describe().map_err(user)?;
    let names: Vec<String> = all.iter().map(|d| d.name.clone()).collect();
    check_format(&mut file, &names).map_err(wrong)?;
    let of = |name: &str| all.iter().find(|d| d.name == name);
    let missing = |name: &str, what: &str, flag: &str| {
        let near = pairing::near(name, &names).map_or(String::new(), |near| format!("; did you mean {flag} {near}?"));
        wrong(format!("has no array `{name}`{what}; it has {}{near}", pairing::some(&names)))
    };
    let main = match options.array.as_str() {
        "" => pairing::samples(&all, &options.labels).map_err(wrong)?,
        name => of(name).ok_or_else(|| missing(name, "", "--array"))?,
    };
    let list = given_labels::list(options).filter(|_| of(&options.labels).is_none());
    let label = match options.labels.as_str() {
        "" => labels_for(main, &all, options.reads_labels).map_err(wrong)?,
        _ if list.is_some() => None,
        name => Some(of(name).ok_or_else(|| missing(name, " of labels", options.labelling.flag()))?),
    };
    let named = of(LATTICE_NAME).filter(|d| d.shape.is_empty() && npy::is_words(&d.dtype));
    let named = named.and_then(|_| file.words(LATTICE_NAME).ok()?.into_iter().next());
    // Somebody else's array of that name says nothing.
    let mut whole = |name: &str| -> Option<Vec<f64>> {
        of(name).filter(|d| d.shape.iter().filter(|extent| **extent != 1).count() <= 1)?;
        Some(file.numbers(name, |v| v).ok()?.into_iter().collect())
    };
    let extents = whole("lattice")
        .filter(|l| (1..=3).contains(&l.len()) && l.iter().all(|e| *e >= 1.0 && *e <= 1e9 && e.fract() == 0.0));
    let extents = extents.map(|l| l.iter().map(|e| *e as usize).collect::<Vec<_>>());
    let neighbours = whole("coordination").and_then(|c| c.first().map(|c| *c as u32));
    let field = whole("field").and_then(|h| h.first().copied()).filter(|h| h.is_finite());
    let is_thermal = |name: &str| options.labelling.of(pairing::stem(name)) != Labelling::Classes;
    let by_temperature = label.is_some_and(|d| is_thermal(&d.name) && whole(&d.name).is_some_and(distinct));
    if let Some(label) = label.filter(|_| options.labels.is_empty() && options.reads_labels) {
        contradiction(label, &all, &mut whole).map_err(wrong)?;
    }
    let asked = says(options, list.as_deref());
    let says = Says {
        sites: extents.as_ref().and_then(|l| l.iter().try_fold(1usize, |n, e| n.checked_mul(*e))),
        labels: list.as_ref().map(|l| vec![l.len()]).or_else(|| label.map(|d| d.shape.clone())),
        by_temperature: by_temperature || asked.by_temperature,
        ..asked
    };
    let (axes, mut notes) = sample_axes(&format!("`{}`", main.name), &main.shape, &says).map_err(wrong)?;
    let shape = if options.shape.is_empty() { main.shape[axes..].to_vec() } else { options.shape.clone() };
    let mut member = Member { file: &mut file, name: &main.name };
    let values = values(&mut member, (path, content.len()), (&main.shape, axes), options)?;
    let (n, units) = values.dim();
    let labels = match (label, list) {
        _ if !options.reads_labels => None,
        (None, None) => None,
        (None, Some(list)) => {
            let (labels, note) = given_labels::labels(options, &list, n).map_err(wrong)?;
            notes.push(note);
            Some(labels)
        }
        (Some(d), _) => {
            let stem = pairing::stem(&d.name);
            if stem != d.name || d.name.starts_with("arr_") {
                notes.push(format!("`{}` is taken for the labels of `{}`", d.name, main.name));
            }
            // A file of rgflow has one meaning only.
            let is_own = of("format").is_some() && main.name == "spins" && d.name == "temperatures";
            let is_usual = options.labels.is_empty() && stem == d.name && !is_own && !d.name.starts_with("arr_");
            match options.labelling.of(stem) {
                Labelling::Beta => notes.push(format!("`{}` is taken for inverse temperatures: T = 1/beta", d.name)),
                labelling if is_usual => {
                    let thermal = labelling.meaning() == Meaning::Temperature;
                    let what = if thermal { "temperatures" } else { "classes" };
                    notes.push(format!("`{}` is taken for labels ({what})", d.name));
                }
                _ => {}
            }
            // Number of samples per label: the second axis, where labels follow the first axis only.
            let times = if axes > 1 && d.shape == main.shape[..1] { n / main.shape[0].max(1) } else { 1 };
            let (labels, note) = read_labels(&mut file, d, (n, times), options.labelling).map_err(|e| match e {
                Error::User(what) => wrong(what),
                e => user(e),
            })?;
            notes.extend(note);
            let blocks: usize = d.shape.iter().product();
            if axes == 1 && (2..n).contains(&blocks) && !is_own {
                notes.push(format!(
                    "the {blocks} values of `{}` are those of equal blocks of {} samples",
                    d.name,
                    n / blocks
                ));
            }
            Some(labels)
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
    let candidates = pairing::candidates(main, &all, n);
    let weights = match options.weights.as_str() {
        "" => None,
        name if of(name).is_none() => return Err(missing(name, " of weights", "--weights")),
        name => {
            let found = file.numbers(name, |v| v).map_err(user)?.into_iter().collect();
            Some(weights::checked(name, found, n).map_err(wrong)?)
        }
    };
    Ok(Table { shape, labels, weights, lattice, field, notes, candidates, ..Table::of(values) })
}

/// Refuses temperatures and inverse temperatures in one file that contradict each other.
fn contradiction(
    label: &Description,
    all: &[Description],
    whole: &mut dyn FnMut(&str) -> Option<Vec<f64>>,
) -> Result<(), String> {
    let other = all.iter().find(|d| usual(&d.name) == Some(Labelling::Beta) && d.shape == label.shape);
    let Some(other) = other.filter(|_| usual(&label.name) == Some(Labelling::Temperatures)) else { return Ok(()) };
    let (Some(temperatures), Some(betas)) = (whole(&label.name), whole(&other.name)) else { return Ok(()) };
    let differ = |(t, beta): &(&f64, &f64)| (*t * *beta - 1.0).abs() > 1e-3 && !(t.is_infinite() && **beta == 0.0);
    match temperatures.iter().zip(&betas).find(differ) {
        Some((t, beta)) => Err(format!(
            "`{}` holds {t} where `{}` holds {beta}, which is not 1/T; name the one that is meant, as in \
             --temperatures {} or --beta {}",
            label.name, other.name, label.name, other.name
        )),
        None => Ok(()),
    }
}

/// Labels in the array `of` for `n` samples, each for `times` consecutive ones, with a note if they are one-hot.
fn read_labels<R: Read + Seek>(
    file: &mut npz::Reader<R>,
    of: &Description,
    (n, times): (usize, usize),
    labelling: Labelling,
) -> Result<(Labels, Option<String>), Error> {
    fn repeated<T: Clone>(values: ArrayD<T>, times: usize) -> Vec<T> {
        values.into_iter().flat_map(|v| std::iter::repeat_n(v, times)).collect()
    }
    let stem = pairing::stem(&of.name);
    if npy::is_words(&of.dtype) {
        let labels = Labels::of_words(stem, labelling, repeated(file.words(&of.name)?, times), n);
        return labels.map(|labels| (labels, None)).map_err(Error::User);
    }
    if let [rows, width] = of.shape[..]
        && rows == n
        && width > 1
        && labelling.of(stem) == Labelling::Classes
    {
        let values: Vec<f64> = file.numbers(&of.name, |v| v)?.into_iter().collect();
        let note =
            format!("`{}` is one-hot: the place of the 1 among {width} is the class, 0 to {}", of.name, width - 1);
        return Labels::of_one_hot(&of.name, &values, width).map(|labels| (labels, Some(note))).map_err(Error::User);
    }
    let values = repeated(file.numbers(&of.name, |v| v)?, times);
    Labels::of(stem, labelling, values, n).map(|labels| (labels, None)).map_err(Error::User)
}
