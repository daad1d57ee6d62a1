//! `rgflow rg`: renormalization group and finite-size scaling.

use super::histograms::{Collapse, Reweight};
use super::run_flags::Flags;
use crate::output::{self, number, text};
use rgflow_lab::artifact::{Error, settings::UserFile};
use rgflow_lab::experiment::{AnyExperiment, Mcrg, NeuralRg};
use std::path::{Path, PathBuf};

/// Measures critical exponents and couplings by the renormalization group and by finite-size scaling.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rgflow rg mcrg --size 64 --json
  rgflow rg neural --seeds 1
  rgflow rg reweight L16.npz --temperatures 2.2..2.3:0.01
  rgflow rg collapse L8.npz L16.npz L32.npz")]
pub struct Rg {
    #[command(subcommand)]
    method: Method,
}

/// The method.
#[derive(clap::Subcommand)]
enum Method {
    /// Monte Carlo renormalization group (Swendsen) on the square lattice: y_t and y_h by block-spin step.
    #[command(after_help = "Examples:
  rgflow rg mcrg --size 64 --json
  rgflow rg mcrg --size 96 --b 3 --samples 40000
  rgflow rg mcrg --rule majority --rule soft:0.5 --rule decimation     all rules on the same samples
  rgflow rg mcrg --steps 2 --even nn --even nnn --even 'far: 0,0 3,0'   a new operator by its sites x,y

Keys of the JSON: rg.mcrg.L64.b2.step2.y_t (the first three operators), rg.mcrg.L64.b2.step2.ops4.y_t, with rule
rg.mcrg.L64.b2.soft0.5.step1.y_t. Exact: y_t = 1, y_h = 15/8.")]
    Mcrg(McrgArguments),
    /// nu and theta_Y from a network's P(ordered) on block spins and spins (Bachtis, Aarts and Lucini; thesis appendix
    /// B).
    #[command(after_help = "Examples:
  rgflow rg neural --seeds 1
  rgflow rg neural --seeds 1 --network mine.safetensors     your network of 32 x 32 spins in place of those trained here
  rgflow rg neural --print                                  every setting with its meaning

Keys of the JSON: neural-rg.nu.64-32.nu, neural-rg.nu.64-32.shift, neural-rg.theta.bounded, \
neural-rg.two-networks.shift.
Exact: nu = 1, theta_Y = 1/2 of a bounded output and 8/15 of one that scales as the magnetisation.")]
    Neural(NeuralArguments),
    /// All samples of one lattice read as one, at any temperature and field within their reach (MBAR).
    #[command(after_help = "Examples:
  rgflow sample ising --size 16 --temperature 2.2,2.3,2.4 --n 4000 --out L16.npz
  rgflow rg reweight L16.npz --plot L16.svg
  rgflow rg reweight L16.npz more.npz --temperatures 2.25..2.35:0.01,Tc --json
  rgflow rg reweight L16.npz --temperatures Tc --y 0,0.001    Y couples to the sum of spins
  rgflow rg reweight L16.npz --temperatures Tc --y 0.01 --operator nnn

By T (and Y): E and C per spin (with the part in the field), |m|, chi = N (<m^2> - <|m|>^2)/T and
U4 = 1 - <m^4>/(3 <m^2>^2) with one standard error in brackets (jackknife), and n_eff, the
configurations that count there (Kish). Fewer than a tenth of those of the nearest sampled
temperature are no overlap: an error where you asked for it, left out of the default grid.")]
    Reweight(Reweight),
    /// T_c, nu and exponents from samples of several sizes, or from a table: data collapse, Binder crossings, power
    /// laws.
    #[command(after_help = "Examples:
  rgflow sample ising --size 8 --temperature 2.1..2.45:0.05 --n 4000 --out L8.npz
  rgflow rg collapse L8.npz L16.npz L32.npz --plot collapse.svg
  rgflow rg collapse L8.npz L16.npz L32.npz --of chi --json
  rgflow rg collapse L8.npz L16.npz L32.npz --tc 2.26919 --omega 1.75
  rgflow rg collapse binder.csv                   a table with columns such as L,T,U4,dU4, by any program
  rgflow rg collapse chi.csv --value chi --error sigma --plot collapse.svg
  rgflow run finite-size-scaling                  samples of its own, L = 8 to 128, also read by networks

Data lie on one curve f: y = L^a f(t L^(1/nu)), t = T_c (1 - T_c/T), which is T - T_c to first order.
Errors are one standard error (jackknife).
chi2/dof well above 1: sizes are too small (leave one out, or --omega), --window is too wide or
--degree too low. Exact: T_c = 2.269185, nu = 1, a = -1/8 of |m| and 7/4 of chi.")]
    Collapse(Collapse),
}

#[derive(clap::Args)]
#[command(next_help_heading = "Method")]
struct NeuralArguments {
    /// A network (.safetensors) that reads 32 x 32 spins; its last output is taken as P(ordered). May be given several
    /// times [default: those that are trained].
    #[arg(long = "network", value_name = "MODEL")]
    networks: Vec<PathBuf>,
    /// Networks of each kind that are trained [default: 5].
    #[arg(long, value_name = "N")]
    trainings: Option<usize>,
    /// A TOML file with settings, such as the config.toml of an earlier run [default: none].
    #[arg(long, value_name = "FILE.toml", help_heading = "Run")]
    config: Option<PathBuf>,
    /// Prints the recipe, every setting with its default, and stops.
    #[arg(long, help_heading = "Run")]
    print: bool,
    #[command(flatten)]
    flags: Flags,
}

#[derive(clap::Args)]
#[command(next_help_heading = "Method")]
struct McrgArguments {
    /// Spins along each side of the lattice that is sampled [default: 64].
    #[arg(long, value_name = "L")]
    size: Option<usize>,
    /// Spins along each side of a block [default: 2].
    #[arg(long, value_name = "B")]
    b: Option<usize>,
    /// Block-spin steps [default: as many as leave 4 spins along a side].
    #[arg(long, value_name = "N")]
    steps: Option<usize>,
    /// majority, decimation or soft:K; may be given several times [default: majority].
    #[arg(long = "rule", value_name = "RULE")]
    rules: Vec<String>,
    /// Temperature of the samples in J/k_B [default: Tc].
    #[arg(long, value_name = "T")]
    temperature: Option<String>,
    /// Even operators, the most important first [default: nn, nnn, plaquette, (2,0)]; may be given several times.
    #[arg(long, value_name = "NAME")]
    even: Vec<String>,
    /// Odd operators [default: m, corner, line]; may be given several times.
    #[arg(long, value_name = "NAME")]
    odd: Vec<String>,
    /// Configurations in all [default: 160000].
    #[arg(long, value_name = "N")]
    samples: Option<usize>,
    /// A TOML file with settings, such as the config.toml of an earlier run [default: none].
    #[arg(long, value_name = "FILE.toml", help_heading = "Run")]
    config: Option<PathBuf>,
    /// Prints the recipe, every setting with its default, and stops.
    #[arg(long, help_heading = "Run")]
    print: bool,
    #[command(flatten)]
    flags: Flags,
}

/// List setting from texts; `None` without texts.
fn texts(key: &str, values: &[String]) -> Option<String> {
    let list = values.iter().map(|v| toml::Value::String(v.clone())).collect();
    (!values.is_empty()).then(|| format!("{key}={}", toml::Value::Array(list)))
}

impl Rg {
    /// The name of a method that computes without stages of a run.
    pub fn without_stages(&self) -> Option<&'static str> {
        match self.method {
            Method::Reweight(_) => Some("rg reweight"),
            Method::Collapse(_) => Some("rg collapse"),
            _ => None,
        }
    }

    pub fn execute(self) -> Result<(), Error> {
        match self.method {
            Method::Mcrg(own) => own.execute(),
            Method::Neural(own) => own.execute(),
            Method::Reweight(own) => own.execute(),
            Method::Collapse(own) => own.execute(),
        }
    }
}

impl NeuralArguments {
    fn execute(self) -> Result<(), Error> {
        let experiment = NeuralRg::with_networks(&self.networks)?;
        if self.print {
            return output::print_recipe(experiment.about());
        }
        let sets = [number("networks.trainings", self.trainings)];
        complete(&experiment, self.flags, sets, self.config.as_deref(), experiment.about().name)
    }
}

impl McrgArguments {
    fn execute(self) -> Result<(), Error> {
        let sets = [
            number("mcrg.size", self.size),
            number("mcrg.b", self.b),
            number("mcrg.steps", self.steps),
            texts("mcrg.rules", &self.rules),
            text("mcrg.temperature", self.temperature.as_ref()),
            texts("mcrg.even", &self.even),
            texts("mcrg.odd", &self.odd),
            number("mcrg.samples", self.samples),
        ];
        if self.print {
            return output::print_recipe(Mcrg.about());
        }
        let name = format!("mcrg-L{}", self.size.unwrap_or(64));
        complete(&Mcrg, self.flags, sets, self.config.as_deref(), &name)
    }
}

/// Runs `experiment` with the settings of file and flags, by default in `runs/NAME`.
fn complete<const N: usize>(
    experiment: &dyn AnyExperiment,
    mut flags: Flags,
    sets: [Option<String>; N],
    config: Option<&Path>,
    name: &str,
) -> Result<(), Error> {
    let file = config.map(|path| UserFile::read_for(path, experiment.about().name)).transpose()?;
    flags.sets = sets.into_iter().flatten().chain(flags.sets).collect();
    let dir = flags.out.clone().unwrap_or_else(|| Path::new("runs").join(name));
    flags.start()?;
    flags.complete_and_show(experiment, file.as_ref(), &dir)
}
