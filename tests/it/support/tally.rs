//! Tests of many cases: some at a time, and one line at the end that says what came of them.

use std::io::Write as _;
use std::panic::AssertUnwindSafe;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// The names of the cases that fall short, each with how.
pub(crate) type Short = Vec<(String, Vec<String>)>;

/// A test of many cases that goes on.
pub(crate) struct Tally {
    what: &'static str,
    began: Instant,
}

impl Tally {
    /// Begins; `what` is tried, in the plural.
    pub(crate) fn begin(what: &'static str) -> Tally {
        Tally {
            what,
            began: Instant::now(),
        }
    }

    /// Tries all cases, so many at a time, and returns those that fall short. Each tells its name and what falls short of it.
    pub(crate) fn each<C: Sync>(
        &self,
        cases: &[C],
        side_by_side: usize,
        try_case: impl Fn(&C) -> (String, Vec<String>) + Sync,
    ) -> Short {
        let next = AtomicUsize::new(0);
        let short = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for _ in 0..side_by_side {
                scope.spawn(|| {
                    while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let tried = std::panic::catch_unwind(AssertUnwindSafe(|| try_case(case)));
                        let (name, found) = tried.unwrap_or_else(|_| {
                            let broke = "the trial itself broke down".to_owned();
                            (format!("one of the {}", self.what), vec![broke])
                        });
                        if !found.is_empty() {
                            short.lock().unwrap().push((name, found));
                        }
                    }
                });
            }
        });
        let mut short = short.into_inner().unwrap();
        short.sort();
        short
    }

    /// Says in one line what came of it, past the capture of the test program, and returns what falls short.
    pub(crate) fn end(self, tried: usize, short: &Short) -> String {
        let line = format!(
            "\n{}: {tried} tried, {} survived, {} fall short; {} s\n",
            self.what,
            tried - short.len(),
            short.len(),
            self.began.elapsed().as_secs()
        );
        std::io::stderr().write_all(line.as_bytes()).unwrap();
        let told = |(name, found): &(String, Vec<String>)| {
            format!("{name}\n    {}\n", found.join("\n    "))
        };
        short.iter().map(told).collect()
    }
}
