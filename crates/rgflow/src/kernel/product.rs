//! Matrix products, in one thread: the crate `gemm-f32` behind one safe function. Its own entry takes the widest
//! instructions that it finds; here [`cpu::path`] says which, like everywhere else.

#[cfg(target_arch = "x86_64")]
use crate::cpu::Set;
use crate::cpu::{self, Path};
use gemm_common::Parallelism;
#[cfg(target_arch = "x86_64")]
use gemm_common::gemm::gemm_basic_generic;
use ndarray::{ArrayView2, ArrayViewMut2};

/// c = a b + keep c, with `keep` 0 or 1 (or any factor). Single-threaded, so that its bits do not depend on the number
/// of threads.
///
/// The crate allocates for the blocks that it packs, at each call.
///
/// `a`: shape (m, k), `b`: shape (k, n), `c`: shape (m, n); strides that are not negative.
///
/// # Panics
/// If the shapes do not fit or a stride is negative, which is an error of the caller's code and not of data.
pub fn gemm(a: ArrayView2<f32>, b: ArrayView2<f32>, keep: f32, c: ArrayViewMut2<f32>) {
    gemm_on(cpu::path(), a, b, keep, c);
}

/// The same on one path.
fn gemm_on(path: Path, a: ArrayView2<f32>, b: ArrayView2<f32>, keep: f32, c: ArrayViewMut2<f32>) {
    assert_eq!(b.nrows(), a.ncols(), "inner sizes of the product");
    assert_eq!(c.dim(), (a.nrows(), b.ncols()), "shape of the result");
    let positive = |strides: &[isize]| strides.iter().all(|s| *s >= 0);
    assert!(positive(a.strides()) && positive(b.strides()) && positive(c.strides()), "strides of a product");
    // The kernels write columns.
    let turned = c.strides()[1] < c.strides()[0];
    let (a, b, mut c) = if turned { (b.reversed_axes(), a.reversed_axes(), c.reversed_axes()) } else { (a, b, c) };
    let ((m, k), n) = (a.dim(), b.ncols());
    let strides = |strides: &[isize]| (strides[1], strides[0]);
    let ((a_cs, a_rs), (b_cs, b_rs), (c_cs, c_rs)) = (strides(a.strides()), strides(b.strides()), strides(c.strides()));
    let (a, b, c) = (a.as_ptr(), b.as_ptr(), c.as_mut_ptr());
    let none = Parallelism::None;
    // SAFETY: the three views are valid for their shapes and strides, checked to fit just above, and `c` was borrowed
    // mutably, so it overlaps neither `a` nor `b`; a `Path` exists only where the CPU has its instructions.
    unsafe {
        kernel(path)(
            m,
            n,
            k,
            c,
            c_cs,
            c_rs,
            keep != 0.0,
            a,
            a_cs,
            a_rs,
            b,
            b_cs,
            b_rs,
            keep,
            1.0,
            false,
            false,
            false,
            none,
        );
    }
}

/// Arguments of the crate's entries: m, n, k; then c, a and b with the strides of columns and rows, and before a
/// whether c is kept; factors of c and of the product; whether to conjugate; threads.
type Kernel = unsafe fn(
    usize,
    usize,
    usize,
    *mut f32,
    isize,
    isize,
    bool,
    *const f32,
    isize,
    isize,
    *const f32,
    isize,
    isize,
    f32,
    f32,
    bool,
    bool,
    bool,
    Parallelism,
);

#[cfg(not(target_arch = "x86_64"))]
fn kernel(_: Path) -> Kernel {
    gemm_f32::gemm::f32::get_gemm_fn()
}

#[cfg(target_arch = "x86_64")]
fn kernel(path: Path) -> Kernel {
    match path.set() {
        Set::Portable => portable,
        Set::Avx2 => avx2,
        Set::Avx512 => avx512,
    }
}

/// The crate's product with the micro-kernels of one instruction set, as in its own dispatch.
#[cfg(target_arch = "x86_64")]
macro_rules! entry {
    ($name:ident, $set:ident, $simd:ident, $lanes:literal) => {
        /// # Safety
        /// Pointers and strides must be valid for the sizes, and the CPU must have the instructions.
        #[allow(clippy::too_many_arguments)] // The signature is the crate's.
        unsafe fn $name(
            m: usize,
            n: usize,
            k: usize,
            c: *mut f32,
            c_cs: isize,
            c_rs: isize,
            keeps: bool,
            a: *const f32,
            a_cs: isize,
            a_rs: isize,
            b: *const f32,
            b_cs: isize,
            b_rs: isize,
            keep: f32,
            factor: f32,
            c_conjugate: bool,
            a_conjugate: bool,
            b_conjugate: bool,
            threads: Parallelism,
        ) {
            use gemm_common::simd::{MixedSimd, $simd};
            use gemm_f32::microkernel::$set::f32::{H_M, H_N, H_UKR, MR_DIV_N, NR, UKR};
            let simd = <$simd as MixedSimd<f32, f32, f32, f32>>::try_new().expect("a path that the CPU has");
            // SAFETY: the caller's promises are passed on.
            unsafe {
                gemm_basic_generic::<_, f32, $lanes, { MR_DIV_N * $lanes }, NR, MR_DIV_N, H_M, H_N>(
                    simd,
                    m,
                    n,
                    k,
                    c,
                    c_cs,
                    c_rs,
                    keeps,
                    a,
                    a_cs,
                    a_rs,
                    b,
                    b_cs,
                    b_rs,
                    keep,
                    factor,
                    c_conjugate,
                    a_conjugate,
                    b_conjugate,
                    |a, b, c| a * b + c,
                    &UKR,
                    &H_UKR,
                    false,
                    threads,
                );
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
entry!(portable, scalar, Scalar, 1);
#[cfg(target_arch = "x86_64")]
entry!(avx2, fma, V3, 8);
#[cfg(target_arch = "x86_64")]
entry!(avx512, avx512f, V4, 16);

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, s};

    /// Each entry within k 2^-23 (|a| |b|) of the product in f64 (Higham 2002, section 3.5: at most k roundings of
    /// 2^-24 for the products and sums, in any order), on every path; factors of any layout, results by rows and by
    /// columns, added or not.
    #[test]
    fn products_are_within_their_bound_on_every_path() {
        let number = |i: usize, j: usize| ((i * 37 + j * 101 + i * j) % 97) as f32 / 19.0 - 2.5;
        for (m, k, n) in
            [(1, 1, 1), (3, 5, 2), (16, 16, 16), (100, 784, 49), (33, 100, 25), (250, 64, 25), (1, 300, 40)]
        {
            let (a, b) = (
                Array2::from_shape_fn((m, k), |(i, j)| number(i, j)),
                Array2::from_shape_fn((k, n), |(i, j)| number(j, i)),
            );
            let wide = |x: &Array2<f32>| x.mapv(f64::from);
            let (exact, size) = (wide(&a).dot(&wide(&b)), wide(&a).mapv(f64::abs).dot(&wide(&b).mapv(f64::abs)));
            let (turned_a, turned_b) =
                (a.t().as_standard_layout().into_owned(), b.t().as_standard_layout().into_owned());
            for path in Path::available() {
                for (a, b) in [(a.view(), b.view()), (turned_a.t(), b.view()), (a.view(), turned_b.t())] {
                    for (keep, by_columns) in [(0.0, false), (1.0, false), (0.0, true), (1.0, true)] {
                        let mut rows = Array2::from_elem((m, n + 3), 0.5f32);
                        let mut columns = Array2::from_elem((n, m), 0.5f32);
                        let c =
                            if by_columns { columns.view_mut().reversed_axes() } else { rows.slice_mut(s![.., ..n]) };
                        gemm_on(path, a, b, keep, c);
                        let c = if by_columns { columns.t() } else { rows.slice(s![.., ..n]) };
                        for ((at, exact), size) in exact.indexed_iter().zip(&size) {
                            let off = (f64::from(c[at]) - exact - 0.5 * f64::from(keep)).abs();
                            let bound = (k as f64 + 1.0) * (size + 0.5) / 8_388_608.0;
                            assert!(off <= bound, "{m} x {k} x {n}, {path}, {at:?}: off by {off:e}, bound {bound:e}");
                        }
                        assert!(rows.slice(s![.., n..]).iter().all(|x| *x == 0.5), "{path} writes beside the result");
                    }
                }
            }
        }
    }
}
