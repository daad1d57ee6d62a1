//! Averages of a collection with errors that respect its autocorrelation.
//!
//! Chains are cut into blocks of at least twenty tau_int; every quantity, also a ratio of averages, is a jackknife over
//! blocks. If the collection's warnings say that chains are too short, so are the blocks. Where all configurations
//! agree in a quantity whose law has a spread, its error is NaN: no fluctuation was seen, which is no error of 0.

use ndarray::Array2;

use super::correlation::{Correlator, WallCorrelator};
use super::improved::{Axis, wave_axes};
use super::{Collection, Ising, Lattice, LatticeError, Model, Temperature};
use crate::statistics::{Estimate, jackknife};

/// Blocks that are aimed at: the error of an error is then 6 %.
const N_BLOCKS: usize = 128;

/// Least length of a block in integrated autocorrelation times.
const BLOCK_IN_TAU: f64 = 20.0;

/// Averages of a collection at one temperature, each with its statistical error.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Energy per spin in J, with its part in the field.
    pub energy: Estimate,
    /// Magnetisation \<m>, m = sum of s / N.
    pub magnetisation: Estimate,
    /// <|m|>.
    pub abs_m: Estimate,
    /// <m^2>.
    pub m2: Estimate,
    /// <m^4>.
    pub m4: Estimate,
    /// Binder's cumulant U = 1 - <m^4>/(3 <m^2>^2) (Binder 1981): 2/3 in an ordered, 0 in a disordered magnet.
    pub binder: Estimate,
    /// Specific heat per spin in k_B: C = N (\<e^2> - \<e>^2)/T^2; 0 at T = 0 and T = inf.
    pub specific_heat: Estimate,
    /// Susceptibility per spin in 1/J by |m|: chi' = N (<m^2> - <|m|>^2)/T; that of one phase below T_c without field.
    /// 0 at T = 0.
    pub susceptibility: Estimate,
    /// N \<m^2>/T: the susceptibility above T_c without field, where \<m> = 0 by symmetry. Infinite at T = 0.
    pub susceptibility_m2: Estimate,
    /// Second-moment correlation length in lattice spacings, xi = sqrt((S(0)/S(k) - 1)/k^2), k^2 =
    /// [`Lattice::k_min_squared`] of the [axes of waves](Lattice::wave_axes) (Cooper, Freedman, Preston 1982). In a
    /// field S is of the connected correlation, whose sum ends at six times xi, and an exponential stands for the rest.
    /// Without field \<m> = 0 by symmetry and S(0) = N \<m^2>, so that xi grows beyond L in an ordered magnet, where it
    /// is no correlation length ([`Self::xi_is_of_order`]). `None` where S(0) <= S(k), in a ground state, where S(k) =
    /// 0, and on a lattice without axes of waves: with open boundaries, lists of bonds, and couplings that are not one
    /// positive number.
    pub xi: Option<Estimate>,
    /// Whether [`Self::xi`] measures the order of a magnet without field and not the length of its correlations: below
    /// T_c, or where it is above the extent of the axes of waves.
    pub xi_is_of_order: bool,
    /// G(r) = <s(x) s(x + r)>, not connected, for r = 0 .. L/2 along each axis in the order of the extents (on the
    /// triangular lattice along a1 and a2). Empty where the lattice is not
    /// [translation invariant](Lattice::is_translation_invariant).
    pub correlation: Vec<Vec<Estimate>>,
    /// Cluster estimators, where the sampler has them.
    pub improved: Option<ImprovedSummary>,
}

/// The same quantities by cluster estimators.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ImprovedSummary {
    /// <m^2>.
    pub m2: Estimate,
    /// N <m^2>/T.
    pub susceptibility_m2: Estimate,
    /// As [`Summary::xi`], from the clusters' part of <m^2>.
    pub xi: Option<Estimate>,
}

/// Where the sum over distances of the connected correlation ends, in units of the xi that follows: the noise of what
/// is beyond grows as the distance to the power 2.5, while the correlation itself falls as an exponential
/// ([`beyond_window`]).
const WINDOW: f64 = 6.0;

/// Places of the means in a block.
const COUNT: usize = 0;
const E: usize = 1;
const E2: usize = 2;
const M: usize = 3;
const ABS_M: usize = 4;
const M2: usize = 5;
const M4: usize = 6;
const S_K: usize = 7;
const CLUSTER_M2: usize = 8;
const CLUSTER_S_K: usize = 9;
const FIRST_G: usize = 10;

impl Summary {
    /// Measures a collection of `model` at `temperature`.
    ///
    /// # Errors
    /// [`LatticeError::Shape`] if the configurations are of another size than the lattice,
    /// [`LatticeError::ZeroSetting`] if there are none.
    ///
    /// ```
    /// use rgflow::lattice::{Ising, Square, Summary, Temperature};
    /// use rgflow::sampling::{Kind, Sampler};
    /// use rgflow::random::Streams;
    /// let square = Square::new(8, 8)?;
    /// let (model, t) = (Ising::new(&square), Temperature::new(3.0)?);
    /// let seen = Sampler::new(Kind::SwendsenWang, &model, t).draw(2000, Streams::new(1).of("example"))?.collection;
    /// let summary = Summary::measure(&model, t, &seen)?;
    /// assert!((summary.energy.value - -0.8413).abs() < 0.02);
    /// assert_eq!(summary.correlation[0].len(), 5);
    /// # Ok::<(), rgflow::sampling::SamplingError>(())
    /// ```
    pub fn measure<L: Lattice + ?Sized>(
        model: &Ising<'_, L>,
        temperature: Temperature,
        collection: &Collection,
    ) -> Result<Self, LatticeError> {
        let blocks = blocks(model, collection)?;
        let (n, beta) = (model.lattice.n_sites() as f64, temperature.beta());
        let exactly = |f: &dyn Fn(&[f64]) -> f64| jackknife(blocks.view(), |sums| f(sums));
        // Ground states, and beta = 0 times a variance, have no spread by their law; all else that varies by rounding
        // alone was not seen to vary.
        let of = |f: &dyn Fn(&[f64]) -> f64| {
            let seen = exactly(f);
            let frozen = seen.error <= 1e-12 * seen.value.abs() && temperature != Temperature::ZERO;
            Estimate { error: if frozen { f64::NAN } else { seen.error }, ..seen }
        };
        let mean = |k: usize| of(&|s| s[k] / s[COUNT]);
        let of = |f: &dyn Fn(&[f64]) -> f64| if temperature == Temperature::INFINITE { exactly(f) } else { of(f) };
        let beta_times = |f: &dyn Fn(&[f64]) -> f64| of(&|s| finite_product(beta, f(s)));
        let susceptibility_m2 = |m2: usize| match temperature {
            Temperature::ZERO => Estimate { value: f64::INFINITY, ..mean(m2) },
            _ => of(&|s| beta * n * s[m2] / s[COUNT]),
        };
        // The axes of waves are equivalent.
        let wave_axes = model.lattice.wave_axes();
        let wave_axis = wave_axes.first().copied().unwrap_or(0);
        let k2 = model.lattice.k_min_squared(wave_axis);
        let in_field = model.field() != 0.0;
        let longest = model.lattice.extents()[wave_axis];
        let extents = correlated_extents(model.lattice);
        let first_wall = FIRST_G + extents.iter().map(|extent| extent / 2 + 1).sum::<usize>();
        // (S(0)/S(k) - 1)/k^2 of the connected correlation up to the distance `window`.
        let within = |s: &[f64], window: usize| {
            let m = s[M] / s[COUNT];
            let disconnected = n / longest as f64 * m * m;
            let (mut s_0, mut s_k) = (0.0, 0.0);
            for r in 0..=window.min(longest / 2) {
                let both = if r == 0 || 2 * r == longest { 1.0 } else { 2.0 };
                let c = both * (s[first_wall + r] / s[COUNT] - disconnected);
                s_0 += c;
                s_k += c * libm::cos(std::f64::consts::TAU * r as f64 / longest as f64);
            }
            (s_0 / s_k - 1.0) / k2
        };
        let connected = || {
            let total = blocks.sum_axis(ndarray::Axis(0));
            let total = total.as_slice().expect("a new array");
            let enough = |w: &usize| *w as f64 >= WINDOW * within(total, *w).max(0.0).sqrt();
            let mut growing = std::iter::successors(Some(3), |w| Some(w + w / 8 + 1)).take_while(|w| *w < longest / 2);
            let window = growing.find(enough).unwrap_or(longest / 2);
            let all = within(total, window);
            let missing = if window < longest / 2 { beyond_window(window as f64 / all.max(0.0).sqrt()) } else { 1.0 };
            let seen = (all > 0.0 && all < 1e12).then(|| of(&|s| (missing * within(s, window).max(0.0)).sqrt()));
            // Chains that stay on two sides of the field leave a quotient of noise.
            seen.filter(|xi| xi.value > 0.0 && xi.error <= xi.value)
        };
        let xi = |m2: usize, s_k: usize| {
            let ratio = |s: &[f64]| {
                let disconnected = if in_field { s[M] * s[M] / s[COUNT] } else { 0.0 };
                n * (s[m2] - disconnected) / s[s_k] - 1.0
            };
            let total = blocks.sum_axis(ndarray::Axis(0));
            let all = ratio(total.as_slice().expect("a new array"));
            // Beyond this S(k) is rounding: all configurations are of one sign.
            (all > 0.0 && all < 1e12).then(|| of(&|s| (ratio(s).max(0.0) / k2).sqrt()))
        };
        let mut first = FIRST_G;
        let correlation = extents.into_iter().map(|extent| {
            // G(0) = 1 by its definition.
            let at = |k: usize| if k == first { exactly(&|s| s[k] / s[COUNT]) } else { mean(k) };
            let axis = (first..=first + extent / 2).map(at).collect();
            first += extent / 2 + 1;
            axis
        });
        let measured = match (wave_axes.is_empty(), in_field) {
            (true, _) => None,
            (false, true) => connected(),
            (false, false) => xi(M2, S_K),
        };
        let below = model.lattice.critical_temperature().is_some_and(|critical| temperature.value() < critical);
        let beyond = measured.is_some_and(|xi| xi.value > longest as f64);
        Ok(Self {
            energy: mean(E),
            magnetisation: mean(M),
            abs_m: mean(ABS_M),
            m2: mean(M2),
            m4: mean(M4),
            binder: of(&|s| 1.0 - s[M4] * s[COUNT] / (3.0 * s[M2] * s[M2])),
            specific_heat: beta_times(&|s| {
                let e = s[E] / s[COUNT];
                finite_product(beta, n * (s[E2] / s[COUNT] - e * e).max(0.0))
            }),
            susceptibility: beta_times(&|s| {
                let m = s[ABS_M] / s[COUNT];
                n * (s[M2] / s[COUNT] - m * m).max(0.0)
            }),
            susceptibility_m2: susceptibility_m2(M2),
            xi: measured,
            xi_is_of_order: !in_field && measured.is_some() && (below || beyond),
            correlation: correlation.collect(),
            improved: collection.improved.as_ref().map(|_| ImprovedSummary {
                m2: mean(CLUSTER_M2),
                susceptibility_m2: susceptibility_m2(CLUSTER_M2),
                xi: if wave_axes.is_empty() { None } else { xi(CLUSTER_M2, CLUSTER_S_K) },
            }),
        })
    }
}

/// The extents along which correlations are measured.
fn correlated_extents<L: Lattice + ?Sized>(lattice: &L) -> Vec<usize> {
    if lattice.is_translation_invariant() { lattice.extents() } else { Vec::new() }
}

/// beta x, where a fluctuation that is none counts as 0 also at T = 0.
fn finite_product(beta: f64, x: f64) -> f64 {
    // Below 1e-12 a variance is rounding.
    if x <= 1e-12 { 0.0 } else { beta * x }
}

/// xi^2 of an exponential correlation over that of its sums up to the distance x xi: 1.06 at x = 6.
fn beyond_window(x: f64) -> f64 {
    if !x.is_finite() {
        return 1.0;
    }
    let tail = libm::exp(-x);
    2.0 * (1.0 - tail) / (2.0 - (x * x + 2.0 * x + 2.0) * tail)
}

/// Sums over blocks of consecutive configurations of one chain, divided by the mean number in a block: rows of the
/// quantities named above.
fn blocks<L: Lattice + ?Sized>(model: &Ising<'_, L>, collection: &Collection) -> Result<Array2<f64>, LatticeError> {
    let (n, found) = collection.spins.dim();
    let n_sites = model.lattice.n_sites();
    if found != n_sites {
        return Err(LatticeError::Shape { expected: n_sites, found });
    }
    if n == 0 {
        return Err(LatticeError::ZeroSetting("configurations"));
    }
    let n_chains = collection.n_chains.max(1);
    let tau = collection.tau_int_energy.max(collection.tau_int_abs_m).max(0.5);
    let longest = n.div_ceil(n_chains);
    let least = (BLOCK_IN_TAU * tau).ceil() as usize;
    let per_chain = (longest / least.max(1)).clamp(1, N_BLOCKS.div_ceil(n_chains));
    let mut correlator = Correlator::new(model.lattice);
    let mut waves = Waves::new(model.lattice);
    let mut walls = (model.field() != 0.0 && !waves.axes.is_empty()).then(|| WallCorrelator::new(model.lattice));
    let energies = model.energies(&collection.spins);
    let mut rows = Vec::new();
    let mut n_rows = 0;
    let mut row = Vec::new();
    for chain in 0..n_chains {
        let members: Vec<usize> = (chain..n).step_by(n_chains).collect();
        for b in 0..per_chain {
            let block = &members[b * members.len() / per_chain..(b + 1) * members.len() / per_chain];
            if block.is_empty() {
                continue;
            }
            row.clear();
            row.resize(FIRST_G, 0.0);
            for &i in block {
                let spins = collection.spins.row(i);
                let spins = spins.as_slice().expect("collections own their rows");
                let e = energies[i] / n_sites as f64;
                let m = spins.iter().map(|&s| i64::from(s)).sum::<i64>() as f64 / n_sites as f64;
                let cluster = collection.improved.as_ref();
                let cluster = cluster.map_or((0.0, 0.0), |c| (c.m2[i], c.structure.get(i).copied().unwrap_or(0.0)));
                let m2 = m * m;
                let s_k = waves.structure(spins);
                let all = [1.0, e, e * e, m, m.abs(), m2, m2 * m2, s_k, cluster.0, cluster.1];
                row.iter_mut().zip(all).for_each(|(sum, v)| *sum += v);
                correlator.add(spins);
                walls.iter_mut().for_each(|walls| walls.add(spins));
            }
            correlator.take(&mut row);
            walls.iter_mut().for_each(|walls| walls.take(&mut row));
            rows.extend_from_slice(&row);
            n_rows += 1;
        }
    }
    Ok(Array2::from_shape_vec((n_rows, rows.len() / n_rows), rows).expect("all rows have the same length"))
}

/// Structure factor |sum_j s_j e^{ikr_j}|^2/N at the smallest wave vectors, averaged over the axes of waves.
struct Waves {
    axes: Vec<Axis>,
    sums: Vec<i32>,
}

impl Waves {
    fn new<L: Lattice + ?Sized>(lattice: &L) -> Self {
        let axes = wave_axes(lattice);
        Self { sums: vec![0; axes.first().map_or(0, |a| a.phases.len())], axes }
    }

    fn structure(&mut self, spins: &[i8]) -> f64 {
        let mut total = 0.0;
        for Axis { stride, phases } in &self.axes {
            self.sums.fill(0);
            let extent = phases.len();
            for (line, spins) in spins.chunks_exact(*stride).enumerate() {
                self.sums[line % extent] += spins.iter().map(|&s| i32::from(s)).sum::<i32>();
            }
            let (mut re, mut im) = (0.0, 0.0);
            for (&(cos, sin), &s) in phases.iter().zip(&self.sums) {
                re += cos * f64::from(s);
                im += sin * f64::from(s);
            }
            total += re * re + im * im;
        }
        total / (spins.len() * self.axes.len().max(1)) as f64
    }
}
