//! Record: T_c and exponents of every observable, compared with Onsager's values and with methods that need no network.

use super::analysis::{Exponents, Findings, Fitted};
use super::classifiers::Labels;
use super::observables::{Exponent, Observable, Power, Region};
use super::settings::Settings;
use crate::analysis::finite_size::collapsed;
use crate::record::Place;
use crate::study::prelude::*;
use crate::study::values::plain;

/// Observables with a collapse, in the order of rows.
const FITTED: [Observable; 5] = [
    Observable::Binder,
    Observable::P(Labels::Right),
    Observable::P(Labels::Far),
    Observable::P(Labels::Wrong),
    Observable::Threshold,
];

impl Place for Observable {
    fn place(self) -> usize {
        FITTED.iter().position(|own| *own == self).expect("|m| has no collapse of its own")
    }
}

impl Place for Power {
    fn place(self) -> usize {
        self as usize
    }
}

/// All quantities of the record.
struct Quantities<'a> {
    settings: &'a Settings,
    over: Repeated<'a, Findings>,
    sizes: Vec<usize>,
    size: Dimension,
    /// Pairs of neighbouring sizes.
    pair: Dimension,
    fitted: Dimension,
    power: Dimension,
    t_c: Quantity<1>,
    nu: Quantity<1>,
    chi2: Quantity<1>,
    /// Crossings by fitted observable and pair of sizes.
    crossing: Quantity<2>,
    plain: Quantity<1>,
    /// Exponents with the correction; without it they have no keys.
    corrected: Quantity<1>,
    tau_int: Quantity<1>,
}

pub(super) fn record(settings: &Settings, found: &[Findings]) -> Record {
    Quantities::new(settings, found).record()
}

impl<'a> Quantities<'a> {
    fn new(settings: &'a Settings, found: &'a [Findings]) -> Self {
        let own = &settings.finite_size;
        let over = Repeated::new("rg.fss", found).n_eff(*own.blocks as f64);
        let sizes = plain(&own.sizes);
        let size = Dimension::new("L", &sizes, |l| format!("L{l}"));
        let pair = Dimension::names("pair", sizes.windows(2).map(|two| format!("{}-{}", two[0], two[1])))
            .words(|i| format!("{} and {}", sizes[i], sizes[i + 1]));
        let fitted = Dimension::names("of", FITTED.map(Observable::name)).words(|i| FITTED[i].label().into());
        let power = Dimension::names("exponent", Power::ALL.map(|power| power.exponent().name))
            .words(|i| Power::ALL[i].exponent().what.into());

        let fit = |key: &str, unit: &str, what: &str, value: fn(&Fitted) -> Measured| {
            let (key, what) = (format!("{{of}}.{key}"), format!("{what} of L = {sizes:?}; error by jackknife"));
            over.quantity(&key, [&fitted], unit, &what, |f, [i]| f.curves(FITTED[i]).collapse.as_ref().map(value))
        };
        let t_c = fit("t_c", "J/k_B", "collapse of {of}", |fit| fit.t_c);
        let t_c =
            t_c.map(|[i], t| t.compare(Temperature::CRITICAL.value(), 0.0, FITTED[i].allowed().0, "exact (Onsager)"));
        let nu = fit("nu", "1", "collapse of {of}", |fit| fit.nu);
        let nu = nu.map(|[i], nu| nu.compare(1.0, 0.0, FITTED[i].allowed().1, "exact (Onsager)"));
        let per_dof = |fit: &Fitted| (fit.chi2 / fit.dof.max(1) as f64, f64::NAN);
        let chi2 = fit("chi2_dof", "1", "chi^2/dof of the collapse of {of}", per_dof);
        let what = "temperature at which {of} of L = {pair} cross, multiple histograms";
        let crossing = over.quantity("{of}.crossing.{pair}", [&fitted, &pair], "J/k_B", what, |f, [of, i]| {
            f.curves(FITTED[of]).crossings[i]
        });
        let exponents = |key: &str, how: &str, of: fn(&Exponents) -> Option<Measured>| {
            let what = format!("exponent of L of {{exponent}} at the exact T_c, {how}");
            let found = over.quantity(key, [&power], "1", &what, |f, [q]| {
                of(&f.exponents[q]).map(|(a, error)| ((Power::ALL[q].exponent().of)(a), error))
            });
            found.map(|[q], number| {
                let Exponent { exact, allowed, .. } = Power::ALL[q].exponent();
                number.compare(exact, 0.0, allowed, "exact (Onsager, Yang)")
            })
        };
        let plain = exponents("at_tc.plain.{exponent}", "without a correction", |(plain, _)| *plain);
        let key = if settings.omega().is_some() { "at_tc.{exponent}" } else { "" };
        let how = format!("with a correction L^-{}", own.omega);
        let corrected = exponents(key, &how, |(_, corrected)| *corrected);
        let what = "longest integrated autocorrelation time of E, |m| and P, over temperatures and repetitions (0.5: \
            independent)";
        let tau_int = Quantity::exact(&over.key("tau_int.{L}"), [&size], "configurations", what, |[i]| {
            found.iter().map(|f| f.tau_int[i]).fold(0.0, f64::max)
        });
        Self { settings, over, sizes, size, pair, fitted, power, t_c, nu, chi2, crossing, plain, corrected, tau_int }
    }

    /// Exponents that answer claims.
    fn at_t_c(&self) -> &Quantity<1> {
        if self.settings.omega().is_some() { &self.corrected } else { &self.plain }
    }

    fn record(&self) -> Record {
        let mut record = Record::new(
            "finite-size-scaling",
            "T_c and exponents by finite-size scaling, also of a classifier",
            "Curves of several sizes cross at T_c and fall on one another as functions of t L^{1/nu}, t = T_c (1 - \
             T_c/T). Does a network's P(ordered) do so too, and what does that say?",
        );
        record.list(&[
            &ByPlace(vec![&self.t_c, &self.nu, &self.chi2, &self.crossing]),
            &ByPlace(vec![&self.plain, &self.corrected]),
            &self.tau_int,
        ]);
        record.claims = self.claims();
        record.answers = self.answers();
        let (c, last) = (&self.settings.classifier, self.pair.len() - 1);
        record.summary = self
            .fitted
            .table("Critical temperature and exponent by collapse", "quantity")
            .column("T_c", |i| self.t_c.at(i))
            .column("nu", |i| self.nu.at(i))
            .column("chi^2/dof", |i| self.chi2.at(i))
            .column(format!("crossing {}", self.pair.key(last)), |i| self.crossing.at((i, last)))
            .done()
            .note(format!(
                "Exact: T_c = 2.269185, nu = 1. \"Told wrongly\": samples below T = {0} were called ordered, those \
                 above not, and it is read there. \"Far\": trained on samples at least {1} from T_c. Threshold: |m| > \
                 {2:.4}, the magnetisation at T = {0}, without a network.",
                c.wrong,
                c.far,
                self.settings.threshold()
            ));
        record.sections = vec![self.cumulants(), self.classifiers(), self.powers()];
        record
    }

    fn claims(&self) -> Vec<Claim> {
        let (t_c, nu, at_t_c, wrong) = (&self.t_c, &self.nu, self.at_t_c(), &self.settings.classifier.wrong);
        let [binder, right, far, misled, threshold] = FITTED;
        let claim = |states: &str, number: &Number| Claim::of("secB.fss", states, number);
        vec![
            claim("U4 of all sizes on one curve: T_c", t_c.at(binder)),
            claim("the same: nu = 1", nu.at(binder)),
            claim("|m| at T_c: beta/nu = 1/8", at_t_c.at(Power::AbsM)),
            claim("m^2 at T_c: gamma/nu = 7/4", at_t_c.at(Power::Square)),
            claim("(Carrasquilla and Melko) P(ordered) of all sizes on one curve: T_c", t_c.at(right))
                .with_null(t_c.at(binder)),
            claim("(Carrasquilla and Melko) the same: nu = 1", nu.at(right)).with_null(nu.at(binder)),
            claim("(a question) also of a network that saw nothing near T_c", t_c.at(far)).with_null(t_c.at(binder)),
            claim(&format!("(a question) also of a network told that order ends at T = {wrong}"), t_c.at(misled))
                .with_null(t_c.at(threshold)),
            claim("(a question) and its nu = 1, though nothing is critical there", nu.at(misled))
                .with_null(nu.at(threshold)),
        ]
    }

    fn answers(&self) -> Vec<String> {
        let of = |of: Observable| format!("T_c = {}, nu = {}", self.t_c.at(of), self.nu.at(of));
        let [binder, right, _, misled, threshold] = FITTED.map(of);
        vec![
            format!(
                "Binder's cumulant of L = {} to {}: {binder} (exact 2.269185 and 1).",
                self.sizes[0],
                self.settings.finite_size.sizes.last()
            ),
            format!("P(ordered) of a network per size that was told T_c: {right}."),
            format!(
                "The same network told that order ends at T = {}, where nothing is critical: {misled}. The fraction \
                 of configurations with |m| above the magnetisation at that temperature, without any network: \
                 {threshold}. Steepening as L^{{1/nu}} with nu = 1 is what every mean over L^2 spins with short \
                 correlations does.",
                self.settings.classifier.wrong
            ),
        ]
    }

    /// Panels of an observable: raw, and collapsed.
    fn panels(&self, of: Observable, name: &str) -> Vec<Panel> {
        let curve = |(i, size): (usize, &usize)| {
            let t = of.region().temperatures(self.settings, *size);
            let point = |k: usize| self.over.number("", "", "", |f| f.curves(of).points[i][k]);
            Curve::through(format!("L = {size}"), &t, &(0..t.len()).map(point).collect::<Vec<_>>())
        };
        let curves: Vec<Curve> = self.sizes.iter().enumerate().map(curve).collect();
        let raw = Panel::curves(name, "T (J/k_B)", name, curves.clone());
        // |m| is collapsed with T_c and nu of the cumulant and beta/nu of the power law: nothing is fitted to it.
        let (fit, a) = match of {
            Observable::AbsM => (Observable::Binder, -self.at_t_c().at(Power::AbsM).value.unwrap_or(0.0)),
            of => (of, 0.0),
        };
        let (Some(t), Some(nu)) = (self.t_c.at(fit).value, self.nu.at(fit).value) else { return vec![raw] };
        let scaled = if a == 0.0 { name.to_string() } else { format!("{name} L^{:.3}", -a) };
        let on_one = curves.into_iter().zip(&self.sizes).map(|(curve, size)| collapsed(curve, *size, [t, nu, a]));
        let title = format!("T_c = {t:.4}, nu = {nu:.3}");
        vec![raw, Panel::curves(title, "t L^{1/nu}, t = T_c (1 - T_c/T)", scaled.as_str(), on_one)]
    }

    fn cumulants(&self) -> Section {
        let own = &self.settings.finite_size;
        let correction = self.settings.omega().map_or(String::new(), |omega| format!(" with a correction L^-{omega}"));
        let caption = format!(
            "{} configurations at each point, Wolff's clusters; polynomial of degree {}{correction}.",
            own.samples, own.degree
        );
        let alt = "U4 and |m| against T by size, which cross or fan out, beside the same against the scaled \
            temperature, on one curve.";
        let figure =
            Figure::new("secB.fss", "Binder's cumulant and the magnetisation of several sizes, and on one curve")
                .caption(caption, alt)
                .panels(self.panels(Observable::Binder, "U4"))
                .panels(self.panels(Observable::AbsM, "<|m|>"));
        Section::new("The cumulant and the magnetisation").figures([figure]).text(
            "U4 = 1 - <m^4>/(3 <m^2>^2) has no dimension: at T_c it is the same for all sizes but for corrections. \
             Its data are fitted by one polynomial of t L^{1/nu}, with T_c and nu free; t = T_c (1 - T_c/T) is T - \
             T_c to first order. |m| L^{beta/nu} is drawn with the same T_c and nu and the exponent of the power law \
             below.",
        )
    }

    fn classifiers(&self) -> Section {
        let (c, samples, threshold) =
            (&self.settings.classifier, &self.settings.finite_size.samples, self.settings.threshold());
        let of_network = |labels: Labels, title: String, caption: String| {
            let alt =
                "P(ordered) against T by size, steeper the larger, beside the same against the scaled temperature.";
            Figure::new(format!("secB.fss-{}", labels.name()), title)
                .caption(caption, alt)
                .panels(self.panels(Observable::P(labels), "P(ordered)"))
        };
        let right = of_network(
            Labels::Right,
            "P(ordered) of networks that were told T_c".into(),
            format!("Networks per size, {samples} samples at each point."),
        );
        let misled = of_network(
            Labels::Wrong,
            format!("The same, told that order ends at T = {}", c.wrong),
            "No phase transition is near; curves of the larger sizes fall on one another none the less.".into(),
        );
        let title = format!("Without a network: the fraction with |m| > {threshold:.4}");
        let without = Figure::new("secB.fss-threshold", title)
            .caption(
                "The same temperatures; the threshold is the spontaneous magnetisation (Yang).",
                "A fraction against T by size, steeper the larger, beside the same against the scaled temperature.",
            )
            .panels(self.panels(Observable::Threshold, "fraction"));
        let (t_c, half_width) = (Temperature::CRITICAL.value(), *c.half_width);
        let text = format!(
            "For every size a network of {0} x {0} block means and {1} hidden units learns from {2} samples between T \
             = {3:.3} and {4:.3}, each with the label that its temperature gets; its mean output is read as U4 above \
             (Carrasquilla and Melko 2017). Three networks: told the truth; the same without samples nearer than {5} \
             to T_c; told that the ordered phase ends at T = {6}.",
            c.inputs,
            c.hidden,
            *c.n_temperatures * *c.per_temperature,
            t_c - half_width,
            t_c + half_width,
            c.far,
            c.wrong
        );
        let rows = self.pair.clone().words(|i| format!("{}, {}", self.sizes[i], self.sizes[i + 1]));
        let table = self.fitted.places().fold(rows.table("Temperatures of crossings", "L"), |table, of| {
            table.column(self.fitted.word(of), |i| self.crossing.at((of, i)))
        });
        Section::new("A classifier's output")
            .text(text)
            .text(
                "A crossing at the temperature of the labels and a collapse with nu near 1 are no evidence of a phase \
                 transition: any mean over L^2 spins with short correlations sharpens as 1/L, in two dimensions as a \
                 critical one with nu = 1 does.",
            )
            .figures([right, misled, without, self.crossings()])
            .tables([table.done()])
    }

    fn crossings(&self) -> Figure {
        let larger = &self.size.x()[1..];
        let panel = |title: &str, region: Region, level: String| {
            let own = FITTED.into_iter().filter(|of| of.region() == region);
            let curve = |of: Observable| {
                Curve::through(of.label(), larger, self.pair.places().map(|i| self.crossing.at((of, i))))
            };
            let level = Curve::level(level, larger, region.centre(self.settings));
            Panel::curves(title, Axis::log("the larger L"), "T of the crossing (J/k_B)", own.map(curve).chain([level]))
        };
        Figure::new("secB.fss-crossings", "Where neighbouring sizes cross")
            .caption(
                "By multiple histograms of all temperatures of a size; missing where curves do not cross exactly once.",
                "Temperatures of crossings against size, with T_c and the wrong label's temperature as levels.",
            )
            .panels([
                panel("about T_c", Region::Critical, "T_c".into()),
                panel("about the wrong temperature", Region::Wrong, format!("T = {}", self.settings.classifier.wrong)),
            ])
    }

    fn powers(&self) -> Section {
        let at_t_c = self.over.shown([&self.power, &self.size], |f, [q, i]| f.at_t_c[q][i]);
        let panel = |power: Power| {
            let (Exponent { title, exact, .. }, drawn) = (power.exponent(), power.drawn());
            let curve = self.size.curve(drawn, |i| at_t_c.at((power, i)));
            Panel::curves(format!("{title}: exact {exact}"), Axis::log("L"), Axis::log(drawn), [curve])
        };
        let figure = Figure::new("secB.fss-powers", "Powers of L at T_c")
            .caption(
                "Logarithmic axes; errors are smaller than points.",
                "Three straight lines of logarithms against size.",
            )
            .panels(Power::ALL.map(panel));
        let rows = self.power.clone().words(|q| Power::ALL[q].exponent().title.into());
        let table = rows
            .table("Exponents of L at T_c", "exponent")
            .column("of", |q| self.power.word(q))
            .column("without correction", |q| self.plain.at(q))
            .column(format!("with L^-{}", self.settings.finite_size.omega), |q| self.corrected.at(q))
            .column("exact", |q| Power::ALL[q].exponent().exact.to_string())
            .done();
        Section::new("Exponents at the critical temperature").figures([figure]).tables([table]).text(
            "All temperatures of a size are read at the exact T_c by multiple histograms; a straight line of \
             logarithms, without and with a correction to scaling, gives the exponent.",
        )
    }
}

#[cfg(test)]
mod tests;
