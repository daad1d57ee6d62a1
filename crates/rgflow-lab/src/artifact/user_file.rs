//! Files named by the user: anything wrong with one is a mistake of the user, reported in one line.

use super::{Error, Model};
use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;

/// Opens the file `path`; `kinds` lists the accepted kinds, such as `.npy, .npz or .csv`.
///
/// # Errors
/// [`Error::User`] if it is missing, a folder, empty or cannot be read.
pub fn open(path: &Path, kinds: &str) -> Result<File, Error> {
    let wrong = |what: String| Error::user(format!("{}: {what}", path.display()));
    if !path.exists() {
        return Err(wrong(format!("does not exist; give a file ({kinds})")));
    }
    if path.is_dir() {
        return Err(wrong(format!("is a folder; give a file in it ({kinds})")));
    }
    // Reading a device or a pipe might never end.
    if !path.is_file() {
        return Err(wrong(format!("is no regular file; write it to one ({kinds})")));
    }
    let file = File::open(path).map_err(|e| unreadable(path, &e))?;
    if file.metadata().map_err(|e| unreadable(path, &e))?.len() == 0 {
        return Err(wrong("is empty; write it again".into()));
    }
    Ok(file)
}

fn unreadable(path: &Path, e: &std::io::Error) -> Error {
    Error::user(format!("{}: cannot be read: {e}; is it yours?", path.display()))
}

/// Bytes of the file `path`; `kinds` as in [`open`].
///
/// # Errors
/// As [`open`].
pub fn read(path: &Path, kinds: &str) -> Result<Vec<u8>, Error> {
    let mut file = open(path, kinds)?;
    let size = file.metadata().map_err(|e| unreadable(path, &e))?.len();
    let mut bytes = Vec::new();
    let memory = usize::try_from(size).is_ok_and(|size| bytes.try_reserve_exact(size).is_ok());
    if !memory {
        return Err(Error::user(format!("{}: its {size} bytes take more memory than there is", path.display())));
    }
    file.read_to_end(&mut bytes).map_err(|e| unreadable(path, &e))?;
    Ok(bytes)
}

/// Hash of the bytes of `file`, read in pieces; the file is rewound. `path` is for messages.
///
/// # Errors
/// [`Error::User`] if it cannot be read.
pub fn hash(path: &Path, mut file: &File) -> Result<blake3::Hash, Error> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(file).and_then(|_| file.rewind()).map_err(|e| unreadable(path, &e))?;
    Ok(hasher.finalize())
}

/// Model in the file `path` and the hash of its bytes.
///
/// # Errors
/// [`Error::User`] if it is no readable model.
pub fn model(path: &Path) -> Result<(Model, String), Error> {
    let inside = ["rbm", "thermometer"].map(|stage| path.join("seed-1").join(stage).join("model.safetensors"));
    if let Some(inside) = inside.iter().find(|inside| inside.is_file()) {
        return Err(Error::user(format!("{}: is a folder; its model is {}", path.display(), inside.display())));
    }
    let bytes = read(path, "such as model.safetensors")?;
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"\x93NUMPY") {
        return Err(Error::user(format!(
            "{}: holds arrays of NumPy and no model; give a .safetensors file, such as one of rgflow train rbm",
            path.display()
        )));
    }
    let model = Model::from_bytes(&bytes, &path.display().to_string()).map_err(blame)?;
    Ok((model, blake3::hash(&bytes).to_hex().to_string()))
}

/// Turns a failure to read a user's file into the user's mistake.
pub fn blame(error: Error) -> Error {
    match error {
        Error::Failure(_) | Error::Io { .. } => Error::User(error.to_string()),
        other => other,
    }
}
