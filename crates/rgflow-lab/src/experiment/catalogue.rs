//! Catalogue of the finished runs below a folder, for lists.

use super::{AnyExperiment, about};
use crate::artifact::progress::duration;
use crate::artifact::provenance::{self, Provenance};
use crate::artifact::{inside, load_config, load_record, settings};
use crate::record::{Number, Record};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::SystemTime;

/// Levels of folders that [`runs`] looks into.
const DEPTH: usize = 4;

/// Usual time of an experiment, from the plan of its recipe.
#[derive(Clone, Copy, Debug)]
pub struct UsualTime {
    /// Repetitions by default.
    pub repetitions: u32,
    /// Seconds of one of them on two cores.
    pub seconds: f64,
}

impl UsualTime {
    /// Of the recipe of `experiment` as it is.
    pub fn of(experiment: &dyn AnyExperiment) -> Self {
        let about = experiment.about();
        let plan = settings::resolve(about.recipe, None, &[]).map(|recipe| experiment.plan(&recipe));
        let plan = plan.unwrap_or_default();
        Self { repetitions: about.repetitions, seconds: plan.seconds() / 2.0 + plan.record_seconds }
    }
}

impl std::fmt::Display for UsualTime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.repetitions {
            1 => f.write_str(&duration(self.seconds)),
            n => write!(f, "{n} x {}", duration(self.seconds)),
        }
    }
}

/// A finished run.
#[derive(Clone, Debug, Serialize)]
pub struct RunEntry {
    /// The run folder.
    pub dir: PathBuf,
    /// Name of the experiment.
    pub experiment: String,
    /// Start of the run in UTC, such as `2026-01-31T09:05:00Z`; of runs of older versions the time of their
    /// configuration.
    pub date: Option<String>,
    /// Settings that differ from the recipe, as `KEY=VALUE`.
    pub changed: Vec<String>,
    /// Note of the user.
    pub note: Option<String>,
    /// The number that answers the question of the experiment first.
    pub headline: Option<Number>,
}

/// Finished runs in `root` and in the folders below it, by path. Links are not followed; folders that cannot be read
/// are left out.
pub fn runs(root: &Path) -> Vec<RunEntry> {
    let mut found = Vec::new();
    let mut folders = vec![(root.to_path_buf(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        let is_file = |name: &str| inside::check_one(&folder.join(name)).is_ok() && folder.join(name).is_file();
        if is_file("config.toml") && is_file(provenance::FILE) {
            found.extend(entry(&folder));
            continue;
        }
        if depth < DEPTH {
            let inner = std::fs::read_dir(&folder).into_iter().flatten().flatten();
            let inner = inner.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
            folders.extend(inner.map(|entry| (entry.path(), depth + 1)));
        }
    }
    found.sort_by(|a: &RunEntry, b| a.dir.cmp(&b.dir));
    found
}

fn entry(dir: &Path) -> Option<RunEntry> {
    let provenance = Provenance::read(dir).filter(|provenance| provenance.finished)?;
    let config: toml::Table = load_config(dir).ok()?.parse().ok()?;
    let record = load_record(dir).ok()?;
    let modified = || std::fs::metadata(dir.join("config.toml")).and_then(|file| file.modified()).ok();
    let text = |time: SystemTime| provenance::utc(time);
    Some(RunEntry {
        dir: dir.into(),
        experiment: config.get("experiment")?.as_str()?.into(),
        date: provenance.date.or_else(|| modified().map(text)),
        changed: changed(&config),
        note: provenance.origin.note,
        headline: headline(&record).cloned(),
    })
}

/// Settings in the `config` of a run that differ from the recipe of its experiment, as `KEY=VALUE`; seeds other than 1,
/// 2, ... of the usual number are among them.
pub fn changed(config: &toml::Table) -> Vec<String> {
    let Some(about) = config.get("experiment").and_then(|name| about(name.as_str()?)) else { return vec![] };
    let mut changed = settings::changes(about.recipe, config);
    let usual: Vec<i64> = (1..=i64::from(about.repetitions)).collect();
    let seeds = config.get("seeds").and_then(|seeds| seeds.as_array());
    let seeds: Option<Vec<i64>> = seeds.and_then(|seeds| seeds.iter().map(toml::Value::as_integer).collect());
    if let Some(seeds) = seeds.filter(|seeds| *seeds != usual) {
        changed.push(match seeds.as_slice() {
            [first, .., last] if *last - *first == seeds.len() as i64 - 1 => format!("seeds={first}..{last}"),
            _ => format!("seeds={}", seeds.iter().map(i64::to_string).collect::<Vec<_>>().join(",")),
        });
    }
    changed
}

/// The number of the first claim, or else ln p of test data, or else the first number.
pub fn headline(record: &Record) -> Option<&Number> {
    let claimed = record.claims.iter().find_map(|claim| record.number(&claim.number));
    let likelihood = || record.numbers.iter().find(|number| number.key.ends_with("log_likelihood.test"));
    claimed.or_else(likelihood).or_else(|| record.numbers.first())
}

static NUMBERS: LazyLock<BTreeMap<String, Vec<String>>> =
    LazyLock::new(|| toml::from_str(include_str!("numbers.toml")).expect("is tested"));

/// Key of a number with `#` for every number in it: `a.T2.25.b` is `a.T#.b`.
fn pattern(key: &str) -> String {
    let mut pattern = String::new();
    for part in key.split('.') {
        let mut text = String::new();
        for c in part.chars() {
            match c {
                '0'..='9' if text.ends_with('#') => {}
                '0'..='9' => text.push('#'),
                c => text.push(c),
            }
        }
        let is_fraction = text == "#" && pattern.ends_with('#');
        if !is_fraction {
            pattern += if pattern.is_empty() { "" } else { "." };
            pattern += &text;
        }
    }
    pattern
}

/// Keys of the numbers of the experiment `name` as far as they are the same whatever its settings; none if it is not in
/// the catalogue.
pub fn numbers(name: &str) -> Vec<String> {
    let own = pattern(name);
    let all = NUMBERS.get(name).into_iter().flatten();
    // The name of the experiment may hold numbers itself.
    let all = all.map(|key| key.strip_prefix(&own).map_or_else(|| key.clone(), |rest| format!("{name}{rest}")));
    all.filter(|key| !key.contains('#')).collect()
}

/// Whether runs of the experiment `name` may have a number called `key`: a known one, or one of known parts and of
/// words in the recipe or in `settings`, which are the texts that change it. True for an experiment that is not in the
/// catalogue.
pub fn has_number(name: &str, key: &str, settings: &str) -> bool {
    let Some(known) = NUMBERS.get(name) else { return true };
    let recipe = about(name).map_or("", |about| about.recipe);
    let is_known = |part: &str| known.iter().any(|key| key.split('.').any(|known| known == part));
    let asked = pattern(key);
    let starts = known.iter().any(|known| known.split('.').next() == asked.split('.').next());
    starts && asked.split('.').all(|part| is_known(part) || recipe.contains(part) || settings.contains(part))
}

/// The known number of the experiment `name` nearest to `key`, with `#` for any number in it.
pub fn nearest_number(name: &str, key: &str) -> Option<&'static str> {
    let asked = pattern(key);
    settings::nearest(&asked, NUMBERS.get(name)?.iter().map(String::as_str))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_from_the_recipe_is_named() {
        let recipe = about("ising-2d").unwrap().recipe;
        let with = |sets: &[&str], seeds: &str| {
            let sets: Vec<String> = sets.iter().map(ToString::to_string).collect();
            let mut config = settings::resolve(recipe, None, &sets).unwrap();
            config.insert("experiment".into(), "ising-2d".into());
            config.insert("seeds".into(), seeds.parse::<toml::Value>().unwrap());
            changed(&config)
        };
        assert_eq!(with(&[], "[1, 2, 3]"), Vec::<String>::new());
        assert_eq!(with(&["rbm.hidden=9", "rbm.epochs=7"], "[1]"), ["rbm.epochs=7", "rbm.hidden=9", "seeds=1"]);
        assert_eq!(with(&[], "[5, 6, 7]"), ["seeds=5..7"]);
        assert_eq!(with(&[], "[5, 9]"), ["seeds=5,9"]);
    }

    #[test]
    fn the_headline_is_the_first_claim() {
        let numbers = vec![Number::new("a", 1.0, None, "1", ""), Number::new("b", 2.0, None, "1", "")];
        let mut record = Record { numbers, ..Record::default() };
        assert_eq!(headline(&record).unwrap().key, "a");
        record.claims = vec![crate::record::Claim::new("fig1", "", "b")];
        assert_eq!(headline(&record).unwrap().key, "b");
    }
    #[test]
    fn a_number_of_an_experiment_is_known_whatever_the_numbers_in_it() {
        assert_eq!(pattern("a.T2.25.b10.c"), "a.T#.b#.c");
        assert!(has_number("ising-2d", "ising-2d.rbm.all.gibbs.T_star", ""));
        assert!(has_number("ising-2d", "ising-2d.samples.T4.75.energy", ""));
        assert!(!has_number("ising-2d", "ising-2d.rbm.all.gibs.T_star", ""));
        assert!(
            has_number("mcrg", "mcrg.majority.mine.y_t", "mine") || !has_number("mcrg", "mcrg.majority.mine.y_t", "")
        );
        assert!(!has_number("ising-2d", "T_star", ""));
        let near = nearest_number("ising-2d", "ising-2d.rbm.all.gibs.T_star");
        assert_eq!(near, Some("ising-#d.rbm.all.gibbs.T_star"));
        assert!(super::super::ALL.iter().all(|e| NUMBERS.contains_key(e.about().name)));
    }
}
