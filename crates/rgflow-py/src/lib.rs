//! Extension module `rgflow._rgflow` of the Python package: arrays in and out of the library and the laboratory.
//!
//! Each function takes arrays and plain values, calls the library without Python's lock (`work`) and gives arrays
//! back. Estimators, data sets with named axes, pictures and the documentation of the calls are in `python/rgflow`.

mod errors;
mod exact;
mod flow;
mod lattice;
mod machine;
mod network;
mod pool;
mod rg;
mod runs;
mod sample;
mod statistics;
mod values;
mod work;

use pyo3::prelude::*;

#[pymodule]
mod _rgflow {
    use pyo3::prelude::*;

    #[pymodule_export]
    use super::errors::{DataError, FileError, SettingError};
    #[pymodule_export]
    use super::exact::{critical_temperature, exact_square};
    #[pymodule_export]
    use super::flow::flow;
    #[pymodule_export]
    use super::lattice::Lattice;
    #[pymodule_export]
    use super::machine::{Machine, train_rbm};
    #[pymodule_export]
    use super::network::{Network, train_thermometer};
    #[pymodule_export]
    use super::rg::{block_spins, collapse, exponents, reweight};
    #[pymodule_export]
    use super::runs::run_experiment;
    #[pymodule_export]
    use super::sample::{measure, sample};
    #[pymodule_export]
    use super::statistics::{jackknife, jackknife_of, tau_int, value_with_error};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))?;
        module.add("CPU_PATH", rgflow_lab::artifact::provenance::cpu_path())
    }
}
