//! Stages "rbm/SET": machines of {0, 1} units, trained on grey levels as probabilities.

use super::data::{self, Images, Set};
use super::settings::{Rbm as Own, Training};
use crate::artifact::{Artifact, Error, Model, Repetition, Stage, machine};
use crate::study::training::MachineFit;
use rgflow::learning::{Batching, Descent, Rule, Sgd};
use rgflow::rbm::{self, Rbm, Trained, Units};

const REVISION: u32 = 1;

/// What a machine is trained on, and for how long.
pub(super) struct Fit<'a> {
    /// Name of the machine in files.
    pub name: &'a str,
    pub set: Set,
    pub rbm: &'a Own,
    pub training: Training,
    /// Epochs at which a copy is kept.
    pub snapshots: &'a [usize],
}

fn folder(name: &str) -> String {
    format!("rbm/{name}/")
}

/// Makes or keeps a machine, with its copies.
pub(super) fn stage(repetition: &Repetition, images: &Images, fit: &Fit) -> Result<Artifact, Error> {
    let (name, folder) = (format!("rbm/{}", fit.name), folder(fit.name));
    let what = Stage {
        name: &name,
        revision: REVISION,
        settings: (fit.rbm, fit.training, fit.set, fit.snapshots, data::REVISION),
        inputs: &[&images.artifact],
        outputs: &[&folder],
    };
    repetition.stage(what, |out| {
        let (own, epochs) = (fit.rbm, fit.training.epochs);
        let x = images.set(out.seed(), fit.name, fit.set);
        let streams = out.streams();
        let mut random = streams.generator(&format!("{name}/init"), 0);
        let start = Rbm::random(x.ncols(), own.hidden, own.weight_scale as f32, &mut random);
        let start = start.with_units(Units::BINARY, Units::BINARY)?;
        let per_epoch = (x.nrows() / own.batch).max(1);
        let training = rbm::Training {
            updates: epochs * per_epoch,
            batching: Batching::Mini { size: own.batch, repeats: false },
            descent: Descent::new(Rule::Sgd(Sgd), fit.training.learning_rate as f32),
            evaluate_every: per_epoch,
            snapshots: fit.snapshots.iter().map(|epoch| epoch * per_epoch).collect(),
            ..rbm::Training::default()
        };
        let units = x.nrows() as u64;
        out.add_work(&name, epochs as u64 * units);
        // The cost is only looked at: a few rows will do.
        let shown = x.slice(ndarray::s![..x.nrows().min(200), ..]);
        let rate = fit.training.learning_rate;
        let training = MachineFit { purpose: &name, part: "training", training, lower: &[("training.learning_rate", rate)], units };
        let Trained { rbm, update, snapshots, .. } = training.run(out, start, x.view(), shown, None)?;
        let write = |file: &str, rbm: &Rbm, update: usize| {
            let metadata =
                serde_json::json!({ "name": fit.name, "seed": out.seed(), "updates": update, "settings": own, "training": fit.training });
            out.write(&format!("{folder}{file}.safetensors"), machine::model(rbm, metadata).to_bytes()?)
        };
        snapshots.iter().try_for_each(|s| write(&format!("epoch-{}", s.update / per_epoch), &s.rbm, s.update))?;
        write("model", &rbm, update)
    })
}

/// A machine of the stage: at the end, or its copy at an epoch.
pub(super) fn load(artifact: &Artifact, name: &str, epoch: Option<usize>) -> Result<Rbm, Error> {
    let file = epoch.map_or("model".into(), |epoch| format!("epoch-{epoch}"));
    machine::rbm(&Model::load(artifact.path(&format!("{}{file}.safetensors", folder(name))))?)
}
