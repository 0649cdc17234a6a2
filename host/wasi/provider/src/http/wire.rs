//! Requests to registries, without the cluster's token.

use std::future::ready;
use std::io::Read as _;
use std::time::Duration;

use bytes::Bytes;
use keepdocker_arvados::http::Failure;
use keepdocker_registry::{Body, Error, Later, Lost, Response, Sending, Wire};
use wasip2::http::types::{ErrorCode, IncomingBody, IncomingResponse};
use wasip2::io::streams::InputStream;

use super::send::{self, Limits, Outgoing, Unanswered};

/// How many bytes are taken from the runtime at once.
const CHUNK: usize = 64 << 10;

/// The runtime's connections. What a name resolves to, and which certificates are trusted, is the runtime's affair.
pub(crate) struct Connections;

impl Wire for Connections {
    fn send(&self, request: Sending) -> Later<'_, Result<Response, Lost>> {
        Box::pin(ready(exchange(&request)))
    }

    fn pause(&self, delay: Duration) -> Later<'_, ()> {
        std::thread::sleep(delay);
        Box::pin(ready(()))
    }
}

fn exchange(request: &Sending) -> Result<Response, Lost> {
    let timing = request.timing;
    let limits = Limits {
        connect: timing.connect,
        answer: timing.answer,
        stall: timing.stall,
    };
    let outgoing = Outgoing {
        method: &request.method,
        url: &request.url,
        headers: send::of_map(&request.headers),
        body: &request.body,
    };
    let response = send::begin(outgoing, limits).map_err(|unanswered| lost(request, unanswered))?;
    let (status, headers) =
        send::head(&response).map_err(|failure| Lost::Passing(failure.to_string()))?;
    Ok(Response {
        status,
        headers,
        body: Box::new(Coming {
            stream: None,
            body: None,
            response,
        }),
    })
}

/// Sorts why no answer came.
fn lost(request: &Sending, unanswered: Unanswered) -> Lost {
    // A certificate that is not trusted is no lack of TLS; a runtime may call both by the one code that stays.
    let may_lack_tls = matches!(unanswered, Unanswered::Code(ErrorCode::TlsProtocolError));
    match unanswered.failure() {
        failure if may_lack_tls && request.url.scheme() == "https" => {
            Lost::NoTls(failure.to_string())
        }
        Failure::Final(reason) => Lost::Final(Error::Unreachable {
            host: request.url.authority().to_owned(),
            reason,
        }),
        failure @ Failure::NotSent(_) => Lost::Unconnected(failure.to_string()),
        failure => Lost::Passing(failure.to_string()),
    }
}

/// The rest of an answer. What is dropped first belongs to what follows.
struct Coming {
    stream: Option<InputStream>,
    body: Option<IncomingBody>,
    response: IncomingResponse,
}

impl Coming {
    fn read(&mut self) -> Result<Option<Bytes>, String> {
        let broken = || "the answer broke off".to_owned();
        if self.stream.is_none() {
            let body = self.response.consume().map_err(|()| broken())?;
            self.stream = Some(body.stream().map_err(|()| broken())?);
            self.body = Some(body);
        }
        let Some(stream) = &mut self.stream else {
            return Ok(None);
        };
        let mut piece = vec![0; CHUNK];
        let count = stream.read(&mut piece).map_err(|_| broken())?;
        piece.truncate(count);
        Ok((count > 0).then(|| piece.into()))
    }
}

impl Body for Coming {
    /// The runtime bounds the wait, by what the request said.
    fn chunk(&mut self, _: Duration) -> Later<'_, Result<Option<Bytes>, String>> {
        Box::pin(ready(self.read()))
    }
}
