//! All states of a small lattice, one after the other: the truth that everything else is tested against.

use super::error::finite_field;
use super::field_averages::MAX_SITES;
use super::{ExactError, Levels, couplings};
use crate::lattice::{Ising, Lattice, Temperature};

pub use super::field_averages::FieldAverages;

/// Number of states at each energy (J, in total; without field); from a Gray code over all 2^N states.
///
/// # Errors
/// [`ExactError::TooManyStates`] beyond 25 sites,
/// [`LatticeError::OtherCouplings`](crate::lattice::LatticeError::OtherCouplings) unless J = 1 on every bond.
pub fn density_of_states<L: Lattice + ?Sized>(lattice: &L) -> Result<Levels, ExactError> {
    let joint = joint_density(lattice)?;
    let levels = joint.states.iter().map(|&(bonds, _, count)| (-bonds as f64, count.into())).collect();
    Ok(Levels::new(joint.n_sites, levels))
}

/// Number of states at each pair of bond sum and magnetisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JointDensity {
    n_sites: usize,
    /// (sum over bonds of s s', sum of s, number of states).
    states: Vec<(i64, i64, u64)>,
}

/// Joint density of states over bond sum and magnetisation of any lattice with J = 1.
///
/// # Errors
/// [`ExactError::TooManyStates`] beyond 25 sites,
/// [`LatticeError::OtherCouplings`](crate::lattice::LatticeError::OtherCouplings) unless J = 1 on every bond.
///
/// ```
/// use rgflow::exact::enumeration::joint_density;
/// use rgflow::lattice::{Square, Temperature};
/// let torus = Square::new(3, 3)?;
/// let cold = joint_density(&torus)?.averages(Temperature::new(0.5)?, 0.1)?;
/// assert!(cold.magnetisation > 0.8);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn joint_density<L: Lattice + ?Sized>(lattice: &L) -> Result<JointDensity, ExactError> {
    let n_sites = lattice.n_sites();
    Ising::new(lattice).needs_plain("the density of states", "take enumeration::averages")?;
    few_enough(n_sites)?;
    crate::lattice::check(lattice)?;
    let n_bonds: usize = (0..n_sites).map(|site| lattice.neighbours(site).len()).sum::<usize>() / 2;
    // Both sums keep their parity, so that half of each index suffices.
    let columns = n_sites + 1;
    let mut counts = vec![0u64; (n_bonds + 1) * columns];
    walk(lattice, |bonds, magnetisation, _| {
        let row = (bonds + n_bonds as i64) as usize / 2;
        counts[row * columns + (magnetisation + n_sites as i64) as usize / 2] += 1;
    })?;
    let state = |(i, count): (usize, u64)| {
        let (row, column) = ((i / columns) as i64, (i % columns) as i64);
        (count > 0).then_some((2 * row - n_bonds as i64, 2 * column - n_sites as i64, count))
    };
    Ok(JointDensity { n_sites, states: counts.into_iter().enumerate().filter_map(state).collect() })
}

/// Exact averages of `model` at `temperature` in `[0, inf]` from all states of at most 25 sites, for couplings of any
/// size and sign.
///
/// # Errors
/// [`ExactError::TooManyStates`] beyond 25 sites,
/// [`LatticeError::Inconsistent`](crate::lattice::LatticeError::Inconsistent) for a lattice whose lists do not agree.
///
/// ```
/// use rgflow::exact::enumeration::averages;
/// use rgflow::lattice::{Bonds, Ising, Temperature};
/// // An open chain: E = -(n - 1) J tanh(J/T).
/// let chain = Bonds::new(3, &[(0, 1, -2.0), (1, 2, -2.0)])?;
/// let exact = averages(&Ising::new(&chain), Temperature::new(1.5)?)?;
/// assert!((3.0 * exact.energy + 4.0 * (2.0f64 / 1.5).tanh()).abs() < 1e-12);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn averages<L: Lattice + ?Sized>(
    model: &Ising<'_, L>,
    temperature: Temperature,
) -> Result<FieldAverages, ExactError> {
    if model.is_coupled() {
        return couplings::averages(model, temperature);
    }
    joint_density(model.lattice)?.averages(temperature, model.field())
}

/// <s_site s_j> for every j, at `temperature` in `[0, inf]` and the field `field` (J); not connected. Couplings may be
/// of any size and sign.
///
/// # Errors
/// [`ExactError::TooManyStates`] beyond 25 sites, [`ExactError::Field`] if the field is not finite.
///
/// # Panics
/// If the lattice has no `site`, which is an error of the caller.
pub fn correlations<L: Lattice + ?Sized>(
    lattice: &L,
    site: usize,
    temperature: Temperature,
    field: f64,
) -> Result<Vec<f64>, ExactError> {
    if Ising::new(lattice).is_coupled() {
        return couplings::correlations(lattice, site, temperature, field);
    }
    let joint = joint_density(lattice)?;
    let weights = joint.weights(temperature, finite_field(field)?);
    // The same weights by their indices, for the walk over all states.
    let table: std::collections::BTreeMap<(i64, i64), f64> =
        joint.states.iter().zip(&weights).map(|(s, w)| ((s.0, s.1), *w)).collect();
    let mut sums = vec![0.0; joint.n_sites];
    walk(lattice, |bonds, magnetisation, spins| {
        let weight = table[&(bonds, magnetisation)] * f64::from(spins[site]);
        sums.iter_mut().zip(spins).for_each(|(sum, s)| *sum += weight * f64::from(*s));
    })?;
    let z: f64 = joint.states.iter().zip(&weights).map(|(s, w)| s.2 as f64 * w).sum();
    sums.iter_mut().for_each(|sum| *sum /= z);
    Ok(sums)
}

impl JointDensity {
    pub(super) fn new(n_sites: usize, states: Vec<(i64, i64, u64)>) -> Self {
        Self { n_sites, states }
    }

    /// Number of spins.
    pub fn n_sites(&self) -> usize {
        self.n_sites
    }

    /// Triples (sum over bonds of s s', sum of s, number of states) of all pairs that occur.
    pub fn states(&self) -> &[(i64, i64, u64)] {
        &self.states
    }

    /// Averages at `temperature` in `[0, inf]` and the field `field` (J).
    ///
    /// # Errors
    /// [`ExactError::Field`] if the field is not finite.
    pub fn averages(&self, temperature: Temperature, field: f64) -> Result<FieldAverages, ExactError> {
        let weights = self.weights(temperature, finite_field(field)?);
        let (t, n) = (temperature.value(), self.n_sites as f64);
        let ground = self.ground(field);
        let sum = |term: &dyn Fn(f64, f64) -> f64| -> f64 {
            let each = |(&(bonds, m, count), w): (&(i64, i64, u64), &f64)| {
                count as f64 * w * term(energy(bonds, m, field) - ground, m as f64 / n)
            };
            self.states.iter().zip(&weights).map(each).sum()
        };
        let z = sum(&|_, _| 1.0);
        let mean = |term: &dyn Fn(f64, f64) -> f64| sum(term) / z;
        let above = mean(&|e, _| e);
        let variance = mean(&|e, _| (e - above) * (e - above));
        Ok(FieldAverages {
            log_z_above_ground: libm::log(z),
            ground,
            energy: (ground + above) / n,
            specific_heat: if t == 0.0 { 0.0 } else { variance / (t * t * n) },
            magnetisation: mean(&|_, m| m),
            abs_magnetisation: mean(&|_, m| m.abs()),
            m2: mean(&|_, m| m * m),
            m4: mean(&|_, m| m * m * m * m),
        })
    }

    /// The probability of each magnetisation M = -N, -N + 2 ... N at `temperature` and the field `field` (J).
    ///
    /// # Errors
    /// [`ExactError::Field`] if the field is not finite.
    pub fn magnetisation_law(&self, temperature: Temperature, field: f64) -> Result<Vec<f64>, ExactError> {
        let weights = self.weights(temperature, finite_field(field)?);
        let mut law = vec![0.0; self.n_sites + 1];
        for (&(_, m, count), w) in self.states.iter().zip(&weights) {
            law[(m + self.n_sites as i64) as usize / 2] += count as f64 * w;
        }
        let z: f64 = law.iter().sum();
        law.iter_mut().for_each(|p| *p /= z);
        Ok(law)
    }

    fn ground(&self, field: f64) -> f64 {
        self.states.iter().map(|&(bonds, m, _)| energy(bonds, m, field)).fold(f64::INFINITY, f64::min)
    }

    /// e^{-(E - ground)/T} of one state of each pair.
    fn weights(&self, temperature: Temperature, field: f64) -> Vec<f64> {
        let (beta, ground) = (temperature.beta(), self.ground(field));
        let weight = |above: f64| if above == 0.0 { 1.0 } else { libm::exp(-beta * above) };
        self.states.iter().map(|&(bonds, m, _)| weight(energy(bonds, m, field) - ground)).collect()
    }
}

fn energy(bonds: i64, magnetisation: i64, field: f64) -> f64 {
    -(bonds as f64) - field * magnetisation as f64
}

/// Refuses more sites than can be enumerated, before anything is allocated.
fn few_enough(n_sites: usize) -> Result<(), ExactError> {
    match n_sites {
        0..=MAX_SITES => Ok(()),
        found => Err(ExactError::TooManyStates { found, most: MAX_SITES }),
    }
}

/// Calls `visit` with bond sum, sum of spins and spins of every state.
fn walk<L: Lattice + ?Sized>(lattice: &L, mut visit: impl FnMut(i64, i64, &[i8])) -> Result<(), ExactError> {
    let n = lattice.n_sites();
    few_enough(n)?;
    let mut spins = vec![1i8; n];
    let mut bonds = (0..n).map(|site| lattice.neighbours(site).len() as i64).sum::<i64>() / 2;
    let mut magnetisation = n as i64;
    visit(bonds, magnetisation, &spins);
    for state in 1u64..1 << n {
        let site = state.trailing_zeros() as usize;
        let around: i64 = lattice.neighbours(site).iter().map(|&j| i64::from(spins[j as usize])).sum();
        spins[site] = -spins[site];
        bonds += 2 * i64::from(spins[site]) * around;
        magnetisation += 2 * i64::from(spins[site]);
        visit(bonds, magnetisation, &spins);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lattice::{Ring, Square};

    #[test]
    fn small_systems() {
        let two = density_of_states(&Square::new(2, 2).unwrap()).unwrap();
        assert_eq!(&two[..], [(-8.0, 2), (0.0, 12), (8.0, 2)]);
        let ring = density_of_states(&Ring::new(3).unwrap()).unwrap();
        assert_eq!(&ring[..], [(-3.0, 2), (1.0, 6)]);
        // Tables of so many sites and bonds would take all memory.
        for sites in [26, 1_000_000] {
            let refused = density_of_states(&Ring::new(sites).unwrap());
            assert_eq!(refused, Err(ExactError::TooManyStates { found: sites, most: 25 }));
        }
        let zero = two.thermodynamics(Temperature::ZERO);
        assert_eq!((zero.energy, zero.specific_heat, zero.free_energy), (-2.0, 0.0, Some(-2.0)));
    }

    /// Every state of a 3 x 3 torus written out, its bonds and spins counted by coordinates.
    #[test]
    fn averages_in_a_field_are_sums_over_states() {
        let torus = Square::new(3, 3).unwrap();
        let joint = joint_density(&torus).unwrap();
        assert_eq!(joint.states().iter().map(|s| s.2).sum::<u64>(), 512);
        let spin = |state: usize, x: usize, y: usize| if state >> (y % 3 * 3 + x % 3) & 1 == 1 { 1.0 } else { -1.0 };
        for (t, h) in [(1.0, 0.0), (2.5, 0.3), (0.7, -1.2), (6.0, 2.0)] {
            let (mut z, mut sums, mut correlation) = (0.0f64, [0.0f64; 6], [0.0f64; 9]);
            for state in 0..512 {
                let sites = (0..9).map(|i| (i % 3, i / 3));
                let m: f64 = sites.clone().map(|(x, y)| spin(state, x, y)).sum();
                let bonds: f64 =
                    sites.map(|(x, y)| spin(state, x, y) * (spin(state, x + 1, y) + spin(state, x, y + 1))).sum();
                let e = -bonds - h * m;
                let w = (-e / t).exp();
                z += w;
                for (sum, term) in sums.iter_mut().zip([e, e * e, m, m.abs(), m * m, m.powi(4)]) {
                    *sum += w * term;
                }
                (0..9).for_each(|j| correlation[j] += w * spin(state, 1, 1) * spin(state, j % 3, j / 3));
            }
            let [e, e2, m, abs, m2, m4] = sums.map(|s| s / z);
            let temperature = Temperature::new(t).unwrap();
            let seen = joint.averages(temperature, h).unwrap();
            let pairs = [
                (seen.energy, e / 9.0),
                (seen.specific_heat, (e2 - e * e) / (9.0 * t * t)),
                (seen.magnetisation, m / 9.0),
                (seen.abs_magnetisation, abs / 9.0),
                (seen.m2, m2 / 81.0),
                (seen.m4, m4 / 6561.0),
                (seen.log_z_above_ground - seen.ground / t, z.ln()),
            ];
            for (i, (ours, sum)) in pairs.into_iter().enumerate() {
                assert!((ours - sum).abs() < 1e-12, "T = {t}, h = {h}, number {i}: {ours} against {sum}");
            }
            let seen = correlations(&torus, 4, temperature, h).unwrap();
            assert!(seen.iter().zip(correlation).all(|(a, b)| (a - b / z).abs() < 1e-13), "{seen:?}");
            let law = joint.magnetisation_law(temperature, h).unwrap();
            let mean: f64 = law.iter().enumerate().map(|(k, p)| p * (2.0 * k as f64 - 9.0)).sum();
            assert!((mean - m).abs() < 1e-12 && (law.iter().sum::<f64>() - 1.0).abs() < 1e-14);
        }
        let cold = joint.averages(Temperature::ZERO, -0.25).unwrap();
        assert_eq!((cold.magnetisation, cold.energy, cold.log_z_above_ground), (-1.0, -2.25, 0.0));
        let hot = joint.averages(Temperature::INFINITE, 3.0).unwrap();
        assert!(hot.magnetisation.abs() < 1e-15 && (hot.m2 - 1.0 / 9.0).abs() < 1e-15);
        assert!(matches!(joint.averages(Temperature::ZERO, f64::NAN), Err(ExactError::Field(_))));
    }
}
