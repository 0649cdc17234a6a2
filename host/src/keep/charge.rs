//! The leave to send bytes, where one upload is the work of two operations.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::gate::Budget;

/// The leave to send bytes, of the operation that goes on now: an upload may be the work of two.
#[derive(Debug, Clone)]
pub(crate) struct Charge(Arc<Mutex<Budget>>);

impl Charge {
    /// Begins with the leave of the first operation.
    pub(crate) fn new(budget: Budget) -> Self {
        Self(Arc::new(Mutex::new(budget)))
    }

    /// Ends that operation: what is charged from now on belongs to the next.
    pub(crate) fn next(&self) {
        let mut budget = self.budget();
        *budget = budget.following();
    }

    /// Returns the leave of the operation that goes on.
    pub(crate) fn current(&self) -> Budget {
        self.budget().clone()
    }

    fn budget(&self) -> MutexGuard<'_, Budget> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
