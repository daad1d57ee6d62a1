//! Averages of samples at the sampled states and, by reweighting, at others.

use super::ensemble::{Part, Pool, beyond};
use crate::artifact::Error;
use crate::record::format::significant;
use rgflow::lattice::Lattice;
use rgflow::reweighting::{Mbar, MbarError, Replicas, Series, State};
use rgflow::statistics::Estimate;
use serde::Serialize;

/// Number of means that determine the quantities: e, e^2, m, |m|, m^2, m^4; e per spin including its field term, m per
/// spin.
pub const N_MOMENTS: usize = 6;

/// Number of temperatures of a grid between the sampled ones.
const GRID: usize = 41;

/// A quantity, as `rgflow sample` prints it ([`rgflow::lattice::Summary`] has the definitions).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Quantity {
    /// Energy per spin in J, including its field term.
    Energy,
    /// C = N (\<e^2> - \<e>^2)/T^2 in k_B.
    SpecificHeat,
    /// \<m>.
    Magnetisation,
    /// <|m|>.
    AbsM,
    /// chi = N (<m^2> - <|m|>^2)/T in 1/J.
    Susceptibility,
    /// U4 = 1 - <m^4>/(3 <m^2>^2).
    Binder,
}

impl Quantity {
    /// All quantities.
    pub const ALL: [Self; 6] =
        [Self::Energy, Self::SpecificHeat, Self::Magnetisation, Self::AbsM, Self::Susceptibility, Self::Binder];

    /// Symbol for the head of a column.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Energy => "E/N",
            Self::SpecificHeat => "C",
            Self::Magnetisation => "m",
            Self::AbsM => "|m|",
            Self::Susceptibility => "chi",
            Self::Binder => "U4",
        }
    }

    /// Value of the quantity for `n_sites` spins at `beta` (1/J) from the means `moments`, of length [`N_MOMENTS`].
    pub fn of(self, moments: &[f64], beta: f64, n_sites: f64) -> f64 {
        let [e, e2, m, abs_m, m2, m4] = [0, 1, 2, 3, 4, 5].map(|k| moments[k]);
        match self {
            Self::Energy => e,
            Self::SpecificHeat => beta * beta * n_sites * variance(e2, e),
            Self::Magnetisation => m,
            Self::AbsM => abs_m,
            Self::Susceptibility => beta * n_sites * variance(m2, abs_m),
            Self::Binder => 1.0 - m4 / (3.0 * m2 * m2),
        }
    }

    /// The quantity with its error, which is never below that of rounding, even where symmetry or the ground state
    /// leave no other.
    pub fn estimate(self, seen: &Replicas, beta: f64, n_sites: f64) -> Estimate {
        let e = seen.estimate(|m| self.of(m, beta, n_sites));
        let rounding = match self {
            Self::Energy | Self::Magnetisation | Self::AbsM => 1.0,
            Self::SpecificHeat => beta * beta * n_sites,
            Self::Susceptibility => beta * n_sites,
            // m^2 may be as small as 1/N.
            Self::Binder => n_sites,
        };
        // The jackknife multiplies rounding by the number of blocks.
        Estimate { error: e.error.max(rounding * ROUNDING * seen.rows.nrows() as f64), ..e }
    }
}

/// <x^2> - <x>^2; a result below [`ROUNDING`] is rounding of sums.
fn variance(x2: f64, x: f64) -> f64 {
    let v = x2 - x * x;
    if v < ROUNDING { 0.0 } else { v }
}

/// Relative rounding of sums of moments, the least error of any value.
const ROUNDING: f64 = 1e-10;

/// Moments of one configuration with total energy `e` and total magnetisation `m`.
fn moments(n_sites: f64, e: f64, m: f64) -> [f64; N_MOMENTS] {
    let (e, m) = (e / n_sites, m / n_sites);
    [e, e * e, m, m.abs(), m * m, m.powi(4)]
}

impl Part {
    /// State at which the part was sampled.
    pub fn state(&self) -> State {
        State { beta: self.temperature.beta(), y: self.field }
    }

    /// Series for MBAR; with the autocorrelation of X if `in_field`.
    pub fn series(&self, in_field: bool) -> Series<'_> {
        let tau_int = if in_field { self.tau_int_x } else { self.tau_int };
        Series { state: self.state(), energy: &self.energy, x: &self.x, tau_int }
    }
}

impl Pool {
    /// Series of all parts, in their order.
    pub fn series(&self, in_field: bool) -> Vec<Series<'_>> {
        self.parts.iter().map(|part| part.series(in_field)).collect()
    }

    /// MBAR of all parts, with at most `most` blocks.
    ///
    /// # Errors
    /// As [`Mbar::new`].
    pub fn histograms(&self, in_field: bool, most: usize) -> Result<Mbar, MbarError> {
        self.mbar(&self.parts.iter().collect::<Vec<_>>(), in_field, most)
    }

    fn mbar(&self, parts: &[&Part], in_field: bool, most: usize) -> Result<Mbar, MbarError> {
        let series: Vec<Series> = parts.iter().map(|part| part.series(in_field)).collect();
        let mbar = if self.odd { Mbar::of_pairs(&series, most)? } else { Mbar::with_blocks(&series, most)? };
        let edges: Vec<(f64, f64)> = beyond(parts, self.odd).iter().map(|[energy, _, x]| (*energy, *x)).collect();
        Ok(mbar.with_edges(&edges))
    }

    /// Moments at `state` from all parts; `mbar` is the result of [`Pool::histograms`].
    ///
    /// # Errors
    /// [`MbarError::Overlap`] or [`MbarError::Support`] if the samples do not reach it.
    pub fn read(&self, mbar: &Mbar, state: State) -> Result<Replicas, MbarError> {
        self.moments(&self.parts.iter().collect::<Vec<_>>(), mbar, state)
    }

    /// Moments of one part at its sampled state, with at most `most` blocks.
    ///
    /// # Errors
    /// As [`Mbar::new`].
    pub fn alone(&self, part: &Part, most: usize) -> Result<Replicas, MbarError> {
        let mbar = self.mbar(&[part], false, most)?;
        self.moments(&[part], &mbar, part.state())
    }

    /// Means over pairs {s, -s}, which have equal energy without a field.
    fn moments(&self, parts: &[&Part], mbar: &Mbar, state: State) -> Result<Replicas, MbarError> {
        let mut m: Vec<f64> = parts.iter().flat_map(|part| part.m.iter().copied()).collect();
        m.extend(beyond(parts, self.odd).iter().map(|edge| edge[1]));
        let n_sites = self.lattice.n_sites() as f64;
        let sign = if self.odd { -1.0 } else { 1.0 };
        mbar.read(state, |n| {
            let (energy, field, p) = (mbar.energy(n), state.y * mbar.x(n), mbar.turned(&state, n));
            let (own, other) = (moments(n_sites, energy - field, m[n]), moments(n_sites, energy - sign * field, -m[n]));
            std::array::from_fn::<f64, N_MOMENTS, _>(|k| (1.0 - p) * own[k] + p * other[k])
        })
    }

    /// Inverse temperatures of a grid for the field Y = `y`, evenly spaced in T: between the sampled ones, or around a
    /// single one as far as it reaches.
    pub fn grid(&self, mbar: &Mbar, y: f64) -> Vec<f64> {
        let temperatures = || self.parts.iter().map(|p| p.temperature.value());
        let (mut low, mut high) =
            temperatures().fold((f64::INFINITY, 0.0), |(low, high): (f64, f64), t| (low.min(t), high.max(t)));
        if high.is_infinite() {
            // Even steps cannot reach infinity.
            let finite = temperatures().filter(|t| t.is_finite()).fold(0.0, f64::max);
            if finite == 0.0 {
                return vec![0.0];
            }
            high = finite;
        }
        if low == high {
            let at = low;
            let reach = |factor: f64| {
                let (mut near, mut far) = (at, factor * at);
                for _ in 0..20 {
                    let middle = 0.5 * (near + far);
                    if mbar.reaches(&State { beta: 1.0 / middle, y }) { near = middle } else { far = middle }
                }
                near
            };
            (low, high) = (reach(0.5), reach(2.0));
        }
        if low >= high {
            return vec![1.0 / low];
        }
        let at = |i: usize| low + (high - low) * i as f64 / (GRID - 1) as f64;
        (0..GRID).map(|i| 1.0 / at(i)).collect()
    }

    /// Expresses an error of reweighting in temperatures, and names the files.
    pub fn explain(&self, error: &MbarError) -> Error {
        let part = |at: &State| self.parts.iter().find(|p| p.state() == *at);
        let file = |at: &State| part(at).map_or_else(String::new, |p| format!("{}: ", p.path.display()));
        Error::user(match error {
            MbarError::Overlap { at, n_eff, nearest, n, reach } => format!(
                "{}reweighting to {} leaves {n_eff:.0} configurations, less than a tenth of the {n} at {}; sample \
                 nearer, the last in reach is {}",
                file(nearest),
                place(at),
                place(nearest),
                place(reach)
            ),
            MbarError::Support { at, beyond, nearest, reach } => format!(
                "{}one configuration beyond all that were drawn would carry {:.0} % of the weight at {}; sample \
                 nearer than {}, the last in reach is {}",
                file(nearest),
                100.0 * beyond,
                place(at),
                place(nearest),
                place(reach)
            ),
            MbarError::Apart { a, b } => {
                format!("{}{} and {} do not overlap; sample between them", file(a), place(a), place(b))
            }
            MbarError::TooFew { at, n, tau_int, least } => format!(
                "{}{n} configurations at {} with tau_int = {tau_int:.1} are too few for ten blocks of a jackknife; \
                 draw at least {least}, as in --n {least}",
                file(at),
                place(at)
            ),
            other => format!("{}: {other}", self.parts[0].path.display()),
        })
    }
}

/// A state as text, with T instead of beta.
pub fn place(state: &State) -> String {
    place_at(1.0 / state.beta, state.y)
}

/// The state at the temperature `t` in the field Y = `y` as text.
pub fn place_at(t: f64, y: f64) -> String {
    let t = (t * 1e4).round() / 1e4;
    if y == 0.0 { format!("T = {t}") } else { format!("T = {t}, Y = {}", significant(y, 4)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rgflow::lattice::{Geometry, Temperature};

    /// Means known by hand, from all rows and without each block: of the pair {s, -s} at h = 0.5 and T = 2, -s has the
    /// probability 1/(1 + e^{M/2}).
    #[test]
    fn moments_follow_from_their_definition() {
        let all = |v: [f64; 4]| v.repeat(20);
        let part = Part {
            path: "a.npz".into(),
            temperature: Temperature::new(2.0).unwrap(),
            field: 0.5,
            energy: all([-4.0, 0.0, -4.0, 0.0]),
            m: all([4.0, -2.0, 4.0, 0.0]),
            x: all([4.0, -2.0, 4.0, 0.0]),
            tau_int: 0.5,
            tau_int_x: 0.5,
            edges: Vec::new(),
        };
        let pool = Pool {
            lattice: Geometry::new("square", &[2, 2]).unwrap(),
            odd: true,
            parts: vec![part.clone()],
            notes: Vec::new(),
        };
        let seen = pool.alone(&part, 10).unwrap();
        let tanh = |m: f64| m * (0.25 * m).tanh();
        let (m, e) = ((2.0 * tanh(4.0) + tanh(2.0)) / 4.0, -2.0);
        let row = seen.rows.row(0).to_vec();
        let near = |a: f64, b: f64| (a - b).abs() < 1e-12;
        // Per spin: e = (E - h M)/4, |m| = 1, 1/2, 1, 0.
        assert!(near(row[0], (e - 0.5 * m) / 4.0) && near(row[2], m / 4.0), "{row:?} {m}");
        assert!(near(row[3], 0.625) && near(row[4], 0.5625) && near(row[5], 0.515625), "{row:?}");
        assert!((1..=10).all(|b| near(seen.rows[(b, 3)], 0.625)));
        let of = |q: Quantity| q.of(&row, 0.5, 4.0);
        assert!(near(of(Quantity::Susceptibility), 2.0 * (0.5625 - 0.625 * 0.625)));
        assert!(near(of(Quantity::Binder), 1.0 - 0.515625 / (3.0 * 0.5625 * 0.5625)));
        assert!(near(of(Quantity::SpecificHeat), row[1] - row[0] * row[0]));
    }

    /// B1, a small version of `examples/reweighting_calibration.rs`. Truth: all states of the 4 x 4 torus. Null: at
    /// most 1 % of all values lie beyond three errors; with 27 correlated values 3 % are allowed, and none beyond 8.
    /// All states due are read.
    #[test]
    fn errors_hold_wherever_averages_are_read() {
        use crate::artifact::npz::Writer;
        use crate::dataset::ensemble::{Coupled, pools};
        use rgflow::exact::{enumeration, transfer};
        let dir = tempfile::tempdir().unwrap();
        let square = rgflow::lattice::Square::new(4, 4).unwrap();
        let joint = enumeration::joint_density(&square).unwrap();
        let (mut values, mut bad, mut targets) = (0, 0, 0);
        for (k, (t, h)) in [0.8, 1.2, 2.0].into_iter().flat_map(|t| [0.0, 0.05, 0.3].map(|h| (t, h))).enumerate() {
            for seed in 0..3 {
                let temperature = Temperature::new(t).unwrap();
                let mut rng = rgflow::random::Streams::new(seed).generator("test/errors", k as u64);
                let drawn = transfer::Sampler::in_field(4, 4, temperature, h).unwrap().sample(500, &mut rng);
                let path = dir.path().join(format!("{k}-{seed}.npz"));
                let mut file = Writer::new();
                file.add("spins", &drawn.spins).unwrap();
                for (name, value) in [("temperatures", t), ("field", h), ("n_chains", 0.0)] {
                    file.add(name, &ndarray::arr1(&[value])).unwrap();
                }
                file.add("lattice", &ndarray::arr1(&[4u32, 4])).unwrap();
                file.save(&path).unwrap();
                let pool = pools(&[path], &Coupled::M).unwrap().remove(0);
                let mbar = pool.histograms(true, 20).unwrap();
                let mut energy = pool.parts[0].energy.clone();
                energy.sort_by(f64::total_cmp);
                let grid = pool.grid(&mbar, h).into_iter().step_by(8).map(|beta| State { beta, y: h });
                let others = [(0.8, h), (1.25, h), (1.7, h), (1.0, 0.0), (1.0, -0.1), (1.0, 0.5), (1.1, -h)];
                let others = others.map(|(f, y)| State { beta: 1.0 / (f * t), y });
                for state in grid.chain(others) {
                    let truth = joint.averages(Temperature::new(1.0 / state.beta).unwrap(), state.y).unwrap();
                    let mean = 16.0 * (truth.energy + state.y * truth.magnetisation);
                    let Ok(seen) = pool.read(&mbar, state) else {
                        assert!(!(energy[50]..=energy[450]).contains(&mean), "T = {t}, h = {h}: {state} is due");
                        continue;
                    };
                    targets += 1;
                    let chi = 16.0 * state.beta * (truth.m2 - truth.abs_magnetisation.powi(2));
                    for (q, truth) in [
                        (Quantity::Energy, truth.energy),
                        (Quantity::SpecificHeat, truth.specific_heat),
                        (Quantity::Magnetisation, truth.magnetisation),
                        (Quantity::AbsM, truth.abs_magnetisation),
                        (Quantity::Susceptibility, chi),
                        (Quantity::Binder, 1.0 - truth.m4 / (3.0 * truth.m2 * truth.m2)),
                    ] {
                        let e = q.estimate(&seen, state.beta, 16.0);
                        let z = (e.value - truth).abs() / e.error;
                        values += 1;
                        bad += usize::from(z > 3.0);
                        assert!(
                            e.error > 0.0 && z < 8.0,
                            "T = {t}, h = {h}, seed {seed}, {state}: {q:?} {e:?} {truth}"
                        );
                    }
                }
            }
        }
        assert!(targets > 250 && 100 * bad <= 3 * values, "{bad} of {values} values of {targets} targets are bad");
    }
}
