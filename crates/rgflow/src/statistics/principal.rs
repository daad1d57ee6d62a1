//! Principal components: the directions of largest variance of data.

use crate::decomposition::symmetric_eigen;
use nalgebra::DMatrix;
use ndarray::{Array2, ArrayView2, Axis};

/// The principal components of data of n quantities.
#[derive(Clone, Debug, PartialEq)]
pub struct PrincipalComponents {
    /// Variance along each, falling; length n. In the unit of the covariance.
    pub variances: Vec<f64>,
    /// Unit vectors as columns, in the same order; shape (n, n).
    pub vectors: DMatrix<f64>,
    /// The sum of all variances.
    pub total: f64,
}

/// The principal components of data with the symmetric matrix `covariance`, of which the lower triangle is read; of a
/// multiple of it the variances are as many times larger. `None` if it is not finite, or the iteration does not
/// converge (Jolliffe,
/// *Principal Component Analysis*, 2002).
///
/// ```
/// let covariance = nalgebra::DMatrix::from_row_slice(2, 2, &[2.0, 1.0, 1.0, 2.0]);
/// let of = rgflow::statistics::principal_components(covariance).expect("converges");
/// assert!((of.variances[0] - 3.0).abs() < 1e-12 && (of.variances[1] - 1.0).abs() < 1e-12);
/// let along = of.basis(1);
/// assert_eq!(along.dim(), (2, 1));
/// assert!((along[[0, 0]] - along[[1, 0]]).abs() < 1e-6);
/// ```
pub fn principal_components(covariance: DMatrix<f64>) -> Option<PrincipalComponents> {
    let eigen = symmetric_eigen(covariance)?;
    let mut order: Vec<usize> = (0..eigen.eigenvalues.len()).collect();
    order.sort_by(|a, b| eigen.eigenvalues[*b].total_cmp(&eigen.eigenvalues[*a]));
    Some(PrincipalComponents {
        variances: order.iter().map(|i| eigen.eigenvalues[*i]).collect(),
        vectors: eigen.eigenvectors.select_columns(&order),
        total: eigen.eigenvalues.sum(),
    })
}

/// The coordinates of `rows` (samples by row, less their mean) along their first `k` principal components, or all if
/// there are fewer, and the fraction of the variance along these. `None` as [`principal_components`].
///
/// ```
/// let line = ndarray::array![[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]];
/// let (along, fraction) = rgflow::statistics::principal_coordinates(line.view(), 1).expect("converges");
/// assert!((along[[2, 0]] - along[[0, 0]]).abs() - 8f32.sqrt() < 1e-6 && (fraction - 1.0).abs() < 1e-6);
/// ```
pub fn principal_coordinates(rows: ArrayView2<'_, f32>, k: usize) -> Option<(Array2<f32>, f64)> {
    let centred = &rows - &rows.mean_axis(Axis(0))?;
    let (sums, n) = (centred.t().dot(&centred), centred.ncols());
    let components = principal_components(DMatrix::from_fn(n, n, |i, j| f64::from(sums[[i, j]])))?;
    let along: f64 = components.variances.iter().take(k).sum();
    Some((centred.dot(&components.basis(k)), along / components.total))
}

impl PrincipalComponents {
    /// The first `k` vectors (all of them if there are fewer) as columns, shape (n, k): rows of data times this are
    /// their coordinates.
    pub fn basis(&self, k: usize) -> Array2<f32> {
        let (n, all) = self.vectors.shape();
        Array2::from_shape_fn((n, k.min(all)), |(i, component)| self.vectors[(i, component)] as f32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_keep_the_plane_of_the_data() {
        // Points on a plane in five dimensions keep their distances.
        let rows = Array2::from_shape_fn((12, 5), |(i, j)| {
            let (a, b) = ((i % 4) as f32, (i / 4) as f32);
            a * [1.0, 2.0, 0.0, -1.0, 0.5][j] + b * [0.0, 1.0, 1.0, 1.0, -2.0][j]
        });
        let (seen, fraction) = principal_coordinates(rows.view(), 2).unwrap();
        assert!((fraction - 1.0).abs() < 1e-6);
        let far = |m: &Array2<f32>, a: usize, b: usize| (&m.row(a) - &m.row(b)).mapv(|d| d * d).sum();
        assert!((0..12).all(|a| (far(&rows, a, 0) - far(&seen, a, 0)).abs() < 1e-3));
    }

    #[test]
    fn two_patterns_are_two_components() {
        // Rows +-a and +-b with a, b orthogonal, a three times as often: variances 4 * 3/4 and 4 * 1/4.
        let (a, b) = ([1.0, 1.0, 1.0, 1.0], [1.0, -1.0, 1.0, -1.0]);
        let minus = |row: [f64; 4]| row.map(|x| -x);
        let rows = [a, a, a, minus(a), minus(a), minus(a), b, minus(b)].concat();
        let rows = DMatrix::from_row_slice(8, 4, &rows);
        let PrincipalComponents { variances, vectors, total } =
            principal_components(rows.transpose() * rows / 8.0).unwrap();
        assert!((variances[0] - 3.0).abs() < 1e-12 && (variances[1] - 1.0).abs() < 1e-12 && variances[2].abs() < 1e-12);
        assert!((total - 4.0).abs() < 1e-12 && (0..4).all(|i| (vectors[(i, 0)].abs() - 0.5).abs() < 1e-12));
    }
}
