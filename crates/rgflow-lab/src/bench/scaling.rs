//! Speed against size: spin flips against the lattice, updates of an RBM against hidden units and batch, both against
//! threads. Rates are the stated work per nanosecond: attempted flips, or multiply-adds of the five products of CD-1.

use super::harness::{Case, Report};
use crate::artifact::Error;
use crate::record::{Axis, Curve, Figure, Panel, Scale, Style};
use ndarray::Array2;
use rayon::prelude::*;
use rgflow::cpu;
use rgflow::lattice::Temperature;
use rgflow::lattice::multispin::{Group, REPLICAS};
use rgflow::learning::{Batching, Descent, Rule, Sgd};
use rgflow::random::Streams;
use rgflow::rbm::{Rbm, Trainer, Training};
use serde_json::json;

/// Visible units: one per pixel of an MNIST image.
const VISIBLE: usize = 784;

/// The panels: the varied quantity, its axis, the rate.
const PANELS: [(&str, &str, &str); 4] = [
    ("lattice", "L", "flips per ns"),
    ("hidden", "hidden units", "multiply-adds per ns"),
    ("batch", "batch", "multiply-adds per ns"),
    ("threads", "threads", "flips per ns"),
];

pub(super) fn run(report: &mut Report) -> Result<(), Error> {
    let quick = report.options.quick;
    let up_to = |most: usize| if quick { 16 } else { most };
    for l in powers(8, up_to(1024)) {
        flips(report, &format!("scaling/lattice/{l}"), l, 1)?;
    }
    for m in powers(8, up_to(1024)) {
        updates(report, &format!("scaling/hidden/{m}"), m, 100)?;
    }
    for batch in powers(8, up_to(1024)) {
        updates(report, &format!("scaling/batch/{batch}"), 500, batch)?;
    }
    for threads in powers(1, report.options.threads) {
        flips(report, &format!("scaling/threads/{threads}"), 64, threads)?;
    }
    Ok(())
}

/// Curves of the records.
pub(super) fn figure(report: &Report) -> Figure {
    let panel = |(what, axis, rate): (&str, &str, &str)| {
        let points: Vec<(f64, f64)> = report
            .best_rates()
            .filter_map(|(key, rate)| Some((key.strip_prefix(&format!("scaling/{what}/"))?.parse().ok()?, rate)))
            .collect();
        let [x, y]: [Vec<f64>; 2] = [0, 1].map(|k| points.iter().map(|p| [p.0, p.1 * 1e-9][k]).collect());
        let top = 1.05 * y.iter().copied().fold(1.0, f64::max);
        let scale = if what == "threads" { Scale::Linear } else { Scale::Log };
        Panel::Curves {
            title: format!("{rate} against {axis}"),
            x: Axis { label: axis.into(), scale, ..Axis::default() },
            y: Axis::new(rate).limits(0.0, top),
            curves: vec![Curve {
                label: cpu::path().name().into(),
                x,
                y,
                style: Style::LinePoints,
                ..Curve::default()
            }],
        }
    };
    Figure {
        id: "scaling".into(),
        title: "Speed against size".into(),
        caption: "Metropolis at T = 2.269 with 512 replicas a thread; CD-1 of a machine with 784 visible units, \
            batches of 100, and of 784 x 500 against the batch. Best of the timed calls."
            .into(),
        alt: "Four curves: rates of flips and of multiply-adds against lattice size, hidden units, batch and threads."
            .into(),
        panels: PANELS.map(panel).into(),
    }
}

fn powers(from: usize, to: usize) -> impl Iterator<Item = usize> {
    std::iter::successors(Some(from), |n| Some(2 * n)).take_while(move |n| *n <= to)
}

fn flips(report: &mut Report, key: &str, l: usize, threads: usize) -> Result<(), Error> {
    if !report.wanted(key, "rgflow") {
        return Ok(());
    }
    let temperature = Temperature::new(2.269)?;
    let group = |g| Group::new(l, l, &[temperature; REPLICAS], Streams::new(1).bulk("bench/scaling", g));
    let mut groups = (0..threads as u64).map(group).collect::<Result<Vec<_>, _>>()?;
    let pool =
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().map_err(|e| Error::failure(e.to_string()))?;
    let mut sweeps = |n: usize| pool.install(|| groups.par_iter_mut().for_each(|g| g.sweeps(n)));
    let n = report.calls_for_budget(&mut sweeps);
    let case = Case { key, implementation: "rgflow", work: (n * threads * REPLICAS * l * l) as f64, unit: "flip" };
    report.measure(case, || sweeps(n), json!({ "calls": n }));
    Ok(())
}

fn updates(report: &mut Report, key: &str, m: usize, batch: usize) -> Result<(), Error> {
    if !report.wanted(key, "rgflow") {
        return Ok(());
    }
    let mut words = vec![0u32; VISIBLE * 4 * batch];
    Streams::new(1).bulk("bench/scaling", 0).fill(&mut words);
    let spin = |word: u32| if word >> 31 == 0 { 1.0f32 } else { -1.0 };
    let data = Array2::from_shape_vec((4 * batch, VISIBLE), words.into_iter().map(spin).collect())?;
    let training = Training {
        batching: Batching::Mini { size: batch, repeats: false },
        descent: Descent::new(Rule::Sgd(Sgd), 0.01),
        ..Training::default()
    };
    let rbm = Rbm::random(VISIBLE, m, 0.01, &mut Streams::new(7).generator("bench/init", 0));
    let mut trainer = Trainer::new(rbm, data.view(), &training, Streams::new(11).of("bench"))?;
    let n = report.calls_for_budget(|n| (0..n).for_each(|_| trainer.update()));
    let work = 5.0 * (VISIBLE * m * batch * n) as f64;
    let case = Case { key, implementation: "rgflow", work, unit: "multiply_add" };
    report.measure(case, || (0..n).for_each(|_| trainer.update()), json!({ "calls": n }));
    Ok(())
}
