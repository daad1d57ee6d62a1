//! Training sets that are made wider: mixtures of two classes, and noise (thesis section 4.4).

use crate::random::Generator;
use ndarray::{Array2, ArrayView2};
use rand::RngExt;

/// n' = (1 - a) n1 + a n2 (thesis eq. 4.4.1) of a random row n1 of `one` and n2 of `two`: `each` rows at every a = 0.1,
/// 0.2 ... 0.9.
///
/// `one`, `two`: samples by row, of the same width. Returns the shape (9 `each`, width).
///
/// ```
/// let random = &mut rgflow::random::Streams::new(1).generator("example", 0);
/// let (zero, one) = (ndarray::Array2::zeros((3, 4)), ndarray::Array2::ones((5, 4)));
/// let mixed = rgflow::learning::mixtures([zero.view(), one.view()], 2, random);
/// assert_eq!((mixed.dim(), mixed[[0, 0]], mixed[[17, 3]]), ((18, 4), 0.1, 0.9));
/// ```
///
/// # Panics
/// If a class has no sample where there is something to mix.
pub fn mixtures([one, two]: [ArrayView2<'_, f32>; 2], each: usize, random: &mut Generator) -> Array2<f32> {
    let mut out = Array2::zeros((9 * each, one.ncols()));
    for (i, mut row) in out.rows_mut().into_iter().enumerate() {
        let a = (1 + i / each) as f32 / 10.0;
        let (one, two) = (one.row(random.random_range(0..one.nrows())), two.row(random.random_range(0..two.nrows())));
        row.iter_mut().zip(one).zip(two).for_each(|((to, one), two)| *to = (1.0 - a) * one + a * two);
    }
    out
}

/// n' = (1 - a) n + a eta (thesis eq. 4.4.2): grey levels mapped to [-1, 1], eta = -1 or +1 at random, mapped back:
/// `each` rows at every a = 0, 0.1 ... 0.5.
///
/// `clean`: grey levels in [0, 1], samples by row, taken in turn. Returns the shape (6 `each`, width), values in [0,
/// 1].
///
/// ```
/// let random = &mut rgflow::random::Streams::new(1).generator("example", 0);
/// let noisy = rgflow::learning::noisy(ndarray::Array2::zeros((3, 4)).view(), 2, random);
/// // Black pixels are black, or white with the weight a.
/// assert!(noisy.row(0).iter().all(|v| *v == 0.0) && noisy.row(11).iter().all(|v| *v == 0.0 || *v == 0.5));
/// ```
///
/// # Panics
/// As [`mixtures`].
pub fn noisy(clean: ArrayView2<'_, f32>, each: usize, random: &mut Generator) -> Array2<f32> {
    let mut out = Array2::zeros((6 * each, clean.ncols()));
    for (i, mut row) in out.rows_mut().into_iter().enumerate() {
        let a = (i / each) as f32 / 10.0;
        for (to, from) in row.iter_mut().zip(clean.row(i % clean.nrows())) {
            let eta = if random.random::<bool>() { 1.0 } else { 0.0 };
            *to = ((1.0 - a) * from + a * eta).clamp(0.0, 1.0);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Streams;

    #[test]
    fn mixtures_and_noise_are_those_of_the_equations() {
        let mut random = Streams::new(1).generator("t", 0);
        let (zero, one) = (Array2::zeros((3, 4)), Array2::ones((5, 4)));
        let seen = mixtures([zero.view(), one.view()], 2, &mut random);
        assert!((0..18).all(|i| seen.row(i).iter().all(|v| (v - (1 + i / 2) as f32 / 10.0).abs() < 1e-6)));
        // On black images a pixel is a (eta = +1) or 0.
        let seen = noisy(zero.view(), 300, &mut random);
        assert!(seen.rows().into_iter().take(300).all(|row| row.iter().all(|v| *v == 0.0)));
        let last = seen.slice(ndarray::s![1500.., ..]);
        assert!(last.iter().all(|v| *v == 0.0 || *v == 0.5));
        // Null: 1200 fair coins; |z| < 4.5.
        let ones = last.iter().filter(|v| **v == 0.5).count() as f64;
        assert!((ones - 600.0).abs() < 4.5 * 300f64.sqrt(), "{ones}");
    }
}
