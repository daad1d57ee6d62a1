//! `rgflow sample --until`: how far it goes by default, what was reached and what was not.

use rgflow_lab::artifact::Error;
use rgflow_lab::dataset::sampled::Sampled;
use rgflow_lab::dataset::sampled::until::{FIRST_LOOK, Target};
use std::path::Path;

/// Bytes of spins up to which --until goes on by default.
const BYTES: usize = 1 << 30;

/// Configurations at each temperature by default, where each takes `sites` bytes at all temperatures.
pub fn most(targets: &[Target], sites: usize) -> usize {
    if targets.is_empty() { 1000 } else { (BYTES / sites.max(1)).clamp(FIRST_LOOK, 1_000_000) }
}

/// What each temperature reached with how many configurations, and how many were too few.
pub fn looks(targets: &[Target], drawn: &[Sampled]) -> String {
    let all: Vec<String> = targets.iter().map(ToString::to_string).collect();
    let mut text = if targets.is_empty() { String::new() } else { format!("Until {}:\n", all.join(" and ")) };
    for s in drawn {
        let Some((outcome, [earlier @ .., last])) = s.until.as_ref().map(|outcome| (outcome, &outcome.looks[..]))
        else {
            continue;
        };
        let values: Vec<String> = targets.iter().map(|target| last.value(*target)).collect();
        let earlier: Vec<String> = earlier.iter().map(|look| look.n.to_string()).collect();
        let reached = if outcome.reached { "" } else { ", which is not enough" };
        let few = if earlier.is_empty() { String::new() } else { format!("; {} were too few", list(&earlier)) };
        text += &format!("T = {}: {} configurations have {}{reached}{few}\n", s.temperature, last.n, list(&values));
    }
    text
}

/// "a, b and c".
fn list(words: &[String]) -> String {
    match words {
        [first @ .., last] if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        _ => words.concat(),
    }
}

/// Says what was not reached; the file is kept.
///
/// # Errors
/// [`Error::Failure`] if a target was not reached.
pub fn not_reached(targets: &[Target], drawn: &[Sampled], out: &Path) -> Result<(), Error> {
    let missed: Vec<&Sampled> = drawn.iter().filter(|s| s.until.as_ref().is_some_and(|until| !until.reached)).collect();
    let Some(last) = missed.first().and_then(|s| s.until.as_ref()?.looks.last()) else { return Ok(()) };
    let at: Vec<String> = missed.iter().map(|s| s.temperature.to_string()).collect();
    let all: Vec<String> = targets.iter().map(ToString::to_string).collect();
    let why = if last.is_doubtful { "; its chains have warnings, so their errors do not count" } else { "" };
    Err(Error::failure(format!(
        "{}: written, but {} configurations do not reach {} at T = {}{why}; give a larger --n, another --sampler or a \
         weaker --until",
        out.display(),
        last.n,
        all.join(" and "),
        at.join(", ")
    )))
}
