//! Arguments in each other's place: what would do, said before any file is read.

use rgflow_lab::artifact::Error;
use std::path::{Path, PathBuf};

/// Refuses a file of samples that does not exist before ones that do, which is likely where the result shall go, and
/// models among samples. `command` is the command as the user writes it, such as `rgflow train rbm`; `read` the flag
/// by which it takes a model, if it has one; `sets` are the values of `--set`, one of which may have lost its own to
/// the files.
///
/// # Errors
/// [`Error::User`] with the line that would do.
pub fn among_samples(command: &str, data: &[PathBuf], read: Option<&str>, sets: &[String]) -> Result<(), Error> {
    if let Some(key) = sets.iter().find(|set| !set.contains('=')) {
        let value = data.iter().find(|path| !path.exists() && path.extension().is_none());
        let value = value.map_or("VALUE".into(), |value| value.display().to_string());
        return Err(Error::user(format!("--set {key}: expected KEY=VALUE; write --set {key}={value}")));
    }
    if let [first, rest @ ..] = data
        && !rest.is_empty()
        && !first.exists()
        && rest.iter().all(|path| path.exists())
    {
        let name = first.display();
        let folder = first.with_extension("");
        return Err(Error::user(format!(
            "{name}: does not exist; give a file, or if the result shall go there: {command} {} --out {}",
            listed(rest),
            folder.display()
        )));
    }
    let is_model = |path: &&PathBuf| path.extension().is_some_and(|e| e == "safetensors");
    let Some(model) = data.iter().find(is_model) else { return Ok(()) };
    let samples: Vec<PathBuf> = data.iter().filter(|path| !is_model(path)).cloned().collect();
    let samples = if samples.is_empty() { "samples.npz".into() } else { listed(&samples) };
    let model = model.display();
    Err(Error::user(match read {
        Some(flag) => format!(
            "{model} is a model, no samples; a network that reads the flow is given by {flag}: {command} {samples} \
             {flag} {model}"
        ),
        None => format!(
            "{model} is a model, no samples; {command} takes samples alone, and a machine is iterated by rgflow flow \
             {model} {samples}"
        ),
    }))
}

/// Refuses samples where the model should be, and a model among samples. `command` is the command as the user writes
/// it, such as `rgflow rbm score`.
///
/// # Errors
/// [`Error::User`] with the line that would do.
pub fn machine_first(command: &str, model: &Path, data: &[PathBuf]) -> Result<(), Error> {
    let is_model = |path: &Path| path.extension().is_some_and(|e| e == "safetensors");
    if let [data] = data
        && is_model(data)
        && !is_model(model)
        && !model.is_dir()
    {
        let (data, model) = (model.display(), data.display());
        return Err(Error::user(format!("{data} is no model; give the model first: {command} {model} {data}")));
    }
    match data.iter().find(|path| is_model(path)) {
        Some(path) => Err(Error::user(format!(
            "{} is a model, no samples; {command} takes one model, then samples",
            path.display()
        ))),
        None => Ok(()),
    }
}

/// The path and the filter of `inspect`, exchanged where only the filter names a file or a folder.
///
/// # Errors
/// [`Error::User`] if there is no path.
pub fn path_and_filter(path: Option<PathBuf>, filter: Option<String>) -> Result<(PathBuf, Option<String>), Error> {
    let is_path = |text: &String| Path::new(text).exists();
    match (path, filter) {
        (None, Some(filter)) if is_path(&filter) => Ok((filter.into(), Some(String::new()))),
        (Some(path), Some(filter)) if !path.exists() && is_path(&filter) => {
            Ok((filter.into(), Some(path.to_string_lossy().into_owned())))
        }
        (Some(path), filter) => Ok((path, filter)),
        (None, filter) => {
            let filter = filter.unwrap_or_default();
            Err(Error::user(format!(
                "no run folder is given, and `{filter}` is none; write rgflow inspect DIR --numbers {filter}"
            )))
        }
    }
}

fn listed(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(" ")
}
