//! Exact results of small machines against sums written out from the Hamiltonian, for every kind of units.

use crate::common::laws::{discrete, state, states, units_of};
use ndarray::{Array1, Array2, arr1, arr2};
use rgflow::random::Streams;
use rgflow::rbm::{Layer, Objective, Rbm, RbmError, Units};

/// A machine with weights and biases of order one.
fn machine(n_visible: usize, n_hidden: usize, visible: &Units, hidden: &Units) -> Rbm {
    let mut random = Streams::new(1).generator("test/rbm", 0);
    let mut rbm = Rbm::random(n_visible, n_hidden, 0.7, &mut random);
    rbm.visible_bias = Array1::from_shape_fn(n_visible, |i| 0.4 * (i as f32 + 0.5).sin());
    rbm.hidden_bias = Array1::from_shape_fn(n_hidden, |a| 0.6 * (2.0 * a as f32 + 1.0).cos());
    rbm.with_units(visible.clone(), hidden.clone()).unwrap()
}

fn rows(states: &[Vec<f32>]) -> Array2<f32> {
    Array2::from_shape_fn((states.len(), states[0].len()), |(r, i)| states[r][i])
}

/// H written from thesis eq. 2.4.12, term by term; `variance`: sigma^2 of Gaussian visible and hidden units.
fn hamiltonian(rbm: &Rbm, v: &[f32], h: &[f32], variance: (Option<f64>, Option<f64>)) -> f64 {
    let mut sum = 0.0;
    for (i, v) in v.iter().map(|v| f64::from(*v)).enumerate() {
        sum -= f64::from(rbm.visible_bias[i]) * v;
        sum += variance.0.map_or(0.0, |s| v.powi(2) / (2.0 * s));
        for (a, h) in h.iter().enumerate() {
            sum -= f64::from(rbm.weights[[i, a]]) * v * f64::from(*h);
        }
    }
    for (a, h) in h.iter().map(|h| f64::from(*h)).enumerate() {
        sum -= f64::from(rbm.hidden_bias[a]) * h;
        sum += variance.1.map_or(0.0, |s| h.powi(2) / (2.0 * s));
    }
    sum
}

#[test]
fn free_energy_and_ln_z_of_discrete_machines_are_sums_over_states() {
    for (visible, hidden) in discrete().iter().flat_map(|v| discrete().into_iter().map(move |h| (v.clone(), h))) {
        for (nv, nh) in [(3, 2), (2, 4), (6, 5)] {
            // As many states, roughly, of sites that have more of them.
            let sites = |n: usize, units: &Units| 1.max(n / units.sites().unwrap().width());
            let (nv, nh) = (units_of(sites(nv, &visible), &visible), units_of(sites(nh, &hidden), &hidden));
            let rbm = machine(nv, nh, &visible, &hidden);
            let (vs, hs) = (states(nv, &visible), states(nh, &hidden));
            let free = rbm.free_energy(rows(&vs).view());
            let ln_law = rbm.ln_visible_law().unwrap();
            let mut weights = vec![];
            for (v, free) in vs.iter().zip(&free) {
                let sum: f64 = hs.iter().map(|h| (-hamiltonian(&rbm, v, h, (None, None))).exp()).sum();
                assert!((free + sum.ln()).abs() < 1e-9 * (1.0 + free.abs()), "{visible}, {hidden}");
                assert!((rbm.energy(v, &hs[1]) - hamiltonian(&rbm, v, &hs[1], (None, None))).abs() < 1e-9);
                weights.push(sum);
            }
            let z: f64 = weights.iter().sum();
            for layer in [Layer::Visible, Layer::Hidden] {
                assert!((rbm.ln_z_over(layer).unwrap() - z.ln()).abs() < 1e-9, "{visible}, {hidden}: {layer:?}");
            }
            assert!((rbm.ln_z().unwrap() - z.ln()).abs() < 1e-9);
            for (ln_p, weight) in ln_law.iter().zip(&weights) {
                assert!((ln_p - (weight / z).ln()).abs() < 1e-9);
            }
        }
    }
}

/// More states than a block of the Gray code has: both layers, and the number of threads, give the same.
#[test]
fn ln_z_of_larger_layers_and_any_number_of_threads() {
    let rbm = machine(16, 14, &Units::BINARY, &Units::SPIN);
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| [Layer::Visible, Layer::Hidden].map(|layer| rbm.ln_z_over(layer).unwrap()))
    };
    let [visible, hidden] = with(1);
    assert!((visible - hidden).abs() < 1e-10 * visible.abs(), "{visible} against {hidden}");
    assert_eq!(with(3), [visible, hidden]);
    let law = rbm.visible_law().unwrap();
    assert!((law.sum() - 1.0).abs() < 1e-12);
    let v = state(40_000, 16, &Units::BINARY);
    let free = rbm.free_energy(rows(&[v]).view())[0];
    assert!((law[40_000].ln() - (-free - visible)).abs() < 1e-9);
}

/// Points and weights of the trapezoidal rule, which is exact to rounding for smooth functions that vanish at the ends.
fn line() -> Vec<(f32, f64)> {
    let step = 1.0 / 16.0;
    (-256..=256).map(|k| (k as f32 * step, f64::from(step))).collect()
}

#[test]
fn gaussian_layers_are_integrated() {
    let sigma = 0.7f32;
    let (gaussian, variance) = (Units::gaussian(sigma).unwrap(), f64::from(sigma).powi(2));
    // Units of -3 would need a wider range of quadrature.
    for kind in discrete().into_iter().filter(|kind| kind.range().unwrap().0 >= -1.0) {
        // Two Gaussian visible units, two hidden sites.
        let n = units_of(2, &kind);
        let rbm = machine(2, n, &gaussian, &kind);
        let (hs, mut z) = (states(n, &kind), 0.0);
        for (x, dx) in line() {
            for (y, dy) in line() {
                let weight: f64 =
                    hs.iter().map(|h| (-hamiltonian(&rbm, &[x, y], h, (Some(variance), None))).exp()).sum();
                z += weight * dx * dy;
                if (x, y) == (0.5, -1.25) {
                    let free = rbm.free_energy(arr2(&[[x, y]]).view())[0];
                    assert!((free + weight.ln()).abs() < 1e-9);
                }
            }
        }
        assert!((rbm.ln_z().unwrap() - z.ln()).abs() < 1e-6, "{kind}: {} against {}", rbm.ln_z().unwrap(), z.ln());
        // Gaussian hidden units.
        let rbm = machine(n, 1, &kind, &gaussian);
        let mut z = 0.0;
        for v in states(n, &kind) {
            let weight = |h: f32| (-hamiltonian(&rbm, &v, &[h], (None, Some(variance)))).exp();
            let sum: f64 = line().into_iter().map(|(h, dh)| weight(h) * dh).sum();
            assert!((rbm.free_energy(rows(std::slice::from_ref(&v)).view())[0] + sum.ln()).abs() < 1e-6);
            z += sum;
        }
        assert!((rbm.ln_z().unwrap() - z.ln()).abs() < 1e-6);
        assert!(matches!(rbm.ln_z_over(Layer::Hidden), Err(RbmError::NotTwoValued { layer: "hidden", .. })));
    }
    // Both layers: one visible, one hidden unit by quadrature; three and two against the layers exchanged.
    let other = Units::gaussian(0.8).unwrap();
    let rbm = machine(1, 1, &gaussian, &other);
    let variances = (Some(variance), Some(f64::from(0.8f32).powi(2)));
    let mut z = 0.0;
    for (v, dv) in line() {
        z += line().into_iter().map(|(h, dh)| (-hamiltonian(&rbm, &[v], &[h], variances)).exp() * dv * dh).sum::<f64>();
    }
    assert!((rbm.ln_z().unwrap() - z.ln()).abs() < 1e-6, "{} against {}", rbm.ln_z().unwrap(), z.ln());
    let narrow = Units::gaussian_each(vec![0.3, 0.4, 0.5]).unwrap();
    let rbm = machine(3, 2, &narrow, &other);
    assert!((rbm.ln_z().unwrap() - rbm.mirrored().ln_z().unwrap()).abs() < 1e-10);
}

/// A known failure of other programs: a finite ln Z for a Gaussian machine that cannot be normalised. exp(-H) of this
/// one grows along v = h (a quadratic form with the eigenvalues 1 +- w, w = 1.01).
#[test]
fn a_gaussian_machine_that_cannot_be_normalised_is_refused() {
    let unit = Units::gaussian(1.0).unwrap();
    let machine = |w: f32| Rbm::new(arr2(&[[w, 0.0]]), arr1(&[0.1]), arr1(&[0.2, 0.0]), unit.clone(), unit.clone());
    assert_eq!(machine(1.01).unwrap().ln_z(), Err(RbmError::NotNormalisable));
    assert_eq!(machine(-1.01).unwrap().ln_z(), Err(RbmError::NotNormalisable));
    assert_eq!(machine(1.0).unwrap().ln_z(), Err(RbmError::NotNormalisable));
    assert!(machine(0.99).unwrap().ln_z().is_ok());
    // With two-valued hidden units every Gaussian machine is a finite mixture of normal laws.
    let rbm = Rbm::new(arr2(&[[50.0]]), arr1(&[0.0]), arr1(&[0.0]), unit.clone(), Units::SPIN).unwrap();
    let exact = 0.5 * 50.0f64.powi(2) + 0.5 * (2.0 * std::f64::consts::PI).ln() + 2.0f64.ln();
    assert!((rbm.ln_z().unwrap() - exact).abs() < 1e-9);
    let broken = Rbm::new(arr2(&[[f32::NAN]]), arr1(&[0.0]), arr1(&[0.0]), unit, Units::SPIN).unwrap();
    assert_eq!(broken.ln_z(), Err(RbmError::NotFinite));
}

/// A known failure of other programs: ln(1 + exp z) overflows. The ground state of strong weights is exact here.
#[test]
fn strong_weights_do_not_overflow() {
    let weights = Array2::from_elem((4, 3), 500.0f32);
    let rbm = Rbm::new(weights, Array1::zeros(4), Array1::zeros(3), Units::BINARY, Units::BINARY).unwrap();
    assert_eq!(rbm.ln_z().unwrap(), 6000.0);
    assert_eq!(rbm.free_energy(arr2(&[[1.0, 1.0, 1.0, 1.0]]).view()), [-6000.0]);
}

#[test]
fn layers_too_large_to_enumerate_are_refused() {
    let rbm = machine(30, 26, &Units::SPIN, &Units::SPIN);
    assert_eq!(rbm.ln_z(), Err(RbmError::TooLarge { what: "ln Z", most: 25, found: 26 }));
    assert!(matches!(rbm.visible_law(), Err(RbmError::TooLarge { most: 20, .. })));
    assert!(matches!(rbm.gibbs_spectrum(), Err(RbmError::TooLarge { most: 12, .. })));
    let gaussian = machine(2, 2, &Units::gaussian(1.0).unwrap(), &Units::SPIN);
    assert!(gaussian.visible_law().unwrap_err().to_string().contains("visible units are Gaussian"));
    assert!(gaussian.gibbs_spectrum().is_err() && gaussian.pseudo_likelihood(arr2(&[[0.0, 0.0]]).view()).is_err());
}

/// Pseudo-likelihood in nats, in total and per unit, by conditional probabilities from the law itself.
#[test]
fn the_pseudo_likelihood_is_that_of_the_law() {
    for (visible, hidden) in discrete().into_iter().zip(discrete().into_iter().rev()) {
        let (n, base) = (units_of(5, &visible), visible.sites().unwrap().states());
        let rbm = machine(n, units_of(3, &hidden), &visible, &hidden);
        let p = rbm.visible_law().unwrap();
        let data = [3usize, 17, 30, 30];
        let conditional = |s: usize, place: usize| {
            let without = s - s / place % base * place;
            p[s] / (0..base).map(|digit| p[without + digit * place]).sum::<f64>()
        };
        let places: Vec<usize> = (0..5).map(|i| base.pow(i)).collect();
        let terms: Vec<f64> =
            data.iter().map(|s| places.iter().map(|place| conditional(*s, *place).ln()).sum()).collect();
        let mean = terms.iter().sum::<f64>() / 4.0;
        let error = (terms.iter().map(|t| (t - mean).powi(2)).sum::<f64>() / 12.0).sqrt();
        let v: Vec<Vec<f32>> = data.iter().map(|s| state(*s, n, &visible)).collect();
        let ours = rbm.pseudo_likelihood(rows(&v).view()).unwrap();
        assert!((ours.total.value - mean).abs() < 1e-9 && (ours.total.error - error).abs() < 1e-9);
        assert!((ours.per_unit.value - mean / 5.0).abs() < 1e-9 && (ours.per_unit.error - error / 5.0).abs() < 1e-9);
        let ln_p = data.iter().map(|s| p[*s].ln()).sum::<f64>() / 4.0;
        assert!((rbm.log_likelihood(rows(&v).view(), rbm.ln_z().unwrap()).value - ln_p).abs() < 1e-9);
        let mut grey = rows(&v[..1]);
        grey[[0, 0]] = 0.3;
        let refused = rbm.pseudo_likelihood(grey.view());
        assert!(matches!(refused, Err(RbmError::Data { unit: 0, .. } | RbmError::Site { site: 0, .. })), "{visible}");
        assert!(rbm.empirical_law(grey.view()).is_err() && rbm.empirical_law(rows(&v).view()).unwrap()[30] == 0.5);
    }
}

#[test]
fn conversion_keeps_the_law_and_comes_back() {
    let two_valued = || discrete().into_iter().filter(|units| units.levels().is_some());
    for (old, new) in two_valued().flat_map(|a| two_valued().map(move |b| (a.clone(), b))) {
        let rbm = machine(4, 3, &old, &new);
        let converted = rbm.converted(new.clone(), old.clone()).unwrap();
        assert_eq!((converted.rbm.visible_units(), converted.rbm.hidden_units()), (&new, &old));
        let (p, q) = (rbm.visible_law().unwrap(), converted.rbm.visible_law().unwrap());
        assert!(p.iter().zip(&q).all(|(p, q)| (p / q - 1.0).abs() < 1e-4), "{old} to {new}");
        let difference = rbm.ln_z().unwrap() - converted.rbm.ln_z().unwrap();
        assert!((difference - converted.ln_z_difference).abs() < 1e-4, "{old} to {new}");
        let back = converted.rbm.converted(old, new).unwrap().rbm;
        let far = (&back.weights - &rbm.weights).iter().fold(0.0f32, |m, d| m.max(d.abs()));
        let bias = (&back.visible_bias - &rbm.visible_bias).iter().fold(0.0f32, |m, d| m.max(d.abs()));
        assert!(far < 1e-5 && bias < 1e-4);
    }
    // Spins to bits by hand: W' = 4 W, b' = 2 b - 2 W 1.
    let spins = Rbm::new(arr2(&[[0.5]]), arr1(&[0.25]), arr1(&[0.0]), Units::SPIN, Units::SPIN).unwrap();
    let bits = spins.converted(Units::BINARY, Units::BINARY).unwrap().rbm;
    assert_eq!((bits.weights[[0, 0]], bits.visible_bias[0], bits.hidden_bias[0]), (2.0, -0.5, -1.0));
    let (wide, narrow) = (Units::gaussian(2.0).unwrap(), Units::gaussian_each(vec![0.5, 1.0]).unwrap());
    let rbm = machine(2, 3, &wide, &Units::SPIN);
    let converted = rbm.converted(narrow, Units::BINARY).unwrap();
    let difference = rbm.ln_z().unwrap() - converted.rbm.ln_z().unwrap();
    assert!((difference - converted.ln_z_difference).abs() < 1e-4);
    assert!(matches!(rbm.converted(Units::SPIN, Units::SPIN), Err(RbmError::Conversion { layer: "visible", .. })));
}

/// lambda_1 = 1 with p stationary, trace and second eigenvalue of the matrix itself (power iteration), and the same
/// spectrum from either layer.
#[test]
fn the_spectrum_is_that_of_the_gibbs_kernel() {
    let others =
        discrete().into_iter().flat_map(|kind| [(2, 3, kind.clone(), Units::BINARY), (3, 2, Units::SPIN, kind)]);
    for (nv, nh, visible, hidden) in [
        (4, 3, Units::SPIN, Units::SPIN),
        (3, 5, Units::BINARY, Units::SPIN),
        (5, 5, "0.2,0.8".parse().unwrap(), Units::BINARY),
    ]
    .into_iter()
    .chain(others)
    {
        let (nv, nh) = (units_of(nv, &visible), units_of(nh, &hidden));
        let rbm = machine(nv, nh, &visible, &hidden);
        let (kernel, p) = (rbm.gibbs_kernel().unwrap(), rbm.visible_law().unwrap());
        // The matrix, from the Hamiltonian.
        let (vs, hs) = (states(nv, &visible), states(nh, &hidden));
        let joint = Array2::from_shape_fn((vs.len(), hs.len()), |(v, h)| {
            (-hamiltonian(&rbm, &vs[v], &hs[h], (None, None))).exp()
        });
        let (of_v, of_h) = (joint.sum_axis(ndarray::Axis(1)), joint.sum_axis(ndarray::Axis(0)));
        for v in 0..vs.len() {
            for w in 0..vs.len() {
                let exact: f64 = (0..hs.len()).map(|h| joint[[v, h]] / of_v[v] * joint[[w, h]] / of_h[h]).sum();
                assert!((kernel[[v, w]] - exact).abs() < 1e-12);
            }
        }
        assert!((p.dot(&kernel) - &p).iter().all(|d| d.abs() < 1e-13), "p is stationary");
        let spectrum = rbm.gibbs_spectrum().unwrap();
        assert_eq!(spectrum.eigenvalues.len(), vs.len().min(hs.len()));
        assert!((spectrum.eigenvalues[0] - 1.0).abs() < 1e-12);
        assert!((spectrum.eigenvalues.iter().sum::<f64>() - kernel.diag().sum()).abs() < 1e-11, "trace");
        let squares = kernel.dot(&kernel).diag().sum();
        assert!((spectrum.eigenvalues.iter().map(|x| x * x).sum::<f64>() - squares).abs() < 1e-11, "trace of K^2");
        // Power iteration on what is orthogonal to the stationary law.
        let mut x = Array1::from_shape_fn(vs.len(), |s| (s as f64 * 1.3).sin());
        let mut rate = 0.0;
        for _ in 0..3000 {
            let mean = x.dot(&p);
            x -= mean;
            let norm = x.dot(&x).sqrt();
            x /= norm;
            let next = kernel.dot(&x);
            rate = next.dot(&x);
            x = next;
        }
        assert!((rate - spectrum.second()).abs() < 1e-9, "{rate} against {}", spectrum.second());
        assert!((spectrum.relaxation_time() + 1.0 / rate.ln()).abs() < 1e-6 * spectrum.relaxation_time());
        let mirrored = rbm.mirrored().gibbs_spectrum().unwrap();
        assert!(spectrum.eigenvalues.iter().zip(&mirrored.eigenvalues).all(|(a, b)| (a - b).abs() < 1e-12));
    }
    // More than one block of visible states. Without weights every draw is independent.
    let free = machine(13, 2, &Units::SPIN, &Units::BINARY);
    assert!((free.gibbs_spectrum().unwrap().eigenvalues[0] - 1.0).abs() < 1e-11);
    let mut free = machine(3, 2, &Units::SPIN, &Units::SPIN);
    free.weights.fill(0.0);
    assert!(free.gibbs_spectrum().unwrap().relaxation_time() < 0.04);
    // Magnetised for ever: both ground states are fixed points to rounding.
    free.weights.fill(100.0);
    free.visible_bias.fill(0.0);
    free.hidden_bias.fill(0.0);
    assert!(free.gibbs_spectrum().unwrap().relaxation_time() > 1e12);
}

#[test]
fn divergences_are_sums_over_states() {
    let rbm = machine(3, 2, &Units::BINARY, &Units::SPIN);
    let p = rbm.visible_law().unwrap();
    let q = [0.3, 0.0, 0.1, 0.1, 0.2, 0.1, 0.15, 0.05];
    let ours = rbm.divergences(&q).unwrap();
    let kl: f64 = q.iter().zip(&p).filter(|(q, _)| **q > 0.0).map(|(q, p)| q * (q / p).ln()).sum();
    assert!((ours.kl - kl).abs() < 1e-12 && ours.reverse_kl == f64::INFINITY && ours.jensen_shannon < 2.0f64.ln());
    let same = rbm.divergences(p.as_slice().unwrap()).unwrap();
    assert!(same.kl < 1e-12 && same.reverse_kl < 1e-12 && same.jensen_shannon < 1e-12);
    assert!(rbm.divergences(&q[..4]).is_err() && rbm.divergences(&[0.2; 8]).is_err());
    assert!(rbm.divergences(&[f64::NAN, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]).is_err());
    let data = rows(&[state(5, 3, &Units::BINARY), state(5, 3, &Units::BINARY), state(2, 3, &Units::BINARY)]);
    let law = rbm.empirical_law(data.view()).unwrap();
    assert!((law[5] - 2.0 / 3.0).abs() < 1e-15 && (law[2] - 1.0 / 3.0).abs() < 1e-15 && law[0] == 0.0);
}

/// The exact gradients against central differences of the divergences, for every kind of units and objective.
#[test]
fn exact_gradients_are_finite_differences() {
    let others = discrete().into_iter().map(|kind| (2, kind, Units::SPIN));
    let kinds = [
        (4, Units::SPIN, Units::SPIN),
        (4, Units::BINARY, Units::BINARY),
        (4, Units::SPIN, Units::gaussian(0.8).unwrap()),
    ];
    let hidden = discrete().into_iter().map(|kind| (3, Units::BINARY, kind));
    for (sites, visible, hidden) in kinds.into_iter().chain(others).chain(hidden) {
        let (n, m) = (units_of(sites, &visible), units_of(3, &hidden));
        let raw: Vec<f64> = (0..states(n, &visible).len()).map(|s| 1.0 + (s as f64).sin()).collect();
        let sum: f64 = raw.iter().sum();
        let q: Vec<f64> = raw.into_iter().map(|x| x / sum).collect();
        let rbm = machine(n, m, &visible, &hidden);
        for objective in [Objective::Kl, Objective::ReverseKl, Objective::JensenShannon] {
            assert_eq!(objective.to_string().parse(), Ok(objective));
            let value = |rbm: &Rbm| {
                let d = rbm.divergences(&q).unwrap();
                match objective {
                    Objective::Kl => d.kl,
                    Objective::ReverseKl => d.reverse_kl,
                    Objective::JensenShannon => d.jensen_shannon,
                }
            };
            let (_, gradient) = rbm.exact_gradient(&q, objective).unwrap();
            // Parameters are f32: the difference of the two is taken after rounding.
            let difference = |of: &dyn Fn(&mut Rbm) -> &mut f32| {
                let (mut up, mut down) = (rbm.clone(), rbm.clone());
                let (a, b) = (of(&mut up), of(&mut down));
                *a += 1e-3;
                *b -= 1e-3;
                let width = f64::from(*a) - f64::from(*b);
                (value(&up) - value(&down)) / width
            };
            let check = |ours: f64, exact: f64, what: &str| {
                let near = (ours - exact).abs() < 1e-5 * (1.0 + exact.abs());
                assert!(near, "{visible}, {hidden}, {objective}, {what}: {ours} against {exact}");
            };
            for i in 0..n {
                check(gradient.visible_bias[i], difference(&|rbm| &mut rbm.visible_bias[i]), "b");
                for a in 0..m {
                    check(gradient.weights[m * i + a], difference(&|rbm| &mut rbm.weights[[i, a]]), "w");
                }
            }
            for a in 0..m {
                check(gradient.hidden_bias[a], difference(&|rbm| &mut rbm.hidden_bias[a]), "c");
            }
        }
        let mut hole = q.clone();
        (hole[0], hole[1]) = (0.0, q[0] + q[1]);
        assert!(matches!(rbm.exact_gradient(&hole, Objective::ReverseKl), Err(RbmError::Law(_))));
        assert!(rbm.exact_gradient(&hole, Objective::JensenShannon).is_ok());
    }
}
