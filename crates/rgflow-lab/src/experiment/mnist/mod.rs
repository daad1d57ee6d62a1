//! RBM flows on handwritten digits (thesis section 4.4, figures 4.10 to 4.15).

mod classifier;
mod data;
mod embedding;
mod flows;
mod maps;
mod plan;
mod rbms;
mod record;
mod settings;

use crate::dataset::mnist::{self, Digits};
use crate::study::prelude::*;
use data::{Images, Set, With};
use embedding::Embedding;
use flows::FlowFindings;
pub use maps::MnistMaps;
use rbms::MachineSpec;
use settings::{Common, PIXELS, Settings};

/// Why the machines have no ln p of their data.
const NO_LIKELIHOOD: &str = "The machines are trained on grey levels as means of bits: no state is seen, so the images \
    have no likelihood. Bits drawn from grey levels have one: `rgflow train rbm --grey drawn`.";

/// The experiment `mnist`.
pub struct Mnist;

/// Data that the stages of a repetition share.
struct Study<'a> {
    repetition: &'a Repetition<'a>,
    settings: &'a Common,
    images: &'a Images,
}

impl Study<'_> {
    /// Trains the classifier and the machines of `specs`.
    fn trained(&self, specs: &[MachineSpec]) -> Result<(Artifact, Vec<Artifact>), Error> {
        let machines = || specs.par_iter().map(|spec| rbms::stage(self, spec)).collect::<Result<_, _>>();
        let (classifier, machines) = rayon::join(|| classifier::stage(self), machines);
        Ok((classifier?, machines?))
    }
}

/// The machines of figures 4.12 to 4.15.
fn machines(settings: &Settings) -> [MachineSpec; 6] {
    let (per_digit, training, sets) =
        (*settings.common.data.per_digit, settings.specific.training, &settings.specific.sets);
    [
        ("4-8", [4, 8], With::Nothing),
        ("4-8-mixed", [4, 8], With::Mixed(*sets.many)),
        ("4-8-few", [4, 8], With::Mixed(*sets.few)),
        ("4-9", [4, 9], With::Nothing),
        ("4-9-mixed", [4, 9], With::Mixed(*sets.many)),
        ("4-9-noisy", [4, 9], With::Noise(*sets.noisy)),
    ]
    .map(|(name, digits, with)| {
        let set = Set { digits, per_digit, with };
        MachineSpec { name: name.into(), set, training, snapshots: vec![] }
    })
}

/// Findings of one repetition.
pub struct Findings {
    /// Accuracy on the test files of two classifiers: trained on some images, and on all.
    accuracy: f64,
    accuracy_all: Option<f64>,
    embedding: Embedding,
    /// Flows by training set.
    flows: Vec<ByMode<FlowFindings>>,
    /// A few images of each digit, digit by digit.
    examples: Digits,
}

impl Experiment for Mnist {
    type Settings = Settings;
    type Findings = Findings;

    const ABOUT: About = About {
        name: "mnist",
        summary: "RBM flows on handwritten digits, with mixtures and noise (thesis figs 4.10-4.15); needs `rgflow data \
                  mnist`",
        recipe: concat!(
            "# RBM flows on handwritten digits: figures 4.10 to 4.15 of the thesis.\n",
            include_str!("common.toml"),
            include_str!("recipe.toml")
        ),
        ..About::DEFAULT
    };

    fn available(&self) -> Result<(), String> {
        if cfg!(not(feature = "tsne")) {
            return Err("this build has no t-SNE, which fig 4.11 needs; build it with the feature `tsne`".into());
        }
        mnist::missing(&mnist::folder()).map_or(Ok(()), Err)
    }

    fn needs(&self, settings: &Settings) -> Vec<Need> {
        let sets = &settings.specific.sets;
        // Nine mixtures of two digits, six noisy copies of each: 32-bit numbers.
        let sets = [("many", 9, *sets.many), ("few", 9, *sets.few), ("noisy", 12, *sets.noisy)]
            .map(|(name, times, n)| Need::new(&[4 * PIXELS, times, n], format!("sets.{name} = {n}"), "take fewer"));
        [settings.common.needs()].into_iter().chain(sets).collect()
    }

    fn plan(&self, settings: &Settings) -> Plan {
        let (common, own) = (&settings.common, &settings.specific);
        let mut plan = common.classifier_plan("classifier", 5 * *common.data.per_digit);
        if own.accuracy.all {
            plan = plan.and(common.classifier_plan("classifier-all", 60_000));
        }
        let images = *own.tsne.images as f64;
        plan = plan.stage("tsne", "tsne", 6e-6 * *own.tsne.epochs as f64 * images);
        machines(settings)
            .iter()
            .fold(plan, |plan, spec| plan.and(common.machine_plan(spec)).and(common.flow_plan(spec, None)))
    }

    fn repeat(&self, repetition: &Repetition, settings: &Settings) -> Result<Findings, Error> {
        let images = &*Images::read()?;
        let study = &Study { repetition, settings: &settings.common, images };
        let (specs, specific) = (machines(settings), &settings.specific);
        let on_all = || specific.accuracy.all.then(|| classifier::on_all(study)).transpose();
        let (trained, (accuracy_all, embedding)) =
            rayon::join(|| study.trained(&specs), || rayon::join(on_all, || embedding::stage(study, &specific.tsne)));
        let (classifier, machines) = trained?;
        let flows = specs.par_iter().zip(&machines).map(|(spec, machine)| {
            ByMode::make(|mode| flows::stage(study, &classifier, (machine, &spec.name, None), mode))
        });
        let shown = 4.min(*settings.common.flow.chains);
        Ok(Findings {
            flows: flows.collect::<Result<_, _>>()?,
            accuracy: classifier::load(&classifier)?.1,
            accuracy_all: accuracy_all?,
            embedding: embedding?,
            examples: images.starts(repetition.streams(), shown, "the figure of examples")?,
        })
    }

    fn record(&self, settings: &Settings, found: &[Findings]) -> Result<Record, Error> {
        Ok(record::record(settings, found))
    }
}
