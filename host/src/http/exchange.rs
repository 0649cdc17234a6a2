//! The client as `keepdocker_arvados` wants it: its requests sent, within the time that they may take.

use std::time::{Duration, Instant};

use keepdocker_arvados::http::{Activity, Answer, Failure, Http, Patience, Reading, Request};

use super::{Client, ProgressBody};

/// How often it is looked whether a body moves on.
const PULSE: Duration = Duration::from_secs(1);

impl Http for Client {
    async fn exchange(&self, request: Request, reading: Reading) -> Result<Answer, Failure> {
        let Request {
            method,
            url,
            id,
            headers,
            body,
            patience,
        } = request;
        let size = body.bytes.len() as u64;
        let activity = body.activity.clone();
        let mut request = self
            .request(method, url, &id)
            .body(ProgressBody::new(body.bytes, body.activity));
        for (name, value) in &headers {
            request = request.header(name, value);
        }
        match patience {
            Patience::Overall(limit) => Self::exchange(self, request.timeout(limit), reading).await,
            Patience::Moving { stall, answer } => {
                tokio::select! {
                    outcome = Self::exchange(self, request, reading) => outcome,
                    limit = stalled(&activity, size, stall, answer) => Err(Failure::Stalled(limit)),
                }
            }
        }
    }
}

/// Waits until a body of `size` bytes has not moved on for too long, or its answer has not come, and returns how
/// long that was.
async fn stalled(activity: &Activity, size: u64, stall: Duration, answer: Duration) -> Duration {
    let mut before = 0;
    let mut since = Instant::now();
    loop {
        let now = activity.bytes();
        if before != now {
            (before, since) = (now, Instant::now());
        }
        let limit = if now < size { stall } else { answer };
        let left = limit.saturating_sub(since.elapsed());
        if left.is_zero() {
            return limit;
        }
        tokio::time::sleep(left.min(PULSE)).await;
    }
}
