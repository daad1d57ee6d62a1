//! Stage "tsne": principal components of the images, then t-SNE on them.

use super::data::Images;
use super::settings::Settings;
use crate::artifact::{Error, Repetition, Stage};
use nalgebra::DMatrix;
use ndarray::{Array2, Axis};
use rgflow::decomposition::symmetric_eigen;
use serde::{Deserialize, Serialize};

const REVISION: u32 = 1;

/// The map.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Embedding {
    /// Place of each image.
    pub places: Vec<(f32, f32)>,
    pub digits: Vec<usize>,
    /// Fraction of images whose nearest neighbour on the map has the same digit.
    pub purity: f64,
    /// Fraction of the variance in the principal components that were kept.
    pub variance: f64,
}

/// Makes or keeps the map of the first images of the test files.
pub(super) fn stage(repetition: &Repetition, settings: &Settings, images: &Images) -> Result<Embedding, Error> {
    let file = "tsne/map.json";
    let what = Stage {
        name: "tsne",
        revision: REVISION,
        settings: &settings.tsne,
        inputs: &[&images.artifact],
        outputs: &[file],
    };
    let artifact = repetition.stage(what, |out| {
        let own = &settings.tsne;
        out.add_work("tsne", own.epochs as u64);
        let part = images.starts(out.seed(), own.images / 10)?;
        let (components, variance) = principal(&part.images, own.components)?;
        // The first two components are where t-SNE begins; on one thread sums have one order.
        let start: Vec<f32> = components.rows().into_iter().flat_map(|row| [1e-2 * row[0], 1e-2 * row[1]]).collect();
        let rows: Vec<Vec<f32>> = components.rows().into_iter().map(|row| row.to_vec()).collect();
        let one = rayon::ThreadPoolBuilder::new().num_threads(1).build();
        let one = one.map_err(|e| Error::failure(format!("cannot start a thread: {e}")))?;
        let places: Vec<f32> = one.install(|| {
            let mut map: bhtsne::tSNE<'_, f32, Vec<f32>> = bhtsne::tSNE::new(&rows);
            map.perplexity(own.perplexity as f32).epochs(own.epochs).initial_embedding(start);
            let distance =
                |a: &Vec<f32>, b: &Vec<f32>| a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f32>().sqrt();
            map.barnes_hut(0.5, distance).embedding()
        });
        let places: Vec<(f32, f32)> = places.chunks_exact(2).map(|p| (p[0], p[1])).collect();
        let purity = purity(&places, &part.digits);
        out.write_json(file, &Embedding { places, digits: part.digits, purity, variance })?;
        out.tick(own.epochs as u64)
    })?;
    artifact.json(file)
}

/// The rows on their first `k` principal components, and the fraction of the variance in these.
fn principal(rows: &Array2<f32>, k: usize) -> Result<(Array2<f32>, f64), Error> {
    let mean = rows.mean_axis(Axis(0)).unwrap_or_default();
    let x = rows - &mean;
    let sums = x.t().dot(&x);
    let n = x.ncols();
    let eigen = symmetric_eigen(DMatrix::from_fn(n, n, |i, j| f64::from(sums[[i, j]])))
        .ok_or_else(|| Error::failure("the principal components of the images do not converge"))?;
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|a, b| eigen.eigenvalues[*b].total_cmp(&eigen.eigenvalues[*a]));
    order.truncate(k.min(n));
    let basis = Array2::from_shape_fn((n, order.len()), |(i, c)| eigen.eigenvectors[(i, order[c])] as f32);
    let kept: f64 = order.iter().map(|i| eigen.eigenvalues[*i]).sum();
    Ok((x.dot(&basis), kept / eigen.eigenvalues.sum()))
}

fn purity(places: &[(f32, f32)], digits: &[usize]) -> f64 {
    let far = |a: usize, b: usize| (places[a].0 - places[b].0).hypot(places[a].1 - places[b].1);
    let same = (0..places.len()).filter(|a| {
        let others = (0..places.len()).filter(|b| b != a);
        others.min_by(|b, c| far(*a, *b).total_cmp(&far(*a, *c))).is_some_and(|b| digits[b] == digits[*a])
    });
    same.count() as f64 / places.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_keep_the_plane_of_the_data() {
        // Points on a plane in five dimensions keep their distances.
        let x = Array2::from_shape_fn((12, 5), |(i, j)| {
            let (a, b) = ((i % 4) as f32, (i / 4) as f32);
            a * [1.0, 2.0, 0.0, -1.0, 0.5][j] + b * [0.0, 1.0, 1.0, 1.0, -2.0][j]
        });
        let (seen, variance) = principal(&x, 2).unwrap();
        assert!((variance - 1.0).abs() < 1e-6);
        let far = |m: &Array2<f32>, a: usize, b: usize| (&m.row(a) - &m.row(b)).mapv(|d| d * d).sum();
        assert!((0..12).all(|a| (far(&x, a, 0) - far(&seen, a, 0)).abs() < 1e-3));
        assert_eq!(purity(&[(0.0, 0.0), (0.1, 0.0), (5.0, 5.0), (5.1, 5.0)], &[1, 1, 2, 3]), 0.5);
    }
}
