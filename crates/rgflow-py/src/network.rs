//! Trained networks: the class `Network`, their training, and temperatures that they read.

use crate::errors::About;
use crate::values::Given;
use crate::work::{How, Watch, ended};
use numpy::{PyArray2, PyReadonlyArray1};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use rgflow::flow::{Reading, TStar};
use rgflow::random::Streams;
use rgflow_lab::artifact::{Error, atomic};
use rgflow_lab::experiment::ThermometerInMemory;
use rgflow_lab::machine::{self, network};
use std::path::PathBuf;

/// A thermometer or classifier, as a model file holds it.
#[pyclass(frozen, module = "rgflow._rgflow")]
pub struct Network(pub machine::Network);

/// T* of a collection: value, error, remaining KL, p of a thermal collection, and how it is to be read.
pub type Star = (f64, f64, f64, f64, String);

/// `t_star` for Python.
pub fn star(t_star: &TStar) -> Star {
    (t_star.value, t_star.error, t_star.kl, t_star.p_thermal, network::note(t_star))
}

#[pymethods]
impl Network {
    /// The network in the bytes of a model file.
    #[staticmethod]
    fn from_bytes(bytes: &[u8]) -> PyResult<Self> {
        machine::Network::from_bytes(bytes).map(Self).map_err(|e| About::File.error(e))
    }

    /// The network in a model file, or in the folder of a run that trained one.
    #[staticmethod]
    fn open(path: PathBuf) -> PyResult<Self> {
        machine::Network::open(&path).map(Self).map_err(|e| About::File.error(e))
    }

    /// Bytes of its model file.
    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let bytes = self.0.to_bytes().map_err(|e| About::File.error(e))?;
        Ok(PyBytes::new(py, &bytes))
    }

    /// Writes its model file, whole or not at all.
    fn save(&self, path: PathBuf) -> PyResult<()> {
        self.0.to_bytes().and_then(|bytes| atomic::write(path, bytes)).map_err(|e| About::File.error(e))
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyBytes>,))> {
        let py = slf.py();
        Ok((py.get_type::<Self>().getattr("from_bytes")?, (slf.get().to_bytes(py)?,)))
    }

    /// Values that it reads from a sample, and the values of its outputs.
    #[getter]
    fn shape(&self) -> (usize, Vec<f64>) {
        (self.0.mlp.n_in(), self.0.outputs.clone())
    }

    /// Whether its outputs are temperatures.
    #[getter]
    fn temperatures(&self) -> bool {
        self.0.temperatures
    }

    /// P of each output for each sample.
    fn probabilities<'py>(&self, py: Python<'py>, samples: Given<'py>) -> PyResult<Bound<'py, PyArray2<f32>>> {
        let data = self.0.in_memory(samples.values()).map_err(|e| About::Data.mistake(e))?;
        let p = py.detach(|| self.0.probabilities(&data));
        Ok(PyArray2::from_owned_array(py, p))
    }

    /// T* of a collection of samples.
    fn t_star(&self, py: Python<'_>, samples: Given<'_>, how: How) -> PyResult<Star> {
        let data = self.0.in_memory(samples.values()).map_err(|e| About::Data.mistake(e))?;
        let read = |_: &Watch| -> Result<TStar, Error> {
            let reading = Reading::of(self.0.probabilities(&data).view());
            Ok(self.0.thermometer(Streams::new(1))?.read(&reading))
        };
        ended(how.run(py, read)?, About::Data).map(|t_star| star(&t_star))
    }
}

/// Trains a network by the settings `changes` of `rgflow train thermometer`: a dict of the network and its findings
/// (JSON).
#[pyfunction]
#[expect(clippy::too_many_arguments, reason = "what Python adds")]
pub fn train_thermometer<'py>(
    py: Python<'py>,
    samples: Given<'py>,
    labels: PyReadonlyArray1<'py, f64>,
    temperatures: bool,
    changes: Vec<String>,
    seed: u64,
    how: How,
) -> PyResult<Bound<'py, PyDict>> {
    let training = ThermometerInMemory::new(&changes).map_err(|e| About::Settings.error(e))?;
    let (values, labels) = (samples.values(), labels.as_array().to_vec());
    let train = |watch: &Watch| training.train(values, (labels, temperatures), seed, watch);
    let (model, findings) = ended(how.run(py, train)?, About::Data)?;
    let found = PyDict::new(py);
    let network = Network::from_bytes(&model)?;
    found.set_item("warning", network.0.warning())?;
    found.set_item("network", Bound::new(py, network)?)?;
    found.set_item("findings", findings)?;
    Ok(found)
}
