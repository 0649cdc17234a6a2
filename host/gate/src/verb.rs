//! The verbs: what the component can ask for, by the names of the contract.

use std::fmt;

/// Makes the verbs from one table: for each its name here, that of its function in the contract, and the
/// members of its object, those that may be given as bare words first.
///
/// All else that is said of verbs is said in a `match` without a last arm for the rest, so that a verb that is
/// added here does not compile until the policy, the log and the probes know it.
macro_rules! verbs {
    ($($(#[$doc:meta])* $verb:ident = $interface:literal . $function:literal ( $($member:literal),* );)*) => {
        /// What the component can ask for: a function of the contract.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Verb {
            $($(#[$doc])* $verb,)*
        }

        impl Verb {
            /// Every verb that there is, in the order of the contract.
            pub const ALL: [Self; Self::COUNT] = [$(Self::$verb),*];

            /// The names of all verbs, in the order of the contract.
            pub const NAMES: [&'static str; Self::COUNT] = [$(concat!($interface, ".", $function)),*];

            const COUNT: usize = [$($function),*].len();

            /// Returns the verb's name: `interface.function`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                Self::NAMES[self as usize]
            }

            /// Returns the interface of the contract that the verb's function belongs to.
            #[must_use]
            pub const fn interface(self) -> &'static str {
                match self {
                    $(Self::$verb => $interface,)*
                }
            }

            /// Returns the members of the verb's object, those that may be given as bare words first.
            #[must_use]
            pub const fn members(self) -> &'static [&'static str] {
                match self {
                    $(Self::$verb => &[$($member),*],)*
                }
            }
        }
    };
}

verbs! {
    /// Shows a message to the user.
    LogWrite = "log"."write" ("level");
    /// Looks up an image in the engine's store.
    EngineFind = "engine"."find" ("name");
    /// Pulls an image into the engine's store.
    EnginePull = "engine"."pull" ("name");
    /// Opens an image archive.
    ArchivesOpen = "archives"."open" ("source", "image");
    /// Reads what an archive holds.
    ArchivesImages = "archives"."images" ();
    /// Removes an image's archive from the cache.
    ArchivesForget = "archives"."forget" ("image");
    /// Asks a registry what a name means.
    RegistryResolve = "registry"."resolve" ("name");
    /// Opens an image of a registry.
    RegistryFetch = "registry"."fetch" ("name", "manifest", "platform", "bytes", "signers");
    /// Waits for the exclusive right to work on an image.
    LocksAcquire = "locks"."acquire" ("image");
    /// Stores an archive in Keep.
    KeepStore = "keep"."store" ("selection", "replicas", "storage_classes", "reuse");
    /// Fetches an archive from Keep.
    KeepFetch = "keep"."fetch" ("target", "image");
    /// Looks into an archive in Keep.
    KeepExamine = "keep"."examine" ("depth", "image");
    /// Reads the cluster's configuration.
    ClusterGet = "cluster"."get" ();
    /// Asks whom the token belongs to.
    UsersCurrent = "users"."current" ();
    /// Asks what a project is, and whether something can be put into it.
    ProjectsGet = "projects"."get" ("project");
    /// Lists links.
    LinksList = "links"."list" ("classes", "owner");
    /// Creates a link.
    LinksCreate = "links"."create" ("class", "name", "head", "owner");
    /// Removes a link.
    LinksDelete = "links"."delete" ("class", "name", "head", "owner");
    /// Lists collections.
    CollectionsList = "collections"."list" ("manifests", "owner");
    /// Creates a collection.
    CollectionsCreate = "collections"."create" ("name", "owner", "replicas", "storage_classes");
    /// Changes what a collection says of the names of its image.
    CollectionsUpdate = "collections"."update" ("collection", "owner");
}

impl Verb {
    /// Every interface with functions in it, in the order of the contract.
    pub const INTERFACES: [&'static str; 11] = [
        "log",
        "engine",
        "archives",
        "registry",
        "locks",
        "keep",
        "cluster",
        "users",
        "projects",
        "links",
        "collections",
    ];

    /// Returns the verb of this name, if there is one.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verb| verb.name() == name)
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verb_has_a_name_of_its_own_and_a_known_interface() {
        for verb in Verb::ALL {
            assert_eq!(Verb::named(verb.name()), Some(verb));
            assert_eq!(
                verb.name().split_once('.').map(|(interface, _)| interface),
                Some(verb.interface())
            );
        }
        let mut interfaces = Verb::ALL.map(Verb::interface).to_vec();
        interfaces.dedup();
        assert_eq!(interfaces, Verb::INTERFACES);
        assert_eq!(Verb::named("collections.delete"), None);
    }
}
