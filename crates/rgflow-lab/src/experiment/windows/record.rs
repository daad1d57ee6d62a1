//! Record of `windows`: ends of the flow against the mixtures of the windows, and the features learnt by the weights.

use super::{Findings, Settings};
use crate::row;
use crate::study::prelude::*;

/// Tolerance of the slope for "follows the training set" or "drawn to T_c".
const SLOPE: f64 = 0.25;
/// Tolerance for the same captured variance.
const CAPTURED: f64 = 0.1;
/// The first number of epochs answers the claims: it is the one in the recipe of ising-2d.
const FIRST: usize = 0;

/// Slope of the least-squares line of `y` on `x`.
fn slope(x: &[f64], y: &[f64]) -> Option<f64> {
    let n = x.len() as f64;
    let (mx, my) = (x.iter().sum::<f64>() / n, y.iter().sum::<f64>() / n);
    let square: f64 = x.iter().map(|x| (x - mx).powi(2)).sum();
    let product: f64 = x.iter().zip(y).map(|(x, y)| (x - mx) * (y - my)).sum();
    (square > 0.0).then_some(product / square)
}

/// Slope of the ends against the mixtures over the windows of one repetition.
fn slope_of(found: &Findings, e: usize, m: usize, read: fn(&Observed) -> Option<Measured>) -> Option<f64> {
    let all = |of: &dyn Fn(usize) -> Option<f64>| (0..found.windows.len()).map(of).collect::<Option<Vec<f64>>>();
    let nulls = all(&|w| Some(read(&found.windows[w].null)?.0))?;
    slope(&nulls, &all(&|w| Some(read(&found.windows[w].flows[e][m].pooled)?.0))?)
}

pub(super) fn record(settings: &Settings, found: &[Findings]) -> Record {
    let over = Repeated::new("windows", found);
    let (mode, window) = (modes(), Dimension::names("window", settings.windows.iter().map(|window| &window.name)));
    let epochs = Dimension::new("epochs", &settings.epochs, |epochs| format!("epochs{epochs}"));

    let what = "the training mixture {window} itself, no machine";
    let null = Thermal::new(&over, "{window}.null", [&window], what, |f, [w]| &f.windows[w].null);
    let what = "ends of all starts pooled, {mode} flow of the machine trained {epochs} epochs on the window {window}";
    let (key, dimensions) = ("{window}.{epochs}.{mode}", [&window, &epochs, &mode]);
    let mut ends = Thermal::new(&over, key, dimensions, what, |f, [w, e, m]| &f.windows[w].flows[e][m].pooled);
    ends.t_star = ends.t_star.map(|[w, ..], star| {
        let critical = Temperature::CRITICAL.value();
        star.compare(critical, 0.0, ABOUT, "thesis: the RBM flow ends near T_c").against(null.t_star.at(w))
    });
    let words = epochs.clone().words(|e| format!("epochs{}", epochs.word(e)));
    let worth =
        Likelihoods::new(&over, "rbm.{window}.{epochs}", [&window, &words], |f, [w, e]| &f.windows[w].likelihoods[e]);
    let slope = |suffix: &str, by: &str, read: fn(&Observed) -> Option<Measured>| {
        let what = format!("slope of {by} of the pooled ends against {by} of the training mixture, over windows");
        let key = format!("{{mode}}.{{epochs}}.slope{suffix}");
        let slope = over.quantity(&key, [&epochs, &mode], "1", &what, |f, [e, m]| slope_of(f, e, m, read));
        slope.map(|_, slope| {
            let slope = slope.compare(0.0, 0.0, SLOPE, "thesis: drawn to T_c");
            slope.compare(1.0, 0.0, SLOPE, "the ends follow the training set")
        })
    };
    let slopes = [slope("", "T*", |o| Some(o.t_star)), slope("_T_E", "T_E", |o| o.t_energy)];
    let features = Features::new(settings, &over);

    let mut record = Record::new(
        "windows",
        "Does the RBM flow follow the critical point or the training set?",
        "RBMs are trained on the temperatures 0 to 3, 4, 6, 10 and iterated. If their flow knew T_c, all would end at \
         2.269; if they give back what they were trained on, the ends move with the window.",
    );
    record.list(&[&ByPlace(vec![&null, &worth.ln_p, &worth.kl, &ends]), &Grouped(vec![&slopes[0], &slopes[1]])]);
    record.list(&[&ByPlace(vec![&features.variance, &features.left]), &features.ratio]);
    for mode in MODES {
        let states = format!("the flow ends at T_c whatever the training set: slope 0 ({})", mode.name());
        record.claims.push(Claim::of("sec4.windows", states, slopes[0].at((FIRST, mode))));
    }
    for w in window.places() {
        let states = format!("window {}: the flow ends near T_c", window.word(w));
        let end = ends.t_star.at((w, FIRST, Mode::Gibbs));
        record.claims.push(Claim::of("sec4.windows", states, end).with_null(null.t_star.at(w)));
    }
    let states = "an RBM extracts the features that PCA does: its columns capture as much variance";
    record.claims.push(Claim::of("sec5.mechanism", states, features.ratio.at(0)).with_null(features.ratio.at(1)));
    record.answers = vec![
        format!(
            "Windows {}: the Gibbs ends read T* = {}; the training mixtures without any machine {}. T_c is the same \
             for all of them.",
            window.list(|w| window.word(w)),
            window.list(|w| ends.t_star.at((w, FIRST, Mode::Gibbs))),
            window.list(|w| null.t_star.at(w))
        ),
        format!(
            "The ends move with the window: slope {} (Gibbs) and {} (mean field) against the mixture; 0 would be the \
             critical point, 1 the training set.",
            slopes[0].at((FIRST, Mode::Gibbs)),
            slopes[0].at((FIRST, Mode::Mean))
        ),
        format!(
            "The columns of W capture {} of the variance that as many principal components of the data do.",
            features.ratio.at(0)
        ),
    ];
    let places: Vec<(usize, Mode)> = epochs.places().flat_map(|e| MODES.map(|mode| (e, mode))).collect();
    let named = |(e, mode): &(usize, Mode)| format!("{}, {} epochs", mode.name(), epochs.word(*e));
    let table = |by: &str, ends: &Quantity<3>, null: &Quantity<1>, slopes: &Quantity<2>| -> Table {
        let rows = window.table(format!("{by} of the ends, by window of training temperatures"), "window");
        let rows = rows.column("mixture, no machine", |w| null.at(w));
        let rows = places.iter().fold(rows, |rows, at| rows.column(named(at), |w| ends.at((w, at.0, at.1))));
        let slopes = places.iter().map(|at| slopes.at(*at).into());
        let last = row!["slope against the mixture", "1"].into_iter().chain(slopes).collect();
        rows.done().rows([last]).note("T_c = 2.269. Every machine gets the same number of updates.")
    };
    let far = window.list(|w| worth.kl.at((w, FIRST)));
    let trained = settings.torus.rbm.trained_by();
    record.summary = table("T*", &ends.t_star, &null.t_star, &slopes[0]).note(format!(
        "The machines: {trained} at most; after {} they are KL = {far} nats from their data.",
        epochs.word(FIRST)
    ));
    let panel = |title: &str, label: &str, ends: &Quantity<3>, null: &Quantity<1>| {
        let x: Vec<f64> = null.iter().filter_map(|number| number.value).collect();
        let through =
            |at: &(usize, Mode)| Curve::through(named(at), &x, window.places().map(|w| ends.at((w, at.0, at.1))));
        let level = Curve::level("T_c", &x, Temperature::CRITICAL.value());
        let diagonal = Curve::new("the mixture", x.as_slice(), x.as_slice()).style(Style::Dashed);
        let curves = places.iter().map(through).chain([level, diagonal]);
        Panel::curves(title, "of the mixture, no machine (J/k_B)", label, curves)
    };
    let caption = format!(
        "One point per window of training temperatures ({}): thermometer reading of the pooled ends against that of \
         the training mixture itself. Level: critical point. Diagonal: the training set. Errors over repetitions.",
        window.list(|w| window.word(w))
    );
    let alt = "T* and T_E of the ends against those of the training mixture, by mode and epochs, with a level line at \
        T_c and the diagonal.";
    let figure =
        Figure::new("sec4.windows", "The end of the flow against the training mixture").caption(caption, alt).panels([
            panel("By the thermometer", "T* of the ends (J/k_B)", &ends.t_star, &null.t_star),
            panel("By the energy", "T_E of the ends (J/k_B)", &ends.t_energy, &null.t_energy),
        ]);
    let shifted = Section::new("Shifted windows").text(
        "The same machine, the same number of updates and one thermometer (0 to 6): only the training temperatures \
         differ. The window 0-6 is the thesis's, and its mixture reads a little above T_c before anything is trained.",
    );
    let by_energy = table("T_E", &ends.t_energy, &null.t_energy, &slopes[1]);
    record.sections =
        vec![shifted.texts(worth.remarks).figures([figure]).tables([by_energy]), features.section(settings, &over)];
    record
}

/// Quantities of the features that the weights have learnt.
struct Features {
    temperature: Dimension,
    /// Fraction of the variance in the span: trained, untrained, principal components.
    variance: Quantity<1>,
    /// Unexplained part after a step: by these three and temperature.
    left: Quantity<2>,
    /// Captured variance divided by that of as many principal components: trained, untrained.
    ratio: Quantity<1>,
}

impl Features {
    fn new(settings: &Settings, over: &Repeated<Findings>) -> Self {
        let of = Dimension::names("of", ["trained", "untrained", "principal"]);
        let temperature = Dimension::new("T", &settings.torus.temperatures(), |t| format!("T{t}"));
        let ratios = Dimension::names("ratio", ["captured", "captured_untrained"]);
        let what = "variance of the training data in the span of W (or of as many principal components), as a fraction";
        let variance = over.quantity("mechanism.variance.{of}", [&of], "1", what, |f, [i]| f.mechanism.captured[i]);
        let what = "mean over spins of (v - v')^2 / 4 at T = {T}: {of}";
        let left = over.quantity("mechanism.left.{T}.{of}", [&of, &temperature], "1", what, |f, [i, t]| {
            Some(f.mechanism.left.get(t)?[i])
        });
        let what = "variance of the training data in the span of W over that of as many principal components";
        let ratio = over.quantity("mechanism.{ratio}", [&ratios], "1", what, |f, [i]| {
            f.mechanism.captured[i] / f.mechanism.captured[2]
        });
        let source = "thesis section 5.1: an RBM extracts features as PCA does";
        let ratio = ratio.map(|_, ratio| ratio.compare(1.0, 0.0, CAPTURED, source));
        let untrained = ratio.at(1).clone();
        let ratio = ratio.map(|[i], ratio| if i == 0 { ratio.against(&untrained) } else { ratio });
        Self { temperature, variance, left, ratio }
    }

    fn section(&self, settings: &Settings, over: &Repeated<Findings>) -> Section {
        let first = &over.found[0].mechanism;
        let k = first.singular[0].len();
        let ranks = |n: usize| Dimension::new("rank", &(1..=n).collect::<Vec<usize>>(), usize::to_string);
        let (rank, drawn) = (ranks(k), ranks(first.components.len().min(2 * k)));
        let machines = Dimension::names("machine", ["trained", "untrained"]);
        let singular = over.shown([&machines, &rank], |f, [i, r]| f.mechanism.singular[i].get(r).copied());
        let components = over.shown([&drawn], |f, [r]| f.mechanism.components.get(r).copied());
        let curve = |label: &str, i: usize, dimension: &Dimension, of: &Quantity<2>| {
            let style = if i == 1 { Style::Dashed } else { Style::LinePoints };
            dimension.curve(label, |place| of.at((i, place))).style(style)
        };
        let left = |label: &str, i| curve(label, i, &self.temperature, &self.left);
        let row = |label: &str, vectors: &[Vec<f32>]| -> Vec<Lattice> {
            let width = *settings.torus.lattice.size;
            let named = |(i, values): (usize, &Vec<f32>)| Lattice {
                label: format!("{label} {}", i + 1),
                width,
                values: values.clone(),
            };
            vectors.iter().enumerate().map(named).collect()
        };
        let panels = [
            Panel::curves(
                "Singular values of W",
                "rank",
                "singular value",
                [curve("trained", 0, &rank, &singular), curve("untrained", 1, &rank, &singular)],
            ),
            Panel::curves(
                "Principal components of the data",
                "rank",
                Axis::log("fraction of the variance"),
                [drawn.curve("data", |r| components.at(r))],
            ),
            Panel::curves(
                "Reconstruction by temperature",
                "T (J/k_B)",
                Axis::new("left after a step").limits(0.0, 0.3),
                [left("trained", 0), left("untrained", 1), left(&format!("{k} principal components"), 2)],
            ),
            Panel::lattices(
                "Vectors",
                vec![row("W", &first.shown[0]), row("PCA", &first.shown[1])],
                Shades { what: "entry / largest entry".into(), ..Shades::default() },
            ),
        ];
        let caption = format!(
            "Singular values of W (trained on {}), variance of the data along its principal components, and what a \
             step v -> h -> v of expectation values leaves at each temperature (mean over spins of (v - v')^2 / 4; \
             chance is 1/4 where v' = 0). Errors over repetitions. Below, first repetition: the first left singular \
             vectors and principal components, each scaled to its largest entry.",
            settings.windows[settings.shown()].name
        );
        let alt = "Singular values fall with rank as the principal variances do; reconstruction error rises through \
            T_c; pictures of the first vectors.";
        let figure = Figure::new("sec5.mechanism", "What the weights have learnt").caption(caption, alt).panels(panels);
        let text = "The thesis proposes that an RBM extracts features as PCA does, and that T_c is a fixed point \
            because only there features of all lengths matter equally. The span of the weights is compared with the \
            principal components of the training data, and the reconstruction with the best linear one of the same \
            rank.";
        Section::new("Mechanism: features").text(text).figures([figure])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::readings::fabricated::{check, flow, likelihood, observed, settings, verdicts};

    #[test]
    fn slope_of_a_line_and_of_no_line() {
        assert_eq!(slope(&[1.0, 2.0, 4.0], &[3.0, 5.0, 9.0]), Some(2.0));
        assert_eq!(slope(&[1.0, 2.0, 4.0], &[3.0; 3]), Some(0.0));
        assert_eq!(slope(&[1.0, 1.0], &[3.0, 5.0]), None);
    }

    #[test]
    fn a_record_says_each_number_once() {
        let settings: Settings = settings(super::super::RECIPE, &["windows.tops=[3.0, 6.0]", "windows.epochs=[1, 2]"]);
        // The ends rise by half as much as the mixtures (Gibbs), or not at all.
        let window = |w: f64| super::super::WindowFindings {
            likelihoods: vec![likelihood(-w, w / 4.0); 2],
            null: observed(2.0 + w),
            flows: [0.0, 8.0].map(|e| ByMode::of(flow(2.25 + 0.5 * w + e), flow(4.0 + e))).into(),
        };
        let mechanism = super::super::Mechanism {
            singular: [vec![2.0, 1.0], vec![0.5, 0.25]],
            components: vec![0.75, 0.25],
            captured: [0.5, 0.25, 1.0],
            left: (0..5).map(|t| [0.125, 0.25, 0.0625].map(|left| left + f64::from(t))).collect(),
            shown: [vec![vec![1.0; 16]], vec![vec![-1.0; 16]]],
        };
        let output = record(&settings, &[Findings { windows: vec![window(0.0), window(1.0)], mechanism }]);
        let values = [
            ("windows.0-3.null.T_star", 2.0),
            ("windows.0-6.null.T_E", 3.125),
            ("windows.0-6.epochs1.gibbs.T_star", 2.75),
            ("windows.rbm.0-3.epochs2.log_likelihood", 0.0),
            ("windows.rbm.0-6.epochs1.kl", 0.25),
            ("windows.0-3.epochs2.mean.T_star", 12.0),
            ("windows.gibbs.epochs1.slope", 0.5),
            ("windows.mean.epochs2.slope_T_E", 0.0),
            ("windows.mechanism.variance.untrained", 0.25),
            ("windows.mechanism.left.T1.5.principal", 1.0625),
            ("windows.mechanism.captured", 0.5),
            ("windows.mechanism.captured_untrained", 0.25),
        ];
        check(&output, &values, &["sec4.windows", "sec5.mechanism"]);
        assert_eq!(verdicts(&output), ["differs", "agrees", "agrees", "differs", "differs"]);
    }
}
