//! Stages "flow/SET-MODE": machines iterated from images of every digit, and where they end.

use super::classifier;
use super::data::Images;
use super::ends::distinct;
use super::machines;
use super::settings::Common;
use crate::artifact::{Artifact, Error, Repetition, Stage};
use ndarray::{Array2, Axis};
use rgflow::flow::{Mode, Reading, Readout, Schedule, Starts, attractors, run_by};
use serde::{Deserialize, Serialize};

const REVISION: u32 = 1;

/// What a flow found.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Flow {
    /// Steps at which ends were compared.
    pub steps: Vec<usize>,
    /// Distinct ends at each of these steps, and which end each digit has.
    pub ends: Vec<usize>,
    pub labels: Vec<Vec<usize>>,
    /// P(digit), by starting digit, at each of these steps.
    pub probability: Vec<Vec<Vec<f64>>>,
    /// Mean distance from the start, by record and digit: the relaxation.
    pub records: Vec<usize>,
    pub distance: Vec<Vec<f64>>,
    /// Mean-field: attractors seen, fraction of chains at rest.
    pub attractors: usize,
    pub at_rest: f64,
    /// First chain of each digit: its start, then at some records.
    pub shown: Vec<usize>,
    pub pictures: Vec<Vec<Vec<f32>>>,
}

/// Makes or keeps the flow of a machine, or of its copy at an epoch.
pub(super) fn stage(
    repetition: &Repetition,
    settings: &Common,
    images: &Images,
    (machine, classifier_stage): (&Artifact, &Artifact),
    (machine_name, epoch): (&str, Option<usize>),
    mode: Mode,
) -> Result<Flow, Error> {
    let at = epoch.map_or(String::new(), |epoch| format!("-epoch{epoch}"));
    let name = format!("flow/{machine_name}{at}-{}", mode.name());
    let json = format!("{name}.json");
    let what = Stage {
        name: &name,
        revision: REVISION,
        settings: (&settings.flow, epoch, mode.name()),
        inputs: &[&images.artifact, machine, classifier_stage],
        outputs: &[&json],
    };
    let artifact = repetition.stage(what, |out| {
        let (rbm, mlp) = (machines::load(machine, machine_name, epoch)?, classifier::load(classifier_stage)?);
        let chains = settings.flow.chains;
        let start = images.starts(out.seed(), chains)?.images;
        let marks = if mode == Mode::Mean { &settings.flow.mean_steps } else { &settings.flow.steps };
        let last = marks[marks.len() - 1];
        // A million multiplications.
        let cost = rbm.weights.len() as u64;
        out.add_work(&name, (last * start.nrows()) as u64 * cost / 1_000_000);
        let mut now: Array2<f32> = start.clone();
        let (mut done, mut found) = (0, None::<Flow>);
        for mark in marks {
            let schedule = Schedule::new(mark - done);
            let purpose = format!("{name}/{mark}");
            let readout = Readout { mlp: Some(&mlp), lattice: None };
            let starts = Starts { values: now.view().into(), n_starts: 10 };
            let trajectory = out.drive(&mark.to_string(), &|steps| steps * cost / 1_000_000, |drive| {
                run_by(&rbm, readout, starts, mode, &schedule, (out.streams(), &purpose), drive)
            })?;
            let labels = distinct(trajectory.values.view(), 10, settings.flow.permutations, out.streams(), &purpose);
            let probability: Vec<Vec<f64>> = trajectory.end.iter().map(Reading::mean).collect();
            let count = labels.iter().max().map_or(0, |most| most + 1);
            let flow = found.get_or_insert_with(|| {
                let moments = &trajectory.moments;
                let shown: Vec<usize> = [0, 1, 2, 4, 10, 40, 100]
                    .iter()
                    .map(|s| moments.iter().rposition(|m| m.step <= *s).unwrap_or(0))
                    .collect();
                let pictures = (0..10).map(|d| shown.iter().map(|r| moments[*r].example.row(d).to_vec()).collect());
                Flow {
                    steps: vec![],
                    ends: vec![],
                    labels: vec![],
                    probability: vec![],
                    records: moments.iter().map(|m| m.step).collect(),
                    distance: moments.iter().map(|m| m.distance.clone()).collect(),
                    attractors: 0,
                    at_rest: 0.0,
                    pictures: pictures.collect(),
                    shown: shown.iter().map(|r| moments[*r].step).collect(),
                }
            });
            flow.steps.push(*mark);
            flow.ends.push(count);
            flow.labels.push(labels);
            flow.probability.push(probability);
            flow.at_rest = trajectory.at_rest;
            if *mark == last {
                flow.shown.push(last);
                let first = trajectory.values.axis_chunks_iter(Axis(0), chains).map(|of| of.row(0).to_vec());
                flow.pictures.iter_mut().zip(first).for_each(|(row, end)| row.push(end));
                if mode == Mode::Mean {
                    flow.attractors = attractors(trajectory.values.view(), 10).centres.nrows();
                }
            }
            now = trajectory.values;
            done = *mark;
        }
        out.write_json(&json, &found)
    })?;
    artifact.json::<Option<Flow>>(&json)?.ok_or_else(|| Error::failure(format!("{json} is empty")))
}
