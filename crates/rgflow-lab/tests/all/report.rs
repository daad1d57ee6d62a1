//! Promises of the report: files that are whole and the same every time, pages that no text can break, figures of any
//! data.

use rgflow_lab::artifact::write_report;
use rgflow_lab::record::{
    Axis, Cell, Comparison, Curve, Figure, Lattice, Map, Number, Panel, Record, Scale, Section, Style, Table, Verdict,
};
use rgflow_lab::report;
use serde_json::json;

const NASTY: &str = "<b>&\"'</b></script><script>alert(1)</script>\u{0}";

fn axis(label: &str, scale: Scale) -> Axis {
    Axis { label: label.into(), scale, ..Axis::default() }
}

fn curve(label: &str, x: &[f64], y: &[f64], error: &[f64], style: Style) -> Curve {
    Curve { label: label.into(), x: x.to_vec(), y: y.to_vec(), error: error.to_vec(), style, colour: None }
}

fn curves(x: Scale, y: Scale, curves: Vec<Curve>) -> Panel {
    Panel::Curves { title: "panel".into(), x: axis("step", x), y: axis("T*", y), curves }
}

fn figure(panels: Vec<Panel>) -> Figure {
    Figure { id: "f".into(), title: "A title".into(), caption: "A caption".into(), alt: "What is seen".into(), panels }
}

fn picture(label: &str) -> Lattice {
    Lattice { label: label.into(), width: 3, values: vec![1.0, -1.0, 0.25, f32::NAN, 1.0, 1.0, -1.0, 2.0, -2.0] }
}

fn every_kind(label: &str) -> Figure {
    let map = Map {
        texts: Vec::new(),
        title: label.into(),
        x: axis(label, Scale::Linear),
        y: axis(label, Scale::Log),
        value: axis(label, Scale::Linear),
        columns: vec![1.0, 2.0, 3.0],
        rows: vec![0.0, 1.0, 10.0],
        values: vec![vec![(Some(1.0), None), (None, None), (Some(f64::NAN), None)], vec![(Some(-1.0), Some(0.1))]],
    };
    let many = (0..12).map(|i| Curve {
        label: format!("{label} {i}"),
        x: vec![0.0, 1.0, 1000.0],
        y: vec![0.5, f64::from(i), f64::NAN],
        error: vec![0.1, f64::NAN],
        colour: Some(f64::from(i) / 11.0),
        style: Style::LinePoints,
    });
    let strips = vec![(label.to_string(), vec![(0.0, 1.0), (3.0, 2.0), (2.2, 2.2), (f64::NAN, 1.0)])];
    let mut figure = figure(vec![
        curves(Scale::Log, Scale::Linear, many.collect()),
        Panel::Map(map),
        Panel::Lattices {
            title: label.into(),
            rows: vec![vec![picture(label), picture("")], vec![]],
            shades: Default::default(),
        },
        Panel::Arrows {
            title: label.into(),
            x: axis(label, Scale::Linear),
            strips,
            marks: vec![(2.269, label.into())],
        },
    ]);
    (figure.title, figure.caption, figure.alt) = (label.into(), label.into(), label.into());
    figure
}

fn record(label: &str) -> Record {
    let value = Cell::Value { value: Some(2.4), error: Some(0.03), interval: None, remark: Some(label.into()) };
    let table = Table {
        caption: label.into(),
        columns: vec![label.into(), "T*".into(), "verdict".into()],
        rows: vec![vec![Cell::text(label), value, Cell::Verdict(Verdict::Agrees)]],
        notes: vec![label.into()],
    };
    let mut number = Number::new(label, 2.4, Some(0.03), label, label);
    number.compare.push(Comparison {
        value: None,
        error: None,
        source: label.into(),
        verdict: Verdict::Depends,
        tolerance: None,
        p: None,
    });
    Record {
        experiment: label.into(),
        title: label.into(),
        question: label.into(),
        answers: vec![label.into()],
        summary: table.clone(),
        sections: vec![Section {
            title: label.into(),
            text: vec![label.into()],
            figures: vec![every_kind(label), every_kind(label)],
            tables: vec![table],
        }],
        claims: Vec::new(),
        numbers: vec![number],
    }
}

/// Checks that every element is closed in order and that text holds no bare `<` or `&`: enough of XML for what the
/// writer makes.
fn assert_well_formed(xml: &str) {
    let mut open = Vec::new();
    for (i, part) in xml.split('<').enumerate() {
        let Some((tag, text)) = part.split_once('>') else {
            assert!(i == 0 && part.trim().is_empty(), "bare < before {part:?}");
            continue;
        };
        for piece in [tag, text] {
            for (at, _) in piece.match_indices('&') {
                let rest = &piece[at..];
                assert!(
                    ["&amp;", "&lt;", "&gt;", "&quot;", "&#39;"].iter().any(|e| rest.starts_with(e)),
                    "bare & in {piece:?}"
                );
            }
            assert!(!piece.chars().any(|c| c.is_control() && c != '\n'), "control character in {piece:?}");
        }
        assert_eq!(tag.matches('"').count() % 2, 0, "quotes in {tag:?}");
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "closing {name}");
        } else if !tag.ends_with('/') {
            open.push(tag.split_whitespace().next().unwrap_or_default());
        }
    }
    assert_eq!(open, Vec::<&str>::new());
}

#[test]
fn svg_is_well_formed_and_says_what_it_shows() {
    let svg = report::svg::figure(&figure(vec![curves(
        Scale::Linear,
        Scale::Linear,
        vec![curve("a", &[1.0, 2.0], &[1.0, 4.0], &[0.5, 0.5], Style::LinePoints)],
    )]));
    assert_well_formed(&svg);
    assert!(svg.contains("<title>A title</title>") && svg.contains("<desc>What is seen</desc>"));
    assert!(svg.contains("fill=\"#ffffff\"") && !svg.contains("var("));
    for label in [NASTY, "T_c & k_B", ""] {
        assert_well_formed(&report::svg::figure(&every_kind(label)));
    }
}

#[test]
fn odd_data_draws_without_panic_or_nan() {
    let nan = f64::NAN;
    let odd = [
        vec![],
        vec![Curve::default()],
        vec![curve("one point", &[3.0], &[0.0], &[], Style::Line)],
        vec![curve("nothing finite", &[nan, 1.0], &[1.0, nan], &[nan, nan], Style::Points)],
        vec![curve("infinite", &[f64::INFINITY, 1.0], &[f64::NEG_INFINITY, 1e300], &[f64::INFINITY], Style::Line)],
        vec![curve("constant", &[0.0, 1.0, 2.0], &[2.5; 3], &[0.0; 3], Style::Dashed)],
        vec![curve("uneven", &[0.0, 1.0, 2.0], &[1.0], &[1.0, 2.0, 3.0, 4.0], Style::LinePoints)],
        vec![curve("negative", &[-1.0, -2.0], &[-1.0, -1e-300], &[5.0, 5.0], Style::LinePoints)],
    ];
    for data in odd {
        for (x, y) in [(Scale::Linear, Scale::Linear), (Scale::Log, Scale::Log)] {
            let figure = figure(vec![curves(x, y, data.clone())]);
            let svg = report::svg::figure(&figure);
            assert_well_formed(&svg);
            assert!(!svg.contains("NaN") && !svg.contains("inf\"") && !svg.contains("infh"), "{svg}");
            report::csv::figure(&figure);
        }
    }
    let lattices =
        Panel::Lattices { title: String::new(), rows: vec![vec![Lattice::default()]], shades: Default::default() };
    let arrows = Panel::Arrows { title: String::new(), x: Axis::default(), strips: vec![], marks: vec![] };
    for panels in [vec![], vec![Panel::Map(Map::default())], vec![lattices], vec![arrows]] {
        assert_well_formed(&report::svg::figure(&figure(panels)));
    }
}

#[test]
fn zero_on_a_log_axis_is_a_place_of_its_own() {
    let steps = curve("T*", &[0.0, 1.0, 10.0, 1000.0], &[6.0, 5.0, 3.0, 2.4], &[], Style::Line);
    let svg = report::svg::figure(&figure(vec![curves(Scale::Log, Scale::Linear, vec![steps])]));
    for label in ["0", "1", "10", "100", "1000"] {
        assert!(svg.contains(&format!(">{label}</text>")), "tick {label}");
    }
    let path =
        svg.split("class=\"ln \" d=\"M").nth(1).and_then(|rest| rest.split('"').next()).expect("the curve's line");
    let xs: Vec<f64> =
        path.split('L').map(|p| p.split(' ').next().and_then(|x| x.parse().ok()).expect("a coordinate")).collect();
    assert_eq!(xs.len(), 4, "0 is drawn");
    assert!(xs.windows(2).all(|w| w[0] < w[1]), "{xs:?}");
}

#[test]
fn no_text_breaks_the_page() {
    let dir = tempfile::tempdir().expect("a folder");
    let provenance = json!({ NASTY: NASTY, "list": [1, 2], "nested": { "a": [{ "b": null }] } });
    let path = write_report(dir.path(), &record(NASTY), NASTY, &provenance).expect("a report");
    let page = std::fs::read_to_string(path).expect("the page");
    assert!(!page.contains("alert(1)</script>") && !page.contains("<b>&"));
    assert_eq!(page.matches("</script").count(), 2, "the two scripts of the page and no other");
    let data =
        page.split("id=\"figure-data\">").nth(1).and_then(|rest| rest.split("</script>").next()).expect("the data");
    let data: serde_json::Value = serde_json::from_str(data).expect("JSON");
    assert_eq!(data["figures"]["f"]["title"], NASTY);
    assert_eq!(data["figures"]["f"]["csv"], report::csv::figure(&every_kind(NASTY)));
    for outside in ["http://", "https://", "url(//"] {
        let found = page.matches(outside).count()
            - page.matches("http://www.w3.org/").count() * usize::from(outside == "http://");
        assert_eq!(found, 0, "the page asks nobody for anything: {outside}");
    }
}

#[test]
fn files_are_whole_named_once_and_the_same_every_time() {
    let [first, second] = [(); 2].map(|()| tempfile::tempdir().expect("a folder"));
    let mut record = record("plain");
    record.sections[0].figures.push(Figure { id: "../Fig 4.6".into(), ..Figure::default() });
    for dir in [&first, &second, &second] {
        write_report(dir.path(), &record, "a = 1\n", &json!({ "version": "0.1.0" })).expect("a report");
    }
    let list = |dir: &std::path::Path| {
        let mut names: Vec<_> =
            std::fs::read_dir(dir).expect("files").map(|e| e.expect("an entry").file_name()).collect();
        names.sort();
        names
    };
    let figures = list(&first.path().join("figures"));
    assert_eq!(figures, ["-Fig-4.6.csv", "-Fig-4.6.svg", "f-2.csv", "f-2.svg", "f.csv", "f.svg"]);
    assert_eq!(list(first.path()), ["figures", "report.html"], "no temporary file stays");
    for name in figures.iter().map(|f| std::path::Path::new("figures").join(f)).chain(["report.html".into()]) {
        let [a, b] = [&first, &second].map(|dir| std::fs::read(dir.path().join(&name)).expect("a file"));
        assert_eq!(a, b, "{}", name.display());
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let dir = tempfile::tempdir().expect("a folder");
    let blocked = dir.path().join("file");
    std::fs::write(&blocked, "").expect("a file");
    let error = write_report(&blocked, &Record::default(), "", &json!({})).expect_err("not a folder");
    assert!(error.to_string().contains("figures"), "{error}");
}

#[test]
fn a_large_report_stays_small() {
    let ts: Vec<f64> = (0..40).map(|i| 0.15 * f64::from(i)).collect();
    let bump = |t0: f64| Curve {
        label: format!("T = {t0}"),
        x: ts.clone(),
        y: ts.iter().map(|t| (-(t - t0).powi(2)).exp()).collect(),
        error: ts.iter().map(|t| 0.03 * (-(t - t0).powi(2)).exp()).collect(),
        style: Style::LinePoints,
        colour: Some(t0 / 6.0),
    };
    let many = || curves(Scale::Linear, Scale::Linear, (0..25).map(|i| bump(0.25 * f64::from(i))).collect());
    let spins = |k: usize| Lattice {
        label: "T = 2".into(),
        width: 10,
        values: (0..100).map(|i| if (i * i + k).is_multiple_of(3) { 1.0 } else { -1.0 }).collect(),
    };
    let pictures = Panel::Lattices {
        title: String::new(),
        rows: (0..6).map(|r| (0..10).map(|c| spins(r * 10 + c)).collect()).collect(),
        shades: Default::default(),
    };
    let figures = (0..20).map(|_| figure(vec![many()])).chain([figure(vec![pictures])]).collect();
    let record = Record { sections: vec![Section { figures, ..Section::default() }], ..Record::default() };
    let dir = tempfile::tempdir().expect("a folder");
    let path = write_report(dir.path(), &record, "", &json!({})).expect("a report");
    let size = std::fs::metadata(path).expect("the page").len();
    assert!(size < 3_000_000, "{size} bytes");
}
