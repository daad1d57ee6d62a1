//! Files that a user names: what is wrong with one is the user's to mend, said in one line.

use super::{Error, Model};
use std::path::Path;

/// The bytes of the file `path`; `kinds` says what would do, such as `.npy, .npz or .csv`.
///
/// # Errors
/// [`Error::User`] if it is missing, a folder, empty or cannot be read.
pub fn read(path: &Path, kinds: &str) -> Result<Vec<u8>, Error> {
    let wrong = |what: String| Error::user(format!("{}: {what}", path.display()));
    if !path.exists() {
        return Err(wrong(format!("does not exist; give a file ({kinds})")));
    }
    if path.is_dir() {
        return Err(wrong(format!("is a folder; give a file in it ({kinds})")));
    }
    // A device or a pipe may never end.
    if !path.is_file() {
        return Err(wrong(format!("is no regular file; write it to one ({kinds})")));
    }
    let bytes = std::fs::read(path).map_err(|e| wrong(format!("cannot be read: {e}; is it yours?")))?;
    if bytes.is_empty() {
        return Err(wrong("is empty; write it again".into()));
    }
    Ok(bytes)
}

/// The model in the file `path` and the hash of its bytes.
///
/// # Errors
/// [`Error::User`] if it is no readable model.
pub fn model(path: &Path) -> Result<(Model, String), Error> {
    let bytes = read(path, "such as model.safetensors")?;
    let model = Model::from_bytes(&bytes, &path.display().to_string()).map_err(blame)?;
    Ok((model, blake3::hash(&bytes).to_hex().to_string()))
}

/// A failure to read what a user gave is the user's mistake.
pub fn blame(error: Error) -> Error {
    match error {
        Error::Failure(_) | Error::Io { .. } => Error::User(error.to_string()),
        other => other,
    }
}
