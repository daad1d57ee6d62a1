//! Decimation of the chain (figure 3.1), checked by enumeration of rings.

use super::Part;
use super::settings::Decimation;
use crate::record::{Axis, Cell, Curve, Figure, Number, Panel, Section, Style, Table};
use rgflow::rg::decimation::Couplings;

/// Sites of the ring that is enumerated, and of its survivors.
const RINGS: [usize; 2] = [8, 4];
/// Deviations that rounding explains.
const ROUNDING: f64 = 1e-12;
/// A flow with less than this K has arrived at the high-temperature fixed line.
const ARRIVED: f64 = 1e-3;

/// The couplings from a start on, the start included.
fn flow(start: Couplings, steps: usize) -> Vec<Couplings> {
    std::iter::successors(Some(start), |c| Some(c.decimated())).take(steps + 1).collect()
}

/// ln Z and <s_0 s_r> of a ring of `n` sites, by enumeration.
fn ring(c: Couplings, n: usize, r: usize) -> (f64, f64) {
    let s = |state: usize, i: usize| if state >> (i % n) & 1 == 1 { 1.0 } else { -1.0 };
    // Of each state the weight over e^{n |K| + n |h|}, so that none is too large.
    let top = n as f64 * (c.k.abs() + c.h.abs());
    let energy = |state| (0..n).map(|i| c.k * s(state, i) * s(state, i + 1) + c.h * s(state, i)).sum::<f64>();
    let (z, product) = (0..1usize << n).fold((0.0, 0.0), |(z, product), state| {
        let weight = libm::exp(energy(state) - top);
        (z + weight, product + weight * s(state, 0) * s(state, r))
    });
    (libm::log(z) + top + n as f64 * c.k0, product / z)
}

/// Numbers, answers, summary and section.
pub(super) fn part(settings: &Decimation) -> Part {
    let (starts, steps) = (settings.starts(), settings.steps);
    let flows: Vec<Vec<Couplings>> = starts.iter().map(|start| flow(*start, steps)).collect();
    let worst = |of: &dyn Fn(Couplings) -> f64| starts.iter().map(|c| of(*c).abs()).fold(0.0, f64::max);
    let free_energy = worst(&|c| ring(c, RINGS[0], 2).0 - ring(c.decimated(), RINGS[1], 1).0);
    let correlation = worst(&|c| ring(c, RINGS[0], 2).1 - ring(c.decimated(), RINGS[1], 1).1);
    let rule = worst(&|c| {
        let next = Couplings { h: 0.0, ..c }.decimated();
        libm::tanh(next.k) - libm::tanh(c.k).powi(2)
    });
    let arrived = flows.iter().filter(|flow| flow[steps].k.abs() < ARRIVED).count() as f64 / flows.len() as f64;
    let exact = |key: &str, value, how: String, source: &str| {
        Number::new(format!("exact-rg.decimation.{key}"), value, None, "1", how).compare(0.0, 0.0, ROUNDING, source)
    };
    let of = format!(
        "largest deviation over {} starts; ring of {} against ring of {}, by enumeration",
        starts.len(),
        RINGS[0],
        RINGS[1]
    );
    let numbers = vec![
        exact("ln_z_kept", free_energy, of.clone(), "thesis eq. 3.2.11: the partition function stays what it is"),
        exact("survivors_kept", correlation, of, "<s_0 s_2> before is <s_0 s_1> after"),
        exact(
            "tanh_rule",
            rule,
            format!("largest deviation over {} couplings", settings.k.len()),
            "thesis eq. 3.2.17: tanh K' = tanh^2 K at h = 0",
        ),
        Number::new(
            "exact-rg.decimation.arrived",
            arrived,
            None,
            "1",
            format!("fraction of the {} starts with |K| < {ARRIVED} after {steps} decimations", starts.len()),
        )
        .compare(1.0, 0.0, ROUNDING, "thesis section 3.2: in the entire phase space the flow is towards K = 0"),
    ];
    let answers = vec![
        format!(
            "{:.0} % of the starts are at |K| < {ARRIVED} after {steps} decimations: the chain has no other attractor than T = inf, where any h stays.",
            100.0 * arrived
        ),
        format!(
            "Decimation keeps ln Z to {free_energy:.0e} and the correlation of the survivors to {correlation:.0e} (rings enumerated)."
        ),
    ];
    let rows = flows.iter().map(|flow| {
        let (first, last) = (flow[0], flow[steps]);
        let value = |value| Cell::Value { value: Some(value), error: None, interval: None, remark: None };
        [first.k, first.h, flow[1].k, flow[1].h, last.k, last.h].map(value).into()
    });
    let summary = Table {
        caption: format!("Decimation of the Ising chain: the first step and the end after {steps}"),
        columns: ["K", "h", "K'", "h'", "K at the end", "h at the end"].map(String::from).into(),
        rows: rows.collect(),
        notes: vec!["K = J/T and h = field/T; every second spin is summed over.".into()],
    };
    let section =
        Section { title: "Flow of the couplings".into(), figures: vec![figure(&flows)], ..Section::default() };
    Part { numbers, answers, sections: vec![section], summary: Some(summary) }
}

fn figure(flows: &[Vec<Couplings>]) -> Figure {
    let of = |label: String, points: Vec<(f64, f64)>, style| {
        let (x, y) = points.into_iter().unzip();
        Curve { label, x, y, style, ..Curve::default() }
    };
    let axis = |label: &str| Axis { label: label.into(), ..Axis::default() };
    let trajectory = |flow: &Vec<Couplings>| {
        of(format!("h = {}", flow[0].h), flow.iter().map(|c| (c.k, c.h)).collect(), Style::LinePoints)
    };
    // T' against T without a field (fig. 4.4a): tanh(1/T') = tanh^2(1/T).
    let hotter = |t: f64| 1.0 / Couplings { k: 1.0 / t, h: 0.0, k0: 0.0 }.decimated().k;
    let grid: Vec<f64> = (1..=60).map(|i| 0.1 * f64::from(i)).filter(|t| hotter(*t) <= 12.0).collect();
    Figure {
        id: "fig3.1".into(),
        title: "RG flow of the 1D Ising model".into(),
        caption: "Left: couplings after each decimation, from the right to the left; the axis K = 0 is a line of fixed points, T = inf. Right: the temperature after one \
                  decimation without a field, above the dashed line of no change at every T > 0."
            .into(),
        alt: "Trajectories of K and h from large K to the line K = 0; the temperature after a decimation is always higher.".into(),
        panels: vec![
            Panel::Curves { title: "K and h".into(), x: axis("K = J/T"), y: axis("h = field/T"), curves: flows.iter().map(trajectory).collect() },
            Panel::Curves {
                title: "Temperature, h = 0".into(),
                x: axis("T (J/k_B)"),
                y: axis("T' (J/k_B)"),
                curves: vec![
                    of("T'".into(), grid.iter().map(|t| (*t, hotter(*t))).collect(), Style::Line),
                    of("T' = T".into(), vec![(0.0, 0.0), (6.0, 6.0)], Style::Dashed),
                ],
            },
        ],
    }
}
