//! Trainings left and taken up, and trainings that run away.

use super::*;
use crate::learning::{Adam, Batching, Descent, Momentum, Regulariser, Rule, Sgd};
use crate::packed::draw_levels;
use crate::random::Streams;
use crate::rbm::{Method, StopOn, Units};
use ndarray::Array2;

/// Left after each of its updates and taken up in a new machine, a training makes only the updates that are left and
/// ends with the same bytes: for small machines of bits, large ones, real data and Gaussian units, every rule, CD and
/// PCD, every kind of batch, with early stopping and with snapshots before and after the end.
#[test]
fn a_training_left_after_any_update_ends_with_the_same_bytes() {
    let mini = |repeats| Batching::Mini { size: 12, repeats };
    let regulariser = Regulariser { lambda_w: 1e-3, mu_w: 1e-2, max_norm: Some(0.4), ..Regulariser::default() };
    let rules = [Rule::Sgd(Sgd), Rule::Momentum(Momentum::default()), Rule::Adam(Adam::default())];
    let gaussian = || "gaussian:0.7".parse::<Units>().unwrap();
    let kinds = [
        (6, 3, [Units::SPIN, Units::BINARY], false),
        (19, 18, [Units::BINARY, Units::SPIN], false),
        (9, 5, [Units::SPIN, Units::SPIN], true),
        (9, 5, [gaussian(), Units::SPIN], true),
        (7, 4, [Units::SPIN, gaussian()], false),
        (6, 4, ["categorical:3".parse().unwrap(), Units::BINARY], false),
    ];
    for (n, m, [visible, hidden], real) in kinds {
        let low = visible.levels().map_or(-1.0, |l| l.low());
        let width = visible.sites().map_or(1, |sites| sites.width());
        let value = |(s, i): (usize, usize)| match (s * s + 5 * i) % 7 {
            // One unit of each site.
            _ if width > 1 => f32::from((i + s + i / width).is_multiple_of(width)),
            2 if real => 0.5,
            k => f32::from(if k < 3 { 1i8 } else { low as i8 }),
        };
        let data = Array2::from_shape_fn((40, n), value);
        let start = Rbm::random(n, m, 0.1, &mut Streams::new(1).generator("test/init", 0));
        let start = start.with_units(visible.clone(), hidden.clone()).unwrap();
        let methods =
            [Method::Cd, Method::Pcd, Method::MeanField, Method::Tempering, Method::Trajectory, Method::Exact];
        // Enumeration of 2^18 states would take long.
        let methods = &methods[..if m < 10 { 6 } else { 5 }];
        for (k, (rule, method)) in rules.iter().flat_map(|rule| methods.iter().map(move |m| (rule, *m))).enumerate() {
            let batching = [mini(false), mini(true), Batching::Full, Batching::Stochastic][k % 4];
            let training = Training {
                updates: 25,
                batching,
                descent: Descent { decay: 0.01, regulariser, ..Descent::new(*rule, 0.05) },
                cd_steps: 1 + k % 2,
                method,
                temperatures: 2 + k % 3,
                chains: [0, 17, 5][k % 3],
                centred: k % 4 > 1,
                tail_average: [0.3, 0.0, 0.0][k % 3],
                evaluate_every: 4,
                patience: [0, 1, 3][k % 3],
                stop_on: if k % 6 == 2 && !real { StopOn::PseudoLikelihood } else { StopOn::Reconstruction },
                snapshots: vec![0, 6, 30],
            };
            let fit = || {
                let streams = Streams::new(3);
                let mut fit = Fit::new(start.clone(), data.view(), data.view(), &training, streams.of("test")).unwrap();
                fit.steps_per_advance = 1;
                fit
            };
            let name = format!("{n} {visible}, {m} {hidden}, {rule}, {batching}, {method}");
            let (mut whole, mut saved) = (fit(), vec![fit().save()]);
            while whole.advance() {
                saved.push(whole.save());
            }
            let end = whole.save();
            saved.push(end.clone());
            assert!(saved.len() == 31 && saved.windows(2).all(|pair| pair[0] != pair[1]), "{name}");
            let whole = whole.finish().unwrap();
            assert_eq!(whole.snapshots.iter().map(|s| s.update).collect::<Vec<_>>(), [0, 6, 30]);
            for (update, state) in saved.iter().enumerate() {
                let mut fit = fit();
                fit.restore(state).unwrap();
                let mut advances = 0;
                while fit.advance() {
                    advances += 1;
                }
                assert_eq!(advances, 29usize.saturating_sub(update), "{name}: updates after {update}");
                assert!(fit.save() == end, "{name}: left after {update}");
                let trained = fit.finish().unwrap();
                assert_eq!((trained.update, &trained.rbm), (whole.update, &whole.rbm), "{name}");
                assert_eq!(trained.metrics, whole.metrics, "{name}");
                assert!(trained.snapshots.iter().zip(&whole.snapshots).all(|(a, b)| a.rbm == b.rbm), "{name}");
            }
            let unfinished = {
                let mut fit = fit();
                fit.advance();
                fit.finish()
            };
            assert_eq!(unfinished.unwrap_err(), RbmError::Stopped(Stopped));
            // Not a state: cut, or of another machine.
            assert_eq!(fit().restore(&end[..end.len() - 1]), Err(Unfit));
            let other = Rbm::random(n + width, m, 0.1, &mut Streams::new(1).generator("test/init", 0));
            let other = other.with_units(visible.clone(), hidden.clone()).unwrap();
            let wider = Array2::from_shape_fn((40, n + width), value);
            let mut other = Fit::new(other, wider.view(), wider.view(), &training, Streams::new(3).of("test")).unwrap();
            assert_eq!(other.restore(&end), Err(Unfit), "{name}");
        }
    }
}

/// Samples that are drawn afresh are others in each pass, the same in every run, and those of their pass where a
/// training is taken up.
#[test]
fn fresh_samples_are_those_of_their_pass() {
    let start = Rbm::random(6, 3, 0.1, &mut Streams::new(1).generator("test/init", 0));
    let draw = |pass: u64| {
        let values = Array2::from_elem((40, 6), -0.4 + 0.1 * pass as f32);
        draw_levels(values.view(), -1.0, 1.0, &mut Streams::new(2).bulk("test/draw", pass))
    };
    let (first, updates) = (draw(0), 14); // 4 in each pass
    let batching = Batching::Mini { size: 10, repeats: false };
    for method in [Method::Cd, Method::Pcd, Method::Exact] {
        let training = Training { updates, batching, method, evaluate_every: 4, ..Training::default() };
        let fit = || {
            let bits = first.as_slice();
            let mut fit = Fit::new(start.clone(), bits, bits, &training, Streams::new(3).of("test")).unwrap();
            fit.steps_per_advance = 1;
            fit
        };
        let (mut same, mut fresh) = (fit(), fit().with_fresh_samples(&draw).unwrap());
        let mut saved = vec![fresh.save()];
        while fresh.advance() {
            same.advance();
            assert_eq!(same.trainer.rbm() == fresh.trainer.rbm(), fresh.update <= 4, "{method}: {}", fresh.update);
            saved.push(fresh.save());
        }
        let end = fresh.finish().unwrap().rbm;
        for state in &saved {
            let mut fit = fit().with_fresh_samples(&draw).unwrap();
            fit.restore(state).unwrap();
            while fit.advance() {}
            assert_eq!(fit.finish().unwrap().rbm, end, "{method}");
        }
    }
    let grey = Array2::from_elem((40, 6), 0.5f32);
    let fit = Fit::new(start, grey.view(), grey.view(), &Training::default(), Streams::new(3).of("test")).unwrap();
    assert!(matches!(fit.with_fresh_samples(&draw).err(), Some(RbmError::Data { value: 0.5, .. })));
}

/// A training that ran away is one that ran away, wherever it was taken up.
#[test]
fn a_diverged_training_stays_diverged() {
    let data = Array2::from_shape_fn((40, 6), |(s, i)| if (s + i) % 3 == 0 { 1.0f32 } else { -1.0 });
    let start = Rbm::random(6, 3, 0.1, &mut Streams::new(1).generator("test/init", 0));
    let training =
        Training { updates: 20, descent: Descent::new(Rule::Sgd(Sgd), 1e4), evaluate_every: 5, ..Training::default() };
    let fit = || Fit::new(start.clone(), data.view(), data.view(), &training, Streams::new(3).of("test")).unwrap();
    let mut first = fit();
    while first.advance() {}
    let mut second = fit();
    second.restore(&first.save()).unwrap();
    assert!(!second.advance());
    let error = second.finish().unwrap_err();
    assert!(matches!(error, RbmError::Diverged { update: 5, .. }), "{error}");
    assert_eq!(error, first.finish().unwrap_err());
}

/// Gaussian units do not bound the gradient: their training runs away by finite costs first, and is stopped there. Data
/// far from 0 is no sign.
#[test]
fn gaussian_units_that_ran_away_are_seen_while_costs_are_finite() {
    for (visible, hidden) in [("gaussian", "binary"), ("gaussian", "gaussian"), ("spin", "gaussian")] {
        let (visible, hidden) = (visible.parse::<Units>().unwrap(), hidden.parse::<Units>().unwrap());
        let offset = if visible.levels().is_some() { 0.0 } else { 1000.0 };
        let data = Array2::from_shape_fn((40, 6), |(s, i)| offset + if (s + i) % 3 == 0 { 1.0f32 } else { -1.0 });
        let start = Rbm::random(6, 3, 0.1, &mut Streams::new(1).generator("test/init", 0));
        let mut start = start.with_units(visible.clone(), hidden.clone()).unwrap();
        start.fit_visible_bias(data.view()).unwrap();
        let run = |rate: f32| {
            let descent = Descent::new(Rule::Sgd(Sgd), rate);
            let training = Training { updates: 8, descent, evaluate_every: 1, ..Training::default() };
            let mut fit =
                Fit::new(start.clone(), data.view(), data.view(), &training, Streams::new(3).of("test")).unwrap();
            while fit.advance() {}
            fit.finish().map(|trained| trained.rbm.is_finite()).map_err(|e| e.to_string())
        };
        let error = run(1e8).unwrap_err();
        let sign = if visible.levels().is_some() { "weights of size" } else { "reconstruction cost of" };
        assert!(error.contains("diverged") && error.contains(sign), "{visible}, {hidden}: {error}");
        assert_eq!(run(1e-7), Ok(true), "{visible}, {hidden}");
    }
}

/// The cost of training samples is measured where it is asked for, and changes nothing.
#[test]
fn the_training_cost_is_only_measured() {
    let data = Array2::from_shape_fn((40, 6), |(s, i)| if (s * s + i) % 3 == 0 { 1.0f32 } else { -1.0 });
    let start = Rbm::random(6, 3, 0.1, &mut Streams::new(1).generator("test/init", 0));
    let training = Training { updates: 20, evaluate_every: 5, ..Training::default() };
    let fit = || Fit::new(start.clone(), data.view(), data.view(), &training, Streams::new(3).of("test")).unwrap();
    let (mut plain, mut shown) = (fit(), fit().with_training_cost(data.view()).unwrap());
    while plain.advance() {}
    while shown.advance() {}
    let (plain, shown) = (plain.finish().unwrap(), shown.finish().unwrap());
    assert_eq!(plain.rbm, shown.rbm);
    for (a, b) in plain.metrics.iter().zip(&shown.metrics) {
        assert_eq!((a.train_reconstruction, a.test_reconstruction), (None, b.test_reconstruction));
        assert_eq!(b.train_reconstruction, Some(b.test_reconstruction), "the test set is the training set");
    }
}
