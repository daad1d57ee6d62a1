//! RBM flows on handwritten digits (thesis section 4.4, figures 4.10 to 4.15).

mod classifier;
mod data;
mod embedding;
mod ends;
mod flows;
mod machines;
mod maps;
mod record;
mod settings;

use super::{AnyExperiment, Item};
use crate::artifact::memory::Need;
use crate::artifact::{Error, Repetition, Run};
use crate::dataset::mnist;
use crate::record::Record;
use classifier::Accuracy;
use data::{Images, Set, With};
use embedding::Embedding;
use flows::Found as Flow;
use machines::Fit;
pub use maps::MnistMaps;
use rayon::prelude::*;
use rgflow::flow::Mode;
use settings::{Sets, Settings};

/// The modes, in the order of columns.
const MODES: [Mode; 2] = [Mode::Gibbs, Mode::Mean];

/// The experiment.
pub struct Mnist;

const ITEMS: &[Item] = &[
    Item { id: "fig4.10", title: "Handwritten digits", claim: "(examples)", keys: &["mnist.classifier."] },
    Item {
        id: "fig4.11",
        title: "Map of the digits: PCA, then t-SNE",
        claim: "images of one digit lie together",
        keys: &["mnist.tsne."],
    },
    Item {
        id: "fig4.12",
        title: "RBM flow trained on 4 and 8",
        claim: "4, 8 and 1 stay, others smear or go to 4 or 8: several fixed points",
        keys: &["mnist.4-8."],
    },
    Item {
        id: "fig4.13",
        title: "RBM flow trained on 4, 8 and their mixtures",
        claim: "with 4500 mixtures one fixed distribution, with 900 several",
        keys: &["mnist.4-8-mixed.", "mnist.4-8-few."],
    },
    Item {
        id: "fig4.14",
        title: "RBM flow trained on 4 and 9, and with their mixtures",
        claim: "several fixed points; with 4500 mixtures one",
        keys: &["mnist.4-9.", "mnist.4-9-mixed."],
    },
    Item {
        id: "fig4.15",
        title: "RBM flow trained on noisy 4 and 9",
        claim: "one fixed distribution",
        keys: &["mnist.4-9-noisy."],
    },
];

/// The training sets of figures 4.12 to 4.15, with their names in keys and files.
fn sets(settings: &Settings) -> [(&'static str, Set); 6] {
    let own = &settings.sets;
    let set = |digits, with| Set { digits, per_digit: settings.common.data.per_digit, with };
    [
        ("4-8", set([4, 8], With::Nothing)),
        ("4-8-mixed", set([4, 8], With::Mixed(own.many))),
        ("4-8-few", set([4, 8], With::Mixed(own.few))),
        ("4-9", set([4, 9], With::Nothing)),
        ("4-9-mixed", set([4, 9], With::Mixed(own.many))),
        ("4-9-noisy", set([4, 9], With::Noise(own.noisy))),
    ]
}

/// Everything that one repetition found.
struct Findings {
    accuracy: Accuracy,
    all: Option<Accuracy>,
    embedding: Embedding,
    /// By set and mode.
    flows: Vec<Vec<Flow>>,
}

impl AnyExperiment for Mnist {
    fn name(&self) -> &'static str {
        "mnist"
    }

    fn summary(&self) -> &'static str {
        "RBM flows on handwritten digits, with mixtures and noise (thesis figs 4.10-4.15); needs `rgflow data mnist`"
    }

    fn recipe(&self) -> &'static str {
        settings::RECIPE
    }

    fn items(&self) -> &'static [Item] {
        ITEMS
    }

    fn available(&self) -> Result<(), String> {
        mnist::missing(&mnist::folder()).map_or(Ok(()), Err)
    }

    fn check(&self, table: &toml::Table) -> Result<(), String> {
        Settings::parse(table).map(|_| ())
    }

    fn needs(&self, table: &toml::Table) -> Vec<Need> {
        let Ok(settings) = Settings::parse(table) else { return vec![] };
        let Sets { many, few, noisy } = settings.sets;
        // Nine mixtures of two digits, six noisy copies of each: numbers of 32 bits.
        let sets = [("many", 9, many), ("few", 9, few), ("noisy", 12, noisy)];
        let of = |(name, times, n): (&str, usize, usize)| {
            Need::new(&[4 * settings::PIXELS, times, n], format!("sets.{name} = {n}"), "take fewer")
        };
        settings.common.needs().into_iter().chain(sets.map(of)).collect()
    }

    fn run(&self, table: &toml::Table, run: &Run) -> Result<Record, Error> {
        let settings = Settings::parse(table).map_err(Error::user)?;
        let images = Images::load(&mnist::folder())?;
        let one = |r: &Repetition| repeat(r, &settings, &images);
        let found = run.repetitions().par_iter().map(one).collect::<Result<Vec<_>, Error>>()?;
        record::record(&settings, &images, run.repetitions()[0].seed(), &found)
    }
}

fn repeat(repetition: &Repetition, settings: &Settings, images: &Images) -> Result<Findings, Error> {
    let (sets, common) = (sets(settings), &settings.common);
    let machines = || {
        let one = |(name, set): &(&str, Set)| {
            machines::stage(
                repetition,
                images,
                &Fit { name, set: *set, rbm: &common.rbm, training: settings.training, snapshots: &[] },
            )
        };
        sets.par_iter().map(one).collect::<Result<Vec<_>, Error>>()
    };
    let classifiers = || {
        rayon::join(
            || classifier::stage(repetition, common, images),
            || settings.accuracy.all.then(|| classifier::on_all(repetition, common, images)).transpose(),
        )
    };
    let ((classifier, all), (machines, embedding)) =
        rayon::join(classifiers, || rayon::join(machines, || embedding::stage(repetition, settings, images)));
    let (classifier, machines) = (classifier?, machines?);
    let flows = sets
        .par_iter()
        .zip(&machines)
        .map(|((name, _), machine)| {
            let one =
                |mode: &Mode| flows::stage(repetition, common, images, (machine, &classifier), (name, None), *mode);
            MODES.par_iter().map(one).collect::<Result<Vec<_>, Error>>()
        })
        .collect::<Result<Vec<_>, Error>>()?;
    let accuracy = classifier.json("classifier/accuracy.json")?;
    Ok(Findings { accuracy, all: all?, embedding: embedding?, flows })
}
