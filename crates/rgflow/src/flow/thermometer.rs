//! The thermometer: a perceptron's P(T | configuration), its reference curves, and T* with interval and test.

use super::FlowError;
use super::reading::Reading;
use super::reference::{Calibration, REPLICAS, Reference, reverse};
use crate::nn::Mlp;
use crate::random::Streams;
use crate::statistics::{gamma_tail, jensen_shannon};
use ndarray::{Array2, ArrayView2, Axis};
use rayon::prelude::*;

/// Rows that go through the network at once; fixed, because bits of a matrix product may depend on it.
const CHUNK: usize = 250;

/// T* of a collection: argmin over T of KL(P_collection || P_ref(T)).
#[derive(Clone, Debug)]
pub struct TStar {
    /// T*, J/k_B.
    pub value: f64,
    /// Standard error by bootstrap of the collection and of the reference set.
    pub error: f64,
    /// 95 % interval, only where T* is at an edge of the grid (open there) or neighbours on the grid cannot be told
    /// apart.
    pub interval: Option<[Option<f64>; 2]>,
    /// KL(P_collection || P_ref(T*)) that remains, nats.
    pub kl: f64,
    /// KL(P_ref(T*) || P_collection), nats.
    pub kl_reverse: f64,
    /// Jensen-Shannon divergence from P_ref(T*), nats.
    pub js: f64,
    /// Probability that a thermal collection of this size leaves a larger KL with T* refitted.
    pub p_thermal: f64,
    /// Configurations in the collection.
    pub n: usize,
}

/// A perceptron that reads temperatures, with its reference curves and calibration.
#[derive(Debug)]
pub struct Thermometer {
    /// The network: classes are the temperatures of the reference.
    pub mlp: Mlp,
    /// Reference curves.
    pub reference: Reference,
    /// Distances of thermal collections.
    pub calibration: Calibration,
    streams: Streams,
}

impl Thermometer {
    /// From its parts; `streams` feeds the bootstrap.
    ///
    /// ```
    /// # use rgflow::{flow::{Reading, Reference}, random::Streams};
    /// # let reading = |p: f32| Reading::of(ndarray::Array2::from_shape_fn((200, 2), |(i, k)| {
    /// #     let p = p + 0.01 * (i / 10 % 3) as f32 - 0.01;
    /// #     if k == 0 { p } else { 1.0 - p }
    /// # }).view());
    /// # let reference = Reference::new(&[1.0, 2.0], vec![reading(0.9), reading(0.2)], Streams::new(1))?;
    /// # use rgflow::flow::{Calibration, Thermometer};
    /// # use rgflow::nn::{Activation, Mlp};
    /// # let streams = Streams::new(1);
    /// # let random = &mut streams.generator("example/mlp", 0);
    /// # let mlp = Mlp::random(&[4, 2], Activation::Tanh, Activation::Softmax, random);
    /// let thermometer = Thermometer::new(mlp, reference, Calibration::new(vec![], streams), streams)?;
    /// assert_eq!(thermometer.reference.temperatures(), [1.0, 2.0]);
    /// # Ok::<(), rgflow::flow::FlowError>(())
    /// ```
    ///
    /// # Errors
    /// [`FlowError::Outputs`] for a network of other temperatures than the reference, [`FlowError::Midpoints`] or
    /// [`FlowError::Reading`] for a calibration of others.
    pub fn new(mlp: Mlp, reference: Reference, calibration: Calibration, streams: Streams) -> Result<Self, FlowError> {
        let (n, midpoints) = (reference.temperatures().len(), calibration.midpoints());
        if mlp.n_out() != n {
            return Err(FlowError::Outputs { outputs: mlp.n_out(), temperatures: n });
        }
        if !midpoints.is_empty() && midpoints.len() != n - 1 {
            return Err(FlowError::Midpoints { found: midpoints.len(), expected: n - 1 });
        }
        midpoints.iter().enumerate().try_for_each(|(index, reading)| reading.check(index, n))?;
        Ok(Self { mlp, reference, calibration, streams })
    }

    /// T* of a collection.
    ///
    /// ```
    /// # use rgflow::{flow::{Reading, Reference}, random::Streams};
    /// # let reading = |p: f32| Reading::of(ndarray::Array2::from_shape_fn((200, 2), |(i, k)| {
    /// #     let p = p + 0.01 * (i / 10 % 3) as f32 - 0.01;
    /// #     if k == 0 { p } else { 1.0 - p }
    /// # }).view());
    /// # let reference = Reference::new(&[1.0, 2.0], vec![reading(0.9), reading(0.2)], Streams::new(1))?;
    /// # use rgflow::flow::{Calibration, Thermometer};
    /// # use rgflow::nn::{Activation, Mlp};
    /// # let streams = Streams::new(1);
    /// # let random = &mut streams.generator("example/mlp", 0);
    /// # let mlp = Mlp::random(&[4, 2], Activation::Tanh, Activation::Softmax, random);
    /// let thermometer = Thermometer::new(mlp, reference, Calibration::new(vec![], streams), streams)?;
    /// let seen = thermometer.read(&reading(0.2));
    /// assert!((seen.value - 2.0).abs() < 0.05 && seen.n == 200);
    /// # Ok::<(), rgflow::flow::FlowError>(())
    /// ```
    pub fn read(&self, reading: &Reading) -> TStar {
        let p = reading.mean();
        let (value, kl) = self.reference.t_star(&p);
        let mut random = self.streams.generator("thermometer/bootstrap", reading.n() as u64);
        let replicas: Vec<f64> =
            (0..REPLICAS).map(|b| self.reference.t_star_replica(reading, b, &mut random)).collect();
        let mean = replicas.iter().sum::<f64>() / REPLICAS as f64;
        let square = replicas.iter().map(|t| (t - mean).powi(2)).sum::<f64>();
        let (thermal, slack) = self.calibration.thermal(&self.reference, value, reading.n());
        let beyond = thermal.iter().filter(|k| **k >= kl).count();
        let p_thermal = if beyond > 0 {
            (beyond + 1) as f64 / (thermal.len() + 1) as f64
        } else {
            gamma_tail(&thermal, kl).min(1.0 / (thermal.len() + 1) as f64)
        };
        TStar {
            value,
            error: (square / (REPLICAS - 1) as f64).sqrt(),
            interval: self.interval(&p, kl + slack),
            kl,
            kl_reverse: reverse(&self.reference, &p, value),
            js: jensen_shannon(&p, &self.reference.curve(value)),
            p_thermal,
            n: reading.n(),
        }
    }

    /// All T whose KL is at most `most`, where that set reaches an edge or is wider than three steps of the grid.
    fn interval(&self, p: &[f64], most: f64) -> Option<[Option<f64>; 2]> {
        let profile = self.reference.profile(p);
        let inside: Vec<f64> = profile.iter().filter(|(_, d)| *d <= most).map(|(t, _)| *t).collect();
        let (low, high) = (*inside.first()?, *inside.last()?);
        let grid = self.reference.temperatures();
        let (first, last) = (grid[0], grid[grid.len() - 1]);
        let wide = high - low > 3.0 * (last - first) / (grid.len() - 1) as f64;
        let (at_first, at_last) = (low <= first, high >= last);
        (wide || at_first || at_last).then_some([(!at_first).then_some(low), (!at_last).then_some(high)])
    }

    /// Reading of spins: shape (n, sites), values -1 and +1.
    ///
    /// ```
    /// # use rgflow::{flow::{Reading, Reference}, random::Streams};
    /// # let reading = |p: f32| Reading::of(ndarray::Array2::from_shape_fn((200, 2), |(i, k)| {
    /// #     let p = p + 0.01 * (i / 10 % 3) as f32 - 0.01;
    /// #     if k == 0 { p } else { 1.0 - p }
    /// # }).view());
    /// # let reference = Reference::new(&[1.0, 2.0], vec![reading(0.9), reading(0.2)], Streams::new(1))?;
    /// # use rgflow::flow::{Calibration, Thermometer};
    /// # use rgflow::nn::{Activation, Mlp};
    /// # let streams = Streams::new(1);
    /// # let random = &mut streams.generator("example/mlp", 0);
    /// # let mlp = Mlp::random(&[4, 2], Activation::Tanh, Activation::Softmax, random);
    /// let thermometer = Thermometer::new(mlp, reference, Calibration::new(vec![], streams), streams)?;
    /// let reading = thermometer.read_spins(ndarray::Array2::ones((20, 4)).view())?;
    /// assert!((reading.mean().iter().sum::<f64>() - 1.0).abs() < 1e-6);
    /// # Ok::<(), rgflow::flow::FlowError>(())
    /// ```
    ///
    /// # Errors
    /// [`FlowError::Spins`] for configurations of another size than the network.
    pub fn read_spins(&self, spins: ArrayView2<i8>) -> Result<Reading, FlowError> {
        Ok(Reading::of(probabilities(&self.mlp, spins)?.view()))
    }
}

/// P(T | configuration) of spins, chunk by chunk over the cores: shape (n, sites) -> (n, temperatures).
///
/// ```
/// use rgflow::{flow::probabilities, nn::{Activation, Mlp}, random::Streams};
/// let random = &mut Streams::new(1).generator("example/mlp", 0);
/// let mlp = Mlp::random(&[4, 3], Activation::Tanh, Activation::Softmax, random);
/// let p = probabilities(&mlp, ndarray::Array2::ones((20, 4)).view())?;
/// assert!(p.dim() == (20, 3) && p.rows().into_iter().all(|row| (row.sum() - 1.0).abs() < 1e-6));
/// # Ok::<(), rgflow::flow::FlowError>(())
/// ```
///
/// # Errors
/// [`FlowError::Spins`] for configurations of another size than the network.
pub fn probabilities(mlp: &Mlp, spins: ArrayView2<i8>) -> Result<Array2<f32>, FlowError> {
    if spins.ncols() != mlp.n_in() {
        return Err(FlowError::Spins { spins: spins.ncols(), inputs: mlp.n_in() });
    }
    let mut out = Array2::zeros((spins.nrows(), mlp.n_out()));
    let chunks: Vec<_> = out.axis_chunks_iter_mut(Axis(0), CHUNK).zip(spins.axis_chunks_iter(Axis(0), CHUNK)).collect();
    chunks.into_par_iter().for_each(|(mut out, spins)| {
        out.assign(&mlp.outputs(spins.mapv(f32::from).view()));
    });
    Ok(out)
}
