//! What is said where, and to whom.

use super::*;

#[test]
fn what_was_not_to_be_stored_is_not_said_to_be() {
    for (purpose, words) in [
        (Purpose::Store, "stored in Keep"),
        (Purpose::Fetch, "stored in Keep"),
        (Purpose::Save, "saved"),
        (Purpose::Load, "loaded"),
    ] {
        let report = cluster::keep_failed("cannot write /dev/full".into(), purpose);
        assert_eq!(report.message, format!("the image could not be {words}"));
    }
    let report = archive::unsound("it ends", Purpose::Save);
    assert!(
        report.message.starts_with("what the cluster has"),
        "{report:?}"
    );
}

#[test]
fn every_page_that_an_error_names_exists() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for page in Page::ALL {
        assert!(root.join(page.path()).is_file(), "{page:?}");
    }
    let denied = denied("denied by policy: `images.list`".into());
    assert!(
        denied.in_lines(None).ends_with("\nsee: docs/policy.md\n"),
        "{denied:?}"
    );
    let refused = cluster::unauthorized("401".into());
    assert_eq!(refused.page, Some(Page::Configuration));
    assert!(
        refused
            .in_lines(Some(80))
            .ends_with("\nsee: docs/configuration.md\n")
    );
}

#[test]
fn an_image_is_said_to_be_missing_where_it_was_looked_for() {
    for (purpose, is_engine_meant) in [
        (Purpose::Store, true),
        (Purpose::Fetch, false),
        (Purpose::Save, false),
        (Purpose::Load, false),
        (Purpose::Change, false),
        (Purpose::Find, false),
        (Purpose::Resolve, false),
    ] {
        let report = no_such_image("lab/x", purpose);
        let advice = report.advice.unwrap_or_default();
        assert_eq!(report.message.contains("neither here"), is_engine_meant);
        assert_eq!(advice.contains("pull or build"), is_engine_meant);
        assert!(!advice.contains("the server looks"), "{advice}");
        let report = no_such_image("526874b5df48", purpose);
        let advice = report.advice.unwrap_or_default();
        let is_server_asked = purpose == Purpose::Resolve;
        assert_eq!(advice.contains("the server looks"), is_server_asked);
    }
}

#[test]
fn a_copy_is_advised_where_a_change_is_made_where_the_image_is() {
    for (purpose, words) in [
        (Purpose::Store, "name another project"),
        (Purpose::Change, "`keepdocker copy IMAGE --project PROJECT`"),
    ] {
        let report = cluster::read_only_project("zzzzz-j7d0g-aaaaaaaaaaaaaaa", "lab", purpose);
        let advice = report.advice.unwrap_or_default();
        assert!(advice.contains(words), "{advice}");
    }
}

#[test]
fn scripts_find_the_words_of_the_python_program() {
    let refusal = "refusing to store incompatible format (use --force-image-format to override)";
    for (report, words) in [
        (
            no_such_image("x", Purpose::Store),
            vec!["no matching image found"],
        ),
        (
            ambiguous_image("abc", &["sha256:a".into(), "sha256:b".into()]),
            vec!["2 images match abc"],
        ),
        (
            unsupported_format("v1", &["v2".into(), "v3".into()]),
            vec![
                "image format is 'v1' but server supports only ['v2', 'v3']",
                refusal,
            ],
        ),
        (unsupported_format("v1", &[]), vec![refusal]),
    ] {
        assert_eq!(report.python, words);
    }
}
