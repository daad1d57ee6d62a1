//! Promise: a file packed by gzip is read as what is in it, whatever its name, and one that is cut short, damaged or no
//! gzip at all is refused in one line, never by a panic.

use flate2::write::GzEncoder;
use ndarray::Array2;
use rgflow_lab::artifact::npy;
use rgflow_lab::dataset::{Dataset, Options, Values};
use std::io::Write;
use std::path::Path;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut to = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    to.write_all(bytes).unwrap();
    to.finish().unwrap()
}

/// The samples in a file of these bytes, or the message, which is one line.
fn read(dir: &Path, name: &str, bytes: &[u8]) -> Result<Values, String> {
    let path = dir.join(name);
    std::fs::write(&path, bytes).unwrap();
    let found = Dataset::read(&path, &Options::default()).map(|data| data.values).map_err(|e| e.to_string());
    if let Err(message) = &found {
        assert!(!message.contains('\n') && message.contains(name), "{name}: {message}");
    }
    found
}

const TEXT: &[u8] = b"1,-1,1\n-1,1,1\n1,1,-1\n-1,-1,1\n";

fn array() -> Vec<u8> {
    let mut bytes = Vec::new();
    npy::write(&mut bytes, &Array2::from_shape_fn((64, 16), |(i, j)| if (i * i + 3 * j) % 5 < 2 { 1i8 } else { -1 }))
        .unwrap();
    bytes
}

#[test]
fn the_bytes_say_whether_a_file_is_packed() {
    let dir = tempfile::tempdir().unwrap();
    let read = |name: &str, bytes: &[u8]| read(dir.path(), name, bytes);
    let plain = read("plain.csv", TEXT).unwrap();
    assert_eq!(read("a.csv.gz", &gzip(TEXT)).unwrap(), plain);
    // Packed without the ending, the ending without packing, the ending in capitals.
    assert_eq!(read("a.csv", &gzip(TEXT)).unwrap(), plain);
    assert_eq!(read("b.csv.gz", TEXT).unwrap(), plain);
    assert_eq!(read("c.CSV.GZ", &gzip(TEXT)).unwrap(), plain);
    // Members one after the other are one text.
    let (first, rest) = TEXT.split_at(9);
    assert_eq!(read("members.csv.gz", &[gzip(first), gzip(b""), gzip(rest)].concat()).unwrap(), plain);
    // An array with the ending of a text is none, and a picture is no samples.
    assert!(read("array.csv.gz", &gzip(&array())).unwrap_err().contains("no text in UTF-8"));
    assert!(read("text.npy.gz", &gzip(TEXT)).is_err());
    assert!(read("picture.png.gz", &gzip(b"\x89PNG")).is_err());
    // Packed twice.
    assert!(read("twice.csv.gz", &gzip(&gzip(TEXT))).is_err());
}

#[test]
fn a_file_that_is_cut_short_is_refused_wherever_it_ends() {
    let dir = tempfile::tempdir().unwrap();
    let (text, array) = (gzip(TEXT), gzip(&array()));
    for (name, whole) in [("a.csv.gz", &text), ("a.npy.gz", &array)] {
        for length in 2..whole.len() {
            let message = read(dir.path(), name, &whole[..length]).unwrap_err();
            assert!(message.contains("damaged gzip") && message.contains("write it again"), "{length}: {message}");
        }
    }
    let behind = [&text[..], b"and more"].concat();
    assert!(read(dir.path(), "behind.csv.gz", &behind).unwrap_err().contains("damaged gzip"));
}

/// 3000 files of which one to four bytes are others, or that are cut, with a fixed seed: the checksum finds damage, and
/// a header that is damaged is refused; what is read is then the same as without, as after a change of the date.
#[test]
fn damaged_bytes_are_refused_and_never_panic() {
    let dir = tempfile::tempdir().unwrap();
    let mut state = 26u64;
    let mut random = |n: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % n
    };
    let (text, array) = (gzip(TEXT), gzip(&array()));
    let (mut refused, mut same) = (0, 0);
    for (name, whole) in [("a.csv.gz", &text), ("a.npy.gz", &array)] {
        let expected = read(dir.path(), name, whole).unwrap();
        for _ in 0..1500 {
            let mut bytes = whole.clone();
            for _ in 0..=random(4) {
                let at = random(bytes.len());
                bytes[at] = random(256) as u8;
            }
            bytes.truncate(bytes.len() - if random(4) == 0 { random(bytes.len()) } else { 0 });
            match read(dir.path(), name, &bytes) {
                Ok(found) => {
                    assert_eq!(found, expected, "{name}: damage was not seen: {bytes:?}");
                    same += 1;
                }
                Err(_) => refused += 1,
            }
        }
    }
    assert!(refused > 2000 && same > 50, "{refused} refused, {same} as before");
}
