//! Lets a child end when the program ends, however that happens.
#![cfg_attr(
    target_os = "linux",
    expect(
        unsafe_code,
        reason = "what a child does before it becomes another program can be said in no other way"
    )
)]

use std::process::Command;

/// Makes the child be killed when the thread that starts it ends. The program starts children on a
/// thread that ends with it, however that happens. Elsewhere than on Linux it does nothing: there only a handle that is
/// dropped ends its child.
pub(super) fn tie(command: &mut Command) {
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::process::CommandExt as _;

        // SAFETY: between fork and exec only functions that are safe in signal handlers may be
        // called. The closure calls `prctl` and `getppid`, which are bare system calls, builds
        // errors from numbers, and allocates nothing.
        unsafe {
            let parent = libc::getpid();
            command.pre_exec(move || {
                if libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) != 0 {
                    return Err(std::io::Error::last_os_error());
                }
                // The parent may have ended before the line above.
                if libc::getppid() != parent {
                    return Err(std::io::Error::from_raw_os_error(libc::ESRCH));
                }
                Ok(())
            });
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = command;
}
