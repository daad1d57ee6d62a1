//! Does the end of the RBM flow follow the pseudo-critical temperature of the finite lattice?

use crate::study::prelude::*;
use crate::study::{costs, peaks, settings::EvenSide};

/// The experiment `sizes`.
pub struct Sizes;

/// Settings of the experiment: the table `sizes`, and the tables of the torus for each size.
#[derive(Deserialize)]
pub struct Settings {
    sizes: Rising<EvenSide>,
    peak: Within<1000, 1_000_000>,
    #[serde(skip)]
    tori: Vec<Torus>,
}

impl values::Settings for Settings {
    fn parse(table: &toml::Table) -> Result<Self, String> {
        let (own, torus): (Self, _) = (values::part(table, "sizes")?, Torus::parse(table)?);
        let tori = own.sizes.iter().map(|l| torus.sized(**l)).collect::<Result<_, _>>()?;
        Ok(Self { tori, ..own })
    }
}

/// Findings for one size in one repetition.
pub struct Findings {
    null: Observed,
    machine: Examined,
    peaks: peaks::Peaks,
}

impl Experiment for Sizes {
    type Settings = Settings;
    type Findings = Vec<Findings>;

    const ABOUT: About = About {
        name: "sizes",
        summary: "RBM flows of the 2D Ising model on lattices of several sizes, against the peaks of C and chi",
        recipe: concat!(
            "# The end of the RBM flow against the size of the lattice. Values are those of ising-2d; temperatures in \
             J/k_B.\n",
            include_str!("../study/torus.toml"),
            include_str!("sizes.toml")
        ),
        ..About::DEFAULT
    };

    fn needs(&self, settings: &Settings) -> Vec<Need> {
        let (n, l) = (*settings.peak, *settings.sizes.last());
        let peak = Need::new(&[n, l, l], format!("sizes.peak = {n} of {l} x {l} spins"), "take a smaller sizes.peak");
        settings.tori.iter().flat_map(|torus| torus.needs()).chain([peak]).collect()
    }

    fn plan(&self, settings: &Settings) -> Plan {
        let one = |torus: &Torus| {
            let machine = costs::machine_of_torus(torus, "all", &torus.rbm, 0).and(costs::examined(torus, "all", None));
            let size = *torus.lattice.size;
            costs::peaks(size, *settings.peak).and(costs::study(torus)).and(machine).within(&format!("L{size}"))
        };
        settings.tori.iter().map(one).fold(Plan::new(), Plan::and)
    }

    fn repeat(&self, repetition: &Repetition, settings: &Settings) -> Result<Vec<Findings>, Error> {
        let one = |torus: &Torus| {
            let (size, machine) = (*torus.lattice.size, ThermalMachine::new(torus, "all"));
            let part = &repetition.part(&format!("L{size}"));
            let (peaks, study) = rayon::join(|| peaks::stage(part, size, *settings.peak), || Study::new(part, torus));
            let study = study?;
            let machine = study.examine(&machine, &machine.train(part, &study.samples)?, None)?;
            Ok(Findings { null: study.mixture(&torus.all())?, machine, peaks: peaks? })
        };
        // The largest size takes longest, so it begins first.
        let mut found = settings.tori.par_iter().rev().map(one).collect::<Result<Vec<_>, Error>>()?;
        found.reverse();
        Ok(found)
    }

    fn record(&self, settings: &Settings, found: &[Vec<Findings>]) -> Result<Record, Error> {
        let (over, critical) = (Repeated::new("sizes", found), Temperature::CRITICAL.value());
        let size = Dimension::new("L", &values::plain(&settings.sizes), |l| format!("L{l}"));
        let what = "temperature at which the specific heat of the torus is largest, exact (Kaufman)";
        let exact = |[l]: [usize; 1]| found[0][l].peaks.specific_heat;
        let heat = Quantity::exact("sizes.{L}.T_c.specific_heat", [&size], "J/k_B", what, exact);
        let what = "temperature at which the susceptibility of |m| is largest (reweighted)";
        let chi = over.quantity("{L}.T_c.susceptibility", [&size], "J/k_B", what, |f, [l]| f[l].peaks.susceptibility);
        let what = "the training mixture itself, no machine";
        let null = Thermal::new(&over, "{L}.null", [&size], what, |f, [l]| &f[l].null);
        let what = "ends of all starts pooled, {mode} flow of the machine trained on all temperatures";
        let mut ends =
            Thermal::new(&over, "{L}.{mode}", [&size, &modes()], what, |f, [l, m]| &f[l].machine.flows[m].pooled);
        ends.t_star = ends.t_star.map(|[l, _], star| {
            let source = "thesis: the RBM flow ends near T_c; here T_c(L), the peak of C";
            let star = star.compare(heat.at(l).get(), 0.0, ABOUT, source).against(null.t_star.at(l));
            star.compare(critical, 0.0, 0.0, "T_c of the infinite lattice")
        });
        let worth = Likelihoods::new(&over, "rbm.{L}", [&size], |f, [l]| &f[l].machine.likelihood);
        let question = "On a finite lattice C and chi peak at T_c(L). Do the ends of the flow follow these peaks from \
            L = 8 to 32?";
        let mut record = Record::new("sizes", "The end of the flow against the size of the lattice", question);
        record.list(&[&ByPlace(vec![&heat, &chi, &null, &ends, &worth.ln_p, &worth.kl])]);
        record.claims.extend(size.places().map(|l| {
            let states = format!("L = {}: the flow ends near T_c(L)", size.word(l));
            Claim::of("sec4.sizes", states, ends.t_star.at((l, Mode::Gibbs))).with_null(null.t_star.at(l))
        }));
        let note = "KL: of the mixture's exact law from the machine's; ln Z by enumeration at L = 10 and below, else \
                    by annealing from both directions.";
        let (sizes, peaks) = (size.list(|l| size.word(l)), size.list(|l| format!("{:.3}", heat.at(l).get())));
        let (gibbs, nulls) = (size.list(|l| ends.t_star.at((l, Mode::Gibbs))), size.list(|l| null.t_star.at(l)));
        record.answers = vec![format!(
            "L = {sizes}: the Gibbs ends read T* = {gibbs}, the training mixtures {nulls}; C peaks at {peaks}."
        )];
        record.summary = (size.table("T* of the ends by size", "L"))
            .column("hidden units", |l| settings.tori[l].rbm.hidden.to_string())
            .column("KL (nats)", |l| worth.kl.at(l))
            .column("peak of C (exact)", |l| heat.at(l))
            .column("peak of chi", |l| chi.at(l))
            .column(MIXTURE, |l| null.t_star.at(l))
            .columns(&ENDS, |l, m| ends.t_star.at((l, m)))
            .note("T_c = 2.269. (L/2)^2 hidden units; one thermometer per size.")
            .note(note);
        let panel = |title, label, ends: &Quantity<2>, null: &Quantity<1>, peaks: Vec<Curve>| {
            let (ends, null) = (size.curves(&ENDS, |l, m| ends.at((l, m))), size.curve(MIXTURE, |l| null.at(l)));
            let level = Curve::level("T_c", size.x(), critical);
            Panel::curves(title, "L", label, [ends, vec![null.style(Style::Dashed)], peaks, vec![level]].concat())
        };
        let exact: Vec<f64> = heat.iter().map(Number::get).collect();
        let exact = Curve::new("peak of C", size.x(), exact).style(Style::LinePoints);
        let peaks = vec![size.curve("peak of chi", |l| chi.at(l)), exact];
        let figure = Figure::new("sec4.sizes", "Ends of the flow and pseudo-critical temperatures").caption(
            "Readings of the pooled ends and of the mixture; where C (exact) and chi of |m| peak. Errors over \
             repetitions.",
            "T* and T_E of the ends by size of the lattice beside the peaks of C and chi and the mixture.",
        );
        record.sections = vec![Section::new("Sizes").texts(worth.remarks).figures([figure.panels([
            panel("By the thermometer", "T* (J/k_B)", &ends.t_star, &null.t_star, peaks),
            panel("By the energy", "T_E (J/k_B)", &ends.t_energy, &null.t_energy, vec![]),
        ])])];
        Ok(record)
    }
}

#[cfg(test)]
mod tests {
    use super::fabricated::{check, flow, likelihood, observed, settings, verdicts};
    use super::*;

    #[test]
    fn a_record_says_each_number_once() {
        let settings: Settings = settings(Sizes::ABOUT.recipe, &["sizes.sizes=[4, 14]"]);
        let found = |l: f64| Findings {
            null: observed(2.5 + l),
            machine: Examined {
                likelihood: likelihood(-l - 0.5, l + 0.25),
                flows: ByMode::of(flow(2.25 + l), flow(3.0 + l)),
            },
            peaks: peaks::Peaks { specific_heat: 2.375, susceptibility: Some((2.625 + l, 0.0625)) },
        };
        let output = Sizes.record(&settings, &[vec![found(0.0), found(1.0)]]).unwrap();
        let values = [
            ("sizes.L4.T_c.specific_heat", 2.375),
            ("sizes.L14.T_c.susceptibility", 3.625),
            ("sizes.L14.null.T_E", 3.625),
            ("sizes.L4.gibbs.T_star", 2.25),
            ("sizes.rbm.L14.log_likelihood", -1.5),
            ("sizes.rbm.L4.kl", 0.25),
        ];
        check(&output, &values, &["sec4.sizes"]);
        assert_eq!(verdicts(&output), ["agrees", "differs"]);
        assert_eq!(output.claims[1].null.as_deref(), Some("sizes.L14.null.T_star"));
    }
}
