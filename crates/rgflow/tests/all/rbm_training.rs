//! Effects of training on a machine: likelihood, objectives, stopping, refusals.

use crate::common::machine::machine;
use ndarray::{Array2, array};
use rgflow::learning::{Adam, Batching, Descent, Momentum, Regulariser, Rule, Sgd};
use rgflow::random::Streams;
use rgflow::rbm::{
    ExactTraining, Fit, Method, Objective, Rbm, RbmError, Samples, Trained, Training, Units, train, train_exactly,
};
use rgflow::restart::{Resumable, Stopped};
use std::ops::ControlFlow::{Break, Continue};

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

/// Training raises the exact likelihood of a small machine by more than 1 nat per sample, for every optimiser, with and
/// without persistent chains and regularisation; each setting gives another machine.
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
            method: if persistent { Method::Pcd } else { Method::Cd },
            snapshots: vec![0, 1500],
            ..Training::default()
        };
        let Trained { rbm, snapshots, .. } =
            train(start.clone(), data.view(), data.view(), &training, Streams::new(1).of("test")).unwrap();
        assert!(ln_p(&rbm) > ln_p(&start) + 1.0, "{rule}: {} -> {}", ln_p(&start), ln_p(&rbm));
        assert_eq!((snapshots.len(), &snapshots[0].rbm, &snapshots[1].rbm), (2, &start, &rbm));
        assert!(machines.iter().all(|other| other != &rbm));
        machines.push(rbm);
    }
}

/// The exact gradient on samples is that of KL(q || p) with q their frequencies: trainings by both end at one machine,
/// for every kind of units.
#[test]
fn the_exact_gradient_of_samples_is_that_of_their_law() {
    for (visible, hidden, n, m) in [
        (Units::SPIN, Units::SPIN, 8, 3),
        (Units::BINARY, Units::SPIN, 8, 6),
        (Units::SPIN, Units::BINARY, 7, 9),
        (Units::SPIN, "gaussian:0.5".parse().unwrap(), 8, 3),
    ] {
        let data = aligned(&visible);
        let data = data.slice(ndarray::s![.., ..n]);
        let start = Rbm::random(n, m, 0.1, &mut Streams::new(1).generator("test/start", 0));
        let start = start.with_units(visible.clone(), hidden.clone()).unwrap();
        let descent = Descent::new(Rule::Momentum(Momentum::default()), 0.02);
        let q = start.empirical_law(data).unwrap().to_vec();
        let exact = ExactTraining { objective: Objective::Kl, updates: 200, descent, record_every: 200 };
        let (of_law, _) = train_exactly(start.clone(), &q, &exact, &mut |_| Continue(())).unwrap();
        let training =
            Training { updates: 200, batching: Batching::Full, descent, method: Method::Exact, ..Training::default() };
        let of_samples = train(start.clone(), data, data, &training, Streams::new(1).of("test")).unwrap().rbm;
        let distance = |a: &Rbm, b: &Rbm| {
            let pairs = a.weights.iter().zip(&b.weights).chain(a.visible_bias.iter().zip(&b.visible_bias));
            pairs.chain(a.hidden_bias.iter().zip(&b.hidden_bias)).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
        };
        assert!(distance(&of_law, &start) > 0.1, "{visible}, {hidden}");
        assert!(distance(&of_law, &of_samples) < 1e-4, "{visible}, {hidden}: {}", distance(&of_law, &of_samples));
    }
    let large = Rbm::random(40, 26, 0.1, &mut Streams::new(1).generator("test/start", 0));
    let data = Array2::ones((200, 40));
    let training = Training { method: Method::Exact, ..Training::default() };
    let refused = train(large, data.view(), data.view(), &training, Streams::new(1).of("test")).unwrap_err();
    let says = "the exact gradient enumerates the states of a layer of at most 25 units, this one has 26";
    assert_eq!(refused.to_string(), says);
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
        let (_, steps) = train_exactly(start, &q, &training, &mut |_| Continue(())).unwrap();
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

/// Early stopping returns the machine of the least test cost and its update; snapshots beyond the stop are still made,
/// and do not change the machine.
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
        train(start.clone(), data.as_slice(), test.view(), &training, Streams::new(1).of("test")).unwrap()
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

/// A training that is stopped is none: not even where the machine of the least cost is there and a snapshot is not.
/// That it is watched changes nothing.
#[test]
fn a_stopped_training_gives_no_machine() {
    let data: Vec<u8> = (0..400u32).map(|i| if i % 3 == 0 { 0b1111 } else { 0 }).collect();
    let test = Array2::from_shape_fn((40, 4), |(i, _)| if i % 3 == 0 { 1.0 } else { -1.0 });
    let start = machine(4, 3, &Units::SPIN, &Units::SPIN);
    for snapshots in [vec![], vec![60]] {
        let training = Training { updates: 40, evaluate_every: 2, snapshots, ..Training::default() };
        let mut told = 0;
        let mut until = |most: usize| {
            told = 0;
            let mut progress = |_| {
                told += 1;
                if told < most { Continue(()) } else { Break(()) }
            };
            let (data, streams) = (data.as_slice(), Streams::new(1));
            (
                Fit::new(start.clone(), data, test.view(), &training, streams.of("test"))
                    .and_then(|fit| fit.complete(&mut progress)),
                told,
            )
        };
        for most in [1, 10, 20] {
            let (stopped, told) = until(most);
            assert!(matches!(stopped, Err(RbmError::Stopped(Stopped))) && told == most, "{most}");
        }
        let whole = until(usize::MAX).0.unwrap();
        let mut fit =
            Fit::new(start.clone(), data.as_slice(), test.view(), &training, Streams::new(1).of("test")).unwrap();
        while fit.advance() {}
        let fit = fit.finish().unwrap();
        assert_eq!((whole.rbm, whole.update, whole.metrics), (fit.rbm, fit.update, fit.metrics));
    }
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
        train(rbm.clone(), data, test.view(), &training, Streams::new(1).of("test")).unwrap_err().to_string()
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

/// A known failure of other programs: constant pixels whose ln(p / (1 - p)) is infinite. Free units reproduce their
/// mean.
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
