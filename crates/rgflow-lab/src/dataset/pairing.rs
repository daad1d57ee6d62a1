//! Matching arrays of an archive: samples and their labels, by name (`x_train`, `y_train`), number (`spins_1`,
//! `temperatures_1`) or position (`arr_0`, `arr_1`).

use super::label_names::{Labelling, usual};
use crate::artifact::npz::Description;
use crate::artifact::settings;

fn is_usual(name: &str) -> bool {
    usual(name).is_some()
}

/// Words and number in a name: `spins_1` and `spins1` are `spins`, `1`.
fn parts(name: &str) -> Vec<&str> {
    let digits = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let (text, number) = name.split_at(digits.len());
    text.split(['_', '-', '.']).chain([number]).filter(|part| !part.is_empty()).collect()
}

/// The part of a name that marks it as labels, such as `y` of `y_train`; else the whole name.
pub(super) fn stem(name: &str) -> &str {
    if is_usual(name) && name != "y_train" {
        return name;
    }
    parts(name).into_iter().find(|part| is_usual(part)).unwrap_or(name)
}

fn list(arrays: &[&Description]) -> String {
    some(&arrays.iter().map(|d| d.name.as_str()).collect::<Vec<_>>())
}

/// The `names` for messages, only the first if there are very many, each shortened if very long.
pub fn some<S: AsRef<str>>(names: &[S]) -> String {
    const MOST: usize = 20;
    const LONGEST: usize = 80;
    let cut = |name: &S| match name.as_ref().char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{} ...", &name.as_ref()[..at]),
        None => name.as_ref().to_string(),
    };
    let shown: Vec<String> = names.iter().take(MOST).map(cut).collect();
    match names.len().saturating_sub(MOST) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// The name in `names` that is nearest to `name`, if any is near: in another case it is nearest, and two usual names of
/// one meaning are near.
pub(super) fn near<'a, S: AsRef<str>>(name: &str, names: &'a [S]) -> Option<&'a str> {
    let all = || names.iter().map(AsRef::as_ref);
    let alike = || all().find(|n| usual(name).is_some() && usual(n) == usual(name));
    all().find(|n| n.eq_ignore_ascii_case(name)).or_else(alike).or_else(|| settings::nearest(name, &mut all()))
}

/// Names of arrays that have one value, or a row, for each of `n` samples of `main`, or for each of its first index.
pub(super) fn candidates(main: &Description, all: &[Description], n: usize) -> Vec<String> {
    let fits = |d: &&Description| {
        d.name != main.name
            && d.shape.first().is_some_and(|first| *first > 1 && (*first == n || *first == main.shape[0]))
    };
    all.iter().filter(fits).map(|d| d.name.clone()).collect()
}

fn is_column(d: &Description) -> bool {
    matches!(d.shape[..], [_, 1])
}

/// The array of samples: the only one of two or more dimensions not named as labels, nor the one called `labels`; or
/// `spins`, unless another has the same numbers of rows and columns.
pub(super) fn samples<'a>(all: &'a [Description], labels: &str) -> Result<&'a Description, String> {
    let is_main = |d: &&Description| d.shape.len() >= 2 && d.name != labels && !is_usual(stem(&d.name));
    let mut many: Vec<&Description> = all.iter().filter(is_main).collect();
    // A column is no set of samples beside wider arrays.
    if many.iter().any(|d| !is_column(d)) {
        many.retain(|d| !is_column(d));
    }
    let spins = all.iter().find(|d| d.name == "spins");
    if let Some(spins) = spins.filter(|spins| many.iter().all(|d| d.name == "spins" || d.shape != spins.shape)) {
        return Ok(spins);
    }
    match many[..] {
        [one] => Ok(one),
        [] => {
            let names = list(&all.iter().collect::<Vec<_>>());
            Err(format!("has no array of two or more dimensions; it has {names}; write samples as (samples, units)"))
        }
        [first, ..] => {
            let name = &first.name;
            Err(format!("holds several arrays of samples ({}); name one, as in --array {name}", list(&many)))
        }
    }
}

/// The array of labels for `main`: the one whose name shares the other parts of `main`'s name, else one without other
/// parts. Two candidates are an error where labels are `needed`.
pub(super) fn labels_for<'a>(
    main: &Description,
    all: &'a [Description],
    needed: bool,
) -> Result<Option<&'a Description>, String> {
    let own = parts(&main.name);
    // Parts of the name except the one that marks labels; `None` if no part does.
    let rest = |d: &Description| -> Option<Vec<String>> {
        let stem = stem(&d.name);
        is_usual(stem).then(|| match stem == d.name {
            true => vec![],
            false => parts(&d.name).into_iter().filter(|part| *part != stem).map(str::to_string).collect(),
        })
    };
    let others = || all.iter().filter(|d| d.name != main.name);
    let paired: Vec<&Description> = others()
        .filter(|d| {
            rest(d).is_some_and(|rest| !rest.is_empty() && rest.iter().all(|part| own.contains(&part.as_str())))
        })
        .collect();
    let plain: Vec<&Description> = others().filter(|d| rest(d).is_some_and(|rest| rest.is_empty())).collect();
    let mut found = if paired.is_empty() { plain } else { paired };
    // Inverse temperatures beside temperatures say the same again.
    let quantity = |d: &&Description| usual(stem(&d.name));
    if found.iter().any(|d| quantity(d) == Some(Labelling::Temperatures)) {
        found.retain(|d| quantity(d) != Some(Labelling::Beta));
    }
    match found[..] {
        [] => Ok(next(main, all)),
        [one] => Ok(Some(one)),
        [first, ..] if needed => Err(format!(
            "several arrays look like labels of `{}` ({}); name the one that is meant, as in {} {} (data.labels)",
            main.name,
            list(&found),
            usual(stem(&first.name)).unwrap_or_default().flag(),
            first.name
        )),
        [..] => Ok(None),
    }
}

/// `numpy.savez(file, x, y)` names no arrays: `arr_1` with one value per sample in `arr_0`, also as a column, holds its
/// labels.
fn next<'a>(main: &Description, all: &'a [Description]) -> Option<&'a Description> {
    let number: usize = main.name.strip_prefix("arr_")?.parse().ok()?;
    let name = format!("arr_{}", number.checked_add(1)?);
    all.iter().find(|d| d.name == name && (d.shape == main.shape[..1] || d.shape == [main.shape[0], 1]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn array(name: &str, shape: &[usize]) -> Description {
        Description { name: name.into(), dtype: "<f8".into(), shape: shape.to_vec() }
    }

    #[test]
    fn arrays_are_paired_by_name_number_and_place() {
        let pair = |main: &str, others: &[&str], expected: Option<&str>| {
            let all: Vec<Description> = others.iter().map(|name| array(name, &[7])).collect();
            let found = labels_for(&array(main, &[7, 4]), &all, true).unwrap();
            assert_eq!(found.map(|d| d.name.as_str()), expected, "{main} {others:?}");
        };
        pair("x_train", &["y_test", "y_train"], Some("y_train"));
        pair("x_test", &["y_train", "y_test"], Some("y_test"));
        pair("x_test", &["y_train"], None);
        pair("train_images", &["train_labels", "test_labels"], Some("train_labels"));
        pair("spins_1", &["temperatures_2", "temperatures_1"], Some("temperatures_1"));
        pair("spins2", &["T1", "T2"], Some("T2"));
        pair("spins", &["temperatures", "n_eff"], Some("temperatures"));
        pair("spins_1", &["temperatures", "temperatures_2"], Some("temperatures"));
        pair("arr_2", &["arr_0", "arr_1", "arr_3"], Some("arr_3"));
        pair("arr_0", &["arr_2"], None);
        pair("images", &["target", "target_names"], Some("target"));
        pair("spins", &["beta", "T_K"], Some("T_K"));
        pair("spins", &["beta"], Some("beta"));
        let two = [array("temperatures", &[7]), array("labels", &[7])];
        let error = labels_for(&array("spins", &[7, 4]), &two, true).unwrap_err();
        assert!(error.contains("temperatures, labels"), "{error}");
        assert_eq!(labels_for(&array("spins", &[7, 4]), &two, false), Ok(None));
    }

    #[test]
    fn lists_of_names_are_bounded() {
        let names: Vec<String> = (0..300).map(|k| format!("{k}{}", "\u{e4}".repeat(60_000))).collect();
        assert!(some(&names).chars().count() < 20 * 90 && some(&names).ends_with("and 280 more"));
        assert_eq!(some(&["a", "b"]), "a, b");
    }

    #[test]
    fn samples_are_the_only_candidate() {
        let of = |names: &[&str]| {
            let all: Vec<Description> = names.iter().map(|name| array(name, &[7, 4])).collect();
            samples(&all, "").map(|d| d.name.clone())
        };
        assert_eq!(of(&["y", "x"]).unwrap(), "x");
        assert!(of(&["a", "spins"]).unwrap_err().contains("a, spins"));
        let pair = [array("a", &[7, 5]), array("spins", &[7, 4])];
        assert_eq!(samples(&pair, "").unwrap().name, "spins");
        let error = of(&["x_train", "x_test"]).unwrap_err();
        assert!(error.contains("x_train, x_test") && error.contains("--array"), "{error}");
    }
}
