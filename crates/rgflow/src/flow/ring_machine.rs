//! A machine on a small ring, exactly: the law that it draws from, and the flow of laws over all states that ends
//! there.

use super::{Mode, RingReading, RingThermometer};
use crate::rbm::{Rbm, RbmError};
use crate::statistics::Distances;
use ndarray::{Array1, Array2, ArrayView2};
use serde::{Deserialize, Serialize};

/// Two ends of the mean-field flow are one if no expectation value differs by more.
const SAME_END: f32 = 1e-2;

/// The stationary law p of a machine.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RingLaw {
    /// Its readings.
    pub reading: RingReading,
    /// Temperature of the nearest thermal law, and the least distances from thermal laws ([`ThermalLaws::nearest`]).
    ///
    /// [`ThermalLaws::nearest`]: crate::exact::ThermalLaws::nearest
    pub thermal: (f64, Distances),
    /// Distances from the mixture of the training.
    pub mixture: Distances,
    /// Relaxation time of the Gibbs kernel, steps v -> h -> v; none where infinite.
    pub relaxation: Option<f64>,
    /// Probability of 0, 2, 4 ... pairs of unlike neighbours.
    pub walls: Vec<f64>,
}

/// The map of a flow on a ring, and how long it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RingSteps {
    /// Powers of the Gibbs kernel, or of the mean-field map of every state.
    pub mode: Mode,
    /// The flow is read after 0, 1, 2, 4 ... 2^doublings steps.
    pub doublings: usize,
}

/// The flow of laws.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RingFlow {
    /// By start: what is read after 0, 1, 2, 4 ... steps.
    pub starts: Vec<Vec<RingReading>>,
    /// Distinct ends of the mean-field map over all states; 1 in the Gibbs flow, whose law is unique.
    pub ends: usize,
}

impl RingFlow {
    /// The last reading of each of the first `n` starts.
    ///
    /// ```
    /// # use rgflow::{exact::RingStates, flow::{Mode, RingSteps, RingThermometer}, lattice::Temperature};
    /// # use rgflow::rbm::{Rbm, RbmError};
    /// # use rgflow::nn::{Activation, Mlp};
    /// # let temperatures = [0.0, 1.0, 2.0, 3.0].map(|t| Temperature::new(t).unwrap());
    /// # let random = &mut rgflow::random::Streams::new(1).generator("example", 0);
    /// # let ring = RingStates::new(6).unwrap();
    /// # let mlp = Mlp::random(&[6, 3, 4], Activation::Tanh, Activation::Softmax, random);
    /// let thermometer = RingThermometer::new(ring, &temperatures, mlp)?;
    /// let (cold, rbm) = ([ring.thermal(Temperature::ZERO)], Rbm::random(6, 2, 0.01, random));
    /// let steps = RingSteps { mode: Mode::Gibbs, doublings: 4 };
    /// let flow = thermometer.flow(&rbm, steps, &cold, || Ok::<_, RbmError>(()))?;
    /// assert!(flow.last(1).all(|end| end.energy.abs() < 0.01));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn last(&self, n: usize) -> impl Iterator<Item = &RingReading> {
        self.starts[..n].iter().filter_map(|steps| steps.last())
    }
}

impl RingThermometer {
    /// The law of `rbm`, beside the law `mixture` that it was trained on.
    ///
    /// ```
    /// # use rgflow::{exact::RingStates, flow::{Mode, RingSteps, RingThermometer}, lattice::Temperature};
    /// # use rgflow::rbm::{Rbm, RbmError};
    /// # use rgflow::nn::{Activation, Mlp};
    /// # let temperatures = [0.0, 1.0, 2.0, 3.0].map(|t| Temperature::new(t).unwrap());
    /// # let random = &mut rgflow::random::Streams::new(1).generator("example", 0);
    /// # let ring = RingStates::new(6).unwrap();
    /// # let mlp = Mlp::random(&[6, 3, 4], Activation::Tanh, Activation::Softmax, random);
    /// let thermometer = RingThermometer::new(ring, &temperatures, mlp)?;
    /// let (mixture, rbm) = (ring.mixture(&temperatures), Rbm::random(6, 2, 0.01, random));
    /// let law = thermometer.law(&rbm, mixture.as_slice().unwrap())?;
    /// assert!(law.reading.energy.abs() < 0.01 && law.relaxation < Some(0.2));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`RbmError::Shape`] if the machine, or the mixture, is not of the ring; those of [`Rbm::visible_law`] and
    /// [`Rbm::gibbs_spectrum`].
    pub fn law(&self, rbm: &Rbm, mixture: &[f64]) -> Result<RingLaw, RbmError> {
        self.fits(rbm, [mixture.len()])?;
        let p = rbm.visible_law()?;
        let relaxation = rbm.gibbs_spectrum()?.relaxation_time();
        let (nearest, distances) = self.laws().nearest(p.view());
        Ok(RingLaw {
            reading: self.read(&p),
            thermal: (nearest.value(), distances),
            mixture: Distances::between(&p.to_vec(), mixture),
            relaxation: relaxation.is_finite().then_some(relaxation),
            walls: self.states().by_unlike_neighbours(p.view()),
        })
    }

    /// The flow of `laws` over states through `rbm` without sampling. `pause` is called after each reading and may end
    /// it.
    ///
    /// ```
    /// use rgflow::{exact::RingStates, flow::{Mode, RingSteps, RingThermometer}, lattice::Temperature};
    /// use rgflow::rbm::{Rbm, RbmError};
    /// use rgflow::nn::{Activation, Mlp};
    /// let temperatures = [0.0, 1.0, 2.0, 3.0].map(|t| Temperature::new(t).unwrap());
    /// let random = &mut rgflow::random::Streams::new(1).generator("example", 0);
    /// let mlp = Mlp::random(&[6, 3, 4], Activation::Tanh, Activation::Softmax, random);
    /// let thermometer = RingThermometer::new(RingStates::new(6)?, &temperatures, mlp)?;
    /// let cold = [thermometer.states().thermal(Temperature::ZERO)];
    /// let rbm = Rbm::random(6, 2, 0.01, random);
    /// let steps = RingSteps { mode: Mode::Gibbs, doublings: 4 };
    /// let flow = thermometer.flow(&rbm, steps, &cold, || Ok::<_, RbmError>(()))?;
    /// // Weak weights forget at once.
    /// assert!(flow.starts[0][0].energy == -1.0 && flow.starts[0][1].energy > -0.01);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`RbmError::Shape`] if the machine, or a law, is not of the ring; those of [`Rbm::gibbs_kernel`] and of `pause`.
    pub fn flow<E: From<RbmError>>(
        &self,
        rbm: &Rbm,
        RingSteps { mode, doublings }: RingSteps,
        laws: &[Array1<f64>],
        mut pause: impl FnMut() -> Result<(), E>,
    ) -> Result<RingFlow, E> {
        self.fits(rbm, laws.iter().map(Array1::len))?;
        let mut starts: Vec<Vec<RingReading>> = laws.iter().map(|p| vec![self.read(p)]).collect();
        let mut push = |read: &dyn Fn(&Array1<f64>) -> RingReading| {
            starts.iter_mut().zip(laws).for_each(|(seen, p)| seen.push(read(p)));
            pause()
        };
        let ends = match mode {
            Mode::Gibbs => {
                let mut kernel = rbm.gibbs_kernel()?;
                push(&|p| self.read(&p.dot(&kernel)))?;
                for _ in 0..doublings {
                    kernel = kernel.dot(&kernel);
                    push(&|p| self.read(&p.dot(&kernel)))?;
                }
                1
            }
            Mode::Mean => {
                let mut v = self.states().spins();
                let mut h = Array2::zeros((v.nrows(), rbm.n_hidden()));
                for step in 1..=1usize << doublings {
                    rbm.hidden_mean(v.view(), &mut h);
                    rbm.visible_mean(h.view(), &mut v);
                    if step.is_power_of_two() {
                        push(&|p| self.read_values(p, v.view()))?;
                    }
                }
                distinct(v.view())
            }
        };
        Ok(RingFlow { starts, ends })
    }

    /// Refuses a machine of another size than the ring, and laws over other numbers of states.
    fn fits(&self, rbm: &Rbm, laws: impl IntoIterator<Item = usize>) -> Result<(), RbmError> {
        let (n, states) = (self.states().n_spins(), self.laws().laws().ncols());
        let machine = [("visible units of the machine", n, rbm.n_visible())].into_iter();
        let laws = laws.into_iter().map(|found| ("law over the states of the ring", states, found));
        match machine.chain(laws).find(|(_, expected, found)| expected != found) {
            Some((what, expected, found)) => Err(RbmError::Shape { what, expected, found }),
            None => Ok(()),
        }
    }
}

/// Number of rows that differ.
fn distinct(rows: ArrayView2<f32>) -> usize {
    let mut ends: Vec<usize> = Vec::new();
    for i in 0..rows.nrows() {
        let like = |k: &usize| rows.row(i).iter().zip(rows.row(*k)).all(|(a, b)| (a - b).abs() < SAME_END);
        if !ends.iter().any(like) {
            ends.push(i);
        }
    }
    ends.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact::RingStates;
    use crate::flow::FlowError;
    use crate::lattice::Temperature;
    use crate::nn::{Activation, Mlp};
    use crate::random::Streams;

    #[test]
    fn the_gibbs_flow_ends_at_the_machines_own_law() {
        let temperatures: Vec<Temperature> = (1..8).map(|t| Temperature::new(f64::from(t)).unwrap()).collect();
        let random = &mut Streams::new(1).generator("test", 0);
        let states = RingStates::new(5).unwrap();
        let mlp = Mlp::random(&[5, 4, 7], Activation::Tanh, Activation::Softmax, random);
        let ring = RingThermometer::new(states, &temperatures, mlp).unwrap();
        let rbm = Rbm::random(5, 2, 0.7, random);
        let laws: Vec<Array1<f64>> = temperatures.iter().map(|t| states.thermal(*t)).collect();
        // By powers of the kernel and by the free energy: two ways that share no code.
        let own = ring.law(&rbm, states.mixture(&temperatures).as_slice().unwrap()).unwrap();
        let flow =
            ring.flow(&rbm, RingSteps { mode: Mode::Gibbs, doublings: 12 }, &laws, || Ok::<_, RbmError>(())).unwrap();
        for (end, (steps, t)) in flow.last(7).zip(flow.starts.iter().zip(&temperatures)) {
            assert_eq!(steps.len(), 14);
            // The start is a thermal law, read as its temperature.
            assert!((steps[0].t_energy.unwrap() - t.value()).abs() < 1e-6);
            assert!((end.energy - own.reading.energy).abs() < 1e-6 && (end.t_star - own.reading.t_star).abs() < 1e-3);
        }
        // Strong weights keep both signs in the mean-field flow, weak ones neither.
        let ends = |weight: f32| {
            let mut rbm = rbm.clone();
            rbm.weights.fill(weight);
            ring.flow(&rbm, RingSteps { mode: Mode::Mean, doublings: 8 }, &laws, || Ok::<_, RbmError>(())).unwrap().ends
        };
        assert_eq!((ends(1.0), ends(0.01)), (2, 1));
    }

    #[test]
    fn machines_and_laws_of_another_ring_are_refused() {
        let temperatures = [1.0, 2.0].map(|t| Temperature::new(t).unwrap());
        let random = &mut Streams::new(1).generator("test", 0);
        let states = RingStates::new(5).unwrap();
        let mut thermometer = |inputs: usize, outputs: usize| {
            let mlp = Mlp::random(&[inputs, outputs], Activation::Tanh, Activation::Softmax, random);
            RingThermometer::new(states, &temperatures, mlp)
        };
        assert_eq!(thermometer(4, 2).err(), Some(FlowError::Spins { spins: 5, inputs: 4 }));
        assert_eq!(thermometer(5, 3).err(), Some(FlowError::Outputs { outputs: 3, temperatures: 2 }));
        let ring = thermometer(5, 2).unwrap();
        let [right, wide] = [5, 6].map(|n| Rbm::random(n, 2, 0.1, random));
        let (law, steps) = (states.thermal(temperatures[0]), RingSteps { mode: Mode::Gibbs, doublings: 2 });
        let short = law.slice(ndarray::s![..8]).to_owned();
        let flow = |rbm: &Rbm, law: &Array1<f64>| {
            ring.flow(rbm, steps, std::slice::from_ref(law), || Ok::<_, RbmError>(())).err()
        };
        let refused = |error: Option<RbmError>, sizes: [usize; 2]| match error {
            Some(RbmError::Shape { expected, found, .. }) => [expected, found] == sizes,
            _ => false,
        };
        assert!(flow(&right, &law).is_none());
        assert!(refused(flow(&wide, &law), [5, 6]) && refused(flow(&right, &short), [32, 8]));
        let law_of = |rbm: &Rbm, mixture: &Array1<f64>| ring.law(rbm, mixture.as_slice().unwrap()).err();
        assert!(refused(law_of(&wide, &law), [5, 6]) && refused(law_of(&right, &short), [32, 8]));
    }
}
