//! Promise: the user's own files are read as what they are, and one that cannot be used is refused in one line that
//! names file, problem and remedy.

mod text;

use ndarray::{Array, Array1, Array2, Array3, Dimension, arr1, arr2};
use rgflow_lab::artifact::npy::{self, Element};
use rgflow_lab::artifact::npz::Writer;
use rgflow_lab::dataset::{Dataset, Kind, Meaning, Options, Values};
use std::path::PathBuf;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn put(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    fn npy<T: Element, D: Dimension>(&self, name: &str, array: &Array<T, D>) -> PathBuf {
        self.put(name, &npy(array))
    }

    /// The message of the error that `name` with `bytes` gives: exit code 2, one line with the name of the file.
    fn refused(&self, name: &str, bytes: &[u8], parts: &[&str]) {
        refused(&self.put(name, bytes), &Options::default(), parts);
    }
}

fn npy<T: Element, D: Dimension>(array: &Array<T, D>) -> Vec<u8> {
    let mut bytes = Vec::new();
    npy::write(&mut bytes, array).unwrap();
    bytes
}

fn refused(path: &std::path::Path, options: &Options, parts: &[&str]) {
    let error = Dataset::read(path, options).unwrap_err();
    let line = error.to_string();
    assert_eq!(error.exit_code(), 2, "{line}");
    assert_eq!(line.lines().count(), 1, "{line}");
    let name = path.file_name().unwrap().to_str().unwrap();
    for part in parts.iter().chain(&[name]) {
        assert!(line.contains(part), "{line} lacks {part}");
    }
}

fn read(path: &std::path::Path) -> Dataset {
    Dataset::read(path, &Options::default()).unwrap()
}

#[test]
fn values_are_what_they_are() {
    let dir = Folder::new();
    let spins = Array2::from_shape_fn((3, 4), |(i, j)| if (i + j) % 2 == 0 { 1i8 } else { -1 });
    let seen = read(&dir.npy("spins.npy", &spins));
    assert_eq!((seen.kind, seen.values, seen.shape), (Kind::Spins, Values::from(spins.clone()), vec![4]));
    let bits = Array3::from_shape_fn((2, 2, 3), |(i, j, k)| (i + j + k) % 2 == 0);
    let seen = read(&dir.npy("bits.npy", &bits));
    assert_eq!((seen.kind, seen.n_samples(), seen.n_units(), seen.shape), (Kind::Bits, 2, 6, vec![2, 3]));
    // Order of bytes, of axes and the type do not matter; grey stays grey.
    let grey = arr2(&[[0.0, 0.25], [0.5, 1.0]]);
    for (name, array) in [("c.npy", grey.clone()), ("f.npy", grey.t().to_owned().reversed_axes())] {
        let seen = read(&dir.npy(name, &array));
        assert_eq!((seen.kind, seen.values), (Kind::Grey, Values::from(grey.mapv(|v| v as f32))));
    }
    let counts = Array2::from_shape_fn((2, 3), |(i, j)| (4 * (i + j)) as u8);
    let path = dir.npy("counts.npy", &counts);
    let scaled = Dataset::read(&path, &Options { scale: 16.0, ..Options::default() }).unwrap();
    assert_eq!((scaled.kind, scaled.values.at(1, 2)), (Kind::Grey, 0.75));
    let real = Dataset::read(&path, &Options { real: true, ..Options::default() }).unwrap();
    assert_eq!((real.kind, real.values.at(1, 2)), (Kind::Real, 12.0));
    assert_eq!(seen.hash, blake3::hash(&std::fs::read(dir.0.path().join("bits.npy")).unwrap()).to_hex().to_string());
}

#[test]
fn archives_and_their_labels() {
    let dir = Folder::new();
    let x = Array2::<i8>::from_shape_fn((6, 4), |(i, j)| if (i * j) % 2 == 0 { 1 } else { -1 });
    let file = |arrays: &dyn Fn(&mut Writer)| {
        let mut w = Writer::new();
        arrays(&mut w);
        dir.put("a.npz", &w.finish().unwrap())
    };
    // As rgflow writes: a temperature for each of equal blocks, and the lattice.
    let path = file(&|w| {
        w.add("spins", &x).unwrap();
        w.add("temperatures", &arr1(&[0.5, f64::INFINITY])).unwrap();
        w.add("lattice", &arr1(&[2u32, 2])).unwrap();
    });
    let seen = read(&path);
    let labels = seen.labels.unwrap();
    assert_eq!((labels.meaning, labels.values[2], labels.values[3]), (Meaning::Temperature, 0.5, f64::INFINITY));
    assert_eq!(labels.classes(), (vec![0.5, f64::INFINITY], vec![0, 0, 0, 1, 1, 1]));
    assert_eq!((seen.lattice.unwrap().title(), seen.shape), ("square 2 x 2".into(), vec![2, 2]));
    let path = file(&|w| {
        w.add("pictures", &x).unwrap();
        w.add("y", &arr1(&[3i64, 1, 1, 3, 2, 3])).unwrap();
    });
    let labels = read(&path).labels.unwrap();
    assert_eq!((labels.meaning, labels.classes().1), (Meaning::Class, vec![2, 0, 0, 2, 1, 2]));
    let two = file(&|w| {
        w.add("a", &x).unwrap();
        w.add("b", &x).unwrap();
    });
    refused(&two, &Options::default(), &["several arrays", "--array"]);
    let named = Options { array: "b".into(), ..Options::default() };
    assert_eq!(Dataset::read(&two, &named).unwrap().n_samples(), 6);
    refused(&two, &Options { array: "c".into(), ..Options::default() }, &["`c`", "a, b"]);
    refused(&two, &Options { labels: "c".into(), array: "a".into(), ..Options::default() }, &["`c`"]);
    let short = file(&|w| {
        w.add("spins", &x).unwrap();
        w.add("labels", &arr1(&[1i32, 2])).unwrap();
    });
    refused(&short, &Options::default(), &["labels", "2 values for 6 samples"]);
    let newer = file(&|w| {
        w.add("spins", &x).unwrap();
        w.add("format", &ndarray::arr0(99u32)).unwrap();
    });
    refused(&newer, &Options::default(), &["newer", "99", "update"]);
}

/// Issue row B6: (temperatures, samples, L, L) is read as what lattice or labels say it is, else refused with the
/// reshape named.
#[test]
fn arrays_of_many_axes_are_read_as_their_file_says() {
    let dir = Folder::new();
    let spins =
        ndarray::Array4::from_shape_fn((3, 40, 4, 5), |(t, n, i, j)| if (t + n * i + j) % 2 == 0 { 1i8 } else { -1 });
    let file = |arrays: &dyn Fn(&mut Writer)| {
        let mut w = Writer::new();
        arrays(&mut w);
        dir.put("a.npz", &w.finish().unwrap())
    };
    let temperatures = arr1(&[1.0, 2.0, 3.0]);
    let by_lattice = file(&|w| {
        w.add("spins", &spins).unwrap();
        w.add("temperatures", &temperatures).unwrap();
        w.add("lattice", &arr1(&[5u32, 4])).unwrap();
    });
    for reads_labels in [true, false] {
        let seen = Dataset::read(&by_lattice, &Options { reads_labels, ..Options::default() }).unwrap();
        let notes = 2 + usize::from(reads_labels);
        assert_eq!((seen.values.dim(), seen.shape, seen.notes.len()), ((120, 20), vec![4, 5], notes));
        assert_eq!(seen.values.at(41, 7), f32::from(spins[(1, 1, 1, 2)]));
        let labels = seen.labels.map(|l| [l.values[39], l.values[40], l.values[119]]);
        assert_eq!(labels, reads_labels.then_some([1.0, 2.0, 3.0]));
    }
    let by_temperatures = file(&|w| {
        w.add("x", &spins).unwrap();
        w.add("T", &temperatures).unwrap();
    });
    assert_eq!(read(&by_temperatures).labels.unwrap().values[40], 2.0);
    let by_labels = file(&|w| {
        w.add("x", &spins).unwrap();
        w.add("labels", &Array2::from_shape_fn((3, 40), |(t, _)| t as i64)).unwrap();
    });
    assert_eq!(read(&by_labels).labels.unwrap().values[80], 2.0);
    // Nothing says it, or something else.
    dir.refused("bare.npy", &npy(&spins), &["3 samples of 800 values", "3 x 40 of 20", ".reshape(-1, 4, 5)"]);
    let contradicted = file(&|w| {
        w.add("spins", &spins).unwrap();
        w.add("temperatures", &temperatures).unwrap();
        w.add("lattice", &arr1(&[6u32, 6])).unwrap();
    });
    refused(&contradicted, &Options::default(), &["`lattice` is [6, 6]", "`spins`"]);
    // Pictures of several channels with a class each; one channel; cubes.
    let pictures = file(&|w| {
        w.add("images", &spins).unwrap();
        w.add("y", &arr1(&[0i64, 1, 1])).unwrap();
    });
    assert_eq!(read(&pictures).values.dim(), (3, 800));
    let one = spins.clone().into_shape_with_order((120, 1, 4, 5)).unwrap();
    assert_eq!(read(&dir.npy("one.npy", &one)).values.dim(), (120, 20));
    let cubes = ndarray::Array4::<u8>::from_shape_fn((6, 3, 3, 3), |(n, i, ..)| ((n + i) % 2) as u8);
    assert_eq!(read(&dir.npy("cubes.npy", &cubes)).values.dim(), (6, 27));
}

/// Issue row B6: what belongs together by name, number or place is paired, and it is said.
#[test]
fn arrays_that_belong_together_are_paired() {
    let dir = Folder::new();
    let x = Array2::<u8>::from_shape_fn((6, 4), |(i, j)| (i * j % 2) as u8);
    let file = |names: [&str; 4]| {
        let mut w = Writer::new();
        w.add(names[0], &x).unwrap();
        w.add(names[1], &x).unwrap();
        w.add(names[2], &arr1(&[1i64, 1, 1, 2, 2, 2])).unwrap();
        w.add(names[3], &arr1(&[3i64, 4, 3, 4, 3, 4])).unwrap();
        dir.put("p.npz", &w.finish().unwrap())
    };
    for names in
        [["x_train", "x_test", "y_train", "y_test"], ["spins_1", "spins_2", "temperatures_1", "temperatures_2"]]
    {
        let path = file(names);
        refused(&path, &Options::default(), &[names[0], names[1], "--array"]);
        for (array, first) in [(names[0], 1.0), (names[1], 3.0)] {
            let seen = Dataset::read(&path, &Options { array: array.into(), ..Options::default() }).unwrap();
            assert!(seen.notes[0].contains(array), "{:?}", seen.notes);
            assert_eq!(seen.labels.unwrap().values[0], first);
        }
    }
    let both = file(["spins", "x", "temperatures", "labels"]);
    refused(&both, &Options::default(), &["spins, x", "--array"]);
    let spins = Options { array: "spins".into(), ..Options::default() };
    refused(&both, &spins, &["temperatures, labels", "data.labels"]);
    let bare = Options { reads_labels: false, ..spins };
    assert!(Dataset::read(&both, &bare).unwrap().labels.is_none());
}

#[test]
fn what_cannot_be_used_is_refused() {
    let dir = Folder::new();
    let options = Options::default();
    let bits = Array2::<u8>::ones((4, 6));
    let whole = npy(&bits);
    refused(&dir.0.path().join("missing.npy"), &options, &["does not exist"]);
    std::fs::create_dir(dir.0.path().join("folder.npy")).unwrap();
    refused(&dir.0.path().join("folder.npy"), &options, &["is a folder"]);
    dir.refused("empty.npy", b"", &["is empty"]);
    dir.refused("empty.csv", b"", &["is empty"]);
    dir.refused("truncated.npy", &whole[..whole.len() - 5], &["numpy.save"]);
    dir.refused("header.npy", &whole[..20], &["numpy.save"]);
    dir.refused("other.npy", b"not an array at all", &["numpy.save"]);
    dir.refused("picture.png", b"x", &["unknown kind", ".npz"]);
    dir.refused("flat.npy", &npy(&Array1::<u8>::ones(5)), &["[5]", "(samples, units)"]);
    dir.refused("no-rows.npy", &npy(&Array2::<u8>::ones((0, 5))), &["no numbers"]);
    dir.refused("no-columns.npy", &npy(&Array2::<u8>::ones((5, 0))), &["no numbers"]);
    dir.refused("nan.npy", &npy(&arr2(&[[0.0, 1.0], [f64::NAN, 1.0]])), &["NaN in row 2, column 1"]);
    dir.refused("inf.npy", &npy(&arr2(&[[0.0, 1e300]])), &["inf in row 1, column 2"]);
    dir.refused("bytes.npy", &npy(&arr2(&[[0u8, 255]])), &["255 in row 1, column 2", "--scale 255"]);
    dir.refused("minus.npy", &npy(&arr2(&[[0.5f32, -0.5]])), &["-0.5 in row 1, column 2", "map the data"]);
    let allow = Options { allow: "take Gaussian units", ..Options::default() };
    refused(&dir.0.path().join("minus.npy"), &allow, &["or take Gaussian units"]);
    // A header of the same length that claims 10^15 elements: refused at once, before memory is taken.
    let header = |from: &str, to: &str| {
        let at = whole.windows(from.len()).position(|w| w == from.as_bytes()).unwrap();
        let mut bytes = whole.clone();
        // The header is padded with spaces, which can go.
        let end = at + whole[at..].iter().position(|b| *b == b'\n').unwrap();
        let rest = String::from_utf8(whole[at + from.len()..end].to_vec()).unwrap();
        let padded = format!("{to}{}", rest.trim_end());
        bytes[at..end].copy_from_slice(format!("{padded:<width$}", width = end - at).as_bytes());
        bytes
    };
    dir.refused("huge.npy", &header("(4, 6)", "(1000000000, 1000000)"), &["claims", "1000000000"]);
    dir.refused("overflow.npy", &header("(4, 6)", "(9999999999, 9999999999)"), &["numpy.save"]);
    dir.refused("complex.npy", &header("'|u1'", "'<c8'"), &["<c8", "astype"]);
    dir.refused("objects.npy", &header("'|u1'", "'|O'"), &["|O"]);
    let mut newer = whole.clone();
    newer[6] = 9;
    dir.refused("newer.npy", &newer, &["version"]);
    // The same in an archive.
    let archive = |bytes: &[u8]| {
        let mut file = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        file.start_file("x.npy", zip::write::SimpleFileOptions::default()).unwrap();
        std::io::Write::write_all(&mut file, bytes).unwrap();
        file.finish().unwrap().into_inner()
    };
    let packed = archive(&whole);
    assert_eq!(read(&dir.put("packed.npz", &packed)).n_samples(), 4);
    dir.refused("huge.npz", &archive(&header("(4, 6)", "(1000000000, 1000000)")), &["claims"]);
    dir.refused("cut.npz", &packed[..packed.len() / 2], &["not a readable npz"]);
    dir.refused("other.npz", b"nonsense", &["not a readable npz"]);
    let mut flipped = packed.clone();
    let middle = flipped.len() / 3;
    flipped[middle] ^= 0x55;
    refused(&dir.put("flipped.npz", &flipped), &options, &["x"]);
}
