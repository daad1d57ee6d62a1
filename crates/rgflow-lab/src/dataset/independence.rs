//! Tests whether the rows of a file can be independent: a permutation test of consecutive rows, and a test of how often
//! rows occur.
//!
//! Trainings split rows at random, and errors are over rows; both mislead if each row nearly repeats its predecessor.
//! Rows of one label are cut into windows of 64 in file order. Null: within a window every order is equally likely,
//! which holds for independent rows of any distribution, sorted by label or not, and for ground states. Three
//! statistics of neighbours are compared: products of their means, of their nearest-neighbour sums, and the number of
//! equal pairs; each window counts at most two deviations, so that a few windows that straddle two unnamed blocks of a
//! sorted file do not count for much. Alarm if none of 20000 random orders reaches the observed value: p < 5e-5.
//!
//! Copies of a set, in any order, are detected by multiplicities. Null: independent rows of any distribution. A row of
//! expected number lambda occurs k times with probability e^-lambda lambda^k / k!, so `k! E[f_k]`, with f_k the number
//! of distinct rows that occur k times, are moments of one measure, and `E[f_k]^2 <= (k + 1)/k E[f_(k-1)] E[f_(k+1)]`
//! (Cauchy and Schwarz). Alarm if Chernoff bounds of the three, 1e-6 each, contradict it: for example 43 rows that
//! occur twice, and none once or thrice. Rows that occur once are never suspect.

use super::Dataset;
use rgflow::random::{Generator, Streams, permutation};
use std::collections::{BTreeMap, HashMap};

const WINDOW: usize = 64;
/// Most windows tested, taken from the first rows of each label.
const MOST_WINDOWS: usize = 64;
const ORDERS: usize = 20_000;
/// Shorter remainders of a label are skipped.
const LEAST: usize = 16;

/// Measurements on the rows of a window.
struct Window {
    /// Standardised means and nearest-neighbour sums; zeros where they do not vary.
    values: [Vec<f64>; 2],
    /// Identifiers: equal rows have the same number.
    names: Vec<usize>,
    /// Mean and deviation of the number of equal neighbours in a random order.
    equal: (f64, f64),
}

impl Window {
    fn new(data: &Dataset, rows: &[usize]) -> Self {
        let width = data.shape.last().copied().unwrap_or(1).max(1);
        let all = data.values.rows(rows);
        let of = |row: usize, pairs: bool| -> f64 {
            // Copied, as rows may have strides.
            let v = all.row(row).to_vec();
            let sum =
                |distance: usize| v.iter().zip(v.iter().skip(distance)).map(|(a, b)| f64::from(a * b)).sum::<f64>();
            if pairs {
                sum(1) + if data.shape.len() > 1 { sum(width) } else { 0.0 }
            } else {
                v.iter().map(|v| f64::from(*v)).sum()
            }
        };
        let values = [false, true].map(|pairs| (0..rows.len()).map(|row| of(row, pairs)).collect());
        let name = |row: usize| all.row(row).iter().map(|v| v.to_bits()).collect::<Vec<u32>>();
        Self::of(values, (0..rows.len()).map(name))
    }

    /// Builds a window from two numbers and an identifier for each row.
    fn of<K: Eq + std::hash::Hash>(values: [Vec<f64>; 2], names: impl Iterator<Item = K>) -> Self {
        let values = values.map(standardised);
        let mut known: HashMap<K, usize> = HashMap::new();
        let names: Vec<usize> = names
            .map(|name| {
                let next = known.len();
                *known.entry(name).or_insert(next)
            })
            .collect();
        // Pairs of equal rows; a pair is adjacent with probability 2/n.
        let n = names.len() as f64;
        let mut counts = vec![0.0; known.len()];
        names.iter().for_each(|k| counts[*k] += 1.0);
        let pairs = counts.iter().map(|c: &f64| c * (c - 1.0) / 2.0).sum::<f64>();
        let mean = 2.0 * pairs / n;
        Self { values, names, equal: (mean, mean.sqrt()) }
    }

    /// The three statistics in standard deviations, at most 2 each.
    fn statistics(&self, order: &[usize]) -> [f64; 3] {
        let n = order.len() as f64;
        let pairs = || order.iter().zip(&order[1..]);
        let product = |v: &Vec<f64>| pairs().map(|(a, b)| v[*a] * v[*b]).sum::<f64>() / n.sqrt();
        let equal = pairs().filter(|(a, b)| self.names[**a] == self.names[**b]).count() as f64;
        let equal = if self.equal.1 > 0.0 { (equal - self.equal.0) / self.equal.1 } else { 0.0 };
        [product(&self.values[0]), product(&self.values[1]), equal].map(|z| z.clamp(-2.0, 2.0))
    }
}

fn standardised(mut values: Vec<f64>) -> Vec<f64> {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let deviation = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt();
    let scale = if deviation > 1e-9 * mean.abs() && deviation > 0.0 { 1.0 / deviation } else { 0.0 };
    values.iter_mut().for_each(|v| *v = (*v - mean) * scale);
    values
}

/// Sums over the windows, and the largest of the three.
fn largest(windows: &[Window], mut order: impl FnMut(usize) -> Vec<usize>) -> ([f64; 3], f64) {
    let mut sums = [0.0; 3];
    for window in windows {
        let of = window.statistics(&order(window.names.len()));
        sums.iter_mut().zip(of).for_each(|(sum, z)| *sum += z);
    }
    (sums, sums.into_iter().fold(f64::NEG_INFINITY, f64::max))
}

/// A warning if all rows are the same.
fn constant(data: &Dataset) -> Option<String> {
    let (n, units) = data.values.dim();
    let same = |unit: usize| (1..n).all(|row| data.values.at(row, unit) == data.values.at(0, unit));
    let all = n > 1 && (0..units).all(same);
    all.then(|| {
        format!(
            "{}: all {n} samples are the same: there is nothing to learn but this one; look at the file",
            data.title()
        )
    })
}

/// A warning if rows cannot be independent: all the same, copies of each other, or consecutive rows of a label that are
/// too much alike.
pub fn warning(data: &Dataset) -> Option<String> {
    constant(data).or_else(|| copies(data)).or_else(|| series(data))
}

/// A warning if rows are repeated more evenly than in any distribution.
fn copies(data: &Dataset) -> Option<String> {
    let mut names: Vec<u64> = (0..data.n_samples()).map(|row| data.values.row_hash(row)).collect();
    names.sort_unstable();
    let mut times: BTreeMap<usize, usize> = BTreeMap::new();
    names.chunk_by(|a, b| a == b).for_each(|equal| *times.entry(equal.len()).or_default() += 1);
    let of = |k: usize| times.get(&k).copied().unwrap_or(0) as f64;
    let k = *times.keys().filter(|k| **k > 1).find(|k| {
        let ratio = (**k as f64 + 1.0) / **k as f64;
        bounds(of(**k))[0].powi(2) > ratio * bounds(of(**k - 1))[1] * bounds(of(**k + 1))[1]
    })?;
    let (n, repeated) = (names.len(), names.len() - times.get(&1).copied().unwrap_or(0));
    Some(format!(
        "{}: {repeated} of {n} rows occur more than once ({} rows {k} times), more evenly than independent samples \
         can: test rows are also training rows, so that the test set knows the training set, and errors and n_eff, \
         which count every row, are too good; remove the copies",
        data.title(),
        of(k)
    ))
}

/// Bounds on the mean of a Poisson variable observed as `seen`, each of which fails with a probability below 1e-6
/// (Chernoff).
fn bounds(seen: f64) -> [f64; 2] {
    let rate = |mean: f64| mean - seen + if seen > 0.0 { seen * libm::log(seen / mean) } else { 0.0 };
    [0.0, 2.0 * seen + 60.0].map(|mut far| {
        let mut near = seen;
        for _ in 0..60 {
            let middle = 0.5 * (near + far);
            *(if rate(middle) < 6.0 * std::f64::consts::LN_10 { &mut near } else { &mut far }) = middle;
        }
        near
    })
}

/// A warning if consecutive rows of a label are more alike than independent rows can be.
fn series(data: &Dataset) -> Option<String> {
    let classes = data.labels.as_ref().map_or_else(|| vec![0; data.n_samples()], |labels| labels.classes().1);
    let mut by_label: Vec<Vec<usize>> = vec![Vec::new(); classes.iter().max().map_or(0, |k| k + 1)];
    classes.iter().enumerate().for_each(|(row, k)| by_label[*k].push(row));
    let each = (MOST_WINDOWS / by_label.len().max(1)).max(1);
    let chosen = by_label.iter().flat_map(|rows| rows.chunks(WINDOW).take(each)).filter(|rows| rows.len() >= LEAST);
    let windows: Vec<Window> = chosen.take(4 * MOST_WINDOWS).map(|rows| Window::new(data, rows)).collect();
    let what = match alarm(&windows)? {
        0 => "their means are correlated",
        1 => "sums over neighbouring units are correlated",
        _ => "too many are equal",
    };
    Some(format!(
        "{}: consecutive rows are more alike than independent samples can be ({what}): errors and n_eff, which count \
         every row, are too good, and the test set knows the training set; keep every k-th row of a time series, or \
         shuffle rows that are only sorted",
        data.title()
    ))
}

/// Statistic by which consecutive rows of a series are more alike than independent ones can be: `energy` and `abs_m` of
/// the rows, and `names`, equal for equal rows.
pub(super) fn correlated(energy: &[f64], abs_m: &[f64], names: &[u64]) -> Option<&'static str> {
    let starts = (0..names.len()).step_by(WINDOW).take(MOST_WINDOWS);
    let ranges = starts.map(|start| start..names.len().min(start + WINDOW)).filter(|range| range.len() >= LEAST);
    let window = |r: std::ops::Range<usize>| {
        Window::of([abs_m[r.clone()].to_vec(), energy[r.clone()].to_vec()], names[r].iter().copied())
    };
    let windows: Vec<Window> = ranges.map(window).collect();
    Some(match alarm(&windows)? {
        0 => "their |m| are correlated",
        1 => "their energies are correlated",
        _ => "too many are equal",
    })
}

/// The statistic that no random order reaches, if any.
fn alarm(windows: &[Window]) -> Option<usize> {
    let (seen, most) = largest(windows, |n| (0..n).collect());
    if windows.is_empty() || most <= 0.0 {
        return None;
    }
    let mut rng: Generator = Streams::new(0).generator("data/independence", 0);
    for _ in 0..ORDERS {
        if largest(windows, |n| permutation(n, &mut rng)).1 >= most {
            return None;
        }
    }
    (0..3).max_by(|a, b| seen[*a].total_cmp(&seen[*b]))
}
