//! The numbers of `results.json`: means over repetitions with errors, each beside what it is compared with.

use super::Settings;
use super::matching;
use super::{Findings, MODES, SETS};
use crate::record::Number;
use crate::record::{Combined, Measured, over_seeds};
use crate::study::couplings;
use crate::study::ends;
use crate::study::readings::{ABOUT, FlowFindings, Observed, label, p_thermal, relaxation, t_star};
use rgflow::exact::square;
use rgflow::lattice::Temperature;

/// Level of the test "not thermal" over one table.
pub(super) const NOT_THERMAL: f64 = 0.01;
/// Bayes cross-entropy of the 25 temperatures at L = 10: no network can be below it on fresh data.
const CROSS_ENTROPY_FLOOR: f64 = 2.1251;

/// What the thesis says of a training set: value and place; `None` where it says nothing.
pub(super) fn thesis(set: &str) -> Option<(f64, &'static str)> {
    match set {
        "all" => Some((2.5, "thesis fig 4.6: converges to about 2.5")),
        "low" | "high" => Some((Temperature::CRITICAL.value(), "thesis fig 4.7: near T_c")),
        "gap" => Some((2.0, "thesis fig 4.8: near 2")),
        _ => None,
    }
}

/// All numbers.
pub(super) fn all(settings: &Settings, found: &[Findings]) -> Vec<Number> {
    let mut numbers = samples(settings, found);
    thermometer(settings, found, &mut numbers);
    for (i, (set, _)) in SETS.iter().enumerate() {
        let key = format!("ising-2d.rbm.{set}");
        let nulls: Vec<&Observed> = found.iter().map(|f| &f.thermal.nulls[i]).collect();
        collection(&format!("{key}.null"), &nulls, "the training mixture itself, no machine", None, &mut numbers);
        let null = t_star(&nulls);
        exact_null(settings, set, &mut numbers);
        for mode in MODES {
            let (name, key) = (mode.name(), format!("{key}.{}", mode.name()));
            let flows: Vec<&FlowFindings> = found.iter().map(|f| f.flow(set, mode)).collect();
            let what = format!("{name} flow of the machine trained on \"{set}\"");
            flow(settings, &key, &flows, &what, Some((set, &null)), &mut numbers);
            let control: Vec<&FlowFindings> = found.iter().map(|f| f.flow(&format!("{set}-redrawn"), mode)).collect();
            let what = format!("{name} flow of a machine with weights redrawn from those trained on \"{set}\"");
            flow(settings, &format!("ising-2d.rbm.{set}.redrawn.{name}"), &control, &what, None, &mut numbers);
        }
        let what = format!("machine trained on \"{set}\"");
        numbers.extend(couplings::numbers(&key, &Findings::effective(found, set), &what));
        let what = format!("machine with weights redrawn from those trained on \"{set}\"");
        let redrawn = Findings::effective(found, &format!("{set}-redrawn"));
        numbers.extend(couplings::numbers(&format!("{key}.redrawn"), &redrawn, &what));
    }
    for mode in MODES {
        let flows: Vec<&FlowFindings> = found.iter().map(|f| f.flow("untrained", mode)).collect();
        let what = format!("{} flow of an untrained machine", mode.name());
        flow(settings, &format!("ising-2d.rbm.untrained.{}", mode.name()), &flows, &what, None, &mut numbers);
    }
    let untrained = Findings::effective(found, "untrained");
    numbers.extend(couplings::numbers("ising-2d.rbm.untrained", &untrained, "untrained machine"));
    for (i, first) in found[0].snapshots.iter().enumerate() {
        for mode in MODES {
            let of = |f: &Findings| f.snapshots[i].flows[mode].clone();
            let flows: Vec<FlowFindings> = found.iter().map(of).collect();
            let pooled: Vec<&Observed> = flows.iter().map(|f| &f.pooled).collect();
            let key = format!("ising-2d.rbm.all.epochs.{}.{}.T_star", first.epoch, mode.name());
            let what = format!(
                "T* of the pooled ends, {} flow, after {} epochs on all temperatures",
                mode.name(),
                first.epoch
            );
            numbers.push(t_star(&pooled).number(key, "J/k_B", &what));
        }
    }
    block_spins(settings, found, &mut numbers);
    let z = found.iter().map(|f| f.thermal.start_difference_z);
    numbers.push(start_difference(
        "ising-2d.samples.start_difference_z",
        z,
        "four sets, all temperatures and repetitions",
    ));
    numbers
}

/// The null's T_E is known exactly: the temperature whose energy is the mean of Kaufman's over the training temperatures.
fn exact_null(settings: &Settings, set: &str, numbers: &mut [Number]) {
    let size = *settings.torus.lattice.size;
    let grid = settings.torus.temperatures();
    let Some((_, member)) = SETS.iter().find(|(name, _)| *name == set) else { return };
    let energies: Option<Vec<f64>> = settings
        .classes(*member)
        .iter()
        .map(|k| Some(square::thermodynamics(size, size, Temperature::new(grid[*k]).ok()?).ok()?.energy))
        .collect();
    let mean = energies.map(|e| e.iter().sum::<f64>() / e.len() as f64);
    let exact = mean.and_then(|e| square::temperature_of_energy(size, size, e));
    let key = format!("ising-2d.rbm.{set}.null.T_E");
    if let (Some(exact), Some(number)) = (exact, numbers.iter_mut().find(|n| n.key == key)) {
        *number = number.clone().compare(
            exact.value(),
            0.0,
            0.0,
            "exact: Kaufman's energies averaged over the training temperatures",
        );
    }
}

fn samples(settings: &Settings, found: &[Findings]) -> Vec<Number> {
    let size = *settings.torus.lattice.size;
    let mut numbers = Vec::new();
    for (k, t) in settings.torus.temperatures().iter().enumerate() {
        // All repetitions sample the same law: their configurations are pooled, and the error is over configurations.
        let pool = |of: fn(&Observed) -> Measured| {
            let seen: Vec<Measured> = found.iter().map(|f| of(&f.thermal.reference[k])).collect();
            let n = seen.len() as f64;
            (seen.iter().map(|e| e.0).sum::<f64>() / n, seen.iter().map(|e| e.1 * e.1).sum::<f64>().sqrt() / n)
        };
        let n_eff: f64 = found.iter().map(|f| f.thermal.reference_n_eff[k]).sum();
        let key = format!("ising-2d.samples.T{}", label(*t));
        let how = "reference sets of all repetitions pooled, error over configurations";
        let (energy, error) = pool(|o| o.energy);
        let mut number = Number::new(format!("{key}.energy"), energy, Some(error), "J per spin", how).n_eff(n_eff);
        if let Ok(exact) = Temperature::new(*t).and_then(|t| square::thermodynamics(size, size, t)) {
            // A cold set may hold ground states alone: what it shows no error of has the error of the exact law.
            let unseen = t * (exact.specific_heat.max(0.0) / (n_eff * (size * size) as f64)).sqrt();
            let unseen = if error > 0.0 { 0.0 } else { unseen };
            number = number.compare(exact.energy, unseen, 0.0, "exact: Kaufman 1949");
        }
        numbers.push(number);
        let (abs_m, error) = pool(|o| o.abs_m);
        numbers.push(Number::new(format!("{key}.abs_m"), abs_m, Some(error), "1", how).n_eff(n_eff));
    }
    numbers
}

/// Largest z-score between chains that started ordered and disordered: a test of equilibrium, over all temperatures and repetitions.
fn start_difference(key: &str, of: impl Iterator<Item = f64>, what: &str) -> Number {
    let how = format!(
        "largest z-score between ordered and disordered starts, in E or |m|, {what}; 0 for independent exact draws"
    );
    Number::new(key, of.fold(0.0, f64::max), None, "1", how)
}

fn thermometer(settings: &Settings, found: &[Findings], numbers: &mut Vec<Number>) {
    let costs: Vec<_> = found.iter().map(|f| Some(f.thermal.test_cross_entropy)).collect();
    let mut number = over_seeds(&costs, 1.0).number(
        "ising-2d.thermometer.test_cross_entropy",
        "nats",
        "least mean cross-entropy of the test set",
    );
    if *settings.torus.lattice.size == 10
        && settings.torus.temperatures().len() == 25
        && *settings.torus.samples.t_max == 6.0
    {
        number = number
            .compare(CROSS_ENTROPY_FLOOR, 0.0, 0.0, "floor: exact Bayes cross-entropy at L = 10 (energy is sufficient)")
            .compare(2.439, 0.0, 0.05, "prototype in NumPy, 100-64-25");
    }
    numbers.push(number);
    for (k, t) in settings.torus.temperatures().iter().enumerate() {
        let start: Vec<&Observed> = found.iter().map(|f| &f.thermal.start[k]).collect();
        let key = format!("ising-2d.thermometer.T{}.T_star", label(*t));
        let number = t_star(&start).number(key, "J/k_B", "T* of the start set, which no training saw");
        numbers.push(number.compare(*t, 0.0, 0.0, "temperature at which the set was sampled"));
    }
}

/// The end of a flow.
fn flow(
    settings: &Settings,
    key: &str,
    flows: &[&FlowFindings],
    what: &str,
    compare: Option<(&str, &Combined)>,
    numbers: &mut Vec<Number>,
) {
    let pooled: Vec<&Observed> = flows.iter().map(|f| &f.pooled).collect();
    collection(key, &pooled, &format!("ends of all starts pooled, {what}"), compare, numbers);
    let plain = |of: fn(&FlowFindings) -> f64| -> Combined {
        over_seeds(&flows.iter().map(|f| Some((of(f), f64::NAN))).collect::<Vec<_>>(), 1.0)
    };
    let mut add = |name: &str, unit: &str, of: fn(&FlowFindings) -> f64, how: &str| {
        numbers.push(plain(of).number(format!("{key}.{name}"), unit, &format!("{how}, {what}")));
    };
    add("ends_100", "1", |f| f.distinct_100 as f64, "distinct ends of the start temperatures at about step 100");
    add("ends", "1", |f| f.distinct as f64, "distinct ends of the start temperatures at the last step");
    add("converged", "1", |f| f.converged, "fraction of starts whose windows [t/2, 3t/4) and [3t/4, t] agree");
    if flows.iter().any(|f| f.attractors > 0) {
        add("attractors", "1", |f| f.attractors as f64, "attractors of the mean-field map seen from all starts");
    }
    let seen = |[]: [usize; 0]| flows.iter().map(|f| f.ends_seen()).collect();
    numbers.push(ends::apart(key, [], what, seen).at(()).clone());
    let how = format!("relaxation time of the energy difference of hottest and coldest start, {what}");
    numbers.push(relaxation(flows).number(format!("{key}.relaxation"), "steps", &how));
    for (k, t) in settings.torus.temperatures().iter().enumerate() {
        let ends: Vec<&Observed> = flows.iter().map(|f| &f.ends[k]).collect();
        let how = format!("end of the start T = {}, {what}", label(*t));
        numbers.push(t_star(&ends).number(format!("{key}.from.T{}.T_star", label(*t)), "J/k_B", &format!("T*, {how}")));
    }
}

/// What all thermometers read of a collection.
fn collection(
    key: &str,
    observed: &[&Observed],
    what: &str,
    compare: Option<(&str, &Combined)>,
    numbers: &mut Vec<Number>,
) {
    let n: f64 = observed.iter().map(|o| o.n as f64).sum();
    let mut first = t_star(observed).number(format!("{key}.T_star"), "J/k_B", &format!("T*: {what}"));
    if let Some((set, null)) = compare {
        if let Some((value, source)) = thesis(set) {
            first = first.compare(value, 0.0, ABOUT, source);
        }
        first = first.compare(Temperature::CRITICAL.value(), 0.0, 0.0, "T_c = 2/ln(1 + sqrt 2)");
        if let Some((value, error)) = null.reference(first.value) {
            first = first.compare(value, error, 0.0, format!("null: ising-2d.rbm.{set}.null.T_star"));
        }
    }
    numbers.push(first);
    let mut add = |name: &str, unit: &str, of: &dyn Fn(&Observed) -> Option<Measured>, how: &str| {
        let values: Vec<_> = observed.iter().map(|o| of(o)).collect();
        numbers.push(over_seeds(&values, n).number(format!("{key}.{name}"), unit, &format!("{how}: {what}")));
    };
    add("T_E", "J/k_B", &|o| o.t_energy, "temperature at which the torus has this energy (Kaufman)");
    add("energy", "J per spin", &|o| Some(o.energy), "energy");
    add("abs_m", "1", &|o| Some(o.abs_m), "|m|");
    add("xi_over_L", "1", &|o| o.xi_over_l, "second-moment correlation length over L");
    add("kl", "nats", &|o| Some((o.kl, f64::NAN)), "KL(P || P_ref(T*)) that remains");
    add("kl_reverse", "nats", &|o| Some((o.kl_reverse, f64::NAN)), "KL(P_ref(T*) || P)");
    add("js", "nats", &|o| Some((o.js, f64::NAN)), "Jensen-Shannon divergence from P_ref(T*)");
    let p = Number::new(
        format!("{key}.p_thermal"),
        p_thermal(observed),
        None,
        "1",
        format!(
            "probability that thermal collections leave a larger KL with T* refitted, least over repetitions times their number: {what}"
        ),
    );
    numbers.push(p);
}

/// What linear interpolation between temperatures may cost the fixed point of matching.
const MATCHING: f64 = 0.05;

fn block_spins(settings: &Settings, found: &[Findings], numbers: &mut Vec<Number>) {
    for (i, first) in found[0].thermal.blocked.iter().enumerate() {
        let (name, size) = (first.name(), first.size_before(*settings.torus.lattice.size));
        let z = found.iter().map(|f| f.thermal.blocked[i].start_difference_z);
        let key = format!("ising-2d.rg.{name}.start_difference_z");
        numbers.push(start_difference(
            &key,
            z,
            &format!("L = {size} before blocking, all temperatures and repetitions"),
        ));
        for (k, t) in settings.torus.temperatures().iter().enumerate() {
            let seen: Vec<&Observed> = found.iter().map(|f| &f.thermal.blocked[i].observed[k]).collect();
            let key = format!("ising-2d.rg.{name}.from.T{}", label(*t));
            let what = format!("L = {size} at T = {} {}, majority with random ties", label(*t), first.words());
            numbers.push(t_star(&seen).number(format!("{key}.T_star"), "J/k_B", &format!("T*: {what}")));
            let energies: Vec<_> = seen.iter().map(|o| o.t_energy).collect();
            let n = found.iter().map(|f| f.thermal.blocked[i].n_eff[k]).sum();
            numbers.push(over_seeds(&energies, n).number(format!("{key}.T_E"), "J/k_B", &format!("T_E: {what}")));
        }
        if first.steps == 2 {
            let temperatures = settings.torus.temperatures();
            let fixed = found.iter().map(|f| matching::fixed_point(f, i, &temperatures));
            let what =
                format!("T at which L = {size} {} has the energy of the smaller lattice blocked once", first.words());
            let number =
                over_seeds(&fixed.collect::<Vec<_>>(), 1.0).number(format!("ising-2d.rg.{name}.T_c"), "J/k_B", &what);
            numbers.push(number.compare(Temperature::CRITICAL.value(), 0.0, MATCHING, "T_c = 2/ln(1 + sqrt 2)"));
        }
    }
}
