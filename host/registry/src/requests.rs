//! Requests to registries: with what proves who is asking, and again after what passes.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use http::header::{ACCEPT, ACCEPT_ENCODING, HeaderMap, HeaderName, HeaderValue, RANGE, WARNING};
use http::{Method, StatusCode};
use keepdocker_arvados::http::{Attempts, Retry, Setback};
use keepdocker_wording::harmless::one_line;
use tokio::sync::OnceCell;
use url::Url;

use crate::challenge::Challenge;
use crate::error::Error;
use crate::login::Login;
use crate::logins::{LoginSource, Logins};
use crate::mirrors::Helpers;
use crate::place::Place;
use crate::refusal;
use crate::tokens::{Authorization, Tokens};
use crate::transport::{Arrived, Origin, Request, Transport};
use crate::wire::Lost;

/// How many warnings of registries are shown at most.
const MOST_WARNINGS: usize = 10;
/// How often a host is tried again that never answered in this run.
const FEW: u32 = 3;

/// Sends requests to registries.
pub(crate) struct Requests {
    pub(crate) transport: Transport,
    pub(crate) retry: Retry,
    sources: (Vec<LoginSource>, Helpers),
    logins: OnceCell<Logins>,
    tokens: Tokens,
    /// The registries that speak without encryption.
    plain: Mutex<HashSet<String>>,
    /// Whether a registry asked to be left alone, so that less is asked at a time.
    is_throttled: AtomicBool,
    warnings: Mutex<HashSet<String>>,
    quotas: Mutex<HashSet<String>>,
    /// The hosts that answered in this run.
    answered: Mutex<HashSet<String>>,
}

/// What is asked of a registry.
#[derive(Clone)]
pub(crate) struct Ask<'a> {
    pub(crate) place: &'a Place,
    /// What follows `/v2/` and the repository, such as `manifests/latest`; a query may follow.
    pub(crate) path: String,
    pub(crate) accept: Option<&'static str>,
    /// The first and the last byte wanted.
    pub(crate) range: Option<(u64, u64)>,
    /// What is asked for, in words.
    pub(crate) what: String,
}

impl Requests {
    pub(crate) fn new(
        transport: Transport,
        retry: Retry,
        sources: (Vec<LoginSource>, Helpers),
    ) -> Self {
        Self {
            transport,
            retry,
            sources,
            logins: OnceCell::new(),
            tokens: Tokens::default(),
            plain: Mutex::default(),
            is_throttled: AtomicBool::new(false),
            warnings: Mutex::default(),
            quotas: Mutex::default(),
            answered: Mutex::default(),
        }
    }

    /// Returns the login for a place. The files are read when the first registry wants one.
    pub(crate) async fn login(&self, place: &Place) -> Result<Option<Login>, Error> {
        let read = || async { Logins::read(&self.sources.0, &self.sources.1) };
        let logins = self.logins.get_or_try_init(read).await?;
        logins.find(place, &*self.transport.program).await
    }

    /// Tells whether a registry asked to be left alone in this run. Who asks for one thing at a time need not know.
    #[cfg(not(target_family = "wasm"))]
    pub(crate) fn is_throttled(&self) -> bool {
        self.is_throttled.load(Ordering::Relaxed)
    }

    /// Asks a registry; returns any answer that the caller can use: a success, a part, 416.
    pub(crate) async fn ask(
        &self,
        ask: &Ask<'_>,
        attempts: &mut Attempts,
    ) -> Result<Arrived, Error> {
        let mut has_renewed = false;
        loop {
            let base = self.base(ask.place)?;
            let authorization = self.tokens.authorization(self, ask.place, &base).await?;
            let arrived = match self.once(ask, &base, &authorization).await {
                Ok(arrived) => arrived,
                Err(Lost::NoTls(reason)) => {
                    self.without_tls(ask.place, reason)?;
                    continue;
                }
                Err(lost) => {
                    self.pause(ask.place.authority(), lost, attempts).await?;
                    continue;
                }
            };
            locked(&self.answered).insert(ask.place.authority().to_owned());
            self.show_warnings(&arrived);
            let status = arrived.response.status;
            if status.is_success() || status == StatusCode::RANGE_NOT_SATISFIABLE {
                return Ok(arrived);
            }
            let sent = authorization.header.as_ref();
            let headers = arrived.response.headers.clone();
            if !arrived.is_elsewhere && !has_renewed {
                if status == StatusCode::UNAUTHORIZED
                    && self.demanded(ask.place, &base, &headers, sent).await?
                {
                    has_renewed = true;
                    continue;
                }
                // Some registries say otherwise that a token has expired.
                if let Some(sent) = sent
                    && matches!(status.as_u16(), 400 | 403)
                    && self.tokens.has_expired(ask.place, sent).await
                {
                    has_renewed = true;
                    continue;
                }
            }
            if refusal::is_passing(status) {
                self.pause_after(arrived, ask, authorization.had_login, attempts)
                    .await?;
                continue;
            }
            let had_login = authorization.had_login;
            return Err(refusal::of_answer(arrived, ask.place, had_login, &ask.what).await);
        }
    }

    async fn once(
        &self,
        ask: &Ask<'_>,
        base: &Url,
        authorization: &Authorization,
    ) -> Result<Arrived, Lost> {
        let path = format!("/v2/{}/{}", ask.place.path, ask.path);
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if let Some(accept) = ask.accept {
            headers.insert(ACCEPT, HeaderValue::from_static(accept));
        }
        if let Some((first, last)) = ask.range {
            let value = HeaderValue::try_from(format!("bytes={first}-{last}"));
            headers.insert(RANGE, value.expect("numbers can be sent"));
        }
        let request = Request {
            method: Method::GET,
            headers,
            authorization: authorization.header.clone(),
            form: None,
        };
        self.transport
            .follow(&self.origin(ask.place, base, &path), &request)
            .await
    }

    fn origin(&self, place: &Place, base: &Url, path: &str) -> Origin {
        let mut url = base.clone();
        let (path, query) = path
            .split_once('?')
            .map_or((path, None), |(path, query)| (path, Some(query)));
        url.set_path(path);
        url.set_query(query);
        Origin {
            url,
            host: place.host.clone(),
            is_insecure: place.is_insecure,
            is_guarded: false,
        }
    }

    /// Returns the root of a registry's addresses.
    pub(crate) fn base(&self, place: &Place) -> Result<Url, Error> {
        let is_plain = locked(&self.plain).contains(place.authority());
        let scheme = if is_plain { "http" } else { "https" };
        Url::parse(&format!("{scheme}://{}/", place.authority())).map_err(|_| Error::Unreachable {
            host: place.authority().to_owned(),
            reason: "it is no address of a registry".into(),
        })
    }

    /// Goes on without encryption, where that is allowed.
    fn without_tls(&self, place: &Place, reason: String) -> Result<(), Error> {
        let may = place.is_insecure || place.is_local();
        if may && locked(&self.plain).insert(place.authority().to_owned()) {
            return Ok(());
        }
        Err(Error::Unreachable {
            host: place.authority().to_owned(),
            reason: format!(
                "{reason}; a registry without encryption is only used {}",
                crate::machine::WITHOUT_ENCRYPTION
            ),
        })
    }

    /// Notes what a registry demands; tells whether there is something to try again with.
    async fn demanded(
        &self,
        place: &Place,
        base: &Url,
        headers: &HeaderMap,
        sent: Option<&HeaderValue>,
    ) -> Result<bool, Error> {
        let mut challenge = Challenge::of(headers);
        if challenge.as_ref().is_err_and(Vec::is_empty) {
            // Some registries say only at their root what they demand.
            let origin = self.origin(place, base, "/v2/");
            if let Ok(root) = self.transport.follow(&origin, &Request::default()).await {
                challenge = Challenge::of(&root.response.headers);
            }
        }
        match challenge {
            Ok(challenge) => {
                self.tokens.demand(place, challenge.clone(), sent).await;
                // A password is not sent a second time: that might lock an account.
                Ok(match challenge {
                    Challenge::Basic => sent.is_none() && self.login(place).await?.is_some(),
                    Challenge::Bearer { .. } => true,
                })
            }
            Err(schemes) if schemes.is_empty() => Ok(false),
            Err(schemes) => Err(Error::Unsupported(format!(
                "{} demands a login of a kind that is not supported: {}",
                place.authority(),
                one_line(&schemes.join(", "), 100)
            ))),
        }
    }

    /// Sends a request that needs no more than what it has, again after what passes.
    pub(crate) async fn persist(
        &self,
        origin: &Origin,
        request: &Request,
    ) -> Result<Arrived, Error> {
        let mut attempts = self.retry.attempts();
        let host = crate::transport::authority(&origin.url);
        loop {
            match self.transport.follow(origin, request).await {
                Ok(arrived) if refusal::is_passing(arrived.response.status) => {
                    let status = arrived.response.status;
                    let setback = self.setback(&arrived);
                    let reason = format!("it answers with status {status}");
                    if !self.wait(&host, &reason, setback, &mut attempts).await {
                        return Ok(arrived);
                    }
                }
                Ok(arrived) => {
                    locked(&self.answered).insert(host);
                    return Ok(arrived);
                }
                Err(lost) => self.pause(&host, lost, &mut attempts).await?,
            }
        }
    }

    /// Waits after an answer that may give way to another, or makes an error of it.
    async fn pause_after(
        &self,
        arrived: Arrived,
        ask: &Ask<'_>,
        had_login: bool,
        attempts: &mut Attempts,
    ) -> Result<(), Error> {
        let setback = self.setback(&arrived);
        let reason = match arrived.response.status {
            StatusCode::TOO_MANY_REQUESTS => match refusal::quota(&arrived.response.headers) {
                Some(quota) => format!("it allows no more requests for now ({quota})"),
                None => "it allows no more requests for now".to_owned(),
            },
            status => format!("it answers with status {status}"),
        };
        let host = arrived.host.clone();
        if self.wait(&host, &reason, setback, attempts).await {
            return Ok(());
        }
        Err(refusal::of_answer(arrived, ask.place, had_login, &ask.what).await)
    }

    fn setback(&self, arrived: &Arrived) -> Setback {
        if arrived.response.status == StatusCode::TOO_MANY_REQUESTS {
            self.is_throttled.store(true, Ordering::Relaxed);
        }
        refusal::setback(arrived.response.status, &arrived.response.headers)
    }

    /// Waits after no answer came, or makes an error of it.
    async fn pause(&self, host: &str, lost: Lost, attempts: &mut Attempts) -> Result<(), Error> {
        let mut most = self.retry.retries;
        let reason = match lost {
            Lost::Final(error) => return Err(error),
            Lost::Passing(reason) | Lost::NoTls(reason) => reason,
            Lost::Unconnected(reason) => {
                // A host that never answered may be none: its name may be misspelt.
                if !locked(&self.answered).contains(host) {
                    most = most.min(FEW);
                }
                reason
            }
        };
        let setback = Setback::default();
        if self
            .wait_up_to(most, host, &reason, setback, attempts)
            .await
        {
            return Ok(());
        }
        Err(Error::Unreachable {
            host: host.to_owned(),
            reason,
        })
    }

    /// Waits, and tells whether there is to be another attempt.
    pub(crate) async fn wait(
        &self,
        host: &str,
        reason: &str,
        setback: Setback,
        attempts: &mut Attempts,
    ) -> bool {
        let most = self.retry.retries;
        self.wait_up_to(most, host, reason, setback, attempts).await
    }

    async fn wait_up_to(
        &self,
        most: u32,
        host: &str,
        reason: &str,
        setback: Setback,
        attempts: &mut Attempts,
    ) -> bool {
        let delay = attempts.fail(setback);
        let Some(delay) = delay.filter(|_| attempts.failures() <= most) else {
            return false;
        };
        self.transport.program.notify(&format!(
            "{host}: {reason}; trying again in {:.1} s ({} of {})",
            delay.as_secs_f64(),
            attempts.failures(),
            most
        ));
        self.transport.wire.pause(delay).await;
        true
    }

    /// Shows each warning of a registry once, and that it will soon allow no more.
    fn show_warnings(&self, arrived: &Arrived) {
        let headers = &arrived.response.headers;
        for value in headers.get_all(WARNING) {
            let Some(text) = refusal::warning(value) else {
                continue;
            };
            let text = self.transport.secrets.hide(text);
            let mut shown = locked(&self.warnings);
            if shown.len() < MOST_WARNINGS && shown.insert(text.clone()) {
                self.transport
                    .program
                    .warn(&format!("{}: {text}", arrived.host));
            }
        }
        if let Some((left, limit)) = refusal::left(headers)
            && left.saturating_mul(10) < limit
            && locked(&self.quotas).insert(arrived.host.clone())
        {
            self.transport.program.warn(&format!(
                "{}: {left} of {limit} requests for manifests are left",
                arrived.host
            ));
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns the value of a header, if it is text.
pub(crate) fn header(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}
