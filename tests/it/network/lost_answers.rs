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

/// An answer behind which the effect comes after so many seconds, and no sign that the server is slow: looks come 1,
/// 3 and 7 s after it, and then the create is repeated.
fn late(path: &str, seconds: u64) -> Fault {
    let action = Action::AnswerFirst(502, Duration::from_secs(seconds));
    Fault::on(path, action).method("POST")
}

#[test]
fn an_effect_that_the_first_look_misses_is_found_by_another() {
    for path in ["/arvados/v1/collections", "/arvados/v1/links"] {
        let cluster = Cluster::start();
        cluster.faults().plan(late(path, 2));
        let output = Environment::on(&cluster).keepdocker(&["upload", "--from", &source()]);
        let _ = output.success();
        assert_eq!(cluster.collections().len(), 1, "{path}: {output}");
        assert_eq!(cluster.links_of_images().len(), 2, "{path}: {output}");
        assert!(!output.stderr.contains("twice"), "{output}");
    }
}

#[test]
fn a_twin_that_turns_up_in_the_end_is_told() {
    let cluster = Cluster::start();
    cluster.faults().plan(late("/arvados/v1/collections", 10));
    // The effect comes while the links are made.
    let links = Fault::on("/arvados/v1/links", Action::Delay(Duration::from_secs(4)));
    cluster.faults().plan(links.method("POST"));

    let output = Environment::on(&cluster).keepdocker(&["upload", "--from", &source()]);

    let ours = output.success().trim().to_owned();
    let all = cluster.collections();
    assert_eq!(all.len(), 2, "{output}");
    let twin = all.iter().find(|one| one["uuid"] != *ours).unwrap();
    let twin = twin["uuid"].as_str().unwrap();
    for words in [
        "made a collection of this image twice",
        &format!("{ours}, which the image's names lead to"),
        &format!("{twin}, which you can move to the trash"),
    ] {
        assert!(output.stderr.contains(words), "{words}: {output}");
    }
    let links = cluster.links_of_images();
    assert_eq!(links.len(), 2, "{output}");
    assert!(links.iter().all(|link| link["head_uuid"] == *ours));
    // The next run finds what there is, and makes nothing.
    let again = Environment::on(&cluster).keepdocker(&["upload", "--from", &source()]);
    assert_eq!(again.success().trim(), ours);
    assert_eq!(
        (cluster.collections().len(), cluster.links_of_images().len()),
        (2, 2)
    );
}

#[test]
fn a_link_that_exists_twice_in_the_end_is_told() {
    let cluster = Cluster::start();
    cluster.faults().plan(late("/arvados/v1/links", 10));
    // The first create is the late one, the second its repetition.
    let slow = Action::Delay(Duration::from_secs(4));
    let name = Fault::on("/arvados/v1/links", slow).method("POST").after(1);
    cluster.faults().plan(name);

    let output = Environment::on(&cluster).keepdocker(&["upload", "--from", &source()]);

    let _ = output.success();
    assert_eq!(cluster.links_of("docker_image_hash").len(), 2, "{output}");
    assert!(
        output.stderr.contains("twice, since the answer"),
        "{output}"
    );
    assert!(output.stderr.contains("it does no harm"), "{output}");
    let _ = cluster.only_collection();
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
