//! P(T) of a collection: the thermometer's output averaged over its configurations, with what errors need.

use super::FlowError;
use crate::random::Generator;
use ndarray::{Array2, ArrayView2};
use rand::RngExt;

/// Configurations per block of a reading.
pub(crate) const BLOCK: usize = 10;

/// P(T) of a collection, kept as means over blocks of ten configurations.
///
/// A collection consists of strata of independent configurations with equal weights: one for a collection at one
/// temperature, one per start or training temperature for a pooled one. Resampling stays within strata.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// One array per stratum, shape (blocks, temperatures).
    pub strata: Vec<Array2<f64>>,
}

impl Reading {
    /// Reading of one stratum from probabilities of shape (configurations, temperatures); a rest of fewer than ten
    /// configurations forms a block of its own.
    ///
    /// ```
    /// use rgflow::flow::Reading;
    /// let reading = Reading::of(ndarray::array![[0.25f32, 0.75], [0.75, 0.25]].view());
    /// assert_eq!(reading.mean(), [0.5, 0.5]);
    /// ```
    pub fn of(probabilities: ArrayView2<f32>) -> Self {
        let n = probabilities.nrows();
        let mut blocks = Array2::zeros((n.div_ceil(BLOCK), probabilities.ncols()));
        for (i, row) in probabilities.rows().into_iter().enumerate() {
            let size = BLOCK.min(n - i / BLOCK * BLOCK);
            blocks.row_mut(i / BLOCK).zip_mut_with(&row, |b, p| *b += f64::from(*p) / size as f64);
        }
        Self { strata: vec![blocks] }
    }

    /// Refuses a reading, the one at `index`, of other than `n` temperatures or without configurations.
    pub(super) fn check(&self, index: usize, n: usize) -> Result<(), FlowError> {
        let width = |s: &Array2<f64>| if s.is_empty() { 0 } else { s.ncols() };
        let found = if self.strata.is_empty() { Some(0) } else { self.strata.iter().map(width).find(|w| *w != n) };
        found.map_or(Ok(()), |found| Err(FlowError::Reading { index, found, expected: n }))
    }

    /// Collections pooled with equal weights.
    ///
    /// ```
    /// use rgflow::flow::Reading;
    /// let [a, b] = [0.0f32, 1.0].map(|p| Reading::of(ndarray::Array2::from_elem((20, 1), p).view()));
    /// assert!((Reading::pooled([&a, &b]).mean()[0] - 0.5).abs() < 1e-12);
    /// ```
    pub fn pooled<'a>(parts: impl IntoIterator<Item = &'a Reading>) -> Self {
        Self { strata: parts.into_iter().flat_map(|r| r.strata.iter().cloned()).collect() }
    }

    /// Number of configurations (counting full blocks).
    ///
    /// ```
    /// use rgflow::flow::Reading;
    /// assert_eq!(Reading::of(ndarray::Array2::zeros((20, 3)).view()).n(), 20);
    /// ```
    pub fn n(&self) -> usize {
        self.strata.iter().map(|s| s.nrows() * BLOCK).sum()
    }

    /// The mean P(T), one value per temperature.
    ///
    /// ```
    /// use rgflow::flow::Reading;
    /// let reading = Reading::of(ndarray::array![[0.25f32, 0.75], [0.75, 0.25]].view());
    /// assert_eq!(reading.mean(), [0.5, 0.5]);
    /// ```
    pub fn mean(&self) -> Vec<f64> {
        self.average(|blocks, _| 0..blocks)
    }

    /// Standard error of each component of the mean, over blocks within strata.
    ///
    /// ```
    /// use rgflow::flow::Reading;
    /// // Two blocks of ten configurations, of the means 0 and 2.
    /// let values = ndarray::Array2::from_shape_fn((20, 1), |(i, _)| if i < 10 { 0.0f32 } else { 2.0 });
    /// assert!((Reading::of(values.view()).error()[0] - 1.0).abs() < 1e-12);
    /// ```
    pub fn error(&self) -> Vec<f64> {
        let width = self.strata.first().map_or(0, |s| s.ncols());
        let mut variance = vec![0.0; width];
        for stratum in &self.strata {
            let n = stratum.nrows() as f64;
            for (k, v) in variance.iter_mut().enumerate() {
                let column = stratum.column(k);
                let mean = column.sum() / n;
                let square = column.iter().map(|x| (x - mean).powi(2)).sum::<f64>();
                *v += square / (n * (n - 1.0).max(1.0)) / (self.strata.len() as f64).powi(2);
            }
        }
        variance.into_iter().map(f64::sqrt).collect()
    }

    /// The mean of a bootstrap resample: blocks drawn with replacement within each stratum.
    pub(crate) fn resampled(&self, random: &mut Generator) -> Vec<f64> {
        self.average(|blocks, _| (0..blocks).map(|_| random.random_range(0..blocks)).collect::<Vec<_>>())
    }

    fn average<I: IntoIterator<Item = usize>>(&self, mut pick: impl FnMut(usize, usize) -> I) -> Vec<f64> {
        let mut mean = vec![0.0; self.strata.first().map_or(0, |s| s.ncols())];
        for (index, stratum) in self.strata.iter().enumerate() {
            let weight = 1.0 / (stratum.nrows() * self.strata.len()) as f64;
            for block in pick(stratum.nrows(), index) {
                for (m, p) in mean.iter_mut().zip(stratum.row(block)) {
                    *m += weight * p;
                }
            }
        }
        mean
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two strata of two blocks each, constant within blocks: means 1 and 5, differences of blocks 2 and 4. The error
    /// of a stratum's mean is half its difference, that of the pooled mean half their root sum of squares.
    #[test]
    fn errors_are_over_blocks_within_strata() {
        let of = |a: f32, b: f32| {
            Reading::of(Array2::from_shape_fn((2 * BLOCK, 1), |(i, _)| if i < BLOCK { a } else { b }).view())
        };
        let parts = [of(0.0, 2.0), of(3.0, 7.0)];
        let pooled = Reading::pooled(&parts);
        assert_eq!(pooled.n(), 4 * BLOCK);
        assert!((pooled.mean()[0] - 3.0).abs() < 1e-12);
        assert!((parts[0].error()[0] - 1.0).abs() < 1e-12);
        assert!((pooled.error()[0] - 0.5 * (1.0f64 + 4.0).sqrt()).abs() < 1e-12);
    }
}
