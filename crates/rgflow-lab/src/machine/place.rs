//! Where the model is: a file, or the folder of a run that holds one.

use crate::artifact::Error;
use std::path::{Path, PathBuf};

/// Deepest folder below a stage's in which a model is looked for: `rbm/NAME/model.safetensors`.
const DEPTH: usize = 2;

/// The model that `path` names: the file itself, or that of the stage `stage` (`rbm` or `thermometer`) in a run
/// folder, with a note where the run has several seeds.
///
/// # Errors
/// [`Error::User`] if a folder holds none, or several of one seed.
pub fn model_file(path: &Path, stage: &str) -> Result<(PathBuf, Vec<String>), Error> {
    if !path.is_dir() {
        return Ok((path.into(), vec![]));
    }
    let name = path.display();
    let found = |dir: PathBuf| {
        let mut found = Vec::new();
        models(&dir, DEPTH, &mut found);
        found.sort();
        found
    };
    let seeds = seeds(path);
    let all = match seeds.first() {
        Some(seed) => found(path.join(seed).join(stage)),
        None => [vec![path.join("model.safetensors")], found(path.join(stage))].concat(),
    };
    let all: Vec<PathBuf> = all.into_iter().filter(|file| file.is_file()).collect();
    match &all[..] {
        [] => Err(Error::user(format!(
            "{name}: is a folder without a model of the stage {stage}; give a .safetensors file, or the folder of a \
             run that trained one"
        ))),
        [one] => {
            let several = (seeds.len() > 1)
                .then(|| format!("{name}: a run of {} seeds; {} is taken", seeds.len(), one.display()));
            Ok((one.clone(), several.into_iter().collect()))
        }
        several => {
            let list: Vec<String> = several.iter().take(6).map(|file| file.display().to_string()).collect();
            let more = if several.len() > 6 { " ..." } else { "" };
            Err(Error::user(format!("{name}: holds {} models; give one of {}{more}", several.len(), list.join(", "))))
        }
    }
}

/// Folders `seed-N` in `path`, by their number.
fn seeds(path: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    let number = |name: &str| name.strip_prefix("seed-")?.parse::<u64>().ok();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut seeds: Vec<(u64, String)> = names.filter_map(|name| Some((number(&name)?, name))).collect();
    seeds.sort();
    seeds.into_iter().map(|(_, name)| name).collect()
}

/// Files `model.safetensors` in `dir` and in folders up to `depth` - 1 levels below it.
fn models(dir: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    if depth == 0 {
        return;
    }
    for path in std::fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            models(&path, depth - 1, found);
        } else if path.file_name().is_some_and(|name| name == "model.safetensors") {
            found.push(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_of_a_run_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, "x").unwrap();
            path
        };
        let of = |name: &str| model_file(&folder.path().join(name), "rbm");
        let one = put("one/seed-1/rbm/model.safetensors");
        put("one/seed-1/thermometer/model.safetensors");
        assert_eq!(of("one").unwrap(), (one.clone(), vec![]));
        assert_eq!(model_file(&one, "rbm").unwrap(), (one, vec![]));
        let first = put("two/seed-2/rbm/model.safetensors");
        put("two/seed-10/rbm/model.safetensors");
        let (taken, notes) = of("two").unwrap();
        assert!(taken == first && notes[0].contains("a run of 2 seeds"), "{notes:?}");
        put("many/seed-1/rbm/all/model.safetensors");
        put("many/seed-1/rbm/cold/model.safetensors");
        let said = of("many").unwrap_err().to_string();
        assert!(said.contains("holds 2 models") && said.contains("cold"), "{said}");
        let plain = put("plain/model.safetensors");
        assert_eq!(of("plain").unwrap().0, plain);
        std::fs::create_dir(folder.path().join("none")).unwrap();
        assert!(of("none").unwrap_err().to_string().contains("without a model"));
    }
}
