//! Stages "rbm/SET": machines of {0, 1} units, trained on grey levels as probabilities.

use super::data::{self, Images, Set};
use super::settings::Settings;
use crate::artifact::{Artifact, Error, Model, Repetition, Stage, machine};
use rgflow::learning::{Batching, Descent, Rule, Sgd};
use rgflow::random::Streams;
use rgflow::rbm::{Rbm, Trained, Training, Units, train};

const REVISION: u32 = 1;

fn file(name: &str) -> String {
    format!("rbm/{name}/model.safetensors")
}

/// Makes or keeps the machine trained on `set`.
pub(super) fn stage(
    repetition: &Repetition,
    settings: &Settings,
    images: &Images,
    set: Set,
) -> Result<Artifact, Error> {
    let (name, model) = (format!("rbm/{}", set.name), file(set.name));
    let what = Stage {
        name: &name,
        revision: REVISION,
        settings: (&settings.rbm, &settings.data, &settings.sets, data::REVISION),
        inputs: &[&images.artifact],
        outputs: &[&model],
    };
    repetition.stage(what, |out| {
        let own = &settings.rbm;
        let failure = |e: &dyn std::fmt::Display| Error::failure(e.to_string());
        let x = images.set(out.seed(), settings, set);
        let streams = Streams::new(out.seed());
        let mut random = streams.generator(&format!("{name}/init"), 0);
        let start = Rbm::random(x.ncols(), own.hidden, own.weight_scale as f32, &mut random);
        let start = start.with_units(Units::BINARY, Units::BINARY).map_err(|e| failure(&e))?;
        let per_epoch = (x.nrows() / own.batch).max(1);
        let training = Training {
            updates: own.epochs * per_epoch,
            batching: Batching::Mini { size: own.batch, repeats: false },
            descent: Descent::new(Rule::Sgd(Sgd), own.learning_rate as f32),
            evaluate_every: per_epoch,
            ..Training::default()
        };
        let units = x.nrows() as u64;
        out.add_work(&name, own.epochs as u64 * units);
        let mut interrupted = None;
        // The cost is only looked at: a few rows will do.
        let shown = x.slice(ndarray::s![..x.nrows().min(200), ..]);
        let trained = train(start, x.view(), shown, &training, streams, &name, &mut |_| {
            interrupted = out.tick(units).err();
            interrupted.is_none()
        });
        let Trained { rbm, update, .. } = trained.map_err(|e| failure(&e))?;
        if let Some(stop) = interrupted {
            return Err(stop);
        }
        let metadata = serde_json::json!({ "name": set.name, "seed": out.seed(), "updates": update, "settings": own });
        out.write(&model, machine::model(&rbm, metadata).to_bytes()?)
    })
}

/// The machine of the stage.
pub(super) fn load(artifact: &Artifact, set: Set) -> Result<Rbm, Error> {
    machine::rbm(&Model::load(artifact.path(&file(set.name)))?)
}
