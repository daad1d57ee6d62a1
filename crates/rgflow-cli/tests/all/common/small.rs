//! Every recipe, small.

use crate::common::ising_2d;
use std::path::Path;
use std::sync::OnceLock;

/// Experiments with settings that make them small, and with their number of seeds.
pub const SMALL: &[(&str, &[&[&str]])] = &[
    (
        "toolbox",
        &[&[
            "data.size=4",
            "data.train=40",
            "data.test=40",
            "neuron.epochs=3",
            "neuron.batch=40",
            "optimisers.hidden=4",
            "optimisers.epochs=3",
            "stopping.hidden=8",
            "stopping.train=10",
            "stopping.epochs=5",
            "boltzmann.samples=100",
            "boltzmann.updates=5",
            "boltzmann.chains=10",
            "boltzmann.sweeps=2",
            "generator.updates=20",
            "generator.chains=10",
            "generator.steps=20",
            "generator.burn_in=5",
        ]],
    ),
    ("exact-rg", &[&["decimation.steps=3", "series.size=9", "duality.size=16", "trg.chi=[4]"]]),
    (
        "ising-1d",
        &[&[
            "chain.spins=4",
            "chain.t_max=2",
            "chain.t_step=0.5",
            "chain.per_temperature=40",
            "thermometer.hidden=4",
            "thermometer.batch=20",
            "thermometer.epochs=3",
            "rbm.hidden=2",
            "rbm.batch=20",
            "rbm.epochs=2",
            "rbm.snapshots=[1, 2]",
            "flow.doublings=3",
            "objectives.updates=20",
            "penalties.strengths=[0.01]",
        ]],
    ),
    ("ising-2d", &[ising_2d::SMALL]),
    (
        "maps",
        &[
            SHARED_2D,
            &[
                "lattice.size=4",
                "rbm.hidden=4",
                "maps.epochs=[1, 2]",
                "maps.learning_rates=[0.01, 0.1]",
                "maps.hidden=[2, 4]",
                "maps.cd_steps=[1, 2]",
                "maps.at=2",
            ],
        ],
    ),
    (
        "mnist",
        &[
            DIGITS,
            &[
                "training.epochs=2",
                "sets.many=2",
                "sets.few=1",
                "sets.noisy=2",
                "tsne.images=50",
                "tsne.components=5",
                "tsne.perplexity=5.0",
                "tsne.epochs=5",
                "flow.steps=[2, 4]",
                "flow.mean_steps=[2, 8]",
            ],
        ],
    ),
    (
        "mnist-maps",
        &[
            DIGITS,
            &[
                "flow.steps=[4]",
                "flow.mean_steps=[8]",
                "maps.epochs=[1, 2]",
                "maps.learning_rates=[0.01, 0.1]",
                "maps.mixtures=[0, 2]",
            ],
        ],
    ),
    ("sizes", &[SHARED_2D, &["rbm.epochs=2", "sizes.sizes=[4, 14]", "sizes.peak=1000"]]),
    (
        "neural-rg",
        &[&[
            "lattices.n16=800",
            "lattices.n32=800",
            "lattices.n48=400",
            "lattices.n64=800",
            "lattices.n96=400",
            "lattices.n128=400",
            "lattices.chains=4",
            "lattices.burn_in=5",
            "networks.trainings=2",
            "networks.n_beta=2",
            "networks.per_beta=30",
            "networks.per_beta_few=10",
            "networks.test=20",
            "networks.hidden=4",
            "networks.batch=20",
            "networks.epochs=3",
            "networks.local_epochs=3",
            "figures.samples=400",
            "figures.points=5",
        ]],
    ),
    (
        "mcrg",
        &[&[
            "mcrg.size=16",
            "mcrg.samples=640",
            "mcrg.soft_samples=320",
            "mcrg.blocks=32",
            "mcrg.rules=[\"majority\", \"soft:0.5\"]",
        ]],
    ),
    (
        "finite-size-scaling",
        &[&[
            "finite_size.sizes=[4, 8, 16]",
            "finite_size.temperatures=5",
            "finite_size.samples=1200",
            "finite_size.burn_in=10",
            "classifier.wrong_reach=1.0",
            "classifier.inputs=4",
            "classifier.per_temperature=10",
            "classifier.epochs=5",
        ]],
    ),
    (
        "ashkin-teller",
        &[
            SHARED_2D,
            &[
                "lattice.size=4",
                "rbm.hidden=4",
                "rbm.epochs=2",
                "ashkin_teller.crossing_sizes=[4, 8]",
                "ashkin_teller.crossing_samples=200",
                "ashkin_teller.crossing_step=0.5",
            ],
        ],
    ),
    (
        "sparse",
        &[
            SHARED_2D,
            &["lattice.size=4", "rbm.hidden=4", "sparse.each=20", "sparse.caps=[1, 2]", "sparse.noise=[0.1, 0.5]"],
        ],
    ),
    (
        "ladder",
        &[
            SHARED_2D,
            &[
                "lattice.size=5",
                "ladder.samples=140",
                "ladder.ring=[2]",
                "ladder.small=[2, 3]",
                "ladder.units=[2, 4]",
                "ladder.wide=6",
                "ladder.exact=2",
                "ladder.cd_steps=[1, 2]",
                "ladder.below_t=1.0",
                "ladder.below_top=1.0",
                "ladder.below_scale=0.3",
                "ladder.above_t=4.0",
                "ladder.above_from=4.0",
                "ladder.updates_exact=20",
                "ladder.updates=40",
                "ladder.batch=20",
                "ladder.chains=20",
                "ladder.starts_exact=2",
            ],
        ],
    ),
    ("windows", &[SHARED_2D, &["lattice.size=4", "rbm.hidden=4", "windows.tops=[2, 8]", "windows.epochs=[1, 2]"]]),
];

/// Settings that all experiments on the 2D model share.
const SHARED_2D: &[&str] = &[
    "samples.per_temperature=60",
    "samples.t_step=1.0",
    "samples.calibration=40",
    "thermometer.epochs=5",
    "rbm.batch=20",
    "flow.steps=16",
    "flow.chains=20",
];

/// Small settings of the experiments on digits.
const DIGITS: &[&str] = &[
    "data.per_digit=8",
    "classifier.hidden=[8]",
    "classifier.batch=10",
    "classifier.epochs=2",
    "rbm.hidden=4",
    "rbm.batch=8",
    "flow.chains=5",
    "flow.permutations=100",
];

/// Four files in the format of MNIST: 20 training and 6 test images of each digit, 6 x 6, a bar whose place is the
/// digit.
pub fn digits() -> &'static Path {
    static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir().expect("temporary folder");
        let mnist = folder.path().join("mnist");
        std::fs::create_dir(&mnist).expect("a folder");
        for (part, each) in [("train", 20u8), ("t10k", 6)] {
            let n = 10 * each;
            let pixel =
                |i: usize, j: usize| if j % 6 == (i % 10) / 2 { 250 } else { (7 * i + 11 * j + i % 10) as u8 % 60 };
            let grey: Vec<u8> = (0..usize::from(n)).flat_map(|i| (0..36).map(move |j| pixel(i, j))).collect();
            let images = [&[0, 0, 8, 3, 0, 0, 0, n, 0, 0, 0, 6, 0, 0, 0, 6][..], &grey].concat();
            let labels = [&[0, 0, 8, 1, 0, 0, 0, n][..], &(0..n).map(|i| i % 10).collect::<Vec<_>>()].concat();
            std::fs::write(mnist.join(format!("{part}-images-idx3-ubyte")), images).expect("written");
            std::fs::write(mnist.join(format!("{part}-labels-idx1-ubyte")), labels).expect("written");
        }
        folder
    });
    folder.path()
}
