//! What clusters, their objects and their failures are in the contract.

/// Says how what this package tells is said in the contract, and the other way.
///
/// Two hosts have bindings of the contract, each of its own; `$bindings` is the module of one. Lists are moved
/// over, row by row: no text is copied.
#[macro_export]
macro_rules! contract {
    ($bindings:ident) => {
        $crate::contract_of_objects!($bindings);
        $crate::contract_of_failures!($bindings);

        impl From<&$crate::api::Cluster> for $bindings::cluster::Config {
            fn from(cluster: &$crate::api::Cluster) -> Self {
                Self {
                    id: cluster.id.clone(),
                    image_formats: cluster.image_formats.clone(),
                    default_replication: cluster.default_replication,
                    slash_substitute: cluster.slash_substitute.clone(),
                }
            }
        }

        impl From<$crate::api::projects::Project> for $bindings::projects::Project {
            fn from(project: $crate::api::projects::Project) -> Self {
                Self {
                    uuid: project.uuid,
                    name: project.name,
                    group_class: project.group_class,
                    writable: project.writable,
                }
            }
        }
    };
}

/// Says what links and collections are in the contract: a part of [`contract!`].
#[doc(hidden)]
#[macro_export]
macro_rules! contract_of_objects {
    ($bindings:ident) => {
        impl From<$crate::api::Property> for $bindings::types::Property {
            fn from($crate::api::Property { key, value }: $crate::api::Property) -> Self {
                Self { key, value }
            }
        }

        impl From<$bindings::types::Property> for $crate::api::Property {
            fn from(property: $bindings::types::Property) -> Self {
                Self {
                    key: property.key,
                    value: property.value,
                }
            }
        }

        impl From<$crate::api::links::Class> for $bindings::types::LinkClass {
            fn from(class: $crate::api::links::Class) -> Self {
                match class {
                    $crate::api::links::Class::ImageHash => Self::ImageHash,
                    $crate::api::links::Class::RepoTag => Self::RepoTag,
                    $crate::api::links::Class::Migration => Self::Migration,
                }
            }
        }

        impl From<$bindings::types::LinkClass> for $crate::api::links::Class {
            fn from(class: $bindings::types::LinkClass) -> Self {
                match class {
                    $bindings::types::LinkClass::ImageHash => Self::ImageHash,
                    $bindings::types::LinkClass::RepoTag => Self::RepoTag,
                    $bindings::types::LinkClass::Migration => Self::Migration,
                }
            }
        }

        impl From<$crate::api::links::Link> for $bindings::types::Link {
            fn from(link: $crate::api::links::Link) -> Self {
                Self {
                    uuid: link.uuid,
                    class: link.class.into(),
                    name: link.name,
                    head: link.head,
                    tail: link.tail,
                    owner: link.owner,
                    properties: link.properties.into_iter().map(Into::into).collect(),
                    created_at: link.created_at,
                }
            }
        }

        impl From<$bindings::types::NewLink> for $crate::api::links::NewLink {
            fn from(link: $bindings::types::NewLink) -> Self {
                Self {
                    class: link.class.into(),
                    name: link.name,
                    head: link.head,
                    owner: link.owner,
                    properties: link.properties.into_iter().map(Into::into).collect(),
                }
            }
        }

        impl From<$bindings::links::Removal> for $crate::api::links::Removal {
            fn from(link: $bindings::links::Removal) -> Self {
                Self {
                    uuid: link.uuid,
                    class: link.class.into(),
                    name: link.name,
                    head: link.head,
                    owner: link.owner,
                }
            }
        }

        impl From<$bindings::links::Query> for $crate::api::links::Query {
            fn from(query: $bindings::links::Query) -> Self {
                use $bindings::links::{Detail, Names};
                Self {
                    classes: query.classes.into_iter().map(Into::into).collect(),
                    names: match query.names {
                        Names::All => $crate::api::links::Names::All,
                        Names::Exactly(names) => $crate::api::links::Names::Exactly(names),
                        Names::StartingWith(start) => {
                            $crate::api::links::Names::StartingWith(start)
                        }
                    },
                    heads: query.heads,
                    owner: query.owner,
                    detail: match query.detail {
                        Detail::Brief => $crate::api::links::Detail::Brief,
                        Detail::Full => $crate::api::links::Detail::Full,
                    },
                    newest: query.newest,
                }
            }
        }

        impl From<$crate::api::collections::Collection> for $bindings::collections::Collection {
            fn from(collection: $crate::api::collections::Collection) -> Self {
                Self {
                    uuid: collection.uuid,
                    owner: collection.owner,
                    name: collection.name,
                    portable_data_hash: collection.portable_data_hash,
                    created_at: collection.created_at,
                    properties: collection.properties.into_iter().map(Into::into).collect(),
                    replicas: collection.replicas,
                    storage_classes: collection.storage_classes,
                    size: collection.size,
                    manifest: collection.manifest,
                }
            }
        }

        impl From<$bindings::collections::NewCollection>
            for $crate::api::collections::NewCollection
        {
            fn from(new: $bindings::collections::NewCollection) -> Self {
                Self {
                    name: new.name,
                    owner: new.owner,
                    manifest: new.manifest,
                    properties: new.properties.into_iter().map(Into::into).collect(),
                    replicas: new.replicas,
                    storage_classes: new.storage_classes,
                }
            }
        }

        impl From<$bindings::collections::Change> for $crate::api::collections::Change {
            fn from(change: $bindings::collections::Change) -> Self {
                Self {
                    collection: change.collection,
                    owner: change.owner,
                    repo_tag: change.repo_tag,
                }
            }
        }

        impl From<$bindings::collections::Disposal> for $crate::api::collections::Disposal {
            fn from(disposal: $bindings::collections::Disposal) -> Self {
                Self {
                    collection: disposal.collection,
                    owner: disposal.owner,
                    portable_data_hash: disposal.portable_data_hash,
                }
            }
        }

        impl From<$bindings::permissions::Permission> for $crate::api::permissions::Permission {
            fn from(permission: $bindings::permissions::Permission) -> Self {
                use $crate::api::permissions::Level;
                Self {
                    object: permission.object,
                    owner: permission.owner,
                    holder: permission.holder,
                    level: permission.level.map(|level| match level {
                        $bindings::permissions::Level::Read => Level::Read,
                        $bindings::permissions::Level::Write => Level::Write,
                        $bindings::permissions::Level::Manage => Level::Manage,
                    }),
                }
            }
        }

        impl From<$crate::api::permissions::Level> for $bindings::permissions::Level {
            fn from(level: $crate::api::permissions::Level) -> Self {
                use $crate::api::permissions::Level;
                match level {
                    Level::Read => Self::Read,
                    Level::Write => Self::Write,
                    Level::Manage => Self::Manage,
                }
            }
        }

        impl From<$bindings::collections::Revival> for $crate::api::collections::Revival {
            fn from(revival: $bindings::collections::Revival) -> Self {
                Self {
                    collection: revival.collection,
                    owner: revival.owner,
                }
            }
        }

        impl From<$bindings::collections::Query> for $crate::api::collections::Query {
            fn from(query: $bindings::collections::Query) -> Self {
                use $bindings::collections::{Detail, Which};
                Self {
                    which: match query.which {
                        Which::Uuids(uuids) => $crate::api::collections::Which::Uuids(uuids),
                        Which::PortableDataHash(hash) => {
                            $crate::api::collections::Which::PortableDataHash(hash)
                        }
                        Which::Property(property) => {
                            $crate::api::collections::Which::Property(property.into())
                        }
                        Which::PropertyStartingWith(property) => {
                            $crate::api::collections::Which::PropertyStartingWith(property.into())
                        }
                    },
                    owner: query.owner,
                    detail: match query.detail {
                        Detail::Identity => $crate::api::collections::Detail::Identity,
                        Detail::Attributes => $crate::api::collections::Detail::Attributes,
                        Detail::Manifest => $crate::api::collections::Detail::Manifest,
                    },
                    newest: query.newest,
                }
            }
        }
    };
}

/// Says what failures of the API and of Keep are in the contract: a part of [`contract!`].
#[doc(hidden)]
#[macro_export]
macro_rules! contract_of_failures {
    ($bindings:ident) => {
        impl From<$crate::effects::Error> for $bindings::api::Error {
            fn from(error: $crate::effects::Error) -> Self {
                match error {
                    $crate::effects::Error::Api(error) => error.into(),
                    $crate::effects::Error::OffPlan(deviation) => {
                        Self::Other(deviation.to_string())
                    }
                }
            }
        }

        impl From<$crate::api::Error> for $bindings::api::Error {
            fn from(error: $crate::api::Error) -> Self {
                use $crate::api::Error;
                use $crate::http::Failure;
                let text = error.to_string();
                match error {
                    // The cluster was reached, or there is a reason of its own why not.
                    Error::ServerFailed(_) => Self::Other(format!(
                        "{text}; the cluster was reached, but cannot do this for now: run the \
                         command again later"
                    )),
                    Error::Unreachable {
                        failure: Failure::Final(_) | Failure::TooLarge { .. },
                        ..
                    } => Self::Other(text),
                    Error::Unauthorized(_) => Self::Unauthorized(text),
                    Error::Forbidden(_) => Self::Forbidden(text),
                    Error::NotFound(_) => Self::NotFound(text),
                    Error::Rejected(_)
                    | Error::NoCollection { .. }
                    | Error::NoProject { .. }
                    | Error::NoTime { .. }
                    | Error::NotOwned { .. }
                    | Error::OtherContent { .. }
                    | Error::OtherLink { .. } => Self::Rejected(text),
                    Error::Unreachable { .. } => Self::Unreachable(text),
                    Error::Uncertain { .. } => Self::Uncertain(text),
                    Error::Malformed { .. } | Error::TooMany { .. } | Error::Interposed(_) => {
                        Self::Other(text)
                    }
                }
            }
        }

        impl From<$crate::keep::Error> for $bindings::keep::Error {
            fn from(error: $crate::keep::Error) -> Self {
                use $crate::api::Error as ApiError;
                use $crate::keep::Error;
                let text = error.to_string();
                match error {
                    Error::NoServices => Self::NoServices,
                    Error::Withheld(_) => Self::Denied(text),
                    Error::TooFewReplicas {
                        wanted,
                        written,
                        reasons,
                        ..
                    } => Self::TooFewReplicas($bindings::keep::Shortfall {
                        wanted,
                        written,
                        reasons,
                    }),
                    Error::Unauthorized(_) | Error::Api(ApiError::Unauthorized(_)) => {
                        Self::Unauthorized(text)
                    }
                    Error::NotFound(_)
                    | Error::Unreadable { .. }
                    | Error::Cancelled
                    | Error::Api(_) => Self::Other(text),
                }
            }
        }
    };
}
