//! `images`: which images, by their IDs.

use keepdocker_terms::image_id::ImageId;
use keepdocker_terms::link_class::LinkClass;
use serde_json::Value;

use super::super::context::{Cluster, Context};
use super::super::document::{Document, Entry};
use super::super::matching::Match;
use super::super::probe::Seeds;
use super::super::repository::is_image_id;
use super::super::rule::Effect;
use super::{BOTH, Narrowing, stating};
use crate::kind::{Kind, Name};
use crate::{Operation, Verb};

/// One of these images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Images(Vec<ImagePattern>);

/// A set of images, by ID.
#[derive(Debug, Clone, PartialEq, Eq)]
enum ImagePattern {
    Any,
    /// The 64 digits of an ID.
    Exactly(String),
}

impl Images {
    /// Returns the IDs that are named one by one.
    pub(crate) fn ids(&self) -> Vec<String> {
        let ids = self.0.iter().filter_map(|pattern| match pattern {
            ImagePattern::Any => None,
            ImagePattern::Exactly(digits) => Some(format!("sha256:{digits}")),
        });
        ids.collect()
    }
}

impl Narrowing for Images {
    const NAME: &'static str = "images";
    const MEANING: &'static str = "`*`, or whole image IDs.";
    const EFFECTS: &'static [Effect] = BOTH;

    fn is_about(verb: Verb) -> bool {
        verb.has(&[
            Kind::Searched,
            Kind::SourceImage,
            Kind::Image,
            Kind::LinkName,
        ])
    }

    fn schema() -> Value {
        stating::texts(r"^(\*|(sha256:)?[0-9a-fA-F]{64})$")
    }

    fn read(document: &mut Document<'_>, entry: &Entry<'_, '_>) -> (Vec<String>, Option<Self>) {
        stating::list(document, entry, ImagePattern::parse, Self)
    }

    fn matches(&self, operation: &Operation, _: &Context<'_>) -> Match {
        Match::any(self.0.iter().map(|pattern| matches(pattern, operation)))
    }

    fn value(&self, operation: &Operation, _: &Context<'_>) -> Option<String> {
        let about = operation.about();
        let image = about.image.filter(|image| !image.is_empty());
        let searched = || about.name.map(Name::text).filter(|name| is_image_id(name));
        image
            .or_else(searched)
            .or_else(|| about.name_of_link(LinkClass::ImageHash))
            .map(str::to_owned)
    }

    fn probe(&self, seeds: &mut Seeds) {
        seeds
            .images
            .extend(self.0.iter().filter_map(|pattern| match pattern {
                ImagePattern::Any => None,
                ImagePattern::Exactly(digits) => Some(digits.clone()),
            }));
    }

    fn seen(operation: &Operation, _: &Cluster) -> Vec<String> {
        let about = operation.about();
        let image = about
            .image
            .or_else(|| about.name_of_link(LinkClass::ImageHash));
        let whole = |id: &str| {
            if is_image_id(id) {
                id.to_owned()
            } else {
                String::new()
            }
        };
        image.map(whole).into_iter().collect()
    }
}

fn matches(pattern: &ImagePattern, operation: &Operation) -> Match {
    if *pattern == ImagePattern::Any {
        return Match::Yes;
    }
    let about = operation.about();
    let hash = about.name_of_link(LinkClass::ImageHash);
    let searched = about.name.map(Name::text).filter(|name| is_image_id(name));
    match about.image.or(hash).or(searched) {
        Some(image) => pattern.matches(image),
        // A name may mean any image.
        None => Match::Maybe,
    }
}

impl ImagePattern {
    fn parse(text: &str) -> Result<Self, String> {
        if text == "*" {
            return Ok(Self::Any);
        }
        let id = ImageId::parse(text).ok_or_else(|| {
            format!(
                "`{text}` is neither `*` nor a whole image ID (`sha256:` and 64 hexadecimal digits)"
            )
        })?;
        Ok(Self::Exactly(id.digits().to_ascii_lowercase()))
    }

    fn matches(&self, id: &str) -> Match {
        match self {
            Self::Any => Match::Yes,
            // A part of an ID, or no ID at all, may mean any.
            Self::Exactly(wanted) => ImageId::parse(id).map_or(Match::Maybe, |id| {
                Match::from(ImageId::parse(wanted) == Some(id))
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_known_by_its_whole_id_alone() {
        let hex = "ab".repeat(32);
        let pattern = ImagePattern::parse(&format!("sha256:{hex}")).unwrap();
        assert_eq!(pattern.matches(&hex.to_uppercase()), Match::Yes);
        assert_eq!(pattern.matches(&"00".repeat(32)), Match::No);
        assert_eq!(pattern.matches(&hex[..12]), Match::Maybe);
        assert!(ImagePattern::parse("abababababab").is_err());
    }
}
