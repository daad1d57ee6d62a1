//! The description of how a machine's parameters are changed, and its state for one array of parameters.

use super::error::demand;
use super::{LearningError, Penalty, Regulariser, Rule, Step};
use crate::restart::{Unfit, put};

/// How a machine's parameters are changed: a rule, a learning rate that may decay, a regularisation.
///
/// ```
/// use rgflow::learning::{Descent, Regulariser};
/// let descent = Descent {
///     rule: "adam".parse()?,
///     rate: 0.1,
///     decay: 0.01,
///     fall: None,
///     clip: None,
///     regulariser: Regulariser { mu_w: 1e-3, ..Regulariser::default() },
/// };
/// descent.check()?;
/// // Minimise (w - 1)^2/2 + mu w^2/2.
/// let (mut w, mut optimiser) = ([0.0], descent.weights(1));
/// for _ in 0..1000 {
///     let gradient = [w[0] - 1.0];
///     optimiser.update(&mut w, &gradient, 1.0);
/// }
/// assert!((w[0] - 1.0 / 1.001).abs() < 1e-4);
/// # Ok::<(), rgflow::learning::LearningError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Descent {
    /// The rule and its numbers.
    pub rule: Rule,
    /// Learning rate eta of the first update, > 0.
    pub rate: f32,
    /// Decay of the learning rate, >= 0: update t = 0, 1, 2 ... has the rate eta / (1 + decay t).
    pub decay: f64,
    /// Linear fall of the learning rate to 0, besides its decay; `None`: it does not fall.
    pub fall: Option<Fall>,
    /// Largest Euclidean norm of the gradient of the cost over all parameters of the machine, > 0: a longer gradient is
    /// scaled down to it before the rule sees it (Pascanu, Mikolov and Bengio 2013); `None`: any.
    pub clip: Option<f32>,
    /// Regularisation.
    pub regulariser: Regulariser,
}

/// A linear fall of the learning rate to 0: the noise of stochastic gradients dies out and the parameters settle.
///
/// ```
/// use rgflow::learning::{Descent, Fall, Rule, Sgd};
/// let descent = Descent { fall: Some(Fall { from: 100, until: 300 }), ..Descent::new(Rule::Sgd(Sgd), 0.5) };
/// assert_eq!([0, 100, 200, 300].map(|done| descent.rate_after(done)), [0.5, 0.5, 0.25, 0.0]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fall {
    /// Updates at the full rate.
    pub from: u64,
    /// Update from which the rate is 0, > `from`.
    pub until: u64,
}

impl Fall {
    /// Share of the rate that is left after `done` updates, in [0, 1].
    fn left(&self, done: u64) -> f64 {
        let all = self.until.saturating_sub(self.from).max(1) as f64;
        (self.until.saturating_sub(done) as f64 / all).min(1.0)
    }
}

impl Descent {
    /// `rule` at the constant learning rate `rate`, without regularisation.
    pub fn new(rule: Rule, rate: f32) -> Self {
        Self { rule, rate, decay: 0.0, fall: None, clip: None, regulariser: Regulariser::default() }
    }

    /// Refuses numbers outside their range.
    ///
    /// # Errors
    /// [`LearningError::Setting`].
    pub fn check(&self) -> Result<(), LearningError> {
        demand(self.rate > 0.0 && self.rate.is_finite(), "learning_rate", self.rate.into(), "> 0 and finite")?;
        demand(self.decay >= 0.0 && self.decay.is_finite(), "decay", self.decay, ">= 0 and finite")?;
        let clip = self.clip.unwrap_or(1.0);
        demand(clip > 0.0 && clip.is_finite(), "clip", clip.into(), "> 0 and finite")?;
        self.rule.method().check()?;
        self.regulariser.check()
    }

    /// Factor in (0, 1] on a gradient whose squared norm over all parameters is `square`: 1 without clipping.
    ///
    /// ```
    /// use rgflow::learning::{Descent, Rule, Sgd};
    /// let descent = Descent { clip: Some(2.0), ..Descent::new(Rule::Sgd(Sgd), 0.1) };
    /// assert_eq!([1.0, 4.0, 64.0].map(|square| descent.clipping(square)), [1.0, 1.0, 0.25]);
    /// ```
    pub fn clipping(&self, square: f64) -> f64 {
        match self.clip {
            // NaN stays: what diverges is seen by its parameters.
            Some(clip) if square > f64::from(clip).powi(2) => f64::from(clip) / square.sqrt(),
            _ => 1.0,
        }
    }

    /// Learning rate of the update after `done` updates: eta / (1 + decay done), times what the fall leaves.
    ///
    /// ```
    /// use rgflow::learning::{Descent, Rule, Sgd};
    /// let descent = Descent { decay: 0.5, ..Descent::new(Rule::Sgd(Sgd), 1.0) };
    /// assert_eq!([0, 2, 6].map(|done| descent.rate_after(done)), [1.0, 0.5, 0.25]);
    /// ```
    pub fn rate_after(&self, done: u64) -> f64 {
        let rate = f64::from(self.rate) / (1.0 + self.decay * done as f64);
        self.fall.map_or(rate, |fall| rate * fall.left(done))
    }

    /// State for an array of `n` weights.
    pub fn weights(&self, n: usize) -> Optimiser {
        self.optimiser(n, self.regulariser.weights())
    }

    /// State for an array of `n` biases.
    pub fn biases(&self, n: usize) -> Optimiser {
        self.optimiser(n, self.regulariser.biases())
    }

    fn optimiser(&self, n: usize, penalty: Penalty) -> Optimiser {
        Optimiser { descent: *self, penalty, done: 0, n, memory: vec![0.0; n * self.rule.method().memories()] }
    }
}

/// The descent of one array of parameters: the description and what it remembers.
#[derive(Clone, Debug, PartialEq)]
pub struct Optimiser {
    descent: Descent,
    penalty: Penalty,
    done: u64,
    n: usize,
    memory: Vec<f32>,
}

impl Optimiser {
    /// One update of `parameters` in place against the gradient `scale * gradient` of the cost, plus that of the
    /// penalty; then the constraint. `scale` is 1 for a mean gradient, 1/n for a sum over n samples, -1/n to climb.
    ///
    /// Allocates nothing; the same bits on every CPU.
    ///
    /// # Panics
    /// If `parameters` or `gradient` has another length than the state was made for, which is an error of the caller.
    pub fn update(&mut self, parameters: &mut [f32], gradient: &[f32], scale: f64) {
        assert_eq!((parameters.len(), gradient.len()), (self.n, self.n), "number of parameters and of their gradient");
        let rate = self.descent.rate_after(self.done);
        self.done += 1;
        let step = Step { number: self.done, rate, scale, penalty: self.penalty };
        self.descent.rule.method().update(&step, parameters, gradient, &mut self.memory);
        self.penalty.constrain(parameters);
    }

    /// Number of updates so far.
    pub fn updates(&self) -> u64 {
        self.done
    }

    /// Number of updates so far and what the rule remembers, `memories * n` numbers, for a restart.
    pub fn state(&self) -> (u64, &[f32]) {
        (self.done, &self.memory)
    }

    /// Goes on with what [`Optimiser::state`] gave.
    ///
    /// # Errors
    /// [`Unfit`] if the memory has another length.
    ///
    /// ```
    /// use rgflow::learning::{Descent, Momentum, Rule};
    /// let descent = Descent::new(Rule::Momentum(Momentum { alpha: 0.9 }), 0.1);
    /// let (mut a, mut optimiser) = ([1.0], descent.weights(1));
    /// optimiser.update(&mut a, &[1.0], 1.0);
    /// // Another process goes on with the parameters and the state.
    /// let (mut b, mut other) = (a, descent.weights(1));
    /// let (updates, memory) = optimiser.state();
    /// other.restore(updates, memory).expect("of the same description");
    /// optimiser.update(&mut a, &[1.0], 1.0);
    /// other.update(&mut b, &[1.0], 1.0);
    /// assert_eq!(a, b);
    /// ```
    pub fn restore(&mut self, updates: u64, memory: &[f32]) -> Result<(), Unfit> {
        put(&mut self.memory, memory)?;
        self.done = updates;
        Ok(())
    }
}

/// Squared norm of a gradient, summed in f64.
pub(crate) fn square(gradient: &[f32]) -> f64 {
    gradient.iter().map(|g| f64::from(*g).powi(2)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learning::{Adam, Momentum, Sgd};

    /// Gradient of a cost with curvature a and minimum at c, one for each of three parameters.
    fn slope(i: usize, p: f64) -> f64 {
        [1.0, 0.3, 2.0][i] * (p - [1.0, -2.0, 0.0][i])
    }

    fn described(rule: Rule) -> Descent {
        let regulariser = Regulariser { lambda_w: 0.02, mu_w: 0.3, lambda_b: 0.01, mu_b: 0.0, max_norm: Some(1.5) };
        Descent { rule, rate: 0.1, decay: 0.05, fall: None, clip: None, regulariser }
    }

    /// Runs 30 updates of ours with gradients handed over times -8 and the scale -1/8, and of `textbook` in f64, which
    /// is told the update's number from 1, its rate and the gradient of the energy, and gives the change.
    fn compare(rule: Rule, weights: bool, mut textbook: impl FnMut(usize, i32, f64, f64) -> f64) {
        let descent = described(rule);
        let mut optimiser = if weights { descent.weights(3) } else { descent.biases(3) };
        let (lambda, mu, max) = if weights { (0.02, 0.3, 1.5) } else { (0.01, 0.0, f64::INFINITY) };
        let mut p = [0.5f32, -1.0, 1.4];
        let mut q = p.map(f64::from);
        for t in 1..=30 {
            let gradient: Vec<f32> = (0..3).map(|i| -8.0 * slope(i, p[i].into()) as f32).collect();
            optimiser.update(&mut p, &gradient, -0.125);
            for i in 0..3 {
                let energy = slope(i, q[i]) + lambda * q[i].signum() + mu * q[i];
                let rate = 0.1 / (1.0 + 0.05 * f64::from(t - 1));
                q[i] = (q[i] + textbook(i, t, rate, energy)).clamp(-max, max);
                assert!((f64::from(p[i]) - q[i]).abs() < 5e-6, "{rule}, update {t}, parameter {i}: {} {}", p[i], q[i]);
            }
        }
        assert_eq!(optimiser.updates(), 30);
    }

    /// Every rule with decay, penalty and constraint against its formula in f64.
    #[test]
    fn rules_follow_their_formulas() {
        for weights in [true, false] {
            compare(Rule::Sgd(Sgd), weights, |_, _, rate, g| -rate * g);
            let mut delta = [0.0; 3];
            compare(Rule::Momentum(Momentum { alpha: 0.7 }), weights, move |i, _, rate, g| {
                delta[i] = 0.7 * delta[i] - rate * g;
                delta[i]
            });
            for (b1, b2, epsilon) in [(0.9, 0.999, 1e-8), (0.5, 0.9, 1e-3)] {
                let (mut m, mut v) = ([0.0; 3], [0.0; 3]);
                let rule = Rule::Adam(Adam { beta1: b1, beta2: b2, epsilon });
                compare(rule, weights, move |i, t, rate, g| {
                    m[i] = b1 * m[i] + (1.0 - b1) * g;
                    v[i] = b2 * v[i] + (1.0 - b2) * g * g;
                    -rate * (m[i] / (1.0 - b1.powi(t))) / ((v[i] / (1.0 - b2.powi(t))).sqrt() + epsilon)
                });
            }
        }
        assert_eq!(Rule::Adam(Adam::default()), "adam".parse().unwrap());
        assert_eq!(Adam::default(), Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 });
    }

    /// The purpose of each penalty: L_1 makes parameters vanish, L_2 shrinks them in proportion, the constraint binds.
    #[test]
    fn penalties_have_their_minima() {
        let minimum = |regulariser: Regulariser, centre: f32| {
            let descent = Descent { regulariser, ..Descent::new(Rule::Sgd(Sgd), 0.01) };
            let (mut w, mut optimiser) = ([0.3f32], descent.weights(1));
            for _ in 0..5000 {
                let gradient = [w[0] - centre];
                optimiser.update(&mut w, &gradient, 1.0);
            }
            w[0]
        };
        let l1 = Regulariser { lambda_w: 0.5, ..Regulariser::default() };
        // (w - c)^2/2 + lambda |w| has its minimum at c - lambda, and at 0 where |c| < lambda, left by at most eta
        // lambda.
        assert!((minimum(l1, 2.0) - 1.5).abs() < 1e-4 && minimum(l1, 0.4).abs() <= 0.01 * 0.9);
        let l2 = Regulariser { mu_w: 3.0, ..Regulariser::default() };
        assert!((minimum(l2, 2.0) - 0.5).abs() < 1e-4);
        let bound = Regulariser { max_norm: Some(0.7), ..Regulariser::default() };
        assert_eq!((minimum(bound, 2.0), minimum(bound, -2.0)), (0.7, -0.7));
    }

    #[test]
    fn a_restart_continues() {
        for rule in Rule::all() {
            let descent = described(rule);
            let (mut p, mut whole) = (vec![0.5f32, -1.0, 1.4], descent.weights(3));
            let step = |optimiser: &mut Optimiser, p: &mut Vec<f32>| {
                let gradient: Vec<f32> = (0..3).map(|i| slope(i, p[i].into()) as f32).collect();
                optimiser.update(p, &gradient, 1.0);
            };
            (0..5).for_each(|_| step(&mut whole, &mut p));
            let (mut q, mut second) = (p.clone(), descent.weights(3));
            let (updates, memory) = whole.state();
            second.restore(updates, memory).unwrap();
            assert!(second.restore(1, &[0.0; 7]).is_err());
            (0..5).for_each(|_| (step(&mut whole, &mut p), step(&mut second, &mut q)).0);
            assert_eq!(p, q, "{rule}");
        }
    }

    #[test]
    fn impossible_settings_are_named() {
        let refused = |descent: Descent| descent.check().unwrap_err().to_string();
        let adam: Rule = "adam".parse().unwrap();
        assert_eq!(refused(Descent::new(adam, 0.0)), "learning_rate = 0: must be > 0 and finite");
        assert_eq!(refused(Descent { decay: -1.0, ..Descent::new(adam, 0.1) }), "decay = -1: must be >= 0 and finite");
        assert!(refused(Descent::new(Rule::Momentum(Momentum { alpha: 1.0 }), 0.1)).starts_with("alpha = 1"));
        assert!(refused(Descent::new(Rule::Adam(Adam { beta2: f64::NAN, ..Adam::default() }), 0.1)).contains("beta2"));
        assert_eq!(refused(Descent { clip: Some(0.0), ..Descent::new(adam, 0.1) }), "clip = 0: must be > 0 and finite");
        let tiny = Rule::Adam(Adam { epsilon: 1e-60, ..Adam::default() });
        assert!(refused(Descent::new(tiny, 0.1)).contains("epsilon"));
        let with = |regulariser| Descent { regulariser, ..Descent::new(adam, 0.1) };
        assert!(refused(with(Regulariser { mu_b: -0.5, ..Regulariser::default() })).starts_with("mu_b = -0.5"));
        assert!(refused(with(Regulariser { max_norm: Some(0.0), ..Regulariser::default() })).contains("max_norm"));
        let unknown = "adams".parse::<Rule>().unwrap_err().to_string();
        assert_eq!(unknown, "optimiser \"adams\": must be one of \"sgd\", \"momentum\", \"adam\"");
        for rule in Rule::all() {
            assert_eq!(rule.to_string().parse::<Rule>(), Ok(rule));
            assert!(with(Regulariser { lambda_b: 0.1, ..Regulariser::default() }).check().is_ok());
        }
    }
}
