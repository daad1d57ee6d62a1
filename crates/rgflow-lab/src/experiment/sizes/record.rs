//! The end of the flow against the peaks of C and chi, by size.

use super::{Found, Settings};
use crate::record::{ByPlace, Claim, Curve, Dimension, Figure, Panel, Quantity, Record, Repeated, Section, Style};
use crate::study::modes::modes;
use crate::study::readings::{ABOUT, Thermal};
use crate::study::values;
use rgflow::flow::Mode;
use rgflow::lattice::Temperature;

/// Of the findings by repetition and size.
pub(super) fn record(settings: &Settings, found: &[Vec<Found>]) -> Record {
    let over = Repeated::new("sizes", found);
    let size = Dimension::new("L", &values::plain(&settings.sizing.sizes), |l| format!("L{l}"));
    let critical = Temperature::CRITICAL.value();

    let what = "temperature at which the specific heat of the torus is largest, exact (Kaufman)";
    let heat =
        Quantity::exact("sizes.{L}.T_c.specific_heat", [&size], "J/k_B", what, |[l]| found[0][l].peaks.specific_heat);
    let what = "temperature at which the susceptibility of |m| is largest (reweighted)";
    let chi = over.quantity("{L}.T_c.susceptibility", [&size], "J/k_B", what, |f, [l]| f[l].peaks.susceptibility);
    let what = "the training mixture itself, no machine";
    let null = Thermal::new(&over, "{L}.null", [&size], what, |f, [l]| &f[l].null);
    let what = "ends of all starts pooled, {mode} flow of the machine trained on all temperatures";
    let mut ends = Thermal::new(&over, "{L}.{mode}", [&size, &modes()], what, |f, [l, m]| &f[l].flows[m].pooled);
    ends.t_star = ends.t_star.map(|[l, _], star| {
        let source = "thesis: the RBM flow ends near T_c; here T_c(L), the peak of C";
        let star = star.compare(heat.at(l).get(), 0.0, ABOUT, source).against(null.t_star.at(l));
        star.compare(critical, 0.0, 0.0, "T_c of the infinite lattice")
    });

    let mut record = Record::new(
        "sizes",
        "The end of the flow against the size of the lattice",
        "On a finite lattice the transition is rounded and shifted: C and chi peak at T_c(L). If the flow ended at the transition, its ends \
         would follow these peaks from L = 8 to 32.",
    );
    record.list(&[&ByPlace(vec![&heat, &chi, &null, &ends])]);
    record.claims.extend(size.places().map(|l| {
        let states = format!("L = {}: the flow ends near T_c(L)", size.word(l));
        Claim::of("sec4.sizes", states, ends.t_star.at((l, Mode::Gibbs))).beside(null.t_star.at(l))
    }));
    record.answers = vec![
        format!(
            "L = {}: the Gibbs ends read T* = {}; C peaks at {}.",
            size.list(|l| size.word(l)),
            size.list(|l| ends.t_star.at((l, Mode::Gibbs))),
            size.list(|l| format!("{:.3}", heat.at(l).get()))
        ),
        format!("The training mixtures without any machine read {}.", size.list(|l| null.t_star.at(l))),
    ];
    record.summary = size
        .table("T* of the ends by size", "L")
        .column("hidden units", |l| settings.tori[l].rbm.hidden.to_string())
        .column("peak of C (exact)", |l| heat.at(l))
        .column("peak of chi", |l| chi.at(l))
        .column("mixture, no machine", |l| null.t_star.at(l))
        .column("Gibbs ends", |l| ends.t_star.at((l, Mode::Gibbs)))
        .column("mean-field ends", |l| ends.t_star.at((l, Mode::Mean)))
        .done()
        .note("T_c = 2.269. (L/2)^2 hidden units; one thermometer per size.");
    let curves = |ends: &Quantity<2>, null: &Quantity<1>, peaks: Vec<Curve>| {
        let mut curves = vec![
            size.curve("Gibbs ends", |l| ends.at((l, Mode::Gibbs))),
            size.curve("mean-field ends", |l| ends.at((l, Mode::Mean))),
            size.curve("mixture, no machine", |l| null.at(l)).style(Style::Dashed),
        ];
        curves.extend(peaks);
        curves.push(Curve::level("T_c", size.x(), critical));
        curves
    };
    let exact: Vec<f64> = heat.iter().map(|n| n.get()).collect();
    let peaks = vec![
        size.curve("peak of chi", |l| chi.at(l)),
        Curve::new("peak of C", size.x(), exact).style(Style::LinePoints),
    ];
    let figure = Figure::new("sec4.sizes", "Ends of the flow and pseudo-critical temperatures").caption(
        "Thermometer and energy readings of the pooled ends, of the training mixture, and the temperatures at which C (exact) and \
         chi of |m| peak. Errors over repetitions.",
        "T* and T_E of the ends by size of the lattice beside the peaks of C and chi and the mixture.",
    );
    let panels = [
        Panel::curves("By the thermometer", "L", "T* (J/k_B)", curves(&ends.t_star, &null.t_star, peaks)),
        Panel::curves("By the energy", "L", "T_E (J/k_B)", curves(&ends.t_energy, &null.t_energy, vec![])),
    ];
    record.sections = vec![Section::new("Sizes").figures([figure.panels(panels)])];
    record
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::modes::ByMode;
    use crate::study::readings::fabricated::{check, flow, observed, settings, verdicts};

    #[test]
    fn a_record_says_each_number_once() {
        let settings: Settings = settings(super::super::RECIPE, &["sizes.sizes=[4, 14]"]);
        let found = |l: f64| Found {
            null: observed(2.5 + l),
            flows: ByMode::of(flow(2.25 + l), flow(3.0 + l)),
            peaks: super::super::Peaks { specific_heat: 2.375, susceptibility: Some((2.625 + l, 0.0625)) },
        };
        let told = record(&settings, &[vec![found(0.0), found(1.0)]]);
        let values = [
            ("sizes.L4.T_c.specific_heat", 2.375),
            ("sizes.L14.T_c.susceptibility", 3.625),
            ("sizes.L4.null.T_star", 2.5),
            ("sizes.L14.null.T_E", 3.625),
            ("sizes.L4.gibbs.T_star", 2.25),
            ("sizes.L14.mean.T_star", 4.0),
            ("sizes.L14.gibbs.energy", -3.25),
        ];
        check(&told, &values, &["sec4.sizes"]);
        assert_eq!(verdicts(&told), ["agrees", "differs"]);
        assert_eq!(told.claims[1].null.as_deref(), Some("sizes.L14.null.T_star"));
    }
}
