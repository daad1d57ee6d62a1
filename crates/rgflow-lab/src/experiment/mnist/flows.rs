//! Stages "flow/SET-MODE": machines iterated from images of every digit, and where they end.

use super::classifier;
use super::data::Images;
use super::ends::distinct;
use super::machines;
use super::settings::Common;
use crate::artifact::{Artifact, Error, Repetition, Stage};
use crate::study::flows::{Flow, SHOWN, System};
use ndarray::Axis;
use rgflow::flow::{Mode, Reading, Readout, Starts, Trajectory, attractors};
use rgflow::nn::Mlp;
use rgflow::random::Streams;
use serde::{Deserialize, Serialize};

const REVISION: u32 = 1;

/// What a flow found.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Found {
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

impl Found {
    /// Before the first mark: what is recorded on the way to it.
    fn begin(trajectory: &Trajectory) -> Self {
        let shown = trajectory.records_before(&SHOWN[..SHOWN.len() - 1]);
        Self {
            steps: vec![],
            ends: vec![],
            labels: vec![],
            probability: vec![],
            records: trajectory.steps(),
            distance: trajectory.moments.iter().map(|m| m.distance.clone()).collect(),
            attractors: 0,
            at_rest: 0.0,
            pictures: trajectory.pictures(&(0..10).collect::<Vec<_>>(), &shown),
            shown: shown.iter().map(|r| trajectory.moments[*r].step).collect(),
        }
    }
}

/// Makes or keeps the flow of a machine, or of its copy at an epoch.
pub(super) fn stage(
    repetition: &Repetition,
    settings: &Common,
    images: &Images,
    (machine, classifier_stage): (&Artifact, &Artifact),
    (machine_name, epoch): (&str, Option<usize>),
    mode: Mode,
) -> Result<Found, Error> {
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
        let images = ImagesAtMark { mlp: &mlp, permutations: settings.flow.permutations };
        let (mut now, mut done, mut found) = (start, 0, None::<Found>);
        for mark in marks {
            let (purpose, part) = (format!("{name}/{mark}"), mark.to_string());
            let starts = Starts { values: now.view().into(), n_starts: 10 };
            let flow = Flow { purpose: &purpose, part: &part, rbm: &rbm, mode, steps: mark - done, starts };
            let (trajectory, seen) = flow.run(out, &images, &|steps| steps * cost / 1_000_000)?;
            let found = found.get_or_insert_with(|| Found::begin(&trajectory));
            found.steps.push(*mark);
            found.ends.push(seen.labels.iter().max().map_or(0, |most| most + 1));
            found.labels.push(seen.labels);
            found.probability.push(seen.probability);
            found.at_rest = trajectory.at_rest;
            if *mark == last {
                found.shown.push(last);
                let first = trajectory.values.axis_chunks_iter(Axis(0), chains).map(|of| of.row(0).to_vec());
                found.pictures.iter_mut().zip(first).for_each(|(row, end)| row.push(end));
                if mode == Mode::Mean {
                    found.attractors = attractors(trajectory.values.view(), 10).centres.nrows();
                }
            }
            now = trajectory.values;
            done = *mark;
        }
        out.write_json(&json, &found)
    })?;
    artifact.json::<Option<Found>>(&json)?.ok_or_else(|| Error::failure(format!("{json} is empty")))
}

/// Images of digits, read by the classifier; their ends are compared by images.
struct ImagesAtMark<'a> {
    mlp: &'a Mlp,
    permutations: usize,
}

/// What is read of images at a mark: which end each digit has, and P(digit) by starting digit.
struct AtMark {
    labels: Vec<usize>,
    probability: Vec<Vec<f64>>,
}

impl System for ImagesAtMark<'_> {
    type Found = AtMark;

    fn readout(&self) -> Readout<'_> {
        Readout { mlp: Some(self.mlp), lattice: None }
    }

    fn examine(&self, flow: &Flow, trajectory: &Trajectory, streams: Streams) -> Result<AtMark, Error> {
        let labels = distinct(trajectory.values.view(), 10, self.permutations, streams, flow.purpose);
        Ok(AtMark { labels, probability: trajectory.end.iter().map(Reading::mean).collect() })
    }
}
