//! Files appear whole or not at all: a temporary file in the same folder, fsync, rename.

use super::Error;
use std::fs::File;
use std::io::Write;
use std::path::Path;

/// Prefix of temporary files; a run folder removes those left by a killed process.
const TEMPORARY: &str = ".rgflow-tmp-";

/// Writes `bytes` to `path`, replacing an existing file; creates missing parent folders.
///
/// # Errors
/// [`Error::Io`] with the path if the folder cannot be written or the disk is full; the old file is then untouched.
pub fn write(path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) -> Result<(), Error> {
    let path = path.as_ref();
    // Writes through the file handle: other ways name the temporary file in errors.
    write_by(path, |file| file.write_all(bytes.as_ref()).map_err(Error::io("write", path)))
}

/// As [`write()`], but `write` produces the content piece by piece, so that it is never held in memory as a whole.
///
/// # Errors
/// As [`write()`], and the errors of `write`.
pub fn write_by(path: impl AsRef<Path>, write: impl FnOnce(&mut File) -> Result<(), Error>) -> Result<(), Error> {
    let path = path.as_ref();
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    create_folder(folder)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(TEMPORARY);
    // Temporary files are private by default; an artifact is as readable as the user's other files (umask).
    #[cfg(unix)]
    let mode = {
        use std::os::unix::fs::PermissionsExt;
        std::fs::Permissions::from_mode(0o666)
    };
    #[cfg(unix)]
    builder.permissions(mode);
    let mut file = builder.tempfile_in(folder).map_err(Error::io("write", path))?;
    write(file.as_file_mut())?;
    file.as_file().sync_all().map_err(Error::io("write", path))?;
    file.persist(path).map_err(|e| e.error).map_err(Error::io("write", path))?;
    // The rename is durable only once the folder itself is synced.
    #[cfg(unix)]
    if let Ok(folder) = std::fs::File::open(folder) {
        let _ = folder.sync_all();
    }
    Ok(())
}

/// Creates `folder` and its missing parents.
///
/// # Errors
/// [`Error::Io`] with the path.
pub fn create_folder(folder: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(folder).map_err(Error::io("create the folder", folder))
}

/// Whether `name` is a temporary file of [`write`], or of the page and figures of earlier versions.
pub(super) fn is_temporary(name: &std::ffi::OsStr) -> bool {
    let name = name.to_string_lossy();
    [TEMPORARY, ".report-"].iter().any(|prefix| name.starts_with(prefix))
}

/// Removes temporary files that a killed run left in `folder` and, with `below`, in all folders below it.
pub fn remove_temporary(folder: &Path, below: bool) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && below => remove_temporary(&entry.path(), true),
            Ok(kind) if !kind.is_dir() && is_temporary(&entry.file_name()) => {
                let _ = std::fs::remove_file(entry.path());
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_whole_files_into_new_folders() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b/c.bin");
        write(&path, b"one").unwrap();
        write(&path, b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_in_the_way_is_named() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("x/y")).unwrap();
        let error = write(dir.path().join("x"), b"one").unwrap_err().to_string();
        assert!(error.contains("x"), "{error}");
        assert!(dir.path().join("x/y").is_dir());
    }
}
