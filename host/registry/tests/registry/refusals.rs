//! Registries that refuse.

use std::time::{Duration, Instant};

use super::fake::{Fake, Reply, Sample};
use super::program::{Lender, client, pull, settings};
use keepdocker_registry::Error;

#[tokio::test]
async fn what_is_not_there_is_told_in_the_registrys_words() {
    let fake = Fake::start(|_| Reply {
        status: 404,
        body: br#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}"#.to_vec(),
        ..Reply::default()
    })
    .await;
    let (client, _) = client(settings(), Lender::default());
    let error = pull(&client, &fake.name("lab/tool:1")).await.unwrap_err();
    assert!(matches!(error, Error::NotFound { .. }), "{error}");
    let text = error.to_string();
    assert!(
        text.contains("`lab/tool:1`: MANIFEST_UNKNOWN: manifest unknown"),
        "{text}"
    );
    assert_eq!(fake.seen().len(), 1, "no second time");
}

#[tokio::test]
async fn a_registry_that_wants_to_be_left_alone_is_left_alone() {
    let sample = Sample::new(&[1000]);
    let held = sample.clone();
    let fake = Fake::start(move |seen| match seen.before {
        0 if seen.path.contains("/manifests/") => Reply::status(429)
            .header("Retry-After", "1")
            .header("ratelimit-limit", "100;w=21600")
            .header("ratelimit-remaining", "0;w=21600"),
        _ => held.answer(seen),
    })
    .await;
    let (client, lender) = client(settings(), Lender::default());
    let began = Instant::now();
    assert_eq!(
        pull(&client, &fake.name("lab/tool:1")).await.unwrap(),
        sample.layers
    );
    assert!(began.elapsed() >= Duration::from_secs(1));
    let notes = lender.notes();
    assert!(
        notes.contains("allows no more requests for now (0 of 100"),
        "{notes}"
    );
}

#[tokio::test]
async fn a_limit_that_stays_is_told_as_what_it_is() {
    let fake = Fake::start(|_| {
        Reply {
            status: 429,
            body: b"Too Many Requests\n".to_vec(),
            ..Reply::default()
        }
        .header("Retry-After", "0")
        .header("ratelimit-limit", "100;w=21600")
        .header("ratelimit-remaining", "0;w=21600")
    })
    .await;
    let (client, _) = client(settings(), Lender::default());
    let error = pull(&client, &fake.name("lab/tool:1")).await.unwrap_err();
    assert!(matches!(error, Error::TooMany { .. }), "{error}");
    let text = error.to_string();
    for part in ["allows no more requests", "Too Many Requests", "0 of 100"] {
        assert!(text.contains(part), "{text}");
    }
    assert_eq!(fake.seen().len(), 4);
}

#[tokio::test]
async fn what_passes_is_tried_again() {
    for status in [408, 500, 502, 503, 504, 522] {
        let sample = Sample::new(&[1000]);
        let held = sample.clone();
        let fake = Fake::start(move |seen| match seen.before {
            0 | 1 => Reply::status(status),
            _ => held.answer(seen),
        })
        .await;
        let (client, _) = client(settings(), Lender::default());
        let pulled = pull(&client, &fake.name("lab/tool:1")).await;
        assert_eq!(pulled.unwrap(), sample.layers, "{status}");
    }
}

#[tokio::test]
async fn warnings_are_shown_once_and_a_limit_that_comes_near() {
    let sample = Sample::new(&[1000]);
    let fake = Fake::start(move |seen| {
        sample
            .answer(seen)
            .header("Warning", "299 - \"this registry closes\"")
            .header("ratelimit-limit", "100;w=21600")
            .header("ratelimit-remaining", "7;w=21600")
    })
    .await;
    let (client, lender) = client(settings(), Lender::default());
    pull(&client, &fake.name("lab/tool:1")).await.unwrap();
    let notes = lender.notes();
    assert_eq!(notes.matches("7 of 100 requests").count(), 1, "{notes}");
    assert_eq!(notes.matches("this registry closes").count(), 1, "{notes}");
}

#[tokio::test]
async fn a_manifest_is_bounded() {
    let fake = Fake::start(|_| Reply::manifest(&"x".repeat(5 << 20))).await;
    let mut few = settings();
    few.retry.retries = 0;
    let (client, _) = client(few, Lender::default());
    let error = pull(&client, &fake.name("lab/tool:1")).await.unwrap_err();
    assert!(
        error.to_string().contains("longer than 4194304 bytes"),
        "{error}"
    );
}

#[tokio::test]
async fn a_registry_that_is_not_there_is_told_with_its_host() {
    let (client, _) = client(settings(), Lender::default());
    let error = pull(&client, "127.0.0.1:1/lab/tool:1").await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error}");
    assert!(error.to_string().contains("127.0.0.1:1"), "{error}");
}

/// Its name may be misspelt: nobody waits minutes to learn that.
#[tokio::test]
async fn a_host_that_never_answered_is_tried_a_few_times_whatever_else_is_allowed() {
    let mut patient = settings();
    patient.retry.retries = 50;
    let (client, lender) = client(patient, Lender::default());
    let error = pull(&client, "127.0.0.1:1/lab/tool:1").await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error}");
    let notes = lender.notes.lock().unwrap();
    let again = notes.iter().filter(|note| note.contains("trying again"));
    assert_eq!(again.count(), 3, "{notes:?}");
}
