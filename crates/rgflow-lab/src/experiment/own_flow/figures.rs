//! Figures of the user's flow: what the network reads, series along the flow, pictures, couplings of the machine.

use super::OwnFlow;
use super::record::RecordBuilder;
use crate::artifact::network_file::{self, Outputs};
use crate::record::Map;
use crate::study::couplings::{self, AsIsing, Effective};
use crate::study::pictures::{picture, shades};
use crate::study::prelude::*;

impl RecordBuilder<'_> {
    fn colour(&self, k: usize) -> Option<f64> {
        let n = self.starts.labels.len();
        (n > 1).then(|| k as f64 / (n - 1) as f64)
    }

    /// A curve of one start through values with errors, of the first repetition.
    fn curve(&self, k: usize, x: &[f64], points: impl Iterator<Item = Measured>) -> Curve {
        let (y, error): (Vec<f64>, Vec<f64>) = points.unzip();
        Curve { error, ..Curve::new(self.start.word(k), x, y).colour(self.colour(k)) }
    }

    /// The figures of the flow in the mode at the position `m`.
    pub(super) fn figures(&self, m: usize, mode: Mode, title: &str, flow: &OwnFlow) -> Vec<Figure> {
        let (first, name) = (&self.over.found[0].flows[m], mode.name());
        let probability = self.outputs.as_ref().map(|outputs| {
            let panels =
                ["start", "end"].iter().zip(&first.probability).map(|(at, rows)| self.probability(at, rows, outputs));
            let title = format!("{title} flow: what the network reads");
            let caption =
                "Mean output of the network at the start and at the end of the flow, by start. First repetition.";
            let figure = Figure::new(format!("{name}-probability"), title);
            figure.caption(caption, "Probabilities at start and end.").panels(panels)
        });
        let steps: Vec<f64> = first.steps.iter().map(|s| *s as f64).collect();
        let panel = |title: &str, label: &str, of: &dyn Fn(usize, usize) -> Measured| {
            let curve = |k| self.curve(k, &steps, (0..steps.len()).map(|r| of(r, k)));
            Panel::curves(title, Axis::log("step"), label, self.start.places().map(curve))
        };
        let t_star =
            (!first.t_star.is_empty()).then(|| panel("T*", "T* (J/k_B)", &|r, k| (first.t_star[r][k], f64::NAN)));
        let series = self.series().map(|(series, _, _, of)| {
            panel(series, if *series == "energy" { "E/N (J)" } else { series }, &|r, k| of(first)[r][k])
        });
        let by_step = Figure::new(format!("{name}-by-step"), format!("{title} flow by step"));
        let caption = "One curve for each start, errors over chains. First repetition.";
        let alt = "What is read of the flow against the step, on a logarithmic axis.";
        let by_step = by_step.caption(caption, alt).panels(t_star.into_iter().chain(series));
        let rows = first.shown.0.iter().zip(&first.pictures).map(|(start, row)| {
            let labelled = row.iter().zip(&first.shown.1).map(|(values, record)| {
                picture(self.data, values, format!("{}, step {}", self.start.word(*start), first.steps[*record]))
            });
            labelled.collect()
        });
        let rows: Vec<Vec<_>> = rows.collect();
        let (shown, n) = (rows.len(), self.start.len());
        let shown = if shown < n { format!("{shown} of {n} starts are shown. ") } else { String::new() };
        let caption = format!("{shown}The first chain of each start along the flow, in the units of the data.");
        let shades = shades(self.data, flow.machine.rbm.visible_units(), &rows);
        let pictures = Figure::new(format!("{name}-pictures"), format!("{title} flow in pictures"))
            .caption(caption, "Pictures of the visible units by start and step.")
            .panels([Panel::lattices("", rows, shades)]);
        probability.into_iter().chain([by_step, pictures]).collect()
    }

    fn probability(&self, at: &str, rows: &[Vec<Measured>], outputs: &Outputs) -> Panel {
        if outputs.temperatures {
            let curves = rows.iter().enumerate().map(|(k, row)| self.curve(k, &outputs.values, row.iter().copied()));
            return Panel::curves(at, "T (J/k_B)", "P(T)", curves);
        }
        let labels = if self.starts.labels.is_empty() { vec![0.0] } else { self.starts.labels.clone() };
        Panel::Map(Map {
            texts: Vec::new(),
            title: at.into(),
            x: Axis::new(format!("class that is read{}", outputs.legend())),
            y: Axis::new(format!("start{}", network_file::legend(&self.starts.names, &self.starts.labels))),
            value: "P".into(),
            columns: outputs.values.clone(),
            rows: labels,
            values: rows.iter().map(|row| row.iter().map(|p| (Some(p.0), Some(p.1))).collect()).collect(),
        })
    }
}

/// Section on J(r) of the machine.
pub(super) fn couplings_of(effective: &[&Effective], as_ising: &AsIsing<0>) -> Section {
    let curve = couplings::curve("", &Repeated::new("", effective), |e| *e);
    let figure = Figure::new("couplings", "Effective couplings by distance").caption(
        "J(r): mean of J_ij over the pairs at the distance r on the torus. The Ising model has beta at r = 1 and \
         0 beyond. Values below 0 are not shown.",
        "Effective couplings of the machine against the distance, on a logarithmic axis.",
    );
    let text = format!(
        "Effective couplings J_ij = 2^-N sum over v of v_i v_j ln p(v), spins v; K_eff is their mean over nearest \
         neighbours. Share of terms of three and more spins in the variance of ln p over uniform spins: {}.",
        as_ising.beyond_pairs.at(())
    );
    Section::new("The machine as an Ising model").text(text).figures([figure.panels([couplings::panel([curve])])])
}
