//! Normal draws by the array, with the same bits on every CPU.
//!
//! Box and Muller's transformation (1958) with polynomials of our own instead of the platform's ln, sin and cos, whose
//! last bits differ. (The ziggurat of the crate `rand_distr` calls the platform's exp and ln in its wedges and tails,
//! and branches for each draw, so it is neither of fixed bits nor vector code.)

use crate::cpu::{self, dispatched};
use crate::random::Bulk;

/// Half of the draws that one row of sixteen words gives.
const HALF: usize = 8;

/// Fills `draws` with independent standard normal numbers; `words` is scratch of the same length, a multiple of 16.
///
/// Radii come from 32 random bits: the largest is 6.7, whose two-sided tail has the probability 2e-11.
///
/// # Panics
/// If the lengths differ or are no multiple of 16.
pub fn fill(random: &mut Bulk, words: &mut [u32], draws: &mut [f32]) {
    assert!(words.len() == draws.len() && draws.len().is_multiple_of(2 * HALF), "whole rows of sixteen draws");
    random.fill(words);
    transform(cpu::path(), words, draws);
}

dispatched! {
    fn transform(words: &[u32], draws: &mut [f32]) => transform_all
}

#[inline(always)]
fn transform_all(words: &[u32], draws: &mut [f32]) {
    for (words, draws) in words.chunks_exact(2 * HALF).zip(draws.chunks_exact_mut(2 * HALF)) {
        let (first, second) = draws.split_at_mut(HALF);
        for l in 0..HALF {
            (first[l], second[l]) = pair(words[l], words[l + HALF]);
        }
    }
}

/// Two independent normal numbers of two random words: radius sqrt(-2 ln u) and a uniform angle.
#[inline(always)]
fn pair(radius: u32, angle: u32) -> (f32, f32) {
    let r = (-2.0 * ln_uniform(radius)).sqrt();
    // Two bits choose the quadrant, 24 the angle x in (-pi/4, pi/4) within it.
    let x = (((angle & 0x00ff_ffff) as f32 + 0.5) * (1.0 / 16_777_216.0) - 0.5) * std::f32::consts::FRAC_PI_2;
    let y = x * x;
    // sin and cos by Moshier's Cephes polynomials for |x| <= pi/4.
    let mut s = -1.951_529_6e-4;
    s = s * y + 8.332_161e-3;
    s = s * y - 1.666_665_5e-1;
    let s = s * y * x + x;
    let mut c = 2.443_315_7e-5;
    c = c * y - 1.388_731_6e-3;
    c = c * y + 4.166_664_6e-2;
    let c = c * y * y - 0.5 * y + 1.0;
    // The four quadrants: (c, s) right, (s, c) top, (-c, s) left, (s, -c) bottom.
    let c = if angle >> 31 == 1 { -c } else { c };
    let (a, b) = if angle >> 30 & 1 == 1 { (s, c) } else { (c, s) };
    (r * a, r * b)
}

/// ln((w + 1/2) / 2^32), by the exponent and Moshier's Cephes polynomial for the mantissa.
#[inline(always)]
fn ln_uniform(w: u32) -> f32 {
    // f64 holds w + 1/2 exactly; f32 rounds it to 24 bits, so that u in [2^-33, 1].
    let u = ((f64::from(w) + 0.5) * (1.0 / 4_294_967_296.0)) as f32;
    let bits = u.to_bits();
    // Mantissa in [sqrt(1/2), sqrt 2).
    let shifted = bits.wrapping_sub(0x3f35_04f3);
    let exponent = ((shifted as i32) >> 23) as f32;
    let m = f32::from_bits((shifted & 0x007f_ffff).wrapping_add(0x3f35_04f3)) - 1.0;
    let z = m * m;
    let mut p = 7.037_683_6e-2;
    p = p * m - 1.151_461e-1;
    p = p * m + 1.167_699_9e-1;
    p = p * m - 1.242_014_1e-1;
    p = p * m + 1.424_932_3e-1;
    p = p * m - 1.666_805_7e-1;
    p = p * m + 2.000_071_4e-1;
    p = p * m - 2.499_999_4e-1;
    p = p * m + 3.333_333e-1;
    let ln = p * m * z - 0.5 * z + m;
    ln + exponent * std::f32::consts::LN_2
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Streams;

    #[test]
    fn the_transformation_is_that_of_box_and_muller() {
        let mut random = Streams::new(1).bulk("test/normal", 1);
        let mut words = vec![0u32; 20_000];
        random.fill(&mut words);
        words[..4].copy_from_slice(&[0, u32::MAX, 1, 0x8000_0000]);
        for w in words.chunks_exact(2) {
            let u = (f64::from(w[0]) + 0.5) / 4_294_967_296.0;
            assert!((f64::from(ln_uniform(w[0])) - u.ln()).abs() < 1e-6 * u.ln().abs().max(0.1), "{}", w[0]);
            let (a, b) = pair(w[0], w[1]);
            let r = (-2.0 * u.ln()).sqrt();
            let x = ((f64::from(w[1] & 0x00ff_ffff) + 0.5) / 16_777_216.0 - 0.5) * std::f64::consts::FRAC_PI_2;
            let quadrant = [(x.cos(), x.sin()), (x.sin(), x.cos()), (-x.cos(), x.sin()), (x.sin(), -x.cos())];
            let (c, s) = quadrant[(w[1] >> 30) as usize];
            assert!((f64::from(a) - r * c).abs() < 3e-6 + 1e-6 * r, "{a} against {}", r * c);
            assert!((f64::from(b) - r * s).abs() < 3e-6 + 1e-6 * r, "{b} against {}", r * s);
        }
    }

    /// Null: independent standard normal draws. 1.6e6 draws, seed 1: moments 1 to 4 and correlations within the pairs
    /// have |z| < 4.5; chi-square of 64 equally likely bins has p > 1e-5: false alarm below 1e-4.
    #[test]
    fn draws_are_normal() {
        let n = 1_600_000;
        let mut random = Streams::new(1).bulk("test/normal", 0);
        let (mut words, mut x) = (vec![0; n], vec![0.0; n]);
        fill(&mut random, &mut words, &mut x);
        let scale = (n as f64).sqrt();
        // Moments of the normal law and their variances: 0 (1), 1 (2), 0 (15), 3 (96).
        for (power, mean, variance) in [(1, 0.0, 1.0f64), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 3.0, 96.0)] {
            let moment = x.iter().map(|x| f64::from(*x).powi(power)).sum::<f64>() / n as f64;
            assert!(((moment - mean) / variance.sqrt() * scale).abs() < 4.5, "moment {power}: {moment}");
        }
        for power in [1, 2] {
            let centre = |x: f32| f64::from(x).powi(power) - if power == 2 { 1.0 } else { 0.0 };
            let pairs = x.chunks_exact(16).flat_map(|row| (0..8).map(|l| centre(row[l]) * centre(row[l + 8])));
            let z = pairs.sum::<f64>() / (n as f64 / 2.0).sqrt() / if power == 2 { 2.0 } else { 1.0 };
            assert!(z.abs() < 4.5, "pairs, power {power}: z = {z}");
        }
        let mut bins = [0u32; 64];
        for x in &x {
            let phi = 0.5 * libm::erfc(-f64::from(*x) / std::f64::consts::SQRT_2);
            bins[((phi * 64.0) as usize).min(63)] += 1;
        }
        let expected = n as f64 / 64.0;
        let chi2: f64 = bins.iter().map(|b| (f64::from(*b) - expected).powi(2) / expected).sum();
        use statrs::distribution::{ChiSquared, ContinuousCDF};
        assert!(ChiSquared::new(63.0).expect("positive").sf(chi2) > 1e-5, "chi2 = {chi2}");
    }

    #[test]
    fn every_path_gives_the_same_bits() {
        let mut words = vec![0u32; 4096];
        Streams::new(1).bulk("test/normal", 2).fill(&mut words);
        let run = |path: &dyn Fn(&[u32], &mut [f32])| {
            let mut draws = vec![0.0; 4096];
            path(&words, &mut draws);
            draws.into_iter().map(f32::to_bits).collect::<Vec<_>>()
        };
        let here = run(&transform_all);
        for path in cpu::Path::available() {
            assert!(here == run(&|words, draws| transform(path, words, draws)), "{path}");
        }
    }
}
