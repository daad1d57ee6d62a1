//! Stage "machines": a Boltzmann machine that learns the couplings of a ring, and an RBM as a generator of its
//! configurations.

use super::settings::{Generator, Ring, Settings};
use crate::study::prelude::*;
use ndarray::Array2;
use rand_core::Rng;
use rgflow::boltzmann::{self, Boltzmann, Phases};
use rgflow::exact::chain;
use rgflow::learning::{Batching, Descent, Rule, Sgd};
use rgflow::packed::packed;
use rgflow::random::Streams;
use rgflow::rbm::{self, Kernel, Rbm, chain_series};
use rgflow::statistics::mean_of_chains;

/// Findings of one repetition.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct MachinesFindings {
    /// Mean coupling by distance on the ring, from 1 on: with the free phase enumerated, and sampled.
    pub couplings: [Vec<f64>; 2],
    pub generator: GeneratorFindings,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct GeneratorFindings {
    /// Mean energy per spin over the chains, step by step from the start.
    pub energy: Vec<f64>,
    /// Energy after the burn-in with its error, and under the machine's law by enumeration.
    pub sampled: (f64, f64),
    pub exact: f64,
    /// Autocorrelation time in steps.
    pub tau_int: (f64, f64),
    pub n_eff: f64,
    /// Slowest relaxation of the Gibbs kernel, by enumeration, in steps.
    pub relaxation_time: f64,
}

pub(super) fn stage(repetition: &Repetition, settings: &Settings) -> Result<MachinesFindings, Error> {
    let (ring, generator) = (&settings.boltzmann, &settings.generator);
    let (settings, outputs) = ((ring, generator), &["machines/findings.json"]);
    repetition.found(Stage { name: "machines", revision: 1, settings, inputs: &[], outputs }, |out| {
        out.add_work((1 + SAMPLED) * *ring.updates as u64 + 2);
        let (t, mut random) = (Temperature::new(*ring.temperature)?, out.streams().generator("machines/data", 0));
        let data = chain::sample(*ring.spins, t, *ring.samples, &mut random)?.spins;
        let exact = couplings(out, ring, &data, ("exact", 1), Phases::Exact)?;
        let sampled =
            couplings(out, ring, &data, ("sampled", SAMPLED), Phases::Gibbs { burn_in: 20, sweeps: *ring.sweeps })?;
        let generator = generate(generator, &data, out.streams())?;
        out.tick(2)?;
        Ok(MachinesFindings { couplings: [exact, sampled], generator })
    })
}

/// Units of progress of an update with a sampled phase; one with an enumerated phase is one unit.
const SAMPLED: u64 = 20;

/// Mean coupling at each distance of the ring; an update is worth `units` of progress.
fn couplings(
    out: &StageOut,
    ring: &Ring,
    data: &Array2<i8>,
    (part, units): (&str, u64),
    phases: Phases,
) -> Result<Vec<f64>, Error> {
    let (name, streams) = ("machines/boltzmann", out.streams());
    let start = Boltzmann::random(*ring.spins, 0, 0.01, &mut streams.generator(name, 0))?;
    let descent = Descent::new(Rule::Sgd(Sgd), *ring.learning_rate as f32);
    let training = boltzmann::Training { updates: *ring.updates, phases, chains: *ring.chains, descent };
    let mut fit = boltzmann::Fit::new(start, data.view(), &training, streams.of(name))?;
    out.complete(part, &mut fit, &|updates| units * updates)?;
    Ok(fit.finish()?.ring_couplings())
}

fn generate(s: &Generator, data: &Array2<i8>, streams: Streams) -> Result<GeneratorFindings, Error> {
    let (n, chains, steps) = (data.ncols(), *s.chains, *s.steps);
    let start = Rbm::random(n, *s.hidden, 0.1, &mut streams.generator("machines/rbm", 0));
    let training = rbm::Training {
        updates: *s.updates,
        batching: Batching::Mini { size: *s.batch, repeats: false },
        descent: Descent::new(Rule::Sgd(Sgd), *s.learning_rate as f32),
        patience: 0,
        ..rbm::Training::default()
    };
    let bits = packed(data.view());
    let mut trainer = rbm::Trainer::new(start, bits.as_slice(), &training, streams.of("machines/rbm"))?;
    (0..*s.updates).for_each(|_| trainer.update());
    let rbm = trainer.rbm();
    let kernel = Kernel::new(&rbm);
    let mut random = streams.generator("machines/start", 0);
    let noise = || if random.next_u32() >> 31 == 1 { 1.0f32 } else { -1.0 };
    let start = Array2::from_shape_simple_fn((chains, n), noise);
    let mut random = streams.bulk("machines/chains", 0);
    let energy = chain_series(&kernel, start.view(), steps, &mut random, chain::energy)?;
    let mean_at = |step: usize| energy.iter().map(|chain| chain[step]).sum::<f64>() / chains as f64;
    let kept: Vec<Vec<f64>> = energy.iter().map(|chain| chain[*s.burn_in + 1..].to_vec()).collect();
    let (mean, tau) = mean_of_chains(&kept);
    Ok(GeneratorFindings {
        energy: (0..=steps.min(40)).map(mean_at).collect(),
        sampled: (mean.value, mean.error),
        exact: rbm.expectation(chain::energy)?,
        tau_int: (tau.tau, tau.error),
        n_eff: mean.n_eff,
        relaxation_time: rbm.gibbs_spectrum()?.relaxation_time(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::Toolbox;
    use super::*;

    /// Null: after the burn-in the chains follow the machine's law. 200 chains of 300 steps, error by tau_int, seed 1:
    /// |z| < 4.5 (p < 1e-5). Without burn-in the random start would be visible, and a correlated series must not count
    /// as independent.
    #[test]
    fn the_generator_reaches_the_law_of_its_machine() {
        let streams = Streams::new(1);
        let temperature = Temperature::new(2.0).unwrap();
        let data = chain::sample(8, temperature, 1000, &mut streams.generator("test/data", 0)).unwrap().spins;
        let changes = ["generator.updates=2000", "generator.chains=200", "generator.steps=400"];
        let found = generate(&changed::<Toolbox>(&changes).unwrap().generator, &data, streams).unwrap();
        let (mean, error) = found.sampled;
        assert!((mean - found.exact).abs() < 4.5 * error, "{mean} +- {error}, exact {}", found.exact);
        assert!((found.energy[0] - found.exact).abs() > 20.0 * error, "the start is far from the law");
        // The energy decays no slower than the slowest mode, and not at once.
        assert!(found.tau_int.0 > 0.6 && found.tau_int.0 < found.relaxation_time + 3.0 * found.tau_int.1 + 0.5);
        assert!(found.n_eff < 50_000.0);
    }
}
