//! Lines on stderr for a user or a program: everything except the progress bar is written here.

use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

static AS_JSON: AtomicBool = AtomicBool::new(false);
static QUIET: AtomicBool = AtomicBool::new(false);
static VERBOSE: AtomicBool = AtomicBool::new(false);
static COLOUR: AtomicBool = AtomicBool::new(false);

/// Leaves out every later line but errors.
pub fn set_quiet(on: bool) {
    QUIET.store(on, Ordering::Relaxed);
}

/// Whether only errors are written.
pub fn is_quiet() -> bool {
    QUIET.load(Ordering::Relaxed)
}

/// Writes a line for every stage of a run that ends.
pub fn set_verbose(on: bool) {
    VERBOSE.store(on, Ordering::Relaxed);
}

/// Whether a line is written for every stage.
pub fn is_verbose() -> bool {
    VERBOSE.load(Ordering::Relaxed)
}

/// Writes the words `error`, `warning` and `note` at the beginning of a line in colour.
pub fn set_colour(on: bool) {
    COLOUR.store(on, Ordering::Relaxed);
}

/// Makes every later line an object, as with `--progress json`.
pub fn set_json(on: bool) {
    AS_JSON.store(on, Ordering::Relaxed);
}

/// Whether lines are JSON objects.
pub fn is_json() -> bool {
    AS_JSON.load(Ordering::Relaxed)
}

/// Writes `line`, which may begin with `error: `, `warning: ` or `note: `; write errors are ignored. Control characters
/// are shown as `\u{..}`: names and texts of files may contain them.
pub fn complain(line: &str) {
    if is_quiet() && !line.starts_with("error: ") {
        return;
    }
    let text = shown(line, is_json());
    let colour = COLOUR.load(Ordering::Relaxed) && !is_json();
    let lines = if is_json() { vec![text] } else { wrapped(&text) };
    lines.iter().for_each(|text| write(&if colour { coloured(text) } else { text.clone() }));
}

/// `text` in lines that fit the terminal of stderr; one line where there is no terminal, so that programs find whole
/// sentences.
fn wrapped(text: &str) -> Vec<String> {
    if !std::io::stderr().is_terminal() {
        return vec![text.into()];
    }
    let options = textwrap::Options::new(width()).subsequent_indent("  ").break_words(false);
    textwrap::wrap(text, options.word_splitter(textwrap::WordSplitter::NoHyphenation))
        .into_iter()
        .map(Into::into)
        .collect()
}

/// Reports that `size` bytes are not available; allocates nothing itself.
pub fn out_of_memory(size: usize) {
    let (before, after) = if is_json() { ("{\"event\":\"error\",\"text\":\"", "\"}") } else { ("error: ", "") };
    let _ = writeln!(
        std::io::stderr().lock(),
        "{before}{} MiB more of memory are not to be had (of the machine or within a limit such as `ulimit -v`); ask \
         for less at a time, or take fewer --threads{after}",
        size.div_ceil(1 << 20)
    );
}

/// Writes an object as a line, for `--progress json`.
pub fn object(value: &serde_json::Value) {
    write(&harmless_json(&value.to_string()));
}

/// Columns of the terminal of stderr, at least 40; 80 where there is none. The variable COLUMNS takes its place.
pub fn width() -> usize {
    columns(terminal_size::terminal_size_of(std::io::stderr()))
}

/// The same for stdout.
pub fn width_of_stdout() -> usize {
    columns(terminal_size::terminal_size_of(std::io::stdout()))
}

fn columns(found: Option<(terminal_size::Width, terminal_size::Height)>) -> usize {
    let given = std::env::var("COLUMNS").ok().and_then(|text| text.trim().parse().ok());
    let found = found.map(|(width, _)| usize::from(width.0)).filter(|width| *width > 0);
    given.or(found).unwrap_or(80).max(40)
}

/// The bar that is drawn, if any: lines are written above it.
static BAR: Mutex<Option<indicatif::ProgressBar>> = Mutex::new(None);

/// Sets the bar above which lines are written.
pub(super) fn set_bar(bar: Option<indicatif::ProgressBar>) {
    *BAR.lock().unwrap_or_else(PoisonError::into_inner) = bar;
}

/// Write errors are ignored: a closed pipe must not stop the run.
fn write(line: &str) {
    let bar = BAR.lock().unwrap_or_else(PoisonError::into_inner).clone();
    match bar {
        Some(bar) => bar.suspend(|| write_line(line)),
        None => write_line(line),
    }
}

fn write_line(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// `line` with its first word in bold colour, if that is the kind of a line.
fn coloured(line: &str) -> String {
    let kinds = [("error", 31), ("warning", 33), ("note", 36)];
    let found = kinds.into_iter().find_map(|(kind, code)| Some((kind, code, line.strip_prefix(kind)?)));
    match found {
        Some((kind, code, rest)) if rest.starts_with(": ") => format!("\u{1b}[1;{code}m{kind}\u{1b}[0m{rest}"),
        _ => line.into(),
    }
}

fn shown(line: &str, json: bool) -> String {
    if !json {
        return harmless(line);
    }
    let events = ["error", "warning", "note"];
    let split = events.iter().find_map(|event| Some((*event, line.strip_prefix(event)?.strip_prefix(": ")?)));
    let (event, text) = split.unwrap_or(("message", line));
    harmless_json(&serde_json::json!({ "event": event, "text": text }).to_string())
}

/// Whether a character controls a terminal or reverses the direction of text.
fn steers(c: char) -> bool {
    let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    turns || c.is_control() && c != '\n' && c != '\t'
}

/// `text` with control characters as `\u{..}`: names and texts of files may contain them.
pub fn harmless(text: &str) -> String {
    text.chars().map(|c| if steers(c) { c.escape_unicode().to_string() } else { c.to_string() }).collect()
}

/// The same for JSON, where such characters occur only in strings and are written as `\u009b`.
pub fn harmless_json(text: &str) -> String {
    // All of them have at most four hexadecimal digits.
    text.chars().map(|c| if steers(c) { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() }).collect()
}

#[cfg(test)]
mod tests {
    use super::{coloured, shown};

    #[test]
    fn only_the_kind_of_a_line_is_coloured() {
        assert_eq!(coloured("error: e"), "\u{1b}[1;31merror\u{1b}[0m: e");
        assert_eq!(coloured("warnings: none"), "warnings: none");
    }

    #[test]
    fn every_line_is_an_object_with_the_kind_of_its_event() {
        for (line, event, text) in [
            ("warning: a \"b\"\nc", "warning", "a \"b\"\nc"),
            ("error: e", "error", "e"),
            ("note: n", "note", "n"),
            ("warnings: none", "message", "warnings: none"),
        ] {
            let object = shown(line, true);
            assert!(!object.contains('\n'));
            let value: serde_json::Value = serde_json::from_str(&object).unwrap();
            assert_eq!(value, serde_json::json!({ "event": event, "text": text }));
            assert_eq!(shown(line, false), line);
        }
        assert_eq!(shown("a\u{1b}[2J", false), "a\\u{1b}[2J");
        assert_eq!(shown("a\u{9b}2J\u{202e}", false), "a\\u{9b}2J\\u{202e}");
        assert_eq!(shown("a\u{9b}2J", true), "{\"event\":\"message\",\"text\":\"a\\u009b2J\"}");
    }
}
