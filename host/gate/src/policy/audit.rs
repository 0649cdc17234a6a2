//! What a policy asks of the audit log.

use std::path::PathBuf;
use std::time::Duration;

use super::document::{Document, Entry, Table, entry};
use super::error::Error;
use super::quantity::{self, show_seconds};

/// The keys of the table.
pub(super) const AUDIT_KEYS: [&str; 6] = [
    "directory",
    "required",
    "on-failure",
    "sign-with",
    "system-log",
    "retain",
];

/// A setting, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Placed<T> {
    pub(super) value: T,
    pub(super) file: String,
    pub(super) line: usize,
}

/// What one layer, or all of them, ask of the audit log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditRules {
    pub(super) directory: Option<Placed<PathBuf>>,
    pub(super) required: bool,
    pub(super) stops: bool,
    pub(super) sign_with: Option<Placed<PathBuf>>,
    pub(super) system_log: Option<Placed<PathBuf>>,
    pub(super) retain: Option<u64>,
}

impl AuditRules {
    /// Reads the table `audit` of a policy.
    pub(super) fn read(document: &mut Document<'_>, top: &Table<'_>) -> Self {
        let mut audit = Self::default();
        let Some(table) = entry(top, "audit").and_then(|audit| document.table(&audit)) else {
            return audit;
        };
        document.known_keys(table, "`audit`", &AUDIT_KEYS);
        audit.directory = entry(table, "directory").and_then(|path| read_path(document, &path));
        audit.sign_with = entry(table, "sign-with").and_then(|path| read_path(document, &path));
        audit.system_log = entry(table, "system-log").and_then(|path| read_path(document, &path));
        audit.required = entry(table, "required")
            .and_then(|required| document.truth(&required))
            .unwrap_or(false);
        if let Some(on_failure) = entry(table, "on-failure") {
            let at = on_failure.value.span();
            match document.text(&on_failure).as_deref() {
                Some("stop") => audit.stops = true,
                Some("continue") if audit.required => document.fault(
                    at,
                    "a log that is required stops the run where it cannot be written",
                ),
                Some("continue") | None => {}
                Some(other) => document.fault(
                    at,
                    format!("there is no `{other}`; there are: stop, continue"),
                ),
            }
        }
        audit.retain = entry(table, "retain")
            .and_then(|retain| document.quantity(&retain, quantity::seconds, quantity::DURATION));
        audit
    }

    /// Returns the folder that the logs must go to, if that is prescribed; `%u` in it stands for the number of
    /// the user's account.
    #[must_use]
    pub fn directory(&self) -> Option<&PathBuf> {
        self.directory.as_ref().map(|placed| &placed.value)
    }

    /// Tells whether there must be no run without a log.
    #[must_use]
    pub fn required(&self) -> bool {
        self.required
    }

    /// Tells whether a run must end when its log cannot be written.
    #[must_use]
    pub fn stops(&self) -> bool {
        self.stops || self.required
    }

    /// Returns the file with the key that each log must be signed with, if one must.
    #[must_use]
    pub fn sign_with(&self) -> Option<&PathBuf> {
        self.sign_with.as_ref().map(|placed| &placed.value)
    }

    /// Returns the socket of the system's log that the head of each log must be sent to, if it must.
    #[must_use]
    pub fn system_log(&self) -> Option<&PathBuf> {
        self.system_log.as_ref().map(|placed| &placed.value)
    }

    /// Returns how long logs must be kept, if that is prescribed.
    #[must_use]
    pub fn retain(&self) -> Option<Duration> {
        self.retain.map(Duration::from_secs)
    }

    /// Adds what a further layer asks: it can ask for more, not for something else.
    pub(super) fn tighten(&mut self, layer: &Self) -> Result<(), Error> {
        settle("directory", &mut self.directory, &layer.directory)?;
        settle("sign-with", &mut self.sign_with, &layer.sign_with)?;
        settle("system-log", &mut self.system_log, &layer.system_log)?;
        self.required |= layer.required;
        self.stops |= layer.stops;
        self.retain = self.retain.max(layer.retain);
        Ok(())
    }

    /// Returns each setting that is in force, as a policy would write it.
    pub(super) fn settings(&self) -> Vec<(&'static str, String)> {
        let mut settings = Vec::new();
        if let Some(directory) = self.directory() {
            settings.push(("directory", directory.display().to_string()));
        }
        settings.push(("required", self.required().to_string()));
        let on_failure = if self.stops() { "stop" } else { "continue" };
        settings.push(("on-failure", on_failure.to_owned()));
        if let Some(key) = self.sign_with() {
            settings.push(("sign-with", key.display().to_string()));
        }
        if let Some(socket) = self.system_log() {
            settings.push(("system-log", socket.display().to_string()));
        }
        if let Some(retain) = self.retain {
            settings.push(("retain", show_seconds(retain)));
        }
        settings
    }
}

fn read_path(document: &mut Document<'_>, entry: &Entry<'_, '_>) -> Option<Placed<PathBuf>> {
    let at = entry.value.span();
    let path = PathBuf::from(document.text(entry)?);
    if !path.is_absolute() {
        document.fault(at, "a path must begin with `/`");
        return None;
    }
    Some(Placed {
        value: path,
        file: document.file.to_string(),
        line: document.line(&at),
    })
}

/// Takes what a layer prescribes, unless a layer below it prescribes something else.
fn settle(
    key: &'static str,
    settled: &mut Option<Placed<PathBuf>>,
    layer: &Option<Placed<PathBuf>>,
) -> Result<(), Error> {
    match (&*settled, layer) {
        (_, None) => {}
        (None, Some(_)) => settled.clone_from(layer),
        (Some(first), Some(other)) if first.value == other.value => {}
        (Some(first), Some(other)) => {
            return Err(Error::Settled {
                file: other.file.clone(),
                line: other.line,
                key,
                by: format!("{}:{}", first.file, first.line),
            });
        }
    }
    Ok(())
}
