//! The method of least cost per independent configuration.
//!
//! The cost of a Markov chain is (cost of a sweep) x (burn-in of its chains + 2 tau_int for each independent
//! configuration). tau_int of E and of |m| is measured in a pilot run with streams of its own, so the choice depends on
//! lattice, field, temperature and number of configurations alone, never on the seed or on a clock: a table of measured
//! times stands for the clock. A pilot runs on at most `PILOT_SITES` sites; for larger lattices its tau_int grows as
//! l^z, l the correlation length that the lattice admits, z = 2.17 for single-spin updates and 0.3 for clusters. The
//! exact sampler costs its preparation and then a fixed time per configuration, each of them independent, for which it
//! may take three times the time of the best chain.

use super::chains::{MarkovChains, correlation_length};
use super::cost::{KEEPING, can_be_exact, exact_cost};
use super::{Kind, Method, SamplingError};
use crate::lattice::{ChainLength, GroundStates, Ising, Lattice, Temperature};
use crate::random::Streams;
use crate::restart::through;

/// Sites of a lattice in a pilot run.
const PILOT_SITES: usize = 1024;
/// Configurations that a chain of the pilot keeps, one each sweep.
const PILOT_KEPT: usize = 200;
/// Burn-in of the pilot's chains.
const PILOT_BURN_IN: f64 = 100.0;

/// A sampler and what it is expected to cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// The sampler; never [`Method::Auto`].
    pub method: Method,
    /// Time in ns per independent configuration on the reference core, preparation and burn-in shared among all.
    pub cost_ns: f64,
    /// Integrated autocorrelation time in sweeps, the larger of E and |m|; 0.5 for the exact sampler.
    pub tau_int: f64,
    /// Whether the chains are long enough for that time: not if the pilot was too short to measure it, or if each chain
    /// would keep fewer than ten configurations.
    pub measured: bool,
}

/// The choice of [`Method::Auto`], and the reason.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// The sampler; never [`Method::Auto`].
    pub method: Method,
    /// Why, in a sentence.
    pub reason: String,
    /// All samplers that were compared, the best first.
    pub candidates: Vec<Candidate>,
    /// Chains that fit the measured time, if it takes any.
    pub length: Option<ChainLength>,
}

/// The method for `n` configurations of `model` at `temperature`, by the pilot runs of all chains.
///
/// # Errors
/// Those of the samplers.
pub(super) fn choose<L: Lattice>(
    model: &Ising<'_, L>,
    temperature: Temperature,
    n: usize,
) -> Result<Choice, SamplingError> {
    if temperature == Temperature::ZERO || temperature == Temperature::INFINITE {
        let what = if temperature == Temperature::ZERO { "the ground states" } else { "independent spins" };
        return Ok(Choice {
            method: Method::Markov(Kind::Wolff),
            reason: format!("T = {temperature}: {what} are drawn directly"),
            candidates: Vec::new(),
            length: None,
        });
    }
    let mut candidates = Vec::new();
    if can_be_exact(model) {
        let cost_ns = exact_cost(model, n);
        candidates.push(Candidate { method: Method::Exact, cost_ns, tau_int: 0.5, measured: true });
    }
    // Clusters do not follow the correlations of frustrated couplings.
    let frustrated = model.is_coupled() && GroundStates::of(model.lattice).is_err();
    for kind in Kind::ALL.into_iter().filter(|kind| kind.is_local() || !frustrated) {
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
    ) + if frustrated { "; clusters serve no frustrated couplings" } else { "" };
    let length = match best.method {
        Method::Markov(kind) => {
            let spacing = (2.0 * best.tau_int).ceil().max(1.0);
            let suited = ChainLength::suited(kind, model.lattice, temperature);
            Some(ChainLength { chains: chains_of(kind, n), burn_in: suited.burn_in.max(BURN_IN * spacing), spacing })
        }
        _ => None,
    };
    Ok(Choice { method: best.method, reason, candidates, length })
}

/// Independence by construction needs no burn-in and no estimate of tau_int: worth this factor in time.
const EXACT_IS_WORTH: f64 = 3.0;

/// Burn-in of the chosen chains in spacings of 2 tau_int: 80 tau_int, so that the noise of the pilot leaves the 50 that
/// are asked for.
const BURN_IN: f64 = 40.0;

/// Configurations that a chain should keep, so that its tau_int can be measured.
const KEPT: usize = 10;

/// Chains of the chosen sampler for `n` configurations: single-spin updates come in 64.
fn chains_of(kind: Kind, n: usize) -> usize {
    if kind.is_local() { 64 } else { (n / KEPT).clamp(2, 16) }
}

/// Measures tau_int of a Markov chain in a pilot run and estimates its cost.
fn chain_candidate<L: Lattice>(
    kind: Kind,
    model: &Ising<'_, L>,
    temperature: Temperature,
    n: usize,
) -> Result<Candidate, SamplingError> {
    let lattice = model.lattice;
    // A smaller lattice must be frustrated where this one is, and not elsewhere.
    let alike = |small: &L| GroundStates::of(small).is_ok() == GroundStates::of(lattice).is_ok();
    let smaller = pilot_lattice(lattice).filter(|small| !model.is_coupled() || alike(small));
    let small = smaller.as_ref().unwrap_or(lattice);
    let pilot = Ising::in_field(small, model.field())?;
    let chains = if kind.is_local() { 64 } else { 8 };
    let length = ChainLength { chains, burn_in: PILOT_BURN_IN, spacing: 1.0 };
    // A stream of its own: the choice must not depend on the seed.
    let stream = Streams::new(0).of("auto/pilot");
    let seen = MarkovChains { kind, model: &pilot, temperature, length }.draw(chains * PILOT_KEPT, stream, &through)?;
    let z = if kind.is_local() { 2.17 } else { 0.3 };
    let (here, there) = (correlation_length(lattice, temperature), correlation_length(small, temperature));
    let tau_int = seen.tau_int_energy.max(seen.tau_int_abs_m).max(0.5) * libm::pow(here / there, z);
    // Every warning says that the chains were too short for their tau_int or for their burn-in.
    let chosen = chains_of(kind, n);
    let measured = seen.warnings.is_empty() && n >= KEPT * chosen;
    let suited = ChainLength::suited(kind, lattice, temperature);
    let burn_in = suited.burn_in.max((2.0 * BURN_IN * tau_int).floor()) * chosen as f64;
    let sweeps = burn_in / n.max(1) as f64 + 2.0 * tau_int;
    // The mean number of neighbours.
    let ends: usize = (0..lattice.n_sites()).map(|site| lattice.neighbours(site).len()).sum();
    let degree = ends.div_ceil(lattice.n_sites().max(1));
    let per_sweep = kind.cost().per_sweep(lattice.n_sites(), degree, model.is_coupled());
    let cost_ns = (sweeps * per_sweep + KEEPING) * lattice.n_sites() as f64;
    Ok(Candidate { method: Method::Markov(kind), cost_ns, tau_int, measured })
}

/// A lattice of the same kind with all extents halved until it has at most `PILOT_SITES` (if they can be); `None` where
/// the lattice itself is to be taken.
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
