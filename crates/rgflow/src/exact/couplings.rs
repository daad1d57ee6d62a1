//! All states of a small lattice with couplings of any size and sign, one after the other by a Gray code.

use super::ExactError;
use super::error::finite_field;
use super::field_averages::{FieldAverages, MAX_SITES};
use crate::lattice::{Ising, Lattice, Model, Temperature};

/// States between two energies that are summed anew: rounding does not add up over more.
const ANEW: u64 = 1 << 12;

/// Energies closer than this, relative to the sum of all couplings, are one level at T = 0.
const LEVEL: f64 = 1e-11;

/// [`enumeration::averages`](super::enumeration::averages) with couplings.
pub(super) fn averages<L: Lattice + ?Sized>(
    model: &Ising<'_, L>,
    temperature: Temperature,
) -> Result<FieldAverages, ExactError> {
    let (n, t) = (model.lattice.n_sites() as f64, temperature.value());
    let boltzmann = Boltzmann::of(model, temperature)?;
    // Weight, E and E^2 above the ground state, M, |M|, M^2, M^4.
    let mut sums = [0.0; 7];
    walk(model, |energy, magnetisation, _| {
        let (above, m) = (energy - boltzmann.ground, magnetisation as f64 / n);
        let weight = boltzmann.weight(energy);
        let terms = [1.0, above, above * above, m, m.abs(), m * m, m * m * m * m];
        sums.iter_mut().zip(terms).for_each(|(sum, term)| *sum += weight * term);
    })?;
    let [_, above, squared, magnetisation, abs_magnetisation, m2, m4] = sums.map(|sum| sum / sums[0]);
    Ok(FieldAverages {
        log_z_above_ground: libm::log(sums[0]),
        ground: boltzmann.ground,
        energy: (boltzmann.ground + above) / n,
        specific_heat: if t == 0.0 { 0.0 } else { (squared - above * above).max(0.0) / (t * t * n) },
        magnetisation,
        abs_magnetisation,
        m2,
        m4,
    })
}

/// <s_site s_j> for every j of a lattice with couplings; not connected.
pub(super) fn correlations<L: Lattice + ?Sized>(
    lattice: &L,
    site: usize,
    temperature: Temperature,
    field: f64,
) -> Result<Vec<f64>, ExactError> {
    let model = Ising::in_field(lattice, finite_field(field)?)?;
    let boltzmann = Boltzmann::of(&model, temperature)?;
    let (mut z, mut sums) = (0.0, vec![0.0; lattice.n_sites()]);
    walk(&model, |energy, _, spins| {
        let weight = boltzmann.weight(energy);
        z += weight;
        let own = weight * f64::from(spins[site]);
        sums.iter_mut().zip(spins).for_each(|(sum, s)| *sum += own * f64::from(*s));
    })?;
    sums.iter_mut().for_each(|sum| *sum /= z);
    Ok(sums)
}

/// Weights of states relative to that of the ground state.
struct Boltzmann {
    ground: f64,
    beta: f64,
    /// Width of the lowest level.
    level: f64,
}

impl Boltzmann {
    fn of<L: Lattice + ?Sized>(model: &Ising<'_, L>, temperature: Temperature) -> Result<Self, ExactError> {
        let mut ground = f64::INFINITY;
        walk(model, |energy, _, _| ground = ground.min(energy))?;
        let largest = crate::lattice::bonds(model.lattice).map(|bond| bond.2.abs()).sum::<f64>();
        let largest = largest + model.field().abs() * model.lattice.n_sites() as f64;
        Ok(Self { ground, beta: temperature.beta(), level: LEVEL * largest })
    }

    fn weight(&self, energy: f64) -> f64 {
        let above = energy - self.ground;
        if above < self.level { 1.0 } else { libm::exp(-self.beta * above) }
    }
}

/// Calls `visit` with energy, sum of spins and spins of every state.
fn walk<L: Lattice + ?Sized>(model: &Ising<'_, L>, mut visit: impl FnMut(f64, i64, &[i8])) -> Result<(), ExactError> {
    let n = model.lattice.n_sites();
    if n > MAX_SITES {
        return Err(ExactError::TooManyStates { found: n, most: MAX_SITES });
    }
    crate::lattice::check(model.lattice)?;
    let mut spins = vec![1i8; n];
    let (mut energy, mut magnetisation) = (model.energy(&spins), n as i64);
    visit(energy, magnetisation, &spins);
    for state in 1u64..1 << n {
        let site = state.trailing_zeros() as usize;
        let change = model.flip_change(&spins, site);
        spins[site] = -spins[site];
        energy = if state.is_multiple_of(ANEW) { model.energy(&spins) } else { energy + change };
        magnetisation += 2 * i64::from(spins[site]);
        visit(energy, magnetisation, &spins);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact::enumeration::{self, averages};
    use crate::lattice::{Bonds, Boundary, Geometry, bonds};

    fn on(name: &str, extents: &[usize], couplings: &[f64], boundaries: &[Boundary]) -> Geometry {
        Geometry::new(name, extents).unwrap().with_bonds(couplings, boundaries).unwrap()
    }

    /// Every state of a random graph written out, its energy from the list of bonds.
    #[test]
    fn averages_are_sums_over_states() {
        let list = [(0, 1, -1.3), (1, 2, 0.4), (2, 3, 1.1), (3, 0, 0.7), (0, 2, -0.2), (1, 3, 0.9), (1, 3, -0.5)];
        let graph = Bonds::new(5, &list).unwrap();
        for (t, h) in [(0.8, 0.0), (2.0, 0.6), (f64::INFINITY, 1.0)] {
            let (mut z, mut sums, mut pairs) = (0.0f64, [0.0f64; 6], [0.0f64; 5]);
            for state in 0..32 {
                let s = |i: usize| if state >> i & 1 == 1 { 1.0 } else { -1.0 };
                let m: f64 = (0..5).map(s).sum();
                let e = -list.iter().map(|&(i, j, coupling)| coupling * s(i) * s(j)).sum::<f64>() - h * m;
                let w = (-e / t).exp();
                z += w;
                let terms = [e, e * e, m, m.abs(), m * m, m.powi(4)];
                sums.iter_mut().zip(terms).for_each(|(sum, term)| *sum += w * term);
                (0..5).for_each(|j| pairs[j] += w * s(1) * s(j));
            }
            let [e, e2, m, abs, m2, m4] = sums.map(|s| s / z);
            let temperature = Temperature::new(t).unwrap();
            let seen = averages(&Ising::in_field(&graph, h).unwrap(), temperature).unwrap();
            let variance = if t.is_finite() { (e2 - e * e) / (5.0 * t * t) } else { 0.0 };
            for (i, (ours, sum)) in [
                (seen.energy, e / 5.0),
                (seen.specific_heat, variance),
                (seen.magnetisation, m / 5.0),
                (seen.abs_magnetisation, abs / 5.0),
                (seen.m2, m2 / 25.0),
                (seen.m4, m4 / 625.0),
                (seen.log_z_above_ground - seen.ground / t, z.ln()),
            ]
            .into_iter()
            .enumerate()
            {
                assert!((ours - sum).abs() < 1e-12, "T = {t}, h = {h}, number {i}: {ours} against {sum}");
            }
            let seen = enumeration::correlations(&graph, 1, temperature, h).unwrap();
            assert!(seen.iter().zip(pairs).all(|(a, b)| (a - b / z).abs() < 1e-12), "{seen:?}");
        }
    }

    /// Couplings of -1 on an even torus are those of +1 with every second spin turned; of 2 those of 1 at half the
    /// temperature.
    #[test]
    fn symmetries_of_couplings() {
        let t = Temperature::new(2.3).unwrap();
        let plain = averages(&Ising::new(&on("square", &[4], &[], &[])), t).unwrap();
        let anti = averages(&Ising::new(&on("square", &[4], &[-1.0], &[])), t).unwrap();
        assert!((plain.energy - anti.energy).abs() < 1e-12 && plain.m2 > 10.0 * anti.m2);
        assert!((plain.specific_heat - anti.specific_heat).abs() < 1e-12);
        let twice = averages(&Ising::new(&on("square", &[4], &[2.0], &[])), Temperature::new(4.6).unwrap()).unwrap();
        assert!((2.0 * plain.energy - twice.energy).abs() < 1e-12 && (plain.m4 - twice.m4).abs() < 1e-12);
    }

    /// The open chain (Ising 1925): E = -(n - 1) J tanh(J/T), <s_0 s_r> = tanh^r(J/T); with bonds of their own each
    /// tanh(J_i/T).
    #[test]
    fn open_chains() {
        let (n, t) = (12, Temperature::new(0.9).unwrap());
        let chain = on("ring", &[n], &[-1.0], &[Boundary::Open]);
        let seen = averages(&Ising::new(&chain), t).unwrap();
        assert!((seen.energy * n as f64 + (n - 1) as f64 * (1.0f64 / 0.9).tanh()).abs() < 1e-12);
        let pairs = enumeration::correlations(&chain, 0, t, 0.0).unwrap();
        for (r, pair) in pairs.into_iter().enumerate() {
            assert!((pair - (-1.0f64 / 0.9).tanh().powi(r as i32)).abs() < 1e-12);
        }
        let list: Vec<_> = (0..7).map(|i| (i, i + 1, 0.3 * i as f64 - 1.0)).collect();
        let own = Bonds::new(8, &list).unwrap();
        let energy: f64 = bonds(&own).map(|(_, _, j)| -j * (j / 0.9).tanh()).sum();
        assert!((8.0 * averages(&Ising::new(&own), t).unwrap().energy - energy).abs() < 1e-12);
    }

    /// Residual entropy at T = 0: a triangle of antiferromagnetic bonds has six ground states.
    #[test]
    fn ground_states_of_a_frustrated_triangle() {
        let triangle = Bonds::new(3, &[(0, 1, -1.0), (1, 2, -1.0), (0, 2, -1.0)]).unwrap();
        let zero = averages(&Ising::new(&triangle), Temperature::ZERO).unwrap();
        assert!((zero.log_z_above_ground - 6.0f64.ln()).abs() < 1e-14 && zero.ground == -1.0);
        let refused = enumeration::density_of_states(&triangle).unwrap_err().to_string();
        assert!(refused.contains("graph(3 bonds") && refused.contains("averages"), "{refused}");
        let big = on("square", &[6], &[-1.0], &[]);
        assert!(averages(&Ising::new(&big), Temperature::ZERO).is_err());
    }
}
