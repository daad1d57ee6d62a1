//! Named arrays in NumPy's `.npz` format: uncompressed, with a fixed date, so that the same arrays give the same bytes.

use super::{Error, atomic};
use ndarray::{Array, ArrayBase, Data, Dimension, IxDyn};
use ndarray_npy::{ReadDataError, ReadNpyError, ReadNpyExt, ReadableElement, WritableElement};
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};

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
pub struct Writer {
    npz: ndarray_npy::NpzWriter<Cursor<Vec<u8>>>,
}

impl Writer {
    /// A file without arrays.
    pub fn new() -> Self {
        Self { npz: ndarray_npy::NpzWriter::new(Cursor::new(Vec::new())) }
    }

    /// Adds an array; numbers of type i8, u8, ..., u64, f32, f64 or bool, any shape.
    ///
    /// # Errors
    /// If the name is taken or the file grows past the format's 4 GiB an array.
    pub fn add<T, S, D>(&mut self, name: &str, array: &ArrayBase<S, D>) -> Result<(), Error>
    where
        T: WritableElement,
        S: Data<Elem = T>,
        D: Dimension,
    {
        self.npz.add_array(name, array).map_err(|e| Error::failure(format!("array `{name}`: {e}")))
    }

    /// The bytes of the file.
    ///
    /// # Errors
    /// If the archive cannot be closed.
    pub fn finish(self) -> Result<Vec<u8>, Error> {
        self.npz.finish().map(Cursor::into_inner).map_err(|e| Error::failure(format!("npz: {e}")))
    }

    /// Writes the file, whole or not at all.
    ///
    /// # Errors
    /// As [`atomic::write`].
    pub fn save(self, path: impl AsRef<Path>) -> Result<(), Error> {
        atomic::write(path, self.finish()?)
    }
}

impl Default for Writer {
    fn default() -> Self {
        Self::new()
    }
}

/// Reads arrays of a file.
pub struct Reader {
    path: PathBuf,
    archive: zip::ZipArchive<Cursor<Vec<u8>>>,
}

/// What [`Reader::describe`] tells of an array.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Description {
    /// Name of the array.
    pub name: String,
    /// NumPy's name of its type, such as `|i1`, `<f4`.
    pub dtype: String,
    /// Its shape.
    pub shape: Vec<usize>,
}

/// Deflate makes data at most so many times smaller: an entry that claims more is no data.
const MOST_COMPRESSION: u64 = 1032;

impl Reader {
    /// Opens a file.
    ///
    /// # Errors
    /// If it cannot be read or is no npz file.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let bytes = std::fs::read(path).map_err(Error::io("read", path))?;
        Self::of(path, bytes)
    }

    /// A file whose `bytes` were read from `path`.
    ///
    /// # Errors
    /// If they are no npz file.
    pub fn of(path: &Path, bytes: Vec<u8>) -> Result<Self, Error> {
        let archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|e| {
            Error::failure(format!(
                "{}: not a readable npz file ({e}); write it again with numpy.savez",
                path.display()
            ))
        })?;
        Ok(Self { path: path.to_path_buf(), archive })
    }

    /// Names of the arrays.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<(usize, String)> = self
            .archive
            .file_names()
            .filter_map(|file| Some((self.archive.index_for_name(file)?, file.strip_suffix(".npy")?.to_string())))
            .collect();
        names.sort_unstable();
        names.into_iter().map(|(_, name)| name).collect()
    }

    /// The array `name`, checked for its type `T` and number of dimensions `D`.
    ///
    /// # Errors
    /// If there is no such array, or it has another type or number of dimensions, or the file is damaged.
    pub fn array<T: ReadableElement, D: Dimension>(&mut self, name: &str) -> Result<Array<T, D>, Error> {
        let bytes = self.member(name)?;
        read(&bytes).map_err(|what| self.error(name, &what))
    }

    /// Name, type and shape of every array.
    ///
    /// # Errors
    /// If the file is damaged.
    pub fn describe(&mut self) -> Result<Vec<Description>, Error> {
        let mut all = Vec::new();
        for name in self.names() {
            let bytes = self.member(&name)?;
            let (dtype, shape) = header(&bytes).map_err(|what| self.error(&name, &what))?;
            all.push(Description { name, dtype, shape });
        }
        Ok(all)
    }

    /// The bytes of the array `name`.
    fn member(&mut self, name: &str) -> Result<Vec<u8>, Error> {
        let path = &self.path;
        let wrong =
            |what: &dyn std::fmt::Display| Error::failure(format!("{}: array `{name}`: {what}", path.display()));
        let mut entry = self.archive.by_name(&format!("{name}.npy")).map_err(|e| match e {
            zip::result::ZipError::FileNotFound => wrong(&"there is none"),
            e => wrong(&e),
        })?;
        // The directory is a claim: memory is taken only for what the entry can hold.
        let size = entry.size();
        if size > entry.compressed_size().saturating_mul(MOST_COMPRESSION) {
            return Err(wrong(&format!("the archive claims {size} bytes, more than the file holds; write it again")));
        }
        let mut bytes = Vec::with_capacity(size as usize);
        entry.read_to_end(&mut bytes).map_err(|e| wrong(&format!("damaged ({e}); write it again")))?;
        Ok(bytes)
    }

    fn error(&self, name: &str, what: &dyn std::fmt::Display) -> Error {
        Error::failure(format!("{}: array `{name}`: {what}; write it again", self.path.display()))
    }
}

/// The array that the bytes of an `.npy` file hold, checked for its type `T` and number of dimensions `D`.
///
/// # Errors
/// A sentence, if the bytes are damaged or hold something else.
pub fn read<T: ReadableElement, D: Dimension>(bytes: &[u8]) -> Result<Array<T, D>, String> {
    let (_, shape) = header(bytes)?;
    // The header is a claim: what it asks for must be there before memory is taken.
    let elements = shape.iter().try_fold(1usize, |n, extent| n.checked_mul(*extent));
    if elements.is_none_or(|n| n.saturating_mul(size_of::<T>()) > bytes.len()) {
        return Err(format!(
            "the header claims an array of shape {shape:?}, more than the file holds ({} bytes)",
            bytes.len()
        ));
    }
    Array::read_npy(bytes).map_err(|e| one_line(&e))
}

/// Type (in NumPy's words) and shape that the header of an `.npy` file claims.
///
/// # Errors
/// A sentence, if there is no such header.
pub fn header(bytes: &[u8]) -> Result<(String, Vec<usize>), String> {
    let shape = match Array::<Shape, IxDyn>::read_npy(bytes) {
        Ok(array) => array.shape().to_vec(),
        Err(e) => return Err(one_line(&e)),
    };
    match Array::<Type, IxDyn>::read_npy(bytes) {
        Err(ReadNpyError::ParseData(e)) => Ok((e.to_string(), shape)),
        Err(e) => Err(one_line(&e)),
        Ok(_) => Ok((String::new(), shape)),
    }
}

/// The parser of headers draws pictures of several lines; the first says what is wrong.
fn one_line(error: &dyn std::fmt::Display) -> String {
    error.to_string().lines().next().unwrap_or_default().trim_end_matches([':', ' ']).to_string()
}

/// An element without size: reading an array of it reads the header alone and keeps the shape.
struct Shape;

impl ReadableElement for Shape {
    fn read_to_end_exact_vec<R: Read>(_: R, _: &py_literal::Value, len: usize) -> Result<Vec<Self>, ReadDataError> {
        Ok(std::iter::repeat_with(|| Shape).take(len).collect())
    }
}

/// An element that cannot be read: the error tells the type of the array.
struct Type;

impl ReadableElement for Type {
    fn read_to_end_exact_vec<R: Read>(_: R, kind: &py_literal::Value, _: usize) -> Result<Vec<Self>, ReadDataError> {
        Err(ReadDataError::ParseData(kind.to_string().trim_matches('\'').into()))
    }
}
