//! Candidates for the next word: experiments, items of the thesis, and settings and numbers of the experiment that is
//! named on the line.

use clap_complete::engine::{ArgValueCompleter, CompletionCandidate, PathCompleter, ValueCompleter};
use rgflow_lab::artifact::recipe::{self, Key};
use rgflow_lab::artifact::settings::UserFile;
use rgflow_lab::experiment::{ALL, About, AnyExperiment, Item, about, catalogue};
use std::ffi::OsStr;
use std::path::Path;

/// Names of experiments, and TOML files.
pub fn experiments() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &OsStr| {
        let names = ALL.iter().map(|experiment| experiment.about()).map(|about| candidate(about.name, about.summary));
        let files = PathCompleter::any().filter(|path| path.extension().is_some_and(|e| e == "toml")).complete(current);
        names.filter(|name| begins(name, current)).chain(files).collect()
    })
}

/// Numbers of figures and tables, and `all`.
pub fn items() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &OsStr| {
        let all = candidate("all", "every item");
        let items = [all].into_iter().chain(Item::all().map(|item| candidate(&item.id, &item.title)));
        items.filter(|item| begins(item, current)).collect()
    })
}

/// `KEY=` of the settings of the experiment on the line, and after it the values that the recipe names.
pub fn sets() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &OsStr| settings(current, false))
}

/// As [`sets`], for a list of values.
pub fn axes() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &OsStr| settings(current, true))
}

/// Keys of numbers of the experiment on the line.
pub fn numbers() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &OsStr| {
        let names = asked(&line()).into_iter().flat_map(|about| catalogue::numbers(about.name));
        names.map(CompletionCandidate::new).filter(|number| begins(number, current)).collect()
    })
}

fn candidate(value: &str, help: &str) -> CompletionCandidate {
    CompletionCandidate::new(value).help((!help.is_empty()).then(|| help.to_string().into()))
}

fn begins(candidate: &CompletionCandidate, current: &OsStr) -> bool {
    candidate.get_value().as_encoded_bytes().starts_with(current.as_encoded_bytes())
}

fn settings(current: &OsStr, is_list: bool) -> Vec<CompletionCandidate> {
    let keys = common_keys(&asked(&line()));
    let all: Vec<CompletionCandidate> = match current.to_str().and_then(|text| text.split_once('=')) {
        Some((name, given)) => {
            let head = given.rfind(',').filter(|_| is_list).map_or("", |comma| &given[..=comma]);
            let of = |key: &Key| key.values().into_iter().map(|value| format!("{name}={head}{value}")).collect();
            let values: Vec<String> = keys.iter().find(|key| key.name == name).map(of).unwrap_or_default();
            values.into_iter().map(CompletionCandidate::new).collect()
        }
        None => keys.iter().map(|key| candidate(&format!("{}=", key.name), &help(key))).collect(),
    };
    all.into_iter().filter(|one| begins(one, current)).collect()
}

fn help(key: &Key) -> String {
    let gap = if key.meaning.is_empty() { "" } else { "  " };
    format!("{}{gap}[default: {}]", key.meaning, key.default)
}

/// Keys that all of the recipes have: a setting is for every experiment of the command.
fn common_keys(all: &[&About]) -> Vec<Key> {
    let mut lists = all.iter().map(|about| recipe::keys(about.recipe));
    let first = lists.next().unwrap_or_default();
    lists.fold(first, |common, list| {
        common.into_iter().filter(|key| list.iter().any(|other| other.name == key.name)).collect()
    })
}

/// The words of the command line in question, without the name of the program.
fn line() -> Vec<String> {
    let words = std::env::args_os().skip_while(|word| word != "--").skip(2);
    words.map(|word| word.to_string_lossy().into_owned()).collect()
}

/// The experiments that a command line is about.
fn asked(words: &[String]) -> Vec<&'static About> {
    let plain: Vec<&str> = words.iter().map(String::as_str).filter(|word| !word.starts_with('-')).collect();
    let one = |name: &str| about(name).into_iter().collect();
    match plain.as_slice() {
        ["train", "rbm", ..] => one("train-rbm"),
        ["train", "thermometer", ..] => one("train-thermometer"),
        ["flow", ..] => one("flow"),
        ["rg", "mcrg", ..] => one("mcrg"),
        ["rg", "neural", ..] => one("neural-rg"),
        ["run" | "scan", rest @ ..] => rest.iter().find_map(|word| experiment(word)).into_iter().collect(),
        ["reproduce", rest @ ..] => {
            let is_asked =
                |name: &str| Item::of(name).any(|item| rest.iter().any(|word| *word == item.id || *word == "all"));
            ALL.iter().map(|experiment| experiment.about()).filter(|about| is_asked(about.name)).collect()
        }
        _ => vec![],
    }
}

/// The experiment of this name, or that a TOML file names.
fn experiment(word: &str) -> Option<&'static About> {
    let find =
        |name: &str| ALL.iter().map(|experiment: &&dyn AnyExperiment| experiment.about()).find(|a| a.name == name);
    find(word).or_else(|| {
        let path = Path::new(word);
        path.extension().filter(|e| *e == "toml")?;
        find(&UserFile::read(path).ok()?.experiment)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(line: &str) -> Vec<&'static str> {
        let words: Vec<String> = line.split(' ').map(String::from).collect();
        asked(&words).iter().map(|about| about.name).collect()
    }

    #[test]
    fn the_experiment_is_the_one_on_the_line() {
        assert_eq!(names("run -q ising-2d --seeds 3 --set"), ["ising-2d"]);
        assert_eq!(names("train rbm a.npz --set rbm"), ["train-rbm"]);
        assert_eq!(names("rg mcrg --set"), ["mcrg"]);
        assert_eq!(names("reproduce fig4.6 figB.1 --set"), ["ising-2d", "neural-rg"]);
        assert_eq!(names("reproduce all --set").len(), ALL.len());
        assert!(names("run nonsense --set").is_empty() && names("inspect runs/ising-2d").is_empty());
        let both = common_keys(&["ising-2d", "neural-rg"].map(|name| about(name).unwrap()));
        let one = common_keys(&[about("ising-2d").unwrap()]);
        assert!(both.len() < one.len() && one.iter().any(|key| key.name == "rbm.epochs"));
    }
}
