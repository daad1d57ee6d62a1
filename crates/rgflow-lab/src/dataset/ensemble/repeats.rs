//! Repeated sequences of rows: samples of one seed that would count as independent ones.
//!
//! Small or cold lattices repeat rows by themselves, so what counts is how unlikely a sequence is: a row that makes up
//! the fraction p of a block is met there by chance with probability p. A sequence is refused if the product over its
//! rows is below e^{-40} for each of the places where it could have been met. A configuration and its global flip count
//! as the same, and a row that stays unchanged for a while counts once.

use super::arrays::{Arrays, Group};
use super::copies::{self, Classes};
use rgflow::lattice::Temperature;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// -ln of the probability below which a sequence is no coincidence.
const SURPRISAL: f64 = 40.0;
/// Surprisals are integers in these units: integer sums do not depend on where they start.
const UNITS: f64 = 1e6;

/// Rows of one temperature and field of a file.
pub(super) struct Block {
    path: PathBuf,
    temperature: Temperature,
    /// Hash and number of each row, in file order.
    rows: Vec<(u64, usize)>,
    /// The same, chain after chain.
    by_chain: Vec<(u64, usize)>,
    counts: HashMap<u64, usize>,
    classes: Classes,
    /// Configurations per independent one.
    clump: f64,
}

impl Block {
    pub(super) fn all(arrays: &Arrays, path: &Path) -> Vec<Self> {
        let warm = arrays.groups.iter().filter(|g| g.temperature != Temperature::ZERO);
        warm.map(|group| Self::new(arrays, group, path)).collect()
    }

    fn new(arrays: &Arrays, group: &Group, path: &Path) -> Self {
        let hash = |row: &usize| {
            let spins = arrays.spins.row(*row);
            (copies::same_up_to_turn(spins.to_slice().expect("rows of a new array are contiguous")), *row)
        };
        let once = |rows: Vec<(u64, usize)>| {
            let mut rows = rows;
            rows.dedup_by_key(|r| r.0);
            rows
        };
        let all: Vec<(u64, usize)> = group.rows.iter().map(hash).collect();
        let n_chains = group.n_chains.unwrap_or(1).max(1);
        let by_chain = (0..n_chains).flat_map(|c| all.iter().skip(c).step_by(n_chains).copied()).collect();
        let (rows, by_chain) = (once(all), once(by_chain));
        let mut counts = HashMap::new();
        rows.iter().for_each(|(hash, _)| *counts.entry(*hash).or_insert(0) += 1);
        let (classes, temperature) = (Classes::new(arrays, group), group.temperature);
        Self { path: path.into(), temperature, rows, by_chain, counts, classes, clump: 1.0 }
    }

    /// Sets `clump`, the configurations per independent one.
    pub fn clumped(self, clump: f64) -> Self {
        Self { clump, ..self }
    }

    /// -ln of the probability to meet by chance a row that both blocks have.
    fn surprisal(&self, other: &Self, row: u64) -> Option<u64> {
        let share = |block: &Self| Some(*block.counts.get(&row)? as f64 / block.rows.len() as f64);
        let p = share(self)?.max(share(other)?).min(1.0);
        Some((-libm::log(p) * UNITS) as u64)
    }

    fn name(&self) -> String {
        format!("{} (T = {})", self.path.display(), self.temperature.value())
    }

    fn place(&self, first: usize, last: usize) -> String {
        format!("rows {first} to {last} of `spins` in {} (T = {})", self.path.display(), self.temperature.value())
    }
}

/// Refuses sequences shared by two blocks, or occurring twice in one block; then copies in any order.
pub(super) fn refuse(blocks: &[&Block]) -> Result<(), String> {
    for (k, a) in blocks.iter().enumerate() {
        let alone = a.counts.values().any(|count| *count > 1).then(|| twice(a)).flatten();
        let found = alone.or_else(|| blocks[..k].iter().find_map(|b| common(b, a)));
        if let Some((first, second)) = found {
            return Err(format!(
                "{first} and {second} are one sequence of configurations, which chance does not explain: they would \
                 count twice; leave one out, or sample it again with another --seed"
            ));
        }
    }
    let n_pairs = (blocks.len() * blocks.len()).max(1);
    for (k, a) in blocks.iter().enumerate() {
        for b in &blocks[..k] {
            if let Some(n) = copies::common(&b.classes, &a.classes, b.clump.max(a.clump), n_pairs) {
                return Err(format!(
                    "{} and {} have {n} configurations in common, in any order and up to symmetries, which chance \
                     does not explain: they would count twice; leave one out, or sample it again with another --seed",
                    b.name(),
                    a.name()
                ));
            }
        }
    }
    Ok(())
}

fn least(n: usize, other: usize) -> u64 {
    ((SURPRISAL + libm::log(n as f64 * other as f64)) * UNITS) as u64
}

/// A sequence of `a` that also occurs in `b`.
fn common(a: &Block, b: &Block) -> Option<(String, String)> {
    let (few, many) = if a.counts.len() <= b.counts.len() { (a, b) } else { (b, a) };
    let least = least(a.rows.len(), b.rows.len());
    let in_both =
        |(row, count): (&u64, &usize)| Some(few.surprisal(many, *row)? * *count.min(many.counts.get(row)?) as u64);
    if few.counts.iter().filter_map(in_both).sum::<u64>() <= least {
        return None;
    }
    let of = |row: u64| a.surprisal(b, row);
    let known: HashMap<u64, usize> = windows(&a.rows, of, least, false).into_iter().collect();
    let (i, j) = windows(&b.rows, of, least, false).into_iter().find_map(|(hash, j)| Some((*known.get(&hash)?, j)))?;
    let n = same(&a.rows[i..], &b.rows[j..]);
    (n > 0).then(|| (a.place(a.rows[i].1, a.rows[i + n - 1].1), b.place(b.rows[j].1, b.rows[j + n - 1].1)))
}

/// A sequence of different rows that occurs twice in a block.
fn twice(a: &Block) -> Option<(String, String)> {
    let rows = &a.by_chain;
    let of = |row: u64| a.counts.get(&row).filter(|count| **count > 1).and_then(|_| a.surprisal(a, row));
    let mut known: HashMap<u64, usize> = HashMap::new();
    for (hash, j) in windows(rows, of, least(rows.len(), rows.len()), true) {
        let i = *known.entry(hash).or_insert(j);
        if i < j {
            let n = same(&rows[i..], &rows[j..]).min(j - i);
            return (n > 0).then(|| (a.place(rows[i].1, rows[i + n - 1].1), a.place(rows[j].1, rows[j + n - 1].1)));
        }
    }
    None
}

fn same(a: &[(u64, usize)], b: &[(u64, usize)]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a.0 == b.0).count()
}

/// For every row the shortest sequence from it, of rows with a surprisal, whose total exceeds `least`: its hash and
/// first row. With `distinct` only sequences without repeated rows.
fn windows(
    rows: &[(u64, usize)],
    surprisal: impl Fn(u64) -> Option<u64>,
    least: u64,
    distinct: bool,
) -> Vec<(u64, usize)> {
    /// Odd, hence invertible modulo 2^64: no digits are lost.
    const BASE: u64 = 0x9e37_79b9_7f4a_7c15;
    let known: Vec<Option<u64>> = rows.iter().map(|(row, _)| surprisal(*row)).collect();
    let mut last: HashMap<u64, usize> = HashMap::new();
    let mut found = Vec::new();
    // rows[start..end] has the surprisal `sum` and the hash `hash`, with BASE^(end - start) = `power`.
    let (mut start, mut sum, mut hash, mut power) = (0usize, 0u64, 0u64, 1u64);
    let inverse = inverse(BASE);
    for end in 0..rows.len() {
        let Some(own) = known[end] else {
            (start, sum, hash, power) = (end + 1, 0, 0, 1);
            continue;
        };
        let drop = |start: &mut usize, sum: &mut u64, hash: &mut u64, power: &mut u64| {
            *power = power.wrapping_mul(inverse);
            *hash = hash.wrapping_sub(rows[*start].0.wrapping_mul(*power));
            *sum -= known[*start].unwrap_or(0);
            *start += 1;
        };
        if distinct && let Some(before) = last.insert(rows[end].0, end) {
            while start <= before && start < end {
                drop(&mut start, &mut sum, &mut hash, &mut power);
            }
        }
        hash = hash.wrapping_mul(BASE).wrapping_add(rows[end].0);
        power = power.wrapping_mul(BASE);
        sum += own;
        while sum > least {
            found.push((hash, start));
            drop(&mut start, &mut sum, &mut hash, &mut power);
        }
    }
    found
}

/// 1/a modulo 2^64 for odd a, by Newton's method.
fn inverse(a: u64) -> u64 {
    (0..6).fold(a, |x, _| x.wrapping_mul(2u64.wrapping_sub(a.wrapping_mul(x))))
}
