//! Sends one block to one Keep service.

use super::Keep;
use super::put::{LARGEST_ANSWER, Outcome, Sending, judge};
use super::service::Service;
use crate::http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use crate::http::{Activity, Body, Failure, Http, Method, Patience, Reading, Request, Setback};

/// More bytes than the buffers of a connection may take that goes nowhere.
const MOVED: u64 = 4 << 20;

const REPLICAS: HeaderName = HeaderName::from_static("x-keep-desired-replicas");
const CLASSES: HeaderName = HeaderName::from_static("x-keep-storage-classes");

impl<H: Http> Keep<H> {
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
        let patience = Patience::Moving {
            stall: self.timeouts.stall,
            answer: self.timeouts.answer,
        };
        let mut request = Request::new(Method::PUT, url, id, patience)
            .header(
                CONTENT_TYPE,
                HeaderValue::from_static("application/octet-stream"),
            )
            .header(REPLICAS, replicas.into())
            .body(Body {
                bytes: block.data(),
                activity: activity.clone(),
            });
        if !classes.is_empty() {
            let Ok(classes) = HeaderValue::try_from(classes) else {
                return Outcome::Refused(
                    "no service can be asked for storage classes of such names".to_owned(),
                );
            };
            request = request.header(CLASSES, classes);
        }
        let reading = Reading::whole(LARGEST_ANSWER);
        let outcome = match self.client.exchange(request, reading).await {
            Ok(answer) => judge(&answer, block),
            Err(failure @ Failure::Final(_)) => Outcome::Refused(failure.to_string()),
            Err(failure) => Outcome::Failed(failure.to_string(), Setback::default()),
        };
        match outcome {
            Outcome::Failed(reason, setback) => {
                let moved = setback.moved || activity.bytes() > MOVED;
                Outcome::Failed(reason, Setback { moved, ..setback })
            }
            outcome => outcome,
        }
    }
}
