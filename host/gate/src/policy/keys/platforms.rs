//! `platforms`: for which platforms an image of a registry may be.

use keepdocker_terms::platform::Platform;
use serde_json::Value;

use super::super::context::{Cluster, Context};
use super::super::document::{Document, Entry};
use super::super::matching::Match;
use super::super::probe::Seeds;
use super::super::rule::Effect;
use super::{BOTH, Narrowing, stating};
use crate::kind::Kind;
use crate::{Operation, Verb};

/// One of these platforms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Platforms(Vec<PlatformPattern>);

impl Narrowing for Platforms {
    const NAME: &'static str = "platforms";
    const MEANING: &'static str = "For which platforms: `*`, or `os/architecture` with a variant or for all of them; both what the registry says of the image and what its config says must match.";
    const EFFECTS: &'static [Effect] = BOTH;

    fn is_about(verb: Verb) -> bool {
        verb.has(&[Kind::Platform])
    }

    fn schema() -> Value {
        stating::texts(r"^(\*|[^/\s]+/[^/\s]+(/[^/\s]+)?)$")
    }

    fn read(document: &mut Document<'_>, entry: &Entry<'_, '_>) -> (Vec<String>, Option<Self>) {
        stating::list(document, entry, PlatformPattern::parse, Self)
    }

    fn matches(&self, operation: &Operation, _: &Context<'_>) -> Match {
        match operation.about().platform {
            Some(platform) => Match::any(self.0.iter().map(|pattern| pattern.matches(platform))),
            None => Match::No,
        }
    }

    fn value(&self, operation: &Operation, _: &Context<'_>) -> Option<String> {
        operation.about().platform?.map(str::to_owned)
    }

    fn probe(&self, seeds: &mut Seeds) {
        let members = self.0.iter().filter_map(PlatformPattern::member);
        seeds.platforms.extend(members.map(Some));
    }

    fn seen(operation: &Operation, _: &Cluster) -> Vec<String> {
        let platform = operation.about().platform;
        let platform = platform.map(|platform| platform.unwrap_or_default().to_owned());
        platform.into_iter().collect()
    }
}

/// A set of platforms.
#[derive(Debug, Clone, PartialEq, Eq)]
enum PlatformPattern {
    Any,
    /// One platform, or all variants of it where none is named.
    For(Platform),
}

impl PlatformPattern {
    fn parse(text: &str) -> Result<Self, String> {
        if text == "*" {
            return Ok(Self::Any);
        }
        Platform::parse(text).map(Self::For).ok_or_else(|| {
            format!(
                "`{text}` is neither `*` nor a platform such as `linux/amd64` or `linux/arm/v7`"
            )
        })
    }

    fn matches(&self, platform: Option<&str>) -> Match {
        match (self, platform.and_then(Platform::parse)) {
            (Self::Any, _) => Match::Yes,
            // What the registry says nothing of may be for any.
            (Self::For(_), None) => Match::Maybe,
            (Self::For(wanted), Some(platform)) => Match::from(platform.is_for(wanted)),
        }
    }

    /// Returns a platform that the pattern means and, as far as variants go, no narrower one does.
    fn member(&self) -> Option<String> {
        match self {
            Self::Any => None,
            Self::For(Platform {
                os,
                architecture,
                variant,
            }) => Some(match variant.as_str() {
                "" => format!("{os}/{architecture}/any-other"),
                variant => format!("{os}/{architecture}/{variant}"),
            }),
        }
    }
}
