//! A thermometer of small rings: nothing is sampled, its reference curves are means over exact thermal laws.

use super::FlowError;
use crate::exact::{RingStates, ThermalLaws, chain};
use crate::lattice::Temperature;
use crate::nn::Mlp;
use crate::statistics::kullback_leibler;
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

/// Distance between the temperatures at which laws and curves are listed.
const FINE: f64 = 0.05;

/// Readings of a law over the states of a ring.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RingReading {
    /// P(T) of the thermometer, by temperature.
    pub curve: Vec<f64>,
    /// argmin over T of KL(P, P_ref(T)), at most [`RingThermometer::HOTTEST`].
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

/// Curves of one way to read, at the listed temperatures.
#[derive(Clone, Debug)]
struct Reader {
    /// P(T | state), shape (states, temperatures).
    p: Array2<f64>,
    /// ln P_ref, shape (listed temperatures, temperatures).
    ln_reference: Array2<f64>,
}

/// A ring with a network, and beside it Bayes' rule, that read temperatures from laws over its states.
///
/// ```
/// use rgflow::{exact::RingStates, flow::RingThermometer, lattice::Temperature};
/// use rgflow::nn::{Activation, Mlp};
/// let temperatures = [0.0, 1.0, 2.0, 3.0].map(|t| Temperature::new(t).unwrap());
/// let random = &mut rgflow::random::Streams::new(1).generator("example", 0);
/// let ring = RingStates::new(6)?;
/// let mlp = Mlp::random(&[6, 3, 4], Activation::Tanh, Activation::Softmax, random);
/// let thermometer = RingThermometer::new(ring, &temperatures, mlp)?;
/// // A thermal law reads its own temperature, whatever the network.
/// let reading = thermometer.read(&ring.thermal(Temperature::new(1.5)?));
/// assert!((reading.t_star - 1.5).abs() < 0.01);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct RingThermometer {
    states: RingStates,
    laws: ThermalLaws,
    mlp: Mlp,
    network: Reader,
    bayes: Reader,
}

impl Reader {
    fn new(p: Array2<f64>, laws: ArrayView2<f64>) -> Self {
        let ln_reference = laws.dot(&p).mapv(|p| libm::log(p.max(1e-300)));
        Self { p, ln_reference }
    }

    /// argmin over T of KL(curve, P_ref(T)), refined by a parabola, and that KL.
    fn t_star(&self, curve: &[f64]) -> (f64, f64) {
        let entropy: f64 = curve.iter().filter(|p| **p > 0.0).map(|p| p * libm::log(*p)).sum();
        let curve = ArrayView1::from(curve);
        let kl: Vec<f64> = self.ln_reference.rows().into_iter().map(|row| entropy - row.dot(&curve)).collect();
        let at = (0..kl.len()).min_by(|a, b| kl[*a].total_cmp(&kl[*b])).unwrap_or(0);
        let t = at as f64 * FINE;
        if at == 0 || at + 1 == kl.len() {
            return (t, kl[at].max(0.0));
        }
        let (below, above) = (kl[at - 1] - kl[at], kl[at + 1] - kl[at]);
        let shift = if below + above > 0.0 { 0.5 * (below - above) / (below + above) } else { 0.0 };
        (t + shift * FINE, (kl[at] - 0.25 * (below - above) * shift).max(0.0))
    }
}

impl RingThermometer {
    /// T* ends here: beyond it a ring of few spins hardly changes.
    pub const HOTTEST: f64 = 20.0;

    /// Of the ring `states` read by `mlp`, whose outputs are `temperatures`.
    ///
    /// ```
    /// # use rgflow::{exact::RingStates, flow::RingThermometer, lattice::Temperature};
    /// # use rgflow::nn::{Activation, Mlp};
    /// # let temperatures = [0.0, 1.0, 2.0, 3.0].map(|t| Temperature::new(t).unwrap());
    /// # let random = &mut rgflow::random::Streams::new(1).generator("example", 0);
    /// # let ring = RingStates::new(6).unwrap();
    /// # let mlp = Mlp::random(&[6, 3, 4], Activation::Tanh, Activation::Softmax, random);
    /// let thermometer = RingThermometer::new(ring, &temperatures, mlp)?;
    /// assert_eq!(thermometer.states().n_spins(), 6);
    /// # Ok::<(), rgflow::flow::FlowError>(())
    /// ```
    ///
    /// # Errors
    /// [`FlowError::Spins`] if `mlp` has other inputs than the spins, [`FlowError::Outputs`] if it has other outputs
    /// than the temperatures.
    pub fn new(states: RingStates, temperatures: &[Temperature], mlp: Mlp) -> Result<Self, FlowError> {
        let (spins, outputs) = (states.n_spins(), mlp.n_out());
        if mlp.n_in() != spins {
            return Err(FlowError::Spins { spins, inputs: mlp.n_in() });
        }
        if outputs != temperatures.len() {
            return Err(FlowError::Outputs { outputs, temperatures: temperatures.len() });
        }
        let steps = (Self::HOTTEST / FINE).round() as usize;
        let fine = (0..=steps).map(|k| Temperature::new(k as f64 * FINE).expect("not below 0"));
        let laws = ThermalLaws::new(states, &fine.collect::<Vec<_>>());
        // P(T | s) = p_T(s) / sum over T: states of one energy are alike, so this is Bayes' rule on the energy.
        let mut by_bayes = ThermalLaws::new(states, temperatures).laws().reversed_axes().to_owned();
        by_bayes.rows_mut().into_iter().for_each(|mut row| row /= row.sum());
        let network = Reader::new(mlp.outputs(states.spins().view()).mapv(f64::from), laws.laws());
        let bayes = Reader::new(by_bayes.as_standard_layout().into_owned(), laws.laws());
        Ok(Self { states, laws, mlp, network, bayes })
    }

    /// The states of the ring.
    ///
    /// ```
    /// # use rgflow::{exact::RingStates, flow::RingThermometer, lattice::Temperature};
    /// # use rgflow::nn::{Activation, Mlp};
    /// # let temperatures = [0.0, 1.0, 2.0, 3.0].map(|t| Temperature::new(t).unwrap());
    /// # let random = &mut rgflow::random::Streams::new(1).generator("example", 0);
    /// # let ring = RingStates::new(6).unwrap();
    /// # let mlp = Mlp::random(&[6, 3, 4], Activation::Tanh, Activation::Softmax, random);
    /// let thermometer = RingThermometer::new(ring, &temperatures, mlp)?;
    /// assert_eq!(thermometer.states().n_spins(), 6);
    /// # Ok::<(), rgflow::flow::FlowError>(())
    /// ```
    pub fn states(&self) -> RingStates {
        self.states
    }

    /// Its thermal laws from T = 0 to [`RingThermometer::HOTTEST`], 0.05 apart.
    ///
    /// ```
    /// # use rgflow::{exact::RingStates, flow::RingThermometer, lattice::Temperature};
    /// # use rgflow::nn::{Activation, Mlp};
    /// # let temperatures = [0.0, 1.0, 2.0, 3.0].map(|t| Temperature::new(t).unwrap());
    /// # let random = &mut rgflow::random::Streams::new(1).generator("example", 0);
    /// # let ring = RingStates::new(6).unwrap();
    /// # let mlp = Mlp::random(&[6, 3, 4], Activation::Tanh, Activation::Softmax, random);
    /// let thermometer = RingThermometer::new(ring, &temperatures, mlp)?;
    /// assert_eq!(thermometer.laws().laws().dim(), (401, 64));
    /// # Ok::<(), rgflow::flow::FlowError>(())
    /// ```
    pub fn laws(&self) -> &ThermalLaws {
        &self.laws
    }

    /// The readings of the law `p` over states.
    ///
    /// ```
    /// # use rgflow::{exact::RingStates, flow::RingThermometer, lattice::Temperature};
    /// # use rgflow::nn::{Activation, Mlp};
    /// # let temperatures = [0.0, 1.0, 2.0, 3.0].map(|t| Temperature::new(t).unwrap());
    /// # let random = &mut rgflow::random::Streams::new(1).generator("example", 0);
    /// # let ring = RingStates::new(6).unwrap();
    /// # let mlp = Mlp::random(&[6, 3, 4], Activation::Tanh, Activation::Softmax, random);
    /// let thermometer = RingThermometer::new(ring, &temperatures, mlp)?;
    /// let reading = thermometer.read(&ring.thermal(temperatures[2]));
    /// assert!((reading.t_star - 2.0).abs() < 0.01 && (reading.t_energy.unwrap() - 2.0).abs() < 1e-6);
    /// # Ok::<(), rgflow::flow::FlowError>(())
    /// ```
    ///
    /// # Panics
    /// If `p` has not a probability for each state, which is an error of the caller.
    pub fn read(&self, p: &Array1<f64>) -> RingReading {
        let bayes = self.bayes.t_star(&p.dot(&self.bayes.p).to_vec()).0;
        let reading = self.reading(p.dot(&self.network.p).to_vec(), self.states.energy(p.view()));
        RingReading { bayes: Some(bayes), ..reading }
    }

    /// The readings of expectation values: `values` of the shape (n, spins), with the weights `p`. The energy is that
    /// of spins drawn from them.
    ///
    /// ```
    /// # use rgflow::{exact::RingStates, flow::RingThermometer, lattice::Temperature};
    /// # use rgflow::nn::{Activation, Mlp};
    /// # let temperatures = [0.0, 1.0, 2.0, 3.0].map(|t| Temperature::new(t).unwrap());
    /// # let random = &mut rgflow::random::Streams::new(1).generator("example", 0);
    /// # let ring = RingStates::new(6).unwrap();
    /// # let mlp = Mlp::random(&[6, 3, 4], Activation::Tanh, Activation::Softmax, random);
    /// let thermometer = RingThermometer::new(ring, &temperatures, mlp)?;
    /// // Expectation values that are spins read as the spins do.
    /// let law = ring.thermal(temperatures[2]);
    /// let reading = thermometer.read_values(&law, ring.spins().view());
    /// assert!((reading.energy - thermometer.read(&law).energy).abs() < 1e-9);
    /// # Ok::<(), rgflow::flow::FlowError>(())
    /// ```
    ///
    /// # Panics
    /// If the shapes do not fit, which is an error of the caller.
    pub fn read_values(&self, p: &Array1<f64>, values: ArrayView2<f32>) -> RingReading {
        let curve = p.dot(&self.mlp.outputs(values).mapv(f64::from)).to_vec();
        let bond = |row: ArrayView1<f32>| -> f64 {
            let n = row.len();
            (0..n).map(|i| f64::from(row[i]) * f64::from(row[(i + 1) % n])).sum::<f64>() / n as f64
        };
        let energy = values.axis_iter(Axis(0)).zip(p).map(|(row, p)| -p * bond(row)).sum();
        self.reading(curve, energy)
    }

    fn reading(&self, curve: Vec<f64>, energy: f64) -> RingReading {
        let (t_star, kl) = self.network.t_star(&curve);
        let t_energy = chain::temperature_of(self.states.n_spins(), energy).ok().flatten();
        RingReading { curve, t_star, kl, bayes: None, energy, t_energy }
    }

    /// Which of `temperatures` has the thermal law whose curve `curve` is nearest to: its position.
    ///
    /// ```
    /// # use rgflow::{exact::RingStates, flow::RingThermometer, lattice::Temperature};
    /// # use rgflow::nn::{Activation, Mlp};
    /// # let temperatures = [0.0, 1.0, 2.0, 3.0].map(|t| Temperature::new(t).unwrap());
    /// # let random = &mut rgflow::random::Streams::new(1).generator("example", 0);
    /// # let ring = RingStates::new(6).unwrap();
    /// # let mlp = Mlp::random(&[6, 3, 4], Activation::Tanh, Activation::Softmax, random);
    /// let thermometer = RingThermometer::new(ring, &temperatures, mlp)?;
    /// let reading = thermometer.read(&ring.thermal(temperatures[2]));
    /// assert_eq!(thermometer.nearest(&reading.curve, &temperatures), 2);
    /// # Ok::<(), rgflow::flow::FlowError>(())
    /// ```
    pub fn nearest(&self, curve: &[f64], temperatures: &[Temperature]) -> usize {
        let reference = |t: &Temperature| self.states.thermal(*t).dot(&self.network.p).to_vec();
        let kl: Vec<f64> = temperatures.iter().map(|t| kullback_leibler(curve, &reference(t))).collect();
        (0..kl.len()).min_by(|a, b| kl[*a].total_cmp(&kl[*b])).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::Activation;
    use crate::random::Streams;

    fn near(a: f64, b: f64, most: f64) {
        assert!((a - b).abs() < most, "{a}, not {b}");
    }

    #[test]
    fn the_null_reads_what_enumeration_gave() {
        // E/N = -0.446, T_E = 2.10, Bayes on E 1.70: by an independent script.
        let temperatures: Vec<Temperature> = (0..25).map(|k| Temperature::new(0.25 * f64::from(k)).unwrap()).collect();
        let random = &mut Streams::new(1).generator("t", 0);
        let mlp = Mlp::random(&[8, 3, 25], Activation::Tanh, Activation::Softmax, random);
        let states = RingStates::new(8).unwrap();
        let ring = RingThermometer::new(states, &temperatures, mlp).unwrap();
        let reading = ring.read(&states.mixture(&temperatures));
        near(reading.energy, -0.446, 6e-4);
        near(reading.t_energy.unwrap(), 2.10, 6e-3);
        near(reading.bayes.unwrap(), 1.70, 6e-3);
        // Thermal laws read their own temperature, whatever the network.
        let thermal = |t: f64| states.thermal(Temperature::new(t).unwrap());
        for t in [1.0, 2.3, 5.0] {
            let own = ring.read(&thermal(t));
            near(own.t_star, t, 5e-3);
            near(own.t_energy.unwrap(), t, 1e-9);
            assert!(own.kl < 1e-6, "{}", own.kl);
        }
        assert_eq!(ring.nearest(&ring.read(&thermal(1.25)).curve, &temperatures), 5);
        // Expectation values that are spins read as the spins do.
        let law = thermal(1.5);
        let (a, b) = (ring.read(&law), ring.read_values(&law, states.spins().view()));
        near(a.t_star, b.t_star, 1e-9);
        near(a.energy, b.energy, 1e-9);
    }
}
