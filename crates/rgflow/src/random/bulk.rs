//! Sixteen xoshiro128++ generators side by side: random words by the array (Blackman and Vigna 2019).
//!
//! The state lies as four rows of sixteen lanes, so that the compiler turns each line of the update into vector
//! instructions of whatever width the CPU has; the words are the same on every CPU.

use crate::cpu::{self, dispatched};
use serde::{Deserialize, Serialize};

/// Number of generators that run side by side.
pub(super) const LANES: usize = 16;

/// A generator of 32-bit words by the array, from [`Streams::bulk`](super::Streams::bulk).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Bulk {
    state: [[u32; LANES]; 4],
}

impl Bulk {
    pub(super) fn from_bytes(bytes: &[u8; 16 * LANES]) -> Self {
        let mut state = [[0u32; LANES]; 4];
        for (word, four) in state.as_flattened_mut().iter_mut().zip(bytes.chunks_exact(4)) {
            *word = u32::from_le_bytes([four[0], four[1], four[2], four[3]]);
        }
        // A lane of zeros would stay zero; a hash does this once in 2^128 seeds.
        for lane in 0..LANES {
            if state.iter().all(|row| row[lane] == 0) {
                state[0][lane] = 1;
            }
        }
        Self { state }
    }

    /// Fills `words` with uniform random 32-bit words. A call consumes whole rows of sixteen.
    pub fn fill(&mut self, words: &mut [u32]) {
        fill(cpu::path(), &mut self.state, words);
    }

    /// The next sixteen words, for loops that use them at once: on a local copy, so that the state stays in registers.
    #[inline(always)]
    pub(crate) fn next_row(&mut self) -> [u32; LANES] {
        next(&mut self.state)
    }
}

dispatched! {
    fn fill(state: &mut [[u32; LANES]; 4], words: &mut [u32]) => fill_all
}

#[inline(always)]
fn fill_all(state: &mut [[u32; LANES]; 4], words: &mut [u32]) {
    let mut local = *state;
    let mut rows = words.chunks_exact_mut(LANES);
    for row in &mut rows {
        row.copy_from_slice(&next(&mut local));
    }
    let rest = rows.into_remainder();
    if !rest.is_empty() {
        let last = next(&mut local);
        rest.copy_from_slice(&last[..rest.len()]);
    }
    *state = local;
}

/// One step of all lanes: xoshiro128++ 1.0.
#[inline(always)]
fn next(s: &mut [[u32; LANES]; 4]) -> [u32; LANES] {
    let mut out = [0u32; LANES];
    for l in 0..LANES {
        out[l] = s[0][l].wrapping_add(s[3][l]).rotate_left(7).wrapping_add(s[0][l]);
        let t = s[1][l] << 9;
        s[2][l] ^= s[0][l];
        s[3][l] ^= s[1][l];
        s[1][l] ^= s[2][l];
        s[0][l] ^= s[3][l];
        s[2][l] ^= t;
        s[3][l] = s[3][l].rotate_left(11);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_core::{Rng, SeedableRng};

    #[test]
    fn lanes_are_xoshiro128_plus_plus() {
        let mut bytes = [0u8; 16 * LANES];
        for (i, b) in bytes.iter_mut().enumerate() {
            *b = (i * 37 + 11) as u8;
        }
        let mut bulk = Bulk::from_bytes(&bytes);
        let mut words = vec![0u32; LANES * 50];
        bulk.fill(&mut words);
        for lane in 0..LANES {
            let mut seed = [0u8; 16];
            for row in 0..4 {
                seed[4 * row..4 * row + 4].copy_from_slice(&bytes[4 * (row * LANES + lane)..][..4]);
            }
            let mut scalar = rand_xoshiro::Xoshiro128PlusPlus::from_seed(seed);
            for step in 0..50 {
                assert_eq!(words[step * LANES + lane], scalar.next_u32(), "lane {lane}, step {step}");
            }
        }
    }
}
