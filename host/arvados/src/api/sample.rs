//! Some block that the token may read, to try Keep with.

use serde::Deserialize;
use serde_json::json;

use super::page::Page;
use super::{Api, Error};
use crate::http::Http;
use crate::keep::MAXIMUM_SIZE;

impl<H: Http> Api<H> {
    /// Returns the signed manifest of some collection of one file; none if the token may read no such collection.
    ///
    /// # Errors
    /// If the token is not accepted, or the cluster does not answer.
    pub async fn sample_manifest(&self) -> Result<Option<String>, Error> {
        #[derive(Deserialize)]
        struct Row {
            #[serde(default, deserialize_with = "crate::null_as_empty")]
            manifest_text: String,
        }
        // What a file of one block at most needs is short.
        let filters = json!([
            ["file_count", "=", 1],
            ["file_size_total", ">", 0],
            ["file_size_total", "<=", MAXIMUM_SIZE],
        ]);
        let query = [
            ("filters", filters.to_string()),
            ("select", r#"["uuid","manifest_text"]"#.to_owned()),
            ("limit", "1".to_owned()),
            ("count", "none".to_owned()),
        ];
        let page: Page<Row> = self
            .read("find a block to ask for", "arvados/v1/collections", &query)
            .await?;
        let row = page.items.into_iter().next();
        Ok(row.map(|row| row.manifest_text))
    }
}
