//! Sampling and training of machines of every kind against exact laws.

use ndarray::{Array1, Array2, array};
use rgflow::kernel::spins::{pack_levels, packed_len};
use rgflow::learning::{Adam, Batching, Descent, Momentum, Regulariser, Rule, Sgd};
use rgflow::random::Streams;
use rgflow::rbm::{
    Chains, ExactTraining, Kernel, Objective, Rbm, RbmError, Samples, Trained, Trainer, Training, Units, train,
    train_exactly,
};

fn machine(n_visible: usize, n_hidden: usize, visible: &Units, hidden: &Units) -> Rbm {
    let mut random = Streams::new(1).generator("test/rbm", 0);
    let mut rbm = Rbm::random(n_visible, n_hidden, 0.6, &mut random);
    rbm.visible_bias = Array1::from_shape_fn(n_visible, |i| 0.4 * (i as f32 + 0.5).sin());
    rbm.hidden_bias = Array1::from_shape_fn(n_hidden, |a| 0.6 * (2.0 * a as f32 + 1.0).cos());
    rbm.with_units(visible.clone(), hidden.clone()).unwrap()
}

fn state(s: usize, n: usize, units: &Units) -> Vec<f32> {
    let levels = units.levels().unwrap();
    (0..n).map(|i| if s >> i & 1 == 1 { levels.high() } else { levels.low() }).collect()
}

/// A law over visible states: weights and states.
type Law = Vec<(f64, Vec<f32>)>;

/// p(h | v) of all hidden states, from exp(-H).
fn hidden_law(rbm: &Rbm, v: &[f32]) -> Vec<f64> {
    let m = rbm.n_hidden();
    let mut p: Vec<f64> = (0..1 << m).map(|h| (-rbm.energy(v, &state(h, m, rbm.hidden_units()))).exp()).collect();
    let z: f64 = p.iter().sum();
    p.iter_mut().for_each(|p| *p /= z);
    p
}

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

/// All visible states with a measure: sums, or the trapezoidal rule in each direction for Gaussian units.
fn visible_states(rbm: &Rbm) -> Law {
    let n = rbm.n_visible();
    if rbm.visible_units().levels().is_some() {
        return (0..1 << n).map(|s| (1.0, state(s, n, rbm.visible_units()))).collect();
    }
    let mut points: Law = vec![(1.0, vec![])];
    for _ in 0..n {
        let line = |(w, v): &(f64, Vec<f32>)| {
            let (w, v) = (*w, v.clone());
            (-40..=40).map(move |k| (w * 0.25, [&v[..], &[0.25 * k as f32]].concat())).collect::<Vec<_>>()
        };
        points = points.iter().flat_map(line).collect();
    }
    points
}

/// The law of the visible units after one step v -> h -> v, exactly.
fn one_step(rbm: &Rbm, from: &Law) -> Law {
    let m = rbm.n_hidden();
    let mut p_h = vec![0.0; 1 << m];
    for (weight, v) in from {
        p_h.iter_mut().zip(hidden_law(rbm, v)).for_each(|(sum, p)| *sum += weight * p);
    }
    let mut law = visible_states(rbm);
    let measure: Vec<f64> = law.iter().map(|(w, _)| *w).collect();
    law.iter_mut().for_each(|(w, _)| *w = 0.0);
    for (h, p_h) in p_h.iter().enumerate() {
        let h = state(h, m, rbm.hidden_units());
        let given: Vec<f64> = law.iter().zip(&measure).map(|((_, v), w)| w * (-rbm.energy(v, &h)).exp()).collect();
        let z: f64 = given.iter().sum();
        law.iter_mut().zip(given).for_each(|((w, _), p)| *w += p_h * p / z);
    }
    law
}

/// Mean and variance over a law of a function of v.
fn moments(law: &Law, f: impl Fn(&[f32]) -> f64) -> (f64, f64) {
    let mean: f64 = law.iter().map(|(w, v)| w * f(v)).sum();
    (mean, law.iter().map(|(w, v)| w * (f(v) - mean).powi(2)).sum())
}

/// Mean change of the parameters by one update at the rate 1 over 100 independent batches of 1000: the estimated gradient. (Means over
/// far larger batches would show the rounding of f32.)
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
        let trained = train(rbm.clone(), data.view(), test, &training, Streams::new(seed), "test/cd", &mut |_| true);
        let after = trained.unwrap().rbm;
        sums[0] += &(&after.weights - &rbm.weights).mapv(f64::from);
        sums[1] += &(&after.visible_bias - &rbm.visible_bias).mapv(f64::from).insert_axis(ndarray::Axis(1));
        sums[2] += &(&after.hidden_bias - &rbm.hidden_bias).mapv(f64::from).insert_axis(ndarray::Axis(0));
    }
    sums.map(|sum| sum / 100.0)
}

/// Null: CD-k's update is a mean of independent terms over the batch, whose expectation is that of thesis eq. 2.4.26 over the
/// exact law of the chain after k steps. k = 1 and 3; spins, bits, other two values, grey levels of {0, 1} units,
/// Gaussian visible units; hidden layers within and beyond four units; 100,000 chains, seeds 1 to 100. Each of about 430 parameters
/// has |z| < 5.4 (p < 7e-8 each, < 1e-4 together).
#[test]
fn cd_is_the_expectation_over_the_kernel() {
    let gaussian = Units::gaussian_each(vec![0.8, 1.2]).unwrap();
    let odd: Units = "0.25,2".parse().unwrap();
    let cases = [
        (Units::SPIN, Units::SPIN, array![[1.0f32, -1.0, 1.0, -1.0], [-1.0, 1.0, 1.0, 1.0]]),
        (Units::BINARY, Units::BINARY, array![[1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 1.0, 1.0]]),
        (odd, Units::BINARY, array![[0.25, 2.0, 2.0], [2.0, 2.0, 0.25]]),
        (Units::BINARY, Units::SPIN, array![[0.1, 0.5, 0.9], [0.7, 1.0, 0.0]]),
        (gaussian, Units::BINARY, array![[0.3, -1.2], [1.5, 0.4]]),
    ];
    let chains = 100_000.0f64;
    for ((visible, hidden, starts), m) in cases.iter().flat_map(|case| [(case, 3), (case, 6)]) {
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

/// The machine after `updates` updates on all of `data` at the rate 1/4, by thesis eq. 2.4.26 in f64, for machines whose chains are certain:
/// either every draw is (P differs from 0 or 1 by less than the 2^-25 that a draw resolves), or the visible units' biases decide
/// whatever the hidden units do.
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

/// Layers of any width and batches of any size, also those that fill no vector: updates are those of the formula, to rounding (sums of at
/// most 150 terms of order 1 in f32, times the rate). Once the hidden units waver and the visible ones are held by their biases, once all are
/// carried by the weights. Spins, bits and two other pairs, where padding that is not zero would show.
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
                    // Units of one layer follow those of the other with the same number modulo the shorter length, most of all the first
                    // of them, so that no field is near zero. The others of a longer visible layer thereby change at each step.
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
                        persistent,
                        ..Training::default()
                    };
                    let what = format!(
                        "{n} {visible} x {m} {hidden}, batch {batch}, {updates} of CD-{cd_steps}, carried {carried}"
                    );
                    let mut trainer =
                        Trainer::new(rbm.clone(), data.view(), &training, Streams::new(1), "test").unwrap();
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

/// Null: the next states of the sampler from each start follow the exact kernel. Chi-square over the next states (rare ones
/// merged so that each bin expects 5), 4000 draws from each of 16 starts for each of three kinds, seed 1; p > 1e-6 each.
#[test]
fn the_gibbs_step_is_sampled_right() {
    for (visible, hidden) in
        [(Units::SPIN, Units::SPIN), (Units::BINARY, Units::SPIN), ("-0.5,2".parse().unwrap(), Units::BINARY)]
    {
        let rbm = machine(4, 3, &visible, &hidden);
        let prepared = Kernel::new(&rbm);
        let rows = 4000;
        let mut chains = Chains::new(&prepared, rows);
        let mut random = Streams::new(1).bulk("test/gibbs", 0);
        for start in 0..16 {
            let v = state(start, 4, &visible);
            chains.set_visible(Array2::from_shape_fn((rows, 4), |(_, i)| v[i]).view()).unwrap();
            chains.step(&prepared, &mut random);
            let law = one_step(&rbm, &vec![(1.0, v)]);
            let mut next = Array2::zeros((rows, 4));
            chains.write_visible(next.as_slice_mut().unwrap());
            let (mut chi2, mut bins, mut seen, mut expected) = (0.0, 0, 0.0, 0.0);
            for (p, w) in &law {
                seen += next.rows().into_iter().filter(|row| row.as_slice().unwrap() == &w[..]).count() as f64;
                expected += rows as f64 * p;
                if expected >= 5.0 {
                    chi2 += (seen - expected) * (seen - expected) / expected;
                    (bins, seen, expected) = (bins + 1, 0.0, 0.0);
                }
            }
            use statrs::distribution::{ChiSquared, ContinuousCDF};
            let p = ChiSquared::new((bins - 1).max(1) as f64).expect("positive").sf(chi2);
            assert!(p > 1e-6, "{visible}, from {start}: chi2 = {chi2} with {bins} bins");
        }
    }
}

/// Null: chains of a machine with Gaussian visible units reach its law. Means and mean squares of both units and their product
/// over 40,000 chains after 40 steps from zero, against quadrature: five |z| < 4.8 (p < 1e-5), seed 1. Gaussian hidden units too:
/// the covariance of a Gaussian machine is the inverse of its precision.
#[test]
fn gaussian_chains_reach_their_law() {
    let gaussian = Units::gaussian_each(vec![0.8, 1.2]).unwrap();
    let rbm = machine(2, 3, &gaussian, &Units::SPIN);
    let sample = |rbm: &Rbm| {
        let kernel = Kernel::new(rbm);
        let mut chains = Chains::new(&kernel, 40_000);
        let mut random = Streams::new(1).bulk("test/gaussian", 0);
        (0..40).for_each(|_| chains.step(&kernel, &mut random));
        let mut v = Array2::<f32>::zeros((40_000, rbm.n_visible()));
        chains.write_visible(v.as_slice_mut().unwrap());
        v
    };
    let v = sample(&rbm);
    let mut law = visible_states(&rbm);
    for (w, v) in &mut law {
        *w *= (-rbm.free_energy(ndarray::aview1(v).insert_axis(ndarray::Axis(0)))[0] - rbm.ln_z().unwrap()).exp();
    }
    assert!((law.iter().map(|(w, _)| w).sum::<f64>() - 1.0).abs() < 1e-6);
    for (i, j) in [(0, 2), (1, 2), (0, 0), (1, 1), (0, 1)] {
        let f = |v: &[f32]| f64::from(v[i]) * if j < 2 { f64::from(v[j]) } else { 1.0 };
        let (mean, variance) = moments(&law, f);
        let ours = v.rows().into_iter().map(|v| f(v.as_slice().unwrap())).sum::<f64>() / 40_000.0;
        let z = (ours - mean) / (variance / 40_000.0).sqrt();
        assert!(z.abs() < 4.8, "({i}, {j}): {ours} against {mean}, z = {z}");
    }
    // One visible and one hidden unit: <v^2> - <v>^2 = (1/s_h^2) / (1/(s_v s_h)^2 - w^2).
    let (s, t, w) = (0.8f32, 0.9f32, 0.7f32);
    let unit = |s: f32| Units::gaussian(s).unwrap();
    let rbm = Rbm::new(array![[w]], array![0.0], array![0.0], unit(s), unit(t)).unwrap();
    let v = sample(&rbm);
    let (s, t, w) = (f64::from(s), f64::from(t), f64::from(w));
    let exact = t.powi(-2) / ((s * t).powi(-2) - w * w);
    let square = v.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>() / 40_000.0;
    // The mean square of n normal numbers has the relative error sqrt(2/n).
    assert!(((square / exact - 1.0) / (2.0f64 / 40_000.0).sqrt()).abs() < 4.8, "{square} against {exact}");
}

/// Grey levels are means and stay what they are: packing refuses them, the hidden units see them, and thresholding would give
/// another field.
#[test]
fn grey_levels_are_not_thresholded() {
    let rbm = machine(3, 2, &Units::BINARY, &Units::BINARY);
    let kernel = Kernel::new(&rbm);
    let mut chains = Chains::new(&kernel, 2);
    let grey = array![[0.4f32, 0.6, 1.0], [0.0, 1.0, 1.0]];
    chains.set_visible(grey.view()).unwrap();
    let (mut back, mut means) = (Array2::<f32>::zeros((2, 3)), Array2::<f32>::zeros((2, 2)));
    chains.write_visible(back.as_slice_mut().unwrap());
    assert_eq!(back, grey);
    chains.hidden_means(&kernel, means.as_slice_mut().unwrap());
    for r in 0..2 {
        for a in 0..2 {
            let z: f32 = (0..3).map(|i| grey[[r, i]] * rbm.weights[[i, a]]).sum::<f32>() + rbm.hidden_bias[a];
            assert!((means[[r, a]] - 1.0 / (1.0 + (-z).exp())).abs() < 1e-6);
        }
    }
    let mut exact = Array2::zeros((2, 2));
    rbm.hidden_mean(grey.view(), &mut exact);
    assert!((&exact - &means).iter().all(|d| d.abs() < 1e-6));
    // Once drawn, the units are bits again.
    chains.draw_hidden(&kernel, &mut Streams::new(1).bulk("test/grey", 0));
    chains.draw_visible(&kernel, &mut Streams::new(1).bulk("test/grey", 1));
    chains.write_visible(back.as_slice_mut().unwrap());
    assert!(back.iter().all(|v| *v == 0.0 || *v == 1.0));
    assert!(chains.set_visible(array![[0.0, 0.0]].view()).is_err());
}

/// Values that are all low or high train as the bits do, to the byte, whatever the bits hold that are no units; in machines whose states
/// are bytes and in wider ones.
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
        persistent: true,
        ..Training::default()
    };
    let dirty: Vec<u8> = bits.iter().enumerate().map(|(i, b)| b | if i % 2 == 0 { 0xf0 } else { 0xfc }).collect();
    for hidden in [3, 7] {
        let rbm = machine(6, hidden, &units, &Units::SPIN);
        let of = |data: Samples| {
            train(rbm.clone(), data, values.view(), &training, Streams::new(1), "test", &mut |_| true).unwrap().rbm
        };
        assert_eq!(of(values.view().into()), of(bits.as_slice().into()), "{hidden} hidden units");
        assert_eq!(of(values.view().into()), of(dirty.as_slice().into()), "{hidden} hidden units");
        assert_ne!(of(values.view().into()), rbm);
    }
}

/// 1000 samples of 8 units: all alike but for a tenth.
fn aligned(units: &Units) -> Array2<f32> {
    let levels = units.levels().unwrap();
    let mut random = Streams::new(1).generator("test/aligned", 0);
    use rand::RngExt;
    let mut data = Array2::zeros((1000, 8));
    for mut row in data.rows_mut() {
        let up = random.random::<bool>();
        row.iter_mut()
            .for_each(|v| *v = if (random.random::<f32>() < 0.9) == up { levels.high() } else { levels.low() });
    }
    data
}

/// Training raises the exact likelihood of a small machine by more than 1 nat per sample, for every optimiser, with and without
/// persistent chains and regularisation; each setting gives another machine.
#[test]
fn training_raises_the_likelihood() {
    let mut machines: Vec<Rbm> = vec![];
    let soft = Regulariser { mu_w: 1e-3, lambda_b: 1e-3, ..Regulariser::default() };
    for (units, rule, rate, persistent, regulariser) in [
        (Units::SPIN, Rule::Sgd(Sgd), 0.05, false, Regulariser::default()),
        (Units::SPIN, Rule::Sgd(Sgd), 0.05, true, Regulariser::default()),
        (Units::SPIN, Rule::Sgd(Sgd), 0.05, false, soft),
        (Units::SPIN, Rule::Momentum(Momentum::default()), 0.01, false, Regulariser::default()),
        (Units::BINARY, Rule::Adam(Adam::default()), 0.02, true, Regulariser::default()),
    ] {
        let data = aligned(&units);
        let start = Rbm::random(8, 4, 0.01, &mut Streams::new(1).generator("test/start", 0));
        let start = start.with_units(units.clone(), units).unwrap();
        let ln_p = |rbm: &Rbm| rbm.log_likelihood(data.view(), rbm.ln_z().unwrap()).value;
        let training = Training {
            updates: 1500,
            descent: Descent { regulariser, ..Descent::new(rule, rate) },
            persistent,
            snapshots: vec![0, 1500],
            ..Training::default()
        };
        let Trained { rbm, snapshots, .. } =
            train(start.clone(), data.view(), data.view(), &training, Streams::new(1), "test", &mut |_| true).unwrap();
        assert!(ln_p(&rbm) > ln_p(&start) + 1.0, "{rule}: {} -> {}", ln_p(&start), ln_p(&rbm));
        assert_eq!((snapshots.len(), &snapshots[0].rbm, &snapshots[1].rbm), (2, &start, &rbm));
        assert!(machines.iter().all(|other| other != &rbm));
        machines.push(rbm);
    }
}

/// Null: the negative phase of the second update of PCD-1 is the law after a step of the machine before and a step of the machine
/// after the first update; the first update is that of CD-1. Batch 100,000, seed 1; 14 parameters with |z| < 4.8 (p < 2.5e-5).
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
            persistent,
            snapshots: vec![1],
            ..Training::default()
        };
        let trained = train(rbm.clone(), data.view(), starts.view(), &training, Streams::new(1), "test", &mut |_| true);
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

/// Each objective of the exact training ends lowest in what it minimises, from one start.
#[test]
fn exact_training_minimises_its_objective() {
    // Two peaks that one hidden unit cannot both describe, on a floor.
    let mut q = [0.02f64; 16];
    (q[0b0011], q[0b1111], q[0b0100]) = (0.3, 0.3, 0.14);
    let sum: f64 = q.iter().sum();
    q.iter_mut().for_each(|q| *q /= sum);
    let ends = [Objective::Kl, Objective::ReverseKl, Objective::JensenShannon].map(|objective| {
        let training = ExactTraining {
            objective,
            updates: 4000,
            descent: Descent::new(Rule::Adam(Adam::default()), 0.01),
            record_every: 1000,
        };
        let start = Rbm::random(4, 1, 0.3, &mut Streams::new(1).generator("test/start", 0));
        let (_, steps) = train_exactly(start, &q, &training, &mut |_| true).unwrap();
        assert_eq!(steps.iter().map(|s| s.update).collect::<Vec<_>>(), [0, 1000, 2000, 3000, 4000]);
        let d = steps[4].divergences;
        [d.kl, d.reverse_kl, d.jensen_shannon]
    });
    for objective in 0..3 {
        for other in (0..3).filter(|o| *o != objective) {
            assert!(ends[objective][objective] < ends[other][objective] - 1e-4, "{objective} by {other}: {ends:?}");
        }
    }
}

/// Early stopping returns the machine of the least test cost and its update; snapshots beyond the stop are still made, and do not
/// change the machine.
#[test]
fn early_stopping_and_snapshots_do_not_disturb_each_other() {
    let data: Vec<u8> = (0..400u32).map(|i| if i % 3 == 0 { 0b1111 } else { 0 }).collect();
    let test = Array2::from_shape_fn((40, 4), |(i, _)| if i % 3 == 0 { 1.0 } else { -1.0 });
    let start = machine(4, 3, &Units::SPIN, &Units::SPIN);
    let of = |patience: usize, snapshots: Vec<usize>| {
        let training = Training {
            updates: 40,
            batching: Batching::Mini { size: 20, repeats: false },
            descent: Descent::new(Rule::Sgd(Sgd), 0.9),
            evaluate_every: 2,
            patience,
            snapshots,
            ..Training::default()
        };
        train(start.clone(), data.as_slice(), test.view(), &training, Streams::new(1), "test", &mut |_| true).unwrap()
    };
    let (plain, longer) = (of(0, vec![]), of(0, vec![10, 60]));
    assert_eq!((plain.update, &plain.rbm), (40, &longer.rbm));
    assert_eq!(longer.snapshots.iter().map(|s| s.update).collect::<Vec<_>>(), [10, 60]);
    let stopped = of(2, vec![60]);
    assert!(stopped.update <= 40 && stopped.snapshots.len() == 1);
    let first = of(2, vec![]);
    assert_eq!((first.update, &first.rbm), (stopped.update, &stopped.rbm));
    let least = first.metrics.iter().map(|m| m.test_reconstruction).fold(f64::INFINITY, f64::min);
    assert_eq!(first.rbm.reconstruction_cost(test.view()), least);
}

#[test]
fn what_cannot_be_is_refused_in_a_sentence() {
    let spin = machine(3, 2, &Units::SPIN, &Units::SPIN);
    let binary = machine(3, 2, &Units::BINARY, &Units::SPIN);
    let gaussian = machine(3, 2, &Units::gaussian(1.0).unwrap(), &Units::SPIN);
    let good = array![[0.0f32, 1.0, 1.0], [1.0, 0.0, 0.0]];
    let run = |rbm: &Rbm, data: Samples, change: &dyn Fn(&mut Training)| {
        let mut training = Training { updates: 300, evaluate_every: 10, ..Training::default() };
        change(&mut training);
        let test = if rbm.visible_units() == &Units::SPIN { good.mapv(|v| 2.0 * v - 1.0) } else { good.clone() };
        train(rbm.clone(), data, test.view(), &training, Streams::new(1), "test", &mut |_| true)
            .unwrap_err()
            .to_string()
    };
    let keep = |_: &mut Training| {};
    let bad = array![[0.0f32, 1.0, 1.0], [1.0, 1.5, 0.0]];
    assert!(
        run(&binary, bad.view().into(), &keep)
            .starts_with("sample 1, unit 1 = 1.5: binary units take values in [0, 1]")
    );
    let nan = array![[f32::NAN, 0.0, 0.0]];
    assert!(run(&gaussian, nan.view().into(), &keep).starts_with("sample 0, unit 0 = NaN"));
    assert!(run(&spin, [0u8; 0].as_slice().into(), &keep).contains("empty"));
    assert!(run(&gaussian, [0u8; 4].as_slice().into(), &keep).contains("packed data needs two-valued units"));
    assert!(
        run(&binary, good.slice(ndarray::s![.., ..2]).into(), &keep)
            .contains("columns of the data: has 2, must have 3")
    );
    assert_eq!(run(&binary, good.view().into(), &|t| t.cd_steps = 0), "cd_steps = 0: must be at least 1");
    assert!(run(&binary, good.view().into(), &|t| t.descent.rate = -1.0).starts_with("learning_rate = -1"));
    let fast = |t: &mut Training| t.descent.rate = 1e4;
    for (rbm, data) in [(&binary, &good), (&gaussian, &good)] {
        let sentence = run(rbm, data.view().into(), &fast);
        assert!(sentence.contains("diverged") && sentence.contains("learning rate 10000: lower it"), "{sentence}");
    }
    assert!(matches!(
        Rbm::new(array![[0.0]], array![0.0, 0.0], array![0.0], Units::SPIN, Units::SPIN),
        Err(RbmError::Shape { .. })
    ));
    let two = Units::gaussian_each(vec![1.0, 2.0]).unwrap();
    assert!(spin.with_units(two, Units::SPIN).is_err());
}

/// A known failure of other programs: constant pixels whose ln(p / (1 - p)) is infinite. Free units reproduce their mean.
#[test]
fn visible_biases_from_data_are_finite_and_reproduce_the_mean() {
    let data = Array2::from_shape_fn((4000, 3), |(s, i)| if i == 0 { 0.0f32 } else { [0.0, 1.0, 1.0, 0.5][s % 4] });
    let mut rbm = Rbm::random(3, 2, 0.0, &mut Streams::new(1).generator("test/bias", 0));
    for (units, map) in
        [("binary", [1.0, 0.0]), ("spin", [2.0, -1.0]), ("0.5,3", [2.5, 0.5]), ("gaussian:0.5", [4.0, 1.0])]
    {
        rbm = rbm.with_units(units.parse().unwrap(), Units::SPIN).unwrap();
        let values = data.mapv(|v| map[0] * v + map[1]);
        rbm.fit_visible_bias(values.view()).unwrap();
        assert!(rbm.is_finite());
        let mut mean = Array2::zeros((1, 3));
        rbm.visible_mean(Array2::zeros((1, 2)).view(), &mut mean);
        let exact = map[0] * 0.625 + map[1];
        assert!(
            (mean[[0, 1]] - exact).abs() < 1e-3 * map[0] && (mean[[0, 0]] - map[1]).abs() < 1e-3 * map[0],
            "{units}"
        );
    }
    let bits: Vec<u8> = (0..4000).map(|s| 0b110 * u8::from(s % 4 > 0)).collect();
    rbm = rbm.with_units(Units::SPIN, Units::SPIN).unwrap();
    rbm.fit_visible_bias(bits.as_slice()).unwrap();
    assert!((rbm.visible_bias[1] - 0.5 * 3.0f32.ln()).abs() < 1e-3 && rbm.visible_bias[0] < -4.0);
}
