//! Stages "flow-MODE": the machine iterated from every start, and what is read along the way.

use super::findings::{Findings, Star};
use super::settings::Settings;
use super::{OwnFlow, Starts};
use crate::artifact::{Error, Repetition, Stage, npz};
use crate::dataset::Dataset;
use ndarray::{Array1, Array2, Axis};
use rgflow::flow::{
    Mode, Reading, Readout, Schedule, Starts as FlowStarts, Thermometer, Trajectory, attractors, converged,
    distinct_ends, run_by,
};
use std::fmt::Write;

const REVISION: u32 = 6;
/// Pictures: at most so many starts.
const SHOWN: usize = 10;

/// What a flow needs.
pub(super) struct Bench<'a> {
    pub flow: &'a OwnFlow,
    pub settings: &'a Settings,
    pub data: &'a Dataset,
    pub starts: &'a Starts,
    pub thermometer: Option<Thermometer>,
}

/// Makes or keeps the flow in one mode.
pub(super) fn flow(repetition: &Repetition, bench: &Bench, mode: Mode) -> Result<Findings, Error> {
    let name = format!("flow-{}", mode.name());
    let [ends, csv, json] = ["ends.npz", "series.csv", "findings.json"].map(|f| format!("{name}/{f}"));
    let inputs = bench.flow.inputs();
    let what = Stage {
        name: &name,
        revision: REVISION,
        settings: (&bench.settings.data, bench.settings.flow.steps, bench.settings.flow.chains),
        inputs: &inputs.iter().collect::<Vec<_>>(),
        outputs: &[&ends, &csv, &json],
    };
    let artifact = repetition.stage(what, |out| {
        let rbm = &bench.flow.machine.2;
        let lattice = bench.flow.lattice(bench.data);
        let mlp = bench.flow.network.as_ref().map(|(.., mlp)| mlp);
        let values = bench.data.values.rows(&bench.starts.rows);
        let n_starts = bench.starts.labels.len().max(1);
        let schedule = Schedule::new(bench.settings.flow.steps);
        // Units of about a million multiplications.
        let cost = (rbm.weights.len() as u64 / 1000).max(1);
        out.add_work(&name, (bench.settings.flow.steps * values.nrows()) as u64 * cost / 1000);
        let readout = Readout { mlp, lattice: lattice.as_ref() };
        let starts = FlowStarts { values: values.view().into(), n_starts };
        let streams = (out.streams(), name.as_str());
        let trajectory = out.drive("chains", &|done| done * cost / 1000, |drive| {
            run_by(rbm, readout, starts, mode, &schedule, streams, drive)
        })?;
        let start = mlp.map(|mlp| readings(mlp.outputs(values.view()), n_starts));
        let findings = examine(&trajectory, bench, mode, start, n_starts);
        let mut file = npz::Writer::new();
        file.add("values", &trajectory.values)?;
        let per = values.nrows() / n_starts;
        let labels: Vec<f64> = bench.starts.labels.iter().flat_map(|l| vec![*l; per]).collect();
        if !labels.is_empty() {
            let temperatures = bench.starts.meaning == Some(crate::dataset::Meaning::Temperature);
            file.add(if temperatures { "start_temperature" } else { "start_label" }, &Array1::from(labels))?;
        }
        out.write(&ends, file.finish()?)?;
        out.write(&csv, series(&findings, &bench.starts.names))?;
        out.write_json(&json, &findings)
    })?;
    artifact.json(&json)
}

/// One reading per start.
fn readings(probabilities: Array2<f32>, n_starts: usize) -> Vec<Reading> {
    let per = probabilities.nrows() / n_starts;
    probabilities.axis_chunks_iter(Axis(0), per).map(Reading::of).collect()
}

fn examine(
    trajectory: &Trajectory,
    bench: &Bench,
    mode: Mode,
    start: Option<Vec<Reading>>,
    n_starts: usize,
) -> Findings {
    let moments = &trajectory.moments;
    let last = &moments[moments.len() - 1];
    let hundred = moments.iter().min_by_key(|m| m.step.abs_diff(100)).unwrap_or(last);
    let pairs = |v: &[f64], e: &[f64]| v.iter().copied().zip(e.iter().copied()).collect::<Vec<_>>();
    let of = |readings: &[Reading]| readings.iter().map(|r| pairs(&r.mean(), &r.error())).collect::<Vec<_>>();
    let network = start.is_some();
    let star =
        |thermometer: &Thermometer, readings: &[Reading]| Star::from(thermometer.read(&Reading::pooled(readings)));
    let found = (mode == Mode::Mean).then(|| attractors(trajectory.values.view(), n_starts));
    let shown_starts: Vec<usize> = match n_starts <= SHOWN {
        true => (0..n_starts).collect(),
        false => (0..SHOWN).map(|i| i * (n_starts - 1) / (SHOWN - 1)).collect(),
    };
    let shown_records: Vec<usize> = [0, 1, 2, 4, 10, 40, 100, usize::MAX]
        .iter()
        .map(|s| moments.iter().rposition(|m| m.step <= *s).unwrap_or(0))
        .collect();
    let ends = distinct_ends(last);
    Findings {
        mode: mode.name().into(),
        steps: moments.iter().map(|m| m.step).collect(),
        pooled: start.as_ref().zip(bench.thermometer.as_ref()).map(|(s, t)| [star(t, s), star(t, &trajectory.end)]),
        ends: bench.thermometer.iter().flat_map(|t| trajectory.end.iter().map(|r| Star::from(t.read(r)))).collect(),
        t_star: bench.thermometer.as_ref().map_or(vec![], |t| {
            let of = |m: &rgflow::flow::Moment| {
                m.probability.rows().into_iter().map(|p| t.reference.t_star(&p.to_vec()).0).collect()
            };
            moments.iter().map(of).collect()
        }),
        probability: [start.map_or(vec![], |s| of(&s)), if network { of(&trajectory.end) } else { vec![] }],
        energy: moments.iter().map(|m| pairs(&m.energy, &m.energy_error)).collect(),
        abs_m: moments.iter().map(|m| pairs(&m.abs_m, &m.abs_m_error)).collect(),
        distance: moments.iter().map(|m| pairs(&m.distance, &m.distance_error)).collect(),
        distinct: network.then(|| [distinct_ends(hundred).count, ends.count]),
        apart: network.then_some(ends.widest),
        converged: trajectory.windows.iter().filter(|w| converged(w)).count() as f64 / n_starts as f64,
        attractors: found.map(|a| a.centres.nrows()),
        at_rest: (mode == Mode::Mean).then_some(trajectory.at_rest),
        pictures: shown_starts
            .iter()
            .map(|s| shown_records.iter().map(|r| moments[*r].example.row(*s).to_vec()).collect())
            .collect(),
        shown: (shown_starts, shown_records),
    }
}

/// Everything by step and start as a table.
fn series(findings: &Findings, names: &[String]) -> String {
    let mut csv = String::from("step,start,t_star,energy,energy_error,abs_m,abs_m_error,distance,distance_error\n");
    for (r, step) in findings.steps.iter().enumerate() {
        for start in 0..findings.distance[r].len() {
            let label = names.get(start).map_or("all".into(), |name| crate::report::csv::field(name));
            let t_star = findings.t_star.get(r).map_or(String::new(), |t| t[start].to_string());
            let pair = |values: &[Vec<(f64, f64)>]| {
                values[r].get(start).map_or(",".into(), |(value, error)| format!("{value},{error}"))
            };
            let (e, m, d) = (pair(&findings.energy), pair(&findings.abs_m), pair(&findings.distance));
            let _ = writeln!(csv, "{step},{label},{t_star},{e},{m},{d}");
        }
    }
    csv
}
