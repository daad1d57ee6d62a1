//! Stages "rbm/NAME": trained machines, and the controls made from them.

use super::course::Course;
use super::samples::ThermalSet;
use super::settings::{self, Torus};
use super::training::{MachineData, MachineFit};
use crate::artifact::{Artifact, Error, Model, Repetition, Stage, StageOut, rbm_file};
use ndarray::Array2;
use rgflow::learning::{Batching, Descent, Fall, Rule, Sgd};
use rgflow::packed::packed;
use rgflow::random::Streams;
use rgflow::rbm::{Rbm, Trained, Training};
use serde::Serialize;

const REVISION: u32 = 7;
/// Of machines by a course towards the optimum.
const COURSE: u32 = 1;
/// Units of progress per update, of about one microsecond.
const UNITS: u64 = 100;

/// Training data of a machine, and length of its training.
pub struct MachineSpec<'a, K: Serialize> {
    /// Name of the machine, such as `all`.
    pub name: &'a str,
    /// Extents of the lattice of visible units, fastest first.
    pub shape: [usize; 2],
    pub rbm: &'a settings::Rbm,
    /// Updates in one epoch.
    pub updates: usize,
    /// Epochs at which a snapshot is kept.
    pub snapshots: &'a [usize],
    /// Artifacts that the data come from.
    pub inputs: &'a [&'a Artifact],
    /// Selection of the data from these artifacts; part of the stage's key.
    pub data_key: K,
}

/// Temperatures of a training set, as they stand in the key of the machine's stage.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Temperatures {
    /// Those of the study.
    All,
    /// Some of them, by position.
    #[serde(untagged)]
    Some(Vec<usize>),
}

/// A machine that is trained on temperatures of the thermal sets of a study.
pub struct ThermalMachine<'a> {
    /// Name of the machine, such as `all`.
    pub name: &'a str,
    pub torus: &'a Torus,
    /// Extents of the lattice of visible units.
    pub shape: [usize; 2],
    pub rbm: &'a settings::Rbm,
    pub temperatures: Temperatures,
    /// Epochs at which a snapshot is kept.
    pub snapshots: &'a [usize],
}

impl<'a> ThermalMachine<'a> {
    /// The machine of the settings `torus`, trained on all temperatures, without snapshots.
    pub fn new(torus: &'a Torus, name: &'a str) -> Self {
        let shape = [*torus.lattice.size; 2];
        Self { name, torus, shape, rbm: &torus.rbm, temperatures: Temperatures::All, snapshots: &[] }
    }

    /// Makes or keeps the machine trained on "train" of `samples`.
    pub fn train(&self, repetition: &Repetition, samples: &Artifact) -> Result<Artifact, Error> {
        let Self { name, shape, rbm, snapshots, ref temperatures, torus } = *self;
        let inputs = &[samples][..];
        let spec =
            MachineSpec { name, shape, rbm, updates: torus.updates(), snapshots, inputs, data_key: temperatures };
        fitted(repetition, &spec, || self.data(samples))
    }

    /// Makes or keeps the machine trained on "train" of `samples` by a course towards the optimum, in place of the
    /// method, rate and length of `rbm`.
    pub fn ascend(&self, course: &Course, repetition: &Repetition, samples: &Artifact) -> Result<Artifact, Error> {
        let Self { name, shape, rbm, ref temperatures, .. } = *self;
        let (stage, model) = (format!("rbm/{name}"), file(name, None));
        let what = Stage {
            name: &stage,
            revision: COURSE,
            settings: (shape, rbm.hidden, rbm.weight_scale, course, temperatures),
            inputs: &[samples],
            outputs: &[&model],
        };
        repetition.stage(what, |out| {
            let (data, test) = self.data(samples)?;
            let (bits, test) = (packed(data.view()), test.mapv(f32::from));
            let units = course.updates as u64 * UNITS;
            out.add_work(units);
            let fit = MachineFit {
                purpose: &stage,
                part: "training",
                training: course.training(data.nrows()),
                likelihood_every: 0,
                lower: &[("beside.learning_rate", course.rate)],
                units,
            };
            let start = first(shape, rbm, out.streams(), name);
            let Trained { rbm: trained, update, .. } =
                fit.run(out, start, &MachineData::new(bits.as_slice(), test.view()))?;
            write(out, &model, &About { shape, settings: course, name, updates: update }, &trained)
        })
    }

    /// Training samples, and some of which the reconstruction cost is measured.
    fn data(&self, samples: &Artifact) -> Result<(Array2<i8>, Array2<i8>), Error> {
        let (data, test) = (ThermalSet::read(samples, "train")?, ThermalSet::read(samples, "test")?);
        let classes = self.classes();
        Ok((data.first(&classes, data.per_temperature), test.first(&classes, test.per_temperature.min(200))))
    }

    /// Positions of its training temperatures.
    pub fn classes(&self) -> Vec<usize> {
        match &self.temperatures {
            Temperatures::All => self.torus.all(),
            Temperatures::Some(classes) => classes.clone(),
        }
    }
}

/// File of the machine `name`: a snapshot at an epoch, or the final machine.
pub fn file(name: &str, epoch: Option<usize>) -> String {
    match epoch {
        None => format!("rbm/{name}/model.safetensors"),
        Some(epoch) => format!("rbm/{name}/snapshots/epoch-{epoch}.safetensors"),
    }
}

/// Makes or keeps the machine trained on the first set returned by `data`; its reconstruction cost is measured on the
/// second.
pub fn fitted<K: Serialize>(
    repetition: &Repetition,
    spec: &MachineSpec<K>,
    data: impl FnOnce() -> Result<(Array2<i8>, Array2<i8>), Error>,
) -> Result<Artifact, Error> {
    let name = spec.name;
    let (stage, folder) = (format!("rbm/{name}"), format!("rbm/{name}/snapshots/"));
    let (model, metrics) = (file(name, None), format!("rbm/{name}/metrics.jsonl"));
    let what = Stage {
        name: &stage,
        revision: REVISION,
        settings: (&spec.rbm, spec.shape, spec.updates, spec.snapshots, &spec.data_key),
        inputs: spec.inputs,
        outputs: &[&model, &metrics, &folder],
    };
    repetition.stage(what, |out| {
        let (data, test) = data()?;
        let bits = packed(data.view());
        let test = test.mapv(f32::from);
        let one = spec.updates;
        let longest = spec.snapshots.iter().copied().max().unwrap_or(0).max(*spec.rbm.epochs);
        let snapshots: Vec<usize> = spec.snapshots.iter().map(|e| e * one).collect();
        let (updates, part) = (*spec.rbm.epochs * one, *spec.rbm.fall);
        let from = ((1.0 - part) * updates as f64) as u64;
        let fall = (part > 0.0).then_some(Fall { from, until: updates as u64 });
        let training = Training {
            updates,
            batching: Batching::Mini { size: *spec.rbm.batch, repeats: false },
            descent: Descent {
                fall,
                clip: spec.rbm.clip(),
                ..Descent::new(Rule::Sgd(Sgd), *spec.rbm.learning_rate as f32)
            },
            cd_steps: *spec.rbm.cd_steps,
            method: spec.rbm.method,
            chains: *spec.rbm.chains,
            evaluate_every: one,
            patience: spec.rbm.patience,
            snapshots,
            ..Training::default()
        };
        out.add_work((longest * one) as u64 * UNITS);
        let fit = MachineFit {
            purpose: &stage,
            part: "training",
            training,
            likelihood_every: 0,
            lower: &[("rbm.learning_rate", *spec.rbm.learning_rate), ("rbm.weight_scale", *spec.rbm.weight_scale)],
            units: one as u64 * UNITS,
        };
        let start = first(spec.shape, spec.rbm, out.streams(), name);
        let Trained { rbm, update, metrics: evaluations, snapshots } =
            fit.run(out, start, &MachineData::new(bits.as_slice(), test.view()))?;
        let about = |updates| About { shape: spec.shape, settings: spec.rbm, name, updates };
        let mut lines = String::new();
        for m in &evaluations {
            let line = serde_json::json!({"update": m.update, "epoch": m.update / one,
                "test_reconstruction": m.test_reconstruction, "weight_square": m.weight_square});
            lines.push_str(&line.to_string());
            lines.push('\n');
        }
        out.write(&metrics, lines)?;
        for s in &snapshots {
            let path = format!("{folder}epoch-{}.safetensors", s.update / one);
            write(out, &path, &about(s.update), &s.rbm)?;
        }
        write(out, &model, &about(update), &rbm)
    })
}

/// Makes or keeps the untrained machine.
pub fn untrained(repetition: &Repetition, settings: &Torus) -> Result<Artifact, Error> {
    let model = "rbm/untrained/model.safetensors";
    let what = Stage {
        name: "rbm/untrained",
        revision: REVISION,
        settings: (settings.lattice.size, settings.rbm.hidden, settings.rbm.weight_scale),
        inputs: &[],
        outputs: &[model],
    };
    repetition.stage(what, |out| {
        let about =
            About { shape: [*settings.lattice.size; 2], settings: &settings.rbm, name: "untrained", updates: 0 };
        write(out, model, &about, &first(about.shape, &settings.rbm, out.streams(), about.name))
    })
}

/// Makes or keeps the machine whose weights are redrawn from the fitted ones of `name`.
pub fn redrawn(repetition: &Repetition, settings: &Torus, fitted: &Artifact, name: &str) -> Result<Artifact, Error> {
    let (stage, model) = (format!("rbm/{name}-redrawn"), format!("rbm/{name}-redrawn/model.safetensors"));
    let what = Stage { name: &stage, revision: REVISION, settings: (), inputs: &[fitted], outputs: &[&model] };
    repetition.stage(what, |out| {
        let rbm = load(fitted, &file(name, None))?;
        let redrawn = rbm.redrawn(&mut out.streams().generator(&stage, 0));
        let (shape, name) = ([*settings.lattice.size; 2], &format!("{name}-redrawn"));
        write(out, &model, &About { shape, settings: &settings.rbm, name, updates: 0 }, &redrawn)
    })
}

/// Initial state of the machine `name`, before its training.
fn first(shape: [usize; 2], rbm: &settings::Rbm, streams: Streams, name: &str) -> Rbm {
    let mut random = streams.generator(&format!("rbm/{name}/init"), 0);
    Rbm::random(shape[0] * shape[1], *rbm.hidden, *rbm.weight_scale as f32, &mut random)
}

/// Description of a machine in its file.
struct About<'a, S> {
    shape: [usize; 2],
    settings: &'a S,
    name: &'a str,
    updates: usize,
}

fn write<S: Serialize>(out: &StageOut, path: &str, about: &About<S>, rbm: &Rbm) -> Result<(), Error> {
    let About { shape, settings, name, updates } = about;
    let metadata = serde_json::json!({
        "name": name, "seed": out.seed(), "updates": updates, "lattice": shape, "settings": settings,
    });
    out.write(path, rbm_file::model(rbm, metadata).to_bytes()?)
}

/// A machine from the file `path` of an artifact.
pub fn load(artifact: &Artifact, path: &str) -> Result<Rbm, Error> {
    let path = artifact.path(path);
    rbm_file::rbm(&Model::load(&path)?).map_err(|e| Error::failure(format!("{}: {e}", path.display())))
}
