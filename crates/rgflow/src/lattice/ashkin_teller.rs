//! The Ashkin-Teller model (1943): two Ising spins s and t on every site, coupled by the product of both on every bond.
//!
//! H = - sum over bonds of (s s' + t t' + r s s' t t'), energies in units of the coupling J of s and of t, r = K4/K. At
//! r = 0 it is two Ising models, at r = 1 the four-state Potts model with one transition at T = 4/ln 3 on the square
//! lattice. For r > 1 it has two transitions of the Ising class (Wu and Lin 1974): on cooling, the product u = s t
//! orders first, s and t themselves later.

use ndarray::Array2;

use super::chain_length::WholeSweeps;
use super::clusters::unite;
use super::geometry::in_opposite_pairs;
use super::sampling::{Sampling, Turn, Turns, Walk};
use super::{ChainLength, Chains, Collection, Lattice, LatticeError, Model, Temperature};
use crate::random::Bulk;
use crate::restart::{Unfit, decode, encode, put};

/// The model on a lattice. Configurations hold 2 N values +-1: the N spins s, then the N spins t.
///
/// ```
/// use rgflow::lattice::{AshkinTeller, Model, Ring};
/// let ring = Ring::new(4)?;
/// // s ordered, t alternating: -4 for s, +4 for t, +4 r for their product.
/// assert_eq!(AshkinTeller::new(&ring, 3.0)?.energy(&[1, 1, 1, 1, 1, -1, 1, -1]), 12.0);
/// # Ok::<(), rgflow::lattice::LatticeError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct AshkinTeller<'a, L: Lattice + ?Sized> {
    /// The lattice that carries the spins.
    pub lattice: &'a L,
    ratio: f64,
}

impl<'a, L: Lattice + ?Sized> AshkinTeller<'a, L> {
    /// The model with r = K4/K = `ratio`.
    ///
    /// # Errors
    /// [`LatticeError::Coupling`] if the ratio is not finite, [`LatticeError::OtherCouplings`] for a lattice whose
    /// bonds are not all 1.
    pub fn new(lattice: &'a L, ratio: f64) -> Result<Self, LatticeError> {
        super::Ising::new(lattice).needs_plain("the Ashkin-Teller model", "take a lattice with J = 1")?;
        if ratio.is_finite() { Ok(Self { lattice, ratio }) } else { Err(LatticeError::Coupling(ratio)) }
    }

    /// r = K4/K.
    pub fn ratio(&self) -> f64 {
        self.ratio
    }

    /// Magnetisations per site of s, t and u = s t.
    ///
    /// # Panics
    /// If there are not 2 N spins.
    pub fn magnetisations(&self, spins: &[i8]) -> [f64; 3] {
        let n = self.lattice.n_sites();
        assert_eq!(spins.len(), 2 * n, "two spins per site");
        let (s, t) = spins.split_at(n);
        let mean = |values: &mut dyn Iterator<Item = i8>| values.map(i32::from).sum::<i32>() as f64 / n as f64;
        [mean(&mut s.iter().copied()), mean(&mut t.iter().copied()), mean(&mut s.iter().zip(t).map(|(s, t)| s * t))]
    }
}

impl<L: Lattice + ?Sized> Model for AshkinTeller<'_, L> {
    fn energy(&self, spins: &[i8]) -> f64 {
        // Every flip counts both ends of its bonds.
        let n = self.lattice.n_sites();
        let (s, t) = spins.split_at(n);
        let (mut two, mut four) = (0i64, 0i64);
        for site in 0..n {
            for &other in self.lattice.neighbours(site) {
                let (ss, tt) = (i64::from(s[site] * s[other as usize]), i64::from(t[site] * t[other as usize]));
                two += ss + tt;
                four += ss * tt;
            }
        }
        -(two as f64 + self.ratio * four as f64) / 2.0
    }

    fn flip_change(&self, spins: &[i8], site: usize) -> f64 {
        let n = self.lattice.n_sites();
        let (own, partner) = if site < n { (0, n) } else { (n, 0) };
        let at = site - own;
        let bonds = self.lattice.neighbours(at).iter().map(|&other| {
            let (like, product) =
                (spins[site] * spins[own + other as usize], spins[partner + at] * spins[partner + other as usize]);
            f64::from(like) * (1.0 + self.ratio * f64::from(product))
        });
        2.0 * bonds.sum::<f64>()
    }
}

/// Samples `n` configurations at `temperature` by cluster updates of s at fixed u and of u at fixed s (Wiseman and
/// Domany 1993; Salas and Sokal 1996): given the others, each is an Ising model whose couplings vary from bond to bond.
///
/// At T = 0 the four ground states are drawn themselves, independently.
///
/// # Errors
/// [`LatticeError::ZeroTemperature`] at T = 0 where r is not above -1 (more than four ground states),
/// those of [`ChainLength::check`].
///
/// ```
/// use rgflow::lattice::{AshkinTeller, ChainLength, Square, Temperature, ashkin_teller};
/// let square = Square::new(8, 8)?;
/// let mut bulk = rgflow::random::Streams::new(1).bulk("example", 0);
/// let model = AshkinTeller::new(&square, 3.0)?;
/// let seen = ashkin_teller::sample(&model, Temperature::new(5.5)?, 100, &ChainLength::CLUSTERS, &mut bulk)?;
/// assert_eq!(seen.spins.dim(), (100, 128));
/// # Ok::<(), rgflow::lattice::LatticeError>(())
/// ```
pub fn sample<L: Lattice + ?Sized>(
    model: &AshkinTeller<'_, L>,
    temperature: Temperature,
    n: usize,
    length: &ChainLength,
    bulk: &mut Bulk,
) -> Result<Collection, LatticeError> {
    Ok(sampling(model, temperature, n, length, bulk)?.finish())
}

/// [`sample`] on its way.
///
/// # Errors
/// As [`sample`].
pub fn sampling<'a, L: Lattice + ?Sized>(
    model: &'a AshkinTeller<'a, L>,
    temperature: Temperature,
    n: usize,
    length: &ChainLength,
    bulk: &'a mut Bulk,
) -> Result<Sampling<'a>, LatticeError> {
    let length = length.whole()?;
    let n_sites = model.lattice.n_sites();
    if temperature == Temperature::ZERO {
        if model.ratio <= -1.0 {
            return Err(LatticeError::ZeroTemperature);
        }
        let mut spins = Array2::<i8>::ones((n, 2 * n_sites));
        let mut words = vec![0; n];
        bulk.fill(&mut words);
        for (mut row, word) in spins.rows_mut().into_iter().zip(words) {
            let value = |site: usize| 1 - 2 * (word >> (site / n_sites) & 1) as i8;
            row.iter_mut().enumerate().for_each(|(site, s)| *s = value(site));
        }
        return Ok(Sampling::drawn(Collection::independent("ground states", spins)));
    }
    let turns = Turns::new(n, length.chains, length.burn_in.div_ceil(length.spacing));
    let walk = Updates { model, chain: Chain::new(model, temperature), length, turns, bulk };
    Ok(Sampling::new(walk, [n, 2 * n_sites], turns.steps(), 200 * length.spacing * n_sites))
}

/// Chains at work, one after the other.
struct Updates<'a, L: Lattice + ?Sized> {
    model: &'a AshkinTeller<'a, L>,
    chain: Chain,
    length: WholeSweeps,
    turns: Turns,
    bulk: &'a mut Bulk,
}

impl<L: Lattice + ?Sized> Walk for Updates<'_, L> {
    fn step(&mut self, step: usize, kept: &mut Array2<i8>) {
        match self.turns.at(step) {
            Turn::BurnIn(c, spacing) => {
                if spacing == 0 {
                    self.chain.start(c % 2 == 1, self.bulk);
                }
                let left = self.length.burn_in - spacing * self.length.spacing;
                (0..left.min(self.length.spacing)).for_each(|_| self.chain.update(self.bulk));
            }
            Turn::Row(i) => {
                (0..self.length.spacing).for_each(|_| self.chain.update(self.bulk));
                let chain = &self.chain;
                let (mut s, mut t) = kept.row_mut(i).split_at(ndarray::Axis(0), chain.s.len());
                s.iter_mut().zip(&chain.s).for_each(|(out, &s)| *out = s);
                t.iter_mut().zip(chain.s.iter().zip(&chain.u)).for_each(|(out, (s, u))| *out = s * u);
            }
        }
    }

    fn save(&self) -> Vec<u8> {
        encode(&(&self.chain.s, &self.chain.u, &*self.bulk))
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), Unfit> {
        let (s, u, bulk): (Vec<i8>, Vec<i8>, Bulk) = decode(state)?;
        put(&mut self.chain.s, &s)?;
        put(&mut self.chain.u, &u)?;
        *self.bulk = bulk;
        Ok(())
    }

    fn collect(self: Box<Self>, spins: Array2<i8>) -> Collection {
        let burn_in = self.length.burn_in as f64 / self.length.spacing as f64;
        let mut seen = Chains { spins, n_chains: self.turns.chains, burn_in }.diagnose(self.model);
        seen.sampler = "ashkin-teller clusters".to_owned();
        seen
    }
}

/// A chain of s and u = s t.
struct Chain {
    s: Vec<i8>,
    u: Vec<i8>,
    /// Bonds, each once.
    bonds: Vec<(u32, u32)>,
    words: Vec<u32>,
    labels: Vec<u32>,
    turns: Vec<u32>,
    /// Coupling of s where u is like on a bond; it vanishes elsewhere.
    of_s: Coupling,
    /// Coupling of u where s is unlike and where it is like.
    of_u: [Coupling; 2],
}

/// A coupling K of two spins: which bonds it favours, and how often these are set.
#[derive(Clone, Copy)]
struct Coupling {
    /// Product of the spins that it favours.
    sign: i8,
    /// A favoured bond is set if its word is below this: (1 - e^{-2|K|}) 2^32.
    limit: u64,
}

impl Coupling {
    fn new(k: f64) -> Self {
        let limit = (-libm::expm1(-2.0 * k.abs()) * 4_294_967_296.0).round() as u64;
        Self { sign: if k < 0.0 { -1 } else { 1 }, limit }
    }

    fn sets(self, product: i8, word: u32) -> bool {
        product == self.sign && u64::from(word) < self.limit
    }
}

impl Chain {
    fn new<L: Lattice + ?Sized>(model: &AshkinTeller<'_, L>, temperature: Temperature) -> Self {
        let (n_sites, k) = (model.lattice.n_sites(), temperature.beta());
        // Each bond once: the forward one of a pair of steps or, where steps do not come in pairs, that to a later
        // site.
        let paired = in_opposite_pairs(model.lattice);
        let once = |site: usize| {
            let all = model.lattice.neighbours(site).iter().enumerate();
            let own = move |k: usize, other: u32| if paired { k.is_multiple_of(2) } else { other as usize > site };
            all.filter(move |(k, other)| own(*k, **other)).map(move |(_, &other)| (site as u32, other))
        };
        let bonds: Vec<(u32, u32)> = (0..n_sites).flat_map(once).collect();
        Self {
            s: vec![1; n_sites],
            u: vec![1; n_sites],
            words: vec![0; bonds.len()],
            bonds,
            labels: vec![0; n_sites],
            turns: vec![0; n_sites.div_ceil(32)],
            of_s: Coupling::new(2.0 * k),
            of_u: [Coupling::new((model.ratio - 1.0) * k), Coupling::new((model.ratio + 1.0) * k)],
        }
    }

    fn start(&mut self, disordered: bool, bulk: &mut Bulk) {
        for spins in [&mut self.s, &mut self.u] {
            bulk.fill(&mut self.turns);
            let up = |site: usize| 1 - 2 * (self.turns[site / 32] >> (site % 32) & 1) as i8;
            spins.iter_mut().enumerate().for_each(|(site, s)| *s = up(if disordered { site } else { 0 }));
        }
    }

    /// Clusters of s, then clusters of u, each turned with probability 1/2.
    fn update(&mut self, bulk: &mut Bulk) {
        let (of_s, of_u) = (self.of_s, self.of_u);
        // Given u, the bond energy is -K s s' (1 + u u'): the coupling 2K or none.
        self.turn(bulk, |s, u, word| u == 1 && of_s.sets(s, word));
        std::mem::swap(&mut self.s, &mut self.u);
        // Given s it is -u u' (K4 + K s s').
        self.turn(bulk, |u, s, word| of_u[usize::from(s == 1)].sets(u, word));
        std::mem::swap(&mut self.s, &mut self.u);
    }

    /// Turns clusters of the first spins; bonds are set by the products of the first and of the second spins on them
    /// and a word.
    fn turn(&mut self, bulk: &mut Bulk, set: impl Fn(i8, i8, u32) -> bool) {
        bulk.fill(&mut self.words);
        bulk.fill(&mut self.turns);
        self.labels.iter_mut().zip(0..).for_each(|(label, site)| *label = site);
        for (&(a, b), &word) in self.bonds.iter().zip(&self.words) {
            let (i, j) = (a as usize, b as usize);
            if set(self.s[i] * self.s[j], self.u[i] * self.u[j], word) {
                unite(&mut self.labels, a, b);
            }
        }
        for site in 0..self.labels.len() {
            // Parents come before their sites.
            let label = self.labels[self.labels[site] as usize];
            self.labels[site] = label;
            self.s[site] *= 1 - 2 * (self.turns[label as usize / 32] >> (label % 32) & 1) as i8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lattice::Square;
    use crate::random::Streams;
    use rayon::prelude::*;

    #[test]
    fn flips_change_the_energy_as_announced() {
        let square = Square::new(3, 4).unwrap();
        for ratio in [0.0, 1.0, 3.0, -0.5] {
            let model = AshkinTeller::new(&square, ratio).unwrap();
            let mut spins: Vec<i8> = (0..24).map(|i| if (i * i) % 7 < 3 { 1 } else { -1 }).collect();
            for site in 0..24 {
                let (before, change) = (model.energy(&spins), model.flip_change(&spins, site));
                spins[site] = -spins[site];
                assert_eq!(model.energy(&spins), before + change);
            }
        }
        assert!(AshkinTeller::new(&square, f64::NAN).is_err());
    }

    /// Exact means of E, m_s^2 and m_u^2 on the 3 x 3 torus, from its 2^18 states.
    fn exact(model: &AshkinTeller<'_, Square>, beta: f64) -> [f64; 3] {
        let term = |state: u32| {
            let spins: Vec<i8> = (0..18).map(|i| if state >> i & 1 == 1 { 1 } else { -1 }).collect();
            let ([s, _, u], e) = (model.magnetisations(&spins), model.energy(&spins));
            // The ground state has the energy -18 (2 + r).
            let weight = libm::exp(-beta * (e + 18.0 * (2.0 + model.ratio().abs())));
            [weight, weight * e, weight * s * s, weight * u * u]
        };
        let add = |a: [f64; 4], b: [f64; 4]| std::array::from_fn(|i| a[i] + b[i]);
        let [z, e, s, u] = (0u32..1 << 18).into_par_iter().map(term).reduce(|| [0.0; 4], add);
        [e / z, s / z, u / z]
    }

    /// Null: the chains sample the Boltzmann law. 12 means, each refused beyond 5 standard errors by blocks of chains:
    /// P < 1e-5.
    #[test]
    fn clusters_sample_the_boltzmann_law() {
        let square = Square::new(3, 3).unwrap();
        for (case, (ratio, t)) in [(3.0, 5.5), (3.0, 4.0), (1.0, 3.6), (-0.5, 2.0)].into_iter().enumerate() {
            let model = AshkinTeller::new(&square, ratio).unwrap();
            let temperature = Temperature::new(t).unwrap();
            let length = ChainLength { chains: 64, burn_in: 100.0, spacing: 2.0 };
            let mut bulk = Streams::new(1).bulk("test/ashkin-teller", case as u64);
            let seen = sample(&model, temperature, 64 * 400, &length, &mut bulk).unwrap();
            let truth = exact(&model, temperature.beta());
            let mut sums = vec![[0.0; 3]; 64];
            for (i, row) in seen.spins.rows().into_iter().enumerate() {
                let row = row.as_slice().unwrap();
                let [s, _, u] = model.magnetisations(row);
                let values = [model.energy(row), s * s, u * u];
                sums[i % 64].iter_mut().zip(values).for_each(|(sum, v)| *sum += v / 400.0);
            }
            for (k, truth) in truth.into_iter().enumerate() {
                let mean = sums.iter().map(|c| c[k]).sum::<f64>() / 64.0;
                let scatter = sums.iter().map(|c| (c[k] - mean).powi(2)).sum::<f64>();
                let error = (scatter / (64.0 * 63.0)).sqrt();
                assert!(
                    (mean - truth).abs() < 5.0 * error,
                    "r = {ratio}, T = {t}, {k}: {mean} +- {error}, exact {truth}"
                );
            }
            assert!(seen.warnings.is_empty(), "{:?}", seen.warnings);
        }
    }

    #[test]
    fn at_zero_temperature_there_are_four_ground_states() {
        let square = Square::new(3, 3).unwrap();
        let mut bulk = Streams::new(1).bulk("test/ashkin-teller/ground", 0);
        let draw = |ratio: f64, bulk: &mut Bulk| {
            let model = AshkinTeller::new(&square, ratio).unwrap();
            sample(&model, Temperature::ZERO, 100, &ChainLength::CLUSTERS, bulk)
        };
        let seen = draw(2.0, &mut bulk).unwrap();
        let model = AshkinTeller::new(&square, 2.0).unwrap();
        let mut states = std::collections::BTreeSet::new();
        for row in seen.spins.rows() {
            assert_eq!(model.energy(row.as_slice().unwrap()), -18.0 * 4.0);
            states.insert((row[0], row[9]));
        }
        assert_eq!(states.len(), 4);
        assert!(draw(-1.0, &mut bulk).is_err());
    }

    #[test]
    fn without_the_product_it_is_two_ising_models() {
        let square = Square::new(3, 3).unwrap();
        let model = AshkinTeller::new(&square, 0.0).unwrap();
        let beta = 0.3;
        let single = crate::exact::square::thermodynamics(3, 3, Temperature::new(1.0 / beta).unwrap()).unwrap();
        assert!((exact(&model, beta)[0] / 9.0 - 2.0 * single.energy).abs() < 1e-10);
    }
}
