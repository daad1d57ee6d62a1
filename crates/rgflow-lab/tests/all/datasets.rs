//! Promise: the user's own files are read as what they are, and one that cannot be used is refused in one line that
//! names file, problem and remedy.

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

#[test]
fn tables_of_text() {
    let dir = Folder::new();
    let text = "T,s0,s1,s2\n0.5,1,-1,1\n0.5,-1,-1,1\n2.25,1,1,1\n";
    let seen = read(&dir.put("a.csv", text.as_bytes()));
    assert_eq!((seen.kind, seen.values.dim()), (Kind::Spins, (3, 3)));
    assert_eq!(seen.labels.unwrap().values, [0.5, 0.5, 2.25]);
    for (name, text) in [
        ("comma.csv", "1,0\n0,1\n"),
        ("semicolon.csv", "1;0\n0;1"),
        ("savetxt.txt", "# a remark\n1.000000000000000000e+00 0.000000000000000000e+00\n0 1\n"),
        ("tab.tsv", "1\t0\r\n0\t1\r\n\r\n"),
        ("named.csv", "a,b\n1,0\n0,1\n"),
    ] {
        let seen = read(&dir.put(name, text.as_bytes()));
        assert_eq!((seen.kind, seen.values), (Kind::Bits, Values::from(arr2(&[[1.0f32, 0.0], [0.0, 1.0]]))), "{name}");
    }
    dir.refused("ragged.csv", b"1,0\n1\n", &["line 2", "1 values, expected 2"]);
    dir.refused("words.csv", b"a,b\n1,x\n", &["line 2, column 2", "\"x\""]);
    dir.refused("only-names.csv", b"a,b\n", &["no numbers"]);
    dir.refused("remarks.csv", b"# nothing\n\n", &["no numbers"]);
    dir.refused("binary.csv", &[0xff, 0xfe, 0, 1], &["UTF-8"]);
    let wanted = Options { labels: "T".into(), ..Options::default() };
    refused(&dir.put("b.csv", b"a,b\n1,0\n"), &wanted, &["no column `T`", "a, b"]);
    refused(&dir.put("c.csv", b"1,0\n"), &wanted, &["no line of names"]);
    dir.refused("cold.csv", b"T,a\n-1,1\n", &["-1", ">= 0"]);
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

/// Case p18: words in an archive are classes.
#[test]
fn labels_as_words() {
    let bytes = include_bytes!("../words.npz");
    let path = Folder::new();
    let path = path.put("words.npz", bytes);
    let labels = read(&path).labels.unwrap();
    assert_eq!((labels.meaning, labels.words.as_slice()), (Meaning::Class, &["cat".to_string(), "dog é".into()][..]));
    assert_eq!(labels.classes().1, [0, 1, 0, 0]);
}

/// The samples of a table, where its labels are not read.
fn bare(path: &std::path::Path) -> Dataset {
    Dataset::read(path, &Options { reads_labels: false, ..Options::default() }).unwrap()
}

/// Issue row B5: a missing value or a slip in the first sample is refused as in any other line, by its line and column.
#[test]
fn a_defect_in_the_first_line_makes_no_header_of_it() {
    let dir = Folder::new();
    for defect in ["NA", "nan", "", "NULL", "x", "1O"] {
        for line in [1, 6] {
            let row = |i: usize| if i == line { format!("1,{defect},0,1\n") } else { "1,0,0,1\n".to_string() };
            let text: String = (1..=8).map(row).collect();
            dir.refused("defect.csv", text.as_bytes(), &[&format!("line {line}, column 2"), &format!("\"{defect}\"")]);
        }
    }
    dir.refused("comma.csv", b"0,5;1.5\n0,5;0\n", &["line 1, column 1", "decimal comma"]);
    dir.refused("named.csv", b"a,b\n1,nan\n", &["line 2, column 2", "missing"]);
}

/// Issue row B5: numbers that cannot be a sample are names (pandas writes 0, 1, 2 ...), and it is said; those that can
/// be stay samples.
#[test]
fn a_line_of_numeric_names_is_no_sample() {
    let dir = Folder::new();
    let real = Options { real: true, ..Options::default() };
    let read = |text: &str| Dataset::read(&dir.put("n.csv", text.as_bytes()), &real).unwrap();
    let deviates = "-0.3,1.2,0.8,-1.7,0.1\n0.4,-0.6,2.2,0.7,-0.9\n";
    for (head, n) in [("0,1,2,3,4", 2), ("1,2,3,4,5", 2), ("400,450,500,550,600", 2), ("0.3,1.1,-2,0.4,0.5", 3)] {
        let seen = read(&format!("{head}\n{deviates}"));
        assert_eq!((seen.n_samples(), seen.notes.len()), (n, 3 - n), "{head}");
        assert!(n == 3 || seen.notes[0].contains("taken for names"), "{:?}", seen.notes);
    }
    // Bits: 0, 1, 2 is none; 0, 1 might be one, which is said; the index beside it is left out.
    assert_eq!(read("0,1,2\n1,0,1\n0,0,1\n").n_samples(), 2);
    let seen = read("0,1\n1,1\n0,0\n");
    assert!(seen.n_samples() == 3 && seen.notes[0].contains("taken for a sample"), "{:?}", seen.notes);
    let seen = read(",0,1,2\n0,1,0,1\n1,0,0,1\n2,1,1,1\n");
    assert_eq!((seen.values.dim(), seen.notes.len()), ((3, 3), 1), "{:?}", seen.notes);
    // Counts: bytes of grey below 0, 1, 2 ...; a ramp among ramps is a sample.
    assert_eq!(read("0,1,2,3,4\n7,0,3,255,9\n0,0,8,1,1\n").n_samples(), 2);
    assert_eq!(read("0,1,2,3,4\n1,3,5,7,9\n2,3,4,5,6\n").n_samples(), 3);
}

/// Issue row B5: the index of pandas' `to_csv` is no unit, shuffled or not, and it is said.
#[test]
fn a_column_that_numbers_the_rows_is_left_out() {
    let dir = Folder::new();
    let table = |head: &str, index: fn(usize) -> usize| {
        let rows = (0..6).map(|i| format!("{},{},{}\n", index(i), i % 2, (i / 2) % 2));
        dir.put("i.csv", format!("{head}{}", rows.collect::<String>()).as_bytes())
    };
    for (head, index) in [
        (",a,b\n", (|i| i) as fn(usize) -> usize),
        ("Unnamed: 0,a,b\n", |i| i),
        ("\"\",\"a\",\"b\"\n", |i| i + 1),
        ("a,b\n", |i| i + 1),
        (",a,b\n", |i| (i * 5) % 6 + 40),
        (",0,1\n", |i| (i * 5) % 6),
        (",0,1\n", |i| i + 1000),
        ("index,a,b\n", |i| i),
        ("id,a,b\n", |i| (i * 5) % 6 + 1000),
        ("", |i| i),
    ] {
        let seen = bare(&table(head, index));
        assert_eq!((seen.kind, seen.values.dim()), (Kind::Bits, (6, 2)), "{head}");
        assert!(
            seen.notes.iter().any(|n| n.contains("column 1") && n.contains("left out")),
            "{head}: {:?}",
            seen.notes
        );
    }
    // A unit that has no name or counts by chance stays.
    assert_eq!(bare(&table(",a,b\n", |i| i % 2)).n_units(), 3);
    assert_eq!(bare(&dir.put("two.csv", b"a,b\n0,1\n1,1\n")).n_units(), 2);
    // Any name, where they are many.
    let many: String = (0..20).map(|i| format!("{},{}\n", i % 2, (i * 3) % 20 + 50)).collect();
    let seen = bare(&dir.put("many.csv", format!("s0,run\n{many}").as_bytes()));
    assert!(seen.n_units() == 1 && seen.notes.iter().any(|n| n.contains("`run`")), "{:?}", seen.notes);
}

#[test]
fn truth_values_are_bits() {
    let dir = Folder::new();
    for text in ["a,b\nTrue,False\nFalse,False\n", "True,False\nFalse,False\n", "a,b\nTRUE,0\nFALSE,0\n"] {
        let seen = bare(&dir.put("t.csv", text.as_bytes()));
        assert_eq!((seen.kind, seen.values.dim(), seen.values.at(0, 0)), (Kind::Bits, (2, 2), 1.0), "{text}");
        assert!(seen.notes.iter().any(|n| n.contains("True")), "{:?}", seen.notes);
    }
}

/// Issue row B5: labels by their names in any case, words as classes; two candidates are refused, both named.
#[test]
fn columns_of_labels_are_no_units() {
    let dir = Folder::new();
    let read = |text: &str| read(&dir.put("l.csv", text.as_bytes()));
    for (name, meaning) in
        [("Label", Meaning::Class), ("TARGET", Meaning::Class), ("Temperature", Meaning::Temperature)]
    {
        let seen = read(&format!("{name};a;b\n3;1;0\n1;0;1\n"));
        assert!(seen.notes[0].contains(name) && seen.notes[0].contains("labels"), "{:?}", seen.notes);
        let labels = seen.labels.unwrap();
        assert_eq!((seen.values.dim(), labels.meaning, labels.values), ((2, 2), meaning, vec![3.0, 1.0]));
        let left_out = bare(&dir.0.path().join("l.csv"));
        assert!(left_out.labels.is_none() && left_out.n_units() == 2 && left_out.notes[0].contains(name));
    }
    let labels = read("a,b,label\n1,0,dog\n0,1,cat\n1,1,dog\n").labels.unwrap();
    assert_eq!((labels.classes(), labels.name(1.0)), ((vec![0.0, 1.0], vec![1, 0, 1]), "dog".into()));
    // Also with numbers for the other names, and with a name in a remark.
    assert_eq!(read("label,0,1,2\ncat,1,0,1\ndog,0,0,1\n").labels.unwrap().words, ["cat", "dog"]);
    assert_eq!(read("# T s0 s1\n2.5 1 -1\n1.5 -1 -1\n").labels.unwrap().values, [2.5, 1.5]);
    dir.refused("two.csv", b"T,label,a\n1,2,1\n2,2,0\n", &["`T`", "`label`", "--temperatures T", "data.labels"]);
    dir.refused("hot.csv", b"T,a\nhot,1\n", &["line 2, column 1", "hot"]);
    dir.refused("gap.csv", b"label,a\ncat,1\nNA,0\n", &["line 3, column 1", "missing"]);
    dir.refused("alone.csv", b"label\n1\n2\n", &["labels alone"]);
}

/// Issue row B5: the odd value among many is named, not the first that is of another kind.
#[test]
fn the_culprit_is_found_by_majority() {
    let dir = Folder::new();
    let spins = Array2::from_shape_fn((40, 50), |(i, j)| if (i * j) % 3 == 0 { 1i8 } else { -1 });
    let with = |values: &Array2<i8>, v: i8| {
        let mut values = values.clone();
        values[(16, 2)] = v;
        npy(&values)
    };
    dir.refused("spins.npy", &with(&spins, 0), &["row 17, column 3 is 0 among -1 and +1"]);
    let bits = spins.mapv(|s| (s + 1) / 2);
    dir.refused("bits.npy", &with(&bits, -1), &["row 17, column 3 is -1 among 0 and 1"]);
    dir.refused("twos.npy", &with(&bits, 2), &["row 17, column 3 is 2 among 0 and 1", "--scale 2"]);
    // In a table also by its line and by the column of the file.
    let row = |i: usize| format!("1.5,1,-1,{}\n", if i == 16 { 0 } else { 1 });
    let text = format!("T,a,b,c\n{}", (0..40).map(row).collect::<String>());
    dir.refused("spins.csv", text.as_bytes(), &["row 17 (line 18), column 4 is 0 among -1 and +1"]);
}

/// Case p17: aligned columns, blanks at line ends, remarks after numbers, marks of editors: as `numpy.loadtxt` reads
/// them.
#[test]
fn text_is_read_as_numpy_reads_it() {
    let dir = Folder::new();
    let expected = Values::from(arr2(&[[1.0f32, 0.0], [0.0, 1.0]]));
    for (name, text) in [
        ("aligned.txt", "  1  0\n  0  1\n"),
        ("blank.txt", "1 0 \n0 1 \n"),
        ("tabs.txt", "1 \t0\n0 \t 1\t\n"),
        ("remark.txt", "1 0 # first\n# second\n0 1\n"),
        ("mark.csv", "\u{feff}1,0\r\n0,1\r\n"),
        ("mark-names.csv", "\u{feff}a;b\r\n1;0\r\n0;1\r\n"),
        ("quoted.csv", "\"a\",\"b\"\n\"1\",\"0\"\n\"0\",\"1\"\n"),
        ("blanks.csv", "1, 0 \n 0, 1\n"),
        ("trailing.csv", "1,0,\n0,1,\n"),
        ("trailing-names.csv", "a,b,\n1,0,\n0,1,\n"),
        ("trailing-below.csv", "a,b\n1,0,\n0,1,\n"),
        ("trailing-above.csv", "a,b,\n1,0\n0,1\n"),
        ("quoted-comma.csv", "\"a, b\",c\n1,0\n0,1\n"),
        ("r.txt", "\"a\" \"b\"\n\"1\" 1 0\n\"2\" 0 1\n"),
    ] {
        let seen = read(&dir.put(name, text.as_bytes()));
        assert_eq!(seen.values, expected, "{name}: {:?}", seen.notes);
    }
    let seen = read(&dir.put("signed.txt", b" 1 -1\n-1  1\n"));
    assert_eq!((seen.kind, seen.values.dim()), (Kind::Spins, (2, 2)));
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
