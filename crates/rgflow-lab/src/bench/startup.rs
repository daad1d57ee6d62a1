//! Startup time: the whole process of `rgflow --version`.

use super::harness::{Case, Report};
use crate::artifact::Error;
use serde_json::json;
use std::process::{Command, Stdio};

pub(super) fn run(report: &mut Report) -> Result<(), Error> {
    let program = std::env::current_exe().map_err(|e| Error::failure(format!("this program's own file: {e}")))?;
    let bytes = std::fs::metadata(&program).map_err(Error::io("read", &program))?.len();
    let mut failed = None;
    let case = Case { key: "startup/import", implementation: "rgflow", work: 1.0, unit: "process" };
    let start = || {
        let status = Command::new(&program).arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).status();
        match status {
            Ok(status) if status.success() => {}
            Ok(status) => failed = Some(status.to_string()),
            Err(e) => failed = Some(e.to_string()),
        }
    };
    report.measure(case, start, json!({ "binary_bytes": bytes, "binary_mib": bytes as f64 / 1_048_576.0 }));
    match failed {
        Some(why) => Err(Error::failure(format!("{} --version: {why}", program.display()))),
        None => Ok(()),
    }
}
