//! Files of other programs: lines of Python that convert them.

use std::path::Path;

/// Endings of files of other programs, with the lines of Python that convert one: FILE is its name, STEM that without
/// its ending.
const OTHERS: [(&[&str], &str); 9] = [
    (
        &["h5", "hdf5", "hdf"],
        "import h5py, numpy; numpy.savez(\"STEM.npz\", **{k: v[()] for k, v in h5py.File(\"FILE\").items()})",
    ),
    (&["pt", "pth"], "import torch, numpy; numpy.save(\"STEM.npy\", torch.load(\"FILE\").numpy())"),
    (
        &["pkl", "pickle", "joblib"],
        "import pickle, numpy; numpy.save(\"STEM.npy\", numpy.asarray(pickle.load(open(\"FILE\", \"rb\"))))",
    ),
    (
        &["mat"],
        "import scipy.io, numpy; numpy.savez(\"STEM.npz\", **{k: v for k, v in scipy.io.loadmat(\"FILE\").items() if k[0] != \"_\"})",
    ),
    (
        &["json"],
        "import json, numpy; d = json.load(open(\"FILE\")); numpy.savez(\"STEM.npz\", **(d if isinstance(d, dict) else {\"x\": d}))",
    ),
    (&["parquet", "pq"], "import pandas; pandas.read_parquet(\"FILE\").to_csv(\"STEM.csv\", index=False)"),
    (&["feather", "arrow"], "import pandas; pandas.read_feather(\"FILE\").to_csv(\"STEM.csv\", index=False)"),
    (&["xlsx", "xls", "ods"], "import pandas; pandas.read_excel(\"FILE\").to_csv(\"STEM.csv\", index=False)"),
    (
        &["nc"],
        "import xarray, numpy; numpy.savez(\"STEM.npz\", **{k: v.values for k, v in xarray.open_dataset(\"FILE\").items()})",
    ),
];

/// Lower-case ending of a name.
fn ending(name: &str) -> String {
    name.rsplit_once('.').map_or(String::new(), |(_, ending)| ending.to_ascii_lowercase())
}

/// Whether `name` has no ending of another program's.
pub(super) fn is_unknown(name: &str) -> bool {
    let ending = ending(name);
    !OTHERS.iter().any(|(endings, _)| endings.contains(&ending.as_str()))
}

/// Why a file of an unknown kind cannot be read, and the remedy.
pub(super) fn remedy(path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let ending = ending(&name);
    let Some((_, lines)) = OTHERS.iter().find(|(endings, _)| endings.contains(&ending.as_str())) else {
        return "unknown kind of file; give .npy, .npz, .csv, .txt or IDX, also packed by gzip".into();
    };
    let stem = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem);
    let quoted = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
    let lines = lines.replace("STEM", &quoted(stem)).replace("FILE", &quoted(&name));
    format!("a .{ending} file is not read; convert it in Python: {lines}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_name_the_file() {
        let said = remedy(Path::new("folder/my \"data\".PT"));
        assert!(said.contains("numpy.save(\"my \\\"data\\\".npy\", torch.load(\"my \\\"data\\\".PT\")"), "{said}");
        assert!(remedy(Path::new("a.png")).contains("unknown kind of file; give .npy, .npz"));
        assert!(is_unknown("a") && is_unknown("a.png") && !is_unknown("a.H5"));
        let all = OTHERS.iter().all(|(_, lines)| lines.contains("STEM.") && lines.contains("\"FILE\""));
        assert!(all, "every entry names both files");
    }
}
