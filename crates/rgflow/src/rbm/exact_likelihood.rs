//! Ascent of the exact gradient of the likelihood of samples (thesis eq. 2.4.11): \<v h>_data - \<v h>_machine, the second by enumeration.

use super::contrastive::Biases;
use super::samples::Prepared;
use super::{Chains, Kernel, Layer, Rbm, RbmError};
use crate::kernel::product::gemm;
use crate::learning::{Descent, Optimiser};
use crate::restart::{Unfit, decode, encode};
use ndarray::Array2;

/// A machine in training, with what its updates need.
pub(super) struct Exact {
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
}

impl Exact {
    /// Of `rbm`, which is refused if its layers are too large to be enumerated.
    pub(super) fn new(rbm: Rbm, batch: usize, descent: Descent) -> Result<Self, RbmError> {
        let what = "the exact gradient";
        match rbm.layer_of_fewer_states() {
            Some(Layer::Visible) => rbm.check_enumerable(what)?,
            _ => rbm.mirrored().check_enumerable(what)?,
        }
        let kernel = Kernel::changing(rbm);
        let (n, m) = kernel.rbm().weights.dim();
        Ok(Self {
            batch,
            chains: Chains::new(&kernel, batch),
            kernel,
            values: Array2::zeros((batch, n)),
            h: Array2::zeros((batch, m)),
            weights: (Array2::zeros((n, m)), descent.weights(n * m)),
            visible: Biases::new(n, &descent),
            hidden: Biases::new(m, &descent),
        })
    }

    /// The machine.
    pub(super) fn rbm(&self) -> &Rbm {
        self.kernel.rbm()
    }

    /// All that updates go on from.
    pub(super) fn save(&self) -> Vec<u8> {
        encode(&(self.rbm().parameters(), [self.weights.1.state(), self.visible.state(), self.hidden.state()]))
    }

    /// Goes on from what [`Exact::save`] gave.
    pub(super) fn restore(&mut self, state: &[u8]) -> Result<(), Unfit> {
        type State = ([Vec<f32>; 3], [(u64, Vec<f32>); 3]);
        let (parameters, [a, b, c]): State = decode(state)?;
        *self.kernel.rbm_mut() = self.rbm().with_parameters(parameters)?;
        self.weights.1.restore(a)?;
        self.visible.restore(b)?;
        self.hidden.restore(c)
    }

    /// Changes the machine by the samples `rows` of `data`, as many as a batch.
    pub(super) fn update(&mut self, data: &Prepared, rows: &[usize]) {
        // Parameters that are not finite stay: the next evaluation sees them.
        let Ok(model) = self.rbm().moments() else { return };
        data.put(rows, &mut self.chains);
        self.chains.write_visible(self.values.as_slice_mut().expect("standard layout"));
        self.kernel.rbm().hidden_mean(self.values.view(), &mut self.h);
        let (gradient, optimiser) = &mut self.weights;
        gemm(self.values.t(), self.h.view(), 0.0, gradient.view_mut());
        let batch = self.batch as f64;
        gradient.zip_mut_with(&model.products, |data, model| *data = (f64::from(*data) - batch * model) as f32);
        let difference = |values: &Array2<f32>, model: &[f64]| -> Vec<f64> {
            let sum = |column: ndarray::ArrayView1<f32>| column.iter().map(|x| f64::from(*x)).sum::<f64>();
            values.columns().into_iter().zip(model).map(|(column, mean)| sum(column) - batch * mean).collect()
        };
        let (of_v, of_h) = (difference(&self.values, &model.visible), difference(&self.h, &model.hidden));
        let (scale, rbm) = (-1.0 / batch, self.kernel.rbm_mut());
        let weights = rbm.weights.as_slice_mut().expect("standard layout");
        optimiser.update(weights, gradient.as_slice().expect("standard layout"), scale);
        self.visible.update(rbm.visible_bias.as_slice_mut().expect("contiguous"), &of_v, scale);
        self.hidden.update(rbm.hidden_bias.as_slice_mut().expect("contiguous"), &of_h, scale);
    }
}
