//! Inputs of a network: real numbers, or bits where all of them are one of two values, such as spins and
//! black-and-white pixels. Bits go the shorter way of [`crate::kernel::subset_sums`]; nothing is ever thresholded.

use std::borrow::Cow;
use std::ops::Range;

use ndarray::{Array2, ArrayView2, s};

use crate::kernel::spins::{pack_levels, packed_len};
use crate::kernel::subset_sums::Pair;

/// The values of two-valued inputs: spins and bits.
const PAIRS: [(f32, f32); 2] = [(-1.0, 1.0), (0.0, 1.0)];

/// Inputs that a network learns from or is tested on, a row each.
#[derive(Clone, Copy, Debug)]
pub enum Samples<'a> {
    /// Numbers, shape (n, n_in).
    Values(ArrayView2<'a, f32>),
    /// Bits of inputs that all are one of two values, in rows of packed_len(n_in) bytes as in [`crate::packed`].
    Packed {
        /// 1 = high.
        bits: &'a [u8],
        /// Inputs of a row.
        n_in: usize,
        /// The lower value.
        low: f32,
        /// The higher value.
        high: f32,
    },
}

impl<'a> From<ArrayView2<'a, f32>> for Samples<'a> {
    fn from(values: ArrayView2<'a, f32>) -> Self {
        Self::Values(values)
    }
}

impl Samples<'_> {
    /// Number of samples.
    pub fn nrows(&self) -> usize {
        match self {
            Self::Values(x) => x.nrows(),
            Self::Packed { bits, n_in, .. } => bits.len() / packed_len(*n_in).max(1),
        }
    }

    /// Inputs of each.
    pub fn ncols(&self) -> usize {
        match self {
            Self::Values(x) => x.ncols(),
            Self::Packed { n_in, .. } => *n_in,
        }
    }
}

/// Inputs of some samples, a row each.
#[derive(Clone, Copy, Debug)]
pub(super) enum Inputs<'a> {
    /// Numbers, shape (n, n_in).
    Real(ArrayView2<'a, f32>),
    /// Bits.
    Bits(Bits<'a>),
}

/// Rows of packed bits, `packed_len(n_in)` bytes each.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bits<'a> {
    pub packed: &'a [u8],
    pub n_in: usize,
    pub pair: Pair,
}

/// Inputs of all samples of a set.
#[derive(Clone, Debug)]
pub(super) enum Set<'a> {
    Real(ArrayView2<'a, f32>),
    Bits { packed: Cow<'a, [u8]>, n_in: usize, pair: Pair },
}

/// Space for the inputs of a batch, of numbers or of bits.
#[derive(Clone, Debug)]
pub(super) struct Gathered {
    real: Array2<f32>,
    bits: Vec<u8>,
}

impl<'a> Inputs<'a> {
    pub(super) fn nrows(&self) -> usize {
        match self {
            Self::Real(x) => x.nrows(),
            Self::Bits(bits) => bits.packed.len() / packed_len(bits.n_in),
        }
    }

    /// The rows `range`.
    pub(super) fn rows(&self, range: Range<usize>) -> Inputs<'_> {
        match self {
            Self::Real(x) => Inputs::Real(x.slice(s![range, ..])),
            Self::Bits(bits) => {
                let bytes = packed_len(bits.n_in);
                Inputs::Bits(Bits { packed: &bits.packed[range.start * bytes..range.end * bytes], ..*bits })
            }
        }
    }
}

impl<'a> Set<'a> {
    /// The inputs `x`, as bits if each of them is one of a pair.
    pub(super) fn of(x: impl Into<Samples<'a>>) -> Self {
        let x = match x.into() {
            Samples::Values(x) => x,
            Samples::Packed { bits, n_in, low, high } => {
                return Self::Bits { packed: bits.into(), n_in, pair: Pair { low, delta: high - low } };
            }
        };
        let n_in = x.ncols();
        let mut packed = vec![0; x.nrows() * packed_len(n_in)];
        for (low, high) in PAIRS {
            if n_in > 0 && pack_levels(x, low, high, &mut packed) {
                return Self::Bits { packed: packed.into(), n_in, pair: Pair { low, delta: high - low } };
            }
        }
        Self::Real(x)
    }

    /// All of them.
    pub(super) fn all(&self) -> Inputs<'_> {
        match self {
            Self::Real(x) => Inputs::Real(x.view()),
            Self::Bits { packed, n_in, pair } => Inputs::Bits(Bits { packed, n_in: *n_in, pair: *pair }),
        }
    }

    /// Space for `rows` samples of this set.
    pub(super) fn buffer(&self, rows: usize) -> Gathered {
        match self {
            Self::Real(x) => Gathered { real: Array2::zeros((rows, x.ncols())), bits: Vec::new() },
            Self::Bits { n_in, .. } => {
                Gathered { real: Array2::zeros((0, 0)), bits: vec![0; rows * packed_len(*n_in)] }
            }
        }
    }

    /// Copies the samples `chosen` side by side into `buffer`, which this set made.
    pub(super) fn gather<'r>(
        &self,
        chosen: impl ExactSizeIterator<Item = usize>,
        buffer: &'r mut Gathered,
    ) -> Inputs<'r> {
        let n = chosen.len();
        match self {
            Self::Real(x) => {
                for (slot, i) in chosen.enumerate() {
                    buffer.real.row_mut(slot).assign(&x.row(i));
                }
                Inputs::Real(buffer.real.slice(s![..n, ..]))
            }
            Self::Bits { packed, n_in, pair } => {
                let bytes = packed_len(*n_in);
                for (slot, i) in chosen.enumerate() {
                    buffer.bits[slot * bytes..][..bytes].copy_from_slice(&packed[i * bytes..][..bytes]);
                }
                Inputs::Bits(Bits { packed: &buffer.bits[..n * bytes], n_in: *n_in, pair: *pair })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn only_two_values_are_bits() {
        let spins = array![[1.0, -1.0, -1.0], [-1.0, -1.0, 1.0]];
        let Set::Bits { packed, n_in: 3, pair } = Set::of(spins.view()) else { panic!("spins are bits") };
        assert_eq!((&packed[..], pair.low, pair.delta), (&[1, 4][..], -1.0, 2.0));
        let pixels = array![[1.0, 0.0, 0.0, 1.0, 1.0]];
        assert!(matches!(Set::of(pixels.view()), Set::Bits { pair: Pair { low: 0.0, delta: 1.0 }, .. }));
        for grey in [0.999, 0.5, -1.0, f32::NAN, 1e-30] {
            assert!(matches!(Set::of(array![[1.0, 0.0, grey]].view()), Set::Real(_)), "{grey}");
        }
    }

    #[test]
    fn rows_are_gathered_in_their_order() {
        let x = Array2::from_shape_fn((6, 9), |(r, c)| if (r * r + 3 * c) % 4 < 2 { 1.0f32 } else { -1.0 });
        let grey = x.mapv(|v| 0.5 * v);
        for set in [Set::of(x.view()), Set::of(grey.view())] {
            let mut buffer = set.buffer(4);
            let read = |inputs: Inputs, r: usize, c: usize| match inputs {
                Inputs::Real(x) => 2.0 * x[[r, c]],
                Inputs::Bits(b) => b.pair.low + b.pair.delta * f32::from(b.packed[r * 3 + c / 4] >> (c % 4) & 1),
            };
            let gathered = set.gather([4, 0, 5].into_iter(), &mut buffer);
            assert_eq!((gathered.nrows(), gathered.rows(1..3).nrows(), set.all().nrows()), (3, 2, 6));
            for (slot, r) in [4, 0, 5].into_iter().enumerate() {
                for c in 0..9 {
                    assert_eq!(read(gathered, slot, c), x[[r, c]]);
                    assert_eq!(read(gathered.rows(slot..3), 0, c), x[[r, c]]);
                }
            }
        }
    }
}
