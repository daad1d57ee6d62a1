//! Errors of means and of functions of means.

use crate::errors::About;
use ndarray::Array2;
use numpy::PyReadonlyArray2;
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use rgflow::statistics;
use rgflow_lab::record::format;
use std::cell::RefCell;

/// A value with its error in the last digits: "2.164(2)".
#[pyfunction]
#[pyo3(signature = (value, error=None))]
pub fn value_with_error(value: f64, error: Option<f64>) -> String {
    format::value_with_error(value, error)
}

/// Integrated autocorrelation time, its error and n_eff of chains, shape (chains, n).
#[pyfunction]
pub fn tau_int(chains: PyReadonlyArray2<'_, f64>) -> PyResult<(f64, f64, f64)> {
    let chains = chains.as_array();
    if let Some(((chain, place), bad)) = chains.indexed_iter().find(|(_, v)| !v.is_finite()) {
        return Err(About::Data.mistake(format!("value {place} of chain {chain} is {bad}: must be a finite number")));
    }
    let all: Vec<Vec<f64>> = chains.rows().into_iter().map(|chain| chain.to_vec()).collect();
    let tau = statistics::tau_int_chains(&all);
    Ok((tau.tau, tau.error, tau.n_eff(chains.len())))
}

/// A value, its error, and what they were made of: the estimate from all blocks of data and those without each block.
type Jackknifed = (f64, f64, f64, Vec<f64>);

/// f of the means of series, shape (series, n), with its jackknife error over `blocks` blocks.
#[pyfunction]
pub fn jackknife(
    py: Python<'_>,
    f: Py<PyAny>,
    series: PyReadonlyArray2<'_, f64>,
    blocks: usize,
) -> PyResult<Jackknifed> {
    let series = series.as_array();
    if blocks < 2 || blocks > series.ncols() {
        let n = series.ncols();
        return Err(About::Settings.mistake(format!("blocks = {blocks}: must be 2 to {n}, the length of the series")));
    }
    let means: Vec<Vec<f64>> =
        series.rows().into_iter().map(|one| statistics::block_means(&one.to_vec(), blocks)).collect();
    let means = Array2::from_shape_fn((blocks, means.len()), |(block, k)| means[k][block]);
    let (raised, found) = (RefCell::new(None), RefCell::new(Vec::with_capacity(blocks + 1)));
    let call = |means: &[f64]| -> PyResult<f64> { f.call1(py, PyTuple::new(py, means)?)?.extract(py) };
    let estimate = statistics::jackknife(means.view(), |means| {
        let value = call(means).unwrap_or_else(|error| {
            raised.borrow_mut().get_or_insert(error);
            f64::NAN
        });
        found.borrow_mut().push(value);
        value
    });
    // The first call is with the means of all blocks.
    let mut all = found.into_inner();
    let left_out = all.split_off(1);
    raised.into_inner().map_or(Ok((estimate.value, estimate.error, all[0], left_out)), Err)
}

/// An estimate from all blocks with its jackknife error, given those without each block.
#[pyfunction]
pub fn jackknife_of(all: f64, left_out: Vec<f64>) -> (f64, f64) {
    let estimate = statistics::jackknife_of(all, &left_out);
    (estimate.value, estimate.error)
}
