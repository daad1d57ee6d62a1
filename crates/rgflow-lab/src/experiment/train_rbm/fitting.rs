//! The training itself: one start or several, all hidden units at once or grown; the best is kept.

use super::along;
use super::settings::{Divergence, Settings, VisibleBias};
use crate::dataset::{Dataset, Kind};
use crate::study::known_law::KnownLaw;
use crate::study::ln_z::LnZ;
use crate::study::prelude::*;
use crate::study::starts::{self, Attempt, First, RANK, Start, Starts};
use crate::study::training::{MachineData, MachineFit};
use rgflow::learning::{Batching, Descent, Fall};
use rgflow::random::Generator;
use rgflow::rbm::{Rbm, Samples, Snapshot, Trained, Training, Units};

/// Draws from a machine's own law for its energy.
const DRAWS: usize = 10_000;
/// Samples whose ln p is measured at a time.
const PORTION: usize = 4096;

/// The data, and the units of the machine.
pub(super) struct Sets<'a> {
    pub data: &'a Dataset,
    pub units: [Units; 2],
    /// The law of the data, if it is known.
    pub law: Option<&'a KnownLaw>,
    /// The machine to begin with, if one is given.
    pub first: Option<Rbm>,
    pub samples: MachineData<'a>,
    /// Samples of equal weights like the weighted training samples.
    pub alike: Samples<'a>,
}

/// A trained machine.
pub(super) struct Fitted {
    pub rbm: Rbm,
    /// Updates of all its parts.
    pub update: usize,
    /// Its evaluations, as lines of JSON.
    pub lines: String,
    /// Machines along the training, with their epochs.
    pub along: Vec<(f64, Rbm)>,
}

/// Work of a training with `hidden` units in all, relative to that of one of all of them at once.
pub(super) fn work(divergence: &Divergence, hidden: usize, given: Option<usize>) -> f64 {
    let one = |plan: Attempt| plan.sizes(hidden).iter().sum::<usize>() as f64 / hidden as f64 * plan.times as f64;
    let all: f64 = (0..*divergence.starts).map(|k| one(Attempt::of(k, *divergence.grow, hidden, given))).sum();
    // The longer one is any of them.
    if *divergence.starts > 1 { all + 2.0 * all / *divergence.starts as f64 } else { all }
}

/// Trains by the settings.
///
/// # Errors
/// As [`MachineFit::run`].
pub(super) fn fit<'b>(
    out: &StageOut<'b>,
    settings: &Settings,
    sets: &Sets<'b>,
) -> Result<(Fitted, Option<Starts>), Error> {
    let (divergence, hidden) = (&settings.training.divergence, *settings.machine.hidden);
    let given = sets.first.as_ref().map(Rbm::n_hidden);
    let plans: Vec<Attempt> =
        (0..*divergence.starts).map(|k| Attempt::of(k, *divergence.grow, hidden, given)).collect();
    let all = Fits { out, settings, sets };
    plans.iter().for_each(|plan| all.announce(plan));
    if let [only] = plans[..] {
        return Ok((all.run(&only)?, None));
    }
    let (kept, starts) = starts::best_of(&plans, |plan| all.announce(plan), |plan| all.measured(plan))?;
    Ok((kept, Some(starts)))
}

/// Inputs that all starts share.
struct Fits<'a, 'b> {
    out: &'a StageOut<'b>,
    settings: &'a Settings,
    sets: &'a Sets<'b>,
}

impl Fits<'_, '_> {
    fn samples(&self) -> usize {
        self.sets.samples.train.len(self.sets.data.n_units())
    }

    /// Units of progress of an epoch with `m` hidden units.
    fn units(&self, m: usize) -> u64 {
        (self.samples() * self.sets.data.n_units() * m / 1000 + 1) as u64
    }

    fn announce(&self, plan: &Attempt) {
        let (training, per_epoch) = training(self.settings, self.samples(), plan.times);
        let epochs = (training.updates / per_epoch) as u64;
        let sizes = plan.sizes(*self.settings.machine.hidden);
        self.out.add_work(sizes.iter().map(|m| epochs * self.units(*m)).sum());
    }

    /// Runs a training and measures ln p at its end.
    fn measured(&self, plan: &Attempt) -> Result<(Fitted, Start), Error> {
        let fitted = self.run(plan)?;
        let rbm = &fitted.rbm;
        let stream = format!("rbm{}/ln-z", plan.suffix());
        // Grey levels are no states.
        let ln_z = match self.sets.data.kind {
            Kind::Grey => None,
            _ => {
                self.out.add_work(LnZ::work(rbm));
                LnZ::of(rbm, self.out.streams().of(&stream), self.out)?.ok()
            }
        };
        let ln_p = ln_z.map(|ln_z| {
            let [train, test] = [self.sets.alike, self.sets.samples.test].map(|of| mean_ln_p(rbm, of, ln_z.value));
            [train, test, ln_z.error()]
        });
        let random = || self.out.streams().bulk(&format!("rbm{}/energy", plan.suffix()), 0);
        let energy = self.sets.law.and_then(|law| law.energy_of(rbm, DRAWS, &mut random()));
        let start = Start { how: plan.words(), updates: fitted.update, ln_p, energy };
        Ok((fitted, start))
    }

    /// The first machine of a training from no other.
    fn first(&self, plan: &Attempt, hidden: usize, scale: f32, random: &mut Generator) -> Result<Rbm, Error> {
        let Self { settings, sets, .. } = *self;
        let start = Rbm::random(sets.data.n_units(), hidden, scale, random);
        let [visible, hidden] = sets.units.clone();
        let mut machine = start.with_units(visible, hidden)?;
        if plan.first == First::LowRank {
            machine = machine.with_low_rank_weights(sets.alike, RANK, scale, random)?;
        }
        if settings.machine.visible_bias == VisibleBias::Data {
            machine.fit_visible_bias(sets.alike)?;
        }
        Ok(machine)
    }

    fn run(&self, plan: &Attempt) -> Result<Fitted, Error> {
        let Self { out, settings, sets } = *self;
        let (divergence, suffix) = (&settings.training.divergence, plan.suffix());
        let (samples, scale) = (self.samples(), *settings.machine.weight_scale as f32);
        let mut random = out.streams().generator(&format!("rbm{suffix}/init"), 0);
        let sizes = plan.sizes(*settings.machine.hidden);
        let mut machine = match (&sets.first, plan.first) {
            (Some(given), First::Given(..)) => given.clone(),
            _ => self.first(plan, sizes[0], scale, &mut random)?,
        };
        let (training, per_epoch) = training(settings, samples, plan.times);
        // Snapshots beyond an early stop would prolong it.
        let kept = if divergence.patience > 0 { 0 } else { *divergence.along };
        let with_snapshots = |training: &Training| {
            let epochs = along::epochs(kept, training.updates / per_epoch);
            let snapshots = epochs.into_iter().map(|epoch| epoch * per_epoch).collect();
            Training { snapshots, ..training.clone() }
        };
        let every = training.evaluate_every;
        let (mut done, mut lines, mut along) = (0, String::new(), Vec::new());
        for m in sizes {
            // The first has the names of a training that does not grow.
            let grown = if done == 0 { suffix.clone() } else { format!("{suffix}/{m}") };
            if m > machine.n_hidden() {
                machine = machine.grown(m - machine.n_hidden(), scale, &mut random)?;
            }
            let fit = MachineFit {
                purpose: &format!("rbm{grown}"),
                part: &format!("training{grown}"),
                training: if m == *settings.machine.hidden { with_snapshots(&training) } else { training.clone() },
                likelihood_every: match likelihood_every(&machine, sets.data, *divergence.epochs) {
                    // Who has no page waits for the machine: ten measurements, none of a short training.
                    1.. if out.is_in_memory() => *divergence.epochs / 10,
                    epochs => epochs,
                } * every,
                lower: &[("training.learning_rate", *settings.training.descent.learning_rate)],
                units: self.units(m) * (every / per_epoch) as u64,
            };
            let Trained { rbm, update, metrics, snapshots } = fit.run(out, machine, &sets.samples)?;
            for m in &metrics {
                let update = done + m.update;
                let mut line = serde_json::json!({"update": update, "epoch": update as f64 / per_epoch as f64,
                    "train_reconstruction": m.train_reconstruction, "test_reconstruction": m.test_reconstruction,
                    "weight_square": m.weight_square});
                if let Some(ln_p) = m.log_likelihood {
                    line["test_log_likelihood"] = ln_p.into();
                }
                lines.push_str(&line.to_string());
                lines.push('\n');
            }
            let epoch = |s: &Snapshot| (done + s.update) as f64 / per_epoch as f64;
            along.extend(snapshots.into_iter().map(|s| (epoch(&s), s.rbm)));
            (machine, done) = (rbm, done + update);
        }
        Ok(Fitted { rbm: machine, update: done, lines, along })
    }
}

/// The training of `samples` samples with `times` the epochs, and the updates of an epoch.
fn training(settings: &Settings, samples: usize, times: usize) -> (Training, usize) {
    let (divergence, descent) = (&settings.training.divergence, &settings.training.descent);
    let batching = match descent.batching() {
        Batching::Mini { size, repeats } => Batching::Mini { size: size.min(samples), repeats },
        other => other,
    };
    let batch = batching.size(samples);
    // An incomplete last batch is dropped.
    let per_epoch = (samples / batch).max(1);
    let epochs = divergence.epochs_of(per_epoch);
    let updates = times * epochs * per_epoch;
    // Of many short epochs as many are evaluated as were chosen.
    let every = if divergence.patience > 0 { 1 } else { (epochs / *divergence.epochs).max(1) };
    let falling = ((1.0 - *divergence.fall) * updates as f64) as u64;
    let fall = (*divergence.fall > 0.0).then_some(Fall { from: falling, until: updates as u64 });
    let training = Training {
        updates,
        batching,
        descent: Descent {
            fall,
            clip: (!divergence.clip.is_nothing()).then_some(*divergence.clip as f32),
            ..descent.descent()
        },
        cd_steps: *divergence.steps,
        method: divergence.method,
        temperatures: if divergence.temperatures.is_zero() { 10 } else { *divergence.temperatures },
        chains: if divergence.chains.is_zero() { 0 } else { batch.max(*divergence.chains) },
        centred: divergence.centred,
        tail_average: *divergence.tail_average,
        evaluate_every: every * per_epoch,
        patience: divergence.patience,
        stop_on: divergence.stop_on,
        snapshots: vec![],
    };
    (training, per_epoch)
}

/// Evaluations between two measurements of ln p of the test set along the training, so that they take seconds: ten
/// measurements or one each time; 0 = none, where ln Z cannot be enumerated.
fn likelihood_every(rbm: &Rbm, data: &Dataset, epochs: usize) -> usize {
    match rbm.n_visible().min(rbm.n_hidden()) {
        // A grey level is a probability, not a state: it has no likelihood.
        _ if data.kind == Kind::Grey => 0,
        0..=16 => 1,
        17..=25 => epochs.div_ceil(10),
        _ => 0,
    }
}

/// Mean ln p of all `samples`.
fn mean_ln_p(rbm: &Rbm, samples: Samples, ln_z: f64) -> f64 {
    let (n, all) = (rbm.n_visible(), samples.len(rbm.n_visible()));
    let starts = (0..all).step_by(PORTION);
    let portions = starts.map(|first| {
        let rows = samples.rows(n, first..(first + PORTION).min(all));
        rbm.free_energy(rows.values(rbm).view()).iter().map(|f| -f - ln_z).sum::<f64>()
    });
    portions.sum::<f64>() / all as f64
}
