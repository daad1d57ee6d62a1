//! Stage "machines": a Boltzmann machine that finds the couplings of a ring, and an RBM as a generator of its configurations.

use super::settings::{Generator, Ring};
use crate::artifact::{Error, Repetition, Stage, StageOut};
use ndarray::{Array2, ArrayView1};
use rand_core::Rng;
use rgflow::boltzmann::{self, Boltzmann, Phases};
use rgflow::exact::chain;
use rgflow::kernel::spins::packed;
use rgflow::lattice::Temperature;
use rgflow::learning::{Batching, Descent, Rule, Sgd};
use rgflow::random::Streams;
use rgflow::rbm::{self, Chains, Kernel, Rbm};
use rgflow::statistics::tau_int_chains;
use serde::{Deserialize, Serialize};

const REVISION: u32 = 1;

/// What a repetition found.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Findings {
    /// Mean coupling by distance on the ring, from 1 on: free phase enumerated, sampled.
    pub couplings: [Vec<f64>; 2],
    pub generator: GeneratorFound,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct GeneratorFound {
    /// Mean energy per spin over the chains, step by step from the start.
    pub energy: Vec<f64>,
    /// After the burn-in, with its error; of the machine's law by enumeration.
    pub sampled: (f64, f64),
    pub exact: f64,
    /// Steps.
    pub tau_int: (f64, f64),
    pub n_eff: f64,
    /// Slowest relaxation of the Gibbs kernel, by enumeration, in steps.
    pub relaxation_time: f64,
}

pub(super) fn stage(repetition: &Repetition, ring: &Ring, generator: &Generator) -> Result<Findings, Error> {
    let file = "machines/findings.json";
    let what =
        Stage { name: "machines", revision: REVISION, settings: (ring, generator), inputs: &[], outputs: &[file] };
    let artifact = repetition.stage(what, |out| {
        let streams = out.streams();
        out.add_work("machines", 2 * ring.updates as u64 + 2);
        let temperature = Temperature::new(ring.temperature)?;
        let sampled = chain::sample(ring.spins, temperature, ring.samples, &mut streams.generator("machines/data", 0));
        let data = sampled?.spins;
        let exact = couplings(out, ring, &data, Phases::Exact, streams)?;
        let by_chains = couplings(out, ring, &data, Phases::Gibbs { burn_in: 20, sweeps: ring.sweeps }, streams)?;
        let generator = generate(generator, &data, streams)?;
        out.tick(2)?;
        out.write_json(file, &Findings { couplings: [exact, by_chains], generator })
    })?;
    artifact.json(file)
}

/// Mean coupling at each distance of the ring.
fn couplings(
    out: &StageOut,
    ring: &Ring,
    data: &Array2<i8>,
    phases: Phases,
    streams: Streams,
) -> Result<Vec<f64>, Error> {
    let n = ring.spins;
    let mut random = streams.generator("machines/boltzmann", 0);
    let start = Boltzmann::random(n, 0, 0.01, &mut random)?;
    let descent = Descent::new(Rule::Sgd(Sgd), ring.learning_rate as f32);
    let training = boltzmann::Training { updates: ring.updates, phases, chains: ring.chains, descent };
    let fit = boltzmann::Fit::new(start, data.view(), &training, streams, "machines/boltzmann");
    let mut fit = fit?;
    out.complete(if phases == Phases::Exact { "exact" } else { "sampled" }, &mut fit, &|updates| updates)?;
    let machine = fit.finish()?;
    let mean = |distance: usize| {
        let all = (0..n).map(|i| f64::from(machine.couplings[Boltzmann::pair(i, (i + distance) % n)]));
        all.sum::<f64>() / n as f64
    };
    Ok((1..=n / 2).map(mean).collect())
}

/// Energy per spin of a ring.
fn energy(v: ArrayView1<f32>) -> f64 {
    let n = v.len();
    -(0..n).map(|i| f64::from(v[i] * v[(i + 1) % n])).sum::<f64>() / n as f64
}

fn generate(s: &Generator, data: &Array2<i8>, streams: Streams) -> Result<GeneratorFound, Error> {
    let n = data.ncols();
    let start = Rbm::random(n, s.hidden, 0.1, &mut streams.generator("machines/rbm", 0));
    let training = rbm::Training {
        updates: s.updates,
        batching: Batching::Mini { size: s.batch, repeats: false },
        descent: Descent::new(Rule::Sgd(Sgd), s.learning_rate as f32),
        patience: 0,
        ..rbm::Training::default()
    };
    let bits = packed(data.view());
    let mut trainer = rbm::Trainer::new(start, bits.as_slice(), &training, streams, "machines/rbm")?;
    (0..s.updates).for_each(|_| trainer.update());
    let rbm = trainer.rbm();
    let kernel = Kernel::new(&rbm);
    let mut random = streams.generator("machines/start", 0);
    let noise =
        Array2::from_shape_simple_fn((s.chains, n), || if random.next_u32() >> 31 == 1 { 1.0f32 } else { -1.0 });
    let mut chains = Chains::new(&kernel, s.chains);
    chains.set_visible(noise.view())?;
    let (mut random, mut v) = (streams.bulk("machines/chains", 0), noise);
    let mut series = vec![Vec::with_capacity(s.steps + 1); s.chains];
    for step in 0..=s.steps {
        if step > 0 {
            chains.step(&kernel, &mut random);
            chains.write_visible(v.as_slice_mut().expect("standard layout"));
        }
        series.iter_mut().zip(v.rows()).for_each(|(series, v)| series.push(energy(v)));
    }
    let mean_at = |step: usize| series.iter().map(|chain| chain[step]).sum::<f64>() / s.chains as f64;
    let kept: Vec<Vec<f64>> = series.iter().map(|chain| chain[s.burn_in + 1..].to_vec()).collect();
    let count = kept.iter().map(Vec::len).sum::<usize>();
    let mean = kept.iter().flatten().sum::<f64>() / count as f64;
    let variance = kept.iter().flatten().map(|e| (e - mean).powi(2)).sum::<f64>() / count as f64;
    let tau = tau_int_chains(&kept);
    let n_eff = tau.n_eff(count);
    let law = rbm.visible_law()?;
    let of_state = |state: usize| {
        let spins: Vec<f32> = (0..n).map(|i| if state >> i & 1 == 1 { 1.0 } else { -1.0 }).collect();
        energy(ArrayView1::from(&spins))
    };
    Ok(GeneratorFound {
        energy: (0..=s.steps.min(40)).map(mean_at).collect(),
        sampled: (mean, (variance / n_eff).sqrt()),
        exact: law.iter().enumerate().map(|(state, p)| p * of_state(state)).sum(),
        tau_int: (tau.tau, tau.error),
        n_eff,
        relaxation_time: rbm.gibbs_spectrum()?.relaxation_time(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Null: after the burn-in the chains follow the machine's law. 200 chains of 300 steps, error by tau_int, seed 1: |z| < 4.5 (p < 1e-5).
    /// Without burn-in the random start is seen, and a correlated series is not taken for independent.
    #[test]
    fn the_generator_reaches_the_law_of_its_machine() {
        let streams = Streams::new(1);
        let temperature = Temperature::new(2.0).unwrap();
        let data = chain::sample(8, temperature, 1000, &mut streams.generator("test/data", 0)).unwrap().spins;
        let settings = Generator {
            hidden: 4,
            updates: 2000,
            batch: 100,
            learning_rate: 0.02,
            chains: 200,
            steps: 400,
            burn_in: 100,
        };
        let found = generate(&settings, &data, streams).unwrap();
        let (mean, error) = found.sampled;
        assert!((mean - found.exact).abs() < 4.5 * error, "{mean} +- {error}, exact {}", found.exact);
        assert!((found.energy[0] - found.exact).abs() > 20.0 * error, "the start is far from the law");
        // The energy decays no slower than the slowest mode, and not at once.
        assert!(found.tau_int.0 > 0.6 && found.tau_int.0 < found.relaxation_time + 3.0 * found.tau_int.1 + 0.5);
        assert!(found.n_eff < 50_000.0);
    }
}
