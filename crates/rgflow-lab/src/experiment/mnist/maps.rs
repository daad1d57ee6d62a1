//! When mixtures merge the ends of two digits: epochs, learning rate and number of mixtures.

use super::data::{Images, Set, With};
use super::rbms::MachineSpec;
use super::settings::{Common, Epochs, Training};
use super::{NO_LIKELIHOOD, Study, flows};
use crate::dataset::mnist;
use crate::record::Place;
use crate::row;
use crate::study::prelude::*;
use crate::study::values::plain;

/// The experiment `mnist-maps`.
pub struct MnistMaps;

/// The table `maps`.
#[derive(Clone, Debug, Deserialize)]
struct Maps {
    digits: [Within<0, 9>; 2],
    epochs: Rising<Epochs>,
    learning_rates: Rising<Positive>,
    mixtures: Rising<Within<0, 100_000>>,
}

/// Settings of the experiment: those shared with `mnist`, and the axes of the maps.
pub struct Settings {
    common: Common,
    maps: Maps,
}

impl values::Settings for Settings {
    fn parse(table: &toml::Table) -> Result<Self, String> {
        let (common, maps): (_, Maps) = (Common::parse(table)?, values::part(table, "maps")?);
        let digits = plain(&maps.digits);
        if digits[0] == digits[1] {
            return Err(format!("maps.digits = {digits:?}: must be two different digits"));
        }
        Ok(Self { common, maps })
    }
}

impl Settings {
    /// Machines by number of mixtures and learning rate.
    fn machines(&self) -> Vec<MachineSpec> {
        let (maps, per_digit) = (&self.maps, *self.common.data.per_digit);
        let of = |each: usize, learning_rate: Positive| {
            let with = if each == 0 { With::Nothing } else { With::Mixed(each) };
            MachineSpec {
                name: format!("mixtures-{}-rate-{learning_rate}", 9 * each),
                set: Set { digits: maps.digits.map(|digit| *digit), per_digit, with },
                training: Training { learning_rate, epochs: maps.epochs.last() },
                snapshots: maps.epochs.to_vec(),
            }
        };
        maps.mixtures.iter().flat_map(|each| maps.learning_rates.iter().map(move |rate| of(**each, *rate))).collect()
    }
}

/// Numbers of distinct ends at the last step, by machine, epoch and mode.
pub struct Findings(Vec<Vec<ByMode<usize>>>);

impl Experiment for MnistMaps {
    type Settings = Settings;
    type Findings = Findings;

    const ABOUT: About = About {
        name: "mnist-maps",
        summary: "Map of where mixtures merge the ends of two digits: epochs, learning rate, mixtures; needs `rgflow \
                  data mnist`",
        recipe: concat!(
            "# Where mixtures merge the ends of the RBM flow on two digits.\n",
            include_str!("common.toml"),
            include_str!("maps_recipe.toml")
        ),
        is_long: true,
        ..About::DEFAULT
    };

    fn available(&self) -> Result<(), String> {
        mnist::missing(&mnist::folder()).map_or(Ok(()), Err)
    }

    fn needs(&self, settings: &Settings) -> Vec<Need> {
        vec![settings.common.needs()]
    }

    fn plan(&self, settings: &Settings) -> Plan {
        let common = &settings.common;
        let one = |spec: MachineSpec| {
            let flows = spec.snapshots.iter().map(|epoch| common.flow_plan(&spec, Some(**epoch)));
            flows.fold(common.machine_plan(&spec), Plan::and)
        };
        let plan = common.classifier_plan("classifier", 5 * *common.data.per_digit);
        settings.machines().into_iter().map(one).fold(plan, Plan::and)
    }

    fn repeat(&self, repetition: &Repetition, settings: &Settings) -> Result<Findings, Error> {
        let images = &*Images::read()?;
        let study = &Study { repetition, settings: &settings.common, images };
        let specs = settings.machines();
        let (classifier, machines) = study.trained(&specs)?;
        let ends = |(spec, machine): (&MachineSpec, &Artifact)| {
            let at = |epoch: &Epochs, mode| -> Result<usize, Error> {
                let flow = flows::stage(study, &classifier, (machine, &spec.name, Some(**epoch)), mode)?;
                Ok(flow.ends.last().copied().unwrap_or(0))
            };
            spec.snapshots.par_iter().map(|epoch| ByMode::make(|mode| at(epoch, mode))).collect::<Result<_, _>>()
        };
        Ok(Findings(specs.par_iter().zip(&machines).map(ends).collect::<Result<_, Error>>()?))
    }

    fn record(&self, settings: &Settings, found: &[Findings]) -> Result<Record, Error> {
        Ok(record(settings, found))
    }
}

fn record(settings: &Settings, found: &[Findings]) -> Record {
    let (over, maps) = (Repeated::new("mnist-maps", found), &settings.maps);
    let counts: Vec<usize> = maps.mixtures.iter().map(|each| 9 * **each).collect();
    let [mixtures, epochs] = [("mixtures", &counts), ("epochs", &plain(&maps.epochs))]
        .map(|(name, values)| Dimension::new(name, values, usize::to_string));
    let rate = Dimension::new("rate", &plain(&maps.learning_rates), f64::to_string);
    let mode = modes();
    let what = "fraction of the trainings with one end, {mixtures} mixtures, {mode} flow";
    let of = |f: &Findings, [m, n]: [usize; 2]| {
        let ends: Vec<usize> = f.0[n * rate.len()..][..rate.len()].iter().flatten().map(|ends| ends[m]).collect();
        Some(Fraction { yes: ends.iter().filter(|ends| **ends == 1).count() as u64, of: ends.len() as u64 })
    };
    let one = over.fraction("mixtures{mixtures}.{mode}.one", [&mode, &mixtures], what, of);
    let one = one.map(|[_, n], one| {
        let (expected, source) = match counts[n] {
            4500.. => (1.0, "thesis fig 4.13: one end with 4500 mixtures"),
            _ => (0.0, "thesis figs 4.12, 4.13: several ends with none or 900 mixtures"),
        };
        // Neither all nor none of the trainings.
        let mixed = one.value.is_some_and(|share| 0.0 < share && share < 1.0);
        let one = one.compare(expected, 0.0, 0.25, source);
        let moves = mixed && one.first_verdict() == Verdict::Differs;
        one.depending_on("maps.epochs, maps.learning_rates or the seed", moves)
    });
    let what = "distinct ends, {mixtures} mixtures, learning rate {rate}, {epochs} epochs, {mode}";
    let key = "mixtures{mixtures}.rate{rate}.epochs{epochs}.{mode}.ends";
    let of = |f: &Findings, [m, n, r, e]: [usize; 4]| f.0[n * rate.len() + r][e][m];
    let ends = over.quantity(key, [&mode, &mixtures, &rate, &epochs], "1", what, of);

    let digits = plain(&maps.digits);
    let question = format!(
        "With 4500 mixtures of {} and {} the thesis saw one end, with 900 several, after one training. Over which \
         trainings is that so?",
        digits[0], digits[1]
    );
    let mut record = Record::new("mnist-maps", "Do mixtures merge the ends of two digits?", question);
    record.list(&[&ByPlace(vec![&ByPlace(vec![&one, &ends])])]);
    for (n, mode) in mixtures.places().flat_map(|n| MODES.map(|mode| (n, mode))) {
        let states = match counts[n] {
            0 => "no mixtures: several ends".to_string(),
            4500.. => format!("{} mixtures: one end", counts[n]),
            _ => format!("{} mixtures: several ends", counts[n]),
        };
        let states = format!("{states}, whatever the training ({}; fraction with one)", mode.name());
        record.claims.push(Claim::of("sec4.mnist-maps", states, one.at((mode, n))));
    }
    let list = |mode: Mode| mixtures.list(|n| format!("{} with {} mixtures", one.at((mode, n)), counts[n]));
    record.answers = vec![
        format!("Fraction of the trainings that leave one end, Gibbs flow: {}.", list(Mode::Gibbs)),
        format!("Mean-field flow: {}.", list(Mode::Mean)),
    ];
    let heads = ["mixtures".to_string(), "learning rate".into()].into_iter();
    let heads = heads.chain(epochs.places().map(|e| format!("{} epochs", epochs.word(e))));
    let row = |(n, r): (usize, usize)| {
        let ends = epochs.places().map(|e| ends.at([Mode::Mean.place(), n, r, e]).into());
        row![mixtures.word(n), rate.word(r)].into_iter().chain(ends).collect()
    };
    let rows = mixtures.places().flat_map(|n| rate.places().map(move |r| (n, r)));
    record.summary = Table::new("Distinct ends of the mean-field flow", heads)
        .rows(rows.map(row))
        .note("Of ten starting digits; permutation test, Holm over pairs at 1 %.")
        .note(NO_LIKELIHOOD);
    let map = |(n, m): (usize, usize)| {
        let title = format!("{} mixtures, {}", counts[n], mode.word(m));
        let (x, y) = (epochs.along(Axis::log("epochs")), rate.along(Axis::log("learning rate")));
        Panel::map(title, x, y, Axis::new("distinct ends").limits(1.0, 6.0), |r, e| ends.at([m, n, r, e]))
    };
    let maps = mixtures.places().flat_map(|n| mode.places().map(move |m| (n, m))).map(map);
    let caption = format!(
        "Machines of {} hidden units trained on the digits {digits:?}, with mixtures. Mean over repetitions.",
        settings.common.rbm.hidden
    );
    let alt =
        "Maps of the number of distinct ends over epochs and learning rate, for each number of mixtures and mode.";
    let figure = Figure::new("sec4.mnist-maps", "Distinct ends over epochs, learning rate and mixtures");
    record.sections = vec![Section::new("Maps").figures([figure.caption(caption, alt).panels(maps)])];
    record
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::testing::{check, verdicts};

    /// 4500 mixtures leave one end except for the last rate in Gibbs steps; fewer leave a number that encodes their
    /// position.
    #[test]
    fn the_record_tells_ends_by_mixtures_rate_epochs_and_mode() {
        let settings = changed::<MnistMaps>(&["maps.epochs=[3, 10]", "maps.learning_rates=[0.1, 0.5]"]).unwrap();
        let ends = |machine: usize, e: usize| {
            ByMode::each(|mode| match (machine, mode) {
                (5, Mode::Gibbs) => 2,
                (4.., _) => 1,
                _ => 100 * machine + 10 * e + mode.place() + 2,
            })
        };
        let found = || Findings((0..6).map(|machine| (0..2).map(|e| ends(machine, e)).collect()).collect());
        let record = record(&settings, &[found(), found()]);
        let values = [
            ("mnist-maps.mixtures900.gibbs.one", 0.0),
            ("mnist-maps.mixtures4500.gibbs.one", 0.5),
            ("mnist-maps.mixtures4500.mean.one", 1.0),
            ("mnist-maps.mixtures0.rate0.5.epochs3.mean.ends", 103.0),
            ("mnist-maps.mixtures900.rate0.1.epochs10.gibbs.ends", 212.0),
        ];
        check(&record, &values, &["sec4.mnist-maps"]);
        assert_eq!(verdicts(&record), ["agrees", "agrees", "agrees", "agrees", "depends", "agrees"]);
        assert_eq!(record.claims[3].number, "mnist-maps.mixtures900.mean.one");
    }
}
