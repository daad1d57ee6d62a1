//! Training of a perceptron: mini-batches without repeats, Adam, early stopping on a test set.

use super::Mlp;
use crate::learning::{Adam, Descent, EarlyStopping, Optimiser, Rule, permutation};
use crate::random::Streams;
use ndarray::{Array2, ArrayView2, Axis};

/// How a network is trained.
#[derive(Clone, Debug)]
pub struct Training {
    /// Most passes through the training set.
    pub epochs: usize,
    /// Samples per update.
    pub batch: usize,
    /// Adam's learning rate.
    pub learning_rate: f32,
    /// Epochs without a new minimum of the test cost before stopping; 0 = never stop.
    pub patience: usize,
}

/// Costs after one epoch, in nats.
#[derive(Clone, Copy, Debug)]
pub struct Epoch {
    /// Number of passes through the training set so far.
    pub epoch: usize,
    /// Mean cross-entropy of the first samples of the training set (at most 5000, fixed).
    pub train_cost: f64,
    /// Mean cross-entropy of the test set.
    pub test_cost: f64,
}

/// Trains `mlp` and returns the network of the best test cost with the learning curve.
///
/// `train`, `test`: inputs of shape (n, n_in) with classes of length n. The training set is shuffled afresh each epoch
/// from the stream `purpose/shuffle`. `progress` is called after each epoch; `false` stops early.
///
/// # Errors
/// A sentence, if the test cost was never finite (the training diverged).
pub fn train(
    mut mlp: Mlp,
    train: (ArrayView2<f32>, &[usize]),
    test: (ArrayView2<f32>, &[usize]),
    training: &Training,
    streams: Streams,
    purpose: &str,
    progress: &mut dyn FnMut(Epoch) -> bool,
) -> Result<(Mlp, Vec<Epoch>), String> {
    let (x, classes) = train;
    let n = x.nrows();
    let descent = Descent::new(Rule::Adam(Adam::default()), training.learning_rate);
    let mut optimisers: Vec<(Optimiser, Optimiser)> =
        mlp.layers.iter().map(|l| (descent.weights(l.weights.len()), descent.biases(l.bias.len()))).collect();
    let shown = n.min(5000);
    let picked: Vec<usize> = (0..shown).map(|i| i * n / shown).collect();
    let picked_x = x.select(Axis(0), &picked);
    let picked_classes: Vec<usize> = picked.iter().map(|i| classes[*i]).collect();
    let shuffle = format!("{purpose}/shuffle");
    let mut stopping = EarlyStopping::new(training.patience);
    let mut curve = Vec::new();
    let most = training.batch.min(n);
    let mut batch_x = Array2::zeros((most, x.ncols()));
    let mut batch_classes = vec![0; most];
    for epoch in 1..=training.epochs {
        let order = permutation(n, &mut streams.generator(&shuffle, epoch as u64));
        for batch in order.chunks(training.batch) {
            for (slot, i) in batch.iter().enumerate() {
                batch_x.row_mut(slot).assign(&x.row(*i));
                batch_classes[slot] = classes[*i];
            }
            let rows = batch.len();
            let gradient = mlp.gradient(batch_x.slice(ndarray::s![..rows, ..]), &batch_classes[..rows]);
            for ((layer, gradient), (weights, bias)) in mlp.layers.iter_mut().zip(&gradient).zip(&mut optimisers) {
                let (w, gw) = (layer.weights.as_slice_mut(), gradient.weights.as_slice());
                weights.update(w.expect("standard layout"), gw.expect("standard layout"), 1.0);
                let (b, gb) = (layer.bias.as_slice_mut(), gradient.bias.as_slice());
                bias.update(b.expect("contiguous"), gb.expect("contiguous"), 1.0);
            }
        }
        let costs = Epoch {
            epoch,
            train_cost: mlp.cross_entropy(picked_x.view(), &picked_classes),
            test_cost: mlp.cross_entropy(test.0, test.1),
        };
        curve.push(costs);
        let stop = stopping.observe(epoch, costs.test_cost, &mlp);
        if !progress(costs) || stop {
            break;
        }
    }
    match stopping.into_best() {
        Some((_, _, best)) => Ok((best, curve)),
        None => Err(format!(
            "the network's test cost was never finite with learning rate {}: lower it",
            training.learning_rate
        )),
    }
}
