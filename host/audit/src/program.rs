//! What a log needs of the program that keeps it.

/// The program whose runs are logged.
pub trait Program: Send + Sync {
    /// Tells the user that the log is waited for, or not kept on where the run goes on without.
    fn warn(&self, text: &str);

    /// Returns the number of the signal that is ending the program, if one is: then nothing is waited for.
    fn ending_signal(&self) -> Option<i32>;
}

/// A program for tests: no signal ends it, and it may not be warned.
#[cfg(test)]
pub(crate) struct Undisturbed;

#[cfg(test)]
impl Program for Undisturbed {
    fn warn(&self, text: &str) {
        panic!("{text}");
    }

    fn ending_signal(&self) -> Option<i32> {
        None
    }
}

/// A program for tests that takes warnings as they come.
#[cfg(test)]
pub(crate) struct Quiet;

#[cfg(test)]
impl Program for Quiet {
    fn warn(&self, _: &str) {}

    fn ending_signal(&self) -> Option<i32> {
        None
    }
}
