//! Renormalization group: block spins, Monte Carlo renormalization, histograms, data collapse.

use crate::errors::About;
use crate::work::{How, Watch, ended};
use ndarray::Array2;
use numpy::{PyArray2, PyReadonlyArray2};
use pyo3::prelude::*;
use rgflow::lattice::{ChainLength, Temperature};
use rgflow::random::Streams;
use rgflow::rg::block_spin::{Blocks, Rule};
use rgflow::rg::{mcrg, operators};
use rgflow::statistics::Estimate;
use rgflow_lab::analysis::TableFit;
use rgflow_lab::analysis::finite_size::FiniteSize;
use rgflow_lab::analysis::reweighting::Reweighted;
use rgflow_lab::artifact::progress::Observer;
use rgflow_lab::artifact::{Error, StageOut};
use rgflow_lab::dataset::ensemble::{Coupled, pools};
use rgflow_lab::dataset::histograms::Histograms;
use rgflow_lab::dataset::scaling_table;
use std::path::PathBuf;

/// Block spins of configurations, shape (n, lx ly) to (n, lx ly / b^2).
#[pyfunction]
pub fn block_spins<'py>(
    py: Python<'py>,
    spins: PyReadonlyArray2<'py, i8>,
    extents: (usize, usize),
    by: (usize, String),
    seed: u64,
) -> PyResult<Bound<'py, PyArray2<i8>>> {
    let (b, rule) = by;
    let rule: Rule = rule.parse().map_err(|e| About::Settings.mistake(format!("rule: {e}")))?;
    let (lx, ly) = extents;
    let mut blocks = Blocks::new(lx, ly, b, rule).map_err(|e| About::Settings.mistake(e))?;
    let spins = spins.as_array();
    if let Some(((row, column), bad)) = spins.indexed_iter().find(|(_, s)| s.abs() != 1) {
        let text = format!("{bad} in row {}, column {}: spins are -1 and +1", row + 1, column + 1);
        return Err(About::Data.mistake(text));
    }
    let coarse = py.detach(|| {
        let mut coarse = Array2::zeros((spins.nrows(), blocks.n_coarse()));
        let mut random = Streams::new(seed).generator("python/block", 0);
        for (row, mut to) in spins.rows().into_iter().zip(coarse.rows_mut()) {
            blocks.apply(&row.to_vec(), to.as_slice_mut().unwrap_or_default(), &mut random);
        }
        coarse
    });
    Ok(PyArray2::from_owned_array(py, coarse))
}

/// What to measure, by name.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct Asked {
    size: usize,
    b: usize,
    steps: Option<usize>,
    rules: Vec<String>,
    temperature: f64,
    /// Numbers of even and odd operators.
    operators: (usize, usize),
    n: usize,
    seed: u64,
}

/// Exponents: rule, step, number of operators, whether odd, value and error of each.
type Exponents = Vec<(String, usize, usize, bool, f64, f64)>;

/// Chains of a measurement.
const CHAINS: usize = 8;

/// Exponents y_t and y_h by step, and the energy per spin with its error.
#[pyfunction]
#[pyo3(name = "mcrg")]
pub fn exponents(py: Python<'_>, asked: Bound<'_, PyAny>, how: How) -> PyResult<(Exponents, (f64, f64))> {
    let Asked { size, b, steps, rules, temperature, operators: (even, odd), n, seed } = asked.extract()?;
    let mistake = |e: &dyn std::fmt::Display| About::Settings.mistake(e);
    let rules = rules.iter().map(|rule| rule.parse().map_err(|e| mistake(&format!("rule: {e}"))));
    let known = [operators::even(), operators::odd()];
    if even == 0 || odd == 0 || even > known[0].len() || odd > known[1].len() {
        let [most_even, most_odd] = known.each_ref().map(Vec::len);
        return Err(mistake(&format!("operators = ({even}, {odd}): must be 1 to {most_even} and 1 to {most_odd}")));
    }
    let settings = mcrg::Settings {
        size,
        b,
        steps: steps.unwrap_or_else(|| mcrg::possible_steps(size, b)),
        rules: rules.collect::<PyResult<Vec<Rule>>>()?,
        temperature: Temperature::new(temperature).map_err(|e| mistake(&e))?,
        operators: [known[0][..even].to_vec(), known[1][..odd].to_vec()],
        blocks: 5,
        per_block: n / (5 * CHAINS),
        length: ChainLength { chains: CHAINS, ..ChainLength::CLUSTERS },
    };
    settings.check().map_err(|e| mistake(&e))?;
    let measure = |watch: &Watch| -> Result<mcrg::Measured, Error> {
        let out = StageOut::in_memory("mcrg", seed, watch);
        watch.announce((CHAINS * settings.blocks * settings.per_block) as u64);
        out.drive("chains", &|done| done, |drive| mcrg::measure_by(&settings, out.streams(), drive))
    };
    let seen = ended(how.run(py, measure)?, About::Data)?;
    let mut rows = Vec::new();
    for (rule, steps) in settings.rules.iter().zip(&seen.steps) {
        for (step, found) in steps.iter().enumerate() {
            for (parity, exponents) in found.exponents.iter().enumerate() {
                let row =
                    |(m, e): (usize, &Estimate)| (rule.to_string(), step + 1, m + 1, parity == 1, e.value, e.error);
                rows.extend(exponents.iter().enumerate().map(row));
            }
        }
    }
    let Estimate { value, error, .. } = seen.energy;
    Ok((rows, (value, error)))
}

/// Averages at other temperatures and fields from samples in files: JSON and notes.
#[pyfunction]
pub fn reweight(
    py: Python<'_>,
    files: Vec<PathBuf>,
    temperatures: Vec<f64>,
    fields: Vec<f64>,
    how: How,
) -> PyResult<(String, Vec<String>)> {
    let asked = Temperature::list(&temperatures).map_err(|e| About::Settings.mistake(e))?;
    let read = |_: &Watch| -> Result<(String, Vec<String>), Error> {
        let (found, coupled) = (pools(&files, &Coupled::M)?, Coupled::M);
        let [pool] = found.as_slice() else {
            return Err(Error::user(format!("samples of {} lattices: give those of one", found.len())));
        };
        let all = Histograms::new(pool, pool.is_in_field(&fields), usize::MAX).map_err(|e| pool.explain(&e))?;
        let found = Reweighted::new(pool, &all, &coupled, &asked, &fields)?;
        let notes = pool.notes.iter().chain(&all.notes).cloned().chain(found.groups_note(&all)).collect();
        let json = serde_json::to_string(&found).map_err(|e| Error::failure(e.to_string()))?;
        Ok((json, notes))
    };
    ended(how.run(py, read)?, About::Data)
}

/// How a table is fitted, by name.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct Fit {
    tc: Option<f64>,
    nu: f64,
    window: Option<f64>,
    degree: usize,
    omega: Option<f64>,
    exponent: Option<f64>,
}

/// T_c, nu and exponents from a table in a file: JSON and notes.
#[pyfunction]
pub fn collapse(py: Python<'_>, file: PathBuf, fit: Bound<'_, PyAny>, how: How) -> PyResult<(String, Vec<String>)> {
    let Fit { tc, nu, window, degree, omega, exponent } = fit.extract()?;
    if degree == 0 {
        return Err(About::Settings.mistake("degree = 0: a constant says nothing of T_c; give 1 or more"));
    }
    for (name, value) in [("tc", tc), ("nu", Some(nu)), ("window", window), ("omega", omega)] {
        if let Some(value) = value.filter(|value| !(*value > 0.0 && value.is_finite())) {
            return Err(About::Settings.mistake(format!("{name} = {value}: must be a finite number above 0")));
        }
    }
    let fit = TableFit { t_c: tc, nu, window, degree, omega, exponent, of: None };
    let read = |_: &Watch| -> Result<(String, Vec<String>), Error> {
        let table = scaling_table::read(std::slice::from_ref(&file), &scaling_table::Asked::default())?;
        let (found, _, notes) = FiniteSize::of_table(&table, &fit, "the table")?;
        let json = serde_json::to_string(&found).map_err(|e| Error::failure(e.to_string()))?;
        Ok((json, table.notes.iter().cloned().chain(notes).collect()))
    };
    ended(how.run(py, read)?, About::Data)
}
