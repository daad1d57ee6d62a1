//! Promise: a shell completes commands, flags, files, experiments, items of the thesis, and the settings and numbers of
//! the experiment that the line names. The completer is asked as bash, zsh and fish ask it.

use crate::common::binary;
use std::process::Command;

/// Answers to a shell whose line is `words`, the last one unfinished.
fn answers(shell: &str, words: &[&str]) -> Vec<String> {
    let mut command = binary();
    let index = words.len() - 1;
    command.env("RGFLOW_COMPLETE", shell).env("_CLAP_IFS", "\n").env("_CLAP_COMPLETE_INDEX", index.to_string());
    let out = command.arg("--").args(words).output().unwrap();
    assert!(out.status.success(), "{words:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap().lines().map(String::from).collect()
}

/// Fish and zsh pass whole words.
#[test]
fn settings_are_those_of_the_experiment_on_the_line() {
    let fish = |line: &str| answers("fish", &line.split(' ').collect::<Vec<_>>());
    let keys = fish("rgflow run ising-2d --seeds 2 --set rbm.ep");
    assert_eq!(keys.len(), 1, "{keys:?}");
    assert!(keys[0].starts_with("rbm.epochs=\t") && keys[0].contains("[default: 25]"), "{keys:?}");
    assert!(fish("rgflow run ising-1d --set chain.").iter().any(|key| key.starts_with("chain.spins=\t")));
    assert!(fish("rgflow run ising-2d --set chain.").is_empty());
    assert_eq!(
        fish("rgflow run ising-2d --set samples.sampler="),
        ["exact", "metropolis", "wolff"].map(|v| format!("samples.sampler={v}"))
    );
    assert_eq!(fish("rgflow train rbm x.npy --set training.method=p"), ["training.method=pcd"]);
    assert_eq!(fish("rgflow rg mcrg --set mcrg.size="), ["mcrg.size=64"]);
    assert_eq!(fish("rgflow scan ising-1d --axis rbm.epochs=1,2,"), ["rbm.epochs=1,2,20"]);
    assert_eq!(fish("rgflow scan ising-2d --number ising-2d.rbm.all.gibbs.T_s"), ["ising-2d.rbm.all.gibbs.T_star"]);
    assert!(fish("rgflow reproduce fig4.6 --set rbm.ep")[0].starts_with("rbm.epochs="));
    assert!(fish("rgflow reproduce fig4.6 fig4.2 --set chain.").is_empty(), "one of the two has no chain");
    // A file names its experiment.
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("mine.toml");
    std::fs::write(&file, "experiment = \"ising-1d\"\n").unwrap();
    assert!(fish(&format!("rgflow scan {} --axis chain.sp", file.display()))[0].starts_with("chain.spins="));
}

#[test]
fn names_have_their_titles() {
    let zsh = |line: &str| answers("zsh", &line.split(' ').collect::<Vec<_>>());
    assert!(zsh("rgflow run fin")[0].starts_with("finite-size-scaling:"));
    let items = zsh("rgflow reproduce fig4.6 fig4.1");
    assert!(items.iter().any(|item| item == "fig4.10:Handwritten digits") && items.len() == 10, "{items:?}");
    assert!(
        zsh("rgflow rep")[0].starts_with("reproduce:") && zsh("rgflow train rbm --hid")[0].starts_with("--hidden:")
    );
}

/// Bash cuts words at `=` and `:`; the script that is printed is run as bash runs it.
#[cfg(unix)]
#[test]
fn bash_asks_by_its_script() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("samples.npz"), "").unwrap();
    let program = env!("CARGO_BIN_EXE_rgflow");
    let ask = |words: &[&str]| {
        let array: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
        let last = words.last().filter(|word| **word != "=").unwrap_or(&"");
        let script = format!(
            "source <('{program}' completions bash); COMP_WORDS=({}); COMP_CWORD={}; _rgflow_complete rgflow '{last}' \
             ''; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            array.join(" "),
            words.len() - 1
        );
        let out = Command::new("bash").current_dir(&dir).args(["--norc", "-c", &script]).output().unwrap();
        let text = String::from_utf8(out.stdout).unwrap();
        text.lines().map(String::from).collect::<Vec<_>>()
    };
    assert_eq!(ask(&["rgflow", "run", "ising-2d", "--set", "rbm.ep"]), ["rbm.epochs="]);
    assert_eq!(ask(&["rgflow", "run", "ising-2d", "--set", "samples.sampler", "="]), ["exact", "metropolis", "wolff"]);
    assert_eq!(ask(&["rgflow", "run", "ising-2d", "--set", "samples.sampler", "=", "w"]), ["wolff"]);
    assert_eq!(ask(&["rgflow", "reproduce", "figB."]), ["figB.1", "figB.2"]);
    assert_eq!(ask(&["rgflow", "inspect", "sam"]), ["samples.npz"]);
}

#[test]
fn every_shell_has_a_script() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        crate::common::rgflow(&["completions", shell]).success().prints("RGFLOW_COMPLETE").prints("rgflow");
    }
}
