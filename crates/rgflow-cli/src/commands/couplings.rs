//! `rgflow inspect MODEL --couplings`: a machine as an Ising model.

use crate::output;
use rgflow::lattice::Temperature;
use rgflow::random::Streams;
use rgflow::rbm::{Couplings, RbmError};
use rgflow::rg::trace_condition::TraceError;
use rgflow_lab::analysis::couplings::{MachineCouplings, OnLattice, Periodic, TraceCondition};
use rgflow_lab::artifact::{Error, rbm_file, user_file};
use rgflow_lab::dataset::Input;
use serde_json::{Value, json};
use std::path::Path;

/// Number of configurations to sample where the user gives none.
const SAMPLES: u32 = 16_384;

/// Choice of couplings to print.
#[derive(clap::Args)]
#[command(next_help_heading = "Couplings of a machine")]
pub struct CouplingFlags {
    /// Shows the effective couplings J_ij of a machine.
    #[arg(long)]
    couplings: bool,
    /// Random configurations, also of a small machine [default: none up to 16 visible units, else 16384].
    #[arg(long, value_name = "N", requires = "couplings", value_parser = clap::value_parser!(u32).range(1..))]
    samples: Option<u32>,
    /// Seed of the configurations.
    #[arg(long, value_name = "N", requires = "couplings", default_value_t = 1)]
    seed: u32,
    /// ring or square, of all visible units [default: what the model says, else square if their number is one].
    #[arg(long, value_name = "NAME", requires = "couplings")]
    lattice: Option<String>,
    /// Compares p(v) with the Ising model at this temperature; up to 16 visible units [default: does not].
    #[arg(long, value_name = "T", requires = "couplings", allow_hyphen_values = true)]
    temperature: Option<Temperature>,
}

impl CouplingFlags {
    /// Whether the user asked for couplings, or for anything that needs them.
    pub fn any(&self) -> bool {
        self.couplings
    }

    /// Couplings of the model in the file `path`, as JSON and as text.
    pub fn answer(&self, path: &Path) -> Result<(Value, String), Error> {
        let name = path.display();
        let (model, _) = user_file::model(path)?;
        let rbm = rbm_file::rbm(&model).map_err(|e| Error::user(format!("{name}: {e}")))?;
        let wrong = |e: RbmError| match e {
            RbmError::NotTwoValued { .. } => Error::user(format!("{name}: {e}; give a machine of spins or bits")),
            other => Error::user(format!("{name}: {other}")),
        };
        let n = rbm.n_visible();
        let said = Input::of_model(&model, &name.to_string(), n).map_err(Error::user)?;
        let periodic = |extents, assumed| Some(Periodic { extents, assumed });
        let lattice = match (&self.lattice, said.lattice_name()) {
            (None, None) => square(n).and_then(|extents| periodic(extents, true)),
            (None, Some(_)) => said.square_cells().and_then(|extents| periodic(extents, false)),
            (Some(asked), own) => {
                let extents = asked_lattice(asked, n)?;
                if let Some(own) = own.filter(|_| said.square_cells().as_ref() != Some(&extents)) {
                    return Err(Error::user(format!(
                        "--lattice {asked}: {name} says that its visible units are on {own}; leave --lattice out"
                    )));
                }
                periodic(extents, false)
            }
        };
        let couplings = match self.samples {
            None if n <= Couplings::MOST_EXACT => rbm.couplings(),
            samples => {
                let samples = samples.unwrap_or(SAMPLES) as usize;
                rbm.sampled_couplings(samples, Streams::new(self.seed.into()).of("inspect/couplings"))
            }
        };
        let couplings = couplings.map_err(wrong)?;
        let mut found = MachineCouplings::new(&rbm, &couplings, self.seed, lattice.clone()).map_err(wrong)?;
        if let Some(temperature) = self.temperature {
            let lattice = lattice.ok_or_else(|| {
                Error::user(format!("{name}: no lattice is known for --temperature; add --lattice ring or square"))
            })?;
            found.trace_condition = Some(TraceCondition::new(&rbm, &lattice, temperature).map_err(|e| match e {
                TraceError::Machine(e) => wrong(e),
                other => Error::user(format!("{name}: {other}")),
            })?);
        }
        Ok((json!(found), format!("{name}: {}", text(&found, said.lattice_name()))))
    }
}

/// Extents of the square lattice of `n` sites.
fn square(n: usize) -> Option<Vec<usize>> {
    let l = n.isqrt();
    (l >= 2 && l * l == n).then(|| vec![l, l])
}

fn asked_lattice(name: &str, n: usize) -> Result<Vec<usize>, Error> {
    match name {
        "ring" if n >= 2 => Ok(vec![n]),
        "square" => square(n).ok_or_else(|| {
            Error::user(format!("--lattice square: {n} visible units are no square of at least 2 x 2; give ring"))
        }),
        "ring" => Err(Error::user(format!("--lattice ring: {n} visible unit is no ring; leave it out"))),
        _ => Err(Error::user(format!("--lattice {name}: is unknown; there are ring and square"))),
    }
}

fn text(found: &MachineCouplings, own_lattice: Option<String>) -> String {
    let (n, m, units) = (found.n_visible, found.n_hidden, &found.units);
    let mut text = format!("{n} visible ({}), {m} hidden units ({})\n", units.visible, units.hidden);
    text += &match (found.configurations, found.seed) {
        (Some(of), Some(seed)) => format!("J_ij sampled from {of} configurations, seed {seed}\n"),
        _ => "J_ij exactly, from all states\n".into(),
    };
    match (&found.on_lattice, own_lattice) {
        (Some(on_lattice), _) => text += &by_distance(on_lattice),
        (None, Some(own)) => {
            text += &format!("no J(r): it is known on ring, square and cubic lattices, the model is of {own}\n");
        }
        (None, None) => {}
    }
    let mut rows = vec![["ln p over uniform spins", "variance", "share"].map(String::from).to_vec()];
    let orders = [("fields", &found.orders.one), ("pairs", &found.orders.two), ("three and more", &found.orders.more)];
    rows.extend(orders.map(|(title, o)| vec![title.into(), o.variance.to_string(), o.share.to_string()]));
    text += &format!("\n{}", output::columns(&rows));
    // Without a lattice, the list of the largest couplings is the whole answer.
    if found.on_lattice.is_none() && !found.largest.is_empty() {
        let mut rows = vec![["largest", "J_ij"].map(String::from).to_vec()];
        rows.extend(found.largest.iter().map(|p| vec![format!("{}, {}", p.i, p.j), p.coupling.to_string()]));
        text += &format!("\n{}", output::columns(&rows));
    }
    if let (Some(found), Some(on)) = (&found.trace_condition, &found.on_lattice) {
        text += &format!(
            "\nagainst the Ising model on the {} at T = {} J/k_B\nVar[ln p + beta H] = {:.6e} nats^2 (0: the trace \
             condition holds)\n\
             KL(thermal, p) = {:.6e} nats\n",
            on.lattice, found.temperature, found.variance, found.kl
        );
    }
    text
}

/// Table of J(r), followed by K_eff and T_eff.
fn by_distance(found: &OnLattice) -> String {
    let from = if found.lattice.assumed { " (assumed: the model names none)" } else { "" };
    let mut rows = vec![["r", "pairs", "J(r)"].map(String::from).to_vec()];
    rows.extend(found.by_distance.iter().map(|s| vec![format!("{:.3}", s.r), s.pairs.to_string(), s.j.to_string()]));
    let temperature = found.t_eff.map_or("none, K_eff is not above 0".into(), |t| format!("{t} J/k_B"));
    format!(
        "\nperiodic {}{from}\n{}\nK_eff = {} (mean of a nearest-neighbour bond)\nT_eff = 1/K_eff = {temperature}\n",
        found.lattice,
        output::columns(&rows),
        found.k_eff
    )
}
