//! Stages "rbm/SET": machines of {0, 1} units, trained on grey levels as probabilities.

use super::Study;
use super::data::{self, Set};
use super::settings::{Epochs, Training};
use crate::artifact::{Model, rbm_file};
use crate::study::prelude::*;
use crate::study::training::{MachineData, MachineFit};
use rgflow::learning::{Batching, Descent, Rule, Sgd};
use rgflow::rbm::{self, Rbm, Trained, Units};

const REVISION: u32 = 1;

/// Training data of a machine, and length of its training.
pub(super) struct MachineSpec {
    /// Name in files.
    pub name: String,
    pub set: Set,
    pub training: Training,
    /// Epochs at which a snapshot is kept.
    pub snapshots: Vec<Epochs>,
}

fn file(name: &str, epoch: Option<usize>) -> String {
    format!("rbm/{name}/{}.safetensors", epoch.map_or("model".into(), |epoch| format!("epoch-{epoch}")))
}

/// Makes or keeps a machine and its snapshots.
pub(super) fn stage(study: &Study, spec: &MachineSpec) -> Result<Artifact, Error> {
    let (MachineSpec { name: set, training, snapshots, .. }, rbm) = (spec, &study.settings.rbm);
    let name = format!("rbm/{set}");
    let what = Stage {
        name: &name,
        revision: REVISION,
        settings: (rbm, training, spec.set, snapshots, data::REVISION),
        inputs: &[&study.images.artifact],
        outputs: &[&format!("{name}/")],
    };
    study.repetition.stage(what, |out| {
        let x = study.images.set(out.streams(), set, spec.set);
        let mut random = out.streams().generator(&format!("{name}/init"), 0);
        let start = Rbm::random(x.ncols(), *rbm.hidden, *rbm.weight_scale as f32, &mut random);
        let start = start.with_units(Units::BINARY, Units::BINARY)?;
        let (per_epoch, units) = ((x.nrows() / *rbm.batch).max(1), x.nrows() as u64);
        out.add_work(*training.epochs as u64 * units);
        let fit = MachineFit {
            purpose: &name,
            part: "training",
            training: rbm::Training {
                updates: *training.epochs * per_epoch,
                batching: Batching::Mini { size: *rbm.batch, repeats: false },
                descent: Descent::new(Rule::Sgd(Sgd), *training.learning_rate as f32),
                method: rbm.method,
                evaluate_every: per_epoch,
                snapshots: snapshots.iter().map(|epoch| **epoch * per_epoch).collect(),
                ..rbm::Training::default()
            },
            likelihood_every: 0,
            lower: &[("training.learning_rate", *training.learning_rate)],
            units,
        };
        // The cost is only monitored, so a few rows are enough.
        let shown = x.slice(ndarray::s![..x.nrows().min(200), ..]);
        let Trained { rbm: trained, update, snapshots, .. } =
            fit.run(out, start, &MachineData::new(x.view(), shown))?;
        let write = |epoch: Option<usize>, machine: &Rbm, updates: usize| {
            let metadata = serde_json::json!({
                "name": set, "seed": out.seed(), "updates": updates, "settings": rbm, "training": training
            });
            out.write(&file(set, epoch), rbm_file::model(machine, metadata).to_bytes()?)
        };
        snapshots.iter().try_for_each(|s| write(Some(s.update / per_epoch), &s.rbm, s.update))?;
        write(None, &trained, update)
    })
}

/// A machine of the stage: at the end of training, or its snapshot at an epoch.
pub(super) fn load(artifact: &Artifact, name: &str, epoch: Option<usize>) -> Result<Rbm, Error> {
    rbm_file::rbm(&Model::load(artifact.path(&file(name, epoch)))?)
}
