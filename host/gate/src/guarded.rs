//! Capabilities behind the gate, and the permits that open them.

use std::fmt;
use std::sync::{Arc, OnceLock};

use serde::Serialize;

use keepdocker_signature::Signer;

use super::Gate;
use super::budget::{Account, Budget};
use super::operation::Operation;
use super::record::{Answer, Phase};
use super::refusal::Refusal;
use crate::Verb;
use crate::policy::{Decision, Ruling};

/// A capability that only a permit opens.
#[derive(Debug)]
pub struct Guarded<C>(C);

impl<C> Guarded<C> {
    /// Puts a capability behind the gate.
    pub fn new(capability: C) -> Self {
        Self(capability)
    }

    /// Returns the capability to whoever holds a permit.
    pub fn open(&self, _permit: &Permit<'_>) -> &C {
        &self.0
    }
}

/// The gate's leave for one operation.
///
/// Only the gate makes permits. Closing one records how the operation went; one that is dropped
/// unclosed is recorded as abandoned.
pub struct Permit<'g> {
    gate: &'g Gate,
    number: u64,
    operation: Operation,
    ruling: Ruling<'g>,
    budget: OnceLock<Budget>,
    closed: bool,
}

/// The gate's word that an object may be used, now that all is known of it.
///
/// What takes one in cannot be reached by a binding that forgets to ask. It is also the leave to fetch what the object is
/// made of.
#[derive(Debug)]
pub struct Confirmed(Arc<Account>);

impl Confirmed {
    /// Asks whether so many more bytes may come from registries, and counts them as come.
    ///
    /// # Errors
    /// If they are more than the run may fetch. Then nothing is counted, and none must be asked for.
    pub fn charge(&self, bytes: u64) -> Result<(), Refusal> {
        self.0.charge(bytes, Verb::RegistryFetch)
    }
}

impl<'g> Permit<'g> {
    pub(super) fn new(
        gate: &'g Gate,
        number: u64,
        operation: Operation,
        ruling: Ruling<'g>,
    ) -> Self {
        Self {
            gate,
            number,
            operation,
            ruling,
            budget: OnceLock::new(),
            closed: false,
        }
    }

    /// Returns the leave to send bytes to Keep; what it is charged with is recorded as the
    /// operation's bytes.
    pub fn budget(&self) -> Budget {
        self.budget
            .get_or_init(|| Budget::new(&self.gate.account))
            .clone()
    }

    /// Goes on with the leave of an operation that this one ends, so that what is charged with it from now on, or was
    /// since [`Budget::following`], is recorded as this operation's bytes.
    ///
    /// To be called before [`Permit::budget`].
    pub fn resume(&self, budget: Budget) -> Budget {
        self.budget.get_or_init(|| budget).clone()
    }

    /// Tells whether the policy allows each of these operations as it is, other than only to warn of it.
    ///
    /// For what costs something to learn, such as who signed an image: it need not be learned where it does not matter.
    #[must_use]
    pub fn suffices(&self, operations: &[Operation]) -> bool {
        operations
            .iter()
            .all(|operation| self.gate.decides(operation).decision == Decision::Allow)
    }

    /// Returns the IDs of all images that rules of the policy name.
    #[must_use]
    pub fn images(&self) -> Vec<String> {
        self.gate.policy.images()
    }

    /// Returns all whose signatures rules of the policy ask for.
    #[must_use]
    pub fn signers(&self) -> Vec<Signer> {
        self.gate.policy.signers()
    }

    /// Asks whether the operation may be done on an object of which more was learned since it was admitted.
    ///
    /// A rule decides before anything is fetched, by what others say; what is there may be something else. Each way to
    /// see it is an operation here, and each has to be allowed. `evidence` says what was looked at, for a denial; it may
    /// be empty.
    ///
    /// # Errors
    /// If the policy denies one of these operations. Then this one must not go on.
    pub fn confirm(&self, operations: &[Operation], evidence: &str) -> Result<Confirmed, Refusal> {
        for operation in operations {
            self.gate.confirm(self.number, operation, evidence)?;
        }
        Ok(Confirmed(Arc::clone(&self.gate.fetched)))
    }

    /// Asks for all that is still to come if this operation is done, so that it is not done for nothing. It is asked for
    /// again, and counted, when it comes.
    ///
    /// # Errors
    /// If the policy denies one of these operations, or its limits leave no room for all of them. Then this one must not go on.
    pub fn foresee(&self, coming: &[Operation], evidence: &str) -> Result<(), Refusal> {
        self.gate.foresee(self.number, coming, evidence)
    }

    /// Tells the gate for which platform an image is, by what a registry says of its manifest.
    pub fn saw_platform(&self, manifest: &str, platform: &str) {
        self.gate.saw_platform(manifest, platform);
    }

    /// Tells the gate which names an image was seen to have, so that rules on repositories can decide
    /// on its ID later in the run.
    ///
    /// To be called with what the engine or an archive says, never with what the component says.
    pub fn saw(&self, image: &str, names: impl IntoIterator<Item = String>) {
        self.gate.saw(image, names);
    }

    /// Records the result of the operation, and returns it as the component gets to see it.
    ///
    /// # Errors
    /// If the operation failed, with what the contract says of that.
    pub fn close<T, E, W>(mut self, result: Result<T, E>) -> Result<T, W>
    where
        T: Serialize + Clone + Send + 'static,
        E: fmt::Display + Into<W>,
        W: Serialize + Clone + Send + 'static,
    {
        self.closed = true;
        let error = result.as_ref().err().map(ToString::to_string);
        let answer = result.map_err(Into::into);
        self.record(error.as_deref(), Some(&answer));
        answer
    }

    fn record(&self, error: Option<&str>, answer: Option<&dyn Answer>) {
        let bytes = self.budget.get().map_or(0, Budget::sent);
        // If the entry is lost, the gate remembers that and lets nothing more begin.
        let _ = self.gate.record(
            self.number,
            &self.operation,
            self.ruling,
            Phase::Result {
                error,
                answer,
                bytes,
            },
        );
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if !self.closed {
            self.record(Some("abandoned"), None);
        }
    }
}

impl fmt::Debug for Permit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit")
            .field("number", &self.number)
            .field("operation", &self.operation)
            .finish_non_exhaustive()
    }
}
