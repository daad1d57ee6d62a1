//! First weights within the span of the leading principal components of the data.

use super::{Rbm, RbmError, Samples};
use crate::kernel::product::gemm;
use crate::random::Generator;
use crate::statistics::principal_components;
use nalgebra::DMatrix;
use ndarray::{Array2, Axis};

impl Rbm {
    /// The same machine with weights drawn anew as random combinations of the first `rank` principal components of
    /// `data`, so that each weight has the standard deviation `scale`: a start in the directions that a training learns
    /// first (Decelle, Fissore and Furtlehner 2017 for what is learnt; Béreux et al. 2024 begin with a low-rank
    /// machine). Biases stay.
    ///
    /// `data`: samples of the visible units, at least two; `rank` is at least 1 and at most the number of visible
    /// units, else clamped. O(samples n_visible^2).
    ///
    /// # Errors
    /// As [`Samples::check`]; [`RbmError::NotConverged`] where the principal components are not found.
    ///
    /// ```
    /// use ndarray::Array2;
    /// use rgflow::{random::Streams, rbm::Rbm};
    /// let mut random = Streams::new(1).generator("example", 0);
    /// // All spins up or all down: one direction.
    /// let data = Array2::from_shape_fn((100, 6), |(s, _)| if s % 2 == 0 { 1.0f32 } else { -1.0 });
    /// let rbm = Rbm::random(6, 3, 0.0, &mut random).with_low_rank_weights(data.view(), 1, 0.1, &mut random)?;
    /// assert!((0..6).all(|i| (rbm.weights[[i, 0]] - rbm.weights[[0, 0]]).abs() < 1e-6) && rbm.weights[[0, 0]] != 0.0);
    /// # Ok::<(), rgflow::rbm::RbmError>(())
    /// ```
    pub fn with_low_rank_weights<'a>(
        mut self,
        data: impl Into<Samples<'a>>,
        rank: usize,
        scale: f32,
        random: &mut Generator,
    ) -> Result<Self, RbmError> {
        let data = data.into();
        data.check(&self)?;
        let (n, m) = self.weights.dim();
        let samples = data.len(n);
        let (mut square, mut sum) = (Array2::<f32>::zeros((n, n)), vec![0.0f64; n]);
        for first in (0..samples).step_by(4096) {
            let rows = data.rows(n, first..(first + 4096).min(samples));
            let v = rows.values(&self);
            gemm(v.t(), v.view(), 1.0, square.view_mut());
            sum.iter_mut().zip(v.sum_axis(Axis(0))).for_each(|(sum, x)| *sum += f64::from(x));
        }
        let count = samples as f64;
        let covariance =
            DMatrix::from_fn(n, n, |i, j| f64::from(square[[i, j]]) / count - sum[i] * sum[j] / (count * count));
        let components =
            principal_components(covariance).ok_or(RbmError::NotConverged { what: "principal components" })?;
        let basis = components.basis(rank.clamp(1, n));
        let factor = scale * (n as f32 / basis.ncols() as f32).sqrt();
        let combinations = Self::random(basis.ncols(), m, factor, random).weights;
        gemm(basis.view(), combinations.view(), 0.0, self.weights.view_mut());
        Ok(self)
    }
}
