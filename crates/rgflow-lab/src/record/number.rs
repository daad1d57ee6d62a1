//! Numbers with errors, comparisons and verdicts.

use rgflow::statistics::{Fraction, tail_of_errors};
use serde::{Deserialize, Serialize};

/// One number of `results.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Number {
    /// Stable dotted key, such as `ising-2d.rbm.all.gibbs.T_star`.
    pub key: String,
    /// The value; `None` (null) if it is undefined or infinite, for the reason in `how`.
    pub value: Option<f64>,
    /// One standard error, described in `how`. `None` for exact numbers and counts.
    pub error: Option<f64>,
    /// Effective number of independent samples (or repetitions) behind the value.
    pub n_eff: Option<f64>,
    /// Unit, such as `J/k_B`, `J per spin`, `nats`, `1`.
    pub unit: String,
    /// Only if the value is a bound or a range: `[low, high]`, `null` = open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<[Option<f64>; 2]>,
    /// Only of a fraction of counted trials, whose number is `n_eff`: ends of its 95.45 % interval, which is not
    /// symmetric.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<[f64; 2]>,
    /// Method of measurement, and description of the error.
    pub how: String,
    /// Comparisons with reference values.
    #[serde(default)]
    pub compare: Vec<Comparison>,
}

/// A reference value and the verdict of comparing ours with it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Comparison {
    /// The reference value.
    pub value: Option<f64>,
    /// Its standard error, `None` if exact or not given.
    pub error: Option<f64>,
    /// Source of the reference value.
    pub source: String,
    /// Outcome.
    pub verdict: Verdict,
    /// Deviation that the source's "about" allows beside errors; missing where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tolerance: Option<f64>,
    /// Probability of a value at least so far off, to either side, if chance alone takes it beyond the tolerance;
    /// missing without an error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p: Option<f64>,
}

/// Outcome of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// |difference| <= sqrt(tolerance^2 + (2 error)^2 + (2 reference error)^2).
    #[serde(rename = "agrees")]
    Agrees,
    /// The difference is larger.
    #[serde(rename = "differs")]
    Differs,
    /// Our error exceeds the tolerance of the claim.
    #[serde(rename = "inconclusive")]
    Inconclusive,
    /// The outcome depends on a setting, which `source` names.
    #[serde(rename = "depends")]
    Depends,
    /// There is nothing to compare with.
    #[serde(rename = "not compared")]
    NotCompared,
}

impl Verdict {
    /// Word for the report.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Agrees => "agrees",
            Verdict::Differs => "differs",
            Verdict::Inconclusive => "inconclusive",
            Verdict::Depends => "depends",
            Verdict::NotCompared => "not compared",
        }
    }
}

impl Number {
    /// A number without comparisons.
    pub fn new(key: impl Into<String>, value: f64, error: Option<f64>, unit: &str, how: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            value: value.is_finite().then_some(value),
            error: error.filter(|e| e.is_finite()),
            n_eff: None,
            unit: unit.into(),
            interval: None,
            confidence: None,
            how: how.into(),
            compare: Vec::new(),
        }
    }

    /// Sets the effective number of samples.
    pub fn n_eff(mut self, n_eff: f64) -> Self {
        self.n_eff = n_eff.is_finite().then_some(n_eff);
        self
    }

    /// Removes the key: the number is only shown, not listed in the results.
    pub fn unlisted(self) -> Self {
        Self { key: String::new(), ..self }
    }

    /// Appends the reason `why` to the description if some repetition has no value.
    pub fn because(mut self, why: &str) -> Self {
        if self.value.is_none() {
            self.how = self.how.replacen("; undefined", &format!("{why}; undefined"), 1);
        }
        self
    }

    /// Sets the interval.
    pub fn interval(mut self, interval: Option<[Option<f64>; 2]>) -> Self {
        self.interval = interval.map(|ends| ends.map(|end| end.filter(|end| end.is_finite())));
        self
    }

    /// Compares with a reference `value` with `error` (0 if exact); `tolerance` is the deviation allowed by an "about"
    /// in the source (0 if none).
    pub fn compare(mut self, value: f64, error: f64, tolerance: f64, source: impl Into<String>) -> Self {
        // An undefined or infinite reference is shown as missing.
        let known = value.is_finite() && error.is_finite();
        let verdict = if known { self.verdict(value, error, tolerance) } else { Verdict::NotCompared };
        let p = if known { self.chance(value, error, tolerance) } else { None };
        let error = (error > 0.0 && error.is_finite()).then_some(error);
        self.compare.push(Comparison {
            value: value.is_finite().then_some(value),
            error,
            source: source.into(),
            verdict,
            tolerance: (tolerance > 0.0).then_some(tolerance),
            p,
        });
        self
    }

    /// Compares with the measured `null`: its value and error, or if it is only an interval, the point of it nearest to
    /// ours. A null that has neither gives no comparison.
    pub fn against(self, null: &Number) -> Self {
        let source = source_of_null(&null.key);
        match null.reference(self.value) {
            Some((value, error)) => self.compare(value, error, 0.0, source),
            None => self,
        }
    }

    /// If the outcome of the first comparison `changes` with a setting: its verdict is `depends`, and its source names
    /// the `setting`. A comparison that decides nothing stays as it is.
    pub fn depending_on(mut self, setting: &str, changes: bool) -> Self {
        let decided = |first: &&mut Comparison| matches!(first.verdict, Verdict::Agrees | Verdict::Differs);
        if let Some(first) = self.compare.first_mut().filter(decided).filter(|_| changes) {
            first.verdict = Verdict::Depends;
            first.source += &format!("; depends on {setting}");
        }
        self
    }

    /// Tests the claim of being above `bound`, by more than two errors of both. If it is as far below, it `differs`.
    pub fn above(self, bound: &Number, source: impl Into<String>) -> Self {
        self.beyond(1.0, bound, source)
    }

    /// Tests the claim of being below `bound`, as [`Number::above`].
    pub fn below(self, bound: &Number, source: impl Into<String>) -> Self {
        self.beyond(-1.0, bound, source)
    }

    fn beyond(mut self, side: f64, bound: &Number, source: impl Into<String>) -> Self {
        let verdict = match (self.value, self.error, bound.value) {
            (Some(value), Some(error), Some(reference)) => {
                let (apart, both) = (side * (value - reference), 2.0 * error.hypot(bound.error.unwrap_or(0.0)));
                match apart {
                    _ if apart > both => Verdict::Agrees,
                    _ if apart < -both => Verdict::Differs,
                    _ => Verdict::Inconclusive,
                }
            }
            _ => Verdict::NotCompared,
        };
        let p = bound.value.and_then(|reference| self.chance(reference, bound.error.unwrap_or(0.0), 0.0));
        let (value, error, source) = (bound.value, bound.error, source.into());
        self.compare.push(Comparison { value, error, source, verdict, tolerance: None, p });
        self
    }

    /// Verdict of a comparison with another number; neither changes.
    pub fn verdict_against(&self, other: &Number) -> Verdict {
        let bare = Self { compare: Vec::new(), ..self.clone() };
        bare.against(other).first_verdict()
    }

    /// Verdict of a comparison with a reference, as [`Number::compare`].
    pub fn verdict_at(&self, value: f64, error: f64, tolerance: f64) -> Verdict {
        if value.is_finite() && error.is_finite() {
            self.verdict(value, error, tolerance)
        } else {
            Verdict::NotCompared
        }
    }

    /// Verdict of its first comparison, which is that of a claim.
    pub fn first_verdict(&self) -> Verdict {
        self.compare.first().map_or(Verdict::NotCompared, |comparison| comparison.verdict)
    }

    /// The comparison with the null of this `key`, where it was made.
    pub fn beside_null(&self, key: &str) -> Option<&Comparison> {
        let source = source_of_null(key);
        self.compare.iter().find(|comparison| comparison.source == source)
    }

    /// Probability of a value at least so far from the reference if the true one is off by the tolerance, two-sided by
    /// Student's t with n_eff - 1 degrees of freedom, so that it is 4.55 % at two errors, or of a fraction by the
    /// binomial law; `None` without an error.
    fn chance(&self, reference: f64, reference_error: f64, tolerance: f64) -> Option<f64> {
        let (value, error) = (self.value?, self.error.unwrap_or(0.0).hypot(reference_error));
        if let (Some(_), Some(of), true) = (self.confidence, self.n_eff, reference_error == 0.0) {
            let allowed = (reference + (value - reference).clamp(-tolerance, tolerance)).clamp(0.0, 1.0);
            return Some(Fraction { yes: (value * of).round() as u64, of: of as u64 }.two_sided(allowed));
        }
        let beyond = ((value - reference).abs() - tolerance).max(0.0);
        (error > 0.0 && self.interval.is_none())
            .then(|| tail_of_errors(beyond / error, self.n_eff.unwrap_or(f64::INFINITY)))
    }

    /// Reference value for `own` with its error, or the point of an interval nearest to `own`.
    pub(super) fn reference(&self, own: Option<f64>) -> Option<(f64, f64)> {
        match (self.interval, own) {
            (Some([low, high]), Some(own)) => {
                Some((own.max(low.unwrap_or(f64::NEG_INFINITY)).min(high.unwrap_or(f64::INFINITY)), 0.0))
            }
            _ => self.value.map(|value| (value, self.error.unwrap_or(0.0))),
        }
    }

    /// The value for arithmetic; NaN where there is none.
    pub fn get(&self) -> f64 {
        self.value.unwrap_or(f64::NAN)
    }

    /// Two errors towards `reference`: the distance of that end of the 95.45 % interval.
    fn two_errors(&self, value: f64, reference: f64) -> f64 {
        match self.confidence {
            Some([low, _]) if reference < value => value - low,
            Some([_, high]) => high - value,
            None => 2.0 * self.error.unwrap_or(0.0),
        }
    }

    /// The rule: `agrees` if |difference| <= sqrt(tolerance^2 + (2 error)^2 + (2 reference error)^2), else `differs`,
    /// where two errors of a fraction reach to the end of its interval;
    /// an own error above a nonzero tolerance is `inconclusive`; a value that is only an interval is compared by its
    /// nearest end, and if the other end is beyond a tolerance it is `inconclusive` too.
    fn verdict(&self, reference: f64, reference_error: f64, tolerance: f64) -> Verdict {
        let Some(value) = self.value else { return Verdict::NotCompared };
        let own = self.error.unwrap_or(0.0);
        if tolerance > 0.0 && own > tolerance {
            return Verdict::Inconclusive;
        }
        // An interval that agrees at one end and is far off at the other decides nothing.
        let far = self
            .interval
            .map_or(0.0, |ends| ends.into_iter().flatten().map(|end| (end - reference).abs()).fold(0.0, f64::max));
        let nearest = match self.interval {
            Some([low, high]) => reference.clamp(low.unwrap_or(f64::NEG_INFINITY), high.unwrap_or(f64::INFINITY)),
            None => value,
        };
        let own = if self.interval.is_some() { 0.0 } else { self.two_errors(value, reference) };
        let allowed = (tolerance.powi(2) + own.powi(2) + (2.0 * reference_error).powi(2)).sqrt();
        if (nearest - reference).abs() > allowed {
            Verdict::Differs
        } else if tolerance > 0.0 && far > allowed {
            Verdict::Inconclusive
        } else {
            Verdict::Agrees
        }
    }
}

/// Source of a comparison with the null of this `key`.
fn source_of_null(key: &str) -> String {
    format!("null: {key}")
}

/// As text: `2.25(3)`, or its interval.
impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&crate::record::format::value(self.value, self.error, self.interval))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_null_that_is_an_interval_is_met_at_its_nearest_point() {
        let null = Number::new("null", 0.5, Some(0.2), "1", "");
        let wide = null.clone().interval(Some([None, Some(0.9)]));
        assert_eq!(wide.reference(Some(0.7)), Some((0.7, 0.0)));
        assert_eq!(wide.reference(Some(2.0)), Some((0.9, 0.0)));
        assert_eq!(null.reference(Some(2.0)), Some((0.5, 0.2)));
        let own = Number::new("k", 2.0, Some(0.1), "1", "").against(&wide);
        assert_eq!((own.compare[0].value, own.first_verdict()), (Some(0.9), Verdict::Differs));
        assert_eq!(own.compare[0].source, "null: null");
    }

    #[test]
    fn what_is_above_is_so_by_more_than_two_errors_of_both() {
        let bound = Number::new("bound", 1.0, Some(0.3), "1", "");
        let verdict = |value, error| Number::new("k", value, error, "1", "").above(&bound, "").first_verdict();
        let all = [(2.1, Some(0.4)), (1.9, Some(0.4)), (-0.1, Some(0.4)), (2.1, None)].map(|(v, e)| verdict(v, e));
        assert_eq!(all, [Verdict::Agrees, Verdict::Inconclusive, Verdict::Differs, Verdict::NotCompared]);
        assert_eq!(Number::new("k", 0.3, Some(0.0), "1", "").below(&bound, "").first_verdict(), Verdict::Agrees);
    }

    #[test]
    fn what_depends_names_the_setting() {
        let number = |value| Number::new("k", value, Some(0.1), "1", "").compare(0.0, 0.0, 0.5, "s");
        let first = |value, changes| number(value).depending_on("rbm.epochs", changes).compare[0].clone();
        assert_eq!(first(2.0, true).verdict, Verdict::Depends);
        assert_eq!(first(2.0, true).source, "s; depends on rbm.epochs");
        assert_eq!((first(2.0, false).verdict, first(0.0, true).verdict), (Verdict::Differs, Verdict::Depends));
        let undecided = Number::new("k", 2.0, Some(0.6), "1", "").compare(0.0, 0.0, 0.5, "s");
        assert_eq!(undecided.depending_on("rbm.epochs", true).first_verdict(), Verdict::Inconclusive);
    }

    /// Two errors are 4.55 % at any number of repetitions, and nothing beyond the tolerance is a probability of 1.
    #[test]
    fn the_probability_of_chance_goes_with_the_rule() {
        let p = |value, n_eff: f64, tolerance| {
            let number = Number::new("k", value, Some(0.3), "1", "").n_eff(n_eff).compare(1.0, 0.4, tolerance, "");
            number.compare[0].p.unwrap()
        };
        for n in [2.0, 3.0, 10.0, f64::INFINITY] {
            assert!((p(2.0, n, 0.0) - 0.0455).abs() < 1e-4 && (p(0.0, n, 0.0) - 0.0455).abs() < 1e-4, "{n}");
            assert!((p(2.25, n, 0.25) - 0.0455).abs() < 1e-4 && p(1.25, n, 0.25) == 1.0, "{n}");
        }
        let exact = Number::new("k", 2.0, None, "1", "").compare(1.0, 0.0, 0.0, "");
        assert_eq!(exact.compare[0].p, None);
    }

    /// Two of three are not "always", which would have no exception, and three of three are not "never"; one of three
    /// may be one half.
    #[test]
    fn a_fraction_is_compared_by_its_own_interval() {
        let compared = |yes, reference, tolerance| {
            let number = super::super::fraction(Fraction { yes, of: 3 }).number("k", "1", "");
            let number = number.compare(reference, 0.0, tolerance, "");
            (number.first_verdict(), number.compare[0].p.unwrap())
        };
        assert_eq!(compared(2, 1.0, 0.0), (Verdict::Differs, 0.0));
        assert_eq!(compared(3, 0.0, 0.0), (Verdict::Differs, 0.0));
        assert_eq!(compared(3, 1.0, 0.0), (Verdict::Agrees, 1.0));
        let (verdict, p) = compared(1, 0.5, 0.0);
        assert!(verdict == Verdict::Agrees && (p - 1.0).abs() < 1e-12, "{p}");
        // The error of three trials is far above a tolerance of 0.01.
        assert_eq!(compared(3, 1.0, 0.01).0, Verdict::Inconclusive);
    }

    #[test]
    fn verdict_follows_the_rule() {
        let n = |error| Number::new("k", 2.0, error, "1", "");
        assert_eq!(n(Some(0.1)).compare(2.19, 0.0, 0.0, "").compare[0].verdict, Verdict::Agrees);
        assert_eq!(n(Some(0.1)).compare(2.21, 0.0, 0.0, "").compare[0].verdict, Verdict::Differs);
        assert_eq!(n(Some(0.0)).compare(2.26, 0.0, 0.25, "").compare[0].verdict, Verdict::Differs);
        assert_eq!(n(Some(0.3)).compare(2.0, 0.0, 0.25, "").compare[0].verdict, Verdict::Inconclusive);
        let bound = n(None).interval(Some([None, Some(0.9)]));
        assert_eq!(bound.clone().compare(0.5, 0.0, 0.0, "").compare[0].verdict, Verdict::Agrees);
        assert_eq!(bound.clone().compare(0.5, 0.0, 0.25, "").compare[0].verdict, Verdict::Inconclusive);
        assert_eq!(bound.clone().compare(0.8, 0.0, 0.25, "").compare[0].verdict, Verdict::Agrees);
        assert_eq!(bound.compare(1.0, 0.0, 0.0, "").compare[0].verdict, Verdict::Differs);
    }
}
