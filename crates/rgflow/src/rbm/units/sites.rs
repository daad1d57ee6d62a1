//! The states of discrete units, numbered.

use ndarray::ArrayView1;

/// The states of a site of discrete units: a two-valued unit is a site of two states by itself.
///
/// State s of a layer has site k in the state that is digit k of s, written in the base of the states of a site: for
/// two-valued units, unit i is high where bit i of s is 1.
///
/// ```
/// use rgflow::rbm::Units;
/// let sites = Units::SPIN.sites().expect("spins are discrete");
/// assert_eq!((sites.width(), sites.states(), sites.count(3)), (1, 2, Some(8)));
/// assert_eq!(sites.layer(5, 3), [1.0, -1.0, 1.0]);
/// assert_eq!(sites.index(&[1.0, -1.0, 1.0]), Some(5));
/// assert!(Units::gaussian(1.0)?.sites().is_none());
/// # Ok::<(), rgflow::rbm::RbmError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Sites {
    /// Values of the units of a site in each of its states.
    values: Vec<Vec<f32>>,
}

impl Sites {
    /// Of the values of a site's units in each state: at least two states, of one length.
    pub(super) fn new(values: Vec<Vec<f32>>) -> Self {
        Self { values }
    }

    /// Units of a site.
    pub fn width(&self) -> usize {
        self.values[0].len()
    }

    /// States of a site.
    pub fn states(&self) -> usize {
        self.values.len()
    }

    /// Values of the units of a site in the state `state`.
    ///
    /// # Panics
    /// If there is no such state.
    pub fn values(&self, state: usize) -> &[f32] {
        &self.values[state]
    }

    /// Number of states of a layer of `n` units; `None` beyond 2^64.
    pub fn count(&self, n: usize) -> Option<u64> {
        (self.states() as u64).checked_pow((n / self.width()).try_into().ok()?)
    }

    /// ln of the number of states of a layer of `n` units.
    pub(in crate::rbm) fn ln_count(&self, n: usize) -> f64 {
        (n / self.width()) as f64 * libm::log(self.states() as f64)
    }

    /// Most units of a layer with no more than 2^`bits` states.
    pub fn most_units(&self, bits: usize) -> usize {
        // log2 of a power of two is exact; the margin is for others that would come out just below an integer.
        (bits as f64 / libm::log2(self.states() as f64) + 1e-9) as usize * self.width()
    }

    /// Values of the `n` units of a layer in its state `index`.
    pub fn layer(&self, index: u64, n: usize) -> Vec<f32> {
        let (mut rest, base) = (index, self.states() as u64);
        let mut values = Vec::with_capacity(n);
        for _ in 0..n / self.width() {
            values.extend_from_slice(&self.values[(rest % base) as usize]);
            rest /= base;
        }
        values
    }

    /// The state of a layer whose units have the values `row`; `None` if they are no state, or one whose number exceeds
    /// 2^64.
    pub fn index(&self, row: &[f32]) -> Option<u64> {
        let (mut index, mut place) = (0u64, Some(1u64));
        for site in row.chunks(self.width()) {
            let state = self.state(site)? as u64;
            index = index.checked_add(state.checked_mul(place?)?)?;
            place = place?.checked_mul(self.states() as u64);
        }
        Some(index)
    }

    /// The state of a site whose units have the values `site`, if they are one.
    pub fn state(&self, site: &[f32]) -> Option<usize> {
        self.values.iter().position(|values| values == site)
    }

    /// The first unit of the first site of `row` that is in no state.
    pub fn misfit(&self, row: ArrayView1<f32>) -> Option<usize> {
        let width = self.width();
        let is_state = |first: usize| {
            let fits = |values: &Vec<f32>| values.iter().enumerate().all(|(i, v)| row.get(first + i) == Some(v));
            self.values.iter().any(fits)
        };
        (0..row.len()).step_by(width).find(|first| !is_state(*first))
    }

    /// Lowest and highest value of a unit.
    pub fn range(&self) -> (f32, f32) {
        let all = self.values.iter().flatten();
        all.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), v| (low.min(*v), high.max(*v)))
    }
}
