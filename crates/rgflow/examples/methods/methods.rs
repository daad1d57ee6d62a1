//! The methods that are compared, and a training by one of them.

use crate::data::Data;
use rgflow::learning::{Adam, Batching, Descent, Fall, Momentum, Rule, Sgd};
use rgflow::random::Streams;
use rgflow::rbm::{Method, Rbm, RbmError, Training, Units, train};

/// Course of the learning rate and what is kept.
#[derive(Clone, Copy, PartialEq)]
pub enum Course {
    /// Linear fall to 0 over the last half.
    Falls,
    Constant,
    /// Constant, and the machine is the mean over the last half.
    Averaged,
}

/// Hidden units that are added at a time, each time with an equal part of the updates.
#[derive(Clone, Copy, PartialEq)]
pub enum Growth {
    AllAtOnce,
    One,
    Quarter,
}

/// A way to train.
#[derive(Clone)]
pub struct Recipe {
    pub name: &'static str,
    pub method: Method,
    pub steps: usize,
    pub chains: usize,
    pub rule: Rule,
    pub course: Course,
    pub centred: bool,
    pub growth: Growth,
    /// {0, 1} data are learnt as spins.
    pub as_spins: bool,
    /// First weights in the span of this many principal components of the data; 0 = of all directions.
    pub rank: usize,
    /// `None`: the best of the pilot.
    pub rate: Option<f32>,
}

/// The default of `rgflow train rbm --method pcd`.
pub const DEFAULT: &str = "PCD-2, 1000 chains, rate 0.1 (default)";

/// All that are compared on `data`.
pub fn all(data: &Data) -> Vec<Recipe> {
    let pcd = |name, steps, chains| Recipe {
        name,
        method: Method::Pcd,
        steps,
        chains,
        rule: Rule::Sgd(Sgd),
        course: Course::Falls,
        centred: false,
        growth: Growth::AllAtOnce,
        as_spins: false,
        rank: 0,
        rate: None,
    };
    let best = |name| pcd(name, 2, 1000);
    let other = |name, method, steps| Recipe { method, ..pcd(name, steps, 0) };
    let mut all = vec![
        Recipe { rate: Some(0.1), ..best(DEFAULT) },
        Recipe { rate: Some(0.05), ..best("PCD-2, 1000 chains, rate 0.05") },
        Recipe { rate: Some(0.2), ..best("PCD-2, 1000 chains, rate 0.2") },
        best("PCD-2, 1000 chains"),
        pcd("PCD-1, 1000 chains", 1, 1000),
        pcd("PCD-10, 1000 chains", 10, 1000),
        pcd("PCD-1, 100 chains", 1, 100),
        pcd("PCD-2, 100 chains", 2, 100),
        pcd("PCD-10, 100 chains", 10, 100),
        other("CD-1", Method::Cd, 1),
        other("CD-10", Method::Cd, 10),
        other("mean-field CD-1", Method::MeanField, 1),
        Recipe { course: Course::Constant, ..best("PCD-2, 1000 chains, constant rate") },
        Recipe { course: Course::Averaged, ..best("PCD-2, 1000 chains, constant rate, mean of the last half") },
        Recipe { rule: Rule::Momentum(Momentum::default()), ..best("PCD-2, 1000 chains, momentum 0.9") },
        Recipe { rule: Rule::Adam(Adam::default()), ..best("PCD-2, 1000 chains, Adam") },
        Recipe { centred: true, ..best("PCD-2, 1000 chains, centred") },
        Recipe { centred: true, ..pcd("PCD-2, 100 chains, centred", 2, 100) },
        Recipe { growth: Growth::One, ..best("PCD-2, 1000 chains, a unit at a time") },
        Recipe { growth: Growth::Quarter, ..best("PCD-2, 1000 chains, a quarter of the units at a time") },
    ];
    for (name, method) in [
        ("PCD-1 with tempering, 10 temperatures, 100 chains", Method::Tempering),
        ("PCD-1 with trajectory tempering, 100 chains", Method::Trajectory),
    ] {
        all.push(Recipe { method, ..pcd(name, 1, 100) });
    }
    all.push(Recipe { rank: 10, ..best("PCD-2, 1000 chains, first weights of rank 10") });
    // Where an update takes milliseconds.
    if data.n_hidden <= 16 && data.n_visible <= 100 {
        all.push(other("exact gradient", Method::Exact, 1));
        all.push(Recipe { growth: Growth::One, ..other("exact gradient, a unit at a time", Method::Exact, 1) });
    }
    if !data.spins {
        all.push(Recipe { as_spins: true, ..best("PCD-2, 1000 chains, bits as spins") });
    }
    all
}

impl Recipe {
    /// Numbers of hidden units of the trainings one after the other.
    fn sizes(&self, n_hidden: usize) -> Vec<usize> {
        let step = match self.growth {
            Growth::AllAtOnce => n_hidden,
            Growth::One => 1,
            Growth::Quarter => n_hidden.div_ceil(4),
        };
        (1..=n_hidden.div_ceil(step)).map(|k| (k * step).min(n_hidden)).collect()
    }

    /// A machine of `data` after `updates` updates in all, at least one for each size; `None` where the parameters ran
    /// away.
    pub fn train(&self, data: &Data, rate: f32, updates: usize, streams: Streams) -> Result<Option<Rbm>, RbmError> {
        let units = if self.as_spins { Units::SPIN } else { data.units() };
        let mut random = streams.generator("methods/init", 0);
        let sizes = self.sizes(data.n_hidden);
        let mut machine = Rbm::random(data.n_visible, sizes[0], 0.01, &mut random).with_units(units.clone(), units)?;
        machine.fit_visible_bias(data.train.as_slice())?;
        if self.rank > 0 {
            machine = machine.with_low_rank_weights(data.train.as_slice(), self.rank, 0.01, &mut random)?;
        }
        let each = (updates / sizes.len()).max(1);
        let training = Training {
            updates: each,
            batching: Batching::Mini { size: 100, repeats: false },
            descent: Descent {
                fall: (self.course == Course::Falls).then_some(Fall { from: each as u64 / 2, until: each as u64 }),
                ..Descent::new(self.rule, rate)
            },
            cd_steps: self.steps,
            method: self.method,
            chains: self.chains,
            centred: self.centred,
            tail_average: if self.course == Course::Averaged { 0.5 } else { 0.0 },
            evaluate_every: each,
            ..Training::default()
        };
        // The one evaluation costs next to nothing.
        let shown = &data.test[..rgflow::packed::packed_len(data.n_visible)];
        for (stage, size) in sizes.into_iter().enumerate() {
            if stage > 0 {
                machine = machine.grown(size - machine.n_hidden(), 0.01, &mut random)?;
            }
            let purpose = format!("methods/{stage}");
            machine = match train(machine, data.train.as_slice(), shown, &training, streams.of(&purpose)) {
                Ok(trained) => trained.rbm,
                Err(RbmError::Diverged { .. }) => return Ok(None),
                Err(error) => return Err(error),
            };
        }
        Ok(Some(machine))
    }
}
