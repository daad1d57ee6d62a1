//! Readers of a flow.

use crate::lattice::Square;
use crate::nn::Mlp;

/// Readers of a flow, beside the distance from its start.
#[derive(Clone, Copy, Debug)]
pub struct Readout<'a> {
    /// P(T), or the probabilities of any classes; `None` reads none.
    pub mlp: Option<&'a Mlp>,
    /// Where E and |m| of spins are measured; `None` measures none.
    pub lattice: Option<&'a Square>,
}
