//! Labelled collections: which differ, by the distance of their means against what relabelling gives, and whether they
//! lie together.

use super::holm;
use crate::random::{Stream, permutation};
use ndarray::ArrayView2;

/// Relabellings as far apart as the true labels after which no more are drawn.
const ENOUGH: usize = 20;

/// Which of `n` collections of equal size differ. Two are told apart where the squared distance of their means is
/// larger than relabelled rows give (permutation test of `permutations` relabellings, Holm over all pairs at `level`);
/// those that are not are one, and so are chains of such pairs.
///
/// `rows`: shape (n x size, values), one collection below the other. Returns a label of each, 0, 1 ... in the order of
/// the first collection that has it. Pair i draws from the stream i of the purpose.
///
/// ```
/// use rgflow::{random::Streams, statistics::distinct_collections};
/// let rows = ndarray::Array2::from_shape_fn((30, 1), |(i, _)| (i % 10) as f32 + if i < 20 { 0.0 } else { 9.0 });
/// assert_eq!(distinct_collections(rows.view(), 3, 1000, 0.01, Streams::new(1).of("example")), [0, 0, 1]);
/// ```
pub fn distinct_collections(
    rows: ArrayView2<'_, f32>,
    n: usize,
    permutations: usize,
    level: f64,
    stream: Stream,
) -> Vec<usize> {
    let size = rows.nrows() / n.max(1);
    let gram = rows.dot(&rows.t());
    let pairs: Vec<(usize, usize)> = (0..n).flat_map(|a| (0..a).map(move |b| (a, b))).collect();
    let p_of = |(i, (a, b)): (usize, &(usize, usize))| {
        let both: Vec<usize> = (a * size..(a + 1) * size).chain(b * size..(b + 1) * size).collect();
        let gram: Vec<f64> = both.iter().flat_map(|i| both.iter().map(|j| f64::from(gram[[*i, *j]]))).collect();
        let mut random = stream.generator(i as u64);
        p_value(&gram, 2 * size, permutations, || permutation(2 * size, &mut random))
    };
    let p: Vec<f64> = pairs.iter().enumerate().map(p_of).collect();
    let mut label: Vec<usize> = (0..n).collect();
    for ((a, b), apart) in pairs.iter().zip(holm(&p, level)) {
        if !apart && label[*a] != label[*b] {
            let (keep, drop) = (label[*a].min(label[*b]), label[*a].max(label[*b]));
            label.iter_mut().filter(|l| **l == drop).for_each(|l| *l = keep);
        }
    }
    let mut names = label.clone();
    names.sort_unstable();
    names.dedup();
    label.iter().map(|l| names.partition_point(|n| n < l)).collect()
}

/// The p-value of the distance of the true labels, which split the rows in halves: (1 + relabellings as far) / (1 +
/// relabellings), or [`ENOUGH`] / relabellings as soon as so many are as far (Besag and Clifford, Biometrika 78 (1991)
/// 301).
fn p_value(gram: &[f64], n: usize, permutations: usize, mut next: impl FnMut() -> Vec<usize>) -> f64 {
    // |mean_1 - mean_2|^2 is (s G s)/(n/2)^2 with s = +1, -1, and s G s = sum - 4 cross: the cross block alone changes.
    let cross = |order: &[usize]| -> f64 {
        let (one, two) = order.split_at(n / 2);
        one.iter().map(|i| two.iter().map(|j| gram[i * n + j]).sum::<f64>()).sum()
    };
    let true_labels: Vec<usize> = (0..n).collect();
    let own = cross(&true_labels);
    // Rounding must not make equal distances differ.
    let slack = 1e-9 * own.abs();
    let mut as_far = 0;
    for tried in 1..=permutations {
        as_far += usize::from(cross(&next()) <= own + slack);
        if as_far == ENOUGH {
            return ENOUGH as f64 / tried as f64;
        }
    }
    (1 + as_far) as f64 / (1 + permutations) as f64
}

/// Fraction of the points of a plane whose nearest other point has the same label: 1 where labels lie apart. NaN
/// without points.
///
/// ```
/// let places = [(0.0, 0.0), (0.1, 0.0), (5.0, 5.0), (5.1, 5.0)];
/// assert_eq!(rgflow::statistics::purity(&places, &[1, 1, 2, 3]), 0.5);
/// ```
///
/// # Panics
/// If there are fewer labels than points.
pub fn purity(places: &[(f32, f32)], labels: &[usize]) -> f64 {
    let far = |a: usize, b: usize| (places[a].0 - places[b].0).hypot(places[a].1 - places[b].1);
    let same = (0..places.len()).filter(|a| {
        let others = (0..places.len()).filter(|b| b != a);
        others.min_by(|b, c| far(*a, *b).total_cmp(&far(*a, *c))).is_some_and(|b| labels[b] == labels[*a])
    });
    same.count() as f64 / places.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Streams;
    use ndarray::Array2;
    use rand::RngExt;

    #[test]
    fn three_collections_of_two_laws_are_two() {
        let distinct = |rows: Array2<f32>, n| distinct_collections(rows.view(), 3, n, 0.01, Streams::new(1).of("p"));
        let mut random = Streams::new(1).generator("t", 0);
        let rows = Array2::from_shape_fn((60, 8), |(i, _)| random.random::<f32>() + if i >= 40 { 0.8 } else { 0.0 });
        assert_eq!(distinct(rows, 2000), [0, 0, 1]);
        assert_eq!(distinct(Array2::zeros((60, 8)), 1000), [0, 0, 0]);
    }

    /// Null: collections of one law; a p-value below 0.05 has probability 0.05. Of 200, more than 25 have p < 1e-4.
    #[test]
    fn p_values_of_one_law_are_not_too_small() {
        let mut random = Streams::new(2).generator("t", 0);
        let mut small = 0;
        for _ in 0..200 {
            let rows = Array2::from_shape_fn((20, 4), |_| random.random::<f32>());
            let gram: Vec<f64> = rows.dot(&rows.t()).iter().map(|g| f64::from(*g)).collect();
            small += usize::from(p_value(&gram, 20, 199, || permutation(20, &mut random)) <= 0.05);
        }
        assert!(small <= 25, "{small}");
    }
}
