//! The requests that a cluster answered, so that tests can see what was asked.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// The most requests remembered.
const MAX_ENTRIES: usize = 100_000;

/// One request that was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Whether it went to a Keep service; otherwise to the API.
    pub is_keep: bool,
    /// The method that was sent.
    pub method: String,
    /// The path.
    pub path: String,
    /// The query, without the question mark.
    pub query: String,
    /// The status of the answer; 0 if the connection was broken instead.
    pub status: u16,
    /// Bytes in the request's body.
    pub received: u64,
    /// Bytes in the answer's body.
    pub sent: u64,
    /// The request id.
    pub request_id: String,
}

/// The requests answered so far; [`crate::Sandbox::log`] gives access.
#[derive(Debug, Default)]
pub struct Log {
    entries: Mutex<VecDeque<Entry>>,
}

impl Log {
    /// Returns the requests in the order in which they were answered.
    pub fn entries(&self) -> Vec<Entry> {
        self.lock().iter().cloned().collect()
    }

    /// Forgets everything.
    pub fn clear(&self) {
        self.lock().clear();
    }

    /// Counts the requests of a method whose path contains the text.
    pub fn count(&self, method: &str, path: &str) -> usize {
        self.lock()
            .iter()
            .filter(|entry| entry.method == method && entry.path.contains(path))
            .count()
    }

    /// Counts the requests to the API.
    pub fn api_requests(&self) -> usize {
        self.lock().iter().filter(|entry| !entry.is_keep).count()
    }

    /// Counts the blocks that clients wrote.
    pub fn blocks_written(&self) -> usize {
        self.lock()
            .iter()
            .filter(|entry| entry.is_keep && matches!(entry.method.as_str(), "PUT" | "POST"))
            .count()
    }

    pub(crate) fn add(&self, entry: Entry) {
        let mut entries = self.lock();
        if entries.len() >= MAX_ENTRIES {
            entries.pop_front();
        }
        entries.push_back(entry);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
