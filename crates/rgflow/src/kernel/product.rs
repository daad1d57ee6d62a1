//! Matrix products, in one thread: the crate `gemm` behind one safe function.

use ndarray::{ArrayView2, ArrayViewMut2};

/// c = a b + keep c, with `keep` 0 or 1 (or any factor). Single-threaded, so that its bits do not depend on the number of threads.
///
/// The crate allocates for the blocks that it packs, at each call.
///
/// `a`: shape (m, k), `b`: shape (k, n), `c`: shape (m, n); any strides.
///
/// # Panics
/// If the shapes do not fit, which is an error of the caller's code and not of data.
///
/// ```
/// use ndarray::array;
/// let a = array![[1.0_f32, 2.0], [3.0, 4.0]];
/// let mut c = ndarray::Array2::zeros((2, 2));
/// rgflow::kernel::product::gemm(a.view(), a.t(), 0.0, c.view_mut());
/// assert_eq!(c, array![[5.0, 11.0], [11.0, 25.0]]);
/// ```
pub fn gemm(a: ArrayView2<f32>, b: ArrayView2<f32>, keep: f32, mut c: ArrayViewMut2<f32>) {
    let (m, k) = a.dim();
    let n = b.ncols();
    assert_eq!(b.nrows(), k, "inner sizes of the product");
    assert_eq!(c.dim(), (m, n), "shape of the result");
    let (c_row, c_column) = (c.strides()[0], c.strides()[1]);
    // SAFETY: the three views are valid for their shapes and strides, checked to fit just above, and `c` is
    // borrowed mutably, so it overlaps neither `a` nor `b`.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            c.as_mut_ptr(),
            c_column,
            c_row,
            keep != 0.0,
            a.as_ptr(),
            a.strides()[1],
            a.strides()[0],
            b.as_ptr(),
            b.strides()[1],
            b.strides()[0],
            keep,
            1.0,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}
