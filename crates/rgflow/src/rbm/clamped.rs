//! Some visible units held at known values: what is left is a machine of the other units.

use super::{Chains, Kernel, Rbm, RbmError};
use crate::random::Bulk;
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};

impl Rbm {
    /// The machine of the unknown visible units given the others: its law is p(v_unknown | v_known).
    ///
    /// Known units act on the hidden ones as biases, c'_a = c_a + sum over known i of v_i w_ia, so that weights,
    /// visible biases and kinds of the unknown units stay. `v`: n_visible values, of which only those of known units
    /// are read; `unknown`: whether each unit is.
    ///
    /// # Errors
    /// [`RbmError::Shape`] for another number of values or marks, or if no unit is unknown; [`RbmError::PartlyKnown`]
    /// if a site of several units is known in part.
    ///
    /// ```
    /// use ndarray::array;
    /// use rgflow::{random::Streams, rbm::Rbm};
    /// let rbm = Rbm::random(3, 2, 0.5, &mut Streams::new(1).generator("example", 0));
    /// let left = rbm.clamped(array![1.0, 0.0, -1.0].view(), &[false, true, false])?;
    /// assert_eq!(left.n_visible(), 1);
    /// // p(s | +, -) = p(+ s -)/(p(+ + -) + p(+ - -)); in state s of p(v) unit i is up if bit i of s is 1.
    /// let p = rbm.visible_law()?;
    /// assert!((left.visible_law()?[1] - p[0b011] / (p[0b011] + p[0b001])).abs() < 1e-7);
    /// # Ok::<(), rgflow::rbm::RbmError>(())
    /// ```
    pub fn clamped(&self, v: ArrayView1<f32>, unknown: &[bool]) -> Result<Self, RbmError> {
        let n = self.n_visible();
        for (what, found) in [("values of the visible units", v.len()), ("marks of unknown units", unknown.len())] {
            if found != n {
                return Err(RbmError::Shape { what, expected: n, found });
            }
        }
        self.check_sites(0, unknown)?;
        let left: Vec<usize> = (0..n).filter(|i| unknown[*i]).collect();
        let mut fields: Vec<f64> = self.hidden_bias.iter().map(|c| f64::from(*c)).collect();
        for i in (0..n).filter(|i| !unknown[*i]) {
            let v = f64::from(v[i]);
            fields.iter_mut().zip(self.weights.row(i)).for_each(|(z, w)| *z += v * f64::from(*w));
        }
        Self::new(
            self.weights.select(Axis(0), &left),
            self.visible_bias.select(Axis(0), &left),
            fields.into_iter().map(|z| z as f32).collect::<Array1<f32>>(),
            self.visible_units().select(&left),
            self.hidden_units().clone(),
        )
    }

    /// Refuses marks, of the row `sample`, by which a site of several units is known in part.
    pub(super) fn check_sites(&self, sample: usize, unknown: &[bool]) -> Result<(), RbmError> {
        let width = self.visible_units().sites().map_or(1, |sites| sites.width());
        let mixed = |site: &[bool]| site.iter().any(|u| *u != site[0]);
        match unknown.chunks(width).position(mixed) {
            Some(site) => Err(RbmError::PartlyKnown { sample, site, units: self.visible_units().to_string() }),
            None => Ok(()),
        }
    }
}

/// Chains whose known units stay.
pub(super) struct Walk<'a> {
    kernel: &'a Kernel,
    chains: Chains,
    known: ArrayView2<'a, f32>,
    unknown: ArrayView2<'a, bool>,
    /// The visible units.
    pub(super) v: Array2<f32>,
    h: Array2<f32>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(kernel: &'a Kernel, known: ArrayView2<'a, f32>, unknown: ArrayView2<'a, bool>) -> Self {
        let (rbm, rows) = (kernel.rbm(), known.nrows());
        let h = Array2::zeros((rows, rbm.n_hidden()));
        let mut v = Array2::zeros(known.raw_dim());
        rbm.visible_mean(h.view(), &mut v);
        let mut walk = Self { kernel, chains: Chains::new(kernel, rows), known, unknown, v, h };
        walk.set_back();
        walk
    }

    /// Starts from the first state of all unknown units (two-valued ones low, Gaussian ones 0).
    pub(super) fn start_low(&mut self, rbm: &Rbm) {
        let n = rbm.n_visible();
        let first = rbm.visible_units().sites().map_or(vec![0.0; n], |sites| sites.layer(0, n));
        self.v.rows_mut().into_iter().for_each(|mut row| row.assign(&ArrayView1::from(&first)));
        self.set_back();
    }

    /// Sets the known units to their values.
    fn set_back(&mut self) {
        ndarray::Zip::from(&mut self.v)
            .and(&self.known)
            .and(&self.unknown)
            .for_each(|v, known, u| *v = if *u { *v } else { *known });
    }

    pub(super) fn step(&mut self, random: &mut Bulk) {
        self.chains.set_visible(self.v.view()).expect("as many rows and units");
        self.chains.step(self.kernel, random);
        self.chains.write_visible(self.v.as_slice_mut().expect("standard layout"));
        self.set_back();
    }

    /// Adds the expectations of the visible units at the hidden ones of the last step.
    pub(super) fn add_means(&mut self, sum: &mut Array2<f64>) {
        self.chains.write_hidden(self.h.as_slice_mut().expect("standard layout"));
        let mut means = Array2::zeros(self.v.raw_dim());
        self.kernel.rbm().visible_mean(self.h.view(), &mut means);
        sum.zip_mut_with(&means, |sum, mean| *sum += f64::from(*mean));
    }
}

#[cfg(test)]
mod tests {
    use crate::rbm::exact_sums::tests::machine;
    use crate::rbm::{RbmError, Sites};
    use ndarray::ArrayView1;

    /// Of every state of machines of all discrete kinds, ln p(v) = ln p(v_known) + ln p(v_unknown | v_known), the
    /// second by enumeration of both; 1e-5: single precision of the new biases.
    #[test]
    fn the_law_of_the_unknown_units_is_the_conditional_one() {
        for units in ["spin", "binary", "-3,0.5", "categorical:3"] {
            let rbm = machine(6, 3, 0.5, [units, "spin"]);
            let sites = rbm.visible_units().sites().unwrap();
            let unknown = if sites.width() == 3 {
                [false, false, false, true, true, true]
            } else {
                [false, true, true, false, true, false]
            };
            let of = |row: &[f32], wanted: bool| -> Vec<f32> {
                row.iter().zip(unknown).filter(|(_, u)| *u == wanted).map(|(v, _)| *v).collect()
            };
            let ln_p = rbm.ln_visible_law().unwrap();
            let states: Vec<Vec<f32>> = (0..ln_p.len()).map(|s| sites.layer(s as u64, 6)).collect();
            for (row, ln) in states.iter().zip(&ln_p) {
                let same = states.iter().zip(&ln_p).filter(|(other, _)| of(other, false) == of(row, false));
                let known = same.map(|(_, ln)| ln.exp()).sum::<f64>().ln();
                let left = rbm.clamped(ArrayView1::from(row), &unknown).unwrap();
                let sites: Sites = left.visible_units().sites().unwrap();
                let given = left.ln_visible_law().unwrap()[sites.index(&of(row, true)).unwrap() as usize];
                assert!((ln - known - given).abs() < 1e-5, "{units}: {ln} = {known} + {given}");
            }
        }
    }

    /// Each unit keeps its own sigma: the mean at fixed hidden units is sigma^2 times the field.
    #[test]
    fn gaussian_units_keep_their_widths() {
        let rbm = machine(3, 2, 0.3, ["gaussian:0.5,1,2", "spin"]);
        let left = rbm.clamped(ArrayView1::from(&[0.0, 7.0, 0.0]), &[true, false, true]).unwrap();
        assert_eq!(left.visible_units().to_string(), "gaussian:0.5,2");
        // ln p(v_1 = 7) = ln Z of what is left less ln Z, with the terms of the known unit; against an integral over
        // the second unit.
        let ln = |x: f64| {
            let other = rbm.clamped(ArrayView1::from(&[0.0, x as f32, 0.0]), &[true, false, true]).unwrap();
            other.ln_z().unwrap() + f64::from(rbm.visible_bias[1]) * x - x * x / 2.0
        };
        let step = 1.0 / 64.0;
        let z: f64 = (-1280..1280).map(|k| step * ln(f64::from(k) * step).exp()).sum();
        assert!((z.ln() - rbm.ln_z().unwrap()).abs() < 1e-6, "{} {}", z.ln(), rbm.ln_z().unwrap());
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let rbm = machine(6, 3, 0.5, ["categorical:3", "spin"]);
        let v = [0.0; 6];
        let split = rbm.clamped(ArrayView1::from(&v), &[true, true, true, false, true, false]);
        assert!(matches!(split, Err(RbmError::PartlyKnown { site: 1, .. })));
        assert!(matches!(rbm.clamped(ArrayView1::from(&v), &[false; 6]), Err(RbmError::Shape { .. })));
        assert!(matches!(rbm.clamped(ArrayView1::from(&v[..5]), &[true; 6]), Err(RbmError::Shape { .. })));
    }
}
