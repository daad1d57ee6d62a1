//! Monte Carlo renormalization group: exponents by step, rule and number of operators.

mod record;

use super::{AnyExperiment, Item};
use crate::artifact::memory::Need;
use crate::artifact::{Error, Repetition, Run, Stage};
use crate::record::Record;
use rgflow::lattice::{Temperature, wolff};
use rgflow::rg::block_spin::Rule;
use rgflow::rg::mcrg::{self, SMALLEST};
use rgflow::rg::operators::{self, Operator};
use rgflow::statistics::Estimate;
use serde::{Deserialize, Serialize};

/// The experiment.
pub struct Mcrg;

const ITEMS: &[Item] = &[Item {
    id: "secB.mcrg",
    title: "Monte Carlo renormalization group: y_t and y_h",
    claim: "(beside appendix B) exponents by the method that physicists trust",
    keys: &["rg.mcrg."],
}];

const REVISION: u32 = 2;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Own {
    size: usize,
    b: usize,
    steps: usize,
    temperature: String,
    rules: Vec<String>,
    even: Vec<String>,
    odd: Vec<String>,
    headline: usize,
    samples: usize,
    blocks: usize,
    chains: usize,
    spacing: f64,
    burn_in: usize,
    soft: Vec<f64>,
    soft_samples: usize,
}

struct Settings {
    own: Own,
    measure: mcrg::Settings,
    /// The scan over K of the soft majority, one or two steps; `None` if it is not asked for.
    soft: Option<mcrg::Settings>,
}

impl Settings {
    fn parse(table: &toml::Table) -> Result<Self, String> {
        let own: Own = crate::study::checks::own(table, "mcrg")?;
        let within = |key: &str, value: usize, least: usize, most: usize| {
            let fine = (least..=most).contains(&value);
            if fine { Ok(()) } else { Err(format!("mcrg.{key} = {value}: must be {least} to {most}")) }
        };
        within("size", own.size, 8, 1024)?;
        within("b", own.b, 2, 16)?;
        within("chains", own.chains, 2, 1024)?;
        within("burn_in", own.burn_in, 2, 1_000_000)?;
        within("headline", own.headline, 1, 100)?;
        if !own.blocks.is_multiple_of(own.chains) || own.blocks < mcrg::BLOCKS {
            return Err(format!(
                "mcrg.blocks = {}: must be a multiple of mcrg.chains = {} and at least {}, fewer give no error by the jackknife",
                own.blocks,
                own.chains,
                mcrg::BLOCKS
            ));
        }
        if own.samples < 10 * own.blocks || own.samples > 100_000_000 {
            return Err(format!(
                "mcrg.samples = {}: must be at least ten per block ({}) and at most 100000000",
                own.samples,
                10 * own.blocks
            ));
        }
        if own.soft_samples < 10 * own.blocks {
            return Err(format!(
                "mcrg.soft_samples = {}: must be at least ten per block ({})",
                own.soft_samples,
                10 * own.blocks
            ));
        }
        if own.soft.windows(2).any(|k| k[0] >= k[1]) || own.soft.iter().any(|k| !(*k > 0.0 && *k <= 100.0)) {
            return Err(format!("mcrg.soft = {:?}: must be numbers above 0, at most 100, that rise", own.soft));
        }
        if !(own.spacing > 0.0 && own.spacing <= 1000.0) {
            return Err(format!("mcrg.spacing = {}: must be above 0 and at most 1000", own.spacing));
        }
        let possible = possible_steps(own.size, own.b);
        if possible == 0 || own.steps > possible {
            return Err(format!(
                "mcrg.size = {} with mcrg.b = {} allows {possible} step(s): every lattice must be divisible by b and keep {SMALLEST} spins \
                 along a side; mcrg.steps = {}",
                own.size, own.b, own.steps
            ));
        }
        let temperature: Temperature = own.temperature.parse().map_err(|e| format!("mcrg.{e}"))?;
        if !(temperature.value() > 0.0 && temperature.value().is_finite()) {
            return Err(format!("mcrg.temperature = {}: must be above 0 and finite", own.temperature));
        }
        if own.rules.is_empty() {
            return Err("mcrg.rules = []: name at least one rule".into());
        }
        let rules = own.rules.iter().map(|rule| rule.parse::<Rule>().map_err(|e| format!("mcrg.rules: {e}")));
        let rules = rules.collect::<Result<Vec<_>, _>>()?;
        if let Some(i) = (1..rules.len()).find(|i| rules[..*i].contains(&rules[*i])) {
            return Err(format!("mcrg.rules: {} is there twice", own.rules[i]));
        }
        let least = own.size / own.b.pow(if own.steps == 0 { possible } else { own.steps } as u32);
        let all = [("even", &own.even, operators::even()), ("odd", &own.odd, operators::odd())];
        let [even, odd] = all.map(|(key, names, known)| {
            let found = names.iter().map(|name| operator(key, name, &known, least)).collect::<Result<Vec<_>, _>>()?;
            match (1..found.len()).find(|i| found[..*i].iter().any(|o| o.same_as(&found[*i]))) {
                Some(i) => Err(format!("mcrg.{key}: {} is there twice", names[i])),
                None if found.is_empty() => Err(format!("mcrg.{key} = []: name at least one operator")),
                None => Ok(found),
            }
        });
        let measure = mcrg::Settings {
            size: own.size,
            b: own.b,
            steps: if own.steps == 0 { possible } else { own.steps },
            rules,
            temperature,
            operators: [even?, odd?],
            chains: own.chains,
            blocks: own.blocks / own.chains,
            per_block: own.samples / own.blocks,
            wolff: wolff::Settings { chains: 1, burn_in: own.burn_in, spacing: own.spacing },
        };
        let soft = (!own.soft.is_empty()).then(|| mcrg::Settings {
            rules: own.soft.iter().map(|k| Rule::Soft(*k)).collect(),
            steps: measure.steps.min(2),
            per_block: own.soft_samples.min(own.samples) / own.blocks,
            ..measure.clone()
        });
        Ok(Self { own, measure, soft })
    }
}

/// Steps until a lattice is no longer divisible or would have fewer than four spins along a side.
fn possible_steps(size: usize, b: usize) -> usize {
    let next = |l: &usize| (l.is_multiple_of(b) && l / b >= SMALLEST).then_some(l / b);
    std::iter::successors(Some(size), next).count() - 1
}

/// Why a lattice makes few steps, and which makes more: where it ends at an odd extent before it is small.
fn few_steps(size: usize, b: usize, steps: usize) -> Option<String> {
    let last = size / b.pow(steps as u32);
    let power = std::iter::successors(Some(1usize), |p| p.checked_mul(b)).find(|p| *p >= size)?;
    (last / b >= SMALLEST && !last.is_multiple_of(b) && power <= 1024 && possible_steps(power, b) > steps).then(|| {
        format!(
            "{steps} step(s) only: {last} is not divisible by {b}; sizes that are powers of {b}, such as {power}, make more ({}).",
            possible_steps(power, b)
        )
    })
}

/// A known operator by its name, or a new one, "NAME: x,y x,y ...".
fn operator(key: &str, text: &str, known: &[Operator], least: usize) -> Result<Operator, String> {
    let wrong = |why: &str| format!("mcrg.{key}: \"{text}\": {why}");
    if let Some(found) = known.iter().find(|o| o.name() == text) {
        return Ok(found.clone());
    }
    let names = known.iter().map(Operator::name).collect::<Vec<_>>().join(", ");
    let (name, sites) =
        text.split_once(':').ok_or_else(|| wrong(&format!("must be one of {names}, or new: \"NAME: x,y x,y ...\"")))?;
    let site = |site: &str| -> Option<(i32, i32)> {
        let (x, y) = site.split_once(',')?;
        Some((x.parse().ok()?, y.parse().ok()?))
    };
    let sites: Option<Vec<(i32, i32)>> = sites.split_whitespace().map(site).collect();
    let sites = sites.filter(|s| !s.is_empty()).ok_or_else(|| wrong("sites are pairs x,y such as 0,0 1,0 3,0"))?;
    if (1..sites.len()).any(|i| sites[..i].contains(&sites[i])) {
        return Err(wrong("a site is there twice; the square of a spin is 1"));
    }
    if sites.iter().any(|(x, y)| x.abs() > 1000 || y.abs() > 1000) {
        return Err(wrong("sites must lie near the origin"));
    }
    let new = Operator::new(name.trim(), &sites);
    if new.is_odd() != (key == "odd") {
        return Err(wrong(&format!("has {} spins and is not {key}", sites.len())));
    }
    if new.extent() * 2 > least {
        return Err(wrong(&format!(
            "reaches over {} sites, more than half of the smallest lattice ({least}); take fewer steps",
            new.extent()
        )));
    }
    Ok(new)
}

/// Of a step: by parity and number of operators, with errors.
type Exponents = [Vec<(f64, f64)>; 2];

/// What one repetition found: exponents by rule and step.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Found {
    exponents: Vec<Vec<Exponents>>,
    /// The same of the soft majority, by K and step.
    soft: Vec<Vec<Exponents>>,
    energy: (f64, f64),
    tau_int: [f64; 2],
}

impl AnyExperiment for Mcrg {
    fn name(&self) -> &'static str {
        "mcrg"
    }

    fn summary(&self) -> &'static str {
        "Monte Carlo renormalization group: y_t and y_h of the square lattice by block spins"
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

    fn needs(&self, table: &toml::Table) -> Vec<Need> {
        Settings::parse(table).map_or(vec![], |s| {
            let series = |key: &str, n: usize| {
                Need::new(&[16, n], format!("mcrg.{key} = {n}"), "take a smaller number of configurations")
            };
            let soft = if s.soft.is_some() { s.own.soft_samples } else { 0 };
            vec![series("samples", s.own.samples), series("soft_samples", soft)]
        })
    }

    fn run(&self, table: &toml::Table, run: &Run) -> Result<Record, Error> {
        let settings = Settings::parse(table).map_err(Error::user)?;
        let found = run.repetitions().iter().map(|r| stage(r, &settings)).collect::<Result<Vec<_>, Error>>()?;
        Ok(record::record(&settings, &found))
    }
}

fn stage(repetition: &Repetition, settings: &Settings) -> Result<Found, Error> {
    let file = "mcrg/exponents.json";
    let what = Stage { name: "mcrg", revision: REVISION, settings: &settings.own, inputs: &[], outputs: &[file] };
    let artifact = repetition.stage(what, |out| {
        let cost = (settings.own.size * settings.own.size) as u64 / 50 + 1;
        let of_soft = settings.soft.as_ref().map_or(0, |soft| soft.per_block * settings.own.blocks);
        out.add_work("mcrg", (settings.own.samples + of_soft) as u64 * cost);
        let measure = |of: &mcrg::Settings, name: &str| {
            out.drive(name, &|done| done * cost, |drive| mcrg::measure_by(of, out.streams(), drive))
        };
        let seen = measure(&settings.measure, "chains")?;
        let soft = settings.soft.as_ref().map(|of| measure(of, "soft")).transpose()?;
        let pair = |e: &Estimate| (e.value, e.error);
        let step =
            |s: &mcrg::Step| -> Exponents { [0, 1].map(|parity| s.exponents[parity].iter().map(pair).collect()) };
        let steps = |of: &mcrg::Measured| of.steps.iter().map(|steps| steps.iter().map(step).collect()).collect();
        out.write_json(
            file,
            &Found {
                exponents: steps(&seen),
                soft: soft.as_ref().map_or_else(Vec::new, steps),
                energy: pair(&seen.energy),
                tau_int: [seen.tau_int[0].tau, seen.tau_int[1].tau],
            },
        )
    })?;
    artifact.json(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(more: &str) -> Result<Settings, String> {
        let mut table: toml::Table = Mcrg.recipe().parse().unwrap();
        table["mcrg"].as_table_mut().unwrap().extend(more.parse::<toml::Table>().unwrap());
        Settings::parse(&table)
    }

    #[test]
    fn steps_follow_the_lattice() {
        assert_eq!(parse("").unwrap().measure.steps, 4);
        assert_eq!(parse("size = 48\nb = 3").unwrap().measure.steps, 1);
        assert_eq!(parse("size = 96").unwrap().measure.steps, 4);
        let new = parse("steps = 2\neven = [\"nn\", \"far: 0,0 3,0\"]").unwrap();
        assert_eq!(new.measure.operators[0][1].n_images(), 2);
    }

    #[test]
    fn a_lattice_that_makes_few_steps_says_so() {
        let note = few_steps(30, 2, 1).unwrap();
        assert!(note.contains("1 step(s) only: 15") && note.contains("such as 32, make more (3)"), "{note}");
        assert!(few_steps(96, 2, 4).is_none() && few_steps(64, 2, 4).is_none() && few_steps(81, 3, 2).is_none());
        assert!(few_steps(50, 2, 1).is_some() && few_steps(100, 2, 2).is_some());
    }

    #[test]
    fn impossible_settings_are_named() {
        for (more, part) in [
            ("size = 50\nb = 3", "mcrg.size = 50 with mcrg.b = 3"),
            ("steps = 5", "allows 4 step(s)"),
            ("blocks = 16\nchains = 16", "at least 20"),
            ("blocks = 100", "multiple of mcrg.chains"),
            ("samples = 100", "mcrg.samples"),
            ("soft_samples = 100", "mcrg.soft_samples"),
            ("soft = [0.5, 0.2]", "mcrg.soft"),
            ("rules = [\"mean\"]", "must be majority"),
            ("rules = [\"majority\", \"majority\"]", "twice"),
            ("temperature = \"0\"", "above 0"),
            ("even = [\"nm\"]", "must be one of nn"),
            ("even = [\"three: 0,0 1,0 2,0\"]", "is not even"),
            ("even = [\"nn\", \"also: 0,0 0,1\"]", "twice"),
            ("even = [\"far: 0,0 3,0\"]", "take fewer steps"),
            ("odd = []", "at least one"),
        ] {
            let error = parse(more).err().unwrap();
            assert!(error.contains(part), "{more}: {error}");
        }
    }
}
