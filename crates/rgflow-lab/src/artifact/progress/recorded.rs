//! A run that was recorded by `--progress json`, told once more to the estimate.

use super::estimate::{Estimate, StageId, View};
use super::lines;
use serde_json::Value;

/// An estimate at each line of a recording.
#[derive(Clone, Debug)]
pub struct Recording {
    /// The state after each line.
    pub views: Vec<View>,
    /// Seconds that the run took.
    pub seconds: f64,
    /// Stages that were planned in the first line.
    pub planned: usize,
}

/// Replays the lines of stderr of a run with `--progress json`; lines that are no progress are left out.
///
/// # Errors
/// A message with the number of a line that is no JSON, or where the plan is missing.
pub fn replay(text: &str) -> Result<Recording, String> {
    let mut estimate: Option<Estimate> = None;
    let mut found = Recording { views: Vec::new(), seconds: 0.0, planned: 0 };
    for (number, line) in text.lines().enumerate() {
        let line: Value = serde_json::from_str(line).map_err(|e| format!("line {}: {e}", number + 1))?;
        match (line["event"].as_str(), &mut estimate) {
            (Some("plan"), _) => {
                let runs = lines::planned(&line).ok_or_else(|| format!("line {}: no plan", number + 1))?;
                let mut new = Estimate::new(&runs, line["threads"].as_u64().unwrap_or(1) as usize);
                found.planned = new.view(0.0).stages;
                found.views.push(new.view(0.0));
                estimate = Some(new);
            }
            (Some("progress"), Some(estimate)) => {
                let view = follow(estimate, &line).ok_or_else(|| format!("line {}: a field is missing", number + 1))?;
                found.seconds = view.seconds;
                found.views.push(view);
            }
            (Some("progress"), None) => return Err(format!("line {}: progress without a plan", number + 1)),
            _ => {}
        }
    }
    if found.views.is_empty() { Err("there is no plan".into()) } else { Ok(found) }
}

/// Tells `estimate` what a line of progress says.
fn follow(estimate: &mut Estimate, line: &Value) -> Option<View> {
    const WHOLE: u64 = 10_000;
    let (at, run) = (line["seconds"].as_f64()?, line["run"].as_u64()? as usize);
    let (seed, stage) = (line["seed"].as_u64(), line["stage"].as_str().unwrap_or_default());
    let id = StageId { run, seed, name: stage };
    match line["state"].as_str()? {
        "begins" => estimate.begin(at, id),
        "ends" => estimate.end(at, id, false),
        "kept" => estimate.end(at, id, true),
        "finished" => estimate.finish(at),
        state => {
            if let Some(percent) = line["stage_percent"].as_f64() {
                let known = estimate.units(id);
                if known.1 == 0 {
                    estimate.announce(id, WHOLE);
                }
                let units = (percent * 100.0).round() as u64;
                estimate.advance(at, id, units.saturating_sub(known.0), state == "restored");
            }
        }
    }
    Some(estimate.view(at))
}
