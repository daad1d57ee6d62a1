//! Stages "rbm/NAME" (the training) and "law/NAME" (the machine's own law, and how far it is from its data).

use super::laws::Law;
use super::machines::{Begin, Machine};
use super::{Readers, Settings};
use crate::artifact::rbm_file;
use crate::study::ln_z::LnZ;
use crate::study::memory::Memory;
use crate::study::prelude::*;
use crate::study::rbms;
use crate::study::starts::{self, Attempt, First, RANK, Start, Starts};
use crate::study::training::{MachineData, MachineFit};
use ndarray::Array2;
use rgflow::packed::packed;
use rgflow::rbm::{ExactDraws, Rbm};
use rgflow::statistics::mean_error;
use std::sync::OnceLock;

const REVISION: u32 = 2;
/// Units of progress per update and hidden unit.
const UNITS: u64 = 10;
const WEIGHT_SCALE: f32 = 0.01;
/// Draws from a machine's own law.
const DRAWS: usize = 20_000;
/// Samples of which the training measures the reconstruction cost, at its end.
const SHOWN: usize = 1000;
/// Visible units whose states are all visited for the exact KL.
const ENUMERATED: usize = 16;
/// Bins of the energy per spin, from -2 to 2.
pub(super) const BINS: usize = 40;

/// Samples of a law, drawn when they are first asked for.
pub(super) struct Data<'a> {
    pub law: &'a Law,
    repetition: &'a Repetition<'a>,
    drawn: [OnceLock<Result<Array2<i8>, String>>; 2],
}

impl<'a> Data<'a> {
    pub fn new(repetition: &'a Repetition<'a>, law: &'a Law) -> Self {
        Self { law, repetition, drawn: [const { OnceLock::new() }; 2] }
    }

    /// Training samples.
    fn train(&self) -> Result<&Array2<i8>, Error> {
        self.drawn("train", 0)
    }

    /// As many samples that no machine is trained on.
    pub fn fresh(&self) -> Result<&Array2<i8>, Error> {
        self.drawn("fresh", 1)
    }

    fn drawn(&self, set: &str, place: usize) -> Result<&Array2<i8>, Error> {
        let draw = || {
            let purpose = format!("samples/{}/{set}", self.law.name);
            self.law.draw(self.repetition.streams().of(&purpose)).map_err(|e| e.to_string())
        };
        self.drawn[place].get_or_init(draw).as_ref().map_err(Error::failure)
    }
}

/// A trained machine.
pub(super) struct Trained {
    pub artifact: Artifact,
    /// File of the machine.
    file: String,
}

/// A machine on its way through the stages.
pub(super) struct Job<'a> {
    pub repetition: &'a Repetition<'a>,
    pub settings: &'a Settings,
    pub machine: Machine,
    pub data: &'a Data<'a>,
    /// Name of the stages, such as `0-6.N25.pcd`.
    pub name: String,
}

impl<'b> Job<'b> {
    /// File of the machine.
    pub fn file(&self) -> String {
        rbms::file(&self.name, None)
    }

    fn starts_file(&self) -> String {
        format!("rbm/{}/starts.json", self.name)
    }

    /// Trains the machine from its starts, the first of which is the machine of `first` where there is one, or keeps it.
    pub fn train(&self, first: Option<&Trained>) -> Result<Trained, Error> {
        let (stage, model, starts) = (format!("rbm/{}", self.name), self.file(), self.starts_file());
        let own = &self.settings.ladder;
        let Machine { hidden, steps, method, starts: n, .. } = self.machine;
        let what = Stage {
            name: &stage,
            revision: REVISION,
            settings: (
                (&self.data.law.name, self.data.law.parts(), self.data.law.sites().count()),
                (hidden, method, steps, n),
                (
                    self.machine.updates(self.settings, 1),
                    *own.learning_rate,
                    own.batch,
                    self.machine.course(self.settings, 1).ascent().chains,
                ),
            ),
            inputs: &first.map(|first| &first.artifact).into_iter().collect::<Vec<_>>(),
            outputs: &[&model, &starts],
        };
        let artifact = self.repetition.stage(what, |out| {
            let (bits, test) = (packed(self.data.train()?.view()), self.data.fresh()?.mapv(f32::from));
            let given = first.map(|first| rbms::load(&first.artifact, &first.file)).transpose()?;
            let grow = match (&given, self.machine.begin) {
                (Some(given), _) => hidden - given.n_hidden(),
                (None, Begin::Single) => 1,
                _ => 0,
            };
            let plans: Vec<Attempt> =
                (0..n).map(|k| Attempt::of(k, grow, hidden, given.as_ref().map(Rbm::n_hidden))).collect();
            let fits = Fits { out, job: self, given, bits, test };
            plans.iter().for_each(|plan| fits.announce(plan));
            let (rbm, found) = match plans[..] {
                [only] => (fits.run(&only)?, None),
                _ => {
                    let (rbm, found) = starts::best_of(&plans, |plan| fits.announce(plan), |plan| fits.measured(plan))?;
                    (rbm, Some(found))
                }
            };
            let updates = self.machine.updates(self.settings, 1);
            let about = serde_json::json!({ "name": self.name, "seed": out.seed(), "updates": updates });
            out.write(&model, rbm_file::model(&rbm, about).to_bytes()?)?;
            out.write_json(&starts, &found)
        })?;
        Ok(Trained { artifact, file: model })
    }

    /// Examines the trained machine, or keeps what was found.
    pub fn examine(&self, trained: &Trained, readers: Option<&Readers>) -> Result<Findings, Error> {
        let (stage, output) = (format!("law/{}", self.name), format!("law/{}.json", self.name));
        let mut inputs = vec![&trained.artifact];
        inputs
            .extend(readers.into_iter().flat_map(|readers| [&readers.study.thermometer_stage, &readers.study.samples]));
        let what = Stage { name: &stage, revision: REVISION, settings: (), inputs: &inputs, outputs: &[&output] };
        self.repetition.found(what, |out| {
            let rbm = rbms::load(&trained.artifact, &trained.file)?;
            let law = self.data.law;
            let own = ExactDraws::new(&rbm).ok().map(|draws| {
                let drawn = draws.draw(DRAWS, &mut out.streams().bulk(&format!("{stage}/draws"), 0));
                OwnLaw::of(law, &drawn, readers)
            });
            let gradient = match rbm.moments() {
                Ok(moments) => {
                    let test = rbm.gradient_test(packed(self.data.train()?.view()).as_slice(), &moments)?;
                    Some([test.mean_square, test.largest])
                }
                Err(_) => None,
            };
            Ok(Findings {
                likelihood: self.likelihood(out, &rbm)?,
                own: own.transpose()?,
                memory: Memory::of(&rbm, out.streams().of(&format!("{stage}/memory"))),
                gradient,
                starts: trained.artifact.json(&self.starts_file())?,
            })
        })
    }

    /// ln p of fresh samples, and KL of the law from the machine's: exact on small lattices.
    fn likelihood(&self, out: &StageOut, rbm: &Rbm) -> Result<Likelihood, Error> {
        let stream = format!("law/{}/ln-z", self.name);
        out.add_work(LnZ::work(rbm));
        let ln_z = match LnZ::of(rbm, out.streams().of(&stream), out)? {
            Ok(ln_z) => ln_z,
            Err(why) => return Ok(Likelihood { why: Some(why), ..Likelihood::default() }),
        };
        let with = |(value, of_samples): Measured| (value, of_samples.hypot(ln_z.error()));
        let (v, mixture) = (self.data.fresh()?.mapv(f32::from), &self.data.law.mixture);
        let ln_p = mean_error(&rbm.free_energy(v.view()).iter().map(|f| -f - ln_z.value).collect::<Vec<_>>());
        let n = rbm.n_visible();
        let kl = if n <= ENUMERATED {
            // Unit 0 is the lowest bit of a state.
            let all = Array2::from_shape_fn((1 << n, n), |(s, i)| if s >> i & 1 == 1 { 1.0f32 } else { -1.0 });
            let q: Vec<f64> = mixture.ln_q_of(all.view()).into_iter().map(libm::exp).collect();
            (rbm.divergences(&q)?.kl, f64::NAN)
        } else {
            let kl = rbm.kl_from(&mixture.ln_q_of(v.view()), v.view(), ln_z.value);
            with((kl.value, kl.error))
        };
        Ok(Likelihood { ln_p: Some(with((ln_p.value, ln_p.error))), kl: Some(kl), ..Likelihood::default() })
    }
}

/// Findings on one machine.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Findings {
    pub likelihood: Likelihood,
    /// None where no layer can be enumerated.
    pub own: Option<OwnLaw>,
    pub memory: Memory,
    /// Mean square and largest z of the gradient on training samples.
    pub gradient: Option<[f64; 2]>,
    pub starts: Option<Starts>,
}

/// A law seen through independent draws from it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OwnLaw {
    /// Energy per spin in J, the temperature that it belongs to, and |m|.
    pub energy: Measured,
    pub t_energy: Option<Measured>,
    pub abs_m: Measured,
    /// Fractions of the energies per spin in bins from -2 to 2.
    pub energies: Vec<f64>,
    /// Readings by the trained thermometer, and T* by that of Bayes, where there are any.
    pub read: Option<Observed>,
    pub bayes: Option<f64>,
}

impl OwnLaw {
    /// Of the rows of `drawn`; energies and T_E on the lattice of `law`.
    pub fn of(law: &Law, drawn: &Array2<f32>, readers: Option<&Readers>) -> Result<Self, Error> {
        let sites = law.sites();
        let n = sites.count() as f64;
        let energies: Vec<f64> = law.mixture.energies_of(drawn.view()).into_iter().map(|e| e / n).collect();
        let abs_m: Vec<f64> = drawn.rows().into_iter().map(|row| (f64::from(row.sum()) / n).abs()).collect();
        let (energy, abs_m) = (mean_error(&energies), mean_error(&abs_m));
        let t_energy = sites.temperature_of(energy.value);
        let t_energy = t_energy.and_then(|t| Some((t, energy.error / sites.heat_at(t)?)));
        let spins = || drawn.mapv(|s| s as i8);
        Ok(Self {
            energy: (energy.value, energy.error),
            t_energy: t_energy.filter(|(_, error)| error.is_finite()),
            abs_m: (abs_m.value, abs_m.error),
            energies: fractions(&energies),
            read: readers.map(|readers| readers.study.observe(&[spins().view()])).transpose()?,
            bayes: readers.map(|readers| readers.bayes.t_star(drawn.view())),
        })
    }
}

/// Fractions of `energies` in bins from -2 to 2; an energy between two bins belongs to the upper one.
fn fractions(energies: &[f64]) -> Vec<f64> {
    let mut counts = vec![0.0; BINS];
    for energy in energies {
        let bin = ((energy + 2.0) / 4.0 * BINS as f64 + 1e-9) as usize;
        counts[bin.min(BINS - 1)] += 1.0 / energies.len() as f64;
    }
    counts
}

/// Inputs that all starts of a training share.
struct Fits<'a, 'b> {
    out: &'a StageOut<'b>,
    job: &'a Job<'b>,
    /// The machine of the first start, where it is given.
    given: Option<Rbm>,
    /// Training samples, and fresh ones.
    bits: Vec<u8>,
    test: Array2<f32>,
}

impl Fits<'_, '_> {
    fn units(&self, hidden: usize, times: usize) -> u64 {
        (self.job.machine.updates(self.job.settings, times) * hidden) as u64 * UNITS
    }

    fn announce(&self, plan: &Attempt) {
        let sizes = plan.sizes(self.job.machine.hidden);
        self.out.add_work(sizes.iter().map(|hidden| self.units(*hidden, plan.times)).sum());
    }

    fn run(&self, plan: &Attempt) -> Result<Rbm, Error> {
        let (out, job, test) = (self.out, self.job, &self.test);
        let (machine, settings, suffix) = (&job.machine, job.settings, plan.suffix());
        let purpose = format!("rbm/{}{suffix}", job.name);
        let mut random = out.streams().generator(&format!("{purpose}/init"), 0);
        let sizes = plan.sizes(machine.hidden);
        let mut rbm = Rbm::random(test.ncols(), sizes[0], WEIGHT_SCALE, &mut random);
        if let (First::Given(..), Some(given)) = (plan.first, &self.given) {
            rbm = given.clone();
        }
        if plan.first == First::LowRank {
            rbm = rbm.with_low_rank_weights(self.bits.as_slice(), RANK.min(test.ncols()), WEIGHT_SCALE, &mut random)?;
        }
        for hidden in sizes {
            if hidden > rbm.n_hidden() {
                rbm = rbm.grown(hidden - rbm.n_hidden(), WEIGHT_SCALE, &mut random)?;
            }
            let training = machine.course(settings, plan.times).training(*settings.ladder.samples);
            let fit = MachineFit {
                purpose: &format!("{purpose}/{hidden}"),
                part: &format!("training{suffix}/{hidden}"),
                units: self.units(hidden, plan.times),
                training,
                likelihood_every: 0,
                lower: &[("ladder.learning_rate", *settings.ladder.learning_rate)],
            };
            let shown = test.slice(ndarray::s![..SHOWN.min(test.nrows()), ..]);
            rbm = fit.run(out, rbm, &MachineData::new(self.bits.as_slice(), shown))?.rbm;
        }
        Ok(rbm)
    }

    /// Runs a training and measures ln p at its end.
    fn measured(&self, plan: &Attempt) -> Result<(Rbm, Start), Error> {
        let Self { out, job, test, .. } = self;
        let rbm = self.run(plan)?;
        let stream = format!("rbm/{}{}/ln-z", job.name, plan.suffix());
        out.add_work(LnZ::work(&rbm));
        let ln_p = match LnZ::of(&rbm, out.streams().of(&stream), *out)? {
            Ok(ln_z) => {
                let train = job.data.train()?.mapv(f32::from);
                let [train, test] = [&train, test].map(|v| rbm.log_likelihood(v.view(), ln_z.value).value);
                Some([train, test, ln_z.error()])
            }
            Err(_) => None,
        };
        let energy = ExactDraws::new(&rbm).ok().map(|draws| {
            let drawn =
                draws.draw(DRAWS, &mut out.streams().bulk(&format!("rbm/{}{}/energy", job.name, plan.suffix()), 0));
            OwnLaw::of(job.data.law, &drawn, None).map(|own| own.energy)
        });
        let updates = job.machine.updates(job.settings, plan.times) * plan.sizes(job.machine.hidden).len();
        Ok((rbm, Start { how: plan.words(), updates, ln_p, energy: energy.transpose()? }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn energies_fall_into_their_bins() {
        let found = fractions(&[-2.0, -1.96, 0.0, 2.0]);
        let seen: Vec<(usize, f64)> = found.iter().copied().enumerate().filter(|(_, p)| *p > 0.0).collect();
        assert_eq!(seen, [(0, 0.5), (20, 0.25), (39, 0.25)]);
    }
}
