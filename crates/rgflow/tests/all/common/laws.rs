//! Exact laws of small machines, from exp(-H).

use rgflow::rbm::{Rbm, Units};

/// State `s` of a layer of `n` discrete units.
pub fn state(s: usize, n: usize, units: &Units) -> Vec<f32> {
    units.sites().unwrap().layer(s as u64, n)
}

/// All states of a layer of `n` discrete units.
pub fn states(n: usize, units: &Units) -> Vec<Vec<f32>> {
    let count = units.sites().unwrap().count(n).unwrap() as usize;
    (0..count).map(|s| state(s, n, units)).collect()
}

/// Units of every discrete kind.
pub fn discrete() -> Vec<Units> {
    Units::examples().into_iter().filter(|units| units.sites().is_some()).collect()
}

/// Units of `sites` sites of a kind.
pub fn units_of(sites: usize, units: &Units) -> usize {
    sites * units.sites().map_or(1, |sites| sites.width())
}

/// A law over visible states: weights and states.
pub type Law = Vec<(f64, Vec<f32>)>;

/// p(h | v) of all hidden states, from exp(-H).
pub fn hidden_law(rbm: &Rbm, v: &[f32]) -> Vec<f64> {
    let m = rbm.n_hidden();
    let mut p: Vec<f64> = states(m, rbm.hidden_units()).iter().map(|h| (-rbm.energy(v, h)).exp()).collect();
    let z: f64 = p.iter().sum();
    p.iter_mut().for_each(|p| *p /= z);
    p
}

/// All visible states with a measure: sums, or the trapezoidal rule in each direction for Gaussian units.
pub fn visible_states(rbm: &Rbm) -> Law {
    let n = rbm.n_visible();
    if rbm.visible_units().sites().is_some() {
        return states(n, rbm.visible_units()).into_iter().map(|state| (1.0, state)).collect();
    }
    let mut points: Law = vec![(1.0, vec![])];
    for _ in 0..n {
        let line = |(w, v): &(f64, Vec<f32>)| {
            let (w, v) = (*w, v.clone());
            (-40..=40).map(move |k| (w * 0.25, [&v[..], &[0.25 * k as f32]].concat())).collect::<Vec<_>>()
        };
        points = points.iter().flat_map(line).collect();
    }
    points
}

/// The law of the visible units after one step v -> h -> v, exactly.
pub fn one_step(rbm: &Rbm, from: &Law) -> Law {
    let m = rbm.n_hidden();
    let hidden = states(m, rbm.hidden_units());
    let mut p_h = vec![0.0; hidden.len()];
    for (weight, v) in from {
        p_h.iter_mut().zip(hidden_law(rbm, v)).for_each(|(sum, p)| *sum += weight * p);
    }
    let mut law = visible_states(rbm);
    let measure: Vec<f64> = law.iter().map(|(w, _)| *w).collect();
    law.iter_mut().for_each(|(w, _)| *w = 0.0);
    for (h, p_h) in hidden.iter().zip(&p_h) {
        let given: Vec<f64> = law.iter().zip(&measure).map(|((_, v), w)| w * (-rbm.energy(v, h)).exp()).collect();
        let z: f64 = given.iter().sum();
        law.iter_mut().zip(given).for_each(|((w, _), p)| *w += p_h * p / z);
    }
    law
}

/// Mean and variance over a law of a function of v.
pub fn moments(law: &Law, f: impl Fn(&[f32]) -> f64) -> (f64, f64) {
    let mean: f64 = law.iter().map(|(w, v)| w * f(v)).sum();
    (mean, law.iter().map(|(w, v)| w * (f(v) - mean).powi(2)).sum())
}
