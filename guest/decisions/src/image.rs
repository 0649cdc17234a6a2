//! What follows from an image's ID: its format, its file in Keep, its collection's name.

use crate::json;
use crate::types::Property;

/// The collection property that holds the image's `repository:tag`.
pub const REPO_TAG: &str = "docker-image-repo-tag";
/// The collection property that holds the digest of the config: the image's ID.
///
/// Clusters with a strict vocabulary accept unknown keys only if they begin with `arv:`.
pub const CONFIG_DIGEST: &str = "arv:docker-config-digest";
/// The collection property that holds the digest of the manifest, which some engines call the ID.
pub const MANIFEST_DIGEST: &str = "arv:docker-manifest-digest";
/// The collection property that tells where the image came from.
pub const SOURCE_REFERENCE: &str = "arv:docker-source-reference";
/// The collection property that keeps the build time until the links that carry it exist.
pub const BUILD_TIME: &str = "arv:docker-image-timestamp";
/// The collection property that holds the digest of the lowest layer: images on one base share it.
pub const BASE_LAYER: &str = "arv:docker-base-layer";
/// The link property that holds the image's build time.
pub const IMAGE_TIMESTAMP: &str = "image_timestamp";

const ALGORITHM: &str = "sha256:";
/// The server's limit for the name of a collection, in characters.
const LONGEST_NAME: usize = 255;

/// Returns the first twelve characters of an ID, as the collection's name and the listing show it.
pub fn short(id: &str) -> String {
    id.chars().take(12).collect()
}

/// Tells whether the text is `sha256:` and 64 lower-case hexadecimal digits.
pub fn is_digest(text: &str) -> bool {
    text.strip_prefix(ALGORITHM).is_some_and(is_digits)
}

fn is_digits(text: &str) -> bool {
    text.len() == 64
        && text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Returns the ID in the form in which images are registered.
///
/// Podman prints the digits alone; no engine of today has images in the v1 format, whose IDs
/// look like that.
pub fn normalized(engine_id: &str) -> String {
    if is_digits(engine_id) {
        format!("{ALGORITHM}{engine_id}")
    } else {
        engine_id.into()
    }
}

/// Returns the image format that an ID belongs to.
pub fn format(id: &str) -> &'static str {
    if id.starts_with(ALGORITHM) {
        "v2"
    } else if !id.contains(':') {
        "v1"
    } else {
        "unknown"
    }
}

/// Returns the name of the image's file in Keep.
///
/// The server finds images by this name, and the compute nodes take the ID from it.
pub fn file_name(id: &str) -> String {
    format!("{id}.tar")
}

/// Returns the ID that a file is named by, if it is named like an image.
pub fn id_of_file(name: &str) -> Option<&str> {
    let id = name.strip_suffix(".tar")?;
    let digits = id.strip_prefix(ALGORITHM).unwrap_or(id);
    let is_id = digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then_some(id)
}

/// Returns the usual name of an image's collection.
///
/// Servers refuse a `/` in names by default, so the slashes of a repository become blanks.
pub fn collection_name(repo_tag: Option<&str>, id: &str) -> String {
    let short = short(id);
    match repo_tag {
        None => format!("Docker image {short}"),
        Some(repo_tag) => {
            let rest = "Docker image  ".len() + short.chars().count();
            let named: String = repo_tag
                .replace('/', " ")
                .chars()
                .take(LONGEST_NAME.saturating_sub(rest))
                .collect();
            format!("Docker image {named} {short}")
        }
    }
}

/// Checks a name that a person chose for a collection, before any data is sent.
pub fn check_collection_name(name: &str, slash_substitute: &str) -> Result<(), String> {
    if name == "." || name == ".." {
        return Err(format!("a collection cannot be named `{name}`"));
    }
    if name.contains('/') && slash_substitute.is_empty() {
        return Err(format!(
            "the collection name `{name}` has a `/`, which this cluster refuses"
        ));
    }
    let length = name.chars().count();
    if length > LONGEST_NAME {
        return Err(format!(
            "the collection name has {length} characters; the server takes at most {LONGEST_NAME}"
        ));
    }
    Ok(())
}

/// Returns the build time that the image's config states, as the config writes it.
///
/// A config without one, with one that is no string, or that is no JSON has none.
pub fn build_time(config: &str) -> Option<String> {
    json::text_of_member(config, "created")
}

/// Makes a property whose value is a string.
pub fn text_property(key: &str, value: &str) -> Property {
    Property {
        key: key.into(),
        value: json::of_text(value),
    }
}

/// Returns the value of a property that is a string.
pub fn text_of(properties: &[Property], key: &str) -> Option<String> {
    let property = properties.iter().find(|property| property.key == key)?;
    json::text(&property.value).map(Into::into)
}

/// Returns the names that a collection tells of its image, or none if they are told in a way that
/// is none of ours.
pub fn told_names(properties: &[Property]) -> Option<Vec<String>> {
    match properties.iter().find(|property| property.key == REPO_TAG) {
        Some(property) => json::texts(&property.value),
        None => Some(Vec::new()),
    }
}

/// Returns the JSON value that tells these names: the name alone, as other programs expect it, and
/// a list only if there are several, of which Arvados finds each.
pub fn names_value(names: &[String]) -> String {
    match names {
        [name] => json::of_text(name),
        names => {
            let names: Vec<String> = names.iter().map(|name| json::of_text(name)).collect();
            format!("[{}]", names.join(","))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGITS: &str = "d8309758b8fe2c81034ffc8a10c36460b77db7bc5e7b448c4e5b684f9d95a678";

    #[test]
    fn the_form_of_the_id_tells_the_format() {
        for (id, expected) in [("sha256:abc", "v2"), (DIGITS, "v1"), ("md5:abc", "unknown")] {
            assert_eq!(format(id), expected);
        }
    }

    #[test]
    fn an_engine_that_leaves_out_the_algorithm_means_the_same_image() {
        assert_eq!(normalized(DIGITS), format!("sha256:{DIGITS}"));
        assert_eq!(
            normalized(&format!("sha256:{DIGITS}")),
            format!("sha256:{DIGITS}")
        );
        assert_eq!(normalized("d8309758"), "d8309758");
    }

    #[test]
    fn a_collection_is_named_after_the_image_with_blanks_for_slashes() {
        let id = format!("sha256:{DIGITS}");
        assert_eq!(
            collection_name(Some("golden/hello:v1"), &id),
            "Docker image golden hello:v1 sha256:d8309"
        );
        assert_eq!(collection_name(None, &id), "Docker image sha256:d8309");
        assert_eq!(
            collection_name(Some(&"é".repeat(400)), &id).chars().count(),
            255
        );
        assert!(collection_name(Some(&"é".repeat(400)), &id).ends_with(" sha256:d8309"));
    }

    #[test]
    fn a_name_that_the_server_would_refuse_is_refused_before_the_upload() {
        for (name, substitute, is_good) in [
            ("mine", "", true),
            ("", "", true),
            ("a/b", "", false),
            ("a/b", "_", true),
            (".", "", false),
            ("..", "_", false),
        ] {
            assert_eq!(
                check_collection_name(name, substitute).is_ok(),
                is_good,
                "{name}"
            );
        }
        assert!(check_collection_name(&"é".repeat(255), "").is_ok());
        assert!(check_collection_name(&"é".repeat(256), "").is_err());
    }

    #[test]
    fn only_files_named_like_images_have_an_id() {
        let v2 = format!("sha256:{DIGITS}");
        assert_eq!(id_of_file(&format!("{v2}.tar")), Some(v2.as_str()));
        assert_eq!(id_of_file(&format!("{DIGITS}.tar")), Some(DIGITS));
        for name in [
            DIGITS.to_owned(),
            format!("{DIGITS}.tar.gz"),
            format!("x{DIGITS}.tar"),
            "sha256:.tar".into(),
            ".tar".into(),
        ] {
            assert_eq!(id_of_file(&name), None, "{name}");
        }
    }

    #[test]
    fn only_a_string_is_a_build_time() {
        assert_eq!(
            build_time(r#"{"created":"2023-05-02T16:49:27Z","os":"linux"}"#).as_deref(),
            Some("2023-05-02T16:49:27Z")
        );
        let deep = "[".repeat(100_000);
        for config in [
            "{}",
            r#"{"created":5}"#,
            r#"{"created":null}"#,
            "",
            "[]",
            "{\"created\":",
            deep.as_str(),
        ] {
            assert_eq!(build_time(config), None, "{config:.30}");
        }
    }

    #[test]
    fn a_text_property_survives_any_text() {
        for text in ["a", "\"\\\n", "é\u{0}"] {
            let property = text_property("k", text);
            assert_eq!(text_of(&[property], "k").as_deref(), Some(text));
        }
        assert_eq!(
            text_of(
                &[Property {
                    key: "k".into(),
                    value: "5".into()
                }],
                "k"
            ),
            None
        );
    }
}
