//! Series of the square lattice at high and low temperatures, with their graphs (figures 3.2 and 3.3).

use super::exact;
use crate::study::prelude::*;
use rgflow::exact::series::{GRAPHS, Graph, Series, Variable};
use rgflow::exact::{Levels, density};

/// Highest order in the thesis.
const ORDER: usize = 8;
/// Orders that have graphs.
const ORDERS: [usize; 3] = [4, 6, ORDER];
/// Smallest error that f64 resolves in ln Z / N.
const SMALLEST: f64 = 1e-15;

pub(super) fn add_sections(settings: &super::Series, record: &mut Record) -> Result<(), Error> {
    let size = *settings.size;
    let (n, levels) = (size * size, density::square(size, size)?);
    let series = |variable| {
        let series = Series::new(variable, &levels, ORDER);
        series.ok_or_else(|| Error::failure("the torus has no series about its ground states"))
    };
    let (hot, cold) = (series(Variable::TanhK)?, series(Variable::ExpMinus2K)?);
    let numbers = |name: &str, equation: &str, found: &Series| {
        ORDERS.map(|order| {
            let how = format!("coefficient, exact, from the density of states of the torus of L = {size}");
            let source = format!("thesis eq. {equation} with N = {n}");
            let graphs: f64 = GRAPHS.iter().filter(|graph| graph.bonds == order).map(|graph| graph.count(n)).sum();
            let key = format!("series.{name}.order_{order}");
            exact(&key, found.coefficients[order], &how, (graphs, 0.0, &source))
        })
    };
    let (of_tanh, of_exp) = (numbers("tanh", "3.2.25", &hot), numbers("exp", "3.2.26", &cold));
    record.claims.extend([
        Claim::of("fig3.2", "coefficient of tanh^8 K: N(N + 9)/2", &of_tanh[2]),
        Claim::of("fig3.3", "coefficient of e^{-16 K}: N(N + 9)/2", &of_exp[2]),
    ]);
    let [four, six, eight] = ORDERS.map(|order| cold.coefficients[order]);
    record.answers.push(format!(
        "Both series have the coefficients {four:.0}, {six:.0} and {eight:.0} on the torus of {n} sites, counted \
         exactly: the thesis's N, 2N and N(N+9)/2."
    ));
    record.numbers.extend(of_tanh.into_iter().chain(of_exp));
    let graphs = Figure::new("fig3.2", "Closed graphs of the series in tanh K").caption(
        format!(
            "Left: every graph up to t^8 and how many of each there are. Right: by how much ln Z / N of the series \
             differs from the exact one, torus of L = {size}: it is of no use past K_c = 0.4407."
        ),
        "Seven closed graphs on a lattice; the error of the series grows with K.",
    );
    let islands = Figure::new("fig3.3", "Overturned spins of the series in e^{-2K}").caption(
        format!(
            "Top: every island up to x^8 and how many of each there are. Below: by how much ln Z / N of the series \
             differs from the exact one, torus of L = {size}."
        ),
        "Seven islands of overturned spins; the error of the series falls with K.",
    );
    let text = "At high temperatures Z is a sum over closed graphs, at low ones over islands of overturned spins; the \
                outline of an island is a closed graph, which is why the two series have the same coefficients.";
    record.sections.push(Section::new("Series of the square lattice").text(text).figures([
        graphs.panels([outlines(), errors(&levels, &hot, "t", "2 cosh^2 K")]),
        islands.panels([overturned(), errors(&levels, &cold, "x", "e^{2K}")]),
    ]));
    Ok(())
}

/// The graphs next to each other in two rows.
fn outlines() -> Panel {
    let curve = |(index, graph): (usize, &Graph)| {
        let (x0, y0) = (4.0 * (index % 4) as f64, if index < 4 { 3.5 } else { 0.0 });
        let (mut x, mut y) = (Vec::new(), Vec::new());
        for [from, to] in graph.outline() {
            // The line is broken after each bond.
            x.extend([from.0, to.0, to.0].map(|i| x0 + i as f64));
            y.extend([y0 + from.1 as f64, y0 + to.1 as f64, f64::NAN]);
        }
        Curve::new(format!("t^{}, {}: {}", graph.bonds, graph.name, graph.formula), x, y).style(Style::LinePoints)
    };
    let axis = |label: &str, high| Axis::new(label).limits(-0.5, high);
    let curves = GRAPHS.iter().enumerate().map(curve);
    Panel::curves("Closed graphs", axis("x (lattice spacings)", 15.5), axis("y", 6.0), curves)
}

/// The graphs as flipped spins.
fn overturned() -> Panel {
    let picture = |graph: &Graph| {
        const WIDTH: usize = 6;
        let mut values = vec![1.0; WIDTH * WIDTH];
        graph.cells.iter().for_each(|(i, j)| values[(j + 2) * WIDTH + i + 1] = -1.0);
        Lattice { label: format!("x^{}: {}", graph.bonds, graph.formula), width: WIDTH, values }
    };
    Panel::lattices("Overturned spins", vec![GRAPHS.iter().map(picture).collect()], Shades::default())
}

/// Truncation errors of the series by order; `first` names its order 0.
fn errors(levels: &Levels, series: &Series, variable: &str, first: &str) -> Panel {
    let k: Vec<f64> = (4..=100).map(|i| 0.01 * f64::from(i)).collect();
    let error = |order: usize, k: f64| {
        let exact = -k * levels.thermodynamics(Temperature::new(1.0 / k).ok()?).free_energy?;
        Some((series.ln_z_per_site(order, k) - exact).abs()).filter(|error| *error > SMALLEST)
    };
    let curve = |order: usize| {
        let label = if order == 0 { format!("{first} alone") } else { format!("to {variable}^{order}") };
        let errors: Vec<f64> = k.iter().map(|k| error(order, *k).unwrap_or(f64::NAN)).collect();
        Curve::new(label, k.as_slice(), errors)
    };
    Panel::curves("Error of ln Z / N", "K = J/T", Axis::log("|series - exact|"), [0, 4, 6, ORDER].map(curve))
}
