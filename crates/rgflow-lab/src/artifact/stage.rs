//! Stages: steps of a run that are kept as long as nothing they depend on has changed.
//!
//! A stage's key is the hash of its name, revision, settings, seed and inputs. Its manifest, written after its outputs,
//! holds the key and the hash of every file. Inputs enter by the hash of their bytes: repeating a stage with the same
//! result does not invalidate later stages.

use super::progress::{At, Event, Observer};
use super::restart::Restarts;
use super::{Error, Run, atomic, inside, json, npz, provenance};
use rgflow::random::Streams;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// One step of a repetition.
pub struct Stage<'a, S: Serialize> {
    /// Name, unique in the repetition, such as `samples/train`.
    pub name: &'a str,
    /// Raised when the code changes the stage's output.
    pub revision: u32,
    /// Every setting that the result depends on (except the seed, which is always part of the key).
    pub settings: S,
    /// Artifacts it reads.
    pub inputs: &'a [&'a Artifact],
    /// Files it writes, relative to the repetition's folder; a name that ends in `/` is a folder with all its content.
    pub outputs: &'a [&'a str],
}

/// Output of a finished stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifact {
    /// Hash of the stage's name and of the bytes of all its files.
    pub hash: String,
    /// Folder of the repetition, to which the file names are relative.
    pub dir: PathBuf,
}

impl Artifact {
    /// Path of the file `name`, such as `samples/train.npz`.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Reads the JSON file `name`.
    ///
    /// # Errors
    /// If it cannot be read or holds something else.
    pub fn json<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<T, Error> {
        json::read(&self.path(name))
    }

    /// Opens the arrays of the file `name`.
    ///
    /// # Errors
    /// As [`npz::Reader::open`].
    pub fn npz(&self, name: &str) -> Result<npz::Reader, Error> {
        npz::Reader::open(self.path(name))
    }
}

/// One repetition of an experiment: a seed and its folder `seed-K/`. Its stages may run on several threads at once.
#[derive(Clone, Debug)]
pub struct Repetition<'a> {
    run: &'a Run,
    seed: u64,
    /// Prefix of the names of its stages: empty, or the name of the part and `/`.
    part: String,
    dir: PathBuf,
}

/// Content of the file `stages/NAME.json` of a repetition; holds no times.
#[derive(Serialize, Deserialize)]
struct Manifest {
    key: String,
    files: BTreeMap<String, String>,
}

impl Manifest {
    fn artifact(&self, name: &str, dir: &Path) -> Artifact {
        let mut hasher = blake3::Hasher::new();
        for text in [name].into_iter().chain(self.files.iter().flat_map(|(file, hash)| [file.as_str(), hash.as_str()]))
        {
            hasher.update(text.as_bytes()).update(b"\n");
        }
        Artifact { hash: hasher.finalize().to_hex().to_string(), dir: dir.to_path_buf() }
    }
}

impl<'a> Repetition<'a> {
    pub(super) fn new(run: &'a Run, seed: u64, dir: PathBuf) -> Self {
        Self { run, seed, part: String::new(), dir }
    }

    /// A part with its own stages and files in the folder `NAME/`, and its own random numbers: stages of two parts may
    /// have the same name.
    pub fn part(&self, name: &str) -> Self {
        Self { run: self.run, seed: self.seed, part: format!("{}{name}/", self.part), dir: self.dir.join(name) }
    }

    /// Seed of all random streams of the repetition, or of the part.
    pub fn seed(&self) -> u64 {
        if self.part.is_empty() {
            return self.seed;
        }
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.seed.to_le_bytes()).update(self.part.as_bytes());
        let mut bytes = [0; 8];
        hasher.finalize_xof().fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    /// Random streams of the repetition, or of the part.
    pub fn streams(&self) -> Streams {
        Streams::new(self.seed())
    }

    /// The folder `seed-K/`.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The run that it belongs to.
    pub fn run(&self) -> &'a Run {
        self.run
    }

    /// Keeps the stage if its key and the hashes of its files match the manifest, else calls `make` to write its
    /// outputs.
    ///
    /// # Errors
    /// [`Error::Interrupted`] if a signal arrived, [`Error::Failure`] if an output is missing after `make`, else the
    /// error of `make`.
    pub fn stage<S: Serialize>(
        &self,
        stage: Stage<'_, S>,
        make: impl FnOnce(&StageOut) -> Result<(), Error>,
    ) -> Result<Artifact, Error> {
        self.run.check_interrupt()?;
        let name = format!("{}{}", self.part, stage.name);
        self.run.announce(self.seed, &name)?;
        if let Some(out) = [name.as_str()].iter().chain(stage.outputs).find(|name| !inside::is_plain(name)) {
            return Err(Error::failure(format!("stage {name}: {out} is no plain name (a bug of the experiment)")));
        }
        let key = key(&stage, self.seed())?;
        let path = self.dir.join(format!("stages/{}.json", stage.name));
        let restarts = Restarts::new(path.with_extension("restart"), &key, self.run.restart_every());
        let old: Option<Manifest> = json::read(&path).ok();
        if let Some(manifest) = old.as_ref().filter(|m| m.key == key)
            && files(&self.dir, stage.outputs).is_ok_and(|files| files == manifest.files)
        {
            // Left behind by a run that was killed just after it wrote the manifest.
            restarts.remove()?;
            self.run.record_stage(self.seed, &name, &path, None)?;
            self.run.progress().report(Event::Kept(At { seed: Some(self.seed), stage: &name }));
            return Ok(manifest.artifact(stage.name, &self.dir));
        }
        // No file of an older version may end up in this one. The old manifest is not trusted: only the
        // stage's own outputs are removed.
        inside::remove(&path)?;
        for output in stage.outputs {
            let own = self.dir.join(output.trim_end_matches('/'));
            if own.is_dir() != output.ends_with('/') && own.exists() {
                let (own, is, writes) = match own.is_dir() {
                    true => (own.display(), "a folder", "a file"),
                    false => (own.display(), "a file", "a folder"),
                };
                return Err(Error::user(format!("{own} is {is}, where this run writes {writes}; move it away")));
            }
            inside::remove(&own)?;
            if output.ends_with('/') {
                atomic::create_folder(&own)?;
            }
        }
        let start = Instant::now();
        self.run.progress().report(Event::Begins(At { seed: Some(self.seed), stage: &name }));
        let out = StageOut { place: Place::Repetition(self), name: name.clone(), restarts };
        make(&out).map_err(|e| {
            if matches!(e, Error::Interrupted) {
                out.restarts.flush();
            }
            e.within(|| out.place())
        })?;
        let files = files(&self.dir, stage.outputs).map_err(|e| e.within(|| out.place()))?;
        let manifest = Manifest { key, files };
        atomic::write(&path, json::pretty(&manifest)?)?;
        out.restarts.remove()?;
        self.run.record_stage(self.seed, &name, &path, Some(start.elapsed().as_secs_f64()))?;
        self.run.progress().report(Event::Ends(At { seed: Some(self.seed), stage: &name }));
        Ok(manifest.artifact(stage.name, &self.dir))
    }
}

impl Repetition<'_> {
    /// Findings of a stage, kept in its one JSON output; `make` writes the other outputs.
    ///
    /// # Errors
    /// As [`Self::stage`].
    pub fn found<S: Serialize, T: Serialize + serde::de::DeserializeOwned>(
        &self,
        stage: Stage<'_, S>,
        make: impl FnOnce(&StageOut) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.found_as(stage, json::pretty, make)
    }

    /// As [`Self::found`], with the JSON on one line: for long findings that no one reads.
    ///
    /// # Errors
    /// As [`Self::stage`].
    pub fn found_compact<S: Serialize, T: Serialize + serde::de::DeserializeOwned>(
        &self,
        stage: Stage<'_, S>,
        make: impl FnOnce(&StageOut) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let compact = |found: &T| serde_json::to_string(found).map_err(|e| Error::failure(e.to_string()));
        self.found_as(stage, compact, make)
    }

    fn found_as<S: Serialize, T: serde::de::DeserializeOwned>(
        &self,
        stage: Stage<'_, S>,
        text: impl FnOnce(&T) -> Result<String, Error>,
        make: impl FnOnce(&StageOut) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let file = stage.outputs.iter().copied().find(|output| output.ends_with(".json"));
        let file = file.ok_or_else(|| Error::failure(format!("stage {} makes no JSON file", stage.name)))?;
        self.stage(stage, |out| out.write(file, text(&make(out)?)?))?.json(file)
    }
}

/// Writer of a stage's outputs.
pub struct StageOut<'a> {
    place: Place<'a>,
    /// Name of the stage, with that of its part.
    name: String,
    pub(super) restarts: Restarts,
}

/// Place of a stage's outputs.
enum Place<'a> {
    /// The folder of a repetition.
    Repetition(&'a Repetition<'a>),
    /// Memory, for a caller who has no folder.
    Memory { seed: u64, watch: &'a dyn Observer, outputs: Mutex<BTreeMap<String, Vec<u8>>> },
}

impl<'a> StageOut<'a> {
    /// A stage without a folder: what it writes is kept in memory, and it has no restarts.
    pub fn in_memory(name: &str, seed: u64, watch: &'a dyn Observer) -> Self {
        let place = Place::Memory { seed, watch, outputs: Mutex::default() };
        Self { place, name: name.to_owned(), restarts: Restarts::none() }
    }

    /// Whether outputs are kept in memory: an interrupted training then gives the machine that it has.
    pub fn is_in_memory(&self) -> bool {
        matches!(self.place, Place::Memory { .. })
    }

    /// What was written in memory, by name.
    pub fn into_outputs(self) -> BTreeMap<String, Vec<u8>> {
        match self.place {
            Place::Repetition(_) => BTreeMap::new(),
            Place::Memory { outputs, .. } => outputs.into_inner().unwrap_or_else(PoisonError::into_inner),
        }
    }
}

impl StageOut<'_> {
    /// The seed of the repetition.
    pub fn seed(&self) -> u64 {
        match self.place {
            Place::Repetition(repetition) => repetition.seed(),
            Place::Memory { seed, .. } => seed,
        }
    }

    /// Random streams of the repetition.
    pub fn streams(&self) -> Streams {
        Streams::new(self.seed())
    }

    /// Path of the output `name`; creates its folder.
    ///
    /// # Errors
    /// If the folder cannot be created, or there is none.
    pub fn path(&self, name: &str) -> Result<PathBuf, Error> {
        let Place::Repetition(repetition) = self.place else {
            return Err(Error::failure(format!("stage {}: {name} has no place in memory", self.name)));
        };
        let path = repetition.dir.join(name);
        path.parent().map_or(Ok(()), atomic::create_folder)?;
        Ok(path)
    }

    /// Writes the output `name`, whole or not at all.
    ///
    /// # Errors
    /// As [`atomic::write`].
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> Result<(), Error> {
        match &self.place {
            Place::Repetition(repetition) => atomic::write(repetition.dir.join(name), bytes),
            Place::Memory { outputs, .. } => {
                let mut outputs = outputs.lock().unwrap_or_else(PoisonError::into_inner);
                outputs.insert(name.to_owned(), bytes.as_ref().to_vec());
                Ok(())
            }
        }
    }

    /// Writes `value` as the JSON file `name`.
    ///
    /// # Errors
    /// As [`atomic::write`].
    pub fn write_json<T: Serialize>(&self, name: &str, value: &T) -> Result<(), Error> {
        self.write(name, json::pretty(value)?)
    }

    /// Tells the run of what happens in it.
    fn report<'e>(&'e self, event: impl FnOnce(At<'e>) -> Event<'e>) {
        if let Place::Repetition(repetition) = self.place {
            let at = At { seed: Some(repetition.seed), stage: &self.name };
            repetition.run.progress().report(event(at));
        }
    }

    fn check_interrupt(&self, units: u64) -> Result<(), Error> {
        match self.place {
            Place::Repetition(repetition) => repetition.run.check_interrupt(),
            Place::Memory { watch, .. } => watch.tick(units),
        }
    }

    /// Announces `units` of work of this stage that [`tick`](Self::tick) will report.
    pub fn add_work(&self, units: u64) {
        self.report(|at| Event::Work(at, units));
        if let Place::Memory { watch, .. } = self.place {
            watch.announce(units);
        }
    }

    /// Reports `units` of work as done.
    ///
    /// # Errors
    /// [`Error::Interrupted`] if a signal arrived: return it, and `--resume` goes on from the states saved by
    /// [`Self::complete`] and [`Self::keep`].
    pub fn tick(&self, units: u64) -> Result<(), Error> {
        self.report(|at| Event::Advance(at, units));
        self.check_interrupt(units)
    }

    /// Reports `units` of work as done by an earlier run.
    pub(super) fn restored(&self, units: u64) -> Result<(), Error> {
        self.report(|at| Event::Restored(at, units));
        self.check_interrupt(units)
    }

    /// Shows a line to the user.
    pub(super) fn message(&self, text: &str) {
        self.report(|_| Event::Message(text));
    }

    /// Name of the stage, for messages.
    pub(super) fn place(&self) -> String {
        format!("stage {} of seed {}", self.name, self.seed())
    }
}

impl Observer for StageOut<'_> {
    fn announce(&self, units: u64) {
        self.add_work(units);
    }

    fn tick(&self, units: u64) -> Result<(), Error> {
        StageOut::tick(self, units)
    }
}

/// Hash of everything that the stage's result depends on.
fn key<S: Serialize>(stage: &Stage<'_, S>, seed: u64) -> Result<String, Error> {
    let settings = serde_json::to_value(&stage.settings)
        .map_err(|e| Error::failure(format!("settings of stage {}: {e}", stage.name)))?;
    // JSON has one null for nothing, infinity and NaN; TOML tells them apart but cannot write everything. Together they
    // are exact.
    let exact = toml::Value::try_from(&stage.settings).ok().map(|value| value.to_string());
    let inputs: Vec<&str> = stage.inputs.iter().map(|artifact| artifact.hash.as_str()).collect();
    let text = super::canonical_json(&serde_json::json!({
        "stage": stage.name, "revision": stage.revision, "seed": seed,
        "settings": settings, "exact": exact, "inputs": inputs, "outputs": stage.outputs,
    }));
    Ok(blake3::hash(text.as_bytes()).to_hex().to_string())
}

/// Names of the files in the manifest at `path`; none if it cannot be read.
pub(super) fn files_of(path: &Path) -> Vec<String> {
    json::read::<Manifest>(path).map_or(vec![], |manifest| manifest.files.into_keys().collect())
}

/// First file in `dir` that is missing or differs from the manifest at `path`, if any; files that are `gone` on purpose
/// are left out.
pub(super) fn damaged(dir: &Path, path: &Path, gone: impl Fn(&str) -> bool) -> Option<String> {
    let manifest: Manifest = json::read(path).ok()?;
    let differs = |(name, hash): &(&String, &String)| !gone(name) && !inside::is_as_recorded(dir, name, hash);
    let (name, _) = manifest.files.iter().find(differs)?;
    let foreign = || path.strip_prefix(dir).unwrap_or(path).to_string_lossy().into_owned();
    Some(if inside::is_plain(name) { name.clone() } else { foreign() })
}

/// Hash of every output, by name; folders are walked.
fn files(dir: &Path, outputs: &[&str]) -> Result<BTreeMap<String, String>, Error> {
    fn walk(dir: &Path, name: &str, files: &mut BTreeMap<String, String>) -> Result<(), Error> {
        let folder = dir.join(name);
        for entry in std::fs::read_dir(&folder).map_err(Error::io("read", &folder))? {
            let entry = entry.map_err(Error::io("read", &folder))?;
            let name = format!("{name}{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                walk(dir, &format!("{name}/"), files)?;
            } else if !atomic::is_temporary(&entry.file_name()) {
                files.insert(name, provenance::hash_file(&entry.path())?);
            }
        }
        Ok(())
    }
    let mut files = BTreeMap::new();
    for output in outputs {
        if output.ends_with('/') {
            // An empty folder may get lost when the run is copied.
            if dir.join(output).is_dir() {
                walk(dir, output, &mut files)?;
            }
        } else if dir.join(output).is_file() {
            files.insert(output.to_string(), provenance::hash_file(&dir.join(output))?);
        } else {
            return Err(Error::failure(format!("the output {output} was not made")));
        }
    }
    Ok(files)
}
