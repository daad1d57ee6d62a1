//! The exact law p(v) of a small machine, and its distances from a law of the data.

use super::enumeration::VisibleStates;
use super::{Rbm, RbmError};
use crate::kernel::log_weights::LogSum;
use crate::statistics::{jensen_shannon, kullback_leibler};
use ndarray::{Array1, ArrayView1, ArrayView2};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Largest two-valued visible layer whose law is listed; others have no more states.
pub const MOST_VISIBLE: usize = 20;
/// How far the sum of a law may be from 1.
const ROUNDING: f64 = 1e-9;

/// Distances between the law q of the data and the law p of a machine, in nats.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Divergences {
    /// KL(q || p) (thesis eq. 2.4.1): what maximum likelihood minimises.
    pub kl: f64,
    /// KL(p || q), infinite where q = 0 < p.
    pub reverse_kl: f64,
    /// Jensen-Shannon divergence, at most ln 2 (thesis eq. 5.1).
    pub jensen_shannon: f64,
}

impl Divergences {
    /// Of q from p, given both p and ln p.
    pub(super) fn of(q: &[f64], p: &[f64], ln_p: &[f64]) -> Self {
        // With ln p at hand, a p below the smallest f64 is no infinity.
        let kl: f64 = q.iter().zip(ln_p).filter(|(q, _)| **q > 0.0).map(|(q, ln_p)| q * (libm::log(*q) - ln_p)).sum();
        Self { kl: kl.max(0.0), reverse_kl: kullback_leibler(p, q), jensen_shannon: jensen_shannon(q, p) }
    }
}

impl Rbm {
    /// ln p(v) of all states, numbered as `Sites` says: 2^n_visible of two-valued units, where in state s unit i is
    /// high if bit i of s is 1. At most 2^20 states.
    ///
    /// # Errors
    /// [`RbmError::NotTwoValued`], [`RbmError::TooLarge`], [`RbmError::NotFinite`].
    pub fn ln_visible_law(&self) -> Result<Vec<f64>, RbmError> {
        let states = VisibleStates::new(self, "the exact law p(v)", MOST_VISIBLE)?;
        let mut ln = vec![0.0; states.count()];
        let size = states.block_size();
        ln.par_chunks_mut(size).enumerate().for_each(|(block, values)| {
            states.walk(block, &mut |visit| values[visit.state % size] = visit.ln_weight);
        });
        let mut sum = LogSum::default();
        ln.iter().for_each(|x| sum.add(*x));
        let ln_z = sum.value();
        ln.iter_mut().for_each(|x| *x -= ln_z);
        Ok(ln)
    }

    /// p(v) of all states, in the order of [`Rbm::ln_visible_law`].
    ///
    /// # Errors
    /// As [`Rbm::ln_visible_law`].
    ///
    /// ```
    /// use ndarray::{array, arr1};
    /// use rgflow::rbm::{Rbm, Units};
    /// // Without weights the visible spin follows its bias b: p(+1) = e^b/(2 cosh b).
    /// let rbm = Rbm::new(array![[0.0f32]], arr1(&[0.5]), arr1(&[0.0]), Units::SPIN, Units::SPIN)?;
    /// let law = rbm.visible_law()?;
    /// assert!((law[1] - 1.0 / (1.0 + (-1.0f64).exp())).abs() < 1e-12 && (law.sum() - 1.0).abs() < 1e-12);
    /// # Ok::<(), rgflow::rbm::RbmError>(())
    /// ```
    pub fn visible_law(&self) -> Result<Array1<f64>, RbmError> {
        Ok(self.ln_visible_law()?.into_iter().map(libm::exp).collect())
    }

    /// The exact mean of an observable: `of` each visible state, under p(v).
    ///
    /// ```
    /// let random = &mut rgflow::random::Streams::new(1).generator("example", 0);
    /// let rbm = rgflow::rbm::Rbm::random(6, 2, 0.5, random);
    /// // Without biases p(v) = p(-v).
    /// assert!(rbm.expectation(|v| f64::from(v[0])).unwrap().abs() < 1e-12);
    /// ```
    ///
    /// # Errors
    /// As [`Rbm::ln_visible_law`].
    pub fn expectation(&self, of: impl Fn(ArrayView1<'_, f32>) -> f64) -> Result<f64, RbmError> {
        let law = self.visible_law()?;
        let sites = self.visible_sites("the mean under p(v)")?;
        let mean = law.iter().enumerate().map(|(state, p)| {
            let v = sites.layer(state as u64, self.n_visible());
            p * of(ArrayView1::from(&v))
        });
        Ok(mean.sum())
    }

    /// Exact distances between the law `q` over visible states (in the order of [`Rbm::ln_visible_law`]) and p.
    ///
    /// # Errors
    /// As [`Rbm::ln_visible_law`]; [`RbmError::Law`] if `q` is no distribution over as many states.
    ///
    /// ```
    /// use rgflow::{random::Streams, rbm::Rbm};
    /// let rbm = Rbm::random(3, 2, 0.0, &mut Streams::new(1).generator("example", 0));
    /// // Of a law on one of eight states from that of equal probabilities.
    /// let mut one = [0.0; 8];
    /// one[5] = 1.0;
    /// let seen = rbm.divergences(&one)?;
    /// assert!((seen.kl - 8.0f64.ln()).abs() < 1e-12 && seen.reverse_kl == f64::INFINITY);
    /// # Ok::<(), rgflow::rbm::RbmError>(())
    /// ```
    pub fn divergences(&self, q: &[f64]) -> Result<Divergences, RbmError> {
        let ln_p = self.ln_visible_law()?;
        check_law(q, ln_p.len())?;
        let p: Vec<f64> = ln_p.iter().map(|x| libm::exp(*x)).collect();
        Ok(Divergences::of(q, &p, &ln_p))
    }

    /// The law of data: the frequency of each state among the rows of `v`.
    ///
    /// `v`: shape (n, n_visible), states of discrete units. At most 2^20 states.
    ///
    /// # Errors
    /// [`RbmError::NotTwoValued`], [`RbmError::TooLarge`]; [`RbmError::Data`] or [`RbmError::Site`] for what is no
    /// state; [`RbmError::Shape`] for another width; [`RbmError::Law`] if there are no rows.
    ///
    /// ```
    /// use ndarray::array;
    /// use rgflow::{random::Streams, rbm::Rbm};
    /// let rbm = Rbm::random(2, 1, 0.1, &mut Streams::new(1).generator("example", 0));
    /// let law = rbm.empirical_law(array![[1.0f32, 1.0], [1.0, 1.0], [1.0, -1.0], [-1.0, 1.0]].view())?;
    /// assert_eq!(law, array![0.0, 0.25, 0.25, 0.5]);
    /// # Ok::<(), rgflow::rbm::RbmError>(())
    /// ```
    pub fn empirical_law(&self, v: ArrayView2<f32>) -> Result<Array1<f64>, RbmError> {
        let what = "the law of the data";
        let sites = self.visible_sites(what)?;
        let (n, most, found) = (self.n_visible(), sites.most_units(MOST_VISIBLE), v.ncols());
        if n > most {
            return Err(RbmError::TooLarge { what, most, found: n });
        }
        if found != n {
            return Err(RbmError::Shape { what: "columns of the data", expected: n, found });
        }
        if v.nrows() == 0 {
            return Err(RbmError::Law("has no samples".into()));
        }
        self.check_states(v, &sites)?;
        let mut law = Array1::zeros(sites.count(n).unwrap_or(0) as usize);
        let states = v.rows().into_iter().filter_map(|row| sites.index(&row.to_vec()));
        states.for_each(|state| law[state as usize] += 1.0);
        Ok(law / v.nrows() as f64)
    }
}

/// Refuses what is no distribution over `states` states.
pub(super) fn check_law(q: &[f64], states: usize) -> Result<(), RbmError> {
    if q.len() != states {
        return Err(RbmError::Shape { what: "states of the law of the data", expected: states, found: q.len() });
    }
    if let Some(state) = q.iter().position(|q| !(0.0..=1.0 + ROUNDING).contains(q)) {
        return Err(RbmError::Law(format!("has the probability {} in state {state}: must be in [0, 1]", q[state])));
    }
    let sum: f64 = q.iter().sum();
    if (sum - 1.0).abs() > ROUNDING {
        return Err(RbmError::Law(format!("sums to {sum}, not to 1: divide it by its sum")));
    }
    Ok(())
}
