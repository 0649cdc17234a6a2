//! The gate: the one place through which every call of the component passes.
//!
//! A binding first says what is asked for, as an [`Operation`]. The gate decides, records, and
//! hands out a [`Permit`]; only a permit opens a capability that is kept in a [`Guarded`]. So a
//! binding that forgets to ask does not compile.
//!
//! ```text
//! component ── call ──▶ binding ── Operation ──▶ Gate ── Permit ──▶ Guarded<Capability>
//!                                                 └──▶ Recorder
//! ```

mod guarded;
mod operation;
mod policy;
mod record;

use std::sync::atomic::{AtomicU64, Ordering};

pub use guarded::{Guarded, Permit};
pub use operation::Operation;
pub use policy::{Decision, Policy};
pub use record::{Event, Phase, Recorder, Unrecorded};

/// Decides on each call of the component, counts it, and has it recorded.
#[derive(Debug)]
pub struct Gate {
    policy: Policy,
    recorder: Box<dyn Recorder>,
    max_calls: u64,
    calls: AtomicU64,
}

/// Why a call did not get through.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The policy withholds the operation; the component may handle that.
    #[error("the policy withholds {verb}: {reason}")]
    Denied {
        /// The operation's verb, such as `engine.pull`.
        verb: &'static str,
        /// Which rule decided, for people.
        reason: String,
    },
    /// The component made more calls than it may; that ends it.
    #[error("the component made more than {limit} calls to the host")]
    TooManyCalls {
        /// How many calls one command may make.
        limit: u64,
    },
}

impl Gate {
    /// Creates a gate that lets `max_calls` calls through in all, as far as the policy allows.
    #[must_use]
    pub fn new(policy: Policy, recorder: Box<dyn Recorder>, max_calls: u64) -> Self {
        Self {
            policy,
            recorder,
            max_calls,
            calls: AtomicU64::new(0),
        }
    }

    /// Decides on an operation and records the decision.
    ///
    /// # Errors
    /// If the policy withholds the operation, or the component has used up its calls.
    pub fn admit(&self, operation: Operation) -> Result<Permit<'_>, Refusal> {
        let number = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        if number > self.max_calls {
            return Err(Refusal::TooManyCalls {
                limit: self.max_calls,
            });
        }
        let verb = operation.verb();
        match self.policy.decide(&operation) {
            Decision::Allow => {
                self.recorder.record(Event {
                    number,
                    verb,
                    phase: Phase::Attempt(&operation),
                });
                Ok(Permit::new(&*self.recorder, number, verb))
            }
            Decision::Deny { reason } => {
                self.recorder.record(Event {
                    number,
                    verb,
                    phase: Phase::Denied {
                        operation: &operation,
                        reason: &reason,
                    },
                });
                Err(Refusal::Denied { verb, reason })
            }
        }
    }

    /// Returns how many calls the component has made so far.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Debug, Default, Clone)]
    struct Journal(Arc<Mutex<Vec<String>>>);

    impl Recorder for Journal {
        fn record(&self, event: Event<'_>) {
            let text = match event.phase {
                Phase::Attempt(_) => "attempt".to_owned(),
                Phase::Denied { reason, .. } => format!("denied: {reason}"),
                Phase::Result { error } => format!("result: {error:?}"),
            };
            self.0
                .lock()
                .unwrap()
                .push(format!("{} {} {text}", event.number, event.verb));
        }
    }

    #[test]
    fn a_call_is_recorded_before_and_after() {
        let journal = Journal::default();
        let gate = Gate::new(Policy::built_in(), Box::new(journal.clone()), 10);
        let engine = Guarded::new(7);
        let permit = gate
            .admit(Operation::EngineFind {
                name: "debian".into(),
            })
            .unwrap();
        let seen: Result<i32, String> = Ok(*engine.open(&permit));
        assert_eq!(permit.close(seen), Ok(7));
        assert_eq!(
            *journal.0.lock().unwrap(),
            ["1 engine.find attempt", "1 engine.find result: None"]
        );
    }

    #[test]
    fn a_withheld_verb_is_denied_and_recorded() {
        let journal = Journal::default();
        let policy = Policy::built_in().without("engine.pull");
        let gate = Gate::new(policy, Box::new(journal.clone()), 10);
        let refusal = gate
            .admit(Operation::EnginePull {
                name: "debian".into(),
            })
            .unwrap_err();
        assert!(matches!(
            refusal,
            Refusal::Denied {
                verb: "engine.pull",
                ..
            }
        ));
        assert!(journal.0.lock().unwrap()[0].starts_with("1 engine.pull denied"));
    }

    #[test]
    fn calls_beyond_the_limit_are_refused() {
        let gate = Gate::new(Policy::built_in(), Box::new(Unrecorded), 1);
        drop(gate.admit(Operation::UsersCurrent).unwrap());
        assert_eq!(
            gate.admit(Operation::UsersCurrent).unwrap_err(),
            Refusal::TooManyCalls { limit: 1 }
        );
    }

    #[test]
    fn an_abandoned_call_is_recorded_as_such() {
        let journal = Journal::default();
        let gate = Gate::new(Policy::built_in(), Box::new(journal.clone()), 10);
        drop(gate.admit(Operation::UsersCurrent).unwrap());
        assert_eq!(
            journal.0.lock().unwrap()[1],
            r#"1 users.current result: Some("abandoned")"#
        );
    }
}
