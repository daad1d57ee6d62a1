//! Record of `mnist`: ends of the flows of ten digits, by training set, with a map of the digits.

use super::settings::Settings;
use super::{Findings, FlowFindings, NO_LIKELIHOOD, machines};
use crate::record::Place;
use crate::study::prelude::*;
use crate::study::values::plain;

/// Thesis's statements on the training sets, in their order: figure, statement, whether there are several ends,
/// source.
const THESIS: [(&str, &str, bool, &str); 6] = [
    ("fig4.12", "4, 8: several fixed points", true, "thesis fig 4.12: several"),
    ("fig4.13", "4, 8 and 4500 mixtures: one", false, "thesis fig 4.13: one"),
    ("fig4.13", "4, 8 and 900 mixtures: several", true, "thesis fig 4.13: with 900 mixtures no single one"),
    ("fig4.14", "4, 9: several", true, "thesis fig 4.14: several"),
    ("fig4.14", "4, 9 and 4500 mixtures: one", false, "thesis fig 4.14: one"),
    ("fig4.15", "noisy 4 and 9: one", false, "thesis fig 4.15: one"),
];

pub(super) fn record(settings: &Settings, found: &[Findings]) -> Record {
    let over = Repeated::new("mnist", found);
    let set = Dimension::names("set", machines(settings).map(|spec| spec.name));
    let [start, digit] = ["start", "digit"].map(|name| Dimension::names(name, (0..10).map(|d| d.to_string())));
    let (mode, flow) = (modes(), &settings.common.flow);
    let marks = ByMode::each(|mode| plain(if mode == Mode::Mean { &flow.mean_steps } else { &flow.steps }));
    let (mark, last) = (Dimension::names("mark", flow.steps.iter().map(|_| "")), flow.steps.len() - 1);

    let what =
        format!("fraction of the test files read right, {} training images per digit", settings.common.data.per_digit);
    let accuracy = over.number("classifier.accuracy", "1", &what, |f| f.accuracy);
    let all = if settings.specific.accuracy.all { "classifier.accuracy_all" } else { "" };
    let what = "fraction of the test files read right, all training images";
    let accuracy_all = over.number(all, "1", what, |f| f.accuracy_all);
    let what = "fraction of images whose nearest neighbour on the map is the same digit";
    let purity = over.number("tsne.purity", "1", what, |f| f.embedding.purity);
    let what =
        "fraction of the other pairs of digits that are nearer on the map than 4-8, 4-9 and 8-9, mean over these";
    let nearer = over.number("tsne.nearer_pairs", "1", what, |f| f.embedding.nearer_pairs());
    let chance = Number::new("", 0.5, None, "1", "");
    let nearer =
        nearer.below(&chance, "thesis fig 4.11: 4, 8 and 9 lie close together; a random order of pairs has 1/2");
    let what = "fraction of the variance in the principal components that are kept";
    let variance = over.number("tsne.variance", "1", what, |f| f.embedding.variance);
    let ends = Quantity::from_numbers([&set, &mode, &mark], |[s, m, i]| {
        let (key, steps) = (format!("{}.{}.ends_{}", set.key(s), mode.key(m), marks[m][i]), marks[m][i]);
        let what = format!("distinct ends of the ten digits after {steps} steps (permutation test, Holm at 1 %)");
        over.number(&key, "1", &what, |f| f.flows[s][m].ends.get(i).copied())
    });
    let what = "fraction of repetitions with more than one end at the last step";
    let several = over.fraction("{set}.{mode}.several", [&set, &mode], what, |f, [s, m]| {
        Some(Fraction { yes: u64::from(*f.flows[s][m].ends.last()? > 1), of: 1 })
    });
    let several = several.map(|[s, _], several| {
        let (_, _, are_several, source) = THESIS[s];
        // Neither always nor never.
        let mixed = several.value.is_some_and(|share| 0.0 < share && share < 1.0);
        let several = several.compare(f64::from(u8::from(are_several)), 0.0, 0.0, source);
        several.depending_on("the seed", mixed)
    });
    // Gibbs steps have no attractors and never come to rest.
    let of_mean = |key: &str, what: &str, of: fn(&FlowFindings) -> f64| {
        let quantity = over.quantity(key, [&set, &mode], "1", what, |f, [s, m]| of(&f.flows[s][m]));
        quantity.map(|[_, m], number| if m == Mode::Mean.place() { number } else { number.unlisted() })
    };
    let attractors = of_mean("{set}.{mode}.attractors", "attractors seen from all starts", |f| f.attractors as f64);
    let at_rest = of_mean("{set}.{mode}.at_rest", "fraction of chains at rest at the last step", |f| f.at_rest);
    let what = "P({digit}) at the last step of the flow from images of {start}";
    let (key, by) = ("{set}.{mode}.from{start}.P{digit}", [&set, &mode, &start, &digit]);
    let probability =
        over.quantity(key, by, "1", what, |f, [s, m, start, d]| Some(f.flows[s][m].probability.last()?[start][d]));

    let mut record = Record::new(
        "mnist",
        "The RBM flow on handwritten digits",
        "Machines trained on two digits are iterated from images of all ten. Do the flows of different digits end in \
         different places, and do mixtures of the two digits, or noise, leave one end?",
    );
    let by_mode = ByPlace(vec![&ends, &several, &attractors, &at_rest, &probability]);
    record.list(&[&accuracy, &accuracy_all, &purity, &nearer, &variance, &ByPlace(vec![&by_mode])]);
    record.claims =
        vec![Claim::of("fig4.11", "4, 8 and 9 lie close together: fraction of pairs nearer below 1/2", &nearer)];
    for mode in MODES {
        record.claims.extend(THESIS.iter().enumerate().map(|(s, (item, states, ..))| {
            Claim::of(item, format!("{states} ({})", mode.name()), several.at((s, mode)))
        }));
    }
    let list = |mode: Mode| set.list(|s| format!("{} {}", ends.at((s, mode, last)), set.word(s)));
    record.answers = vec![
        format!("Distinct ends of ten digits after {} Gibbs steps: {}.", marks[Mode::Gibbs][last], list(Mode::Gibbs)),
        format!("After {} mean-field steps: {}.", marks[Mode::Mean][last], list(Mode::Mean)),
        format!("The network reads {accuracy} of the test images right."),
    ];
    let table = set.table("Distinct ends of the ten starting digits, by mode and steps", "training set");
    let columns = MODES.into_iter().flat_map(|mode| mark.places().map(move |i| (mode, i)));
    let table = columns.fold(table, |table, (mode, i)| {
        table.column(format!("{}, {}", mode.name(), marks[mode][i]), |s| ends.at((s, mode, i)))
    });
    record.summary = table.column("attractors", |s| attractors.at((s, Mode::Mean))).done().note(
        "Two digits have one end where the distance of their mean images is no larger than relabelling gives (1 %, \
         Holm over pairs). Attractors: of the mean-field map, from all starts.",
    );
    record.summary = record.summary.note(NO_LIKELIHOOD);

    let width = found[0].examples.images.ncols().isqrt();
    let picture = |label: String, values: Vec<f32>| Lattice { label, width, values };
    let panels = |s: usize| {
        let name = set.word(s);
        let map = |mode: Mode| {
            let title = format!("{name}, {}: P(digit) after {} steps", mode.name(), marks[mode][last]);
            let (x, y) = (digit.along("digit read"), start.along("starting digit"));
            let value = Axis::new("P").limits(0.0, 1.0);
            Panel::map(title, x, y, value, |start, d| probability.at([s, mode.place(), start, d]))
        };
        let flow = |mode: Mode| &found[0].flows[s][mode];
        let label = |of: (&Vec<f32>, &usize)| picture(of.1.to_string(), of.0.clone());
        let row = |row: &Vec<Vec<f32>>| row.iter().zip(&flow(Mode::Mean).shown).map(label).collect();
        let pictures = flow(Mode::Mean).pictures.iter().map(row).collect();
        let relaxation = |mode: Mode| {
            let average = |row: &Vec<f64>| row.iter().sum::<f64>() / row.len() as f64;
            let steps: Vec<f64> = flow(mode).records.iter().map(|step| *step as f64).collect();
            let distances: Vec<f64> = flow(mode).distance.iter().map(average).collect();
            Curve::new(mode.name(), steps, distances).style(Style::LinePoints)
        };
        let title = format!("{name}: distance from the start");
        [
            map(Mode::Gibbs),
            map(Mode::Mean),
            Panel::lattices(format!("{name}, mean: one image of each digit, by step"), pictures, Shades::grey()),
            Panel::curves(title, Axis::log("step"), "mean of (v - v0)^2", MODES.map(relaxation)),
        ]
    };
    let figure = |(id, words): (&str, &str)| {
        let (places, title) = (set.places().filter(|s| THESIS[*s].0 == id), format!("fig {}: {words}", &id[3..]));
        let caption = "What the network reads at the end of the flow, by starting digit (mean over repetitions); the \
                       mean-field flow of one image of each digit and the distance from the start (first repetition).";
        let alt = format!("P(digit) by starting digit in both modes and pictures of the flow: {title}.");
        Figure::new(id, format!("Thesis {title}")).caption(caption, alt).panels(places.flat_map(panels))
    };
    let figures = [
        ("fig4.12", "4 and 8"),
        ("fig4.13", "4, 8 and mixtures"),
        ("fig4.14", "4 and 9, and mixtures"),
        ("fig4.15", "noisy 4 and 9"),
    ];
    let Findings { examples, embedding, .. } = &found[0];
    let per = examples.labels.len() / 10;
    let example = |i: usize| picture(examples.labels[i].to_string(), examples.images.row(i).to_vec());
    let rows = (0..per).map(|row| (0..10).map(|d| example(d * per + row)).collect()).collect();
    let digits = Figure::new("fig4.10", "Thesis fig 4.10: handwritten digits")
        .caption("Images of the test files, grey levels as they are.", "Rows of handwritten digits 0 to 9.")
        .panels([Panel::lattices("", rows, Shades { what: "grey level".into(), ..Shades::grey() })]);
    let cloud = |d: usize| {
        let places = embedding.places.iter().zip(&embedding.digits).filter(|(_, digit)| **digit == d);
        let (x, y): (Vec<f64>, Vec<f64>) = places.map(|((x, y), _)| (f64::from(*x), f64::from(*y))).unzip();
        Curve::new(digit.word(d), x, y).style(Style::Points)
    };
    let caption = format!(
        "t-SNE (perplexity {}) of {} images on their first {} principal components, begun at the first two. First \
         repetition.",
        settings.specific.tsne.perplexity,
        embedding.places.len(),
        settings.specific.tsne.components
    );
    let map = Figure::new("fig4.11", "Thesis fig 4.11: map of the digits")
        .caption(caption, "Ten clouds of points, one for each digit.")
        .panels([Panel::curves("", "t-SNE 1", "t-SNE 2", digit.places().map(cloud))]);
    record.sections =
        vec![Section::new("The digits").figures([digits, map]), Section::new("Flows").figures(figures.map(figure))];
    record
}

#[cfg(test)]
mod tests {
    use super::super::{Embedding, Mnist};
    use super::*;
    use crate::record::testing::{check, verdicts};

    /// Ends by set: as the thesis says except for the first set with Gibbs steps. P(digit) identifies start and digit.
    fn found(more: f32) -> Findings {
        let flow = |s: usize, mode: Mode| {
            let ends = if (s, mode) == (0, Mode::Gibbs) { 1 } else { 1 + usize::from(THESIS[s].2) * (s + 2) };
            let row = |start: usize| (0..10).map(|digit| (10 * start + digit) as f64 / 100.0).collect();
            FlowFindings {
                ends: vec![9, ends],
                probability: vec![(0..10).map(row).collect()],
                attractors: 20 + s,
                at_rest: 0.5,
                ..Default::default()
            }
        };
        let images = ndarray::Array2::zeros((20, 4));
        // 4, 8 and 9 have a corner of their own: 4-8 is the nearest pair, 8-9 the next, 4-9 the third.
        let places = (0..10).map(|d| match d {
            4 => (100.0, 100.0 + more),
            8 => (101.0, 100.0),
            9 => (102.5, 100.0),
            d => (10.0 * d as f32, (d * d) as f32),
        });
        let places = places.collect();
        Findings {
            accuracy: 0.75,
            accuracy_all: Some(0.875),
            embedding: Embedding { purity: 0.95, variance: 0.25, places, digits: (0..10).collect() },
            flows: (0..6).map(|s| ByMode::each(|mode| flow(s, mode))).collect(),
            examples: crate::dataset::mnist::Digits { images, labels: (0..20).map(|i| i / 2).collect() },
        }
    }

    #[test]
    fn the_record_tells_ends_by_set_mode_and_step() {
        let settings = changed::<Mnist>(&["flow.steps=[10, 30]", "flow.mean_steps=[20, 40]"]).unwrap();
        let record = record(&settings, &[found(0.0), found(0.25)]);
        let values = [
            ("mnist.classifier.accuracy", 0.75),
            ("mnist.classifier.accuracy_all", 0.875),
            ("mnist.tsne.variance", 0.25),
            // Pairs nearer: 0, 1 and 2 of 44.
            ("mnist.tsne.nearer_pairs", 3.0 / 132.0),
            ("mnist.4-8.gibbs.ends_30", 1.0),
            ("mnist.4-8.mean.ends_20", 9.0),
            ("mnist.4-8-few.mean.ends_40", 5.0),
            ("mnist.4-9-noisy.mean.attractors", 25.0),
            ("mnist.4-9.gibbs.from3.P7", 0.37),
        ];
        check(&record, &values, &["fig4.10", "fig4.11", "fig4.12", "fig4.13", "fig4.14", "fig4.15"]);
        assert_eq!(record.figures().map(|figure| figure.panels.len()).collect::<Vec<_>>(), [1, 1, 4, 8, 8, 4]);
        // The map agrees, and all sets except 4, 8 in Gibbs steps.
        assert_eq!(verdicts(&record), [&["agrees", "differs"][..], &["agrees"; 11]].concat());
        assert_eq!(record.claims[12].number, "mnist.4-9-noisy.mean.several");
        assert_eq!(record.answers[1].split(", ").nth(2), Some("5 4-8-few"));
    }
}
