//! `repositories`: which repositories a name may mean.

use keepdocker_terms::link_class::LinkClass;
use serde_json::Value;

use super::super::context::Context;
use super::super::document::{Document, Entry};
use super::super::matching::Match;
use super::super::probe::Seeds;
use super::super::repository::{RepositoryPattern, may_be_image_id, repository_of};
use super::super::rule::Effect;
use super::{BOTH, Narrowing, stating};
use crate::{Operation, Verb};

/// The class of links whose name is a reference.
const NAME_LINK: &str = LinkClass::RepoTag.name();

/// One of these repositories.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Repositories(Vec<RepositoryPattern>);

impl Narrowing for Repositories {
    const NAME: &'static str = "repositories";
    const MEANING: &'static str = "`*`, a repository, `prefix/**`, or `*.registry-suffix`.";
    const EFFECTS: &'static [Effect] = BOTH;
    const VERBS: &'static [Verb] = &[
        Verb::EngineFind,
        Verb::EnginePull,
        Verb::ArchivesOpen,
        Verb::RegistryResolve,
        Verb::RegistryFetch,
        Verb::LinksCreate,
        Verb::LinksDelete,
    ];

    fn schema() -> Value {
        stating::texts(r"^(\*|\*\.[A-Za-z0-9.-]+|[^*@\s]+(/\*\*)?)$")
    }

    fn read(document: &mut Document<'_>, entry: &Entry<'_, '_>) -> (Vec<String>, Option<Self>) {
        stating::list(document, entry, RepositoryPattern::parse, Self)
    }

    fn matches(&self, operation: &Operation, context: &Context<'_>) -> Match {
        Match::any(
            self.0
                .iter()
                .map(|pattern| matches(pattern, operation, context)),
        )
    }

    fn value(&self, operation: &Operation, context: &Context<'_>) -> Option<String> {
        match operation {
            Operation::EngineFind { name }
            | Operation::EnginePull { name }
            | Operation::RegistryResolve { name }
            | Operation::RegistryFetch { name, .. } => repository_of(name),
            Operation::LinksCreate { class, name, .. }
            | Operation::LinksDelete { class, name, .. }
                if *class == NAME_LINK =>
            {
                repository_of(name)
            }
            Operation::ArchivesOpen { .. } => context
                .names
                .and_then(|names| names.iter().find_map(|name| repository_of(name))),
            _ => None,
        }
    }

    fn probe(&self, seeds: &mut Seeds) {
        seeds.names.extend(self.0.iter().filter_map(member));
    }

    fn seen(operation: &Operation) -> Vec<String> {
        let repository = |reference: &str| vec![repository_of(reference).unwrap_or_default()];
        match operation {
            Operation::EngineFind { name }
            | Operation::EnginePull { name }
            | Operation::RegistryResolve { name }
            | Operation::RegistryFetch { name, .. } => repository(name),
            Operation::LinksCreate { class, name, .. }
            | Operation::LinksDelete { class, name, .. } => match LinkClass::named(class) {
                Some(LinkClass::RepoTag) => repository(name),
                Some(LinkClass::ImageHash) => Vec::new(),
                Some(LinkClass::Migration) | None => vec![String::new()],
            },
            _ => Vec::new(),
        }
    }
}

fn matches(pattern: &RepositoryPattern, operation: &Operation, context: &Context<'_>) -> Match {
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
        Operation::LinksCreate { class, name, .. } | Operation::LinksDelete { class, name, .. }
            if *class == NAME_LINK =>
        {
            pattern.matches(name)
        }
        _ => Match::No,
    }
}

/// Returns a repository that the pattern covers and, as far as names go, no narrower pattern does.
fn member(pattern: &RepositoryPattern) -> Option<String> {
    match pattern {
        RepositoryPattern::Any => None,
        RepositoryPattern::Exactly { registry, path } => Some(format!("{registry}/{path}")),
        RepositoryPattern::Under { registry, folder } if folder.is_empty() => {
            Some(format!("{registry}/any/other"))
        }
        RepositoryPattern::Under { registry, folder } => {
            Some(format!("{registry}/{folder}/any-other"))
        }
        RepositoryPattern::AtHost { suffix } => Some(format!("any-other.{suffix}/any/other")),
    }
}
