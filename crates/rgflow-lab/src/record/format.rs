//! Numbers as a physicist writes them: `2.25(3)`, `2.250(14)`, `<= 0.9`, `0.2 ... 0.9`.

use crate::record::Cell;

/// Sign for a missing value.
pub const MISSING: &str = "-";

/// A number of things: `1 sample`, `20 samples`.
pub fn counted(n: usize, thing: &str) -> String {
    format!("{n} {thing}{}", if n == 1 { "" } else { "s" })
}

/// A value with its standard error in the last digits: one significant digit, two when the first digit is 1.
///
/// `2.25(3)`, `2.250(14)`, `12.3(1.4)` (error across the decimal point), `1230(60)`, `1.20(3)e-7`. Without an error (or
/// with one that is 0 or not finite) the value alone, four significant digits; a value that is not finite is a dash.
///
/// ```
/// use rgflow_lab::record::format::value_with_error;
/// assert_eq!(value_with_error(2.2512, Some(0.031)), "2.25(3)");
/// assert_eq!(value_with_error(2.2512, Some(0.0143)), "2.251(14)");
/// ```
pub fn value_with_error(value: f64, error: Option<f64>) -> String {
    if !value.is_finite() {
        return MISSING.into();
    }
    // Variation by rounding alone is no error: the value is exact.
    let Some(error) = error.filter(|e| e.is_finite() && *e > 1e-13 * value.abs()) else { return significant(value, 4) };
    let largest = value.abs().max(error);
    let exponent = exponent(largest);
    if (-4..7).contains(&exponent) {
        return plain(value, error);
    }
    let unit = 10f64.powi(exponent);
    format!("{}e{exponent}", plain(value / unit, error / unit))
}

/// `value(error)` without an exponent.
fn plain(value: f64, error: f64) -> String {
    let mut last = exponent(error);
    let mut digit = (error / 10f64.powi(last)).round();
    if digit >= 10.0 {
        last += 1;
        digit = 1.0;
    }
    // A leading 1 (before or after rounding) keeps a second digit: 0.14 as "14", 0.096 as "10".
    if digit == 1.0 || error / 10f64.powi(last) < 2.0 {
        last -= 1;
    }
    if last >= 0 {
        let unit = 10f64.powi(last);
        return format!(
            "{}({})",
            positive_zero(format!("{:.0}", (value / unit).round() * unit)),
            (error / unit).round() * unit
        );
    }
    let decimals = last.unsigned_abs() as usize;
    let shown = positive_zero(format!("{value:.decimals$}"));
    let scaled = (error * 10f64.powi(-last)).round();
    if scaled >= 10f64.powi(-last) { format!("{shown}({error:.decimals$})") } else { format!("{shown}({scaled:.0})") }
}

/// The value with `digits` significant digits, trailing zeros removed; whole numbers below 10^7 in full.
pub fn significant(value: f64, digits: usize) -> String {
    if !value.is_finite() {
        return MISSING.into();
    }
    if value == 0.0 {
        return "0".into();
    }
    if value == value.round() && value.abs() < 1e7 {
        return format!("{value:.0}");
    }
    let digits = digits.max(1);
    let exponent = exponent(value);
    if !(-4..7).contains(&exponent) {
        let text = format!("{value:.*e}", digits - 1);
        return match text.split_once('e') {
            Some((mantissa, power)) => format!("{}e{power}", trim_zeros(mantissa)),
            None => text,
        };
    }
    let decimals = (digits as i32 - 1 - exponent).max(0) as usize;
    trim_zeros(&format!("{value:.decimals$}")).to_string()
}

/// A value, or the interval that replaces it, as plain text.
pub fn value(value: Option<f64>, error: Option<f64>, interval: Option<[Option<f64>; 2]>) -> String {
    match interval {
        Some([None, Some(high)]) => format!("<= {}", significant(high, 3)),
        Some([Some(low), None]) => format!(">= {}", significant(low, 3)),
        Some([Some(low), Some(high)]) => format!("{} ... {}", significant(low, 3), significant(high, 3)),
        Some([None, None]) | None => value.map_or_else(|| MISSING.into(), |v| value_with_error(v, error)),
    }
}

/// A cell as plain text, followed by its remark.
pub fn cell(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => text.clone(),
        Cell::Verdict(verdict) => verdict.word().into(),
        Cell::Value { value: v, error, interval, remark } => {
            let text = value(*v, *error, *interval);
            match remark {
                Some(remark) => format!("{text} ({remark})"),
                None => text,
            }
        }
    }
}

/// Plain text with typographic signs, for the page: a true minus, `≤`, `≥`, `…`, `×10ⁿ`.
pub(crate) fn typographic(text: &str) -> String {
    if text == MISSING {
        return "–".into();
    }
    let text = match text.split_once('e') {
        Some((mantissa, power)) if power.parse::<i32>().is_ok() => format!("{mantissa}×10{}", superscript(power)),
        _ => text.to_string(),
    };
    text.replace("<=", "≤").replace(">=", "≥").replace("...", "…").replace('-', "−")
}

/// Digits and minus sign as superscripts.
pub(crate) fn superscript(text: &str) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    text.chars()
        .map(|c| match c.to_digit(10) {
            Some(d) => DIGITS[d as usize],
            None if c == '-' => '⁻',
            None => c,
        })
        .collect()
}

/// Power of ten of the first digit, taken from the decimal text so that 1000 gives 3 and never 2.
fn exponent(value: f64) -> i32 {
    let text = format!("{:e}", value.abs());
    text.split_once('e').and_then(|(_, power)| power.parse().ok()).unwrap_or(0)
}

fn trim_zeros(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

/// `-0.00` is `0.00`.
fn positive_zero(text: String) -> String {
    match text.strip_prefix('-') {
        Some(rest) if rest.chars().all(|c| c == '0' || c == '.') => rest.to_string(),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_one_digit_or_two_after_a_leading_one() {
        for (value, error, expected) in [
            (2.2512, 0.031, "2.25(3)"),
            (2.2512, 0.0143, "2.251(14)"),
            (2.2512, 0.0196, "2.251(20)"),
            (2.2512, 0.0096, "2.251(10)"),
            (2.2512, 0.96, "2.3(1.0)"),
            (12.34, 1.43, "12.3(1.4)"),
            (12.34, 3.0, "12(3)"),
            (1234.0, 56.0, "1230(60)"),
            (-0.001, 0.02, "0.00(2)"),
            (-1.4141, 0.0007, "-1.4141(7)"),
            (1.204e-7, 3e-9, "1.20(3)e-7"),
            (0.0, 0.1, "0.00(10)"),
            (3.0e9, 1.2e8, "3.00(12)e9"),
        ] {
            assert_eq!(value_with_error(value, Some(error)), expected, "{value} +- {error}");
        }
    }

    #[test]
    fn values_without_errors() {
        for (value, expected) in [
            (2.26918531, "2.269"),
            (25.0, "25"),
            (0.5, "0.5"),
            (1.5e-9, "1.5e-9"),
            (f64::NAN, "-"),
            (0.0, "0"),
            (1e9, "1e9"),
        ] {
            assert_eq!(value_with_error(value, None), expected);
            assert_eq!(value_with_error(value, Some(0.0)), expected);
            assert_eq!(value_with_error(value, Some(f64::NAN)), expected);
        }
    }

    #[test]
    fn intervals_replace_values() {
        assert_eq!(value(Some(0.5), Some(0.1), Some([None, Some(0.9)])), "<= 0.9");
        assert_eq!(value(None, None, Some([Some(5.8), None])), ">= 5.8");
        assert_eq!(value(None, None, Some([Some(0.2), Some(0.9)])), "0.2 ... 0.9");
        assert_eq!(value(None, None, None), "-");
        assert_eq!(typographic("-1.5(2)e-7"), "−1.5(2)×10⁻⁷");
        assert_eq!(typographic("<= 0.9"), "≤ 0.9");
    }
}
