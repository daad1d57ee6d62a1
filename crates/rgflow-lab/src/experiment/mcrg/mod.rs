//! Monte Carlo renormalization group: exponents by step, rule and number of operators.

mod record;

use crate::artifact::progress;
use crate::study::prelude::*;
use crate::study::values::{Named, Spacing, plain, real};
use rgflow::lattice::ChainLength;
use rgflow::rg::block_spin::Rule;
use rgflow::rg::mcrg::{self, BLOCKS, SMALLEST, possible_steps};
use rgflow::rg::operators::Operator;

/// The experiment `mcrg`.
pub struct Mcrg;

const REVISION: u32 = 2;

/// The table `mcrg`.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Plan {
    size: Within<8, 1024>,
    b: Within<2, 16>,
    steps: Within<0, 1000>,
    temperature: Named<Temperature>,
    rules: List<Named<Rule>, 1, 100>,
    even: List<Named<Operator>, 1, 100>,
    odd: List<Named<Operator>, 1, 100>,
    headline: Within<1, 100>,
    samples: Within<1, 100_000_000>,
    blocks: Within<BLOCKS, 10_000_000>,
    chains: Within<2, 1024>,
    spacing: Spacing,
    burn_in: Within<2, 1_000_000>,
    soft: List<Strength, 0, 100>,
    soft_samples: usize,
}

real!(
    /// K of the soft majority.
    Strength,
    |k| k > 0.0 && k <= 100.0,
    "must be above 0 and at most 100"
);

/// Settings of the experiment: lattice, block-spin rules, operators, and the plan of sampling.
pub struct Settings {
    plan: Plan,
    measure: mcrg::Settings,
    /// Scan over K of the soft majority, one or two steps; `None` if not requested.
    soft: Option<mcrg::Settings>,
}

impl values::Settings for Settings {
    fn parse(table: &toml::Table) -> Result<Self, String> {
        let plan: Plan = values::part(table, "mcrg")?;
        let (size, b, blocks, chains) = (*plan.size, *plan.b, *plan.blocks, *plan.chains);
        if !blocks.is_multiple_of(chains) {
            return Err(format!("mcrg.blocks = {blocks}: must be a multiple of mcrg.chains = {chains}"));
        }
        for (key, samples) in [("samples", *plan.samples), ("soft_samples", plan.soft_samples)] {
            if samples < 10 * blocks {
                return Err(format!("mcrg.{key} = {samples}: must be at least ten per block ({})", 10 * blocks));
            }
        }
        let strengths = plain(&plan.soft);
        if strengths.windows(2).any(|k| k[0] >= k[1]) {
            return Err(format!("mcrg.soft = {strengths:?}: must be numbers that rise"));
        }
        let possible = possible_steps(size, b);
        let steps = if *plan.steps == 0 { possible } else { *plan.steps };
        if possible == 0 || steps > possible {
            return Err(format!(
                "mcrg.size = {size} with mcrg.b = {b} allows {possible} step(s): every lattice must be divisible by b \
                 and keep {SMALLEST} spins along a side; mcrg.steps = {}",
                plan.steps
            ));
        }
        if *plan.temperature == Temperature::ZERO || *plan.temperature == Temperature::INFINITE {
            return Err(format!("mcrg.temperature = \"{}\": must be above 0 and finite", plan.temperature.text()));
        }
        if let Some(twice) = (1..plan.rules.len()).find(|i| plan.rules[..*i].iter().any(|r| **r == *plan.rules[*i])) {
            return Err(format!("mcrg.rules[{twice}] = \"{}\": is there twice", plan.rules[twice].text()));
        }
        let measure = mcrg::Settings {
            size,
            b,
            steps,
            rules: plain(&plan.rules),
            temperature: *plan.temperature,
            operators: [plain(&plan.even), plain(&plan.odd)],
            blocks: blocks / chains,
            per_block: *plan.samples / blocks,
            length: ChainLength::in_spacings(chains, *plan.burn_in, *plan.spacing),
        };
        measure.check().map_err(|error| format!("mcrg.{error}"))?;
        let soft = (!strengths.is_empty()).then(|| mcrg::Settings {
            rules: strengths.into_iter().map(Rule::Soft).collect(),
            steps: steps.min(2),
            per_block: plan.soft_samples.min(*plan.samples) / blocks,
            ..measure.clone()
        });
        Ok(Self { plan, measure, soft })
    }
}

/// Units of progress per configuration: those that draw it, and a third as many for each rule.
fn cost(of: &mcrg::Settings) -> u64 {
    (of.size * of.size * (3 + of.rules.len())) as u64 / 8 + 1
}

/// Exponents of a step: y_t and y_h by number of operators.
type Exponents = [Vec<Measured>; 2];

/// Findings of one repetition: exponents by rule and step.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Findings {
    exponents: Vec<Vec<Exponents>>,
    /// Exponents with the soft majority, by K and step.
    soft: Vec<Vec<Exponents>>,
    energy: Measured,
    /// Autocorrelation times of the energy and of |m|.
    tau_int: [f64; 2],
}

impl Experiment for Mcrg {
    type Settings = Settings;
    type Findings = Findings;

    const ABOUT: About = About {
        name: "mcrg",
        summary: "Monte Carlo renormalization group: y_t and y_h of the square lattice by block spins",
        recipe: include_str!("recipe.toml"),
        repetitions: 1,
        one_by_one: true,
        ..About::DEFAULT
    };

    fn needs(&self, Settings { plan, soft, .. }: &Settings) -> Vec<Need> {
        let series = |key: &str, n: usize| {
            Need::new(&[16, n], format!("mcrg.{key} = {n}"), "take a smaller number of configurations")
        };
        let of_soft = if soft.is_some() { plan.soft_samples } else { 0 };
        vec![series("samples", *plan.samples), series("soft_samples", of_soft)]
    }

    fn plan(&self, Settings { plan, measure, soft }: &Settings) -> progress::Plan {
        let of = |s: &mcrg::Settings| 1.2e-7 * (s.per_block * *plan.blocks) as f64 * cost(s) as f64;
        progress::Plan::new().stage("mcrg", "mcrg", of(measure) + soft.as_ref().map_or(0.0, of))
    }

    fn repeat(&self, repetition: &Repetition, Settings { plan, measure, soft }: &Settings) -> Result<Findings, Error> {
        let outputs = &["mcrg/exponents.json"];
        let what = Stage { name: "mcrg", revision: REVISION, settings: plan, inputs: &[], outputs };
        repetition.found(what, |out| {
            let of_soft = soft.as_ref().map_or(0, |soft| (soft.per_block * *plan.blocks) as u64 * cost(soft));
            out.add_work(*plan.samples as u64 * cost(measure) + of_soft);
            let measured = |of: &mcrg::Settings, name: &str| {
                let cost = cost(of);
                out.drive(name, &|done| done * cost, |drive| mcrg::measure_by(of, out.streams(), drive))
            };
            let seen = measured(measure, "chains")?;
            let soft = soft.as_ref().map(|soft| measured(soft, "soft")).transpose()?;
            let step = |step: &mcrg::Step| -> Exponents {
                [0, 1].map(|parity| step.exponents[parity].iter().map(|e| (*e).into()).collect())
            };
            let steps = |of: &mcrg::Measured| of.steps.iter().map(|steps| steps.iter().map(step).collect()).collect();
            Ok(Findings {
                exponents: steps(&seen),
                soft: soft.as_ref().map_or_else(Vec::new, steps),
                energy: seen.energy.into(),
                tau_int: [seen.tau_int[0].tau, seen.tau_int[1].tau],
            })
        })
    }

    fn record(&self, settings: &Settings, found: &[Findings]) -> Result<Record, Error> {
        Ok(record::record(settings, found))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::values::Settings as _;

    pub(super) fn parse(more: &str) -> Result<Settings, String> {
        let mut table: toml::Table = Mcrg::ABOUT.recipe.parse().unwrap();
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
    fn impossible_settings_are_named() {
        for (more, part) in [
            ("size = 50\nb = 3", "mcrg.size = 50 with mcrg.b = 3"),
            ("steps = 5", "allows 4 step(s)"),
            ("blocks = 16\nchains = 16", "must be 20 to"),
            ("blocks = 100", "multiple of mcrg.chains"),
            ("samples = 100", "mcrg.samples"),
            ("soft_samples = 100", "mcrg.soft_samples"),
            ("soft = [0.5, 0.2]", "mcrg.soft"),
            ("rules = [\"mean\"]", "mcrg.rules[0] = \"mean\": must be majority"),
            ("rules = [\"majority\", \"majority\"]", "twice"),
            ("temperature = \"0\"", "above 0"),
            ("temperature = \"hot\"", "mcrg.temperature = \"hot\": must be a number"),
            ("even = [\"nm\"]", "mcrg.even[0] = \"nm\": must be one of nn"),
            ("even = [\"three: 0,0 1,0 2,0\"]", "is not even"),
            ("even = [\"nn\", \"also: 0,0 0,1\"]", "mcrg.even: operator \"also\" is there twice"),
            ("even = [\"far: 0,0 3,0\"]", "take fewer steps"),
            ("odd = []", "mcrg.odd = []: must be 1 to"),
        ] {
            let error = parse(more).err().unwrap();
            assert!(error.contains(part), "{more}: {error}");
        }
    }
}
