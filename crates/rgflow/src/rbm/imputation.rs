//! Training on samples of which some values are unknown: the likelihood is that of the known ones.
//!
//! d ln p(v_known) = \<dE>_p(v, h) - \<dE>_p(v_unknown, h | v_known) (Little and Rubin, Statistical Analysis with
//! Missing Data): the positive phase needs the unknown units given the known ones. Each sample keeps the states of its
//! unknown units, and whenever it comes they go on by Gibbs steps of the present machine with the known units held, as
//! the chains of a persistent negative phase do.

use super::samples::Prepared;
use super::{Chains, Kernel, Rbm, RbmError};
use crate::random::Bulk;
use crate::restart::{Unfit, decode, encode};
use ndarray::{Array2, ArrayView2};

/// Marks of the unknown values of samples.
pub(super) struct Imputation {
    /// Shape (samples, n_visible).
    unknown: Array2<bool>,
    /// Whether a sample has any.
    any: Vec<bool>,
    random: Bulk,
}

impl Imputation {
    /// Of samples of `rbm`.
    ///
    /// # Errors
    /// [`RbmError::Shape`] for marks of another shape than (`samples`, n_visible); [`RbmError::PartlyKnown`] where a
    /// site of several units is known in part.
    pub(super) fn new(rbm: &Rbm, samples: usize, unknown: ArrayView2<bool>, random: Bulk) -> Result<Self, RbmError> {
        let fits = |what, expected, found| {
            if expected == found { Ok(()) } else { Err(RbmError::Shape { what, expected, found }) }
        };
        fits("columns of the marks of unknown values", rbm.n_visible(), unknown.ncols())?;
        fits("rows of the marks of unknown values", samples, unknown.nrows())?;
        for (sample, row) in unknown.rows().into_iter().enumerate() {
            rbm.check_sites(sample, &row.to_vec())?;
        }
        let any = unknown.rows().into_iter().map(|row| row.iter().any(|u| *u)).collect();
        Ok(Self { unknown: unknown.to_owned(), any, random })
    }

    /// `steps` Gibbs steps of `rbm` of the unknown values of the samples `rows` of `data`, each sample once.
    pub(super) fn advance(&mut self, rbm: &Rbm, data: &mut Prepared, rows: &[usize], steps: usize) {
        let mut rows: Vec<usize> = rows.iter().copied().filter(|row| self.any[*row]).collect();
        rows.sort_unstable();
        rows.dedup();
        // Parameters that are not finite are seen by the next evaluation.
        if rows.is_empty() || !rbm.is_finite() {
            return;
        }
        let kernel = Kernel::new(rbm);
        let mut chains = Chains::new(&kernel, rows.len());
        data.put(&rows, &mut chains);
        let mut known = Array2::zeros((rows.len(), rbm.n_visible()));
        chains.write_visible(known.as_slice_mut().expect("standard layout"));
        let mut v = known.clone();
        for _ in 0..steps {
            chains.step(&kernel, &mut self.random);
            chains.write_visible(v.as_slice_mut().expect("standard layout"));
            for ((mut v, known), row) in v.rows_mut().into_iter().zip(known.rows()).zip(&rows) {
                let units = v.iter_mut().zip(known).zip(self.unknown.row(*row));
                units.filter(|(_, unknown)| !**unknown).for_each(|((v, known), _)| *v = *known);
            }
            chains.set_visible(v.view()).expect("as many rows and units");
        }
        data.set(rbm, &rows, v.view());
    }

    /// State for a restart, besides the machine: the completed samples and the random numbers.
    pub(super) fn save(&self, data: &Prepared) -> Vec<u8> {
        match data {
            Prepared::Bits(bits) => encode(&(&bits[..], &[] as &[f32], &self.random)),
            Prepared::Values(values) => {
                let values: Vec<f32> = values.iter().copied().collect();
                encode(&(&[] as &[u8], values, &self.random))
            }
        }
    }

    /// Goes on from what [`Imputation::save`] gave.
    pub(super) fn restore(&mut self, data: &mut Prepared, state: &[u8]) -> Result<(), Unfit> {
        let (bits, values, random): (Vec<u8>, Vec<f32>, Bulk) = decode(state)?;
        self.random = random;
        data.restore(bits, values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learning::Batching;
    use crate::random::Streams;
    use crate::rbm::{Fit, Method, Training, Units};
    use crate::restart::whole_and_in_parts;

    /// Known values stay, and a training left anywhere ends with the same machine: bits, grey levels and real values.
    #[test]
    fn a_training_left_anywhere_goes_on() {
        let streams = Streams::new(1);
        for (visible, value) in [("spin", 1.0f32), ("spin", 0.5), ("gaussian:0.7", 0.3)] {
            let data =
                Array2::from_shape_fn((12, 5), |(s, i)| if (s * s + 2 * i * s) % 5 < 2 { value } else { -value });
            let unknown = Array2::from_shape_fn((12, 5), |(s, i)| (s + 2 * i) % 4 == 0);
            let rbm = Rbm::random(5, 3, 0.1, &mut streams.generator("test/init", 0));
            let rbm = rbm.with_units(visible.parse().unwrap(), Units::BINARY).unwrap();
            let batching = Batching::Mini { size: 5, repeats: true };
            let training =
                Training { updates: 20, batching, method: Method::Pcd, evaluate_every: 3, ..Training::default() };
            let fit = || {
                let fit = Fit::new(rbm.clone(), data.view(), data.view(), &training, streams.of("test")).unwrap();
                fit.with_unknown(unknown.view(), streams.bulk("test/unknown", 0)).unwrap()
            };
            let [whole, parts] = whole_and_in_parts(fit).map(|fit| fit.finish().unwrap().rbm);
            assert!(parts == whole, "{visible}, {value}");

            let mut completed = crate::rbm::Samples::from(data.view()).prepare(&rbm).unwrap();
            let mut imputation = Imputation::new(&rbm, 12, unknown.view(), streams.bulk("test/unknown", 0)).unwrap();
            imputation.advance(&rbm, &mut completed, &[3, 0, 3, 7], 4);
            let kernel = Kernel::new(&rbm);
            let mut chains = Chains::new(&kernel, 12);
            completed.put(&(0..12).collect::<Vec<_>>(), &mut chains);
            let mut v = Array2::zeros((12, 5));
            chains.write_visible(v.as_slice_mut().unwrap());
            let changed = |s: usize, i: usize| v[[s, i]] != data[[s, i]];
            let cells = || (0..12).flat_map(|s| (0..5).map(move |i| (s, i)));
            assert!(cells().all(|(s, i)| !changed(s, i) || (unknown[[s, i]] && [0, 3, 7].contains(&s))));
            assert!(cells().any(|(s, i)| changed(s, i)));
        }
    }

    #[test]
    fn marks_of_other_shapes_are_refused() {
        let rbm = Rbm::random(6, 2, 0.1, &mut Streams::new(1).generator("test/init", 0));
        let potts = rbm.clone().with_units("categorical:3".parse().unwrap(), Units::BINARY).unwrap();
        let refused = |rbm: &Rbm, marks: Array2<bool>| {
            let random = Streams::new(1).bulk("test/unknown", 0);
            Imputation::new(rbm, 2, marks.view(), random).err().unwrap().to_string()
        };
        let marks = |rows, columns| Array2::from_shape_fn((rows, columns), |(_, i)| i == 0);
        assert_eq!(refused(&rbm, marks(2, 5)), "columns of the marks of unknown values: has 5, must have 6");
        assert_eq!(refused(&rbm, marks(3, 6)), "rows of the marks of unknown values: has 3, must have 2");
        assert!(refused(&potts, marks(2, 6)).contains("known in part"));
    }
}
