//! Which of several rows of one name a container request gets.

use std::collections::HashMap;

use crate::bindings::commands::ListedImage;
use crate::cli::resolve::Named;
use crate::run::Surroundings;

/// So many names are looked up at most: each takes some requests.
pub(super) const MOST: usize = 16;

/// What container requests that name images get, of those names that stand on several rows.
#[derive(Debug, Default)]
pub(crate) struct Choices {
    by_name: HashMap<String, String>,
    /// How many names were not looked up.
    pub(super) left_out: usize,
}

impl Choices {
    /// Looks up the names that stand on several rows.
    pub(super) async fn of(listed: &[ListedImage], surroundings: &Surroundings) -> Self {
        let names = repeated(listed);
        let mut choices = Self {
            left_out: names.len().saturating_sub(MOST),
            ..Self::default()
        };
        for name in names.into_iter().take(MOST) {
            // Where nothing is chosen, as of a format that the cluster does not run, no row is.
            let chosen = surroundings.ask(&Named(name.clone())).await;
            let chosen = chosen.map(|resolution| resolution.collection);
            choices.by_name.insert(name, chosen.unwrap_or_default());
        }
        choices
    }

    /// Tells whether a container request that names the image of this row gets its collection; none where the name
    /// stands on no other row, or was not looked up.
    pub(super) fn is_chosen(&self, image: &ListedImage) -> Option<bool> {
        let chosen = self.by_name.get(&super::name(image))?;
        Some(*chosen == image.collection)
    }
}

/// Returns the names that stand on several rows, each once.
fn repeated(listed: &[ListedImage]) -> Vec<String> {
    let mut counts: Vec<(String, usize)> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for image in listed.iter().filter(|image| image.tag.is_some()) {
        let name = super::name(image);
        let place = *places.entry(name.clone()).or_insert_with(|| {
            counts.push((name, 0));
            counts.len() - 1
        });
        counts[place].1 += 1;
    }
    let repeated = counts.into_iter().filter(|(_, count)| *count > 1);
    repeated.map(|(name, _)| name).collect()
}
