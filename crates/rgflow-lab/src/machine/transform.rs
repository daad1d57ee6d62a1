//! Expectations of the hidden units, and mean-field reconstructions.

use super::{Machine, Table};
use crate::artifact::Error;
use crate::artifact::memory::{self, Need};
use crate::dataset::Dataset;
use ndarray::{Array2, s};
use rgflow::statistics::Estimate;

/// The expectation of every hidden unit at each sample (thesis eq. 2.4.22), array `hidden` of shape (samples,
/// n_hidden).
///
/// # Errors
/// [`Error::User`] if it does not fit into memory.
pub fn transform(machine: &Machine, data: &Dataset) -> Result<Table, Error> {
    let (n, m) = (data.n_samples(), machine.rbm.n_hidden());
    let what = format!("{n} samples of {m} hidden units");
    memory::need(&[Need::new(&[4, n, m], what, "give fewer samples at a time")])?;
    let mut all = Array2::zeros((n, m));
    each_portion(data, |rows, v| {
        let mut h = Array2::zeros((v.nrows(), m));
        machine.rbm.hidden_mean(v.view(), &mut h);
        all.slice_mut(s![rows, ..]).assign(&h);
    });
    Ok(Table::new().real("hidden", "h", all))
}

/// Reconstructions of samples.
pub struct Reconstruction {
    /// Array `reconstruction` of expectations, shape (samples, n_visible), and `cost` of each.
    pub table: Table,
    /// Mean of the cost sum_i (v_i - v'_i)^2 / 2, with its error over samples.
    pub cost: Estimate,
    /// Whether costs are in units of the deviations by which the machine's training samples were standardised.
    pub standardised: bool,
}

/// The mean-field step v -> h -> v' of each sample, and its cost.
///
/// # Errors
/// [`Error::User`] if it does not fit into memory.
pub fn reconstruct(machine: &Machine, data: &Dataset) -> Result<Reconstruction, Error> {
    let (n, units) = (data.n_samples(), data.n_units());
    let what = format!("reconstructions of {n} samples of {units} units");
    memory::need(&[Need::new(&[4, n, units], what, "give fewer samples at a time")])?;
    let standard = machine.standard();
    let mut all = Array2::zeros((n, units));
    let mut cost = Vec::with_capacity(n);
    each_portion(data, |rows, v| {
        let mut h = Array2::zeros((v.nrows(), machine.rbm.n_hidden()));
        let mut back = Array2::zeros(v.dim());
        machine.rbm.hidden_mean(v.view(), &mut h);
        machine.rbm.visible_mean(h.view(), &mut back);
        for (a, b) in v.rows().into_iter().zip(back.rows()) {
            let difference = |(i, (a, b)): (usize, (&f32, &f32))| {
                let unit = standard.as_ref().map_or(1.0, |standard| standard.deviation[i]);
                0.5 * (f64::from(a - b) / unit).powi(2)
            };
            cost.push(a.iter().zip(b).enumerate().map(difference).sum::<f64>());
        }
        all.slice_mut(s![rows, ..]).assign(&back);
    });
    let mean = super::mean(&cost);
    let table = Table::new().real("reconstruction", "s", all).npz_numbers("cost", cost);
    Ok(Reconstruction { table, cost: mean, standardised: standard.is_some() })
}

/// Calls `take` with the rows of each portion of the samples, and their values.
pub(super) fn each_portion(data: &Dataset, mut take: impl FnMut(std::ops::Range<usize>, Array2<f32>)) {
    let all: Vec<usize> = (0..data.n_samples()).collect();
    for rows in data.values.portions(all.len()) {
        let values = data.values.rows(&all[rows.clone()]);
        take(rows, values);
    }
}
