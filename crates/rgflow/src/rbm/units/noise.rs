//! Random numbers for units that are no bits.

use crate::kernel::normal;
use crate::random::Bulk;

/// Random numbers by the array, in memory that is kept.
#[derive(Clone, Debug, Default)]
pub(in crate::rbm) struct Noise {
    words: Vec<u32>,
    normal: Vec<f32>,
}

impl Noise {
    /// `n` random words.
    pub(super) fn words(&mut self, n: usize, random: &mut Bulk) -> &[u32] {
        self.words.resize(n, 0);
        random.fill(&mut self.words);
        &self.words
    }

    /// `n` standard normal numbers, `n` a multiple of sixteen.
    pub(super) fn normal(&mut self, n: usize, random: &mut Bulk) -> &[f32] {
        self.words.resize(n, 0);
        self.normal.resize(n, 0.0);
        normal::fill(random, &mut self.words, &mut self.normal);
        &self.normal
    }
}
