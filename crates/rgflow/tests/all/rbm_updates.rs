//! Updates of contrastive divergence against their formula and its expectation.

use crate::common::laws::{Law, discrete, hidden_law, moments, one_step, state, states, units_of};
use crate::common::machine::machine;
use ndarray::{Array1, Array2, array};
use rgflow::learning::{Batching, Descent, Momentum, Rule, Sgd};
use rgflow::packed::{pack_levels, packed_len};
use rgflow::random::Streams;
use rgflow::rbm::{Method, Rbm, Samples, Trainer, Training, Units, train};

fn hidden_mean(rbm: &Rbm, v: &[f32]) -> Vec<f64> {
    let m = rbm.n_hidden();
    let mut mean = vec![0.0; m];
    for (h, p) in hidden_law(rbm, v).iter().enumerate() {
        for (mean, value) in mean.iter_mut().zip(state(h, m, rbm.hidden_units())) {
            *mean += p * f64::from(value);
        }
    }
    mean
}

/// Mean change of the parameters by one update at the rate 1 over 100 independent batches of 1000: the estimated
/// gradient. (Means over far larger batches would show the rounding of f32.)
fn mean_update(rbm: &Rbm, data: &Array2<f32>, cd_steps: usize) -> [Array2<f64>; 3] {
    let training = Training {
        updates: 1,
        batching: Batching::Full,
        descent: Descent::new(Rule::Sgd(Sgd), 1.0),
        cd_steps,
        ..Training::default()
    };
    let test = data.slice(ndarray::s![..2, ..]);
    let (n, m) = rbm.weights.dim();
    let mut sums = [(n, m), (n, 1), (1, m)].map(Array2::<f64>::zeros);
    for seed in 1..=100 {
        let trained = train(rbm.clone(), data.view(), test, &training, Streams::new(seed).of("test/cd"));
        let after = trained.unwrap().rbm;
        sums[0] += &(&after.weights - &rbm.weights).mapv(f64::from);
        sums[1] += &(&after.visible_bias - &rbm.visible_bias).mapv(f64::from).insert_axis(ndarray::Axis(1));
        sums[2] += &(&after.hidden_bias - &rbm.hidden_bias).mapv(f64::from).insert_axis(ndarray::Axis(0));
    }
    sums.map(|sum| sum / 100.0)
}

/// Null: CD-k's update is a mean of independent terms over the batch, whose expectation is that of thesis eq. 2.4.26
/// over the exact law of the chain after k steps. k = 1 and 3; spins, bits, other two values, grey levels of {0, 1}
/// units, Gaussian visible units, two sites of every discrete kind; hidden layers within and beyond four units; 100,000
/// chains, seeds 1 to 100. Each of less than 1200 parameters has |z| < 5.4 (p < 7e-8 each, < 1e-4 together).
#[test]
#[ignore = "slow: ./test --full runs it"]
fn cd_is_the_expectation_over_the_kernel() {
    let gaussian = Units::gaussian_each(vec![0.8, 1.2]).unwrap();
    let odd: Units = "0.25,2".parse().unwrap();
    let others = discrete().into_iter().map(|kind| {
        let v = states(units_of(2, &kind), &kind);
        let starts = Array2::from_shape_fn((2, v[0].len()), |(r, i)| v[1 + r * (v.len() - 2)][i]);
        (kind, Units::SPIN, starts)
    });
    let cases = [
        (Units::SPIN, Units::SPIN, array![[1.0f32, -1.0, 1.0, -1.0], [-1.0, 1.0, 1.0, 1.0]]),
        (Units::BINARY, Units::BINARY, array![[1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 1.0, 1.0]]),
        (odd, Units::BINARY, array![[0.25, 2.0, 2.0], [2.0, 2.0, 0.25]]),
        (Units::BINARY, Units::SPIN, array![[0.1, 0.5, 0.9], [0.7, 1.0, 0.0]]),
        (gaussian, Units::BINARY, array![[0.3, -1.2], [1.5, 0.4]]),
    ];
    let chains = 100_000.0f64;
    let cases = cases.into_iter().chain(others);
    for ((visible, hidden, starts), m) in cases.flat_map(|case| [(case.clone(), 3), (case, 6)]) {
        let (visible, hidden) = (&visible, &hidden);
        let n = starts.ncols();
        let rbm = machine(n, m, visible, hidden);
        let data = Array2::from_shape_fn((1000, n), |(r, i)| starts[[r % 2, i]]);
        let start: Law = starts.rows().into_iter().map(|v| (0.5, v.to_vec())).collect();
        let mut law = start.clone();
        for k in 1..=3 {
            law = one_step(&rbm, &law);
            if k == 2 {
                continue;
            }
            let [weights, visible_bias, hidden_bias] = mean_update(&rbm, &data, k);
            for i in 0..=n {
                for a in 0..=m {
                    // v_i, h_a, or both; 1 stands for none.
                    let term = |v: &[f32]| {
                        let h = if a < m { hidden_mean(&rbm, v)[a] } else { 1.0 };
                        if i < n { f64::from(v[i]) * h } else { h }
                    };
                    let ours = match (i < n, a < m) {
                        (true, true) => weights[[i, a]],
                        (true, false) => visible_bias[[i, 0]],
                        (false, true) => hidden_bias[[0, a]],
                        (false, false) => continue,
                    };
                    let ((data, _), (model, variance)) = (moments(&start, term), moments(&law, term));
                    // Rounding of the parameters to f32.
                    let error = (variance / chains).sqrt() + 1e-5;
                    let z = (ours - (data - model)) / error;
                    assert!(
                        z.abs() < 5.4,
                        "{visible}, {hidden}, {m} hidden units, k = {k}, ({i}, {a}): {ours}, {}, z = {z}",
                        data - model
                    );
                }
            }
        }
    }
}

/// The machine after `updates` updates on all of `data` at the rate 1/4, by thesis eq. 2.4.26 in f64, for machines
/// whose chains are certain: either every draw is (P differs from 0 or 1 by less than the 2^-25 that a draw resolves),
/// or the visible units' biases decide whatever the hidden units do.
fn certain(rbm: &Rbm, data: &Array2<f32>, (updates, steps, persistent): (usize, usize, bool)) -> [Array2<f64>; 3] {
    let wide = |x: &Array2<f32>| x.mapv(f64::from);
    let row = |x: &Array1<f32>| x.mapv(f64::from).insert_axis(ndarray::Axis(0));
    let (mut w, mut b, mut c) = (wide(&rbm.weights), row(&rbm.visible_bias), row(&rbm.hidden_bias));
    let (visible, hidden) = (rbm.visible_units().levels().unwrap(), rbm.hidden_units().levels().unwrap());
    let data = wide(data);
    let mut chains = data.clone();
    for _ in 0..updates {
        if !persistent {
            chains.assign(&data);
        }
        let mean = |v: &Array2<f64>| {
            let (low, delta) = (f64::from(hidden.low()), f64::from(hidden.delta()));
            (v.dot(&w) + &c).mapv(|z| low + delta / (1.0 + (-delta * z).exp()))
        };
        let positive = mean(&data);
        for _ in 0..steps {
            let fields = chains.dot(&w) + &c;
            let sure = fields.iter().all(|z| (z * f64::from(hidden.delta())).abs() > 20.0);
            let h = fields.mapv(|z| f64::from(if z > 0.0 { hidden.high() } else { hidden.low() }));
            let fields = h.dot(&w.t()) + &b;
            let most = f64::from(hidden.high().abs().max(hidden.low().abs()));
            for ((_, i), z) in fields.indexed_iter() {
                let play = if sure { 0.0 } else { 2.0 * most * w.row(i).mapv(f64::abs).sum() };
                assert!((z.abs() - play) * f64::from(visible.delta()) > 20.0, "the test's own machine is certain");
            }
            chains = fields.mapv(|z| f64::from(if z > 0.0 { visible.high() } else { visible.low() }));
        }
        let negative = mean(&chains);
        let rate = 0.25 / data.nrows() as f64;
        let sum = |x: Array2<f64>| x.sum_axis(ndarray::Axis(0)).insert_axis(ndarray::Axis(0));
        w = w + rate * (data.t().dot(&positive) - chains.t().dot(&negative));
        b = b + rate * sum(&data - &chains);
        c = c + rate * sum(positive - negative);
    }
    [w, b, c]
}

/// Layers of any width and batches of any size, also those that fill no vector: updates are those of the formula, to
/// rounding (sums of at most 150 terms of order 1 in f32, times the rate). Once the hidden units waver and the visible
/// ones are held by their biases, once all are carried by the weights. Spins, bits and two other pairs, where padding
/// that is not zero would show.
#[test]
fn updates_of_any_shape_are_those_of_the_formula() {
    let odd: Units = "0.25,2".parse().unwrap();
    for (n, m, batch) in [
        (1, 1, 3),
        (3, 2, 1),
        (8, 4, 100),
        (7, 3, 33),
        (5, 7, 6),
        (9, 3, 7),
        (9, 17, 13),
        (20, 4, 8),
        (33, 21, 101),
        (45, 35, 150),
    ] {
        for (visible, hidden) in
            [(Units::SPIN, Units::SPIN), (Units::BINARY, odd.clone()), (odd.clone(), Units::BINARY)]
        {
            for carried in [false, true] {
                let mut rbm = machine(n, m, &visible, &hidden);
                let (low, high) = (hidden.levels().unwrap().low(), hidden.levels().unwrap().high());
                if carried {
                    // Units of one layer follow those of the other with the same number modulo the shorter length, most
                    // of all the first of them, so that no field is near zero. The others of a longer visible layer
                    // thereby change at each step.
                    let short = n.min(m);
                    let most = 1600.0 * (n.max(m) / short + 1) as f32;
                    rbm.weights =
                        Array2::from_shape_fn((n, m), |(i, a)| match (i % short == a % short, i.max(a) < short) {
                            (true, true) => most,
                            (true, false) => 400.0,
                            (false, _) => 0.01 * (i as f32 - a as f32),
                        });
                    let middle = |units: &Units| units.levels().map(|l| 0.5 * (l.low() + l.high())).unwrap();
                    rbm.hidden_bias = -middle(&visible) * rbm.weights.sum_axis(ndarray::Axis(0));
                    rbm.visible_bias = -middle(&hidden) * rbm.weights.sum_axis(ndarray::Axis(1));
                } else {
                    let most = low.abs().max(high.abs());
                    rbm.weights *= 0.1;
                    rbm.visible_bias = Array1::from_shape_fn(n, |i| {
                        let size = 200.0 + 4.0 * most * rbm.weights.row(i).mapv(f32::abs).sum();
                        if i % 3 == 1 { -size } else { size }
                    });
                }
                let levels = visible.levels().unwrap();
                let data = Array2::from_shape_fn((batch, n), |(r, i)| {
                    if (r * r + 3 * i + i * i / 5 + r * i) % 7 < 3 { levels.high() } else { levels.low() }
                });
                for (updates, cd_steps, persistent) in [(1, 1, false), (2, 3, false), (3, 1, true)] {
                    let training = Training {
                        batching: Batching::Full,
                        descent: Descent::new(Rule::Sgd(Sgd), 0.25),
                        cd_steps,
                        method: if persistent { Method::Pcd } else { Method::Cd },
                        ..Training::default()
                    };
                    let what = format!(
                        "{n} {visible} x {m} {hidden}, batch {batch}, {updates} of CD-{cd_steps}, carried {carried}"
                    );
                    let mut trainer =
                        Trainer::new(rbm.clone(), data.view(), &training, Streams::new(1).of("test")).unwrap();
                    (0..updates).for_each(|_| trainer.update());
                    let seen = trainer.rbm();
                    let [w, b, c] = certain(&rbm, &data, (updates, cd_steps, persistent));
                    let far = |seen: f32, exact: f64| (f64::from(seen) - exact).abs() > 2e-5 * (1.0 + exact.abs());
                    assert!(!seen.weights.iter().zip(&w).any(|(s, e)| far(*s, *e)), "weights: {what}");
                    assert!(!seen.visible_bias.iter().zip(&b).any(|(s, e)| far(*s, *e)), "visible: {what}");
                    assert!(!seen.hidden_bias.iter().zip(&c).any(|(s, e)| far(*s, *e)), "hidden: {what}");
                    assert!(
                        w.iter().zip(&rbm.weights).any(|(a, b)| (a - f64::from(*b)).abs() > 1e-3) || carried,
                        "{what}"
                    );
                }
            }
        }
    }
}

/// Null: the negative phase of the second update of PCD-1 is the law after a step of the machine before and a step of
/// the machine after the first update; the first update is that of CD-1. Batch 100,000, seed 1; 14 parameters with |z|
/// < 4.8 (p < 2.5e-5).
#[test]
fn persistent_chains_go_on() {
    let rbm = machine(4, 2, &Units::SPIN, &Units::BINARY);
    let starts = array![[1.0f32, -1.0, 1.0, -1.0], [-1.0, 1.0, 1.0, 1.0]];
    let batch = 100_000;
    let data = Array2::from_shape_fn((batch, 4), |(r, i)| starts[[r % 2, i]]);
    let run = |persistent: bool| {
        let training = Training {
            updates: 2,
            batching: Batching::Full,
            descent: Descent::new(Rule::Sgd(Sgd), 0.5),
            method: if persistent { Method::Pcd } else { Method::Cd },
            snapshots: vec![1],
            ..Training::default()
        };
        let trained = train(rbm.clone(), data.view(), starts.view(), &training, Streams::new(1).of("test"));
        let trained = trained.unwrap();
        (trained.snapshots[0].rbm.clone(), trained.rbm)
    };
    let (first, second) = run(true);
    assert_eq!(first, run(false).0);
    let start: Law = starts.rows().into_iter().map(|v| (0.5, v.to_vec())).collect();
    let law = one_step(&first, &one_step(&rbm, &start));
    for i in 0..=4 {
        for a in 0..=2 {
            let term = |v: &[f32]| {
                let h = if a < 2 { hidden_mean(&first, v)[a] } else { 1.0 };
                if i < 4 { f64::from(v[i]) * h } else { h }
            };
            let change = match (i < 4, a < 2) {
                (true, true) => second.weights[[i, a]] - first.weights[[i, a]],
                (true, false) => second.visible_bias[i] - first.visible_bias[i],
                (false, true) => second.hidden_bias[a] - first.hidden_bias[a],
                (false, false) => continue,
            };
            let ((data, _), (model, variance)) = (moments(&start, term), moments(&law, term));
            let error = (variance / batch as f64).sqrt() + 1e-5;
            let z = (2.0 * f64::from(change) - (data - model)) / error;
            assert!(z.abs() < 4.8, "({i}, {a}): {}, {}, z = {z}", 2.0 * change, data - model);
        }
    }
}

/// Values that are all low or high train as the bits do, to the byte, whatever the bits hold that are no units; in
/// machines whose states are bytes and in wider ones.
#[test]
fn values_and_bits_are_the_same_data() {
    let units: Units = "0.25,2".parse().unwrap();
    let values = Array2::from_shape_fn((60, 6), |(s, i)| if (s * 5 + i * i) % 7 < 3 { 2.0f32 } else { 0.25 });
    let mut bits = vec![0; 60 * packed_len(6)];
    assert!(pack_levels(values.view(), 0.25, 2.0, &mut bits));
    let training = Training {
        updates: 20,
        batching: Batching::Mini { size: 10, repeats: true },
        descent: Descent::new(Rule::Momentum(Momentum::default()), 0.05),
        method: Method::Pcd,
        ..Training::default()
    };
    let dirty: Vec<u8> = bits.iter().enumerate().map(|(i, b)| b | if i % 2 == 0 { 0xf0 } else { 0xfc }).collect();
    for hidden in [3, 7] {
        let rbm = machine(6, hidden, &units, &Units::SPIN);
        let of =
            |data: Samples| train(rbm.clone(), data, values.view(), &training, Streams::new(1).of("test")).unwrap().rbm;
        assert_eq!(of(values.view().into()), of(bits.as_slice().into()), "{hidden} hidden units");
        assert_eq!(of(values.view().into()), of(dirty.as_slice().into()), "{hidden} hidden units");
        assert_ne!(of(values.view().into()), rbm);
    }
}
