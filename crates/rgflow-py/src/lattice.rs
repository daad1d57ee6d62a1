//! The class `Lattice`.

use crate::errors::About;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use rgflow::lattice::{Boundary, Geometry, Lattice as _};
use rgflow_lab::dataset::sampled;

/// Extents: one for all directions, or one for each, fastest index first.
#[derive(FromPyObject)]
enum Size {
    One(usize),
    Each(Vec<usize>),
}

/// One value for all, or one for each.
#[derive(FromPyObject)]
enum Listed<T> {
    One(T),
    Each(Vec<T>),
}

impl<T: Clone> Listed<T> {
    fn all(listed: Option<Self>) -> Vec<T> {
        match listed {
            None => Vec::new(),
            Some(Self::One(value)) => vec![value],
            Some(Self::Each(values)) => values,
        }
    }
}

/// Arguments by position and by name.
type Arguments<'py> = ((String, Vec<usize>), Bound<'py, PyDict>);

/// A lattice: its kind, extents, couplings and boundaries.
///
/// kind: "square", "ring", "triangular", "cubic" or "honeycomb".
/// size: the extent in every direction, or one for each, (L_x, L_y, ...); at least 2.
/// couplings: J of all bonds, or of each direction of bonds; 1 by default, any sign.
/// boundary: "periodic" (default) or "open", for all axes or for each.
///
/// Raises SettingError for an unknown kind or extents, couplings and boundaries that it cannot have.
#[pyclass(frozen, module = "rgflow", from_py_object)]
#[derive(Clone)]
pub struct Lattice {
    pub geometry: Geometry,
    kind: String,
    size: Vec<usize>,
    couplings: Vec<f64>,
    boundary: Vec<String>,
}

#[pymethods]
impl Lattice {
    #[new]
    #[pyo3(signature = (kind="square", size=Size::One(32), *, couplings=None, boundary=None))]
    fn new(kind: &str, size: Size, couplings: Option<Listed<f64>>, boundary: Option<Listed<String>>) -> PyResult<Self> {
        let size = match size {
            Size::One(l) => vec![l],
            Size::Each(extents) => extents,
        };
        let (couplings, boundary) = (Listed::all(couplings), Listed::all(boundary));
        let boundaries = boundary.iter().map(|name| name.parse()).collect::<Result<Vec<Boundary>, _>>();
        let boundaries = boundaries.map_err(|e| About::Settings.mistake(e))?;
        let plain = sampled::lattice(kind, &size).map_err(|e| About::Settings.error(e))?;
        let geometry = plain.with_bonds(&couplings, &boundaries).map_err(|e| About::Settings.mistake(e))?;
        Ok(Self { size: geometry.extents(), geometry, kind: kind.to_owned(), couplings, boundary })
    }

    /// Name of the kind, such as "square".
    #[getter]
    fn kind(&self) -> &str {
        &self.kind
    }

    /// Extents (L_x, L_y, ...), fastest index first.
    #[getter]
    fn size<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, &self.size)
    }

    /// Couplings as they were given; [] is J = 1.
    #[getter]
    fn couplings(&self) -> Vec<f64> {
        self.couplings.clone()
    }

    /// Boundaries as they were given; [] is periodic.
    #[getter]
    fn boundary(&self) -> Vec<String> {
        self.boundary.clone()
    }

    /// Number of sites.
    #[getter]
    fn n_sites(&self) -> usize {
        self.geometry.n_sites()
    }

    /// Critical temperature of the infinite lattice in J/k_B; 0 in one dimension, None where it is not known.
    #[getter]
    #[pyo3(name = "T_c")]
    fn t_c(&self) -> Option<f64> {
        self.geometry.critical_temperature()
    }

    fn __repr__(&self) -> String {
        format!("Lattice({})", self.geometry)
    }

    fn __eq__(&self, other: &Self) -> bool {
        self.geometry == other.geometry
    }

    fn __hash__(&self) -> u64 {
        use std::hash::{DefaultHasher, Hash, Hasher};
        let mut hasher = DefaultHasher::new();
        (self.geometry.name(), &self.size).hash(&mut hasher);
        hasher.finish()
    }

    fn __getnewargs_ex__<'py>(&self, py: Python<'py>) -> PyResult<Arguments<'py>> {
        let named = PyDict::new(py);
        named.set_item("couplings", &self.couplings)?;
        named.set_item("boundary", &self.boundary)?;
        Ok(((self.kind.clone(), self.size.clone()), named))
    }
}
