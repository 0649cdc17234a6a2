//! Says that a service is well, to those who know the management token.

use hyper::StatusCode;
use serde_json::json;

use super::Reply;
use crate::options::Settings;

/// Answers a request below `/_health/`, or for the metrics, which the sandbox does not keep.
pub(crate) fn answer(path: &str, token: Option<&str>, settings: &Settings) -> Reply {
    match path {
        "/_health/ping" => ping(token, settings),
        "/metrics" => match (token, &settings.management_token) {
            (None, _) => Reply::text(StatusCode::UNAUTHORIZED, "Unauthorized\n"),
            (Some(token), Some(expected)) if token == expected => Reply::text(
                StatusCode::NOT_IMPLEMENTED,
                "the sandbox does not keep metrics\n",
            ),
            _ => Reply::text(StatusCode::FORBIDDEN, "Forbidden\n"),
        },
        _ => Reply::text(StatusCode::NOT_FOUND, "404 page not found\n"),
    }
}

/// Says whether a path is one of these.
pub(crate) fn is_for(path: &str) -> bool {
    path == "/metrics" || path.starts_with("/_health/")
}

fn ping(token: Option<&str>, settings: &Settings) -> Reply {
    match (token, &settings.management_token) {
        (None, _) => Reply::text(StatusCode::UNAUTHORIZED, "authorization required\n"),
        (Some(token), Some(expected)) if token == expected => {
            Reply::json(StatusCode::OK, &json!({"health": "OK"}))
        }
        _ => Reply::text(StatusCode::FORBIDDEN, "authorization error\n"),
    }
}
