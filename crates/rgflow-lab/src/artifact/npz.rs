//! Named arrays in NumPy's `.npz` format: uncompressed, with a fixed date, so that the same arrays give the same bytes.

use super::{Error, atomic};
use ndarray::{Array, ArrayBase, Data, Dimension, IxDyn};
use ndarray_npy::{ReadDataError, ReadNpzError, ReadableElement, WritableElement};
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
    size: usize,
    npz: ndarray_npy::NpzReader<Cursor<Vec<u8>>>,
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

impl Reader {
    /// Opens a file.
    ///
    /// # Errors
    /// If it cannot be read or is no npz file.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref().to_path_buf();
        let bytes = std::fs::read(&path).map_err(Error::io("read", &path))?;
        let size = bytes.len();
        let npz = ndarray_npy::NpzReader::new(Cursor::new(bytes))
            .map_err(|e| Error::failure(format!("{}: not a readable npz file: {e}", path.display())))?;
        Ok(Self { path, size, npz })
    }

    /// Names of the arrays.
    ///
    /// # Errors
    /// If the archive is damaged.
    pub fn names(&mut self) -> Result<Vec<String>, Error> {
        let path = &self.path;
        self.npz.names().map_err(|e| Error::failure(format!("{}: {e}", path.display())))
    }

    /// The array `name`, checked for its type `T` and number of dimensions `D`.
    ///
    /// # Errors
    /// If there is no such array, or it has another type or number of dimensions, or the file is damaged.
    pub fn array<T: ReadableElement, D: Dimension>(&mut self, name: &str) -> Result<Array<T, D>, Error> {
        // The header is a claim: what it asks for must fit into the file before memory is taken.
        let shape = self.npz.by_name::<ndarray::OwnedRepr<Shape>, IxDyn>(name).map_err(|e| self.error(name, &e))?;
        if shape.len().saturating_mul(size_of::<T>()) > self.size {
            let claimed = format!("its header claims shape {:?}", shape.shape());
            return Err(Error::failure(format!(
                "{}: array `{name}`: {claimed}, more than the file holds",
                self.path.display()
            )));
        }
        self.npz.by_name::<ndarray::OwnedRepr<T>, D>(name).map_err(|e| self.error(name, &e))
    }

    /// Name, type and shape of every array, without reading its data.
    ///
    /// # Errors
    /// If the file is damaged.
    pub fn describe(&mut self) -> Result<Vec<Description>, Error> {
        let mut all = Vec::new();
        for name in self.names()? {
            let shape =
                self.npz.by_name::<ndarray::OwnedRepr<Shape>, IxDyn>(&name).map_err(|e| self.error(&name, &e))?;
            let dtype = match self.npz.by_name::<ndarray::OwnedRepr<Type>, IxDyn>(&name) {
                Err(ReadNpzError::Npy(ndarray_npy::ReadNpyError::ParseData(e))) => e.to_string(),
                Err(e) => return Err(self.error(&name, &e)),
                Ok(_) => String::new(),
            };
            all.push(Description { name, dtype, shape: shape.shape().to_vec() });
        }
        Ok(all)
    }

    fn error(&self, name: &str, error: &ReadNpzError) -> Error {
        Error::failure(format!("{}: array `{name}`: {error}", self.path.display()))
    }
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
