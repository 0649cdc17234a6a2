//! What follows from an image's ID: its format, its file in Keep, its collection's name.

use keepdocker_terms::digest::Digest;
use keepdocker_terms::layering::{self, Layer, Layering};

use crate::json;
use crate::types::Property;

pub use keepdocker_terms::image_id::{file_name, format, id_of_file, is_digest, normalized, short};
pub use keepdocker_terms::property::{
    BASE_LAYER, BUILD_TIME, CONFIG_DIGEST, IMAGE_TIMESTAMP, LAYER_SIZES, LAYERS, LAYOUT,
    MANIFEST_DIGEST, PLATFORM, REPO_TAG, SIGNATURE, SIGNER, SOURCE_REFERENCE,
};

/// The server's limit for the name of a collection, in characters.
const LONGEST_NAME: usize = 255;

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

/// Makes the properties that tell which large layers lie in the blocks of a collection; none where there are none.
///
/// The layers are given lowest first, by their diff IDs with their sizes without compression.
pub fn layer_properties<'a>(layers: impl Iterator<Item = (&'a str, u64)>) -> Vec<Property> {
    let known = layers.filter_map(|(diff_id, size)| Some((Digest::parse(diff_id)?, size)));
    let layering = Layering::of(known);
    if layering.layers().is_empty() {
        return Vec::new();
    }
    let list = |key: &str, text: &dyn Fn(&Layer) -> String| {
        let values: Vec<String> = layering.layers().iter().map(text).collect();
        Property {
            key: key.into(),
            value: format!("[{}]", values.join(",")),
        }
    };
    vec![
        text_property(LAYOUT, layering::LAYOUT),
        list(LAYERS, &|layer| json::of_text(&layer.diff_id.to_string())),
        list(LAYER_SIZES, &|layer| layer.size.to_string()),
    ]
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
    fn only_layers_with_blocks_of_their_own_are_told_of() {
        let (one, two) = (format!("sha256:{DIGITS}"), "sha256:0".to_owned());
        let layers = [
            (one.as_str(), 2 << 20),
            (two.as_str(), 3 << 20),
            (&one, 2 << 20),
        ];
        let told = layer_properties(layers.into_iter());
        let told: Vec<(&str, &str)> = told
            .iter()
            .map(|property| (property.key.as_str(), property.value.as_str()))
            .collect();
        assert_eq!(
            told,
            [
                ("arv:docker-layout", "\"layered/1\""),
                ("arv:docker-layers", format!("[\"{one}\"]").as_str()),
                ("arv:docker-layer-sizes", "[2097152]"),
            ]
        );
        assert!(layer_properties([(one.as_str(), 1000)].into_iter()).is_empty());
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
