//! Keeps what must survive a run: identity, keys, tokens and ports.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::{Error, uuid};

/// The file in the cluster's folder.
const FILE: &str = "cluster.json";

/// What must survive a run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct State {
    /// The five characters that every UUID starts with.
    pub(crate) cluster_id: String,
    /// The key of block signatures.
    pub(crate) blob_signing_key: String,
    /// The default user's token.
    pub(crate) token: String,
    /// The administrator's token.
    pub(crate) admin_token: String,
    /// The UUID of the default user.
    pub(crate) user_uuid: String,
    /// The UUID of the administrator.
    pub(crate) admin_uuid: String,
    /// The API's last port; 0 for none.
    #[serde(default)]
    pub(crate) api_port: u16,
    /// The last ports of the Keep services.
    #[serde(default)]
    pub(crate) keep_ports: Vec<u16>,
}

impl State {
    /// Makes the state of a new cluster.
    pub(crate) fn new(cluster_id: &str) -> State {
        let token = || {
            format!(
                "v2/{}/{}",
                uuid::generate(cluster_id, "gj3su"),
                uuid::random_text(50)
            )
        };
        State {
            cluster_id: cluster_id.to_owned(),
            blob_signing_key: uuid::random_text(64),
            token: token(),
            admin_token: token(),
            user_uuid: uuid::generate(cluster_id, "tpzed"),
            admin_uuid: uuid::generate(cluster_id, "tpzed"),
            api_port: 0,
            keep_ports: Vec::new(),
        }
    }

    /// Reads the state from a folder; `None` if it holds no cluster yet.
    pub(crate) fn read(dir: &Path) -> Result<Option<State>, Error> {
        let path = dir.join(FILE);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(Error::File { path, source }),
        };
        serde_json::from_slice(&text)
            .map(Some)
            .map_err(|source| Error::State { path, source })
    }

    /// Writes the state, readable by the owner alone.
    pub(crate) fn write(&self, dir: &Path) -> Result<(), Error> {
        let text = serde_json::to_vec_pretty(self).map_err(|source| Error::State {
            path: dir.join(FILE),
            source,
        })?;
        write_private(&dir.join(FILE), &text)
    }
}

/// Writes a file that only the owner can read, whole or not at all.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let temporary = path.with_extension(format!("new{}", std::process::id()));
    let write = || {
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    };
    write().map_err(|source| Error::File {
        path: path.to_owned(),
        source,
    })
}
