//! `rgflow flow`: a trained machine iterated from the user's own samples.

mod findings;
mod record;
mod settings;
mod stage;

use super::AnyExperiment;
use crate::artifact::memory::Need;
use crate::artifact::{Artifact, Error, Model, Run, machine, network, user_file};
use crate::dataset::{Dataset, Input, Kind, Meaning, Options, independence};
use crate::record::Record;
use crate::study::couplings::{Effective, effective};
use rayon::prelude::*;
use rgflow::lattice::Square;
use rgflow::nn::Mlp;
use rgflow::random::Streams;
use rgflow::rbm::{Rbm, Units};
use settings::Settings;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Larger machines are not read as Ising models: 784 + 200 units already take 8 s.
const MOST_COUPLED: usize = 1024;

/// The experiment: machine, samples and network are given with the command.
pub struct OwnFlow {
    machine: (PathBuf, String, Rbm),
    /// What the machine says of its visible units.
    input: Input,
    /// What the network says of what it reads, in the machine's values.
    reads: Option<Input>,
    /// What was taken or converted where the files are combined.
    notes: Vec<String>,
    data_path: (PathBuf, String),
    network: Option<(PathBuf, String, Model, Mlp)>,
    data: OnceLock<Dataset>,
}

/// Where flows start: samples by label.
struct Starts {
    /// Labels, or nothing: one start.
    labels: Vec<f64>,
    /// Their names.
    names: Vec<String>,
    /// What they mean.
    meaning: Option<Meaning>,
    /// Rows of the data, start by start, all of one number.
    rows: Vec<usize>,
}

impl OwnFlow {
    /// Name in `config.toml`.
    pub const NAME: &str = "flow";

    /// Of the machine in `machine` from the samples in `data`, read by the `network` (a thermometer or classifier).
    ///
    /// # Errors
    /// [`Error::User`] if a file cannot be read or holds something else.
    pub fn new(machine: &Path, data: &Path, network: Option<&Path>) -> Result<Self, Error> {
        let at = |path: &Path, e: Error| Error::user(format!("{}: {e}", path.display()));
        let (model, hash) = user_file::model(machine)?;
        let rbm = machine::rbm(&model).map_err(|e| at(machine, e))?;
        let mut input =
            Input::of_model(&model, &machine.display().to_string(), rbm.n_visible()).map_err(Error::user)?;
        input.kind = input.kind.or_else(|| kind_of(rbm.visible_units()));
        let (mut reads, mut notes) = (None, Vec::new());
        let network = match network {
            None => None,
            Some(path) => {
                let (mut model, hash) = user_file::model(path)?;
                let mut mlp = network::layers(&model).map_err(|e| at(path, e))?;
                // A classifier has no temperatures; the curves of a thermometer must be right.
                if model.tensors.contains_key("reference_blocks") && model.metadata.get("temperatures").is_some() {
                    network::curves(&model, &mlp).map_err(|e| at(path, e))?;
                }
                if mlp.n_in() != rbm.n_visible() {
                    let (inputs, units) = (mlp.n_in(), rbm.n_visible());
                    return Err(Error::user(format!(
                        "{}: the network reads {inputs} values, the machine has {units} visible units; give one of the same data",
                        path.display()
                    )));
                }
                let mut said = Input::of_model(&model, &path.display().to_string(), mlp.n_in()).map_err(Error::user)?;
                let agreement = said.agrees(&input).map_err(Error::user)?;
                notes.extend(agreement.notes);
                if let Some(conversion) = agreement.conversion {
                    model = network::of_other_values(model, conversion).map_err(|e| at(path, e))?;
                    mlp = network::layers(&model).map_err(|e| at(path, e))?;
                    said.kind = input.kind;
                }
                reads = Some(said);
                Some((path.into(), hash, model, mlp))
            }
        };
        let data_path = (data.to_path_buf(), crate::dataset::hash(data)?);
        let machine = (machine.into(), hash, rbm);
        Ok(Self { machine, input, reads, notes, data_path, network, data: OnceLock::new() })
    }

    /// The samples, fit for the machine.
    fn read(&self, settings: &Settings) -> Result<&Dataset, Error> {
        if let Some(data) = self.data.get() {
            return Ok(data);
        }
        let d = &settings.data;
        let units = self.machine.2.visible_units();
        let real = units.levels().is_none();
        let options =
            Options { array: d.array.clone(), labels: d.labels.clone(), scale: d.scale, real, ..Options::default() };
        let path = &self.data_path.0;
        let mut data = Dataset::read(path, &options)?;
        let wrong = |what: String| Error::user(format!("{}: {what}", path.display()));
        if data.n_units() != self.machine.2.n_visible() {
            let (found, expected) = (data.n_units(), self.machine.2.n_visible());
            return Err(wrong(format!(
                "samples of {found} values for a machine of {expected} visible units; give samples like those it was trained on"
            )));
        }
        let of_file = Input::of_data(&data, d.scale);
        if let Some(l) = units.levels() {
            data.convert(l.low(), l.high());
        }
        if let Some(l) = units.levels()
            && let Some(bad) = data.misfit(l.low(), l.high())
        {
            return Err(wrong(format!(
                "holds {bad}; the machine's visible units are {units}: give samples of that kind"
            )));
        }
        let of_data = Input { kind: Some(data.kind), ..of_file };
        for said in std::iter::once(&self.input).chain(&self.reads) {
            data.notes.extend(said.agrees(&of_data).map_err(Error::user)?.notes);
        }
        starts(&data, settings.flow.chains).map_err(wrong)?;
        Ok(self.data.get_or_init(|| data))
    }

    /// The square lattice of the samples, where E and |m| of spins can be measured.
    fn lattice(&self, data: &Dataset) -> Option<Square> {
        let (extents, coordination) = data.lattice.as_ref()?;
        let spins = *self.machine.2.visible_units() == Units::SPIN;
        match (extents.as_slice(), coordination) {
            ([lx, ly], 4) if spins => Square::new(*lx, *ly).ok(),
            _ => None,
        }
    }

    /// The machine as an Ising model, where it or else the samples are on a lattice of square cells.
    fn effective(&self, data: &Dataset, streams: Streams) -> Result<Option<Effective>, Error> {
        let rbm = &self.machine.2;
        let square = |(extents, coordination): &(Vec<usize>, u32)| {
            (*coordination as usize == 2 * extents.len()).then(|| extents.clone())
        };
        let extents = self.input.square_cells().or_else(|| data.lattice.as_ref().and_then(square));
        match extents {
            Some(extents) if rbm.visible_units().levels().is_some() && rbm.n_visible() <= MOST_COUPLED => {
                effective(rbm, &extents, streams, "couplings").map(Some)
            }
            _ => Ok(None),
        }
    }

    /// All inputs of the stages.
    fn inputs(&self) -> Vec<Artifact> {
        let of = |path: &PathBuf, hash: &String| Artifact { hash: hash.clone(), dir: path.clone() };
        let mut inputs = vec![of(&self.machine.0, &self.machine.1), of(&self.data_path.0, &self.data_path.1)];
        inputs.extend(self.network.iter().map(|(path, hash, ..)| of(path, hash)));
        inputs
    }
}

/// What the values of a machine are whose file does not say what it was trained on.
fn kind_of(units: &Units) -> Option<Kind> {
    match units {
        Units::Gaussian(_) => Some(Kind::Real),
        units if *units == Units::SPIN => Some(Kind::Spins),
        units if *units == Units::BINARY => Some(Kind::Bits),
        _ => None,
    }
}

/// Samples by label: as many of each as the smallest start has, at most `most`.
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
        return Err(format!("has {n_starts} distinct labels; are these labels? At most 1000 starts are followed"));
    }
    let members: Vec<Vec<usize>> =
        (0..n_starts).map(|k| (0..classes.len()).filter(|r| classes[*r] == k).collect()).collect();
    let per = members.iter().map(Vec::len).min().unwrap_or(0).min(most);
    if per < settings::LEAST {
        return Err(format!(
            "a start has {per} samples; add some, at least {} of each label are needed",
            settings::LEAST
        ));
    }
    Ok(Starts { labels, names, meaning, rows: members.into_iter().flat_map(|m| m.into_iter().take(per)).collect() })
}

impl AnyExperiment for OwnFlow {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn summary(&self) -> &'static str {
        "The flow v -> h -> v of a trained machine from your own samples"
    }

    fn recipe(&self) -> &'static str {
        settings::RECIPE
    }

    fn repetitions(&self) -> u32 {
        1
    }

    fn input(&self) -> toml::Table {
        let mut table = crate::study::user_files::file_entry("machine", &self.machine.0, &self.machine.1);
        table.extend(crate::study::user_files::file_entry("data", &self.data_path.0, &self.data_path.1));
        if let Some((path, hash, ..)) = &self.network {
            table.extend(crate::study::user_files::file_entry("network", path, hash));
        }
        table
    }

    fn check(&self, table: &toml::Table) -> Result<(), String> {
        let settings = Settings::parse(table)?;
        self.read(&settings).map(|_| ()).map_err(|e| e.to_string())
    }

    fn warnings(&self, _: &toml::Table) -> Vec<String> {
        let reader = self.network.as_ref().and_then(|(path, _, model, _)| {
            let [cost, guess] = network::learnt_nothing(model)?;
            Some(format!(
                "{} has learnt nothing: its test cross-entropy is {cost:.3} nats, that of a guess by the frequencies of the labels \
                 {guess:.3}; what it reads of this flow says nothing; train it longer (--epochs), at another --learning-rate or on more \
                 samples, or leave --read out",
                path.display()
            ))
        });
        reader.into_iter().chain(self.data.get().and_then(independence::warning)).collect()
    }

    fn needs(&self, table: &toml::Table) -> Vec<Need> {
        let (Ok(settings), Some(data)) = (Settings::parse(table), self.data.get()) else { return vec![] };
        let rows = starts(data, settings.flow.chains).map_or(0, |starts| starts.rows.len());
        let units = data.n_units();
        let what = format!("--chains {}: {rows} samples of {units} units", settings.flow.chains);
        vec![Need::new(&[8, rows, units], what, "take fewer --chains")]
    }

    fn notes(&self) -> Vec<String> {
        self.notes.iter().cloned().chain(crate::study::user_files::notes_of(self.data.get())).collect()
    }

    fn run(&self, table: &toml::Table, run: &Run) -> Result<Record, Error> {
        let settings = Settings::parse(table).map_err(Error::user)?;
        let data = self.read(&settings)?;
        let modes = settings.modes().map_err(Error::user)?;
        let starts = starts(data, settings.flow.chains).map_err(Error::user)?;
        let found: Vec<Vec<_>> = run
            .repetitions()
            .par_iter()
            .map(|repetition| {
                // A network without reference curves reads probabilities, but no T*.
                let thermometer = self
                    .network
                    .as_ref()
                    .and_then(|(_, _, model, _)| network::thermometer(model, repetition.streams()).ok());
                let inputs = stage::Inputs { flow: self, settings: &settings, data, starts: &starts, thermometer };
                modes.par_iter().map(|mode| stage::flow(repetition, &inputs, *mode)).collect()
            })
            .collect::<Result<_, Error>>()?;
        let classes = self.network.as_ref().map(|(_, _, model, mlp)| network::outputs(model, mlp)).transpose()?;
        let effective = run.repetitions().into_iter().map(|r| self.effective(data, r.streams()));
        let effective: Vec<Effective> = effective.collect::<Result<Vec<_>, Error>>()?.into_iter().flatten().collect();
        let record = record::record(self, &settings, data, &starts, classes, (&found, &effective));
        let mut files = vec![(self.machine.0.as_path(), "machine"), (&self.data_path.0, "")];
        files.extend(self.network.iter().map(|(path, ..)| (path.as_path(), "network")));
        Ok(crate::study::user_files::with_notes(record, self, table, &files))
    }
}
