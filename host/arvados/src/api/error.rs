//! Why a request to the API failed.

use std::fmt;

use keepdocker_wording::harmless::one_line;

use crate::http::{Answer, Failure, RequestId};

/// Messages of a server longer than this are cut.
const MESSAGE_LIMIT: usize = 1000;

/// Why a request to the API failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The token was missing, unknown or expired.
    #[error("the cluster does not accept ARVADOS_API_TOKEN, which may be mistyped or expired: {0}")]
    Unauthorized(Refusal),
    /// The token is good, but does not allow this.
    #[error("{0}")]
    Forbidden(Refusal),
    /// There is no such object, or the token may not see it.
    #[error("{0}")]
    NotFound(Refusal),
    /// The server refused the request as wrong.
    #[error("{0}")]
    Rejected(Refusal),
    /// The server failed, after all retries.
    #[error("{0}")]
    ServerFailed(Refusal),
    /// The answer is not the cluster's own, but that of something in between, or leads elsewhere.
    #[error("{0}")]
    Interposed(Refusal),
    /// No answer came, after all retries. Nothing was changed.
    #[error("cannot {action} at {host}: {failure}")]
    Unreachable {
        /// What was to be done, such as `list links`.
        action: &'static str,
        /// The server.
        host: String,
        /// What went wrong the last time.
        failure: Failure,
    },
    /// A request that creates something was sent, and whether it took effect is unknown.
    #[error("cannot tell whether {host} did {action}: {reason} (request {request})")]
    Uncertain {
        /// What was to be done, such as `create the link`.
        action: &'static str,
        /// The server.
        host: String,
        /// What came in place of an answer.
        reason: String,
        /// The request's ID.
        request: RequestId,
    },
    /// The answer is not what Arvados answers.
    #[error("cannot {action} at {host}: the answer is not that of an Arvados cluster: {reason}")]
    Malformed {
        /// What was to be done.
        action: &'static str,
        /// The server.
        host: String,
        /// What is wrong with it.
        reason: String,
    },
    /// What a link is to lead to, or what is to be changed, is no collection's UUID. Nothing was sent.
    #[error("cannot {action}: `{head}` is not the UUID of a collection")]
    NoCollection {
        /// What was to be done.
        action: &'static str,
        /// What was given, printable and of bounded length.
        head: String,
    },
    /// What is to be a project is no UUID of a group or user. Nothing was sent.
    #[error("cannot {action}: `{given}` is not the UUID of a project or user")]
    NoProject {
        /// What was to be done.
        action: &'static str,
        /// What was given, printable and of bounded length.
        given: String,
    },
    /// What is to be a time is none. Nothing was sent.
    #[error("cannot {action}: `{given}` is no time")]
    NoTime {
        /// What was to be done.
        action: &'static str,
        /// What was given, printable and of bounded length.
        given: String,
    },
    /// A collection is not where it is believed to be. Nothing was changed.
    #[error(
        "cannot {action}: collection `{collection}` belongs to `{owner}`; name that with `--project` if it is what you mean"
    )]
    NotOwned {
        /// What was to be done.
        action: &'static str,
        /// The collection's UUID.
        collection: String,
        /// Whom it belongs to, printable and of bounded length.
        owner: String,
    },
    /// A collection holds no image, or another one than it is believed to hold. Nothing was changed.
    #[error("cannot {action}: collection `{collection}` does not hold the image that it held")]
    OtherContent {
        /// What was to be done.
        action: &'static str,
        /// The collection's UUID.
        collection: String,
    },
    /// A link is not the one that it is believed to be. Nothing was changed.
    #[error("cannot {action}: `{link}` is another link by now")]
    OtherLink {
        /// What was to be done.
        action: &'static str,
        /// What was given for its UUID, printable and of bounded length.
        link: String,
    },
    /// A list is longer than any that makes sense.
    #[error("cannot {action}: there are more than {limit} of them")]
    TooMany {
        /// What was to be done.
        action: &'static str,
        /// How many would do.
        limit: usize,
    },
}

/// A refusal in a server's own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What was to be done, such as `list links`.
    pub action: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What the server says, in one line; may be empty.
    pub message: String,
    /// The request's ID, for the server's log.
    pub request: RequestId,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {}: ", self.action)?;
        if self.message.is_empty() {
            write!(f, "the server answered with status {}", self.status)?;
        } else {
            write!(f, "{} (status {}", self.message, self.status)?;
            return write!(f, ", request {})", self.request);
        }
        write!(f, " (request {})", self.request)
    }
}

impl Error {
    /// Sorts an answer that is no success.
    pub(super) fn refused(action: &'static str, answer: &Answer, request: &RequestId) -> Self {
        let refusal = Refusal {
            action,
            status: answer.status.as_u16(),
            message: said(answer),
            request: request.clone(),
        };
        match refusal.status {
            300..=399 | 407 | 511 => Self::Interposed(refusal),
            401 | 403 if answer.page().is_some() => Self::Interposed(refusal),
            401 => Self::Unauthorized(refusal),
            403 => Self::Forbidden(refusal),
            404 | 410 => Self::NotFound(refusal),
            status if status >= 500 || matches!(status, 408 | 429) => Self::ServerFailed(refusal),
            _ => Self::Rejected(refusal),
        }
    }
}

/// Returns what is to be said of an answer that is no success.
fn said(answer: &Answer) -> String {
    let message = message(&answer.body);
    // The API has the one word for tokens whose scopes do not include a request.
    if answer.status.as_u16() == 403 && message == "Forbidden" {
        return format!("{message}: the scopes of the token do not allow this request");
    }
    if message.is_empty() {
        return answer.explained().unwrap_or_default();
    }
    message
}

/// Returns what a server says in an error's body, without what only its programmers need.
pub(super) fn message(body: &[u8]) -> String {
    #[derive(serde::Deserialize)]
    struct Body {
        errors: Vec<String>,
    }
    let Ok(body) = serde_json::from_slice::<Body>(body) else {
        // A proxy's page of HTML would say nothing to the user.
        return String::new();
    };
    let errors: Vec<&str> = body.errors.iter().map(|text| clean(text)).collect();
    one_line(&errors.join("; "), MESSAGE_LIMIT)
}

/// Removes the wrapping that the cluster's services put around an error's text.
///
/// `//railsapi.internal/arvados/v1/links?…: 422 Unprocessable Content: #<ArgumentError: text>
/// (req-…)` becomes `text`.
fn clean(text: &str) -> &str {
    let mut rest = text.trim();
    if rest.starts_with("//railsapi.internal/")
        && let Some((_, after)) = rest.split_once(": ")
    {
        rest = after;
        let is_status = rest.len() > 3 && rest.as_bytes()[..3].iter().all(u8::is_ascii_digit);
        if let (true, Some((_, after))) = (is_status, rest.split_once(": ")) {
            rest = after;
        }
    }
    if let Some((before, last)) = rest.rsplit_once(" (req-")
        && last.ends_with(')')
        && !last[..last.len() - 1].contains([' ', ')'])
    {
        rest = before;
    }
    if let Some(inner) = rest
        .strip_prefix("#<")
        .and_then(|rest| rest.strip_suffix('>'))
        && let Some((class, inner)) = inner.split_once(": ")
    {
        let is_class = !class.is_empty()
            && class
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, ':' | '_'));
        if is_class {
            rest = inner;
        }
    }
    rest.trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_loses_its_wrapping() {
        for (text, shown) in [
            ("Not logged in", "Not logged in"),
            (
                "//railsapi.internal/arvados/v1/links: 403 Forbidden: Forbidden \
                 (req-ad3yoa2cn4m3uzeu7rde)",
                "Forbidden",
            ),
            (
                "//railsapi.internal/arvados/v1/links?limit=1&x=a: 422 Unprocessable Content: \
                 #<ArgumentError: Invalid attribute 'x: y'> (req-ad3yoa2cn4m3uzeu7rde)",
                "Invalid attribute 'x: y'",
            ),
            ("#<odd text: > kept>", "#<odd text: > kept>"),
            ("a (req-b) c)", "a (req-b) c)"),
        ] {
            let body = serde_json::json!({ "errors": [text] }).to_string();
            assert_eq!(message(body.as_bytes()), shown);
        }
    }

    #[test]
    fn other_bodies_say_nothing() {
        for body in ["", "<html>", "{}", "{\"errors\": 3}", "{\"errors\":[]}"] {
            assert_eq!(message(body.as_bytes()), "");
        }
    }

    #[test]
    fn messages_are_joined_and_bounded() {
        let body = serde_json::json!({ "errors": ["a\u{1b}", "b".repeat(2000)] }).to_string();
        let shown = message(body.as_bytes());
        assert!(shown.starts_with("a\\u{1b}; bbb"), "{shown}");
        assert!(shown.chars().count() <= MESSAGE_LIMIT + 1);
    }
}
