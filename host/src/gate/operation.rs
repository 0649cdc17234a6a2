//! What the component can ask the host to do.

use serde::Serialize;

/// One call of the component, with what a policy can decide on and a log should show.
///
/// The verb of each is `interface.function` of the contract in `wit/`; a test compares the two.
/// Bulk data, tokens and block signatures are never part of an operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Operation {
    /// Shows a message to the user.
    LogWrite {
        /// The message's level.
        level: &'static str,
    },
    /// Looks up an image in the engine's store.
    EngineFind {
        /// A reference or an image ID.
        name: String,
    },
    /// Pulls an image into the engine's store.
    EnginePull {
        /// The reference.
        name: String,
    },
    /// Opens an image archive.
    ArchivesOpen {
        /// `engine`, `given` or `cache`.
        source: &'static str,
        /// The image ID, where the source is an image.
        image: Option<String>,
    },
    /// Reads what an archive holds.
    ArchivesImages,
    /// Removes an image's archive from the cache.
    ArchivesForget {
        /// The image ID.
        image: String,
    },
    /// Waits for the exclusive right to work on an image.
    LocksAcquire {
        /// The image ID.
        image: String,
    },
    /// Stores an archive in Keep.
    KeepStore {
        /// Which image of the archive.
        selection: String,
        /// How many replicas were asked for.
        replicas: Option<u32>,
        /// The storage classes asked for.
        storage_classes: Vec<String>,
        /// The collections whose blocks may be referred to; the host reads their manifests.
        reuse: Vec<String>,
    },
    /// Fetches an archive from Keep.
    KeepFetch {
        /// `given` or `engine`.
        target: &'static str,
        /// The image ID that the archive's name promises.
        image: String,
    },
    /// Looks into an archive in Keep.
    KeepExamine {
        /// `config` or `content`.
        depth: &'static str,
        /// The image ID that the archive's name promises.
        image: String,
    },
    /// Reads the cluster's configuration.
    ClusterGet,
    /// Asks whom the token belongs to.
    UsersCurrent,
    /// Asks what a project is, and whether something can be put into it.
    ProjectsGet {
        /// The project, or the user whose home project it is.
        project: String,
    },
    /// Lists links.
    LinksList {
        /// The link classes asked for, as Arvados names them; see [`Operation::LINK_CLASSES`].
        classes: Vec<&'static str>,
        /// The project whose links are asked for.
        owner: Option<String>,
    },
    /// Creates a link.
    LinksCreate {
        /// The link class, as Arvados names it.
        class: &'static str,
        /// The link's name.
        name: String,
        /// The collection that it leads to.
        head: String,
        /// The project to own it.
        owner: Option<String>,
    },
    /// Lists collections.
    CollectionsList {
        /// Whether their manifests, hence signed locators, are asked for.
        manifests: bool,
        /// The project whose collections are asked for.
        owner: Option<String>,
    },
    /// Creates a collection.
    CollectionsCreate {
        /// The collection's name.
        name: String,
        /// The project to own it.
        owner: Option<String>,
        /// How many replicas of its blocks were asked for.
        replicas: Option<u32>,
        /// The storage classes asked for.
        storage_classes: Vec<String>,
    },
    /// Changes what a collection says of the names of its image.
    CollectionsUpdate {
        /// The collection.
        collection: String,
        /// The project that owns it; the host makes sure of that.
        owner: Option<String>,
    },
}

impl Operation {
    /// Every verb that there is, in the order of the contract.
    pub const VERBS: [&'static str; 18] = [
        "log.write",
        "engine.find",
        "engine.pull",
        "archives.open",
        "archives.images",
        "archives.forget",
        "locks.acquire",
        "keep.store",
        "keep.fetch",
        "keep.examine",
        "cluster.get",
        "users.current",
        "projects.get",
        "links.list",
        "links.create",
        "collections.list",
        "collections.create",
        "collections.update",
    ];

    /// Every interface with functions in it, in the order of the contract.
    pub const INTERFACES: [&'static str; 10] = [
        "log",
        "engine",
        "archives",
        "locks",
        "keep",
        "cluster",
        "users",
        "projects",
        "links",
        "collections",
    ];

    /// The levels of a message.
    pub const LEVELS: [&'static str; 4] = ["debug", "info", "warning", "error"];

    /// Where an archive can come from.
    pub const SOURCES: [&'static str; 3] = ["engine", "given", "cache"];

    /// Where a fetched archive can go.
    pub const TARGETS: [&'static str; 2] = ["given", "engine"];

    /// How far an archive in Keep can be read.
    pub const DEPTHS: [&'static str; 2] = ["config", "content"];

    /// The link classes that make a collection known as an image, as Arvados names them.
    pub const LINK_CLASSES: [&'static str; 3] = [
        "docker_image_hash",
        "docker_image_repo+tag",
        "docker_image_migration",
    ];

    /// Returns the operation's verb.
    #[must_use]
    pub fn verb(&self) -> &'static str {
        Self::VERBS[self.index()]
    }

    /// Returns the interface that the operation's verb belongs to.
    #[must_use]
    pub fn interface(&self) -> &'static str {
        Self::INTERFACES[self.interface_index()]
    }

    /// Tells whether the operation creates or changes an object on the cluster.
    #[must_use]
    pub fn writes(&self) -> bool {
        matches!(
            self,
            Self::LinksCreate { .. }
                | Self::CollectionsCreate { .. }
                | Self::CollectionsUpdate { .. }
        )
    }

    /// Returns the place of the verb in [`Operation::VERBS`].
    pub(crate) fn index(&self) -> usize {
        match self {
            Self::LogWrite { .. } => 0,
            Self::EngineFind { .. } => 1,
            Self::EnginePull { .. } => 2,
            Self::ArchivesOpen { .. } => 3,
            Self::ArchivesImages => 4,
            Self::ArchivesForget { .. } => 5,
            Self::LocksAcquire { .. } => 6,
            Self::KeepStore { .. } => 7,
            Self::KeepFetch { .. } => 8,
            Self::KeepExamine { .. } => 9,
            Self::ClusterGet => 10,
            Self::UsersCurrent => 11,
            Self::ProjectsGet { .. } => 12,
            Self::LinksList { .. } => 13,
            Self::LinksCreate { .. } => 14,
            Self::CollectionsList { .. } => 15,
            Self::CollectionsCreate { .. } => 16,
            Self::CollectionsUpdate { .. } => 17,
        }
    }

    /// Returns the place of the interface in [`Operation::INTERFACES`].
    pub(crate) fn interface_index(&self) -> usize {
        const OF_VERB: [usize; 18] = [0, 1, 1, 2, 2, 2, 3, 4, 4, 4, 5, 6, 7, 8, 8, 9, 9, 9];
        OF_VERB[self.index()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_verb_belongs_to_the_interface_that_it_names() {
        for (verb, operation) in Operation::VERBS.iter().zip(Operation::samples()) {
            assert_eq!(*verb, operation.verb());
            assert_eq!(verb.split_once('.').unwrap().0, operation.interface());
        }
    }

    impl Operation {
        /// Returns one operation of each verb, in the order of the contract.
        pub(crate) fn samples() -> [Self; 18] {
            [
                Operation::LogWrite { level: "info" },
                Operation::EngineFind {
                    name: String::new(),
                },
                Operation::EnginePull {
                    name: String::new(),
                },
                Operation::ArchivesOpen {
                    source: "given",
                    image: None,
                },
                Operation::ArchivesImages,
                Operation::ArchivesForget {
                    image: String::new(),
                },
                Operation::LocksAcquire {
                    image: String::new(),
                },
                Operation::KeepStore {
                    selection: String::new(),
                    replicas: None,
                    storage_classes: Vec::new(),
                    reuse: Vec::new(),
                },
                Operation::KeepFetch {
                    target: "given",
                    image: String::new(),
                },
                Operation::KeepExamine {
                    depth: "config",
                    image: String::new(),
                },
                Operation::ClusterGet,
                Operation::UsersCurrent,
                Operation::ProjectsGet {
                    project: String::new(),
                },
                Operation::LinksList {
                    classes: Vec::new(),
                    owner: None,
                },
                Operation::LinksCreate {
                    class: "docker_image_hash",
                    name: String::new(),
                    head: String::new(),
                    owner: None,
                },
                Operation::CollectionsList {
                    manifests: false,
                    owner: None,
                },
                Operation::CollectionsCreate {
                    name: String::new(),
                    owner: None,
                    replicas: None,
                    storage_classes: Vec::new(),
                },
                Operation::CollectionsUpdate {
                    collection: String::new(),
                    owner: None,
                },
            ]
        }
    }
}
