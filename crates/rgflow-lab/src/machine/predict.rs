//! Readings of samples by a trained network: probabilities of its outputs, T* where it is a thermometer, accuracy
//! where the samples have labels.

use super::place::model_file;
use super::transform::each_portion;
use super::{Table, mean, trained_on};
use crate::artifact::memory::{self, Need};
use crate::artifact::{Error, network_file, user_file};
use crate::dataset::{Dataset, Input, Kind, Labels, Meaning, Options};
use crate::study::user_files::{UserData, UserNetwork};
use ndarray::{Array2, ArrayView1, Axis, s};
use rgflow::flow::{Reading, TStar};
use rgflow::random::Streams;
use rgflow::statistics::Estimate;
use std::path::{Path, PathBuf};

/// Most groups of samples of one label that T* is read of; more labels are read as one collection.
const MOST_GROUPS: usize = 100;
/// Fewest samples of a group: two blocks of ten, so that there is an error.
const LEAST: usize = 20;

/// Readings of a network.
pub struct Prediction {
    /// The network's file.
    pub path: PathBuf,
    /// Array `probabilities`, shape (samples, outputs), `predicted`, and `temperatures` or `classes`.
    pub table: Table,
    /// Names of the outputs.
    pub names: Vec<String>,
    /// Whether the outputs are temperatures.
    pub temperatures: bool,
    /// Mean P of each output, with its error over samples.
    pub mean: Vec<Estimate>,
    /// T* of each collection of samples (of one label, or of all), only of a thermometer.
    pub t_star: Vec<Read>,
    /// Of samples whose label is an output.
    pub truth: Option<Truth>,
    /// Notes and warnings.
    pub notes: Vec<String>,
    /// The samples.
    pub data: Dataset,
}

/// T* of a collection.
pub struct Read {
    /// Its label; `None` for all samples.
    pub label: Option<String>,
    /// Number of its samples.
    pub n: usize,
    /// argmin over T of KL(P_collection || P_ref(T)).
    pub t_star: TStar,
}

/// How a network's outputs compare with labels.
pub struct Truth {
    /// Samples whose label is an output of the network, and others.
    pub samples: [usize; 2],
    /// Fraction whose most probable output is the label, error over samples.
    pub accuracy: Estimate,
    /// Mean of -ln P(label), nats.
    pub cross_entropy: Estimate,
}

/// Reads the samples in the files `paths` with the network in `model` (or the run folder `model`); continuous
/// temperatures are put into `bins` bins (0: none).
///
/// # Errors
/// [`Error::User`] of one line, if a file cannot be read or they do not belong together.
pub fn predict(model: &Path, paths: &[PathBuf], options: &Options, bins: usize) -> Result<Prediction, Error> {
    let (path, mut notes) = model_file(model, "thermometer")?;
    let name = path.display().to_string();
    let at = |e: Error| Error::user(format!("{name}: {e}"));
    let (file, _) = user_file::model(&path)?;
    let n_in = network_file::layers(&file).map_err(at)?.n_in();
    let said = Input::of_model(&file, &name, n_in).map_err(Error::user)?;
    let real = said.states.is_some() || said.kind.is_none_or(|kind| kind == Kind::Real);
    let options = Options { real, continuous: bins > 0, ..options.clone() };
    let mut given = UserData::new(paths)?;
    let mut network = None;
    given.read(&options, |data| {
        data.bin(bins)?;
        if let Some(states) = &said.states {
            data.code_states(states.len(), Some(states))?;
        }
        let width = format!("the samples have {}; give samples like those it was trained on", data.n_units());
        let of_data = Input::of_data(data, options.scale);
        network = Some(UserNetwork::read(&path, data.n_units(), &of_data, &width).map_err(|e| e.to_string())?);
        Ok(())
    })?;
    let missing = || Error::failure("the samples were not read");
    let (data, network) = (given.take().ok_or_else(missing)?, network.ok_or_else(missing)?);
    let outputs = network_file::outputs(&network.model, &network.mlp).map_err(at)?;
    let (n, k) = (data.n_samples(), network.mlp.n_out());
    let what = format!("probabilities of {k} outputs of {n} samples");
    memory::need(&[Need::new(&[4, n, k], what, "give fewer samples at a time")])?;
    let mut p = Array2::<f32>::zeros((n, k));
    each_portion(&data, |rows, v| p.slice_mut(s![rows, ..]).assign(&network.mlp.outputs(v.view())));
    let predicted: Vec<usize> = p.rows().into_iter().map(largest).collect();
    let column = |k: usize| mean(&p.column(k).iter().map(|p| f64::from(*p)).collect::<Vec<_>>());
    let t_star = match network_file::thermometer(&network.model, Streams::new(1)) {
        Ok(thermometer) => {
            let read = |label: Option<String>, rows: &[usize]| {
                let mut t_star = thermometer.read(&Reading::of(p.select(Axis(0), rows).view()));
                if rows.len() < LEAST {
                    t_star.error = f64::NAN;
                }
                Read { label, n: rows.len(), t_star }
            };
            groups(&data).into_iter().map(|(label, rows)| read(label, &rows)).collect()
        }
        Err(_) => Vec::new(),
    };
    if t_star.iter().any(|read| read.n < LEAST) {
        notes.push(format!("T* of fewer than {LEAST} samples has no error: it is over blocks of ten"));
    }
    if let Some([cost, guess]) = network_file::learnt_nothing(&network.model) {
        notes.push(format!(
            "{name} has learnt nothing: its test cross-entropy is {cost:.3} nats, that of a guess by the frequencies \
             of the labels {guess:.3}"
        ));
    }
    if trained_on(&network.model, &data) {
        notes.push(format!("{name} was trained on these samples, most of which it knows: accuracy and p are no test"));
    }
    notes.extend(network.notes.iter().chain(&data.notes).cloned());
    let truth = data.labels.as_ref().and_then(|labels| truth(labels, &outputs, &p, &predicted));
    if let (Some(labels), None) = (&data.labels, &truth) {
        let (first, network) = (labels.name(labels.values[0]), outputs.names.join(", "));
        notes.push(format!(
            "no label of the samples (such as {first}) is an output of the network ({network}): no accuracy"
        ));
    }
    let values = predicted.iter().map(|k| outputs.values[*k]).collect();
    let prefix = if outputs.temperatures { "T" } else { "class" };
    let columns = outputs.names.iter().map(|name| format!("P({prefix}={name})")).collect();
    let words = outputs.names.iter().zip(&outputs.values).any(|(name, value)| *name != value.to_string());
    let mean = (0..k).map(column).collect();
    let table = Table::new()
        .real("probabilities", "p", p)
        .named(columns)
        .numbers("predicted", values)
        .npz_numbers(if outputs.temperatures { "outputs_T" } else { "outputs" }, outputs.values.clone());
    let table = if words { table.words("output", outputs.names.clone()) } else { table };
    let (names, temperatures) = (outputs.names, outputs.temperatures);
    Ok(Prediction { path, table, names, temperatures, mean, t_star, truth, notes, data })
}

/// The place of the largest value, the first of equal ones.
fn largest(p: ArrayView1<f32>) -> usize {
    p.iter().enumerate().fold(0, |best, (k, value)| if *value > p[best] { k } else { best })
}

/// The samples of each temperature, or all of them where they have none or too many.
fn groups(data: &Dataset) -> Vec<(Option<String>, Vec<usize>)> {
    let all = || vec![(None, (0..data.n_samples()).collect())];
    let Some(labels) = &data.labels else { return all() };
    let (distinct, classes) = labels.classes();
    if distinct.len() < 2 || distinct.len() > MOST_GROUPS {
        return all();
    }
    let rows = |k: usize| (0..classes.len()).filter(|row| classes[*row] == k).collect();
    distinct.iter().enumerate().map(|(k, value)| (Some(labels.name(*value)), rows(k))).collect()
}

/// Accuracy and cross-entropy over the samples whose label is an output; `None` where there are none.
fn truth(labels: &Labels, outputs: &network_file::Outputs, p: &Array2<f32>, predicted: &[usize]) -> Option<Truth> {
    if outputs.temperatures != (labels.meaning == Meaning::Temperature) {
        return None;
    }
    let words = !labels.words.is_empty();
    let place = |value: f64| match words {
        true => outputs.names.iter().position(|name| *name == labels.name(value)),
        false => outputs.values.iter().zip(&outputs.names).position(|(output, name)| {
            *name == output.to_string() && (output - value).abs() <= 1e-6 * value.abs().max(1e-300)
        }),
    };
    let known: Vec<(usize, usize)> =
        labels.values.iter().enumerate().filter_map(|(row, value)| Some((row, place(*value)?))).collect();
    let right: Vec<f64> = known.iter().map(|(row, k)| f64::from(u8::from(predicted[*row] == *k))).collect();
    // Probabilities of single precision end near 1e-38.
    let cost: Vec<f64> = known.iter().map(|(row, k)| -f64::from(p[(*row, *k)]).max(1e-38).ln()).collect();
    let samples = [known.len(), labels.values.len() - known.len()];
    (!known.is_empty()).then(|| Truth { samples, accuracy: mean(&right), cross_entropy: mean(&cost) })
}
