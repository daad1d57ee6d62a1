//! Standardisation of real data: a machine or a network is trained on (v - mean)/deviation and kept as the same law or
//! function of v itself.
//!
//! A Gaussian unit of sigma on standardised values is one of sigma s on the values v, s the deviation; with the mean m
//! in its energy, (v - m)^2/(2 sigma^2 s^2), the biases become b + m/(sigma s)^2 and c_a - sum_i m_i w_ia, the weights
//! and b those of the units rescaled. The first layer of a network, sum_i (v_i - m_i)/s_i w_ia + c_a, becomes one with
//! the weights w_ia/s_i and the biases c_a - sum_i m_i w_ia/s_i. Nothing that reads them has to know.

use crate::artifact::Error;
use crate::dataset::Dataset;
use ndarray::{Array1, Array2};
use rgflow::nn::Mlp;
use rgflow::rbm::{Rbm, Units};
use serde::{Deserialize, Serialize};

/// Largest |mean|/deviation: beyond it numbers of single precision do not hold a value.
const FARTHEST: f64 = 1e5;

/// A unit that has one value in more than this fraction of the samples hardly varies: by its own deviation, a rare
/// value of a test sample would be tens of deviations away.
const MOSTLY: f64 = 0.95;

/// Mean and deviation of each unit over the training samples.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Standard {
    /// Mean of each unit.
    pub mean: Vec<f64>,
    /// Deviation of each unit, of one that hardly varies no less than that of the others.
    pub deviation: Vec<f64>,
}

impl Standard {
    /// Of the samples `rows` of `data`.
    ///
    /// # Errors
    /// [`Error::User`] if a unit's mean is too far from 0 for its deviation.
    pub fn fit(data: &Dataset, rows: &[usize]) -> Result<Self, Error> {
        let (n, count) = (data.n_units(), rows.len() as f64);
        let sums = |of: &dyn Fn(usize, f64) -> f64| {
            let mut sums = vec![0.0f64; n];
            for portion in data.values.portions(rows.len()) {
                for row in data.values.rows(&rows[portion]).rows() {
                    sums.iter_mut().zip(row).enumerate().for_each(|(i, (sum, v))| *sum += of(i, f64::from(*v)));
                }
            }
            sums
        };
        let mean: Vec<f64> = sums(&|_, v| v).into_iter().map(|sum| sum / count).collect();
        let squares = sums(&|i, v| (v - mean[i]).powi(2));
        let mut deviation: Vec<f64> = squares.into_iter().map(|s| (s / count).sqrt()).collect();
        let common = common(data, rows);
        let same = sums(&|i, v| f64::from(u8::from(v == common[i])));
        let varies: Vec<bool> = same.iter().zip(&deviation).map(|(n, s)| *n <= MOSTLY * count && *s > 0.0).collect();
        let squares = || deviation.iter().zip(&varies).filter(|(_, varies)| **varies).map(|(s, _)| s * s);
        let n_varying = squares().count();
        let others = if n_varying > 0 { (squares().sum::<f64>() / n_varying as f64).sqrt() } else { 1.0 };
        let hardly = deviation.iter_mut().zip(&varies).filter(|(_, varies)| !**varies);
        hardly.for_each(|(s, _)| *s = s.max(others));
        if let Some(i) = (0..n).find(|i| mean[*i].abs() > FARTHEST * deviation[*i]) {
            return Err(Error::user(format!(
                "column {} has the mean {} and the deviation {}: numbers of single precision do not tell its values \
                 apart; subtract an offset",
                i + 1,
                mean[i],
                deviation[i]
            )));
        }
        Ok(Self { mean, deviation })
    }

    /// (v - mean)/deviation of each value, in place.
    pub fn apply(&self, values: &mut Array2<f32>) {
        for mut row in values.rows_mut() {
            let units = row.iter_mut().zip(&self.mean).zip(&self.deviation);
            units.for_each(|((v, mean), deviation)| *v = ((f64::from(*v) - mean) / deviation) as f32);
        }
    }

    /// The machine of values whose machine of standardised values is `rbm`.
    ///
    /// # Errors
    /// If its visible units are not Gaussian or a deviation is out of the range of single precision.
    pub fn of_values(&self, rbm: &Rbm) -> Result<Rbm, Error> {
        let user = |e: rgflow::rbm::RbmError| {
            Error::user(format!("standardise: {e}; scale the data, or take --standardise=no"))
        };
        let Units::Gaussian(widths) = rbm.visible_units() else {
            return Err(Error::failure("only Gaussian units are standardised"));
        };
        let sigma: Vec<f32> =
            self.deviation.iter().enumerate().map(|(i, s)| (f64::from(widths.sigma(i)) * s) as f32).collect();
        let units = Units::gaussian_each(sigma.clone()).map_err(user)?;
        let mut rbm = rbm.converted(units, rbm.hidden_units().clone()).map_err(user)?.rbm;
        for (a, bias) in rbm.hidden_bias.iter_mut().enumerate() {
            let shift: f64 = self.mean.iter().zip(rbm.weights.column(a)).map(|(m, w)| m * f64::from(*w)).sum();
            *bias = (f64::from(*bias) - shift) as f32;
        }
        let towards = Array1::from_iter(self.mean.iter().zip(&sigma).map(|(m, s)| (m / f64::from(*s).powi(2)) as f32));
        rbm.visible_bias += &towards;
        Ok(rbm)
    }

    /// The machine of standardised values whose machine of values is `rbm`: [`Standard::of_values`] undone.
    ///
    /// # Errors
    /// As [`Standard::of_values`].
    pub fn of_standardised(&self, rbm: &Rbm) -> Result<Rbm, Error> {
        let user = |e: rgflow::rbm::RbmError| Error::user(format!("standardise: {e}; take --standardise=no"));
        let Units::Gaussian(widths) = rbm.visible_units() else {
            return Err(Error::failure("only Gaussian units are standardised"));
        };
        let mut own = rbm.clone();
        for (a, bias) in own.hidden_bias.iter_mut().enumerate() {
            let shift: f64 = self.mean.iter().zip(rbm.weights.column(a)).map(|(m, w)| m * f64::from(*w)).sum();
            *bias = (f64::from(*bias) + shift) as f32;
        }
        let sigmas = (0..self.mean.len()).map(|i| f64::from(widths.sigma(i)));
        for ((bias, mean), sigma) in own.visible_bias.iter_mut().zip(&self.mean).zip(sigmas.clone()) {
            *bias = (f64::from(*bias) - mean / sigma.powi(2)) as f32;
        }
        let of_deviation: Vec<f32> = sigmas.zip(&self.deviation).map(|(sigma, s)| (sigma / s) as f32).collect();
        let units = Units::gaussian_each(of_deviation).map_err(user)?;
        Ok(own.converted(units, rbm.hidden_units().clone()).map_err(user)?.rbm)
    }
}

impl Standard {
    /// The network that reads values as `mlp` reads standardised ones.
    pub fn of_values_read(&self, mut mlp: Mlp) -> Mlp {
        if let Some(first) = mlp.layers.first_mut() {
            for (a, bias) in first.bias.iter_mut().enumerate() {
                let column = first.weights.column(a);
                let units = self.mean.iter().zip(&self.deviation).zip(column);
                let shift: f64 = units.map(|((mean, deviation), w)| mean / deviation * f64::from(*w)).sum();
                *bias = (f64::from(*bias) - shift) as f32;
            }
            for (mut row, deviation) in first.weights.rows_mut().into_iter().zip(&self.deviation) {
                row.mapv_inplace(|w| (f64::from(w) / deviation) as f32);
            }
        }
        mlp
    }
}

/// The value of each unit that more than half of the samples have, if there is one, else some value (Boyer and Moore).
fn common(data: &Dataset, rows: &[usize]) -> Vec<f64> {
    let mut found = vec![(0.0f64, 0usize); data.n_units()];
    for portion in data.values.portions(rows.len()) {
        for row in data.values.rows(&rows[portion]).rows() {
            for ((value, count), v) in found.iter_mut().zip(row) {
                let v = f64::from(*v);
                match *count {
                    0 => (*value, *count) = (v, 1),
                    _ if *value == v => *count += 1,
                    _ => *count -= 1,
                }
            }
        }
    }
    found.into_iter().map(|(value, _)| value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rgflow::random::Streams;

    /// A unit that hardly varies has the deviation of the others.
    #[test]
    fn rare_values_have_no_deviation_of_their_own() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        let row = |i: usize| format!("{},{},5\n", [1.0, -1.0][i % 2] * 0.25, if i == 7 { 0.0625 } else { 0.0 });
        std::fs::write(&path, (0..40).map(row).collect::<String>()).unwrap();
        let data = Dataset::read(&path, &crate::dataset::Options { real: true, ..Default::default() }).unwrap();
        let standard = Standard::fit(&data, &(0..40).collect::<Vec<_>>()).unwrap();
        assert_eq!(standard.deviation, [0.25; 3]);
        assert_eq!((standard.mean[0], standard.mean[2]), (0.0, 5.0));
    }

    /// The network of the values says what that of standardised ones says.
    #[test]
    fn the_network_of_values_is_the_same_function() {
        use rgflow::nn::Activation;
        let standard = Standard { mean: vec![20.0, -0.3, 0.0], deviation: vec![4.0, 0.05, 1.0] };
        let mut random = Streams::new(1).generator("test/standard", 1);
        let mut mlp = Mlp::random(&[3, 4, 2], Activation::Tanh, Activation::Softmax, &mut random);
        mlp.layers[0].bias.fill(0.25);
        let v = Array2::from_shape_vec((2, 3), vec![18.0f32, -0.27, 0.4, 25.0, -0.4, -1.0]).unwrap();
        let mut z = v.clone();
        standard.apply(&mut z);
        let (own, of_z) = (standard.of_values_read(mlp.clone()).outputs(v.view()), mlp.outputs(z.view()));
        assert!((&own - &of_z).iter().all(|d| d.abs() < 1e-5), "{own} {of_z}");
    }

    /// The law of the values is that of standardised ones: differences of free energies, and reconstructions undone.
    #[test]
    fn the_machine_of_values_has_the_same_law() {
        let standard = Standard { mean: vec![20.0, -0.3, 0.0], deviation: vec![4.0, 0.05, 1.0] };
        let rbm = Rbm::random(3, 2, 0.5, &mut Streams::new(1).generator("test/standard", 0));
        let mut rbm = rbm.with_units("gaussian:0.8".parse().unwrap(), Units::BINARY).unwrap();
        rbm.visible_bias.assign(&Array1::from(vec![0.3, -0.2, 0.1]));
        rbm.hidden_bias.assign(&Array1::from(vec![0.4, -0.6]));
        let own = standard.of_values(&rbm).unwrap();
        let v = Array2::from_shape_vec((3, 3), vec![18.0f32, -0.27, 0.4, 25.0, -0.4, -1.0, 20.0, -0.3, 0.0]).unwrap();
        let mut z = v.clone();
        standard.apply(&mut z);
        let (f, g) = (own.free_energy(v.view()), rbm.free_energy(z.view()));
        for k in 1..3 {
            assert!((f[k] - f[0] - (g[k] - g[0])).abs() < 1e-3, "{f:?} {g:?}");
        }
        let hidden = |rbm: &Rbm, v: &Array2<f32>| {
            let mut h = Array2::zeros((3, 2));
            rbm.hidden_mean(v.view(), &mut h);
            h
        };
        let (h, k) = (hidden(&own, &v), hidden(&rbm, &z));
        assert!((&h - &k).iter().all(|d| d.abs() < 1e-4), "{h} {k}");
        let back = |rbm: &Rbm, h: &Array2<f32>| {
            let mut v = Array2::zeros((3, 3));
            rbm.visible_mean(h.view(), &mut v);
            v
        };
        let (mut x, y) = (back(&own, &h), back(&rbm, &k));
        standard.apply(&mut x);
        assert!((&x - &y).iter().all(|d| d.abs() < 1e-3), "{x} {y}");
        // A density per deviations: ln Z differs by what the constant terms of the energy are, so that p(v) dv is the
        // same.
        let volume: f64 = standard.deviation.iter().map(|s| s.ln()).sum();
        let density = |rbm: &Rbm, f: f64| -f - rbm.ln_z().unwrap();
        assert!((density(&own, f[0]) - (density(&rbm, g[0]) - volume)).abs() < 1e-3);
        let again = standard.of_standardised(&own).unwrap();
        assert!((&again.weights - &rbm.weights).iter().all(|d| d.abs() < 1e-5), "{again:?}");
        assert!((&again.visible_bias - &rbm.visible_bias).iter().all(|d| d.abs() < 1e-5), "{again:?}");
        assert!((&again.hidden_bias - &rbm.hidden_bias).iter().all(|d| d.abs() < 1e-5), "{again:?}");
        assert!((0..3).all(|i| matches!(again.visible_units(), Units::Gaussian(w) if (w.sigma(i) - 0.8).abs() < 1e-6)));
    }
}
