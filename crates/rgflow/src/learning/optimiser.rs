//! Optimisers: plain gradient descent and Adam.

/// Changes parameters by a gradient, in place. One instance belongs to one array of parameters.
pub trait Optimiser {
    /// One update of `parameters` against `gradient` (same length).
    fn update(&mut self, parameters: &mut [f32], gradient: &[f32]);
}

/// Gradient descent: theta <- theta - rate * gradient (thesis eq. 2.2.14).
#[derive(Clone, Debug)]
pub struct Sgd {
    /// Learning rate, > 0.
    pub rate: f32,
}

impl Optimiser for Sgd {
    fn update(&mut self, parameters: &mut [f32], gradient: &[f32]) {
        for (p, g) in parameters.iter_mut().zip(gradient) {
            *p -= self.rate * g;
        }
    }
}

/// Adam (Kingma and Ba 2015; thesis eq. 2.2.17 with the bias corrections 1/(1 - beta^t) that the print lacks).
#[derive(Clone, Debug)]
pub struct Adam {
    rate: f64,
    step: i32,
    first: Vec<f32>,
    second: Vec<f32>,
}

impl Adam {
    /// For `n` parameters; beta_1 = 0.9, beta_2 = 0.999, epsilon = 1e-8.
    pub fn new(n: usize, rate: f32) -> Self {
        Self { rate: rate.into(), step: 0, first: vec![0.0; n], second: vec![0.0; n] }
    }
}

impl Optimiser for Adam {
    fn update(&mut self, parameters: &mut [f32], gradient: &[f32]) {
        self.step += 1;
        // Powers by multiplication, so that the platform's `pow` has no say.
        let (b1, b2) = (power(0.9, self.step), power(0.999, self.step));
        let rate = (self.rate / (1.0 - b1)) as f32;
        let scale = (1.0 / (1.0 - b2)) as f32;
        for (((p, g), m), v) in parameters.iter_mut().zip(gradient).zip(&mut self.first).zip(&mut self.second) {
            *m = 0.9 * *m + 0.1 * g;
            *v = 0.999 * *v + 0.001 * g * g;
            *p -= rate * *m / ((*v * scale).sqrt() + 1e-8);
        }
    }
}

fn power(base: f64, mut exponent: i32) -> f64 {
    let (mut result, mut square) = (1.0, base);
    while exponent > 0 {
        if exponent & 1 == 1 {
            result *= square;
        }
        square *= square;
        exponent >>= 1;
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three steps on x^2 / 2 worked out by hand in f64 with the formulas of Kingma and Ba, algorithm 1.
    #[test]
    fn adam_follows_its_paper() {
        let (mut x, mut adam) = ([1.0f32], Adam::new(1, 0.1));
        let (mut y, mut m, mut v) = (1.0f64, 0.0, 0.0);
        for t in 1..=3 {
            let g = [x[0]];
            adam.update(&mut x, &g);
            m = 0.9 * m + 0.1 * y;
            v = 0.999 * v + 0.001 * y * y;
            y -= 0.1 * (m / (1.0 - 0.9f64.powi(t))) / ((v / (1.0 - 0.999f64.powi(t))).sqrt() + 1e-8);
            assert!((x[0] as f64 - y).abs() < 1e-6, "step {t}: {} against {y}", x[0]);
        }
    }
}
