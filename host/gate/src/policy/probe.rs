//! Operations that stand for all others: one for each set that the rules tell apart.
//!
//! The forms of patterns are such that two sets of repositories are disjoint, or one holds the other.
//! So it is enough to try one member of each pattern that is in no smaller one, and one that is in
//! none. What holds for these holds for every operation.

use std::collections::BTreeSet;

use super::context::{Cluster, Context};
use super::rule::Rule;
use crate::kind::{Values, go_together};
use crate::{Operation, Verb};

/// More are not tried.
pub(super) const MAX_PROBES: usize = 200_000;

/// An operation and its circumstances.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Probe {
    pub(super) operation: Operation,
    pub(super) cluster: Cluster,
    pub(super) names: Option<Vec<String>>,
}

impl Probe {
    pub(super) fn context(&self) -> Context<'_> {
        Context {
            cluster: &self.cluster,
            names: self.names.as_deref(),
        }
    }
}

/// What the rules tell apart, as sets to which each condition adds; with one member that no rule means.
pub(super) struct Seeds {
    /// Names of repositories.
    pub(super) names: BTreeSet<String>,
    /// The digits of image IDs.
    pub(super) images: BTreeSet<String>,
    /// Platforms of images; none where the registry says nothing of it.
    pub(super) platforms: BTreeSet<Option<String>>,
    /// Signers of images, by the digests of their keys.
    pub(super) signers: BTreeSet<String>,
    /// Sizes of images.
    pub(super) bytes: BTreeSet<u64>,
    /// Hosts of clusters.
    pub(super) hosts: BTreeSet<String>,
    /// IDs of clusters, where they are known.
    pub(super) ids: BTreeSet<Option<String>>,
    /// Owners; none for the home project, or for all.
    pub(super) owners: BTreeSet<Option<String>>,
    /// Storage classes that are asked for together.
    pub(super) storage_classes: BTreeSet<Vec<String>>,
    /// Replicas that are asked for; none for the cluster's default.
    pub(super) replicas: BTreeSet<Option<u32>>,
}

impl Seeds {
    /// Returns what no rule means.
    fn of_no_rule() -> Self {
        Self {
            names: ["example.net/any/other".to_owned()].into(),
            images: ["f".repeat(64)].into(),
            platforms: [None, Some("any/other".to_owned())].into(),
            signers: BTreeSet::new(),
            bytes: [0].into(),
            hosts: ["api.example.net".to_owned()].into(),
            ids: [Some("xxxxx".to_owned())].into(),
            owners: [None, Some("xxxxx-j7d0g-anyotherproject".to_owned())].into(),
            storage_classes: [Vec::new(), vec!["any-other-class".to_owned()]].into(),
            replicas: [None].into(),
        }
    }
}

/// Returns what stands for every operation of a verb, as far as these rules tell them apart; at most
/// [`MAX_PROBES`].
pub(super) fn of<'r>(verb: Verb, rules: impl Iterator<Item = &'r Rule>) -> Vec<Probe> {
    let mut seeds = Seeds::of_no_rule();
    let rules = rules.filter(|rule| rule.verbs().any(|named| named == verb));
    for stated in rules.flat_map(|rule| &rule.conditions) {
        stated.condition.probe(&mut seeds);
    }
    let (values, clusters) = seeds.into_values();
    let operations = Operation::samples(verb, &values).filter(go_together);
    let named = operations.flat_map(|operation| {
        // Which names an image has, the engine said when it was looked up.
        let has_names = operation
            .about()
            .source
            .is_some_and(|source| source != "given");
        let names = values.names.iter().filter(move |_| has_names);
        let names = names.map(|name| Some(vec![name.clone()]));
        std::iter::once(None)
            .chain(names)
            .map(move |names| (operation.clone(), names))
    });
    let probes = named.flat_map(|(operation, names)| {
        clusters.iter().map(move |cluster| Probe {
            operation: operation.clone(),
            cluster: cluster.clone(),
            names: names.clone(),
        })
    });
    probes.take(MAX_PROBES).collect()
}

impl Seeds {
    /// Returns the members of the sets, and the clusters.
    fn into_values(self) -> (Values, Vec<Cluster>) {
        let clusters = self
            .hosts
            .iter()
            .flat_map(|host| {
                self.ids.iter().map(|id| Cluster {
                    host: host.clone(),
                    id: id.clone(),
                })
            })
            .collect();
        let images = self.images.into_iter();
        let values = Values {
            names: self.names.into_iter().collect(),
            images: images.map(|digits| format!("sha256:{digits}")).collect(),
            platforms: self.platforms.into_iter().collect(),
            signers: sets_of(self.signers),
            bytes: self.bytes.into_iter().collect(),
            owners: self.owners.into_iter().collect(),
            storage_classes: self.storage_classes.into_iter().collect(),
            replicas: self.replicas.into_iter().collect(),
        };
        (values, clusters)
    }
}

/// Returns nobody, each of them, and all together.
fn sets_of(signers: BTreeSet<String>) -> Vec<Vec<String>> {
    let mut sets = vec![Vec::new()];
    sets.extend(signers.iter().map(|signer| vec![signer.clone()]));
    if signers.len() > 1 {
        sets.push(signers.into_iter().collect());
    }
    sets
}
