//! Does the end of the RBM flow follow the window of training temperatures, or the critical point? And the thesis's mechanism:
//! singular vectors of W beside the principal components of the data.

mod mechanism;
mod record;

use super::{Experiment, Item};
use crate::artifact::memory::Need;
use crate::artifact::{Artifact, Error, Repetition, Run};
use crate::record::Record;
use crate::study::machines::{self, Fit};
use crate::study::modes::MODES;
use crate::study::readings::label;
use crate::study::readings::{FlowFindings, Observed};
use crate::study::samples::{self, ThermalSet};
use crate::study::settings::Settings as Base;
use crate::study::torus::{self, Study};
use mechanism::Mechanism;
use ndarray::{ArrayView2, Axis, concatenate};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// The experiment.
pub struct Windows;

const RECIPE: &str = concat!(
    "# Shifted windows of training temperatures, and what the weights learn of them: a test of the thesis's claim on T_c.\n",
    "# Temperatures are in J/k_B. The values are those of the recipe of ising-2d.\n",
    include_str!("../../study/torus.toml"),
    include_str!("recipe.toml")
);

const ITEMS: &[Item] = &[
    Item {
        id: "sec4.windows",
        title: "Shifted windows of training temperatures",
        claim: "the RBM flow ends near the critical temperature",
        keys: &["windows.gibbs.", "windows.mean.", "windows.0-"],
    },
    Item {
        id: "sec5.mechanism",
        title: "Singular vectors of the weights beside the principal components of the data",
        claim: "an RBM extracts features as PCA does; at T_c those of all length scales are equally important",
        keys: &["windows.mechanism."],
    },
];

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Own {
    tops: Vec<f64>,
    epochs: Vec<usize>,
}

struct Settings {
    base: Base,
    own: Own,
}

impl Settings {
    fn parse(table: &toml::Table) -> Result<Self, String> {
        let mut base = torus::settings(table)?;
        let own: Own = crate::study::checks::own(table, "windows")?;
        let step = base.samples.t_step;
        if own.tops.len() < 2 || own.tops.windows(2).any(|w| w[0] >= w[1]) {
            return Err(format!("windows.tops = {:?}: must be two or more temperatures that rise", own.tops));
        }
        let whole = |t: &f64| t.is_finite() && (t / step - (t / step).round()).abs() < 1e-9;
        if let Some(t) = own.tops.iter().find(|t| !(whole(t) && **t >= step && **t <= 200.0 * step)) {
            return Err(format!("windows.tops = {t}: must be 1 to 200 whole steps of samples.t_step = {step}"));
        }
        crate::study::checks::check_rising("windows.epochs", &own.epochs, 100_000)?;
        base.rbm.epochs = own.epochs[own.epochs.len() - 1];
        Ok(Self { base, own })
    }

    /// Temperatures of the window that ends at `top`.
    fn window(&self, top: f64) -> Vec<f64> {
        crate::study::checks::temperature_grid(top, self.base.samples.t_step)
    }
}

/// Everything that one repetition found.
struct Findings {
    windows: Vec<WindowFound>,
    mechanism: Mechanism,
}

/// A window: its mixture without any machine, and by epochs the flows in both modes.
struct WindowFound {
    null: Observed,
    flows: Vec<[FlowFindings; 2]>,
}

impl Experiment for Windows {
    fn name(&self) -> &'static str {
        "windows"
    }

    fn summary(&self) -> &'static str {
        "RBM flows of the 2D Ising model trained on shifted windows of temperatures; PCA of the data beside the weights"
    }

    fn recipe(&self) -> &'static str {
        RECIPE
    }

    fn items(&self) -> &'static [Item] {
        ITEMS
    }

    fn check(&self, table: &toml::Table) -> Result<(), String> {
        Settings::parse(table).map(|_| ())
    }

    fn needs(&self, table: &toml::Table) -> Vec<Need> {
        Settings::parse(table).map_or(vec![], |s| s.base.needs())
    }

    fn run(&self, table: &toml::Table, run: &Run) -> Result<Record, Error> {
        let settings = Settings::parse(table).map_err(Error::user)?;
        let found = run.repetitions().par_iter().map(|r| repeat(r, &settings)).collect::<Result<Vec<_>, Error>>()?;
        Ok(record::record(&settings, &found))
    }
}

/// Name of a window in keys and files.
fn name(top: f64) -> String {
    format!("0-{}", label(top))
}

fn repeat(repetition: &Repetition, settings: &Settings) -> Result<Findings, Error> {
    let study = Study::new(repetition, &settings.base)?;
    let known = settings.base.temperatures().len();
    let hottest = settings.own.tops[settings.own.tops.len() - 1];
    let beyond = settings.window(hottest).split_off(known.min(settings.window(hottest).len()));
    let hot = if beyond.is_empty() {
        None
    } else {
        Some(samples::further(repetition, &settings.base, "samples-hot", &["hot-train", "hot-start"], &beyond)?)
    };
    let machines = settings
        .own
        .tops
        .par_iter()
        .map(|top| train(&study, settings, *top, hot.as_ref()))
        .collect::<Result<Vec<_>, Error>>()?;
    let jobs: Vec<(usize, usize, usize)> = (0..machines.len())
        .flat_map(|w| (0..settings.own.epochs.len()).flat_map(move |e| (0..MODES.len()).map(move |m| (w, e, m))))
        .collect();
    let flow = |(w, e, m): &(usize, usize, usize)| {
        study.flow_at(&machines[*w], &name(settings.own.tops[*w]), settings.own.epochs[*e], MODES[*m])
    };
    let mut flows = jobs.par_iter().map(flow).collect::<Result<Vec<_>, Error>>()?.into_iter();
    let mut windows = Vec::new();
    for top in &settings.own.tops {
        let pairs = settings.own.epochs.iter().filter_map(|_| Some([flows.next()?, flows.next()?])).collect();
        windows.push(WindowFound { null: null(&study, settings, *top, hot.as_ref())?, flows: pairs });
    }
    let all = shown(settings);
    let epoch = settings.own.epochs[0];
    let file = format!("rbm/{}/snapshots/epoch-{epoch}.safetensors", name(settings.own.tops[all]));
    let rbm = machines::load(&machines[all], &file)?;
    let mechanism = Mechanism::of(&study, &rbm, settings.window(settings.own.tops[all]).len())?;
    Ok(Findings { windows, mechanism })
}

/// Place of the window whose machine is looked into: the widest that the thermometer knows, the thesis's "all".
fn shown(settings: &Settings) -> usize {
    let known = settings.base.temperatures().len();
    settings.own.tops.iter().rposition(|top| settings.window(*top).len() <= known).unwrap_or(0)
}

/// The collections of a window, one by temperature: those the thermometer knows from `known`, the others from `hot`.
fn parts<'a>(
    settings: &Settings,
    top: f64,
    known: &'a ThermalSet,
    hot: Option<&'a ThermalSet>,
) -> Vec<ArrayView2<'a, i8>> {
    let n = settings.base.temperatures().len();
    let part = |k| if k < n { Some(known.at(k)) } else { hot.map(|hot| hot.at(k - n)) };
    (0..settings.window(top).len()).filter_map(part).collect()
}

fn train(study: &Study, settings: &Settings, top: f64, hot: Option<&Artifact>) -> Result<Artifact, Error> {
    let name = name(top);
    let mut inputs = vec![&study.samples];
    inputs.extend(hot);
    let fit = Fit {
        name: &name,
        shape: [settings.base.lattice.size; 2],
        rbm: &settings.base.rbm,
        updates: settings.base.updates(1),
        snapshots: &settings.own.epochs,
        inputs: &inputs,
        choice: top,
    };
    study.fitted(&fit, || {
        let (known, test) = (study.set("train")?, study.set("test")?);
        let hot = hot.map(|hot| ThermalSet::read(hot, "hot-train")).transpose()?;
        let parts = parts(settings, top, &known, hot.as_ref());
        let data = concatenate(Axis(0), &parts)?;
        let classes: Vec<usize> = (0..parts.len().min(settings.base.temperatures().len())).collect();
        Ok((data, test.first(&classes, test.per_temperature.min(200))))
    })
}

fn null(study: &Study, settings: &Settings, top: f64, hot: Option<&Artifact>) -> Result<Observed, Error> {
    let known = study.set("start")?;
    let hot = hot.map(|hot| ThermalSet::read(hot, "hot-start")).transpose()?;
    study.observe(&parts(settings, top, &known, hot.as_ref()))
}
