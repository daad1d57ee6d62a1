//! Moments of the states: what the gradient of ln Z needs. Each unit's factor is taken out of the weight by the
//! products of the factors before and after it, so there is no division for each unit.

use super::{Kept, LANES, ROWS, Reference, Tables, Tile, across, power, weights};
use crate::cpu::{self, dispatched};
use std::ops::Range;

/// Sums over the states of a block, in units of 2^exponent. Bits are those of the number of a state: of s, then of t.
#[derive(Clone, Debug, PartialEq)]
pub struct Moments {
    /// Power of two.
    pub exponent: i64,
    /// Sum of w.
    pub weight: f64,
    /// Sum of w over the states whose bit a is set.
    pub bits: Vec<f64>,
    /// Sum of w / (1 + U_i V_i).
    pub units: Vec<f64>,
    /// The same over the states whose bit a is set: shape (units, bits).
    pub joint: Vec<f64>,
}

impl Moments {
    /// Adds other sums.
    pub fn merge(&mut self, mut other: Self) {
        let top = self.exponent.max(other.exponent);
        self.scale(top);
        other.scale(top);
        self.weight += other.weight;
        for (to, from) in [(&mut self.bits, other.bits), (&mut self.units, other.units), (&mut self.joint, other.joint)]
        {
            to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
        }
    }

    fn scale(&mut self, exponent: i64) {
        if exponent != self.exponent {
            let by = power(self.exponent - exponent);
            self.weight *= by;
            self.bits.iter_mut().chain(&mut self.units).chain(&mut self.joint).for_each(|x| *x *= by);
            self.exponent = exponent;
        }
    }
}

impl Tables {
    /// The moments of the states of a block.
    pub fn moments(&self, block: usize) -> Moments {
        moments(cpu::path().at_most_avx2(), self, block)
    }
}

dispatched! {
    pub(super) fn moments(tables: &Tables, block: usize) -> Moments => moments_all
}
/// Sums over a block.
struct Sums {
    /// w of each row over the tiles so far, by lanes.
    rows: Vec<[f64; LANES]>,
    /// w / (1 + U V) over the tiles so far: of each group of rows and unit; of each unit by lanes, over the rows with
    /// their lowest and with their second bit set.
    by_group: Vec<f64>,
    low: Vec<[[f64; LANES]; 2]>,
    /// Over the rows of the tile, by lanes: w, and w / (1 + U V) of each unit.
    column: [f64; LANES],
    columns: Vec<[f64; LANES]>,
    done: Moments,
}

impl Sums {
    fn scale(&mut self, by: f64) {
        let lanes = self.rows.iter_mut().chain(self.low.iter_mut().flatten()).chain(&mut self.columns);
        lanes.flatten().chain(&mut self.by_group).chain(&mut self.column).for_each(|x| *x *= by);
        let done = &mut self.done;
        done.bits.iter_mut().chain(&mut done.units).chain(&mut done.joint).for_each(|x| *x *= by);
    }

    /// Adds the weights of a tile.
    #[inline(always)]
    fn add(&mut self, k: usize, w: &Tile<f64>) {
        for (row, w) in self.rows[k * ROWS..].iter_mut().zip(w) {
            for l in 0..LANES {
                row[l] += w[l];
                self.column[l] += w[l];
            }
        }
    }

    /// Adds the weights of a tile divided by the factor of each unit of a group that begins with `first`: `rest` is the
    /// weights divided by all factors of the group, `before` the products of those before each unit. Plain loops:
    /// compilers make no vectors of nested ones.
    #[inline(always)]
    fn add_shares(&mut self, [k, first]: [usize; 2], Factors { u, v, before }: Factors, mut rest: Tile<f64>) {
        for ((u, v), before) in u.iter().zip(v).zip(&mut *before).rev() {
            for r in 0..ROWS {
                for l in 0..LANES {
                    before[r][l] *= rest[r][l];
                }
            }
            for r in 0..ROWS {
                for l in 0..LANES {
                    rest[r][l] *= 1.0 + u[r] * v[l];
                }
            }
        }
        let by_group = &mut self.by_group[k * self.columns.len() + first..];
        let (columns, low) = (&mut self.columns[first..], &mut self.low[first..]);
        for (((share, low), column), by_group) in before.iter().zip(low).zip(columns).zip(by_group) {
            let (mut odd, mut upper, mut all) = ([0.0; LANES], [0.0; LANES], [0.0; LANES]);
            for l in 0..LANES {
                odd[l] = share[1][l] + share[3][l];
            }
            for l in 0..LANES {
                upper[l] = share[2][l] + share[3][l];
            }
            for l in 0..LANES {
                all[l] = share[0][l] + share[2][l] + odd[l];
            }
            for l in 0..LANES {
                low[0][l] += odd[l];
            }
            for l in 0..LANES {
                low[1][l] += upper[l];
            }
            for l in 0..LANES {
                column[l] += all[l];
            }
            *by_group += across(&all);
        }
    }

    /// Adds what was summed over the tile `tile`, whose states t have `bits`, to the moments.
    fn end_tile(&mut self, tile: usize, bits: Range<usize>) {
        let all = self.done.bits.len();
        let add = |x: &[f64; LANES], to: &mut [f64]| {
            for (a, to) in to[bits.clone()].iter_mut().enumerate() {
                let set = |l: usize| (tile * LANES + l) >> a & 1 == 1;
                *to += x.iter().enumerate().filter(|(l, _)| set(*l)).map(|(_, x)| x).sum::<f64>();
            }
        };
        add(&self.column, &mut self.done.bits);
        self.column = [0.0; LANES];
        for (i, x) in self.columns.iter_mut().enumerate() {
            self.done.units[i] += across(x);
            add(x, &mut self.done.joint[i * all..(i + 1) * all]);
            *x = [0.0; LANES];
        }
    }

    /// The moments of the block whose first state s is `first`; states s have the bits up to `row_bits`.
    fn end(mut self, first: usize, row_bits: usize) -> Moments {
        let (all, n) = (self.done.bits.len(), self.done.units.len());
        for (r, row) in self.rows.iter().enumerate() {
            let w = across(row);
            self.done.weight += w;
            let set = (0..row_bits).filter(|a| (first + r) >> a & 1 == 1);
            set.for_each(|a| self.done.bits[a] += w);
        }
        for (i, joint) in self.done.joint.chunks_mut(all).enumerate() {
            (joint[0], joint[1]) = (across(&self.low[i][0]), across(&self.low[i][1]));
            for (k, shares) in self.by_group.chunks(n).enumerate() {
                let set = (2..row_bits).filter(|a| (first + k * ROWS) >> a & 1 == 1);
                set.for_each(|a| joint[a] += shares[i]);
            }
        }
        self.done
    }
}

/// Factors of a group of units, and the products of those before each.
struct Factors<'a> {
    u: &'a [[f64; ROWS]],
    v: &'a [[f64; LANES]],
    before: &'a mut [Tile<f64>],
}

#[inline(always)]
pub(super) fn moments_all(tables: &Tables, block: usize) -> Moments {
    let (n, rows, lanes) = (tables.units, tables.block(), tables.b.len());
    let row_bits = tables.a.len().ilog2() as usize;
    let bits = row_bits + lanes.ilog2() as usize;
    let (joint, units, none) = (vec![0.0; n * bits], vec![0.0; n], vec![[0.0; LANES]; n]);
    let mut sums = Sums {
        rows: vec![[0.0; LANES]; rows],
        by_group: vec![0.0; n * rows / ROWS],
        low: vec![[[0.0; LANES]; 2]; n],
        column: [0.0; LANES],
        columns: none,
        done: Moments { exponent: 0, weight: 0.0, bits: vec![0.0; bits], units, joint },
    };
    let mut reference = Reference::NONE;
    let none = [[0.0; LANES]; ROWS];
    let mut kept = Kept { before: vec![none; n], whole: vec![none; tables.groups.len()] };
    for tile in 0..lanes / LANES {
        for k in 0..rows / ROWS {
            let group = block * rows / ROWS + k;
            let (mut w, exponent) = weights::<true>(tables, [group, tile], &mut kept);
            if let Some(by) = reference.cover(&exponent) {
                sums.scale(by);
            }
            reference.scale(&mut w, &exponent);
            sums.add(k, &w);
            let (u, v) = tables.factors(group, tile);
            for (units, whole) in tables.groups.iter().zip(&kept.whole) {
                let mut rest = w;
                for r in 0..ROWS {
                    for l in 0..LANES {
                        rest[r][l] /= whole[r][l];
                    }
                }
                let (u, v) = (&u[units.clone()], &v[units.clone()]);
                sums.add_shares([k, units.start], Factors { u, v, before: &mut kept.before[units.clone()] }, rest);
            }
        }
        sums.end_tile(tile, row_bits..bits);
    }
    sums.done.exponent = reference.0;
    sums.end(block * rows, row_bits)
}
