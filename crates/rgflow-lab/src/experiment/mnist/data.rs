//! Digits of a repetition: those to train, to test and to read; mixtures of two digits, and noise on them.

use crate::artifact::{Artifact, Error};
use crate::dataset::mnist::{self, Digits};
use ndarray::{Array2, Axis, concatenate};
use rand::RngExt;
use rgflow::learning::permutation;
use rgflow::random::{Generator, Streams};
use serde::Serialize;
use std::path::Path;

pub(super) const REVISION: u32 = 1;

/// A training set of two digits.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Set {
    pub digits: [u8; 2],
    /// `data.per_digit`.
    pub per_digit: usize,
    pub with: With,
}

/// What stands beside, or in place of, the clean images.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) enum With {
    Nothing,
    /// Mixtures, as many at each share.
    Mixed(usize),
    /// Noisy images in place of the clean ones, as many of each digit at each share.
    Noise(usize),
}

/// The images, in the order of a repetition.
pub(super) struct Images {
    files: [Digits; 2],
    /// Hash of the four files, as an input of stages.
    pub artifact: Artifact,
}

/// Images of some rows with their digits.
pub(super) struct Part {
    pub images: Array2<f32>,
    pub digits: Vec<usize>,
}

impl Images {
    pub fn load(folder: &Path) -> Result<Self, Error> {
        let files = mnist::load(folder)?;
        let wrong = |what: String| {
            Err(Error::user(format!("{}: {what}; `rgflow data mnist` gets the files again", folder.display())))
        };
        let pixels = files[0].images.ncols();
        if !pixels.isqrt().pow(2).eq(&pixels) {
            return wrong(format!("images of {pixels} pixels are no squares"));
        }
        for (which, file) in [("training", &files[0]), ("test", &files[1])] {
            if let Some(digit) = (0..10).find(|digit| !file.labels.contains(digit)) {
                return wrong(format!("the {which} files have no image of the digit {digit}"));
            }
        }
        let mut hasher = blake3::Hasher::new();
        for file in mnist::files() {
            let path = folder.join(&file.name);
            hasher.update(&std::fs::read(&path).map_err(Error::io("read", &path))?);
        }
        let artifact = Artifact { hash: hasher.finalize().to_hex().to_string(), dir: folder.into() };
        Ok(Self { files, artifact })
    }

    /// Length of a row of an image.
    pub fn width(&self) -> usize {
        self.files[0].images.ncols().isqrt()
    }

    /// Rows of a digit in the training files, shuffled by the seed of the repetition.
    fn rows(&self, seed: u64, digit: u8) -> Vec<usize> {
        let rows: Vec<usize> =
            self.files[0].labels.iter().enumerate().filter(|(_, d)| **d == digit).map(|r| r.0).collect();
        let order = permutation(rows.len(), &mut Streams::new(seed).generator("mnist/rows", u64::from(digit)));
        order.into_iter().map(|i| rows[i]).collect()
    }

    fn part(&self, file: usize, rows: &[usize]) -> Part {
        let of = &self.files[file];
        Part {
            images: of.images.select(Axis(0), rows),
            digits: rows.iter().map(|r| usize::from(of.labels[*r])).collect(),
        }
    }

    /// `n` images of each digit from the training files, and `n` others: to train and to test.
    ///
    /// # Errors
    /// If a digit has fewer than 2n images.
    pub fn train_and_test(&self, seed: u64, n: usize) -> Result<[Part; 2], Error> {
        let mut both = [Vec::new(), Vec::new()];
        for digit in 0..10 {
            let rows = self.rows(seed, digit);
            if rows.len() < 2 * n {
                let has = rows.len();
                return Err(Error::user(format!(
                    "data.per_digit = {n}: the digit {digit} has {has} images, twice as many are needed"
                )));
            }
            both[0].extend(&rows[..n]);
            both[1].extend(&rows[n..2 * n]);
        }
        Ok(both.map(|rows| self.part(0, &rows)))
    }

    /// The first `most` images of the training or of the test files.
    pub fn first(&self, file: usize, most: usize) -> Part {
        self.part(file, &(0..self.files[file].labels.len().min(most)).collect::<Vec<_>>())
    }

    /// All images of the training or of the test files.
    pub fn all(&self, file: usize) -> Part {
        self.first(file, usize::MAX)
    }

    /// The first `n` of each digit in the test files, shuffled by the seed; digit by digit.
    pub fn starts(&self, seed: u64, n: usize) -> Result<Part, Error> {
        let mut all = Vec::new();
        for digit in 0..10u8 {
            let labels = self.files[1].labels.iter().enumerate();
            let rows: Vec<usize> = labels.filter(|(_, d)| **d == digit).map(|r| r.0).collect();
            if rows.len() < n {
                let has = rows.len();
                return Err(Error::user(format!(
                    "flow.chains = {n}: the digit {digit} has {has} images in the test files"
                )));
            }
            let order = permutation(rows.len(), &mut Streams::new(seed).generator("mnist/starts", u64::from(digit)));
            all.extend(order[..n].iter().map(|i| rows[*i]));
        }
        Ok(self.part(1, &all))
    }

    /// A training set, values in [0, 1]; mixtures and noise are drawn for `purpose`.
    pub fn set(&self, seed: u64, purpose: &str, set: Set) -> Array2<f32> {
        let n = set.per_digit;
        let clean = set.digits.map(|digit| {
            let rows = self.rows(seed, digit);
            self.part(0, &rows[..n.min(rows.len())]).images
        });
        let mut random = Streams::new(seed).generator(&format!("mnist/{purpose}"), 0);
        let parts = match set.with {
            With::Nothing => clean.to_vec(),
            With::Noise(each) => clean.iter().map(|of| noisy(of, each, &mut random)).collect(),
            With::Mixed(each) => [clean.as_slice(), &[mixed(&clean, each, &mut random)]].concat(),
        };
        let views: Vec<_> = parts.iter().map(|part| part.view()).collect();
        concatenate(Axis(0), &views).expect("images of one file have one size")
    }
}

/// n' = (1-a) n1 + a n2 (thesis eq. 4.4.1) of random pairs: `each` at every a = 0.1 ... 0.9.
fn mixed([one, two]: &[Array2<f32>; 2], each: usize, random: &mut Generator) -> Array2<f32> {
    let mut out = Array2::zeros((9 * each, one.ncols()));
    for (i, mut row) in out.rows_mut().into_iter().enumerate() {
        let a = (1 + i / each) as f32 / 10.0;
        let (one, two) = (one.row(random.random_range(0..one.nrows())), two.row(random.random_range(0..two.nrows())));
        row.iter_mut().zip(one).zip(two).for_each(|((to, one), two)| *to = (1.0 - a) * one + a * two);
    }
    out
}

/// n' = (1-a) n + a eta (thesis eq. 4.4.2): grey levels mapped to [-1, 1], eta = -1 or +1 at random, mapped back: `each` at every
/// a = 0, 0.1 ... 0.5. What leaves [0, 1] cannot occur.
fn noisy(clean: &Array2<f32>, each: usize, random: &mut Generator) -> Array2<f32> {
    let mut out = Array2::zeros((6 * each, clean.ncols()));
    for (i, mut row) in out.rows_mut().into_iter().enumerate() {
        let a = (i / each) as f32 / 10.0;
        for (to, from) in row.iter_mut().zip(clean.row(i % clean.nrows())) {
            let eta = if random.random::<bool>() { 1.0 } else { 0.0 };
            *to = ((1.0 - a) * from + a * eta).clamp(0.0, 1.0);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mixtures_and_noise_are_those_of_the_equations() {
        let mut random = Streams::new(1).generator("t", 0);
        let (zero, one) = (Array2::zeros((3, 4)), Array2::ones((5, 4)));
        let seen = mixed(&[zero.clone(), one], 2, &mut random);
        assert!((0..18).all(|i| seen.row(i).iter().all(|v| (v - (1 + i / 2) as f32 / 10.0).abs() < 1e-6)));
        // On black images a pixel is a (eta = +1) or 0.
        let seen = noisy(&zero, 300, &mut random);
        assert!(seen.rows().into_iter().take(300).all(|row| row.iter().all(|v| *v == 0.0)));
        let last = seen.slice(ndarray::s![1500.., ..]);
        assert!(last.iter().all(|v| *v == 0.0 || *v == 0.5));
        // Null: 1200 fair coins; |z| < 4.5.
        let ones = last.iter().filter(|v| **v == 0.5).count() as f64;
        assert!((ones - 600.0).abs() < 4.5 * 300f64.sqrt(), "{ones}");
    }
}
