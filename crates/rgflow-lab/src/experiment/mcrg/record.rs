//! Record of `mcrg`: exponents compared with the exact ones of the square lattice; undefined ones with their reason.

use super::{Findings, Settings};
use crate::study::prelude::*;
use crate::study::values::plain;
use rgflow::exact::square;
use rgflow::rg::mcrg::{SMALLEST, possible_steps};

/// Explanation of an exponent without a value.
const WHY_UNDEFINED: &str = " (these do not fluctuate independently in the samples, so the step has no eigenvalue: \
    take more samples, fewer operators or a temperature nearer to T_c)";

/// Name, exact value and allowed deviation in addition to errors, by parity.
const EXPONENTS: [(&str, f64, f64); 2] = [("y_t", 1.0, 0.003), ("y_h", 1.875, 0.002)];

/// Exponents and the dimensions they depend on.
struct Exponents {
    rule: Dimension,
    step: Dimension,
    soft_step: Dimension,
    /// K of the soft majority.
    k: Dimension,
    by_parity: [Exponent; 2],
}

/// Exponent from the operators of one parity.
struct Exponent {
    name: &'static str,
    exact: f64,
    /// Numbers of operators.
    operators: Dimension,
    /// By rule, step and number of operators.
    all: Quantity<3>,
    /// With the operators of the headline, by rule and step.
    best: Quantity<2>,
    /// With the soft majority, by step and K.
    soft: Quantity<2>,
}

impl Exponents {
    fn new(settings: &Settings, found: &[Findings]) -> Self {
        let (plan, measure) = (&settings.plan, &settings.measure);
        let extent = |n: usize| measure.size / measure.b.pow(n as u32);
        let counted = |name, n: usize| Dimension::new(name, &(1..=n).collect::<Vec<usize>>(), |i| format!("{name}{i}"));
        let steps = |n| counted("step", n).words(|step| format!("{} -> {}", extent(step), extent(step + 1)));
        let (step, soft_step) = (steps(measure.steps), steps(settings.soft.as_ref().map_or(0, |soft| soft.steps)));
        let rules: Vec<String> = measure.rules.iter().map(|rule| rule.to_string()).collect();
        let key = |rule: &String| match rule.as_str() {
            "majority" => String::new(),
            rule => format!(".{}", rule.replace(':', "")),
        };
        let rule = Dimension::names("rule", rules.iter().map(key)).words(|r| rules[r].clone());
        let k = Dimension::new("K", &plain(&plan.soft), f64::to_string);

        let over = Repeated::new("rg.mcrg", found).n_eff(*plan.blocks as f64);
        let lattice = format!("L{}.b{}", measure.size, measure.b);
        let known = |y: &Measured| Some(*y).filter(|y| y.0.is_finite());
        let by_parity = [0, 1].map(|parity| {
            let (name, exact, allowed) = EXPONENTS[parity];
            let names: Vec<&str> = measure.operators[parity].iter().map(|operator| operator.name()).collect();
            let operators = counted("ops", names.len()).words(|m| names[..=m].join(", "));
            let headline = (*plan.headline).min(names.len()) - 1;
            let what = format!("{name} of the step {{step}}, {{rule}}, operators {{ops}}; jackknife over blocks");
            let (key, by) = (format!("{lattice}{{rule}}.{{step}}.{{ops}}.{name}"), [&rule, &step, &operators]);
            let all = over.quantity(&key, by, "1", &what, |f, [r, s, m]| known(&f.exponents[r][s][parity][m]));
            let mut all = all.map(|_, number| number.because(WHY_UNDEFINED));
            if measure.temperature == Temperature::CRITICAL {
                all = all.map(|_, number| number.compare(exact, 0.0, allowed, "exact (Onsager; Yang)"));
            }
            let best = Quantity::from_numbers([&rule, &step], |[r, s]| {
                let key = over.key(&format!("{lattice}{}.{}.{name}", rule.key(r), step.key(s)));
                Number { key, ..all.at([r, s, headline]).clone() }
            });
            let (key, by) = (format!("{lattice}.soft-scan.{{K}}.{{step}}.{name}"), [&soft_step, &k]);
            let what = format!("{name} of the soft majority with K = {{K}}");
            let soft = over.quantity(&key, by, "1", &what, |f, [s, k]| known(&f.soft[k][s][parity][headline]));
            let soft = soft.map(|_, number| number.because(WHY_UNDEFINED));
            Exponent { name, exact, operators, all, best, soft }
        });
        Self { rule, step, soft_step, k, by_parity }
    }

    /// Table of all exponents of a rule.
    fn table(&self, rule: usize, few_steps: &Option<String>) -> Table {
        let steps = self.step.clone().words(|step| format!("{}: {}", step + 1, self.step.word(step)));
        let caption = format!("Exponents by step and number of operators, {}", self.rule.word(rule));
        let mut rows = steps.table(caption, "step");
        for y in &self.by_parity {
            for m in y.operators.places() {
                rows = rows.column(format!("{}, {} op.", y.name, m + 1), |step| y.all.at((rule, step, m)));
            }
        }
        let [even, odd] = self.by_parity.each_ref().map(|y| y.operators.word(y.operators.len() - 1));
        let mut table = rows.done().note(format!("Exact: y_t = 1, y_h = 1.875. Even: {even}; odd: {odd}."));
        table.notes.extend(few_steps.clone());
        if table.rows.iter().flatten().any(|cell| matches!(cell, Cell::Value { value: None, .. })) {
            table = table.note(format!("- : undefined{WHY_UNDEFINED}."));
        }
        table
    }

    /// Against the step: by rule, or for a single rule by number of operators.
    fn by_step(&self) -> [Panel; 2] {
        let (rule, step) = (&self.rule, &self.step);
        self.by_parity.each_ref().map(|y| {
            let by_rule = |r: usize| step.curve(rule.word(r), |s| y.best.at((r, s)));
            let by_number = |m: usize| step.curve(format!("{} operator(s)", m + 1), |s| y.all.at((0, s, m)));
            let mut curves: Vec<Curve> = match rule.len() {
                1 => y.operators.places().map(by_number).collect(),
                _ => rule.places().map(by_rule).collect(),
            };
            curves.push(Curve::level("exact", &[0.8, step.len() as f64 + 0.2], y.exact));
            Panel::curves(y.name, "step", y.name, curves)
        })
    }

    /// For the first steps, against K of the soft majority.
    fn by_k(&self) -> [Panel; 2] {
        let (k, reach) = (&self.k, [0.0, self.k.x()[self.k.len() - 1] * 1.05]);
        self.by_parity.each_ref().map(|y| {
            let step = |s: usize| k.curve(format!("step {}", s + 1), |k| y.soft.at((s, k)));
            let first = y.best.at((0, 0)).value;
            let first = first.map(|first| Curve::level(format!("{}, step 1", self.rule.word(0)), &reach, first));
            let exact = Curve::level("exact", &reach, y.exact);
            let curves = self.soft_step.places().map(step).chain(first).chain([exact]);
            Panel::curves(y.name, "K of the soft majority", y.name, curves)
        })
    }
}

pub(super) fn record(settings: &Settings, found: &[Findings]) -> Record {
    let (plan, measure) = (&settings.plan, &settings.measure);
    let (size, b, temperature) = (measure.size, measure.b, measure.temperature);
    let over = Repeated::new("rg.mcrg", found);
    let what = "energy of the sampled lattice, jackknife over blocks";
    let mut energy = over.number(&format!("L{size}.energy"), "J per spin", what, |f| f.energy);
    if let Ok(exact) = square::thermodynamics(size, size, temperature) {
        energy = energy.compare(exact.energy, 0.0, 0.0, "Kaufman");
    }
    let (of, key) = (Dimension::names("of", ["energy", "abs_m"]), over.key(&format!("L{size}.tau_int_{{of}}")));
    let how = format!(
        "integrated autocorrelation time of the sampled lattice in configurations (0.5: independent), largest over \
         repetitions; a block has {}",
        measure.per_block
    );
    let largest = |[i]: [usize; 1]| found.iter().map(|f| f.tau_int[i]).fold(0.0, f64::max);
    let tau = Quantity::exact(&key, [&of], "configurations", &how, largest);
    let exponents = Exponents::new(settings, found);
    let ([y_t, y_h], step) = (&exponents.by_parity, &exponents.step);
    let by_step = |y: &Exponent| step.list(|step| y.best.at((0, step)));
    let few_steps = few_steps(size, b, measure.steps);

    let mut record = Record::new(
        "mcrg",
        "Exponents by the Monte Carlo renormalization group",
        "How do couplings grow under a block-spin step at the critical point? The eigenvalues of the linearized step \
         are b^y.",
    );
    record.list(&[&energy, &tau, &ByPlace(vec![&y_t.soft, &y_h.soft])]);
    record.list(&[&Grouped(vec![&y_t.best, &y_t.all, &y_h.best, &y_h.all])]);
    // Step 2 for y_t, step 3 for y_h; or the last, if there are fewer.
    record.claims.extend([(y_t, 1), (y_h, 2)].map(|(y, at)| {
        let at = at.min(measure.steps - 1);
        Claim::of("secB.mcrg", format!("{} = {}, step {}", y.name, y.exact, step.word(at)), y.best.at((0, at)))
    }));
    let rule = exponents.rule.word(0);
    record.answers = vec![
        format!(
            "By step from L = {size} ({rule}): y_t = {} and y_h = {}; exact 1 and 1.875.",
            by_step(y_t),
            by_step(y_h)
        ),
        "The first step starts from nearest neighbours alone, which is not yet the fixed point: its y_t is low.".into(),
    ];
    record.answers.extend(few_steps.clone());
    record.summary = exponents.table(0, &few_steps);
    let t = temperature.value();
    let figure = Figure::new("secB.mcrg", "Exponents by step").caption(
        format!("Square lattice of {size} x {size} at T = {t:.6}, b = {b}."),
        "y_t and y_h by block-spin step with the exact values as levels.",
    );
    let text = "Operators are correlated before and after every step; errors by jackknife over blocks much longer than \
                the autocorrelation time. One operator truncates too much; that a further one changes nothing is what \
                shows that the list is long enough.";
    let others = exponents.rule.places().skip(1).map(|rule| exponents.table(rule, &few_steps));
    let main = Section::new("Exponents").text(text).figures([figure.panels(exponents.by_step())]).tables(others);
    record.sections.push(main);
    if settings.soft.is_some() {
        let n = plan.soft_samples.min(*plan.samples);
        let title = "Exponents of the first steps against K of the soft majority";
        let figure = Figure::new("secB.mcrg-soft", title).caption(
            format!("L = {size}, b = {b}, {n} configurations, all K on the same ones."),
            "y_t and y_h of the first two steps against K, with the majority rule and the exact values as levels.",
        );
        let text = "The first step starts at the nearest-neighbour model, which is not the fixed point of the rule; \
            how far from it depends on the rule. P(S | block) ~ e^{K S sum} has one number to move the fixed point \
            by: K to infinity is the majority rule.";
        let soft = Section::new("The soft majority").text(text).figures([figure.panels(exponents.by_k())]);
        record.sections.push(soft);
    }
    record
}

/// Explains why a lattice allows only a few steps and which size allows more: an odd extent is reached too early.
fn few_steps(size: usize, b: usize, steps: usize) -> Option<String> {
    let last = size / b.pow(steps as u32);
    let power = std::iter::successors(Some(1usize), |p| p.checked_mul(b)).find(|p| *p >= size)?;
    let more = possible_steps(power, b);
    (last / b >= SMALLEST && !last.is_multiple_of(b) && power <= 1024 && more > steps).then(|| {
        format!(
            "{steps} step(s) only: {last} is not divisible by {b}; sizes that are powers of {b}, such as {power}, make \
             more ({more})."
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::parse;
    use super::*;

    #[test]
    fn a_lattice_that_makes_few_steps_says_so() {
        let note = few_steps(30, 2, 1).unwrap();
        assert!(note.contains("1 step(s) only: 15") && note.contains("such as 32, make more (3)"), "{note}");
        assert!(few_steps(96, 2, 4).is_none() && few_steps(64, 2, 4).is_none() && few_steps(81, 3, 2).is_none());
        assert!(few_steps(50, 2, 1).is_some() && few_steps(100, 2, 2).is_some());
    }

    #[test]
    fn each_exponent_has_its_place() {
        let own = "size = 16\nrules = [\"decimation\", \"majority\"]\neven = [\"nn\", \"nnn\"]\nheadline = 2\nsoft = \
                   [0.5, 0.8]";
        let settings = parse(own).unwrap();
        // Exact for the headline at the second step with the first rule, but for 0.01 of y_h.
        let y = |rule: usize, step: usize, parity: usize, m: usize| {
            let shift = 0.4 * rule as f64 + 0.2 * (step as f64 - 1.0) + 0.05 * (m as f64 - 1.0);
            ([1.0, 1.885][parity] + shift, 0.001)
        };
        let exponents =
            |rule, step| [0, 1].map(|parity| (0..[2, 3][parity]).map(|m| y(rule, step, parity, m)).collect());
        let all = |rule| (0..2).map(|step| exponents(rule, step)).collect::<Vec<_>>();
        let mut found = Findings {
            exponents: vec![all(0), all(1)],
            soft: vec![all(2), all(3)],
            energy: (-1.45, 0.01),
            tau_int: [0.6, 0.7],
        };
        found.exponents[1][0][0][0].0 = f64::NAN;
        let record = record(&settings, &[found]);
        let number = |key: &str| record.numbers.iter().find(|n| n.key == format!("rg.mcrg.L16.{key}")).unwrap();
        for (key, value) in [
            ("energy", -1.45),
            ("tau_int_abs_m", 0.7),
            ("b2.decimation.step2.y_t", 1.0),
            ("b2.decimation.step2.ops1.y_t", 0.95),
            ("b2.decimation.step1.ops3.y_h", 1.735),
            ("b2.step1.y_h", 2.085),
            ("b2.soft-scan.0.8.step1.y_t", 2.0),
            ("b2.soft-scan.0.5.step2.y_h", 2.685),
        ] {
            assert!((number(key).get() - value).abs() < 1e-12, "{key}: {}", number(key).get());
        }
        let undefined = number("b2.step1.ops1.y_t");
        assert!(undefined.value.is_none() && undefined.how.contains("operators nn; jackknife over blocks (these"));
        assert!(number("b2.step1.y_t").how.contains("of the step 16 -> 8, majority, operators nn, nnn;"));
        let claims: Vec<&str> = record.claims.iter().flat_map(|claim| claim.keys()).collect();
        assert_eq!(claims, ["y_t", "y_h"].map(|y| format!("rg.mcrg.L16.b2.decimation.step2.{y}")));
        let verdicts = ["y_t", "y_h"].map(|y| number(&format!("b2.decimation.step2.{y}")).first_verdict());
        assert_eq!(verdicts, [Verdict::Agrees, Verdict::Differs]);
        assert_eq!((record.summary.notes.len(), record.sections[0].tables[0].notes.len()), (1, 2));
        let figures: Vec<&str> = record.sections.iter().flat_map(|s| &s.figures).map(|f| f.id.as_str()).collect();
        assert_eq!(figures, ["secB.mcrg", "secB.mcrg-soft"]);
    }
}
