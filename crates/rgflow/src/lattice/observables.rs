//! Observables of configurations: energy, magnetisation, structure factor, second-moment correlation length.

use ndarray::ArrayView2;

use super::{Lattice, LatticeError, Square};

/// Observables of each configuration of a collection, all of length `n`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observables {
    /// Energy per spin in J, in `[-2, 2]`.
    pub energy: Vec<f64>,
    /// Magnetisation per spin m, in `[-1, 1]`.
    pub magnetisation: Vec<f64>,
    /// |m|, in `[0, 1]`.
    pub abs_m: Vec<f64>,
    /// Structure factor |sum_j s_j e^{ikr_j}|^2 / N at the smallest wave vectors, averaged over the x and y direction.
    pub structure: Vec<f64>,
}

impl Observables {
    /// Measures every row of `spins`, shape `(n, n_sites)`, values +-1, `site = y * lx + x`.
    ///
    /// # Errors
    /// [`LatticeError::Shape`] if `spins` has another width than the lattice.
    pub fn measure(lattice: &Square, spins: ArrayView2<'_, i8>) -> Result<Self, LatticeError> {
        let (n, found) = spins.dim();
        let expected = lattice.n_sites();
        if found != expected {
            return Err(LatticeError::Shape { expected, found });
        }
        let mut out = Self {
            energy: Vec::with_capacity(n),
            magnetisation: Vec::with_capacity(n),
            abs_m: Vec::with_capacity(n),
            structure: Vec::with_capacity(n),
        };
        let mut meter = Meter::new(lattice.lx(), lattice.ly());
        let mut copy = vec![0i8; expected];
        for row in spins.rows() {
            match row.as_slice() {
                Some(slice) => meter.read(slice, &mut out),
                None => {
                    copy.iter_mut().zip(row).for_each(|(c, &s)| *c = s);
                    meter.read(&copy, &mut out);
                }
            }
        }
        Ok(out)
    }
}

/// Work space for one configuration after the other.
struct Meter {
    wave_x: Wave,
    wave_y: Wave,
    column_sums: Vec<i32>,
    row_sums: Vec<i32>,
}

impl Meter {
    fn new(lx: usize, ly: usize) -> Self {
        Self { wave_x: Wave::new(lx), wave_y: Wave::new(ly), column_sums: vec![0; lx], row_sums: vec![0; ly] }
    }

    fn read(&mut self, spins: &[i8], out: &mut Observables) {
        let lx = self.column_sums.len();
        let n = spins.len() as f64;
        self.column_sums.fill(0);
        let mut aligned = 0i32;
        let mut previous = &spins[spins.len() - lx..];
        for (row, row_sum) in spins.chunks_exact(lx).zip(&mut self.row_sums) {
            let mut sum = 0i32;
            let mut left = row[lx - 1];
            for ((&s, &above), column_sum) in row.iter().zip(previous).zip(&mut self.column_sums) {
                // Two products of +-1 fit i8.
                aligned += i32::from(s * left + s * above);
                left = s;
                sum += i32::from(s);
                *column_sum += i32::from(s);
            }
            *row_sum = sum;
            previous = row;
        }
        let m = f64::from(self.row_sums.iter().sum::<i32>()) / n;
        out.energy.push(-f64::from(aligned) / n);
        out.magnetisation.push(m);
        out.abs_m.push(m.abs());
        out.structure.push((self.wave_x.power(&self.column_sums) + self.wave_y.power(&self.row_sums)) / (2.0 * n));
    }
}

/// cos and sin of 2 pi j / l.
struct Wave(Vec<(f64, f64)>);

impl Wave {
    fn new(l: usize) -> Self {
        let k = std::f64::consts::TAU / l as f64;
        Self((0..l).map(|j| (libm::cos(k * j as f64), libm::sin(k * j as f64))).collect())
    }

    fn power(&self, sums: &[i32]) -> f64 {
        let (mut re, mut im) = (0.0, 0.0);
        for (&(cos, sin), &s) in self.0.iter().zip(sums) {
            re += cos * f64::from(s);
            im += sin * f64::from(s);
        }
        re * re + im * im
    }
}

/// Second-moment correlation length over the lattice length, from means over configurations.
///
/// xi = sqrt(S(0)/S(k) - 1) / (2 sin(pi/L)) with S(0) = N <m^2> and k = 2 pi/L (Cooper, Freedman, Preston 1982).
/// `m2_mean`: <m^2>; `s_kmin_mean`: mean of [`Observables::structure`]; `l`: the length L of a square lattice of
/// `n_sites` = L^2 sites. `None` where S(0) < S(k) or S(k) = 0 (few samples at high T, the ground state): undefined.
pub fn xi_over_l(m2_mean: f64, s_kmin_mean: f64, n_sites: usize, l: usize) -> Option<f64> {
    let ratio = n_sites as f64 * m2_mean / s_kmin_mean - 1.0;
    let sine = libm::sin(std::f64::consts::PI / l as f64);
    (ratio >= 0.0 && ratio.is_finite()).then(|| ratio.sqrt() / (2.0 * sine * l as f64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lattice::{Ising, Model};
    use ndarray::Array2;

    #[test]
    fn measures_what_the_definitions_say() {
        let (lx, ly) = (3, 5);
        let square = Square::new(lx, ly).unwrap();
        let spins = Array2::from_shape_fn((7, 15), |(i, j)| if (i * i + 3 * j * j + i * j) % 5 < 2 { 1i8 } else { -1 });
        let seen = Observables::measure(&square, spins.view()).unwrap();
        for (i, row) in spins.rows().into_iter().enumerate() {
            let s = row.to_vec();
            assert_eq!(seen.energy[i], Ising::new(&square).energy(&s) / 15.0);
            let m = s.iter().map(|&s| f64::from(s)).sum::<f64>() / 15.0;
            assert!((seen.magnetisation[i] - m).abs() < 1e-15 && (seen.abs_m[i] - m.abs()).abs() < 1e-15);
            let power = |phase: &dyn Fn(usize) -> f64| {
                let re: f64 = (0..15).map(|j| phase(j).cos() * f64::from(s[j])).sum();
                let im: f64 = (0..15).map(|j| phase(j).sin() * f64::from(s[j])).sum();
                (re * re + im * im) / 15.0
            };
            let tau = std::f64::consts::TAU;
            let x = power(&|j| tau * (j % lx) as f64 / lx as f64);
            let y = power(&|j| tau * (j / lx) as f64 / ly as f64);
            assert!((seen.structure[i] - (x + y) / 2.0).abs() < 1e-12);
        }
        let columns = spins.t().to_owned();
        assert_eq!(Observables::measure(&square, columns.t()).unwrap(), seen);
        assert!(Observables::measure(&Square::new(4, 4).unwrap(), spins.view()).is_err());
    }

    #[test]
    fn correlation_length_is_none_where_undefined() {
        assert_eq!(xi_over_l(1.0, 0.0, 100, 10), None);
        assert_eq!(xi_over_l(0.001, 1.0, 100, 10), None);
        let xi = xi_over_l(0.02, 1.0, 100, 10).unwrap() * 10.0;
        assert!((xi - 1.0 / (2.0 * (std::f64::consts::PI / 10.0).sin())).abs() < 1e-12);
    }
}
