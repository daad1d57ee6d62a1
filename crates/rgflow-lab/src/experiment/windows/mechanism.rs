//! Features learnt by the weights: singular vectors compared with the principal components of the training data, and
//! how well configurations of each temperature are reconstructed.

use crate::study::prelude::*;
use nalgebra::DMatrix;
use ndarray::{Array2, ArrayView2};
use rgflow::decomposition::svd;
use rgflow::rbm::Rbm;
use rgflow::statistics::{PrincipalComponents, principal_components};

/// Number of vectors drawn.
const SHOWN: usize = 6;

pub(super) struct Mechanism {
    /// Singular values of W, descending: trained, untrained.
    pub singular: [Vec<f64>; 2],
    /// Variance of the data along the principal components, descending, as fractions of the whole.
    pub components: Vec<f64>,
    /// Fraction of the variance of the data in the span of the columns of W: trained, untrained; and in that of as many
    /// principal components.
    pub captured: [f64; 3],
    /// By temperature: unexplained part after a step v -> h -> v of expectation values, mean over spins of (v - v')^2 /
    /// 4: trained, untrained, and after projection on as many principal components.
    pub left: Vec<[f64; 3]>,
    /// The first vectors of W and of the data, each scaled to [-1, 1].
    pub shown: [Vec<Vec<f32>>; 2],
}

impl Mechanism {
    /// Analyses `rbm`; `n`: number of training temperatures, the lowest ones.
    pub fn of(study: &Study, rbm: &Rbm, n: usize) -> Result<Self, Error> {
        let data = study.set("train")?;
        let data = data.first(&(0..n).collect::<Vec<_>>(), data.per_temperature);
        let covariance = covariance(data.view());
        let principal = principal(&covariance)?;
        let whole: f64 = principal.variances.iter().sum();
        let mut random = study.repetition.streams().generator("mechanism/untrained", 0);
        let scale = *study.settings.rbm.weight_scale as f32;
        let untrained = Rbm::random(rbm.n_visible(), rbm.n_hidden(), scale, &mut random);
        let (own, values) = left_vectors(rbm)?;
        let (null, null_values) = left_vectors(&untrained)?;
        let k = own.ncols();
        let (components, basis) = (principal.vectors.columns(0, k).into_owned(), principal.basis(k));
        let captured = |u: &DMatrix<f64>| (u.transpose() * &covariance * u).trace() / whole;
        let start = study.set("start")?;
        let temperatures = study.settings.temperatures().len();
        let left = (0..temperatures)
            .map(|t| {
                let v = start.at(t).mapv(f32::from);
                [unexplained(rbm, &v), unexplained(&untrained, &v), beyond(&basis, &v)]
            })
            .collect();
        let shown = |m: &DMatrix<f64>| -> Vec<Vec<f32>> {
            let scaled = |c: usize| {
                let column: Vec<f64> = m.column(c).iter().copied().collect();
                let most = column.iter().fold(0.0f64, |a, b| a.max(b.abs()));
                column.iter().map(|x| (x / most) as f32).collect()
            };
            (0..SHOWN.min(m.ncols())).map(scaled).collect()
        };
        Ok(Self {
            singular: [values, null_values],
            components: principal.variances.iter().map(|v| v / whole).collect(),
            captured: [captured(&own), captured(&null), captured(&components)],
            left,
            shown: [shown(&own), shown(&principal.vectors)],
        })
    }
}

/// Covariance of the rows about 0, as the mean of spins vanishes by symmetry.
fn covariance(rows: ArrayView2<i8>) -> DMatrix<f64> {
    let x = rows.mapv(f32::from);
    // Sums of +-1 up to 2^24 are exact in f32.
    let sums = x.t().dot(&x);
    DMatrix::from_fn(rows.ncols(), rows.ncols(), |i, j| f64::from(sums[[i, j]]) / rows.nrows() as f64)
}

fn principal(covariance: &DMatrix<f64>) -> Result<PrincipalComponents, Error> {
    let found = principal_components(covariance.clone());
    found.ok_or_else(|| Error::failure("the principal components of the samples do not converge"))
}

/// Left singular vectors of W (visible x hidden), and the singular values, descending.
fn left_vectors(rbm: &Rbm) -> Result<(DMatrix<f64>, Vec<f64>), Error> {
    let w = DMatrix::from_fn(rbm.n_visible(), rbm.n_hidden(), |i, a| f64::from(rbm.weights[[i, a]]));
    let svd = svd(w, true, false).and_then(|svd| Some((svd.u?, svd.singular_values)));
    let (u, singular_values) = svd.ok_or_else(|| Error::failure("the singular value decomposition of W failed"))?;
    let mut order: Vec<usize> = (0..singular_values.len()).collect();
    order.sort_by(|a, b| singular_values[*b].total_cmp(&singular_values[*a]));
    Ok((u.select_columns(&order), order.iter().map(|i| singular_values[*i]).collect()))
}

/// Mean over spins of (v - v')^2 / 4, with v' after a step of expectation values.
fn unexplained(rbm: &Rbm, v: &Array2<f32>) -> f64 {
    let mut h = Array2::zeros((v.nrows(), rbm.n_hidden()));
    let mut back = v.clone();
    rbm.hidden_mean(v.view(), &mut h);
    rbm.visible_mean(h.view(), &mut back);
    mean_square(v, &back)
}

/// The same with the projection on the columns of `basis` for v'.
fn beyond(basis: &Array2<f32>, v: &Array2<f32>) -> f64 {
    mean_square(v, &v.dot(basis).dot(&basis.t()))
}

fn mean_square(a: &Array2<f32>, b: &Array2<f32>) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>() / (4.0 * a.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_leave_what_is_beyond_them() {
        // Rows +-a and +-b with a, b orthogonal, a three times as frequent.
        let (a, b) = ([1, 1, 1, 1], [1, -1, 1, -1]);
        let mut rows = [a, a, a, a.map(|x: i8| -x), a.map(|x| -x), a.map(|x| -x), b, b.map(|x: i8| -x)];
        rows.sort_unstable();
        let rows = Array2::from_shape_vec((8, 4), rows.concat()).unwrap();
        let principal = principal(&covariance(rows.view())).unwrap();
        // Two components explain everything, one leaves the rows of b.
        let v = rows.mapv(f32::from);
        assert!(beyond(&principal.basis(2), &v) < 1e-12);
        assert!((beyond(&principal.basis(1), &v) - 2.0 / 8.0 / 4.0).abs() < 1e-6);
    }
}
