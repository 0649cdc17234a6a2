//! Images for several platforms, however layouts say so.

use serde_json::{Value, json};

use crate::Error;
use keepdocker_terms::platform::Platform;

use super::fixtures::{Choice, Made, noise};
use super::layouts::{Layout, chosen, named};

fn made(architecture: &str) -> Made {
    Made::for_platform(architecture, vec![noise(architecture.len() as u64, 900)])
}

fn platform(text: &str, name: &str) -> Choice {
    let mut parts = text.split('/').map(str::to_owned);
    let mut next = || parts.next().unwrap_or_default();
    Choice {
        name: (!name.is_empty()).then(|| name.to_owned()),
        platform: Some(Platform {
            os: next(),
            architecture: next(),
            variant: next(),
        }),
    }
}

/// Adds an image whose entry says which platform it is for.
fn add(layout: &mut Layout, made: &Made, said: Value, name: &str) {
    let mut manifest = layout.image(made, |_| {});
    if !said.is_null() {
        manifest["platform"] = said;
    }
    layout.entry(manifest, name);
}

#[test]
fn platforms_may_stand_in_the_outer_index() {
    let (amd, arm) = (made("amd64"), made("arm64"));
    for name in ["lab/tool:1", "1", ""] {
        let mut layout = Layout::default();
        for (made, architecture) in [(&arm, "arm64"), (&amd, "amd64")] {
            let said = json!({"os": "linux", "architecture": architecture});
            add(&mut layout, made, said, name);
        }
        let bytes = layout.tar();
        let found = chosen(&bytes, &Choice::default()).unwrap();
        assert_eq!(found.0, amd.id().to_string(), "{name}");
        let found = chosen(&bytes, &platform("linux/arm64", name)).unwrap();
        assert_eq!(found.0, arm.id().to_string(), "{name}");
        if !name.is_empty() {
            assert_eq!(
                chosen(&bytes, &named(name)).unwrap().0,
                amd.id().to_string()
            );
        }
        let error = chosen(&bytes, &platform("linux/s390x", name)).unwrap_err();
        assert!(error.to_string().contains("linux/arm64"), "{error}");
    }
}

#[test]
fn two_images_of_two_names_stay_two() {
    let mut layout = Layout::default();
    add(&mut layout, &made("arm64"), Value::Null, "lab/one:1");
    add(&mut layout, &made("amd64"), Value::Null, "lab/two:1");
    let error = chosen(&layout.tar(), &Choice::default()).unwrap_err();
    assert!(matches!(error, Error::Ambiguous { .. }), "{error}");
    let mut layout = Layout::default();
    add(&mut layout, &made("amd64"), Value::Null, "1");
    add(&mut layout, &Made::new(vec![noise(7, 9)]), Value::Null, "1");
    let error = chosen(&layout.tar(), &named("1")).unwrap_err();
    assert!(matches!(error, Error::Ambiguous { .. }), "{error}");
}

#[test]
fn the_index_tells_the_platform_where_the_config_does_not() {
    let mut unsaid = made("amd64");
    let text = String::from_utf8(unsaid.config).unwrap();
    let text = text.replace("\"linux\"", "\"\"").replace("amd64", "");
    unsaid.config = text.into_bytes();
    let mut layout = Layout::default();
    let said = json!({"os": "linux", "architecture": "arm64"});
    add(&mut layout, &made("arm64"), said, "1");
    let said = json!({"os": "linux", "architecture": "amd64"});
    add(&mut layout, &unsaid, said, "1");
    for choice in [Choice::default(), platform("linux/amd64", "")] {
        let found = chosen(&layout.tar(), &choice).unwrap();
        assert_eq!(found.0, unsaid.id().to_string());
    }
}

#[test]
fn a_platform_may_be_written_in_several_ways() {
    let (amd, arm) = (made("amd64"), made("arm64"));
    let mut layout = Layout::default();
    add(
        &mut layout,
        &amd,
        json!({"os": "linux", "architecture": "amd64"}),
        "1",
    );
    let said = json!({"os": "linux", "architecture": "arm64", "variant": "v8"});
    add(&mut layout, &arm, said, "1");
    for (asked, meant) in [
        ("linux/arm64/v8", &arm),
        ("linux/arm64", &arm),
        ("linux/aarch64", &arm),
        ("linux/x86_64", &amd),
        ("linux/amd64/v1", &amd),
    ] {
        let found = chosen(&layout.tar(), &platform(asked, "")).unwrap();
        assert_eq!(found.0, meant.id().to_string(), "{asked}");
    }
    assert!(chosen(&layout.tar(), &platform("linux/amd64/v3", "")).is_err());
}

#[test]
fn the_plain_variant_comes_before_special_ones() {
    let plain = made("amd64");
    let mut special = plain.clone();
    let text = String::from_utf8(special.config).unwrap();
    special.config = text
        .replace("amd64\"", "amd64\",\"variant\":\"v3\"")
        .into_bytes();
    let mut layout = Layout::default();
    add(&mut layout, &special, Value::Null, "1");
    add(&mut layout, &plain, Value::Null, "1");
    let found = chosen(&layout.tar(), &Choice::default()).unwrap();
    assert_eq!(found.0, plain.id().to_string());
    let found = chosen(&layout.tar(), &platform("linux/amd64/v3", "")).unwrap();
    assert_eq!(found.0, special.id().to_string());
}

#[test]
fn what_runs_nowhere_is_no_platform() {
    let (arm, unknown) = (made("arm64"), made("unknown"));
    let mut nowhere = unknown.clone();
    let text = String::from_utf8(unknown.config).unwrap();
    nowhere.config = text.replace("\"linux\"", "\"unknown\"").into_bytes();
    let said = json!({"os": "unknown", "architecture": "unknown"});
    for name in ["", "1"] {
        let mut layout = Layout::default();
        add(
            &mut layout,
            &arm,
            json!({"os": "linux", "architecture": "arm64"}),
            name,
        );
        add(&mut layout, &nowhere, said.clone(), name);
        let found = chosen(&layout.tar(), &Choice::default()).unwrap();
        assert_eq!(found.0, arm.id().to_string());
    }
    // Alone it is what is there.
    let mut layout = Layout::default();
    add(&mut layout, &nowhere, said, "1");
    let found = chosen(&layout.tar(), &Choice::default()).unwrap();
    assert_eq!(found.0, nowhere.id().to_string());
}

#[test]
fn an_image_for_no_usual_platform_does_not_hide_another() {
    let mut layout = Layout::default();
    for architecture in ["arm64", "s390x"] {
        add(&mut layout, &made(architecture), Value::Null, "lab/one:1");
    }
    let wanted = Made::new(vec![noise(3, 100)]);
    add(&mut layout, &wanted, Value::Null, "lab/two:1");
    let found = chosen(&layout.tar(), &Choice::default()).unwrap();
    assert_eq!(found.0, wanted.id().to_string());
    let error = chosen(&layout.tar(), &named("lab/one:1")).unwrap_err();
    assert!(error.to_string().contains("--platform"), "{error}");
}
