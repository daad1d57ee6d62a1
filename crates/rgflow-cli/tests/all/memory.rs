//! Promise: what cannot fit into memory is refused before it starts, in one line that says what it would take, with
//! exit code 2; nothing is written and nothing aborts. Limits are those of `ulimit -v`, in KiB.
#![cfg(target_os = "linux")]

use crate::common::binary;
use rgflow_lab::artifact::npz;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output};

const GIB: usize = 1 << 20;

/// `rgflow ARGUMENTS` in the folder `dir`, with `kib` of address space.
fn limited(dir: &Path, kib: usize, arguments: &str) -> Output {
    let mut shell = Command::new("sh");
    shell.current_dir(dir).args(["-c", &format!("ulimit -v {kib}; exec {} {arguments}", env!("CARGO_BIN_EXE_rgflow"))]);
    shell.output().expect("sh starts")
}

/// Refused under a limit of 2 GiB, with all of `parts` in the line.
fn refused(arguments: &str, parts: &[&str]) {
    let dir = tempfile::tempdir().unwrap();
    let out = limited(dir.path(), 2 * GIB, arguments);
    let line = String::from_utf8(out.stderr).unwrap();
    println!("| {arguments} | {}", line.trim_end());
    assert_eq!(out.status.code(), Some(2), "{arguments}: {line}");
    assert!(line.starts_with("error: ") && line.lines().count() == 1 && line.contains("; "), "{arguments}: {line}");
    for part in parts.iter().chain(&[" of memory", "`ulimit -v`"]) {
        assert!(line.contains(part), "{arguments}: {line} lacks {part}");
    }
    assert!(std::fs::read_dir(dir.path()).unwrap().next().is_none(), "{arguments}: something was written");
}

#[test]
fn samples_that_cannot_fit_are_refused_before_they_are_drawn() {
    for (arguments, parts) in [
        (
            "--size 10 --temperature 0..6:0.25 --n 1000000000",
            &["--n 1000000000 at 25 temperatures of 100 spins would take 2.3 TiB", "take a smaller --n"][..],
        ),
        ("--size 46000 --temperature 2 --n 1", &["--size 46000 would take 31.5 GiB", "take a smaller --size"]),
        ("--lattice ring --size 2000000000 --temperature 2 --n 1", &["--size 2000000000 would take 14.9 GiB"]),
        ("--lattice cubic --size 1000x1000x100 --temperature 2 --n 1", &["--size 1000x1000x100 would take 2.2 GiB"]),
        (
            "--size 10 --temperature 2,3 --n 10 --sampler metropolis --chains 1000000000",
            &["--chains 1000000000 of 100 spins would take 22.4 GiB", "take fewer --chains"],
        ),
        (
            "--size 10 --temperature 2 --n 10 --sampler heat-bath --chains 18446744073709551615",
            &["--chains 18446744073709551615"],
        ),
        ("--lattice triangular --size 6 --temperature 30 --n 1000 --chains 1000000000", &["--chains 1000000000"]),
        ("--size 12x2000000 --temperature 2 --n 1 --sampler exact", &["the exact sampler of square 12 x 2000000"]),
        ("--size 4000 --temperature 2 --n 10 --sampler heat-bath", &["the sampler of square 4000 x 4000"]),
    ] {
        refused(&format!("sample ising {arguments} --out a.npz"), parts);
    }
}

/// 4 MB that unpack to more than 4 GiB are refused where 2 GiB are to be had, and the remedy is said.
#[test]
fn a_file_of_gzip_that_would_fill_the_memory_is_refused() {
    let mut member = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    member.write_all(&vec![b'1'; 16 << 20]).unwrap();
    let member = member.finish().unwrap();
    let dir = tempfile::tempdir().unwrap();
    for name in ["bomb.csv.gz", "bomb.npy.gz"] {
        std::fs::write(dir.path().join(name), member.repeat(260)).unwrap();
        let out = limited(dir.path(), 2 * GIB, &format!("train rbm {name}"));
        let line = String::from_utf8(out.stderr).unwrap();
        assert_eq!((out.status.code(), line.lines().count()), (Some(2), 1), "{line}");
        assert!(line.contains("unpacks to more than 100 times its 4.") && line.contains("gunzip"), "{line}");
    }
}

#[test]
fn experiments_that_cannot_fit_are_refused_before_they_start() {
    for (arguments, parts) in [
        (
            "run ising-2d --set samples.per_temperature=400000",
            &["samples.per_temperature = 400000 at 25 temperatures of 100 spins would take 9.3 GiB"][..],
        ),
        ("run windows --set thermometer.hidden=[10000,10000,10000]", &["thermometer.hidden = [10000, 10000, 10000]"]),
        ("run sizes --set sizes.peak=1000000 --set sizes.sizes=[8,16,64]", &["sizes.peak = 1000000"]),
        ("rg mcrg --set mcrg.soft_samples=1000000000000", &["mcrg.soft_samples = 1000000000000 would take 14.6 TiB"]),
        (
            "scan ising-2d --axis samples.per_temperature=1000,400000 --number ising-2d.null.T_E",
            &["samples.per_temperature = 400000"],
        ),
    ] {
        refused(arguments, parts);
    }
}

/// T = inf needs no chain, so that a run takes a moment: 18 MB of spins beside the 60 MB that the program takes.
#[test]
fn at_the_edge_of_memory_a_run_is_finished_or_refused_never_aborted() {
    let mut codes = Vec::new();
    for mib in [60, 64, 66, 72, 80, 400] {
        let dir = tempfile::tempdir().unwrap();
        let command = "sample ising --size 300 --temperature inf --n 200 --threads 1 --out a.npz";
        let out = limited(dir.path(), mib << 10, command);
        let line = String::from_utf8(out.stderr).unwrap();
        println!("{mib} MiB: {:?} {}", out.status, line.trim_end());
        let written = dir.path().join("a.npz").exists();
        match out.status.code() {
            Some(0) => assert!(written),
            Some(2) => assert!(line.starts_with("error: ") && line.lines().count() == 1 && !written, "{mib}: {line}"),
            _ => panic!("{mib} MiB: {:?} {line}", out.status),
        }
        codes.push(out.status.code());
    }
    assert_eq!((codes[0], codes[5]), (Some(2), Some(0)));
}

/// Files of samples whose arrays or numbers do not fit are refused by name, also by what reads series of them and from
/// text.
#[test]
fn files_that_cannot_fit_are_refused_before_they_are_read() {
    let dir = tempfile::tempdir().unwrap();
    let mut file = npz::Writer::new();
    file.add("spins", &ndarray::Array2::<i8>::ones((100_000, 1000))).unwrap();
    file.add("temperatures", &ndarray::arr1(&[2.0])).unwrap();
    file.add("lattice", &ndarray::arr1(&[1000u32])).unwrap();
    file.save(dir.path().join("spins.npz")).unwrap();
    std::fs::write(dir.path().join("spins.csv"), "1,-1,-1,1\n".repeat(4_000_000)).unwrap();
    for (arguments, what) in [
        ("rg reweight spins.npz --temperatures 2", "spins.npz: an array of shape [100000, 1000] would take 95.4 MiB"),
        ("rg collapse spins.npz", "spins.npz: an array of shape [100000, 1000] would take 95.4 MiB"),
        ("train thermometer spins.npz", "spins.npz: an array of shape [100000, 1000] would take 95.4 MiB"),
        ("train rbm spins.csv", "spins.csv: a table of 16000000 numbers would take 244.1 MiB"),
    ] {
        let out = limited(dir.path(), 120 << 10, arguments);
        let line = String::from_utf8(out.stderr).unwrap();
        println!("| {arguments} | {}", line.trim_end());
        assert_eq!((out.status.code(), line.lines().count()), (Some(2), 1), "{arguments}: {line}");
        assert!(line.contains(what) && line.contains("; give fewer samples at a time"), "{arguments}: {line}");
    }
}

/// A network learns from bits of states: 32 MB of them, whose training and test sets as numbers are 102 MB.
#[test]
#[ignore = "slow: ./test --full runs it"]
fn states_of_a_file_are_bits_to_a_network() {
    let dir = tempfile::tempdir().unwrap();
    let spins = ndarray::Array2::from_shape_fn((8000, 4000), |(r, c)| if (r * r + 7 * c) % 5 < 2 { 1i8 } else { -1 });
    let mut file = npz::Writer::new();
    file.add("spins", &spins).unwrap();
    file.add("temperatures", &ndarray::arr1(&[1.0, 2.0, 3.0, 4.0])).unwrap();
    file.save(dir.path().join("spins.npz")).unwrap();
    let mut command = binary();
    command.current_dir(dir.path()).args(["train", "thermometer", "spins.npz", "--epochs", "1", "--threads", "1"]);
    let out = command.args(["--set", "network.hidden=[2]", "--out", "run"]).output().expect("starts");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let text = std::fs::read(dir.path().join("run/provenance.json")).unwrap();
    let provenance: serde_json::Value = serde_json::from_slice(&text).unwrap();
    let peak = provenance["peak_memory_mib"].as_f64().unwrap();
    println!("peak {peak:.0} MiB");
    // The file, its bits, the test samples as numbers while they are read, 60 MiB of program.
    assert!(peak < 1.25 * 32.0 + 25.6 + 60.0, "{peak} MiB");
}

/// States stay bytes from the file to the machine: 16 MB of them, of which a copy as numbers is 64 MB.
#[test]
#[ignore = "slow: ./test --full runs it"]
fn states_of_a_file_are_trained_on_as_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let spins = ndarray::Array2::from_shape_fn((16_000, 1000), |(r, c)| if (r * r + 7 * c) % 5 < 2 { 1i8 } else { -1 });
    let file = dir.path().join("spins.npy");
    rgflow_lab::artifact::npy::write(&mut std::fs::File::create(&file).unwrap(), &spins).unwrap();
    let mut command = binary();
    command.current_dir(dir.path()).args([
        "train",
        "rbm",
        "spins.npy",
        "--hidden",
        "2",
        "--epochs",
        "1",
        "--out",
        "run",
    ]);
    command.args(["--set", "samples.steps=1", "--threads", "1"]);
    let out = command.output().expect("starts");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let text = std::fs::read(dir.path().join("run/provenance.json")).unwrap();
    let provenance: serde_json::Value = serde_json::from_slice(&text).unwrap();
    let peak = provenance["peak_memory_mib"].as_f64().unwrap();
    println!("peak {peak:.0} MiB");
    // The file and its bits; 12,800 training samples and their reconstructions as numbers, for the portion that is
    // looked at is larger than this file; 60 MiB of program. With all samples as numbers twice it was above 300.
    assert!(peak < 2.5 * 16.0 + 8.0 * 12.8 + 60.0, "{peak} MiB");
}
