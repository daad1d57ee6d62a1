//! Axes: from data to limits, positions and round ticks.

use crate::record::format::{significant, superscript, typographic};
use crate::record::{Axis, Scale};

/// A fitted axis. Positions are taken in `u`: the value itself, or its decimal logarithm.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Ruler {
    /// Whether the axis is logarithmic.
    pub log: bool,
    /// Left (lower) end in `u`.
    pub lo: f64,
    /// Right (upper) end in `u`.
    pub hi: f64,
    /// Position of the value 0 on a logarithmic axis, if the data contain it: left of the smallest positive value.
    pub zero: Option<f64>,
    /// Labels of the positions 0, 1, 2 ...; empty for an axis of numbers.
    pub names: Vec<String>,
}

/// A tick: its position in `u`, and its label (empty for a minor tick).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tick {
    /// Position in `u`.
    pub u: f64,
    /// Label.
    pub label: String,
}

impl Ruler {
    /// Limits that include all of `values` (ignoring those not finite), or the axis's own; `padding` is the part added
    /// at both ends.
    pub(crate) fn fit(axis: &Axis, values: impl Iterator<Item = f64>, padding: f64) -> Self {
        if !axis.names.is_empty() {
            return Self::named(axis.names.iter().map(|name| typographic(name)).collect());
        }
        let values: Vec<f64> = values.filter(|v| v.is_finite()).collect();
        let limits = axis.limits.filter(|[a, b]| a.is_finite() && b.is_finite() && a < b);
        match axis.scale {
            Scale::Linear => Self::linear(limits, &values, padding),
            Scale::Log => Self::log(limits, &values, padding),
        }
    }

    fn linear(limits: Option<[f64; 2]>, values: &[f64], padding: f64) -> Self {
        if let Some([lo, hi]) = limits {
            return Self { log: false, lo, hi, zero: None, names: Vec::new() };
        }
        let (low, high) = extent(values).unwrap_or((0.0, 1.0));
        let width = if high > low { high - low } else { (0.1 * high.abs()).max(0.5) };
        let (mut lo, mut hi) = if high > low { (low, high) } else { (low - width, high + width) };
        // Data that begin near 0 get an axis from 0: probabilities and counts have no negative part.
        if !(low >= 0.0 && low < 0.02 * high) {
            lo -= padding * width;
        }
        hi += padding * width;
        Self { log: false, lo, hi, zero: None, names: Vec::new() }
    }

    fn log(limits: Option<[f64; 2]>, values: &[f64], padding: f64) -> Self {
        let positive: Vec<f64> = values.iter().copied().filter(|v| *v > 0.0).collect();
        let (low, high) = extent(&positive).unwrap_or((1.0, 10.0));
        let (mut lo, mut hi) = (low.log10(), high.log10());
        let mut has_zero = values.contains(&0.0);
        let mut padding = padding;
        if let Some([a, b]) = limits
            && b > 0.0
        {
            padding = 0.0;
            hi = b.log10();
            if a > 0.0 {
                lo = a.log10();
                has_zero = false;
            }
        }
        if hi - lo < 1e-9 {
            (lo, hi) = (lo - 0.5, lo + 0.5);
        }
        let width = hi - lo;
        let zero = has_zero.then(|| lo - (0.1 * width).max(0.3));
        Self { log: true, lo: zero.unwrap_or(lo) - padding * width, hi: hi + padding * width, zero, names: Vec::new() }
    }

    /// Position of a value in `u`; `None` if it has none.
    pub(crate) fn u(&self, value: f64) -> Option<f64> {
        match (self.log, value) {
            (_, v) if !v.is_finite() => None,
            (false, v) => Some(v),
            (true, v) if v > 0.0 => Some(v.log10()),
            (true, 0.0) => self.zero,
            (true, _) => None,
        }
    }

    /// Position as a fraction of the axis, 0 at `lo`, 1 at `hi`.
    pub(crate) fn fraction(&self, u: f64) -> f64 {
        (u - self.lo) / (self.hi - self.lo)
    }

    /// An axis of cells of equal size in the order of `values`, with a label for each: its name, or the value.
    pub(crate) fn cells(axis: &Axis, values: &[f64]) -> Self {
        let name = |(i, value): (usize, &f64)| axis.names.get(i).cloned().unwrap_or_else(|| value.to_string());
        Self::named(values.iter().enumerate().map(name).map(|name| typographic(&name)).collect())
    }

    fn named(names: Vec<String>) -> Self {
        Self { log: false, lo: -0.5, hi: names.len().max(1) as f64 - 0.5, zero: None, names }
    }

    /// Round ticks, about `target` of them with a label; on an axis of cells one for each.
    pub(crate) fn ticks(&self, target: usize) -> Vec<Tick> {
        if !self.names.is_empty() {
            let all = self.names.iter().zip(0..).map(|(name, at)| Tick { u: f64::from(at), label: name.clone() });
            return all.filter(|tick| (self.lo..=self.hi).contains(&tick.u)).collect();
        }
        if !self.log {
            return linear_ticks(self.lo, self.hi, target).into_iter().map(|(u, label)| Tick { u, label }).collect();
        }
        let mut ticks: Vec<Tick> =
            self.zero.filter(|z| *z >= self.lo - 1e-9).map(|u| Tick { u, label: "0".into() }).into_iter().collect();
        // Ticks keep a distance from the position of 0: there is no 0.5 between 0 and step 1.
        let lo = self.zero.map_or(self.lo, |z| self.lo.max(z + 0.2));
        let (first, last) = ((lo - 1e-9).ceil() as i32, (self.hi + 1e-9).floor() as i32);
        let decades = last - first + 1;
        if decades < 2 {
            let steps = (first - 1..=last).flat_map(|p| [1, 2, 5].map(|m| (p, m)));
            let round =
                steps.map(|(p, m)| (f64::from(p) + f64::from(m).log10(), significant(f64::from(m) * 10f64.powi(p), 1)));
            let round: Vec<_> = round.filter(|(u, _)| *u >= lo && *u <= self.hi).collect();
            if round.len() >= 3 {
                ticks.extend(round.into_iter().map(|(u, label)| Tick { u, label: typographic(&label) }));
                return ticks;
            }
            let inside = linear_ticks(10f64.powf(lo), 10f64.powf(self.hi), target);
            ticks.extend(inside.into_iter().filter(|(v, _)| *v > 0.0).map(|(v, label)| Tick { u: v.log10(), label }));
            return ticks;
        }
        let stride = (decades as usize).div_ceil(target.max(1) + 2).max(1) as i32;
        let plain = first >= -3 && last <= 4;
        for power in first - 1..=last {
            if power >= first {
                let label = if (power - first) % stride == 0 { power_of_ten(power, plain) } else { String::new() };
                ticks.push(Tick { u: f64::from(power), label });
            }
            if decades <= 7 {
                let minor =
                    (2..10).map(|m| f64::from(power) + f64::from(m).log10()).filter(|u| *u >= lo && *u <= self.hi);
                ticks.extend(minor.map(|u| Tick { u, label: String::new() }));
            }
        }
        ticks
    }
}

/// Multiples of 1, 2 or 5 times a power of ten between `lo` and `hi` with their labels.
pub(crate) fn linear_ticks(lo: f64, hi: f64, target: usize) -> Vec<(f64, String)> {
    let width = hi - lo;
    if !(width.is_finite() && width > 0.0) {
        return Vec::new();
    }
    let raw = width / target.max(1) as f64;
    let power = raw.log10().floor();
    let base = 10f64.powf(power);
    // The nearest round step, not the next larger one: for five requested ticks there may be three to seven.
    let step = base
        * [(1.4, 1.0), (3.0, 2.0), (7.0, 5.0)].iter().find(|(end, _)| raw < end * base).map_or(10.0, |(_, step)| *step);
    let decimals = (-(step.log10() + 1e-9).floor()).max(0.0) as usize;
    let (first, last) = ((lo / step - 1e-6).ceil(), (hi / step + 1e-6).floor());
    let largest = lo.abs().max(hi.abs());
    // A range so narrow that f64 cannot distinguish its ticks has none.
    if !(first.is_finite() && last - first < 200.0 && largest / step < 1e12) {
        return Vec::new();
    }
    let count = (last - first).max(-1.0) as i64 + 1;
    (0..count)
        .map(|i| {
            let value = (first + i as f64) * step;
            let label = if value.abs() < step * 1e-6 {
                "0".to_string()
            } else if largest >= 1e6 || decimals > 5 {
                let digits = ((largest / step).log10().ceil() as usize).min(12);
                let text = format!("{value:.digits$e}");
                let (mantissa, power) = text.split_once('e').unwrap_or((&text, "0"));
                let mantissa = if mantissa.contains('.') {
                    mantissa.trim_end_matches('0').trim_end_matches('.')
                } else {
                    mantissa
                };
                format!("{mantissa}·10{}", superscript(power))
            } else {
                format!("{value:.decimals$}")
            };
            (value, label.replace('-', "−"))
        })
        .collect()
}

/// `plain`: written out, which is used for all labels of an axis if they are short enough.
fn power_of_ten(power: i32, plain: bool) -> String {
    match power {
        0 => "1".into(),
        _ if !plain => format!("10{}", superscript(&power.to_string())),
        1..=4 => format!("1{}", "0".repeat(power as usize)),
        -3..=-1 => format!("0.{}1", "0".repeat((-power - 1) as usize)),
        _ => format!("10{}", superscript(&power.to_string())),
    }
}

fn extent(values: &[f64]) -> Option<(f64, f64)> {
    values.iter().fold(None, |range, &v| {
        let (a, b) = range.unwrap_or((v, v));
        Some((f64::min(a, v), f64::max(b, v)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(ruler: &Ruler, target: usize) -> Vec<String> {
        ruler.ticks(target).into_iter().map(|t| t.label).filter(|l| !l.is_empty()).collect()
    }

    #[test]
    fn linear_ticks_are_round() {
        let texts = |lo, hi| linear_ticks(lo, hi, 6).into_iter().map(|t| t.1).collect::<Vec<_>>();
        assert_eq!(texts(0.0, 6.0), ["0", "1", "2", "3", "4", "5", "6"]);
        assert_eq!(texts(-0.21, 0.34), ["−0.2", "−0.1", "0", "0.1", "0.2", "0.3"]);
        assert_eq!(texts(0.0, 0.0), Vec::<String>::new());
        assert!(texts(1e15, 1e15 + 1.0).len() < 200);
        assert_eq!(texts(0.0, 3e6)[1], "5·10⁵");
    }

    #[test]
    fn zero_sits_left_of_a_log_axis() {
        let axis = Axis { scale: Scale::Log, ..Axis::default() };
        let ruler = Ruler::fit(&axis, [0.0, 1.0, 10.0, 1000.0].into_iter(), 0.0);
        assert_eq!(labels(&ruler, 6), ["0", "1", "10", "100", "1000"]);
        let zero = ruler.u(0.0).expect("0 has a place");
        assert_eq!(ruler.fraction(zero), 0.0);
        assert!(ruler.u(1.0).expect("1 has a place") > zero);
        assert_eq!(ruler.u(-1.0), None);
        assert_eq!(ruler.u(f64::NAN), None);
    }

    #[test]
    fn degenerate_data_has_an_axis() {
        for scale in [Scale::Linear, Scale::Log] {
            let axis = Axis { scale, ..Axis::default() };
            for values in [vec![], vec![f64::NAN], vec![0.0], vec![3.0], vec![-1.0, -1.0]] {
                let ruler = Ruler::fit(&axis, values.into_iter(), 0.05);
                assert!(ruler.hi > ruler.lo && !ruler.ticks(5).is_empty());
            }
        }
    }
}
