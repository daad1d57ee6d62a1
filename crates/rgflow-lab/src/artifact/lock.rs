//! Keeps two runs apart that were given the same folder.

use super::Error;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

/// Name of the lock file; empty, left in place, held by the system as long as the process lives.
pub(super) const NAME: &str = ".lock";

/// A run folder held by this process until the value is dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the folder `dir`.
    ///
    /// # Errors
    /// [`Error::User`] that names the folder if another run holds it, [`Error::Io`] if it cannot be written.
    pub fn take(dir: &Path) -> Result<Self, Error> {
        let path = dir.join(NAME);
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(Error::io("write the lock file", &path))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(Error::user(format!(
                "{}: another rgflow is running in this folder; wait for it or choose another --out",
                dir.display()
            ))),
            Err(TryLockError::Error(e)) => Err(Error::io("lock", &path)(e)),
        }
    }
}
