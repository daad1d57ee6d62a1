//! Stages that studies of the torus make, with the time that each is expected to take on one core.
//!
//! The times are those of one run of each recipe on an x86-64 core that was shared with other work, so only their
//! ratios mean much; they scale with the settings as the work does. Once a run has begun, measured times take their
//! place ([`crate::artifact::progress::Estimate`]).

use super::likelihood::LikelihoodSpec;
use super::modes::MODES;
use super::settings::{Rbm, Sampler, Torus};
use super::values;
use crate::artifact::progress::Plan;
use rgflow::flow::Mode;

/// Seconds to draw a configuration, per spin.
fn per_spin(sampler: Sampler) -> f64 {
    match sampler {
        Sampler::Exact => 8e-8,
        Sampler::Metropolis => 4e-8,
        Sampler::Wolff => 1.8e-7,
    }
}

/// The stage "samples".
fn samples(torus: &Torus) -> Plan {
    let (t, sites) = (torus.temperatures().len(), torus.lattice.size.pow(2));
    let configurations = 4 * t * *torus.samples.per_temperature + t * *torus.samples.calibration;
    Plan::new().stage("samples", "samples", (configurations * sites) as f64 * per_spin(torus.samples.sampler))
}

/// The stage `name` of `sets` further sets at `n_temperatures`.
pub fn further(torus: &Torus, name: &str, sets: usize, n_temperatures: usize) -> Plan {
    let configurations = sets * n_temperatures * *torus.samples.per_temperature;
    let spins = (configurations * torus.lattice.size.pow(2)) as f64;
    Plan::new().stage("samples", name, spins * per_spin(torus.samples.sampler))
}

/// Training of a network for `epochs` on `samples`: seconds, with the sizes of its `layers`, inputs first.
pub fn network(epochs: f64, samples: usize, layers: &[usize]) -> f64 {
    let weights: usize = layers.windows(2).map(|pair| pair[0] * pair[1]).sum();
    epochs * samples as f64 * (1.2e-6 + 6e-11 * weights as f64)
}

/// Share of the epochs after which a training with `patience` is expected to stop, as the thermometers of the recipes
/// do.
pub fn usual_share(epochs: usize, patience: usize) -> f64 {
    if patience == 0 { 1.0 } else { ((22 + patience) as f64 / epochs as f64).min(1.0) }
}

/// The stage "thermometer".
fn thermometer(torus: &Torus) -> Plan {
    let (own, t) = (&torus.thermometer, torus.temperatures().len());
    let layers = [vec![torus.lattice.size.pow(2)], values::plain(&own.hidden), vec![t]].concat();
    let usual = usual_share(*own.epochs, own.patience);
    let seconds = network(usual * *own.epochs as f64, t * *torus.samples.per_temperature, &layers);
    Plan::new().stage("thermometer", "thermometer", seconds).usually(usual)
}

/// The stages of samples and thermometer.
pub fn study(torus: &Torus) -> Plan {
    samples(torus).and(thermometer(torus))
}

/// The flows and the likelihood of a machine of all temperatures, as [`super::torus::Study::examine`]; `epoch` names a
/// snapshot.
pub fn examined(torus: &Torus, name: &str, epoch: Option<usize>) -> Plan {
    flows_of_torus(torus, name, &torus.rbm, epoch).and(likelihood(torus, name, epoch, torus.all().len()))
}

/// The stage "rbm/NAME" of a machine of `visible` units that is trained for `updates`.
pub fn machine(name: &str, visible: usize, rbm: &Rbm, updates: usize) -> Plan {
    let chains = if *rbm.chains > 0 { *rbm.chains } else { *rbm.batch };
    let products = (chains * visible * *rbm.hidden * *rbm.cd_steps) as f64;
    Plan::new().stage("rbm", format!("rbm/{name}"), updates as f64 * (2e-7 * *rbm.batch as f64 + 2.2e-10 * products))
}

/// The stage "rbm/NAME" of a machine trained on temperatures of the torus, with snapshots up to the epoch `last`.
pub fn machine_of_torus(torus: &Torus, name: &str, rbm: &Rbm, last: usize) -> Plan {
    machine(name, torus.lattice.size.pow(2), rbm, torus.updates() * last.max(*rbm.epochs))
}

/// The stage "likelihood/NAME" of a machine of the torus on samples at so many `temperatures`; `epoch` names a
/// snapshot.
pub fn likelihood(torus: &Torus, name: &str, epoch: Option<usize>, temperatures: usize) -> Plan {
    let shape = [torus.lattice.size.pow(2), *torus.rbm.hidden];
    likelihood_of(&LikelihoodSpec::stage(name, epoch), shape, temperatures * *torus.samples.per_temperature)
}

/// Seconds of annealing and tempering for ln Z, per weight of the machine: 6e-5 with the fewest temperatures, 3e-4 with
/// the most, which 1024 + 256 units take.
pub const ANNEALING: f64 = 1.5e-4;

/// Seconds of the likelihood of `samples` under a machine of so many visible and hidden units.
pub fn likelihood_seconds([visible, hidden]: [usize; 2], samples: usize) -> f64 {
    let weights = (visible * hidden) as f64;
    let fewer = visible.min(hidden);
    let ln_z = match fewer {
        0..=25 => 2.2e-10 * 2f64.powi(fewer as i32) * visible.max(hidden) as f64,
        _ => ANNEALING * weights,
    };
    0.01 + 1e-9 * samples as f64 * weights + ln_z
}

/// The stage `name`: the likelihood of `samples` under a machine of so many visible and hidden units.
pub fn likelihood_of(name: &str, shape: [usize; 2], samples: usize) -> Plan {
    Plan::new().stage("likelihood", name, likelihood_seconds(shape, samples))
}

/// The stages "flow/NAME-MODE" of both modes, with `steps` and `chains` from each of `n_starts`, of a machine of
/// `weights`.
pub fn flows(name: &str, [steps, chains, n_starts]: [usize; 3], weights: usize) -> Plan {
    let stage = |mode: Mode| format!("flow/{name}-{}", mode.name());
    MODES.into_iter().fold(Plan::new(), |plan, mode| flow(plan, stage(mode), mode, [steps, chains * n_starts, weights]))
}

/// Adds the stage `name`: the flow of so many `chains` in all, of `steps` steps, in one mode.
pub fn flow(plan: Plan, name: String, mode: Mode, [steps, chains, weights]: [usize; 3]) -> Plan {
    let chains = chains as f64;
    let walk = steps as f64 * chains * (1e-7 + 1e-10 * weights as f64);
    match mode {
        Mode::Gibbs => plan.stage("flow-gibbs", name, 0.1 + 7e-5 * chains + walk),
        // Most chains come to rest.
        Mode::Mean => plan.stage("flow-mean", name, 0.15 + 7e-5 * chains + 0.15 * walk),
    }
}

/// The flows of a machine of the torus with the lengths of its settings; `epoch` names a snapshot.
pub fn flows_of_torus(torus: &Torus, name: &str, rbm: &Rbm, epoch: Option<usize>) -> Plan {
    let label = epoch.map_or(name.to_string(), |epoch| format!("{name}-epoch-{epoch}"));
    let lengths = [*torus.flow.steps, *torus.flow.chains, torus.temperatures().len()];
    flows(&label, lengths, torus.lattice.size.pow(2) * *rbm.hidden)
}

/// The stage "peaks" of `n` configurations of `size` x `size` spins.
pub fn peaks(size: usize, n: usize) -> Plan {
    Plan::new().stage("peaks", "peaks", 0.06 + 1.5e-7 * (n * size * size) as f64)
}
