//! Promise: every sampler that admits a model with couplings of its own samples its Boltzmann law: couplings of both
//! signs and of several sizes, open boundaries, lists of bonds, frustrated or not, with and without a field. Truth is
//! the sum over all states, written out here. Seed 1; null hypothesis: the law; bounds |z| < 5.8 (p = 7e-9) and p >
//! 1e-8 per comparison, so that the 3000 comparisons together give a false alarm with probability below 1e-4.

use rgflow::lattice::{
    Bonds, Boundary, Collection, Geometry, GroundStates, Ising, Lattice, Summary, Temperature, bonds,
};
use rgflow::random::Streams;
use rgflow::sampling::{Kind, Method, Sampler, SamplingError};
use statrs::distribution::{ChiSquared, ContinuousCDF};

const Z_MAX: f64 = 5.8;
const P_MIN: f64 = 1e-8;
const N: usize = 6400;
const LOCAL: [Kind; 2] = [Kind::Metropolis, Kind::HeatBath];

fn on(name: &str, extents: &[usize], couplings: &[f64], boundaries: &[Boundary]) -> Geometry {
    Geometry::new(name, extents).unwrap().with_bonds(couplings, boundaries).unwrap()
}

fn graph(n: usize, list: &[(usize, usize, f64)]) -> Geometry {
    Bonds::new(n, list).unwrap().into()
}

/// Numbers in (0, 1).
fn uniform(purpose: &str, n: usize) -> Vec<f64> {
    let mut words = vec![0; n];
    Streams::new(1).bulk(purpose, 0).fill(&mut words);
    words.into_iter().map(|word| (f64::from(word) + 0.5) / 4_294_967_296.0).collect()
}

/// Normal numbers.
fn normal(purpose: &str, n: usize) -> Vec<f64> {
    let (u, v) = (uniform(purpose, n), uniform(&format!("{purpose}/angle"), n));
    u.iter().zip(v).map(|(u, v)| (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()).collect()
}

/// All pairs of `n` sites.
fn pairs(n: usize) -> Vec<(usize, usize)> {
    (0..n).flat_map(|i| (i + 1..n).map(move |j| (i, j))).collect()
}

/// The law over all states: probability, energy and spins of each.
struct Law {
    p: Vec<f64>,
    energy: Vec<f64>,
    n_sites: usize,
}

impl Law {
    fn of(lattice: &Geometry, t: f64, field: f64) -> Self {
        let n_sites = lattice.n_sites();
        let list: Vec<_> = bonds(lattice).collect();
        let energy: Vec<f64> = (0..1usize << n_sites)
            .map(|state| {
                let s = |i: usize| if state >> i & 1 == 1 { 1.0 } else { -1.0 };
                let m: f64 = (0..n_sites).map(s).sum();
                -list.iter().map(|&(i, j, coupling)| coupling * s(i) * s(j)).sum::<f64>() - field * m
            })
            .collect();
        let ground = energy.iter().copied().fold(f64::INFINITY, f64::min);
        let weights: Vec<f64> = energy.iter().map(|e| (-(e - ground) / t).exp()).collect();
        let z: f64 = weights.iter().sum();
        Self { p: weights.into_iter().map(|w| w / z).collect(), energy, n_sites }
    }

    /// <f(state)>.
    fn mean(&self, f: impl Fn(usize) -> f64) -> f64 {
        self.p.iter().enumerate().map(|(state, p)| p * f(state)).sum()
    }

    fn spin(state: usize, site: usize) -> f64 {
        if state >> site & 1 == 1 { 1.0 } else { -1.0 }
    }

    fn m(&self, state: usize) -> f64 {
        (0..self.n_sites).map(|site| Self::spin(state, site)).sum::<f64>() / self.n_sites as f64
    }
}

fn draw(kind: Kind, lattice: &Geometry, t: f64, field: f64) -> Collection {
    let (model, t) = (Ising::in_field(lattice, field).unwrap(), Temperature::new(t).unwrap());
    let sampler = Sampler::new(kind, &model, t).burn_in(1000).spacing(60);
    sampler.draw(N, Streams::new(1).of("test/couplings")).unwrap().collection
}

/// Some configurations, by default chains.
fn some(method: impl Into<Method>, model: &Ising<Geometry>, t: Temperature) -> Result<Collection, SamplingError> {
    Ok(Sampler::new(method, model, t).draw(10, Streams::new(1).of("test"))?.collection)
}

/// p-value of counts against expected counts; cells expected below 8 are merged.
fn chi_square_p(mut cells: Vec<(f64, f64)>) -> f64 {
    cells.sort_by(|a, b| b.1.total_cmp(&a.1));
    let large = cells.iter().take_while(|cell| cell.1 >= 8.0).count();
    let rest = cells.drain(large..).fold((0.0, 0.0), |sum, cell| (sum.0 + cell.0, sum.1 + cell.1));
    if rest.1 >= 8.0 {
        cells.push(rest);
    } else {
        assert!(rest.0 < rest.1 + 6.0 * rest.1.sqrt() + 14.0, "{} rare states, {} expected", rest.0, rest.1);
    }
    let chi2: f64 = cells.iter().map(|(seen, expected)| (seen - expected).powi(2) / expected).sum();
    if cells.len() < 2 { 1.0 } else { ChiSquared::new(cells.len() as f64 - 1.0).unwrap().sf(chi2) }
}

/// Histogram of the states, energy, its square, |m|, m^2, m^4, all correlations of two sites, and in a field every
/// spin.
fn check(kind: Kind, lattice: &Geometry, t: f64, field: f64) {
    let (law, seen) = (Law::of(lattice, t, field), draw(kind, lattice, t, field));
    let what = format!("{kind} ({}) on {lattice}, T = {t}, h = {field}", seen.sampler);
    let tau = seen.tau_int_energy.max(seen.tau_int_abs_m);
    assert!(tau < 0.65 && seen.warnings.is_empty(), "{what}: tau {tau}, {:?}", seen.warnings);
    let bits = |row: ndarray::ArrayView1<i8>| row.iter().enumerate().map(|(i, s)| usize::from(*s == 1) << i).sum();
    let states: Vec<usize> = seen.spins.rows().into_iter().map(bits).collect();
    // Without field a state and its reverse are one cell: the sign of a cold magnet is as old as its chain.
    let mask = (1usize << law.n_sites) - 1;
    let cell = |state: usize| if field == 0.0 { state.min(!state & mask) } else { state };
    let mut cells = vec![(0.0, 0.0); law.p.len()];
    states.iter().for_each(|state| cells[cell(*state)].0 += 1.0);
    law.p.iter().enumerate().for_each(|(state, p)| cells[cell(state)].1 += p * N as f64);
    let p = chi_square_p(cells);
    assert!(p > P_MIN, "{what}: p = {p} of the histogram");
    let compare = |name: String, f: &dyn Fn(usize) -> f64| {
        let (truth, squared) = (law.mean(f), law.mean(|state| f(state) * f(state)));
        let mean = states.iter().map(|state| f(*state)).sum::<f64>() / N as f64;
        let score = (mean - truth) / ((squared - truth * truth).max(0.0) / N as f64).sqrt().max(1e-12);
        assert!(score.abs() < Z_MAX, "{what}: {name} = {mean}, exact {truth}, z = {score}");
    };
    compare("E".into(), &|state| law.energy[state]);
    compare("E^2".into(), &|state| law.energy[state].powi(2));
    compare("|m|".into(), &|state| law.m(state).abs());
    compare("m^2".into(), &|state| law.m(state).powi(2));
    compare("m^4".into(), &|state| law.m(state).powi(4));
    for site in 0..law.n_sites {
        let other = (site + 1 + site % 3) % law.n_sites;
        compare(format!("s_{site} s_{other}"), &|state| Law::spin(state, site) * Law::spin(state, other));
        if field != 0.0 {
            compare(format!("s_{site}"), &|state| Law::spin(state, site));
        }
    }
    // A summary holds the means of these.
    let model = Ising::in_field(lattice, field).unwrap();
    let summary = Summary::measure(&model, Temperature::new(t).unwrap(), &seen).unwrap();
    let energy = law.mean(|state| law.energy[state]) / law.n_sites as f64;
    assert!((summary.energy.value - energy).abs() < Z_MAX * summary.energy.error.max(1e-9), "{what}: {energy}");
    let m2 = law.mean(|state| law.m(state).powi(2));
    if let Some(improved) = summary.improved {
        let (value, error) = (improved.m2.value, improved.m2.error);
        assert!((value - m2).abs() < Z_MAX * error.max(1e-9), "{what}: improved <m^2> {value} +- {error}, exact {m2}");
    }
}

/// Whether no state satisfies all bonds, from all states.
fn is_frustrated(lattice: &Geometry) -> bool {
    let ground = Law::of(lattice, 1.0, 0.0).energy.into_iter().fold(f64::INFINITY, f64::min);
    ground > 1e-9 - bonds(lattice).map(|bond| bond.2.abs()).sum::<f64>()
}

/// All samplers of couplings that are not frustrated, without and with a field.
fn check_all(lattice: &Geometry, t: f64) {
    assert!(GroundStates::of(lattice).is_ok() && !is_frustrated(lattice), "{lattice}");
    for kind in Kind::ALL {
        for field in [0.0, 0.4, -1.1] {
            check(kind, lattice, t, field);
        }
    }
}

/// The local samplers of frustrated couplings; the others refuse in a line that names a loop and what to take.
fn check_frustrated(lattice: &Geometry, t: f64) {
    assert!(is_frustrated(lattice), "{lattice}");
    for kind in LOCAL {
        for field in [0.0, 0.4, -1.1] {
            check(kind, lattice, t, field);
        }
    }
    for kind in [Kind::Wolff, Kind::SwendsenWang] {
        let (model, t) = (Ising::new(lattice), Temperature::new(t).unwrap());
        let text = some(kind, &model, t).unwrap_err().to_string();
        let named = text.contains(&lattice.to_string()) && text.contains("around the sites");
        assert!(named && text.contains("use metropolis or heat-bath") && text.lines().count() == 1, "{text}");
        let zero = some(kind, &model, Temperature::ZERO);
        assert!(zero.unwrap_err().to_string().contains("frustrated"), "ground states are not known");
        let hot = some(kind, &model, Temperature::INFINITE);
        assert_eq!(hot.unwrap().spins.nrows(), 10, "T = inf has no bonds");
    }
}

#[test]
#[ignore = "slow: ./test --full runs it"]
fn antiferromagnets() {
    check_all(&on("square", &[4, 4], &[-1.0], &[]), 2.3);
    check_all(&on("honeycomb", &[4, 4], &[-1.0], &[]), 1.5);
    check_all(&on("cubic", &[2, 2, 4], &[-1.0], &[]), 5.0);
    check_all(&on("ring", &[8], &[-1.5], &[]), 1.4);
}

#[test]
fn odd_and_triangular_antiferromagnets_are_frustrated() {
    check_frustrated(&on("square", &[3, 5], &[-1.0], &[]), 2.0);
    check_frustrated(&on("square", &[4, 3], &[1.0, -1.0], &[]), 2.0);
    check_frustrated(&on("triangular", &[3, 4], &[-1.0], &[]), 1.5);
    check_frustrated(&on("triangular", &[3, 4], &[-1.0], &[Boundary::Open]), 1.5);
    check_frustrated(&on("ring", &[7], &[-1.0], &[]), 1.0);
}

#[test]
#[ignore = "slow: ./test --full runs it"]
fn couplings_by_direction() {
    check_all(&on("square", &[4, 4], &[1.0, 0.5], &[]), 1.8);
    check_all(&on("square", &[4, 3], &[-0.7, 1.2], &[]), 2.0);
    check_all(&on("triangular", &[4, 4], &[-1.0, -0.4, 0.8], &[]), 2.5);
    check_all(&on("honeycomb", &[4, 4], &[2.0, 0.5, -1.0], &[]), 2.0);
}

#[test]
#[ignore = "slow: ./test --full runs it"]
fn open_boundaries() {
    check_all(&on("square", &[4, 4], &[], &[Boundary::Open]), 2.0);
    check_all(&on("square", &[3, 4], &[1.0, -0.7], &[Boundary::Open, Boundary::Periodic]), 1.8);
    check_all(&on("square", &[2, 5], &[], &[Boundary::Open, Boundary::Periodic]), 2.0);
    check_all(&on("ring", &[9], &[], &[Boundary::Open]), 1.0);
    check_all(&on("triangular", &[3, 4], &[], &[Boundary::Open]), 2.5);
    check_all(&on("cubic", &[2, 3, 2], &[1.0], &[Boundary::Open]), 3.0);
}

#[test]
fn lists_of_bonds() {
    // Random +-J bonds of a square with open boundaries.
    let square: Vec<_> = bonds(&on("square", &[3, 4], &[], &[Boundary::Open])).collect();
    let signs = uniform("test/signs", square.len());
    let list: Vec<_> = square.iter().zip(&signs).map(|(b, u)| (b.0, b.1, if *u < 0.4 { -1.0 } else { 1.0 })).collect();
    check_frustrated(&graph(12, &list), 1.6);
    // Normal couplings: a sparse graph, and all pairs, where a site has more neighbours than a table of patterns.
    let sizes = normal("test/sizes", 60);
    let sparse: Vec<_> = square.iter().zip(&sizes).map(|((i, j, _), x)| (*i, *j, *x)).collect();
    check_frustrated(&graph(12, &sparse), 1.3);
    let all: Vec<_> = pairs(10).into_iter().zip(&sizes).map(|((i, j), x)| (i, j, x / 3.0)).collect();
    check_frustrated(&graph(10, &all), 1.0);
    // Random signs without frustration: J_ij = |J_ij| e_i e_j, in a field where clusters have spins of both signs.
    let e: Vec<f64> = uniform("test/gauge", 11).iter().map(|u| if *u < 0.5 { 1.0 } else { -1.0 }).collect();
    let balanced: Vec<_> =
        pairs(11).into_iter().step_by(3).zip(&sizes).map(|((i, j), x)| (i, j, x.abs() * e[i] * e[j])).collect();
    check_all(&graph(11, &balanced), 1.7);
    // Two bonds between the same sites, a site without bonds, and two parts.
    check_all(&graph(7, &[(0, 1, 0.5), (1, 0, 0.4), (1, 2, -1.0), (3, 4, 1.0), (4, 5, 0.0)]), 1.2);
}

/// A star of 130 bonds of J = 1: more neighbours than a sum of spins in eight bits can count. <s_0 s_i> = tanh(1/T),
/// and <s_i s_j> is its square.
#[test]
fn a_site_of_very_many_neighbours() {
    let list: Vec<_> = (1..=130).map(|i| (0, i, 1.0)).collect();
    let star = graph(131, &list);
    assert!(star.couplings(0).is_none());
    let t = 4.0;
    for kind in Kind::ALL {
        let seen = draw(kind, &star, t, 0.0);
        let truth = (1.0f64 / t).tanh();
        let row = |row: ndarray::ArrayView1<i8>| (1..=130).map(|i| f64::from(row[0] * row[i])).sum::<f64>() / 130.0;
        let mean = seen.spins.rows().into_iter().map(row).sum::<f64>() / N as f64;
        // Given s_0 the others are independent.
        let error = ((1.0 - truth * truth) / (130 * N) as f64).sqrt() * (2.0 * seen.tau_int_energy).max(1.0).sqrt();
        assert!((mean - truth).abs() < Z_MAX * error, "{kind}: {mean} +- {error}, exact {truth}");
    }
}

/// At T = 0 every part of the lattice has its two ground states with probability 1/2 each.
#[test]
fn ground_states() {
    let chains = on("square", &[4, 2], &[-1.0, 0.0], &[]);
    for kind in Kind::ALL {
        let model = Ising::new(&chains);
        let sampler = Sampler::new(kind, &model, Temperature::ZERO);
        let seen = sampler.draw(4000, Streams::new(1).of("test/ground")).unwrap().collection;
        let mut counts = [0.0; 4];
        for row in seen.spins.rows() {
            assert!((0..8).all(|i| row[i] == row[i / 4 * 4] * if i % 2 == 0 { 1 } else { -1 }), "{row}");
            counts[usize::from(row[0] == 1) + 2 * usize::from(row[4] == 1)] += 1.0;
        }
        let p = chi_square_p(counts.iter().map(|count| (*count, 1000.0)).collect());
        assert!(p > P_MIN, "{counts:?}");
    }
    let model = Ising::in_field(&chains, 0.5).unwrap();
    let refused = some(Kind::Wolff, &model, Temperature::ZERO);
    assert!(refused.unwrap_err().to_string().contains("in the field h = 0.5 with J = -1"));
    let open = on("square", &[3, 3], &[], &[Boundary::Open]);
    let model = Ising::in_field(&open, -0.5).unwrap();
    let down = some(Kind::Wolff, &model, Temperature::ZERO);
    assert!(down.unwrap().spins.iter().all(|s| *s == -1));
}

/// A cold antiferromagnet: |m| decorrelates at once, but its staggered magnetisation does not, and the diagnosis says
/// so. The same chains of the ferromagnet, spin for spin turned on one sublattice, have the same tau_int.
#[test]
fn the_slow_mode_of_an_antiferromagnet_is_the_staggered_magnetisation() {
    let (plain, anti) = (on("square", &[8], &[], &[]), on("square", &[8], &[-1.0], &[]));
    let t = Temperature::new(2.2).unwrap();
    let of = |lattice: &Geometry| {
        let model = Ising::new(lattice);
        let sampler = Sampler::new(Kind::HeatBath, &model, t).burn_in(1000).spacing(1);
        sampler.draw(40_000, Streams::new(1).of("test/slow")).unwrap().collection
    };
    let (a, b) = (of(&plain), of(&anti));
    assert!(b.tau_int_abs_m > 4.0 && (a.tau_int_abs_m / b.tau_int_abs_m).ln().abs() < 0.3, "{a:?} {b:?}");
    // Open boundaries and lists have no correlation length, couplings below 0 no uniform one.
    let summary = Summary::measure(&Ising::new(&anti), t, &b).unwrap();
    assert!(summary.xi.is_none() && summary.correlation[0][1].value < -0.5 && summary.correlation[0][2].value > 0.3);
    let open = on("square", &[4], &[], &[Boundary::Open]);
    let seen = draw(Kind::SwendsenWang, &open, 2.5, 0.0);
    let summary = Summary::measure(&Ising::new(&open), Temperature::new(2.5).unwrap(), &seen).unwrap();
    assert!(summary.xi.is_none() && summary.correlation.is_empty());
    assert!(summary.improved.is_some_and(|improved| improved.xi.is_none()));
    // A uniform coupling of another size keeps its correlation length: that of J = 1 at T/J.
    let twice = on("square", &[8], &[2.0], &[]);
    let xi = |lattice: &Geometry, t: f64| {
        let (t, seen) = (Temperature::new(t).unwrap(), draw(Kind::SwendsenWang, lattice, t, 0.0));
        Summary::measure(&Ising::new(lattice), t, &seen).unwrap().xi.unwrap()
    };
    let (one, two) = (xi(&plain, 3.0), xi(&twice, 6.0));
    assert!((one.value - two.value).abs() < Z_MAX * one.error.hypot(two.error), "{one:?} {two:?}");
}

/// `auto` takes only what admits the couplings, and says why; the exact sampler and bit-parallel Metropolis know J = 1
/// alone.
#[test]
fn auto_chooses_among_those_that_admit_the_model() {
    let t = Temperature::new(2.3).unwrap();
    let choose = |lattice: &Geometry| Sampler::auto(&Ising::new(lattice), t).choose(2000).unwrap();
    let frustrated = choose(&on("square", &[5], &[-1.0], &[]));
    let locals = |method: &Method| matches!(method, Method::Markov(kind) if kind.is_local());
    assert!(frustrated.candidates.len() == 2 && frustrated.candidates.iter().all(|c| locals(&c.method)));
    assert!(frustrated.reason.contains("clusters serve no frustrated couplings"), "{}", frustrated.reason);
    for balanced in [on("square", &[6], &[-1.0], &[]), on("square", &[6], &[], &[Boundary::Open])] {
        let choice = choose(&balanced);
        assert!(choice.candidates.len() == 4 && choice.method != Method::Exact, "{}", choice.reason);
    }
    let anti = on("square", &[8], &[-1.0], &[]);
    let text = some(Method::Exact, &Ising::new(&anti), t).unwrap_err().to_string();
    assert!(text.contains("square(J=-1) 8 x 8") && text.contains("with J = 1 and periodic boundaries"), "{text}");
    // 512 chains would go into words of bits where J = 1.
    let model = Ising::new(&anti);
    let many = Sampler::new(Kind::Metropolis, &model, t).chains(512).draw(1024, Streams::new(1).of("test")).unwrap();
    assert_eq!((many.collection.n_chains, many.collection.sampler.as_str()), (512, "metropolis"));
}
