//! Provenance of a result: version, CPU path, threads, times, memory, hashes. `provenance.json` is the only file of a
//! run folder with times; everything else has the same bytes whenever it is made.

use super::{Error, atomic, json};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::time::SystemTime;

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
    /// Start of the last run that did work, in UTC: `2026-01-31T09:05:00Z`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// Name of the processor, where the system reports it (Linux only).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<String>,
    /// Command line, program and note of the last run that did work.
    #[serde(flatten)]
    pub origin: Origin,
}

/// Where a run comes from: facts about the call that its results do not depend on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Origin {
    /// The command line, as a shell takes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// Commit of the program's sources; `-dirty` at its end where they had changed since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Note of the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Origin {
    /// The fields that are set here, and those of `earlier` where they are not.
    pub(super) fn or(self, earlier: Option<&Origin>) -> Self {
        let earlier = earlier.cloned().unwrap_or_default();
        Self {
            command: self.command.or(earlier.command),
            commit: self.commit.or(earlier.commit),
            note: self.note.or(earlier.note),
        }
    }
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

/// Name of the processor, where the system reports it.
pub fn cpu_name() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("model name"))?;
    Some(line.trim_start().strip_prefix(':')?.trim().to_string())
}

/// A time in UTC as `2026-01-31T09:05:00Z`; times before 1970 are shown as its first second.
pub fn utc(time: SystemTime) -> String {
    let seconds = time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let (mut days, second) = (seconds / 86_400, seconds % 86_400);
    let is_leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let mut year = 1970;
    while days >= 365 + u64::from(is_leap(year)) {
        days -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let february = 28 + u64::from(is_leap(year));
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year}-{month:02}-{:02}T{hour:02}:{minute:02}:{second:02}Z", days + 1)
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn times_are_those_of_the_calendar() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_709_251_199, "2024-02-29T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (1_798_761_599, "2026-12-31T23:59:59Z"),
        ] {
            assert_eq!(utc(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn files_without_the_new_fields_are_read() {
        let old = r#"{"version":"0.1.0","platform":"p","cpu_path":"avx2","threads":2,"wall_seconds":1.5,
            "peak_memory_mib":null,"finished":true,"stages":[],"blake3":{}}"#;
        let read: Provenance = serde_json::from_str(old).unwrap();
        assert_eq!((read.date, read.origin), (None, Origin::default()));
        let with = r#"{"note":"cold start","command":"rgflow run ising-2d"}"#;
        let origin: Origin = serde_json::from_str(with).unwrap();
        let later = Origin { command: Some("rgflow report".into()), ..Origin::default() };
        assert_eq!(later.or(Some(&origin)).note.as_deref(), Some("cold start"));
    }
}
