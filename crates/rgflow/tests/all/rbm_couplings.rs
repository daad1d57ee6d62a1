//! Couplings of machines against hand-made ones, sums over all states written out, and the full transform.

use ndarray::{Array1, Array2, arr1, arr2};
use rgflow::lattice::{Geometry, Lattice, Temperature};
use rgflow::random::Streams;
use rgflow::rbm::{Couplings, Rbm, RbmError, Units, effective_temperature};
use rgflow::rg::trace_condition::{TraceCondition, TraceError};

/// A machine whose ln p has fields and terms of all orders.
fn machine(n_visible: usize, n_hidden: usize, scale: f32) -> Rbm {
    let mut rbm = Rbm::random(n_visible, n_hidden, scale, &mut Streams::new(1).generator("test/rbm", 0));
    rbm.visible_bias = Array1::from_shape_fn(n_visible, |i| 0.4 * (i as f32 + 0.5).sin());
    rbm.hidden_bias = Array1::from_shape_fn(n_hidden, |a| 0.6 * (2.0 * a as f32 + 1.0).cos());
    rbm
}

/// One hidden unit of weights w at both ends of each bond: ln cosh(w s + w s') = K s s' + constant, K = ln(cosh 2w) / 2
/// (decimation, thesis section 3.3.2). Returns K too.
fn decimated(lattice: &Geometry, w: f32) -> (Rbm, f64) {
    let n = lattice.n_sites();
    // Backward steps meet each bond once.
    let ends = |i: usize| lattice.neighbours(i).iter().skip(1).step_by(2).map(move |j| (i, *j as usize));
    let bonds: Vec<(usize, usize)> = (0..n).flat_map(ends).collect();
    let weights = Array2::from_shape_fn((n, bonds.len()), |(i, a)| {
        let (first, second) = bonds[a];
        w * f32::from(u8::from(i == first) + u8::from(i == second))
    });
    let hidden_bias = Array1::zeros(bonds.len());
    let rbm = Rbm::new(weights, Array1::zeros(n), hidden_bias, Units::SPIN, Units::SPIN).unwrap();
    (rbm, (2.0 * f64::from(w)).cosh().ln() / 2.0)
}

fn geometry(name: &str, extents: &[usize]) -> Geometry {
    Geometry::new(name, extents).unwrap()
}

/// Without terms of more than two spins, also the sampled couplings are exact but for rounding.
#[test]
fn a_hidden_unit_on_each_bond_is_the_ising_model() {
    for (lattice, exact) in [
        (geometry("ring", &[2]), true),
        (geometry("ring", &[9]), true),
        (geometry("square", &[4, 4]), true),
        (geometry("square", &[2, 5]), true),
        (geometry("ring", &[70]), false),
        (geometry("square", &[6, 8]), false),
    ] {
        let (rbm, k) = decimated(&lattice, 0.8);
        let sampled = rbm.sampled_couplings(1000, Streams::new(7).of("test")).unwrap();
        assert_eq!(sampled.configurations().unwrap() % 16, 0);
        let extents = lattice.extents();
        for couplings in exact.then(|| rbm.couplings().unwrap()).into_iter().chain([sampled]) {
            for i in 0..lattice.n_sites() {
                assert!(couplings.field(i).value.abs() < 1e-12, "{lattice}");
                for j in (0..lattice.n_sites()).filter(|j| *j != i) {
                    let bonds = lattice.neighbours(i).iter().filter(|b| **b as usize == j).count();
                    let seen = couplings.pair(i, j);
                    assert!((seen.value - k * bonds as f64).abs() < 1e-12 && seen.error < 1e-12, "{lattice}: {seen:?}");
                }
            }
            let nearest = couplings.nearest_neighbour(&extents).unwrap();
            assert!((nearest.value - k).abs() < 1e-12, "{lattice}: {nearest:?}");
            assert!((effective_temperature(nearest).unwrap().value - 1.0 / k).abs() < 1e-11);
            let orders = couplings.orders();
            // A double bond has 2 K in one pair.
            let double = extents.iter().filter(|l| **l == 2).count() as f64;
            let two = k * k * lattice.n_sites() as f64 * (extents.len() as f64 + double);
            assert!((orders.two.value - two).abs() < 1e-10 && orders.more.value.abs() < 1e-10, "{lattice}: {orders:?}");
            assert!((orders.shares()[1].value - 1.0).abs() < 1e-10);
        }
    }
}

/// J_i and J_ij of all units, and the variance of ln p without them, written out over all states.
fn written_out(rbm: &Rbm) -> (Vec<f64>, Vec<Vec<f64>>, f64) {
    let n = rbm.n_visible();
    let levels = rbm.visible_units().levels().unwrap();
    let up = |s: usize, i: usize| s >> i & 1 == 1;
    let v = Array2::from_shape_fn((1 << n, n), |(s, i)| levels.value(up(s, i)));
    let f = rbm.free_energy(v.view());
    let spin = |s: usize, i: usize| if up(s, i) { 1.0 } else { -1.0 };
    let mean = |of: &dyn Fn(usize) -> f64| (0..1 << n).map(|s| -f[s] * of(s)).sum::<f64>() / f64::from(1u32 << n);
    let fields: Vec<f64> = (0..n).map(|i| mean(&|s| spin(s, i))).collect();
    let pairs: Vec<Vec<f64>> = (0..n).map(|i| (0..n).map(|j| mean(&|s| spin(s, i) * spin(s, j))).collect()).collect();
    let all = mean(&|s| -f[s]) - mean(&|_| 1.0).powi(2);
    let known = |i: usize| fields[i].powi(2) + (0..i).map(|j| pairs[i][j].powi(2)).sum::<f64>();
    let more = all - (0..n).map(known).sum::<f64>();
    (fields, pairs, more)
}

#[test]
fn the_full_transform_is_the_sum_over_all_states() {
    let small = machine(10, 7, 0.6);
    let kinds = |visible: &str, hidden: &str| {
        small.clone().with_units(visible.parse().unwrap(), hidden.parse().unwrap()).unwrap()
    };
    for rbm in [small.clone(), kinds("binary", "binary"), kinds("-3,0.5", "spin"), kinds("spin", "gaussian:0.8")] {
        let (fields, pairs, more) = written_out(&rbm);
        let seen = rbm.couplings().unwrap();
        assert!(seen.configurations().is_none() && seen.pair(2, 1).error == 0.0);
        for i in 0..10 {
            assert!((seen.field(i).value - fields[i]).abs() < 1e-11);
            for j in (0..10).filter(|j| *j != i) {
                assert!((seen.pair(i, j).value - pairs[i][j]).abs() < 1e-11, "{i}, {j}");
            }
        }
        let scale = seen.orders().one.value + seen.orders().two.value;
        assert!((seen.orders().more.value - more).abs() < 1e-10 * (1.0 + scale), "{:?} {more}", seen.orders());
        assert!((seen.orders().shares().iter().map(|s| s.value).sum::<f64>() - 1.0).abs() < 1e-12);
    }
}

/// Gaussian hidden units: J_ij = sum_a sigma_a^2 w_ia w_ja and no more, sampled or not; the mean of h_a is sigma_a^2
/// z_a.
#[test]
fn gaussian_hidden_units_are_two_body() {
    for n in [12, 40] {
        let rbm = machine(n, 5, 0.3).with_units(Units::SPIN, Units::gaussian(0.7).unwrap()).unwrap();
        let variance = f64::from(0.7f32).powi(2);
        let w = rbm.weights.mapv(f64::from);
        let seen = rbm.sampled_couplings(1, Streams::new(3).of("test")).unwrap();
        for i in 0..n {
            let field = f64::from(rbm.visible_bias[i])
                + variance * w.row(i).iter().zip(&rbm.hidden_bias).map(|(w, c)| w * f64::from(*c)).sum::<f64>();
            assert!((seen.field(i).value - field).abs() < 1e-12);
            for j in 0..i {
                assert!((seen.pair(i, j).value - variance * w.row(i).dot(&w.row(j))).abs() < 1e-12);
            }
        }
        assert!(seen.orders().shares()[2].value.abs() < 1e-10);
    }
}

#[test]
fn units_do_not_change_the_couplings() {
    let spins = machine(11, 6, 0.8);
    let bits = spins.converted(Units::BINARY, Units::BINARY).unwrap().rbm;
    let of = |rbm: &Rbm| [rbm.couplings().unwrap(), rbm.sampled_couplings(1, Streams::new(1).of("test")).unwrap()];
    for (a, b) in of(&spins).into_iter().zip(of(&bits)) {
        for i in 0..11 {
            // The parameters of the converted machine are rounded to f32.
            assert!((a.field(i).value - b.field(i).value).abs() < 1e-5);
            (0..i).for_each(|j| assert!((a.pair(i, j).value - b.pair(i, j).value).abs() < 1e-5));
        }
    }
}

/// Null: sampled numbers are those of the full transform; their errors come from 16 blocks. Seed 5. For each of 16
/// fields and 120 pairs, |t| < 8.10 at 15 degrees of freedom has p < 1e-4 / 136; an error is 1.0906 standard errors
/// (Student). Three variances: |z| < 5 has p < 1e-5 for each.
#[test]
fn sampled_couplings_are_those_of_the_full_transform() {
    let rbm = machine(16, 12, 0.7);
    let exact = rbm.couplings().unwrap();
    let sampled = rbm.sampled_couplings(20_000, Streams::new(5).of("test")).unwrap();
    assert!(exact.orders().shares()[2].value > 0.02, "there is something to sample: {:?}", exact.orders());
    let mut squares = Vec::new();
    for i in 0..16 {
        let fields = (exact.field(i), sampled.field(i));
        for (e, s) in (0..i).map(|j| (exact.pair(i, j), sampled.pair(i, j))).chain([fields]) {
            let z = (s.value - e.value) / s.error;
            assert!(z.abs() < 8.10 / 1.0906, "{s:?} against {}", e.value);
            assert!(s.error < 0.02, "{s:?}");
            squares.push(z * z);
        }
    }
    // Errors are as large as the differences: mean z^2 is 15/13 / 1.0906^2 = 0.97.
    let mean = squares.iter().sum::<f64>() / squares.len() as f64;
    assert!((0.6..1.8).contains(&mean), "{mean}");
    let (e, s) = (exact.orders(), sampled.orders());
    for (e, s) in [(e.one, s.one), (e.two, s.two), (e.more, s.more)] {
        assert!((s.value - e.value).abs() < 5.0 * s.error, "{s:?} against {}", e.value);
        assert!(s.error < 0.1 * e.value, "{s:?}");
    }
    for (e, s) in e.shares().iter().zip(s.shares()) {
        assert!((s.value - e.value).abs() < 5.0 * s.error && s.error < 0.05, "{s:?} against {}", e.value);
    }
}

#[test]
fn the_same_seed_gives_the_same_couplings_on_any_number_of_threads() {
    let rbm = machine(40, 9, 0.5);
    let of = |threads: usize, seed: u64| -> Couplings {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| rbm.sampled_couplings(5000, Streams::new(seed).of("test")).unwrap())
    };
    assert_eq!(of(1, 2), of(3, 2));
    assert_ne!(of(1, 2), of(1, 3));
}

#[test]
fn distances_are_those_on_the_torus() {
    let (rbm, k) = decimated(&geometry("square", &[4, 4]), 0.5);
    let seen = rbm.couplings().unwrap().by_distance(&[4, 4]).unwrap();
    // From a site of the 4 x 4 torus: 4 at r^2 = 1, 4 at 2, 2 at 4, 4 at 5, 1 at 8.
    let shells: Vec<(usize, usize)> = seen.iter().map(|d| (d.squared, d.pairs)).collect();
    assert_eq!(shells, [(1, 32), (2, 32), (4, 16), (5, 32), (8, 8)]);
    assert!((seen[0].coupling.value - k).abs() < 1e-12 && seen[3].coupling.value.abs() < 1e-12);
    assert_eq!(seen[3].distance(), 5.0f64.sqrt());
    let ring = rbm.couplings().unwrap().by_distance(&[16]).unwrap();
    assert_eq!(ring.iter().map(|d| (d.squared, d.pairs)).collect::<Vec<_>>()[6..], [(49, 16), (64, 8)]);
    // Of the 16 bonds of the ring, four join the end of a row to the beginning of the next: diagonal on the torus.
    assert!((ring[0].coupling.value - 0.75 * k).abs() < 1e-12);
}

#[test]
fn the_trace_condition_holds_where_the_machine_is_the_ising_model() {
    for lattice in
        [geometry("ring", &[8]), geometry("ring", &[2]), geometry("square", &[4, 4]), geometry("square", &[2, 3])]
    {
        let (rbm, k) = decimated(&lattice, 0.6);
        let at = |k: f64| TraceCondition::of(&rbm, &lattice, Temperature::new(1.0 / k).unwrap()).unwrap();
        let here = at(k);
        assert!(here.variance < 1e-20 && here.kl < 1e-10, "{lattice}: {here:?}");
        assert!(at(1.3 * k).variance > 1e-3 && at(1.3 * k).kl > 1e-3);
    }
}

/// Against sums over all states written out, with the energy of the ring by hand.
#[test]
fn the_trace_condition_is_the_sum_over_all_states() {
    let (n, beta) = (8usize, 0.6);
    let ring = geometry("ring", &[n]);
    for rbm in [machine(n, 4, 0.5), machine(n, 4, 0.5).converted(Units::BINARY, Units::SPIN).unwrap().rbm] {
        let spin = |s: usize, i: usize| if s >> (i % n) & 1 == 1 { 1.0 } else { -1.0 };
        let energy = |s: usize| -(0..n).map(|i| spin(s, i) * spin(s, i + 1)).sum::<f64>();
        let weights: Vec<f64> = (0..1 << n).map(|s| (-beta * energy(s)).exp()).collect();
        let z: f64 = weights.iter().sum();
        let p = rbm.visible_law().unwrap();
        let q: Vec<f64> = weights.iter().map(|w| w / z).collect();
        let kl: f64 = q.iter().zip(&p).map(|(q, p)| q * (q / p).ln()).sum();
        let mean =
            |of: &dyn Fn(f64) -> f64| -> f64 { (0..1 << n).map(|s| q[s] * of(p[s].ln() + beta * energy(s))).sum() };
        let variance = mean(&|d| d * d) - mean(&|d| d).powi(2);
        let seen = TraceCondition::of(&rbm, &ring, Temperature::new(1.0 / beta).unwrap()).unwrap();
        assert!((seen.kl - kl).abs() < 1e-11 && (seen.variance - variance).abs() < 1e-10, "{seen:?} {kl} {variance}");
        assert!(seen.kl > 0.01 && seen.variance > 0.01);
    }
}

#[test]
fn what_has_no_couplings_is_refused() {
    let rbm = machine(17, 2, 0.1);
    assert!(matches!(rbm.couplings(), Err(RbmError::TooLarge { most: 16, found: 17, .. })));
    let torus = geometry("square", &[4, 4]);
    let infinite = Temperature::new(f64::INFINITY).unwrap();
    assert!(matches!(TraceCondition::of(&rbm, &torus, infinite), Err(TraceError::Machine(RbmError::TooLarge { .. }))));
    let small = machine(16, 2, 0.1);
    assert!(TraceCondition::of(&small, &torus, infinite).is_ok());
    let cold = TraceCondition::of(&small, &torus, Temperature::new(0.0).unwrap()).unwrap_err().to_string();
    assert!(cold.contains("T > 0"), "{cold}");
    assert!(matches!(TraceCondition::of(&small, &geometry("ring", &[8]), infinite), Err(TraceError::Sites { .. })));
    assert!(matches!(small.couplings().unwrap().by_distance(&[3, 5]), Err(RbmError::Shape { found: 15, .. })));
    let gaussian = machine(4, 2, 0.1).with_units(Units::gaussian(1.0).unwrap(), Units::SPIN).unwrap();
    for refused in [gaussian.couplings(), gaussian.sampled_couplings(1, Streams::new(1).of("test"))] {
        assert!(refused.unwrap_err().to_string().contains("visible units are Gaussian"));
    }
    let mut broken = machine(4, 2, 0.1);
    broken.weights[[0, 0]] = f32::NAN;
    assert_eq!(broken.sampled_couplings(1, Streams::new(1).of("test")), Err(RbmError::NotFinite));
    let wide = Rbm::random(2049, 1, 0.1, &mut Streams::new(1).generator("test", 0));
    let wide = wide.sampled_couplings(1, Streams::new(1).of("test")).unwrap_err();
    assert!(matches!(wide, RbmError::TooManyPairs { most: 2048, found: 2049, .. }));
    // One unit has no pairs; ln p of two free spins is constant.
    let one = Rbm::new(arr2(&[[0.5f32]]), arr1(&[0.25f32]), arr1(&[0.0f32]), Units::SPIN, Units::SPIN).unwrap();
    let one = one.sampled_couplings(1, Streams::new(1).of("test")).unwrap();
    assert!((one.field(0).value - 0.25).abs() < 1e-12 && one.nearest_neighbour(&[1]).is_err());
    let free = machine(2, 1, 0.0).couplings().unwrap();
    assert!(free.by_distance(&[2]).unwrap()[0].coupling.value.abs() < 1e-12);
}
