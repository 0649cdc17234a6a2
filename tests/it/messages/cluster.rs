//! Clusters that refuse, fail, talk nonsense, or cannot be reached.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use keepdocker_sandbox::Options;
use keepdocker_sandbox::faults::{Action, Fault};

use super::{check, check_plain};
use crate::support::{Cluster, Environment, StandIn};

/// The requests of an upload, each by its method and what its path contains.
const REQUESTS: [(&str, &str); 8] = [
    ("GET", "/arvados/v1/config"),
    ("GET", "/arvados/v1/users/current"),
    ("GET", "/arvados/v1/links"),
    ("GET", "/arvados/v1/collections"),
    ("GET", "/arvados/v1/keep_services"),
    ("PUT", "/"),
    ("POST", "/arvados/v1/collections"),
    ("POST", "/arvados/v1/links"),
];

#[test]
fn whatever_the_cluster_answers_is_told_in_a_paragraph() {
    let mut cluster = Cluster::start();
    for (method, path) in REQUESTS {
        for (action, mention) in answers(&cluster.token()) {
            // What stays uncertain is looked up, and is there; and clusters of old have no public
            // configuration, or say little in it, and the rest elsewhere.
            let is_survived = match &action {
                Action::CutBody => method == "POST",
                Action::Answer(404) => path.ends_with("/config"),
                Action::AnswerWith(200, body) => {
                    path.ends_with("/config") && (body == "[]" || body.starts_with('{'))
                }
                _ => false,
            };
            if is_survived {
                continue;
            }
            if !cluster.collections().is_empty() {
                cluster = Cluster::start();
            }
            let name = format!("{method} {path}: {action:.60?}");
            cluster.faults().plan(always(method, path, action));
            let mut environment = Environment::on(&cluster);
            StandIn::new().install(&mut environment);

            let output = environment.arv_keepdocker(&["--retries", "0", "hello-world"]);

            check_plain(
                &name,
                &environment.keepdocker(&["upload", "--retries", "0", "hello-world"]),
            );
            cluster.faults().clear();
            // A block is stored by services without JSON, and without the words of the API.
            let mentions: &[&str] = if method == "PUT" { &[] } else { &[mention] };
            check(&name, &cluster, &output, mentions);
        }
    }
}

#[test]
fn whatever_the_cluster_answers_to_a_listing_is_told_in_a_paragraph() {
    let cluster = Cluster::start();
    // Without a link there is no collection to ask for.
    let image = keepdocker_sandbox::seed::Image::numbered(1, &cluster.user_uuid());
    let _ = cluster.seed().images(&image).unwrap();
    for path in ["/arvados/v1/links", "/arvados/v1/collections"] {
        for (action, mention) in answers(&cluster.token()) {
            let name = format!("{path}: {action:.60?}");
            cluster.faults().plan(always("GET", path, action));
            let output = Environment::on(&cluster).arv_keepdocker(&["--retries", "0", "images"]);
            cluster.faults().clear();

            assert_eq!(output.status.code(), Some(1), "{name}: {output}");
            output.assert_told_to_people(&[&cluster.token()]);
            assert!(output.stderr.contains(mention), "{name}: {output}");
        }
    }
}

/// What a request is answered, and what is said of it.
fn answers(token: &str) -> Vec<(Action, &'static str)> {
    const STRANGE: &str = "not that of an Arvados cluster";
    let with = |status, body: &str| Action::AnswerWith(status, body.to_owned());
    let wrapped = r##"{"errors":["//railsapi.internal/arvados/v1/links: 422 Unprocessable Content: #<ArgumentError: the moon is full> (req-0123456789abcdefghij)"]}"##;
    let coloured = r#"{"errors":["red \u001b[31m text"]}"#;
    let long = format!(r#"{{"errors":["{}"]}}"#, "words ".repeat(2000));
    let repeated = format!(r#"{{"errors":["what came with {token} was wrong"]}}"#);
    let page = format!("<html><h1>Bad gateway</h1>{}</html>", "<p>".repeat(500));
    vec![
        (Action::Answer(400), "status 400"),
        (Action::Answer(401), "ARVADOS_API_TOKEN"),
        (Action::Answer(403), "status 403"),
        (Action::Answer(404), "status 404"),
        (Action::Answer(405), "status 405"),
        (Action::Answer(422), "status 422"),
        (Action::Answer(429), "status 429"),
        (Action::Answer(500), "status 500"),
        (Action::Answer(502), "status 502"),
        (Action::Answer(503), "status 503"),
        (Action::Answer(504), "status 504"),
        (Action::Answer(302), "status 302"),
        (with(422, wrapped), "the moon is full"),
        (with(422, coloured), "red"),
        (with(422, &repeated), "was wrong"),
        (with(500, &long), "words words"),
        (with(502, &page), "status 502"),
        (with(200, &page), STRANGE),
        (with(200, ""), STRANGE),
        (with(200, "null"), STRANGE),
        (with(200, "[]"), STRANGE),
        (with(200, "{\"items\": 5, \"uuid\": 5}"), STRANGE),
        (with(200, &"[".repeat(10_000)), STRANGE),
        (Action::DropBefore, "no answer"),
        (Action::CutBody, "no answer"),
    ]
}

#[test]
fn a_cluster_that_cannot_be_reached_is_named() {
    let cluster = Cluster::with(Options {
        is_api_plain_too: true,
        ..Options::default()
    });
    let stranger = Cluster::start();
    let plain = cluster.plain_api_host().unwrap();
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let (closed, silent, babbling) = (
        closed.to_string(),
        server(b""),
        server(b"220 smtp ready\r\n"),
    );
    let authority = stranger.ca_certificate();
    let authority = authority.to_str().unwrap();
    let variable = |name, value| vec![(name, value)];
    let host = |value| variable("ARVADOS_API_HOST", value);
    for (name, variables, mentions) in [
        (
            "closed port",
            host(&*closed),
            [&*closed, "cannot be reached"],
        ),
        ("no TLS", host(&*plain), [&*plain, "cannot be reached"]),
        ("silence", host(&*silent), [&*silent, "cannot be reached"]),
        (
            "another service",
            host(&*babbling),
            [&*babbling, "cannot be reached"],
        ),
        (
            "unknown host",
            host("no-such-host.invalid"),
            ["no-such-host.invalid", "cannot be reached"],
        ),
        (
            "stranger",
            variable("SSL_CERT_FILE", authority),
            ["SSL_CERT_FILE", "not trusted"],
        ),
        (
            "usual certificates",
            variable("SSL_CERT_FILE", ""),
            ["SSL_CERT_FILE", "not trusted"],
        ),
        (
            "proxy",
            vec![("https_proxy", &*closed), ("no_proxy", "")],
            ["cannot be reached", "cannot connect"],
        ),
        (
            "Keep",
            variable("ARVADOS_KEEP_SERVICES", "http://127.0.0.1:1/"),
            ["127.0.0.1:1", "cannot connect"],
        ),
    ] {
        let mut environment = Environment::on(&cluster);
        StandIn::new().install(&mut environment);
        for (name, value) in variables {
            environment.set(name, value);
        }

        let output = environment.arv_keepdocker(&["--retries", "0", "hello-world"]);

        check(name, &cluster, &output, &mentions);
    }
}

/// Starts a server that says this to whoever comes, hears a little, and hangs up.
fn server(says: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let Ok(mut connection) = connection else {
                return;
            };
            // Whoever has gone need not hear it.
            let _ = connection.write_all(says);
            let _ = connection.read(&mut [0; 64]);
        }
    });
    address
}

fn always(method: &str, path: &str, action: Action) -> Fault {
    Fault::on(path, action).method(method).times(usize::MAX)
}
