//! Which method of training gives the best machine in equal time: ln p of test samples, exact, on four kinds of data.
//!
//! `cargo run --release -p rgflow --example methods -- [--seconds 2] [--seeds 10] [--data ising,digits,clusters,mnist]
//! [--mnist FOLDER] [--hidden UNITS] [--only "END;END"]`
//!
//! Seconds are CPU seconds of the process, which runs on one thread. Each method has the learning rate that was best on
//! validation samples with a seed apart, and as many updates as fit into the seconds by a calibration. The result is a
//! table for `docs/design/training.md`.

mod data;
mod methods;
mod race;

use std::error::Error;
use std::path::PathBuf;

/// Settings of the command line.
struct Arguments {
    seconds: f64,
    seeds: u64,
    data: Vec<String>,
    mnist: Option<PathBuf>,
    /// Hidden units, at most 25, in place of those of each kind of data.
    hidden: Option<usize>,
    /// Ends of the names of the methods to compare, with `;` between them.
    only: Option<String>,
}

impl Arguments {
    fn parse(mut given: impl Iterator<Item = String>) -> Result<Self, Box<dyn Error>> {
        let all = ["ising", "digits", "clusters", "mnist"].map(String::from).to_vec();
        let mut arguments = Self { seconds: 2.0, seeds: 10, data: all.clone(), mnist: None, hidden: None, only: None };
        while let Some(name) = given.next() {
            let value = given.next().ok_or_else(|| format!("{name}: needs a value"))?;
            match name.as_str() {
                "--seconds" => arguments.seconds = value.parse().map_err(|e| format!("--seconds {value}: {e}"))?,
                "--seeds" => arguments.seeds = value.parse().map_err(|e| format!("--seeds {value}: {e}"))?,
                "--data" => arguments.data = value.split(',').map(String::from).collect(),
                "--mnist" => arguments.mnist = Some(value.into()),
                "--hidden" => arguments.hidden = Some(value.parse().map_err(|e| format!("--hidden {value}: {e}"))?),
                "--only" => arguments.only = Some(value),
                _ => {
                    return Err(
                        format!("{name}: must be --seconds, --seeds, --data, --mnist, --hidden or --only").into()
                    );
                }
            }
        }
        if !(arguments.seconds > 0.0 && arguments.seconds.is_finite()) {
            return Err(format!("--seconds {}: must be > 0 and finite", arguments.seconds).into());
        }
        if let Some(hidden) = arguments.hidden.filter(|hidden| !(1..=25).contains(hidden)) {
            return Err(format!("--hidden {hidden}: must be 1 to 25, where ln Z is exact").into());
        }
        if let Some(unknown) = arguments.data.iter().find(|name| !all.contains(name)) {
            return Err(format!("--data {unknown}: must be of {}", all.join(", ")).into());
        }
        Ok(arguments)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse(std::env::args().skip(1))?;
    // CPU time is that of all threads.
    rayon::ThreadPoolBuilder::new().num_threads(1).build_global()?;
    for name in &arguments.data {
        let data = match (name.as_str(), &arguments.mnist) {
            ("ising", _) => data::ising()?,
            ("digits", _) => data::digits()?,
            ("clusters", _) => data::clusters(),
            (_, Some(folder)) => data::mnist(folder)?,
            (_, None) => {
                eprintln!(
                    "mnist is left out: give the folder of its files by --mnist (`rgflow data mnist` fetches them)"
                );
                continue;
            }
        };
        let data = data::Data { n_hidden: arguments.hidden.unwrap_or(data.n_hidden), ..data };
        let rows = race::run(&data, &arguments)?;
        println!("{}", race::table(&data, &rows));
    }
    Ok(())
}
