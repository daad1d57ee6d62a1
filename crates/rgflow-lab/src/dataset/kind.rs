//! Kind of the values of a data set; where they fit no kind, the position of the first misfit.

use super::{Dataset, Options, Origin, Values, doubts};
use ndarray::Array2;

/// Kind of the values of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// -1 and +1.
    Spins,
    /// 0 and 1.
    Bits,
    /// Real numbers in [0, 1], such as grey levels: probabilities of a {0, 1} unit.
    Grey,
    /// Any finite real numbers; only where the user asked for them.
    Real,
}

impl Kind {
    /// All kinds, each including values that the ones before it do not.
    pub const ALL: [Kind; 4] = [Kind::Spins, Kind::Bits, Kind::Grey, Kind::Real];

    /// Word for messages and files.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Spins => "spins (-1, +1)",
            Kind::Bits => "bits (0, 1)",
            Kind::Grey => "grey levels in [0, 1]",
            Kind::Real => "real numbers",
        }
    }

    /// The kind with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The two values of spins or bits.
    pub fn levels(self) -> Option<[f32; 2]> {
        match self {
            Kind::Spins => Some([-1.0, 1.0]),
            Kind::Bits => Some([0.0, 1.0]),
            Kind::Grey | Kind::Real => None,
        }
    }

    fn holds(self, v: f32) -> bool {
        match self {
            Kind::Spins => v == 1.0 || v == -1.0,
            Kind::Bits => v == 0.0 || v == 1.0,
            Kind::Grey => (0.0..=1.0).contains(&v),
            Kind::Real => v.is_finite(),
        }
    }
}

/// Kind of units with the two values `low` and `high`.
pub(super) fn of_levels(low: f32, high: f32) -> Kind {
    Kind::ALL.into_iter().find(|kind| kind.holds(low) && kind.holds(high)).unwrap_or(Kind::Real)
}

/// If fewer than one value in this many does not fit a kind, the data are of that kind and those few values are wrong.
const RARE: usize = 10;

/// Kind of `values`.
pub(super) fn of(values: &Values, origin: Option<&Origin>, options: &Options) -> Result<Kind, String> {
    let all = values;
    let values = match values {
        Values::Real(values) => values,
        Values::States(_) if values.find(|v| v != 0.0).is_none() => return Ok(Kind::Spins),
        Values::States(_) if values.find(|v| v != -1.0).is_none() => return Ok(Kind::Bits),
        // These are refused, or are real numbers the user asked for.
        Values::States(states) => &states.mapv(f32::from),
    };
    let place = |(r, c): (usize, usize)| match origin {
        // Samples are counted by rows; lines include names and comments.
        Some(o) => match (o.lines.get(r), o.columns.get(c)) {
            (Some(line), Some(c)) if *line != r as u64 + 1 => format!("row {} (line {line}), column {}", r + 1, c + 1),
            (_, c) => format!("row {}, column {}", r + 1, c.map_or(0, |c| c + 1)),
        },
        None => format!("row {}, column {}", r + 1, c + 1),
    };
    let first = |kind: Kind| values.indexed_iter().find(|(_, v)| !kind.holds(**v));
    if let Some((at, v)) = first(Kind::Real) {
        return Err(format!("{v} in {}: every value must be a finite number; clean the data", place(at)));
    }
    if let Some(kind) = Kind::ALL[..3].iter().find(|kind| values.iter().all(|v| kind.holds(*v))) {
        return Ok(*kind);
    }
    let is_of_units = |[low, high]: [f32; 2]| values.iter().all(|v| *v == low || *v == high);
    if options.real || options.levels.is_some_and(is_of_units) {
        return Ok(Kind::Real);
    }
    let largest = values.iter().copied().fold(0.0f32, f32::max);
    // Bytes of grey seldom reach their largest value in few pictures.
    let bytes = largest > 127.0 && values.iter().all(|v| (0.0..=255.0).contains(v) && v.fract() == 0.0);
    let scale = match bytes {
        true => "divide bytes of grey by 255, with --scale 255 (grey levels are probabilities of {0, 1} units and \
            never thresholded), or write bits, as v > 127, where states are meant"
            .to_string(),
        false => format!("divide by the largest value ({largest}), with --scale {largest} if 0 means nothing"),
    };
    let few = Dataset::few_states(all).filter(|_| options.states && !bytes);
    let few = few.map_or(String::new(), |q| format!(", or, if they are states, take --units categorical:{q}"));
    let two = two_values(values).filter(|_| options.states && !bytes);
    let two = two.map(|[low, high]| format!(", or, if they are the two states of a unit, take --units={low},{high}"));
    let few = two.unwrap_or(few);
    let allow = if options.allow.is_empty() { String::new() } else { format!(", or {}{few}", options.allow) };
    let odd = |kind: &Kind| values.iter().filter(|v| !kind.holds(**v)).count();
    let counts = Kind::ALL[..3].iter().map(|kind| (odd(kind), *kind));
    if let Some((n, kind)) = counts.min_by_key(|(n, _)| *n).filter(|(n, _)| n * RARE < values.len())
        && let Some((at, v)) = first(kind)
    {
        let among = match kind {
            Kind::Spins => "-1 and +1",
            Kind::Bits => "0 and 1",
            _ => "grey levels in [0, 1]",
        };
        let times =
            if n == 1 { "the only such value".into() } else { format!("{n} of {} values are odd", values.len()) };
        let scaled = kind != Kind::Spins && values.iter().all(|v| *v >= 0.0);
        let scaled = if scaled { format!(" or {scale}") } else { String::new() };
        let column = label_column(values, origin, options, kind);
        let column = column.map_or(String::new(), |name| format!("; if column {name} is a label, add --labels {name}"));
        return Err(format!("{} is {v} among {among} ({times}); correct it{scaled}{allow}{column}", place(at)));
    }
    let (at, v) = first(Kind::Grey).unwrap_or(((0, 0), &0.0));
    let (remedy, allow) = match *v < 0.0 {
        _ if doubts::are_angles(all) => (format!("if they are angles, {}", doubts::AS_UNITS), String::new()),
        true => ("map the data to one of these".to_string(), allow),
        false => (scale, allow),
    };
    let column = Kind::ALL[..3].iter().find_map(|kind| label_column(values, origin, options, *kind));
    let column = column.map_or(String::new(), |name| format!("; if column {name} is a label, add --labels {name}"));
    Err(format!(
        "{v} in {}: the values are neither spins (-1, +1), nor bits (0, 1), nor grey levels in [0, 1]; \
         {remedy}{allow}{column}",
        place(at)
    ))
}

/// The two values that occur, if there are two.
fn two_values(values: &Array2<f32>) -> Option<[f32; 2]> {
    let first = *values.iter().next()?;
    let second = *values.iter().find(|v| **v != first)?;
    let both = values.iter().all(|v| *v == first || *v == second);
    both.then_some([first.min(second), first.max(second)])
}

/// The column that holds all values that are not of the `kind`, as the user names it: it may be a label.
fn label_column(values: &Array2<f32>, origin: Option<&Origin>, options: &Options, kind: Kind) -> Option<String> {
    let is_odd = |unit: &usize| values.column(*unit).iter().any(|v| !kind.holds(*v));
    let odd: Vec<usize> = (0..values.ncols()).filter(is_odd).collect();
    let [unit] = odd[..] else { return None };
    if values.ncols() < 2 {
        return None;
    }
    let several = values.column(unit).iter().filter(|v| !kind.holds(**v)).count() > 1;
    origin.filter(|_| several && options.labels.is_empty()).map(|origin| origin.title(unit))
}
