//! Our own speed, measured as the peers' scripts measure theirs: the same keys, the same stated work, the same data, and the
//! quality beside the time. Results are records of the schema `rbm-bench-1`.

mod data;
mod flow;
mod harness;
mod ising;
mod mlp;
mod pipeline;
mod rbm;
mod scaling;
mod startup;

pub use harness::{Options, Report};

use crate::artifact::Error;
use crate::record::Figure;

/// A benchmark: its name and what it does.
pub struct Bench {
    /// Name on the command line.
    pub name: &'static str,
    /// One line for lists.
    pub summary: &'static str,
    run: fn(&mut Report) -> Result<(), Error>,
}

/// All benchmarks.
pub static ALL: &[Bench] = &[
    Bench { name: "ising", summary: "spin flips and the thesis's data set", run: ising::run },
    Bench { name: "rbm", summary: "CD-1 training, and Gibbs sweeps of PCD", run: rbm::run },
    Bench { name: "mlp", summary: "training of perceptrons with Adam", run: mlp::run },
    Bench { name: "flow", summary: "flows of expectation values and of states", run: flow::run },
    Bench { name: "pipeline", summary: "the study of the 2D model from end to end", run: pipeline::run },
    Bench { name: "scaling", summary: "speed against size, batch and threads", run: scaling::run },
    Bench { name: "startup", summary: "the whole process of rgflow --version", run: startup::run },
];

/// Runs the benchmark.
///
/// # Errors
/// If data cannot be read or made.
pub fn run(bench: &Bench, options: Options) -> Result<Report, Error> {
    let mut report = Report::new(bench.name, options);
    (bench.run)(&mut report)?;
    Ok(report)
}

/// The curves of a report of `scaling`; `None` of any other.
pub fn figure(report: &Report) -> Option<Figure> {
    report.is("scaling").then(|| scaling::figure(report))
}
