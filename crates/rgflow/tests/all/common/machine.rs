//! A machine to test.

use ndarray::Array1;
use rgflow::random::Streams;
use rgflow::rbm::{Rbm, Units};

/// A machine of any kind, with parameters of order 1.
pub fn machine(n_visible: usize, n_hidden: usize, visible: &Units, hidden: &Units) -> Rbm {
    let mut random = Streams::new(1).generator("test/rbm", 0);
    let mut rbm = Rbm::random(n_visible, n_hidden, 0.6, &mut random);
    rbm.visible_bias = Array1::from_shape_fn(n_visible, |i| 0.4 * (i as f32 + 0.5).sin());
    rbm.hidden_bias = Array1::from_shape_fn(n_hidden, |a| 0.6 * (2.0 * a as f32 + 1.0).cos());
    rbm.with_units(visible.clone(), hidden.clone()).unwrap()
}
