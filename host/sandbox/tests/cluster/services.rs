//! Keep's services: what a store and a proxy do each in their own way.

use keepdocker_sandbox::{Options, Sandbox, ServiceKind};

use crate::{FOO, client};

/// Two stores, of which one has the class `archive` too, behind a proxy.
async fn keep() -> (tempfile::TempDir, Sandbox) {
    let dir = tempfile::tempdir().unwrap();
    let options = Options {
        keep_services: vec![ServiceKind::Disk, ServiceKind::Proxy, ServiceKind::Disk],
        is_keep_encrypted: false,
        storage_classes: vec!["default".to_owned(), "archive".to_owned()],
        volume_classes: vec![
            vec!["default".to_owned(), "archive".to_owned()],
            vec!["default".to_owned()],
        ],
        ..Options::default()
    };
    let sandbox = Sandbox::start(dir.path(), options).await.unwrap();
    (dir, sandbox)
}

const STORE: usize = 0;
const PROXY: usize = 1;

/// Asks a service, with a body if the method has one.
async fn ask(
    sandbox: &Sandbox,
    service: usize,
    method: &str,
    path: &str,
    token: Option<&str>,
    headers: &[(&str, &str)],
) -> client::Answer {
    let url = sandbox.keep_urls().remove(service);
    let address = url["http://".len()..].trim_end_matches('/').to_owned();
    let body: &[u8] = if method == "PUT" { b"foo" } else { b"" };
    let mut all = vec![("content-length".to_owned(), body.len().to_string())];
    all.extend(token.map(|token| ("authorization".to_owned(), format!("Bearer {token}"))));
    for (name, value) in headers {
        all.push(((*name).to_owned(), (*value).to_owned()));
    }
    client::send(&address, None, method, path, &all, body).await
}

fn text(answer: &client::Answer) -> String {
    String::from_utf8(answer.body.clone()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_are_counted_for_each_class() {
    let (_dir, sandbox) = keep().await;
    let token = sandbox.token();
    for (classes, replicas, status, stored, confirmed) in [
        ("default", "2", 200, "2", Some("default=2")),
        ("archive", "1", 200, "1", Some("archive=1")),
        ("archive", "2", 503, "1", None),
        ("default, archive", "2", 503, "2", None),
        (
            "archive,default",
            "1",
            200,
            "1",
            Some("archive=1, default=1"),
        ),
        ("default", "0", 200, "0", Some("default=0")),
        ("default", "x", 200, "2", Some("default=2")),
    ] {
        let headers = [
            ("x-keep-storage-classes", classes),
            ("x-keep-desired-replicas", replicas),
        ];
        let path = format!("/{FOO}");
        let answer = ask(&sandbox, PROXY, "PUT", &path, Some(&token), &headers).await;
        let case = format!("{classes} {replicas}: {}", text(&answer));
        assert_eq!(answer.status, status, "{case}");
        assert_eq!(
            answer.header("x-keep-replicas-stored"),
            Some(stored),
            "{case}"
        );
        let found = answer.header("x-keep-storage-classes-confirmed");
        assert_eq!(found, confirmed, "{case}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_cluster_itself_sees_and_touches_what_a_store_has() {
    let (_dir, sandbox) = keep().await;
    let token = sandbox.token();
    let path = format!("/{FOO}");
    ask(&sandbox, STORE, "PUT", &path, Some(&token), &[]).await;
    for (method, path) in [
        ("GET", "/index"),
        ("GET", "/index/acb"),
        ("GET", "/mounts"),
        ("TOUCH", path.as_str()),
        ("DELETE", &path),
        ("PUT", "/trash"),
    ] {
        for (token, status) in [(None, 401), (Some(token.as_str()), 403)] {
            let answer = ask(&sandbox, STORE, method, path, token, &[]).await;
            assert_eq!(answer.status, status, "{method} {path}: {}", text(&answer));
        }
    }
    let answer = ask(&sandbox, PROXY, "GET", "/index", Some(&token), &[]).await;
    assert_eq!(
        (answer.status, text(&answer)),
        (502, "Got http status code: 403\n".to_owned())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn locators_are_read_as_far_as_they_can_be() {
    let (_dir, sandbox) = keep().await;
    let token = sandbox.token();
    let stored = ask(
        &sandbox,
        PROXY,
        "PUT",
        &format!("/{FOO}"),
        Some(&token),
        &[],
    )
    .await;
    let locator = text(&stored);
    let signature = locator.split("+A").nth(1).unwrap();
    let sized = |hint: &str| format!("/{FOO}{hint}+A{signature}");
    for (service, method, path, status, words) in [
        (STORE, "GET", sized("+3"), 200, "foo"),
        (STORE, "GET", sized("+3+Kxyz"), 200, "foo"),
        (PROXY, "GET", sized("+3+K@abcde"), 200, "foo"),
        (STORE, "GET", sized(""), 405, "method not allowed\n"),
        (STORE, "GET", sized("+0"), 405, "method not allowed\n"),
        // A block larger than is said is not handed out.
        (
            STORE,
            "GET",
            sized("+2"),
            502,
            "checksum mismatch in stored data\n",
        ),
        (PROXY, "HEAD", sized("+2"), 502, ""),
        (STORE, "GET", format!("/{FOO}+3+"), 400, "invalid locator\n"),
        (STORE, "GET", format!("/{FOO}x"), 400, "invalid locator\n"),
        (PROXY, "GET", format!("/{FOO}x"), 405, ""),
        (
            STORE,
            "GET",
            format!("/{FOO}+3+Rabcde-x"),
            400,
            "remote cluster not configured\n",
        ),
        (PROXY, "GET", "/mounts/x".to_owned(), 400, "Bad request\n"),
        (
            PROXY,
            "PUT",
            format!("/{FOO}+4"),
            400,
            "Locator size hint does not match",
        ),
        (
            PROXY,
            "PUT",
            format!("/{FOO}+3"),
            502,
            "did not match provided hash",
        ),
        (STORE, "PUT", format!("/{FOO}+4"), 200, FOO),
    ] {
        let answer = ask(&sandbox, service, method, &path, Some(&token), &[]).await;
        let found = text(&answer);
        assert_eq!(answer.status, status, "{method} {path}: {found}");
        assert!(
            found.starts_with(words) || found.contains(words),
            "{method} {path}: {found}"
        );
    }
}
