//! Numbers with a decimal comma, in tables whose cells commas do not separate.

use std::borrow::Cow;

/// Digits behind the comma of a number such as `-0,25` or `1,5e-3`; `None` for any other text.
fn digits_behind(text: &str) -> Option<(&str, usize)> {
    let (whole, rest) = text.split_once(',')?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let number = digits > 0 && !rest.contains(',') && !text.contains('.');
    (number && text.replacen(',', ".", 1).parse::<f64>().is_ok()).then_some((whole, digits))
}

/// The cell with a point for its decimal comma, if it is such a number.
pub(super) fn with_point(cell: &str) -> Cow<'_, str> {
    if digits_behind(cell).is_some() { cell.replacen(',', ".", 1).into() } else { cell.into() }
}

/// Whether commas in `cells` are decimal ones: some are, and no number has a point.
///
/// # Errors
/// A sentence, if every comma could as well separate thousands.
pub(super) fn is_decimal<'a>(cells: impl Iterator<Item = &'a str>) -> Result<bool, String> {
    let (mut decimal, mut first) = (false, None);
    for cell in cells {
        match digits_behind(cell) {
            Some((whole, digits)) => {
                first = first.or(Some(cell));
                let whole = whole.trim_start_matches(['+', '-']);
                decimal |= digits != 3 || whole.is_empty() || whole.starts_with('0') || whole.len() > 3;
            }
            None if cell.contains('.') && cell.parse().is_ok_and(|number: f64| !number.is_nan()) => return Ok(false),
            None => {}
        }
    }
    match first {
        Some(cell) if !decimal => Err(format!(
            "\"{cell}\": every comma may be a decimal one or separate thousands; write points, or numbers without \
             separators of thousands"
        )),
        first => Ok(first.is_some()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_are_decimal_where_nothing_speaks_against_it() {
        let of = |cells: &[&str]| is_decimal(cells.iter().copied());
        assert_eq!(of(&["0,5", "1", "x,y"]), Ok(true));
        assert_eq!(of(&["1,500", "0,250"]), Ok(true));
        assert_eq!(of(&["1500,250"]), Ok(true));
        assert_eq!(of(&["0,5", "1.5"]), Ok(false));
        assert_eq!(of(&["a", "1", "1,2,3", ",", "1,", ",x"]), Ok(false));
        assert!(of(&["1,500", "2"]).unwrap_err().contains("thousands"));
        assert_eq!(
            (with_point("-1,5e-3"), with_point("a,b"), with_point(",5")),
            ("-1.5e-3".into(), "a,b".into(), ".5".into())
        );
    }
}
