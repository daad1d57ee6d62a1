//! Two-valued units as bits, four to a byte: a quarter of the memory of `i8`, and what networks and machines read
//! fastest.
//!
//! Bit i mod 4 of byte i / 4 of a row is 1 where unit i has the higher of its two values. A row begins at a byte; bits
//! beyond its last unit are 0.
//!
//! ```
//! use ndarray::array;
//! assert_eq!(rgflow::packed::packed(array![[1, -1, 1, 1, -1]].view()), [0b1101, 0]);
//! ```

pub use crate::kernel::spins::{draw_levels, pack, pack_levels, packed, packed_len};
