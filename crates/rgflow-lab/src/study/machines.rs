//! Stages "rbm/NAME": trained machines, and the controls made from them.

use super::samples::ThermalSet;
use super::settings::{self, Settings};
use crate::artifact::{Artifact, Error, Model, Repetition, Stage, StageOut, machine};
use ndarray::Array2;
use rgflow::kernel::spins::packed;
use rgflow::learning::{Batching, Descent, Rule, Sgd};
use rgflow::random::Streams;
use rgflow::rbm::{self, Rbm, RbmError, Trained, Training};
use serde::Serialize;

const REVISION: u32 = 7;
/// Units of progress per update: about microseconds.
const UNITS: u64 = 100;

/// What a machine is trained on, and for how long.
pub struct Fit<'a, K: Serialize> {
    /// Name of the machine, such as `all`.
    pub name: &'a str,
    /// Extents of the lattice of visible units, fastest first.
    pub shape: [usize; 2],
    pub rbm: &'a settings::Rbm,
    /// Updates in one epoch.
    pub updates: usize,
    /// Epochs at which a copy is kept.
    pub snapshots: &'a [usize],
    /// What the data come from, and how.
    pub inputs: &'a [&'a Artifact],
    pub choice: K,
}

/// Makes or keeps the machine trained on the temperatures `classes`, with its snapshots at `snapshot_epochs`.
pub fn trained(
    repetition: &Repetition,
    settings: &Settings,
    samples: &Artifact,
    name: &str,
    classes: &[usize],
    snapshot_epochs: &[usize],
) -> Result<Artifact, Error> {
    let fit = Fit {
        name,
        shape: [settings.lattice.size; 2],
        rbm: &settings.rbm,
        updates: settings.updates(1),
        snapshots: snapshot_epochs,
        inputs: &[samples],
        choice: classes,
    };
    fitted(repetition, &fit, || {
        let (data, test) = (ThermalSet::read(samples, "train")?, ThermalSet::read(samples, "test")?);
        Ok((data.first(classes, data.per_temperature), test.first(classes, test.per_temperature.min(200))))
    })
}

/// Makes or keeps the machine trained on the first of what `data` gives, its reconstruction cost measured on the second.
pub fn fitted<K: Serialize>(
    repetition: &Repetition,
    fit: &Fit<K>,
    data: impl FnOnce() -> Result<(Array2<i8>, Array2<i8>), Error>,
) -> Result<Artifact, Error> {
    let name = fit.name;
    let (stage, folder) = (format!("rbm/{name}"), format!("rbm/{name}/snapshots/"));
    let (model, metrics) = (format!("rbm/{name}/model.safetensors"), format!("rbm/{name}/metrics.jsonl"));
    let what = Stage {
        name: &stage,
        revision: REVISION,
        settings: (&fit.rbm, fit.shape, fit.updates, fit.snapshots, &fit.choice),
        inputs: fit.inputs,
        outputs: &[&model, &metrics, &folder],
    };
    repetition.stage(what, |out| {
        let (data, test) = data()?;
        let bits = packed(data.view());
        let test = test.mapv(f32::from);
        let streams = out.streams();
        let one = fit.updates;
        let longest = fit.snapshots.iter().copied().max().unwrap_or(0).max(fit.rbm.epochs);
        let snapshots: Vec<usize> = fit.snapshots.iter().map(|e| e * one).collect();
        let training = Training {
            updates: fit.rbm.epochs * one,
            batching: Batching::Mini { size: fit.rbm.batch, repeats: false },
            descent: Descent::new(Rule::Sgd(Sgd), fit.rbm.learning_rate as f32),
            cd_steps: fit.rbm.cd_steps,
            evaluate_every: one,
            patience: fit.rbm.patience,
            snapshots,
            ..Training::default()
        };
        let all = longest * one;
        out.add_work(&stage, all as u64 * UNITS);
        let start = first(fit.shape, fit.rbm, streams, name);
        let failure = |error| match error {
            RbmError::Diverged { sign, .. } => Error::failure(format!(
                "the training diverged: {sign}; lower rbm.learning_rate = {} or rbm.weight_scale = {}",
                fit.rbm.learning_rate, fit.rbm.weight_scale
            )),
            other => other.into(),
        };
        let run = rbm::Fit::new(start, bits.as_slice(), test.view(), &training, streams, &stage);
        let mut run = run.map_err(failure)?;
        let done = out.complete("training", &mut run, &|updates| updates * UNITS)?;
        let Trained { rbm, update, metrics: evaluations, snapshots } = run.finish().map_err(failure)?;
        out.tick(all as u64 * UNITS - done)?;
        let mut lines = String::new();
        for m in &evaluations {
            let line = serde_json::json!({"update": m.update, "epoch": m.update / one,
                "test_reconstruction": m.test_reconstruction, "weight_square": m.weight_square});
            lines.push_str(&line.to_string());
            lines.push('\n');
        }
        out.write(&metrics, lines)?;
        for s in &snapshots {
            write(
                out,
                &format!("{folder}epoch-{}.safetensors", s.update / one),
                (fit.shape, fit.rbm),
                &s.rbm,
                name,
                s.update,
            )?;
        }
        write(out, &model, (fit.shape, fit.rbm), &rbm, name, update)
    })
}

/// Makes or keeps the untrained machine.
pub fn untrained(repetition: &Repetition, settings: &Settings) -> Result<Artifact, Error> {
    let model = "rbm/untrained/model.safetensors";
    let what = Stage {
        name: "rbm/untrained",
        revision: REVISION,
        settings: (settings.lattice.size, settings.rbm.hidden, settings.rbm.weight_scale),
        inputs: &[],
        outputs: &[model],
    };
    repetition.stage(what, |out| {
        let rbm = first([settings.lattice.size; 2], &settings.rbm, out.streams(), "untrained");
        write(out, model, ([settings.lattice.size; 2], &settings.rbm), &rbm, "untrained", 0)
    })
}

/// Makes or keeps the machine whose weights are redrawn from the fitted ones of `name`.
pub fn redrawn(repetition: &Repetition, settings: &Settings, fitted: &Artifact, name: &str) -> Result<Artifact, Error> {
    let (stage, model) = (format!("rbm/{name}-redrawn"), format!("rbm/{name}-redrawn/model.safetensors"));
    let what = Stage { name: &stage, revision: REVISION, settings: (), inputs: &[fitted], outputs: &[&model] };
    repetition.stage(what, |out| {
        let rbm = load(fitted, &format!("rbm/{name}/model.safetensors"))?;
        let redrawn = rbm.redrawn(&mut out.streams().generator(&stage, 0));
        write(out, &model, ([settings.lattice.size; 2], &settings.rbm), &redrawn, &format!("{name}-redrawn"), 0)
    })
}

/// The machine `name` before its training.
fn first(shape: [usize; 2], rbm: &settings::Rbm, streams: Streams, name: &str) -> Rbm {
    let mut random = streams.generator(&format!("rbm/{name}/init"), 0);
    Rbm::random(shape[0] * shape[1], rbm.hidden, rbm.weight_scale as f32, &mut random)
}

fn write(
    out: &StageOut,
    path: &str,
    (shape, settings): ([usize; 2], &settings::Rbm),
    rbm: &Rbm,
    name: &str,
    updates: usize,
) -> Result<(), Error> {
    let metadata = serde_json::json!({
        "name": name, "seed": out.seed(), "updates": updates, "lattice": shape, "settings": settings,
    });
    out.write(path, machine::model(rbm, metadata).to_bytes()?)
}

/// A machine from the file `path` of an artifact.
pub fn load(artifact: &Artifact, path: &str) -> Result<Rbm, Error> {
    let path = artifact.path(path);
    machine::rbm(&Model::load(&path)?).map_err(|e| Error::failure(format!("{}: {e}", path.display())))
}
