//! Files that are no samples: damaged ones, shapes, values and labels that cannot be.

use super::*;
use ndarray::arr0;

#[test]
fn files_that_are_no_samples() {
    let folder = Folder::new();
    for extension in ["npy", "npz", "csv"] {
        no_file(&folder, AS_SAMPLES, extension);
    }
    let good = labelled(&spins());
    let whole = npy(1, &header("<f4", "(2, 3)"), &[0; 24]);
    folder.samples("truncated.npz", &good[..good.len() / 2], &["npz"]);
    folder.samples("truncated.npy", &whole[..whole.len() - 5], &["numpy.save"]);
    folder.samples("truncated-header.npy", &whole[..40], &["numpy.save"]);
    folder.samples("longer.npy", &[&whole[..], &[0; 8]].concat(), &["numpy.save"]);
    folder.samples("nonsense.npy", b"these are no numbers", &["numpy.save"]);
    folder.samples("nonsense.npz", b"these are no numbers", &["npz"]);
    folder.samples("nonsense.csv", &[0xff, 0xfe, 0, 1], &["UTF-8"]);
    folder.samples("picture.png", b"\x89PNG", &["unknown kind", ".npz"]);
    folder.samples("no-header.npy", &npy(1, "{'descr': <f4, oops", &[0; 24]), &["numpy.save"]);
    folder.samples("huge.npy", &npy(1, &header("<f4", "(1000000000, 1000000)"), &[0; 24]), &["claims", "1000000000"]);
    folder.samples("overflow.npy", &npy(1, &header("<f4", "(9999999999, 9999999999)"), &[0; 24]), &["numpy.save"]);
    folder.samples("newer.npy", &npy(9, &header("<f4", "(2, 3)"), &[0; 24]), &["version"]);
    folder.samples("complex.npy", &npy(1, &header("<c8", "(1, 3)"), &[0; 24]), &["<c8", "astype"]);
    folder.samples("objects.npy", &npy(1, &header("|O", "(2, 3)"), &[0; 24]), &["|O", "astype"]);
    let newer = archive(|file| {
        add_samples(file, &spins(), &labels());
        file.add("format", &arr0(99u32)).unwrap();
    });
    folder.samples("newer.npz", &newer, &["99", "update rgflow"]);
    let mut flipped = good.clone();
    flipped[good.len() / 3] ^= 0x55;
    folder.samples("flipped.npz", &flipped, &["damaged"]);
}

#[test]
fn shapes_and_values_that_are_no_samples() {
    let folder = Folder::new();
    folder.samples("flat.npy", &npy(1, &header("<f4", "(6,)"), &[0; 24]), &["[6]", "(samples, units)"]);
    folder.samples("no-rows.npy", &npy(1, &header("<f4", "(0, 3)"), &[]), &["no numbers"]);
    folder.samples("no-columns.npy", &npy(1, &header("<f4", "(3, 0)"), &[]), &["no numbers"]);
    folder.samples("ragged.csv", b"T,a,b\n1,1,0\n1,1\n", &["line 3", "2 values, expected 3"]);
    folder.samples("words.csv", b"T,a,b\n1,1,x\n", &["line 2, column 3", "\"x\""]);
    folder.samples("only-names.csv", b"T,a,b\n", &["no numbers"]);
    let with = |value: f32| {
        let mut values = spins();
        values[(2, 1)] = value;
        labelled(&values)
    };
    folder.samples("nan.npz", &with(f32::NAN), &["NaN in row 3, column 2"]);
    folder.samples("infinite.npz", &with(f32::INFINITY), &["inf in row 3, column 2"]);
    folder.samples("other.npz", &with(0.5), &["row 3, column 2 is 0.5 among -1 and +1"]);
    folder.samples("bytes.npz", &labelled(&spins().mapv(|v| 255.0 * v.max(0.0))), &["255 in row 2", "--scale 255"]);
    folder.samples("nan.csv", b"T,a,b\n1,1,nan\n", &["line 2, column 3", "\"nan\" is a missing value"]);
    let counted = |n: usize| archive(|file| add_samples(file, &spins(), &Array1::from_elem(n, 1.5)));
    // A machine is trained without labels.
    let labelled_only = |name: &str, bytes: &[u8], parts: &[&str]| {
        folder.put(name, bytes);
        folder.refused(&AS_SAMPLES[1..], name, parts);
    };
    labelled_only("short-labels.npz", &counted(7), &["7 values for 80 samples"]);
    let odd = |value: f64| {
        let mut labels = labels();
        labels[3] = value;
        archive(|file| add_samples(file, &spins(), &labels))
    };
    labelled_only("nan-label.npz", &odd(f64::NAN), &["`temperatures` holds NaN"]);
    labelled_only("cold.npz", &odd(-1.0), &["`temperatures` holds -1"]);
    // Needs of a thermometer alone.
    let thermometer = &AS_SAMPLES[1..2];
    folder.put("unlabelled.npz", &archive(|file| file.add("spins", &spins()).unwrap()));
    folder.refused(thermometer, "unlabelled.npz", &["no labels", "`temperatures`"]);
    folder.put("one-label.npz", &counted(80));
    folder.refused(thermometer, "one-label.npz", &["at least two labels"]);
    folder.put("rare.npz", &odd(9.0));
    folder.refused(thermometer, "rare.npz", &["label 9 has 1 sample;"]);
    folder.put("infinite-label.npz", &odd(f64::INFINITY));
    folder.refused(thermometer, "infinite-label.npz", &["finite temperatures"]);
    // Needs of a training or a flow alone.
    folder.put("few.csv", b"1,-1\n-1,1\n");
    folder.refused(&AS_SAMPLES[..1], "few.csv", &["2 samples"]);
    folder.put("lone.npz", &odd(9.0));
    folder.refused(&AS_SAMPLES[2..], "lone.npz", &["a start has 1 sample,"]);
    let wide = archive(|file| file.add("spins", &Array2::<f32>::ones((40, 6))).unwrap());
    folder.put("wide.npz", &wide);
    folder.refused(&AS_SAMPLES[2..], "wide.npz", &["6 values", "4 visible units"]);
    folder.put("spins.npz", &labelled(&spins()));
    // Names that the file does not have.
    folder.refused(&[&["train", "rbm", "BAD", "--array", "x"]], "spins.npz", &["`x`", "spins, temperatures"]);
    folder.refused(&[&["train", "thermometer", "BAD", "--set", "data.labels=x"]], "spins.npz", &["`x`"]);
}
