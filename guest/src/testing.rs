//! A cluster, an engine and archives in memory, for tests of the component alone.
//!
//! They keep the rules that the decisions depend on: no uniqueness of links, unique names of
//! collections, trash, readability, lost answers. Whether the real servers keep them too is for
//! the tests of the whole program.

pub(crate) mod recorded;
#[path = "../../tests/it/support/skip.rs"]
mod skip;
pub(crate) mod world;

use crate::bindings::keepdocker::contract::links::{Class, Link};
use crate::bindings::keepdocker::contract::types::Property;

/// Who the token belongs to.
pub(crate) const USER: &str = "zzzzz-tpzed-xurymjxw79nv3jz";
/// A project that the user may write.
pub(crate) const PROJECT: &str = "zzzzz-j7d0g-v955i6s2oi1cbso";

/// Makes a hash link of the user; `built` is the JSON of its build time.
pub(crate) fn hash_link(name: &str, head: &str, created_at: &str, built: Option<&str>) -> Link {
    link(Class::ImageHash, name, head, created_at, built)
}

/// Makes a name link of the user; `built` is the JSON of its build time.
pub(crate) fn repo_tag_link(name: &str, head: &str, created_at: &str, built: Option<&str>) -> Link {
    link(Class::RepoTag, name, head, created_at, built)
}

fn link(class: Class, name: &str, head: &str, created_at: &str, built: Option<&str>) -> Link {
    let built = built.map(|value| Property {
        key: crate::image::IMAGE_TIMESTAMP.into(),
        value: value.into(),
    });
    Link {
        uuid: format!(
            "zzzzz-o0j2j-{:0>15.15}",
            name.replace(|c: char| !c.is_ascii_alphanumeric(), "")
        ),
        class,
        name: name.into(),
        head: head.into(),
        tail: String::new(),
        owner: USER.into(),
        properties: built.into_iter().collect(),
        created_at: created_at.into(),
    }
}
