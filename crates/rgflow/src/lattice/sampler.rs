//! One entry to all Markov chain samplers. A new sampler is a new file and its lines here.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

use super::{Collection, Ising, Lattice, LatticeError, Temperature};
use super::{heat_bath, metropolis, replicas, swendsen_wang, wolff};
use crate::random::Streams;
use crate::restart::{Drive, through};

/// A Markov chain sampler of the Ising model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// Single-spin updates, [`metropolis`]: the heat bath where Metropolis does not mix.
    Metropolis,
    /// Single-spin updates, [`heat_bath`].
    HeatBath,
    /// One cluster at a time, [`wolff`].
    Wolff,
    /// All clusters at once, [`swendsen_wang`].
    SwendsenWang,
}

impl Kind {
    /// All samplers.
    pub const ALL: [Self; 4] = [Self::Metropolis, Self::HeatBath, Self::Wolff, Self::SwendsenWang];

    /// Its name: "metropolis", "heat-bath", "wolff" or "swendsen-wang".
    pub fn name(self) -> &'static str {
        match self {
            Self::Metropolis => "metropolis",
            Self::HeatBath => "heat-bath",
            Self::Wolff => "wolff",
            Self::SwendsenWang => "swendsen-wang",
        }
    }

    /// Whether it updates spin by spin.
    pub fn is_local(self) -> bool {
        matches!(self, Self::Metropolis | Self::HeatBath)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Kind {
    type Err = LatticeError;

    fn from_str(text: &str) -> Result<Self, LatticeError> {
        let known = "metropolis, heat-bath, wolff or swendsen-wang";
        let unknown = || LatticeError::Sampler { name: text.to_owned(), known };
        Self::ALL.into_iter().find(|kind| kind.name() == text).ok_or_else(unknown)
    }
}

/// How long the chains are; what is not given follows from lattice and temperature ([`Effort::schedule`]).
///
/// A sweep is one visit of every site, one update of all clusters of Swendsen and Wang, or as many Wolff clusters as have
/// together one spin per site.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effort {
    /// Number of chains, half of them from a disordered start: as many are run, or one per configuration if these are fewer.
    pub chains: Option<usize>,
    /// Sweeps of each chain before its first kept configuration.
    pub burn_in: Option<usize>,
    /// Sweeps between the kept configurations of a chain.
    pub spacing: Option<usize>,
}

/// The chains that are run; units as in [`Effort`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Number of chains.
    pub chains: usize,
    /// Sweeps before the first kept configuration.
    pub burn_in: usize,
    /// Sweeps between kept configurations.
    pub spacing: usize,
}

/// Default burn-in in spacings; a spacing is about two tau_int or more, so this is 50 tau_int at least.
const BURN_IN: usize = 25;

impl Effort {
    /// Fills in what is not given.
    ///
    /// Single-spin updates: spacing 0.2 l^2.17 sweeps (Osada and Ozeki 2024), l the smaller of the largest extent L and
    /// 1 + 0.6/|1 - T_c/T|, about the correlation length; burn-in 25 spacings, and below T_c at least 4 L^2.17, the time
    /// in which domains of a disordered start grow to the size of the lattice. Clusters: spacing 2 (Wolff) or 2 l^0.25
    /// (Swendsen-Wang) sweeps, burn-in 25 spacings. 64 chains for single-spin updates, else 16.
    pub fn schedule<L: Lattice + ?Sized>(&self, kind: Kind, lattice: &L, temperature: Temperature) -> Schedule {
        let longest = lattice.extents().into_iter().max().unwrap_or(1) as f64;
        let (t, critical) = (temperature.value(), lattice.critical_temperature());
        let l = correlation_length(lattice, temperature);
        let growth = |l: f64| libm::pow(l, 2.17);
        let default_spacing = match kind {
            Kind::Metropolis | Kind::HeatBath => (0.2 * growth(l)).ceil() as usize,
            Kind::Wolff => 2,
            Kind::SwendsenWang => (2.0 * libm::pow(l, 0.25)).ceil() as usize,
        };
        let spacing = self.spacing.unwrap_or(default_spacing.max(1));
        let coarsening = if kind.is_local() && t < critical { (4.0 * growth(longest)).ceil() as usize } else { 0 };
        let burn_in = self.burn_in.unwrap_or((BURN_IN * spacing).max(coarsening));
        let chains = self.chains.unwrap_or(if kind.is_local() { 64 } else { 16 });
        Schedule { chains, burn_in, spacing }
    }
}

/// The smaller of the largest extent and a length above the correlation length at `temperature` (no field), in lattice
/// spacings: 1 + 0.6/|1 - T_c/T|, on rings 1 + e^{2K}/2.
pub(crate) fn correlation_length<L: Lattice + ?Sized>(lattice: &L, temperature: Temperature) -> f64 {
    let longest = lattice.extents().into_iter().max().unwrap_or(1) as f64;
    let (t, critical) = (temperature.value(), lattice.critical_temperature());
    // Above T_c the square lattice has xi = 1/(ln coth K - 2K), about 0.57/(1 - T_c/T); the ring -1/ln tanh K.
    let xi = if critical == 0.0 { 0.5 * libm::exp(2.0 / t) } else { 0.6 / (1.0 - critical / t).abs() };
    longest.min(1.0 + xi)
}

/// Samples `n` configurations of `model` at `temperature` in `[0, inf]` with the stream (`purpose`, `index`).
///
/// Every chain has a stream of its own, so `n` changes no configuration: more extend fewer, for the same number of chains.
/// T = 0 gives the ground states and T = inf independent spins exactly, whatever the sampler. Check
/// [`Collection::warnings`] before using averages.
///
/// # Errors
/// [`LatticeError::ZeroSetting`] if `effort` asks for no chains or no spacing.
///
/// ```
/// use rgflow::lattice::{Geometry, Ising, Temperature, sampler::{Effort, Kind, sample}};
/// use rgflow::random::Streams;
/// let lattice = Geometry::new("triangular", &[6])?;
/// let model = Ising::in_field(&lattice, 0.1)?;
/// let t = Temperature::new(5.0)?;
/// let seen = sample(Kind::SwendsenWang, &model, t, 1000, &Effort::default(), Streams::new(1), "example", 0)?;
/// assert_eq!(seen.spins.dim(), (1000, 36));
/// assert!(seen.warnings.is_empty());
/// # Ok::<(), rgflow::lattice::LatticeError>(())
/// ```
#[allow(clippy::too_many_arguments)] // Eight independent choices of the user; a struct would only rename them.
pub fn sample<L: Lattice + ?Sized>(
    kind: Kind,
    model: &Ising<'_, L>,
    temperature: Temperature,
    n: usize,
    effort: &Effort,
    streams: Streams,
    purpose: &str,
    index: u64,
) -> Result<Collection, LatticeError> {
    sample_by(kind, model, temperature, n, effort, (streams, purpose, index), &through)
}

/// As [`sample`]; `drive` brings the chains to their end.
///
/// # Errors
/// As [`sample`], and those of `drive`.
pub fn sample_by<L: Lattice + ?Sized>(
    kind: Kind,
    model: &Ising<'_, L>,
    temperature: Temperature,
    n: usize,
    effort: &Effort,
    (streams, purpose, index): (Streams, &str, u64),
    drive: &Drive,
) -> Result<Collection, LatticeError> {
    let Schedule { chains, burn_in, spacing } = effort.schedule(kind, model.lattice, temperature);
    for (name, value) in [("chains", chains), ("spacing", spacing)] {
        if value == 0 {
            return Err(LatticeError::ZeroSetting(name));
        }
    }
    let (mut generator, mut bulk) = (streams.generator(purpose, index), streams.bulk(purpose, index));
    if temperature == Temperature::ZERO {
        return Ok(wolff::ground_states(model, n, &mut generator));
    }
    if temperature == Temperature::INFINITE {
        return Ok(wolff::free_spins(model.lattice, n, &mut generator));
    }
    let of_chain = format!("{purpose}/{index}/chain");
    let local = replicas::Settings { replicas: chains, burn_in, spacing };
    let mut sampling = match kind {
        Kind::Metropolis => metropolis::sampling(model, temperature, n, &local, &mut bulk),
        Kind::HeatBath => heat_bath::sampling(model, temperature, n, &local, &mut bulk),
        Kind::Wolff => {
            let settings = wolff::Settings { chains, burn_in: burn_in.div_ceil(spacing), spacing: spacing as f64 };
            let begin = |c: usize, rng: &mut _| *rng = streams.generator(&of_chain, c as u64);
            wolff::sampling_chains(model, temperature, n, &settings, &mut generator, begin)
        }
        Kind::SwendsenWang => {
            let settings = swendsen_wang::Settings { chains, burn_in, spacing };
            let begin = |c: usize, bulk: &mut _| *bulk = streams.bulk(&of_chain, c as u64);
            swendsen_wang::sampling_chains(model, temperature, n, &settings, &mut bulk, begin)
        }
    }?;
    drive(0, &mut sampling)?;
    Ok(sampling.finish())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lattice::{Ring, Square};

    #[test]
    fn names_go_round() {
        for kind in Kind::ALL {
            assert_eq!(kind.to_string().parse::<Kind>().unwrap(), kind);
        }
        let unknown = "Wolf".parse::<Kind>().unwrap_err().to_string();
        assert!(unknown.contains("wolff") && unknown.contains("Wolf\""), "{unknown}");
    }

    #[test]
    fn defaults_follow_lattice_and_temperature() {
        let square = Square::new(64, 64).unwrap();
        let at = |kind, t| Effort::default().schedule(kind, &square, Temperature::new(t).unwrap());
        let critical = at(Kind::Metropolis, 2.269);
        // tau_int of |m| at T_c is 176 to 210 sweeps.
        assert!(critical.spacing > 400 && critical.burn_in >= 50 * 210, "{critical:?}");
        assert!(at(Kind::Metropolis, 6.0).spacing < 10);
        assert!(at(Kind::Metropolis, 1.5).burn_in > 4 * 64 * 64);
        assert_eq!(at(Kind::Wolff, 2.269), Schedule { chains: 16, burn_in: 50, spacing: 2 });
        let own = Effort { spacing: Some(3), ..Effort::default() };
        assert_eq!(own.schedule(Kind::HeatBath, &square, Temperature::INFINITE).burn_in, 75);
        let ring = Ring::new(1000).unwrap();
        let cold = Effort::default().schedule(Kind::HeatBath, &ring, Temperature::new(1e-3).unwrap());
        assert!(cold.spacing > 100_000);
    }

    #[test]
    fn no_chains_are_refused_at_every_temperature() {
        let square = Square::new(4, 4).unwrap();
        for t in [0.0, 1.0, f64::INFINITY] {
            for (chains, spacing) in [(0, 1), (1, 0)] {
                let effort = Effort { chains: Some(chains), burn_in: None, spacing: Some(spacing) };
                let t = Temperature::new(t).unwrap();
                let seen = sample(Kind::Wolff, &Ising::new(&square), t, 5, &effort, Streams::new(1), "test", 0);
                assert!(matches!(seen, Err(LatticeError::ZeroSetting(_))));
            }
        }
    }
}
