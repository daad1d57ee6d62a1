//! Benchmarks of our own speed, measured as in the scripts of other programs: the same keys, stated work and data, and
//! the quality as well as the time. Results are records of the schema `rbm-bench-1`.

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

/// A benchmark that `rgflow bench` can run.
pub struct Benchmark {
    /// Name on the command line.
    pub name: &'static str,
    /// Description in one line, for lists.
    pub summary: &'static str,
    run: fn(&mut Report) -> Result<(), Error>,
}

/// All benchmarks.
pub static ALL: &[Benchmark] = &[
    Benchmark { name: "ising", summary: "spin flips and the thesis's data set", run: ising::run },
    Benchmark { name: "rbm", summary: "CD-1 training, and Gibbs sweeps of PCD", run: rbm::run },
    Benchmark { name: "mlp", summary: "training of perceptrons with Adam", run: mlp::run },
    Benchmark { name: "flow", summary: "flows of expectation values and of states", run: flow::run },
    Benchmark { name: "pipeline", summary: "the study of the 2D model from end to end", run: pipeline::run },
    Benchmark { name: "scaling", summary: "speed against size, batch and threads", run: scaling::run },
    Benchmark { name: "startup", summary: "the whole process of rgflow --version", run: startup::run },
];

/// Runs the benchmark.
///
/// # Errors
/// If data cannot be read or made.
pub fn run(bench: &Benchmark, options: Options) -> Result<Report, Error> {
    let mut report = Report::new(bench.name, options);
    (bench.run)(&mut report)?;
    Ok(report)
}

/// Curves of a report of `scaling`; `None` for any other.
pub fn figure(report: &Report) -> Option<Figure> {
    report.is("scaling").then(|| scaling::figure(report))
}
