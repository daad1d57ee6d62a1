//! Numbers, claims, figures and tables.

use super::analysis::{FieldCurve, Found, PAIRS, SIZES, exact_energies};
use super::settings::Settings;
use crate::record::{Cell, Claim, Curve, Figure, Number, Panel, Record, Section, Style, Table};
use crate::record::{Combined, Measured, over_seeds};
use crate::study::drawing::axis;
use crate::study::drawing::{cell, over};
use rgflow::rg::neural::BLOCKS;

/// What a coupling's theta is exactly, what is allowed beside errors, and why.
const THETA: [(&str, f64, f64, &str); 7] = [
    ("bounded", 0.5, 0.005, "1/d: f of a scaling variable has no dimension of its own"),
    ("odd-local", 8.0 / 15.0, 8.0 / 1500.0, "1/y_h = 8/15"),
    ("even-local", 1.0, 0.1, "1/y_t = 1; biased by the irrelevant part of the first step"),
    ("m", 8.0 / 15.0, 8.0 / 1500.0, "1/y_h = 8/15, no network"),
    ("abs-m", 8.0 / 15.0, 0.02, "1/y_h = 8/15, no network"),
    ("m-b3-48-16", 8.0 / 15.0, 16.0 / 1500.0, "1/y_h = 8/15, no network"),
    ("m-b3-96-32", 8.0 / 15.0, 16.0 / 1500.0, "1/y_h = 8/15, no network"),
];

/// Crossings of one repetition.
type Crossings = fn(&Found) -> &[Option<[Measured; 2]>];

/// Networks that are not one well-trained network: key, what they are, their crossings.
const CONTROLS: [(&str, &str, Crossings); 3] = [
    ("two-networks", "two networks, one on the spins of 32 x 32, one on block spins of 64 x 64", |f| &f.two_networks),
    ("two-networks-few", "two networks of few samples", |f| &f.two_few),
    ("one-network-few", "one network of few samples on both lattices", |f| &f.one_few),
];

/// What is allowed of nu = 1 beside errors (3 %).
const NU: f64 = 0.03;

pub(super) fn record(settings: &Settings, found: &[Found]) -> Record {
    let story = Story { settings, found };
    Record {
        experiment: "neural-rg".into(),
        title: "Exponents from a network's output".into(),
        question: "A network that tells the two phases apart is an observable like any other. Does it know the exponents, and why did the thesis not \
                   find them?"
            .into(),
        answers: story.answers(),
        summary: story.summary(),
        sections: vec![story.crossing(), story.fields(), story.why()],
        numbers: story.numbers(),
        claims: story.claims(),
    }
}

struct Story<'a> {
    settings: &'a Settings,
    found: &'a [Found],
}

fn show(c: &Combined) -> String {
    crate::report::format::value(c.value, c.error, c.interval)
}

fn pair_name(p: usize) -> String {
    let (large, _, small, _, _) = PAIRS[p];
    format!("{large}-{small}")
}

/// Mean and standard deviation of pulls.
fn pulls(values: &[f64]) -> [f64; 2] {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    [mean, (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt()]
}

impl Story<'_> {
    fn combined(&self, of: impl Fn(&Found) -> Option<Measured>) -> Combined {
        over_seeds(&self.found.iter().map(of).collect::<Vec<_>>(), BLOCKS as f64)
    }

    fn nu(&self, p: usize) -> Combined {
        self.combined(|f| f.nu[p].mean)
    }

    /// beta* - beta_c, mean over networks.
    fn shift(&self, p: usize) -> Combined {
        over(self.found, |f| {
            let n = f.nu[p].networks.len() as f64;
            (n > 0.0).then(|| f.nu[p].networks.iter().map(|v| v[0].0).sum::<f64>() / n)
        })
    }

    fn theta(&self, t: usize) -> Combined {
        self.combined(|f| Some(f.theta[t].mean))
    }

    /// Pulls (nu - 1)/sigma of the pair by repetition.
    fn nu_pulls(&self, p: usize) -> Vec<f64> {
        self.found.iter().filter_map(|f| f.nu[p].mean.map(|(v, e)| (v - 1.0) / e)).collect()
    }

    fn theta_pulls(&self, t: usize) -> Vec<f64> {
        self.found.iter().map(|f| (f.theta[t].mean.0 - THETA[t].1) / f.theta[t].mean.1).collect()
    }

    /// Root mean square of beta* - beta_c over the crossings of a repetition, such as pairs of separately trained networks.
    fn off(&self, of: Crossings) -> Combined {
        over(self.found, |f| {
            let shifts: Vec<f64> = of(f).iter().flatten().map(|v| v[0].0).collect();
            let n = shifts.len() as f64;
            (n > 0.0).then(|| (shifts.iter().map(|s| s * s).sum::<f64>() / n).sqrt())
        })
    }

    /// nu at the crossings of a repetition: their mean, and its standard deviation over them.
    fn nus(&self, of: Crossings) -> [Combined; 2] {
        let nus = |f: &Found| of(f).iter().flatten().map(|v| v[1].0).collect::<Vec<f64>>();
        [0, 1].map(|k| over(self.found, |f| Some(pulls(&nus(f))[k]).filter(|v| v.is_finite())))
    }

    fn numbers(&self) -> Vec<Number> {
        let mut numbers = Vec::new();
        for (i, size) in SIZES.iter().enumerate() {
            let exact = exact_energies(*size);
            for (k, (name, unit, what)) in [
                ("energy", "J per spin", "energy of the sampled lattice at T_c"),
                ("variance", "J^2 per spin", "variance of its energy per spin"),
            ]
            .iter()
            .enumerate()
            {
                let number = self.combined(|f| Some(f.energies[i][k]));
                let number = number.number(format!("neural-rg.L{size}.{name}"), unit, what);
                numbers.push(match exact {
                    Some(exact) => number.compare(exact[k], 0.0, 0.0, "Kaufman"),
                    None => number,
                });
            }
        }
        for (p, (large, _, small, _, b)) in PAIRS.iter().enumerate() {
            let key = format!("neural-rg.nu.{}", pair_name(p));
            let why =
                self.found.iter().find_map(|f| f.nu[p].why.clone()).map_or(String::new(), |why| format!("; {why}"));
            let what = format!(
                "nu from {large} blocked (b = {b}) and {small}, one network on both, at its own crossing; mean over trainings, error with \
                 their spread{why}"
            );
            numbers.push(self.nu(p).number(format!("{key}.nu"), "1", &what).compare(1.0, 0.0, NU, "exact"));
            let what = "beta* - beta_c of the crossing, mean over trainings";
            numbers.push(self.shift(p).number(format!("{key}.shift"), "1", what).compare(0.0, 0.0, 2e-4, "exact"));
            let controls: [(&str, Combined); 3] = [
                ("abs_m", self.combined(|f| f.nu[p].abs_m.map(|v| v[1]))),
                ("m2", self.combined(|f| f.nu[p].m2.map(|v| v[1]))),
                ("binder", self.combined(|f| f.nu[p].binder)),
            ];
            for (name, value) in controls {
                let what = format!("nu of the control {name}, no network");
                numbers
                    .push(value.number(format!("{key}.control.{name}"), "1", &what).compare(1.0, 0.0, 0.05, "exact"));
            }
            for (i, f) in self.found.iter().enumerate() {
                if let (Some((value, error)), Some(statistical)) = (f.nu[p].mean, f.nu[p].statistical) {
                    let how = format!(
                        "repetition {}: error of the samples {statistical:.4} and spread over trainings together",
                        i + 1
                    );
                    let number = Number::new(format!("{key}.repetition{}.nu", i + 1), value, Some(error), "1", how);
                    numbers.push(number.compare(1.0, 0.0, 0.0, "exact"));
                }
                for (k, values) in f.nu[p].networks.iter().enumerate() {
                    let how = format!("repetition {}, training {}: error of the samples", i + 1, k + 1);
                    let key = format!("{key}.repetition{}.training{}", i + 1, k + 1);
                    numbers.push(Number::new(format!("{key}.nu"), values[1].0, Some(values[1].1), "1", how.clone()));
                    numbers.push(Number::new(format!("{key}.shift"), values[0].0, Some(values[0].1), "1", how));
                }
            }
        }
        for (name, who, of) in CONTROLS {
            let what = format!("root mean square of beta* - beta_c, 64/32, over trainings of {who}");
            numbers.push(self.off(of).number(format!("neural-rg.{name}.shift"), "1", &what));
            let [mean, deviation] = self.nus(of);
            let what = format!("nu at these crossings, mean over trainings of {who}");
            numbers.push(mean.number(format!("neural-rg.{name}.nu"), "1", &what).compare(1.0, 0.0, 0.0, "exact"));
            let what = format!("standard deviation of nu over trainings of {who}");
            numbers.push(deviation.number(format!("neural-rg.{name}.nu_deviation"), "1", &what));
            for (i, f) in self.found.iter().enumerate() {
                for (k, values) in of(f).iter().enumerate() {
                    let key = format!("neural-rg.{name}.repetition{}.pair{}", i + 1, k + 1);
                    let how = format!("{who}; null where curves do not cross within the reach of the samples");
                    let [shift, nu] = values.unwrap_or([(f64::NAN, f64::NAN); 2]);
                    numbers.push(Number::new(format!("{key}.shift"), shift.0, Some(shift.1), "1", &how));
                    numbers.push(Number::new(format!("{key}.nu"), nu.0, Some(nu.1), "1", how));
                }
            }
        }
        for (t, (name, truth, allowed, source)) in THETA.iter().enumerate() {
            let key = format!("neural-rg.theta.{name}");
            let what = format!("theta_Y of the coupling {name}; mean over trainings, error with their spread");
            numbers.push(self.theta(t).number(key.clone(), "1", &what).compare(*truth, 0.0, *allowed, *source));
            for (i, f) in self.found.iter().enumerate() {
                let (value, error) = f.theta[t].mean;
                let how = format!("repetition {}", i + 1);
                numbers.push(Number::new(format!("{key}.repetition{}", i + 1), value, Some(error), "1", how));
            }
        }
        if self.found.len() > 1 {
            let mut add = |name: &str, values: &[f64]| {
                for (what, value) in ["mean", "deviation"].iter().zip(pulls(values)) {
                    let how = format!("{what} over {} repetitions of (value - exact)/error", values.len());
                    numbers.push(Number::new(format!("neural-rg.pulls.{name}.{what}"), value, None, "1", how));
                }
            };
            add("nu", &self.nu_pulls(0));
            add("theta-bounded", &self.theta_pulls(0));
            add("theta-odd-local", &self.theta_pulls(1));
        }
        numbers
    }

    fn claims(&self) -> Vec<Claim> {
        let claim = |item: &str, states: &str, key: &str| Claim::new(item, states, format!("neural-rg.{key}"));
        vec![
            claim("figB.1", "nu = 1 from one network on 64 blocked and 32 (the thesis found none)", "nu.64-32.nu"),
            claim("figB.1", "its curves cross at beta_c: beta* - beta_c = 0", "nu.64-32.shift"),
            claim("figB.1", "nu = 1, b = 3 (96 blocked and 32)", "nu.96-32.nu"),
            claim("figB.2", "theta of a bounded output is 1/2, not 8/15", "theta.bounded"),
            claim("figB.2", "theta of a sign-odd local read-out is 8/15", "theta.odd-local"),
        ]
    }

    fn answers(&self) -> Vec<String> {
        vec![
            format!(
                "One network on both lattices: nu = {} from 64 and 32, at beta* - beta_c = {}. Two separately trained networks miss beta_c by {} \
                 (root mean square).",
                show(&self.nu(0)),
                show(&self.shift(0)),
                show(&self.off(CONTROLS[0].2))
            ),
            format!(
                "theta_Y: bounded output {} (1/2), sign-odd local read-out {} (8/15 = 0.5333), m itself {}.",
                show(&self.theta(0)),
                show(&self.theta(1)),
                show(&self.theta(3))
            ),
        ]
    }

    fn summary(&self) -> Table {
        let mut rows: Vec<Vec<Cell>> = (0..PAIRS.len())
            .map(|p| {
                let (large, _, small, _, b) = PAIRS[p];
                vec![
                    Cell::text(format!("{large} blocked, {small}; b = {b}")),
                    cell(&self.nu(p), None),
                    cell(&self.shift(p), None),
                    cell(&self.combined(|f| f.nu[p].abs_m.map(|v| v[1])), None),
                    cell(&self.combined(|f| f.nu[p].m2.map(|v| v[1])), None),
                    cell(&self.combined(|f| f.nu[p].binder), None),
                ]
            })
            .collect();
        rows.extend(CONTROLS.map(|(_, who, of)| {
            let mut row = vec![
                Cell::text(format!("64 blocked, 32; {who}")),
                cell(&self.nus(of)[0], None),
                cell(&self.off(of), Some("root mean square")),
            ];
            row.extend(["", "", ""].map(Cell::text));
            row
        }));
        let columns = ["lattices", "nu", "beta* - beta_c", "control |m|", "m^2", "Binder"];
        Table {
            caption: "nu from one network on block spins and spins".into(),
            columns: columns.map(String::from).into(),
            rows,
            notes: vec![format!(
                "Exact: nu = 1. Mean over {} trainings and {} repetition(s).",
                self.settings.networks.trainings,
                self.found.len()
            )],
        }
    }

    fn crossing(&self) -> Section {
        let curves = &self.found[0].crossing;
        let line = |label: &str, values: &[Option<Measured>], style| Curve {
            label: label.into(),
            x: curves.shift.clone(),
            y: values.iter().map(|v| v.map_or(f64::NAN, |v| v.0)).collect(),
            error: values.iter().map(|v| v.map_or(f64::NAN, |v| v.1)).collect(),
            style,
            ..Curve::default()
        };
        let upright = |values: &[Option<Measured>]| {
            let known = || values.iter().flatten().map(|v| v.0);
            let (low, high) = (known().fold(f64::INFINITY, f64::min), known().fold(f64::NEG_INFINITY, f64::max));
            Curve {
                label: "beta_c".into(),
                x: vec![0.0, 0.0],
                y: vec![low, high],
                style: Style::Dashed,
                ..Curve::default()
            }
        };
        let thetas = THETA.iter().enumerate().map(|(t, (name, truth, _, source))| {
            vec![
                Cell::text(*name),
                cell(&self.theta(t), None),
                Cell::Value { value: Some(*truth), error: None, interval: None, remark: None },
                Cell::text(*source),
            ]
        });
        let by_repetition = self.found.iter().enumerate().map(|(i, f)| {
            let value = |m: Option<Measured>| match m {
                Some((value, error)) => {
                    Cell::Value { value: Some(value), error: Some(error), interval: None, remark: None }
                }
                None => Cell::text("-"),
            };
            let pull = |m: Option<Measured>, truth: f64| {
                m.map_or(Cell::text("-"), |(v, e)| Cell::text(format!("{:+.2}", (v - truth) / e)))
            };
            vec![
                Cell::text((i + 1).to_string()),
                value(f.nu[0].mean),
                pull(f.nu[0].mean, 1.0),
                value(Some(f.theta[0].mean)),
                pull(Some(f.theta[0].mean), THETA[0].1),
                value(Some(f.theta[1].mean)),
                pull(Some(f.theta[1].mean), THETA[1].1),
            ]
        });
        let columns = ["repetition", "nu, 64/32", "pull", "theta, bounded", "pull", "theta, odd", "pull"];
        let shifts = self.found.iter().enumerate().map(|(i, f)| {
            let each = |of: Crossings| {
                let each = of(f).iter().map(|v| v.map_or("-".into(), |v| format!("{:+.4}", v[0].0)));
                Cell::text(each.collect::<Vec<_>>().join(" "))
            };
            vec![Cell::text((i + 1).to_string()), each(CONTROLS[0].2), each(CONTROLS[1].2)]
        });
        Section {
            title: "Crossing".into(),
            text: vec![
                "f is P(ordered) of a network trained deep in both phases. The same network reads 64 x 64 lattices after a block-spin step and 32 x 32 \
                 lattices; both curves cross at beta_c, and the ratio of their slopes there is b^{1/nu}."
                    .into(),
            ],
            figures: vec![Figure {
                id: "figB.1-crossing".into(),
                title: "f and f' against beta, with one network and with two".into(),
                caption: "First repetition, first training; reweighted from beta_c, nothing is drawn where fewer than a tenth of the \
                          configurations count. Left: one network on both lattices. Right: f' by a second network that was trained on block spins."
                    .into(),
                alt: "Two curves that cross at beta_c with one network, beside it with two networks.".into(),
                panels: vec![
                    Panel::Curves {
                        title: "One network".into(),
                        x: axis("beta - beta_c"),
                        y: axis("P(ordered)"),
                        curves: vec![
                            line("32", &curves.small, Style::LinePoints),
                            line("64 blocked", &curves.large, Style::LinePoints),
                            upright(&curves.small),
                        ],
                    },
                    Panel::Curves {
                        title: "Two networks".into(),
                        x: axis("beta - beta_c"),
                        y: axis("P(ordered)"),
                        curves: vec![
                            line("32, first network", &curves.small, Style::LinePoints),
                            line("64 blocked, second network", &curves.second, Style::LinePoints),
                            upright(&curves.small),
                        ],
                    },
                ],
            }],
            tables: vec![
                Table {
                    caption: "theta_Y by coupling".into(),
                    columns: ["coupling", "theta", "exact", "why"].map(String::from).into(),
                    rows: thetas.collect(),
                    notes: vec![
                        "bounded: X = V f of the block spins. odd-local, even-local: X = sum of phi over the lattice itself, 64 blocked twice and 32 \
                         once. m, abs-m: the same without network; b3: 48 or 96 blocked by b = 3."
                            .into(),
                    ],
                },
                Table {
                    caption: "Repetitions and their pulls".into(),
                    columns: columns.map(String::from).into(),
                    rows: by_repetition.collect(),
                    notes: vec!["Pull: (value - exact)/error; the error holds the samples and the spread over trainings.".into()],
                },
                Table {
                    caption: "beta* - beta_c of two networks, training by training".into(),
                    columns: ["repetition", "two networks", "of few samples"].map(String::from).into(),
                    rows: shifts.collect(),
                    notes: vec![],
                },
            ],
        }
    }

    fn fields(&self) -> Section {
        let panels = |of: fn(&FieldCurve) -> &[Measured], label: &str| {
            let panel = |(i, title): (usize, &str)| Panel::Curves {
                title: title.into(),
                x: axis("Y"),
                y: axis(label),
                curves: self.found[0].fields[i]
                    .iter()
                    .map(|curve| Curve {
                        label: format!("beta = {}", curve.beta),
                        x: curve.y.clone(),
                        y: of(curve).iter().map(|v| v.0).collect(),
                        error: of(curve).iter().map(|v| v.1).collect(),
                        style: Style::Line,
                        ..Curve::default()
                    })
                    .collect(),
            };
            ["32 x 32", "64 x 64 blocked to 32 x 32"].into_iter().enumerate().map(panel).collect::<Vec<_>>()
        };
        let shares = self.found[0].fields.iter().enumerate().flat_map(|(i, curves)| {
            curves.iter().map(move |curve| {
                let peak = (0..curve.y.len()).max_by(|a, b| curve.chi[*a].0.total_cmp(&curve.chi[*b].0));
                let at = |f: &dyn Fn(usize) -> f64| match peak {
                    Some(k) => Cell::Value { value: Some(f(k)), error: None, interval: None, remark: None },
                    None => Cell::text("-"),
                };
                let least = curve.share.iter().copied().fold(f64::INFINITY, f64::min);
                vec![
                    Cell::text(["32", "64 blocked"][i]),
                    Cell::text(curve.beta.to_string()),
                    at(&|k| curve.y[k]),
                    at(&|k| curve.chi[k].0),
                    at(&|k| curve.share[k]),
                    Cell::Value {
                        value: Some(least).filter(|l| l.is_finite()),
                        error: None,
                        interval: None,
                        remark: None,
                    },
                ]
            })
        });
        let caption = "First repetition, first training; reweighted in Y from samples at Y = 0, nothing is drawn where fewer than a tenth of the \
                       configurations count.";
        Section {
            title: "In a field coupled to the output".into(),
            text: vec![
                "H_Y = H - V f Y. f is nearly 0 or 1, so <f> is nearly p e^a/(1 - p + p e^a) with a = beta V Y: a curve of every output that decides, \
                 with its volume as the only scale."
                    .into(),
            ],
            figures: vec![
                Figure {
                    id: "figB.1".into(),
                    title: "<f> against Y".into(),
                    caption: caption.into(),
                    alt: "Three S-curves by beta on each lattice; those of the larger are steeper in Y.".into(),
                    panels: panels(|c| &c.f, "<f>"),
                },
                Figure {
                    id: "figB.2".into(),
                    title: "chi_f against Y".into(),
                    caption: caption.into(),
                    alt: "Three peaks by beta on each lattice; those of the larger are higher and narrower.".into(),
                    panels: panels(|c| &c.chi, "chi_f = beta V (<f^2> - <f>^2)"),
                },
            ],
            tables: vec![Table {
                caption: "Peaks of chi_f, and the share of configurations that count".into(),
                columns: ["lattice", "beta", "Y of the peak", "chi_f", "share there", "least share drawn"].map(String::from).into(),
                rows: shares.collect(),
                notes: vec![],
            }],
        }
    }

    fn why(&self) -> Section {
        Section {
            title: "Why the thesis did not find them".into(),
            text: vec![
                "Two networks. The thesis trains f on 32 x 32 samples and f' on renormalized ones. Each has its own idea of where P(ordered) = 1/2 is; \
                 their curves cross where these ideas meet, and slopes there say nothing. One network on both lattices has no such freedom."
                    .into(),
                "Too few samples. With the thousand samples per temperature of its chapter 4, the statistical error of nu is about 0.1; one per cent \
                 takes about 100,000 and 200,000."
                    .into(),
                "A bounded output. theta_Y = 8/15 belongs to an observable that scales as the magnetisation does. A probability is a function of the \
                 scaling variable alone, has no dimension, and gives theta = 1/d = 1/2. A saturating f can pass 8/15 by accident as its sharpness \
                 changes; a read-out that is linear in the spins' local patterns and odd under their turn has it by right."
                    .into(),
                "What is RG here and what is not. The ratio of slopes of one observable on two sizes is finite-size scaling: plain decimation gives \
                 the same nu at beta_c. Block spins decide where the curves cross, because both sides then have one size."
                    .into(),
            ],
            ..Section::default()
        }
    }
}
