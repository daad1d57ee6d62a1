//! Stages "flow/SET-MODE": machines iterated from images of every digit, and the ends they reach.

use super::{Study, classifier, rbms};
use crate::study::flows::{Flow, SHOWN};
use crate::study::prelude::*;
use crate::study::values::plain;
use ndarray::Axis;
use rgflow::flow::{Reading, Readout, Starts, attractors};
use rgflow::statistics::distinct_collections;

const REVISION: u32 = 1;
/// Level of the test over all pairs of ends.
const LEVEL: f64 = 0.01;

/// Findings from a flow.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct FlowFindings {
    /// Steps at which ends were compared.
    pub steps: Vec<usize>,
    /// Distinct ends at each of these steps, and which end each digit reaches.
    pub ends: Vec<usize>,
    pub labels: Vec<Vec<usize>>,
    /// P(digit), by starting digit, at each of these steps.
    pub probability: Vec<Vec<Vec<f64>>>,
    /// Mean distance from the start, by record (those before the first of these steps) and digit: the relaxation.
    pub records: Vec<usize>,
    pub distance: Vec<Vec<f64>>,
    /// For the mean field: number of attractors seen, fraction of chains at rest.
    pub attractors: usize,
    pub at_rest: f64,
    /// First chain of each digit: its start, and its state at some records.
    pub shown: Vec<usize>,
    pub pictures: Vec<Vec<Vec<f32>>>,
}

/// Makes or keeps the flow of a `machine`, or of its copy at an epoch, read by the `classifier`.
pub(super) fn stage(
    study: &Study,
    classifier: &Artifact,
    (machine, machine_name, epoch): (&Artifact, &str, Option<usize>),
    mode: Mode,
) -> Result<FlowFindings, Error> {
    let at = epoch.map_or(String::new(), |epoch| format!("-epoch{epoch}"));
    let name = format!("flow/{machine_name}{at}-{}", mode.name());
    let settings = &study.settings.flow;
    let what = Stage {
        name: &name,
        revision: REVISION,
        settings: (settings, epoch, mode.name()),
        inputs: &[&study.images.artifact, machine, classifier],
        outputs: &[&format!("{name}.json")],
    };
    study.repetition.found(what, |out| {
        let rbm = rbms::load(machine, machine_name, epoch)?;
        let (mlp, _) = classifier::load(classifier)?;
        let chains = *settings.chains;
        let mut now = study.images.starts(out.streams(), chains, &format!("flow.chains = {chains}"))?.images;
        let marks = plain(if mode == Mode::Mean { &settings.mean_steps } else { &settings.steps });
        let last = marks[marks.len() - 1];
        // One unit is a million multiplications.
        let units = |steps: u64| steps * rbm.weights.len() as u64 / 1_000_000;
        out.add_work(units((last * now.nrows()) as u64));
        let (mut done, mut found) = (0, FlowFindings::default());
        for mark in marks {
            let (purpose, part) = (format!("{name}/{mark}"), mark.to_string());
            let starts = Starts { values: now.view().into(), n_starts: 10 };
            let flow = Flow { purpose: &purpose, part: &part, rbm: &rbm, mode, steps: mark - done, starts };
            let trajectory = flow.trajectory(out, Readout::network(&mlp), &units)?;
            let (ends, permutations) = (trajectory.values.view(), *settings.permutations);
            let labels = distinct_collections(ends, 10, permutations, LEVEL, out.streams().of(&purpose));
            if done == 0 {
                let shown = trajectory.records_before(&SHOWN[..SHOWN.len() - 1]);
                found.records = trajectory.steps();
                found.distance = trajectory.moments.iter().map(|m| m.distance.clone()).collect();
                found.pictures = trajectory.pictures(&(0..10).collect::<Vec<_>>(), &shown);
                found.shown = shown.iter().map(|record| trajectory.moments[*record].step).collect();
            }
            found.steps.push(mark);
            found.ends.push(labels.iter().max().map_or(0, |most| most + 1));
            found.labels.push(labels);
            found.probability.push(trajectory.end.iter().map(Reading::mean).collect());
            found.at_rest = trajectory.at_rest;
            (now, done) = (trajectory.values, mark);
        }
        found.shown.push(last);
        let ends = now.axis_chunks_iter(Axis(0), chains).map(|of| of.row(0).to_vec());
        found.pictures.iter_mut().zip(ends).for_each(|(row, end)| row.push(end));
        if mode == Mode::Mean {
            found.attractors = attractors(now.view(), 10).centres.nrows();
        }
        Ok(found)
    })
}
