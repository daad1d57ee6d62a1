//! A trained network at work on samples in memory: probabilities of its outputs, and T* where it is a thermometer.

use super::place::model_file;
use super::transform::each_portion;
use crate::artifact::{Error, Model, network_file, user_file};
use crate::dataset::{Dataset, Input, Kind, Options, Values};
use ndarray::{Array2, s};
use rgflow::flow::{TStar, Thermometer};
use rgflow::nn::Mlp;
use rgflow::random::Streams;
use std::path::{Path, PathBuf};

/// A thermometer or classifier of a model file.
pub struct Network {
    /// The file.
    pub path: PathBuf,
    model: Model,
    /// The network.
    pub mlp: Mlp,
    /// Values of its outputs: temperatures or classes.
    pub outputs: Vec<f64>,
    /// Whether the outputs are temperatures.
    pub temperatures: bool,
    reads: Input,
}

impl Network {
    /// The network in the file `path`, or in the run folder `path`.
    ///
    /// # Errors
    /// [`Error::User`] if there is none or it is damaged.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let (path, _) = model_file(path, "thermometer")?;
        let (model, _) = user_file::model(&path)?;
        Self::of_model(&path, model)
    }

    /// The network in the bytes of a model file.
    ///
    /// # Errors
    /// As [`Network::open`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let name = "model in memory";
        let model = Model::from_bytes(bytes, name).map_err(|e| Error::user(e.to_string()))?;
        Self::of_model(Path::new(name), model)
    }

    /// Bytes of its model file.
    ///
    /// # Errors
    /// As [`Model::to_bytes`].
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        self.model.to_bytes()
    }

    fn of_model(path: &Path, model: Model) -> Result<Self, Error> {
        let at = |e: Error| Error::user(format!("{}: {e}", path.display()));
        let mlp = network_file::layers(&model).map_err(at)?;
        let network_file::Outputs { values, temperatures, .. } = network_file::outputs(&model, &mlp).map_err(at)?;
        let reads = Input::of_model(&model, &path.display().to_string(), mlp.n_in()).map_err(Error::user)?;
        Ok(Self { path: path.into(), model, mlp, outputs: values, temperatures, reads })
    }

    /// Samples in memory, checked and converted to the values that the network reads.
    ///
    /// # Errors
    /// A message that names the value or the shape that does not fit.
    pub fn in_memory(&self, values: Values) -> Result<Dataset, String> {
        let real = self.reads.kind.is_none_or(|kind| kind == Kind::Real);
        let mut data = Dataset::in_memory(values, &Options { real, ..Options::default() })?;
        if data.n_units() != self.mlp.n_in() {
            let (found, expected) = (data.n_units(), self.mlp.n_in());
            return Err(format!(
                "samples of {found} values for a network that reads {expected}; give samples like those it was trained \
                 on"
            ));
        }
        if let Some([low, high]) = self.reads.kind.and_then(Kind::levels) {
            data.convert(low, high);
            if let Some(bad) = data.values.find(|v| v == low || v == high) {
                return Err(format!("holds {bad}; the network reads {low} and {high}: give samples of that kind"));
            }
        }
        Ok(data)
    }

    /// P of each output for each sample, shape (samples, outputs).
    pub fn probabilities(&self, data: &Dataset) -> Array2<f32> {
        let mut p = Array2::zeros((data.n_samples(), self.mlp.n_out()));
        each_portion(data, |rows, v| p.slice_mut(s![rows, ..]).assign(&self.mlp.outputs(v.view())));
        p
    }

    /// A warning where it has learnt nothing.
    pub fn warning(&self) -> Option<String> {
        network_file::learnt_nothing(&self.model).map(|[cost, guess]| {
            format!(
                "the network has learnt nothing: its test cross-entropy is {cost:.3} nats, that of a guess by the \
                 frequencies of the labels {guess:.3}; what it reads says nothing; train it longer, at another learning \
                 rate or on more samples"
            )
        })
    }

    /// The thermometer that it is, with the random numbers of `streams`.
    ///
    /// # Errors
    /// If it is none: its outputs are no temperatures, or it has no reference curves.
    pub fn thermometer(&self, streams: Streams) -> Result<Thermometer, Error> {
        network_file::thermometer(&self.model, streams)
    }
}

/// How T* is to be read besides its value: an interval at an edge or where temperatures cannot be told apart, and "not
/// thermal" where a thermal collection leaves so large a KL with p < 1 %.
pub fn note(t_star: &TStar) -> String {
    let interval = match t_star.interval {
        Some([None, Some(high)]) => format!("<= {high:.3}"),
        Some([Some(low), None]) => format!(">= {low:.3}"),
        Some([Some(low), Some(high)]) => format!("{low:.3} ... {high:.3}"),
        Some([None, None]) | None => String::new(),
    };
    let thermal = if t_star.p_thermal < 0.01 { "not thermal" } else { "" };
    [interval.as_str(), thermal].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}
