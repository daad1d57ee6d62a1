//! Cluster updates: one cluster grows through like spins and flips as a whole (Wolff 1989).
//!
//! A bond between like spins joins the cluster with probability 1 - e^{-2K}. Several independent chains run one after
//! the other, half from an ordered and half from a disordered start. The number of clusters between kept
//! configurations is fixed after burn-in from the mean cluster size: stopping when enough spins have flipped would
//! favour the states that follow large clusters.

use ndarray::Array2;
use rand::{Rng, RngExt};

use super::{Chains, Collection, Lattice, LatticeError, Temperature};
use crate::random::Generator;

/// How long the chains are and how far kept configurations lie apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Number of independent chains, at least 1; chains with odd number begin disordered.
    pub chains: usize,
    /// Burn-in of each chain, in spacings.
    pub burn_in: usize,
    /// Spins flipped per site between kept configurations, on average (> 0).
    pub spacing: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { chains: 16, burn_in: 20, spacing: 2.0 }
    }
}

/// Samples `n` configurations of the Ising model at `temperature` in `[0, inf]`.
///
/// T = 0 gives both ground states with probability 1/2 and T = inf independent spins, exactly.
///
/// # Errors
/// [`LatticeError::ZeroSetting`] if `settings` has no chains or no spacing.
///
/// ```
/// use rgflow::{lattice::{wolff, Square, Temperature}, random::Streams};
/// let square = Square::new(16, 16)?;
/// let mut rng = Streams::new(1).generator("example", 0);
/// let seen = wolff::sample(&square, Temperature::CRITICAL, 200, &wolff::Settings::default(), &mut rng)?;
/// assert_eq!(seen.spins.dim(), (200, 256));
/// assert!(seen.n_eff > 30.0);
/// # Ok::<(), rgflow::lattice::LatticeError>(())
/// ```
pub fn sample<L: Lattice + ?Sized>(
    lattice: &L,
    temperature: Temperature,
    n: usize,
    settings: &Settings,
    rng: &mut Generator,
) -> Result<Collection, LatticeError> {
    if settings.chains == 0 {
        return Err(LatticeError::ZeroSetting("chains"));
    }
    if settings.spacing.is_nan() || settings.spacing <= 0.0 {
        return Err(LatticeError::ZeroSetting("spacing"));
    }
    let n_sites = lattice.n_sites();
    let mut spins = Array2::<i8>::ones((n, n_sites));
    if temperature == Temperature::ZERO {
        for mut row in spins.rows_mut() {
            row.fill(if rng.random() { 1 } else { -1 });
        }
        return Ok(Collection::independent(spins));
    }
    if temperature == Temperature::INFINITE {
        spins.iter_mut().for_each(|s| *s = if rng.random() { 1 } else { -1 });
        return Ok(Collection::independent(spins));
    }
    let n_chains = settings.chains.min(n.next_multiple_of(2)).max(1);
    let mut chain = Chain::new(lattice, temperature);
    for c in 0..n_chains {
        chain.start(c % 2 == 1, rng);
        let clusters = chain.burn_in(settings, rng);
        for i in (c..n).step_by(n_chains) {
            // One cluster more or less at random: at high T a fixed number of single flips would keep the parity of
            // the number of up spins.
            for _ in 0..clusters + usize::from(rng.random::<bool>()) {
                chain.flip_cluster(rng);
            }
            spins.row_mut(i).iter_mut().zip(&chain.spins).for_each(|(out, &s)| *out = s);
        }
    }
    Ok(Chains { spins, n_chains }.diagnose(lattice))
}

struct Chain<'a, L: Lattice + ?Sized> {
    lattice: &'a L,
    spins: Vec<i8>,
    /// Sites of the cluster; one place more than sites, for the write that does not count.
    cluster: Vec<u32>,
    /// A bond joins if a random word of 32 bits is below this: (1 - e^{-2K}) 2^32.
    threshold: u64,
}

impl<'a, L: Lattice + ?Sized> Chain<'a, L> {
    fn new(lattice: &'a L, temperature: Temperature) -> Self {
        let n_sites = lattice.n_sites();
        let join = -libm::expm1(-2.0 * temperature.beta());
        let threshold = (join * 4_294_967_296.0).round() as u64;
        Self { lattice, spins: vec![1; n_sites], cluster: vec![0; n_sites + 1], threshold }
    }

    fn start(&mut self, disordered: bool, rng: &mut Generator) {
        self.spins.fill(1);
        if disordered {
            self.spins.iter_mut().for_each(|s| *s = if rng.random() { 1 } else { -1 });
        } else if rng.random() {
            self.spins.fill(-1);
        }
    }

    /// Runs the burn-in and returns the number of clusters per spacing, from the mean size in its second half.
    fn burn_in(&mut self, settings: &Settings, rng: &mut Generator) -> usize {
        let spacing = settings.spacing * self.lattice.n_sites() as f64;
        let half = spacing * settings.burn_in.max(2) as f64 / 2.0;
        let mut clusters = 0usize;
        let mut flipped = 0usize;
        while (flipped as f64) < half {
            flipped += self.flip_cluster(rng);
        }
        flipped = 0;
        while (flipped as f64) < half {
            flipped += self.flip_cluster(rng);
            clusters += 1;
        }
        (spacing * clusters as f64 / flipped as f64).ceil().max(1.0) as usize
    }

    /// Grows and flips one cluster; returns its size. The spins flip as they join, which marks them as visited.
    fn flip_cluster(&mut self, rng: &mut Generator) -> usize {
        // The seed's law may be anything: it cancels in detailed balance.
        let seed = (((rng.next_u64() >> 32) * self.spins.len() as u64) >> 32) as usize;
        let sign = self.spins[seed];
        self.spins[seed] = -sign;
        self.cluster[0] = seed as u32;
        let (mut head, mut size) = (0, 1);
        while head < size {
            let site = self.cluster[head] as usize;
            head += 1;
            for pair in self.lattice.neighbours(site).chunks(2) {
                let mut word = rng.next_u64();
                for &neighbour in pair {
                    let joins = (self.spins[neighbour as usize] == sign) & ((word & 0xffff_ffff) < self.threshold);
                    word >>= 32;
                    // Without a branch: the outcome is as random as can be.
                    self.cluster[size] = neighbour;
                    size += usize::from(joins);
                    let spin = &mut self.spins[neighbour as usize];
                    *spin *= 1 - 2 * joins as i8;
                }
            }
        }
        size
    }
}
