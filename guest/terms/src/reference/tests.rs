mod any_text;
mod ids;

use super::grammar::looks_like_host;
use super::*;

#[test]
fn a_tag_beside_a_digest_is_what_an_image_is_known_by() {
    let digest = format!("sha256:{}", "ab".repeat(32));
    let known = |text: &str| Name::parse(text).unwrap().tagged_or_pinned().registered();
    assert_eq!(known(&format!("lab/tool:1@{digest}")), "lab/tool:1");
    assert_eq!(
        known(&format!("lab/tool@{digest}")),
        format!("lab/tool@{digest}")
    );
    assert_eq!(known("lab/tool"), "lab/tool:latest");
}
const DIGITS: &str = "d8309758b8fe2c81034ffc8a10c36460b77db7bc5e7b448c4e5b684f9d95a678";

fn name(text: &str) -> Name {
    match Reference::parse(text) {
        Ok(Reference::Name(name)) => name,
        other => panic!("{text}: {other:?}"),
    }
}

fn id(text: &str) -> Id {
    match Reference::parse(text) {
        Ok(Reference::Id(id)) => id,
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn a_name_is_registered_with_its_tag_or_latest() {
    let digest = format!("sha256:{DIGITS}");
    for (given, registered) in [
        ("debian", "debian:latest"),
        ("debian:12", "debian:12"),
        ("arvados/jobs", "arvados/jobs:latest"),
        ("host.example:5000/img", "host.example:5000/img:latest"),
        ("localhost/img:1", "localhost/img:1"),
        ("localhost:5000", "localhost:5000"),
        (
            "myreg.example:8888/repo/img:tag",
            "myreg.example:8888/repo/img:tag",
        ),
        ("[::1]:8888/repo/img", "[::1]:8888/repo/img:latest"),
        ("[::1]/repo/img", "[::1]/repo/img:latest"),
        ("[::1]:8888/repo/img:tag", "[::1]:8888/repo/img:tag"),
        ("images", "images:latest"),
        ("s", "s:latest"),
        ("sha", "sha:latest"),
        ("sha256", "sha256:latest"),
        ("sha256:main", "sha256:main"),
    ] {
        assert_eq!(name(given).registered(), registered, "{given}");
    }
    assert_eq!(
        name(&format!("img@{digest}")).registered(),
        format!("img@{digest}")
    );
    assert_eq!(
        name(&format!("img:1@{digest}")).registered(),
        format!("img:1@{digest}")
    );
}

#[test]
fn the_default_port_is_no_part_of_the_registered_name() {
    for (given, registered) in [
        (
            "registry.hub.docker.com:443/library/debian:bullseye-slim",
            "registry.hub.docker.com/library/debian:bullseye-slim",
        ),
        ("reg.example:443/x/img:1", "reg.example/x/img:1"),
        ("[::1]:443/img", "[::1]/img:latest"),
        ("reg.example:4430/img", "reg.example:4430/img:latest"),
        ("img:443", "img:443"),
    ] {
        assert_eq!(name(given).registered(), registered);
        assert_eq!(name(given).to_string(), given);
    }
}

#[test]
fn spellings_of_one_name_are_registered_as_docker_shows_it() {
    let digest = format!("sha256:{DIGITS}");
    let pinned = format!("index.docker.io/library/busybox@{digest}");
    let pinned_short = format!("busybox@{digest}");
    for (given, registered) in [
        ("busybox", "busybox:latest"),
        ("library/busybox", "busybox:latest"),
        ("docker.io/busybox", "busybox:latest"),
        ("docker.io/library/busybox", "busybox:latest"),
        ("docker.io:443/library/busybox:1", "busybox:1"),
        ("index.docker.io/busybox", "busybox:latest"),
        ("index.docker.io/library/busybox:1", "busybox:1"),
        ("index.docker.io:443/lab/tool:1", "lab/tool:1"),
        ("docker.io/lab/tool", "lab/tool:latest"),
        ("docker.io/library/lab/tool", "library/lab/tool:latest"),
        (pinned.as_str(), pinned_short.as_str()),
        // The registry's own host is another name to Docker, and so is another case.
        (
            "registry-1.docker.io/library/busybox",
            "registry-1.docker.io/library/busybox:latest",
        ),
        (
            "Docker.io/library/busybox",
            "Docker.io/library/busybox:latest",
        ),
        ("quay.io/library/busybox", "quay.io/library/busybox:latest"),
        ("docker.io:5000/busybox", "docker.io:5000/busybox:latest"),
        ("localhost/busybox", "localhost/busybox:latest"),
        // What would be read as another name without it stays.
        (
            "docker.io/quay.io/busybox",
            "docker.io/quay.io/busybox:latest",
        ),
        (
            "docker.io/localhost/busybox",
            "docker.io/localhost/busybox:latest",
        ),
        (
            "index.docker.io/localhost/busybox",
            "docker.io/localhost/busybox:latest",
        ),
        ("docker.io/library/sha256:cafe", "library/sha256:cafe"),
        ("library/sha256:d8309758b8fe", "library/sha256:d8309758b8fe"),
        ("docker.io/library/sha256:main", "sha256:main"),
    ] {
        assert_eq!(name(given).registered(), registered, "{given}");
        assert_eq!(name(given).to_string(), given);
        assert!(name(registered).is(given), "{given}");
    }
    // Digits beside it are the other half of an ID, as callers of the Python program split one.
    let beside = Reference::with_tag("sha256", Some("d8309758b8fe")).unwrap();
    assert_eq!(beside, Reference::parse("sha256:d8309758b8fe").unwrap());
    assert!(!name("busybox:1").is("busybox:2"));
    assert!(!name("busybox").is("quay.io/library/busybox"));
}

#[test]
fn engines_are_asked_with_the_registry_that_was_given() {
    for (given, asked) in [
        ("busybox", vec!["busybox:latest"]),
        ("library/busybox:1", vec!["library/busybox:1"]),
        (
            "docker.io/busybox:1",
            vec!["docker.io/busybox:1", "docker.io/library/busybox:1"],
        ),
        (
            "index.docker.io/library/busybox:1",
            vec![
                "index.docker.io/library/busybox:1",
                "docker.io/library/busybox:1",
            ],
        ),
        ("docker.io/lab/tool:1", vec!["docker.io/lab/tool:1"]),
        (
            "reg.example:443/x:1",
            vec!["reg.example:443/x:1", "reg.example/x:1"],
        ),
        ("reg.example/x:1", vec!["reg.example/x:1"]),
    ] {
        assert_eq!(name(given).local(), asked, "{given}");
    }
}

#[test]
fn clusters_may_know_a_name_as_other_programs_spell_it() {
    for (given, known) in [
        ("busybox", vec!["busybox:latest"]),
        (
            "docker.io/library/busybox:1",
            vec!["busybox:1", "docker.io/library/busybox:1"],
        ),
        ("library/busybox:1", vec!["busybox:1", "library/busybox:1"]),
        ("reg.example:443/x:1", vec!["reg.example/x:1"]),
    ] {
        assert_eq!(name(given).known_as(), known, "{given}");
    }
}

#[test]
fn what_engines_call_images_without_a_name_is_no_name() {
    for made_up in [
        "overlayfs",
        "moby-dangling",
        "native",
        "import-2024-05-06",
        "docker.io/library/overlayfs",
        "docker.io/moby-dangling",
    ] {
        let text = format!("{made_up}@sha256:{DIGITS}");
        assert_eq!(
            Reference::parse(&text),
            Err(ReferenceError::MadeUp(text.clone()))
        );
        // With a tag it is somebody's.
        assert_eq!(name(&format!("{made_up}:1")).tag(), Some("1"));
    }
    for real in [
        "busybox",
        "lab/overlayfs",
        "quay.io/overlayfs",
        "import-tools",
        "import-2024-05-061",
    ] {
        name(&format!("{real}@sha256:{DIGITS}"));
    }
}

#[test]
fn a_port_is_written_in_one_way() {
    for port in [
        "0443",
        "00443",
        "0",
        "00",
        "65536",
        "99999999999999999999",
        "+443",
        "",
    ] {
        let text = format!("reg.example:{port}/x");
        assert!(
            matches!(Reference::parse(&text), Err(ReferenceError::Host(_))),
            "{text}"
        );
        assert!(
            Reference::parse(&format!("[::1]:{port}/x")).is_err(),
            "{port}"
        );
    }
    for port in ["1", "443", "5000", "65535"] {
        name(&format!("reg.example:{port}/x"));
    }
}

#[test]
fn a_second_tag_is_refused_in_the_words_that_scripts_look_for() {
    let full = format!("sha256:{DIGITS}");
    let pinned = format!("img@{full}");
    for image in [
        "myrepo:mytag",
        "host:5000/img:1",
        full.as_str(),
        pinned.as_str(),
    ] {
        let error = Reference::with_tag(image, Some("extratag")).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("image '{image}' already includes a tag, cannot add tag argument 'extratag'")
        );
    }
}

#[test]
fn a_tag_beside_the_name_becomes_its_tag() {
    for (image, tag, registered) in [
        ("debian", "12", "debian:12"),
        ("host:5000/img", "12", "host:5000/img:12"),
        ("[::1]:8888/repo/img", "x", "[::1]:8888/repo/img:x"),
        ("deadbeefcafe", "v1", "deadbeefcafe:v1"),
    ] {
        match Reference::with_tag(image, Some(tag)).unwrap() {
            Reference::Name(name) => assert_eq!(name.registered(), registered),
            other => panic!("{other:?}"),
        }
    }
    assert!(matches!(
        Reference::with_tag("debian", Some("a b")),
        Err(ReferenceError::Tag(_))
    ));
}

#[test]
fn halves_of_what_was_split_at_another_colon_are_put_together() {
    for (first, second, registered, local) in [
        (
            "localhost",
            "5000/lab/tool",
            "localhost:5000/lab/tool",
            "localhost:5000/lab/tool:latest",
        ),
        (
            "localhost",
            "5000/lab/tool:1.0",
            "localhost:5000/lab/tool:1.0",
            "localhost:5000/lab/tool:1.0",
        ),
        (
            "reg.example",
            "443/tool",
            "reg.example:443/tool",
            "reg.example:443/tool:latest",
        ),
    ] {
        match Reference::with_tag(first, Some(second)).unwrap() {
            Reference::Name(name) => {
                assert_eq!(name.registered(), registered);
                assert_eq!(name.local()[0], local);
                assert_eq!(name.to_string(), format!("{first}:{second}"));
            }
            other => panic!("{other:?}"),
        }
    }
    let full = Reference::with_tag("sha256", Some(DIGITS)).unwrap();
    assert_eq!(full, Reference::parse(&format!("sha256:{DIGITS}")).unwrap());
    // What is a tag stays one, and what is none is not made a part of something else.
    for (first, second) in [("localhost", "5000"), ("sha256", "main"), ("a", "1")] {
        match Reference::with_tag(first, Some(second)).unwrap() {
            Reference::Name(name) => assert_eq!(name.registered(), format!("{first}:{second}")),
            other => panic!("{other:?}"),
        }
    }
    for (first, second) in [
        ("localhost", "5000/"),
        ("localhost", "port/tool"),
        ("localhost", "5000/Tool"),
        ("lab/tool", "5000/x"),
        ("lab/tool:1", "5000/x"),
        ("localhost", "/lab/tool"),
    ] {
        assert!(
            Reference::with_tag(first, Some(second)).is_err(),
            "{first} {second}"
        );
    }
}

#[test]
fn what_is_no_reference_is_refused() {
    let long = "a".repeat(256);
    let huge = "a".repeat(1_000_000);
    for text in [
        "",
        " ",
        ":",
        "/",
        "@",
        "a:",
        "a/",
        "/a",
        "a//b",
        "A",
        "a b",
        "a:b:c",
        "a%",
        "%",
        "a*",
        "-a",
        "a-",
        "a..b",
        "a___b",
        "a\nb",
        "host:/img",
        "host:x/img",
        "[::1/img",
        "[]/img",
        "[::1]x/img",
        "-host.example/img",
        "a@",
        "a@sha256:12",
        "a@b@c",
        "é",
        "a:-x",
        "<none>",
        "<unknown>",
        "../a",
        "--help",
        long.as_str(),
        huge.as_str(),
    ] {
        assert!(Reference::parse(text).is_err(), "{text:.40}");
    }
}
