//! A study of the 2D Ising model: samples and thermometer of a repetition, machines trained on them and their flows.

use super::flows::{self, FlowSpec, Inputs};
use super::likelihood::{Likelihood, LikelihoodSpec};
use super::modes::ByMode;
use super::rbms::{self, ThermalMachine};
use super::readings::{FlowFindings, Observed};
use super::samples::{self, ThermalSet};
use super::settings::Torus;
use super::thermometer;
use crate::artifact::{Artifact, Error, Repetition};
use ndarray::ArrayView2;
use rgflow::flow::{Reading, Thermometer};
use rgflow::lattice::{Observables, Square};

/// Samples and thermometer of a repetition.
pub struct Study<'a> {
    pub repetition: &'a Repetition<'a>,
    pub settings: &'a Torus,
    pub samples: Artifact,
    pub thermometer_stage: Artifact,
    pub thermometer: Thermometer,
    pub square: Square,
}

/// Findings on a machine trained on thermal sets.
pub struct Examined {
    pub likelihood: Likelihood,
    pub flows: ByMode<FlowFindings>,
}

impl<'a> Study<'a> {
    /// Makes or keeps samples and thermometer.
    pub fn new(repetition: &'a Repetition<'a>, settings: &'a Torus) -> Result<Self, Error> {
        let samples = samples::stage(repetition, settings)?;
        Self::of(repetition, settings, samples)
    }

    /// A study with these samples.
    pub fn of(repetition: &'a Repetition<'a>, settings: &'a Torus, samples: Artifact) -> Result<Self, Error> {
        let thermometer_stage = thermometer::stage(repetition, settings, &samples)?;
        let thermometer = thermometer::assemble(&thermometer_stage, &samples, settings, repetition.seed())?;
        Ok(Self { repetition, settings, samples, thermometer_stage, thermometer, square: flows::square(settings)? })
    }

    /// The set `name`.
    pub fn set(&self, name: &str) -> Result<ThermalSet, Error> {
        ThermalSet::read(&self.samples, name)
    }

    /// Makes or keeps what is found of a trained machine, a snapshot at an epoch or the final one: its flows, and its
    /// likelihood on the test set's part of its training temperatures.
    pub fn examine(
        &self,
        machine: &ThermalMachine,
        trained: &Artifact,
        epoch: Option<usize>,
    ) -> Result<Examined, Error> {
        let likelihood = self.likelihood(trained, machine.name, epoch, &machine.classes())?;
        Ok(Examined { likelihood, flows: self.flows(trained, machine.name, epoch)? })
    }

    /// Makes or keeps the likelihood of the test set's temperatures `classes` under the machine `name`, a snapshot at
    /// an epoch or the final machine.
    pub fn likelihood(
        &self,
        machine: &Artifact,
        name: &str,
        epoch: Option<usize>,
        classes: &[usize],
    ) -> Result<Likelihood, Error> {
        let (extents, all) = ([*self.settings.lattice.size; 2], self.settings.temperatures());
        let temperatures: Vec<f64> = classes.iter().map(|class| all[*class]).collect();
        let spec =
            LikelihoodSpec { name, epoch, machine, inputs: &[&self.samples], extents, temperatures: &temperatures };
        spec.find(self.repetition, || self.set("test").map(|test| test.first(classes, test.per_temperature)))
    }

    /// Flows in both modes of the machine `name`, a snapshot at an epoch or the final machine.
    pub fn flows(&self, machine: &Artifact, name: &str, epoch: Option<usize>) -> Result<ByMode<FlowFindings>, Error> {
        let flow = &self.settings.flow;
        self.flows_of_length(machine, name, epoch, [*flow.steps, *flow.chains])
    }

    /// The same with so many steps, and chains from each start temperature.
    pub fn flows_of_length(
        &self,
        machine: &Artifact,
        name: &str,
        epoch: Option<usize>,
        [steps, chains]: [usize; 2],
    ) -> Result<ByMode<FlowFindings>, Error> {
        ByMode::make(|mode| {
            let label = epoch.map_or(name.to_string(), |epoch| format!("{name}-epoch-{epoch}"));
            let spec = FlowSpec { name: label, machine, file: rbms::file(name, epoch), mode, steps, chains };
            flows::stage(self.repetition, &self.inputs(), &spec)
        })
    }

    /// Start set and thermometer for flows.
    fn inputs(&self) -> Inputs<'_> {
        Inputs {
            settings: self.settings,
            samples: &self.samples,
            thermometer_stage: &self.thermometer_stage,
            thermometer: &self.thermometer,
        }
    }

    /// Readings of the start set at the temperatures `classes` taken as one collection: a training mixture without a
    /// machine.
    pub fn mixture(&self, classes: &[usize]) -> Result<Observed, Error> {
        let start = self.set("start")?;
        self.observe(&classes.iter().map(|class| start.at(*class)).collect::<Vec<_>>())
    }

    /// Readings of collections taken as one, each a stratum with an equal number of configurations.
    pub fn observe(&self, parts: &[ArrayView2<i8>]) -> Result<Observed, Error> {
        let readings = parts.iter().map(|part| self.thermometer.read_spins(*part)).collect::<Result<Vec<_>, _>>()?;
        let spins = ndarray::concatenate(ndarray::Axis(0), parts).map_err(|e| Error::failure(e.to_string()))?;
        let observables = Observables::measure(&self.square, spins.view())?;
        Ok(Observed::of(&self.thermometer, &Reading::pooled(&readings), &observables, &self.square))
    }
}
