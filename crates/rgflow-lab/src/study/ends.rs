//! How distinct ends of a flow are said: they are one only where no pair of them may differ by 0.05 in total variation.

use crate::record::{Cell, Dimension, Quantity};
use rgflow::flow::Ends;

/// The ends of the starts of one repetition at the last step.
pub struct Seen {
    /// Number of distinct ends.
    pub count: usize,
    /// Total variation of the two that may be farthest apart, and its 95 % interval.
    pub apart: [f64; 3],
    /// T* of each.
    pub t_star: Vec<f64>,
}

impl Seen {
    /// Whether all are shown to be one.
    pub fn is_one(&self) -> bool {
        Ends::is_one(self.apart)
    }
}

/// The ends of the repetition whose ends may be farthest apart.
fn widest(all: &[Seen]) -> [f64; 3] {
    all.iter().map(|seen| seen.apart).fold([0.0; 3], |a, b| if b[2] > a[2] { b } else { a })
}

/// The quantity `KEY.ends_apart`: total variation of the two ends that may be farthest apart, of all repetitions.
///
/// # Panics
/// As [`Quantity::new`].
pub fn apart<const N: usize>(
    key: &str,
    dimensions: [&Dimension; N],
    what: &str,
    of: impl Fn([usize; N]) -> Vec<Seen>,
) -> Quantity<N> {
    let what =
        format!("total variation of P(T) between the two ends that may be farthest apart, 95 % interval, {what}");
    let apart = |place| widest(&of(place));
    let quantity = Quantity::exact(&format!("{key}.ends_apart"), dimensions, "1", &what, |place| apart(place)[0]);
    quantity.map(|place, number| number.interval(Some([Some(apart(place)[1]), Some(apart(place)[2])])))
}

/// How far the ends are apart, unless all pairs of all repetitions are shown to be one.
fn spread(all: &[Seen]) -> Option<String> {
    let [_, low, high] = widest(all);
    let stars = || all.iter().flat_map(|seen| seen.t_star.iter().copied());
    let (least, most) = (stars().fold(f64::INFINITY, f64::min), stars().fold(f64::NEG_INFINITY, f64::max));
    let range = format!("T* from {least:.2} to {most:.2}, total variation up to {low:.3} ... {high:.3}");
    (!all.iter().all(Seen::is_one)).then_some(range)
}

/// `1`; `1-3`; with the spread where they are not shown to be one.
pub fn text(all: &[Seen]) -> String {
    let (least, most) = all.iter().fold((usize::MAX, 0), |(a, b), seen| (a.min(seen.count), b.max(seen.count)));
    let count = if least < most { format!("{least}-{most}") } else { most.to_string() };
    match spread(all) {
        None => count,
        Some(spread) if most == 1 => format!("not shown to be one: {spread}"),
        Some(spread) => format!("{count}: {spread}"),
    }
}

/// The mean count of the repetitions, or [`text`] where the ends are not shown to be one.
pub fn cell(all: &[Seen], count: impl Into<Cell>) -> Cell {
    if all.iter().all(Seen::is_one) { count.into() } else { Cell::text(text(all)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_end_is_said_only_where_it_is_shown() {
        let seen = |count, high| Seen { count, apart: [0.01, 0.0, high], t_star: vec![2.0, 2.25] };
        assert_eq!(text(&[seen(1, 0.03), seen(1, 0.04)]), "1");
        let wide = "T* from 2.00 to 2.25, total variation up to 0.000 ... 0.060";
        assert_eq!(text(&[seen(1, 0.03), seen(1, 0.06)]), format!("not shown to be one: {wide}"));
        assert_eq!(text(&[seen(1, 0.03), seen(3, 0.06)]), format!("1-3: {wide}"));
    }
}
