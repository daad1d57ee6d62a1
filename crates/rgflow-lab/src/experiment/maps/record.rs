//! Numbers, claims, figures and tables.

use super::{Findings, Settings};
use crate::record::Combined;
use crate::record::{Axis, Cell, Claim, Curve, Figure, Frame, Map, Number, Panel, Record, Section, Style, Table};
use crate::study::drawing::{axis, curve, level, log_axis};
use crate::study::drawing::{cell, over};
use crate::study::modes::MODES;
use crate::study::readings::{ABOUT, t_star};
use crate::study::readings::{FlowFindings, Observed};
use crate::study::torus;
use rgflow::lattice::Temperature;

pub(super) fn record(settings: &Settings, found: &[Findings]) -> Record {
    let story = Story { settings, found };
    Record {
        experiment: "maps".into(),
        title: "What training and machine do to the end of the flow".into(),
        question: "One training and one machine gave the thesis its T*. How far does T* move with the number of epochs, the learning rate, the \
                   number of hidden units and the steps of contrastive divergence?"
            .into(),
        answers: story.answers(),
        summary: story.summary(),
        sections: vec![story.section()],
        numbers: story.numbers(),
        claims: story.claims(),
    }
}

struct Story<'a> {
    settings: &'a Settings,
    found: &'a [Findings],
}

/// A place in the findings: machine and epoch.
type Place = (usize, usize);

/// An axis through the recipe's values: name, what it is, values with their places.
struct Line {
    name: &'static str,
    label: &'static str,
    points: Vec<(f64, Place)>,
}

fn show(c: &Combined) -> String {
    crate::report::format::value(c.value, c.error, c.interval)
}

impl Story<'_> {
    /// The axes, each through the recipe's values.
    fn lines(&self) -> Vec<Line> {
        let (own, rbm) = (&self.settings.own, &self.settings.base.rbm);
        let middle = own.learning_rates.iter().position(|r| *r == rbm.learning_rate).unwrap_or(0);
        let at = own.epochs.iter().position(|e| *e == own.at).unwrap_or(0);
        let mut next = own.learning_rates.len();
        let mut others = |values: &[usize], one: usize| -> Vec<(f64, Place)> {
            let place = |value: &usize| {
                let place = if *value == one { (middle, at) } else { (next, 0) };
                next += usize::from(*value != one);
                (*value as f64, place)
            };
            values.iter().map(place).collect()
        };
        let (hidden, cd) = (others(&own.hidden, rbm.hidden), others(&own.cd_steps, rbm.cd_steps));
        let epochs = own.epochs.iter().enumerate().map(|(e, epochs)| (*epochs as f64, (middle, e))).collect();
        let rates = own.learning_rates.iter().enumerate().map(|(r, rate)| (*rate, (r, at))).collect();
        vec![
            Line { name: "epochs", label: "epochs", points: epochs },
            Line { name: "learning_rate", label: "learning rate", points: rates },
            Line { name: "hidden", label: "hidden units", points: hidden },
            Line { name: "cd_steps", label: "steps of contrastive divergence", points: cd },
        ]
    }

    fn flows(&self, (machine, epoch): Place, mode: usize) -> Vec<&FlowFindings> {
        self.found.iter().map(|f| &f.flows[machine][epoch][mode]).collect()
    }

    fn end(&self, place: Place, mode: usize) -> Combined {
        t_star(&self.flows(place, mode).iter().map(|f| &f.pooled).collect::<Vec<_>>())
    }

    fn null(&self) -> Combined {
        t_star(&self.found.iter().map(|f| &f.null).collect::<Vec<&Observed>>())
    }

    /// Largest less smallest T* along a line.
    fn span(&self, line: &Line, mode: usize) -> Combined {
        over(self.found, |f| {
            let ends = line.points.iter().map(|(_, (machine, epoch))| f.flows[*machine][*epoch][mode].pooled.t_star.0);
            let (low, high) = ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), t| (l.min(t), h.max(t)));
            Some(high - low)
        })
    }

    fn numbers(&self) -> Vec<Number> {
        let null = self.null();
        let nulls: Vec<&Observed> = self.found.iter().map(|f| &f.null).collect();
        let mut numbers = torus::read("maps.null", &nulls, "the training mixture itself, no machine").to_vec();
        for (machine, one) in self.settings.machines().iter().enumerate() {
            for (e, epochs) in one.epochs.iter().enumerate() {
                for (m, mode) in MODES.iter().enumerate() {
                    let key = format!("maps.{}.epochs{epochs}.{}", one.name, mode.name());
                    let what = format!(
                        "{} flow after {epochs} epochs, {} hidden units, learning rate {}, CD-{}",
                        mode.name(),
                        one.rbm.hidden,
                        one.rbm.learning_rate,
                        one.rbm.cd_steps
                    );
                    let critical = (Temperature::CRITICAL.value(), "thesis: the RBM flow ends near T_c");
                    let flows = self.flows((machine, e), m);
                    numbers.extend(torus::read_ends(&key, &flows, &what, critical, (&null, "maps.null.T_star")));
                }
            }
        }
        for line in self.lines() {
            for (m, mode) in MODES.iter().enumerate() {
                let what =
                    format!("largest less smallest T* of the {} flow along the axis: {}", mode.name(), line.label);
                let number =
                    self.span(&line, m).number(format!("maps.{}.{}.span", line.name, mode.name()), "J/k_B", &what);
                numbers.push(number.compare(0.0, 0.0, ABOUT, "no influence beyond a step of the thesis's grid"));
            }
        }
        numbers
    }

    fn claims(&self) -> Vec<Claim> {
        let claim = |line: &Line| {
            let states = format!("(a question) does the end depend on the {}? span of T*, Gibbs", line.label);
            Claim::new("sec4.maps", states, format!("maps.{}.gibbs.span", line.name))
        };
        self.lines().iter().map(claim).collect()
    }

    fn answers(&self) -> Vec<String> {
        let of = |m: usize| {
            let spans = self
                .lines()
                .iter()
                .map(|line| format!("{} {}", show(&self.span(line, m)), line.label))
                .collect::<Vec<_>>();
            spans.join(", ")
        };
        vec![
            format!("Gibbs flow: T* moves along the axes by {}.", of(0)),
            format!("Mean-field flow: by {}.", of(1)),
            format!("The training mixture without any machine reads {}.", show(&self.null())),
        ]
    }

    /// T* of the Gibbs flow over the plane.
    fn summary(&self) -> Table {
        let own = &self.settings.own;
        let columns =
            std::iter::once("learning rate".to_string()).chain(own.epochs.iter().map(|e| format!("{e} epochs")));
        let row = |(r, rate): (usize, &f64)| {
            let ends = (0..own.epochs.len()).map(|e| cell(&self.end((r, e), 0), None));
            std::iter::once(Cell::text(rate.to_string())).chain(ends).collect()
        };
        Table {
            caption: "T* of the Gibbs flow".into(),
            columns: columns.collect(),
            rows: own.learning_rates.iter().enumerate().map(row).collect(),
            notes: vec!["T_c = 2.269.".into()],
        }
    }

    fn section(&self) -> Section {
        let own = &self.settings.own;
        let map = |m: usize| {
            let frame = |r: usize, e: usize| -> Frame {
                // A bound is no value: its cell is crossed out, and the table has it.
                let end = self.end((r, e), m);
                if end.interval.is_some() { (None, None) } else { (end.value, end.error) }
            };
            Panel::Map(Map {
                title: format!("{} flow", MODES[m].name()),
                x: log_axis("epochs"),
                y: log_axis("learning rate"),
                value: Axis { limits: Some([1.4, 2.6]), ..axis("T*") },
                columns: own.epochs.iter().map(|e| *e as f64).collect(),
                rows: own.learning_rates.clone(),
                values: (0..own.learning_rates.len())
                    .map(|r| (0..own.epochs.len()).map(|e| frame(r, e)).collect())
                    .collect(),
            })
        };
        let null = self.null().value.unwrap_or(f64::NAN);
        let panel = |line: &Line| {
            let x: Vec<f64> = line.points.iter().map(|p| p.0).collect();
            let along = |m: usize| -> Vec<Combined> { line.points.iter().map(|p| self.end(p.1, m)).collect() };
            let mut curves: Vec<Curve> =
                (0..MODES.len()).map(|m| curve(MODES[m].name(), &x, &along(m), Style::LinePoints)).collect();
            curves.push(level("T_c", &x, Temperature::CRITICAL.value()));
            curves.push(level("the mixture", &x, null));
            Panel::Curves {
                title: line.label.into(),
                x: log_axis(line.label),
                y: axis("T* of the ends (J/k_B)"),
                curves,
            }
        };
        let mut panels = vec![map(0), map(1)];
        panels.extend(self.lines().iter().map(panel));
        let rbm = &self.settings.base.rbm;
        Section {
            title: "Maps".into(),
            text: vec![],
            figures: vec![Figure {
                id: "sec4.maps".into(),
                title: "T* of the ends over training and machine".into(),
                caption: format!(
                    "Above: T* of the pooled ends over epochs and learning rate. Then one axis at a time through {} hidden units, learning rate {}, \
                     CD-{}, {} epochs. Trained on all temperatures. Errors over repetitions.",
                    rbm.hidden, rbm.learning_rate, rbm.cd_steps, own.at
                ),
                alt: "Two maps of T* over epochs and learning rate, and four curves of T* along the axes, beside T_c and the mixture.".into(),
                panels,
            }],
            tables: vec![],
        }
    }
}
