//! Checks that everything in a run folder is a plain file or folder with a plain name, so that no path leads out of it.
//!
//! Run folders are copied, sent and linked. Names in their files are untrusted data, and a symbolic link may point
//! anywhere, so neither is followed.

use super::{Error, provenance};
use std::path::{Component, Path};

/// Whether `name` is, on every system, a relative path that stays below its folder: parts between single `/`
/// (a last one marks a folder), none of them empty, `.` or `..`, without `\`, `:` and control characters.
pub fn is_plain(name: &str) -> bool {
    let name = name.strip_suffix('/').unwrap_or(name);
    let part =
        |part: &str| !["", ".", ".."].contains(&part) && !part.contains(|c: char| "\\:".contains(c) || c.is_control());
    name.split('/').all(part) && Path::new(name).components().all(|c| matches!(c, Component::Normal(_)))
}

/// Refuses anything in the run folder `dir` that could lead out of it or is not a regular file. `dir` itself may be a
/// link.
///
/// # Errors
/// [`Error::User`] that names the first symbolic link, pipe or device; [`Error::Io`] if a folder cannot be read.
pub fn check(dir: &Path) -> Result<(), Error> {
    let mut folders = vec![dir.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(Error::io("read", &folder))? {
            let path = entry.map_err(Error::io("read", &folder))?.path();
            if check_one(&path)? {
                folders.push(path);
            }
        }
    }
    Ok(())
}

/// Checks `path` as [`check`] does and returns whether it is a folder. A path that does not exist passes.
///
/// # Errors
/// As [`check`].
pub fn check_one(path: &Path) -> Result<bool, Error> {
    let kind = match std::fs::symlink_metadata(path) {
        Ok(found) => found.file_type(),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(e) => return Err(Error::io("read", path)(e)),
    };
    let what = match kind {
        kind if kind.is_symlink() => "a symbolic link",
        kind if kind.is_dir() || kind.is_file() => return Ok(kind.is_dir()),
        _ => "neither a file nor a folder",
    };
    Err(Error::user(format!(
        "{} is {what}: none is followed inside a run folder; remove it, or put what it leads to in its place",
        path.display()
    )))
}

/// Whether the file `name` in `dir` exists and has the hash `hash`; false, without reading, for a name that is not
/// plain.
pub(super) fn is_as_recorded(dir: &Path, name: &str, hash: &str) -> bool {
    is_plain(name) && provenance::hash_file(&dir.join(name)).is_ok_and(|found| found == hash)
}

/// Removes the file or folder `path` if it exists; of a link, only the link itself.
///
/// # Errors
/// [`Error::Io`] with the path.
pub(super) fn remove(path: &Path) -> Result<(), Error> {
    let removed = match std::fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => std::fs::remove_dir_all(path),
        Ok(_) => std::fs::remove_file(path),
        Err(e) => Err(e),
    };
    match removed {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(Error::io("remove", path)(e)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_out_are_not_plain() {
        for name in ["a", "a.npz", "samples/train.npz", "machines/", "seed-1/stages/rbm/all.json", "a..b", "...", "ä b"]
        {
            assert!(is_plain(name), "{name}");
        }
        for name in [
            "",
            "/",
            ".",
            "..",
            "../a",
            "a/..",
            "a/../b",
            "./a",
            "a/./b",
            "a//b",
            "//",
            "/a",
            "a\\b",
            "..\\a",
            "C:",
            "C:a",
            "c:/a",
            "\\\\server\\a",
            "a\0",
            "a/../../b/",
        ] {
            assert!(!is_plain(name), "{name:?}");
        }
    }

    #[test]
    #[cfg(unix)]
    fn links_are_named_and_only_they_are_removed() {
        let dir = tempfile::tempdir().unwrap();
        let (run, outside) = (dir.path().join("run"), dir.path().join("outside"));
        std::fs::create_dir_all(run.join("seed-1")).unwrap();
        std::fs::create_dir(&outside).unwrap();
        std::fs::write(outside.join("a"), "a").unwrap();
        check(&run).unwrap();
        for to in [outside.clone(), outside.join("a"), dir.path().join("nothing"), "..".into()] {
            let link = run.join("seed-1/link");
            std::os::unix::fs::symlink(&to, &link).unwrap();
            let error = check(&run).unwrap_err();
            assert!(error.exit_code() == 2 && error.to_string().contains("seed-1/link is a symbolic link"), "{error}");
            remove(&link).unwrap();
            assert!(link.symlink_metadata().is_err() && outside.join("a").is_file());
        }
        // The run folder itself may be a link.
        let elsewhere = dir.path().join("elsewhere");
        std::os::unix::fs::symlink(&run, &elsewhere).unwrap();
        check(&elsewhere).unwrap();
        std::os::unix::net::UnixListener::bind(run.join("socket")).unwrap();
        assert!(check(&run).unwrap_err().to_string().contains("neither a file nor a folder"));
    }
}
