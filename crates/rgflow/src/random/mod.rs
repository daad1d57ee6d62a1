//! Random streams: (seed, purpose, index) -> an independent generator.
//!
//! Every use of randomness names its purpose ("samples/train", "rbm/all/shuffle") and an index (temperature, epoch,
//! chunk), so results do not depend on the order in which work is done or on the number of threads. Streams are derived
//! by hashing (BLAKE3), so neighbouring seeds and indices are as unrelated as distant ones.

mod bulk;

pub use bulk::Bulk;
use rand::seq::SliceRandom;
use rand_core::SeedableRng;

/// The scalar generator: xoshiro256++ (Blackman and Vigna 2019), whose stream is fixed by its definition and
/// not by a library version.
pub type Generator = rand_xoshiro::Xoshiro256PlusPlus;

/// A random permutation of 0 .. n.
///
/// ```
/// use rgflow::random::{Streams, permutation};
/// let mut order = permutation(5, &mut Streams::new(1).generator("order", 0));
/// order.sort();
/// assert_eq!(order, [0, 1, 2, 3, 4]);
/// ```
pub fn permutation(n: usize, random: &mut Generator) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    order.shuffle(random);
    order
}

/// The random streams of one purpose ([`Streams::of`]): those that are used are PURPOSE/PART, as what takes it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream<'a> {
    /// The master seed.
    pub streams: Streams,
    /// The purpose.
    pub purpose: &'a str,
}

impl Stream<'_> {
    /// Generator for single draws: the stream `index` of the purpose itself, [`Streams::generator`].
    ///
    /// ```
    /// use rgflow::random::Streams;
    /// let streams = Streams::new(1);
    /// assert_eq!(streams.of("rbm").generator(2), streams.generator("rbm", 2));
    /// ```
    pub fn generator(&self, index: u64) -> Generator {
        self.streams.generator(self.purpose, index)
    }

    /// Generator for arrays of draws: the stream `index` of the purpose itself, [`Streams::bulk`].
    pub fn bulk(&self, index: u64) -> Bulk {
        self.streams.bulk(self.purpose, index)
    }
}

/// The master seed of a run, from which all streams are derived.
///
/// ```
/// use rand::RngExt;
/// let streams = rgflow::random::Streams::new(1);
/// let a: u64 = streams.generator("samples/train", 3).random();
/// let b: u64 = streams.generator("samples/train", 3).random();
/// let c: u64 = streams.generator("samples/test", 3).random();
/// assert_eq!(a, b);
/// assert_ne!(a, c);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Streams {
    seed: u64,
}

impl Streams {
    /// Streams of the master seed `seed`.
    pub fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// The master seed.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The streams of `purpose`, for what names the parts of it itself.
    ///
    /// ```
    /// let stream = rgflow::random::Streams::new(1).of("rbm");
    /// assert_eq!((stream.streams.seed(), stream.purpose), (1, "rbm"));
    /// ```
    pub fn of(self, purpose: &str) -> Stream<'_> {
        Stream { streams: self, purpose }
    }

    /// Generator for single draws: the stream `index` of `purpose`.
    pub fn generator(&self, purpose: &str, index: u64) -> Generator {
        let mut state = [0u8; 32];
        self.expand(purpose, index, &mut state);
        Generator::from_seed(state)
    }

    /// Generator for arrays of draws: the stream `index` of `purpose`.
    pub fn bulk(&self, purpose: &str, index: u64) -> Bulk {
        let mut state = [0u8; 4 * bulk::LANES * 4];
        self.expand(purpose, index, &mut state);
        Bulk::from_bytes(&state)
    }

    fn expand(&self, purpose: &str, index: u64, state: &mut [u8]) {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.seed.to_le_bytes());
        hasher.update(&index.to_le_bytes());
        hasher.update(purpose.as_bytes());
        hasher.finalize_xof().fill(state);
    }
}
