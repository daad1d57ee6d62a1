//! Figures 2.1, 2.3 and 2.4: the activations with their derivatives, and networks as drawings.

use crate::study::prelude::*;
use rgflow::nn::Activation;

/// Half-range of the figure.
const RANGE: f64 = 4.0;
/// Step of the finite differences, and their error: of order h^2 and rounding over h.
const H: f64 = 1e-5;
const TOLERANCE: f64 = 1e-8;
/// Most units of a layer that are drawn.
const SHOWN: usize = 6;
/// Units in the recipes of chapter 4 (thesis section 4.3).
const MLP: [usize; 3] = [100, 64, 25];
const RBM: [usize; 2] = [100, 25];

pub(super) fn activations(record: &mut Record) {
    // Activations of a single neuron.
    let all: Vec<Activation> = Activation::ALL.into_iter().filter(|a| a.at(0.0).is_some()).collect();
    let grid: Vec<f64> = (-80..=80).map(|i| RANGE * f64::from(i) / 80.0).collect();
    let name = Dimension::names("name", all.iter().map(|a| a.name().replace('-', "_")));
    let what = format!("largest |f'(z) - (f(z + h) - f(z - h))/2h|, 0 < |z| <= {RANGE}, h = {H:.0e}");
    let slope = Quantity::exact("toolbox.activations.{name}.slope", [&name], "1", &what, |[i]| {
        let off = |z: &f64| {
            let ((_, slope), (right, _), (left, _)) = (all[i].at(*z)?, all[i].at(z + H)?, all[i].at(z - H)?);
            Some((slope - (right - left) / (2.0 * H)).abs())
        };
        // Kinks and jumps lie at 0.
        grid.iter().filter(|z| z.abs() > 2.0 * H).filter_map(off).fold(0.0, f64::max)
    });
    let slope = slope.map(|_, n| n.compare(0.0, 0.0, TOLERANCE, "thesis fig. 2.1: f' is the derivative of f"));
    record.list(&[&slope]);
    let elu = name.places().find(|i| name.key(*i) == "elu").expect("an activation");
    record.claims.push(Claim::of("fig2.1", "f' is the derivative of f (ELU, largest deviation)", slope.at(elu)));
    let panel = |a: &Activation| {
        let curve = |label: &str, of: fn((f64, f64)) -> f64| {
            Curve::new(label, grid.as_slice(), grid.iter().map(|z| a.at(*z).map_or(f64::NAN, of)).collect::<Vec<_>>())
        };
        let title = match a {
            Activation::LeakyRelu { alpha } => format!("leaky ReLU, alpha = {alpha}"),
            other => other.name().to_string(),
        };
        let (x, y) = (Axis::new("z").limits(-RANGE, RANGE), Axis::new("").limits(-1.2, 2.0));
        Panel::curves(title, x, y, [curve("f(z)", |f| f.0), curve("f'(z)", |f| f.1).style(Style::Dashed)])
    };
    let figure = Figure::new("fig2.1", "Activations and their derivatives").caption(
        "f(z) and, dashed, f'(z). Softmax belongs to a whole layer and is not drawn; what of a function lies beyond y \
         = 2 is cut off.",
        "Seven activations: straight, step, two sigmoids, and three that bend at 0.",
    );
    record.sections.push(Section::new("Activations").figures([figure.panels(all.iter().map(panel))]));
}

pub(super) fn architectures(record: &mut Record) {
    let mlp: usize = MLP.windows(2).map(|w| (w[0] + 1) * w[1]).sum();
    let rbm = RBM[0] * RBM[1] + RBM[0] + RBM[1];
    for (key, count, how) in [
        ("mlp", mlp, "weights and biases of 100-64-25"),
        ("rbm", rbm, "weights and biases of 100 visible and 25 hidden units"),
    ] {
        record.numbers.push(Number::new(format!("toolbox.parameters.{key}"), count as f64, None, "1", how));
    }
    let thermometer = network(
        Figure::new("fig2.3", "The thermometer of section 4.3, a multilayer perceptron"),
        "Input: the spins of 10 x 10 sites; output: P(T) of 25 temperatures. Six units of each layer are drawn.",
        &[("spins", MLP[0]), ("tanh", MLP[1]), ("softmax", MLP[2])],
    );
    let machine = network(
        Figure::new("fig2.4", "The restricted Boltzmann machine of section 4.3"),
        "Visible units: the spins; hidden ones: 5 x 5. Six units of each layer are drawn.",
        &[("visible", RBM[0]), ("hidden", RBM[1])],
    );
    record.sections.push(Section::new("Architectures").figures([thermometer, machine]));
}

/// Drawing of layers `(name, units)` from left to right, every unit connected to all units of the next layer.
fn network(figure: Figure, caption: &str, layers: &[(&str, usize)]) -> Figure {
    let places = |layer: usize| {
        let n = layers[layer].1.min(SHOWN);
        (0..n).map(move |unit| (layer as f64, unit as f64 - 0.5 * (n as f64 - 1.0)))
    };
    let pairs =
        (1..layers.len()).flat_map(|layer| places(layer - 1).flat_map(move |a| places(layer).map(move |b| (a, b))));
    let (x, y): (Vec<f64>, Vec<f64>) = pairs.flat_map(|(a, b)| [a, b, (b.0, f64::NAN)]).unzip();
    let units = layers.iter().enumerate().map(|(layer, (name, n))| {
        let (x, y): (Vec<f64>, Vec<f64>) = places(layer).unzip();
        let label = if *n > SHOWN { format!("{name}: {SHOWN} of {n}") } else { format!("{name}: {n}") };
        Curve::new(label, x, y).style(Style::Points)
    });
    let axes = (Axis::new("layer").limits(-0.3, layers.len() as f64 - 0.7), Axis::new("unit").limits(-3.5, 3.5));
    let alt = format!("{} columns of units, each unit joined with all units of the next column.", layers.len());
    let curves = [Curve::new("weights", x, y)].into_iter().chain(units);
    figure.caption(caption, alt).panels([Panel::curves("", axes.0, axes.1, curves)])
}
