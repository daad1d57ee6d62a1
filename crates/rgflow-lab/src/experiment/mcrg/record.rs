//! Numbers, claims, figures and tables.

use super::{Found, Settings};
use crate::record::{Cell, Claim, Figure, Number, Panel, Record, Section, Style, Table};
use crate::record::{Combined, over_seeds};
use crate::study::drawing::cell;
use crate::study::drawing::{axis, curve, level};
use rgflow::exact::square;

/// Exact exponents of the square lattice, thermal and magnetic, and what is allowed beside errors.
const EXPONENTS: [(&str, f64, f64); 2] = [("y_t", 1.0, 0.003), ("y_h", 1.875, 0.002)];

/// What is said of an exponent without a value.
const WHY_UNDEFINED: &str = " (these do not fluctuate independently in the samples, so the step has no eigenvalue: take more samples, \
    fewer operators or a temperature nearer to T_c)";

pub(super) fn record(settings: &Settings, found: &[Found]) -> Record {
    let story = Story { settings, found };
    Record {
        experiment: "mcrg".into(),
        title: "Exponents by the Monte Carlo renormalization group".into(),
        question: "How do couplings grow under a block-spin step at the critical point? The eigenvalues of the linearized step are b^y.".into(),
        answers: story.answers(),
        summary: story.table(0),
        sections: std::iter::once(story.section()).chain(story.soft()).collect(),
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
    fn rules(&self) -> std::ops::Range<usize> {
        0..self.settings.measure.rules.len()
    }

    fn steps(&self) -> std::ops::Range<usize> {
        0..self.settings.measure.steps
    }

    fn operators(&self, parity: usize) -> usize {
        self.settings.measure.operators[parity].len()
    }

    fn headline(&self, parity: usize) -> usize {
        self.settings.own.headline.min(self.operators(parity))
    }

    /// Exponent by the first `m` operators.
    fn exponent(&self, rule: usize, step: usize, parity: usize, m: usize) -> Combined {
        let values: Vec<_> = self
            .found
            .iter()
            .map(|f| Some(f.exponents[rule][step][parity][m - 1]).filter(|e| e.0.is_finite()))
            .collect();
        over_seeds(&values, self.settings.own.blocks as f64)
    }

    fn best(&self, rule: usize, step: usize, parity: usize) -> Combined {
        self.exponent(rule, step, parity, self.headline(parity))
    }

    /// `rg.mcrg.L64.b2.step2`; rules other than majority are named.
    fn key(&self, rule: usize, step: usize) -> String {
        let (own, rule) = (&self.settings.own, self.settings.measure.rules[rule].to_string().replace(':', ""));
        let rule = if rule == "majority" { String::new() } else { format!(".{rule}") };
        format!("rg.mcrg.L{}.b{}{rule}.step{}", own.size, own.b, step + 1)
    }

    fn sizes(&self, step: usize) -> (usize, usize) {
        let of = |n: usize| self.settings.own.size / self.settings.own.b.pow(n as u32);
        (of(step), of(step + 1))
    }

    fn energy(&self) -> Combined {
        over_seeds(&self.found.iter().map(|f| Some(f.energy)).collect::<Vec<_>>(), 1.0)
    }

    fn critical(&self) -> bool {
        self.settings.measure.temperature == rgflow::lattice::Temperature::CRITICAL
    }

    fn numbers(&self) -> Vec<Number> {
        let mut numbers = Vec::new();
        let (own, measure) = (&self.settings.own, &self.settings.measure);
        let exact = square::thermodynamics(own.size, own.size, measure.temperature).map(|e| e.energy);
        let energy = self.energy().number(
            format!("rg.mcrg.L{}.energy", own.size),
            "J per spin",
            "energy of the sampled lattice, jackknife over blocks",
        );
        numbers.push(match exact {
            Ok(exact) => energy.compare(exact, 0.0, 0.0, "Kaufman"),
            Err(_) => energy,
        });
        for (i, of) in ["energy", "abs_m"].iter().enumerate() {
            let tau = self.found.iter().map(|f| f.tau_int[i]).fold(0.0, f64::max);
            let how = format!(
                "integrated autocorrelation time of the sampled lattice in configurations (0.5: independent), largest over repetitions; a block \
                 has {}",
                measure.per_block
            );
            numbers.push(Number::new(format!("rg.mcrg.L{}.tau_int_{of}", own.size), tau, None, "configurations", how));
        }
        for (step, (parity, (name, _, _))) in self
            .settings
            .soft
            .iter()
            .flat_map(|soft| (0..soft.steps).flat_map(|step| EXPONENTS.iter().enumerate().map(move |e| (step, e))))
        {
            for (k, value) in own.soft.iter().zip(self.softened(step, parity)) {
                let key = format!("rg.mcrg.L{}.b{}.soft-scan.{k}.step{}.{name}", own.size, own.b, step + 1);
                let how = format!("{name} of the soft majority with K = {k}");
                let why = if value.value.is_none() { WHY_UNDEFINED } else { "" };
                numbers.push(value.number(key, "1", &(how + why)));
            }
        }
        for rule in self.rules() {
            for step in self.steps() {
                let (from, to) = self.sizes(step);
                for (parity, (name, truth, allowed)) in EXPONENTS.iter().enumerate() {
                    let key = self.key(rule, step);
                    let mut add = |key: String, m: usize| {
                        let names: Vec<&str> = measure.operators[parity][..m].iter().map(|o| o.name()).collect();
                        let how = format!(
                            "{name} of the step {from} -> {to}, {}, operators {}; jackknife over blocks",
                            measure.rules[rule],
                            names.join(", ")
                        );
                        let exponent = self.exponent(rule, step, parity, m);
                        let why = if exponent.value.is_none() { WHY_UNDEFINED } else { "" };
                        let number = exponent.number(key, "1", &(how + why));
                        numbers.push(if self.critical() {
                            number.compare(*truth, 0.0, *allowed, "exact (Onsager; Yang)")
                        } else {
                            number
                        });
                    };
                    add(format!("{key}.{name}"), self.headline(parity));
                    for m in 1..=self.operators(parity) {
                        add(format!("{key}.ops{m}.{name}"), m);
                    }
                }
            }
        }
        numbers
    }

    /// Exponent of a step of the soft majority, by K.
    fn softened(&self, step: usize, parity: usize) -> Vec<Combined> {
        let m = self.headline(parity);
        let of = |k: usize| {
            let one = |f: &Found| Some(f.soft[k][step][parity][m - 1]).filter(|e| e.0.is_finite());
            over_seeds(&self.found.iter().map(one).collect::<Vec<_>>(), self.settings.own.blocks as f64)
        };
        (0..self.settings.own.soft.len()).map(of).collect()
    }

    /// How the first steps move with K of the soft majority.
    fn soft(&self) -> Option<Section> {
        let steps = self.settings.soft.as_ref()?.steps;
        let k = &self.settings.own.soft;
        let reach = [0.0, k.last()? * 1.05];
        let panel = |parity: usize| {
            let (name, truth, _) = EXPONENTS[parity];
            let step =
                |step: usize| curve(format!("step {}", step + 1), k, &self.softened(step, parity), Style::LinePoints);
            let mut curves: Vec<_> = (0..steps).map(step).collect();
            curves.extend(
                self.best(0, 0, parity)
                    .value
                    .map(|y| level(format!("{}, step 1", self.settings.measure.rules[0]), &reach, y)),
            );
            curves.push(level("exact", &reach, truth));
            Panel::Curves { title: name.into(), x: axis("K of the soft majority"), y: axis(name), curves }
        };
        Some(Section {
            title: "The soft majority".into(),
            text: vec![
                "The first step starts at the nearest-neighbour model, which is not the fixed point of the rule; how far from it depends on the \
                 rule. P(S | block) ~ e^{K S sum} has one number to move the fixed point by: K to infinity is the majority rule."
                    .into(),
            ],
            figures: vec![Figure {
                id: "secB.mcrg-soft".into(),
                title: "Exponents of the first steps against K of the soft majority".into(),
                caption: format!(
                    "L = {}, b = {}, {} configurations, all K on the same ones.",
                    self.settings.own.size,
                    self.settings.own.b,
                    self.settings.own.soft_samples.min(self.settings.own.samples)
                ),
                alt: "y_t and y_h of the first two steps against K, with the majority rule and the exact values as levels.".into(),
                panels: vec![panel(0), panel(1)],
            }],
            tables: vec![],
        })
    }

    /// Step 2 of the first rule for y_t, step 3 for y_h (the last, where there are fewer).
    fn claims(&self) -> Vec<Claim> {
        let at = [1, 2].map(|step: usize| step.min(self.settings.measure.steps - 1));
        let claim = |parity: usize| {
            let (name, truth, _) = EXPONENTS[parity];
            let (from, to) = self.sizes(at[parity]);
            let states = format!("{name} = {truth}, step {from} -> {to}");
            Claim::new("secB.mcrg", states, format!("{}.{name}", self.key(0, at[parity])))
        };
        vec![claim(0), claim(1)]
    }

    fn answers(&self) -> Vec<String> {
        let by_step =
            |parity: usize| self.steps().map(|step| show(&self.best(0, step, parity))).collect::<Vec<_>>().join(", ");
        vec![
            format!(
                "By step from L = {} ({}): y_t = {} and y_h = {}; exact 1 and 1.875.",
                self.settings.own.size,
                self.settings.measure.rules[0],
                by_step(0),
                by_step(1)
            ),
            "The first step starts from nearest neighbours alone, which is not yet the fixed point: its y_t is low."
                .into(),
        ]
        .into_iter()
        .chain(self.few_steps())
        .collect()
    }

    fn few_steps(&self) -> Option<String> {
        super::few_steps(self.settings.own.size, self.settings.own.b, self.settings.measure.steps)
    }

    fn table(&self, rule: usize) -> Table {
        let mut columns = vec!["step".to_string()];
        for (parity, (name, _, _)) in EXPONENTS.iter().enumerate() {
            columns.extend((1..=self.operators(parity)).map(|m| format!("{name}, {m} op.")));
        }
        let row = |step: usize| {
            let (from, to) = self.sizes(step);
            let cells = [0, 1].into_iter().flat_map(|parity| {
                (1..=self.operators(parity)).map(move |m| cell(&self.exponent(rule, step, parity, m), None))
            });
            std::iter::once(Cell::text(format!("{}: {from} -> {to}", step + 1))).chain(cells).collect()
        };
        let names = |parity: usize| {
            self.settings.measure.operators[parity].iter().map(|o| o.name()).collect::<Vec<_>>().join(", ")
        };
        let mut notes = vec![format!("Exact: y_t = 1, y_h = 1.875. Even: {}; odd: {}.", names(0), names(1))];
        notes.extend(self.few_steps());
        let undefined = |step: usize| {
            (0..2).any(|parity| {
                (1..=self.operators(parity)).any(|m| self.exponent(rule, step, parity, m).value.is_none())
            })
        };
        if self.steps().any(undefined) {
            notes.push(format!("- : undefined{WHY_UNDEFINED}."));
        }
        Table {
            caption: format!("Exponents by step and number of operators, {}", self.settings.measure.rules[rule]),
            columns,
            rows: self.steps().map(row).collect(),
            notes,
        }
    }

    fn section(&self) -> Section {
        let x: Vec<f64> = self.steps().map(|step| (step + 1) as f64).collect();
        let panel = |parity: usize| {
            let (name, truth, _) = EXPONENTS[parity];
            let mut curves: Vec<_> = self
                .rules()
                .map(|rule| {
                    let values: Vec<Combined> = self.steps().map(|step| self.best(rule, step, parity)).collect();
                    curve(self.settings.measure.rules[rule].to_string(), &x, &values, Style::LinePoints)
                })
                .collect();
            if self.settings.measure.rules.len() == 1 {
                curves = (1..=self.operators(parity))
                    .map(|m| {
                        let values: Vec<Combined> =
                            self.steps().map(|step| self.exponent(0, step, parity, m)).collect();
                        curve(format!("{m} operator(s)"), &x, &values, Style::LinePoints)
                    })
                    .collect();
            }
            curves.push(level("exact", &[0.8, x.len() as f64 + 0.2], truth));
            Panel::Curves { title: name.into(), x: axis("step"), y: axis(name), curves }
        };
        Section {
            title: "Exponents".into(),
            text: vec![
                "Operators are correlated before and after every step; errors by jackknife over blocks much longer than the autocorrelation time. \
                 One operator truncates too much; that a further one changes nothing is what shows that the list is long enough."
                    .into(),
            ],
            figures: vec![Figure {
                id: "secB.mcrg".into(),
                title: "Exponents by step".into(),
                caption: format!(
                    "Square lattice of {0} x {0} at T = {1:.6}, b = {2}.",
                    self.settings.own.size,
                    self.settings.measure.temperature.value(),
                    self.settings.own.b
                ),
                alt: "y_t and y_h by block-spin step with the exact values as levels.".into(),
                panels: vec![panel(0), panel(1)],
            }],
            tables: self.rules().skip(1).map(|rule| self.table(rule)).collect(),
        }
    }
}
