//! Experiment behind `rgflow flow`: a trained machine iterated from the user's own samples.

mod figures;
mod likelihood;
mod record;
mod stage;

use crate::artifact::network_file;
use crate::dataset::{Dataset, Labelling, Meaning, Options, Sites};
use crate::machine::{Machine, model_file};
use crate::record::format::counted;
use crate::study::costs;
use crate::study::couplings::{Effective, effective};
use crate::study::prelude::*;
use crate::study::settings::Steps;
use crate::study::user_files::{InputFile, UserData, UserNetwork};
use rgflow::lattice::{Named, Square};
use rgflow::random::Streams;
use rgflow::rbm::Units;
use stage::ModeFindings;
use std::path::{Path, PathBuf};

/// Larger machines are not analysed as Ising models: 784 + 200 units already take 8 s.
const MOST_COUPLED: usize = 1024;
/// Fewest samples of a start: two, so that there is an error.
const LEAST: usize = 2;

/// Settings of the flow: how the data are read, modes, steps, chains.
#[derive(Clone, Debug, Deserialize)]
pub struct Settings {
    data: Data,
    flow: Flow,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Data {
    array: String,
    labels: String,
    #[serde(skip_serializing_if = "Labelling::is_auto")]
    labels_are: Labelling,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    shape: Vec<usize>,
    #[serde(skip_serializing_if = "is_none")]
    bins: usize,
    scale: f64,
}

/// Whether there are no bins.
fn is_none(bins: &usize) -> bool {
    *bins == 0
}

#[derive(Clone, Debug, Deserialize)]
struct Flow {
    modes: List<Name, 1, 2>,
    steps: Steps,
    chains: Within<LEAST, 1_000_000>,
}

/// Name of a mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Name {
    Gibbs,
    Mean,
}

impl values::Settings for Settings {
    fn parse(table: &toml::Table) -> Result<Self, String> {
        values::parse(table)
    }
}

impl Settings {
    /// The modes, in the requested order.
    fn modes(&self) -> Vec<Mode> {
        let mode = |name: &Name| if *name == Name::Gibbs { Mode::Gibbs } else { Mode::Mean };
        self.flow.modes.iter().map(mode).collect()
    }
}

/// The experiment; machine, samples and network are given on the command line.
pub struct OwnFlow {
    machine: Machine,
    network: Option<UserNetwork>,
    data: UserData,
}

/// Starts of the flow: samples grouped by label.
struct Starts {
    /// Labels; empty for a single start.
    labels: Vec<f64>,
    /// Names of the labels.
    names: Vec<String>,
    /// Meaning of the labels.
    meaning: Option<Meaning>,
    /// Rows of the data, start by start, the same number for each.
    rows: Vec<usize>,
}

impl OwnFlow {
    /// Name in `config.toml`.
    pub const NAME: &str = Self::ABOUT.name;

    /// The flow of the machine in `machine` from the samples in the files `data`, read by the `network` (a
    /// thermometer or classifier); both are model files or the folders of runs that hold one.
    ///
    /// # Errors
    /// [`Error::User`] if a file cannot be read or holds something else.
    pub fn new(machine: &Path, data: &[PathBuf], network: Option<&Path>) -> Result<Self, Error> {
        let machine = Machine::open(machine)?;
        let n = machine.rbm.n_visible();
        let width = format!("the machine has {n} visible units; give one of the same data");
        let read = |path| {
            let (path, notes) = model_file(path, "thermometer")?;
            let mut network = UserNetwork::read(&path, n, &machine.input, &width)?;
            network.notes.extend(notes);
            Ok::<_, Error>(network)
        };
        let network = network.map(read).transpose()?;
        Ok(Self { machine, network, data: UserData::new(data)? })
    }

    /// The samples, checked against the machine.
    fn read(&self, settings: &Settings) -> Result<&Dataset, Error> {
        let d = &settings.data;
        let options = self.machine.options(Options {
            array: d.array.clone(),
            labels: d.labels.clone(),
            labelling: d.labels_are,
            continuous: d.bins > 0,
            shape: d.shape.clone(),
            scale: d.scale,
            ..Options::default()
        });
        self.data.read(&options, |data| {
            data.bin(d.bins)?;
            let others: Vec<_> = self.network.iter().map(|network| &network.reads).collect();
            self.machine.adapt(data, d.scale, &others)?;
            starts(data, *settings.flow.chains).map(drop)
        })
    }

    /// Square lattice of the samples, where E and |m| of spins can be measured.
    fn lattice(&self, data: &Dataset) -> Option<Square> {
        let lattice = data.lattice.as_ref()?;
        let spins = *self.machine.rbm.visible_units() == Units::SPIN;
        match lattice.extents.as_slice() {
            [lx, ly] if spins && lattice.family()?.name == Square::NAME => Square::new(*lx, *ly).ok(),
            _ => None,
        }
    }

    /// The machine as an Ising model, if it or the samples are on a lattice of square cells.
    fn effective(&self, data: &Dataset, streams: Streams) -> Result<Option<Effective>, Error> {
        let rbm = &self.machine.rbm;
        let extents = self.machine.input.square_cells().or_else(|| data.lattice.as_ref().and_then(Sites::square_cells));
        match extents {
            Some(extents) if rbm.visible_units().levels().is_some() && rbm.n_visible() <= MOST_COUPLED => {
                effective(rbm, &extents, streams, "couplings").map(Some)
            }
            _ => Ok(None),
        }
    }

    /// All inputs of the stages.
    fn inputs(&self) -> Vec<Artifact> {
        [self.machine.artifact(), self.data.artifact()]
            .into_iter()
            .chain(self.network.iter().map(UserNetwork::artifact))
            .collect()
    }
}

/// Remedy for labels that are too many or have too few samples.
fn continuous_remedy(data: &Dataset) -> &'static str {
    match data.labels.as_ref().map(|labels| labels.meaning) {
        Some(Meaning::Temperature) => "put continuous temperatures into bins, such as --bins 20",
        _ => "name the labels by --labels",
    }
}

/// Samples grouped by label: the same number for each, limited by the smallest group and by `most`.
fn starts(data: &Dataset, most: usize) -> Result<Starts, String> {
    let (labels, names, classes, meaning) = match &data.labels {
        None => (vec![], vec![], vec![0; data.n_samples()], None),
        Some(labels) => {
            let (distinct, classes) = labels.classes();
            let names = distinct.iter().map(|v| labels.name(*v)).collect();
            (distinct, names, classes, Some(labels.meaning))
        }
    };
    let n_starts = labels.len().max(1);
    if n_starts > 1000 {
        let remedy = continuous_remedy(data);
        return Err(format!("has {n_starts} distinct labels, and at most 1000 starts are followed; {remedy}"));
    }
    let members: Vec<Vec<usize>> =
        (0..n_starts).map(|k| (0..classes.len()).filter(|r| classes[*r] == k).collect()).collect();
    let per = members.iter().map(Vec::len).min().unwrap_or(0).min(most);
    if per < LEAST {
        let remedy = continuous_remedy(data);
        return Err(format!(
            "a start has {}, and at least {LEAST} of each label are needed; add some, or {remedy}",
            counted(per, "sample")
        ));
    }
    Ok(Starts { labels, names, meaning, rows: members.into_iter().flat_map(|m| m.into_iter().take(per)).collect() })
}

/// Findings of one repetition.
pub struct Findings {
    /// Flows by mode, in the requested order.
    flows: Vec<ModeFindings>,
    /// The machine as an Ising model, where there is a lattice.
    effective: Option<Effective>,
    /// Of the starts under the machine.
    likelihood: Likelihood,
}

impl Experiment for OwnFlow {
    type Settings = Settings;
    type Findings = Findings;

    const ABOUT: About = About {
        name: "flow",
        summary: "The flow v -> h -> v of a trained machine from your own samples",
        recipe: include_str!("recipe.toml"),
        repetitions: 1,
        ..About::DEFAULT
    };

    fn check(&self, settings: &Settings) -> Result<(), String> {
        self.read(settings).map(drop).map_err(|e| e.to_string())
    }

    fn files(&self) -> Vec<InputFile<'_>> {
        let network = self.network.iter().map(|network| {
            let warnings = network_file::learnt_nothing(&network.model).map(|[cost, guess]| {
                format!(
                    "{} has learnt nothing: its test cross-entropy is {cost:.3} nats, that of a guess by the \
                     frequencies of the labels {guess:.3}; what it reads of this flow says nothing; train it longer \
                     (--epochs), at another --learning-rate or on more samples, or leave --read out",
                    network.path.display()
                )
            });
            InputFile { warnings: warnings.into_iter().collect(), ..network.file("network") }
        });
        [self.machine.file()].into_iter().chain(network).chain(self.data.files()).collect()
    }

    fn needs(&self, settings: &Settings) -> Vec<Need> {
        let Some(data) = self.data.get() else { return vec![] };
        let chains = *settings.flow.chains;
        let rows = starts(data, chains).map_or(0, |starts| starts.rows.len());
        let what = format!("--chains {chains}: {rows} samples of {} units", data.n_units());
        vec![Need::new(&[8, rows, data.n_units()], what, "take fewer --chains")]
    }

    fn plan(&self, settings: &Settings) -> Plan {
        let weights = self.machine.rbm.weights.len();
        let labels = self.data.get().and_then(|data| data.labels.as_ref()).map_or(1, |labels| labels.classes().0.len());
        let samples = self.data.get().map_or(1, |data| data.n_samples());
        let chains = (*settings.flow.chains * labels).min(samples.max(1));
        let lengths = [*settings.flow.steps, chains, weights];
        let one = |plan, mode: Mode| costs::flow(plan, format!("flow-{}", mode.name()), mode, lengths);
        let shape = [self.machine.rbm.n_visible(), self.machine.rbm.n_hidden()];
        settings.modes().into_iter().fold(costs::likelihood_of(likelihood::NAME, shape, chains), one)
    }

    fn repeat(&self, repetition: &Repetition, settings: &Settings) -> Result<Findings, Error> {
        let (data, streams) = (self.read(settings)?, repetition.streams());
        let starts = starts(data, *settings.flow.chains).map_err(Error::user)?;
        // A network without reference curves gives probabilities, but no T*.
        let thermometer = self.network.as_ref().and_then(|read| network_file::thermometer(&read.model, streams).ok());
        let inputs = stage::Inputs { flow: self, settings, data, starts: &starts, thermometer };
        let likelihood = likelihood::find(repetition, &inputs)?;
        let flows = settings.modes().into_par_iter().map(|mode| stage::flow(repetition, &inputs, mode));
        let flows = flows.collect::<Result<_, _>>()?;
        Ok(Findings { flows, effective: self.effective(data, streams)?, likelihood })
    }

    fn record(&self, settings: &Settings, found: &[Findings]) -> Result<Record, Error> {
        record::record(self, settings, found)
    }
}
