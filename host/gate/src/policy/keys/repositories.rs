//! `repositories`: which repositories a name may mean.

use keepdocker_terms::link_class::LinkClass;
use serde_json::Value;

use super::super::context::{Cluster, Context};
use super::super::document::{Document, Entry};
use super::super::matching::Match;
use super::super::probe::Seeds;
use super::super::repository::{RepositoryPattern, may_be_image_id, repository_of};
use super::super::rule::Effect;
use super::{BOTH, Narrowing, stating};
use crate::kind::{Kind, Name};
use crate::{Operation, Verb};

/// One of these repositories.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Repositories(Vec<RepositoryPattern>);

impl Narrowing for Repositories {
    const NAME: &'static str = "repositories";
    const MEANING: &'static str = "`*`, a repository, `prefix/**`, or `*.registry-suffix`.";
    const EFFECTS: &'static [Effect] = BOTH;

    fn is_about(verb: Verb) -> bool {
        verb.has(&[
            Kind::Searched,
            Kind::Pulled,
            Kind::Sought,
            Kind::Source,
            Kind::LinkName,
        ])
    }

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
        let about = operation.about();
        if about.source.is_some() {
            let mut names = context.names?.iter();
            return names.find_map(|name| repository_of(name));
        }
        let asked = about.name.map(Name::text);
        repository_of(asked.or_else(|| about.name_of_link(LinkClass::RepoTag))?)
    }

    fn probe(&self, seeds: &mut Seeds) {
        seeds.names.extend(self.0.iter().filter_map(member));
    }

    fn seen(operation: &Operation, _: &Cluster) -> Vec<String> {
        let about = operation.about();
        let repository = |reference: &str| vec![repository_of(reference).unwrap_or_default()];
        if let Some(name) = about.name {
            return repository(name.text());
        }
        match (about.link_class.map(LinkClass::named), about.link_name) {
            (Some(Some(LinkClass::RepoTag)), Some(name)) => repository(name),
            (Some(Some(LinkClass::Migration) | None), _) => vec![String::new()],
            (Some(Some(LinkClass::ImageHash | LinkClass::RepoTag)) | None, _) => Vec::new(),
        }
    }
}

fn matches(pattern: &RepositoryPattern, operation: &Operation, context: &Context<'_>) -> Match {
    if *pattern == RepositoryPattern::Any {
        return Match::Yes;
    }
    let about = operation.about();
    match about.name {
        // An image ID tells no repository, and engines take any beginning of one.
        Some(Name::OfEngine(name)) if may_be_image_id(name) => return Match::Maybe,
        Some(name) => return pattern.matches(name.text()),
        None => {}
    }
    if about.source.is_some() {
        return match context.names {
            Some(names) => Match::any(names.iter().map(|name| pattern.matches(name))),
            None => Match::Maybe,
        };
    }
    let name = about.name_of_link(LinkClass::RepoTag);
    name.map_or(Match::No, |name| pattern.matches(name))
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
