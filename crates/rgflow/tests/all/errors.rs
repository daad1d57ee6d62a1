//! Promise: error bars are as large as the errors. Pulls (estimate - truth) / error over many repetitions have mean 0
//! and standard deviation 1. Seed 1; with 400 repetitions the standard deviation of a pull is known to 3.5 %, its mean
//! to 0.05, so bounds of 20 % and 0.25 fail by chance with p < 1e-5; where the estimator itself is known to be biased,
//! the bound says so.

use ndarray::Array2;
use rand::RngExt;
use rgflow::random::{Generator, Streams};
use rgflow::statistics::{Estimate, block_means, blocking, bootstrap, jackknife, student_t_error, tau_int};

const REPETITIONS: u64 = 400;

fn normal(rng: &mut Generator) -> f64 {
    (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0
}

/// AR(1), x' = phi x + noise, in equilibrium: mean 0, variance 1/(1 - phi^2), tau_int = 1/2 + phi/(1 - phi).
fn ar1(phi: f64, n: usize, rng: &mut Generator) -> Vec<f64> {
    let mut x = normal(rng) / (1.0 - phi * phi).sqrt();
    (0..n)
        .map(|_| {
            x = phi * x + normal(rng);
            x
        })
        .collect()
}

/// Mean and standard deviation of the pulls of `estimate` against `truth`.
fn pulls(name: &str, truth: f64, estimate: impl Fn(&mut Generator) -> (f64, f64)) -> (f64, f64) {
    let pulls: Vec<f64> = (0..REPETITIONS)
        .map(|i| {
            let (value, error) = estimate(&mut Streams::new(1).generator(&format!("test/{name}"), i));
            (value - truth) / error
        })
        .collect();
    let n = pulls.len() as f64;
    let mean = pulls.iter().sum::<f64>() / n;
    let sd = (pulls.iter().map(|p| (p - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
    println!("{name}: mean of pulls {mean:+.3}, standard deviation {sd:.3}");
    (mean, sd)
}

fn check(name: &str, truth: f64, (mean, sd): (f64, f64), estimate: impl Fn(&mut Generator) -> (f64, f64)) {
    let (m, s) = pulls(name, truth, estimate);
    assert!(m.abs() < mean, "{name}: mean of pulls {m}");
    assert!((s - 1.0).abs() < sd, "{name}: standard deviation of pulls {s}");
}

fn pair(e: Estimate) -> (f64, f64) {
    (e.value, e.error)
}

#[test]
#[ignore = "slow: ./test --full runs it"]
fn tau_int_knows_its_error() {
    for phi in [0.0, 0.5, 0.8, 0.95] {
        let truth = 0.5 + phi / (1.0 - phi);
        // The window cuts about e^-6 of the sum off; the error formula (Madras and Sokal) counts the noise of all lags
        // of the window as if their correlations were as large as the first: errors are 10 to 25 % too large, never too
        // small.
        check(&format!("tau_int, phi = {phi}"), truth, (0.4, 0.35), |rng| {
            let seen = tau_int(&ar1(phi, 10_000, rng));
            (seen.tau, seen.error)
        });
    }
}

#[test]
fn means_of_correlated_series_know_their_error() {
    for phi in [0.0, 0.5, 0.9] {
        // Blocking stops at a level whose error is short by a few per cent.
        check(&format!("blocking, phi = {phi}"), 0.0, (0.25, 0.2), |rng| pair(blocking(&ar1(phi, 8192, rng))));
        check(&format!("tau_int's error of the mean, phi = {phi}"), 0.0, (0.25, 0.2), |rng| {
            let series = ar1(phi, 8192, rng);
            let n_eff = tau_int(&series).n_eff(series.len());
            let mean = series.iter().sum::<f64>() / series.len() as f64;
            let variance = series.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / series.len() as f64;
            (mean, (variance / n_eff).sqrt())
        });
        check(&format!("jackknife over blocks, phi = {phi}"), 0.0, (0.25, 0.2), |rng| {
            let blocks = block_means(&ar1(phi, 8192, rng), 64);
            let rows = Array2::from_shape_vec((blocks.len(), 1), blocks).unwrap();
            pair(jackknife(rows.view(), |m| m[0]))
        });
    }
}

/// The checks above can fail: blocks of a fifth of tau_int = 9.5 give errors that are sqrt(10) times too small
/// (variance 1.9 of the true 19, in units of that of independent draws).
#[test]
fn blocks_shorter_than_tau_int_are_seen() {
    let (mean, sd) = pulls("blocks of two", 0.0, |rng| {
        let blocks = block_means(&ar1(0.9, 8192, rng), 4096);
        let rows = Array2::from_shape_vec((blocks.len(), 1), blocks).unwrap();
        pair(jackknife(rows.view(), |m| m[0]))
    });
    assert!(mean.abs() < 0.25 * 10f64.sqrt() && (sd / 10f64.sqrt() - 1.0).abs() < 0.2, "{mean}, {sd}");
}

/// A ratio of means: the jackknife removes its bias of order 1/n, and both know its error.
#[test]
fn functions_of_means_know_their_error() {
    let rows = |rng: &mut Generator| Array2::from_shape_simple_fn((200, 2), || normal(rng)) + 2.0;
    let square = |m: &[f64]| m[0] * m[0] / m[1];
    check("jackknife of a ratio", 2.0, (0.25, 0.2), |rng| pair(jackknife(rows(rng).view(), square)));
    check("bootstrap of a ratio", 2.0, (0.25, 0.2), |rng| {
        let data = rows(rng);
        pair(bootstrap(data.view(), 200, square, rng))
    });
    // A variance of 200 normal numbers from the means of x and x^2: biased by -1/n, which the jackknife mends.
    let moments = |rng: &mut Generator| {
        let x: Vec<f64> = (0..200).map(|_| normal(rng)).collect();
        Array2::from_shape_fn((200, 2), |(i, k)| x[i].powi(k as i32 + 1))
    };
    // Twelve uniform numbers have a fourth moment of 2.9, not 3: no matter, the errors are measured.
    check("jackknife of a variance", 1.0, (0.25, 0.2), |rng| {
        pair(jackknife(moments(rng).view(), |m| m[1] - m[0] * m[0]))
    });
}

/// Null: two errors of [`student_t_error`] miss the mean of n normal values with probability 4.55 %, whatever n. 40,000
/// sets of each n, seed 1: the share is off by less than 0.0052, five standard errors (p < 6e-7). Two errors of the
/// 68.3 % interval would miss 11.8 % at n = 3 and 6.3 % at 10.
#[test]
fn few_repetitions_are_covered() {
    const SETS: u64 = 40_000;
    for n in [2, 3, 10] {
        let mut rng = Streams::new(1).generator("test/student", n);
        let missed = (0..SETS).filter(|_| {
            let values: Vec<f64> = (0..n).map(|_| normal(&mut rng)).collect();
            let seen = student_t_error(&values);
            seen.value.abs() > 2.0 * seen.error
        });
        let share = missed.count() as f64 / SETS as f64;
        println!("{n} repetitions: {share:.4} missed");
        assert!((share - 0.0455).abs() < 0.0052, "{n} repetitions: {share}");
    }
}
