//! Numbers, claims, figures and tables.

use super::{FlowFound, Found, SETS, Seen, Settings};
use crate::record::{Axis, Cell, Claim, Curve, Figure, Number, Panel, Record, Section, Style, Table};
use crate::record::{Combined, Measured, over_seeds};
use crate::study::drawing::{axis, curve, level};
use crate::study::drawing::{cell, over};
use crate::study::ends;
use crate::study::modes::MODES;
use crate::study::readings::Observed;
use crate::study::readings::{t_energy, t_star};

/// Names of the two critical temperatures in keys, and what orders below them.
const POINTS: [(&str, &str); 2] = [("T_low", "s and t"), ("T_up", "the product s t")];

pub(super) fn record(settings: &Settings, found: &[Found]) -> Record {
    let story = Story { settings, found };
    Record {
        experiment: "ashkin-teller".into(),
        title: "A system with two critical points".into(),
        question: "In the Ashkin-Teller model with K4 > K the product of two spins orders at one critical temperature and the spins themselves at a \
                   lower one. The thesis's flow is said to end near the critical point: near which of two?"
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
    found: &'a [Found],
}

fn show(c: &Combined) -> String {
    crate::report::format::value(c.value, c.error, c.interval)
}

impl Story<'_> {
    fn critical(&self, point: usize) -> Combined {
        over(self.found, |f| f.critical[point])
    }

    fn nulls(&self, set: usize) -> Vec<&Seen> {
        self.found.iter().map(|f| &f.sets[set].null).collect()
    }

    fn flows(&self, set: usize, mode: usize) -> Vec<&FlowFound> {
        self.found.iter().map(|f| &f.sets[set].flows[mode]).collect()
    }

    fn ends(&self, set: usize, mode: usize) -> Vec<&Seen> {
        self.flows(set, mode).into_iter().map(|f| &f.pooled).collect()
    }

    /// The ends of each repetition at the last step.
    fn ends_seen(&self, set: usize, mode: usize) -> Vec<ends::Seen> {
        let seen = |f: &FlowFound| {
            let t_star = f.t_star.last().cloned().unwrap_or_default();
            ends::Seen { count: f.distinct, apart: f.apart, t_star }
        };
        self.flows(set, mode).into_iter().map(seen).collect()
    }

    /// T* of the ends less the nearer critical temperature of the same repetition.
    fn off(&self, set: usize, mode: usize) -> Combined {
        over(self.found, |f| {
            let star = f.sets[set].flows[mode].pooled.read.t_star.0;
            let off = f.critical.iter().flatten().map(|critical| star - critical);
            off.min_by(|a, b| a.abs().total_cmp(&b.abs()))
        })
    }

    fn key(set: usize) -> String {
        format!("ashkin-teller.{}", SETS[set])
    }

    fn read(&self, key: &str, seen: &[&Seen], what: &str) -> Vec<Number> {
        let reads = reads(seen);
        let n = seen.iter().map(|s| s.read.n as f64).sum();
        let of = |of: &dyn Fn(&Seen) -> Measured| over_seeds(&seen.iter().map(|s| Some(of(s))).collect::<Vec<_>>(), n);
        vec![
            t_star(&reads).number(format!("{key}.T_star"), "J/k_B", &format!("T*: {what}")),
            t_energy(&reads).number(
                format!("{key}.T_E"),
                "J/k_B",
                &format!("temperature at which thermal samples have this energy: {what}"),
            ),
            of(&|s| s.read.energy).number(format!("{key}.energy"), "J per site", &format!("energy: {what}")),
            of(&|s| s.read.abs_m).number(format!("{key}.abs_m"), "1", &format!("mean of |m_s| and |m_t|: {what}")),
            of(&|s| s.product).number(format!("{key}.abs_m_product"), "1", &format!("|m| of the product s t: {what}")),
        ]
    }

    fn numbers(&self) -> Vec<Number> {
        let mut numbers = Vec::new();
        for (point, (name, orders)) in POINTS.iter().enumerate() {
            let [small, large] = [0, 1].map(|i| *self.settings.model.crossing_sizes[i]);
            let what = format!("critical temperature of {orders}: Binder cumulants of L = {small} and {large} cross");
            numbers.push(self.critical(point).number(format!("ashkin-teller.{name}"), "J/k_B", &what));
        }
        for (set, name) in SETS.iter().enumerate() {
            let key = Self::key(set);
            numbers.extend(self.read(
                &format!("{key}.null"),
                &self.nulls(set),
                &format!("the training mixture \"{name}\" itself, no machine"),
            ));
            for (m, mode) in MODES.iter().enumerate() {
                let key = format!("{key}.{}", mode.name());
                let what =
                    format!("ends of all starts pooled, {} flow of the machine trained on \"{name}\"", mode.name());
                numbers.extend(self.read(&key, &self.ends(set, m), &what));
                let what = format!("T* less the nearer critical temperature: {what}");
                let off = self.off(set, m).number(format!("{key}.off"), "J/k_B", &what);
                let step = *self.settings.torus.samples.t_step;
                numbers.push(off.compare(0.0, 0.0, step, "thesis: the RBM flow ends near the critical point"));
                let distinct = over(self.found, |f| Some(f.sets[set].flows[m].distinct as f64));
                let what = format!("distinct ends, {} flow of \"{name}\"", mode.name());
                numbers.push(distinct.number(format!("{key}.ends"), "1", &what));
                let what = format!("{} flow of \"{name}\"", mode.name());
                numbers.push(ends::apart(&key, [], &what, |[]| self.ends_seen(set, m)).at(()).clone());
                let converged = over(self.found, |f| Some(f.sets[set].flows[m].converged));
                let what =
                    format!("fraction of the starts whose last windows agree, {} flow of \"{name}\"", mode.name());
                numbers.push(converged.number(format!("{key}.converged"), "1", &what));
                if m == 1 {
                    let attractors = over(self.found, |f| Some(f.sets[set].flows[m].attractors as f64));
                    let what = format!("attractors of the mean-field map of \"{name}\"");
                    numbers.push(attractors.number(format!("{key}.attractors"), "1", &what));
                }
            }
        }
        numbers
    }

    fn claims(&self) -> Vec<Claim> {
        let claim = |set: usize| {
            let states = format!("trained on {}: the Gibbs flow ends at a critical point", self.trained(set));
            Claim::new("sec5.two-points", states, format!("{}.gibbs.off", Self::key(set)))
        };
        (0..SETS.len()).map(claim).collect()
    }

    /// A training set in words.
    fn trained(&self, set: usize) -> String {
        let split = self.settings.model.split;
        match SETS[set] {
            "low" => format!("T <= {split}"),
            "high" => format!("T >= {split}"),
            _ => "all temperatures".into(),
        }
    }

    fn answers(&self) -> Vec<String> {
        let list = |of: &dyn Fn(usize) -> String| (0..SETS.len()).map(of).collect::<Vec<_>>().join(", ");
        vec![
            format!(
                "The product of the spins orders at T = {}, the spins at {}.",
                show(&self.critical(1)),
                show(&self.critical(0))
            ),
            format!(
                "Trained on {}: the Gibbs ends read T* = {}; the mixtures without any machine {}.",
                list(&|set| self.trained(set)),
                list(&|set| show(&t_star(&reads(&self.ends(set, 0))))),
                list(&|set| show(&t_star(&reads(&self.nulls(set)))))
            ),
        ]
    }

    fn summary(&self) -> Table {
        let columns = ["trained on", "", "T*", "T_E", "|m| of s, t", "|m| of s t", "distinct ends"];
        let row = |name: String, what: &str, seen: &[&Seen], ends: Cell| {
            let reads = reads(seen);
            let of = |of: &dyn Fn(&Seen) -> Measured| {
                let values: Vec<_> = seen.iter().map(|s| Some(of(s))).collect();
                cell(&over_seeds(&values, seen.iter().map(|s| s.read.n as f64).sum()), None)
            };
            vec![
                Cell::text(name),
                Cell::text(what),
                cell(&t_star(&reads), None),
                cell(&t_energy(&reads), None),
                of(&|s| s.read.abs_m),
                of(&|s| s.product),
                ends,
            ]
        };
        let mut rows = Vec::new();
        for set in 0..SETS.len() {
            rows.push(row(self.trained(set), "mixture, no machine", &self.nulls(set), Cell::text("")));
            for (m, mode) in MODES.iter().enumerate() {
                let count = over(self.found, |f| Some(f.sets[set].flows[m].distinct as f64));
                let ends = ends::cell(&self.ends_seen(set, m), &count);
                let what = format!("{} ends", mode.name());
                rows.push(row(String::new(), &what, &self.ends(set, m), ends));
            }
        }
        Table {
            caption: "Ends of the flow beside the training mixtures".into(),
            columns: columns.map(String::from).into(),
            rows,
            notes: vec![format!(
                "Critical temperatures: {} (the product s t), {} (s and t). r = K4/K = {}.",
                show(&self.critical(1)),
                show(&self.critical(0)),
                *self.settings.model.ratio
            )],
        }
    }

    fn section(&self) -> Section {
        let temperatures = self.settings.torus.temperatures();
        let n = temperatures.len();
        let thermal = |of: &dyn Fn(&Seen) -> f64| -> Vec<Combined> {
            (0..n).map(|k| over(self.found, |f| Some(of(&f.thermal[k])))).collect()
        };
        // Ends as points at (T*, |m|).
        let point = |label: String, set: usize, of: &dyn Fn(&Seen) -> f64| {
            let ends = self.ends(set, 0);
            let mean = |values: &dyn Fn(&Seen) -> f64| ends.iter().map(|s| values(s)).sum::<f64>() / ends.len() as f64;
            Curve {
                label,
                x: vec![mean(&|s| s.read.t_star.0)],
                y: vec![mean(of)],
                style: Style::Points,
                ..Curve::default()
            }
        };
        let upright = |label: &str, at: &Combined| {
            let at = at.value.unwrap_or(f64::NAN);
            Curve { label: label.into(), x: vec![at, at], y: vec![0.0, 1.0], style: Style::Dashed, ..Curve::default() }
        };
        let mut order = vec![
            curve("|m| of s, t", &temperatures, &thermal(&|s| s.read.abs_m.0), Style::Line),
            curve("|m| of s t", &temperatures, &thermal(&|s| s.product.0), Style::Line),
            upright("critical: s, t", &self.critical(0)),
            upright("critical: s t", &self.critical(1)),
        ];
        for set in 0..SETS.len() {
            order.push(point(format!("{}: s, t", self.trained(set)), set, &|s| s.read.abs_m.0));
            order.push(point(format!("{}: s t", self.trained(set)), set, &|s| s.product.0));
        }
        let p = |seen: &dyn Fn(&Found) -> &Seen, label: String, style| {
            let values: Vec<Combined> =
                (0..n).map(|i| over(self.found, |f| seen(f).read.curve.get(i).copied())).collect();
            curve(label, &temperatures, &values, style)
        };
        let by_set = (0..SETS.len()).map(|set| {
            let curves = vec![
                p(&|f| &f.sets[set].flows[0].pooled, "gibbs ends".into(), Style::LinePoints),
                p(&|f| &f.sets[set].flows[1].pooled, "mean-field ends".into(), Style::LinePoints),
                p(&|f| &f.sets[set].null, "mixture".into(), Style::Dashed),
            ];
            Panel::Curves {
                title: format!("Trained on {}", self.trained(set)),
                x: axis("T (J/k_B)"),
                y: axis("P(T)"),
                curves,
            }
        });
        let flow = &self.found[0].sets[0].flows[0];
        let steps: Vec<f64> = flow.steps.iter().map(|s| *s as f64 + 1.0).collect();
        let shown: Vec<usize> = (0..6).map(|i| i * (n - 1) / 5).collect();
        let mut along: Vec<Curve> = shown
            .iter()
            .map(|k| Curve {
                label: format!("from {}", temperatures[*k]),
                x: steps.clone(),
                y: flow.t_star.iter().map(|t| t[*k]).collect(),
                colour: Some(*k as f64 / (n - 1) as f64),
                ..Curve::default()
            })
            .collect();
        for (point, label) in ["critical: s, t", "critical: s t"].iter().enumerate() {
            along.extend(self.critical(point).value.map(|at| level(*label, &steps, at)));
        }
        let mut panels = vec![
            Panel::Curves {
                title: "Order of thermal samples, and of the Gibbs ends".into(),
                x: axis("T, or T* of the ends (J/k_B)"),
                y: Axis { limits: Some([0.0, 1.0]), ..axis("|m|") },
                curves: order,
            },
            Panel::Curves {
                title: "T* along the Gibbs flow, trained on all".into(),
                x: crate::study::drawing::log_axis("step + 1"),
                y: axis("T* (J/k_B)"),
                curves: along,
            },
        ];
        panels.extend(by_set);
        Section {
            title: "Two critical points".into(),
            text: vec![
            format!(
                "{0} x {0} sites with two spins each are {1} visible units. Between its critical temperatures the product s t has an order that neither \
                 spin has alone: no pair of units of one site is aligned on the average with those of another, only products of pairs are.",
                *self.settings.torus.lattice.size,
                2 * self.settings.torus.lattice.size.pow(2)
            ),
            "The thermometer is a perceptron on the 2 N spins. It tells the order of s and t well and that of their product hardly: above the lower \
             transition its curves are nearly alike. So T_E and the two order parameters stand beside T*, and a T* near the upper transition says \
             little by itself."
                .into(),
            ],
            figures: vec![Figure {
                id: "sec5.two-points".into(),
                title: "The flow of a system with two critical points".into(),
                caption: "Order parameters of thermal samples with the critical temperatures; points: ends of the Gibbs flow at their T*, by training \
                          set. T* along the flow from six start temperatures (first repetition). P(T) of the pooled ends beside the training mixture."
                    .into(),
                alt: "Two order parameters vanish at two temperatures; ends of the flow are points; P(T) of ends and mixtures by training set.".into(),
                panels,
            }],
            tables: vec![],
        }
    }
}

fn reads<'a>(seen: &[&'a Seen]) -> Vec<&'a Observed> {
    seen.iter().map(|s| &s.read).collect()
}
