//! Why a request brought no answer.

use wasip2::http::types::ErrorCode;

/// Why a request brought no answer; what may be done next differs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Failure {
    /// There will be none, however often it is tried, and nothing was sent: the runtime lets no
    /// request out to the server, or does not trust its certificate.
    #[error("{0}")]
    Final(String),
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
    /// Returns how many bytes of an answer's body are known to have come: here, it is not told.
    pub(crate) fn received(&self) -> usize {
        0
    }
}

impl From<ErrorCode> for Failure {
    fn from(code: ErrorCode) -> Self {
        match code {
            ErrorCode::HttpRequestDenied => {
                Self::Final("the runtime lets no request out to this server".to_owned())
            }
            ErrorCode::TlsCertificateError
            | ErrorCode::TlsProtocolError
            | ErrorCode::TlsAlertReceived(_) => Self::Final(
                "the runtime does not trust the server's certificate; most runtimes know only \
                 the public authorities. See docs/wasi.md for clusters with one of their own"
                    .to_owned(),
            ),
            ErrorCode::DnsError(_) | ErrorCode::DnsTimeout | ErrorCode::DestinationNotFound => {
                Self::NotSent("there is no host of this name".to_owned())
            }
            ErrorCode::ConnectionRefused => Self::NotSent("connection refused".to_owned()),
            ErrorCode::ConnectionTimeout => Self::NotSent("it took too long".to_owned()),
            ErrorCode::DestinationUnavailable
            | ErrorCode::DestinationIpUnroutable
            | ErrorCode::DestinationIpProhibited => {
                Self::NotSent("the host cannot be reached".to_owned())
            }
            ErrorCode::ConnectionReadTimeout
            | ErrorCode::ConnectionWriteTimeout
            | ErrorCode::HttpResponseTimeout => Self::NoAnswer("it took too long".to_owned()),
            ErrorCode::ConnectionTerminated | ErrorCode::HttpResponseIncomplete => {
                Self::NoAnswer("the connection was broken off".to_owned())
            }
            // The name of the code and perhaps a number: nothing of the request.
            other => Self::NoAnswer(crate::harmless::one_line(&other.to_string(), 200)),
        }
    }
}
