//! Whether collapses of the square lattice find T_c, nu and exponents within their errors:
//! `cargo run --example collapse_calibration [seeds]`.
//!
//! L = 8, 12, 16, 24 at eight temperatures about T_c, 2000 configurations each, of independent seeds; U4, |m| and chi,
//! without and with a correction L^{-7/4}. z is the distance from Onsager's T_c, nu = 1, beta/nu = 1/8 and gamma/nu =
//! 7/4 in errors: those that are quoted (with the spread over window, degree and omega), and in brackets the
//! statistical ones.

use rgflow::lattice::{ChainLength, Ising, Observables, Square, Temperature, wolff};
use rgflow::random::Streams;
use rgflow::scaling::{Master, Point, collapse, spread};

const BLOCKS: usize = 50;

/// |m| of one size and temperature.
fn abs_m(size: usize, t: f64, n: usize, seed: u64) -> Vec<f64> {
    let square = Square::new(size, size).unwrap();
    let mut rng = Streams::new(seed).generator("calibration/collapse", (size * 10_000) as u64 + (1000.0 * t) as u64);
    let chain = ChainLength::in_spacings(1, 30, 2.0);
    let seen = wolff::sample(&Ising::new(&square), Temperature::new(t).unwrap(), n, &chain, &mut rng).unwrap();
    Observables::measure(&square, seen.spins.view()).unwrap().abs_m.to_vec()
}

/// U4, |m| and chi from all and without each block.
fn quantities(m: &[f64], n_sites: f64, t: f64) -> [Vec<f64>; 3] {
    let n = m.len();
    let rows = (0..=BLOCKS).map(|b| {
        let kept = m.iter().enumerate().filter(|(i, _)| i * BLOCKS / n + 1 != b);
        let s = kept.fold([0.0; 4], |s, (_, m)| [s[0] + 1.0, s[1] + m, s[2] + m * m, s[3] + m.powi(4)]);
        let [m1, m2, m4] = [s[1] / s[0], s[2] / s[0], s[3] / s[0]];
        [1.0 - m4 / (3.0 * m2 * m2), m1, n_sites * (m2 - m1 * m1) / t]
    });
    let rows: Vec<[f64; 3]> = rows.collect();
    [0, 1, 2].map(|q| rows.iter().map(|r| r[q]).collect())
}

/// Size, temperature, and what was measured there.
type Sample = (usize, f64, [Vec<f64>; 3]);

fn main() {
    let seeds: u64 = std::env::args().nth(1).map_or(40, |a| a.parse().unwrap());
    let t_c = Temperature::CRITICAL.value();
    let data: Vec<Vec<Sample>> = (0..seeds)
        .map(|seed| {
            let at = |size: usize, k: usize| {
                let t = 2.1 + 0.05 * k as f64;
                (size, t, quantities(&abs_m(size, t, 2000, seed), (size * size) as f64, t))
            };
            [8, 12, 16, 24].iter().flat_map(|size| (0..8).map(move |k| at(*size, k))).collect()
        })
        .collect();
    println!(
        "{:<8} {:>5} {:>8} {:>5} {:>8} {:>22} {:>22} {:>22}",
        "of", "omega", "accepted", "flat", "chi2/dof", "|z| > 3 in %", "largest |z|", "mean error of nu"
    );
    for (q, name, a) in [(0, "U4", 0.0), (1, "|m|", -0.125), (2, "chi", 1.75)] {
        for omega in [None, Some(1.75)] {
            let master = Master { degree: 3, window: 2.0, start: [t_c, 1.0, a], fit_a: q > 0, omega };
            let (mut accepted, mut flat, mut z, mut bare, mut chi, mut errors) =
                (0, 0, Vec::new(), Vec::new(), 0.0, [0.0; 2]);
            for (seed, data) in data.iter().enumerate() {
                let points: Vec<Point> =
                    data.iter().map(|(size, t, v)| Point { size: *size, t: *t, values: v[q].clone() }).collect();
                let seen = match collapse(&points, &master) {
                    Ok(seen) => seen,
                    Err(why) => {
                        println!("  seed {seed}: {why}");
                        continue;
                    }
                };
                accepted += 1;
                flat += usize::from(seen.flat);
                chi += seen.chi2 / seen.dof as f64;
                let total = spread(&points, &master, &seen).total(&seen);
                let truth = [t_c, 1.0, a];
                errors = [errors[0] + total[1].error, errors[1] + seen.nu.error];
                for (k, (own, statistical)) in total.iter().zip([seen.t_c, seen.nu, seen.a]).enumerate() {
                    if k < 2 || q > 0 {
                        z.push(((own.value - truth[k]) / own.error).abs());
                        bare.push(((own.value - truth[k]) / statistical.error).abs());
                    }
                }
            }
            let share =
                |z: &[f64]| 100.0 * z.iter().filter(|z| z.is_nan() || **z > 3.0).count() as f64 / z.len().max(1) as f64;
            let most = |z: &[f64]| z.iter().copied().fold(0.0, f64::max);
            let n = f64::from(accepted).max(1.0);
            println!(
                "{name:<8} {:>5} {:>8} {flat:>5} {:>8.2} {:>22} {:>22} {:>22}",
                omega.map_or("-".into(), |w| format!("{w}")),
                format!("{accepted}/{seeds}"),
                chi / n,
                format!("{:.1} ({:.1})", share(&z), share(&bare)),
                format!("{:.1} ({:.1})", most(&z), most(&bare)),
                format!("{:.3} ({:.3})", errors[0] / n, errors[1] / n),
            );
        }
    }
}
