//! Answers that are lost, late or put off.

use std::time::{Duration, Instant};

use keepdocker_sandbox::faults::{Action, Fault};

use super::source;
use crate::support::{Cluster, Environment};

#[test]
fn a_create_whose_effect_comes_late_is_waited_for_and_not_repeated() {
    for path in ["/arvados/v1/collections", "/arvados/v1/links"] {
        let cluster = Cluster::start();
        cluster
            .faults()
            .plan(Fault::on(path, Action::AnswerFirst(504, Duration::from_secs(2))).method("POST"));
        let output = Environment::on(&cluster).keepdocker(&["upload", "--from", &source()]);
        let _ = output.success();
        assert_eq!(cluster.faults().left(), 0, "{path} met nothing");
        assert_eq!(cluster.collections().len(), 1, "{path}: {output}");
        for class in ["docker_image_hash", "docker_image_repo+tag"] {
            assert_eq!(cluster.links_of(class).len(), 1, "{path}: {output}");
        }
    }
}

#[test]
fn without_retries_nothing_is_created_twice() {
    let cluster = Cluster::start();
    let path = "/arvados/v1/collections";
    cluster.faults().plan(
        Fault::on(path, Action::Answer(504))
            .method("POST")
            .times(usize::MAX),
    );
    let environment = Environment::on(&cluster);
    let output = environment.keepdocker(&["upload", "--retries", "0", "--from", &source()]);
    assert!(output.failure(1).contains("status 504"), "{output}");
    let creates = cluster
        .log()
        .entries()
        .iter()
        .filter(|entry| entry.method == "POST" && entry.path == path)
        .count();
    assert_eq!(creates, 1);
}

#[test]
fn a_server_that_wishes_to_be_left_alone_is() {
    let wish = |status| {
        let headers = vec![("Retry-After".to_owned(), "2".to_owned())];
        Action::AnswerWithHeaders(status, headers, String::new())
    };
    for (method, path, status) in [
        ("GET", "/arvados/v1/links", 429),
        ("GET", "/arvados/v1/config", 503),
        ("PUT", "/", 429),
        ("PUT", "/", 503),
        ("POST", "/arvados/v1/links", 429),
    ] {
        let cluster = Cluster::start();
        cluster
            .faults()
            .plan(Fault::on(path, wish(status)).method(method));
        let start = Instant::now();
        let output = Environment::on(&cluster).keepdocker(&["upload", "--from", &source()]);
        let _ = output.success();
        assert_eq!(cluster.faults().left(), 0, "{method} {path} met nothing");
        assert!(
            start.elapsed() >= Duration::from_secs(2),
            "{method} {path}: {output}"
        );
    }
}
