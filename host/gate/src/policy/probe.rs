//! Operations that stand for all others: one for each set that the rules tell apart.
//!
//! The forms of patterns are such that two sets of repositories are disjoint, or one holds the other.
//! So it is enough to try one member of each pattern that is in no smaller one, and one that is in
//! none. What holds for these holds for every operation.

use std::collections::BTreeSet;

use keepdocker_terms::link_class::LinkClass;

use super::context::{Cluster, Context};
use super::rule::Rule;
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

/// The members of what the rules tell apart.
struct Values {
    names: Vec<String>,
    images: Vec<String>,
    platforms: Vec<Option<String>>,
    signers: Vec<Vec<String>>,
    bytes: Vec<u64>,
    clusters: Vec<Cluster>,
    owners: Vec<Option<String>>,
    storage_classes: Vec<Vec<String>>,
    replicas: Vec<Option<u32>>,
}

/// Returns what stands for every operation of a verb, as far as these rules tell them apart; at most
/// [`MAX_PROBES`].
pub(super) fn of<'r>(verb: Verb, rules: impl Iterator<Item = &'r Rule>) -> Vec<Probe> {
    let mut seeds = Seeds::of_no_rule();
    let rules = rules.filter(|rule| rule.verbs().any(|named| named == verb));
    for stated in rules.flat_map(|rule| &rule.conditions) {
        stated.condition.probe(&mut seeds);
    }
    let values = Values::new(seeds);
    let mut probes = Vec::new();
    for (operation, names) in operations(verb, &values) {
        for cluster in &values.clusters {
            if probes.len() == MAX_PROBES {
                return probes;
            }
            probes.push(Probe {
                operation: operation.clone(),
                cluster: cluster.clone(),
                names: names.clone(),
            });
        }
    }
    probes
}

impl Values {
    fn new(seeds: Seeds) -> Self {
        let clusters = seeds
            .hosts
            .iter()
            .flat_map(|host| {
                seeds.ids.iter().map(|id| Cluster {
                    host: host.clone(),
                    id: id.clone(),
                })
            })
            .collect();
        let images = seeds.images.into_iter();
        Self {
            names: seeds.names.into_iter().collect(),
            images: images.map(|digits| format!("sha256:{digits}")).collect(),
            platforms: seeds.platforms.into_iter().collect(),
            signers: sets_of(seeds.signers),
            bytes: seeds.bytes.into_iter().collect(),
            clusters,
            owners: seeds.owners.into_iter().collect(),
            storage_classes: seeds.storage_classes.into_iter().collect(),
            replicas: seeds.replicas.into_iter().collect(),
        }
    }
}

type Named = (Operation, Option<Vec<String>>);

fn operations(verb: Verb, values: &Values) -> Vec<Named> {
    let digest = format!("@sha256:{}", "0".repeat(64));
    let plain = |operation| (operation, None);
    let repositories = || {
        values
            .names
            .iter()
            .flat_map(|name| [name.clone(), format!("{name}{digest}")])
    };
    let owners = || values.owners.iter().cloned();
    match verb {
        Verb::LogWrite => Operation::LEVELS
            .iter()
            .map(|level| plain(Operation::LogWrite { level }))
            .collect(),
        Verb::EngineFind => repositories()
            .chain(values.images.iter().cloned())
            .map(|name| plain(Operation::EngineFind { name }))
            .collect(),
        Verb::EnginePull => repositories()
            .map(|name| plain(Operation::EnginePull { name }))
            .collect(),
        Verb::ArchivesOpen => {
            let given = (
                Operation::ArchivesOpen {
                    source: "given",
                    image: None,
                },
                None,
            );
            let names = || {
                std::iter::once(None)
                    .chain(values.names.iter().map(|name| Some(vec![name.clone()])))
            };
            let opened = ["engine", "cache"].into_iter().flat_map(|source| {
                values.images.iter().flat_map(move |image| {
                    names().map(move |names| {
                        (
                            Operation::ArchivesOpen {
                                source,
                                image: Some(image.clone()),
                            },
                            names,
                        )
                    })
                })
            });
            std::iter::once(given).chain(opened).collect()
        }
        Verb::ArchivesImages => vec![plain(Operation::ArchivesImages)],
        Verb::ArchivesForget => values
            .images
            .iter()
            .map(|image| {
                plain(Operation::ArchivesForget {
                    image: image.clone(),
                })
            })
            .collect(),
        Verb::RegistryResolve => repositories()
            .map(|name| plain(Operation::RegistryResolve { name }))
            .collect(),
        Verb::RegistryFetch => repositories()
            .flat_map(|name| fetched(values, name))
            .map(plain)
            .collect(),
        Verb::LocksAcquire => values
            .images
            .iter()
            .map(|image| {
                plain(Operation::LocksAcquire {
                    image: image.clone(),
                })
            })
            .collect(),
        Verb::KeepStore => stored(values)
            .map(|(replicas, storage_classes)| {
                plain(Operation::KeepStore {
                    selection: "only".into(),
                    replicas,
                    storage_classes,
                    reuse: Vec::new(),
                })
            })
            .collect(),
        Verb::KeepFetch => Operation::TARGETS
            .iter()
            .flat_map(|target| {
                values.images.iter().map(|image| {
                    plain(Operation::KeepFetch {
                        target,
                        image: image.clone(),
                    })
                })
            })
            .collect(),
        Verb::KeepExamine => Operation::DEPTHS
            .iter()
            .flat_map(|depth| {
                values.images.iter().map(|image| {
                    plain(Operation::KeepExamine {
                        depth,
                        image: image.clone(),
                    })
                })
            })
            .collect(),
        Verb::ClusterGet => vec![plain(Operation::ClusterGet)],
        Verb::UsersCurrent => vec![plain(Operation::UsersCurrent)],
        Verb::ProjectsGet => owners()
            .flatten()
            // A user's UUID may be the other name of the home project.
            .chain(["xxxxx-tpzed-anyotherusers00".to_owned()])
            .map(|project| plain(Operation::ProjectsGet { project }))
            .collect(),
        Verb::LinksList => {
            let all = LinkClass::NAMES.to_vec();
            let classes = LinkClass::NAMES
                .iter()
                .map(|class| vec![*class])
                .chain([all]);
            classes
                .flat_map(|classes| {
                    owners().map(move |owner| {
                        plain(Operation::LinksList {
                            classes: classes.clone(),
                            owner,
                        })
                    })
                })
                .collect()
        }
        Verb::LinksCreate => links(values)
            .map(|(class, name, owner)| {
                plain(Operation::LinksCreate {
                    class,
                    name,
                    head: String::new(),
                    owner,
                })
            })
            .collect(),
        Verb::LinksDelete => links(values)
            .map(|(class, name, owner)| {
                plain(Operation::LinksDelete {
                    class,
                    name,
                    head: String::new(),
                    owner,
                })
            })
            .collect(),
        Verb::CollectionsList => owners()
            .flat_map(|owner| {
                [false, true].map(|manifests| {
                    plain(Operation::CollectionsList {
                        manifests,
                        owner: owner.clone(),
                    })
                })
            })
            .collect(),
        Verb::CollectionsUpdate => owners()
            .map(|owner| {
                plain(Operation::CollectionsUpdate {
                    collection: String::new(),
                    owner,
                })
            })
            .collect(),
        Verb::CollectionsCreate => owners()
            .flat_map(|owner| {
                stored(values).map(move |(replicas, storage_classes)| {
                    plain(Operation::CollectionsCreate {
                        name: String::new(),
                        owner: owner.clone(),
                        replicas,
                        storage_classes,
                    })
                })
            })
            .collect(),
    }
}

/// Returns classes, names and owners of links.
fn links(values: &Values) -> impl Iterator<Item = (&'static str, String, Option<String>)> {
    let [hash, name, migration] = LinkClass::NAMES;
    let images = values.images.iter().map(move |image| (hash, image.clone()));
    let names = values.names.iter().map(move |text| (name, text.clone()));
    let other = std::iter::once((migration, String::new()));
    images.chain(names).chain(other).flat_map(|(class, name)| {
        let owners = values.owners.iter();
        owners.map(move |owner| (class, name.clone(), owner.clone()))
    })
}

/// Returns the ways in which the image of a name may be fetched.
fn fetched(values: &Values, name: String) -> impl Iterator<Item = Operation> {
    values.platforms.iter().flat_map(move |platform| {
        let name = name.clone();
        values.signers.iter().flat_map(move |signers| {
            let name = name.clone();
            values
                .bytes
                .iter()
                .map(move |bytes| Operation::RegistryFetch {
                    name: name.clone(),
                    manifest: String::new(),
                    platform: platform.clone(),
                    bytes: Some(*bytes),
                    signers: Some(signers.clone()),
                })
        })
    })
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

fn stored(values: &Values) -> impl Iterator<Item = (Option<u32>, Vec<String>)> {
    values.replicas.iter().flat_map(|replicas| {
        values
            .storage_classes
            .iter()
            .map(|classes| (*replicas, classes.clone()))
    })
}
