//! Exact ln Z: by enumeration of a discrete layer, or from the determinant of a Gaussian machine.

use super::enumeration::{MOST_UNITS, VisibleStates};
use super::exact_sums::SmallLayer;
use super::{Rbm, RbmError};
use crate::kernel::log_weights::LogSum;
use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;

/// Units of a layer from which tables of its halves are worth making.
const TABLES_FROM: usize = 12;

/// ln(2 pi).
const LN_TWO_PI: f64 = 1.837_877_066_409_345_3;

/// The layer that is enumerated for ln Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// The visible units.
    Visible,
    /// The hidden units.
    Hidden,
}

impl Rbm {
    /// Exact ln Z, Z = sum (or integral) of exp(-H(v, h)) over all states, by the cheapest way: enumeration of the
    /// discrete layer of fewer states, at most those of 25 two-valued units (the other layer is summed or integrated in
    /// closed form), or the determinant if both layers are Gaussian.
    ///
    /// O(states times the size of the other layer), in parallel; the same bits for any number of threads.
    ///
    /// # Errors
    /// [`RbmError::TooLarge`] if no discrete layer has so few states; [`RbmError::NotNormalisable`] for a Gaussian
    /// machine whose Z is infinite; [`RbmError::NotFinite`] for parameters that are not finite.
    ///
    /// ```
    /// use ndarray::{arr1, arr2};
    /// use rgflow::rbm::{Rbm, RbmError, Units};
    /// let gaussian = Units::gaussian(1.0)?;
    /// let machine = |w| Rbm::new(arr2(&[[w]]), arr1(&[0.0]), arr1(&[0.0]), gaussian.clone(), gaussian.clone());
    /// assert!(machine(0.9)?.ln_z()?.is_finite());
    /// assert_eq!(machine(1.1)?.ln_z(), Err(RbmError::NotNormalisable));
    /// # Ok::<(), RbmError>(())
    /// ```
    pub fn ln_z(&self) -> Result<f64, RbmError> {
        let Some(layer) = self.layer_of_fewer_states() else { return self.gaussian_ln_z() };
        let units = if layer == Layer::Visible { self.n_visible() } else { self.n_hidden() };
        if (TABLES_FROM..=MOST_UNITS).contains(&units)
            && let Some(layer) = SmallLayer::new(&self.with_small_hidden().0)
        {
            return Ok(layer.ln_z());
        }
        self.ln_z_over(layer)
    }

    /// Whether [`Rbm::ln_z`] sums it: a discrete layer has at most the states of 25 two-valued units, or both layers
    /// are Gaussian.
    ///
    /// ```
    /// use rgflow::{random::Streams, rbm::Rbm};
    /// let machine = |n, m| Rbm::random(n, m, 0.1, &mut Streams::new(1).generator("example/init", 0));
    /// assert!(machine(100, 25).has_exact_ln_z() && !machine(100, 26).has_exact_ln_z());
    /// ```
    pub fn has_exact_ln_z(&self) -> bool {
        let (n, m) = self.weights.dim();
        let (sites, units) = match self.layer_of_fewer_states() {
            None => return true,
            Some(Layer::Visible) => (self.visible_units().sites(), n),
            Some(Layer::Hidden) => (self.hidden_units().sites(), m),
        };
        sites.is_some_and(|sites| units <= sites.most_units(MOST_UNITS))
    }

    /// States of that layer.
    pub(super) fn fewer_states(&self) -> Option<u64> {
        match self.layer_of_fewer_states()? {
            Layer::Visible => self.visible_units().sites()?.count(self.n_visible()),
            Layer::Hidden => self.hidden_units().sites()?.count(self.n_hidden()),
        }
    }

    /// Refuses a visible layer that is not discrete, or of more states than 25 two-valued units, for `what`.
    pub(super) fn check_enumerable(&self, what: &'static str) -> Result<(), RbmError> {
        let (most, found) = (self.visible_sites(what)?.most_units(MOST_UNITS), self.n_visible());
        if found > most { Err(RbmError::TooLarge { what, most, found }) } else { Ok(()) }
    }

    /// The discrete layer that has fewer states.
    pub(super) fn layer_of_fewer_states(&self) -> Option<Layer> {
        let (n, m) = self.weights.dim();
        match (self.visible_units().sites(), self.hidden_units().sites()) {
            (Some(v), Some(h)) if v.ln_count(n) <= h.ln_count(m) => Some(Layer::Visible),
            (_, Some(_)) => Some(Layer::Hidden),
            (Some(_), None) => Some(Layer::Visible),
            (None, None) => None,
        }
    }

    /// Exact ln Z by enumerating the states of `layer`: both layers give the same number.
    ///
    /// # Errors
    /// [`RbmError::NotTwoValued`] if `layer` is Gaussian, [`RbmError::TooLarge`] if it has more states than 25
    /// two-valued units, [`RbmError::NotFinite`] for parameters that are not finite.
    pub fn ln_z_over(&self, layer: Layer) -> Result<f64, RbmError> {
        const WHAT: &str = "ln Z";
        let mirrored;
        // H is symmetric under exchange of the layers: the hidden states are the visible ones of the mirrored machine.
        let machine = match layer {
            Layer::Visible => self,
            Layer::Hidden => {
                self.hidden_sites(WHAT)?;
                mirrored = self.mirrored();
                &mirrored
            }
        };
        let states = VisibleStates::new(machine, WHAT, MOST_UNITS)?;
        let blocks: Vec<LogSum> = (0..states.blocks())
            .into_par_iter()
            .map(|block| {
                let mut sum = LogSum::default();
                states.walk(block, &mut |visit| sum.add(visit.ln_weight));
                sum
            })
            .collect();
        let mut total = LogSum::default();
        blocks.iter().for_each(|block| total.merge(block));
        Ok(total.value())
    }

    /// ln Z of Gaussian units in both layers: exp(-H) is a Gaussian in (v, h) with the precision ((D_v, -W), (-W^T,
    /// D_h)), D = 1/sigma^2, if that matrix is positive definite, which it is if S = D_h - W^T D_v^-1 W is.
    fn gaussian_ln_z(&self) -> Result<f64, RbmError> {
        if !self.is_finite() {
            return Err(RbmError::NotFinite);
        }
        // The Schur complement of the larger layer is the smaller matrix.
        if self.n_visible() < self.n_hidden() {
            return self.mirrored().gaussian_ln_z();
        }
        let (n, m) = self.weights.dim();
        let variances = (self.visible_units().variances(n), self.hidden_units().variances(m));
        let (Some(variance), Some(hidden)) = variances else {
            let (what, kind) = ("ln Z by enumeration", self.visible_units().kind());
            return Err(RbmError::NotTwoValued { what, layer: "visible", kind });
        };
        let w = DMatrix::from_fn(n, m, |i, a| f64::from(self.weights[[i, a]]));
        let b = DVector::from_fn(n, |i, _| f64::from(self.visible_bias[i]));
        let c = DVector::from_fn(m, |a, _| f64::from(self.hidden_bias[a]));
        let scaled = DMatrix::from_fn(n, m, |i, a| variance[i] * w[(i, a)]);
        let mut schur = -(w.transpose() * &scaled);
        for a in 0..m {
            schur[(a, a)] += 1.0 / hidden[a];
        }
        let cholesky = schur.cholesky().ok_or(RbmError::NotNormalisable)?;
        let field = c + scaled.transpose() * &b;
        let exponent =
            b.iter().zip(&variance).map(|(b, s)| b * b * s).sum::<f64>() + field.dot(&cholesky.solve(&field));
        let ln_det: f64 = (0..m).map(|a| 2.0 * libm::log(cholesky.l_dirty()[(a, a)])).sum::<f64>()
            - variance.iter().map(|s| libm::log(*s)).sum::<f64>();
        Ok(0.5 * ((n + m) as f64 * LN_TWO_PI - ln_det + exponent))
    }
}
