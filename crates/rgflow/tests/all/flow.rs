//! Flows against exact results: the stationary law of a small machine by enumeration, and the mean-field map by hand.

use ndarray::{Array2, array};
use rgflow::flow::{
    Flow, FlowError, Mode, Readout, Rest, Schedule, Starts, attractors, converged, distinct_ends, run, run_by,
};
use rgflow::lattice::{Observables, Square};
use rgflow::nn::{Activation, Mlp};
use rgflow::packed::packed;
use rgflow::random::Streams;
use rgflow::rbm::{Rbm, RbmError, Samples, Units};
use rgflow::restart::{Stopped, complete};
use std::ops::ControlFlow::{Break, Continue};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

fn machine() -> Rbm {
    let mut random = Streams::new(1).generator("test/flow", 0);
    let mut rbm = Rbm::random(9, 4, 0.4, &mut random);
    rbm.visible_bias.mapv_inplace(|_| 0.1);
    rbm
}

fn starts(per_start: usize) -> Array2<i8> {
    Array2::from_shape_fn((2 * per_start, 9), |(i, j)| if i < per_start || (i * 7 + j * 3) % 5 < 2 { 1 } else { -1 })
}

fn flow(mode: Mode, per_start: usize, steps: usize) -> rgflow::flow::Trajectory {
    let mlp =
        Mlp::random(&[9, 5, 3], Activation::Tanh, Activation::Softmax, &mut Streams::new(1).generator("test/mlp", 0));
    let square = Square::new(3, 3).expect("valid");
    let spins = starts(per_start);
    run(
        Flow { rbm: &machine(), mode, schedule: &Schedule::new(steps) },
        Readout { mlp: Some(&mlp), lattice: Some(&square) },
        Starts { values: spins.mapv(f32::from).view().into(), n_starts: 2 },
        Streams::new(1).of("test/flow"),
    )
    .expect("starts fit")
}

/// Stopped in the middle, a flow gives [`Stopped`]; that it is watched changes nothing.
#[test]
fn a_stopped_flow_gives_nothing() {
    let (rbm, spins, schedule) = (machine(), starts(500).mapv(f32::from), Schedule::new(1000));
    let (readout, stream) = (Readout::default(), Streams::new(1).of("test/flow"));
    let (all, done) = (1000 * spins.nrows() as u64, AtomicU64::new(0));
    for mode in [Mode::Mean, Mode::Gibbs] {
        let starts = || Starts { values: spins.view().into(), n_starts: 2 };
        let flow = Flow { rbm: &rbm, mode, schedule: &schedule };
        let until = |end: u64| {
            done.store(0, Relaxed);
            let tick = |n| if done.fetch_add(n, Relaxed) + n < end { Continue(()) } else { Break(()) };
            run_by(flow, readout, starts(), stream, &|_, work| complete(work, &tick))
        };
        assert_eq!(until(all / 2).err(), Some(FlowError::Stopped(Stopped)));
        assert!(done.load(Relaxed) < all);
        let whole = until(u64::MAX).unwrap();
        assert_eq!(done.load(Relaxed), all);
        let unwatched = run(flow, readout, starts(), stream).unwrap();
        assert_eq!(format!("{whole:?}"), format!("{unwatched:?}"));
    }
}

/// Starts and readers that do not fit the machine are refused by name, before any step.
#[test]
fn what_does_not_fit_the_machine_is_refused() {
    let rbm = machine();
    let mlp = |n| Mlp::random(&[n, 3], Activation::Tanh, Activation::Softmax, &mut Streams::new(1).generator("t", 0));
    let follow = |rbm: &Rbm, readout: Readout, values: Array2<f32>, n_starts: usize| {
        let flow = Flow { rbm, mode: Mode::Mean, schedule: &Schedule::new(2) };
        run(flow, readout, Starts { values: values.view().into(), n_starts }, Streams::new(1).of("t"))
            .expect_err("does not fit")
    };
    let ones = Array2::ones((6, 9));
    assert!(matches!(
        follow(&rbm, Readout::default(), Array2::ones((6, 8)), 2),
        FlowError::Machine(RbmError::Shape { expected: 9, found: 8, .. })
    ));
    for (chains, n_starts) in [(6, 4), (6, 0), (6, 7)] {
        assert_eq!(follow(&rbm, Readout::default(), ones.clone(), n_starts), FlowError::Starts { chains, n_starts });
    }
    let (mlp, square) = (mlp(8), Square::new(2, 4).unwrap());
    let lattice = Readout { lattice: Some(&square), ..Readout::default() };
    for (readout, part) in [(Readout::network(&mlp), "the network has 8 inputs"), (lattice, "the lattice has 8 sites")]
    {
        let error = follow(&rbm, readout, ones.clone(), 2).to_string();
        assert!(error.contains(part) && error.contains("9 visible units"), "{error}");
    }
    let square = Square::new(3, 3).unwrap();
    let bits = rbm.with_units(Units::BINARY, Units::BINARY).unwrap();
    let error = follow(&bits, Readout { lattice: Some(&square), ..Readout::default() }, ones, 2).to_string();
    assert!(error.contains("spins (-1, +1)"), "{error}");
}

/// The same flow from packed bits and from their values: equal at every record, of expectation values and of states.
#[test]
fn starts_are_bits_or_values() {
    let spins = starts(500);
    let (bits, values) = (packed(spins.view()), spins.mapv(f32::from));
    for mode in [Mode::Mean, Mode::Gibbs] {
        let follow = |values: Samples| {
            let flow = Flow { rbm: &machine(), mode, schedule: &Schedule::new(20) };
            let (readout, stream) = (Readout::default(), Streams::new(1).of("test/flow"));
            run(flow, readout, Starts { values, n_starts: 2 }, stream).expect("starts fit")
        };
        let [of_bits, of_values] = [follow(bits.as_slice().into()), follow(values.view().into())];
        assert_eq!(of_bits.values, of_values.values);
        for (a, b) in of_bits.moments.iter().zip(&of_values.moments) {
            assert_eq!(a.distance, b.distance, "step {}", a.step);
        }
        assert_eq!(of_bits.moments[0].distance, array![0.0, 0.0].to_vec());
    }
}

/// Null: after 60 steps the chains follow p(v) ~ exp(-F(v)). E and |m| of both starts against enumeration of the 512
/// states with 10,000 chains each: four z-scores below 4.5 (p < 3e-5), seed 1.
#[test]
fn the_gibbs_flow_ends_in_the_stationary_law() {
    let rbm = machine();
    let all = Array2::from_shape_fn((512, 9), |(s, i)| if s >> i & 1 == 1 { 1i8 } else { -1 });
    let free = rbm.free_energy(all.mapv(f32::from).view());
    let weight: Vec<f64> = free.iter().map(|f| (-f).exp()).collect();
    let z: f64 = weight.iter().sum();
    assert!((z.ln() - rbm.ln_z().expect("small")).abs() < 1e-9);
    let seen = Observables::measure(&Square::new(3, 3).expect("valid"), all.view()).expect("fits");
    let mean = |values: &[f64]| values.iter().zip(&weight).map(|(x, w)| x * w / z).sum::<f64>();
    let (energy, abs_m) = (mean(&seen.energy), mean(&seen.abs_m));
    let trajectory = flow(Mode::Gibbs, 10_000, 60);
    let end = trajectory.moments.last().expect("recorded");
    for start in 0..2 {
        let z_energy = (end.energy[start] - energy) / end.energy_error[start];
        let z_abs_m = (end.abs_m[start] - abs_m) / end.abs_m_error[start];
        assert!(z_energy.abs() < 4.5 && z_abs_m.abs() < 4.5, "start {start}: z = {z_energy}, {z_abs_m}");
        assert!(converged(&trajectory.windows[start]));
    }
    // The start was far from it: the test can fail.
    let first = &trajectory.moments[0];
    assert!(((first.energy[0] - energy) / first.energy_error[1]).abs() > 20.0);
    assert_eq!(distinct_ends(end).count, 1);
}

/// The mean-field flow is the map of thesis eqs 4.1.1-4.1.2, here iterated in f64.
#[test]
fn the_mean_field_flow_is_the_map() {
    let rbm = machine();
    let trajectory = flow(Mode::Mean, 300, 8);
    let spins = starts(300);
    for row in [0, 299, 300, 555] {
        let mut v: Vec<f64> = spins.row(row).iter().map(|s| f64::from(*s)).collect();
        for _ in 0..8 {
            let h: Vec<f64> = (0..4)
                .map(|a| {
                    let z: f64 = (0..9).map(|i| v[i] * f64::from(rbm.weights[[i, a]])).sum();
                    (z + f64::from(rbm.hidden_bias[a])).tanh()
                })
                .collect();
            v = (0..9)
                .map(|i| {
                    let z: f64 = (0..4).map(|a| h[a] * f64::from(rbm.weights[[i, a]])).sum();
                    (z + f64::from(rbm.visible_bias[i])).tanh()
                })
                .collect();
        }
        for (ours, exact) in trajectory.values.row(row).iter().zip(&v) {
            assert!((f64::from(*ours) - exact).abs() < 1e-5, "row {row}: {ours} against {exact}");
        }
    }
    assert_eq!(attractors(array![[1.0f32, 1.0], [1.0, 1.0]].view(), 2).weight, array![[1.0, 1.0]]);
}

/// Chains at rest keep their places and their values: each within the tolerance of itself when all steps are made, at
/// every record, with several attractors and several numbers of groups. The tolerance matters: a loose one is seen.
#[test]
fn chains_rest_within_the_tolerance() {
    let mut random = Streams::new(3).generator("test/rest", 0);
    let rbm = Rbm::random(40, 12, 0.3, &mut random);
    let spins = Array2::from_shape_fn((700, 40), |(i, j)| if (i * i + 7 * j + i * j) % 11 < 5 { 1.0f32 } else { -1.0 });
    let follow = |rest| {
        run(
            Flow { rbm: &rbm, mode: Mode::Mean, schedule: &Schedule { rest, ..Schedule::new(300) } },
            Readout::default(),
            Starts { values: spins.view().into(), n_starts: 2 },
            Streams::new(1).of("test/flow"),
        )
        .expect("starts fit")
    };
    let apart = |a: &Array2<f32>, b: &Array2<f32>| a.iter().zip(b).fold(0.0f32, |most, (a, b)| most.max((a - b).abs()));
    let all = follow(Rest::Never);
    let rested = follow(Rest::default());
    assert_eq!((all.at_rest, rested.at_rest), (0.0, 1.0));
    assert!(attractors(all.values.view(), 2).centres.nrows() > 1, "one attractor: places were not tested");
    assert!(apart(&all.values, &rested.values) < 1e-5);
    for (a, b) in all.moments.iter().zip(&rested.moments) {
        assert!(apart(&a.example, &b.example) < 1e-5, "step {}", a.step);
        assert!(a.distance.iter().zip(&b.distance).all(|(a, b)| (a - b).abs() < 2e-5), "step {}", a.step);
    }
    // A flow that is cut short has not come to rest.
    let short = run(
        Flow { rbm: &rbm, mode: Mode::Mean, schedule: &Schedule::new(2) },
        Readout::default(),
        Starts { values: spins.view().into(), n_starts: 2 },
        Streams::new(1).of("test/flow"),
    );
    assert_eq!(short.expect("starts fit").at_rest, 0.0);
    let loose = apart(&all.values, &follow(Rest::Within(0.5)).values);
    assert!(loose > 1e-3, "{loose}");
}

/// Null: spins are drawn with P(+1) = (1 + <v>)/2. The sums of (s - <v>) and of <v> (s - <v>) over 5400 units are
/// normal: |z| < 4.5 (p < 2e-5), seed 1.
#[test]
fn spins_are_drawn_from_the_expectation_values() {
    let trajectory = flow(Mode::Mean, 300, 8);
    for power in [0, 1] {
        let (mut sum, mut variance) = (0.0, 0.0);
        for (s, v) in trajectory.spins.iter().zip(&trajectory.values) {
            let (s, v) = (f64::from(*s), f64::from(*v));
            sum += v.powi(power) * (s - v);
            variance += v.powi(2 * power) * (1.0 - v * v);
        }
        assert!((sum / variance.sqrt()).abs() < 4.5, "power {power}: z = {}", sum / variance.sqrt());
    }
    assert!(trajectory.values.iter().any(|v| v.abs() < 0.9), "all units are nearly certain: nothing was tested");
}

/// Same bytes for 1 and 3 threads.
#[test]
fn threads_do_not_matter() {
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| [Mode::Gibbs, Mode::Mean].map(|mode| flow(mode, 700, 20)))
    };
    for (one, three) in with(1).iter().zip(&with(3)) {
        assert_eq!((&one.values, &one.spins), (&three.values, &three.spins));
        for (a, b) in one.moments.iter().zip(&three.moments) {
            assert_eq!((&a.probability, &a.energy), (&b.probability, &b.energy));
        }
    }
}
