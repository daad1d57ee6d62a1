//! Free energies of the sampled states: where a convex function is least, by Newton's method.

use nalgebra::{Cholesky, DMatrix, DVector, Dyn};

use super::{Mbar, MbarError, dot};
use crate::reweighting::histogram::OVERLAP;

/// Free energies are converged when no step is longer.
const CONVERGED: f64 = 1e-10;
/// Steps of Newton's method that are tried.
const MOST_STEPS: usize = 200;
const SINGULAR: &str = "free energies are not defined: a series does not overlap with the others; sample between them";

impl Mbar {
    /// Free energies by steps from a state to one that overlaps with it; all must be reached.
    pub(super) fn first_guess(&self) -> Result<Vec<f64>, MbarError> {
        let k = self.states.len();
        let f = self.joined_with(0);
        if f.iter().all(|f| !f.is_nan()) {
            return Ok(f);
        }
        let pairs = (0..k).flat_map(|i| (0..k).map(move |j| (i, j)));
        let across = pairs.filter(|(i, j)| !f[*i].is_nan() && f[*j].is_nan());
        let apart = |(i, j): &(usize, usize)| {
            let (a, b) = (self.states[*i], self.states[*j]);
            (a.beta - b.beta).abs().max((a.beta * a.y - b.beta * b.y).abs())
        };
        let (a, b) = across.min_by(|a, b| apart(a).total_cmp(&apart(b))).unwrap_or((0, 0));
        Err(MbarError::Apart { a: self.states[a], b: self.states[b] })
    }

    /// Free energies of the states that steps from `first` reach, each to a state that overlaps with the one before;
    /// NaN elsewhere.
    pub(super) fn joined_with(&self, first: usize) -> Vec<f64> {
        let k = self.states.len();
        let mut f = vec![f64::NAN; k];
        f[first] = 0.0;
        // Of series i at half the way to j: ln <e^{-(u' - u_i)}> and the share of configurations that count.
        let half = |i: usize, j: usize| {
            let middle = self.folded(&self.states[i]).towards(&self.folded(&self.states[j]), 0.5);
            let range = self.first[i]..self.first[i + 1];
            let exponent = |n: usize| {
                self.u(&self.states[i], self.energy[n], self.x[n]) - self.u(&middle, self.energy[n], self.x[n])
            };
            let top = range.clone().map(exponent).fold(f64::NEG_INFINITY, f64::max);
            let (sum, squares) =
                range.clone().map(|n| libm::exp(exponent(n) - top)).fold((0.0, 0.0), |(a, b), w| (a + w, b + w * w));
            let n = range.len() as f64;
            (top + libm::log(sum / n), sum * sum / squares / n)
        };
        let mut front = vec![first];
        while let Some(i) = front.pop() {
            for j in 0..k {
                if !f[j].is_nan() {
                    continue;
                }
                let ((forth, share), (back, other)) = (half(i, j), half(j, i));
                if share >= OVERLAP && other >= OVERLAP {
                    f[j] = f[i] - forth + back;
                    front.push(j);
                }
            }
        }
        f
    }

    /// Newton's method on sum_n ln D(n) - sum_k N_k f_k; leaves shares and D behind, and returns the Hessian's factor
    /// (without f_0).
    pub(super) fn solve(&mut self) -> Result<Cholesky<f64, Dyn>, MbarError> {
        let k = self.states.len();
        let counts: Vec<f64> = (0..k).map(|i| self.size(i) as f64).collect();
        let mut f = self.f.clone();
        let mut least = self.fill(&f);
        for _ in 0..MOST_STEPS {
            let (gradient, hessian) = self.slopes(&counts);
            let factor = Cholesky::new(hessian).ok_or_else(|| MbarError::Undefined(SINGULAR.into()))?;
            let step = factor.solve(&gradient);
            if step.iter().all(|s| s.abs() < CONVERGED) {
                self.f = f;
                return Ok(factor);
            }
            // Convex, but a whole step may be too long far from the minimum.
            let mut length = 1.0;
            loop {
                let next: Vec<f64> = (0..k).map(|i| if i == 0 { 0.0 } else { f[i] - length * step[i - 1] }).collect();
                let value = self.fill(&next);
                if value <= least + 1e-12 * least.abs() || length < 1e-6 {
                    (f, least) = (next, value);
                    break;
                }
                length *= 0.5;
            }
        }
        Err(MbarError::Undefined(format!(
            "free energies did not converge in {MOST_STEPS} steps: series must overlap more; sample at states between \
             them"
        )))
    }

    /// Shares and D for the free energies `f`; returns the function that is to be least.
    fn fill(&mut self, f: &[f64]) -> f64 {
        let k = self.states.len();
        let ln_n: Vec<f64> = (0..k).map(|i| libm::log(self.size(i) as f64)).collect();
        let mut total = 0.0;
        for (n, share) in self.share.chunks_exact_mut(k).enumerate() {
            for (i, s) in share.iter_mut().enumerate() {
                *s = ln_n[i] + f[i] - self.states[i].u(self.energy[n], self.x[n], self.pairs);
            }
            let top = share.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            share.iter_mut().for_each(|s| *s = libm::exp(*s - top));
            let sum: f64 = share.iter().sum();
            share.iter_mut().for_each(|s| *s /= sum);
            self.ln_d[n] = top + libm::log(sum);
            total += self.ln_d[n];
        }
        total - (0..k).map(|i| self.size(i) as f64 * f[i]).sum::<f64>()
    }

    /// Gradient and Hessian with respect to f_1 ... f_{K-1}.
    fn slopes(&self, counts: &[f64]) -> (DVector<f64>, DMatrix<f64>) {
        let k = self.states.len();
        let mut gradient = DVector::from_fn(k - 1, |i, _| -counts[i + 1]);
        let mut hessian = DMatrix::zeros(k - 1, k - 1);
        for share in self.share.chunks_exact(k) {
            for i in 1..k {
                gradient[i - 1] += share[i];
                for j in 1..i {
                    hessian[(i - 1, j - 1)] -= share[i] * share[j];
                }
                hessian[(i - 1, i - 1)] += share[i] * (1.0 - share[i]);
            }
        }
        hessian.fill_upper_triangle_with_lower_triangle();
        (gradient, hessian)
    }

    /// (N_k'/N_k) e^{f_k' - f_k} without the block `b`, by steps with the Hessian of all.
    pub(super) fn without(&self, b: u32, hessian: &Cholesky<f64, Dyn>) -> Result<Vec<f64>, MbarError> {
        let k = self.states.len();
        let kept: Vec<f64> = (0..k).map(|i| self.kept(i, b)).collect();
        let part: Vec<f64> = (0..k).map(|i| kept[i] / self.size(i) as f64).collect();
        let scale = self.len() as f64 / kept.iter().sum::<f64>();
        let mut a = part.clone();
        let mut shift = vec![0.0; k];
        for _ in 0..MOST_STEPS {
            let mut gradient = DVector::from_fn(k - 1, |i, _| -kept[i + 1]);
            for (n, share) in self.share.chunks_exact(k).enumerate() {
                if self.block[n] != b {
                    let d = dot(share, &a);
                    (1..k).for_each(|i| gradient[i - 1] += share[i] * a[i] / d);
                }
            }
            let step = hessian.solve(&gradient);
            for i in 1..k {
                shift[i] -= scale * step[i - 1];
                a[i] = part[i] * libm::exp(shift[i]);
            }
            if step.iter().all(|s| s.abs() < CONVERGED) {
                return Ok(a);
            }
        }
        Err(MbarError::Undefined(
            "free energies without a block did not converge: series must overlap more; draw more configurations".into(),
        ))
    }
}
