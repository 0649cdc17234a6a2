//! Memory, and what happens where there is none: a sentence and an exit code in place of an abort.
#![expect(
    unsafe_code,
    reason = "an allocator, and what is done without one, are unsafe by nature"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use chrono::{DateTime, Datelike as _, Timelike as _, Utc};

/// What is said where there is no memory to make a sentence in, and what to do.
const SENTENCE: &str = "the system gives the program too little memory";
const ADVICE: &str =
    "`ulimit -v` and `ulimit -d` tell how much it may have here; an upload holds about 256 MiB";

/// Whether messages look like the Python program's.
static IS_DROP_IN: AtomicBool = AtomicBool::new(false);

/// Has what is said without memory look like the Python program's messages.
pub(crate) fn speak_as_drop_in() {
    IS_DROP_IN.store(true, Ordering::Relaxed);
}

/// Writes the message into room that is there already.
fn message(room: &mut [u8]) -> usize {
    let length = room.len();
    let mut rest = &mut room[..];
    // What has no room is left out.
    let _ = if IS_DROP_IN.load(Ordering::Relaxed) {
        let now = DateTime::<Utc>::from(SystemTime::now());
        let (date, time) = (now.date_naive(), now.time());
        let process = std::process::id();
        [("ERROR", SENTENCE), ("INFO", ADVICE)]
            .into_iter()
            .try_for_each(|(level, text)| {
                writeln!(
                    rest,
                    "{}-{:02}-{:02} {:02}:{:02}:{:02} arvados.keepdocker[{process}] {level}: {text}",
                    date.year(),
                    date.month(),
                    date.day(),
                    time.hour(),
                    time.minute(),
                    time.second(),
                )
            })
    } else {
        writeln!(rest, "error: {SENTENCE}\nhint: {ADVICE}")
    };
    length - rest.len()
}

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
    let mut room = [0; 512];
    let length = message(&mut room);
    // SAFETY: the calls take numbers and what was written into the room, and allocate nothing.
    unsafe {
        libc::write(libc::STDERR_FILENO, room.as_ptr().cast(), length);
        libc::_exit(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_the_message_fit_their_room() {
        let mut room = [0; 512];
        let length = message(&mut room);
        let text = std::str::from_utf8(&room[..length]).unwrap();
        assert_eq!(text, format!("error: {SENTENCE}\nhint: {ADVICE}\n"));
        speak_as_drop_in();
        let length = message(&mut room);
        let text = std::str::from_utf8(&room[..length]).unwrap();
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(text.ends_with(&format!("] INFO: {ADVICE}\n")), "{text}");
        assert!(text.contains(&format!("] ERROR: {SENTENCE}\n")), "{text}");
    }
}
