//! Memory is not for others: it holds the token.
#![expect(
    unsafe_code,
    reason = "the system offers these settings in no other way"
)]

use std::io;

use super::Measure;

/// Forbids core dumps, and on Linux that processes of the same user look into this one.
pub(super) fn forbid() -> Measure {
    let lacking = no_core_file().and_then(|()| not_dumpable()).err();
    Measure {
        name: "memory",
        denies: "no core dump, and no other process of the user reads the memory or the environment",
        lacking: lacking.map(|error| error.to_string()),
    }
}

fn no_core_file() -> io::Result<()> {
    let none = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: the call reads the structure and nothing else.
    match unsafe { libc::setrlimit(libc::RLIMIT_CORE, &none) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

#[cfg(target_os = "linux")]
fn not_dumpable() -> io::Result<()> {
    // SAFETY: the call takes numbers only.
    match unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 0, 0, 0, 0) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

#[cfg(not(target_os = "linux"))]
fn not_dumpable() -> io::Result<()> {
    Err(io::Error::other("this system has no such setting"))
}
