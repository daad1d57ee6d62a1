//! Training of networks against solutions that are known: least squares, separable data, forced divergence.

use ndarray::{Array1, Array2};
use rand::RngExt;
use rgflow::learning::{Adam, Batching, Descent, Momentum, Regulariser, Rule, Sgd};
use rgflow::nn::{Activation, Cost, Data, Fit, Mlp, NnError, Stop, Targets, Training, train};
use rgflow::random::Streams;
use rgflow::restart::Stopped;
use std::ops::ControlFlow::{Break, Continue};

/// Solution of a v = b by elimination with pivots.
fn solve(mut a: Array2<f64>, mut b: Array1<f64>) -> Array1<f64> {
    let n = b.len();
    for i in 0..n {
        let pivot = (i..n).max_by(|p, q| a[[*p, i]].abs().total_cmp(&a[[*q, i]].abs())).expect("some row");
        for j in 0..n {
            a.swap([i, j], [pivot, j]);
        }
        b.swap(i, pivot);
        for k in i + 1..n {
            let factor = a[[k, i]] / a[[i, i]];
            for j in i..n {
                a[[k, j]] -= factor * a[[i, j]];
            }
            b[k] -= factor * b[i];
        }
    }
    for i in (0..n).rev() {
        let known: f64 = (i + 1..n).map(|j| a[[i, j]] * b[j]).sum();
        b[i] = (b[i] - known) / a[[i, i]];
    }
    b
}

/// A linear neuron with L_2 on weights and biases is ridge regression: (X'X/n + mu) v = X'y/n, whatever the rule and
/// the batches. Rates decay, so that stochastic noise dies out (bound 0.02 for batches; 1e-4 for full descent).
#[test]
fn a_linear_neuron_finds_least_squares() {
    let mut random = Streams::new(1).generator("test/ridge", 0);
    let x = Array2::from_shape_simple_fn((60, 3), || random.random::<f32>() * 2.0 - 1.0);
    let y = Array2::from_shape_fn((60, 1), |(i, _)| {
        0.8 * x[[i, 0]] - 1.5 * x[[i, 1]] + 0.3 + 0.1 * (random.random::<f32>() - 0.5)
    });
    let (mu_w, mu_b) = (0.1f32, 0.05f32);
    let wide = |i: usize, j: usize| if j == 3 { 1.0 } else { f64::from(x[[i, j]]) };
    let normal = Array2::from_shape_fn((4, 4), |(j, k)| {
        let mu = if j != k {
            0.0
        } else if j == 3 {
            mu_b.into()
        } else {
            mu_w.into()
        };
        (0..60).map(|i| wide(i, j) * wide(i, k)).sum::<f64>() / 60.0 + mu
    });
    let right = Array1::from_shape_fn(4, |j| (0..60).map(|i| wide(i, j) * f64::from(y[[i, 0]])).sum::<f64>() / 60.0);
    let exact = solve(normal, right);
    let data = Data { x: x.view().into(), targets: Targets::Values(y.view()) };
    let mini = |repeats| Batching::Mini { size: 7, repeats };
    for (rule, rate, decay, batching, bound) in [
        (Rule::Sgd(Sgd), 0.3, 0.0, Batching::Full, 1e-4),
        (Rule::Momentum(Momentum { alpha: 0.8 }), 0.1, 0.0, Batching::Full, 1e-4),
        (Rule::Adam(Adam::default()), 0.02, 0.003, Batching::Full, 1e-4),
        (Rule::Sgd(Sgd), 0.1, 0.01, Batching::Stochastic, 0.02),
        (Rule::Sgd(Sgd), 0.2, 0.01, mini(false), 0.02),
        (Rule::Sgd(Sgd), 0.2, 0.01, mini(true), 0.02),
        (Rule::Momentum(Momentum { alpha: 0.5 }), 0.1, 0.01, mini(true), 0.02),
    ] {
        let regulariser = Regulariser { mu_w, mu_b, ..Regulariser::default() };
        let training = Training {
            epochs: 1500,
            batching,
            descent: Descent { rule, rate, decay, fall: None, clip: None, regulariser },
            cost: Cost::SquaredError,
            patience: 0,
        };
        let streams = Streams::new(1);
        let mlp = Mlp::random(&[3, 1], Activation::Linear, Activation::Linear, &mut streams.generator("init", 0));
        let mut last = None;
        let mut updates = 0;
        // The best network by the cost alone is not the one of least energy; the last cost tells how far it came.
        Fit::new(mlp, data, data, &training, streams.of("ridge"))
            .and_then(|fit| {
                fit.complete(&mut |epoch| {
                    updates = epoch.updates;
                    last = Some(epoch.test_cost);
                    Continue(())
                })
            })
            .expect("finite");
        let cost: f64 = (0..60)
            .map(|i| (0..4).map(|j| wide(i, j) * exact[j]).sum::<f64>() - f64::from(y[[i, 0]]))
            .map(|residual| 0.5 * residual * residual / 60.0)
            .sum();
        let found = last.expect("some epochs");
        assert!((found / cost - 1.0).abs() < bound, "{rule}, {batching}: {found} where ridge regression leaves {cost}");
        assert_eq!(updates, 1500 * batching.updates(60) as u64);
    }
}

/// Rosenblatt's theorem: on separable data the perceptron rule ends with no error after a finite number of updates.
#[test]
fn a_perceptron_separates_what_is_separable() {
    let mut random = Streams::new(1).generator("test/perceptron", 0);
    let x = Array2::from_shape_simple_fn((200, 5), || random.random::<f32>() * 2.0 - 1.0);
    let plane = |i: usize| x[[i, 0]] - 2.0 * x[[i, 2]] + 0.5 * x[[i, 4]] + 0.2;
    let kept: Vec<usize> = (0..200).filter(|i| plane(*i).abs() > 0.1).collect();
    let y = Array2::from_shape_fn((kept.len(), 1), |(i, _)| f32::from(u8::from(plane(kept[i]) > 0.0)));
    let x = x.select(ndarray::Axis(0), &kept);
    let streams = Streams::new(1);
    for (output, cost, rule) in [
        (Activation::Step, Cost::Perceptron, Rule::Sgd(Sgd)),
        (Activation::Sigmoid, Cost::CrossEntropy, Rule::Adam(Adam::default())),
        (Activation::Tanh, Cost::ModifiedCrossEntropy, Rule::Sgd(Sgd)),
    ] {
        let signs = y.mapv(|y| if output == Activation::Tanh { 2.0 * y - 1.0 } else { y });
        let data = Data { targets: Targets::Values(signs.view()), x: x.view().into() };
        let training = Training {
            epochs: 300,
            batching: Batching::Stochastic,
            descent: Descent::new(rule, 0.1),
            cost,
            patience: 0,
        };
        let neuron = Mlp::random(&[5, 1], Activation::Linear, output, &mut streams.generator("init", 0));
        let test = Data { targets: Targets::Values(signs.view()), x: x.view().into() };
        let trained = train(neuron, data, test, &training, streams.of("perceptron")).expect("finite");
        let middle = if output == Activation::Tanh { 0.0 } else { 0.5 };
        let wrong = trained.mlp.outputs(x.view()).iter().zip(&y).filter(|(p, y)| (**p > middle) != (**y > 0.5)).count();
        assert_eq!(wrong, 0, "{output}");
        if output == Activation::Step {
            assert_eq!(trained.curve.last().map(|e| e.test_cost), Some(0.0));
        }
    }
}

fn classes() -> (Array2<f32>, Vec<usize>) {
    let mut random = Streams::new(1).generator("test/data", 0);
    let x = Array2::from_shape_simple_fn((300, 6), || if random.random() { 1.0f32 } else { -1.0 });
    let classes = x.rows().into_iter().map(|r| ((r.sum() + 6.0) / 4.1) as usize).collect();
    (x, classes)
}

fn training(rate: f32, epochs: usize, patience: usize) -> Training {
    Training {
        epochs,
        batching: Batching::Mini { size: 50, repeats: false },
        descent: Descent::new(Rule::Sgd(Sgd), rate),
        cost: Cost::CategoricalCrossEntropy,
        patience,
    }
}

#[test]
fn a_diverging_training_stops_with_a_sentence() {
    let (x, classes) = classes();
    let data = || Data { x: x.view().into(), targets: Targets::Classes(&classes) };
    let streams = Streams::new(1);
    let mut epochs = 0;
    let mut run = |hidden: Activation, training: &Training| {
        let mlp = Mlp::random(&[6, 8, 3], hidden, Activation::Softmax, &mut streams.generator("init", 0));
        epochs = 0;
        let error = Fit::new(mlp, data(), data(), training, streams.of("t")).and_then(|fit| {
            fit.complete(&mut |_| {
                epochs += 1;
                Continue(())
            })
        });
        (error.unwrap_err().to_string(), epochs)
    };
    let (never, epochs) = run(Activation::Relu, &training(1e30, 50, 0));
    assert_eq!(epochs, 1);
    assert_eq!(never, "the training diverged (the cost after epoch 1 is not finite) with learning rate 1e30: lower it");
    // The rate of momentum grows without bound with L_2 beyond 2/rate: fine at first, lost later.
    let mut late = training(0.01, 500, 0);
    late.descent.regulariser = Regulariser { mu_w: 250.0, ..Regulariser::default() };
    let (lost, epochs) = run(Activation::Relu, &late);
    assert!(epochs > 1 && lost.contains(&format!("diverged (the cost after epoch {epochs} is not finite)")), "{lost}");
    // Costs that are finite, as that of a class is at most 691 nats, and far above ln 3.
    let (finite, epochs) = run(Activation::Tanh, &training(1e12, 3, 0));
    assert!(epochs == 3 && finite.contains("nats, a guess costs 1.1)"), "{finite}");
}

#[test]
fn training_stops_for_the_reason_it_gives() {
    let (x, classes) = classes();
    let data = || Data { x: x.view().into(), targets: Targets::Classes(&classes) };
    let streams = Streams::new(1);
    let run = |training: &Training, most: usize| {
        let mlp = Mlp::random(&[6, 8, 3], Activation::Tanh, Activation::Softmax, &mut streams.generator("init", 0));
        let mut told = 0;
        Fit::new(mlp, data(), data(), training, streams.of("t")).and_then(|fit| {
            fit.complete(&mut |_| {
                told += 1;
                if told < most { Continue(()) } else { Break(()) }
            })
        })
    };
    assert_eq!(run(&training(0.1, 7, 0), 100).unwrap().stop, Stop::Epochs);
    assert_eq!(run(&training(0.1, 7, 0), 3).unwrap_err(), NnError::Stopped(Stopped));
    let (a, b) = (run(&training(0.1, 7, 0), 100).unwrap(), run(&training(0.1, 7, 0), 100).unwrap());
    assert_eq!((a.mlp, a.curve), (b.mlp, b.curve), "one seed, one result");
    // A test set with other labels: what is learnt only harms there.
    let wrong: Vec<usize> = classes.iter().map(|c| (c + 1) % 3).collect();
    let mlp = Mlp::random(&[6, 8, 3], Activation::Tanh, Activation::Softmax, &mut streams.generator("init", 0));
    let test = Data { x: x.view().into(), targets: Targets::Classes(&wrong) };
    let stopped = train(mlp, data(), test, &training(0.1, 100, 4), streams.of("t")).unwrap();
    assert_eq!((stopped.stop, stopped.curve.len()), (Stop::Patience, stopped.epoch + 4));
    assert!(stopped.curve.len() < 100 && stopped.curve[3].train_cost < stopped.curve[0].train_cost);
    // The constraint holds for all weights, the biases are free.
    let mut bound = training(0.5, 50, 0);
    bound.descent.regulariser = Regulariser { max_norm: Some(0.125), ..Regulariser::default() };
    let bounded = run(&bound, 1000).unwrap().mlp;
    assert!(bounded.weights_above(0.125) == 0 && bounded.weights_above(0.1249) > 0);
    assert!(bounded.layers.iter().any(|l| l.bias.iter().any(|b| b.abs() > 0.125)));
}

/// L_1 makes weights vanish that carry nothing; L_2 of the same cost leaves them small but not zero.
#[test]
fn l1_selects_inputs() {
    let mut random = Streams::new(1).generator("test/l1", 0);
    let x = Array2::from_shape_simple_fn((400, 20), || random.random::<f32>() * 2.0 - 1.0);
    let y = Array2::from_shape_fn((400, 1), |(i, _)| x[[i, 3]] - x[[i, 11]] + random.random::<f32>() - 0.5);
    let count = |regulariser: Regulariser| {
        let streams = Streams::new(1);
        let rule = Rule::Momentum(Momentum::default());
        let training = Training {
            epochs: 400,
            batching: Batching::Full,
            descent: Descent { regulariser, ..Descent::new(rule, 0.01) },
            cost: Cost::SquaredError,
            patience: 0,
        };
        let data = || Data { x: x.view().into(), targets: Targets::Values(y.view()) };
        let mlp = Mlp::random(&[20, 1], Activation::Linear, Activation::Linear, &mut streams.generator("init", 0));
        train(mlp, data(), data(), &training, streams.of("l1")).expect("finite").mlp.weights_above(0.012)
    };
    let l1 = count(Regulariser { lambda_w: 0.05, ..Regulariser::default() });
    let l2 = count(Regulariser { mu_w: 0.05, ..Regulariser::default() });
    assert!(l1 == 2 && l2 > 8, "{l1} weights left by L_1, {l2} by L_2");
}

#[test]
fn what_cannot_learn_is_refused() {
    let (x, classes) = classes();
    let data = || Data { x: x.view().into(), targets: Targets::Classes(&classes) };
    let streams = Streams::new(1);
    let refused = |hidden, output, training: &Training| {
        let mlp = Mlp::random(&[6, 4, 3], hidden, output, &mut streams.generator("init", 0));
        train(mlp, data(), data(), training, streams.of("t")).unwrap_err()
    };
    let good = training(0.1, 5, 0);
    assert_eq!(refused(Activation::Step, Activation::Softmax, &good), NnError::NoGradient);
    let mismatch = refused(Activation::Tanh, Activation::Sigmoid, &good).to_string();
    assert!(mismatch.contains("use \"cross-entropy\" or \"squared-error\""), "{mismatch}");
    let soft = |training: &Training| refused(Activation::Tanh, Activation::Softmax, training).to_string();
    assert_eq!(soft(&training(-0.5, 5, 0)), "learning_rate = -0.5: must be > 0 and finite");
    assert_eq!(soft(&training(0.5, 0, 0)), "epochs = 0: must be at least 1");
    let none = Training { batching: Batching::Mini { size: 0, repeats: true }, ..good };
    assert_eq!(soft(&none), "batch = 0: must be at least 1");
}
