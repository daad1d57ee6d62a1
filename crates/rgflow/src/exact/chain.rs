//! The ring of N spins, exactly: Z = (2 cosh K)^N + (2 sinh K)^N (Ising 1925).

use ndarray::{Array2, ArrayView1, ArrayViewMut1};
use rand::RngExt;

use super::drawing::Drawing;
use super::{ExactError, Thermodynamics};
use crate::lattice::{Collection, Lattice, Ring, Temperature};
use crate::random::Generator;

/// Exact energy, specific heat and free energy per spin of the ring of `n` spins.
///
/// # Errors
/// [`LatticeError::Extent`](crate::lattice::LatticeError::Extent) if `n` is below 2.
pub fn thermodynamics(n: usize, temperature: Temperature) -> Result<Thermodynamics, ExactError> {
    Ring::new(n)?;
    let (t, k, size) = (temperature.value(), temperature.beta(), n as f64);
    if t == 0.0 {
        return Ok(Thermodynamics { energy: -1.0, specific_heat: 0.0, free_energy: Some(-1.0) });
    }
    let power = |exponent: f64| tanh_power(temperature, exponent);
    let total = 1.0 + power(size);
    let x = libm::exp(-2.0 * k);
    let tanh = power(1.0);
    // 1 - tanh^2 K, without the cancellation.
    let slope = 4.0 * x / ((1.0 + x) * (1.0 + x));
    // dE/dK with its cancelling terms combined: all that is left is positive.
    let numerator = -libm::expm1((2.0 * size - 2.0) * log_tanh(temperature)) + (size - 1.0) * power(size - 2.0) * slope;
    let log_z = libm::log1p(x) + libm::log1p(power(size)) / size;
    let specific_heat = if slope == 0.0 { 0.0 } else { k * k * slope * numerator / (total * total) };
    Ok(Thermodynamics {
        energy: -(tanh + power(size - 1.0)) / total,
        specific_heat,
        free_energy: (t < f64::INFINITY).then(|| -1.0 - t * log_z),
    })
}

/// Correlation <s_0 s_r> = (t^r + t^{N-r}) / (1 + t^N), t = tanh K, on the ring of `n` spins; `r` is taken modulo `n`.
///
/// # Errors
/// [`LatticeError::Extent`](crate::lattice::LatticeError::Extent) if `n` is below 2.
pub fn correlation(n: usize, r: usize, temperature: Temperature) -> Result<f64, ExactError> {
    Ring::new(n)?;
    let r = r % n;
    let power = |exponent: usize| tanh_power(temperature, exponent as f64);
    Ok((power(r) + power(n - r)) / (1.0 + power(n)))
}

/// Energy per spin (J) of the configuration `v` of a ring, values -1 and +1.
///
/// ```
/// let v = ndarray::array![1.0, 1.0, -1.0, -1.0];
/// assert_eq!(rgflow::exact::chain::energy(v.view()), 0.0);
/// ```
pub fn energy(v: ArrayView1<'_, f32>) -> f64 {
    let n = v.len();
    -(0..n).map(|i| f64::from(v[i] * v[(i + 1) % n])).sum::<f64>() / n as f64
}

/// The temperature at which the ring of `n` spins has the energy `energy` per spin (J), by bisection; none where it has
/// it at no temperature up to 10^6.
///
/// ```
/// use rgflow::exact::chain::{temperature_of, thermodynamics};
/// use rgflow::lattice::Temperature;
/// let energy = thermodynamics(8, Temperature::new(2.0)?)?.energy;
/// assert!((temperature_of(8, energy)?.unwrap() - 2.0).abs() < 1e-9);
/// assert_eq!(temperature_of(8, 0.5)?, None);
/// # Ok::<(), rgflow::exact::ExactError>(())
/// ```
///
/// # Errors
/// [`LatticeError::Extent`](crate::lattice::LatticeError::Extent) if `n` is below 2.
pub fn temperature_of(n: usize, energy: f64) -> Result<Option<f64>, ExactError> {
    let at = |t: f64| -> Result<f64, ExactError> { Ok(thermodynamics(n, Temperature::new(t)?)?.energy) };
    let (mut low, mut high) = (0.0, 1e6);
    if !(at(low)? <= energy && energy < at(high)?) {
        return Ok(None);
    }
    for _ in 0..80 {
        let middle = 0.5 * (low + high);
        if at(middle)? <= energy { low = middle } else { high = middle }
    }
    Ok(Some(0.5 * (low + high)))
}

/// `n` independent configurations of the ring of `n_spins` spins at any temperature in `[0, inf]`, exactly.
///
/// Spin after spin: given the spin before and the first one, the rest of the ring is a power of the transfer matrix.
///
/// # Errors
/// [`LatticeError::Extent`](crate::lattice::LatticeError::Extent) if `n_spins` is below 2.
pub fn sample(
    n_spins: usize,
    temperature: Temperature,
    n: usize,
    rng: &mut Generator,
) -> Result<Collection, ExactError> {
    let powers = powers(n_spins, temperature)?;
    let mut spins = Array2::<i8>::ones((n, n_spins));
    spins.rows_mut().into_iter().for_each(|row| write(&powers, row, rng));
    Ok(Collection::independent("exact", spins))
}

/// [`sample`] on its way.
///
/// # Errors
/// As [`sample`].
pub(crate) fn drawing(
    n_spins: usize,
    temperature: Temperature,
    n: usize,
    rng: Generator,
) -> Result<Drawing<'static>, ExactError> {
    let powers = powers(n_spins, temperature)?;
    let step = move |k: usize, spins: &mut Array2<i8>, rng: &mut Generator| write(&powers, spins.row_mut(k), rng);
    // About seven nanoseconds for a spin.
    Ok(Drawing::new([n, n_spins], 70 * n_spins, rng, step))
}

/// tanh^r K for r below the number of spins.
fn powers(n_spins: usize, temperature: Temperature) -> Result<Vec<f64>, ExactError> {
    let n_sites = Ring::new(n_spins)?.n_sites();
    Ok((0..n_sites).map(|r| tanh_power(temperature, r as f64)).collect())
}

/// Draws a configuration.
fn write(powers: &[f64], mut row: ArrayViewMut1<'_, i8>, rng: &mut Generator) {
    let n_sites = powers.len();
    let first: i8 = if rng.random() { 1 } else { -1 };
    let mut previous = first;
    row[0] = first;
    for site in 1..n_sites {
        // Weight of "like its predecessor" against "unlike", each times the way back to the first spin.
        let closing = f64::from(previous * first) * powers[n_sites - site];
        let like = (1.0 + powers[1]) * (1.0 + closing);
        let unlike = (1.0 - powers[1]) * (1.0 - closing);
        if rng.random::<f64>() * (like + unlike) >= like {
            previous = -previous;
        }
        row[site] = previous;
    }
}

/// ln tanh K = ln(1 - x) - ln(1 + x), x = e^{-2K}.
fn log_tanh(temperature: Temperature) -> f64 {
    let k = temperature.beta();
    if k < 1.0 {
        return libm::log(libm::tanh(k));
    }
    let x = libm::exp(-2.0 * k);
    libm::log1p(-x) - libm::log1p(x)
}

/// tanh(K)^exponent, with 0^0 = 1.
fn tanh_power(temperature: Temperature, exponent: f64) -> f64 {
    if exponent == 0.0 { 1.0 } else { libm::exp(exponent * log_tanh(temperature)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact::enumeration;

    #[test]
    fn agrees_with_enumeration() {
        for n in [2, 3, 8, 11] {
            let levels = enumeration::density_of_states(&Ring::new(n).unwrap()).unwrap();
            for t in [0.0, 0.1, 0.25, 1.0, 2.0, 10.0, 1e6, f64::INFINITY] {
                let temperature = Temperature::new(t).unwrap();
                let exact = levels.thermodynamics(temperature);
                let seen = thermodynamics(n, temperature).unwrap();
                let close = |a: f64, b: f64| (a - b).abs() <= 1e-11 * b.abs() + 1e-15;
                assert!(close(seen.energy, exact.energy), "{n} {t}: {seen:?} {exact:?}");
                assert!(close(seen.specific_heat, exact.specific_heat), "{n} {t}: {seen:?} {exact:?}");
                assert_eq!(seen.free_energy.is_some(), exact.free_energy.is_some());
                assert!(close(seen.free_energy.unwrap_or(0.0), exact.free_energy.unwrap_or(0.0)), "{n} {t}");
                // On a ring the energy per spin is minus the correlation of neighbours.
                assert!(close(correlation(n, 1, temperature).unwrap(), -seen.energy));
            }
        }
        assert_eq!(correlation(8, 8, Temperature::CRITICAL).unwrap(), 1.0);
    }
}
