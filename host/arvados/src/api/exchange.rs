//! One operation of the API, from the request to the typed answer, with its repetitions.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use url::{Url, form_urlencoded};

use keepdocker_wording::harmless::one_line;
use keepdocker_wording::json_fault;

use super::{Api, Error};
use crate::http::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use crate::http::{
    Answer, Failure, Http, Method, Patience, Reading, Request, RequestId, Retry, Setback,
    StatusCode,
};

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");

/// Longer addresses are sent as a form; web servers in front of a cluster refuse them at 8 kB.
const LONGEST_URL: usize = 2048;
/// The server's own limit for what it reads for a page is 128 MiB; JSON adds to that.
const LARGEST_ANSWER: usize = 256 << 20;
/// How long one request may take; the servers' own limit is below that.
const PATIENCE: Patience = Patience::Overall(Duration::from_secs(300));
/// A silence that people wonder about.
const WORTH_A_WORD: Duration = Duration::from_secs(2);
/// An answer that was lost after so long may have an effect that is still to come.
const SLOW: Duration = Duration::from_secs(10);

impl<H: Http> Api<H> {
    /// Returns how long reading goes on when the cluster fails for the time being.
    pub fn retry(&self) -> Retry {
        self.retry
    }

    /// Reads what is at `path`, trying again as often as allowed.
    pub(super) async fn read<T: DeserializeOwned>(
        &self,
        action: &'static str,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<T, Error> {
        self.read_within(self.retry, action, path, query).await
    }

    /// Reads what is at `path`, trying again as often as `retry` allows.
    pub(super) async fn read_within<T: DeserializeOwned>(
        &self,
        retry: Retry,
        action: &'static str,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<T, Error> {
        let id = RequestId::random();
        let url = self.url(action, path)?;
        self.repeat(retry, action, &id, || self.reading(&url, query, &id))
            .await
    }

    /// Changes what is at `path`, trying again as often as allowed: the same change twice is one.
    pub(super) async fn update<T: DeserializeOwned>(
        &self,
        action: &'static str,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, Error> {
        let id = RequestId::random();
        let url = self.url(action, path)?;
        let body = encoded(body);
        let request = || self.writing(Method::PUT, &url, &body, &id);
        self.repeat(self.retry, action, &id, request).await
    }

    /// Has something done at `path`, trying again as often as allowed: the second time it is refused, or does nothing.
    pub(super) async fn act<T: DeserializeOwned>(
        &self,
        action: &'static str,
        path: &str,
    ) -> Result<T, Error> {
        let id = RequestId::random();
        let url = self.url(action, path)?;
        let body = encoded(&serde_json::json!({}));
        let request = || self.writing(Method::POST, &url, &body, &id);
        self.repeat(self.retry, action, &id, request).await
    }

    /// Removes what is at `path`, trying again as often as allowed: what is gone is removed.
    pub(super) async fn remove(&self, action: &'static str, path: &str) -> Result<(), Error> {
        let id = RequestId::random();
        let url = self.url(action, path)?;
        let request =
            || Request::new(Method::DELETE, url.clone(), &id, PATIENCE).header(ACCEPT, JSON);
        match self.repeat(self.retry, action, &id, request).await {
            Ok(IgnoredAny) | Err(Error::NotFound(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Makes a request that may have its effect several times, until there is an answer.
    async fn repeat<T: DeserializeOwned>(
        &self,
        retry: Retry,
        action: &'static str,
        id: &RequestId,
        request: impl Fn() -> Request,
    ) -> Result<T, Error> {
        let mut attempts = retry.attempts();
        loop {
            let outcome = self
                .client
                .exchange(request(), Reading::whole(LARGEST_ANSWER))
                .await;
            let within = self.retries_after(&outcome);
            let (failure, setback) = match outcome {
                Ok(answer) if answer.status.is_success() => return self.decode(action, &answer),
                Ok(answer) if is_temporary(answer.status) => (
                    Error::refused(action, &answer, id),
                    Setback::of_answer(&answer),
                ),
                Ok(answer) => return Err(Error::refused(action, &answer, id)),
                Err(failure @ (Failure::Final(_) | Failure::TooLarge { .. })) => {
                    return Err(self.unreachable(action, failure));
                }
                Err(failure) => (self.unreachable(action, failure), Setback::default()),
            };
            let words = failure.to_string();
            let waited = attempts.wait_within(&self.client, &words, setback, within);
            if !waited.await {
                return Err(failure);
            }
        }
    }

    /// Returns how often to try again after this.
    fn retries_after(&self, outcome: &Result<Answer, Failure>) -> u32 {
        match outcome {
            Err(Failure::NotSent(_)) if !self.has_answered.load(Ordering::Relaxed) => {
                self.retries_at_first
            }
            Err(_) => u32::MAX,
            Ok(_) => {
                self.has_answered.store(true, Ordering::Relaxed);
                u32::MAX
            }
        }
    }

    /// Creates an object, trying again only where nothing can have been created.
    pub(super) async fn create<T: DeserializeOwned>(
        &self,
        action: &'static str,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, Error> {
        let id = RequestId::random();
        let url = self.url(action, path)?;
        let body = encoded(body);
        let uncertain = |reason: String| Error::Uncertain {
            action,
            host: self.host.clone(),
            reason,
            request: id.clone(),
        };
        if let Some(reason) = self.unsettled.used_up(&body, self.retry) {
            return Err(uncertain(reason));
        }
        let lost = |reason: String, since: Instant, status: Option<StatusCode>| {
            let gave_up = status.is_some_and(|status| matches!(status.as_u16(), 408 | 504));
            self.unsettled
                .lost(&body, &reason, gave_up || since.elapsed() > SLOW);
            Err(uncertain(reason))
        };
        let mut attempts = self.retry.attempts();
        loop {
            let request = self.writing(Method::POST, &url, &body, &id);
            let since = Instant::now();
            let outcome = self
                .client
                .exchange(request, Reading::whole(LARGEST_ANSWER))
                .await;
            let within = self.retries_after(&outcome);
            let (failure, setback) = match outcome {
                Ok(answer) if answer.status.is_success() => {
                    return match self.decode(action, &answer) {
                        Ok(created) => {
                            self.unsettled.answered(&body);
                            Ok(created)
                        }
                        Err(error) => lost(error.to_string(), since, None),
                    };
                }
                Ok(answer) if refused_unread(&answer) => (
                    Error::refused(action, &answer, &id),
                    Setback::of_answer(&answer),
                ),
                Ok(answer) if is_temporary(answer.status) => {
                    let reason = Error::refused(action, &answer, &id).to_string();
                    return lost(reason, since, Some(answer.status));
                }
                Ok(answer) => return Err(Error::refused(action, &answer, &id)),
                Err(failure @ Failure::Final(_)) => {
                    return Err(self.unreachable(action, failure));
                }
                Err(failure @ Failure::NotSent(_)) => {
                    (self.unreachable(action, failure), Setback::default())
                }
                Err(failure) => return lost(failure.to_string(), since, None),
            };
            let words = failure.to_string();
            let waited = attempts.wait_within(&self.client, &words, setback, within);
            if !waited.await {
                return Err(failure);
            }
        }
    }

    /// Waits before a look for something whose creation was not answered.
    pub(super) async fn settle(&self) {
        if let Some(pause) = self.unsettled.pause(self.retry) {
            // The first looks come so soon that nobody wonders.
            if pause >= WORTH_A_WORD {
                self.client.notify(&format!(
                    "it is not known whether the cluster has created what it was to create; looking in {:.0} s",
                    pause.as_secs_f64()
                ));
            }
            self.client.pause(pause).await;
        }
    }

    /// Makes the request for a query: a GET, or a form that says it stands for one.
    pub(super) fn reading(&self, url: &Url, query: &[(&str, String)], id: &RequestId) -> Request {
        let encoded = encode(query);
        let request = if url.as_str().len() + 1 + encoded.len() <= LONGEST_URL {
            let mut url = url.clone();
            url.set_query((!encoded.is_empty()).then_some(encoded.as_str()));
            Request::new(Method::GET, url, id, PATIENCE)
        } else {
            // In a JSON body the server would not honour `_method`, and create an object.
            Request::new(Method::POST, url.clone(), id, PATIENCE)
                .header(CONTENT_TYPE, FORM)
                .body(format!("_method=GET&{encoded}"))
        };
        request.header(ACCEPT, JSON)
    }

    fn writing(&self, method: Method, url: &Url, body: &Bytes, id: &RequestId) -> Request {
        Request::new(method, url.clone(), id, PATIENCE)
            .header(ACCEPT, JSON)
            .header(CONTENT_TYPE, JSON)
            .body(body.clone())
    }

    pub(super) fn url(&self, action: &'static str, path: &str) -> Result<Url, Error> {
        self.root.join(path).map_err(|error| Error::Malformed {
            action,
            host: self.host.clone(),
            reason: error.to_string(),
        })
    }

    fn decode<T: DeserializeOwned>(
        &self,
        action: &'static str,
        answer: &Answer,
    ) -> Result<T, Error> {
        serde_json::from_slice(&answer.body).map_err(|error| Error::Malformed {
            action,
            host: self.host.clone(),
            reason: match answer.page() {
                Some(page) => format!("it is {page}"),
                None if answer.body.is_empty() => "it is empty".to_owned(),
                None => one_line(&json_fault(&error), 300),
            },
        })
    }

    pub(super) fn unreachable(&self, action: &'static str, failure: Failure) -> Error {
        Error::Unreachable {
            action,
            host: self.host.clone(),
            failure,
        }
    }
}

fn encoded(body: &impl Serialize) -> Bytes {
    Bytes::from(serde_json::to_vec(body).expect("records become JSON"))
}

fn encode(query: &[(&str, String)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(query)
        .finish()
}

/// Tells whether the same request may succeed later. The Arvados clients agree on these.
fn is_temporary(status: StatusCode) -> bool {
    match status.as_u16() {
        408 | 409 | 423 | 429 => true,
        // What is not implemented now will not be in a minute.
        501 | 505 => false,
        status => status >= 500,
    }
}

/// Tells whether the server refused a request without looking at it, so that it did nothing.
fn refused_unread(answer: &Answer) -> bool {
    match answer.status.as_u16() {
        // An overloaded controller answers so, with nothing in the body; what else sends a 503
        // may have passed the request on before.
        503 => answer.body.is_empty(),
        409 | 423 | 429 => true,
        _ => false,
    }
}
