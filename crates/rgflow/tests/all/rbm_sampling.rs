//! The sampler of machines of every kind against exact laws.

use crate::common::laws::{discrete, moments, one_step, states, units_of, visible_states};
use crate::common::machine::machine;
use ndarray::{Array2, array};
use rgflow::random::Streams;
use rgflow::rbm::{Chains, Kernel, Rbm, Units};

/// Null: the next states of the sampler from each start follow the exact kernel. Chi-square over the next states (rare
/// ones merged so that each bin expects 5), 4000 draws from each state as a start, of three pairs of kinds and of each
/// discrete kind in either layer, seed 1; p > 1e-7 each.
#[test]
fn the_gibbs_step_is_sampled_right() {
    let others = discrete().into_iter().flat_map(|kind| [(2, kind.clone(), Units::SPIN), (2, Units::BINARY, kind)]);
    for (sites, visible, hidden) in
        [(4, Units::SPIN, Units::SPIN), (4, Units::BINARY, Units::SPIN), (4, "-0.5,2".parse().unwrap(), Units::BINARY)]
            .into_iter()
            .chain(others)
    {
        let n = units_of(sites, &visible);
        let rbm = machine(n, units_of(3, &hidden), &visible, &hidden);
        let prepared = Kernel::new(&rbm);
        let rows = 4000;
        let mut chains = Chains::new(&prepared, rows);
        let mut random = Streams::new(1).bulk("test/gibbs", 0);
        for (start, v) in states(n, &visible).into_iter().enumerate() {
            chains.set_visible(Array2::from_shape_fn((rows, n), |(_, i)| v[i]).view()).unwrap();
            chains.step(&prepared, &mut random);
            let law = one_step(&rbm, &vec![(1.0, v)]);
            let mut next = Array2::zeros((rows, n));
            chains.write_visible(next.as_slice_mut().unwrap());
            let (mut chi2, mut bins, mut seen, mut expected) = (0.0, 0, 0.0, 0.0);
            for (p, w) in &law {
                seen += next.rows().into_iter().filter(|row| row.as_slice().unwrap() == &w[..]).count() as f64;
                expected += rows as f64 * p;
                if expected >= 5.0 {
                    chi2 += (seen - expected) * (seen - expected) / expected;
                    (bins, seen, expected) = (bins + 1, 0.0, 0.0);
                }
            }
            use statrs::distribution::{ChiSquared, ContinuousCDF};
            let p = ChiSquared::new((bins - 1).max(1) as f64).expect("positive").sf(chi2);
            assert!(p > 1e-7, "{visible}, {hidden}, from {start}: chi2 = {chi2} with {bins} bins");
        }
    }
}

/// Null: chains of a machine with Gaussian visible units reach its law. Means and mean squares of both units and their
/// product over 40,000 chains after 40 steps from zero, against quadrature: five |z| < 4.8 (p < 1e-5), seed 1. Gaussian
/// hidden units too: the covariance of a Gaussian machine is the inverse of its precision.
#[test]
fn gaussian_chains_reach_their_law() {
    let gaussian = Units::gaussian_each(vec![0.8, 1.2]).unwrap();
    let rbm = machine(2, 3, &gaussian, &Units::SPIN);
    let sample = |rbm: &Rbm| {
        let kernel = Kernel::new(rbm);
        let mut chains = Chains::new(&kernel, 40_000);
        let mut random = Streams::new(1).bulk("test/gaussian", 0);
        (0..40).for_each(|_| chains.step(&kernel, &mut random));
        let mut v = Array2::<f32>::zeros((40_000, rbm.n_visible()));
        chains.write_visible(v.as_slice_mut().unwrap());
        v
    };
    let v = sample(&rbm);
    let mut law = visible_states(&rbm);
    for (w, v) in &mut law {
        *w *= (-rbm.free_energy(ndarray::aview1(v).insert_axis(ndarray::Axis(0)))[0] - rbm.ln_z().unwrap()).exp();
    }
    assert!((law.iter().map(|(w, _)| w).sum::<f64>() - 1.0).abs() < 1e-6);
    for (i, j) in [(0, 2), (1, 2), (0, 0), (1, 1), (0, 1)] {
        let f = |v: &[f32]| f64::from(v[i]) * if j < 2 { f64::from(v[j]) } else { 1.0 };
        let (mean, variance) = moments(&law, f);
        let ours = v.rows().into_iter().map(|v| f(v.as_slice().unwrap())).sum::<f64>() / 40_000.0;
        let z = (ours - mean) / (variance / 40_000.0).sqrt();
        assert!(z.abs() < 4.8, "({i}, {j}): {ours} against {mean}, z = {z}");
    }
    // One visible and one hidden unit: <v^2> - <v>^2 = (1/s_h^2) / (1/(s_v s_h)^2 - w^2).
    let (s, t, w) = (0.8f32, 0.9f32, 0.7f32);
    let unit = |s: f32| Units::gaussian(s).unwrap();
    let rbm = Rbm::new(array![[w]], array![0.0], array![0.0], unit(s), unit(t)).unwrap();
    let v = sample(&rbm);
    let (s, t, w) = (f64::from(s), f64::from(t), f64::from(w));
    let exact = t.powi(-2) / ((s * t).powi(-2) - w * w);
    let square = v.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>() / 40_000.0;
    // The mean square of n normal numbers has the relative error sqrt(2/n).
    assert!(((square / exact - 1.0) / (2.0f64 / 40_000.0).sqrt()).abs() < 4.8, "{square} against {exact}");
}

/// Grey levels are means and stay what they are: packing refuses them, the hidden units see them, and thresholding
/// would give another field.
#[test]
fn grey_levels_are_not_thresholded() {
    let rbm = machine(3, 2, &Units::BINARY, &Units::BINARY);
    let kernel = Kernel::new(&rbm);
    let mut chains = Chains::new(&kernel, 2);
    let grey = array![[0.4f32, 0.6, 1.0], [0.0, 1.0, 1.0]];
    chains.set_visible(grey.view()).unwrap();
    let (mut back, mut means) = (Array2::<f32>::zeros((2, 3)), Array2::<f32>::zeros((2, 2)));
    chains.write_visible(back.as_slice_mut().unwrap());
    assert_eq!(back, grey);
    chains.hidden_means(&kernel, means.as_slice_mut().unwrap());
    for r in 0..2 {
        for a in 0..2 {
            let z: f32 = (0..3).map(|i| grey[[r, i]] * rbm.weights[[i, a]]).sum::<f32>() + rbm.hidden_bias[a];
            assert!((means[[r, a]] - 1.0 / (1.0 + (-z).exp())).abs() < 1e-6);
        }
    }
    let mut exact = Array2::zeros((2, 2));
    rbm.hidden_mean(grey.view(), &mut exact);
    assert!((&exact - &means).iter().all(|d| d.abs() < 1e-6));
    // Once drawn, the units are bits again.
    chains.draw_hidden(&kernel, &mut Streams::new(1).bulk("test/grey", 0));
    chains.draw_visible(&kernel, &mut Streams::new(1).bulk("test/grey", 1));
    chains.write_visible(back.as_slice_mut().unwrap());
    assert!(back.iter().all(|v| *v == 0.0 || *v == 1.0));
    assert!(chains.set_visible(array![[0.0, 0.0]].view()).is_err());
}
