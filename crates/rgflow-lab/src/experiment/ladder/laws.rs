//! The laws that machines are trained on: thermal mixtures, known exactly.

use crate::study::prelude::*;
use ndarray::{Array2, Axis, concatenate};
use rgflow::exact::{ExactError, Mixture, chain, square, transfer};
use rgflow::random::Stream;

/// Least distance of the mixtures that decide from T_c, in J/k_B.
pub(super) const FAR: f64 = 0.5;

/// A lattice small enough for the exact sampler.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Sites {
    Ring(usize),
    /// Extent of the square torus.
    Torus(usize),
}

impl Sites {
    pub fn count(self) -> usize {
        match self {
            Self::Ring(n) => n,
            Self::Torus(l) => l * l,
        }
    }

    fn mixture(self, temperatures: &[(Temperature, f64)]) -> Result<Mixture, ExactError> {
        match self {
            Self::Ring(n) => Mixture::ring(n, temperatures),
            Self::Torus(l) => Mixture::square(l, l, temperatures),
        }
    }

    /// Temperature at which the mean energy per spin is `energy`; none where it is that of no temperature.
    pub fn temperature_of(self, energy: f64) -> Option<f64> {
        match self {
            Self::Ring(n) => chain::temperature_of(n, energy).ok().flatten(),
            Self::Torus(l) => square::temperature_of_energy(l, l, energy).map(Temperature::value),
        }
    }

    /// dE/dT per spin at this temperature.
    pub fn heat_at(self, t: f64) -> Option<f64> {
        let t = Temperature::new(t).ok()?;
        match self {
            Self::Ring(n) => chain::thermodynamics(n, t).ok().map(|at| at.specific_heat),
            Self::Torus(l) => square::thermodynamics(l, l, t).ok().map(|at| at.specific_heat),
        }
    }

    fn draw(self, t: Temperature, n: usize, stream: Stream, index: u64) -> Result<Array2<i8>, ExactError> {
        let random = &mut stream.generator(index);
        Ok(match self {
            Self::Ring(sites) => chain::sample(sites, t, n, random)?.spins,
            Self::Torus(l) => transfer::Sampler::new(l, l, t)?.sample(n, random).spins,
        })
    }
}

/// Part of a mixture in the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// Its T_E lies well below T_c, or well above.
    Below,
    Above,
    /// The thesis's window, and a control.
    Neither,
}

/// A mixture of temperatures as samples have it.
#[derive(Clone, Debug)]
pub(super) struct Law {
    /// Name in keys and for people: `0-6`, `T1.75`.
    pub name: String,
    pub side: Side,
    sites: Sites,
    /// Temperatures with their numbers of samples.
    parts: Vec<(Temperature, usize)>,
    pub mixture: Mixture,
    /// Temperature of its exact mean energy.
    pub t_energy: f64,
}

impl Law {
    /// Of `n` samples on `sites`, with the weight of each temperature.
    ///
    /// # Errors
    /// One line if the mixture has no temperature of its energy, or its temperatures are none.
    pub fn new(name: String, sites: Sites, n: usize, weights: &[(f64, f64)]) -> Result<Self, String> {
        let sum: f64 = weights.iter().map(|(_, w)| w).sum();
        let (mut parts, mut before, mut counted) = (Vec::new(), 0.0, 0);
        for (t, w) in weights {
            before += w;
            let until = (n as f64 * before / sum).round() as usize;
            parts.push((Temperature::new(*t).map_err(|e| e.to_string())?, until - counted));
            counted = until;
        }
        // The law of the samples has the weights that whole numbers allow.
        let exact: Vec<(Temperature, f64)> = parts.iter().map(|(t, n)| (*t, *n as f64)).collect();
        let mixture = sites.mixture(&exact).map_err(|e| e.to_string())?;
        let energy = mixture.energy().map_err(|e| e.to_string())?;
        let t_energy = sites
            .temperature_of(energy)
            .ok_or_else(|| format!("no temperature has the energy {energy:.3} of the mixture {name}"))?;
        Ok(Self { name, side: Side::Neither, sites, parts, mixture, t_energy })
    }

    /// On a `side`.
    ///
    /// # Errors
    /// One line if its T_E is nearer than [`FAR`] to `critical`.
    pub fn on(self, side: Side, critical: f64) -> Result<Self, String> {
        let distance = match side {
            Side::Below => critical - self.t_energy,
            Side::Above => self.t_energy - critical,
            Side::Neither => FAR,
        };
        if distance < FAR {
            let word = if side == Side::Below { "below" } else { "above" };
            return Err(format!(
                "the mixture has the energy of T = {:.3}, which must be at least {FAR} {word} T_c = {critical:.3}, the \
                 peak of the specific heat",
                self.t_energy
            ));
        }
        Ok(Self { side, ..self })
    }

    /// Independent samples, temperature after temperature.
    ///
    /// # Errors
    /// As the exact samplers.
    pub fn draw(&self, stream: Stream) -> Result<Array2<i8>, Error> {
        let some = self.parts.par_iter().enumerate().filter(|(_, (_, n))| *n > 0);
        let drawn = some.map(|(k, (t, n))| self.sites.draw(*t, *n, stream, k as u64)).collect::<Result<Vec<_>, _>>()?;
        Ok(concatenate(Axis(0), &drawn.iter().map(|part| part.view()).collect::<Vec<_>>())?)
    }

    pub fn sites(&self) -> Sites {
        self.sites
    }

    /// Temperatures with their numbers of samples.
    pub fn parts(&self) -> Vec<(f64, usize)> {
        self.parts.iter().map(|(t, n)| (t.value(), *n)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rgflow::random::Streams;
    use rgflow::statistics::mean_error;

    /// The samples have the exact energy of the mixture: null |z| < 4.5, p < 1e-5.
    #[test]
    fn samples_have_the_law() {
        for sites in [Sites::Ring(8), Sites::Torus(4)] {
            let law = Law::new("a".into(), sites, 4001, &[(1.0, 1.0), (2.0, 0.0), (4.0, 3.0)]).unwrap();
            assert_eq!(law.parts.iter().map(|(_, n)| *n).collect::<Vec<_>>(), [1000, 0, 3001]);
            let drawn = law.draw(Streams::new(1).of("test/law")).unwrap().mapv(f32::from);
            let energies = law.mixture.energies_of(drawn.view());
            let mean = mean_error(&energies.iter().map(|e| e / sites.count() as f64).collect::<Vec<_>>());
            let exact = law.mixture.energy().unwrap();
            assert!(((mean.value - exact) / mean.error).abs() < 4.5, "{mean:?} {exact}");
            let at = [(Temperature::new(law.t_energy).unwrap(), 1.0)];
            assert!((sites.mixture(&at).unwrap().energy().unwrap() - exact).abs() < 1e-9);
        }
    }

    #[test]
    fn a_mixture_near_t_c_decides_nothing() {
        let at = |t: f64| Law::new("near".into(), Sites::Torus(4), 100, &[(t, 1.0)]).unwrap();
        let refused = at(2.0).on(Side::Below, 2.4).unwrap_err();
        assert!(
            refused.starts_with("the mixture has the energy of T = 2.000, which must be at least 0.5 below"),
            "{refused}"
        );
        assert!(at(1.5).on(Side::Below, 2.4).is_ok() && at(2.0).on(Side::Above, 2.4).is_err());
        assert!(at(3.0).on(Side::Above, 2.4).is_ok());
    }
}
