//! `rgflow rg`: renormalization group and finite-size scaling.

use super::work::Flags;
use crate::output::{self, number, text};
use rgflow_lab::artifact::{Error, settings::UserFile};
use rgflow_lab::experiment::{Experiment, Mcrg};
use std::path::{Path, PathBuf};

/// Measures critical exponents and couplings by the renormalization group and by finite-size scaling.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rgflow rg mcrg --size 64 --json")]
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
}

#[derive(clap::Args)]
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
    /// A TOML file with settings, such as the config.toml of an earlier run.
    #[arg(long, value_name = "FILE.toml")]
    config: Option<PathBuf>,
    /// Prints the recipe, every setting with its default, and stops.
    #[arg(long)]
    print: bool,
    #[command(flatten)]
    flags: Flags,
}

/// Texts as a setting that is a list; `None` if there are none.
fn texts(key: &str, values: &[String]) -> Option<String> {
    let list = values.iter().map(|v| toml::Value::String(v.clone())).collect();
    (!values.is_empty()).then(|| format!("{key}={}", toml::Value::Array(list)))
}

impl Rg {
    pub fn execute(self) -> Result<(), Error> {
        let Method::Mcrg(own) = self.method;
        let sets = [
            number("mcrg.size", own.size),
            number("mcrg.b", own.b),
            number("mcrg.steps", own.steps),
            texts("mcrg.rules", &own.rules),
            text("mcrg.temperature", own.temperature.as_ref()),
            texts("mcrg.even", &own.even),
            texts("mcrg.odd", &own.odd),
            number("mcrg.samples", own.samples),
        ];
        if own.print {
            return output::print_recipe(Mcrg.name(), Mcrg.recipe());
        }
        let name = format!("mcrg-L{}", own.size.unwrap_or(64));
        complete(&Mcrg, own.flags, sets, own.config.as_deref(), &name)
    }
}

/// Runs `experiment` with the settings of file and flags, by default in `runs/NAME`.
fn complete<const N: usize>(
    experiment: &dyn Experiment,
    mut flags: Flags,
    sets: [Option<String>; N],
    config: Option<&Path>,
    name: &str,
) -> Result<(), Error> {
    let file = config.map(|path| UserFile::read_for(path, experiment.name())).transpose()?;
    flags.sets = sets.into_iter().flatten().chain(flags.sets).collect();
    let dir = flags.out.clone().unwrap_or_else(|| Path::new("runs").join(name));
    flags.start_threads()?;
    flags.complete_and_show(experiment, file.as_ref(), &dir)
}
