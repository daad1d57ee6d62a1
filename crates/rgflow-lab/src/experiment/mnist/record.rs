//! Numbers, claims, figures and tables.

use super::data::Images;
use super::settings::Settings;
use super::{Findings, Flow, MODES, sets};
use crate::artifact::Error;
use crate::record::Combined;
use crate::record::{
    Axis, Cell, Claim, Curve, Figure, Lattice, Map, Number, Panel, Record, Section, Shades, Style, Table,
};
use crate::study::drawing::{axis, log_axis};
use crate::study::drawing::{cell, over};

pub(super) fn record(settings: &Settings, images: &Images, seed: u64, found: &[Findings]) -> Result<Record, Error> {
    let story = Story { settings, names: sets(settings).iter().map(|s| s.0).collect(), found, width: images.width() };
    Ok(Record {
        experiment: "mnist".into(),
        title: "The RBM flow on handwritten digits".into(),
        question: "Machines trained on two digits are iterated from images of all ten. Do the flows of different digits end in different places, and do \
                   mixtures of the two digits, or noise, leave one end?"
            .into(),
        answers: story.answers(),
        summary: story.summary(),
        sections: story.sections(images, seed)?,
        numbers: story.numbers(),
        claims: story.claims(),
    })
}

struct Story<'a> {
    settings: &'a Settings,
    names: Vec<&'static str>,
    found: &'a [Findings],
    width: usize,
}

fn show(c: &Combined) -> String {
    crate::report::format::value(c.value, c.error, c.interval)
}

impl Story<'_> {
    /// Position of a set.
    fn place(&self, name: &str) -> usize {
        self.names.iter().position(|set| *set == name).unwrap_or(0)
    }

    fn over(&self, s: usize, m: usize, of: impl Fn(&Flow) -> Option<f64>) -> Combined {
        over(self.found, |f| of(&f.flows[s][m]))
    }

    fn ends(&self, s: usize, m: usize, mark: usize) -> Combined {
        self.over(s, m, |f| f.ends.get(mark).map(|n| *n as f64))
    }

    /// Steps at which ends are compared, by mode.
    fn marks(&self, m: usize) -> &[usize] {
        if m == 0 { &self.settings.common.flow.steps } else { &self.settings.common.flow.mean_steps }
    }

    fn last(&self) -> usize {
        self.settings.common.flow.steps.len() - 1
    }

    fn numbers(&self) -> Vec<Number> {
        let mut numbers = Vec::new();
        let accuracy = over(self.found, |f| Some(f.accuracy.accuracy));
        let what = format!(
            "fraction of the test files read right, {} training images per digit",
            self.settings.common.data.per_digit
        );
        numbers.push(accuracy.number("mnist.classifier.accuracy", "1", &what));
        if self.settings.accuracy.all {
            let all = over(self.found, |f| Some(f.all.as_ref()?.accuracy));
            let what = "fraction of the test files read right, all training images";
            numbers.push(all.number("mnist.classifier.accuracy_all", "1", what));
        }
        let purity = over(self.found, |f| Some(f.embedding.purity));
        let what = "fraction of images whose nearest neighbour on the map is the same digit";
        let number = purity.number("mnist.tsne.purity", "1", what);
        numbers.push(number.compare(1.0, 0.0, 0.1, "thesis fig 4.11: images of one digit lie together"));
        numbers.push(over(self.found, |f| Some(f.embedding.variance)).number(
            "mnist.tsne.variance",
            "1",
            "fraction of the variance in the principal components that are kept",
        ));
        for (s, set) in self.names.iter().enumerate() {
            for (m, mode) in MODES.iter().enumerate() {
                let key = format!("mnist.{}.{}", set, mode.name());
                for (i, steps) in self.marks(m).iter().enumerate() {
                    let what =
                        format!("distinct ends of the ten digits after {steps} steps (permutation test, Holm at 1 %)");
                    numbers.push(self.ends(s, m, i).number(format!("{key}.ends_{steps}"), "1", &what));
                }
                let several = self.over(s, m, |f| Some(f64::from(u8::from(*f.ends.last()? > 1))));
                let what = "fraction of repetitions with more than one end at the last step";
                let number = several.number(format!("{key}.several"), "1", what);
                let (one, source) = match *set {
                    "4-8" => (1.0, "thesis fig 4.12: several"),
                    "4-8-mixed" => (0.0, "thesis fig 4.13: one"),
                    "4-8-few" => (1.0, "thesis fig 4.13: with 900 mixtures no single one"),
                    "4-9" => (1.0, "thesis fig 4.14: several"),
                    "4-9-mixed" => (0.0, "thesis fig 4.14: one"),
                    _ => (0.0, "thesis fig 4.15: one"),
                };
                numbers.push(number.compare(one, 0.0, 0.0, source));
                if mode.name() == "mean" {
                    let attractors = self.over(s, m, |f| Some(f.attractors as f64));
                    numbers.push(attractors.number(
                        format!("{key}.attractors"),
                        "1",
                        "attractors seen from all starts",
                    ));
                    numbers.push(self.over(s, m, |f| Some(f.at_rest)).number(
                        format!("{key}.at_rest"),
                        "1",
                        "fraction of chains at rest at the last step",
                    ));
                }
                for start in 0..10 {
                    for digit in 0..10 {
                        let p = self.over(s, m, |f| f.probability.last()?.get(start)?.get(digit).copied());
                        let what = format!("P({digit}) at the last step of the flow from images of {start}");
                        numbers.push(p.number(format!("{key}.from{start}.P{digit}"), "1", &what));
                    }
                }
            }
        }
        numbers
    }

    fn claims(&self) -> Vec<Claim> {
        let mut claims =
            vec![Claim::new("fig4.11", "images of one digit lie together on the map", "mnist.tsne.purity")];
        for mode in MODES.map(|mode| mode.name()) {
            for (item, set, states) in [
                ("fig4.12", "4-8", "4, 8: several fixed points"),
                ("fig4.13", "4-8-mixed", "4, 8 and 4500 mixtures: one"),
                ("fig4.13", "4-8-few", "4, 8 and 900 mixtures: several"),
                ("fig4.14", "4-9", "4, 9: several"),
                ("fig4.14", "4-9-mixed", "4, 9 and 4500 mixtures: one"),
                ("fig4.15", "4-9-noisy", "noisy 4 and 9: one"),
            ] {
                claims.push(Claim::new(item, format!("{states} ({mode})"), format!("mnist.{set}.{mode}.several")));
            }
        }
        claims
    }

    fn answers(&self) -> Vec<String> {
        let last = self.last();
        let list = |m: usize| {
            let one = |(s, set): (usize, &&str)| format!("{} {}", show(&self.ends(s, m, last)), set);
            self.names.iter().enumerate().map(one).collect::<Vec<_>>().join(", ")
        };
        vec![
            format!("Distinct ends of ten digits after {} Gibbs steps: {}.", self.marks(0)[last], list(0)),
            format!("After {} mean-field steps: {}.", self.marks(1)[last], list(1)),
            format!(
                "The network reads {} of the test images right.",
                show(&over(self.found, |f| Some(f.accuracy.accuracy)))
            ),
        ]
    }

    fn summary(&self) -> Table {
        let mut columns = vec!["training set".to_string()];
        for (m, mode) in MODES.iter().enumerate() {
            columns.extend(self.marks(m).iter().map(|steps| format!("{}, {steps}", mode.name())));
        }
        columns.push("attractors".into());
        let row = |(s, set): (usize, &&str)| {
            let mut row = vec![Cell::text(*set)];
            for m in 0..MODES.len() {
                row.extend((0..self.marks(m).len()).map(|i| cell(&self.ends(s, m, i), None)));
            }
            row.push(cell(&self.over(s, 1, |f| Some(f.attractors as f64)), None));
            row
        };
        Table {
            caption: "Distinct ends of the ten starting digits, by mode and steps".into(),
            columns,
            rows: self.names.iter().enumerate().map(row).collect(),
            notes: vec![
                "Two digits have one end where the distance of their mean images is no larger than relabelling gives (1 %, Holm over pairs). \
                 Attractors: of the mean-field map, from all starts."
                    .into(),
            ],
        }
    }

    /// P(digit) at the last step by starting digit.
    fn probability(&self, s: usize, m: usize) -> Panel {
        let row = |start: usize| {
            (0..10).map(move |d| {
                let p = self.over(s, m, |f| f.probability.last()?.get(start)?.get(d).copied());
                (p.value, p.error)
            })
        };
        let digits: Vec<f64> = (0..10).map(f64::from).collect();
        Panel::Map(Map {
            title: format!(
                "{}, {}: P(digit) after {} steps",
                self.names[s],
                MODES[m].name(),
                self.marks(m)[self.last()]
            ),
            x: axis("digit read"),
            y: axis("starting digit"),
            value: Axis { limits: Some([0.0, 1.0]), ..axis("P") },
            columns: digits.clone(),
            rows: digits,
            values: (0..10).map(|start| row(start).collect()).collect(),
        })
    }

    fn pictures(&self, s: usize, m: usize) -> Panel {
        let flow = &self.found[0].flows[s][m];
        let row = |row: &Vec<Vec<f32>>| {
            let one = |(values, step): (&Vec<f32>, &usize)| Lattice {
                label: step.to_string(),
                width: self.width,
                values: values.clone(),
            };
            row.iter().zip(&flow.shown).map(one).collect()
        };
        Panel::Lattices {
            title: format!("{}, {}: one image of each digit, by step", self.names[s], MODES[m].name()),
            rows: flow.pictures.iter().map(row).collect(),
            shades: Shades::grey(),
        }
    }

    fn relaxation(&self, s: usize) -> Panel {
        let curves = MODES.iter().enumerate().map(|(m, mode)| {
            let flow = &self.found[0].flows[s][m];
            let mean = |row: &Vec<f64>| row.iter().sum::<f64>() / row.len() as f64;
            Curve {
                label: mode.name().into(),
                x: flow.records.iter().map(|r| *r as f64).collect(),
                y: flow.distance.iter().map(mean).collect(),
                style: Style::LinePoints,
                ..Curve::default()
            }
        });
        Panel::Curves {
            title: format!("{}: distance from the start", self.names[s]),
            x: log_axis("step"),
            y: axis("mean of (v - v0)^2"),
            curves: curves.collect(),
        }
    }

    fn figure(&self, id: &str, title: &str, sets: &[&str]) -> Figure {
        let mut panels = Vec::new();
        for s in sets.iter().map(|set| self.place(set)) {
            panels.extend((0..MODES.len()).map(|m| self.probability(s, m)));
            panels.extend([self.pictures(s, 1), self.relaxation(s)]);
        }
        Figure {
            id: id.into(),
            title: format!("Thesis {title}"),
            caption: "What the network reads at the end of the flow, by starting digit (mean over repetitions); the mean-field flow of one image of each digit and \
                      the distance from the start (first repetition)."
                .into(),
            alt: format!("P(digit) by starting digit in both modes and pictures of the flow: {title}."),
            panels,
        }
    }

    fn sections(&self, images: &Images, seed: u64) -> Result<Vec<Section>, Error> {
        let examples = images.starts(seed, 4.min(self.settings.common.flow.chains))?;
        let per = examples.digits.len() / 10;
        let picture = |i: usize| Lattice {
            label: examples.digits[i].to_string(),
            width: self.width,
            values: examples.images.row(i).to_vec(),
        };
        let first = &self.found[0].embedding;
        let cloud = |digit: usize| {
            let own = || first.places.iter().zip(&first.digits).filter(move |(_, d)| **d == digit).map(|(p, _)| *p);
            Curve {
                label: digit.to_string(),
                x: own().map(|p| f64::from(p.0)).collect(),
                y: own().map(|p| f64::from(p.1)).collect(),
                error: vec![],
                style: Style::Points,
                colour: None,
            }
        };
        let data = vec![
            Figure {
                id: "fig4.10".into(),
                title: "Thesis fig 4.10: handwritten digits".into(),
                caption: "Images of the test files, grey levels as they are.".into(),
                alt: "Rows of handwritten digits 0 to 9.".into(),
                panels: vec![Panel::Lattices {
                    title: String::new(),
                    rows: (0..per).map(|row| (0..10).map(|d| picture(d * per + row)).collect()).collect(),
                    shades: Shades { what: "grey level".into(), ..Shades::grey() },
                }],
            },
            Figure {
                id: "fig4.11".into(),
                title: "Thesis fig 4.11: map of the digits".into(),
                caption: format!(
                    "t-SNE (perplexity {}) of {} images on their first {} principal components, begun at the first two. First repetition.",
                    self.settings.tsne.perplexity,
                    first.places.len(),
                    self.settings.tsne.components
                ),
                alt: "Ten clouds of points, one for each digit.".into(),
                panels: vec![Panel::Curves {
                    title: String::new(),
                    x: axis("t-SNE 1"),
                    y: axis("t-SNE 2"),
                    curves: (0..10).map(cloud).collect(),
                }],
            },
        ];
        let flows = vec![
            self.figure("fig4.12", "fig 4.12: 4 and 8", &["4-8"]),
            self.figure("fig4.13", "fig 4.13: 4, 8 and mixtures", &["4-8-mixed", "4-8-few"]),
            self.figure("fig4.14", "fig 4.14: 4 and 9, and mixtures", &["4-9", "4-9-mixed"]),
            self.figure("fig4.15", "fig 4.15: noisy 4 and 9", &["4-9-noisy"]),
        ];
        let section = |title: &str, figures| Section { title: title.into(), text: vec![], figures, tables: vec![] };
        Ok(vec![section("The digits", data), section("Flows", flows)])
    }
}
