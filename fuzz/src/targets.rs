//! One function for each reader of files: whatever the bytes, it must return, soon and without much memory.
//! `cargo fuzz` calls them with bytes of its own, the test `fuzz_corpus` with those that were kept.
#![allow(dead_code)]

use ndarray::IxDyn;
use rgflow::random::Streams;
use rgflow_lab::artifact::npy::{self, Header};
use rgflow_lab::artifact::{Model, network_file, npz, rbm_file, settings};
use rgflow_lab::dataset::{Dataset, Input, Labelling, Options, ensemble, mnist};
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// A function that is tried with the bytes of an input.
pub type Target = fn(&[u8]);

/// Names of the targets, each with its function.
pub const ALL: [(&str, Target); 12] = [
    ("npy", npy),
    ("npy_header", npy_header),
    ("npz", npz),
    ("idx", idx),
    ("text", text),
    ("settings", settings),
    ("model", model),
    ("record", record),
    ("layouts", layouts),
    ("gzip", gzip),
    ("several", several),
    ("words", words),
];

/// A folder for files, in memory where there is such a place.
fn folder() -> &'static Path {
    static FOLDER: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let make = || {
        let memory = Path::new("/dev/shm");
        let dir = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        let dir = dir.expect("a folder for files");
        let path = dir.path().to_path_buf();
        (dir, path)
    };
    &FOLDER.get_or_init(make).1
}

fn file(name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder().join(name);
    std::fs::write(&path, bytes).expect("a file is written");
    path
}

/// An error of a reader is the user's.
fn of_the_user(error: &rgflow_lab::artifact::Error) {
    assert!(error.exit_code() == 2, "{error}");
}

fn dataset(name: &str, bytes: &[u8]) {
    let path = file(name, bytes);
    for real in [false, true] {
        match Dataset::read(&path, &Options { real, ..Options::default() }) {
            Ok(data) => assert!(data.shape.iter().product::<usize>() == data.n_units() && data.n_units() > 0),
            Err(error) => of_the_user(&error),
        }
    }
}

/// The bytes of an `.npy` file.
pub fn npy(bytes: &[u8]) {
    let mut from = bytes;
    let Ok(header) = Header::read(&mut from) else { return dataset("a.npy", bytes) };
    let most = from.len() as u64;
    if let Ok(values) = npy::numbers(&header, &mut from.to_owned().as_slice(), most, |v| v) {
        assert_eq!(values.shape(), header.shape);
    }
    let _ = npy::array::<i8, IxDyn>(&header, &mut from, most);
    dataset("a.npy", bytes);
}

/// Pieces of headers: a byte stands for one of them.
const PIECES: [&str; 48] = [
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    ",",
    ":",
    " ",
    "\n",
    "'",
    "\"",
    "\\",
    "'descr'",
    "'fortran_order'",
    "'shape'",
    "\"shape\"",
    "True",
    "False",
    "None",
    "'<f4'",
    "'>f8'",
    "'|i1'",
    "'<f2'",
    "'|b1'",
    "'<U3'",
    "'|O'",
    "'<i8'",
    "'=u2'",
    "'u1'",
    "0",
    "1",
    "2",
    "3",
    "7",
    "-",
    "L",
    "99999",
    "18446744073709551615",
    "1e3",
    "('x', '<f4')",
    "[('x', '<f4', (2,))]",
    "é",
    "\u{1b}",
    "\0",
    "{'descr': '|i1', 'fortran_order': False, 'shape': (",
    "), }",
    "'descr': '<f4', 'fortran_order': True, 'shape': (1, 1)",
];

/// Headers by their grammar: the first byte says the version, the second how many bytes are data, each other one is a
/// piece.
pub fn npy_header(bytes: &[u8]) {
    let [version, data, pieces @ ..] = bytes else { return };
    let text: String = pieces.iter().map(|b| PIECES[usize::from(*b) % PIECES.len()]).collect();
    let version = version % 4;
    let mut whole = [b"\x93NUMPY", &[version, 0][..]].concat();
    match version {
        1 => whole.extend((text.len() as u16).to_le_bytes()),
        _ => whole.extend((text.len() as u32).to_le_bytes()),
    }
    whole.extend(text.as_bytes());
    whole.extend((0..*data).map(|b| b % 2));
    npy(&whole);
}

/// The bytes of an `.npz` file: as samples, and as samples of a histogram.
pub fn npz(bytes: &[u8]) {
    if let Ok(mut archive) = npz::Reader::of(Path::new("a.npz"), Cursor::new(bytes)) {
        let _ = archive.describe();
        for name in archive.names() {
            let _ = archive.numbers(&name, |v| v);
        }
        let path = file("a.npz", bytes);
        if let Err(error) = ensemble::pools(&[path], &ensemble::Coupled::M) {
            of_the_user(&error);
        }
    }
    dataset("a.npz", bytes);
}

/// The bytes of each of the four files of MNIST: images and labels, raw or packed.
pub fn idx(bytes: &[u8]) {
    // The first byte says which files these bytes are; the others are small and good.
    let [which, bytes @ ..] = bytes else { return };
    let good: [&[u8]; 2] = [&[0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 51, 52], &[0, 0, 8, 1, 0, 0, 0, 1, 7]];
    let dir = folder().join("mnist");
    let _ = std::fs::create_dir(&dir);
    for (k, of) in mnist::files().iter().enumerate() {
        let bytes = if which >> k & 1 == 1 { bytes } else { good[k % 2] };
        std::fs::write(dir.join(&of.name), bytes).expect("a file is written");
    }
    match mnist::load(&dir) {
        Ok([train, test]) => assert_eq!(train.images.ncols(), test.images.ncols()),
        Err(error) => of_the_user(&error),
    }
}

/// A table of text.
pub fn text(bytes: &[u8]) {
    dataset("a.csv", bytes);
}

/// A file of settings in TOML, and settings of the command line.
pub fn settings(bytes: &[u8]) {
    let recipe = "lattice = 10\nfield = 0.5\n[rbm]\nepochs = 100\nrate = 0.01\nunits = \"spin\"\ntemperatures = [0, \
        2.5]\nlog = true\n";
    let text = String::from_utf8_lossy(bytes);
    let sets: Vec<String> = text.lines().rev().take(2).map(str::to_string).collect();
    for (file, sets) in [(Some((Path::new("a.toml"), &*text)), &[][..]), (None, sets.as_slice())] {
        if let Err(error) = settings::resolve(recipe, file, sets) {
            assert!(error.exit_code() == 2, "{error}");
        }
    }
}

/// The bytes of a model: as a machine, as a network, as a thermometer.
pub fn model(bytes: &[u8]) {
    let Ok(model) = Model::from_bytes(bytes, "a.safetensors") else { return };
    if let Ok(rbm) = rbm_file::rbm(&model) {
        let _ = Input::of_model(&model, "model", rbm.n_visible());
    }
    if let Ok(mlp) = network_file::layers(&model) {
        let _ = network_file::outputs(&model, &mlp);
        if let Ok((temperatures, reference, _)) = network_file::curves(&model, &mlp) {
            // The bootstrap takes its time.
            if temperatures.len() < 4 && reference.iter().all(|r| r.n() < 100) {
                let thermometer = network_file::thermometer(&model, Streams::new(1)).expect("its curves are right");
                let star = thermometer.read(&reference[0]);
                assert!(star.value.is_finite());
            }
        }
    }
}

/// The record of a run (`results.json` and what the page is made of).
pub fn record(bytes: &[u8]) {
    let _ = serde_json::from_slice::<rgflow_lab::record::Results>(bytes);
    if let Ok(record) = serde_json::from_slice::<rgflow_lab::record::Record>(bytes) {
        let dir = folder().join("page");
        let _ = rgflow_lab::artifact::write_report(&dir, &record, "experiment = \"x\"\n", &serde_json::Value::Null);
        let _ = std::fs::remove_dir_all(&dir);
    }
}

/// Options that a byte stands for: labels by name, place or value, what they are, the shape of a sample, real numbers.
fn options(choice: u8) -> Options {
    let labels = ["", "T", "y", "2", "1.5,2.0", "cat,dog", "0.25", "labels"][usize::from(choice & 7)];
    let all = [Labelling::Auto, Labelling::Temperatures, Labelling::Beta, Labelling::Classes];
    Options {
        labels: labels.into(),
        labelling: all[usize::from(choice >> 3 & 3)],
        shape: [vec![], vec![2, 2], vec![3], vec![1, 1]][usize::from(choice >> 5 & 3)].clone(),
        continuous: choice & 7 == 1,
        real: choice >> 7 == 1,
        ..Options::default()
    }
}

/// Uses the data as commands do after reading it: labels that are whole, bins and codes of states that are made or refused.
fn used(data: &Dataset) {
    let n = data.n_samples();
    assert!(data.shape.iter().product::<usize>() == data.n_units() && n > 0, "{:?}", data.shape);
    if let Some(labels) = &data.labels {
        let (distinct, classes) = labels.classes();
        assert!(classes.len() == n && classes.iter().all(|class| *class < distinct.len()));
        distinct.iter().for_each(|label| drop(labels.name(*label)));
    }
    if n * data.n_units() < 10_000 {
        let _ = data.clone().bin(3);
        let _ = data.clone().code_states(3, None);
    }
}

fn read_as(name: &str, bytes: &[u8], options: &Options) {
    match Dataset::read(&file(name, bytes), options) {
        Ok(data) => used(&data),
        Err(error) => of_the_user(&error),
    }
}

/// The bytes of a file of any kind, read with options: the first byte says the kind, the second the options.
pub fn layouts(bytes: &[u8]) {
    let [kind, choice, bytes @ ..] = bytes else { return };
    let name = ["b.csv", "b.npz", "b.npy", "b.idx", "b.txt", "b.tsv", "b", "b.dat"][usize::from(kind % 8)];
    read_as(name, bytes, &options(*choice));
}

/// Bytes packed by gzip, and bytes that claim to be: the first says the kind of file and which of the two.
pub fn gzip(bytes: &[u8]) {
    let [kind, bytes @ ..] = bytes else { return };
    let name = ["c.csv.gz", "c.npz.gz", "c.npy.gz", "c.idx.gz"][usize::from(kind % 4)];
    let packed = if kind & 4 == 0 {
        let mut to = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        to.write_all(bytes).and_then(|()| to.finish()).expect("memory takes it")
    } else {
        [&[0x1f, 0x8b], bytes].concat()
    };
    read_as(name, &packed, &options(kind & 0xf8));
}

/// Several files, whose bytes are parted by 0xff: the first byte says their names, the second the options.
pub fn several(bytes: &[u8]) {
    let [names, choice, bytes @ ..] = bytes else { return };
    let names = [
        ["T1.5.csv", "T2.csv", "T2p5.csv"],
        ["d.csv", "e.csv", "f.csv"],
        ["g.npy", "h.csv", "i.idx"],
        ["beta0.5.txt", "x_beta=0.25.txt", "T3.txt"],
    ][usize::from(names % 4)];
    let parts = bytes.splitn(3, |b| *b == 0xff).zip(names);
    let paths: Vec<PathBuf> = parts.map(|(part, name)| file(name, part)).collect();
    match Dataset::read_all(&paths, &options(*choice)) {
        Ok(data) => used(&data),
        Err(error) => of_the_user(&error),
    }
}

/// An archive of two samples with labels that are words: the first byte says their number, their width and their kind,
/// the others are the words.
pub fn words(bytes: &[u8]) {
    let [form, choice, words @ ..] = bytes else { return };
    let dtype = ["<U", ">U", "|S", "<V"][usize::from(form >> 6)];
    let (width, n) = (form & 7, form >> 3 & 7);
    let member = |dtype: &str, shape: &str, values: &[u8]| {
        let header = format!("{{'descr': '{dtype}', 'fortran_order': False, 'shape': ({shape}), }}");
        let length = (header.len() as u16).to_le_bytes();
        [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), values].concat()
    };
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    let mut add = |name: &str, bytes: &[u8]| {
        archive.start_file(name, stored).expect("a name");
        archive.write_all(bytes).expect("memory takes it");
    };
    add("x.npy", &member("|i1", "2, 2", &[1, 0xff, 0xff, 1]));
    add("labels.npy", &member(&format!("{dtype}{width}"), &format!("{n},"), words));
    let bytes = archive.finish().expect("memory takes it").into_inner();
    read_as("w.npz", &bytes, &options(*choice));
}
