//! A system with two critical points: does the RBM flow end at one of them?

mod crossing;
mod flows;
mod record;
mod samples;

use crate::study::costs;
use crate::study::likelihood::LikelihoodSpec;
use crate::study::prelude::*;
use crate::study::samples::ThermalSet;
use crate::study::thermometer;
use crate::study::values::real;
use flows::{CollectionReadings, FlowFindings, Reader};

/// The experiment `ashkin-teller`.
pub struct AshkinTeller;

const RECIPE: &str = include_str!("recipe.toml");

/// Names of the training sets.
const SETS: [&str; 3] = ["all", "low", "high"];

/// The table `ashkin_teller`.
#[derive(Clone, Debug, Deserialize)]
struct Model {
    ratio: Ratio,
    split: Positive,
    crossing_sizes: List<Within<4, 128>, 2, 2>,
    crossing_samples: Within<100, 1_000_000>,
    crossing_step: Positive,
}

real!(
    /// Ratio of couplings K4/K.
    Ratio,
    |r| r > 1.0 && r <= 100.0,
    "must be above 1 (two transitions) and at most 100"
);

/// Settings of the experiment: the torus, the ratio of couplings, the training sets.
pub struct Settings {
    torus: Torus,
    model: Model,
}

impl values::Settings for Settings {
    fn parse(table: &toml::Table) -> Result<Self, String> {
        let (mut torus, model) = (Torus::parse(table)?, values::part::<Model>(table, "ashkin_teller")?);
        torus.rbm.snapshot_epochs = List::default();
        if *model.split >= *torus.samples.t_max {
            return Err(format!("ashkin_teller.split = {}: must be below samples.t_max", *model.split));
        }
        let sizes = values::plain(&model.crossing_sizes);
        if sizes[0] >= sizes[1] {
            return Err(format!("ashkin_teller.crossing_sizes = {sizes:?}: must be two sizes from 4 to 128 that rise"));
        }
        if *model.crossing_step * 4.0 > *torus.samples.t_max {
            return Err(format!(
                "ashkin_teller.crossing_step = {}: must be at most a quarter of samples.t_max",
                *model.crossing_step
            ));
        }
        Ok(Self { torus, model })
    }
}

impl Settings {
    /// Temperatures of a training set, as positions among the thermometer's.
    fn classes(&self, set: &str) -> Vec<usize> {
        let split = *self.model.split;
        self.torus.classes(|t| match set {
            "low" => t <= split,
            "high" => t >= split,
            _ => true,
        })
    }
}

/// Findings of one repetition.
pub struct Findings {
    /// Critical temperatures of s (and t), and of the product s t; `None` where no crossing was found.
    critical: [Option<f64>; 2],
    /// Readings of the reference set, by temperature.
    thermal: Vec<CollectionReadings>,
    /// Findings by training set.
    sets: Vec<SetFindings>,
}

/// Findings of a training set: its mixture without a machine, its machine's likelihood, and its flows.
struct SetFindings {
    null: CollectionReadings,
    likelihood: Likelihood,
    flows: ByMode<FlowFindings>,
}

impl Experiment for AshkinTeller {
    type Settings = Settings;
    type Findings = Findings;

    const ABOUT: About = About {
        name: "ashkin-teller",
        summary: "RBM flows of a system with two critical points: the Ashkin-Teller model with K4 > K",
        recipe: RECIPE,
        ..About::DEFAULT
    };

    fn needs(&self, settings: &Settings) -> Vec<Need> {
        let (n, large) = (*settings.model.crossing_samples, *settings.model.crossing_sizes[1]);
        let what = format!("ashkin_teller.crossing_samples = {n} of {large} x {large} sites");
        let crossing = Need::new(&[n, large, large], what, "take a smaller ashkin_teller.crossing_samples");
        settings.torus.needs().into_iter().chain([crossing]).collect()
    }

    fn plan(&self, settings: &Settings) -> Plan {
        let (torus, own) = (&settings.torus, &settings.model);
        let (t, sites) = (torus.temperatures().len(), torus.lattice.size.pow(2));
        let per_spin = |n: usize| 2e-6 * n as f64;
        let drawn = t * (4 * *torus.samples.per_temperature + *torus.samples.calibration) * sites;
        let crossing: usize = own.crossing_sizes.iter().map(|size| size.pow(2) * *own.crossing_samples).sum();
        let grid = crossing::temperatures(settings).len();
        let layers = [vec![2 * sites], values::plain(&torus.thermometer.hidden), vec![t]].concat();
        let usual = costs::usual_share(*torus.thermometer.epochs, torus.thermometer.patience);
        let epochs = usual * *torus.thermometer.epochs as f64;
        let network = costs::network(epochs, t * *torus.samples.per_temperature, &layers);
        let plan = Plan::new().stage("samples", "samples", per_spin(drawn));
        let plan = plan.stage("crossing", "crossing", per_spin(grid * crossing));
        let plan = plan.stage("thermometer", "thermometer", network).usually(usual);
        let (epochs, lengths) = (*torus.rbm.epochs, [*torus.flow.steps, *torus.flow.chains, t]);
        let weights = 2 * sites * *torus.rbm.hidden;
        let of_set = |set: &str| {
            let machine = costs::machine(set, 2 * sites, &torus.rbm, torus.updates() * epochs);
            let samples = settings.classes(set).len() * *torus.samples.per_temperature;
            let likelihood =
                costs::likelihood_of(&LikelihoodSpec::stage(set, None), [2 * sites, *torus.rbm.hidden], samples);
            machine.and(costs::flows(set, lengths, weights)).and(likelihood)
        };
        SETS.into_iter().map(of_set).fold(plan, Plan::and)
    }

    fn repeat(&self, repetition: &Repetition, settings: &Settings) -> Result<Findings, Error> {
        let (critical, machines) =
            rayon::join(|| crossing::stage(repetition, settings), || of_machines(repetition, settings));
        let (thermal, sets) = machines?;
        Ok(Findings { critical: critical?, thermal, sets })
    }

    fn record(&self, settings: &Settings, found: &[Findings]) -> Result<Record, Error> {
        Ok(record::record(settings, found))
    }
}

fn of_machines(
    repetition: &Repetition,
    settings: &Settings,
) -> Result<(Vec<CollectionReadings>, Vec<SetFindings>), Error> {
    let torus = &settings.torus;
    let samples = samples::stage(repetition, settings)?;
    let stage = thermometer::stage(repetition, torus, &samples)?;
    let thermometer = thermometer::assemble(&stage, &samples, torus, repetition.seed())?;
    let reader = Reader::new(settings, &samples, &stage, &thermometer)?;
    let start = ThermalSet::read(&samples, "start")?;
    let one = |set: &&str| {
        let classes = settings.classes(set);
        let (shape, temperatures) = (extents(settings), Temperatures::Some(classes.clone()));
        let machine = ThermalMachine { shape, temperatures, ..ThermalMachine::new(torus, set) };
        let machine = machine.train(repetition, &samples)?;
        let flows = ByMode::make(|mode| flows::stage(repetition, &reader, &machine, set, mode))?;
        let parts: Vec<_> = classes.iter().map(|k| start.at(*k)).collect();
        let spec = LikelihoodSpec {
            name: set,
            epoch: None,
            machine: &machine,
            inputs: &[&samples],
            extents: shape,
            temperatures: &[],
        };
        let likelihood = spec.find(repetition, || Ok(start.first(&classes, start.per_temperature)))?;
        Ok(SetFindings { null: reader.read(&parts)?, likelihood, flows })
    };
    let sets = SETS.par_iter().map(one).collect::<Result<_, Error>>()?;
    let reference = ThermalSet::read(&samples, "reference")?;
    let thermal = torus.all().into_iter().map(|k| reader.read(&[reference.at(k)])).collect::<Result<_, Error>>()?;
    Ok((thermal, sets))
}

/// Extents of the lattice of visible units: the spins t lie below the spins s.
fn extents(settings: &Settings) -> [usize; 2] {
    let size = *settings.torus.lattice.size;
    [size, 2 * size]
}
