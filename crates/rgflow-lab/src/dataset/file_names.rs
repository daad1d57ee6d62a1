//! Temperatures in the names of files, such as `T2.25.npy`, `ising_T=2.25_L=16.csv` or `beta0.44.npz`.

use super::content::without_gz;
use super::label_names::Labelling;
use std::path::Path;

/// Words in front of a number, longest first; those of one letter as they stand, the others in any case.
const WORDS: [(&str, Labelling); 5] = [
    ("temperature", Labelling::Temperatures),
    ("temp", Labelling::Temperatures),
    ("beta", Labelling::Beta),
    ("T", Labelling::Temperatures),
    ("\u{3b2}", Labelling::Beta),
];
/// Endings that are no part of a number.
const ENDINGS: [&str; 8] = [".npy", ".npz", ".csv", ".tsv", ".txt", ".dat", ".idx", ".ubyte"];

/// The temperature or inverse temperature in the name of `path` with what it is; `None` if there is none, or several.
pub(super) fn temperature(path: &Path) -> Option<(Labelling, f64)> {
    only(path, |text| WORDS.iter().find_map(|(word, what)| Some((*what, after(text, word)?))))
}

/// The size L in the name of `path`, such as `L16.csv` or `binder_T=2.25_L=16.dat`; `None` if there is none, or
/// several.
pub(super) fn size(path: &Path) -> Option<usize> {
    let size = only(path, |text| after(text, "L"))?;
    (size >= 1.0 && size.fract() == 0.0).then_some(size as usize)
}

/// The one value that `of` finds at the beginning of parts of the name of `path`, without its ending; `None` without a
/// value, or for different ones.
fn only<T: PartialEq>(path: &Path, of: impl Fn(&str) -> Option<T>) -> Option<T> {
    let name = path.file_name()?.to_str()?;
    let name = without_gz(name);
    let lower = name.to_ascii_lowercase();
    // The lower case has the same length in bytes.
    let stem = ENDINGS.iter().find(|e| lower.ends_with(*e)).map_or(name, |e| &name[..name.len() - e.len()]);
    let mut found = None;
    for (at, _) in stem.char_indices() {
        if stem[..at].chars().next_back().is_some_and(char::is_alphanumeric) {
            continue;
        }
        let Some(value) = of(&stem[at..]) else { continue };
        match found {
            None => found = Some(value),
            Some(other) if other == value => found = Some(other),
            Some(_) => return None,
        }
    }
    found
}

/// The number behind `word` at the beginning of `text`: with one of `=`, `_`, `-` between them or nothing, with a point
/// or a `p`, up to the next part of the name.
fn after(text: &str, word: &str) -> Option<f64> {
    let start = text.get(..word.len())?;
    let same = if word.chars().count() == 1 { start == word } else { start.eq_ignore_ascii_case(word) };
    let rest = text[word.len()..].strip_prefix(['=', '_', '-']).unwrap_or(&text[word.len()..]);
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let whole = digits(rest);
    let (number, behind) = match rest[whole..].strip_prefix(['.', 'p']).map(|part| (part, digits(part))) {
        Some((part, n)) if n > 0 => (format!("{}.{}", &rest[..whole], &part[..n]), &part[n..]),
        _ => (rest[..whole].to_string(), &rest[whole..]),
    };
    // "2_16" and "2-16" may be one number, and "2.25K" one in another unit.
    let mut next = behind.chars();
    let ends = match next.next() {
        None => true,
        Some('_' | '-' | '.' | ',' | ' ' | '+') => next.next().is_none_or(|c| !c.is_ascii_digit()),
        Some(_) => false,
    };
    (same && whole > 0 && ends).then(|| number.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn temperatures_are_found_in_names() {
        let of_size = |name: &str| size(Path::new(name));
        assert_eq!(
            [of_size("L16.csv"), of_size("b_L=8_T2.dat.gz"), of_size("L8_L16.csv"), of_size("Level2.csv")],
            [Some(16), Some(8), None, None]
        );
        let of = |name: &str| temperature(Path::new(name));
        let t = |v: f64| Some((Labelling::Temperatures, v));
        let beta = |v: f64| Some((Labelling::Beta, v));
        for (name, expected) in [
            ("T2.25.npy", t(2.25)),
            ("folder/T9/T2.25.npy.gz", t(2.25)),
            ("ising_T=2.25_L=16.csv", t(2.25)),
            ("ising-T2p25-L16.npz", t(2.25)),
            ("temp_0.5.txt", t(0.5)),
            ("Temperature-3.dat", t(3.0)),
            ("L16_T2", t(2.0)),
            ("beta0.44.npz", beta(0.44)),
            ("L8_BETA=0.4407.npy", beta(0.4407)),
            ("T1_T1.npy", t(1.0)),
            // No temperature, or no single one.
            ("T1_T2.npy", None),
            ("t2.5.npy", None),
            ("spins.npy", None),
            ("MT2.npy", None),
            ("T2_16.npy", None),
            ("T-.npy", None),
            ("T2.25K.npy", None),
            ("T2e5.npy", None),
            ("beta.npy", None),
        ] {
            assert_eq!(of(name), expected, "{name}");
        }
    }
}
