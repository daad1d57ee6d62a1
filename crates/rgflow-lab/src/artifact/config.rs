//! `config.toml` of a run folder: experiment, seeds and settings that decide results (no threads, no paths).

use super::Error;
use std::collections::BTreeSet;
use toml::{Table, Value};

/// Name of the configuration file.
pub(super) const FILE: &str = "config.toml";

/// Error text for a run folder without it.
pub(super) const MISSING: &str = "its config.toml is missing; the command that made the run, with --resume, writes it \
    again and keeps the stages that still fit";

/// Text of `config.toml`; `rgflow run` accepts it as a file.
pub(super) fn text(experiment: &str, settings: &Table, seeds: &[u64]) -> Result<String, Error> {
    let mut table = settings.clone();
    let seeds = seeds.iter().map(|s| i64::try_from(*s).map(Value::Integer)).collect::<Result<_, _>>();
    let seeds = seeds.map_err(|_| Error::user("a seed must be below 2^63"))?;
    table.insert("experiment".into(), Value::String(experiment.into()));
    table.insert("seeds".into(), Value::Array(seeds));
    toml::to_string_pretty(&table).map_err(|e| Error::failure(format!("{FILE}: {e}")))
}

/// The experiment that the text of a `config.toml` names.
pub(super) fn experiment(text: &str) -> Option<String> {
    let table: Table = text.parse().ok()?;
    table.get("experiment")?.as_str().map(String::from)
}

/// Whether two configurations are the same but for the seeds.
pub(super) fn differ_in_seeds_alone(there: &str, asked: &str) -> bool {
    let without = |text: &str| -> Option<Table> {
        let mut table: Table = text.parse().ok()?;
        table.remove("seeds");
        Some(table)
    };
    without(there).is_some_and(|there| Some(there) == without(asked))
}

/// The first key in which two configurations differ: ` (rbm.epochs = 50 there, 100 asked for)`.
pub(super) fn difference(there: &str, asked: &str) -> Option<String> {
    fn first(there: &Table, asked: &Table, path: &str) -> Option<String> {
        let keys: BTreeSet<&String> = there.keys().chain(asked.keys()).collect();
        keys.into_iter().find_map(|key| match (there.get(key), asked.get(key)) {
            (Some(Value::Table(a)), Some(Value::Table(b))) => first(a, b, &format!("{path}{key}.")),
            (a, b) if a == b => None,
            (a, b) => {
                let show = |v: Option<&Value>| v.map_or("nothing".into(), |v| v.to_string().replace('\n', " "));
                Some(format!(" ({path}{key} = {} there, {} asked for)", show(a), show(b)))
            }
        })
    }
    first(&there.parse().ok()?, &asked.parse().ok()?, "")
}
