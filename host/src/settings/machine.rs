//! The machine that the program runs on, and the account that it runs under.

/// Returns this machine's name, or a word that says that it has none.
pub(crate) fn host_name() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .map(|name| name.trim().to_owned())
        .ok()
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "unknown-host".into())
}

/// Returns the number of the account that started the program.
#[expect(
    unsafe_code,
    reason = "the standard library does not tell the process's user"
)]
pub(crate) fn user() -> u32 {
    // SAFETY: it takes nothing, changes nothing and cannot fail.
    unsafe { libc::getuid() }
}
