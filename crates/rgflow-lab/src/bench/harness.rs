//! Timing: one warm-up, then at least `repeats` timed calls of a stated amount of work; minimum and median of all of
//! them are kept.

use crate::artifact::provenance;
use rgflow::cpu;
use serde_json::{Map, Value, json};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Cases to measure, and how often.
#[derive(Clone, Debug)]
pub struct Options {
    /// Number of threads.
    pub threads: usize,
    /// Timed calls of each case, at least 1 (5 to quote).
    pub repeats: usize,
    /// Substrings: a case runs if its key contains one of them; none = all.
    pub only: Vec<String>,
    /// Substrings: a case is skipped if its key contains one of them.
    pub skip: Vec<String>,
    /// Folder of the data shared with the scripts of other programs; created if missing.
    pub data: PathBuf,
    /// Little work, to test that it runs; the figures must not be quoted.
    pub quick: bool,
}

/// The records of a benchmark.
pub struct Report {
    /// Options of the benchmark.
    pub options: Options,
    bench: &'static str,
    started: std::time::SystemTime,
    records: Vec<Value>,
    lines: fn(&str),
}

/// Description of a case, without its timing.
#[derive(Clone, Copy)]
pub(super) struct Case<'a> {
    pub key: &'a str,
    pub implementation: &'a str,
    pub work: f64,
    pub unit: &'a str,
}

impl Report {
    pub(super) fn new(bench: &'static str, options: Options) -> Self {
        let lines = |line: &str| eprintln!("{line}");
        Self { options, bench, started: std::time::SystemTime::now(), records: Vec::new(), lines }
    }

    /// Whether the options select the case.
    pub(super) fn wanted(&self, key: &str, implementation: &str) -> bool {
        let full = format!("{key}/{implementation}");
        let has = |list: &[String]| list.iter().any(|s| !s.is_empty() && full.contains(s.as_str()));
        (self.options.only.iter().all(String::is_empty) || has(&self.options.only)) && !has(&self.options.skip)
    }

    /// Times `call`; `more` holds further fields of the record.
    pub(super) fn measure(&mut self, case: Case<'_>, mut call: impl FnMut(), more: Value) -> Option<f64> {
        if !self.wanted(case.key, case.implementation) {
            return None;
        }
        call();
        let mut wall = Vec::new();
        let before = (cpu_time::ProcessTime::try_now().ok(), Instant::now());
        let load = load();
        while wall.len() < self.options.repeats.max(1) {
            let start = Instant::now();
            call();
            wall.push(start.elapsed().as_secs_f64());
        }
        let elapsed = before.1.elapsed().as_secs_f64();
        let cpu = before.0.map(|t| t.elapsed().as_secs_f64() / elapsed);
        let median = self.note(case, wall, cpu, more);
        self.add_fields(case.key, json!({ "load1_before": load }));
        Some(median)
    }

    /// Records calls that took `wall` seconds, at least one, and returns their median; `cpu` is CPU time over wall
    /// time.
    pub(super) fn note(&mut self, case: Case<'_>, wall: Vec<f64>, cpu: Option<f64>, more: Value) -> f64 {
        let mut sorted = wall.clone();
        sorted.sort_by(f64::total_cmp);
        let n = sorted.len();
        let (min, max) = (sorted[0], sorted[n - 1]);
        let median = if n % 2 == 1 { sorted[n / 2] } else { 0.5 * (sorted[n / 2 - 1] + sorted[n / 2]) };
        let mut record = json!({
            "bench": self.bench, "key": case.key, "impl": case.implementation, "threads": self.options.threads,
            "runs": n, "median_s": median, "min_s": min, "max_s": max, "wall_s": wall, "cpu_over_wall": cpu,
            "work": case.work, "unit": case.unit, "rate": case.work / median, "best_rate": case.work / min,
            "load1_after": load(), "peak_rss_mib": provenance::peak_memory_mib(),
            "quality": {},
        });
        if let (Value::Object(record), Value::Object(more)) = (&mut record, more) {
            record.extend(more);
        }
        (self.lines)(&format!(
            "{:40} t={} med={median:.6}s min={min:.6}s max={max:.6}s  {:.5e} {}/s  cpu/wall={:.2}",
            format!("{}/{}", case.key, case.implementation),
            self.options.threads,
            case.work / median,
            case.unit,
            cpu.unwrap_or(f64::NAN)
        ));
        self.records.push(record);
        median
    }

    /// Whether the report belongs to the benchmark `bench`.
    pub(super) fn is(&self, bench: &str) -> bool {
        self.bench == bench
    }

    /// Keys with the work per second of their fastest call.
    pub(super) fn best_rates(&self) -> impl Iterator<Item = (&str, f64)> {
        self.records.iter().filter_map(|r| Some((r["key"].as_str()?, r["best_rate"].as_f64()?)))
    }

    /// Sets the quality of the last record of `key`.
    pub(super) fn add_quality(&mut self, key: &str, quality: Value) {
        if let Some(record) = self.records.iter_mut().rev().find(|r| r["key"] == key) {
            (self.lines)(&format!("{key:40} {quality}"));
            record["quality"] = quality;
        }
    }

    /// Adds fields to the last record of `key`.
    pub(super) fn add_fields(&mut self, key: &str, fields: Value) {
        let record = self.records.iter_mut().rev().find(|r| r["key"] == key).and_then(Value::as_object_mut);
        if let (Some(record), Value::Object(fields)) = (record, fields) {
            record.extend(fields);
        }
    }

    /// Number of calls of `call` that take about the time budget of a case.
    pub(super) fn calls_for_budget(&self, mut call: impl FnMut(usize)) -> usize {
        let budget = if self.options.quick { 0.02 } else { 0.4 };
        let mut calls = 1;
        loop {
            let start = Instant::now();
            call(calls);
            let seconds = start.elapsed().max(Duration::from_nanos(1)).as_secs_f64();
            if seconds > 0.1 * budget || calls >= 1 << 40 {
                return ((calls as f64 * budget / seconds) as usize).max(1);
            }
            calls *= 4;
        }
    }

    /// The report as one JSON object.
    pub fn json(&self) -> Value {
        let seconds =
            |t: std::time::SystemTime| t.duration_since(std::time::UNIX_EPOCH).map_or(0.0, |d| d.as_secs_f64());
        json!({
            "schema": "rbm-bench-1", "bench": self.bench, "threads": self.options.threads, "machine": machine(),
            "versions": { "rgflow": env!("CARGO_PKG_VERSION") }, "started_unix": seconds(self.started),
            "seconds": seconds(std::time::SystemTime::now()) - seconds(self.started), "quick": self.options.quick,
            "records": self.records,
        })
    }
}

fn load() -> Option<f64> {
    std::fs::read_to_string("/proc/loadavg").ok()?.split(' ').next()?.parse().ok()
}

fn machine() -> Map<String, Value> {
    let model = std::fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("model name"))?;
        Some(line.split_once(':')?.1.trim().to_string())
    });
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let path = cpu::path().name();
    let machine = json!({ "cpu": model, "cores": cores, "cpu_path": path, "arch": std::env::consts::ARCH });
    machine.as_object().cloned().unwrap_or_default()
}
