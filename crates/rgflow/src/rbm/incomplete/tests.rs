//! Completed states against the exact law of the unknown units.

use super::*;
use crate::random::Streams;
use crate::rbm::exact_sums::tests::machine;
use ndarray::{ArrayView1, array};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};

const MARKS: [bool; 6] = [false, true, true, false, true, false];

/// The expectations of the unknown units of a state, by the sum over all states that agree with the known ones.
fn exact(rbm: &Rbm, row: ArrayView1<f32>, unknown: &[bool]) -> Vec<f64> {
    let sites = rbm.visible_units().sites().unwrap();
    let (mut sum, mut means) = (0.0, vec![0.0; 6]);
    for (state, p) in rbm.visible_law().unwrap().iter().enumerate() {
        let v = sites.layer(state as u64, 6);
        if (0..6).all(|i| unknown[i] || v[i] == row[i]) {
            sum += p;
            means.iter_mut().zip(&v).for_each(|(mean, v)| *mean += p * f64::from(*v));
        }
    }
    means.iter_mut().for_each(|mean| *mean /= sum);
    means
}

/// Exact means against the sum over all states, of rows known in part, wholly and not at all; 1e-5: single
/// precision of the clamped machine. Means of chains against them: errors of 20,000 steps are below 0.02 (tau
/// below 5), the bound 0.08 is 4 of them.
#[test]
fn means_are_those_of_the_conditional_law() {
    for units in [["spin", "spin"], ["binary", "binary"], ["-3,0.5", "spin"], ["spin", "gaussian:0.5"]] {
        let rbm = machine(6, 4, 0.5, units);
        let levels = rbm.visible_units().levels().unwrap();
        let v = Array2::from_shape_fn((4, 6), |(r, i)| levels.value((r + i) % 3 == 0));
        let unknown = ndarray::stack(
            Axis(0),
            &[
                ArrayView1::from(&MARKS),
                ArrayView1::from(&[true; 6]),
                ArrayView1::from(&[false; 6]),
                ArrayView1::from(&MARKS),
            ],
        )
        .unwrap();
        let rows = Incomplete::new(&rbm, v.view(), unknown.view()).unwrap();
        assert!(rows.cost().is_finite());
        let stream = Streams::new(1).of("test/fill");
        let found = rows.exactly(Fill::Mean, stream).unwrap();
        let chains = rows.by_chains(Fill::Mean, ClampedSteps { burn_in: 100, steps: 20_000 }, stream).unwrap();
        assert!(chains.tau < 5.0 && chains.r_hat.is_some_and(|r| r < 1.05), "{} {:?}", chains.tau, chains.r_hat);
        for row in 0..4 {
            let marks = unknown.row(row).to_vec();
            for (i, mean) in exact(&rbm, v.row(row), &marks).into_iter().enumerate() {
                let (a, b) = (f64::from(found[[row, i]]), f64::from(chains.values[[row, i]]));
                let scale = f64::from(levels.delta());
                assert!(
                    (a - mean).abs() < 1e-5 * scale && (b - mean).abs() < 0.04 * scale,
                    "{units:?}, {row}, {i}: {a}, {b} for {mean}"
                );
                assert!(marks[i] || found[[row, i]] == v[[row, i]] && chains.values[[row, i]] == v[[row, i]]);
            }
        }
    }
}

/// Null: draws follow the conditional law: means of 20,000 equal rows against the exact ones, |z| < 5 for each of
/// three units (p < 2e-6), drawn exactly and by chains.
#[test]
fn draws_are_from_the_conditional_law() {
    for units in [["spin", "binary"], ["categorical:3", "spin"]] {
        let rbm = machine(6, 4, 0.5, units);
        let marks = if units[0] == "spin" { MARKS } else { [false, false, false, true, true, true] };
        let row = rbm.visible_units().sites().unwrap().layer(2, 6);
        let v = Array2::from_shape_fn((20_000, 6), |(_, i)| row[i]);
        let unknown = Array2::from_shape_fn((20_000, 6), |(_, i)| marks[i]);
        let rows = Incomplete::new(&rbm, v.view(), unknown.view()).unwrap();
        let stream = Streams::new(4).of("test/fill");
        let chains = rows.by_chains(Fill::Draw, ClampedSteps { burn_in: 60, steps: 0 }, stream).unwrap().values;
        for drawn in [rows.exactly(Fill::Draw, stream).unwrap(), chains] {
            assert!(drawn.rows().into_iter().all(|row| rbm.visible_units().sites().unwrap().misfit(row).is_none()));
            for (i, mean) in exact(&rbm, v.row(0), &marks).into_iter().enumerate().filter(|(i, _)| marks[*i]) {
                let column: Vec<f64> = drawn.column(i).iter().map(|v| f64::from(*v)).collect();
                let seen = crate::statistics::mean_error(&column);
                assert!(((seen.value - mean) / seen.error).abs() < 5.0, "{units:?}, {i}: {seen:?} for {mean}");
            }
        }
    }
}

/// Two modes that no chain leaves: a second chain from another start shows it, the free energy does not. A draw of
/// no steps is one of one step.
#[test]
fn chains_that_do_not_meet_are_seen() {
    let mut rbm = machine(20, 2, 0.0, ["spin", "spin"]);
    rbm.weights.fill(0.6);
    rbm.visible_bias.fill(0.0);
    rbm.hidden_bias.fill(0.0);
    let (v, unknown) = (Array2::zeros((30, 20)), Array2::from_elem((30, 20), true));
    let rows = Incomplete::new(&rbm, v.view(), unknown.view()).unwrap();
    let stream = Streams::new(1).of("test/fill");
    let seen = rows.by_chains(Fill::Draw, ClampedSteps { burn_in: 1000, steps: 0 }, stream).unwrap();
    assert!(seen.tau < 2.0 && seen.r_hat.is_some_and(|r| r > 1.3), "{} {:?}", seen.tau, seen.r_hat);
    let one = rows.by_chains(Fill::Draw, ClampedSteps { burn_in: 0, steps: 0 }, stream).unwrap();
    assert!(one.r_hat.is_none() && one.values.iter().all(|v| v.abs() == 1.0));
}

#[test]
fn threads_change_nothing_and_misfits_are_refused() {
    let rbm = machine(6, 4, 0.5, ["spin", "spin"]);
    let v = Array2::from_shape_fn((150, 6), |(r, i)| if (r * r + i) % 3 == 0 { 1.0 } else { -1.0 });
    let unknown = Array2::from_shape_fn((150, 6), |(r, i)| (r + i) % 2 == 0);
    let rows = Incomplete::new(&rbm, v.view(), unknown.view()).unwrap();
    let all = || {
        let stream = Streams::new(1).of("test/fill");
        let lengths = ClampedSteps { burn_in: 5, steps: 5 };
        let exact = [Fill::Draw, Fill::Mean].map(|fill| rows.exactly(fill, stream).unwrap());
        (exact, [Fill::Draw, Fill::Mean].map(|fill| rows.by_chains(fill, lengths, stream).unwrap().values))
    };
    let pool = |n: usize| rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap();
    assert!(pool(1).install(all) == pool(3).install(all));
    let bad = array![[2.0f32, 1.0, 1.0, 1.0, 1.0, 1.0]];
    let of = |marks: [bool; 6]| Incomplete::new(&rbm, bad.view(), ArrayView2::from(&[marks])).map(drop);
    assert!(matches!(of([false; 6]), Err(RbmError::Data { .. })));
    assert!(of([true, false, false, false, false, false]).is_ok());
    assert!(matches!(
        Incomplete::new(&rbm, v.view(), unknown.slice(s![..3, ..])).map(drop),
        Err(RbmError::Shape { .. })
    ));
}

#[test]
fn steps_are_told_and_a_tick_stops_them() {
    let rbm = machine(6, 4, 0.5, ["spin", "binary"]);
    let v = Array2::from_elem((70, 6), 1.0);
    let unknown = Array2::from_shape_fn((70, 6), |(_, i)| MARKS[i]);
    let rows = Incomplete::new(&rbm, v.view(), unknown.view()).unwrap();
    let (stream, lengths) = (Streams::new(1).of("test/fill"), ClampedSteps { burn_in: 2000, steps: 500 });
    for (fill, steps) in [(Fill::Draw, 2000), (Fill::Mean, 2500)] {
        let done = AtomicU64::new(0);
        let count = |units| {
            done.fetch_add(units, Ordering::Relaxed);
            ControlFlow::Continue(())
        };
        let watched = rows.by_chains_watched(fill, lengths, stream, &count).unwrap();
        assert!(watched.values == rows.by_chains(fill, lengths, stream).unwrap().values);
        // Four rows of each group of 64 have a second chain.
        assert_eq!((done.into_inner(), rows.work(fill, lengths)), (78 * steps, 78 * steps));
        assert!(rows.by_chains_watched(fill, lengths, stream, &|_| ControlFlow::Break(())).is_err());
    }
}
