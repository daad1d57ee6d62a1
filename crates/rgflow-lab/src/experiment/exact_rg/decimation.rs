//! Decimation of the chain (figure 3.1), checked by enumeration of rings.

use super::{Decimation, exact};
use crate::row;
use crate::study::prelude::*;
use rgflow::rg::decimation::Couplings;

/// Sites of the enumerated ring and of the decimated one.
const RINGS: [usize; 2] = [8, 4];
/// Deviations explained by rounding.
const ROUNDING: f64 = 1e-12;
/// A flow below this K has arrived at the high-temperature fixed line.
const ARRIVED: f64 = 1e-3;

/// Change of ln Z (quantity 0), or of the correlation of neighbouring survivors (1), of the enumerated ring by
/// decimation.
fn of_rings(c: &Couplings, quantity: usize) -> f64 {
    let of = |c: Couplings, n: usize, r: usize| <[f64; 2]>::from(c.of_ring(n, r).expect("rings of a few sites"));
    of(*c, RINGS[0], 2)[quantity] - of(c.decimated(), RINGS[1], 1)[quantity]
}

pub(super) fn add_sections(settings: &Decimation, record: &mut Record) {
    let of = |k: f64| settings.h.iter().map(move |h| Couplings { k, h: **h, k0: 0.0 });
    let starts: Vec<Couplings> = settings.k.iter().flat_map(|k| of(**k)).collect();
    let (steps, n) = (*settings.steps, starts.len());
    let flows: Vec<Vec<Couplings>> = starts.iter().map(|start| start.flow(steps)).collect();
    let worst = |of: fn(&Couplings) -> f64| starts.iter().map(|c| of(c).abs()).fold(0.0, f64::max);
    let ln_z = worst(|c| of_rings(c, 0));
    let correlation = worst(|c| of_rings(c, 1));
    let rule = worst(|c| libm::tanh(Couplings { h: 0.0, ..*c }.decimated().k) - libm::tanh(c.k).powi(2));
    let arrived = flows.iter().filter(|flow| flow[steps].k.abs() < ARRIVED).count() as f64 / n as f64;

    let [all, survivors] = RINGS;
    let how = format!("largest deviation over {n} starts; ring of {all} against ring of {survivors}, by enumeration");
    let source = "thesis eq. 3.2.11: the partition function stays what it is";
    let ln_z_kept = exact("decimation.ln_z_kept", ln_z, &how, (0.0, ROUNDING, source));
    let source = "<s_0 s_2> before is <s_0 s_1> after";
    let survivors_kept = exact("decimation.survivors_kept", correlation, &how, (0.0, ROUNDING, source));
    let how = format!("largest deviation over {} couplings", settings.k.len());
    let source = "thesis eq. 3.2.17: tanh K' = tanh^2 K at h = 0";
    let tanh_rule = exact("decimation.tanh_rule", rule, &how, (0.0, ROUNDING, source));
    let how = format!("fraction of the {n} starts with |K| < {ARRIVED} after {steps} decimations");
    let source = "thesis section 3.2: in the entire phase space the flow is towards K = 0";
    let all_arrive = exact("decimation.arrived", arrived, &how, (1.0, ROUNDING, source));

    record.claims.extend([
        Claim::of("fig3.1", "every start flows to K = 0 (fraction)", &all_arrive),
        Claim::of("fig3.1", "ln Z is kept (largest deviation)", &ln_z_kept),
        Claim::of("fig3.1", "tanh K' = tanh^2 K (largest deviation)", &tanh_rule),
    ]);
    record.numbers.extend([ln_z_kept, survivors_kept, tanh_rule, all_arrive]);
    record.answers.extend([
        format!(
            "{:.0} % of the starts are at |K| < {ARRIVED} after {steps} decimations: the chain has no other attractor \
             than T = inf, where any h stays.",
            100.0 * arrived
        ),
        format!(
            "Decimation keeps ln Z to {ln_z:.0e} and the correlation of the survivors to {correlation:.0e} (rings \
                 enumerated)."
        ),
    ]);
    let row = |flow: &Vec<Couplings>| {
        let (first, next, last) = (flow[0], flow[1], flow[steps]);
        row![first.k, first.h, next.k, next.h, last.k, last.h]
    };
    let caption = format!("Decimation of the Ising chain: the first step and the end after {steps}");
    record.summary = Table::new(caption, ["K", "h", "K'", "h'", "K at the end", "h at the end"])
        .rows(flows.iter().map(row))
        .note("K = J/T and h = field/T; every second spin is summed over.");
    record.sections.push(Section::new("Flow of the couplings").figures([figure(&flows)]));
}

fn figure(flows: &[Vec<Couplings>]) -> Figure {
    let curve = |label: String, points: Vec<(f64, f64)>| {
        let (x, y): (Vec<f64>, Vec<f64>) = points.into_iter().unzip();
        Curve::new(label, x, y)
    };
    let trajectory = |flow: &Vec<Couplings>| {
        curve(format!("h = {}", flow[0].h), flow.iter().map(|c| (c.k, c.h)).collect()).style(Style::LinePoints)
    };
    // T' against T without a field (fig. 4.4a): tanh(1/T') = tanh^2(1/T).
    let hotter = |t: f64| 1.0 / Couplings { k: 1.0 / t, h: 0.0, k0: 0.0 }.decimated().k;
    let grid = (1..=60).map(|i| 0.1 * f64::from(i)).map(|t| (t, hotter(t))).filter(|(_, next)| *next <= 12.0);
    let steps =
        [curve("T'".into(), grid.collect()), curve("T' = T".into(), vec![(0.0, 0.0), (6.0, 6.0)]).style(Style::Dashed)];
    Figure::new("fig3.1", "RG flow of the 1D Ising model")
        .caption(
            "Left: couplings after each decimation, from the right to the left; the axis K = 0 is a line of fixed \
             points, T = inf. Right: the temperature after one decimation without a field, above the dashed line of no \
             change at every T > 0.",
            "Trajectories of K and h from large K to the line K = 0; the temperature after a decimation is always \
             higher.",
        )
        .panels([
            Panel::curves("K and h", "K = J/T", "h = field/T", flows.iter().map(trajectory)),
            Panel::curves("Temperature, h = 0", "T (J/k_B)", "T' (J/k_B)", steps),
        ])
}
