//! What a policy demands of a whole run: keys whose words stand in an order, from loose to strict.
//!
//! Of several layers the strictest word counts, so a further one can only tighten.

use std::sync::Arc;

use super::document::{Document, Table, entry};
use super::origin::Origin;

/// Where the token and the data may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Endpoints {
    /// Wherever the settings say.
    Any,
    /// To the API host, whose certificate is checked, and the Keep services that it names.
    Cluster,
}

/// Whose collections and blocks an upload may use instead of sending data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reuse {
    /// All that the token may read.
    Readable,
    /// Those of the project and of the user's home project.
    Own,
    /// Nobody's.
    Nothing,
}

/// How far the archive of somebody else is read before it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verify {
    /// Its headers, its manifest and its config.
    Config,
    /// Every byte, and what was not sent is read back, too.
    Content,
}

const REUSE: Words<Reuse> = Words {
    key: "reuse",
    words: &[
        ("readable", Reuse::Readable),
        ("own", Reuse::Own),
        ("none", Reuse::Nothing),
    ],
};

const VERIFY: Words<Verify> = Words {
    key: "verify",
    words: &[("config", Verify::Config), ("content", Verify::Content)],
};

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
    reuse: Option<Demand<Reuse>>,
    verify: Option<Demand<Verify>>,
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
            reuse: REUSE.read(document, origin, top),
            verify: VERIFY.read(document, origin, top),
        }
    }

    /// Adds what a further layer demands.
    pub(super) fn tighten(&mut self, layer: &Self) {
        stricter(&mut self.endpoints, &layer.endpoints);
        stricter(&mut self.reuse, &layer.reuse);
        stricter(&mut self.verify, &layer.verify);
    }

    /// Returns where the token and the data may go, if that is bounded.
    #[must_use]
    pub fn endpoints(&self) -> Option<&Demand<Endpoints>> {
        self.endpoints.as_ref()
    }

    /// Returns whose collections and blocks an upload may use, if that is bounded.
    #[must_use]
    pub fn reuse(&self) -> Option<Reuse> {
        self.reuse.as_ref().map(|demand| demand.value)
    }

    /// Returns how far the archive of somebody else must be read, if that is prescribed.
    #[must_use]
    pub fn verify(&self) -> Option<Verify> {
        self.verify.as_ref().map(|demand| demand.value)
    }

    /// Returns every key with what is demanded.
    pub(super) fn shown(&self) -> [Shown<'_>; 3] {
        [
            ENDPOINTS.shown(&self.endpoints),
            REUSE.shown(&self.reuse),
            VERIFY.shown(&self.verify),
        ]
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
        assert!(REUSE.words.is_sorted_by(|(_, a), (_, b)| a < b));
        assert!(VERIFY.words.is_sorted_by(|(_, a), (_, b)| a < b));
    }
}
