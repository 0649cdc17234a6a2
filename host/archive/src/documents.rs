//! The JSON members of archives: what is read of them, and how much.

use std::collections::HashMap;
use std::io::Read as _;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use super::error::{Error, Fault, SourceFailure, Subject};
use super::tar_file::Data;
use keepdocker_terms::digest::Digest;

/// The longest JSON member.
pub const LONGEST: u64 = 4 << 20;

/// Where the JSON members of an archive are read from.
pub(crate) trait Documents {
    /// Returns the member's bytes, following links, or none if there is no such member.
    fn document(&mut self, name: &str) -> Result<Option<Vec<u8>>, Error>;
}

/// One image of `manifest.json`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DockerImage {
    /// The name of the config's member.
    #[serde(default, deserialize_with = "null_as_absent")]
    pub(crate) config: String,
    #[serde(default, deserialize_with = "null_as_absent")]
    pub(crate) repo_tags: Vec<String>,
    /// The names of the layers' members, lowest first.
    #[serde(default, deserialize_with = "null_as_absent")]
    pub(crate) layers: Vec<String>,
    /// What the registry said of layers that are not plain ones, by diff ID.
    #[serde(default, deserialize_with = "null_as_absent")]
    pub(crate) layer_sources: HashMap<String, Descriptor>,
}

/// A document of an OCI layout: an index, which has `manifests`, or a manifest, which has `config`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OciDocument {
    /// What it says that it is; empty where it says nothing.
    #[serde(default, deserialize_with = "null_as_absent")]
    pub media_type: String,
    /// What an artifact that is no image says that it is.
    #[serde(default, deserialize_with = "null_as_absent")]
    pub artifact_type: String,
    /// The entries of an index.
    #[serde(default, deserialize_with = "null_as_absent")]
    pub manifests: Vec<Descriptor>,
    /// The config of an image, in its manifest.
    #[serde(default)]
    pub config: Option<Descriptor>,
    /// The layers of an image, in its manifest, lowest first.
    #[serde(default, deserialize_with = "null_as_absent")]
    pub layers: Vec<Descriptor>,
}

/// What an index or manifest says of a blob.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// What it is said to be.
    #[serde(default, deserialize_with = "null_as_absent")]
    pub media_type: String,
    /// The digest of its bytes.
    #[serde(default, deserialize_with = "null_as_absent")]
    pub digest: String,
    /// The number of its bytes.
    #[serde(default)]
    pub size: Option<u64>,
    /// What an artifact that is no image says that it is.
    #[serde(default, deserialize_with = "null_as_absent")]
    pub artifact_type: String,
    /// Its bytes in base64, where it is small and whoever wrote this put them here.
    #[serde(default, deserialize_with = "null_as_absent")]
    pub data: String,
    /// What else is said of it.
    #[serde(default, deserialize_with = "null_as_absent")]
    pub annotations: HashMap<String, Option<String>>,
    /// The platform of what is there, which indexes write.
    #[serde(default, deserialize_with = "null_as_absent")]
    pub platform: PlatformFields,
    /// Where else the blob may be had.
    #[serde(default, deserialize_with = "null_as_absent")]
    pub urls: Vec<String>,
}

impl Descriptor {
    /// Returns what the annotation of this name says, unless that is nothing.
    pub fn annotation(&self, name: &str) -> Option<&str> {
        self.annotations.get(name)?.as_deref()
    }
}

/// A platform, as configs and indexes write it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct PlatformFields {
    /// The operating system; empty where nothing is said.
    #[serde(default, deserialize_with = "null_as_absent")]
    pub os: String,
    /// The processor's architecture.
    #[serde(default, deserialize_with = "null_as_absent")]
    pub architecture: String,
    /// Which kind of it.
    #[serde(default, deserialize_with = "null_as_absent")]
    pub variant: String,
}

/// What is read of an image's config.
#[derive(Debug, Deserialize)]
pub(crate) struct Config {
    #[serde(default, deserialize_with = "null_as_absent")]
    pub(crate) os: String,
    #[serde(default, deserialize_with = "null_as_absent")]
    pub(crate) architecture: String,
    #[serde(default, deserialize_with = "null_as_absent")]
    pub(crate) variant: String,
    pub(crate) rootfs: RootFs,
}

/// The layers that a config names.
#[derive(Debug, Deserialize)]
pub(crate) struct RootFs {
    #[serde(default, deserialize_with = "null_as_absent")]
    pub(crate) diff_ids: Vec<String>,
}

/// Reads null like a member that is not there, as the tools do that write it.
fn null_as_absent<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// Reads a document whole from `data`, in an archive that error texts call `subject`.
pub(crate) fn read(name: &str, data: Data<'_>, subject: &str) -> Result<Vec<u8>, Error> {
    let (reader, length) = data;
    let too_long = Error::member(
        name,
        Fault::TooMuch {
            what: "is too long for a JSON document",
            limit: LONGEST,
        },
    );
    if length > LONGEST {
        return Err(too_long);
    }
    let mut bytes = Vec::new();
    reader
        .take(LONGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| {
            let error = SourceFailure::wrap(subject, error);
            Error::reading(Subject::Member(name.to_owned()), error)
        })?;
    if bytes.len() as u64 > LONGEST {
        return Err(too_long);
    }
    Ok(bytes)
}

/// Tells whether bytes begin like a JSON document of the kinds that archives hold.
pub(crate) fn begins(bytes: &[u8]) -> bool {
    matches!(bytes.trim_ascii_start().first(), Some(b'{' | b'['))
}

/// Reads the JSON of the member `name`.
///
/// Bytes that are no UTF-8 are read as the replacement character, as all other readers of archives
/// do: old tools wrote labels in whatever encoding there was. What is stored are the bytes themselves.
pub(crate) fn parse<T: DeserializeOwned>(name: &str, bytes: &[u8]) -> Result<T, Error> {
    serde_json::from_str(&String::from_utf8_lossy(bytes)).map_err(|error| {
        Error::member(name, Fault::BadJson(keepdocker_wording::json_fault(&error)))
    })
}

/// Returns the name of the member that holds the blob of this digest.
pub(crate) fn blob_name(digest: &Digest) -> String {
    format!("blobs/sha256/{}", digest.hex())
}

/// Returns the digest that a member's name promises for the bytes it holds, if it does.
///
/// Only the folder of OCI blobs makes that promise for every member.
pub(crate) fn promised_by_name(name: &str) -> Option<Digest> {
    Digest::from_hex(name.strip_prefix("blobs/sha256/")?)
}
