//! Reads one block, and checks that it is the one that was asked for.

use reqwest::Method;
use reqwest::header::ACCEPT;

use bytes::{Bytes, BytesMut};

use super::block::MAXIMUM_SIZE;
use super::locator::Locator;
use super::put::{described, name};
use super::service::{self, Service};
use super::{Error, Keep};
use crate::http::{Answer, Failure, RequestId};

/// How one service answered.
enum Outcome {
    Answered(Answer),
    /// It may do better in the next round.
    Failed(String),
    /// It does not have the block.
    Absent,
    /// It will not give the block.
    Refused(String),
}

impl Keep {
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
        self.find(Method::GET, locator, room).await
    }

    /// Asks whether a block can be read: whether it is there, and the signature is good.
    ///
    /// # Errors
    /// If no service has the block, or none would give it, after all retries.
    pub async fn head(&self, locator: &Locator) -> Result<(), Error> {
        self.find(Method::HEAD, locator, BytesMut::new())
            .await
            .map(drop)
    }

    async fn find(
        &self,
        method: Method,
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
            for service in service::order(&services, locator.block().hash) {
                if refused.iter().any(|(known, _)| *known == service) {
                    continue;
                }
                match self
                    .ask(&method, &service, locator, &id, std::mem::take(&mut room))
                    .await
                {
                    Outcome::Answered(answer) => return Ok(answer.body),
                    Outcome::Failed(reason) => {
                        reasons.push(format!("{}: {reason}", name(&service)))
                    }
                    outcome => refused.push((service, outcome)),
                }
            }
            let is_over = reasons.is_empty();
            let summary = format!("block {}: {}", locator.block(), reasons.join("; "));
            if is_over || !attempts.wait(&self.client, &summary).await {
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
        method: &Method,
        service: &Service,
        locator: &Locator,
        id: &RequestId,
        room: BytesMut,
    ) -> Outcome {
        let Ok(url) = service.root.join(&locator.signed()) else {
            return Outcome::Refused("its address cannot be used".to_owned());
        };
        let request = self
            .client
            .request(method.clone(), url, id)
            .header(ACCEPT, "application/octet-stream")
            // Slower than 32 kB/s is as good as nothing; the Python client gives up there too.
            .timeout(
                self.timeouts.answer
                    + std::time::Duration::from_secs(u64::from(locator.block().size) / 32_768),
            );
        let answer = match self.client.exchange_into(request, MAXIMUM_SIZE, room).await {
            Ok(answer) => answer,
            Err(failure @ Failure::Untrusted(_)) => return Outcome::Refused(failure.to_string()),
            Err(failure) => return Outcome::Failed(failure.to_string()),
        };
        let status = answer.status.as_u16();
        match status {
            200..=299 if *method == Method::HEAD => Outcome::Answered(answer),
            200..=299 => {
                let id = self.verification.identify(answer.body.clone()).await;
                if id == Some(locator.block()) {
                    Outcome::Answered(answer)
                } else {
                    Outcome::Failed("what it sent is not the block".to_owned())
                }
            }
            404 | 410 => Outcome::Absent,
            408 | 409 | 423 | 429 | 500 | 502 | 503 | 504 => {
                Outcome::Failed(described(status, &String::from_utf8_lossy(&answer.body)))
            }
            _ => Outcome::Refused(described(status, &String::from_utf8_lossy(&answer.body))),
        }
    }
}
