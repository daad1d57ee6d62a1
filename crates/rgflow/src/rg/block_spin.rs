//! The majority rule: a block of b x b spins becomes one spin (Kadanoff 1966; thesis section 3.2, eq. 3.2.34).

use ndarray::{Array2, ArrayView2};
use rand::RngExt;

use crate::lattice::LatticeError;
use crate::random::Generator;

/// Replaces every block of `b` x `b` spins by the sign of its sum; ties are broken at random.
///
/// `spins`: shape `(n, lx * ly)`, values +-1, `site = y * lx + x`. Returns shape `(n, (lx / b) * (ly / b))`.
///
/// # Errors
/// [`LatticeError::Block`] if `b` does not divide both extents, [`LatticeError::Shape`] if `spins` has another width.
///
/// ```
/// use ndarray::Array2;
/// use rgflow::{random::Streams, rg::block_spin};
/// let mut rng = Streams::new(1).generator("example", 0);
/// let coarse = block_spin::majority(Array2::ones((3, 36)).view(), 6, 6, 3, &mut rng)?;
/// assert_eq!(coarse, Array2::ones((3, 4)));
/// # Ok::<(), rgflow::lattice::LatticeError>(())
/// ```
pub fn majority(
    spins: ArrayView2<'_, i8>,
    lx: usize,
    ly: usize,
    b: usize,
    rng: &mut Generator,
) -> Result<Array2<i8>, LatticeError> {
    if b == 0 || !lx.is_multiple_of(b) || !ly.is_multiple_of(b) {
        return Err(LatticeError::Block { b, lx, ly });
    }
    if spins.ncols() != lx * ly {
        return Err(LatticeError::Shape { expected: lx * ly, found: spins.ncols() });
    }
    let (columns, rows) = (lx / b, ly / b);
    let mut coarse = Array2::<i8>::ones((spins.nrows(), columns * rows));
    let mut sums = vec![0i32; columns * rows];
    for (row, out) in spins.rows().into_iter().zip(coarse.rows_mut()) {
        sums.fill(0);
        for (site, &s) in row.iter().enumerate() {
            sums[site / lx / b * columns + site % lx / b] += i32::from(s);
        }
        for (s, &sum) in out.into_iter().zip(&sums) {
            *s = if sum > 0 || (sum == 0 && rng.random()) { 1 } else { -1 };
        }
    }
    Ok(coarse)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Streams;

    #[test]
    fn majority_of_rectangles_and_fair_ties() {
        let mut rng = Streams::new(1).generator("test/majority", 0);
        // Two blocks side by side: the left one has three up, the right one a tie.
        let one: [i8; 8] = [1, 1, 1, -1, 1, -1, -1, 1];
        let spins = Array2::from_shape_fn((10_000, 8), |(_, j)| one[j]);
        let coarse = majority(spins.view(), 4, 2, 2, &mut rng).unwrap();
        assert!(coarse.column(0).iter().all(|&s| s == 1));
        // Null: ties are fair; 10,000 draws, |z| < 4 (p = 6e-5), seed 1.
        let sum: i32 = coarse.column(1).iter().map(|&s| i32::from(s)).sum();
        assert!(f64::from(sum.abs()) < 400.0, "{sum}");
        assert!(majority(spins.view(), 4, 2, 3, &mut rng).is_err());
        assert!(majority(spins.view(), 4, 4, 2, &mut rng).is_err());
        assert!(majority(spins.view(), 4, 2, 0, &mut rng).is_err());
    }
}
