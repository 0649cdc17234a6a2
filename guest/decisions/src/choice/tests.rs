use super::*;
use crate::testing::recorded::Recorded;
use crate::testing::{hash_link, repo_tag_link};

const X: &str = "zzzzz-4zz18-xxxxxxxxxxxxxxx";
const Y: &str = "zzzzz-4zz18-yyyyyyyyyyyyyyy";
const DIGITS: &str = "d8309758b8fe2c81034ffc8a10c36460b77db7bc5e7b448c4e5b684f9d95a678";
const V2: Formats = Formats {
    v1: false,
    v2: true,
};

fn manifest_of(file: &str) -> String {
    format!(". d41d8cd98f00b204e9800998ecf8427e+5 0:5:{file}.tar\n")
}

#[test]
fn the_choice_equals_that_of_a_recorded_server() {
    let Some(recorded) = Recorded::load() else {
        return;
    };
    for case in recorded.cases.iter().filter(|case| case.is_filtered) {
        let collections = recorded.collections(&case.user);
        let collections: Vec<Content> = collections
            .iter()
            .map(|collection| Content {
                uuid: &collection.uuid,
                portable_data_hash: &collection.portable_data_hash,
                manifest: &collection.manifest,
            })
            .collect();
        let text = case.terms.join(":");
        let links = recorded.links(&case.user);
        let formats = Formats::from_config(Some(&case.formats));
        let answer = match choose(&text, &links, &collections, formats) {
            // By content the server names one collection, whatever has it too.
            Ok(found) if matches!(Term::parse(&text), Term::Content(_)) => {
                Some(found[..1].to_vec())
            }
            Ok(found) => Some(found),
            Err(NoChoice::NoSuchImage) => Some(Vec::new()),
            Err(NoChoice::UnsupportedFormat) => None,
        };
        assert_eq!(answer, case.answer, "{case:?}");
    }
}

#[test]
fn a_link_to_a_collection_that_is_not_given_counts_for_nothing() {
    let links = [
        repo_tag_link("a:1", X, "2021-01-01T00:00:00Z", None),
        repo_tag_link("a:1", Y, "2020-01-01T00:00:00Z", None),
    ];
    let manifest = manifest_of(&format!("sha256:{DIGITS}"));
    let [x, y] = [X, Y].map(|uuid| Content {
        uuid,
        portable_data_hash: "c",
        manifest: &manifest,
    });
    assert_eq!(
        choose("a:1", &links, &[y, x], V2),
        Ok(vec![X.into(), Y.into()])
    );
    assert_eq!(choose("a:1", &links, &[y], V2), Ok(vec![Y.into()]));
    assert_eq!(choose("a:1", &links, &[], V2), Err(NoChoice::NoSuchImage));
}

#[test]
fn a_migration_link_leads_from_an_old_image_to_the_same_one_in_the_format_that_runs() {
    let old = manifest_of(DIGITS);
    let new = manifest_of(&format!("sha256:{DIGITS}"));
    let x = Content {
        uuid: X,
        portable_data_hash: "old",
        manifest: &old,
    };
    let y = Content {
        uuid: Y,
        portable_data_hash: "new",
        manifest: &new,
    };
    let named = repo_tag_link("a:1", X, "2020-01-01T00:00:00Z", None);
    let migration = Link {
        class: LinkClass::Migration,
        tail: "old".into(),
        owner: "zzzzz-tpzed-000000000000000".into(),
        ..hash_link("migration", "new", "2020-01-01T00:00:00Z", None)
    };
    assert_eq!(
        choose("a:1", std::slice::from_ref(&named), &[x, y], V2),
        Err(NoChoice::UnsupportedFormat)
    );
    assert_eq!(
        choose("a:1", &[named, migration], &[x, y], V2),
        Ok(vec![Y.into()])
    );
}

#[test]
fn a_portable_data_hash_is_looked_for_among_the_collections_alone() {
    let manifest = manifest_of(&format!("sha256:{DIGITS}"));
    let content = format!("{}+54", &DIGITS[..32]);
    let [x, y] = [X, Y].map(|uuid| Content {
        uuid,
        portable_data_hash: &content,
        manifest: &manifest,
    });
    assert_eq!(
        choose(&content, &[], &[x, y], V2),
        Ok(vec![X.into(), Y.into()])
    );
    for text in [format!("{}+55", &DIGITS[..32]), DIGITS[..32].into()] {
        assert_eq!(
            choose(&text, &[], &[x, y], V2),
            Err(NoChoice::NoSuchImage),
            "{text}"
        );
    }
}

#[test]
fn it_does_not_matter_how_much_is_told_at_a_time() {
    let Some(recorded) = Recorded::load() else {
        return;
    };
    for case in recorded.cases.iter().filter(|case| case.is_filtered) {
        let collections = recorded.collections(&case.user);
        let collections: Vec<Content> = collections
            .iter()
            .map(|collection| Content {
                uuid: &collection.uuid,
                portable_data_hash: &collection.portable_data_hash,
                manifest: &collection.manifest,
            })
            .collect();
        let text = case.terms.join(":");
        let links = recorded.links(&case.user);
        let formats = Formats::from_config(Some(&case.formats));
        let at_once = choose(&text, &links, &collections, formats);
        for batch in [1, 2] {
            let mut resolution = Resolution::of(&text, formats, batch);
            let settled = settle(&mut resolution, &links, &collections);
            match &at_once {
                Ok(found) => assert_eq!(resolution.chosen(), Some(&*found[0]), "{text}"),
                Err(error) => assert_eq!(settled, Err(*error), "{text}"),
            }
        }
    }
}

#[test]
fn nothing_is_asked_for_that_cannot_change_the_choice() {
    let manifest = manifest_of(&format!("sha256:{DIGITS}"));
    let x = Content {
        uuid: X,
        portable_data_hash: "c",
        manifest: &manifest,
    };
    let links = vec![
        repo_tag_link("a:1", X, "2021-01-01T00:00:00Z", None),
        repo_tag_link("a:1", Y, "2020-01-01T00:00:00Z", None),
    ];
    let mut resolution = Resolution::of("a:1", V2, 1);
    assert_eq!(resolution.need(), Ok(Some(Need::Named("a:1".into()))));
    resolution.links(&links);
    assert_eq!(resolution.need(), Ok(Some(Need::Readable)));
    resolution.readable(|_| true);
    assert_eq!(
        resolution.need(),
        Ok(Some(Need::Collections(vec![X.into()])))
    );
    resolution.collections(&[x]);
    assert_eq!(resolution.need(), Ok(None));
    assert_eq!((resolution.chosen(), resolution.left()), (Some(X), 1));
    assert_eq!(resolution.steps(), [Step::Matching(LinkClass::RepoTag, 2)]);
}

#[test]
fn a_name_that_no_readable_collection_has_may_be_the_beginning_of_an_id() {
    let mut resolution = Resolution::of("cafe", V2, 1);
    resolution.links(&[repo_tag_link(
        "cafe:latest",
        X,
        "2021-01-01T00:00:00Z",
        None,
    )]);
    resolution.readable(|_| false);
    assert_eq!(resolution.need(), Ok(Some(Need::Hashed("cafe".into()))));
    resolution.links(&[]);
    resolution.readable(|_| true);
    assert_eq!(resolution.need(), Err(NoChoice::NoSuchImage));
}
