//! Stage "crossing": critical temperatures from the crossings of Binder cumulants U = 1 - <m^4>/(3 <m^2>^2) of two
//! sizes.

use super::Settings;
use super::samples::{Point, draw};
use crate::study::prelude::*;
use crate::study::samples::sampled;
use rgflow::lattice::{AshkinTeller, Collection, Sampling, Square};
use rgflow::random::Bulk;

const REVISION: u32 = 1;
/// Units of progress per temperature, of about one microsecond.
const UNITS: u64 = 100_000;
/// Lowest temperature, in units of the coupling of s and of t.
const COLDEST: f64 = 1.0;

/// Temperatures at which the two sizes are sampled.
pub(super) fn temperatures(settings: &Settings) -> Vec<f64> {
    let (t_max, step) = (*settings.torus.samples.t_max, *settings.model.crossing_step);
    let steps = ((t_max - COLDEST) / step).round().max(1.0) as usize;
    (0..=steps).map(|k| COLDEST + k as f64 * step).collect()
}

/// Critical temperatures of the spins s and t, and of their product.
pub(super) fn stage(repetition: &Repetition, settings: &Settings) -> Result<[Option<f64>; 2], Error> {
    let (own, file) = (&settings.model, "crossing/critical.json");
    let (t_max, sizes) = (*settings.torus.samples.t_max, [0, 1].map(|i| *own.crossing_sizes[i]));
    let what = Stage {
        name: "crossing",
        revision: REVISION,
        settings: (own.ratio, &own.crossing_sizes, own.crossing_samples, own.crossing_step, t_max),
        inputs: &[],
        outputs: &[file],
    };
    let artifact = repetition.stage(what, |out| {
        let grid = temperatures(settings);
        out.add_work(grid.len() as u64 * UNITS);
        let streams = out.streams();
        let at = |(k, t): (usize, &f64)| {
            let complete = |i: usize, of: Sampling| sampled(out, &format!("{k}/{i}"), of, UNITS / 2);
            let bulk = |size: usize| streams.bulk(&format!("crossing/L{size}"), k as u64);
            let point = Point { ratio: *own.ratio, t: *t, n: *own.crossing_samples };
            difference(sizes, point, &bulk, &complete)
        };
        let differences: Vec<[f64; 2]> = grid.par_iter().enumerate().map(at).collect::<Result<_, Error>>()?;
        let of = |i: usize| crossing(&grid, &differences.iter().map(|d| d[i]).collect::<Vec<_>>());
        out.write_json(file, &[of(0), of(1)])
    })?;
    artifact.json(file)
}

/// U of the larger lattice minus that of the smaller: of s (mean with t), and of the product. `bulk` makes the
/// generator of a size.
fn difference(
    sizes: [usize; 2],
    point: Point,
    bulk: &dyn Fn(usize) -> Bulk,
    complete: &dyn Fn(usize, Sampling) -> Result<Collection, Error>,
) -> Result<[f64; 2], Error> {
    let of = |i: usize| -> Result<[f64; 2], Error> {
        let size = sizes[i];
        let seen = draw(size, point, &mut bulk(size), &|of| complete(i, of))?;
        let square = Square::new(size, size)?;
        let model = AshkinTeller::new(&square, point.ratio)?;
        let mut sums = [[0.0; 2]; 2];
        for row in seen.spins.rows() {
            let [s, t, u] = model.magnetisations(&row.to_vec());
            for (sum, m) in [(0, s), (0, t), (1, u)] {
                sums[sum][0] += m.powi(2);
                sums[sum][1] += m.powi(4);
            }
        }
        let cumulant = |[two, four]: [f64; 2], n: f64| 1.0 - four * n / (3.0 * two * two);
        let n = point.n as f64;
        Ok([cumulant(sums[0], 2.0 * n), cumulant(sums[1], n)])
    };
    let ([a, b], [c, d]) = (of(0)?, of(1)?);
    Ok([c - a, d - b])
}

/// Temperature at which the difference falls through zero, by linear interpolation: on the cold side of its minimum,
/// which lies just above the transition (far below it both cumulants are 2/3, far above both are near 0, and the
/// difference is noise).
fn crossing(grid: &[f64], difference: &[f64]) -> Option<f64> {
    let least = (0..grid.len()).min_by(|a, b| difference[*a].total_cmp(&difference[*b]))?;
    let below = (0..least).rev().find(|k| difference[*k] >= 0.0)?;
    let (a, b) = (difference[below], difference[below + 1]);
    Some(grid[below] + (grid[below + 1] - grid[below]) * a / (a - b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rgflow::random::Streams;

    /// At r = 0 both spins are Ising models. Null: cumulants of 8 x 8 and 16 x 16 cross at T_c up to corrections to
    /// scaling (below 0.02) and noise (0.007 over ten seeds): a false alarm needs four standard errors.
    #[test]
    fn without_the_product_the_crossing_is_that_of_the_ising_model() {
        let grid: Vec<f64> = (0..9).map(|k| 2.0 + 0.1 * f64::from(k)).collect();
        let at = |(k, t): (usize, &f64)| {
            let bulk = |size: usize| Streams::new(1).bulk(&format!("crossing/L{size}"), k as u64);
            difference([8, 16], Point { ratio: 0.0, t: *t, n: 4000 }, &bulk, &|_, of| Ok(of.finish())).unwrap()[0]
        };
        let differences: Vec<f64> = grid.par_iter().enumerate().map(at).collect();
        let found = crossing(&grid, &differences).unwrap();
        assert!((found - rgflow::lattice::Temperature::CRITICAL.value()).abs() < 0.05, "{found}");
    }

    #[test]
    fn noise_far_from_the_transition_is_no_crossing() {
        let grid: Vec<f64> = (0..8).map(f64::from).collect();
        let difference = [0.001, -0.001, 0.001, 0.1, -0.1, -0.3, -0.01, 0.02];
        assert_eq!(crossing(&grid, &difference), Some(3.5));
        assert_eq!(crossing(&grid, &[-0.1, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]), None);
    }
}
