//! What the program denies itself, once it knows what it is to do.
//!
//! A defect in it should not put everything within reach that the user can reach. So no other process
//! of the user gets to see its memory, where the token is, and the threads that run the component,
//! read archives and talk to servers can neither start programs nor do what only a debugger or an
//! administrator does. One thread stays outside: it starts the container engine and does nothing else.
//!
//! ```text
//! main thread: enter ─┬─▶ launcher (outside) ─▶ docker …
//!                     └─▶ confined ─▶ all threads of the runtime
//! ```
//! Whatever the system does not offer is left out, and said by `keepdocker policy show`.

mod dumps;
#[cfg(target_os = "linux")]
mod landlock;
mod launcher;
#[cfg(target_os = "linux")]
mod ordinary;
#[cfg(target_os = "linux")]
mod system_calls;

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;

use std::sync::OnceLock;

pub(crate) use launcher::outside;

/// One thing that the program denies itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Measure {
    /// What it is called.
    pub name: &'static str,
    /// What cannot happen while it is in force.
    pub denies: &'static str,
    /// Why it is not in force, if it is not.
    pub lacking: Option<String>,
}

/// What was tried when the program began.
static MEASURES: OnceLock<Vec<Measure>> = OnceLock::new();
/// What was tried once it was known what it is to do.
static FURTHER: OnceLock<Vec<Measure>> = OnceLock::new();

/// Confines the calling thread and all that it starts from now on; to be called before there are
/// others. Never fails: what the system does not offer is left out.
pub(crate) fn enter() {
    launcher::start();
    let mut measures = vec![dumps::forbid()];
    #[cfg(target_os = "linux")]
    {
        measures.push(landlock::restrict());
        measures.push(system_calls::filter());
    }
    // Nobody enters twice but tests, for whom the first time counts.
    let _ = MEASURES.set(measures);
}

/// Confines the calling thread and all that it starts from now on further, where nobody is to connect to the program: all
/// commands but those with the embedded cluster.
pub(crate) fn close_ports() {
    #[cfg(target_os = "linux")]
    let _ = FURTHER.set(vec![system_calls::close_ports(), landlock::close_ports()]);
}

/// Returns what was tried, and what of it is in force; nothing before [`enter`].
pub(crate) fn measures() -> impl Iterator<Item = &'static Measure> {
    [&MEASURES, &FURTHER]
        .into_iter()
        .filter_map(OnceLock::get)
        .flatten()
}
