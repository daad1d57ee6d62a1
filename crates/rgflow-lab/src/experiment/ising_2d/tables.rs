//! The tables: the summary of the first screen and one flow table per training set.

use super::numbers::{NOT_THERMAL, thesis};
use super::{Findings, MODES, SETS};
use crate::record::{Cell, Number, Table, Verdict};
use crate::record::{Combined, Measured, over_seeds};
use crate::study::couplings;
use crate::study::drawing::cell;
use crate::study::ends;
use crate::study::readings::{ABOUT, FlowFindings, Observed, p_thermal, relaxation as over_relaxation, t_star};
use rgflow::flow::Mode;
use rgflow::lattice::Temperature;
use rgflow::statistics::holm;

/// What a training set is, for people.
pub(super) fn set_title(set: &str) -> &'static str {
    match set {
        "all" => "all temperatures",
        "low" => "T <= 2.5",
        "high" => "T >= 2.0",
        "gap" => "all but 1.75 ... 2.75",
        _ => "only {0, 6}",
    }
}

/// The mode, for people.
pub(super) fn mode_title(mode: Mode) -> &'static str {
    match mode {
        Mode::Gibbs => "Gibbs",
        Mode::Mean => "mean field",
    }
}

/// T* of the pooled ends of `machine` over repetitions.
pub(super) fn end(found: &[Findings], machine: &str, mode: Mode) -> Combined {
    t_star(&found.iter().map(|f| &f.flow(machine, mode).pooled).collect::<Vec<_>>())
}

/// T* of the training mixture of the set number `i`.
pub(super) fn null(found: &[Findings], i: usize) -> Combined {
    t_star(&found.iter().map(|f| &f.thermal.nulls[i]).collect::<Vec<_>>())
}

/// Verdict of a T* against a reference.
pub(super) fn verdict(c: &Combined, value: f64, error: f64, tolerance: f64) -> Verdict {
    c.number(String::new(), "", "").compare(value, error, tolerance, "").compare[0].verdict
}

/// Verdict of a T* against another one.
pub(super) fn against(c: &Combined, other: &Combined) -> Verdict {
    other.reference(c.value).map_or(Verdict::NotCompared, |(value, error)| verdict(c, value, error, 0.0))
}

/// The table of the first screen.
pub(super) fn summary(found: &[Findings]) -> Table {
    let mut rows = Vec::new();
    for (i, (set, _)) in SETS.iter().enumerate() {
        let null = null(found, i);
        let says = thesis(set);
        let mut row = vec![
            Cell::text(set_title(set)),
            Cell::text(match *set {
                "all" => "about 2.5",
                "low" | "high" => "near T_c",
                "gap" => "near 2",
                _ => "-",
            }),
            cell(&null, None),
        ];
        for mode in MODES {
            let mixed = found.iter().all(|f| f.flow(set, mode).hot_meets_cold);
            row.push(cell(&end(found, set, mode), (!mixed).then_some("not mixed")));
        }
        let gibbs = end(found, set, Mode::Gibbs);
        row.push(cell(&end(found, &format!("{set}-redrawn"), Mode::Gibbs), None));
        row.push(Cell::Verdict(says.map_or(Verdict::NotCompared, |(value, _)| verdict(&gibbs, value, 0.0, ABOUT))));
        row.push(Cell::Verdict(verdict(&gibbs, Temperature::CRITICAL.value(), 0.0, 0.0)));
        row.push(Cell::Verdict(against(&gibbs, &null)));
        rows.push(row);
    }
    let over = if found.len() > 1 {
        format!("Errors: over {} repetitions with new data, thermometer and machine (Student's t).", found.len())
    } else {
        "Errors: over samples, of one repetition.".into()
    };
    Table {
        caption: "Where the RBM flow ends: T* (J/k_B) of the ends of all starts, pooled".into(),
        columns: [
            "trained on",
            "thesis",
            "null (no RBM)",
            "Gibbs",
            "mean field",
            "redrawn",
            "Gibbs = thesis?",
            "= T_c?",
            "= null?",
        ]
        .map(String::from)
        .to_vec(),
        rows,
        notes: vec![
            over,
            "Null: the training mixture itself, read without any RBM. Redrawn: Gibbs flow of a machine whose weights are drawn at random from the fitted ones.".into(),
            format!(
                "The thesis's \"about\" is given {ABOUT} (one step of its grid); T_c and the null are compared within errors."
            ),
            "\"not mixed\": the coldest and the hottest start do not share an end after the last step.".into(),
        ],
    }
}

/// A line of the flow tables: title, what was read, and the flows behind it (none for the null).
type Line<'a> = (String, Vec<&'a Observed>, Vec<&'a FlowFindings>);

/// The lines of a flow table, and which of them are not thermal (Holm over the table).
fn flow_lines<'a>(found: &'a [Findings], set: &str, i: usize) -> (Vec<Line<'a>>, Vec<bool>) {
    let nulls: Vec<&Observed> = found.iter().map(|f| &f.thermal.nulls[i]).collect();
    let mut lines: Vec<Line> = vec![("null (mixture, no RBM)".into(), nulls, vec![])];
    let mut machines = vec![
        (set.to_string(), "RBM".to_string()),
        (format!("{set}-redrawn"), "redrawn weights".into()),
        ("untrained".into(), "untrained RBM".into()),
    ];
    if set != "extremes" {
        machines.push(("extremes".into(), "RBM of {0, 6}".into()));
    }
    for (machine, title) in machines {
        for mode in MODES {
            let flows: Vec<&FlowFindings> = found.iter().map(|f| f.flow(&machine, mode)).collect();
            let steps = flows[0].steps;
            lines.push((
                format!("{title}, {}, {steps} steps", mode_title(mode)),
                flows.iter().map(|f| &f.pooled).collect(),
                flows,
            ));
        }
    }
    let p: Vec<f64> = lines.iter().map(|(_, o, _)| p_thermal(o)).collect();
    let flags = holm(&p, NOT_THERMAL);
    (lines, flags)
}

/// Whether the end of the Gibbs flow is "not thermal" in the flow table of the training set number `i`.
pub(super) fn gibbs_not_thermal(found: &[Findings], set: &str, i: usize) -> bool {
    // Lines: the null, then the machine in the order of modes.
    let line = 1 + MODES.iter().position(|m| *m == Mode::Gibbs).unwrap_or(0);
    flow_lines(found, set, i).1[line]
}

/// The tables of one training set, null, machine and controls: what the ends read, and how they were reached.
pub(super) fn flow_tables(found: &[Findings], set: &str, i: usize) -> [Table; 2] {
    let (lines, not_thermal) = flow_lines(found, set, i);
    let read = lines.iter().zip(not_thermal).map(|((title, observed, _), flag)| read_row(title, observed, flag));
    let reached = lines.iter().map(|(title, observed, flows)| reached_row(title, observed, flows));
    let title = |what: &str| format!("Trained on {}: {what}", set_title(set));
    let columns = |names: &[&str]| names.iter().copied().map(String::from).collect();
    [
        Table {
            caption: title("ends of the flow, pooled over starts, and the null"),
            columns: columns(&["collection", "T*", "T_E", "E/N", "|m|", "xi/L", "KL left (nats)", "thermal?"]),
            rows: read.collect(),
            notes: vec![format!(
                "\"not thermal\": the KL that is left is larger than thermal collections of that size show (Holm, {} % over the table).",
                100.0 * NOT_THERMAL
            )],
        },
        Table {
            caption: title("how the ends were reached"),
            columns: columns(&[
                "collection",
                "reverse KL",
                "JS",
                "ends at 100 / last",
                "converged",
                "relaxation (steps)",
            ]),
            rows: reached.collect(),
            notes: vec![
                "Ends: distinct ends of the start temperatures at about step 100 and at the last step; they are one where no pair may differ by 0.05 in total \
                 variation, else their range is given. Converged: starts whose windows [t/2, 3t/4) and \
                 [3t/4, t] agree."
                    .into(),
            ],
        },
    ]
}

/// A quantity of a collection, over repetitions.
fn over(observed: &[&Observed], of: impl Fn(&Observed) -> Option<Measured>) -> Cell {
    let n: f64 = observed.iter().map(|o| o.n as f64).sum();
    cell(&over_seeds(&observed.iter().map(|o| of(o)).collect::<Vec<_>>(), n), None)
}

fn read_row(title: &str, observed: &[&Observed], not_thermal: bool) -> Vec<Cell> {
    vec![
        Cell::text(title),
        cell(&t_star(observed), None),
        over(observed, |o| o.t_energy),
        over(observed, |o| Some(o.energy)),
        over(observed, |o| Some(o.abs_m)),
        over(observed, |o| o.xi_over_l),
        over(observed, |o| Some((o.kl, f64::NAN))),
        Cell::text(if not_thermal { "not thermal" } else { "could be" }),
    ]
}

fn reached_row(title: &str, observed: &[&Observed], flows: &[&FlowFindings]) -> Vec<Cell> {
    let mut row = vec![
        Cell::text(title),
        over(observed, |o| Some((o.kl_reverse, f64::NAN))),
        over(observed, |o| Some((o.js, f64::NAN))),
    ];
    if flows.is_empty() {
        row.extend([Cell::text("-"), Cell::text("-"), Cell::text("-")]);
        return row;
    }
    let list = |of: fn(&FlowFindings) -> usize| {
        let mut all: Vec<usize> = flows.iter().map(|f| of(f)).collect();
        all.sort_unstable();
        all.dedup();
        match all[..] {
            [one] => one.to_string(),
            _ => format!("{}-{}", all[0], all[all.len() - 1]),
        }
    };
    let last: Vec<ends::Seen> = flows.iter().map(|f| f.ends_seen()).collect();
    row.push(Cell::text(format!("{} / {}", list(|f| f.distinct_100), ends::text(&last))));
    row.push(Cell::text(format!(
        "{:.0} %",
        100.0 * flows.iter().map(|f| f.converged).sum::<f64>() / flows.len() as f64
    )));
    row.push(relaxation(flows));
    row
}

fn relaxation(flows: &[&FlowFindings]) -> Cell {
    let Combined { value, interval, .. } = over_relaxation(flows);
    Cell::Value { value: value.map(|v| (v * 10.0).round() / 10.0), error: None, interval, remark: None }
}

/// The three thermometers of each machine, and how much of ln p is not two-body.
pub(super) fn couplings_table(found: &[Findings]) -> Table {
    let row = |(i, (set, _)): (usize, &(&'static str, super::Member))| {
        let machine = Findings::effective(found, set);
        let energies = found.iter().map(|f| f.flow(set, Mode::Gibbs).pooled.t_energy);
        vec![
            Cell::text(set_title(set)),
            cell(&null(found, i), None),
            cell(&end(found, set, Mode::Gibbs), None),
            cell(&over_seeds(&energies.collect::<Vec<_>>(), 1.0), None),
            cell(&couplings::t_eff(&machine), None),
            cell(&couplings::more(&machine), None),
        ]
    };
    Table {
        caption: "Three thermometers (J/k_B)".into(),
        columns: ["trained on", "T* of the null", "T*, Gibbs end", "T_E, Gibbs end", "T_eff", "beyond pairs"]
            .map(String::from)
            .to_vec(),
        rows: SETS.iter().enumerate().map(row).collect(),
        notes: vec![
            "Beyond pairs: the share of terms of three and more spins in the variance of ln p over uniform spins."
                .into(),
        ],
    }
}

/// The thermometer on sets that no training saw: T* beside the true temperature, with E and |m|.
pub(super) fn thermometer_table(found: &[Findings], temperatures: &[f64], numbers: &[Number]) -> Table {
    let rows = temperatures
        .iter()
        .enumerate()
        .map(|(k, t)| {
            let start: Vec<&Observed> = found.iter().map(|f| &f.thermal.start[k]).collect();
            let number = |name: &str| numbers.iter().find(|n| n.key == format!("ising-2d.samples.T{t}.{name}"));
            let energy = number("energy");
            let exact = energy.and_then(|n| n.compare.first()).and_then(|c| c.value);
            let plain = |value| Cell::Value { value, error: None, interval: None, remark: None };
            let (e, m) =
                (energy.and_then(|n| n.value.zip(n.error)), number("abs_m").and_then(|n| n.value.zip(n.error)));
            let z = e.zip(exact).and_then(|((e, s), x)| (s > 0.0).then(|| ((e - x) / s * 100.0).round() / 100.0));
            let measured = |m: Option<Measured>| Cell::Value {
                value: m.map(|m| m.0),
                error: m.map(|m| m.1),
                interval: None,
                remark: None,
            };
            vec![
                plain(Some(*t)),
                cell(&t_star(&start), None),
                measured(e),
                Cell::text(exact.map_or("-".into(), |x| format!("{x:.6}"))),
                plain(z),
                measured(m),
            ]
        })
        .collect();
    Table {
        caption: "The thermometer on the start sets, and the reference sets against Kaufman's energies".into(),
        columns: ["T", "T* of the start set", "E/N", "exact", "z", "|m|"].map(String::from).to_vec(),
        rows,
        notes: vec![],
    }
}
