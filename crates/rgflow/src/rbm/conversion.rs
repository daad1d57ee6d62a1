//! The same law in other units: exact reparametrisation of {low, high} to {low', high'}, and of sigma to sigma'.
//!
//! With v_i = A_i v'_i + B_i and h_a = C_a h'_a + D_a, -H(v, h) is that of a machine with W'_ia = A_i w_ia C_a, b'_i =
//! A_i (b_i + sum_a w_ia D_a), c'_a = C_a (c_a + sum_i B_i w_ia), plus a constant.

use super::units::Map;
use super::{Rbm, RbmError, Units};
use ndarray::{Array1, Array2};

/// A machine in other units.
#[derive(Clone, Debug, PartialEq)]
pub struct Converted {
    /// The machine: p'(v') = p(v) (times dv/dv' for Gaussian units), v' the same states in the new units.
    pub rbm: Rbm,
    /// ln Z of the old machine minus ln Z of the new one.
    pub ln_z_difference: f64,
}

/// How the units `from` of a layer are units `to`.
fn map(layer: &'static str, from: &Units, to: &Units, n: usize) -> Result<Map, RbmError> {
    let (old, new) = (from.to_string(), to.to_string());
    from.map_to(to, n).ok_or(RbmError::Conversion { layer, from: old, to: new })
}

impl Rbm {
    /// The machine with the same law in other units: the same p(v) over corresponding states, the same Gibbs kernel.
    /// Exact up to the rounding of the parameters to f32.
    ///
    /// # Errors
    /// [`RbmError::Conversion`] between units of different kinds or numbers of states; [`RbmError::Shape`] if there is
    /// a sigma for each unit and their number does not fit.
    ///
    /// ```
    /// use rgflow::{random::Streams, rbm::{Rbm, Units}};
    /// let spins = Rbm::random(5, 3, 0.5, &mut Streams::new(1).generator("example/units", 0));
    /// let bits = spins.converted(Units::BINARY, Units::BINARY)?.rbm;
    /// assert!((bits.visible_law()? - spins.visible_law()?).iter().all(|d| d.abs() < 1e-6));
    /// # Ok::<(), rgflow::rbm::RbmError>(())
    /// ```
    pub fn converted(&self, visible: Units, hidden: Units) -> Result<Converted, RbmError> {
        let (n, m) = self.weights.dim();
        // Refuses a wrong number of sigma before they are looked up.
        self.clone().with_units(visible.clone(), hidden.clone())?;
        let v = map("visible", self.visible_units(), &visible, n)?;
        let h = map("hidden", self.hidden_units(), &hidden, m)?;
        let w = |i: usize, a: usize| f64::from(self.weights[[i, a]]);
        let b = |i: usize| f64::from(self.visible_bias[i]);
        let c = |a: usize| f64::from(self.hidden_bias[a]);
        let weights = Array2::from_shape_fn((n, m), |(i, a)| (v.scale[i] * w(i, a) * h.scale[a]) as f32);
        let towards_hidden = |i: usize| (0..m).map(|a| w(i, a) * h.shift[a]).sum::<f64>();
        let visible_bias = Array1::from_shape_fn(n, |i| (v.scale[i] * (b(i) + towards_hidden(i))) as f32);
        let hidden_bias = Array1::from_shape_fn(m, |a| {
            (h.scale[a] * (c(a) + (0..n).map(|i| v.shift[i] * w(i, a)).sum::<f64>())) as f32
        });
        let constant = (0..n).map(|i| v.shift[i] * (b(i) + towards_hidden(i))).sum::<f64>()
            + (0..m).map(|a| h.shift[a] * c(a)).sum::<f64>();
        Ok(Converted {
            rbm: Self::new(weights, visible_bias, hidden_bias, visible, hidden)?,
            ln_z_difference: constant + v.ln_volume + h.ln_volume,
        })
    }
}
