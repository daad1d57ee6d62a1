//! Record of `ladder`: deviations of the machines' laws from their mixtures, and machines by their distance from the
//! data.

use super::by_distance::Machines;
use super::deviations::Deviations;
use super::stage::{BINS, OwnLaw};
use super::{Findings, Settings};
use crate::study::prelude::*;
use rgflow::exact::square;

pub(super) fn record(settings: &Settings, found: &[Findings]) -> Record {
    let over = Repeated::new("ladder", found);
    let critical = critical(settings);
    let deviations = Deviations::new(settings, &over);
    let rungs = Machines::new(settings, &over);
    let mixture = seen(&over, "mixture", "fresh samples of the mixture of all temperatures", |f| &f.mixture);
    let what = "cross-entropy of the thermometer less that of the best possible one, P(T | E) by Bayes: paired mean \
                over the test set";
    let excess = over.number("thermometer.excess", "nats", what, |f| f.excess);

    let question = "A Gibbs flow of an ergodic machine ends at the machine's own law, and the better the machine, the \
                    nearer that is to its training mixture, whatever T_c is. Is what a machine of finite capacity adds \
                    drawn to T_c?";
    let mut record = Record::new("ladder", "Does the RBM flow know T_c?", question);
    record.list(&[
        &deviations.side,
        &deviations.towards,
        &ByPlace(vec![&deviations.exact, &deviations.t_energy, &deviations.kl, &deviations.d, &deviations.gradient]),
    ]);
    record.list(&[&ByPlace(vec![&deviations.cd, &deviations.cd_kl])]);
    record.list(&[&rungs.worth.ln_p, &rungs.worth.kl, &rungs.t_energy, &rungs.abs_m, &rungs.tau]);
    record.list(&[&rungs.t_star, &rungs.bayes, &rungs.xi, &rungs.ends]);
    mixture.iter().for_each(|number| record.list(&[number]));
    record.list(&[&excess]);

    let answer = deviations.answer(found.len());
    record.answers = vec![answer.sentence(found.len())];
    record.answers.extend(deviations.sentences());
    record.answers.extend(rungs.sentence(&mixture[0]));
    record
        .answers
        .push(format!("The thermometer costs {excess} nats more than the best possible one, P(T | E) by Bayes."));
    let states = format!("drawn to T_c from below and from above (H_c, {} hidden units)", deviations.most());
    let towards = deviations.towards.at(deviations.units.len() - 1);
    record.claims.push(Claim::of("sec4.ladder", states, towards));
    record.summary = deviations.table(settings, critical);
    let figure = Figure::new("sec4.ladder", "Machines of finite capacity against their mixtures").caption(
        format!(
            "Left: temperature of the energy of the machine's own law against that of its training mixture, one line per \
             number of hidden units (grown towards the likelihood), and CD-1 with {}; dashed: the mixture, level: T_c = {critical:.3}. Middle: all \
             temperatures, by distance from the data. Right, first repetition: the energies of the mixture and of the \
             laws of two machines.",
            deviations.most()
        ),
        "T_E of the machines against T_E of the mixtures, with the diagonal and a level line at T_c; T_E against KL; \
         distributions of the energy.",
    );
    let figure = figure.panels([
        deviations.panel(settings, critical),
        rungs.panel(&mixture[0], critical),
        energies(settings, &found[0]),
    ]);
    let text = "D is the temperature of the energy of the machine's own law less that of its training mixture: from \
                exact draws of the machine, and exactly for the mixture. Three mixtures lie well below the peak of the \
                specific heat, three well above; the window of all temperatures and the control of the two outermost \
                decide nothing.";
    record.sections = vec![
        Section::new("Below and above T_c").text(text).figures([figure]).tables([deviations.gradients()]),
        Section::new("Machines by their distance from the data").tables(rungs.tables(settings, found)),
    ];
    record
}

/// The peak of the exact specific heat.
fn critical(settings: &Settings) -> f64 {
    let size = *settings.torus.lattice.size;
    square::specific_heat_peak(size, size).map_or(f64::NAN, |(t, _)| t.value())
}

/// T_E, E, |m|, T* by both thermometers, and xi/L of a law.
fn seen<'a>(
    over: &Repeated<'a, Findings>,
    key: &str,
    what: &str,
    of: impl Fn(&'a Findings) -> &'a OwnLaw,
) -> Vec<Number> {
    let number = |name: &str, unit, read: &dyn Fn(&'a OwnLaw) -> Option<Measured>| {
        over.number(&format!("{key}.{name}"), unit, what, |f| read(of(f)))
    };
    vec![
        number("T_E", "J/k_B", &|law| law.t_energy),
        number("energy", "J per spin", &|law| Some(law.energy)),
        number("abs_m", "1", &|law| Some(law.abs_m)),
        number("T_star", "J/k_B", &|law| law.read.as_ref().map(|read| read.t_star)),
        number("bayes.T_star", "J/k_B", &|law| law.bayes.map(|t| (t, f64::NAN))),
        number("xi_over_L", "1", &|law| law.read.as_ref().and_then(|read| read.xi_over_l)),
    ]
}

/// The energies of the mixture and of the laws of the machines by CD-1 and of the grown one with most hidden units.
fn energies(settings: &Settings, first: &Findings) -> Panel {
    let most = *settings.ladder.units.last();
    let x: Vec<f64> = (0..BINS).map(|bin| -2.0 + 4.0 * (bin as f64 + 0.5) / BINS as f64).collect();
    let of = |words: &str, place: Option<usize>| {
        let own = first.machines[place?].own.as_ref()?;
        Some(Curve::new(format!("{most} hidden, {words}"), x.as_slice(), own.energies.as_slice()))
    };
    let mixture = Curve::new("the mixture", x.as_slice(), first.mixture.energies.as_slice()).style(Style::Dashed);
    let curves = [of("CD-1", settings.by_cd1(0)), of("grown", settings.grown(0, most))];
    let curves = curves.into_iter().flatten().chain([mixture]);
    Panel::curves("All temperatures: energies", "E per spin (J)", "fraction", curves)
}

#[cfg(test)]
mod tests {
    use super::super::machines::Machine;
    use super::super::stage::Findings as Found;
    use super::*;
    use crate::study::memory::Memory;
    use crate::study::readings::fabricated::{check, flow, likelihood, observed, settings, verdicts};
    use rgflow::rbm::Method;

    fn law(t: f64) -> OwnLaw {
        OwnLaw {
            energy: (-t, 0.03125),
            t_energy: Some((t, 0.0625)),
            abs_m: (0.25, 0.03125),
            energies: vec![1.0 / BINS as f64; BINS],
            read: Some(observed(t + 0.5)),
            bayes: Some(t + 0.25),
        }
    }

    #[test]
    fn a_record_says_each_number_once() {
        let changes = [
            "ladder.units=[4, 8]",
            "ladder.exact=4",
            "ladder.wide=9",
            "ladder.cd_steps=[1, 3]",
            "ladder.small=[4]",
            "ladder.ring=[2]",
            "lattice.size=5",
            "ladder.below_t=1.5",
            "ladder.below_top=1.5",
            "ladder.below_scale=0.4",
            "ladder.above_t=4.5",
            "ladder.above_from=4.5",
        ];
        let settings: Settings = settings(super::super::RECIPE, &changes);
        // Machines are hotter than their mixture by 1/N, and those of CD-1 by 1; KL is their number.
        let found = |shift: f64| {
            let one = |(k, machine): (usize, &Machine)| {
                let hotter = if machine.method == Method::Cd { 1.0 } else { 1.0 / machine.hidden as f64 };
                Found {
                    likelihood: likelihood(-1.0 - k as f64, 1.0 + k as f64),
                    own: Some(law(settings.laws[machine.law].t_energy + hotter + shift)),
                    memory: Memory { tau: 5.0, error: Some(0.5) },
                    gradient: Some([0.5, 2.0]),
                    starts: None,
                }
            };
            let machines: Vec<Found> = settings.machines.iter().enumerate().map(one).collect();
            let flows =
                settings.machines.iter().map(|m| (m.law == 0).then(|| ByMode::of(flow(2.25), flow(3.0)))).collect();
            let small = vec![vec![machines[0].clone()], vec![machines[1].clone()]];
            Findings { machines, flows, small, mixture: law(2.5), excess: (0.125, 0.0625) }
        };
        let output = record(&settings, &[found(-0.015625), found(0.0), found(0.015625)]);
        let t = settings.laws[0].t_energy;
        let values = [
            ("ladder.0-6.mixture.T_E", t),
            ("ladder.0-6.N4.T_E", t + 0.25),
            ("ladder.L5.N4.exact.kl", 1.0),
            ("ladder.L5.N8.cd1.kl", 4.0),
            ("ladder.L5.N8.grown.kl", 2.0),
            ("ladder.ring.N2.exact.log_likelihood", -1.0),
            ("ladder.L4.N4.exact.kl", 2.0),
            ("ladder.L5.N4.exact.gibbs.T_star", 2.25),
            ("ladder.L5.N4.exact.mean.T_E", 3.125),
            ("ladder.L5.N4.exact.bayes.T_star", t + 0.5),
            ("ladder.mixture.T_E", 2.5),
            ("ladder.thermometer.excess", 0.125),
        ];
        check(&output, &values, &["sec4.ladder"]);
        let differences = [
            ("ladder.T1.5.N4.D", 0.25),
            ("ladder.rising.cd1.D", 1.0),
            ("ladder.below.N8.D", 0.125),
            ("ladder.above.N4.D", 0.25),
            ("ladder.towards.N4.D", -0.25),
            ("ladder.rising.N8.gradient", 0.5),
        ];
        for (key, value) in differences {
            let found = output.number(key).unwrap();
            assert!((found.get() - value).abs() < 1e-12, "{found:?}");
        }
        assert!(
            output.answers[0].starts_with("No: machines trained towards the likelihood are hotter"),
            "{}",
            output.answers[0]
        );
        assert_eq!(verdicts(&output), ["differs"]);
        let one = record(&settings, &[found(0.0)]);
        assert!(one.answers[0].starts_with("No verdict yet, so No"), "{}", one.answers[0]);
    }
}
