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
    },
    /// Reads the cluster's configuration.
    ClusterGet,
    /// Asks whom the token belongs to.
    UsersCurrent,
    /// Lists links.
    LinksList {
        /// The link classes asked for.
        classes: Vec<&'static str>,
        /// The project whose links are asked for.
        owner: Option<String>,
    },
    /// Creates a link.
    LinksCreate {
        /// The link class.
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
    },
}

impl Operation {
    /// Every verb that there is, in the order of the contract.
    pub const VERBS: [&'static str; 14] = [
        "log.write",
        "engine.find",
        "engine.pull",
        "archives.open",
        "archives.images",
        "archives.forget",
        "locks.acquire",
        "keep.store",
        "cluster.get",
        "users.current",
        "links.list",
        "links.create",
        "collections.list",
        "collections.create",
    ];

    /// Returns the operation's verb.
    #[must_use]
    pub fn verb(&self) -> &'static str {
        match self {
            Self::LogWrite { .. } => "log.write",
            Self::EngineFind { .. } => "engine.find",
            Self::EnginePull { .. } => "engine.pull",
            Self::ArchivesOpen { .. } => "archives.open",
            Self::ArchivesImages => "archives.images",
            Self::ArchivesForget { .. } => "archives.forget",
            Self::LocksAcquire { .. } => "locks.acquire",
            Self::KeepStore { .. } => "keep.store",
            Self::ClusterGet => "cluster.get",
            Self::UsersCurrent => "users.current",
            Self::LinksList { .. } => "links.list",
            Self::LinksCreate { .. } => "links.create",
            Self::CollectionsList { .. } => "collections.list",
            Self::CollectionsCreate { .. } => "collections.create",
        }
    }
}
