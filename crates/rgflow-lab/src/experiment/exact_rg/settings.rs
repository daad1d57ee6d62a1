//! Settings of the experiment.

use rgflow::rg::decimation::Couplings;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    pub decimation: Decimation,
    pub series: Series,
    pub duality: Duality,
    pub trg: Trg,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Decimation {
    pub k: Vec<f64>,
    pub h: Vec<f64>,
    pub steps: usize,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Series {
    pub size: usize,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Duality {
    pub k: Vec<f64>,
    pub size: usize,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Trg {
    pub chi: Vec<usize>,
    pub steps: usize,
}

impl Settings {
    pub fn parse(table: &toml::Table) -> Result<Self, String> {
        crate::study::checks::whole_numbers(table, "")?;
        let settings: Self = table.clone().try_into().map_err(|e: toml::de::Error| e.message().to_string())?;
        let Decimation { k, h, steps } = &settings.decimation;
        within("decimation.k", k, -50.0, 50.0)?;
        within("decimation.h", h, -50.0, 50.0)?;
        if !(1..=1000).contains(steps) {
            return Err(format!("decimation.steps = {steps}: must be 1 to 1000"));
        }
        let size = settings.series.size;
        if !(9..=11).contains(&size) {
            return Err(format!(
                "series.size = {size}: must be 9 to 11; on a smaller torus graphs of eight bonds go around it, of a larger one the \
                 density of states is not counted"
            ));
        }
        within("duality.k", &settings.duality.k, 0.01, 5.0)?;
        let size = settings.duality.size;
        if !(2..=256).contains(&size) {
            return Err(format!("duality.size = {size}: must be 2 to 256"));
        }
        let Trg { chi, steps } = &settings.trg;
        if chi.is_empty() || chi.iter().any(|chi| !(4..=48).contains(chi)) {
            return Err(format!("trg.chi = {chi:?}: must be one or more numbers from 4 to 48 (32 takes minutes)"));
        }
        if !(20..=100).contains(steps) {
            return Err(format!("trg.steps = {steps}: must be 20 to 100; each halves the number of sites"));
        }
        Ok(settings)
    }
}

fn within(key: &str, values: &[f64], low: f64, high: f64) -> Result<(), String> {
    if values.is_empty() || values.len() > 40 {
        return Err(format!("{key}: has {} values; give 1 to 40", values.len()));
    }
    match values.iter().find(|x| !(low..=high).contains(*x)) {
        Some(wrong) => Err(format!("{key} = {wrong}: must be between {low} and {high}")),
        None => Ok(()),
    }
}

impl Decimation {
    pub fn starts(&self) -> Vec<Couplings> {
        let of = |k: f64| self.h.iter().map(move |h| Couplings { k, h: *h, k0: 0.0 });
        self.k.iter().flat_map(|k| of(*k)).collect()
    }
}
