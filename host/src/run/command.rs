//! A command under way: the gate before it, and the log of it.

use std::sync::Arc;

use keepdocker_console::{Console, Exit, Level, Page, Purpose, Report};
use serde::Serialize;

use super::{Surroundings, ending};
use crate::audit::{self, Closing, Connection, Log, Mask, Opening};
use crate::bindings::commands::Failure;
use crate::component;
use crate::gate::Gate;
use crate::settings::Detour;
use crate::signals::received;

/// This program, as a log sees it.
struct Logged(Console);

impl audit::Program for Logged {
    fn warn(&self, text: &str) {
        self.0.message(Level::Warning, text);
    }

    fn ending_signal(&self) -> Option<i32> {
        received()
    }
}

/// Says for the log how token and data go to the cluster.
pub(super) fn connection(detours: &[Detour]) -> Connection {
    let services = detours.iter().find_map(|detour| match detour {
        Detour::KeepServices(roots) => Some(roots.iter().map(ToString::to_string).collect()),
        Detour::Unchecked => None,
    });
    Connection {
        certificates_checked: !detours.contains(&Detour::Unchecked),
        keep_services: services,
    }
}

/// A command that the component works on.
pub(super) struct Command {
    pub(super) console: Console,
    pub(super) gate: Arc<Gate>,
    pub(super) log: Option<Arc<Log>>,
    /// What failures are told in the words of.
    pub(super) purpose: Purpose,
}

impl Command {
    /// Makes of an answer what the user gets to see, tells what the policy would have withheld, and
    /// closes the log.
    pub(super) fn finish<T: Serialize>(
        self,
        answer: Result<Result<T, Failure>, component::Error>,
    ) -> Result<T, Report> {
        for warning in self.gate.warnings() {
            let text = format!("`{}` would be denied: {}", warning.asked, warning.why);
            self.console.message(Level::Warning, &text);
        }
        let report = match &answer {
            Ok(Ok(_)) => None,
            Ok(Err(failure)) => Some(Report::of(failure.clone(), self.purpose)),
            Err(error) => Some(Report::from(error.clone())),
        };
        let exit = report.as_ref().map_or(Exit::Done, |report| report.exit);
        self.close(exit, &answer)?;
        match (answer, report) {
            (Ok(Ok(answer)), _) => Ok(answer),
            (_, report) => {
                Err(self.explained(report.unwrap_or_else(|| {
                    Report::new(Exit::Failed, "the component brought no answer")
                })))
            }
        }
    }

    /// Puts the gate's own account of a denial in the place of what has passed through the component.
    fn explained(&self, report: Report) -> Report {
        let Some(denial) = self
            .gate
            .last_denial()
            .filter(|_| report.exit == Exit::Denied)
        else {
            return report;
        };
        let report = ending::denied(&denial);
        match (&self.log, denial.number) {
            (Some(log), number @ 1..) => report.detail(format!(
                "log: call {number} of run {run}; see `keepdocker audit show {run}`",
                run = log.run()
            )),
            _ => report,
        }
    }

    /// Closes the log of a run that ended so.
    pub(super) fn close<T: Serialize>(
        &self,
        exit: Exit,
        answer: &Result<Result<T, Failure>, component::Error>,
    ) -> Result<(), Report> {
        let Some(log) = &self.log else { return Ok(()) };
        let outcome = match (exit, answer) {
            (Exit::Done, _) => "done",
            (Exit::Denied, _) => "denied",
            (_, Ok(_)) => "failed",
            (_, Err(_)) => "broken-off",
        };
        let closing = Closing {
            outcome,
            exit: exit.code(),
            answer: answer.as_ref().ok().map(|answer| answer as _),
        };
        log.close(&closing).map_err(|error| {
            Report::new(
                Exit::Failed,
                "the command came to its end, but its audit log could not be completed",
            )
            .detail(error.to_string())
        })
    }
}

impl Surroundings {
    /// Opens the log of a command, as the policy asks for it.
    pub(super) fn open_log(&self, opening: &Opening<'_>) -> Result<Option<Arc<Log>>, Report> {
        let rules = opening.policy.audit();
        if self.omits_log() {
            return if rules.required() {
                Err(Report::new(
                    Exit::Denied,
                    "the policy requires an audit log, so `--no-audit` is not allowed",
                )
                .page(Page::Policy))
            } else {
                Ok(None)
            };
        }
        let console = self.console();
        let opened = self.log_options(rules).and_then(|options| {
            let mask = Mask::new(self.secrets());
            Log::open(options, mask, opening, Arc::new(Logged(console)))
        });
        match opened {
            Ok(log) => Ok(Some(Arc::new(log))),
            Err(error) if rules.stops() => Err(Report::new(
                Exit::Failed,
                "the audit log cannot be kept, so nothing was done",
            )
            .detail(error.to_string())
            .advise("mend that, or ask who keeps the policy")),
            // A signal ended the wait, and is told by itself.
            Err(_) if received().is_some() => Ok(None),
            Err(error) => {
                let text = format!("there is no audit log of this run: {error}");
                console.message(Level::Warning, &text);
                Ok(None)
            }
        }
    }
}
