//! Lines of text without separators: `0110` and `+--+` are one unit for each character.

/// Text of bits or signs without separators, one sample a line, written with blanks between the units.
pub(super) struct Spaced {
    pub text: String,
    /// Says how the lines are read.
    pub note: String,
}

/// The lines of `text` with a blank behind every unit, if all of them are runs of 0 and 1, or of + and -, of one length
/// of at least two. Lines that begin with `#` and empty ones stay.
pub(super) fn spaced(text: &str) -> Option<Spaced> {
    let is_sample = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    let first = text.trim_start_matches('\u{feff}').lines().find(is_sample)?.trim();
    let [low, high] = if first.starts_with(['+', '-']) { ['-', '+'] } else { ['0', '1'] };
    let units = first.len();
    let fits = |line: &str| line.len() == units && line.chars().all(|c| c == low || c == high);
    let mut lines = text.trim_start_matches('\u{feff}').lines().filter(is_sample);
    if units < 2 || !lines.all(|line| fits(line.trim())) {
        return None;
    }
    let unit = |c: char| match c {
        '+' => "1 ",
        '-' => "-1 ",
        '1' => "1 ",
        _ => "0 ",
    };
    let line = |line: &str| match is_sample(&line) {
        true => line.trim_start_matches('\u{feff}').trim().chars().map(unit).collect(),
        false => line.to_string(),
    };
    let text = text.lines().map(|of| line(of) + "\n").collect();
    let shown: String = first.chars().take(12).chain(if units > 12 { "..." } else { "" }.chars()).collect();
    let what = if low == '-' { "signs" } else { "bits, not as a number" };
    Some(Spaced { text, note: format!("lines such as {shown} are read as {units} {what}") })
}

#[cfg(test)]
mod tests {
    use super::spaced;

    #[test]
    fn lines_of_bits_and_signs_are_spaced_and_numbers_are_not() {
        let of = |text: &str| spaced(text).map(|found| found.text);
        assert_eq!(of("# L = 2\n0110\n\n 1001\r\n").unwrap(), "# L = 2\n0 1 1 0 \n\n1 0 0 1 \n");
        assert_eq!(of("\u{feff}+-\n--\n").unwrap(), "1 -1 \n-1 -1 \n");
        assert!(spaced("01101\n").unwrap().note.contains("lines such as 01101 are read as 5 bits"));
        for other in
            ["0\n1\n", "0110\n100\n", "0110\n0120\n", "0.11\n0.01\n", "10 11\n", "-1\n+1\n", "", "+\n-\n", "a\n"]
        {
            assert!(spaced(other).is_none(), "{other:?}");
        }
    }
}
