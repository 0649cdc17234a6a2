//! What holds for any text.

use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn printing_what_was_parsed_gives_the_input_back(
        host in proptest::option::of("([a-z]{1,8}\\.[a-z]{2,3}|localhost|\\[[0-9a-f]{1,4}::[0-9a-f]{1,4}\\])(:[1-9][0-9]{0,3})?"),
        path in "[a-z0-9]{1,6}((\\.|_|__|-{1,3})[a-z0-9]{1,4}){0,2}(/[a-z0-9]{1,6}){0,2}",
        tag in proptest::option::of("[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}"),
        digest in proptest::option::of("sha256:[0-9a-f]{64}"),
    ) {
        // Before a `/`, a dot makes a host of a component.
        prop_assume!(!path.split_once('/').is_some_and(|(first, _)| looks_like_host(first)));
        let mut text = path;
        if let Some(host) = host { text = format!("{host}/{text}"); }
        if let Some(tag) = tag { text = format!("{text}:{tag}"); }
        if let Some(digest) = digest { text = format!("{text}@{digest}"); }
        match Reference::parse(&text) {
            Ok(reference) => prop_assert_eq!(reference.to_string(), text),
            Err(ReferenceError::ShortId(_)) => prop_assert!(text.starts_with("sha256:")),
            Err(error) => prop_assert!(false, "{}: {}", text, error),
        }
    }

    #[test]
    fn the_registered_name_is_read_as_the_same_name_again(
        host in proptest::option::of("docker\\.io|index\\.docker\\.io|localhost|[a-z]{1,4}\\.[a-z]{2}|LAB"),
        port in proptest::option::of("443|5000"),
        path in "(library/)?([a-z0-9]{1,4}|sha256|localhost|a\\.b)(/[a-z0-9]{1,4}|/localhost){0,2}",
        tag in proptest::option::of("[a-f0-9]{1,64}|[A-Za-z0-9_][A-Za-z0-9_.-]{0,9}"),
    ) {
        let mut text = path;
        if let Some(host) = host {
            let port = port.map(|port| format!(":{port}")).unwrap_or_default();
            text = format!("{host}{port}/{text}");
        }
        if let Some(tag) = tag { text = format!("{text}:{tag}"); }
        if let Ok(Reference::Name(name)) = Reference::parse(&text) {
            let registered = name.registered();
            let again = match Reference::parse(&registered) {
                Ok(Reference::Name(again)) => again,
                other => panic!("{text}: {registered}: {other:?}"),
            };
            prop_assert_eq!(again.registered(), registered.clone(), "{}", &text);
            // It is in the same place of the same registry.
            let whole = |text: &str| {
                let spelled = Spelled::parse(text).unwrap();
                let path = spelled.path();
                let path = if spelled.registry() == "docker.io" && !path.contains('/') { format!("library/{path}") } else { path.to_owned() };
                format!("{}/{path}", spelled.registry())
            };
            prop_assert_eq!(whole(&text), whole(&registered));
        }
    }

    #[test]
    fn any_text_is_parsed_or_refused_without_a_panic(text in "\\PC{0,40}", tag in proptest::option::of("\\PC{0,10}")) {
        if let Ok(reference) = Reference::parse(&text) {
            prop_assert_eq!(reference.to_string(), text.clone());
        }
        let _ = Reference::with_tag(&text, tag.as_deref());
    }

    #[test]
    fn an_id_matches_only_what_begins_with_its_digits(digits in "[0-9a-f]{12,64}", other in "[0-9a-f]{64}") {
        let parsed = Reference::parse(&digits).unwrap();
        let Reference::Id(id) = parsed else { panic!("{digits} is an ID") };
        prop_assert_eq!(id.matches(&other), other.starts_with(&digits));
        prop_assert_eq!(id.matches(&format!("sha256:{other}")), other.starts_with(&digits));
    }
}
