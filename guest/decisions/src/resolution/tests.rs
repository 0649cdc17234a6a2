use super::*;
use crate::testing::recorded::Recorded;
use crate::testing::{PROJECT, hash_link, repo_tag_link};

const X: &str = "zzzzz-4zz18-xxxxxxxxxxxxxxx";
const Y: &str = "zzzzz-4zz18-yyyyyyyyyyyyyyy";
const SYSTEM: &str = "zzzzz-tpzed-000000000000000";
const DIGITS: &str = "d8309758b8fe2c81034ffc8a10c36460b77db7bc5e7b448c4e5b684f9d95a678";

fn order(links: &[Link]) -> Vec<String> {
    let links: Vec<&Link> = links.iter().collect();
    candidates(&links)
        .into_iter()
        .map(|candidate| candidate.collection)
        .collect()
}

/// Returns the links that the server would consider: of names if there are such, else of image hashes.
fn matching<'a>(term: &NamedTerm, links: &'a [Link]) -> Vec<&'a Link> {
    match term.of_class(Class::RepoTag, links) {
        none if none.is_empty() => term.of_class(Class::ImageHash, links),
        named => named,
    }
}

#[test]
fn the_text_is_split_at_its_first_colon() {
    for (text, repo_tag, pattern) in [
        ("debian", "debian:latest", "debian%"),
        ("debian:12", "debian:12", "debian%"),
        ("host:5000/img", "host:5000/img", "host%"),
        ("host:5000/img:1", "host:5000/img:1", "host%"),
        ("sha256:abc", "sha256:abc", "sha256%"),
        ("", ":latest", "%"),
        ("%", "%:latest", "%%"),
    ] {
        let expected = NamedTerm {
            repo_tag: repo_tag.into(),
            pattern: pattern.into(),
        };
        assert_eq!(Term::parse(text), Term::Named(expected), "{text}");
    }
}

#[test]
fn a_portable_data_hash_is_taken_without_its_hints() {
    let hash = "fa3c1a9cb6783f85f2ecda037e07b8c3";
    for (text, content) in [
        (format!("{hash}+167"), format!("{hash}+167")),
        (format!("{hash}+167+Kzzzzz+A0@1"), format!("{hash}+167")),
        (hash.to_owned(), hash.to_owned()),
    ] {
        assert_eq!(Term::parse(&text), Term::Content(content), "{text}");
    }
    for text in [
        format!("{hash}0"),
        format!("{hash}+"),
        format!("{hash}+1+"),
        format!("{hash}+1+2"),
        hash[1..].into(),
    ] {
        assert!(matches!(Term::parse(&text), Term::Named(_)), "{text}");
    }
}

#[test]
fn a_build_of_1970_equals_none_and_an_earlier_one_is_worse_than_none() {
    for built in ["\"1970-01-01T00:00:00Z\"", "\"0001-01-01T00:00:00Z\""] {
        let x = repo_tag_link("a:1", X, "2020-01-01T00:00:00Z", Some(built));
        let y = repo_tag_link("a:1", Y, "2021-01-01T00:00:00Z", None);
        assert_eq!(order(&[x, y]), [Y, X], "{built}");
    }
    let x = repo_tag_link(
        "a:1",
        X,
        "2022-01-01T00:00:00Z",
        Some("\"0001-01-01T00:00:00Z\""),
    );
    let y = repo_tag_link("a:1", Y, "2021-01-01T00:00:00Z", None);
    assert_eq!(order(&[x, y]), [Y, X]);
}

#[test]
fn of_several_links_to_a_collection_the_oldest_counts() {
    let links = [
        repo_tag_link(
            "a:1",
            X,
            "2019-01-01T00:00:00Z",
            Some("\"2019-01-01T00:00:00Z\""),
        ),
        repo_tag_link(
            "a:1",
            X,
            "2022-01-01T00:00:00Z",
            Some("\"2022-01-01T00:00:00Z\""),
        ),
        repo_tag_link(
            "a:1",
            Y,
            "2020-01-01T00:00:00Z",
            Some("\"2020-01-01T00:00:00Z\""),
        ),
    ];
    assert_eq!(order(&links), [Y, X]);
}

#[test]
fn an_offset_counts_and_parts_of_a_second_do_not() {
    let x = |built| repo_tag_link("a:1", X, "2021-01-01T00:00:00.9Z", Some(built));
    let y = |built| repo_tag_link("a:1", Y, "2022-01-01T00:00:00.1Z", Some(built));
    // Half past twelve in UTC is later than noon, though its clock shows less.
    assert_eq!(
        order(&[
            x("\"2020-01-01T11:30:00-01:00\""),
            y("\"2020-01-01T12:00:00Z\"")
        ]),
        [X, Y]
    );
    assert_eq!(
        order(&[
            x("\"2020-01-01T12:00:00.9Z\""),
            y("\"2020-01-01T12:00:00.1Z\"")
        ]),
        [Y, X]
    );
}

#[test]
fn a_build_time_that_is_no_string_is_none() {
    let x = repo_tag_link("a:1", X, "2022-01-01T00:00:00Z", Some("5"));
    let y = repo_tag_link(
        "a:1",
        Y,
        "2021-01-01T00:00:00Z",
        Some("\"2000-01-01T00:00:00Z\""),
    );
    assert_eq!(order(&[x, y]), [Y, X]);
}

#[test]
fn ids_are_looked_at_only_if_no_name_matches() {
    let links = [
        hash_link("abc", X, "2020-01-01T00:00:00Z", None),
        repo_tag_link("abc:latest", Y, "2020-01-01T00:00:00Z", None),
    ];
    let heads = |text, tag| {
        let term = NamedTerm::new(text, tag);
        matching(&term, &links)
            .iter()
            .map(|link| link.head.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(heads("abc", None), [Y]);
    assert_eq!(heads("abc", Some("2")), [X]);
    assert_eq!(heads("ab", None), [X]);
    assert!(heads("ABC", None).is_empty());
}

#[test]
fn patterns_match_as_in_sql() {
    for (pattern, text, matches) in [
        ("a%", "abc", true),
        ("a%", "a", true),
        ("a%", "ba", false),
        ("%", "", true),
        ("", "", true),
        ("", "a", false),
        ("a_c%", "abc", true),
        ("a_c%", "ac", false),
        ("_", "", false),
        ("_", "é", true),
        ("%b%", "abc", true),
        ("%b%c", "abcbc", true),
        ("%b%d", "abcbc", false),
        ("%%%", "x", true),
        ("a\\%%", "a%b", true),
        ("a\\%%", "ab", false),
        ("a\\_", "a_", true),
        ("a\\", "a\\", false),
        ("sha256%", "sha256:abc", true),
        ("SHA256%", "sha256:abc", false),
    ] {
        assert_eq!(like(pattern, text), matches, "{pattern} {text}");
    }
    assert!(!like(&"%a".repeat(200), &"a".repeat(199)));
}

#[test]
fn the_beginning_ends_before_the_first_wildcard() {
    for (term, beginning) in [
        ("debian", "debian"),
        ("a_b", "a"),
        ("%", ""),
        ("a\\b", "a"),
        ("", ""),
    ] {
        assert_eq!(NamedTerm::new(term, None).beginning(), beginning);
    }
}

#[test]
fn a_format_is_accepted_by_the_name_of_the_only_file() {
    let manifest = |name: &str| format!(". acbd18db4cc2f85cedef654fccc4a4d8+3 0:3:{name}\n");
    let upper = DIGITS.to_uppercase();
    for (name, v1, v2) in [
        (format!("{DIGITS}.tar"), true, false),
        (format!("sha256:{DIGITS}.tar"), false, true),
        (format!("sha256\\072{DIGITS}.tar"), false, true),
        (format!("sub/sha256:{DIGITS}.tar"), false, true),
        (format!("{upper}.tar"), true, false),
        (format!("{DIGITS}.tar.gz"), false, false),
        ("agreement.pdf".into(), false, false),
        (format!("{DIGITS}.tar 0:3:b"), false, false),
    ] {
        assert_eq!(
            Formats {
                v1: true,
                v2: false
            }
            .accept(&manifest(&name)),
            v1,
            "{name}"
        );
        assert_eq!(
            Formats {
                v1: false,
                v2: true
            }
            .accept(&manifest(&name)),
            v2,
            "{name}"
        );
        assert_eq!(
            Formats { v1: true, v2: true }.accept(&manifest(&name)),
            v1 || v2,
            "{name}"
        );
    }
}

#[test]
fn a_cluster_that_names_no_formats_is_taken_to_run_v2() {
    assert_eq!(
        Formats::from_config(None),
        Formats {
            v1: false,
            v2: true
        }
    );
    assert_eq!(
        Formats::from_config(Some(&[])),
        Formats {
            v1: false,
            v2: false
        }
    );
    assert_eq!(
        Formats::from_config(Some(&["v1".into(), "v3".into()])),
        Formats {
            v1: true,
            v2: false
        }
    );
}

#[test]
fn the_newest_migration_link_of_the_system_user_counts() {
    let migration = |head: &str, owner: &str, year: u32| Link {
        class: Class::Migration,
        tail: "old+1".into(),
        owner: owner.into(),
        ..hash_link(
            "migrate_1.9_1.10",
            head,
            &format!("{year}-01-01T00:00:00Z"),
            None,
        )
    };
    let links = [
        migration("b+1", SYSTEM, 2021),
        migration("a+1", SYSTEM, 2020),
        migration("c+1", PROJECT, 2022),
    ];
    assert_eq!(migrated(&links, "old+1"), Some("b+1"));
    assert_eq!(migrated(&links, "new+1"), None);
}

#[test]
fn the_choice_equals_that_of_a_recorded_server() {
    let Some(recorded) = Recorded::load() else {
        return;
    };
    for case in &recorded.cases {
        // With the filter off the server takes both formats, whatever it is set to.
        let has =
            |format: &str| !case.is_filtered || case.formats.iter().any(|known| known == format);
        let formats = Formats {
            v1: has("v1"),
            v2: has("v2"),
        };
        let collections = recorded.collections(&case.user);
        let term = match case.terms.as_slice() {
            [term, tag] => NamedTerm::new(term, Some(tag)),
            [text] => match Term::parse(text) {
                Term::Named(term) => term,
                // There is no order to check.
                Term::Content(_) => continue,
            },
            other => panic!("{other:?}"),
        };
        let mut links = recorded.links(&case.user);
        links.retain(|link| {
            collections
                .iter()
                .any(|collection| collection.uuid == link.head)
        });
        let order = candidates(&matching(&term, &links));
        let mut fitting: Vec<String> = order
            .iter()
            .map(|candidate| candidate.collection.clone())
            .collect();
        fitting.retain(|uuid| {
            let collection = collections
                .iter()
                .find(|collection| collection.uuid == *uuid);
            collection.is_some_and(|collection| formats.accept(&collection.manifest))
        });
        let answer = if fitting.is_empty() && !order.is_empty() {
            None
        } else {
            Some(fitting)
        };
        assert_eq!(answer, case.answer, "{case:?}");
    }
}
