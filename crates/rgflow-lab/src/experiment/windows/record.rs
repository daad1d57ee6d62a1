//! Numbers, claims, figures and tables.

use super::{Findings, Settings, name};
use crate::record::{Axis, Cell, Claim, Curve, Figure, Lattice, Number, Panel, Record, Section, Shades, Style, Table};
use crate::record::{Combined, Measured, over_seeds};
use crate::study::drawing::{axis, curve, level, log_axis};
use crate::study::drawing::{cell, over};
use crate::study::modes::MODES;
use crate::study::readings::t_star;
use crate::study::readings::{FlowFindings, Observed};
use crate::study::torus::{self, t_energy};
use rgflow::lattice::Temperature;

/// What counts as "follows the training set" or "drawn to T_c" in the slope.
const SLOPE: f64 = 0.25;
/// What counts as the same captured variance.
const CAPTURED: f64 = 0.1;

pub(super) fn record(settings: &Settings, found: &[Findings]) -> Record {
    let story = Story { settings, found };
    Record {
        experiment: "windows".into(),
        title: "Does the RBM flow follow the critical point or the training set?".into(),
        question: "RBMs are trained on the temperatures 0 to 3, 4, 6, 10 and iterated. If their flow knew T_c, all would end at 2.269; \
                   if they give back what they were trained on, the ends move with the window."
            .into(),
        answers: story.answers(),
        summary: story.summary(),
        sections: vec![story.windows(), story.mechanism()],
        numbers: story.numbers(),
        claims: story.claims(),
    }
}

struct Story<'a> {
    settings: &'a Settings,
    found: &'a [Findings],
}

fn show(c: &Combined) -> String {
    crate::report::format::value(c.value, c.error, c.interval)
}

/// Slope of the least-squares line of `y` on `x`.
fn slope(x: &[f64], y: &[f64]) -> Option<f64> {
    let n = x.len() as f64;
    let (mx, my) = (x.iter().sum::<f64>() / n, y.iter().sum::<f64>() / n);
    let square: f64 = x.iter().map(|x| (x - mx).powi(2)).sum();
    let product: f64 = x.iter().zip(y).map(|(x, y)| (x - mx) * (y - my)).sum();
    (square > 0.0).then_some(product / square)
}

/// The first epochs answer the claims: those of the recipe of ising-2d.
const FIRST: usize = 0;

impl Story<'_> {
    fn nulls(&self, w: usize) -> Vec<&Observed> {
        self.found.iter().map(|f| &f.windows[w].null).collect()
    }

    fn flows(&self, w: usize, e: usize, m: usize) -> Vec<&FlowFindings> {
        self.found.iter().map(|f| &f.windows[w].flows[e][m]).collect()
    }

    fn pooled(&self, w: usize, e: usize, m: usize) -> Vec<&Observed> {
        self.found.iter().map(|f| &f.windows[w].flows[e][m].pooled).collect()
    }

    /// Slope of the ends against the nulls over windows, by a thermometer.
    fn slope(&self, e: usize, m: usize, read: impl Fn(&Observed) -> Option<Measured>) -> Combined {
        over(self.found, |f| {
            let all = |of: &dyn Fn(usize) -> Option<f64>| (0..f.windows.len()).map(of).collect::<Option<Vec<f64>>>();
            let nulls = all(&|w| Some(read(&f.windows[w].null)?.0))?;
            slope(&nulls, &all(&|w| Some(read(&f.windows[w].flows[e][m].pooled)?.0))?)
        })
    }

    fn key(&self, w: usize, e: usize, m: usize) -> String {
        format!("windows.{}.epochs{}.{}", name(self.settings.own.tops[w]), self.settings.own.epochs[e], MODES[m].name())
    }

    fn null_key(&self, w: usize) -> String {
        format!("windows.{}.null", name(self.settings.own.tops[w]))
    }

    fn slope_key(&self, e: usize, m: usize) -> String {
        format!("windows.{}.epochs{}.slope", MODES[m].name(), self.settings.own.epochs[e])
    }

    /// Places of windows, epochs and modes.
    fn places(&self) -> impl Iterator<Item = (usize, usize)> {
        let modes = MODES.len();
        (0..self.settings.own.epochs.len()).flat_map(move |e| (0..modes).map(move |m| (e, m)))
    }

    fn numbers(&self) -> Vec<Number> {
        let mut numbers = Vec::new();
        for w in 0..self.settings.own.tops.len() {
            let null = t_star(&self.nulls(w));
            let what = format!("the training mixture {} itself, no machine", name(self.settings.own.tops[w]));
            numbers.extend(torus::read(&self.null_key(w), &self.nulls(w), &what));
            for (e, m) in self.places() {
                let what = format!(
                    "{} flow of the machine trained {} epochs on the window {}",
                    MODES[m].name(),
                    self.settings.own.epochs[e],
                    name(self.settings.own.tops[w])
                );
                let null_key = format!("{}.T_star", self.null_key(w));
                let critical = (Temperature::CRITICAL.value(), "thesis: the RBM flow ends near T_c");
                let (key, flows) = (self.key(w, e, m), self.flows(w, e, m));
                numbers.extend(torus::read_ends(&key, &flows, &what, critical, (&null, &null_key)));
            }
        }
        for (e, m) in self.places() {
            let both: [(_, _, Combined); 2] =
                [("", "T*", self.slope(e, m, |o| Some(o.t_star))), ("_T_E", "T_E", self.slope(e, m, |o| o.t_energy))];
            for (suffix, by, value) in both {
                let what =
                    format!("slope of {by} of the pooled ends against {by} of the training mixture, over windows");
                let number = value.number(format!("{}{suffix}", self.slope_key(e, m)), "1", &what);
                numbers.push(number.compare(0.0, 0.0, SLOPE, "thesis: drawn to T_c").compare(
                    1.0,
                    0.0,
                    SLOPE,
                    "the ends follow the training set",
                ));
            }
        }
        let key = "windows.mechanism";
        let of = ["trained", "untrained", "principal"].iter().enumerate();
        for (i, name) in of {
            let what =
                "variance of the training data in the span of W (or of as many principal components), as a fraction";
            numbers.push(over(self.found, |f| Some(f.mechanism.captured[i])).number(
                format!("{key}.variance.{name}"),
                "1",
                what,
            ));
            for (t, temperature) in self.settings.base.temperatures().iter().enumerate() {
                let what = format!("mean over spins of (v - v')^2 / 4 at T = {temperature}: {name}");
                let left = over(self.found, |f| f.mechanism.left.get(t).map(|left| left[i]));
                numbers.push(left.number(format!("{key}.left.T{temperature}.{name}"), "1", &what));
            }
        }
        for (i, name) in ["captured", "captured_untrained"].iter().enumerate() {
            let ratio = over(self.found, |f| Some(f.mechanism.captured[i] / f.mechanism.captured[2]));
            let what = "variance of the training data in the span of W over that of as many principal components";
            let number = ratio.number(format!("{key}.{name}"), "1", what);
            numbers.push(number.compare(
                1.0,
                0.0,
                CAPTURED,
                "thesis section 5.1: an RBM extracts features as PCA does",
            ));
        }
        numbers
    }

    fn claims(&self) -> Vec<Claim> {
        let mut claims = Vec::new();
        for (m, mode) in MODES.iter().enumerate() {
            let states = format!("the flow ends at T_c whatever the training set: slope 0 ({})", mode.name());
            claims.push(Claim::new("sec4.windows", states, self.slope_key(FIRST, m)));
        }
        for (w, top) in self.settings.own.tops.iter().enumerate() {
            let states = format!("window {}: the flow ends near T_c", name(*top));
            claims.push(
                Claim::new("sec4.windows", states, format!("{}.T_star", self.key(w, FIRST, 0)))
                    .null(format!("{}.T_star", self.null_key(w))),
            );
        }
        let states = "an RBM extracts the features that PCA does: its columns capture as much variance";
        claims.push(
            Claim::new("sec5.mechanism", states, "windows.mechanism.captured")
                .null("windows.mechanism.captured_untrained"),
        );
        claims
    }

    fn answers(&self) -> Vec<String> {
        let own = &self.settings.own;
        let range = |m: usize, by: &dyn Fn(&[&Observed]) -> Combined| {
            let ends = (0..own.tops.len()).map(|w| show(&by(&self.pooled(w, FIRST, m))));
            ends.collect::<Vec<_>>().join(", ")
        };
        let windows = own.tops.iter().map(|t| name(*t)).collect::<Vec<_>>().join(", ");
        let nulls = (0..own.tops.len()).map(|w| show(&t_star(&self.nulls(w)))).collect::<Vec<_>>().join(", ");
        let ratio = over(self.found, |f| Some(f.mechanism.captured[0] / f.mechanism.captured[2]));
        vec![
            format!(
                "Windows {windows}: the Gibbs ends read T* = {}; the training mixtures without any machine {nulls}. T_c is the same for all of them.",
                range(0, &t_star)
            ),
            format!(
                "The ends move with the window: slope {} (Gibbs) and {} (mean field) against the mixture; 0 would be the critical point, 1 the training set.",
                show(&self.slope(FIRST, 0, |o| Some(o.t_star))),
                show(&self.slope(FIRST, 1, |o| Some(o.t_star)))
            ),
            format!(
                "The columns of W capture {} of the variance that as many principal components of the data do.",
                show(&ratio)
            ),
        ]
    }

    fn table(
        &self,
        by: &str,
        of: impl Fn(&[&Observed]) -> Combined,
        read: impl Fn(&Observed) -> Option<Measured>,
    ) -> Table {
        let own = &self.settings.own;
        let mut columns = vec!["window".to_string(), "mixture, no machine".into()];
        columns.extend(self.places().map(|(e, m)| format!("{}, {} epochs", MODES[m].name(), own.epochs[e])));
        let mut rows: Vec<Vec<Cell>> = (0..own.tops.len())
            .map(|w| {
                let ends = self.places().map(|(e, m)| cell(&of(&self.pooled(w, e, m)), None));
                [Cell::text(name(own.tops[w])), cell(&of(&self.nulls(w)), None)].into_iter().chain(ends).collect()
            })
            .collect();
        let slopes = self.places().map(|(e, m)| cell(&self.slope(e, m, &read), None));
        rows.push([Cell::text("slope against the mixture"), Cell::text("1")].into_iter().chain(slopes).collect());
        Table {
            caption: format!("{by} of the ends, by window of training temperatures"),
            columns,
            rows,
            notes: vec!["T_c = 2.269. Every machine gets the same number of updates.".into()],
        }
    }

    fn summary(&self) -> Table {
        self.table("T*", t_star, |o| Some(o.t_star))
    }

    fn windows(&self) -> Section {
        let own = &self.settings.own;
        let panel = |title: &str, label: &str, by: &dyn Fn(&[&Observed]) -> Combined| {
            let nulls: Vec<Combined> = (0..own.tops.len()).map(|w| by(&self.nulls(w))).collect();
            let x: Vec<f64> = nulls.iter().filter_map(|c| c.value).collect();
            let mut curves: Vec<Curve> = self
                .places()
                .map(|(e, m)| {
                    let ends: Vec<Combined> = (0..own.tops.len()).map(|w| by(&self.pooled(w, e, m))).collect();
                    let label = format!("{}, {} epochs", MODES[m].name(), own.epochs[e]);
                    curve(label, &x, &ends, Style::LinePoints)
                })
                .collect();
            curves.push(level("T_c", &x, Temperature::CRITICAL.value()));
            curves.push(Curve {
                label: "the mixture".into(),
                x: x.clone(),
                y: x,
                style: Style::Dashed,
                ..Curve::default()
            });
            Panel::Curves { title: title.into(), x: axis("of the mixture, no machine (J/k_B)"), y: axis(label), curves }
        };
        let figure = Figure {
            id: "sec4.windows".into(),
            title: "The end of the flow against the training mixture".into(),
            caption: format!(
                "One point per window of training temperatures ({}): thermometer reading of the pooled ends against that of the training mixture itself. \
                 Level: critical point. Diagonal: the training set. Errors over repetitions.",
                own.tops.iter().map(|t| name(*t)).collect::<Vec<_>>().join(", ")
            ),
            alt: "T* and T_E of the ends against those of the training mixture, by mode and epochs, with a level line at T_c and the diagonal.".into(),
            panels: vec![
                panel("By the thermometer", "T* of the ends (J/k_B)", &t_star),
                panel("By the energy", "T_E of the ends (J/k_B)", &t_energy),
            ],
        };
        Section {
            title: "Shifted windows".into(),
            text: vec![
                "The same machine, the same number of updates and one thermometer (0 to 6): only the training temperatures differ. \
                 The window 0-6 is the thesis's, and its mixture reads a little above T_c before anything is trained."
                    .into(),
            ],
            figures: vec![figure],
            tables: vec![self.table("T_E", t_energy, |o| o.t_energy)],
        }
    }

    fn mechanism(&self) -> Section {
        let first = &self.found[0].mechanism;
        let mean = |n: usize, of: &dyn Fn(&Findings, usize) -> Option<f64>| -> Vec<Combined> {
            (0..n)
                .map(|i| over_seeds(&self.found.iter().map(|f| Some((of(f, i)?, f64::NAN))).collect::<Vec<_>>(), 1.0))
                .collect()
        };
        let ranks = |n: usize| (1..=n).map(|i| i as f64).collect::<Vec<_>>();
        let k = first.singular[0].len();
        let drawn = first.components.len().min(2 * k);
        let singular = |label: &str, i: usize, style| {
            curve(label, &ranks(k), &mean(k, &|f, r| f.mechanism.singular[i].get(r).copied()), style)
        };
        let temperatures = self.settings.base.temperatures();
        let left = |label: &str, i: usize, style| {
            curve(label, &temperatures, &mean(temperatures.len(), &|f, t| f.mechanism.left.get(t).map(|l| l[i])), style)
        };
        let width = self.settings.base.lattice.size;
        let row = |label: &str, vectors: &[Vec<f32>]| -> Vec<Lattice> {
            let named = |(i, values): (usize, &Vec<f32>)| Lattice {
                label: format!("{label} {}", i + 1),
                width,
                values: values.clone(),
            };
            vectors.iter().enumerate().map(named).collect()
        };
        let figure = Figure {
            id: "sec5.mechanism".into(),
            title: "What the weights have learnt".into(),
            caption: format!(
                "Singular values of W (trained on {}), variance of the data along its principal components, and what a step v -> h -> v of expectation \
                 values leaves at each temperature (mean over spins of (v - v')^2 / 4; chance is 1/4 where v' = 0). Errors over repetitions. Below, first \
                 repetition: the first left singular vectors and principal components, each scaled to its largest entry.",
                self.trained_on()
            ),
            alt: "Singular values fall with rank as the principal variances do; reconstruction error rises through T_c; pictures of the first vectors.".into(),
            panels: vec![
                Panel::Curves {
                    title: "Singular values of W".into(),
                    x: axis("rank"),
                    y: axis("singular value"),
                    curves: vec![singular("trained", 0, Style::LinePoints), singular("untrained", 1, Style::Dashed)],
                },
                Panel::Curves {
                    title: "Principal components of the data".into(),
                    x: axis("rank"),
                    y: log_axis("fraction of the variance"),
                    curves: vec![curve(
                        "data",
                        &ranks(drawn),
                        &mean(drawn, &|f, i| f.mechanism.components.get(i).copied()),
                        Style::LinePoints,
                    )],
                },
                Panel::Curves {
                    title: "Reconstruction by temperature".into(),
                    x: axis("T (J/k_B)"),
                    y: Axis { limits: Some([0.0, 0.3]), ..axis("left after a step") },
                    curves: vec![
                        left("trained", 0, Style::LinePoints),
                        left("untrained", 1, Style::Dashed),
                        left(&format!("{k} principal components"), 2, Style::LinePoints),
                    ],
                },
                Panel::Lattices {
                    title: "Vectors".into(),
                    rows: vec![row("W", &first.shown[0]), row("PCA", &first.shown[1])],
                    shades: Shades { what: "entry / largest entry".into(), ..Shades::default() },
                },
            ],
        };
        Section {
            title: "Mechanism: features".into(),
            text: vec![
                "The thesis proposes that an RBM extracts features as PCA does, and that T_c is a fixed point because only there features of all \
                 lengths matter equally. The span of the weights is compared with the principal components of the training data, and the \
                 reconstruction with the best linear one of the same rank."
                    .into(),
            ],
            figures: vec![figure],
            tables: vec![],
        }
    }

    /// The window of the machine whose weights are shown.
    fn trained_on(&self) -> String {
        name(self.settings.own.tops[super::shown(self.settings)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slope_of_a_line_and_of_no_line() {
        assert_eq!(slope(&[1.0, 2.0, 4.0], &[3.0, 5.0, 9.0]), Some(2.0));
        assert_eq!(slope(&[1.0, 2.0, 4.0], &[3.0; 3]), Some(0.0));
        assert_eq!(slope(&[1.0, 1.0], &[3.0, 5.0]), None);
    }
}
