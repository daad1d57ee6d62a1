//! Promise: whatever the bytes of a file, its reader returns. The corpus that `cargo fuzz` found and what once failed
//! is tried again.

#[path = "../../../../fuzz/src/targets.rs"]
mod targets;

use std::path::Path;
use std::time::{Duration, Instant};

#[test]
fn what_fuzzing_found_is_read_or_refused() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    for (name, target) in targets::ALL {
        let mut files: Vec<_> =
            std::fs::read_dir(corpus.join(name)).expect(name).map(|entry| entry.expect(name).path()).collect();
        files.sort();
        assert!(files.len() > 2, "{name} has no corpus");
        for path in files {
            let bytes = std::fs::read(&path).expect("a file of the corpus");
            let start = Instant::now();
            target(&bytes);
            assert!(start.elapsed() < Duration::from_secs(5), "{}: {:?}", path.display(), start.elapsed());
        }
    }
}
