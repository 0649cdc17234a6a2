//! What a rule can ask of the object of an operation.

use keepdocker_terms::link_class::LinkClass;

use super::context::Context;
use super::key::Key;
use super::matching::Match;
use super::object_pattern::{
    CLUSTER_DEFAULT, ClusterPattern, ImagePattern, PlatformPattern, ProjectPattern,
    StorageClassPattern,
};
use super::repository::{
    RepositoryPattern, is_image_id, is_pinned, may_be_image_id, repository_of,
};
use crate::Operation;

/// The class of links whose name is an image ID.
const HASH_LINK: &str = LinkClass::ImageHash.name();
/// The class of links whose name is a reference.
const NAME_LINK: &str = LinkClass::RepoTag.name();

/// What a rule asks of the object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Condition {
    Repositories(Vec<RepositoryPattern>),
    Images(Vec<ImagePattern>),
    RequireDigest,
    Platforms(Vec<PlatformPattern>),
    Sources(Vec<&'static str>),
    Targets(Vec<&'static str>),
    Clusters(Vec<ClusterPattern>),
    Projects(Vec<ProjectPattern>),
    LinkClasses(Vec<&'static str>),
    WithoutManifests,
    StorageClasses(Vec<StorageClassPattern>),
    MaxReplicas(u32),
}

impl Condition {
    /// Returns the key that states the condition.
    pub(super) fn key(&self) -> Key {
        match self {
            Self::Repositories(_) => Key::Repositories,
            Self::Images(_) => Key::Images,
            Self::RequireDigest => Key::RequireDigest,
            Self::Platforms(_) => Key::Platforms,
            Self::Sources(_) => Key::Sources,
            Self::Targets(_) => Key::Targets,
            Self::Clusters(_) => Key::Clusters,
            Self::Projects(_) => Key::Projects,
            Self::LinkClasses(_) => Key::LinkClasses,
            Self::WithoutManifests => Key::Manifests,
            Self::StorageClasses(_) => Key::StorageClasses,
            Self::MaxReplicas(_) => Key::MaxReplicas,
        }
    }

    /// Tells whether the operation's object meets the condition.
    ///
    /// An operation that the key says nothing about meets none; the reader refuses such rules.
    pub(super) fn matches(&self, operation: &Operation, context: &Context<'_>) -> Match {
        match self {
            Self::Repositories(patterns) => Match::any(
                patterns
                    .iter()
                    .map(|pattern| repository(pattern, operation, context)),
            ),
            Self::Images(patterns) => {
                Match::any(patterns.iter().map(|pattern| image(pattern, operation)))
            }
            Self::RequireDigest => Match::from(match operation {
                Operation::EngineFind { name }
                | Operation::EnginePull { name }
                | Operation::RegistryResolve { name }
                | Operation::RegistryFetch { name, .. } => is_pinned(name),
                Operation::ArchivesOpen {
                    image: Some(image), ..
                } => is_image_id(image),
                _ => false,
            }),
            Self::Platforms(patterns) => match operation {
                Operation::RegistryFetch { platform, .. } => Match::any(
                    patterns
                        .iter()
                        .map(|pattern| pattern.matches(platform.as_deref())),
                ),
                _ => Match::No,
            },
            Self::Sources(sources) => match operation {
                Operation::ArchivesOpen { source, .. } => Match::from(sources.contains(source)),
                _ => Match::No,
            },
            Self::Targets(targets) => match operation {
                Operation::KeepFetch { target, .. } => Match::from(targets.contains(target)),
                _ => Match::No,
            },
            Self::Clusters(patterns) => Match::any(
                patterns
                    .iter()
                    .map(|pattern| pattern.matches(context.cluster)),
            ),
            Self::Projects(patterns) => match operation {
                Operation::LinksCreate { owner, .. }
                | Operation::CollectionsCreate { owner, .. }
                | Operation::CollectionsUpdate { owner, .. } => Match::any(
                    patterns
                        .iter()
                        .map(|pattern| pattern.matches_owner(owner.as_deref())),
                ),
                Operation::LinksList { owner, .. } | Operation::CollectionsList { owner, .. } => {
                    Match::any(
                        patterns
                            .iter()
                            .map(|pattern| pattern.matches_filter(owner.as_deref())),
                    )
                }
                Operation::ProjectsGet { project } => Match::any(
                    patterns
                        .iter()
                        .map(|pattern| pattern.matches_owner(Some(project))),
                ),
                _ => Match::No,
            },
            Self::LinkClasses(allowed) => match operation {
                Operation::LinksCreate { class, .. } => Match::from(allowed.contains(class)),
                Operation::LinksList { classes, .. } => {
                    several(classes, |class| Match::from(allowed.contains(class)))
                }
                _ => Match::No,
            },
            Self::WithoutManifests => match operation {
                Operation::CollectionsList { manifests, .. } => Match::from(!manifests),
                _ => Match::No,
            },
            Self::StorageClasses(patterns) => match operation {
                Operation::KeepStore {
                    storage_classes, ..
                }
                | Operation::CollectionsCreate {
                    storage_classes, ..
                } => {
                    if storage_classes.is_empty() {
                        Match::from(patterns.iter().any(StorageClassPattern::matches_default))
                    } else {
                        several(storage_classes, |class| {
                            Match::from(patterns.iter().any(|pattern| pattern.matches(class)))
                        })
                    }
                }
                _ => Match::No,
            },
            Self::MaxReplicas(most) => match operation {
                // What the cluster does by default, its administrator has chosen.
                Operation::KeepStore { replicas, .. }
                | Operation::CollectionsCreate { replicas, .. } => {
                    Match::from(replicas.is_none_or(|replicas| replicas <= *most))
                }
                _ => Match::No,
            },
        }
    }
}

/// Matches an object that has several values: for sure if all match, maybe if one does.
///
/// So a rule that allows `a` does not allow `a` and `b`, and one that denies `a` denies both.
fn several<T>(values: &[T], matches: impl Fn(&T) -> Match) -> Match {
    if values.is_empty() {
        return Match::Maybe;
    }
    let all = Match::all(values.iter().map(&matches));
    if all == Match::Yes || Match::any(values.iter().map(&matches)) == Match::No {
        all
    } else {
        Match::Maybe
    }
}

fn repository(pattern: &RepositoryPattern, operation: &Operation, context: &Context<'_>) -> Match {
    if *pattern == RepositoryPattern::Any {
        return Match::Yes;
    }
    match operation {
        // An image ID tells no repository, and engines take any beginning of one.
        Operation::EngineFind { name } | Operation::EnginePull { name }
            if may_be_image_id(name) =>
        {
            Match::Maybe
        }
        Operation::EngineFind { name }
        | Operation::EnginePull { name }
        | Operation::RegistryResolve { name }
        | Operation::RegistryFetch { name, .. } => pattern.matches(name),
        Operation::ArchivesOpen { .. } => match context.names {
            Some(names) => Match::any(names.iter().map(|name| pattern.matches(name))),
            None => Match::Maybe,
        },
        Operation::LinksCreate { class, name, .. } if *class == NAME_LINK => pattern.matches(name),
        _ => Match::No,
    }
}

fn image(pattern: &ImagePattern, operation: &Operation) -> Match {
    if *pattern == ImagePattern::Any {
        return Match::Yes;
    }
    match operation {
        Operation::EngineFind { name } if is_image_id(name) => pattern.matches(name),
        Operation::ArchivesOpen {
            image: Some(image), ..
        }
        | Operation::ArchivesForget { image }
        | Operation::LocksAcquire { image }
        | Operation::KeepFetch { image, .. }
        | Operation::KeepExamine { image, .. } => pattern.matches(image),
        Operation::LinksCreate { class, name, .. } if *class == HASH_LINK => pattern.matches(name),
        Operation::EngineFind { .. }
        | Operation::ArchivesOpen { .. }
        | Operation::LinksCreate { .. } => Match::Maybe,
        _ => Match::No,
    }
}

impl Condition {
    /// Returns what the operation's object has where the condition looks, as a pattern would say it;
    /// none if that is not known.
    pub(super) fn value(&self, operation: &Operation, context: &Context<'_>) -> Option<String> {
        match (self, operation) {
            (
                Self::Repositories(_),
                Operation::EngineFind { name }
                | Operation::EnginePull { name }
                | Operation::RegistryResolve { name }
                | Operation::RegistryFetch { name, .. },
            ) => repository_of(name),
            (Self::Platforms(_), Operation::RegistryFetch { platform, .. }) => platform.clone(),
            (Self::Repositories(_), Operation::LinksCreate { class, name, .. })
                if *class == NAME_LINK =>
            {
                repository_of(name)
            }
            (Self::Repositories(_), Operation::ArchivesOpen { .. }) => context
                .names
                .and_then(|names| names.iter().find_map(|name| repository_of(name))),
            (Self::Images(_), Operation::EngineFind { name }) => {
                is_image_id(name).then(|| name.clone())
            }
            (Self::Images(_), Operation::LinksCreate { class, name, .. })
                if *class == HASH_LINK =>
            {
                Some(name.clone())
            }
            (Self::Images(_), Operation::ArchivesOpen { image, .. }) => image.clone(),
            (
                Self::Images(_),
                Operation::ArchivesForget { image }
                | Operation::LocksAcquire { image }
                | Operation::KeepFetch { image, .. }
                | Operation::KeepExamine { image, .. },
            ) => Some(image.clone()),
            (Self::Sources(_), Operation::ArchivesOpen { source, .. }) => {
                Some((*source).to_owned())
            }
            (Self::Targets(_), Operation::KeepFetch { target, .. }) => Some((*target).to_owned()),
            (Self::Clusters(patterns), _)
                if patterns
                    .iter()
                    .any(|pattern| matches!(pattern, ClusterPattern::Id(_)))
                    && context.cluster.id.is_some() =>
            {
                context.cluster.id.clone()
            }
            (Self::Clusters(_), _) if !context.cluster.host.is_empty() => {
                Some(context.cluster.host.clone())
            }
            (
                Self::Projects(_),
                Operation::LinksCreate { owner, .. }
                | Operation::CollectionsCreate { owner, .. }
                | Operation::CollectionsUpdate { owner, .. },
            ) => Some(owner.clone().unwrap_or_else(|| "home".to_owned())),
            (
                Self::Projects(_),
                Operation::LinksList { owner, .. } | Operation::CollectionsList { owner, .. },
            ) => Some(owner.clone().unwrap_or_else(|| "*".to_owned())),
            (Self::Projects(_), Operation::ProjectsGet { project }) => Some(project.clone()),
            (Self::LinkClasses(_), Operation::LinksCreate { class, .. }) => {
                Some((*class).to_owned())
            }
            (Self::LinkClasses(allowed), Operation::LinksList { classes, .. }) => classes
                .iter()
                .find(|class| !allowed.contains(class))
                .map(|class| (*class).to_owned()),
            (
                Self::StorageClasses(patterns),
                Operation::KeepStore {
                    storage_classes, ..
                }
                | Operation::CollectionsCreate {
                    storage_classes, ..
                },
            ) => {
                if storage_classes.is_empty() {
                    return Some(CLUSTER_DEFAULT.to_owned());
                }
                storage_classes
                    .iter()
                    .find(|class| !patterns.iter().any(|pattern| pattern.matches(class)))
                    .cloned()
            }
            _ => None,
        }
    }
}
