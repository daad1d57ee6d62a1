//! Units that know nothing of each other: what a machine has to beat.

use super::Units;
use ndarray::{Array1, ArrayView1};

/// Independent visible units with the means (and variances) of the training data: a law, and the data's mean as a
/// reconstruction.
///
/// ```
/// use ndarray::array;
/// use rgflow::rbm::{IndependentUnits, Units};
/// let data = array![[1.0f32, -1.0], [1.0, 1.0], [1.0, -1.0], [1.0, 1.0]];
/// let units = IndependentUnits::fit(&Units::SPIN, 2, |take| data.rows().into_iter().for_each(take));
/// assert_eq!(units.mean, array![1.0f32, 0.0]);
/// // Laplace's rule: the first is up with probability 5/6, the second with 1/2.
/// let ln_p = units.ln_p(array![1.0f32, -1.0].view());
/// assert!((ln_p - (5.0f64 / 12.0).ln()).abs() < 1e-12);
/// ```
#[derive(Clone, Debug)]
pub struct IndependentUnits {
    /// Mean of each unit, shape `(n_visible,)`.
    pub mean: Array1<f32>,
    units: Units,
    /// Of each unit, as its kind says it: of two-valued ones the probability of the high value, else mean and variance.
    laws: Vec<(f64, f64)>,
    biases: Vec<f32>,
}

impl IndependentUnits {
    /// Of `n_visible` units of the kind `units`; `rows` gives each training sample to what it is called with, and is
    /// called twice.
    ///
    /// Probabilities of states follow Laplace's rule, (k + 1)/(n + 2) of two. A normal law is no narrower than the
    /// machine's unit: none of a machine's laws is, and a column that is constant would have an infinite density.
    pub fn fit(units: &Units, n_visible: usize, rows: impl Fn(&mut dyn FnMut(ArrayView1<f32>))) -> Self {
        let (mut mean, mut sums) = (Array1::<f32>::zeros(n_visible), vec![0.0f64; n_visible]);
        let mut shares = sums.clone();
        let mut count = 0usize;
        rows(&mut |row| {
            mean += &row;
            sums.iter_mut().zip(row).for_each(|(sum, v)| *sum += f64::from(*v));
            shares.iter_mut().zip(row).for_each(|(sum, v)| *sum += units.share(*v));
            count += 1;
        });
        mean /= count as f32;
        let n = count as f64;
        let means: Vec<f64> = sums.iter().map(|sum| sum / n).collect();
        let mut squares = vec![0.0f64; n_visible];
        if units.sites().is_none() {
            rows(&mut |row| {
                let of = |((square, v), mean): ((&mut f64, &f32), &f64)| *square += (f64::from(*v) - mean).powi(2);
                squares.iter_mut().zip(row).zip(&means).for_each(of);
            });
        }
        Self { mean, units: units.clone(), laws: units.laws(n, &means, &squares), biases: units.biases(&shares, count) }
    }

    /// The biases that give the units of a machine without weights this law, but that normal units keep the machine's
    /// width.
    pub(super) fn biases(&self) -> &[f32] {
        &self.biases
    }

    /// The kind of the units.
    pub fn units(&self) -> &Units {
        &self.units
    }

    /// ln p of a sample, in nats; of real numbers the logarithm of the density.
    pub fn ln_p(&self, sample: ArrayView1<f32>) -> f64 {
        sample.iter().zip(&self.laws).map(|(v, law)| self.units.ln_p(*v, *law)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn a_constant_column_has_the_width_of_the_machine() {
        let data = array![[2.0f32, 0.0], [2.0, 4.0]];
        let units = "gaussian:0.5".parse().expect("units");
        let law = IndependentUnits::fit(&units, 2, |take| data.rows().into_iter().for_each(take));
        // Variances 0.25 (the machine's) and 4 (the data's), at the means.
        let expected = -0.5 * ((std::f64::consts::TAU * 0.25).ln() + (std::f64::consts::TAU * 4.0).ln());
        assert!((law.ln_p(array![2.0f32, 2.0].view()) - expected).abs() < 1e-12);
    }
}
