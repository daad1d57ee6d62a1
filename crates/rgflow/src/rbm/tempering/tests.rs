use super::*;
use crate::random::Streams;
use crate::rbm::{IndependentUnits, Units};
use crate::statistics::chi_square_tail;

const STREAMS: &str = "test/tempering";

/// Six visible and six hidden units with two modes of unequal weight, which plain Gibbs steps hardly leave.
fn two_modes() -> Rbm {
    let random = &mut Streams::new(1).generator("test/tempering/machine", 0);
    let mut rbm = Rbm::random(6, 6, 0.3, random);
    rbm.weights.mapv_inplace(|w| w + 0.9);
    rbm.visible_bias.fill(0.1);
    rbm.hidden_bias.fill(-0.05);
    rbm
}

/// Trained by the exact gradient on two patterns and noise of them.
fn trained() -> Rbm {
    use crate::learning::{Batching, Descent, Rule, Sgd};
    use crate::rbm::{Training, train};
    use rand::RngExt;
    let streams = Streams::new(9);
    let mut random = streams.generator("test/data", 0);
    let data = Array2::from_shape_fn((600, 6), |(s, k)| {
        let up = if s % 3 == 0 { k < 3 } else { k % 2 == 0 };
        if up == (random.random::<f32>() < 0.97) { 1.0f32 } else { -1.0 }
    });
    let start = Rbm::random(6, 6, 0.05, &mut streams.generator("test/init", 0));
    let training = Training {
        updates: 4000,
        evaluate_every: 4000,
        batching: Batching::Mini { size: 60, repeats: false },
        descent: Descent::new(Rule::Sgd(Sgd), 0.1),
        ..Training::default()
    };
    train(start, data.view(), data.view(), &training, streams.of("test")).unwrap().rbm
}

fn state(v: ArrayView1<f32>) -> usize {
    v.iter().enumerate().map(|(i, v)| usize::from(*v > 0.5) << i).sum()
}

/// p-value of the counts of independent draws against a law, cells with fewer than 10 expected in one.
fn chi_square(counts: &[f64], law: &[f64]) -> f64 {
    let n: f64 = counts.iter().sum();
    let (mut chi, mut cells, mut rest) = (0.0, 0.0, (0.0, 0.0));
    for (seen, p) in counts.iter().zip(law) {
        if n * p < 10.0 {
            rest = (rest.0 + seen, rest.1 + n * p);
        } else {
            chi += (seen - n * p).powi(2) / (n * p);
            cells += 1.0;
        }
    }
    if rest.1 > 1.0 {
        chi += (rest.0 - rest.1).powi(2) / rest.1;
        cells += 1.0;
    }
    chi_square_tail(chi, cells - 1.0)
}

/// Null: the states at beta = 1 follow p(v). One state of each of 10,000 ladders: a chi-squared test of 64 states, p >
/// 1e-4, seed 1, for spins and bits with two modes and a trained machine; from the machine's own fields and from its
/// mean.
#[test]
#[ignore = "slow: ./test --full runs it"]
fn states_follow_the_exact_law() {
    let bits = two_modes().converted(Units::BINARY, Units::BINARY).unwrap().rbm;
    for (name, rbm) in [("two modes", two_modes()), ("bits", bits), ("trained", trained())] {
        let law = rbm.visible_law().unwrap().to_vec();
        let sites = rbm.visible_units().sites().unwrap();
        let often = |state: usize| (200.0 * law[state]).round() as usize;
        let rows: Vec<f32> = (0..64).flat_map(|s| sites.layer(s as u64, 6).repeat(often(s))).collect();
        let rows = Array2::from_shape_vec((rows.len() / 6, 6), rows).unwrap();
        let data = IndependentUnits::fit(rbm.visible_units(), 6, |take| rows.rows().into_iter().for_each(take));
        for reference in [Reference::Own, Reference::Data(data)] {
            let ladder = Ladder { temperatures: 5, copies: 10_000, burn_in: 160, reference };
            let tempering = Tempering::new(&rbm, &ladder, Streams::new(1).of(STREAMS)).unwrap();
            let mut counts = vec![0.0; 64];
            tempering.visible().rows().into_iter().for_each(|v| counts[state(v)] += 1.0);
            let p = chi_square(&counts, &law);
            assert!(p > 1e-4, "{name}, temperatures {:?}: p = {p:e}", tempering.betas());
        }
    }
}

/// The total variation between the states of 2000 ladders and p(v), 10^7 effective states each: of noise alone at most
/// about sqrt(64/(2 pi 10^7)) = 0.001.
#[test]
#[ignore = "slow: 10^7 effective states of each machine"]
fn the_law_is_met_to_three_in_a_thousand() {
    for (name, rbm) in [("two modes", two_modes()), ("trained", trained())] {
        let law = rbm.visible_law().unwrap().to_vec();
        let ladder = Ladder { temperatures: 5, copies: 2000, burn_in: 320, ..Ladder::default() };
        let mut tempering = Tempering::new(&rbm, &ladder, Streams::new(2).of(STREAMS)).unwrap();
        let (mut counts, mut n_eff) = (vec![0.0; 64], 0.0);
        while n_eff < 1e7 {
            let series = tempering.series(1000, |v| state(v) as f64);
            let up: Vec<Vec<f64>> =
                series.iter().map(|s| s.iter().map(|x| f64::from(u8::from(*x > 31.5))).collect()).collect();
            n_eff += correlated_mean(&up).unwrap().mean.n_eff;
            series.iter().flatten().for_each(|x| counts[*x as usize] += 1.0);
        }
        let n: f64 = counts.iter().sum();
        let tv = counts.iter().zip(&law).map(|(c, p)| (c / n - p).abs()).sum::<f64>() / 2.0;
        println!("{name}: total variation {tv:.5}, {n:.1e} states, {n_eff:.1e} effective");
        assert!(tv <= 0.003, "{name}: {tv}");
    }
}

/// ln of the probability of an exchange against free energies of the machines at both temperatures.
#[test]
fn exchanges_have_the_probability_of_detailed_balance() {
    for units in Units::examples() {
        let mut rbm = two_modes().with_units(units.clone(), Units::BINARY).unwrap();
        rbm.weights *= 0.3;
        let ladder = Ladder { temperatures: 4, copies: 3, burn_in: 64, ..Ladder::default() };
        let mut tempering = Tempering::new(&rbm, &ladder, Streams::new(1).of(STREAMS)).unwrap();
        for pair in 0..3 {
            let (states, ours) = tempering.blocks[0].seen(&tempering.family, &tempering.betas, 1, pair);
            let f = |level: usize, state: usize| {
                let machine = Reference::Own.intermediate(&rbm, tempering.betas[level]).unwrap();
                let v = Array2::from_shape_vec((1, 6), states[state].clone()).unwrap();
                machine.free_energy(v.view())[0]
            };
            let (i, j) = (pair, pair + 1);
            let exact = f(i, i) + f(j, j) - f(i, j) - f(j, i);
            assert!((ours - exact).abs() < 1e-4 * (1.0 + exact.abs()), "{units}, pair {pair}: {ours} {exact}");
        }
    }
}

/// Temperatures come to lie so that all pairs exchange alike, which even ones do not, and states go through the whole
/// ladder.
#[test]
fn temperatures_are_placed_by_acceptance() {
    let mut rbm = Rbm::random(30, 10, 0.15, &mut Streams::new(1).generator("test/init", 0));
    rbm.weights += 0.25;
    let ladder = Ladder { temperatures: 8, copies: 60, burn_in: 800, ..Ladder::default() };
    let mut tempering = Tempering::new(&rbm, &ladder, Streams::new(1).of(STREAMS)).unwrap();
    tempering.run(500);
    let (acceptance, betas) = (tempering.acceptance(), tempering.betas());
    let ends = |values: &[f64]| values.iter().fold((1.0f64, 0.0f64), |(a, b), x| (a.min(*x), b.max(*x)));
    let (least, most) = ends(&acceptance);
    assert!(most - least < 0.12 && least > 0.2, "{acceptance:?} at {betas:?}");
    assert!(betas.windows(2).all(|pair| pair[0] > pair[1]) && (betas[0], betas[7]) == (1.0, 0.0));
    assert!(tempering.round_trips() > 60, "{}", tempering.round_trips());
    assert!((tempering.barrier() - acceptance.iter().map(|a| 1.0 - a).sum::<f64>()).abs() < 1e-12);
    // Equal parts of a barrier that is all in the first interval.
    let placed = placed(&[1.0, 0.5, 0.0], &[0.2, 1.0]);
    assert!(placed[1] > 0.7 && placed[1] < 0.76, "{placed:?}");
}

#[test]
fn the_states_do_not_depend_on_threads() {
    let rbm = two_modes();
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let ladder = Ladder { temperatures: 5, copies: 40, burn_in: 64, ..Ladder::default() };
        pool.install(|| {
            let mut tempering = Tempering::new(&rbm, &ladder, Streams::new(1).of(STREAMS)).unwrap();
            let series = tempering.series(20, |v| f64::from(v.sum()));
            // The series ends with the states.
            let last: Vec<f64> = tempering.visible().rows().into_iter().map(|v| f64::from(v.sum())).collect();
            assert_eq!(series.iter().map(|s| s[19]).collect::<Vec<_>>(), last);
            (series, tempering.betas().to_vec())
        })
    };
    assert_eq!(on(1), on(3));
}

#[test]
fn settings_out_of_range_are_refused() {
    let refused = |ladder: Ladder| {
        Tempering::new(&two_modes(), &ladder, Streams::new(1).of(STREAMS)).err().expect("refused").to_string()
    };
    assert_eq!(refused(Ladder { temperatures: 1, ..Ladder::default() }), "temperatures = 1: must be 2 to 1000");
    assert_eq!(refused(Ladder { copies: 0, ..Ladder::default() }), "copies = 0: must be 1 to 1 million");
    assert_eq!(refused(Ladder { burn_in: 10, ..Ladder::default() }), "burn_in = 10: must be >= 64");
}

/// The steps of the burn-in that are told are those that are announced, and change no state; stopped on the way there
/// are no ladders.
#[test]
fn the_burn_in_is_told_and_can_be_stopped() {
    use std::ops::ControlFlow::{Break, Continue};
    use std::sync::atomic::{AtomicU64, Ordering};
    let (rbm, ladder) = (two_modes(), Ladder { temperatures: 5, copies: 40, burn_in: 100, ..Ladder::default() });
    let run = |until: u64| {
        let told = AtomicU64::new(0);
        let tick =
            |units| if told.fetch_add(units, Ordering::Relaxed) + units > until { Break(()) } else { Continue(()) };
        let ladders = Tempering::new_watched(&rbm, &ladder, Streams::new(1).of(STREAMS), &tick);
        (ladders.map(|ladders| ladders.visible()), told.into_inner())
    };
    let (found, told) = run(u64::MAX);
    let alone = Tempering::new(&rbm, &ladder, Streams::new(1).of(STREAMS)).unwrap();
    assert_eq!((found, told), (Ok(alone.visible()), ladder.work()));
    assert_eq!(run(ladder.work() / 2).0, Err(RbmError::Stopped(Stopped)));
}
