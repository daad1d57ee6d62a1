//! Contrastive divergence: the gradient of the likelihood from k steps of a Gibbs chain that starts at the data.
//!
//! Positive phase: v0 clamped to data, hidden units by their expectation. Negative phase: hidden units drawn, k steps, hidden
//! units of the last step by their expectation again (Hinton 2002; thesis eqs 2.4.24-2.4.26).

use super::{Chains, Kernel, Rbm};
use crate::kernel::product::gemm;
use crate::kernel::spins::{packed_len, unpack};
use crate::kernel::vector::tanh;
use crate::learning::{EarlyStopping, permutation};
use crate::random::Streams;
use ndarray::{Array2, ArrayView2};

/// How a machine is trained.
#[derive(Clone, Debug)]
pub struct Training {
    /// Number of updates of the machine that is returned.
    pub updates: usize,
    /// Samples per update.
    pub batch: usize,
    /// Learning rate of plain gradient ascent on the likelihood.
    pub learning_rate: f32,
    /// Gibbs steps k of the negative phase.
    pub cd_steps: usize,
    /// Updates between two evaluations of the test set's reconstruction cost.
    pub evaluate_every: usize,
    /// Evaluations without a new minimum before stopping; 0 = never.
    pub patience: usize,
    /// Numbers of updates after which a snapshot is kept; where they exceed `updates`, or early stopping has come, the training
    /// goes on for them alone.
    pub snapshots: Vec<usize>,
}

/// One evaluation during training.
#[derive(Clone, Copy, Debug)]
pub struct Metrics {
    /// Updates so far.
    pub update: usize,
    /// Reconstruction cost of the test set per sample, E = sum_i (v_i - v'_i)^2 / 2 with mean-field v' (thesis section 4.5).
    pub test_reconstruction: f64,
    /// Mean squared weight.
    pub weight_square: f64,
}

/// The machine after some number of updates.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Updates so far.
    pub update: usize,
    /// The machine.
    pub rbm: Rbm,
}

/// What a training gives.
#[derive(Clone, Debug)]
pub struct Trained {
    /// The machine: of the lowest test cost with early stopping, else after `updates` updates.
    pub rbm: Rbm,
    /// Updates behind it.
    pub update: usize,
    /// Evaluations, also of the updates beyond those of the machine.
    pub metrics: Vec<Metrics>,
    /// Snapshots asked for.
    pub snapshots: Vec<Snapshot>,
}

/// Trains `rbm` on packed spins.
///
/// `data`: packed rows (see [`crate::kernel::spins`]) of `rbm.n_visible()` spins; `test`: shape (n, n_visible), values -1 and
/// +1. The data is shuffled afresh each pass; a last batch that is not full is left out. `progress` is called at each evaluation;
/// `false` stops at once.
///
/// # Errors
/// A sentence, if there are fewer samples than a batch or if a parameter stops being finite.
pub fn train(
    mut rbm: Rbm,
    data: &[u8],
    test: ArrayView2<f32>,
    training: &Training,
    streams: Streams,
    purpose: &str,
    progress: &mut dyn FnMut(Metrics) -> bool,
) -> Result<Trained, String> {
    let (n_visible, n_hidden) = (rbm.n_visible(), rbm.n_hidden());
    let bytes = packed_len(n_visible);
    let n = data.len() / bytes;
    let batch = training.batch;
    if n < batch {
        return Err(format!("the training set has {n} samples, fewer than a batch of {batch}: lower the batch size"));
    }
    let mut kernel = Kernel::new(&rbm);
    let mut chains = Chains::new(&kernel, batch);
    let mut random = streams.bulk(&format!("{purpose}/gibbs"), 0);
    let shuffle = format!("{purpose}/shuffle");
    let (mut order, mut pass, mut at) = (Vec::new(), 0, n);
    // Rows of both phases, one after the other, so that one product gives their difference.
    let mut v = Array2::<f32>::zeros((2 * batch, n_visible));
    let mut h = Array2::<f32>::zeros((2 * batch, n_hidden));
    let rate = training.learning_rate / batch as f32;
    let mut gradient = Array2::<f32>::zeros((n_visible, n_hidden));
    let mut stopping = EarlyStopping::new(training.patience);
    let (mut metrics, mut snapshots) = (Vec::new(), Vec::new());
    let longest = training.snapshots.iter().copied().max().unwrap_or(0).max(training.updates);
    // The machine to return, once it is known.
    let mut chosen: Option<(usize, Rbm)> = None;
    if training.snapshots.contains(&0) {
        snapshots.push(Snapshot { update: 0, rbm: rbm.clone() });
    }
    for update in 1..=longest {
        if at + batch > n {
            order = permutation(n, &mut streams.generator(&shuffle, pass));
            (pass, at) = (pass + 1, 0);
        }
        for (row, i) in chains.visible.chunks_exact_mut(bytes).zip(&order[at..at + batch]) {
            row.copy_from_slice(&data[i * bytes..(i + 1) * bytes]);
        }
        at += batch;
        {
            let v = v.as_slice_mut().expect("standard layout");
            let h = h.as_slice_mut().expect("standard layout");
            unpack(&chains.visible, n_visible, &mut v[..batch * n_visible]);
            hidden_means(&mut chains, &kernel, n_hidden, &mut h[..batch * n_hidden]);
            for step in 0..training.cd_steps {
                if step > 0 {
                    chains.hidden_fields(&kernel);
                }
                chains.draw_hidden(&kernel, &mut random);
                chains.draw_visible(&kernel, &mut random);
            }
            unpack(&chains.visible, n_visible, &mut v[batch * n_visible..]);
            hidden_means(&mut chains, &kernel, n_hidden, &mut h[batch * n_hidden..]);
            for value in &mut h[batch * n_hidden..] {
                *value = -*value;
            }
        }
        gemm(v.t(), h.view(), 0.0, gradient.view_mut());
        rbm.weights.zip_mut_with(&gradient, |w, g| *w += rate * g);
        for row in h.rows() {
            rbm.hidden_bias.zip_mut_with(&row, |c, h| *c += rate * h);
        }
        for (r, row) in v.rows().into_iter().enumerate() {
            let signed = if r < batch { rate } else { -rate };
            rbm.visible_bias.zip_mut_with(&row, |b, v| *b += signed * v);
        }
        kernel.rebuild(&rbm);
        if training.snapshots.contains(&update) {
            snapshots.push(Snapshot { update, rbm: rbm.clone() });
        }
        if update.is_multiple_of(training.evaluate_every) || update == training.updates || update == longest {
            if !rbm.is_finite() {
                return Err(format!(
                    "a parameter of the machine is not finite after {update} updates with learning rate {}: lower it",
                    training.learning_rate
                ));
            }
            let now = Metrics {
                update,
                test_reconstruction: rbm.reconstruction_cost(test),
                weight_square: rbm.weights.iter().map(|w| (*w as f64).powi(2)).sum::<f64>() / rbm.weights.len() as f64,
            };
            metrics.push(now);
            if chosen.is_none() {
                let stop = training.patience > 0 && stopping.observe(update, now.test_reconstruction, &rbm);
                if stop || update == training.updates {
                    chosen = Some(match std::mem::replace(&mut stopping, EarlyStopping::new(0)).into_best() {
                        Some((update, _, best)) => (update, best),
                        None => (update, rbm.clone()),
                    });
                }
            }
            let done = chosen.is_some() && training.snapshots.iter().all(|s| *s <= update);
            if !progress(now) || done {
                break;
            }
        }
    }
    let (update, rbm) = chosen.unwrap_or((0, rbm));
    Ok(Trained { rbm, update, metrics, snapshots })
}

/// Expectations of the hidden units, unpadded; leaves the fields in `chains` for drawing.
fn hidden_means(chains: &mut Chains, kernel: &Kernel, n_hidden: usize, h: &mut [f32]) {
    let stride = Chains::hidden_stride(kernel);
    let fields = chains.hidden_fields(kernel);
    for (from, to) in fields.chunks_exact(stride).zip(h.chunks_exact_mut(n_hidden)) {
        to.copy_from_slice(&from[..n_hidden]);
    }
    tanh(h);
}

impl Rbm {
    /// Mean reconstruction cost sum_i (v_i - v'_i)^2 / 2 per sample, v' from one mean-field step (thesis section 4.5).
    ///
    /// `v`: shape (n, n_visible).
    pub fn reconstruction_cost(&self, v: ArrayView2<f32>) -> f64 {
        let mut h = Array2::zeros((v.nrows(), self.n_hidden()));
        let mut back = Array2::zeros(v.dim());
        self.hidden_mean(v, &mut h);
        self.visible_mean(h.view(), &mut back);
        v.iter().zip(&back).map(|(a, b)| ((a - b) as f64).powi(2)).sum::<f64>() / (2 * v.nrows()) as f64
    }
}
