//! How long the Gibbs chains of the trained machine remember: was a training by chains of k steps in equilibrium
//! (Decelle, Furtlehner and Seoane 2021)?

use rgflow::random::Stream;
use rgflow::rbm::{ChainDraws, Method, Rbm};
use serde::{Deserialize, Serialize};

/// Chains and their steps, before and while they are followed.
const CHAINS: usize = 8;
const BURN_IN: usize = 500;
const STEPS: usize = 2000;
/// R-hat above which chains have not met.
const APART: f64 = 1.1;

/// Memory of the chains of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    /// tau_int in steps v -> h -> v, of the free energy or the mean of the visible units, whichever is longer.
    pub tau: f64,
    /// Its error; none where it is longer than the chains can show, or these have not met.
    pub error: Option<f64>,
}

impl Memory {
    /// Of chains of `rbm`.
    pub fn of(rbm: &Rbm, stream: Stream) -> Self {
        let chains = ChainDraws { chains: CHAINS, burn_in: BURN_IN, spacing: 1 };
        let drawn = chains.draw(rbm, CHAINS * STEPS, stream).expect("chains and spacing are above 0");
        let longer = if drawn.tau_mean.tau > drawn.tau.tau { drawn.tau_mean } else { drawn.tau };
        let measured = longer.error.is_finite() && drawn.r_hat.is_none_or(|r_hat| r_hat < APART);
        Self { tau: longer.tau, error: measured.then_some(longer.error) }
    }

    /// A sentence, if the chains of `k` steps of a training by `method` are shorter than the memory of those of its
    /// machine.
    pub fn warning(&self, method: Method, k: usize) -> Option<String> {
        let tau = match self.error {
            Some(_) if k as f64 >= self.tau => return None,
            Some(_) => format!("tau_int = {:.1} steps", self.tau),
            None => format!("a tau_int that {STEPS} steps do not show"),
        };
        let name = method.to_string().to_uppercase();
        let steps = if k == 1 { "1 step".into() } else { format!("{k} steps") };
        match method {
            Method::Cd => Some(format!(
                "Out of equilibrium: {name}-{k} runs chains of {steps} from the data, and those of the machine have \
                 {tau}. It is trained for what so few steps do, not for its own law; take --method pcd, or more \
                 --steps."
            )),
            Method::Pcd => Some(format!(
                "{name}-{k} is in equilibrium only while the machine changes little within the memory of its chains: \
                 {steps} an update, below {tau}; a rate that falls to 0 lets them catch up, more --steps or --method \
                 tempering help."
            )),
            // Chains that exchange states forget sooner than Gibbs steps do, and expectation values have no chains.
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rgflow::random::Streams;

    /// Weak weights: no memory. Two modes that chains do not leave: no tau_int.
    #[test]
    fn short_chains_are_said() {
        let streams = Streams::new(1);
        let mut rbm = Rbm::random(20, 4, 0.02, &mut streams.generator("test/init", 0));
        let weak = Memory::of(&rbm, streams.of("test/memory"));
        rbm.weights.fill(0.9);
        let strong = Memory::of(&rbm, streams.of("test/memory"));
        for (method, k, word) in
            [(Method::Cd, 1, "Out of equilibrium: CD-1"), (Method::Pcd, 2, "PCD-2 is in equilibrium only")]
        {
            assert_eq!(weak.warning(method, k), None);
            assert!(strong.warning(method, k).unwrap().contains(word));
            let measured = Memory { tau: 12.5, error: Some(1.0) }.warning(method, k).unwrap();
            assert!(measured.contains("tau_int = 12.5 steps"), "{measured}");
        }
        assert_eq!(strong.warning(Method::Exact, 1), None);
    }
}
