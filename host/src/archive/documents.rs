//! The JSON members of archives: what is read of them, and how much.

use std::collections::HashMap;
use std::io::Read as _;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::digest::Digest;
use super::error::{Error, Fault, SourceFailure, Subject};
use super::tar_file::Data;

/// The longest JSON member.
pub(crate) const LONGEST: u64 = 4 << 20;

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
    pub(crate) config: String,
    #[serde(default)]
    pub(crate) repo_tags: Option<Vec<String>>,
    /// The names of the layers' members, lowest first.
    #[serde(default)]
    pub(crate) layers: Option<Vec<String>>,
}

/// `index.json`, or an index below it.
#[derive(Debug, Deserialize)]
pub(crate) struct OciIndex {
    #[serde(default)]
    pub(crate) manifests: Vec<Descriptor>,
}

/// What an index or manifest says of a blob.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Descriptor {
    #[serde(default)]
    pub(crate) media_type: String,
    pub(crate) digest: String,
    pub(crate) size: u64,
    #[serde(default)]
    pub(crate) annotations: Option<HashMap<String, String>>,
}

/// An image's manifest.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OciManifest {
    pub(crate) config: Descriptor,
    #[serde(default)]
    pub(crate) layers: Vec<Descriptor>,
}

/// What is read of an image's config.
#[derive(Debug, Deserialize)]
pub(crate) struct Config {
    #[serde(default)]
    pub(crate) os: String,
    #[serde(default)]
    pub(crate) architecture: String,
    #[serde(default)]
    pub(crate) variant: String,
    pub(crate) rootfs: RootFs,
}

/// The layers that a config names.
#[derive(Debug, Deserialize)]
pub(crate) struct RootFs {
    #[serde(default)]
    pub(crate) diff_ids: Option<Vec<String>>,
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
pub(crate) fn parse<T: DeserializeOwned>(name: &str, bytes: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(bytes)
        .map_err(|error| Error::member(name, Fault::BadJson(crate::wording::json_fault(&error))))
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
