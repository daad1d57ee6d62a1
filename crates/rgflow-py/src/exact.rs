//! Exact results.

use crate::errors::About;
use numpy::{PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;
use rgflow::exact::square;
use rgflow::lattice::Temperature;

/// The critical temperature of the infinite square lattice in J/k_B, 2/ln(1 + sqrt 2).
#[pyfunction]
pub fn critical_temperature() -> f64 {
    Temperature::CRITICAL.value()
}

/// Energy, specific heat and free energy per spin of the lx x ly torus at each temperature.
#[pyfunction]
#[expect(clippy::type_complexity, reason = "three arrays")]
pub fn exact_square<'py>(
    py: Python<'py>,
    lx: usize,
    ly: usize,
    temperatures: PyReadonlyArray1<'py, f64>,
) -> PyResult<(Bound<'py, PyArray1<f64>>, Bound<'py, PyArray1<f64>>, Bound<'py, PyArray1<f64>>)> {
    let mut columns = [Vec::new(), Vec::new(), Vec::new()];
    for t in temperatures.as_array() {
        let t = Temperature::new(*t).map_err(|e| About::Settings.mistake(e))?;
        let seen = square::thermodynamics(lx, ly, t).map_err(|e| About::Settings.mistake(e))?;
        columns[0].push(seen.energy);
        columns[1].push(seen.specific_heat);
        columns[2].push(seen.free_energy.unwrap_or(f64::NEG_INFINITY));
    }
    let [energy, specific_heat, free_energy] = columns.map(|column| PyArray1::from_vec(py, column));
    Ok((energy, specific_heat, free_energy))
}
