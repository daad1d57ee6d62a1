//! Approximate renormalization of the square lattice: Migdal-Kadanoff recursion and the tensor renormalization group.

use super::Part;
use super::settings::Trg;
use crate::artifact::Error;
use crate::record::{Curve, Figure, Number, Panel, Section, Style};
use crate::study::drawing::{axis, log_axis};
use rayon::prelude::*;
use rgflow::exact::infinite;
use rgflow::lattice::Temperature;
use rgflow::rg::{migdal_kadanoff, trg};

/// Temperatures at which the figure shows the flow of the tensors.
const FLOWS: [f64; 6] = [1.8, 2.2, 2.25, 2.3, 2.4, 3.0];

/// Relative error of the free energy at T_c that is allowed for so many singular values.
fn allowed(chi: usize) -> f64 {
    match chi {
        ..16 => 1e-4,
        16..24 => 6e-6,
        24..32 => 2e-6,
        _ => 1e-6,
    }
}

/// Relative error of ln Z per site after all steps.
fn error(t: Temperature, chi: usize, steps: usize) -> Result<f64, Error> {
    let seen = trg::renormalize(t, chi, steps)?;
    let free_energy = infinite::thermodynamics(t).free_energy.ok_or_else(|| Error::failure("no free energy"))?;
    Ok((seen[steps].ln_z / (-free_energy * t.beta()) - 1.0).abs())
}

pub(super) fn part(settings: &Trg) -> Result<Part, Error> {
    let steps = settings.steps;
    let mut chis = settings.chi.clone();
    chis.sort_unstable();
    let errors: Vec<f64> =
        chis.par_iter().map(|chi| error(Temperature::CRITICAL, *chi, steps)).collect::<Result<_, _>>()?;
    let grid: Vec<f64> = (0..=20).map(|i| 1.8 + 0.05 * f64::from(i)).collect();
    let by_t: Vec<f64> =
        grid.par_iter().map(|t| error(Temperature::new(*t)?, chis[0], steps)).collect::<Result<_, _>>()?;
    let flows: Vec<Curve> = FLOWS
        .par_iter()
        .map(|t| {
            let seen = trg::renormalize(Temperature::new(*t)?, chis[0], steps)?;
            Ok(Curve {
                label: format!("T = {t}"),
                x: (0..seen.len()).map(|n| n as f64 / 2.0).collect(),
                y: seen.iter().map(|s| s.degeneracy).collect(),
                style: Style::Line,
                colour: Some(*t / 3.5),
                ..Curve::default()
            })
        })
        .collect::<Result<_, Error>>()?;
    let number = |key: String, value, how: String| Number::new(format!("exact-rg.{key}"), value, None, "1", how);
    let (k, nu) = (migdal_kadanoff::fixed_point(), migdal_kadanoff::nu());
    let mut numbers = vec![
        number("migdal-kadanoff.K".into(), k, "fixed point of K' = (1/2) ln cosh 4K, by bisection".into()).compare(
            0.3047,
            0.0,
            5e-5,
            "literature of the recursion (exact on the square lattice: 0.4407)",
        ),
        number("migdal-kadanoff.nu".into(), nu, "ln 2/ln(dK'/dK) at the fixed point".into()).compare(
            1.338,
            0.0,
            5e-4,
            "literature of the recursion (exact on the square lattice: 1)",
        ),
    ];
    for (chi, error) in chis.iter().zip(&errors) {
        let how = format!("relative error of the free energy at T_c after {steps} steps, {chi} singular values");
        let source = "Onsager; what is allowed is the error that the method is known for";
        numbers.push(number(format!("trg.chi{chi}.error"), *error, how).compare(0.0, 0.0, allowed(*chi), source));
    }
    let last = |curve: &Curve| curve.y[curve.y.len() - 1];
    for (i, phase, ends) in [(0, "ordered", 2.0), (FLOWS.len() - 1, "disordered", 1.0)] {
        let how = format!("(tr T)^2/tr T^2 at T = {} after {steps} steps", FLOWS[i]);
        let number = number(format!("trg.{phase}"), last(&flows[i]), how);
        numbers.push(number.compare(ends, 0.0, 1e-3, "number of ground states (Gu and Wen 2009)"));
    }
    let answers = vec![format!(
        "Migdal-Kadanoff: K* = {k:.4} (exact 0.4407), nu = {nu:.3} (exact 1). Tensors: the free energy at T_c is off by {:.1e} with {} singular \
         values.",
        errors[errors.len() - 1],
        chis[chis.len() - 1]
    )];
    let scale: Vec<f64> = chis.iter().map(|chi| *chi as f64).collect();
    let figure = Figure {
        id: "sec3.pictures".into(),
        title: "Two more RG flows: bonds moved, tensors split".into(),
        caption: format!(
            "First: Migdal-Kadanoff, T after each step of b = 2; dashed its own fixed point and T_c. Second: (tr T)^2/tr T^2 of the tensors ({0} singular \
             values) by steps of b = 2 (two of the method): 2 in the ordered phase, 1 in the disordered one. Below: relative error of the free energy \
             against T with {0} singular values, and at T_c against their number.",
            chis[0]
        ),
        alt: "Couplings and tensors flow away from their critical points to the two phases; the error of the free energy peaks at T_c."
            .into(),
        panels: vec![
            Panel::Curves {
                title: "Migdal-Kadanoff".into(),
                x: axis("steps of b = 2"),
                y: axis("T (J/k_B)"),
                curves: moved(k),
            },
            Panel::Curves {
                title: "TRG".into(),
                x: axis("steps of b = 2"),
                y: axis("(tr T)^2/tr T^2"),
                curves: flows,
            },
            Panel::Curves {
                title: "TRG: free energy".into(),
                x: axis("T (J/k_B)"),
                y: log_axis("relative error"),
                curves: vec![Curve {
                    label: format!("{} singular values", chis[0]),
                    x: grid,
                    y: by_t,
                    style: Style::LinePoints,
                    ..Curve::default()
                }],
            },
            Panel::Curves {
                title: "TRG: free energy at T_c".into(),
                x: axis("singular values"),
                y: log_axis("relative error"),
                curves: vec![Curve { label: "T_c".into(), x: scale, y: errors, style: Style::LinePoints, ..Curve::default() }],
            },
        ],
    };
    let section = Section {
        title: "Approximate renormalization".into(),
        text: vec![
            "No decimation of the square lattice closes. Migdal and Kadanoff move bonds until it does: a picture that is right and an exponent that \
             is not. Levin and Nave split and join tensors, and what they leave out is small."
                .into(),
        ],
        figures: vec![figure],
        ..Section::default()
    };
    Ok(Part { numbers, answers, sections: vec![section], summary: None })
}

/// T by step of the Migdal-Kadanoff recursion, its fixed point and T_c.
fn moved(fixed: f64) -> Vec<Curve> {
    const STEPS: u32 = 8;
    let x: Vec<f64> = (0..=STEPS).map(f64::from).collect();
    let mut curves: Vec<Curve> = [2.0, 2.8, 3.2, 3.25, 3.3, 3.4, 4.0]
        .into_iter()
        .map(|t: f64| {
            let flow = std::iter::successors(Some(1.0 / t), |k| Some(migdal_kadanoff::step(*k)));
            Curve {
                label: format!("T = {t}"),
                x: x.clone(),
                // What has left the frame.
                y: flow.take(x.len()).map(|k| if k > 0.125 { 1.0 / k } else { f64::NAN }).collect(),
                style: Style::LinePoints,
                colour: Some(t / 5.0),
                ..Curve::default()
            }
        })
        .collect();
    let mut dashed = |label: &str, y: f64| {
        let x = vec![0.0, f64::from(STEPS)];
        curves.push(Curve { label: label.into(), x, y: vec![y; 2], style: Style::Dashed, ..Curve::default() });
    };
    dashed("T* = 3.282", 1.0 / fixed);
    dashed("T_c", Temperature::CRITICAL.value());
    curves
}
