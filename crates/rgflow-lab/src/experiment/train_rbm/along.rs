//! The machine along its training: singular values of the weights, and the memory of its Gibbs chains.
//!
//! Singular values of random weights lie below the Marchenko-Pastur edge sigma (sqrt(n) + sqrt(m)); what is learnt
//! grows out of it mode by mode, and the chains slow down (Decelle, Fissore and Furtlehner 2017; Decelle, Furtlehner
//! and Seoane 2021).

use super::settings::Settings;
use crate::study::memory::Memory;
use crate::study::prelude::*;
use nalgebra::DMatrix;
use rgflow::decomposition::svd;
use rgflow::random::Stream;
use rgflow::rbm::Rbm;

/// Singular values that are drawn, by their rank from 1.
const DRAWN: [usize; 6] = [1, 2, 3, 5, 10, 20];
/// Most singular values that are kept.
const KEPT: usize = 50;

/// A machine along the training.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Along {
    pub epoch: f64,
    /// Largest singular values of W, falling.
    pub singular: Vec<f64>,
    pub memory: Memory,
}

impl Along {
    /// Of the machine `rbm` after `epoch` epochs.
    pub(super) fn of(epoch: f64, rbm: &Rbm, stream: Stream) -> Self {
        let w = DMatrix::from_fn(rbm.n_visible(), rbm.n_hidden(), |i, a| f64::from(rbm.weights[[i, a]]));
        let mut singular = svd(w, false, false).map_or(vec![], |svd| svd.singular_values.iter().copied().collect());
        singular.sort_by(|a: &f64, b| b.total_cmp(a));
        singular.truncate(KEPT);
        Self { epoch, singular, memory: Memory::of(rbm, stream) }
    }
}

/// Epochs after which machines are kept: at most `n`, evenly spaced in the logarithm up to the last, and the first
/// machine.
pub(super) fn epochs(n: usize, last: usize) -> Vec<usize> {
    let at = |k: usize| (last as f64).powf(k as f64 / (n.max(2) - 1) as f64).round() as usize;
    let mut all: Vec<usize> = (0..n).map(at).collect();
    if n > 0 {
        all.insert(0, 0);
    }
    all.dedup();
    all
}

/// The Marchenko-Pastur edge of the first weights.
pub(super) fn edge(settings: &Settings, visible: usize) -> f64 {
    let [n, m] = [visible, *settings.machine.hidden].map(|units| (units as f64).sqrt());
    *settings.machine.weight_scale * (n + m)
}

/// Both against the epoch, with the edge and with the steps of an update.
pub(super) fn figure(settings: &Settings, visible: usize, along: &[Along]) -> Figure {
    // On a logarithmic axis the first machine has no place; it is the edge.
    let seen: Vec<&Along> = along.iter().filter(|a| a.epoch > 0.0).collect();
    let x: Vec<f64> = seen.iter().map(|a| a.epoch).collect();
    let most = seen.first().map_or(0, |a| a.singular.len());
    let ranks = DRAWN.iter().filter(|rank| **rank <= most);
    let singular = ranks.map(|rank| {
        let values: Vec<f64> = seen.iter().map(|a| a.singular[rank - 1]).collect();
        Curve::new(format!("{rank}"), x.as_slice(), values)
    });
    let edge = Curve::level("Marchenko-Pastur edge of the first weights", &x, edge(settings, visible));
    let known = |a: &&&Along| a.memory.error.is_some();
    let at: Vec<f64> = seen.iter().filter(known).map(|a| a.epoch).collect();
    let tau: Vec<f64> = seen.iter().filter(known).map(|a| a.memory.tau).collect();
    let steps = *settings.training.divergence.steps as f64;
    let panels = [
        Panel::curves("singular values of W", Axis::log("epoch"), "singular value, by rank", singular.chain([edge])),
        Panel::curves(
            "memory of the chains",
            Axis::log("epoch"),
            Axis::log("tau_int (Gibbs steps)"),
            [Curve::new("tau_int", at, tau), Curve::level("steps of an update", &x, steps)],
        ),
    ];
    Figure::new("along", "The machine along its training")
        .caption(
            "Singular values of the weights, which grow out of the edge of random ones mode by mode, and tau_int of \
             the machine's Gibbs chains (the longer of those of the free energy and of the mean of the units), against \
             passes through the data. Where 2000 steps do not show a tau_int there is no point. First repetition.",
            "Singular values of the weights and autocorrelation time against the epoch.",
        )
        .panels(panels)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;
    use rgflow::random::Streams;

    #[test]
    fn epochs_grow_by_a_ratio_and_end_at_the_last() {
        assert_eq!(epochs(4, 1000), [0, 1, 10, 100, 1000]);
        assert_eq!(epochs(4, 1), [0, 1]);
        assert_eq!(epochs(0, 10), [0usize; 0]);
        assert_eq!(epochs(1, 10), [0, 1]);
    }

    /// Two pairs of spins with the weights w: both singular values are w, and a chain keeps its sign with r = tanh(w)^2
    /// in a step, so that tau_int of the mean is that of an AR(1) process, (1 + r)/(2 (1 - r)). Null: that tau_int; p <
    /// 1e-6.
    #[test]
    fn singular_values_and_memory_of_pairs() {
        let mut rbm = Rbm::random(2, 2, 0.0, &mut Streams::new(1).generator("test/init", 0));
        rbm.weights = Array2::from_diag(&ndarray::arr1(&[1.5, 1.5]));
        let seen = Along::of(3.0, &rbm, Streams::new(1).of("test/along"));
        assert!(seen.singular.iter().all(|s| (s - 1.5).abs() < 1e-6) && seen.singular.len() == 2);
        let r = 1.5f64.tanh().powi(2);
        let Memory { tau, error } = seen.memory;
        assert!((tau - 0.5 * (1.0 + r) / (1.0 - r)).abs() < 5.0 * error.unwrap(), "{tau} {error:?}, r = {r}");
    }
}
