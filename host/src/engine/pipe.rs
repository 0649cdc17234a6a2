//! The pipe that an engine's command writes to.
#![cfg_attr(
    target_os = "linux",
    expect(unsafe_code, reason = "the size of a pipe can be set in no other way")
)]

use std::process::ChildStdout;

/// As much as an ordinary user may ask for on Linux; pipes have 64 KiB otherwise.
#[cfg(target_os = "linux")]
const SIZE: libc::c_int = 1 << 20;

/// Makes the pipe hold more, so that writer and reader take turns less often. Where the system does
/// not let it, the pipe stays as it is.
pub(super) fn widen(pipe: &ChildStdout) {
    #[cfg(target_os = "linux")]
    {
        use std::os::fd::AsRawFd as _;

        // SAFETY: the handle is open as long as `pipe` is borrowed, and the call gets numbers alone.
        unsafe { libc::fcntl(pipe.as_raw_fd(), libc::F_SETPIPE_SZ, SIZE) };
    }
    #[cfg(not(target_os = "linux"))]
    let _ = pipe;
}
