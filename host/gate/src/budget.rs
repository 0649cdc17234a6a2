//! How many bytes may still go to Keep, or come from registries.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use super::lock;
use super::refusal::Refusal;
use crate::Verb;
use crate::policy::{Counted, Denial, Limit, Limits};

/// What all operations of a run have moved one way, and the most that they may.
#[derive(Debug)]
pub(super) struct Account {
    moved: AtomicU64,
    limit: Option<Limit>,
    /// Where the gate keeps the last denial.
    denial: Arc<Mutex<Option<Denial>>>,
}

impl Account {
    pub(super) fn new(
        limits: &Limits,
        counted: Counted,
        denial: &Arc<Mutex<Option<Denial>>>,
    ) -> Self {
        Self {
            moved: AtomicU64::new(0),
            limit: limits.get(counted).cloned(),
            denial: Arc::clone(denial),
        }
    }

    pub(super) fn moved(&self) -> u64 {
        self.moved.load(Ordering::Relaxed)
    }

    /// Counts so many more bytes, if there may be so many; else nothing is counted.
    pub(super) fn charge(&self, bytes: u64, verb: Verb) -> Result<(), Refusal> {
        let most = self.limit.as_ref().map_or(u64::MAX, |limit| limit.value);
        let charged = self
            .moved
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |moved| {
                moved.checked_add(bytes).filter(|sum| *sum <= most)
            });
        match (charged, &self.limit) {
            (Err(_), Some(limit)) => {
                let denial = Denial::over_limit(limit, verb);
                *lock(&self.denial) = Some(denial.clone());
                Err(Refusal::Denied(Box::new(denial)))
            }
            _ => Ok(()),
        }
    }
}

/// The leave to send bytes to Keep, for one operation.
///
/// Clones draw on the same account, so that several tasks can send at once.
#[derive(Debug, Clone)]
pub struct Budget {
    account: Arc<Account>,
    operation: Arc<AtomicU64>,
}

impl Budget {
    pub(super) fn new(account: &Arc<Account>) -> Self {
        Self {
            account: Arc::clone(account),
            operation: Arc::default(),
        }
    }

    /// Returns a leave on the same account for the operation that goes on where this one ends.
    #[must_use]
    pub fn following(&self) -> Self {
        Self::new(&self.account)
    }

    /// Asks whether so many more bytes may be sent, and counts them as sent; each replica of a block
    /// counts once.
    ///
    /// # Errors
    /// If they are more than the run may send. Then nothing is counted, and none must be sent.
    pub fn charge(&self, bytes: u64) -> Result<(), Refusal> {
        self.account.charge(bytes, Verb::KeepStore)?;
        self.operation.fetch_add(bytes, Ordering::Relaxed);
        Ok(())
    }

    /// Returns how many bytes this operation has sent.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.operation.load(Ordering::Relaxed)
    }
}
