//! Promise: `.npy` and `.npz` files are read as NumPy reads them, in any real type and order, and a file that claims
//! what it does not hold is refused in one line, quickly and without memory for the claim.

use ndarray::{Array2, Array3, ArrayD, IxDyn, arr2};
use rgflow_lab::artifact::npy::{self, Header};
use rgflow_lab::artifact::npz;
use std::io::{Cursor, Write};
use std::path::Path;
use zip::write::SimpleFileOptions;

/// An `.npy` file of this version, header and data.
fn file(major: u8, header: &str, data: &[u8]) -> Vec<u8> {
    let length = match major {
        1 => (header.len() as u16).to_le_bytes().to_vec(),
        _ => (header.len() as u32).to_le_bytes().to_vec(),
    };
    [b"\x93NUMPY", &[major, 0][..], &length, header.as_bytes(), data].concat()
}

fn numbers(bytes: &[u8]) -> Result<ArrayD<f64>, String> {
    let mut from = bytes;
    let header = Header::read(&mut from)?;
    let most = from.len() as u64;
    npy::numbers(&header, &mut from, most, |v| v)
}

/// The one line that refuses these bytes; they are refused in every way to read them.
fn refusal(bytes: &[u8]) -> String {
    let line = numbers(bytes).unwrap_err();
    assert!(!line.contains(|c: char| c.is_control()) && line.len() < 500, "{line}");
    let mut from = bytes;
    let array = Header::read(&mut from)
        .and_then(|header| npy::array::<i8, IxDyn>(&header, &mut from, bytes.len() as u64).map(|_| ()));
    assert!(array.is_err(), "{line}");
    line
}

#[test]
fn every_real_type_and_order_is_read() {
    // As NumPy 2 writes [[0, 1, 2], [3, 4, 5]]: version 1 with its last comma, padded to 64.
    let numpy = |dtype: &str, data: &[u8]| {
        let text = format!("{{'descr': '{dtype}', 'fortran_order': False, 'shape': (2, 3), }}");
        file(1, &format!("{text:<117}\n"), data)
    };
    let whole = arr2(&[[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]).into_dyn();
    macro_rules! types {
        ($($code:literal: $t:ty),*) => {$(
            let values = [0, 1, 2, 3, 4, 5].map(|v| v as $t);
            let (little, big) = (values.map(<$t>::to_le_bytes).concat(), values.map(<$t>::to_be_bytes).concat());
            assert_eq!(numbers(&numpy(concat!("<", $code), &little)).unwrap(), whole);
            assert_eq!(numbers(&numpy(concat!(">", $code), &big)).unwrap(), whole);
        )*};
    }
    types!("i1": i8, "u1": u8, "i2": i16, "u2": u16, "i4": i32, "u4": u32, "i8": i64, "u8": u64, "f4": f32, "f8": f64);
    // Half precision: 0, 1, 2 ... 5; the largest, the smallest, infinity and -0.
    let halves = [0x0000u16, 0x3c00, 0x4000, 0x4200, 0x4400, 0x4500];
    assert_eq!(numbers(&numpy("<f2", &halves.map(u16::to_le_bytes).concat())).unwrap(), whole);
    assert_eq!(numbers(&numpy(">f2", &halves.map(u16::to_be_bytes).concat())).unwrap(), whole);
    let extremes = [0x7bffu16, 0x0001, 0x7c00, 0xfc00, 0x3555, 0xbc00];
    let seen = numbers(&numpy("<f2", &extremes.map(u16::to_le_bytes).concat())).unwrap();
    let expected = [65504.0, 2f64.powi(-24), f64::INFINITY, f64::NEG_INFINITY, 0.333251953125, -1.0];
    assert_eq!(seen.into_raw_vec_and_offset().0, expected);
    let bits = numbers(&numpy("|b1", &[0, 1, 1, 0, 0, 1])).unwrap();
    assert_eq!(bits.iter().sum::<f64>(), 3.0);
    assert!(refusal(&numpy("|b1", &[0, 1, 1, 0, 0, 2])).contains("2 among values of the type bool"));
    // int8 stays int8.
    let bytes = numpy("|i1", &[255, 1, 1, 255, 255, 1]);
    let mut from = bytes.as_slice();
    let header = Header::read(&mut from).unwrap();
    let spins: Array2<i8> = npy::array(&header, &mut from, 6).unwrap();
    assert_eq!(spins, arr2(&[[-1, 1, 1], [-1, -1, 1]]));
}

#[test]
fn every_spelling_of_a_header_is_read() {
    let data = [1, 2, 3, 4, 5, 6];
    let (rows, columns) = ([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], [[1.0, 3.0, 5.0], [2.0, 4.0, 6.0]]);
    for (major, header, expected) in [
        (1, "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }          \n", rows),
        (1, "{'descr':'|u1','fortran_order':False,'shape':(2,3)}", rows),
        (2, "{\"shape\": (2, 3,), \"fortran_order\": False, \"descr\": \"u1\"}\n", rows),
        (3, " { 'shape' : ( 2L , 3L ) , 'descr' : '=u1' , 'fortran_order' : True , } \n", columns),
    ] {
        assert_eq!(numbers(&file(major, header, &data)).unwrap(), arr2(&expected).into_dyn(), "{header}");
    }
    // No dimension: one value. No values: none.
    let scalar = numbers(&file(1, "{'descr': '|u1', 'fortran_order': False, 'shape': (), }", &[7])).unwrap();
    assert_eq!((scalar.ndim(), scalar.sum()), (0, 7.0));
    for shape in ["(0,)", "(3, 0)", "(0, 9223372036854775807)"] {
        let header = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}");
        assert!(numbers(&file(1, &header, &[])).unwrap().is_empty(), "{shape}");
    }
}

#[test]
fn other_headers_are_refused_at_once() {
    let start = std::time::Instant::now();
    let with = |descr: &str, shape: &str| {
        file(1, &format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}"), &[0; 24])
    };
    let nested = format!("{}{}", "[".repeat(30_000), "]".repeat(30_000));
    for (bytes, part) in [
        (with(&nested, "(2, 3)"), "save one of its fields"),
        (with(&"[".repeat(60_000), "(2, 3)"), "open bracket"),
        (with("'|u1'", &format!("{}2{}", "(".repeat(30_000), ",)".repeat(15_000))), "extent"),
        (with("[('x', '<f4'), ('y', '<f4')]", "(3,)"), "[('x', '<f4'), ('y', '<f4')]"),
        (with("[('\\x1b[31m', '<f4')]", "(3,)"), "save one of its fields"),
        (with("'|O'", "(3,)"), "|O"),
        (with("'<U6'", "(1,)"), "<U6"),
        (with("'<c8'", "(3,)"), "<c8"),
        (with("'<f16'", "(1,)"), "<f16"),
        (with("''", "(3,)"), "type"),
        (with("'é1'", "(3,)"), "é1"),
        (with("'<\u{1b}[31m'", "(3,)"), "text"),
        (with("'|u1'", "(-2, 3)"), "extent `-2"),
        (with("'|u1'", "(2.0, 3)"), "where `)` belongs"),
        (with("'|u1'", "(9**9, 3)"), "where `)` belongs"),
        (with("'|u1'", "[2, 3]"), "where `(` belongs"),
        (with("'|u1'", "(99999999999999999999, 3)"), "extent"),
        (with("'|u1'", "(9999999999, 9999999999)"), "too many"),
        (with("'|u1'", &format!("({})", "1,".repeat(65))), "65 dimensions"),
        (with("'|u1'", "(1000000000, 1000000)"), "claims the shape"),
        (with("'<f8'", "(2305843009213693951,)"), "claims the shape"),
        (with("'|u1'", "(5, 5)"), "claims the shape"),
        (with("'|u1'", "(2, 3)"), "goes on behind the values"),
        (file(1, "{'descr': '|u1', 'shape': (24,)}", &[0; 24]), "no `fortran_order`"),
        (file(1, "{'descr': '|u1', 'descr': '|u1'}", &[]), "twice"),
        (file(1, "{'descr': '|u1', 'size': 3}", &[]), "unknown key `size`"),
        (file(1, "{'descr': '|u1', 'fortran_order': 1, 'shape': ()}", &[0]), "where `False` belongs"),
        (file(1, "{'descr': '|u1', 'fortran_order': False, 'shape': ()} 1", &[0]), "behind its dictionary"),
        (file(1, "", &[]), "where `{` belongs"),
        (file(4, "{}", &[]), "version 4.0"),
        (b"\x93NUMPY\x02\x00\xff\xff\xff\xff{}".to_vec(), "4294967295"),
        (b"\x93NUMPY\x01\x00\xff\xff{}".to_vec(), "within its header"),
        (b"\x93NUMP".to_vec(), "within its header"),
        (b"PK\x03\x04 is another kind".to_vec(), "does not begin"),
    ] {
        let line = refusal(&bytes);
        assert!(line.contains(part), "{line} lacks {part}");
    }
    // A second for all of them would be far too long; unoptimised on a busy machine it must do.
    assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
}

/// An archive of packed files.
fn packed(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        archive.start_file(*name, SimpleFileOptions::default()).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

fn spins(shape: (usize, usize)) -> Vec<u8> {
    let mut bytes = Vec::new();
    npy::write(&mut bytes, &Array2::<i8>::ones(shape)).unwrap();
    bytes
}

fn open(bytes: Vec<u8>) -> Result<npz::Reader<Cursor<Vec<u8>>>, String> {
    npz::Reader::of(Path::new("a.npz"), Cursor::new(bytes)).map_err(|e| e.to_string())
}

/// Where the entry of the central directory that is `k`-th begins.
fn directory(archive: &[u8], k: usize) -> usize {
    let starts = (0..archive.len() - 4).filter(|at| archive[*at..].starts_with(b"PK\x01\x02"));
    starts.into_iter().nth(k).unwrap()
}

#[test]
fn archives_that_lie_are_refused() {
    let whole = packed(&[("spins.npy", &spins((80, 16))), ("T.npy", &spins((1, 1)))]);
    let mut file = open(whole.clone()).unwrap();
    assert_eq!(file.names(), ["spins", "T"]);
    assert_eq!(file.array::<i8, IxDyn>("spins").unwrap().len(), 1280);
    let write = |at: usize, value: u32| {
        let mut bytes = whole.clone();
        bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
        bytes
    };
    let first = directory(&whole, 0);
    let refused = |bytes: Vec<u8>, part: &str| {
        let line = match open(bytes) {
            Ok(mut file) => file.array::<i8, IxDyn>("spins").unwrap_err().to_string(),
            Err(line) => line,
        };
        assert!(line.contains("a.npz") && line.contains(part) && line.lines().count() == 1, "{line}");
    };
    // The packed size (and both), the size alone, the checksum, the place.
    let mut both = write(first + 20, u32::MAX - 1);
    both[first + 24..first + 28].copy_from_slice(&(u32::MAX - 1).to_le_bytes());
    refused(both, "overlap or reach beyond");
    refused(write(first + 24, u32::MAX - 1), "which no samples are");
    refused(write(first + 24, 1000), "claims the shape [80, 16]");
    refused(write(first + 16, 7), "checksum");
    refused(write(directory(&whole, 1) + 42, 0), "overlap");
    refused(whole[..whole.len() - 30].to_vec(), "not a readable npz");
    // Names of equal length for one entry; two arrays of one name.
    let twice = packed(&[("spins.npy", &spins((2, 2))), ("spinz.npy", &spins((2, 2)))]);
    let at = directory(&twice, 1) + 46;
    let mut same = twice.clone();
    same[at + 4] = b's';
    let at = twice.windows(9).position(|w| w == b"spinz.npy").unwrap();
    same[at + 4] = b's';
    refused(same, "same name");
}

#[test]
fn a_bomb_is_refused_before_it_is_unpacked() {
    // 300 MB of zeros in 300 kB. Written in pieces; its header is honest.
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    archive.start_file("spins.npy", SimpleFileOptions::default()).unwrap();
    let header = b"{'descr': '|i1', 'fortran_order': False, 'shape': (300, 1000000), }";
    archive.write_all(b"\x93NUMPY\x01\x00").unwrap();
    archive.write_all(&[&(header.len() as u16).to_le_bytes(), &header[..]].concat()).unwrap();
    let piece = vec![0; 1_000_000];
    (0..300).for_each(|_| archive.write_all(&piece).unwrap());
    let bytes = archive.finish().unwrap().into_inner();
    assert!(bytes.len() < 1_000_000);
    let start = std::time::Instant::now();
    let mut file = open(bytes).unwrap();
    let line = file.array::<i8, IxDyn>("spins").unwrap_err().to_string();
    assert!(line.contains("`spins`: the archive claims 300"), "{line}");
    assert!(start.elapsed().as_millis() < 500, "{:?}", start.elapsed());
}

#[test]
fn inspecting_reads_headers_alone() {
    // Values that are not there cost nothing and are not missed.
    let header = "{'descr': '<f8', 'fortran_order': False, 'shape': (1000000, 1000), }";
    let bytes = packed(&[("huge.npy", &file(1, header, &[0; 8])), ("T.npy", &spins((3, 1)))]);
    let mut archive = open(bytes).unwrap();
    let shapes: Vec<_> = archive.describe().unwrap().into_iter().map(|d| d.shape).collect();
    assert_eq!(shapes, [vec![1_000_000, 1000], vec![3, 1]]);
    assert!(archive.numbers("huge", |v| v).unwrap_err().to_string().contains("claims the shape"));
}

#[test]
fn bytes_are_those_of_earlier_versions() {
    let mut file = npz::Writer::new();
    file.add("spins", &Array3::<i8>::from_shape_fn((2, 3, 4), |(i, j, k)| if (i + j + k) % 2 == 0 { 1 } else { -1 }))
        .unwrap();
    file.add("turned", &arr2(&[[1.0_f32, 2.0, 3.0], [4.0, 5.0, 6.0]]).reversed_axes()).unwrap();
    file.add("n", &ndarray::arr0(7_u64)).unwrap();
    file.add("strided", &arr2(&[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]).slice(ndarray::s![.., ..;2])).unwrap();
    file.add("bits", &ndarray::arr1(&[true, false])).unwrap();
    let hash = blake3::hash(&file.finish().unwrap()).to_hex().to_string();
    assert_eq!(hash, "4aebbb760592ffac6acba28c656cde7b45c9b628a396f520072100dc558bf1e9");
}

/// `bytes` of an archive of one array, with its sizes in the 64-bit extension, as NumPy writes arrays beyond 4 GiB.
fn with_64_bit_sizes(mut bytes: Vec<u8>) -> Vec<u8> {
    let last = |bytes: &[u8], sign: &[u8]| bytes.windows(4).rposition(|w| w == sign).unwrap();
    let at = last(&bytes, b"PK\x01\x02");
    let read = |bytes: &[u8], at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
    let size = |at: usize| u64::from(u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()));
    let sizes = [size(at + 24), size(at + 20)];
    let extra: Vec<u8> = [&[1, 0, 16, 0][..], &sizes[0].to_le_bytes(), &sizes[1].to_le_bytes()].concat();
    bytes[at + 20..at + 28].fill(0xff);
    let length = read(&bytes, at + 30) + extra.len() as u16;
    bytes[at + 30..at + 32].copy_from_slice(&length.to_le_bytes());
    let behind_name = at + 46 + usize::from(read(&bytes, at + 28));
    bytes.splice(behind_name..behind_name, extra.iter().copied());
    let end = last(&bytes, b"PK\x05\x06");
    let directory = u32::from_le_bytes(bytes[end + 12..end + 16].try_into().unwrap()) + extra.len() as u32;
    bytes[end + 12..end + 16].copy_from_slice(&directory.to_le_bytes());
    bytes
}

/// Archives with the 64-bit extension are read whatever their size, and what they claim is held against what they hold.
#[test]
fn archives_of_64_bit_sizes_are_read() {
    let array = arr2(&[[1i8, -1, 1], [-1, -1, 1]]);
    let mut file = npz::Writer::new();
    file.add("spins", &array).unwrap();
    let bytes = with_64_bit_sizes(file.finish().unwrap());
    let read = |bytes: &[u8]| {
        let mut file = npz::Reader::of(Path::new("large.npz"), Cursor::new(bytes.to_vec()))?;
        file.array::<i8, ndarray::Ix2>("spins")
    };
    assert_eq!(read(&bytes).unwrap(), array);
    // The packed or the unpacked size of more than any file has.
    let at = bytes.windows(4).rposition(|w| w == [1, 0, 16, 0]).unwrap() + 4;
    for k in [at, at + 8] {
        let mut lie = bytes.clone();
        lie[k..k + 8].copy_from_slice(&(1u64 << 50).to_le_bytes());
        assert!(read(&lie).is_err());
    }
}
