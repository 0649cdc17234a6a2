//! Image IDs, whole and by their beginning.

use super::*;

#[test]
fn twelve_digits_or_more_are_an_id() {
    for text in [
        DIGITS.to_owned(),
        format!("sha256:{DIGITS}"),
        "d8309758b8fe".into(),
        "sha256:D8309758B8FE".into(),
    ] {
        assert!(id(&text).matches(&format!("sha256:{DIGITS}")), "{text}");
    }
    assert!(id("d8309758b8fe").matches(DIGITS));
    assert!(!id("sha256:d8309758b8fe").matches(DIGITS));
    assert!(!id("d8309758b8ff").matches(DIGITS));
    // Names of links that are nearly IDs.
    for name in [
        format!("{DIGITS} "),
        format!("{DIGITS}0"),
        DIGITS[..40].to_owned(),
    ] {
        for text in [DIGITS, "d8309758b8fe"] {
            assert!(!id(text).matches(&name), "{text} {name}");
            assert!(
                !id(text).matches(&format!("sha256:{name}")),
                "{text} {name}"
            );
        }
    }
    assert_eq!(id(DIGITS).full().unwrap(), format!("sha256:{DIGITS}"));
    assert_eq!(id("d8309758b8fe").full(), None);
}

#[test]
fn fewer_digits_are_a_name_or_an_error_but_never_an_id() {
    assert_eq!(name("d830975").registered(), "d830975:latest");
    assert!(matches!(
        Reference::parse("sha256:d830"),
        Err(ReferenceError::ShortId(_))
    ));
    assert!(matches!(
        Reference::parse(&format!("sha256:{DIGITS}0")),
        Err(ReferenceError::ShortId(_))
    ));
}

#[test]
fn digits_can_be_read_as_a_name_unless_engines_forbid_it() {
    assert_eq!(
        id("deadbeefcafe").as_name().unwrap().registered(),
        "deadbeefcafe:latest"
    );
    assert!(id("sha256:deadbeefcafe").as_name().is_none());
    assert!(id(DIGITS).as_name().is_none());
    assert!(id("DEADBEEFCAFE").as_name().is_none());
}
