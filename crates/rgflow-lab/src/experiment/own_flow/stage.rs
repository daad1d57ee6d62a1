//! Stages "flow-MODE": the machine iterated from every start, with the readings along the way.

use super::{OwnFlow, Settings, Starts};
use crate::artifact::npz;
use crate::dataset::Dataset;
use crate::study::flows::{Flow, SHOWN, System, pairs};
use crate::study::prelude::*;
use ndarray::{Array1, Axis};
use rgflow::flow::Starts as FlowStarts;
use rgflow::flow::{Moment, Reading, Readout, TStar, Thermometer, Trajectory, attractors, distinct_ends};
use rgflow::lattice::Square;
use rgflow::nn::Mlp;
use rgflow::random::Streams;
use std::fmt::Write;

const REVISION: u32 = 6;
/// Most starts with pictures.
const PICTURES: usize = 10;

/// T* of a collection, with its interval.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Star {
    pub t_star: Measured,
    pub interval: Option<[Option<f64>; 2]>,
    pub kl: f64,
    pub p_thermal: f64,
}

impl From<TStar> for Star {
    fn from(t: TStar) -> Self {
        Self { t_star: (t.value, t.error), interval: t.interval, kl: t.kl, p_thermal: t.p_thermal }
    }
}

/// Findings of the flow in one mode.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ModeFindings {
    pub mode: String,
    /// Recorded steps.
    pub steps: Vec<usize>,
    /// Mean P of the network's classes at start and end, by start, with errors over chains; empty without a network.
    pub probability: [Vec<Vec<Measured>>; 2],
    /// T* of all starts combined, at start and end; only with a thermometer.
    pub pooled: Option<[Star; 2]>,
    /// T* of the end of each start; only with a thermometer.
    pub ends: Vec<Star>,
    /// By record and start: T* (with a thermometer), energy per spin and |m| (on a lattice), distance from the start.
    pub t_star: Vec<Vec<f64>>,
    pub energy: Vec<Vec<Measured>>,
    pub abs_m: Vec<Vec<Measured>>,
    pub distance: Vec<Vec<Measured>>,
    /// Numbers of distinct ends near step 100 and at the last step (with a network); attractors and chains at rest
    /// (mean field).
    pub distinct: Option<[usize; 2]>,
    /// Total variation between the two ends that may be farthest apart at the last step, with its interval (with a
    /// network).
    pub apart: Option<[f64; 3]>,
    pub converged: f64,
    pub attractors: Option<usize>,
    pub at_rest: Option<f64>,
    /// Pictures of the first chain: starts and records shown, `[start][record]`.
    pub shown: (Vec<usize>, Vec<usize>),
    pub pictures: Vec<Vec<Vec<f32>>>,
}

/// Inputs of a flow.
pub(super) struct Inputs<'a> {
    pub flow: &'a OwnFlow,
    pub settings: &'a Settings,
    pub data: &'a Dataset,
    pub starts: &'a Starts,
    pub thermometer: Option<Thermometer>,
}

/// Makes or keeps the flow in one mode.
pub(super) fn flow(repetition: &Repetition, inputs: &Inputs, mode: Mode) -> Result<ModeFindings, Error> {
    let name = format!("flow-{}", mode.name());
    let [ends, csv, json] = ["ends.npz", "series.csv", "findings.json"].map(|f| format!("{name}/{f}"));
    let (files, settings, starts) = (inputs.flow.inputs(), inputs.settings, inputs.starts);
    let what = Stage {
        name: &name,
        revision: REVISION,
        settings: (&settings.data, settings.flow.steps, settings.flow.chains),
        inputs: &files.iter().collect::<Vec<_>>(),
        outputs: &[&ends, &csv, &json],
    };
    repetition.found(what, |out| {
        let rbm = &inputs.flow.machine.rbm;
        let mlp = inputs.flow.network.as_ref().map(|network| &network.mlp);
        let values = inputs.data.values.rows(&starts.rows);
        let n_starts = starts.labels.len().max(1);
        // Units of about a million multiplications.
        let cost = (rbm.weights.len() as u64 / 1000).max(1);
        out.add_work((*settings.flow.steps * values.nrows()) as u64 * cost / 1000);
        let by_start = |mlp: &Mlp| -> Vec<Reading> {
            let p = mlp.outputs(values.view());
            p.axis_chunks_iter(Axis(0), values.nrows() / n_starts).map(Reading::of).collect()
        };
        let system = UserData {
            mlp,
            lattice: inputs.flow.lattice(inputs.data),
            thermometer: inputs.thermometer.as_ref(),
            start: mlp.map(by_start),
        };
        let flow_starts = FlowStarts { values: values.view().into(), n_starts };
        let flow = Flow { purpose: &name, part: "chains", rbm, mode, steps: *settings.flow.steps, starts: flow_starts };
        let (trajectory, findings) = flow.run(out, &system, &|done| done * cost / 1000)?;
        let mut file = npz::Writer::new();
        file.add("values", &trajectory.values)?;
        let per = values.nrows() / n_starts;
        let labels: Vec<f64> = starts.labels.iter().flat_map(|l| vec![*l; per]).collect();
        if !labels.is_empty() {
            let temperatures = starts.meaning == Some(crate::dataset::Meaning::Temperature);
            file.add(if temperatures { "start_temperature" } else { "start_label" }, &Array1::from(labels))?;
        }
        out.write(&ends, file.finish()?)?;
        out.write(&csv, series(&findings, &starts.names))?;
        Ok(findings)
    })
}

/// Reader of the user's data: by a network, as temperatures if it is a thermometer, and by energy and |m| for spins on
/// a square lattice.
struct UserData<'a> {
    mlp: Option<&'a Mlp>,
    lattice: Option<Square>,
    thermometer: Option<&'a Thermometer>,
    /// Network's readings of the starts themselves.
    start: Option<Vec<Reading>>,
}

impl System for UserData<'_> {
    type Findings = ModeFindings;

    fn readout(&self) -> Readout<'_> {
        Readout { mlp: self.mlp, lattice: self.lattice.as_ref() }
    }

    fn examine(&self, flow: &Flow, trajectory: &Trajectory, _: Streams) -> Result<ModeFindings, Error> {
        let (moments, n_starts) = (&trajectory.moments, flow.starts.n_starts);
        let by_record = |of: fn(&Moment) -> (&Vec<f64>, &Vec<f64>)| {
            moments.iter().map(|m| pairs(of(m).0, of(m).1)).collect::<Vec<_>>()
        };
        let probability =
            |readings: &[Reading]| readings.iter().map(|r| pairs(&r.mean(), &r.error())).collect::<Vec<_>>();
        let star = |t: &Thermometer, readings: &[Reading]| Star::from(t.read(&Reading::pooled(readings)));
        let with_network = |readings: &[Reading]| self.mlp.map_or(vec![], |_| probability(readings));
        let ends = distinct_ends(trajectory.last());
        let is_mean = flow.mode == Mode::Mean;
        let shown_starts: Vec<usize> = match n_starts <= PICTURES {
            true => (0..n_starts).collect(),
            false => (0..PICTURES).map(|i| i * (n_starts - 1) / (PICTURES - 1)).collect(),
        };
        let shown_records = trajectory.records_before(&SHOWN);
        Ok(ModeFindings {
            mode: flow.mode.name().into(),
            steps: trajectory.steps(),
            pooled: self.start.as_ref().zip(self.thermometer).map(|(s, t)| [star(t, s), star(t, &trajectory.end)]),
            ends: self.thermometer.iter().flat_map(|t| trajectory.end.iter().map(|r| Star::from(t.read(r)))).collect(),
            t_star: self.thermometer.map_or(vec![], |t| trajectory.t_star(&t.reference)),
            probability: [self.start.as_ref().map_or(vec![], |s| probability(s)), with_network(&trajectory.end)],
            energy: by_record(|m| (&m.energy, &m.energy_error)),
            abs_m: by_record(|m| (&m.abs_m, &m.abs_m_error)),
            distance: by_record(|m| (&m.distance, &m.distance_error)),
            distinct: self.mlp.map(|_| [distinct_ends(trajectory.nearest(100)).count, ends.count]),
            apart: self.mlp.map(|_| ends.widest),
            converged: trajectory.converged(),
            attractors: is_mean.then(|| attractors(trajectory.values.view(), n_starts).centres.nrows()),
            at_rest: is_mean.then_some(trajectory.at_rest),
            pictures: trajectory.pictures(&shown_starts, &shown_records),
            shown: (shown_starts, shown_records),
        })
    }
}

/// All series by step and start as a table.
fn series(findings: &ModeFindings, names: &[String]) -> String {
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
