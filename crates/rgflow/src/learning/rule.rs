//! The rules by which a gradient changes parameters. A new rule is a new file and a line in the list below.

use std::fmt;
use std::str::FromStr;

use super::{Adam, LearningError, Momentum, Penalty, Sgd};

/// Inputs of one update beside the rule itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Number of this update, from 1.
    pub number: u64,
    /// Learning rate eta of this update, > 0.
    pub rate: f64,
    /// Factor on the gradient that is handed over: 1/n for a sum over n samples, -1/n to climb.
    pub scale: f64,
    /// Regularisation of these parameters.
    pub penalty: Penalty,
}

/// The combination a g + b sgn(theta) + c theta, to which the gradient of the cost and that of the penalty add up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    gradient: f32,
    sign: f32,
    value: f32,
}

impl Step {
    /// The gradient of cost and penalty, times `factor`.
    pub(super) fn terms(&self, factor: f64) -> Terms {
        Terms {
            gradient: (factor * self.scale) as f32,
            sign: (factor * f64::from(self.penalty.l1)) as f32,
            value: (factor * f64::from(self.penalty.l2)) as f32,
        }
    }
}

impl Terms {
    /// The combination for one parameter `p` with the gradient `g`.
    #[inline(always)]
    pub(super) fn of(self, g: f32, p: f32) -> f32 {
        // sgn(0) = 0: a parameter that is zero stays zero.
        let sign = if p > 0.0 {
            1.0
        } else if p < 0.0 {
            -1.0
        } else {
            0.0
        };
        self.gradient * g + self.sign * sign + self.value * p
    }
}

/// A rule of descent: how parameters change by a gradient, given what the rule remembers of earlier updates.
pub trait Method {
    /// Name in settings, such as `"adam"`.
    fn name(&self) -> &'static str;

    /// Refuses numbers outside their range.
    ///
    /// # Errors
    /// [`LearningError::Setting`].
    fn check(&self) -> Result<(), LearningError>;

    /// How many numbers the rule remembers for each parameter.
    fn memories(&self) -> usize;

    /// One update in place. `parameters` and `gradient` have one length n; `memory` has `memories() * n` numbers, zero
    /// before the first update. The same bits on every CPU.
    fn update(&self, step: &Step, parameters: &mut [f32], gradient: &[f32], memory: &mut [f32]);
}

macro_rules! rules {
    ($($rule:ident: $what:literal),* $(,)?) => {
        /// A rule of descent with its numbers.
        ///
        /// ```
        /// use rgflow::learning::{Momentum, Rule};
        /// let rule: Rule = "momentum".parse()?;
        /// assert_eq!(rule, Rule::Momentum(Momentum { alpha: 0.9 }));
        /// assert_eq!(rule.to_string(), "momentum");
        /// # Ok::<(), rgflow::learning::LearningError>(())
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum Rule {
            $(#[doc = $what] $rule($rule)),*
        }

        impl Rule {
            /// Every rule with its default numbers.
            pub fn all() -> Vec<Self> {
                vec![$(Self::$rule($rule::default())),*]
            }

            /// The rule's method.
            pub fn method(&self) -> &dyn Method {
                match self {
                    $(Self::$rule(rule) => rule),*
                }
            }
        }
    };
}

rules! {
    Sgd: "Plain gradient descent.",
    Momentum: "Gradient descent with momentum.",
    Adam: "Adaptive moment estimation.",
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.method().name())
    }
}

impl FromStr for Rule {
    type Err = LearningError;

    /// The rule of that name with its default numbers.
    fn from_str(text: &str) -> Result<Self, LearningError> {
        let known = Self::all();
        known.iter().find(|rule| rule.method().name() == text).copied().ok_or_else(|| LearningError::UnknownRule {
            found: text.to_owned(),
            known: known.iter().map(|r| format!("\"{r}\"")).collect::<Vec<_>>().join(", "),
        })
    }
}

/// Asserts that an update gives the same bits by what this CPU dispatches to, by portable code and by AVX2.
#[cfg(test)]
pub(super) fn same_bits(
    dispatched: impl Fn(Terms, &mut [f32], &[f32], &mut [f32]),
    portable: impl Fn(Terms, &mut [f32], &[f32], &mut [f32]),
) {
    let terms =
        Step { number: 1, rate: 0.1, scale: 0.7, penalty: Penalty { l1: 0.013, l2: 0.11, max: None } }.terms(0.9);
    let wave = |i: usize, by: f32| ((i * i) as f32 * 0.37 + by).sin() * 3.0;
    type Update<'a> = &'a dyn Fn(&mut [f32], &[f32], &mut [f32]);
    let run = |update: Update| {
        let (mut p, mut memory) = ((0..333).map(|i| wave(i, 0.1)).collect::<Vec<_>>(), vec![0.0; 666]);
        for t in 0..5 {
            let g: Vec<f32> = (0..333).map(|i| wave(i, t as f32)).collect();
            update(&mut p, &g, &mut memory);
        }
        p.into_iter().chain(memory).map(f32::to_bits).collect::<Vec<_>>()
    };
    let bits = run(&|p, g, memory| dispatched(terms, p, g, memory));
    assert!(bits == run(&|p, g, memory| portable(terms, p, g, memory)));
    #[cfg(target_arch = "x86_64")]
    if std::is_x86_feature_detected!("avx2") {
        #[target_feature(enable = "avx2")]
        fn avx2(
            portable: &impl Fn(Terms, &mut [f32], &[f32], &mut [f32]),
            t: Terms,
            p: &mut [f32],
            g: &[f32],
            m: &mut [f32],
        ) {
            portable(t, p, g, m);
        }
        // SAFETY: AVX2 was detected just above.
        assert!(bits == run(&|p, g, m| unsafe { avx2(&portable, terms, p, g, m) }));
    }
}
