//! The fast Walsh transform, in place. Additions in a fixed order: the same bits on every CPU.

/// Replaces `values` f(s) by the sums F(k) = sum over s of (-1)^(number of bits that s and k share) f(s).
///
/// `values`: 2^n numbers, n >= 0. n 2^n additions; twice in a row is multiplication by 2^n.
///
/// # Panics
/// If the length is no power of two, which is an error of the caller.
pub fn walsh_transform(values: &mut [f64]) {
    assert!(values.len().is_power_of_two(), "{} values: a power of two is needed", values.len());
    let mut half = 1;
    while half < values.len() {
        for both in values.chunks_exact_mut(2 * half) {
            let (low, high) = both.split_at_mut(half);
            for (a, b) in low.iter_mut().zip(high) {
                (*a, *b) = (*a + *b, *a - *b);
            }
        }
        half *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whole numbers: sums are exact in any order.
    #[test]
    fn sums_are_those_of_the_definition() {
        for bits in 0..8u32 {
            let f: Vec<f64> = (0..1u32 << bits).map(|s| f64::from((s * s * 7 + 3 * s) % 31) - 12.0).collect();
            let mut seen = f.clone();
            walsh_transform(&mut seen);
            for (k, sum) in seen.iter().enumerate() {
                let sign = |s: usize| if (s & k).count_ones().is_multiple_of(2) { 1.0 } else { -1.0 };
                let expected: f64 = f.iter().enumerate().map(|(s, f)| sign(s) * f).sum();
                assert_eq!(*sum, expected, "{bits} bits, {k}");
            }
        }
    }
}
