//! Methods of training beyond plain contrastive divergence: number of chains, mean-field CD, centred gradient, tail
//! average, weights of samples, clipping.

use crate::common::laws::{Law, hidden_law, moments, one_step, state};
use crate::common::machine::machine;
use ndarray::{Array2, Axis, array};
use rgflow::learning::{Batching, Descent, Fall, Rule, Sgd};
use rgflow::random::Streams;
use rgflow::rbm::{Method, Rbm, RbmError, Trainer, Training, Units, train};

fn at_rate(rate: f32, method: Method) -> Training {
    Training { batching: Batching::Full, descent: Descent::new(Rule::Sgd(Sgd), rate), method, ..Training::default() }
}

fn data(n: usize, high: f32, low: f32) -> Array2<f32> {
    Array2::from_shape_fn((60, n), |(s, i)| if (s * 5 + i * i + s * s * i) % 7 < 3 { high } else { low })
}

/// Parameters of the machine after each of `updates` updates.
fn path(rbm: &Rbm, data: &Array2<f32>, training: &Training, updates: usize) -> Vec<Rbm> {
    let mut trainer = Trainer::new(rbm.clone(), data.view(), training, Streams::new(1).of("test")).unwrap();
    let mut path = vec![rbm.clone()];
    path.extend((0..updates).map(|_| {
        trainer.update();
        trainer.rbm()
    }));
    path
}

/// Null: the negative phase of PCD-1 with more, or fewer, chains than a batch has samples is the law after a step of
/// the machine, from the data. 200,000 and 50 chains, 100 samples, one update at the rate 1/2, seed 1; two-valued and
/// real data, small and larger machines: less than 200 parameters with |z| < 5.2 (p < 2e-7 each, < 1e-4 together).
#[test]
fn any_number_of_chains_gives_the_negative_phase() {
    let starts = array![[1.0f32, -1.0, 1.0, -1.0], [-1.0, 1.0, 1.0, 1.0]];
    for (visible, hidden) in [(Units::SPIN, 3), (Units::SPIN, 6), ("gaussian:0.7".parse().unwrap(), 2)] {
        for chains in [200_000, 50] {
            // A grid of values stands for the law of Gaussian units: two of them.
            let n = if visible == Units::SPIN { 4 } else { 2 };
            let rbm = machine(n, hidden, &visible, &Units::BINARY);
            let batch = 100;
            let starts = starts.slice(ndarray::s![.., ..n]);
            let data = Array2::from_shape_fn((batch, n), |(r, i)| starts[[r % 2, i]]);
            let training = Training { chains, ..at_rate(0.5, Method::Pcd) };
            let after = path(&rbm, &data, &training, 1).pop().unwrap();
            let start: Law = starts.rows().into_iter().map(|v| (0.5, v.to_vec())).collect();
            let law = one_step(&rbm, &start);
            let mean = |v: &[f32], a: usize| -> f64 {
                let law = hidden_law(&rbm, v).into_iter().enumerate();
                law.map(|(h, p)| p * f64::from(state(h, hidden, rbm.hidden_units())[a])).sum()
            };
            for (i, a) in (0..=n).flat_map(|i| (0..=hidden).map(move |a| (i, a))) {
                let term = |v: &[f32]| {
                    let h = if a < hidden { mean(v, a) } else { 1.0 };
                    if i < n { f64::from(v[i]) * h } else { h }
                };
                let change = match (i < n, a < hidden) {
                    (true, true) => after.weights[[i, a]] - rbm.weights[[i, a]],
                    (true, false) => after.visible_bias[i] - rbm.visible_bias[i],
                    (false, true) => after.hidden_bias[a] - rbm.hidden_bias[a],
                    (false, false) => continue,
                };
                let ((data, _), (model, variance)) = (moments(&start, term), moments(&law, term));
                let error = (variance / chains as f64).sqrt() + 1e-5;
                let z = (2.0 * f64::from(change) - (data - model)) / error;
                assert!(z.abs() < 5.2, "{visible}, {hidden} hidden, {chains} chains, ({i}, {a}): z = {z}");
            }
        }
    }
}

/// Two updates of mean-field CD-3 against thesis eqs 2.4.15, 2.4.24 and 2.4.25 in f64.
#[test]
fn mean_field_cd_is_that_of_the_equations() {
    let wide = |x: &Array2<f32>| x.mapv(f64::from);
    for (low, visible) in [(-1.0, Units::SPIN), (0.0, Units::BINARY)] {
        let (rbm, data) = (machine(5, 3, &visible, &visible), data(5, 1.0, low));
        let training = Training { cd_steps: 3, ..at_rate(0.5, Method::MeanField) };
        let after = path(&rbm, &data, &training, 2).pop().unwrap();
        let row = |x: &ndarray::Array1<f32>| x.mapv(f64::from).insert_axis(Axis(0));
        let (mut w, mut b, mut c) = (wide(&rbm.weights), row(&rbm.visible_bias), row(&rbm.hidden_bias));
        let mean = |z: Array2<f64>| z.mapv(|z| if low == 0.0 { 1.0 / (1.0 + (-z).exp()) } else { z.tanh() });
        for _ in 0..2 {
            let v0 = wide(&data);
            let h0 = mean(v0.dot(&w) + &c);
            let (mut v, mut h) = (v0.clone(), h0.clone());
            for _ in 0..3 {
                v = mean(h.dot(&w.t()) + &b);
                h = mean(v.dot(&w) + &c);
            }
            let rate = 0.5 / 60.0;
            w = w + (v0.t().dot(&h0) - v.t().dot(&h)) * rate;
            b = b + ((v0 - v).sum_axis(Axis(0)) * rate).insert_axis(Axis(0));
            c = c + ((h0 - h).sum_axis(Axis(0)) * rate).insert_axis(Axis(0));
        }
        let close = |x: &[f32], y: &[f64]| x.iter().zip(y).all(|(x, y)| (f64::from(*x) - y).abs() < 2e-6);
        assert!(close(after.weights.as_slice().unwrap(), w.as_slice().unwrap()), "{visible}");
        assert!(close(after.visible_bias.as_slice().unwrap(), b.as_slice().unwrap()), "{visible}");
        assert!(close(after.hidden_bias.as_slice().unwrap(), c.as_slice().unwrap()), "{visible}");
    }
}

/// The second update of a centred training is that of the plain one, which has come to the same machine and chains,
/// with the offsets of the first batch taken away: W' = W - mu dh - dv lambda, a' = dv - W' lambda, b' = dh - mu W'
/// (Melchior et al. 2016, eqs 10 to 12).
#[test]
fn the_centred_gradient_is_the_plain_one_with_offsets_taken_away() {
    let gaussian: Units = "gaussian:0.9".parse().unwrap();
    for (visible, hidden, method, chains) in [
        (Units::BINARY, 5, Method::Cd, 0),
        (Units::SPIN, 18, Method::Pcd, 70),
        (gaussian, 5, Method::Pcd, 20),
        (Units::BINARY, 5, Method::Exact, 0),
        (Units::BINARY, 5, Method::MeanField, 0),
    ] {
        let low = if visible == Units::SPIN { -1.0 } else { 0.0 };
        let (rbm, data) = (machine(6, hidden, &visible, &Units::BINARY), data(6, 1.0, low));
        let plain = Training { chains, ..at_rate(0.25, method) };
        let centred = Training { centred: true, ..plain.clone() };
        let [plain, centred] = [plain, centred].map(|training| path(&rbm, &data, &training, 2));
        assert_eq!(plain[1], centred[1], "the first has no offsets yet");
        let gradient = |path: &[Rbm]| {
            let change = |of: fn(&Rbm) -> Array2<f32>| (of(&path[2]) - of(&path[1])).mapv(|x| 4.0 * f64::from(x));
            let w = change(|rbm| rbm.weights.clone());
            let b = change(|rbm| rbm.visible_bias.clone().insert_axis(Axis(1)));
            (w, b, change(|rbm| rbm.hidden_bias.clone().insert_axis(Axis(0))))
        };
        let ((w, dv, dh), ours) = (gradient(&plain), gradient(&centred));
        let mut h = Array2::zeros((60, hidden));
        rbm.hidden_mean(data.view(), &mut h);
        let mean = |x: &Array2<f32>| x.mapv(f64::from).mean_axis(Axis(0)).unwrap();
        let (mu, lambda) = (mean(&data).insert_axis(Axis(1)), mean(&h).insert_axis(Axis(0)));
        let w = w - mu.dot(&dh) - dv.dot(&lambda);
        let (dv, dh) = (dv - w.dot(&lambda.t()), dh - mu.t().dot(&w));
        let far = |x: &Array2<f64>, y: &Array2<f64>| x.iter().zip(y).any(|(x, y)| (x - y).abs() > 1e-5);
        assert!(!far(&ours.0, &w) && !far(&ours.1, &dv) && !far(&ours.2, &dh), "{visible}, {hidden}, {method}");
        assert!(far(&gradient(&plain).0, &w), "{visible}: offsets matter");
    }
}

/// The machine that is returned is the mean of those after the last updates.
#[test]
fn a_tail_average_is_the_mean_of_the_last_machines() {
    let (rbm, data) = (machine(6, 4, &Units::SPIN, &Units::SPIN), data(6, 1.0, -1.0));
    let fall = Some(Fall { from: 10, until: 40 });
    let descent = Descent { fall, ..Descent::new(Rule::Sgd(Sgd), 0.2) };
    let training = Training { updates: 40, tail_average: 0.25, descent, ..at_rate(0.2, Method::Cd) };
    let machines = path(&rbm, &data, &training, 40);
    let run = |training: &Training| {
        train(rbm.clone(), data.view(), data.view(), training, Streams::new(1).of("test")).map(|t| t.rbm)
    };
    let ours = run(&training).unwrap();
    let mean =
        machines[31..].iter().fold(Array2::<f64>::zeros((6, 4)), |sum, m| sum + m.weights.mapv(f64::from)) / 10.0;
    assert!(ours.weights.iter().zip(&mean).all(|(a, b)| (f64::from(*a) - b).abs() < 1e-7));
    assert_eq!(run(&Training { tail_average: 0.0, ..training.clone() }).unwrap(), machines[40]);
    let refused = |training: Training| matches!(run(&training), Err(RbmError::Learning(_)));
    assert!(
        refused(Training { patience: 3, ..training.clone() }) && refused(Training { tail_average: 1.0, ..training })
    );
}

/// Weighted samples train as the data that holds each as often as its weight says: bit for bit where numbers of times
/// are whole and batches are the whole data, whatever the method and the unit of the weights.
#[test]
fn weights_are_numbers_of_times() {
    for (units, unit) in [(Units::SPIN, 1.0), (Units::BINARY, 0.25), ("gaussian:0.7".parse().unwrap(), 3.0)] {
        let levels = units.levels().map_or((1.5, -0.25), |levels| (levels.high(), levels.low()));
        let rows = data(5, levels.0, levels.1).select(Axis(0), &[0, 1, 2, 3, 4, 5]);
        let replicated = rows.select(Axis(0), &[0, 0, 0, 2, 4, 4]);
        let weights = [3.0, 0.0, 1.0, 0.0, 2.0, 0.0].map(|w| w * unit);
        let rbm = machine(5, 3, &units, &Units::BINARY);
        for method in [Method::Exact, Method::MeanField, Method::Cd, Method::Pcd] {
            let training = at_rate(0.1, method);
            let new = |rows| Trainer::new(rbm.clone(), rows, &training, Streams::new(1).of("test")).unwrap();
            let (mut weighted, mut plain) = (new(rows.view()).with_weights(&weights).unwrap(), new(replicated.view()));
            for _ in 0..10 {
                weighted.update();
                plain.update();
            }
            assert_eq!(weighted.rbm(), plain.rbm(), "{units}, {method}");
        }
        let refused = |weights: &[f64]| {
            let trainer = Trainer::new(rbm.clone(), rows.view(), &at_rate(0.1, Method::Cd), Streams::new(1).of("test"));
            trainer.unwrap().with_weights(weights).err().unwrap().to_string()
        };
        assert_eq!(refused(&[1.0; 5]), "weights of samples: has 5, must have 6");
        assert!(refused(&[1.0, 1.0, 1.0, f64::NAN, 1.0, 1.0]).contains("finite"));
    }
}

/// All states of three spins, weighted by a law, train a machine to that law: KL below 1e-3 nats by the exact gradient
/// in mini-batches and by persistent chains, whereas without weights it is that of the uniform law, ln 8 less the
/// entropy: 0.37 nats.
#[test]
fn weights_are_a_law() {
    let law: [f64; 8] = [0.35, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05, 0.35];
    let states = Array2::from_shape_fn((400, 3), |(s, i)| if (s % 8) >> i & 1 == 1 { 1.0f32 } else { -1.0 });
    let weights: Vec<f64> = (0..400).map(|s| law[s % 8]).collect();
    let rbm = Rbm::random(3, 4, 0.1, &mut Streams::new(1).generator("test/init", 0));
    let run = |method: Method, weights: Option<&[f64]>| {
        let descent = Descent { fall: Some(Fall { from: 2000, until: 6000 }), ..Descent::new(Rule::Sgd(Sgd), 0.1) };
        let training = Training {
            batching: Batching::Mini { size: 100, repeats: false },
            descent,
            chains: 400,
            ..at_rate(0.1, method)
        };
        let mut trainer = Trainer::new(rbm.clone(), states.view(), &training, Streams::new(1).of("test")).unwrap();
        if let Some(weights) = weights {
            trainer = trainer.with_weights(weights).unwrap();
        }
        (0..6000).for_each(|_| trainer.update());
        trainer.rbm().divergences(&law).unwrap().kl
    };
    let (exact, chains, without) =
        (run(Method::Exact, Some(&weights)), run(Method::Pcd, Some(&weights)), run(Method::Exact, None));
    assert!(exact < 1e-3 && chains < 1e-3 && without > 0.3, "{exact} {chains} {without}");
}

/// A clipped gradient has the direction of the plain one and the largest norm: after one update at the rate 1, for
/// every kind of machine in training (states as bytes, bits in blocks, real values, enumeration). A norm that is not
/// reached changes nothing.
#[test]
fn clipping_scales_the_gradient() {
    let spin = Units::SPIN;
    for (visible, n, m, method, centred) in [
        (spin.clone(), 6, 3, Method::Cd, false),
        (spin.clone(), 9, 20, Method::Cd, false),
        (spin.clone(), 9, 20, Method::Pcd, true),
        ("gaussian:0.7".parse().unwrap(), 4, 3, Method::Cd, true),
        (spin.clone(), 6, 3, Method::Exact, false),
    ] {
        let rbm = machine(n, m, &visible, &Units::BINARY);
        let levels = visible.levels().map_or((1.5, -0.25), |levels| (levels.high(), levels.low()));
        let data = data(n, levels.0, levels.1);
        let change = |clip: Option<f32>| {
            let descent = Descent { clip, ..Descent::new(Rule::Sgd(Sgd), 1.0) };
            let after = path(&rbm, &data, &Training { descent, centred, ..at_rate(1.0, method) }, 1).pop().unwrap();
            let parts = |rbm: &Rbm| {
                rbm.weights.iter().chain(&rbm.visible_bias).chain(&rbm.hidden_bias).copied().collect::<Vec<f32>>()
            };
            parts(&after).iter().zip(parts(&rbm)).map(|(a, b)| f64::from(a - b)).collect::<Vec<f64>>()
        };
        let norm = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>().sqrt();
        let plain = change(None);
        let largest = 0.25 * norm(&plain);
        let clipped = change(Some(largest as f32));
        let far = clipped.iter().zip(&plain).any(|(a, b)| (a - 0.25 * b).abs() > 1e-5);
        assert!(!far && (norm(&clipped) / largest - 1.0).abs() < 1e-4, "{visible}, {method}");
        assert_eq!(change(Some(2.0 * norm(&plain) as f32)), plain);
    }
}
