//! Reads the parts of a request that both services need.

use hyper::header::{AUTHORIZATION, COOKIE, HeaderMap};

use crate::uuid;

/// The longest request id taken from a client.
const MAX_REQUEST_ID: usize = 1024;

/// Finds the token: `Authorization` (`Bearer`, `OAuth2`, both case-sensitive) or a cookie.
pub(crate) fn token(headers: &HeaderMap) -> Option<String> {
    let header = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    if let Some(header) = header {
        for scheme in ["Bearer ", "OAuth2 "] {
            if let Some(token) = header.strip_prefix(scheme) {
                let token = token.trim();
                return (!token.is_empty()).then(|| token.to_owned());
            }
        }
    }
    let cookies = headers.get(COOKIE).and_then(|value| value.to_str().ok())?;
    cookies
        .split(';')
        .find_map(|cookie| cookie.trim().strip_prefix("arvados_api_token="))
        .map(str::to_owned)
}

/// Returns the client's request id or makes one.
pub(crate) fn request_id(headers: &HeaderMap) -> String {
    headers
        .get("x-request-id")
        .and_then(|value| value.to_str().ok())
        .filter(|id| (1..=MAX_REQUEST_ID).contains(&id.len()))
        .map_or_else(|| format!("req-{}", uuid::random_text(20)), str::to_owned)
}
