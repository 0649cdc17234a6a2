//! How this machine's clock differs from the cluster's.

use std::time::{SystemTime, UNIX_EPOCH};

use super::{Api, Error};
use crate::http::header::DATE;
use crate::http::{Http, Reading, RequestId};

/// More than the public configuration has.
const LARGEST_ANSWER: usize = 16 << 20;

impl<H: Http> Api<H> {
    /// Returns by how many seconds at least this machine's clock is ahead of the cluster's; less than 0 if it is behind,
    /// and none if the cluster does not say what time it has.
    ///
    /// The cluster looks at its clock somewhere between question and answer, and tells whole seconds. What that leaves
    /// open counts as no difference.
    ///
    /// # Errors
    /// If the cluster does not answer. Nothing is tried again.
    pub async fn clock_lead(&self) -> Result<Option<f64>, Error> {
        const ACTION: &str = "compare the clocks";
        let url = self.url(ACTION, "arvados/v1/config")?;
        let request = self.reading(&url, &[], &RequestId::random());
        let asked = SystemTime::now();
        let answer = self
            .client
            .exchange(request, Reading::whole(LARGEST_ANSWER))
            .await
            .map_err(|failure| self.unreachable(ACTION, failure))?;
        let answered = SystemTime::now();
        let told = answer
            .headers
            .get(DATE)
            .and_then(|value| value.to_str().ok())
            .and_then(|text| chrono::DateTime::parse_from_rfc2822(text.trim()).ok());
        Ok(told.map(|told| lead(seconds(asked), seconds(answered), told.timestamp() as f64)))
    }
}

fn seconds(moment: SystemTime) -> f64 {
    match moment.duration_since(UNIX_EPOCH) {
        Ok(since) => since.as_secs_f64(),
        Err(before) => -before.duration().as_secs_f64(),
    }
}

/// Returns the least difference that goes with a question and an answer at these moments, and a whole second told
/// between them.
fn lead(asked: f64, answered: f64, told: f64) -> f64 {
    // The other clock showed something from `told` to just before `told + 1`.
    let (least, most) = (asked - (told + 1.0), answered - told);
    if least > 0.0 {
        least
    } else if most < 0.0 {
        most
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_round_trip_does_not_explain_is_a_difference() {
        for (asked, answered, told, expected) in [
            // Within the second that was told, and within a slow answer.
            (100.2, 100.4, 100.0, 0.0),
            (100.9, 101.1, 100.0, 0.0),
            (100.0, 130.0, 120.0, 0.0),
            (100.0, 130.0, 99.0, 0.0),
            // Ahead, and behind; the answer's time makes it less.
            (200.0, 200.5, 100.0, 99.0),
            (200.0, 300.0, 100.0, 99.0),
            (100.0, 100.5, 200.0, -99.5),
            (100.0, 150.0, 200.0, -50.0),
        ] {
            let lead = lead(asked, answered, told);
            assert!(
                (lead - expected).abs() < 1e-9,
                "{asked} {answered} {told}: {lead}"
            );
        }
    }
}
