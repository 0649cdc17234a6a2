//! What `doctor` says of the set-up: each fault is seeded, and told with what to do; what is sound is said to be.

use std::time::{Duration, SystemTime};

use chrono::{DateTime, SecondsFormat, Utc};
use keepdocker_sandbox::faults::{Action, Fault};
use keepdocker_sandbox::{Options, ServiceKind};
use serde_json::Value;

use crate::support::{AnyEngine, Cluster, Engine, Environment, StandIn};

/// What docker says of itself, once with a store of its own and once with that of containerd.
const CLASSIC: &str = r#"{"ServerVersion":"28.0.1","Driver":"overlay2","DriverStatus":[["Backing Filesystem","extfs"]],"HttpProxy":"http://me:pr0xy-s3cret@proxy.example"}"#;
const CONTAINERD: &str = r#"{"ServerVersion":"29.0.0","Driver":"overlayfs","DriverStatus":[["driver-type","io.containerd.snapshotter.v1"]]}"#;

/// Runs `doctor`, and returns the document; the exit code must go with what was found.
#[track_caller]
fn looked(environment: &Environment) -> Value {
    let output = environment.keepdocker(&["doctor", "--json", "--retries", "0"]);
    let document: Value = serde_json::from_str(output.stdout().lines().next().unwrap()).unwrap();
    let findings = document["findings"].as_array().unwrap();
    let fails = findings.iter().any(|finding| finding["state"] == "failed");
    assert_eq!(output.status.code(), Some(i32::from(fails)), "{output}");
    for finding in findings {
        let advises = finding["advice"].is_string();
        assert!(
            advises || finding["state"] == "ok",
            "without advice: {finding}"
        );
    }
    document
}

/// Returns the findings of this.
#[track_caller]
fn all<'a>(document: &'a Value, what: &str) -> Vec<&'a Value> {
    let findings = document["findings"].as_array().unwrap().iter();
    findings.filter(|finding| finding["what"] == what).collect()
}

/// Checks that the first finding of this is so and says these words.
#[track_caller]
fn expect(document: &Value, what: &str, state: &str, words: &[&str]) {
    let found = all(document, what);
    let first = found
        .first()
        .unwrap_or_else(|| panic!("nothing of {what}: {document:#}"));
    assert_eq!(first["state"], state, "{first}");
    for word in words {
        assert!(
            first["told"].as_str().unwrap().contains(word),
            "{word}: {first}"
        );
    }
}

/// Has the cluster tell another time, so many seconds before this machine's, when the clocks are compared.
fn shift_clock(cluster: &Cluster, seconds: i64) {
    let now = DateTime::<Utc>::from(SystemTime::now());
    let told = now - chrono::TimeDelta::seconds(seconds);
    let told = told.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let headers = vec![("date".to_owned(), told)];
    let answer = Action::AnswerWithHeaders(200, headers, "{}".into());
    // The first question is for the configuration itself.
    let fault = Fault::on("/arvados/v1/config", answer).after(1);
    cluster.faults().plan(fault);
}

#[test]
fn the_doctor_compares_the_clocks() {
    let cluster = Cluster::start();
    let environment = Environment::on(&cluster);
    expect(&looked(&environment), "clock", "ok", &["as the cluster's"]);
    for (seconds, state, words) in [
        (20, "ok", "ahead of"),
        (-20, "ok", "behind"),
        (300, "warning", "s ahead of"),
        (-300, "warning", "s behind"),
        (7200, "failed", "`prune --older-than`"),
        (-7200, "failed", "behind"),
    ] {
        shift_clock(&cluster, seconds);
        let document = looked(&environment);
        assert_eq!(cluster.faults().left(), 0, "the clock was asked for");
        expect(&document, "clock", state, &[words]);
        let advice = all(&document, "clock")[0]["advice"].as_str().unwrap();
        assert!(advice.starts_with("set the clock"), "{advice}");
        // All else is looked at.
        expect(&document, "images", "ok", &[]);
    }
}

#[test]
fn the_doctor_tells_whose_the_token_is_and_what_it_forbids() {
    let cluster = Cluster::start();
    let mut environment = Environment::on(&cluster);
    let user = cluster.user_uuid();
    expect(
        &looked(&environment),
        "token",
        "ok",
        &[&user, "for all requests"],
    );
    let tomorrow = DateTime::<Utc>::from(SystemTime::now() + Duration::from_secs(24 * 3600));
    let tomorrow = tomorrow.to_rfc3339_opts(SecondsFormat::Secs, true);
    for (secret, scopes, ends, words) in [
        ("e", &["all"][..], Some(&*tomorrow), "within a week"),
        ("r", &["GET /"], None, "which forbids uploading"),
    ] {
        let token = cluster
            .seed()
            .token(&user, &secret.repeat(50), scopes, ends);
        environment.set("ARVADOS_API_TOKEN", token.unwrap());
        let document = looked(&environment);
        expect(&document, "token", "warning", &[&user, words]);
        assert!(!document.to_string().contains(&secret.repeat(50)));
    }
    environment.set("ARVADOS_API_TOKEN", "v2/kdbox-gj3su-000000000000000/wrong");
    let document = looked(&environment);
    expect(&document, "token", "failed", &[]);
    // The services say the same, and what is on this machine is looked at.
    expect(&document, "cache", "ok", &[]);
    assert!(all(&document, "images").is_empty(), "{document}");
}

#[test]
fn the_doctor_asks_each_keep_service() {
    let cluster = Cluster::with(Options {
        keep_services: vec![ServiceKind::Disk; 2],
        ..Options::default()
    });
    let mut environment = Environment::on(&cluster);
    let heads = || {
        let entries = cluster.log().entries();
        let keep = entries.iter().filter(|entry| entry.is_keep);
        keep.filter(|entry| entry.method == "HEAD").count()
    };
    // Without a block to ask for, and with one.
    expect(
        &looked(&environment),
        "Keep",
        "ok",
        &["2 services", "2 of 2 work"],
    );
    assert_eq!(heads(), 2);
    let archive = crate::support::data("hello-world-ManifestV2.tar");
    let from = format!("docker-archive:{}", archive.display());
    let _ = environment
        .keepdocker(&["upload", "--from", &from])
        .success();
    cluster.log().clear();
    expect(&looked(&environment), "Keep", "ok", &["2 of 2 work"]);
    let entries = cluster.log().entries();
    let signed = entries
        .iter()
        .filter(|entry| entry.is_keep && entry.path.contains("+A"));
    assert_eq!(
        signed.count(),
        2,
        "a block is asked for that the token may read"
    );

    for (action, words) in [
        (Action::DropBefore, "does not answer"),
        (Action::Answer(401), "does not accept the token"),
        (Action::Answer(403), "does not accept the token"),
        (
            Action::Answer(500),
            "not as a service that works: status 500",
        ),
    ] {
        cluster
            .faults()
            .plan(Fault::on("/", action.clone()).method("HEAD"));
        let document = looked(&environment);
        cluster.faults().clear();
        expect(&document, "Keep", "warning", &["1 of 2 work"]);
        let found = all(&document, "Keep");
        assert_eq!(found.len(), 2, "{document:#}");
        let told = found[1]["told"].as_str().unwrap();
        assert!(told.contains(words), "{action:?}: {told}");
    }

    environment.set("ARVADOS_KEEP_SERVICES", "http://127.0.0.1:9/");
    let document = looked(&environment);
    expect(
        &document,
        "Keep",
        "failed",
        &["0 of 1 work", "1 without TLS"],
    );
    let told = all(&document, "Keep")[1];
    assert!(
        told["told"]
            .as_str()
            .unwrap()
            .starts_with("http://127.0.0.1:9 "),
        "{told}"
    );
    assert!(
        told["advice"]
            .as_str()
            .unwrap()
            .contains("ARVADOS_KEEP_SERVICES"),
        "{told}"
    );
    expect(&document, "images", "ok", &[]);
}

#[test]
fn the_doctor_tells_which_engine_it_is_and_how_it_keeps_images() {
    let cluster = Cluster::start();
    let mut environment = Environment::on(&cluster);
    let _ = StandIn::new().telling(CLASSIC).install(&mut environment);
    let document = looked(&environment);
    expect(
        &document,
        "engine",
        "ok",
        &["version 28.0.1", "storage driver overlay2"],
    );
    assert_eq!(all(&document, "engine")[0]["advice"], Value::Null);
    assert!(!document.to_string().contains("pr0xy-s3cret"), "{document}");
    let _ = StandIn::new().telling(CONTAINERD).install(&mut environment);
    let document = looked(&environment);
    expect(
        &document,
        "engine",
        "ok",
        &["version 29.0.0", "containerd's image store"],
    );
    let advice = all(&document, "engine")[0]["advice"].as_str().unwrap();
    assert!(advice.contains("`image-id = \"manifest\"`"), "{advice}");
    // One that says nothing, and one that is down.
    let _ = StandIn::new().install(&mut environment);
    expect(
        &looked(&environment),
        "engine",
        "ok",
        &["does not say what it is"],
    );
    let _ = StandIn::answering("echo no daemon >&2; exit 1").install(&mut environment);
    expect(&looked(&environment), "engine", "warning", &["no daemon"]);
}

/// Checks what is said of an engine.
#[track_caller]
fn told_of(engine: &AnyEngine, is_containerd: bool) {
    let cluster = Cluster::start();
    let environment = engine.on(&cluster);
    let document = looked(&environment);
    expect(
        &document,
        "engine",
        "ok",
        &["answers: version ", "storage driver "],
    );
    let told = all(&document, "engine")[0]["told"].as_str().unwrap();
    assert!(!told.contains("does not tell"), "{told}");
    assert_eq!(
        told.contains("containerd's image store"),
        is_containerd,
        "{told}"
    );
}

#[test]
fn the_doctor_knows_docker_20_10() {
    let Some(engine) = Engine::find() else { return };
    told_of(&AnyEngine::docker(&engine), false);
}

#[test]
fn the_doctor_knows_a_newer_docker_with_the_classic_store() {
    let Some(engine) = Engine::newer() else {
        return;
    };
    told_of(&AnyEngine::docker(&engine), false);
}

#[test]
fn the_doctor_knows_a_newer_docker_with_the_containerd_store() {
    let Some(engine) = Engine::containerd() else {
        return;
    };
    told_of(&AnyEngine::docker(&engine), true);
}

#[test]
fn the_doctor_knows_podman() {
    let Some(podman) = AnyEngine::podman() else {
        return;
    };
    told_of(&podman, false);
}

#[test]
fn what_is_on_this_machine_is_looked_at_whatever_else_is_wrong() {
    let cluster = Cluster::start();
    let broken = |name: &str, value: &str| {
        let mut environment = Environment::on(&cluster);
        let _ = StandIn::new().telling(CLASSIC).install(&mut environment);
        environment.set(name, value);
        let document = looked(&environment);
        expect(&document, "engine", "ok", &["28.0.1"]);
        for what in ["cache", "audit log", "component", "program"] {
            expect(&document, what, "ok", &[]);
        }
        document
    };
    let document = broken("SSL_CERT_FILE", "/dev/null");
    expect(
        &document,
        "network",
        "failed",
        &["/dev/null cannot be used"],
    );
    let advice = all(&document, "network")[0]["advice"].as_str().unwrap();
    assert!(advice.contains("unset the variable"), "{advice}");
    expect(&broken("ARVADOS_API_TOKEN", ""), "set-up", "failed", &[]);
    expect(
        &broken("ARVADOS_API_HOST", "127.0.0.1:9"),
        "cluster",
        "failed",
        &[],
    );

    // Where no policy can be had, nothing is asked of the cluster.
    let environment = Environment::on(&cluster);
    let policy = environment.home().join("policy.toml");
    std::fs::write(&policy, "schema = \"nothing\"").unwrap();
    let before = cluster.log().entries().len();
    let words = ["--policy", policy.to_str().unwrap(), "doctor", "--json"];
    let output = environment.keepdocker(&words);
    let document: Value = serde_json::from_str(output.stdout().lines().next().unwrap()).unwrap();
    expect(&document, "policy", "failed", &[]);
    expect(&document, "cache", "ok", &[]);
    assert_eq!(cluster.log().entries().len(), before);
}

#[test]
fn the_doctor_says_which_program_and_component_it_is() {
    let cluster = Cluster::start();
    let environment = Environment::on(&cluster);
    let document = looked(&environment);
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(document["version"], version);
    let told = environment.keepdocker(&["--version"]).success();
    let commit = told.lines().find_map(|line| line.strip_prefix("commit "));
    assert_eq!(document["commit"].as_str(), commit);
    let component = told
        .lines()
        .find_map(|line| line.strip_prefix("component "));
    expect(&document, "component", "ok", &[component.unwrap()]);
    expect(&document, "program", "ok", &[version]);
    let text = environment.keepdocker(&["doctor"]).success();
    assert!(
        text.contains(&format!("ok        program   version {version}")),
        "{text}"
    );
}
