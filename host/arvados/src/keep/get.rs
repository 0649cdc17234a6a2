//! Reads one block, and checks that it is the one that was asked for.

use std::time::Duration;

use bytes::{Bytes, BytesMut};

use super::block::MAXIMUM_SIZE;
use super::locator::Locator;
use super::put::{described, name};
use super::service::{self, Service};
use super::{Error, Keep};
use crate::http::header::{ACCEPT, HeaderValue};
use crate::http::{Answer, Failure, Http, Method, Patience, Reading, Request, RequestId, Setback};

/// More bytes than a server may have put on the way before it broke.
const MOVED: usize = 1 << 20;

/// How much of a block is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Only whether it is there.
    Nothing,
    /// At least so many bytes from its beginning.
    Beginning(usize),
    All,
}

/// How one service answered.
enum Outcome {
    Answered(Answer),
    /// It may do better in the next round.
    Failed(String, Setback),
    /// It does not have the block.
    Absent,
    /// It will not give the block.
    Refused(String),
}

impl<H: Http> Keep<H> {
    /// Reads a block's data, whose hash and size are verified.
    ///
    /// # Errors
    /// If no service has the block, or none gives it, after all retries.
    pub async fn get(&self, locator: &Locator) -> Result<Bytes, Error> {
        self.get_into(locator, BytesMut::new()).await
    }

    /// Does the same, and puts the data into memory that is no longer used for something else:
    /// new memory costs the system a page fault for every 4 KiB.
    ///
    /// # Errors
    /// As [`Keep::get`] has them.
    pub async fn get_into(&self, locator: &Locator, room: BytesMut) -> Result<Bytes, Error> {
        self.find(Part::All, locator, room).await
    }

    /// Reads at least `length` bytes from a block's beginning, or all of it, which is verified then.
    ///
    /// A part cannot be: that these are the block's bytes is Keep's word.
    ///
    /// # Errors
    /// As [`Keep::get`] has them.
    pub async fn get_beginning(&self, locator: &Locator, length: usize) -> Result<Bytes, Error> {
        let part = Part::Beginning(length);
        self.find(part, locator, BytesMut::new()).await
    }

    /// Asks whether a block can be read: whether it is there, and the signature is good.
    ///
    /// # Errors
    /// If no service has the block, or none would give it, after all retries.
    pub async fn head(&self, locator: &Locator) -> Result<(), Error> {
        self.find(Part::Nothing, locator, BytesMut::new())
            .await
            .map(drop)
    }

    /// Asks each service once whether it has the block, and the signature is good, until one says so.
    ///
    /// Nothing is tried again: a block that is in doubt is sent.
    pub async fn confirms(&self, locator: &Locator) -> bool {
        let Ok(services) = self.services.list().await else {
            return false;
        };
        let id = RequestId::random();
        for service in service::order(&services, locator.block().hash) {
            let room = BytesMut::new();
            let outcome = self.ask(Part::Nothing, &service, locator, &id, room).await;
            if matches!(outcome, Outcome::Answered(_)) {
                return true;
            }
        }
        false
    }

    async fn find(
        &self,
        part: Part,
        locator: &Locator,
        mut room: BytesMut,
    ) -> Result<Bytes, Error> {
        let id = RequestId::random();
        let mut attempts = self.retry.attempts();
        let mut refused: Vec<(Service, Outcome)> = Vec::new();
        loop {
            let services = if attempts.failures() == 0 {
                self.services.list().await?
            } else {
                self.services.refreshed().await?
            };
            if services.is_empty() {
                return Err(Error::NoServices);
            }
            let mut reasons = Vec::new();
            let mut setback = Setback::default();
            for service in service::order(&services, locator.block().hash) {
                if refused.iter().any(|(known, _)| *known == service) {
                    continue;
                }
                match self
                    .ask(part, &service, locator, &id, std::mem::take(&mut room))
                    .await
                {
                    Outcome::Answered(answer) => return Ok(answer.body),
                    Outcome::Failed(reason, next) => {
                        setback = setback.join(next);
                        reasons.push(format!("{}: {reason}", name(&service)));
                    }
                    outcome => refused.push((service, outcome)),
                }
            }
            let is_over = reasons.is_empty();
            let summary = format!("block {}: {}", locator.block(), reasons.join("; "));
            if is_over || !attempts.wait(&self.client, &summary, setback).await {
                let is_absent = is_over
                    && refused
                        .iter()
                        .all(|(_, outcome)| matches!(outcome, Outcome::Absent));
                if is_absent {
                    return Err(Error::NotFound(locator.block()));
                }
                reasons.extend(refused.into_iter().map(|(service, outcome)| {
                    let name = name(&service);
                    match outcome {
                        Outcome::Refused(reason) => format!("{name}: {reason}"),
                        _ => format!("{name}: it does not have it"),
                    }
                }));
                return Err(Error::Unreadable {
                    block: locator.block(),
                    reasons,
                });
            }
        }
    }

    async fn ask(
        &self,
        part: Part,
        service: &Service,
        locator: &Locator,
        id: &RequestId,
        room: BytesMut,
    ) -> Outcome {
        let Ok(url) = service.root.join(&locator.signed()) else {
            return Outcome::Refused("its address cannot be used".to_owned());
        };
        let method = match part {
            Part::Nothing => Method::HEAD,
            Part::Beginning(_) | Part::All => Method::GET,
        };
        // Slower than 32 kB/s is as good as nothing; the Python client gives up there too.
        let transfer = Duration::from_secs(u64::from(locator.block().size) / 32_768);
        let patience = Patience::Overall(self.timeouts.answer + transfer);
        let request = Request::new(method, url, id, patience)
            .header(ACCEPT, HeaderValue::from_static("application/octet-stream"));
        let reading = match part {
            Part::Beginning(length) => Reading::Beginning(length),
            Part::Nothing | Part::All => Reading::Whole {
                limit: MAXIMUM_SIZE,
                room,
            },
        };
        let answer = match self.client.exchange(request, reading).await {
            Ok(answer) => answer,
            Err(failure @ Failure::Final(_)) => return Outcome::Refused(failure.to_string()),
            Err(failure) => {
                let setback = Setback {
                    moved: failure.received() > MOVED,
                    ..Setback::default()
                };
                return Outcome::Failed(failure.to_string(), setback);
            }
        };
        let status = answer.status.as_u16();
        let size = locator.block().size as usize;
        match (status, part) {
            (200..=299, Part::Nothing) => {
                // A service that tells another length has something else.
                let told = answer.header("content-length");
                if told.is_none_or(|told| told.parse() == Ok(size)) {
                    Outcome::Answered(answer)
                } else {
                    Outcome::Absent
                }
            }
            (200..=299, Part::Beginning(length))
                if answer.body.len() >= length && answer.body.len() < size =>
            {
                Outcome::Answered(answer)
            }
            (200..=299, _) => {
                let id = self.verification.identify(answer.body.clone()).await;
                if id == Some(locator.block()) {
                    Outcome::Answered(answer)
                } else {
                    Outcome::Failed(
                        "what it sent is not the block".to_owned(),
                        Setback::default(),
                    )
                }
            }
            (404 | 410, _) => Outcome::Absent,
            (408 | 409 | 423 | 429 | 500 | 502 | 503 | 504, _) => {
                Outcome::Failed(described(&answer), Setback::of_answer(&answer))
            }
            _ => Outcome::Refused(described(&answer)),
        }
    }
}
