//! `rgflow exact`: exact results of finite systems.

use super::hamiltonian::Hamiltonian;
use crate::output;
use rgflow::exact::{Thermodynamics, chain_in_field, enumeration, square};
use rgflow::lattice::{Geometry, Lattice, Temperature};
use rgflow_lab::analysis::finite_or_name;
use rgflow_lab::artifact::Error;
use serde::{Serialize, Serializer};

/// Prints exact results of finite systems.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rgflow exact ising --size 10 --temperature 2.25 --json
  rgflow exact ising --size 4 --size 8x16 --temperature 0.5..4:0.25,Tc,inf")]
pub struct Exact {
    #[command(subcommand)]
    system: System,
}

/// The system.
#[derive(clap::Subcommand)]
enum System {
    /// The Ising model H = - sum over bonds of J_ij s_i s_j - h sum of s_i: square tori, rings, and up to 25 sites of
    /// any kind.
    #[command(after_help = "Examples:
  rgflow exact ising --size 10 --temperature 2.25 --json
  rgflow exact ising --size 4 --size 8x16 --temperature 0.5..4:0.25,Tc,inf
  rgflow exact ising --lattice triangular --size 4 --coupling -1 --temperature 1
  rgflow exact ising --size 3x5 --coupling 1,-0.5 --boundary open --field 0.2 --temperature 2 --json

Square tori of one J without field by Kaufman's solution, rings with J = 1 by their transfer matrix, anything else by \
the sum over all
states. Units: temperature in J/k_B, energy and free energy in J per spin, specific heat in k_B per spin.
JSON: {\"rows\": [{\"size\", \"temperature\", \"energy\", \"specific_heat\", \"free_energy\"}]}; size is 10 for \
10x10, else
a text such as \"3x5\"; \"lattice\" names all but the square one with J = 1; infinite temperature is \"Tinf\" and has \
no free energy (null). Sums over states also have \"magnetisation\",
\"abs_m\", \"m2\" and \"m4\".")]
    Ising(Ising),
}

#[derive(clap::Args)]
struct Ising {
    #[command(flatten)]
    hamiltonian: Hamiltonian,
    /// Extents: 10 is 10 in every direction; may be given several times or as a list 4,8,16
    /// [required, but for --edges].
    #[arg(
        long,
        required_unless_present = "edges",
        value_delimiter = ',',
        value_name = "L or LXxLY",
        help_heading = "Model"
    )]
    size: Vec<Size>,
    /// Field h in units of J.
    #[arg(long, default_value_t = 0.0, value_name = "H", allow_hyphen_values = true, help_heading = "Model")]
    field: f64,
    /// Temperatures: a value, a list, a range FROM..TO:STEP, Tc (of the infinite lattice) or inf [required].
    #[arg(
        long,
        required = true,
        value_delimiter = ',',
        value_name = "T",
        allow_hyphen_values = true,
        help_heading = "Model"
    )]
    temperature: Vec<Asked>,
    /// Prints JSON with all digits.
    #[arg(long)]
    json: bool,
}

/// Extents of a lattice: one number for all directions, or one per direction.
#[derive(Clone)]
pub struct Size(pub Vec<usize>);

/// One or several temperatures.
#[derive(Clone)]
pub struct Range(pub Vec<Temperature>);

/// A temperature on the command line: `Tc` is the critical temperature of the lattice, whichever it is.
#[derive(Clone)]
pub enum Asked {
    Critical,
    Range(Range),
}

impl std::str::FromStr for Asked {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "Tc" { Ok(Self::Critical) } else { text.parse().map(Self::Range) }
    }
}

/// The temperatures `asked` on `lattice`.
pub fn temperatures(asked: &[Asked], lattice: &Geometry) -> Result<Vec<Temperature>, Error> {
    let unknown =
        || Error::user(format!("--temperature Tc: the critical temperature of {lattice} is not known; write a number"));
    let mut all = Vec::new();
    for one in asked {
        match one {
            Asked::Range(range) => all.extend(&range.0),
            Asked::Critical => {
                let t = lattice.critical_temperature().ok_or_else(unknown)?;
                all.push(Temperature::new(t).map_err(|e| Error::user(e.to_string()))?);
            }
        }
    }
    Ok(all)
}

/// Upper limit on the number of temperatures: more than this is a mistyped step.
const MOST: f64 = 1e6;

impl std::str::FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers: Vec<&str> = text.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty()).collect();
        let remedy = || match numbers.as_slice() {
            [] => "expected an extent such as 10 or 3x5".to_string(),
            numbers => format!("expected an extent such as 10 or 3x5; write --size {}", numbers.join("x")),
        };
        let extent = |part: &str| part.trim().parse().map_err(|_| remedy());
        text.split('x').map(extent).collect::<Result<_, _>>().map(Self)
    }
}

impl std::fmt::Display for Size {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let extents: Vec<String> = self.0.iter().map(usize::to_string).collect();
        if let [l] = extents.as_slice() { write!(f, "{l}x{l}") } else { f.write_str(&extents.join("x")) }
    }
}

impl Serialize for Size {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let equal = self.0.iter().all(|l| *l == self.0[0]);
        if equal { to.serialize_u64(self.0[0] as u64) } else { to.serialize_str(&self.to_string()) }
    }
}

impl std::str::FromStr for Range {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let one = |text: &str| text.parse::<Temperature>().map_err(|e| format!("{e}{}", meant(text)));
        let Some((from, rest)) = text.split_once("..") else { return Ok(Self(vec![one(text)?])) };
        let (to, step) = rest.split_once(':').ok_or_else(|| {
            format!(
                "a range needs a step: FROM..TO:STEP such as 0.5..4:0.25; write {from}..{rest}:0.25 for steps of 0.25"
            )
        })?;
        let (from, to) = (one(from)?.value(), one(to)?.value());
        let step: f64 = step.trim().parse().map_err(|_| format!("the step {step} is not a number"))?;
        let steps = ((to - from) / step + 1e-9).floor();
        if !(step > 0.0 && step.is_finite() && (0.0..MOST).contains(&steps)) {
            return Err("a range FROM..TO:STEP needs FROM <= TO, a step above 0 and at most a million values".into());
        }
        // 0.1 + 2 * 0.1 must give 0.3: values are decimal numbers with at most 12 digits after the point.
        let at = |i: u64| ((from + i as f64 * step) * 1e12).round() / 1e12;
        let values = (0..=steps as u64).map(|i| Temperature::new(at(i)).map_err(|e| e.to_string()));
        values.collect::<Result<_, _>>().map(Self)
    }
}

/// The meaning that a text that is no temperature may have: `; write ...`, or nothing.
fn meant(text: &str) -> String {
    let number = |part: &&str| part.trim().parse::<f64>().is_ok_and(|t| t >= 0.0);
    let parts = |separator: char| text.split(separator).collect::<Vec<_>>();
    match (parts('-').as_slice(), parts(':').as_slice(), text.trim().to_ascii_lowercase().as_str()) {
        (_, _, "tc" | "t_c") => "; write Tc".into(),
        (_, _, "infinity" | "infinite") => "; write inf".into(),
        ([from, to], ..) if [from, to].into_iter().all(number) => format!("; write {from}..{to}:0.25 for a range"),
        (_, [from, to, step], _) if [from, to, step].into_iter().all(number) => format!("; write {from}..{to}:{step}"),
        (_, _, lower) if lower.strip_suffix('k').is_some_and(|t| number(&t)) => {
            "; temperatures have the unit J/k_B, not kelvin".into()
        }
        _ => String::new(),
    }
}

#[derive(Serialize)]
struct Row {
    size: Size,
    /// Name and extents, where it is not the square lattice with J = 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    lattice: Option<String>,
    #[serde(serialize_with = "finite_or_name")]
    temperature: f64,
    #[serde(flatten)]
    averages: Averages,
}

/// Exact averages per spin.
#[derive(Serialize)]
struct Averages {
    energy: f64,
    specific_heat: f64,
    free_energy: Option<f64>,
    #[serde(flatten)]
    moments: Option<Moments>,
}

/// Moments of the magnetisation, from the sum over all states.
#[derive(Serialize)]
struct Moments {
    magnetisation: f64,
    abs_m: f64,
    m2: f64,
    m4: f64,
}

impl From<Thermodynamics> for Averages {
    fn from(exact: Thermodynamics) -> Self {
        let Thermodynamics { energy, specific_heat, free_energy } = exact;
        Self { energy, specific_heat, free_energy, moments: None }
    }
}

impl Ising {
    /// Exact averages of `lattice` at `temperature`.
    fn averages(&self, lattice: &Geometry, temperature: Temperature) -> Result<Averages, String> {
        let torus = match lattice {
            _ if self.field != 0.0 => None,
            Geometry::Square(s) => {
                Some(square::thermodynamics(s.lx(), s.ly(), temperature).map_err(|e| e.to_string())?)
            }
            Geometry::Bonds(bonds) => square::of_bonds(bonds, temperature),
            _ => None,
        };
        if let Some(exact) = torus {
            return Ok(exact.into());
        }
        if let Geometry::Ring(ring) = lattice {
            let exact = chain_in_field::thermodynamics(ring.n_sites(), temperature, self.field);
            return exact.map(Averages::from).map_err(|e| e.to_string());
        }
        let model = rgflow::lattice::Ising::in_field(lattice, self.field).map_err(|e| e.to_string())?;
        let exact = enumeration::averages(&model, temperature).map_err(|e| e.to_string())?;
        let (n, t) = (lattice.n_sites() as f64, temperature.value());
        let entropy = if t == 0.0 { 0.0 } else { t * exact.log_z_above_ground };
        Ok(Averages {
            energy: exact.energy,
            specific_heat: exact.specific_heat,
            free_energy: t.is_finite().then(|| (exact.ground - entropy) / n),
            moments: Some(Moments {
                magnetisation: exact.magnetisation,
                abs_m: exact.abs_magnetisation,
                m2: exact.m2,
                m4: exact.m4,
            }),
        })
    }
}

impl Exact {
    pub fn execute(self) -> Result<(), Error> {
        let System::Ising(ising) = self.system;
        let mut rows = Vec::new();
        let list = if ising.hamiltonian.is_list() { vec![Size(Vec::new())] } else { ising.size.clone() };
        for size in list {
            let lattice = ising.hamiltonian.lattice(&size.0).map_err(|e| match e {
                Error::User(what) if !what.starts_with("--") => Error::user(format!("--size {size}: {what}")),
                other => other,
            })?;
            let named = (!matches!(lattice, Geometry::Square(_))).then(|| lattice.to_string());
            let size = if ising.hamiltonian.is_list() { Size(lattice.extents()) } else { size };
            for temperature in temperatures(&ising.temperature, &lattice)? {
                let averages = ising.averages(&lattice, temperature);
                let averages = averages.map_err(|e| Error::user(format!("{lattice}: {e}")))?;
                rows.push(Row {
                    size: size.clone(),
                    lattice: named.clone(),
                    temperature: temperature.value(),
                    averages,
                });
            }
        }
        if ising.json {
            return output::print_json(&serde_json::json!({ "rows": rows }));
        }
        let mut table = vec![
            ["size", "T (J/k_B)", "energy (J)", "specific heat (k_B)", "free energy (J)"].map(String::from).to_vec(),
        ];
        table.extend(rows.iter().map(|row| {
            let digits = |value: f64| format!("{value:.12}");
            let free_energy = row.averages.free_energy.map_or("-inf".into(), digits);
            vec![
                row.lattice.clone().unwrap_or_else(|| row.size.to_string()),
                row.temperature.to_string(),
                digits(row.averages.energy),
                digits(row.averages.specific_heat),
                free_energy,
            ]
        }));
        output::print(&output::columns(&table))
    }
}
