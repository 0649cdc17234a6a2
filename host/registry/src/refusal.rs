//! What a refusal means, in the registry's own words as far as it has any.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use keepdocker_arvados::http::{Answer, Setback};
use keepdocker_wording::harmless::one_line;
use serde::Deserialize;

use crate::error::Error;
use crate::place::Place;
use crate::transport::Arrived;
use crate::wire::Response;

/// Of a refusal no more than this is read.
const LONGEST: usize = 64 << 10;
/// How long its body may take.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Deserialize)]
struct Errors {
    errors: Option<Vec<Item>>,
    details: Option<String>,
    message: Option<String>,
}

#[derive(Deserialize)]
struct Item {
    code: Option<serde_json::Value>,
    message: Option<String>,
}

/// Tells whether a status may give way to another one later.
pub(crate) fn is_passing(status: StatusCode) -> bool {
    matches!(
        status.as_u16(),
        408 | 425 | 429 | 499 | 500 | 502 | 503 | 504 | 520..=524
    )
}

/// Returns what an answer has to say of the next attempt.
pub(crate) fn setback(status: StatusCode, headers: &HeaderMap) -> Setback {
    Setback::of_answer(&Answer {
        status,
        headers: headers.clone(),
        body: Bytes::new(),
    })
}

/// Makes the error of an answer that is none of what was wanted, `what` for short.
pub(crate) async fn of_answer(
    arrived: Arrived,
    place: &Place,
    had_login: bool,
    what: &str,
) -> Error {
    let (host, is_elsewhere) = (arrived.host, arrived.is_elsewhere);
    let (status, headers) = (arrived.response.status, arrived.response.headers.clone());
    let words = arrived.secrets.hide(words(arrived.response).await);
    match status.as_u16() {
        401 | 403 if !is_elsewhere => Error::Refused {
            host,
            repository: place.path.clone(),
            words,
            had_login,
        },
        404 => Error::NotFound {
            host,
            what: what.to_owned(),
            words,
        },
        429 => Error::TooMany {
            host,
            words: [words, quota(&headers).unwrap_or_default()]
                .into_iter()
                .filter(|part| !part.is_empty())
                .collect::<Vec<_>>()
                .join("; "),
            wait: setback(status, &headers).wish,
        },
        _ => Error::Nonsense {
            host,
            what: match words {
                none if none.is_empty() => format!("a request for {what} with status {status}"),
                words => format!("a request for {what} with status {status}: {words}"),
            },
        },
    }
}

/// Returns what a registry says of its limits, as Docker Hub does.
pub(crate) fn quota(headers: &HeaderMap) -> Option<String> {
    let (left, limit) = left(headers)?;
    Some(format!("{left} of {limit} requests for manifests are left"))
}

/// Returns how many requests for manifests are left, and of how many.
pub(crate) fn left(headers: &HeaderMap) -> Option<(u64, u64)> {
    let number = |name: &str| {
        let text = headers.get(name)?.to_str().ok()?;
        text.split(';').next()?.trim().parse::<u64>().ok()
    };
    Some((number("ratelimit-remaining")?, number("ratelimit-limit")?))
}

/// Reads what the registry itself says.
async fn words(mut response: Response) -> String {
    let begun = Instant::now();
    let mut body = Vec::new();
    // What came by then will do.
    while body.len() < LONGEST {
        let left = PATIENCE.saturating_sub(begun.elapsed());
        match response.body.chunk(left).await {
            Ok(Some(chunk)) if !left.is_zero() => body.extend_from_slice(&chunk),
            Ok(_) | Err(_) => break,
        }
    }
    said(&body)
}

/// Returns what the JSON of a refusal says, or a short text that is none.
fn said(body: &[u8]) -> String {
    const LONGEST_SAID: usize = 200;
    let text = String::from_utf8_lossy(body);
    if let Ok(errors) = serde_json::from_str::<Errors>(&text) {
        let items = errors.errors.unwrap_or_default();
        let items = items.iter().map(|item| {
            let code = item.code.as_ref().map(|code| {
                code.as_str()
                    .map_or_else(|| code.to_string(), str::to_owned)
            });
            [code, item.message.clone()]
                .into_iter()
                .flatten()
                .filter(|part| !part.is_empty())
                .collect::<Vec<_>>()
                .join(": ")
        });
        let all: Vec<String> = items
            .chain(errors.details)
            .chain(errors.message)
            .filter(|text| !text.is_empty())
            .collect();
        return one_line(&all.join("; "), LONGEST_SAID);
    }
    // A page for browsers says nothing in one line.
    if text.trim_start().starts_with('<') {
        return String::new();
    }
    one_line(&text, LONGEST_SAID)
}

/// Returns the text of a warning of the kind that registries send.
pub(crate) fn warning(value: &HeaderValue) -> Option<String> {
    let text = String::from_utf8_lossy(value.as_bytes());
    let rest = text.strip_prefix("299 ")?;
    let (_, quoted) = rest.split_once('"')?;
    let (quoted, _) = quoted.rsplit_once('"')?;
    let text = one_line(&quoted.replace("\\\"", "\""), 300);
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_registrys_words_are_shown_in_one_harmless_line() {
        for (body, expected) in [
            (
                r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown","detail":{}}]}"#,
                "MANIFEST_UNKNOWN: manifest unknown",
            ),
            (
                r#"{"errors":[{"code":"A"},{"message":"b\u001b[2J\nc"}]}"#,
                "A; b\\u{1b}[2J c",
            ),
            (
                r#"{"details":"incorrect username or password"}"#,
                "incorrect username or password",
            ),
            (r#"{"errors":[{"code":7}]}"#, "7"),
            ("Too Many Requests\n", "Too Many Requests"),
            ("<html><h1>502</h1>", ""),
            ("", ""),
            ("{}", ""),
        ] {
            assert_eq!(said(body.as_bytes()), expected, "{body}");
        }
        assert!(said(&[b'x'; 5000]).len() < 210);
    }

    #[test]
    fn limits_are_read_as_docker_hub_writes_them() {
        let mut headers = HeaderMap::new();
        assert_eq!(left(&headers), None);
        headers.insert("ratelimit-limit", "100;w=21600".parse().unwrap());
        headers.insert("ratelimit-remaining", "7;w=21600".parse().unwrap());
        assert_eq!(left(&headers), Some((7, 100)));
    }

    #[test]
    fn warnings_are_read_as_the_specification_writes_them() {
        let read = |text: &str| warning(&HeaderValue::from_str(text).unwrap());
        assert_eq!(read(r#"299 - "it goes away""#).unwrap(), "it goes away");
        assert_eq!(read(r#"299 - "say \"no\"""#).unwrap(), "say \"no\"");
        assert_eq!(read(r#"110 - "stale""#), None);
        assert_eq!(read("299 - nothing"), None);
    }
}
