//! Logins, tokens and helpers.

use super::fake::{Fake, Reply, Sample, Seen};
use super::program::{Lender, client, pull, settings};
use keepdocker_registry::{Error, HelperOutput, LoginSource};

fn text(json: String) -> Vec<LoginSource> {
    vec![LoginSource::Text(json, "DOCKER_AUTH_CONFIG")]
}

/// Returns a registry that wants a token, which it gives by this function.
async fn with_tokens(
    sample: Sample,
    give: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
) -> Fake {
    Fake::start(move |seen| {
        if seen.path.starts_with("/token") {
            return give(seen);
        }
        match seen.header("authorization") {
            Some("Bearer good") => sample.answer(seen),
            _ => {
                let host = seen.header("host").unwrap();
                let challenge = format!(
                    r#"Bearer realm="http://{host}/token",service="reg",scope="repository:lab/tool:pull""#
                );
                Reply::status(401).header("WWW-Authenticate", &challenge)
            }
        }
    })
    .await
}

fn token(text: &str) -> Reply {
    Reply::of(format!(r#"{{"token":"{text}","expires_in":300}}"#))
}

#[tokio::test]
async fn a_token_is_fetched_once_for_all_requests() {
    let sample = Sample::new(&[1000, 2000, 3000, 4000]);
    let fake = with_tokens(sample.clone(), |_| token("good")).await;
    let (client, _) = client(settings(), Lender::default());
    let name = fake.name("lab/tool:1");
    assert_eq!(pull(&client, &name).await.unwrap(), sample.layers);
    let asked = fake.asked("/token");
    assert_eq!(asked.len(), 1);
    assert_eq!(
        asked[0].path,
        "/token?service=reg&scope=repository%3Alab%2Ftool%3Apull"
    );
    assert_eq!(asked[0].header("authorization"), None);
}

#[tokio::test]
async fn a_token_that_is_refused_is_renewed_once() {
    let sample = Sample::new(&[1000]);
    let fake = with_tokens(sample.clone(), |seen| {
        token(if seen.before == 0 { "old" } else { "good" })
    })
    .await;
    let (client, _) = client(settings(), Lender::default());
    // The first token is of no use; what the answer to it demands leads to another.
    let error = pull(&client, &fake.name("lab/tool:1")).await.unwrap_err();
    assert!(matches!(error, Error::Refused { .. }), "{error}");
    assert_eq!(
        pull(&client, &fake.name("lab/tool:1")).await.unwrap(),
        sample.layers
    );
    assert_eq!(fake.asked("/token").len(), 2);
}

#[tokio::test]
async fn a_password_goes_to_the_server_of_tokens() {
    let sample = Sample::new(&[1000]);
    let fake = with_tokens(sample.clone(), |seen| match seen.header("authorization") {
        Some("Basic bWU6czNjcjN0") => token("good"),
        _ => Reply::status(401),
    })
    .await;
    for (key, works) in [
        (fake.address.to_string(), true),
        (format!("http://{}/v1/", fake.address), true),
        (format!("https://{}", fake.address), true),
        (format!("{}/lab", fake.address), true),
        (format!("{}/lab/tool", fake.address), true),
        (format!("{}/lab/to", fake.address), false),
        ("other.example".to_owned(), false),
    ] {
        let mut settings = settings();
        settings.logins = text(format!(
            r#"{{"auths":{{"{key}":{{"auth":"bWU6czNjcjN0"}}}}}}"#
        ));
        let (client, _) = client(settings, Lender::default());
        let pulled = pull(&client, &fake.name("lab/tool:1")).await;
        assert_eq!(pulled.is_ok(), works, "{key}");
    }
    assert!(fake.asked("/token")[0].path.contains("account=me"));
}

#[tokio::test]
async fn a_token_of_a_person_is_exchanged_and_its_successor_used() {
    let sample = Sample::new(&[1000]);
    let fake = with_tokens(sample.clone(), |seen| {
        let has = |part: &str| seen.body.contains(part);
        if seen.method != "POST" || !has("grant_type=refresh_token") || !has("service=reg") {
            return Reply::status(400);
        }
        match seen.before {
            0 if has("refresh_token=first%21") => {
                Reply::of(r#"{"access_token":"old","refresh_token":"second"}"#)
            }
            1 if has("refresh_token=second") => Reply::of(r#"{"access_token":"good"}"#),
            _ => Reply::status(401),
        }
    })
    .await;
    let mut settings = settings();
    settings.logins = text(format!(
        r#"{{"auths":{{"{}":{{"identitytoken":"first!"}}}}}}"#,
        fake.address
    ));
    let (client, _) = client(settings, Lender::default());
    let name = fake.name("lab/tool:1");
    assert!(pull(&client, &name).await.is_err());
    assert_eq!(pull(&client, &name).await.unwrap(), sample.layers);
}

#[tokio::test]
async fn where_the_exchange_is_unknown_the_older_way_is_gone() {
    let sample = Sample::new(&[1000]);
    let fake = with_tokens(sample.clone(), |seen| {
        match (seen.method.as_str(), seen.header("authorization")) {
            ("POST", _) => Reply::status(404),
            (_, Some("Basic OmZpcnN0")) => token("good"),
            _ => Reply::status(401),
        }
    })
    .await;
    let mut settings = settings();
    settings.logins = text(format!(
        r#"{{"auths":{{"{}":{{"identitytoken":"first"}}}}}}"#,
        fake.address
    ));
    let (client, _) = client(settings, Lender::default());
    assert_eq!(
        pull(&client, &fake.name("lab/tool:1")).await.unwrap(),
        sample.layers
    );
}

#[tokio::test]
async fn a_password_is_shown_once_and_never_again_where_it_is_refused() {
    let fake = Fake::start(|_| {
        Reply::status(401)
            .header("WWW-Authenticate", "Basic realm=\"r\"")
            .header("Content-Type", "application/json")
    })
    .await;
    let mut settings = settings();
    settings.logins = text(format!(
        r#"{{"auths":{{"{}":{{"auth":"bWU6czNjcjN0"}}}}}}"#,
        fake.address
    ));
    let (client, _) = client(settings, Lender::default());
    let error = pull(&client, &fake.name("lab/tool:1")).await.unwrap_err();
    assert!(
        matches!(
            error,
            Error::Refused {
                had_login: true,
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(
        fake.seen()
            .iter()
            .filter(|seen| seen.header("authorization").is_some())
            .count(),
        1
    );
    assert!(!format!("{error:?}").contains("s3cr3t"));
}

/// Such servers exist, and what they repeat goes to terminals and logs.
#[tokio::test]
async fn what_a_registry_repeats_of_a_login_is_masked() {
    let fake = Fake::start(|seen| match seen.header("authorization") {
        None => Reply::status(401).header("WWW-Authenticate", "Basic realm=\"r\""),
        Some(sent) => Reply {
            status: 403,
            body: format!("you sent {sent}, that is me:LongPwSecret99").into_bytes(),
            ..Reply::default()
        }
        .header("Warning", "299 - \"LongPwSecret99 is weak\""),
    })
    .await;
    let mut settings = settings();
    // me:LongPwSecret99
    settings.logins = text(format!(
        r#"{{"auths":{{"{}":{{"auth":"bWU6TG9uZ1B3U2VjcmV0OTk="}}}}}}"#,
        fake.address
    ));
    let (client, lender) = client(settings, Lender::default());
    let error = pull(&client, &fake.name("lab/tool:1")).await.unwrap_err();
    let told = format!("{error} {}", lender.notes());
    assert!(
        told.contains("you sent Basic masked, that is me:masked"),
        "{told}"
    );
    assert!(!told.contains("LongPwSecret99"), "{told}");
}

#[tokio::test]
async fn helpers_are_asked_once_and_their_failure_is_no_absence() {
    let sample = Sample::new(&[1000, 2000]);
    let output = |succeeded, text: &str| {
        Some(Ok(HelperOutput {
            succeeded,
            output: text.as_bytes().to_vec(),
        }))
    };
    let good = r#"{"ServerURL":"x","Username":"me","Secret":"s3cr3t"}"#;
    for (helper, expected) in [
        (output(true, good), "works"),
        (
            output(false, "credentials not found in native keychain\n"),
            "refuses access",
        ),
        (
            output(false, "the vault is locked"),
            "failed: the vault is locked",
        ),
        (
            output(true, "s3cr3t nonsense"),
            "did not answer with the JSON",
        ),
        (
            Some(Err("has not answered for 30 s".into())),
            "has not answered for 30 s",
        ),
    ] {
        let fake = with_tokens(sample.clone(), |seen| match seen.header("authorization") {
            Some("Basic bWU6czNjcjN0") => token("good"),
            _ => Reply::status(401),
        })
        .await;
        for key in ["credsStore", "credHelpers"] {
            let mut settings = settings();
            settings.logins = text(match key {
                "credsStore" => r#"{"credsStore":"vault"}"#.to_owned(),
                _ => format!(
                    r#"{{"auths":{{"{0}":{{}}}},"credHelpers":{{"{0}":"vault"}}}}"#,
                    fake.address
                ),
            });
            let lender = Lender {
                helper: helper.clone(),
                ..Lender::default()
            };
            let (client, lender) = client(settings, lender);
            let words = match pull(&client, &fake.name("lab/tool:1")).await {
                Ok(_) => "works".to_owned(),
                Err(error) => error.to_string(),
            };
            assert!(words.contains(expected), "{key}: {words}");
            assert!(!words.contains("s3cr3t"), "{words}");
            let asked = lender.helpers.lock().unwrap().clone();
            assert_eq!(asked, [("vault".to_owned(), fake.address.to_string())]);
        }
    }
}

#[tokio::test]
async fn what_cannot_be_a_helper_is_not_started() {
    let sample = Sample::new(&[10]);
    let fake = with_tokens(sample, |_| token("good")).await;
    let mut settings = settings();
    settings.logins = text(r#"{"credsStore":"../../bin/sh"}"#.into());
    let (client, lender) = client(settings, Lender::default());
    let error = pull(&client, &fake.name("lab/tool:1")).await.unwrap_err();
    assert!(
        error.to_string().contains("name that no helper can have"),
        "{error}"
    );
    assert!(lender.helpers.lock().unwrap().is_empty());
}

#[tokio::test]
async fn files_that_cannot_be_used_are_told_and_absent_ones_are_not() {
    let sample = Sample::new(&[10]);
    let fake = with_tokens(sample.clone(), |_| token("good")).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.json");
    let missing = folder.path().join("missing.json");
    for (content, sources, expected) in [
        (
            "{}",
            vec![
                LoginSource::File(missing.clone()),
                LoginSource::File(path.clone()),
            ],
            None,
        ),
        ("", vec![LoginSource::File(path.clone())], None),
        (
            "{",
            vec![LoginSource::File(path.clone())],
            Some("config.json cannot be used"),
        ),
        (
            "{}",
            vec![LoginSource::Named(missing.clone(), "REGISTRY_AUTH_FILE")],
            Some("REGISTRY_AUTH_FILE names it"),
        ),
    ] {
        std::fs::write(&path, content).unwrap();
        let mut settings = settings();
        settings.logins = sources;
        let (client, _) = client(settings, Lender::default());
        let pulled = pull(&client, &fake.name("lab/tool:1")).await;
        match expected {
            None => assert_eq!(pulled.unwrap(), sample.layers, "{content}"),
            Some(words) => {
                let error = pulled.unwrap_err().to_string();
                assert!(error.contains(words), "{error}");
            }
        }
    }
}

#[tokio::test]
async fn a_server_of_tokens_is_where_a_registry_may_lead() {
    let fake = Fake::start(|_| {
        Reply::status(401).header("WWW-Authenticate", r#"Bearer realm="file:///etc/passwd""#)
    })
    .await;
    let (client, _) = client(settings(), Lender::default());
    let error = pull(&client, &fake.name("lab/tool:1")).await.unwrap_err();
    assert!(
        matches!(error, Error::Withheld { .. } | Error::Unreachable { .. }),
        "{error}"
    );
}
