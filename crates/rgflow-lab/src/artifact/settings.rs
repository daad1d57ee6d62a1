//! Settings in layers: recipe <- file of the user <- `--set key.path=value`. The recipe holds every key with its
//! default, so it also defines which keys are allowed and their types.

use super::Error;
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// Keys of a user's file that are not settings of the experiment: its name, the seeds of its repetitions, and its input
/// files (given on the command line).
const RESERVED: [&str; 3] = ["experiment", "seeds", "input"];

/// A TOML file of the user: `experiment = "ising-2d"`, optionally `seeds = [1, 2]`, and the settings it changes.
#[derive(Clone, Debug)]
pub struct UserFile {
    /// Path of the file.
    pub path: PathBuf,
    /// Content of the file.
    pub text: String,
    /// Name of the experiment.
    pub experiment: String,
    /// Seeds of the repetitions, if given.
    pub seeds: Option<Vec<u64>>,
}

impl UserFile {
    /// Reads a file.
    ///
    /// # Errors
    /// [`Error::User`] if it cannot be read, is not TOML, or does not name its experiment.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let wrong = |what: &str| Error::user(format!("{}: {what}", path.display()));
        let bytes = super::user_file::read(path, "settings in TOML, such as the config.toml of a run")?;
        let text = String::from_utf8(bytes).map_err(|_| wrong("is no text in UTF-8; write the settings again"))?;
        let table = parse(&text, &path.display().to_string())?;
        let experiment = match table.get("experiment") {
            Some(Value::String(name)) => name.clone(),
            Some(other) => return Err(wrong(&format!("experiment = {other}: expected a name in quotes"))),
            None => return Err(wrong("the key `experiment` is missing; add a line such as experiment = \"ising-2d\"")),
        };
        let seeds = match table.get("seeds") {
            None => None,
            Some(value) => {
                let list = value.as_array().map(|a| a.iter().map(|s| s.as_integer().and_then(|s| s.try_into().ok())));
                let list: Option<Vec<u64>> = list.and_then(Iterator::collect);
                let list = list.filter(|l| !l.is_empty()).ok_or_else(|| {
                    wrong(&format!("seeds = {value}: expected a list of whole numbers such as [1, 2, 3]"))
                })?;
                if let Some(seed) = list.iter().enumerate().find_map(|(i, s)| list[..i].contains(s).then_some(s)) {
                    return Err(wrong(&format!("seeds = {value}: {seed} is there twice; name each repetition once")));
                }
                Some(list)
            }
        };
        Ok(Self { path: path.to_path_buf(), text, experiment, seeds })
    }
}

impl UserFile {
    /// Reads a file that must belong to the experiment `name`.
    ///
    /// # Errors
    /// As [`UserFile::read`], and [`Error::User`] if it names another experiment.
    pub fn read_for(path: &Path, name: &str) -> Result<Self, Error> {
        let file = Self::read(path)?;
        if file.experiment == name {
            return Ok(file);
        }
        let (path, found) = (path.display(), &file.experiment);
        Err(Error::user(format!("{path}: experiment = \"{found}\": expected \"{name}\"")))
    }
}

/// Merges the layers: `recipe`, then the user's `file` (name and text), then `sets` in order (`key.path=value`).
///
/// # Errors
/// [`Error::User`] that names the place, the key and the nearest known key, or the value and the expected type.
pub fn resolve(recipe: &str, file: Option<(&Path, &str)>, sets: &[String]) -> Result<Table, Error> {
    let recipe =
        parse(recipe, "the recipe").map_err(|e| Error::failure(format!("{e} (please report this: it is a bug)")))?;
    let mut settings = recipe.clone();
    if let Some((path, text)) = file {
        let place = path.display().to_string();
        let mut layer = parse(text, &place)?;
        RESERVED.iter().for_each(|key| drop(layer.remove(*key)));
        lay(
            &mut settings,
            layer,
            &recipe,
            &mut Vec::new(),
            Source { recipe: &recipe, place: &format!(" in {place}") },
        )?;
    }
    for set in sets {
        let (layer, place) = (parse_set(set, &recipe)?, " in --set");
        lay(&mut settings, layer, &recipe, &mut Vec::new(), Source { recipe: &recipe, place })?;
    }
    distinct(&settings, "")?;
    Ok(settings)
}

/// Keys of `recipe` whose values in `config` differ, each as `KEY=VALUE` and in the order of the keys.
pub fn changes(recipe: &str, config: &Table) -> Vec<String> {
    fn walk(default: &Table, config: &Table, path: &str, found: &mut Vec<String>) {
        for (key, default) in default {
            match (default, config.get(key)) {
                (Value::Table(default), Some(Value::Table(inner))) => {
                    walk(default, inner, &format!("{path}{key}."), found);
                }
                (default, Some(value)) if value != default => {
                    let text = value.as_str().map_or_else(|| value.to_string().replace('\n', " "), String::from);
                    found.push(format!("{path}{key}={text}"));
                }
                _ => {}
            }
        }
    }
    let mut found = Vec::new();
    if let Ok(default) = resolve(recipe, None, &[]) {
        walk(&default, config, "", &mut found);
    }
    found
}

/// Refuses lists with a repeated value: each entry is a training, a size, a point of its own. The sizes of layers
/// (`hidden` of a network) and the extents of a `shape` may be equal.
fn distinct(table: &Table, path: &str) -> Result<(), Error> {
    for (key, value) in table {
        let name = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        match value {
            Value::Table(inner) => distinct(inner, &name)?,
            Value::Array(items) if key != "shape" && (key != "hidden" || path == "maps") => {
                let twice = items.iter().enumerate().find_map(|(i, v)| items[..i].contains(v).then_some(v));
                if let Some(twice) = twice {
                    return Err(Error::user(format!("{name} = {value}: {twice} is there twice; name each value once")));
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Parses TOML; errors name file and line.
fn parse(text: &str, place: &str) -> Result<Table, Error> {
    text.parse::<Table>().map_err(|e| {
        let line = e.span().map_or(1, |span| 1 + text.bytes().take(span.start).filter(|b| *b == b'\n').count());
        Error::user(format!("{place}, line {line}: {}", e.message().replace('\n', ", ")))
    })
}

/// `a.b=value` as a table; a bare word that is not TOML becomes a string, as does any where `recipe` has text.
fn parse_set(set: &str, recipe: &Table) -> Result<Table, Error> {
    let wrong = |what: &str| Error::user(format!("--set {set}: {what}, such as --set rbm.epochs=50"));
    let (key, text) = set.split_once('=').ok_or_else(|| match set.split_once([':', ' ']) {
        Some((key, value)) if !value.is_empty() => {
            Error::user(format!("--set {set}: expected KEY=VALUE; write --set {key}={}", value.trim()))
        }
        _ => wrong("expected KEY=VALUE"),
    })?;
    let text = text.trim();
    let (is_text, plain) = (is_text(recipe, key), if is_text(recipe, key) { "_-+./,=:" } else { "_-+./" });
    let value = match format!("value = {text}").parse::<Table>() {
        // Names may be numbers.
        Ok(table) if is_text && table.get("value").is_some_and(|v| !v.is_str() && !v.is_array() && !v.is_table()) => {
            Some(Value::String(text.into()))
        }
        Ok(mut table) if table.len() == 1 => table.remove("value"),
        _ if !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || plain.contains(c)) => {
            Some(Value::String(text.into()))
        }
        _ => None,
    };
    let value =
        value.ok_or_else(|| wrong("the value is neither a number, true, false, \"text\", [list] nor a word"))?;
    let mut parts: Vec<&str> = key.split('.').map(str::trim).collect();
    if parts.iter().any(|part| part.is_empty()) {
        return Err(wrong("expected KEY=VALUE"));
    }
    let mut table = Table::new();
    let last = parts.pop().unwrap_or_default();
    table.insert(last.into(), value);
    while let Some(part) = parts.pop() {
        table = Table::from_iter([(part.to_string(), Value::Table(table))]);
    }
    Ok(table)
}

/// Whether the recipe has text at `key`.
fn is_text(recipe: &Table, key: &str) -> bool {
    let (tables, last) = key.rsplit_once('.').unwrap_or(("", key));
    let path = tables.split('.').map(str::trim).filter(|part| !part.is_empty());
    let table = path.into_iter().try_fold(recipe, |table, part| table.get(part)?.as_table());
    table.and_then(|table| table.get(last.trim())).is_some_and(Value::is_str)
}

/// Where a layer of settings comes from, for its errors.
#[derive(Clone, Copy)]
struct Source<'a> {
    /// The recipe whose keys are known.
    recipe: &'a Table,
    /// File or flag in words, after a space; may be empty.
    place: &'a str,
}

/// Overwrites `settings` with `layer`; `known` is the recipe's table at `path`.
fn lay(
    settings: &mut Table,
    layer: Table,
    known: &Table,
    path: &mut Vec<String>,
    source: Source<'_>,
) -> Result<(), Error> {
    for (key, value) in layer {
        path.push(key.clone());
        let Some(default) = known.get(&key) else {
            // The whole key is named, not the first part that is unknown.
            let mut inner = &value;
            while let Value::Table(table) = inner
                && let Some((key, value)) = table.iter().next()
            {
                path.push(key.clone());
                inner = value;
            }
            return Err(unknown(&path.join("."), source));
        };
        match (value, default) {
            (Value::Table(layer), Value::Table(default)) => {
                if let Some(Value::Table(inner)) = settings.get_mut(&key) {
                    lay(inner, layer, default, path, source)?;
                }
            }
            (value, default) => {
                let value = fit(value, default, &path.join("."), source)?;
                settings.insert(key, value);
            }
        }
        path.pop();
    }
    Ok(())
}

/// Converts `value` to the type of `default`: whole numbers are accepted where the recipe has a float, lists element by
/// element.
fn fit(value: Value, default: &Value, key: &str, source: Source<'_>) -> Result<Value, Error> {
    match (value, default) {
        (Value::Integer(i), Value::Float(_)) => Ok(Value::Float(i as f64)),
        (Value::Array(items), Value::Array(defaults)) => {
            let Some(first) = defaults.first() else { return Ok(Value::Array(items)) };
            // A list in the recipe may mix whole numbers and floats: one float makes it a list of floats.
            let like = defaults.iter().find(|d| d.is_float()).unwrap_or(first);
            let fitted = items.into_iter().enumerate();
            fitted
                .map(|(i, v)| fit(v, like, &format!("{key}[{i}]"), source))
                .collect::<Result<_, _>>()
                .map(Value::Array)
        }
        (Value::Table(items), Value::Table(known)) => {
            let mut table = Table::new();
            for (name, value) in items {
                let key = format!("{key}.{name}");
                let default = known.get(&name).ok_or_else(|| unknown(&key, source))?;
                table.insert(name, fit(value, default, &key, source)?);
            }
            Ok(Value::Table(table))
        }
        (value, default) if value.same_type(default) => Ok(value),
        (value, default) => {
            Err(Error::user(format!("{key} = {value}{}: expected {}", source.place, expected(default))))
        }
    }
}

fn expected(default: &Value) -> String {
    let kind = match default {
        Value::String(_) => "text",
        Value::Integer(_) => "a whole number",
        Value::Float(_) => "a number",
        Value::Boolean(_) => "true or false",
        Value::Datetime(_) => "a date",
        Value::Array(_) => "a list",
        Value::Table(_) => return "a table of keys".into(),
    };
    format!("{kind} such as {default}")
}

/// Error for an unknown key; it names the nearest known one.
fn unknown(key: &str, Source { recipe, place }: Source<'_>) -> Error {
    let mut keys = Vec::new();
    collect(recipe, "", &mut keys);
    let near = nearest(key, keys.iter().map(String::as_str)).map(|k| format!("; did you mean `{k}`?"));
    Error::user(format!(
        "unknown key `{key}`{place}{}",
        near.unwrap_or_else(|| "; `rgflow run --print RECIPE` shows every key".into())
    ))
}

fn collect(table: &Table, prefix: &str, keys: &mut Vec<String>) {
    for (key, value) in table {
        let path = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        if let Value::Table(inner) = value {
            collect(inner, &path, keys);
        }
        keys.push(path);
    }
}

/// Known name nearest to `name`, if any is near; a correct last part in the wrong table counts as near.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let last = |path: &'a str| path.rsplit('.').next().unwrap_or(path);
    let own_last = name.rsplit('.').next().unwrap_or(name);
    let score = |k: &'a str| {
        let whole = strsim::normalized_damerau_levenshtein(name, k);
        let part = strsim::normalized_damerau_levenshtein(own_last, last(k));
        whole.max(0.9 * part + 0.05 * whole)
    };
    let best = known.map(|k| (score(k), k)).max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 >= 0.6).then_some(best.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECIPE: &str = "lattice = 10\n[rbm]\nepochs = 100\nrate = 0.01\nunits = \"spin\"\ntemperatures = [0, 2.5]\n";

    fn set(sets: &[&str]) -> Result<Table, Error> {
        resolve(RECIPE, None, &sets.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    fn message(sets: &[&str]) -> String {
        let error = set(sets).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        error.to_string()
    }

    #[test]
    fn layers_override_in_order() {
        let file = "experiment = \"x\"\nseeds = [1]\n[rbm]\nepochs = 7\nrate = 1\n";
        let sets = ["rbm.epochs=9".to_string(), "rbm.units=binary".to_string()];
        let settings = resolve(RECIPE, Some((Path::new("my.toml"), file)), &sets).unwrap();
        assert_eq!(settings["rbm"]["epochs"].as_integer(), Some(9));
        assert_eq!(settings["rbm"]["rate"].as_float(), Some(1.0));
        assert_eq!(settings["rbm"]["units"].as_str(), Some("binary"));
        assert_eq!(settings["lattice"].as_integer(), Some(10));
        assert!(!settings.contains_key("experiment"));
    }

    #[test]
    fn whole_numbers_in_a_list_of_floats_become_floats() {
        let settings = set(&["rbm.temperatures=[1, 2]"]).unwrap();
        assert_eq!(settings["rbm"]["temperatures"], Value::Array(vec![Value::Float(1.0), Value::Float(2.0)]));
    }

    #[test]
    fn a_value_that_is_there_twice_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("my.toml");
        std::fs::write(&path, "experiment = \"x\"\nseeds = [1, 2, 1]\n").unwrap();
        let error = UserFile::read(&path).unwrap_err();
        assert!(error.exit_code() == 2 && error.to_string().contains("seeds = [1, 2, 1]: 1 is there twice"), "{error}");
        assert!(
            message(&["rbm.temperatures=[1, 2.5, 1.0]"])
                .starts_with("rbm.temperatures = [1.0, 2.5, 1.0]: 1.0 is there twice")
        );
        // Layers of equal size are two distinct layers.
        let layers =
            |table: &str| resolve(&format!("[{table}]\nhidden = [64]\n"), None, &[format!("{table}.hidden=[8, 8]")]);
        assert!(layers("network").is_ok() && layers("maps").is_err());
    }

    #[test]
    fn mistakes_name_key_value_and_remedy() {
        assert_eq!(message(&["rbm.epoch=9"]), "unknown key `rbm.epoch` in --set; did you mean `rbm.epochs`?");
        assert_eq!(
            message(&["training.epochs=9"]),
            "unknown key `training.epochs` in --set; did you mean `rbm.epochs`?"
        );
        assert_eq!(message(&["epochs=9"]), "unknown key `epochs` in --set; did you mean `rbm.epochs`?");
        assert!(message(&["zzzzzz=9"]).contains("--print"));
        let wrong = message(&["rbm.epochs=many"]);
        assert_eq!(wrong, "rbm.epochs = \"many\" in --set: expected a whole number such as 100");
        assert!(message(&["rbm=3"]).contains("a table of keys"));
        assert!(message(&["lattice.size=3"]).contains("expected a whole number"), "{}", message(&["lattice.size=3"]));
        assert!(message(&["rbm.temperatures=[1, \"a\"]"]).contains("rbm.temperatures[1] = \"a\""));
        assert!(message(&["rbm"]).contains("KEY=VALUE"));
        // Text may be a number or a list.
        for (given, expected) in [("0", "0"), ("1.50", "1.50"), ("true", "true"), ("\"7\"", "7"), ("1.5,2", "1.5,2")] {
            let settings = set(&[&format!("rbm.units={given}")]).unwrap();
            assert_eq!(settings["rbm"]["units"].as_str(), Some(expected), "{given}");
        }
        assert!(message(&["rbm.epochs=1,2"]).contains("the value is neither"));
        assert!(message(&["rbm.epochs="]).contains("--set rbm.epochs="));
        let syntax = resolve(RECIPE, Some((Path::new("my.toml"), "a = 1\nb = = 2\n")), &[]).unwrap_err().to_string();
        assert!(syntax.starts_with("my.toml, line 2: "), "{syntax}");
    }
}
