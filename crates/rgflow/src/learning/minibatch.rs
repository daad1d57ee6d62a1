//! Mini-batches without repeats: each epoch goes once through a fresh permutation (thesis section 2.2.3).

use crate::random::Generator;
use rand::seq::SliceRandom;

/// A random permutation of 0 .. n.
pub fn permutation(n: usize, random: &mut Generator) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    order.shuffle(random);
    order
}
