//! Exact ln Z: by enumeration of a two-valued layer, or from the determinant of a Gaussian machine.

use super::enumeration::VisibleStates;
use super::{Rbm, RbmError, Units};
use crate::kernel::log_weights::LogSum;
use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;

/// Largest layer that is enumerated.
pub const MOST_UNITS: usize = 25;

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
    /// Exact ln Z, Z = sum (or integral) of exp(-H(v, h)) over all states, by the cheapest way: enumeration of the smaller
    /// two-valued layer of at most 25 units (the other layer is summed or integrated in closed form), or the determinant if both
    /// layers are Gaussian.
    ///
    /// O(2^n times the size of the other layer), in parallel; the same bits for any number of threads.
    ///
    /// # Errors
    /// [`RbmError::TooLarge`] if no two-valued layer has at most 25 units; [`RbmError::NotNormalisable`] for a Gaussian machine
    /// whose Z is infinite; [`RbmError::NotFinite`] for parameters that are not finite.
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
        let layer = match (self.visible_units(), self.hidden_units()) {
            (Units::TwoValued(_), Units::TwoValued(_)) if self.n_visible() <= self.n_hidden() => Layer::Visible,
            (_, Units::TwoValued(_)) => Layer::Hidden,
            (Units::TwoValued(_), _) => Layer::Visible,
            (Units::Gaussian(_), Units::Gaussian(_)) => return self.gaussian_ln_z(),
        };
        self.ln_z_over(layer)
    }

    /// Exact ln Z by enumerating the states of `layer`: both layers give the same number.
    ///
    /// # Errors
    /// [`RbmError::NotTwoValued`] if `layer` is Gaussian, [`RbmError::TooLarge`] if it has more than 25 units,
    /// [`RbmError::NotFinite`] for parameters that are not finite.
    pub fn ln_z_over(&self, layer: Layer) -> Result<f64, RbmError> {
        const WHAT: &str = "ln Z";
        let mirrored;
        // H is symmetric under exchange of the layers: the hidden states are the visible ones of the mirrored machine.
        let machine = match layer {
            Layer::Visible => self,
            Layer::Hidden => {
                mirrored = self.mirrored();
                &mirrored
            }
        };
        let states = VisibleStates::new(machine, WHAT, MOST_UNITS).map_err(|error| match error {
            RbmError::NotTwoValued { what, .. } if layer == Layer::Hidden => {
                RbmError::NotTwoValued { what, layer: "hidden" }
            }
            other => other,
        })?;
        let blocks: Vec<LogSum> = (0..states.blocks())
            .into_par_iter()
            .map(|block| {
                let mut sum = LogSum::default();
                states.walk(block, &mut |_, x, _| sum.add(x));
                sum
            })
            .collect();
        let mut total = LogSum::default();
        blocks.iter().for_each(|block| total.merge(block));
        Ok(total.value())
    }

    /// ln Z of Gaussian units in both layers: exp(-H) is a Gaussian in (v, h) with the precision ((D_v, -W), (-W^T, D_h)), D =
    /// 1/sigma^2, if that matrix is positive definite, which it is if S = D_h - W^T D_v^-1 W is.
    fn gaussian_ln_z(&self) -> Result<f64, RbmError> {
        if !self.is_finite() {
            return Err(RbmError::NotFinite);
        }
        // The Schur complement of the larger layer is the smaller matrix.
        if self.n_visible() < self.n_hidden() {
            return self.mirrored().gaussian_ln_z();
        }
        let (Units::Gaussian(visible), Units::Gaussian(hidden)) = (self.visible_units(), self.hidden_units()) else {
            return Err(RbmError::NotTwoValued { what: "ln Z by enumeration", layer: "visible" });
        };
        let (n, m) = self.weights.dim();
        let variance: Vec<f64> = (0..n).map(|i| f64::from(visible.sigma(i)).powi(2)).collect();
        let w = DMatrix::from_fn(n, m, |i, a| f64::from(self.weights[[i, a]]));
        let b = DVector::from_fn(n, |i, _| f64::from(self.visible_bias[i]));
        let c = DVector::from_fn(m, |a, _| f64::from(self.hidden_bias[a]));
        let scaled = DMatrix::from_fn(n, m, |i, a| variance[i] * w[(i, a)]);
        let mut schur = -(w.transpose() * &scaled);
        for a in 0..m {
            schur[(a, a)] += 1.0 / f64::from(hidden.sigma(a)).powi(2);
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
