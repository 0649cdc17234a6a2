//! Why a request brought no answer.

use std::error::Error;
use std::io;

use hyper_util::client::legacy;

use super::connector::ConnectError;
use super::words::Server;
use super::{Failure, words};
use crate::harmless::one_line;

/// Sorts an error that came while the body of an answer was read.
pub(super) fn of_answer(error: &hyper::Error, received: usize) -> Failure {
    Failure::BrokenOff {
        received,
        reason: chain(error),
    }
}

/// Sorts an error that came instead of an answer.
pub(super) fn of_request(error: &legacy::Error) -> Failure {
    let mut source = error.source();
    while let Some(cause) = source {
        match cause.downcast_ref() {
            Some(ConnectError::Final(text)) => return Failure::Final(text.clone()),
            Some(ConnectError::Passing(text)) => return Failure::NotSent(text.clone()),
            None => {}
        }
        // With TLS 1.3 a server says only now that it wants a certificate to be shown.
        if let Some(text) =
            tls_error(cause).and_then(|error| words::of_tls(error, Server::Cluster("")))
        {
            return Failure::Final(text);
        }
        source = cause.source();
    }
    if error.is_connect() {
        Failure::NotSent(chain(error))
    } else {
        Failure::NoAnswer(chain(error))
    }
}

/// Sorts an error of a registry's client, of which `trusted` says where the trusted certificates are.
pub(super) fn of_registry(error: &(dyn Error + 'static), trusted: &str) -> Failure {
    let mut source = Some(error);
    while let Some(cause) = source {
        let told =
            tls_error(cause).and_then(|error| words::of_tls(error, Server::Registry(trusted)));
        if let Some(text) = told {
            return Failure::Final(text);
        }
        source = cause.source();
    }
    Failure::NoAnswer(chain(error))
}

/// What the standard library says where a name cannot be looked up, before the system's reason: there is none, or nobody can tell.
const NOT_FOUND: &str = "failed to lookup address information: ";

/// Returns an error of TLS, which comes wrapped in I/O errors.
///
/// The source of an I/O error is not the error that it wraps, but that one's source.
pub(super) fn tls_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let mut wrapped = error;
    while let Some(inner) = wrapped
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref)
    {
        wrapped = inner;
    }
    wrapped.downcast_ref()
}

/// What the libraries say of every failure of one kind, beside its cause.
const EMPTY_WORDS: [&str; 11] = [
    "client error (Connect)",
    "client error (SendRequest)",
    "connection error",
    "dns error",
    "error reading a body from connection",
    "error resolving DNS",
    "error sending request",
    "error writing a body to connection",
    "failed to create underlying connection",
    "operation was canceled",
    "tcp connect error",
];

/// Returns the causes of an error in one line, from the outermost that says something to the
/// innermost.
pub(super) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut source = Some(error);
    while let Some(cause) = source {
        source = cause.source();
        let text = in_words(cause);
        // Some errors repeat the text of their cause.
        if parts.last().is_some_and(|last| last.contains(&text)) {
            continue;
        }
        let says_something = |part: &&str| !EMPTY_WORDS.contains(part);
        let text: Vec<&str> = text.split(": ").filter(says_something).collect();
        if !text.is_empty() {
            parts.push(text.join(": "));
        }
    }
    if parts.is_empty() {
        parts.push("the connection broke off".to_owned());
    }
    one_line(&parts.join(": "), 500)
}

fn in_words(cause: &(dyn Error + 'static)) -> String {
    match tls_error(cause) {
        Some(rustls::Error::InvalidMessage(_)) => {
            return "what answers does not speak TLS".to_owned();
        }
        Some(error) => return format!("TLS failed: {error}"),
        None => {}
    }
    if let Some(error) = cause.downcast_ref::<io::Error>() {
        // The library's words for this lead to its manual.
        if error.kind() == io::ErrorKind::UnexpectedEof {
            return "the connection was cut in the middle of the answer".to_owned();
        }
        if error.kind() == io::ErrorKind::TimedOut {
            return "it took too long".to_owned();
        }
        if let Some(reason) = error.to_string().strip_prefix(NOT_FOUND) {
            return format!("its name cannot be looked up ({reason})");
        }
    }
    if let Some(error) = cause.downcast_ref::<hyper::Error>()
        && error.is_incomplete_message()
    {
        return "the connection was closed before the answer was complete".to_owned();
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Outer(&'static str, #[source] io::Error);

    #[test]
    fn a_chain_says_each_thing_once_and_nothing_empty() {
        let inner = || io::Error::other("the reason");
        assert_eq!(
            chain(&Outer("client error (Connect)", inner())),
            "the reason"
        );
        assert_eq!(
            chain(&Outer("dns error: words", inner())),
            "words: the reason"
        );
        assert_eq!(chain(&Outer("so: the reason", inner())), "so: the reason");
    }

    /// Nobody may say that there is no such host where only nobody could tell.
    #[test]
    fn a_name_that_cannot_be_looked_up_is_told_with_the_systems_reason() {
        let error = io::Error::other(format!("{NOT_FOUND}Temporary failure in name resolution"));
        let text = chain(&Outer("dns error", error));
        assert_eq!(
            text,
            "its name cannot be looked up (Temporary failure in name resolution)"
        );
    }

    #[test]
    fn no_words_of_a_library_lead_away() {
        let cut = io::Error::new(
            io::ErrorKind::UnexpectedEof,
            "peer closed connection without sending TLS close_notify: https://docs.rs/x",
        );
        let text = chain(&Outer("connection error", cut));
        assert_eq!(text, "the connection was cut in the middle of the answer");
    }
}
