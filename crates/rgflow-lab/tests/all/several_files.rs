//! Promise: several files are one set of samples in the order given, with labels from inside, from the command line or
//! from their names; files that differ in kind, shape, lattice or field are refused with both named.

use ndarray::{Array2, Array3, arr0, arr1};
use rgflow_lab::artifact::{npy, npz};
use rgflow_lab::dataset::{Dataset, Kind, Labelling, Meaning, Options};
use std::path::PathBuf;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn put(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    fn npy(&self, name: &str, array: &Array2<i8>) -> PathBuf {
        let mut bytes = Vec::new();
        npy::write(&mut bytes, array).unwrap();
        self.put(name, &bytes)
    }

    fn npz(&self, name: &str, arrays: impl FnOnce(&mut npz::Writer)) -> PathBuf {
        let mut file = npz::Writer::new();
        arrays(&mut file);
        self.put(name, &file.finish().unwrap())
    }
}

/// `n` samples of six spins that depend on `k`.
fn spins(n: usize, k: usize) -> Array2<i8> {
    Array2::from_shape_fn((n, 6), |(i, j)| if (i * i + k * j + j / 2).is_multiple_of(3) { 1 } else { -1 })
}

fn read(paths: &[PathBuf], options: &Options) -> Dataset {
    Dataset::read_all(paths, options).unwrap()
}

fn refused(paths: &[PathBuf], options: &Options, parts: &[&str]) {
    let error = Dataset::read_all(paths, options).unwrap_err();
    let line = error.to_string();
    assert_eq!((error.exit_code(), line.lines().count()), (2, 1), "{line}");
    assert!(parts.iter().all(|part| line.contains(part)), "{line} lacks {parts:?}");
}

fn temperatures(labels: &str) -> Options {
    Options { labels: labels.into(), labelling: Labelling::Temperatures, ..Options::default() }
}

#[test]
fn temperatures_are_in_names_or_given() {
    let folder = Folder::new();
    let files = [folder.npy("T2.25.npy", &spins(4, 1)), folder.npy("T1.5.npy", &spins(3, 2))];
    let data = read(&files, &Options::default());
    let labels = data.labels.clone().unwrap();
    assert_eq!(labels.values, [2.25, 2.25, 2.25, 2.25, 1.5, 1.5, 1.5]);
    assert_eq!((labels.meaning, data.kind, data.n_samples()), (Meaning::Temperature, Kind::Spins, 7));
    assert!((0..6).all(|j| data.values.at(5, j) == f32::from(spins(3, 2)[(1, j)])));
    assert!(
        data.notes[0].contains("temperatures are those in the names of the files: 2.25 (T2.25.npy)"),
        "{:?}",
        data.notes
    );
    assert_eq!(data.files.iter().map(|(path, _)| path.clone()).collect::<Vec<_>>(), files);
    assert_eq!(data.name(), "T2.25.npy and 1 more");
    // The hash is that of the files in their order and of the labels that bytes do not have.
    let turned = read(&[files[1].clone(), files[0].clone()], &Options::default());
    let renamed = read(&[files[0].clone(), folder.npy("T1.75.npy", &spins(3, 2))], &Options::default());
    assert_eq!(data.hash, read(&files, &Options::default()).hash);
    assert!(data.hash != turned.hash && data.hash != renamed.hash);
    let given = read(&files, &temperatures("3,4"));
    assert_eq!(given.labels.unwrap().classes().0, [3.0, 4.0]);
    assert!(given.notes.iter().any(|n| n.contains("3 (T2.25.npy), 4 (T1.5.npy)")), "{:?}", given.notes);
    refused(&files, &temperatures("1,2,3"), &["3 labels are given for 2 files"]);
    refused(&[files[0].clone(), files[0].clone()], &Options::default(), &["T2.25.npy", "given twice"]);
    let words = Options { labels: "hot,cold".into(), ..Options::default() };
    assert_eq!(read(&files, &words).labels.unwrap().words, ["cold", "hot"]);
    let bare = Options { reads_labels: false, ..Options::default() };
    assert!(read(&files, &bare).labels.is_none());
    // Names without temperatures give none; inverse temperatures are turned.
    let plain = [folder.npy("a.npy", &spins(4, 1)), folder.npy("b.npy", &spins(3, 2))];
    assert!(read(&plain, &Options::default()).labels.is_none());
    let betas = [folder.npy("beta0.5.npy", &spins(4, 1)), folder.npy("beta0.25.npy", &spins(3, 2))];
    assert_eq!(read(&betas, &Options::default()).labels.unwrap().classes().0, [2.0, 4.0]);
    let mixed = [folder.npy("beta0.5.npy", &spins(4, 1)), folder.npy("T0.25.npy", &spins(3, 2))];
    assert!(read(&mixed, &Options::default()).labels.is_none());
}

#[test]
fn labels_inside_are_joined() {
    let folder = Folder::new();
    let file = |name: &str, t: f64| {
        folder.npz(name, |file| {
            file.add("spins", &spins(4, t as usize)).unwrap();
            file.add("T", &arr1(&[t])).unwrap();
        })
    };
    let files = [file("T9.npz", 1.0), file("b.npz", 3.0)];
    assert_eq!(read(&files, &Options::default()).labels.unwrap().classes().0, [1.0, 3.0]);
    let without = folder.npy("c.npy", &spins(4, 2));
    let some = [files[0].clone(), without];
    refused(&some, &Options::default(), &["T9.npz has labels", "c.npy has none", "--temperatures"]);
    let tables = [folder.put("a.csv", b"label,x\ncat,1\ndog,-1\n"), folder.put("b.csv", b"label,x\nox,1\ncat,-1\n")];
    let data = read(&tables, &Options::default());
    assert_eq!(data.labels.unwrap().words, ["cat", "dog", "ox"]);
    assert!(data.notes.iter().any(|n| n.starts_with("each of the 2 files: column 1")), "{:?}", data.notes);
}

#[test]
fn files_agree_or_are_refused() {
    let folder = Folder::new();
    let ups = Array2::<i8>::ones((3, 6));
    let bits = spins(4, 1).mapv(|s| (s + 1) / 2);
    let up = folder.npy("up.npy", &ups);
    // All ones are spins among spins and bits among bits.
    let of = |other: &Array2<i8>| read(&[up.clone(), folder.npy("other.npy", other)], &Options::default()).kind;
    assert_eq!((of(&spins(4, 1)), of(&bits)), (Kind::Spins, Kind::Bits));
    let pair = [folder.npy("s.npy", &spins(4, 1)), folder.npy("b.npy", &bits)];
    refused(&pair, &Options::default(), &["s.npy is of spins", "b.npy of bits", "one kind"]);
    let wide = [pair[0].clone(), folder.npy("w.npy", &Array2::ones((3, 7)))];
    refused(&wide, &Options::default(), &["s.npy", "6 values", "w.npy of 7"]);
    let shaped = |name: &str, shape: [usize; 3]| {
        let array: Array3<i8> = spins(4, 1).into_shape_with_order(shape).unwrap();
        folder.npz(name, |file| file.add("x", &array).unwrap())
    };
    refused(&[shaped("a.npz", [4, 2, 3]), shaped("c.npz", [4, 3, 2])], &Options::default(), &["2 x 3", "3 x 2"]);
    let field = |name: &str, h: f64| {
        folder.npz(name, |file| {
            file.add("spins", &spins(4, 1)).unwrap();
            file.add("lattice", &arr1(&[3u32, 2])).unwrap();
            file.add("field", &arr0(h)).unwrap();
        })
    };
    refused(&[field("h0.npz", 0.0), field("h1.npz", 1.0)], &Options::default(), &["h0.npz", "h1.npz", "one field"]);
    let data = read(&[field("h0.npz", 0.0), pair[0].clone()], &Options::default());
    assert_eq!(data.lattice.unwrap().title(), "square 3 x 2");
    assert!(data.notes.iter().any(|n| n.contains("does not say its lattice")), "{:?}", data.notes);
    // Grey levels beside bits stay what they are.
    let grey = [folder.put("g.csv", b"0.5,1\n0.25,0\n"), folder.put("h.csv", b"0,1\n1,0\n")];
    let data = read(&grey, &Options::default());
    assert_eq!((data.kind, data.values.at(0, 0), data.values.at(2, 1)), (Kind::Grey, 0.5, 1.0));
    refused(&[], &Options::default(), &["no file"]);
}

/// A folder as torchvision leaves it, and the files by themselves: images with the labels beside them.
#[test]
fn images_come_with_their_labels() {
    let folder = Folder::new();
    let images = [&[0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2][..], &[0, 1, 1, 0]].concat();
    let labels = [&[0, 0, 8, 1, 0, 0, 0, 2][..], &[7, 3]].concat();
    let path = folder.put("MNIST/raw/train-images-idx3-ubyte", &images);
    let alone = read(std::slice::from_ref(&path), &Options::default());
    assert!(alone.labels.is_none());
    folder.put("MNIST/raw/train-labels-idx1-ubyte", &labels);
    for path in [path, folder.0.path().join("MNIST/raw"), folder.0.path().to_path_buf()] {
        let data = read(std::slice::from_ref(&path), &Options::default());
        assert_eq!((data.shape.clone(), data.labels.clone().unwrap().values), (vec![1, 2], vec![7.0, 3.0]));
        assert!(data.notes[0].contains("train-labels-idx1-ubyte beside it"), "{:?}", data.notes);
        assert_eq!((data.files.len(), data.name()), (2, "train-images-idx3-ubyte".into()));
        assert_ne!(data.hash, alone.hash);
        let bare = Options { reads_labels: false, ..Options::default() };
        assert_eq!(read(&[path], &bare).hash, alone.hash);
    }
    folder.put("MNIST/raw/train-labels-idx1-ubyte", &labels[..labels.len() - 1]);
    refused(&[folder.0.path().to_path_buf()], &Options::default(), &["train-labels-idx1-ubyte", "not a whole array"]);
}
