//! Averages of samples where they were drawn and, by reweighting, elsewhere.

use super::ensemble::{Part, Pool};
use crate::artifact::Error;
use crate::report::format::significant;
use ndarray::Array2;
use rgflow::lattice::Lattice;
use rgflow::rg::multi_histogram::{Mbar, MbarError, Replicas, Series, State};

/// Means from which the quantities follow: e, e^2, m, |m|, m^2, m^4; e per spin and with its part in the field, m per spin.
pub const N_MOMENTS: usize = 6;

/// A quantity, as `rgflow sample` prints it ([`rgflow::lattice::Summary`] has the definitions).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// Energy per spin in J, with its part in the field.
    Energy,
    /// C = N (<e^2> - <e>^2)/T^2 in k_B.
    SpecificHeat,
    /// <m>.
    Magnetisation,
    /// <|m|>.
    AbsM,
    /// chi = N (<m^2> - <|m|>^2)/T in 1/J.
    Susceptibility,
    /// U4 = 1 - <m^4>/(3 <m^2>^2).
    Binder,
}

impl Quantity {
    /// The quantity of `n_sites` spins at `beta` (1/J) from the means `moments`, of length [`N_MOMENTS`].
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
}

/// <x^2> - <x>^2; below 1e-10 it is the rounding of sums.
fn variance(x2: f64, x: f64) -> f64 {
    let v = x2 - x * x;
    if v < 1e-10 { 0.0 } else { v }
}

/// The moments of one configuration with energy `e` and magnetisation `m` in all.
fn moments(n_sites: f64, e: f64, m: f64) -> [f64; N_MOMENTS] {
    let (e, m) = (e / n_sites, m / n_sites);
    [e, e * e, m, m.abs(), m * m, m.powi(4)]
}

impl Part {
    /// The state that was sampled.
    pub fn state(&self) -> State {
        State { beta: self.temperature.beta(), y: self.field }
    }

    /// The series; with the autocorrelation of X if `in_field`.
    pub fn series(&self, in_field: bool) -> Series<'_> {
        let tau_int = if in_field { self.tau_int_x } else { self.tau_int };
        Series { state: self.state(), energy: &self.energy, x: &self.x, tau_int }
    }

    /// Moments where it was sampled, of all configurations and without each of `n_blocks` blocks.
    pub fn read(&self, n_sites: usize, n_blocks: usize) -> Replicas {
        let n = self.energy.len();
        let mut sums = Array2::<f64>::zeros((1 + n_blocks, N_MOMENTS));
        let mut counts = vec![0.0; 1 + n_blocks];
        for i in 0..n {
            let own = moments(n_sites as f64, self.energy[i] - self.field * self.x[i], self.m[i]);
            for row in [0, 1 + i * n_blocks / n] {
                sums.row_mut(row).iter_mut().zip(own).for_each(|(s, v)| *s += v);
                counts[row] += 1.0;
            }
        }
        let rows = Array2::from_shape_fn(sums.dim(), |(b, k)| match b {
            0 => sums[(0, k)] / counts[0],
            b => (sums[(0, k)] - sums[(b, k)]) / (counts[0] - counts[b]),
        });
        Replicas { rows, n_eff: n as f64 / (2.0 * self.tau_int).max(1.0) }
    }
}

impl Pool {
    /// The series of all parts, in their order.
    pub fn series(&self, in_field: bool) -> Vec<Series<'_>> {
        self.parts.iter().map(|part| part.series(in_field)).collect()
    }

    /// Moments at `state` from all parts; `mbar` is that of [`Pool::series`].
    ///
    /// # Errors
    /// [`MbarError::Overlap`] if the samples do not reach it.
    pub fn read(&self, mbar: &Mbar, state: State) -> Result<Replicas, MbarError> {
        let m: Vec<f64> = self.parts.iter().flat_map(|part| part.m.iter().copied()).collect();
        let n_sites = self.lattice.n_sites() as f64;
        mbar.read(state, |n| moments(n_sites, mbar.energy(n) - state.y * mbar.x(n), m[n]))
    }

    /// An error of reweighting in words of temperatures, with the files.
    pub fn explain(&self, error: &MbarError) -> Error {
        let part = |at: &State| self.parts.iter().find(|p| p.state() == *at);
        let file = |at: &State| part(at).map_or_else(String::new, |p| format!("{}: ", p.path.display()));
        Error::user(match error {
            MbarError::Overlap { at, n_eff, nearest, n, reach } => format!(
                "{}reweighting to {} leaves {n_eff:.0} configurations, less than a tenth of the {n} at {}; sample nearer, \
                 the last in reach is {}",
                file(nearest),
                place(at),
                place(nearest),
                place(reach)
            ),
            MbarError::Apart { a, b } => {
                format!("{}{} and {} do not overlap; sample between them", file(a), place(a), place(b))
            }
            MbarError::TooFew { at, n, tau_int, least } => format!(
                "{}{n} configurations at {} with tau_int = {tau_int:.1} are too few for ten blocks of a jackknife; draw at \
                 least {least}, as in --n {least}",
                file(at),
                place(at)
            ),
            MbarError::Undefined(what) => format!("{}: {what}", self.parts[0].path.display()),
        })
    }
}

/// A state in words, T instead of beta.
pub fn place(state: &State) -> String {
    let round = |v: f64| (v * 1e4).round() / 1e4;
    let t = round(1.0 / state.beta);
    if state.y == 0.0 { format!("T = {t}") } else { format!("T = {t}, Y = {}", significant(state.y, 4)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rgflow::lattice::Temperature;

    /// A mean that is known by hand, and what is left without a block.
    #[test]
    fn moments_follow_from_their_definition() {
        let part = Part {
            path: "a.npz".into(),
            temperature: Temperature::new(2.0).unwrap(),
            field: 0.5,
            energy: vec![-4.0, 0.0, -4.0, 0.0],
            m: vec![4.0, -2.0, 4.0, 0.0],
            x: vec![4.0, -2.0, 4.0, 0.0],
            tau_int: 0.5,
            tau_int_x: 0.5,
        };
        let seen = part.read(4, 2);
        // Per spin: e = -1.5, 0.25, -1.5, 0; m = 1, -0.5, 1, 0.
        assert_eq!(seen.rows.row(0).to_vec(), [-0.6875, 1.140625, 0.375, 0.625, 0.5625, 0.515625]);
        assert_eq!(seen.rows.row(1).to_vec(), [-0.75, 1.125, 0.5, 0.5, 0.5, 0.5]);
        let of = |q: Quantity| q.of(seen.rows.row(0).as_slice().unwrap(), 0.5, 4.0);
        assert_eq!(of(Quantity::SpecificHeat), 1.140625 - 0.6875 * 0.6875);
        assert_eq!(of(Quantity::Susceptibility), 2.0 * (0.5625 - 0.625 * 0.625));
        assert_eq!(of(Quantity::Binder), 1.0 - 0.515625 / (3.0 * 0.5625 * 0.5625));
    }
}
