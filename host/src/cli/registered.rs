//! What `tag`, `copy` and `adopt` have in common: each has an image that is in Keep registered, in its own way.

use super::change::Changed;
use crate::bindings::commands::{ImageDigest, Outcome, RegisterRequest, Registered};
use crate::bindings::keep::Depth;
use crate::component;

component::request!(RegisterRequest => Registered, Register, "register", Change);

/// Returns the request to register an image where it is, by the digest of its config.
pub(super) fn request(image: &str, names: &[String], verify: bool) -> RegisterRequest {
    RegisterRequest {
        image: image.to_owned(),
        project: None,
        names: names.to_owned(),
        verify: match verify {
            true => Depth::Content,
            false => Depth::Config,
        },
        named_by: ImageDigest::Config,
    }
}

impl Changed for Registered {
    fn summary(&self, asked: &str) -> Vec<String> {
        let Self {
            collection,
            image,
            names,
            source,
            ..
        } = self;
        let what = match names.as_slice() {
            [] => image.clone(),
            names => names.join(", "),
        };
        let are = match names.len() {
            0 | 1 => "is",
            _ => "are",
        };
        if self.outcome == Outcome::Present {
            return vec![format!(
                "{what} {are} in collection {collection} already; nothing was written"
            )];
        }
        let mut told = vec![format!(
            "{what} {are} in collection {collection} now; no data was sent"
        )];
        if collection != source {
            let led = match asked == source {
                true => String::new(),
                false => format!(" to which `{asked}` led,"),
            };
            told.push(format!(
                "it has the blocks of {source},{led} and stays if that one goes"
            ));
        }
        told
    }

    fn lines(&self) -> Vec<&str> {
        vec![&self.collection]
    }
}
