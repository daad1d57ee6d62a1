//! Cluster updates: one cluster grows through like spins and flips as a whole (Wolff 1989).
//!
//! A bond between like spins joins the cluster with probability 1 - e^{-2K}. Several independent chains run one after
//! the other, half from an ordered and half from a disordered start. The number of clusters between kept
//! configurations is fixed after burn-in from the mean cluster size: stopping when enough spins have flipped would
//! favour the states that follow large clusters.
//!
//! A field h is a ghost spin that points along it: a like spin holds to it with probability 1 - e^{-2 beta |h|}, and a
//! cluster that holds to it stays. Turning a cluster that does not is a step of Swendsen and Wang's for that cluster
//! alone. How many spins may join before one holds to the ghost is one geometric draw per cluster; growth stops there.

mod chain;

use ndarray::Array2;
use rand::RngExt;

use super::algorithm::{Algorithm, Random, Request, SweepCost};
use super::direct::{free_spins, ground_states};
use super::sampling::{Sampling, Turn, Turns, Walk};
use super::{ChainLength, Chains, Collection, GroundStates, Ising, Lattice, LatticeError, Temperature};
use crate::random::Generator;
use crate::restart::{Unfit, decode, encode};
pub use chain::Chain;

/// Samples `n` configurations of the Ising model at `temperature` in `[0, inf]`.
///
/// T = 0 gives the ground states (both with probability 1/2 if there is no field) and T = inf independent spins,
/// exactly.
///
/// # Errors
/// [`LatticeError::Frustrated`] for couplings that are, [`LatticeError::NoGroundState`] at T = 0 where the ground
/// states are not known; those of [`ChainLength::check`].
///
/// ```
/// use rgflow::{lattice::{ChainLength, Ising, Square, Temperature, wolff}, random::Streams};
/// let square = Square::new(16, 16)?;
/// let mut rng = Streams::new(1).generator("example", 0);
/// let seen = wolff::sample(&Ising::new(&square), Temperature::CRITICAL, 200, &ChainLength::CLUSTERS, &mut rng)?;
/// assert_eq!(seen.spins.dim(), (200, 256));
/// assert!(seen.n_eff > 30.0);
/// # Ok::<(), rgflow::lattice::LatticeError>(())
/// ```
pub fn sample<L: Lattice + ?Sized>(
    model: &Ising<'_, L>,
    temperature: Temperature,
    n: usize,
    length: &ChainLength,
    rng: &mut Generator,
) -> Result<Collection, LatticeError> {
    Ok(sampling(model, temperature, n, length, rng)?.finish())
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
    rng: &'a mut Generator,
) -> Result<Sampling<'a>, LatticeError> {
    sampling_chains(Request { model, temperature, n, length }, rng, |_, _| ())
}

/// As [`sampling`]; `begin(c, rng)` is called before chain c begins. Where it gives each chain a stream of its own,
/// more configurations extend fewer: no chain then depends on the length of those before it.
fn sampling_chains<'a, L: Lattice + ?Sized>(
    Request { model, temperature, n, length }: Request<'a, '_, L>,
    rng: &'a mut Generator,
    begin: impl Fn(usize, &mut Generator) + 'a,
) -> Result<Sampling<'a>, LatticeError> {
    length.check()?;
    if temperature == Temperature::ZERO {
        return Ok(Sampling::drawn(ground_states(model, n, rng)?));
    }
    if temperature == Temperature::INFINITE {
        return Ok(Sampling::drawn(free_spins(model.lattice, n, rng)));
    }
    if model.is_coupled() {
        GroundStates::of(model.lattice)?;
    }
    let (turns, n_sites) = (Turns::new(n, length.chains, burn_in_spacings(length)), model.lattice.n_sites());
    let chain = Chain::new(model, temperature);
    let walk = Clusters { model, chain, length: *length, turns, rng, begin };
    // About five nanoseconds for a spin that joins.
    let operations = 50 * (length.spacing * n_sites as f64).ceil() as usize;
    Ok(Sampling::new(walk, [n, n_sites], turns.steps(), operations))
}

/// The sampler as a type, for lists.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wolff;

impl Algorithm for Wolff {
    const NAME: &'static str = "wolff";
    const IS_LOCAL: bool = false;
    const COST: SweepCost = SweepCost { per_site: 1.0, per_bond: 2.4, cached: 1 << 18, beyond: 6.0, coupled: 2.4 };

    fn spacing(_: f64) -> f64 {
        2.0
    }

    fn sampling<'a, L: Lattice + ?Sized>(
        request: Request<'a, '_, L>,
        random: &'a mut Random<'a>,
    ) -> Result<Sampling<'a>, LatticeError> {
        let of_chain = random.of_chain;
        let begin = move |c: usize, rng: &mut _| *rng = of_chain.generator(c as u64);
        sampling_chains(request, &mut random.generator, begin)
    }
}

/// Chains at work, one after the other.
struct Clusters<'a, L: Lattice + ?Sized, B> {
    model: &'a Ising<'a, L>,
    chain: Chain<'a, L>,
    length: ChainLength,
    turns: Turns,
    rng: &'a mut Generator,
    begin: B,
}

impl<L: Lattice + ?Sized, B: Fn(usize, &mut Generator)> Walk for Clusters<'_, L, B> {
    fn step(&mut self, step: usize, kept: &mut Array2<i8>) {
        match self.turns.at(step) {
            Turn::BurnIn(c, spacing) => {
                if spacing == 0 {
                    (self.begin)(c, self.rng);
                    self.chain.start(c % 2 == 1, self.rng);
                }
                self.chain.go_on_burning_in(&self.length, self.rng);
            }
            Turn::Row(i) => {
                // One cluster more or less at random: at high T a fixed number of single flips would keep the parity of
                // the number of up spins.
                let clusters = self.chain.burn_in(&self.length, self.rng);
                for _ in 0..clusters + usize::from(self.rng.random::<bool>()) {
                    self.chain.flip_cluster(self.rng);
                }
                kept.row_mut(i).iter_mut().zip(self.chain.spins()).for_each(|(out, &s)| *out = s);
            }
        }
    }

    fn save(&self) -> Vec<u8> {
        encode(&(self.chain.save(), &*self.rng))
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), Unfit> {
        let (chain, rng): (Vec<u8>, Generator) = decode(state)?;
        self.chain.restore(&chain)?;
        *self.rng = rng;
        Ok(())
    }

    fn collect(self: Box<Self>, spins: Array2<i8>) -> Collection {
        let burn_in = self.length.burn_in_spacings() as f64;
        let mut seen = Chains { spins, n_chains: self.turns.chains, burn_in }.diagnose(self.model);
        seen.sampler = Wolff::NAME.to_owned();
        seen
    }
}

/// Spacings of the burn-in, which has two halves.
fn burn_in_spacings(length: &ChainLength) -> usize {
    length.burn_in_spacings().max(2)
}
