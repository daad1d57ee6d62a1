//! Provenance of a result: version, CPU path, threads, times, memory, hashes. `provenance.json` is the only file of a
//! run folder with times; everything else has the same bytes whenever it is made.

use super::{Error, atomic, json};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Name of the file.
pub const FILE: &str = "provenance.json";

/// Time and CPU path of one stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StageTime {
    /// Seed of its repetition.
    pub seed: u64,
    /// Name of the stage.
    pub stage: String,
    /// Whether it was kept from an earlier run.
    pub kept: bool,
    /// Seconds it took when it was made; `None` if that is not known.
    pub seconds: Option<f64>,
    /// CPU path on which it was made; `None` if that is not known.
    pub cpu_path: Option<String>,
}

/// The content of `provenance.json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// Version of rgflow.
    pub version: String,
    /// Operating system and architecture.
    pub platform: String,
    /// Vector instructions used by the hot loops: `avx512`, `avx2` or `portable`.
    pub cpu_path: String,
    /// Number of threads of the last run.
    pub threads: usize,
    /// Seconds from start to end of the last run.
    pub wall_seconds: f64,
    /// Peak memory of the last run in MiB (Linux only).
    pub peak_memory_mib: Option<f64>,
    /// Whether the run reached its end.
    pub finished: bool,
    /// All stages, by seed and name.
    pub stages: Vec<StageTime>,
    /// BLAKE3 hashes of the results and figures.
    pub blake3: std::collections::BTreeMap<String, String>,
}

impl Provenance {
    /// Reads the file of the run folder `dir`; `None` if it is missing or unreadable.
    pub fn read(dir: &Path) -> Option<Self> {
        json::read(&dir.join(FILE)).ok()
    }

    /// Writes the file of the run folder `dir`.
    ///
    /// # Errors
    /// As [`atomic::write`].
    pub fn write(&self, dir: &Path) -> Result<(), Error> {
        atomic::write(dir.join(FILE), json::pretty(self)?)
    }
}

/// The CPU path of this processor, by detection at run time.
pub fn cpu_path() -> &'static str {
    rgflow::cpu::path().name()
}

/// Peak memory of this process in MiB, where the system reports it.
pub fn peak_memory_mib() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib / 1024.0)
}

/// BLAKE3 hash of a file in hexadecimal.
///
/// # Errors
/// [`Error::Io`] with the path.
pub fn hash_file(path: &Path) -> Result<String, Error> {
    let mut hasher = blake3::Hasher::new();
    let mut file = std::fs::File::open(path).map_err(Error::io("read", path))?;
    std::io::copy(&mut file, &mut hasher).map_err(Error::io("read", path))?;
    Ok(hasher.finalize().to_hex().to_string())
}
