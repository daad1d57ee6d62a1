//! `rgflow exact`: exact results of finite systems.

use crate::output;
use rgflow::exact::square;
use rgflow::lattice::Temperature;
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
    /// The Ising model on the torus (J = k_B = 1, no field): Kaufman's solution.
    #[command(after_help = "Examples:
  rgflow exact ising --size 10 --temperature 2.25 --json
  rgflow exact ising --size 4 --size 8x16 --temperature 0.5..4:0.25,Tc,inf

Units: temperature in J/k_B, energy and free energy in J per spin, specific heat in k_B per spin.
JSON: {\"rows\": [{\"size\", \"temperature\", \"energy\", \"specific_heat\", \"free_energy\"}]}; size is 10 for 10x10, else
a text such as \"3x5\"; infinite temperature is \"Tinf\" and has no free energy (null).")]
    Ising(Ising),
}

#[derive(clap::Args)]
struct Ising {
    /// Extents: 10 is 10x10; may be given several times or as a list 4,8,16.
    #[arg(long, required = true, value_delimiter = ',', value_name = "L or LXxLY")]
    size: Vec<Size>,
    /// Temperatures: a value, a list, a range FROM..TO:STEP, Tc or inf.
    #[arg(long, required = true, value_delimiter = ',', value_name = "T", allow_hyphen_values = true)]
    temperature: Vec<Range>,
    /// Prints JSON with all digits.
    #[arg(long)]
    json: bool,
}

/// Extents of a lattice: one number for all directions, or one per direction.
#[derive(Clone)]
pub struct Size(pub Vec<usize>);

impl Size {
    /// Extents, if the lattice has two dimensions.
    fn two(&self) -> Result<(usize, usize), Error> {
        match self.0.as_slice() {
            [l] => Ok((*l, *l)),
            [lx, ly] => Ok((*lx, *ly)),
            _ => Err(Error::user(format!("--size {self}: the torus has two extents, such as 10 or 3x5"))),
        }
    }
}

/// One or several temperatures.
#[derive(Clone)]
pub struct Range(pub Vec<Temperature>);

/// Upper limit on the number of temperatures: more than this is a mistyped step.
const MOST: f64 = 1e6;

impl std::str::FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let extent = |part: &str| part.trim().parse().map_err(|_| "expected an extent such as 10 or 3x5".to_string());
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
        let one = |text: &str| text.parse::<Temperature>().map_err(|e| e.to_string());
        let Some((from, rest)) = text.split_once("..") else { return Ok(Self(vec![one(text)?])) };
        let (to, step) = rest.split_once(':').ok_or("a range needs a step: FROM..TO:STEP such as 0.5..4:0.25")?;
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

#[derive(Serialize)]
struct Row {
    size: Size,
    #[serde(serialize_with = "finite_or_name")]
    temperature: f64,
    energy: f64,
    specific_heat: f64,
    free_energy: Option<f64>,
}

impl Exact {
    pub fn execute(self) -> Result<(), Error> {
        let System::Ising(ising) = self.system;
        let mut rows = Vec::new();
        for size in &ising.size {
            let (lx, ly) = size.two()?;
            for temperature in ising.temperature.iter().flat_map(|range| &range.0) {
                let exact = square::thermodynamics(lx, ly, *temperature);
                let exact = exact.map_err(|e| Error::user(format!("--size {size}: {e}")))?;
                rows.push(Row {
                    size: size.clone(),
                    temperature: temperature.value(),
                    energy: exact.energy,
                    specific_heat: exact.specific_heat,
                    free_energy: exact.free_energy,
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
            let free_energy = row.free_energy.map_or("-inf".into(), digits);
            vec![
                row.size.to_string(),
                row.temperature.to_string(),
                digits(row.energy),
                digits(row.specific_heat),
                free_energy,
            ]
        }));
        output::print(&output::columns(&table))
    }
}
