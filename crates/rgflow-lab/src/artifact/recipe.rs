//! Keys of a recipe, each with its default and the comment behind it: what a shell offers after `--set`.

use std::collections::BTreeMap;
use toml::{Table, Value};

/// A key of a recipe.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// The whole key, such as `rbm.epochs`.
    pub name: String,
    /// Its value in the recipe.
    pub default: Value,
    /// The comment behind the value; empty where there is none.
    pub meaning: String,
}

/// All keys of `recipe` that hold values, in alphabetical order; none if it is no TOML.
///
/// # Examples
/// ```
/// use rgflow_lab::artifact::recipe::keys;
///
/// let all = keys("[rbm]\nepochs = 100  # passes through the data\n");
/// assert_eq!((all[0].name.as_str(), all[0].meaning.as_str()), ("rbm.epochs", "passes through the data"));
/// assert_eq!(all[0].default.as_integer(), Some(100));
/// ```
pub fn keys(recipe: &str) -> Vec<Key> {
    let mut comments = comments(recipe);
    let mut found = Vec::new();
    if let Ok(table) = recipe.parse::<Table>() {
        walk(&table, "", &mut |name, default| {
            let meaning = comments.remove(&name).unwrap_or_default();
            found.push(Key { name, default: default.clone(), meaning });
        });
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

impl Key {
    /// The default as it is written after `--set KEY=`: text without quotes, lists without blanks.
    pub fn written(&self) -> String {
        self.default.as_str().map_or_else(|| self.default.to_string().replace([' ', '\n'], ""), String::from)
    }

    /// Values that the recipe names: the default, `true` and `false`, and the words in quotes of the comment;
    /// placeholders in capitals and words that belong to another key (after "for" or "of") are none.
    pub fn values(&self) -> Vec<String> {
        let mut values = vec![self.written()];
        match &self.default {
            Value::Boolean(default) => values.push((!default).to_string()),
            Value::String(_) => {
                let parts: Vec<&str> = self.meaning.split('"').collect();
                let words =
                    parts.chunks_exact(2).filter(|pair| !pair[0].ends_with("for ") && !pair[0].ends_with("of "));
                let is_value =
                    |word: &str| word.chars().all(|c| c.is_ascii_lowercase() || "0123456789-_.:".contains(c));
                values.extend(words.map(|pair| pair[1]).filter(|word| is_value(word)).map(String::from));
            }
            _ => {}
        }
        let mut seen = std::collections::BTreeSet::new();
        values.retain(|value| !value.is_empty() && seen.insert(value.clone()));
        values
    }
}

/// Calls `take` with every value that is no table, and its whole key.
fn walk(table: &Table, prefix: &str, take: &mut impl FnMut(String, &Value)) {
    for (key, value) in table {
        let name = format!("{prefix}{key}");
        match value {
            Value::Table(inner) => walk(inner, &format!("{name}."), take),
            value => take(name, value),
        }
    }
}

/// The comments behind values, by whole key.
fn comments(recipe: &str) -> BTreeMap<String, String> {
    let mut table = String::new();
    let mut found = BTreeMap::new();
    for line in recipe.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            table = format!("{}.", name.trim());
        } else if let Some((key, rest)) = line.split_once('=')
            && !line.starts_with('#')
        {
            found.insert(format!("{table}{}", key.trim()), comment(rest).to_string());
        }
    }
    found
}

/// The text behind the first `#` that is outside quotes.
fn comment(value: &str) -> &str {
    let mut quoted = false;
    let at = value.char_indices().find(|(_, c)| {
        quoted ^= *c == '"';
        *c == '#' && !quoted
    });
    at.map_or("", |(at, _)| value[at + 1..].trim())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{ALL, about};

    #[test]
    fn keys_have_defaults_and_comments() {
        let recipe =
            "a = \"x#y\"   # \"x\" or \"y-1\"; \"SIZE\", \"z\" for \"w\"\n# b = 2\n[t.u]\nb = [1, 2]\nc = true # on\n";
        let all = keys(recipe);
        let seen: Vec<(&str, String, &str)> =
            all.iter().map(|key| (key.name.as_str(), key.written(), key.meaning.as_str())).collect();
        let meaning = "\"x\" or \"y-1\"; \"SIZE\", \"z\" for \"w\"";
        assert_eq!(seen, [("a", "x#y".into(), meaning), ("t.u.b", "[1,2]".into(), ""), ("t.u.c", "true".into(), "on")]);
        assert_eq!(all[0].values(), ["x#y", "x", "y-1", "z"]);
        assert_eq!(all[1].values(), ["[1,2]"]);
        assert_eq!(all[2].values(), ["true", "false"]);
        assert!(keys("a = = 1").is_empty());
    }

    /// Every default is accepted after `--set KEY=` as it is written here.
    #[test]
    fn defaults_can_be_set() {
        let own = ["train-rbm", "train-thermometer", "flow"].map(|name| about(name).unwrap());
        for about in ALL.iter().map(|experiment| experiment.about()).chain(own) {
            let all = keys(about.recipe);
            assert!(all.len() > 3 && all.iter().any(|key| !key.meaning.is_empty()), "{}", about.name);
            for key in all.iter().filter(|key| !key.written().is_empty()) {
                let set = [format!("{}={}", key.name, key.written())];
                let settings = super::super::settings::resolve(about.recipe, None, &set);
                let plain = super::super::settings::resolve(about.recipe, None, &[]).unwrap();
                assert!(settings.is_ok_and(|settings| settings == plain), "{}: {}", about.name, set[0]);
            }
        }
    }
}
