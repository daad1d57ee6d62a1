//! The tools of thesis chapter 2 and appendix A: activations, a neuron, optimisers, early stopping, architectures.

mod drawings;
mod machines;
mod record;
mod settings;
mod training;

use crate::study::prelude::*;
use machines::MachinesFindings;
use settings::Settings;
use training::TrainingFindings;

/// The experiment `toolbox`.
pub struct Toolbox;

/// Findings of one repetition.
pub struct Findings {
    training: TrainingFindings,
    machines: MachinesFindings,
}

impl Experiment for Toolbox {
    type Settings = Settings;
    type Findings = Findings;

    const ABOUT: About = About {
        name: "toolbox",
        summary: "Activations, a neuron, optimisers and early stopping at work (thesis chapter 2)",
        recipe: include_str!("recipe.toml"),
        ..About::DEFAULT
    };

    fn needs(&self, settings: &Settings) -> Vec<Need> {
        let data = &settings.data;
        let (n, t, sites) = (*data.train + *data.test, data.temperatures.len(), data.size.pow(2));
        let what = format!("data.train + data.test = {n} at {t} temperatures of {sites} spins");
        vec![Need::new(&[4, n, t, sites], what, "take fewer configurations")]
    }

    fn plan(&self, settings: &Settings) -> Plan {
        let (ring, s, n) = (&settings.boltzmann, settings, settings.data.temperatures.len() * *settings.data.train);
        let epochs = 3 * *s.neuron.epochs + 7 * *s.optimisers.epochs;
        let sweeps = *ring.updates * *ring.chains * (20 + *ring.sweeps) * *ring.spins;
        let steps = *s.generator.chains * *s.generator.steps + *s.generator.updates * *s.generator.batch;
        Plan::new()
            .stage("training", "training", 1.1e-6 * (epochs * n) as f64 + 1e-6 * (*s.stopping.epochs * n / 10) as f64)
            .stage("machines", "machines", 1.1e-7 * sweeps as f64 + 1e-7 * steps as f64)
    }

    fn repeat(&self, repetition: &Repetition, settings: &Settings) -> Result<Findings, Error> {
        let training = training::stage(repetition, settings)?;
        Ok(Findings { training, machines: machines::stage(repetition, settings)? })
    }

    fn record(&self, settings: &Settings, found: &[Findings]) -> Result<Record, Error> {
        Ok(record::record(settings, found))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::testing::{check, verdicts};
    use machines::GeneratorFindings;
    use training::{LearningCurve, NeuronFindings};

    #[test]
    fn impossible_settings_are_named() {
        assert_refused::<Toolbox>(&[
            ("data.temperatures=[1.0, 2.0]", "data.temperatures = "),
            ("data.temperatures=[-1.0, 3.0]", "data.temperatures = "),
            ("data.size=1", "data.size = "),
            ("neuron.epochs=0", "neuron.epochs = "),
            ("neuron.epochs=-1", "neuron.epochs = "),
            ("optimisers.adam_rate=0.0", "optimisers.adam_rate = "),
            ("optimisers.decay=nan", "optimisers.decay = "),
            ("stopping.train=501", "stopping.train = "),
            ("boltzmann.spins=40", "boltzmann.spins = "),
            ("boltzmann.temperature=0.0", "boltzmann.temperature = "),
            ("generator.burn_in=499", "generator.burn_in = "),
            ("generator.steps=0", "generator.steps = "),
        ]);
    }

    /// Findings of a repetition; `more` is added to the values that vary.
    fn found(more: f64) -> Findings {
        let curve = |name: &str, least: f64| LearningCurve {
            name: name.into(),
            epoch: vec![1, 2, 3],
            updates: vec![10, 20, 30],
            train: vec![4.0, 2.0, 1.0],
            test: vec![4.0 * least, least, 1.25 * least + more],
        };
        let neuron =
            |input: &str, accuracy, best| NeuronFindings { input: input.into(), accuracy, best, output: vec![] };
        let costs = [("full gradient", 0.5), ("stochastic", 0.25), ("batches", 0.26), ("Adam", 0.5)];
        let neurons =
            vec![neuron("spins", 0.625, None), neuron("abs_m", 0.875, Some(0.88)), neuron("energy", 0.75, Some(1.0))];
        let couplings = [vec![0.25, 0.0, 0.0, 0.125], vec![0.5 + more, 0.0, 0.0, 0.0625]];
        let generator = GeneratorFindings {
            energy: vec![0.0, -0.5],
            sampled: (-0.75, 0.25),
            exact: -0.875,
            tau_int: (1.5, 0.1),
            n_eff: 1000.0,
            relaxation_time: 2.5,
        };
        let optimisers = costs.map(|(name, cost)| curve(name, cost)).into();
        Findings {
            training: TrainingFindings { neurons, optimisers, stopping: curve("Adam", 2.0) },
            machines: MachinesFindings { couplings, generator },
        }
    }

    #[test]
    fn a_record_says_each_number_once() {
        let settings = changed::<Toolbox>(&[]).unwrap();
        let output = record::record(&settings, &[found(0.0), found(0.0625)]);
        let values = [
            ("toolbox.neuron.spins.accuracy", 0.625),
            ("toolbox.neuron.abs_m.accuracy", 0.875),
            ("toolbox.optimisers.full_gradient.test_cost", 0.5),
            ("toolbox.optimisers.batches.test_cost", 0.26),
            ("toolbox.optimisers.batches.sweeps", 2.0),
            ("toolbox.stopping.epoch", 2.0),
            ("toolbox.stopping.rise", 0.265625),
            ("toolbox.stopping.fall", 0.5),
            ("toolbox.parameters.rbm", 2625.0),
            ("toolbox.boltzmann.enumerated.neighbours", 0.25),
            ("toolbox.boltzmann.sampled.neighbours", 0.53125),
            ("toolbox.boltzmann.sampled.farthest", 0.0625),
            ("toolbox.generator.energy_difference", 0.125),
            ("toolbox.generator.relaxation_time", 2.5),
        ];
        let figures = ["fig2.1", "sec2.2.1", "sec2.2.3", "fig2.2", "fig2.3", "fig2.4", "sec2.4.1", "sec2.4.2"];
        check(&output, &values, &figures);
        let agree = ["agrees"; 5];
        assert_eq!(verdicts(&output), [&agree[..], &["inconclusive", "agrees", "agrees"]].concat());
        assert_eq!(output.claims[5].number, "toolbox.optimisers.adam.test_cost");
        assert_eq!(output.number("toolbox.neuron.energy.accuracy").map(Number::first_verdict), Some(Verdict::Differs));
        assert_eq!(
            output.number("toolbox.optimisers.adam.sweeps").map(|n| (n.value, n.n_eff)),
            Some((None, Some(0.0)))
        );
        assert!(output.answers[2].contains("all optimisers stochastic is"), "{}", output.answers[2]);
    }
}
