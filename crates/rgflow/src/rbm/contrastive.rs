//! One update by contrastive divergence: the gradient of the likelihood from k steps of a Gibbs chain.
//!
//! Positive phase: v0 clamped to data, hidden units by their expectation. Negative phase: hidden units drawn, k steps, hidden
//! units of the last step by their expectation again (Hinton 2002; thesis eqs 2.4.24-2.4.26). The chain starts at the data
//! (CD-k), or goes on from where the update before left it (persistent chains, PCD-k: Tieleman 2008).

use super::samples::Prepared;
use super::{Chains, Kernel, Rbm};
use crate::kernel::product::gemm;
use crate::learning::{Descent, Optimiser, Rule};
use crate::random::Bulk;
use ndarray::{Array1, Array2, ArrayView1};

/// Largest batch whose samples move the biases in turn.
const SMALL_BATCH: usize = 1000;

/// What updates need beside the machine; an update allocates nothing.
pub(super) struct Contrastive {
    batch: usize,
    steps: usize,
    kernel: Kernel,
    chains: Chains,
    /// Chains of the negative phase where they do not start at the data.
    persistent: Option<Chains>,
    begun: bool,
    random: Bulk,
    /// Visible states of both phases, one after the other, shape (2 batch, n_visible).
    v: Array2<f32>,
    /// Expectations of the hidden units of both phases, the second negated, so that one product gives the difference.
    h: Array2<f32>,
    weights: (Array2<f32>, Optimiser),
    visible: Biases,
    hidden: Biases,
    descent: Descent,
}

impl Contrastive {
    pub(super) fn new(
        rbm: &Rbm,
        batch: usize,
        (steps, persistent): (usize, bool),
        descent: Descent,
        random: Bulk,
    ) -> Self {
        let kernel = Kernel::new(rbm);
        let chains = Chains::new(&kernel, batch);
        let (n, m) = rbm.weights.dim();
        Self {
            batch,
            steps,
            persistent: persistent.then(|| chains.clone()),
            begun: false,
            kernel,
            chains,
            random,
            v: Array2::zeros((2 * batch, n)),
            h: Array2::zeros((2 * batch, m)),
            weights: (Array2::zeros((n, m)), descent.weights(n * m)),
            visible: Biases::new(n, &descent),
            hidden: Biases::new(m, &descent),
            descent,
        }
    }

    /// Changes `rbm` by the samples `rows` of `data`, as many as a batch.
    pub(super) fn update(&mut self, rbm: &mut Rbm, data: &Prepared, rows: &[usize]) {
        data.put(rows, &mut self.chains);
        if let (Some(persistent), false) = (&mut self.persistent, self.begun) {
            data.put(rows, persistent);
            self.begun = true;
        }
        self.run_phases();
        self.climb(rbm);
        self.kernel.rebuild(rbm);
    }

    /// Fills `v` and `h`.
    fn run_phases(&mut self) {
        let (n, m) = (self.v.ncols(), self.h.ncols());
        let (v_data, v_model) = self.v.as_slice_mut().expect("standard layout").split_at_mut(self.batch * n);
        let (h_data, h_model) = self.h.as_slice_mut().expect("standard layout").split_at_mut(self.batch * m);
        self.chains.write_visible(v_data);
        // The fields that this leaves are those of the first draw of chains that start at the data.
        self.chains.hidden_means(&self.kernel, h_data);
        let chains = match &mut self.persistent {
            None => &mut self.chains,
            Some(chains) => {
                chains.hidden_fields(&self.kernel);
                chains
            }
        };
        for step in 0..self.steps {
            if step > 0 {
                chains.hidden_fields(&self.kernel);
            }
            chains.draw_hidden(&self.kernel, &mut self.random);
            chains.draw_visible(&self.kernel, &mut self.random);
        }
        chains.write_visible(v_model);
        chains.hidden_means(&self.kernel, h_model);
        h_model.iter_mut().for_each(|h| *h = -*h);
    }

    /// Climbs the gradient (thesis eqs 2.4.26 with the opposite sign): the sums of both phases over the batch.
    fn climb(&mut self, rbm: &mut Rbm) {
        let scale = -1.0 / self.batch as f64;
        let (gradient, optimiser) = &mut self.weights;
        gemm(self.v.t(), self.h.view(), 0.0, gradient.view_mut());
        let done = optimiser.updates();
        optimiser.update(
            rbm.weights.as_slice_mut().expect("standard layout"),
            gradient.as_slice().expect("standard layout"),
            scale,
        );
        let (batch, plain) = (self.batch, self.plain_biases());
        let signed = |row: usize, x: f32| if row < batch { x } else { -x };
        if plain {
            let rate = (self.descent.rate_after(done) * -scale) as f32;
            for row in self.h.rows() {
                rbm.hidden_bias.zip_mut_with(&row, |c, h| *c += rate * h);
            }
            for (r, row) in self.v.rows().into_iter().enumerate() {
                let rate = signed(r, rate);
                rbm.visible_bias.zip_mut_with(&row, |b, v| *b += rate * v);
            }
            return;
        }
        self.hidden.update(&mut rbm.hidden_bias, scale, self.h.rows().into_iter().map(|row| (1.0, row)));
        let rows = self.v.rows().into_iter().enumerate().map(|(r, row)| (signed(r, 1.0), row));
        self.visible.update(&mut rbm.visible_bias, scale, rows);
    }

    /// Whether each sample moves the biases in turn, without a sum before: the order of additions of plain ascent with small
    /// batches since version 0.1, kept so that the same seeds give the same machines. In a large batch the terms would
    /// fall below the rounding of the biases.
    fn plain_biases(&self) -> bool {
        let penalty = self.descent.regulariser.biases();
        let plain = matches!(self.descent.rule, Rule::Sgd(_)) && penalty.l1 == 0.0 && penalty.l2 == 0.0;
        plain && self.batch <= SMALL_BATCH
    }
}

/// Biases of a layer: their gradient and its optimiser.
struct Biases {
    sum: Vec<f64>,
    gradient: Vec<f32>,
    optimiser: Optimiser,
}

impl Biases {
    fn new(n: usize, descent: &Descent) -> Self {
        Self { sum: vec![0.0; n], gradient: vec![0.0; n], optimiser: descent.biases(n) }
    }

    /// One update against `scale` times the sum of the weighted rows, which is taken in f64.
    fn update<'a>(
        &mut self,
        biases: &mut Array1<f32>,
        scale: f64,
        rows: impl Iterator<Item = (f32, ArrayView1<'a, f32>)>,
    ) {
        self.sum.fill(0.0);
        for (weight, row) in rows {
            self.sum.iter_mut().zip(row).for_each(|(s, x)| *s += f64::from(weight * x));
        }
        self.gradient.iter_mut().zip(&self.sum).for_each(|(g, s)| *g = (scale * s) as f32);
        self.optimiser.update(biases.as_slice_mut().expect("contiguous"), &self.gradient, 1.0);
    }
}
