//! Numbers, claims, figures and tables.

use super::super::combined::{Combined, cell, over_seeds};
use super::super::drawing::{axis, curve, level};
use super::super::ising_2d::findings::{FlowFindings, Observed};
use super::super::ising_2d::numbers::t_star;
use super::super::study_2d::{self, MODES};
use super::{Found, Settings};
use crate::record::{Cell, Claim, Curve, Figure, Number, Panel, Record, Section, Style, Table};
use rgflow::lattice::Temperature;

pub(super) fn record(settings: &Settings, found: &[Vec<Found>]) -> Record {
    let story = Story { settings, found };
    Record {
        experiment: "sizes".into(),
        title: "The end of the flow against the size of the lattice".into(),
        question: "On a finite lattice the transition is rounded and shifted: C and chi peak at T_c(L). If the flow ended at the transition, its ends \
                   would follow these peaks from L = 8 to 32."
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
    /// By repetition and size.
    found: &'a [Vec<Found>],
}

fn show(c: &Combined) -> String {
    crate::report::format::value(c.value, c.error, c.interval)
}

impl Story<'_> {
    fn sizes(&self) -> std::ops::Range<usize> {
        0..self.settings.own.sizes.len()
    }

    fn key(&self, s: usize) -> String {
        format!("sizes.L{}", self.settings.own.sizes[s])
    }

    fn nulls(&self, s: usize) -> Vec<&Observed> {
        self.found.iter().map(|f| &f[s].null).collect()
    }

    fn flows(&self, s: usize, m: usize) -> Vec<&FlowFindings> {
        self.found.iter().map(|f| &f[s].flows[m]).collect()
    }

    fn end(&self, s: usize, m: usize) -> Combined {
        t_star(&self.flows(s, m).iter().map(|f| &f.pooled).collect::<Vec<_>>())
    }

    fn null(&self, s: usize) -> Combined {
        t_star(&self.nulls(s))
    }

    /// Peak of the specific heat: exact, and the same in every repetition.
    fn heat(&self, s: usize) -> f64 {
        self.found[0][s].peaks.specific_heat
    }

    fn chi(&self, s: usize) -> Combined {
        over_seeds(&self.found.iter().map(|f| f[s].peaks.susceptibility).collect::<Vec<_>>(), 1.0)
    }

    fn numbers(&self) -> Vec<Number> {
        let mut numbers = Vec::new();
        for s in self.sizes() {
            let key = self.key(s);
            let heat = "temperature at which the specific heat of the torus is largest, exact (Kaufman)";
            numbers.push(Number::new(format!("{key}.T_c.specific_heat"), self.heat(s), None, "J/k_B", heat));
            let chi = "temperature at which the susceptibility of |m| is largest (reweighted)";
            numbers.push(self.chi(s).number(format!("{key}.T_c.susceptibility"), "J/k_B", chi));
            numbers.extend(study_2d::read(
                &format!("{key}.null"),
                &self.nulls(s),
                "the training mixture itself, no machine",
            ));
            let (null, null_key) = (self.null(s), format!("{key}.null.T_star"));
            for (m, mode) in MODES.iter().enumerate() {
                let critical = (self.heat(s), "thesis: the RBM flow ends near T_c; here T_c(L), the peak of C");
                let what = format!("{} flow of the machine trained on all temperatures", mode.name());
                let key = format!("{key}.{}", mode.name());
                let [star, t_energy, energy] =
                    study_2d::read_ends(&key, &self.flows(s, m), &what, critical, (&null, &null_key));
                let star = star.compare(Temperature::CRITICAL.value(), 0.0, 0.0, "T_c of the infinite lattice");
                numbers.extend([star, t_energy, energy]);
            }
        }
        numbers
    }

    fn claims(&self) -> Vec<Claim> {
        let claim = |s: usize| {
            let states = format!("L = {}: the flow ends near T_c(L)", self.settings.own.sizes[s]);
            Claim::new("sec4.sizes", states, format!("{}.gibbs.T_star", self.key(s)))
                .null(format!("{}.null.T_star", self.key(s)))
        };
        self.sizes().map(claim).collect()
    }

    fn answers(&self) -> Vec<String> {
        let list = |of: &dyn Fn(usize) -> String| self.sizes().map(of).collect::<Vec<_>>().join(", ");
        vec![
            format!(
                "L = {}: the Gibbs ends read T* = {}; C peaks at {}.",
                list(&|s| self.settings.own.sizes[s].to_string()),
                list(&|s| show(&self.end(s, 0))),
                list(&|s| format!("{:.3}", self.heat(s)))
            ),
            format!("The training mixtures without any machine read {}.", list(&|s| show(&self.null(s)))),
        ]
    }

    fn summary(&self) -> Table {
        let columns = [
            "L",
            "hidden units",
            "peak of C (exact)",
            "peak of chi",
            "mixture, no machine",
            "Gibbs ends",
            "mean-field ends",
        ];
        let row = |s: usize| {
            let base = &self.settings.bases[s];
            vec![
                Cell::text(base.lattice.size.to_string()),
                Cell::text(base.rbm.hidden.to_string()),
                Cell::Value { value: Some(self.heat(s)), error: None, interval: None, remark: None },
                cell(&self.chi(s), None),
                cell(&self.null(s), None),
                cell(&self.end(s, 0), None),
                cell(&self.end(s, 1), None),
            ]
        };
        Table {
            caption: "T* of the ends by size".into(),
            columns: columns.map(String::from).into(),
            rows: self.sizes().map(row).collect(),
            notes: vec!["T_c = 2.269. (L/2)^2 hidden units; one thermometer per size.".into()],
        }
    }

    fn section(&self) -> Section {
        let x: Vec<f64> = self.settings.own.sizes.iter().map(|l| *l as f64).collect();
        let all = |of: &dyn Fn(usize) -> Combined| -> Vec<Combined> { self.sizes().map(of).collect() };
        let heat = self.sizes().map(|s| self.heat(s)).collect();
        let curves = vec![
            curve("Gibbs ends", &x, &all(&|s| self.end(s, 0)), Style::LinePoints),
            curve("mean-field ends", &x, &all(&|s| self.end(s, 1)), Style::LinePoints),
            curve("mixture, no machine", &x, &all(&|s| self.null(s)), Style::Dashed),
            curve("peak of chi", &x, &all(&|s| self.chi(s)), Style::LinePoints),
            Curve { label: "peak of C".into(), x: x.clone(), y: heat, style: Style::LinePoints, ..Curve::default() },
            level("T_c", &x, Temperature::CRITICAL.value()),
        ];
        let energies =
            |m: usize| all(&|s| study_2d::t_energy(&self.flows(s, m).iter().map(|f| &f.pooled).collect::<Vec<_>>()));
        let by_energy = vec![
            curve("Gibbs ends", &x, &energies(0), Style::LinePoints),
            curve("mean-field ends", &x, &energies(1), Style::LinePoints),
            curve("mixture, no machine", &x, &all(&|s| study_2d::t_energy(&self.nulls(s))), Style::Dashed),
            level("T_c", &x, Temperature::CRITICAL.value()),
        ];
        let panel = |title: &str, label: &str, curves| Panel::Curves {
            title: title.into(),
            x: axis("L"),
            y: axis(label),
            curves,
        };
        Section {
            title: "Sizes".into(),
            text: vec![],
            figures: vec![Figure {
                id: "sec4.sizes".into(),
                title: "Ends of the flow and pseudo-critical temperatures".into(),
                caption: "Thermometer and energy readings of the pooled ends, of the training mixture, and the temperatures at which C (exact) and \
                          chi of |m| peak. Errors over repetitions."
                    .into(),
                alt: "T* and T_E of the ends by size of the lattice beside the peaks of C and chi and the mixture.".into(),
                panels: vec![
                    panel("By the thermometer", "T* (J/k_B)", curves),
                    panel("By the energy", "T_E (J/k_B)", by_energy),
                ],
            }],
            tables: vec![],
        }
    }
}
