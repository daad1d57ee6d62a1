//! Laws over all states of the ring, exactly, and what a thermometer reads in them.
//!
//! State s: spin i is +1 where bit i of s is 1, as in `Rbm::ln_visible_law`.

use ndarray::{Array1, Array2, ArrayView2, Axis};
use rgflow::exact::chain;
use rgflow::lattice::Temperature;
use rgflow::nn::Mlp;
use rgflow::statistics::{jensen_shannon, kullback_leibler};
use serde::{Deserialize, Serialize};

/// Distance between the temperatures at which laws and curves are listed.
const FINE: f64 = 0.05;
/// The listed temperatures end here: beyond it a ring of few spins hardly changes.
pub(super) const HOTTEST: f64 = 20.0;

/// What is read in a collection.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Reading {
    /// P(T) of the thermometer, by temperature.
    pub curve: Vec<f64>,
    /// argmin over T of KL(P, P_ref(T)), at most 20.
    pub t_star: f64,
    /// The remaining KL, nats.
    pub kl: f64,
    /// T* by Bayes' rule on the energy instead of the network; none for expectation values.
    pub bayes: Option<f64>,
    /// Energy per spin.
    pub energy: f64,
    /// The temperature of that energy, if there is one.
    pub t_energy: Option<f64>,
}

/// Distances of a law from another one, nats: KL(other, law), KL(law, other), Jensen-Shannon; infinite ones are none.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Distances {
    pub kl: Option<f64>,
    pub reverse_kl: Option<f64>,
    pub jensen_shannon: f64,
}

/// Curves of one way to read, at the listed temperatures.
struct Reader {
    /// P(T | state), shape (states, temperatures).
    p: Array2<f64>,
    /// ln P_ref, shape (listed temperatures, temperatures).
    ln_reference: Array2<f64>,
}

/// The ring with its thermometer.
pub(super) struct Ring {
    spins: usize,
    fine: Vec<f64>,
    /// Thermal laws at the listed temperatures, shape (listed temperatures, states).
    laws: Array2<f64>,
    mlp: Mlp,
    network: Reader,
    bayes: Reader,
}

/// Spin `i` of state `s`.
pub(super) fn spin(s: usize, i: usize) -> f64 {
    if s >> i & 1 == 1 { 1.0 } else { -1.0 }
}

/// All states as rows of spins.
pub(super) fn states(spins: usize) -> Array2<f32> {
    Array2::from_shape_fn((1 << spins, spins), |(s, i)| spin(s, i) as f32)
}

/// Number of unlike neighbours of state `s`: twice 0, 1, ... spins / 2.
pub(super) fn walls(spins: usize, s: usize) -> usize {
    (0..spins).filter(|i| spin(s, *i) != spin(s, (i + 1) % spins)).count()
}

/// The thermal law of the ring at `t` in [0, inf].
pub(super) fn thermal(spins: usize, t: f64) -> Array1<f64> {
    // A wall costs 2 J.
    let x = if t == 0.0 { 0.0 } else { libm::exp(-2.0 / t) };
    let weights: Array1<f64> = (0..1 << spins).map(|s| x.powi(walls(spins, s) as i32)).collect();
    let z = weights.sum();
    weights / z
}

/// The uniform mixture of thermal laws.
pub(super) fn mixture(spins: usize, temperatures: &[f64]) -> Array1<f64> {
    let sum = temperatures.iter().fold(Array1::zeros(1 << spins), |sum, t| sum + thermal(spins, *t));
    sum / temperatures.len() as f64
}

impl Reader {
    fn new(p: Array2<f64>, laws: &Array2<f64>) -> Self {
        let ln_reference = laws.dot(&p).mapv(|p| libm::log(p.max(1e-300)));
        Self { p, ln_reference }
    }

    /// argmin over T of KL(curve, P_ref(T)), refined by a parabola, and that KL.
    fn t_star(&self, curve: &[f64], fine: &[f64]) -> (f64, f64) {
        let entropy: f64 = curve.iter().filter(|p| **p > 0.0).map(|p| p * libm::log(*p)).sum();
        let curve = ndarray::ArrayView1::from(curve);
        let kl: Vec<f64> = self.ln_reference.rows().into_iter().map(|row| entropy - row.dot(&curve)).collect();
        let at = (0..kl.len()).min_by(|a, b| kl[*a].total_cmp(&kl[*b])).unwrap_or(0);
        if at == 0 || at + 1 == kl.len() {
            return (fine[at], kl[at].max(0.0));
        }
        let (below, above) = (kl[at - 1] - kl[at], kl[at + 1] - kl[at]);
        let shift = if below + above > 0.0 { 0.5 * (below - above) / (below + above) } else { 0.0 };
        (fine[at] + shift * FINE, (kl[at] - 0.25 * (below - above) * shift).max(0.0))
    }
}

impl Ring {
    /// The ring of `spins` spins read by `mlp`, whose outputs are `temperatures`.
    pub fn new(spins: usize, temperatures: &[f64], mlp: Mlp) -> Self {
        let fine: Vec<f64> = (0..=(HOTTEST / FINE).round() as usize).map(|k| k as f64 * FINE).collect();
        let list = |all: &[f64]| {
            let mut laws = Array2::zeros((all.len(), 1 << spins));
            laws.rows_mut().into_iter().zip(all).for_each(|(mut row, t)| row.assign(&thermal(spins, *t)));
            laws
        };
        let laws = list(&fine);
        // P(T | s) = p_T(s) / sum over T: states of one energy are alike, so this is Bayes' rule on the energy.
        let mut by_bayes = list(temperatures).reversed_axes();
        by_bayes.rows_mut().into_iter().for_each(|mut row| row /= row.sum());
        let network = Reader::new(mlp.outputs(states(spins).view()).mapv(f64::from), &laws);
        let bayes = Reader::new(by_bayes.as_standard_layout().into_owned(), &laws);
        Self { spins, fine, laws, mlp, network, bayes }
    }

    /// What is read in the law `p` over states.
    pub fn read(&self, p: &Array1<f64>) -> Reading {
        let energy = (0..p.len()).map(|s| p[s] * (2.0 * walls(self.spins, s) as f64 / self.spins as f64 - 1.0)).sum();
        let bayes = self.bayes.t_star(&p.dot(&self.bayes.p).to_vec(), &self.fine).0;
        Reading { bayes: Some(bayes), ..self.reading(p.dot(&self.network.p).to_vec(), energy) }
    }

    /// What is read in expectation values: rows of `values` with the weights `p`. The energy is that of spins drawn from them.
    pub fn read_values(&self, p: &Array1<f64>, values: ArrayView2<f32>) -> Reading {
        let curve = p.dot(&self.mlp.outputs(values).mapv(f64::from)).to_vec();
        let bond = |row: &[f32]| -> f64 {
            let n = row.len();
            (0..n).map(|i| f64::from(row[i]) * f64::from(row[(i + 1) % n])).sum::<f64>() / n as f64
        };
        let energy = values.axis_iter(Axis(0)).zip(p).map(|(row, p)| -p * bond(&row.to_vec())).sum();
        self.reading(curve, energy)
    }

    fn reading(&self, curve: Vec<f64>, energy: f64) -> Reading {
        let (t_star, kl) = self.network.t_star(&curve, &self.fine);
        Reading { curve, t_star, kl, bayes: None, energy, t_energy: self.temperature_of(energy) }
    }

    /// The curve P_ref(T) nearest to which `curve` is, among `temperatures`: its position.
    pub fn nearest(&self, curve: &[f64], temperatures: &[f64]) -> usize {
        let reference = |t: &f64| thermal(self.spins, *t).dot(&self.network.p).to_vec();
        let kl: Vec<f64> = temperatures.iter().map(|t| kullback_leibler(curve, &reference(t))).collect();
        (0..kl.len()).min_by(|a, b| kl[*a].total_cmp(&kl[*b])).unwrap_or(0)
    }

    /// The temperature of an energy per spin between those of T = 0 and T = inf, by bisection.
    fn temperature_of(&self, energy: f64) -> Option<f64> {
        let at = |t: f64| chain::thermodynamics(self.spins, Temperature::new(t).ok()?).ok().map(|x| x.energy);
        let (mut low, mut high) = (0.0, 1e6);
        if !(at(low)? <= energy && energy < at(high)?) {
            return None;
        }
        for _ in 0..80 {
            let middle = 0.5 * (low + high);
            if at(middle)? <= energy { low = middle } else { high = middle }
        }
        Some(0.5 * (low + high))
    }

    /// The listed temperature whose thermal law is nearest to `p` by Jensen-Shannon, with the least of each distance over the
    /// listed temperatures above 0.
    pub fn nearest_thermal(&self, p: &Array1<f64>) -> (f64, Distances) {
        let all: Vec<Distances> =
            self.laws.rows().into_iter().skip(1).map(|law| distances(p, &law.to_owned())).collect();
        let least = |of: fn(&Distances) -> Option<f64>| all.iter().filter_map(of).reduce(f64::min);
        let by_js = |a: &usize, b: &usize| all[*a].jensen_shannon.total_cmp(&all[*b].jensen_shannon);
        let at = (0..all.len()).min_by(by_js).unwrap_or(0);
        let distances = Distances {
            kl: least(|d| d.kl),
            reverse_kl: least(|d| d.reverse_kl),
            jensen_shannon: all[at].jensen_shannon,
        };
        (self.fine[at + 1], distances)
    }
}

/// Distances of the law `p` from `q`.
pub(super) fn distances(p: &Array1<f64>, q: &Array1<f64>) -> Distances {
    let (p, q) = (p.as_slice().unwrap_or(&[]), q.as_slice().unwrap_or(&[]));
    let finite = |x: f64| x.is_finite().then_some(x);
    Distances {
        kl: finite(kullback_leibler(q, p)),
        reverse_kl: finite(kullback_leibler(p, q)),
        jensen_shannon: jensen_shannon(p, q),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;
    use rgflow::nn::Activation;
    use rgflow::random::Streams;

    #[test]
    fn the_null_reads_what_enumeration_gave() {
        // E/N = -0.446, T_E = 2.10, min over T of KL(mixture, p_T) = 0.0975, Bayes on E 1.70: the project's targets, by an independent script.
        let temperatures: Vec<f64> = (0..25).map(|k| 0.25 * f64::from(k)).collect();
        let mlp =
            Mlp::random(&[8, 3, 25], Activation::Tanh, Activation::Softmax, &mut Streams::new(1).generator("t", 0));
        let ring = Ring::new(8, &temperatures, mlp);
        let null = mixture(8, &temperatures);
        let reading = ring.read(&null);
        assert_abs_diff_eq!(reading.energy, -0.446, epsilon = 6e-4);
        assert_abs_diff_eq!(reading.t_energy.unwrap(), 2.10, epsilon = 6e-3);
        assert_abs_diff_eq!(reading.bayes.unwrap(), 1.70, epsilon = 6e-3);
        assert_abs_diff_eq!(ring.nearest_thermal(&null).1.reverse_kl.unwrap(), 0.0975, epsilon = 6e-5);
        // Thermal laws read their own temperature, whatever the network.
        for t in [1.0, 2.3, 5.0] {
            let own = ring.read(&thermal(8, t));
            assert_abs_diff_eq!(own.t_star, t, epsilon = 5e-3);
            assert_abs_diff_eq!(own.t_energy.unwrap(), t, epsilon = 1e-9);
            assert!(own.kl < 1e-6, "{}", own.kl);
        }
        // Expectation values that are spins read as the spins do.
        let law = thermal(8, 1.5);
        let (a, b) = (ring.read(&law), ring.read_values(&law, states(8).view()));
        assert_abs_diff_eq!(a.t_star, b.t_star, epsilon = 1e-9);
        assert_abs_diff_eq!(a.energy, b.energy, epsilon = 1e-9);
    }
}
