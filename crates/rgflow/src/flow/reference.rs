//! Reference curves P_ref(T), the search for T*, and what thermal collections show (the calibration of "not thermal").

use super::{FlowError, Reading, probabilities};
use crate::nn::Mlp;
use crate::random::Streams;
use crate::statistics::kullback_leibler;
use ndarray::{Array2, ArrayView1};
use rand::RngExt;
use std::collections::BTreeMap;
use std::sync::Mutex;

/// Points between neighbouring temperatures at which curves are tabulated; T* is then refined by a parabola.
const POINTS: usize = 16;
/// Bootstrap replicas of the reference curves.
pub(crate) const REPLICAS: usize = 200;
/// Smallest probability of a curve; the softmax gives less only by rounding.
const FLOOR: f64 = 1e-12;

/// ln P_ref(T) on a fine grid, linear in T between the temperatures of the reference set and renormalised.
#[derive(Clone, Debug)]
pub(crate) struct Curves {
    ln_p: Array2<f64>,
}

impl Curves {
    fn new(means: &[Vec<f64>]) -> Self {
        let n = means.len();
        let rows = (n - 1) * POINTS + 1;
        let mut ln_p = Array2::zeros((rows, n));
        for (row, mut to) in ln_p.rows_mut().into_iter().enumerate() {
            let (k, w) = ((row / POINTS).min(n - 2), row as f64 / POINTS as f64);
            let w = w - k as f64;
            let mut sum = 0.0;
            for (t, (a, b)) in to.iter_mut().zip(means[k].iter().zip(&means[k + 1])) {
                *t = (1.0 - w) * libm::log(a.max(FLOOR)) + w * libm::log(b.max(FLOOR));
                sum += libm::exp(*t);
            }
            to -= libm::log(sum);
        }
        Self { ln_p }
    }

    /// KL(p || P_ref(T)) at each point of the fine grid.
    fn divergences(&self, p: &[f64]) -> Vec<f64> {
        let entropy: f64 = p.iter().filter(|p| **p > 0.0).map(|p| p * libm::log(*p)).sum();
        let p = ArrayView1::from(p);
        self.ln_p.rows().into_iter().map(|row| (entropy - row.dot(&p)).max(0.0)).collect()
    }

    /// The curve at a position in units of grid steps: between tabulated points ln P is linear, then renormalised.
    fn at(&self, position: f64) -> Vec<f64> {
        let row = position * POINTS as f64;
        let below = (row.floor() as usize).min(self.ln_p.nrows() - 2);
        let w = row - below as f64;
        let (a, b) = (self.ln_p.row(below), self.ln_p.row(below + 1));
        let p: Vec<f64> = a.iter().zip(b).map(|(a, b)| libm::exp((1.0 - w) * a + w * b)).collect();
        let sum: f64 = p.iter().sum();
        p.into_iter().map(|p| p / sum).collect()
    }
}

/// Position (in grid steps) and value of the smallest divergence: the lowest point, refined by a parabola through three
/// points of its segment. A temperature of the reference set belongs to the segments on both sides, which meet in a
/// kink.
fn minimum(divergences: &[f64]) -> (f64, f64) {
    let last = divergences.len() - 1;
    let lowest = (0..=last).min_by(|a, b| divergences[*a].total_cmp(&divergences[*b])).unwrap_or(0);
    let mut best = (lowest as f64, divergences[lowest]);
    let segments = [lowest.saturating_sub(1) / POINTS, lowest.min(last - 1) / POINTS];
    for segment in segments {
        let (from, to) = (segment * POINTS, (segment + 1) * POINTS);
        let middle = lowest.clamp(from + 1, to - 1);
        let (a, b, c) = (divergences[middle - 1], divergences[middle], divergences[middle + 1]);
        let curvature = a - 2.0 * b + c;
        if curvature > 0.0 {
            let shift = (0.5 * (a - c) / curvature).clamp(-1.0, 1.0);
            let value = (b + 0.5 * (c - a) * shift + 0.5 * curvature * shift * shift).max(0.0);
            if value < best.1 {
                best = (middle as f64 + shift, value);
            }
        }
    }
    (best.0 / POINTS as f64, best.1)
}

/// Reference curves with bootstrap replicas.
#[derive(Clone, Debug)]
pub struct Reference {
    temperatures: Vec<f64>,
    readings: Vec<Reading>,
    curves: Curves,
    replicas: Vec<Curves>,
}

impl Reference {
    /// From readings of thermal sets, one per temperature (ascending, evenly spaced).
    ///
    /// ```
    /// # use rgflow::{flow::{Reading, Reference}, random::Streams};
    /// # let reading = |p: f32| Reading::of(ndarray::Array2::from_shape_fn((200, 2), |(i, k)| {
    /// #     let p = p + 0.01 * (i / 10 % 3) as f32 - 0.01;
    /// #     if k == 0 { p } else { 1.0 - p }
    /// # }).view());
    /// let reference = Reference::new(&[1.0, 2.0], vec![reading(0.9), reading(0.2)], Streams::new(1))?;
    /// let (t, _) = reference.t_star(&reference.curve(1.5));
    /// assert!((t - 1.5).abs() < 0.01);
    /// # Ok::<(), rgflow::flow::FlowError>(())
    /// ```
    ///
    /// # Errors
    /// [`FlowError::Readings`] unless there are at least two temperatures and a reading for each;
    /// [`FlowError::Reading`] for a reading of other temperatures or without configurations.
    pub fn new(temperatures: &[f64], readings: Vec<Reading>, streams: Streams) -> Result<Self, FlowError> {
        let n = temperatures.len();
        if n < 2 || n != readings.len() {
            return Err(FlowError::Readings { temperatures: n, readings: readings.len() });
        }
        readings.iter().enumerate().try_for_each(|(index, reading)| reading.check(index, n))?;
        let curves = Curves::new(&readings.iter().map(Reading::mean).collect::<Vec<_>>());
        let replicas = (0..REPLICAS)
            .map(|b| {
                let mut random = streams.generator("thermometer/reference", b as u64);
                Curves::new(&readings.iter().map(|r| r.resampled(&mut random)).collect::<Vec<_>>())
            })
            .collect();
        Ok(Self { temperatures: temperatures.to_vec(), readings, curves, replicas })
    }

    /// From spins: a set of shape (n, sites), values -1 and +1, for each temperature (ascending, evenly spaced), read
    /// by `mlp`.
    ///
    /// ```
    /// use ndarray::Array2;
    /// use rgflow::{flow::Reference, nn::{Activation, Mlp}, random::Streams};
    /// let streams = Streams::new(1);
    /// let random = &mut streams.generator("example/mlp", 0);
    /// let mlp = Mlp::random(&[4, 2], Activation::Tanh, Activation::Softmax, random);
    /// let checkerboard = Array2::from_shape_fn((20, 4), |(i, j)| if (i + j) % 2 == 0 { 1 } else { -1 });
    /// let sets = [Array2::ones((20, 4)), checkerboard];
    /// let reference = Reference::of_spins(&mlp, &[1.0, 2.0], &sets, streams)?;
    /// assert_eq!(reference.readings()[0].n(), 20);
    /// # Ok::<(), rgflow::flow::FlowError>(())
    /// ```
    ///
    /// # Errors
    /// As [`Reference::new`]; [`FlowError::Spins`] for sets of another width than the network.
    pub fn of_spins(mlp: &Mlp, temperatures: &[f64], sets: &[Array2<i8>], streams: Streams) -> Result<Self, FlowError> {
        let readings = sets.iter().map(|spins| Ok(Reading::of(probabilities(mlp, spins.view())?.view())));
        Self::new(temperatures, readings.collect::<Result<_, FlowError>>()?, streams)
    }

    /// Temperatures of the reference set, J/k_B.
    ///
    /// ```
    /// # use rgflow::{flow::{Reading, Reference}, random::Streams};
    /// # let reading = |p: f32| Reading::of(ndarray::Array2::from_shape_fn((200, 2), |(i, k)| {
    /// #     let p = p + 0.01 * (i / 10 % 3) as f32 - 0.01;
    /// #     if k == 0 { p } else { 1.0 - p }
    /// # }).view());
    /// # let reference = Reference::new(&[1.0, 2.0], vec![reading(0.9), reading(0.2)], Streams::new(1))?;
    /// assert_eq!(reference.temperatures(), [1.0, 2.0]);
    /// # Ok::<(), rgflow::flow::FlowError>(())
    /// ```
    pub fn temperatures(&self) -> &[f64] {
        &self.temperatures
    }

    /// P_ref(T) at the temperatures of the reference set.
    ///
    /// ```
    /// # use rgflow::{flow::{Reading, Reference}, random::Streams};
    /// # let reading = |p: f32| Reading::of(ndarray::Array2::from_shape_fn((200, 2), |(i, k)| {
    /// #     let p = p + 0.01 * (i / 10 % 3) as f32 - 0.01;
    /// #     if k == 0 { p } else { 1.0 - p }
    /// # }).view());
    /// # let reference = Reference::new(&[1.0, 2.0], vec![reading(0.9), reading(0.2)], Streams::new(1))?;
    /// assert!((reference.readings()[1].mean()[0] - 0.2).abs() < 0.01);
    /// # Ok::<(), rgflow::flow::FlowError>(())
    /// ```
    pub fn readings(&self) -> &[Reading] {
        &self.readings
    }

    fn temperature(&self, position: f64) -> f64 {
        let k = (position.floor() as usize).min(self.temperatures.len() - 2);
        let (a, b) = (self.temperatures[k], self.temperatures[k + 1]);
        a + (b - a) * (position - k as f64)
    }

    /// KL(p || P_ref(T)) on the fine grid, as pairs (T, KL).
    ///
    /// ```
    /// # use rgflow::{flow::{Reading, Reference}, random::Streams};
    /// # let reading = |p: f32| Reading::of(ndarray::Array2::from_shape_fn((200, 2), |(i, k)| {
    /// #     let p = p + 0.01 * (i / 10 % 3) as f32 - 0.01;
    /// #     if k == 0 { p } else { 1.0 - p }
    /// # }).view());
    /// # let reference = Reference::new(&[1.0, 2.0], vec![reading(0.9), reading(0.2)], Streams::new(1))?;
    /// let profile = reference.profile(&[0.9, 0.1]);
    /// let ((cold, near), (hot, far)) = (profile[0], profile[profile.len() - 1]);
    /// assert!((cold, hot) == (1.0, 2.0) && near < 0.01 && far > 1.0);
    /// # Ok::<(), rgflow::flow::FlowError>(())
    /// ```
    pub fn profile(&self, p: &[f64]) -> Vec<(f64, f64)> {
        let points = self.curves.divergences(p).into_iter().enumerate();
        points.map(|(j, d)| (self.temperature(j as f64 / POINTS as f64), d)).collect()
    }

    /// T* of a curve p and its divergence: argmin over T of KL(p || P_ref(T)).
    ///
    /// ```
    /// # use rgflow::{flow::{Reading, Reference}, random::Streams};
    /// # let reading = |p: f32| Reading::of(ndarray::Array2::from_shape_fn((200, 2), |(i, k)| {
    /// #     let p = p + 0.01 * (i / 10 % 3) as f32 - 0.01;
    /// #     if k == 0 { p } else { 1.0 - p }
    /// # }).view());
    /// # let reference = Reference::new(&[1.0, 2.0], vec![reading(0.9), reading(0.2)], Streams::new(1))?;
    /// let (t, kl) = reference.t_star(&[0.2, 0.8]);
    /// assert!((t - 2.0).abs() < 0.05 && kl < 0.01);
    /// # Ok::<(), rgflow::flow::FlowError>(())
    /// ```
    pub fn t_star(&self, p: &[f64]) -> (f64, f64) {
        let (position, kl) = minimum(&self.curves.divergences(p));
        (self.temperature(position), kl)
    }

    /// T* of the bootstrap resample `b` of `reading`, read by the replica `b` of the reference curves.
    pub(crate) fn t_star_replica(&self, reading: &Reading, b: usize, random: &mut crate::random::Generator) -> f64 {
        let (position, _) = minimum(&self.replicas[b].divergences(&reading.resampled(random)));
        self.temperature(position)
    }

    /// P_ref at the temperature `t`.
    ///
    /// ```
    /// # use rgflow::{flow::{Reading, Reference}, random::Streams};
    /// # let reading = |p: f32| Reading::of(ndarray::Array2::from_shape_fn((200, 2), |(i, k)| {
    /// #     let p = p + 0.01 * (i / 10 % 3) as f32 - 0.01;
    /// #     if k == 0 { p } else { 1.0 - p }
    /// # }).view());
    /// # let reference = Reference::new(&[1.0, 2.0], vec![reading(0.9), reading(0.2)], Streams::new(1))?;
    /// assert!((reference.curve(1.0)[0] - 0.9).abs() < 0.01);
    /// # Ok::<(), rgflow::flow::FlowError>(())
    /// ```
    pub fn curve(&self, t: f64) -> Vec<f64> {
        self.curves.at(self.position(t))
    }

    fn position(&self, t: f64) -> f64 {
        let last = self.temperatures.len() - 1;
        let k = self.temperatures.partition_point(|x| *x <= t).saturating_sub(1).min(last - 1);
        let (a, b) = (self.temperatures[k], self.temperatures[k + 1]);
        (k as f64 + (t - a) / (b - a)).clamp(0.0, last as f64)
    }
}

/// Divergences of thermal collections with T* refitted, and the 95 % quantile of KL(true T) - KL(T*).
type Thermal = (Vec<f64>, f64);

/// Distances of thermal collections of a given size: the smallest KL with T* refitted, and how far below the KL at the
/// true temperature it lies. At the reference temperatures these resample the reference set; halfway between, where the
/// interpolation of curves matters most, they resample a thermal set made there.
#[derive(Debug)]
pub struct Calibration {
    midpoints: Vec<Reading>,
    streams: Streams,
    cache: Mutex<BTreeMap<(usize, usize), Thermal>>,
}

impl Calibration {
    /// From readings of thermal sets at the midpoints of the reference temperatures (one fewer than those), or from
    /// none: then collections between the reference temperatures are compared with those at the nearest one.
    ///
    /// ```
    /// use rgflow::{flow::Calibration, random::Streams};
    /// assert!(Calibration::new(vec![], Streams::new(1)).midpoints().is_empty());
    /// ```
    pub fn new(midpoints: Vec<Reading>, streams: Streams) -> Self {
        Self { midpoints, streams, cache: Mutex::new(BTreeMap::new()) }
    }

    /// Readings of the midpoints.
    ///
    /// ```
    /// # use rgflow::{flow::{Reading, Reference}, random::Streams};
    /// # let reading = |p: f32| Reading::of(ndarray::Array2::from_shape_fn((200, 2), |(i, k)| {
    /// #     let p = p + 0.01 * (i / 10 % 3) as f32 - 0.01;
    /// #     if k == 0 { p } else { 1.0 - p }
    /// # }).view());
    /// # use rgflow::flow::Calibration;
    /// assert_eq!(Calibration::new(vec![reading(0.6)], Streams::new(1)).midpoints().len(), 1);
    /// ```
    pub fn midpoints(&self) -> &[Reading] {
        &self.midpoints
    }

    /// Divergences of thermal collections of `n` configurations at the calibration temperature nearest to `t`, and the
    /// 95 % quantile of KL(true T) - KL(T*).
    ///
    /// ```
    /// # use rgflow::{flow::{Reading, Reference}, random::Streams};
    /// # let reading = |p: f32| Reading::of(ndarray::Array2::from_shape_fn((200, 2), |(i, k)| {
    /// #     let p = p + 0.01 * (i / 10 % 3) as f32 - 0.01;
    /// #     if k == 0 { p } else { 1.0 - p }
    /// # }).view());
    /// # let reference = Reference::new(&[1.0, 2.0], vec![reading(0.9), reading(0.2)], Streams::new(1))?;
    /// # use rgflow::flow::Calibration;
    /// let (least, slack) = Calibration::new(vec![], Streams::new(1)).thermal(&reference, 1.0, 200);
    /// assert!(least.iter().all(|kl| *kl < 0.01) && slack < 0.01);
    /// # Ok::<(), rgflow::flow::FlowError>(())
    /// ```
    pub fn thermal(&self, reference: &Reference, t: f64, n: usize) -> Thermal {
        let half = match self.midpoints.is_empty() {
            true => 2 * reference.position(t).round() as usize,
            false => (2.0 * reference.position(t)).round() as usize,
        };
        let key = (half, n);
        if let Some(known) = self.cache.lock().unwrap_or_else(|e| e.into_inner()).get(&key) {
            return known.clone();
        }
        let source = if half.is_multiple_of(2) { &reference.readings[half / 2] } else { &self.midpoints[half / 2] };
        let blocks = &source.strata[0];
        let mean = source.mean();
        // Beyond 2000 configurations the mean is normal: draw 2000 and shrink its deviation.
        let drawn = (n / super::reading::BLOCK).clamp(1, 200);
        let shrink = ((drawn * super::reading::BLOCK) as f64 / n as f64).sqrt().min(1.0);
        let mut random = self.streams.generator("thermometer/calibration", (half * 1_000_000 + n) as u64);
        let (mut least, mut excess) = (Vec::with_capacity(REPLICAS), Vec::with_capacity(REPLICAS));
        for curves in &reference.replicas {
            let mut p = vec![0.0; mean.len()];
            for _ in 0..drawn {
                let block = random.random_range(0..blocks.nrows());
                p.iter_mut().zip(blocks.row(block)).for_each(|(p, b)| *p += b / drawn as f64);
            }
            p.iter_mut().zip(&mean).for_each(|(p, m)| *p = m + shrink * (*p - m));
            let divergences = curves.divergences(&p);
            let (_, kl) = minimum(&divergences);
            excess.push((divergences[half * POINTS / 2] - kl).max(0.0));
            least.push(kl);
        }
        excess.sort_by(f64::total_cmp);
        let result = (least, excess[excess.len() * 95 / 100]);
        self.cache.lock().unwrap_or_else(|e| e.into_inner()).insert(key, result.clone());
        result
    }
}

/// Reverse and symmetric divergences of a curve from P_ref(T): KL(P_ref || p), and KL at T.
pub(crate) fn reverse(reference: &Reference, p: &[f64], t: f64) -> f64 {
    let floored: Vec<f64> = p.iter().map(|p| p.max(FLOOR)).collect();
    kullback_leibler(&reference.curve(t), &floored)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A curve of the interpolation itself is found where it was taken, also within a step of the tabulation beside a
    /// temperature of the reference set, and leaves nothing. 0.005 grid steps and 1e-5 nats: the parabola's own error.
    #[test]
    fn the_minimum_is_found_between_tabulated_points() {
        let curve = |c: f64| -> Vec<f64> {
            let p: Vec<f64> = (0..6).map(|k| libm::exp(-0.5 * (k as f64 - c).powi(2) * (1.0 + 0.1 * c))).collect();
            let sum: f64 = p.iter().sum();
            p.into_iter().map(|p| p / sum).collect()
        };
        let means: Vec<Vec<f64>> = (0..6).map(|k| curve(f64::from(k))).collect();
        let curves = Curves::new(&means);
        for true_position in [0.0, 0.01, 0.3, 0.97, 1.0, 1.02, 1.03, 1.98, 2.5, 3.01, 4.96, 4.99, 5.0f64] {
            let k = (true_position.floor() as usize).min(4);
            let w = true_position - k as f64;
            let p: Vec<f64> =
                (0..6).map(|t| libm::exp((1.0 - w) * means[k][t].ln() + w * means[k + 1][t].ln())).collect();
            let sum: f64 = p.iter().sum();
            let p: Vec<f64> = p.into_iter().map(|p| p / sum).collect();
            let (position, kl) = minimum(&curves.divergences(&p));
            assert!((position - true_position).abs() < 5e-3, "{position} for {true_position}");
            assert!(kl < 1e-5, "{kl} at {true_position}");
            let at = curves.at(true_position);
            assert!(at.iter().zip(&p).all(|(a, b)| (a - b).abs() < 1e-12), "{at:?} for {p:?}");
        }
    }
}
