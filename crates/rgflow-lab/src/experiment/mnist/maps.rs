//! Where mixtures merge the ends of two digits: epochs, learning rate and number of mixtures.

use super::super::{AnyExperiment, Item};
use super::data::{Images, Set, With};
use super::flows::{self, Found as Flow};
use super::machines::{self, Fit};
use super::settings::{Common, Training};
use super::{MODES, classifier};
use crate::artifact::memory::Need;
use crate::artifact::{Error, Repetition, Run};
use crate::dataset::mnist;
use crate::record::Combined;
use crate::record::{Axis, Cell, Claim, Figure, Map, Number, Panel, Record, Section, Table};
use crate::study::checks::{check_rising, own};
use crate::study::drawing::log_axis;
use crate::study::drawing::{cell, over};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// The experiment.
pub struct MnistMaps;

const RECIPE: &str = concat!(
    "# Where mixtures merge the ends of the RBM flow on two digits.\n",
    include_str!("common.toml"),
    include_str!("maps_recipe.toml")
);

const ITEMS: &[Item] = &[Item {
    id: "sec4.mnist-maps",
    title: "Distinct ends over epochs, learning rate and number of mixtures",
    claim: "4500 mixtures leave one end, 900 do not",
    keys: &["mnist-maps."],
}];

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Own {
    digits: [u8; 2],
    epochs: Vec<usize>,
    learning_rates: Vec<f64>,
    mixtures: Vec<usize>,
}

struct Settings {
    common: Common,
    own: Own,
}

/// A machine: its place on the axes, and how it is made.
struct Machine {
    name: String,
    training: Training,
    set: Set,
}

impl Settings {
    fn parse(table: &toml::Table) -> Result<Self, String> {
        let own: Own = own(table, "maps")?;
        let common = Common::parse(table, &["maps"])?;
        check_rising("maps.epochs", &own.epochs, 100_000)?;
        let digits = own.digits;
        if digits[0] == digits[1] || digits.iter().any(|d| *d > 9) {
            return Err(format!("maps.digits = {digits:?}: must be two different digits"));
        }
        let rates = &own.learning_rates;
        if rates.is_empty()
            || rates.windows(2).any(|w| w[0] >= w[1])
            || !rates.iter().all(|r| *r > 0.0 && r.is_finite())
        {
            return Err(format!("maps.learning_rates = {rates:?}: must be positive numbers that rise"));
        }
        let mixtures = &own.mixtures;
        if mixtures.is_empty() || mixtures.windows(2).any(|w| w[0] >= w[1]) || mixtures.iter().any(|n| *n > 100_000) {
            return Err(format!("maps.mixtures = {mixtures:?}: must rise, each 0 to 100000"));
        }
        Ok(Self { common, own })
    }

    /// By mixtures, then by learning rate.
    fn machines(&self) -> Vec<Machine> {
        let own = &self.own;
        let epochs = own.epochs[own.epochs.len() - 1];
        let one = |each: usize, rate: f64| Machine {
            name: format!("mixtures-{}-rate-{rate}", 9 * each),
            training: Training { learning_rate: rate, epochs },
            set: Set {
                digits: own.digits,
                per_digit: self.common.data.per_digit,
                with: if each == 0 { With::Nothing } else { With::Mixed(each) },
            },
        };
        own.mixtures.iter().flat_map(|n| own.learning_rates.iter().map(move |rate| one(*n, *rate))).collect()
    }
}

/// Distinct ends at the last step, by machine, epoch and mode.
struct Findings(Vec<Vec<[usize; 2]>>);

impl AnyExperiment for MnistMaps {
    fn name(&self) -> &'static str {
        "mnist-maps"
    }

    fn summary(&self) -> &'static str {
        "Map of where mixtures merge the ends of two digits: epochs, learning rate, mixtures; needs `rgflow data mnist`"
    }

    fn recipe(&self) -> &'static str {
        RECIPE
    }

    fn items(&self) -> &'static [Item] {
        ITEMS
    }

    fn is_long(&self) -> bool {
        true
    }

    fn available(&self) -> Result<(), String> {
        mnist::missing(&mnist::folder()).map_or(Ok(()), Err)
    }

    fn needs(&self, table: &toml::Table) -> Vec<Need> {
        Settings::parse(table).map_or(vec![], |settings| settings.common.needs())
    }

    fn check(&self, table: &toml::Table) -> Result<(), String> {
        Settings::parse(table).map(|_| ())
    }

    fn run(&self, table: &toml::Table, run: &Run) -> Result<Record, Error> {
        let settings = Settings::parse(table).map_err(Error::user)?;
        let images = Images::load(&mnist::folder())?;
        let one = |r: &Repetition| repeat(r, &settings, &images);
        let found = run.repetitions().par_iter().map(one).collect::<Result<Vec<_>, Error>>()?;
        Ok(Story { settings: &settings, found: &found }.record())
    }
}

fn repeat(repetition: &Repetition, settings: &Settings, images: &Images) -> Result<Findings, Error> {
    let (machines, epochs) = (settings.machines(), &settings.own.epochs);
    let train = |m: &Machine| {
        machines::stage(
            repetition,
            images,
            &Fit { name: &m.name, set: m.set, rbm: &settings.common.rbm, training: m.training, snapshots: epochs },
        )
    };
    let (classifier, trained) = rayon::join(
        || classifier::stage(repetition, &settings.common, images),
        || machines.par_iter().map(train).collect::<Result<Vec<_>, Error>>(),
    );
    let (classifier, trained) = (classifier?, trained?);
    let ends = |(machine, artifact): (&Machine, _)| {
        let one = |epoch: usize, mode| -> Result<usize, Error> {
            let place = (machine.name.as_str(), Some(epoch));
            let flow: Flow = flows::stage(repetition, &settings.common, images, (artifact, &classifier), place, mode)?;
            Ok(flow.ends.last().copied().unwrap_or(0))
        };
        let both = |epoch: &usize| Ok([one(*epoch, MODES[0])?, one(*epoch, MODES[1])?]);
        epochs.par_iter().map(both).collect::<Result<Vec<_>, Error>>()
    };
    Ok(Findings(machines.par_iter().zip(&trained).map(ends).collect::<Result<Vec<_>, Error>>()?))
}

struct Story<'a> {
    settings: &'a Settings,
    found: &'a [Findings],
}

impl Story<'_> {
    fn record(&self) -> Record {
        let digits = self.settings.own.digits;
        Record {
            experiment: "mnist-maps".into(),
            title: "Do mixtures merge the ends of two digits?".into(),
            question: format!(
                "With 4500 mixtures of {} and {} the thesis saw one end, with 900 several, after one training. Over which trainings is that so?",
                digits[0], digits[1]
            ),
            answers: self.answers(),
            summary: self.summary(),
            sections: vec![self.section()],
            numbers: self.numbers(),
            claims: self.claims(),
        }
    }

    fn place(&self, mixtures: usize, rate: usize) -> usize {
        mixtures * self.settings.own.learning_rates.len() + rate
    }

    fn ends(&self, mixtures: usize, rate: usize, epoch: usize, mode: usize) -> Combined {
        let machine = self.place(mixtures, rate);
        over(self.found, |f| Some(f.0[machine][epoch][mode] as f64))
    }

    /// Fraction of the trainings of the plane with one end.
    fn one(&self, mixtures: usize, mode: usize) -> Combined {
        let own = &self.settings.own;
        let rates = 0..own.learning_rates.len();
        over(self.found, |f| {
            let all = rates.clone().flat_map(|r| f.0[self.place(mixtures, r)].iter());
            let (n, one) = all.fold((0, 0), |(n, one), ends| (n + 1, one + usize::from(ends[mode] == 1)));
            Some(f64::from(one as u32) / f64::from(n))
        })
    }

    fn numbers(&self) -> Vec<Number> {
        let own = &self.settings.own;
        let mut numbers = Vec::new();
        for (m, mode) in MODES.map(|mode| mode.name()).iter().enumerate() {
            for (n, each) in own.mixtures.iter().enumerate() {
                let key = format!("mnist-maps.mixtures{}", 9 * each);
                let what = format!("fraction of the trainings with one end, {} mixtures, {mode} flow", 9 * each);
                let number = self.one(n, m).number(format!("{key}.{mode}.one"), "1", &what);
                let (expected, source) = if *each >= 500 {
                    (1.0, "thesis fig 4.13: one end with 4500 mixtures")
                } else {
                    (0.0, "thesis figs 4.12, 4.13: several ends with none or 900 mixtures")
                };
                numbers.push(number.compare(expected, 0.0, 0.25, source));
                for (r, rate) in own.learning_rates.iter().enumerate() {
                    for (e, epochs) in own.epochs.iter().enumerate() {
                        let what = format!(
                            "distinct ends, {} mixtures, learning rate {rate}, {epochs} epochs, {mode}",
                            9 * each
                        );
                        let key = format!("{key}.rate{rate}.epochs{epochs}.{mode}.ends");
                        numbers.push(self.ends(n, r, e, m).number(key, "1", &what));
                    }
                }
            }
        }
        numbers
    }

    fn claims(&self) -> Vec<Claim> {
        let mut claims = Vec::new();
        for each in &self.settings.own.mixtures {
            for mode in MODES.map(|mode| mode.name()) {
                let states = match each {
                    0 => "no mixtures: several ends".to_string(),
                    500.. => format!("{} mixtures: one end", 9 * each),
                    _ => format!("{} mixtures: several ends", 9 * each),
                };
                let states = format!("{states}, whatever the training ({mode}; fraction with one)");
                claims.push(Claim::new(
                    "sec4.mnist-maps",
                    states,
                    format!("mnist-maps.mixtures{}.{mode}.one", 9 * each),
                ));
            }
        }
        claims
    }

    fn answers(&self) -> Vec<String> {
        let show = |c: Combined| crate::report::format::value(c.value, c.error, c.interval);
        let of = |m: usize| {
            let one = |(n, each): (usize, &usize)| format!("{} with {} mixtures", show(self.one(n, m)), 9 * each);
            self.settings.own.mixtures.iter().enumerate().map(one).collect::<Vec<_>>().join(", ")
        };
        vec![
            format!("Fraction of the trainings that leave one end, Gibbs flow: {}.", of(0)),
            format!("Mean-field flow: {}.", of(1)),
        ]
    }

    /// Ends of the mean-field flow.
    fn summary(&self) -> Table {
        let own = &self.settings.own;
        let heads = ["mixtures", "learning rate"].map(String::from).into_iter();
        let mut rows = Vec::new();
        for (n, each) in own.mixtures.iter().enumerate() {
            for (r, rate) in own.learning_rates.iter().enumerate() {
                let mut row = vec![Cell::text((9 * each).to_string()), Cell::text(rate.to_string())];
                row.extend((0..own.epochs.len()).map(|e| cell(&self.ends(n, r, e, 1), None)));
                rows.push(row);
            }
        }
        Table {
            caption: "Distinct ends of the mean-field flow".into(),
            columns: heads.chain(own.epochs.iter().map(|e| format!("{e} epochs"))).collect(),
            rows,
            notes: vec!["Of ten starting digits; permutation test, Holm over pairs at 1 %.".into()],
        }
    }

    fn section(&self) -> Section {
        let own = &self.settings.own;
        let map = |n: usize, m: usize| {
            let row = |r: usize| {
                let ends = |e| self.ends(n, r, e, m);
                (0..own.epochs.len()).map(|e| (ends(e).value, ends(e).error)).collect()
            };
            Panel::Map(Map {
                title: format!("{} mixtures, {}", 9 * own.mixtures[n], MODES[m].name()),
                x: log_axis("epochs"),
                y: log_axis("learning rate"),
                value: Axis { label: "distinct ends".into(), limits: Some([1.0, 6.0]), ..Axis::default() },
                columns: own.epochs.iter().map(|e| *e as f64).collect(),
                rows: own.learning_rates.clone(),
                values: (0..own.learning_rates.len()).map(row).collect(),
            })
        };
        Section {
            title: "Maps".into(),
            text: vec![],
            figures: vec![Figure {
                id: "sec4.mnist-maps".into(),
                title: "Distinct ends over epochs, learning rate and mixtures".into(),
                caption: format!(
                    "Machines of {} hidden units trained on the digits {:?}, with mixtures. Mean over repetitions.",
                    self.settings.common.rbm.hidden, own.digits
                ),
                alt: "Maps of the number of distinct ends over epochs and learning rate, for each number of mixtures and mode.".into(),
                panels: (0..own.mixtures.len()).flat_map(|n| (0..MODES.len()).map(move |m| (n, m))).map(|(n, m)| map(n, m)).collect(),
            }],
            tables: vec![],
        }
    }
}
