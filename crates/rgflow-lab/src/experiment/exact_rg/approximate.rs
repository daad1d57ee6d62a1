//! Approximate renormalization of the square lattice: Migdal-Kadanoff recursion and the tensor renormalization group.

use super::{Trg, exact};
use crate::study::prelude::*;
use crate::study::values::plain;
use rgflow::rg::{migdal_kadanoff, trg};

/// Temperatures for which the figure shows the flow of the tensors.
const FLOWS: [f64; 6] = [1.8, 2.2, 2.25, 2.3, 2.4, 3.0];

/// Allowed relative error of the free energy at T_c with this many singular values.
fn allowed(chi: usize) -> f64 {
    match chi {
        ..16 => 1e-4,
        16..24 => 6e-6,
        24..32 => 2e-6,
        _ => 1e-6,
    }
}

pub(super) fn add_sections(settings: &Trg, record: &mut Record) -> Result<(), Error> {
    let steps = *settings.steps;
    let mut chis = plain(&settings.chi);
    chis.sort_unstable();
    let (least, most) = (chis[0], chis[chis.len() - 1]);
    let error =
        |t: Temperature, chi: usize| -> Result<f64, Error> { Ok(trg::renormalize(t, chi, steps)?[steps].error(t)) };
    let critical = Temperature::CRITICAL;
    let errors: Vec<f64> = chis.par_iter().map(|chi| error(critical, *chi)).collect::<Result<_, _>>()?;
    let grid: Vec<f64> = (0..=20).map(|i| 1.8 + 0.05 * f64::from(i)).collect();
    let by_t: Vec<f64> = grid.par_iter().map(|t| error(Temperature::new(*t)?, least)).collect::<Result<_, _>>()?;
    let flow =
        |t: &f64| Ok(trg::renormalize(Temperature::new(*t)?, least, steps)?.iter().map(|s| s.degeneracy).collect());
    let flows: Vec<Vec<f64>> = FLOWS.par_iter().map(flow).collect::<Result<_, Error>>()?;

    let (k, nu) = (migdal_kadanoff::fixed_point(), migdal_kadanoff::nu());
    let of_square = |exact: &str| format!("literature of the recursion (exact on the square lattice: {exact})");
    let how = "fixed point of K' = (1/2) ln cosh 4K, by bisection";
    let moved_k = exact("migdal-kadanoff.K", k, how, (0.3047, 5e-5, &of_square("0.4407")));
    let how = "ln 2/ln(dK'/dK) at the fixed point";
    let moved_nu = exact("migdal-kadanoff.nu", nu, how, (1.338, 5e-4, &of_square("1")));
    let tensor = |(chi, error): (&usize, &f64)| {
        let how = format!("relative error of the free energy at T_c after {steps} steps, {chi} singular values");
        let source = "Onsager; what is allowed is the error that the method is known for";
        exact(&format!("trg.chi{chi}.error"), *error, &how, (0.0, allowed(*chi), source))
    };
    let tensors: Vec<Number> = chis.iter().zip(&errors).map(tensor).collect();
    let phase = |name: &str, flow: usize, states: f64| {
        let how = format!("(tr T)^2/tr T^2 at T = {} after {steps} steps", FLOWS[flow]);
        let source = "number of ground states (Gu and Wen 2009)";
        exact(&format!("trg.{name}"), flows[flow][steps], &how, (states, 1e-3, source))
    };
    let phases = [phase("ordered", 0, 2.0), phase("disordered", FLOWS.len() - 1, 1.0)];

    record.claims.extend([
        Claim::of("sec3.pictures", "Migdal-Kadanoff: nu = 1.338", &moved_nu),
        Claim::of("sec3.pictures", "TRG: relative error of the free energy at T_c", &tensors[tensors.len() - 1]),
    ]);
    record.numbers.extend([moved_k, moved_nu].into_iter().chain(tensors).chain(phases));
    record.answers.push(format!(
        "Migdal-Kadanoff: K* = {k:.4} (exact 0.4407), nu = {nu:.3} (exact 1). Tensors: the free energy at T_c is off \
         by {:.1e} with {most} singular values.",
        errors[errors.len() - 1]
    ));
    let halves: Vec<f64> = (0..=steps).map(|n| n as f64 / 2.0).collect();
    let tensor_flows = FLOWS
        .iter()
        .zip(flows)
        .map(|(t, y)| Curve::new(format!("T = {t}"), halves.as_slice(), y).colour(Some(t / 3.5)));
    let scale: Vec<f64> = chis.iter().map(|chi| *chi as f64).collect();
    let by_t = Curve::new(format!("{least} singular values"), grid, by_t).style(Style::LinePoints);
    let by_chi = Curve::new("T_c", scale, errors).style(Style::LinePoints);
    let figure = Figure::new("sec3.pictures", "Two more RG flows: bonds moved, tensors split")
        .caption(
            format!(
                "First: Migdal-Kadanoff, T after each step of b = 2; dashed its own fixed point and T_c. Second: (tr \
                 T)^2/tr T^2 of the tensors ({least} singular values) by steps of b = 2 (two of the method): 2 in the \
                 ordered phase, 1 in the disordered one. Below: relative error of the free energy against T with \
                 {least} singular values, and at T_c against their number."
            ),
            "Couplings and tensors flow away from their critical points to the two phases; the error of the free \
             energy peaks at T_c.",
        )
        .panels([
            Panel::curves("Migdal-Kadanoff", "steps of b = 2", "T (J/k_B)", bonds_moved(k)),
            Panel::curves("TRG", "steps of b = 2", "(tr T)^2/tr T^2", tensor_flows),
            Panel::curves("TRG: free energy", "T (J/k_B)", Axis::log("relative error"), [by_t]),
            Panel::curves("TRG: free energy at T_c", "singular values", Axis::log("relative error"), [by_chi]),
        ]);
    let text = "No decimation of the square lattice closes. Migdal and Kadanoff move bonds until it does: a picture \
                that is right and an exponent that is not. Levin and Nave split and join tensors, and what they leave \
                out is small.";
    record.sections.push(Section::new("Approximate renormalization").text(text).figures([figure]));
    Ok(())
}

/// T against the step of the Migdal-Kadanoff recursion, its fixed point and T_c.
fn bonds_moved(fixed: f64) -> Vec<Curve> {
    const STEPS: usize = 8;
    let x: Vec<f64> = (0..=STEPS).map(|n| n as f64).collect();
    let flow = |t: f64| {
        let flow = migdal_kadanoff::flow(1.0 / t, STEPS);
        // Points outside the frame are not drawn.
        let y: Vec<f64> = flow.into_iter().map(|k| if k > 0.125 { 1.0 / k } else { f64::NAN }).collect();
        Curve::new(format!("T = {t}"), x.as_slice(), y).style(Style::LinePoints).colour(Some(t / 5.0))
    };
    let mut curves: Vec<Curve> = [2.0, 2.8, 3.2, 3.25, 3.3, 3.4, 4.0].map(flow).into();
    curves.push(Curve::level("T* = 3.282", &x, 1.0 / fixed));
    curves.push(Curve::level("T_c", &x, Temperature::CRITICAL.value()));
    curves
}
