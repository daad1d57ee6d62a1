//! Promise: any layout of data that people bring is read as what it is, or refused with the flag that decides. One
//! table: input -> outcome.

use flate2::write::GzEncoder;
use ndarray::{Array1, Array2, Array3, Array4, arr1, arr2};
use rgflow_lab::artifact::npy::{self, Element};
use rgflow_lab::artifact::npz::Writer;
use rgflow_lab::dataset::{Dataset, Kind, Labelling, Meaning, Options, Unknown};
use std::io::Write;

/// Samples, units and labels, or parts of the error.
enum Outcome {
    /// Number of samples, of units, and distinct labels with what they are.
    Read(usize, usize, Option<(Meaning, Vec<f64>)>),
    /// Parts of the message.
    Refused(&'static [&'static str]),
}
use Outcome::{Read, Refused};

fn npy<T: Element, D: ndarray::Dimension>(array: &ndarray::Array<T, D>) -> Vec<u8> {
    let mut bytes = Vec::new();
    npy::write(&mut bytes, array).unwrap();
    bytes
}

fn npz(arrays: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut file = Writer::new();
    arrays(&mut file);
    file.finish().unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut to = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    to.write_all(bytes).unwrap();
    to.finish().unwrap()
}

fn idx(kind: u8, shape: &[u32], values: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, kind, shape.len() as u8];
    shape.iter().for_each(|n| bytes.extend(n.to_be_bytes()));
    bytes.extend(values);
    bytes
}

fn thermal(values: &[f64]) -> Option<(Meaning, Vec<f64>)> {
    Some((Meaning::Temperature, values.to_vec()))
}

fn classes(values: &[f64]) -> Option<(Meaning, Vec<f64>)> {
    Some((Meaning::Class, values.to_vec()))
}

fn spin(i: usize) -> i8 {
    if (i * i + i / 3).is_multiple_of(2) { 1 } else { -1 }
}

/// Options with `labels` understood as `labelling`.
fn named(labels: &str, labelling: Labelling) -> Options {
    Options { labels: labels.into(), labelling, ..Options::default() }
}

fn shaped(shape: &[usize]) -> Options {
    Options { shape: shape.to_vec(), ..Options::default() }
}

/// One row: name of the file, its bytes, options, outcome, and part of a note, or nothing.
fn check(name: &str, bytes: &[u8], options: &Options, outcome: &Outcome, note: &str) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    match (Dataset::read(&path, options), outcome) {
        (Ok(data), Read(n, units, labels)) => {
            assert_eq!((data.n_samples(), data.n_units()), (*n, *units), "{name}: {:?}", data.notes);
            let found = data.labels.as_ref().map(|l| (l.meaning, l.classes().0));
            assert_eq!(&found, labels, "{name}: {:?}", data.notes);
            assert!(note.is_empty() || data.notes.iter().any(|n| n.contains(note)), "{name}: {:?}", data.notes);
        }
        (Err(error), Refused(parts)) => {
            let line = error.to_string();
            assert_eq!((error.exit_code(), line.lines().count()), (2, 1), "{line}");
            assert!(parts.iter().chain(&[name]).all(|part| line.contains(part)), "{line} lacks {parts:?}");
        }
        (Ok(data), Refused(parts)) => panic!("{name} is read ({:?}) and should be refused: {parts:?}", data.notes),
        (Err(error), Read(..)) => panic!("{error}"),
    }
}

#[test]
fn labels_by_any_name() {
    let x = Array2::from_shape_fn((6, 4), |(i, j)| spin(4 * i + j));
    let t = arr1(&[1.5, 1.5, 2.5, 2.5, 3.5, 3.5]);
    let auto = Options::default();
    let with = |name: &str, values: &Array1<f64>| {
        npz(|file| {
            file.add("spins", &x).unwrap();
            file.add(name, values).unwrap();
        })
    };
    for name in ["T", "Temp", "temps", "TEMPERATURE", "T_K", "temperatures"] {
        check("a.npz", &with(name, &t), &auto, &Read(6, 4, thermal(&[1.5, 2.5, 3.5])), "");
    }
    for name in ["Label", "Class", "y", "targets"] {
        check("a.npz", &with(name, &t), &auto, &Read(6, 4, classes(&[1.5, 2.5, 3.5])), "");
    }
    let beta = arr1(&[0.5, 0.5, 0.25, 0.25, 0.0, 0.0]);
    let hot = thermal(&[2.0, 4.0, f64::INFINITY]);
    check("a.npz", &with("beta", &beta), &auto, &Read(6, 4, hot.clone()), "`beta` is taken for inverse temperatures");
    check("a.npz", &with("K", &beta), &named("K", Labelling::Beta), &Read(6, 4, hot), "inverse temperatures");
    check("a.npz", &with("beta", &-&beta), &auto, &Refused(&["`beta` holds -0.5", ">= 0"]), "");
    // Any name, if it is said; `theta` alone is not taken, and named in what a message can propose.
    check("a.npz", &with("theta", &t), &auto, &Read(6, 4, None), "");
    check(
        "a.npz",
        &with("theta", &t),
        &named("theta", Labelling::Temperatures),
        &Read(6, 4, thermal(&[1.5, 2.5, 3.5])),
        "",
    );
    check("a.npz", &with("theta", &t), &named("theta", Labelling::Auto), &Read(6, 4, classes(&[1.5, 2.5, 3.5])), "");
    check("a.npz", &with("T", &t), &named("T", Labelling::Classes), &Read(6, 4, classes(&[1.5, 2.5, 3.5])), "");
    let near = &["has no array `Theta` of labels; it has spins, theta", "did you mean --temperatures theta?"];
    check("a.npz", &with("theta", &t), &named("Theta", Labelling::Temperatures), &Refused(near), "");
    // Numbers as names.
    check("a.npz", &with("0", &t), &named("0", Labelling::Temperatures), &Read(6, 4, thermal(&[1.5, 2.5, 3.5])), "");
    let unnamed = npz(|file| {
        file.add("arr_0", &x).unwrap();
        file.add("arr_1", &t.clone().into_shape_with_order((6, 1)).unwrap()).unwrap();
    });
    check("a.npz", &unnamed, &auto, &Read(6, 4, classes(&[1.5, 2.5, 3.5])), "`arr_1` is taken for the labels");
    check("a.npz", &unnamed, &named("arr_1", Labelling::Temperatures), &Read(6, 4, thermal(&[1.5, 2.5, 3.5])), "");
    // Temperatures beside inverse temperatures are the same again, or contradict them.
    let both = |betas: Array1<f64>| {
        npz(|file| {
            file.add("spins", &x).unwrap();
            file.add("beta", &betas).unwrap();
            file.add("T", &t).unwrap();
        })
    };
    check("a.npz", &both(t.mapv(|t| 1.0 / t)), &auto, &Read(6, 4, thermal(&[1.5, 2.5, 3.5])), "");
    check(
        "a.npz",
        &both(t.clone()),
        &auto,
        &Refused(&["`T` holds 1.5", "`beta` holds 1.5", "--temperatures T or --beta beta"]),
        "",
    );
    // Labels on the command line.
    let list = named("1.5,2.5,3.5", Labelling::Temperatures);
    check("a.npy", &npy(&x), &list, &Read(6, 4, thermal(&[1.5, 2.5, 3.5])), "3 equal blocks of 2 samples");
    check("a.npy", &npy(&x), &named("1,2,3,4", Labelling::Temperatures), &Refused(&["4 labels are given"]), "");
    check(
        "a.npy",
        &npy(&x),
        &named("T", Labelling::Temperatures),
        &Refused(&["no `T` of labels", "--temperatures 1.5,2.0"]),
        "",
    );
    check("a.npy", &npy(&x), &named("2.25", Labelling::Temperatures), &Read(6, 4, thermal(&[2.25])), "2.25");
}

#[test]
fn labels_of_tables() {
    let auto = Options::default();
    let table = |head: &str| format!("{head}\n2,1,-1\n2,-1,1\n4,1,1\n").into_bytes();
    check(
        "a.csv",
        &table("Temp_K,a,b"),
        &auto,
        &Read(3, 2, thermal(&[2.0, 4.0])),
        "`Temp_K`, is taken for labels (temperatures)",
    );
    check("a.csv", &table("T [K],a,b"), &auto, &Read(3, 2, thermal(&[2.0, 4.0])), "");
    check("a.csv", &table("Beta,a,b"), &auto, &Read(3, 2, thermal(&[0.25, 0.5])), "inverse temperatures, T = 1/beta");
    check(
        "a.csv",
        &table("theta,a,b"),
        &named("theta", Labelling::Temperatures),
        &Read(3, 2, thermal(&[2.0, 4.0])),
        "",
    );
    let near = &["no column `thet`", "theta, a, b", "did you mean --labels theta?"];
    check("a.csv", &table("theta,a,b"), &named("thet", Labelling::Auto), &Refused(near), "");
    let unread = Options { reads_labels: false, ..named("theta", Labelling::Auto) };
    check("a.csv", &table("theta,a,b"), &unread, &Read(3, 2, None), "column 1, `theta`, holds labels");
    // A column without a name by its number.
    let bare = b"1,-1,cat\n-1,1,dog\n1,1,cat\n";
    check("a.csv", bare, &named("3", Labelling::Auto), &Read(3, 2, classes(&[0.0, 1.0])), "column 3");
    check("a.csv", bare, &named("4", Labelling::Auto), &Refused(&["1 to 3"]), "");
    check(
        "a.csv",
        b"1,-1\n-1,1\n",
        &named("1.5,2.5", Labelling::Temperatures),
        &Read(2, 2, thermal(&[1.5, 2.5])),
        "in order",
    );
    let both = "T,beta,a\n2,0.5,1\n4,0.25,-1\n";
    check("a.csv", both.as_bytes(), &auto, &Read(2, 1, thermal(&[2.0, 4.0])), "`beta`, is left out too");
    check("a.csv", b"T,label,a\n2,1,1\n4,2,-1\n", &auto, &Refused(&["`T`", "`label`", "--temperatures T"]), "");
}

#[test]
fn axes_of_temperatures_and_shapes() {
    let four = Array4::from_shape_fn((3, 40, 4, 4), |(t, n, i, j)| spin(t + 7 * n + 3 * i + j));
    let three = Array3::from_shape_fn((3, 40, 16), |(t, n, i)| spin(t + 7 * n + i));
    let t = arr1(&[1.0, 2.0, 3.0]);
    let auto = Options::default();
    let thermals = || thermal(&[1.0, 2.0, 3.0]);
    let with = |array: &ndarray::ArrayD<i8>| {
        npz(|file| {
            file.add("x", array).unwrap();
            file.add("T", &t).unwrap();
        })
    };
    let list = || named("1,2,3", Labelling::Temperatures);
    for array in [four.clone().into_dyn(), three.clone().into_dyn()] {
        check("a.npz", &with(&array), &auto, &Read(120, 16, thermals()), "is read as 3 x 40 samples of 16 values");
        check("a.npy", &npy(&array), &list(), &Read(120, 16, thermals()), "is read as 3 x 40 samples of 16 values");
        check("a.npy", &npy(&array), &shaped(&[4, 4]), &Read(120, 16, None), "");
    }
    check("a.npy", &npy(&four), &auto, &Refused(&["3 x 40 of 16", "--shape 4,4"]), "");
    check("a.npy", &npy(&three), &shaped(&[5]), &Refused(&["--shape 5"]), "");
    // One picture each.
    let pictures = Array3::from_shape_fn((50, 4, 6), |(n, i, j)| spin(7 * n + i * j));
    let each = npz(|file| {
        file.add("x", &pictures).unwrap();
        file.add("T", &Array1::from_shape_fn(50, |i| 1.0 + 0.1 * i as f64)).unwrap();
    });
    check(
        "a.npz",
        &each,
        &auto,
        &Refused(&["50 samples of 24 values, or 50 x 4 of 6", "--shape 4,6 or --shape 6"]),
        "",
    );
    let own = Options { continuous: true, ..Options::default() };
    let all: Vec<f64> = (0..50).map(|i| 1.0 + 0.1 * f64::from(i)).collect();
    check("a.npz", &each, &own, &Read(50, 24, thermal(&all)), "");
    check("a.npz", &each, &shaped(&[4, 6]), &Read(50, 24, thermal(&all)), "");
}

#[test]
fn columns_and_one_hot_rows_of_labels() {
    let x = Array2::from_shape_fn((4, 5), |(i, j)| spin(5 * i + j));
    let auto = Options::default();
    let with = |labels: &Array2<f64>| {
        npz(|file| {
            file.add("x", &x).unwrap();
            file.add("labels", labels).unwrap();
        })
    };
    check("a.npz", &with(&arr2(&[[3.0], [1.0], [3.0], [2.0]])), &auto, &Read(4, 5, classes(&[1.0, 2.0, 3.0])), "");
    let one_hot = arr2(&[[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]);
    check("a.npz", &with(&one_hot), &auto, &Read(4, 5, classes(&[0.0, 1.0, 2.0])), "`labels` is one-hot");
    check(
        "a.npz",
        &with(&(&one_hot * 0.5)),
        &auto,
        &Refused(&["`labels` has 3 values per sample", "row 1 is not one-hot"]),
        "",
    );
}

#[test]
fn packed_and_half_precision_files() {
    let x = Array2::from_shape_fn((4, 3), |(i, j)| spin(3 * i + j));
    let auto = Options::default();
    let plain = || Read(4, 3, None);
    check("a.npy.gz", &gzip(&npy(&x)), &auto, &plain(), "");
    check("a.npy", &gzip(&npy(&x)), &auto, &plain(), "");
    check("a.npz.gz", &gzip(&npz(|file| file.add("x", &x).unwrap())), &auto, &plain(), "");
    check("a.csv.gz", &gzip(b"T,a,b\n1,1,-1\n2,-1,1\n"), &auto, &Read(2, 2, thermal(&[1.0, 2.0])), "");
    let packed = gzip(&npy(&x));
    check("a.npy.gz", &packed[..packed.len() - 9], &auto, &Refused(&["damaged gzip", "write it again"]), "");
    // numpy.array([[1, -1], [0.5, 2]], dtype="float16")
    let mut half = npy(&Array2::<u16>::from_shape_vec((2, 2), vec![0x3c00, 0xbc00, 0x3800, 0x4000]).unwrap());
    let at = half.windows(3).position(|w| w == b"<u2").unwrap();
    half[at..at + 3].copy_from_slice(b"<f2");
    let real = Options { real: true, ..Options::default() };
    check("half.npy", &half, &real, &Read(2, 2, None), "");
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    archive.start_file("x.npy", zip::write::SimpleFileOptions::default()).unwrap();
    archive.write_all(&half).unwrap();
    check("half.npz", &archive.finish().unwrap().into_inner(), &real, &Read(2, 2, None), "");
}

#[test]
fn idx_files() {
    let auto = Options::default();
    let bits = idx(8, &[3, 2, 2], &[0, 1, 1, 0, 1, 1, 0, 0, 0, 1, 0, 1]);
    for name in ["images-idx3-ubyte", "images.idx3-ubyte", "a.idx", "a.ubyte", "samples"] {
        check(name, &bits, &auto, &Read(3, 4, None), "");
        check(&format!("{name}.gz"), &gzip(&bits), &auto, &Read(3, 4, None), "");
    }
    let bytes = idx(8, &[2, 2], &[0, 255, 51, 0]);
    check("grey.idx", &bytes, &auto, &Refused(&["255 in row 1, column 2", "--scale 255"]), "");
    check("grey.idx", &bytes, &Options { scale: 255.0, ..Options::default() }, &Read(2, 2, None), "");
    let words: Vec<u8> = [1i16, -1, -1, 1].into_iter().flat_map(i16::to_be_bytes).collect();
    check("spins.idx", &idx(0x0b, &[2, 2], &words), &auto, &Read(2, 2, None), "");
    let reals: Vec<u8> = [0.25f64, 0.5, 0.75, 1.0].into_iter().flat_map(f64::to_be_bytes).collect();
    check("grey.idx", &idx(0x0e, &[2, 2], &reals), &auto, &Read(2, 2, None), "");
    check("a.idx", &bits[..9], &auto, &Refused(&["no IDX file"]), "");
    check("a.idx", &bits[..bits.len() - 1], &auto, &Refused(&["not a whole array"]), "");
    check("a.idx", b"P5 10 10", &auto, &Refused(&["no IDX file"]), "");
    check("a.idx", &idx(8, &[u32::MAX, u32::MAX, u32::MAX], &[0]), &auto, &Refused(&["claims"]), "");
    check("labels.idx", &idx(8, &[3], &[1, 2, 3]), &auto, &Refused(&["(samples, units)"]), "");
}

#[test]
fn numbers_with_decimal_commas() {
    let real = Options { real: true, ..Options::default() };
    let read = || Read(2, 2, None);
    check("a.csv", b"0,5;1,25\n-0,5;2\n", &real, &read(), "commas are read as decimal points");
    check("a.csv", b"a;b\n0,5;1,25\n-0,5;2\n", &real, &read(), "decimal points");
    check("a.txt", b"0,5\t1,25\n-0,5\t2,0\n", &real, &read(), "decimal points");
    check("a.txt", b"  0,5   1,25  \n -0,5  2,0\n", &real, &read(), "decimal points");
    check("a.csv", b"T;a\n1,5;1\n2,5;-1\n", &Options::default(), &Read(2, 1, thermal(&[1.5, 2.5])), "decimal points");
    // Thousands look the same.
    check("a.csv", b"1,500;2,250\n3,125;4,000\n", &real, &Refused(&["1,500", "thousands"]), "");
    check("a.csv", b"1,500;2,25\n3,125;4,000\n", &real, &read(), "decimal points");
    check("a.csv", b"1,5;2.5\n3;4\n", &real, &Refused(&["\"1,5\"", "decimal"]), "");
    check("a.csv", b"1,2,3;4\n3;4\n", &real, &Refused(&["line 1"]), "");
}

#[test]
fn what_can_be_read_in_two_ways_is_said() {
    let auto = Options::default();
    check("a.txt", b"0110\n1001\n0011\n", &auto, &Read(3, 4, None), "lines such as 0110 are read as 4 bits");
    check("a.txt", b"+-\n-+\n--\n", &auto, &Read(3, 2, None), "lines such as +- are read as 2 signs");
    // One number a line is one unit, and lines of several lengths are numbers.
    check("a.txt", b"0\n1\n0\n", &auto, &Read(3, 1, None), "");
    check("a.txt", b"0110\n101\n", &auto, &Refused(&["110 in row 1"]), "");
    // Two values of units that are asked for.
    let two = b"1,2\n2,2\n1,1\n2,1\n";
    check("a.csv", two, &auto, &Refused(&["2 in row 1, column 2"]), "");
    let states = Options { states: true, allow: "take Gaussian units", ..Options::default() };
    check("a.csv", two, &states, &Refused(&["if they are the two states of a unit, take --units=1,2"]), "");
    let levels = Options { levels: Some([1.0, 2.0]), ..Options::default() };
    check("a.csv", two, &levels, &Read(4, 2, None), "");
    check("a.csv", b"2,1\n1.5,2\n", &levels, &Refused(&["2 in row 1, column 1"]), "");
    // A hole in the first line, where holes are unknown values.
    let unknown = Options { unknown: Some(Unknown::Value { value: f64::NAN, low: 0.0 }), ..Options::default() };
    check("a.csv", b",1,-1\n1,,1\n1,1,-1\n", &unknown, &Read(3, 3, None), "");
    check("a.csv", b",1,-1\n1,-1,1\n", &auto, &Refused(&["line 1, column 1", "missing value"]), "");
    // A column that may be a label.
    let bits = b"1,0,1,7\n0,1,1,3\n1,1,0,7\n";
    check("a.csv", bits, &auto, &Refused(&["if column 4 is a label, add --labels 4"]), "");
    check("a.csv", bits, &named("4", Labelling::Auto), &Read(3, 3, classes(&[3.0, 7.0])), "column 4");
    let real = Options { real: true, ..Options::default() };
    let numbers = b"u,v,digit\n0.5,1.5,0\n0.25,-2.5,1\n1.5,0.5,1\n2.5,0.75,0\n-0.5,0.25,1\n";
    check("a.csv", numbers, &real, &Read(5, 3, None), "columns u, v, digit are taken for values (3 in all)");
    check("a.csv", numbers, &real, &Read(5, 3, None), "column digit holds only 0, 1; if it is a label, name it");
    let named = Options { labels: "digit".into(), ..real };
    check("a.csv", numbers, &named, &Read(5, 2, classes(&[0.0, 1.0])), "`digit`, is taken for labels");
}

#[test]
fn files_of_other_programs() {
    let auto = Options::default();
    for (name, part) in [
        ("a.h5", "h5py.File(\"a.h5\")"),
        ("a.pt", "torch.load(\"a.pt\")"),
        ("a.pkl", "pickle.load"),
        ("a.mat", "scipy.io.loadmat(\"a.mat\")"),
        ("a.json", "json.load"),
        ("a.parquet", "pandas.read_parquet(\"a.parquet\").to_csv(\"a.csv\""),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(name);
        std::fs::write(&path, b"PK\x03\x04 anything").unwrap();
        let error = Dataset::read(&path, &auto).unwrap_err().to_string();
        assert!(error.contains("convert it in Python: import ") && error.contains(part), "{error}");
    }
    let bits = Array2::from_shape_fn((3, 2), |(i, j)| ((i + j) % 2) as u8);
    check("without-ending", &npy(&bits), &auto, &Read(3, 2, None), "");
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("b.npy");
    std::fs::write(&path, npy(&bits)).unwrap();
    assert_eq!(Dataset::read(&path, &auto).unwrap().kind, Kind::Bits);
}
