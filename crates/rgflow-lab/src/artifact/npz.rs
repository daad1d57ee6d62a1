//! Named arrays in NumPy's `.npz` format: uncompressed and with a fixed date, so that the same arrays give the same
//! bytes.

use super::npy::{self, Header};
use super::npy_types::Element;
use super::{Error, atomic, memory};
use ndarray::{Array, ArrayBase, ArrayD, ArrayView2, Data, Dimension};
use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek, Write};
use std::path::{Path, PathBuf};
use zip::result::ZipError;

/// Collects arrays and writes them as one file.
///
/// ```
/// use rgflow_lab::artifact::npz;
/// let dir = std::env::temp_dir().join("rgflow-doc-npz");
/// let mut file = npz::Writer::new();
/// file.add("temperatures", &ndarray::arr1(&[0.25, 0.5]))?;
/// file.save(dir.join("a.npz"))?;
/// let mut file = npz::Reader::open(dir.join("a.npz"))?;
/// let temperatures: ndarray::Array1<f64> = file.array("temperatures")?;
/// assert_eq!(temperatures[1], 0.5);
/// # Ok::<(), rgflow_lab::artifact::Error>(())
/// ```
pub struct Writer<W: Write + Seek = Cursor<Vec<u8>>> {
    archive: zip::ZipWriter<W>,
}

/// Size in bytes from which an array needs the format's 64-bit extension.
const LARGEST_PLAIN: u128 = 0xf000_0000;

impl Writer {
    /// A file in memory, without arrays so far.
    pub fn new() -> Self {
        Self::to(Cursor::new(Vec::new()))
    }

    /// The bytes of the file.
    ///
    /// # Errors
    /// If the archive cannot be closed.
    pub fn finish(self) -> Result<Vec<u8>, Error> {
        self.close().map(Cursor::into_inner)
    }

    /// Writes the file, whole or not at all.
    ///
    /// # Errors
    /// As [`atomic::write`].
    pub fn save(self, path: impl AsRef<Path>) -> Result<(), Error> {
        atomic::write(path, self.finish()?)
    }
}

impl<W: Write + Seek> Writer<W> {
    /// A file written to `to` array by array, without arrays so far.
    pub fn to(to: W) -> Self {
        Self { archive: zip::ZipWriter::new(to) }
    }

    /// Adds an array of type i8, u8, ..., u64, f32, f64 or bool, any shape.
    ///
    /// # Errors
    /// If the name is taken or the array cannot be written.
    pub fn add<T, S, D>(&mut self, name: &str, array: &ArrayBase<S, D>) -> Result<(), Error>
    where
        T: Element,
        S: Data<Elem = T>,
        D: Dimension,
    {
        self.member::<T>(name, array.len(), |to| npy::write(to, array))
    }

    /// Adds the rows of `parts`, one after the other, as one array, without assembling it in memory.
    ///
    /// # Errors
    /// As [`Writer::add`].
    pub fn add_rows<T: Element>(&mut self, name: &str, parts: &[ArrayView2<T>]) -> Result<(), Error> {
        let values = parts.iter().map(ArrayView2::len).sum();
        self.member::<T>(name, values, |to| npy::write_rows(to, parts))
    }

    /// Adds a word, as `numpy.array("square")` is.
    ///
    /// # Errors
    /// As [`Writer::add`].
    pub fn add_word(&mut self, name: &str, word: &str) -> Result<(), Error> {
        self.member::<char>(name, word.chars().count(), |to| npy::write_word(to, word))
    }

    fn member<T>(
        &mut self,
        name: &str,
        values: usize,
        write: impl FnOnce(&mut zip::ZipWriter<W>) -> std::io::Result<()>,
    ) -> Result<(), Error> {
        let large = memory::product(&[values, size_of::<T>()]) >= LARGEST_PLAIN;
        let options = zip::write::SimpleFileOptions::default()
            .compression_method(zip::CompressionMethod::Stored)
            .large_file(large);
        let added = self.archive.start_file(format!("{name}.npy"), options).map_err(std::io::Error::from);
        let written = added.and_then(|()| write(&mut self.archive));
        written.map_err(|e| Error::failure(format!("array `{name}`: {e}")))
    }

    /// Completes the file.
    ///
    /// # Errors
    /// If the archive cannot be closed.
    pub fn close(self) -> Result<W, Error> {
        self.archive.finish().map_err(|e| Error::failure(format!("npz: {e}")))
    }
}

impl Default for Writer {
    fn default() -> Self {
        Self::new()
    }
}

/// Reads arrays of a file, one at a time; of other arrays only the headers are read.
pub struct Reader<R = BufReader<File>> {
    path: PathBuf,
    archive: zip::ZipArchive<R>,
}

/// Description of an array by [`Reader::describe`].
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Description {
    /// Name of the array.
    pub name: String,
    /// NumPy's name of the type, such as `|i1`, `<f4`.
    pub dtype: String,
    /// Shape of the array.
    pub shape: Vec<usize>,
}

/// Largest compression factor of deflate: an entry that claims more is invalid.
const MOST_COMPRESSION: u64 = 1032;
/// Arrays above this size (bytes) compressed more than [`LARGE_COMPRESSION`] times are not accepted as samples: int8
/// spins at T = 1, one of 1400 of which is flipped, compress 350 times.
const LARGE: u64 = 256 << 20;
const LARGE_COMPRESSION: u64 = 512;
/// Longest name of an array in bytes: as long as a file name may be.
const MOST_NAME: usize = 255;
/// Most entries of an archive: the limit of the format without its 64-bit extension.
const MOST_ENTRIES: usize = 0xffff;

impl Reader {
    /// Opens a file.
    ///
    /// # Errors
    /// If it cannot be read or is no npz file.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let file = File::open(path).map_err(Error::io("read", path))?;
        Self::of(path, BufReader::new(file))
    }
}

impl<R: Read + Seek> Reader<R> {
    /// The archive in `from`; `path` is its name in errors.
    ///
    /// # Errors
    /// If it is no npz file, or entries overlap, by which a small file could claim more than any memory.
    pub fn of(path: &Path, from: R) -> Result<Self, Error> {
        let wrong = |what: String| {
            Error::failure(format!(
                "{}: not a readable npz file ({what}); write it again with numpy.savez",
                path.display()
            ))
        };
        let mut archive = zip::ZipArchive::new(from).map_err(|e| wrong(e.to_string()))?;
        if archive.len() > MOST_ENTRIES {
            return Err(wrong(format!("{} entries are too many", archive.len())));
        }
        if let Some(name) = archive.file_names().flatten().find(|name| name.len() > MOST_NAME) {
            return Err(wrong(format!("a name of {} bytes is too long", name.len())));
        }
        if archive.has_overlapping_entries().map_err(|e| wrong(e.to_string()))? {
            return Err(wrong("its entries overlap or reach beyond its end".into()));
        }
        if archive.has_duplicate_names() {
            return Err(wrong("two of its arrays have the same name".into()));
        }
        Ok(Self { path: path.to_path_buf(), archive })
    }

    /// Names of the arrays, in file order.
    pub fn names(&self) -> Vec<String> {
        let file_names = (0..self.archive.len()).filter_map(|k| self.archive.name_for_index(k)?.ok());
        file_names.filter_map(|file| file.strip_suffix(".npy").map(str::to_string)).collect()
    }

    /// The array `name`, checked for its type `T` and number of dimensions `D`.
    ///
    /// # Errors
    /// If the array does not exist or has another type or number of dimensions, or the file is damaged.
    pub fn array<T: Element, D: Dimension>(&mut self, name: &str) -> Result<Array<T, D>, Error> {
        self.member(name, |header, from, most| npy::array(&header, from, most))
    }

    /// The array `name` of any real type, each value mapped by `as_`.
    ///
    /// # Errors
    /// If there is no such array of real numbers, or the file is damaged.
    pub fn numbers<To>(&mut self, name: &str, as_: impl Fn(f64) -> To) -> Result<ArrayD<To>, Error> {
        self.member(name, |header, from, most| npy::numbers(&header, from, most, as_))
    }

    /// The array `name` of words.
    ///
    /// # Errors
    /// If there is no such array of words, or the file is damaged.
    pub fn words(&mut self, name: &str) -> Result<ArrayD<String>, Error> {
        self.member(name, |header, from, most| npy::words(&header, from, most))
    }

    /// Name, type and shape of every array; the values are not read.
    ///
    /// # Errors
    /// If a header is damaged.
    pub fn describe(&mut self) -> Result<Vec<Description>, Error> {
        let names = self.names();
        let describe = |name: String| {
            let Header { dtype, shape, .. } = self.member(&name, |header, _, _| Ok(header))?;
            Ok(Description { name, dtype, shape })
        };
        names.into_iter().map(describe).collect()
    }

    /// Applies `read` to the header of the array `name`, to the bytes behind it, and to an upper bound on their number.
    fn member<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(Header, &mut dyn Read, u64) -> Result<T, String>,
    ) -> Result<T, Error> {
        let path = &self.path;
        let wrong =
            |what: &dyn std::fmt::Display| Error::failure(format!("{}: array `{name}`: {what}", path.display()));
        let mut entry = self.archive.by_name(&format!("{name}.npy")).map_err(|e| match e {
            ZipError::FileNotFound => wrong(&"there is none"),
            e => wrong(&format!("{e}; write it again")),
        })?;
        // Sizes in the directory are only claims, except the packed size, which lies within the file as no entries
        // overlap.
        let (size, packed) = (entry.size(), entry.compressed_size());
        let ratio = match entry.compression() {
            zip::CompressionMethod::Stored => 1,
            _ if size > LARGE => LARGE_COMPRESSION,
            _ => MOST_COMPRESSION,
        };
        if size > packed.saturating_mul(ratio) {
            return Err(wrong(&format!(
                "the archive claims {size} bytes in {packed}, which no samples are; write it again"
            )));
        }
        let header = Header::read(&mut entry).map_err(|what| wrong(&what))?;
        read(header, &mut entry, size).map_err(|what| wrong(&what))
    }
}
