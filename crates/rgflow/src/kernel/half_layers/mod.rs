//! Sums over all states of a layer, cut into two halves with the states s and t, of weights that are products over the
//! units of the other layer: w(s, t) = A(s) B(t) prod_i (1 + U_i(s) V_i(t)), U_i and V_i > 0.
//!
//! So a state costs three operations for each unit and no transcendental function. Numbers may leave the range of f64:
//! each group of factors that stays in it is followed by a step that moves the exponent into an integer.

mod moments;

pub use moments::Moments;

use crate::cpu::{self, dispatched};
use std::ops::Range;

/// States t side by side.
pub const LANES: usize = 8;
/// States s side by side.
pub const ROWS: usize = 4;
/// Largest ln of the product of a group of factors: e^600 is in the range of f64, and so is a mantissa times it.
const LN_GROUP: f64 = 600.0;
/// By how many powers of two the reference of sums is put above a weight that exceeds it.
const HEADROOM: i64 = 32;

type Tile<T> = [[T; LANES]; ROWS];

/// x = mantissa 2^exponent.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Scaled {
    /// In [1, 2).
    mantissa: f64,
    exponent: i64,
}

impl Scaled {
    /// e^x, for finite x.
    fn exp(x: f64) -> Self {
        let exponent = (x * std::f64::consts::LOG2_E).floor();
        // ln 2 in two parts, the first with 32 bits (as in fdlibm), so that the rest has no error of x's size.
        let rest = x - exponent * 6.931_471_803_691_238e-1 - exponent * 1.908_214_929_270_587_7e-10;
        Self { mantissa: libm::exp(rest), exponent: exponent as i64 }
    }
}

/// 2^k, 0 for k below the range of normal numbers; k at most 1023.
#[inline(always)]
pub fn power(k: i64) -> f64 {
    f64::from_bits(if k < -1022 { 0 } else { ((k + 1023) as u64) << 52 })
}

/// The factors of all states s and t.
pub struct Tables {
    /// A(s), and U_i(s) by groups of ROWS states: units of a group one after the other.
    a: Vec<Scaled>,
    u: Vec<[f64; ROWS]>,
    /// B(t), and V_i(t) by groups of LANES states.
    b: Vec<Scaled>,
    v: Vec<[f64; LANES]>,
    units: usize,
    /// Units whose product stays in the range of f64.
    groups: Vec<Range<usize>>,
}

/// Logarithms of the factors of the states of a half: those of its state 0, and those by which each bit that is set
/// multiplies them.
pub struct Half {
    /// ln A, and ln U_i of each unit, in state 0.
    pub zero: (f64, Vec<f64>),
    /// The contribution of each bit to them.
    pub bits: Vec<(f64, Vec<f64>)>,
}

impl Half {
    /// Whether no factor of a unit leaves the range e^-300 to e^300 in any state.
    fn is_in_range(&self) -> bool {
        let all = || std::iter::once(&self.zero).chain(&self.bits);
        let size = |i: usize| all().map(|(_, units)| units[i].abs()).sum::<f64>();
        all().all(|(own, _)| own.is_finite()) && (0..self.zero.1.len()).all(|i| size(i) < 300.0)
    }

    /// A of all states, and U by groups of W states: units of a group one after the other.
    fn tables<const W: usize>(&self) -> (Vec<Scaled>, Vec<[f64; W]>) {
        let (units, states) = (self.zero.1.len(), 1 << self.bits.len());
        let (mut own, mut factors) = (vec![self.zero.0], vec![[0.0; W]; units * states / W]);
        self.zero.1.iter().enumerate().for_each(|(i, x)| factors[i][0] = libm::exp(*x));
        for (bit, (add, ln)) in self.bits.iter().enumerate() {
            let ratio: Vec<f64> = ln.iter().map(|x| libm::exp(*x)).collect();
            for state in 1 << bit..2 << bit {
                let from = state - (1 << bit);
                own.push(own[from] + add);
                for (i, ratio) in ratio.iter().enumerate() {
                    factors[state / W * units + i][state % W] = ratio * factors[from / W * units + i][from % W];
                }
            }
        }
        (own.into_iter().map(Scaled::exp).collect(), factors)
    }
}

impl Tables {
    /// Of the states s of `first` (at least those of two bits) and t of `second` (of three), `largest` the largest
    /// ln(1 + U_i V_i) of each unit. `None` where a factor is beyond e^300 or its inverse, so that a table could leave
    /// the range of f64.
    pub fn new(first: &Half, second: &Half, largest: &[f64]) -> Option<Self> {
        if !first.is_in_range() || !second.is_in_range() || largest.iter().any(|ln| ln.is_nan() || *ln > LN_GROUP) {
            return None;
        }
        let (mut groups, mut from, mut sum) = (Vec::new(), 0, 0.0);
        for (unit, ln) in largest.iter().enumerate() {
            if sum + ln > LN_GROUP {
                groups.push(from..unit);
                (from, sum) = (unit, 0.0);
            }
            sum += ln;
        }
        groups.push(from..largest.len());
        let ((a, u), (b, v)) = (first.tables(), second.tables());
        Some(Self { a, u, b, v, units: largest.len(), groups })
    }

    /// Number of states s, and of states t.
    pub fn states(&self) -> [usize; 2] {
        [self.a.len(), self.b.len()]
    }

    /// States s of a block, such that its factors stay in the cache nearest to a core but one. Fixed, so that sums do
    /// not depend on threads.
    pub fn block(&self) -> usize {
        let fit = (1 << 15) / self.units.max(1);
        self.a.len().min(fit.next_power_of_two().clamp(2 * ROWS, 256))
    }

    /// The weights of the states s of a block, each summed over all t.
    pub fn sums(&self, block: usize) -> RowSums {
        row_sums(cpu::path(), self, block)
    }

    /// The weights w(s, t) of all t at one s, relative to the largest.
    pub fn row(&self, s: usize) -> Vec<f64> {
        let group = s / ROWS;
        let mut all = Vec::with_capacity(self.b.len());
        for tile in 0..self.b.len() / LANES {
            let (mantissa, exponent) = weights::<false>(self, [group, tile], &mut Kept::default());
            all.extend((0..LANES).map(|l| (mantissa[s % ROWS][l], exponent[s % ROWS][l])));
        }
        let top = all.iter().map(|(_, e)| *e).max().unwrap_or(0);
        all.into_iter().map(|(m, e)| m * power(e - top)).collect()
    }

    fn factors(&self, group: usize, tile: usize) -> (&[[f64; ROWS]], &[[f64; LANES]]) {
        let n = self.units;
        (&self.u[group * n..(group + 1) * n], &self.v[tile * n..(tile + 1) * n])
    }
}

/// Weights of the states s of a block, summed over t, in units of 2^exponent.
pub struct RowSums {
    /// A sum for each s.
    pub sums: Vec<f64>,
    /// Power of two.
    pub exponent: i64,
}

dispatched! {
    fn row_sums(tables: &Tables, block: usize) -> RowSums => row_sums_all
}

/// Products of factors that [`weights`] leaves: those of the factors of its group before each unit, and of all factors
/// of each group.
#[derive(Default)]
struct Kept {
    before: Vec<Tile<f64>>,
    whole: Vec<Tile<f64>>,
}

/// The weights of a tile of states: mantissas in [1, 8) and exponents.
#[inline(always)]
fn weights<const KEEP: bool>(tables: &Tables, [group, tile]: [usize; 2], kept: &mut Kept) -> (Tile<f64>, Tile<i64>) {
    let (u, v) = tables.factors(group, tile);
    let (mut mantissa, mut exponent) = ([[1.0; LANES]; ROWS], [[0; LANES]; ROWS]);
    for (number, units) in tables.groups.iter().enumerate() {
        let (u, v) = (&u[units.clone()], &v[units.clone()]);
        let product = if KEEP { products(u, v, &mut kept.before[units.clone()]) } else { product(u, v) };
        if KEEP {
            kept.whole[number] = product;
        }
        for r in 0..ROWS {
            for l in 0..LANES {
                mantissa[r][l] *= product[r][l];
            }
        }
        normalise(&mut mantissa, &mut exponent);
    }
    let (a, b) = (&tables.a[group * ROWS..][..ROWS], &tables.b[tile * LANES..][..LANES]);
    for r in 0..ROWS {
        for l in 0..LANES {
            mantissa[r][l] *= a[r].mantissa * b[l].mantissa;
            exponent[r][l] += a[r].exponent + b[l].exponent;
        }
    }
    (mantissa, exponent)
}

/// The product of the factors of units.
#[inline(always)]
fn product(u: &[[f64; ROWS]], v: &[[f64; LANES]]) -> Tile<f64> {
    let mut product = [[1.0; LANES]; ROWS];
    for (u, v) in u.iter().zip(v) {
        for r in 0..ROWS {
            for l in 0..LANES {
                product[r][l] *= 1.0 + u[r] * v[l];
            }
        }
    }
    product
}

/// The product of the factors of units; `before` gets that of those before each.
#[inline(always)]
fn products(u: &[[f64; ROWS]], v: &[[f64; LANES]], before: &mut [Tile<f64>]) -> Tile<f64> {
    let mut product = [[1.0; LANES]; ROWS];
    for ((u, v), before) in u.iter().zip(v).zip(before) {
        *before = product;
        for r in 0..ROWS {
            for l in 0..LANES {
                product[r][l] *= 1.0 + u[r] * v[l];
            }
        }
    }
    product
}

/// Takes the exponent of each product into `exponent`.
#[inline(always)]
fn normalise(product: &mut Tile<f64>, exponent: &mut Tile<i64>) {
    const ONE: u64 = 1023 << 52;
    for (p, e) in product.iter_mut().flatten().zip(exponent.iter_mut().flatten()) {
        let bits = p.to_bits();
        *e += (bits >> 52) as i64 - 1023;
        *p = f64::from_bits(bits & ((1 << 52) - 1) | ONE);
    }
}

/// The power of two that sums are in units of.
struct Reference(i64);

impl Reference {
    /// Below every weight.
    const NONE: Self = Self(i64::MIN / 4);

    /// Puts the reference above weights that exceed it; returns what the sums so far must be multiplied by, if so.
    #[inline(always)]
    fn cover(&mut self, exponent: &Tile<i64>) -> Option<f64> {
        let top = exponent.iter().flatten().fold(i64::MIN, |top, e| top.max(*e));
        (top > self.0).then(|| {
            let before = std::mem::replace(&mut self.0, top + HEADROOM);
            power(before - self.0)
        })
    }

    /// Gives the numbers of a tile in units of the reference.
    #[inline(always)]
    fn scale(&self, mantissa: &mut Tile<f64>, exponent: &Tile<i64>) {
        for (m, e) in mantissa.iter_mut().flatten().zip(exponent.iter().flatten()) {
            *m *= power(e - self.0);
        }
    }
}

#[inline(always)]
fn row_sums_all(tables: &Tables, block: usize) -> RowSums {
    let rows = tables.block();
    let mut sums = vec![[0.0f64; LANES]; rows];
    let mut reference = Reference::NONE;
    for tile in 0..tables.b.len() / LANES {
        for k in 0..rows / ROWS {
            let (mut w, exponent) = weights::<false>(tables, [block * rows / ROWS + k, tile], &mut Kept::default());
            if let Some(by) = reference.cover(&exponent) {
                sums.iter_mut().flatten().for_each(|x| *x *= by);
            }
            reference.scale(&mut w, &exponent);
            for (sum, w) in sums[k * ROWS..].iter_mut().zip(&w) {
                sum.iter_mut().zip(w).for_each(|(sum, w)| *sum += w);
            }
        }
    }
    RowSums { sums: sums.iter().map(across).collect(), exponent: reference.0 }
}

/// The sum of the lanes, always in the same order.
#[inline(always)]
fn across(x: &[f64; LANES]) -> f64 {
    let mut four = [0.0; 4];
    for l in 0..4 {
        four[l] = x[l] + x[l + 4];
    }
    (four[0] + four[2]) + (four[1] + four[3])
}

#[cfg(test)]
mod tests {
    use super::moments::{moments, moments_all};
    use super::*;
    use crate::cpu::Path;

    /// Strong factors, in groups, with exponents far beyond f64.
    #[test]
    fn every_path_gives_the_same_bits_and_the_plain_sum() {
        let units = 40;
        let x = |k: usize| f64::from((k * k * 7 % 101) as u16) / 4.0 - 12.0;
        let of = |k: usize| (x(k), (0..units).map(|i| x(k * units + i)).collect::<Vec<_>>());
        let first = Half { zero: of(1), bits: (2..7).map(of).collect() };
        let second = Half { zero: of(7), bits: (8..12).map(of).collect() };
        let tables = Tables::new(&first, &second, &vec![200.0; units]).unwrap();
        assert!(tables.groups.len() > 10);
        let ln = |half: &Half, state: usize| {
            let set: Vec<_> =
                half.bits.iter().enumerate().filter(|(bit, _)| state >> bit & 1 == 1).map(|(_, b)| b).collect();
            let own = half.zero.0 + set.iter().map(|b| b.0).sum::<f64>();
            (own, (0..units).map(|i| half.zero.1[i] + set.iter().map(|b| b.1[i]).sum::<f64>()).collect::<Vec<_>>())
        };
        for s in 0..tables.block() {
            let plain: Vec<f64> = (0..16)
                .map(|t| {
                    let ((a, u), (b, v)) = (ln(&first, s), ln(&second, t));
                    let softplus = |x: f64| x.max(0.0) + (-x.abs()).exp().ln_1p();
                    a + b + u.iter().zip(&v).map(|(u, v)| softplus(u + v)).sum::<f64>()
                })
                .collect();
            let top = plain.iter().copied().fold(f64::MIN, f64::max);
            let plain = top + plain.iter().map(|x| (x - top).exp()).sum::<f64>().ln();
            let sums = tables.sums(0);
            let ours = sums.sums[s].ln() + sums.exponent as f64 * std::f64::consts::LN_2;
            assert!((ours - plain).abs() < 1e-11 * plain.abs() || sums.sums[s] == 0.0, "{s}: {ours} against {plain}");
        }
        let portable = (row_sums_all(&tables, 0), moments_all(&tables, 0));
        for path in Path::available() {
            let sums = row_sums(path, &tables, 0);
            assert!((&sums.sums, sums.exponent) == (&portable.0.sums, portable.0.exponent), "{path}");
            assert!(moments(path, &tables, 0) == portable.1, "{path}");
        }
    }
}
