//! Why a request brought no answer.

use std::error::Error as _;
use std::io;

/// Why a request brought no answer; what may be done next differs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The server's certificate is not trusted. Nothing was sent, and trying again is useless.
    #[error(
        "the server's certificate is not trusted ({0}); set SSL_CERT_FILE to the certificate of \
         the authority that the cluster uses, or ARVADOS_API_HOST_INSECURE=1 to trust anything"
    )]
    Untrusted(String),
    /// No connection came about, so nothing was sent.
    #[error("cannot connect: {0}")]
    NotSent(String),
    /// The request was sent at least in part, and no whole answer came: it may have taken effect.
    #[error("no answer: {0}")]
    NoAnswer(String),
    /// The answer is larger than any that makes sense.
    #[error("the answer is larger than {limit} bytes")]
    TooLarge {
        /// How many bytes would do.
        limit: usize,
    },
}

impl Failure {
    /// Sorts an error that came while the body of an answer was read.
    pub(super) fn of_answer(error: &reqwest::Error) -> Self {
        Self::NoAnswer(describe(error))
    }
}

impl From<reqwest::Error> for Failure {
    fn from(error: reqwest::Error) -> Self {
        if let Some(reason) = certificate_error(&error) {
            Self::Untrusted(reason)
        } else if error.is_connect() || error.is_builder() {
            Self::NotSent(describe(&error))
        } else {
            Self::NoAnswer(describe(&error))
        }
    }
}

/// Returns what TLS has against the server's certificate, if that is the cause.
fn certificate_error(error: &reqwest::Error) -> Option<String> {
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(rustls::Error::InvalidCertificate(reason)) = tls_error(cause) {
            return Some(crate::harmless::one_line(&against(reason), 300));
        }
        source = cause.source();
    }
    None
}

/// Says what is wrong with a certificate. The library's own words for much of it are names of its
/// source code.
fn against(reason: &rustls::CertificateError) -> String {
    use rustls::CertificateError as Reason;
    let words = match reason {
        Reason::BadEncoding => "it cannot be read",
        Reason::Expired | Reason::ExpiredContext { .. } => "it has expired",
        Reason::NotValidYet | Reason::NotValidYetContext { .. } => "it is not valid yet",
        Reason::Revoked => "it was revoked",
        Reason::UnknownIssuer => "no known authority has issued it",
        Reason::BadSignature => "its signature is not that of a known authority",
        Reason::NotValidForName => "it is that of another host",
        other => return other.to_string(),
    };
    words.to_owned()
}

/// Returns an error of TLS, which comes wrapped in I/O errors.
///
/// The source of an I/O error is not the error that it wraps, but that one's source.
fn tls_error<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a rustls::Error> {
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
const EMPTY_WORDS: [&str; 7] = [
    "client error (Connect)",
    "client error (SendRequest)",
    "connection error",
    "dns error",
    "error resolving DNS",
    "failed to create underlying connection",
    "tcp connect error",
];

/// Returns the causes of an error in one line, from the outermost that says something to the
/// innermost, without the address, which the caller knows better.
pub(super) fn describe(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "it took too long".to_owned();
    }
    let mut parts: Vec<String> = Vec::new();
    let mut source = error.source();
    while let Some(cause) = source {
        let text = match tls_error(cause) {
            Some(rustls::Error::InvalidMessage(_)) => "what answers does not speak TLS".to_owned(),
            _ => cause.to_string(),
        };
        let text = text.replace("tunnel error", "the proxy");
        // Some errors repeat the text of their cause.
        if let Some(last) = parts.last_mut()
            && last.contains(&text)
        {
            source = cause.source();
            continue;
        }
        let says_something = |part: &&str| !EMPTY_WORDS.contains(part);
        let text: Vec<&str> = text.split(": ").filter(says_something).collect();
        if !text.is_empty() {
            parts.push(text.join(": "));
        }
        source = cause.source();
    }
    if parts.is_empty() {
        // The error's own text holds the address, and that of a block may hold its signature.
        parts.push("the request failed".to_owned());
    }
    crate::harmless::one_line(&parts.join(": "), 500)
}
