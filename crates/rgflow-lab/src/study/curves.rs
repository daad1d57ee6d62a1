//! Curves that most figures of flows are made of.

use crate::record::{Curve, Dimension, Repeated, Sample, Style};

/// P(T) over the temperatures `grid`, mean over repetitions: a curve for each of the temperatures `starts`, in its
/// colour.
pub fn p_of_t<'a, F, S: Sample>(
    over: &Repeated<'a, F>,
    grid: &Dimension,
    starts: &Dimension,
    of: impl Fn(&'a F, [usize; 2]) -> S,
) -> Vec<Curve> {
    let p = over.shown([starts, grid], of);
    let hottest = grid.x().last().copied().unwrap_or(1.0);
    let one = |k: usize| {
        let curve = grid.curve(format!("T = {}", starts.word(k)), |j| p.at((k, j))).style(Style::Line);
        curve.colour(Some((starts.x()[k] / hottest).clamp(0.0, 1.0)))
    };
    starts.places().map(one).collect()
}
