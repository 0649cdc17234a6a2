//! What can go wrong: with the sandbox itself, and with a request to it.
//!
//! Requests are refused in the two dialects of a real cluster. The controller, which clients talk to, answers some errors itself. Others it takes over from
//! the API service behind it and says so: `//railsapi.internal<path>: <status line>: <text>`.

use std::net::SocketAddr;
use std::path::PathBuf;

use hyper::StatusCode;

/// Why a sandbox cannot run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder of the cluster cannot be read or written.
    #[error("cannot use `{}`", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The folder to be emptied has no cluster.
    #[error("there is no sandbox in `{}`", .0.display())]
    NoSandbox(PathBuf),
    /// The folder to be emptied is that of a running cluster.
    #[error("the sandbox in `{}` is running; end what uses it first", .0.display())]
    InUse(PathBuf),
    /// The file with the cluster's identity, or a fixture, is damaged.
    #[error("cannot understand `{}`", path.display())]
    State {
        /// The file.
        path: PathBuf,
        /// Where it is damaged.
        source: serde_json::Error,
    },
    /// The database cannot be opened.
    #[error("cannot open the database `{}`", path.display())]
    Database {
        /// The database.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// The database was made by a newer program.
    #[error("the database `{}` has version {version}, made by a newer keepdocker", path.display())]
    NewerDatabase {
        /// The database.
        path: PathBuf,
        /// The version found.
        version: i64,
    },
    /// The database refused a query of the `seed` or `inspect` module.
    #[error("the sandbox's database refused a query")]
    Query {
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// The certificates cannot be made.
    #[error("cannot make a certificate")]
    Certificate(#[source] rcgen::Error),
    /// The certificates in the folder are damaged.
    #[error("cannot use the certificate `{}`: {reason}; remove it to get a new one", path.display())]
    BadCertificate {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Nobody can listen at the address.
    #[error("cannot listen at {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The cluster id is not five characters of `[0-9a-z]`.
    #[error("`{0}` is no cluster id: five characters of 0-9 and a-z are needed")]
    ClusterId(String),
}

/// What stands between several reasons of one refusal until they are shown.
pub(crate) const SEPARATOR: &str = "\u{1f}";

/// A refused request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ApiError {
    /// Refused by the controller; the text is shown as it is.
    Controller {
        /// The HTTP status.
        status: StatusCode,
        /// The text.
        message: String,
    },
    /// Refused by the API service behind the controller.
    Service {
        /// The HTTP status.
        status: StatusCode,
        /// The text, to which the place and the request id are added.
        message: String,
    },
    /// The database failed.
    Internal(String),
}

impl ApiError {
    /// A refusal in the controller's own words.
    pub(crate) fn controller(status: StatusCode, message: impl Into<String>) -> ApiError {
        ApiError::Controller {
            status,
            message: message.into(),
        }
    }

    /// A refusal of the API service.
    pub(crate) fn service(status: StatusCode, message: impl Into<String>) -> ApiError {
        ApiError::Service {
            status,
            message: message.into(),
        }
    }

    /// The controller could not fit a parameter into its type (500 on the real server).
    pub(crate) fn transcode(message: impl AsRef<str>) -> ApiError {
        ApiError::controller(
            StatusCode::INTERNAL_SERVER_ERROR,
            format!("transcode: {}", message.as_ref()),
        )
    }

    /// A failed validation (422).
    pub(crate) fn invalid(message: impl Into<String>) -> ApiError {
        ApiError::service(StatusCode::UNPROCESSABLE_ENTITY, message)
    }

    /// A text of which the database cannot make what a column holds (422).
    ///
    /// The real one goes on with a piece of its own statement.
    pub(crate) fn unreadable_text(kind: &str, text: &str) -> ApiError {
        ApiError::invalid(format!(
            "#<ActiveRecord::StatementInvalid:\"PG::InvalidTextRepresentation: ERROR:  invalid \
             input syntax for type {kind}: {}\\n\">",
            format!("{text:?}").replace('"', "\\\"")
        ))
    }

    /// A parameter that makes no sense (422), in the words of the service's exception.
    pub(crate) fn argument(message: impl AsRef<str>) -> ApiError {
        let message = message.as_ref();
        if message.contains('\n') {
            return ApiError::invalid(format!("#<ArgumentError:{message:?}>"));
        }
        ApiError::invalid(format!("#<ArgumentError: {message}>"))
    }

    /// What makes no sense, if that is the reason for the refusal.
    pub(crate) fn argument_reason(&self) -> Option<&str> {
        match self {
            ApiError::Service { message, .. } => {
                message.strip_prefix("#<ArgumentError: ")?.strip_suffix('>')
            }
            _ => None,
        }
    }

    /// The token is missing, unknown or expired (401).
    pub(crate) fn not_logged_in() -> ApiError {
        ApiError::service(StatusCode::UNAUTHORIZED, "Not logged in")
    }

    /// The user may not do this (403), without detail.
    pub(crate) fn permission_denied() -> ApiError {
        ApiError::service(
            StatusCode::FORBIDDEN,
            "#<ArvadosModel::PermissionDeniedError: ArvadosModel::PermissionDeniedError>",
        )
    }

    /// The object does not exist or the user cannot see it (404): there is no difference.
    pub(crate) fn not_found() -> ApiError {
        ApiError::service(StatusCode::NOT_FOUND, "Path not found")
    }

    /// A value does not fit its column (422).
    pub(crate) fn too_long(limit: usize) -> ApiError {
        ApiError::invalid(format!(
            "#<ActiveRecord::ValueTooLong:\"PG::StringDataRightTruncation: ERROR:  value too long \
             for type character varying({limit})\\n\">"
        ))
    }

    /// The HTTP status of the answer.
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            ApiError::Controller { status, .. } | ApiError::Service { status, .. } => *status,
            ApiError::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The reasons as the service behind the controller gives them, each with the request id.
    pub(crate) fn texts(&self, request_id: &str) -> Vec<String> {
        let (ApiError::Controller { message, .. }
        | ApiError::Service { message, .. }
        | ApiError::Internal(message)) = self;
        message
            .split(SEPARATOR)
            .map(|reason| format!("{reason} ({request_id})"))
            .collect()
    }

    /// The text that a client sees; `place` is the path and query on the service behind.
    pub(crate) fn text(&self, place: &str, request_id: &str) -> String {
        match self {
            ApiError::Controller { message, .. } => message.clone(),
            ApiError::Service { status, message } => format!(
                "//railsapi.internal{place}: {} {}: {} ({request_id})",
                status.as_u16(),
                reason(*status),
                // Each reason bears the id of the request.
                message.replace(SEPARATOR, &format!(" ({request_id}); "))
            ),
            ApiError::Internal(message) => format!("sandbox: {message} ({request_id})"),
        }
    }
}

impl From<rusqlite::Error> for ApiError {
    fn from(error: rusqlite::Error) -> ApiError {
        ApiError::Internal(format!("database: {error}"))
    }
}

impl From<serde_json::Error> for ApiError {
    fn from(error: serde_json::Error) -> ApiError {
        ApiError::Internal(format!("stored JSON: {error}"))
    }
}

/// Returns the words of a status line as the real service writes them.
fn reason(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNPROCESSABLE_ENTITY => "Unprocessable Content",
        other => other.canonical_reason().unwrap_or("Unknown"),
    }
}
