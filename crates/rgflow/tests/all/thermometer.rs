//! The thermometer on collections whose temperature is known: a small torus sampled exactly.

use ndarray::{Array2, Axis, concatenate};
use rgflow::exact::transfer::Sampler;
use rgflow::flow::{Calibration, FlowError, Reading, Reference, Thermometer, probabilities};
use rgflow::lattice::Temperature;
use rgflow::learning::{Adam, Batching, Descent, Rule};
use rgflow::nn::{Activation, Cost, Data, Mlp, Targets, Training, train};
use rgflow::random::Streams;

const SIZE: usize = 4;
const PER: usize = 1000;

fn sample(t: f64, n: usize, purpose: &str, index: usize) -> Array2<i8> {
    let temperature = Temperature::new(t).expect("positive");
    let sampler = Sampler::new(SIZE, SIZE, temperature).expect("small");
    sampler.sample(n, &mut Streams::new(1).generator(purpose, index as u64)).spins
}

/// The temperatures 1, 1.5 ... 5.
fn grid() -> Vec<f64> {
    (0..9).map(|k| 1.0 + 0.5 * k as f64).collect()
}

/// A network for the temperatures of the grid.
fn network() -> Mlp {
    let streams = Streams::new(1);
    let temperatures = grid();
    let set = |name: &str| -> Vec<Array2<i8>> {
        temperatures.iter().enumerate().map(|(k, t)| sample(*t, PER, name, k)).collect()
    };
    let join = |set: Vec<Array2<i8>>| {
        let views: Vec<_> = set.iter().map(|s| s.view()).collect();
        concatenate(Axis(0), &views).expect("one width").mapv(f32::from)
    };
    let classes: Vec<usize> = (0..temperatures.len() * PER).map(|i| i / PER).collect();
    let (x, y) = (join(set("train")), join(set("test")));
    let sizes = [SIZE * SIZE, 24, temperatures.len()];
    let mlp = Mlp::random(&sizes, Activation::Tanh, Activation::Softmax, &mut streams.generator("init", 0));
    let training = Training {
        epochs: 30,
        batching: Batching::Mini { size: 100, repeats: false },
        descent: Descent::new(Rule::Adam(Adam::default()), 2e-3),
        cost: Cost::CategoricalCrossEntropy,
        patience: 5,
    };
    let data = Data { x: x.view().into(), targets: Targets::Classes(&classes) };
    let test = Data { x: y.view().into(), targets: Targets::Classes(&classes) };
    let trained = train(mlp, data, test, &training, streams.of("nn")).expect("finite");
    let (mlp, curve) = (trained.mlp, trained.curve);
    // ln 9 is what a network that knows nothing gives.
    assert!(curve.iter().any(|e| e.test_cost < 9f64.ln()));
    mlp
}

/// The network with reference and calibration sets of its own: `number` tells independent ones apart.
fn thermometer_number(mlp: &Mlp, number: usize) -> Thermometer {
    let temperatures = grid();
    let streams = Streams::new(1 + number as u64);
    let read = |t: f64, n: usize, purpose: &str, k: usize| {
        let spins = sample(t, n, &format!("{purpose}/{number}"), k);
        Reading::of(probabilities(mlp, spins.view()).unwrap().view())
    };
    let reference = temperatures.iter().enumerate().map(|(k, t)| read(*t, PER, "reference", k)).collect();
    let midpoints = temperatures.windows(2).enumerate();
    let midpoints = midpoints.map(|(k, w)| read((w[0] + w[1]) / 2.0, 2 * PER, "calibration", k)).collect();
    let reference = Reference::new(&temperatures, reference, streams).unwrap();
    Thermometer::new(mlp.clone(), reference, Calibration::new(midpoints, streams), streams).unwrap()
}

fn thermometer() -> (Vec<f64>, Thermometer) {
    (grid(), thermometer_number(&network(), 0))
}

/// Null: fresh thermal collections at 9 temperatures of the grid. Bounds: |z| < 4.5 for each T* that is no bound (p <
/// 7e-6 each) and p_thermal > 1e-5 (the gamma tail). Between temperatures, interpolation of curves adds a bias: 0.1 is
/// allowed. A mixture of T = 1 and T = 5 is not thermal (p < 1e-4). Seed 1.
#[test]
fn reads_thermal_collections_and_refuses_mixtures() {
    let (temperatures, thermometer) = thermometer();
    let mut bounds = 0;
    for (k, t) in temperatures.iter().enumerate() {
        let read = thermometer.read(&thermometer.read_spins(sample(*t, PER, "start", k).view()).unwrap());
        assert!(read.p_thermal > 1e-5, "T = {t}: p = {}", read.p_thermal);
        match read.interval {
            None => assert!(((read.value - t) / read.error).abs() < 4.5, "T = {t}: {read:?}"),
            Some([low, high]) => {
                bounds += 1;
                assert!(low.is_none_or(|l| l <= *t) && high.is_none_or(|h| h >= *t), "T = {t}: {read:?}");
            }
        }
        if k + 1 < temperatures.len() {
            let middle = t + 0.25;
            let read = thermometer.read(&thermometer.read_spins(sample(middle, PER, "middle", k).view()).unwrap());
            assert!((read.value - middle).abs() < 4.5 * read.error + 0.1, "T = {middle}: {read:?}");
        }
    }
    assert!(bounds < 4, "{bounds} of 9 temperatures are only bounded");
    let parts =
        [sample(1.0, PER, "mix", 0), sample(5.0, PER, "mix", 1)].map(|s| thermometer.read_spins(s.view()).unwrap());
    let mixture = thermometer.read(&Reading::pooled(&parts));
    assert!(mixture.p_thermal < 1e-4 && mixture.value > 1.5 && mixture.value < 4.0, "{mixture:?}");
    assert_eq!(mixture.n, 2 * PER);
}

/// The lowest temperature of the grid can only be bounded from above.
#[test]
fn an_edge_gives_a_bound() {
    let (_, thermometer) = thermometer();
    let cold = thermometer.read(&thermometer.read_spins(sample(0.5, PER, "cold", 0).view()).unwrap());
    assert!(matches!(cold.interval, Some([None, Some(high)]) if high < 1.6), "{cold:?}");
}

/// Null: the errors of T* and the p-values are right. 60 independent pairs of reference set and thermal collection at
/// T = 2 and T = 3: the sum of squared pulls is chi-square with 60 degrees of freedom (between its 1e-5 and 1 - 1e-5
/// quantiles, widened by 10 % for the bootstrap's own error), and at most 6 of 60 p-values lie below 0.01 (binomial: p
/// < 1e-4). Seed 1.
#[test]
#[ignore = "slow: ./test --full runs it"]
fn errors_and_alarms_are_honest() {
    let mlp = network();
    for t in [2.0, 3.0] {
        let (mut squares, mut alarms) = (0.0, 0);
        for number in 1..=60 {
            let thermometer = thermometer_number(&mlp, number);
            let read = thermometer.read(&thermometer.read_spins(sample(t, PER, "fresh", number).view()).unwrap());
            squares += ((read.value - t) / read.error).powi(2);
            alarms += usize::from(read.p_thermal < 0.01);
        }
        assert!((21.9..=131.0).contains(&squares), "T = {t}: sum of squared pulls {squares}");
        assert!(alarms <= 6, "T = {t}: {alarms} of 60 thermal collections are called not thermal at 1 %");
    }
}

/// T* is the minimum of KL(P || P_ref(T)), not of the reverse: a curve without any weight where the reference has some,
/// and one with weight in two places, against a brute-force search in plain f64.
#[test]
fn t_star_minimises_the_forward_divergence() {
    let temperatures = [1.0, 2.0, 3.0];
    let means = [[0.7f32, 0.2, 0.1], [0.25, 0.5, 0.25], [0.02, 0.18, 0.8]];
    let reading = |p: [f32; 3]| Reading::of(Array2::from_shape_fn((20, 3), |(_, k)| p[k]).view());
    let reference = Reference::new(&temperatures, means.map(reading).to_vec(), Streams::new(1)).unwrap();
    let curve = |t: f64| {
        let k = (t - 1.0).floor().min(1.0) as usize;
        let w = t - temperatures[k];
        let p =
            [0, 1, 2].map(|j| ((1.0 - w) * f64::from(means[k][j]).ln() + w * f64::from(means[k + 1][j]).ln()).exp());
        let sum: f64 = p.iter().sum();
        p.map(|p| p / sum)
    };
    let search = |divergence: &dyn Fn([f64; 3]) -> f64| {
        let points = (0..=20_000).map(|i| 1.0 + f64::from(i) / 10_000.0);
        points.min_by(|a, b| divergence(curve(*a)).total_cmp(&divergence(curve(*b)))).expect("some")
    };
    let kl = |p: [f64; 3], q: [f64; 3]| {
        (0..3).map(|k| if p[k] > 0.0 { p[k] * (p[k] / q[k]).ln() } else { 0.0 }).sum::<f64>()
    };
    let mut apart = 0.0f64;
    for p in [[0.5, 0.0001, 0.4999], [0.3, 0.1, 0.6], [0.45, 0.4, 0.15]] {
        let (forward, backward) = (search(&|q| kl(p, q)), search(&|q| kl(q, p)));
        let (t, left) = reference.t_star(&p);
        assert!((t - forward).abs() < 5e-3 && (left - kl(p, curve(forward))).abs() < 1e-4, "{t} against {forward}");
        apart = apart.max((forward - backward).abs());
    }
    assert!(apart > 0.1, "both directions agree here: nothing was tested");
}

/// Collections of 16,000 leave less than those of 1000, read by a reference of 1000: (1/16 + 1) / 2 = 0.53 of it on
/// average.
#[test]
fn calibration_knows_the_size_of_the_collection() {
    let (_, thermometer) = thermometer();
    let mean = |n: usize| {
        let (least, _) = thermometer.calibration.thermal(&thermometer.reference, 2.0, n);
        least.iter().sum::<f64>() / least.len() as f64
    };
    let ratio = mean(16_000) / mean(PER);
    assert!((0.35..0.75).contains(&ratio), "{ratio}");
}

/// References and thermometers whose parts do not fit one another are refused, not read.
#[test]
fn parts_that_do_not_fit_are_refused() {
    let streams = Streams::new(1);
    let reading = |n: usize, width: usize| Reading::of(Array2::from_elem((n, width), 1.0 / width as f32).view());
    let reference = |readings| Reference::new(&[1.0, 2.0, 3.0], readings, streams);
    let good = || reference(vec![reading(20, 3); 3]).unwrap();
    assert_eq!(
        Reference::new(&[1.0], vec![reading(20, 1)], streams).err(),
        Some(FlowError::Readings { temperatures: 1, readings: 1 })
    );
    assert_eq!(reference(vec![reading(20, 3); 2]).err(), Some(FlowError::Readings { temperatures: 3, readings: 2 }));
    for (wrong, found) in [(reading(20, 2), 2), (reading(0, 3), 0), (Reading::default(), 0)] {
        let seen = reference(vec![reading(20, 3), wrong, reading(20, 3)]).err();
        assert_eq!(seen, Some(FlowError::Reading { index: 1, found, expected: 3 }));
    }
    let mlp = |outputs: usize| {
        let random = &mut streams.generator("test/mlp", 0);
        Mlp::random(&[4, outputs], Activation::Tanh, Activation::Softmax, random)
    };
    let thermometer = |outputs: usize, midpoints: Vec<Reading>| {
        Thermometer::new(mlp(outputs), good(), Calibration::new(midpoints, streams), streams)
    };
    assert_eq!(thermometer(2, vec![]).err(), Some(FlowError::Outputs { outputs: 2, temperatures: 3 }));
    let one = vec![reading(20, 3)];
    assert_eq!(thermometer(3, one).err(), Some(FlowError::Midpoints { found: 1, expected: 2 }));
    let narrow = vec![reading(20, 3), reading(20, 2)];
    assert_eq!(thermometer(3, narrow).err(), Some(FlowError::Reading { index: 1, found: 2, expected: 3 }));
    let spins = Array2::<i8>::ones((5, 9));
    let wide = Some(FlowError::Spins { spins: 9, inputs: 4 });
    assert_eq!(thermometer(3, vec![]).unwrap().read_spins(spins.view()).err(), wide);
    assert_eq!(
        Reference::of_spins(&mlp(3), &[1.0, 2.0, 3.0], &[spins.clone(), spins.clone(), spins], streams).err(),
        wide
    );
}
