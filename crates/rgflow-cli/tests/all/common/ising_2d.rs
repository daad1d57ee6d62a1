//! The study of the 2D model, small.

/// The whole study in well under a second.
pub const SMALL: &[&str] = &[
    "lattice.size=4",
    "samples.per_temperature=60",
    "samples.t_step=1.0",
    "samples.calibration=40",
    "thermometer.epochs=5",
    "rbm.hidden=4",
    "rbm.epochs=3",
    "rbm.batch=20",
    "rbm.snapshot_epochs=[1, 2]",
    "beside.updates=40",
    "beside.chains=20",
    "rg.twice_per_temperature=20",
    "flow.steps=16",
    "flow.chains=20",
    "flow.control_steps=8",
    "flow.snapshot_steps=8",
    "flow.snapshot_chains=20",
];
