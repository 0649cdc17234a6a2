//! Reads an archive whose members can be read in any order: in canonical order, each once.

use std::collections::{HashMap, HashSet};

use super::catalog;
use super::error::Error;
use super::intake::Intake;
use super::reading::Reading;
use super::search::Chosen;
use super::side_by_side::{self, Task};
use super::source::Progress;
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
    let mut tasks: Vec<Task<'_>> = Vec::new();
    let mut by_member: HashMap<&str, usize> = HashMap::new();
    let mut diff_ids = HashSet::new();
    for (layer, diff_id) in entry.layers.iter().zip(&entry.diff_ids) {
        if intake.spares(diff_id) {
            continue;
        }
        let at = *by_member.entry(&layer.member).or_insert(tasks.len());
        match tasks.get_mut(at) {
            Some(task) => task.layers.push((layer, diff_id)),
            None => tasks.push(Task {
                layers: vec![(layer, diff_id)],
                // Some tools write a layer twice under two names.
                is_known: diff_ids.contains(diff_id),
            }),
        }
        diff_ids.insert(diff_id);
    }
    side_by_side::read(store, &tasks, &mut intake, progress)?;
    intake.assemble(entry)
}
