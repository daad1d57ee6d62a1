//! Numbers, claims and words of the experiment.

use super::figures::Figures;
use super::laws::HOTTEST;
use super::settings::Settings;
use super::stage::{Findings, FlowFound, LawFound, OBJECTIVES, sets};
use crate::record::Combined;
use crate::record::{Cell, Claim, Number, Record, Section, Table, Verdict};
use crate::report::format;
use crate::study::couplings::{self, Effective};
use crate::study::drawing::{cell, over};
use rgflow::exact::chain;
use rgflow::flow::Mode;
use rgflow::lattice::Temperature;
use rgflow::rg::decimation::Couplings;

/// What an "about" of the thesis allows: one step of its temperatures.
const ABOUT: f64 = 0.25;
/// What is allowed of an energy per spin at T = inf.
const ENERGY: f64 = 0.05;
/// Penalties by name, in the order of `Findings::penalties`.
pub(super) const PENALTIES: [&str; 2] = ["l1", "l2"];
const MODES: [Mode; 2] = [Mode::Gibbs, Mode::Mean];

/// A temperature over repetitions: at the end of the listed ones it is a bound.
fn temperature(found: &[Findings], of: impl Fn(&Findings) -> Option<f64>) -> Combined {
    let combined = over(found, of);
    let bound = combined.value.is_some_and(|t| t >= HOTTEST).then_some([Some(HOTTEST), None]);
    Combined { interval: bound, ..combined }
}

/// Temperature after one decimation without field; `None` at T = 0, which stays.
pub(super) fn decimated(t: f64) -> Option<f64> {
    (t > 0.0).then(|| 1.0 / Couplings { k: 1.0 / t, h: 0.0, k0: 0.0 }.decimated().k)
}

impl LawFound {
    /// How much nearer the mixture is than any thermal law, by Jensen-Shannon, nats.
    pub fn mixture_advantage(&self) -> f64 {
        self.thermal.1.jensen_shannon - self.mixture.jensen_shannon
    }
}

/// Ends of the flow from the temperatures of the grid: mean T*, their spread, mean energy.
fn ends(flow: &FlowFound, grid: usize) -> (f64, f64, f64) {
    let last: Vec<_> = flow.starts[..grid].iter().filter_map(|steps| steps.last()).collect();
    let t: Vec<f64> = last.iter().map(|r| r.t_star).collect();
    let spread = t.iter().copied().fold(f64::MIN, f64::max) - t.iter().copied().fold(f64::MAX, f64::min);
    let mean = |all: &mut dyn Iterator<Item = f64>| all.sum::<f64>() / grid as f64;
    (mean(&mut t.iter().copied()), spread, mean(&mut last.iter().map(|r| r.energy)))
}

/// Collects numbers.
struct Numbers<'a> {
    found: &'a [Findings],
    all: Vec<Number>,
}

impl Numbers<'_> {
    fn add(&mut self, key: String, unit: &str, what: &str, of: impl Fn(&Findings) -> Option<f64>) -> &mut Number {
        let combined = if unit == "J/k_B" { temperature(self.found, of) } else { over(self.found, of) };
        self.all.push(combined.number(key, unit, what));
        let last = self.all.len() - 1;
        &mut self.all[last]
    }

    fn compared(&mut self, value: f64, tolerance: f64, source: &str) {
        self.against(value, 0.0, tolerance, source);
    }

    /// Compares the last number.
    fn against(&mut self, value: f64, error: f64, tolerance: f64, source: &str) {
        let Some(mut number) = self.all.pop().map(|number| number.compare(value, error, tolerance, source)) else {
            return;
        };
        // A machine trained once says nothing of its scatter.
        if let (1, Some(comparison)) = (self.found.len(), number.compare.last_mut()) {
            comparison.verdict = Verdict::Inconclusive;
            comparison.source += "; one repetition has no error";
        }
        self.all.push(number);
    }

    fn law(&mut self, key: &str, what: &str, of: impl Fn(&Findings) -> Option<&LawFound> + Copy) {
        let mut add = |name: &str, unit: &str, more: &str, value: &dyn Fn(&LawFound) -> Option<f64>| {
            self.add(format!("{key}.{name}"), unit, &format!("{more}: {what}"), |f| value(of(f)?));
        };
        add("T_star", "J/k_B", "T* of the stationary law", &|l| Some(l.reading.t_star));
        add("T_E", "J/k_B", "temperature of its energy", &|l| l.reading.t_energy);
        add("thermal.js", "nats", "least Jensen-Shannon divergence from a thermal law", &|l| {
            Some(l.thermal.1.jensen_shannon)
        });
        add("thermal.kl", "nats", "least KL(p_T, p)", &|l| l.thermal.1.kl);
        add("thermal.reverse_kl", "nats", "least KL(p, p_T)", &|l| l.thermal.1.reverse_kl);
        add("mixture.js", "nats", "Jensen-Shannon divergence from the mixture", &|l| Some(l.mixture.jensen_shannon));
        add("mixture.kl", "nats", "KL(mixture, p)", &|l| l.mixture.kl);
        add("mixture.reverse_kl", "nats", "KL(p, mixture)", &|l| l.mixture.reverse_kl);
        add("relaxation", "steps", "relaxation time of the Gibbs kernel, v -> h -> v", &|l| l.relaxation);
        add("mixture_advantage", "nats", "thermal.js less mixture.js", &|l| Some(l.mixture_advantage()));
        self.compared(0.0, 0.0, "a tie; above 0 the mixture is nearer, below a thermal law (question of chapter 5)");
    }
}

/// Puts the record together.
pub(super) fn record(settings: &Settings, found: &[Findings]) -> Record {
    let grid = settings.temperatures().len();
    let mut numbers = Numbers { found, all: Vec::new() };
    let mut claims = Vec::new();
    numbers.add(
        "ising-1d.thermometer.told_apart".into(),
        "1",
        "fraction of the test collections whose nearest reference curve is that of their own temperature",
        |f| Some(f.told_apart),
    );
    numbers.compared(1.0, 0.0, "thesis fig 4.1: all can be told apart");
    claims.push(Claim::new("fig4.1", "all temperatures can be told apart", "ising-1d.thermometer.told_apart"));
    machines(settings, &mut numbers, &mut claims);
    let grid_above_zero: Vec<f64> = settings.temperatures().into_iter().filter(|t| *t > 0.0).collect();
    let hotter = grid_above_zero.iter().filter(|t| decimated(**t).is_some_and(|next| next > **t)).count();
    let hotter = hotter as f64 / grid_above_zero.len() as f64;
    numbers.all.push(
        Number::new(
            "ising-1d.rg.hotter",
            hotter,
            None,
            "1",
            "fraction of the temperatures above 0 that decimation raises",
        )
        .compare(1.0, 0.0, 0.0, "thesis fig 4.4a: the exact RG flows to T = inf"),
    );
    claims.push(Claim::new("fig4.4", "the exact RG flows to T = inf", "ising-1d.rg.hotter"));
    questions(settings, &mut numbers, &mut claims);
    let figures = Figures { settings, found };
    let sections = vec![
        Section { title: "The thermometer".into(), figures: vec![figures.thermal()], ..Section::default() },
        Section {
            title: "Ends of the flow".into(),
            text: vec![
                "Nothing is sampled in a flow: Gibbs is the law p_T times powers of the kernel's 256 x 256 matrix, mean field the map applied to each of the 256 states."
                    .into(),
            ],
            figures: vec![figures.trained_on_all(), figures.trained_on_one(), figures.diagrams()],
            ..Section::default()
        },
        Section {
            title: "Thermal, or the mixture?".into(),
            text: vec![
                "The Gibbs flow ends at the machine's own law p(v), which training pulls towards the law of the data, the mixture. Distances are exact."
                    .into(),
            ],
            figures: vec![figures.along()],
            tables: vec![along_table(settings, found)],
        },
        Section {
            title: "Other divergences".into(),
            figures: vec![figures.objectives()],
            tables: vec![objectives_table(found)],
            ..Section::default()
        },
        Section { title: "Penalties".into(), figures: vec![figures.penalties()], ..Section::default() },
    ];
    Record {
        experiment: "ising-1d".into(),
        title: "The RBM flow of the 1D Ising model, exactly".into(),
        question: format!(
            "A machine of {} + {} units is trained on configurations of a ring at many temperatures, at one, and iterated. Where does the flow end, and is its end a thermal law or the mixture that it was trained on?",
            settings.chain.spins, settings.rbm.hidden
        ),
        answers: answers(settings, found, grid),
        summary: summary(settings, found, grid),
        sections,
        numbers: numbers.all,
        claims,
    }
}

fn machines(settings: &Settings, numbers: &mut Numbers, claims: &mut Vec<Claim>) {
    let (grid, hot) = (settings.temperatures().len(), settings.rbm.hot);
    let temperature = Temperature::new(hot).ok();
    let hot_energy =
        temperature.and_then(|t| chain::thermodynamics(settings.chain.spins, t).ok()).map_or(0.0, |x| x.energy);
    for (i, (name, temperatures)) in sets(settings).iter().enumerate() {
        let null = format!("ising-1d.rbm.{name}.null");
        let what = "the law of the training data, without any machine";
        numbers.add(format!("{null}.T_star"), "J/k_B", &format!("T*: {what}"), |f| Some(f.null[i].t_star));
        if i == 0 {
            numbers.compared(1.5, ABOUT, "thesis fig 4.2: the end of the flow is about 1.5");
        }
        let null_t = over(numbers.found, |f| Some(f.null[i].t_star));
        numbers.add(format!("{null}.bayes"), "J/k_B", &format!("T* by Bayes' rule on the energy: {what}"), |f| {
            f.null[i].bayes
        });
        if i == 0 {
            numbers.compared(1.5, ABOUT, "thesis fig 4.2: the end of the flow is about 1.5");
        }
        numbers.add(format!("{null}.energy"), "J per spin", what, |f| Some(f.null[i].energy));
        let states = match i {
            0 => Some((1.5, "all starts end at about T = 1.5", "thesis fig 4.2: about 1.5")),
            1 => Some((0.0, "trained at T = 0: ends at T = 0", "thesis fig 4.3a")),
            2 => Some((temperatures[0], "trained at T = 6: ends at T = 6", "thesis fig 4.3b")),
            _ => None,
        };
        as_ising(i, name, numbers);
        let item = ["fig4.2", "fig4.3", "fig4.3", "fig4.4"][i];
        for (m, mode) in MODES.iter().enumerate() {
            let key = format!("ising-1d.rbm.{name}.{}", mode.name());
            let of = |f: &Findings| ends(&f.flows[i][m], grid);
            let what = format!("ends of the flow over {grid} start temperatures ({})", mode.name());
            numbers.add(format!("{key}.T_star"), "J/k_B", &format!("T*, mean of the {what}"), |f| Some(of(f).0));
            if let Some((value, text, source)) = states {
                numbers.compared(value, ABOUT, source);
                let null = format!("{null}.T_star");
                claims.push(Claim::new(item, format!("{text} ({})", mode.name()), format!("{key}.T_star")).null(null));
            }
            if let Some(value) = null_t.value {
                let error = null_t.error.unwrap_or(0.0);
                numbers.against(value, error, 0.0, "the null: the law of the training data, without any machine");
            }
            numbers.add(format!("{key}.spread"), "J/k_B", &format!("largest less smallest T* of the {what}"), |f| {
                Some(of(f).1)
            });
            numbers.compared(0.0, ABOUT, "thesis figs 4.2-4.4: all starts end at one temperature");
            if i == 0 {
                let text = format!("all starts end at one temperature: spread 0 ({})", mode.name());
                claims.push(Claim::new(item, text, format!("{key}.spread")));
            }
            numbers.add(format!("{key}.energy"), "J per spin", &format!("mean of the {what}"), |f| Some(of(f).2));
            if i == 3 {
                numbers.compared(hot_energy, ENERGY, "thesis fig 4.4: ends at T = inf");
                let text = format!("trained at T = 10^4: ends at T = inf, energy 0 ({})", mode.name());
                claims.push(Claim::new(item, text, format!("{key}.energy")).null(format!("{null}.energy")));
            }
            if *mode == Mode::Mean {
                let what = "distinct ends of the mean-field map over all states";
                numbers.add(format!("{key}.ends"), "1", what, |f| Some(f.flows[i][m].ends as f64));
            }
        }
    }
}

/// By repetition, the machine of the set number `i` as an Ising model.
fn effective(found: &[Findings], i: usize) -> Vec<&Effective> {
    found.iter().map(|f| &f.effective[i]).collect()
}

/// T_eff of the machine of the set number `i`, and how far it is from the Ising model at its one temperature.
fn as_ising(i: usize, name: &str, numbers: &mut Numbers) {
    let key = format!("ising-1d.rbm.{name}");
    let what = format!("machine trained on \"{name}\", exactly");
    numbers.all.extend(couplings::numbers(&key, &effective(numbers.found, i), &what));
    if numbers.found.iter().all(|f| f.trace[i].is_some()) {
        let condition =
            "variance over thermal configurations of ln p + beta H, 0 where Mehta and Schwab's trace condition holds";
        numbers.add(format!("{key}.trace.variance"), "nats^2", &format!("{condition}: {what}"), |f| {
            Some(f.trace[i]?.variance)
        });
        numbers
            .add(format!("{key}.trace.kl"), "nats", &format!("KL(thermal law, p): {what}"), |f| Some(f.trace[i]?.kl));
    }
}

fn questions(settings: &Settings, numbers: &mut Numbers, claims: &mut Vec<Claim>) {
    let epochs = settings.rbm.epochs;
    for (r, rate) in settings.rates().iter().enumerate() {
        for (e, epoch) in settings.rbm.snapshots.iter().enumerate() {
            let key = format!("ising-1d.law.rate{rate}.epoch{epoch}");
            let what = format!("CD-{} on all T, {epoch} epochs, learning rate {rate}", settings.rbm.cd_steps);
            numbers.law(&key, &what, |f| f.along.get(r)?.get(e));
        }
        let text = format!(
            "(question) the end is as near to thermal as to the mixture: JS less JS 0; {epochs} epochs, rate {rate}"
        );
        claims.push(Claim::new(
            "sec5.thermal",
            text,
            format!("ising-1d.law.rate{rate}.epoch{epochs}.mixture_advantage"),
        ));
    }
    for (o, objective) in OBJECTIVES.iter().enumerate() {
        let key = format!("ising-1d.objective.{objective}");
        let what = format!("{objective} minimised by {} exact gradients", settings.objectives.updates);
        numbers.law(&key, &what, |f| f.objectives.get(o));
        if o == 0 {
            continue;
        }
        let what = format!("T* of the stationary law less that of KL(q, p): {what}");
        let shift = |f: &Findings| Some(f.objectives.get(o)?.reading.t_star - f.objectives.first()?.reading.t_star);
        numbers.add(format!("{key}.shift"), "J/k_B", &what, shift);
        numbers.compared(0.0, ABOUT, "no influence of the divergence (question of chapter 5)");
        let text = format!("(question) {objective} instead of kl leaves T* where it is: shift 0");
        claims.push(Claim::new("sec5.divergences", text, format!("{key}.shift")));
    }
    let gan = "(question) does an adversarially trained generator flow? left out: its laws cannot be enumerated";
    claims.push(Claim::new("sec5.divergences", gan, String::new()));
    let plain = settings.rbm.snapshots.iter().position(|e| *e == epochs).unwrap_or(0);
    for (p, name) in PENALTIES.iter().enumerate() {
        for (s, strength) in settings.penalties.strengths.iter().enumerate() {
            let what = format!("{name} = {strength} on the weights, {epochs} epochs");
            numbers.law(&format!("ising-1d.penalty.{name}.{strength}"), &what, |f| f.penalties[p].get(s));
        }
        let what = format!("T* of the stationary law at the strongest {name} less that without");
        let shift =
            |f: &Findings| Some(f.penalties[p].last()?.reading.t_star - f.along.first()?.get(plain)?.reading.t_star);
        let key = format!("ising-1d.penalty.{name}.shift");
        numbers.add(key.clone(), "J/k_B", &what, shift);
        numbers.compared(0.0, ABOUT, "no influence of the penalty (question of chapter 5)");
        let text = format!("(question) {name} leaves T* where it is: shift 0 at the strongest");
        claims.push(Claim::new("sec5.penalties", text, key));
    }
}

fn set_title(settings: &Settings, name: &str) -> String {
    match name {
        "all" => "all T".into(),
        "cold" => "T = 0".into(),
        "warm" => format!("T = {}", settings.chain.t_max),
        _ => format!("T = {}", settings.rbm.hot),
    }
}

fn summary(settings: &Settings, found: &[Findings], grid: usize) -> Table {
    let rows = sets(settings).into_iter().enumerate().map(|(i, (name, _))| {
        let end = |m: usize| temperature(found, |f| Some(ends(&f.flows[i][m], grid).0));
        vec![
            Cell::text(set_title(settings, name)),
            Cell::text(["about 1.5", "0", "6", "inf"][i]),
            cell(&end(0), None),
            cell(&end(1), None),
            cell(&temperature(found, |f| Some(f.null[i].t_star)), None),
            cell(&temperature(found, |f| f.null[i].bayes), None),
            cell(&couplings::t_eff(&effective(found, i)), None),
        ]
    });
    Table {
        caption: "T* of the ends of the flow by training set, in J/k_B".into(),
        columns: ["trained on", "thesis", "Gibbs", "mean field", "null: training law", "null by Bayes on E", "T_eff"]
            .map(String::from)
            .into(),
        rows: rows.collect(),
        notes: vec![format!(
            "Mean over {grid} start temperatures; errors over repetitions. T* ends at 20: beyond it a ring of {} spins hardly changes. T_eff = 1/K_eff of the machine itself, K_eff its mean effective coupling of nearest neighbours, exactly.",
            settings.chain.spins
        )],
    }
}

fn along_table(settings: &Settings, found: &[Findings]) -> Table {
    let mut rows = Vec::new();
    for (r, rate) in settings.rates().iter().enumerate() {
        for (e, epoch) in settings.rbm.snapshots.iter().enumerate() {
            let law = |of: fn(&LawFound) -> Option<f64>| cell(&over(found, |f| of(f.along.get(r)?.get(e)?)), None);
            let value = |x: f64| Cell::Value { value: Some(x), error: None, interval: None, remark: None };
            rows.push(vec![
                value(*rate),
                value(*epoch as f64),
                law(|l| Some(l.reading.t_star)),
                law(|l| Some(l.thermal.0)),
                law(|l| Some(l.thermal.1.jensen_shannon)),
                law(|l| Some(l.mixture.jensen_shannon)),
                law(|l| Some(l.mixture_advantage())),
                law(|l| l.relaxation),
            ]);
        }
    }
    Table {
        caption: "The machine's law along the training on all temperatures".into(),
        columns: [
            "learning rate",
            "epochs",
            "T*",
            "nearest T",
            "JS from nearest thermal",
            "JS from mixture",
            "difference",
            "relaxation, steps",
        ]
        .map(String::from)
        .into(),
        rows,
        notes: vec![
            "Divergences in nats; the difference above 0: the mixture is nearer. KL both ways: results.json.".into(),
        ],
    }
}

fn objectives_table(found: &[Findings]) -> Table {
    let rows = OBJECTIVES.iter().enumerate().map(|(o, objective)| {
        let law = |of: fn(&LawFound) -> Option<f64>| cell(&over(found, |f| of(f.objectives.get(o)?)), None);
        vec![
            Cell::text(objective.to_string()),
            law(|l| Some(l.reading.t_star)),
            law(|l| l.mixture.kl),
            law(|l| l.mixture.reverse_kl),
            law(|l| Some(l.mixture.jensen_shannon)),
            law(|l| Some(l.thermal.1.jensen_shannon)),
            law(|l| l.relaxation),
        ]
    });
    Table {
        caption: "Machines trained by exact gradients towards the mixture q of all temperatures".into(),
        columns: ["minimised", "T*", "KL(q, p)", "KL(p, q)", "JS", "JS from nearest thermal", "relaxation, steps"]
            .map(String::from)
            .into(),
        rows: rows.collect(),
        notes: vec!["q > 0 in every state, as it holds temperatures above 0: no divergence is infinite.".into()],
    }
}

fn answers(settings: &Settings, found: &[Findings], grid: usize) -> Vec<String> {
    let show = |c: &Combined| format::value(c.value, c.error, c.interval);
    let end = |i: usize, m: usize| over(found, |f| Some(ends(&f.flows[i][m], grid).0));
    let mut all = vec![format!(
        "Trained on all temperatures the Gibbs flow ends at T* = {}, the mean-field flow at {}; the training mixture itself reads {} (by Bayes on the energy {}). The thesis says about 1.5.",
        show(&end(0, 0)),
        show(&end(0, 1)),
        show(&over(found, |f| Some(f.null[0].t_star))),
        show(&over(found, |f| f.null[0].bayes))
    )];
    for (r, rate) in settings.rates().iter().enumerate() {
        let at = settings.rbm.snapshots.iter().position(|e| *e == settings.rbm.epochs).unwrap_or(0);
        let advantage = |e: usize| over(found, |f| Some(f.along.get(r)?.get(e)?.mixture_advantage()));
        let word = |c: &Combined| {
            let number = c.number(String::new(), "", "").compare(0.0, 0.0, 0.0, "");
            match (number.compare[0].verdict, c.value) {
                (Verdict::Differs, Some(x)) if x > 0.0 => "the mixture is nearer",
                (Verdict::Differs, _) => "a thermal law is nearer",
                _ => "a tie",
            }
        };
        let last = settings.rbm.snapshots.len() - 1;
        all.push(format!(
            "Thermal or mixture, learning rate {rate}: after {} epochs {} (JS less JS {} nats), after {} {} ({}).",
            settings.rbm.epochs,
            word(&advantage(at)),
            show(&advantage(at)),
            settings.rbm.snapshots[last],
            word(&advantage(last)),
            show(&advantage(last))
        ));
    }
    let t = |o: usize| show(&over(found, |f| Some(f.objectives.get(o)?.reading.t_star)));
    all.push(format!(
        "Exact training towards the mixture ends at T* = {} by KL(q, p), {} by KL(p, q), {} by Jensen-Shannon.",
        t(0),
        t(1),
        t(2)
    ));
    all
}
