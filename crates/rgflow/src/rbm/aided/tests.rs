use crate::learning::{Adam, Batching, Descent, Fall, Rule, Sgd};
use crate::random::Streams;
use crate::rbm::{Fit, Method, Rbm, Trainer, Training};
use crate::restart::{Resumable, whole_and_in_parts};
use ndarray::Array2;
use rand::RngExt;

const UPDATES: usize = 3000;

/// Three patterns of 16 spins, 8 spins apart from each other, with the weights 6 : 3 : 1, each spin flipped with
/// probability 0.02.
fn patterns(n: usize) -> Array2<f32> {
    let mut random = Streams::new(5).generator("test/patterns", 0);
    let up = |pattern: usize, i: usize| [i < 8, i % 8 < 4, i % 4 < 2][pattern];
    let mut data = Array2::zeros((n, 16));
    for mut row in data.rows_mut() {
        let pattern = [0, 0, 0, 0, 0, 0, 1, 1, 1, 2][random.random_range(0..10usize)];
        row.iter_mut().enumerate().for_each(|(i, v)| {
            *v = if up(pattern, i) == random.random_bool(0.98) { 1.0 } else { -1.0 };
        });
    }
    data
}

fn training(method: Method, updates: usize) -> Training {
    let fall = Some(Fall { from: updates as u64 / 2, until: updates as u64 });
    Training {
        updates,
        batching: Batching::Mini { size: 100, repeats: false },
        descent: Descent { fall, ..Descent::new(Rule::Sgd(Sgd), 0.05) },
        method,
        chains: 1000,
        temperatures: 8,
        evaluate_every: updates,
        ..Training::default()
    }
}

fn start() -> Rbm {
    Rbm::random(16, 6, 0.01, &mut Streams::new(1).generator("test/init", 0))
}

/// The chains of the negative phase have the machine's own moments at the end of a training: mean z^2 of these in their
/// errors. Null: chains are independent draws of the machine's law, and each of the 118 z^2 has the mean 1; their mean
/// is below 2 but for p < 1e-3 even if the parameters were only 40 independent ones (chi^2 with 40 degrees of freedom
/// above 80: p = 2e-4; with 118 above 236: 1e-9). The machines have three modes, between which persistent chains of
/// single steps do not move: the weights of their modes are not those of the machine.
#[test]
#[ignore = "slow: ./test --full runs it"]
fn aided_chains_have_the_moments_of_a_machine_of_several_modes() {
    let data = patterns(2000);
    let seen = |method: Method| {
        let mut trainer =
            Trainer::new(start(), data.view(), &training(method, UPDATES), Streams::new(3).of("test/aided")).unwrap();
        (0..UPDATES).for_each(|_| trainer.update());
        let (rbm, chains) = (trainer.rbm(), trainer.chains().unwrap());
        let test = rbm.gradient_test(chains.view(), &rbm.moments().unwrap()).unwrap();
        let ln_p = rbm.log_likelihood(data.view(), rbm.ln_z().unwrap()).value;
        (test.mean_square, ln_p)
    };
    let (tempering, trajectory, alone) = (seen(Method::Tempering), seen(Method::Trajectory), seen(Method::Pcd));
    println!("tempering {tempering:?}, trajectory {trajectory:?}, pcd {alone:?}");
    assert!(tempering.0 < 2.0 && trajectory.0 < 2.0, "{tempering:?} {trajectory:?}");
    assert!(
        alone.0 > 10.0 && tempering.1 > alone.1 && trajectory.1 > alone.1,
        "{alone:?} {tempering:?} {trajectory:?}"
    );
}

/// A machine of four units, trained by the exact gradient to the three modes of `data`.
fn trained(data: &Array2<f32>) -> Rbm {
    let training =
        Training { descent: Descent::new(Rule::Adam(Adam::default()), 0.02), ..training(Method::Exact, 1000) };
    let start = Rbm::random(16, 4, 0.01, &mut Streams::new(1).generator("test/trained", 0));
    let mut trainer = Trainer::new(start, data.view(), &training, Streams::new(3).of("test/trained")).unwrap();
    (0..1000).for_each(|_| trainer.update());
    trainer.rbm()
}

/// Where a trained machine grows, its chains have its moments from the first update on: the null and its bound are those
/// of the test above.
#[test]
fn chains_of_a_trained_machine_begin_with_its_moments() {
    let data = patterns(2000);
    let grown = trained(&data).grown(2, 0.01, &mut Streams::new(2).generator("test/grown", 0)).unwrap();
    for method in [Method::Tempering, Method::Trajectory] {
        let still = Training { descent: Descent::new(Rule::Sgd(Sgd), 1e-9), ..training(method, 10) };
        let mut trainer = Trainer::new(grown.clone(), data.view(), &still, Streams::new(3).of("test/grown")).unwrap();
        trainer.update();
        let (rbm, chains) = (trainer.rbm(), trainer.chains().unwrap());
        let test = rbm.gradient_test(chains.view(), &rbm.moments().unwrap()).unwrap();
        assert!(test.mean_square < 2.0, "{method}: {test:?}");
    }
}

/// Left after any part and taken up by another, a training ends with the same machine, for any number of threads.
#[test]
fn a_training_left_anywhere_goes_on() {
    let data = patterns(300);
    let grown = trained(&data).grown(2, 0.01, &mut Streams::new(2).generator("test/grown", 0)).unwrap();
    let cases = [(Method::Tempering, start()), (Method::Trajectory, start()), (Method::Trajectory, grown)];
    for (method, start) in cases {
        let training = Training { chains: 70, evaluate_every: 50, ..training(method, 250) };
        let (view, streams) = (data.view(), Streams::new(3));
        let fit = || Fit::new(start.clone(), view, view, &training, streams.of("test/aided")).unwrap();
        let [whole, parts] = whole_and_in_parts(fit).map(|fit| fit.finish().unwrap().rbm);
        assert!(parts == whole, "{method}");
        let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let alone = one.install(|| {
            let mut alone = fit();
            while alone.advance() {}
            alone.finish().unwrap().rbm
        });
        assert!(alone == whole, "{method}");
    }
}

#[test]
fn numbers_of_machines_are_checked() {
    let data = patterns(300);
    for method in [Method::Tempering, Method::Trajectory] {
        let training = Training { temperatures: 1, ..training(method, 10) };
        let error = Trainer::new(start(), data.view(), &training, Streams::new(3).of("test/aided")).err().unwrap();
        assert_eq!(error.to_string(), "temperatures = 1: must be 2 to 1000");
    }
}
