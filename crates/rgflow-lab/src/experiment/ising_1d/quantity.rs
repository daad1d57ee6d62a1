//! Means over repetitions, temperatures that may be bounds, and their verdicts.

use super::stage::Findings;
use crate::study::prelude::*;
use rgflow::flow::RingThermometer;

pub(super) type Over<'a> = Repeated<'a, Findings>;

/// Unit of a temperature.
pub(super) const UNIT: &str = "J/k_B";
const HOTTEST: f64 = RingThermometer::HOTTEST;

/// Temperatures: one at the end of the thermometer's grid is a bound.
pub(super) fn temperatures<const N: usize>(of: Quantity<N>) -> Quantity<N> {
    of.map(|_, number| match number.value {
        Some(t) if t >= HOTTEST => number.interval(Some([Some(HOTTEST), None])),
        _ => number,
    })
}

/// The plain values, also where they are bounds.
pub(super) fn values<const N: usize>(of: &Quantity<N>) -> Quantity<N> {
    of.clone().map(|_, number| number.interval(None))
}

/// Compares a number with a value, its error and a tolerance.
pub(super) fn compared(over: &Over, number: Number, [value, error, tolerance]: [f64; 3], source: &str) -> Number {
    undecided_alone(over, number.compare(value, error, tolerance, source))
}

/// Compares a number with its null.
pub(super) fn against(over: &Over, number: Number, null: &Number) -> Number {
    undecided_alone(over, number.against(null))
}

/// A single training does not show its scatter: the last comparison of one repetition is `inconclusive`.
fn undecided_alone(over: &Over, mut number: Number) -> Number {
    if let (1, Some(comparison)) = (over.found.len(), number.compare.last_mut()) {
        comparison.verdict = Verdict::Inconclusive;
        let why = "; one repetition has no error";
        if !number.how.ends_with(why) {
            number.how += why;
        }
    }
    number
}
