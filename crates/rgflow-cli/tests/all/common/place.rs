//! A folder in which commands run.

use crate::common::binary;
use rgflow_lab::artifact::npz;
use std::path::PathBuf;
use std::process::Output;

pub struct Place(tempfile::TempDir);

impl Place {
    pub fn new() -> Self {
        Self(tempfile::tempdir().expect("temporary folder"))
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes an archive of arrays.
    pub fn archive(&self, name: &str, arrays: impl FnOnce(&mut npz::Writer)) {
        let mut file = npz::Writer::new();
        arrays(&mut file);
        std::fs::write(self.path(name), file.finish().expect("arrays")).expect("written");
    }

    /// The text of a file.
    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    pub fn run(&self, line: &str) -> Output {
        let mut command = binary();
        command.current_dir(self.0.path()).args(line.split_whitespace()).output().expect("starts")
    }

    /// Standard error of a command, which must succeed.
    pub fn done(&self, line: &str) -> String {
        let out = self.run(line);
        let said = String::from_utf8(out.stderr).expect("UTF-8");
        assert!(out.status.success(), "{line}: {said}");
        said
    }

    /// A command that is refused: exit code 2, with all of `parts`.
    pub fn refused(&self, line: &str, parts: &[&str]) {
        let out = self.run(line);
        let said = String::from_utf8(out.stderr).expect("UTF-8");
        assert_eq!(out.status.code(), Some(2), "{line}: {said}");
        assert!(parts.iter().all(|part| said.contains(part)), "{line}: {said} lacks {parts:?}");
    }
}
