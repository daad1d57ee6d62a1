//! Dependence of the flow's end on training and machine: the plane of epochs and learning rate, and one axis at a time.

mod record;

use crate::study::costs;
use crate::study::prelude::*;
use crate::study::settings::{Epochs, Rbm, Units, check_method};
use rgflow::rbm::Method;
use std::fmt::Display;

/// The experiment `maps`.
pub struct Maps;

const RECIPE: &str = concat!(
    "# Maps of T* of the end of the RBM flow over training and machine. Temperatures are in J/k_B.\n",
    "# The values are those of the recipe of ising-2d.\n",
    include_str!("../../study/torus.toml"),
    include_str!("recipe.toml")
);

/// The table `maps`.
#[derive(Clone, Debug, Deserialize)]
struct Axes {
    epochs: Rising<Epochs>,
    learning_rates: Rising<Positive>,
    hidden: Rising<Units>,
    cd_steps: Rising<Within<1, 1000>>,
    methods: List<Method, 1, 6>,
    at: usize,
}

/// Settings of the experiment: the torus, and the values on the axes of the maps.
pub struct Settings {
    torus: Torus,
    axes: Axes,
}

/// A machine and the epochs at which it is read.
struct Machine {
    name: String,
    rbm: Rbm,
    epochs: Vec<usize>,
}

impl values::Settings for Settings {
    fn parse(table: &toml::Table) -> Result<Self, String> {
        let (torus, axes) = (Torus::parse(table)?, values::part::<Axes>(table, "maps")?);
        fn meet<T: PartialEq + Display>(key: &str, values: &[T], one: &str, value: T) -> Result<(), String> {
            if values.contains(&value) {
                return Ok(());
            }
            let values: Vec<String> = values.iter().map(T::to_string).collect();
            let values = values.join(", ");
            Err(format!("maps.{key} = [{values}]: must hold {one} = {value}, where the axes meet"))
        }
        let rbm = &torus.rbm;
        meet("learning_rates", &values::plain(&axes.learning_rates), "rbm.learning_rate", *rbm.learning_rate)?;
        meet("hidden", &values::plain(&axes.hidden), "rbm.hidden", *rbm.hidden)?;
        meet("cd_steps", &values::plain(&axes.cd_steps), "rbm.cd_steps", *rbm.cd_steps)?;
        meet("methods", &axes.methods, "rbm.method", rbm.method)?;
        meet("epochs", &values::plain(&axes.epochs), "maps.at", axes.at)?;
        if let Some(twice) = (1..axes.methods.len()).find(|i| axes.methods[..*i].contains(&axes.methods[*i])) {
            return Err(format!("maps.methods: {} is there twice; name it once", axes.methods[twice]));
        }
        let exact = axes.methods.iter().filter(|method| **method == Method::Exact);
        exact.into_iter().try_for_each(|method| check_method(*method, [torus.lattice.size.pow(2), *rbm.hidden]))?;
        Ok(Self { torus, axes })
    }
}

impl Settings {
    /// All machines: first those of the plane, by learning rate.
    fn machines(&self) -> Vec<Machine> {
        let (axes, at) = (&self.axes, self.axes.epochs.iter().find(|epochs| ***epochs == self.axes.at));
        let one = |name: String, epochs: &[Epochs], change: &dyn Fn(&mut Rbm)| {
            let mut rbm = self.torus.rbm.clone();
            rbm.epochs = epochs[epochs.len() - 1];
            change(&mut rbm);
            Machine { name, rbm, epochs: values::plain(epochs) }
        };
        let at = at.map_or(&axes.epochs[..], std::slice::from_ref);
        let plane = axes.learning_rates.iter();
        let mut machines: Vec<Machine> =
            plane.map(|rate| one(format!("rate-{}", **rate), &axes.epochs, &|rbm| rbm.learning_rate = *rate)).collect();
        let others = axes.hidden.iter().filter(|n| **n != self.torus.rbm.hidden);
        machines.extend(others.map(|n| one(format!("hidden-{}", **n), at, &|rbm| rbm.hidden = *n)));
        let others = axes.cd_steps.iter().filter(|n| **n != self.torus.rbm.cd_steps);
        machines.extend(others.map(|n| one(format!("cd-{}", **n), at, &|rbm| rbm.cd_steps = *n)));
        let others = axes.methods.iter().filter(|method| **method != self.torus.rbm.method);
        machines.extend(others.map(|method| one(format!("method-{method}"), at, &|rbm| rbm.method = *method)));
        machines
    }
}

/// Findings of one repetition.
pub struct Findings {
    /// Readings of the training mixture without a machine.
    null: Observed,
    /// By machine and epoch.
    machines: Vec<Vec<Examined>>,
}

impl Experiment for Maps {
    type Settings = Settings;
    type Findings = Findings;

    const ABOUT: About = About {
        name: "maps",
        summary: "Maps of the end of the RBM flow over epochs, learning rate, hidden units, CD steps and methods (2D \
            Ising)",
        recipe: RECIPE,
        is_long: true,
        ..About::DEFAULT
    };

    fn needs(&self, settings: &Settings) -> Vec<Need> {
        settings.torus.needs()
    }

    fn plan(&self, settings: &Settings) -> Plan {
        let torus = &settings.torus;
        let one = |machine: Machine| {
            let last = machine.epochs.iter().copied().max().unwrap_or(0);
            let own = Torus { rbm: machine.rbm.clone(), ..torus.clone() };
            let copies = machine.epochs.iter().map(|epoch| costs::examined(&own, &machine.name, Some(*epoch)));
            copies.fold(costs::machine_of_torus(&own, &machine.name, &machine.rbm, last), Plan::and)
        };
        let machines = settings.machines().into_iter().map(one);
        machines.fold(costs::study(torus), Plan::and)
    }

    fn repeat(&self, repetition: &Repetition, settings: &Settings) -> Result<Findings, Error> {
        let study = Study::new(repetition, &settings.torus)?;
        let one = |machine: &Machine| {
            let (rbm, snapshots) = (&machine.rbm, &machine.epochs[..]);
            let machine = ThermalMachine { rbm, snapshots, ..ThermalMachine::new(&settings.torus, &machine.name) };
            let trained = machine.train(repetition, &study.samples)?;
            snapshots.par_iter().map(|epoch| study.examine(&machine, &trained, Some(*epoch))).collect()
        };
        let machines = settings.machines().par_iter().map(one).collect::<Result<_, Error>>()?;
        Ok(Findings { null: study.mixture(&settings.torus.all())?, machines })
    }

    fn record(&self, settings: &Settings, found: &[Findings]) -> Result<Record, Error> {
        Ok(record::record(settings, found))
    }
}
