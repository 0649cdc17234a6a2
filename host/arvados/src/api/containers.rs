//! The containers that images run in.

use futures_util::stream::{self, StreamExt, TryStreamExt};
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

/// How many questions are asked at the same time.
const CONCURRENT: usize = 4;

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
        if contents.is_empty() {
            return Ok(used);
        }
        let mut questions: Vec<(usize, Vec<Filter>)> = Vec::new();
        for (table, (_, states)) in TABLES.iter().enumerate() {
            // Few wait or run at a time, so that they are asked for all images at once.
            let open = vec![Filter::one_of("state", states)];
            questions.push((table, open));
            for contents in chunks(&contents).iter().filter(|_| since.is_some()) {
                let mut filters = vec![Filter::one_of("container_image", contents)];
                filters.extend(since.clone());
                questions.push((table, filters));
            }
        }
        let mut answers = stream::iter(questions)
            .map(|(table, filters)| async move { self.images_of(TABLES[table].0, filters).await })
            .buffered(CONCURRENT);
        while let Some(found) = answers.try_next().await? {
            used.extend(found);
        }
        used.retain(|content| contents.contains(content));
        used.sort_unstable();
        used.dedup();
        Ok(used)
    }

    /// Returns the images of what fulfils these conditions in a table, each once.
    async fn images_of(
        &self,
        path: &'static str,
        filters: Vec<Filter>,
    ) -> Result<Vec<String>, Error> {
        let mut used: Vec<String> = Vec::new();
        loop {
            let mut filters: Vec<_> = filters.iter().map(|filter| filter.0.clone()).collect();
            if let Some(last) = used.last() {
                filters.push(Filter::compare("container_image", ">", last).0);
            }
            let query = [
                ("filters", json!(filters).to_string()),
                ("select", r#"["container_image"]"#.to_owned()),
                ("order", r#"["container_image"]"#.to_owned()),
                ("distinct", "true".to_owned()),
                ("limit", CHUNK.to_string()),
                ("count", "none".to_owned()),
            ];
            let page: Page<Used> = self.read(ACTION, path, &query).await?;
            let is_full = page.is_full();
            let before = used.len();
            used.extend(page.items.into_iter().map(|one| one.container_image));
            // A server may cut its answer; what nothing came of has come to its end.
            if !is_full || used.len() == before {
                return Ok(used);
            }
        }
    }
}
