//! Asks for a container with every term that the API service was asked to find an image for.

use std::path::Path;

use keepdocker_sandbox::Sandbox;
use serde_json::{Value, json};

use crate::suite::Suite;
use keepdocker_bare_client as client;

/// Compares, for each set of accepted formats, user and term, the image of the container with the
/// first one found then.
///
/// # Panics
///
/// Panics if another image is taken, or one where there was none.
pub(crate) async fn are_found_as_recorded(suite: &Suite, dir: &Path) {
    let text = std::fs::read(suite.golden.join("find_all_for_docker_image.json")).unwrap();
    let cases: Vec<Value> = serde_json::from_slice(&text).unwrap();
    let mut compared = 0;
    let mut failures = Vec::new();
    for formats in [vec!["v1", "v2"], vec!["v1"], vec!["v2"]] {
        let mut suite = suite.clone();
        suite.options.docker_image_formats = formats.iter().map(ToString::to_string).collect();
        let sandbox = suite.cluster(&dir.join(formats.join("-"))).await;
        for case in cases
            .iter()
            .filter(|case| case["formats"] == json!(formats))
        {
            let Some(term) = term(case) else { continue };
            let user = case["user"].as_str().unwrap();
            let found = resolve(&sandbox, &token(&suite, user), &term).await;
            // Several are found there; a container takes the first.
            let expected = case["result"][0]["pdh"].as_str().map(str::to_owned);
            if found != expected {
                failures.push(format!("{case}: {found:?}"));
            }
            compared += 1;
        }
        sandbox.shutdown().await;
    }
    println!(
        "conformance of images: {compared} of {} terms are asked for",
        cases.len()
    );
    assert!(compared > 150, "{compared}");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// The one text that was searched; other cases cannot be asked over HTTP.
fn term(case: &Value) -> Option<String> {
    let is_plain = case["options"]
        .as_object()
        .is_some_and(serde_json::Map::is_empty);
    let query = case["query"].as_str().unwrap();
    let term: Option<String> = serde_json::from_str(query).ok();
    // A request without an image is refused before any is looked for.
    term.filter(|term| is_plain && !term.is_empty())
}

/// Finds a token of a user in the fixtures.
fn token(suite: &Suite, name: &str) -> String {
    let read = |file: &str| -> Vec<Value> {
        let text = std::fs::read(suite.golden.join("fixtures").join(file)).unwrap();
        serde_json::from_slice(&text).unwrap()
    };
    let users = read("users.json");
    let user = users.iter().find(|user| user["username"] == name).unwrap();
    let tokens = read("api_client_authorizations.json");
    let mut known = tokens.iter().filter(|token| {
        let is_whole = token["scopes"]
            .as_str()
            .is_some_and(|scopes| scopes.contains("all"));
        let is_current = token["expires_at"].as_str().is_none_or(|end| end > "2030");
        token["user_id"] == user["id"] && is_whole && is_current
    });
    known.next().unwrap()["api_token"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// Asks for a container and returns its image; `None` if there is no such image.
async fn resolve(sandbox: &Sandbox, token: &str, term: &str) -> Option<String> {
    let request = json!({"container_request": {
        "container_image": term, "command": ["true"], "cwd": "/", "output_path": "/out",
        "mounts": {"/out": {"kind": "tmp", "capacity": 1}}, "state": "Committed", "priority": 0,
        "runtime_constraints": {"vcpus": 1, "ram": 1}, "use_existing": false,
    }});
    let body = request.to_string();
    let (status, answer) = send(sandbox, token, "POST", "container_requests", &body).await;
    if status == 422 {
        let text = answer["errors"][0].as_str().unwrap();
        assert!(
            text.contains("UnresolvableContainerError"),
            "{term}: {text}"
        );
        return None;
    }
    assert_eq!(status, 200, "{term}: {answer}");
    let path = format!("containers/{}", answer["container_uuid"].as_str().unwrap());
    let (status, answer) = send(sandbox, token, "GET", &path, "").await;
    assert_eq!(status, 200, "{answer}");
    Some(answer["container_image"].as_str().unwrap().to_owned())
}

async fn send(
    sandbox: &Sandbox,
    token: &str,
    method: &str,
    path: &str,
    body: &str,
) -> (u16, Value) {
    let mut headers = vec![("authorization".to_owned(), format!("Bearer {token}"))];
    if !body.is_empty() {
        headers.push(("content-type".to_owned(), "application/json".to_owned()));
        headers.push(("content-length".to_owned(), body.len().to_string()));
    }
    let (host, ca) = (sandbox.api_host(), sandbox.ca_certificate());
    let target = format!("/arvados/v1/{path}");
    let answer = client::send(&host, Some(&ca), method, &target, &headers, body.as_bytes()).await;
    (answer.status, serde_json::from_slice(&answer.body).unwrap())
}
