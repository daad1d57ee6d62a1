//! Lock file: two runs cannot use the same folder at once.

use super::Error;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

/// Name of the lock file. It is empty and stays in place; the system holds the lock as long as the process lives.
pub(super) const NAME: &str = ".lock";

/// A run folder held by this process until the value is dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Locks the folder `dir`. Where the file system has no locks, a warning is printed and the run goes on.
    ///
    /// # Errors
    /// [`Error::User`] that names the folder if another run holds it, [`Error::Io`] if it cannot be written.
    pub fn take(dir: &Path) -> Result<Self, Error> {
        Self::take_by(dir, File::try_lock, super::stderr::complain)
    }

    fn take_by(
        dir: &Path,
        try_lock: impl Fn(&File) -> Result<(), TryLockError>,
        warn: impl Fn(&str),
    ) -> Result<Self, Error> {
        let path = dir.join(NAME);
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(Error::io("write the lock file", &path))?;
        match try_lock(&file) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Error::user(format!(
                    "{}: another rgflow is running in this folder; wait for it or choose another --out",
                    dir.display()
                )));
            }
            // Network and cluster file systems are often mounted without locks (ENOLCK, EOPNOTSUPP, ENOSYS, EINVAL).
            Err(TryLockError::Error(e)) => warn(&format!(
                "warning: {}: the file system gives no lock ({e}): let no second rgflow run in this folder",
                dir.display()
            )),
        }
        Ok(Self { _file: file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    #[test]
    fn a_lock_that_the_file_system_cannot_give_is_a_warning() {
        let dir = tempfile::tempdir().unwrap();
        // Linux: EINVAL, ENOLCK, ENOSYS, EOPNOTSUPP.
        for code in [22, 37, 38, 95] {
            let said = RefCell::new(Vec::new());
            let refuse = |_: &File| Err(TryLockError::Error(std::io::Error::from_raw_os_error(code)));
            Lock::take_by(dir.path(), refuse, |line| said.borrow_mut().push(line.to_string())).unwrap();
            let said = said.into_inner();
            assert!(said.len() == 1 && said[0].starts_with("warning: ") && said[0].contains("no lock"), "{said:?}");
        }
        // A lock that is already held still keeps others out, without a warning.
        let _held = Lock::take(dir.path()).unwrap();
        let error = Lock::take_by(dir.path(), File::try_lock, |line| panic!("{line}")).unwrap_err();
        assert_eq!(error.exit_code(), 2);
    }
}
