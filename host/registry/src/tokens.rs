//! Tokens for registries: fetched once for all who wait, renewed before they expire.

use std::collections::HashMap;
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::{Duration, Instant};

use http::Method;
use http::header::{HeaderMap, HeaderValue};
use serde::Deserialize;
use tokio::sync::Mutex;
use url::Url;
use url::form_urlencoded::Serializer;

use crate::addresses::{login_in, objection};
use crate::challenge::Challenge;
use crate::error::Error;
use crate::login::Login;
use crate::place::Place;
use crate::refusal;
use crate::requests::Requests;
use crate::transport::{Arrived, Origin, Request, authority, is_same_server};

/// The longest answer of a server of tokens.
const LONGEST: usize = 1 << 20;
/// How long a token lasts where nothing is said, and at least.
const SHORTEST_LIFE: Duration = Duration::from_secs(60);
/// How long before its end a token is no longer used.
const MARGIN: Duration = Duration::from_secs(10);
/// How this program calls itself at servers of tokens.
const CLIENT: &str = "keepdocker";

/// What is known of tokens.
#[derive(Default)]
pub(crate) struct Tokens {
    /// What was demanded for a repository.
    demands: StdMutex<HashMap<(String, String), Challenge>>,
    tokens: StdMutex<HashMap<(String, Challenge), Cell>>,
    /// Tokens of persons that took the place of those in the files.
    identities: StdMutex<HashMap<(String, String), String>>,
}

/// A token that all share who need it, and that one of them fetches.
type Cell = Arc<Mutex<Option<Token>>>;

/// A token.
#[derive(Clone)]
struct Token {
    header: HeaderValue,
    expires: Instant,
}

/// What goes with a request, and whether a login stands behind it.
#[derive(Clone, Default)]
pub(crate) struct Authorization {
    pub(crate) header: Option<HeaderValue>,
    pub(crate) had_login: bool,
}

/// What a server of tokens answers.
#[derive(Deserialize)]
struct Answer {
    token: Option<String>,
    access_token: Option<String>,
    expires_in: Option<f64>,
    refresh_token: Option<String>,
}

impl Tokens {
    /// Notes what a registry demands for a repository, and forgets the token that it did not accept.
    pub(crate) async fn demand(
        &self,
        place: &Place,
        challenge: Challenge,
        refused: Option<&HeaderValue>,
    ) {
        let cell = self.cell(place, &challenge);
        let mut token = cell.lock().await;
        // Another one may have renewed it meanwhile.
        if token.as_ref().map(|token| &token.header) == refused {
            *token = None;
        }
        locked(&self.demands).insert((place.host.clone(), place.path.clone()), challenge);
    }

    fn cell(&self, place: &Place, challenge: &Challenge) -> Cell {
        let key = (place.host.clone(), challenge.clone());
        locked(&self.tokens).entry(key).or_default().clone()
    }

    /// Returns what to send to a registry of which `base` is the address.
    pub(crate) async fn authorization(
        &self,
        requests: &Requests,
        place: &Place,
        base: &Url,
    ) -> Result<Authorization, Error> {
        let demanded = locked(&self.demands)
            .get(&(place.host.clone(), place.path.clone()))
            .cloned();
        let Some(challenge) = demanded else {
            return Ok(Authorization::default());
        };
        let login = requests.login(place).await?;
        let had_login = login.is_some();
        let (realm, service, scope) = match (&challenge, &login) {
            (_, Some(Login::Registry(token))) => {
                return Ok(Authorization {
                    header: Some(bearer(base, token)?),
                    had_login,
                });
            }
            (Challenge::Basic, login) => {
                let header = login
                    .as_ref()
                    .and_then(Login::basic)
                    .map(|text| sensitive(base, &text))
                    .transpose()?;
                return Ok(Authorization { header, had_login });
            }
            (
                Challenge::Bearer {
                    realm,
                    service,
                    scope,
                },
                _,
            ) => (realm, service, scope),
        };
        let cell = self.cell(place, &challenge);
        // Who comes next waits here, and finds the token.
        let mut token = cell.lock().await;
        if let Some(token) = token
            .as_ref()
            .filter(|token| Instant::now() + MARGIN < token.expires)
        {
            return Ok(Authorization {
                header: Some(token.header.clone()),
                had_login,
            });
        }
        let asking = Asking {
            tokens: self,
            requests,
            place,
            base,
            realm: &realm_address(base, realm)?,
            service: service.as_deref(),
            scope: scope
                .clone()
                .unwrap_or_else(|| format!("repository:{}:pull", place.path)),
        };
        let fetched = asking.fetch(login.as_ref()).await?;
        let header = fetched.header.clone();
        *token = Some(fetched);
        Ok(Authorization {
            header: Some(header),
            had_login,
        })
    }

    /// Tells whether the token that was sent has expired meanwhile.
    pub(crate) async fn has_expired(&self, place: &Place, sent: &HeaderValue) -> bool {
        let demanded = locked(&self.demands)
            .get(&(place.host.clone(), place.path.clone()))
            .cloned();
        let Some(challenge) = demanded else {
            return false;
        };
        let cell = self.cell(place, &challenge);
        let mut token = cell.lock().await;
        let is_old = token
            .as_ref()
            .is_some_and(|token| token.header == *sent && token.expires <= Instant::now() + MARGIN);
        if is_old {
            *token = None;
        }
        is_old
    }
}

/// One request for a token.
struct Asking<'a> {
    tokens: &'a Tokens,
    requests: &'a Requests,
    place: &'a Place,
    base: &'a Url,
    realm: &'a Url,
    service: Option<&'a str>,
    scope: String,
}

impl Asking<'_> {
    async fn fetch(&self, login: Option<&Login>) -> Result<Token, Error> {
        if let Some(Login::Identity(token)) = login {
            let key = (
                self.realm.to_string(),
                self.service.unwrap_or_default().to_owned(),
            );
            let newer = locked(&self.tokens.identities).get(&key).cloned();
            let token = newer.as_ref().unwrap_or(token);
            let arrived = self.send(&self.by_identity(token)).await?;
            // Not all servers of tokens know this way.
            if !matches!(arrived.response.status.as_u16(), 400 | 401 | 404 | 405) {
                return self.token(arrived, true, Some(key)).await;
            }
            let basic = Login::Password {
                user: String::new(),
                password: token.clone(),
            };
            let arrived = self.send(&self.by_query(Some(&basic))?).await?;
            return self.token(arrived, true, Some(key)).await;
        }
        let arrived = self.send(&self.by_query(login)?).await?;
        self.token(arrived, login.is_some(), None).await
    }

    fn by_query(&self, login: Option<&Login>) -> Result<(Url, Request), Error> {
        let mut url = self.realm.clone();
        {
            let mut query = url.query_pairs_mut();
            if let Some(service) = self.service {
                query.append_pair("service", service);
            }
            query.append_pair("scope", &self.scope);
            if let Some(Login::Password { user, .. }) = login
                && !user.is_empty()
            {
                query.append_pair("account", user);
            }
        }
        let authorization = login
            .and_then(Login::basic)
            .map(|text| sensitive(self.base, &text))
            .transpose()?;
        let request = Request {
            method: Method::GET,
            authorization,
            ..Request::default()
        };
        Ok((url, request))
    }

    fn by_identity(&self, token: &str) -> (Url, Request) {
        let mut form = Serializer::new(String::new());
        form.append_pair("grant_type", "refresh_token")
            .append_pair("refresh_token", token)
            .append_pair("client_id", CLIENT)
            .append_pair("scope", &self.scope);
        if let Some(service) = self.service {
            form.append_pair("service", service);
        }
        let request = Request {
            method: Method::POST,
            form: Some(form.finish()),
            headers: HeaderMap::new(),
            authorization: None,
        };
        (self.realm.clone(), request)
    }

    async fn send(&self, (url, request): &(Url, Request)) -> Result<Arrived, Error> {
        let origin = Origin {
            host: authority(url),
            url: url.clone(),
            is_insecure: self.place.is_insecure && is_same_server(self.base, url),
            is_guarded: !is_same_server(self.base, url)
                && !self.base.host_str().is_some_and(crate::place::is_local),
        };
        self.requests.persist(&origin, request).await
    }

    async fn token(
        &self,
        arrived: Arrived,
        had_login: bool,
        identity: Option<(String, String)>,
    ) -> Result<Token, Error> {
        let host = arrived.host.clone();
        let nonsense = |what: &str| Error::Nonsense {
            host: host.clone(),
            what: format!("a request for a token with {what}"),
        };
        let status = arrived.response.status;
        if !status.is_success() {
            return Err(refusal::of_answer(arrived, self.place, had_login, "token").await);
        }
        let body = self.requests.body(arrived.response, LONGEST).await;
        let body = body.map_err(|reason| Error::Unreachable {
            host: host.clone(),
            reason,
        })?;
        let answer: Answer =
            serde_json::from_slice(&body).map_err(|_| nonsense("what is no JSON of a token"))?;
        let text = [answer.token, answer.access_token]
            .into_iter()
            .flatten()
            .find(|token| !token.is_empty())
            .ok_or_else(|| nonsense("no token"))?;
        if let (Some(key), Some(newer)) = (identity, answer.refresh_token) {
            locked(&self.tokens.identities).insert(key, newer);
        }
        let life = answer
            .expires_in
            .filter(|life| life.is_finite() && *life > 0.0);
        let life = life.map_or(SHORTEST_LIFE, |life| Duration::from_secs_f64(life.min(1e6)));
        Ok(Token {
            header: bearer(self.base, &text)?,
            expires: Instant::now() + life.max(SHORTEST_LIFE),
        })
    }
}

/// Reads the address of a server of tokens, to which a registry may lead like a redirect.
fn realm_address(base: &Url, realm: &str) -> Result<Url, Error> {
    let withheld = |reason: &str| Error::Withheld {
        host: authority(base),
        reason: format!("its server of tokens is not asked, as {reason}"),
    };
    let url = Url::parse(realm).map_err(|_| withheld("it has no address"))?;
    let reason = match is_same_server(base, &url) {
        true => login_in(&url),
        false => objection(base, &url),
    };
    reason.map_or(Ok(url), |reason| Err(withheld(reason)))
}

fn bearer(base: &Url, token: &str) -> Result<HeaderValue, Error> {
    sensitive(base, &format!("Bearer {token}"))
}

fn sensitive(base: &Url, text: &str) -> Result<HeaderValue, Error> {
    let mut value = HeaderValue::try_from(text).map_err(|_| Error::Nonsense {
        host: authority(base),
        what: "a token or login with characters that cannot be sent".into(),
    })?;
    value.set_sensitive(true);
    Ok(value)
}

fn locked<T>(mutex: &StdMutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
