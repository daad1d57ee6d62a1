use super::super::analysis::Curves;
use super::*;
use crate::experiment::FiniteSize;
use crate::record::Verdict::{self, Agrees, Differs, Inconclusive, NotCompared};

fn settings(omega: f64) -> Settings {
    let omega = format!("finite_size.omega={omega:?}");
    changed::<FiniteSize>(&["finite_size.sizes=[8, 16, 32]", "finite_size.temperatures=3", &omega]).unwrap()
}

/// Quantities in which every value differs; |m| at T_c lacks an exponent with the slope's correction.
fn found() -> Findings {
    let curves = |i: usize, fit: Option<(Measured, Measured)>| {
        let of = i as f64;
        let (near, far) = ((2.0 + of / 10.0, 0.01), (2.05 + of / 10.0, 0.02));
        Curves {
            points: (0..3).map(|l| (0..3).map(|k| (of + f64::from(3 * l + k) / 10.0, 0.001)).collect()).collect(),
            crossings: if i == 5 { vec![Some(near), None] } else { vec![Some(near), Some(far)] },
            collapse: fit.map(|(t_c, nu)| Fitted { t_c, nu, chi2: 10.0 * (of + 1.0), dof: 10 }),
        }
    };
    let fits = [
        Some(((2.2695, 1e-4), (1.1, 0.001))),
        None,
        Some(((2.29, 0.001), (1.05, 0.01))),
        Some(((2.26, 0.02), (1.02, 0.01))),
        Some(((2.01, 0.001), (0.98, 0.01))),
        Some(((1.99, 0.001), (1.2, 0.02))),
    ];
    let exponent = |a: f64| Some((a, 1e-4));
    Findings {
        curves: fits.into_iter().enumerate().map(|(i, fit)| curves(i, fit)).collect(),
        exponents: [(exponent(-0.13), exponent(-0.1255)), (exponent(-0.27), exponent(-0.2)), (exponent(0.99), None)],
        at_t_c: [100.0, 200.0, 300.0].map(|of| (0..3).map(|l| (of + f64::from(l), 0.1)).collect()),
        tau_int: vec![1.0, 2.0, 3.0],
    }
}

fn value(record: &Record, key: &str) -> Option<f64> {
    record.numbers.iter().find(|n| n.key == format!("rg.fss.{key}")).unwrap_or_else(|| panic!("no {key}")).value
}

fn verdicts(record: &Record) -> Vec<Verdict> {
    let of = |key: &str| record.numbers.iter().find(|n| n.key == key).map(Number::first_verdict);
    record.claims.iter().map(|claim| of(&claim.number).unwrap()).collect()
}

fn curves(figure: &Figure) -> Vec<&Curve> {
    fn of(panel: &Panel) -> &[Curve] {
        let Panel::Curves { curves, .. } = panel else { panic!("no curves") };
        curves
    }
    figure.panels.iter().flat_map(of).collect()
}

#[test]
fn numbers_and_claims_are_those_of_their_observables() {
    // With two repetitions, the longer tau_int counts.
    let second = Findings { tau_int: vec![0.5, 4.0, 0.5], ..found() };
    let record = record(&settings(1.75), &[found(), second]);
    for (key, expected) in [
        ("binder.t_c", 2.2695),
        ("told.t_c", 2.29),
        ("far.nu", 1.02),
        ("wrong.nu", 0.98),
        ("threshold.t_c", 1.99),
        ("threshold.chi2_dof", 6.0),
        ("told.crossing.8-16", 2.2),
        ("told.crossing.16-32", 2.25),
        ("wrong.crossing.16-32", 2.45),
        ("at_tc.plain.beta_over_nu", 0.13),
        ("at_tc.beta_over_nu", 0.1255),
        ("at_tc.plain.gamma_over_nu", 1.73),
        ("at_tc.gamma_over_nu", 1.8),
        ("at_tc.plain.one_over_nu", 0.99),
        ("tau_int.L8", 1.0),
        ("tau_int.L16", 4.0),
        ("tau_int.L32", 3.0),
    ] {
        assert!(value(&record, key).is_some_and(|found| (found - expected).abs() < 1e-12), "{key}");
    }
    assert_eq!([value(&record, "at_tc.one_over_nu"), value(&record, "threshold.crossing.16-32")], [None, None]);
    assert!(record.numbers.iter().all(|n| !n.key.contains("abs_m")) && record.numbers.len() == 34);
    let nulls: Vec<&str> = record.claims.iter().filter_map(|claim| claim.null.as_deref()).collect();
    let null = ["binder.t_c", "binder.nu", "binder.t_c", "threshold.t_c", "threshold.nu"];
    assert_eq!(nulls, null.map(|key| format!("rg.fss.{key}")));
    assert!(record.claims.iter().flat_map(Claim::keys).all(|key| record.numbers.iter().any(|n| n.key == key)));
}

#[test]
fn verdicts_follow_from_values_and_from_the_correction() {
    let with = record(&settings(1.75), &[found()]);
    let last = [Differs, Agrees, Inconclusive, Differs, Agrees];
    assert_eq!(verdicts(&with), [&[Agrees, Differs, Agrees, Differs][..], &last].concat());
    let slope = with.numbers.iter().find(|n| n.key == "rg.fss.at_tc.one_over_nu").unwrap();
    assert_eq!(slope.first_verdict(), NotCompared);
    let without = record(&settings(0.0), &[found()]);
    assert_eq!(verdicts(&without)[2..4], [Differs, Differs]);
    assert_eq!((without.claims[2].number.as_str(), without.numbers.len()), ("rg.fss.at_tc.plain.beta_over_nu", 31));
}

#[test]
fn figures_show_their_observables() {
    let record = record(&settings(1.75), &[found()]);
    let figures: Vec<&Figure> = record.sections.iter().flat_map(|section| &section.figures).collect();
    let ids: Vec<&str> = figures.iter().map(|figure| figure.id.as_str()).collect();
    let expected = ["secB.fss", "secB.fss-told", "secB.fss-wrong", "secB.fss-threshold", "secB.fss-crossings"];
    assert_eq!(ids, [&expected[..], &["secB.fss-powers"]].concat());
    // Raw curves of L = 32: U4, |m|, and the observables of the other figures.
    let measured = |figure: usize, panel: usize| curves(figures[figure])[3 * panel + 2].y[1];
    assert_eq!(
        [measured(0, 0), measured(0, 2), measured(1, 0), measured(2, 0), measured(3, 0)],
        [0.7, 1.7, 2.7, 4.7, 5.7]
    );
    // |m| L^{beta/nu} over t of the cumulant.
    let (raw, scaled) = (curves(figures[0])[6], curves(figures[0])[9]);
    assert!((scaled.y[0] - raw.y[0] * libm::pow(8.0, 0.1255)).abs() < 1e-12);
    assert_eq!(scaled.x[0], collapsed(raw.clone(), 8, [2.2695, 1.1, 0.0]).x[0]);
    let crossings: Vec<f64> = curves(figures[4]).iter().map(|curve| curve.y[0]).collect();
    assert_eq!(crossings, [2.0, 2.2, 2.3, Temperature::CRITICAL.value(), 2.4, 2.5, 2.0]);
    assert_eq!(curves(figures[5]).iter().map(|curve| curve.y[1]).collect::<Vec<_>>(), [101.0, 201.0, 301.0]);
}
