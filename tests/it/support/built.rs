//! Images that a test makes by itself, without an engine.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{hex, tar_of};

/// An image of one file for each layer, as `docker save` of old writes it.
pub(crate) struct Built {
    /// The digest of its config.
    pub(crate) id: String,
    /// The digests of its layers, lowest first.
    pub(crate) diff_ids: Vec<String>,
    /// Its archive.
    pub(crate) archive: Vec<u8>,
}

impl Built {
    /// Makes an image of files, each a layer of its own.
    pub(crate) fn new(name: &str, created: &str, files: &[(&str, &[u8])]) -> Built {
        let layers: Vec<Vec<u8>> = files
            .iter()
            .map(|(file, bytes)| tar_of(&[(file, bytes)]))
            .collect();
        let digest = |bytes: &[u8]| hex(&Sha256::digest(bytes));
        let diff_ids: Vec<String> = layers
            .iter()
            .map(|layer| format!("sha256:{}", digest(layer)))
            .collect();
        let history: Vec<Value> = files
            .iter()
            .map(|(file, _)| json!({"created": created, "created_by": format!("COPY {file} /")}))
            .collect();
        let config = json!({
            "architecture": "amd64", "os": "linux", "created": created,
            "config": {"Cmd": ["/nothing"]}, "history": history,
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
        })
        .to_string();
        let digits = digest(config.as_bytes());
        let member = |layer: &Vec<u8>| format!("{}/layer.tar", digest(layer));
        let names: Vec<String> = layers.iter().map(member).collect();
        let config_name = format!("{digits}.json");
        let account =
            json!([{"Config": config_name, "RepoTags": [name], "Layers": names}]).to_string();
        let mut members = vec![(config_name, config.into_bytes())];
        members.extend(names.into_iter().zip(layers));
        members.push(("manifest.json".into(), account.into_bytes()));
        Built {
            id: format!("sha256:{digits}"),
            diff_ids,
            archive: tar_of(&members),
        }
    }
}
