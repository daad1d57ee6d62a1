//! Stages "rbm" (the training) and "examine" (tests of the machine on samples it never saw).

use super::along::Along;
use super::fitting::{self, Fitted, Sets};
use super::from::first;
use super::parts::{by_weight, effective_number, filled, mean_of, measured, seen, split, weights, whole};
use super::settings::Settings;
use crate::artifact::{Model, rbm_file};
use crate::dataset::{Dataset, Kind, LATTICE_NAME, Rows};
use crate::machine::Machine;
use crate::study::known_law::KnownLaw;
use crate::study::likelihood::are_states;
use crate::study::ln_z::LnZ;
use crate::study::memory::Memory;
use crate::study::prelude::*;
use crate::study::standard::Standard;
use crate::study::starts::Starts;
use crate::study::training::MachineData;
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};
use rgflow::rbm::{Chains, GradientTest, IndependentUnits, Kernel, Rbm, Units};

const REVISION: u32 = 7;
/// Where starts are compared by annealing: it was forward only before.
const ANNEALED: u32 = 8;
/// Of the findings.
const FOUND: u32 = 10;
/// Multiplications of each weight for a sample: reconstruction, cost and free energy, measured by their time.
const PASSES: u64 = 16;
pub(super) const MODEL: &str = "rbm/model.safetensors";
pub(super) const METRICS: &str = "rbm/metrics.jsonl";
const ALONG: &str = "rbm/along.json";
const STARTS: &str = "rbm/starts.json";
const FINDINGS: &str = "examine/findings.json";
/// Numbers of pictures: of weights, of reconstructions, of draws.
const SHOWN: [usize; 3] = [36, 8, 16];
/// Most visible units of which W W^T is shown.
const TOGETHER: usize = 144;

/// Findings of one repetition.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Findings {
    /// Numbers of training and test samples.
    pub samples: [usize; 2],
    /// Numbers of samples behind means: (sum w)^2 / sum w^2 where weights are given, those without unknown values where
    /// some have such.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective: Option<[f64; 2]>,
    pub updates: usize,
    /// Kinds of the visible and hidden units.
    pub units: [String; 2],
    /// Epoch, reconstruction cost per sample of training samples and of the test set, mean squared weight.
    pub learning: Vec<[f64; 4]>,
    /// Reconstruction cost per sample with its error over samples: training, test, and test of the mean of the data.
    pub reconstruction: [Measured; 3],
    /// ln p per sample in nats, error over samples: training and test, and of independent units; where ln Z is known.
    pub log_likelihood: Option<[Measured; 3]>,
    /// Reason why there is no likelihood.
    pub no_likelihood: Option<String>,
    pub ln_z: Option<f64>,
    /// Its error and how it was found, unless by enumeration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub annealed: Option<(f64, String)>,
    /// KL of the data's law from the machine's, and the mean of ln q over that law; where it is known.
    #[serde(default)]
    pub kl: Option<Measured>,
    #[serde(default)]
    pub best: Option<f64>,
    /// All starts, where there are several.
    #[serde(default)]
    pub starts: Option<Starts>,
    /// Mean square and largest z of the gradient of ln p of the training samples, from exact moments, where there are
    /// several starts.
    #[serde(default)]
    pub gradient: Option<[f64; 2]>,
    /// Machines along the training.
    pub along: Vec<Along>,
    /// Memory of the machine's chains.
    pub memory: Memory,
    /// Epoch and mean ln p of the test set along the training, where it was measured.
    #[serde(default)]
    pub likelihood: Vec<[f64; 2]>,
    /// Mean free energy of the test set minus that of the training set: > 0 shows overfitting.
    pub free_energy_gap: Measured,
    /// Largest |w|, and the fraction of weights above a tenth of it.
    pub largest_weight: f64,
    pub weights_in_use: f64,
    /// (W W^T)_ij of visible units, 0 for i = j; of few units.
    pub together: Vec<f32>,
    /// Pictures: weights of hidden units, test samples with their reconstructions, states drawn from the machine.
    pub weights: Vec<Vec<f32>>,
    pub pairs: Vec<[Vec<f32>; 2]>,
    pub drawn: Vec<Vec<f32>>,
}

/// Makes or keeps the trained machine.
pub(super) fn train(
    repetition: &Repetition,
    settings: &Settings,
    (data, law): (&Dataset, Option<&KnownLaw>),
    from: Option<&Machine>,
) -> Result<Artifact, Error> {
    let (input, given) = (data.artifact(), from.map(Machine::artifact));
    let inputs: Vec<&Artifact> = std::iter::once(&input).chain(&given).collect();
    let divergence = &settings.training.divergence;
    let several = (*divergence.starts > 1).then_some(STARTS);
    let is_followed = (!divergence.along.is_zero()).then_some(ALONG);
    let what = Stage {
        name: "rbm",
        revision: if anneals_starts(settings, data)? { ANNEALED } else { REVISION },
        settings: (&settings.data, &settings.machine, &settings.training),
        inputs: &inputs,
        outputs: &[&[MODEL, METRICS][..], several.as_slice(), is_followed.as_slice()].concat(),
    };
    repetition.stage(what, |out| fit(out, settings, (data, law), from))
}

/// Trains, and writes machine and metrics.
pub(super) fn fit(
    out: &StageOut,
    settings: &Settings,
    (data, law): (&Dataset, Option<&KnownLaw>),
    from: Option<&Machine>,
) -> Result<(), Error> {
    let streams = out.streams();
    let (train, test) = split(data, settings, streams)?;
    let (visible, hidden) = settings.units(data).map_err(Error::user)?;
    let own = from.and_then(Machine::standard);
    let known = whole(data, &train);
    let [alike, test] = [(&known, 0), (&test, 1)].map(|(rows, index)| by_weight(data, rows, (streams, index)));
    let (alike, test) = (alike?, test?);
    let fit = || own.map_or_else(|| Standard::fit(data, &alike), Ok);
    let standard = settings.standardises().then(fit).transpose()?;
    let bits = filled(seen(settings, data, streams), streams);
    let of = |rows: &[usize]| samples(&bits, rows, &visible, standard.as_ref());
    let measured = measured(&alike);
    let (x, y, measured) = (of(&train), of(&test), of(&measured));
    let resampled = (data.weights.is_some() || data.unknown.is_some()).then(|| of(&alike));
    let unknown = data.unknown.as_ref().map(|unknown| unknown.select(Axis(0), &train));
    let weights = weights(data, &train);
    let draw = |pass: u64| data.drawn_bits(&train, &mut streams.bulk("rbm/grey", pass + 1));
    let sets = Sets {
        data: &bits,
        units: [visible.clone(), hidden],
        law,
        first: from.map(first).transpose()?,
        samples: MachineData {
            train: x.for_machine(),
            weights: weights.as_deref(),
            unknown: unknown.as_ref().map(|unknown| unknown.view()),
            test: y.for_machine(),
            // In memory they would be measured twice where no others are held out.
            measured: (!out.is_in_memory() || !settings.trains_on_all()).then(|| measured.for_machine()),
            fresh: settings.draws(data).then_some(&draw),
        },
        alike: resampled.as_ref().unwrap_or(&x).for_machine(),
    };
    let (Fitted { rbm, update, lines, along }, starts) = fitting::fit(out, settings, &sets)?;
    out.write(METRICS, lines)?;
    let memory =
        |(k, (epoch, rbm)): (usize, &(f64, Rbm))| Along::of(*epoch, rbm, streams.of(&format!("rbm/along/{k}")));
    let along: Vec<Along> = along.par_iter().enumerate().map(memory).collect();
    if !settings.training.divergence.along.is_zero() {
        out.write(ALONG, serde_json::to_string_pretty(&along).map_err(|e| Error::failure(e.to_string()))?)?;
    }
    if let Some(starts) = starts {
        out.write(STARTS, serde_json::to_string_pretty(&starts).map_err(|e| Error::failure(e.to_string()))?)?;
    }
    let mut metadata = serde_json::json!({
        "seed": out.seed(), "updates": update, "settings": settings,
        "input": { "values": data.kind.name(), "shape": data.shape, "scale": settings.data.scale,
            "lattice": data.lattice, "field": data.field, "blake3": data.hash },
    });
    if let Some(given) = from {
        metadata["from"] = given.artifact().hash.into();
    }
    if let Some(states) = &data.states {
        metadata["input"]["states"] = states.clone().into();
    }
    let rbm = match &standard {
        Some(standard) => {
            metadata["input"]["standardised"] = serde_json::to_value(standard).unwrap_or_default();
            standard.of_values(&rbm)?
        }
        None => rbm,
    };
    if let Some(name) = data.lattice.as_ref().and_then(|lattice| lattice.name.as_deref()) {
        metadata["input"][LATTICE_NAME] = name.into();
    }
    out.write(MODEL, rbm_file::model(&rbm, metadata).to_bytes()?)
}

/// Whether there are several starts whose ln Z cannot be summed.
fn anneals_starts(settings: &Settings, data: &Dataset) -> Result<bool, Error> {
    let is_grey = data.kind == Kind::Grey && !settings.draws(data);
    if *settings.training.divergence.starts == 1 || is_grey {
        return Ok(false);
    }
    let (n, m) = (data.n_units(), *settings.machine.hidden);
    let (visible, hidden) = settings.units(data).map_err(Error::user)?;
    let alike = Rbm::new(Array2::zeros((n, m)), Array1::zeros(n), Array1::zeros(m), visible, hidden)?;
    Ok(!alike.has_exact_ln_z())
}

/// Makes or keeps the findings on the machine.
pub(super) fn examine(
    repetition: &Repetition,
    settings: &Settings,
    (data, law): (&Dataset, Option<&KnownLaw>),
    trained: &Artifact,
) -> Result<Findings, Error> {
    let input = data.artifact();
    let what = Stage {
        name: "examine",
        revision: FOUND,
        settings: (&settings.data, &settings.samples),
        inputs: &[&input, trained],
        outputs: &[FINDINGS],
    };
    repetition.found(what, |out| {
        let streams = out.streams();
        let data = &*seen(settings, data, streams);
        let (train, test) = split(data, settings, streams)?;
        // Costs and likelihoods are of samples without unknown values.
        let (trained_on, train) = (train.len(), whole(data, &train));
        let model = Model::load(trained.path(MODEL))?;
        let rbm = rbm_file::rbm(&model)?;
        let alike = by_weight(data, &train, (streams, 0))?;
        let rows = |take: &mut dyn FnMut(ArrayView1<f32>)| {
            for portion in data.values.portions(alike.len()) {
                data.values.rows(&alike[portion]).rows().into_iter().for_each(&mut *take);
            }
        };
        let [of_train, of_test] = [&train, &test].map(|rows| weights(data, rows));
        let [in_train, in_test] =
            [of_train.as_deref(), of_test.as_deref()].map(|weights| move |values: &[f64]| mean_of(values, weights));
        let alone = IndependentUnits::fit(rbm.visible_units(), data.n_units(), rows);
        // Costs of standardised data are in units of the deviations, as in the training.
        let standard = model.metadata["input"].get("standardised").filter(|_| settings.standardises());
        let standard: Option<Standard> = standard.and_then(|standard| serde_json::from_value(standard.clone()).ok());
        let of_rows = |rows: &[usize]| Reconstructions::of(&rbm, data, rows, (&alone, standard.as_ref()));
        // Where annealing is told, these are too: the time left would be that of so little of it.
        let multiplications = ((train.len() + test.len()) * rbm.weights.len()) as u64 * PASSES;
        let of_samples = if rbm.has_exact_ln_z() { 0 } else { multiplications / 1000 };
        out.add_work(of_samples + if data.kind == Kind::Grey { 0 } else { LnZ::work(&rbm) });
        let (seen_train, seen_test) = (of_rows(&train), of_rows(&test));
        out.tick(of_samples)?;
        let reconstruction = [in_train(&seen_train.cost), in_test(&seen_test.cost), in_test(&seen_test.cost_of_mean)];
        let (f_train, f_test) = (&seen_train.free_energy, &seen_test.free_energy);
        let ((a, ea), (b, eb)) = (in_train(f_train), in_test(f_test));
        // A grey level is a probability, not a state: it has no likelihood.
        let found = match seen_test.states {
            true => LnZ::of(&rbm, streams.of("rbm/ln-z"), out)?,
            false => Err("grey levels are probabilities: such data has no likelihood".into()),
        };
        let with = |z: &LnZ, (value, error): Measured| (value, error.hypot(z.error()));
        let log_likelihood = found.as_ref().ok().map(|z| {
            let [of_train, of_test] = [f_train, f_test].map(|f| f.iter().map(|f| -f - z.value).collect::<Vec<_>>());
            [with(z, in_train(&of_train)), with(z, in_test(&of_test)), in_test(&seen_test.ln_p_alone)]
        });
        let kl = found.as_ref().ok().zip(law);
        let kl = kl.map(|(z, law)| with(z, law.kl(&rbm, data.values.rows(&test).view(), z.value)));
        let annealed = found.as_ref().ok().filter(|z| !z.is_exact()).map(|z| (z.error(), z.how.clone()));
        let several = *settings.training.divergence.starts > 1;
        let starts = several.then(|| trained.json::<Starts>(STARTS)).transpose()?;
        let gradient = match several.then(|| rbm.moments()) {
            Some(Ok(moments)) if seen_train.states => {
                let rows = samples(data, &alike, rbm.visible_units(), None);
                let GradientTest { mean_square, largest, .. } = rbm.gradient_test(rows.for_machine(), &moments)?;
                Some([mean_square, largest])
            }
            _ => None,
        };
        let largest = rbm.weights.iter().fold(0.0f32, |a, w| a.max(w.abs()));
        let in_use = rbm.weights.iter().filter(|w| w.abs() > 0.1 * largest).count();
        let lines = std::fs::read_to_string(trained.path(METRICS)).map_err(Error::io("read", trained.path(METRICS)))?;
        let learning = lines.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        let measured = learning.clone();
        let measured = measured.filter_map(|m| Some([m["epoch"].as_f64()?, m["test_log_likelihood"].as_f64()?]));
        let findings = Findings {
            samples: [trained_on, test.len()],
            effective: match (&of_train, &of_test) {
                (Some(train), Some(test)) => Some([train, test].map(|weights| effective_number(weights))),
                _ => data.unknown.is_some().then_some([train.len(), test.len()].map(|n| n as f64)),
            },
            updates: model.metadata["updates"].as_u64().unwrap_or(0) as usize,
            units: [rbm.visible_units().to_string(), rbm.hidden_units().to_string()],
            learning: learning
                .map(|m| {
                    let get = |key: &str| m[key].as_f64().unwrap_or(f64::NAN);
                    [get("epoch"), get("train_reconstruction"), get("test_reconstruction"), get("weight_square")]
                })
                .collect(),
            reconstruction,
            log_likelihood,
            ln_z: found.as_ref().ok().map(|z| z.value),
            no_likelihood: found.err(),
            annealed,
            kl,
            best: law.and_then(KnownLaw::best),
            likelihood: measured.collect(),
            starts,
            gradient,
            along: if settings.training.divergence.along.is_zero() { vec![] } else { trained.json(ALONG)? },
            memory: Memory::of(&rbm, streams.of("rbm/memory")),
            free_energy_gap: (b - a, ea.hypot(eb)),
            largest_weight: largest.into(),
            weights_in_use: in_use as f64 / rbm.weights.len() as f64,
            together: if rbm.n_visible() <= TOGETHER { together(&rbm) } else { vec![] },
            weights: (0..rbm.n_hidden().min(SHOWN[0])).map(|a| rbm.weights.column(a).to_vec()).collect(),
            pairs: seen_test.pairs,
            drawn: drawn(&rbm, *settings.samples.steps, out)?,
        };
        Ok(findings)
    })
}

/// W W^T without its diagonal: to second order in W the coupling of two visible units, times the variance of a hidden
/// one.
fn together(rbm: &Rbm) -> Vec<f32> {
    let mut product = rbm.weights.dot(&rbm.weights.t());
    product.diag_mut().fill(0.0);
    product.into_iter().collect()
}

/// sum (a - b)^2 / 2, in units of the deviations where data are standardised.
fn half_square(a: ArrayView1<f32>, b: ArrayView1<f32>, standard: Option<&Standard>) -> f64 {
    let difference = |(i, (a, b)): (usize, (&f32, &f32))| {
        let unit = standard.map_or(1.0, |standard| standard.deviation[i]);
        0.5 * (f64::from(a - b) / unit).powi(2)
    };
    a.iter().zip(b).enumerate().map(difference).sum()
}

/// The machine's mean-field reconstruction v -> h -> v of each row.
fn reconstructed(rbm: &Rbm, v: ArrayView2<f32>) -> Array2<f32> {
    let (mut h, mut back) = (Array2::zeros((v.nrows(), rbm.n_hidden())), Array2::zeros(v.dim()));
    rbm.hidden_mean(v, &mut h);
    rbm.visible_mean(h.view(), &mut back);
    back
}

/// The samples `rows` for a machine of the units `visible`.
fn samples(data: &Dataset, rows: &[usize], visible: &Units, standard: Option<&Standard>) -> Rows {
    if let Some(standard) = standard {
        let mut values = data.values.rows(rows);
        standard.apply(&mut values);
        return Rows::Values(values);
    }
    // Bits exist only for two-valued units.
    if visible.levels().is_some() { Rows::of(data, rows) } else { Rows::Values(data.values.rows(rows)) }
}

/// Reconstructions and likelihoods of samples by the machine, and by independent units.
#[derive(Default)]
struct Reconstructions {
    /// Reconstruction cost sum_i (v_i - v'_i)^2 / 2 of each sample (thesis section 4.5), and the same with v' = mean of
    /// the training data.
    cost: Vec<f64>,
    cost_of_mean: Vec<f64>,
    free_energy: Vec<f64>,
    ln_p_alone: Vec<f64>,
    /// Whether all values are states, not grey levels.
    states: bool,
    /// The first samples with their reconstructions.
    pairs: Vec<[Vec<f32>; 2]>,
}

impl Reconstructions {
    /// Reads the samples `rows`, portion by portion, so that states are not all held as numbers.
    fn of(
        rbm: &Rbm,
        data: &Dataset,
        rows: &[usize],
        (alone, standard): (&IndependentUnits, Option<&Standard>),
    ) -> Self {
        let mut seen = Self { states: true, ..Self::default() };
        let units = rbm.visible_units();
        for portion in data.values.portions(rows.len()) {
            let v = data.values.rows(&rows[portion]);
            let back = reconstructed(rbm, v.view());
            let each = || v.rows().into_iter();
            seen.cost.extend(each().zip(back.rows()).map(|(a, b)| half_square(a, b, standard)));
            seen.cost_of_mean.extend(each().map(|row| half_square(row, alone.mean.view(), standard)));
            seen.ln_p_alone.extend(each().map(|row| alone.ln_p(row)));
            seen.free_energy.extend(rbm.free_energy(v.view()));
            seen.states &= are_states(units, v.view());
            let pairs = each().zip(back.rows()).map(|(a, b)| [a.to_vec(), b.to_vec()]);
            seen.pairs.extend(pairs.take(SHOWN[1] - seen.pairs.len()));
        }
        seen
    }
}

/// Expectation values of the visible units after `steps` Gibbs steps from a random start, one picture per chain.
fn drawn(rbm: &Rbm, steps: usize, out: &StageOut) -> Result<Vec<Vec<f32>>, Error> {
    let kernel = Kernel::new(rbm);
    let mut chains = Chains::new(&kernel, SHOWN[2]);
    let mut random = out.streams().bulk("rbm/drawn", 0);
    // Field of the biases alone: a start that uses only the means.
    let mut v = Array2::<f32>::zeros((SHOWN[2], rbm.n_visible()));
    rbm.visible_mean(Array2::zeros((SHOWN[2], rbm.n_hidden())).view(), &mut v);
    chains.set_visible(v.view())?;
    for _ in 0..steps {
        chains.step(&kernel, &mut random);
        out.tick(0)?;
    }
    chains.write_visible(v.as_slice_mut().unwrap_or_default());
    Ok(reconstructed(rbm, v.view()).rows().into_iter().map(|row| row.to_vec()).collect())
}
