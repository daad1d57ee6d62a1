//! Stage "networks": P(ordered) from the two phases, trained on samples of one size and, as in the thesis, on blocked
//! samples; local read-outs.

use super::settings;
use crate::artifact::{Model, network_file};
use crate::study::prelude::*;
use crate::study::samples::sampled;
use crate::study::training::NetworkFit;
use ndarray::Array2;
use rgflow::lattice::{ChainLength, Ising, Square, wolff};
use rgflow::learning::{Adam, Batching, Descent, Rule};
use rgflow::nn::{Activation, Data, Mlp, Targets};
use rgflow::rg::block_spin::majority;
use rgflow::rg::neural::{Observable, PATTERNS, of_parity, patches, turned};
use std::collections::BTreeMap;

const REVISION: u32 = 2;
/// Units of progress per network, of about one microsecond.
const UNITS: u64 = 3_000_000;
/// Factor between the local logit and the mean over the lattice.
const STEEPNESS: f32 = 30.0;

/// Networks of all kinds, by training.
pub(super) struct Networks {
    /// Networks for P(ordered) of spins and block spins.
    pub mlps: BTreeMap<Kind, Vec<Mlp>>,
    /// Local read-outs phi: a number for each pattern of 3 x 3 spins, odd and even under a global spin flip.
    pub tables: BTreeMap<Kind, Vec<Vec<f64>>>,
    /// Test cross-entropy of the networks of 32 x 32 spins.
    pub test_cost: Vec<f64>,
}

impl Networks {
    /// Networks of a kind as observables of block spins.
    pub fn observables(&self, kind: Kind) -> Vec<Observable<'_>> {
        let mlps = self.mlps.get(&kind).into_iter().flatten().map(Observable::Network);
        mlps.chain(self.tables.get(&kind).into_iter().flatten().map(|table| Observable::Local(table))).collect()
    }
}

/// Training data and input of a network.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// 32 x 32 and 16 x 16 spins.
    On32,
    On16,
    /// 32 x 32 block spins: the second network of the thesis.
    Blocked,
    /// Both trained on few samples.
    Few32,
    FewBlocked,
    /// Local read-outs.
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

impl Kind {
    fn is_local(self) -> bool {
        matches!(self, Kind::Odd | Kind::Even)
    }
}

/// Makes or keeps the networks.
pub(super) fn stage(repetition: &Repetition, n: &settings::Networks) -> Result<(Artifact, Networks), Error> {
    let trainings = *n.trainings;
    let all: Vec<(Kind, &str, usize)> =
        (0..trainings).flat_map(|k| KINDS.map(|(kind, name)| (kind, name, k))).collect();
    let file = |name: &str, k: usize| format!("networks/{name}-{}.safetensors", k + 1);
    let files: Vec<String> = all.iter().map(|(_, name, k)| file(name, *k)).collect();
    let what = Stage {
        name: "networks",
        revision: REVISION,
        settings: n,
        inputs: &[],
        outputs: &files.iter().map(String::as_str).collect::<Vec<_>>(),
    };
    let artifact = repetition.stage(what, |out| {
        out.add_work(all.len() as u64 * UNITS);
        all.par_iter().zip(&files).try_for_each(|((kind, name, k), file)| {
            let bytes = out.keep(file, UNITS, || {
                let of = Fitting { out, part: file, settings: n, kind: *kind, k: *k as u64 };
                let (mlp, cost) = of.fit(&format!("networks/{name}"))?;
                let metadata = serde_json::json!({
                    "kind": "P(ordered)", "name": name, "training": k + 1, "seed": out.seed(), "settings": n,
                    "test_cross_entropy": cost,
                });
                network_file::with_layers(Model::new(metadata), &mlp).to_bytes()
            })?;
            out.write(file, bytes)
        })
    })?;
    let mut networks = Networks { mlps: BTreeMap::new(), tables: BTreeMap::new(), test_cost: Vec::new() };
    for (kind, name) in KINDS {
        let models = (0..trainings).map(|k| Model::load(artifact.path(&file(name, k))));
        let models = models.collect::<Result<Vec<_>, Error>>()?;
        let mlps = models.iter().map(network_file::layers).collect::<Result<Vec<_>, Error>>()?;
        if kind == Kind::On32 {
            networks.test_cost = models.iter().filter_map(|m| m.metadata["test_cross_entropy"].as_f64()).collect();
        }
        if kind.is_local() {
            let weights = |mlp: &Mlp| mlp.layers[0].weights.column(0).iter().map(|w| f64::from(*w)).collect::<Vec<_>>();
            let table = |mlp| of_parity(&weights(mlp), kind == Kind::Odd);
            networks.tables.insert(kind, mlps.iter().map(table).collect());
        } else {
            networks.mlps.insert(kind, mlps);
        }
    }
    Ok((artifact, networks))
}

/// A network that is trained as part `part` of a stage.
struct Fitting<'a, 'b> {
    out: &'a StageOut<'b>,
    part: &'a str,
    settings: &'a settings::Networks,
    kind: Kind,
    /// Number of the training.
    k: u64,
}

impl Fitting<'_, '_> {
    /// Inputs of both phases and their targets, `per` samples at each beta; they are parts of the stage.
    fn draw(&self, per: usize, purpose: &str) -> Result<[Array2<f32>; 2], Error> {
        let Self { out, part, settings: n, kind, k } = *self;
        let is_blocked = matches!(kind, Kind::Blocked | Kind::FewBlocked);
        let size = if is_blocked {
            64
        } else if kind == Kind::On16 {
            16
        } else {
            32
        };
        let lattice = Square::new(size, size)?;
        let model = Ising::new(&lattice);
        let (mut x, mut y) = (Vec::new(), Vec::new());
        let mut counts = [0.0; PATTERNS];
        for phase in 0..2 {
            for i in 0..*n.n_beta {
                let beta = *[n.low, n.high][phase] + *n.step * i as f64;
                let index = (k * 2 + phase as u64) * 1000 + i as u64;
                let mut rng = out.streams().generator(purpose, index);
                let chain = ChainLength::in_spacings(4, 20, 3.0);
                let chains = wolff::sampling(&model, Temperature::new(1.0 / beta)?, per, &chain, &mut rng)?;
                let mut spins = sampled(out, &format!("{part}/{purpose}/{index}"), chains, 0)?.spins;
                if is_blocked {
                    spins = majority(spins.view(), size, size, 2, &mut rng)?;
                }
                for mut row in spins.rows_mut() {
                    // The sign-odd read-out is to distinguish up from disordered.
                    if kind == Kind::Odd && phase == 1 && row.iter().map(|s| i32::from(*s)).sum::<i32>() < 0 {
                        row.iter_mut().for_each(|s| *s = -*s);
                    }
                    if kind.is_local() {
                        patches(row.as_slice().expect("a whole row"), size, size, &mut counts);
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
        let rows =
            |values: Vec<f32>| Array2::from_shape_vec((y.len(), values.len() / y.len()), values).expect("whole rows");
        Ok([rows(x), rows(y.clone())])
    }

    /// A network and its test cross-entropy.
    fn fit(&self, purpose: &str) -> Result<(Mlp, f64), Error> {
        let Self { out, part, settings: n, kind, k } = *self;
        let set = |name: &str, per| self.draw(per, &format!("{purpose}/{name}"));
        let few = matches!(kind, Kind::Few32 | Kind::FewBlocked);
        let (train, test) = (set("train", *if few { n.per_beta_few } else { n.per_beta })?, set("test", *n.test)?);
        let (widths, rate, key, epochs) = if kind.is_local() {
            (vec![PATTERNS, 1], *n.local_learning_rate, "networks.local_learning_rate", *n.local_epochs)
        } else {
            (vec![train[0].ncols(), *n.hidden, 1], *n.learning_rate, "networks.learning_rate", *n.epochs)
        };
        let mut init = out.streams().generator(&format!("{purpose}/init"), k);
        let mut mlp = Mlp::random(&widths, Activation::Relu, Activation::Sigmoid, &mut init);
        if kind.is_local() {
            // The problem is convex, and patterns that never occur keep the weight 0.
            mlp.layers[0].weights.fill(0.0);
        }
        let fit = NetworkFit {
            purpose: &format!("{purpose}/{k}"),
            part: &format!("{part}/training"),
            epochs,
            batching: Batching::Mini { size: *n.batch, repeats: false },
            descent: Descent::new(Rule::Adam(Adam::default()), rate as f32),
            patience: 0,
            lower: &[(key, rate)],
            units: UNITS / epochs as u64,
        };
        let [train, test] =
            [&train, &test].map(|[x, y]| Data { x: x.view().into(), targets: Targets::Values(y.view()) });
        let trained = fit.run(out, mlp, train, test)?;
        let cost = trained.curve.iter().map(|e| e.test_cost).fold(f64::INFINITY, f64::min);
        Ok((trained.mlp, cost))
    }
}
