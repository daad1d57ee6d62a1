//! Machines of all temperatures, by their distance from the data.

use super::machines::Machine;
use super::stage::Findings as Found;
use super::{Findings, Settings};
use crate::study::memory::Memory;
use crate::study::optimum::Optimum;
use crate::study::prelude::*;

/// Autocorrelation times after which a flow is at its end.
const END: f64 = 20.0;

/// Place of a machine in the findings.
#[derive(Clone, Copy)]
enum At {
    Torus(usize),
    /// A smaller lattice, and its machine.
    Small(usize, usize),
}

impl At {
    fn found(self, f: &Findings) -> &Found {
        match self {
            Self::Torus(k) => &f.machines[k],
            Self::Small(lattice, k) => &f.small[lattice][k],
        }
    }

    fn machine(self, settings: &Settings) -> &Machine {
        match self {
            Self::Torus(k) => &settings.machines[k],
            Self::Small(lattice, k) => &settings.small[lattice].machines[k],
        }
    }
}

/// Machines of all temperatures, by training and lattice.
pub(super) struct Machines {
    at: Vec<At>,
    row: Dimension,
    pub worth: Likelihoods<1>,
    pub t_energy: Quantity<1>,
    pub abs_m: Quantity<1>,
    pub tau: Quantity<1>,
    /// Those of the torus, which have thermometers and flows.
    torus: Dimension,
    pub t_star: Quantity<1>,
    pub bayes: Quantity<1>,
    pub xi: Quantity<1>,
    pub ends: Thermal<2>,
}

impl Machines {
    pub fn new(settings: &Settings, over: &Repeated<Findings>) -> Self {
        let of_all = |k: &usize| settings.machines[*k].law == 0;
        let torus: Vec<usize> = (0..settings.machines.len()).filter(of_all).collect();
        let small =
            (0..settings.small.len()).flat_map(|s| (0..settings.small[s].machines.len()).map(move |k| At::Small(s, k)));
        let at: Vec<At> = torus.iter().map(|k| At::Torus(*k)).chain(small).collect();
        let size = *settings.torus.lattice.size;
        let lattice = |at: &At| match at {
            At::Torus(_) => format!("L{size}"),
            At::Small(s, _) => settings.small[*s].name.to_string(),
        };
        let names = |of: &[At]| {
            of.iter().map(|at| format!("{}.{}", lattice(at), at.machine(settings).name())).collect::<Vec<_>>()
        };
        let words = |at: &At| {
            let machine = at.machine(settings);
            format!("{}, {} hidden, {}", lattice(at), machine.hidden, machine.words())
        };
        let dimension = |of: &[At]| Dimension::names("machine", names(of)).words(|k| words(&of[k]));
        let (row, torus_row) = (dimension(&at), dimension(&at[..torus.len()]));
        let worth = Likelihoods::new(over, "{machine}", [&row], |f, [k]| &at[k].found(f).likelihood);
        let own = |f, k: usize| at[k].found(f).own.as_ref();
        let what = |of: &str| format!("{of} of the machine's own law (exact draws): {{machine}}");
        let t_energy = over
            .quantity("{machine}.T_E", [&row], "J/k_B", &what("T_E"), |f, [k]| own(f, k).and_then(|own| own.t_energy));
        let abs_m =
            over.quantity("{machine}.abs_m", [&row], "1", &what("|m|"), |f, [k]| own(f, k).map(|own| own.abs_m));
        let tau =
            over.quantity("{machine}.tau", [&row], "steps", "tau_int of the machine's chains: {machine}", |f, [k]| {
                let Memory { tau, error } = at[k].found(f).memory;
                error.map(|error| (tau, error))
            });
        let read = |f, k: usize| own(f, k).and_then(|own| own.read.as_ref());
        let t_star = over.quantity("{machine}.T_star", [&torus_row], "J/k_B", &what("T*"), |f, [k]| {
            read(f, k).map(|read| read.t_star)
        });
        let bayes =
            over.quantity("{machine}.bayes.T_star", [&torus_row], "J/k_B", &what("T* by P(T | E)"), |f, [k]| {
                own(f, k).and_then(|own| own.bayes)
            });
        let xi = over.quantity("{machine}.xi_over_L", [&torus_row], "1", &what("xi/L"), |f, [k]| {
            read(f, k).and_then(|read| read.xi_over_l)
        });
        let what = "ends of all starts pooled, {mode} flow of {machine}";
        let ends = Thermal::new(over, "{machine}.{mode}", [&torus_row, &modes()], what, |f, [k, m]| {
            &f.flows[torus[k]].as_ref().expect("flows of all temperatures")[m].pooled
        });
        Self { at, row, worth, t_energy, abs_m, tau, torus: torus_row, t_star, bayes, xi, ends }
    }

    /// From the machine farthest from its data to the nearest.
    pub fn sentence(&self, mixture: &Number) -> Option<String> {
        let known = self.torus.places().filter(|k| self.worth.kl.at(*k).value.is_some());
        let by_kl = |a: &usize, b: &usize| self.worth.kl.at(*a).get().total_cmp(&self.worth.kl.at(*b).get());
        let (near, far) = (known.clone().min_by(by_kl)?, known.max_by(by_kl)?);
        let told = |k: usize| {
            format!(
                "{} ({}): T_E = {} of its law, T* = {} of the Gibbs ends and {} of the mean-field ends",
                self.torus.word(k),
                self.worth.kl.at(k),
                self.t_energy.at(k),
                self.ends.t_star.at((k, Mode::Gibbs)),
                self.ends.t_star.at((k, Mode::Mean))
            )
        };
        Some(format!(
            "All temperatures, with KL in nats: from {} to {}; the mixture has T_E = {mixture}.",
            told(far),
            told(near)
        ))
    }

    pub fn panel(&self, mixture: &Number, critical: f64) -> Panel {
        let mut order: Vec<usize> =
            self.torus.places().filter(|k| self.worth.kl.at(*k).value.is_some_and(|kl| kl > 0.0)).collect();
        order.sort_by(|a, b| self.worth.kl.at(*a).get().total_cmp(&self.worth.kl.at(*b).get()));
        let x: Vec<f64> = order.iter().map(|k| self.worth.kl.at(*k).get()).collect();
        let curves = [
            Curve::through("own law", &x, order.iter().map(|k| self.t_energy.at(*k))).style(Style::Points),
            Curve::through("Gibbs ends", &x, order.iter().map(|k| self.ends.t_energy.at((*k, Mode::Gibbs))))
                .style(Style::Points),
            Curve::through("mean-field ends", &x, order.iter().map(|k| self.ends.t_energy.at((*k, Mode::Mean))))
                .style(Style::Points),
            Curve::level("the mixture", &x, mixture.get()).style(Style::Dashed),
            Curve::level("T_c", &x, critical),
        ];
        Panel::curves("All temperatures", Axis::log("KL of the mixture from the machine (nats)"), "T_E (J/k_B)", curves)
    }

    pub fn tables(&self, settings: &Settings, found: &[Findings]) -> [Table; 2] {
        let steps = *settings.torus.flow.steps as f64;
        let ended = |k: usize| match self.tau.at(k).get() * END <= steps {
            true => "at its end",
            false => "not at its end",
        };
        let optimum = |k: usize| {
            let (at, machine) = (self.at[k], self.at[k].machine(settings));
            let one = |f: &Findings| {
                let found = at.found(f);
                found.starts.as_ref().is_some_and(|starts| {
                    Optimum::of(&machine.course(settings, 1).ascent(), starts, found.gradient).missing.is_empty()
                })
            };
            match found.iter().all(one) {
                true => "at its optimum",
                false => "lower bound",
            }
        };
        let worth = self
            .row
            .table("Machines of all temperatures", "machine")
            .column("ln p", |k| self.worth.ln_p.at(k))
            .column("KL", |k| self.worth.kl.at(k))
            .column("T_E of its law", |k| self.t_energy.at(k))
            .column("|m|", |k| self.abs_m.at(k))
            .column("tau_int", |k| self.tau.at(k))
            .column("likelihood", |k| optimum(k).to_string())
            .note(
                "ln p of fresh samples and KL of the mixture from the machine in nats per sample. All have the same \
                   number of updates, and a rate that falls to 0.",
            )
            .note(
                "At its optimum: by the tests of starts, length and gradient; else ln p is a lower bound on that of \
                   the optimum.",
            );
        let flows = self
            .torus
            .table("The flows of the same machines", "machine")
            .column("T*, its law", |k| self.t_star.at(k))
            .column("T* by P(T | E)", |k| self.bayes.at(k))
            .column("xi/L", |k| self.xi.at(k))
            .columns(&["Gibbs T*", "mean-field T*"], |k, m| self.ends.t_star.at((k, m)))
            .columns(&["Gibbs T_E", "mean-field T_E"], |k, m| self.ends.t_energy.at((k, m)))
            .column("Gibbs flow", |k| ended(k).to_string())
            .note(format!("At its end: {steps} steps are {END} tau_int or more. A mean-field flow has no law."));
        [worth, flows]
    }
}
