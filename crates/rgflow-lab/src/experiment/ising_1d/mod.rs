//! The RBM flow of the 1D Ising model: chapter 4.2 of the thesis, figures 4.1 to 4.4, and the questions of its chapter 5 that a
//! machine of 8 + 4 units can answer exactly.

mod figures;
mod laws;
mod record;
mod settings;
mod stage;

use super::AnyExperiment;
use crate::artifact::memory::Need;
use crate::artifact::{Error, Run};
use crate::record::Record;
use rayon::prelude::*;
use settings::Settings;

/// The experiment.
pub struct Ising1d;

impl AnyExperiment for Ising1d {
    fn name(&self) -> &'static str {
        "ising-1d"
    }

    fn summary(&self) -> &'static str {
        "RBM flow of the 1D Ising model, exactly, beside the RG (thesis figs 4.1-4.4, chapter 5)"
    }

    fn recipe(&self) -> &'static str {
        include_str!("recipe.toml")
    }

    fn check(&self, table: &toml::Table) -> Result<(), String> {
        Settings::parse(table).map(|_| ())
    }

    fn needs(&self, table: &toml::Table) -> Vec<Need> {
        Settings::parse(table).map_or(vec![], |s| {
            let (n, t, spins) = (s.chain.per_temperature, s.temperatures().len(), s.chain.spins);
            let what = format!("chain.per_temperature = {n} at {t} temperatures of {spins} spins");
            vec![Need::new(&[4, n, t, spins], what, "take a smaller chain.per_temperature")]
        })
    }

    fn run(&self, table: &toml::Table, run: &Run) -> Result<Record, Error> {
        let settings = Settings::parse(table).map_err(Error::user)?;
        let found =
            run.repetitions().par_iter().map(|r| stage::findings(r, &settings)).collect::<Result<Vec<_>, _>>()?;
        Ok(record::record(&settings, &found))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifact::{Opened, progress::Silent};
    use crate::record::Verdict;
    use std::sync::Arc;

    /// A small run by hand in a folder of its own.
    fn small(more: &[(&str, &str)]) -> (Settings, stage::Findings) {
        let mut table: toml::Table = Ising1d.recipe().parse().unwrap();
        for (name, values) in more {
            table[*name].as_table_mut().unwrap().extend(values.parse::<toml::Table>().unwrap());
        }
        let settings = Settings::parse(&table).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let opened = Run::open(dir.path(), "ising-1d", &table, &[1], false, Arc::new(Silent)).unwrap();
        let Opened::Work(run) = opened else { panic!("a new folder is no finished run") };
        let found = stage::findings(&run.repetitions()[0], &settings).unwrap();
        (settings, found)
    }

    #[test]
    fn the_gibbs_flow_ends_at_the_machines_own_law() {
        let (settings, found) = small(&[
            ("chain", "spins = 5\nt_step = 1.0\nper_temperature = 200"),
            ("thermometer", "epochs = 5"),
            ("rbm", "hidden = 1\nepochs = 4\nsnapshots = [4]\nlearning_rate = 0.05"),
            ("flow", "doublings = 12"),
            ("objectives", "updates = 3000"),
            ("penalties", "strengths = [1.0]"),
        ]);
        // By powers of the kernel and by the free energy: two ways that share no code.
        let own = &found.along[0][0].reading;
        for steps in &found.flows[0][0].starts {
            assert_eq!(steps.len(), settings.flow.doublings as usize + 2);
            let end = steps.last().unwrap();
            assert!((end.energy - own.energy).abs() < 1e-6 && (end.t_star - own.t_star).abs() < 1e-3);
        }
        // The start is a thermal law, read as its temperature.
        let starts = found.flows[0][0].starts.iter().zip(settings.temperatures());
        for (steps, t) in starts.skip(1) {
            assert!((steps[0].t_energy.unwrap() - t).abs() < 1e-6);
        }
        // Maximum likelihood comes nearest to the mixture by KL(q, p), the reverse by KL(p, q).
        let kl = |o: usize| found.objectives[o].mixture.kl.unwrap();
        let reverse = |o: usize| found.objectives[o].mixture.reverse_kl.unwrap();
        assert!(kl(0) < kl(1) && reverse(1) < reverse(0), "{} {} {} {}", kl(0), kl(1), reverse(0), reverse(1));
        // A penalty that allows no weights leaves independent spins: E = 0 without biases, and no memory.
        let free = &found.penalties[1][0];
        assert!(free.relaxation.unwrap() < 0.5 && free.reading.energy.abs() < 0.05, "{free:?}");
        // One repetition has no error, so nothing is decided.
        let record = record::record(&settings, &[found]);
        let decided = |n: &&crate::record::Number| n.key.ends_with("mixture_advantage");
        assert!(record.numbers.iter().filter(decided).all(|n| n.compare[0].verdict == Verdict::Inconclusive));
        for claim in record.claims.iter().filter(|claim| !claim.number.is_empty()) {
            assert!(record.numbers.iter().any(|n| n.key == claim.number), "{}", claim.number);
            assert!(claim.null.iter().all(|null| record.numbers.iter().any(|n| n.key == *null)), "{:?}", claim.null);
        }
    }

    #[test]
    fn impossible_settings_are_named() {
        for (table, more, key) in [
            ("chain", "spins = 2", "chain.spins"),
            ("chain", "t_max = 6.1", "chain.t_max"),
            ("chain", "t_step = nan", "chain.t_step"),
            ("thermometer", "epochs = 0", "thermometer.epochs"),
            ("rbm", "hidden = 9", "rbm.hidden"),
            ("rbm", "epochs = 7", "rbm.snapshots"),
            ("rbm", "snapshots = [20, 1]", "rbm.snapshots"),
            ("rbm", "other_rates = [0.01]", "rbm.other_rates"),
            ("rbm", "batch = -1", "rbm.batch"),
            ("flow", "starts = [-1.0]", "flow.starts"),
            ("flow", "doublings = 0", "flow.doublings"),
            ("objectives", "learning_rate = 0.0", "objectives.learning_rate"),
            ("penalties", "strengths = []", "penalties.strengths"),
        ] {
            let mut all: toml::Table = Ising1d.recipe().parse().unwrap();
            all[table].as_table_mut().unwrap().extend(more.parse::<toml::Table>().unwrap());
            let error = Settings::parse(&all).unwrap_err();
            assert!(error.contains(key), "{more}: {error}");
        }
        assert!(Settings::parse(&Ising1d.recipe().parse().unwrap()).is_ok());
    }
}
