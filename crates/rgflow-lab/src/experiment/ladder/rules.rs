//! The verdict on T_c, by the rules of docs/claims.md, which were written before any run.

/// Repetitions that a verdict needs.
const REPETITIONS: usize = 3;
/// Width of an interval around 0 that is narrow enough for "nothing but the mixture".
const NARROW: f64 = 0.1;

/// The mean D over the mixtures of a side at one number of hidden units, with half the width of its 95.45 % interval
/// as two errors.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deviation {
    pub value: f64,
    pub error: f64,
}

impl Deviation {
    fn is_above(self) -> bool {
        self.value > 2.0 * self.error
    }

    fn is_below(self) -> bool {
        -self.value > 2.0 * self.error
    }

    fn is_nothing(self) -> bool {
        self.value.abs() <= 2.0 * self.error && 4.0 * self.error < NARROW
    }
}

/// The hypotheses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// H_c: drawn to T_c.
    Drawn,
    /// H_hot: finite capacity loses order first.
    Hot,
    /// H_mix: nothing but the mixture.
    Mixture,
    Undecided,
}

impl Answer {
    /// From the deviations of the mixtures below and above T_c, by rising numbers of hidden units.
    pub fn of(repetitions: usize, below: &[Deviation], above: &[Deviation]) -> Self {
        let known =
            |all: &[Deviation]| !all.is_empty() && all.iter().all(|d| d.value.is_finite() && d.error.is_finite());
        if repetitions < REPETITIONS || !known(below) || !known(above) {
            return Self::Undecided;
        }
        let all = |of: fn(Deviation) -> bool| below.iter().chain(above).all(|d| of(*d));
        let falls = |side: &[Deviation]| side[side.len() - 1].value < side[0].value;
        if below.iter().all(|d| d.is_above()) && above.iter().all(|d| d.is_below()) {
            Self::Drawn
        } else if all(Deviation::is_above) && falls(below) && falls(above) {
            Self::Hot
        } else if all(Deviation::is_nothing) {
            Self::Mixture
        } else {
            Self::Undecided
        }
    }

    /// Begins with Yes or No.
    pub fn sentence(self, repetitions: usize) -> String {
        match self {
            Self::Drawn => "Yes: machines of finite capacity deviate from their mixture towards T_c, from both sides \
                            (H_c)."
                .into(),
            Self::Hot => "No: machines trained towards the likelihood are hotter than their mixture, below T_c and \
                          above it, and the less so the more hidden units they have (H_hot); T_c is nothing special."
                .into(),
            Self::Mixture => "No: the machines' own laws have the energy of their mixture (H_mix).".into(),
            Self::Undecided if repetitions < REPETITIONS => format!(
                "No verdict yet, so No: {repetitions} repetition{} of the {REPETITIONS} that the rules ask for; \
                 --seeds {REPETITIONS} gives one.",
                if repetitions == 1 { "" } else { "s" }
            ),
            Self::Undecided => "No: the deviations from the mixture fit none of the hypotheses at every number of \
                                hidden units, so nothing shows that T_c is known."
                .into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_hypothesis_has_its_verdict() {
        let all = |values: [f64; 2]| values.map(|value| Deviation { value, error: 0.02 });
        let of = |below, above| Answer::of(3, &all(below), &all(above));
        assert_eq!(of([0.5, 0.2], [-0.4, -0.1]), Answer::Drawn);
        assert_eq!(of([0.5, 0.2], [0.4, 0.1]), Answer::Hot);
        assert_eq!(of([0.01, 0.035], [-0.035, 0.0]), Answer::Mixture);
        // Not smaller with more units; too near to 0; both sides, but 0 at one size; too wide.
        for (below, above) in [([0.2, 0.5], [0.4, 0.1]), ([0.5, 0.035], [0.4, 0.1]), ([0.5, 0.2], [-0.4, 0.0])] {
            assert_eq!(of(below, above), Answer::Undecided);
        }
        let wide = [Deviation { value: 0.01, error: 0.03 }];
        assert_eq!(Answer::of(3, &wide, &wide), Answer::Undecided);
        assert_eq!(Answer::of(2, &all([0.5, 0.2]), &all([-0.4, -0.1])), Answer::Undecided);
        assert_eq!(Answer::of(3, &all([f64::NAN, 0.2]), &all([-0.4, -0.1])), Answer::Undecided);
    }

    #[test]
    fn the_answer_begins_with_yes_or_no() {
        for (answer, word) in
            [(Answer::Drawn, "Yes"), (Answer::Hot, "No"), (Answer::Mixture, "No"), (Answer::Undecided, "No")]
        {
            assert!([1, 3].iter().all(|n| answer.sentence(*n).starts_with(word)));
        }
    }
}
