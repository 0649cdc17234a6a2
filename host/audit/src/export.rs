//! A log as one JSON document, for other systems.

use std::path::Path;

use serde_json::{Value, json};

use super::options::Error;
use super::reading::{Entry, Run, read};
use super::verification::Heads;

/// The form of the document.
const SCHEMA: &str = "keepdocker.audit-export/1";

impl Run {
    /// Returns the log with all that belongs to it: its lines, its long values, the signed note, and
    /// what the heads say of it.
    #[must_use]
    pub fn export(&self, heads: &Heads) -> Value {
        let lines: Vec<Value> = self.texts.iter().filter_map(|text| parsed(text)).collect();
        let of_run = |entry: &&Entry| entry.get("run").is_some_and(|run| *run == *self.id);
        json!({
            "schema": SCHEMA,
            "run": self.id,
            "lines": lines,
            "values": self.long_values().filter_map(parsed).collect::<Vec<_>>(),
            "note": self.note,
            "heads": heads.entries.iter().filter(of_run).collect::<Vec<_>>(),
        })
    }

    /// Reads such documents, one after the other; there are none if the file holds anything else. The
    /// form of each line is canonical, so its hash is known though a document may have been written anew
    /// in between.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn import(path: &Path) -> Result<Vec<Self>, Error> {
        let text = read(path)?.unwrap_or_default();
        let documents = serde_json::Deserializer::from_str(&text).into_iter::<Value>();
        let runs = documents.map(|document| Self::of_document(&document.ok()?));
        Ok(runs.collect::<Option<_>>().unwrap_or_default())
    }

    fn of_document(document: &Value) -> Option<Self> {
        if document["schema"] != SCHEMA {
            return None;
        }
        let list = |name: &str| document[name].as_array().into_iter().flatten();
        let lines: String = list("lines").map(|line| format!("{line}\n")).collect();
        let values = (1..).zip(list("values").map(Value::to_string)).collect();
        let text = |name: &str| document[name].as_str().map(str::to_owned);
        let id = text("run").unwrap_or_default();
        Some(Self::follow(id, &lines, values, text("note")))
    }
}

fn parsed(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok()
}
