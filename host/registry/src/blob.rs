//! The bytes of one blob, in order, over as many connections as it takes.
//!
//! A connection that is cut, still or too slow to be alive is given up, and the blob goes on from the last byte
//! that came: by a closed range of the registry itself, never by the address that it led to, which may have
//! expired. Whoever reads the bytes holds their digest against the manifest's.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Buf as _, Bytes};
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_RANGE, HeaderMap, HeaderValue};
use http::{Method, StatusCode};
use keepdocker_arvados::http::{Attempts, Setback};
use url::Url;

use crate::client::Layer;
use crate::error::Error;
use crate::manifests::check_encoding;
use crate::place::Place;
use crate::refusal;
use crate::requests::{Ask, Requests, header};
use crate::transport::{Arrived, Origin, Request, authority};
use crate::wire::Body;

/// How much has to come over a connection for it to count as one that did its work.
const ENOUGH: u64 = 64 << 10;
/// What has to come while nothing else is waited for, in twice the time that may pass without a byte.
const TRICKLE: u64 = 16 << 10;
/// How often a blob may be begun again where a registry cannot begin in the middle.
const MOST_RESTARTS: u32 = 5;

/// Reads one blob.
pub(crate) struct Blob {
    requests: Arc<Requests>,
    places: Arc<[Place]>,
    layer: Layer,
    /// How many bytes were handed on.
    offset: u64,
    size: u64,
    connection: Option<Connection>,
    attempts: Attempts,
    /// Whether the registry cannot begin in the middle.
    has_no_ranges: bool,
    restarts: u32,
}

struct Connection {
    body: Box<dyn Body>,
    host: String,
    /// How many bytes of it are to be passed over.
    skip: u64,
    /// How many bytes were handed on before it.
    begun: u64,
    /// Whether the answer says how long it is.
    has_length: bool,
    waited: Duration,
    since: u64,
}

impl Blob {
    pub(crate) fn new(requests: Arc<Requests>, places: Arc<[Place]>, layer: Layer) -> Self {
        Self {
            attempts: requests.retry.attempts(),
            size: layer.size,
            requests,
            places,
            layer,
            offset: 0,
            connection: None,
            has_no_ranges: false,
            restarts: 0,
        }
    }

    /// Gives up the connection; the next byte comes over another one. What is fetched as it is read needs it not.
    #[cfg(not(target_family = "wasm"))]
    pub(crate) fn let_go(&mut self) {
        self.connection = None;
    }

    /// Fetches the last bytes of the blob alone, as an array of them; none where they cannot be had on their own at
    /// once. They are not held against the blob's digest.
    #[cfg(not(target_family = "wasm"))]
    pub(crate) async fn ending<const LENGTH: usize>(mut self) -> Option<[u8; LENGTH]> {
        let mut once = self.requests.retry;
        once.retries = 0;
        self.attempts = once.attempts();
        self.offset = self.size.checked_sub(LENGTH as u64)?;
        let connection = self.connect().await.ok()??;
        if connection.skip > 0 {
            // Some registries send all of it, whatever they are asked for.
            return None;
        }
        self.connection = Some(connection);
        let mut ending = Vec::with_capacity(LENGTH);
        while let Some(bytes) = self.next().await.ok()? {
            ending.extend_from_slice(&bytes);
        }
        ending.try_into().ok()
    }

    /// Returns the next bytes, or none at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            if self.size == self.offset {
                self.check_end().await?;
                return Ok(None);
            }
            if self.connection.is_none() {
                self.connection = self.connect().await.map_err(Error::of_part)?;
                continue;
            }
            let stall = self.requests.transport.timing.stall;
            let Some(connection) = &mut self.connection else {
                continue;
            };
            let began = Instant::now();
            let read = connection.body.chunk(stall).await;
            connection.waited += began.elapsed();
            let reason = match read {
                Ok(Some(chunk)) => match self.accept(chunk)? {
                    Some(chunk) => return Ok(Some(chunk)),
                    None => continue,
                },
                Ok(None) => "the answer ended too early".to_owned(),
                Err(reason) => reason,
            };
            self.broke(reason).await?;
        }
    }

    /// Makes sure that nothing follows, where the answer did not say how long it is.
    async fn check_end(&mut self) -> Result<(), Error> {
        let connection = self.connection.take().filter(|it| !it.has_length);
        let Some(mut connection) = connection else {
            return Ok(());
        };
        let stall = self.requests.transport.timing.stall;
        // All that was wanted is here: however else it ends, nothing is missing.
        match connection.body.chunk(stall).await {
            Ok(Some(more)) if !more.is_empty() => Err(self.too_long()),
            _ => Ok(()),
        }
    }

    /// Counts what came, and returns what of it is new.
    fn accept(&mut self, mut chunk: Bytes) -> Result<Option<Bytes>, Error> {
        let stall = self.requests.transport.timing.stall;
        let Some(connection) = &mut self.connection else {
            return Ok(None);
        };
        connection.since += chunk.len() as u64;
        if connection.since >= TRICKLE {
            (connection.since, connection.waited) = (0, Duration::ZERO);
        }
        let is_trickle = connection.waited > stall * 2;
        let passed = connection.skip.min(chunk.len() as u64);
        connection.skip -= passed;
        chunk.advance(usize::try_from(passed).unwrap_or(chunk.len()));
        if is_trickle {
            // It is taken up again at once, and no more than a little slower than it was.
            self.connection = None;
        }
        if chunk.is_empty() {
            return Ok(None);
        }
        let offset = self.offset + chunk.len() as u64;
        if offset > self.size {
            return Err(self.too_long());
        }
        self.offset = offset;
        Ok(Some(chunk))
    }

    /// Waits after a connection broke, as long as there is hope.
    async fn broke(&mut self, reason: String) -> Result<(), Error> {
        let Some(connection) = self.connection.take() else {
            return Ok(());
        };
        let has_moved = self.offset - connection.begun >= ENOUGH;
        if has_moved {
            self.attempts = self.requests.retry.attempts();
        }
        let reason = format!("{reason} after {} of {} bytes", self.offset, self.size);
        let setback = Setback {
            moved: has_moved,
            wish: None,
        };
        let host = connection.host;
        let attempts = &mut self.attempts;
        if self.requests.wait(&host, &reason, setback, attempts).await {
            return Ok(());
        }
        Err(Error::Unreachable { host, reason })
    }

    /// Asks the places for what is missing, each after the one before it failed.
    async fn connect(&mut self) -> Result<Option<Connection>, Error> {
        let places = self.places.clone();
        let mut failure = None;
        for (at, place) in places.iter().enumerate() {
            let is_last = at + 1 == places.len() && self.layer.urls.is_empty();
            match self.connect_to(place, is_last).await {
                Ok(connection) => return Ok(connection),
                Err(error) if is_last || !error.is_of_place() => return Err(error),
                Err(error) => failure = Some(error),
            }
        }
        for url in self.layer.urls.clone() {
            match self
                .connect_elsewhere(&places[places.len() - 1], &url)
                .await
            {
                Ok(connection) => return Ok(Some(connection)),
                Err(error) => failure = Some(error),
            }
        }
        Err(failure.unwrap_or_else(|| self.unsound("is nowhere")))
    }

    async fn connect_to(
        &mut self,
        place: &Place,
        is_last: bool,
    ) -> Result<Option<Connection>, Error> {
        let range = self.range();
        let ask = Ask {
            place,
            path: format!("blobs/{}", self.layer.digest),
            accept: None,
            range,
            what: format!("blob {} in `{}`", self.layer.digest, place.path),
        };
        let mut once = self.requests.retry;
        once.retries = once.retries.min(1);
        let mut few = once.attempts();
        let attempts = if is_last {
            &mut self.attempts
        } else {
            &mut few
        };
        let asked = self.requests.ask(&ask, attempts).await;
        let arrived = match asked {
            // Some registries refuse what they do not know.
            Err(Error::Nonsense { .. }) if range.is_some() => {
                self.has_no_ranges = true;
                return Ok(None);
            }
            asked => asked?,
        };
        self.check(arrived, range).await
    }

    /// Asks another place, which the manifest names, without anything that proves who is asking.
    async fn connect_elsewhere(
        &mut self,
        registry: &Place,
        url: &str,
    ) -> Result<Connection, Error> {
        let base = self.requests.base(registry)?;
        let withheld = |reason: &str| Error::Withheld {
            host: registry.authority().to_owned(),
            reason: format!("a layer is not fetched from where its manifest says, as {reason}"),
        };
        let url = Url::parse(url).map_err(|_| withheld("that is no address"))?;
        let root =
            Url::parse("http://registry.invalid/").map_err(|_| withheld("that is no address"))?;
        let is_local = base.host_str().is_some_and(crate::place::is_local);
        // Such addresses are often without encryption; the digest of what comes is checked.
        let objection = crate::addresses::objection(if is_local { &base } else { &root }, &url);
        if let Some(reason) = objection.filter(|_| !(is_local && url.scheme() == "http")) {
            return Err(withheld(reason));
        }
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if let Some((first, last)) = self.range() {
            let value = HeaderValue::try_from(format!("bytes={first}-{last}"));
            headers.insert("Range", value.expect("numbers can be sent"));
        }
        let origin = Origin {
            host: authority(&url),
            url,
            is_insecure: false,
            is_guarded: !is_local,
        };
        let request = Request {
            method: Method::GET,
            headers,
            ..Request::default()
        };
        let arrived = self.requests.persist(&origin, &request).await?;
        if !arrived.response.status.is_success() {
            let what = format!("blob {}", self.layer.digest);
            return Err(refusal::of_answer(arrived, registry, false, &what).await);
        }
        let host = arrived.host.clone();
        let range = self.range();
        self.check(arrived, range).await?.ok_or(Error::Nonsense {
            host,
            what: "another part of a layer than was asked for".into(),
        })
    }

    /// Returns the bytes to ask for, where it is not all of them.
    fn range(&self) -> Option<(u64, u64)> {
        let last = self.size.checked_sub(1)?;
        (self.offset > 0 && !self.has_no_ranges).then_some((self.offset, last))
    }

    /// Makes sure that the answer has what is missing; none if it has to be asked for in another way.
    async fn check(
        &mut self,
        arrived: Arrived,
        range: Option<(u64, u64)>,
    ) -> Result<Option<Connection>, Error> {
        let Arrived { response, host, .. } = arrived;
        let headers = &response.headers;
        check_encoding(&host, header(headers, CONTENT_ENCODING))?;
        let length = response.length();
        let mut skip = 0;
        match (response.status, range) {
            (StatusCode::PARTIAL_CONTENT, Some((first, last))) => {
                let text = header(headers, CONTENT_RANGE).unwrap_or_default();
                if !is_range(text, first, last) {
                    self.has_no_ranges = true;
                    return Ok(None);
                }
            }
            (StatusCode::RANGE_NOT_SATISFIABLE | StatusCode::PARTIAL_CONTENT, _) => {
                if self.has_no_ranges || range.is_none() {
                    return Err(Error::Nonsense {
                        host,
                        what: "a part of a layer that nobody asked for".into(),
                    });
                }
                self.has_no_ranges = true;
                return Ok(None);
            }
            (_, _) => {
                if let Some(length) = length.filter(|length| *length != self.size) {
                    return Err(self.unsound(&format!(
                        "is {length} bytes long at {host}, where its manifest promises {}",
                        self.size
                    )));
                }
                skip = self.offset;
                self.restarts += u32::from(skip > 0);
                if self.restarts > MOST_RESTARTS {
                    return Err(Error::Unreachable {
                        host,
                        reason: format!(
                            "the connection was cut {MOST_RESTARTS} times, and this registry cannot go on in the middle of a layer"
                        ),
                    });
                }
            }
        }
        Ok(Some(Connection {
            body: response.body,
            host,
            skip,
            begun: self.offset,
            has_length: length.is_some(),
            waited: Duration::ZERO,
            since: 0,
        }))
    }

    fn too_long(&self) -> Error {
        let size = self.size;
        self.unsound(&format!(
            "is longer than the {size} bytes that its manifest promises"
        ))
    }

    fn unsound(&self, fault: &str) -> Error {
        Error::Unsound {
            what: format!("layer {}", self.layer.digest),
            fault: fault.to_owned(),
        }
    }
}

/// Tells whether `Content-Range` is of these bytes.
fn is_range(text: &str, first: u64, last: u64) -> bool {
    let Some(rest) = text.trim().strip_prefix("bytes ") else {
        return false;
    };
    let Some((range, total)) = rest.split_once('/') else {
        return false;
    };
    let is_total = total == "*" || total.parse() == Ok(last + 1);
    let Some((begin, end)) = range.split_once('-') else {
        return false;
    };
    is_total && begin.parse() == Ok(first) && end.parse() == Ok(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_the_one_that_was_asked_for() {
        assert!(is_range("bytes 5-9/10", 5, 9));
        assert!(is_range("bytes 5-9/*", 5, 9));
        for wrong in [
            "",
            "bytes 4-9/10",
            "bytes 5-8/10",
            "bytes 5-9/11",
            "bytes 5-9",
            "5-9/10",
            "bytes */10",
        ] {
            assert!(!is_range(wrong, 5, 9), "{wrong}");
        }
    }
}
