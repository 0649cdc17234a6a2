//! Which engine it is, and how it keeps images.

use serde::Deserialize;

use super::{CommandError, Engine};
use crate::harmless::one_line;

/// What Docker calls containerd's store in the details of its storage.
const CONTAINERD: &str = "io.containerd.snapshotter.v1";
/// Versions and drivers are a word.
const LONGEST: usize = 80;

/// What an engine says of itself.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Kind {
    /// Its version.
    pub version: Option<String>,
    /// What it calls its storage driver.
    pub driver: Option<String>,
    /// Whether containerd keeps the images, which are known by the digest of a manifest then.
    pub is_containerd: bool,
}

/// What is read of the answer to `info`. Docker and nerdctl write the first three, podman the others.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Info {
    #[serde(rename = "ServerVersion")]
    server_version: Option<String>,
    #[serde(rename = "Driver")]
    driver: Option<String>,
    #[serde(rename = "DriverStatus")]
    driver_status: Option<Vec<Vec<String>>>,
    store: Option<Store>,
    version: Option<Version>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Store {
    graph_driver_name: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Version {
    version: Option<String>,
}

impl Engine {
    /// Asks the engine what it is.
    ///
    /// # Errors
    /// If it does not say, or in another form than the known ones.
    pub(crate) async fn kind(&self) -> Result<Kind, CommandError> {
        let arguments = ["info", "--format", "{{json .}}"];
        let ended = self.run(&arguments, "info", |_| {}).await?;
        if !ended.succeeded {
            return Err(CommandError::Failed(ended.failure));
        }
        read(&ended.output).map_err(|error| CommandError::Nonsense {
            command: format!("{} info", self.program),
            problem: crate::wording::json_fault(&error),
        })
    }
}

fn read(answer: &[u8]) -> Result<Kind, serde_json::Error> {
    let info: Info = serde_json::from_slice(answer)?;
    let word = |text: Option<String>| {
        let text = one_line(text.as_deref().unwrap_or_default().trim(), LONGEST);
        (!text.is_empty()).then_some(text)
    };
    let mut details = info.driver_status.iter().flatten();
    Ok(Kind {
        version: word(info.server_version)
            .or_else(|| word(info.version.and_then(|version| version.version))),
        driver: word(info.driver)
            .or_else(|| word(info.store.and_then(|store| store.graph_driver_name))),
        is_containerd: details.any(|detail| matches!(&**detail, [_, value] if value == CONTAINERD)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn engines_say_in_their_own_ways_what_they_are() {
        for (answer, version, driver, is_containerd) in [
            (
                r#"{"ServerVersion":"28.0.1","Driver":"overlay2","DriverStatus":[["Backing Filesystem","extfs"]]}"#,
                Some("28.0.1"),
                Some("overlay2"),
                false,
            ),
            (
                r#"{"ServerVersion":"29.0.0","Driver":"overlayfs","DriverStatus":[["driver-type","io.containerd.snapshotter.v1"]]}"#,
                Some("29.0.0"),
                Some("overlayfs"),
                true,
            ),
            (
                r#"{"host":{},"store":{"graphDriverName":"vfs"},"version":{"APIVersion":"4.3.1","Version":"4.3.1"}}"#,
                Some("4.3.1"),
                Some("vfs"),
                false,
            ),
            (
                r#"{"ServerVersion":" ","DriverStatus":null}"#,
                None,
                None,
                false,
            ),
        ] {
            let kind = read(answer.as_bytes()).unwrap();
            let told = (kind.version.as_deref(), kind.driver.as_deref());
            assert_eq!(told, (version, driver), "{answer}");
            assert_eq!(kind.is_containerd, is_containerd, "{answer}");
        }
        assert!(read(b"").is_err());
    }
}
