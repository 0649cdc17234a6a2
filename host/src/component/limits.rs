//! What the component may use up.

use std::time::Duration;

use wasmtime::ResourceLimiter;

use crate::policy;

/// The bounds within which one command of the component runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How many bytes of memory it may have.
    pub memory: usize,
    /// How much it may compute; a unit is about one WebAssembly instruction.
    pub fuel: u64,
    /// How long the command may take in all, the work of the host included.
    pub deadline: Duration,
}

impl From<&policy::Limits> for Limits {
    fn from(limits: &policy::Limits) -> Self {
        Self {
            memory: limits.memory(),
            fuel: limits.fuel(),
            deadline: limits.deadline(),
        }
    }
}

/// The component asked for more memory than it may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the component asked for more than {limit} bytes of memory")]
pub(super) struct MemoryExceeded {
    pub(super) limit: usize,
}

/// Holds the component to its memory.
#[derive(Debug)]
pub(super) struct MemoryLimiter {
    pub(super) limit: usize,
}

/// More table entries than any guest of ours has functions.
const MAX_TABLE_ELEMENTS: usize = 100_000;

impl ResourceLimiter for MemoryLimiter {
    fn memory_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if desired > self.limit {
            // An error ends the component at once; answering "no" would let it go on without.
            return Err(wasmtime::Error::new(MemoryExceeded { limit: self.limit }));
        }
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(desired <= MAX_TABLE_ELEMENTS)
    }
}
