//! Promise: `docs/layouts.md` shows what becomes of every layout of data, in the words of `rgflow inspect`. The table
//! is made here and compared; the test prints the right one where it differs.

use crate::common::place::Place;
use flate2::Compression;
use flate2::write::GzEncoder;
use ndarray::{Array1, Array2, Array3, Array4, arr1, arr2};
use rgflow_lab::artifact::npy::{self, Element};
use std::io::Write;

/// A row: the layout in words, files with their content, flags.
type Row = (&'static str, Vec<(&'static str, Vec<u8>)>, &'static str);

fn npy<T: Element, D: ndarray::Dimension>(array: &ndarray::Array<T, D>) -> Vec<u8> {
    let mut bytes = Vec::new();
    npy::write(&mut bytes, array).unwrap();
    bytes
}

/// An archive of NumPy with these members.
fn npz(members: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut file = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in members {
        file.start_file(format!("{name}.npy"), zip::write::SimpleFileOptions::default()).unwrap();
        file.write_all(bytes).unwrap();
    }
    file.finish().unwrap().into_inner()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut to = GzEncoder::new(Vec::new(), Compression::fast());
    to.write_all(bytes).unwrap();
    to.finish().unwrap()
}

fn idx(shape: &[u32], values: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, shape.len() as u8];
    shape.iter().for_each(|n| bytes.extend(n.to_be_bytes()));
    bytes.extend(values);
    bytes
}

/// An array of NumPy of any type, by its bytes.
fn raw(dtype: &str, shape: &str, values: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{dtype}', 'fortran_order': False, 'shape': ({shape}), }}\n");
    [b"\x93NUMPY\x01\x00", &(header.len() as u16).to_le_bytes()[..], header.as_bytes(), values].concat()
}

fn spin(i: usize) -> i8 {
    if (i * i + i / 3).is_multiple_of(2) { 1 } else { -1 }
}

fn spins(n: usize, units: usize) -> Array2<i8> {
    Array2::from_shape_fn((n, units), |(i, j)| spin(units * i + j))
}

fn text(lines: &str) -> Vec<u8> {
    lines.as_bytes().to_vec()
}

/// Arrays of NumPy.
fn arrays() -> Vec<Row> {
    let x = || npy(&spins(6, 4));
    let pictures = || Array3::from_shape_fn((6, 2, 2), |(n, i, j)| spin(4 * n + 2 * i + j));
    let blocks = || npy(&Array4::from_shape_fn((3, 8, 2, 2), |(t, n, i, j)| spin(t + 7 * n + 3 * i + j)));
    let bytes = || npy(&arr2(&[[0u8, 255], [254, 3], [17, 128], [0, 90]]));
    let half: Vec<u8> = [0x3c00u16, 0xbc00, 0xbc00, 0x3c00].into_iter().flat_map(u16::to_le_bytes).collect();
    vec![
        ("`.npy` (samples, units) of -1 and +1", vec![("a.npy", x())], ""),
        ("of 0 and 1", vec![("a.npy", npy(&spins(6, 4).mapv(|s| u8::from(s > 0))))], ""),
        ("`bool`", vec![("a.npy", raw("|b1", "4, 2", &[1, 0, 0, 1, 1, 1, 0, 1]))], ""),
        ("in [0, 1]", vec![("a.npy", npy(&arr2(&[[0.25, 1.0], [0.0, 0.5], [0.75, 1.0], [0.5, 0.5]])))], ""),
        ("bytes of grey", vec![("a.npy", bytes())], ""),
        ("bytes of grey", vec![("a.npy", bytes())], "--scale 255"),
        ("any real numbers", vec![("a.npy", npy(&arr2(&[[-3.5, 20.25], [0.5, 7.0], [1.5, 2.5], [0.0, -1.0]])))], ""),
        ("spin 1", vec![("a.npy", npy(&arr2(&[[-1i8, 0, 1], [1, 0, -1], [0, 0, 1], [1, 1, 0]])))], ""),
        ("Potts states 1, 2, 3", vec![("a.npy", npy(&arr2(&[[1i8, 3, 2], [2, 2, 1], [3, 1, 1], [1, 2, 3]])))], ""),
        ("two values 1 and 2", vec![("a.npy", npy(&arr2(&[[1i8, 2], [2, 2], [2, 1], [1, 1]])))], ""),
        ("XY angles", vec![("a.npy", npy(&angles()))], ""),
        ("the same sample again and again", vec![("a.npy", npy(&Array2::from_elem((6, 4), 1i8)))], ""),
        ("`float16`", vec![("a.npy", raw("<f2", "4, 1", &half))], ""),
        ("(samples, rows, columns)", vec![("a.npy", npy(&pictures()))], ""),
        ("(temperatures, n, rows, columns)", vec![("a.npy", blocks())], ""),
        ("(temperatures, n, rows, columns)", vec![("a.npy", blocks())], "--temperatures 1,2,3"),
        ("(temperatures, n, rows, columns)", vec![("a.npy", blocks())], "--shape 2,2"),
        ("equal blocks of samples", vec![("a.npy", x())], "--temperatures 1.5,2.5,3.5"),
        ("all of one temperature", vec![("a.npy", x())], "--temperatures 2.25"),
        ("one dimension", vec![("a.npy", npy(&arr1(&[1i8, -1, 1])))], ""),
        ("complex numbers", vec![("a.npy", raw("<c16", "1, 1", &[0; 16]))], ""),
        ("NaN among the values", vec![("a.npy", npy(&arr2(&[[1.0, f64::NAN], [-1.0, 1.0]])))], ""),
        ("a wrong value among spins", vec![("a.npy", npy(&spins(6, 4).mapv(f64::from).map_first(0.5)))], ""),
    ]
}

/// Angles in [0, 2 pi) that fill it evenly.
fn angles() -> Array2<f32> {
    Array2::from_shape_fn((20, 8), |(i, j)| std::f32::consts::TAU * ((8 * i + j) as f32 * 0.618_034).fract())
}

/// The array with another first value.
trait MapFirst {
    fn map_first(self, value: f64) -> Self;
}

impl MapFirst for Array2<f64> {
    fn map_first(mut self, value: f64) -> Self {
        self[(0, 0)] = value;
        self
    }
}

/// Archives of NumPy: labels by name, number and place.
fn archives() -> Vec<Row> {
    let x = || npy(&spins(6, 4));
    let t = || npy(&arr1(&[1.5, 1.5, 2.5, 2.5, 3.5, 3.5]));
    let with = |name: &str, labels: Vec<u8>| vec![("a.npz", npz(&[("spins", x()), (name, labels)]))];
    let words: Vec<u8> = "catdogcatdogcatdog".chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
    let one_hot = Array2::from_shape_fn((6, 3), |(i, j)| u8::from(i % 3 == j));
    vec![
        ("`.npz` with `T`", with("T", t()), ""),
        ("with `beta`", with("beta", npy(&arr1(&[0.5, 0.5, 0.25, 0.25, 0.0, 0.0]))), ""),
        ("with `labels`", with("labels", npy(&arr1(&[3, 1, 4, 1, 4, 3]))), ""),
        ("with labels that are words", with("labels", raw("<U3", "6,", &words)), ""),
        ("with one-hot labels", with("y", npy(&one_hot)), ""),
        ("with labels of shape (n, 1)", with("y", npy(&arr2(&[[3], [1], [4], [1], [4], [3]]))), ""),
        ("with temperatures of another name", with("theta", t()), ""),
        ("with temperatures of another name", with("theta", t()), "--temperatures theta"),
        ("with temperatures of another name, mistyped", with("theta", t()), "--temperatures thet"),
        ("`x_train`, `y_train`", vec![("a.npz", npz(&[("x_train", x()), ("y_train", t())]))], ""),
        ("`numpy.savez(file, x, y)`", vec![("a.npz", npz(&[("arr_0", x()), ("arr_1", t())]))], ""),
        ("two arrays of samples", vec![("a.npz", npz(&[("a", x()), ("b", x())]))], ""),
        ("two arrays of samples", vec![("a.npz", npz(&[("a", x()), ("b", x())]))], "--array b"),
        (
            "`T` and `beta` that contradict each other",
            vec![("a.npz", npz(&[("x", x()), ("T", t()), ("beta", t())]))],
            "",
        ),
        ("fewer labels than samples", with("T", npy(&Array1::from(vec![1.5, 2.5]))), ""),
    ]
}

/// Real numbers with a column of whole ones.
const REAL: &str = "0.25,-1.5,0\n1.75,0.5,1\n-2.5,2.25,1\n0.5,0.75,0\n-0.25,1.25,1\n2.5,-0.5,0\n";

/// Text, IDX, packed and several files, and files of other programs.
fn others() -> Vec<Row> {
    let images = || idx(&[4, 1, 2], &[0, 255, 255, 0, 128, 0, 0, 7]);
    vec![
        ("`.csv` with a header", vec![("a.csv", text("T,a,b\n1.5,1,-1\n1.5,-1,1\n2.5,1,1\n2.5,-1,1\n"))], ""),
        ("without", vec![("a.csv", text("1,-1\n-1,1\n1,1\n-1,-1\n"))], ""),
        (
            "without, the label in column 3",
            vec![("a.csv", text("1,-1,cat\n-1,1,dog\n1,1,cat\n1,-1,dog\n"))],
            "--labels 3",
        ),
        ("with the index of pandas", vec![("a.csv", text(",a,b\n0,1,-1\n1,-1,1\n2,1,1\n3,-1,-1\n"))], ""),
        ("tabs", vec![("a.tsv", text("label\ta\tb\ncat\t1\t0\ndog\t0\t1\ncat\t1\t1\ndog\t0\t0\n"))], ""),
        ("blanks, remarks", vec![("a.dat", text("# sweep 1\n 1 -1  1\n-1  1 -1\n 1  1  1\n-1 -1 -1\n"))], ""),
        (
            "semicolons, decimal commas",
            vec![("a.csv", text("T;a;b\n1,5;0,25;0,5\n1,5;0,5;0,5\n2,5;0,75;1\n2,5;0;1\n"))],
            "",
        ),
        ("`True` and `False`", vec![("a.csv", text("a,b\nTrue,False\nFalse,True\nTrue,True\nFalse,False\n"))], ""),
        ("bits without separators", vec![("a.txt", text("0110\n1001\n1100\n0011\n"))], ""),
        ("signs without separators", vec![("a.txt", text("+--+\n-++-\n++--\n--++\n"))], ""),
        ("a label behind bits, without names", vec![("a.csv", text("1,0,1,7\n0,1,1,3\n1,1,0,7\n0,0,1,3\n"))], ""),
        (
            "a label behind bits, without names",
            vec![("a.csv", text("1,0,1,7\n0,1,1,3\n1,1,0,7\n0,0,1,3\n"))],
            "--labels 4",
        ),
        ("a label behind real numbers, without names", vec![("a.csv", text(REAL))], ""),
        ("a label behind real numbers, without names", vec![("a.csv", text(REAL))], "--labels 3"),
        ("a word among the values", vec![("a.csv", text("a,b\n1,-1\n1,x\n"))], ""),
        ("a line too short", vec![("a.csv", text("a,b,c\n1,-1,1\n1,1\n"))], ""),
        ("two columns of labels", vec![("a.csv", text("T,label,a\n2,1,1\n4,2,-1\n"))], ""),
        ("packed by gzip", vec![("a.csv.gz", gzip(b"T,a,b\n1.5,1,-1\n1.5,-1,1\n2.5,1,1\n2.5,-1,1\n"))], ""),
        ("IDX", vec![("images-idx3-ubyte", images())], ""),
        ("IDX", vec![("images-idx3-ubyte", images())], "--scale 255"),
        (
            "IDX with its labels beside it",
            vec![("images-idx3-ubyte", images()), ("labels-idx1-ubyte", idx(&[4], &[7, 3, 7, 1]))],
            "--scale 255",
        ),
        ("`.h5`", vec![("a.h5", text("x"))], ""),
        ("`.pt`", vec![("a.pt", text("x"))], ""),
        ("`.json`", vec![("a.json", text("[[1, -1], [-1, 1]]"))], ""),
    ]
}

/// The line of `inspect` on the first file.
fn outcome(row: &Row) -> String {
    let place = Place::new();
    for (name, bytes) in &row.1 {
        std::fs::write(place.path(name), bytes).unwrap();
    }
    let name = row.1[0].0;
    let out = place.run(&format!("inspect {name} --json {}", row.2));
    if !out.status.success() {
        let said = String::from_utf8(out.stderr).unwrap();
        assert_eq!((out.status.code(), said.lines().count()), (Some(2), 1), "{said}");
        return format!("refused: {}", said.trim_end().replace("error: ", ""));
    }
    let found: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    if let Some(why) = found["no_samples"].as_str() {
        return format!("refused: {why}");
    }
    let found = &found["samples"];
    let word = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), String::from);
    let list =
        |value: &serde_json::Value, by: &str| value.as_array().unwrap().iter().map(&word).collect::<Vec<_>>().join(by);
    let mut parts =
        vec![format!("{} samples of {}", found["samples"], list(&found["shape"], " x ")), word(&found["values"])];
    if let Some(all) = found["labels"]["all"].as_array() {
        let labels: Vec<String> = all.iter().map(|label| word(&label["label"])).collect();
        parts.push(format!("{} {}", word(&found["labels"]["meaning"]), labels.join(", ")));
    }
    let notes = found["notes"].as_array().unwrap().iter().map(|note| format!("note: {}", word(note)));
    let notes = notes.chain(found["warning"].as_str().map(|warning| format!("warning: {warning}")));
    let refusal = found["train_rbm"].as_str().map(|why| format!("`train rbm` refuses: {why}"));
    parts.into_iter().chain(notes).chain(refusal).collect::<Vec<_>>().join("; ")
}

#[test]
fn the_table_of_layouts_is_true() {
    let mut table = String::from("| file | flags | outcome |\n|---|---|---|\n");
    for row in [arrays(), archives(), others()].concat() {
        let flags = if row.2.is_empty() { String::new() } else { format!("`{}`", row.2) };
        table += &format!("| {} | {flags} | {} |\n", row.0, outcome(&row).replace('|', "\\|"));
    }
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/layouts.md");
    let page = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(page.contains(&table), "docs/layouts.md must show\n\n{table}");
}
