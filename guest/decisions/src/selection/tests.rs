use super::*;

fn platform(text: &str) -> types::Platform {
    let platform = Platform::parse(text).unwrap();
    types::Platform {
        os: platform.os,
        architecture: platform.architecture,
        variant: platform.variant,
    }
}

fn digest(letter: char) -> String {
    format!("sha256:{}", letter.to_string().repeat(64))
}

/// Describes an image by its letter, its group and place, its platform and its names.
fn held(letter: char, at: u32, of: &str, names: &[&str]) -> HeldImage {
    HeldImage {
        position: at,
        group: at,
        id: digest(letter),
        manifest: None,
        indexes: Vec::new(),
        repo_tags: names.iter().map(|name| (*name).into()).collect(),
        references: Vec::new(),
        base_layer: None,
        platform: platform(of),
    }
}

/// Two images, the second for two platforms.
fn three() -> Vec<HeldImage> {
    let mut all = vec![
        held('a', 0, "linux/amd64", &["lab/one:1"]),
        held('b', 1, "linux/arm64/v8", &["lab/two:1", "lab/two:latest"]),
        held('c', 1, "linux/amd64", &["lab/two:1", "lab/two:latest"]),
    ];
    for (image, letter) in all[1..].iter_mut().zip(['d', 'e']) {
        image.manifest = Some(digest(letter));
        image.indexes = vec![digest('f')];
        image.references = vec!["stable".into()];
    }
    all
}

/// Returns the letter of the image that is chosen, or the error's text.
fn chosen(
    images: &[HeldImage],
    called: Option<&str>,
    of: Option<&str>,
    reference: Option<&str>,
) -> Result<char, String> {
    let of = of.map(platform);
    let reference = reference.map(|text| Reference::parse(text).unwrap());
    let asked = Asked {
        called,
        platform: of.as_ref(),
        reference: reference.as_ref(),
        of_registry: false,
    };
    match choose(images, &asked) {
        Ok(image) => Ok(image.id.chars().nth(7).unwrap()),
        Err(NoSelection::NoSuchImage(text) | NoSelection::Ambiguous(text)) => Err(text),
    }
}

#[test]
fn what_stands_behind_the_archive_tells_the_image() {
    let (b, c) = (digest('b'), digest('c'));
    let (d, f) = (digest('d'), digest('f'));
    for (called, of, expected) in [
        ("@0", None, 'a'),
        ("@1", None, 'c'),
        ("@1", Some("linux/arm64"), 'b'),
        ("lab/one:1", None, 'a'),
        ("docker.io/lab/one:1", None, 'a'),
        ("lab/two", None, 'c'),
        ("stable", None, 'c'),
        (&c, None, 'c'),
        (&c[7..], None, 'c'),
        (&c[..30], None, 'c'),
        (&f, None, 'c'),
        (&f, Some("linux/arm64"), 'b'),
        // One that is named by a digest of its own needs no platform.
        (&b, None, 'b'),
        (&d, None, 'b'),
    ] {
        assert_eq!(
            chosen(&three(), Some(called), of, None),
            Ok(expected),
            "{called}"
        );
    }
    for called in ["@2", "@", "lab/three", "Stable", &digest('9'), "aa"] {
        let error = chosen(&three(), Some(called), None, None).unwrap_err();
        assert!(
            error.starts_with(&format!("the archive holds no image `{called}`; ")),
            "{error}"
        );
        assert!(error.contains("(lab/one:1, linux/amd64)"), "{error}");
        assert!(error.contains("linux/arm64/v8"), "{error}");
    }
}

#[test]
fn of_several_platforms_the_usual_or_the_wanted_is_taken() {
    let two = &three()[1..];
    assert_eq!(chosen(two, None, None, None), Ok('c'));
    for (of, expected) in [
        ("linux/arm64", 'b'),
        ("linux/aarch64", 'b'),
        ("linux/arm64/v8", 'b'),
        ("linux/x86_64", 'c'),
    ] {
        assert_eq!(chosen(two, None, Some(of), None), Ok(expected), "{of}");
    }
    let error = chosen(two, None, Some("linux/riscv64"), None).unwrap_err();
    assert!(
        error.starts_with("the archive holds no image for linux/riscv64; it holds"),
        "{error}"
    );
    // None is for the usual platform, and which of them runs cannot be known.
    let unusual = [
        held('a', 0, "linux/arm64", &[]),
        HeldImage {
            group: 0,
            ..held('b', 0, "linux/s390x", &[])
        },
    ];
    let error = chosen(&unusual, None, None, None).unwrap_err();
    assert!(
        error.contains("for linux/amd64; choose another with `--platform`"),
        "{error}"
    );
    // Where there is no choice, nothing is said of platforms.
    assert_eq!(chosen(&unusual[..1], None, None, None), Ok('a'));
    assert!(chosen(&unusual[..1], None, Some("linux/amd64"), None).is_err());
}

#[test]
fn the_plain_variant_comes_before_special_ones() {
    let two = [
        held('a', 0, "linux/amd64/v3", &[]),
        HeldImage {
            group: 0,
            ..held('b', 0, "linux/amd64", &[])
        },
    ];
    assert_eq!(chosen(&two, None, None, None), Ok('b'));
    assert_eq!(chosen(&two, None, Some("linux/amd64/v3"), None), Ok('a'));
}

#[test]
fn the_name_that_is_asked_for_chooses_where_the_archive_knows_it() {
    let (c, e) = (digest('c'), digest('e'));
    for (reference, expected) in [
        ("lab/one:1", 'a'),
        ("lab/two", 'c'),
        (&c, 'c'),
        (&c[7..19], 'c'),
        (&e, 'c'),
    ] {
        assert_eq!(
            chosen(&three(), None, None, Some(reference)),
            Ok(expected),
            "{reference}"
        );
    }
    // Another name is a new one for what is there.
    assert_eq!(chosen(&three()[..1], None, None, Some("mine:1")), Ok('a'));
    assert_eq!(chosen(&three(), Some("@0"), None, Some("mine:1")), Ok('a'));
    let error = chosen(&three(), None, None, Some("mine:1")).unwrap_err();
    assert!(
        error.starts_with("the archive holds several images: "),
        "{error}"
    );
    let error = chosen(&three(), None, None, Some(&digest('9'))).unwrap_err();
    assert!(
        error.contains(&format!("no image `{}`", digest('9'))),
        "{error}"
    );
}

#[test]
fn one_image_under_several_names_is_one() {
    let twice = [
        held('a', 0, "linux/amd64", &["lab/one:1"]),
        held('a', 1, "linux/amd64", &["lab/one:2"]),
    ];
    assert_eq!(chosen(&twice, None, None, None), Ok('a'));
    let error = chosen(&[], None, None, None).unwrap_err();
    assert_eq!(error, "the archive holds no image at all; it holds none");
}

#[test]
fn an_error_lists_ten_images_at_most_and_repeats_no_long_text() {
    let many: Vec<HeldImage> = ('a'..='l')
        .zip(0..)
        .map(|(letter, at)| held(letter, at, "linux/amd64", &[&"x".repeat(1000)]))
        .collect();
    let error = chosen(&many, Some(&"y".repeat(1000)), None, None).unwrap_err();
    assert!(error.ends_with("and 2 more"), "{error}");
    assert!(error.len() < 4000, "{}", error.len());
}

#[test]
fn an_image_is_registered_by_the_name_asked_for_or_by_its_own() {
    let tags = ["x:1", "docker.io/library/x:1", "x:2", "<none>:<none>"].map(String::from);
    let named = |text: Option<&str>| {
        let reference = text.map(|text| Reference::parse(text).unwrap());
        let (names, left_out) = names(reference.as_ref(), &tags);
        let names: Vec<String> = names.iter().map(Name::registered).collect();
        (names, left_out.len())
    };
    assert_eq!(named(None), (vec!["x:1".into(), "x:2".into()], 1));
    assert_eq!(named(Some("y")), (vec!["y:latest".into()], 0));
    assert_eq!(named(Some(&digest('a'))), (Vec::new(), 0));
}

#[test]
fn only_a_name_becomes_that_of_a_loaded_image() {
    assert_eq!(name_of_loaded("lab/tool:1"), Some("lab/tool:1"));
    assert_eq!(name_of_loaded("cafe"), Some("cafe"));
    let digits = "a".repeat(64);
    for text in [
        &format!("sha256:{digits}"),
        &digits,
        "fa3c1a9cb6783f85f2ecda037e07b8c3+167",
        &format!("lab/tool@sha256:{digits}"),
    ] {
        assert_eq!(name_of_loaded(text), None, "{text}");
    }
}

#[test]
fn of_a_registry_one_platform_is_meant_and_of_equals_the_first() {
    let of = |platforms: &[(char, &str)], wanted: Option<&str>| {
        let candidates = platforms
            .iter()
            .map(|(letter, of)| (digest(*letter), platform(of)));
        of_registry(candidates, wanted.map(platform).as_ref())
    };
    let all = [
        ('a', "linux/arm64/v8"),
        ('b', "linux/amd64"),
        ('c', "linux/x86_64"),
        ('d', "linux/amd64/v3"),
        ('e', "windows/amd64"),
    ];
    for (platforms, wanted, expected) in [
        (&all[..], None, Ok('b')),
        (&all[..], Some("linux/arm64"), Ok('a')),
        (&all[..], Some("linux/amd64/v3"), Ok('d')),
        (&all[..], Some("linux/s390x"), Err("linux/arm64/v8")),
        // What is there for one platform only is meant, unless another is asked for.
        (&all[..1], None, Ok('a')),
        (&all[..1], Some("linux/amd64"), Err("linux/arm64/v8")),
        (&[], None, Err("it holds none")),
        (
            &all[..1],
            Some("linux/s390x"),
            Err("the registry holds no image for linux/s390x; "),
        ),
    ] {
        match (of(platforms, wanted), expected) {
            (Ok(found), Ok(letter)) => assert_eq!(found, digest(letter), "{wanted:?}"),
            (Err(NoSelection::NoSuchImage(text)), Err(part)) => {
                assert!(text.contains(part), "{text}");
            }
            (found, _) => panic!("{wanted:?}: {found:?}"),
        }
    }
}
