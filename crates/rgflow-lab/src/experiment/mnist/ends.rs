//! Whether two collections are one: the distance of their means beside what relabelling gives.

use ndarray::ArrayView2;
use rgflow::learning::permutation;
use rgflow::random::Streams;
use rgflow::statistics::holm;

/// Level over all pairs of ends.
const LEVEL: f64 = 0.01;
/// Relabellings as far as the true labels after which no more are drawn.
const ENOUGH: usize = 20;

/// Labels of the ends of `n` collections of equal size, one below the other in `rows` (units in columns): two collections are told
/// apart where the squared distance of their means is larger than relabelled rows give (permutation test, Holm over all
/// pairs at 1 %); those that are not are one end, and so are chains of such pairs.
pub(super) fn distinct(
    rows: ArrayView2<f32>,
    n: usize,
    permutations: usize,
    streams: Streams,
    purpose: &str,
) -> Vec<usize> {
    let per = rows.nrows() / n;
    let gram = rows.dot(&rows.t());
    let pairs: Vec<(usize, usize)> = (0..n).flat_map(|a| (0..a).map(move |b| (a, b))).collect();
    let p: Vec<f64> = pairs
        .iter()
        .enumerate()
        .map(|(i, (a, b))| {
            let all: Vec<usize> = (a * per..(a + 1) * per).chain(b * per..(b + 1) * per).collect();
            let own: Vec<f64> = all.iter().flat_map(|i| all.iter().map(|j| f64::from(gram[[*i, *j]]))).collect();
            let mut random = streams.generator(purpose, i as u64);
            p_value(&own, 2 * per, permutations, &mut || permutation(2 * per, &mut random))
        })
        .collect();
    let mut label: Vec<usize> = (0..n).collect();
    for ((a, b), apart) in pairs.iter().zip(holm(&p, LEVEL)) {
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

/// The p-value of the distance of the true labels, which split the rows in halves: (1 + relabellings as far) / (1 + relabellings), or
/// [`ENOUGH`] / relabellings as soon as so many are as far (Besag and Clifford, Biometrika 78 (1991) 301).
fn p_value(gram: &[f64], n: usize, permutations: usize, next: &mut dyn FnMut() -> Vec<usize>) -> f64 {
    // |mean_1 - mean_2|^2 is (s G s)/(n/2)^2 with s = +1, -1, and s G s = sum - 4 cross: the cross block alone changes.
    let cross = |one: &[usize], two: &[usize]| -> f64 {
        one.iter().map(|i| two.iter().map(|j| gram[i * n + j]).sum::<f64>()).sum()
    };
    let order: Vec<usize> = (0..n).collect();
    let (one, two) = order.split_at(n / 2);
    let own = cross(one, two);
    // Rounding must not make equal distances differ.
    let slack = 1e-9 * own.abs();
    let mut as_far = 0;
    for tried in 1..=permutations {
        let order = next();
        let (one, two) = order.split_at(n / 2);
        as_far += usize::from(cross(one, two) <= own + slack);
        if as_far == ENOUGH {
            return ENOUGH as f64 / tried as f64;
        }
    }
    (1 + as_far) as f64 / (1 + permutations) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;
    use rand::RngExt;

    #[test]
    fn three_collections_of_two_laws_are_two_ends() {
        let mut random = Streams::new(1).generator("t", 0);
        let rows = Array2::from_shape_fn((60, 8), |(i, _)| random.random::<f32>() + if i >= 40 { 0.8 } else { 0.0 });
        assert_eq!(distinct(rows.view(), 3, 2000, Streams::new(1), "p"), vec![0, 0, 1]);
        assert_eq!(distinct(Array2::zeros((60, 8)).view(), 3, 1000, Streams::new(1), "p"), vec![0, 0, 0]);
    }

    /// Null: collections of one law; a p-value below 0.05 has probability 0.05. Of 200, more than 25 have p < 1e-4.
    #[test]
    fn p_values_of_one_law_are_not_too_small() {
        let mut random = Streams::new(2).generator("t", 0);
        let mut small = 0;
        for _ in 0..200 {
            let rows = Array2::from_shape_fn((20, 4), |_| random.random::<f32>());
            let gram: Vec<f64> = rows.dot(&rows.t()).iter().map(|g| f64::from(*g)).collect();
            small += usize::from(p_value(&gram, 20, 199, &mut || permutation(20, &mut random)) <= 0.05);
        }
        assert!(small <= 25, "{small}");
    }
}
