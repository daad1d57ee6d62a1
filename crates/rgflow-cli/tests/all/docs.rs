//! Promises of README and docs: every block of commands runs and prints what the page shows, and every link leads to a
//! file.
//!
//! The blocks of a page run in their order, in a folder of its own, under `sh -e`; a block `text` behind one is
//! compared with what it printed, and a block `console` must be refused in the words that are shown. Left out are lines
//! that begin with another program (cargo, git, ./test) and commands whose remark says that they take minutes. The
//! digits of the page on own data are those of E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits
//! (UCI Machine Learning Repository, 1998; CC BY 4.0).
#![cfg(unix)]

use ndarray::{Array1, Array3};
use rgflow_lab::artifact::{npy, npz};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Programs that are not ours to try here.
const OTHERS: [&str; 3] = ["cargo ", "git ", "./test"];

/// A main job of seconds, for pages that look at its folder.
const MAIN_JOB: &str = "rgflow run ising-2d --seeds 1 --set samples.per_temperature=50 --set samples.calibration=40 \
    --set thermometer.epochs=2 --set rbm.epochs=1 --set 'rbm.snapshot_epochs=[1]' --set flow.steps=20 --set \
    flow.chains=20 --set flow.control_steps=20 --set flow.snapshot_steps=20 --set flow.snapshot_chains=20 --set \
    beside.updates=100";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// All pages of a folder.
fn pages_of(folder: &str) -> Vec<PathBuf> {
    let mut pages: Vec<PathBuf> = std::fs::read_dir(root().join(folder)).unwrap().map(|e| e.unwrap().path()).collect();
    pages.retain(|path| path.extension().is_some_and(|e| e == "md"));
    pages.sort();
    pages
}

/// README, CONTRIBUTING and all pages of docs/; commands of docs/design take a quiet machine and their time.
fn pages() -> Vec<PathBuf> {
    let mut pages = pages_of("docs");
    pages.extend(["README.md", "CONTRIBUTING.md"].map(|name| root().join(name)));
    pages
}

fn is_left_out(line: &str) -> bool {
    let remark = line.split_once(" # ").map_or("", |(_, remark)| remark);
    OTHERS.iter().any(|other| line.starts_with(other)) || remark.contains("minutes")
}

/// A fenced block of a page.
#[derive(Debug, PartialEq)]
enum Block {
    /// Commands that must end with 0.
    Run(String),
    /// Output of the commands before it. A line `...` stands for any lines, `...` in a line for anything.
    Output(Vec<String>),
    /// A command that must fail, with what it prints.
    Refused(String, Vec<String>),
}

/// The blocks of a page in their order, and the number of commands that were left out.
fn blocks(text: &str) -> (Vec<Block>, usize) {
    let (mut blocks, mut left_out, mut fence, mut body) = (Vec::new(), 0, None, Vec::new());
    for line in text.lines() {
        match (line.strip_prefix("```"), fence) {
            (Some(kind), None) => fence = Some(kind),
            (Some(_), Some(kind)) => {
                let lines: Vec<&str> = std::mem::take(&mut body);
                match kind {
                    "sh" => {
                        let (out, kept): (Vec<&str>, Vec<&str>) = lines.iter().partition(|line| is_left_out(line));
                        left_out += out.len();
                        let commands = kept.join("\n");
                        // The output of commands that are left out cannot be compared.
                        blocks.extend((!commands.trim().is_empty()).then_some(Block::Run(commands)));
                    }
                    "text" if matches!(blocks.last(), Some(Block::Run(_))) => {
                        blocks.push(Block::Output(lines.into_iter().map(String::from).collect()));
                    }
                    "console" => {
                        for line in lines {
                            match (line.strip_prefix("$ "), blocks.last_mut()) {
                                (Some(command), _) => blocks.push(Block::Refused(command.into(), Vec::new())),
                                (None, Some(Block::Refused(_, printed))) => printed.push(line.into()),
                                (None, _) => panic!("a block `console` begins with a command: $ ..."),
                            }
                        }
                    }
                    _ => {}
                }
                fence = None;
            }
            (None, Some(_)) => body.push(line),
            (None, None) => {}
        }
    }
    (blocks, left_out)
}

/// The words of a line with one blank between them.
fn words(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether `line` reads as `pattern`, in which `...` stands for anything.
fn reads_as(pattern: &str, line: &str) -> bool {
    let (pattern, line) = (words(pattern), words(line));
    let mut parts = pattern.split("...");
    let Some(mut rest) = line.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// The first of the lines `expected` that is not in `printed` where it should be.
fn missing<'a>(expected: &'a [String], printed: &str) -> Option<&'a str> {
    let printed: Vec<&str> = printed.lines().filter(|line| !line.trim().is_empty()).collect();
    let mut from = 0;
    for segment in expected.split(|line| line.trim() == "...") {
        let lines: Vec<&str> = segment.iter().map(String::as_str).filter(|line| !line.trim().is_empty()).collect();
        let agree = |at: usize| lines.iter().zip(&printed[at..]).take_while(|(e, p)| reads_as(e, p)).count();
        let (at, count) =
            (from..=printed.len()).map(|at| (at, agree(at))).max_by_key(|(at, n)| (*n, usize::MAX - at))?;
        if count < lines.len() {
            return Some(lines[count]);
        }
        from = at + count;
    }
    None
}

/// The 1797 handwritten digits of the page on own data, as it exports them.
fn write_digits(dir: &Path) {
    let mut text = String::new();
    let packed: &[u8] = include_bytes!("../data/digits.csv.gz");
    flate2::read::GzDecoder::new(packed).read_to_string(&mut text).unwrap();
    let rows: Vec<Vec<f64>> =
        text.lines().map(|line| line.split(',').map(|cell| cell.parse().unwrap()).collect()).collect();
    let grey = Array3::from_shape_fn((rows.len(), 8, 8), |(sample, row, column)| rows[sample][8 * row + column]);
    assert_eq!((rows.len(), grey.sum()), (1797, 561718.0));
    let scaled = &grey / 16.0;
    // One that has a value missing.
    let mut nan = scaled.clone();
    nan[[3, 0, 4]] = f64::NAN;
    for (name, array) in [("raw.npy", &grey), ("digits.npy", &scaled), ("nan.npy", &nan)] {
        npy::write(&mut std::fs::File::create(dir.join(name)).unwrap(), array).unwrap();
    }
    let mut file = npz::Writer::new();
    file.add("images", &scaled).unwrap();
    file.add("labels", &Array1::from_iter(rows.iter().map(|row| row[64] as i64))).unwrap();
    file.save(dir.join("digits.npz")).unwrap();
    // A machine of another program, for the page on trained machines.
    std::fs::write(dir.join("sklearn.npz"), include_bytes!("../data/sklearn-rbm.npz")).unwrap();
}

/// Runs `commands` in `dir` with this build's `rgflow` first on the path; whether they ended with 0, and all that they
/// printed.
///
/// Printed numbers are those of the portable path, which are the same on every processor.
fn run(dir: &Path, commands: &str) -> (bool, String) {
    let binary = Path::new(env!("CARGO_BIN_EXE_rgflow"));
    let path = format!("{}:{}", binary.parent().unwrap().display(), std::env::var("PATH").unwrap_or_default());
    // stderr is no terminal, so there is no bar.
    let output = Command::new("sh")
        .args(["-e", "-c", &format!("exec 2>&1\n{commands}")])
        .current_dir(dir)
        .env("PATH", path)
        .env("RGFLOW_CPU", "portable")
        .output()
        .unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Blocks that were tried on a page.
#[derive(Default)]
struct Tried {
    ran: usize,
    compared: usize,
    left_out: usize,
    wrong: Vec<String>,
}

/// Runs the blocks of a page up to the first command that fails, and compares what they print with what the page shows.
fn try_page(page: &Path) -> Tried {
    let (blocks, left_out) = blocks(&std::fs::read_to_string(page).unwrap());
    let mut tried = Tried { left_out, ..Tried::default() };
    let dir = tempfile::tempdir().unwrap();
    write_digits(dir.path());
    if blocks.iter().any(|block| matches!(block, Block::Run(commands) if commands.contains("runs/ising-2d"))) {
        let (good, printed) = run(dir.path(), MAIN_JOB);
        assert!(good, "{printed}");
    }
    let mut last = String::new();
    for block in blocks {
        let page = page.display();
        let shown = match &block {
            Block::Run(commands) => {
                let (good, printed) = run(dir.path(), commands);
                if !good {
                    tried.wrong.push(format!("{page}: failed:\n{commands}\n{printed}"));
                    return tried;
                }
                tried.ran += 1;
                last = printed;
                continue;
            }
            Block::Output(shown) => shown,
            Block::Refused(command, shown) => {
                let (good, printed) = run(dir.path(), command);
                if good {
                    tried.wrong.push(format!("{page}: {command} was to be refused:\n{printed}"));
                }
                last = printed;
                shown
            }
        };
        tried.compared += 1;
        if let Some(line) = missing(shown, &last) {
            tried.wrong.push(format!("{page}: the line\n{line}\nis not what is printed:\n{last}"));
        }
    }
    tried
}

/// `RGFLOW_PAGE=docs/own-data.md cargo test ... every_command -- --ignored` tries that page alone, for whoever writes
/// it.
#[test]
#[ignore = "slow: ./test --full runs it"]
fn every_command_of_the_docs_runs_and_prints_what_they_show() {
    if let Ok(name) = std::env::var("RGFLOW_PAGE") {
        let tried = try_page(&root().join(name));
        assert!(tried.wrong.is_empty() && tried.ran > 0, "{}", tried.wrong.join("\n"));
        return;
    }
    let tried: Vec<Tried> = std::thread::scope(|scope| {
        let pages: Vec<_> = pages().into_iter().map(|page| scope.spawn(move || try_page(&page))).collect();
        pages.into_iter().map(|page| page.join().unwrap()).collect()
    });
    let wrong: Vec<&str> = tried.iter().flat_map(|page| &page.wrong).map(String::as_str).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let sum = |of: fn(&Tried) -> usize| tried.iter().map(of).sum::<usize>();
    let (ran, compared, left_out) = (sum(|t| t.ran), sum(|t| t.compared), sum(|t| t.left_out));
    // A fence that is written in another way would hide commands, a remark too many would leave them out.
    assert!(ran >= 15, "only {ran} blocks ran");
    assert!(compared >= 10, "only {compared} outputs were compared");
    assert!((1..=30).contains(&left_out), "{left_out} lines were left out");
}

#[test]
fn a_wrong_command_and_a_wrong_output_are_seen() {
    let dir = tempfile::tempdir().unwrap();
    let page = "```sh\ncargo build\nrgflow run x # two minutes\nrgflow inspect none\ntrue\n```\n\n```text\na \
        1\n...\nb  2\n```\n";
    let (found, left_out) = blocks(page);
    let [Block::Run(commands), Block::Output(shown)] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(left_out, 2);
    let (good, printed) = run(dir.path(), commands);
    assert!(!good && printed.contains("none: does not exist"), "{printed}");
    assert_eq!(missing(shown, "head\na   1\nx\n\nb 2\n"), None);
    assert_eq!(missing(shown, "a 1\nx\nb 3\n"), Some("b  2"));
    assert_eq!(missing(shown, "a 1.0\nb 2\n"), Some("a 1"));
    assert_eq!(missing(shown, "b 2\na 1\n"), Some("b  2"));
    assert!(reads_as("holds (...); add ...", "holds (x = 1);  add --resume") && !reads_as("T ...", "U = 1"));
}

/// Every page with Rust is one of those that `cargo test --doc` compiles.
#[test]
fn rust_of_the_pages_is_compiled() {
    let library = std::fs::read_to_string(root().join("crates/rgflow/src/lib.rs")).unwrap();
    let mut pages = pages();
    pages.extend(pages_of("docs/design"));
    for page in pages.iter().filter(|page| std::fs::read_to_string(page).unwrap().contains("```rust")) {
        let name = page.strip_prefix(root()).unwrap().display();
        let line = format!("include_str!(\"../../../{name}\")");
        assert!(library.contains(&line), "{name} has Rust, but crates/rgflow/src/lib.rs has no {line}");
    }
}

/// The cells of a table's row without marks of Markdown.
fn cells(row: &str) -> Vec<String> {
    row.trim_matches('|').split('|').map(|cell| words(&cell.replace('\\', ""))).collect()
}

/// The table of the README is what the main job prints. `./test --full` runs that job on the portable path and gives
/// its folder.
#[test]
#[ignore = "needs the main job in the folder RGFLOW_MAIN_JOB: ./test --full makes it"]
fn the_table_of_the_readme_is_that_of_the_main_job() {
    let folder = std::env::var("RGFLOW_MAIN_JOB").expect("RGFLOW_MAIN_JOB names the folder of the main job");
    // As wide as the table, so that a row is a line.
    let (good, printed) = run(&root(), &format!("COLUMNS=400 rgflow run ising-2d --out {folder}"));
    assert!(good, "{printed}");
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let rows = readme.lines().skip_while(|line| !line.starts_with("| trained on")).skip(2);
    let mut compared = 0;
    for row in rows.take_while(|line| line.starts_with('|')) {
        let cells = cells(row);
        let line = printed.lines().map(words).find(|line| line.starts_with(&format!("{} ", cells[0])));
        let line = line.unwrap_or_else(|| panic!("no line {} in:\n{printed}", cells[0]));
        let mut rest = &line[cells[0].len()..];
        for cell in &cells[1..] {
            let at = rest.find(cell).unwrap_or_else(|| panic!("`{cell}` of the row\n{row}\nis not in\n{line}"));
            rest = &rest[at + cell.len()..];
        }
        compared += 1;
    }
    assert_eq!(compared, 10);
}

/// The targets of the links and pictures of a page.
fn links(text: &str) -> Vec<&str> {
    text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target).collect()
}

#[test]
fn every_link_leads_to_a_file() {
    let (mut missing, mut seen) = (Vec::new(), 0);
    for page in pages().into_iter().chain(pages_of("docs/design")) {
        let text = std::fs::read_to_string(&page).unwrap();
        for link in links(&text).into_iter().filter(|link| !link.contains("://")) {
            seen += 1;
            let file = link.split('#').next().unwrap_or_default();
            if !page.parent().unwrap().join(file).is_file() {
                missing.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
    assert!(seen >= 12, "only {seen} links");
}
