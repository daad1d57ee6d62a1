//! Record of `sparse`: ends of the flow by training set, noise and epoch cap: how many distributions, at which T and m.

use super::figures::sections;
use super::sets::{COLD, COLD_HOT, NEAR, PURE, Set, mean, seen};
use super::{Findings, SETS, Settings};
use crate::row;
use crate::study::flow_ends;
use crate::study::prelude::*;

pub(super) fn record(settings: &Settings, found: &[Findings]) -> Record {
    let over = Repeated::new("sparse", found);
    let sets: Vec<Set> = (0..SETS.len()).map(|s| Set::new(settings, &over, s)).collect();
    let (mode, noises) = (modes(), settings.noises());
    let last = noises.len() - 1;
    let at_m = |f: &Findings, m: usize, i| mean(&f.machines[COLD][PURE].flows[m].magnetisation, i);
    let what = "fraction of the pooled ends with m rounded to +1, {mode} flow, trained at T = 0";
    let plus = over.quantity("cold.m.{mode}.plus", [&mode], "1", what, |f, [m]| at_m(f, m, 20));
    let plus = plus.map(|_, plus| plus.compare(0.5, 0.0, NEAR, "thesis fig 4.17: half of them"));
    let what = "fraction of the pooled ends with |m| rounded to 1, {mode} flow, trained at T = 0";
    let one = over.quantity("cold.m.{mode}.one", [&mode], "1", what, |f, [m]| Some(at_m(f, m, 20)? + at_m(f, m, 0)?));
    let one = one.map(|_, one| one.compare(1.0, 0.0, NEAR, "thesis fig 4.17: all of them"));

    let names = Dimension::names("set", SETS).words(|s| SETS[s].into());
    let what = "ln p of a test sample under the machine trained on \"{set}\" without noise";
    let ln_p =
        over.quantity("rbm.{set}.log_likelihood", [&names], "nats", what, |f, [s]| f.machines[s][PURE].likelihood.ln_p);

    let mut record = Record::new(
        "sparse",
        "Machines trained on sparse data",
        "Trained on the two ground states alone, and on these with configurations of m = 0: where does the flow end, \
         in how many distributions, and does noise on the data leave one?",
    );
    for set in &sets {
        let by_mode =
            Grouped(vec![&set.ends.t_star, &set.ends.t_energy, &set.ends.energy, &set.count, &set.several, &set.apart]);
        let copies = Grouped(vec![&set.copies.t_star, &set.copies.t_energy, &set.copies.energy, &set.copies_count]);
        record.list(&[&set.null, &ByPlace(vec![&set.epoch, &by_mode]), &copies]);
    }
    record.list(&[&Grouped(vec![&plus, &one]), &ln_p]);
    for mode in MODES {
        let cold = |text: &str| format!("trained at T = 0: {text} ({})", mode.name());
        let energy = Claim::of("fig4.16", cold("ends at T = 0: E/N = -2"), sets[COLD].ends.energy.at((PURE, mode)));
        let several = format!("T = 0 and m = 0: several fixed distributions ({})", mode.name());
        record.claims.extend([
            energy.with_null(sets[COLD].null.energy.at(())),
            Claim::of("fig4.17", cold("half the ends have m = +1"), plus.at(mode)),
            Claim::of("fig4.17", cold("the others m = -1"), one.at(mode)),
            Claim::of("fig4.18", several, sets[COLD_HOT].several.at((PURE, mode))),
        ]);
        record.claims.extend(SETS.iter().zip(&sets).map(|(name, set)| {
            let states = format!("(proposed) noise leaves one fixed distribution: {name} ({})", mode.name());
            Claim::of("sec5.noise", states, set.several.at((last, mode)))
        }));
    }
    record.answers = answers(&sets, &noises);
    let trained = settings.torus.rbm.trained_by();
    record.summary = summary(&sets, &over, &noises).note(format!(
        "The machines: {trained} at most; without noise ln p of a test sample is {} nats.",
        names.list(|s| ln_p.at(s))
    ));
    record.sections = sections(settings, &sets, &over);
    record
}

fn answers(sets: &[Set], noises: &[f64]) -> Vec<String> {
    let [cold, hot] = [&sets[COLD], &sets[COLD_HOT]];
    let (last, [gibbs, mean]) = (noises.len() - 1, MODES);
    vec![
        format!(
            "Trained at T = 0 the flow ends with E/N = {} (Gibbs) and {} (mean field).",
            cold.ends.energy.at((PURE, gibbs)),
            cold.ends.energy.at((PURE, mean))
        ),
        format!(
            "Trained on T = 0 and m = 0 the ends of the starts are several distributions in a fraction {} (Gibbs) and \
             {} (mean field) of the repetitions.",
            hot.several.at((PURE, gibbs)),
            hot.several.at((PURE, mean))
        ),
        format!(
            "With noise up to {}: in {} and {}; the ends then read T* = {} and {}.",
            noises[last],
            hot.several.at((last, gibbs)),
            hot.several.at((last, mean)),
            hot.ends.t_star.at((last, gibbs)),
            hot.ends.t_star.at((last, mean))
        ),
    ]
}

fn summary(sets: &[Set], over: &Repeated<Findings>, noises: &[f64]) -> Table {
    let columns = [
        "training set",
        "noise up to",
        "stopped at epoch",
        "Gibbs: T*",
        "E/N",
        "ends",
        "mean field: T*",
        "E/N",
        "ends",
    ];
    let row = |(s, n): (usize, usize)| {
        let (set, mut row) = (&sets[s], row![SETS[s], noises[n].to_string(), sets[s].epoch.at(n)]);
        for mode in MODES {
            let ends = flow_ends::cell(&seen(over, |f| &f.machines[s][n].flows[mode]), set.count.at((n, mode)));
            row.extend(row![set.ends.t_star.at((n, mode)), set.ends.energy.at((n, mode)), ends]);
        }
        row
    };
    let places = (0..sets.len()).flat_map(|s| (0..noises.len()).map(move |n| (s, n)));
    Table::new("Where the flow ends, and in how many distributions", columns).rows(places.map(row)).note(
        "cold: the two ground states. cold-hot: these and configurations of m = 0 from T = infinity. Ends: distinct \
         P(T) over start temperatures; they are one where no pair may differ by 0.05 in total variation, else their \
         range is given.",
    )
}

#[cfg(test)]
mod tests {
    use super::super::Machine;
    use super::*;
    use crate::study::readings::fabricated::{check, flow, likelihood, observed, settings, verdicts};

    #[test]
    fn a_record_says_each_number_once() {
        let settings: Settings = settings(super::super::RECIPE, &["sparse.caps=[1, 2]", "sparse.noise=[0.5]"]);
        // T* is the set, plus an eighth for noise and a quarter for the mean field; snapshots are 8 and 16 above.
        let machine = |s: usize, n: usize| {
            let t = 2.0 + s as f64 + 0.125 * n as f64;
            let copies = if n == 0 { vec![8.0, 16.0] } else { vec![] };
            Machine {
                likelihood: likelihood(-t, f64::NAN),
                epoch: t,
                flows: ByMode::of(flow(t), flow(t + 0.25)),
                copies: copies.into_iter().map(|c| ByMode::of(flow(t + c), flow(t + c + 0.25))).collect(),
            }
        };
        let found = Findings {
            nulls: vec![(observed(1.5), vec![0.0; 21]), (observed(2.5), vec![0.0; 21])],
            machines: (0..2).map(|s| (0..2).map(|n| machine(s, n)).collect()).collect(),
            start: vec![vec![0.0; 21]; 5],
        };
        let output = record(&settings, &[found]);
        let values = [
            ("sparse.cold.null.T_star", 1.5),
            ("sparse.cold-hot.null.energy", -2.5),
            ("sparse.cold.epoch", 2.0),
            ("sparse.noise.cold.0.5.epoch", 2.125),
            ("sparse.cold.gibbs.energy", -2.0),
            ("sparse.cold-hot.mean.T_star", 3.25),
            ("sparse.noise.cold-hot.0.5.gibbs.T_star", 3.125),
            ("sparse.cold.gibbs.ends", 2.0),
            ("sparse.cold-hot.gibbs.several", 1.0),
            ("sparse.cold.mean.ends_apart", 0.25),
            ("sparse.cold-hot.cap2.gibbs.T_star", 19.0),
            ("sparse.cold.cap1.mean.T_star", 10.25),
            ("sparse.cold.m.gibbs.plus", 0.75),
            ("sparse.cold.m.mean.one", 1.0),
            ("sparse.rbm.cold-hot.log_likelihood", -3.0),
        ];
        check(&output, &values, &["fig4.16", "fig4.17", "fig4.18", "sec5.noise"]);
        let by_mode = |energy| [energy, "differs", "agrees", "agrees", "differs", "differs"];
        assert_eq!(verdicts(&output), [by_mode("agrees"), by_mode("differs")].concat());
    }
}
