//! What the component can ask the host to do: the table of operations.

use std::borrow::Cow;

use keepdocker_terms::link_class::LinkClass;
use serde::Serialize;

use super::kind::{self, About, Kind, Member, Values};
use super::object::{Object, ObjectError};
use super::table::{Choice, Effect, operations};

operations! {
    "log" of Machine {
        /// Shows a message to the user.
        Ask LogWrite = "write" {
            /// The message's level.
            level: &'static str as Level,
        };
    }
    "engine" of Machine {
        /// Looks up an image in the engine's store.
        Ask EngineFind = "find" {
            /// A reference or an image ID.
            name: String as Searched,
        };
        /// Pulls an image into the engine's store.
        Ask EnginePull = "pull" {
            /// The reference.
            name: String as Pulled,
        };
    }
    "archives" of Machine {
        /// Opens an image archive.
        Ask ArchivesOpen = "open" {
            /// `engine`, `given` or `cache`.
            source: &'static str as Source,
            /// The image ID, where the source is an image.
            image: Option<String> as SourceImage,
        };
        /// Reads what an archive holds.
        Ask ArchivesImages = "images";
        /// Removes an image's archive from the cache.
        Ask ArchivesForget = "forget" {
            /// The image ID.
            image: String as Image,
        };
    }
    "registry" of Registry {
        /// Asks a registry what a name means.
        Ask RegistryResolve = "resolve" {
            /// The reference.
            name: String as Sought,
        };
        /// Opens an image of a registry.
        Ask RegistryFetch = "fetch" {
            /// The reference.
            name: String as Sought,
            /// The digest of the image's manifest.
            manifest: String as Text,
            /// The platform that the registry says it is for; none where it says nothing.
            platform: Option<String> as Platform,
            /// How many bytes its layers have together, by its manifest; none as long as that is not known.
            bytes: Option<u64> as Bytes,
            /// Whose signatures on it are valid, by the digests of their keys; none as long as nobody has looked.
            signers: Option<Vec<String>> as Signers,
        };
    }
    "locks" of Machine {
        /// Waits for the exclusive right to work on an image.
        Ask LocksAcquire = "acquire" {
            /// The image ID.
            image: String as Image,
        };
    }
    "keep" of Cluster {
        /// Stores an archive in Keep.
        Ask KeepStore = "store" {
            /// Which image of the archive.
            selection: String as Selection,
            /// How many replicas were asked for.
            replicas: Option<u32> as Replicas,
            /// The storage classes asked for.
            storage_classes: Vec<String> as StorageClasses,
            /// The collections whose blocks may be referred to; the host reads their manifests.
            reuse: Vec<String> as Reuse,
        };
        /// Fetches an archive from Keep.
        Ask KeepFetch = "fetch" {
            /// `given` or `engine`.
            target: &'static str as Target,
            /// The image ID that the archive's name promises.
            image: String as Image,
        };
        /// Looks into an archive in Keep.
        Ask KeepExamine = "examine" {
            /// `config` or `content`.
            depth: &'static str as Depth,
            /// The image ID that the archive's name promises.
            image: String as Image,
        };
    }
    "cluster" of Cluster {
        /// Reads the cluster's configuration.
        Ask ClusterGet = "get";
    }
    "users" of Cluster {
        /// Asks whom the token belongs to.
        Ask UsersCurrent = "current";
    }
    "projects" of Cluster {
        /// Asks what a project is, and whether something can be put into it.
        Ask ProjectsGet = "get" {
            /// The project, or the user whose home project it is.
            project: String as Project,
        };
    }
    "links" of Cluster {
        /// Lists links.
        Ask LinksList = "list" {
            /// The link classes asked for, as Arvados names them.
            classes: Vec<&'static str> as LinkClasses,
            /// The project whose links are asked for.
            owner: Option<String> as Within,
        };
        /// Creates a link.
        Write LinksCreate = "create" {
            /// The link class, as Arvados names it.
            class: &'static str as LinkClass,
            /// The link's name.
            name: String as LinkName,
            /// The collection that it leads to.
            head: String as Text,
            /// The project to own it.
            owner: Option<String> as Owner,
        };
        /// Removes a link.
        Write LinksDelete = "delete" {
            /// The link class, as Arvados names it; the host makes sure of this and the rest.
            class: &'static str as LinkClass,
            /// The link's name.
            name: String as LinkName,
            /// What it leads to.
            head: String as Text,
            /// The project that owns it.
            owner: Option<String> as Owner,
        };
    }
    "collections" of Cluster {
        /// Lists collections.
        Ask CollectionsList = "list" {
            /// Whether their manifests, hence signed locators, are asked for.
            manifests: bool as Manifests,
            /// The project whose collections are asked for.
            owner: Option<String> as Within,
        };
        /// Creates a collection.
        Write CollectionsCreate = "create" {
            /// The collection's name.
            name: String as Text,
            /// The project to own it.
            owner: Option<String> as Owner,
            /// How many replicas of its blocks were asked for.
            replicas: Option<u32> as Replicas,
            /// The storage classes asked for.
            storage_classes: Vec<String> as StorageClasses,
        };
        /// Changes what a collection says of the names of its image.
        Write CollectionsUpdate = "update" {
            /// The collection.
            collection: String as Text,
            /// The project that owns it; the host makes sure of that.
            owner: Option<String> as Owner,
        };
        /// Moves a collection to the trash.
        Write CollectionsTrash = "trash" {
            /// The collection; the host makes sure that it holds an image.
            collection: String as Text,
            /// The project that owns it; the host makes sure of that.
            owner: Option<String> as Owner,
        };
        /// Brings a collection back from the trash.
        Write CollectionsUntrash = "untrash" {
            /// The collection.
            collection: String as Text,
            /// The project that owns it; the host makes sure of that.
            owner: Option<String> as Owner,
        };
    }
    "containers" of Cluster {
        /// Asks which images containers use.
        Ask ContainersUsed = "used";
    }
    "permissions" of Cluster {
        /// Gives somebody a permission, or takes it away.
        Write PermissionsSet = "set" {
            /// The collection or project; the host makes sure that it is a project, or holds an image.
            object: String as Text,
            /// The user or group who is to have it.
            holder: String as Text,
            /// The level, as Arvados names it; empty if it is to be taken away.
            level: String as Text,
            /// The project that owns the collection, or the project itself; the host makes sure of that.
            owner: Option<String> as Owner,
        };
    }
}

/// Where that is what a verb is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// The machine that the program runs on.
    Machine,
    /// A registry.
    Registry,
    /// The cluster.
    Cluster,
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
        self.verb().writes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verb_has_an_operation_whose_object_has_the_members_that_it_names() {
        for verb in Verb::ALL {
            let operation = Operation::samples(verb, &Values::for_tests())
                .next()
                .unwrap();
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
