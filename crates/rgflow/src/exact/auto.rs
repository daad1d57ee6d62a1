//! Any sampler by its name, and `auto`: the one of least cost per independent configuration.
//!
//! The cost of a Markov chain is (cost of a sweep) x (burn-in of its chains + 2 tau_int for each independent
//! configuration). tau_int of E and of |m| is measured in a pilot run with streams of its own, so the choice depends on
//! lattice, field, temperature and number of configurations alone, never on the seed or on a clock: a table of measured
//! times stands for the clock. A pilot runs on at most `PILOT_SITES` sites; for larger lattices its tau_int grows as
//! l^z, l the correlation length that the lattice admits, z = 2.17 for single-spin updates and 0.3 for clusters. The
//! exact sampler costs its preparation and then a fixed time per configuration, each of them independent, for which it
//! may take three times the time of the best chain.
//!
//! Times: `cargo run --release -p rgflow --example sampler_cost`, one core with AVX2, shortest of nine runs.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

use super::{chain, transfer};
use crate::lattice::sampler::{Effort, Kind, Schedule, correlation_length, sample_by as sample_chains};
use crate::lattice::{Collection, Ising, Lattice, LatticeError, Solved, Temperature, metropolis, title};
use crate::random::{Generator, Streams};
use crate::restart::{Drive, through};

/// Sites of a lattice in a pilot run.
const PILOT_SITES: usize = 1024;
/// Configurations that a chain of the pilot keeps, one each sweep.
const PILOT_KEPT: usize = 200;
/// Burn-in of the pilot's chains.
const PILOT_BURN_IN: usize = 100;
/// ns per site to copy and diagnose a kept configuration of a chain.
const KEEPING: f64 = 2.5;
/// Vectors of one class of the transfer matrix must fit into this many f64 (64 MiB).
const MAX_VECTORS: usize = 8 << 20;

/// A sampler by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Method {
    /// The one of least cost per independent configuration.
    Auto,
    /// Independent configurations by the transfer matrix ([`transfer`]) or along the ring ([`chain`]).
    Exact,
    /// A Markov chain.
    Markov(Kind),
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.pad("auto"),
            Self::Exact => f.pad("exact"),
            Self::Markov(kind) => kind.fmt(f),
        }
    }
}

impl FromStr for Method {
    type Err = LatticeError;

    fn from_str(text: &str) -> Result<Self, LatticeError> {
        let known = "auto, exact, metropolis, heat-bath, wolff or swendsen-wang";
        match text {
            "auto" => Ok(Self::Auto),
            "exact" => Ok(Self::Exact),
            name => {
                let unknown = |_| LatticeError::Sampler { name: name.to_owned(), known };
                name.parse().map(Self::Markov).map_err(unknown)
            }
        }
    }
}

/// A sampler and what it is expected to cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// The sampler; never [`Method::Auto`].
    pub method: Method,
    /// Time in ns per independent configuration on the reference core, preparation and burn-in shared among all.
    pub cost_ns: f64,
    /// Integrated autocorrelation time in sweeps, the larger of E and |m|; 0.5 for the exact sampler.
    pub tau_int: f64,
    /// Whether the chains are long enough for that time: not if the pilot was too short to measure it, or if each chain would
    /// keep fewer than ten configurations.
    pub measured: bool,
}

/// What `auto` chose.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// The sampler; never [`Method::Auto`].
    pub method: Method,
    /// Why, in a sentence.
    pub reason: String,
    /// All samplers that were compared, the best first.
    pub candidates: Vec<Candidate>,
    /// Chain lengths that fit the measured time.
    pub effort: Effort,
}

/// Chooses the sampler for `n` configurations of `model` at `temperature`.
///
/// # Errors
/// Those of the samplers.
///
/// ```
/// use rgflow::exact::auto::{Method, choose};
/// use rgflow::lattice::{Geometry, Ising, Temperature, sampler::Kind};
/// let torus = Geometry::new("square", &[10])?;
/// let choice = choose(&Ising::new(&torus), Temperature::CRITICAL, 1000)?;
/// assert_eq!(choice.method, Method::Exact);
/// let cubes = Geometry::new("cubic", &[8])?;
/// let choice = choose(&Ising::new(&cubes), Temperature::new(4.5115)?, 1000)?;
/// assert!(choice.method != Method::Exact, "{}", choice.reason);
/// # Ok::<(), rgflow::lattice::LatticeError>(())
/// ```
pub fn choose<L: Lattice>(model: &Ising<'_, L>, temperature: Temperature, n: usize) -> Result<Choice, LatticeError> {
    if temperature == Temperature::ZERO || temperature == Temperature::INFINITE {
        let what = if temperature == Temperature::ZERO { "the ground states" } else { "independent spins" };
        return Ok(Choice {
            method: Method::Markov(Kind::Wolff),
            reason: format!("T = {temperature}: {what} are drawn directly"),
            candidates: Vec::new(),
            effort: Effort::default(),
        });
    }
    let mut candidates = Vec::new();
    if can_be_exact(model) {
        let cost_ns = exact_cost(model, n);
        candidates.push(Candidate { method: Method::Exact, cost_ns, tau_int: 0.5, measured: true });
    }
    for kind in Kind::ALL {
        candidates.push(chain_candidate(kind, model, temperature, n)?);
    }
    // A pilot that was too short gives a lower bound of the cost, so what was measured comes first. The sort is stable.
    let weighed = |c: &Candidate| if c.method == Method::Exact { c.cost_ns / EXACT_IS_WORTH } else { c.cost_ns };
    candidates.sort_by(|a, b| b.measured.cmp(&a.measured).then(weighed(a).total_cmp(&weighed(b))));
    let best = candidates[0];
    let against: Vec<String> = candidates[1..]
        .iter()
        .map(|c| format!("{} {}{:.2}", c.method, if c.measured { "" } else { "more than " }, c.cost_ns * 1e-3))
        .collect();
    let reason = format!(
        "{} is expected to take {:.2} us per independent configuration (tau_int {:.1} sweeps); {}",
        best.method,
        best.cost_ns * 1e-3,
        best.tau_int,
        against.join(", ")
    );
    let effort = match best.method {
        Method::Markov(kind) => {
            let spacing = (2.0 * best.tau_int).ceil().max(1.0) as usize;
            let default = Effort::default().schedule(kind, model.lattice, temperature);
            let burn_in = default.burn_in.max(BURN_IN * spacing);
            Effort { chains: Some(chains_of(kind, n)), burn_in: Some(burn_in), spacing: Some(spacing) }
        }
        _ => Effort::default(),
    };
    Ok(Choice { method: best.method, reason, candidates, effort })
}

/// Independence by construction needs no burn-in and no estimate of tau_int: worth this factor in time.
const EXACT_IS_WORTH: f64 = 3.0;

/// Burn-in of the chosen chains in spacings of 2 tau_int: 80 tau_int, so that the noise of the pilot leaves the 50 that are asked for.
const BURN_IN: usize = 40;

/// Configurations that a chain should keep, so that its tau_int can be measured.
const KEPT: usize = 10;

/// Chains of the chosen sampler for `n` configurations: single-spin updates come in 64.
fn chains_of(kind: Kind, n: usize) -> usize {
    if kind.is_local() { 64 } else { (n / KEPT).clamp(2, 16) }
}

/// A collection and how it was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Drawn {
    /// The configurations with their diagnosis.
    pub collection: Collection,
    /// The sampler that made them; never [`Method::Auto`].
    pub method: Method,
    /// Why this sampler, in a sentence, if `auto` chose it.
    pub reason: Option<String>,
}

/// Samples `n` configurations of `model` at `temperature` in `[0, inf]`; what `effort` does not say follows from lattice
/// and temperature, or from the pilot of `auto`.
///
/// The stream is that of `purpose`, `index`, lattice, field, temperature, the sampler (never `auto`) and the number, burn-in and
/// spacing of its chains: what differs in one of these is independent. It does not depend on `n`: more configurations extend
/// fewer. `auto` looks at `n` when it chooses the sampler, and takes fewer chains for fewer than 160 configurations.
///
/// # Errors
/// [`LatticeError::NoExactSampler`] or [`LatticeError::TooWide`] where there is no exact sampler,
/// [`LatticeError::ZeroSetting`] if `effort` asks for no chains or no spacing.
///
/// ```
/// use rgflow::exact::auto::{Method, sample};
/// use rgflow::lattice::{Geometry, Ising, Temperature, sampler::Effort};
/// use rgflow::random::Streams;
/// let torus = Geometry::new("square", &[10])?;
/// let (model, t) = (Ising::new(&torus), Temperature::new(2.25)?);
/// let drawn = sample(Method::Auto, &model, t, 1000, &Effort::default(), Streams::new(1), "example", 0)?;
/// assert_eq!((drawn.method, drawn.collection.n_eff), (Method::Exact, 1000.0));
/// # Ok::<(), rgflow::lattice::LatticeError>(())
/// ```
#[allow(clippy::too_many_arguments)] // As lattice::sampler::sample.
pub fn sample<L: Lattice>(
    method: Method,
    model: &Ising<'_, L>,
    temperature: Temperature,
    n: usize,
    effort: &Effort,
    streams: Streams,
    purpose: &str,
    index: u64,
) -> Result<Drawn, LatticeError> {
    sample_by(method, model, temperature, n, effort, (streams, purpose, index), &through)
}

/// As [`sample`]; `drive` brings the chains to their end, those in the bits of words as several parts from several threads. The exact
/// sampler draws without it.
///
/// # Errors
/// As [`sample`], and those of `drive`.
pub fn sample_by<L: Lattice>(
    method: Method,
    model: &Ising<'_, L>,
    temperature: Temperature,
    n: usize,
    effort: &Effort,
    (streams, purpose, index): (Streams, &str, u64),
    drive: &Drive,
) -> Result<Drawn, LatticeError> {
    let (method, effort, reason) = match method {
        Method::Auto => {
            let choice = choose(model, temperature, n)?;
            let merged = Effort {
                chains: effort.chains.or(choice.effort.chains),
                burn_in: effort.burn_in.or(choice.effort.burn_in),
                spacing: effort.spacing.or(choice.effort.spacing),
            };
            (choice.method, merged, Some(choice.reason))
        }
        given => (given, *effort, None),
    };
    let extents: Vec<String> = model.lattice.extents().iter().map(usize::to_string).collect();
    // + 0.0 makes +0 of -0.
    let (t, h) = (temperature.value() + 0.0, model.field() + 0.0);
    let stream = format!("{purpose}/{index}/{} {}/T = {t}, h = {h}/{method}", model.lattice.name(), extents.join("x"));
    let collection = match method {
        Method::Markov(kind) => {
            // Chains with another burn-in would pass through the same configurations at another time.
            let schedule = effort.schedule(kind, model.lattice, temperature);
            let Schedule { chains, burn_in, spacing } = schedule;
            let stream = format!("{stream}/{chains} chains, burn-in {burn_in}, spacing {spacing}");
            let in_words = match kind {
                Kind::Metropolis => bit_parallel(model, temperature, n, schedule, (streams, &stream), drive)?,
                _ => None,
            };
            match in_words {
                Some(collection) => collection,
                None => sample_chains(kind, model, temperature, n, &effort, (streams, &stream, 0), drive)?,
            }
        }
        _ => exactly(model, temperature, n, &mut streams.generator(&stream, 0))?,
    };
    Ok(Drawn { collection, method, reason })
}

/// Chains from which bit-parallel Metropolis is the faster one at a single temperature.
const WORTH_A_WORD: usize = 128;

/// Chains of Metropolis in the bits of words, where these can do what is asked for and there are enough of them.
fn bit_parallel<L: Lattice>(
    model: &Ising<'_, L>,
    temperature: Temperature,
    n: usize,
    schedule: Schedule,
    streams: (Streams, &str),
    drive: &Drive,
) -> Result<Option<Collection>, LatticeError> {
    let Some(Solved::Square(square)) = model.lattice.solved() else { return Ok(None) };
    let Schedule { chains, burn_in, spacing } = schedule;
    let of_torus = Ising::in_field(square, model.field())?;
    if chains < WORTH_A_WORD || !metropolis::is_bit_parallel(&of_torus, temperature) {
        return Ok(None);
    }
    let settings = metropolis::Settings { replicas: chains, burn_in, spacing };
    Ok(metropolis::sample_grid_by(square, &[temperature], n, &settings, streams, drive)?.pop())
}

fn exactly<L: Lattice>(
    model: &Ising<'_, L>,
    temperature: Temperature,
    n: usize,
    rng: &mut Generator,
) -> Result<Collection, LatticeError> {
    match model.lattice.solved() {
        Some(Solved::Square(torus)) => {
            let sampler = transfer::Sampler::in_field(torus.lx(), torus.ly(), temperature, model.field())?;
            Ok(sampler.sample_extensible(n, rng))
        }
        Some(Solved::Ring(ring)) if model.field() == 0.0 => chain::sample(ring.n_sites(), temperature, n, rng),
        Some(Solved::Ring(ring)) => Err(LatticeError::NoExactSampler(format!("{} in a field", title(ring)))),
        None => Err(LatticeError::NoExactSampler(title(model.lattice))),
    }
}

/// Whether the exact sampler serves this system in reasonable memory.
fn can_be_exact<L: Lattice>(model: &Ising<'_, L>) -> bool {
    match model.lattice.solved() {
        Some(Solved::Square(torus)) => {
            let (width, length) = (torus.lx().min(torus.ly()), torus.lx().max(torus.ly()));
            width <= transfer::MAX_WIDTH && length << width <= MAX_VECTORS
        }
        Some(Solved::Ring(_)) => model.field() == 0.0,
        None => false,
    }
}

/// ns per independent configuration of the exact sampler.
fn exact_cost<L: Lattice>(model: &Ising<'_, L>, n: usize) -> f64 {
    /// ns per site of a configuration, and ms of preparation of a square torus, by width from 2 to 12.
    const PER_SITE: [f64; 11] = [11.0, 11.0, 11.0, 12.0, 14.0, 15.0, 17.0, 23.0, 34.0, 54.0, 110.0];
    const PREPARATION: [f64; 11] = [0.001, 0.001, 0.001, 0.003, 0.01, 0.03, 0.11, 0.32, 1.5, 5.4, 21.0];
    /// ns per site of the ring.
    const RING: f64 = 7.0;
    let n_sites = model.lattice.n_sites() as f64;
    let Some(Solved::Square(torus)) = model.lattice.solved() else { return RING * n_sites };
    let width = torus.lx().min(torus.ly());
    // A field doubles the classes; preparation grows as the number of rows.
    let classes = if model.field() == 0.0 { 1.0 } else { 2.0 };
    let rows = n_sites / (width * width) as f64;
    PER_SITE[width - 2] * n_sites + PREPARATION[width - 2] * 1e6 * classes * rows / n.max(1) as f64
}

/// ns of one sweep per site and chain, for this number of neighbours: measured at 4 and 6, L = 64 and 16^3; chains that
/// leave the cache (from 2^18 sites) take longer.
fn sweep_cost(kind: Kind, n_sites: usize, degree: usize) -> f64 {
    let (small, per_bond) = match kind {
        // 64 replicas of a site lie side by side, so their spins leave the cache early.
        Kind::Metropolis | Kind::HeatBath => (0.3, 0.08),
        Kind::Wolff => (1.0, 2.4),
        Kind::SwendsenWang => (2.0, 1.9),
    };
    let in_memory = match kind {
        Kind::Metropolis | Kind::HeatBath => n_sites > 1 << 15,
        Kind::Wolff | Kind::SwendsenWang => n_sites > 1 << 18,
    };
    let factor = match (in_memory, kind) {
        (false, _) => 1.0,
        (true, Kind::Wolff) => 6.0,
        (true, _) => 2.5,
    };
    factor * (small + per_bond * degree as f64)
}

/// Measures tau_int of a Markov chain in a pilot run and estimates its cost.
fn chain_candidate<L: Lattice>(
    kind: Kind,
    model: &Ising<'_, L>,
    temperature: Temperature,
    n: usize,
) -> Result<Candidate, LatticeError> {
    let lattice = model.lattice;
    let smaller = pilot_lattice(lattice);
    let small = smaller.as_ref().unwrap_or(lattice);
    let pilot = Ising::in_field(small, model.field())?;
    let chains = if kind.is_local() { 64 } else { 8 };
    let effort = Effort { chains: Some(chains), burn_in: Some(PILOT_BURN_IN), spacing: Some(1) };
    let kept = chains * PILOT_KEPT;
    // A stream of its own: the choice must not depend on the seed.
    let seen = sample_chains(kind, &pilot, temperature, kept, &effort, (Streams::new(0), "auto/pilot", 0), &through)?;
    let z = if kind.is_local() { 2.17 } else { 0.3 };
    let (here, there) = (correlation_length(lattice, temperature), correlation_length(small, temperature));
    let tau_int = seen.tau_int_energy.max(seen.tau_int_abs_m).max(0.5) * libm::pow(here / there, z);
    // Every warning says that the chains were too short for their tau_int or for their burn-in.
    let chosen = chains_of(kind, n);
    let measured = seen.warnings.is_empty() && n >= KEPT * chosen;
    let schedule = Effort::default().schedule(kind, lattice, temperature);
    let burn_in = schedule.burn_in.max((2.0 * BURN_IN as f64 * tau_int) as usize) * chosen;
    let sweeps = burn_in as f64 / n.max(1) as f64 + 2.0 * tau_int;
    let per_sweep = sweep_cost(kind, lattice.n_sites(), lattice.neighbours(0).len());
    let cost_ns = (sweeps * per_sweep + KEEPING) * lattice.n_sites() as f64;
    Ok(Candidate { method: Method::Markov(kind), cost_ns, tau_int, measured })
}

/// A lattice of the same kind with all extents halved until it has at most `PILOT_SITES` (if they can be); `None` where the
/// lattice itself is to be taken.
fn pilot_lattice<L: Lattice>(lattice: &L) -> Option<L> {
    let mut extents = lattice.extents();
    while extents.iter().product::<usize>() > PILOT_SITES {
        // Up to the next number of the same remainder modulo 6, so that colourings stay.
        let halved: Vec<usize> = extents.iter().map(|&l| l / 2 + (l - l / 2) % 6).collect();
        if halved == extents {
            break;
        }
        extents = halved;
    }
    if extents == lattice.extents() { None } else { lattice.resized(&extents) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lattice::Geometry;

    fn choice(name: &str, extents: &[usize], t: f64, field: f64, n: usize) -> Choice {
        let lattice = Geometry::new(name, extents).unwrap();
        choose(&Ising::in_field(&lattice, field).unwrap(), Temperature::new(t).unwrap(), n).unwrap()
    }

    #[test]
    fn names_go_round() {
        for name in ["auto", "exact", "metropolis", "heat-bath", "wolff", "swendsen-wang"] {
            assert_eq!(name.parse::<Method>().unwrap().to_string(), name);
        }
        assert!("best".parse::<Method>().unwrap_err().to_string().contains("auto, exact, metropolis"));
    }

    #[test]
    fn the_cheapest_is_chosen_and_the_reason_told() {
        let exact = choice("square", &[10], 2.269, 0.0, 1000);
        assert_eq!(exact.method, Method::Exact, "{}", exact.reason);
        assert!(exact.reason.contains("wolff") && exact.reason.contains("swendsen-wang"), "{}", exact.reason);
        assert_eq!(choice("ring", &[50], 0.5, 0.0, 1000).method, Method::Exact);
        // Critical slowing down: tau_int of single-spin updates is 200 sweeps at L = 64, 3900 at 256.
        for l in [64, 256] {
            let critical = choice("square", &[l], 2.269, 0.0, 1000);
            assert!(matches!(critical.method, Method::Markov(Kind::Wolff | Kind::SwendsenWang)), "{}", critical.reason);
            let local = critical.candidates.iter().find(|c| c.method == Method::Markov(Kind::Metropolis)).unwrap();
            assert!(local.tau_int > 50.0, "{local:?}");
        }
        // Far above T_c a vector of spins at a time wins.
        let hot = choice("square", &[64], 8.0, 0.0, 10_000);
        assert!(matches!(hot.method, Method::Markov(Kind::Metropolis | Kind::HeatBath)), "{}", hot.reason);
        for t in [0.0, f64::INFINITY] {
            assert!(choice("cubic", &[4], t, 0.5, 10).reason.contains("directly"));
        }
    }

    #[test]
    fn pilots_are_small_and_of_the_same_kind() {
        for (name, extents) in [
            ("square", vec![256]),
            ("square", vec![1001, 3]),
            ("ring", vec![100_000]),
            ("triangular", vec![300]),
            ("cubic", vec![64]),
        ] {
            let lattice = Geometry::new(name, &extents).unwrap();
            let pilot = pilot_lattice(&lattice).unwrap();
            assert!(pilot.n_sites() <= PILOT_SITES, "{pilot}");
            assert_eq!(pilot.n_colours(), lattice.n_colours(), "{pilot}");
        }
    }
}
