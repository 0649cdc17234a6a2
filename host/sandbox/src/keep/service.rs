//! One Keep service: a store that checks signatures, or a proxy that checks tokens.

use std::sync::Arc;

use bytes::Bytes;
use hyper::body::Incoming as Body;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};

use super::index;
use super::read::read;
use super::write::write;
use crate::api::{auth, health};
use crate::cluster::{Cluster, Service};
use crate::error::ApiError;
use crate::manifest;
use crate::options::ServiceKind;
use crate::permission::Permissions;
use crate::server::body::{Answer, full};
use crate::server::request::token;
use crate::server::respond;

/// How many pieces of a block wait between the network and the disk.
pub(super) const QUEUE: usize = 16;

/// What a proxy says to those without a good token.
const NO_ACCESS: &str = "Missing or invalid Authorization header, or method not allowed\n";

/// Answers one request to a Keep service.
pub(crate) async fn answer(
    cluster: Arc<Cluster>,
    service: Service,
    request: Request<Body>,
) -> Response<Answer> {
    let token = token(request.headers());
    let path = request.uri().path().to_owned();
    if health::is_for(&path) {
        return respond(health::answer(&path, token.as_deref(), &cluster.settings));
    }
    let locator = path.trim_start_matches('/').to_owned();
    let is_proxy = service.kind == ServiceKind::Proxy;
    let method = request.method().clone();
    let is_block = manifest::is_locator(&locator);
    let prefix = index_prefix(&path);
    let is_route = match method {
        Method::OPTIONS => return text(StatusCode::OK, ""),
        Method::PUT => is_block,
        Method::GET | Method::HEAD => is_block || prefix.is_some(),
        Method::POST => is_proxy && locator.is_empty(),
        _ => false,
    };
    let user = permissions(&cluster, token.clone()).await;
    if !is_proxy && let Some(answer) = index::administer(&cluster, &service, &method, &path, &user)
    {
        return answer;
    }
    match method {
        _ if !is_route && is_proxy => text(StatusCode::METHOD_NOT_ALLOWED, ""),
        // A store lets nobody but the cluster itself touch and delete blocks.
        _ if !is_route && is_block && method != Method::POST => {
            text(StatusCode::FORBIDDEN, "Forbidden\n")
        }
        _ if !is_route => text(StatusCode::BAD_REQUEST, "Bad Request\n"),
        _ if is_proxy && user.is_err() => text(StatusCode::FORBIDDEN, NO_ACCESS),
        Method::PUT | Method::POST => write(cluster, &service, request, &locator, token).await,
        _ => match prefix {
            Some(prefix) => index::list(cluster, &service, &prefix, user.ok()).await,
            None => {
                let is_head = method == Method::HEAD;
                read(cluster, &service, locator, token, is_head).await
            }
        },
    }
}

/// What the hashes in an index shall begin with, if the path asks for an index.
fn index_prefix(path: &str) -> Option<String> {
    let rest = path.strip_prefix("/index")?;
    match rest.strip_prefix('/') {
        Some(prefix) => Some(prefix.to_owned()),
        None => rest.is_empty().then(String::new),
    }
}

/// Finds out who presented a token, as far as a proxy asks.
async fn permissions(
    cluster: &Arc<Cluster>,
    token: Option<String>,
) -> Result<Permissions, ApiError> {
    let cluster = Arc::clone(cluster);
    let check = move || {
        cluster.store.with(|connection| {
            auth::authenticate(
                connection,
                token.as_deref(),
                "GET",
                "/arvados/v1/users/current",
                cluster.clock.now(),
            )
            .map(|actor| actor.permissions)
        })
    };
    match tokio::task::spawn_blocking(check).await {
        Ok(found) => found,
        Err(error) => Err(ApiError::Internal(error.to_string())),
    }
}

pub(super) fn number(number: u64) -> HeaderValue {
    HeaderValue::from(number)
}

pub(super) fn text(status: StatusCode, text: &str) -> Response<Answer> {
    let mut response = Response::new(full(Bytes::copy_from_slice(text.as_bytes())));
    *response.status_mut() = status;
    if !text.is_empty() {
        response.headers_mut().insert(
            CONTENT_TYPE,
            HeaderValue::from_static("text/plain; charset=utf-8"),
        );
    }
    response
}
