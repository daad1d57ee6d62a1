//! Training on samples of which some values are unknown: the law that made them is learnt, not that of what stands in
//! the gaps.

use ndarray::Array2;
use rand::RngExt;
use rgflow::learning::{Batching, Descent, Fall, Rule, Sgd};
use rgflow::random::Streams;
use rgflow::rbm::{Method, Rbm, Trainer, Training};

/// 10,000 samples of the law of a machine of five spins, of which 40 % of the values are unknown and filled by fair
/// coins. A machine of as many units that knows which they are comes to KL < 0.02 of the law (31 free probabilities
/// from 10,000 samples with 3 of 5 values known: about 0.005), for small machines, bits in blocks and the exact
/// gradient; one that takes the coins for data ends ten times as far away.
#[test]
fn gaps_are_not_learnt() {
    let streams = Streams::new(1);
    let mut truth = Rbm::random(5, 2, 0.7, &mut streams.generator("test/truth", 0));
    truth.weights.iter_mut().for_each(|w| *w *= 1.5);
    let law = truth.visible_law().unwrap();
    let mut random = streams.generator("test/samples", 0);
    let unknown = Array2::from_shape_simple_fn((10_000, 5), || random.random_bool(0.4));
    let mut data = Array2::zeros((10_000, 5));
    for (mut row, unknown) in data.rows_mut().into_iter().zip(unknown.rows()) {
        let mut at: f64 = random.random();
        let state = law.iter().position(|p| {
            at -= p;
            at < 0.0
        });
        for (i, v) in row.iter_mut().enumerate() {
            let up = if unknown[i] { random.random() } else { state.unwrap_or(31) >> i & 1 == 1 };
            *v = if up { 1.0f32 } else { -1.0 };
        }
    }
    let run = |hidden: usize, method: Method, knows: bool| {
        let descent = Descent { fall: Some(Fall { from: 3000, until: 6000 }), ..Descent::new(Rule::Sgd(Sgd), 0.1) };
        let batching = Batching::Mini { size: 100, repeats: false };
        let training = Training { batching, descent, method, cd_steps: 2, ..Training::default() };
        let start = Rbm::random(5, hidden, 0.1, &mut streams.generator("test/init", 0));
        let mut trainer = Trainer::new(start, data.view(), &training, streams.of("test")).unwrap();
        if knows {
            trainer = trainer.with_unknown(unknown.view(), streams.bulk("test/unknown", 0)).unwrap();
        }
        (0..6000).for_each(|_| trainer.update());
        trainer.rbm().divergences(law.as_slice().unwrap()).unwrap().kl
    };
    let blind = run(4, Method::Pcd, false);
    for (hidden, method) in [(4, Method::Pcd), (6, Method::Pcd), (4, Method::Exact)] {
        let kl = run(hidden, method, true);
        assert!(kl < 0.02 && blind > 10.0 * kl, "{hidden} hidden units, {method}: KL {kl}, {blind} without marks");
    }
}
