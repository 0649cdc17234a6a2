//! A run once more, on the answers of its log: the proof that this component made these decisions.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use crate::audit::{Entry, Run};
use crate::component::{self, Component, Deviation, Limits, Script};

/// How a replay came out, where the component did what the log says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Replayed {
    /// How many calls were the same.
    pub calls: usize,
    /// Whether the run came to its answer; one that was cut short did not, then or now.
    pub whole: bool,
}

/// Why a replay proves nothing, or proves that the log is not that of the component.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ReplayError {
    /// The log is of another component.
    #[error(
        "the run was one of the component with SHA-256 {recorded}, and this one has {have}; name the other with `--component FILE`"
    )]
    OtherComponent {
        /// The digest of the component that ran.
        recorded: String,
        /// The digest of the component at hand.
        have: String,
    },
    /// The log lacks what is needed.
    #[error("the log cannot be replayed: {0}")]
    Unusable(String),
    /// The component does something else.
    #[error("the component does not do what the log says: {0}")]
    Deviates(String),
}

/// Runs the component with the answers of the log, and checks that it asks for the same in the same
/// order, and comes to the same answer. Nothing is opened, sent or written.
///
/// # Errors
/// If the component is another or does anything else than the log says.
pub(crate) async fn replay(
    mut run: Run,
    component: &Component,
    limits: Limits,
) -> Result<Replayed, ReplayError> {
    let unusable = |what: &str| ReplayError::Unusable(what.to_owned());
    // The component knows nothing of these.
    run.entries.retain(|entry| phase(entry) != "request");
    let first = run.entries.first().ok_or_else(|| unusable("it is empty"))?;
    let recorded = first
        .get("component")
        .and_then(|component| component["sha256"].as_str())
        .unwrap_or_default();
    let have = &component.description().guest().sha256;
    if recorded != have {
        return Err(ReplayError::OtherComponent {
            recorded: recorded.to_owned(),
            have: have.clone(),
        });
    }
    let command = first
        .get("command")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    let request = run
        .value(first, "request")
        .ok_or_else(|| unusable("its first line lacks the request"))?;
    let answer = run
        .entries
        .last()
        .filter(|_| run.is_closed())
        .and_then(|last| run.value(last, "answer"));
    let recording = Arc::new(Mutex::new(Recording {
        run,
        place: 1,
        calls: 0,
    }));
    let replayed = component
        .replay(recording.clone(), limits, &command, &request)
        .await;
    let recording = recording.lock().unwrap_or_else(PoisonError::into_inner);
    let calls = recording.calls;
    match (replayed, answer) {
        (Ok(found), Some(answer)) if found != answer => Err(ReplayError::Deviates(format!(
            "it answers {}, and the log has {}",
            shortened(&found),
            shortened(&answer)
        ))),
        (Ok(_), _) if recording.next().is_some() => Err(ReplayError::Deviates(format!(
            "it ends after {calls} calls, and the log has more"
        ))),
        (Ok(_), Some(_)) => Ok(Replayed { calls, whole: true }),
        (Ok(_), None) => Err(ReplayError::Deviates(
            "it comes to an answer, and the log has none".to_owned(),
        )),
        (Err(component::Error::Deviates(Deviation::End)), None) => Ok(Replayed {
            calls,
            whole: false,
        }),
        (Err(component::Error::Deviates(Deviation::End)), Some(_)) => Err(ReplayError::Deviates(
            format!("it makes another call after the {calls} of the log"),
        )),
        (Err(component::Error::Deviates(Deviation::Other(how))), _) => {
            Err(ReplayError::Deviates(how))
        }
        // A component that broke off then breaks off now.
        (Err(_), None) if recording.next().is_none() => Ok(Replayed {
            calls,
            whole: false,
        }),
        (Err(error), _) => Err(ReplayError::Deviates(error.to_string())),
    }
}

/// A log that answers the component's calls.
struct Recording {
    run: Run,
    /// The entry that the next call must match.
    place: usize,
    calls: usize,
}

impl Recording {
    /// Returns the entry of the next call: an attempt or a denial.
    fn next(&self) -> Option<&Entry> {
        let entry = self.run.entries.get(self.place)?;
        matches!(phase(entry), "attempt" | "denied").then_some(entry)
    }
}

impl Script for Recording {
    fn answer(&mut self, verb: &str, request: Value) -> Result<Value, Deviation> {
        let entry = self.next().ok_or(Deviation::End)?;
        let number = self.calls + 1;
        let recorded = entry
            .get("verb")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if recorded != verb {
            return Err(Deviation::Other(format!(
                "call {number} is {verb}, and the log has {recorded}"
            )));
        }
        match self.run.value(entry, "request") {
            Some(recorded) if recorded == request => {}
            Some(recorded) => {
                return Err(Deviation::Other(format!(
                    "call {number}, {verb}, asks for {}, and the log has {}",
                    shortened(&request),
                    shortened(&recorded)
                )));
            }
            None => return Err(not_kept("request", number)),
        }
        // The answer stands with the denial, or in the line that follows the attempt.
        let (result, next) = match phase(entry) {
            "denied" => (Some(entry), self.place + 1),
            _ => (self.run.entries.get(self.place + 1), self.place + 2),
        };
        let result = result.ok_or(Deviation::End)?;
        let answer = match self.run.value(result, "answer") {
            Some(answer) => answer,
            None if result.contains_key("answer_value") => return Err(not_kept("answer", number)),
            // The call was given up.
            None => return Err(Deviation::End),
        };
        self.place = next;
        self.calls = number;
        Ok(answer)
    }
}

fn not_kept(what: &str, number: usize) -> Deviation {
    Deviation::Other(format!(
        "the {what} of call {number} was too long to be kept"
    ))
}

fn phase(entry: &Entry) -> &str {
    entry
        .get("phase")
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn shortened(value: &Value) -> String {
    let text: String = value.to_string().chars().take(200).collect();
    format!("`{text}`")
}
