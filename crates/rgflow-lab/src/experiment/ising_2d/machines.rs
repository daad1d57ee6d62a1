//! Stages "rbm/NAME": trained machines, and the controls made from them.

use super::samples::ThermalSet;
use super::settings::Settings;
use crate::artifact::{Artifact, Error, Model, Repetition, Stage, StageOut, machine};
use rgflow::kernel::spins::packed;
use rgflow::learning::{Batching, Descent, Rule, Sgd};
use rgflow::random::Streams;
use rgflow::rbm::{Rbm, RbmError, Trained, Training, train};

const REVISION: u32 = 6;
/// Units of progress per update: about microseconds.
const UNITS: u64 = 100;

/// Makes or keeps the machine trained on the temperatures `classes`, with its snapshots at `snapshot_epochs`.
pub(super) fn trained(
    repetition: &Repetition,
    settings: &Settings,
    samples: &Artifact,
    name: &str,
    classes: &[usize],
    snapshot_epochs: &[usize],
) -> Result<Artifact, Error> {
    let (stage, folder) = (format!("rbm/{name}"), format!("rbm/{name}/snapshots/"));
    let (model, metrics) = (format!("rbm/{name}/model.safetensors"), format!("rbm/{name}/metrics.jsonl"));
    let what = Stage {
        name: &stage,
        revision: REVISION,
        settings: (&settings.rbm, classes, snapshot_epochs),
        inputs: &[samples],
        outputs: &[&model, &metrics, &folder],
    };
    repetition.stage(what, |out| {
        let (data, test) = (ThermalSet::read(samples, "train")?, ThermalSet::read(samples, "test")?);
        let bits = packed(data.first(classes, data.per_temperature).view());
        let test = test.first(classes, test.per_temperature.min(200)).mapv(f32::from);
        let streams = Streams::new(out.seed());
        let one = settings.updates(1);
        let longest = snapshot_epochs.iter().copied().max().unwrap_or(0).max(settings.rbm.epochs);
        let snapshots: Vec<usize> = snapshot_epochs.iter().map(|e| e * one).collect();
        let training = Training {
            updates: settings.rbm.epochs * one,
            batching: Batching::Mini { size: settings.rbm.batch, repeats: false },
            descent: Descent::new(Rule::Sgd(Sgd), settings.rbm.learning_rate as f32),
            cd_steps: settings.rbm.cd_steps,
            evaluate_every: one,
            patience: settings.rbm.patience,
            snapshots,
            ..Training::default()
        };
        let all = longest * one;
        out.add_work(&stage, all as u64 * UNITS);
        let start = untrained_machine(settings, streams, name);
        let (mut interrupted, mut done) = (None, 0);
        let Trained { rbm, update, metrics: evaluations, snapshots } =
            train(start, bits.as_slice(), test.view(), &training, streams, &stage, &mut |now| {
                interrupted = out.tick((now.update - done) as u64 * UNITS).err();
                done = now.update;
                interrupted.is_none()
            })
            .map_err(|error| match error {
                RbmError::Diverged { sign, .. } => Error::failure(format!(
                    "the training diverged: {sign}; lower rbm.learning_rate = {} or rbm.weight_scale = {}",
                    settings.rbm.learning_rate, settings.rbm.weight_scale
                )),
                other => Error::failure(other.to_string()),
            })?;
        if let Some(stop) = interrupted {
            return Err(stop);
        }
        out.tick((all - done) as u64 * UNITS)?;
        let mut lines = String::new();
        for m in &evaluations {
            let line = serde_json::json!({"update": m.update, "epoch": m.update / one,
                "test_reconstruction": m.test_reconstruction, "weight_square": m.weight_square});
            lines.push_str(&line.to_string());
            lines.push('\n');
        }
        out.write(&metrics, lines)?;
        for s in &snapshots {
            write(out, &format!("{folder}epoch-{}.safetensors", s.update / one), settings, &s.rbm, name, s.update)?;
        }
        write(out, &model, settings, &rbm, name, update)
    })
}

/// Makes or keeps the untrained machine.
pub(super) fn untrained(repetition: &Repetition, settings: &Settings) -> Result<Artifact, Error> {
    let model = "rbm/untrained/model.safetensors";
    let what = Stage {
        name: "rbm/untrained",
        revision: REVISION,
        settings: (settings.lattice.size, settings.rbm.hidden, settings.rbm.weight_scale),
        inputs: &[],
        outputs: &[model],
    };
    repetition.stage(what, |out| {
        let rbm = untrained_machine(settings, Streams::new(out.seed()), "untrained");
        write(out, model, settings, &rbm, "untrained", 0)
    })
}

/// Makes or keeps the machine whose weights are redrawn from the fitted ones of `name`.
pub(super) fn redrawn(
    repetition: &Repetition,
    settings: &Settings,
    fitted: &Artifact,
    name: &str,
) -> Result<Artifact, Error> {
    let (stage, model) = (format!("rbm/{name}-redrawn"), format!("rbm/{name}-redrawn/model.safetensors"));
    let what = Stage { name: &stage, revision: REVISION, settings: (), inputs: &[fitted], outputs: &[&model] };
    repetition.stage(what, |out| {
        let rbm = load(fitted, &format!("rbm/{name}/model.safetensors"))?;
        let redrawn = rbm.redrawn(&mut Streams::new(out.seed()).generator(&stage, 0));
        write(out, &model, settings, &redrawn, &format!("{name}-redrawn"), 0)
    })
}

fn untrained_machine(settings: &Settings, streams: Streams, name: &str) -> Rbm {
    let mut random = streams.generator(&format!("rbm/{name}/init"), 0);
    Rbm::random(settings.lattice.size.pow(2), settings.rbm.hidden, settings.rbm.weight_scale as f32, &mut random)
}

fn write(out: &StageOut, path: &str, settings: &Settings, rbm: &Rbm, name: &str, updates: usize) -> Result<(), Error> {
    let metadata = serde_json::json!({
        "name": name, "seed": out.seed(), "updates": updates,
        "lattice": [settings.lattice.size, settings.lattice.size], "settings": settings.rbm,
    });
    out.write(path, machine::model(rbm, metadata).to_bytes()?)
}

/// A machine from the file `path` of an artifact.
pub(super) fn load(artifact: &Artifact, path: &str) -> Result<Rbm, Error> {
    let path = artifact.path(path);
    machine::rbm(&Model::load(&path)?).map_err(|e| Error::failure(format!("{}: {e}", path.display())))
}
