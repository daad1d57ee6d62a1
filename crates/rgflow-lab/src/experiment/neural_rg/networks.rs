//! Stage "networks": P(ordered) from the two phases, on samples of one size and, as the thesis has it, on blocked samples; local read-outs.

use super::settings::Settings;
use crate::artifact::{Artifact, Error, Model, Repetition, Stage, StageOut, network};
use crate::study::samples::sampled;
use crate::study::training::NetworkFit;
use ndarray::Array2;
use rayon::prelude::*;
use rgflow::lattice::{Ising, Square, Temperature, wolff};
use rgflow::learning::{Adam, Batching, Descent, Rule};
use rgflow::nn::{Activation, Data, Mlp, Targets};
use rgflow::rg::block_spin::majority;
use rgflow::rg::neural::{PATTERNS, patches, turned};

const REVISION: u32 = 2;
/// Units of progress per network: about microseconds.
const UNITS: u64 = 3_000_000;
/// The local logit is this times the mean over the lattice.
const STEEPNESS: f32 = 30.0;

/// Networks of all kinds, by training.
pub(super) struct Networks {
    /// P(ordered) of 32 x 32 and of 16 x 16 spins.
    pub on32: Vec<Mlp>,
    pub on16: Vec<Mlp>,
    /// P(ordered) of 32 x 32 block spins, trained on them: the second network of the thesis.
    pub on_blocked: Vec<Mlp>,
    /// Both of few samples.
    pub few32: Vec<Mlp>,
    pub few_blocked: Vec<Mlp>,
    /// Local read-outs phi: a number for each pattern of 3 x 3 spins, odd and even under the turn of all spins.
    pub odd: Vec<Vec<f64>>,
    pub even: Vec<Vec<f64>>,
    /// Test cross-entropy of `on32`.
    pub test_cost: Vec<f64>,
}

/// What a network is trained on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    On32,
    On16,
    Blocked,
    Few32,
    FewBlocked,
    Odd,
    Even,
}

const KINDS: [(Kind, &str); 7] = [
    (Kind::On32, "mlp32"),
    (Kind::On16, "mlp16"),
    (Kind::Blocked, "blocked32"),
    (Kind::Few32, "mlp32-few"),
    (Kind::FewBlocked, "blocked32-few"),
    (Kind::Odd, "local-odd"),
    (Kind::Even, "local-even"),
];

/// Makes or keeps the networks.
pub(super) fn stage(repetition: &Repetition, settings: &Settings) -> Result<(Artifact, Networks), Error> {
    let n = &settings.networks;
    let jobs: Vec<(Kind, &str, usize)> =
        (0..n.trainings).flat_map(|k| KINDS.map(|(kind, name)| (kind, name, k))).collect();
    let file = |name: &str, k: usize| format!("networks/{name}-{}.safetensors", k + 1);
    let files: Vec<String> = jobs.iter().map(|(_, name, k)| file(name, *k)).collect();
    let what = Stage {
        name: "networks",
        revision: REVISION,
        settings: n,
        inputs: &[],
        outputs: &files.iter().map(String::as_str).collect::<Vec<_>>(),
    };
    let artifact = repetition.stage(what, |out| {
        out.add_work("networks", jobs.len() as u64 * UNITS);
        jobs.par_iter().zip(&files).try_for_each(|((kind, name, k), file)| {
            let bytes = out.keep(file, UNITS, || {
                let (mlp, cost) = fit((out, file), settings, *kind, &format!("networks/{name}"), *k as u64)?;
                let metadata = serde_json::json!({
                    "kind": "P(ordered)", "name": name, "training": k + 1, "seed": out.seed(), "settings": n, "test_cross_entropy": cost,
                });
                network::with_layers(Model::new(metadata), &mlp).to_bytes()
            })?;
            out.write(file, bytes)
        })
    })?;
    let read = |name: &str| -> Result<Vec<Model>, Error> {
        (0..n.trainings).map(|k| Model::load(artifact.path(&file(name, k)))).collect()
    };
    let mlps = |name: &str| read(name)?.iter().map(network::layers).collect::<Result<Vec<_>, Error>>();
    let table = |name: &str, sign: f64| -> Result<Vec<Vec<f64>>, Error> {
        let of = |mlp: &Mlp| {
            let w = &mlp.layers[0].weights;
            (0..PATTERNS).map(|p| 0.5 * (f64::from(w[[p, 0]]) + sign * f64::from(w[[turned(p), 0]]))).collect()
        };
        Ok(mlps(name)?.iter().map(of).collect())
    };
    let costs = read("mlp32")?.iter().filter_map(|m| m.metadata["test_cross_entropy"].as_f64()).collect();
    let networks = Networks {
        on32: mlps("mlp32")?,
        on16: mlps("mlp16")?,
        on_blocked: mlps("blocked32")?,
        few32: mlps("mlp32-few")?,
        few_blocked: mlps("blocked32-few")?,
        odd: table("local-odd", -1.0)?,
        even: table("local-even", 1.0)?,
        test_cost: costs,
    };
    Ok((artifact, networks))
}

/// Inputs of both phases with their targets.
struct Set {
    x: Array2<f32>,
    y: Array2<f32>,
}

/// `per` samples at each beta, as parts of the part `part`.
fn draw(
    (out, part): (&StageOut, &str),
    settings: &Settings,
    kind: Kind,
    per: usize,
    purpose: &str,
    k: u64,
) -> Result<Set, Error> {
    let (n, streams) = (&settings.networks, out.streams());
    let size = match kind {
        Kind::On16 => 16,
        Kind::Blocked | Kind::FewBlocked => 64,
        _ => 32,
    };
    let lattice = Square::new(size, size)?;
    let model = Ising::new(&lattice);
    let (mut x, mut y) = (Vec::new(), Vec::new());
    let mut counts = [0.0; PATTERNS];
    for phase in 0..2 {
        for i in 0..n.n_beta {
            let beta = [n.low, n.high][phase] + n.step * i as f64;
            let index = (k * 2 + phase as u64) * 1000 + i as u64;
            let mut rng = streams.generator(purpose, index);
            let chain = wolff::Settings { chains: 4, burn_in: 20, spacing: 3.0 };
            let temperature = Temperature::new(1.0 / beta)?;
            let chains = wolff::sampling(&model, temperature, per, &chain, &mut rng)?;
            let seen = sampled(out, &format!("{part}/{purpose}/{index}"), chains, 0)?;
            let spins = match kind {
                Kind::Blocked | Kind::FewBlocked => majority(seen.spins.view(), size, size, 2, &mut rng)?,
                _ => seen.spins,
            };
            for row in spins.rows() {
                let mut row = row.to_vec();
                // The sign-odd read-out is to tell up from disorder.
                let m: i32 = row.iter().map(|s| i32::from(*s)).sum();
                if kind == Kind::Odd && phase == 1 && m < 0 {
                    row.iter_mut().for_each(|s| *s = -*s);
                }
                if matches!(kind, Kind::Odd | Kind::Even) {
                    patches(&row, size, size, &mut counts);
                    let scale = STEEPNESS / (size * size) as f32;
                    let of = |p: usize| match kind {
                        Kind::Even => 0.5 * (counts[p] + counts[turned(p)]),
                        _ => counts[p],
                    };
                    x.extend((0..PATTERNS).map(|p| scale * of(p)));
                } else {
                    x.extend(row.iter().map(|s| f32::from(*s)));
                }
                y.push(phase as f32);
            }
        }
    }
    let columns = x.len() / y.len();
    let shaped = |values: Vec<f32>, columns: usize| {
        Array2::from_shape_vec((values.len() / columns, columns), values).expect("whole rows")
    };
    Ok(Set { x: shaped(x, columns), y: shaped(y, 1) })
}

/// A network and its test cross-entropy, by parts of the part `part`.
fn fit(
    (out, part): (&StageOut, &str),
    settings: &Settings,
    kind: Kind,
    purpose: &str,
    k: u64,
) -> Result<(Mlp, f64), Error> {
    let n = &settings.networks;
    let streams = out.streams();
    let set = |name: &str, per| draw((out, part), settings, kind, per, &format!("{purpose}/{name}"), k);
    let few = matches!(kind, Kind::Few32 | Kind::FewBlocked);
    let per_beta = if few { n.per_beta_few } else { n.per_beta };
    let (data, test) = (set("train", per_beta)?, set("test", n.test)?);
    let local = matches!(kind, Kind::Odd | Kind::Even);
    let mut init = streams.generator(&format!("{purpose}/init"), k);
    let mut mlp = if local {
        Mlp::random(&[PATTERNS, 1], Activation::Relu, Activation::Sigmoid, &mut init)
    } else {
        Mlp::random(&[data.x.ncols(), n.hidden, 1], Activation::Relu, Activation::Sigmoid, &mut init)
    };
    if local {
        // The problem is convex: patterns that never occur keep the weight 0.
        mlp.layers[0].weights.fill(0.0);
    }
    let rate = if local { n.local_learning_rate } else { n.learning_rate };
    let key = if local { "networks.local_learning_rate" } else { "networks.learning_rate" };
    let epochs = if local { n.local_epochs } else { n.epochs };
    let (x, y) = (
        Data { x: data.x.view().into(), targets: Targets::Values(data.y.view()) },
        Data { x: test.x.view().into(), targets: Targets::Values(test.y.view()) },
    );
    let fit = NetworkFit {
        purpose: &format!("{purpose}/{k}"),
        part: &format!("{part}/training"),
        epochs,
        batching: Batching::Mini { size: n.batch, repeats: false },
        descent: Descent::new(Rule::Adam(Adam::default()), rate as f32),
        patience: 0,
        lower: &[(key, rate)],
        units: UNITS / epochs as u64,
    };
    let trained = fit.run(out, mlp, x, y)?;
    let cost = trained.curve.iter().map(|e| e.test_cost).fold(f64::INFINITY, f64::min);
    Ok((trained.mlp, cost))
}
