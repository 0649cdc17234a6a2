//! What the component may use up.

use std::time::Duration;

use wasmtime::ResourceLimiter;

use crate::policy;

/// The bounds within which one command of the component runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// How many bytes of memory it may have.
    pub memory: usize,
    /// How much it may compute; a unit is about one WebAssembly instruction.
    pub fuel: u64,
    /// How long the command may take in all, the work of the host included.
    pub deadline: Duration,
    /// How much of that had passed before the component began: what the host had to ask first.
    pub spent: Duration,
}

impl From<&policy::Limits> for Limits {
    fn from(limits: &policy::Limits) -> Self {
        Self {
            memory: limits.memory(),
            fuel: limits.fuel(),
            deadline: limits.deadline(),
            spent: Duration::ZERO,
        }
    }
}

/// The component asked for more memory than it may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the component asked for more than {limit} bytes of memory")]
pub(super) struct MemoryExceeded {
    pub(super) limit: usize,
}

/// Holds the component to its memory, all of its linear memories and tables together.
#[derive(Debug)]
pub(super) struct MemoryLimiter {
    limit: usize,
    /// Bytes of memory that were granted.
    memory: usize,
    /// Table entries that were granted.
    entries: usize,
}

/// More table entries than any guest of ours has functions.
const MAX_TABLE_ENTRIES: usize = 100_000;

impl MemoryLimiter {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            memory: 0,
            entries: 0,
        }
    }
}

impl ResourceLimiter for MemoryLimiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let memory = self.memory.saturating_add(desired.saturating_sub(current));
        if memory > self.limit {
            // An error ends the component at once; answering "no" would let it go on without.
            return Err(wasmtime::Error::new(MemoryExceeded { limit: self.limit }));
        }
        self.memory = memory;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let entries = self.entries.saturating_add(desired.saturating_sub(current));
        if entries > MAX_TABLE_ENTRIES {
            return Ok(false);
        }
        self.entries = entries;
        Ok(true)
    }
}
