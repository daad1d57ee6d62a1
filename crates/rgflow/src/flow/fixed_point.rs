//! The ends of a flow: convergence, distinct ends, attractors of the mean-field map, relaxation time.

use super::moments::{Moment, Trajectory, WindowMeans};
use ndarray::{Array2, ArrayView2};

/// Ends are one if their total variation is below three standard errors or this.
const SAME_END: f64 = 0.05;
/// Windows agree if they differ by less than three standard errors or this (in total variation, |m| and E per spin).
const SAME_WINDOW: f64 = 0.02;
/// End vectors of the mean-field map are one attractor if their root mean square difference is below this.
const SAME_ATTRACTOR: f32 = 0.1;

/// Total variation of two curves and the mean that noise alone would give (normal components: E|x| = sigma sqrt(2/pi)).
fn variation(differences: impl Iterator<Item = (f64, f64)>) -> (f64, f64) {
    let (tv, noise) = differences.fold((0.0, 0.0), |(a, b), (d, e)| (a + 0.5 * d.abs(), b + 0.5 * e));
    (tv, noise * (2.0 / std::f64::consts::PI).sqrt())
}

/// Whether the windows [t/2, 3t/4) and [3t/4, t] agree in P(T), |m| and E; without a lattice in P and the distance from
/// the start.
///
/// ```
/// use rgflow::flow::{WindowMeans, converged};
/// let of = |d: f64| vec![(d, 1e-3), (-d, 1e-3)];
/// let windows = |d| WindowMeans { probability: of(d), energy: None, abs_m: None, distance: (0.0, 1e-3) };
/// assert!(converged(&windows(0.005)) && !converged(&windows(0.3)));
/// ```
pub fn converged(windows: &WindowMeans) -> bool {
    let (tv, noise) = variation(windows.probability.iter().copied());
    let within = |(d, e): (f64, f64)| d.abs() < (3.0 * e).max(SAME_WINDOW);
    let lattice = match (windows.energy, windows.abs_m) {
        (Some(energy), Some(abs_m)) => within(energy) && within(abs_m),
        _ => within(windows.distance),
    };
    tv < (3.0 * noise).max(SAME_WINDOW) && lattice
}

/// The total variation of two curves and a 95 % interval of its true value. Noise alone makes a variation, so the ends
/// are what curves that differ by c standard errors everywhere would show: E|x + c| of a normal x, where the sum is two
/// deviations away.
fn variation_interval(differences: &[(f64, f64)]) -> [f64; 3] {
    let (tv, _) = variation(differences.iter().copied());
    let scale = 0.5 * differences.iter().map(|d| d.1).sum::<f64>();
    if scale <= 0.0 {
        return [tv; 3];
    }
    let spread = 0.5 * differences.iter().map(|d| d.1 * d.1).sum::<f64>().sqrt();
    let folded = |c: f64| {
        let normal = libm::exp(-0.5 * c * c) * (2.0 / std::f64::consts::PI).sqrt();
        normal + c * libm::erf(c / std::f64::consts::SQRT_2)
    };
    let shift = |seen: f64| {
        let (mut low, mut high) = (0.0, seen.max(0.0) / scale + 1.0);
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            if scale * folded(middle) < seen { low = middle } else { high = middle }
        }
        scale * low
    };
    [tv, shift(tv - 2.0 * spread), shift(tv + 2.0 * spread)]
}

/// Which starts share an end.
#[derive(Clone, Debug)]
pub struct Ends {
    /// Label of each start's end, 0 .. count.
    pub label: Vec<usize>,
    /// Number of distinct ends: groups of which every pair is near.
    pub count: usize,
    /// Whether the coldest and the hottest start share an end.
    pub hot_meets_cold: bool,
    /// Total variation of the P(T) of the two ends that may be farthest apart, and its 95 % interval; zeros of a single
    /// start.
    pub widest: [f64; 3],
}

impl Ends {
    /// Whether all starts are shown to have one end: no pair has a total variation of 0.05 or more, its interval
    /// included.
    ///
    /// ```
    /// use rgflow::flow::Ends;
    /// assert!(Ends::is_one([0.01, 0.0, 0.04]) && !Ends::is_one([0.01, 0.0, 0.08]));
    /// ```
    pub fn is_one(widest: [f64; 3]) -> bool {
        widest[2] < SAME_END
    }
}

/// Distinct ends at a recorded step. Two ends are near if the total variation of their P(T) is below max(3
/// sigma, 0.05). Starts share an end if each is near every other: a row of ends that go from one to the next in small
/// steps is not one end.
///
/// ```
/// use ndarray::{Array2, array};
/// use rgflow::flow::{Moment, distinct_ends};
/// let moment = Moment {
///     step: 100,
///     probability: array![[0.9, 0.1], [0.9, 0.1], [0.2, 0.8]],
///     probability_error: Array2::from_elem((3, 2), 1e-3),
///     energy: vec![],
///     energy_error: vec![],
///     abs_m: vec![],
///     abs_m_error: vec![],
///     distance: vec![],
///     distance_error: vec![],
///     example: Array2::zeros((3, 1)),
/// };
/// let ends = distinct_ends(&moment);
/// assert_eq!((ends.count, ends.label, ends.hot_meets_cold), (2, vec![0, 0, 1], false));
/// ```
pub fn distinct_ends(moment: &Moment) -> Ends {
    let (p, e) = (&moment.probability, &moment.probability_error);
    let n = p.nrows();
    let differences = |a: usize, b: usize| -> Vec<(f64, f64)> {
        (0..p.ncols()).map(|k| (p[[a, k]] - p[[b, k]], e[[a, k]].hypot(e[[b, k]]))).collect()
    };
    let near = |a: usize, b: usize| {
        let (tv, noise) = variation(differences(a, b).into_iter());
        tv < (3.0 * noise).max(SAME_END)
    };
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut label = Vec::with_capacity(n);
    let mut widest = [0.0; 3];
    for a in 0..n {
        for b in 0..a {
            let of = variation_interval(&differences(a, b));
            if of[2] > widest[2] {
                widest = of;
            }
        }
        let k = groups.iter().position(|group| group.iter().all(|b| near(a, *b))).unwrap_or(groups.len());
        match groups.get_mut(k) {
            Some(group) => group.push(a),
            None => groups.push(vec![a]),
        }
        label.push(k);
    }
    Ends { count: groups.len(), hot_meets_cold: n == 0 || near(0, n - 1), label, widest }
}

/// Attractors of the mean-field map and their basins.
#[derive(Clone, Debug)]
pub struct Attractors {
    /// A representative end vector of each attractor, shape (count, sites), heaviest first.
    pub centres: Array2<f32>,
    /// Weight of each basin per start, shape (count, n_starts); columns sum to 1.
    pub weight: Array2<f64>,
}

/// Clusters end vectors, shape (n_starts * per_start, sites): one attractor = within a root mean square of 0.1 of its
/// representative.
///
/// ```
/// use ndarray::array;
/// use rgflow::flow::attractors;
/// // Two chains of each of two starts.
/// let ends = array![[1.0f32, 1.0], [-1.0, -1.0], [1.0, 1.0], [1.0, 1.0]];
/// assert_eq!(attractors(ends.view(), 2).weight, array![[0.5, 1.0], [0.5, 0.0]]);
/// ```
pub fn attractors(ends: ArrayView2<f32>, n_starts: usize) -> Attractors {
    let (n, sites) = ends.dim();
    let per_start = n / n_starts;
    let most = SAME_ATTRACTOR * SAME_ATTRACTOR * sites as f32;
    let (mut centres, mut members): (Vec<usize>, Vec<Vec<f64>>) = (vec![], vec![]);
    for i in 0..n {
        let row = ends.row(i);
        let near = |c: &usize| row.iter().zip(ends.row(*c)).map(|(a, b)| (a - b) * (a - b)).sum::<f32>() < most;
        let k = centres.iter().position(near).unwrap_or_else(|| {
            centres.push(i);
            members.push(vec![0.0; n_starts]);
            centres.len() - 1
        });
        members[k][i / per_start] += 1.0 / per_start as f64;
    }
    let mut order: Vec<usize> = (0..centres.len()).collect();
    let total = |k: &usize| members[*k].iter().sum::<f64>();
    order.sort_by(|a, b| total(b).total_cmp(&total(a)));
    Attractors {
        centres: Array2::from_shape_fn((order.len(), sites), |(k, i)| ends[[centres[order[k]], i]]),
        weight: Array2::from_shape_fn((order.len(), n_starts), |(k, s)| members[order[k]][s]),
    }
}

/// Relaxation time of a flow, in steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Relaxation {
    /// Measured.
    Steps(f64),
    /// Longer than this many steps: hot and cold starts kept more than 1/e of their difference.
    Longer(f64),
    /// Over within the first recorded steps: at most this.
    Within(f64),
}

/// Relaxation time from the difference D(t) of the energies of the hottest and the coldest start:
/// tau = (t2 - t1)/ln(D(t1)/D(t2)), t1 the first record with D below D(0)/e and t2 the last before D first falls under
/// four standard errors: the slowest decay that the data resolve. Without a lattice there is no energy: longer than 0
/// steps.
///
/// ```
/// # use rgflow::{flow::{Flow, Mode, Readout, Schedule, Starts, run}, random::Streams, rbm::Rbm};
/// # let streams = Streams::new(1);
/// # let rbm = Rbm::random(4, 2, 0.01, &mut streams.generator("example/init", 0));
/// # let spins = ndarray::Array2::from_shape_fn((40, 4), |(chain, _)| if chain < 20 { 1.0f32 } else { -1.0 });
/// # let starts = Starts { values: spins.view().into(), n_starts: 2 };
/// # let schedule = Schedule { steps: 8, records: vec![0, 1, 4, 8], ..Schedule::new(8) };
/// # let flow = Flow { rbm: &rbm, mode: Mode::Mean, schedule: &schedule };
/// let flow = run(flow, Readout::default(), starts, streams.of("example/flow"))?;
/// // No lattice, no energy.
/// assert_eq!(rgflow::flow::relaxation(&flow), rgflow::flow::Relaxation::Longer(0.0));
/// # Ok::<(), rgflow::flow::FlowError>(())
/// ```
pub fn relaxation(trajectory: &Trajectory) -> Relaxation {
    let points: Vec<(f64, f64, f64)> = trajectory
        .moments
        .iter()
        .filter_map(|m| {
            let difference = (m.energy.last()? - m.energy.first()?).abs();
            Some((m.step as f64, difference, m.energy_error.last()?.hypot(*m.energy_error.first()?)))
        })
        .collect();
    relaxation_of(&points)
}

fn relaxation_of(points: &[(f64, f64, f64)]) -> Relaxation {
    let last = points.last().map_or(0.0, |p| p.0);
    let threshold = points.first().map_or(0.0, |p| p.1) / std::f64::consts::E;
    let Some(first) = points.iter().position(|p| p.1 < threshold) else { return Relaxation::Longer(last) };
    let resolved = points.iter().position(|(_, d, e)| *d <= 4.0 * e).unwrap_or(points.len());
    if resolved <= first + 1 {
        return Relaxation::Within(points[first].0);
    }
    let (a, b) = (points[first], points[resolved - 1]);
    if b.1 >= a.1 { Relaxation::Longer(last) } else { Relaxation::Steps((b.0 - a.0) / libm::log(a.1 / b.1)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relaxation_of_an_exponential_is_its_time() {
        let decay = |tau: f64| -> Vec<(f64, f64, f64)> {
            (0..100).map(|t| (t as f64, (-(t as f64) / tau).exp(), 1e-3)).collect()
        };
        let Relaxation::Steps(tau) = relaxation_of(&decay(12.0)) else { panic!("resolved") };
        assert!((tau - 12.0).abs() < 1e-9);
        assert_eq!(relaxation_of(&decay(1000.0)), Relaxation::Longer(99.0));
        assert_eq!(relaxation_of(&decay(0.1)), Relaxation::Within(1.0));
    }

    #[test]
    fn a_chain_of_small_steps_is_not_one_end() {
        let p = [[0.5, 0.5], [0.54, 0.46], [0.58, 0.42], [0.9, 0.1]];
        let moment = Moment {
            step: 0,
            probability: Array2::from_shape_fn((4, 2), |(i, k)| p[i][k]),
            probability_error: Array2::from_elem((4, 2), 1e-4),
            energy: vec![],
            energy_error: vec![],
            abs_m: vec![],
            abs_m_error: vec![],
            distance: vec![],
            distance_error: vec![],
            example: Array2::zeros((4, 1)),
        };
        let ends = distinct_ends(&moment);
        assert_eq!((ends.count, ends.label, ends.hot_meets_cold), (3, vec![0, 0, 1, 2], false));
        assert!((ends.widest[0] - 0.4).abs() < 1e-9 && !Ends::is_one(ends.widest), "{:?}", ends.widest);
    }

    /// Null: two curves of 20 points with normal errors; the truth is outside of the 95 % interval in at most 12 % of
    /// 400 cases (the interval is conservative: p < 1e-7 if it were 95 %), equal curves as well as curves 0.1 apart.
    #[test]
    fn intervals_of_the_total_variation_hold_the_truth() {
        let mut rng = crate::random::Streams::new(1).generator("test/variation", 0);
        for (shift, sigma) in [(0.0, 0.002), (0.01, 0.002), (0.01, 0.01)] {
            let mut normal = || (0..12).map(|_| rand::RngExt::random::<f64>(&mut rng)).sum::<f64>() - 6.0;
            let inside = (0..400).filter(|_| {
                let seen: Vec<_> = (0..20).map(|_| (shift + sigma * normal(), sigma)).collect();
                let [_, low, high] = variation_interval(&seen);
                (low - 1e-9..=high).contains(&(10.0 * shift))
            });
            let inside = inside.count();
            assert!(inside >= 352, "{shift} {sigma}: {inside} of 400");
        }
        assert_eq!(variation_interval(&[(0.1, 0.0), (-0.1, 0.0)]), [0.1; 3]);
    }

    #[test]
    fn attractors_have_their_basins() {
        let ends = Array2::from_shape_fn((8, 9), |(i, j)| if i == 5 || i == 2 { -1.0 } else { 1.0 + 0.001 * j as f32 });
        let found = attractors(ends.view(), 2);
        assert_eq!(found.weight, ndarray::array![[0.75, 0.75], [0.25, 0.25]]);
        assert_eq!(found.centres.row(1).to_vec(), vec![-1.0; 9]);
    }
}
