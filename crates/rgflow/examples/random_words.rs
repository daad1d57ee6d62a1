//! The words of a bulk generator, as the hot loops use them, on the standard output: for tests of randomness such as
//!
//! ```text
//! cargo run --release -p rgflow --example random_words | dieharder -a -g 200
//! ```

use std::io::Write;

fn main() {
    let mut random = rgflow::random::Streams::new(1).bulk("example/words", 0);
    let mut words = vec![0u32; 1 << 16];
    let mut out = std::io::stdout().lock();
    loop {
        random.fill(&mut words);
        // A reader that has seen enough closes the pipe.
        if out.write_all(bytemuck::cast_slice(&words)).is_err() {
            return;
        }
    }
}
