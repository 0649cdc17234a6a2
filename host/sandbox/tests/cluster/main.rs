//! What the recorded transcripts do not show: rules, persistence, faults, versions, limits and speed.

#![expect(
    clippy::print_stdout,
    reason = "the measured times are for whoever runs the test"
)]
#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod blocks;
mod contents;
mod damage;
mod faults;
mod folder;
mod groups;
mod lists;
mod people;
mod records;
mod replacements;
mod requests;
mod rules;
mod services;
mod sharing;

use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use keepdocker_bare_client::{self as client, Answer};
use keepdocker_sandbox::{Options, Sandbox};
use serde_json::{Value, json};

/// Sends a JSON request as the default user.
async fn api(sandbox: &Sandbox, method: &str, target: &str, body: Option<Value>) -> Answer {
    let mut headers = vec![(
        "authorization".to_owned(),
        format!("Bearer {}", sandbox.token()),
    )];
    let body = body.map_or_else(Vec::new, |body| body.to_string().into_bytes());
    if !body.is_empty() {
        headers.push(("content-type".to_owned(), "application/json".to_owned()));
        headers.push(("content-length".to_owned(), body.len().to_string()));
    }
    let target = format!("/arvados/v1/{target}");
    let ca = sandbox.ca_certificate();
    client::send(
        &sandbox.api_host(),
        Some(&ca),
        method,
        &target,
        &headers,
        &body,
    )
    .await
}

/// Sends a request to the first Keep service.
async fn keep(sandbox: &Sandbox, method: &str, path: &str, body: &[u8]) -> Answer {
    let mut headers = vec![(
        "authorization".to_owned(),
        format!("Bearer {}", sandbox.token()),
    )];
    if method == "PUT" {
        headers.push(("content-length".to_owned(), body.len().to_string()));
    }
    let url = sandbox.keep_urls().remove(0);
    let address = url["https://".len()..].trim_end_matches('/').to_owned();
    let ca = sandbox.ca_certificate();
    client::send(&address, Some(&ca), method, path, &headers, body).await
}

/// What somebody got to hear: the status and all that was said.
type Heard = (u16, String);

/// Says whether somebody got to hear a status with some words.
#[track_caller]
fn assert_heard(heard: &Heard, status: u16, words: &str) {
    let (found, text) = heard;
    assert!(
        *found == status && text.contains(words),
        "{found} instead of {status} with {words:?}: {text}"
    );
}

fn value(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap()
}

fn escape(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

const FOO: &str = "acbd18db4cc2f85cedef654fccc4a4d8";

#[tokio::test]
async fn the_same_folder_gives_the_same_cluster() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("cluster");
    let sandbox = Sandbox::start(&folder, Options::default()).await.unwrap();
    let mode =
        |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    assert_eq!(mode(&folder.join("cluster.json")), 0o600);
    assert_eq!(mode(&folder.join("server-key.pem")), 0o600);
    let before = (
        sandbox.environment(),
        sandbox.keep_urls(),
        sandbox.admin_token(),
    );
    let link = api(
        &sandbox,
        "POST",
        "links",
        Some(json!({"link": {"name": "kept"}})),
    )
    .await;
    assert_eq!(link.status, 200);
    // A second program in the same folder moves aside and sees the same records.
    let guest = Sandbox::start(&folder, Options::default()).await.unwrap();
    assert_ne!(guest.api_host(), sandbox.api_host());
    assert_eq!(guest.token(), sandbox.token());
    assert_eq!(
        value(
            &api(
                &guest,
                "GET",
                "links?filters=%5B%5B%22name%22%2C%22=%22%2C%22kept%22%5D%5D",
                None
            )
            .await
        )["items_available"],
        1
    );
    guest.shutdown().await;
    sandbox.shutdown().await;
    let started = Instant::now();
    let sandbox = Sandbox::start(&folder, Options::default()).await.unwrap();
    println!("start on an existing folder: {:?}", started.elapsed());
    assert!(started.elapsed() < Duration::from_millis(500));
    assert_eq!(
        (
            sandbox.environment(),
            sandbox.keep_urls(),
            sandbox.admin_token()
        ),
        before
    );
    assert_eq!(
        value(
            &api(
                &sandbox,
                "GET",
                "links?filters=%5B%5B%22name%22%2C%22=%22%2C%22kept%22%5D%5D",
                None
            )
            .await
        )["items_available"],
        1
    );
}
