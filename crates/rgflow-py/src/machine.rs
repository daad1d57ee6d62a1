//! Trained machines: the class `Machine` and their training.

use crate::errors::About;
use crate::values::Given;
use crate::work::{How, Watch, ended};
use ndarray::{Array2, Zip};
use numpy::{PyArray1, PyArray2, PyReadonlyArray2};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use rgflow::random::Streams;
use rgflow::rbm::{Chains, ClampedSteps, Fill, Incomplete, Kernel, RbmError};
use rgflow_lab::artifact::progress::Observer;
use rgflow_lab::artifact::{Error, atomic};
use rgflow_lab::dataset::Values;
use rgflow_lab::experiment::RbmInMemory;
use rgflow_lab::machine::{self, LnZ};
use std::ops::ControlFlow;
use std::path::PathBuf;

/// A restricted Boltzmann machine, as a model file holds it.
#[pyclass(frozen, module = "rgflow._rgflow")]
pub struct Machine(pub machine::Machine);

/// Samples for a machine, as numbers.
fn samples(machine: &machine::Machine, given: &Given<'_>) -> PyResult<Array2<f32>> {
    let data = machine.in_memory(given.values()).map_err(|e| About::Data.mistake(e))?;
    Ok(match data.values {
        Values::States(states) => states.mapv(f32::from),
        Values::Real(values) => values,
    })
}

fn refused(error: RbmError) -> Error {
    match error {
        RbmError::Stopped(_) => Error::Interrupted,
        other => Error::user(other.to_string()),
    }
}

/// Start of Gibbs chains.
#[derive(FromPyObject)]
pub enum Start<'py> {
    Chains(usize),
    States(Given<'py>),
}

#[pymethods]
impl Machine {
    /// The machine in the bytes of a model file.
    #[staticmethod]
    fn from_bytes(bytes: &[u8]) -> PyResult<Self> {
        machine::Machine::from_bytes(bytes).map(Self).map_err(|e| About::File.error(e))
    }

    /// The machine in a model file, or in the folder of a run that trained one.
    #[staticmethod]
    fn open(path: PathBuf) -> PyResult<Self> {
        machine::Machine::open(&path).map(Self).map_err(|e| About::File.error(e))
    }

    /// Bytes of its model file.
    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let bytes = self.0.to_bytes().map_err(|e| About::File.error(e))?;
        Ok(PyBytes::new(py, &bytes))
    }

    /// Writes its model file, whole or not at all.
    fn save(&self, path: PathBuf) -> PyResult<()> {
        let bytes = self.0.to_bytes();
        bytes.and_then(|bytes| atomic::write(path, bytes)).map_err(|e| About::File.error(e))
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyBytes>,))> {
        let py = slf.py();
        Ok((py.get_type::<Self>().getattr("from_bytes")?, (slf.get().to_bytes(py)?,)))
    }

    /// Weights, shape (visible, hidden).
    #[getter]
    fn weights<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray2<f32>> {
        PyArray2::from_owned_array(py, self.0.rbm.weights.clone())
    }

    #[getter]
    fn visible_bias<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f32>> {
        PyArray1::from_owned_array(py, self.0.rbm.visible_bias.clone())
    }

    #[getter]
    fn hidden_bias<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f32>> {
        PyArray1::from_owned_array(py, self.0.rbm.hidden_bias.clone())
    }

    /// Kinds of visible and hidden units.
    #[getter]
    fn units(&self) -> (String, String) {
        (self.0.rbm.visible_units().to_string(), self.0.rbm.hidden_units().to_string())
    }

    /// Whether ln Z is summed.
    #[getter]
    fn has_exact_ln_z(&self) -> bool {
        self.0.rbm.has_exact_ln_z()
    }

    /// Expectations of the hidden units given visible ones.
    fn hidden_mean<'py>(&self, py: Python<'py>, v: Given<'py>) -> PyResult<Bound<'py, PyArray2<f32>>> {
        let (rbm, v) = (&self.0.rbm, samples(&self.0, &v)?);
        let h = py.detach(|| {
            let mut h = Array2::zeros((v.nrows(), rbm.n_hidden()));
            rbm.hidden_mean(v.view(), &mut h);
            h
        });
        Ok(PyArray2::from_owned_array(py, h))
    }

    /// Expectations of the visible units given hidden ones.
    fn visible_mean<'py>(&self, py: Python<'py>, h: PyReadonlyArray2<'py, f32>) -> PyResult<Bound<'py, PyArray2<f32>>> {
        let (rbm, h) = (&self.0.rbm, h.as_array().as_standard_layout().into_owned());
        if h.ncols() != rbm.n_hidden() {
            let (expected, found) = (rbm.n_hidden(), h.ncols());
            return Err(About::Data.mistake(format!("{found} columns for a machine of {expected} hidden units")));
        }
        let v = py.detach(|| {
            let mut v = Array2::zeros((h.nrows(), rbm.n_visible()));
            rbm.visible_mean(h.view(), &mut v);
            v
        });
        Ok(PyArray2::from_owned_array(py, v))
    }

    /// Free energy of each sample in k_B T.
    fn free_energy<'py>(&self, py: Python<'py>, v: Given<'py>, how: How) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let (rbm, v) = (&self.0.rbm, samples(&self.0, &v)?);
        let operations = v.nrows() * rbm.weights.len();
        let energies = how.run_sized(py, operations, |_| Ok(rbm.free_energy(v.view())))?;
        let energies = ended(energies, About::Data)?;
        Ok(PyArray1::from_vec(py, energies))
    }

    /// Pseudo-likelihood of each sample in nats, and the number of its terms.
    fn pseudo_likelihoods<'py>(
        &self,
        py: Python<'py>,
        v: Given<'py>,
        how: How,
    ) -> PyResult<(Bound<'py, PyArray1<f64>>, usize)> {
        let (rbm, v) = (&self.0.rbm, samples(&self.0, &v)?);
        let operations = v.len() * rbm.weights.len();
        let all = how.run_sized(py, operations, |_| rbm.pseudo_likelihoods(v.view()).map_err(refused))?;
        let all = ended(all, About::Data)?;
        Ok((PyArray1::from_vec(py, all), rbm.n_terms()))
    }

    /// Cost sum (v - v')^2 / 2 of the mean-field reconstruction v', mean over samples.
    fn reconstruction_cost(&self, py: Python<'_>, v: Given<'_>) -> PyResult<f64> {
        let (rbm, v) = (&self.0.rbm, samples(&self.0, &v)?);
        Ok(py.detach(|| rbm.reconstruction_cost(v.view())))
    }

    /// ln Z, the ends of its interval and how it was found: by enumeration, or by annealing.
    fn ln_z(&self, py: Python<'_>, anneal: bool, seed: u64, how: How) -> PyResult<(f64, f64, f64, String)> {
        let rbm = &self.0.rbm;
        let find = |watch: &Watch| {
            watch.announce(LnZ::work(rbm).max(1));
            let stream = Streams::new(seed);
            let found = match anneal {
                true => LnZ::annealed(rbm, stream.of("rbm/ln-z"), watch)?,
                false => LnZ::of(rbm, stream.of("rbm/ln-z"), watch)?,
            };
            found.map_err(Error::failure)
        };
        let LnZ { value, range: [low, high], how } = ended(how.run(py, find)?, About::Data)?;
        Ok((value, low, high, how))
    }

    /// Visible units after Gibbs steps v -> h -> v, a chain for each row of `start`; a number of chains begins with what
    /// the biases alone give.
    #[expect(clippy::too_many_arguments, reason = "one of them is Python itself")]
    fn gibbs<'py>(
        &self,
        py: Python<'py>,
        start: Start<'py>,
        steps: usize,
        seed: u64,
        how: How,
    ) -> PyResult<Bound<'py, PyArray2<f32>>> {
        let rbm = &self.0.rbm;
        let mut v = match start {
            Start::Chains(n) => {
                let mut v = Array2::zeros((n, rbm.n_visible()));
                rbm.visible_mean(Array2::zeros((n, rbm.n_hidden())).view(), &mut v);
                v
            }
            Start::States(states) => samples(&self.0, &states)?,
        };
        let operations = steps.saturating_mul(v.nrows() * rbm.weights.len());
        let walk = |watch: &Watch| -> Result<Array2<f32>, Error> {
            let (kernel, mut random) = (Kernel::new(rbm), Streams::new(seed).bulk("python/gibbs", 0));
            let mut chains = Chains::new(&kernel, v.nrows());
            chains.set_visible(v.view()).map_err(refused)?;
            watch.announce(steps as u64);
            for _ in 0..steps {
                chains.step(&kernel, &mut random);
                watch.tick(1)?;
            }
            chains.write_visible(v.as_slice_mut().unwrap_or_default());
            Ok(v)
        };
        Ok(PyArray2::from_owned_array(py, ended(how.run_sized(py, operations, walk)?, About::Data)?))
    }

    /// Visible units after Gibbs steps in which those of `known` that are not NaN stay as they are.
    #[expect(clippy::too_many_arguments, reason = "one of them is Python itself")]
    fn complete<'py>(
        &self,
        py: Python<'py>,
        known: PyReadonlyArray2<'py, f32>,
        steps: usize,
        seed: u64,
        how: How,
    ) -> PyResult<Bound<'py, PyArray2<f32>>> {
        let (rbm, known) = (&self.0.rbm, known.as_array());
        let unknown = Zip::from(known).map_collect(|v| v.is_nan());
        let draw = |watch: &Watch| {
            let rows = Incomplete::new(rbm, known, unknown.view()).map_err(refused)?;
            let (fill, lengths) = (Fill::Draw, ClampedSteps { burn_in: steps, steps: 0 });
            watch.announce(rows.work(fill, lengths));
            let tick =
                |units| if watch.tick(units).is_err() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
            let stream = Streams::new(seed);
            let drawn = rows.by_chains_watched(fill, lengths, stream.of("python/clamped"), &tick);
            drawn.map(|drawn| drawn.values).map_err(refused)
        };
        Ok(PyArray2::from_owned_array(py, ended(how.run(py, draw)?, About::Data)?))
    }
}

/// Trains a machine by the settings `changes` of `rgflow train rbm`, from the machine `begin` on if there is one: a dict
/// of the machine, its metrics (lines of JSON) and what was raised meanwhile.
#[pyfunction]
#[expect(clippy::too_many_arguments, reason = "one of them is Python itself")]
pub fn train_rbm<'py>(
    py: Python<'py>,
    samples: Given<'py>,
    changes: Vec<String>,
    begin: Option<Bound<'py, Machine>>,
    seed: u64,
    how: How,
) -> PyResult<Bound<'py, PyDict>> {
    let training = RbmInMemory::new(&changes).map_err(|e| About::Settings.error(e))?;
    let (values, begin) = (samples.values(), begin.as_ref().map(|machine| &machine.get().0));
    let (result, raised) = how.run(py, |watch: &Watch| training.train(values, begin, seed, watch))?;
    let fit = match result {
        Ok(fit) => fit,
        Err(error) => return Err(raised.unwrap_or_else(|| About::Data.error(error))),
    };
    let found = PyDict::new(py);
    found.set_item("machine", Bound::new(py, Machine::from_bytes(&fit.model)?)?)?;
    found.set_item("metrics", fit.metrics)?;
    found.set_item("raised", raised)?;
    Ok(found)
}
