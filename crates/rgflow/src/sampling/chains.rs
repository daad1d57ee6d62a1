//! Markov chains of any kind: how long they are unless the user says so, and the one entry to all.

use super::{Kind, SamplingError};
use crate::lattice::algorithm::{Random, Request};
use crate::lattice::{ChainLength, Collection, Ising, Lattice, Temperature, bonds, wolff};
use crate::random::Stream;
use crate::restart::Drive;

/// Default burn-in in spacings; a spacing is about two tau_int or more, so this is 50 tau_int at least.
const BURN_IN: f64 = 25.0;

impl ChainLength {
    /// Chains of this kind that serve this lattice and temperature.
    ///
    /// Single-spin updates: spacing 0.2 l^2.17 sweeps (Osada and Ozeki 2024), l the smaller of the largest extent L and
    /// 1 + 0.6/|1 - T_c/T|, about the correlation length; burn-in 25 spacings, and below T_c at least 4 L^2.17, the
    /// time in which domains of a disordered start grow to the size of the lattice. Clusters: spacing 2 (Wolff) or 2
    /// l^0.25 (Swendsen-Wang) sweeps, burn-in 25 spacings. 64 chains for single-spin updates, else 16.
    ///
    /// ```
    /// use rgflow::lattice::{ChainLength, Square, Temperature};
    /// use rgflow::sampling::Kind;
    /// let length = ChainLength::suited(Kind::Wolff, &Square::new(64, 64)?, Temperature::CRITICAL);
    /// assert_eq!(length, ChainLength { chains: 16, burn_in: 50.0, spacing: 2.0 });
    /// # Ok::<(), rgflow::lattice::LatticeError>(())
    /// ```
    pub fn suited<L: Lattice + ?Sized>(kind: Kind, lattice: &L, temperature: Temperature) -> Self {
        Asked::default().length(kind, lattice, temperature)
    }
}

/// Length of chains as far as the user gives it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Asked {
    pub chains: Option<usize>,
    pub burn_in: Option<usize>,
    pub spacing: Option<usize>,
}

impl Asked {
    /// With what is not said as in [`ChainLength::suited`], its burn-in for the spacing that is asked for.
    pub fn length<L: Lattice + ?Sized>(self, kind: Kind, lattice: &L, temperature: Temperature) -> ChainLength {
        // Where T_c is not known, domains may have to grow at any temperature.
        let critical = lattice.critical_temperature().unwrap_or(f64::INFINITY);
        let (t, longest) = (temperature.value(), lattice.longest() as f64);
        let l = correlation_length(lattice, temperature);
        let growth = |l: f64| libm::pow(l, 2.17);
        let spacing = self.spacing.map_or(kind.spacing(l).max(1.0), |sweeps| sweeps as f64);
        let coarsening = if kind.is_local() && t < critical { (4.0 * growth(longest)).ceil() } else { 0.0 };
        let burn_in = self.burn_in.map_or((BURN_IN * spacing).max(coarsening), |sweeps| sweeps as f64);
        let chains = self.chains.unwrap_or(if kind.is_local() { 64 } else { 16 });
        ChainLength { chains, burn_in, spacing }
    }

    /// `length` where nothing else is said.
    pub fn or(self, length: ChainLength) -> ChainLength {
        ChainLength {
            chains: self.chains.unwrap_or(length.chains),
            burn_in: self.burn_in.map_or(length.burn_in, |sweeps| sweeps as f64),
            spacing: self.spacing.map_or(length.spacing, |sweeps| sweeps as f64),
        }
    }
}

/// The smaller of the largest extent and a length above the correlation length at `temperature` (no field), in lattice
/// spacings: 1 + 0.6/|1 - T_c/T|, or 1 + e^{2J/T}/2 with the largest coupling J where T_c = 0. Where T_c is not known
/// it is the largest extent.
pub(super) fn correlation_length<L: Lattice + ?Sized>(lattice: &L, temperature: Temperature) -> f64 {
    let (t, longest) = (temperature.value(), lattice.longest() as f64);
    let Some(critical) = lattice.critical_temperature() else { return longest };
    let largest = || bonds(lattice).map(|bond| bond.2.abs()).fold(0.0, f64::max);
    // Above T_c the square lattice has xi = 1/(ln coth K - 2K), about 0.57/(1 - T_c/T); the ring -1/ln tanh K.
    let xi = if critical == 0.0 { 0.5 * libm::exp(2.0 * largest() / t) } else { 0.6 / (1.0 - critical / t).abs() };
    longest.min(1.0 + xi)
}

/// Markov chains of one kind at one temperature.
pub(super) struct MarkovChains<'a, L: Lattice + ?Sized> {
    pub kind: Kind,
    pub model: &'a Ising<'a, L>,
    pub temperature: Temperature,
    pub length: ChainLength,
}

impl<L: Lattice + ?Sized> MarkovChains<'_, L> {
    /// Samples `n` configurations at T in `[0, inf]`; `drive` brings the chains to their end.
    ///
    /// Cluster chains have a stream of their own each, replicas of single-spin updates share one, so `n` changes no
    /// configuration: more extend fewer, for the same number of chains. T = 0 gives the ground states and T = inf
    /// independent spins exactly, whatever the kind.
    pub fn draw(&self, n: usize, stream: Stream, drive: &Drive) -> Result<Collection, SamplingError> {
        let Self { kind, model, temperature, ref length } = *self;
        length.check()?;
        if temperature == Temperature::ZERO || temperature == Temperature::INFINITE {
            return Ok(wolff::sample(model, temperature, n, length, &mut stream.generator(0))?);
        }
        let of_chain = format!("{}/0/chain", stream.purpose);
        let mut random = Random::new(stream, stream.streams.of(&of_chain));
        let mut sampling = kind.sampling(Request { model, temperature, n, length }, &mut random)?;
        drive(0, &mut sampling)?;
        Ok(sampling.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lattice::{Ring, Square};

    #[test]
    fn defaults_follow_lattice_and_temperature() {
        let square = Square::new(64, 64).unwrap();
        let at = |kind, t| ChainLength::suited(kind, &square, Temperature::new(t).unwrap());
        let critical = at(Kind::Metropolis, 2.269);
        // tau_int of |m| at T_c is 176 to 210 sweeps.
        assert!(critical.spacing > 400.0 && critical.burn_in >= 50.0 * 210.0, "{critical:?}");
        assert!(at(Kind::Metropolis, 6.0).spacing < 10.0);
        assert!(at(Kind::Metropolis, 1.5).burn_in > 4.0 * 64.0 * 64.0);
        assert_eq!(at(Kind::Wolff, 2.269), ChainLength { chains: 16, burn_in: 50.0, spacing: 2.0 });
        let own = Asked { spacing: Some(3), ..Asked::default() };
        assert_eq!(own.length(Kind::HeatBath, &square, Temperature::INFINITE).burn_in, 75.0);
        let ring = Ring::new(1000).unwrap();
        let cold = ChainLength::suited(Kind::HeatBath, &ring, Temperature::new(1e-3).unwrap());
        assert!(cold.spacing > 100_000.0);
    }
}
