//! The two phases of a gradient: how many samples and chains, and the offsets of the centred gradient.

use crate::restart::{Unfit, demand};
use serde::{Deserialize, Serialize};

/// Samples of the data and chains of the machine behind one update.
#[derive(Clone, Copy, Debug)]
pub(super) struct Phases {
    /// Samples of the positive phase.
    pub batch: usize,
    /// Chains of the negative phase; as many as samples unless they are persistent.
    pub chains: usize,
    /// Gibbs steps of the chains.
    pub steps: usize,
    /// Whether the chains go on from update to update, or start at the samples each time.
    pub persistent: bool,
    /// Whether the gradient is the centred one.
    pub centred: bool,
}

impl Phases {
    /// CD-`steps` on batches of `batch` samples.
    #[cfg(test)]
    pub(super) fn divergence(batch: usize, steps: usize) -> Self {
        Self { batch, chains: batch, steps, persistent: false, centred: false }
    }

    /// Samples per chain: the weight of a chain in sums over a batch.
    pub(super) fn ratio(&self) -> f64 {
        self.batch as f64 / self.chains as f64
    }
}

/// Sums of the gradient over a batch, differences of both phases, for some of the hidden units.
pub(super) struct Sums<'a> {
    /// Number of the first of these hidden units.
    pub first: usize,
    /// Of the weights, shape (visible units, these hidden units).
    pub weights: &'a mut [f32],
    /// Of the visible units.
    pub visible: &'a [f64],
    /// Of these hidden units.
    pub hidden: &'a mut [f64],
}

/// Share of a new batch in the offsets.
const NEW: f64 = 0.01;

/// Offsets mu and lambda of the centred gradient (Montavon and Müller 2012; Melchior, Fischer and Wiskott 2016, with
/// both from the data): running means of the units in the positive phase. Those of the batches before are used, so that
/// the gradient has no bias and vanishes where the plain one does.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Offsets {
    visible: Vec<f64>,
    hidden: Vec<f64>,
    begun: bool,
}

impl Offsets {
    /// Of `n` visible and `m` hidden units.
    pub(super) fn new(n: usize, m: usize) -> Self {
        Self { visible: vec![0.0; n], hidden: vec![0.0; m], begun: false }
    }

    /// The saved offsets `from`, if they are of the shape of `like`.
    pub(super) fn fitting(like: &Option<Self>, from: Option<Self>) -> Result<Option<Self>, Unfit> {
        let shape = |of: &Option<Self>| of.as_ref().map(|o| (o.visible.len(), o.hidden.len()));
        demand(shape(like) == shape(&from)).map(|()| from)
    }

    /// Turns the sums of the plain gradient into those of the centred one. The part of the visible units that these
    /// weights account for is taken from `rest`.
    pub(super) fn centre(&self, Sums { first, weights, visible, hidden }: Sums<'_>, rest: &mut [f64]) {
        let width = hidden.len();
        let lambda = &self.hidden[first..first + width];
        for ((row, mu), (dv, rest)) in rows(weights, width).zip(&self.visible).zip(visible.iter().zip(rest)) {
            for ((g, lambda), dh) in row.iter_mut().zip(lambda).zip(hidden.iter()) {
                let centred = f64::from(*g) - mu * dh - dv * lambda;
                *rest -= centred * lambda;
                *g = centred as f32;
            }
        }
        for (row, mu) in rows(weights, width).zip(&self.visible) {
            hidden.iter_mut().zip(row).for_each(|(dh, g)| *dh -= mu * f64::from(*g));
        }
    }

    /// Learns the means of the units of a batch of data, those of the hidden units from `first` on.
    pub(super) fn observe_hidden(&mut self, first: usize, means: impl Iterator<Item = f64>) {
        let share = if self.begun { NEW } else { 1.0 };
        self.hidden[first..].iter_mut().zip(means).for_each(|(to, mean)| *to += share * (mean - *to));
    }

    /// The same of the visible units, after the hidden ones.
    pub(super) fn observe_visible(&mut self, means: impl Iterator<Item = f64>) {
        let share = if self.begun { NEW } else { 1.0 };
        self.visible.iter_mut().zip(means).for_each(|(to, mean)| *to += share * (mean - *to));
        self.begun = true;
    }
}

fn rows(weights: &mut [f32], width: usize) -> impl Iterator<Item = &mut [f32]> {
    weights.chunks_exact_mut(width)
}
