//! A command that is killed again and again and resumed until it ends must leave the bytes of one that nothing
//! disturbed.

use crate::common::{assert_same, binary};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A command line without `--out`, run in `folder`, where its relative paths are.
pub struct Trial<'a> {
    pub folder: &'a Path,
    pub arguments: &'a [&'a str],
    pub environment: &'a [(&'a str, &'a Path)],
}

/// When and how a run is stopped: after this share of the time that an undisturbed one takes.
pub type Blow = (f64, &'static str);

/// Four blows, by SIGKILL and SIGINT in turn, earlier and later than half of the work.
pub const BLOWS: &[Blow] = &[(0.3, "KILL"), (0.55, "INT"), (0.8, "KILL"), (0.45, "INT")];

impl Trial<'_> {
    fn command(&self, out: &str, more: &[&str]) -> Command {
        let mut command = binary();
        command.current_dir(self.folder).args(self.arguments).args(["--out", out]).args(more);
        command.envs(self.environment.iter().copied()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn done(&self, out: &str, more: &[&str]) {
        let told = self.command(out, more).output().expect("starts");
        assert!(told.status.success(), "{:?}: {}", self.arguments, String::from_utf8_lossy(&told.stderr));
    }

    /// Runs the command once undisturbed and once with `blows`, each followed by `--resume`, and compares the folders:
    /// all bytes but those of `provenance.json` and `report.html`. Returns the number of blows that came in time.
    /// `name` is that of the two folders.
    pub fn resumes_to_the_same_bytes(&self, name: &str, blows: &[Blow]) -> usize {
        let (whole, broken) = (format!("{name}-whole"), format!("{name}-broken"));
        let start = Instant::now();
        self.done(&whole, &[]);
        let time = start.elapsed();
        let mut stopped = 0;
        for (share, signal) in blows {
            let child = self.command(&broken, &["--resume"]).spawn().expect("starts");
            let out = strike(child, time.mul_f64(*share), signal);
            let code = out.status.code();
            // A signal before the handler is in place ends the process without a code.
            assert!(
                matches!(code, None | Some(0 | 130)),
                "{:?}: {code:?} {}",
                self.arguments,
                String::from_utf8_lossy(&out.stderr)
            );
            stopped += usize::from(code != Some(0));
        }
        self.done(&broken, &["--resume"]);
        assert_same(&self.folder.join(whole), &self.folder.join(broken));
        stopped
    }
}

/// Sends `signal` to the process after `wait`, or sees it end before.
fn strike(mut child: Child, wait: Duration, signal: &str) -> Output {
    let start = Instant::now();
    while start.elapsed() < wait && child.try_wait().expect("a child").is_none() {
        std::thread::sleep(Duration::from_millis(1));
    }
    if child.try_wait().expect("a child").is_none() {
        let sent = Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status();
        sent.expect("`kill` runs");
    }
    child.wait_with_output().expect("ends")
}
