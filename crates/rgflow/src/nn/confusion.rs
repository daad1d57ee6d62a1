//! How often a classifier takes samples of one class for another.

use ndarray::{Array2, ArrayView2};

/// Number of samples of each class (row) that are read as each (column): as the output that is largest, or the last of
/// the largest.
///
/// `outputs`: shape (n, n_classes), by sample; `classes`: the true class of each, below n_classes. Returns the shape
/// (n_classes, n_classes).
///
/// ```
/// let outputs = ndarray::array![[0.9f32, 0.1], [0.2, 0.8], [0.5, 0.5]];
/// assert_eq!(rgflow::nn::confusion(outputs.view(), &[0, 0, 1]), ndarray::array![[1, 1], [0, 1]]);
/// ```
///
/// # Panics
/// If a class is not below n_classes.
pub fn confusion(outputs: ArrayView2<'_, f32>, classes: &[usize]) -> Array2<usize> {
    let mut counts = Array2::zeros((outputs.ncols(), outputs.ncols()));
    for (p, class) in outputs.rows().into_iter().zip(classes) {
        let read = (0..p.len()).max_by(|a, b| p[*a].total_cmp(&p[*b]));
        read.into_iter().for_each(|read| counts[[*class, read]] += 1);
    }
    counts
}
