use super::*;
use proptest::prelude::*;

const DIGITS: &str = "d8309758b8fe2c81034ffc8a10c36460b77db7bc5e7b448c4e5b684f9d95a678";
const BLOCKS: [&str; 2] = [
    "d21353cfe035e3e384563ee55eadbb2f+67108864",
    "5c77a43e329b9838cbec18ff42790e57+55605760",
];

fn image_manifest(signature: &str) -> String {
    let blocks = BLOCKS.map(|block| format!("{block}{signature}"));
    build(&blocks, &format!("sha256:{DIGITS}.tar"), 122_714_624).unwrap()
}

#[test]
fn an_image_is_written_with_an_escaped_colon_and_one_file_token() {
    let manifest = image_manifest("");
    assert_eq!(
        manifest,
        format!(
            ". {} {} 0:122714624:sha256\\072{DIGITS}.tar\n",
            BLOCKS[0], BLOCKS[1]
        )
    );
    assert_eq!(
        portable_data_hash(&manifest),
        "344cd6ad5629f90f7b681a0229e06722+177"
    );
}

#[test]
fn signatures_and_other_hints_do_not_change_the_portable_data_hash() {
    let signed = image_manifest("+A0123456789abcdef0123456789abcdef01234567@66f0c0de+Kzzzzz");
    assert_eq!(
        portable_data_hash(&signed),
        "344cd6ad5629f90f7b681a0229e06722+177"
    );
    assert_eq!(portable_data_hash(""), "d41d8cd98f00b204e9800998ecf8427e+0");
    assert_eq!(
        portable_data_hash(". acbd18db4cc2f85cedef654fccc4a4d8+3 0:3:foo\n"),
        "1f4b0bc7583c2a7f9102c395f4ffc5e3+45"
    );
}

#[test]
fn an_escaped_and_a_plain_colon_name_the_same_file() {
    let plain = format!(
        ". {} {} 0:122714624:sha256:{DIGITS}.tar\n",
        BLOCKS[0], BLOCKS[1]
    );
    assert_eq!(
        portable_data_hash(&plain),
        "d740a57097711e08eb9b2a93518f20ab+174"
    );
    assert_eq!(only_file(&plain), only_file(&image_manifest("")));
    assert_eq!(
        only_file(&plain),
        Some((format!("sha256:{DIGITS}.tar"), 122_714_624))
    );
}

#[test]
fn pieces_of_a_file_add_up_and_placeholders_are_no_files() {
    let block = "acbd18db4cc2f85cedef654fccc4a4d8+3";
    for (manifest, file) in [
        (format!(". {block} {block} 0:3:a 3:3:a\n"), Some(("a", 6))),
        (
            format!(". {block} 0:1:a 1:2:a\n./d {EMPTY_BLOCK} 0:0:\\056\n"),
            Some(("a", 3)),
        ),
        // Its pieces are not beside each other.
        (
            format!("./d {block} 0:1:a\n. {block} 0:1:d/a 1:2:d/a\n"),
            Some(("d/a", 4)),
        ),
        (format!(". {block} 0:1:b 1:1:a 2:1:b\n"), None),
        // Its pieces are not beside each other, and of several names all count.
        (
            format!("./d {block} 0:1:a\n. {block} 0:1:d/a 1:2:d/a\n"),
            Some(("d/a", 4)),
        ),
        (format!(". {block} 0:1:b 1:1:a 2:1:b\n"), None),
        (format!("./d/e {block} 0:3:f/g\n"), Some(("d/e/f/g", 3))),
        (format!(". {block} 0:3:a 0:3:b\n"), None),
        (format!(". {block} 0:3:a\n./d {block} 0:3:a\n"), None),
        (format!("./d {EMPTY_BLOCK} 0:0:\\056\n"), None),
        (String::new(), None),
    ] {
        assert_eq!(
            only_file(&manifest),
            file.map(|(path, size)| (path.to_owned(), size)),
            "{manifest}"
        );
    }
}

#[test]
fn what_is_no_manifest_is_refused() {
    let block = "acbd18db4cc2f85cedef654fccc4a4d8+3";
    for text in [
        "x".into(), "\n".into(), ".\n".into(), format!(". {block}\n"), ". 0:0:a\n".into(), format!(". {block} 0:3:a"),
        format!(".  {block} 0:3:a\n"), format!(". {block} 0:3:a \n"), format!("a {block} 0:3:a\n"), format!("./ {block} 0:3:a\n"),
        format!("./../b {block} 0:3:a\n"), format!(". {block} 0:4:a\n"), format!(". {block} 1:3:a\n"), format!(". {block} 0:3:..\n"),
        format!(". {block} 0:3:\n"), format!(". {block} 0:3:a\\9\n"), format!(". {block} 0:3:/a\n"), format!(". {block} +0:3:a\n"),
        format!(". {block} 18446744073709551615:3:a\n"), format!(". {block} 0:3:\\377\n"), format!(". {block} 0:3:a {block}\n"),
        ". acbd18db4cc2f85cedef654fccc4a4d8+18446744073709551615 acbd18db4cc2f85cedef654fccc4a4d8+1 0:3:a\n".into(),
        ". ACBD18db4cc2f85cedef654fccc4a4d8+3 0:3:a\n".into(), ". acbd18db4cc2f85cedef654fccc4a4d8 0:0:a\n".into(),
    ] {
        assert!(check(&text).is_err(), "{text}");
    }
}

#[test]
fn blocks_that_are_none_or_do_not_add_up_are_not_written() {
    assert!(matches!(
        build(&["x".into()], "a", 1),
        Err(ManifestError::Locator(_))
    ));
    assert_eq!(
        build(&[BLOCKS[0].into()], "a", 1),
        Err(ManifestError::Size {
            blocks: 67_108_864,
            file: 1
        })
    );
    assert_eq!(
        build(&[], "a", 0).unwrap(),
        format!(". {EMPTY_BLOCK} 0:0:a\n")
    );
}

#[test]
fn an_error_never_shows_a_signature() {
    let text = "acbd18db4cc2f85cedef654fccc4a4d8+x+Asecret@66f0c0de";
    let error = build(&[text.into()], "a", 1).unwrap_err().to_string();
    assert!(!error.contains("secret"), "{error}");
}

#[test]
fn a_portable_data_hash_has_a_size_and_no_hints() {
    assert!(is_portable_data_hash(
        "fa3c1a9cb6783f85f2ecda037e07b8c3+167"
    ));
    for text in [
        "fa3c1a9cb6783f85f2ecda037e07b8c3",
        "fa3c1a9cb6783f85f2ecda037e07b8c3+167+K",
        "fa3c+1",
        "",
        "é",
    ] {
        assert!(!is_portable_data_hash(text), "{text}");
    }
}

proptest! {
    #[test]
    fn what_was_written_is_read_back(name in "[^/]{1,30}", sizes in proptest::collection::vec(0u64..=67_108_864, 0..20)) {
        prop_assume!(name != "." && name != "..");
        let blocks: Vec<String> = sizes.iter().map(|size| format!("acbd18db4cc2f85cedef654fccc4a4d8+{size}+A0@1")).collect();
        let size = sizes.iter().sum();
        let manifest = build(&blocks, &name, size).unwrap();
        prop_assert_eq!(only_file(&manifest), Some((name, size)));
    }

    #[test]
    fn any_text_is_read_or_refused_without_a_panic(text in "(\\.|\\./a| |\n|\\\\[0-9]{0,3}|acbd18db4cc2f85cedef654fccc4a4d8\\+[0-9]{1,20}|[0-9]{1,20}:[0-9]{1,20}:|\\PC){0,20}") {
        let _ = check(&text);
        let _ = portable_data_hash(&text);
    }
}

#[test]
fn only_the_name_of_the_file_changes() {
    let block = "acbd18db4cc2f85cedef654fccc4a4d8+3+Asignature@6fffffff";
    for (before, after) in [
        (
            format!(". {block} 0:3:sha256:a.tar\n"),
            Some(format!(". {block} 0:3:sha256\\072b.tar\n")),
        ),
        (
            format!("./folder {block} {block} 1:2:sha256\\072a.tar 3:1:sha256\\072a.tar\n"),
            Some(format!(
                ". {block} {block} 1:2:sha256\\072b.tar 3:1:sha256\\072b.tar\n"
            )),
        ),
        (
            format!(". {block} 0:3:a 0:0:\\056\n"),
            Some(format!(". {block} 0:3:sha256\\072b.tar\n")),
        ),
        (format!(". {block} 0:3:a 0:3:b\n"), None),
        (format!(". {block} 0:3:a\n. {block} 0:3:a\n"), None),
        (format!(". {block} 0:3:a"), None),
        (format!(". {block} 0:4:a\n"), None),
        (String::new(), None),
    ] {
        assert_eq!(with_file_name(&before, "sha256:b.tar"), after, "{before}");
        if let Some(after) = after {
            let of = |text: &str| crate::extents::of_only_file(text).unwrap();
            assert_eq!(of(&after), of(&before));
        }
    }
}
