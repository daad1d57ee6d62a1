//! Where the means of a block of configurations stand in a row.

use super::Settings;

/// Places of the means in a row: for each rule operators by level, then products by step; at last the energy.
pub(super) struct Layout {
    pub(super) n: [usize; 2],
    pub(super) steps: usize,
    /// Number of means of a rule.
    pub(super) of_rule: usize,
    /// Place of the sum of nearest neighbours of the sampled lattice.
    pub(super) energy: usize,
    pub(super) width: usize,
}

impl Layout {
    pub(super) fn new(settings: &Settings) -> Self {
        let n = [settings.operators[0].len(), settings.operators[1].len()];
        let means = (settings.steps + 1) * (n[0] + n[1]);
        let of_rule = means + settings.steps * 2 * (n[0] * n[0] + n[1] * n[1]);
        let energy = settings.rules.len() * of_rule;
        Self { n, steps: settings.steps, of_rule, energy, width: energy + 1 }
    }

    pub(super) fn mean(&self, level: usize, parity: usize, a: usize) -> usize {
        level * (self.n[0] + self.n[1]) + parity * self.n[0] + a
    }

    /// First of the products of operator `a` after the step with all operators of its parity before the step (`later`
    /// false) or after it.
    pub(super) fn products(&self, step: usize, parity: usize, later: bool, a: usize) -> usize {
        let squares = self.n[0] * self.n[0] + self.n[1] * self.n[1];
        let of_step = (self.steps + 1) * (self.n[0] + self.n[1]) + step * 2 * squares;
        of_step + usize::from(later) * squares + parity * self.n[0] * self.n[0] + a * self.n[parity]
    }
}
