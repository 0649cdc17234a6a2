//! Images that a test makes up, with every byte known.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{Noise, hex, tar_of};

/// An image: its layers, lowest first, and its config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Made {
    pub(crate) layers: Vec<Vec<u8>>,
    pub(crate) config: String,
}

/// The members of an archive, in order.
pub(crate) type Members = Vec<(String, Vec<u8>)>;

impl Made {
    /// When images are built, unless a test says otherwise.
    pub(crate) const BUILT: &str = "2026-01-01T00:00:00Z";

    /// Makes an image whose layers each hold a file with so many bytes of noise, by its seed.
    pub(crate) fn of(layers: &[(u64, usize)]) -> Made {
        let layer = |(seed, size): &(u64, usize)| {
            tar_of(&[(format!("opt/{seed}"), Noise::bytes(*seed, *size))])
        };
        Made::with_layers(layers.iter().map(layer).collect(), Made::BUILT)
    }

    /// Makes an image of these layers.
    pub(crate) fn with_layers(layers: Vec<Vec<u8>>, built: &str) -> Made {
        let config = json!({
            "architecture": "amd64",
            "config": {"Cmd": ["/opt/tool"]},
            "created": built,
            "os": "linux",
            "rootfs": {"type": "layers", "diff_ids": diff_ids(&layers)},
        });
        Made {
            config: config.to_string(),
            layers,
        }
    }

    /// Two images whose IDs begin with the same twelve digits.
    pub(crate) fn twins() -> [Made; 2] {
        ["b3e399ae126f", "d9bf435ffed3"].map(|comment| {
            let layers = vec![b"a layer of twins\n".to_vec()];
            let config = format!(
                r#"{{"architecture":"amd64","comment":"{comment}","created":"2026-01-01T00:00:00Z","os":"linux","rootfs":{{"type":"layers","diff_ids":["{}"]}}}}"#,
                diff_ids(&layers)[0]
            );
            Made { layers, config }
        })
    }

    /// Its ID: the digest of its config.
    pub(crate) fn id(&self) -> String {
        digest(self.config.as_bytes())
    }

    /// The digits of its ID.
    pub(crate) fn digits(&self) -> String {
        self.id().split_off("sha256:".len())
    }

    /// The digests of its layers, lowest first.
    pub(crate) fn diff_ids(&self) -> Vec<String> {
        diff_ids(&self.layers)
    }

    /// The name of its file in Keep.
    pub(crate) fn file(&self) -> String {
        format!("{}.tar", self.id())
    }

    /// The members that `docker save` would write of it.
    pub(crate) fn members(&self, tags: &[&str]) -> Members {
        let layer_name = |layer: &Vec<u8>| format!("{}.tar", digits(layer));
        let names: Vec<String> = self.layers.iter().map(layer_name).collect();
        let config_name = format!("{}.json", self.digits());
        let account = json!([{"Config": config_name, "RepoTags": tags, "Layers": names}]);
        let mut members: Members = Vec::new();
        for (name, layer) in names.into_iter().zip(&self.layers) {
            if members.iter().all(|(known, _)| *known != name) {
                members.push((name, layer.clone()));
            }
        }
        members.push((config_name, self.config.clone().into_bytes()));
        members.push(("manifest.json".into(), account.to_string().into_bytes()));
        members
    }

    /// What `docker save` would write of it.
    pub(crate) fn saved(&self, tags: &[&str]) -> Vec<u8> {
        tar_of(&self.members(tags))
    }

    /// The manifest that a registry has of it.
    fn manifest(&self) -> String {
        let layers: Vec<Value> = self
            .layers
            .iter()
            .map(|layer| {
                json!({
                    "mediaType": "application/vnd.oci.image.layer.v1.tar",
                    "digest": digest(layer), "size": layer.len(),
                })
            })
            .collect();
        json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {
                "mediaType": "application/vnd.oci.image.config.v1+json",
                "digest": self.id(), "size": self.config.len(),
            },
            "layers": layers,
        })
        .to_string()
    }

    /// The digest of its manifest, which is its ID for an engine with a containerd store.
    pub(crate) fn manifest_digest(&self) -> String {
        digest(self.manifest().as_bytes())
    }

    /// What an engine with a containerd store calls it once it has loaded an archive of plain layers: the
    /// digest of the manifest that it makes.
    pub(crate) fn loaded_as(&self) -> String {
        let layers: Vec<String> = self
            .layers
            .iter()
            .map(|layer| {
                let (digest, size) = (digest(layer), layer.len());
                format!(
                    r#"{{"mediaType":"application/vnd.docker.image.rootfs.diff.tar","digest":"{digest}","size":{size}}}"#
                )
            })
            .collect();
        let text = format!(
            r#"{{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json","config":{{"mediaType":"application/vnd.docker.container.image.v1+json","digest":"{}","size":{}}},"layers":[{}]}}"#,
            self.id(),
            self.config.len(),
            layers.join(",")
        );
        digest(text.as_bytes())
    }

    /// The members that an engine with a containerd store would write of it.
    pub(crate) fn members_of_layout(&self, tag: &str) -> Members {
        let manifest = self.manifest();
        let blob = |bytes: &[u8]| format!("blobs/sha256/{}", digits(bytes));
        let index = json!({
            "schemaVersion": 2,
            "manifests": [{
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "digest": digest(manifest.as_bytes()), "size": manifest.len(),
                "annotations": {"io.containerd.image.name": format!("docker.io/{tag}")},
            }],
        });
        let account = json!([{
            "Config": blob(self.config.as_bytes()),
            "RepoTags": [tag],
            "Layers": self.layers.iter().map(|layer| blob(layer)).collect::<Vec<_>>(),
        }]);
        let mut members: Members = vec![(
            "oci-layout".into(),
            br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec(),
        )];
        let blobs = self.layers.iter().map(Vec::as_slice);
        for bytes in blobs.chain([self.config.as_bytes(), manifest.as_bytes()]) {
            members.push((blob(bytes), bytes.to_vec()));
        }
        members.push(("index.json".into(), index.to_string().into_bytes()));
        members.push(("manifest.json".into(), account.to_string().into_bytes()));
        members
    }

    /// Tells whether an archive has this image's config, under the name that it has.
    pub(crate) fn config_is_in(&self, archive: &[u8]) -> bool {
        let mut reader = tar::Archive::new(archive);
        let wanted = format!("{}.json", self.digits());
        let mut entries = reader.entries().into_iter().flatten().flatten();
        entries.any(|mut entry| {
            let is_it = entry.path().is_ok_and(|path| path.as_os_str() == &*wanted);
            let mut bytes = Vec::new();
            let read = std::io::Read::read_to_end(&mut entry, &mut bytes);
            is_it && read.is_ok() && bytes == self.config.as_bytes()
        })
    }

    /// Checks that an archive holds this image, and nothing that could be taken for another.
    ///
    /// This is what the whole suite stands on, so that it goes by no code of the programs.
    pub(crate) fn is_in(&self, archive: &[u8]) -> Result<(), String> {
        let mut reader = tar::Archive::new(archive);
        let mut members: Members = Vec::new();
        let mut end = 0;
        for entry in reader.entries().map_err(|error| error.to_string())? {
            let mut entry = entry.map_err(|error| error.to_string())?;
            let name = entry.path().map_err(|error| error.to_string())?;
            let name = name.display().to_string();
            let kind = entry.header().entry_type();
            let length = entry.size().next_multiple_of(512);
            end = usize::try_from(entry.raw_file_position() + length).unwrap();
            if kind.is_dir() {
                continue;
            }
            if !kind.is_file() {
                return Err(format!("member {name} is no file"));
            }
            if members.iter().any(|(known, _)| *known == name) {
                return Err(format!("member {name} is there twice"));
            }
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(&mut entry, &mut bytes)
                .map_err(|error| error.to_string())?;
            members.push((name, bytes));
        }
        if archive[end.min(archive.len())..]
            .iter()
            .any(|byte| *byte != 0)
        {
            return Err("something comes after its end".into());
        }
        let member = |name: &str| {
            let found = members.iter().find(|(known, _)| known == name);
            found
                .map(|(_, bytes)| bytes.as_slice())
                .ok_or_else(|| format!("member {name} is missing"))
        };
        let account: Value = serde_json::from_slice(member("manifest.json")?)
            .map_err(|error| format!("manifest.json: {error}"))?;
        let [image] = account.as_array().map(Vec::as_slice).unwrap_or_default() else {
            return Err(format!("manifest.json has not one image: {account}"));
        };
        let config = member(image["Config"].as_str().unwrap_or_default())?;
        if config != self.config.as_bytes() {
            return Err(format!(
                "its config is {}, not {}",
                digest(config),
                self.id()
            ));
        }
        let names = image["Layers"].as_array().cloned().unwrap_or_default();
        let mut layers = Vec::new();
        for name in &names {
            layers.push(digest(member(name.as_str().unwrap_or_default())?));
        }
        if layers != self.diff_ids() {
            return Err(format!(
                "its layers are {layers:?}, not {:?}",
                self.diff_ids()
            ));
        }
        // An engine with a containerd store goes by the index, where there is one.
        if members.iter().any(|(name, _)| name == "index.json") {
            let index: Value = serde_json::from_slice(member("index.json")?)
                .map_err(|error| format!("index.json: {error}"))?;
            for entry in index["manifests"].as_array().unwrap_or(&Vec::new()) {
                let named = entry["digest"].as_str().unwrap_or_default();
                if named != self.manifest_digest() {
                    return Err(format!("index.json names {named}"));
                }
            }
        }
        Ok(())
    }
}

/// The digest of these bytes, as image IDs and layers have it.
pub(crate) fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", digits(bytes))
}

fn digits(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn diff_ids(layers: &[Vec<u8>]) -> Vec<String> {
    layers.iter().map(|layer| digest(layer)).collect()
}
