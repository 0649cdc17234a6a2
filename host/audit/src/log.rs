//! The log of one run, as it is written.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use erased_serde::Serialize as Recordable;
use serde::Serialize;
use serde_json::{Value, json};

use super::SCHEMA;
use super::canonical::text;
use super::heads::now;
use super::mask::Mask;
use super::note::SigningKey;
use super::options::{Error, OnFailure, Options};
use super::program::Program;
use super::queue::Queue;
use super::system_log;
use super::values::Names;
use super::waiting::Waiting;
use super::writer::{Draft, Later, Writer};
use keepdocker_gate::policy::{Cluster, Guest, Policy};
use keepdocker_gate::{Event, Phase, Recorder, Unrecordable};

const REQUEST: Names = ("request", "request_value");
const ANSWER: Names = ("answer", "answer_value");

/// What the first line says.
pub struct Opening<'a> {
    /// The words of the command line, the program's own name first.
    pub arguments: &'a [String],
    /// The program's version.
    pub version: &'a str,
    /// The number of the account that started the program.
    pub user: u32,
    /// The machine's name.
    pub host: &'a str,
    /// The exported command of the component.
    pub command: &'static str,
    /// Whether it is there to change something. What says that it began is forced to disk then, before the heads know of it.
    pub changes: bool,
    /// The list of the command's arguments.
    pub request: &'a dyn Recordable,
    /// The component.
    pub guest: &'a Guest,
    /// The policy in force.
    pub policy: &'a Policy,
    /// The cluster.
    pub cluster: &'a Cluster,
    /// How token and data go there.
    pub connection: &'a Connection,
}

/// How far the cluster's own host vouches for where token and data go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Connection {
    /// Whether certificates are checked.
    pub certificates_checked: bool,
    /// The root URLs of the Keep services, where the user gave them in place of the cluster.
    pub keep_services: Option<Vec<String>>,
}

/// What the last line says.
pub struct Closing<'a> {
    /// What came of the run, in a word.
    pub outcome: &'static str,
    /// The exit code of the program.
    pub exit: u8,
    /// What the component answered; none if it broke off.
    pub answer: Option<&'a dyn Recordable>,
}

/// The log of one run.
///
/// A log that is dropped without having been closed says that the run was interrupted.
pub struct Log {
    run: String,
    options: Options,
    key: Option<Arc<SigningKey>>,
    program: Arc<dyn Program>,
    state: Mutex<State>,
}

struct State {
    run: String,
    queue: Queue,
    mask: Arc<Mask>,
    /// What was counted for the last line.
    calls: u64,
    denied: u64,
    bytes: u64,
    /// Whether it was to change something.
    writes: bool,
    /// Whether nothing more can be written, or must be.
    ended: bool,
}

impl Log {
    /// Opens the log of a run that begins now, and writes its first line.
    ///
    /// # Errors
    /// If that cannot be written, or the key to sign with cannot be used.
    pub fn open(
        options: Options,
        mask: Mask,
        opening: &Opening<'_>,
        program: Arc<dyn Program>,
    ) -> Result<Self, Error> {
        let key = options
            .sign_with
            .as_deref()
            .map(SigningKey::read)
            .transpose()?;
        // A run that is refused leaves no log of its own.
        if let Some(socket) = &options.system_log
            && options.on_failure == OnFailure::Stop
        {
            system_log::probe(socket)?;
        }
        let waiting = Waiting::new(options.on_failure, &options.directory, program.clone());
        let made = (options.clone(), waiting.clone());
        let (queue, run) = Queue::new(move || Writer::create(&made.0, made.1), waiting)?;
        let state = State {
            run,
            queue,
            mask: Arc::new(mask),
            calls: 0,
            denied: 0,
            bytes: 0,
            writes: false,
            ended: false,
        };
        let first = state.first(opening)?;
        let (begun, changes) = (options.clone(), opening.changes);
        let told = state.queue.wait(move |writer| {
            writer.write(first)?;
            if changes {
                writer.sync()?;
            }
            writer.begin(&begun)
        });
        match told {
            // The log itself is whole.
            Err(error @ Error::SystemLog { .. }) if options.on_failure == OnFailure::Continue => {
                program.warn(&error.to_string());
            }
            told => told?,
        }
        Ok(Self {
            run: state.run.clone(),
            options,
            key: key.map(Arc::new),
            program,
            state: Mutex::new(state),
        })
    }

    /// Returns the run's ID.
    #[must_use]
    pub fn run(&self) -> &str {
        &self.run
    }

    /// Writes the last line, and adds the log's head to the chain of all runs.
    ///
    /// # Errors
    /// If that cannot be written, and a run must not go without.
    pub fn close(&self, closing: &Closing<'_>) -> Result<(), Error> {
        let mut state = self.state();
        if std::mem::replace(&mut state.ended, true) {
            return Ok(());
        }
        // What a listing costs must not be what a disk takes, and nothing hangs on its log.
        let is_forced = state.writes || self.must_stop();
        let (options, key) = (self.options.clone(), self.key.clone());
        let closed = state.last(closing).and_then(|last| {
            state.queue.wait(move |writer| {
                // What was not forced is written all the same.
                let known = match is_forced {
                    true => writer.sync_heads(),
                    false => Ok(()),
                };
                writer.write(last)?;
                let forced = match is_forced {
                    true => writer.sync(),
                    false => Ok(()),
                };
                writer.end(&options, key.as_deref())?;
                known.and(forced)
            })
        });
        self.judge(closed)
    }

    /// Writes down a request to a registry, which was made for a call before.
    ///
    /// What was read changes nothing: a line that cannot be written shows with the next call.
    pub fn asked(&self, method: &str, url: &str, status: Option<u16>) {
        let mut state = self.state();
        if state.ended {
            return;
        }
        let written = state
            .asked(method, url, status)
            .and_then(|line| state.queue.put(line));
        state.ended = written.is_err();
        // Where the run must not go without, the next entry fails, too.
        let _ = self.judge(written);
    }

    fn must_stop(&self) -> bool {
        self.options.on_failure == OnFailure::Stop
    }

    /// Tells whether the run must end because the log cannot be written; if not, warns.
    fn judge(&self, written: Result<(), Error>) -> Result<(), Error> {
        match written {
            Err(error @ Error::SystemLog { .. }) if !self.must_stop() => {
                self.program.warn(&error.to_string());
                Ok(())
            }
            Err(error) if !self.must_stop() => {
                self.program
                    .warn(&format!("the audit log of this run ends here: {error}"));
                Ok(())
            }
            written => written,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // After a panic in the middle of a line the chain shows that the log is broken.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn first(&self, opening: &Opening<'_>) -> Result<Draft, Error> {
        let mut line = self.line("open")?;
        self.put(&mut line, "schema", SCHEMA)?;
        self.put(&mut line, "program", &program(opening))?;
        self.put(&mut line, "arguments", opening.arguments)?;
        let user = json!({"id": opening.user});
        self.put(&mut line, "user", &user)?;
        self.put(&mut line, "host", opening.host)?;
        self.put(&mut line, "command", opening.command)?;
        self.put_value(&mut line, REQUEST, opening.request)?;
        self.put(
            &mut line,
            "component",
            &json!({"sha256": opening.guest.sha256}),
        )?;
        self.put(&mut line, "policy", &policy(opening.policy))?;
        let cluster = json!({"host": opening.cluster.host, "id": opening.cluster.id});
        self.put(&mut line, "cluster", &cluster)?;
        self.put(&mut line, "connection", opening.connection)?;
        Ok(line)
    }

    fn entry(&mut self, event: &Event<'_>) -> Result<Draft, Error> {
        let mut line = self.line(event.phase.name())?;
        self.put(&mut line, "call", &event.number)?;
        self.put(&mut line, "verb", event.operation.verb().name())?;
        self.put(&mut line, "object", event.operation)?;
        self.put(&mut line, "decision", event.ruling.decision.name())?;
        self.put(&mut line, "rule", event.ruling.rule())?;
        let (file, number) = event.ruling.source();
        self.put(
            &mut line,
            "rule_source",
            &json!({"file": file, "line": number}),
        )?;
        match event.phase {
            Phase::Attempt { request } => {
                self.calls += 1;
                self.put_value(&mut line, REQUEST, request)?;
            }
            Phase::Denied {
                request,
                reason,
                answer,
            } => {
                self.calls += 1;
                self.denied += 1;
                self.put(&mut line, "error", reason)?;
                self.put_value(&mut line, REQUEST, request)?;
                self.put_value(&mut line, ANSWER, answer)?;
            }
            Phase::Result {
                error,
                answer,
                bytes,
            } => {
                self.bytes += bytes;
                self.put(&mut line, "error", &error)?;
                self.put(&mut line, "bytes", &bytes)?;
                if let Some(answer) = answer {
                    line.later = Some(Later {
                        names: ANSWER,
                        value: answer.copy(),
                        mask: self.mask.clone(),
                    });
                }
            }
        }
        Ok(line)
    }

    fn asked(&self, method: &str, url: &str, status: Option<u16>) -> Result<Draft, Error> {
        let mut line = self.line("request")?;
        self.put(&mut line, "method", method)?;
        self.put(&mut line, "url", url)?;
        self.put(&mut line, "status", &status)?;
        Ok(line)
    }

    fn last(&self, closing: &Closing<'_>) -> Result<Draft, Error> {
        let mut line = self.line("close")?;
        self.put(&mut line, "outcome", closing.outcome)?;
        self.put(&mut line, "exit", &closing.exit)?;
        self.put(&mut line, "calls", &self.calls)?;
        self.put(&mut line, "denied", &self.denied)?;
        self.put(&mut line, "bytes", &self.bytes)?;
        if let Some(answer) = closing.answer {
            self.put_value(&mut line, ANSWER, answer)?;
        }
        Ok(line)
    }

    fn line(&self, phase: &str) -> Result<Draft, Error> {
        let mut line = Draft::default();
        self.put(&mut line, "run", &self.run)?;
        self.put(&mut line, "at", &now())?;
        self.put(&mut line, "phase", phase)?;
        Ok(line)
    }

    fn put(
        &self,
        line: &mut Draft,
        name: &'static str,
        value: &(impl Serialize + ?Sized),
    ) -> Result<(), Error> {
        Ok(line.line.put(name, value, &self.mask)?)
    }

    fn put_value(
        &self,
        line: &mut Draft,
        names: Names,
        value: &dyn Recordable,
    ) -> Result<(), Error> {
        line.values.push((names, text(value, &self.mask)?));
        Ok(())
    }
}

impl Recorder for Log {
    fn record(&self, event: Event<'_>) -> Result<(), Unrecordable> {
        let mut state = self.state();
        if state.ended {
            return Ok(());
        }
        let is_result = matches!(event.phase, Phase::Result { .. });
        let is_effect = event.operation.writes() && !is_result;
        state.writes |= is_effect;
        let syncs = is_effect && self.must_stop();
        let written = state.entry(&event).and_then(|line| {
            // What was read changes nothing, and can be long; whatever comes next waits for it.
            if is_result && !event.operation.writes() {
                return state.queue.put(line);
            }
            state.queue.wait(move |writer| {
                writer.write(line)?;
                // Whoever demands a record wants it to be there after a power cut, too.
                if syncs { writer.sync() } else { Ok(()) }
            })
        });
        state.ended = written.is_err();
        self.judge(written)
            .map_err(|error| Unrecordable(error.to_string()))
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        let interrupted = Closing {
            outcome: "interrupted",
            // Whatever else ends a run without an answer is a failure of the program.
            exit: (self.program.ending_signal())
                .map_or(1, |signal| u8::try_from(128 + signal).unwrap_or(1)),
            answer: None,
        };
        // Nobody is left to be told; without its last line the log counts as incomplete.
        let _ = self.close(&interrupted);
    }
}

impl std::fmt::Debug for Log {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Log").field(&self.run).finish()
    }
}

fn program(opening: &Opening<'_>) -> Value {
    let path = opening.arguments.first().map_or("keepdocker", |path| path);
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    json!({"name": name, "version": opening.version})
}

fn policy(policy: &Policy) -> Value {
    let sources: Vec<Value> = policy
        .layers()
        .iter()
        .map(|layer| {
            json!({
                "origin": layer.origin.to_string(),
                "file": &*layer.file,
                "sha256": layer.sha256,
                "mode": layer.mode.name(),
            })
        })
        .collect();
    json!({"sha256": policy.sha256(), "sources": sources})
}
