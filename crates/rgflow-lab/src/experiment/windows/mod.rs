//! Does the end of the RBM flow follow the window of training temperatures, or the critical point? And the thesis's
//! mechanism: singular vectors of W compared with the principal components of the data.

mod mechanism;
mod record;

use crate::study::checks::temperature_grid;
use crate::study::costs;
use crate::study::likelihood::LikelihoodSpec;
use crate::study::prelude::*;
use crate::study::rbms::{self, MachineSpec};
use crate::study::samples::{self, ThermalSet};
use crate::study::settings::Epochs;
use mechanism::Mechanism;
use ndarray::{ArrayView2, Axis, concatenate};

/// The experiment `windows`.
pub struct Windows;

const RECIPE: &str = concat!(
    "# Shifted windows of training temperatures, and what the weights learn of them: a test of the thesis's claim on \
     T_c.\n",
    "# Temperatures are in J/k_B. The values are those of the recipe of ising-2d.\n",
    include_str!("../../study/torus.toml"),
    include_str!("recipe.toml")
);

/// The table `windows`.
#[derive(Clone, Debug, Deserialize)]
struct Tops {
    tops: Rising<Positive>,
    epochs: Rising<Epochs>,
}

/// Settings of the experiment: the torus, and the windows of training temperatures.
pub struct Settings {
    torus: Torus,
    windows: Vec<Window>,
    epochs: Vec<usize>,
}

/// Training temperatures 0, `t_step` ... `top`.
struct Window {
    top: f64,
    /// Name in keys, files and for people: `0-6`.
    name: String,
    temperatures: Vec<f64>,
}

impl values::Settings for Settings {
    fn parse(table: &toml::Table) -> Result<Self, String> {
        let (mut torus, Tops { tops, epochs }) = (Torus::parse(table)?, values::part(table, "windows")?);
        let (step, tops) = (*torus.samples.t_step, values::plain(&tops));
        if tops.len() < 2 {
            return Err(format!("windows.tops = {tops:?}: must be two or more temperatures that rise"));
        }
        let whole = |t: &f64| (t / step - (t / step).round()).abs() < 1e-9;
        if let Some(t) = tops.iter().find(|t| !(whole(t) && **t >= step && **t <= 200.0 * step)) {
            return Err(format!("windows.tops = {t}: must be 1 to 200 whole steps of samples.t_step = {step}"));
        }
        torus.rbm.epochs = epochs.last();
        let of = |top: f64| Window { top, name: format!("0-{top}"), temperatures: temperature_grid(top, step) };
        Ok(Self { torus, windows: tops.into_iter().map(of).collect(), epochs: values::plain(&epochs) })
    }
}

impl Settings {
    /// The window whose machine is analysed: the widest within the thermometer's temperatures, the thesis's "all".
    fn shown(&self) -> usize {
        let known = self.torus.temperatures().len();
        self.windows.iter().rposition(|window| window.temperatures.len() <= known).unwrap_or(0)
    }
}

/// Findings of one repetition.
pub struct Findings {
    windows: Vec<WindowFindings>,
    mechanism: Mechanism,
}

/// Findings for a window: its mixture without a machine, and the flows by epochs.
struct WindowFindings {
    null: Observed,
    /// By epochs.
    likelihoods: Vec<Likelihood>,
    flows: Vec<ByMode<FlowFindings>>,
}

impl Experiment for Windows {
    type Settings = Settings;
    type Findings = Findings;

    const ABOUT: About = About {
        name: "windows",
        summary: "RBM flows of the 2D Ising model trained on shifted windows of temperatures; PCA of the data beside \
            the weights",
        recipe: RECIPE,
        ..About::DEFAULT
    };

    fn needs(&self, settings: &Settings) -> Vec<Need> {
        settings.torus.needs()
    }

    fn plan(&self, settings: &Settings) -> Plan {
        let torus = &settings.torus;
        let mut plan = costs::study(torus);
        let hottest = settings.windows[settings.windows.len() - 1].temperatures.len();
        if let Some(beyond) = hottest.checked_sub(torus.temperatures().len()).filter(|beyond| *beyond > 0) {
            plan = plan.and(costs::further(torus, "samples-hot", 2, beyond));
        }
        for window in &settings.windows {
            plan = plan.and(costs::machine_of_torus(torus, &window.name, &torus.rbm, 0));
            let flows = settings.epochs.iter();
            let flows = flows.map(|epoch| costs::flows_of_torus(torus, &window.name, &torus.rbm, Some(*epoch)));
            plan = flows.fold(plan, Plan::and);
            for epoch in &settings.epochs {
                plan = plan.and(costs::likelihood(torus, &window.name, Some(*epoch), window.temperatures.len()));
            }
        }
        // Principal components of the data beside the weights, in every repetition.
        plan.record(0.6)
    }

    fn repeat(&self, repetition: &Repetition, settings: &Settings) -> Result<Findings, Error> {
        let study = Study::new(repetition, &settings.torus)?;
        let known = settings.torus.temperatures().len();
        let widest = &settings.windows[settings.windows.len() - 1].temperatures;
        let hot = widest.get(known..).filter(|beyond| !beyond.is_empty()).map(|beyond| {
            samples::further(repetition, &settings.torus, "samples-hot", &["hot-train", "hot-start"], beyond)
        });
        let hot = hot.transpose()?;
        let one = |window: &Window| {
            let machine = train(&study, settings, window, hot.as_ref())?;
            let flows = settings.epochs.par_iter().map(|epoch| study.flows(&machine, &window.name, Some(*epoch)));
            let flows = flows.collect::<Result<_, Error>>()?;
            let likelihoods =
                settings.epochs.iter().map(|epoch| likelihood(&study, window, hot.as_ref(), &machine, *epoch));
            let likelihoods = likelihoods.collect::<Result<_, Error>>()?;
            Ok((machine, WindowFindings { null: null(&study, window, hot.as_ref())?, likelihoods, flows }))
        };
        let found: Vec<_> = settings.windows.par_iter().map(one).collect::<Result<_, Error>>()?;
        let window = &settings.windows[settings.shown()];
        let file = rbms::file(&window.name, Some(settings.epochs[0]));
        let rbm = rbms::load(&found[settings.shown()].0, &file)?;
        let mechanism = Mechanism::of(&study, &rbm, window.temperatures.len())?;
        Ok(Findings { windows: found.into_iter().map(|(_, found)| found).collect(), mechanism })
    }

    fn record(&self, settings: &Settings, found: &[Findings]) -> Result<Record, Error> {
        Ok(record::record(settings, found))
    }
}

/// Collections of a window, one per temperature: from `known` within the thermometer's temperatures, from `hot` above.
fn parts<'a>(
    study: &Study,
    window: &Window,
    known: &'a ThermalSet,
    hot: Option<&'a ThermalSet>,
) -> Vec<ArrayView2<'a, i8>> {
    let n = study.settings.temperatures().len();
    let part = |k| if k < n { Some(known.at(k)) } else { hot.map(|hot| hot.at(k - n)) };
    (0..window.temperatures.len()).filter_map(part).collect()
}

fn train(study: &Study, settings: &Settings, window: &Window, hot: Option<&Artifact>) -> Result<Artifact, Error> {
    let mut inputs = vec![&study.samples];
    inputs.extend(hot);
    let spec = MachineSpec {
        name: &window.name,
        shape: [*settings.torus.lattice.size; 2],
        rbm: &settings.torus.rbm,
        updates: settings.torus.updates(),
        snapshots: &settings.epochs,
        inputs: &inputs,
        data_key: window.top,
    };
    rbms::fitted(study.repetition, &spec, || {
        let (known, test) = (study.set("train")?, study.set("test")?);
        let hot = hot.map(|hot| ThermalSet::read(hot, "hot-train")).transpose()?;
        let parts = parts(study, window, &known, hot.as_ref());
        let data = concatenate(Axis(0), &parts).map_err(|e| Error::failure(e.to_string()))?;
        let classes: Vec<usize> = (0..parts.len().min(settings.torus.temperatures().len())).collect();
        Ok((data, test.first(&classes, test.per_temperature.min(200))))
    })
}

/// Likelihood of the start sets, on which nothing was trained.
fn likelihood(
    study: &Study,
    window: &Window,
    hot: Option<&Artifact>,
    machine: &Artifact,
    epoch: usize,
) -> Result<Likelihood, Error> {
    let inputs: Vec<&Artifact> = [&study.samples].into_iter().chain(hot).collect();
    let spec = LikelihoodSpec {
        name: &window.name,
        epoch: Some(epoch),
        machine,
        inputs: &inputs,
        extents: [*study.settings.lattice.size; 2],
        temperatures: &window.temperatures,
    };
    spec.find(study.repetition, || {
        let known = study.set("start")?;
        let hot = hot.map(|hot| ThermalSet::read(hot, "hot-start")).transpose()?;
        concatenate(Axis(0), &parts(study, window, &known, hot.as_ref())).map_err(|e| Error::failure(e.to_string()))
    })
}

fn null(study: &Study, window: &Window, hot: Option<&Artifact>) -> Result<Observed, Error> {
    let known = study.set("start")?;
    let hot = hot.map(|hot| ThermalSet::read(hot, "hot-start")).transpose()?;
    study.observe(&parts(study, window, &known, hot.as_ref()))
}
