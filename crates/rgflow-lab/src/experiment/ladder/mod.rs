//! Does the RBM flow know T_c? Machines from CD-1 to the optimum of their likelihood, on mixtures below and above T_c.

mod by_distance;
mod deviations;
mod laws;
mod machines;
mod record;
mod rules;
mod stage;

use crate::study::bayes::Bayes;
use crate::study::costs;
use crate::study::prelude::*;
use crate::study::settings::{EXACT, Sampler, Units};
use laws::{Law, Side, Sites};
use machines::{Begin, Machine};
use rgflow::exact::square;
use rgflow::rbm::Method;
use stage::{Data, Job, Trained};
use std::collections::BTreeMap;

/// The experiment `ladder`.
pub struct Ladder;

const RECIPE: &str = concat!(
    "# Machines from CD-1 to the optimum of their likelihood, on mixtures below and above T_c.\n",
    "# Temperatures are in J/k_B.\n",
    include_str!("../../study/torus.toml"),
    include_str!("recipe.toml")
);
/// Spins of the ring, and extent of the smallest torus.
const RING: usize = 8;
const SMALL: usize = 4;
/// Machines of each mixture, from the smallest on, that are trained from several starts.
const SMALLEST: usize = 2;
/// Steps of mean-field CD.
const MEAN_FIELD_STEPS: usize = 1;
/// Steps of PCD between updates.
const PCD_STEPS: usize = 2;

/// The table `ladder`.
#[derive(Clone, Debug, Deserialize)]
struct Own {
    samples: Within<100, 10_000_000>,
    ring: List<Units, 0, 16>,
    small: List<Units, 0, 16>,
    units: Rising<Units>,
    wide: Within<0, 10_000>,
    exact: Within<0, 20>,
    cd_steps: List<Within<1, 1000>, 0, 16>,
    below_t: Positive,
    below_top: Positive,
    below_scale: Positive,
    above_t: Positive,
    above_from: Positive,
    above_power: Positive,
    updates: Within<10, 100_000_000>,
    updates_exact: Within<10, 100_000_000>,
    learning_rate: Positive,
    batch: Within<1, 100_000>,
    chains: Within<1, 1_000_000>,
    starts: Within<1, 100>,
    starts_exact: Within<1, 100>,
}

/// Settings of the experiment: the torus, and the machines.
pub struct Settings {
    torus: Torus,
    ladder: Own,
    /// The mixture of all temperatures first.
    laws: Vec<Law>,
    machines: Vec<Machine>,
    /// The smaller lattices: name in keys, law, machines.
    small: Vec<Small>,
}

/// A lattice without a thermometer.
struct Small {
    name: &'static str,
    law: Law,
    machines: Vec<Machine>,
}

impl values::Settings for Settings {
    fn parse(table: &toml::Table) -> Result<Self, String> {
        let size = table.get("lattice").and_then(|lattice| lattice.get("size")).and_then(toml::Value::as_integer);
        if let Some(size) = size.filter(|size| *size > EXACT as i64) {
            return Err(format!(
                "lattice.size = {size}: must be at most {EXACT}, where samples and machines' energies are exact"
            ));
        }
        let (torus, ladder): (Torus, Own) = (Torus::parse(table)?, values::part(table, "ladder")?);
        let size = *torus.lattice.size;
        if torus.samples.sampler != Sampler::Exact {
            return Err(
                "samples.sampler: must be \"exact\": the machines' distance from their data needs independent \
                 samples"
                    .into(),
            );
        }
        let laws = laws(&torus, &ladder)?;
        let most = *ladder.units.last();
        let mut machines: Vec<Machine> = Vec::new();
        for law in 0..laws.len() {
            let mut from = None;
            let wide = (law == 0 && *ladder.wide > most).then_some(*ladder.wide);
            for (place, hidden) in ladder.units.iter().map(|units| **units).chain(wide).enumerate() {
                let method = match from {
                    _ if hidden <= *ladder.exact => Method::Exact,
                    // Chains exchange states with exact draws of that machine.
                    Some(smaller) if smaller <= *ladder.exact => Method::Trajectory,
                    _ => Method::Tempering,
                };
                let begin = from.map_or(Begin::Single, Begin::From);
                let starts = if place < SMALLEST && method == Method::Exact { *ladder.starts } else { 1 };
                machines.push(Machine { law, hidden, method, steps: 1, starts, begin });
                from = Some(hidden);
            }
            machines.push(Machine::random(law, most, Method::Cd, 1));
        }
        let others = ladder.cd_steps.iter().filter(|steps| ***steps > 1);
        machines.extend(others.map(|steps| Machine::random(0, most, Method::Cd, **steps)));
        machines.push(Machine::random(0, most, Method::MeanField, MEAN_FIELD_STEPS));
        machines.push(Machine::random(0, most, Method::Pcd, PCD_STEPS));
        machines.push(Machine::random(0, most, Method::Tempering, 1));
        let temperatures: Vec<(f64, f64)> = torus.temperatures().into_iter().map(|t| (t, 1.0)).collect();
        let small = |name: &'static str, sites, units: &[Units]| -> Result<Small, String> {
            // Few sites: more samples cost nothing.
            let law = Law::new(name.to_string(), sites, 10 * *ladder.samples, &temperatures)?;
            let starts = *ladder.starts_exact;
            let of = |hidden: &Units| Machine { starts, ..Machine::random(0, **hidden, Method::Exact, 1) };
            Ok(Small { name, law, machines: units.iter().map(of).collect() })
        };
        let small =
            vec![small("ring", Sites::Ring(RING), &ladder.ring)?, small("L4", Sites::Torus(SMALL), &ladder.small)?];
        if size == SMALL && !ladder.small.is_empty() {
            return Err(format!("ladder.small: lattice.size = {size} is the same lattice; take []"));
        }
        Ok(Self { torus, ladder, laws, machines, small })
    }
}

/// Place of the control of two temperatures among the mixtures.
const CONTROL: usize = 1;

/// The mixtures: all temperatures, the control of the first and the last, three below T_c and three above.
fn laws(torus: &Torus, ladder: &Own) -> Result<Vec<Law>, String> {
    let (size, temperatures) = (*torus.lattice.size, torus.temperatures());
    let (critical, _) = square::specific_heat_peak(size, size).map_err(|e| e.to_string())?;
    let top = temperatures[temperatures.len() - 1];
    let law = |name: String, weight: &dyn Fn(f64) -> f64| {
        let weights: Vec<(f64, f64)> = temperatures.iter().map(|t| (*t, weight(*t))).collect();
        match weights.iter().all(|(_, w)| *w == 0.0) {
            true => Err("must be a whole number of samples.t_step up to samples.t_max".to_string()),
            false => Law::new(name, Sites::Torus(size), *ladder.samples, &weights),
        }
    };
    // One that decides, as the setting of the name `key` makes it.
    let far = |key: &str, value: f64, name: String, weight: &dyn Fn(f64) -> f64| {
        let side = if key.starts_with("below") { Side::Below } else { Side::Above };
        let law = law(name, weight).and_then(|law| law.on(side, critical.value()));
        law.map_err(|why| format!("ladder.{key} = {value}: {why}"))
    };
    let is = |t: f64, at: f64| f64::from(u8::from((t - at).abs() < 1e-9));
    let Own { below_t: cold, below_top: until, below_scale: scale, .. } = *ladder;
    let Own { above_t: hot, above_from: from, above_power: power, .. } = *ladder;
    Ok(vec![
        law(format!("0-{top}"), &|_| 1.0)?,
        law(format!("0-and-{top}"), &|t| is(t, 0.0) + is(t, top))?,
        far("below_t", *cold, format!("T{cold}"), &|t| is(t, *cold))?,
        far("below_top", *until, format!("0-{until}"), &|t| f64::from(u8::from(t <= *until + 1e-9)))?,
        far("below_scale", *scale, "falling".into(), &|t| libm::exp(-t / *scale))?,
        far("above_t", *hot, format!("T{hot}"), &|t| is(t, *hot))?,
        far("above_from", *from, format!("{from}-{top}"), &|t| f64::from(u8::from(t >= *from - 1e-9)))?,
        far("above_power", *power, "rising".into(), &|t| libm::pow(t, *power))?,
    ])
}

/// Readers of configurations of the torus.
struct Readers<'a> {
    study: Study<'a>,
    bayes: Bayes,
}

/// Findings of one repetition.
pub struct Findings {
    /// By machine of the settings.
    machines: Vec<stage::Findings>,
    /// Flows of the machines of all temperatures.
    flows: Vec<Option<ByMode<FlowFindings>>>,
    /// By smaller lattice and machine.
    small: Vec<Vec<stage::Findings>>,
    /// The mixture of all temperatures itself, seen as the machines' laws are.
    mixture: stage::OwnLaw,
    /// Cross-entropy of the thermometer less that of Bayes.
    excess: Measured,
}

impl Experiment for Ladder {
    type Settings = Settings;
    type Findings = Findings;

    const ABOUT: About = About {
        name: "ladder",
        summary: "Does the RBM flow know T_c? Machines from CD-1 to the likelihood optimum, on mixtures below and \
                  above T_c",
        recipe: RECIPE,
        most_of_all: 3,
        one_by_one: true,
        ..About::DEFAULT
    };

    fn needs(&self, settings: &Settings) -> Vec<Need> {
        let (n, sites) = (*settings.ladder.samples, settings.torus.lattice.size.pow(2));
        let what = format!("ladder.samples = {n} of {sites} spins");
        let samples = Need::new(&[12, n, sites], what, "take a smaller ladder.samples");
        settings.torus.needs().into_iter().chain([samples]).collect()
    }

    fn plan(&self, settings: &Settings) -> Plan {
        let torus = &settings.torus;
        let mut plan = costs::study(torus);
        for machine in &settings.machines {
            let (name, visible) = (settings.stage_name(machine), torus.lattice.size.pow(2));
            plan = plan.and(machine.cost(settings, &name, visible));
            if machine.law == 0 {
                let lengths = [*torus.flow.steps, *torus.flow.chains, torus.temperatures().len()];
                plan = plan.and(costs::flows(&name, lengths, visible * machine.hidden));
            }
        }
        for small in &settings.small {
            let cost = |machine: &Machine| machine.cost(settings, &machine.name(), small.law.sites().count());
            plan = plan.and(small.machines.iter().map(cost).fold(Plan::new(), Plan::and).within(small.name));
        }
        plan
    }

    fn repeat(&self, repetition: &Repetition, settings: &Settings) -> Result<Findings, Error> {
        let study = Study::new(repetition, &settings.torus)?;
        let readers = Readers { bayes: Bayes::new(&study)?, study };
        let data: Vec<Data> = settings.laws.iter().map(|law| Data::new(repetition, law)).collect();
        let one = |machine: &Machine, first: Option<&Trained>| {
            let name = settings.stage_name(machine);
            let job = Job { repetition, settings, machine: *machine, data: &data[machine.law], name };
            let trained = job.train(first)?;
            let found = job.examine(&trained, Some(&readers))?;
            let flows = (machine.law == 0).then(|| readers.study.flows(&trained.artifact, &job.name, None));
            Ok::<_, Error>((trained, found, flows.transpose()?))
        };
        // Each begins with the one before, or with none: the longest such rows begin first.
        let machines = &settings.machines;
        let mut rows: Vec<&[Machine]> = machines.chunk_by(|_, next| next.from().is_some()).collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.iter().map(Machine::work).sum::<usize>()));
        let made = rows.par_iter().with_max_len(1).map(|row| {
            let mut before: Option<Trained> = None;
            let mut all = Vec::new();
            for machine in *row {
                let (trained, found, flows) = one(machine, before.as_ref())?;
                before = Some(trained);
                all.push((settings.stage_name(machine), (found, flows)));
            }
            Ok(all)
        });
        let made: Vec<Vec<_>> = made.collect::<Result<_, Error>>()?;
        let mut made: BTreeMap<String, _> = made.into_iter().flatten().collect();
        let in_order = machines.iter().filter_map(|machine| made.remove(&settings.stage_name(machine)));
        let (machines, flows) = in_order.unzip();
        let small = settings.small.iter().map(|small| {
            let part = repetition.part(small.name);
            let data = Data::new(&part, &small.law);
            let one = |machine: &Machine| {
                let job = Job { repetition: &part, settings, machine: *machine, data: &data, name: machine.name() };
                job.examine(&job.train(None)?, None)
            };
            small.machines.par_iter().map(one).collect::<Result<Vec<_>, Error>>()
        });
        let small = small.collect::<Result<_, Error>>()?;
        let fresh = data[0].fresh()?.mapv(f32::from);
        let mixture = stage::OwnLaw::of(&settings.laws[0], &fresh, Some(&readers))?;
        Ok(Findings { machines, flows, small, mixture, excess: readers.bayes.excess(&readers.study)? })
    }

    fn record(&self, settings: &Settings, found: &[Findings]) -> Result<Record, Error> {
        Ok(record::record(settings, found))
    }
}

impl Settings {
    /// Place of the machine by CD-1 of a law.
    fn by_cd1(&self, law: usize) -> Option<usize> {
        let is = |machine: &Machine| machine.law == law && machine.method == Method::Cd && machine.steps == 1;
        self.machines.iter().position(is)
    }

    /// Place of the machine of a law with so many hidden units that is trained towards the likelihood: the grown one.
    fn grown(&self, law: usize, hidden: usize) -> Option<usize> {
        self.machines.iter().position(|machine| machine.law == law && machine.hidden == hidden && machine.is_grown())
    }

    /// Name of the stages of a machine on the torus.
    fn stage_name(&self, machine: &Machine) -> String {
        format!("{}.{}", self.laws[machine.law].name, machine.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_cannot_be_are_named() {
        crate::study::prelude::assert_refused::<Ladder>(&[
            ("lattice.size=20", "lattice.size = 20: must be at most 12"),
            ("lattice.size=4", "ladder.small: lattice.size = 4 is the same lattice"),
            ("samples.sampler=\"wolff\"", "samples.sampler: must be \"exact\""),
            ("ladder.below_t=1.8", "ladder.below_t = 1.8: must be a whole number of samples.t_step"),
            ("ladder.below_top=4.0", "ladder.below_top = 4: the mixture has the energy of T = 2"),
            ("ladder.above_t=2.5", "at least 0.5 above T_c = 2.345"),
            ("ladder.exact=21", "ladder.exact = 21: must be 0 to 20"),
        ]);
    }
}
