//! Samples whose rows are more alike than their autocorrelation time allows: their averages would have errors that are
//! too small.

use super::Part;
use crate::dataset::independence;
use ndarray::ArrayView1;
use std::hash::{DefaultHasher, Hasher};

/// Distance in tau_int at which configurations of a chain count as independent: a correlation of e^{-5} is too small to
/// be noticed.
const APART: f64 = 5.0;

/// A warning if rows that should be independent are not: all rows where tau_int is 1/2, else those that are [`APART`].
///
/// `chains`: rows of each chain in the order of `part`; `spins`: spins of a row. Only |m| and equality up to a global
/// flip are used, as a chain may stay in one phase.
pub(super) fn warning<'a>(
    part: &Part,
    chains: &[Vec<usize>],
    spins: impl Fn(usize) -> ArrayView1<'a, i8>,
) -> Option<String> {
    let step = if part.tau_int > 0.5 { (APART * part.tau_int).ceil() as usize } else { 1 };
    let name = |row: usize| {
        let spins = spins(row);
        let mut hasher = DefaultHasher::new();
        spins.iter().for_each(|s| hasher.write_u8(u8::from(*s == spins[0])));
        hasher.finish()
    };
    let (mut first, mut kept, mut names) = (0, Vec::new(), Vec::new());
    for chain in chains {
        kept.extend((first..first + chain.len()).step_by(step));
        names.extend(chain.iter().step_by(step).map(|row| name(*row)));
        first += chain.len();
    }
    let of = |value: &dyn Fn(usize) -> f64| kept.iter().map(|i| value(*i)).collect::<Vec<f64>>();
    let what = independence::correlated(&of(&|i| part.energy[i]), &of(&|i| part.m[i].abs()), &names)?;
    let than = if step == 1 {
        "independent samples can be".to_string()
    } else {
        format!("those of a chain with tau_int = {:.1} can be", part.tau_int)
    };
    Some(format!(
        "{}: consecutive rows at T = {} are more alike than {than} ({what}): errors are too small; leave out \
         `n_chains`, `n_eff` and tau_int, so that they are measured, keep every k-th row, or sample longer",
        part.path.display(),
        part.temperature.value()
    ))
}
