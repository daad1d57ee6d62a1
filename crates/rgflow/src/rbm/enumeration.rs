//! All states of a two-valued layer, one after the other, with the other layer summed over.

use super::{Levels, Rbm, RbmError, Units};

/// Low bits that a block runs through. Fixed, so that sums over blocks do not depend on threads.
const BLOCK_BITS: usize = 12;

/// The states of the visible layer of a machine and their -F(v) = ln sum_h exp(-H(v, h)), in f64.
///
/// State s has unit i high where bit i of s is 1. Blocks of 2^12 states are run through in the order of a Gray code, so that a
/// step changes one unit.
pub(super) struct VisibleStates<'a> {
    n: usize,
    levels: Levels,
    hidden: &'a Units,
    /// Shape (n, n_hidden).
    weights: Vec<f64>,
    visible_bias: Vec<f64>,
    hidden_bias: Vec<f64>,
}

impl<'a> VisibleStates<'a> {
    /// Of `rbm`, for `what` (named in errors), which enumerates at most `most` units.
    pub(super) fn new(rbm: &'a Rbm, what: &'static str, most: usize) -> Result<Self, RbmError> {
        let levels = rbm.visible_units().levels().ok_or(RbmError::NotTwoValued { what, layer: "visible" })?;
        let n = rbm.n_visible();
        if n > most {
            return Err(RbmError::TooLarge { what, most, found: n });
        }
        if !rbm.is_finite() {
            return Err(RbmError::NotFinite);
        }
        let wide = |x: &f32| f64::from(*x);
        Ok(Self {
            n,
            levels,
            hidden: rbm.hidden_units(),
            weights: rbm.weights.iter().map(wide).collect(),
            visible_bias: rbm.visible_bias.iter().map(wide).collect(),
            hidden_bias: rbm.hidden_bias.iter().map(wide).collect(),
        })
    }

    /// Number of blocks.
    pub(super) fn blocks(&self) -> u64 {
        1 << self.n.saturating_sub(BLOCK_BITS)
    }

    /// Calls `visit` with each state of a block, its -F and the fields of the hidden units.
    pub(super) fn walk(&self, block: u64, visit: &mut dyn FnMut(u64, f64, &[f64])) {
        let low_bits = self.n.min(BLOCK_BITS);
        let mut state = block << low_bits;
        let mut z = self.hidden_bias.clone();
        let mut linear = 0.0;
        for i in 0..self.n {
            let v = self.value(state, i);
            linear += v * self.visible_bias[i];
            self.add(&mut z, i, v);
        }
        visit(state, linear + self.hidden.ln_sum(&z), &z);
        let delta = self.levels.wide_delta();
        for step in 1u64..1 << low_bits {
            let i = step.trailing_zeros() as usize;
            state ^= 1 << i;
            let change = if state >> i & 1 == 1 { delta } else { -delta };
            linear += change * self.visible_bias[i];
            self.add(&mut z, i, change);
            visit(state, linear + self.hidden.ln_sum(&z), &z);
        }
    }

    /// Fills `z` with the fields of the hidden units at the visible `spins` (-1 low, +1 high; any number of units) and returns the
    /// two parts of -F: sum_i b_i v_i and the sum over the hidden units.
    pub(super) fn parts(&self, spins: &[f64], z: &mut [f64]) -> (f64, f64) {
        z.copy_from_slice(&self.hidden_bias);
        let mut linear = 0.0;
        for (i, s) in spins.iter().enumerate() {
            let v = self.levels.value(*s > 0.0).into();
            linear += v * self.visible_bias[i];
            self.add(z, i, v);
        }
        (linear, self.hidden.ln_sum(z))
    }

    /// (ln p(unit i high) - ln p(unit i low)) / 2 with the others at rest, where the unit is `spin`, the hidden units have the
    /// fields `z` and their part of -F is `here`. `moved`: room for as many fields.
    pub(super) fn half_log_odds(&self, i: usize, spin: f64, (z, here): (&[f64], f64), moved: &mut [f64]) -> f64 {
        let delta = self.levels.wide_delta();
        moved.copy_from_slice(z);
        self.add(moved, i, -spin * delta);
        0.5 * (delta * self.visible_bias[i] + spin * (here - self.hidden.ln_sum(moved)))
    }

    /// The value of unit `i` in `state`.
    pub(super) fn value(&self, state: u64, i: usize) -> f64 {
        self.levels.value(state >> i & 1 == 1).into()
    }

    /// z_a += v w_ia.
    fn add(&self, z: &mut [f64], i: usize, v: f64) {
        let m = z.len();
        for (z, w) in z.iter_mut().zip(&self.weights[i * m..(i + 1) * m]) {
            *z += v * w;
        }
    }
}
