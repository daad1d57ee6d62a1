//! Small machines in files, and the arrays and JSON that commands make of them.

use super::place::Place;
use ndarray::{Array1, Array2};
use rgflow::random::Streams;
use rgflow::rbm::{Rbm, Units};
use rgflow_lab::artifact::{npz, rbm_file};
use serde_json::Value;

/// A machine of `n` and `m` units with biases.
pub fn machine(n: usize, m: usize, [visible, hidden]: [Units; 2]) -> Rbm {
    let random = &mut Streams::new(1).generator("trained-machine", 0);
    let mut rbm = Rbm::random(n, m, 0.4, random);
    rbm.visible_bias.iter_mut().enumerate().for_each(|(i, b)| *b = 0.1 * i as f32 - 0.2);
    rbm.hidden_bias.iter_mut().enumerate().for_each(|(a, c)| *c = 0.2 - 0.1 * a as f32);
    rbm.with_units(visible, hidden).unwrap()
}

impl Place {
    pub fn save(&self, name: &str, rbm: &Rbm, metadata: Value) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, rbm_file::model(rbm, metadata).to_bytes().unwrap()).unwrap();
    }

    /// Output of `line --json`.
    pub fn json(&self, line: &str) -> Value {
        let out = self.run(&format!("{line} --json"));
        assert!(out.status.success(), "{line}: {}", String::from_utf8_lossy(&out.stderr));
        serde_json::from_slice(&out.stdout).unwrap()
    }

    pub fn array(&self, file: &str, name: &str) -> Array2<f64> {
        let found = npz::Reader::open(self.path(file)).unwrap().numbers(name, |v| v).unwrap();
        found.into_dimensionality().unwrap()
    }

    pub fn column(&self, file: &str, name: &str) -> Array1<f64> {
        let found = npz::Reader::open(self.path(file)).unwrap().numbers(name, |v| v).unwrap();
        found.into_dimensionality().unwrap()
    }
}

pub fn near(a: f64, b: f64, most: f64) {
    assert!((a - b).abs() <= most, "{a} against {b}");
}

/// All states of 6 bits.
pub fn states() -> Array2<f32> {
    Array2::from_shape_fn((64, 6), |(s, i)| (s >> i & 1) as f32)
}
