//! The trait of Markov chain samplers: what the list of [`sampling::Kind`](crate::sampling::Kind) needs of each.

pub(crate) use super::sampling::Request;
use super::{Lattice, LatticeError, Sampling};
use crate::random::{Bulk, Generator, Stream};

/// A Markov chain sampler of the Ising model.
pub trait Algorithm {
    /// Its name in commands and files, such as "heat-bath".
    const NAME: &'static str;

    /// Whether it updates spin by spin: 64 chains at once, autocorrelation times that grow as l^2.17 with the
    /// correlation length l and as domains below T_c, any couplings. Else it turns clusters: up to 16 chains, times
    /// that grow as l^0.3, no frustrated couplings.
    const IS_LOCAL: bool;

    /// Time of a sweep.
    const COST: SweepCost;

    /// Sweeps between kept configurations at the correlation length `l`, in lattice spacings: about two tau_int or
    /// more.
    fn spacing(l: f64) -> f64;

    /// The configurations that are asked for, at T in (0, inf), not yet drawn.
    ///
    /// # Errors
    /// Those of the sampler.
    fn sampling<'a, L: Lattice + ?Sized>(
        request: Request<'a, '_, L>,
        random: &'a mut Random<'a>,
    ) -> Result<Sampling<'a>, LatticeError>;
}

/// Random numbers of a set of chains.
pub struct Random<'a> {
    /// One by one.
    pub generator: Generator,
    /// By arrays.
    pub bulk: Bulk,
    /// A stream for each chain, by its number, so that no chain depends on the length of those before it.
    pub of_chain: Stream<'a>,
}

impl<'a> Random<'a> {
    /// Those of `stream`; `of_chain`: streams of single chains.
    pub fn new(stream: Stream, of_chain: Stream<'a>) -> Self {
        Self { generator: stream.generator(0), bulk: stream.bulk(0), of_chain }
    }
}

/// Time of a sweep in ns per site and chain on the reference core, one core with AVX2: the shortest of nine runs of
/// `cargo run --release -p rgflow --example sampler_cost`, at 4 and 6 neighbours, L = 64 and 16^3.
#[derive(Clone, Copy, Debug)]
pub struct SweepCost {
    /// For a site.
    pub per_site: f64,
    /// For each of its neighbours.
    pub per_bond: f64,
    /// Most sites whose chains stay in the cache.
    pub cached: usize,
    /// How many times longer a sweep takes on more sites.
    pub beyond: f64,
    /// How many times longer a sweep takes with couplings other than 1, at 4 neighbours, L = 64.
    pub coupled: f64,
}

/// Of single-spin updates: 64 replicas of a site lie side by side, so their spins leave the cache early.
pub(super) const SINGLE_SPIN: SweepCost =
    SweepCost { per_site: 0.3, per_bond: 0.08, cached: 1 << 15, beyond: 2.5, coupled: 3.0 };

/// 0.2 l^2.17 (Osada and Ozeki 2024), about 7 tau_int of |m| of single-spin updates at T_c.
pub(super) fn single_spin_spacing(l: f64) -> f64 {
    (0.2 * libm::pow(l, 2.17)).ceil()
}

impl SweepCost {
    /// ns of a sweep per site and chain.
    pub(crate) fn per_sweep(&self, n_sites: usize, degree: usize, is_coupled: bool) -> f64 {
        let factor = if n_sites > self.cached { self.beyond } else { 1.0 };
        let plain = factor * (self.per_site + self.per_bond * degree as f64);
        if is_coupled { plain * self.coupled } else { plain }
    }
}
