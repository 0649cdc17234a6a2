//! The keys that narrow a rule down.

use std::fmt;

use super::rule::Effect;
use crate::Verb;

/// Makes the keys from one table: for each its name here and in the file, the kinds of rules that can have it,
/// and the verbs whose object it says something about.
macro_rules! keys {
    ($($(#[$doc:meta])* $key:ident = $name:literal ( $($effect:ident),* ) [ $($verb:ident),* ];)*) => {
        /// A key of a rule that narrows it down.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Key {
            $($(#[$doc])* $key,)*
        }

        impl Key {
            /// Every key, in the order in which rules are read and shown.
            pub(super) const ALL: [Self; [$($name),*].len()] = [$(Self::$key),*];

            /// Returns the key as the file has it.
            pub(super) const fn name(self) -> &'static str {
                match self {
                    $(Self::$key => $name,)*
                }
            }

            /// Returns the verbs whose object the key says something about.
            pub(super) const fn verbs(self) -> &'static [Verb] {
                match self {
                    $(Self::$key => &[$(Verb::$verb),*],)*
                }
            }

            /// Tells whether such a rule can have the key.
            pub(super) fn is_for(self, effect: Effect) -> bool {
                let effects: &[&str] = match self {
                    $(Self::$key => &[$(stringify!($effect)),*],)*
                };
                effects.contains(&effect.name())
            }
        }
    };
}

keys! {
    /// Which repositories a name may mean.
    Repositories = "repositories" (allow, deny) [EngineFind, EnginePull, ArchivesOpen, RegistryResolve, RegistryFetch, LinksCreate];
    /// Which images, by their IDs.
    Images = "images" (allow, deny) [EngineFind, ArchivesOpen, ArchivesForget, LocksAcquire, KeepFetch, KeepExamine, LinksCreate];
    /// That a name means one image for ever.
    RequireDigest = "require-digest" (allow) [EngineFind, EnginePull, ArchivesOpen, RegistryResolve, RegistryFetch];
    /// For which platforms an image may be.
    Platforms = "platforms" (allow, deny) [RegistryFetch];
    /// Where an archive may come from.
    Sources = "sources" (allow, deny) [ArchivesOpen];
    /// Where an archive may go.
    Targets = "targets" (allow, deny) [KeepFetch];
    /// Which clusters are meant.
    Clusters = "clusters" (allow, deny) [KeepStore, KeepFetch, KeepExamine, ClusterGet, UsersCurrent, ProjectsGet, LinksList, LinksCreate, CollectionsList, CollectionsCreate, CollectionsUpdate];
    /// Who may own what is created or asked for.
    Projects = "projects" (allow, deny) [ProjectsGet, LinksList, LinksCreate, CollectionsList, CollectionsCreate, CollectionsUpdate];
    /// Which classes of links.
    LinkClasses = "link-classes" (allow, deny) [LinksList, LinksCreate];
    /// That no manifests are asked for, hence no signatures.
    Manifests = "manifests" (allow) [CollectionsList];
    /// Which storage classes may be asked for.
    StorageClasses = "storage-classes" (allow, deny) [KeepStore, CollectionsCreate];
    /// How many replicas may be asked for.
    MaxReplicas = "max-replicas" (allow) [KeepStore, CollectionsCreate];
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
