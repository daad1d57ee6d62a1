//! Sparse training sets, and noise added to them.

use super::Settings;
use ndarray::Array2;
use rand::RngExt;
use rand::seq::SliceRandom;
use rgflow::random::{Generator, Streams};

pub(super) const REVISION: u32 = 1;

/// Number of configurations of a set.
pub(super) fn rows(settings: &Settings, set: &str) -> usize {
    settings.data.each * if set == "cold" { 2 } else { 3 }
}

pub(super) fn training(seed: u64, settings: &Settings, set: &str, noise: f64) -> Array2<i8> {
    draw(Streams::new(seed).generator(&format!("sparse/{set}/{noise}"), 0), settings, set, noise)
}

pub(super) fn test(seed: u64, settings: &Settings, set: &str, noise: f64) -> Array2<i8> {
    draw(Streams::new(seed).generator(&format!("sparse/{set}/{noise}/test"), 0), settings, set, noise)
}

/// Rows with m = 1, m = -1 and, except for `cold`, m = 0 from T = infinity; then noise of 0, 0.1 ... `noise` in turn.
fn draw(mut random: Generator, settings: &Settings, set: &str, noise: f64) -> Array2<i8> {
    let sites = settings.torus.lattice.size.pow(2);
    let mut spins = Array2::from_elem((rows(settings, set), sites), 1i8);
    let levels = (10.0 * noise).round() as usize + 1;
    for (i, mut row) in spins.rows_mut().into_iter().enumerate() {
        match i / settings.data.each {
            0 => {}
            1 => row.fill(-1),
            // Given m = 0, at infinite temperature every arrangement of as many spins up as down is equally likely.
            _ => {
                let mut order: Vec<i8> = (0..sites).map(|j| if j < sites / 2 { 1 } else { -1 }).collect();
                order.shuffle(&mut random);
                row.iter_mut().zip(order).for_each(|(spin, up)| *spin = up);
            }
        }
        let amount = 0.1 * (i % levels) as f64;
        for spin in &mut row {
            if amount > 0.0 && random.random::<f64>() < amount {
                *spin = if random.random::<bool>() { 1 } else { -1 };
            }
        }
    }
    spins
}

#[cfg(test)]
mod tests {
    use super::super::RECIPE;
    use super::*;
    use crate::study::values::Settings as _;

    #[test]
    fn sets_have_the_magnetisations_that_they_are_named_for() {
        let settings = Settings::parse(&RECIPE.parse().unwrap()).unwrap();
        let m = |set, noise| -> Vec<i32> {
            let rows = training(1, &settings, set, noise);
            rows.rows().into_iter().map(|row| row.iter().map(|s| i32::from(*s)).sum()).collect()
        };
        let seen = m("cold-hot", 0.0);
        assert!(seen[..1000].iter().all(|m| *m == 100) && seen[1000..2000].iter().all(|m| *m == -100));
        assert!(seen.len() == 3000 && seen[2000..].iter().all(|m| *m == 0));
        // Replacing spins with probability a leaves m = 1 - a on average; shares of 0, 0.1 ... 0.5 leave 0.75.
        // Null: the mean of 1000 rows of 100 spins has a standard error below 0.0025 (variance of a spin
        // below 0.6); 4.5 sigma.
        let noisy = m("cold", 0.5);
        let mean = f64::from(noisy[..1000].iter().sum::<i32>()) / 1e5;
        assert!((mean - 0.75).abs() < 4.5 * 0.0025, "{mean}");
    }
}
