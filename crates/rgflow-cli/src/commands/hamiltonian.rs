//! Options that say the Hamiltonian: lattice, couplings and boundaries, or a list of bonds.

use rgflow::lattice::{Boundary, Geometry, LatticeError};
use rgflow_lab::artifact::Error;
use rgflow_lab::dataset::{bonds, sampled};
use std::path::PathBuf;

/// Lattice, couplings and boundaries, or a list of bonds.
#[derive(clap::Args)]
#[command(next_help_heading = "Model")]
pub struct Hamiltonian {
    #[arg(long, default_value = "square", value_name = "NAME", help = Geometry::names())]
    lattice: String,
    /// Couplings J of any sign: one for all bonds, or one for each direction of bonds (square 2, cubic, triangular and
    /// honeycomb 3) [default: 1].
    #[arg(long, value_delimiter = ',', value_name = "J[,J...]", allow_hyphen_values = true)]
    coupling: Vec<f64>,
    /// Boundaries, periodic or open: one for all axes, or one for each [default: periodic].
    #[arg(long, value_delimiter = ',', value_name = "KIND[,KIND...]")]
    boundary: Vec<Boundary>,
    /// Text file of bonds instead of a lattice: lines `i j` or `i j J`, sites from 0, `#` begins a remark
    /// [default: none].
    #[arg(long, value_name = "FILE", conflicts_with_all = ["lattice", "size", "coupling", "boundary"])]
    edges: Option<PathBuf>,
}

impl Hamiltonian {
    /// The lattice of these extents, of no meaning where a list of bonds is given.
    pub fn lattice(&self, size: &[usize]) -> Result<Geometry, Error> {
        if let Some(path) = &self.edges {
            return bonds::read_list(path).map(Geometry::from);
        }
        let flag = |e: &LatticeError| match e {
            LatticeError::Couplings { .. } | LatticeError::CouplingValue(_) | LatticeError::NoBonds => "--coupling: ",
            LatticeError::Boundaries { .. } => "--boundary: ",
            _ => "",
        };
        let lattice = sampled::lattice(&self.lattice, size)?;
        let with = lattice.with_bonds(&self.coupling, &self.boundary);
        with.map_err(|e| Error::user(format!("{}{e}", flag(&e))))
    }

    /// Whether a list of bonds is given.
    pub fn is_list(&self) -> bool {
        self.edges.is_some()
    }
}
