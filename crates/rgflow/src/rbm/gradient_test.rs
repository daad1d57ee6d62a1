//! Is the gradient of ln p zero? Moments of data beside those of the machine, in units of their errors.

use super::{Moments, Rbm, RbmError, Samples};
use crate::kernel::product::gemm;
use ndarray::{Array2, ArrayView2, s};

/// Rows that are averaged at a time.
const ROWS: usize = 1024;

/// The gradient of ln p of independent samples, \<v h>_data - \<v h>_machine, \<v>_data - \<v>_machine and \<h>_data -
/// \<h>_machine (thesis eq. 2.4.11), in units of the errors of the data's means: see [`Rbm::gradient_test`].
///
/// At the maximum of the likelihood of a law, and of fresh samples of it, each z has the mean 0 and the variance 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GradientTest {
    /// Mean of z^2 over the parameters.
    pub mean_square: f64,
    /// Largest |z|.
    pub largest: f64,
    /// Largest component of the gradient itself.
    pub gradient: f64,
    /// Number of parameters whose samples vary.
    pub parameters: usize,
}

impl Rbm {
    /// Compares the moments of the samples `data` with `model`, those of the machine ([`Rbm::moments`]).
    ///
    /// `data`: independent samples; those that the machine was trained on make the gradient zero at their own maximum,
    /// fresh ones at that of their law. Parameters whose samples do not vary are left out.
    ///
    /// # Errors
    /// As [`Samples::check`].
    ///
    /// ```
    /// use rgflow::{random::Streams, rbm::{ExactDraws, Rbm}};
    /// let streams = Streams::new(1);
    /// let rbm = Rbm::random(8, 3, 0.5, &mut streams.generator("example/init", 0));
    /// let own = ExactDraws::new(&rbm)?.draw(20_000, &mut streams.bulk("example/draws", 0));
    /// let (own, model) = (rbm.gradient_test(own.view(), &rbm.moments()?)?, rbm.moments()?);
    /// assert!(own.mean_square < 2.5, "its own samples are those of the optimum");
    /// let other = ndarray::Array2::from_shape_fn((1000, 8), |(s, i)| if (s + i) % 2 == 0 { 1.0f32 } else { -1.0 });
    /// assert!(rbm.gradient_test(other.view(), &model)?.mean_square > 100.0);
    /// # Ok::<(), rgflow::rbm::RbmError>(())
    /// ```
    pub fn gradient_test<'a>(&self, data: impl Into<Samples<'a>>, model: &Moments) -> Result<GradientTest, RbmError> {
        let data = data.into();
        data.check(self)?;
        let (n, m) = self.weights.dim();
        let samples = data.len(n);
        // Sums of x and x^2 of v_i h_a in the first n rows and m columns, of h in the last row and of v in the last
        // column.
        let mut sums = [Array2::<f64>::zeros((n + 1, m + 1)), Array2::zeros((n + 1, m + 1))];
        for first in (0..samples).step_by(ROWS) {
            let rows = data.rows(n, first..(first + ROWS).min(samples));
            let v = rows.values(self);
            let mut h = Array2::zeros((v.nrows(), m));
            self.hidden_mean(v.view(), &mut h);
            // Of one hidden and one visible unit more, which are always 1.
            let (v, h) = (with_one(v.view()), with_one(h.view()));
            for (sum, power) in sums.iter_mut().zip([1, 2]) {
                let mut part = Array2::<f32>::zeros((n + 1, m + 1));
                gemm(v.mapv(|x| x.powi(power)).t(), h.mapv(|x| x.powi(power)).view(), 0.0, part.view_mut());
                *sum += &part.mapv(f64::from);
            }
        }
        let count = samples as f64;
        let of_model = |i: usize, a: usize| match (i < n, a < m) {
            (true, true) => model.products[[i, a]],
            (true, false) => model.visible[i],
            (false, true) => model.hidden[a],
            (false, false) => 1.0,
        };
        let mut test = GradientTest { mean_square: 0.0, largest: 0.0, gradient: 0.0, parameters: 0 };
        for ((i, a), sum) in sums[0].indexed_iter().filter(|((i, a), _)| *i < n || *a < m) {
            let mean = sum / count;
            let variance = (sums[1][[i, a]] / count - mean * mean) / (count - 1.0);
            let gradient = mean - of_model(i, a);
            test.gradient = test.gradient.max(gradient.abs());
            // Below the rounding of f32 expectation values there is no variance.
            if variance * count > 1e-9 {
                let z = gradient / variance.sqrt();
                test.mean_square += z * z;
                test.largest = test.largest.max(z.abs());
                test.parameters += 1;
            }
        }
        test.mean_square /= test.parameters.max(1) as f64;
        Ok(test)
    }
}

fn with_one(x: ArrayView2<f32>) -> Array2<f32> {
    let mut with = Array2::ones((x.nrows(), x.ncols() + 1));
    with.slice_mut(s![.., ..x.ncols()]).assign(&x);
    with
}
