//! Logarithms of sums of Boltzmann weights, in f64, without overflow and with the same bits on every CPU.

use crate::cpu::{self, dispatched};

/// Partial products that run side by side.
const LANES: usize = 8;
/// Units per logarithm: the product of so many factors in (1, 2] stays below 2^512.
const BLOCK: usize = 512;

/// Sum over units of ln(e^(low z) + e^(high z)), for any finite fields `z`.
///
/// The larger exponent is taken out, so nothing overflows; what remains, 1 + e^(-delta |z|), is multiplied up over 512
/// units before one logarithm is taken.
pub fn sum_ln_two_valued(z: &[f64], low: f64, high: f64) -> f64 {
    let (path, mut sum) = (cpu::path(), 0.0);
    for block in z.chunks(BLOCK) {
        let (largest, product) = block_sums(path, block, low, high);
        sum += largest + libm::log(product);
    }
    sum
}

dispatched! {
    fn block_sums(z: &[f64], low: f64, high: f64) -> (f64, f64) => block_all
}

/// Sum of the larger exponents and product of 1 + e^(-delta |z|).
#[inline(always)]
fn block_all(z: &[f64], low: f64, high: f64) -> (f64, f64) {
    let (mut largest, mut product) = ([0.0f64; LANES], [1.0f64; LANES]);
    let delta = high - low;
    let mut term = |l: usize, z: f64| {
        largest[l] += if z > 0.0 { high * z } else { low * z };
        product[l] *= 1.0 + exp_falling(-delta * z.abs());
    };
    let mut rows = z.chunks_exact(LANES);
    for row in &mut rows {
        for (l, z) in row.iter().enumerate() {
            term(l, *z);
        }
    }
    for (l, z) in rows.remainder().iter().enumerate() {
        term(l, *z);
    }
    (largest.iter().sum(), product.iter().product())
}

/// e^x for x <= 0; below -700 it is e^-700, which is 0 beside 1. Inlined so that loops over it become vector code.
///
/// Cody and Waite's reduction to |r| <= ln 2 / 2 and the Taylor series to r^13, whose rest is below 5e-18.
#[inline(always)]
pub(super) fn exp_falling(x: f64) -> f64 {
    // Not `max`, which would turn NaN into -700.
    let x = if x < -700.0 { -700.0 } else { x };
    // Adding and subtracting 1.5 * 2^52 rounds to the nearest integer.
    let shifted = x * std::f64::consts::LOG2_E + 6_755_399_441_055_744.0;
    let n = shifted - 6_755_399_441_055_744.0;
    // ln 2 in two parts, the first with 32 bits (as in fdlibm).
    let r = x - n * 6.931_471_803_691_238e-1 - n * 1.908_214_929_270_587_7e-10;
    let mut p = 1.0 / 6_227_020_800.0;
    for k in (1..=13u32).rev() {
        // 1/(k-1)! in exact integers.
        p = p * r + INVERSE_FACTORIAL[k as usize - 1];
    }
    // The low bits of `shifted` are n: 2^n without a conversion to an integer.
    p * f64::from_bits(shifted.to_bits().wrapping_add(1023) << 52)
}

/// 1/k!.
const INVERSE_FACTORIAL: [f64; 13] = {
    let mut table = [1.0; 13];
    let (mut k, mut factorial) = (1, 1.0);
    while k < 13 {
        factorial *= k as f64;
        table[k] = 1.0 / factorial;
        k += 1;
    }
    table
};

/// Running ln(sum of exp x), in f64.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogSum {
    top: f64,
    sum: f64,
}

impl Default for LogSum {
    /// The empty sum, of logarithm -infinity.
    fn default() -> Self {
        Self { top: f64::NEG_INFINITY, sum: 0.0 }
    }
}

impl LogSum {
    /// Adds e^x to the sum.
    pub fn add(&mut self, x: f64) {
        if x <= self.top {
            self.sum += libm::exp(x - self.top);
        } else if x > f64::NEG_INFINITY || x.is_nan() {
            let kept = if self.sum == 0.0 { 0.0 } else { self.sum * libm::exp(self.top - x) };
            (self.top, self.sum) = (x, kept + 1.0);
        }
    }

    /// Adds another sum.
    pub fn merge(&mut self, other: &Self) {
        if other.sum > 0.0 || other.sum.is_nan() {
            let (larger, smaller) = if other.top > self.top { (*other, *self) } else { (*self, *other) };
            let rest = if smaller.sum == 0.0 { 0.0 } else { smaller.sum * libm::exp(smaller.top - larger.top) };
            (self.top, self.sum) = (larger.top, larger.sum + rest);
        }
    }

    /// The logarithm of the sum.
    pub fn value(&self) -> f64 {
        if self.sum == 0.0 { f64::NEG_INFINITY } else { self.top + libm::log(self.sum) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn close_to_the_plain_formula() {
        for i in 0..70_000 {
            let x = -f64::from(i) * 0.009_97;
            assert!((exp_falling(x) / x.exp() - 1.0).abs() < 4e-16, "{x}");
        }
        assert!(exp_falling(-1e9) < 1e-300 && exp_falling(f64::NAN).is_nan() && exp_falling(0.0) == 1.0);
        for n in [1, 7, 8, 513, 1500] {
            let z: Vec<f64> = (0..n).map(|i| f64::from(i * i % 211) / 10.0 - 10.0).collect();
            for (low, high) in [(-1.0, 1.0), (0.0, 1.0), (0.2, 0.7), (-2.0, -0.5)] {
                let exact: f64 = z.iter().map(|z| ((low * z).exp() + (high * z).exp()).ln()).sum();
                let ours = sum_ln_two_valued(&z, low, high);
                assert!((ours - exact).abs() < 1e-12 * (1.0 + exact.abs()), "{n}, {low}: {ours} against {exact}");
            }
        }
    }

    #[test]
    fn every_path_gives_the_same_bits() {
        let z: Vec<f64> = (0..509).map(|i| f64::from(i * i % 977) / 30.0 - 15.0).collect();
        let bits = |(a, b): (f64, f64)| (a.to_bits(), b.to_bits());
        let here = bits(block_all(&z, -1.0, 0.7));
        for path in cpu::Path::available() {
            assert_eq!(here, bits(block_sums(path, &z, -1.0, 0.7)), "{path}");
        }
    }

    #[test]
    fn sums_of_large_and_small_terms() {
        let mut sum = LogSum::default();
        assert_eq!(sum.value(), f64::NEG_INFINITY);
        for x in [-1e4, f64::NEG_INFINITY, 1e4, 1e4 - 1.0] {
            sum.add(x);
        }
        let exact = 1e4 + (1.0 + (-1.0f64).exp()).ln();
        assert!((sum.value() - exact).abs() < 1e-11);
        let mut parts = [LogSum::default(); 3];
        parts[0].add(-1e4);
        parts[2].add(1e4 - 1.0);
        parts[2].add(1e4);
        let mut all = LogSum::default();
        parts.iter().for_each(|p| all.merge(p));
        assert!((all.value() - exact).abs() < 1e-11);
        all.add(f64::NAN);
        assert!(all.value().is_nan());
    }
}
