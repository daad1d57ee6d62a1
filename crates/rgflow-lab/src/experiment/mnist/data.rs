//! Digits of a repetition: training images, test images and starts of flows.

use crate::dataset::mnist::{self, Digits};
use crate::study::prelude::*;
use ndarray::{Array2, Axis, concatenate};
use rgflow::learning::{mixtures, noisy};
use rgflow::random::{Streams, permutation};
use std::sync::{Arc, Mutex, PoisonError, Weak};

pub(super) const REVISION: u32 = 1;
/// Purposes of the streams that shuffle the training and the test files.
const TRAINING: &str = "mnist/rows";
const TEST: &str = "mnist/starts";

/// A training set of two digits.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Set {
    pub digits: [usize; 2],
    /// `data.per_digit`.
    pub per_digit: usize,
    pub with: With,
}

impl Set {
    /// Images in one epoch.
    pub fn images(&self) -> usize {
        let clean = self.digits.len() * self.per_digit;
        match self.with {
            With::Nothing => clean,
            With::Mixed(each) => clean + 9 * each,
            With::Noise(each) => 6 * self.digits.len() * each,
        }
    }
}

/// Images added to the clean ones, or used instead of them.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) enum With {
    Nothing,
    /// Mixtures, the same number at each share.
    Mixed(usize),
    /// Noisy images instead of the clean ones, the same number for each digit and share.
    Noise(usize),
}

/// All images.
pub(super) struct Images {
    pub training: Digits,
    pub test: Digits,
    /// The four files, as an input of stages.
    pub artifact: Artifact,
}

/// Rows of a digit in the random order of a repetition.
fn rows(all: &Digits, digit: usize, streams: Streams, purpose: &str) -> Vec<usize> {
    let rows: Vec<usize> = (0..all.labels.len()).filter(|row| all.labels[*row] == digit).collect();
    let order = permutation(rows.len(), &mut streams.generator(purpose, digit as u64));
    order.into_iter().map(|i| rows[i]).collect()
}

/// The first `n` rows of each digit; `setting` names the number in errors.
fn of_each(all: &Digits, n: usize, streams: Streams, purpose: &str, setting: &str) -> Result<Vec<Vec<usize>>, Error> {
    let first = |digit| {
        let mut rows = rows(all, digit, streams, purpose);
        let has = rows.len();
        rows.truncate(n);
        let few = || Error::user(format!("{setting}: the digit {digit} has {has} images, {n} are needed; take fewer"));
        if has < n { Err(few()) } else { Ok(rows) }
    };
    (0..10).map(first).collect()
}

impl Images {
    /// Reads the files once and shares them between repetitions at work; they are freed with the last user.
    pub fn read() -> Result<Arc<Self>, Error> {
        static HELD: Mutex<Weak<Images>> = Mutex::new(Weak::new());
        let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(images) = held.upgrade() {
            return Ok(images);
        }
        let folder = mnist::folder();
        let [training, test] = mnist::load(&folder)?;
        let artifact = Artifact { hash: mnist::hash(&folder)?, dir: folder };
        let images = Arc::new(Self { training, test, artifact });
        *held = Arc::downgrade(&images);
        Ok(images)
    }

    /// `n` images of each digit from the training files for training, and `n` others for testing.
    pub fn train_and_test(&self, streams: Streams, n: usize) -> Result<[Digits; 2], Error> {
        let rows = of_each(&self.training, 2 * n, streams, TRAINING, &format!("data.per_digit = {n}"))?;
        let half = |first: bool| -> Vec<usize> {
            rows.iter().flat_map(|rows| if first { &rows[..n] } else { &rows[n..] }).copied().collect()
        };
        Ok([true, false].map(|first| self.training.select(&half(first))))
    }

    /// `n` images of each digit from the test files, digit by digit; `setting` names the number in errors.
    pub fn starts(&self, streams: Streams, n: usize, setting: &str) -> Result<Digits, Error> {
        Ok(self.test.select(&of_each(&self.test, n, streams, TEST, setting)?.concat()))
    }

    /// A training set, values in [0, 1]; mixtures and noise are drawn from the stream `purpose`.
    pub fn set(&self, streams: Streams, purpose: &str, set: Set) -> Array2<f32> {
        let clean = set.digits.map(|digit| {
            let rows = rows(&self.training, digit, streams, TRAINING);
            self.training.images.select(Axis(0), &rows[..set.per_digit.min(rows.len())])
        });
        let mut random = streams.generator(&format!("mnist/{purpose}"), 0);
        let clean = clean.each_ref().map(|digit| digit.view());
        let made = match set.with {
            With::Nothing => vec![],
            With::Noise(each) => clean.iter().map(|digit| noisy(*digit, each, &mut random)).collect(),
            With::Mixed(each) => vec![mixtures(clean, each, &mut random)],
        };
        let kept = clean.iter().copied().filter(|_| !matches!(set.with, With::Noise(_)));
        let parts: Vec<_> = kept.chain(made.iter().map(|part| part.view())).collect();
        concatenate(Axis(0), &parts).expect("images of one file have one size")
    }
}
