//! Eigenvalues and singular values by nalgebra, whose iterations have no limit of their own and do not end for some
//! matrices of zeros and ones (an open bug).

use nalgebra::linalg::{SVD, Schur, SymmetricEigen, SymmetricTridiagonal, givens::GivensRotation, wilkinson_shift};
use nalgebra::{DMatrix, DVector, Dyn, Vector2};

const EPSILON: f64 = f64::EPSILON;

/// The limit of LAPACK: a few iterations are needed for each eigenvalue.
fn limit(n: usize) -> usize {
    30 * n + 30
}

fn is_finite(matrix: &DMatrix<f64>) -> bool {
    matrix.iter().all(|x| x.is_finite())
}

/// The matrices that are tried: the matrix itself, then the matrix with all eigenvalues moved away from zero by its
/// norm. An iteration that compares with the diagonal does not end where the diagonal vanishes.
fn shifted<T>(matrix: DMatrix<f64>, attempt: impl Fn(DMatrix<f64>) -> Option<T>) -> Option<(T, f64)> {
    if !is_finite(&matrix) {
        return None;
    }
    if let Some(found) = attempt(matrix.clone()) {
        return Some((found, 0.0));
    }
    let shift = matrix.norm();
    let n = matrix.nrows();
    Some((attempt(matrix + DMatrix::identity(n, n) * shift)?, shift))
}

/// Eigenvalues and orthonormal eigenvectors (columns) of a symmetric matrix of at least one row, of which the lower
/// triangle is read; in no order. Right to about 1e-15 times its norm. `None` if it is not finite, or the iteration
/// does not converge.
pub(crate) fn symmetric_eigen(matrix: DMatrix<f64>) -> Option<SymmetricEigen<f64, Dyn>> {
    let steps = limit(matrix.nrows());
    let (mut eigen, shift) = shifted(matrix, |m| SymmetricEigen::try_new(m, EPSILON, steps))?;
    eigen.eigenvalues.add_scalar_mut(-shift);
    Some(eigen)
}

/// The eigenvalues alone, as [`symmetric_eigen`].
pub(crate) fn symmetric_eigenvalues(matrix: DMatrix<f64>) -> Option<Vec<f64>> {
    let (values, shift) = shifted(matrix, eigenvalues)?;
    Some(values.iter().map(|value| value - shift).collect())
}

/// Singular values, falling, and vectors as asked for. `None` if the matrix is not finite, or the iteration does not
/// converge.
///
/// ```
/// let ones = nalgebra::DMatrix::from_element(3, 3, 1.0);
/// let svd = rgflow::decomposition::svd(ones, false, false).expect("converges");
/// assert!((svd.singular_values[0] - 3.0).abs() < 1e-12);
/// ```
pub fn svd(matrix: DMatrix<f64>, u: bool, v: bool) -> Option<SVD<f64, Dyn, Dyn>> {
    let steps = limit(matrix.nrows().max(matrix.ncols()));
    is_finite(&matrix).then(|| matrix.try_svd(u, v, EPSILON, steps))?
}

/// Complex eigenvalues of a square matrix as (real, imaginary). `None` as [`symmetric_eigen`].
pub(crate) fn complex_eigenvalues(matrix: DMatrix<f64>) -> Option<Vec<(f64, f64)>> {
    let steps = limit(matrix.nrows());
    let schur = is_finite(&matrix).then(|| Schur::try_new(matrix, EPSILON, steps))??;
    Some(schur.complex_eigenvalues().iter().map(|z| (z.re, z.im)).collect())
}

/// The iteration of [`SymmetricEigen`] (nalgebra 0.35) without its vectors, which would take most of the time: implicit
/// symmetric QR steps with Wilkinson's shift (Golub and Van Loan, algorithm 8.3.3).
fn eigenvalues(mut matrix: DMatrix<f64>) -> Option<DVector<f64>> {
    let n = matrix.nrows();
    let scale = matrix.camax();
    if scale != 0.0 {
        matrix /= scale;
    }
    if n == 1 {
        return scale.is_finite().then(|| DVector::from_element(1, matrix[(0, 0)] * scale));
    }
    let (mut diagonal, mut off) = SymmetricTridiagonal::new(matrix).unpack_tridiagonal();
    let (mut start, mut end) = subproblem(&diagonal, &mut off, n - 1);
    for _ in 0..limit(n) {
        if start == end {
            return Some(diagonal * scale);
        }
        if end - start == 1 {
            let two = nalgebra::Matrix2::new(diagonal[start], off[start], off[start], diagonal[end]);
            let values = two.eigenvalues()?;
            (diagonal[start], diagonal[end]) = (values[0], values[1]);
            end -= 1;
        } else {
            step(&mut diagonal, &mut off, start, end);
            if negligible(&diagonal, &off, end - 1) {
                end -= 1;
            }
        }
        (start, end) = subproblem(&diagonal, &mut off, end);
    }
    None
}

fn negligible(diagonal: &DVector<f64>, off: &DVector<f64>, i: usize) -> bool {
    off[i].abs() <= EPSILON * (diagonal[i].abs() + diagonal[i + 1].abs())
}

/// First and last row of the last block at or above row `end` that is not diagonal; (0, 0) if all is.
fn subproblem(diagonal: &DVector<f64>, off: &mut DVector<f64>, mut end: usize) -> (usize, usize) {
    while end > 0 && negligible(diagonal, off, end - 1) {
        end -= 1;
    }
    let mut start = end.saturating_sub(1);
    while start > 0 {
        if negligible(diagonal, off, start - 1) {
            off[start - 1] = 0.0;
            break;
        }
        start -= 1;
    }
    (start, end)
}

/// One implicit QR step on the rows from `start` to `end`.
fn step(diagonal: &mut DVector<f64>, off: &mut DVector<f64>, start: usize, end: usize) {
    let shift = wilkinson_shift(diagonal[end - 1], diagonal[end], off[end - 1]);
    let mut bulge = Vector2::new(diagonal[start] - shift, off[start]);
    for i in start..end {
        let Some((rotation, norm)) = GivensRotation::cancel_y(&bulge) else { break };
        if i > start {
            off[i - 1] = norm;
        }
        let (c, s) = (rotation.c(), rotation.s());
        let (ii, jj, ij) = (diagonal[i], diagonal[i + 1], off[i]);
        let (cc, ss, cs) = (c * c, s * s, c * s);
        let both = cs * 2.0 * ij;
        diagonal[i] = (cc * ii + ss * jj) - both;
        diagonal[i + 1] = (ss * ii + cc * jj) + both;
        off[i] = cs * (ii - jj) + ij * (cc - ss);
        if i != end - 1 {
            bulge = Vector2::new(off[i], -s * off[i + 1]);
            off[i + 1] *= c;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::RngExt;

    /// Symmetric matrices of zeros and ones.
    fn zeros_and_ones(n: usize, number: u64) -> DMatrix<f64> {
        let mut rng = crate::random::Streams::new(number).generator("zeros and ones", n as u64);
        let upper = DMatrix::from_fn(n, n, |i, j| if i <= j { f64::from(rng.random_range(0..2u8)) } else { 0.0 });
        DMatrix::from_fn(n, n, |i, j| upper[(i.min(j), i.max(j))])
    }

    /// Zeros and ones, of full and of low rank, definite or not: A V = V Lambda and V^T V = 1 to 1e-12 of the norm, and
    /// the eigenvalues alone are the same.
    #[test]
    fn matrices_of_zeros_and_ones_have_their_eigenvalues() {
        let mut endless = 0;
        for (n, number) in (1..24).flat_map(|n| (0..20).map(move |k| (n, k))) {
            let m = zeros_and_ones(n, number);
            let few = m.columns(0, n.div_ceil(8)).into_owned();
            for m in [m.clone(), &m * m.transpose(), &few * few.transpose(), DMatrix::zeros(n, n)] {
                endless += usize::from(SymmetricEigen::try_new(m.clone(), EPSILON, limit(n)).is_none());
                let eigen = symmetric_eigen(m.clone()).expect("converges");
                let v = &eigen.eigenvectors;
                let bound = 1e-12 * (1.0 + m.norm());
                assert!((&m * v - v * DMatrix::from_diagonal(&eigen.eigenvalues)).norm() < bound, "{n} {number}");
                assert!((v.transpose() * v - DMatrix::identity(n, n)).norm() < 1e-11);
                let sorted = |mut values: Vec<f64>| {
                    values.sort_by(f64::total_cmp);
                    values
                };
                let alone = sorted(symmetric_eigenvalues(m.clone()).expect("converges"));
                let both = sorted(eigen.eigenvalues.iter().copied().collect());
                assert!(alone.iter().zip(&both).all(|(a, b)| (a - b).abs() < bound), "{alone:?} {both:?}");
            }
        }
        println!("{endless} of {} need a shift", 23 * 20 * 4);
    }

    /// Where nalgebra's own iteration ends, ours without vectors gives its bits: results do not depend on which was
    /// called.
    #[test]
    fn eigenvalues_alone_have_the_bits_of_those_with_vectors() {
        for n in 1..20 {
            let m = DMatrix::from_fn(n, n, |i, j| libm::sin((i * i + j * j + 3 * i * j) as f64));
            let m = &m * m.transpose();
            let whole = SymmetricEigen::try_new(m.clone(), EPSILON, limit(n)).expect("converges");
            let alone = symmetric_eigenvalues(m).expect("converges");
            assert_eq!(alone, whole.eigenvalues.as_slice(), "{n}");
        }
    }

    #[test]
    fn what_is_not_finite_ends_without_a_result() {
        for bad in [f64::NAN, f64::INFINITY] {
            let m = DMatrix::from_fn(6, 6, |i, j| if i + j == 3 { bad } else { 1.0 });
            assert!(symmetric_eigen(m.clone()).is_none() && symmetric_eigenvalues(m.clone()).is_none());
            assert!(complex_eigenvalues(m.clone()).is_none() && svd(m, true, true).is_none());
        }
    }
}
