//! Reads an archive whose members can be read in any order: in canonical order, each once.

use std::collections::HashMap;

use super::catalog;
use super::content::Content;
use super::error::Error;
use super::intake::Intake;
use super::reading::Reading;
use super::search::Chosen;
use super::source::{Progress, Tracked};
use crate::machine::store::Store;

/// Takes in the layers of the image that was chosen, and puts it together.
pub(crate) fn read(
    store: &Store,
    mut intake: Intake<'_>,
    chosen: &Chosen,
    progress: Progress<'_>,
) -> Result<Reading, Error> {
    let mut documents = store;
    let entry = catalog::exactly(&mut documents, chosen).map_err(|error| store.refine(error))?;
    let mut known: HashMap<&str, Content> = HashMap::new();
    let mut before = 0;
    for (layer, diff_id) in entry.layers.iter().zip(&entry.diff_ids) {
        if intake.spares(diff_id) {
            continue;
        }
        let content = match known.get(layer.member.as_str()) {
            Some(content) => *content,
            None => {
                let (reader, length) = store
                    .open(&layer.member)?
                    .ok_or_else(|| store.refine(layer.missing()))?;
                let mut moved = |count| progress(before + count);
                let reader = Tracked::new(reader, store.subject(), &mut moved);
                // Some tools write a layer twice under two names.
                let content = if intake.has(diff_id) {
                    intake.check(reader, &layer.member)?
                } else {
                    let promise = Some((*diff_id, length));
                    intake.take(reader, &layer.member, promise, false)?.content
                };
                before += length;
                known.insert(&layer.member, content);
                content
            }
        };
        content.verify(layer, diff_id)?;
        intake.tell(diff_id);
    }
    intake.assemble(entry)
}
