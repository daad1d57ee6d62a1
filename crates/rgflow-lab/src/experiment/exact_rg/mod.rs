//! Exact renormalization and series of Ising models (thesis chapter 3): decimation of the chain (figure 3.1), series of
//! the square lattice (figures 3.2 and 3.3), its duality, and approximate renormalization for comparison.

mod approximate;
mod decimation;
mod duality;
mod series;

use crate::study::prelude::*;
use crate::study::values::{real, whole};

/// The experiment `exact-rg`.
pub struct ExactRg;

/// Settings of the experiment: couplings and extents.
#[derive(Clone, Debug, Deserialize)]
pub struct Settings {
    decimation: Decimation,
    series: Series,
    duality: Duality,
    trg: Trg,
}

#[derive(Clone, Debug, Deserialize)]
struct Decimation {
    k: List<Coupling, 1, 40>,
    h: List<Coupling, 1, 40>,
    steps: Within<1, 1000>,
}

#[derive(Clone, Debug, Deserialize)]
struct Series {
    size: Countable,
}

#[derive(Clone, Debug, Deserialize)]
struct Duality {
    k: List<Ferromagnetic, 1, 40>,
    size: Within<2, 256>,
}

#[derive(Clone, Debug, Deserialize)]
struct Trg {
    chi: List<Within<4, 48>, 1, 45>,
    steps: Within<20, 100>,
}

real!(
    /// A coupling or field divided by temperature.
    Coupling,
    |x| (-50.0..=50.0).contains(&x),
    "must be between -50 and 50"
);
real!(
    /// A coupling divided by temperature whose dual is representable as a number.
    Ferromagnetic,
    |k| (0.01..=5.0).contains(&k),
    "must be between 0.01 and 5"
);
whole!(
    /// Extent of a torus.
    Countable,
    |size| (9..=11).contains(&size),
    "must be 9 to 11; on a smaller torus graphs of eight bonds go around it, of a larger one the density of states is \
     not counted"
);
impl values::Settings for Settings {
    fn parse(table: &toml::Table) -> Result<Self, String> {
        values::parse(table)
    }
}

impl Experiment for ExactRg {
    type Settings = Settings;
    type Findings = ();

    const ABOUT: About = About {
        name: "exact-rg",
        summary: "Exact decimation, series and duality of Ising models (thesis figs 3.1-3.3)",
        recipe: include_str!("recipe.toml"),
        repetitions: 1,
        ..About::DEFAULT
    };

    fn plan(&self, settings: &Settings) -> Plan {
        let tensors: f64 = settings.trg.chi.iter().map(|chi| (**chi as f64).powi(6)).sum();
        Plan::new().record(0.5 + 6e-10 * tensors * *settings.trg.steps as f64)
    }

    /// Does nothing: there is no randomness, and the record computes exact results once.
    fn repeat(&self, _: &Repetition, _: &Settings) -> Result<(), Error> {
        Ok(())
    }

    fn record(&self, settings: &Settings, _: &[()]) -> Result<Record, Error> {
        let mut record = Record::new(
            "exact-rg",
            "Exact renormalization and series of Ising models",
            "Every second spin of the chain is summed over exactly: where do K and h go? What is exact on the square \
             lattice, where no such sum closes?",
        );
        decimation::add_sections(&settings.decimation, &mut record);
        series::add_sections(&settings.series, &mut record)?;
        duality::add_sections(&settings.duality, &mut record)?;
        approximate::add_sections(&settings.trg, &mut record)?;
        Ok(record)
    }
}

/// A number that is exact but for rounding, compared with `(expected, allowed, source)`.
fn exact(key: &str, value: f64, how: &str, (expected, allowed, source): (f64, f64, &str)) -> Number {
    Number::new(format!("exact-rg.{key}"), value, None, "1", how).compare(expected, 0.0, allowed, source)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_answered_by_what_is_exact() {
        let record = ExactRg.record(&changed::<ExactRg>(&["trg.chi=[16, 8]"]).unwrap(), &[]).unwrap();
        assert!(record.numbers.iter().all(|n| n.first_verdict() == Verdict::Agrees), "{:?}", record.numbers);
        let value = |key: &str| record.number(&format!("exact-rg.{key}")).unwrap().get();
        assert_eq!(["tanh", "exp"].map(|side| value(&format!("series.{side}.order_6"))), [200.0; 2]);
        assert!((value("migdal-kadanoff.nu") - 1.338).abs() < 1e-3 && (value("duality.K_c") - 0.4407).abs() < 1e-4);
        assert!(value("duality.infinite") < 1e-12 && value("duality.torus") > 0.69);
        assert!(value("trg.ordered") > 1.9 && value("trg.disordered") < 1.1);
        assert!((1e-7..value("trg.chi8.error")).contains(&value("trg.chi16.error")));
        let claims: Vec<&str> = record.claims.iter().flat_map(|claim| claim.keys()).collect();
        assert_eq!((claims.len(), claims[8]), (9, "exact-rg.trg.chi16.error"));
        assert!(claims.iter().all(|key| value(key.trim_start_matches("exact-rg.")).is_finite()));
        let figures: Vec<&str> = record.figures().map(|f| f.id.as_str()).collect();
        assert_eq!(figures, ["fig3.1", "fig3.2", "fig3.3", "eq3.2.31", "sec3.pictures"]);
        // Too few steps to arrive, which shows that the rule can fail.
        let mut short = Record::default();
        decimation::add_sections(&changed::<ExactRg>(&["decimation.steps=1"]).unwrap().decimation, &mut short);
        assert_eq!((short.numbers[3].first_verdict(), short.numbers[3].value), (Verdict::Differs, Some(0.0)));
    }

    #[test]
    fn impossible_settings_are_named() {
        assert_refused::<ExactRg>(&[
            ("decimation.k=[]", "decimation.k"),
            ("decimation.h=[nan]", "decimation.h"),
            ("decimation.steps=0", "decimation.steps"),
            ("decimation.k=[1e9]", "decimation.k"),
            ("decimation.steps=-1", "decimation.steps"),
            ("series.size=8", "series.size"),
            ("series.size=12", "series.size"),
            ("duality.k=[0.0]", "duality.k"),
            ("duality.size=1", "duality.size"),
            ("trg.chi=[2]", "trg.chi"),
            ("trg.steps=2", "trg.steps"),
        ]);
    }
}
