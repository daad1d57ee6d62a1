//! The exact spectrum of the Gibbs kernel v -> h -> v' of a small machine.
//!
//! With M_vh = p(v, h) / sqrt(p(v) p(h)), the kernel K(v, v') = sum_h p(h|v) p(v'|h) is similar to M M^T: it is
//! reversible with respect to p(v), and its eigenvalues are the squared singular values of M, real and in [0, 1]. M^T
//! M, of the kernel h -> v -> h', has the same non-zero ones, so the matrix of the smaller layer suffices.

use super::enumeration::VisibleStates;
use super::{Rbm, RbmError, Sites, Units};
use crate::decomposition::symmetric_eigenvalues;
use nalgebra::DMatrix;

/// Largest size of the smaller layer.
pub const MOST_SMALLER: usize = 12;
/// Largest size of the larger layer.
pub const MOST_LARGER: usize = 16;

/// Spectrum of a Gibbs kernel: see [`Rbm::gibbs_spectrum`].
#[derive(Clone, Debug, PartialEq)]
pub struct Spectrum {
    /// Eigenvalues, falling; the first is 1. There are as many as the smaller layer has states; the kernel on the
    /// larger layer has these and zeros.
    pub eigenvalues: Vec<f64>,
}

impl Spectrum {
    /// The second eigenvalue, in [0, 1].
    pub fn second(&self) -> f64 {
        self.eigenvalues.get(1).copied().unwrap_or(0.0)
    }

    /// 1 - lambda_2, in [0, 1].
    pub fn gap(&self) -> f64 {
        1.0 - self.second()
    }

    /// Relaxation time -1 / ln lambda_2 of the slowest mode, in steps v -> h -> v: 0 for independent draws, infinite if
    /// lambda_2 is 1 within rounding.
    pub fn relaxation_time(&self) -> f64 {
        let second = self.second();
        if second <= 0.0 {
            0.0
        } else if second >= 1.0 {
            f64::INFINITY
        } else {
            -1.0 / libm::log(second)
        }
    }
}

impl Rbm {
    /// Eigenvalues of the Gibbs kernel v -> h -> v, exactly: discrete units, at most 12 two-valued ones in the smaller
    /// layer and 16 in the larger one, or as many states of others.
    ///
    /// With m two-valued units in the smaller layer and n in the larger one: O(2^(n + 2 m) + 2^(3 m)) operations: about
    /// a second up to 10, one to two minutes and half a GiB for 12 + 12. Eigenvalues are right to about 1e-14, so
    /// relaxation times beyond 1e13 are not told apart.
    ///
    /// # Errors
    /// [`RbmError::NotTwoValued`], [`RbmError::TooLarge`], [`RbmError::NotFinite`], [`RbmError::NotConverged`].
    ///
    /// ```
    /// use ndarray::{array, arr1};
    /// use rgflow::rbm::{Rbm, Units};
    /// // Two spins joined by w: each half-step keeps the mean times tanh w.
    /// let rbm = Rbm::new(array![[0.5f32]], arr1(&[0.0]), arr1(&[0.0]), Units::SPIN, Units::SPIN)?;
    /// let spectrum = rbm.gibbs_spectrum()?;
    /// assert!((spectrum.second() - 0.5f64.tanh().powi(2)).abs() < 1e-12);
    /// assert!((spectrum.gap() + spectrum.second() - 1.0).abs() < 1e-12);
    /// assert!((spectrum.relaxation_time() + 0.5 / 0.5f64.tanh().ln()).abs() < 1e-9);
    /// # Ok::<(), rgflow::rbm::RbmError>(())
    /// ```
    pub fn gibbs_spectrum(&self) -> Result<Spectrum, RbmError> {
        const WHAT: &str = "the spectrum of the Gibbs kernel";
        let (hidden, m) = (self.hidden_sites(WHAT)?, self.n_hidden());
        if self.visible_sites(WHAT)?.ln_count(self.n_visible()) < hidden.ln_count(m) {
            // The same non-zero eigenvalues; errors about the layers have been excluded before.
            return self.mirrored().gibbs_spectrum();
        }
        let most = hidden.most_units(MOST_SMALLER);
        if m > most {
            return Err(RbmError::TooLarge { what: WHAT, most, found: m });
        }
        let states = VisibleStates::new(self, WHAT, MOST_LARGER)?;
        let mirrored = self.mirrored();
        let ln_weight_h = ln_weights(&VisibleStates::new(&mirrored, WHAT, MOST_SMALLER)?);
        let mut kernel = DMatrix::<f64>::zeros(ln_weight_h.len(), ln_weight_h.len());
        // Rows of M for a block of visible states at a time: M_vh = sqrt(p(v) / p(h)) p(h | v).
        for block in 0..states.blocks() {
            let size = states.block_size();
            let mut part = DMatrix::<f64>::zeros(ln_weight_h.len(), size);
            states.walk(block, &mut |visit| {
                let mut column = part.column_mut(visit.state % size);
                conditional_law(visit.fields, self.hidden_units(), &hidden, column.as_mut_slice());
                for (p, ln_weight) in column.iter_mut().zip(&ln_weight_h) {
                    // p(h|v) = 0 below the smallest number; its factor may be large but not large enough.
                    *p = if *p == 0.0 { 0.0 } else { *p * libm::exp(0.5 * (visit.ln_weight - ln_weight)) };
                }
            });
            kernel.gemm(1.0, &part, &part.transpose(), 1.0);
        }
        let found = symmetric_eigenvalues(kernel).ok_or(RbmError::NotConverged { what: WHAT })?;
        let mut eigenvalues: Vec<f64> = found.iter().map(|x| x.clamp(0.0, 1.0)).collect();
        eigenvalues.sort_by(|a, b| b.total_cmp(a));
        Ok(Spectrum { eigenvalues })
    }

    /// The exact matrix K(v, v') = sum_h p(h|v) p(v'|h) of the Gibbs kernel, rows v, for at most 12 two-valued units in
    /// each layer, or as many states of others (at most 2^12 x 2^12 numbers); states as in [`Rbm::ln_visible_law`].
    ///
    /// # Errors
    /// [`RbmError::NotTwoValued`], [`RbmError::TooLarge`], [`RbmError::NotFinite`].
    ///
    /// ```
    /// use rgflow::{random::Streams, rbm::Rbm};
    /// let rbm = Rbm::random(3, 2, 0.5, &mut Streams::new(1).generator("example", 0));
    /// let (kernel, law) = (rbm.gibbs_kernel()?, rbm.visible_law()?);
    /// // A step of the chain keeps the machine's law.
    /// assert!(law.dot(&kernel).iter().zip(&law).all(|(after, before)| (after - before).abs() < 1e-12));
    /// # Ok::<(), rgflow::rbm::RbmError>(())
    /// ```
    pub fn gibbs_kernel(&self) -> Result<ndarray::Array2<f64>, RbmError> {
        const WHAT: &str = "the matrix of the Gibbs kernel";
        let to_hidden = conditional_laws(self, WHAT)?;
        let to_visible = conditional_laws(&self.mirrored(), WHAT)?;
        Ok(to_hidden.dot(&to_visible))
    }
}

/// p(h | v), shape (visible states, hidden states).
fn conditional_laws(rbm: &Rbm, what: &'static str) -> Result<ndarray::Array2<f64>, RbmError> {
    let (hidden, m) = (rbm.hidden_sites(what)?, rbm.n_hidden());
    let states = VisibleStates::new(rbm, what, MOST_SMALLER)?;
    let most = hidden.most_units(MOST_SMALLER);
    if m > most {
        return Err(RbmError::TooLarge { what, most, found: m });
    }
    let mut laws = ndarray::Array2::zeros((states.count(), hidden.count(m).unwrap_or(0) as usize));
    for block in 0..states.blocks() {
        states.walk(block, &mut |visit| {
            let mut row = laws.row_mut(visit.state);
            conditional_law(visit.fields, rbm.hidden_units(), &hidden, row.as_slice_mut().expect("standard layout"));
        });
    }
    Ok(laws)
}

/// -F of all states.
fn ln_weights(states: &VisibleStates) -> Vec<f64> {
    let mut all = vec![0.0; states.count()];
    for block in 0..states.blocks() {
        states.walk(block, &mut |visit| all[visit.state] = visit.ln_weight);
    }
    all
}

/// The product law of a layer of independent sites in the fields `z`, of all of its states.
fn conditional_law(z: &[f64], units: &Units, sites: &Sites, law: &mut [f64]) {
    let mut p = vec![0.0; sites.states()];
    law[0] = 1.0;
    let mut known = 1;
    for z in z.chunks_exact(sites.width()) {
        units.site_law(z, &mut p);
        // The first state in place, last: the others are made of what is known.
        let (first, others) = law[..known * p.len()].split_at_mut(known);
        for (new, p) in others.chunks_exact_mut(known).zip(&p[1..]) {
            new.iter_mut().zip(&*first).for_each(|(new, known)| *new = known * p);
        }
        first.iter_mut().for_each(|known| *known *= p[0]);
        known *= p.len();
    }
}
