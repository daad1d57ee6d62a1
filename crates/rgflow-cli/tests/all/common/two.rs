//! Work on two threads.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Does `work` on each of `items`, on two of them at a time.
pub fn two_at_a_time<T: Sync>(items: &[T], work: impl Fn(&T) + Sync) {
    let next = AtomicUsize::new(0);
    let take = || {
        while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
            work(item);
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(take);
        scope.spawn(take);
    });
}
