//! Numbers and figures of the Boltzmann machine and of the generator.

use super::machines::Findings;
use super::settings::Settings;
use crate::record::{Curve, Figure, Number, Panel, Record, Section, Style};
use crate::study::drawing::axis;
use rgflow::statistics::student_t_error;

/// Mean over repetitions with Student's error; the error is NaN for one alone.
fn over(found: &[Findings], of: impl Fn(&Findings) -> f64) -> (f64, f64) {
    let mean = student_t_error(&found.iter().map(of).collect::<Vec<_>>());
    (mean.value, mean.error)
}

/// Adds numbers, answers and sections to the record.
pub(super) fn extend(record: &mut Record, settings: &Settings, found: &[Findings]) {
    let repetitions = found.len() as f64;
    let k = 1.0 / settings.boltzmann.temperature;
    let number = |key: &str, (value, error): (f64, f64), unit: &str, how: String| {
        Number::new(format!("toolbox.{key}"), value, Some(error), unit, how + "; mean and error over repetitions")
            .n_eff(repetitions)
    };
    let farthest = settings.boltzmann.spins / 2;
    for (phases, name) in ["enumerated", "sampled"].into_iter().enumerate() {
        let at = |r: usize| over(found, |f| f.couplings[phases][r - 1]);
        let how = |which: &str| {
            format!("mean coupling of {which} after {} updates, free phase {name}", settings.boltzmann.updates)
        };
        let key = |which: &str| format!("boltzmann.{name}.{which}");
        record.numbers.push(number(&key("neighbours"), at(1), "1", how("neighbours")).compare(
            k,
            0.0,
            0.0,
            format!("K = 1/T = {k} of the ring that the data is drawn from"),
        ));
        record.numbers.push(number(&key("farthest"), at(farthest), "1", how("the spins farthest apart")).compare(
            0.0,
            0.0,
            0.0,
            "no such coupling in the ring that the data is drawn from",
        ));
    }
    // Each machine has its own law: what is compared is the difference.
    let apart: f64 = found.iter().map(|f| f.generator.sampled.0 - f.generator.exact).sum::<f64>() / repetitions;
    let error = found.iter().map(|f| f.generator.sampled.1.powi(2)).sum::<f64>().sqrt() / repetitions;
    let s = &settings.generator;
    record.numbers.push(
        Number::new(
            "toolbox.generator.energy_difference",
            apart,
            Some(error),
            "J per spin",
            format!(
                "energy of the generated configurations, {} chains of {} steps after {} of burn-in, less that of the machine's law by enumeration; \
                 error by tau_int",
                s.chains,
                s.steps - s.burn_in,
                s.burn_in
            ),
        )
        .compare(0.0, 0.0, 0.0, "the law of the machine, by enumeration"),
    );
    let tau = over(found, |f| f.generator.tau_int.0);
    let slowest = over(found, |f| f.generator.relaxation_time);
    record.numbers.extend([
        number("generator.tau_int", tau, "steps", "integrated autocorrelation time of the energy".into()),
        number(
            "generator.relaxation_time",
            slowest,
            "steps",
            "slowest relaxation of the Gibbs kernel, by enumeration".into(),
        ),
        number(
            "generator.n_eff",
            over(found, |f| f.generator.n_eff),
            "1",
            "effective number of independent configurations".into(),
        ),
    ]);
    let nn = over(found, |f| f.couplings[1][0]);
    record.answers.extend([
        format!("A Boltzmann machine that samples its free phase finds the coupling {:.3} of neighbours on a ring with K = {k}.", nn.0),
        format!(
            "As a generator the RBM needs {:.1} steps for an independent configuration (2 tau_int); its slowest memory lasts {:.1} steps.",
            2.0 * tau.0,
            slowest.0
        ),
    ]);
    record.sections.push(Section {
        title: "Machines that generate".into(),
        figures: vec![couplings(k, found), burn_in(found)],
        ..Section::default()
    });
}

fn couplings(k: f64, found: &[Findings]) -> Figure {
    let distances: Vec<f64> = (1..=found.first().map_or(0, |f| f.couplings[0].len())).map(|r| r as f64).collect();
    let curve = |phases: usize, label: &str| {
        let (y, error) = (0..distances.len()).map(|r| over(found, |f| f.couplings[phases][r])).unzip();
        Curve { label: label.into(), x: distances.clone(), y, error, style: Style::LinePoints, ..Curve::default() }
    };
    let truth = distances.iter().map(|r| if *r == 1.0 { k } else { 0.0 }).collect();
    Figure {
        id: "sec2.4.1".into(),
        title: "Couplings of a Boltzmann machine".into(),
        caption: "Mean coupling of the units at each distance on the ring; dashed: the couplings of the Ising model that the data is drawn from.".into(),
        alt: "The coupling of neighbours is near K, those of all others near 0.".into(),
        panels: vec![Panel::Curves {
            title: String::new(),
            x: axis("distance on the ring"),
            y: axis("coupling"),
            curves: vec![
                curve(0, "free phase enumerated"),
                curve(1, "free phase sampled"),
                Curve { label: "data".into(), x: distances.clone(), y: truth, style: Style::Dashed, ..Curve::default() },
            ],
        }],
    }
}

fn burn_in(found: &[Findings]) -> Figure {
    let steps = found.first().map_or(0, |f| f.generator.energy.len());
    let x: Vec<f64> = (0..steps).map(|step| step as f64).collect();
    let (y, error) = (0..steps).map(|step| over(found, |f| f.generator.energy[step])).unzip();
    let exact = over(found, |f| f.generator.exact).0;
    Figure {
        id: "sec2.4.2".into(),
        title: "From a random start to the machine's law".into(),
        caption: "Energy per spin of the chains, step by step from random spins; dashed: of the machine's law, by enumeration. Errors over repetitions, whose \
                  machines differ."
            .into(),
        alt: "The energy falls within a few steps to that of the machine's law.".into(),
        panels: vec![Panel::Curves {
            title: String::new(),
            x: axis("step"),
            y: axis("E (J per spin)"),
            curves: vec![
                Curve { label: "chains".into(), x: x.clone(), y, error, style: Style::LinePoints, ..Curve::default() },
                Curve { label: "law of the machine".into(), y: vec![exact; steps], x, style: Style::Dashed, ..Curve::default() },
            ],
        }],
    }
}
