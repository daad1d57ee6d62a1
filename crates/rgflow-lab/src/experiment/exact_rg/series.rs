//! Series of the square lattice at high and low temperatures, with their graphs (figures 3.2 and 3.3).

use super::Part;
use super::settings::Series;
use crate::artifact::Error;
use crate::record::{Axis, Curve, Figure, Lattice, Number, Panel, Scale, Section, Shades, Style};
use rgflow::exact::{Levels, density, series};
use rgflow::lattice::Temperature;

/// Highest order of the thesis.
const ORDER: usize = 8;
/// Digits of ln Z / N that are there.
const SMALLEST: f64 = 1e-15;

/// A graph by the cells that it encloses: its name, the number of its kind on N sites as text, and the cells.
type Shape = (usize, &'static str, &'static str, &'static [(usize, usize)]);

/// Every graph of up to eight bonds that does not go around the torus.
const SHAPES: [Shape; 7] = [
    (4, "one cell", "N", &[(0, 0)]),
    (6, "two in a row", "2N", &[(0, 0), (1, 0)]),
    (8, "three in a row", "2N", &[(0, 0), (1, 0), (2, 0)]),
    (8, "corner", "4N", &[(0, 0), (1, 0), (0, 1)]),
    (8, "block", "N", &[(0, 0), (1, 0), (0, 1), (1, 1)]),
    (8, "corner to corner", "2N", &[(0, 0), (1, 1)]),
    (8, "apart", "N(N-9)/2", &[(0, 0), (2, 1)]),
];

pub(super) fn part(settings: &Series) -> Result<Part, Error> {
    let size = settings.size;
    let (n, bonds) = (size * size, 2 * size * size);
    let levels = density::square(size, size)?;
    let hot: Vec<f64> = series::in_tanh_k(&levels, bonds, ORDER)
        .iter()
        .map(|p| p.to_string().parse::<f64>().map_err(|e| Error::failure(e.to_string())))
        .collect::<Result<_, _>>()?;
    let cold: Vec<f64> = series::in_exp_minus_2k(&levels, bonds, ORDER)
        .ok_or_else(|| Error::failure("the torus has no series about its ground states"))?
        .iter()
        .map(|c| *c as f64)
        .collect();
    let expected = |order: usize| match order {
        4 => n as f64,
        6 => 2.0 * n as f64,
        _ => 0.5 * (n * (n + 9)) as f64,
    };
    let of = |name: &str, equation: &str, found: &[f64]| -> Vec<Number> {
        let how = format!("coefficient, exact, from the density of states of the torus of L = {size}");
        let one =
            |order: usize| {
                Number::new(format!("exact-rg.series.{name}.order_{order}"), found[order], None, "1", how.clone())
                    .compare(expected(order), 0.0, 0.0, format!("thesis eq. {equation} with N = {n}"))
            };
        [4, 6, 8].map(one).into()
    };
    let mut numbers = of("tanh", "3.2.25", &hot);
    numbers.extend(of("exp", "3.2.26", &cold));
    let answers = vec![format!(
        "Both series have the coefficients {:.0}, {:.0} and {:.0} on the torus of {n} sites, counted exactly: the thesis's N, 2N and N(N+9)/2.",
        cold[4], cold[6], cold[8]
    )];
    let sections = vec![Section {
        title: "Series of the square lattice".into(),
        text: vec![
            "At high temperatures Z is a sum over closed graphs, at low ones over islands of overturned spins; the outline of an island is a \
             closed graph, which is why the two series have the same coefficients."
                .into(),
        ],
        figures: vec![
            Figure {
                id: "fig3.2".into(),
                title: "Closed graphs of the series in tanh K".into(),
                caption: format!(
                    "Left: every graph up to t^8 and how many of each there are. Right: by how much ln Z / N of the series differs from the exact \
                     one, torus of L = {size}: it is of no use past K_c = 0.4407."
                ),
                alt: "Seven closed graphs on a lattice; the error of the series grows with K.".into(),
                panels: vec![graphs(), errors(&levels, bonds, Side::Hot(&hot))],
            },
            Figure {
                id: "fig3.3".into(),
                title: "Overturned spins of the series in e^{-2K}".into(),
                caption: format!(
                    "Top: every island up to x^8 and how many of each there are. Below: by how much ln Z / N of the series differs from the \
                     exact one, torus of L = {size}."
                ),
                alt: "Seven islands of overturned spins; the error of the series falls with K.".into(),
                panels: vec![islands(), errors(&levels, bonds, Side::Cold(&cold))],
            },
        ],
        ..Section::default()
    }];
    Ok(Part { numbers, answers, sections, summary: None })
}

/// Outlines of the shapes, side by side in two rows.
fn graphs() -> Panel {
    let curve = |(index, (order, name, count, cells)): (usize, &Shape)| {
        let (x0, y0) = (4.0 * (index % 4) as f64, if index < 4 { 3.5 } else { 0.0 });
        let (mut x, mut y) = (Vec::new(), Vec::new());
        let cell = |i: isize, j: isize| cells.iter().any(|c| (c.0 as isize, c.1 as isize) == (i, j));
        for &(i, j) in *cells {
            let (i, j) = (i as isize, j as isize);
            let sides = [
                (i, j - 1, [0, 0, 1, 0]),
                (i, j + 1, [0, 1, 1, 1]),
                (i - 1, j, [0, 0, 0, 1]),
                (i + 1, j, [1, 0, 1, 1]),
            ];
            for (_, _, [a, b, c, d]) in sides.iter().filter(|(p, q, _)| !cell(*p, *q)) {
                for (dx, dy) in [(a, b), (c, d)] {
                    x.push(x0 + (i + dx) as f64);
                    y.push(y0 + (j + dy) as f64);
                }
                x.push(*x.last().unwrap_or(&0.0));
                y.push(f64::NAN);
            }
        }
        Curve { label: format!("t^{order}, {name}: {count}"), x, y, style: Style::LinePoints, ..Curve::default() }
    };
    let axis = |label: &str, high| Axis { label: label.into(), limits: Some([-0.5, high]), ..Axis::default() };
    Panel::Curves {
        title: "Closed graphs".into(),
        x: axis("x (lattice spacings)", 15.5),
        y: axis("y", 6.0),
        curves: SHAPES.iter().enumerate().map(curve).collect(),
    }
}

/// The shapes as overturned spins.
fn islands() -> Panel {
    let picture = |(order, _, count, cells): &Shape| {
        const WIDTH: usize = 6;
        let mut values = vec![1.0; WIDTH * WIDTH];
        cells.iter().for_each(|(i, j)| values[(j + 2) * WIDTH + i + 1] = -1.0);
        Lattice { label: format!("x^{order}: {count}"), width: WIDTH, values }
    };
    Panel::Lattices {
        title: "Overturned spins".into(),
        rows: vec![SHAPES.iter().map(picture).collect()],
        shades: Shades::default(),
    }
}

/// Coefficients of a series.
enum Side<'a> {
    Hot(&'a [f64]),
    Cold(&'a [f64]),
}

impl Side<'_> {
    /// ln Z per site of the series up to `order`.
    fn ln_z(&self, k: f64, n: f64, order: usize) -> f64 {
        let (front, argument, coefficients) = match self {
            Self::Hot(c) => (libm::log(2.0 * libm::cosh(k).powi(2)), libm::tanh(k), c),
            Self::Cold(c) => (2.0 * k + libm::log(2.0) / n, libm::exp(-2.0 * k), c),
        };
        let sum: f64 = coefficients[1..=order].iter().rev().fold(0.0, |sum, c| (sum + c) * argument);
        front + libm::log1p(sum) / n
    }
}

fn errors(levels: &Levels, bonds: usize, side: Side) -> Panel {
    let n = levels.n_sites() as f64;
    let exact = |k: f64| {
        let found = Temperature::new(1.0 / k).ok().and_then(|t| levels.thermodynamics(t).free_energy);
        found.map_or(f64::NAN, |f| -k * f)
    };
    let k: Vec<f64> = (4..=100).map(|i| 0.01 * f64::from(i)).collect();
    let exact: Vec<f64> = k.iter().map(|k| exact(*k)).collect();
    let (variable, from) = match side {
        Side::Hot(_) => ("t", "2 cosh^2 K alone"),
        Side::Cold(_) => ("x", "e^{2K} alone"),
    };
    debug_assert_eq!(bonds as f64, 2.0 * n);
    let curve = |order: usize| {
        let apart = k.iter().zip(&exact).map(|(k, exact)| (side.ln_z(*k, n, order) - exact).abs());
        let label = if order == 0 { from.to_string() } else { format!("to {variable}^{order}") };
        let y = apart.map(|d| if d > SMALLEST { d } else { f64::NAN }).collect();
        Curve { label, x: k.clone(), y, ..Curve::default() }
    };
    Panel::Curves {
        title: "Error of ln Z / N".into(),
        x: Axis { label: "K = J/T".into(), ..Axis::default() },
        y: Axis { label: "|series - exact|".into(), scale: Scale::Log, limits: None },
        curves: [0, 4, 6, 8].map(curve).into(),
    }
}
