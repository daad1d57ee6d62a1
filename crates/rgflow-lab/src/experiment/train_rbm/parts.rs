//! The training and the test part of the data: weights of samples, grey levels that are drawn as bits, unknown values.

use super::settings::Settings;
use crate::artifact::Error;
use crate::dataset::Dataset;
use crate::record::Measured;
use rand::RngExt;
use rgflow::learning::SampleWeights;
use rgflow::random::{Streams, permutation};
use rgflow::statistics::mean_error;
use std::borrow::Cow;

/// Error where no sample is without unknown values.
const TOO_FEW_WHOLE: &str =
    "no sample is without unknown values (data.unknown); add some, so that the machine can be measured";
/// Fewest samples without unknown values, half of which are test samples at most.
const WHOLE: usize = 4;

/// Most training samples in a learning curve, spread over all.
const MEASURED: usize = 5000;

/// Rows of the training and the test set, which has no unknown values. Where no samples are held out, costs are measured
/// on (at most 5000) training samples in their place.
///
/// # Errors
/// [`Error::User`] if hardly a sample is without unknown values.
pub(super) fn split(data: &Dataset, settings: &Settings, streams: Streams) -> Result<(Vec<usize>, Vec<usize>), Error> {
    let n = data.n_samples();
    let mut order = permutation(n, &mut streams.generator("rbm/split", 0));
    if settings.trains_on_all() {
        let test = measured(&whole(data, &order));
        return if test.is_empty() { Err(Error::user(TOO_FEW_WHOLE)) } else { Ok((order, test)) };
    }
    let test = ((n as f64 * *settings.data.test_fraction).round() as usize).clamp(2, n - 2);
    if data.unknown.is_none() {
        let train = order.split_off(test);
        return Ok((train, order));
    }
    let whole = whole(data, &order).len();
    if whole < WHOLE {
        return Err(Error::user(format!(
            "{whole} samples have no unknown value (data.unknown); add some, at least {WHOLE} are needed to measure \
             the machine on"
        )));
    }
    let mut left = test.min(whole / 2);
    let (test, train) = order.into_iter().partition(|row| {
        let taken = left > 0 && is_whole(data, *row);
        left -= usize::from(taken);
        taken
    });
    Ok((train, test))
}

/// Some of the samples `rows`, spread over all.
pub(super) fn measured(rows: &[usize]) -> Vec<usize> {
    let count = rows.len().min(MEASURED);
    (0..count).map(|i| rows[i * rows.len() / count]).collect()
}

/// Those of the samples `rows` that have no unknown value.
pub(super) fn whole(data: &Dataset, rows: &[usize]) -> Vec<usize> {
    rows.iter().copied().filter(|row| is_whole(data, *row)).collect()
}

fn is_whole(data: &Dataset, row: usize) -> bool {
    data.unknown.as_ref().is_none_or(|unknown| !unknown.row(row).iter().any(|u| *u))
}

/// The samples with a known value of the same unit, that of a random sample, in the place of each unknown one.
pub(super) fn filled<'a>(data: Cow<'a, Dataset>, streams: Streams) -> Cow<'a, Dataset> {
    let Some(unknown) = &data.unknown else { return data };
    let mut values = data.values.rows(&(0..data.n_samples()).collect::<Vec<_>>());
    let mut random = streams.generator("rbm/filled", 0);
    for (mut column, unknown) in values.columns_mut().into_iter().zip(unknown.columns()) {
        let known: Vec<f32> = column.iter().zip(unknown).filter(|(_, u)| !**u).map(|(v, _)| *v).collect();
        for (v, _) in column.iter_mut().zip(unknown).filter(|(_, u)| **u && !known.is_empty()) {
            *v = known[random.random_range(0..known.len())];
        }
    }
    Cow::Owned(Dataset { values: values.into(), ..data.into_owned() })
}

/// Weights of the samples `rows`, if they have any.
pub(super) fn weights(data: &Dataset, rows: &[usize]) -> Option<Vec<f64>> {
    data.weights.as_ref().map(|weights| rows.iter().map(|row| weights[*row]).collect())
}

/// As many samples of equal weights like the weighted samples `rows`: each as often as its weight says, rounded up or
/// down at random.
///
/// # Errors
/// [`Error::User`] if all of them have the weight 0.
pub(super) fn by_weight(data: &Dataset, rows: &[usize], (streams, index): (Streams, u64)) -> Result<Vec<usize>, Error> {
    let Some(weights) = weights(data, rows) else { return Ok(rows.to_vec()) };
    let weights = SampleWeights::new(&weights).map_err(|_| {
        Error::user(format!("all weights of {} samples of a part of the data are 0; take another --seed", rows.len()))
    })?;
    let mut order = Vec::new();
    weights.draw(rows.len(), &mut streams.generator("rbm/by-weight", index), &mut order);
    Ok(order.into_iter().map(|k| rows[k]).collect())
}

/// The samples as the training sees them: bits drawn once where settings say that grey levels are.
pub(super) fn seen<'a>(settings: &Settings, data: &'a Dataset, streams: Streams) -> Cow<'a, Dataset> {
    match settings.draws(data) {
        true => Cow::Owned(data.drawn(&mut streams.bulk("rbm/grey", 0))),
        false => Cow::Borrowed(data),
    }
}

/// Mean and its standard error over samples, of given weights or equal ones.
pub(super) fn mean_of(values: &[f64], weights: Option<&[f64]>) -> Measured {
    let Some(weights) = weights else {
        let mean = mean_error(values);
        return (mean.value, mean.error);
    };
    let sum: f64 = weights.iter().sum();
    let mean = values.iter().zip(weights).map(|(x, w)| w * x).sum::<f64>() / sum;
    let squares: f64 = values.iter().zip(weights).map(|(x, w)| (w * (x - mean)).powi(2)).sum();
    let n = effective_number(weights);
    (mean, (squares * n / (n - 1.0).max(1.0)).sqrt() / sum)
}

/// Number of samples of equal weights whose mean has the same error: (sum w)^2 / sum w^2.
pub(super) fn effective_number(weights: &[f64]) -> f64 {
    weights.iter().sum::<f64>().powi(2) / weights.iter().map(|w| w * w).sum::<f64>()
}
