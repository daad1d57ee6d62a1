//! Figures as data: panels of curves with error bars, maps and lattice pictures.

use super::{Dimension, Number, Sample};
use serde::{Deserialize, Serialize};

/// A figure: one or more panels under one caption.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Figure {
    /// File stem, such as `fig4.6` or `t-star-by-step`.
    pub id: String,
    /// Title.
    pub title: String,
    /// Description of the content and how it was made.
    pub caption: String,
    /// Text alternative: what the picture shows, in a sentence.
    pub alt: String,
    /// Panels, drawn side by side (wrapping on a narrow page).
    pub panels: Vec<Panel>,
}

/// One panel.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Panel {
    /// Curves over an x axis.
    Curves {
        /// Heading of the panel.
        title: String,
        /// Horizontal axis.
        x: Axis,
        /// Vertical axis.
        y: Axis,
        /// The curves.
        curves: Vec<Curve>,
    },
    /// A colour map: `values[row][column]`.
    Map(Map),
    /// Pictures of spins on lattices, of images, of weights.
    Lattices {
        /// Heading of the panel.
        title: String,
        /// Rows of pictures (such as one start temperature each), columns such as steps.
        rows: Vec<Vec<Lattice>>,
        /// Meaning of the colours of all its pictures.
        #[serde(default)]
        shades: Shades,
    },
    /// Arrows between values, one line each (a flow diagram such as fig 4.9).
    Arrows {
        /// Heading of the panel.
        title: String,
        /// Horizontal axis.
        x: Axis,
        /// Strips of arrows, one above the other: each has a label and arrows `(from, to)` on the axis.
        strips: Vec<(String, Vec<(f64, f64)>)>,
        /// Vertical lines with labels (such as T_c).
        marks: Vec<(f64, String)>,
    },
}

/// An axis.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Axis {
    /// Label with unit, such as `T (J/k_B)`.
    pub label: String,
    /// Linear or logarithmic. `Scale::Log` with the value 0 draws it at the left end (`step 0`).
    pub scale: Scale,
    /// Fixed limits; `None` fits the data.
    pub limits: Option<[f64; 2]>,
    /// Names of the positions 0, 1, 2 ..., in place of numbers at the ticks; empty for an axis of numbers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
}

/// Scale of an axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scale {
    /// Linear.
    #[default]
    Linear,
    /// Logarithmic.
    Log,
}

/// A curve: points with optional error bars.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Curve {
    /// Name in the legend.
    pub label: String,
    /// x values, NaN = gap (null in JSON).
    #[serde(with = "nan_as_null")]
    pub x: Vec<f64>,
    /// y values, NaN = gap (null in JSON).
    #[serde(with = "nan_as_null")]
    pub y: Vec<f64>,
    /// One standard error of each y, or empty.
    #[serde(with = "nan_as_null")]
    pub error: Vec<f64>,
    /// Style of drawing.
    pub style: Style,
    /// Position in [0, 1] on a cold-to-hot colour scale (temperatures); `None` takes the next colour of the palette.
    pub colour: Option<f64>,
}

/// Style of a curve.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Style {
    /// Line.
    #[default]
    Line,
    /// Line with points.
    LinePoints,
    /// Points.
    Points,
    /// Dashed line, for references such as exact values and the null.
    Dashed,
}

/// A colour map.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Map {
    /// Heading of the panel.
    pub title: String,
    /// Horizontal axis.
    pub x: Axis,
    /// Vertical axis.
    pub y: Axis,
    /// Axis of the colour scale.
    pub value: Axis,
    /// Column positions.
    pub columns: Vec<f64>,
    /// Row positions.
    pub rows: Vec<f64>,
    /// `values[row][column]`, NaN = none.
    pub values: Vec<Vec<Frame>>,
    /// Text in each cell, `texts[row][column]`: cells then have equal sizes and ticks at their values, and a cell with
    /// a text but no value (a bound) is hatched. Empty: cells reach halfway to their neighbours.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub texts: Vec<Vec<String>>,
}

/// A value of a map with its error.
pub type Frame = (Option<f64>, Option<f64>);

/// A picture of a lattice.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Lattice {
    /// Text below the picture.
    pub label: String,
    /// Width in sites.
    pub width: usize,
    /// Values in their own units, row by row; [`Shades`] maps them to colours.
    pub values: Vec<f32>,
}

/// The colours of pictures: values from `low` to `high`, clipped there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shades {
    /// Value at the low end.
    pub low: f32,
    /// Value at the high end, above `low`.
    pub high: f32,
    /// Black to white, for images; otherwise diverging colours for both signs.
    pub grey: bool,
    /// Description of the values.
    pub what: String,
}

impl Default for Shades {
    /// Colours for spins and their expectation values.
    fn default() -> Self {
        Self { low: -1.0, high: 1.0, grey: false, what: "unit or its expectation value".into() }
    }
}

impl Shades {
    /// Colours for grey levels in [0, 1], or probabilities of {0, 1} units.
    pub fn grey() -> Self {
        Self { low: 0.0, grey: true, ..Self::default() }
    }

    /// Symmetric colours up to the largest absolute value in `pictures`.
    pub fn symmetric<'a>(pictures: impl IntoIterator<Item = &'a Lattice>, what: &str) -> Self {
        let values = pictures.into_iter().flat_map(|picture| &picture.values);
        let largest = values.filter(|v| v.is_finite()).fold(0.0f32, |most, v| most.max(v.abs()));
        let high = if largest > 0.0 { largest } else { 1.0 };
        Self { low: -high, high, grey: false, what: what.into() }
    }
}

mod nan_as_null {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(values: &[f64], to: S) -> Result<S::Ok, S::Error> {
        values.iter().map(|v| v.is_finite().then_some(*v)).collect::<Vec<_>>().serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<f64>, D::Error> {
        Ok(Vec::<Option<f64>>::deserialize(from)?.into_iter().map(|v| v.unwrap_or(f64::NAN)).collect())
    }
}

impl Figure {
    /// A figure without panels.
    pub fn new(id: impl Into<String>, title: impl Into<String>) -> Self {
        Self { id: id.into(), title: title.into(), ..Self::default() }
    }

    /// Sets the caption and the text alternative.
    pub fn caption(self, caption: impl Into<String>, alt: impl Into<String>) -> Self {
        Self { caption: caption.into(), alt: alt.into(), ..self }
    }

    /// Appends panels.
    pub fn panels(mut self, panels: impl IntoIterator<Item = Panel>) -> Self {
        self.panels.extend(panels);
        self
    }
}

/// A side of a colour map: its axis, and the dimension whose places lie along it.
#[derive(Clone, Debug)]
pub struct Side<'a> {
    axis: Axis,
    dimension: &'a Dimension,
}

impl Dimension {
    /// This dimension along an axis.
    pub fn along(&self, axis: impl Into<Axis>) -> Side<'_> {
        Side { axis: axis.into(), dimension: self }
    }
}

impl Panel {
    /// Curves over an x axis.
    pub fn curves(
        title: impl Into<String>,
        x: impl Into<Axis>,
        y: impl Into<Axis>,
        curves: impl IntoIterator<Item = Curve>,
    ) -> Self {
        Panel::Curves { title: title.into(), x: x.into(), y: y.into(), curves: curves.into_iter().collect() }
    }

    /// A colour map of the number `of` each row and column, at the positions of their dimensions. A bound is not a
    /// value: its cell is empty.
    pub fn map<'a>(
        title: impl Into<String>,
        x: Side,
        y: Side,
        value: impl Into<Axis>,
        of: impl Fn(usize, usize) -> &'a Number,
    ) -> Self {
        let frame = |row, column| match of(row, column) {
            Number { interval: None, value, error, .. } => (*value, *error),
            _ => (None, None),
        };
        let (columns, rows) = (x.dimension, y.dimension);
        Panel::Map(Map {
            title: title.into(),
            x: x.axis,
            y: y.axis,
            value: value.into(),
            columns: columns.x().to_vec(),
            rows: rows.x().to_vec(),
            values: rows.places().map(|row| columns.places().map(|column| frame(row, column)).collect()).collect(),
            texts: Vec::new(),
        })
    }

    /// Pictures.
    pub fn lattices(title: impl Into<String>, rows: Vec<Vec<Lattice>>, shades: Shades) -> Self {
        Panel::Lattices { title: title.into(), rows, shades }
    }
}

impl Axis {
    /// A linear axis.
    pub fn new(label: impl Into<String>) -> Self {
        Self { label: label.into(), ..Self::default() }
    }

    /// A logarithmic axis.
    pub fn log(label: impl Into<String>) -> Self {
        Self { scale: Scale::Log, ..Self::new(label) }
    }

    /// An axis of names, which stand at 0, 1, 2 ...
    ///
    /// # Examples
    /// ```
    /// use rgflow_lab::record::Axis;
    ///
    /// assert_eq!(Axis::of_names("method", ["cd", "pcd"]).names, ["cd", "pcd"]);
    /// ```
    pub fn of_names<N: Into<String>>(label: impl Into<String>, names: impl IntoIterator<Item = N>) -> Self {
        Self { names: names.into_iter().map(Into::into).collect(), ..Self::new(label) }
    }

    /// Sets fixed limits.
    pub fn limits(self, low: f64, high: f64) -> Self {
        Self { limits: Some([low, high]), ..self }
    }
}

impl From<&str> for Axis {
    fn from(label: &str) -> Self {
        Self::new(label)
    }
}

impl Curve {
    /// A line through points without errors.
    pub fn new(label: impl Into<String>, x: impl Into<Vec<f64>>, y: impl Into<Vec<f64>>) -> Self {
        Self { label: label.into(), x: x.into(), y: y.into(), ..Self::default() }
    }

    /// A line with points through numbers, with their errors. A number known only to lie in a range is drawn at the
    /// middle with a bar of that width; an open range is a gap.
    pub fn through<'a>(label: impl Into<String>, x: &[f64], numbers: impl IntoIterator<Item = &'a Number>) -> Self {
        let point = |n: &Number| match n.interval {
            None => (n.value.unwrap_or(f64::NAN), n.error.unwrap_or(f64::NAN)),
            Some([Some(low), Some(high)]) => ((low + high) / 2.0, (high - low) / 2.0),
            Some(_) => (f64::NAN, f64::NAN),
        };
        let (y, error) = numbers.into_iter().map(point).unzip();
        Self { label: label.into(), x: x.to_vec(), y, error, style: Style::LinePoints, colour: None }
    }

    /// A line with points through measured values, with their errors; a gap where there is none.
    pub fn measured<S: Sample>(label: impl Into<String>, x: &[f64], values: impl IntoIterator<Item = S>) -> Self {
        let (y, error) = values.into_iter().map(|value| value.sample().unwrap_or((f64::NAN, f64::NAN))).unzip();
        Self { label: label.into(), x: x.to_vec(), y, error, style: Style::LinePoints, colour: None }
    }

    /// A dashed reference at the height `y` from one end of `x` to the other.
    pub fn level(label: impl Into<String>, x: &[f64], y: f64) -> Self {
        let ends: Vec<f64> = x.first().into_iter().chain(x.last()).copied().collect();
        let y = vec![y; ends.len()];
        Self::new(label, ends, y).style(Style::Dashed)
    }

    /// Sets the style.
    pub fn style(self, style: Style) -> Self {
        Self { style, ..self }
    }

    /// Sets the position in [0, 1] on the cold-to-hot scale.
    pub fn colour(self, colour: Option<f64>) -> Self {
        Self { colour, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_is_not_drawn_as_a_value() {
        let seen = Number::new("k", 2.0, Some(0.1), "1", "");
        let within = |interval| seen.clone().interval(Some(interval));
        let all = [seen.clone(), within([Some(1.0), Some(4.0)]), within([Some(5.75), None])];
        let drawn = Curve::through("T*", &[1.0, 2.0, 3.0], &all);
        assert_eq!((&drawn.y[..2], &drawn.error[..2]), (&[2.0, 2.5][..], &[0.1, 1.5][..]));
        assert!(drawn.y[2].is_nan());
    }

    #[test]
    fn a_point_without_a_place_is_read_back_as_it_was() {
        let curve = Curve { x: vec![1.0, f64::NAN], y: vec![f64::INFINITY, 2.0], ..Curve::default() };
        let back: Curve = serde_json::from_str(&serde_json::to_string(&curve).unwrap()).unwrap();
        assert!(back.x[0] == 1.0 && back.x[1].is_nan() && back.y[0].is_nan() && back.y[1] == 2.0);
    }
}
