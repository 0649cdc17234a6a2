//! What a policy demands of a whole run: keys whose words stand in an order, from loose to strict.
//!
//! Of several layers the strictest word counts, so a further one can only tighten.

use std::sync::Arc;

use super::document::{Document, Table, entry};
use super::layer::Origin;

/// Where the token and the data may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Endpoints {
    /// Wherever the settings say.
    Any,
    /// To the API host, whose certificate is checked, and the Keep services that it names.
    Cluster,
}

const ENDPOINTS: Words<Endpoints> = Words {
    key: "endpoints",
    words: &[("any", Endpoints::Any), ("cluster", Endpoints::Cluster)],
};

/// A key and its words, the loosest first.
struct Words<T: 'static> {
    key: &'static str,
    words: &'static [(&'static str, T)],
}

/// A demand, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Demand<T> {
    /// What is demanded.
    pub value: T,
    word: &'static str,
    /// Whose policy demands it.
    pub origin: Origin,
    /// The file that does.
    pub file: Arc<str>,
    /// The line in it, from 1.
    pub line: usize,
}

/// What one layer demands, or all of them: then each is the strictest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Demands {
    endpoints: Option<Demand<Endpoints>>,
}

/// A demand as a policy writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shown<'d> {
    pub(super) key: &'static str,
    /// What counts where nothing is demanded.
    pub(super) loosest: &'static str,
    /// The word, the file and the line, if something is demanded.
    pub(super) stated: Option<(&'static str, &'d str, usize)>,
}

impl Demands {
    /// Reads the keys of a policy.
    pub(super) fn read(document: &mut Document<'_>, origin: Origin, top: &Table<'_>) -> Self {
        Self {
            endpoints: ENDPOINTS.read(document, origin, top),
        }
    }

    /// Adds what a further layer demands.
    pub(super) fn tighten(&mut self, layer: &Self) {
        stricter(&mut self.endpoints, &layer.endpoints);
    }

    /// Returns where the token and the data may go, if that is bounded.
    #[must_use]
    pub fn endpoints(&self) -> Option<&Demand<Endpoints>> {
        self.endpoints.as_ref()
    }

    /// Returns every key with what is demanded.
    pub(super) fn shown(&self) -> [Shown<'_>; 1] {
        [ENDPOINTS.shown(&self.endpoints)]
    }
}

impl<T: Copy> Words<T> {
    fn read(
        &self,
        document: &mut Document<'_>,
        origin: Origin,
        top: &Table<'_>,
    ) -> Option<Demand<T>> {
        let stated = entry(top, self.key)?;
        let at = stated.value.span();
        let text = document.text(&stated)?;
        let Some(&(word, value)) = self.words.iter().find(|(word, _)| *word == text) else {
            let words: Vec<&str> = self.words.iter().map(|(word, _)| *word).collect();
            document.fault(
                at,
                format!("there is no `{text}`; there are: {}", words.join(", ")),
            );
            return None;
        };
        Some(Demand {
            value,
            word,
            origin,
            file: Arc::clone(&document.file),
            line: document.line(&at),
        })
    }

    fn shown<'d>(&self, demand: &'d Option<Demand<T>>) -> Shown<'d> {
        Shown {
            key: self.key,
            loosest: self.words[0].0,
            stated: demand
                .as_ref()
                .map(|demand| (demand.word, &*demand.file, demand.line)),
        }
    }
}

fn stricter<T: Copy + Ord>(demand: &mut Option<Demand<T>>, layer: &Option<Demand<T>>) {
    let Some(further) = layer else { return };
    if demand
        .as_ref()
        .is_none_or(|present| present.value < further.value)
    {
        *demand = Some(further.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_in_the_order_of_their_strictness() {
        assert!(ENDPOINTS.words.is_sorted_by(|(_, a), (_, b)| a < b));
    }
}
