//! One Keep service: a store that checks signatures, or a proxy that checks tokens.

use std::sync::Arc;

use bytes::Bytes;
use hyper::body::Incoming as Body;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};

use super::read::read;
use super::route::Route;
use super::upkeep;
use super::write::write;
use crate::api::{auth, health};
use crate::cluster::{Cluster, Service};
use crate::error::ApiError;
use crate::options::ServiceKind;
use crate::permission::Permissions;
use crate::server::body::{Answer, full};
use crate::server::request::token;
use crate::server::respond;

/// How many pieces of a block wait between the network and the disk.
pub(super) const QUEUE: usize = 16;

/// What a proxy says to those without a good token.
pub(super) const NO_ACCESS: &str =
    "Missing or invalid Authorization header, or method not allowed\n";

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
    let is_proxy = service.kind == ServiceKind::Proxy;
    let method = request.method().clone();
    match Route::find(service.kind, &method, &path) {
        Route::Options => text(StatusCode::OK, ""),
        Route::WrongMethod => text(StatusCode::METHOD_NOT_ALLOWED, ""),
        Route::Nowhere if is_proxy => text(StatusCode::BAD_REQUEST, "Bad request\n"),
        Route::Nowhere => text(StatusCode::BAD_REQUEST, "Bad Request\n"),
        Route::Write(locator) => write(cluster, &service, request, &locator, token).await,
        Route::Read(locator) => {
            if is_proxy && !may_read(&cluster, token.clone()).await {
                return text(StatusCode::FORBIDDEN, NO_ACCESS);
            }
            read(cluster, &service, locator, token, method == Method::HEAD).await
        }
        Route::Index(prefix) => {
            // Only a store looks at the query.
            let asked = request.uri().query().filter(|_| !is_proxy);
            let asked = asked.and_then(prefix_parameter);
            upkeep::index(cluster, &service, asked.unwrap_or(prefix), token).await
        }
        route => upkeep::administer(cluster, &service, route, token).await,
    }
}

/// The `prefix` parameter of a query.
fn prefix_parameter(query: &str) -> Option<String> {
    url::form_urlencoded::parse(query.as_bytes())
        .find(|(name, value)| name == "prefix" && !value.is_empty())
        .map(|(_, value)| value.into_owned())
}

/// Says whether a proxy reads for a token: whatever it allows, so that a token for one collection
/// reads the blocks of it.
async fn may_read(cluster: &Arc<Cluster>, token: Option<String>) -> bool {
    match permissions(cluster, token).await {
        Ok(_) => true,
        Err(error) => error.status() == StatusCode::FORBIDDEN,
    }
}

/// Finds out who presented a token, as far as a proxy asks.
pub(super) async fn permissions(
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
