//! Observables along Gibbs chains: the series that equilibration and autocorrelation are read from.

use super::{Chains, Kernel, RbmError};
use crate::random::Bulk;
use ndarray::{Array2, ArrayView1, ArrayView2};

/// The series of an observable along independent Gibbs chains, one for each row of `start`: `of` its visible units at
/// the start and after each of `steps` steps v -> h -> v (thesis section 2.4.2).
///
/// `start`: shape (chains, n_visible). Returns `steps` + 1 values for each chain.
///
/// ```
/// use rgflow::{random::Streams, rbm::{Kernel, Rbm, chain_series}};
/// let streams = Streams::new(1);
/// let kernel = Kernel::new(&Rbm::random(8, 3, 0.1, &mut streams.generator("example/init", 0)));
/// let start = ndarray::Array2::ones((20, 8));
/// let mut random = streams.bulk("example/gibbs", 0);
/// let series = chain_series(&kernel, start.view(), 50, &mut random, |v| f64::from(v.sum())).unwrap();
/// assert_eq!((series.len(), series[0].len(), series[0][0]), (20, 51, 8.0));
/// ```
///
/// # Errors
/// As [`Chains::set_visible`].
pub fn chain_series(
    kernel: &Kernel,
    start: ArrayView2<'_, f32>,
    steps: usize,
    random: &mut Bulk,
    of: impl Fn(ArrayView1<'_, f32>) -> f64,
) -> Result<Vec<Vec<f64>>, RbmError> {
    let mut chains = Chains::new(kernel, start.nrows());
    chains.set_visible(start)?;
    let mut v = Array2::zeros((chains.rows(), chains.n_visible()));
    let mut series = vec![Vec::with_capacity(steps + 1); chains.rows()];
    for step in 0..=steps {
        if step > 0 {
            chains.step(kernel, random);
        }
        chains.write_visible(v.as_slice_mut().expect("standard layout"));
        series.iter_mut().zip(v.rows()).for_each(|(series, v)| series.push(of(v)));
    }
    Ok(series)
}
