//! Where registries lead, and what goes along.

use super::fake::{Fake, Reply, Sample, Seen};
use super::program::{Lender, client, mirrors, pull, settings};
use keepdocker_registry::{Error, LoginSource};

/// Returns a login file for a host: `me` with `s3cr3t`.
fn login(host: &str) -> LoginSource {
    LoginSource::Text(
        format!(r#"{{"auths":{{"{host}":{{"auth":"bWU6czNjcjN0"}}}}}}"#),
        "DOCKER_AUTH_CONFIG",
    )
}

fn is_logged_in(seen: &Seen) -> bool {
    seen.header("authorization") == Some("Basic bWU6czNjcjN0")
}

#[tokio::test]
async fn a_login_stays_with_its_host() {
    let sample = Sample::new(&[5000]);
    let layer = sample.layers[0].clone();
    let storage = Fake::start(move |seen| match seen.header("authorization") {
        // As the storage of clouds does.
        Some(_) => Reply::status(400),
        None => Reply::part(seen, &layer),
    })
    .await;
    let to = format!("http://{}/blob?X-Amz-Signature=s3cr3tsig", storage.address);
    let held = sample.clone();
    let fake = Fake::start(move |seen| {
        if !is_logged_in(seen) {
            return Reply::status(401).header("WWW-Authenticate", "Basic realm=\"r\"");
        }
        match held.blob(seen).filter(|blob| blob.len() == 5000) {
            Some(_) => Reply::status(307).header("Location", &to),
            None => held.answer(seen),
        }
    })
    .await;
    let mut settings = settings();
    settings.logins = vec![login(&fake.address.to_string())];
    let (client, lender) = client(settings, Lender::default());
    assert_eq!(
        pull(&client, &fake.name("lab/tool:1")).await.unwrap(),
        sample.layers
    );
    assert!(
        storage
            .seen()
            .iter()
            .all(|seen| seen.header("authorization").is_none())
    );
    assert!(
        storage
            .seen()
            .iter()
            .all(|seen| seen.header("referer").is_none())
    );
    let exchanges = format!("{:?}", lender.exchanges.lock().unwrap());
    assert!(
        exchanges.contains("/blob\"") && !exchanges.contains("s3cr3t"),
        "{exchanges}"
    );
}

#[tokio::test]
async fn a_signed_address_is_asked_for_again_and_not_used_twice() {
    let sample = Sample::new(&[200_000]);
    let layer = sample.layers[0].clone();
    let storage = Fake::start(move |seen| {
        let reply = Reply::part(seen, &layer);
        match seen.path.as_str() {
            "/first" if seen.before == 0 => reply.ending(super::fake::Ends::Cut(100_000)),
            "/second" => reply,
            _ => Reply::status(403),
        }
    })
    .await;
    let address = storage.address;
    let held = sample.clone();
    let fake = Fake::start(move |seen| match held.blob(seen) {
        Some(blob) if blob.len() == 200_000 => {
            let to = if seen.before == 0 { "first" } else { "second" };
            Reply::status(302).header("Location", &format!("http://{address}/{to}"))
        }
        _ => held.answer(seen),
    })
    .await;
    let (client, _) = client(settings(), Lender::default());
    assert_eq!(
        pull(&client, &fake.name("lab/tool:1")).await.unwrap(),
        sample.layers
    );
    assert_eq!(
        storage.asked("/second")[0].range(),
        Some((100_000, 199_999))
    );
}

/// Pulls from `registry.example`, which a proxy answers for, and whose blobs are elsewhere.
async fn led_to(location: &'static str) -> (Result<Vec<Vec<u8>>, Error>, Fake) {
    let sample = Sample::new(&[5000]);
    let layer = sample.layers[0].clone();
    let proxy = Fake::start(move |seen| {
        let Some(path) = seen.path.strip_prefix("http://registry.example/") else {
            return Reply::part(seen, &layer);
        };
        if !path.starts_with("v2/") || sample.blob(seen).is_some_and(|blob| blob.len() == 5000) {
            return Reply::status(302).header("Location", location);
        }
        if !is_logged_in(seen) {
            return Reply::status(401).header("WWW-Authenticate", "Basic realm=\"r\"");
        }
        sample.answer(seen)
    })
    .await;
    let mut settings = settings();
    settings.logins = vec![login("registry.example")];
    settings.mirrors = mirrors("[[registry]]\nlocation='registry.example'\ninsecure=true");
    let lender = Lender {
        proxy: Some(format!("http://{}", proxy.address).parse().unwrap()),
        ..Lender::default()
    };
    let (client, _) = client(settings, lender);
    (pull(&client, "registry.example/lab/tool:1").await, proxy)
}

#[tokio::test]
async fn a_registry_elsewhere_does_not_lead_into_this_machine() {
    for location in [
        "http://127.0.0.1:1/x",
        "http://localhost/x",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1]/",
        "http://10.0.0.1/x",
        "file:///etc/passwd",
    ] {
        let (pulled, proxy) = led_to(location).await;
        let error = pulled.unwrap_err();
        assert!(
            matches!(error, Error::Withheld { .. }),
            "{location}: {error}"
        );
        assert!(
            error.to_string().contains("redirect is not followed"),
            "{error}"
        );
        let host = |seen: &Seen| seen.path.starts_with("http://registry.example/");
        assert!(proxy.seen().iter().all(host), "{location}");
    }
}

#[tokio::test]
async fn an_ordinary_redirect_is_followed_through_a_proxy_without_the_login() {
    let (pulled, proxy) = led_to("http://cdn.example/x").await;
    assert_eq!(pulled.unwrap()[0].len(), 5000);
    let cdn = proxy.asked("http://cdn.example/");
    assert_eq!(cdn.len(), 1);
    assert_eq!(cdn[0].header("authorization"), None);
}

#[tokio::test]
async fn redirects_in_a_circle_end() {
    let (pulled, _) = led_to("http://registry.example/again").await;
    let error = pulled.unwrap_err().to_string();
    assert!(error.contains("more than 10 redirects"), "{error}");
}

#[tokio::test]
async fn each_hop_is_asked_for_first() {
    let sample = Sample::new(&[5000]);
    let fake = Fake::start(move |seen| match sample.blob(seen) {
        Some(_) => Reply::status(307).header("Location", "/withheld"),
        None => sample.answer(seen),
    })
    .await;
    let lender = Lender {
        withheld: Some("/withheld"),
        ..Lender::default()
    };
    let (client, _) = client(settings(), lender);
    let error = pull(&client, &fake.name("lab/tool:1")).await.unwrap_err();
    assert!(error.to_string().contains("the policy says so"), "{error}");
    assert!(fake.asked("/withheld").is_empty());
}

#[tokio::test]
async fn a_login_in_an_address_is_not_shown_to_anybody() {
    let sample = Sample::new(&[10]);
    let storage = Fake::start(|_| Reply::of("x")).await;
    let to = format!("http://me:s3cr3t@{}/x", storage.address);
    let held = sample.clone();
    let fake = Fake::start(move |seen| match seen.path.contains("/blobs/") {
        true => Reply::status(307).header("Location", &to),
        false => held.answer(seen),
    })
    .await;
    let (client, lender) = client(settings(), Lender::default());
    let error = pull(&client, &fake.name("lab/tool:1")).await.unwrap_err();
    let told = format!("{error} {}", lender.notes());
    assert!(told.contains("there is a login in the address"), "{told}");
    assert!(!told.contains("s3cr3t"), "{told}");
    assert!(storage.seen().is_empty());

    // The server of tokens, on the registry itself too.
    let fake = Fake::start(|seen| {
        let host = seen.header("host").unwrap();
        let challenge = format!(r#"Bearer realm="http://me:s3cr3t@{host}/token",service="r""#);
        Reply::status(401).header("WWW-Authenticate", &challenge)
    })
    .await;
    let (client, _) = super::program::client(settings(), Lender::default());
    let error = pull(&client, &fake.name("lab/tool:1")).await.unwrap_err();
    let told = error.to_string();
    assert!(told.contains("there is a login in the address"), "{told}");
    assert!(!told.contains("s3cr3t"), "{told}");
    assert!(fake.asked("/token").is_empty());
}
