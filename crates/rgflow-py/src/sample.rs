//! Configurations of the Ising model, and averages of configurations.

use crate::errors::About;
use crate::lattice::Lattice;
use crate::work::{How, Watch};
use ndarray::{Array1, Array2, ArrayView2, s};
use numpy::{PyArray1, PyArray2, PyReadonlyArray1, PyReadonlyArray2, ToPyArray};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use rayon::prelude::*;
use rgflow::lattice::{Collection, Geometry, Ising, Lattice as _, Model, Summary, Temperature};
use rgflow::statistics::Estimate;
use rgflow_lab::artifact::Error;
use rgflow_lab::artifact::progress::Observer;
use rgflow_lab::dataset::sampled::{Request, Sampled, exact};
use std::sync::{Arc, Mutex, PoisonError};

/// What to draw, by name.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct Asked {
    temperatures: Vec<f64>,
    n: usize,
    sampler: String,
    field: f64,
    seed: u64,
    chains: Option<usize>,
    burn_in: Option<usize>,
    spacing: Option<usize>,
}

impl Asked {
    fn request(self, lattice: &Lattice) -> PyResult<Request> {
        let mistake = |e: &dyn std::fmt::Display| About::Settings.mistake(e);
        if self.n == 0 {
            return Err(mistake(&"n = 0: must be at least 1"));
        }
        if !self.field.is_finite() {
            return Err(mistake(&format!("field = {}: must be a finite number (units J)", self.field)));
        }
        if self.temperatures.is_empty() {
            return Err(mistake(&"T holds no temperature; give one or more, in J/k_B"));
        }
        Ok(Request {
            lattice: lattice.geometry.clone(),
            field: self.field,
            temperatures: Temperature::list(&self.temperatures).map_err(|e| mistake(&e))?,
            n: self.n,
            method: self.sampler.parse().map_err(|e| mistake(&e))?,
            chains: self.chains,
            burn_in: self.burn_in,
            spacing: self.spacing,
            seed: self.seed,
        })
    }
}

/// The configurations of all temperatures one after the other, with energy per spin and m of each.
struct Rows {
    spins: Array2<i8>,
    energy: Array2<f64>,
    m: Array2<f64>,
}

impl Rows {
    fn of(drawn: &mut [Sampled], request: &Request) -> Result<Self, Error> {
        let (n, sites) = (request.n, request.lattice.n_sites());
        let model = Ising::in_field(&request.lattice, request.field)?;
        let mut energy = Array2::zeros((drawn.len(), n));
        let mut m = energy.clone();
        let take = |sampled: &mut Sampled| std::mem::take(&mut sampled.drawn.collection.spins);
        let spins = match drawn {
            // Nothing is copied.
            [only] => take(only),
            many => {
                let mut all = Vec::with_capacity(many.len() * n * sites);
                many.iter_mut().for_each(|one| all.extend_from_slice(take(one).as_slice().unwrap_or_default()));
                Array2::from_shape_vec((many.len() * n, sites), all)?
            }
        };
        let each = spins.as_slice().unwrap_or_default().par_chunks_exact(sites);
        let each = each.zip(energy.as_slice_mut().unwrap_or_default()).zip(m.as_slice_mut().unwrap_or_default());
        each.for_each(|((row, energy), m)| {
            *energy = model.energy(row) / sites as f64;
            *m = row.iter().map(|s| i64::from(*s)).sum::<i64>() as f64 / sites as f64;
        });
        Ok(Self { spins, energy, m })
    }
}

/// Draws configurations; a dict of arrays, of the temperatures that were finished.
#[pyfunction]
pub fn sample<'py>(
    py: Python<'py>,
    lattice: &Lattice,
    asked: Bound<'py, PyAny>,
    how: How,
) -> PyResult<Bound<'py, PyDict>> {
    let request = asked.extract::<Asked>()?.request(lattice)?;
    let request = Arc::new(request);
    let finished: Arc<Mutex<Vec<Option<Sampled>>>> =
        Arc::new(Mutex::new(request.temperatures.iter().map(|_| None).collect()));
    let drawing = (request.clone(), finished.clone());
    // The thread may outlive this call: an interrupted chain ends where it next looks at its watch.
    let draw = move |watch: &Arc<Watch>| -> Result<(), Error> {
        let (request, finished) = drawing;
        request.check()?;
        watch.announce(request.temperatures.len() as u64);
        let one = |k: usize| {
            let sampled = request.draw_alone(k, &**watch, watch.stop())?;
            // There is no place for what comes after the call was given up.
            if let Some(place) = finished.lock().unwrap_or_else(PoisonError::into_inner).get_mut(k) {
                *place = Some(sampled);
            }
            Ok(())
        };
        (0..request.temperatures.len()).into_par_iter().map(one).collect()
    };
    let (result, raised) = how.run_owned(py, draw)?;
    if let (Some(Err(error)), None) = (result, &raised) {
        return Err(About::Settings.error(error));
    }
    let finished = std::mem::take(&mut *finished.lock().unwrap_or_else(PoisonError::into_inner));
    let mut drawn: Vec<Sampled> = finished.into_iter().flatten().collect();
    let rows = how.run(py, |_: &Watch| Rows::of(&mut drawn, &request))?.0;
    let Rows { spins, energy, m } = rows.map_err(|error| About::Settings.error(error))?;
    let found = PyDict::new(py);
    let per = |of: &dyn Fn(&Sampled) -> f64| PyArray1::from_vec(py, drawn.iter().map(of).collect());
    found.set_item("spins", PyArray2::from_owned_array(py, spins))?;
    found.set_item("energy", PyArray2::from_owned_array(py, energy))?;
    found.set_item("m", PyArray2::from_owned_array(py, m))?;
    found.set_item("T", per(&|s| s.temperature.value()))?;
    found.set_item("n_eff", per(&|s| s.drawn.collection.n_eff))?;
    found.set_item("tau_int_energy", per(&|s| s.drawn.collection.tau_int_energy))?;
    found.set_item("tau_int_abs_m", per(&|s| s.drawn.collection.tau_int_abs_m))?;
    found.set_item("start_difference_z", per(&|s| s.drawn.collection.start_difference_z))?;
    let n_chains: Vec<i64> = drawn.iter().map(|s| s.drawn.collection.n_chains as i64).collect();
    found.set_item("n_chains", PyArray1::from_vec(py, n_chains))?;
    let words = |of: &dyn Fn(&Sampled) -> String| drawn.iter().map(of).collect::<Vec<_>>();
    found.set_item("sampler", words(&|s| s.drawn.collection.sampler.clone()))?;
    found.set_item("reason", words(&|s| s.drawn.reason.clone().unwrap_or_default()))?;
    let warnings = drawn
        .iter()
        .flat_map(|s| s.drawn.collection.warnings.iter().map(|warning| format!("T = {}: {warning}", s.temperature)));
    found.set_item("warnings", warnings.collect::<Vec<_>>())?;
    found.set_item("raised", raised)?;
    Ok(found)
}

/// The name of an average, whether its autocorrelation time is that of E (else that of |m|), and its place in a summary.
type Average = (&'static str, bool, fn(&Summary) -> Option<Estimate>);

const AVERAGES: [Average; 9] = [
    ("energy", true, |s| Some(s.energy)),
    ("m", false, |s| Some(s.magnetisation)),
    ("abs_m", false, |s| Some(s.abs_m)),
    ("m2", false, |s| Some(s.m2)),
    ("C", true, |s| Some(s.specific_heat)),
    ("chi", false, |s| Some(s.susceptibility)),
    ("chi_m2", false, |s| Some(s.susceptibility_m2)),
    ("U4", false, |s| Some(s.binder)),
    ("xi", false, |s| s.xi),
];

/// Averages of one temperature.
struct Measured {
    /// Value, error, n_eff, tau_int and exact value of each average that was asked for; NaN where there is none.
    rows: Vec<[f64; 5]>,
    warnings: Vec<String>,
}

/// Averages of the configurations `spins`, shape (temperatures * n, sites), by name: a dict of arrays of the shape
/// (temperatures, 5) with value, error, n_eff, tau_int and exact value, and "warnings".
///
/// `chains`: number of chains of each temperature; row i is from chain i % chains, 0: independent rows.
#[pyfunction]
#[pyo3(signature = (lattice, spins, temperatures, chains, field, names, how))]
#[expect(clippy::too_many_arguments, reason = "the arrays of a data set, and what Python adds")]
pub fn measure<'py>(
    py: Python<'py>,
    lattice: &Lattice,
    spins: PyReadonlyArray2<'py, i8>,
    temperatures: PyReadonlyArray1<'py, f64>,
    chains: Vec<usize>,
    field: f64,
    names: Vec<String>,
    how: How,
) -> PyResult<Bound<'py, PyDict>> {
    let known = || AVERAGES.map(|(name, ..)| name).join(", ");
    let asked = names.iter().map(|name| {
        let found = AVERAGES.into_iter().find(|(known, ..)| known == name);
        found.ok_or_else(|| About::Settings.mistake(format!("\"{name}\" is no average: there are {}", known())))
    });
    let asked = asked.collect::<PyResult<Vec<_>>>()?;
    let temperatures = Temperature::list(temperatures.as_slice()?).map_err(|e| About::Settings.mistake(e))?;
    let (spins, geometry) = (spins.as_array(), &lattice.geometry);
    check(spins, geometry, temperatures.len()).map_err(|e| About::Data.mistake(e))?;
    let n = spins.nrows() / temperatures.len();
    let one = |k: usize, watch: &Watch| -> Result<Measured, Error> {
        watch.tick(0)?;
        let own = spins.slice(s![k * n..(k + 1) * n, ..]).to_owned();
        let model = Ising::in_field(geometry, field)?;
        let collection = Collection::of(own, chains[k], &model);
        let summary = Summary::measure(&model, temperatures[k], &collection)?;
        let known = exact(geometry, field, temperatures[k]);
        let row = |(name, of_energy, of): &Average| {
            let Estimate { value, error, n_eff } =
                of(&summary).unwrap_or(Estimate { value: f64::NAN, error: f64::NAN, n_eff: f64::NAN });
            let tau = if *of_energy { collection.tau_int_energy } else { collection.tau_int_abs_m };
            let exact = match (*name, known) {
                ("energy", Some((energy, _))) => energy,
                ("C", Some((_, specific_heat))) => specific_heat,
                _ => f64::NAN,
            };
            [value, error, n_eff, tau, exact]
        };
        let rows = asked.iter().map(row).collect();
        let t = temperatures[k];
        let warnings = collection.warnings.iter().map(|warning| format!("T = {t}: {warning}")).collect();
        watch.tick(1)?;
        Ok(Measured { rows, warnings })
    };
    let all = |watch: &Watch| -> Result<Vec<Measured>, Error> {
        watch.announce(temperatures.len() as u64);
        (0..temperatures.len()).into_par_iter().map(|k| one(k, watch)).collect()
    };
    let (result, raised) = how.run(py, all)?;
    if let Some(error) = raised {
        return Err(error);
    }
    let measured = result.map_err(|e| About::Data.error(e))?;
    let found = PyDict::new(py);
    for (j, name) in names.iter().enumerate() {
        let rows: Array1<[f64; 5]> = measured.iter().map(|m| m.rows[j]).collect();
        let table = Array2::from_shape_fn((rows.len(), 5), |(k, column)| rows[k][column]);
        found.set_item(name, table.to_pyarray(py))?;
    }
    found.set_item("warnings", measured.into_iter().flat_map(|m| m.warnings).collect::<Vec<_>>())?;
    Ok(found)
}

/// Refuses configurations of another size, and values that are no spins.
fn check(spins: ArrayView2<i8>, geometry: &Geometry, temperatures: usize) -> Result<(), String> {
    let (rows, sites) = spins.dim();
    if sites != geometry.n_sites() {
        return Err(format!("configurations of {sites} spins: {geometry} has {} sites", geometry.n_sites()));
    }
    if temperatures == 0 || rows == 0 || !rows.is_multiple_of(temperatures) {
        return Err(format!("{rows} configurations of {temperatures} temperatures: as many of each, at least one"));
    }
    match spins.indexed_iter().find(|(_, s)| s.abs() != 1) {
        Some(((row, column), bad)) => Err(format!("{bad} in row {row}, column {column}: spins are -1 and +1")),
        None => Ok(()),
    }
}
