//! Memory, and what happens where there is none: a sentence and an exit code in place of an abort.
#![expect(
    unsafe_code,
    reason = "an allocator, and what is done without one, are unsafe by nature"
)]

use std::alloc::{GlobalAlloc, Layout, System};

/// What is said where there is no memory to make a sentence in.
const SENTENCE: &str = "error: the system gives the program too little memory\nhint: `ulimit -v` and `ulimit -d` tell how much it may have here; \
     an upload holds about 256 MiB, and less with `--threads 1`\n";

/// More than this is asked for by mistake only; whoever asks has to deal with the refusal.
const ABSURD: usize = 1 << 40;

/// The system's allocator, for the programs: they end where it has no more.
#[derive(Debug, Clone, Copy, Default)]
pub struct Allocator;

impl Allocator {
    fn checked(memory: *mut u8, size: usize) -> *mut u8 {
        if memory.is_null() && size < ABSURD {
            end();
        }
        memory
    }
}

// SAFETY: every call goes to the system's allocator as it is, and so do the answers.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are those that the system's allocator wants.
        Self::checked(unsafe { System.alloc(layout) }, layout.size())
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        Self::checked(unsafe { System.alloc_zeroed(layout) }, layout.size())
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as above.
        Self::checked(unsafe { System.realloc(memory, layout, size) }, size)
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(memory, layout) }
    }
}

/// Ends the program with the code of a failure, without any further use of memory. Files under construction
/// stay as after `kill -9`, and the next run completes what is missing.
fn end() -> ! {
    // SAFETY: the calls take numbers and a constant text, and allocate nothing.
    unsafe {
        libc::write(
            libc::STDERR_FILENO,
            SENTENCE.as_ptr().cast(),
            SENTENCE.len(),
        );
        libc::_exit(1)
    }
}
