//! `rgflow bench`: runs the benchmarks and prints or saves their records.

use super::run_flags::start_threads;
use crate::output;
use rgflow_lab::artifact::{Error, atomic};
use rgflow_lab::bench::{self, Options};
use rgflow_lab::report;
use std::path::PathBuf;

/// Measures the speed of this build, with the keys and the work of the peers' scripts.
#[derive(clap::Args)]
#[command(
    next_help_heading = "Measurement",
    after_help = "Examples:
  rgflow bench ising --threads 1 --repeats 7
  rgflow bench rbm --only 784x500 --json rbm.json
  rgflow bench scaling --threads 2 --figure scaling.svg

One warm-up, then the timed calls: minimum and median. RGFLOW_CPU=portable, avx2 or avx512 forces a path."
)]
pub struct Bench {
    /// Benchmark to run [required].
    #[arg(value_name = "NAME", value_parser = clap::builder::PossibleValuesParser::new(bench::ALL.iter().map(|b| b.name)))]
    name: String,
    /// Number of threads.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=4096))]
    threads: u16,
    /// Timed calls of each case.
    #[arg(long, value_name = "R", default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..=10000))]
    repeats: u16,
    /// Only cases whose key contains one of these [default: all].
    #[arg(long, value_name = "SUBSTR,..", value_delimiter = ',')]
    only: Vec<String>,
    /// Without cases whose key contains one of these [default: with all].
    #[arg(long, value_name = "SUBSTR,..", value_delimiter = ',')]
    skip: Vec<String>,
    /// Writes the records to a file [default: a table is printed].
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Draws the curves of `scaling` to a file [default: does not].
    #[arg(long, value_name = "FILE.svg")]
    figure: Option<PathBuf>,
    /// Folder of the data; it is made where it is missing [default: rbm-bench-data in the temporary folder].
    #[arg(long, value_name = "DIR", env = "BENCH_DATA")]
    data: Option<PathBuf>,
    /// Little work: shows that it runs.
    #[arg(long)]
    quick: bool,
}

impl Bench {
    pub fn execute(self) -> Result<(), Error> {
        let chosen = bench::ALL.iter().find(|b| b.name == self.name);
        let chosen = chosen.ok_or_else(|| Error::user(format!("unknown benchmark {}", self.name)))?;
        let threads = usize::from(self.threads);
        start_threads(Some(self.threads))?;
        let options = Options {
            threads,
            repeats: self.repeats.into(),
            only: self.only,
            skip: self.skip,
            data: self.data.unwrap_or_else(|| std::env::temp_dir().join("rbm-bench-data")),
            quick: self.quick,
        };
        if self.figure.is_some() && self.name != "scaling" {
            return Err(Error::user(format!("--figure is for the benchmark scaling: {} has no curves", self.name)));
        }
        let report = bench::run(chosen, options)?;
        if let (Some(path), Some(figure)) = (&self.figure, bench::figure(&report)) {
            atomic::write(path, report::svg::figure(&figure))?;
        }
        match &self.json {
            Some(path) => atomic::write(path, serde_json::to_string_pretty(&report.json()).unwrap_or_default()),
            None => output::print_json(&report.json()),
        }
    }
}
