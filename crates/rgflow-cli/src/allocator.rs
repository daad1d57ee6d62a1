//! The system's allocator; where it has no more memory, one line and exit code 2 instead of Rust's abort (134).
//!
//! Work that plainly cannot fit is refused before it starts (`rgflow_lab::artifact::memory`). Those estimates never say
//! more than is needed, so a limit a little above them is met on the way: here.

use rgflow_lab::artifact::stderr;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};

/// The allocator of the command.
pub struct Allocator;

// SAFETY: every call goes to `System` as it came, and what `System` returns is returned, unless it is null: then the
// process ends. So the contract of `GlobalAlloc` is kept as `System` keeps it.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract of this method, which is that of `System`.
        had(unsafe { System.alloc(layout) }, layout.size())
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as in `alloc`.
        had(unsafe { System.alloc_zeroed(layout) }, layout.size())
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as in `alloc`.
        had(unsafe { System.realloc(block, layout, size) }, size)
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as in `alloc`; `block` came from `System`.
        unsafe { System.dealloc(block, layout) }
    }
}

fn had(block: *mut u8, size: usize) -> *mut u8 {
    if block.is_null() {
        end(size);
    }
    block
}

/// Reports the refused size and ends the process.
#[cold]
fn end(size: usize) -> ! {
    static ENDING: AtomicBool = AtomicBool::new(false);
    thread_local! {
        static HERE: Cell<bool> = const { Cell::new(false) };
    }
    if ENDING.swap(true, Ordering::SeqCst) {
        if HERE.get() {
            // Ending the process found no memory either.
            std::process::abort();
        }
        // Another thread has printed the line and is ending the process.
        loop {
            std::thread::park();
        }
    }
    HERE.set(true);
    stderr::out_of_memory(size);
    std::process::exit(2)
}
