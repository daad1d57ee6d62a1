//! Content of a user's file: its format, by name or first bytes, and its bytes, unpacked where gzip packed them.

use super::KINDS;
use super::foreign;
use crate::artifact::memory::{self, Need};
use crate::artifact::{Error, user_file};
use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::Path;

/// Formats of samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Npy,
    Npz,
    Text,
    Idx,
}

/// Anything that can be read twice.
pub(super) trait Readable: Read + Seek {}
impl<T: Read + Seek> Readable for T {}

enum Bytes {
    File(File),
    Memory(Vec<u8>),
}

/// A user's file of samples, opened.
pub(super) struct Content {
    pub format: Format,
    /// Hash of the bytes of the file.
    pub hash: String,
    bytes: Bytes,
}

/// First bytes of gzip.
const GZIP: [u8; 2] = [0x1f, 0x8b];
const REMEDY: &str = "give fewer samples at a time";
/// Bytes unpacked between two looks at the free memory.
const PIECE: u64 = 32 << 20;
/// Bytes beyond which a file may not unpack to more than [`RATIO`] times its own: samples of states reach 20, as
/// numbers of eight bytes 50, and what reaches 1000 is a file of zeros.
const SMALL: u64 = 256 << 20;
const RATIO: u64 = 100;

impl Content {
    /// Opens `path`. A packed file is unpacked into memory, as far as there is any.
    ///
    /// # Errors
    /// [`Error::User`] of one line, if it cannot be read or its format is unknown.
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let file = user_file::open(path, KINDS)?;
        let hash = user_file::hash(path, &file)?.to_hex().to_string();
        let start = first(path, &mut &file)?;
        let bytes = if start.starts_with(&GZIP) { Bytes::Memory(unpacked(path, &file)?) } else { Bytes::File(file) };
        let start = match &bytes {
            Bytes::Memory(bytes) => bytes[..bytes.len().min(4)].to_vec(),
            Bytes::File(_) => start,
        };
        let format = format(path, &start)
            .ok_or_else(|| Error::user(format!("{}: {}", path.display(), foreign::remedy(path))))?;
        Ok(Self { format, hash, bytes })
    }

    /// A reader at the first byte.
    pub(super) fn reader(&self) -> Result<BufReader<Box<dyn Readable + '_>>, Error> {
        let inner: Box<dyn Readable + '_> = match &self.bytes {
            Bytes::File(file) => {
                let mut file = file;
                file.rewind().map_err(|e| Error::user(e.to_string()))?;
                Box::new(file)
            }
            Bytes::Memory(bytes) => Box::new(Cursor::new(bytes.as_slice())),
        };
        Ok(BufReader::new(inner))
    }

    /// Number of bytes.
    pub(super) fn len(&self) -> u64 {
        match &self.bytes {
            Bytes::File(file) => file.metadata().map_or(0, |file| file.len()),
            Bytes::Memory(bytes) => bytes.len() as u64,
        }
    }

    /// All bytes; `path` is for messages.
    pub(super) fn into_bytes(self, path: &Path) -> Result<Vec<u8>, Error> {
        match self.bytes {
            Bytes::File(_) => user_file::read(path, KINDS),
            Bytes::Memory(bytes) => Ok(bytes),
        }
    }
}

/// The first four bytes, or fewer; the file is rewound.
fn first(path: &Path, file: &mut &File) -> Result<Vec<u8>, Error> {
    let mut start = Vec::new();
    let read = file.by_ref().take(4).read_to_end(&mut start).and_then(|_| file.seek(SeekFrom::Start(0)));
    read.map_err(|e| Error::user(format!("{}: cannot be read: {e}; is it yours?", path.display())))?;
    Ok(start)
}

/// The content of a file of gzip.
fn unpacked(path: &Path, file: &File) -> Result<Vec<u8>, Error> {
    let packed = file.metadata().map_or(0, |file| file.len());
    let most = SMALL.max(packed.saturating_mul(RATIO));
    let mut from = flate2::read::MultiGzDecoder::new(BufReader::new(file));
    let mut all = Vec::new();
    loop {
        if all.len() as u64 > most {
            return Err(Error::user(format!(
                "{}: unpacks to more than {RATIO} times its {}: is it of samples? If it is, unpack it (gunzip) and \
                 give the file that comes out",
                path.display(),
                memory::size(packed.into())
            )));
        }
        let what =
            format!("{}: what is unpacked of it, {} and more,", path.display(), memory::size(all.len() as u128 + 1));
        // A growing vector is copied once.
        memory::need(&[Need { bytes: all.len() as u128 + u128::from(PIECE), what, remedy: REMEDY }])?;
        let read = from.by_ref().take(PIECE).read_to_end(&mut all);
        let n = read.map_err(|e| Error::user(format!("{}: damaged gzip ({e}); write it again", path.display())))?;
        if (n as u64) < PIECE {
            return Ok(all);
        }
    }
}

/// Name without the ending `.gz`.
pub(super) fn without_gz(name: &str) -> &str {
    let cut = name.len().saturating_sub(3);
    if name.get(cut..).is_some_and(|end| end.eq_ignore_ascii_case(".gz")) { &name[..cut] } else { name }
}

/// Whether the name of the file `path`, or its first bytes, are of a known format.
pub(super) fn is_known(path: &Path) -> bool {
    let start = File::open(path).ok().and_then(|file| first(path, &mut &file).ok());
    format(path, &start.unwrap_or_default()).is_some()
}

/// Format by the ending of the name, or by the first bytes `start` where the ending says nothing.
fn format(path: &Path, start: &[u8]) -> Option<Format> {
    let name = path.file_name().map(|name| name.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    let name = without_gz(&name);
    let by_name = match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "npy" => Some(Format::Npy),
        "npz" => Some(Format::Npz),
        "csv" | "tsv" | "txt" | "dat" => Some(Format::Text),
        "idx" | "ubyte" | "idx1-ubyte" | "idx3-ubyte" => Some(Format::Idx),
        _ if name.ends_with("-ubyte") => Some(Format::Idx),
        _ => None,
    };
    by_name.or_else(|| match start {
        [0x93, b'N', b'U', b'M'] => Some(Format::Npy),
        [b'P', b'K', 3, 4] if foreign::is_unknown(name) => Some(Format::Npz),
        [0, 0, 8..=14, 1..=8] => Some(Format::Idx),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_found_by_name_or_first_bytes() {
        for (name, start, expected) in [
            ("a.NPY", &b""[..], Some(Format::Npy)),
            ("a.npy.gz", b"", Some(Format::Npy)),
            ("a.csv.GZ", b"", Some(Format::Text)),
            ("train-images-idx3-ubyte", b"", Some(Format::Idx)),
            ("train-images.idx3-ubyte.gz", b"", Some(Format::Idx)),
            ("samples", &[0, 0, 8, 3], Some(Format::Idx)),
            ("samples", b"\x93NUM", Some(Format::Npy)),
            ("samples", b"PK\x03\x04", Some(Format::Npz)),
            ("model.pt", b"PK\x03\x04", None),
            ("a.h5", b"\x89HDF", None),
            ("picture.png", b"x", None),
        ] {
            assert_eq!(format(Path::new(name), start), expected, "{name}");
        }
        assert_eq!(
            (without_gz("a.gz"), without_gz("gz"), without_gz("\u{e9}"), without_gz("")),
            ("a", "gz", "\u{e9}", "")
        );
    }
}
