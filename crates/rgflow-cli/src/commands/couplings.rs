//! `rgflow inspect MODEL --couplings`: a machine as an Ising model.

use crate::output;
use rgflow::lattice::{Geometry, Temperature};
use rgflow::random::Streams;
use rgflow::rbm::{Couplings, Rbm, RbmError, effective_temperature};
use rgflow::statistics::Estimate;
use rgflow_lab::artifact::{Error, machine, user_file};
use rgflow_lab::dataset::Input;
use rgflow_lab::report::format::value_with_error;
use serde_json::{Value, json};
use std::path::Path;

/// Visible units of which all states are listed.
const EXACT: usize = 16;
/// Configurations, where none are asked for.
const SAMPLES: u32 = 16_384;
/// Couplings that are listed by their size.
const LARGEST: usize = 10;

/// What is asked of the machine.
#[derive(clap::Args)]
pub struct Asked {
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
    /// Compares p(v) with the Ising model at this temperature; up to 16 visible units.
    #[arg(long, value_name = "T", requires = "couplings", allow_hyphen_values = true)]
    temperature: Option<Temperature>,
}

impl Asked {
    /// Whether anything is asked.
    pub fn any(&self) -> bool {
        self.couplings
    }

    /// The answer for the model in the file `path`: JSON and text.
    pub fn answer(&self, path: &Path) -> Result<(Value, String), Error> {
        let name = path.display();
        let (model, _) = user_file::model(path)?;
        let rbm = machine::rbm(&model).map_err(|e| Error::user(format!("{name}: {e}")))?;
        let wrong = |e: RbmError| match e {
            RbmError::NotTwoValued { .. } => Error::user(format!("{name}: {e}; give a machine of spins or bits")),
            other => Error::user(format!("{name}: {other}")),
        };
        let n = rbm.n_visible();
        let said = Input::of_model(&model, &name.to_string(), n).map_err(Error::user)?;
        let (lattice, assumed) = match (&self.lattice, said.lattice_name()) {
            (None, None) => (square(n), true),
            (None, Some(_)) => (said.square_cells(), false),
            (Some(asked), own) => {
                let extents = asked_lattice(asked, n)?;
                if let Some(own) = own.filter(|_| said.square_cells().as_ref() != Some(&extents)) {
                    return Err(Error::user(format!(
                        "--lattice {asked}: {name} says that its visible units are on {own}; leave --lattice out"
                    )));
                }
                (Some(extents), false)
            }
        };
        let couplings = match self.samples {
            None if n <= EXACT => rbm.couplings(),
            samples => {
                let samples = samples.unwrap_or(SAMPLES) as usize;
                rbm.sampled_couplings(samples, Streams::new(self.seed.into()), "inspect/couplings")
            }
        };
        let couplings = couplings.map_err(wrong)?;
        let (mut value, mut text) = (heading(&rbm), format!("{name}: {}", heading_text(&rbm)));
        text += &match couplings.configurations() {
            None => "J_ij exactly, from all states\n".into(),
            Some(of) => format!("J_ij sampled from {of} configurations, seed {}\n", self.seed),
        };
        value["configurations"] = json!(couplings.configurations());
        if couplings.configurations().is_some() {
            value["seed"] = self.seed.into();
        }
        if let Some(own) = said.lattice_name().filter(|_| lattice.is_none()) {
            text += &format!("no J(r): it is known on ring, square and cubic lattices, the model is of {own}\n");
        }
        if let Some(extents) = &lattice {
            text += &by_distance(&couplings, extents, assumed, &mut value).map_err(wrong)?;
        }
        text += &orders(&couplings, &mut value);
        text += &largest(&couplings, lattice.as_deref(), &mut value);
        if let Some(temperature) = self.temperature {
            let extents = lattice.ok_or_else(|| {
                Error::user(format!("{name}: no lattice is known for --temperature; add --lattice ring or square"))
            })?;
            text += &trace_condition(&rbm, &extents, temperature, &mut value).map_err(wrong)?;
        }
        Ok((value, text))
    }
}

fn heading(rbm: &Rbm) -> Value {
    json!({ "kind": "couplings", "n_visible": rbm.n_visible(), "n_hidden": rbm.n_hidden(),
        "units": { "visible": rbm.visible_units().to_string(), "hidden": rbm.hidden_units().to_string() } })
}

fn heading_text(rbm: &Rbm) -> String {
    let (n, m) = (rbm.n_visible(), rbm.n_hidden());
    format!("{n} visible ({}), {m} hidden units ({})\n", rbm.visible_units(), rbm.hidden_units())
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

fn geometry(extents: &[usize]) -> Option<Geometry> {
    let name = ["ring", "square", "cubic"].get(extents.len().checked_sub(1)?)?;
    Geometry::new(name, extents).ok()
}

fn number(e: Estimate) -> Value {
    json!({ "value": e.value, "error": e.error })
}

fn show(e: Estimate) -> String {
    value_with_error(e.value, Some(e.error))
}

/// J(r), K_eff and T_eff.
fn by_distance(couplings: &Couplings, extents: &[usize], assumed: bool, value: &mut Value) -> Result<String, RbmError> {
    let shells = couplings.by_distance(extents)?;
    let nearest = couplings.nearest_neighbour(extents)?;
    let temperature = effective_temperature(nearest);
    let name = geometry(extents).map_or_else(|| format!("{extents:?}"), |lattice| lattice.to_string());
    value["lattice"] = json!({ "extents": extents, "assumed": assumed });
    let row = |s: &rgflow::rbm::AtDistance| json!({ "r": s.distance(), "pairs": s.pairs, "J": number(s.coupling) });
    value["by_distance"] = shells.iter().map(row).collect();
    value["K_eff"] = number(nearest);
    value["T_eff"] = temperature.map_or(Value::Null, number);
    let from = if assumed { " (assumed: the model names none)" } else { "" };
    let mut rows = vec![["r", "pairs", "J(r)"].map(String::from).to_vec()];
    rows.extend(shells.iter().map(|s| vec![format!("{:.3}", s.distance()), s.pairs.to_string(), show(s.coupling)]));
    let temperature = temperature.map_or("none, K_eff is not above 0".into(), |t| format!("{} J/k_B", show(t)));
    Ok(format!(
        "\nperiodic {name}{from}\n{}\nK_eff = {} (mean of a nearest-neighbour bond)\nT_eff = 1/K_eff = {temperature}\n",
        output::columns(&rows),
        show(nearest)
    ))
}

/// What the variance of ln p over uniform spins consists of.
fn orders(couplings: &Couplings, value: &mut Value) -> String {
    let orders = couplings.orders();
    let shares = orders.shares();
    let all = [("one", "fields", orders.one), ("two", "pairs", orders.two), ("more", "three and more", orders.more)];
    let mut rows = vec![["ln p over uniform spins", "variance", "share"].map(String::from).to_vec()];
    for ((key, title, variance), share) in all.into_iter().zip(shares) {
        value["orders"][key] = json!({ "variance": number(variance), "share": number(share) });
        rows.push(vec![title.into(), show(variance), show(share)]);
    }
    format!("\n{}", output::columns(&rows))
}

/// The largest couplings in absolute value; all that are shown where no lattice is known.
fn largest(couplings: &Couplings, lattice: Option<&[usize]>, value: &mut Value) -> String {
    let n = couplings.n_visible();
    let mut all: Vec<(usize, usize, Estimate)> =
        (0..n).flat_map(|i| (i + 1..n).map(move |j| (i, j))).map(|(i, j)| (i, j, couplings.pair(i, j))).collect();
    all.sort_by(|a, b| b.2.value.abs().total_cmp(&a.2.value.abs()));
    all.truncate(LARGEST);
    value["largest"] = all.iter().map(|(i, j, e)| json!({ "i": i, "j": j, "J": number(*e) })).collect();
    if lattice.is_some() || all.is_empty() {
        return String::new();
    }
    let mut rows = vec![["largest", "J_ij"].map(String::from).to_vec()];
    rows.extend(all.into_iter().map(|(i, j, e)| vec![format!("{i}, {j}"), show(e)]));
    format!("\n{}", output::columns(&rows))
}

/// Distances of p(v) from the Ising model at a temperature.
fn trace_condition(
    rbm: &Rbm,
    extents: &[usize],
    temperature: Temperature,
    value: &mut Value,
) -> Result<String, RbmError> {
    let lattice =
        geometry(extents).ok_or(RbmError::Shape { what: "axes of the lattice", expected: 3, found: extents.len() })?;
    let found = rbm.trace_condition(&lattice, temperature)?;
    let t = temperature.value();
    let named = if t.is_finite() { json!(t) } else { json!("Tinf") };
    value["trace_condition"] = json!({ "temperature": named, "variance": found.variance, "kl": found.kl });
    Ok(format!(
        "\nagainst the Ising model on the {lattice} at T = {t} J/k_B\nVar[ln p + beta H] = {:.6e} nats^2 (0: the trace condition holds)\nKL(thermal, p) = {:.6e} nats\n",
        found.variance, found.kl
    ))
}
