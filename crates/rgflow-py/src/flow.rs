//! Flows of machines.

use crate::errors::About;
use crate::machine::Machine;
use crate::network::{Network, Star, star};
use crate::values::Given;
use crate::work::{How, Watch, ended};
use ndarray::{Array2, Array3, Axis};
use numpy::{PyArray1, PyArray2, PyArray3, ToPyArray};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use rgflow::flow::{Flow, Mode, Moment, Reading, Readout, Schedule, Starts, Thermometer, Trajectory, run_by};
use rgflow::lattice::Square;
use rgflow::random::Streams;
use rgflow_lab::artifact::progress::Observer;
use rgflow_lab::artifact::{Error, StageOut};
use rgflow_lab::dataset::Values;

/// What to follow, by name.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct Asked<'py> {
    /// Rows of all starts, one start after the other.
    starts: Given<'py>,
    n_starts: usize,
    mode: String,
    steps: usize,
    /// Extents of the square lattice on which E and |m| are read.
    lattice: Option<(usize, usize)>,
    seed: u64,
}

/// A followed flow, and T* of its starts and ends.
struct Followed {
    trajectory: Trajectory,
    /// Of all starts pooled: at the start and at the end.
    pooled: Option<[Star; 2]>,
    ends: Vec<Star>,
    t_star: Vec<Vec<f64>>,
}

/// The flow of `machine`, read by `network`, as `rgflow flow` makes it: a dict of arrays.
#[pyfunction]
pub fn flow<'py>(
    py: Python<'py>,
    machine: &Machine,
    asked: Bound<'py, PyAny>,
    network: Option<Bound<'py, Network>>,
    how: How,
) -> PyResult<Bound<'py, PyDict>> {
    let Asked { starts, n_starts, mode, steps, lattice, seed } = asked.extract()?;
    let mode = match mode.as_str() {
        "gibbs" => Mode::Gibbs,
        "mean" => Mode::Mean,
        other => return Err(About::Settings.mistake(format!("mode = \"{other}\": must be \"gibbs\" or \"mean\""))),
    };
    let rbm = &machine.0.rbm;
    let data = machine.0.in_memory(starts.values()).map_err(|e| About::Data.mistake(e))?;
    let values = match data.values {
        Values::States(states) => states.mapv(f32::from),
        Values::Real(values) => values,
    };
    let square = lattice.map(|(lx, ly)| Square::new(lx, ly)).transpose().map_err(|e| About::Settings.mistake(e))?;
    let network = network.as_ref().map(|network| &network.get().0);
    let follow = |watch: &Watch| -> Result<Followed, Error> {
        let out = StageOut::in_memory("flow", seed, watch);
        watch.announce((steps * values.nrows()) as u64);
        let schedule = Schedule::new(steps);
        let readout = Readout { mlp: network.map(|network| &network.mlp), lattice: square.as_ref() };
        let starts = Starts { values: values.view().into(), n_starts };
        let purpose = format!("flow-{}", mode.name());
        let flow = Flow { rbm, mode, schedule: &schedule };
        let units = |done: u64| done;
        let trajectory =
            out.drive("chains", &units, |drive| run_by(flow, readout, starts, out.streams().of(&purpose), drive))?;
        let thermometer = network.and_then(|network| network.thermometer(Streams::new(seed)).ok());
        let read =
            |thermometer: &Thermometer, readings: &[Reading]| star(&thermometer.read(&Reading::pooled(readings)));
        let pooled = network.zip(thermometer.as_ref()).map(|(network, thermometer)| {
            let p = network.mlp.outputs(values.view());
            let start: Vec<Reading> = p.axis_chunks_iter(Axis(0), values.nrows() / n_starts).map(Reading::of).collect();
            [read(thermometer, &start), read(thermometer, &trajectory.end)]
        });
        let ends = thermometer.iter().flat_map(|t| trajectory.end.iter().map(|r| star(&t.read(r)))).collect();
        let t_star = thermometer.as_ref().map_or(vec![], |t| trajectory.t_star(&t.reference));
        Ok(Followed { trajectory, pooled, ends, t_star })
    };
    let followed = ended(how.run(py, follow)?, About::Data)?;
    as_dict(py, &followed)
}

/// Arrays of a followed flow by record and start.
fn as_dict<'py>(py: Python<'py>, followed: &Followed) -> PyResult<Bound<'py, PyDict>> {
    let Followed { trajectory, pooled, ends, t_star } = followed;
    let moments = &trajectory.moments;
    let found = PyDict::new(py);
    let by_record = |of: &dyn Fn(&Moment) -> Vec<f64>| -> Option<Bound<'py, PyArray2<f64>>> {
        let rows: Vec<Vec<f64>> = moments.iter().map(of).collect();
        let width = rows.first().map_or(0, Vec::len);
        (width > 0).then(|| Array2::from_shape_fn((rows.len(), width), |(r, s)| rows[r][s]).to_pyarray(py))
    };
    found.set_item("steps", PyArray1::from_vec(py, moments.iter().map(|m| m.step as i64).collect()))?;
    found.set_item("energy", by_record(&|m| m.energy.clone()))?;
    found.set_item("energy_error", by_record(&|m| m.energy_error.clone()))?;
    found.set_item("abs_m", by_record(&|m| m.abs_m.clone()))?;
    found.set_item("abs_m_error", by_record(&|m| m.abs_m_error.clone()))?;
    found.set_item("distance", by_record(&|m| m.distance.clone()))?;
    found.set_item("distance_error", by_record(&|m| m.distance_error.clone()))?;
    let width = t_star.first().map_or(0, Vec::len);
    let t_star = (width > 0).then(|| Array2::from_shape_fn((t_star.len(), width), |(r, s)| t_star[r][s]));
    found.set_item("T_star", t_star.map(|t_star| t_star.to_pyarray(py)))?;
    let (starts, classes) = moments.first().map_or((0, 0), |m| m.probability.dim());
    let probability = |of: fn(&Moment) -> &Array2<f64>| -> Option<Bound<'py, PyArray3<f64>>> {
        let shape = (moments.len(), starts, classes);
        (classes > 0).then(|| Array3::from_shape_fn(shape, |(r, s, k)| of(&moments[r])[[s, k]]).to_pyarray(py))
    };
    found.set_item("probability", probability(|m| &m.probability))?;
    found.set_item("probability_error", probability(|m| &m.probability_error))?;
    found.set_item("ends", trajectory.values.to_pyarray(py))?;
    found.set_item("pooled", pooled.as_ref().map(|[start, end]| (start.clone(), end.clone())))?;
    found.set_item("T_star_of_ends", ends.clone())?;
    found.set_item("converged", trajectory.converged())?;
    Ok(found)
}
