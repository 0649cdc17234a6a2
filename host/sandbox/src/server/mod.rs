//! Serves the API and the Keep services over HTTP/1.1.

pub(crate) mod body;
#[cfg(feature = "testing")]
mod interference;
pub(crate) mod request;

#[cfg(not(feature = "testing"))]
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming as Body;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

use crate::api::{self, Incoming, Reply};
use crate::cluster::{Cluster, Service};
use crate::keep;
use body::{Answer, full};

/// How long a client may take to say the first word of TLS or the header of a request.
const PATIENCE: Duration = Duration::from_secs(60);

/// The most bytes in the header of a request, a long query included.
const MAX_HEADER: usize = 512 << 10;

/// What listens at an address.
#[derive(Debug, Clone)]
pub(crate) enum Role {
    /// The API.
    Api,
    /// A Keep service.
    Keep(Service),
}

/// Accepts connections until told to stop.
pub(crate) fn serve(
    cluster: Arc<Cluster>,
    role: Role,
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    mut stop: watch::Receiver<bool>,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut connections = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                _ = stop.changed() => break,
            };
            // A client that gave up while it waited is no reason to stop.
            let Ok((stream, _)) = accepted else { continue };
            connections.spawn(connect(
                Arc::clone(&cluster),
                role.clone(),
                stream,
                tls.clone(),
            ));
            while connections.try_join_next().is_some() {}
        }
        connections.shutdown().await;
    })
}

async fn connect(cluster: Arc<Cluster>, role: Role, stream: TcpStream, tls: Option<TlsAcceptor>) {
    // Small answers should not wait for more to send; without this they still arrive.
    let _ = stream.set_nodelay(true);
    match tls {
        None => converse(cluster, role, stream).await,
        #[cfg(feature = "testing")]
        Some(_) if cluster.faults.take_handshake() => {}
        Some(tls) => {
            if let Ok(Ok(stream)) = tokio::time::timeout(PATIENCE, tls.accept(stream)).await {
                converse(cluster, role, stream).await;
            }
        }
    }
}

/// Answers the requests of one connection.
async fn converse(
    cluster: Arc<Cluster>,
    role: Role,
    stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
) {
    let service = service_fn(move |request| {
        let (cluster, role) = (Arc::clone(&cluster), role.clone());
        async move {
            let id = request::request_id(request.headers());
            #[cfg(feature = "testing")]
            let answered = interference::answer(cluster, role, request, &id).await;
            #[cfg(not(feature = "testing"))]
            let answered = Ok::<_, Infallible>(answer(cluster, role, request, &id).await);
            answered
        }
    });
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .max_buf_size(MAX_HEADER);
    // Connections end as the client wants, or a test; there is nobody to tell.
    let _ = http.serve_connection(TokioIo::new(stream), service).await;
}

/// Answers one request.
async fn answer(
    cluster: Arc<Cluster>,
    role: Role,
    request: Request<Body>,
    request_id: &str,
) -> Response<Answer> {
    let is_keep = matches!(role, Role::Keep(_));
    let response = match role {
        Role::Api => answer_api(&cluster, request, request_id).await,
        Role::Keep(service) => keep::service::answer(cluster, service, request).await,
    };
    finish(response, request_id, is_keep)
}

/// Adds the headers that every answer has.
fn finish(mut response: Response<Answer>, request_id: &str, is_keep: bool) -> Response<Answer> {
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert("x-request-id", id);
    }
    let methods = if is_keep {
        "GET, HEAD, OPTIONS, POST, PUT"
    } else {
        "GET, HEAD, OPTIONS, PROPFIND, PUT, POST, PATCH, DELETE"
    };
    headers.insert("access-control-allow-origin", HeaderValue::from_static("*"));
    headers.insert(
        "access-control-allow-methods",
        HeaderValue::from_static(methods),
    );
    headers.insert(
        "access-control-allow-headers",
        HeaderValue::from_static("Authorization, Content-Type, Range, X-Http-Method-Override"),
    );
    headers.insert(
        "access-control-max-age",
        HeaderValue::from_static("86486400"),
    );
    response
}

async fn answer_api(
    cluster: &Arc<Cluster>,
    request: Request<Body>,
    request_id: &str,
) -> Response<Answer> {
    match incoming(cluster, request, request_id).await {
        Ok(incoming) => perform(cluster, incoming).await,
        Err(refusal) => respond(refusal),
    }
}

/// Reads a request to its end.
async fn incoming(
    cluster: &Arc<Cluster>,
    request: Request<Body>,
    request_id: &str,
) -> Result<Incoming, Reply> {
    let (parts, body) = request.into_parts();
    let limit = usize::try_from(cluster.settings.max_request_size).unwrap_or(usize::MAX);
    let body = match Limited::new(body, limit).collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => {
            return Err(Reply {
                status: StatusCode::BAD_REQUEST,
                content_type: Some("application/json"),
                headers: Vec::new(),
                body: b"{\"errors\":[\"http: request body too large\"]}\n".to_vec(),
            });
        }
    };
    let text = |name: &str| {
        parts
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned)
    };
    Ok(Incoming {
        method: parts.method.as_str().to_owned(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        content_type: text("content-type"),
        method_override: text("x-http-method-override"),
        token: request::token(&parts.headers),
        is_external: text("x-external-client").as_deref() == Some("1"),
        request_id: request_id.to_owned(),
        body: body.into(),
    })
}

/// Does what a request asks for.
async fn perform(cluster: &Arc<Cluster>, incoming: Incoming) -> Response<Answer> {
    let cluster = Arc::clone(cluster);
    match tokio::task::spawn_blocking(move || api::answer(&cluster, &incoming)).await {
        Ok(reply) => respond(reply),
        Err(error) => respond(Reply {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            content_type: Some("application/json"),
            headers: Vec::new(),
            body: serde_json::json!({ "errors": [format!("sandbox: {error}")] })
                .to_string()
                .into_bytes(),
        }),
    }
}

pub(crate) fn respond(reply: Reply) -> Response<Answer> {
    let mut response = Response::new(full(reply.body.into()));
    *response.status_mut() = reply.status;
    if let Some(kind) = reply.content_type {
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    for (name, value) in reply.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response
                .headers_mut()
                .insert(HeaderName::from_static(name), value);
        }
    }
    response
}
