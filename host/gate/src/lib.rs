//! The gate: the one place through which every call of the component passes.
//!
//! A binding first says what is asked for, as an [`Operation`]. The gate decides, records, and
//! hands out a [`Permit`]; only a permit opens a capability that is kept in a [`Guarded`]. So a
//! binding that forgets to ask does not compile.
//!
//! ```text
//! component ── call ──▶ binding ── Operation ──▶ Gate ── Permit ──▶ Guarded<Capability>
//!                                       Policy ──┘ └──▶ Recorder
//! ```

mod budget;
mod guarded;
mod kind;
mod object;
mod operation;
pub mod policy;
mod record;
mod refusal;
mod table;
mod verb;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

pub use budget::Budget;
pub use guarded::{Confirmed, Guarded, Permit};
pub use object::ObjectError;
pub(crate) use object::quote;
pub use operation::{Operation, Verb};
pub use record::{Answer, Event, Phase, Recorder, Unrecordable, Unrecorded};
pub use refusal::Refusal;

use erased_serde::Serialize as Recordable;
use keepdocker_signature::Signer;
use keepdocker_terms::image_id::bare;

use crate::policy::{
    Cause, Cluster, Context, Counted, Decision, Denial, Guest, Policy, Ruling, Unfit,
};
use budget::Account;

/// The arguments of a call that has none.
pub const NO_ARGUMENTS: [(); 0] = [];

/// More images than this a run has no reason to look at.
const MAX_SEEN: usize = 10_000;

/// More warnings than this nobody reads.
const MAX_WARNINGS: usize = 100;

/// Decides on each call of the component, counts it, and has it recorded.
#[derive(Debug)]
pub struct Gate {
    policy: Policy,
    cluster: Cluster,
    recorder: Box<dyn Recorder>,
    calls: AtomicU64,
    writes: AtomicU64,
    calls_of: [AtomicU64; Verb::INTERFACES.len()],
    account: Arc<Account>,
    /// The names that the images seen in this run have, by image ID.
    seen: Mutex<BTreeMap<String, Vec<String>>>,
    /// The platforms that the images of registries are for, by their manifests.
    platforms: Mutex<BTreeMap<String, String>>,
    /// What has been asked for from registries.
    fetched: Arc<Account>,
    /// Why the record is broken, once it is.
    broken: OnceLock<String>,
    denial: Arc<Mutex<Option<Denial>>>,
    warnings: Mutex<Vec<Denial>>,
}

impl Gate {
    /// Creates the gate for one run of a component.
    ///
    /// # Errors
    /// If the policy does not accept the component.
    pub fn new(
        policy: Policy,
        guest: &Guest,
        cluster: Cluster,
        recorder: Box<dyn Recorder>,
    ) -> Result<Self, Unfit> {
        policy.vet(guest)?;
        let denial = Arc::default();
        let account = |counted| Arc::new(Account::new(policy.limits(), counted, &denial));
        let (account, fetched) = (account(Counted::KeepBytes), account(Counted::RegistryBytes));
        Ok(Self {
            account,
            policy,
            cluster,
            recorder,
            calls: AtomicU64::new(0),
            writes: AtomicU64::new(0),
            calls_of: Default::default(),
            seen: Mutex::default(),
            platforms: Mutex::default(),
            fetched,
            broken: OnceLock::new(),
            denial,
            warnings: Mutex::default(),
        })
    }

    /// Decides on an operation and records the decision; `request` is the list of the call's arguments
    /// as the component gave them.
    ///
    /// # Errors
    /// If the policy withholds the operation, the component has used up its calls, or the record
    /// cannot be kept.
    pub fn admit(
        &self,
        operation: Operation,
        request: &dyn Recordable,
    ) -> Result<Permit<'_>, Refusal> {
        let number = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        if let Some(reason) = self.broken.get() {
            return Err(Refusal::Unrecorded {
                reason: reason.clone(),
            });
        }
        let ruling = self.rule(number, &operation);
        if ruling.decision == Decision::Deny {
            return Err(self.deny(number, &operation, ruling, request));
        }
        if ruling.decision == Decision::WouldDeny {
            self.warn(number, &operation, ruling);
        }
        self.record(number, &operation, ruling, Phase::Attempt { request })?;
        Ok(Permit::new(self, number, operation, ruling))
    }

    /// Returns how many calls the component has made so far.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Returns how many bytes have gone to Keep so far.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.account.moved()
    }

    /// Returns the policy in force.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Returns the last denial, for the report to the user.
    #[must_use]
    pub fn last_denial(&self) -> Option<Denial> {
        lock(&self.denial).clone()
    }

    /// Returns what would have been denied but for a layer in mode `warn`.
    #[must_use]
    pub fn warnings(&self) -> Vec<Denial> {
        lock(&self.warnings).clone()
    }

    /// Decides by the limits and the policy, and counts what is to begin.
    fn rule(&self, number: u64, operation: &Operation) -> Ruling<'_> {
        if let Some(over) = self.over(Counted::HostCalls, number) {
            return over;
        }
        let seen = lock(&self.seen);
        // What is not known yet, `Permit::confirm` asks for before anything comes of it.
        let at_best = operation.at_best(|| names_of(&self.policy.signers()));
        let ruling = self
            .policy
            .decide(&at_best, &self.context(&seen, operation));
        drop(seen);
        if ruling.decision == Decision::Deny {
            return ruling;
        }
        let interface = operation.interface_index();
        let calls = self.calls_of[interface].fetch_add(1, Ordering::Relaxed) + 1;
        if let Some(over) = self.over(Counted::Calls(interface), calls) {
            return over;
        }
        if operation.writes() {
            let writes = self.writes.fetch_add(1, Ordering::Relaxed) + 1;
            if let Some(over) = self.over(Counted::Writes, writes) {
                return over;
            }
        }
        ruling
    }

    fn over(&self, counted: Counted, count: u64) -> Option<Ruling<'_>> {
        let limit = self
            .policy
            .limits()
            .get(counted)
            .filter(|limit| count > limit.value)?;
        Some(Ruling {
            decision: Decision::Deny,
            cause: Cause::Limit(limit),
            origin: limit.origin,
        })
    }

    fn deny(
        &self,
        number: u64,
        operation: &Operation,
        ruling: Ruling<'_>,
        request: &dyn Recordable,
    ) -> Refusal {
        let judged = operation.at_best(|| names_of(&self.policy.signers()));
        let denial = self.denial(number, operation, &judged, &ruling);
        let refusal = match ruling.cause {
            Cause::Limit(limit) if limit.counted == Counted::HostCalls => {
                Refusal::TooManyCalls { limit: limit.value }
            }
            _ => Refusal::Denied(Box::new(denial.clone())),
        };
        let recorded = self.record(
            number,
            operation,
            ruling,
            Phase::Denied {
                request,
                reason: &denial.why,
                answer: &refusal.answer(),
            },
        );
        *lock(&self.denial) = Some(denial);
        recorded.err().unwrap_or(refusal)
    }

    fn warn(&self, number: u64, operation: &Operation, ruling: Ruling<'_>) {
        let judged = operation.at_best(|| names_of(&self.policy.signers()));
        let denial = self.denial(number, operation, &judged, &ruling);
        let mut warnings = lock(&self.warnings);
        if warnings.len() < MAX_WARNINGS
            && warnings.iter().all(|earlier| earlier.asked != denial.asked)
        {
            warnings.push(denial);
        }
    }

    /// Puts in words what came of an operation that was judged as `judged`.
    fn denial(
        &self,
        number: u64,
        operation: &Operation,
        judged: &Operation,
        ruling: &Ruling<'_>,
    ) -> Denial {
        let seen = lock(&self.seen);
        Denial::new(
            &self.policy,
            ruling,
            operation,
            judged,
            &self.context(&seen, operation),
            number,
        )
    }

    fn context<'a>(
        &'a self,
        seen: &'a BTreeMap<String, Vec<String>>,
        operation: &Operation,
    ) -> Context<'a> {
        let names = match operation {
            Operation::ArchivesOpen {
                image: Some(image), ..
            } => seen.get(bare(image)).map(Vec::as_slice),
            _ => None,
        };
        Context {
            cluster: &self.cluster,
            names,
        }
    }

    fn saw(&self, image: &str, names: impl IntoIterator<Item = String>) {
        let mut seen = lock(&self.seen);
        let image = bare(image);
        if seen.len() < MAX_SEEN || seen.contains_key(image) {
            let known = seen.entry(image.to_owned()).or_default();
            known.extend(names);
            known.sort_unstable();
            known.dedup();
        }
    }

    /// Returns for which platform an image is, as a registry said of its manifest in this run.
    #[must_use]
    pub fn platform(&self, manifest: &str) -> Option<String> {
        lock(&self.platforms).get(manifest).cloned()
    }

    fn saw_platform(&self, manifest: &str, platform: &str) {
        let mut platforms = lock(&self.platforms);
        if platforms.len() < MAX_SEEN || platforms.contains_key(manifest) {
            platforms.insert(manifest.to_owned(), platform.to_owned());
        }
    }

    fn decides(&self, operation: &Operation) -> Ruling<'_> {
        let seen = lock(&self.seen);
        self.policy
            .decide(operation, &self.context(&seen, operation))
    }

    fn confirm(&self, number: u64, operation: &Operation, evidence: &str) -> Result<(), Refusal> {
        let ruling = self.decides(operation);
        match ruling.decision {
            Decision::Allow => Ok(()),
            Decision::WouldDeny => {
                self.warn(number, operation, ruling);
                Ok(())
            }
            Decision::Deny => Err(self.refuse(number, operation, &ruling, evidence)),
        }
    }

    /// Asks for operations that are all still to come, and whether the limits leave room for so many.
    fn foresee(&self, number: u64, coming: &[Operation], evidence: &str) -> Result<(), Refusal> {
        let mut writes = self.writes.load(Ordering::Relaxed);
        let mut calls = self
            .calls_of
            .each_ref()
            .map(|calls| calls.load(Ordering::Relaxed));
        for operation in coming {
            self.confirm(number, operation, evidence)?;
            let interface = operation.interface_index();
            calls[interface] += 1;
            writes += u64::from(operation.writes());
            let of_calls = self.over(Counted::Calls(interface), calls[interface]);
            if let Some(over) = of_calls.or_else(|| self.over(Counted::Writes, writes)) {
                return Err(self.refuse(number, operation, &over, evidence));
            }
        }
        Ok(())
    }

    fn refuse(
        &self,
        number: u64,
        operation: &Operation,
        ruling: &Ruling<'_>,
        evidence: &str,
    ) -> Refusal {
        let denial = self
            .denial(number, operation, operation, ruling)
            .with(evidence);
        *lock(&self.denial) = Some(denial.clone());
        Refusal::Denied(Box::new(denial))
    }

    fn record(
        &self,
        number: u64,
        operation: &Operation,
        ruling: Ruling<'_>,
        phase: Phase<'_>,
    ) -> Result<(), Refusal> {
        self.recorder
            .record(Event {
                number,
                operation,
                ruling,
                phase,
            })
            .map_err(|error| {
                let reason = error.to_string();
                let _ = self.broken.set(reason.clone());
                Refusal::Unrecorded { reason }
            })
    }
}

/// Returns the names by which operations know signers.
fn names_of(signers: &[Signer]) -> Vec<String> {
    signers.iter().map(Signer::name).collect()
}

/// Locks; what is guarded here is whole after every step, so a panic elsewhere does no harm.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
