//! Free energy, pseudo-likelihood and likelihood of visible states.

use super::{Rbm, RbmError, Sites};
use crate::statistics::Estimate;
use ndarray::{Array1, ArrayView1, ArrayView2, s};
use rayon::prelude::*;

/// Rows that one task takes. Fixed, so that sums do not depend on threads.
const CHUNK: usize = 64;

/// Pseudo-likelihood of data: see [`Rbm::pseudo_likelihood`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PseudoLikelihood {
    /// Mean over samples of sum_i ln p(v_i | all other units), in nats, with its standard error.
    pub total: Estimate,
    /// The same divided by the number of visible units, or of sites where a state takes several units: nats per unit.
    pub per_unit: Estimate,
}

impl Rbm {
    /// Free energy F(v) = -ln sum_h exp(-H(v, h)) of each row, in units of k_B T, in f64.
    ///
    /// `v`: shape (n, n_visible), values of the visible unit kind (other real values extend it). Returns length n.
    /// For Gaussian units, hidden ones are integrated over and exp(-F) is a density. O(n n_visible n_hidden). Thesis
    /// eq. 2.4.16 summed over h: for spins F = -b.v - sum_a ln 2 cosh(c_a + sum_i v_i w_ia).
    ///
    /// # Panics
    /// If `v` has another width than the machine, which is an error of the caller.
    ///
    /// ```
    /// use ndarray::array;
    /// use rgflow::{random::Streams, rbm::Rbm};
    /// // Without weights: the free hidden spin alone, -ln 2.
    /// let rbm = Rbm::random(2, 1, 0.0, &mut Streams::new(1).generator("example", 0));
    /// let f = rbm.free_energy(array![[1.0f32, -1.0], [1.0, 1.0]].view());
    /// assert!(f.iter().all(|f| (f + 2.0f64.ln()).abs() < 1e-12));
    /// ```
    pub fn free_energy(&self, v: ArrayView2<f32>) -> Vec<f64> {
        self.by_rows(v, |v, z| -self.ln_weight(v, z))
    }

    /// Mean of ln p(v) over the rows of `v`, in nats per sample, with the standard error of that mean over samples,
    /// given ln Z (from [`Rbm::ln_z`], or an estimate whose error is not part of this one).
    ///
    /// # Panics
    /// If `v` has another width than the machine, which is an error of the caller.
    ///
    /// ```
    /// use ndarray::array;
    /// use rgflow::{random::Streams, rbm::Rbm};
    /// // Without weights all four states have the probability 1/4.
    /// let rbm = Rbm::random(2, 1, 0.0, &mut Streams::new(1).generator("example", 0));
    /// let ln_p = rbm.log_likelihood(array![[1.0f32, -1.0], [1.0, 1.0]].view(), rbm.ln_z()?);
    /// assert!((ln_p.value + 4.0f64.ln()).abs() < 1e-12);
    /// # Ok::<(), rgflow::rbm::RbmError>(())
    /// ```
    pub fn log_likelihood(&self, v: ArrayView2<f32>, ln_z: f64) -> Estimate {
        mean_of(&self.free_energy(v).into_iter().map(|f| -f - ln_z).collect::<Vec<_>>())
    }

    /// KL(q || p) in nats from independent samples `v` of a law q whose ln q(v) is known, `ln_q` for each row, given
    /// ln Z: the mean of ln q - ln p, with its standard error over samples. Paired so, the error is far below that of
    /// the mean of ln p.
    ///
    /// # Panics
    /// If `v` has another width than the machine, or `ln_q` another length than `v` has rows: errors of the caller.
    ///
    /// ```
    /// use rgflow::{exact::{Mixture, transfer}, lattice::Temperature, random::Streams, rbm::Rbm};
    /// let (streams, t) = (Streams::new(1), Temperature::CRITICAL);
    /// let drawn = transfer::Sampler::new(4, 4, t)?.sample(1000, &mut streams.generator("example/data", 0));
    /// let (v, law) = (drawn.spins.mapv(f32::from), Mixture::square(4, 4, &[(t, 1.0)])?);
    /// let ln_q = law.ln_q_of(v.view());
    /// // Weak weights: nearly independent spins.
    /// let rbm = Rbm::random(16, 4, 0.01, &mut streams.generator("example/init", 0));
    /// let kl = rbm.kl_from(&ln_q, v.view(), rbm.ln_z()?);
    /// assert!((kl.value - (16.0 * 2.0f64.ln() - law.entropy()?)).abs() < 5.0 * kl.error + 0.01);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn kl_from(&self, ln_q: &[f64], v: ArrayView2<f32>, ln_z: f64) -> Estimate {
        assert_eq!(ln_q.len(), v.nrows(), "ln q of each sample");
        mean_of(&self.free_energy(v).iter().zip(ln_q).map(|(f, ln_q)| ln_q + f + ln_z).collect::<Vec<_>>())
    }

    /// Pseudo-likelihood sum_i ln p(v_i | all other units) (Besag 1975): needs no Z. All units, none picked at random.
    ///
    /// `v`: shape (n, n_visible), states of discrete units. Where a state takes several units, each term is that of a
    /// site. O(n n_visible n_hidden).
    ///
    /// # Errors
    /// [`RbmError::NotTwoValued`] for Gaussian visible units, whose conditional law is a mixture of 2^n_hidden normal
    /// laws; [`RbmError::Data`] or [`RbmError::Site`] for what is no state; [`RbmError::Shape`] for another width.
    ///
    /// ```
    /// use ndarray::array;
    /// use rgflow::{random::Streams, rbm::Rbm};
    /// // Without weights each of the two terms is ln 1/2.
    /// let rbm = Rbm::random(2, 1, 0.0, &mut Streams::new(1).generator("example", 0));
    /// let seen = rbm.pseudo_likelihood(array![[1.0f32, -1.0], [1.0, 1.0]].view())?;
    /// assert!((seen.total.value + 4.0f64.ln()).abs() < 1e-12 && rbm.n_terms() == 2);
    /// # Ok::<(), rgflow::rbm::RbmError>(())
    /// ```
    pub fn pseudo_likelihood(&self, v: ArrayView2<f32>) -> Result<PseudoLikelihood, RbmError> {
        let total = mean_of(&self.pseudo_likelihoods(v)?);
        let n = self.n_terms() as f64;
        Ok(PseudoLikelihood {
            total,
            per_unit: Estimate { value: total.value / n, error: total.error / n, n_eff: total.n_eff },
        })
    }

    /// Number of terms of a pseudo-likelihood: visible units, or sites where a state takes several units.
    pub fn n_terms(&self) -> usize {
        self.n_visible() / self.visible_units().sites().map_or(1, |sites| sites.width())
    }

    /// The pseudo-likelihood sum_i ln p(v_i | all other units) of each row of `v`, in nats:
    /// [`Rbm::pseudo_likelihood`] is their mean.
    ///
    /// # Errors
    /// As [`Rbm::pseudo_likelihood`].
    ///
    /// ```
    /// use rgflow::{random::Streams, rbm::Rbm};
    /// let rbm = Rbm::random(1, 2, 0.5, &mut Streams::new(1).generator("example", 0));
    /// let v = ndarray::array![[1.0f32], [-1.0]];
    /// // The only unit has no others: ln p(v) itself.
    /// let (energies, ln_z) = (rbm.free_energy(v.view()), rbm.ln_z()?);
    /// for (pseudo, f) in rbm.pseudo_likelihoods(v.view())?.iter().zip(energies) {
    ///     assert!((pseudo + f + ln_z).abs() < 1e-12);
    /// }
    /// # Ok::<(), rgflow::rbm::RbmError>(())
    /// ```
    pub fn pseudo_likelihoods(&self, v: ArrayView2<f32>) -> Result<Vec<f64>, RbmError> {
        let what = "the pseudo-likelihood";
        let sites = self.visible_sites(what)?;
        if v.ncols() != self.n_visible() {
            let (expected, found) = (self.n_visible(), v.ncols());
            return Err(RbmError::Shape { what: "columns of the data", expected, found });
        }
        self.check_states(v, &sites)?;
        Ok(self.by_rows(v, |v, z| {
            let linear: f64 = v.iter().zip(&self.visible_bias).map(|(v, b)| f64::from(*v) * f64::from(*b)).sum();
            let here = linear + self.hidden_units().ln_sum(z);
            let mut moved = z.to_vec();
            let mut sum = 0.0;
            for first in (0..v.len()).step_by(sites.width()) {
                let now = v.slice(s![first..first + sites.width()]);
                // ln p(v_i | rest) = -ln(1 + sum over other states of exp(there - here)): the largest term is taken
                // out.
                let (mut top, mut rest) = (0.0, 0.0);
                let others = (0..sites.states()).map(|state| sites.values(state));
                for other in others.filter(|values| now.iter().ne(*values)) {
                    moved.copy_from_slice(z);
                    let mut there = linear;
                    for (i, (value, now)) in (first..).zip(other.iter().zip(now)).filter(|(_, (a, b))| a != b) {
                        let change = f64::from(*value) - f64::from(*now);
                        moved.iter_mut().zip(self.weights.row(i)).for_each(|(m, w)| *m += change * f64::from(*w));
                        there += change * f64::from(self.visible_bias[i]);
                    }
                    let x = there + self.hidden_units().ln_sum(&moved) - here;
                    if x > top {
                        rest = (rest + 1.0) * libm::exp(top - x);
                        top = x;
                    } else {
                        rest += libm::exp(x - top);
                    }
                }
                sum -= top + libm::log1p(rest);
            }
            sum
        }))
    }

    /// Refuses rows of visible values that are no states.
    pub(super) fn check_states(&self, v: ArrayView2<f32>, sites: &Sites) -> Result<(), RbmError> {
        let mut rows = v.rows().into_iter().enumerate();
        let wrong = rows.find_map(|(sample, row)| Some((sample, row, sites.misfit(row)?)));
        wrong.map_or(Ok(()), |(sample, row, unit)| Err(self.visible_units().refusal(sample, unit, row)))
    }

    /// `of` each row and the fields of its hidden units, in the order of the rows.
    fn by_rows(&self, v: ArrayView2<f32>, of: impl Fn(ArrayView1<f32>, &[f64]) -> f64 + Sync) -> Vec<f64> {
        assert_eq!(v.ncols(), self.n_visible(), "columns of the visible states");
        let chunk = |start: usize| -> Vec<f64> {
            let mut z = Array1::zeros(self.n_hidden());
            let rows = start..(start + CHUNK).min(v.nrows());
            let of_row = |r: usize| {
                self.add_fields(v.row(r), &mut z);
                of(v.row(r), z.as_slice().expect("contiguous"))
            };
            rows.map(of_row).collect()
        };
        if v.nrows() <= CHUNK {
            return chunk(0);
        }
        let starts: Vec<usize> = (0..v.nrows()).step_by(CHUNK).collect();
        let chunks: Vec<Vec<f64>> = starts.into_par_iter().map(chunk).collect();
        chunks.concat()
    }

    /// z_a = c_a + sum_i v_i w_ia.
    fn add_fields(&self, v: ArrayView1<f32>, z: &mut Array1<f64>) {
        z.zip_mut_with(&self.hidden_bias, |z, c| *z = f64::from(*c));
        for (v, row) in v.iter().zip(self.weights.rows()) {
            let v = f64::from(*v);
            z.zip_mut_with(&row, |z, w| *z += v * f64::from(*w));
        }
    }

    /// -F(v), given the fields of the hidden units.
    fn ln_weight(&self, v: ArrayView1<f32>, z: &[f64]) -> f64 {
        let linear: f64 = v.iter().zip(&self.visible_bias).map(|(v, b)| f64::from(*v) * f64::from(*b)).sum();
        linear - self.visible_units().own_energy(v.iter().copied()) + self.hidden_units().ln_sum(z)
    }
}

/// Mean and its standard error over independent samples.
fn mean_of(values: &[f64]) -> Estimate {
    let n = values.len() as f64;
    let value = values.iter().sum::<f64>() / n;
    let square = values.iter().map(|x| (x - value) * (x - value)).sum::<f64>();
    let error = if values.len() < 2 { f64::NAN } else { (square / (n * (n - 1.0))).sqrt() };
    Estimate { value, error, n_eff: n }
}
