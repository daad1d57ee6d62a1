//! One update by contrastive divergence: the gradient of the likelihood from k steps of a Gibbs chain.
//!
//! Positive phase: v0 clamped to data, hidden units by their expectation. Negative phase: hidden units drawn, k steps, hidden
//! units of the last step by their expectation again (Hinton 2002; thesis eqs 2.4.24-2.4.26). The chain starts at the data
//! (CD-k), or goes on from where the update before left it (persistent chains, PCD-k: Tieleman 2008).

use super::samples::Prepared;
use super::{Chains, Kernel, Rbm};
use crate::kernel::product::gemm;
use crate::kernel::subset_sums::{ByUnit, Pair, Scratch, outer};
use crate::learning::{Descent, Optimiser};
use crate::random::Bulk;
use ndarray::Array2;

/// Rows whose f32 sum is taken before it is added in f64.
const ROWS: usize = 64;

/// A machine in training, with what its updates need: an update allocates nothing.
pub(super) struct Contrastive {
    batch: usize,
    steps: usize,
    kernel: Kernel,
    chains: Chains,
    /// Chains of the negative phase where they do not start at the data.
    persistent: Option<Chains>,
    begun: bool,
    random: Bulk,
    /// Expectations of the hidden units of both phases, each padded by rows of zeros to a multiple of four; the second is
    /// negated, so that one product gives the difference.
    h: Array2<f32>,
    /// Visible bits of both phases by unit, and values where a phase is real, in the same rows as `h`.
    units: ByUnit,
    counts: [Vec<u32>; 2],
    values: Array2<f32>,
    sums: Scratch,
    weights: (Array2<f32>, Optimiser),
    visible: Biases,
    hidden: Biases,
}

impl Contrastive {
    pub(super) fn new(
        rbm: Rbm,
        batch: usize,
        (steps, persistent): (usize, bool),
        descent: Descent,
        random: Bulk,
    ) -> Self {
        let kernel = Kernel::changing(rbm);
        let chains = Chains::new(&kernel, batch);
        let (n, m) = kernel.rbm().weights.dim();
        let rows = 2 * batch.next_multiple_of(4);
        let bits = kernel.rbm().visible_units().levels().is_some();
        Self {
            batch,
            steps,
            persistent: persistent.then(|| chains.clone()),
            begun: false,
            kernel,
            chains,
            random,
            h: Array2::zeros((rows, m)),
            units: ByUnit::new(if bits { n } else { 0 }, rows / 4),
            counts: [vec![0; n], vec![0; n]],
            values: Array2::zeros((0, n)),
            sums: Scratch::new(),
            weights: (Array2::zeros((n, m)), descent.weights(n * m)),
            visible: Biases::new(n, &descent),
            hidden: Biases::new(m, &descent),
        }
    }

    /// The machine.
    pub(super) fn rbm(&self) -> &Rbm {
        self.kernel.rbm()
    }

    /// Changes the machine by the samples `rows` of `data`, as many as a batch.
    pub(super) fn update(&mut self, data: &Prepared, rows: &[usize]) {
        data.put(rows, &mut self.chains);
        if let (Some(persistent), false) = (&mut self.persistent, self.begun) {
            data.put(rows, persistent);
            self.begun = true;
        }
        let real = self.chains.visible_bits().is_none();
        if real && self.values.nrows() != self.h.nrows() {
            self.values = Array2::zeros((self.h.nrows(), self.values.ncols()));
        }
        self.run_phases(real);
        self.climb(real);
    }

    /// Fills `h`, and `units` or `values`.
    fn run_phases(&mut self, real: bool) {
        let (m, half) = (self.h.ncols(), self.h.nrows() / 2);
        let (h_data, h_model) = self.h.as_slice_mut().expect("standard layout").split_at_mut(half * m);
        let note = |chains: &Chains, phase: usize, units: &mut ByUnit, values: &mut Array2<f32>| {
            let n = values.ncols();
            match chains.visible_bits() {
                Some(bits) if !real => units.put(bits, phase * half / 4),
                _ => {
                    let first = phase * half * n;
                    let values = values.as_slice_mut().expect("standard layout");
                    chains.write_visible(&mut values[first..first + self.batch * n]);
                }
            }
        };
        note(&self.chains, 0, &mut self.units, &mut self.values);
        // The fields that this leaves are those of the first draw of chains that start at the data.
        self.chains.hidden_means(&self.kernel, &mut h_data[..self.batch * m]);
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
        note(chains, 1, &mut self.units, &mut self.values);
        let h_model = &mut h_model[..self.batch * m];
        chains.hidden_means(&self.kernel, h_model);
        h_model.iter_mut().for_each(|h| *h = -*h);
    }

    /// Climbs the gradient (thesis eqs 2.4.26 with the opposite sign): the sums of both phases over the batch.
    fn climb(&mut self, real: bool) {
        let scale = -1.0 / self.batch as f64;
        let (gradient, optimiser) = &mut self.weights;
        let (rows, m) = self.h.dim();
        let h = self.h.as_slice().expect("standard layout");
        let levels = self.kernel.rbm().visible_units().levels();
        match levels.filter(|_| !real) {
            Some(levels) => {
                let pair = Pair { low: levels.low(), delta: levels.delta() };
                let gradient = gradient.as_slice_mut().expect("standard layout");
                outer(&self.units, pair, h, m, gradient, &mut self.sums);
                // The difference of two counts is exact, and low cancels.
                let [data, model] = &mut self.counts;
                self.units.count(0..rows / 8, data);
                self.units.count(rows / 8..rows / 4, model);
                for (sum, (data, model)) in self.visible.sum.iter_mut().zip(data.iter().zip(model)) {
                    *sum = f64::from(pair.delta) * (f64::from(*data) - f64::from(*model));
                }
            }
            None => {
                gemm(self.values.t(), self.h.view(), 0.0, gradient.view_mut());
                let values = self.values.as_slice().expect("standard layout");
                let (data, model) = values.split_at(values.len() / 2);
                self.visible.add_rows(data, 1.0);
                self.visible.add_rows(model, -1.0);
            }
        }
        self.hidden.add_rows(h, 1.0);
        let rbm = self.kernel.rbm_mut();
        let weights = rbm.weights.as_slice_mut().expect("standard layout");
        optimiser.update(weights, gradient.as_slice().expect("standard layout"), scale);
        self.visible.update(rbm.visible_bias.as_slice_mut().expect("contiguous"), scale);
        self.hidden.update(rbm.hidden_bias.as_slice_mut().expect("contiguous"), scale);
    }
}

/// Biases of a layer: the sum of their gradient over a batch, and its optimiser.
struct Biases {
    sum: Vec<f64>,
    part: Vec<f32>,
    optimiser: Optimiser,
}

impl Biases {
    fn new(n: usize, descent: &Descent) -> Self {
        Self { sum: vec![0.0; n], part: vec![0.0; n], optimiser: descent.biases(n) }
    }

    /// Adds `weight` times the sum of the rows of `values`.
    fn add_rows(&mut self, values: &[f32], weight: f64) {
        let n = self.part.len();
        for rows in values.chunks(ROWS * n) {
            self.part.fill(0.0);
            for row in rows.chunks_exact(n) {
                self.part.iter_mut().zip(row).for_each(|(p, x)| *p += x);
            }
            self.sum.iter_mut().zip(&self.part).for_each(|(s, p)| *s += weight * f64::from(*p));
        }
    }

    /// One update against `scale` times the sum, which starts anew.
    fn update(&mut self, biases: &mut [f32], scale: f64) {
        self.part.iter_mut().zip(&self.sum).for_each(|(p, s)| *p = (scale * s) as f32);
        self.optimiser.update(biases, &self.part, 1.0);
        self.sum.fill(0.0);
    }
}
