//! Why a request brought no answer.

use keepdocker_arvados::http::Failure;
use keepdocker_wording::harmless::one_line;
use wasip2::http::types::ErrorCode;

/// Sorts what the runtime says of a request.
pub(super) fn of_code(code: ErrorCode) -> Failure {
    match code {
        ErrorCode::HttpRequestDenied => {
            Failure::Final("the runtime lets no request out to this server".to_owned())
        }
        ErrorCode::TlsCertificateError
        | ErrorCode::TlsProtocolError
        | ErrorCode::TlsAlertReceived(_) => Failure::Final(
            "the runtime does not trust the server's certificate; most runtimes know only \
                 the public authorities. See docs/wasi.md for clusters with one of their own"
                .to_owned(),
        ),
        ErrorCode::DnsError(_) | ErrorCode::DnsTimeout | ErrorCode::DestinationNotFound => {
            Failure::NotSent("there is no host of this name".to_owned())
        }
        ErrorCode::ConnectionRefused => Failure::NotSent("connection refused".to_owned()),
        ErrorCode::ConnectionTimeout => Failure::NotSent("it took too long".to_owned()),
        ErrorCode::DestinationUnavailable
        | ErrorCode::DestinationIpUnroutable
        | ErrorCode::DestinationIpProhibited => {
            Failure::NotSent("the host cannot be reached".to_owned())
        }
        ErrorCode::ConnectionReadTimeout
        | ErrorCode::ConnectionWriteTimeout
        | ErrorCode::HttpResponseTimeout => Failure::NoAnswer("it took too long".to_owned()),
        ErrorCode::ConnectionTerminated | ErrorCode::HttpResponseIncomplete => {
            Failure::NoAnswer("the connection was broken off".to_owned())
        }
        // The name of the code and perhaps a number: nothing of the request.
        other => Failure::NoAnswer(one_line(&other.to_string(), 200)),
    }
}
