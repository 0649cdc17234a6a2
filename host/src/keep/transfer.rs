//! Sends one block to one Keep service, and gives up when nothing moves.

use std::time::{Duration, Instant};

use super::Keep;
use super::put::{LARGEST_ANSWER, Outcome, Sending, judge};
use super::service::Service;
use crate::http::header::CONTENT_TYPE;
use crate::http::{Activity, Failure, Method, ProgressBody, Setback};

/// More bytes than the buffers of a connection may take that goes nowhere.
const MOVED: u64 = 4 << 20;
/// How often it is looked whether a body moves on.
const PULSE: Duration = Duration::from_secs(1);

impl Keep {
    /// Sends the block to one service.
    pub(super) async fn put_to(
        &self,
        service: &Service,
        Sending { block, id, watcher }: Sending<'_>,
        replicas: u32,
        classes: &str,
    ) -> Outcome {
        let Ok(url) = service.root.join(&block.id().hash.to_string()) else {
            return Outcome::Refused("its address cannot be used".to_owned());
        };
        let activity = Activity::watched(watcher.cloned());
        let body = ProgressBody::new(block.data(), activity.clone());
        let mut request = self
            .client
            .request(Method::PUT, url, id)
            .header(CONTENT_TYPE, "application/octet-stream")
            .header("X-Keep-Desired-Replicas", replicas)
            .body(body);
        if !classes.is_empty() {
            request = request.header("X-Keep-Storage-Classes", classes);
        }
        let exchange = self.client.exchange(request, LARGEST_ANSWER);
        let outcome = tokio::select! {
            outcome = exchange => match outcome {
                Ok(answer) => judge(&answer, block),
                Err(failure @ Failure::Final(_)) => Outcome::Refused(failure.to_string()),
                Err(failure) => Outcome::Failed(failure.to_string(), Setback::default()),
            },
            limit = self.stalled(&activity, u64::from(block.id().size)) => {
                let reason = format!("nothing moved for {} s", limit.as_secs());
                Outcome::Failed(reason, Setback::default())
            }
        };
        match outcome {
            Outcome::Failed(reason, setback) => {
                let moved = setback.moved || activity.bytes() > MOVED;
                Outcome::Failed(reason, Setback { moved, ..setback })
            }
            outcome => outcome,
        }
    }

    /// Waits until a body has not moved on for too long, and returns how long that was.
    async fn stalled(&self, activity: &Activity, size: u64) -> Duration {
        let mut before = 0;
        let mut since = Instant::now();
        loop {
            let now = activity.bytes();
            if before != now {
                (before, since) = (now, Instant::now());
            }
            let limit = if now < size {
                self.timeouts.stall
            } else {
                self.timeouts.answer
            };
            let left = limit.saturating_sub(since.elapsed());
            if left.is_zero() {
                return limit;
            }
            tokio::time::sleep(left.min(PULSE)).await;
        }
    }
}
