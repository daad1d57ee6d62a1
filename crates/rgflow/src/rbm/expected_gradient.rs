//! Ascent of \<v h>_data - \<v h>_machine (thesis eq. 2.4.11) without chains: the second exactly, by enumeration, or
//! from expectation values iterated from the data (mean-field CD, thesis eqs 2.4.15, 2.4.24 and 2.4.25 read literally).

use super::contrastive::{Biases, clipping};
use super::phases::{Offsets, Phases, Sums};
use super::samples::Prepared;
use super::{Chains, Kernel, Layer, Rbm, RbmError};
use crate::kernel::product::gemm;
use crate::learning::{Descent, Optimiser};
use crate::restart::{Unfit, decode, encode};
use ndarray::{Array2, ArrayView1};

/// Source of the expectation values of the machine.
#[derive(Clone, Copy)]
enum Model {
    Exact,
    /// Steps of expectation values v -> h -> v from the data.
    MeanField(usize),
}

/// A machine in training, with what its updates need.
pub(super) struct Expected {
    model: Model,
    batch: usize,
    kernel: Kernel,
    /// Holds the samples of a batch.
    chains: Chains,
    /// Values of the visible units of the batch, and expectations of the hidden ones.
    values: Array2<f32>,
    h: Array2<f32>,
    weights: (Array2<f32>, Optimiser),
    visible: Biases,
    hidden: Biases,
    offsets: Option<Offsets>,
    descent: Descent,
}

impl Expected {
    /// By the exact gradient of `rbm`, which is refused if its layers are too large to be enumerated.
    pub(super) fn exact(rbm: Rbm, batch: usize, descent: Descent, centred: bool) -> Result<Self, RbmError> {
        let what = "the exact gradient";
        match rbm.layer_of_fewer_states() {
            Some(Layer::Visible) => rbm.check_enumerable(what)?,
            _ => rbm.mirrored().check_enumerable(what)?,
        }
        Ok(Self::new(rbm, Model::Exact, batch, descent, centred))
    }

    /// By mean-field CD of `steps` steps.
    pub(super) fn mean_field(rbm: Rbm, phases: Phases, descent: Descent) -> Self {
        Self::new(rbm, Model::MeanField(phases.steps), phases.batch, descent, phases.centred)
    }

    fn new(rbm: Rbm, model: Model, batch: usize, descent: Descent, centred: bool) -> Self {
        let kernel = Kernel::changing(rbm);
        let (n, m) = kernel.rbm().weights.dim();
        Self {
            model,
            offsets: centred.then(|| Offsets::new(n, m)),
            batch,
            chains: Chains::new(&kernel, batch),
            kernel,
            values: Array2::zeros((batch, n)),
            h: Array2::zeros((batch, m)),
            weights: (Array2::zeros((n, m)), descent.weights(n * m)),
            visible: Biases::new(n, &descent),
            hidden: Biases::new(m, &descent),
            descent,
        }
    }

    /// Whether each update enumerates the machine.
    pub(super) fn is_exact(&self) -> bool {
        matches!(self.model, Model::Exact)
    }

    /// The machine.
    pub(super) fn rbm(&self) -> &Rbm {
        self.kernel.rbm()
    }

    /// All that updates go on from.
    pub(super) fn save(&self) -> Vec<u8> {
        let rules = [self.weights.1.state(), self.visible.state(), self.hidden.state()];
        encode(&(self.rbm().parameters(), rules, &self.offsets))
    }

    /// Goes on from what [`Expected::save`] gave.
    pub(super) fn restore(&mut self, state: &[u8]) -> Result<(), Unfit> {
        type State = ([Vec<f32>; 3], [(u64, Vec<f32>); 3], Option<Offsets>);
        let (parameters, [a, b, c], offsets): State = decode(state)?;
        self.offsets = Offsets::fitting(&self.offsets, offsets)?;
        *self.kernel.rbm_mut() = self.rbm().with_parameters(parameters)?;
        self.weights.1.restore(a.0, &a.1)?;
        self.visible.restore(b.0, &b.1)?;
        self.hidden.restore(c.0, &c.1)
    }

    /// Changes the machine by the samples `rows` of `data`, as many as a batch.
    pub(super) fn update(&mut self, data: &Prepared, rows: &[usize]) {
        data.put(rows, &mut self.chains);
        self.chains.write_visible(self.values.as_slice_mut().expect("standard layout"));
        let rbm = self.kernel.rbm();
        rbm.hidden_mean(self.values.view(), &mut self.h);
        let batch = self.batch as f64;
        let (gradient, optimiser) = &mut self.weights;
        gemm(self.values.t(), self.h.view(), 0.0, gradient.view_mut());
        let (data_v, data_h) = (column_means(&self.values), column_means(&self.h));
        let (model_v, model_h) = match self.model {
            Model::Exact => {
                // Parameters that are not finite stay: the next evaluation sees them.
                let Ok(model) = rbm.moments() else { return };
                gradient.zip_mut_with(&model.products, |data, model| *data = (f64::from(*data) - batch * model) as f32);
                (model.visible, model.hidden)
            }
            Model::MeanField(steps) => {
                for _ in 0..steps {
                    rbm.visible_mean(self.h.view(), &mut self.values);
                    rbm.hidden_mean(self.values.view(), &mut self.h);
                }
                let model = self.values.t().dot(&self.h);
                gradient.zip_mut_with(&model, |data, model| *data -= model);
                (column_means(&self.values), column_means(&self.h))
            }
        };
        let difference = |data: &[f64], model: &[f64]| data.iter().zip(model).map(|(d, m)| batch * (d - m)).collect();
        let (mut of_v, mut of_h): (Vec<f64>, Vec<f64>) = (difference(&data_v, &model_v), difference(&data_h, &model_h));
        if let Some(offsets) = &mut self.offsets {
            let mut rest = vec![0.0; of_v.len()];
            let weights = gradient.as_slice_mut().expect("standard layout");
            offsets.centre(Sums { first: 0, weights, visible: &of_v, hidden: &mut of_h }, &mut rest);
            of_v.iter_mut().zip(rest).for_each(|(v, rest)| *v += rest);
            offsets.observe_hidden(0, data_h.into_iter());
            offsets.observe_visible(data_v.into_iter());
        }
        let (scale, rbm) = (-1.0 / batch, self.kernel.rbm_mut());
        let weights = rbm.weights.as_slice_mut().expect("standard layout");
        let gradient = gradient.as_slice().expect("standard layout");
        let scale = scale * clipping(&self.descent, gradient, [&of_v, &of_h], scale);
        optimiser.update(weights, gradient, scale);
        self.visible.update(rbm.visible_bias.as_slice_mut().expect("contiguous"), &of_v, scale);
        self.hidden.update(rbm.hidden_bias.as_slice_mut().expect("contiguous"), &of_h, scale);
    }
}

fn column_means(values: &Array2<f32>) -> Vec<f64> {
    let mean = |column: ArrayView1<f32>| column.iter().map(|x| f64::from(*x)).sum::<f64>() / column.len() as f64;
    values.columns().into_iter().map(mean).collect()
}
