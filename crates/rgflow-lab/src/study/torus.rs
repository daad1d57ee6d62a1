//! What experiments on the 2D Ising model share: the tables of their recipes, and samples and thermometer of a repetition.

use super::flows::{self, Bench, Job, square};
use super::machines::{self, Fit};
use super::readings::{ABOUT, t_star};
use super::readings::{FlowFindings, Observed};
use super::samples::{self, ThermalSet};
use super::settings::{RECIPE, Settings};
use super::thermometer;
use crate::artifact::{Artifact, Error, Repetition};
use crate::record::{Combined, over_seeds};
use crate::record::{Dimension, Number, Numbers, Quantity, Repeated};
use ndarray::ArrayView2;
use rgflow::flow::{Mode, Reading, Thermometer};
use rgflow::lattice::{Observables, Square};
use serde::Serialize;

/// The settings of [`RECIPE`] with the tables of the same names in `table`.
///
/// # Errors
/// As [`Settings::parse`].
pub fn settings(table: &toml::Table) -> Result<Settings, String> {
    let mut all: toml::Table = RECIPE.parse().map_err(|e: toml::de::Error| e.message().to_string())?;
    for (name, values) in table {
        if let (Some(toml::Value::Table(of)), toml::Value::Table(values)) = (all.get_mut(name), values) {
            of.extend(values.clone());
        }
    }
    // What only ising-2d has must not fail the checks of its values.
    if let Some(toml::Value::Table(flow)) = all.get_mut("flow")
        && let Some(chains) = flow.get("chains").cloned()
    {
        flow.insert("snapshot_chains".into(), chains);
    }
    Settings::parse(&all)
}

/// What the thermometers read of collections: T*, T_E and the energy.
pub struct Thermal<const N: usize> {
    pub t_star: Quantity<N>,
    pub t_energy: Quantity<N>,
    pub energy: Quantity<N>,
}

impl<const N: usize> Thermal<N> {
    /// Of the collection of each repetition and place; `what` it is.
    pub fn new<'a, F>(
        over: &Repeated<'a, F>,
        key: &str,
        dimensions: [&Dimension; N],
        what: &str,
        of: impl Fn(&'a F, [usize; N]) -> &'a Observed,
    ) -> Self {
        let quantity = |name: &str, unit, words: &str, mean: &dyn Fn(&[&Observed]) -> Combined| {
            let (key, what) = (over.key(&format!("{key}.{name}")), format!("{words}: {what}"));
            let seen = |place| over.found.iter().map(|f| of(f, place)).collect::<Vec<_>>();
            Quantity::new(&key, dimensions, unit, &what, |place| mean(&seen(place)))
        };
        let kaufman = "temperature at which the torus has this energy (Kaufman)";
        Self {
            t_star: quantity("T_star", "J/k_B", "T*", &t_star),
            t_energy: quantity("T_E", "J/k_B", kaufman, &t_energy),
            energy: quantity("energy", "J per spin", "energy", &energy),
        }
    }
}

impl<const N: usize> Numbers for Thermal<N> {
    fn extent(&self, place: &[usize]) -> Option<usize> {
        self.t_star.extent(place)
    }

    fn list<'a>(&'a self, place: &[usize], to: &mut Vec<&'a Number>) {
        match self.extent(place) {
            None => [&self.t_star, &self.t_energy, &self.energy].iter().for_each(|one| one.list(place, to)),
            Some(n) => (0..n).for_each(|next| self.list(&[place, &[next]].concat(), to)),
        }
    }
}

/// Energy per spin over repetitions.
fn energy(observed: &[&Observed]) -> Combined {
    let n = observed.iter().map(|o| o.n as f64).sum();
    over_seeds(&observed.iter().map(|o| Some(o.energy)).collect::<Vec<_>>(), n)
}

/// Samples and thermometer of a repetition.
pub struct Study<'a> {
    pub repetition: &'a Repetition<'a>,
    pub settings: &'a Settings,
    pub samples: Artifact,
    pub thermometer_stage: Artifact,
    pub thermometer: Thermometer,
    pub square: Square,
}

impl<'a> Study<'a> {
    pub fn new(repetition: &'a Repetition<'a>, settings: &'a Settings) -> Result<Self, Error> {
        let samples = samples::stage(repetition, settings)?;
        let thermometer_stage = thermometer::stage(repetition, settings, &samples)?;
        let thermometer = thermometer::assemble(&thermometer_stage, &samples, settings, repetition.seed())?;
        Ok(Self { repetition, settings, samples, thermometer_stage, thermometer, square: square(settings)? })
    }

    pub fn set(&self, name: &str) -> Result<ThermalSet, Error> {
        ThermalSet::read(&self.samples, name)
    }

    /// A machine; see [`machines::fitted`].
    pub fn fitted<K: Serialize>(
        &self,
        fit: &Fit<K>,
        data: impl FnOnce() -> Result<(ndarray::Array2<i8>, ndarray::Array2<i8>), Error>,
    ) -> Result<Artifact, Error> {
        machines::fitted(self.repetition, fit, data)
    }

    /// The flow of the machine in `file`, called `name`.
    pub fn flow(&self, machine: &Artifact, file: &str, name: &str, mode: Mode) -> Result<FlowFindings, Error> {
        let bench = Bench {
            settings: self.settings,
            samples: &self.samples,
            thermometer_stage: &self.thermometer_stage,
            thermometer: &self.thermometer,
        };
        let (steps, chains) = (self.settings.flow.steps, self.settings.flow.chains);
        let job = Job { name: name.into(), machine, file: file.into(), mode, steps, chains };
        flows::stage(self.repetition, &bench, &job)
    }

    /// The flow of the copy of the machine `name` that was kept at `epoch`.
    pub fn flow_at(&self, machine: &Artifact, name: &str, epoch: usize, mode: Mode) -> Result<FlowFindings, Error> {
        let file = format!("rbm/{name}/snapshots/epoch-{epoch}.safetensors");
        self.flow(machine, &file, &format!("{name}-epoch-{epoch}"), mode)
    }

    /// What the thermometers read of collections taken together, each a stratum with an equal number of configurations.
    pub fn observe(&self, parts: &[ArrayView2<i8>]) -> Result<Observed, Error> {
        let readings: Vec<Reading> = parts.iter().map(|part| self.thermometer.read_spins(*part)).collect();
        let spins = ndarray::concatenate(ndarray::Axis(0), parts)?;
        let observables = Observables::measure(&self.square, spins.view())?;
        Ok(Observed::of(&self.thermometer, &Reading::pooled(&readings), &observables, &self.square))
    }
}

/// T_E over repetitions.
pub fn t_energy(observed: &[&Observed]) -> Combined {
    over_seeds(&observed.iter().map(|o| o.t_energy).collect::<Vec<_>>(), observed.iter().map(|o| o.n as f64).sum())
}

/// What the thermometers read of collections, one by repetition: T*, T_E and the energy.
pub fn read(key: &str, observed: &[&Observed], what: &str) -> [Number; 3] {
    let n = observed.iter().map(|o| o.n as f64).sum();
    let energy = over_seeds(&observed.iter().map(|o| Some(o.energy)).collect::<Vec<_>>(), n);
    [
        t_star(observed).number(format!("{key}.T_star"), "J/k_B", &format!("T*: {what}")),
        t_energy(observed).number(
            format!("{key}.T_E"),
            "J/k_B",
            &format!("temperature at which the torus has this energy (Kaufman): {what}"),
        ),
        energy.number(format!("{key}.energy"), "J per spin", &format!("energy: {what}")),
    ]
}

/// The same of the pooled ends of flows: T* beside the critical temperature (value and source) and beside the null (value, key).
pub fn read_ends(
    key: &str,
    flows: &[&FlowFindings],
    what: &str,
    critical: (f64, &str),
    null: (&Combined, &str),
) -> [Number; 3] {
    let pooled: Vec<&Observed> = flows.iter().map(|f| &f.pooled).collect();
    let [star, t_energy, energy] = read(key, &pooled, &format!("ends of all starts pooled, {what}"));
    let mut star = star.compare(critical.0, 0.0, ABOUT, critical.1);
    if let Some((value, error)) = null.0.reference(star.value) {
        star = star.compare(value, error, 0.0, format!("null: {}", null.1));
    }
    [star, t_energy, energy]
}
