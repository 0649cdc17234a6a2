//! One request over `wasi:http`, from its first byte to the last of the answer.

use std::io::{Read as _, Write as _};
use std::time::Duration;

use bytes::Bytes;
use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    Fields, IncomingResponse, Method as WasiMethod, OutgoingBody, OutgoingRequest, RequestOptions,
    Scheme,
};

use crate::settings::keeps_token_safe;

use super::failure::of_code;
use super::{Answer, Failure, HeaderMap, Method, RequestBuilder, StatusCode};

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a server may take to begin its answer, unless the caller says otherwise.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(300);
/// How long an answer may not move on.
const STALL_TIMEOUT: Duration = Duration::from_secs(120);
/// How many bytes are handed to the runtime at once.
const CHUNK: usize = 64 << 10;

/// Sends a request and reads the answer, whose body may have `limit` bytes.
pub(super) fn exchange(request: RequestBuilder, limit: usize) -> Result<Answer, Failure> {
    // Every request has the token, whoever named the address: the user, or the cluster.
    if !keeps_token_safe(&request.url) {
        return Err(Failure::Final(
            "its address is without TLS and not of this machine, so the token would travel in the \
             open; name an address with TLS in ARVADOS_KEEP_SERVICES"
                .to_owned(),
        ));
    }
    let body = request.body.clone();
    let options = options(&request);
    let outgoing = outgoing(request)?;
    let outgoing_body = outgoing
        .body()
        .map_err(|()| Failure::NotSent("the runtime takes no body".to_owned()))?;
    let coming = outgoing_handler::handle(outgoing, Some(options)).map_err(of_code)?;
    // A server may answer before it has taken everything; what it says counts, not the broken pipe.
    let written = write(outgoing_body, &body);
    coming.subscribe().block();
    match coming.get() {
        Some(Ok(Ok(response))) => read(&response, limit),
        Some(Ok(Err(code))) => Err(of_code(code)),
        Some(Err(())) | None => {
            written?;
            Err(Failure::NoAnswer("the runtime gave no answer".to_owned()))
        }
    }
}

fn outgoing(request: RequestBuilder) -> Result<OutgoingRequest, Failure> {
    let unfit = |what: &str| Failure::NotSent(format!("the runtime takes no such {what}"));
    let mut headers = request.headers;
    if !request.body.is_empty() {
        let length = request.body.len().to_string();
        headers.push(("content-length".to_owned(), length.into_bytes()));
    }
    let fields = Fields::from_list(&headers).map_err(|_| unfit("header"))?;
    let outgoing = OutgoingRequest::new(fields);
    let method = match request.method {
        Method::GET => WasiMethod::Get,
        Method::HEAD => WasiMethod::Head,
        Method::POST => WasiMethod::Post,
        Method::PUT => WasiMethod::Put,
        other => WasiMethod::Other(other.to_string()),
    };
    let scheme = match request.url.scheme() {
        "http" => Scheme::Http,
        _ => Scheme::Https,
    };
    let path = match request.url.query() {
        Some(query) => format!("{}?{query}", request.url.path()),
        None => request.url.path().to_owned(),
    };
    outgoing.set_method(&method).map_err(|()| unfit("method"))?;
    outgoing
        .set_scheme(Some(&scheme))
        .map_err(|()| unfit("scheme"))?;
    outgoing
        .set_authority(Some(request.url.authority()))
        .map_err(|()| unfit("host"))?;
    outgoing
        .set_path_with_query(Some(&path))
        .map_err(|()| unfit("path"))?;
    Ok(outgoing)
}

fn options(request: &RequestBuilder) -> RequestOptions {
    let nanoseconds = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    let options = RequestOptions::new();
    // A runtime that knows no limits has its own; to go on without ours is right.
    let _ = options.set_connect_timeout(Some(nanoseconds(CONNECT_TIMEOUT)));
    let answer = request.timeout.unwrap_or(ANSWER_TIMEOUT);
    let _ = options.set_first_byte_timeout(Some(nanoseconds(answer)));
    let _ = options.set_between_bytes_timeout(Some(nanoseconds(STALL_TIMEOUT)));
    options
}

fn write(outgoing: OutgoingBody, body: &Bytes) -> Result<(), Failure> {
    let failed = |reason: String| Failure::NoAnswer(crate::harmless::one_line(&reason, 200));
    if !body.is_empty() {
        let mut stream = outgoing
            .write()
            .map_err(|()| failed("the runtime takes no body".to_owned()))?;
        for chunk in body.chunks(CHUNK) {
            stream
                .write_all(chunk)
                .map_err(|error| failed(error.to_string()))?;
        }
        stream.flush().map_err(|error| failed(error.to_string()))?;
    }
    OutgoingBody::finish(outgoing, None).map_err(of_code)
}

fn read(response: &IncomingResponse, limit: usize) -> Result<Answer, Failure> {
    let status = StatusCode::from_u16(response.status())
        .map_err(|_| Failure::NoAnswer("the answer's status is no number".to_owned()))?;
    let mut headers = HeaderMap::new();
    for (name, value) in response.headers().entries() {
        // What the library does not take for a header is of no use to anybody here.
        if let (Ok(name), Ok(value)) = (
            ::http::HeaderName::try_from(name),
            ::http::HeaderValue::try_from(value),
        ) {
            headers.append(name, value);
        }
    }
    let broken = || Failure::NoAnswer("the answer broke off".to_owned());
    let incoming = response.consume().map_err(|()| broken())?;
    let stream = incoming.stream().map_err(|()| broken())?;
    let mut body = Vec::new();
    stream
        .take(limit as u64 + 1)
        .read_to_end(&mut body)
        .map_err(|_| broken())?;
    if body.len() > limit {
        return Err(Failure::TooLarge { limit });
    }
    Ok(Answer {
        status,
        headers,
        body: body.into(),
    })
}
