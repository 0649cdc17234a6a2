//! What happens to a test that needs a part which this machine does not have: the same for all test programs, since
//! `tests/run` counts what they say.

#![expect(clippy::unwrap_used, reason = "a test that cannot say so fails")]

use std::io::Write;

/// Names the running test as skipped, past the capture of the test program, for `tests/run` to count.
///
/// # Panics
///
/// Panics if `KEEPDOCKER_TESTS=all` demands every test.
pub fn skip(needs: &str) {
    let test = std::thread::current()
        .name()
        .unwrap_or("unnamed")
        .to_owned();
    if std::env::var_os("KEEPDOCKER_TESTS").is_some_and(|wanted| wanted == "all") {
        panic!("{test} needs {needs}, and KEEPDOCKER_TESTS=all forbids skipping");
    }
    // Written to the stream itself it passes the capture, which `eprintln!` would not; written at
    // once it stays one line beside what other tests write.
    let line = format!("\nskipped: {test}: it needs {needs}\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}
