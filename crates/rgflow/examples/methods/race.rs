//! The comparison: calibration, pilot, repetitions, table.

use crate::Arguments;
use crate::data::Data;
use crate::methods::{DEFAULT, Recipe, all};
use cpu_time::ProcessTime;
use rgflow::learning::{Rule, Sgd};
use rgflow::packed::packed_len;
use rgflow::random::Streams;
use rgflow::rbm::{Rbm, RbmError, Samples};
use rgflow::statistics::student_t_error;

/// Learning rates of the pilot.
const RATES: [f32; 11] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0];

/// Seed of the pilot, apart from those of the repetitions, which are 1, 2, 3 ...
const PILOT: u64 = 1_000_000;

/// Calibrations of each method, all methods in turn: the median holds whatever else runs on the machine for a while.
const CALIBRATIONS: usize = 3;

/// Training samples, at most, whose ln p is told.
const SHOWN: usize = 5000;

/// Outcome of one method.
pub struct Row {
    recipe: Recipe,
    rate: f32,
    updates: usize,
    /// CPU seconds, ln p of test and of training samples, of each seed whose training did not diverge.
    runs: Vec<[f64; 3]>,
    diverged: usize,
}

/// All methods on `data`.
pub fn run(data: &Data, arguments: &Arguments) -> Result<Vec<Row>, RbmError> {
    let mut recipes = all(data);
    recipes.retain(|recipe| {
        arguments.only.as_ref().is_none_or(|only| only.split(';').any(|end| recipe.name.ends_with(end)))
    });
    let mut costs = vec![Vec::new(); recipes.len()];
    for _ in 0..CALIBRATIONS {
        for (recipe, costs) in recipes.iter().zip(&mut costs) {
            costs.push(calibrated(recipe, data, arguments.seconds / 20.0)?);
        }
    }
    let mut rows = Vec::new();
    for (recipe, costs) in recipes.into_iter().zip(costs) {
        let [start, per_second] = [0, 1].map(|part| {
            let mut values: Vec<f64> = costs.iter().map(|cost| cost[part]).collect();
            values.sort_by(f64::total_cmp);
            values[CALIBRATIONS / 2]
        });
        let updates = (per_second * (arguments.seconds - start)).max(1.0) as usize;
        let rate = match recipe.rate {
            Some(rate) => rate,
            None => best_rate(&recipe, data, updates)?,
        };
        rows.push(Row { recipe, rate, updates, runs: Vec::new(), diverged: 0 });
    }
    // Evenly spaced: they may be ordered.
    let samples: Vec<&[u8]> = data.train.chunks_exact(packed_len(data.n_visible)).collect();
    let shown: Vec<u8> = samples.iter().step_by(samples.len().div_ceil(SHOWN)).copied().flatten().copied().collect();
    for seed in 1..=arguments.seeds {
        for row in &mut rows {
            let before = ProcessTime::now();
            let machine = row.recipe.train(data, row.rate, row.updates, Streams::new(seed))?;
            let seconds = before.elapsed().as_secs_f64();
            match machine {
                Some(rbm) => {
                    let [test, train] = ln_p(&rbm, [&data.test, &shown])?;
                    eprintln!("seed {seed} | {} | {seconds:.2} s | {test:.4} | {train:.4}", row.recipe.name);
                    row.runs.push([seconds, test, train]);
                }
                None => row.diverged += 1,
            }
        }
    }
    Ok(rows)
}

/// Mean ln p of the samples of each set, exact, in nats.
fn ln_p<const N: usize>(rbm: &Rbm, sets: [&[u8]; N]) -> Result<[f64; N], RbmError> {
    let ln_z = rbm.ln_z()?;
    Ok(sets.map(|set| rbm.log_likelihood(Samples::Packed(set).values(rbm).view(), ln_z).value))
}

/// CPU seconds of a training of one update, which is the cost of the start, and further updates per second, from the
/// shortest training of a power of two updates that takes `seconds` more.
fn calibrated(recipe: &Recipe, data: &Data, seconds: f64) -> Result<[f64; 2], RbmError> {
    let taken = |updates| -> Result<f64, RbmError> {
        let before = ProcessTime::now();
        recipe.train(data, 0.001, updates, Streams::new(PILOT))?;
        Ok(before.elapsed().as_secs_f64())
    };
    let start = taken(1)?;
    let mut updates = 32;
    loop {
        let more = taken(updates)? - start;
        if more >= seconds {
            return Ok([start, (updates - 1) as f64 / more]);
        }
        updates *= 2;
    }
}

/// Climbs the rates from 0.05 on, of momentum and Adam from 0.005, while ln p of the validation samples rises: to
/// larger ones, or else to smaller ones.
fn best_rate(recipe: &Recipe, data: &Data, updates: usize) -> Result<f32, RbmError> {
    let value = |k: usize| -> Result<f64, RbmError> {
        let Some(rbm) = recipe.train(data, RATES[k], updates, Streams::new(PILOT))? else {
            return Ok(f64::NEG_INFINITY);
        };
        let [value] = ln_p(&rbm, [&data.validation])?;
        eprintln!("pilot | {} | {updates} updates | rate {} | {value:.4}", recipe.name, RATES[k]);
        Ok(if value.is_finite() { value } else { f64::NEG_INFINITY })
    };
    // Ten steps of momentum 0.9 add up.
    let first = if recipe.rule == Rule::Sgd(Sgd) { 0.05 } else { 0.005 };
    let mut at = RATES.iter().position(|rate| *rate == first).expect("of the list");
    let mut best = value(at)?;
    for up in [true, false] {
        let first = at;
        while let Some(next) = if up { Some(at + 1).filter(|k| *k < RATES.len()) } else { at.checked_sub(1) } {
            let there = value(next)?;
            if there <= best {
                break;
            }
            (at, best) = (next, there);
        }
        if at != first {
            break;
        }
    }
    Ok(RATES[at])
}

/// The rows as Markdown, the best first.
pub fn table(data: &Data, rows: &[Row]) -> String {
    let column = |row: &Row, c: usize| student_t_error(&row.runs.iter().map(|run| run[c]).collect::<Vec<_>>());
    let mut order: Vec<&Row> = rows.iter().collect();
    order.sort_by(|a, b| column(b, 1).value.total_cmp(&column(a, 1).value));
    let seeds = rows.iter().map(|row| row.runs.len() + row.diverged).max().unwrap_or(0);
    let mut text = format!("**{}**; {} hidden units, {seeds} seeds", data.title, data.n_hidden);
    if let Some(ln_q) = data.ln_q {
        text += &format!("; mean ln q of the test samples {ln_q:.3}");
    }
    text += ".\n\n| method | rate | updates | CPU s | ln p, test | error | ln p, training |\n\
             |---|---|---|---|---|---|---|\n";
    for row in order {
        let Row { recipe, rate, updates, .. } = row;
        let [seconds, test, train] = [0, 1, 2].map(|c| column(row, c));
        let name = match (recipe.name == DEFAULT, row.diverged) {
            (true, 0) => format!("**{}**", recipe.name),
            (_, 0) => recipe.name.to_string(),
            (_, n) => format!("{} ({n} diverged)", recipe.name),
        };
        text += &format!(
            "| {name} | {rate} | {updates} | {:.2} | {:.3} | {:.3} | {:.3} |\n",
            seconds.value, test.value, test.error, train.value
        );
    }
    text
}
