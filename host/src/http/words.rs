//! What TLS has against a server, in words for people. The library's own for much of it are names of
//! its source code.

use rustls::{AlertDescription, CertificateError, Error};
use rustls_pki_types::UnixTime;

use crate::harmless::one_line;
use crate::settings::ClientCertificate;

/// How many names of a certificate are told.
const MOST_NAMES: usize = 8;

/// What kind of server it is, and where the certificates are that are trusted.
#[derive(Debug, Clone, Copy)]
pub(super) enum Server<'a> {
    /// One of the cluster's.
    Cluster(&'a str),
    /// A container registry, or where one leads.
    Registry(&'a str),
}

impl Server<'_> {
    /// Returns what to do about an authority that is not trusted.
    fn remedy(self) -> String {
        match self {
            Self::Cluster(trusted) => format!(
                "({trusted}); set SSL_CERT_FILE to the certificate of the authority that the \
                 cluster uses, or ARVADOS_API_HOST_INSECURE=1 to trust anything"
            ),
            Self::Registry(trusted) => format!(
                "({trusted}); put the certificate of its authority into /etc/docker/certs.d/HOST:PORT/ca.crt, \
                 or set SSL_CERT_FILE to it"
            ),
        }
    }

    /// Returns where it is said which certificate of ours to show.
    fn shown(self) -> &'static str {
        match self {
            Self::Cluster(_) => ClientCertificate::CERTIFICATE,
            Self::Registry(_) => "/etc/docker/certs.d/HOST:PORT/client.cert",
        }
    }

    /// Asks whether the name is the right one.
    fn doubt(self) -> &'static str {
        match self {
            Self::Cluster(_) => {
                "does ARVADOS_API_HOST, or the address of the Keep service, have the right name?"
            }
            Self::Registry(_) => "does the reference have the right name?",
        }
    }
}

/// Says why TLS will not come about with this server, however often it is tried; none if it may.
pub(super) fn of_tls(error: &Error, server: Server<'_>) -> Option<String> {
    let wants = server.shown();
    Some(match error {
        Error::InvalidCertificate(reason) => {
            let text = of_certificate(reason, server);
            one_line(
                &format!("the server's certificate is not trusted: {text}"),
                700,
            )
        }
        Error::NoCertificatesPresented => "the server shows no certificate".to_owned(),
        Error::PeerIncompatible(_) => NOTHING_IN_COMMON.to_owned(),
        Error::AlertReceived(alert) => match alert {
            AlertDescription::CertificateRequired => format!(
                "the server wants to see a client's certificate; {wants} names a PEM file with one \
                 and its private key"
            ),
            AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied => format!(
                "the server does not accept the client's certificate; it is the one that {wants} names"
            ),
            AlertDescription::HandshakeFailure => format!(
                "{NOTHING_IN_COMMON}; or it wants to see a client's certificate, which {wants} names"
            ),
            AlertDescription::ProtocolVersion | AlertDescription::InsufficientSecurity => {
                NOTHING_IN_COMMON.to_owned()
            }
            _ => return None,
        },
        _ => return None,
    })
}

const NOTHING_IN_COMMON: &str = "the server and this program have no kind of encryption in common: the server may speak only \
     TLS before 1.2, or have a certificate of a kind that is not supported here, such as one with \
     a key on the curve P-521";

fn of_certificate(reason: &CertificateError, server: Server<'_>) -> String {
    use CertificateError as Reason;
    let issued = |what: &str| format!("{what} {}", server.remedy());
    let anew = "the administrator of the server has to renew it";
    match reason {
        Reason::BadEncoding => "it cannot be read".to_owned(),
        Reason::Expired => format!("it has expired; {anew}"),
        Reason::ExpiredContext { time, not_after } => format!(
            "it expired on {}, and this machine's clock says {}; {anew}, unless the clock is wrong",
            date(*not_after),
            date(*time)
        ),
        Reason::NotValidYet => "it is not valid yet; is this machine's clock right?".to_owned(),
        Reason::NotValidYetContext { time, not_before } => format!(
            "it is valid only from {}, and this machine's clock says {}; is the clock right?",
            date(*not_before),
            date(*time)
        ),
        Reason::Revoked => format!("it was revoked; {anew}"),
        Reason::UnknownIssuer => issued("none of the trusted authorities has issued it"),
        Reason::BadSignature => issued("its signature is not that of a trusted authority"),
        Reason::NotValidForName => "it is that of another host".to_owned(),
        Reason::NotValidForNameContext {
            expected,
            presented,
        } => of_names(&expected.to_str(), presented, server.doubt()),
        Reason::InvalidPurpose | Reason::InvalidPurposeContext { .. } => {
            "it is not meant for servers (its extendedKeyUsage has no serverAuth)".to_owned()
        }
        Reason::UnsupportedSignatureAlgorithmContext { .. }
        | Reason::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            "it is signed in a way that is not supported here, such as with SHA-1, or with a key on \
             the curve P-521; the server needs one that is signed with RSA, P-256, P-384 or \
             Ed25519, and SHA-256 or better"
                .to_owned()
        }
        Reason::UnhandledCriticalExtension => {
            "it has a critical extension that is not known here".to_owned()
        }
        Reason::Other(other) => of_library(other.0.downcast_ref()),
        _ => "it cannot be verified".to_owned(),
    }
}

fn of_library(error: Option<&webpki::Error>) -> String {
    use webpki::Error as Reason;
    match error {
        Some(Reason::CaUsedAsEndEntity) => {
            "it is a certificate of an authority (CA:TRUE), which a server has no use for; put this \
             very certificate into the file that SSL_CERT_FILE names, or make one with \
             `-addext basicConstraints=CA:FALSE`"
        }
        Some(Reason::EndEntityUsedAsCa) => {
            "it was issued with a certificate that is not an authority's (CA:FALSE)"
        }
        Some(Reason::UnsupportedCertVersion) => {
            "it is an X.509 certificate of version 1, which names no hosts; make one of version 3, \
             with `-addext subjectAltName=DNS:HOST` for `openssl req -x509`"
        }
        Some(Reason::UnsupportedCriticalExtension) => {
            "it has a critical extension that is not known here"
        }
        Some(Reason::NameConstraintViolation) => {
            "its authority may not issue certificates for this host"
        }
        Some(Reason::PathLenConstraintViolated | Reason::MaximumPathDepthExceeded) => {
            "there are more authorities between it and a trusted one than are allowed"
        }
        Some(Reason::SignatureAlgorithmMismatch) => "it names two different ways of its signature",
        Some(Reason::InvalidSerialNumber) => "its serial number is not one",
        Some(
            Reason::MalformedExtensions
            | Reason::ExtensionValueInvalid
            | Reason::EmptyEkuExtension
            | Reason::MalformedDnsIdentifier
            | Reason::MalformedNameConstraint,
        ) => "it is malformed",
        _ => "it cannot be verified",
    }
    .to_owned()
}

/// Says for which names a certificate is, and that the wanted one is not among them.
fn of_names(wanted: &str, presented: &[String], doubt: &str) -> String {
    // The library puts names into the names of their kinds.
    let plain = |name: &String| {
        let inner = name
            .split_once('(')
            .map_or(name.as_str(), |(_, inner)| inner);
        let inner = inner.strip_suffix(')').unwrap_or(inner);
        format!("`{}`", one_line(inner.trim_matches('"'), 100))
    };
    if presented.is_empty() {
        return format!(
            "it names no host at all (no subjectAltName), and so not `{wanted}`; make one with \
             `-addext subjectAltName=DNS:{wanted}`, or IP: for an address"
        );
    }
    let mut names: Vec<String> = presented.iter().take(MOST_NAMES).map(plain).collect();
    if presented.len() > MOST_NAMES {
        names.push("others".to_owned());
    }
    format!(
        "it is for {}, and not for `{wanted}`; {doubt}",
        names.join(", ")
    )
}

fn date(time: UnixTime) -> String {
    i64::try_from(time.as_secs())
        .ok()
        .and_then(|seconds| chrono::DateTime::from_timestamp(seconds, 0))
        .map_or_else(
            || "a day beyond all calendars".to_owned(),
            |time| time.format("%Y-%m-%d %H:%M UTC").to_string(),
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_the_names_of_their_kinds() {
        let presented = [
            "DnsName(\"a.example\")",
            "IpAddress(127.0.0.1)",
            "*.b.example",
        ];
        let presented = presented.map(str::to_owned);
        let text = of_names("c.example", &presented, "");
        assert!(
            text.starts_with(
                "it is for `a.example`, `127.0.0.1`, `*.b.example`, and not for `c.example`"
            ),
            "{text}"
        );
        assert!(of_names("c.example", &[], "").contains("no subjectAltName"));
    }

    #[test]
    fn times_are_dates() {
        let at = |seconds| UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
        assert_eq!(date(at(86_400)), "1970-01-02 00:00 UTC");
        assert_eq!(date(at(u64::MAX)), "a day beyond all calendars");
    }
}
