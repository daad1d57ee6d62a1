//! Tests: a stopped stage goes on where it was; any damage makes it begin again.

use super::super::progress::{Event, Progress};
use super::super::{Opened, Run, RunRequest, Stage};
use super::*;
use rgflow::restart::Unfit;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts to 1000, and counts how often it was advanced; reaching `stop` sets the flag that a signal sets.
struct Count<'a> {
    now: u64,
    advances: &'a mut u64,
    stop: Option<(u64, &'a Run)>,
}

impl Resumable for Count<'_> {
    fn advance(&mut self) -> bool {
        self.now += 1;
        *self.advances += 1;
        if let Some((_, run)) = self.stop.filter(|(at, _)| *at == self.now) {
            run.interrupt().store(true, Ordering::Relaxed);
        }
        self.now < 1000
    }
    fn done(&self) -> u64 {
        self.now
    }
    fn save(&self) -> Vec<u8> {
        encode(&self.now)
    }
    fn restore(&mut self, state: &[u8]) -> Result<(), Unfit> {
        self.now = decode(state)?;
        Ok(())
    }
}

/// Total of the reported units.
struct Sum(Arc<AtomicU64>);

impl Progress for Sum {
    fn report(&self, event: Event<'_>) {
        if let Event::Advance(_, units) | Event::Restored(_, units) = event {
            self.0.fetch_add(units, Ordering::Relaxed);
        }
    }
}

fn open(dir: &Path, sum: &Arc<AtomicU64>) -> Run {
    let progress = Arc::new(Sum(Arc::clone(sum)));
    let opened =
        Run::open(dir, RunRequest { experiment: "toy", settings: &toml::Table::new(), seeds: &[1] }, true, progress)
            .unwrap();
    let (Opened::Work(run) | Opened::Complete(run)) = opened;
    run
}

/// Runs a stage that keeps a value and counts; stopped at `stop`. Returns the advances and how often the value was
/// computed.
fn count(run: &Run, settings: u32, stop: Option<u64>) -> (Result<(), Error>, u64, u64) {
    let (mut advances, mut made) = (0, 0);
    let stage = Stage { name: "a/b", revision: 1, settings, inputs: &[], outputs: &["a.txt"] };
    let result = run.seed(1).stage(stage, |out| {
        let value = out.keep("value/1", 1007, || {
            made += 1;
            let (mut within, mut advances) = (0, 0);
            let mut work = Count { now: within, advances: &mut advances, stop: None };
            within += out.complete("value/1/within", &mut work, &|done| done)?;
            assert_eq!(within, 1000);
            out.tick(7)?;
            Ok(vec![1.5f64, f64::INFINITY])
        })?;
        let mut work = Count { now: 0, advances: &mut advances, stop: stop.map(|at| (at, run)) };
        let units = out.complete("count", &mut work, &|done| 2 * done)?;
        assert_eq!((units, work.now), (2000, 1000));
        out.write("a.txt", format!("{value:?} {}", work.now))
    });
    (result.map(|_| ()), advances, made)
}

#[test]
fn a_stopped_stage_goes_on_where_it_was_and_damage_begins_again() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("seed-1/stages/a/b.restart");
    let stopped = |settings| {
        let (result, advances, _) = count(&open(dir.path(), &Arc::default()), settings, Some(400));
        assert!(matches!(result, Err(Error::Interrupted)) && advances == 400, "{advances}");
        assert!(folder.join("count").is_file() && folder.join("value+1").is_file());
        assert!(!folder.join("value+1+within").exists(), "a part of what is made stayed");
    };
    let finished = |settings, advances, made| {
        let sum = Arc::default();
        let (result, seen, value) = count(&open(dir.path(), &sum), settings, None);
        result.unwrap();
        assert_eq!(sum.load(Ordering::Relaxed), 3007, "all work is counted, also what was done before");
        assert_eq!((seen, value), (advances, made));
        assert_eq!(std::fs::read(dir.path().join("seed-1/a.txt")).unwrap(), b"[1.5, inf] 1000");
        assert!(!folder.exists());
    };
    stopped(1);
    finished(1, 600, 0);
    // Killed between the manifest and the removal of the restarts.
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("count"), b"left").unwrap();
    let (result, advances, made) = count(&open(dir.path(), &Arc::default()), 1, None);
    result.unwrap();
    assert!((advances, made) == (0, 0) && !folder.exists());
    // With other settings.
    stopped(2);
    finished(3, 1000, 1);
    // Every kind of damage: truncated anywhere, a bit flipped anywhere, empty, a folder in its place.
    stopped(4);
    let whole = std::fs::read(folder.join("count")).unwrap();
    let restarts = |bytes: &[u8]| {
        std::fs::write(folder.join("count"), bytes).unwrap();
        let head = String::from_utf8_lossy(&whole);
        let key = head.lines().next().and_then(|line| line.split(' ').nth(4)).unwrap_or_default().to_string();
        Restarts::new(folder.clone(), &key, EVERY).load("count")
    };
    assert_eq!(restarts(&whole).map(|state| decode::<u64>(&state)), Some(Ok(400)));
    for i in 0..whole.len() {
        assert!(restarts(&whole[..i]).is_none(), "cut after {i} bytes");
        let mut changed = whole.clone();
        changed[i] ^= 4;
        assert!(restarts(&changed).is_none(), "byte {i} changed");
    }
    std::fs::write(folder.join("count"), &whole[..whole.len() - 1]).unwrap();
    finished(4, 1000, 0);
    stopped(5);
    std::fs::remove_file(folder.join("count")).unwrap();
    std::fs::create_dir(folder.join("count")).unwrap();
    finished(5, 1000, 0);
}

#[test]
fn a_restart_is_written_when_it_is_due_and_not_before() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("b.restart");
    let restarts = Restarts::new(folder.clone(), "key", Duration::from_secs(3600));
    restarts.finished("a", vec![1]);
    assert!(!folder.exists());
    restarts.flush();
    assert_eq!(restarts.load("a"), Some(vec![1]));
    let restarts = Restarts::new(folder.clone(), "key", Duration::from_millis(1));
    std::thread::sleep(Duration::from_millis(5));
    restarts.finished("b", vec![2]);
    assert_eq!(restarts.load("b"), Some(vec![2]));
    restarts.announce("b").unwrap();
    assert!(restarts.announce("b").unwrap_err().to_string().contains("two parts are called b"));
    restarts.remove().unwrap();
    assert!(!folder.exists());
}
