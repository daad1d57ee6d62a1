//! Promise: the short help of every command says of every value what holds without it, and groups long lists of flags
//! by headings.

use crate::common::rgflow;

/// Help of `rgflow COMMAND -h` and of all commands below it.
fn walk(command: &[String], take: &mut impl FnMut(&str, &str)) {
    let mut words: Vec<&str> = command.iter().map(String::as_str).collect();
    words.push("-h");
    let text = rgflow(&words).success().stdout;
    take(&command.join(" "), &text);
    let inner = text.split_once("\nCommands:\n").map_or("", |(_, rest)| rest.split("\n\n").next().unwrap_or_default());
    let is_name = |line: &&str| line.starts_with("  ") && !line.starts_with("   ");
    for name in inner.lines().filter(is_name).filter_map(|line| line.split_whitespace().next()) {
        if name != "help" {
            walk(&[command, &[name.to_string()]].concat(), take);
        }
    }
}

/// Entries of a help: the heading, the words that name the argument, and its text on one line.
fn entries(help: &str) -> Vec<(String, String, String)> {
    let mut found: Vec<(String, String, String)> = Vec::new();
    let mut heading = String::new();
    for line in help.split("\nExamples:").next().unwrap_or_default().lines() {
        let text = line.trim_start();
        let depth = line.len() - text.len();
        let is_entry = (depth == 2 || depth == 6) && (text.starts_with(['-', '[', '<']));
        if depth == 0 {
            heading = text.trim_end_matches(':').into();
        } else if is_entry {
            let (name, rest) = text.split_once("  ").unwrap_or((text, ""));
            found.push((heading.clone(), name.into(), rest.trim().into()));
        } else if let Some(last) = found.last_mut().filter(|last| last.0 == heading) {
            last.2 += &format!(" {text}");
        }
    }
    found
}

#[test]
fn every_value_says_what_holds_without_it() {
    let (mut wrong, mut n, mut commands) = (Vec::new(), 0, 0);
    walk(&[], &mut |command, help| {
        let all = entries(help);
        commands += 1;
        assert!(all.iter().any(|(_, name, _)| name.contains("--help")), "{help}");
        let of_values = all.iter().filter(|(_, name, _)| name.contains('<') || name.starts_with('['));
        for (heading, name, text) in of_values {
            n += 1;
            let is_positional = heading == "Arguments" && name.starts_with('<');
            if !is_positional && !text.contains("[default:") && !text.contains("[required") {
                wrong.push(format!("rgflow {command}: {name}: {text}"));
            }
        }
        let mut groups: Vec<&str> = all.iter().map(|(heading, ..)| heading.as_str()).collect();
        groups.dedup();
        let plain = all.iter().filter(|(heading, ..)| heading == "Options").count();
        if plain > 6 {
            wrong.push(format!("rgflow {command}: {plain} flags without a heading"));
        }
        let mut once = groups.clone();
        once.sort_unstable();
        once.dedup();
        if once.len() != groups.len() {
            wrong.push(format!("rgflow {command}: headings {groups:?}"));
        }
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(n > 200 && commands > 20, "{n} values of {commands} commands");
}
