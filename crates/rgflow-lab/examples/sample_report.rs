//! A report from made-up numbers, to look at the page: `cargo run -p rgflow-lab --example sample_report -- DIR`.
//!
//! The curves follow the shapes that the study of the square lattice Ising model has; no number in it is a result.

use rgflow_lab::artifact::write_report;
use rgflow_lab::record::{
    Axis, Cell, Curve, Figure, Lattice, Map, Number, Panel, Record, Section, Style, Table, Verdict,
};
use std::path::PathBuf;

const TC: f64 = 2.269_185;
const SETS: [&str; 5] = ["0-3", "0-4", "0-6", "0-10", "0 and 6"];

fn main() -> Result<(), rgflow_lab::artifact::Error> {
    let dir = std::env::args().nth(1).map_or_else(|| std::env::temp_dir().join("rgflow-sample-report"), PathBuf::from);
    let provenance = serde_json::json!({
        "version": "0.1.0",
        "cpu": { "path": "avx2", "threads": 2 },
        "stages": [
            { "name": "samples", "seconds": 4.1 },
            { "name": "thermometer", "seconds": 11.8 },
            { "name": "rbm/0-6", "seconds": 38.2 },
        ],
        "hashes": { "config": "b3:4fd1c0…", "train": "b3:99e02a…" },
    });
    let settings = "[lattice]\nside = 10\n\n[temperatures]\nfrom = 0.0\nto = 6.0\nstep = 0.25\n\n[rbm]\nhidden = \
        64\nepochs = 100\nlearning_rate = 0.01\n";
    let path = write_report(&dir, &record(), settings, &provenance)?;
    println!("{}", rgflow_lab::report::text::table(&record().summary, rgflow_lab::report::text::WIDTH));
    println!("{}", path.display());
    Ok(())
}

fn record() -> Record {
    Record {
        experiment: "ising-2d".into(),
        title: "RBM flow of the two-dimensional Ising model (sample page, made-up numbers)".into(),
        question: "Does the flow of a restricted Boltzmann machine, trained on spins of all temperatures, run to the \
            critical point, or only to the mixture that it was trained on?"
            .into(),
        answers: vec![
            "The end of the flow is the training mixture, not T_c: T* = 2.41(3) against 2.40 of the mixture itself \
             (null) and T_c = 2.269."
                .into(),
            "When the window of temperatures moves (0-3 to 0-10) the end moves with it, from 1.86(4) to 2.93(6); T_c \
             stays."
                .into(),
            "Untrained and redrawn weights end at T >= 5.8: the end is a property of the training, not of the map."
                .into(),
            "In 3 of 10 cases the ends are not thermal at 1 %: no temperature describes them.".into(),
        ],
        summary: summary(),
        sections: vec![
            Section {
                title: "The thermometer".into(),
                text: vec![
                    "A network with one hidden layer reads the temperature of a configuration. Averaged over a \
                     collection it gives P(T), and T* is the temperature whose reference curve is nearest in the \
                     Kullback-Leibler divergence."
                        .into(),
                ],
                figures: vec![probability(), exact()],
                tables: Vec::new(),
            },
            Section {
                title: "The flow".into(),
                text: vec!["Each step is one pass to the hidden units and back.".into()],
                figures: vec![steps(), arrows(), lattices()],
                tables: vec![summary()],
            },
            Section {
                title: "What it depends on".into(),
                text: vec!["The scan changes two settings at a time.".into()],
                figures: vec![map()],
                tables: Vec::new(),
            },
        ],
        claims: Vec::new(),
        numbers: numbers(),
    }
}

fn summary() -> Table {
    let cell =
        |value: f64, error: f64| Cell::Value { value: Some(value), error: Some(error), interval: None, remark: None };
    let mut rows = Vec::new();
    for (i, set) in SETS.iter().enumerate() {
        let null = [1.84, 2.02, 2.40, 2.91, 2.37][i];
        for (j, flow) in ["null", "RBM mean", "RBM gibbs", "untrained", "redrawn"].iter().enumerate() {
            let t_star = match j {
                0 => Cell::Value { value: Some(null), error: None, interval: None, remark: None },
                3 => Cell::Value { value: None, error: None, interval: Some([Some(5.8), None]), remark: None },
                4 => Cell::Value { value: None, error: None, interval: Some([Some(4.9), Some(5.6)]), remark: None },
                _ => Cell::Value {
                    value: Some(null + 0.013 * j as f64),
                    error: Some(0.031),
                    interval: None,
                    remark: (i == 4).then(|| "not thermal".into()),
                },
            };
            let verdict = match (i, j) {
                (_, 0) => Verdict::NotCompared,
                (2, 1) => Verdict::Agrees,
                (2, 2) => Verdict::Inconclusive,
                (_, 3) => Verdict::Depends,
                _ => Verdict::Differs,
            };
            let t_e = if j > 2 {
                Cell::Value { value: None, error: None, interval: None, remark: None }
            } else {
                cell(null + 0.16, 0.014)
            };
            rows.push(vec![
                Cell::text(if j == 0 { *set } else { "" }),
                Cell::text(*flow),
                t_star,
                t_e,
                cell(0.021 + 0.11 * j as f64, 0.004),
                cell(0.5 - 0.1 * j as f64, 0.0123),
                Cell::Verdict(verdict),
            ]);
        }
    }
    Table {
        caption: "Where the flow ends, after 1000 steps, beside the mixture it was trained on (null)".into(),
        columns: ["trained on T", "flow", "T* (J/k_B)", "T_E (J/k_B)", "KL (nats)", "|m|", "against T_c"]
            .map(String::from)
            .to_vec(),
        rows,
        notes: vec!["Errors are over 10 seeds (data, thermometer and RBM vary). The null has no RBM in it.".into()],
    }
}

fn temperatures() -> Vec<f64> {
    (0..25).map(|i| 0.25 * i as f64).collect()
}

fn axis(label: &str) -> Axis {
    Axis { label: label.into(), ..Axis::default() }
}

fn bump(t: f64, t0: f64) -> f64 {
    let width = 0.22 + 0.11 * t0;
    (-0.5 * ((t - t0) / width).powi(2)).exp() / (2.5 * width) * 0.25
}

fn probability() -> Figure {
    let ts = temperatures();
    let curves = ts
        .iter()
        .map(|&t0| Curve {
            label: format!("T = {t0}"),
            x: ts.clone(),
            y: ts.iter().map(|&t| bump(t, t0)).collect(),
            error: ts.iter().map(|&t| 0.03 * bump(t, t0)).collect(),
            colour: Some(t0 / 6.0),
            ..Curve::default()
        })
        .collect();
    Figure {
        id: "fig4.6".into(),
        title: "Reference curves of the thermometer".into(),
        caption: "P(T) averaged over 1000 configurations at each of 25 temperatures, coloured from cold to hot. The \
            curves widen above T_c, where neighbouring temperatures look alike."
            .into(),
        alt: "25 bell-shaped curves over T from 0 to 6 whose maxima move from left to right and become lower and \
            wider."
            .into(),
        panels: vec![Panel::Curves { title: String::new(), x: axis("T (J/k_B)"), y: axis("P(T)"), curves }],
    }
}

fn exact() -> Figure {
    let ts: Vec<f64> = (0..60).map(|i| 0.5 + 0.075 * i as f64).collect();
    let m = |t: f64| if t < TC { (1.0 - (2.0 / t).sinh().powi(-4)).max(0.0).powf(0.125) } else { 0.0 };
    let points: Vec<f64> = (0..19).map(|i| 0.5 + 0.25 * i as f64).collect();
    let finite = |t: f64| 0.5 * (1.0 - ((t - 2.45) / 0.45).tanh()) + 0.12;
    let line = |label: &str, y: Vec<f64>| Curve {
        label: label.into(),
        x: ts.clone(),
        y,
        style: Style::Dashed,
        ..Curve::default()
    };
    let measured = |label: &str, shift: f64, style| Curve {
        label: label.into(),
        x: points.clone(),
        y: points.iter().map(|t| finite(*t) - shift).collect(),
        error: points.iter().map(|t| 0.01 + 0.03 * (-(t - TC).powi(2)).exp()).collect(),
        style,
        ..Curve::default()
    };
    let c = |t: f64| 0.6 - 0.45 * (t - TC).abs().max(0.02).ln();
    Figure {
        id: "magnetisation".into(),
        title: "Samples against exact results".into(),
        caption: "Left: |m| of L = 10 beside the infinite lattice (Yang 1952). Right: specific heat.".into(),
        alt:
            "Two panels: magnetisation falls from 1 to a small value near T = 2.3; the specific heat has a peak there."
                .into(),
        panels: vec![
            Panel::Curves {
                title: "Magnetisation".into(),
                x: axis("T (J/k_B)"),
                y: axis("|m|"),
                curves: vec![
                    measured("L = 10, heat bath", 0.0, Style::LinePoints),
                    measured("L = 16, Wolff", 0.04, Style::LinePoints),
                    measured("L = 32, Wolff", 0.08, Style::Points),
                    line("infinite lattice, exact", ts.iter().map(|t| m(*t)).collect()),
                ],
            },
            Panel::Curves {
                title: "Specific heat".into(),
                x: axis("T (J/k_B)"),
                y: axis("C per spin (k_B)"),
                curves: vec![
                    line("exact", ts.iter().map(|t| c(*t)).collect()),
                    measured("measured", 0.0, Style::LinePoints),
                ],
            },
        ],
    }
}

fn steps() -> Figure {
    let x: Vec<f64> =
        [0.0, 1.0, 2.0, 3.0, 5.0, 7.0, 10.0, 15.0, 20.0, 30.0, 50.0, 70.0, 100.0, 200.0, 300.0, 500.0, 1000.0].to_vec();
    let curve = |t0: f64| {
        let y: Vec<f64> = x.iter().map(|s| 2.41 + (t0 - 2.41) * (-0.35 * s.powf(0.55)).exp()).collect();
        let error = y.iter().map(|y| 0.02 + 0.02 * y).collect();
        Curve {
            label: format!("from T = {t0}"),
            x: x.clone(),
            y,
            error,
            style: Style::LinePoints,
            colour: Some(t0 / 6.0),
        }
    };
    let line = |label: &str, y: f64| Curve {
        label: label.into(),
        x: vec![0.0, 1000.0],
        y: vec![y, y],
        style: Style::Dashed,
        ..Curve::default()
    };
    let mut curves: Vec<Curve> = [0.0, 1.0, 2.0, 3.0, 4.0, 6.0].map(curve).to_vec();
    curves.push(line("T_c = 2.269 (exact)", TC));
    curves.push(line("training mixture (null) 2.40", 2.40));
    let x = Axis::log("flow step");
    let decay = Curve {
        label: "distance to the end (total variation)".into(),
        x: (0..11).map(f64::from).collect(),
        y: (0..11).map(|i| 0.9 * (-1.1 * f64::from(i)).exp()).collect(),
        error: (0..11).map(|i| 0.2 * (-0.9 * f64::from(i)).exp()).collect(),
        style: Style::LinePoints,
        colour: None,
    };
    Figure {
        id: "t-star-by-step".into(),
        title: "Temperature along the flow".into(),
        caption: "T* after each step of the mean flow from six start temperatures; bars are one standard error over \
            10 seeds. Dashed: T_c and the null."
            .into(),
        alt: "Six curves that start at temperatures 0 to 6 and meet near 2.4 after about a hundred steps, slightly \
            above T_c."
            .into(),
        panels: vec![
            Panel::Curves { title: "Mean flow".into(), x, y: axis("T* (J/k_B)"), curves },
            Panel::Curves {
                title: "Approach".into(),
                x: axis("log2 step"),
                y: Axis::log("distance"),
                curves: vec![decay],
            },
        ],
    }
}

fn arrows() -> Figure {
    let strips = SETS
        .iter()
        .enumerate()
        .map(|(i, set)| {
            let end = [1.86, 2.05, 2.41, 2.93, 2.39][i];
            let arrows = [0.0, 0.8, 1.5, 3.0, 3.8, 4.8, 6.0]
                .iter()
                .map(|t| (*t, t + 0.62 * (end - t)))
                .chain([(end, end)])
                .collect();
            (format!("trained on {set}"), arrows)
        })
        .collect();
    Figure {
        id: "fig4.9".into(),
        title: "Flow diagram".into(),
        caption: "One strip a training set: where ten steps lead from each start temperature. The dot is the end of \
            the flow."
            .into(),
        alt: "Arrows from both sides run to an end point that moves from 1.9 to 2.9 with the training window; a \
            dashed line marks T_c."
            .into(),
        panels: vec![Panel::Arrows {
            title: String::new(),
            x: axis("T* (J/k_B)"),
            strips,
            marks: vec![(TC, "T_c".into())],
        }],
    }
}

fn lattices() -> Figure {
    let mut state = 7_u64;
    let mut random = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1 << 24) as f32
    };
    let rows = [0.0, 1.0, 2.0, 2.25, 3.0, 6.0].map(|t: f64| {
        [0, 1, 2, 5, 10, 50, 100, 1000]
            .map(|step| {
                let end = 1.0 - 1.0 / (1.0 + step as f32 * 0.3);
                let bias = if t < 2.2 { 1.6 } else { 0.9 / t as f32 };
                let values = (0..100)
                    .map(|i| {
                        let spin = if random() < 0.5 + 0.5 * bias { 1.0 } else { -1.0 };
                        let domain = if (i % 10) as f32 + 0.6 * (i / 10) as f32 > 7.5 { 0.9_f32 } else { -0.8 };
                        (1.0 - end) * spin + end * domain * (0.7 + 0.3 * random())
                    })
                    .collect();
                Lattice { label: format!("T = {t}, step {step}"), width: 10, values }
            })
            .to_vec()
    });
    Figure {
        id: "lattices".into(),
        title: "Configurations along the flow".into(),
        caption: "Expectation values of the 10 × 10 visible spins from six start temperatures (rows) after 0 to 1000 \
            steps (columns)."
            .into(),
        alt: "Grids of small squares: different starts become the same smooth picture of two domains.".into(),
        panels: vec![Panel::Lattices { title: String::new(), rows: rows.to_vec(), shades: Default::default() }],
    }
}

fn map() -> Figure {
    let columns: Vec<f64> = [9, 16, 25, 36, 49, 64, 81, 100].map(f64::from).to_vec();
    let rows: Vec<f64> = [1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0].to_vec();
    let values = |shift: f64| {
        rows.iter()
            .map(|e| {
                let value = |h: &f64| 2.4 + 2.2 * (-0.5 * e.log10() - 0.012 * h).exp() - shift;
                columns.iter().map(|h| (Some(value(h)), Some(0.03))).collect()
            })
            .collect()
    };
    let panel = |title: &str, value: &str, shift| {
        Panel::Map(Map {
            texts: Vec::new(),
            title: title.into(),
            x: axis("hidden units"),
            y: Axis::log("epochs"),
            value: axis(value),
            columns: columns.clone(),
            rows: rows.clone(),
            values: values(shift),
        })
    };
    let mut right = panel("Difference to T* = 2.9", "T* − 2.9", 2.9);
    if let Panel::Map(map) = &mut right {
        map.values[2][3] = (None, None);
    }
    Figure {
        id: "scan".into(),
        title: "End of the flow over epochs and hidden units".into(),
        caption: "The more training and the more hidden units, the nearer the end is to the mixture's T*. One run did \
            not finish."
            .into(),
        alt: "Two colour maps that fall from the lower left to the upper right corner.".into(),
        panels: vec![panel("T* of the end", "T* (J/k_B)", 0.0), right],
    }
}

fn numbers() -> Vec<Number> {
    let mut numbers = vec![Number::new("ising-2d.exact.T_c", TC, None, "J/k_B", "exact: 2 / ln(1 + sqrt 2)")];
    for (i, set) in SETS.iter().enumerate() {
        for mode in ["mean", "gibbs"] {
            let value = [1.86, 2.05, 2.41, 2.93, 2.39][i];
            let key = format!("ising-2d.rbm.{}.{mode}.T_star", set.replace(' ', "_"));
            numbers.push(
                Number::new(
                    key.clone(),
                    value,
                    Some(0.031),
                    "J/k_B",
                    "end of the flow, 1000 steps; error over 10 seeds",
                )
                .n_eff(10.0)
                .compare(TC, 0.0, 0.25, "thesis p. 54: ends about T_c")
                .compare(value - 0.02, 0.01, 0.0, "null: the training mixture"),
            );
            let p = Number::new(
                format!("{key}.p_thermal"),
                3.2e-6 * (i + 1) as f64,
                None,
                "1",
                "resampled thermal collections, Holm at 1 %",
            );
            numbers.push(p.interval((i == 2).then_some([None, Some(1e-5)])));
        }
    }
    numbers
}
