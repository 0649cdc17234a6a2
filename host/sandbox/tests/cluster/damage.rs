//! Blocks that are lost, spoiled, discarded or collide.

use keepdocker_sandbox::damage::Damage;
use keepdocker_sandbox::{Options, Sandbox, ServiceKind};

use crate::{FOO, keep};

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_block_is_neither_read_nor_confirmed_until_it_is_sent_again() {
    let dir = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(dir.path(), Options::default())
        .await
        .unwrap();
    let path = format!("/{FOO}");
    let stored = keep(&sandbox, "PUT", &path, b"foo").await;
    let read = format!("/{}", String::from_utf8(stored.body).unwrap());
    for (damage, status) in [
        (Damage::Lost, 404),
        (Damage::Truncated, 502),
        (Damage::Flipped, 502),
    ] {
        assert_eq!(keep(&sandbox, "HEAD", &read, b"").await.status, 200);
        assert_eq!(sandbox.seed().damage(FOO, damage).unwrap(), 1);
        for method in ["GET", "HEAD"] {
            let answer = keep(&sandbox, method, &read, b"").await;
            assert_eq!(answer.status, status, "{damage:?} {method}");
        }
        assert_eq!(keep(&sandbox, "PUT", &path, b"foo").await.status, 200);
        assert_eq!(keep(&sandbox, "GET", &read, b"").await.body, b"foo");
    }
    assert_eq!(sandbox.seed().replace_volumes().unwrap(), 1);
    assert_eq!(keep(&sandbox, "HEAD", &read, b"").await.status, 404);
    assert_eq!(sandbox.seed().damage(FOO, Damage::Lost).unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_confirmed_where_a_test_wants_that() {
    let dir = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(dir.path(), Options::default())
        .await
        .unwrap();
    let stored = keep(&sandbox, "PUT", &format!("/{FOO}"), b"foo").await;
    let read = format!("/{}", String::from_utf8(stored.body).unwrap());
    sandbox.seed().damage(FOO, Damage::Lost).unwrap();
    sandbox.faults().confirm_lost_blocks(true);
    let head = keep(&sandbox, "HEAD", &read, b"").await;
    assert_eq!(
        (head.status, head.header("content-length")),
        (200, Some("3"))
    );
    assert_eq!(keep(&sandbox, "GET", &read, b"").await.status, 404);
    sandbox.faults().confirm_lost_blocks(false);
    assert_eq!(keep(&sandbox, "HEAD", &read, b"").await.status, 404);

    // What was taken and not kept counts as kept until somebody reads it.
    sandbox.faults().discard_blocks(true);
    let _ = keep(&sandbox, "PUT", &format!("/{FOO}"), b"foo").await;
    assert_eq!(keep(&sandbox, "HEAD", &read, b"").await.status, 200);
    assert_eq!(keep(&sandbox, "GET", &read, b"").await.status, 404);
}

/// Two blocks of one MD5 hash (X. Wang, D. Feng, X. Lai, H. Yu, 2004), which differ in six bytes.
fn colliding() -> [Vec<u8>; 2] {
    let one = "d131dd02c5e6eec4693d9a0698aff95c2fcab58712467eab4004583eb8fb7f89\
               55ad340609f4b30283e488832571415a085125e8f7cdc99fd91dbdf280373c5b\
               d8823e3156348f5bae6dacd436c919c6dd53e2b487da03fd02396306d248cda0\
               e99f33420f577ee8ce54b67080a80d1ec69821bcb6a8839396f9652b6ff72a70";
    let bytes = one
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap());
    let one: Vec<u8> = bytes.collect();
    let mut other = one.clone();
    for place in [19, 45, 59, 83, 109, 123] {
        other[place] ^= 0x80;
    }
    [one, other]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_with_the_hash_of_another_is_refused() {
    for (kind, status) in [(ServiceKind::Proxy, 503), (ServiceKind::Disk, 500)] {
        let dir = tempfile::tempdir().unwrap();
        let options = Options {
            keep_services: vec![kind],
            ..Options::default()
        };
        let sandbox = Sandbox::start(dir.path(), options).await.unwrap();
        let path = "/79054025255fb1a26e4bc422aef54eb4";
        let [one, other] = colliding();
        assert_eq!(keep(&sandbox, "PUT", path, &one).await.status, 200);
        let refused = keep(&sandbox, "PUT", path, &other).await;
        assert_eq!(refused.status, status);
        let words = String::from_utf8(refused.body).unwrap();
        assert!(words.ends_with("hash collision\n"), "{words}");
        // The same block again is no collision.
        assert_eq!(keep(&sandbox, "PUT", path, &one).await.status, 200);
    }
}
