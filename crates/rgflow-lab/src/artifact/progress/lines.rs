//! Progress as lines of JSON.

use super::estimate::{Estimate, View};
use super::plan::{Plan, PlannedRun, PlannedStage};
use serde_json::{Value, json};

/// The first line: all runs with the stages of one repetition, and what is left of them.
pub fn plan(runs: &[PlannedRun], estimate: &Estimate, stages: usize, threads: usize) -> Value {
    let (to_do, seconds) = estimate.expected();
    let stage = |s: &PlannedStage| {
        let mut object = json!({ "stage": s.full_name(), "kind": s.kind, "seconds": rounded(s.seconds) });
        if s.usual < 1.0 {
            object["usual"] = s.usual.into();
        }
        object
    };
    let run = |run: &PlannedRun| {
        let mut object = json!({
            "name": run.name, "out": run.out.display().to_string(), "seeds": run.seeds,
            "stages": run.plan.stages.iter().map(stage).collect::<Vec<_>>(), "record_seconds": run.plan.record_seconds,
        });
        if !run.point.is_empty() {
            object["point"] = run.point.clone().into();
        }
        if run.is_complete {
            object["complete"] = true.into();
        }
        if !run.made.is_empty() {
            object["made"] = json!(run.made);
        }
        object
    };
    json!({
        "event": "plan", "threads": threads, "stages": stages, "to_do": to_do, "expected_seconds": rounded(seconds),
        "runs": runs.iter().map(run).collect::<Vec<_>>(),
    })
}

/// A number with four significant digits: times are no more certain.
fn rounded(x: f64) -> f64 {
    format!("{x:.3e}").parse().unwrap_or(x)
}

/// A line of progress; `state` is `begins`, `works`, `restored`, `ends`, `kept` or `finished`.
pub fn progress(state: &str, view: &View, runs: &[PlannedRun]) -> Value {
    let (run, seed, stage) = view.now.clone().map_or((0, None, None), |(run, seed, stage)| (run, seed, Some(stage)));
    let percent = |share: f64| (share * 1e4).round() / 100.0;
    let mut object = json!({
        "event": "progress", "state": state, "run": run, "seed": seed, "stage": stage,
        "stage_percent": view.stage_share.map(percent),
        "done": view.done, "stages": view.stages, "percent": percent(view.share),
        "seconds": (view.seconds * 1e3).round() / 1e3, "eta_seconds": rounded(view.eta_seconds),
    });
    if let Some(run) = runs.get(run).filter(|_| runs.len() > 1) {
        object["name"] = run.name.clone().into();
    }
    object
}

/// The runs of a line of [`plan`]; `None` where it is none.
pub fn planned(line: &Value) -> Option<Vec<PlannedRun>> {
    // Kinds are few and known names in a running process; those read back are kept as long as it lives.
    let kind = |text: &str| -> &'static str { Box::leak(text.to_string().into_boxed_str()) };
    let run = |run: &Value| {
        let mut plan = Plan::new().record(run["record_seconds"].as_f64()?);
        for stage in run["stages"].as_array()? {
            plan = plan.stage(kind(stage["kind"].as_str()?), stage["stage"].as_str()?, stage["seconds"].as_f64()?);
            plan = plan.usually(stage["usual"].as_f64().unwrap_or(1.0));
        }
        let seeds: Vec<u64> = run["seeds"].as_array()?.iter().filter_map(Value::as_u64).collect();
        let mut planned = PlannedRun::new(run["name"].as_str()?, run["out"].as_str()?.as_ref(), &seeds, plan);
        planned.is_complete = run["complete"].as_bool().unwrap_or(false);
        planned.made = serde_json::from_value(run["made"].clone()).unwrap_or_default();
        Some(planned)
    };
    line["runs"].as_array()?.iter().map(run).collect()
}
