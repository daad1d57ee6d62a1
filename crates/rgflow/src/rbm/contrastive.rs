//! One update by contrastive divergence: the gradient of the likelihood from k steps of a Gibbs chain.
//!
//! Positive phase: v0 clamped to data, hidden units by their expectation. Negative phase: hidden units drawn, k steps,
//! hidden units of the last step by their expectation again (Hinton 2002; thesis eqs 2.4.24-2.4.26). The chain starts
//! at the data (CD-k), or goes on from where the update before left it (persistent chains, PCD-k: Tieleman 2008).

use super::aided::Aided;
use super::phases::{Offsets, Phases, Sums};
use super::samples::Prepared;
use super::{Chains, Kernel, Rbm};
use crate::kernel::product::gemm;
use crate::learning::{Descent, Optimiser, square};
use crate::random::Bulk;
use crate::restart::{Unfit, decode, encode};
use ndarray::Array2;

/// Rows whose f32 sum is taken before it is added in f64.
const ROWS: usize = 64;

/// A machine with real units or real data in training (for bits see [`super::bitwise`]), with what its updates need: an
/// update allocates nothing but what the matrix products pack.
pub(super) struct Contrastive {
    phases: Phases,
    kernel: Kernel,
    chains: Chains,
    /// Chains of the negative phase where they do not start at the data.
    persistent: Option<Chains>,
    /// Source of their states where these are not made by Gibbs steps.
    aided: Option<Aided>,
    random: Bulk,
    /// Expectations of the hidden units of both phases; the second is negated, so that one product gives the
    /// difference.
    h: Array2<f32>,
    /// Visible values in the same rows as `h`.
    values: Array2<f32>,
    weights: (Array2<f32>, Optimiser),
    visible: Biases,
    visible_sum: Vec<f64>,
    hidden: Biases,
    hidden_sum: Vec<f64>,
    offsets: Option<Offsets>,
    descent: Descent,
}

impl Contrastive {
    pub(super) fn new(rbm: Rbm, phases: Phases, descent: Descent, random: Bulk) -> Self {
        let Phases { batch, chains: count, .. } = phases;
        let kernel = Kernel::changing(rbm);
        let chains = Chains::new(&kernel, batch);
        let (n, m) = kernel.rbm().weights.dim();
        Self {
            phases,
            persistent: phases.persistent.then(|| Chains::new(&kernel, count)),
            aided: None,
            kernel,
            chains,
            random,
            h: Array2::zeros((batch + count, m)),
            values: Array2::zeros((batch + count, n)),
            weights: (Array2::zeros((n, m)), descent.weights(n * m)),
            visible: Biases::new(n, &descent),
            visible_sum: vec![0.0; n],
            hidden: Biases::new(m, &descent),
            hidden_sum: vec![0.0; m],
            offsets: phases.centred.then(|| Offsets::new(n, m)),
            descent,
        }
    }

    /// The same whose chains are the cold ones of `aided`.
    pub(super) fn aided(self, aided: Aided) -> Self {
        Self { aided: Some(aided), ..self }
    }

    /// Machines whose chains make steps.
    pub(super) fn machines(&self) -> usize {
        self.aided.as_ref().map_or(1, Aided::machines)
    }

    /// The machine.
    pub(super) fn rbm(&self) -> &Rbm {
        self.kernel.rbm()
    }

    /// All that updates go on from.
    pub(super) fn save(&self) -> Vec<u8> {
        let rules = [self.weights.1.state(), self.visible.state(), self.hidden.state()];
        let chains = self.persistent.as_ref().map(Chains::save);
        let aided = self.aided.as_ref().map(Aided::save);
        encode(&(self.rbm().parameters(), rules, chains, aided, &self.offsets, &self.random))
    }

    /// Goes on from what [`Contrastive::save`] gave.
    pub(super) fn restore(&mut self, state: &[u8]) -> Result<(), Unfit> {
        type State = ([Vec<f32>; 3], [(u64, Vec<f32>); 3], Option<Vec<u8>>, Option<Vec<u8>>, Option<Offsets>, Bulk);
        let (parameters, [a, b, c], chains, aided, offsets, random): State = decode(state)?;
        *self.kernel.rbm_mut() = self.rbm().with_parameters(parameters)?;
        self.weights.1.restore(a.0, &a.1)?;
        self.visible.restore(b.0, &b.1)?;
        self.hidden.restore(c.0, &c.1)?;
        match (&mut self.persistent, chains) {
            (Some(chains), Some(state)) => chains.restore(&state)?,
            (None, None) => {}
            _ => return Err(Unfit),
        }
        let rbm = self.kernel.rbm();
        match (&mut self.aided, aided) {
            (Some(to), Some(state)) => to.restore(rbm, &state)?,
            (None, None) => {}
            _ => return Err(Unfit),
        }
        (self.offsets, self.random) = (Offsets::fitting(&self.offsets, offsets)?, random);
        Ok(())
    }

    /// Writes the visible units of the chains that go on.
    #[cfg(test)]
    pub(super) fn write_chains(&self, out: &mut [f32]) {
        self.persistent.iter().for_each(|chains| chains.write_visible(out));
    }

    /// Sets the chains of the negative phase to samples of `data`.
    pub(super) fn begin(&mut self, data: &Prepared, rows: &[usize]) {
        if let Some(persistent) = &mut self.persistent {
            data.put(rows, persistent);
        }
    }

    /// Changes the machine by the samples `rows` of `data`, as many as a batch.
    pub(super) fn update(&mut self, data: &Prepared, rows: &[usize]) {
        data.put(rows, &mut self.chains);
        self.run_phases();
        self.climb();
    }

    /// Fills `h` and `values`.
    fn run_phases(&mut self) {
        let (batch, weight) = (self.phases.batch, -self.phases.ratio() as f32);
        let (h, values) = (self.h.as_slice_mut().expect("standard layout"), self.values.as_slice_mut());
        let (h_data, h_model) = h.split_at_mut(batch * self.hidden.len());
        let values = values.expect("standard layout");
        let (data, model) = values.split_at_mut(batch * self.visible.len());
        self.chains.write_visible(data);
        // The fields that this leaves are those of the first draw of chains that start at the data.
        self.chains.hidden_means(&self.kernel, h_data);
        let (chains, steps) = match (&mut self.persistent, &mut self.aided) {
            (None, _) => (&mut self.chains, self.phases.steps),
            (Some(chains), Some(aided)) => {
                aided.advance(self.kernel.rbm(), self.phases.steps);
                chains.set_visible(aided.visible().view()).expect("as many rows and units");
                (chains, 0)
            }
            (Some(chains), None) => {
                chains.hidden_fields(&self.kernel);
                (chains, self.phases.steps)
            }
        };
        for step in 0..steps {
            if step > 0 {
                chains.hidden_fields(&self.kernel);
            }
            chains.draw_hidden(&self.kernel, &mut self.random);
            chains.draw_visible(&self.kernel, &mut self.random);
        }
        chains.write_visible(model);
        chains.hidden_means(&self.kernel, h_model);
        h_model.iter_mut().for_each(|h| *h *= weight);
    }

    /// Climbs the gradient (thesis eqs 2.4.26 with the opposite sign): the sums of both phases over the batch.
    fn climb(&mut self) {
        let (batch, ratio) = (self.phases.batch, self.phases.ratio());
        let scale = -1.0 / batch as f64;
        let (gradient, optimiser) = &mut self.weights;
        gemm(self.values.t(), self.h.view(), 0.0, gradient.view_mut());
        let (values, h) =
            (self.values.as_slice().expect("standard layout"), self.h.as_slice().expect("standard layout"));
        let (data, model) = values.split_at(batch * self.visible.len());
        self.visible.sum_rows(&[(data, 1.0), (model, -ratio)], &mut self.visible_sum);
        self.hidden.sum_rows(&[(h, 1.0)], &mut self.hidden_sum);
        if let Some(offsets) = &mut self.offsets {
            let mut rest = vec![0.0; self.visible_sum.len()];
            let gradient = gradient.as_slice_mut().expect("standard layout");
            let sums = Sums { first: 0, weights: gradient, visible: &self.visible_sum, hidden: &mut self.hidden_sum };
            offsets.centre(sums, &mut rest);
            self.visible_sum.iter_mut().zip(&rest).for_each(|(sum, rest)| *sum += rest);
            let mut means = vec![0.0; self.hidden_sum.len()];
            self.hidden.sum_rows(&[(&h[..batch * self.hidden.len()], 1.0 / batch as f64)], &mut means);
            offsets.observe_hidden(0, means.into_iter());
            self.visible.sum_rows(&[(data, 1.0 / batch as f64)], &mut rest);
            offsets.observe_visible(rest.into_iter());
        }
        let rbm = self.kernel.rbm_mut();
        let weights = rbm.weights.as_slice_mut().expect("standard layout");
        let gradient = gradient.as_slice().expect("standard layout");
        let scale = scale * clipping(&self.descent, gradient, [&self.visible_sum, &self.hidden_sum], scale);
        optimiser.update(weights, gradient, scale);
        let bias = rbm.visible_bias.as_slice_mut().expect("contiguous");
        self.visible.update(bias, &self.visible_sum, scale);
        self.hidden.update(rbm.hidden_bias.as_slice_mut().expect("contiguous"), &self.hidden_sum, scale);
    }
}

/// [`Descent::clipping`] of the gradient `scale` times `weights` and the `sums` of both layers.
pub(super) fn clipping(descent: &Descent, weights: &[f32], sums: [&[f64]; 2], scale: f64) -> f64 {
    if descent.clip.is_none() {
        return 1.0;
    }
    let biases: f64 = sums.into_iter().flatten().map(|sum| sum * sum).sum();
    descent.clipping((square(weights) + biases) * scale * scale)
}

/// The optimiser of the biases of a layer, and space for their gradient.
pub(super) struct Biases {
    part: Vec<f32>,
    optimiser: Optimiser,
}

impl Biases {
    pub(super) fn new(n: usize, descent: &Descent) -> Self {
        Self { part: vec![0.0; n], optimiser: descent.biases(n) }
    }

    /// Number of units.
    pub(super) fn len(&self) -> usize {
        self.part.len()
    }

    /// As [`Optimiser::state`].
    pub(super) fn state(&self) -> (u64, &[f32]) {
        self.optimiser.state()
    }

    /// As [`Optimiser::restore`].
    pub(super) fn restore(&mut self, updates: u64, memory: &[f32]) -> Result<(), Unfit> {
        self.optimiser.restore(updates, memory)
    }

    /// The sums of rows of values, each times its weight.
    fn sum_rows(&mut self, weighted: &[(&[f32], f64)], sums: &mut [f64]) {
        let n = self.part.len();
        sums.fill(0.0);
        for (values, weight) in weighted {
            for rows in values.chunks(ROWS * n) {
                self.part.fill(0.0);
                for row in rows.chunks_exact(n) {
                    self.part.iter_mut().zip(row).for_each(|(p, x)| *p += x);
                }
                sums.iter_mut().zip(&self.part).for_each(|(s, p)| *s += weight * f64::from(*p));
            }
        }
    }

    /// One update of the first n of `biases` against `scale` times `sums`.
    pub(super) fn update(&mut self, biases: &mut [f32], sums: &[f64], scale: f64) {
        self.part.iter_mut().zip(sums).for_each(|(p, s)| *p = (scale * s) as f32);
        self.optimiser.update(&mut biases[..self.part.len()], &self.part, 1.0);
    }
}
