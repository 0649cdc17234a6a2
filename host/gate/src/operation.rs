//! What the component can ask the host to do.

use std::borrow::Cow;

use keepdocker_terms::link_class::LinkClass;
use serde::Serialize;

use super::verb::Verb;

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
    /// Asks a registry what a name means.
    RegistryResolve {
        /// The reference.
        name: String,
    },
    /// Opens an image of a registry.
    RegistryFetch {
        /// The reference.
        name: String,
        /// The digest of the image's manifest.
        manifest: String,
        /// The platform that the registry says it is for; none where it says nothing.
        platform: Option<String>,
        /// How many bytes its layers have together, by its manifest; none as long as that is not known.
        bytes: Option<u64>,
        /// Whose signatures on it are valid, by the digests of their keys; none as long as nobody has looked.
        signers: Option<Vec<String>>,
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
        /// The link classes asked for, as Arvados names them.
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
    /// Removes a link.
    LinksDelete {
        /// The link class, as Arvados names it; the host makes sure of this and the rest.
        class: &'static str,
        /// The link's name.
        name: String,
        /// What it leads to.
        head: String,
        /// The project that owns it.
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
    /// The levels of a message.
    pub(crate) const LEVELS: [&'static str; 4] = ["debug", "info", "warning", "error"];

    /// Where an archive can come from.
    pub const SOURCES: [&'static str; 3] = ["engine", "given", "cache"];

    /// Where a fetched archive can go.
    pub(crate) const TARGETS: [&'static str; 2] = ["given", "engine"];

    /// How far an archive in Keep can be read.
    pub(crate) const DEPTHS: [&'static str; 2] = ["config", "content"];

    /// The link classes that make a collection known as an image, as Arvados names them.
    pub(crate) const LINK_CLASSES: [&'static str; 3] = LinkClass::NAMES;

    /// Returns the operation's verb.
    #[must_use]
    pub fn verb(&self) -> Verb {
        match self {
            Self::LogWrite { .. } => Verb::LogWrite,
            Self::EngineFind { .. } => Verb::EngineFind,
            Self::EnginePull { .. } => Verb::EnginePull,
            Self::ArchivesOpen { .. } => Verb::ArchivesOpen,
            Self::ArchivesImages => Verb::ArchivesImages,
            Self::ArchivesForget { .. } => Verb::ArchivesForget,
            Self::RegistryResolve { .. } => Verb::RegistryResolve,
            Self::RegistryFetch { .. } => Verb::RegistryFetch,
            Self::LocksAcquire { .. } => Verb::LocksAcquire,
            Self::KeepStore { .. } => Verb::KeepStore,
            Self::KeepFetch { .. } => Verb::KeepFetch,
            Self::KeepExamine { .. } => Verb::KeepExamine,
            Self::ClusterGet => Verb::ClusterGet,
            Self::UsersCurrent => Verb::UsersCurrent,
            Self::ProjectsGet { .. } => Verb::ProjectsGet,
            Self::LinksList { .. } => Verb::LinksList,
            Self::LinksCreate { .. } => Verb::LinksCreate,
            Self::LinksDelete { .. } => Verb::LinksDelete,
            Self::CollectionsList { .. } => Verb::CollectionsList,
            Self::CollectionsCreate { .. } => Verb::CollectionsCreate,
            Self::CollectionsUpdate { .. } => Verb::CollectionsUpdate,
        }
    }

    /// Returns the place of the verb's interface in [`Verb::INTERFACES`].
    pub(crate) fn interface_index(&self) -> usize {
        let interface = self.verb().interface();
        Verb::INTERFACES
            .iter()
            .position(|known| *known == interface)
            .expect("a test compares the two")
    }

    /// Returns the operation as it would be if all turned out well that is not known yet: an image of a registry that
    /// has these signers and no size.
    ///
    /// What is denied even so need not be begun.
    pub(crate) fn at_best(&self, every_signer: impl FnOnce() -> Vec<String>) -> Cow<'_, Self> {
        match self {
            Self::RegistryFetch {
                name,
                manifest,
                platform,
                bytes,
                signers,
            } => Cow::Owned(Self::RegistryFetch {
                name: name.clone(),
                manifest: manifest.clone(),
                platform: platform.clone(),
                bytes: bytes.or(Some(0)),
                signers: signers.clone().or_else(|| Some(every_signer())),
            }),
            other => Cow::Borrowed(other),
        }
    }

    /// Tells whether the operation creates, changes or removes an object on the cluster.
    #[must_use]
    pub fn writes(&self) -> bool {
        match self.verb() {
            Verb::LinksCreate
            | Verb::LinksDelete
            | Verb::CollectionsCreate
            | Verb::CollectionsUpdate => true,
            Verb::LogWrite
            | Verb::EngineFind
            | Verb::EnginePull
            | Verb::ArchivesOpen
            | Verb::ArchivesImages
            | Verb::ArchivesForget
            | Verb::RegistryResolve
            | Verb::RegistryFetch
            | Verb::LocksAcquire
            | Verb::KeepStore
            | Verb::KeepFetch
            | Verb::KeepExamine
            | Verb::ClusterGet
            | Verb::UsersCurrent
            | Verb::ProjectsGet
            | Verb::LinksList
            | Verb::CollectionsList => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value};

    use super::*;

    /// Returns an operation of the verb, with as little in its object as there can be.
    fn sample(verb: Verb) -> Operation {
        let value = |member: &str| match member {
            "level" => Some("info"),
            "source" | "target" => Some("given"),
            "depth" => Some("config"),
            "class" => Some(LinkClass::ImageHash.name()),
            "replicas" | "storage_classes" | "reuse" | "classes" | "manifests" | "bytes"
            | "signers" => None,
            _ => Some(""),
        };
        let members = verb.members().iter();
        let object: Map<String, Value> = members
            .filter_map(|member| Some(((*member).to_owned(), value(member)?.into())))
            .collect();
        Operation::from_object(verb.name(), &object).unwrap()
    }

    #[test]
    fn every_verb_has_an_operation_whose_object_has_the_members_that_it_names() {
        for verb in Verb::ALL {
            let operation = sample(verb);
            assert_eq!(operation.verb(), verb);
            let object = operation.object();
            let mut members: Vec<&str> = object.keys().map(String::as_str).collect();
            let mut named = verb.members().to_vec();
            members.sort_unstable();
            named.sort_unstable();
            assert_eq!(members, named, "{verb}");
            assert!(operation.interface_index() < Verb::INTERFACES.len());
        }
    }
}
