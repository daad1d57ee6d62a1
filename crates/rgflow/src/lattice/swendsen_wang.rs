//! Cluster updates: all clusters of a configuration are turned at random (Swendsen and Wang 1987).
//!
//! A bond between like spins is set with probability 1 - e^{-2K}; every cluster of sites joined by bonds is then up or
//! down with probability 1/2. A field h is a ghost spin that points along it and is joined to every like spin with
//! probability 1 - e^{-2 beta |h|}; clusters that hold to the ghost keep their direction.

use ndarray::Array2;

use super::algorithm::{Algorithm, Random, Request, SweepCost};
use super::chain_length::WholeSweeps;
use super::clusters::Clusters;
use super::coupled_clusters::CoupledClusters;
use super::improved::{Improved, Meter};
use super::sampling::{Sampling, Turn, Turns, Walk};
use super::{ChainLength, Chains, Collection, GroundStates, Ising, Lattice, LatticeError, Model, Temperature};
use crate::random::Bulk;
use crate::restart::{Unfit, decode, encode, put};

/// Samples `n` configurations of the Ising model at `temperature` in `(0, inf]`, with [`Improved`] estimators.
///
/// # Errors
/// [`LatticeError::ZeroTemperature`] at T = 0, [`LatticeError::Frustrated`] for couplings that are; those of
/// [`ChainLength::check`].
///
/// ```
/// use rgflow::lattice::{ChainLength, Ising, Square, Temperature, swendsen_wang};
/// let square = Square::new(16, 16)?;
/// let mut bulk = rgflow::random::Streams::new(1).bulk("example", 0);
/// let (model, length) = (Ising::new(&square), ChainLength::CLUSTERS);
/// let seen = swendsen_wang::sample(&model, Temperature::CRITICAL, 200, &length, &mut bulk)?;
/// assert_eq!(seen.spins.dim(), (200, 256));
/// assert_eq!(seen.improved.map(|i| i.m2.len()), Some(200));
/// # Ok::<(), rgflow::lattice::LatticeError>(())
/// ```
pub fn sample<L: Lattice + ?Sized>(
    model: &Ising<'_, L>,
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
    model: &'a Ising<'a, L>,
    temperature: Temperature,
    n: usize,
    length: &ChainLength,
    bulk: &'a mut Bulk,
) -> Result<Sampling<'a>, LatticeError> {
    sampling_chains(Request { model, temperature, n, length }, bulk, |_, _| ())
}

/// As [`sampling`]; `begin(c, bulk)` is called before chain c begins, as in [`wolff`](super::wolff).
fn sampling_chains<'a, L: Lattice + ?Sized>(
    Request { model, temperature, n, length }: Request<'a, '_, L>,
    bulk: &'a mut Bulk,
    begin: impl Fn(usize, &mut Bulk) + 'a,
) -> Result<Sampling<'a>, LatticeError> {
    if temperature == Temperature::ZERO {
        return Err(LatticeError::ZeroTemperature);
    }
    let length = length.whole()?;
    let turns = Turns::new(n, length.chains, length.burn_in.div_ceil(length.spacing));
    let n_sites = model.lattice.n_sites();
    if model.is_coupled() && temperature != Temperature::INFINITE {
        GroundStates::of(model.lattice)?;
    }
    let meter = Meter::new(model.lattice);
    let structure = vec![0.0; if meter.has_waves() { n } else { 0 }];
    let walk = Updates {
        model,
        chain: Chain::new(model, temperature),
        length,
        turns,
        bulk,
        begin,
        meter,
        improved: Improved { m2: vec![0.0; n], structure },
    };
    Ok(Sampling::new(walk, [n, n_sites], turns.steps(), 100 * length.spacing * n_sites))
}

/// The sampler as a type, for lists.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SwendsenWang;

impl Algorithm for SwendsenWang {
    const NAME: &'static str = "swendsen-wang";
    const IS_LOCAL: bool = false;
    const COST: SweepCost = SweepCost { per_site: 2.0, per_bond: 1.9, cached: 1 << 18, beyond: 2.5, coupled: 1.9 };

    fn spacing(l: f64) -> f64 {
        (2.0 * libm::pow(l, 0.25)).ceil()
    }

    fn sampling<'a, L: Lattice + ?Sized>(
        request: Request<'a, '_, L>,
        random: &'a mut Random<'a>,
    ) -> Result<Sampling<'a>, LatticeError> {
        let of_chain = random.of_chain;
        let begin = move |c: usize, bulk: &mut _| *bulk = of_chain.bulk(c as u64);
        sampling_chains(request, &mut random.bulk, begin)
    }
}

/// Chains at work, one after the other.
struct Updates<'a, L: Lattice + ?Sized, B> {
    model: &'a Ising<'a, L>,
    chain: Chain,
    length: WholeSweeps,
    turns: Turns,
    bulk: &'a mut Bulk,
    begin: B,
    meter: Meter,
    improved: Improved,
}

impl<L: Lattice + ?Sized, B: Fn(usize, &mut Bulk)> Walk for Updates<'_, L, B> {
    fn step(&mut self, step: usize, kept: &mut Array2<i8>) {
        match self.turns.at(step) {
            Turn::BurnIn(c, spacing) => {
                if spacing == 0 {
                    (self.begin)(c, self.bulk);
                    self.chain.start(c % 2 == 1, self.bulk);
                }
                let left = self.length.burn_in - spacing * self.length.spacing;
                (0..left.min(self.length.spacing)).for_each(|_| self.chain.update(self.bulk));
            }
            Turn::Row(i) => {
                (0..self.length.spacing).for_each(|_| self.chain.update(self.bulk));
                let Self { chain, improved, .. } = self;
                kept.row_mut(i).iter_mut().zip(&chain.spins).for_each(|(out, &s)| *out = s);
                let (m2, structure) =
                    self.meter.measure(chain.clusters.labels(), &chain.spins, |label| chain.held[label]);
                improved.m2[i] = m2;
                improved.structure.get_mut(i).into_iter().for_each(|place| *place = structure);
            }
        }
    }

    fn save(&self) -> Vec<u8> {
        // Clusters are found anew by each update.
        encode(&(&self.chain.spins, &*self.bulk, &self.improved.m2, &self.improved.structure))
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), Unfit> {
        let (spins, bulk, m2, structure): (Vec<i8>, Bulk, Vec<f64>, Vec<f64>) = decode(state)?;
        put(&mut self.chain.spins, &spins)?;
        put(&mut self.improved.m2, &m2)?;
        put(&mut self.improved.structure, &structure)?;
        *self.bulk = bulk;
        Ok(())
    }

    fn collect(self: Box<Self>, spins: Array2<i8>) -> Collection {
        let burn_in = self.length.burn_in as f64 / self.length.spacing as f64;
        let mut seen = Chains { spins, n_chains: self.turns.chains, burn_in }.diagnose(self.model);
        seen.sampler = SwendsenWang::NAME.to_owned();
        seen.improved = Some(self.improved);
        seen
    }
}

/// A chain that goes on update by update, for those who measure on the way.
///
/// ```
/// use rgflow::{lattice::{swendsen_wang, Ising, Square, Temperature}, random::Streams};
/// let square = Square::new(16, 16)?;
/// let mut bulk = Streams::new(1).bulk("example", 0);
/// let mut chain = swendsen_wang::Chain::new(&Ising::new(&square), Temperature::CRITICAL);
/// chain.update(&mut bulk);
/// assert!(chain.spins().contains(&-1));
/// # Ok::<(), rgflow::lattice::LatticeError>(())
/// ```
pub struct Chain {
    field: f64,
    spins: Vec<i8>,
    clusters: Found,
    /// Signs of the staggered order of the couplings, if it has one.
    signs: Option<Vec<i8>>,
    /// Whether the cluster of this first site holds to the ghost spin; all false without field.
    held: Vec<bool>,
    /// One bit per cluster, by its first site.
    turns: Vec<u32>,
    /// Words of the bonds to the ghost; empty without field.
    words: Vec<u32>,
    /// A bond is set if its word is at most this: (1 - e^{-2K}) 2^32 - 1.
    limit: u32,
    /// The same for bonds to the ghost.
    ghost_limit: u32,
}

impl Chain {
    /// All spins up. T must be in (0, inf].
    pub fn new<L: Lattice + ?Sized>(model: &Ising<'_, L>, temperature: Temperature) -> Self {
        let (n_sites, field) = (model.lattice.n_sites(), model.field());
        let limit = |strength: f64| {
            let join = -libm::expm1(-2.0 * strength);
            ((join * 4_294_967_296.0).round() - 1.0).max(0.0) as u32
        };
        Self {
            field,
            spins: vec![1; n_sites],
            clusters: match model.is_coupled() {
                true => Found::Coupled(CoupledClusters::new(model.lattice, temperature)),
                false => Found::Plain(Box::new(Clusters::new(model.lattice))),
            },
            signs: model.order().signs().map(<[i8]>::to_vec),
            held: vec![false; n_sites],
            turns: vec![0; n_sites.div_ceil(32)],
            words: vec![0; if field == 0.0 { 0 } else { n_sites }],
            limit: limit(temperature.beta()),
            ghost_limit: limit(temperature.beta() * field.abs()),
        }
    }

    /// The spins, -1 or +1 for each site.
    pub fn spins(&self) -> &[i8] {
        &self.spins
    }

    fn start(&mut self, disordered: bool, bulk: &mut Bulk) {
        bulk.fill(&mut self.turns);
        let ordered = if self.field == 0.0 || self.signs.is_some() {
            sign(self.turns[0] & 1 == 1)
        } else {
            self.field.signum() as i8
        };
        for (site, s) in self.spins.iter_mut().enumerate() {
            *s = if disordered { sign(self.turns[site / 32] >> (site % 32) & 1 == 1) } else { ordered };
        }
        self.spins.iter_mut().zip(self.signs.iter().flatten()).for_each(|(s, sign)| *s *= sign);
    }

    /// One update of all clusters.
    pub fn update(&mut self, bulk: &mut Bulk) {
        match &mut self.clusters {
            Found::Plain(clusters) => clusters.find(&self.spins, self.limit, bulk),
            Found::Coupled(clusters) => clusters.find(&self.spins, bulk),
        }
        bulk.fill(&mut self.turns);
        if self.field != 0.0 {
            self.hold_to_ghost(bulk);
        }
        for (s, &label) in self.spins.iter_mut().zip(self.clusters.labels()) {
            let turn = (self.turns[label as usize / 32] >> (label % 32)) as i8 & 1;
            *s *= 1 - 2 * turn;
        }
    }

    /// Marks the clusters that hold to the ghost spin and takes back their turns.
    fn hold_to_ghost(&mut self, bulk: &mut Bulk) {
        self.held.fill(false);
        bulk.fill(&mut self.words);
        let ghost = self.field.signum() as i8;
        for ((s, word), &label) in self.spins.iter().zip(&self.words).zip(self.clusters.labels()) {
            self.held[label as usize] |= (*s == ghost) & (*word <= self.ghost_limit);
        }
        for (site, &held) in self.held.iter().enumerate() {
            self.turns[site / 32] &= !(u32::from(held) << (site % 32));
        }
    }
}

/// The clusters of J = 1 or of other couplings.
enum Found {
    Plain(Box<Clusters>),
    Coupled(CoupledClusters),
}

impl Found {
    fn labels(&self) -> &[u32] {
        match self {
            Self::Plain(clusters) => clusters.labels(),
            Self::Coupled(clusters) => clusters.labels(),
        }
    }
}

fn sign(up: bool) -> i8 {
    if up { 1 } else { -1 }
}
