//! Commit of the sources for provenance: `RGFLOW_COMMIT`, empty where it is not known.

use std::process::Command;

fn main() {
    for path in ["build.rs", "src", "../rgflow/src", "../rgflow-lab/src"] {
        println!("cargo:rerun-if-changed={path}");
    }
    for file in ["HEAD", "logs/HEAD"] {
        // A file that is missing would build the crate anew each time.
        let path = git(&["rev-parse", "--git-path", file]).filter(|path| std::path::Path::new(path).exists());
        path.iter().for_each(|path| println!("cargo:rerun-if-changed={path}"));
    }
    println!("cargo:rustc-env=RGFLOW_COMMIT={}", commit().unwrap_or_default());
}

/// Short commit, `-dirty` where sources differ from it; `None` outside the repository of this crate, as in a package.
fn commit() -> Option<String> {
    git(&["ls-files", "--error-unmatch", "build.rs"])?;
    let commit = git(&["rev-parse", "--short=12", "HEAD"])?;
    let changed = git(&["status", "--porcelain", "--untracked-files=no", "--", ".."])?;
    Some(if changed.is_empty() { commit } else { commit + "-dirty" })
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_string())
}
