//! Planned faults.

use std::sync::Arc;
use std::time::{Duration, Instant};

use keepdocker_sandbox::faults::{Action, Fault};
use keepdocker_sandbox::{Options, Sandbox};
use serde_json::json;

use crate::{FOO, api, keep, value};

#[tokio::test(flavor = "multi_thread")]
async fn planned_faults_happen() {
    let dir = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(dir.path(), Options::default())
        .await
        .unwrap();
    let faults = sandbox.faults();
    faults.plan(Fault::on("/users/current", Action::Answer(503)).times(2));
    for expected in [503, 503, 200] {
        assert_eq!(
            api(&sandbox, "GET", "users/current", None).await.status,
            expected
        );
    }
    let page = Action::AnswerWith(200, "<html>".to_owned());
    faults.plan(Fault::on("/users/current", page));
    let answer = api(&sandbox, "GET", "users/current", None).await;
    assert_eq!((answer.status, answer.body), (200, b"<html>".to_vec()));
    faults.plan(Fault::on(
        "/users/current",
        Action::Delay(Duration::from_millis(100)),
    ));
    let started = Instant::now();
    assert_eq!(
        api(&sandbox, "GET", "users/current", None).await.status,
        200
    );
    assert!(started.elapsed() >= Duration::from_millis(100));
    faults.plan(Fault::on("/", Action::WrongHash).method("PUT"));
    let stored = keep(&sandbox, "PUT", &format!("/{FOO}"), b"foo").await;
    assert!(!String::from_utf8(stored.body).unwrap().starts_with(FOO));
    faults.fill_storage(true);
    assert_eq!(
        keep(&sandbox, "PUT", &format!("/{FOO}"), b"foo")
            .await
            .status,
        503
    );
    faults.fill_storage(false);
    faults.discard_blocks(true);
    assert_eq!(
        keep(&sandbox, "PUT", "/37b51d194a7513e45b56f6524f2d51f2", b"bar")
            .await
            .status,
        200
    );
    assert_eq!(
        keep(&sandbox, "PUT", &format!("/{FOO}"), b"bar")
            .await
            .status,
        502
    );
    assert_eq!(sandbox.inspect().blocks().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_leaves_the_record() {
    let dir = tempfile::tempdir().unwrap();
    let sandbox = Arc::new(
        Sandbox::start(dir.path(), Options::default())
            .await
            .unwrap(),
    );
    for (action, links) in [
        (Action::DropBefore, 0),
        (Action::DropAfter, 1),
        (Action::CutBody, 2),
    ] {
        sandbox
            .faults()
            .plan(Fault::on("/links", action.clone()).method("POST"));
        let sender = Arc::clone(&sandbox);
        let create = tokio::spawn(async move {
            api(
                &sender,
                "POST",
                "links",
                Some(json!({"link": {"link_class": "test"}})),
            )
            .await
        });
        // The bare client fails when the connection breaks.
        assert!(create.await.is_err(), "{action:?}");
        let stored = sandbox.inspect().links().unwrap();
        let stored = stored
            .iter()
            .filter(|link| link["link_class"] == "test")
            .count();
        assert_eq!(stored, links, "{action:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cut_pages_do_not_end_a_list() {
    let dir = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(dir.path(), Options::default())
        .await
        .unwrap();
    sandbox
        .seed()
        .links(&vec![json!({"owner_uuid": sandbox.user_uuid()}); 10])
        .unwrap();
    sandbox.faults().cut_pages(3);
    let page = value(&api(&sandbox, "GET", "links?limit=1000", None).await);
    assert_eq!(page["items"].as_array().unwrap().len(), 3);
    assert_eq!(page["limit"], 3);
    sandbox.faults().cut_pages(0);
    let page = value(&api(&sandbox, "GET", "links?limit=1000", None).await);
    assert!(page["items"].as_array().unwrap().len() > 10);
}
