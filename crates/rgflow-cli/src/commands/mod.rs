//! The commands of `rgflow`, one file each.

mod analyse;
mod bench;
mod clean;
mod completions;
mod couplings;
mod data;
mod exact;
mod flow;
mod hamiltonian;
mod histograms;
mod inspect;
mod label_flags;
mod list;
mod man;
mod one_stage;
mod rbm;
mod report;
mod reproduce;
mod rg;
mod run;
mod run_flags;
mod sample;
mod sample_until;
mod scan;
mod thermometer;
mod train;
mod verify;

use rgflow_lab::artifact::Error;

/// A command.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Runs an experiment: samples, networks, flows, analysis, report.
    Run(run::Run),
    /// Reproduces figures and tables of the thesis and shows each claim beside the numbers.
    Reproduce(reproduce::Reproduce),
    /// Runs an experiment at every point of a product of settings and draws its numbers over them.
    Scan(scan::Scan),
    /// Measures critical exponents by the renormalization group.
    Rg(rg::Rg),
    /// Means, errors, tau_int and R-hat of series of your own.
    Analyse(analyse::Analyse),
    /// Draws configurations of the Ising model and writes them to a file.
    Sample(sample::Sample),
    /// Trains a machine on your own data.
    Train(train::Train),
    /// Iterates a trained machine from your own samples.
    Flow(flow::Flow),
    /// Puts a trained machine to use: draws, hidden expectations, reconstructions, scores, completions.
    Rbm(rbm::Rbm),
    /// Reads samples with a trained thermometer or classifier.
    Thermometer(thermometer::Thermometer),
    /// Fetches or imports a data set.
    Data(data::Data),
    /// Writes page and figures of a finished run again.
    Report(report::Report),
    /// Lists the experiments, and the finished runs below a folder.
    List(list::List),
    /// Removes the files of stages from a finished run; results, models and the page stay.
    Clean(clean::Clean),
    /// Shows what is in a run folder or a file.
    Inspect(inspect::Inspect),
    /// Checks a small machine against enumeration.
    Verify(verify::Verify),
    /// Prints exact results of finite systems.
    Exact(exact::Exact),
    /// Measures the speed of this build.
    Bench(bench::Bench),
    /// Prints the completions of a shell.
    Completions(completions::Completions),
    /// Writes man pages.
    Man(man::Man),
}

impl Command {
    /// The name of a command that computes without stages of a run.
    pub fn without_stages(&self) -> Option<&'static str> {
        match self {
            Command::Rbm(rbm) => rbm.without_stages(),
            Command::Thermometer(_) => Some("thermometer"),
            Command::Data(_) => Some("data"),
            Command::Report(_) => Some("report"),
            Command::Inspect(_) => Some("inspect"),
            Command::Exact(_) => Some("exact"),
            Command::Bench(_) => Some("bench"),
            Command::Analyse(_) => Some("analyse"),
            Command::Rg(rg) => rg.without_stages(),
            _ => None,
        }
    }

    /// Runs the command.
    ///
    /// # Errors
    /// The failure of the command; it determines the exit code.
    pub fn execute(self) -> Result<(), Error> {
        match self {
            Command::Run(run) => run.execute(),
            Command::Reproduce(reproduce) => reproduce.execute(),
            Command::Scan(scan) => scan.execute(),
            Command::Rg(rg) => rg.execute(),
            Command::Analyse(analyse) => analyse.execute(),
            Command::Sample(sample) => sample.execute(),
            Command::Train(train) => train.execute(),
            Command::Flow(flow) => flow.execute(),
            Command::Rbm(rbm) => rbm.execute(),
            Command::Thermometer(thermometer) => thermometer.execute(),
            Command::Data(data) => data.execute(),
            Command::Report(report) => report.execute(),
            Command::List(list) => list.execute(),
            Command::Clean(clean) => clean.execute(),
            Command::Inspect(inspect) => inspect.execute(),
            Command::Verify(verify) => verify.execute(),
            Command::Exact(exact) => exact.execute(),
            Command::Bench(bench) => bench.execute(),
            Command::Completions(completions) => completions.execute(),
            Command::Man(man) => man.execute(),
        }
    }
}
