//! Fractions: successes counted in independent trials.

use super::special::{bisect, incomplete_beta};

/// Successes among independent trials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fraction {
    /// Number of successes.
    pub yes: u64,
    /// Number of trials, at least `yes`.
    pub of: u64,
}

impl Fraction {
    /// The fraction; NaN without trials.
    pub fn value(self) -> f64 {
        self.yes as f64 / self.of as f64
    }

    /// Interval of Clopper and Pearson (Biometrika 26 (1934) 404): it holds the true probability with at least `level`,
    /// in (0, 1), whatever that is; its ends are the probabilities of which as many or more, and as few or fewer,
    /// successes have the probability (1 - level)/2. [0, 1] without trials.
    ///
    /// ```
    /// use rgflow::statistics::Fraction;
    /// // Three of three: the true probability may be 0.05^(1/3).
    /// let [low, high] = Fraction { yes: 3, of: 3 }.interval(0.9);
    /// assert!((low - 0.05f64.cbrt()).abs() < 1e-12 && high == 1.0);
    /// ```
    pub fn interval(self, level: f64) -> [f64; 2] {
        let tail = 0.5 * (1.0 - level);
        let low = if self.yes == 0 { 0.0 } else { bisect(0.0, 1.0, |p| self.as_many(p) < tail) };
        let high = if self.yes >= self.of { 1.0 } else { bisect(0.0, 1.0, |p| self.as_few(p) > tail) };
        [low, high]
    }

    /// Two-sided probability of a number of successes at least so far off if that of one is `p`: twice the smaller
    /// tail, at most 1. It is below 1 - level where `p` is outside of the interval of that level.
    ///
    /// ```
    /// use rgflow::statistics::Fraction;
    /// assert!((Fraction { yes: 4, of: 4 }.two_sided(0.5) - 0.125).abs() < 1e-12);
    /// assert_eq!(Fraction { yes: 3, of: 4 }.two_sided(1.0), 0.0);
    /// ```
    pub fn two_sided(self, p: f64) -> f64 {
        (2.0 * self.as_many(p).min(self.as_few(p))).min(1.0)
    }

    /// Probability of as many successes or more.
    fn as_many(self, p: f64) -> f64 {
        if self.yes == 0 { 1.0 } else { incomplete_beta(self.yes as f64, (self.of - self.yes + 1) as f64, p) }
    }

    /// Probability of as few successes or fewer.
    fn as_few(self, p: f64) -> f64 {
        if self.yes >= self.of {
            1.0
        } else {
            incomplete_beta((self.of - self.yes) as f64, (self.yes + 1) as f64, 1.0 - p)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Probabilities of 0 ... `n` successes, by Pascal's recursion: no special function.
    fn binomial(n: usize, p: f64) -> Vec<f64> {
        (0..n).fold(vec![1.0], |row, _| {
            let next = |k: usize| {
                let (stays, rises) = (row.get(k).copied().unwrap_or(0.0), if k > 0 { row[k - 1] } else { 0.0 });
                (1.0 - p) * stays + p * rises
            };
            (0..=row.len()).map(next).collect()
        })
    }

    #[test]
    fn tails_are_those_of_the_binomial_law() {
        for (n, p) in [(1, 0.3), (3, 0.5), (10, 0.02), (25, 0.9), (60, 0.4)] {
            let law = binomial(n, p);
            for yes in 0..=n {
                let fraction = Fraction { yes: yes as u64, of: n as u64 };
                let (many, few): (f64, f64) = (law[yes..].iter().sum(), law[..=yes].iter().sum());
                assert!((fraction.as_many(p) - many).abs() < 1e-12, "{yes} of {n} at {p}");
                assert!((fraction.as_few(p) - few).abs() < 1e-12, "{yes} of {n} at {p}");
            }
        }
    }

    #[test]
    fn ends_of_intervals_have_the_tails_asked_for() {
        for (yes, of) in [(0, 3), (1, 3), (3, 3), (7, 25), (24, 25), (50, 60)] {
            let [low, high] = Fraction { yes, of }.interval(0.9545);
            let tail = |p, range: &dyn Fn(usize) -> bool| -> f64 {
                binomial(of as usize, p).iter().enumerate().filter(|(k, _)| range(*k)).map(|(_, p)| p).sum()
            };
            assert!(yes == 0 || (tail(low, &|k| k >= yes as usize) - 0.02275).abs() < 1e-10, "{yes} of {of}");
            assert!(yes == of || (tail(high, &|k| k <= yes as usize) - 0.02275).abs() < 1e-10, "{yes} of {of}");
            assert!(low < Fraction { yes, of }.value() || yes == 0);
        }
    }

    /// Coverage summed over the law, not sampled: at least the level for every probability.
    #[test]
    fn intervals_cover_whatever_the_probability() {
        for n in [3usize, 10, 25] {
            let intervals: Vec<[f64; 2]> =
                (0..=n).map(|yes| Fraction { yes: yes as u64, of: n as u64 }.interval(0.9545)).collect();
            for i in 1..100 {
                let p = f64::from(i) / 100.0;
                let inside =
                    binomial(n, p).into_iter().zip(&intervals).filter(|(_, [low, high])| (*low..=*high).contains(&p));
                let covered: f64 = inside.map(|(p, _)| p).sum();
                assert!(covered >= 0.9545 - 1e-12, "{n} at {p}: {covered}");
            }
        }
    }
}
