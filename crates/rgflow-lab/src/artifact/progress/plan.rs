//! The stages of a run, known before it begins, with the time that each is expected to take.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Stages of one repetition, in the order in which they usually end.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// The stages.
    pub stages: Vec<PlannedStage>,
    /// Time in seconds for the numbers, figures and the page of all repetitions; 0 where it is a moment.
    pub record_seconds: f64,
}

/// A stage that is planned.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedStage {
    /// Name of its part, such as `L32`; empty without parts.
    pub part: String,
    /// Name within the part, such as `rbm/all`.
    pub name: String,
    /// Kind of work, such as `rbm`: stages of one kind are expected to miss their time by one factor.
    pub kind: &'static str,
    /// Seconds that it is expected to take on one core, from its settings; > 0. Only ratios matter once a run has
    /// begun.
    pub seconds: f64,
    /// Share of its announced work after which it usually ends: below 1 where a training is expected to stop early.
    pub usual: f64,
}

impl PlannedStage {
    /// Name with that of the part: `L32/rbm/all`.
    pub fn full_name(&self) -> String {
        if self.part.is_empty() { self.name.clone() } else { format!("{}/{}", self.part, self.name) }
    }
}

impl Plan {
    /// A plan without stages.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the stage `name` of a `kind` that is expected to take `seconds` on one core.
    pub fn stage(mut self, kind: &'static str, name: impl Into<String>, seconds: f64) -> Self {
        // Nothing is done in no time, and a plan without any time has no share.
        let seconds = if seconds.is_finite() { seconds.max(1e-3) } else { 1e-3 };
        self.stages.push(PlannedStage { part: String::new(), name: name.into(), kind, seconds, usual: 1.0 });
        self
    }

    /// Says that the last stage usually ends after the `share` of its announced work, in (0, 1].
    pub fn usually(mut self, share: f64) -> Self {
        if let Some(last) = self.stages.last_mut() {
            last.usual = share.clamp(0.01, 1.0);
        }
        self
    }

    /// Says that the record of all repetitions takes `seconds`.
    pub fn record(mut self, seconds: f64) -> Self {
        self.record_seconds = seconds;
        self
    }

    /// Adds the stages of `other`.
    pub fn and(mut self, other: Self) -> Self {
        self.record_seconds += other.record_seconds;
        self.stages.extend(other.stages);
        self
    }

    /// The same stages in the part `name`.
    pub fn within(mut self, name: &str) -> Self {
        for stage in &mut self.stages {
            stage.part = if stage.part.is_empty() { name.into() } else { format!("{name}/{}", stage.part) };
        }
        self
    }

    /// Seconds on one core, all stages of one repetition together.
    pub fn seconds(&self) -> f64 {
        self.stages.iter().map(|stage| stage.seconds).sum()
    }
}

/// A run that is planned: an experiment in a folder with its seeds.
#[derive(Clone, Debug)]
pub struct PlannedRun {
    /// Name of the experiment, or of the command.
    pub name: String,
    /// Place in a scan, such as `rbm.hidden=4`; empty elsewhere.
    pub point: String,
    /// Folder or file that is written; empty where there is none.
    pub out: PathBuf,
    /// Seeds; empty where there are no repetitions.
    pub seeds: Vec<u64>,
    /// Stages of each repetition.
    pub plan: Plan,
    /// Stages that an earlier run has left, by seed and full name.
    pub made: BTreeSet<(u64, String)>,
    /// Whether the run is complete: nothing is left to do.
    pub is_complete: bool,
}

impl PlannedRun {
    /// A run of which nothing is made.
    pub fn new(name: impl Into<String>, out: &Path, seeds: &[u64], plan: Plan) -> Self {
        let (point, made, is_complete) = (String::new(), BTreeSet::new(), false);
        Self { name: name.into(), point, out: out.into(), seeds: seeds.to_vec(), plan, made, is_complete }
    }

    /// Takes the stages whose manifests are in the folder as made. Whether their keys fit is only known when the run
    /// comes to them: call this where the folder holds a run of the same settings.
    pub fn count_made(mut self) -> Self {
        for seed in &self.seeds {
            for stage in &self.plan.stages {
                let folder = self.out.join(format!("seed-{seed}")).join(&stage.part).join("stages");
                if folder.join(format!("{}.json", stage.name)).is_file() {
                    self.made.insert((*seed, stage.full_name()));
                }
            }
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_that_have_a_manifest_are_made() {
        let plan = Plan::new().stage("a", "x/y", 1.0).and(Plan::new().stage("b", "z", 2.0).usually(0.5).within("L8"));
        assert_eq!((plan.seconds(), plan.stages[1].usual), (3.0, 0.5));
        assert_eq!(plan.stages.iter().map(PlannedStage::full_name).collect::<Vec<_>>(), ["x/y", "L8/z"]);
        let dir = tempfile::tempdir().unwrap();
        for file in ["seed-1/stages/x/y.json", "seed-2/L8/stages/z.json"] {
            std::fs::create_dir_all(dir.path().join(file).parent().unwrap()).unwrap();
            std::fs::write(dir.path().join(file), "{}").unwrap();
        }
        let run = PlannedRun::new("toy", dir.path(), &[1, 2], plan).count_made();
        assert_eq!(run.made.into_iter().collect::<Vec<_>>(), [(1, "x/y".to_string()), (2, "L8/z".into())]);
    }
}
