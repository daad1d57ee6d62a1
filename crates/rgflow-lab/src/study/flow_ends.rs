//! Distinct ends of a flow: they are called one only if no pair of them may differ by 0.05 in total variation.

use crate::record::{Cell, Dimension, Quantity};
use rgflow::flow::Ends;

/// Readings of the ends of all starts of one repetition, at the last step.
pub struct FlowEnds {
    /// Number of distinct ends.
    pub count: usize,
    /// Total variation between the two ends that may be farthest apart, and its 95 % interval.
    pub apart: [f64; 3],
    /// T* of each end.
    pub t_star: Vec<f64>,
}

impl FlowEnds {
    /// Whether all ends are shown to be one.
    pub fn is_one(&self) -> bool {
        Ends::is_one(self.apart)
    }
}

/// The ends of the repetition whose ends may be farthest apart.
fn widest(all: &[FlowEnds]) -> [f64; 3] {
    all.iter().map(|ends| ends.apart).fold([0.0; 3], |a, b| if b[2] > a[2] { b } else { a })
}

/// The quantity `KEY.ends_apart`: total variation between the two ends that may be farthest apart, of all repetitions.
///
/// # Panics
/// As [`Quantity::new`].
pub fn apart<const N: usize>(
    key: &str,
    dimensions: [&Dimension; N],
    what: &str,
    of: impl Fn([usize; N]) -> Vec<FlowEnds>,
) -> Quantity<N> {
    let what =
        format!("total variation of P(T) between the two ends that may be farthest apart, 95 % interval, {what}");
    let apart = |place| widest(&of(place));
    let quantity = Quantity::exact(&format!("{key}.ends_apart"), dimensions, "1", &what, |place| apart(place)[0]);
    quantity.map(|place, number| number.interval(Some([Some(apart(place)[1]), Some(apart(place)[2])])))
}

/// Distance between the ends, unless all pairs of all repetitions are shown to be one.
fn spread(all: &[FlowEnds]) -> Option<String> {
    let [_, low, high] = widest(all);
    let stars = || all.iter().flat_map(|ends| ends.t_star.iter().copied());
    let (least, most) = (stars().fold(f64::INFINITY, f64::min), stars().fold(f64::NEG_INFINITY, f64::max));
    let range = format!("T* from {least:.2} to {most:.2}, total variation up to {low:.3} ... {high:.3}");
    (!all.iter().all(FlowEnds::is_one)).then_some(range)
}

/// Number of ends as text: `1`; `1-3`; with the distance if they are not shown to be one.
pub fn text(all: &[FlowEnds]) -> String {
    let (least, most) = all.iter().fold((usize::MAX, 0), |(a, b), ends| (a.min(ends.count), b.max(ends.count)));
    let count = if least < most { format!("{least}-{most}") } else { most.to_string() };
    match spread(all) {
        None => count,
        Some(spread) if most == 1 => format!("not shown to be one: {spread}"),
        Some(spread) => format!("{count}: {spread}"),
    }
}

/// Mean count over repetitions, or [`text`] if the ends are not shown to be one.
pub fn cell(all: &[FlowEnds], count: impl Into<Cell>) -> Cell {
    if all.iter().all(FlowEnds::is_one) { count.into() } else { Cell::text(text(all)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_end_is_said_only_where_it_is_shown() {
        let ends = |count, high| FlowEnds { count, apart: [0.01, 0.0, high], t_star: vec![2.0, 2.25] };
        assert_eq!(text(&[ends(1, 0.03), ends(1, 0.04)]), "1");
        let wide = "T* from 2.00 to 2.25, total variation up to 0.000 ... 0.060";
        assert_eq!(text(&[ends(1, 0.03), ends(1, 0.06)]), format!("not shown to be one: {wide}"));
        assert_eq!(text(&[ends(1, 0.03), ends(3, 0.06)]), format!("1-3: {wide}"));
    }
}
