//! Sends one block to one Keep service.

use super::Keep;
use super::put::{LARGEST_ANSWER, Outcome, Sending, judge};
use super::service::Service;
use crate::http::header::CONTENT_TYPE;
use crate::http::{Failure, Method, Setback};

impl Keep {
    /// Sends the block to one service.
    pub(super) async fn put_to(
        &self,
        service: &Service,
        Sending { block, id, .. }: Sending<'_>,
        replicas: u32,
        classes: &str,
    ) -> Outcome {
        let Ok(url) = service.root.join(&block.id().hash.to_string()) else {
            return Outcome::Refused("its address cannot be used".to_owned());
        };
        let mut request = self
            .client
            .request(Method::PUT, url, id)
            .header(CONTENT_TYPE, "application/octet-stream")
            .header("x-keep-desired-replicas", &replicas.to_string())
            .body(block.data());
        if !classes.is_empty() {
            request = request.header("x-keep-storage-classes", classes);
        }
        match self.client.exchange(request, LARGEST_ANSWER).await {
            Ok(answer) => judge(&answer, block),
            Err(failure @ Failure::Final(_)) => Outcome::Refused(failure.to_string()),
            Err(failure) => Outcome::Failed(failure.to_string(), Setback::default()),
        }
    }
}
