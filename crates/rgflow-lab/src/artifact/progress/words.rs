//! Progress in words: the header, and one line that fits a terminal.

use super::estimate::View;
use super::plan::PlannedRun;

/// Runs that the header names one by one.
const NAMED: usize = 16;

/// A time in round words: `2 s`, `40 s`, `3 min`, `2 h`.
pub fn duration(seconds: f64) -> String {
    let round = |x: f64| if x >= 20.0 { (x / 5.0).round() * 5.0 } else { x.round() };
    match seconds {
        s if s.is_nan() => "an unknown time".into(),
        s if s < 1.0 => "1 s".into(),
        s if s < 89.5 => format!("{} s", round(s)),
        s if s < 89.5 * 60.0 => format!("{} min", round(s / 60.0)),
        s => format!("{} h", round(s / 3600.0)),
    }
}

/// Seeds in words: `seed 1`, `seeds 1 to 4`, `seeds 1, 5`.
fn seeds(seeds: &[u64]) -> String {
    match seeds {
        [] => String::new(),
        [one] => format!(", seed {one}"),
        [first, .., last] if last - first == seeds.len() as u64 - 1 => format!(", seeds {first} to {last}"),
        more => format!(", seeds {}", more.iter().map(u64::to_string).collect::<Vec<_>>().join(", ")),
    }
}

/// Lines before a run: what is done, how long it is expected to take, and where to. `to_do` stages of `stages` are
/// left, which take about `seconds` on `threads` threads.
pub fn header(runs: &[PlannedRun], to_do: usize, stages: usize, seconds: f64, threads: usize) -> Vec<String> {
    let count = if to_do == stages { format!("{stages}") } else { format!("{to_do} of {stages}") };
    let stages = if stages == 1 { "stage" } else { "stages" };
    let threads = if threads == 1 { "1 thread".into() } else { format!("{threads} threads") };
    let long = format!("{count} {stages}, about {} on {threads}", duration(seconds));
    let one = |run: &PlannedRun| {
        let point = if run.point.is_empty() { String::new() } else { format!(" at {}", run.point) };
        format!("{}{point}{}", run.name, seeds(&run.seeds))
    };
    match runs {
        [run] if run.out.as_os_str().is_empty() => vec![format!("{}: {long}", one(run))],
        [run] => vec![format!("{}: {long}", one(run)), format!("  to {}", run.out.display())],
        runs => {
            let done = runs.iter().filter(|run| run.is_complete).count();
            let done = if done == 0 { String::new() } else { format!(" ({done} done)") };
            let mut lines = vec![format!("{} runs{done}: {long}", runs.len())];
            lines.extend(runs.iter().take(NAMED).map(|run| format!("  {} to {}", one(run), run.out.display())));
            if runs.len() > NAMED {
                lines.push(format!("  and {} more", runs.len() - NAMED));
            }
            lines
        }
    }
}

/// Seed and stage that advanced last: `seed 2, L32/rbm/all`; of several `runs` with the name of the run before.
pub fn place(view: &View, runs: &[PlannedRun]) -> String {
    let Some((run, seed, stage)) = &view.now else { return String::new() };
    let run = match runs {
        [_] | [] => String::new(),
        runs => runs.get(*run).map_or(String::new(), |run| {
            let point = if run.point.is_empty() { &run.name } else { &run.point };
            format!("{point}, ")
        }),
    };
    seed.map_or_else(|| format!("{run}{stage}"), |seed| format!("{run}seed {seed}, {stage}"))
}

/// `text` cut to `width` columns, with `...` where something is left out.
pub fn cut(text: &str, width: usize) -> String {
    match text.chars().count() <= width {
        true => text.into(),
        false => text.chars().take(width.saturating_sub(3)).chain("...".chars().take(width)).collect(),
    }
}

/// One line of at most `width` columns (at least 40): share, bar, stages, time left, seed and stage.
pub fn bar_line(view: &View, runs: &[PlannedRun], width: usize) -> String {
    let percent = (100.0 * view.share).floor();
    let left =
        if view.eta_seconds > 0.0 { format!(", about {} left", duration(view.eta_seconds)) } else { String::new() };
    let counts = format!("{} of {}{left}", view.done, view.stages);
    let columns = match width {
        ..55 => 0,
        55..75 => 12,
        _ => 20,
    };
    let full = (view.share * columns as f64) as usize;
    let bar = match columns {
        0 => String::new(),
        _ => format!("[{}{}] ", "=".repeat(full), " ".repeat(columns - full)),
    };
    let line = format!("{percent:>3} % {bar}{counts}");
    let place = place(view, runs);
    cut(&if place.is_empty() { line } else { format!("{line}: {place}") }, width)
}

#[cfg(test)]
mod tests {
    use super::super::Plan;
    use super::*;
    use std::path::Path;

    #[test]
    fn times_are_round() {
        let all = [0.2, 1.4, 44.0, 89.0, 100.0, 3000.0, 7300.0].map(duration);
        assert_eq!(all, ["1 s", "1 s", "45 s", "90 s", "2 min", "50 min", "2 h"]);
    }

    #[test]
    fn the_header_says_what_and_how_long_and_where_to() {
        let run = |name: &str, seeds: &[u64]| {
            PlannedRun::new(name, Path::new("runs").join(name).as_path(), seeds, Plan::new())
        };
        assert_eq!(
            header(&[run("sizes", &[1, 2, 3, 4])], 49, 49, 200.0, 2),
            ["sizes, seeds 1 to 4: 49 stages, about 3 min on 2 threads", "  to runs/sizes"]
        );
        let mut two = [run("sizes", &[1]), run("maps", &[1, 5])];
        two[0].is_complete = true;
        let expected = [
            "2 runs (1 done): 5 of 9 stages, about 2 s on 1 thread",
            "  sizes, seed 1 to runs/sizes",
            "  maps, seeds 1, 5 to runs/maps",
        ];
        assert_eq!(header(&two, 5, 9, 2.0, 1), expected);
    }

    #[test]
    fn a_line_fits_its_width() {
        let now = Some((0, Some(2), "L32/flow/all-with-a-long-name-epoch-100-gibbs".to_string()));
        let (done, stages, share, seconds, eta_seconds) = (14, 150, 0.0945, 20.0, 190.0);
        let view = View { now, done, stages, share, seconds, eta_seconds, stage_share: None };
        let runs = [PlannedRun::new("toy", Path::new("runs/toy"), &[1, 2], Plan::new())];
        assert_eq!(
            bar_line(&view, &runs, 80),
            "  9 % [=                   ] 14 of 150, about 3 min left: seed 2, L32/flow/al..."
        );
        assert_eq!(bar_line(&view, &runs, 60), "  9 % [=           ] 14 of 150, about 3 min left: seed 2,...");
        for width in 40..140 {
            assert!(bar_line(&view, &runs, width).chars().count() <= width);
        }
        assert_eq!(bar_line(&View { now: None, ..view }, &runs, 40), "  9 % 14 of 150, about 3 min left");
    }
}
