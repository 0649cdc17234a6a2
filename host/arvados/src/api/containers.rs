//! The containers that images run in.

use keepdocker_terms::locator::is_portable_data_hash;
use keepdocker_terms::timestamp::Timestamp;
use keepdocker_wording::harmless::one_line;
use serde::Deserialize;
use serde_json::json;

use super::filter::{CHUNK, Filter, chunks};
use super::page::Page;
use super::{Api, Error};
use crate::http::Http;

const ACTION: &str = "find out what containers use";

/// What has an image: containers by its content, and requests by whatever they were given. A request that got an older
/// container alone tells when it was made. With each goes which of its states are not the end.
const TABLES: [(&str, &[&str]); 2] = [
    ("arvados/v1/containers", &["Queued", "Locked", "Running"]),
    ("arvados/v1/container_requests", &["Committed"]),
];

/// The image of a container.
#[derive(Debug, Deserialize)]
struct Used {
    #[serde(default, deserialize_with = "crate::null_as_empty")]
    container_image: String,
}

impl<H: Http> Api<H> {
    /// Returns which of these portable data hashes containers that the token may see have for an image: those that
    /// wait or run, and with `since` those of which the server has changed anything since then. Each once, in order.
    ///
    /// # Errors
    /// If `since` is no time, the token is not accepted, or the cluster does not answer.
    pub async fn images_in_use(
        &self,
        contents: &[String],
        since: Option<&str>,
    ) -> Result<Vec<String>, Error> {
        let since = match since.map(|text| (Timestamp::parse(text), text)) {
            None => None,
            Some((Some(since), _)) => Some(Filter::compare("modified_at", ">=", &since.text())),
            Some((None, text)) => {
                return Err(Error::NoTime {
                    action: ACTION,
                    given: one_line(text, 80),
                });
            }
        };
        let contents: Vec<String> = contents
            .iter()
            .filter(|content| is_portable_data_hash(content))
            .cloned()
            .collect();
        let mut used: Vec<String> = Vec::new();
        for contents in chunks(&contents) {
            let mut left = contents;
            for (path, states) in TABLES {
                let open = Filter::one_of("state", states);
                for condition in std::iter::once(&open).chain(&since) {
                    let found = self.used_of(path, condition, &left).await?;
                    left.retain(|content| !found.iter().any(|found| found == content));
                    used.extend(found);
                }
            }
        }
        used.sort_unstable();
        used.dedup();
        Ok(used)
    }

    /// Returns which of these contents are images of what fulfils the condition in a table.
    async fn used_of(
        &self,
        path: &str,
        condition: &Filter,
        contents: &[&str],
    ) -> Result<Vec<String>, Error> {
        let mut left = contents.to_vec();
        let mut used = Vec::new();
        while !left.is_empty() {
            let image = Filter::one_of("container_image", &left);
            let query = [
                ("filters", json!([&image.0, &condition.0]).to_string()),
                ("select", r#"["container_image"]"#.to_owned()),
                ("order", r#"["container_image"]"#.to_owned()),
                ("distinct", "true".to_owned()),
                ("limit", CHUNK.to_string()),
                ("count", "none".to_owned()),
            ];
            let page: Page<Used> = self.read(ACTION, path, &query).await?;
            let is_full = page.is_full();
            let before = left.len();
            for Used { container_image } in page.items {
                left.retain(|content| *content != container_image);
                if contents.contains(&container_image.as_str()) {
                    used.push(container_image);
                }
            }
            // A server may cut its answer; what nothing new came of has come to its end.
            if !is_full || left.len() == before {
                break;
            }
        }
        Ok(used)
    }
}
