//! What an engine says of images.

use std::fmt;

use keepdocker_terms::image_id::normalized;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};

use crate::bindings::engine::LocalImage;
use crate::bindings::types::Platform;

/// What is read of an engine's description of an image.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Description {
    /// By which the engine knows it, with the `sha256:` that some engines leave out or without it.
    pub(super) id: String,
    #[serde(default)]
    repo_tags: Option<Vec<String>>,
    #[serde(default)]
    repo_digests: Option<Vec<String>>,
    #[serde(default)]
    os: Option<String>,
    #[serde(default)]
    architecture: Option<String>,
    #[serde(default)]
    variant: Option<String>,
    #[serde(default, rename = "RootFS")]
    root_fs: Option<RootFs>,
}

/// What an image's file system is made of.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RootFs {
    #[serde(default)]
    layers: Option<Vec<String>>,
}

/// Reads the answer to `image inspect --format '{{json .}}'`.
///
/// Docker and nerdctl write an object for each image, one after the other. Podman writes such objects
/// or, as its template then stands for all images, one list of them: 4.3 does.
pub(super) fn read(answer: &[u8]) -> Result<Vec<Description>, serde_json::Error> {
    let mut all = Vec::new();
    for some in serde_json::Deserializer::from_slice(answer).into_iter::<OneOrMore>() {
        all.extend(some?.0);
    }
    Ok(all)
}

/// An object, or a list of objects.
struct OneOrMore(Vec<Description>);

impl<'de> Deserialize<'de> for OneOrMore {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Not an untagged enum, whose errors do not say what is wrong and where.
        deserializer.deserialize_any(Reader).map(Self)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Vec<Description>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the description of an image, or a list of them")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        Description::deserialize(MapAccessDeserializer::new(map)).map(|one| vec![one])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut all = Vec::new();
        while let Some(one) = list.next_element()? {
            all.push(one);
        }
        Ok(all)
    }
}

impl Description {
    /// Returns the digests of the uncompressed layers, lowest first.
    pub(super) fn layers(&self) -> &[String] {
        self.root_fs
            .as_ref()
            .and_then(|root| root.layers.as_deref())
            .unwrap_or_default()
    }
}

impl From<Description> for LocalImage {
    fn from(description: Description) -> Self {
        Self {
            id: normalized(&description.id),
            repo_tags: description.repo_tags.unwrap_or_default(),
            repo_digests: description.repo_digests.unwrap_or_default(),
            platform: Platform {
                os: description.os.unwrap_or_default(),
                architecture: description.architecture.unwrap_or_default(),
                variant: description.variant.unwrap_or_default(),
            },
            diff_ids: description
                .root_fs
                .and_then(|root_fs| root_fs.layers)
                .unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(answer: &str) -> Vec<String> {
        let read = read(answer.as_bytes()).unwrap();
        read.into_iter().map(|described| described.id).collect()
    }

    #[test]
    fn objects_and_lists_of_them_are_the_same_answer() {
        for answer in [
            r#"{"Id":"a"}{"Id":"b"}"#,
            "{\"Id\":\"a\"}\n{\"Id\":\"b\"}\n",
            r#"[{"Id":"a"},{"Id":"b"}]"#,
            "[\n     {\n          \"Id\": \"a\"\n     }\n]\n[{\"Id\":\"b\"}]\n",
            "[]\n[{\"Id\":\"a\"}]\n{\"Id\":\"b\"}",
        ] {
            assert_eq!(ids(answer), ["a", "b"], "{answer}");
        }
        for nothing in ["", "\n", "[]"] {
            assert_eq!(ids(nothing), [""; 0], "{nothing}");
        }
    }

    #[test]
    fn null_is_nothing_wherever_an_engine_may_leave_something_out() {
        let answer = r#"[{"Id":"a","RepoTags":null,"RepoDigests":null,"Os":null,"Architecture":null,"Variant":null,"RootFS":null},
            {"Id":"b","RootFS":{"Type":"layers","Layers":null}}]"#;
        let images: Vec<LocalImage> = read(answer.as_bytes())
            .unwrap()
            .into_iter()
            .map(LocalImage::from)
            .collect();
        assert_eq!(images.len(), 2);
        assert!(images.iter().all(|image| image.diff_ids.is_empty()));
    }

    #[test]
    fn what_is_no_description_is_told_with_its_place() {
        for (answer, words) in [
            ("[[]]", "line 1 column 3"),
            (r#"{"Id":1}"#, "expected a string"),
            ("true", "the description of an image"),
            ("null", "the description of an image"),
            (r#"[{"Name":"a"}]"#, "missing field `Id`"),
            (r#"[{"Id":"a"}"#, "EOF"),
        ] {
            let error = read(answer.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(words), "{answer}: {error}");
        }
    }
}
