use super::*;
use crate::testing::{hash_link, repo_tag_link};

const C1: &str = "zzzzz-4zz18-1v45jub259sjjgb";
const C2: &str = "zzzzz-4zz18-1g4g0vhpjn9wq7i";
const C3: &str = "zzzzz-4zz18-t68oksiu9m80s4y";
const H: &str = "d8309758b8fe2c81034ffc8a10c36460b77db7bc5e7b448c4e5b684f9d95a678";
const T2010: &str = "\"2010-06-10T14:30:00.184019565Z\"";
const T2014: &str = "\"2014-06-10T14:30:00.184019565Z\"";

/// Returns `repository tag image-start collection-end` of each row.
fn printed(links: &[Link]) -> Vec<String> {
    let line = |row: Row| {
        let image = row.image.map_or("<unknown>".to_owned(), |image| {
            crate::image::short(&image).to_owned()
        });
        format!(
            "{} {} {} {}",
            row.repository.unwrap_or("<none>".into()),
            row.tag.unwrap_or("<none>".into()),
            image,
            &row.collection[12..15]
        )
    };
    rows(links).into_iter().map(line).collect()
}

fn fixture_links() -> Vec<Link> {
    let june = "2014-06-11T14:30:00.184389000Z";
    let long = "a".repeat(64);
    vec![
        hash_link(H, C1, june, Some(T2014)),
        repo_tag_link("arvados/apitestfixture:latest", C1, june, Some(T2014)),
        repo_tag_link("arvados/apitestfixture:june10", C1, june, Some(T2014)),
        repo_tag_link(&format!("{long}:latest"), C1, june, Some(T2014)),
        hash_link(H, C3, "2014-06-12T14:30:00.184389000Z", Some(T2010)),
        repo_tag_link(
            "arvados/apitestfixture:latest",
            C3,
            "2014-06-12T14:30:00.184389000Z",
            Some(T2010),
        ),
        hash_link(
            &format!("sha256:{H}"),
            C2,
            "2017-02-13T21:35:12.602828000Z",
            None,
        ),
        repo_tag_link(
            "arvados/apitestfixture:latest",
            C2,
            "2017-02-13T21:37:47.441406000Z",
            None,
        ),
        repo_tag_link(
            "arvados/apitestfixture:B",
            C2,
            "2017-02-13T21:37:47.441406000Z",
            None,
        ),
        repo_tag_link(
            "arvados/apitestfixture:B",
            C1,
            "2017-02-13T21:41:06.769936000Z",
            None,
        ),
    ]
}

#[test]
fn the_public_fixtures_come_in_the_recorded_order() {
    let long = "a".repeat(64);
    assert_eq!(
        printed(&fixture_links()),
        [
            "arvados/apitestfixture latest d8309758b8fe 1v4".to_owned(),
            "arvados/apitestfixture june10 d8309758b8fe 1v4".into(),
            format!("{long} latest d8309758b8fe 1v4"),
            "arvados/apitestfixture latest d8309758b8fe t68".into(),
            "arvados/apitestfixture B d8309758b8fe 1v4".into(),
            "arvados/apitestfixture latest sha256:d8309 1g4".into(),
            "arvados/apitestfixture B sha256:d8309 1g4".into(),
        ]
    );
}

#[test]
fn a_collection_without_a_name_is_listed_by_its_id_among_the_others() {
    let links = [
        repo_tag_link(
            "old:1",
            C1,
            "2020-01-01T00:00:00Z",
            Some("\"2010-01-01T00:00:00Z\""),
        ),
        hash_link(
            H,
            C2,
            "2020-01-01T00:00:00Z",
            Some("\"2011-01-01T00:00:00Z\""),
        ),
    ];
    assert_eq!(
        printed(&links),
        ["<none> <none> d8309758b8fe 1g4", "old 1 <unknown> 1v4"]
    );
}

#[test]
fn a_link_without_a_readable_time_is_the_oldest() {
    let links = [
        repo_tag_link("lost:1", C1, "", None),
        repo_tag_link("odd:1", C2, "some day", None),
        repo_tag_link("old:1", C3, "1970-01-01T00:00:00Z", None),
    ];
    let rows = printed(&links);
    assert_eq!(rows[0], "old 1 <unknown> t68");
    assert_eq!(rows.len(), 3);
}

#[test]
fn a_name_is_split_at_its_last_colon() {
    let links = [
        repo_tag_link(
            "registry.example:1234/repo:latest",
            C1,
            "2020-01-01T00:00:03Z",
            None,
        ),
        repo_tag_link("justname", C1, "2020-01-01T00:00:02Z", None),
        repo_tag_link("img@sha256:abc", C1, "2020-01-01T00:00:01Z", None),
    ];
    assert_eq!(
        printed(&links),
        [
            "registry.example:1234/repo latest <unknown> 1v4",
            "justname <none> <unknown> 1v4",
            "img@sha256 abc <unknown> 1v4"
        ]
    );
}

#[test]
fn a_name_twice_on_one_collection_is_one_row_and_on_two_is_two() {
    let links = [
        repo_tag_link(
            "a:1",
            C1,
            "2020-01-01T00:00:00Z",
            Some("\"2019-01-01T00:00:00Z\""),
        ),
        repo_tag_link(
            "a:1",
            C2,
            "2020-01-02T00:00:00Z",
            Some("\"2020-01-01T00:00:00Z\""),
        ),
        repo_tag_link(
            "a:1",
            C1,
            "2020-01-03T00:00:00Z",
            Some("\"2022-01-01T00:00:00Z\""),
        ),
    ];
    let rows = rows(&links);
    assert_eq!(
        rows.iter()
            .map(|row| row.collection.as_str())
            .collect::<Vec<_>>(),
        [C1, C2]
    );
    assert_eq!(rows[0].timestamp.text(), "2022-01-01T00:00:00Z");
}

#[test]
fn the_best_hash_link_tells_the_id() {
    let links = [
        hash_link(
            "sha256:new",
            C1,
            "2020-01-01T00:00:00Z",
            Some("\"2020-01-01T00:00:00Z\""),
        ),
        hash_link("sha256:old", C1, "2021-01-01T00:00:00Z", None),
        repo_tag_link("a:1", C1, "2020-01-01T00:00:00Z", None),
    ];
    assert_eq!(rows(&links)[0].image.as_deref(), Some("sha256:new"));
}

#[test]
fn a_missing_a_wrong_and_a_foreign_build_time_count_as_none() {
    for (property, shown) in [
        (None, "2020-01-01T00:00:00.500Z"),
        (Some("5"), "2020-01-01T00:00:00.500Z"),
        (Some("{}"), "2020-01-01T00:00:00.500Z"),
        (Some("\"soon\""), "2020-01-01T00:00:00.500Z"),
        (Some("\"0001-01-01T00:00:00Z\""), "0001-01-01T00:00:00Z"),
        (
            Some("\"2014-06-10T14:30:00+02:00\""),
            "2014-06-10T12:30:00Z",
        ),
    ] {
        let links = [repo_tag_link("a:1", C1, "2020-01-01T00:00:00.5Z", property)];
        assert_eq!(rows(&links)[0].timestamp.text(), shown, "{property:?}");
    }
}

#[test]
fn an_unreadable_link_time_neither_fails_nor_hides_the_row() {
    let links = [
        repo_tag_link("a:1", C1, "", None),
        repo_tag_link("b:1", C2, "2020-01-01T00:00:00Z", None),
    ];
    assert_eq!(printed(&links), ["b 1 <unknown> 1g4", "a 1 <unknown> 1v4"]);
}

#[test]
fn builds_of_1970_and_of_year_1_differ_from_none_as_in_python() {
    let x = |built| repo_tag_link("a:1", C1, "2022-01-01T00:00:00Z", Some(built));
    let y = repo_tag_link("a:1", C2, "2021-01-01T00:00:00Z", None);
    for built in ["\"1970-01-01T00:00:00Z\"", "\"0001-01-01T00:00:00Z\""] {
        assert_eq!(rows(&[y.clone(), x(built)])[0].collection, C1, "{built}");
    }
}

#[test]
fn full_ties_keep_the_order_of_retrieval() {
    let at = "2020-01-01T00:00:00Z";
    let links = [
        repo_tag_link("b:1", C1, at, None),
        repo_tag_link("a:1", C2, at, None),
        repo_tag_link("c:1", C3, at, None),
    ];
    assert_eq!(
        printed(&links),
        [
            "b 1 <unknown> 1v4",
            "a 1 <unknown> 1g4",
            "c 1 <unknown> t68"
        ]
    );
}

#[test]
fn unnamed_images_that_tie_come_in_reverse() {
    let at = "2020-01-01T00:00:00Z";
    let links = [
        hash_link("sha256:b", C1, at, None),
        hash_link("sha256:a", C2, at, None),
    ];
    assert_eq!(
        printed(&links),
        ["<none> <none> sha256:a 1g4", "<none> <none> sha256:b 1v4"]
    );
}

#[test]
fn a_json_value_that_is_no_string_is_no_time() {
    let built = |json: &str| {
        let mut link = hash_link("sha256:a", C1, "2020-01-01T00:00:00Z", None);
        link.properties = vec![crate::types::Property {
            key: IMAGE_TIMESTAMP.into(),
            value: json.into(),
        }];
        build_time(&link)
    };
    assert!(built("\"2014-06-10T14:30:00Z\"").is_some());
    for json in ["5", "null", "true", "[]", "{}", "{\"a\":", "", "\"\""] {
        assert_eq!(built(json), None, "{json}");
    }
}
