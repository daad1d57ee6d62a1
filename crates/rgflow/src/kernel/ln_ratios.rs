//! Ratios of the Boltzmann weights of two-valued units at two temperatures, row by row, with the same bits on every
//! CPU.

use super::lines::{COLUMNS, Line};
use super::log_weights::exp_falling;
use super::spins::exp2_one;
use crate::cpu::{self, dispatched};

/// Units per logarithm: the product of so many factors in (1, 2] stays below 2^512.
const BLOCK: usize = 512;
/// Partial sums that run side by side.
const LANES: usize = 8;

/// Fields of blocks of sixteen units, each with `padded` lines, one for each row; lanes without a unit must be 0.
#[derive(Clone, Copy)]
pub struct Fields<'a> {
    /// Block after block.
    pub lines: &'a [Line],
    /// Lines of a block.
    pub padded: usize,
}

/// For each row, the sum over units of ln(e^(low x) + e^(high x)) at x = to z less that at x = from z: `out`, with the
/// row's values of `from` and `to`. In f64.
pub fn ln_ratios(fields: Fields, levels: [f64; 2], betas: [&[f64]; 2], out: &mut [f64]) {
    wide(cpu::path(), fields, levels, betas, out);
}

/// The same with exponentials in f32, at a third of the cost: an error of the ratio of about 1e-7 times the square root
/// of the number of units, below that of draws of the units themselves.
pub fn ln_ratios_f32(fields: Fields, levels: [f64; 2], betas: [&[f64]; 2], out: &mut [f64]) {
    narrow(cpu::path(), fields, levels, betas, out);
}

dispatched! {
    fn wide(fields: Fields<'_>, levels: [f64; 2], betas: [&[f64]; 2], out: &mut [f64]) => wide_all
}

dispatched! {
    fn narrow(fields: Fields<'_>, levels: [f64; 2], betas: [&[f64]; 2], out: &mut [f64]) => narrow_all
}

#[inline(always)]
fn wide_all(fields: Fields<'_>, levels: [f64; 2], betas: [&[f64]; 2], out: &mut [f64]) {
    let mut factors = [0.0f64; BLOCK];
    by_rows(fields, levels, betas, out, |z, [from, to]| {
        let factors = &mut factors[..z.len()];
        let factor = |k: f64, z: f32| 1.0 + exp_falling(-k * f64::from(z.abs()));
        factors.iter_mut().zip(z).for_each(|(ratio, z)| *ratio = factor(to, *z));
        factors.iter_mut().zip(z).for_each(|(ratio, z)| *ratio /= factor(from, *z));
        let mut product = [1.0f64; LANES];
        for factors in factors.chunks_exact(LANES) {
            product.iter_mut().zip(factors).for_each(|(product, factor)| *product *= factor);
        }
        product.iter().product()
    });
}

#[inline(always)]
fn narrow_all(fields: Fields<'_>, levels: [f64; 2], betas: [&[f64]; 2], out: &mut [f64]) {
    let mut factors = [0.0f32; BLOCK];
    by_rows(fields, levels, betas, out, |z, [from, to]| {
        let factors = &mut factors[..z.len()];
        let mut product = |k: f64| {
            let k = (-k * std::f64::consts::LOG2_E) as f32;
            factors.iter_mut().zip(z).for_each(|(factor, z)| *factor = 1.0 + exp2_one(k * z.abs()));
            // 32 factors of a lane are at most 2^32.
            let mut product = [1.0f32; COLUMNS];
            for factors in factors.chunks_exact(COLUMNS) {
                product.iter_mut().zip(factors).for_each(|(product, factor)| *product *= factor);
            }
            product.iter().map(|p| f64::from(*p)).product::<f64>()
        };
        product(to) / product(from)
    });
}

/// `ratio`: of the products of 1 + e^(-k |z|) over some units, at the second k and at the first. The larger exponents
/// are taken out, so nothing overflows.
#[inline(always)]
fn by_rows(
    fields: Fields<'_>,
    [low, high]: [f64; 2],
    [from, to]: [&[f64]; 2],
    out: &mut [f64],
    mut ratio: impl FnMut(&[f32], [f64; 2]) -> f64,
) {
    // Long loops of one kind over numbers side by side become vector code.
    let mut z = [0.0f32; BLOCK];
    for (row, out) in out.iter_mut().enumerate() {
        let (from, to) = (from[row], to[row]);
        if from == to {
            *out = 0.0;
            continue;
        }
        let (mut ln, mut largest) = (0.0, [0.0f64; LANES]);
        for lines in fields.lines.chunks(fields.padded * (BLOCK / COLUMNS)) {
            let z = &mut z[..lines.len() / fields.padded * COLUMNS];
            for (line, z) in lines[row..].iter().step_by(fields.padded).zip(z.as_chunks_mut::<COLUMNS>().0) {
                *z = line.0;
            }
            for z in z.chunks_exact(LANES) {
                for (sum, z) in largest.iter_mut().zip(z) {
                    let z = f64::from(*z);
                    *sum += if z > 0.0 { high * z } else { low * z };
                }
            }
            let delta = high - low;
            ln += libm::log(ratio(z, [from * delta, to * delta]));
        }
        *out = (to - from) * largest.iter().sum::<f64>() + ln;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::Path;
    use crate::kernel::log_weights::sum_ln_two_valued;

    /// Of 5 rows and 530 units, the last lanes without one; each path gives the same bits.
    #[test]
    fn ratios_are_differences_of_sums() {
        let (padded, units) = (8, 530usize);
        let z = |row: usize, a: usize| ((row * 37 + a * a) % 211) as f32 / 10.0 - 10.0;
        let mut lines = vec![Line::ZERO; padded * units.div_ceil(COLUMNS)];
        for (row, a) in (0..5).flat_map(|row| (0..units).map(move |a| (row, a))) {
            lines[a / COLUMNS * padded + row].0[a % COLUMNS] = z(row, a);
        }
        let fields = Fields { lines: &lines, padded };
        let (from, to) = ([0.0, 0.1, 0.5, 1.0, 0.3], [0.1, 0.0, 0.9, 0.2, 0.3]);
        for (low, high) in [(-1.0, 1.0), (0.0, 1.0), (-2.0, -0.5)] {
            let (mut here, mut close) = ([0.0; 5], [0.0; 5]);
            ln_ratios(fields, [low, high], [&from, &to], &mut here);
            ln_ratios_f32(fields, [low, high], [&from, &to], &mut close);
            for (row, (ratio, close)) in here.into_iter().zip(close).enumerate() {
                let sum = |beta: f64| {
                    let z: Vec<f64> = (0..units).map(|a| beta * f64::from(z(row, a))).collect();
                    sum_ln_two_valued(&z, low, high)
                };
                let exact = sum(to[row]) - sum(from[row]);
                assert!((ratio - exact).abs() < 1e-11 * (1.0 + exact.abs()), "{row}: {ratio} against {exact}");
                assert!((close - exact).abs() < 1e-5, "{row}: {close} against {exact}");
            }
            for path in Path::available() {
                let (mut out, mut narrowed) = ([0.0; 5], [0.0; 5]);
                wide(path, fields, [low, high], [&from, &to], &mut out);
                narrow(path, fields, [low, high], [&from, &to], &mut narrowed);
                assert_eq!(
                    [out, narrowed].map(|x| x.map(f64::to_bits)),
                    [here, close].map(|x| x.map(f64::to_bits)),
                    "{path}"
                );
            }
        }
    }

    /// Fields at which exponentials leave the range of f32 and f64.
    #[test]
    fn large_fields_do_not_overflow() {
        let lines = vec![Line([3e4; COLUMNS]); 8];
        for of in [ln_ratios, ln_ratios_f32] {
            let mut out = [0.0];
            of(Fields { lines: &lines, padded: 8 }, [-1.0, 1.0], [&[0.25], &[0.75]], &mut out);
            assert!((out[0] - 16.0 * 0.5 * 3e4).abs() < 1e-6, "{out:?}");
        }
    }
}
