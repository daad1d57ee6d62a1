//! Samplers: model, temperature, method and length of the chains, and what they draw.

use serde::{Deserialize, Serialize};

use super::chains::{Asked, MarkovChains};
use super::choice::{Choice, choose};
use super::{Kind, Method, SamplingError};
use crate::exact::{chain, drawing::Drawing, transfer};
use crate::lattice::multispin::Grid;
use crate::lattice::{self, ChainLength, Collection, Ising, Lattice, Solved, Temperature, metropolis, title};
use crate::random::{Generator, Stream};
use crate::restart::{Drive, through};

/// A sampler of the Ising model at one temperature.
///
/// ```
/// use rgflow::lattice::{Ising, Square, Summary, Temperature};
/// use rgflow::random::Streams;
/// use rgflow::sampling::{Kind, Sampler};
/// let square = Square::new(32, 32)?;
/// let (model, t) = (Ising::new(&square), Temperature::new(2.3)?);
/// let drawn = Sampler::auto(&model, t).draw(1000, Streams::new(1).of("mine"))?;
/// let summary = Summary::measure(&model, t, &drawn.collection)?;
/// assert!((summary.energy.value + 1.36).abs() < 0.03);
/// // A method and chains of one's own choice.
/// let own = Sampler::new(Kind::Metropolis, &model, t).chains(16).burn_in(500).spacing(10);
/// assert_eq!(own.draw(32, Streams::new(1).of("mine"))?.collection.n_chains, 16);
/// # Ok::<(), rgflow::sampling::SamplingError>(())
/// ```
#[derive(Debug)]
pub struct Sampler<'a, L: Lattice> {
    method: Method,
    model: &'a Ising<'a, L>,
    temperature: Temperature,
    asked: Asked,
    index: u64,
}

impl<'a, L: Lattice> Sampler<'a, L> {
    /// The sampler of least cost per independent configuration, as [`Sampler::choose`] says. `temperature`: in
    /// `[0, inf]`.
    pub fn auto(model: &'a Ising<'a, L>, temperature: Temperature) -> Self {
        Self::new(Method::Auto, model, temperature)
    }

    /// The sampler of this method, which may be a [`Kind`] of Markov chain. `temperature`: in `[0, inf]`.
    pub fn new(method: impl Into<Method>, model: &'a Ising<'a, L>, temperature: Temperature) -> Self {
        Self { method: method.into(), model, temperature, asked: Asked::default(), index: 0 }
    }

    /// With this number of chains; unless it is given as [`ChainLength::suited`], or as the pilot of `auto` finds.
    pub fn chains(mut self, chains: impl Into<Option<usize>>) -> Self {
        self.asked.chains = chains.into();
        self
    }

    /// With this burn-in of each chain in sweeps; the default as for [`Sampler::chains`].
    pub fn burn_in(mut self, sweeps: impl Into<Option<usize>>) -> Self {
        self.asked.burn_in = sweeps.into();
        self
    }

    /// With this number of sweeps between kept configurations; the default as for [`Sampler::chains`].
    pub fn spacing(mut self, sweeps: impl Into<Option<usize>>) -> Self {
        self.asked.spacing = sweeps.into();
        self
    }

    /// The set number `index` of its stream, independent of those of other numbers; 0 unless it is given.
    ///
    /// ```
    /// use rgflow::lattice::{Ising, Square, Temperature};
    /// use rgflow::{random::Streams, sampling::Sampler};
    /// let square = Square::new(4, 4)?;
    /// let (model, stream) = (Ising::new(&square), Streams::new(1).of("example"));
    /// let set = |index| Sampler::auto(&model, Temperature::CRITICAL).index(index).draw(20, stream);
    /// assert!(set(0)?.collection == set(0)?.collection && set(0)?.collection != set(1)?.collection);
    /// # Ok::<(), rgflow::sampling::SamplingError>(())
    /// ```
    pub fn index(mut self, index: u64) -> Self {
        self.index = index;
        self
    }

    /// The method that `auto` takes for `n` configurations, and why; the same whatever this sampler's own method and
    /// chains.
    ///
    /// # Errors
    /// [`LatticeError::Inconsistent`](crate::lattice::LatticeError::Inconsistent), and those of the pilot runs.
    ///
    /// ```
    /// use rgflow::lattice::{Geometry, Ising, Temperature};
    /// use rgflow::sampling::{Method, Sampler};
    /// let torus = Geometry::new("square", &[10])?;
    /// let choice = Sampler::auto(&Ising::new(&torus), Temperature::CRITICAL).choose(1000)?;
    /// assert_eq!(choice.method, Method::Exact);
    /// let cubes = Geometry::new("cubic", &[8])?;
    /// let choice = Sampler::auto(&Ising::new(&cubes), Temperature::new(4.5115)?).choose(1000)?;
    /// assert!(choice.method != Method::Exact, "{}", choice.reason);
    /// # Ok::<(), rgflow::sampling::SamplingError>(())
    /// ```
    pub fn choose(&self, n: usize) -> Result<Choice, SamplingError> {
        lattice::check(self.model.lattice)?;
        choose(self.model, self.temperature, n)
    }

    /// Draws `n` configurations. Check [`Collection::warnings`] before using averages.
    ///
    /// The stream is that of the purpose, [`Sampler::index`], lattice, field, temperature, the method (never `auto`)
    /// and the number, burn-in and spacing of its chains: what differs in one of these is independent. It does not
    /// depend on `n`: more configurations extend fewer. `auto` looks at `n` when it chooses the method, and takes fewer
    /// chains for fewer than 160 configurations.
    ///
    /// # Errors
    /// [`LatticeError::Inconsistent`](crate::lattice::LatticeError::Inconsistent) for a lattice of one's own that
    /// [`lattice::check`] refuses, [`SamplingError::NoExactSampler`] or
    /// [`ExactError::TooWide`](crate::exact::ExactError::TooWide) where there is no exact sampler, those of
    /// [`ChainLength::check`].
    ///
    /// ```
    /// use rgflow::lattice::{Geometry, Ising, Temperature};
    /// use rgflow::random::Streams;
    /// use rgflow::sampling::{Method, Sampler};
    /// let torus = Geometry::new("square", &[10])?;
    /// let (model, t) = (Ising::new(&torus), Temperature::new(2.25)?);
    /// let drawn = Sampler::auto(&model, t).draw(1000, Streams::new(1).of("example"))?;
    /// assert_eq!((drawn.method, drawn.collection.n_eff), (Method::Exact, 1000.0));
    /// # Ok::<(), rgflow::sampling::SamplingError>(())
    /// ```
    pub fn draw(&self, n: usize, stream: Stream) -> Result<Drawn, SamplingError> {
        self.draw_by(n, stream, &through)
    }

    /// As [`Sampler::draw`]; `drive` brings the chains or the draws of the exact sampler to their end, chains in the bits
    /// of words as several parts from several threads.
    ///
    /// # Errors
    /// As [`Sampler::draw`], and those of `drive`.
    ///
    /// ```
    /// use rgflow::lattice::{Ising, Square, Temperature};
    /// use rgflow::{random::Streams, restart::complete, sampling::{Kind, Sampler}};
    /// use std::{ops::ControlFlow::Continue, sync::atomic::{AtomicU64, Ordering::Relaxed}};
    /// let square = Square::new(8, 8)?;
    /// let (model, stream) = (Ising::new(&square), Streams::new(1).of("example"));
    /// let sampler = Sampler::new(Kind::Wolff, &model, Temperature::CRITICAL).chains(4).burn_in(20).spacing(1);
    /// // Chains that tell how far they are.
    /// let done = AtomicU64::new(0);
    /// let tell = |steps| {
    ///     done.fetch_add(steps, Relaxed);
    ///     Continue(())
    /// };
    /// let drawn = sampler.draw_by(100, stream, &|_, work| complete(work, &tell))?;
    /// assert!(drawn == sampler.draw(100, stream)? && done.into_inner() > 100);
    /// # Ok::<(), rgflow::sampling::SamplingError>(())
    /// ```
    pub fn draw_by(&self, n: usize, stream: Stream, drive: &Drive) -> Result<Drawn, SamplingError> {
        let Self { model, temperature, .. } = *self;
        lattice::check(model.lattice)?;
        let (method, length, reason) = match self.method {
            Method::Auto => {
                let choice = choose(model, temperature, n)?;
                (choice.method, choice.length.map(|length| self.asked.or(length)), Some(choice.reason))
            }
            given => (given, None, None),
        };
        let extents: Vec<String> = model.lattice.extents().iter().map(usize::to_string).collect();
        // + 0.0 makes +0 of -0.
        let (t, h) = (temperature.value() + 0.0, model.field() + 0.0);
        let (purpose, lattice) = (format!("{}/{}", stream.purpose, self.index), model.lattice.name());
        let purpose = format!("{purpose}/{lattice} {}/T = {t}, h = {h}/{method}", extents.join("x"));
        let collection = match method {
            Method::Markov(kind) => {
                // Chains with another burn-in would pass through the same configurations at another time.
                let length = length.unwrap_or_else(|| self.asked.length(kind, model.lattice, temperature));
                let ChainLength { chains, burn_in, spacing } = length;
                let purpose = format!("{purpose}/{chains} chains, burn-in {burn_in}, spacing {spacing}");
                let stream = stream.streams.of(&purpose);
                let chains = MarkovChains { kind, model, temperature, length };
                match in_words(&chains, n, stream, drive)? {
                    Some(collection) => collection,
                    None => chains.draw(n, stream, drive)?,
                }
            }
            _ => exactly(model, temperature, n, stream.streams.generator(&purpose, 0), drive)?,
        };
        Ok(Drawn { collection, method, reason })
    }
}

/// A collection and how it was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Drawn {
    /// The configurations with their diagnosis.
    pub collection: Collection,
    /// The method that made them; never [`Method::Auto`].
    pub method: Method,
    /// Why this method, in a sentence, if `auto` chose it.
    pub reason: Option<String>,
}

/// Chains from which bit-parallel Metropolis is the faster one at a single temperature.
const WORTH_A_WORD: usize = 128;

/// Chains of Metropolis in the bits of words, where these can do what is asked for and there are enough of them.
fn in_words<L: Lattice>(
    chains: &MarkovChains<'_, L>,
    n: usize,
    stream: Stream,
    drive: &Drive,
) -> Result<Option<Collection>, SamplingError> {
    let MarkovChains { kind: Kind::Metropolis, model, temperature, length } = *chains else { return Ok(None) };
    let Some(Solved::Square(square)) = model.lattice.solved() else { return Ok(None) };
    let of_torus = Ising::in_field(square, model.field())?;
    if length.chains < WORTH_A_WORD || !metropolis::is_bit_parallel(&of_torus, temperature) {
        return Ok(None);
    }
    Ok(Grid { square, temperatures: &[temperature], length }.draw_by(n, stream, drive)?.pop())
}

fn exactly<L: Lattice>(
    model: &Ising<'_, L>,
    temperature: Temperature,
    n: usize,
    rng: Generator,
    drive: &Drive,
) -> Result<Collection, SamplingError> {
    let complete = |mut drawing: Drawing<'_>| {
        drive(0, &mut drawing)?;
        Ok(drawing.finish())
    };
    match model.lattice.solved() {
        Some(Solved::Square(torus)) => {
            let sampler = transfer::Sampler::in_field(torus.lx(), torus.ly(), temperature, model.field())?;
            complete(sampler.drawing(n, rng))
        }
        Some(Solved::Ring(ring)) if model.field() == 0.0 => {
            complete(chain::drawing(ring.n_sites(), temperature, n, rng)?)
        }
        Some(Solved::Ring(ring)) => Err(SamplingError::NoExactSampler(format!("{} in a field", title(ring)))),
        None => Err(SamplingError::NoExactSampler(title(model.lattice))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lattice::{LatticeError, Square};
    use crate::random::Streams;

    #[test]
    fn no_chains_are_refused_at_every_temperature() {
        let square = Square::new(4, 4).unwrap();
        let model = Ising::new(&square);
        for t in [0.0, 1.0, f64::INFINITY] {
            for (chains, spacing) in [(0, 1), (1, 0)] {
                let sampler = Sampler::new(Kind::Wolff, &model, Temperature::new(t).unwrap());
                let seen = sampler.chains(chains).spacing(spacing).draw(5, Streams::new(1).of("test"));
                assert!(matches!(seen, Err(SamplingError::Lattice(LatticeError::ZeroSetting(_)))));
            }
        }
    }

    /// A path of four sites with the neighbours that are given.
    struct Path([Vec<u32>; 4]);

    impl Lattice for Path {
        fn name(&self) -> &str {
            "path"
        }

        fn n_sites(&self) -> usize {
            4
        }

        fn neighbours(&self, site: usize) -> &[u32] {
            &self.0[site]
        }

        fn extents(&self) -> Vec<usize> {
            vec![4]
        }

        fn critical_temperature(&self) -> Option<f64> {
            Some(0.0)
        }
    }

    #[test]
    fn a_lattice_of_ones_own_that_is_inconsistent_is_refused() {
        let path = |first: u32, last: u32| Path([vec![first], vec![0, 2], vec![1, 3], vec![last]]);
        let (good, beyond, forgets) = (path(1, 2), path(7, 2), path(1, 0));
        let stream = Streams::new(1).of("test");
        let methods = Kind::ALL.map(Method::Markov).into_iter().chain([Method::Auto]);
        for (t, method) in [0.0, 1.5, f64::INFINITY].into_iter().flat_map(|t| methods.clone().map(move |m| (t, m))) {
            let t = Temperature::new(t).unwrap();
            for (wrong, fault) in [(&beyond, "binds site 0 to 7"), (&forgets, "at site 2 lists site 3 1 times")] {
                let error = Sampler::new(method, &Ising::new(wrong), t).draw(5, stream).unwrap_err().to_string();
                assert!(error.contains("lattice path") && error.contains(fault), "{method}, T = {t}: {error}");
            }
            assert_eq!(
                Sampler::new(method, &Ising::new(&good), t).draw(5, stream).unwrap().collection.spins.nrows(),
                5
            );
        }
        let choice = Sampler::auto(&Ising::new(&beyond), Temperature::new(1.5).unwrap()).choose(5);
        assert!(matches!(choice, Err(SamplingError::Lattice(LatticeError::Inconsistent { .. }))));
    }
}
