//! The share of the work that is done and the time that is left, from the plan and from what has been measured so far.
//!
//! Each stage is expected to take its planned time, multiplied by a factor of its kind: wall time over planned time of
//! the work of that kind that this process has done. Wall time is divided equally among the stages that run at the same
//! time, so that the times of all kinds add up to the time that has passed, whatever the number of threads. A kind of
//! which little is known takes the factor of all kinds together.

use super::plan::PlannedRun;
use std::collections::{BTreeMap, HashMap};

/// Share of the planned time of a kind up to which the factor of all kinds counts as much as its own.
const TRUSTED: f64 = 0.03;
/// Share of the planned time of all stages up to which the expectation counts as much as what was measured.
const EXPECTED: f64 = 0.01;
/// Name of what is done after all stages: numbers, figures and the page.
pub const RECORD: &str = "record";

/// Time in seconds of the record and the page of an experiment that says nothing of it.
const RECORD_SECONDS: f64 = 0.2;

/// Where a stage is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Waiting,
    /// An earlier run has left a manifest; whether it fits is not known yet.
    Made,
    Running,
    Done,
}

#[derive(Clone, Debug)]
struct Tracked {
    run: usize,
    seed: Option<u64>,
    name: String,
    kind: String,
    seconds: f64,
    usual: f64,
    state: State,
    announced: u64,
    done: u64,
    /// Share of the stage that an earlier process has done.
    restored: f64,
    /// Wall time that it had to itself.
    spent: f64,
}

impl Tracked {
    /// Share of the stage that is done, and wall seconds that are left of it; `factor` is that of its kind.
    fn share_and_left(&self, factor: f64) -> (f64, f64) {
        let whole = (self.seconds * factor).max(1e-9);
        match self.state {
            State::Waiting => (0.0, whole),
            State::Made | State::Done => (1.0, 0.0),
            State::Running if self.is_measured() => {
                let share = self.known();
                (share, (1.0 - share) * whole)
            }
            // A stage that has reported nothing yet goes as its kind does; one that is late takes a quarter of its time
            // more.
            State::Running => {
                let (rest, x) = (1.0 - self.restored, self.spent / whole);
                if x < 0.8 * rest {
                    (self.restored + x, (rest - x) * whole)
                } else {
                    (1.0 - 0.2 * rest, 0.25 * self.spent)
                }
            }
        }
    }

    /// Share that is done by what it reports.
    fn known(&self) -> f64 {
        let of_units = self.done as f64 / self.announced.max(1) as f64 / self.usual;
        of_units.min(0.98).max(self.restored)
    }

    /// Whether it runs and has reported work of this process.
    fn is_measured(&self) -> bool {
        self.state == State::Running && self.known() > self.restored
    }
}

/// A stage among those of all runs.
#[derive(Clone, Copy, Debug)]
pub struct StageId<'a> {
    /// Place of its run.
    pub run: usize,
    /// Its seed; `None` for what follows all repetitions.
    pub seed: Option<u64>,
    /// Its name.
    pub name: &'a str,
}

/// How long a stage is expected to take.
struct Pacing<'a> {
    kind: &'a str,
    /// Planned seconds.
    seconds: f64,
    /// Share of the announced work that is usually done.
    usual: f64,
}

/// State of the runs at a moment.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// Seed and stage that advanced last, with the place of its run among all; `None` before the first.
    pub now: Option<(usize, Option<u64>, String)>,
    /// Stages that are done, those of earlier runs included.
    pub done: usize,
    /// All stages of all seeds of all runs.
    pub stages: usize,
    /// Share of the work that is done, 0 to 1; never falls from one view to the next.
    pub share: f64,
    /// Seconds since the begin.
    pub seconds: f64,
    /// Seconds left; 0 at the end.
    pub eta_seconds: f64,
    /// Share of the announced work of the stage that advanced last; `None` where it announces none.
    pub stage_share: Option<f64>,
}

/// The stages of all runs, and what has happened to them. Times are seconds since the begin and never fall.
#[derive(Clone, Debug)]
pub struct Estimate {
    stages: Vec<Tracked>,
    places: HashMap<(usize, Option<u64>, String), usize>,
    running: Vec<usize>,
    /// Wall seconds and planned seconds of the work that ended or advanced in this process, by kind.
    paces: BTreeMap<String, Pace>,
    /// Wall seconds for a planned second, before anything is measured.
    expected: f64,
    last: f64,
    shown: f64,
    now: Option<usize>,
    is_over: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Pace {
    wall: f64,
    planned: f64,
    /// Planned seconds of all stages of the kind.
    all: f64,
}

impl Estimate {
    /// All stages of `runs`, on `threads` threads (at least 1).
    pub fn new(runs: &[PlannedRun], threads: usize) -> Self {
        let mut estimate = Self {
            stages: Vec::new(),
            places: HashMap::new(),
            running: Vec::new(),
            paces: BTreeMap::new(),
            expected: 1.0 / threads.max(1) as f64,
            last: 0.0,
            shown: 0.0,
            now: None,
            is_over: false,
        };
        for (r, run) in runs.iter().enumerate() {
            for seed in &run.seeds {
                for stage in &run.plan.stages {
                    let name = stage.full_name();
                    let made = run.is_complete || run.made.contains(&(*seed, name.clone()));
                    let id = StageId { run: r, seed: Some(*seed), name: &name };
                    estimate.add(id, Pacing { kind: stage.kind, seconds: stage.seconds, usual: stage.usual }, made);
                }
            }
            let seconds = run.plan.record_seconds.max(RECORD_SECONDS);
            let id = StageId { run: r, seed: None, name: RECORD };
            estimate.add(id, Pacing { kind: RECORD, seconds, usual: 1.0 }, run.is_complete);
        }
        estimate
    }

    fn add(&mut self, StageId { run, seed, name }: StageId<'_>, pacing: Pacing<'_>, made: bool) -> usize {
        let Pacing { kind, seconds, usual } = pacing;
        let name = name.to_string();
        let state = if made { State::Made } else { State::Waiting };
        let place = self.stages.len();
        self.places.insert((run, seed, name.clone()), place);
        self.paces.entry(kind.into()).or_default().all += seconds;
        let (announced, done, restored, spent) = (0, 0, 0.0, 0.0);
        let kind = kind.to_string();
        self.stages.push(Tracked { run, seed, name, kind, seconds, usual, state, announced, done, restored, spent });
        place
    }

    /// The place of a stage; one that was not planned is taken to be as long as the others are on average.
    fn place(&mut self, id: StageId<'_>) -> usize {
        if let Some(place) = self.places.get(&(id.run, id.seed, id.name.to_string())) {
            return *place;
        }
        let (n, all) = (self.stages.len().max(1), self.stages.iter().map(|stage| stage.seconds).sum::<f64>());
        self.add(id, Pacing { kind: id.name, seconds: (all / n as f64).max(0.01), usual: 1.0 }, false)
    }

    /// Gives the time since the last event to the stages that run.
    fn pass(&mut self, at: f64) {
        let passed = (at - self.last).max(0.0);
        self.last = self.last.max(at);
        let each = passed / self.running.len().max(1) as f64;
        // Work that nobody reports follows the stage that ended last, and will follow it in other seeds.
        let has_ended =
            |place: &usize| self.paces.get(&self.stages[*place].kind).is_some_and(|pace| pace.planned > 0.0);
        let follows = self.now.filter(|_| self.running.is_empty()).filter(has_ended);
        for place in self.running.iter().chain(&follows) {
            let stage = &mut self.stages[*place];
            stage.spent += each;
            if let Some(pace) = self.paces.get_mut(&stage.kind) {
                pace.wall += each;
            }
        }
    }

    /// Wall and planned seconds of the work that is known to be done by this process, by kind.
    fn known(&self) -> BTreeMap<&str, (f64, f64)> {
        let mut found: BTreeMap<&str, (f64, f64)> =
            self.paces.iter().map(|(kind, pace)| (kind.as_str(), (pace.wall, pace.planned))).collect();
        for stage in self.running.iter().map(|place| &self.stages[*place]) {
            if let Some((wall, planned)) = found.get_mut(stage.kind.as_str()) {
                match stage.is_measured() {
                    true => *planned += (stage.known() - stage.restored) * stage.seconds,
                    false => *wall -= stage.spent,
                }
            }
        }
        found
    }

    /// Wall seconds for a planned second, by kind.
    fn factors(&self) -> BTreeMap<&str, f64> {
        let known = self.known();
        let all: f64 = self.paces.values().map(|pace| pace.all).sum();
        let (wall, planned) = known.values().fold((0.0, 0.0), |sum, own| (sum.0 + own.0, sum.1 + own.1));
        let prior = EXPECTED * all;
        let common = (wall + prior * self.expected) / (planned + prior).max(1e-12);
        let of = |(kind, pace): (&'_ String, &Pace)| {
            let (wall, planned) = known[kind.as_str()];
            let prior = TRUSTED * pace.all;
            (wall.max(0.0) + prior * common) / (planned + prior).max(1e-12)
        };
        self.paces.iter().map(|pace| (pace.0.as_str(), of(pace))).collect()
    }

    /// A stage begins at the time `at`.
    pub fn begin(&mut self, at: f64, id: StageId<'_>) {
        self.pass(at);
        let place = self.place(id);
        self.stages[place].state = State::Running;
        self.running.push(place);
        self.now = Some(place);
    }

    /// Units of work of a stage are announced.
    pub fn announce(&mut self, id: StageId<'_>, units: u64) {
        let place = self.place(id);
        self.stages[place].announced += units;
    }

    /// Units of work are done; `restored` by an earlier process.
    pub fn advance(&mut self, at: f64, id: StageId<'_>, units: u64, restored: bool) {
        self.pass(at);
        let place = self.place(id);
        let stage = &mut self.stages[place];
        stage.done = (stage.done + units).min(stage.announced.max(stage.done));
        if restored && stage.announced > 0 {
            stage.restored = (stage.restored + units as f64 / stage.announced as f64 / stage.usual).min(0.98);
        }
        self.now = Some(place);
    }

    /// A stage ends, or is `kept` as an earlier run left it.
    pub fn end(&mut self, at: f64, id: StageId<'_>, kept: bool) {
        self.pass(at);
        let place = self.place(id);
        self.running.retain(|running| *running != place);
        let stage = &mut self.stages[place];
        if !kept
            && stage.state == State::Running
            && let Some(pace) = self.paces.get_mut(&stage.kind)
        {
            pace.planned += (1.0 - stage.restored) * stage.seconds;
        }
        stage.state = State::Done;
        self.now = Some(place);
    }

    /// Units of a stage: done and announced.
    pub(super) fn units(&mut self, id: StageId<'_>) -> (u64, u64) {
        let place = self.place(id);
        (self.stages[place].done, self.stages[place].announced)
    }

    /// Everything is done.
    pub fn finish(&mut self, at: f64) {
        self.pass(at);
        self.running.clear();
        self.stages.iter_mut().for_each(|stage| stage.state = State::Done);
        self.is_over = true;
    }

    /// The state at the time `at`.
    pub fn view(&mut self, at: f64) -> View {
        self.pass(at);
        let factors = self.factors();
        let (mut done, mut left) = (0.0, 0.0);
        for stage in &self.stages {
            let factor = factors[stage.kind.as_str()];
            let (share, own) = stage.share_and_left(factor);
            done += share * stage.seconds * factor;
            left += own;
        }
        let share = if self.is_over { 1.0 } else { (done / (done + left).max(1e-12)).min(0.999) };
        self.shown = self.shown.max(share);
        let now = self.now.map(|place| &self.stages[place]);
        View {
            stage_share: now
                .filter(|stage| stage.announced > 0)
                .map(|stage| stage.done as f64 / stage.announced as f64),
            now: now.map(|stage| (stage.run, stage.seed, stage.name.clone())),
            done: self.stages.iter().filter(|stage| matches!(stage.state, State::Done | State::Made)).count(),
            stages: self.stages.len(),
            share: self.shown,
            seconds: self.last,
            eta_seconds: if self.is_over { 0.0 } else { left },
        }
    }

    /// Stages that are left to do, and the seconds that they are expected to take before anything is measured.
    pub fn expected(&self) -> (usize, f64) {
        let left = || self.stages.iter().filter(|stage| stage.state == State::Waiting);
        (left().count(), left().map(|stage| stage.seconds * self.expected).sum())
    }
}

#[cfg(test)]
mod tests {
    use super::super::Plan;
    use super::*;
    use std::path::Path;

    /// A stage of the first seed.
    fn first(name: &str) -> StageId<'_> {
        StageId { run: 0, seed: Some(1), name }
    }

    fn planned(seeds: &[u64], plan: Plan) -> Estimate {
        Estimate::new(&[PlannedRun::new("toy", Path::new("runs/toy"), seeds, plan)], 1)
    }

    #[test]
    fn all_stages_of_all_seeds_are_counted_from_the_start() {
        let mut estimate = planned(&[1, 2, 3], Plan::new().stage("a", "a", 1.0).stage("b", "b", 9.0));
        let view = estimate.view(0.0);
        // Three seeds of two stages, and the record.
        assert_eq!((view.done, view.stages, view.share), (0, 7, 0.0));
        assert!((view.eta_seconds - 30.2).abs() < 1e-9);
    }

    /// Stage a takes ten times as long as planned: what is left of its kind takes ten times as long too, what is left
    /// of b does not.
    #[test]
    fn a_kind_that_is_slower_than_planned_is_slower_in_other_seeds() {
        let mut estimate = planned(&[1, 2], Plan::new().stage("a", "a", 1.0).stage("b", "b", 10.0));
        estimate.begin(0.0, first("a"));
        estimate.end(10.0, first("a"), false);
        estimate.begin(10.0, first("b"));
        estimate.end(20.0, first("b"), false);
        let view = estimate.view(20.0);
        // 10 s of a and 10 s of b.
        assert!((18.0..22.0).contains(&view.eta_seconds), "{view:?}");
        assert!((0.45..0.55).contains(&view.share), "{view:?}");
    }

    #[test]
    fn the_share_never_falls_and_kept_stages_cost_nothing() {
        let mut estimate = planned(&[1], Plan::new().stage("a", "a", 5.0).stage("b", "b", 5.0));
        estimate.end(0.0, first("a"), true);
        let half = estimate.view(0.0);
        assert!((0.49..0.5).contains(&half.share) && half.done == 1, "{half:?}");
        estimate.begin(0.1, first("b"));
        estimate.announce(first("b"), 100);
        // Restored work is done, but tells nothing about the speed.
        estimate.advance(0.2, first("b"), 50, true);
        let view = estimate.view(0.2);
        assert!((0.7..0.8).contains(&view.share), "{view:?}");
        assert!((2.0..3.0).contains(&view.eta_seconds), "{view:?}");
        // Work that was not planned makes the whole longer, but what is shown does not fall.
        estimate.begin(0.3, first("c"));
        let more = estimate.view(0.3);
        assert!(more.share >= view.share && more.stages == 4 && more.eta_seconds > view.eta_seconds, "{more:?}");
        estimate.finish(1.0);
        assert_eq!((estimate.view(1.0).share, estimate.view(1.0).eta_seconds), (1.0, 0.0));
    }
}
