//! Tables of `ising-2d`: summary, two flow tables per training set, machines as Ising models, thermometer.

use super::quantities::{Collection, Quantities, thesis};
use super::{Findings, SETS, Settings};
use crate::row;
use crate::study::flow_ends;
use crate::study::prelude::*;
use rgflow::statistics::holm;

/// Level of the test "not thermal" over one table.
pub(super) const NOT_THERMAL: f64 = 0.01;

/// Description of a training set, for people.
pub(super) fn set_title(set: &str) -> &'static str {
    match set {
        "all" => "all temperatures",
        "low" => "T <= 2.5",
        "high" => "T >= 2.0",
        "gap" => "all but 1.75 ... 2.75",
        _ => "only {0, 6}",
    }
}

/// Name of the mode, for people.
pub(super) fn mode_title(mode: Mode) -> &'static str {
    match mode {
        Mode::Gibbs => "Gibbs",
        Mode::Mean => "mean field",
    }
}

/// Summary table of the first screen.
pub(super) fn summary(settings: &Settings, q: &Quantities, found: &[Findings]) -> Table {
    let columns = [
        "trained on",
        "thesis",
        "null (no RBM)",
        "Gibbs",
        "mean field",
        "redrawn",
        "KL",
        "Gibbs = thesis?",
        "= T_c?",
        "= null?",
    ];
    let row = |(s, machine): (usize, usize)| {
        let says = match SETS[s].0 {
            "all" => "about 2.5",
            "low" | "high" => "near T_c",
            "gap" => "near 2",
            _ => "-",
        };
        let (null, ends) = (q.null.t_star.at(s), &q.flows.ends.t_star);
        let mut row = row![q.title(machine), says, null];
        row.extend(MODES.map(|mode| {
            let mixed = found.iter().all(|f| f.flow(q.machines.name(machine), mode).hot_meets_cold);
            Cell::from(ends.at((machine, mode))).remark((!mixed).then_some("not mixed"))
        }));
        let gibbs = ends.at((machine, Mode::Gibbs));
        let redrawn = (machine == s).then(|| ends.at((q.machines.redrawn(s), Mode::Gibbs)));
        let thesis = thesis(SETS[s].0).map_or(Verdict::NotCompared, |_| gibbs.first_verdict());
        let critical = gibbs.verdict_at(Temperature::CRITICAL.value(), 0.0, 0.0);
        row.push(redrawn.map_or("-".into(), Cell::from));
        row.extend(row![q.likelihoods.kl.at(machine), thesis, critical, gibbs.verdict_against(null)]);
        row
    };
    let over = if found.len() > 1 {
        format!(
            "Errors: over {} repetitions with new data, thermometer and machine (Student's t; two errors are 95.45 %).",
            found.len()
        )
    } else {
        "Errors: over samples, of one repetition.".into()
    };
    Table::new("Where the RBM flow ends: T* (J/k_B) of the ends of all starts, pooled", columns)
        .rows(q.by_set().map(row))
        .note(over)
        .note(
            "Null: the training mixture itself, read without any RBM. Redrawn: Gibbs flow of a machine whose weights \
            are drawn at random from the fitted ones.",
        )
        .note(format!(
            "The thesis's \"about\" is given {ABOUT} (one step of its grid); T_c and the null are compared within \
             errors."
        ))
        .note(format!(
            "The machines: {}{}. KL in nats: of the law of the training temperatures from the machine's.",
            settings.torus.rbm.trained_by(),
            settings.beside.map_or(String::new(), |course| format!(
                "; beside them {}, rate {}, falling to 0, {} updates",
                settings.by(Some(course)),
                course.rate,
                course.updates
            ))
        ))
        .note("\"not mixed\": the coldest and the hottest start do not share an end after the last step.")
}

/// Lines of a flow table below the null: machine, title and mode.
fn flow_lines(q: &Quantities, s: usize) -> Vec<(usize, String, Mode)> {
    let machines = &q.machines;
    let mut lines: Vec<(usize, String)> =
        machines.of_set(s).map(|machine| (machine, format!("RBM, {}", machines.by(machine)))).collect();
    lines.extend([(machines.redrawn(s), "redrawn weights".into()), (machines.untrained(), "untrained RBM".into())]);
    let extremes = SETS.len() - 1;
    if s != extremes {
        lines.extend(
            machines.of_set(extremes).map(|machine| (machine, format!("RBM of {{0, 6}}, {}", machines.by(machine)))),
        );
    }
    lines.into_iter().flat_map(|(machine, title)| MODES.map(|mode| (machine, title.clone(), mode))).collect()
}

/// Which lines of a flow table are not thermal (Holm over the table); the null is the first.
fn not_thermal(q: &Quantities, s: usize) -> Vec<bool> {
    let ends = flow_lines(q, s).into_iter().map(|(machine, _, mode)| q.flows.ends.p_thermal.at((machine, mode)));
    let p: Vec<f64> = std::iter::once(q.null.p_thermal.at(s)).chain(ends).map(Number::get).collect();
    holm(&p, NOT_THERMAL)
}

/// Whether the end of the Gibbs flow is "not thermal" in the flow table of the training set `s`.
pub(super) fn gibbs_not_thermal(q: &Quantities, s: usize) -> bool {
    let gibbs = flow_lines(q, s).into_iter().position(|(machine, _, mode)| machine == s && mode == Mode::Gibbs);
    gibbs.is_some_and(|line| not_thermal(q, s)[1 + line])
}

/// Tables of one training set with null, machine and controls: readings of the ends, and how the ends were reached.
pub(super) fn flow_tables(q: &Quantities, found: &[Findings], s: usize) -> [Table; 2] {
    fn read<const N: usize>(title: String, of: &Collection<N>, place: [usize; N], not_thermal: bool) -> Vec<Cell> {
        let Collection { t_star, t_energy, energy, abs_m, xi_over_l, kl, .. } = of;
        let numbers = [t_star, t_energy, energy, abs_m, xi_over_l, kl].map(|quantity| quantity.at(place).into());
        let flag = if not_thermal { "not thermal" } else { "could be" };
        row![title].into_iter().chain(numbers).chain(row![flag]).collect()
    }
    let title = |(machine, title, mode): &(usize, String, Mode)| {
        let steps = found[0].flow(q.machines.name(*machine), *mode).steps;
        format!("{title}, {}, {steps} steps", mode_title(*mode))
    };
    let (null, lines, flags) = ("null (mixture, no RBM)", flow_lines(q, s), not_thermal(q, s));
    let ends = lines.iter().zip(&flags[1..]).map(|(line, flag)| {
        let place = [line.0, crate::record::Place::place(line.2)];
        read(title(line), &q.flows.ends, place, *flag)
    });
    let ends = std::iter::once(read(null.into(), &q.null, [s], flags[0])).chain(ends);
    let reached = lines.iter().map(|line| {
        let (machine, mode) = (line.0, line.2);
        let flows: Vec<_> = found.iter().map(|f| f.flow(q.machines.name(machine), mode)).collect();
        let mut at_100: Vec<usize> = flows.iter().map(|flow| flow.distinct_100).collect();
        at_100.sort_unstable();
        let (least, most) = (at_100[0], at_100[at_100.len() - 1]);
        let at_100 = if least == most { most.to_string() } else { format!("{least}-{most}") };
        let last: Vec<flow_ends::FlowEnds> = flows.iter().map(|flow| flow.flow_ends()).collect();
        let converged = 100.0 * flows.iter().map(|flow| flow.converged).sum::<f64>() / flows.len() as f64;
        let relaxation = q.flows.relaxation.at((machine, mode));
        let rounded = relaxation.value.map(|v| (v * 10.0).round() / 10.0);
        let relaxation = Number { value: rounded, error: None, ..relaxation.clone() };
        row![
            title(line),
            q.flows.ends.kl_reverse.at((machine, mode)),
            q.flows.ends.js.at((machine, mode)),
            format!("{at_100} / {}", flow_ends::text(&last)),
            format!("{converged:.0} %"),
            &relaxation,
            q.end(machine, mode, flows[0].steps),
        ]
    });
    let null = row![null, q.null.kl_reverse.at(s), q.null.js.at(s), "-", "-", "-", "-"];
    let trained = format!("Trained on {}", set_title(SETS[s].0));
    let columns = ["collection", "T*", "T_E", "E/N", "|m|", "xi/L", "KL left (nats)", "thermal?"];
    let left = format!(
        "\"not thermal\": the KL that is left is larger than thermal collections of that size show (Holm, {} % over \
         the table).",
        100.0 * NOT_THERMAL
    );
    let how =
        ["collection", "reverse KL", "JS", "ends at 100 / last", "converged", "relaxation (steps)", "its own law"];
    [
        Table::new(format!("{trained}: ends of the flow, pooled over starts, and the null"), columns)
            .rows(ends)
            .note(left),
        Table::new(format!("{trained}: how the ends were reached"), how).rows([null]).rows(reached).note(
            "Ends: distinct ends of the start temperatures at about step 100 and at the last step; they are one where \
             no pair may differ by 0.05 in total variation, else their range is given. Converged: starts whose \
             windows [t/2, 3t/4) and [3t/4, t] agree. Its own law: a Gibbs flow ends at the law of its machine, after \
             20 tau_int of its chains or more; a mean-field flow has none.",
        ),
    ]
}

/// The three thermometers of each trained machine, the share of ln p that is not two-body, and its distance from the
/// data.
pub(super) fn couplings_table(q: &Quantities) -> Table {
    let row = |(s, m): (usize, usize)| {
        let ends = &q.flows.ends;
        row![
            q.title(m),
            q.null.t_star.at(s),
            ends.t_star.at((m, Mode::Gibbs)),
            ends.t_energy.at((m, Mode::Gibbs)),
            q.as_ising.t_eff.at(m),
            q.as_ising.beyond_pairs.at(m),
            q.likelihoods.ln_p.at(m),
            q.likelihoods.kl.at(m),
            q.machines.standing(m),
            q.tau.at(m)
        ]
    };
    let columns = [
        "trained on",
        "T* of the null",
        "T*, Gibbs end",
        "T_E, Gibbs end",
        "T_eff",
        "beyond pairs",
        "ln p",
        "KL",
        "likelihood",
        "tau_int",
    ];
    let table = Table::new("Three thermometers (J/k_B)", columns)
        .rows(q.by_set().map(row))
        .note("Beyond pairs: the share of terms of three and more spins in the variance of ln p over uniform spins.")
        .note(
            "ln p of a test sample, and KL of the exact law of the training temperatures from the machine's (nats). \
             tau_int of its Gibbs chains in steps.",
        );
    q.machines.standings().into_iter().fold(table, Table::note)
}

/// Test of the thermometer on sets no training used: T* against the true temperature, with E and |m|.
pub(super) fn thermometer_table(q: &Quantities) -> Table {
    let caption = "The thermometer on the start sets, and the reference sets against Kaufman's energies";
    let row = |k: usize| {
        let (energy, abs_m) = (q.energy.at(k), q.abs_m.at(k));
        let exact = energy.compare.first().and_then(|c| c.value);
        let z = energy.value.zip(energy.error).zip(exact).filter(|((_, error), _)| *error > 0.0);
        let z = z.map_or(f64::NAN, |((e, error), exact)| ((e - exact) / error * 100.0).round() / 100.0);
        let exact = exact.map_or("-".into(), |exact| format!("{exact:.6}"));
        row![q.temperature.x()[k], q.start.at(k), energy, exact, z, abs_m]
    };
    Table::new(caption, ["T", "T* of the start set", "E/N", "exact", "z", "|m|"]).rows(q.temperature.places().map(row))
}
