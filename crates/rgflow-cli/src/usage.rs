//! Mistakes in the command line as one line: the problem, then what would do.

use clap::CommandFactory;
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// The message of `error` on one line without `error: `; `words` are the arguments after the name of the program.
pub fn line(error: &clap::Error, words: &[String]) -> String {
    let text = error.to_string();
    let (said, rest) = text.split_once("\n\nUsage:").unwrap_or((text.as_str(), ""));
    let said = said.split("\n\nFor more information").next().unwrap_or_default();
    let mut problem = String::new();
    for part in said.strip_prefix("error: ").unwrap_or(said).lines().map(str::trim).filter(|part| !part.is_empty()) {
        // The remedy says both.
        if part.contains("to pass '-") || part.starts_with("tip: a similar argument exists") {
            continue;
        }
        let part = part.strip_prefix("tip: ").unwrap_or(part);
        let gap = match problem.chars().last() {
            None => "",
            Some(':') => " ",
            _ if part.starts_with('[') => " ",
            Some(_) if problem.ends_with("provided") => ": ",
            _ => "; ",
        };
        problem += &format!("{gap}{part}");
    }
    let problem = problem.replace("invalid digit found in string", "not a whole number");
    let problem = problem.replace("invalid float literal", "not a number");
    let is_said = problem.contains("; write ");
    let remedy = remedy(error, words).or(is_said.then(String::new)).unwrap_or_else(|| {
        let command: Vec<&str> = rest.split_whitespace().take_while(|word| word.chars().all(is_of_a_name)).collect();
        let command = if command.is_empty() { asked(words) } else { command.join(" ") };
        format!("`{command} --help` shows what there is")
    });
    if remedy.is_empty() { problem } else { format!("{problem}; {remedy}") }
}

fn is_of_a_name(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit()
}

/// The program and the commands among the first words.
fn asked(words: &[String]) -> String {
    let mut command = crate::Arguments::command();
    let mut names = vec!["rgflow"];
    for word in words.iter().filter(|word| !word.starts_with('-')) {
        let Some(inner) = command.find_subcommand(word) else { break };
        names.push(word);
        command = inner.clone();
    }
    names.join(" ")
}

/// The commands below the one that `words` name, where these are few.
fn commands(words: &[String]) -> Option<String> {
    let mut command = crate::Arguments::command();
    for word in words.iter().filter(|word| !word.starts_with('-')) {
        let Some(inner) = command.find_subcommand(word) else { break };
        command = inner.clone();
    }
    let names: Vec<&str> =
        command.get_subcommands().map(|inner| inner.get_name()).filter(|name| *name != "help").collect();
    (1..=6).contains(&names.len()).then(|| names.join(", "))
}

/// The flag that a short one stands for in other programs.
fn long_flag(words: &[String], found: &str) -> Option<String> {
    let all = [
        ("-L", "--size", "sample exact rg"),
        ("-T", "--temperature", "sample exact"),
        ("-t", "--temperature", "sample exact"),
        ("-n", "--n", "sample"),
        ("-s", "--seed", "run sample train flow rg scan reproduce"),
        ("-o", "--out", "run sample train flow rg scan reproduce"),
        ("-j", "--threads", "run sample train flow rg scan reproduce"),
        ("-e", "--epochs", "train"),
    ];
    let command = words.iter().find(|word| !word.starts_with('-'))?;
    let is_of = |of: &str| of.split(' ').any(|one| one == command);
    let value = words.iter().skip_while(|word| *word != found).nth(1).map_or("VALUE", String::as_str);
    all.iter().find(|(short, _, of)| *short == found && is_of(of)).map(|(_, long, _)| format!("write {long} {value}"))
}

/// Remedy for a value without its flag: `found` is no argument of this command.
fn misplaced(words: &[String], found: &str) -> Option<String> {
    let ends = |ending: &str| found.to_ascii_lowercase().ends_with(ending);
    let is_number = found.chars().next().is_some_and(|c| c.is_ascii_digit()) && !found.contains('.');
    let words: Vec<&str> = words.iter().map(String::as_str).filter(|word| !word.starts_with('-')).collect();
    Some(match (words.as_slice(), found.contains('=')) {
        (["run" | "flow" | "train" | "rg", ..], true) => format!("a setting is given by --set {found}"),
        (["scan", ..], true) if found.contains(',') => format!("write --axis {found}"),
        (["scan", ..], true) => format!("write --set {found}, or --axis with several values"),
        (["run" | "scan", ..], _) => {
            "one experiment is run; settings are given with --set KEY=VALUE, a folder with --out DIR".into()
        }
        (["sample", ..], _) if [".npz", ".npy", ".csv"].iter().any(|e| ends(e)) => format!("write --out {found}"),
        (["sample" | "exact", ..], _) if is_number => format!("write --size {found}"),
        (["data", ..], _) => format!("a folder with the files is given by --from {found}"),
        (["completions", ..], _) => "write it to a file: rgflow completions SHELL > FILE".into(),
        (["man", ..], _) => format!("write --out {found}"),
        (["inspect", ..], false) => {
            format!("one folder or file is shown; the numbers with {found} in their key by --numbers {found}")
        }
        _ => return None,
    })
}

/// Remedy for a mistake that is easily made, if this is one.
fn remedy(error: &clap::Error, words: &[String]) -> Option<String> {
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    match error.kind() {
        ErrorKind::UnknownArgument => {
            let found = context(ContextKind::InvalidArg)?;
            if let Some(near) = context(ContextKind::SuggestedArg) {
                return Some(format!("write {near}"));
            }
            let at = words.iter().rposition(|word| word == found)?;
            if let [.., flag, key] = &words[..at]
                && flag == "--set"
                && !key.contains('=')
                && !found.starts_with("--")
            {
                return Some(format!("write --set {key}={found}"));
            }
            if let [.., flag, first] = &words[..at]
                && flag == "--size"
                && found.chars().all(|c| c.is_ascii_digit())
            {
                return Some(format!("write --size {first}x{found}"));
            }
            if let Some(flag) = words[..at].last().filter(|_| found.starts_with('-') && found.parse::<f64>().is_ok()) {
                return Some(format!("{flag} takes no negative number"));
            }
            if found.starts_with('-') { long_flag(words, found) } else { misplaced(words, found) }
        }
        ErrorKind::ValueValidation => {
            let (flag, value) = (context(ContextKind::InvalidArg)?, context(ContextKind::InvalidValue)?);
            let point = value.replace(',', ".");
            let is_number = error.to_string().contains("invalid float literal") && point.parse::<f64>().is_ok();
            let flag = flag.split_whitespace().next().unwrap_or(flag);
            if flag == "--seeds" {
                return several_seeds(value);
            }
            let whole = error.to_string().contains("invalid digit").then(|| whole_number(value)).flatten();
            whole.map(|n| format!("write {flag} {n}")).or_else(|| is_number.then(|| format!("write {flag} {point}")))
        }
        ErrorKind::InvalidSubcommand => {
            let found = context(ContextKind::InvalidSubcommand)?;
            let is_file = std::path::Path::new(found).extension().is_some();
            match words.first().map(String::as_str) {
                Some("train") if is_file => Some(format!(
                    "name the machine first: rgflow train rbm {found}, or rgflow train thermometer {found}"
                )),
                _ if rgflow_lab::experiment::find(found).is_ok() => Some(format!("write rgflow run {found}")),
                _ if rgflow_lab::experiment::Item::all().any(|item| item.id == found) => {
                    Some(format!("write rgflow reproduce {found}"))
                }
                _ => commands(words).map(|names| format!("there are {} {names}", asked(words))),
            }
        }
        _ => None,
    }
}

/// The whole number that `text` is written as in another way: `1e4`, `2.0`, `10_000`.
fn whole_number(text: &str) -> Option<u64> {
    let value: f64 = text.replace(['_', '\''], "").parse().ok()?;
    (value.fract() == 0.0 && (0.0..1e15).contains(&value)).then_some(value as u64)
}

/// Remedy for seeds that are listed, `1,2,3`, or given as a range, `1..3` or `1-3`: their number is asked for.
fn several_seeds(value: &str) -> Option<String> {
    let seeds: Option<Vec<u32>> =
        value.split([',', '.', '-', ':']).filter(|part| !part.is_empty()).map(|part| part.parse().ok()).collect();
    let seeds = seeds?;
    let [first, .., last] = seeds[..] else { return None };
    let n = last.checked_sub(first)? + 1;
    Some(format!("--seeds is their number, --seed the first; write --seed {first} --seeds {n}"))
}
