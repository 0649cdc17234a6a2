//! Lets tests make things go wrong.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What a request meets instead of a plain answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// The status alone, without doing anything; the body is empty, as of an overloaded server.
    Answer(u16),
    /// The status and this body, without doing anything, as of something that stands in the way.
    AnswerWith(u16, String),
    /// The same with these headers.
    AnswerWithHeaders(u16, Vec<(String, String)>, String),
    /// The status at once, and everything is done and stored after this time: a server in front gave
    /// up on a slow one. Only for the API.
    AnswerFirst(u16, Duration),
    /// The connection breaks before anything is done.
    DropBefore,
    /// Everything is done and stored, and the connection breaks before the answer.
    DropAfter,
    /// The answer waits.
    Delay(Duration),
    /// A block is answered or returned with another hash than it has.
    WrongHash,
    /// The answer is only started: half of the body and then the connection breaks.
    CutBody,
    /// The answer comes a byte at a time, with this pause before each.
    Drip(Duration),
    /// The status of success and a body that never ends; nothing is done.
    Endless,
    /// The connection breaks before anything is done, and so many new ones are closed at the first word
    /// of TLS.
    CloseHandshakes(usize),
}

/// One fault: which requests meet it, how many of them, and what happens.
#[derive(Debug, Clone)]
pub struct Fault {
    method: Option<String>,
    path: String,
    skip: usize,
    times: usize,
    action: Action,
}

impl Fault {
    /// A fault for the next request whose path contains the text.
    pub fn on(path: &str, action: Action) -> Fault {
        Fault {
            method: None,
            path: path.to_owned(),
            skip: 0,
            times: 1,
            action,
        }
    }

    /// Restricts the fault to a method.
    #[must_use]
    pub fn method(mut self, method: &str) -> Fault {
        self.method = Some(method.to_owned());
        self
    }

    /// Sets how many requests meet the fault.
    #[must_use]
    pub fn times(mut self, times: usize) -> Fault {
        self.times = times;
        self
    }

    /// Lets so many matching requests pass first.
    #[must_use]
    pub fn after(mut self, skip: usize) -> Fault {
        self.skip = skip;
        self
    }
}

/// The faults of a cluster; [`crate::Sandbox::faults`] gives access.
#[derive(Debug, Default)]
pub struct Faults {
    planned: Mutex<Vec<Fault>>,
    page_limit: AtomicI64,
    is_full: AtomicBool,
    discards_blocks: AtomicBool,
    trusts_hashes: AtomicBool,
    confirms_lost_blocks: AtomicBool,
    closed_handshakes: AtomicUsize,
    met: AtomicUsize,
}

impl Faults {
    /// Plans a fault. Of several that match a request the first planned one happens.
    pub fn plan(&self, fault: Fault) {
        self.lock().push(fault);
    }

    /// Forgets every planned fault.
    pub fn clear(&self) {
        self.lock().clear();
        self.close_handshakes(0);
    }

    /// Returns how many planned faults have not been used up.
    pub fn left(&self) -> usize {
        self.lock().len()
    }

    /// Returns how many requests met a fault.
    pub fn met(&self) -> usize {
        self.met.load(Ordering::Relaxed)
    }

    /// Cuts every page to so many items although more exist; 0 undoes it.
    ///
    /// The real server does this when a page grows too many bytes.
    pub fn cut_pages(&self, limit: u32) {
        self.page_limit.store(i64::from(limit), Ordering::Relaxed);
    }

    /// Makes every store refuse blocks with 507.
    pub fn fill_storage(&self, is_full: bool) {
        self.is_full.store(is_full, Ordering::Relaxed);
    }

    /// Checks blocks but does not keep them, so that a benchmark does not measure the disk. `HEAD`
    /// goes on saying that they are there.
    pub fn discard_blocks(&self, discards: bool) {
        self.discards_blocks.store(discards, Ordering::Relaxed);
    }

    /// Takes the hash in the path of a block that is not kept for true, so that a benchmark on one machine does not measure
    /// what a server elsewhere would compute.
    pub fn trust_hashes(&self, trusts: bool) {
        self.trusts_hashes.store(trusts, Ordering::Relaxed);
    }

    /// Answers `HEAD` for blocks that are not there as if they were, as a service with a stale index
    /// may.
    pub fn confirm_lost_blocks(&self, confirms: bool) {
        self.confirms_lost_blocks.store(confirms, Ordering::Relaxed);
    }

    pub(crate) fn close_handshakes(&self, count: usize) {
        self.closed_handshakes.store(count, Ordering::Relaxed);
    }

    /// Whether the next connection is to be closed at its handshake; counts it.
    pub(crate) fn take_handshake(&self) -> bool {
        let less = |left: usize| left.checked_sub(1);
        self.closed_handshakes
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less)
            .is_ok()
    }

    pub(crate) fn page_limit(&self) -> i64 {
        match self.page_limit.load(Ordering::Relaxed) {
            0 => i64::MAX,
            limit => limit,
        }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.is_full.load(Ordering::Relaxed)
    }

    pub(crate) fn discards_blocks(&self) -> bool {
        self.discards_blocks.load(Ordering::Relaxed)
    }

    pub(crate) fn trusts_hashes(&self) -> bool {
        self.trusts_hashes.load(Ordering::Relaxed)
    }

    pub(crate) fn confirms_lost_blocks(&self) -> bool {
        self.confirms_lost_blocks.load(Ordering::Relaxed)
    }

    /// Takes the action for a request, if any, and counts it.
    pub(crate) fn take(&self, method: &str, path: &str) -> Option<Action> {
        let mut planned = self.lock();
        let mut taken = None;
        for fault in planned.iter_mut() {
            let is_match = path.contains(&fault.path)
                && fault
                    .method
                    .as_deref()
                    .is_none_or(|wanted| wanted == method);
            if !is_match {
                continue;
            }
            if fault.skip > 0 {
                fault.skip -= 1;
                continue;
            }
            if fault.times > 0 {
                fault.times -= 1;
                taken = Some(fault.action.clone());
                self.met.fetch_add(1, Ordering::Relaxed);
                break;
            }
        }
        planned.retain(|fault| fault.times > 0);
        taken
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Fault>> {
        self.planned.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_skips_counts_and_ends() {
        let faults = Faults::default();
        faults.plan(
            Fault::on("/links", Action::Answer(503))
                .method("POST")
                .after(1)
                .times(2),
        );
        let met: Vec<bool> = (0..4)
            .map(|_| faults.take("POST", "/arvados/v1/links").is_some())
            .collect();
        assert_eq!(met, [false, true, true, false]);
        assert_eq!(faults.take("GET", "/arvados/v1/links"), None);
        assert_eq!(faults.left(), 0);
    }
}
