//! Numbers, claims, figures and tables.

use super::analysis::{About, Curves, Fitted, Found, Of};
use super::classifiers::Told;
use super::settings::Settings;
use crate::analysis::finite_size::collapsed;
use crate::record::{Cell, Claim, Figure, Number, Panel, Record, Section, Style, Table};
use crate::record::{Combined, Measured, over_seeds};
use crate::study::drawing::cell;
use crate::study::drawing::{axis, curve, level, log_axis};
use rgflow::lattice::Temperature;

/// An exponent of L at T_c.
struct Exponent {
    name: &'static str,
    /// The quantity that has it.
    what: &'static str,
    exact: f64,
    /// What is allowed beside errors.
    allowed: f64,
    /// From the exponent of what was measured.
    of: fn(f64) -> f64,
}

const EXPONENTS: [Exponent; 3] = [
    Exponent { name: "beta_over_nu", what: "<|m|>", exact: 0.125, allowed: 0.002, of: |a| -a },
    Exponent { name: "gamma_over_nu", what: "L^2 <m^2>", exact: 1.75, allowed: 0.005, of: |a| 2.0 + a },
    Exponent { name: "one_over_nu", what: "|dU4/dbeta|", exact: 1.0, allowed: 0.02, of: |a| a },
];

pub(super) fn record(settings: &Settings, found: &[Found]) -> Record {
    let story = Story { settings, found };
    Record {
        experiment: "finite-size-scaling".into(),
        title: "T_c and exponents by finite-size scaling, also of a classifier".into(),
        question: "Curves of several sizes cross at T_c and fall on one another as functions of t L^{1/nu}, t = T_c (1 - T_c/T). Does a network's P(ordered) do so \
                   too, and what does that say?"
            .into(),
        answers: story.answers(),
        summary: story.table(),
        sections: vec![story.cumulants(), story.classifiers(), story.powers()],
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

/// As it is called in text.
fn label(of: Of) -> &'static str {
    match of {
        Of::Binder => "U4",
        Of::AbsM => "<|m|>",
        Of::P(Told::Right) => "P(ordered), told T_c",
        Of::P(Told::Far) => "P(ordered), told far from T_c",
        Of::P(Told::Wrong) => "P(ordered), told wrongly",
        Of::Threshold => "|m| above a threshold",
    }
}

fn t_c() -> f64 {
    Temperature::CRITICAL.value()
}

impl Story<'_> {
    fn sizes(&self) -> &[usize] {
        &self.settings.finite_size.sizes
    }

    fn over(&self, value: impl Fn(&Found) -> Option<Measured>) -> Combined {
        let values: Vec<_> = self.found.iter().map(|f| value(f).filter(|v| v.0.is_finite())).collect();
        over_seeds(&values, self.settings.finite_size.blocks as f64)
    }

    fn curves(f: &Found, of: Of) -> &Curves {
        let i = Of::ALL.iter().position(|o| *o == of).unwrap_or(0);
        &f.curves[i]
    }

    fn fitted(&self, of: Of, value: impl Fn(&Fitted) -> Measured) -> Combined {
        self.over(|f| Self::curves(f, of).collapse.as_ref().map(&value))
    }

    /// What has a collapse of its own.
    fn fitted_ones() -> impl Iterator<Item = Of> {
        Of::ALL.into_iter().filter(|of| *of != Of::AbsM)
    }

    fn t_c_of(&self, of: Of) -> Combined {
        self.fitted(of, |c| c.t_c)
    }

    fn nu_of(&self, of: Of) -> Combined {
        self.fitted(of, |c| c.nu)
    }

    fn fit_of(&self, of: Of) -> Combined {
        self.fitted(of, |c| (c.chi2 / c.dof.max(1) as f64, f64::NAN))
    }

    fn crossing(&self, of: Of, pair: usize) -> Combined {
        self.over(|f| Self::curves(f, of).crossings[pair])
    }

    /// Exponent of the quantity `q` at T_c, without and with the correction.
    fn exponent(&self, q: usize, corrected: bool) -> Combined {
        self.over(|f| f.exponents[q][usize::from(corrected)].map(|(a, e)| ((EXPONENTS[q].of)(a), e)))
    }

    fn corrected(&self) -> bool {
        self.settings.finite_size.omega > 0.0
    }

    fn numbers(&self) -> Vec<Number> {
        let mut numbers = Vec::new();
        let own = &self.settings.finite_size;
        for of in Self::fitted_ones() {
            let key = |name: &str| format!("rg.fss.{}.{name}", of.name());
            let about = format!("collapse of {} of L = {:?}; error by jackknife", label(of), own.sizes);
            // Carrasquilla and Melko (2017) found 2.266(2) and 1.0(2).
            let (for_t_c, for_nu) = match of {
                Of::P(_) | Of::Threshold => (0.01, 0.1),
                _ => (0.001, 0.02),
            };
            let found = self.t_c_of(of).number(key("t_c"), "J/k_B", &about);
            numbers.push(found.compare(t_c(), 0.0, for_t_c, "exact (Onsager)"));
            let found = self.nu_of(of).number(key("nu"), "1", &about);
            numbers.push(found.compare(1.0, 0.0, for_nu, "exact (Onsager)"));
            numbers.push(self.fit_of(of).number(key("chi2_dof"), "1", &format!("chi^2/dof of the {about}")));
            for (i, pair) in self.sizes().windows(2).enumerate() {
                let how = format!(
                    "temperature at which {} of L = {} and {} cross, multiple histograms",
                    label(of),
                    pair[0],
                    pair[1]
                );
                let key = key(&format!("crossing.{}-{}", pair[0], pair[1]));
                numbers.push(self.crossing(of, i).number(key, "J/k_B", &how));
            }
        }
        for (q, Exponent { name, what, exact, allowed, .. }) in EXPONENTS.into_iter().enumerate() {
            let how = |correction: &str| format!("exponent of L of {what} at the exact T_c, {correction}");
            let plain =
                self.exponent(q, false).number(format!("rg.fss.at_tc.plain.{name}"), "1", &how("without a correction"));
            numbers.push(plain.compare(exact, 0.0, allowed, "exact (Onsager, Yang)"));
            if self.corrected() {
                let how = how(&format!("with a correction L^-{}", own.omega));
                let found = self.exponent(q, true).number(format!("rg.fss.at_tc.{name}"), "1", &how);
                numbers.push(found.compare(exact, 0.0, allowed, "exact (Onsager, Yang)"));
            }
        }
        for (i, size) in self.sizes().iter().enumerate() {
            let tau = self.found.iter().map(|f| f.tau_int[i]).fold(0.0, f64::max);
            let how = "longest integrated autocorrelation time of E, |m| and P, over temperatures and repetitions (0.5: independent)";
            numbers.push(Number::new(format!("rg.fss.tau_int.L{size}"), tau, None, "configurations", how));
        }
        numbers
    }

    fn claims(&self) -> Vec<Claim> {
        let claim = |states: String, key: &str| Claim::new("secB.fss", states, format!("rg.fss.{key}"));
        let wrong = self.settings.classifier.wrong;
        let at = |name: &str| format!("at_tc.{}{name}", if self.corrected() { "" } else { "plain." });
        vec![
            claim("U4 of all sizes on one curve: T_c".into(), "binder.t_c"),
            claim("the same: nu = 1".into(), "binder.nu"),
            claim("|m| at T_c: beta/nu = 1/8".into(), &at("beta_over_nu")),
            claim("m^2 at T_c: gamma/nu = 7/4".into(), &at("gamma_over_nu")),
            claim("(Carrasquilla and Melko) P(ordered) of all sizes on one curve: T_c".into(), "told.t_c")
                .null("rg.fss.binder.t_c"),
            claim("(Carrasquilla and Melko) the same: nu = 1".into(), "told.nu").null("rg.fss.binder.nu"),
            claim("(a question) also of a network that saw nothing near T_c".into(), "far.t_c")
                .null("rg.fss.binder.t_c"),
            claim(format!("(a question) also of a network told that order ends at T = {wrong}"), "wrong.t_c")
                .null("rg.fss.threshold.t_c"),
            claim("(a question) and its nu = 1, though nothing is critical there".into(), "wrong.nu")
                .null("rg.fss.threshold.nu"),
        ]
    }

    fn answers(&self) -> Vec<String> {
        let of = |of: Of| format!("T_c = {}, nu = {}", show(&self.t_c_of(of)), show(&self.nu_of(of)));
        let wrong = self.settings.classifier.wrong;
        vec![
            format!(
                "Binder's cumulant of L = {} to {}: {} (exact 2.269185 and 1).",
                self.sizes()[0],
                self.sizes()[self.sizes().len() - 1],
                of(Of::Binder)
            ),
            format!("P(ordered) of a network per size that was told T_c: {}.", of(Of::P(Told::Right))),
            format!(
                "The same network told that order ends at T = {wrong}, where nothing is critical: {}. The fraction of configurations with |m| above the \
                 magnetisation at that temperature, without any network: {}. Steepening as L^{{1/nu}} with nu = 1 is what every mean over L^2 spins with \
                 short correlations does.",
                of(Of::P(Told::Wrong)),
                of(Of::Threshold)
            ),
        ]
    }

    fn table(&self) -> Table {
        let row = |of: Of| {
            let last = self.sizes().len() - 2;
            vec![
                Cell::text(label(of)),
                cell(&self.t_c_of(of), None),
                cell(&self.nu_of(of), None),
                cell(&self.fit_of(of), None),
                cell(&self.crossing(of, last), None),
            ]
        };
        let pair = &self.sizes()[self.sizes().len() - 2..];
        Table {
            caption: "Critical temperature and exponent by collapse".into(),
            columns: vec![
                "quantity".into(),
                "T_c".into(),
                "nu".into(),
                "chi^2/dof".into(),
                format!("crossing {}-{}", pair[0], pair[1]),
            ],
            rows: Self::fitted_ones().map(row).collect(),
            notes: vec![format!(
                "Exact: T_c = 2.269185, nu = 1. \"Told wrongly\": samples below T = {} were called ordered, those above not, and it is read there. \"Far\": trained \
                 on samples at least {} from T_c. Threshold: |m| > {:.4}, the magnetisation at T = {0}, without a network.",
                self.settings.classifier.wrong,
                self.settings.classifier.far,
                self.settings.threshold()
            )],
        }
    }

    fn points(&self, of: Of, i: usize) -> Vec<Combined> {
        let n = self.settings.finite_size.temperatures;
        (0..n).map(|k| self.over(|f| Some(Self::curves(f, of).points[i][k]))).collect()
    }

    /// Panels of a quantity: as measured, and on one curve.
    fn panels(&self, of: Of, name: &str) -> Vec<Panel> {
        let about = of.about();
        let curve = |(i, size): (usize, &usize)| {
            let t = about.temperatures(self.settings, *size);
            curve(format!("L = {size}"), &t, &self.points(of, i), Style::LinePoints)
        };
        let curves: Vec<_> = self.sizes().iter().enumerate().map(curve).collect();
        let raw = Panel::Curves { title: name.into(), x: axis("T (J/k_B)"), y: axis(name), curves: curves.clone() };
        // |m| lies on one curve with T_c and nu of the cumulant and beta/nu of the power law: nothing is fitted to it here.
        let fit = if of == Of::AbsM { Of::Binder } else { of };
        let (Some(t), Some(nu)) = (self.t_c_of(fit).value, self.nu_of(fit).value) else { return vec![raw] };
        let a = if of == Of::AbsM { -self.exponent(0, self.corrected()).value.unwrap_or(0.0) } else { 0.0 };
        let scaled = if a == 0.0 { name.to_string() } else { format!("{name} L^{:.3}", -a) };
        let one = Panel::Curves {
            title: format!("T_c = {t:.4}, nu = {nu:.3}"),
            x: axis("t L^{1/nu}, t = T_c (1 - T_c/T)"),
            y: axis(&scaled),
            curves: curves.into_iter().zip(self.sizes()).map(|(c, size)| collapsed(c, *size, [t, nu, a])).collect(),
        };
        vec![raw, one]
    }

    fn cumulants(&self) -> Section {
        let own = &self.settings.finite_size;
        Section {
            title: "The cumulant and the magnetisation".into(),
            text: vec![
                "U4 = 1 - <m^4>/(3 <m^2>^2) has no dimension: at T_c it is the same for all sizes but for corrections. Its data are fitted by one \
                 polynomial of t L^{1/nu}, with T_c and nu free; t = T_c (1 - T_c/T) is T - T_c to first order. |m| L^{beta/nu} is drawn with the same T_c and \
                 nu and the exponent of the power law below."
                    .into(),
            ],
            figures: vec![Figure {
                id: "secB.fss".into(),
                title: "Binder's cumulant and the magnetisation of several sizes, and on one curve".into(),
                caption: format!(
                    "{} configurations at each point, Wolff's clusters; polynomial of degree {}{}.",
                    own.samples,
                    own.degree,
                    if self.corrected() { format!(" with a correction L^-{}", own.omega) } else { String::new() }
                ),
                alt: "U4 and |m| against T by size, which cross or fan out, beside the same against the scaled temperature, on one curve.".into(),
                panels: [self.panels(Of::Binder, "U4"), self.panels(Of::AbsM, "<|m|>")].concat(),
            }],
            tables: vec![],
        }
    }

    fn classifiers(&self) -> Section {
        let c = &self.settings.classifier;
        let figure = |told: Told, more: &str, title: String, caption: String| Figure {
            id: format!("secB.fss-{more}"),
            title,
            caption,
            alt: "P(ordered) against T by size, steeper the larger, beside the same against the scaled temperature."
                .into(),
            panels: self.panels(Of::P(told), "P(ordered)"),
        };
        let pairs: Vec<f64> = self.sizes().windows(2).map(|p| p[1] as f64).collect();
        let crossing = |of: Of| {
            let values: Vec<Combined> = (0..pairs.len()).map(|i| self.crossing(of, i)).collect();
            curve(label(of), &pairs, &values, Style::LinePoints)
        };
        let mut critical: Vec<_> =
            Self::fitted_ones().filter(|of| of.about() == About::Critical).map(crossing).collect();
        critical.push(level("T_c", &pairs, t_c()));
        let wrong = vec![
            crossing(Of::P(Told::Wrong)),
            crossing(Of::Threshold),
            level(format!("T = {}", c.wrong), &pairs, c.wrong),
        ];
        let panel = |title: &str, curves| Panel::Curves {
            title: title.into(),
            x: log_axis("the larger L"),
            y: axis("T of the crossing (J/k_B)"),
            curves,
        };
        Section {
            title: "A classifier's output".into(),
            text: vec![
                format!(
                    "For every size a network of {0} x {0} block means and {1} hidden units learns from {2} samples between T = {3:.3} and {4:.3}, each with the label that its temperature \
                     gets; its mean output is read as U4 above (Carrasquilla and Melko 2017). Three networks: told the truth; the same without samples \
                     nearer than {5} to T_c; told that the ordered phase ends at T = {6}.",
                    c.inputs,
                    c.hidden,
                    c.n_temperatures * c.per_temperature,
                    t_c() - c.half_width,
                    t_c() + c.half_width,
                    c.far,
                    c.wrong
                ),
                "A crossing at the temperature of the labels and a collapse with nu near 1 are no evidence of a phase transition: any mean over L^2 \
                 spins with short correlations sharpens as 1/L, in two dimensions as a critical one with nu = 1 does."
                    .into(),
            ],
            figures: vec![
                figure(
                    Told::Right,
                    "told",
                    "P(ordered) of networks that were told T_c".into(),
                    format!("Networks per size, {} samples at each point.", self.settings.finite_size.samples),
                ),
                figure(
                    Told::Wrong,
                    "wrong",
                    format!("The same, told that order ends at T = {}", c.wrong),
                    "No phase transition is near; curves of the larger sizes fall on one another none the less.".into(),
                ),
                Figure {
                    id: "secB.fss-threshold".into(),
                    title: format!("Without a network: the fraction with |m| > {:.4}", self.settings.threshold()),
                    caption: "The same temperatures; the threshold is the spontaneous magnetisation (Yang).".into(),
                    alt: "A fraction against T by size, steeper the larger, beside the same against the scaled temperature.".into(),
                    panels: self.panels(Of::Threshold, "fraction"),
                },
                Figure {
                    id: "secB.fss-crossings".into(),
                    title: "Where neighbouring sizes cross".into(),
                    caption: "By multiple histograms of all temperatures of a size; missing where curves do not cross exactly once.".into(),
                    alt: "Temperatures of crossings against size, with T_c and the wrong label's temperature as levels.".into(),
                    panels: vec![panel("about T_c", critical), panel("about the wrong temperature", wrong)],
                },
            ],
            tables: vec![self.crossings()],
        }
    }

    fn crossings(&self) -> Table {
        let shown: Vec<Of> = Self::fitted_ones().collect();
        let row = |(i, pair): (usize, &[usize])| {
            let cells = shown.iter().map(|of| cell(&self.crossing(*of, i), None));
            std::iter::once(Cell::text(format!("{}, {}", pair[0], pair[1]))).chain(cells).collect()
        };
        Table {
            caption: "Temperatures of crossings".into(),
            columns: std::iter::once("L".to_string()).chain(shown.iter().map(|of| label(*of).to_string())).collect(),
            rows: self.sizes().windows(2).enumerate().map(row).collect(),
            notes: vec![],
        }
    }

    fn powers(&self) -> Section {
        let x: Vec<f64> = self.sizes().iter().map(|l| *l as f64).collect();
        let panel = |q: usize| {
            let values: Vec<Combined> = (0..x.len()).map(|i| self.over(|f| f.at_t_c[q].get(i).copied())).collect();
            let Exponent { name, what, exact, .. } = EXPONENTS[q];
            let what = if q == 1 { "<m^2>" } else { what };
            Panel::Curves {
                title: format!("{}: exact {exact}", name.replace("_over_", "/").replace("one", "1")),
                x: log_axis("L"),
                y: log_axis(what),
                curves: vec![curve(what, &x, &values, Style::LinePoints)],
            }
        };
        let row = |q: usize| {
            let Exponent { name, what, exact, .. } = EXPONENTS[q];
            vec![
                Cell::text(name.replace("_over_", "/").replace("one", "1")),
                Cell::text(what),
                cell(&self.exponent(q, false), None),
                cell(&self.exponent(q, true), None),
                Cell::text(exact.to_string()),
            ]
        };
        Section {
            title: "Exponents at the critical temperature".into(),
            text: vec![
                "All temperatures of a size are read at the exact T_c by multiple histograms; a straight line of logarithms, without and with a correction to \
                 scaling, gives the exponent."
                    .into(),
            ],
            figures: vec![Figure {
                id: "secB.fss-powers".into(),
                title: "Powers of L at T_c".into(),
                caption: "Logarithmic axes; errors are smaller than points.".into(),
                alt: "Three straight lines of logarithms against size.".into(),
                panels: vec![panel(0), panel(1), panel(2)],
            }],
            tables: vec![Table {
                caption: "Exponents of L at T_c".into(),
                columns: vec![
                    "exponent".into(),
                    "of".into(),
                    "without correction".into(),
                    format!("with L^-{}", self.settings.finite_size.omega),
                    "exact".into(),
                ],
                rows: (0..3).map(row).collect(),
                notes: vec![],
            }],
        }
    }
}
