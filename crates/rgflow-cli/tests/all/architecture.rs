//! Promise: the picture in docs/design/architecture.md shows the modules of each crate and which use which, and nothing
//! goes round in a circle. A module that is reached by way of another has no arrow of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The modules that each module uses directly.
type Uses = BTreeMap<String, BTreeSet<String>>;

const CRATES: [&str; 3] = ["rgflow", "rgflow-lab", "rgflow-cli"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The code of a module without comments, unit tests and what is compiled for them alone.
fn code(path: &Path) -> String {
    if path.is_dir() {
        let mut files: Vec<_> =
            std::fs::read_dir(path).expect("a folder").map(|e| e.expect("an entry").path()).collect();
        files.sort();
        return files.iter().map(|file| code(file)).collect();
    }
    if path.file_name().is_some_and(|name| name == "tests.rs") || path.extension().is_none_or(|e| e != "rs") {
        return String::new();
    }
    let text = std::fs::read_to_string(path).expect("a file");
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    text.lines().map(|line| line.split("//").next().unwrap_or_default().to_string() + "\n").collect()
}

/// First names of the paths in `tree`: of `a::b` it is `a`, of `{a, b::{c, d}}` they are `a` and `b`.
fn first_names(tree: &str) -> Vec<String> {
    let name = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let Some(inside) = tree.strip_prefix('{') else { return vec![name(tree)] };
    let (mut depth, mut names, mut at_start) = (0, Vec::new(), true);
    for (i, c) in inside.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => at_start = true,
            c if at_start && !c.is_whitespace() => {
                names.push(name(&inside[i..]));
                at_start = false;
            }
            _ => {}
        }
    }
    names
}

fn uses(name: &str) -> Uses {
    let src = root().join("crates").join(name).join("src");
    let paths = std::fs::read_dir(&src).expect("a folder").map(|entry| entry.expect("an entry").path());
    let paths: Vec<PathBuf> = paths.filter(|path| !path.ends_with("lib.rs") && !path.ends_with("main.rs")).collect();
    let stem = |path: &Path| path.file_stem().expect("a name").to_string_lossy().into_owned();
    let modules: BTreeSet<String> = paths.iter().map(|path| stem(path)).collect();
    let mut uses: Uses = modules.iter().map(|module| (module.clone(), BTreeSet::new())).collect();
    for path in paths {
        let (module, code) = (stem(&path), code(&path));
        let named = code.match_indices("crate::").flat_map(|(i, found)| first_names(&code[i + found.len()..]));
        let used: Vec<String> = named.filter(|name| modules.contains(name) && *name != module).collect();
        uses.get_mut(&module).expect("a module").extend(used);
    }
    uses
}

/// All that is reached from `module` by at least `least` arrows.
fn reached(uses: &Uses, module: &str, least: usize) -> BTreeSet<String> {
    let (mut found, mut now) = (BTreeSet::new(), BTreeSet::from([module.to_string()]));
    for step in 1..=uses.len() {
        now = now.iter().flat_map(|module| uses[module].iter().cloned()).collect();
        if step >= least {
            found.extend(now.iter().cloned());
        }
    }
    found
}

fn picture() -> String {
    let mut picture = String::from("graph BT\n");
    for (c, name) in CRATES.iter().enumerate() {
        let uses = uses(name);
        picture += &format!("  subgraph {name}\n");
        for (module, direct) in &uses {
            assert!(!reached(&uses, module, 1).contains(module), "{name}: {module} uses itself by way of others");
            let far = reached(&uses, module, 2);
            let id = |module: &str| format!("c{c}_{module}[{module}]");
            let arrows: Vec<&String> = direct.iter().filter(|used| !far.contains(*used)).collect();
            if arrows.is_empty() {
                picture += &format!("    {}\n", id(module));
            }
            arrows.iter().for_each(|used| picture += &format!("    {} --> {}\n", id(module), id(used)));
        }
        picture += "  end\n";
    }
    picture + "  rgflow-cli --> rgflow-lab --> rgflow\n"
}

#[test]
fn the_picture_of_modules_is_true() {
    let page = std::fs::read_to_string(root().join("docs/design/architecture.md")).expect("the page");
    let shown = page.split("```mermaid\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a picture");
    let true_one = picture();
    assert!(shown == true_one, "docs/design/architecture.md must show\n\n```mermaid\n{true_one}```");
}

#[test]
fn names_are_found_in_trees() {
    assert_eq!(first_names("a::b::{c}; d"), ["a"]);
    assert_eq!(first_names("{a, b::{c, d},\n    e}; f"), ["a", "b", "e"]);
}
