//! Blocks.

use std::time::Duration;

use keepdocker_sandbox::{Options, Sandbox};

use crate::{FOO, client, keep};

#[tokio::test(flavor = "multi_thread")]
async fn blocks_come_back_as_they_were_stored() {
    let dir = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(dir.path(), Options::default())
        .await
        .unwrap();
    let stored = keep(&sandbox, "PUT", &format!("/{FOO}"), b"foo").await;
    assert_eq!(stored.status, 200);
    assert_eq!(stored.header("x-keep-replicas-stored"), Some("2"));
    let locator = String::from_utf8(stored.body).unwrap();
    assert!(locator.starts_with(&format!("{FOO}+3+A")), "{locator}");
    let read = keep(&sandbox, "GET", &format!("/{locator}"), b"").await;
    assert_eq!((read.status, read.body.as_slice()), (200, &b"foo"[..]));
    assert_eq!(sandbox.inspect().blocks().unwrap(), [(FOO.to_owned(), 3)]);
    assert_eq!(sandbox.log().blocks_written(), 1);
    // Spoiled bytes are noticed when they are read the next time.
    let file = dir.path().join("blocks").join(&FOO[..3]).join(FOO);
    std::fs::write(&file, "bar").unwrap();
    let time = std::time::SystemTime::now() + Duration::from_secs(5);
    std::fs::File::options()
        .write(true)
        .open(&file)
        .unwrap()
        .set_modified(time)
        .unwrap();
    assert_eq!(
        keep(&sandbox, "GET", &format!("/{locator}"), b"")
            .await
            .status,
        502
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_oversized_block_is_refused_before_it_is_sent() {
    let dir = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(dir.path(), Options::default())
        .await
        .unwrap();
    let url = sandbox.keep_urls().remove(0);
    let address = url["https://".len()..].trim_end_matches('/').to_owned();
    let headers = [
        (
            "authorization".to_owned(),
            format!("Bearer {}", sandbox.token()),
        ),
        ("content-length".to_owned(), ((64 << 20) + 1).to_string()),
    ];
    let ca = sandbox.ca_certificate();
    let answer = client::send(
        &address,
        Some(&ca),
        "PUT",
        &format!("/{FOO}"),
        &headers,
        b"",
    )
    .await;
    assert_eq!(answer.status, 413);
}
