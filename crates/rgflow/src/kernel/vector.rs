//! exp, tanh and softmax on slices, in f32, with the same bits on every CPU.
//!
//! exp by Cody and Waite's argument reduction with the polynomial of Moshier's Cephes library, within 2 units in the
//! last place; tanh by a quotient of polynomials, within 6 (tested against f64).

use crate::cpu::{self, dispatched};

/// Replaces each x by e^x; below -87.3 the result is 0 or tiny, above 88.3 it is e^88.3.
#[cfg(test)]
fn exp(x: &mut [f32]) {
    exp_slice(cpu::path(), x);
}

/// Replaces each x by tanh x.
#[cfg(test)]
fn tanh(x: &mut [f32]) {
    tanh_slice(cpu::path(), x);
}

dispatched! {
    fn exp_slice(x: &mut [f32]) => exp_all
}

#[inline(always)]
fn exp_all(x: &mut [f32]) {
    for x in x {
        *x = exp_one(*x);
    }
}

dispatched! {
    fn tanh_slice(x: &mut [f32]) => tanh_all
}

#[inline(always)]
fn tanh_all(x: &mut [f32]) {
    for x in x {
        *x = tanh_one(*x);
    }
}

/// Replaces each field z by the mean of a unit with the values {low, high}: low + delta sigmoid(delta z), delta =
/// high - low (thesis eq. 2.4.22), which for {-1, +1} is tanh z.
pub fn two_valued_mean(z: &mut [f32], low: f32, high: f32) {
    if low == -high {
        // high tanh(high z): odd in z to the bit, so that a machine without biases stays symmetric.
        if high != 1.0 {
            z.iter_mut().for_each(|z| *z *= high);
        }
        tanh_slice(cpu::path(), z);
        if high != 1.0 {
            z.iter_mut().for_each(|z| *z *= high);
        }
    } else {
        mean_slice(cpu::path(), z, low, high - low);
    }
}

dispatched! {
    fn mean_slice(z: &mut [f32], low: f32, delta: f32) => mean_all
}

#[inline(always)]
fn mean_all(z: &mut [f32], low: f32, delta: f32) {
    for z in z {
        *z = low + delta / (1.0 + exp_one(-delta * *z));
    }
}

/// Adds `bias` to each row of `z` (rows as long as `bias`).
pub fn add_bias(z: &mut [f32], bias: &[f32]) {
    for row in z.chunks_exact_mut(bias.len()) {
        for (z, b) in row.iter_mut().zip(bias) {
            *z += b;
        }
    }
}

/// Adds `bias` to each row of `z` (rows as long as `bias`) and applies tanh: a layer's activation in one pass.
pub fn bias_tanh(z: &mut [f32], bias: &[f32]) {
    for row in z.chunks_exact_mut(bias.len()) {
        for (z, b) in row.iter_mut().zip(bias) {
            *z += b;
        }
    }
    tanh_slice(cpu::path(), z);
}

/// Adds `bias` to each row of `z` and replaces the row by its softmax, exp(z - max) / sum.
pub fn bias_softmax(z: &mut [f32], bias: &[f32]) {
    for row in z.chunks_exact_mut(bias.len()) {
        let mut top = f32::NEG_INFINITY;
        for (z, b) in row.iter_mut().zip(bias) {
            *z += b;
            top = top.max(*z);
        }
        for z in row.iter_mut() {
            *z -= top;
        }
    }
    exp_slice(cpu::path(), z);
    for row in z.chunks_exact_mut(bias.len()) {
        let scale = 1.0 / row.iter().sum::<f32>();
        for z in row.iter_mut() {
            *z *= scale;
        }
    }
}

/// e^x of one number; inlined so that loops over it become vector code.
#[inline(always)]
pub(crate) fn exp_one(x: f32) -> f32 {
    let x = x.clamp(-87.3, 88.3);
    // Adding and subtracting 1.5 * 2^23 rounds to the nearest integer without a call to `floor`.
    let shifted = x * std::f32::consts::LOG2_E + 12_582_912.0;
    let n = shifted - 12_582_912.0;
    let r = x - n * 0.693_359_4 + n * 2.121_944_4e-4;
    let mut p = 1.987_569_2e-4;
    p = p * r + 1.398_199_9e-3;
    p = p * r + 8.333_452e-3;
    p = p * r + 4.166_579_6e-2;
    p = p * r + 1.666_666_5e-1;
    p = p * r + 5.0e-1;
    let y = p * (r * r) + r + 1.0;
    // The low bits of `shifted` are n: 2^n without a conversion to an integer.
    y * f32::from_bits(shifted.to_bits().wrapping_add(127) << 23)
}

/// tanh x of one number: x P(x^2) / Q(x^2), the minimax quotient of degrees 4 and 4 of tanh(x)/x on |x| < 9.02, where
/// tanh x becomes 1 in f32 (relative error 2.1e-8 before rounding). Odd to the bit.
#[inline(always)]
pub(crate) fn tanh_one(x: f32) -> f32 {
    let x = x.clamp(-9.02, 9.02);
    let z = x * x;
    let mut p = 1.332_026_3e-8;
    p = p * z + 2.058_442e-5;
    p = p * z + 3.494_094_8e-3;
    p = p * z + 1.337_977e-1;
    p = p * z + 1.0;
    let mut q = 7.762_530_6e-7;
    q = q * z + 3.283_189_3e-4;
    q = q * z + 2.587_130_6e-2;
    q = q * z + 4.671_308_5e-1;
    q = q * z + 1.0;
    (x * p / q).clamp(-1.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Largest error in units of the last place against f64.
    fn worst(ours: impl Fn(f32) -> f32, truth: impl Fn(f64) -> f64, range: std::ops::Range<i32>) -> f64 {
        range
            .map(|i| {
                let x = i as f32 * 1.234e-3;
                let t = truth(x as f64);
                let ulp = 2f64.powf(t.abs().log2().floor() - 23.0);
                ((ours(x) as f64 - t) / ulp).abs()
            })
            .fold(0.0, f64::max)
    }

    #[test]
    fn close_to_f64() {
        let exp = worst(exp_one, f64::exp, -70_000..70_000);
        let tanh = worst(tanh_one, f64::tanh, 1..20_000).max(worst(tanh_one, f64::tanh, -20_000..0));
        assert!(exp <= 2.0 && tanh <= 6.0, "exp {exp}, tanh {tanh}");
        assert_eq!((tanh_one(0.0), tanh_one(1e9), tanh_one(-1e9)), (0.0, 1.0, -1.0));
        assert!(tanh_one(f32::NAN).is_nan());
    }

    /// The portable code (which the compiler builds for the baseline here) and AVX2, against what this CPU dispatches
    /// to.
    #[test]
    fn every_path_gives_the_same_bits() {
        let x: Vec<f32> = (-9000..9000).map(|i| i as f32 * 0.011).collect();
        let bits = |f: &dyn Fn(&mut [f32])| {
            let mut y = x.clone();
            f(&mut y);
            y.iter().map(|y| y.to_bits()).collect::<Vec<_>>()
        };
        assert!(bits(&exp) == bits(&exp_all) && bits(&tanh) == bits(&tanh_all));
        let mean = bits(&|x| two_valued_mean(x, -0.25, 2.0));
        assert!(mean == bits(&|x| mean_all(x, -0.25, 2.25)));
        #[cfg(target_arch = "x86_64")]
        if std::is_x86_feature_detected!("avx2") {
            #[target_feature(enable = "avx2")]
            fn all(x: &mut [f32], y: &mut [f32], z: &mut [f32]) {
                exp_all(x);
                tanh_all(y);
                mean_all(z, -0.25, 2.25);
            }
            let (mut e, mut t, mut m) = (x.clone(), x.clone(), x.clone());
            // SAFETY: AVX2 was detected just above.
            unsafe { all(&mut e, &mut t, &mut m) };
            assert!(m.iter().map(|y| y.to_bits()).eq(mean));
            assert!(e.iter().map(|y| y.to_bits()).eq(bits(&exp)) && t.iter().map(|y| y.to_bits()).eq(bits(&tanh)));
        }
    }

    #[test]
    fn softmax_is_normalised_at_extremes() {
        let mut z = vec![1e30, -1e30, 0.0, 1.0, 2.0, 3.0];
        bias_softmax(&mut z, &[0.0, 0.5, 0.0]);
        assert_eq!(&z[..3], &[1.0, 0.0, 0.0].map(|p: f32| if p == 0.0 { exp_one(-100.0) } else { p }));
        assert!((z[3..].iter().sum::<f32>() - 1.0).abs() < 1e-6);
    }
}
