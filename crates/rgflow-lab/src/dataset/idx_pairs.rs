//! Images and labels of IDX files, which lie side by side as `train-images-idx3-ubyte` and `train-labels-idx1-ubyte`,
//! and folders of them.

use super::content::Content;
use super::label_names::Labelling;
use super::labels::Labels;
use super::{array, idx};
use crate::artifact::{Error, npy};
use std::path::{Path, PathBuf};

/// Name of the images in a folder of MNIST, with `.` or `-` before `idx3`.
const IMAGES: [&str; 2] = ["train-images-idx3-ubyte", "train-images.idx3-ubyte"];
/// Folders in which torchvision and others put the files.
const FOLDERS: [&str; 3] = ["", "raw", "MNIST/raw"];

/// The file `name` in `folder`, raw or packed.
fn there(folder: &Path, name: &str) -> Option<PathBuf> {
    let packed = format!("{name}.gz");
    [name, &packed].into_iter().map(|name| folder.join(name)).find(|path| path.is_file())
}

/// The training images in the folder `path`, if it is one of MNIST's format.
pub(super) fn images(path: &Path) -> Option<PathBuf> {
    let folders = FOLDERS.iter().map(|folder| path.join(folder));
    folders.into_iter().find_map(|folder| IMAGES.iter().find_map(|name| there(&folder, name)))
}

/// The file of labels that belongs to the images in `path`, if it is there.
fn labels_file(path: &Path) -> Option<PathBuf> {
    let name = super::content::without_gz(path.file_name()?.to_str()?);
    let labels = name.replace("images", "labels").replace("idx3", "idx1");
    (labels != name).then(|| there(path.parent().unwrap_or(Path::new("")), &labels)).flatten()
}

/// Labels in a file of its own.
pub(super) struct Beside {
    pub path: PathBuf,
    pub hash: String,
    pub labels: Labels,
}

/// The labels of the `samples` images in `path`, if their file lies beside it.
///
/// # Errors
/// [`Error::User`] if it is no IDX file of as many labels.
pub(super) fn labels(path: &Path, samples: usize) -> Result<Option<Beside>, Error> {
    let Some(path) = labels_file(path) else { return Ok(None) };
    let wrong = |what: String| Error::user(format!("{}: {what}", path.display()));
    let content = Content::open(&path)?;
    let mut from = content.reader()?;
    let header = idx::header(&mut from).map_err(wrong)?;
    array::fits((&path, content.len()), &header.shape, 16)?;
    let values = npy::numbers(&header, &mut from, content.len(), |v| v).map_err(wrong)?;
    let labels = Labels::of("labels", Labelling::Classes, values.into_iter().collect(), samples).map_err(wrong)?;
    drop(from);
    Ok(Some(Beside { hash: content.hash, labels, path }))
}
