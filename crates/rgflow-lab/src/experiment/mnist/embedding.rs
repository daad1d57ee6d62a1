//! Stage "tsne": principal components of the images, then t-SNE on them.

use super::Study;
use super::settings::Tsne;
use crate::study::prelude::*;
use rgflow::statistics::{principal_coordinates, purity};

const REVISION: u32 = 1;

/// The t-SNE map.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Embedding {
    /// Position of each image.
    pub places: Vec<(f32, f32)>,
    pub digits: Vec<usize>,
    /// Fraction of images whose nearest neighbour on the map has the same digit.
    pub purity: f64,
    /// Fraction of the variance in the principal components that were kept.
    pub variance: f64,
}

/// Digits that lie close together by the thesis.
pub(super) const CLOSE: [usize; 3] = [4, 8, 9];

impl Embedding {
    /// Fraction of the other pairs of digits that are nearer on the map than a pair of [`CLOSE`], mean over its pairs;
    /// by the centres of the digits, `None` if one has no images. A random order of pairs has 1/2.
    pub fn nearer_pairs(&self) -> Option<f64> {
        let centre = |digit: usize| {
            let own = self.places.iter().zip(&self.digits).filter(|(_, d)| **d == digit);
            let [n, x, y] =
                own.fold([0.0; 3], |[n, x, y], (at, _)| [n + 1.0, x + f64::from(at.0), y + f64::from(at.1)]);
            (n > 0.0).then(|| [x / n, y / n])
        };
        let centres: Vec<[f64; 2]> = (0..10).map(centre).collect::<Option<_>>()?;
        let mut pairs: Vec<(f64, bool)> = Vec::new();
        for (a, at) in centres.iter().enumerate() {
            for (b, other) in centres[..a].iter().enumerate() {
                let is_close = CLOSE.contains(&a) && CLOSE.contains(&b);
                pairs.push(((at[0] - other[0]).hypot(at[1] - other[1]), is_close));
            }
        }
        let nearer = |far: f64| pairs.iter().filter(|(distance, _)| *distance < far).count() as f64;
        let close: Vec<f64> = pairs.iter().filter(|(_, is_close)| *is_close).map(|(far, _)| nearer(*far)).collect();
        Some(close.iter().sum::<f64>() / (close.len() * (pairs.len() - 1)) as f64)
    }
}

/// Makes or keeps the map of the first images of the test files.
pub(super) fn stage(study: &Study, own: &Tsne) -> Result<Embedding, Error> {
    let (inputs, outputs) = (&[&study.images.artifact], &["tsne/map.json"]);
    let what = Stage { name: "tsne", revision: REVISION, settings: own, inputs, outputs };
    study.repetition.found(what, |out| {
        let part = study.images.starts(out.streams(), *own.images / 10, &format!("tsne.images = {}", own.images))?;
        let (components, variance) = principal_coordinates(part.images.view(), *own.components)
            .ok_or_else(|| Error::failure("the principal components of the images do not converge"))?;
        // t-SNE starts from the first two components; a single thread fixes the order of sums.
        let start: Vec<f32> = components.rows().into_iter().flat_map(|row| [1e-2 * row[0], 1e-2 * row[1]]).collect();
        let rows: Vec<Vec<f32>> = components.rows().into_iter().map(|row| row.to_vec()).collect();
        let one = rayon::ThreadPoolBuilder::new().num_threads(1).build();
        let one = one.map_err(|e| Error::failure(format!("cannot start a thread: {e}")))?;
        let places = one.install(|| tsne(own, &rows, start));
        let places: Vec<(f32, f32)> = places.chunks_exact(2).map(|p| (p[0], p[1])).collect();
        out.tick(0)?;
        Ok(Embedding { purity: purity(&places, &part.labels), places, digits: part.labels, variance })
    })
}

/// Map of `rows`, starting from `start`: x, y of each in turn.
#[cfg(feature = "tsne")]
fn tsne(own: &Tsne, rows: &[Vec<f32>], start: Vec<f32>) -> Vec<f32> {
    let mut map: bhtsne::tSNE<'_, f32, Vec<f32>> = bhtsne::tSNE::new(rows);
    map.perplexity(*own.perplexity as f32).epochs(*own.epochs).initial_embedding(start);
    let distance = |a: &Vec<f32>, b: &Vec<f32>| a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f32>().sqrt();
    map.barnes_hut(0.5, distance).embedding()
}

/// Placeholder: without t-SNE the experiment is not available.
#[cfg(not(feature = "tsne"))]
fn tsne(_: &Tsne, _: &[Vec<f32>], start: Vec<f32>) -> Vec<f32> {
    start
}
