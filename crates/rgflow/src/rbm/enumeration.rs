//! All states of a discrete layer, one after the other, with the other layer summed over.

use super::{Rbm, RbmError, Sites, Units};

/// Largest two-valued layer that is enumerated; others have no more states.
pub(super) const MOST_UNITS: usize = 25;

/// Low bits of the number of a state that a block runs through, at most. Fixed, so that sums over blocks do not depend
/// on threads.
const BLOCK_BITS: usize = 12;

/// The states of the visible layer of a machine, numbered as [`Sites`] says, and their -F(v) = ln sum_h exp(-H(v, h)),
/// in f64.
///
/// Blocks of at most 2^12 states are run through in the order of a modular Gray code, so that a step changes one site.
pub(super) struct VisibleStates<'a> {
    n: usize,
    sites: Sites,
    /// Units of a site that the step from each of its states to the next changes: number in the site, change, and value
    /// after it.
    steps: Vec<Vec<(usize, f64, f64)>>,
    hidden: &'a Units,
    /// Shape (n, n_hidden).
    weights: Vec<f64>,
    visible_bias: Vec<f64>,
    hidden_bias: Vec<f64>,
}

/// A visible state.
pub(super) struct Visit<'a> {
    /// Its number.
    pub(super) state: usize,
    /// -F(v).
    pub(super) ln_weight: f64,
    /// Values of the visible units.
    pub(super) values: &'a [f64],
    /// Fields of the hidden units.
    pub(super) fields: &'a [f64],
}

/// The hidden units at a visible state.
#[derive(Clone, Copy)]
pub(super) struct HiddenFields<'a> {
    /// Their fields.
    pub z: &'a [f64],
    /// Their part of -F.
    pub ln_sum: f64,
}

impl<'a> VisibleStates<'a> {
    /// Of `rbm`, for `what` (named in errors), which enumerates at most 2^`most` states.
    pub(super) fn new(rbm: &'a Rbm, what: &'static str, most: usize) -> Result<Self, RbmError> {
        let (sites, n) = (rbm.visible_sites(what)?, rbm.n_visible());
        let most = sites.most_units(most);
        if n > most {
            return Err(RbmError::TooLarge { what, most, found: n });
        }
        if !rbm.is_finite() {
            return Err(RbmError::NotFinite);
        }
        let wide = |x: &f32| f64::from(*x);
        let step = |state: usize| {
            let pairs = sites.values(state).iter().zip(sites.values((state + 1) % sites.states())).enumerate();
            let changed = pairs.filter(|(_, (now, next))| now != next);
            changed.map(|(unit, (now, next))| (unit, wide(next) - wide(now), wide(next))).collect()
        };
        Ok(Self {
            n,
            steps: (0..sites.states()).map(step).collect(),
            sites,
            hidden: rbm.hidden_units(),
            weights: rbm.weights.iter().map(wide).collect(),
            visible_bias: rbm.visible_bias.iter().map(wide).collect(),
            hidden_bias: rbm.hidden_bias.iter().map(wide).collect(),
        })
    }

    /// Units that a block runs through.
    fn block_units(&self) -> usize {
        self.n.min(self.sites.most_units(BLOCK_BITS).max(self.sites.width()))
    }

    /// States of a block.
    pub(super) fn block_size(&self) -> usize {
        self.sites.count(self.block_units()).expect("at most 2^12, or those of a site") as usize
    }

    /// Number of blocks.
    pub(super) fn blocks(&self) -> usize {
        self.count() / self.block_size()
    }

    /// Number of states.
    pub(super) fn count(&self) -> usize {
        self.sites.count(self.n).expect("no more than were asked for") as usize
    }

    /// Calls `visit` with each state of a block.
    pub(super) fn walk(&self, block: usize, visit: &mut dyn FnMut(Visit)) {
        let (width, base, size) = (self.sites.width(), self.sites.states(), self.block_size());
        let mut state = block * size;
        let mut values: Vec<f64> = self.sites.layer(state as u64, self.n).into_iter().map(f64::from).collect();
        let mut z = self.hidden_bias.clone();
        let mut linear = 0.0;
        for (i, v) in values.iter().enumerate() {
            linear += v * self.visible_bias[i];
            self.add(&mut z, i, *v);
        }
        let ln_weight = |linear: f64, z: &[f64]| linear + self.hidden.ln_sum(z);
        visit(Visit { state, ln_weight: ln_weight(linear, &z), values: &values, fields: &z });
        // The states of the sites, and the digits of the number of the step: a site steps where its digit does.
        let sites = self.block_units() / width;
        let (mut states, mut digits) = (vec![0; sites], vec![0; sites]);
        for _ in 1..size {
            let (mut site, mut place) = (0, 1);
            while digits[site] == base - 1 {
                digits[site] = 0;
                (site, place) = (site + 1, place * base);
            }
            digits[site] += 1;
            for (unit, change, value) in &self.steps[states[site]] {
                let i = site * width + unit;
                linear += change * self.visible_bias[i];
                self.add(&mut z, i, *change);
                values[i] = *value;
            }
            states[site] = (states[site] + 1) % base;
            state = if states[site] == 0 { state - (base - 1) * place } else { state + place };
            visit(Visit { state, ln_weight: ln_weight(linear, &z), values: &values, fields: &z });
        }
    }

    /// Of two-valued units: fills `z` with the fields of the hidden units at the visible `spins` (-1 low, +1 high; any
    /// number of units) and returns the two parts of -F: sum_i b_i v_i and the sum over the hidden units.
    pub(super) fn parts(&self, spins: &[f64], z: &mut [f64]) -> (f64, f64) {
        z.copy_from_slice(&self.hidden_bias);
        let mut linear = 0.0;
        for (i, s) in spins.iter().enumerate() {
            let v = self.sites.values(usize::from(*s > 0.0))[0].into();
            linear += v * self.visible_bias[i];
            self.add(z, i, v);
        }
        (linear, self.hidden.ln_sum(z))
    }

    /// Of two-valued units: (ln p(unit i high) - ln p(unit i low)) / 2 with the others at rest, where the unit is
    /// `spin`. `moved`: space for the fields of the hidden units.
    pub(super) fn half_log_odds(&self, i: usize, spin: f64, at: HiddenFields<'_>, moved: &mut [f64]) -> f64 {
        let (_, delta, _) = self.steps[0][0];
        moved.copy_from_slice(at.z);
        self.add(moved, i, -spin * delta);
        0.5 * (delta * self.visible_bias[i] + spin * (at.ln_sum - self.hidden.ln_sum(moved)))
    }

    /// z_a += v w_ia.
    fn add(&self, z: &mut [f64], i: usize, v: f64) {
        let m = z.len();
        for (z, w) in z.iter_mut().zip(&self.weights[i * m..(i + 1) * m]) {
            *z += v * w;
        }
    }
}
