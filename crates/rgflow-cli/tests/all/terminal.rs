//! The screen of a user on a terminal of 60 or 80 columns: a header, one line that is drawn again and again, and the
//! summary; nothing is wrapped by the terminal. The terminal is that of `script` (util-linux); where there is none,
//! nothing is tried.

use crate::common::small::SMALL;
use std::path::Path;
use std::process::Command;

/// Output of `rgflow ARGUMENTS` on a terminal of `columns`, in the lines that are drawn; `None` without `script`.
pub fn on_terminal(dir: &Path, arguments: &[&str], columns: usize) -> Option<Vec<String>> {
    let quoted = |word: &&str| format!("'{word}'");
    let words = arguments.iter().map(quoted).collect::<Vec<_>>().join(" ");
    let line = format!("stty cols {columns} rows 30; exec '{}' {words}", env!("CARGO_BIN_EXE_rgflow"));
    let mut command = Command::new("script");
    command.args(["-qec", &line, "/dev/null"]).current_dir(dir).env("TERM", "xterm").env_remove("COLUMNS");
    let out = command.output().ok().filter(|_| cfg!(target_os = "linux"))?;
    let text = String::from_utf8(out.stdout).expect("UTF-8");
    assert!(out.status.success(), "{text}");
    // A sequence of the terminal begins a new place.
    let (mut plain, mut letters) = (String::new(), text.chars());
    while let Some(letter) = letters.next() {
        match letter {
            '\u{1b}' => {
                let _ = letters.by_ref().find(|c| c.is_ascii_alphabetic());
                plain.push('\n');
            }
            '\r' => plain.push('\n'),
            letter => plain.push(letter),
        }
    }
    Some(plain.lines().map(|line| line.trim_end().to_string()).filter(|line| !line.is_empty()).collect())
}

#[test]
fn nothing_is_wrapped_on_a_terminal() {
    let (name, sets) = SMALL.iter().find(|(name, _)| *name == "toolbox").expect("is there");
    let folder = tempfile::tempdir().expect("temporary folder");
    let sets = sets.concat();
    for (columns, out) in [(60, "narrow"), (80, "wide")] {
        let sets = sets.iter().flat_map(|set| ["--set", *set]);
        let arguments: Vec<&str> = ["run", name, "--seeds", "2", "--out", out].into_iter().chain(sets).collect();
        let Some(lines) = on_terminal(folder.path(), &arguments, columns) else { return };
        let wide: Vec<&String> = lines.iter().filter(|line| line.chars().count() > columns).collect();
        assert!(wide.is_empty(), "{columns}: {wide:#?}");
        // Two seeds of two stages, and the record.
        assert!(lines[0].starts_with("toolbox, seeds 1 to 2: 5 stages, about "), "{lines:#?}");
        assert_eq!(lines[1], format!("  to {out}"));
        let drawn: Vec<&String> = lines.iter().filter(|line| line.contains(" % ") && line.contains(" of 5")).collect();
        let percent = |line: &&String| line.split(" %").next().and_then(|p| p.trim().parse::<u32>().ok());
        let percents: Vec<u32> = drawn.iter().filter_map(percent).collect();
        assert!(!percents.is_empty() && percents.len() == drawn.len(), "{drawn:#?}");
        assert!(percents.windows(2).all(|two| two[0] <= two[1]), "{percents:?}");
        assert_eq!(lines.last().map(String::as_str), Some(format!("{out}/report.html").as_str()));
    }
    let list = on_terminal(folder.path(), &["list"], 60).unwrap_or_default();
    assert!(list.iter().all(|line| line.chars().count() <= 60), "{list:#?}");
}
