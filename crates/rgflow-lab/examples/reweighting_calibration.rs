//! Whether errors of reweighted averages are right, and whether what can be read is read:
//! `cargo run --example reweighting_calibration [seeds] [L ...]`.
//!
//! Independent samples of L x L tori at one temperature and field, or at two temperatures, are read on every grid that
//! `rgflow rg reweight` proposes and at lists of temperatures and fields. Truth for L <= 8: the joint density of states
//! over E and M; beyond that Kaufman's E and C and long samples, without field. A value is bad beyond three quoted
//! errors. A target is due if its exact mean energy lies between the 10 % and 90 % quantiles of the energies that were
//! drawn; one that is due and refused is counted.

use rgflow::exact::enumeration::JointDensity;
use rgflow::exact::{square, torus, transfer};
use rgflow::lattice::{ChainLength, Ising, Lattice, Observables, Square, Temperature, wolff};
use rgflow::random::Streams;
use rgflow::reweighting::{State, UNSEEN};
use rgflow_lab::artifact::npz::Writer;
use rgflow_lab::dataset::averages::Quantity;
use rgflow_lab::dataset::ensemble::{Coupled, Pool, pools};
use std::collections::BTreeMap;

const QUANTITIES: [(Quantity, &str); 6] = [
    (Quantity::Energy, "E/N"),
    (Quantity::SpecificHeat, "C"),
    (Quantity::Magnetisation, "m"),
    (Quantity::AbsM, "|m|"),
    (Quantity::Susceptibility, "chi"),
    (Quantity::Binder, "U4"),
];
const TEMPERATURES: [f64; 9] = [0.5, 0.8, 1.0, 1.5, 2.0, 2.3, 2.6, 3.0, 4.0];

/// Number of configurations by E and |M|.
type Counts = BTreeMap<(i64, i64), f64>;

/// Long samples of a lattice that is too large for its joint density, without field.
struct Reference {
    n_sites: f64,
    /// By temperature, then by block.
    seen: Vec<(f64, Vec<Counts>)>,
}

impl Reference {
    const BLOCKS: usize = 10;

    fn new(size: usize) -> Self {
        let square = Square::new(size, size).unwrap();
        let n_sites = square.n_sites() as f64;
        let at = |k: usize| {
            let t = 0.42 * 1.04f64.powi(k as i32);
            let chain = ChainLength::in_spacings(20, 200, 2.0);
            let mut rng = Streams::new(99).generator("calibration/reference", (size * 1000 + k) as u64);
            let n = 30_000;
            let drawn = wolff::sample(&Ising::new(&square), Temperature::new(t).unwrap(), n, &chain, &mut rng).unwrap();
            let all = Observables::measure(&square, drawn.spins.view()).unwrap();
            let mut blocks = vec![BTreeMap::new(); Self::BLOCKS];
            for (i, (e, m)) in all.energy.iter().zip(&all.abs_m).enumerate() {
                let key = ((e * n_sites).round() as i64, (m * n_sites).round() as i64);
                *blocks[i * Self::BLOCKS / n].entry(key).or_insert(0.0) += 1.0;
            }
            (t, blocks)
        };
        Self { n_sites, seen: (0..70).map(at).collect() }
    }

    /// |m|, chi and U4 at T with their errors.
    fn read(&self, t: f64) -> [(f64, f64); 3] {
        let near = self.seen.iter().min_by(|a, b| (a.0 / t).ln().abs().total_cmp(&(b.0 / t).ln().abs())).unwrap();
        let shift = 1.0 / t - 1.0 / near.0;
        let of = |blocks: &[BTreeMap<(i64, i64), f64>]| {
            let mut sums = [0.0; 4];
            for ((e, m), count) in blocks.iter().flatten() {
                let (w, m) = (count * (-shift * (*e as f64 + 2.0 * self.n_sites)).exp(), *m as f64 / self.n_sites);
                [1.0, m, m * m, m.powi(4)].iter().zip(&mut sums).for_each(|(v, sum)| *sum += w * v);
            }
            let [m, m2, m4] = [1, 2, 3].map(|k| sums[k] / sums[0]);
            [m, self.n_sites / t * (m2 - m * m), 1.0 - m4 / (3.0 * m2 * m2)]
        };
        let whole = of(&near.1);
        // Of ground states with one spin turned fewer than two may be missing; where there is none at all the blocks do
        // not tell.
        let n = self.n_sites as i64;
        let more = of(&[near.1.as_slice(), &[BTreeMap::from([((8 - 2 * n, n - 2), UNSEEN)])]].concat());
        let parts: Vec<[f64; 3]> = near.1.iter().map(|b| of(std::slice::from_ref(b))).collect();
        std::array::from_fn(|k| {
            let mean = parts.iter().map(|p| p[k]).sum::<f64>() / 10.0;
            let error = (parts.iter().map(|p| (p[k] - mean).powi(2)).sum::<f64>() / 90.0).sqrt();
            (whole[k], error.hypot(more[k] - whole[k]))
        })
    }
}

/// Exact values in the order of [`QUANTITIES`] with the errors of what is not exact, and the mean of E without field.
fn truth(size: usize, known: &Known, state: &State) -> ([Option<(f64, f64)>; 6], Option<f64>) {
    let (t, n) = (Temperature::new(1.0 / state.beta).unwrap(), (size * size) as f64);
    if let Known::Joint(joint) = known {
        let v = joint.averages(t, state.y).unwrap();
        let chi = n * (v.m2 - v.abs_magnetisation.powi(2)) * state.beta;
        let u4 = 1.0 - v.m4 / (3.0 * v.m2 * v.m2);
        let all = [v.energy, v.specific_heat, v.magnetisation, v.abs_magnetisation, chi, u4];
        return (all.map(|v| Some((v, 0.0))), Some(n * (v.energy + state.y * v.magnetisation)));
    }
    let (Known::Reference(long), true) = (known, state.y == 0.0) else { return ([None; 6], None) };
    let [m, chi, u4] = long.read(1.0 / state.beta).map(Some);
    let v = square::thermodynamics(size, size, t).unwrap();
    ([Some((v.energy, 0.0)), Some((v.specific_heat, 0.0)), Some((0.0, 0.0)), m, chi, u4], Some(n * v.energy))
}

enum Known {
    Joint(JointDensity),
    Reference(Reference),
}

/// Counts for one kind of target.
#[derive(Clone, Default)]
struct Count {
    accepted: usize,
    refused: usize,
    due_refused: usize,
    values: [usize; 6],
    bad: [usize; 6],
    worst: [f64; 6],
    zero_errors: usize,
}

impl Count {
    fn targets(&mut self, known: &Known, pool: &Pool, mbar: &rgflow::reweighting::Mbar, states: &[State]) {
        let (size, [low, high]) = (pool.lattice.extents()[0], quantiles(pool));
        for state in states {
            let (exact, mean) = truth(size, known, state);
            let Ok(seen) = pool.read(mbar, *state) else {
                self.refused += 1;
                if mean.is_some_and(|mean| (low..=high).contains(&mean)) {
                    self.due_refused += 1;
                    if std::env::var("SHOW").is_ok() {
                        println!("refused: L = {size}, T = {}, sampled {:?}", 1.0 / state.beta, pool.parts[0].state());
                    }
                }
                continue;
            };
            self.accepted += 1;
            for (k, (q, name)) in QUANTITIES.iter().enumerate() {
                let Some((exact, uncertain)) = exact[k] else { continue };
                let e = q.estimate(&seen, state.beta, (size * size) as f64);
                if *q == Quantity::Magnetisation && state.y == 0.0 {
                    assert_eq!(e.value, 0.0);
                    continue;
                }
                self.zero_errors += usize::from(e.error == 0.0);
                let z = (e.value - exact).abs() / e.error.hypot(uncertain);
                self.values[k] += 1;
                // NaN is bad too.
                let bad = z.is_nan() || z > 3.0;
                self.bad[k] += usize::from(bad);
                self.worst[k] = self.worst[k].max(z);
                if bad && std::env::var("SHOW").is_ok() {
                    println!(
                        "L = {size}, {name}: {} ({}) exact {exact}, T = {}, Y = {}, sampled {:?}, n_eff {:.0}",
                        e.value,
                        e.error,
                        1.0 / state.beta,
                        state.y,
                        pool.parts.iter().map(|p| p.state()).collect::<Vec<_>>(),
                        seen.n_eff
                    );
                }
            }
        }
    }

    fn print(&self, what: &str) {
        let (values, bad): (usize, usize) = (self.values.iter().sum(), self.bad.iter().sum());
        print!(
            "{what:<34} {:>7} {:>7} {:>4} {:>8} {:>7.3}",
            self.accepted,
            self.refused,
            self.due_refused,
            values,
            100.0 * bad as f64 / values.max(1) as f64
        );
        for k in 0..6 {
            print!("  {:>6.3}", 100.0 * self.bad[k] as f64 / self.values[k].max(1) as f64);
        }
        println!("  {:>5.1} {:>3}", self.worst.iter().fold(0.0, |a: f64, b| a.max(*b)), self.zero_errors);
    }
}

/// Independent samples at `states` in a file, read back.
fn sampled(size: usize, states: &[(f64, f64)], n: usize, seed: u64) -> Pool {
    let mut spins = Vec::new();
    for (k, (t, h)) in states.iter().enumerate() {
        let purpose = format!("calibration/{size}/{k}");
        let mut rng = Streams::new(seed).generator(&purpose, (1000.0 * t) as u64 * 1000 + (1000.0 * h) as u64);
        let temperature = Temperature::new(*t).unwrap();
        if let Ok(sampler) = transfer::Sampler::in_field(size, size, temperature, *h) {
            spins.extend(sampler.sample(n, &mut rng).spins.iter().copied());
        } else {
            // Far enough from each other to count as independent.
            let square = Square::new(size, size).unwrap();
            let chain = ChainLength::in_spacings(20, 100, 5.0);
            let drawn = wolff::sample(&Ising::new(&square), temperature, n, &chain, &mut rng).unwrap();
            spins.extend(drawn.spins.iter().copied());
        }
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("samples.npz");
    let mut file = Writer::new();
    let array = |v: Vec<f64>| ndarray::Array1::from(v);
    let rows = states.len() * n;
    file.add("spins", &ndarray::Array2::from_shape_vec((rows, size * size), spins).unwrap()).unwrap();
    file.add("temperatures", &array(states.iter().map(|s| s.0).collect())).unwrap();
    file.add("field", &array(states.iter().map(|s| s.1).collect())).unwrap();
    file.add("lattice", &array(vec![size as f64; 2])).unwrap();
    file.add("n_chains", &array(vec![0.0; states.len()])).unwrap();
    file.save(&path).unwrap();
    pools(&[path], &Coupled::M).unwrap().remove(0)
}

fn quantiles(pool: &Pool) -> [f64; 2] {
    let mut all: Vec<f64> = pool.parts.iter().flat_map(|p| p.energy.iter().copied()).collect();
    all.sort_by(f64::total_cmp);
    [0.1, 0.9].map(|q| all[(q * (all.len() - 1) as f64).round() as usize])
}

fn main() {
    let arguments: Vec<usize> = std::env::args().skip(1).map(|a| a.parse().unwrap()).collect();
    let seeds = arguments.first().copied().unwrap_or(24) as u64;
    let sizes = if arguments.len() > 1 { arguments[1..].to_vec() } else { vec![4, 6, 8, 12, 16] };
    println!(
        "{:<34} {:>7} {:>7} {:>4} {:>8} {:>7}  bad in % of each: E/N, C, m, |m|, chi, U4; worst z, errors of 0",
        "targets", "read", "refused", "due", "values", "bad %"
    );
    let mut all = Count::default();
    for size in sizes {
        let known =
            torus::joint_density(size, size).map_or_else(|| Known::Reference(Reference::new(size)), Known::Joint);
        let (known, in_field) = (&known, matches!(known, Known::Joint(_)));
        let at = |t: f64, y: f64| State { beta: 1.0 / t, y };
        let n = 1000;
        let mut counts = vec![Count::default(); 5];
        for seed in 0..seeds {
            for t in TEMPERATURES {
                let pool = sampled(size, &[(t, 0.0)], n, seed);
                let mbar = pool.histograms(true, usize::MAX).unwrap();
                let grid: Vec<State> = pool.grid(&mbar, 0.0).iter().map(|beta| State::at(*beta)).collect();
                counts[0].targets(known, &pool, &mbar, &grid);
                let list: Vec<State> = (2..=60).map(|i| State::at(f64::from(i) / 10.0)).collect();
                counts[1].targets(known, &pool, &mbar, &list);
                if in_field {
                    let y = [0.01, -0.02, 0.05, 0.1, -0.3, 1.0];
                    let fields: Vec<State> = y.iter().flat_map(|y| [0.9, 1.0, 1.15].map(|f| at(f * t, *y))).collect();
                    counts[2].targets(known, &pool, &mbar, &fields);
                }
            }
            for (t, h) in TEMPERATURES.into_iter().flat_map(|t| [(t, 0.02), (t, 0.3)]) {
                if !in_field {
                    break;
                }
                let pool = sampled(size, &[(t, h)], n, seed);
                let mbar = pool.histograms(true, usize::MAX).unwrap();
                let mut states: Vec<State> =
                    pool.grid(&mbar, h).iter().map(|beta| State { beta: *beta, y: h }).collect();
                states.extend([-0.3, -0.1, 0.0, 0.05, 0.1, 0.25, 0.5].map(|y| at(t, y)));
                counts[3].targets(known, &pool, &mbar, &states);
            }
            for t in [0.6, 1.2, 2.0, 2.4, 3.2] {
                let pool = sampled(size, &[(t, 0.0), (1.12 * t, 0.0)], n / 2, seed);
                let Ok(mbar) = pool.histograms(true, usize::MAX) else { continue };
                let mut states: Vec<State> = pool.grid(&mbar, 0.0).iter().map(|beta| State::at(*beta)).collect();
                states.extend([0.8, 0.9, 1.2, 1.3].map(|f| State::at(1.0 / (f * t))));
                counts[4].targets(known, &pool, &mbar, &states);
            }
        }
        let names = ["grid of one T", "1/T = 0.2 ... 6", "one T, fields", "sampled in a field", "two T"];
        for (count, name) in counts.iter().zip(names) {
            if count.accepted > 0 {
                count.print(&format!("L = {size}, {name}"));
            }
            all.accepted += count.accepted;
            all.refused += count.refused;
            all.due_refused += count.due_refused;
            all.zero_errors += count.zero_errors;
            for k in 0..6 {
                all.values[k] += count.values[k];
                all.bad[k] += count.bad[k];
                all.worst[k] = all.worst[k].max(count.worst[k]);
            }
        }
    }
    all.print("all");
}
