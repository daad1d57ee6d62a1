//! Folders, inputs and runs of the binary that several test files use.

pub mod interruption;
pub mod ising_2d;
pub mod place;
pub mod printed;
pub mod small;
pub mod trained;
pub mod two;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The bytes of every file but those that hold times, and the lock.
pub fn bytes(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    fn walk(root: &Path, dir: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) {
        for entry in std::fs::read_dir(dir).expect("readable") {
            let path = entry.expect("readable").path();
            let name = path.file_name().expect("named").to_string_lossy().into_owned();
            if path.is_dir() {
                walk(root, &path, found);
            } else if !["provenance.json", "report.html", ".lock"].contains(&name.as_str()) {
                found.insert(path.strip_prefix(root).expect("inside").into(), std::fs::read(&path).expect("readable"));
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(dir, dir, &mut found);
    found
}

/// Two run folders hold the same files with the same bytes.
pub fn assert_same(whole: &Path, resumed: &Path) {
    let (whole, resumed) = (bytes(whole), bytes(resumed));
    assert_eq!(whole.keys().collect::<Vec<_>>(), resumed.keys().collect::<Vec<_>>());
    for (path, content) in &whole {
        assert!(content == &resumed[path], "{} differs", path.display());
    }
}

/// Output of `rgflow ARGUMENTS`, and its exit code.
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// Lines of `text` that are wider than `columns` and could be wrapped, having several words.
pub fn too_wide(text: &str, columns: usize) -> Vec<&str> {
    let is_wide = |line: &&str| line.chars().count() > columns && line.split_whitespace().count() > 1;
    text.lines().filter(is_wide).collect()
}

/// The command `rgflow`, without arguments.
pub fn binary() -> Command {
    Command::new(env!("CARGO_BIN_EXE_rgflow"))
}

/// Runs `command`, which must end well.
pub fn finish(command: &mut Command) -> Output {
    let out = command.output().expect("starts");
    assert!(out.status.success(), "{command:?}: {}", String::from_utf8_lossy(&out.stderr));
    out
}

/// Runs `rgflow ARGUMENTS`.
pub fn rgflow(arguments: &[&str]) -> Ran {
    let out = binary().args(arguments).output().expect("starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    Ran { code: out.status.code(), stdout: text(out.stdout), stderr: text(out.stderr) }
}

impl Ran {
    /// It ended well.
    pub fn success(self) -> Self {
        self.code(0)
    }

    /// It ended with this code.
    pub fn code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}{}", self.stdout, self.stderr);
        self
    }

    /// `part` is in what it printed.
    pub fn prints(self, part: &str) -> Self {
        assert!(self.stdout.contains(part), "{} lacks {part}", self.stdout);
        self
    }

    /// `part` is in what it printed on stderr.
    pub fn complains(self, part: &str) -> Self {
        assert!(self.stderr.contains(part), "{} lacks {part}", self.stderr);
        self
    }
}
