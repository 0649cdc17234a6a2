//! One request over `wasi:http`, from its first byte to the last of the answer.

use std::io::{Read as _, Write as _};
use std::time::Duration;

use bytes::Bytes;
use keepdocker_arvados::http::header::{
    AUTHORIZATION, CONTENT_LENGTH, HeaderName, HeaderValue, USER_AGENT,
};
use keepdocker_arvados::http::{Answer, Failure, HeaderMap, Method, Patience, Request, StatusCode};
use keepdocker_wording::harmless::one_line;
use url::Url;
use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    ErrorCode, Fields, IncomingResponse, Method as WasiMethod, OutgoingBody, OutgoingRequest,
    RequestOptions, Scheme,
};

use super::failure::of_code;
use crate::settings::keeps_token_safe;

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// How long an answer may not move on.
const STALL_TIMEOUT: Duration = Duration::from_secs(120);
/// How this program calls itself.
const USER_AGENT_VALUE: &str = concat!("keepdocker-wasi/", env!("CARGO_PKG_VERSION"));
/// How many bytes are handed to the runtime at once.
const CHUNK: usize = 64 << 10;

/// Sends a request with the token and reads the answer, whose body may have `limit` bytes.
pub(super) fn exchange(
    request: Request,
    authorization: &str,
    limit: usize,
) -> Result<Answer, Failure> {
    // Every request has the token, whoever named the address: the user, or the cluster.
    if !keeps_token_safe(&request.url) {
        return Err(Failure::Final(
            "its address is without TLS and not of this machine, so the token would travel in the \
             open; name an address with TLS in ARVADOS_KEEP_SERVICES"
                .to_owned(),
        ));
    }
    let (Patience::Overall(answer) | Patience::Moving { answer, .. }) = request.patience;
    let limits = Limits {
        connect: CONNECT_TIMEOUT,
        answer,
        stall: STALL_TIMEOUT,
    };
    let mut headers = of_map(&request.headers);
    headers.extend([
        owned(AUTHORIZATION.as_str(), authorization.as_bytes()),
        owned("x-request-id", request.id.as_str().as_bytes()),
    ]);
    let outgoing = Outgoing {
        method: &request.method,
        url: &request.url,
        headers,
        body: &request.body.bytes,
    };
    let response = begin(outgoing, limits).map_err(Unanswered::failure)?;
    read(&response, limit)
}

/// A request, as a runtime takes it.
pub(super) struct Outgoing<'a> {
    pub(super) method: &'a Method,
    pub(super) url: &'a Url,
    pub(super) headers: Vec<(String, Vec<u8>)>,
    pub(super) body: &'a Bytes,
}

/// How long a runtime may wait for a server.
pub(super) struct Limits {
    pub(super) connect: Duration,
    pub(super) answer: Duration,
    pub(super) stall: Duration,
}

/// Why an answer did not begin.
pub(super) enum Unanswered {
    /// The runtime says so.
    Code(ErrorCode),
    /// It was not asked, or said nothing.
    Failed(Failure),
}

impl Unanswered {
    /// Sorts it.
    pub(super) fn failure(self) -> Failure {
        match self {
            Self::Code(code) => of_code(code),
            Self::Failed(failure) => failure,
        }
    }
}

/// Sends a request, and waits for the beginning of the answer.
pub(super) fn begin(
    mut request: Outgoing<'_>,
    limits: Limits,
) -> Result<IncomingResponse, Unanswered> {
    let length = request.body.len();
    if length > 0 {
        let length = length.to_string();
        request
            .headers
            .push(owned(CONTENT_LENGTH.as_str(), length.as_bytes()));
    }
    request
        .headers
        .push(owned(USER_AGENT.as_str(), USER_AGENT_VALUE.as_bytes()));
    let outgoing = outgoing(&request).map_err(Unanswered::Failed)?;
    let outgoing_body = outgoing.body().map_err(|()| {
        Unanswered::Failed(Failure::NotSent("the runtime takes no body".to_owned()))
    })?;
    let coming =
        outgoing_handler::handle(outgoing, Some(options(&limits))).map_err(Unanswered::Code)?;
    // A server may answer before it has taken everything; what it says counts, not the broken pipe.
    let written = write(outgoing_body, request.body);
    coming.subscribe().block();
    match coming.get() {
        Some(Ok(Ok(response))) => Ok(response),
        Some(Ok(Err(code))) => Err(Unanswered::Code(code)),
        Some(Err(())) | None => {
            written.map_err(Unanswered::Failed)?;
            let silent = "the runtime gave no answer".to_owned();
            Err(Unanswered::Failed(Failure::NoAnswer(silent)))
        }
    }
}

/// Returns headers as a runtime takes them.
pub(super) fn of_map(headers: &HeaderMap) -> Vec<(String, Vec<u8>)> {
    let headers = headers.iter();
    headers
        .map(|(name, value)| owned(name.as_str(), value.as_bytes()))
        .collect()
}

/// Returns status and headers of an answer.
pub(super) fn head(response: &IncomingResponse) -> Result<(StatusCode, HeaderMap), Failure> {
    let status = StatusCode::from_u16(response.status())
        .map_err(|_| Failure::NoAnswer("the answer's status is not a number".to_owned()))?;
    let mut headers = HeaderMap::new();
    for (name, value) in response.headers().entries() {
        // What the library does not take for a header is of no use to anybody here.
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.append(name, value);
        }
    }
    Ok((status, headers))
}

fn owned(name: &str, value: &[u8]) -> (String, Vec<u8>) {
    (name.to_owned(), value.to_vec())
}

fn outgoing(request: &Outgoing<'_>) -> Result<OutgoingRequest, Failure> {
    let unfit = |what: &str| Failure::NotSent(format!("the runtime takes no such {what}"));
    let fields = Fields::from_list(&request.headers).map_err(|_| unfit("header"))?;
    let outgoing = OutgoingRequest::new(fields);
    let method = match *request.method {
        Method::GET => WasiMethod::Get,
        Method::HEAD => WasiMethod::Head,
        Method::POST => WasiMethod::Post,
        Method::PUT => WasiMethod::Put,
        ref other => WasiMethod::Other(other.to_string()),
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

fn options(limits: &Limits) -> RequestOptions {
    let nanoseconds = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    let options = RequestOptions::new();
    // A runtime that knows no limits has its own; to go on without ours is right.
    let _ = options.set_connect_timeout(Some(nanoseconds(limits.connect)));
    let _ = options.set_first_byte_timeout(Some(nanoseconds(limits.answer)));
    let _ = options.set_between_bytes_timeout(Some(nanoseconds(limits.stall)));
    options
}

fn write(outgoing: OutgoingBody, body: &Bytes) -> Result<(), Failure> {
    let failed = |reason: String| Failure::NoAnswer(one_line(&reason, 200));
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
    let (status, headers) = head(response)?;
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
