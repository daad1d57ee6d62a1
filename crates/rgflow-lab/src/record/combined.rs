//! Means over repetitions, with a description of their errors.

use super::Number;
use rgflow::statistics::{Fraction, TWO_ERRORS, student_t_error};

/// Ends of a range; `None` is an open side.
pub type Interval = [Option<f64>; 2];

/// A value with its standard error.
pub type Measured = (f64, f64);

/// Mean of a quantity over repetitions.
#[derive(Clone, Debug)]
pub struct Combined {
    /// The mean; `None` if any repetition has no value.
    pub value: Option<f64>,
    /// One standard error.
    pub error: Option<f64>,
    /// Only if the value is a bound or a range; `None` is an open side.
    pub interval: Option<[Option<f64>; 2]>,
    /// Number of repetitions, or of samples in a single one; of a fraction, that of the trials.
    pub n_eff: f64,
    /// Of a fraction: the ends of its 95.45 % interval.
    pub confidence: Option<[f64; 2]>,
    /// Description of the error: over repetitions or samples.
    pub how: &'static str,
}

/// Mean over repetitions. Two or more: Student's t over seeds, which includes the noise of samples, such that two
/// errors are the 95.45 % interval; one: its own error.
pub fn over_seeds(values: &[Option<Measured>], n: f64) -> Combined {
    let known: Option<Vec<Measured>> = values.iter().copied().collect();
    let Some(known) = known.filter(|k| !k.is_empty()) else {
        let how = "undefined for at least one repetition";
        return Combined { value: None, error: None, interval: None, n_eff: 0.0, confidence: None, how };
    };
    if let [(value, error)] = known[..] {
        let error = error.is_finite().then_some(error);
        return Combined {
            value: Some(value),
            error,
            interval: None,
            n_eff: n,
            confidence: None,
            how: "error over samples (one repetition)",
        };
    }
    let mean = student_t_error(&known.iter().map(|k| k.0).collect::<Vec<_>>());
    let how = "mean over repetitions (data, thermometer and machine anew), error over repetitions (Student's t: two \
               errors are 95.45 %)";
    let error = mean.error.is_finite().then_some(mean.error);
    Combined { value: Some(mean.value), error, interval: None, n_eff: known.len() as f64, confidence: None, how }
}

/// A fraction of independent trials with the 95.45 % interval of Clopper and Pearson, a quarter of which is its error;
/// undefined without trials.
pub fn fraction(counted: Fraction) -> Combined {
    if counted.of == 0 {
        return over_seeds(&[None], 0.0);
    }
    let [low, high] = counted.interval(TWO_ERRORS);
    Combined {
        value: Some(counted.value()),
        error: Some(0.25 * (high - low)),
        interval: None,
        n_eff: counted.of as f64,
        confidence: Some([low, high]),
        how: "fraction of all trials, 95.45 % interval of Clopper and Pearson",
    }
}

/// Interval of two standard errors on both sides.
pub fn around((value, error): Measured) -> [Option<f64>; 2] {
    let error = if error.is_finite() { error } else { 0.0 };
    [Some(value - 2.0 * error), Some(value + 2.0 * error)]
}

/// Smallest interval that contains all of `ends`; `None` is an open side.
pub fn union(ends: &[[Option<f64>; 2]]) -> [Option<f64>; 2] {
    let fold = |i: usize, f: fn(f64, f64) -> f64| ends.iter().map(|e| e[i]).reduce(|a, b| Some(f(a?, b?))).flatten();
    [fold(0, f64::min), fold(1, f64::max)]
}

impl Combined {
    /// Sets the interval, where there is one.
    pub fn within(self, interval: Option<[Option<f64>; 2]>) -> Self {
        Self { interval, ..self }
    }

    /// Reference value for `own` with its error; if it is only an interval, the point of it nearest to `own`.
    pub fn reference(&self, own: Option<f64>) -> Option<(f64, f64)> {
        self.number("", "", "").reference(own)
    }

    /// The number `key`; `what` describes the quantity.
    pub fn number(&self, key: impl Into<String>, unit: &str, what: &str) -> Number {
        let mut number =
            Number::new(key, self.value.unwrap_or(f64::NAN), self.error, unit, format!("{what}; {}", self.how))
                .interval(self.interval);
        number.confidence = self.confidence;
        number.n_eff = (self.n_eff > 0.0).then_some(self.n_eff);
        number
    }
}
