//! Exact renormalization and series of Ising models (thesis chapter 3): decimation of the chain (figure 3.1), series of the square
//! lattice (figures 3.2 and 3.3), its duality, and approximate renormalization beside them.

mod approximate;
mod decimation;
mod duality;
mod series;
mod settings;

use super::{AnyExperiment, Item};
use crate::artifact::{Error, Run};
use crate::record::{Claim, Number, Record, Section, Table};
use settings::Settings;

/// The experiment.
pub struct ExactRg;

/// What a part of the experiment adds to the record.
#[derive(Default)]
struct Part {
    numbers: Vec<Number>,
    answers: Vec<String>,
    sections: Vec<Section>,
    summary: Option<Table>,
}

const ITEMS: &[Item] = &[
    Item {
        id: "fig3.1",
        title: "RG flow of the 1D Ising model in the plane of K and h",
        claim: "From everywhere the flow runs to K = 0, that is T = inf; at h = 0 tanh K' = tanh^2 K",
        keys: &["exact-rg.decimation."],
    },
    Item {
        id: "fig3.2",
        title: "Closed graphs of the series in tanh K of the 2D Ising model",
        claim: "Z/(2 cosh^2 K)^N = 1 + N t^4 + 2N t^6 + N(N+9)/2 t^8 + ..., t = tanh K",
        keys: &["exact-rg.series.tanh."],
    },
    Item {
        id: "fig3.3",
        title: "Overturned spins of the series in e^{-2K} of the 2D Ising model",
        claim: "Z/(2 e^{2NK}) = 1 + N x^4 + 2N x^6 + N(N+9)/2 x^8 + ..., x = e^{-2K}",
        keys: &["exact-rg.series.exp."],
    },
    Item {
        id: "eq3.2.31",
        title: "Duality of the 2D Ising model",
        claim: "Both series are one: sinh 2K sinh 2K* = 1, and K_c = ln(1 + sqrt 2)/2 where K = K*",
        keys: &["exact-rg.duality."],
    },
    Item {
        id: "sec3.pictures",
        title: "Migdal-Kadanoff recursion and tensor renormalization group",
        claim: "(beside the thesis) two approximate RG flows of the 2D Ising model: K* = 0.3047, nu = 1.338; the free energy to 2e-6",
        keys: &["exact-rg.migdal-kadanoff.", "exact-rg.trg."],
    },
];

impl AnyExperiment for ExactRg {
    fn name(&self) -> &'static str {
        "exact-rg"
    }

    fn summary(&self) -> &'static str {
        "Exact decimation, series and duality of Ising models (thesis figs 3.1-3.3)"
    }

    fn recipe(&self) -> &'static str {
        include_str!("recipe.toml")
    }

    fn items(&self) -> &'static [Item] {
        ITEMS
    }

    fn repetitions(&self) -> u32 {
        1
    }

    fn check(&self, table: &toml::Table) -> Result<(), String> {
        Settings::parse(table).map(|_| ())
    }

    fn run(&self, table: &toml::Table, _: &Run) -> Result<Record, Error> {
        let settings = Settings::parse(table).map_err(Error::user)?;
        record(&settings)
    }
}

fn record(settings: &Settings) -> Result<Record, Error> {
    let parts = [
        decimation::part(&settings.decimation),
        series::part(&settings.series)?,
        duality::part(&settings.duality)?,
        approximate::part(&settings.trg)?,
    ];
    let chi = settings.trg.chi.iter().max().copied().unwrap_or_default();
    let claim = |item: &str, states: &str, key: &str| Claim::new(item, states, format!("exact-rg.{key}"));
    let claims = vec![
        claim("fig3.1", "every start flows to K = 0 (fraction)", "decimation.arrived"),
        claim("fig3.1", "ln Z is kept (largest deviation)", "decimation.ln_z_kept"),
        claim("fig3.1", "tanh K' = tanh^2 K (largest deviation)", "decimation.tanh_rule"),
        claim("fig3.2", "coefficient of tanh^8 K: N(N + 9)/2", "series.tanh.order_8"),
        claim("fig3.3", "coefficient of e^{-16 K}: N(N + 9)/2", "series.exp.order_8"),
        claim("eq3.2.31", "sinh 2K sinh 2K* = 1 (deviation per site)", "duality.infinite"),
        claim("eq3.2.31", "K_c = ln(1 + sqrt 2)/2", "duality.K_c"),
        claim("sec3.pictures", "Migdal-Kadanoff: nu = 1.338", "migdal-kadanoff.nu"),
        claim("sec3.pictures", "TRG: relative error of the free energy at T_c", &format!("trg.chi{chi}.error")),
    ];
    let mut record = Record {
        claims,
        experiment: "exact-rg".into(),
        title: "Exact renormalization and series of Ising models".into(),
        question: "Every second spin of the chain is summed over exactly: where do K and h go? What is exact on the square lattice, where no \
                   such sum closes?"
            .into(),
        ..Record::default()
    };
    for part in parts {
        record.numbers.extend(part.numbers);
        record.answers.extend(part.answers);
        record.sections.extend(part.sections);
        if let Some(summary) = part.summary {
            record.summary = summary;
        }
    }
    Ok(record)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Verdict;

    fn settings(key: &str, more: &str) -> Result<Settings, String> {
        let mut table: toml::Table = ExactRg.recipe().parse().unwrap();
        let more: toml::Table = more.parse().unwrap();
        table[key].as_table_mut().unwrap().extend(more);
        Settings::parse(&table)
    }

    #[test]
    fn claims_are_answered() {
        let record = record(&settings("trg", "chi = [8, 16]").unwrap()).unwrap();
        assert!(record.numbers.iter().all(|n| n.compare[0].verdict == Verdict::Agrees), "{:?}", record.numbers);
        for item in ITEMS {
            let own = |n: &&Number| item.keys.iter().any(|key| n.key.starts_with(key));
            assert!(record.numbers.iter().filter(own).count() >= 3, "{}", item.id);
        }
        // Too few steps to arrive: the rule can fail.
        let short = decimation::part(&settings("decimation", "steps = 1").unwrap().decimation);
        assert_eq!(short.numbers[3].compare[0].verdict, Verdict::Differs);
    }

    #[test]
    fn impossible_settings_are_named() {
        for (table, more, key) in [
            ("decimation", "k = []", "decimation.k"),
            ("decimation", "h = [nan]", "decimation.h"),
            ("decimation", "steps = 0", "decimation.steps"),
            ("decimation", "k = [1e9]", "decimation.k"),
            ("decimation", "steps = -1", "decimation.steps"),
            ("series", "size = 8", "series.size"),
            ("series", "size = 12", "series.size"),
            ("duality", "k = [0.0]", "duality.k"),
            ("duality", "size = 1", "duality.size"),
            ("trg", "chi = [2]", "trg.chi"),
            ("trg", "steps = 2", "trg.steps"),
        ] {
            let error = settings(table, more).unwrap_err();
            assert!(error.contains(key), "{more}: {error}");
        }
    }
}
