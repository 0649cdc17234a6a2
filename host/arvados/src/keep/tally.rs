//! Counting the replicas of a block.

use std::collections::{BTreeMap, BTreeSet};

use crate::http::Answer;

/// What a block must reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// How many replicas, at least 1.
    pub replicas: u32,
    /// The storage classes that must each hold that many; empty if any will do.
    pub storage_classes: BTreeSet<String>,
}

/// How far a block has come.
#[derive(Debug)]
pub(super) struct Tally<'a> {
    wanted: &'a Wanted,
    replicas: u32,
    /// Replicas confirmed in each class; none once a service turned out not to tell.
    by_class: Option<BTreeMap<String, u32>>,
}

/// What a service says it stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Confirmed {
    /// How many replicas.
    pub replicas: u32,
    /// How many in each storage class. None from services that know nothing of classes.
    pub by_class: Option<BTreeMap<String, u32>>,
}

impl Confirmed {
    /// Reads the headers of an answer.
    #[must_use]
    pub(super) fn new(answer: &Answer) -> Self {
        Self {
            replicas: answer
                .header("X-Keep-Replicas-Stored")
                .and_then(|text| text.trim().parse().ok())
                .unwrap_or(1),
            by_class: answer
                .header("X-Keep-Storage-Classes-Confirmed")
                .map(classes),
        }
    }
}

/// Reads `default=2, archive=1`. What is not of this form does not count.
fn classes(text: &str) -> BTreeMap<String, u32> {
    text.split(',')
        .filter_map(|part| part.trim().split_once('='))
        .filter_map(|(class, replicas)| Some((class.to_owned(), replicas.parse().ok()?)))
        .collect()
}

impl<'a> Tally<'a> {
    /// Begins with nothing stored.
    #[must_use]
    pub(super) fn new(wanted: &'a Wanted) -> Self {
        Self {
            wanted,
            replicas: 0,
            by_class: Some(BTreeMap::new()),
        }
    }

    /// Counts what a service stored.
    pub(super) fn add(&mut self, confirmed: &Confirmed) {
        self.replicas = self.replicas.saturating_add(confirmed.replicas);
        match (&mut self.by_class, &confirmed.by_class) {
            (Some(counted), Some(confirmed)) => {
                for (class, replicas) in confirmed {
                    let counted = counted.entry(class.clone()).or_default();
                    *counted = counted.saturating_add(*replicas);
                }
            }
            // A service that knows no classes cannot be held to them.
            (_, None) => self.by_class = None,
            (None, Some(_)) => {}
        }
    }

    /// Returns how many replicas were written.
    #[must_use]
    pub(super) fn replicas(&self) -> u32 {
        self.replicas
    }

    /// Returns how many replicas are still missing, in the class where most are.
    #[must_use]
    pub(super) fn missing(&self) -> u32 {
        let mut fewest = self.replicas;
        if let Some(by_class) = &self.by_class {
            for class in &self.wanted.storage_classes {
                fewest = fewest.min(by_class.get(class).copied().unwrap_or(0));
            }
        }
        self.wanted.replicas.saturating_sub(fewest)
    }

    /// Returns the storage classes that still lack replicas.
    #[must_use]
    pub(super) fn pending_classes(&self) -> Vec<&'a str> {
        let Some(by_class) = &self.by_class else {
            return Vec::new();
        };
        self.wanted
            .storage_classes
            .iter()
            .filter(|class| by_class.get(*class).copied().unwrap_or(0) < self.wanted.replicas)
            .map(String::as_str)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(replicas: u32, classes: &[&str]) -> Wanted {
        Wanted {
            replicas,
            storage_classes: classes.iter().map(|class| (*class).to_owned()).collect(),
        }
    }

    fn confirmed(replicas: u32, by_class: Option<&str>) -> Confirmed {
        Confirmed {
            replicas,
            by_class: by_class.map(classes),
        }
    }

    #[test]
    fn replicas_add_up() {
        let wanted = wanted(3, &[]);
        let mut tally = Tally::new(&wanted);
        assert_eq!(tally.missing(), 3);
        tally.add(&confirmed(1, None));
        tally.add(&confirmed(1, Some("default=1")));
        assert_eq!((tally.missing(), tally.replicas()), (1, 2));
        tally.add(&confirmed(5, None));
        assert_eq!(tally.missing(), 0);
    }

    #[test]
    fn every_class_must_hold_enough() {
        let wanted = wanted(2, &["archive", "default"]);
        let mut tally = Tally::new(&wanted);
        assert_eq!(tally.pending_classes(), ["archive", "default"]);
        tally.add(&confirmed(2, Some("default=2")));
        assert_eq!(tally.missing(), 2);
        assert_eq!(tally.pending_classes(), ["archive"]);
        tally.add(&confirmed(1, Some("archive=1, odd, other=x")));
        assert_eq!(tally.missing(), 1);
        tally.add(&confirmed(1, Some("archive=1")));
        assert_eq!(tally.missing(), 0);
        assert!(tally.pending_classes().is_empty());
    }

    #[test]
    fn classes_do_not_count_where_services_know_none() {
        let wanted = wanted(1, &["default"]);
        let mut tally = Tally::new(&wanted);
        tally.add(&confirmed(1, None));
        assert_eq!(tally.missing(), 0);
    }
}
