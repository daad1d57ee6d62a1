//! Samples in several files, read as one set in the order given: a file for each temperature is the commonest layout.

use super::label_names::Labelling;
use super::labels::Labels;
use super::{Dataset, Input, Kind, Options, Values, file_names, given_labels, kind};
use crate::artifact::Error;
use crate::artifact::memory::{self, Need};
use ndarray::{Array2, ArrayView2, s};
use std::path::{Path, PathBuf};

impl Dataset {
    /// Reads the files `paths` as one set of samples, one after the other. Labels are those in the files, those of
    /// `options` (one for each file), or the temperatures in the names of the files.
    ///
    /// # Errors
    /// [`Error::User`] of one line that names file, problem and remedy; also where files differ in values, lattice,
    /// shape or field.
    pub fn read_all(paths: &[PathBuf], options: &Options) -> Result<Self, Error> {
        match paths {
            [] => return Err(Error::user("no file of samples is given; name one")),
            [one] => return Self::read(one, options),
            _ => {}
        }
        let wrong = |what: String| Error::user(what);
        if let Some(twice) = (1..paths.len()).find(|k| paths[..*k].contains(&paths[*k])) {
            return Err(wrong(format!("{}: is given twice; give each file once", paths[twice].display())));
        }
        let list = given_labels::list(options).filter(|list| list.len() > 1);
        let given = match &list {
            Some(list) if list.len() != paths.len() => {
                let (n, files) = (list.len(), paths.len());
                return Err(wrong(format!(
                    "{n} labels are given for {files} files ({}); give one for each file",
                    options.labels
                )));
            }
            Some(list) => Some(given_labels::labels(options, list, paths.len()).map_err(wrong)?.0),
            None => None,
        };
        let without = Options { reads_labels: false, labels: String::new(), ..options.clone() };
        let how = if given.is_some() { &without } else { options };
        let parts = paths.iter().map(|path| Self::read(path, how)).collect::<Result<Vec<_>, _>>()?;
        let mut notes = agree(&parts, options).map_err(wrong)?;
        let labels = match given {
            Some(given) if options.reads_labels => {
                let say = |k: usize| format!("{} ({})", given.name(given.values[k]), name(&paths[k]));
                let first = (0..paths.len().min(3)).map(say).collect::<Vec<_>>().join(", ");
                let more = if paths.len() > 3 { " ..." } else { "" };
                notes.push(format!("each file has the label given for it: {first}{more}"));
                Some(repeated(&given, &parts))
            }
            _ => labels(&parts, options, &mut notes).map_err(wrong)?,
        };
        let (shape, lattice) = (shape(&parts), parts.iter().find_map(|part| part.lattice.clone()));
        let field = parts.iter().find_map(|part| part.field);
        let (candidates, files) =
            (parts[0].candidates.clone(), parts.iter().flat_map(|part| part.files.clone()).collect());
        notes.extend(said(&parts));
        let hash = hash(&parts, labels.as_ref());
        let weights = parts.iter().map(|part| part.weights.as_deref()).collect::<Option<Vec<_>>>();
        let weights = weights.map(|weights| weights.concat());
        let kinds: Vec<Kind> = parts.iter().map(|part| part.kind).collect();
        let marks: Option<Vec<_>> = parts.iter().map(|part| part.unknown.as_ref().map(|marks| marks.view())).collect();
        let unknown = marks.and_then(|marks| ndarray::concatenate(ndarray::Axis(0), &marks).ok());
        let values = joined(parts)?;
        let kind = kind::of(&values, None, options).map_err(|why| {
            let other = kinds.iter().position(|kind| *kind != kinds[0]).unwrap_or(0);
            let (a, b) = (paths[0].display(), paths[other].display());
            let differ =
                format!("{a} is of {}, {b} of {}; give files of one kind", kinds[0].name(), kinds[other].name());
            wrong(if other > 0 { differ } else { format!("{a} and the other files: {why}") })
        })?;
        Ok(Self {
            values,
            kind,
            shape,
            labels,
            weights,
            lattice,
            field,
            path: paths[0].clone(),
            hash,
            notes,
            candidates,
            files,
            more: paths.len() - 1,
            states: None,
            unknown,
        })
    }

    /// The file for messages; of several, the first with the number of the others.
    pub fn title(&self) -> String {
        let first = self.path.display();
        if self.more == 0 { first.to_string() } else { format!("{first} and {} more", self.more) }
    }

    /// Name of the file without its folder; of several, of the first with the number of the others.
    pub fn name(&self) -> String {
        let first = name(&self.path);
        if self.more == 0 { first } else { format!("{first} and {} more", self.more) }
    }
}

/// Name of a file without its folder.
fn name(path: &Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Checks that all files are of one shape, lattice and field; returns notes on what cannot be checked.
fn agree(parts: &[Dataset], options: &Options) -> Result<Vec<String>, String> {
    // Values are compared when all are known.
    let input = |part: &Dataset| Input { kind: Some(Kind::Spins), ..Input::of_data(part, options.scale) };
    let first = input(&parts[0]);
    let mut notes = Vec::new();
    for part in &parts[1..] {
        let (a, b) = (parts[0].n_units(), part.n_units());
        if a != b {
            let (one, other) = (parts[0].path.display(), part.path.display());
            return Err(format!("{one} has samples of {a} values, {other} of {b}; give files of one lattice"));
        }
        notes.extend(first.agrees(&input(part))?.notes);
    }
    Ok(notes)
}

/// The notes of the files, each once if all have it.
fn said(parts: &[Dataset]) -> Vec<String> {
    let everywhere = |note: &String| parts.iter().all(|part| part.notes.contains(note));
    let common = parts[0]
        .notes
        .iter()
        .filter(|note| everywhere(note))
        .map(|note| format!("each of the {} files: {note}", parts.len()));
    let own = parts.iter().flat_map(|part| {
        let notes = part.notes.iter().filter(|note| !everywhere(note));
        notes.map(|note| format!("{}: {note}", part.path.display()))
    });
    common.chain(own).collect()
}

/// The shape with most axes.
fn shape(parts: &[Dataset]) -> Vec<usize> {
    let mut longest = &parts[0].shape;
    for part in parts {
        longest = if part.shape.len() > longest.len() { &part.shape } else { longest };
    }
    longest.clone()
}

/// `per_file` has one label for each file: the label of all its samples.
fn repeated(per_file: &Labels, parts: &[Dataset]) -> Labels {
    let all = per_file.values.iter().zip(parts).flat_map(|(v, part)| std::iter::repeat_n(*v, part.n_samples()));
    Labels { values: all.collect(), ..per_file.clone() }
}

/// Labels in the files, or the temperatures in their names.
fn labels(parts: &[Dataset], options: &Options, notes: &mut Vec<String>) -> Result<Option<Labels>, String> {
    if !options.reads_labels {
        return Ok(None);
    }
    let inside: Vec<Labels> = parts.iter().filter_map(|part| part.labels.clone()).collect();
    if inside.len() == parts.len() {
        return Labels::joined(&inside).map(Some);
    }
    if let Some(with) = parts.iter().find(|part| part.labels.is_some()) {
        let without = parts
            .iter()
            .find(|part| part.labels.is_none())
            .map_or(String::new(), |part| part.path.display().to_string());
        return Err(format!(
            "{} has labels and {without} has none; add them, or give one for each file, such as --temperatures 1.5,2.0",
            with.path.display()
        ));
    }
    let Some(named) = parts.iter().map(|part| file_names::temperature(&part.path)).collect::<Option<Vec<_>>>() else {
        return Ok(None);
    };
    let what = named[0].0;
    if named.iter().any(|(other, _)| *other != what) {
        return Ok(None);
    }
    let values: Vec<f64> = named.iter().map(|(_, v)| *v).collect();
    let labels = Labels::of("the names of the files", what, values, parts.len())?;
    let (what, of) =
        if what == Labelling::Beta { ("inverse temperatures", ", T = 1/beta") } else { ("temperatures", "") };
    let shown = named.iter().zip(parts).take(3).map(|((_, v), part)| format!("{v} ({})", name(&part.path)));
    let more = if parts.len() > 3 { " ..." } else { "" };
    notes.push(format!(
        "{what} are those in the names of the files{of}: {}{more}",
        shown.collect::<Vec<_>>().join(", ")
    ));
    Ok(Some(repeated(&labels, parts)))
}

/// Hash of the files in their order, and of labels that their bytes do not have.
fn hash(parts: &[Dataset], labels: Option<&Labels>) -> String {
    let mut hasher = blake3::Hasher::new();
    let inside = parts.iter().all(|part| part.labels.is_some());
    let mut row = 0;
    for part in parts {
        hasher.update(part.hash.as_bytes()).update(b"\n");
        if let Some(labels) = labels.filter(|_| !inside) {
            hasher.update(labels.name(labels.values[row]).as_bytes()).update(b"\n");
        }
        row += part.n_samples();
    }
    hasher.finalize().to_hex().to_string()
}

/// The values of all files, one after the other.
fn joined(parts: Vec<Dataset>) -> Result<Values, Error> {
    let (rows, units) = (parts.iter().map(Dataset::n_samples).sum(), parts[0].n_units());
    let states = parts.iter().all(|part| matches!(part.values, Values::States(_)));
    let what = format!("{} files: {rows} samples of {units} values", parts.len());
    memory::need(&[Need::new(&[if states { 1 } else { 4 }, rows, units], what, "give fewer samples at a time")])?;
    fn place<T: Clone>(all: &mut Array2<T>, at: &mut usize, part: ArrayView2<T>) {
        all.slice_mut(s![*at..*at + part.nrows(), ..]).assign(&part);
        *at += part.nrows();
    }
    let mut at = 0;
    if states {
        let mut all = Array2::<i8>::zeros((rows, units));
        for part in parts {
            if let Values::States(part) = part.values {
                place(&mut all, &mut at, part.view());
            }
        }
        return Ok(Values::States(all));
    }
    let mut all = Array2::<f32>::zeros((rows, units));
    for part in parts {
        match part.values {
            Values::States(part) => place(&mut all, &mut at, part.mapv(f32::from).view()),
            Values::Real(part) => place(&mut all, &mut at, part.view()),
        }
    }
    Ok(Values::Real(all))
}
