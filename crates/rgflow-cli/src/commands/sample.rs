//! `rgflow sample`: configurations of the Ising model in a file.

use super::exact::{Asked, Size, temperatures};
use super::hamiltonian::Hamiltonian;
use super::run_flags::{interval, start_threads};
use super::sample_until::{looks, most, not_reached};
use crate::{output, progress, signal};
use rgflow::lattice::{Geometry, Lattice, Order};
use rgflow::sampling::Method;
use rgflow::statistics::Estimate;
use rgflow_lab::analysis::ValueWithError;
use rgflow_lab::artifact::restart::Restarts;
use rgflow_lab::artifact::{Error, atomic, progress::PlannedRun};
use rgflow_lab::dataset::sampled::until::Target;
use rgflow_lab::dataset::sampled::{Request, Sampled};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// Draws configurations of a spin model and writes them to a file.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rgflow sample ising --size 10 --temperature 0..6:0.25 --n 1000 --out samples.npz
  rgflow sample ising --lattice triangular --size 12 --temperature 3.6 --field 0.1 --sampler swendsen-wang --out t.npz
  rgflow sample ising --size 64 --temperature Tc --n 500 --sampler wolff --out critical.npy")]
pub struct Sample {
    #[command(subcommand)]
    model: Model,
}

/// The model.
#[derive(clap::Subcommand)]
enum Model {
    /// The Ising model H = - sum over bonds of J_ij s_i s_j - h sum of s_i.
    #[command(after_help = "Examples:
  rgflow sample ising --size 10 --temperature 0..6:0.25 --n 1000 --out samples.npz
  rgflow sample ising --size 3x5 --temperature 2.0 --out small.csv --json
  rgflow sample ising --lattice cubic --size 8 --temperature 4.51 --sampler wolff --out cubic.npz
  rgflow sample ising --lattice ring --size 100 --temperature 0.5,1,2 --field 0.2 --out ring.npz
  rgflow sample ising --size 16 --coupling -1 --temperature 2.4 --out antiferromagnet.npz
  rgflow sample ising --size 8x32 --coupling 1,0.5 --boundary open,periodic --temperature 1.6 --out strip.npz
  rgflow sample ising --edges bonds.txt --temperature 0.8..2:0.2 --out glass.npz
  rgflow sample ising --size 16 --temperature 2..2.6:0.1 --until error=1e-3 --out precise.npz

--until looks after 1000, 2000, 4000 ... configurations (leaving out what cannot do), and the file is that of --n with
the last number. Errors of chains that are too short do not count. Not reached: the file is kept, exit code 1.

Couplings below 0: cluster samplers take them unless they are frustrated (no state satisfies all bonds); `auto` knows.

Units: T in J/k_B, h in J. `auto` takes the sampler of least cost per independent configuration, from a deterministic \
pilot
run and a table of measured times. The table that is printed has one standard error in brackets, which respects tau_int.

Stopped or killed, the same command goes on from OUT.restart (at most 30 s are lost) and writes the same bytes.")]
    Ising(Ising),
}

#[derive(clap::Args)]
struct Ising {
    #[command(flatten)]
    hamiltonian: Hamiltonian,
    /// Extents: 10 is 10 in every direction, else 3x5 or 4x4x6 [required, but for --edges].
    #[arg(long, required_unless_present = "edges", value_name = "L or LXxLY", help_heading = "Model")]
    size: Option<Size>,
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
    /// Configurations at each temperature [default: 1000]; with --until the most [default: 1000000, or 1 GiB in all].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), help_heading = "Sampling")]
    n: Option<u32>,
    /// Goes on at each temperature until the standard error of E per spin is small (error=1e-3), that of |m|
    /// (error(|m|)=1e-3), or the chains are so many autocorrelation times long (tau=50); several must all be reached
    /// [default: as many as --n].
    #[arg(long, value_delimiter = ',', value_name = "TARGET", help_heading = "Sampling")]
    until: Vec<String>,
    /// Field h in units of J.
    #[arg(long, default_value_t = 0.0, value_name = "H", allow_hyphen_values = true, help_heading = "Model")]
    field: f64,
    /// auto, exact, metropolis, heat-bath, wolff or swendsen-wang.
    #[arg(long, default_value = "auto", value_name = "NAME", help_heading = "Sampling")]
    sampler: String,
    /// Markov chains at each temperature, half of them from a disordered start [default: what the sampler takes].
    #[arg(long, value_name = "N", help_heading = "Sampling")]
    chains: Option<usize>,
    /// Sweeps of each chain before its first configuration [default: what lattice and temperature ask for].
    #[arg(long, value_name = "N", help_heading = "Sampling")]
    burn_in: Option<usize>,
    /// Sweeps between the configurations of a chain [default: what lattice and temperature ask for].
    #[arg(long, value_name = "N", help_heading = "Sampling")]
    spacing: Option<usize>,
    /// Seed.
    #[arg(long, default_value_t = 1, value_name = "N", help_heading = "Sampling")]
    seed: u32,
    /// File: .npz (spins with temperatures and diagnosis), .npy (spins of one temperature) or .csv [required].
    #[arg(long, value_name = "FILE", help_heading = "Run")]
    out: PathBuf,
    /// Replaces the file if it exists.
    #[arg(long, help_heading = "Run")]
    force: bool,
    /// Number of threads [default: all cores]; results do not depend on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=4096), help_heading = "Run")]
    threads: Option<u16>,
    /// Seconds between two restarts, from which the same command goes on after a kill.
    #[arg(long, value_name = "SECONDS", env = "RGFLOW_RESTART_SECONDS", default_value = "30", value_parser = interval, help_heading = "Run")]
    restart_every: Duration,
    /// Prints the averages as JSON.
    #[arg(long, help_heading = "Run")]
    json: bool,
}

impl Sample {
    pub fn execute(self) -> Result<(), Error> {
        let Model::Ising(ising) = self.model;
        ising.execute()
    }
}

impl Ising {
    fn execute(self) -> Result<(), Error> {
        let user = |e: &dyn std::fmt::Display| Error::user(e.to_string());
        let lattice = self.hamiltonian.lattice(self.size.as_ref().map_or(&[][..], |size| &size.0))?;
        let method: Method = self.sampler.parse().map_err(|e| user(&e))?;
        let kind = self.out.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
        let out = self.out.display();
        if !["npz", "npy", "csv"].contains(&kind.as_str()) {
            return Err(Error::user(format!("--out {out}: unknown kind of file; name it .npz, .npy or .csv")));
        }
        if self.out.exists() && !self.force {
            return Err(Error::user(format!("--out {out}: exists; add --force to replace it, or choose another name")));
        }
        if !self.field.is_finite() {
            return Err(Error::user(format!("--field {}: must be a finite number (units J)", self.field)));
        }
        let targets = self.until.iter().map(|text| text.parse::<Target>()).collect::<Result<Vec<_>, _>>();
        let targets = targets.map_err(|e| Error::user(format!("--until {e}")))?;
        let temperatures = temperatures(&self.temperature, &lattice)?;
        let request = Request {
            n: self.n.map_or_else(|| most(&targets, lattice.n_sites() * temperatures.len()), |n| n as usize),
            temperatures,
            lattice,
            field: self.field,
            method,
            chains: self.chains,
            burn_in: self.burn_in,
            spacing: self.spacing,
            seed: self.seed.into(),
        };
        if kind == "npy" && request.temperatures.len() != 1 {
            let n = request.temperatures.len();
            return Err(Error::user(format!(
                "--out {out}: an .npy file has no place for {n} temperatures; write .npz or .csv"
            )));
        }
        start_threads(self.threads)?;
        let interrupt = Arc::new(AtomicBool::new(false));
        let name = format!("sample, {}", request.lattice);
        let run = PlannedRun::new(name, &self.out, &[request.seed], request.plan());
        let reporter = progress::reporter(vec![run]);
        signal::watch(&interrupt, signal::RESTARTS)?;
        let text = if targets.is_empty() { request.text() } else { format!("{}, until {targets:?}", request.text()) };
        let restarts = Restarts::for_file(&self.out, &text, self.restart_every)?;
        let drawn = request.until(&targets, &*reporter.of_run(0), &interrupt, &restarts);
        signal::unwatch();
        reporter.finish(drawn.is_ok());
        if matches!(drawn, Err(Error::Interrupted)) {
            output::complain(if restarts.exist() {
                "interrupted: the same command goes on where it stopped"
            } else {
                "interrupted: nothing was written; the same command draws the same samples"
            });
        }
        let drawn = drawn?;
        let written = atomic::write_by(&self.out, |file| match kind.as_str() {
            "npz" => request.npz(&drawn, std::io::BufWriter::new(file)),
            "npy" => request.npy(&drawn, file),
            _ => request.csv(&drawn, file),
        });
        written.map_err(|e| match e {
            Error::Failure(what) => {
                Error::failure(format!("cannot write {out}: {what}; make room or choose another --out"))
            }
            other => other,
        })?;
        restarts.remove_own()?;
        if let (Geometry::Bonds(bonds), true) = (&request.lattice, kind != "npz") {
            let held = if kind == "csv" { "names the lattice and holds no bonds" } else { "holds spins alone" };
            output::complain(&format!(
                "note: --out {out}: {held}: {} belongs with it; .npz holds the bonds",
                bonds.name()
            ));
        }
        for s in &drawn {
            if let Some(note) = self.unused(s) {
                output::complain(&format!("note: T = {}: {note}", s.temperature));
            }
            for warning in &s.drawn.collection.warnings {
                output::complain(&format!("warning: T = {}: {warning}", s.temperature));
            }
        }
        if self.json {
            let mut all = json!({
                "file": self.out, "lattice": request.lattice.name(), "extents": request.lattice.extents(), "field": self.field,
                "rows": drawn.iter().map(as_json).collect::<Vec<_>>(),
            });
            if !targets.is_empty() {
                all["until"] = json!(targets.iter().map(ToString::to_string).collect::<Vec<_>>());
            }
            output::print_json(&all)?;
        } else {
            output::print(&(table(&request, &drawn, &self.out) + &looks(&targets, &drawn)))?;
        }
        not_reached(&targets, &drawn, &self.out)
    }
}

impl Ising {
    /// Note on options for chains that the sampler does not use.
    fn unused(&self, s: &Sampled) -> Option<String> {
        let collection = &s.drawn.collection;
        let given = [("--chains", self.chains), ("--burn-in", self.burn_in), ("--spacing", self.spacing)];
        let given: Vec<&str> = given.iter().filter(|(_, value)| value.is_some()).map(|(name, _)| *name).collect();
        if collection.n_chains == 0 && !given.is_empty() {
            let names = given.join(", ");
            return Some(format!(
                "{names} not used: {} are drawn without chains",
                match collection.sampler.as_str() {
                    "exact" => "independent configurations",
                    other => other,
                }
            ));
        }
        let chains = self.chains.filter(|chains| *chains != collection.n_chains)?;
        Some(format!(
            "--chains {chains}: {} run, as many as --n {} has use for",
            collection.n_chains,
            collection.spins.nrows()
        ))
    }
}

fn as_json(s: &Sampled) -> Value {
    let e = ValueWithError::from;
    let (q, c) = (&s.summary, &s.drawn.collection);
    let t = s.temperature.value();
    let mut row = json!({
        "temperature": if t.is_finite() { json!(t) } else { json!("Tinf") }, "n": c.spins.nrows(), "n_eff": c.n_eff,
        "sampler": c.sampler, "reason": s.drawn.reason, "warnings": c.warnings,
        "tau_int_energy": c.tau_int_energy, "tau_int_abs_m": c.tau_int_abs_m, "start_difference_z": c.start_difference_z,
        "energy": e(q.energy), "magnetisation": e(q.magnetisation), "abs_m": e(q.abs_m), "m2": e(q.m2), "m4": e(q.m4),
        "binder": e(q.binder), "specific_heat": e(q.specific_heat), "susceptibility": e(q.susceptibility),
        "susceptibility_m2": e(q.susceptibility_m2), "xi": q.xi.map(e),
        "xi_note": q.xi_is_of_order.then_some(XI_NOTE), "error_note": frozen(s),
        "correlation": q.correlation.iter().map(|axis| axis.iter().map(|g| e(*g)).collect::<Vec<_>>()).collect::<Vec<_>>(),
        "improved": q.improved.map(|i| json!({
            "m2": e(i.m2), "susceptibility_m2": e(i.susceptibility_m2), "xi": i.xi.map(e),
        })),
        "exact": s.exact.map(|(energy, specific_heat)| json!({ "energy": energy, "specific_heat": specific_heat })),
    });
    if let Some(until) = &s.until {
        row["until"] = json!(until);
    }
    row
}

/// Meaning of xi in an ordered magnet.
const XI_NOTE: &str =
    "ordered phase: not a correlation length (S(0) = N <m^2>, not connected); xi/L grows with the order";

/// Meaning of |m|, chi, U and n_eff where the order is not uniform.
fn slow_mode(lattice: &Geometry) -> Option<&'static str> {
    match Order::of(lattice) {
        Order::Uniform => None,
        Order::Staggered(_) => Some(
            "couplings below 0: |m|, chi and U are those of the sum of the spins; n_eff counts the staggered \
             magnetisation too",
        ),
        Order::Unknown => Some(
            "frustrated couplings: |m|, chi and U are those of the sum of the spins; n_eff counts the overlap of two \
             chains too",
        ),
    }
}

/// Note where all configurations agree in E or |m| although their distribution has a spread, so that the error cannot
/// be measured. Rule of three: no event in n independent draws means a probability below 3/n (95 %).
fn frozen(s: &Sampled) -> Option<String> {
    let what = match (s.summary.energy.error.is_nan(), s.summary.abs_m.error.is_nan()) {
        (true, _) => "E",
        (false, true) => "|m|",
        _ => return None,
    };
    let (n, n_eff) = (s.drawn.collection.spins.nrows(), s.drawn.collection.n_eff);
    Some(match n {
        1 => "one configuration has no error".to_owned(),
        _ => format!(
            "all {n} configurations have the same {what}: no error can be measured; others have a probability below \
             {} (95 %)",
            rgflow_lab::record::format::significant((3.0 / n_eff.max(1.0)).min(1.0), 2)
        ),
    })
}

/// The most important averages as a table.
fn table(request: &Request, drawn: &[Sampled], out: &Path) -> String {
    let show = |e: Estimate| rgflow_lab::record::format::value(Some(e.value), Some(e.error), None);
    let mut notes = Vec::new();
    let known = drawn.iter().any(|s| s.exact.is_some());
    let mut head = vec!["T", "E/N", "|m|", "C", "chi", "U", "xi", "n_eff", "sampler"];
    if known {
        head.splice(2..2, ["exact", "z"]);
    }
    let mut rows = vec![head.into_iter().map(String::from).collect::<Vec<_>>()];
    for s in drawn {
        let q = &s.summary;
        let mut row = vec![
            s.temperature.to_string(),
            show(q.energy),
            show(q.abs_m),
            show(q.specific_heat),
            show(q.susceptibility),
            show(q.binder),
            q.xi.map_or("-".into(), show) + if q.xi_is_of_order { "*" } else { "" },
            format!("{:.0}", s.drawn.collection.n_eff),
            s.drawn.collection.sampler.clone(),
        ];
        if known {
            let exact = s.exact.map_or("-".into(), |(e, _)| format!("{e:.6}"));
            // Ground states at T = 0 are exact: there is no deviation to show.
            let z = s.exact.map(|(e, _)| (q.energy.value - e) / q.energy.error);
            let z = z.filter(|z| z.is_finite() && q.energy.error > 1e-12 * q.energy.value.abs());
            row.splice(2..2, [exact, z.map_or("-".into(), |z| format!("{z:+.1}"))]);
        }
        rows.push(row);
        notes.extend(frozen(s).map(|note| format!("T = {}: {note}.\n", s.temperature)));
    }
    if drawn.iter().any(|s| s.summary.xi_is_of_order) {
        notes.push(format!("* {XI_NOTE}.\n"));
    }
    notes.extend(slow_mode(&request.lattice).map(|note| format!("{note}.\n")));
    let field = if request.field == 0.0 { String::new() } else { format!(", h = {}", request.field) };
    let (lattice, table, notes) = (&request.lattice, output::columns(&rows), notes.concat());
    format!("Ising model, {lattice}{field}\n{table}\n{notes}{}\n", out.display())
}
