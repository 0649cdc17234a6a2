//! `projects`: who may own what is created or asked for.

use keepdocker_terms::uuid;
use serde_json::Value;

use super::super::context::{Cluster, Context};
use super::super::document::{Document, Entry};
use super::super::matching::Match;
use super::super::probe::Seeds;
use super::super::rule::Effect;
use super::{BOTH, Narrowing, stating};
use crate::kind::{Kind, Ownership};
use crate::{Operation, Verb};

/// One of these owners.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Projects(Vec<ProjectPattern>);

impl Narrowing for Projects {
    const NAME: &'static str = "projects";
    const MEANING: &'static str = "`*`, `home`, or UUIDs of projects and users.";
    const EFFECTS: &'static [Effect] = BOTH;

    fn is_about(verb: Verb) -> bool {
        verb.has(&[Kind::Project, Kind::Owner, Kind::Within])
    }

    fn schema() -> Value {
        stating::texts(r"^(\*|home|[0-9a-z]{5}-(j7d0g|tpzed)-[0-9a-z]{15})$")
    }

    fn read(document: &mut Document<'_>, entry: &Entry<'_, '_>) -> (Vec<String>, Option<Self>) {
        stating::list(document, entry, ProjectPattern::parse, Self)
    }

    fn matches(&self, operation: &Operation, _: &Context<'_>) -> Match {
        let Some(owner) = operation.about().owner else {
            return Match::No;
        };
        Match::any(self.0.iter().map(|pattern| match owner {
            Ownership::By(owner) => pattern.matches_owner(owner),
            Ownership::Within(owner) => pattern.matches_filter(owner),
        }))
    }

    fn value(&self, operation: &Operation, context: &Context<'_>) -> Option<String> {
        Self::seen(operation, context.cluster).pop()
    }

    fn probe(&self, seeds: &mut Seeds) {
        seeds
            .owners
            .extend(self.0.iter().filter_map(|pattern| match pattern {
                ProjectPattern::Uuid(uuid) => Some(Some(uuid.clone())),
                ProjectPattern::Any | ProjectPattern::Home => None,
            }));
    }

    fn seen(operation: &Operation, _: &Cluster) -> Vec<String> {
        let owner = operation.about().owner.map(|owner| match owner {
            Ownership::By(owner) => owner.unwrap_or("home"),
            Ownership::Within(owner) => owner.unwrap_or("*"),
        });
        owner.map(str::to_owned).into_iter().collect()
    }
}

/// A set of owners.
#[derive(Debug, Clone, PartialEq, Eq)]
enum ProjectPattern {
    Any,
    /// The home project of the token's user.
    Home,
    /// The project or user with this UUID.
    Uuid(String),
}

impl ProjectPattern {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "*" => Ok(Self::Any),
            "home" => Ok(Self::Home),
            _ if uuid::is_owner(text) => Ok(Self::Uuid(text.to_owned())),
            _ => Err(format!(
                "`{text}` is neither `*`, nor `home`, nor the UUID of a project or user"
            )),
        }
    }

    /// Matches the owner that a new object is to have; none means the home project.
    fn matches_owner(&self, owner: Option<&str>) -> Match {
        match (self, owner) {
            (Self::Any, _) | (Self::Home, None) => Match::Yes,
            // A user's UUID may be that of the token's user, whose home project it then means.
            (Self::Home, Some(owner)) => if_user(owner),
            (Self::Uuid(wanted), None) => if_user(wanted),
            (Self::Uuid(wanted), Some(owner)) => Match::from(wanted == owner),
        }
    }

    /// Matches the owner that a query is narrowed down to; none means that it is not.
    fn matches_filter(&self, owner: Option<&str>) -> Match {
        match (self, owner) {
            (Self::Any, _) => Match::Yes,
            (_, None) => Match::Maybe,
            (_, owner) => self.matches_owner(owner),
        }
    }
}

fn if_user(owner: &str) -> Match {
    if uuid::may_be(owner, uuid::Kind::User) {
        Match::Maybe
    } else {
        Match::No
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_home_project_and_the_users_uuid_may_be_the_same() {
        let user = "zzzzz-tpzed-000000000000000";
        let project = "zzzzz-j7d0g-000000000000000";
        let home = ProjectPattern::parse("home").unwrap();
        assert_eq!(home.matches_owner(None), Match::Yes);
        assert_eq!(home.matches_owner(Some(user)), Match::Maybe);
        assert_eq!(home.matches_owner(Some(project)), Match::No);
        assert_eq!(home.matches_filter(None), Match::Maybe);
        let by_uuid = ProjectPattern::parse(user).unwrap();
        assert_eq!(by_uuid.matches_owner(None), Match::Maybe);
        assert_eq!(by_uuid.matches_owner(Some(user)), Match::Yes);
        assert_eq!(
            ProjectPattern::parse(project).unwrap().matches_owner(None),
            Match::No
        );
        for pattern in ["", "zzzzz-4zz18-000000000000000", "zzzzz-j7d0g-*", "Home"] {
            assert!(ProjectPattern::parse(pattern).is_err(), "{pattern}");
        }
    }
}
