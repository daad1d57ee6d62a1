//! Categorical (Potts) units: a site of q states is q units, of which exactly one is 1 and the others are 0.
//!
//! In the fields z of its units, a site is in state s with the probability exp(z_s) / sum_t exp(z_t): the softmax. (A
//! constant added to all fields of a site changes nothing: the biases of a site are known but for one.)

use super::{Kind, Map, Noise, Sites, Units};
use crate::kernel::lines::Line;
use crate::random::Bulk;
use crate::rbm::RbmError;
use ndarray::ArrayView1;
use std::fmt;

/// Most states of a site.
const MOST: usize = 1000;

/// The number of states of each site, 2 to 1000.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Categories(usize);

impl Categories {
    /// Number of states of a site, and of its units.
    pub fn states(self) -> usize {
        self.0
    }
}

impl Units {
    /// Sites of `states` states, each as so many units of which one is 1 and the others are 0.
    ///
    /// # Errors
    /// [`RbmError::States`] unless there are 2 to 1000 states.
    ///
    /// ```
    /// use rgflow::{random::Streams, rbm::{Rbm, Units}};
    /// // Four sites of a Potts model of three states, and two hidden spins.
    /// let rbm = Rbm::random(12, 2, 0.1, &mut Streams::new(1).generator("example/potts", 0));
    /// let rbm = rbm.with_units(Units::categorical(3)?, Units::SPIN)?;
    /// assert_eq!(rbm.visible_law()?.len(), 3usize.pow(4));
    /// # Ok::<(), rgflow::rbm::RbmError>(())
    /// ```
    pub fn categorical(states: usize) -> Result<Self, RbmError> {
        if (2..=MOST).contains(&states) {
            Ok(Self::Categorical(Categories(states)))
        } else {
            Err(RbmError::States { states, most: MOST })
        }
    }
}

/// Replaces fields by the probabilities of the states; returns ln of the sum of exp z.
fn softmax(z: &mut [f64]) -> f64 {
    let top = z.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    z.iter_mut().for_each(|z| *z = libm::exp(*z - top));
    let sum: f64 = z.iter().sum();
    z.iter_mut().for_each(|p| *p /= sum);
    top + libm::log(sum)
}

impl Kind for Categories {
    const NAME: &'static str = "categorical";
    const TEXTS: &'static str = "\"categorical:STATES\" (sites of so many units, one of which is 1)";
    const EXAMPLES: &'static [&'static str] = &["categorical:3", "categorical:2"];

    fn parse(text: &str) -> Option<Result<Self, RbmError>> {
        let states = text.strip_prefix("categorical:")?.trim().parse().ok()?;
        Some(match Units::categorical(states) {
            Ok(_) => Ok(Self(states)),
            Err(e) => Err(e),
        })
    }

    fn fits(&self, layer: &'static str, n: usize) -> Result<(), RbmError> {
        if n.is_multiple_of(self.0) {
            return Ok(());
        }
        let demand = format!("there must be {} units for each site", self.0);
        Err(RbmError::Layer { layer, n, units: self.to_string(), demand })
    }

    fn sites(&self) -> Option<Sites> {
        let unit = |state: usize| (0..self.0).map(|i| if i == state { 1.0 } else { 0.0 }).collect();
        Some(Sites::new((0..self.0).map(unit).collect()))
    }

    /// The first unit of a site that is not one-hot.
    fn misfit(&self, row: ArrayView1<f32>) -> Option<usize> {
        let is_state = |first: usize| {
            let site = row.iter().skip(first).take(self.0);
            let (ones, others) = site.fold((0, 0), |(ones, others), v| match *v {
                0.0 => (ones, others),
                1.0 => (ones + 1, others),
                _ => (ones, others + 1),
            });
            (ones, others) == (1, 0)
        };
        (0..row.len()).step_by(self.0).find(|first| !is_state(*first))
    }

    fn mean(&self, _: usize, z: &mut [f32]) {
        let mut p = vec![0.0; self.0];
        for z in z.chunks_exact_mut(self.0) {
            p.iter_mut().zip(&*z).for_each(|(p, z)| *p = f64::from(*z));
            softmax(&mut p);
            z.iter_mut().zip(&p).for_each(|(z, p)| *z = *p as f32);
        }
    }

    fn mean_of_lanes(&self, z: &mut [Line]) {
        let mut p = vec![0.0; self.0];
        for site in z.chunks_exact_mut(self.0) {
            for lane in 0..site[0].0.len() {
                p.iter_mut().zip(&*site).for_each(|(p, z)| *p = f64::from(z.0[lane]));
                softmax(&mut p);
                site.iter_mut().zip(&p).for_each(|(z, p)| z.0[lane] = *p as f32);
            }
        }
    }

    fn mean_wide(&self, z: &[f64], means: &mut [f64]) {
        means.copy_from_slice(z);
        means.chunks_exact_mut(self.0).for_each(|site| {
            softmax(site);
        });
    }

    fn ln_sum(&self, z: &[f64]) -> f64 {
        let site = |z: &[f64]| {
            let top = z.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            top + libm::log(z.iter().map(|z| libm::exp(z - top)).sum())
        };
        z.chunks_exact(self.0).map(site).sum()
    }

    fn site_law(&self, z: &[f64], p: &mut [f64]) {
        p.copy_from_slice(z);
        softmax(p);
    }

    /// A word for each site: the state in whose part of [0, 1), cut by the probabilities, it falls.
    fn draw(&self, n: usize, z: &mut [f32], noise: &mut Noise, random: &mut Bulk) {
        let words = noise.words(z.len() / n * (n / self.0), random);
        let mut p = vec![0.0; self.0];
        for (z, word) in z.chunks_exact_mut(self.0).zip(words) {
            p.iter_mut().zip(&*z).for_each(|(p, z)| *p = f64::from(*z));
            softmax(&mut p);
            let (u, mut below) = ((f64::from(*word) + 0.5) / 4_294_967_296.0, 0.0);
            // Rounding may leave the sum of all below u.
            let beyond = |p: &f64| {
                below += p;
                u < below
            };
            let state = p.iter().position(beyond).unwrap_or(self.0 - 1);
            z.fill(0.0);
            z[state] = 1.0;
        }
    }

    /// ln p, p by Laplace's rule for q states.
    fn biases(&self, shares: &[f64], samples: usize) -> Vec<f32> {
        let p = |share: &f64| (share + 1.0) / (samples as f64 + self.0 as f64);
        shares.iter().map(|share| libm::log(p(share)) as f32).collect()
    }

    /// The probability of each state by Laplace's rule, and nothing.
    fn laws(&self, n: f64, means: &[f64], _: &[f64]) -> Vec<(f64, f64)> {
        means.iter().map(|mean| ((mean * n + 1.0) / (n + self.0 as f64), 0.0)).collect()
    }

    /// Of the unit that is 1 that of its site.
    fn ln_p(&self, value: f32, (p, _): (f64, f64)) -> f64 {
        if value == 1.0 { libm::log(p) } else { 0.0 }
    }

    fn map_to(&self, to: &Self, n: usize) -> Option<Map> {
        (self == to).then(|| Map { scale: vec![1.0; n], shift: vec![0.0; n], ln_volume: 0.0 })
    }
}

impl fmt::Display for Categories {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "categorical:{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Streams;
    use crate::rbm::{IndependentUnits, Rbm};
    use ndarray::{Array2, arr2};

    #[test]
    fn numbers_of_states_and_of_units_that_are_none_are_refused() {
        for text in ["categorical:0", "categorical:1", "categorical:1001"] {
            assert!(matches!(text.parse::<Units>(), Err(RbmError::States { .. })), "{text}");
        }
        for text in ["categorical", "categorical:", "categorical:-3", "categorical:2.5"] {
            assert!(matches!(text.parse::<Units>(), Err(RbmError::UnitsText(_))), "{text}");
        }
        let rbm = Rbm::random(7, 2, 0.1, &mut Streams::new(1).generator("test/init", 0));
        let refused = rbm.with_units("categorical:3".parse().unwrap(), Units::SPIN).unwrap_err();
        assert_eq!(refused.to_string(), "7 visible units cannot be categorical:3: there must be 3 units for each site");
    }

    #[test]
    fn rows_that_are_not_one_hot_are_refused() {
        let units = Units::categorical(3).unwrap();
        let rbm = Rbm::random(6, 2, 0.1, &mut Streams::new(1).generator("test/init", 0));
        let mut rbm = rbm.with_units(units, Units::SPIN).unwrap();
        for site in [[0.0f32, 0.0, 0.0], [1.0, 1.0, 0.0], [0.5, 0.5, 0.0], [1.0, f32::NAN, 0.0], [1.0, -1.0, 1.0]] {
            let mut v = Array2::zeros((4, 6));
            v.column_mut(0).fill(1.0);
            v.column_mut(5).fill(1.0);
            v.row_mut(2).iter_mut().skip(3).zip(site).for_each(|(v, x)| *v = x);
            let error = rbm.fit_visible_bias(v.view()).unwrap_err();
            assert!(matches!(error, RbmError::Site { sample: 2, site: 1, .. }), "{error}");
            assert!(error.to_string().contains("sample 2, site 1"), "{error}");
        }
    }

    /// Counted states: 1, 2 and 0 of three samples, and 0, 0 and 3.
    #[test]
    fn independent_sites_have_the_laplace_frequencies() {
        let units = Units::categorical(3).unwrap();
        let v =
            arr2(&[[1.0f32, 0.0, 0.0, 0.0, 0.0, 1.0], [0.0, 1.0, 0.0, 0.0, 0.0, 1.0], [0.0, 1.0, 0.0, 0.0, 0.0, 1.0]]);
        let p = [2.0 / 6.0, 3.0 / 6.0, 1.0 / 6.0, 1.0 / 6.0, 1.0 / 6.0, 4.0 / 6.0f64];
        let law = IndependentUnits::fit(&units, 6, |take| v.rows().into_iter().for_each(take));
        assert!((law.ln_p(v.row(0)) - (p[0] * p[5]).ln()).abs() < 1e-12);
        let mut rbm = Rbm::random(6, 2, 0.0, &mut Streams::new(1).generator("test/init", 0));
        rbm = rbm.with_units(units, Units::SPIN).unwrap();
        rbm.fit_visible_bias(v.view()).unwrap();
        let mut mean = Array2::zeros((1, 6));
        rbm.visible_mean(Array2::zeros((1, 2)).view(), &mut mean);
        assert!(mean.iter().zip(p).all(|(mean, p)| (f64::from(*mean) - p).abs() < 1e-6));
    }

    #[test]
    fn large_fields_do_not_overflow() {
        let units = Units::categorical(2).unwrap();
        let mut mean = [1e4f32, -1e4, -800.0, -800.0];
        assert_eq!(units.ln_sum(&mean.map(f64::from)), 1e4 + (2.0f64.ln() - 800.0));
        units.mean(4, &mut mean);
        assert_eq!(mean, [1.0, 0.0, 0.5, 0.5]);
    }

    /// q = 2 is a spin: fields z_1 - z_0 = 2 z.
    #[test]
    fn two_states_are_two_values() {
        let (units, z) = (Units::categorical(2).unwrap(), 0.8);
        let mut p = [0.0; 2];
        units.site_law(&[-z, z], &mut p);
        let mut mean = [0.0];
        Units::SPIN.mean_wide(&[z], &mut mean);
        assert!((p[1] - p[0] - mean[0]).abs() < 1e-14);
        assert!((units.ln_sum(&[-z, z]) - Units::SPIN.ln_sum(&[z])).abs() < 1e-14);
    }
}
