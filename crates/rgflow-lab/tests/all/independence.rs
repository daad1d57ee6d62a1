//! The warning of rows that cannot be independent: it sees time series, and has no false alarm where the law itself
//! repeats rows.

use ndarray::Array2;
use rand::RngExt;
use rgflow::lattice::{Geometry, Temperature};
use rgflow::random::Streams;
use rgflow::sampling::Method;
use rgflow_lab::artifact::progress::Silent;
use rgflow_lab::artifact::restart::Restarts;
use rgflow_lab::dataset::sampled::Request;
use rgflow_lab::dataset::{Dataset, Options, independence};
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// The note on the rows of a csv file.
fn said(name: &str, csv: &[u8]) -> Option<String> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    std::fs::write(&path, csv).unwrap();
    independence::warning(&Dataset::read(&path, &Options::default()).unwrap())
}

fn drawn(sampler: &str, size: usize, temperatures: &[f64], n: usize) -> Vec<u8> {
    chain(sampler, size, temperatures, n, [None; 3])
}

/// With chains, burn-in and spacing.
fn chain(
    sampler: &str,
    size: usize,
    temperatures: &[f64],
    n: usize,
    [chains, burn_in, spacing]: [Option<usize>; 3],
) -> Vec<u8> {
    let request = Request {
        lattice: Geometry::new("square", &[size]).unwrap(),
        field: 0.0,
        temperatures: temperatures.iter().map(|t| Temperature::new(*t).unwrap()).collect(),
        n,
        method: sampler.parse::<Method>().unwrap(),
        chains,
        burn_in,
        spacing,
        seed: 1,
    };
    let restarts = Restarts::for_file(Path::new("none"), "", Duration::MAX).unwrap();
    let drawn = request.draw(&Silent, &AtomicBool::new(false), &restarts).unwrap();
    let mut csv = Vec::new();
    request.csv(&drawn, &mut csv).unwrap();
    csv
}

fn text(rows: &Array2<i8>) -> Vec<u8> {
    let line = |row: ndarray::ArrayView1<i8>| row.iter().map(ToString::to_string).collect::<Vec<_>>().join(",") + "\n";
    let head: Vec<String> = (0..rows.ncols()).map(|i| format!("s{i}")).collect();
    (head.join(",") + "\n" + &rows.rows().into_iter().map(line).collect::<String>()).into_bytes()
}

/// Null: rows are independent; each case alarms with p < 6e-5, 9 cases.
#[test]
fn independent_rows_are_not_suspected() {
    let exact = |size, temperatures: &[f64]| drawn("exact", size, temperatures, 500);
    for (name, csv) in [
        ("ground.csv", exact(6, &[0.0])),
        ("cold.csv", exact(4, &[0.3, 0.8, 1.5])),
        ("small.csv", exact(4, &[1.0, 2.0])),
        ("grid.csv", exact(8, &[0.0, 1.0, 2.0, 2.3, 3.0, 5.0])),
        ("wolff.csv", drawn("wolff", 8, &[2.3], 1000)),
        ("states.csv", drawn("exact", 3, &[1.0, 2.0, 3.0, 1000.0], 1500)),
    ] {
        assert_eq!(said(name, &csv), None);
    }
    // No labels, and sorted: 20 blocks of 100 rows with means of their own.
    let mut rng = Streams::new(1).generator("test/blocks", 0);
    let blocks = Array2::from_shape_fn((2000, 20), |(i, _)| {
        if rng.random::<f64>() < 0.2 + 0.6 * (i / 100) as f64 / 20.0 { 1i8 } else { -1 }
    });
    assert_eq!(said("sorted.csv", &text(&blocks)), None);
}

#[test]
fn time_series_are_named() {
    let one = [Some(1), Some(100), Some(1)];
    let told = said("chain.csv", &chain("metropolis", 8, &[2.3], 1000, one));
    assert!(told.as_ref().is_some_and(|w| w.contains("chain.csv") && w.contains("k-th row")), "{told:?}");
    assert!(said("two.csv", &chain("heat-bath", 8, &[2.2, 2.6], 500, one)).is_some());
    // Every row twice.
    let mut rng = Streams::new(1).generator("test/twice", 0);
    let rows = Array2::from_shape_fn((400, 16), |_| if rng.random() { 1i8 } else { -1 });
    let twice = rows.select(ndarray::Axis(0), &(0..800).map(|i| i / 2).collect::<Vec<_>>());
    assert!(said("twice.csv", &text(&twice)).is_some());
    assert_eq!(said("once.csv", &text(&rows)), None);
}

/// Noise, five copies of each row in a random order; noise of which a half has a copy. Not suspect: rows that are
/// drawn from 300 with repetition, which is a law of its own.
#[test]
fn copies_in_any_order_are_named() {
    let mut rng = Streams::new(1).generator("test/copies", 0);
    let rows = Array2::from_shape_fn((600, 32), |_| if rng.random() { 1i8 } else { -1 });
    let mut of = |name: &str, from: &dyn Fn(usize) -> usize, n: usize| {
        let order: Vec<usize> = rgflow::random::permutation(n, &mut rng).into_iter().map(from).collect();
        said(name, &text(&rows.select(ndarray::Axis(0), &order)))
    };
    let five = of("five.csv", &|i| i % 200, 1000).unwrap();
    assert!(five.contains("1000 of 1000 rows") && five.contains("test rows are also training rows"), "{five}");
    assert!(of("half.csv", &|i| i % 600, 900).is_some_and(|w| w.contains("600 of 900 rows")));
    assert_eq!(of("all.csv", &|i| i, 600), None);
    let drawn: Vec<usize> = (0..600).map(|_| rng.random_range(0..300)).collect();
    assert_eq!(said("drawn.csv", &text(&rows.select(ndarray::Axis(0), &drawn))), None);
}
