//! Readers of a flow.

use super::FlowError;
use crate::lattice::{Lattice, Square};
use crate::nn::Mlp;
use crate::rbm::{Rbm, Units};

/// Readers of a flow, beside the distance from its start. The default reads nothing else.
///
/// ```
/// use rgflow::{flow::Readout, lattice::Square};
/// assert!(Readout::default().mlp.is_none());
/// let square = Square::new(4, 4)?;
/// let energies = Readout { lattice: Some(&square), ..Readout::default() };
/// # Ok::<(), rgflow::lattice::LatticeError>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Readout<'a> {
    /// P(T), or the probabilities of any classes; `None` reads none.
    pub mlp: Option<&'a Mlp>,
    /// Where E and |m| of spins are measured; `None` measures none.
    pub lattice: Option<&'a Square>,
}

impl<'a> Readout<'a> {
    /// Reads P(T) with `mlp`, and no lattice.
    ///
    /// ```
    /// use rgflow::{flow::Readout, nn::{Activation, Mlp}, random::Streams};
    /// let random = &mut Streams::new(1).generator("example/mlp", 0);
    /// let mlp = Mlp::random(&[4, 3], Activation::Tanh, Activation::Softmax, random);
    /// assert!(Readout::network(&mlp).lattice.is_none());
    /// ```
    pub fn network(mlp: &'a Mlp) -> Self {
        Self { mlp: Some(mlp), lattice: None }
    }

    /// Refuses readers that do not fit the visible units of `rbm`.
    pub(super) fn check(&self, rbm: &Rbm) -> Result<(), FlowError> {
        let expected = rbm.n_visible();
        let fits = |reader, found: usize, of: &str| match found == expected {
            true => Ok(()),
            false => Err(FlowError::Width { reader, expected, found: format!("{found} {of}") }),
        };
        if let Some(mlp) = self.mlp {
            fits("network", mlp.n_in(), "inputs")?;
        }
        if let Some(lattice) = self.lattice {
            fits("lattice", lattice.n_sites(), "sites")?;
            if *rbm.visible_units() != Units::SPIN {
                return Err(FlowError::NotSpins { units: rbm.visible_units().to_string() });
            }
        }
        Ok(())
    }
}
