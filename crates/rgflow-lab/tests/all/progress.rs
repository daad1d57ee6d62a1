//! Promises of `--progress`, on recorded runs: `tests/progress/*.jsonl` are the lines that `--progress json` wrote on
//! a machine of two cores that was shared with other work. Lines that say nothing but how far a stage is were thinned.
//! The other work was about the same from begin to end: of a run of the main job during which it changed twofold the
//! factor was 2.6.
//!
//! `RGFLOW_PROGRESS=FILE` holds another recording to the same factor; `--nocapture` shows the worst of each.

use rgflow_lab::artifact::progress::{Recording, replay};
use std::path::{Path, PathBuf};

fn recordings() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/progress");
    let entries = std::fs::read_dir(folder).expect("recordings").flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|e| e == "jsonl"));
    paths.sort();
    paths
}

fn read(path: &Path) -> Recording {
    let text = std::fs::read_to_string(path).expect("readable");
    replay(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Largest factor between the time left that was shown and the one that was, from a tenth of the time on; differences
/// below a second, or a fiftieth of the whole, are no errors: at the very end there is no factor.
fn worst(run: &Recording) -> (f64, f64) {
    let mut worst = (1.0, 0.0);
    for view in run.views.iter().filter(|view| view.seconds >= 0.1 * run.seconds) {
        let left = run.seconds - view.seconds;
        let factor = (view.eta_seconds / left.max(1e-9)).max(left / view.eta_seconds.max(1e-9));
        let matters = (view.eta_seconds - left).abs() > (0.02 * run.seconds).max(1.0);
        if matters && factor > worst.0 {
            worst = (factor, view.seconds);
        }
    }
    worst
}

#[test]
fn the_time_left_is_within_a_factor_of_two_after_a_tenth_of_the_time() {
    let mut paths = recordings();
    assert!(paths.len() >= 6);
    paths.extend(std::env::var_os("RGFLOW_PROGRESS").map(PathBuf::from));
    for path in paths {
        let (run, name) = (read(&path), path.file_name().expect("a name").to_string_lossy().into_owned());
        let (factor, at) = worst(&run);
        println!("{name}: {:.1} s, at worst a factor of {factor:.2} at {at:.1} s", run.seconds);
        assert!(factor <= 2.0, "{name}: a factor of {factor:.2} at {at:.1} of {:.1} s", run.seconds);
    }
}

#[test]
fn all_stages_are_counted_from_the_first_line_and_the_share_never_falls() {
    for path in recordings() {
        let (run, name) = (read(&path), path.display());
        let (first, last) = (&run.views[0], &run.views[run.views.len() - 1]);
        assert!(run.views.iter().all(|view| view.stages == run.planned), "{name}: the number of stages changes");
        assert!(run.views.windows(2).all(|two| two[0].share <= two[1].share), "{name}: the share falls");
        assert!(run.views.windows(2).all(|two| two[0].done <= two[1].done), "{name}: the count falls");
        assert_eq!((last.done, last.share, last.eta_seconds), (run.planned, 1.0, 0.0), "{name}");
        // A run that is resumed begins with what was there.
        let resumed = path.to_string_lossy().contains("resumed");
        assert_eq!(first.share > 0.1 && first.done > 2, resumed, "{name}: {first:?}");
    }
}
