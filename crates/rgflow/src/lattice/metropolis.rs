//! Single-spin updates of many replicas at once (Metropolis et al. 1953; thesis section 3.1).
//!
//! The spins of one site lie side by side for all replicas, so the inner loop runs over replicas and is vectorised for
//! any lattice. Every replica draws its own random words. Sites are visited as a checkerboard where the lattice has
//! two colours, else in their order. The flips follow the heat bath where Metropolis, which always flips a spin
//! whose neighbours cancel, moves almost deterministically: above T = 10 (sweeps that flip every spin never randomise),
//! on rings (walls march around) and in orders that are no checkerboard (a 3 x 3 torus at T = 1.5 missed its energies).
//!
//! A bit-parallel version for large square lattices (64 and more replicas in a word) has its place beside this file.

use multiversion::multiversion;
use ndarray::Array2;

use super::{Chains, Collection, Lattice, LatticeError, Temperature};
use crate::random::Bulk;

/// Replicas in one inner loop.
const GROUP: usize = 64;

/// Above this temperature the heat bath replaces Metropolis.
const HEAT_BATH_ABOVE: f64 = 10.0;

/// How long the chains are and how far kept configurations lie apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Number of replicas, at least 1, rounded up to a multiple of 64; every second one begins disordered.
    pub replicas: usize,
    /// Sweeps before the first kept configuration.
    pub burn_in: usize,
    /// Sweeps between kept configurations of a replica, at least 1.
    pub spacing: usize,
}

impl Settings {
    /// Settings that serve at every temperature above the trap of stripes (about T = 1), T_c included: the spacing
    /// grows as `max extent`^2.17 (Osada and Ozeki 2024), about 7 tau_int of |m| at T_c; burn-in 20 spacings.
    pub fn for_lattice<L: Lattice + ?Sized>(lattice: &L) -> Self {
        let l = lattice.extents().into_iter().max().unwrap_or(1) as f64;
        let spacing = (0.2 * libm::pow(l, 2.17)).ceil() as usize;
        Self { replicas: GROUP, burn_in: 20 * spacing, spacing }
    }
}

/// Samples `n` configurations of the Ising model at `temperature` in `(0, inf]`.
///
/// Acceptance probabilities are rounded to 2^-32: below T = 0.36 excitations of an ordered state no longer occur
/// (their energy per spin is below 2e-9).
///
/// # Errors
/// [`LatticeError::ZeroTemperature`] at T = 0, [`LatticeError::ZeroSetting`] for no replicas or no spacing.
pub fn sample<L: Lattice + ?Sized>(
    lattice: &L,
    temperature: Temperature,
    n: usize,
    settings: &Settings,
    bulk: &mut Bulk,
) -> Result<Collection, LatticeError> {
    if temperature == Temperature::ZERO {
        return Err(LatticeError::ZeroTemperature);
    }
    if settings.replicas == 0 || settings.spacing == 0 {
        return Err(LatticeError::ZeroSetting(if settings.replicas == 0 { "replicas" } else { "spacing" }));
    }
    let replicas = settings.replicas.next_multiple_of(GROUP);
    let rule = Rule::new(lattice, temperature);
    let mut spins = start(lattice.n_sites(), replicas, bulk);
    let mut words = vec![0u32; replicas];
    for _ in 0..settings.burn_in {
        sweep(&mut spins, replicas, &rule, &mut words, bulk);
    }
    let mut kept = Array2::<i8>::ones((n, lattice.n_sites()));
    for first in (0..n).step_by(replicas) {
        for _ in 0..settings.spacing {
            sweep(&mut spins, replicas, &rule, &mut words, bulk);
        }
        for replica in 0..replicas.min(n - first) {
            let row = kept.row_mut(first + replica);
            row.into_iter().zip(spins[replica..].iter().step_by(replicas)).for_each(|(out, &s)| *out = s);
        }
    }
    Ok(Chains { spins: kept, n_chains: replicas.min(n.max(1)) }.diagnose(lattice))
}

/// Spins by `[site][replica]`: even replicas all up or all down, odd ones at random.
fn start(n_sites: usize, replicas: usize, bulk: &mut Bulk) -> Vec<i8> {
    let mut spins = vec![1i8; n_sites * replicas];
    let mut words = vec![0u32; replicas];
    bulk.fill(&mut words);
    let signs: Vec<i8> = words.iter().map(|w| if w >> 31 == 0 { 1 } else { -1 }).collect();
    for row in spins.chunks_exact_mut(replicas) {
        bulk.fill(&mut words);
        for (r, (s, word)) in row.iter_mut().zip(&words).enumerate() {
            let random = if word >> 31 == 0 { 1 } else { -1 };
            *s = if r % 2 == 1 { random } else { signs[r] };
        }
    }
    spins
}

/// Visiting order, neighbours and acceptance thresholds.
struct Rule {
    /// (site, its neighbours), in the order of the visits.
    visits: Vec<(usize, Vec<usize>)>,
    /// (d, threshold): a spin with s * (sum of neighbours) >= d flips if its word is below the threshold; rising d.
    levels: Vec<(i8, u32)>,
}

impl Rule {
    fn new<L: Lattice + ?Sized>(lattice: &L, temperature: Temperature) -> Self {
        let colour = |site: usize| {
            let mut rest = site;
            let mut sum = 0;
            for extent in lattice.extents() {
                sum += rest % extent;
                rest /= extent;
            }
            sum % 2
        };
        let n_sites = lattice.n_sites();
        let neighbours = |site: usize| lattice.neighbours(site).iter().map(|&n| n as usize);
        let two_colours = (0..n_sites).all(|site| neighbours(site).all(|n| colour(n) != colour(site)));
        let mut order: Vec<usize> = (0..n_sites).collect();
        if two_colours {
            order.sort_by_key(|&site| colour(site));
        }
        let degree = (0..n_sites).map(|site| lattice.neighbours(site).len()).max().unwrap_or(0) as i32;
        let beta = temperature.beta();
        let heat_bath = temperature.value() > HEAT_BATH_ABOVE || !two_colours || degree < 4;
        let lowest = if heat_bath { -degree } else { 0 };
        let levels = (lowest..=degree)
            .map(|d| {
                let boltzmann = libm::exp(-2.0 * beta * f64::from(d));
                let accept = if heat_bath { boltzmann / (1.0 + boltzmann) } else { boltzmann };
                (if d == lowest { i8::MIN } else { d as i8 }, (accept * 4_294_967_296.0).round() as u32)
            })
            // Sums of an even number of spins are even.
            .filter(|(d, _)| *d == i8::MIN || degree % 2 == 1 || d % 2 == 0)
            .collect();
        Self { visits: order.into_iter().map(|site| (site, neighbours(site).collect())).collect(), levels }
    }
}

/// One visit of every site in every replica.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512bw+avx512dq+avx2+fma", "x86_64+avx2+fma", "aarch64+neon"))]
fn sweep(spins: &mut [i8], replicas: usize, rule: &Rule, words: &mut [u32], bulk: &mut Bulk) {
    for (site, neighbours) in &rule.visits {
        bulk.fill(words);
        for group in (0..replicas).step_by(GROUP) {
            let mut field = [0i8; GROUP];
            for &neighbour in neighbours {
                let other = &spins[neighbour * replicas + group..][..GROUP];
                for (f, s) in field.iter_mut().zip(other) {
                    *f += s;
                }
            }
            let own = &mut spins[site * replicas + group..][..GROUP];
            for (f, s) in field.iter_mut().zip(own.iter()) {
                *f *= s;
            }
            let mut thresholds = [rule.levels[0].1; GROUP];
            for &(d, threshold) in &rule.levels[1..] {
                for (t, f) in thresholds.iter_mut().zip(&field) {
                    *t = if *f >= d { threshold } else { *t };
                }
            }
            for ((s, word), threshold) in own.iter_mut().zip(&words[group..group + GROUP]).zip(&thresholds) {
                *s = if word < threshold { -*s } else { *s };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lattice::{Ring, Square};
    use crate::random::Streams;

    #[test]
    fn levels_are_boltzmann_factors() {
        let square = Square::new(4, 4).unwrap();
        let rule = Rule::new(&square, Temperature::new(2.0).unwrap());
        let exact = |p: f64| (p * 4_294_967_296.0).round() as u32;
        assert_eq!(rule.levels, [(i8::MIN, u32::MAX), (2, exact((-2.0f64).exp())), (4, exact((-4.0f64).exp()))]);
        assert_eq!(Rule::new(&square, Temperature::INFINITE).levels.len(), 5);
        assert!(Rule::new(&square, Temperature::INFINITE).levels.iter().all(|l| l.1 == 1 << 31));
        assert_eq!(rule.visits[8].0, 1, "white sites come after the eight black ones");
        let odd = Rule::new(&Square::new(3, 4).unwrap(), Temperature::CRITICAL);
        assert!(odd.visits.iter().enumerate().all(|(i, v)| i == v.0));
    }

    #[test]
    fn refuses_what_it_cannot_do() {
        let ring = Ring::new(5).unwrap();
        let mut bulk = Streams::new(1).bulk("test/metropolis", 0);
        let settings = Settings::for_lattice(&ring);
        let zero = sample(&ring, Temperature::ZERO, 10, &settings, &mut bulk);
        assert_eq!(zero.unwrap_err(), LatticeError::ZeroTemperature);
        let none = Settings { replicas: 0, ..settings };
        assert!(sample(&ring, Temperature::CRITICAL, 10, &none, &mut bulk).is_err());
        assert_eq!(sample(&ring, Temperature::CRITICAL, 0, &settings, &mut bulk).unwrap().spins.dim(), (0, 5));
    }
}
