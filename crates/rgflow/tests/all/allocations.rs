//! Hot loops allocate nothing once they have begun, but for what the crate `gemm` packs in each real product: counted
//! by an allocator of this test's own.

use ndarray::{Array2, s};
use rgflow::lattice::{Ising, Square, Temperature, multispin, swendsen_wang, wolff};
use rgflow::learning::{Adam, Batching, Descent, Rule};
use rgflow::nn::{self, Activation, Cost, Mlp, Targets};
use rgflow::random::Streams;
use rgflow::rbm::{Annealing, Chains, Expectations, Kernel, MeanField, Method, Rbm, Rest, Trainer, Training};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    /// Allocations of this thread, so that tests side by side do not count each other's.
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: every call is handed on to the system's allocator as it came; counting touches a constant thread-local that
// neither allocates nor has a destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Allocations by 50 calls after 50 others, which may grow what is grown once.
fn allocations(mut call: impl FnMut()) -> usize {
    (0..50).for_each(|_| call());
    let before = COUNT.with(Cell::get);
    (0..50).for_each(|_| call());
    COUNT.with(Cell::get) - before
}

/// 200 samples of 30 units, spins or grey levels.
fn data(grey: f32) -> Array2<f32> {
    Array2::from_shape_fn((200, 30), |(r, i)| if (r * r + 3 * i) % 5 < 2 { grey } else { -grey })
}

#[test]
fn the_allocator_counts() {
    let mut kept = Vec::new();
    assert_eq!(allocations(|| kept.push(Box::new(1))) / 50, 1);
}

/// Allocations by 50 real products: the fields of grey levels, each of which is one.
fn of_products() -> usize {
    let rbm = Rbm::random(30, 30, 0.1, &mut Streams::new(1).generator("test/init", 0));
    let (v, mut h) = (data(0.5), Array2::zeros((200, 30)));
    allocations(|| rbm.hidden_mean(v.view(), &mut h))
}

#[test]
fn updates_of_machines_allocate_nothing() {
    let streams = Streams::new(1);
    // Grey data take the way of real numbers: four fields of two steps, those of the last means, and the gradient.
    let (large, small) = ((30, 20), (8, 4));
    for ((n, m), grey, persistent, products) in [
        (large, 1.0, false, 0),
        (large, 1.0, true, 0),
        (small, 1.0, false, 0),
        (small, 1.0, true, 0),
        (large, 0.5, false, 6),
    ] {
        let data = data(grey);
        let data = data.slice(s![.., ..n]);
        let rbm = Rbm::random(n, m, 0.1, &mut streams.generator("test/init", 0));
        let batching = Batching::Mini { size: 20, repeats: false };
        let method = if persistent { Method::Pcd } else { Method::Cd };
        let training = Training { batching, method, cd_steps: 2, ..Training::default() };
        let mut trainer = Trainer::new(rbm, data, &training, streams.of("test")).unwrap();
        let seen = allocations(|| trainer.update());
        assert_eq!(seen, products * of_products(), "{n} x {m}, data {grey}, persistent {persistent}");
    }
}

#[test]
fn updates_of_networks_allocate_nothing() {
    let streams = Streams::new(1);
    // Three products of the second layer, and two of the first unless its inputs are bits.
    for (grey, products) in [(1.0, 3), (0.5, 5)] {
        let data = data(grey);
        let classes: Vec<usize> = (0..200).map(|i| i % 4).collect();
        let mlp =
            Mlp::random(&[30, 20, 4], Activation::Tanh, Activation::Softmax, &mut streams.generator("test/init", 0));
        let training = nn::Training {
            epochs: 1,
            batching: Batching::Mini { size: 30, repeats: false },
            descent: Descent::new(Rule::Adam(Adam::default()), 0.01),
            cost: Cost::CategoricalCrossEntropy,
            patience: 0,
        };
        let data = nn::Data { x: data.view().into(), targets: Targets::Classes(&classes) };
        let mut trainer = nn::Trainer::new(mlp, data, &training, streams.of("test")).unwrap();
        assert_eq!(allocations(|| trainer.update()), products * of_products(), "data {grey}");
    }
}

#[test]
fn gibbs_steps_allocate_nothing() {
    let streams = Streams::new(1);
    let kernel = Kernel::new(&Rbm::random(30, 20, 0.1, &mut streams.generator("test/init", 0)));
    let (mut chains, mut random) = (Chains::new(&kernel, 25), streams.bulk("test/gibbs", 0));
    assert_eq!(allocations(|| chains.step(&kernel, &mut random)), 0);
}

/// Also while chains come to rest.
#[test]
fn steps_of_expectation_values_allocate_nothing() {
    let map = MeanField::new(&Rbm::random(30, 20, 0.05, &mut Streams::new(1).generator("test/init", 0)));
    for (rest, moving) in [(Rest::Never, 200), (Rest::default(), 0)] {
        let mut chains = Expectations::new(&map, data(1.0).view()).unwrap();
        assert_eq!(allocations(|| chains.step(&map, rest)), 0);
        assert_eq!(chains.moving().len(), moving);
    }
}

#[test]
fn updates_of_spins_allocate_nothing() {
    let square = Square::new(12, 12).unwrap();
    let (model, streams) = (Ising::new(&square), Streams::new(1));
    let mut random = streams.generator("test/wolff", 0);
    let mut chain = wolff::Chain::new(&model, Temperature::CRITICAL);
    assert_eq!(allocations(|| assert!(chain.flip_cluster(&mut random) > 0)), 0);
    let mut bulk = streams.bulk("test/swendsen-wang", 0);
    let mut chain = swendsen_wang::Chain::new(&model, Temperature::CRITICAL);
    assert_eq!(allocations(|| chain.update(&mut bulk)), 0);
    let temperatures = [Temperature::CRITICAL; multispin::REPLICAS];
    let mut group = multispin::Group::new(12, 12, &temperatures, streams.bulk("test/multispin", 0)).unwrap();
    assert_eq!(allocations(|| group.sweeps(3)), 0);
}

/// As many allocations for twice the temperatures.
#[test]
fn steps_of_annealing_allocate_nothing() {
    let rbm = Rbm::random(30, 20, 0.1, &mut Streams::new(1).generator("test/init", 0));
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let of = |temperatures: usize| {
        let annealing = Annealing { temperatures, chains: 100, ..Annealing::default() };
        pool.install(|| {
            let before = COUNT.with(Cell::get);
            annealing.ln_z(&rbm, Streams::new(1).of("test")).unwrap();
            COUNT.with(Cell::get) - before
        })
    };
    of(400);
    assert_eq!(of(400), of(800));
}
