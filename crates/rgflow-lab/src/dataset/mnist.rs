//! The MNIST database of handwritten digits (LeCun, Cortes, Burges): fetched or imported once, checked by the SHA-256
//! of its raw files, and read as grey levels.

use super::idx;
use crate::artifact::{Error, atomic};
use ndarray::{Array2, Axis};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// Mirrors, tried in order; each holds the four files as NAME.gz.
pub const MIRRORS: [&str; 2] =
    ["https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/"];
/// Largest file accepted, raw or compressed: the training images have 47 MB.
const MOST: usize = 64 << 20;

/// A file of the data set.
#[derive(Clone, Debug)]
pub struct File {
    /// Name without `.gz`.
    pub name: String,
    /// SHA-256 of its raw bytes, hexadecimal.
    pub sha256: String,
}

/// The four files: training images and labels, test images and labels.
pub fn files() -> [File; 4] {
    [
        ("train-images-idx3-ubyte", "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"),
        ("train-labels-idx1-ubyte", "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
        ("t10k-images-idx3-ubyte", "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
        ("t10k-labels-idx1-ubyte", "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
    ]
    .map(|(name, sha256)| File { name: name.into(), sha256: sha256.into() })
}

/// Folder of the files: `$RGFLOW_DATA/mnist`, or `data/mnist` in the current folder.
pub fn folder() -> PathBuf {
    std::env::var_os("RGFLOW_DATA").map_or_else(|| "data".into(), PathBuf::from).join("mnist")
}

/// Names what is missing in `folder` and the command that gets it; `None` if all files exist (they are not read).
pub fn missing(folder: &Path) -> Option<String> {
    let file = files().into_iter().find(|file| !folder.join(&file.name).is_file())?;
    Some(format!("{} is not in {}; `rgflow data mnist` gets it", file.name, folder.display()))
}

/// Origin of files.
#[derive(Clone, Debug)]
pub enum Source {
    /// A folder that holds them, raw or as NAME.gz.
    Folder(PathBuf),
    /// Address of a folder that holds them as NAME.gz.
    Mirror(String),
}

/// Brings those of `files` into `folder` that are missing or wrong, from the first of `sources` that has correct ones.
/// `step` receives the name of each file brought. Returns the names of these files; correct files are never touched,
/// and nothing unchecked is ever written.
///
/// # Errors
/// [`Error::User`] that says for each source what is wrong; [`Error::Io`] if `folder` cannot be written.
pub fn bring(
    files: &[File],
    sources: &[Source],
    folder: &Path,
    step: &mut dyn FnMut(&str),
) -> Result<Vec<String>, Error> {
    let mut brought = Vec::new();
    for file in files {
        let path = folder.join(&file.name);
        if std::fs::read(&path).is_ok_and(|bytes| sha256(&bytes) == file.sha256) {
            continue;
        }
        step(&file.name);
        let mut wrong = Vec::new();
        let good = sources.iter().find_map(|source| match get(source, file) {
            Ok(bytes) => Some(bytes),
            Err(error) => {
                wrong.push(error.to_string());
                None
            }
        });
        let Some(bytes) = good else {
            return Err(Error::user(format!(
                "{}; give another place with --mirror URL or --from DIR",
                wrong.join("; then ")
            )));
        };
        atomic::write(&path, bytes)?;
        brought.push(file.name.clone());
    }
    Ok(brought)
}

/// Raw bytes of a file, checked.
fn get(source: &Source, file: &File) -> Result<Vec<u8>, Error> {
    let (bytes, name) = match source {
        Source::Folder(dir) => {
            let all = [dir.join(&file.name), dir.join(format!("{}.gz", file.name))];
            let Some(path) = all.iter().find(|path| path.is_file()) else {
                return Err(Error::user(format!("{} holds neither {} nor {1}.gz", dir.display(), file.name)));
            };
            (small(path)?, path.display().to_string())
        }
        Source::Mirror(url) => {
            let address = format!("{}/{}.gz", url.trim_end_matches('/'), file.name);
            (download(&address)?, without_password(&address))
        }
    };
    let raw = idx::raw(bytes, &name, MOST)?;
    if sha256(&raw) != file.sha256 {
        return Err(Error::user(format!("{name}: is not the {} of MNIST (its SHA-256 differs)", file.name)));
    }
    Ok(raw)
}

/// Bytes of a file that is not larger than files of the data set can be.
fn small(path: &Path) -> Result<Vec<u8>, Error> {
    let size = std::fs::metadata(path).map_err(Error::io("read", path))?.len();
    if size > MOST as u64 {
        return Err(Error::user(format!("{}: {size} bytes are too many for MNIST", path.display())));
    }
    std::fs::read(path).map_err(Error::io("read", path))
}

#[cfg(not(feature = "fetch"))]
fn download(address: &str) -> Result<Vec<u8>, Error> {
    let shown = without_password(address);
    Err(Error::user(format!(
        "{shown}: this build has no network client (feature `fetch`); get the file by other means"
    )))
}

#[cfg(feature = "fetch")]
fn download(address: &str) -> Result<Vec<u8>, Error> {
    let verifier = ureq::tls::TlsConfig::builder().root_certs(ureq::tls::RootCerts::PlatformVerifier).build();
    // Proxies are those of the environment.
    let config = ureq::Agent::config_builder()
        .tls_config(verifier)
        .timeout_connect(Some(std::time::Duration::from_secs(20)))
        .timeout_global(Some(std::time::Duration::from_secs(600)))
        .build();
    // The library's message may repeat the address, whole or the part with the password.
    let shown = without_password(address);
    let secret = password(address);
    let wrong = |e: ureq::Error| {
        let said = e.to_string().replace(address, &shown);
        let said = if secret.is_empty() { said } else { said.replace(secret, "***") };
        Error::user(format!("{shown}: {said}"))
    };
    let mut answer = ureq::Agent::new_with_config(config).get(address).call().map_err(wrong)?;
    answer.body_mut().with_config().limit(MOST as u64).read_to_vec().map_err(wrong)
}

/// User and password of an address, `user:password` in `https://user:password@host/`, also without `https:`; empty if
/// there are none.
fn password(address: &str) -> &str {
    let start = address.find("//").filter(|i| !address[..*i].contains(['/', '@'])).map_or(0, |i| i + 2);
    let rest = &address[start..];
    let authority = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    authority.rfind('@').map_or("", |end| &authority[..end])
}

/// The address with `***` in place of user and password, and of anything after `?` or `#` (often a key).
fn without_password(address: &str) -> String {
    let secret = password(address);
    let masked = if secret.is_empty() { address.to_string() } else { address.replacen(secret, "***", 1) };
    match masked.find(['?', '#']) {
        Some(end) => format!("{}***", &masked[..=end]),
        None => masked,
    }
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Images with their labels.
#[derive(Clone, Debug)]
pub struct Digits {
    /// Grey levels in [0, 1], shape (images, 784), row by row; probabilities of {0, 1} units, never thresholded.
    pub images: Array2<f32>,
    /// The digit of each image, 0 to 9.
    pub labels: Vec<usize>,
}

impl Digits {
    /// The images in these `rows`.
    pub fn select(&self, rows: &[usize]) -> Self {
        let labels = rows.iter().map(|row| self.labels[*row]).collect();
        Self { images: self.images.select(Axis(0), rows), labels }
    }

    /// The first `most` images, or all if there are fewer.
    pub fn first(&self, most: usize) -> Self {
        self.select(&(0..self.labels.len().min(most)).collect::<Vec<_>>())
    }
}

/// Hash of the four files in `folder`.
///
/// # Errors
/// If one cannot be read.
pub fn hash(folder: &Path) -> Result<String, Error> {
    let mut hasher = blake3::Hasher::new();
    for file in files() {
        let path = folder.join(&file.name);
        hasher.update(&std::fs::read(&path).map_err(Error::io("read", &path))?);
    }
    Ok(hasher.finalize().to_hex().to_string())
}

/// Reads the training set (60,000) and the test set (10,000) from `folder`: square images of all ten digits.
///
/// # Errors
/// [`Error::User`] if a file is missing, damaged, or does not fit the others.
pub fn load(folder: &Path) -> Result<[Digits; 2], Error> {
    if let Some(what) = missing(folder) {
        return Err(Error::user(what));
    }
    let read = |file: &File, dimensions| {
        let path = folder.join(&file.name);
        let bytes = small(&path)?;
        idx::parse(&bytes, dimensions, &path.display().to_string())
    };
    let [train_images, train_labels, test_images, test_labels] = files();
    let mut sizes = Vec::new();
    let mut set = |images: &File, labels: &File| -> Result<Digits, Error> {
        let name = &images.name;
        let ((shape, grey), (_, labels)) = (read(images, 3)?, read(labels, 1)?);
        // `parse` returns as many extents as requested, and their product is a usize (the product of two of them need
        // not be).
        let size = shape[1].saturating_mul(shape[2]);
        if shape[0] == 0 || size == 0 {
            return Err(Error::user(format!(
                "{}: {name} has the shape {shape:?}: no pixels; `rgflow data mnist` gets it again",
                folder.display()
            )));
        }
        sizes.push([shape[1], shape[2]]);
        if shape[0] != labels.len() || labels.iter().any(|label| *label > 9) {
            return Err(Error::user(format!("{}: its labels do not fit its images", folder.display())));
        }
        let labels: Vec<usize> = labels.into_iter().map(usize::from).collect();
        let grey = grey.into_iter().map(|byte| f32::from(byte) / 255.0).collect();
        let images = Array2::from_shape_vec((shape[0], size), grey)?;
        if images.nrows() > 9 && images.rows().into_iter().all(|row| row == images.row(0)) {
            return Err(Error::user(format!(
                "{}: all images of {name} are the same, so that nothing can be learnt of them; `rgflow data mnist` \
                 gets it again",
                folder.display()
            )));
        }
        Ok(Digits { images, labels })
    };
    let both = [set(&train_images, &train_labels)?, set(&test_images, &test_labels)?];
    let wrong = |what: String| {
        Err(Error::user(format!("{}: {what}; `rgflow data mnist` gets the files again", folder.display())))
    };
    if let [train, test] = sizes[..]
        && train != test
    {
        return wrong(format!("training images of {train:?} pixels and test images of {test:?}"));
    }
    let pixels = both[0].images.ncols();
    if pixels.isqrt().pow(2) != pixels {
        return wrong(format!("images of {pixels} pixels are no squares"));
    }
    for (which, file) in ["training", "test"].into_iter().zip(&both) {
        if let Some(digit) = (0..10).find(|digit| !file.labels.contains(digit)) {
            return wrong(format!("the {which} files have no image of the digit {digit}"));
        }
    }
    Ok(both)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_not_repeated() {
        for (address, shown) in [
            ("https://user:pw@host/mnist/a.gz", "https://***@host/mnist/a.gz"),
            ("https://user:p@w@host:80/a", "https://***@host:80/a"),
            ("https://token@host", "https://***@host"),
            ("user:pw@host/a", "***@host/a"),
            ("//user:pw@host/a", "//***@host/a"),
            ("https://host/#secret", "https://host/#***"),
            ("https://host/a@b/c", "https://host/a@b/c"),
            ("https://host/a?key=secret", "https://host/a?***"),
        ] {
            assert_eq!(without_password(address), shown);
        }
        for mirror in [
            "http://user:pw-7f@127.0.0.1:9/mnist/",
            "http://user:pw-7f@not a host/",
            "htp://user:pw-7f@host/",
            "http://user:pw-7f@[::1",
            "//user:pw-7f@127.0.0.1:1/",
        ] {
            let folder = tempfile::tempdir().unwrap();
            let error =
                bring(&files(), &[Source::Mirror(mirror.into())], folder.path(), &mut |_| {}).unwrap_err().to_string();
            assert!(!error.contains("pw-7f") && error.contains("***") && error.contains("--mirror"), "{error}");
        }
    }
    use std::io::{Read, Write};

    /// Small files in the format, with matching checksums.
    fn small(to: &Path) -> Vec<File> {
        let write = |name: &str, bytes: &[u8]| {
            std::fs::write(to.join(name), bytes).unwrap();
            File { name: name.into(), sha256: sha256(bytes) }
        };
        let count = |n: u8| (0..n).collect::<Vec<u8>>();
        let images = |n: u8| [&[0, 0, 8, 3, 0, 0, 0, n, 0, 0, 0, 2, 0, 0, 0, 2][..], &count(4 * n)].concat();
        let labels =
            |n: u8| [&[0, 0, 8, 1, 0, 0, 0, n][..], &count(n).iter().map(|i| i % 10).collect::<Vec<_>>()].concat();
        let [a, b, c, d] = files().map(|file| file.name);
        vec![write(&a, &images(12)), write(&b, &labels(12)), write(&c, &images(10)), write(&d, &labels(10))]
    }

    fn quiet(_: &str) {}

    #[test]
    fn a_folder_is_imported_once_and_read() {
        let [from, to] = [0, 1].map(|_| tempfile::tempdir().unwrap());
        let files = small(from.path());
        assert!(missing(to.path()).unwrap().contains("rgflow data mnist"));
        let sources = [Source::Folder(from.path().into())];
        assert_eq!(bring(&files, &sources, to.path(), &mut quiet).unwrap().len(), 4);
        assert!(bring(&files, &sources, to.path(), &mut quiet).unwrap().is_empty());
        let [train, test] = load(to.path()).unwrap();
        assert_eq!((train.images.dim(), test.labels[3]), ((12, 4), 3));
        assert!((train.images[[11, 3]] - 47.0 / 255.0).abs() < 1e-7);
        assert_eq!(train.select(&[11, 0]).labels, [1, 0]);
        // A truncated file is detected when read and replaced by the next fetch.
        let cut = to.path().join(&files[0].name);
        std::fs::write(&cut, [0, 0, 8, 3, 0]).unwrap();
        assert!(load(to.path()).unwrap_err().to_string().contains(&files[0].name));
        assert_eq!(bring(&files, &sources, to.path(), &mut quiet).unwrap(), [files[0].name.clone()]);
    }

    #[test]
    fn wrong_bytes_never_replace_good_ones() {
        let [from, to] = [0, 1].map(|_| tempfile::tempdir().unwrap());
        let files = small(from.path());
        let mut foreign = files.clone();
        foreign[1].sha256 = "00".repeat(32);
        let sources = [Source::Folder(from.path().into())];
        let error = bring(&foreign, &sources, to.path(), &mut quiet).unwrap_err().to_string();
        assert!(error.contains("SHA-256") && error.contains(&foreign[1].name) && error.contains("--from"), "{error}");
        assert!(to.path().join(&files[0].name).is_file() && !to.path().join(&files[1].name).exists());
    }

    /// Serves files on a local port: known paths with their bytes, any other with 404.
    fn serve(dir: PathBuf, requests: usize) -> (String, std::thread::JoinHandle<()>) {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/mnist/", listener.local_addr().unwrap());
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming().take(requests) {
                let mut stream = stream.unwrap();
                let mut head = Vec::new();
                let mut byte = [0];
                while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
                    head.push(byte[0]);
                }
                let head = String::from_utf8(head).unwrap();
                let name = head.split(' ').nth(1).and_then(|path| path.strip_prefix("/mnist/")).unwrap_or("");
                let found = std::fs::read(dir.join(name.trim_end_matches(".gz")));
                let (status, body) = found.map_or(("404 Not Found", vec![]), |body| ("200 OK", body));
                let lines = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
                stream.write_all(lines.as_bytes()).unwrap();
                stream.write_all(&body).unwrap();
            }
        });
        (address, thread)
    }

    #[test]
    #[cfg(feature = "fetch")]
    fn a_mirror_is_fetched_and_a_wrong_one_is_passed_over() {
        let [from, bad, to] = [0, 1, 2].map(|_| tempfile::tempdir().unwrap());
        let files = small(from.path());
        std::fs::write(bad.path().join(&files[0].name), b"<html>sign in</html>").unwrap();
        // The bad mirror has one wrong file and lacks three.
        let (wrong, first) = serve(bad.path().into(), 4);
        let (right, second) = serve(from.path().into(), 4);
        let sources = [Source::Mirror(wrong), Source::Mirror(right)];
        assert_eq!(bring(&files, &sources, to.path(), &mut quiet).unwrap().len(), 4);
        first.join().unwrap();
        second.join().unwrap();
        assert!(load(to.path()).is_ok());
        // The server no longer listens.
        std::fs::remove_file(to.path().join(&files[2].name)).unwrap();
        let error = bring(&files, &sources, to.path(), &mut quiet).unwrap_err();
        assert!(error.exit_code() == 2 && error.to_string().contains("--mirror"), "{error}");
    }
}
