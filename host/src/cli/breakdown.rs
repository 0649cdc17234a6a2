//! What is said where the program itself is at fault, or the system gives it too little to go on.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::{PanicHookInfo, set_hook};

use crate::output::{Console, Exit, Report};

/// What the system answers where it gives no thread, no memory, or no file.
const LACKS: [i32; 4] = [libc::EAGAIN, libc::ENOMEM, libc::ENFILE, libc::EMFILE];

/// Has a breakdown told as any other failure is.
///
/// Where the system gives no thread or no memory, the program ends there and then: others wait for what the thread would
/// have done, and cannot know that it never will. It may end at any time without harm.
pub(super) fn tell(console: Console) {
    set_hook(Box::new(move |panic| {
        console.report(&report(panic));
        // Only who asks for it (`RUST_BACKTRACE=1`) gets it.
        let trace = Backtrace::capture();
        if trace.status() == BacktraceStatus::Captured {
            console.raw(&format!("{trace}\n"));
        }
        if panic.payload_as_str().and_then(lack).is_some() {
            std::process::exit(Exit::Failed.code().into());
        }
    }));
}

fn report(panic: &PanicHookInfo<'_>) -> Report {
    let reason = panic.payload_as_str().unwrap_or("for an unknown reason");
    if let Some(lack) = lack(reason) {
        return Report::new(
            Exit::Failed,
            format!("the system gives the program too little to go on: {lack}"),
        )
        .advise("`ulimit -a` tells what a program may have here");
    }
    let place = panic.location().map_or_else(
        || "an unknown place".to_owned(),
        |place| {
            let file = place.file().rsplit('/').next().unwrap_or_default();
            format!("{file}:{}", place.line())
        },
    );
    Report::new(Exit::Failed, format!("the program broke down at {place}: {reason}"))
        .advise("this is a defect of the program; please report it with this text, and run the command again: it completes what is missing")
}

/// Finds in a library's words that the system gave it too little.
fn lack(reason: &str) -> Option<std::io::Error> {
    // For people, and for programmers.
    ["(os error ", "code: "].into_iter().find_map(|before| {
        let (_, after) = reason.split_once(before)?;
        let digits = after.split(|c: char| !c.is_ascii_digit()).next()?;
        let number = digits
            .parse()
            .ok()
            .filter(|number| LACKS.contains(number))?;
        Some(std::io::Error::from_raw_os_error(number))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_withholds_is_told_from_defects() {
        let told = |reason| lack(reason).map(|error| error.raw_os_error());
        assert_eq!(
            told("failed: Os { code: 24, kind: Uncategorized, message: \"Too many open files\" }"),
            Some(Some(libc::EMFILE))
        );
        assert_eq!(
            told("OS can't spawn worker thread: Resource temporarily unavailable (os error 11)"),
            Some(Some(libc::EAGAIN))
        );
        for defect in [
            "index out of bounds",
            "failed (os error 2)",
            "code: x",
            "(os error 24",
        ] {
            let is_cut = defect.ends_with("24");
            assert_eq!(told(defect).is_some(), is_cut, "{defect}");
        }
    }
}
